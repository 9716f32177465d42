// Do the two implementations agree? Runs `grounds verify --json` and src/net/page/verify.mjs over the reference ledger,
// over seeded mutations of it (some on the disk, some by a dishonest log that rebuilds and signs everything), and over
// acts that the rules must judge; and demands the same verdict, the same first bad index and the same figures.
//
//     node agree.mjs PATH_OF_GROUNDS [--only TEXT] [--keep DIR] [--also LEDGER]...

import { createHash, createPrivateKey, createPublicKey, sign } from "node:crypto";
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { verifyLedger } from "../../src/net/page/verify.mjs";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../..");
const EXIT = { holds: 0, fails: 1, damaged: 3, cannot_tell: 7 };
const [grounds, ...rest] = process.argv.slice(2);
const only = rest.includes("--only") ? rest[rest.indexOf("--only") + 1] : "";
const keep = rest.includes("--keep") ? rest[rest.indexOf("--keep") + 1] : null;
if (!grounds) {
  console.error("usage: node agree.mjs PATH_OF_GROUNDS [--only TEXT] [--keep DIR]");
  process.exit(2);
}
const work = mkdtempSync(join(tmpdir(), "agree-"));
const environment = { ...process.env, GROUNDS_CACHE: join(work, "cache"), GROUNDS_CONFIG: join(work, "config") };

// --- keys, bytes, tree: a third time, for making ledgers ---------------------------------------------------------

const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest();
const byte = (n) => Buffer.of(n);
const canonical = (value) => {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  return `{${Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(",")}}`;
};

/** The published key of a name: its seed is the digest of a sentence. */
function keyOf(name) {
  const seed = sha256(`grounds reference ledger, public test key of ${name}`);
  const key = createPrivateKey({
    key: Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed]), format: "der", type: "pkcs8",
  });
  const raw = createPublicKey(key).export({ format: "der", type: "spki" }).subarray(-32);
  const blob = Buffer.concat([Buffer.from("0000000b7373682d6564323535313900000020", "hex"), raw]);
  const id = `SHA256:${sha256(blob).toString("base64").slice(0, 43)}`;
  return { name, raw, id, ssh: `ssh-ed25519 ${blob.toString("base64")}`, sign: (message) => sign(null, message, key) };
}
const NAMES = ["registrar", "curator", "archivist", "contributor-a", "contributor-b", "log"];
const EXTRA = ["new-1", "new-2", "new-3", "new-4"];
const keys = Object.fromEntries([...NAMES, ...EXTRA].map((name) => [name, keyOf(name)]));
const nameOfKey = Object.fromEntries(Object.values(keys).map((key) => [key.id, key.name]));

const ORIGIN = "grounds.example/reference";
const reference = () => readFileSync(join(ROOT, "ledger/events/000000000000.jsonl"), "utf8").trimEnd().split("\n").map(JSON.parse);

const proofOf = (slug, key) => key.sign(Buffer.from(`grounds/v1/possession\n${ORIGIN}\nagent/${slug}\n${key.id}`)).toString("base64");
const keyWithProof = (slug, name) => ({ key: keys[name].ssh, proof: proofOf(slug, keys[name]) });

function signCommit(commit, names) {
  const body = Buffer.from(canonical(commit));
  const type = "application/vnd.grounds.commit+json";
  const message = Buffer.concat([Buffer.from(`DSSEv1 ${type.length} ${type} ${body.length} `), body]);
  return names.map((name) => ({ key: keys[name].id, sig: keys[name].sign(message).toString("base64") }))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
}

const leafHash = (line) => sha256(byte(0), line);
function rootOf(leaves) {
  if (leaves.length < 2) return leaves[0] ?? sha256("");
  const split = 2 ** Math.floor(Math.log2(leaves.length - 1));
  return sha256(byte(1), rootOf(leaves.slice(0, split)), rootOf(leaves.slice(split)));
}

const eventId = (commit, event) =>
  sha256(canonical({ ...event, at: commit.at, author: commit.author, ledger: commit.ledger, v: commit.v })).toString("hex");

function mapRoot(streams) {
  const leaves = [...streams].map(([subject, { length, last, index }]) => {
    const numbers = Buffer.alloc(8);
    const at = Buffer.alloc(8);
    numbers.writeBigUInt64BE(BigInt(length));
    at.writeBigUInt64BE(BigInt(index));
    const key = sha256(subject);
    return { key, hash: sha256(byte(2), key, numbers, Buffer.from(last, "hex"), at) };
  });
  const zero = Buffer.alloc(32);
  const fold = (some, level) => {
    if (some.length === 0) return zero;
    if (level === 256) return some[0].hash;
    const bit = ({ key }) => (key[level >> 3] >> (7 - (level & 7))) & 1;
    return sha256(byte(3), fold(some.filter((l) => !bit(l)), level + 1), fold(some.filter((l) => bit(l)), level + 1));
  };
  return fold(leaves, 0).toString("hex");
}

/**
 * Makes chains, anchors, maps and signatures true again, as a log that has everybody's keys can. What stands in `fixed`
 * of an entry ({seq, prev, anchor, map, sign}) stays as it is.
 */
function remake(entries) {
  const streams = new Map();
  const leaves = [];
  entries.forEach((entry, index) => {
    const { commit, fixed = {} } = entry;
    if (!fixed.anchor && index > 0 && leaves.length) {
      commit.anchor = { root: rootOf(leaves).toString("hex"), size: index };
    }
    for (const event of commit.events) {
      const stream = streams.get(event.subject) ?? { length: 0, last: null, index: 0 };
      if (!fixed.prev) Object.assign(event, { prev: stream.last, seq: stream.length + 1 });
      if (event.type === "ledger.mapped" && !fixed.map) {
        event.data = { size: index, root: mapRoot(streams), subjects: streams.size };
      }
      streams.set(event.subject, { length: stream.length + 1, last: eventId(commit, event), index });
    }
    if (!fixed.sign) entry.signatures = signCommit(commit, entry.signers ?? entry.signatures.map(({ key }) => nameOfKey[key]));
    leaves.push(leafHash(lineOf(entry)));
  });
  return entries;
}

const lineOf = ({ commit, recorded, signatures, line }) => line ?? canonical({ commit, recorded, signatures });

function write(folder, lines) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, "events"), { recursive: true });
  writeFileSync(join(folder, "events/000000000000.jsonl"), lines.map((line) => `${line}\n`).join(""));
  const leaves = lines.map((line) => {
    const withheld = /^\{"leaf":"([0-9a-f]{64})","withheld":/.exec(line);
    return withheld ? Buffer.from(withheld[1], "hex") : leafHash(line);
  });
  const root = rootOf(leaves);
  const text = `${ORIGIN}\n${lines.length}\n${root.toString("base64")}\n`;
  const id = sha256(`${ORIGIN}\n`, byte(1), keys.log.raw).subarray(0, 4);
  const line = Buffer.concat([id, keys.log.sign(Buffer.from(text))]).toString("base64");
  writeFileSync(join(folder, "checkpoint"), `${text}\n\u2014 ${ORIGIN} ${line}\n`);
  const tiles = join(folder, "tile/0/000.p");
  mkdirSync(tiles, { recursive: true });
  writeFileSync(join(tiles, String(lines.length)), Buffer.concat(leaves));
}

// --- the acts that the rules must judge --------------------------------------------------------------------------

const after = (recorded, seconds) => new Date(Date.parse(recorded) + 1000 * seconds).toISOString().slice(0, 19);

/** Appends commits to the reference ledger: each {by, events: [[subject, type, data, more?]], also?, fixed?, at?}. */
function withActs(acts, base = reference()) {
  const entries = base;
  for (const act of acts) {
    const time = after(entries.at(-1).recorded, 60);
    const events = act.events.map(([subject, type, data, more]) => ({ subject, type, data, seq: 0, prev: null, ...more }));
    entries.push({
      commit: { v: 1, ledger: ORIGIN, anchor: null, author: `agent/${act.by}`, at: `${act.at ?? time}Z`, events,
        ...act.commit },
      recorded: act.recorded ?? `${time}.000000Z`,
      signers: act.signers ?? [act.by, ...(act.also ?? [])], signatures: [], fixed: act.fixed,
    });
  }
  return remake(entries);
}

const C = "claim/individual-neurons-rarely-encode-single-concepts";
const POLICY = () => structuredClone(reference()[0].commit.events[0].data.policy);
const policyWith = (change) => { const policy = POLICY(); change(policy); return { policy }; };
const act = (by, ...events) => ({ by, events });
const note = (by, on = "ledger", more = {}) => ({ by, events: [[on, "note.added", { text: "a note" }]], ...more });
const claimData = (more = {}) => ({ statement: "A second claim", summary: "For trying.", nature: "empirical",
  polarity: "positive", falsifiability: "falsifiable", origin: "authored", domains: [{ name: "tests", weight: "1" }], ...more });
const asserted = (by = "curator", slug = "second") => act(by, [`claim/${slug}`, "claim.asserted", claimData()]);
const agent = (slug, key, more = {}) => [`agent/${slug}`, "agent.registered",
  { name: "New", kind: "human", roles: ["contributor"], keys: [keyWithProof(slug, key)], ...more }];
const attested = (by, verdict, more = {}) => act(by, [C, "attestation.made", { verdict, weight: "1", version: 1, ...more }]);
const evidence = (by, more = {}) => act(by, [C, "evidence.added",
  { relation: "supports", artifact: "artifact/scaling-monosemanticity", note: "n", strength: "0.5", ...more }]);
const status = (by, data) => act(by, [C, "claim.status_changed", { note: "n", ...data }]);
const revised = (by, data = { statement: "Otherwise" }) => act(by, [C, "claim.revised", { reason: "r", ...data }]);
const revoked = (by, whose, more = {}, also = []) => ({ by, also,
  events: [[`agent/${whose}`, "agent.key_revoked", { key: keys[more.name ?? whose].id, reason: "compromised",
    ...("since" in more ? { since: more.since } : {}), ...(more.reason ? { reason: more.reason } : {}) }]] });
const both = (first, also) => ({ ...first, also: [].concat(also) });
const reaffirm = (by, subject, ref, also = []) => ({ by, also, events: [[subject, "event.reaffirmed", { ref, reason: "r" }]] });
const policyChanged = (change, also = ["curator"], by = "registrar") =>
  ({ by, also, events: [["ledger", "ledger.policy_changed", policyWith(change)]] });
const attester = (key = "new-1", more = {}) => ({ by: "registrar", also: ["curator"],
  events: [agent("attester", key, { roles: ["attester"], reliability: "0.9", community: "elsewhere", ...more })] });
const asNew = (slug, key, events, more = {}) => ({ by: slug, signers: [key], events, ...more });
const appraised = (by, data, on = "artifact/scaling-monosemanticity") => act(by, [on, "artifact.appraised", data]);
const mapped = { by: "log", events: [["agent/log", "ledger.mapped", {}]] };
const hash = (name) => sha256(keys[name].raw).toString("hex");
const added = (by, whose, key, more = {}, also = [], signers) => ({ by, also, ...(signers && { signers }),
  events: [[`agent/${whose}`, "agent.key_added", { ...keyWithProof(whose, key), ...more }]] });
const link = (by, target, relation = "refines") => act(by, [C, "claim.linked", { relation, target }]);
const moved = (by, also) => ({ by, also, events: [["ledger", "ledger.moved",
  { successor: { origin: "grounds.example/next", vkey: reference()[0].commit.events[0].data.log_key }, reason: "r" }]] });

const ACTS = {
  "a note by anybody": [note("contributor-a")],
  "a note on a claim": [note("contributor-b", C)],
  "a note on nothing": [note("curator", "claim/nothing")],
  "a note on a genesis agent": [note("curator", "agent/archivist")],
  "a note on the log": [note("curator", "agent/log")],
  "a note on a later event": [act("curator", [C, "note.added", { text: "t", on: 9 }])],
  "a note on an earlier event": [act("curator", [C, "note.added", { text: "t", on: 3 }])],
  "a note on event 0": [act("curator", [C, "note.added", { text: "t", on: 0 }])],
  "a map": [mapped],
  "two maps": [mapped, mapped],
  "a map after others": [note("curator"), evidence("contributor-a"), mapped],
  "a false map": [{ ...mapped, events: [["agent/log", "ledger.mapped", { size: 16, root: "ab".repeat(32), subjects: 10 }]],
    fixed: { map: true } }],
  "a map by the curator": [{ ...mapped, by: "curator" }],
  "a map by the curator, signed by the log too": [{ ...mapped, by: "curator", also: ["log"] }],
  "a map that the curator signs too": [{ ...mapped, also: ["curator"] }],
  "a note that the log signs too": [note("curator", "ledger", { also: ["log"] })],
  "a note by the log": [note("log")],
  "a map on another agent": [{ ...mapped, events: [["agent/curator", "ledger.mapped", {}]] }],
  "two maps in one commit": [{ ...mapped, events: [...mapped.events, ...mapped.events] }],
  "a claim": [asserted()],
  "a claim by a contributor": [asserted("contributor-a")],
  "a claim by archivist, no curator": [asserted("archivist")],
  "a claim by a contributor, curator signs too": [both(asserted("contributor-a"), "curator")],
  "a claim twice": [asserted(), asserted("registrar")],
  "a claim that is there": [asserted("curator", slug(C))],
  "a second attestation by one agent": [attested("curator", "endorses")],
  "an attestation on version 2": [attested("curator", "endorses", { version: 2 })],
  "an attestation without the role": [attested("contributor-a", "endorses")],
  "withdraw and attest in one commit": [act("curator", [C, "attestation.withdrawn", { ref: 8, reason: "r" }],
    [C, "attestation.made", { verdict: "disputes", weight: "0.4", version: 1 }])],
  "withdraw another's attestation, steward": [act("archivist", [C, "attestation.withdrawn", { ref: 8, reason: "r" }])],
  "withdraw another's attestation, contributor": [act("contributor-a", [C, "attestation.withdrawn", { ref: 8, reason: "r" }])],
  "withdraw evidence as attestation": [act("curator", [C, "attestation.withdrawn", { ref: 2, reason: "r" }])],
  "attest, revise, withdraw": [revised("curator"), act("curator", [C, "attestation.withdrawn", { ref: 8, reason: "r" }])],
  "attest, revise, attest": [revised("curator"), attested("curator", "endorses", { version: 2 })],
  "the asserter attests": [{ by: "registrar", also: ["curator"], events: [["agent/registrar", "agent.changed",
    { roles: ["attester", "curator", "steward"], reliability: "0.5" }]] }, attested("registrar", "endorses")],
  "the asserter attests, curator signs too": [{ by: "registrar", also: ["curator"], events: [["agent/registrar", "agent.changed",
    { roles: ["attester", "curator", "steward"] }]] }, both(attested("registrar", "endorses"), "curator")],
  "an attester from elsewhere": [attester(), asNew("attester", "new-1", attested("x", "disputes").events)],
  "an attestation that expires later": [attester(), asNew("attester", "new-1",
    attested("x", "disputes", { expires: "2027" }).events)],
  "an attestation that expired": [attester(), asNew("attester", "new-1",
    attested("x", "disputes", { expires: "2026-03-09" }).events)],
  "an attestation that expires tomorrow": [attester(), asNew("attester", "new-1",
    attested("x", "disputes", { expires: "2026-03-10" }).events)],
  "an attester whom nobody trusts yet": [{ by: "registrar", events: [agent("attester", "new-1", { roles: ["attester"] })] },
    asNew("attester", "new-1", attested("x", "disputes").events)],
  "registration gives reliability by one": [{ ...attester(), also: [] }],
  "registration of a curator by one": [{ by: "registrar", events: [agent("x", "new-1", { roles: ["curator"] })] }],
  "registration of a curator by two": [{ by: "registrar", also: ["archivist"], events: [agent("x", "new-1", { roles: ["curator"] })] }],
  "registration by a contributor": [{ by: "contributor-a", events: [agent("x", "new-1")] }],
  "registration of log": [{ by: "registrar", events: [agent("log", "new-1")] }],
  "registration with the log's key": [{ by: "registrar", events: [agent("x", "log")] }],
  "registration with a used key": [{ by: "registrar", events: [agent("x", "contributor-a")] }],
  "registration with a key twice": [{ by: "registrar", events: [agent("x", "new-1",
    { keys: [keyWithProof("x", "new-1"), keyWithProof("x", "new-1")] })] }],
  "registration with two keys": [{ by: "registrar", events: [agent("x", "new-1",
    { keys: [keyWithProof("x", "new-1"), keyWithProof("x", "new-2")] })] }],
  "registration with another's proof": [{ by: "registrar", events: [agent("x", "new-1",
    { keys: [{ key: keys["new-1"].ssh, proof: proofOf("y", keys["new-1"]) }] })] }],
  "registration of a genesis agent": [{ by: "registrar", events: [agent("curator", "new-1")] }],
  "two agents with one key in one commit": [{ by: "registrar", events: [agent("x", "new-1"), agent("y", "new-1")] }],
  "a new agent acts in the same commit": [{ by: "registrar", also: ["new-1"], signers: ["registrar", "new-1"],
    events: [agent("x", "new-1")] }],
  "name changed by a steward": [act("registrar", ["agent/curator", "agent.changed", { name: "C" }])],
  "reliability changed by one": [act("registrar", ["agent/curator", "agent.changed", { reliability: "1" }])],
  "reliability changed by two": [both(act("registrar", ["agent/curator", "agent.changed", { reliability: "1" }]), "archivist")],
  "agent.changed of nobody": [act("registrar", ["agent/nobody", "agent.changed", { name: "C" }])],
  "too few stewards": [both(act("registrar", ["agent/curator", "agent.changed", { roles: [] }],
    ["agent/archivist", "agent.changed", { roles: [] }]), "curator")],
  "one steward less": [both(act("registrar", ["agent/archivist", "agent.changed", { roles: [] }]), "curator")],
  "a steward less by revocation, then another": [revoked("archivist", "archivist", { reason: "lost" }), revoked("curator", "curator", { reason: "lost" })],
  "roles given and used in one commit": [both(act("registrar",
    ["agent/contributor-a", "agent.changed", { roles: ["contributor", "curator"] }]), ["curator", "contributor-a"]),
    act("contributor-a", ["claim/second", "claim.asserted", claimData()])],
  "roles given to oneself in one commit": [both(act("archivist",
    ["agent/archivist", "agent.changed", { roles: ["curator", "steward"] }],
    ["context/new", "context.defined", { name: "n", kind: "k" }]), "registrar")],
  "policy changed within a commit": [both(act("registrar", ["ledger", "ledger.policy_changed", policyWith((p) => {
    p.rules["context.defined"].roles = ["steward"];
  })], ["context/new", "context.defined", { name: "n", kind: "k" }]), "curator")],
  "policy changed within a commit, to less": [both(act("archivist", ["ledger", "ledger.policy_changed", policyWith((p) => {
    p.rules["context.defined"].roles = ["steward"];
  })], ["context/new", "context.defined", { name: "n", kind: "k" }]), "registrar")],
  "own key added": [added("contributor-a", "contributor-a", "new-1")],
  "own key added and used": [added("contributor-a", "contributor-a", "new-1"), note("contributor-a", "ledger", { signers: ["new-1"] })],
  "own key added and both used": [added("contributor-a", "contributor-a", "new-1"),
    note("contributor-a", "ledger", { signers: ["contributor-a", "new-1"] })],
  "two keys of one agent are not two": [added("curator", "curator", "new-1"), { ...revised("curator"), signers: ["curator", "new-1"] },
    { by: "curator", signers: ["curator", "new-1"], events: status("x", { lifecycle: "retracted" }).events }],
  "another's key added by one": [added("registrar", "contributor-a", "new-1")],
  "another's key added by two": [added("registrar", "contributor-a", "new-1", {}, ["curator"])],
  "a key added to nobody": [added("registrar", "nobody", "new-1", {}, ["curator"])],
  "pre-rotation kept": [added("contributor-a", "contributor-a", "new-1", { next: hash("new-2") }),
    added("contributor-a", "contributor-a", "new-2"), added("contributor-a", "contributor-a", "new-3")],
  "pre-rotation broken": [added("contributor-a", "contributor-a", "new-1", { next: hash("new-2") }),
    added("contributor-a", "contributor-a", "new-3")],
  "pre-rotation overridden by two stewards": [added("contributor-a", "contributor-a", "new-1", { next: hash("new-2") }),
    added("contributor-a", "contributor-a", "new-3", {}, ["registrar", "curator"])],
  "pre-rotation overridden by stewards alone": [added("contributor-a", "contributor-a", "new-1", { next: hash("new-2") }),
    added("registrar", "contributor-a", "new-3", {}, ["curator"])],
  "pre-rotation of a steward overridden by one other": [added("archivist", "archivist", "new-1", { next: hash("new-2") }),
    added("archivist", "archivist", "new-3", {}, ["registrar"])],
  "pre-rotation of a steward overridden by two others": [added("archivist", "archivist", "new-1", { next: hash("new-2") }),
    added("archivist", "archivist", "new-3", {}, ["registrar", "curator"])],
  "pre-rotation at registration": [{ by: "registrar", events: [agent("x", "new-1", { next: hash("new-2") })] },
    { ...added("x", "x", "new-3"), signers: ["new-1"] }],
  "own key revoked": [revoked("contributor-a", "contributor-a", { reason: "lost" })],
  "own key revoked and used": [revoked("contributor-a", "contributor-a", { reason: "lost" }), note("contributor-a")],
  "revoked twice": [revoked("registrar", "contributor-a", { reason: "lost" }, ["curator"]),
    revoked("registrar", "contributor-a", { reason: "lost" }, ["curator"])],
  "revoked, then with since": [revoked("registrar", "contributor-a", {}, ["curator"]),
    revoked("registrar", "contributor-a", { since: 10 }, ["curator"])],
  "revoked with since, then again": [revoked("registrar", "contributor-a", { since: 11 }, ["curator"]),
    revoked("registrar", "contributor-a", { since: 10 }, ["curator"])],
  "revoked by another's subject": [{ by: "registrar", also: ["curator"], events: [["agent/curator", "agent.key_revoked",
    { key: keys["contributor-a"].id, reason: "lost" }]] }],
  "the log's key revoked": [{ by: "registrar", also: ["curator"], events: [["agent/log", "agent.key_revoked",
    { key: keys.log.id, reason: "lost" }]] }],
  "since by the agent alone": [revoked("contributor-a", "contributor-a", { since: 5 })],
  "since by one steward": [revoked("registrar", "contributor-a", { since: 5 })],
  "since before the key": [revoked("registrar", "contributor-a", { since: 1 }, ["curator"])],
  "since at the key": [revoked("registrar", "contributor-a", { since: 2 }, ["curator"])],
  "since at the revocation": [revoked("registrar", "contributor-a", { since: 16 }, ["curator"])],
  "since after the revocation": [revoked("registrar", "contributor-a", { since: 17 }, ["curator"])],
  "since by the key itself": [revoked("registrar", "registrar", { since: 15 }, ["curator"])],
  "since, first edge and paper": [revoked("registrar", "contributor-a", { since: 5 }, ["curator"])],
  "since, second edge only": [revoked("registrar", "contributor-a", { since: 6 }, ["curator"])],
  "since, all of registrar": [revoked("curator", "registrar", { since: 0 }, ["archivist"])],
  "since, the claim itself": [revoked("curator", "registrar", { since: 4 }, ["archivist"]), attested("curator", "endorses")],
  "since, the claim itself, reaffirmed": [revoked("curator", "registrar", { since: 4 }, ["archivist"]), reaffirm("curator", C, 1)],
  "since, the claim itself, asserted again": [revoked("curator", "registrar", { since: 4 }, ["archivist"]),
    asserted("curator", slug(C))],
  "since, a note on what is set aside": [revoked("curator", "registrar", { since: 4 }, ["archivist"]), note("curator", C)],
  "since, curator from the status on": [revoked("registrar", "curator", { since: 12 }, ["archivist"])],
  "since, curator from the start": [revoked("registrar", "curator", { since: 3 }, ["archivist"])],
  "since, curator, appraisal reaffirmed": [revoked("registrar", "curator", { since: 6 }, ["archivist"]),
    reaffirm("registrar", "artifact/towards-monosemanticity", 2)],
  "since, reaffirmed twice": [revoked("registrar", "contributor-a", { since: 5 }, ["curator"]), reaffirm("curator", C, 2),
    reaffirm("curator", C, 2)],
  "since, edge reaffirmed, paper not": [revoked("registrar", "contributor-a", { since: 5 }, ["curator"]), reaffirm("curator", C, 2)],
  "since, edge and paper reaffirmed": [revoked("registrar", "contributor-a", { since: 5 }, ["curator"]), reaffirm("curator", C, 2),
    reaffirm("registrar", "artifact/towards-monosemanticity", 1)],
  "reaffirmed by a contributor": [revoked("registrar", "contributor-a", { since: 5 }, ["curator"]), reaffirm("contributor-b", C, 2)],
  "reaffirmed what is not set aside": [reaffirm("curator", C, 2)],
  "reaffirmed in the commit that revokes": [{ by: "registrar", also: ["curator"], events: [
    ...revoked("x", "contributor-a", { since: 5 }).events, ...reaffirm("x", C, 2).events] }],
  "a withdrawn that is set aside": [act("contributor-a", [C, "evidence.withdrawn", { ref: 2, reason: "r" }]),
    revoked("registrar", "contributor-a", { since: 16 }, ["curator"])],
  "a reaffirmation that is set aside": [revoked("registrar", "contributor-a", { since: 5 }, ["archivist"]),
    reaffirm("curator", C, 2), revoked("registrar", "curator", { since: 17 }, ["archivist"])],
  "a reaffirmation set aside and reaffirmed": [revoked("registrar", "contributor-a", { since: 5 }, ["archivist"]),
    reaffirm("curator", C, 2), revoked("registrar", "curator", { since: 17 }, ["archivist"]), reaffirm("registrar", C, 9)],
  "an agent registered by a stolen key": [{ by: "registrar", events: [agent("x", "new-1")] },
    asNew("x", "new-1", evidence("x").events), revoked("curator", "registrar", { since: 16 }, ["archivist"])],
  "an agent registered by a stolen key acts on": [{ by: "registrar", events: [agent("x", "new-1")] },
    revoked("curator", "registrar", { since: 16 }, ["archivist"]), asNew("x", "new-1", evidence("x").events)],
  "an agent registered by a stolen key, reaffirmed": [{ by: "registrar", events: [agent("x", "new-1")] },
    asNew("x", "new-1", evidence("x").events), revoked("curator", "registrar", { since: 16 }, ["archivist"]),
    reaffirm("curator", "agent/x", 1, ["archivist"])],
  "an agent registered by a stolen key, registered again": [{ by: "registrar", events: [agent("x", "new-1")] },
    revoked("curator", "registrar", { since: 16 }, ["archivist"]), { by: "curator", events: [agent("x", "new-2")] }],
  "its key registered again": [{ by: "registrar", events: [agent("x", "new-1")] },
    revoked("curator", "registrar", { since: 16 }, ["archivist"]), { by: "curator", events: [agent("y", "new-1")] }],
  "agent power reaffirmed by one": [{ by: "registrar", events: [agent("x", "new-1")] },
    revoked("curator", "registrar", { since: 16 }, ["archivist"]), reaffirm("curator", "agent/x", 1)],
  "a third steward saves the entry": [both(act("registrar", ["ledger", "ledger.model_adopted",
    { model: "claim_support_vector", version: "v1.0", spec: "ab".repeat(32), default: true }]), ["curator", "archivist"]),
    revoked("registrar", "curator", { since: 16 }, ["archivist"])],
  "a revision set aside": [revised("curator"), revoked("registrar", "curator", { since: 16 }, ["archivist"]),
    act("registrar", [C, "claim.revised", { statement: "third", reason: "r" }])],
  "an attestation after a revision set aside, on 1": [attester(), revised("curator"),
    revoked("registrar", "curator", { since: 17 }, ["archivist"]), asNew("attester", "new-1", attested("x", "disputes").events)],
  "an attestation after a revision set aside, on 2": [attester(), revised("curator"),
    revoked("registrar", "curator", { since: 17 }, ["archivist"]),
    asNew("attester", "new-1", attested("x", "disputes", { version: 2 }).events)],
  "a context set aside": [revoked("registrar", "curator", { since: 3 }, ["archivist"]), reaffirm("registrar", C, 7)],
  "roles taken by a stolen key": [both(act("curator", ["agent/archivist", "agent.changed", { roles: [] }]), "registrar"),
    revoked("registrar", "curator", { since: 16 }, ["curator"].slice(1))],
  "a policy set aside": [policyChanged((p) => { p.rules["context.defined"].roles = ["steward"]; }, ["curator"]),
    revoked("registrar", "curator", { since: 16 }, ["archivist"]),
    act("archivist", ["context/new", "context.defined", { name: "n", kind: "k" }])],
  "evidence again": [evidence("contributor-a", { relation: "disputes" })],
  "evidence again with another key": [evidence("contributor-a", { relation: "disputes", key: "k" })],
  "evidence, other relation": [evidence("contributor-a")],
  "evidence of nothing": [evidence("contributor-a", { artifact: "artifact/nothing" })],
  "evidence that replicates": [evidence("contributor-a", { replicates: "artifact/toy-models-of-superposition", replication: "1" })],
  "evidence that replicates nothing": [evidence("contributor-a", { replicates: "artifact/nothing" })],
  "evidence that replicates itself": [evidence("contributor-a", { replicates: "artifact/scaling-monosemanticity" })],
  "evidence without strength": [act("contributor-a", [C, "evidence.added", { relation: "supports", note: "n",
    artifact: "artifact/scaling-monosemanticity", passages: [{ label: "a" }, { label: "b", confidence: "0.333333" },
      { label: "c", confidence: "0.5" }] }])],
  "evidence that abstains": [act("contributor-a", [C, "evidence.added", { relation: "supports", note: "n",
    artifact: "artifact/scaling-monosemanticity", passages: [{ label: "a" }] }])],
  "evidence revised by its author": [act("contributor-a", [C, "evidence.revised", { ref: 2, strength: "0.2", reason: "r" }])],
  "evidence revised by another contributor": [act("contributor-b", [C, "evidence.revised", { ref: 2, strength: "0.2", reason: "r" }])],
  "evidence revised by a curator": [act("registrar", [C, "evidence.revised", { ref: 2, replication: "1", reason: "r" }])],
  "evidence withdrawn": [act("contributor-a", [C, "evidence.withdrawn", { ref: 2, reason: "r" }])],
  "evidence withdrawn twice": [act("contributor-a", [C, "evidence.withdrawn", { ref: 2, reason: "r" }],
    [C, "evidence.withdrawn", { ref: 2, reason: "r" }])],
  "evidence withdrawn and added again": [act("contributor-a", [C, "evidence.withdrawn", { ref: 2, reason: "r" }]),
    evidence("contributor-b", { artifact: "artifact/towards-monosemanticity" })],
  "evidence withdrawn in full": [act("curator", ...[2, 3, 5].map((ref) => [C, "evidence.withdrawn", { ref, reason: "r" }]))],
  "supporting evidence withdrawn": [act("curator", ...[2, 3].map((ref) => [C, "evidence.withdrawn", { ref, reason: "r" }]))],
  "everything withdrawn": [act("curator", ...[2, 3, 5].map((ref) => [C, "evidence.withdrawn", { ref, reason: "r" }]),
    [C, "attestation.withdrawn", { ref: 8, reason: "r" }], [C, "claim.unscoped", { ref: 7, reason: "r" }])],
  "a second edge on one paper, lighter": [evidence("contributor-b", { artifact: "artifact/towards-monosemanticity", key: "k" })],
  "a second edge on one paper, heavier": [evidence("contributor-b",
    { artifact: "artifact/towards-monosemanticity", key: "k", strength: "0.99" })],
  "a second edge on one paper, equal": [evidence("contributor-b",
    { artifact: "artifact/towards-monosemanticity", key: "k", strength: "0.84", replication: "0" })],
  "an unappraised paper": [act("contributor-a", ["artifact/new", "artifact.registered", { title: "t", kind: "paper" }],
    ...evidence("x", { artifact: "artifact/new" }).events)],
  "an unappraised paper that disputes": [act("contributor-a", ["artifact/new", "artifact.registered", { title: "t", kind: "paper" }],
    ...evidence("x", { artifact: "artifact/new", relation: "disputes" }).events)],
  "an unappraised paper with a replication": [act("contributor-a", ["artifact/new", "artifact.registered", { title: "t", kind: "paper" }],
    ...evidence("x", { artifact: "artifact/new", replication: "0.123456" }).events)],
  "an unappraised paper, retracted": [act("curator", ["artifact/new", "artifact.registered", { title: "t", kind: "paper" }],
    ["artifact/new", "artifact.standing_changed", { standing: "retracted", reason: "r" }],
    ...evidence("x", { artifact: "artifact/new" }).events)],
  "a paper without strength, unappraised": [act("contributor-a", ["artifact/new", "artifact.registered", { title: "t", kind: "paper" }],
    [C, "evidence.added", { relation: "supports", artifact: "artifact/new", note: "n" }])],
  "only an unappraised paper": [act("curator", ["claim/second", "claim.asserted", claimData()],
    ["artifact/new", "artifact.registered", { title: "t", kind: "paper" }], ["claim/second", "evidence.added",
      { relation: "supports", artifact: "artifact/new", note: "n", strength: "0.7" }])],
  "only a disputing paper": [act("curator", ["claim/second", "claim.asserted", claimData()], ["claim/second", "evidence.added",
    { relation: "disputes", artifact: "artifact/scaling-monosemanticity", note: "n", strength: "0.7" }])],
  "two communities": [act("contributor-a", ["artifact/new", "artifact.registered", { title: "t", kind: "paper", community: "b" }],
    ...evidence("x", { artifact: "artifact/new" }).events), appraised("curator", { methodology: "0.333333" }, "artifact/new"),
    appraised("registrar", { methodology: "0.333334", replication: "0.1" }, "artifact/new")],
  "an appraisal again": [appraised("curator", { credibility: "0.1" })],
  "an appraisal by another": [appraised("registrar", { credibility: "0.1", replication: "0.3" })],
  "an appraisal by a contributor": [appraised("contributor-a", { credibility: "0.1" })],
  "a paper retracted": [act("curator", ["artifact/towards-monosemanticity", "artifact.standing_changed", { standing: "retracted", reason: "r" }])],
  "a paper under concern": [act("curator", ["artifact/towards-monosemanticity", "artifact.standing_changed",
    { standing: "concern", reason: "r", by: "artifact/toy-models-of-superposition", notice: "https://x.example/" }])],
  "a paper superseded by itself": [act("curator", ["artifact/towards-monosemanticity", "artifact.standing_changed",
    { standing: "superseded", reason: "r", by: "artifact/towards-monosemanticity" }])],
  "a paper superseded by nothing": [act("curator", ["artifact/towards-monosemanticity", "artifact.standing_changed",
    { standing: "superseded", reason: "r", by: "artifact/nothing" }])],
  "a standing that it has": [act("curator", ["artifact/towards-monosemanticity", "artifact.standing_changed", { standing: "sound", reason: "r" }])],
  "a DOI again": [act("contributor-a", ["artifact/new", "artifact.registered",
    { title: "t", kind: "paper", doi: "10.48550/arxiv.2209.10652" }])],
  "a DOI of a paper set aside": [revoked("registrar", "contributor-b", { since: 7 }, ["curator"]),
    act("contributor-a", ["artifact/new", "artifact.registered", { title: "t", kind: "paper", doi: "10.48550/arxiv.2209.10652" }])],
  "a DOI of a paper set aside, then reaffirmed": [revoked("registrar", "contributor-b", { since: 7 }, ["curator"]),
    act("contributor-a", ["artifact/new", "artifact.registered", { title: "t", kind: "paper", doi: "10.48550/arxiv.2209.10652" }]),
    reaffirm("curator", "artifact/toy-models-of-superposition", 1)],
  "an edge on a paper set aside": [revoked("registrar", "contributor-b", { since: 7 }, ["curator"]),
    evidence("contributor-a", { artifact: "artifact/toy-models-of-superposition" })],
  "a scope again": [act("curator", [C, "claim.scoped", { relation: "holds_in", context: "context/small-toy-models", breadth: "0.1" }])],
  "a scope that fails": [act("curator", [C, "claim.scoped", { relation: "fails_in", context: "context/small-toy-models", breadth: "0.333333" }])],
  "more scopes": [act("curator", ["context/b", "context.defined", { name: "n", kind: "k" }],
    ["context/c", "context.defined", { name: "n", kind: "k" }],
    [C, "claim.scoped", { relation: "holds_in", context: "context/b", breadth: "0.777777" }],
    [C, "claim.scoped", { relation: "fails_in", context: "context/c", breadth: "0.123457" }],
    [C, "claim.scoped", { relation: "fails_in", context: "context/b", breadth: "1" }])],
  "a scope taken back": [act("curator", [C, "claim.unscoped", { ref: 7, reason: "r" }])],
  "a scope taken back twice": [act("curator", [C, "claim.unscoped", { ref: 7, reason: "r" }]),
    act("curator", [C, "claim.unscoped", { ref: 7, reason: "r" }])],
  "a scope in no context": [act("curator", [C, "claim.scoped", { relation: "holds_in", context: "context/no", breadth: "0.1" }])],
  "a link": [asserted(), link("curator", "claim/second")],
  "a link again": [asserted(), link("curator", "claim/second"), link("registrar", "claim/second")],
  "a link, other relation": [asserted(), link("curator", "claim/second"), link("registrar", "claim/second", "supports")],
  "a link to itself": [link("curator", C)],
  "a link to nothing": [link("curator", "claim/no")],
  "a link taken back": [asserted(), link("curator", "claim/second"), act("curator", [C, "claim.unlinked", { ref: 9, reason: "r" }])],
  "a link taken back, wrong ref": [asserted(), link("curator", "claim/second"), act("curator", [C, "claim.unlinked", { ref: 8, reason: "r" }])],
  "revised": [revised("curator")],
  "revised by a contributor": [revised("contributor-a")],
  "revised under dispute by one": [attester(), asNew("attester", "new-1", attested("x", "disputes").events), revised("curator")],
  "revised under dispute by two": [attester(), asNew("attester", "new-1", attested("x", "disputes").events),
    both(revised("curator"), "registrar")],
  "revised after the dispute was of version 1": [attester(), asNew("attester", "new-1", attested("x", "disputes").events),
    both(revised("curator"), "registrar"), revised("curator", { summary: "s" })],
  "revised under an expired dispute by one": [attester(), asNew("attester", "new-1",
    attested("x", "disputes", { expires: "2026-03-09" }).events), revised("curator")],
  "retracted by one": [status("curator", { lifecycle: "retracted" })],
  "retracted by two": [both(status("curator", { lifecycle: "retracted" }), "registrar")],
  "retracted by two, one an asserter only": [{ by: "registrar", also: ["archivist"], events: status("x", { lifecycle: "retracted" }).events }],
  "revised when retracted": [both(status("curator", { lifecycle: "retracted" }), "registrar"), revised("curator")],
  "evidence when retracted": [both(status("curator", { lifecycle: "retracted" }), "registrar"), evidence("contributor-a")],
  "attested when retracted": [attester(), both(status("curator", { lifecycle: "retracted" }), "registrar"),
    asNew("attester", "new-1", attested("x", "disputes").events)],
  "standing when retracted": [both(status("curator", { lifecycle: "retracted" }), "registrar"),
    both(status("curator", { standing: "refuted" }), "registrar")],
  "active when retracted": [both(status("curator", { lifecycle: "retracted" }), "registrar"), status("curator", { lifecycle: "active" })],
  "scoped when retracted": [both(status("curator", { lifecycle: "retracted" }), "registrar"),
    act("curator", [C, "claim.scoped", { relation: "fails_in", context: "context/small-toy-models", breadth: "0.3" }])],
  "linked when retracted": [both(status("curator", { lifecycle: "retracted" }), "registrar"), asserted(), link("curator", "claim/second")],
  "uncontested by one": [status("curator", { standing: "tested" })],
  "uncontested by two": [both(status("curator", { standing: "tested" }), "registrar")],
  "contested within one commit": [both(status("curator", { standing: "tested" }), "registrar"),
    act("curator", [C, "claim.status_changed", { note: "n", standing: "contested" }],
      [C, "claim.status_changed", { note: "n", standing: "settled" }])],
  "retracted and uncontested by two": [both(status("curator", { lifecycle: "retracted", standing: "refuted" }), "registrar")],
  "the status that it has": [status("curator", { standing: "contested" })],
  "active again": [status("curator", { lifecycle: "active" })],
  "superseded": [asserted(), status("curator", { lifecycle: "superseded", by: "claim/second" })],
  "superseded by nothing": [status("curator", { lifecycle: "superseded", by: "claim/second" })],
  "superseded without by": [status("curator", { lifecycle: "superseded" })],
  "superseded by itself": [status("curator", { lifecycle: "superseded", by: C })],
  "by without superseded": [asserted(), status("curator", { standing: "tested", by: "claim/second" })],
  "superseded and active again": [asserted(), status("curator", { lifecycle: "merged", by: "claim/second" }), status("curator", { lifecycle: "active" })],
  "superseded when proposed": [asserted(), act("curator", ["claim/second", "claim.status_changed",
    { lifecycle: "superseded", by: C, note: "n" }])],
  "merged when superseded": [asserted(), status("curator", { lifecycle: "superseded", by: "claim/second" }),
    status("curator", { lifecycle: "merged", by: "claim/second" })],
  "a cycle of merges": [asserted(), status("curator", { lifecycle: "merged", by: "claim/second" }),
    act("curator", ["claim/second", "claim.status_changed", { lifecycle: "active", note: "n" }],
      ["claim/second", "claim.status_changed", { lifecycle: "merged", by: C, note: "n" }])],
  "status by software": [{ by: "registrar", also: ["curator"], events: [agent("bot", "new-1", { kind: "software", roles: ["curator"] })] },
    asNew("bot", "new-1", status("x", { standing: "tested" }).events)],
  "status by software and two": [{ by: "registrar", also: ["curator"], events: [agent("bot", "new-1", { kind: "software", roles: ["curator"] })] },
    asNew("bot", "new-1", status("x", { standing: "tested" }).events, { signers: ["new-1", "curator", "registrar"] })],
  "a view": [act("curator", ["view/v", "view.defined", { name: "n", description: "d", rules: [], otherwise: "excluded" }])],
  "a view changed": [act("curator", ["view/strict-empirical", "view.changed",
    { name: "n", description: "d", rules: [{ when: "nonsense(", verdict: "included", reason: "r" }], otherwise: "excluded" }])],
  "a view changed that is not": [act("curator", ["view/no", "view.changed", { name: "n", description: "d", rules: [], otherwise: "excluded" }])],
  "a model again": [both(act("registrar", ["ledger", "ledger.model_adopted",
    { model: "other", version: "v9", spec: "ab".repeat(32), default: false }]), "curator")],
  "a model by one": [act("registrar", ["ledger", "ledger.model_adopted",
    { model: "other", version: "v9", spec: "ab".repeat(32), default: false }])],
  "policy by two": [policyChanged((p) => { p.rules["claim.asserted"].roles = ["contributor", "curator"]; }), asserted("contributor-a")],
  "policy by one": [policyChanged(() => {}, [])],
  "policy for three by two": [policyChanged((p) => { p.stewards = 3; })],
  "policy for three by three": [policyChanged((p) => { p.stewards = 3; }, ["curator", "archivist"])],
  "policy for four": [policyChanged((p) => { p.stewards = 4; }, ["curator", "archivist"])],
  "policy for one by two, then by one": [policyChanged((p) => { p.stewards = 1; }), policyChanged(() => {}, [])],
  "policy for one by two, then one alone": [policyChanged((p) => { p.stewards = 1; }),
    policyChanged((p) => { p.stewards = 1; delete p.rules["view.changed"]; }, [])],
  "policy without a rule for policies": [policyChanged((p) => { delete p.rules["ledger.policy_changed"]; })],
  "policy without power": [policyChanged((p) => { delete p.rules["agent.registered/power"]; })],
  "policy without retracted": [policyChanged((p) => { delete p.rules["claim.status_changed/retracted"]; }),
    status("curator", { lifecycle: "retracted" })],
  "policy without retracted, two": [policyChanged((p) => { delete p.rules["claim.status_changed/retracted"]; }),
    both(status("curator", { lifecycle: "retracted" }), "registrar")],
  "policy without notes": [policyChanged((p) => { delete p.rules["note.added"]; }), note("curator")],
  "policy without roles and alone": [policyChanged((p) => { p.rules["view.changed"].roles = []; })],
  "policy with four stewards for a view": [policyChanged((p) => { p.rules["view.changed"] = { roles: ["steward"], signatures: 4 }; })],
  "policy with three stewards for a view": [policyChanged((p) => { p.rules["view.changed"] = { roles: ["steward"], signatures: 3 }; })],
  "policy with three human stewards": [policyChanged((p) => {
    p.rules["view.changed"] = { roles: ["steward"], signatures: 3, kinds: ["human"] };
  })],
  "policy with sixteen curators": [policyChanged((p) => { p.rules["view.changed"] = { roles: ["curator"], signatures: 16 }; })],
  "policy with four stewards or one alone": [policyChanged((p) => {
    p.rules["view.changed"] = { roles: ["steward"], signatures: 4, alone: "anyone" };
  })],
  "policy where one may be alone on anything": [policyChanged((p) => {
    p.rules["attestation.made"] = { roles: [], signatures: 1, alone: "anyone", other_than: "asserter" };
  }), attested("registrar", "endorses")],
  "policy where a claim needs another than its asserter": [policyChanged((p) => { p.rules["claim.asserted"].other_than = "asserter"; }), asserted()],
  "policy where a claim needs another, two": [policyChanged((p) => {
    p.rules["claim.asserted"] = { roles: ["curator"], signatures: 1, other_than: "asserter" };
  }), both(asserted(), "registrar")],
  "policy where an artifact needs another than the asserter": [policyChanged((p) => {
    p.rules["artifact.registered"].other_than = "asserter";
  }), act("contributor-a", ["artifact/new", "artifact.registered", { title: "t", kind: "paper" }])],
  "policy where evidence needs another than the asserter": [policyChanged((p) => {
    p.rules["evidence.added"].other_than = "asserter";
  }), evidence("registrar")],
  "policy where evidence needs another, both sign": [policyChanged((p) => {
    p.rules["evidence.added"].other_than = "asserter";
  }), both(evidence("registrar"), "contributor-a")],
  "policy where the subject may be alone on a claim": [policyChanged((p) => { p.rules["claim.revised"].alone = "subject"; }), revised("contributor-a")],
  "policy where the author may be alone on a note": [policyChanged((p) => { p.rules["note.added"] = { roles: [], signatures: 1, alone: "author" }; }),
    act("contributor-a", [C, "note.added", { text: "t", on: 2 }])],
  "policy where twice one keeps another key": [policyChanged((p) => { p.rules["view.changed"] = { roles: [], signatures: 2, alone: "anyone" }; }),
    act("contributor-a", ["view/strict-empirical", "view.changed", { name: "n", description: "d", rules: [], otherwise: "excluded" }])],
  "moved": [moved("registrar", ["curator"])],
  "moved by one": [moved("registrar", [])],
  "after moved": [moved("registrar", ["curator"]), note("curator")],
  "a map after moved": [moved("registrar", ["curator"]), mapped],
  "a revocation after moved": [moved("registrar", ["curator"]), revoked("registrar", "contributor-a", { since: 5 }, ["curator"])],
  "frozen": [both(act("registrar", ["ledger", "ledger.frozen", { reason: "r" }]), "archivist")],
  "frozen, then a note in the commit": [both(act("registrar", ["ledger", "ledger.frozen", { reason: "r" }],
    ["ledger", "note.added", { text: "t" }]), "archivist")],
  "after frozen": [both(act("registrar", ["ledger", "ledger.frozen", { reason: "r" }]), "archivist"), evidence("contributor-a")],
  "another genesis": [{ by: "registrar", also: ["curator", "archivist"],
    events: [["ledger", "ledger.created", reference()[0].commit.events[0].data]] }],
  "a clock ahead by ten minutes": [note("curator", "ledger", { at: "2026-03-09T20:11:00" })],
  "a clock ahead by more": [note("curator", "ledger", { at: "2026-03-09T20:11:01" })],
  "a clock far behind": [note("curator", "ledger", { at: "0001-01-01T00:00:00" })],
  "recorded before the last": [note("curator", "ledger", { recorded: "2026-03-09T19:59:59.999999Z" })],
  "recorded with the last": [note("curator", "ledger", { recorded: "2026-03-09T20:00:00.000000Z" })],
  "another ledger": [note("curator", "ledger", { commit: { ledger: "grounds.example/other" } })],
  "version 2 of the format": [note("curator", "ledger", { commit: { v: 2 } })],
  "an anchor of null": [note("curator", "ledger", { fixed: { anchor: true } })],
  "an anchor at 0": [note("curator", "ledger", { commit: { anchor: { root: "ab".repeat(32), size: 0 } }, fixed: { anchor: true } })],
  "an anchor ahead": [note("curator", "ledger", { commit: { anchor: { root: "ab".repeat(32), size: 17 } }, fixed: { anchor: true } })],
  "an anchor of another root": [note("curator", "ledger", { commit: { anchor: { root: "ab".repeat(32), size: 16 } }, fixed: { anchor: true } })],
  "an anchor older than the author's last": [note("curator", "ledger", { commit: { anchor: anchorAt(3) }, fixed: { anchor: true } })],
  "an old anchor of one who was not here since": [note("archivist", "ledger", { commit: { anchor: anchorAt(1) }, fixed: { anchor: true } })],
  "a wrong prev": [note("curator", "ledger", { fixed: { prev: true }, events: [["ledger", "note.added", { text: "t" },
    { seq: 3, prev: "ab".repeat(32) }]] })],
  "a seq gap": [note("curator", "ledger", { fixed: { prev: true }, events: [["ledger", "note.added", { text: "t" },
    { seq: 4, prev: "ab".repeat(32) }]] })],
  "signed by another": [note("curator", "ledger", { signers: ["registrar"] })],
  "signed by a stranger": [note("curator", "ledger", { signers: ["curator", "new-1"] })],
  "signed by nobody": [note("curator", "ledger", { signers: [] })],
  "by nobody": [note("nobody", "ledger", { signers: ["curator"] })],
  "reference to itself": [act("curator", [C, "evidence.withdrawn", { ref: 9, reason: "r" }])],
  "reference to a huge seq": [act("curator", [C, "evidence.withdrawn", { ref: 9007199254740991, reason: "r" }])],
};

function slug(subject) { return subject.slice(subject.indexOf("/") + 1); }
function anchorAt(size) {
  return { root: rootOf(reference().slice(0, size).map((entry) => leafHash(lineOf(entry)))).toString("hex"), size };
}

// --- seeded mutations --------------------------------------------------------------------------------------------

/** Numbers that are the same in every run: counter and seed through SHA-256. */
function drawing(seed) {
  let count = 0;
  const next = () => sha256(`${seed} ${count++}`).readUInt32BE(0);
  const below = (n) => next() % n;
  return { below, of: (list) => list[below(list.length)] };
}

function copyOfReference(folder) {
  rmSync(folder, { recursive: true, force: true });
  for (const part of ["checkpoint", "events", "tile"]) {
    cpSync(join(ROOT, "ledger", part), join(folder, part), { recursive: true });
  }
}

const EVENTS = "events/000000000000.jsonl";
const FILES = ["checkpoint", EVENTS, "tile/0/000.p/16", "tile/entries/000.p/16"];

/** On the disk: one byte becomes another, or is gone, or stands twice. */
function flip(folder, { below, of }) {
  copyOfReference(folder);
  const path = join(folder, of(FILES));
  const bytes = readFileSync(path);
  const at = below(bytes.length);
  const kind = below(8);
  if (kind === 0) return writeFileSync(path, Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]));
  if (kind === 1) return writeFileSync(path, Buffer.concat([bytes.subarray(0, at), bytes.subarray(at - 1)]));
  bytes[at] ^= 1 << below(8);
  writeFileSync(path, bytes);
}

/** On the disk: lines removed, doubled, swapped, moved, made up. */
function shuffle(folder, { below, of }) {
  copyOfReference(folder);
  writeFileSync(join(folder, EVENTS), shuffled(readFileSync(join(folder, EVENTS), "utf8").trimEnd().split("\n"), { below, of })
    .map((line) => `${line}\n`).join(""));
}

function shuffled(lines, { below }) {
  const [i, j] = [below(lines.length), below(lines.length)];
  const kind = below(5);
  if (kind === 0) lines.splice(i, 1 + below(3));
  else if (kind === 1) lines.splice(i, 0, lines[i]);
  else if (kind === 2) [lines[i], lines[j]] = [lines[j], lines[i]];
  else if (kind === 3) lines.splice(j, 0, ...lines.splice(i, 1));
  else lines.splice(i, below(2), ["{}", "", "null", lines[i].slice(0, -1), `${lines[i]} `, lines[i].slice(9)][below(6)]);
  return lines;
}

/** By a dishonest log: the lines changed as they stand, the tree signed anew. */
function shuffleAndSign(folder, random) {
  write(folder, shuffled(reference().map(canonical), random));
}

function flipAndSign(folder, { below }) {
  const lines = reference().map((entry) => Buffer.from(canonical(entry)));
  const line = lines[below(lines.length)];
  const at = below(line.length);
  const other = line[at] ^ (1 << below(7));
  line[at] = other === 10 || other >= 128 ? 65 : other;
  write(folder, lines.map((bytes) => bytes.toString("latin1").replace(/[\u0080-\u00ff]+/g,
    (part) => Buffer.from(part, "latin1").toString("utf8"))));
}

/** Signatures swapped between entries, taken away, added, of another key. */
function signaturesChanged(folder, { below, of }) {
  const entries = reference();
  const [a, b] = [of(entries), of(entries)];
  const kind = below(5);
  if (kind === 0) [a.signatures, b.signatures] = [b.signatures, a.signatures];
  else if (kind === 1) a.signatures.splice(below(a.signatures.length), 1);
  else if (kind === 2) a.signatures = signCommit(a.commit, [of(NAMES)]);
  else if (kind === 3) {
    const names = new Set([...a.signatures.map(({ key }) => nameOfKey[key]), of(NAMES)]);
    a.signatures = signCommit(a.commit, [...names]);
  } else a.signatures.reverse();
  write(folder, entries.map(lineOf));
}

// What a field may become. The first half has the form of something else that is allowed.
const STRANGE = ["", " ", "x", "0", "1", "0.5", "1.1", "0.50", 0, 1, 2, -1, 9007199254740991, null, true, [], {}, "agent/curator",
  C, "claim/none", "artifact/toy-models-of-superposition", "supports", "disputes", "retracted", "active", "curator", "2026",
  "2026-02-29", "2026-03-09T20:00:00Z", "2026-03-03T09:00:00.000000Z", "ab".repeat(32), "\u202e", "a\u0000b", "a\nb", "\ud800",
  "\ufdd0", "\u{1ffff}", "\u00a0", "\ufeff", "\u200b", "x".repeat(70000), ["steward"], ["curator", "steward"], ["human"]];

/** Every place in a value: [object, name]. */
function places(value, found = []) {
  if (value === null || typeof value !== "object") return found;
  for (const name of Object.keys(value)) {
    found.push([value, name]);
    places(value[name], found);
  }
  return found;
}

function changeField(entry, { below, of }) {
  const [holder, name] = of(places(entry.commit).concat(places(entry.commit.events)));
  const kind = below(6);
  if (kind === 0) Array.isArray(holder) ? holder.splice(Number(name), 1) : delete holder[name];
  else if (kind === 1) holder[Array.isArray(holder) ? holder.length : of(["key", "ref", "by", "effective", "on", "__proto__"])] = of(STRANGE);
  else if (kind === 2) [holder[name], holder[of(Object.keys(holder))]] = [holder[of(Object.keys(holder))], holder[name]];
  else if (kind === 3 && Number.isInteger(holder[name])) holder[name] += of([-1, 1]);
  else holder[name] = of(STRANGE);
}

/** A field changed, that commit signed again, the tree too: chains and anchors behind it break. */
function fieldChanged(folder, random) {
  const entries = reference();
  const entry = random.of(entries.slice(0));
  changeField(entry, random);
  entry.signatures = signCommit(entry.commit, entry.signatures.map(({ key }) => nameOfKey[key]));
  write(folder, entries.map(lineOf));
}

/** A field changed, and everything behind it made true again with everybody's keys: only the rules can see it. */
function historyChanged(folder, random) {
  const entries = reference();
  const entry = random.of(entries);
  changeField(entry, random);
  if (random.below(3) === 0) changeField(random.of(entries), random);
  try {
    remake(entries);
  } catch { // what was changed is a part that a chain is made of
    entry.signatures = signCommit(entry.commit, entry.signatures.map(({ key }) => nameOfKey[key]));
  }
  write(folder, entries.map(lineOf));
}

/** Entries left out, doubled or in another order, other authors or signers, and everything made true again. */
function orderChanged(folder, { below, of }) {
  const entries = reference();
  const entry = of(entries);
  const kind = below(5);
  if (kind === 0) entries.splice(1 + below(15), 1 + below(3));
  else if (kind === 1) {
    const [i, j] = [1 + below(15), 1 + below(15)];
    [entries[i].commit, entries[j].commit] = [entries[j].commit, entries[i].commit];
    [entries[i].signatures, entries[j].signatures] = [entries[j].signatures, entries[i].signatures];
    for (const each of entries) each.commit.at = `${each.recorded.slice(0, 19)}Z`;
  } else if (kind === 2) {
    const name = of(NAMES);
    entry.commit.author = `agent/${name}`;
    entry.signers = [name];
  } else if (kind === 3) {
    entry.signers = [...new Set([...entry.signatures.map(({ key }) => nameOfKey[key]), of(NAMES)])];
    entry.signers.splice(below(entry.signers.length), below(2));
  } else {
    const [other] = structuredClone(of(entries).commit.events);
    entry.commit.events.splice(below(entry.commit.events.length + 1), 0, other);
  }
  write(folder, remake(entries).map(lineOf));
}

/** A line withheld, truly or not. */
function withheld(folder, { below }) {
  const lines = reference().map(lineOf);
  const at = below(lines.length);
  const leaf = leafHash(below(4) ? lines[at] : "another").toString("hex");
  lines[at] = canonical({ leaf, withheld: below(5) ? "by law" : "" });
  write(folder, lines);
}

const MUTATIONS = [["flip", flip, 90], ["shuffle", shuffle, 40], ["shuffle and sign", shuffleAndSign, 30],
  ["flip and sign", flipAndSign, 40], ["signatures", signaturesChanged, 40], ["field", fieldChanged, 60],
  ["history", historyChanged, 160], ["order", orderChanged, 60], ["withheld", withheld, 16]];

// --- asking both -------------------------------------------------------------------------------------------------

function readFolder(folder, path = "", files = new Map()) {
  for (const name of readdirSync(join(folder, path))) {
    const at = path ? `${path}/${name}` : name;
    if (statSync(join(folder, at)).isDirectory()) readFolder(folder, at, files);
    else if (/^(checkpoint$|events\/|tile\/)/.test(at)) files.set(at, new Uint8Array(readFileSync(join(folder, at))));
  }
  return files;
}

const run = (...words) => new Promise((done) => {
  execFile(grounds, words, { env: environment, maxBuffer: 1 << 28 }, (error, stdout, stderr) => {
    let answer = null;
    try {
      answer = JSON.parse(stdout);
    } catch { /* said by the exit code */ }
    done({ exit: error ? error.code ?? -1 : 0, answer, stderr });
  });
});

async function agree(name, folder) {
  const first = await run("verify", "--json", "--ledger", folder);
  let second;
  try {
    second = await verifyLedger(readFolder(folder));
  } catch (error) {
    return `verify.mjs broke: ${error.stack}`;
  }
  const indices = (first.answer?.faults ?? []).map(({ index }) => index).filter((index) => index !== null);
  const index = indices.length ? Math.min(...indices) : null;
  const told = (faults) => JSON.stringify(faults?.slice(0, 2).map(({ part, index: i, code, found, expected }) =>
    [part, i, code, `${found}`.slice(0, 160), `${expected}`.slice(0, 120)]));
  if (first.exit !== EXIT[second.verdict] || index !== second.first_index) {
    return `grounds ${first.exit} at ${index} ${told(first.answer?.faults) ?? first.stderr}\n`
      + `      second  ${EXIT[second.verdict]} at ${second.first_index} ${told(second.faults)}`;
  }
  if (second.verdict !== "holds") return null;
  const { answer, stderr } = await run("replay", "--json", "--ledger", folder);
  if (!answer) return `no replay: ${stderr}`;
  const wanted = Object.fromEntries(answer.claims.map(({ claim, profile: { figures, coverage, assumed } }) =>
    [claim, { ...figures, coverage, assumed: [...assumed].sort() }]));
  const found = Object.fromEntries(Object.entries(second.figures).map(([claim, own]) =>
    [claim, { ...own.figures, coverage: own.coverage, assumed: [...own.assumed].sort() }]));
  return canonical(wanted) === canonical(found) ? null : `figures: grounds ${canonical(wanted)}\n      second  ${canonical(found)}`;
}

// --- signatures that lenient verifiers take ----------------------------------------------------------------------

const L = 2n ** 252n + 27742317777372353535851937790883648493n;
const toNumber = (bytes) => BigInt(`0x${Buffer.from(bytes).reverse().toString("hex")}`);
const toBytes = (number) => Buffer.from(number.toString(16).padStart(64, "0"), "hex").reverse();
const sha512 = (...parts) => parts.reduce((all, part) => all.update(part), createHash("sha512")).digest();

/** The last commit of the curator with its signature made anew by `make(signature, message)`. */
function signatureMade(folder, make) {
  const entries = reference().slice(0, 15);
  const entry = entries[14];
  const body = Buffer.from(canonical(entry.commit));
  const message = Buffer.concat([Buffer.from(`DSSEv1 35 application/vnd.grounds.commit+json ${body.length} `), body]);
  entry.signatures[0].sig = make(Buffer.from(entry.signatures[0].sig, "base64"), message).toString("base64");
  write(folder, entries.map(lineOf));
}

const STRICT = {
  "the signature as it was": (signature) => signature,
  "S and L": (signature) => Buffer.concat([signature.subarray(0, 32), toBytes(toNumber(signature.subarray(32)) + L)]),
  "R the identity": (signature, message) => {
    const seed = sha256("grounds reference ledger, public test key of curator");
    const half = sha512(seed).subarray(0, 32);
    half[0] &= 248;
    half[31] = (half[31] & 127) | 64;
    const R = toBytes(1n);
    const k = toNumber(sha512(R, keys.curator.raw, message)) % L;
    return Buffer.concat([R, toBytes((k * toNumber(half)) % L)]);
  },
};

const given = rest.flatMap((word, i) => (rest[i - 1] === "--also" ? [word] : []));
const cases = [["the reference", copyOfReference], ...given.map((path) => [path, (folder) => {
  rmSync(folder, { recursive: true, force: true });
  cpSync(path, folder, { recursive: true });
}])];
for (const [name, acts] of Object.entries(ACTS)) {
  cases.push([name, (folder) => write(folder, withActs(structuredClone(acts)).map(lineOf))]);
}
for (const [name, make] of Object.entries(STRICT)) cases.push([name, (folder) => signatureMade(folder, make)]);
const step = process.env.GROUNDS_FULL ? 1 : 3; // the full run draws them all
for (const [name, mutate, count] of MUTATIONS) {
  for (let i = 0; i < count; i += step) cases.push([`${name} ${i}`, (folder) => mutate(folder, drawing(`${name} ${i}`))]);
}


const counts = { differ: 0, asked: 0 };
const queue = cases.filter(([name]) => name.includes(only));
async function worker(folder) {
  for (let next = queue.shift(); next; next = queue.shift()) {
    const [name, make] = next;
    make(folder);
    const difference = await agree(name, folder);
    counts.asked += 1;
    if (!difference) continue;
    counts.differ += 1;
    console.log(`differ: ${name}\n      ${difference}`);
    if (keep) cpSync(folder, join(keep, name.replace(/\W+/g, "-")), { recursive: true });
  }
}
await Promise.all([1, 2].map((n) => worker(join(work, `ledger-${n}`))));
rmSync(work, { recursive: true, force: true });
console.log(`${counts.asked} ledgers, ${counts.differ} on which the two implementations differ`);
process.exitCode = counts.differ || !counts.asked ? 1 : 0;

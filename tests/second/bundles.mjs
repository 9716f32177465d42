// Do the two implementations agree about claim bundles? Runs `grounds check --json` and src/net/page/verify.mjs over the
// bundle of the reference claim, over seeded mutations of it, and over the bundles that the Rust suite kept; and demands
// the same exit code, the same lowest index of a fault and the same checklist, word for word.
//
//     node bundles.mjs PATH_OF_GROUNDS [--kept DIR] [--only TEXT] [--keep DIR]
//
// DIR of --kept holds pairs `<name>.claim.json` and `<name>.asked.json` = {claim, vkey, exit, index}: what the suite
// asked of each (GROUNDS_KEEP_BUNDLES=DIR cargo test).

import { createHash, createPrivateKey, createPublicKey, sign } from "node:crypto";
import { execFile, execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { verifyBundle } from "../../src/net/page/verify.mjs";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../..");
const CLAIM = "claim/individual-neurons-rarely-encode-single-concepts";
const EXIT = { holds: 0, fails: 1, damaged: 3, cannot_tell: 7 };
const [grounds, ...rest] = process.argv.slice(2);
const option = (name) => (rest.includes(name) ? rest[rest.indexOf(name) + 1] : null);
if (!grounds) {
  console.error("usage: node bundles.mjs PATH_OF_GROUNDS [--kept DIR] [--only TEXT] [--keep DIR]");
  process.exit(2);
}
const work = mkdtempSync(join(tmpdir(), "bundles-"));
const env = { ...process.env, GROUNDS_CACHE: join(work, "cache"), GROUNDS_CONFIG: join(work, "config") };

const canonical = (value) => {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  return `{${Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(",")}}`;
};

/** Numbers that are the same in every run: counter and seed through SHA-256. */
function drawing(seed) {
  let count = 0;
  const below = (n) => createHash("sha256").update(`${seed} ${count++}`).digest().readUInt32BE(0) % n;
  return { below, of: (list) => list[below(list.length)] };
}

const genesis = JSON.parse(readFileSync(join(ROOT, "ledger/events/000000000000.jsonl"), "utf8").split("\n")[0]);
const VKEY = genesis.commit.events[0].data.log_key;
const whole = join(work, "whole.claim.json");
execFileSync(grounds, ["bundle", CLAIM, "--ledger", join(ROOT, "ledger"), "-o", whole], { env, stdio: "pipe" });
const bytes = readFileSync(whole);
const bundle = () => JSON.parse(bytes);

// --- mutations ---------------------------------------------------------------------------------------------------

const swap = (list, i, j) => { [list[i], list[j]] = [list[j], list[i]]; };
const other = (text, at) => text.slice(0, at) + (text[at] === "0" ? "1" : "0") + text.slice(at + 1);

/** Some bytes as they stand: one changed, lost, or twice. */
function flipped({ below }) {
  const own = Buffer.from(bytes);
  const at = below(own.length);
  const kind = below(6);
  if (kind === 0) return Buffer.concat([own.subarray(0, at), own.subarray(at + 1)]);
  if (kind === 1) return Buffer.concat([own.subarray(0, at), own.subarray(Math.max(0, at - 1))]);
  own[at] ^= 1 << below(8);
  return own;
}

/** Entries left out, swapped, doubled, numbered otherwise, from elsewhere, withheld. */
function entriesChanged(value, { below }) {
  const { entries } = value;
  const [i, j] = [below(entries.length), below(entries.length)];
  const kind = below(9);
  if (kind === 0) entries.splice(i, 1);
  else if (kind === 1) swap(entries, i, j);
  else if (kind === 2) entries.splice(i, 0, structuredClone(entries[j]));
  else if (kind === 3) entries[i].index += below(3) - 1;
  else if (kind === 4) entries[i].entry = entries[j].entry;
  else if (kind === 5) entries[i].path = entries[j].path;
  else if (kind === 6) entries.splice(i, 1 + below(3));
  else if (kind === 7) entries[i].entry = other(entries[i].entry, below(entries[i].entry.length));
  else {
    const leaf = createHash("sha256").update("\0").update(entries[below(5) ? i : j].entry).digest("hex");
    entries[i].entry = canonical({ leaf, withheld: "by law" });
  }
}

/** Inclusion paths: a hash changed, lost, too many, in another order. */
function pathChanged(value, { below, of }) {
  const { path } = of(value.entries);
  const kind = below(5);
  const at = below(path.length || 1);
  if (kind === 0) path.splice(at, 1);
  else if (kind === 1) path.splice(at, 0, path[0] ?? "ab".repeat(32));
  else if (kind === 2) swap(path, 0, path.length - 1);
  else if (path.length) path[at] = other(path[at], below(64));
}

/** Streams left out, swapped, with another's proof or leaf, with siblings or bits changed. */
function streamsChanged(value, { below, of }) {
  const { streams } = value;
  const [i, j] = [below(streams.length), below(streams.length)];
  const { proof, leaf } = streams[i];
  const kind = below(12);
  const at = below(proof.siblings.length || 1);
  if (kind === 0) streams.splice(i, 1);
  else if (kind === 1) swap(streams, i, j);
  else if (kind === 2) [streams[i].proof, streams[j].proof] = [streams[j].proof, streams[i].proof];
  else if (kind === 3) [streams[i].leaf, streams[j].leaf] = [streams[j].leaf, streams[i].leaf];
  else if (kind === 4) delete streams[i].leaf;
  else if (kind === 5 && leaf) leaf.length += below(2) ? 1 : -1;
  else if (kind === 6 && leaf) leaf.entry += below(2) ? 1 : -1;
  else if (kind === 7 && leaf) leaf.last = other(leaf.last, below(64));
  else if (kind === 8) proof.siblings.splice(at, 1);
  else if (kind === 9) proof.siblings.splice(at, 0, of(["00".repeat(32), "ab".repeat(32)]));
  else if (kind === 10) proof.bitmap = other(proof.bitmap, below(64));
  else streams.splice(i, 0, structuredClone(streams[j]));
  for (const stream of streams) if (stream.leaf === undefined) delete stream.leaf;
}

function profileChanged({ profile }, { below, of }) {
  const name = of(Object.keys(profile.figures));
  const kind = below(8);
  if (kind === 0) profile.figures[name] = null;
  else if (kind < 3) profile.figures[name] = Math.max(0, profile.figures[name] + of([-1, 1, 1000]));
  else if (kind === 3) profile.assumed = of([[name], ["evid", "supp"], [name, name], ["none"]]);
  else if (kind === 4) profile.coverage[of(["supp", "fron", "stab"])].present -= 1;
  else if (kind === 5) profile.coverage[of(["supp", "fron", "stab"])].whole += 1;
  else if (kind === 6) profile.model = of(["claim_support_vector@v1.1", "claim_support_vector", "", "other@v1.0"]);
  else swap(profile.figures, name, of(Object.keys(profile.figures)));
}

/** What stands around: checkpoint, origin, claim, map, and fields that are none. */
function frameChanged(value, { below, of }) {
  const kind = below(9);
  const lines = value.checkpoint.split("\n");
  if (kind === 0) value.map.index = of([0, 1, 14, 16, 17, 9007199254740991]);
  else if (kind === 1) value.origin = of(["grounds.example/other", "grounds.example/referenc", "A"]);
  else if (kind === 2) value.claim = of(["claim/other", "artifact/toy-models-of-superposition", "claim/"]);
  else if (kind === 3) value.checkpoint = other(value.checkpoint, below(value.checkpoint.length));
  else if (kind === 4) lines[1] = of(["15", "17", "016", "0", "-1"]);
  else if (kind === 5) lines.splice(below(lines.length), 1);
  else if (kind === 6) lines.splice(4, 0, of([lines[4], "\u2014 witness.example AAAAAAAA", "\u2014 witness.example AAAAAAAAAA==", "x"]));
  else if (kind === 7) value[of(["extra", "v2", "__proto__x"])] = 1;
  else value.v = of([0, 2, "1", null]);
  if (kind >= 4 && kind <= 6) value.checkpoint = lines.join("\n");
}

const STRANGE = ["", "x", 0, 1, -1, 16, 1.5, 9007199254740991, null, true, [], {}, "agent/curator", CLAIM, "ab".repeat(32), "\u202e"];

/** Any field at all becomes something else, or is gone, or another one's. */
function fieldChanged(value, { below, of }) {
  const places = [];
  const visit = (holder) => {
    if (holder === null || typeof holder !== "object") return;
    for (const name of Object.keys(holder)) {
      places.push([holder, name]);
      visit(holder[name]);
    }
  };
  visit(value);
  const [holder, name] = of(places);
  const [from, there] = of(places);
  const kind = below(4);
  if (kind === 0) Array.isArray(holder) ? holder.splice(Number(name), 1) : delete holder[name];
  else if (kind === 1) holder[name] = structuredClone(from[there]);
  else if (kind === 2 && Number.isInteger(holder[name])) holder[name] += of([-1, 1]);
  else holder[name] = of(STRANGE);
}

const structural = (change) => (random) => {
  const value = bundle();
  change(value, random);
  return Buffer.from(canonical(value));
};
const MUTATIONS = [["flip", flipped, 80], ["entries", structural(entriesChanged), 120], ["path", structural(pathChanged), 40],
  ["streams", structural(streamsChanged), 120], ["profile", structural(profileChanged), 50],
  ["frame", structural(frameChanged), 60], ["field", structural(fieldChanged), 160]];

// --- witnesses: a bundle whose checkpoint has their lines, asked with a policy ------------------------------------

function witness(name) {
  const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), createHash("sha256").update(name).digest()]);
  const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  const body = Buffer.concat([Buffer.of(4), createPublicKey(key).export({ format: "der", type: "spki" }).subarray(-32)]);
  const id = createHash("sha256").update(`${name}\n`).update(body).digest().subarray(0, 4);
  const line = (head, time, said = time) => {
    const seconds = Buffer.alloc(8);
    seconds.writeBigUInt64BE(BigInt(time));
    const own = sign(null, Buffer.from(`cosignature/v1\ntime ${said}\n${head}`), key);
    return `\u2014 ${name} ${Buffer.concat([id, seconds, own]).toString("base64")}\n`;
  };
  return { line, vkey: `${name}+${id.toString("hex")}+${body.toString("base64")}` };
}
const [w1, w2, w3] = ["w1.example", "w2.example", "w3.example"].map(witness);
const policyOf = (k) => `log ${VKEY}\nwitness n1 ${w1.vkey}\nwitness n2 ${w2.vkey}\ngroup g ${k} n1 n2\nquorum g\n`;

function cosignedBy(...lines) {
  const value = bundle();
  const head = value.checkpoint.slice(0, value.checkpoint.indexOf("\n\n") + 1);
  value.checkpoint += lines.map((make) => make(head)).join("");
  return Buffer.from(canonical(value));
}
const one = (head) => w1.line(head, 1700000000);
const two = (head) => w2.line(head, 1700000600);
const COSIGNED = [["one of any", [one], "any"], ["two of all", [one, two], "all"], ["one of all", [one], "all"], ["none of any", [], "any"],
  ["a false line", [one, (head) => w2.line(head, 1700000600, 1)], "any"], ["a line twice", [one, one], "any"],
  ["an unknown line", [one, (head) => w3.line(head, 1700000000)], "any"], ["only an unknown line", [(head) => w3.line(head, 1)], "any"],
  ["lines and no policy", [one, two], null], ["a line twice and no policy", [one, one], null]];

// --- asking both -------------------------------------------------------------------------------------------------

const run = (words) => new Promise((done) => {
  execFile(grounds, words, { env, maxBuffer: 1 << 28 }, (error, stdout, stderr) => {
    let answer = null;
    try { answer = JSON.parse(stdout); } catch { /* said by the exit code */ }
    done({ exit: error ? error.code ?? -1 : 0, answer, stderr });
  });
});

const lowest = (faults) => Math.min(...faults.map(({ index }) => index ?? Infinity));

async function difference(path, { claim, vkey, policy, exit, index }) {
  if (policy) writeFileSync(`${path}.policy`, policy);
  const { exit: first, answer, stderr } = await run(["check", path, "--json", "--claim", claim, "--vkey", vkey,
    ...policy ? ["--policy", `${path}.policy`] : []]);
  let second;
  try {
    second = await verifyBundle(new Uint8Array(readFileSync(path)),
      { claim, vkey, policy: policy && new Uint8Array(Buffer.from(policy)) });
  } catch (error) {
    if (first === 2 && error.code) return null;
    return `verify.mjs broke: ${error.stack}`;
  }
  const say = (code, at, parts, faults) => `${code} at ${at} ${parts} ${JSON.stringify(faults?.slice(0, 2))?.slice(0, 600)}`;
  // How far a quorum was heard each tells in its own words.
  const outcomes = (checks) => checks?.map(({ part, outcome, detail }) =>
    `${outcome} ${part} ${policy && part === "witnesses" ? "" : detail}`).join(" | ");
  const [one, two] = [lowest(answer?.faults ?? []), lowest(second.faults)];
  const [ours, theirs] = [outcomes(answer?.checks), outcomes(second.checks)];
  const asExpected = exit === undefined || (exit === first && (index ?? Infinity) === one);
  if (!asExpected) return `the suite saw ${exit} at ${index}, grounds says ${say(first, one, ours, answer?.faults)}`;
  if (first === EXIT[second.verdict] && one === two && ours === theirs) return null;
  return `grounds ${answer ? say(first, one, ours, answer.faults) : `${first} ${stderr}`}\n      second  ${say(EXIT[second.verdict], two, theirs, second.faults)}`;
}

const cases = [["the bundle of the reference claim", () => bytes, { claim: CLAIM, vkey: VKEY, exit: 0 }]];
cases.push(["another claim", () => bytes, { claim: "claim/other", vkey: VKEY, exit: 1 }]);
const step = process.env.GROUNDS_FULL ? 1 : 3; // the full run draws them all
for (const [name, mutate, count] of MUTATIONS) {
  for (let i = 0; i < count; i += step) cases.push([`${name} ${i}`, () => mutate(drawing(`${name} ${i}`)), { claim: CLAIM, vkey: VKEY }]);
}
for (const [name, lines, k] of COSIGNED) {
  cases.push([`cosigned: ${name}`, () => cosignedBy(...lines), { claim: CLAIM, vkey: VKEY, policy: k && policyOf(k) }]);
}
cases.push(["cosigned: no policy's bytes", () => cosignedBy(one), { claim: CLAIM, vkey: VKEY, policy: `${policyOf("any")}quorum n1\n` }]);
cases.push(["cosigned: quorum none", () => cosignedBy(one), { claim: CLAIM, vkey: VKEY, policy: `log ${VKEY}\nquorum none\n` }]);
const kept = option("--kept");
for (const file of kept && existsSync(kept) ? readdirSync(kept).filter((name) => name.endsWith(".asked.json")) : []) {
  const asked = JSON.parse(readFileSync(join(kept, file)));
  const path = join(kept, file.replace(".asked.", ".claim."));
  cases.push([`kept ${file}`, () => readFileSync(path), asked]);
}

let [asked, differ] = [0, 0];
const queue = cases.filter(([name]) => name.includes(option("--only") ?? ""));
async function worker(path) {
  for (let next = queue.shift(); next; next = queue.shift()) {
    const [name, make, question] = next;
    writeFileSync(path, make());
    const found = await difference(path, question);
    asked += 1;
    if (!found) continue;
    differ += 1;
    console.log(`differ: ${name}\n      ${found}`);
    if (!option("--keep")) continue;
    mkdirSync(option("--keep"), { recursive: true });
    copyFileSync(path, join(option("--keep"), `${name.replace(/\W+/g, "-")}.claim.json`));
  }
}
await Promise.all([1, 2].map((n) => worker(join(work, `${n}.claim.json`))));
rmSync(work, { recursive: true, force: true });
console.log(`${asked} bundles, ${differ} on which the two implementations differ`);
process.exitCode = differ || !asked ? 1 : 0;

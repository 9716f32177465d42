// The parts of src/net/page/page.mjs that need no page: what is signed, what is inspected before it is signed, what is
// held against what. Runs in Node.
//
//     node page.mjs

import assert from "node:assert/strict";
import { createHash, webcrypto } from "node:crypto";
import { readFileSync } from "node:fs";
import { brotliCompressSync, constants } from "node:zlib";
import { assess, verifyBundle, verifyLedger } from "../../src/net/page/verify.mjs";
import * as page from "../../src/net/page/page.mjs";

const LIMIT = 12288; // bytes by brotli, beside verify.mjs
const source = new URL("../../src/net/page/page.mjs", import.meta.url), bytes = readFileSync(source);
const size = brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length;
assert.ok(size <= LIMIT, `${size} bytes by brotli, expected at most ${LIMIT}`);
for (const [i, line] of bytes.toString().split("\n").entries()) assert.ok(!/^\s*import[\s{*"']/.test(line), `line ${i + 1} imports`);

const ledger = readFileSync(new URL("../../ledger/events/000000000000.jsonl", import.meta.url), "utf8").trimEnd().split("\n");
const genesis = JSON.parse(ledger[0]), NOW = Date.parse("2026-03-09T20:00:00Z");
const sha256 = (...parts) => createHash("sha256").update(Buffer.concat(parts.map((part) => Buffer.from(part)))).digest();

// Keys: as the ledger has them, with the ids that OpenSSH gives and signatures that the ledger took.
{
  const [{ slug, keys: [{ key, proof }] }] = genesis.commit.events[0].data.agents, raw = Buffer.from(key.slice(12), "base64").subarray(19);
  assert.equal(page.sshKey(raw), key);
  const id = await page.keyId(raw), { sig } = genesis.signatures.find((each) => each.key === id);
  const own = await webcrypto.subtle.importKey("raw", raw, "Ed25519", false, ["verify"]);
  const verifies = (message, signature) => webcrypto.subtle.verify("Ed25519", own, Buffer.from(signature, "base64"), message);
  assert.ok(await verifies(page.possession(genesis.commit.ledger, slug, id), proof), "the proof of possession");
  const body = Buffer.from(page.canonical(genesis.commit));
  assert.ok(await verifies(page.signedMessage(body), sig), "what is signed");
  for (const line of ledger) {
    const entry = JSON.parse(line);
    assert.equal(page.canonical(entry), line);
  }
}

// An attestation: what the form said, in the form of the ledger.
const origin = genesis.commit.ledger, said = { claim: "x", verdict: "endorses", weight: "0.80", version: 2, comment: " Seen.\n", expires: "" };
const act = page.attestation(said);
assert.deepEqual(act, { subject: "claim/x", type: "attestation.made", data: { verdict: "endorses", weight: "0.8", version: 2, comment: "Seen." } });
assert.equal(page.attestation({ ...said, weight: "0.0000004" }).data.weight, "0");
for (const weight of ["1.1", "-0.1", "x", "NaN"]) assert.throws(() => page.attestation({ ...said, weight }), /weight/);

// What a server prepared is signed only where it is the form's, byte for byte.
const asked = { origin, author: "ada", act, now: NOW }, root = "ab".repeat(32);
const commit = page.commitOf({ origin, author: "ada", at: "2026-03-09T19:59:00Z", anchor: { root, size: 16 }, seq: 7, prev: "cd".repeat(32), act });
const text = page.canonical(commit);
assert.deepEqual(page.inspect(text, asked), commit);
const wrong = (change) => { const other = structuredClone(commit); change(other, other.events[0]); return page.canonical(other); };
for (const [name, bad] of Object.entries({
  "another verdict": wrong((_, event) => { event.data.verdict = "disputes"; }), "another weight": wrong((_, event) => { event.data.weight = "1"; }),
  "another claim": wrong((_, event) => { event.subject = "claim/y"; }), "another version": wrong((_, event) => { event.data.version = 3; }),
  "another comment": wrong((_, event) => { event.data.comment = "No."; }), "a field more": wrong((_, event) => { event.data.role = "judge"; }),
  "another type": wrong((_, event) => { event.type = "note.added"; }), "an effective date": wrong((_, event) => { event.effective = "2020"; }),
  "an event more": wrong(({ events }) => events.push(events[0])), "no event": wrong(({ events }) => events.pop()),
  "another author": wrong((own) => { own.author = "agent/bea"; }), "another ledger": wrong((own) => { own.ledger = "x.example/y"; }),
  "a field more of the commit": wrong((own) => { own.note = "x"; }), "a field more of the anchor": wrong(({ anchor }) => { anchor.x = 1; }),
  "no anchor": wrong((own) => { own.anchor = null; }), "another time": wrong((own) => { own.at = "2027-03-09T19:59:00Z"; }),
  "a place that is none": wrong((_, event) => { event.prev = "x"; }), "other bytes": ` ${text}`, "a name twice": text.replace('"v":1', '"v":1,"v":1'),
  "no JSON": "x",
})) assert.throws(() => page.inspect(bad, asked), /nothing was signed/, name);

// A signed commit travels as docs/FORMAT.md says, and the ledger's own check takes the signature.
{
  const pair = await webcrypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]), raw = Buffer.from(await webcrypto.subtle.exportKey("raw", pair.publicKey));
  const file = JSON.parse(await page.signed(text, raw, (message) => webcrypto.subtle.sign("Ed25519", pair.privateKey, message)));
  assert.deepEqual(file.commit, commit);
  const [{ key, sig }] = file.signatures;
  assert.equal(key, await page.keyId(raw));
  const message = `DSSEv1 35 application/vnd.grounds.commit+json ${Buffer.byteLength(text)} ${text}`;
  assert.ok(await webcrypto.subtle.verify("Ed25519", pair.publicKey, Buffer.from(sig, "base64"), Buffer.from(message)));
}

// The root of an earlier tree from a path in a later one, for every pair of sizes up to 40.
{
  const lines = Array.from({ length: 40 }, (_, i) => `{"line":${i}}`), leaves = lines.map((line) => sha256([0], line));
  const split = (n) => 2 ** ((n - 1).toString(2).length - 1);
  const rootOf = (some) => (some.length === 1 ? some[0] : sha256([1], rootOf(some.slice(0, split(some.length))), rootOf(some.slice(split(some.length)))));
  const pathOf = (index, some) => {
    if (some.length === 1) return [];
    const k = split(some.length);
    return index < k ? [...pathOf(index, some.slice(0, k)), rootOf(some.slice(k))] : [...pathOf(index - k, some.slice(k)), rootOf(some.slice(0, k))];
  };
  for (let all = 1; all <= lines.length; all++) {
    for (let index = 0; index < all; index++) {
      const path = pathOf(index, leaves.slice(0, all)).map((node) => node.toString("hex"));
      assert.equal(await page.rootWith(lines[index], index, all, path), rootOf(leaves.slice(0, index + 1)).toString("hex"), `${index} of ${all}`);
    }
  }
}

// What is compared: same, other words, other millionths, missing, too much, not to be told; and never more than that.
{
  const found = new Map([["figure evid", { says: "84%", exact: "843211" }], ["version", { says: "v2" }], ["root", null]]);
  const shown = [{ name: "figure evid", says: "84%", exact: "843211" }, { name: "version", says: " v2\n" }, { name: "root", says: "00" }];
  const outcomes = (some, isCovered = true) => page.compare(some, found, isCovered).map(({ outcome }) => outcome);
  assert.deepEqual(outcomes(shown), ["holds", "holds", "unknown"]);
  assert.deepEqual(outcomes([{ ...shown[0], says: "91%" }, ...shown.slice(1)]), ["fails", "holds", "unknown"]);
  assert.deepEqual(outcomes([{ ...shown[0], exact: "843212" }, ...shown.slice(1)]), ["fails", "holds", "unknown"]);
  assert.deepEqual(outcomes([{ ...shown[0], exact: undefined }, ...shown.slice(1)]), ["fails", "holds", "unknown"]);
  assert.deepEqual(outcomes(shown.slice(1)), ["holds", "unknown", "fails"]);
  assert.deepEqual(outcomes([...shown, { name: "standing", says: "settled" }]), ["holds", "holds", "unknown", "fails"]);
  assert.deepEqual(outcomes([{ ...shown[0], says: "91%" }, ...shown.slice(1)], false), ["unknown", "holds", "unknown"]);
  const [line] = page.compare([{ name: "figure evid", says: "91%", exact: "910000" }], new Map([["figure evid", { says: "84%", exact: "840000" }]]), true);
  assert.equal(page.told(line), "evidence: the page says 91% (0.91), the ledger gives 84% (0.84)");
}
// What is said of witnesses: no more of them, and at no other times, than stand below the head.
{
  const line = (name, bytes) => `\u2014 ${name} ${Buffer.from(bytes).toString("base64")}`, at = Buffer.alloc(76);
  at.writeBigUInt64BE(BigInt(Date.parse("2026-03-09T19:58:30Z") / 1000), 4);
  const alone = ["o", "1", "r", "", line("o", Buffer.alloc(68)), ""], two = [...alone.slice(0, -1), line("w", at), line("v", at), ""];
  const [NONE, ONE] = ["witnesses: none asked", "witnesses: cosigned by w (2026-03-09 19:58 UTC); it is the ledger that names them"];
  assert.equal(page.witnesses(alone, NONE), NONE);
  assert.equal(page.witnesses(alone, ONE), NONE);
  const [BOTH, REST] = [ONE.replace("w (", "v (2026-03-09 19:58 UTC), w ("), "witnesses: 2 signatures below the head, not checked here"];
  for (const says of [ONE, BOTH, REST, `${ONE}; 1 signature below the head, not checked here`]) assert.equal(page.witnesses(two, says), says);
  for (const says of [ONE.replace("58", "59"), `${ONE}; 2 signatures below the head, not checked here`, BOTH.replace("v (", "u (2026-03-09 19:58 UTC), v ("),
    "witnesses: 3 cosigned", "witnesses: cosigned by everybody; it is the ledger that names them", "witnesses: ", ""]) assert.equal(page.witnesses(two, says), REST, says);
}
assert.ok(assess && verifyBundle && verifyLedger);
console.log(`page.mjs: keys, acts, inspection, roots and comparison hold; ${size} bytes by brotli of ${LIMIT}, ${bytes.length} as they are`);

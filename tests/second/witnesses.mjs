// Do the two implementations agree about witnesses? Gives the reference ledger cosignatures, policies and heads kept
// below cosigned/, good ones and seeded mutations of them, and demands the same exit code, lowest index and outcomes.
//
//     node witnesses.mjs PATH_OF_GROUNDS [--only TEXT] [--keep DIR]

import { createHash, createPrivateKey, createPublicKey, sign } from "node:crypto";
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { verifyLedger } from "../../src/net/page/verify.mjs";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../..");
const EXIT = { holds: 0, fails: 1, damaged: 3, cannot_tell: 7 };
const ORIGIN = "grounds.example/reference";
const [grounds, ...rest] = process.argv.slice(2);
const option = (name) => (rest.includes(name) ? rest[rest.indexOf(name) + 1] : null);
if (!grounds) {
  console.error("usage: node witnesses.mjs PATH_OF_GROUNDS [--only TEXT] [--keep DIR]");
  process.exit(2);
}
const work = mkdtempSync(join(tmpdir(), "witnesses-"));
const env = { ...process.env, GROUNDS_CACHE: join(work, "cache"), GROUNDS_CONFIG: join(work, "config") };

// --- keys, notes, policies ---------------------------------------------------------------------------------------

const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest();

function keyOf(sentence, name, type) {
  const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), sha256(sentence)]);
  const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  const raw = createPublicKey(key).export({ format: "der", type: "spki" }).subarray(-32);
  const body = Buffer.concat([Buffer.of(type), raw]);
  const id = sha256(`${name}\n`, body).subarray(0, 4);
  return { name, id, vkey: `${name}+${id.toString("hex")}+${body.toString("base64")}`, sign: (message) => sign(null, message, key) };
}
const log = keyOf("grounds reference ledger, public test key of log", ORIGIN, 1);
const witnesses = [1, 2, 3, 4].map((n) => keyOf(`witness ${n}`, `w${n}.example`, 4));
const [w1, w2, w3, w4] = witnesses;

const lines = readFileSync(join(ROOT, "ledger/events/000000000000.jsonl"), "utf8").trimEnd().split("\n");
function rootOf(leaves) {
  if (leaves.length < 2) return leaves[0];
  const split = 2 ** Math.floor(Math.log2(leaves.length - 1));
  return sha256(Buffer.of(1), rootOf(leaves.slice(0, split)), rootOf(leaves.slice(split)));
}
const leaves = lines.map((line) => sha256(Buffer.of(0), line));
const textAt = (size, root = rootOf(leaves.slice(0, size))) => `${ORIGIN}\n${size}\n${root.toString("base64")}\n`;
const line = (key, bytes) => `\u2014 ${key.name} ${Buffer.concat([key.id, bytes]).toString("base64")}\n`;
const byLog = (text) => line(log, log.sign(Buffer.from(text)));

/** A cosignature line, seconds from now. */
function cosigned(text, key, ago = 60, more = {}) {
  const time = more.time ?? BigInt(Math.floor(Date.now() / 1000) - ago);
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(time);
  return line(key, Buffer.concat([bytes, key.sign(Buffer.from(`cosignature/v1\ntime ${more.said ?? time}\n${text}`))]));
}
const note = (text, ...own) => `${text}\n${byLog(text)}${own.join("")}`;
const named = (some = witnesses) => some.map((key, i) => `witness n${witnesses.indexOf(key) + 1} ${key.vkey}\n`).join("");
const policy = (some, group = "any", members = some.map((key) => `n${witnesses.indexOf(key) + 1}`).join(" ")) =>
  `log ${log.vkey}\n${named(some)}group g ${group} ${members}\nquorum g\n`;

// --- ledgers: files by name, with what the reader brings ----------------------------------------------------------

const head = textAt(16);
const BASE = () => ({ checkpoint: note(head, cosigned(head, w1), cosigned(head, w2, 3600)), policy: policy([w1, w2, w3]),
  "cosigned/000000000016": note(head, cosigned(head, w1, 90), cosigned(head, w2, 3600)),
  "cosigned/000000000007": note(textAt(7), cosigned(textAt(7), w3, 86400)) });
const CASES = {};
const add = (name, files = {}, asked = {}) => { CASES[name] = { files: { ...BASE(), ...files }, asked }; };
const foreign = sha256("another root");

add("cosigned, nothing asked");
for (const k of ["any", "all", "1", "2", "3"]) add(`quorum ${k}`, {}, { policy: policy([w1, w2, w3], k) });
for (const age of ["30s", "2m", "2h", "2d"]) {
  add(`any, age ${age}`, {}, { policy: policy([w1, w2, w3]), "max-age": age });
  add(`two, age ${age}`, {}, { policy: policy([w1, w2, w3], "2"), "max-age": age });
  add(`all, age ${age}`, {}, { policy: policy([w1, w2, w3], "all"), "max-age": age });
  add(`no policy, age ${age}`, {}, { "max-age": age });
}
add("quorum none", {}, { policy: `${named([w1])}quorum none\n` });
add("quorum none, age", {}, { policy: `${named([w1])}quorum none\n`, "max-age": "1h" });
add("a quorum of one witness", {}, { policy: `${named([w1])}quorum n1\n` });
add("a quorum of one other", {}, { policy: `${named([w4])}quorum n4\n` });
add("groups of groups", {}, { policy: `${named()}group a 2 n1 n3\ngroup b any n2\ngroup c 1 a b\nquorum c\n` });
add("groups of groups, not met", {}, { policy: `${named()}group a 2 n1 n3\ngroup b any n2\ngroup c all a b\nquorum c\n` });
add("a policy of another log", {}, { policy: `log ${log.vkey.replace("reference", "other")}\nquorum none\n` });
add("a policy with comments", {}, { policy: `# a\n\n \t \nwitness  n1\t${w1.vkey} https://w1.example/\nquorum n1\n` });
for (const [name, own] of Object.entries({
  "no newline": `${named([w1])}quorum n1`, empty: "", "no quorum": named([w1]), "two quorums": `${named([w1])}quorum n1\nquorum n1\n`,
  "unknown member": `${named([w1])}group g any n2\nquorum g\n`, "later member": `group g any n1\n${named([w1])}quorum g\n`,
  "two groups": `${named([w1])}group g any n1\ngroup h any n1\nquorum g\n`, "member twice": `${named([w1])}group g any n1 n1\nquorum g\n`,
  "too many": `${named([w1])}group g 2 n1\nquorum g\n`, "zero": `${named([w1])}group g 0 n1\nquorum g\n`,
  "leading zero": `${named([w1])}group g 01 n1\nquorum g\n`, "a name twice": `${named([w1])}witness n1 ${w2.vkey}\nquorum n1\n`,
  "a key twice": `${named([w1])}witness n2 ${w1.vkey}\nquorum n1\n`, "none defined": `witness none ${w1.vkey}\nquorum none\n`,
  "a log as witness": `witness n1 ${log.vkey}\nquorum n1\n`, "no such line": "trust n1\nquorum none\n",
  "a control character": `# \u0001\nquorum none\n`, "no members": `${named([w1])}group g any\nquorum g\n`,
  "quorum unknown": "quorum n1\n", "too many items": `witness n1 ${w1.vkey} url more\nquorum n1\n`, latin: "# \u00ff\nquorum none\n",
})) add(`the folder's policy: ${name}`, { policy: own });
add("no folder policy", { policy: undefined });
add("no folder policy, reader's", { policy: undefined }, { policy: policy([w1, w2, w3]) });
add("no folder policy, reader's without one", { policy: undefined, "cosigned/000000000007": undefined }, { policy: policy([w1]) });
add("a line of a stranger", { checkpoint: note(head, cosigned(head, w1), cosigned(head, w4)) });
add("a line of a stranger kept", { "cosigned/000000000016": note(head, cosigned(head, w4)) });
add("a line of a stranger whom the reader knows", { checkpoint: note(head, cosigned(head, w4)) }, { policy: policy([w4]) });
add("two lines", { checkpoint: note(head, cosigned(head, w1), cosigned(head, w1, 30)) });
add("two lines kept", { "cosigned/000000000016": note(head, cosigned(head, w1), cosigned(head, w1)) });
add("the log twice", { checkpoint: note(head, byLog(head)) });
add("another time than signed", { checkpoint: note(head, cosigned(head, w1, 60, { said: "1" })) });
add("a bad line kept", { "cosigned/000000000016": note(head, cosigned(textAt(7), w1)) });
add("a line for the future", { checkpoint: note(head, cosigned(head, w1, -3600)), "cosigned/000000000016": undefined },
  { policy: policy([w1]), "max-age": "1h" });
add("a line just ahead", { checkpoint: note(head, cosigned(head, w1, -300)) }, { policy: policy([w1]), "max-age": "1h" });
add("a time of 2^63", { checkpoint: note(head, cosigned(head, w1, 0, { time: 2n ** 63n })) }, { policy: policy([w1]) });
add("a time of 2^63 - 1", { checkpoint: note(head, cosigned(head, w1, 0, { time: 2n ** 63n - 1n })) }, { policy: policy([w1]) });
add("a time of 0", { checkpoint: note(head, cosigned(head, w1, 0, { time: 0n })) }, { policy: policy([w1]) });
add("no cosignature kept", { "cosigned/000000000007": note(textAt(7)) });
add("kept under another size", { "cosigned/000000000008": note(textAt(7), cosigned(textAt(7), w3)) });
add("kept of another root", { "cosigned/000000000007": note(textAt(7, foreign), cosigned(textAt(7, foreign), w3)) });
add("kept beyond the end", { "cosigned/000000000017": note(textAt(17, foreign), cosigned(textAt(17, foreign), w3)) });
add("kept without the log's line", { "cosigned/000000000007": `${textAt(7)}\n${cosigned(textAt(7), w3)}` });
for (const name of ["7", "0000000000007", "000000000000", "x", "000000000007.bak", "a/000000000007"]) add(`a stray file cosigned/${name}`,
  { [`cosigned/${name}`]: note(textAt(7), cosigned(textAt(7), w3)) });
add("kept, and no note", { "cosigned/000000000007": "x" });
add("kept, and empty", { "cosigned/000000000007": "" });
add("no checkpoint", { checkpoint: undefined });
add("no checkpoint, reader's policy", { checkpoint: undefined }, { policy: policy([w1]) });
add("the vkey and the policy", {}, { policy: policy([w1]), vkey: log.vkey });

/** A text with one byte changed, lost or twice. */
function flipped(name, random) {
  const files = BASE();
  const text = Buffer.from(files[name]);
  const at = random(text.length);
  const kind = random(6);
  if (kind === 0) files[name] = Buffer.concat([text.subarray(0, at), text.subarray(at + 1)]);
  else if (kind === 1) files[name] = Buffer.concat([text.subarray(0, at), text.subarray(Math.max(0, at - 1))]);
  else { text[at] ^= 1 << random(8); files[name] = text; }
  return files;
}
for (let i = 0; i < 160; i++) {
  let count = 0;
  const random = (n) => sha256(`witnesses ${i} ${count++}`).readUInt32BE(0) % n;
  const name = Object.keys(BASE())[random(4)];
  CASES[`flip ${i} in ${name}`] = { files: flipped(name, random), asked: random(2) ? { policy: policy([w1, w2, w3], "2") } : {} };
}

// --- asking both -------------------------------------------------------------------------------------------------

function write(folder, { files, asked }) {
  rmSync(folder, { recursive: true, force: true });
  for (const part of ["events", "tile"]) cpSync(join(ROOT, "ledger", part), join(folder, part), { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    if (text === undefined) continue;
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  if (asked.policy) writeFileSync(`${folder}.policy`, asked.policy);
}

function readFolder(folder) {
  const files = new Map();
  for (const name of readdirSync(folder, { recursive: true })) {
    if (!statSync(join(folder, name)).isDirectory()) files.set(name, new Uint8Array(readFileSync(join(folder, name))));
  }
  return files;
}

const run = (words) => new Promise((done) => {
  execFile(grounds, words, { env, maxBuffer: 1 << 28 }, (error, stdout, stderr) => {
    let answer = null;
    try { answer = JSON.parse(stdout); } catch { /* said by the exit code */ }
    done({ exit: error ? error.code ?? -1 : 0, answer, stderr });
  });
});
const lowest = (faults) => Math.min(...(faults ?? []).map(({ index }) => index ?? Infinity));
const outcomes = (checks) => checks?.map(({ part, outcome }) => part[0] + { holds: "+", fails: "-", unknown: "?" }[outcome]).join(" ");
const SECONDS = { s: 1, m: 60, h: 3600, d: 86400 };

async function difference(folder, { asked }) {
  const words = Object.entries(asked).flatMap(([name, value]) => [`--${name}`, name === "policy" ? `${folder}.policy` : value]);
  const { exit, answer, stderr } = await run(["verify", "--json", "--ledger", folder, ...words]);
  const age = asked["max-age"];
  let second;
  try {
    second = await verifyLedger(readFolder(folder), { vkey: asked.vkey, policy: asked.policy && new Uint8Array(Buffer.from(asked.policy)),
      maxAge: age && Number(age.slice(0, -1)) * SECONDS[age.at(-1)] });
  } catch (error) {
    return exit === 2 && error.code ? null : `verify.mjs broke: ${error.stack}\n      grounds ${exit} ${stderr}`;
  }
  const one = `${exit} at ${lowest(answer?.faults)} ${outcomes(answer?.checks)}`;
  const two = `${EXIT[second.verdict]} at ${lowest(second.faults)} ${outcomes(second.checks)}`;
  const told = (faults) => JSON.stringify(faults?.slice(0, 2))?.slice(0, 500) ?? "";
  return one === two ? null : `grounds ${one} ${told(answer?.faults)} ${stderr}\n      second  ${two} ${told(second.faults)}`;
}

let [count, differ] = [0, 0];
const queue = Object.entries(CASES).filter(([name]) => name.includes(option("--only") ?? ""));
async function worker(folder) {
  for (let next = queue.shift(); next; next = queue.shift()) {
    const [name, what] = next;
    write(folder, what);
    const found = await difference(folder, what);
    count += 1;
    if (!found) continue;
    differ += 1;
    console.log(`differ: ${name}\n      ${found}`);
    if (option("--keep")) cpSync(folder, join(option("--keep"), name.replace(/\W+/g, "-")), { recursive: true });
  }
}
await Promise.all([1, 2].map((n) => worker(join(work, `ledger-${n}`))));
rmSync(work, { recursive: true, force: true });
console.log(`${count} cosigned ledgers, ${differ} on which the two implementations differ`);
process.exitCode = differ || !count ? 1 : 0;

// The catalogue of hostile bytes (tests/vectors/hostile), asked of the second implementation: what must be refused is,
// with the same code, and what must be taken is taken. With --kept, also every signature that the tests of the crate
// judged (GROUNDS_KEEP_SIGNATURES), with the verdict of verify_strict.
//
//     node hostile.mjs [--kept FILE]

import { readFileSync, readdirSync } from "node:fs";
import { mayBeKey, parseEntry, verifies } from "../../src/net/page/verify.mjs";

const folder = new URL("../vectors/hostile/", import.meta.url);
const bytesOf = ({ text, hex, pieces }) => (hex !== undefined ? Buffer.from(hex, "hex")
  : Buffer.from(text ?? pieces.map(([piece, times]) => piece.repeat(times)).join("")));
const AFTER = ',"recorded":"9999-12-31T23:59:59.000000Z","signatures":[{"key":"SHA256:'
  + `${"A".repeat(43)}","sig":"${"A".repeat(86)}=="}]}`;

/** Whether a signature holds; of a key that is no point, none does. */
const verdict = (key, signature, message) => verifies(...[key, signature, message].map((part) => new Uint8Array(part))).catch(() => false);

/** The code of the refusal, or null. A commit is put into an entry, a signed commit is given a time. */
async function answer(door, bytes) {
  try {
    if (door === "verify") return await verdict(bytes.subarray(0, 32), bytes.subarray(32, 96), bytes.subarray(96)) ? null : "signature";
    if (door === "key") return mayBeKey(new Uint8Array(bytes)) ? null : "key";
    if (door === "entry") parseEntry(new Uint8Array(bytes));
    if (door === "commit") parseEntry(new Uint8Array(Buffer.concat([Buffer.from('{"commit":'), bytes, Buffer.from(AFTER)])));
    if (door === "signed") {
      const parts = bytes.toString("latin1").split(',"signatures":');
      if (parts.length !== 2) return undefined;
      parseEntry(new Uint8Array(Buffer.from(`${parts[0]},"recorded":"9999-12-31T23:59:59.000000Z","signatures":${parts[1]}`, "latin1")));
    }
    return null;
  } catch (error) {
    if (!error.code) throw error;
    return error.code;
  }
}

let [asked, left, wrong] = [0, 0, 0];
for (const file of readdirSync(folder).filter((name) => name.endsWith(".json"))) {
  for (const vector of JSON.parse(readFileSync(new URL(file, folder))).cases) {
    const code = await answer(vector.door, bytesOf(vector));
    if (code === undefined) left += 1;
    asked += 1;
    // A part of a larger document: where exactly its bytes stop being JSON, or a form, may be told otherwise.
    if (code === undefined || (code === null) === (vector.code === null)) {
      if (process.argv.includes("--codes") && code !== undefined && code !== vector.code) console.log(`${vector.code} ${code} ${vector.name}`);
      continue;
    }
    wrong += 1;
    console.log(`${file}: ${vector.name}: ${code}, expected ${vector.code} ${vector.at}`);
  }
}
const kept = process.argv.indexOf("--kept") + 1;
const judged = kept ? JSON.parse(readFileSync(process.argv[kept])) : [];
for (const { name, key, sig, message, holds, may_be_key } of judged) {
  const [point, signature, text] = [key, sig, message].map((digits) => Buffer.from(digits, "hex"));
  // A key that may not be one is refused before anything that it signed is looked at.
  const differs = mayBeKey(new Uint8Array(point)) !== may_be_key
    || (may_be_key && await verdict(point, signature, text) !== holds);
  if (!differs) continue;
  wrong += 1;
  console.log(`${name}: expected ${holds}, key ${may_be_key}`);
}
if (kept) console.log(`${judged.length} signatures`);
console.log(`${asked} hostile vectors, ${left} that cannot be asked here, ${wrong} answered otherwise`);
process.exitCode = wrong ? 1 : 0;

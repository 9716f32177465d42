// How large is the second implementation? Few and short lines, no import at the top, no node: outside of the
// command-line part, and few bytes as they are served: by brotli, quality 11.
//
//     node limits.mjs

import { readFileSync } from "node:fs";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const LIMITS = { lines: 1000, brotli: 20480 };
const bytes = readFileSync(new URL("../../src/net/page/verify.mjs", import.meta.url));
const text = bytes.toString("utf8");
const lines = text.trimEnd().split("\n");
const params = { [constants.BROTLI_PARAM_QUALITY]: 11 };
const found = { lines: lines.length, brotli: brotliCompressSync(bytes, { params }).length };
const wrong = [];

lines.forEach((line, i) => [...line].length > 120 && wrong.push(`line ${i + 1} has ${[...line].length} characters, expected 120`));
lines.forEach((line, i) => /^\s*import[\s{*"']|\brequire\(/.test(line) && wrong.push(`line ${i + 1} imports: ${line}`));
lines.forEach((line, i) => /;\s*(const|let|return|if|for|await)\b/.test(line.replace(/for \(.*?\)/, "").replace(/`[^`]*`|"[^"]*"|\/\/.*/g, ""))
  && !/=> \{.*\}/.test(line) && wrong.push(`line ${i + 1} holds several statements: ${line.trim()}`));
const program = text.slice(text.indexOf("// --- as a program"));
if (text.replace(program, "").includes("node:")) wrong.push("node: outside of the command-line part");
for (const name of Object.keys(LIMITS)) {
  if (found[name] > LIMITS[name]) wrong.push(`${found[name]} ${name}, expected at most ${LIMITS[name]}`);
}
console.log(`${found.lines} lines of ${LIMITS.lines}, ${found.brotli} bytes by brotli of ${LIMITS.brotli}, `
  + `${gzipSync(bytes, { level: 9 }).length} by gzip -9, ${bytes.length} as they are`);
for (const line of wrong) console.log(line);
process.exitCode = wrong.length ? 1 : 0;

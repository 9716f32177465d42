// Do the two implementations agree about the ledgers that the Rust suite makes? Every ledger that a test audited was
// kept with what was asked and what came of it (GROUNDS_KEEP_LEDGERS=DIR cargo test): this asks src/net/page/verify.mjs
// the same, and demands the same exit code and the same lowest index of a fault.
//
//     node kept.mjs DIR

import { readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { verifyLedger } from "../../src/net/page/verify.mjs";

const EXIT = { holds: 0, fails: 1, damaged: 3, cannot_tell: 7 };
const [kept] = process.argv.slice(2);
if (!kept) {
  console.error("usage: node kept.mjs DIR");
  process.exit(2);
}

/** The files of a ledger that the module looks at, as its command line reads them. */
function filesOf(dir) {
  const own = readdirSync(dir, { recursive: true })
    .filter((name) => /^(checkpoint|policy|cosigned|(events|tile|cosigned)\/.*)$/.test(name))
    .filter((name) => statSync(join(dir, name)).isFile());
  return new Map(own.map((name) => [name, readFileSync(join(dir, name))]));
}

const isFolder = (path) => statSync(path, { throwIfNoEntry: false })?.isDirectory();
const all = readdirSync(kept).sort();
// A map of files has no folder that stands where a file should.
const names = all.filter((name) => !isFolder(join(kept, name, "ledger/policy")));
let differing = 0;
for (const name of names) {
  const { vkey, from, exit, index } = JSON.parse(readFileSync(join(kept, name, "asked.json"), "utf8"));
  const files = filesOf(join(kept, name, "ledger"));
  const report = await verifyLedger(files, { vkey: vkey ?? undefined, from: from ? Buffer.from(from) : undefined });
  const found = { exit: EXIT[report.verdict], index: report.first_index };
  if (found.exit === exit && found.index === index) continue;
  differing += 1;
  console.log(`${name}: found ${JSON.stringify(found)}, expected ${JSON.stringify({ exit, index })}`);
}
const left = all.length - names.length;
console.log(`${names.length} ledgers of the suite (${left} cannot be asked), ${differing} on which the two implementations differ`);
process.exitCode = differing || !names.length ? 1 : 0;

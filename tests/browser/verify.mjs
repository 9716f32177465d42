// Does the second implementation say the same in a browser as in Node? Serves src/net/page/verify.mjs, the reference
// ledger and a bundle on 127.0.0.1, has a real browser import the module, and asks both the same questions.
//
//     node verify.mjs PATH_OF_GROUNDS FOLDER_OF_PLAYWRIGHT_CORE
//
// FOLDER_OF_PLAYWRIGHT_CORE is the one that holds node_modules; the browser is CHROMIUM or /usr/bin/chromium.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { verifyBundle, verifyLedger } from "../../src/net/page/verify.mjs";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../..");
const CLAIM = "claim/individual-neurons-rarely-encode-single-concepts";
const [grounds, modules] = process.argv.slice(2);
if (!modules) {
  console.error("usage: node verify.mjs PATH_OF_GROUNDS FOLDER_OF_PLAYWRIGHT_CORE");
  process.exit(2);
}
const { chromium } = createRequire(join(modules, "x"))("playwright-core");

const genesis = JSON.parse(readFileSync(join(ROOT, "ledger/events/000000000000.jsonl"), "utf8").split("\n")[0]);
const VKEY = genesis.commit.events[0].data.log_key;
const work = mkdtempSync(join(tmpdir(), "browser-"));
const env = { ...process.env, GROUNDS_CACHE: join(work, "cache"), GROUNDS_CONFIG: join(work, "config") };
execFileSync(grounds, ["bundle", CLAIM, "--ledger", join(ROOT, "ledger"), "-o", join(work, "good.claim.json")], { env, stdio: "pipe" });
const good = readFileSync(join(work, "good.claim.json"));
const figure = good.toString().replace(/"evid":\d+/, '"evid":999999');
const signature = good.toString().replace(/\\"sig\\":\\"(.)/, (all, first) => all.slice(0, -1) + (first === "A" ? "B" : "A"));

// --- what is served ----------------------------------------------------------------------------------------------

const served = new Map([
  ["/verify.mjs", ["text/javascript", readFileSync(join(ROOT, "src/net/page/verify.mjs"))]],
  ["/good.claim.json", ["application/json", good]],
  ["/figure.claim.json", ["application/json", Buffer.from(figure)]],
  ["/signature.claim.json", ["application/json", Buffer.from(signature)]],
  ["/", ["text/html", Buffer.from("<!doctype html><title>verify</title>")]],
]);
const ledger = new Map();
for (const name of readdirSync(join(ROOT, "ledger"), { recursive: true })) {
  if (!/^(checkpoint$|events\/|tile\/)/.test(name) || statSync(join(ROOT, "ledger", name)).isDirectory()) continue;
  ledger.set(name, new Uint8Array(readFileSync(join(ROOT, "ledger", name))));
  served.set(`/ledger/${name}`, ["application/octet-stream", ledger.get(name)]);
}
const server = createServer(({ url }, answer) => {
  const [type, bytes] = served.get(url) ?? ["text/plain", null];
  answer.writeHead(bytes ? 200 : 404, { "content-type": type, "content-security-policy": "default-src 'self'" });
  answer.end(bytes ?? "");
});
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
const base = `http://127.0.0.1:${server.address().port}`;

// --- what is asked: in the page, and here ------------------------------------------------------------------------

const inPage = {
  bundle: async ([path, asked]) => {
    const { verifyBundle: check, checklist } = await import("/verify.mjs");
    const bytes = new Uint8Array(await (await fetch(path)).arrayBuffer());
    const report = await check(bytes, asked);
    return { verdict: report.verdict, text: checklist(report) };
  },
  ledger: async ([names, asked]) => {
    const { verifyLedger: check, checklist } = await import("/verify.mjs");
    const read = async (name) => [name, new Uint8Array(await (await fetch(`/ledger/${name}`)).arrayBuffer())];
    const report = await check(new Map(await Promise.all(names.map(read))), asked);
    return { verdict: report.verdict, text: checklist(report) };
  },
};
const { checklist } = await import("../../src/net/page/verify.mjs");
const asked = { claim: CLAIM, vkey: VKEY };
const NONE = "grounds.example/reference+2c4f8f4d+Af";
const QUESTIONS = [
  ["a good bundle", "holds", "bundle", "/good.claim.json", asked],
  ["a bundle with another figure", "fails", "bundle", "/figure.claim.json", asked],
  ["a bundle with another signature", "fails", "bundle", "/signature.claim.json", asked],
  ["a bundle of another claim", "fails", "bundle", "/good.claim.json", { ...asked, claim: "claim/other" }],
  ["the reference ledger", "holds", "ledger", [...ledger.keys()], { vkey: VKEY }],
  ["the reference ledger, no tiles", "holds", "ledger", [...ledger.keys()].filter((name) => !name.startsWith("tile/")), {}],
  ["the reference ledger, no checkpoint", "damaged", "ledger", [...ledger.keys()].filter((name) => name !== "checkpoint"), {}],
];

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});
try {
  const page = await browser.newPage();
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.goto(base);
  for (const [name, verdict, kind, what, options] of QUESTIONS) {
    const there = await page.evaluate(inPage[kind], [what, options]);
    const here = kind === "bundle" ? await verifyBundle(new Uint8Array(served.get(what)[1]), options)
      : await verifyLedger(new Map(what.map((path) => [path, ledger.get(path)])), options);
    assert.equal(there.verdict, verdict, `${name}: ${there.text}`);
    assert.equal(there.text, checklist(here), name);
    console.log(`${there.verdict.padEnd(12)} ${name}`);
  }
  // A key that is none, and the key of another log: neither may pass.
  const vkeys = [NONE, await anotherLog()];
  for (const vkey of vkeys) {
    const there = await page.evaluate(inPage.bundle, ["/good.claim.json", { ...asked, vkey }]).catch((error) => ({ verdict: "refused", text: error.message }));
    assert.ok(there.verdict === "fails" || there.verdict === "refused", `${vkey}: ${there.text}`);
    console.log(`${there.verdict.padEnd(12)} a bundle with the wrong key ${vkey.slice(0, 40)}…`);
  }
  assert.deepEqual(complaints, []);
  console.log(`${await browser.version()}: ${QUESTIONS.length + vkeys.length} questions, the same answers as in Node`);
} finally {
  await browser.close();
  server.close();
  rmSync(work, { recursive: true, force: true });
}

/** A verifier key of the same name, with another key. */
async function anotherLog() {
  const { createHash, generateKeyPairSync } = await import("node:crypto");
  const raw = generateKeyPairSync("ed25519").publicKey.export({ format: "der", type: "spki" }).subarray(-32);
  const name = VKEY.slice(0, VKEY.indexOf("+"));
  const body = Buffer.concat([Buffer.of(1), raw]);
  const id = createHash("sha256").update(`${name}\n`).update(body).digest("hex").slice(0, 8);
  return `${name}+${id}+${body.toString("base64")}`;
}

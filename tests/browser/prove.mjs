// Does a claim page prove itself? Publishes the reference ledger, serves the folder by a plain file server, and has a
// real browser press the button: on the page as it is, with every figure, fact and checklist line changed one by one,
// with another bundle, key and file. The policy of the pages must never be broken meanwhile.
//
//     node prove.mjs PATH_OF_GROUNDS FOLDER_OF_PLAYWRIGHT_CORE [FOLDER_FOR_SCREENSHOTS]

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, extname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../..");
const SLUG = "individual-neurons-rarely-encode-single-concepts";
const [grounds, modules, pictures] = process.argv.slice(2);
if (!modules) {
  console.error("usage: node prove.mjs PATH_OF_GROUNDS FOLDER_OF_PLAYWRIGHT_CORE [FOLDER_FOR_SCREENSHOTS]");
  process.exit(2);
}
const { chromium } = createRequire(join(modules, "x"))("playwright-core");
const work = mkdtempSync(join(tmpdir(), "prove-"));
const env = { ...process.env, GROUNDS_CACHE: join(work, "cache"), GROUNDS_CONFIG: join(work, "config") };
const run = (...words) => execFileSync(grounds, words, { env, stdio: "pipe" }).toString();

// --- the sites, and a file server ----------------------------------------------------------------------------------

run("publish", join(work, "site"), "--ledger", join(ROOT, "ledger"));
const TYPES = { ".html": "text/html", ".mjs": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".json": "application/json" };
let tamper = (path, bytes) => bytes; // what is served instead
const asked = [];
const server = createServer(async (request, answer) => {
  const { pathname } = new URL(request.url, "http://x"), path = decodeURIComponent(pathname);
  asked.push(`${request.method} ${path}`);
  const file = join(work, path.endsWith("/") ? `${path}index.html` : path);
  const found = existsSync(file) && statSync(file).isFile() ? tamper(path, readFileSync(file)) : null;
  answer.writeHead(found ? 200 : 404, { "content-type": TYPES[extname(file)] ?? "application/octet-stream" });
  answer.end(found ?? "");
});
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
const base = `http://127.0.0.1:${server.address().port}`, HERE = `/site/claim/${SLUG}/`;
const VKEY = JSON.parse(readFileSync(join(ROOT, "ledger/events/000000000000.jsonl"), "utf8").split("\n")[0]).commit.events[0].data.log_key;
const ORIGIN = VKEY.slice(0, VKEY.indexOf("+"));

// --- the browser -----------------------------------------------------------------------------------------------------

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});
const complaints = [];
/** A reader with an empty browser: what he sees after he has pressed the button. */
async function reader(options = {}) {
  const context = await browser.newContext({ acceptDownloads: true, ...options });
  await context.addInitScript(() => document.addEventListener("securitypolicyviolation", (event) => console.error(`POLICY ${event.violatedDirective} ${event.blockedURI}`)));
  const page = await context.newPage();
  page.on("console", (message) => message.type() === "error" && !/status of 4(04|22)/.test(message.text()) && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.stack));
  return page;
}
const OUTCOME = "[data-proof] [data-outcome], [data-proof] .answer strong";
async function answered(page) {
  await page.waitForSelector(OUTCOME, { timeout: 30000 });
  await page.waitForSelector("[data-proof] .acts button:not([disabled])");
  return page.evaluate(() => ({
    outcome: document.querySelector("[data-proof] [data-outcome]")?.dataset.outcome ?? "none",
    words: document.querySelector("[data-proof] .answer").textContent,
    alarm: document.querySelector("[data-proof] [role=alert]").textContent,
    told: [...document.querySelectorAll("[data-told].against")].map((line) => line.textContent),
    ticks: [...document.querySelectorAll(".ticked")].map((tick) => tick.className),
  }));
}
async function verify(page, path = HERE) {
  await page.goto(base + path);
  await page.click("text=Verify in this browser");
  return answered(page);
}
/** The same in a new browser, with the page changed on the way. */
async function tampered(change, path = HERE, suffix = "/") {
  const page = await reader();
  let isChanged = false;
  tamper = (asked, bytes) => {
    if (suffix === "/" ? asked !== path : !asked.endsWith(suffix)) return bytes;
    const text = bytes.toString(), other = change(text);
    isChanged ||= other !== text;
    return Buffer.from(other);
  };
  const found = await verify(page, path);
  tamper = (asked, bytes) => bytes;
  await page.context().close();
  assert.ok(isChanged, "nothing was changed");
  return found;
}
let count = 0;
const holds = (name) => console.log(`${String(++count).padStart(3)} ${name}`);

try {
  await aGoodPage();
  await everyFigure();
  await everyFact();
  await theChecklist();
  await theBundle();
  await theKey();
  await pastStates();
  await noMap();
  await saved();
  await withoutScript();
  await keysAndActs();
  await onTheServer();
  if (pictures) await look();
  assert.deepEqual(complaints, []);
  assert.deepEqual(asked.filter((line) => !/^(GET|POST) \//.test(line)), []);
  console.log(`${await browser.version()}: ${count} promises hold`);
} finally {
  await browser.close();
  server.close();
  rmSync(work, { recursive: true, force: true });
}

async function aGoodPage() {
  const page = await reader(), found = await verify(page);
  assert.equal(found.outcome, "holds", found.words);
  assert.match(found.words, /11 figures and \d+ other things/);
  assert.match(found.words, /by the page's own log key.*would pass/);
  assert.equal(found.ticks.filter((name) => name === "ticked for").length, 11);
  const lines = await page.$$eval("[data-checked]", (all) => all.map((one) => [one.dataset.checked, one.className]));
  assert.equal(lines.length, 9);
  assert.deepEqual(lines.filter(([part, kind]) => kind !== "for").map(([part]) => part), ["witnesses"]);
  const checks = await page.$$eval("[data-check]", (all) => all.map((one) => one.textContent));
  assert.equal(checks.length, 3);
  assert.ok(checks.every((text) => /checked here|so says the bundle/.test(text)), checks.join("\n"));
  const status = await page.getAttribute("[data-proof] .answer", "aria-live");
  assert.equal(status, "polite");
  holds("a good page holds, figure by figure, and says whose key it took");
  const again = await verify(page);
  assert.equal(again.outcome, "holds");
  assert.match(again.words, /that this browser remembers \(taken from the page at first use\)/);
  assert.equal(again.alarm, "");
  holds("the key is remembered");
  await page.context().close();
  const keyboard = await reader();
  await keyboard.goto(base + HERE);
  await keyboard.waitForSelector("[data-proof] button");
  await keyboard.focus("[data-proof] button");
  await keyboard.keyboard.press("Enter");
  assert.equal((await answered(keyboard)).outcome, "holds");
  await keyboard.context().close();
  holds("the button works by keyboard");
}

async function everyFigure() {
  const text = readFileSync(join(work, HERE, "index.html"), "utf8");
  const figures = [...text.matchAll(/<data data-figure="(\w+)" value="(\d+)">(\d+)%<\/data>/g)];
  assert.equal(figures.length, 11);
  for (const [element, name, value, shown] of figures) {
    const other = String((Number(shown) + 7) % 100);
    for (const [what, changed] of [["words", element.replace(`>${shown}%`, `>${other}%`)], ["millionths", element.replace(value, String(Number(value) + 1))]]) {
      const found = await tampered((page) => page.replace(element, changed));
      assert.equal(found.outcome, "fails", `${name} ${what}: ${found.words}`);
      assert.equal(found.told.length, 1, found.told.join("\n"));
      assert.match(found.told[0], what === "words" ? new RegExp(`the page says ${other}% .*the ledger gives ${shown}%`) : /the page says .*, the ledger gives /);
    }
    const hidden = await tampered((page) => page.replace(element, `${other}%`));
    assert.equal(hidden.outcome, "fails", hidden.words);
    assert.match(hidden.told.join("\n"), /the page does not show it/);
  }
  holds("every figure that was tampered with is caught by name, in words, in millionths, and unmarked");
  for (const [, name] of figures.filter(([, short]) => !["supp", "fron", "stab"].includes(short))) {
    const bar = new RegExp(`(data-bar="${name}".*?class="filled[^"]*" width=")[0-9.]+%`);
    const found = await tampered((page) => page.replace(bar, "$199.00%"));
    assert.equal(found.outcome, "fails", found.words);
    const label = new RegExp(`(aria-label=")\\d+(%: why \\w+"><data data-figure="${name}")`);
    assert.equal((await tampered((page) => page.replace(label, "$199$2"))).outcome, "fails");
  }
  holds("a bar that is too long, or a label that says another figure, is caught");
}

async function everyFact() {
  const facts = [
    ["statement", (page) => page.replace(/(data-fact="statement">)[^<]+/, "$1Individual neurons always encode single concepts")],
    ["version", (page) => page.replace(/(data-fact="version">v)\d+/, "$19")],
    ["standing", (page) => page.replace(/(data-fact="standing">)\w+/, "$1settled")],
    ["lifecycle", (page) => page.replace(/(data-fact="lifecycle">)\w+/, "$1retracted")],
    ["counts of evidence", (page) => page.replace(/(data-fact="evidence">)\d+ for/, "$19 for")],
    ["a relation of evidence", (page) => page.replace(/(data-fact="relation">)disputes/, "$1supports")],
    ["a note of evidence", (page) => page.replace(/(data-fact="note"><p[^>]*>)/, "$1Not ")],
    ["a piece of evidence that is left out", (page) => page.replace(/<li class="against" data-evidence=.*?<\/li>/s, "")],
    ["a piece of evidence that nobody gave", (page) => page.replace(/data-evidence="@\d+/, "data-evidence=\"@99")],
    ["an attestation's weight", (page) => page.replace(/(data-fact="weight">)[0-9.]+/, "$11")],
    ["an attestation that is left out", (page) => page.replace(/data-attestation=/, "data-x=")],
    ["the root of the head", (page) => page.replace(/(data-fact="root">)..../, "$10000")],
    ["the ledger's name", (page) => page.replace(/(data-fact="origin">)[^<]+/, "$1grounds.example/other")],
    ["a state that is not said to be old", (page) => page.replace(/data-bundle=/, "data-as-of=\"9\" data-bundle=")],
  ];
  for (const [name, change] of facts) {
    const found = await tampered(change);
    assert.equal(found.outcome, "fails", `${name}: ${found.words}`);
    holds(`caught: ${name} (${found.told[0].slice(0, 90)})`);
  }
}

async function theChecklist() {
  for (const [name, change] of [
    ["more events", (page) => page.replace(/in the log: \d+ events/, "in the log: 99 events")],
    ["other entries", (page) => page.replace(/entries \d+–/, "entries 1–")],
    ["another size", (page) => page.replace(/the signed head of \d+ entries/, "the signed head of 99 entries")],
    ["witnesses", (page) => page.replace("witnesses: none asked", "witnesses: 3 cosigned")],
    ["a line that is gone", (page) => page.replace(/<li[^>]*data-check="tree".*?<\/li>/, "")],
  ]) {
    const found = await tampered(change);
    assert.equal(found.outcome, "fails", `${name}: ${found.words}`);
  }
  holds("changed words of the checklist are caught");
}

async function theBundle() {
  const bundle = `${SLUG}.claim.json`;
  for (const [name, change] of [
    ["a figure", (text) => text.replace(/"evid":\d+/, "\"evid\":999999")],
    ["a signature", (text) => text.replace(/\\"sig\\":\\"(.)/, (all, first) => all.slice(0, -1) + (first === "A" ? "B" : "A"))],
    ["an entry", (text) => text.replace("supports", "disputes")],
    ["not JSON", (text) => text.slice(1)],
  ]) {
    const found = await tampered(change, HERE, bundle);
    assert.equal(found.outcome, "fails", `${name}: ${found.words}`);
    assert.match(found.words, /Nothing on this page is proved/);
    assert.deepEqual(found.ticks, []);
  }
  holds("a bundle that was tampered with proves nothing");
  const page = await reader();
  tamper = (path, bytes) => (path.endsWith(bundle) ? null : bytes);
  const found = await verify(page);
  tamper = (path, bytes) => bytes;
  assert.equal(found.outcome, "none");
  assert.match(found.words, /Nothing was verified.*404/);
  await page.context().close();
  holds("without a bundle nothing is said to be verified");
}

/** A verifier key of the same name, with another key. */
async function anotherKey() {
  const { createHash, generateKeyPairSync } = await import("node:crypto");
  const raw = generateKeyPairSync("ed25519").publicKey.export({ format: "der", type: "spki" }).subarray(-32);
  const body = Buffer.concat([Buffer.of(1), raw]);
  const id = createHash("sha256").update(`${ORIGIN}\n`).update(body).digest("hex").slice(0, 8);
  return `${ORIGIN}+${id}+${body.toString("base64")}`;
}

async function theKey() {
  const other = await anotherKey(), page = await reader();
  await page.goto(base + HERE);
  await page.click("text=Your copy of the log's key");
  await page.fill("input[name=vkey]", other);
  await page.click("text=Use this key");
  const found = await answered(page);
  assert.equal(found.outcome, "fails", found.words);
  assert.match(found.alarm, /KEY OF THIS LEDGER HAS CHANGED.*given by you/);
  assert.ok(found.alarm.includes(other) && found.alarm.includes(VKEY));
  if (pictures) await page.locator("#custody").screenshot({ path: shot("changed-key") });
  holds("a key that is not the page's is shouted about, and the page fails");
  assert.equal((await verify(page)).outcome, "fails");
  await page.click("text=Keep mine");
  assert.equal((await verify(page)).outcome, "fails");
  await page.click("text=Take the page's key from now on");
  await page.waitForSelector("[data-outcome=holds]");
  assert.equal((await verify(page)).outcome, "holds");
  holds("the reader decides, and only then it holds");
  await page.context().close();
  const swapped = await tampered((text) => text.replaceAll(VKEY, other).replaceAll(VKEY.replaceAll("+", "&#43;"), other));
  assert.equal(swapped.outcome, "fails", swapped.words);
  holds("a page that names another key does not prove itself by it");
  const nonsense = await reader();
  await nonsense.goto(base + HERE);
  await nonsense.click("text=Your copy of the log's key");
  await nonsense.fill("input[name=vkey]", "no key at all");
  await nonsense.click("text=Use this key");
  assert.notEqual((await answered(nonsense)).outcome, "holds");
  await nonsense.context().close();
  holds("what is no key is no key");
}

async function pastStates() {
  const page = await reader();
  const states = readdirSync(join(work, HERE, "as-of")).filter((name) => /^\d+$/.test(name));
  assert.ok(states.length > 3);
  for (const entry of states) {
    const found = await verify(page, `${HERE}as-of/${entry}/`);
    assert.equal(found.outcome, "holds", `@${entry}: ${found.words}`);
    assert.match(found.words, new RegExp(`as of entry @${entry}\\.`));
  }
  await page.context().close();
  holds(`${states.length} past states are proved by the newest bundle`);
  const path = `${HERE}as-of/${states.sort((a, b) => b - a)[1]}/`;
  const found = await tampered((text) => text.replace(/(data-figure="evid" value="\d+">)\d+/, "$199"), path);
  assert.equal(found.outcome, "fails");
  assert.match(found.told[0], /evidence: the page says 99%/);
  const root = await tampered((text) => text.replace(/(data-fact="root">)..../, "$10000"), path);
  assert.equal(root.outcome, "fails");
  holds("a past state with another figure or root is caught");
}

async function noMap() {
  const ledger = join(work, "ledger");
  run("init", ledger, "--origin", "grounds.example/new", "--name", "Ada");
  const sign = ["--ledger", ledger];
  run("claim", "add", "A claim that no map covers", "--slug", "uncovered", "--summary", "None.", ...sign);
  const keyless = { ...env, GROUNDS_CONFIG: join(work, "nobody") };
  execFileSync(grounds, ["publish", join(work, "unmapped"), "--ledger", ledger], { env: keyless, stdio: "pipe" });
  const page = await reader();
  await page.goto(`${base}/unmapped/claim/uncovered/`);
  assert.match(await page.textContent("#custody"), /no bundle that proves this page/);
  await page.click("text=Verify in this browser");
  const found = await answered(page);
  assert.equal(found.outcome, "none");
  assert.match(found.words, /Nothing was verified/);
  holds("where no map was recorded the page says so, before and after");
  run("publish", join(work, "mapped"), "--ledger", ledger);
  assert.equal((await verify(page, "/mapped/claim/uncovered/")).outcome, "holds");
  holds("with the log's key at hand, publishing records the map, and the page proves itself");
  run("note", "claim/uncovered", "-m", "Later.", ...sign);
  run("claim", "revise", "uncovered", "--summary", "Still none.", "--reason", "Said better.", ...sign);
  execFileSync(grounds, ["publish", join(work, "mapped"), "--ledger", ledger], { env: keyless, stdio: "pipe" });
  const later = await verify(page, "/mapped/claim/uncovered/");
  assert.match(await page.textContent("#custody"), /2 newer entries are not in it/);
  assert.equal(later.outcome, "unknown", later.words);
  assert.match(later.words, /What came later may have changed them/);
  await page.context().close();
  holds("a bundle that ends before the page proves no more than it covers");
}

async function saved() {
  const page = await reader();
  await page.goto(base + HERE);
  const [download] = await Promise.all([page.waitForEvent("download"), page.click("text=Save with its proof")]);
  const file = join(work, download.suggestedFilename());
  await download.saveAs(file);
  await page.context().close();
  const text = readFileSync(file, "utf8");
  assert.ok(!/<(link|img|iframe)\b/.test(text) && !/<script[^>]*\bsrc=/.test(text));
  assert.match(text, /script-src 'sha256-[^']+' 'sha256-[^']+'; style-src 'sha256-/);
  const open = async (path) => {
    const alone = await reader({ offline: true }), requests = [];
    alone.on("request", (request) => requests.push(request.url()));
    await alone.goto(pathToFileURL(path).href);
    const found = await answered(alone);
    assert.deepEqual(requests.filter((url) => !url.startsWith("file:")), []);
    if (pictures) await alone.screenshot({ path: shot("saved"), fullPage: true });
    await alone.context().close();
    return found;
  };
  const found = await open(file);
  assert.equal(found.outcome, "holds", found.words);
  holds(`a saved file of ${text.length} bytes proves itself from a disk, offline, with no request`);
  for (const [name, change] of [
    ["a figure", (html) => html.replace(/(data-figure="supp" value="\d+">)\d+/, "$199")],
    ["the statement", (html) => html.replace(/(data-fact="statement">)/, "$1Not: ")],
    ["the bundle", (html) => html.replace(/(id="kept-bundle">)..../, "$1AAAA")],
  ]) {
    writeFileSync(join(work, "edited.html"), change(text));
    assert.equal((await open(join(work, "edited.html"))).outcome, "fails", name);
  }
  holds("a saved file in which something was edited fails");
}

async function withoutScript() {
  const page = await reader({ javaScriptEnabled: false });
  await page.goto(base + HERE);
  const text = await page.textContent("main");
  assert.match(text, /Check it without this page/);
  assert.equal(await page.$("[data-proof] button"), null);
  await page.context().close();
  holds("without script the page is whole and has no button");
}

async function keysAndActs() {
  // The static site: the signed commit is a file that the operator submits.
  const ledger = join(work, "acts");
  run("init", ledger, "--origin", "grounds.example/acts", "--name", "Ada");
  run("claim", "add", "A claim to attest to", "--slug", "attested", "--summary", "One.", "--ledger", ledger);
  run("publish", join(work, "acted"), "--ledger", ledger);
  const page = await reader(), path = "/acted/claim/attested/";
  await page.goto(base + path);
  await page.click("text=Attest with a key of this browser");
  await page.fill("input[name=agent]", "reader");
  await page.click("text=Make a key");
  const register = await downloaded(page, "a.file");
  const claimed = JSON.parse(readFileSync(register, "utf8"));
  assert.match(claimed.key, /^ssh-ed25519 AAAA/);
  run("agent", "add", "reader", "--name", "A reader", "--role", "attester", "--reliability", "0.5", "--proof", register, "--ledger", ledger);
  holds("a key made in the browser is registered by its file");
  await page.evaluate(async () => {
    const db = await new Promise((resolve) => { const open = indexedDB.open("grounds"); open.onsuccess = () => resolve(open.result); });
    const { pair } = await new Promise((resolve) => { const get = db.transaction("keys").objectStore("keys").get("grounds.example/acts"); get.onsuccess = () => resolve(get.result); });
    if (pair.privateKey.extractable) throw new Error("the key can be taken out");
    return crypto.subtle.exportKey("pkcs8", pair.privateKey).then(() => { throw new Error("the key was taken out"); }, () => true);
  });
  holds("the private key cannot be taken out of the browser");
  run("publish", join(work, "acted"), "--ledger", ledger);
  await page.goto(base + path);
  await page.click("text=Attest with a key of this browser");
  await page.selectOption("select[name=verdict]", "endorses");
  await page.fill("input[name=weight]", "0.8");
  await page.fill("textarea[name=comment]", "I have looked: \"it\" holds — שלום.");
  await page.click("text=Sign, as a file");
  await page.waitForSelector(".signing [data-outcome=fails]");
  holds("nothing is signed before the page is proved");
  await page.click("text=Verify in this browser");
  assert.equal((await answered(page)).outcome, "holds");
  await page.click("text=Sign, as a file");
  await page.waitForSelector(".signing .answer [data-outcome=holds]");
  const act = await downloaded(page, ".signing .answer a.file");
  run("submit", act, "--ledger", ledger);
  const shown = JSON.parse(run("show", "claim/attested", "--ledger", ledger, "--json"));
  const [made] = (shown.page ?? shown).attestations;
  assert.deepEqual([made.agent, made.verdict, made.weight, made.comment], ["reader", "endorses", "0.8", "I have looked: \"it\" holds — שלום."]);
  run("publish", join(work, "acted"), "--ledger", ledger);
  assert.equal((await verify(page, path)).outcome, "holds");
  await page.context().close();
  holds("an attestation signed in the browser is submitted as a file, and the page with it proves itself");
}

async function onTheServer() {
  const ledger = join(work, "live"), own = ["--ledger", ledger];
  run("init", ledger, "--origin", "grounds.example/live", "--name", "Ada");
  run("claim", "add", "A claim to attest to", "--slug", "attested", "--summary", "One.", ...own);
  const child = spawn(grounds, ["serve", "--listen", "127.0.0.1:0", ...own], { env, stdio: ["ignore", "pipe", "inherit"] });
  try {
    const at = await new Promise((found, failed) => {
      let said = "";
      child.stdout.on("data", (bytes) => {
        said += bytes;
        const [, address] = /listening on (http:\S+)/.exec(said) ?? [];
        if (address) found(address);
      });
      child.on("exit", (code) => failed(new Error(`serve ended with ${code}: ${said}`)));
    });
    await liveActs(at, `${at}/claim/attested`, own);
  } finally {
    const ended = new Promise((done) => child.on("exit", done));
    if (child.exitCode === null && child.kill("SIGTERM")) await ended;
  }
}
async function liveActs(at, address, own) {
  const page = await reader();
  while (!(await (await fetch(address)).text()).includes("data-bundle=")); // the server maps what no map covers
  const answer = await page.goto(address);
  const policy = answer.headers()["content-security-policy"];
  assert.match(policy, /script-src 'self'; connect-src 'self'/);
  assert.doesNotMatch(policy, /unsafe/);
  await page.click("text=Verify in this browser");
  const found = await answered(page);
  assert.equal(found.outcome, "holds", found.words);
  holds("a served page proves itself");
  await page.click("text=Attest with a key of this browser");
  await page.fill("input[name=agent]", "reader");
  await page.click("text=Make a key");
  const proof = await downloaded(page, "a.file"), file = join(work, "agent.json");
  run("agent", "add", "reader", "--name", "A reader", "--role", "attester", "--reliability", "0.5", "--proof", proof, "--out", file, ...own);
  const recorded = await fetch(`${at}/api/v1/commits`, { method: "POST", headers: { "content-type": "application/json" }, body: readFileSync(file) });
  assert.equal(recorded.status, 201, await recorded.text());
  while ((await fetch(`${at}/agent/reader`)).status !== 200); // the pages follow the log
  const attest = async (verdict) => {
    await page.goto(address);
    await page.click("text=Attest with a key of this browser");
    await page.selectOption("select[name=verdict]", verdict);
    await page.fill("textarea[name=comment]", "I have looked.");
    await page.click("text=Sign and send");
    await page.waitForSelector(".signing .answer [data-outcome]", { timeout: 30000 });
    return page.textContent(".signing .answer");
  };
  const posts = [];
  page.on("request", (request) => request.method() === "POST" && posts.push(new URL(request.url()).pathname));
  const prepares = "**/api/v1/prepare";
  await page.route(prepares, async (route) => {
    const honest = await route.fetch(), said = (await honest.text()).replaceAll("endorses", "disputes");
    await route.fulfill({ response: honest, body: said });
  });
  assert.match(await attest("endorses"), /not what the form says.*nothing was signed/);
  assert.deepEqual(posts, ["/api/v1/prepare"]);
  await page.unroute(prepares);
  holds("what the server prepared is inspected: another verdict is not signed");
  assert.match(await attest("endorses"), /Recorded as entry @\d+/);
  const receipt = JSON.parse(readFileSync(await downloaded(page, ".signing .answer a.file"), "utf8"));
  assert.equal(receipt.origin, "grounds.example/live");
  assert.match(await attest("endorses"), /Nothing was recorded: exists/);
  let last = null;
  do {
    await page.goto(address);
    await page.click("text=Verify in this browser");
    last = await answered(page);
  } while (last.outcome === "unknown" && /What came later/.test(last.words)); // the server maps once a second
  assert.equal(last.outcome, "holds", last.words);
  assert.equal((await page.$$("[data-attestation]")).length, 1);
  await page.context().close();
  holds("an attestation is signed in the browser, sent, recorded once, and the page with it proves itself");
}

async function downloaded(page, selector) {
  await page.waitForSelector(selector);
  const [download] = await Promise.all([page.waitForEvent("download"), page.click(selector)]);
  const file = join(work, download.suggestedFilename());
  await download.saveAs(file);
  return file;
}

// --- pictures --------------------------------------------------------------------------------------------------------

function shot(name) {
  mkdirSync(pictures, { recursive: true });
  return join(pictures, `proof-${name}.png`);
}
async function look() {
  for (const [name, options] of [["light", {}], ["dark", { colorScheme: "dark" }], ["narrow", { viewport: { width: 360, height: 800 } }], ["forced", { forcedColors: "active" }]]) {
    const page = await reader(options);
    await verify(page);
    await page.click("text=Your copy of the log's key");
    await page.click("text=Attest with a key of this browser");
    await page.fill("input[name=agent]", "reader");
    await page.click("text=Make a key");
    await page.waitForSelector("form.attest");
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(wide <= 0, `${name}: ${wide} px too wide`);
    await page.screenshot({ path: shot(name), fullPage: true });
    for (const part of ["custody", "attestations"]) await page.locator(`#${part}`).screenshot({ path: shot(`${name}-${part}`) });
    await page.context().close();
  }
  const page = await reader();
  tamper = (path, bytes) => (path === HERE ? Buffer.from(bytes.toString().replace(/(data-figure="supp" value="\d+">)\d+/, "$191")) : bytes);
  await verify(page);
  tamper = (path, bytes) => bytes;
  await page.screenshot({ path: shot("tampered"), fullPage: true });
  await page.context().close();
}

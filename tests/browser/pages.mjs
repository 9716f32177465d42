// The pages in a real browser: three ledgers as sites, every kind of page, as readers meet them.
//
//     node pages.mjs PATH_OF_GROUNDS FOLDER_OF_NODE_MODULES OUT [--full]
//
// OUT gets the ledgers, the sites and, in OUT/screenshots, pictures to look at. Without --full, the largest page of each
// kind is tried in all ways, and of the hostile ledger a few more in the quick ones. ONLY="part part" names the parts to
// run, while one is worked on.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { launch, serveFolder, together, watched } from "./chrome.mjs";
import { INJECTIONS, makeArgued, makeHostile, programOf } from "./ledgers.mjs";
import * as looks from "./looks.mjs";
import { held, hold, told } from "./promises.mjs";
import { asked, crawled, served } from "./served.mjs";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../..");
const CLAIM = "claim/individual-neurons-rarely-encode-single-concepts";
const [grounds, modules, out] = process.argv.slice(2, 5).map((path) => resolve(path));
const only = process.env.ONLY?.split(" "); // parts, while working on one
const full = process.argv.includes("--full");
if (!out) {
  console.error("usage: node pages.mjs PATH_OF_GROUNDS FOLDER_OF_NODE_MODULES OUT [--full]");
  process.exit(2);
}
const axe = readFileSync(join(modules, "node_modules/axe-core/axe.min.js"), "utf8");
const shots = join(out, "screenshots");
for (const folder of ["home", "sites", "screenshots"]) rmSync(join(out, folder), { recursive: true, force: true });
for (const folder of [join(out, "home"), join(out, "sites"), shots]) mkdirSync(folder, { recursive: true });

// --- what is shown ----------------------------------------------------------------------------------------------

/** Of what kind a page is: its address without its names and numbers. */
function kindOf(address) {
  const [path, query] = address.split("?");
  const names = [...new URLSearchParams(query).keys()].sort().join("&");
  return `${kindOfPath(path)}${names && `?${names}`}`;
}
function kindOfPath(path) {
  return path.replace(/^\/(claim|artifact|agent|context)\/[^/]+/, "/$1/*").replace(/^\/view\/[^/]+\/(in|down|ex)[^/]+/, "/view/*/verdict")
    .replace(/^\/view\/[^/]+(\/?)$/, "/view/*$1").replace(/\/as-of\/\d+/, "/as-of/#").replace(/\/why\/[^/]+(\/?)$/, "/why/*$1")
    .replace(/^\/(status|domain|by)\/[^/]+/, "/$1/*").replace(/\/(log|part)\/\d+/, "/$1/#");
}

/** The pages of a site by kind, the largest first. */
function pagesOf(folder) {
  const kinds = new Map();
  for (const file of readdirSync(folder, { recursive: true })) {
    if (!/(^|\/)index\.html$/.test(file)) continue;
    const path = `/${file.replace(/index\.html$/, "")}`;
    const kind = kindOf(path);
    if (!kinds.has(kind)) kinds.set(kind, []);
    kinds.get(kind).push({ path, kind, file: join(folder, file), size: statSync(join(folder, file)).size });
  }
  for (const pages of kinds.values()) pages.sort((one, other) => other.size - one.size);
  return kinds;
}

const program = programOf(grounds, join(out, "home"));
const started = Date.now();
const ledgers = { reference: join(ROOT, "ledger"), argued: makeArgued(program, join(out, "home")), hostile: makeHostile(program, join(out, "home")) };
const sites = [];
for (const [name, ledger] of Object.entries(ledgers)) {
  const folder = join(out, "sites", name);
  program(ledger, "publish", folder);
  sites.push({ name, folder, kinds: pagesOf(folder), ...(await serveFolder(folder)) });
}
const [reference, argued, hostile] = sites;
console.log(`three sites made in ${((Date.now() - started) / 1000).toFixed(1)} s`);

const servers = [];
for (const [name, ledger] of Object.entries(ledgers)) servers.push({ name: `server of ${name}`, ...(await served(grounds, ledger, join(out, "home"))) });
const browser = await launch(modules);
try {
  const parts = [theChecksSee, onServers, ...sites.map((site) => () => tour(site)), withoutScript, byKeyboard, onPaper, enlarged, literally, inBytes, pictures];
  for (const part of parts.filter(({ name }) => !only || only.includes(name || "tour"))) {
    const since = Date.now();
    await part();
    console.log(`${part.name || "a tour"}: ${((Date.now() - since) / 1000).toFixed(0)} s`);
  }
} finally {
  await browser.close();
  for (const site of [...sites, ...servers]) site.close();
}

console.log(`in ${((Date.now() - started) / 1000).toFixed(0)} s; pictures in ${shots}`);
process.exitCode = told() ? 1 : 0;

// --- the tests ----------------------------------------------------------------------------------------------------

/** The checks themselves, on a page in which everything is wrong: what they do not see here they would see nowhere. */
async function theChecksSee() {
  const { page, context } = await watched(browser, "about:");
  await page.setViewportSize({ width: 360, height: 800 });
  const seen = async (body, check, what) => {
    await page.setContent(`<!doctype html><main>${body}</main>`);
    const found = await page.evaluate(looks[check]);
    await held("the checks see what they look for", what, () => assert.ok(found.join().includes(what), found.join()));
  };
  await seen("<p style='width:900px'>wide</p>", "layout", "scrolls sideways");
  await seen("<p style='width:4em;overflow:hidden;white-space:nowrap'>much too long for it</p>", "layout", "cuts words");
  await seen("<p>one</p><p style='margin-top:-2.3em'>two</p>", "layout", "words over words");
  await seen("<svg width=40 height=20><text y=12>much too long</text></svg>", "layout", "words leave their drawing");
  await seen("<p style='position:absolute;left:-9px'>left</p>", "layout", "words leave the window");
  await seen("<p onclick='x()'>x</p>", "inert", "p onclick");
  await seen("<a href='javascript:x()'>x</a>", "inert", "a href=javascript:");
  await seen("<iframe></iframe>", "inert", "<iframe>");
  await seen("<script>1</script>", "inert", "<script>");
  await seen("<p style='color:red'>x</p>", "inert", "style of p");
  await seen("<p>by <a>שלום</a> (12%)", "loose", "שלום");
  await page.setContent("<!doctype html><main><p>x <bdi>שלום</bdi></p><p dir=auto>שלום</p></main>");
  await held("the checks see what they look for", "isolated words", async () => assert.deepEqual(await page.evaluate(looks.loose), []));
  await context.close();
}

/** The same pages from a server, and what only a server answers: search, dates, comparisons. */
async function onServers() {
  const [ofReference, ofArgued, ofHostile] = servers;
  for (const site of [ofArgued, ofHostile]) {
    site.kinds = await crawled(site.base, kindOf, full ? 12 : site === ofArgued ? 2 : 1);
    // What a server adds are forms; the rest of its pages was looked at in the sites.
    await tour(site, (kind) => full || (site === ofArgued && /^\/(claim\/\*(\/diff)?)?(\?|$)/.test(kind)));
  }
  await asked(browser, ofReference, ofArgued, CLAIM);
}

/** Every page: inert, nothing asked of others; the largest of each kind: laid out well and accessible. */
async function tour(site, isNew = () => true) {
  const jobs = [...site.kinds.values()].flatMap((pages) => pages.map((page, place) => ({ ...page, place })));
  const deep = full ? Infinity : 1;
  const rooms = await Promise.all([0, 1].map(() => watched(browser, site.base)));
  await together(2, jobs, async ({ path, kind, place }, room) => {
    // Every text of the hostile ledger is on the first few pages of each kind.
    if (place >= (site === hostile ? 4 : 1) && !full) return;
    const { page, wrongs } = rooms[room];
    const where = `${site.name} ${path}`;
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.emulateMedia({ colorScheme: "light", forcedColors: "none", reducedMotion: "no-preference" });
    await page.goto(site.base + path);
    hold("text of the ledger is text: no element, no attribute, no style of its own", where, await page.evaluate(looks.inert));
    hold("words from right to left stand for themselves", where, await page.evaluate(looks.loose));
    if (place < 1 || full) await laidOut(page, where);
    if (place < deep && isNew(kind)) await accessible(page, where);
    hold("no dialog, no window, no complaint, nothing asked of anybody else", where, wrongs.splice(0));
  });
  await Promise.all(rooms.map(({ context }) => context.close()));
}

async function laidOut(page, where) {
  const promise = "no sideways scroll, no cut words, no words over words";
  hold(promise, `${where} at 1440 px`, await page.evaluate(looks.layout));
  await page.setViewportSize({ width: 360, height: 800 });
  hold(promise, `${where} at 360 px`, await page.evaluate(looks.layout));
  await page.setViewportSize({ width: 1440, height: 900 });
}

async function accessible(page, where) {
  await page.evaluate(axe);
  const ask = (options) => page.evaluate(async (asked) => {
    const { violations } = await globalThis.axe.run(document, { resultTypes: ["violations"], ...asked });
    return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target.join(" ")}`));
  }, options);
  hold("axe-core finds nothing, in light and in dark", where, await ask({ rules: { "target-size": { enabled: true } } }));
  // What changes in the dark is colours.
  await page.emulateMedia({ colorScheme: "dark" });
  hold("axe-core finds nothing, in light and in dark", `${where} dark`, await ask(full ? {} : { runOnly: ["color-contrast", "link-in-text-block"] }));
  await page.emulateMedia({ colorScheme: "light", forcedColors: "active", reducedMotion: "reduce" });
  hold("in forced colours every drawing is drawn", where, await page.evaluate(() => {
    const paper = getComputedStyle(document.documentElement).backgroundColor;
    const gone = (selector, property) => [...document.querySelectorAll(selector)]
      .filter((one) => one.checkVisibility() && getComputedStyle(one)[property] === paper).map((one) => `${selector} is ${property} of paper`);
    return [...new Set([...gone(".filled:not(.hatched)", "fill"), ...gone("svg .line, svg .edge, svg .node, svg .tick", "stroke"), ...gone("svg text", "fill")])];
  }));
  hold("nothing moves for who asked for less motion", where, await page.evaluate(() => document.getAnimations().map((one) => `${one.constructor.name} runs`)));
  await page.emulateMedia({ colorScheme: "light", forcedColors: "none", reducedMotion: "no-preference" });
}

/** One of each kind, the largest. */
function* each(site, wanted = () => true) {
  for (const [kind, pages] of site.kinds) if (wanted(kind)) yield pages[0];
}

/** A reader without script reads the same words: a script only adds. */
async function withoutScript() {
  const plain = await watched(browser, argued.base, { javaScriptEnabled: false });
  const scripted = await watched(browser, argued.base);
  for (const { path } of each(argued)) {
    const said = [];
    for (const { page } of [plain, scripted]) {
      await page.goto(argued.base + path);
      said.push(await page.evaluate(() => document.body.innerText.split("\n").map((line) => line.trim()).filter(Boolean)));
    }
    await held("without script the words are the same, a script only adds", path, () => {
      assert.ok(said[0].length > 5, "no words");
      let from = 0;
      for (const line of said[0]) {
        const at = said[1].indexOf(line, from);
        assert.ok(at >= 0, `only without script: ${line}`);
        from = at + 1;
      }
    });
  }
  await plain.context.close();
  await scripted.context.close();
}

/** With the keyboard alone: the skip link, every control in turn, seen where it is, and out again. */
async function byKeyboard() {
  const { page, context } = await watched(browser, argued.base);
  for (const width of full ? [1440, 360] : [360]) {
    await page.setViewportSize({ width, height: 800 });
    for (const { path } of each(argued, (kind) => !/^\/(status|domain|by)\//.test(kind))) {
      await page.goto(argued.base + path);
      const where = `${path} at ${width} px`;
      await held("the skip link is the first stop and leads to the content", where, async () => {
        await page.keyboard.press("Tab");
        const first = await page.evaluate(() => {
          const box = document.activeElement.getBoundingClientRect();
          return { skips: document.activeElement.matches(".skip"), seen: box.left >= 0 && box.width > 40 };
        });
        assert.deepEqual(first, { skips: true, seen: true });
        await page.keyboard.press("Enter");
        await page.keyboard.press("Tab");
        assert.ok(await page.evaluate(() => document.activeElement === document.body || document.activeElement.closest("main, footer") !== null), "the next stop is above the content");
      });
      await page.goto(argued.base + path);
      await page.evaluate(() => document.querySelectorAll("details").forEach((one) => { one.open = true; }));
      const wanted = await page.evaluate(looks.controls);
      let count = 0;
      const wrongs = [];
      for (let presses = 0; presses < wanted + 5; presses += 1) {
        await page.keyboard.press("Tab");
        const stop = await page.evaluate(looks.focused);
        if (!stop || stop.seen) break;
        count = stop.count;
        if (!stop.visible) wrongs.push(`the focus is not seen on ${stop.name}`);
        if (!stop.inside) wrongs.push(`the focus is out of the window on ${stop.name}`);
      }
      if (count !== wanted) wrongs.push(`${count} of ${wanted} controls were reached`);
      hold("the keyboard reaches every control, seen, without a trap", where, wrongs);
    }
  }
  await page.goto(`${argued.base}/claim/rain/`);
  await held("details open by the keyboard", "/claim/rain/", async () => {
    await page.focus("details summary");
    await page.keyboard.press("Enter");
    assert.ok(await page.evaluate(() => document.querySelector("details").open));
    await page.keyboard.press("Space");
    assert.ok(!(await page.evaluate(() => document.querySelector("details").open)));
  });
  await context.close();
}

/** On paper: the reference claim is a dossier of one page, and what it says can be read from it. */
async function onPaper() {
  const { page, context } = await watched(browser, reference.base);
  const printed = async (site, path, name) => {
    await page.goto(site.base + path);
    const file = join(shots, `${name}-print.pdf`);
    await page.pdf({ path: file, format: "A4", preferCSSPageSize: true, printBackground: false });
    const text = execFileSync("pdftotext", ["-layout", file, "-"], { encoding: "utf8" });
    return { pages: text.split("\f").length - 1, text: text.replace(/\s+/g, " ") };
  };
  await held("a printed claim is a page, and says what the page says", CLAIM, async () => {
    const { pages, text } = await printed(reference, `/${CLAIM}/`, "claim");
    assert.equal(pages, 1, `${pages} pages`);
    for (const part of ["rarely encode single", "contested", "Towards Monosemanticity", "Toy Models of Superposition", "Scaling Monosemanticity",
      "60%", "support", "frontier", "contestation", "root", "16 entries"]) assert.ok(text.includes(part), `${part} is not on the paper`);
  });
  await held("a printed old state says that it is one", CLAIM, async () => {
    const { text } = await printed(reference, `/${CLAIM}/as-of/9/`, "claim-as-of");
    assert.ok(text.includes("An old state"), text.slice(0, 200));
  });
  for (const [site, path, name] of [[argued, "/claim/rain/", "argued"], [hostile, "/claim/x0/", "hostile"], [argued, "/log/", "log"], [reference, "/", "list"]]) {
    await held("every page prints", path, async () => assert.ok((await printed(site, path, name)).pages >= 1));
  }
  await context.close();
}

/** Read at 200 % and 400 %, and with letters of twice the size. */
async function enlarged() {
  const { page, context } = await watched(browser, argued.base);
  const session = await context.newCDPSession(page);
  const promise = "enlarged, the page still fits: 200 %, 400 %, and letters of twice the size";
  const ways = [["400 %", 320, 16], ["letters of twice the size", 1280, 32], ...(full ? [["200 %", 640, 16], ["both", 400, 32]] : [])];
  for (const [name, width, letters] of ways) {
    await session.send("Page.setFontSizes", { fontSizes: { standard: letters, fixed: Math.round(letters * 0.8125) } });
    await page.setViewportSize({ width, height: 900 });
    for (const { path } of each(argued)) {
      await page.goto(argued.base + path);
      hold(promise, `${path} ${name}`, await page.evaluate(looks.layout));
    }
  }
  await context.close();
}

/** Every injection is there to be read, letter by letter. */
async function literally() {
  const { page, context } = await watched(browser, hostile.base);
  await page.goto(`${hostile.base}/claim/x0/`);
  const plain = (text) => text.replace(/\s+/g, " ").trim();
  const said = plain(await page.evaluate(() => document.querySelector("#summary").textContent));
  for (const injection of INJECTIONS) {
    await held("what the ledger says is shown as it was written", injection, () => assert.ok(said.includes(plain(injection)), "is not on the page"));
  }
  await context.close();
}

/** What can be said of the files themselves. */
function inBytes() {
  for (const site of sites) {
    for (const { file, path } of [...site.kinds.values()].flat()) {
      const html = readFileSync(file, "utf8");
      const policy = /<meta http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1];
      hold("every page forbids what is not its own, without exceptions", `${site.name} ${path}`, policy === undefined ? "no policy" : lax(policy));
    }
  }
  for (const site of [reference, argued]) {
    for (const { file, path } of site.kinds.get("/claim/*/")) {
      const html = readFileSync(file);
      const sheet = readFileSync(join(site.folder, /style-[0-9a-f]+\.css/.exec(html)[0]));
      const size = gzipSync(html).length + gzipSync(sheet).length;
      hold("a claim page weighs at most 50 KB, its style sheet with it", `${site.name} ${path}`, size > 50 * 1024 && `${size} bytes`);
    }
  }
}

/** What a policy allows that it should not. */
function lax(policy) {
  const wrongs = [];
  if (!/(^|; ?)default-src 'none'/.test(policy)) wrongs.push("default-src is not 'none'");
  for (const directive of policy.split(";")) {
    for (const source of directive.trim().split(/\s+/).slice(1)) {
      if (!/^('none'|'self'|'sha256-[A-Za-z0-9+/=]{44}'|blob:)$/.test(source)) wrongs.push(`allows ${directive.trim()}`);
    }
  }
  return wrongs;
}

/** A picture of every kind of page, to be looked at. */
async function pictures() {
  const rooms = await Promise.all([0, 1].map(() => watched(browser, argued.base)));
  const ways = { wide: [1280, {}], narrow: [360, {}], dark: [1280, { colorScheme: "dark" }], forced: [1280, { forcedColors: "active" }] };
  const jobs = [...each(argued)].flatMap((page) => Object.keys(ways).map((way) => ({ ...page, way })))
    .filter(({ kind, way }) => full || way === "wide" || way === "narrow" || kind === "/claim/*/");
  await together(2, jobs, async ({ path, kind, way }, room) => {
    const { page } = rooms[room];
    const [width, media] = ways[way];
    await page.setViewportSize({ width, height: 900 });
    await page.emulateMedia({ colorScheme: "light", forcedColors: "none", ...media });
    await page.goto(argued.base + path);
    const name = kind.replaceAll("/*", "").replaceAll(/[^a-z-]+/g, "-").replace(/^-|-$/g, "") || "list";
    await page.screenshot({ path: join(shots, `${name}-${way}.png`), fullPage: true });
  });
  await Promise.all(rooms.map(({ context }) => context.close()));
  writeFileSync(join(shots, "made-by"), `${await browser.version()}\n`);
}

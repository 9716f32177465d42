// What only a server answers, asked as a reader asks it: with and without script.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { watched } from "./chrome.mjs";
import { layout, words } from "./looks.mjs";
import { held, hold } from "./promises.mjs";

/** Starts `grounds serve` on a free port, reading only. Gives its address and how to end it. */
export async function served(grounds, ledger, home) {
  const env = { ...process.env, GROUNDS_LEDGER: ledger, GROUNDS_CACHE: join(home, "cache"), GROUNDS_CONFIG: join(home, "config"), NO_COLOR: "1" };
  const child = spawn(grounds, ["serve", "--listen", "127.0.0.1:0", "--read-only"], { env, cwd: home, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  child.stderr.on("data", (text) => { said += text; });
  const base = await new Promise((found, failed) => {
    let heard = "";
    child.stdout.on("data", (text) => {
      heard += text;
      const address = /listening on (http:\S+)/.exec(heard);
      if (address) found(address[1]);
    });
    child.on("exit", (code) => failed(new Error(`grounds serve ended with ${code}: ${said}`)));
  });
  return { base, close: () => child.kill("SIGINT") };
}

/** The pages that links lead to, by kind, so many of each; every link must lead somewhere. */
export async function crawled(base, kindOf, most) {
  const kinds = new Map();
  const asked = new Map();
  const waiting = ["/"];
  const seen = new Set(waiting);
  while (waiting.length > 0) {
    const path = waiting.shift();
    const kind = kindOf(path);
    const count = asked.get(kind) ?? 0;
    // Facets and orders can be combined without end.
    if (count >= most || path.split(/[?&]/).length > 2) continue;
    asked.set(kind, count + 1);
    const answer = await fetch(base + path);
    const type = answer.headers.get("content-type") ?? "";
    const html = await answer.text();
    hold("every link of the server leads somewhere", path, answer.status !== 200 && `${answer.status} ${html.slice(0, 120)}`);
    if (!type.startsWith("text/html")) continue;
    hold("every answer forbids what is not its own, by its headers", path, wantingHeaders(answer.headers));
    if (!kinds.has(kind)) kinds.set(kind, []);
    kinds.get(kind).push({ path, kind, size: html.length });
    for (const [, href] of html.matchAll(/<(?:a|link|script)[^>]* (?:href|src)="([^"#]*)/g)) {
      const address = new URL(href.replaceAll("&amp;", "&"), base + path);
      const next = address.pathname + address.search;
      if (address.origin !== base || seen.has(next)) continue;
      seen.add(next);
      waiting.push(next);
    }
  }
  return kinds;
}

/** What an answer's headers do not forbid that they should. */
function wantingHeaders(headers) {
  const wrongs = [];
  const policy = headers.get("content-security-policy") ?? "";
  if (!/default-src 'none'/.test(policy)) wrongs.push(`Content-Security-Policy: ${policy}`);
  if (!/frame-ancestors 'none'/.test(policy)) wrongs.push("it can be framed");
  if (!/script-src 'self'/.test(policy) || /sandbox/.test(policy)) wrongs.push(`a page cannot be one: ${policy}`);
  if (/unsafe-|\*|data:|https?:/.test(policy)) wrongs.push(`an exception: ${policy}`);
  const expected = { "x-content-type-options": "nosniff", "referrer-policy": "no-referrer", "cross-origin-opener-policy": "same-origin" };
  for (const [name, value] of Object.entries(expected)) if (headers.get(name) !== value) wrongs.push(`${name}: ${headers.get(name)}`);
  return wrongs;
}

/** Search, facets, order, dates, slider and comparisons, without script and with it. */
export async function asked(browser, reference, argued, claim) {
  for (const javaScriptEnabled of [false, true]) {
    const how = javaScriptEnabled ? "with script" : "without script";
    const { page, context, wrongs } = await watched(browser, [argued.base, reference.base], { javaScriptEnabled });
    const rows = () => page.locator(".claims tbody th a").allInnerTexts();
    const said = () => page.evaluate(words);
    const search = async (text) => {
      await page.goto(`${argued.base}/`);
      await page.fill("input[type=search]", text);
      await page.press("input[type=search]", "Enter");
      await page.waitForURL(/[?&]q=/);
    };
    await held("search finds what holds the words, and says what it looked for where nothing does", how, async () => {
      await search("snow");
      assert.deepEqual(await rows(), ["Snow falls mainly on the hills"]);
      assert.equal(await page.inputValue("input[type=search]"), "snow");
      await search(`no "such" <b>word</b>`);
      assert.deepEqual(await rows(), []);
      assert.ok((await said()).includes(`no "such" <b>word</b>`), await said());
      assert.deepEqual(await page.evaluate(layout), []);
      await search("الضوء");
      assert.equal((await rows()).length, 1);
    });
    await held("a facet and an order pick and sort the claims", how, async () => {
      await page.goto(`${argued.base}/`);
      await page.click(".facets a:text-is('contested')");
      await page.waitForURL(/status=contested/);
      assert.equal((await rows()).length, 1);
      await page.goto(`${argued.base}/`);
      await page.click("nav[aria-label=Order] a:has-text('support')");
      await page.waitForURL(/sort=/);
      const figures = (await page.locator(".claims tbody tr").allInnerTexts()).map((row) => Number(/(\d+)%/.exec(row)?.[1] ?? -1));
      assert.ok(figures.length > 3, figures.join());
      assert.deepEqual(figures, [...figures].sort((one, other) => other - one));
    });
    const old = `${reference.base}/${claim}`;
    const band = () => page.locator(".band").innerText();
    await held("a date shows the claim as it was", how, async () => {
      await page.goto(old);
      const newest = await page.locator("[data-figure=supp]").first().getAttribute("value");
      await page.fill("nav.as-of input[type=date]", "2026-03-05");
      await page.click("nav.as-of form:has(input[type=date]) button");
      await page.waitForURL(/as-of=2026-03-05/);
      assert.match(await band(), /An old state/);
      const then = await page.locator("[data-figure=supp]").first().getAttribute("value");
      assert.notEqual(then, newest);
      assert.deepEqual(await page.evaluate(layout), []);
    });
    await held("the slider leads to a state", how, async () => {
      await page.goto(old);
      const range = page.locator("input[type=range]");
      const newest = Number(await range.inputValue());
      await range.focus();
      for (let presses = 0; presses < 3; presses += 1) await page.keyboard.press("ArrowLeft");
      assert.equal(Number(await range.inputValue()), newest - 3);
      await page.click("form:has(input[type=range]) button");
      await page.waitForURL(/(state|as-of)=/);
      assert.match(await band(), /An old state/);
      assert.equal(Number(await page.locator("input[type=range]").inputValue()), newest - 3);
      await page.click("a[rel=next]");
      await page.waitForURL(/as-of=/);
      assert.equal(Number(await page.locator("input[type=range]").inputValue()), newest - 2);
    });
    await held("two dates are compared figure by figure", how, async () => {
      await page.goto(`${old}/diff`);
      await page.fill(".compare input[name=from]", "2026-03-05");
      await page.fill(".compare input[name=to]", "2026-03-09");
      await page.click(".compare button");
      await page.waitForURL(/from=2026-03-05/);
      const text = await said();
      assert.match(text, /support .*%/);
      assert.match(text, /[+−]\d+\.\d/);
      assert.deepEqual(await page.evaluate(layout), []);
    });
    await held("what is asked for wrongly is said on a page that leads on", how, async () => {
      for (const [path, status] of [[`/${claim}?as-of=never`, 400], [`/${claim}?as-of=2001-01-01`, 404], ["/claim/no-such", 404], ["/no/such/page", 404], ["/?sort=beauty", 400]]) {
        const answer = await page.goto(reference.base + path);
        assert.equal(answer.status(), status, path);
        assert.match(answer.headers()["content-type"], /^text\/html/, path);
        assert.ok((await page.locator("main").innerText()).length > 20, path);
        assert.ok(await page.locator("header nav a").count() > 3, path);
      }
    });
    // A page that is not there is said on the console by the browser itself.
    hold("nothing is asked of anybody else", how, wrongs.filter((wrong) => !/status of 4\d\d/.test(wrong)));
    await context.close();
  }
}

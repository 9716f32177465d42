// A browser, a file server for sites, and a page that is watched while it is tried.

import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { extname, join, normalize } from "node:path";

const ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];

/** Debian's chromium, headless; `modules` is the folder that holds node_modules. */
export function launch(modules) {
  const { chromium } = createRequire(join(modules, "x"))("playwright-core");
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ARGUMENTS });
}

const TYPES = {
  ".html": "text/html; charset=utf-8", ".css": "text/css", ".mjs": "text/javascript", ".svg": "image/svg+xml",
  ".json": "application/json", ".jsonl": "application/jsonl", ".jsonld": "application/ld+json", ".atom": "application/atom+xml",
};

/** Serves a folder as any file server does: `…/` is answered with `…/index.html`. Gives its address and how to end it. */
export async function serveFolder(folder) {
  const server = createServer(({ url }, answer) => {
    const path = normalize(decodeURIComponent(new URL(url, "http://x").pathname));
    let file = join(folder, path);
    if (existsSync(file) && statSync(file).isDirectory()) {
      if (!path.endsWith("/")) {
        answer.writeHead(301, { location: `${path}/` }).end();
        return;
      }
      file = join(file, "index.html");
    }
    if (!existsSync(file)) {
      answer.writeHead(404, { "content-type": "text/plain" }).end();
      return;
    }
    answer.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream", "x-content-type-options": "nosniff" });
    createReadStream(file).pipe(answer);
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  return { base: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}

/** A page in a context of its own. What it complains about, opens or asks of others than `base` is kept in `wrongs`. */
export async function watched(browser, base, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: "en-GB", ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(15000);
  const wrongs = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) wrongs.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => wrongs.push(`error: ${error.message}`));
  page.on("dialog", async (dialog) => {
    wrongs.push(`dialog: ${dialog.message()}`);
    await dialog.dismiss();
  });
  page.on("popup", (other) => wrongs.push(`window: ${other.url()}`));
  page.on("request", (request) => {
    const isOwn = [base].flat().some((own) => request.url().startsWith(`${own}/`));
    if (!isOwn && !request.url().startsWith("blob:")) wrongs.push(`request: ${request.url().slice(0, 200)}`);
  });
  await context.addInitScript(() => {
    globalThis.violations = [];
    addEventListener("securitypolicyviolation", (event) => globalThis.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
  });
  return { page, context, wrongs };
}

/** What a list of jobs came to, so many at a time. */
export async function together(count, jobs, work) {
  const waiting = [...jobs];
  const one = async (place) => {
    while (waiting.length > 0) await work(waiting.shift(), place);
  };
  await Promise.all(Array.from({ length: count }, (_, place) => one(place)));
}

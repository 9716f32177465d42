// What a claim page does in a reader's browser: it holds what it shows against the claim's bundle, by the second
// implementation; it saves itself with its proof in one file; it makes keys that do not leave the browser and signs
// attestations with them. Without this script the page is whole. What needs no page stands first.

const VERIFIER = "./verify.mjs";
const NAMES = { evid: "evidence", repl: "replication", cons: "consensus", meth: "methodology", cred: "credibility",
  scop: "scope", brdg: "bridge", cont: "contestation", supp: "support", fron: "frontier", stab: "stability" };
const DERIVED = ["supp", "fron", "stab"];
const utf8 = (text) => new TextEncoder().encode(text);
const base64 = (bytes) => btoa(Array.from(new Uint8Array(bytes), (byte) => String.fromCharCode(byte)).join(""));
const unbase64 = (text) => Uint8Array.from(atob(text), (octet) => octet.charCodeAt(0));
const hex = (bytes) => Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
const unhex = (text) => Uint8Array.from(text.match(/../g), (pair) => parseInt(pair, 16));
const concat = (...parts) => Uint8Array.from(parts.flatMap((part) => [...part]));
const sha256 = (...parts) => globalThis.crypto.subtle.digest("SHA-256", concat(...parts));
const attempt = (read) => { try { return read(); } catch { return null; } };
const counted = (count, one, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;
const plain = (text) => text?.replace(/\s+/g, " ").trim();

// --- what a page has to show: the words of the pages, from what the second implementation has folded

const whole = (ppm) => (ppm === null ? "—" : `${Math.floor((ppm + 5000) / 10000)}%`);
const width = (ppm) => `${Math.floor(ppm / 10000)}.${String(Math.floor((ppm % 10000) / 100)).padStart(2, "0")}%`;
const ratio = (text) => (text === undefined ? undefined : (Number(text) / 1e6).toString());

/** By the name of each thing that a claim page shows: what it says, and of a figure its millionths. */
export function given(ledger, claim, { figures, coverage, assumed }, { size, isPast }) {
  const thing = ledger.things.get(claim), stream = ledger.stream(claim), all = new Map();
  const say = (name, says, exact) => says !== undefined && all.set(name, { says: plain(says), exact });
  const address = (seq) => {
    const { index, position } = stream[seq - 1];
    const { events } = ledger.entries.find((entry) => entry.index === index).commit;
    return events.length > 1 ? `@${index}.${position}` : `@${index}`;
  };
  for (const name of ["statement", "summary", "detail", "lifecycle", "standing", "nature", "polarity",
    "falsifiability"]) say(name, thing[name]);
  say("version", `v${thing.version}`);
  const of = (relation) => [...thing.edges.values()].filter((edge) => edge.relation === relation).length;
  say("evidence", `${of("supports")} for, ${of("disputes")} against`);
  for (const [seq, { relation, note, artifact }] of thing.edges) {
    const own = `evidence ${address(seq)}`;
    say(own, "shown");
    for (const [name, text] of Object.entries({ relation, note, title: ledger.things.get(artifact)?.title })) {
      say(`${own} ${name}`, text);
    }
  }
  for (const [seq, { version, verdict, weight, comment }] of thing.attestations) {
    if (version !== thing.version) continue;
    const own = `attestation ${address(seq)}`;
    say(own, "shown");
    for (const [name, text] of Object.entries({ verdict, weight, comment })) say(`${own} ${name}`, text);
  }
  for (const [name, ppm] of Object.entries(figures)) {
    say(`figure ${name}`, whole(ppm), ppm === null ? undefined : String(ppm));
    const isGuess = assumed.includes(name), says = `${isGuess ? "≈ " : ""}${whole(ppm)}${ppm === null ? " not assessed" : ""}`;
    if (!DERIVED.includes(name)) say(`label ${name}`, `${says}: why ${NAMES[name]}${ppm === null ? " is not" : ""}`);
    if (ppm === null) continue;
    if (!DERIVED.includes(name)) say(`bar ${name}`, width(ppm));
    if (isGuess) say(`assumed ${name}`, "≈");
    const { present, whole: parts } = coverage[name] ?? {};
    if (present < parts) say(`part ${name}`, `of ${present}/${parts}`);
  }
  const [first, last] = [stream[0].index, stream.at(-1).index];
  const span = first === last ? `entry ${first}` : `entries ${first}–${last}`;
  say("check chain", `in the log: ${counted(stream.length, "event")}, ${span} of ${size}`);
  const head = isPast ? "root" : "signed head";
  say("check tree", `its entries hash to the ${head} of ${size} entries`);
  const aside = stream.filter((event) => event.aside).length;
  if (aside) say("check set-aside", `${counted(aside, "event")} set aside: a key that signed was compromised`);
  return all;
}

/** The root of the tree that ends with an entry, from its path in a larger tree: its siblings to the left. */
export async function rootWith(line, index, size, path) {
  const leaf = attempt(() => JSON.parse(line).leaf);
  let [node, at, last] = [leaf ? unhex(leaf) : await sha256([0], utf8(line)), index, size - 1];
  const up = () => ([at, last] = [Math.floor(at / 2), Math.floor(last / 2)]);
  for (const sibling of path) {
    if (at % 2 || at === last) {
      node = await sha256([1], unhex(sibling), new Uint8Array(node));
      while (at && at % 2 === 0) up();
    }
    up();
  }
  return hex(node);
}

/** Holds what is shown against what was found: by name, what differs, and what cannot be told. */
export function compare(shown, found, isCovered) {
  const lines = [], seen = new Set();
  for (const { name, says, exact, element } of shown) {
    seen.add(name);
    const expected = found.get(name), isSame = expected && expected.says === plain(says) && expected.exact === exact;
    const outcome = isSame ? "holds" : isCovered && expected !== null ? "fails" : "unknown";
    lines.push({ name, says: plain(says), exact, found: expected, outcome, element });
  }
  for (const [name, expected] of found) {
    if (!seen.has(name)) lines.push({ name, found: expected, outcome: isCovered ? "fails" : "unknown" });
  }
  return lines;
}

/** What came of a comparison, in words. */
export function told({ name, says, exact, found, outcome }) {
  const [kind, short] = name.split(" "), named = NAMES[short] && kind === "figure" ? NAMES[short] : name;
  const label = named === "evidence" && kind !== "figure" ? "counts of evidence" : named.replace(/^(bar|label|part|assumed) (\w+)/, (_, word, own) => `${NAMES[own]} (${word})`);
  const text = (one) => (one ? `${one.says === "shown" ? "it" : one.says}${one.exact ? ` (${ratio(one.exact)})` : ""}` : "no such thing");
  const page = says === undefined ? "the page does not show it" : `the page says ${text({ says, exact })}`;
  if (outcome === "holds") return `${label}: ${text({ says, exact })}`;
  if (found === null) return `${label}: ${page}; a bundle cannot tell`;
  return `${label}: ${page}, the ledger gives ${text(found)}`;
}

/** What a page may say of witnesses: no more of them, and at no other times, than stand below the head of the bundle. */
export function witnesses(note, says) {
  const lines = note.slice(note.indexOf("") + 1).filter(Boolean).map((line) => unbase64(line.split(" ").at(-1)));
  const minute = (bytes) => new Date(Number(`0x${hex(bytes.subarray(4, 12))}`) * 1000).toJSON()?.slice(0, 16).replace("T", " ");
  const times = lines.filter(({ length }) => length === 76).map(minute), rest = (count) => `${counted(count, "signature")} below the head, not checked here`;
  const [, named, more] = /^witnesses: (?:none asked|(?:cosigned by (.+); it is the ledger that names them)?(?:; )?(?:(\d+) signatures? below the head, not checked here)?)$/.exec(plain(says)) ?? [];
  const own = named?.match(/\(\d{4}-\d\d-\d\d \d\d:\d\d UTC\)/g) ?? [], isAll = own.every((time) => times.includes(time.slice(1, 17)));
  const isTrue = isAll && own.length === (named?.split(", ").length ?? 0) && own.length + Number(more ?? 0) <= lines.length - 1;
  return isTrue && (named || more || / none asked$/.test(plain(says))) ? says : `witnesses: ${lines.length > 1 ? rest(lines.length - 1) : "none asked"}`;
}

/**
 * Checks a bundle and holds a page against it. `page` is {claim, asOf, size, shown}, `second` the second
 * implementation. Gives {outcome, report, lines, at, newer}; nothing is compared where the bundle does not hold.
 */
export async function prove(bytes, page, vkey, second) {
  const bundle = attempt(() => JSON.parse(new TextDecoder().decode(bytes)));
  const entries = attempt(() => bundle.entries.map(({ entry, index, path }) => ({ index, path, line: entry, ...JSON.parse(entry) })));
  const claim = `claim/${page.claim}`, at = page.asOf ?? page.size - 1, map = entries?.at(-1);
  const upTo = entries?.slice(0, -1).filter(({ index }) => index <= at).at(-1)?.index;
  const next = entries?.find(({ index }) => index >= at), isCovered = map?.index >= at;
  const now = next?.index === at || !next ? (next ?? map)?.recorded : entries?.find(({ index }) => index === upTo)?.recorded;
  let found = null;
  const look = (ledger, { index }) => {
    if (index !== upTo || !ledger.things.get(claim)) return;
    const thing = ledger.things.get(claim), model = ledger.facts.model, isSame = !model || bundle.profile.model === `${model.model}@${model.version}`;
    // an attestation that ends between two entries that are carried: which of them the state lies after is not known
    const ends = ({ expires }) => expires > now && expires <= next?.recorded;
    if (!isSame || [...thing.attestations.values()].some(ends)) return;
    const size = page.size, stated = { size, isPast: page.asOf !== undefined };
    found = given(ledger, claim, second.assess(thing, ledger.things, now), stated);
    found.stream = ledger.stream(claim).at(-1);
    found.version = thing.version;
  };
  const report = await second.verifyBundle(bytes, { claim, vkey, look });
  if (report.verdict !== "holds") return { outcome: report.verdict === "cannot_tell" ? "unknown" : "fails", report, lines: [] };
  const note = bundle.checkpoint.split("\n"), head = { size: Number(note[1]), root: hex(unbase64(note[2])) };
  if (!found) return { outcome: "unknown", report, lines: [], at, head };
  const own = entries.find(({ index }) => index === page.size - 1);
  const root = page.size === head.size ? head.root : own && head.size > page.size
    ? await rootWith(own.line, own.index, head.size, own.path) : null;
  const say = (name, says) => found.set(name, says === null ? null : { says });
  say("origin", bundle.origin);
  say("vkey", vkey);
  say("root", root);
  say("size", root ? String(page.size) : null);
  if (!root) say("check tree", null);
  if (page.asOf !== undefined) say("as-of", `@${page.asOf}`);
  const asked = page.shown.find(({ name }) => name === "check witnesses")?.says;
  if (page.asOf === undefined) say("check witnesses", page.size === head.size ? witnesses(note, asked) : null);
  const lines = compare(page.shown, found, isCovered), some = (outcome) => lines.some((line) => line.outcome === outcome);
  const outcome = some("fails") ? "fails" : isCovered && !lines.some((line) => line.outcome === "unknown" && line.found !== null) ? "holds" : "unknown";
  return { outcome, report, lines, at: Math.min(at, map.index), newer: Math.max(0, head.size - 1 - map.index), isCovered, head, found };
}

// --- keys and acts

const SSH = concat([0, 0, 0, 11], utf8("ssh-ed25519"), [0, 0, 0, 32]);
/** An Ed25519 public key as OpenSSH writes it. */
export const sshKey = (raw) => `ssh-ed25519 ${base64(concat(SSH, raw))}`;
/** Its id, as ssh-keygen -l prints it. */
export const keyId = async (raw) => `SHA256:${base64(await sha256(SSH, raw)).slice(0, 43)}`;
/** What the owner of a key signs to have it registered. */
export const possession = (origin, agent, id) => utf8(`grounds/v1/possession\n${origin}\nagent/${agent}\n${id}`);
/** Canonical JSON (RFC 8785) of what an attestation is made of: text, whole numbers, lists, records. */
export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  return `{${Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(",")}}`;
}
/** What is signed of a commit's bytes (DSSE). */
export const signedMessage = (body) => concat(utf8(`DSSEv1 35 application/vnd.grounds.commit+json ${body.length} `), body);
/** The act of a form: an attestation to a version of a claim. */
export function attestation({ claim, verdict, weight, version, comment, expires, interests }) {
  const number = Number(weight);
  if (!(number >= 0 && number <= 1)) throw new Error(`the weight is ${weight}, expected a number from 0 to 1`);
  const data = { verdict, weight: String(Math.round(number * 1e6) / 1e6), version };
  for (const [name, text] of Object.entries({ comment, expires, interests })) if (text?.trim()) data[name] = text.trim();
  return { subject: `claim/${claim}`, type: "attestation.made", data };
}
/** A whole commit of one act. */
export const commitOf = ({ origin, author, at, anchor, seq, prev, act }) =>
  ({ v: 1, ledger: origin, author: `agent/${author}`, at, anchor, events: [{ ...act, seq, prev }] });
/**
 * Whether a commit that somebody prepared says what the form said and nothing else: it is made again from the form
 * and what only the server knows (place, head, time), and must be the same byte for byte. Throws what differs.
 */
export function inspect(text, { origin, author, act, now }) {
  const commit = attempt(() => JSON.parse(text)), [event, more] = commit?.events ?? [];
  const refuse = (what) => { throw new Error(`what the server prepared is not what the form says: ${what}; nothing was signed`); };
  if (!event || more) refuse("expected one event");
  const { at, anchor } = commit, { seq, prev } = event, isHex = (each) => /^[0-9a-f]{64}$/.test(each);
  const isPlaced = Number.isSafeInteger(seq) && seq > 1 && isHex(prev) && Number.isSafeInteger(anchor?.size) && isHex(anchor.root);
  if (!isPlaced) refuse("its place in the log");
  if (!(Math.abs(Date.parse(at) - now) <= 600000)) refuse(`its time is ${at}`);
  const expected = canonical(commitOf({ origin, author, at, anchor: { size: anchor.size, root: anchor.root }, seq, prev, act }));
  if (expected !== text) refuse(`found ${text}, expected ${expected}`);
  return commit;
}
/** A signed commit as it travels. */
export async function signed(text, raw, sign) {
  const body = utf8(text), [key, sig] = [await keyId(raw), base64(await sign(signedMessage(body)))];
  return `{"commit":${text},"signatures":[${canonical({ key, sig })}]}`;
}

// --- the page

const $ = (selector, within = document) => within.querySelector(selector);
const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== false) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== undefined && child !== null));
  return element;
}
const MARKS = { holds: ["for", "✓", "holds"], fails: ["against", "✗", "fails"], unknown: ["contested", "?", "cannot be told"] };
function mark(outcome, words, attributes = {}) {
  const [kind, sign, spoken] = MARKS[outcome];
  return make("li", { class: kind, ...attributes }, make("span", { class: "sign", "aria-hidden": "true" }, sign),
    make("span", { class: "unseen" }, `${spoken}: `), make("span", {}, words));
}

/** Everything on the page that a bundle can be asked about. */
function shownOn(root) {
  const shown = [], add = (name, says, element, exact) => shown.push({ name, says, exact, element });
  for (const element of $$("[data-evidence], [data-attestation]", root)) {
    const { evidence, attestation: made } = element.dataset, own = evidence ? `evidence ${evidence}` : `attestation ${made}`;
    add(own, "shown", null);
    for (const part of $$("[data-fact]", element)) add(`${own} ${part.dataset.fact}`, part.textContent, part);
  }
  for (const element of $$("[data-fact]", root)) {
    if (!element.closest("[data-evidence], [data-attestation], .withdrawn")) add(element.dataset.fact, element.textContent, element);
  }
  for (const element of $$("[data-figure]", root)) {
    add(`figure ${element.dataset.figure}`, element.textContent, element, element.getAttribute("value") ?? undefined);
  }
  for (const element of $$("[aria-label] > [data-figure]", root)) {
    add(`label ${element.dataset.figure}`, element.parentElement.getAttribute("aria-label"), null);
  }
  for (const element of $$("[data-bar]", root)) {
    add(`bar ${element.dataset.bar}`, $("[class^=filled]", element)?.getAttribute("width") ?? "nothing", null);
  }
  for (const kind of ["assumed", "part"]) {
    for (const element of $$(`[data-${kind}]`, root)) add(`${kind} ${element.dataset[kind]}`, element.textContent, element);
  }
  for (const line of $$(".checks > [data-check]", root)) {
    add(`check ${line.dataset.check}`, line.lastElementChild.textContent, line);
  }
  return shown;
}

/** Keys of ledgers that this browser remembers. */
const remembered = {
  of: (origin) => attempt(() => JSON.parse(localStorage.getItem(`grounds vkey ${origin}`))),
  keep: (origin, vkey, how) => attempt(() => localStorage.setItem(`grounds vkey ${origin}`, JSON.stringify({ vkey, how, since: new Date().toJSON().slice(0, 10) }))),
  forget: (origin) => attempt(() => localStorage.removeItem(`grounds vkey ${origin}`)),
};

class Proof {
  constructor(place) {
    const { proof: claim, bundle, asOf, api } = place.dataset;
    const fact = (name) => $(`[data-fact=${name}]`)?.textContent.trim() ?? "";
    Object.assign(this, { place, claim, bundle, api, kept: $("#kept-bundle"), pristine: document.documentElement.cloneNode(true) });
    this.asOf = asOf === undefined ? undefined : Number(asOf);
    Object.assign(this, { origin: fact("origin"), size: Number(fact("size")), own: fact("vkey") });
  }
  show() {
    this.heard = make("div", { class: "answer", role: "status", "aria-live": "polite" });
    this.alarm = make("div", { role: "alert" });
    this.button = make("button", { type: "button", onclick: () => this.run() }, "Verify in this browser");
    const save = make("button", { type: "button", onclick: () => this.save() }, "Save with its proof");
    this.place.append(make("p", { class: "acts" }, this.button, " ", this.kept ? null : save), this.alarm, this.heard, this.keyForm());
    if (this.kept) this.run();
  }
  say(...parts) { this.heard.replaceChildren(...parts.filter(Boolean)); }

  // The reader's own copy of the log's key
  keyForm() {
    const known = remembered.of(this.origin);
    const words = known ? `Remembered in this browser since ${known.since}, ${known.how}:` : "None is remembered in this browser. At first the page's own is taken: then a ledger that somebody rewrote as a whole, with a key of his own, would pass.";
    const field = make("input", { name: "vkey", autocomplete: "off", spellcheck: "false", required: true, dir: "ltr" });
    const take = (event) => {
      event.preventDefault();
      remembered.keep(this.origin, field.value.trim(), "given by you");
      this.renew();
      this.run();
    };
    const forget = () => { remembered.forget(this.origin); this.renew(); };
    this.form = make("details", {}, make("summary", {}, "Your copy of the log's key"), make("p", { class: "soft" }, words),
      known ? make("p", { class: "soft" }, make("code", { class: "key" }, known.vkey)) : null,
      make("form", { onsubmit: take }, make("label", {}, "A log key that you have from somewhere else ", field), " ", make("button", {}, "Use this key"),
        known ? [" ", make("button", { type: "button", onclick: forget }, "Forget it")] : null));
    return this.form;
  }
  renew() {
    const [old, isOpen] = [this.form, this.form.open];
    old.replaceWith(this.keyForm());
    this.form.open = isOpen;
  }

  async second() { return globalThis.groundsVerifier ?? import(new URL(VERIFIER, import.meta.url)); }
  async bytes() {
    if (this.kept) return unbase64(this.kept.textContent);
    if (!this.bundle) throw new Error("this page has no bundle: the log has signed no map that covers the claim");
    const answer = await fetch(this.bundle, { cache: "no-cache" });
    if (!answer.ok) throw new Error(`no bundle at ${this.bundle} (${answer.status}): nothing can be checked here`);
    return new Uint8Array(await answer.arrayBuffer());
  }

  async run() {
    this.button.disabled = true;
    this.alarm.replaceChildren();
    this.place.classList.remove("fails");
    for (const tick of $$(".ticked")) tick.remove();
    for (const was of this.was ?? []) was.line.replaceWith(was.old);
    this.was = [];
    this.say(make("p", {}, "Fetching the bundle and checking it …"));
    try {
      if (!globalThis.crypto?.subtle) throw new Error("a browser gives its cryptography to https and localhost only: fetch the bundle and check it with a program");
      const known = remembered.of(this.origin), isChanged = known && known.vkey !== this.own;
      if (isChanged) this.shout(known);
      const page = { claim: this.claim, asOf: this.asOf, size: this.size, shown: shownOn(document) };
      const proof = await prove(await this.bytes(), page, known?.vkey ?? this.own, await this.second());
      if (isChanged) proof.outcome = "fails";
      this.tick(proof);
      this.answer(proof, known, isChanged);
      if (proof.outcome !== "fails" && !known && proof.lines.length) {
        remembered.keep(this.origin, this.own, "taken from the page at first use");
        this.renew();
      }
      this.proof = proof;
    } catch (error) {
      const words = error.name === "NotSupportedError" ? "this browser has no Ed25519: check the bundle with a program, or with a newer browser" : error.found ? `no such log key: ${error.found}` : error.message;
      this.say(make("p", {}, make("strong", {}, "? Nothing was verified: "), words));
    }
    this.button.disabled = false;
  }
  shout({ vkey, how, since }) {
    const keep = () => { this.alarm.replaceChildren(make("p", {}, "Your key stays. This page does not prove itself by it.")); };
    const change = () => {
      remembered.keep(this.origin, this.own, "taken from the page by your decision");
      this.renew();
      this.run();
    };
    this.alarm.replaceChildren(make("div", { class: "notice against" },
      make("p", {}, make("strong", {}, "✗ THE KEY OF THIS LEDGER HAS CHANGED. "), `This browser remembers another one, since ${since}, ${how}. Somebody may be serving you another ledger under its name. Ask those who keep it, by another way, before you take the new one.`),
      make("p", {}, "remembered: ", make("code", { class: "key" }, vkey)), make("p", {}, "the page's: ", make("code", { class: "key" }, this.own)),
      make("p", { class: "acts" }, make("button", { type: "button", onclick: keep }, "Keep mine"), " ",
        make("button", { type: "button", onclick: change }, "Take the page's key from now on"))));
  }

  // Marks what was compared where it stands
  tick({ lines }) {
    for (const { element, outcome, name, says, found } of lines) {
      const [kind, sign, spoken] = MARKS[outcome];
      if (element && name.startsWith("check ")) {
        // that nobody was asked, or that something was set aside, is as the bundle says and no check that holds
        const isCheck = /^check (chain|tree)$/.test(name), reason = outcome === "fails" ? `expected: ${found?.says ?? "no such line"}`
          : outcome === "unknown" ? "a bundle cannot tell" : isCheck ? "checked here" : "so says the bundle";
        const line = mark(isCheck || outcome === "fails" ? outcome : "unknown", `${says}; ${reason}`, { "data-check": element.dataset.check });
        element.replaceWith(line);
        this.was.push({ line, old: element });
      } else if (element && (name.startsWith("figure ") || outcome !== "holds")) {
        const tick = make("span", { class: `ticked ${kind}`, title: told({ name, says, found, outcome }) },
          make("span", { "aria-hidden": "true" }, sign), make("span", { class: "unseen" }, ` ${spoken}`));
        element.after(tick);
      }
    }
  }
  answer(proof, known, isChanged) {
    const { outcome, report, lines, at, newer, isCovered } = proof, [kind, sign] = MARKS[outcome];
    const wrong = lines.filter((line) => line.outcome === "fails"), open = lines.filter((line) => line.outcome === "unknown");
    const figures = lines.filter((line) => line.name.startsWith("figure ") && line.outcome === "holds").length;
    const others = lines.filter((line) => line.outcome === "holds").length - figures;
    const agree = `${counted(figures, "figure")} and ${counted(others, "other thing")} on this page are what the ledger gives as of entry @${at}`;
    const words = isChanged ? "The page gives another log key than yours. Decide above which is right."
      : report.verdict === "fails" ? "The bundle does not hold. Nothing on this page is proved."
      : wrong.length ? `The page does not say what the ledger gives, in ${counted(wrong.length, "place")}.`
      : !lines.length ? "The bundle does not show this state: nothing on the page was compared."
      : !isCovered ? `${agree}, where the bundle ends. What came later may have changed them: that cannot be told here.`
      : outcome === "holds" ? `${agree}.` : "Not everything could be told.";
    this.place.classList.toggle("fails", outcome === "fails");
    const checks = report.checks.map(({ part, outcome: own, detail }) => mark(own, `${part}: ${detail}`, { "data-checked": part }));
    const faults = report.faults.slice(0, 20).map(({ index, found }) => mark("fails", `${index === null || index === undefined ? "" : `@${index}: `}${found}`));
    const list = (some) => some.map((line) => mark(line.outcome, told(line), { "data-told": line.name }));
    const by = known ? `by the log key that this browser remembers (${known.how})` : "by the page's own log key, as none was remembered: a ledger rewritten as a whole, with a key of its own, would pass";
    this.say(make("p", { class: `verdict ${kind}`, "data-outcome": outcome }, make("strong", {}, `${sign} ${words}`)),
      wrong.length ? make("ul", { class: "checks" }, list(wrong)) : null,
      make("p", { class: "soft" }, `Checked in this browser ${by}.`, lines.length ? " Not compared: drawings, scope, views, neighborhood, domains, trace." : "", newer ? ` ${counted(newer, "newer entry is", "newer entries are")} not in the bundle.` : ""),
      make("details", { open: outcome === "fails" }, make("summary", {}, "The checklist of the bundle"), make("ul", { class: "checks" }, checks, faults)),
      open.length ? make("details", {}, make("summary", {}, `${counted(open.length, "thing")} a bundle cannot tell`), make("ul", { class: "checks" }, list(open))) : "");
  }

  // One file with the page, its bundle and both scripts
  async save() {
    try {
      const bytes = await this.bytes(), text = async (address) => (await fetch(address)).text();
      const style = await text($("link[rel=stylesheet]").href), page = await text(import.meta.url);
      const second = `${await text(new URL(VERIFIER, import.meta.url))}\nglobalThis.groundsVerifier = { verifyBundle, assess };\n`;
      const html = await savedPage(this.pristine, { style, scripts: [second, page], bundle: base64(bytes), address: location.href, time: new Date().toJSON() });
      const link = make("a", { href: URL.createObjectURL(new Blob([html], { type: "text/html" })), download: `${this.claim}${this.asOf === undefined ? "" : `-as-of-${this.asOf}`}.html` });
      link.click();
      this.say(make("p", {}, `Saved as ${link.download}: page, proof and scripts in one file. Opened from a disk it proves itself, without the network. What it proves it proves by the scripts inside, which came from here; your own program is surer.`));
    } catch (error) {
      this.say(make("p", {}, make("strong", {}, "✗ Not saved: "), error.message));
    }
  }
}

/** A page as a document that stands alone. */
async function savedPage(pristine, { style, scripts, bundle, address, time }) {
  const root = pristine.cloneNode(true), head = $("head", root), hash = async (text) => `'sha256-${base64(await sha256(utf8(text)))}'`;
  for (const element of $$("link, script, meta[http-equiv], form", root)) element.remove();
  for (const element of $$("a[href]", root)) {
    const href = element.getAttribute("href");
    if (!href.startsWith("#")) element.setAttribute("href", new URL(href, address).href);
  }
  const hashes = await Promise.all(scripts.map(hash));
  const policy = `default-src 'none'; script-src ${hashes.join(" ")}; style-src ${await hash(style)}; base-uri 'none'; form-action 'none'`;
  head.prepend(make("meta", { charset: "utf-8" }), make("meta", { "http-equiv": "Content-Security-Policy", content: policy }));
  $$("meta[charset]", root).slice(1).forEach((element) => element.remove());
  head.append(make("style", {}, style));
  const band = make("div", { class: "band saved", role: "note" }, make("p", {}, make("strong", {}, "A saved copy. "), `Of ${address}, made ${time.slice(0, 16).replace("T", " ")} UTC. It carries its proof; it knows nothing that came later.`));
  $("main", root).prepend(band);
  $("body", root).append(make("script", { type: "application/octet-stream", id: "kept-bundle" }, bundle),
    ...scripts.map((text) => make("script", { type: "module" }, text)));
  return `<!doctype html>\n${root.outerHTML}\n`;
}

// --- keys of this browser, and attestations signed with them

const store = (mode, ask) => new Promise((resolve, reject) => {
  const opened = indexedDB.open("grounds", 1);
  opened.onupgradeneeded = () => opened.result.createObjectStore("keys");
  opened.onerror = () => reject(opened.error);
  opened.onsuccess = () => {
    const asked = ask(opened.result.transaction("keys", mode).objectStore("keys"));
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  };
});
const saveAs = (name, text) => make("a", { class: "file", download: name, href: URL.createObjectURL(new Blob([text], { type: "application/json" })) }, name);

class Signing {
  constructor(proof) {
    Object.assign(this, { proof, origin: proof.origin, body: make("div"), heard: make("div", { class: "answer", role: "status", "aria-live": "polite" }) });
  }
  async show() {
    const place = $("#attestations");
    if (!place || !globalThis.crypto?.subtle || !globalThis.indexedDB) return;
    this.key = await store("readonly", (keys) => keys.get(this.origin));
    place.append(make("details", { class: "signing" }, make("summary", {}, "Attest with a key of this browser"), this.body, this.heard));
    await this.draw();
  }
  say(...parts) { this.heard.replaceChildren(...parts); }
  async draw() { this.body.replaceChildren(...(this.key ? await this.withKey() : this.withoutKey())); }
  field(words, name, attributes, kind = "input") {
    return make("p", {}, make("label", {}, `${words} `, make(kind, { name, ...attributes })));
  }
  withoutKey() {
    const begin = async (event) => {
      event.preventDefault();
      const agent = new FormData(event.target).get("agent").trim();
      try {
        const pair = await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]);
        [this.key, this.isNew] = [{ agent, pair }, true];
        await store("readwrite", (keys) => keys.put(this.key, this.origin));
        await this.draw();
        this.say(make("p", {}, "The key is made. Have it registered before you sign."));
      } catch (error) {
        this.say(make("p", {}, make("strong", {}, "✗ No key was made: "), error.name === "NotSupportedError" ? "this browser has no Ed25519" : error.message));
      }
    };
    return [make("p", {}, "The key is made here and never leaves this browser: nothing can read it, nothing can copy it. Who clears the data of this browser loses it."),
      make("form", { onsubmit: begin }, this.field("The name that the ledger has, or will have, for you", "agent", { required: true, pattern: "[a-z0-9][a-z0-9\\-]{0,95}", autocapitalize: "none", autocomplete: "off" }),
        make("p", {}, make("button", {}, "Make a key")))];
  }
  async withKey() {
    const { agent, pair } = this.key, raw = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
    this.raw = raw;
    const id = await keyId(raw), proof = base64(await this.sign(possession(this.origin, agent, id)));
    const file = saveAs(`${agent}.key.json`, `${canonical({ key: sshKey(raw), proof })}\n`);
    const forget = async () => {
      if (!confirm("Nobody can bring this key back. Destroy it?")) return;
      this.key = await store("readwrite", (keys) => keys.delete(this.origin));
      await this.draw();
      this.say(make("p", {}, "The key is gone."));
    };
    return [make("details", { open: this.isNew }, make("summary", {}, `The key of agent/${agent}`),
      make("p", { class: "soft" }, make("code", { class: "key", "data-key": id }, sshKey(raw))), make("p", { class: "soft" }, make("code", { class: "key" }, id)),
      make("p", {}, "A steward of the ledger registers it from this file, which proves that you have it: ", file),
      make("p", { class: "soft" }, make("code", {}, `grounds agent add ${agent} --name 'YOUR NAME' --role attester --proof ${agent}.key.json`), ", or, for an agent that is there already, ", make("code", {}, `grounds key add --agent ${agent} --proof ${agent}.key.json`)),
      make("p", {}, make("button", { type: "button", onclick: forget }, "Destroy this key"))), this.attestForm()];
  }
  attestForm() {
    const verdicts = ["verifies", "endorses", "disputes", "abstains"].map((word) => make("option", {}, word));
    return make("form", { class: "attest", onsubmit: (event) => { event.preventDefault(); this.attest(new FormData(event.target)); } },
      make("p", {}, make("label", {}, "This claim, as it stands: I ", make("select", { name: "verdict" }, verdicts))),
      this.field("weight, 0 to 1", "weight", { type: "number", min: 0, max: 1, step: "any", value: "0.5", required: true }),
      this.field("why", "comment", { rows: 4, maxlength: 4000, dir: "auto" }, "textarea"),
      this.field("until (may stay empty)", "expires", { type: "date" }),
      make("p", {}, make("button", {}, this.proof.api ? "Sign and send" : "Sign, as a file")));
  }
  sign(message) { return crypto.subtle.sign("Ed25519", this.key.pair.privateKey, message); }
  async attest(form) {
    try {
      const { claim, origin } = this.proof, { agent } = this.key, version = Number($("[data-fact=version]").textContent.slice(1));
      const fields = Object.fromEntries(["verdict", "weight", "comment", "expires"].map((name) => [name, form.get(name).replaceAll("\r\n", "\n")]));
      const act = attestation({ ...fields, claim, version });
      await (this.proof.api ? this.send(agent, act) : this.file({ origin, author: agent, act }));
    } catch (error) {
      this.say(make("p", { "data-outcome": "fails" }, make("strong", {}, "✗ Nothing was recorded: "), error.message));
    }
  }
  async post(path, body) {
    const answer = await fetch(this.proof.api + path, { method: "POST", headers: { "content-type": "application/json" }, body });
    const said = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Error([said.code, said.detail ?? said.title ?? `status ${answer.status}`, said.hint].filter(Boolean).join(": "));
    return said;
  }
  async send(agent, act) {
    this.say(make("p", {}, "Signing …"));
    const asked = { author: agent, key: await keyId(this.raw), events: [act] };
    const prepared = await this.post("prepare", JSON.stringify(asked)), text = prepared.commit?.text;
    inspect(text, { origin: this.origin, author: agent, act, now: Date.now() });
    const receipt = await this.post("commits", await signed(text, this.raw, (message) => this.sign(message)));
    const isOurs = receipt.commit === hex(await sha256(utf8(text))) && receipt.origin === this.origin;
    if (!isOurs) throw new Error(`the receipt is of another commit (${receipt.commit}); look into the log`);
    this.say(make("p", { class: "verdict for", "data-outcome": "holds" }, make("strong", {}, `✓ Recorded as entry @${receipt.index}. `),
      "The receipt, your own evidence that it was: ", saveAs(`receipt-${receipt.index}.json`, `${JSON.stringify(receipt)}\n`)),
      make("p", {}, make("a", { href: location.pathname }, "Show the claim as it stands now")));
  }
  async file({ origin, author, act }) {
    const { proof } = this.proof, isProved = proof?.outcome === "holds";
    if (!isProved) throw new Error("verify the page first: what is signed names the head and the event before it, and these come from the bundle");
    const { id: prev, seq } = proof.found.stream, { size, root } = proof.head;
    const at = `${new Date().toJSON().slice(0, 19)}Z`, commit = commitOf({ origin, author, at, anchor: { root, size }, seq: seq + 1, prev, act });
    const name = `${this.proof.claim}-${author}.json`, text = await signed(canonical(commit), this.raw, (message) => this.sign(message));
    this.say(make("p", { "data-outcome": "holds" }, make("strong", {}, "✓ Signed, not yet recorded. "), "Hand this file to whoever keeps the ledger, who runs ", make("code", {}, `grounds submit ${name}`), ": ", saveAs(name, `${text}\n`)),
      make("p", { class: "soft" }, "It is good until something else happens to this claim."));
  }
}

const place = globalThis.document && $("[data-proof]");
if (place) {
  const proof = new Proof(place);
  proof.show();
  if (!proof.kept && proof.asOf === undefined) new Signing(proof).show();
}

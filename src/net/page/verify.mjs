// The audit of a ledger, a second time: written from docs/FORMAT.md and the model's own document, sharing no code
// with the crate, so that two implementations must agree before anybody is believed. It runs unchanged in a browser
// and in Node 20 or later; SHA-256 and Ed25519 are WebCrypto's.
//
//     node verify.mjs LEDGER_DIR [--vkey V] [--json]     exit 0 holds, 1 does not hold, 3 damaged, 7 cannot tell
//
// In a page: audit(files, {vkey}) with files = Map of path → Uint8Array.
//
// From top to bottom: bytes, curve and signatures, canonical JSON, forms, tree and map, the state and its rules,
// set-aside, the model, the folder, the checklist.

const MAX = Number.MAX_SAFE_INTEGER;
const LIMITS = { commit: 60000, entry: 65535, events: 256, signatures: 16, depth: 16, ahead: 600 };
const PAYLOAD = "application/vnd.grounds.commit+json";

// --- a refusal ---------------------------------------------------------------------------------------------------

/** What was found and expected, with the stable code of docs/FORMAT.md. `position` is the event in the commit. */
class Refusal extends Error {
  constructor(code, found, expected, position = null) {
    super(`${code}: found ${found}, expected ${expected}`);
    Object.assign(this, { code, found, expected, position });
  }
}
const refuse = (code, found, expected) => { throw new Refusal(code, found, expected); };
const need = (condition, code, found, expected) => condition || refuse(code, found, expected);

// --- bytes -------------------------------------------------------------------------------------------------------

const encoder = new TextEncoder();
const utf8 = (text) => encoder.encode(text);
const hex = (bytes) => Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
const unhex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
const base64 = (bytes) => btoa(Array.from(bytes, (b) => String.fromCharCode(b)).join(""));

/** Canonical standard base64 with padding, or null. */
function unbase64(text) {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4) return null;
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  return base64(bytes) === text ? bytes : null;
}

function concat(...parts) {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  parts.reduce((at, part) => (all.set(part, at), at + part.length), 0);
  return all;
}

const same = (a, b) => a.length === b.length && a.every((byte, i) => byte === b[i]);

function compareBytes(a, b) {
  for (let i = 0; i < a.length && i < b.length; i++) if (a[i] !== b[i]) return a[i] - b[i];
  return a.length - b.length;
}

function u64(number) {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(number));
  return bytes;
}

const sha256 = async (bytes) => new Uint8Array(await globalThis.crypto.subtle.digest("SHA-256", bytes));
const sha256hex = async (bytes) => hex(await sha256(bytes));

/** UTF-8 text, or null where the bytes are none. A byte order mark is kept, for the gate to refuse. */
function decode(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

// --- Ed25519: admission of keys (RFC 8032, section 5.1) and strict signatures ------------------------------------

const P = 2n ** 255n - 19n;
const L = 2n ** 252n + 27742317777372353535851937790883648493n;
const mod = (a) => ((a % P) + P) % P;

function power(base, exponent) {
  let result = 1n;
  for (let b = mod(base), e = exponent; e > 0n; e >>= 1n, b = mod(b * b)) if (e & 1n) result = mod(result * b);
  return result;
}
const D = mod(-121665n * power(121666n, P - 2n));
const SQRT_OF_MINUS_ONE = power(2n, (P - 1n) / 4n);

const littleEndian = (bytes) => BigInt(`0x${hex(Uint8Array.from(bytes).reverse())}`);

/** The point of a canonical encoding, in extended coordinates, or null. */
function decompress(bytes) {
  const encoded = littleEndian(bytes);
  const sign = encoded >> 255n;
  const y = encoded & (2n ** 255n - 1n);
  if (y >= P) return null;
  const u = mod(y * y - 1n);
  const v = mod(D * y * y + 1n);
  let x = mod(u * v ** 3n) * power(u * v ** 7n, (P - 5n) / 8n);
  x = mod(x);
  const back = mod(v * x * x);
  if (back === mod(-u)) x = mod(x * SQRT_OF_MINUS_ONE);
  else if (back !== u) return null;
  if (x === 0n && sign) return null;
  if ((x & 1n) !== sign) x = P - x;
  return [x, y, 1n, mod(x * y)];
}

function add([x1, y1, z1, t1], [x2, y2, z2, t2]) {
  const a = mod((y1 - x1) * (y2 - x2));
  const b = mod((y1 + x1) * (y2 + x2));
  const c = mod(2n * D * t1 * t2);
  const d = mod(2n * z1 * z2);
  const [e, f, g, h] = [b - a, d - c, d + c, b + a];
  return [mod(e * f), mod(g * h), mod(f * g), mod(e * h)];
}

function times(scalar, point) {
  let result = [0n, 1n, 1n, 0n];
  for (let p = point, s = scalar; s > 0n; s >>= 1n, p = add(p, p)) if (s & 1n) result = add(result, p);
  return result;
}

const isIdentity = ([x, y, z]) => x === 0n && y === z;

/** May this key be registered: canonical, not of small order, torsion-free. */
function mayBeKey(bytes) {
  const point = decompress(bytes);
  return point !== null && !isIdentity(point) && isIdentity(times(L, point));
}

// All encodings, canonical or not, of the eight points of small order: sign bit off, then on.
const SMALL_ORDER = new Set([
  "00".repeat(32),
  `01${"00".repeat(31)}`,
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  `ec${"ff".repeat(30)}7f`,
  `ed${"ff".repeat(30)}7f`,
  `ee${"ff".repeat(30)}7f`,
].flatMap((low) => [low, low.slice(0, 62) + (parseInt(low.slice(62), 16) | 128).toString(16)]));

const imported = new Map();

/** Does the signature hold, as `verify_strict` would have it, under a key that was admitted. */
async function verifies(key, signature, message) {
  if (littleEndian(signature.subarray(32)) >= L || SMALL_ORDER.has(hex(signature.subarray(0, 32)))) return false;
  const name = hex(key);
  if (SMALL_ORDER.has(name)) return false;
  const { subtle } = globalThis.crypto;
  if (!imported.has(name)) {
    imported.set(name, await subtle.importKey("raw", key, { name: "Ed25519" }, false, ["verify"]));
  }
  return subtle.verify({ name: "Ed25519" }, imported.get(name), signature, message);
}

const SSH_PREFIX = concat(Uint8Array.of(0, 0, 0, 11), utf8("ssh-ed25519"), Uint8Array.of(0, 0, 0, 32));

/** The 32 bytes of `ssh-ed25519 AAAA…`, or null. */
function sshKey(text) {
  const bytes = text.startsWith("ssh-ed25519 ") ? unbase64(text.slice(12)) : null;
  if (bytes?.length !== 51 || !same(bytes.subarray(0, 19), SSH_PREFIX)) return null;
  return bytes.subarray(19);
}

/** The OpenSSH fingerprint of a raw key. */
const keyId = async (raw) => `SHA256:${base64(await sha256(concat(SSH_PREFIX, raw))).slice(0, 43)}`;

/** A C2SP verifier key of type 0x01 as {name, id, raw}, or null where it is none. The key id is not yet compared. */
function splitVkey(text) {
  const [, name, id, body] = /^([^+\s]+)\+([0-9a-f]{8})\+(.*)$/u.exec(text) ?? [];
  const bytes = body ? unbase64(body) : null;
  return bytes?.length === 33 && bytes[0] === 1 ? { name, id, raw: bytes.subarray(1) } : null;
}

const noteKeyId = async (name, raw) => hex((await sha256(concat(utf8(`${name}\n`), Uint8Array.of(1), raw))).slice(0, 4));

/** A whole vkey: its id is that of its key, and the key is one that may sign. */
async function verifierKey(text) {
  const vkey = splitVkey(text);
  return vkey && (await noteKeyId(vkey.name, vkey.raw)) === vkey.id && mayBeKey(vkey.raw) ? vkey : null;
}

// --- canonical JSON (RFC 8785, integers only) --------------------------------------------------------------------

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

/** The canonical form of a value. Names are sorted by UTF-16 code units, as JavaScript compares them. */
function canonical(value, depth = 1) {
  if (typeof value === "number") {
    need(Number.isSafeInteger(value), "bytes", `the number ${value}`, "an integer within 2^53 - 1");
    return String(value);
  }
  if (typeof value === "string") {
    need(value.isWellFormed?.() ?? !/\p{Surrogate}/u.test(value), "bytes", "a lone surrogate", "whole characters");
    return JSON.stringify(value);
  }
  if (typeof value !== "object" || value === null) return String(value);
  need(depth <= LIMITS.depth, "bytes", `depth ${depth}`, `at most ${LIMITS.depth}`);
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item, depth + 1)).join(",")}]`;
  const names = Object.keys(value).sort();
  const folded = new Set(names.map((name) => name.replace(/[A-Z]/g, (c) => c.toLowerCase())));
  need(folded.size === names.length, "bytes", "two names equal but for case", "different names");
  return `{${names.map((name) => `${canonical(name)}:${canonical(value[name], depth + 1)}`).join(",")}}`;
}

/**
 * The value of canonical bytes. What JSON.parse forgives (spaces, order, a name twice, -0, 1.0, 1e2, needless escapes)
 * shows as a difference between the bytes and the canonical form of what was read.
 */
function parseCanonical(bytes) {
  const text = decode(bytes) ?? refuse("bytes", "bytes that are no UTF-8", "UTF-8");
  let value;
  try {
    value = JSON.parse(text);
  } catch (error) {
    refuse("bytes", error.message, "one JSON document");
  }
  need(canonical(value) === text, "bytes", "bytes in another form", "canonical JSON (RFC 8785)");
  return value;
}

// --- forms -------------------------------------------------------------------------------------------------------

const KINDS = ["agent", "artifact", "context", "claim", "view"];
const ROLES = ["steward", "curator", "contributor", "attester"];
const SLUG = "[a-z0-9][a-z0-9-]{0,95}";
const words = (text) => new Set(text.split("|"));
const pattern = (source) => { const whole = new RegExp(`^(?:${source})$`, "u"); return (v) => whole.test(v); };
const REFUSED_TEXT = new RegExp("[\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f\\u2028\\u2029\\u202a-\\u202e"
  + "\\u2066-\\u2069\\u200e\\u200f\\u061c]|\\p{Noncharacter_Code_Point}", "u");

function isText(value, limit) {
  return !REFUSED_TEXT.test(value) && !/^\p{White_Space}*$/u.test(value) && utf8(value).length <= limit;
}
const isLine = (value, limit) => isText(value, limit) && !/[\n\t]/.test(value);

const leap = (year) => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
const monthDays = (year, month) => [31, leap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1];

function isDate(value) {
  const match = /^(\d{4})(?:-(\d\d)(?:-(\d\d))?)?$/.exec(value);
  if (!match) return false;
  const [year, month, day] = match.slice(1).map((part) => (part === undefined ? 1 : Number(part)));
  return year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= monthDays(year, month);
}

function isTime(value, fraction) {
  const match = /^(\d{4}-\d\d-\d\d)T(\d\d):(\d\d):(\d\d)(\.\d{6})?Z$/.exec(value);
  if (!match || (match[5] !== undefined) !== fraction || !isDate(match[1])) return false;
  return Number(match[2]) < 24 && Number(match[3]) < 60 && Number(match[4]) < 60;
}

/** Seconds since 0001-01-01, for comparing two clocks. */
function seconds(time) {
  const [year, month, day, hour, minute, second] = time.match(/\d+/g).map(Number);
  const before = year - 1;
  let days = 365 * before + Math.floor(before / 4) - Math.floor(before / 100) + Math.floor(before / 400) + day - 1;
  for (let m = 1; m < month; m++) days += monthDays(year, m);
  return ((days * 24 + hour) * 60 + minute) * 60 + second;
}

function isOrcid(value) {
  if (!/^\d{4}-\d{4}-\d{4}-\d{3}[\dX]$/.test(value)) return false;
  const digits = value.replaceAll("-", "");
  const total = [...digits.slice(0, 15)].reduce((sum, digit) => (sum + Number(digit)) * 2, 0);
  return digits[15] === "0123456789X"[(12 - (total % 11)) % 11];
}

const bytesUpTo = (limit, test) => (value) => utf8(value).length <= limit && test(value);

// The values of docs/FORMAT.md, section 1, that are strings.
const STRINGS = {
  origin: bytesUpTo(255, pattern("[a-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9._~-]+)*")),
  slug: pattern(SLUG),
  subject: pattern(`ledger|(${KINDS.join("|")})/${SLUG}`),
  agent: pattern(`agent/${SLUG}`),
  artifact: pattern(`artifact/${SLUG}`),
  context: pattern(`context/${SLUG}`),
  claim: pattern(`claim/${SLUG}`),
  hex: pattern("[0-9a-f]{64}"),
  keyid: (v) => /^SHA256:[A-Za-z0-9+/]{43}$/.test(v) && unbase64(`${v.slice(7)}=`) !== null,
  signature: (v) => unbase64(v)?.length === 64,
  time: (v) => isTime(v, false),
  recorded: (v) => isTime(v, true),
  date: isDate,
  ratio: pattern("0|1|0\\.[0-9]{0,5}[1-9]"),
  url: (v) => isLine(v, 2000) && /^https?:\/\/\P{White_Space}+$/u.test(v),
  doi: (v) => isLine(v, 300) && /^10\.[0-9]{4,9}\/[^\p{White_Space}\p{Uppercase}]+$/u.test(v),
  orcid: isOrcid,
};

// Records and events in the notation of docs/FORMAT.md: [x] a list, <x> a set, <x>* a set that may be empty, {x} a
// record, a|b|c words, ? optional, lineN and textN text of at most N bytes.
const KIND_WORDS = "human|software|organization";
const VERDICTS = "included|downweighted|excluded";
const CLAIM_FIELDS = ["nature", "empirical|interpretive|methodological|bridging|theoretical|normative",
  "polarity", "positive|negative", "falsifiability", "falsifiable|partially_falsifiable|unfalsifiable",
  "origin", "authored|extracted|cross_referenced|imported", "domains", "<{domain}>"];
const claimFields = (mark) => CLAIM_FIELDS.map((word, i) => (i % 2 ? `${word} ` : `${word}${mark}:`)).join("");
const VIEW = `name:line120 description:text2000 rules:[{view_rule}]* otherwise:${VERDICTS}`;
const RECORDS = {
  anchor: "root:hex size:integer",
  signature: "key:keyid sig:signature",
  keyproof: "key:key proof:signature",
  genesis_agent: `slug:slug name:line200 kind:${KIND_WORDS} roles:<${ROLES.join("|")}>* community?:slug `
    + "reliability?:ratio keys:[{keyproof}] next?:hex",
  predecessor: "origin:origin vkey:vkey size:integer root:hex",
  successor: "origin:origin vkey:vkey",
  domain: "name:line120 weight:ratio",
  passage: "label:line300 confidence?:ratio quote?:text4000 page?:line80",
  view_rule: `when:text1000 verdict:${VERDICTS} reason:text300`,
  rule: `roles:<${ROLES.join("|")}>* signatures:count other_than?:asserter kinds?:<${KIND_WORDS}> `
    + "alone?:subject|author|anyone",
  commit: "v:integer ledger:origin anchor:anchor_or_null author:agent at:time events:[event]",
  event: "subject:subject seq:integer prev:hex_or_null effective?:date type:event_type data:data",
  entry: "commit:{commit} recorded:recorded signatures:[{signature}]",
  withheld: "leaf:hex withheld:text300",
};
const EVENTS = {
  "ledger.created": ["ledger", "origin:origin title:line200 description?:text4000 log_key:vkey "
    + "agents:[{genesis_agent}] policy:policy predecessor?:{predecessor}"],
  "ledger.policy_changed": ["ledger", "policy:policy"],
  "ledger.model_adopted": ["ledger", "model:line60 version:line20 spec:hex default:boolean"],
  "ledger.moved": ["ledger", "successor:{successor} reason:text1000"],
  "ledger.frozen": ["ledger", "successor?:{successor} reason:text1000"],
  "ledger.mapped": ["agent", "size:integer root:hex subjects:integer"],
  "agent.registered": ["agent", `name:line200 kind:${KIND_WORDS} roles:<${ROLES.join("|")}>* community?:slug `
    + "reliability?:ratio keys:[{keyproof}] next?:hex orcid?:orcid url?:url"],
  "agent.changed": ["agent", `name?:line200 community?:slug reliability?:ratio roles?:<${ROLES.join("|")}>*`],
  "agent.key_added": ["agent", "key:key proof:signature next?:hex"],
  "agent.key_revoked": ["agent", "key:keyid reason:rotated|lost|compromised since?:integer"],
  "artifact.registered": ["artifact", "title:line1000 kind:paper|dataset|code|report|talk|webpage label?:line200 "
    + "authors?:[text200] year?:year doi?:doi url?:url community?:slug sha256?:hex key?:line200"],
  "artifact.appraised": ["artifact", "credibility?:ratio methodology?:ratio replication?:ratio rationale?:text2000"],
  "artifact.standing_changed": ["artifact", "standing:sound|corrected|concern|retracted|withdrawn|superseded|preprint "
    + "notice?:url reason:text2000 by?:artifact"],
  "context.defined": ["context", "name:line300 kind:line60"],
  "claim.asserted": ["claim", `statement:line1000 summary:text4000 detail?:text16000 ${claimFields("")}key?:line200`],
  "claim.revised": ["claim", `statement?:line1000 summary?:text4000 detail?:text16000 ${claimFields("?")}`
    + "reason:text2000"],
  "claim.status_changed": ["claim", "lifecycle?:proposed|active|superseded|merged|retracted "
    + "standing?:hypothesis|tested|replicated|contested|refuted|settled note:text2000 by?:claim"],
  "claim.scoped": ["claim", "relation:holds_in|fails_in context:context breadth:ratio note?:text2000"],
  "claim.unscoped": ["claim", "ref:integer reason:text2000"],
  "claim.linked": ["claim", "relation:supports|contradicts|refines|generalizes|depends_on|same_as|asserts "
    + "target:claim strength?:ratio note?:text2000"],
  "claim.unlinked": ["claim", "ref:integer reason:text2000"],
  "evidence.added": ["claim", "relation:supports|disputes artifact:artifact strength?:ratio passages?:[{passage}] "
    + "note:text4000 replicates?:artifact replication?:ratio key?:line200"],
  "evidence.revised": ["claim", "ref:integer strength?:ratio passages?:[{passage}] note?:text4000 replication?:ratio "
    + "reason:text2000"],
  "evidence.withdrawn": ["claim", "ref:integer reason:text2000"],
  "attestation.made": ["claim", "verdict:verifies|endorses|disputes|abstains weight:ratio version:integer "
    + "comment?:text4000 role?:line60 expires?:date interests?:text1000"],
  "attestation.withdrawn": ["claim", "ref:integer reason:text2000"],
  "view.defined": ["view", VIEW],
  "view.changed": ["view", VIEW],
  "event.reaffirmed": ["any", "ref:integer reason:text1000"],
  "note.added": ["any", "text:text4000 on?:integer"],
};
// Types that say nothing unless one of these is there.
const ANY_OF = {
  "agent.changed": ["name", "community", "reliability", "roles"],
  "artifact.appraised": ["credibility", "methodology", "replication"],
  "claim.revised": ["statement", "summary", "detail", "nature", "polarity", "falsifiability", "origin", "domains"],
  "evidence.revised": ["strength", "passages", "note", "replication"],
  "claim.status_changed": ["lifecycle", "standing"],
};
const CASES = ["agent.changed/power", "agent.key_revoked/since", "agent.registered/power", "claim.revised/disputed",
  "claim.status_changed/retracted", "claim.status_changed/uncontested", "event.reaffirmed/power"];
const RULE_NAMES = new Set([...Object.keys(EVENTS), ...CASES]);
RULE_NAMES.delete("ledger.created");
RULE_NAMES.delete("ledger.mapped");

const isInteger = (value) => Number.isSafeInteger(value) && value >= 0;
const OTHERS = {
  integer: isInteger,
  year: (v) => isInteger(v) && v >= 1 && v <= 9999,
  boolean: (v) => typeof v === "boolean",
  count: (v) => v === "threshold" || (isInteger(v) && v >= 1 && v <= 16),
  anchor_or_null: (v, path) => v === null || checkRecord(v, RECORDS.anchor, path) || true,
  hex_or_null: (v) => v === null || (typeof v === "string" && STRINGS.hex(v)),
  event_type: (v) => Object.hasOwn(EVENTS, v),
  key: (v) => typeof v === "string" && (sshKey(v) !== null
    && (mayBeKey(sshKey(v)) || refuse("key", "a point that may be no key", "one that is canonical and torsion-free"))),
  vkey: (v) => typeof v === "string" && splitVkey(v) !== null,
  policy: (v, path) => checkPolicy(v, path) || true,
  event: (v, path) => checkEvent(v, path) || true,
  data: isObject,
};

/** Throws unless the value has the form that the notation says. */
function checkForm(value, form, path) {
  const fail = () => refuse("schema", `${path} = ${JSON.stringify(value)?.slice(0, 80)}`, form);
  const list = /^(?:\[(.+)\]|<(.+)>)(\*?)$/.exec(form);
  if (list) {
    const [, item, member, empty] = list;
    if (!Array.isArray(value) || (value.length === 0 && !empty)) fail();
    value.forEach((each, i) => checkForm(each, item ?? member, `${path}[${i}]`));
    if (member) {
      const names = value.map((each) => utf8(isObject(each) ? each.name : each));
      if (names.some((name, i) => i > 0 && compareBytes(names[i - 1], name) >= 0)) fail();
    }
    return;
  }
  if (form.startsWith("{")) return checkRecord(value, RECORDS[form.slice(1, -1)], path);
  if (Object.hasOwn(OTHERS, form)) return OTHERS[form](value, path) || fail();
  if (typeof value !== "string") fail();
  const text = /^(line|text)(\d+)$/.exec(form);
  if (text) return (text[1] === "line" ? isLine : isText)(value, Number(text[2])) || fail();
  return (Object.hasOwn(STRINGS, form) ? STRINGS[form](value) : words(form).has(value)) || fail();
}

function checkRecord(value, notation, path) {
  need(isObject(value), "schema", `${path} is no object`, "an object");
  const known = new Set();
  for (const field of notation.trim().split(" ")) {
    const at = field.indexOf(":");
    const name = field.slice(0, at).replace("?", "");
    known.add(name);
    if (Object.hasOwn(value, name)) checkForm(value[name], field.slice(at + 1), `${path}.${name}`);
    else need(field[at - 1] === "?", "schema", `${path} without ${name}`, `the field ${name}`);
  }
  for (const name of Object.keys(value)) need(known.has(name), "schema", `${path}.${name}`, "no unknown field");
}

function checkPolicy(policy, path) {
  need(isObject(policy) && isObject(policy.rules) && Object.keys(policy).length === 2, "schema", path, "a policy");
  need(isInteger(policy.stewards) && policy.stewards >= 1 && policy.stewards <= 16, "schema", `${path}.stewards`, "1…16");
  for (const [name, rule] of Object.entries(policy.rules)) {
    need(RULE_NAMES.has(name), "schema", `a rule for ${name}`, "an event type or case");
    checkRecord(rule, RECORDS.rule, `${path}.rules.${name}`);
  }
}

function checkEvent(event, path) {
  checkRecord(event, RECORDS.event, path);
  const { type, subject, data, seq, prev } = event;
  const [on, notation] = EVENTS[type];
  need(on === "any" || subject.split("/")[0] === on, "schema", `${type} on ${subject}`, `one on ${on}`);
  need(seq >= 1 && (prev === null) === (seq === 1), "schema", `seq ${seq} with prev ${prev}`, "null exactly at 1");
  checkRecord(data, notation, `${path}.data`);
  need(!ANY_OF[type] || ANY_OF[type].some((name) => name in data), "schema", `${type} of nothing`, ANY_OF[type]);
  need(!("since" in data) || data.reason === "compromised", "schema", "since", "it only with compromised");
  need((type === "ledger.mapped") <= (subject === "agent/log"), "schema", `a map on ${subject}`, "agent/log");
}

/** The entry of a line: {commit, recorded, signatures, body: the commit's bytes}, or {withheld, leaf}. */
function parseEntry(line) {
  need(line.length <= LIMITS.entry, "limit", `${line.length} bytes`, `at most ${LIMITS.entry}`);
  const value = parseCanonical(line);
  need(isObject(value), "schema", "no object", "an entry");
  if ("withheld" in value) return checkRecord(value, RECORDS.withheld, "entry") ?? value;
  checkRecord(value, RECORDS.entry, "entry");
  const { commit, signatures } = value;
  const body = utf8(canonical(commit));
  need(body.length <= LIMITS.commit, "limit", `a commit of ${body.length} bytes`, `at most ${LIMITS.commit}`);
  need(commit.v === 1, "schema", `v ${commit.v}`, "1");
  need(commit.events.length <= LIMITS.events, "limit", `${commit.events.length} events`, LIMITS.events);
  need(signatures.length <= LIMITS.signatures, "limit", `${signatures.length} signatures`, LIMITS.signatures);
  signatures.forEach(({ key }, i) => need(i === 0 || signatures[i - 1].key < key, "schema", key, "keys in order"));
  return { ...value, body };
}

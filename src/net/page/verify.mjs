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
const tagged = (tag, ...parts) => sha256(concat(Uint8Array.of(tag), ...parts));
const sha256hex = async (bytes) => hex(await sha256(bytes));

/** UTF-8 text, or null where the bytes are none. A byte order mark is kept, for the gate to refuse. */
function decode(bytes) {
  try { return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes); } catch { return null; }
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
export function mayBeKey(bytes) {
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

const noteKeyId = async (name, raw) => (
  await sha256hex(concat(utf8(`${name}\n`), Uint8Array.of(1), raw))).slice(0, 8);

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
  try { value = JSON.parse(text); } catch (error) { refuse("bytes", error.message, "one JSON document"); }
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
  origin: bytesUpTo(255, pattern("[a-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9._~-]+)*")), slug: pattern(SLUG),
  subject: pattern(`ledger|(${KINDS.join("|")})/${SLUG}`), agent: pattern(`agent/${SLUG}`),
  artifact: pattern(`artifact/${SLUG}`), context: pattern(`context/${SLUG}`), claim: pattern(`claim/${SLUG}`),
  hex: pattern("[0-9a-f]{64}"),
  keyid: (v) => /^SHA256:[A-Za-z0-9+/]{43}$/.test(v) && unbase64(`${v.slice(7)}=`) !== null,
  signature: (v) => unbase64(v)?.length === 64, time: (v) => isTime(v, false), recorded: (v) => isTime(v, true),
  date: isDate, ratio: pattern("0|1|0\\.[0-9]{0,5}[1-9]"),
  url: (v) => isLine(v, 2000) && /^https?:\/\/\P{White_Space}+$/u.test(v),
  doi: (v) => isLine(v, 300) && /^10\.[0-9]{4,9}\/[^\p{White_Space}\p{Uppercase}]+$/u.test(v), orcid: isOrcid,
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
  anchor: "root:hex size:positive", signature: "key:keyid sig:signature", keyproof: "key:key proof:signature",
  genesis_agent: `slug:slug name:line200 kind:${KIND_WORDS} roles:<${ROLES.join("|")}>* community?:slug `
    + "reliability?:ratio keys:[{keyproof}] next?:hex",
  predecessor: "origin:origin vkey:vkey size:integer root:hex", successor: "origin:origin vkey:vkey",
  domain: "name:line120 weight:ratio", passage: "label:line300 confidence?:ratio quote?:text4000 page?:line80",
  view_rule: `when:text1000 verdict:${VERDICTS} reason:text300`,
  rule: `roles:<${ROLES.join("|")}>* signatures:count other_than?:asserter kinds?:<${KIND_WORDS}> `
    + "alone?:subject|author|anyone",
  commit: "v:integer ledger:origin anchor:anchor_or_null author:agent at:time events:[event]",
  event: "subject:subject seq:integer prev:hex_or_null effective?:date type:event_type data:data",
  entry: "commit:{commit} recorded:recorded signatures:[{signature}]", withheld: "leaf:hex withheld:text300",
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
  "attestation.withdrawn": ["claim", "ref:integer reason:text2000"], "view.defined": ["view", VIEW],
  "view.changed": ["view", VIEW], "event.reaffirmed": ["any", "ref:integer reason:text1000"],
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
  integer: isInteger, positive: (v) => isInteger(v) && v >= 1, year: (v) => isInteger(v) && v >= 1 && v <= 9999,
  boolean: (v) => typeof v === "boolean",
  count: (v) => v === "threshold" || (isInteger(v) && v >= 1 && v <= 16),
  anchor_or_null: (v, path) => v === null || checkRecord(v, RECORDS.anchor, path) || true,
  hex_or_null: (v) => v === null || (typeof v === "string" && STRINGS.hex(v)),
  event_type: (v) => typeof v === "string" && Object.hasOwn(EVENTS, v),
  key: (v) => typeof v === "string" && (sshKey(v) !== null
    && (mayBeKey(sshKey(v)) || refuse("key", "a point that may be no key", "one that is canonical and torsion-free"))),
  vkey: (v) => typeof v === "string" && splitVkey(v) !== null, policy: (v, path) => checkPolicy(v, path) || true,
  event: (v, path) => checkEvent(v, path) || true, data: isObject,
};

/** Throws unless the value has the form that the notation says. */
function checkForm(value, form, path) {
  const codes = { time: "time", recorded: "time", date: "time", key: "key" };
  const code = codes[typeof value === "string" && form] ?? "schema";
  const fail = () => refuse(code, `${path} = ${JSON.stringify(value)?.slice(0, 80)}`, form);
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
  if (text && utf8(value).length > Number(text[2])) refuse("limit", `${path} too long`, form);
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
  const k = policy.stewards;
  need(isInteger(k) && k >= 1 && k <= 16, "schema", `${path}.stewards`, "1…16");
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
export function parseEntry(line) {
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

// --- the tree (RFC 6962), and the map of streams -----------------------------------------------------------------

const leafHash = (line) => tagged(0, line);
const nodeHash = (left, right) => tagged(1, left, right);

/** A tree that grows: the roots of its full subtrees, from the largest to the smallest. */
class Tree {
  peaks = [];
  size = 0;

  async push(leaf) {
    this.peaks.push(leaf);
    for (let rest = this.size; rest & 1; rest >>>= 1) {
      const right = this.peaks.pop();
      this.peaks.push(await nodeHash(this.peaks.pop(), right));
    }
    this.size += 1;
  }

  async root() {
    if (this.size === 0) return sha256(new Uint8Array(0));
    let root = this.peaks.at(-1);
    for (const peak of this.peaks.slice(0, -1).reverse()) root = await nodeHash(peak, root);
    return root;
  }
}

async function rootOf(leaves) {
  const tree = new Tree();
  for (const leaf of leaves) await tree.push(leaf);
  return tree.root();
}

const ZERO = new Uint8Array(32);
const isZero = (bytes) => bytes.every((byte) => byte === 0);

/** What the streams of all subjects are: a sparse Merkle tree, its 256 levels hashed anew only where they changed. */
class StreamMap {
  top = null; // a leaf {key, value}, or a branch [left, right], with `hash` once it is known

  async set(subject, length, last, index) {
    const key = await sha256(utf8(subject));
    const value = await tagged(2, key, u64(length), unhex(last), u64(index));
    this.top = this.put(this.top, { key, value }, 0);
  }

  put(node, leaf, level) {
    if (node === null || (node.key && same(node.key, leaf.key))) return leaf;
    const side = (key) => (key[level >> 3] >> (7 - (level & 7))) & 1;
    const branch = node.key ? [null, null] : node;
    if (node.key) branch[side(node.key)] = { key: node.key, value: node.value };
    branch[side(leaf.key)] = this.put(branch[side(leaf.key)], leaf, level + 1);
    branch.hash = null;
    return branch;
  }

  async root(node = this.top, level = 0) {
    if (node === null) return ZERO;
    if (node.hash) return node.hash;
    const inner = (left, right) => (isZero(left) && isZero(right) ? ZERO : tagged(3, left, right));
    if (!node.key) {
      node.hash = await inner(await this.root(node[0], level + 1), await this.root(node[1], level + 1));
      return node.hash;
    }
    let hash = node.value;
    for (let at = 255; at >= level; at--) {
      const right = (node.key[at >> 3] >> (7 - (at & 7))) & 1;
      hash = await inner(right ? ZERO : hash, right ? hash : ZERO);
    }
    node.hash = hash;
    return hash;
  }
}

// --- the state: what the entries come to -------------------------------------------------------------------------

const slugOf = (subject) => subject.slice(subject.indexOf("/") + 1);
const NEVER_ASIDE = new Set(["ledger.created", "ledger.mapped", "agent.key_revoked"]);
const CREATES = { "agent.registered": "agents", "artifact.registered": "artifacts", "context.defined": "contexts",
  "claim.asserted": "claims", "view.defined": "views" };

/** The meaning of all events that are in effect. It is folded anew whenever something is set aside or brought back. */
class State {
  policy = null;
  closed = false;
  agents = new Map();
  keys = new Map(); // key id → {agent, raw, from, revoked, since}
  artifacts = new Map();
  contexts = new Map();
  claims = new Map();
  views = new Map();

  thing(subject) {
    const kind = subject.split("/")[0];
    return kind === "ledger" ? this : this[`${kind}s`].get(slugOf(subject));
  }

  register(slug, data, event) {
    const { name, kind, roles, community, reliability, next } = data;
    this.agents.set(slug, { slug, name, kind, roles: new Set(roles), community, reliability, next });
    for (const { key } of data.keys) this.addKey(slug, key, event);
  }

  addKey(slug, key, event) {
    const raw = sshKey(key);
    this.keys.set(event.ids.get(key), { agent: slug, raw, from: event.index, event, revoked: false });
  }

  signers(keyIds) {
    return keyIds.map((id) => this.keys.get(id)).filter((key) => key && !key.revoked).map((key) => key.agent);
  }

  ableStewards() {
    const able = new Set([...this.keys.values()].filter((key) => !key.revoked).map((key) => key.agent));
    return [...this.agents.values()].filter((agent) => agent.roles.has("steward") && able.has(agent.slug)).length;
  }

  /** Folds one event. Total: where something is not in effect, what refers to it has no effect either. */
  evolve(event) {
    const { type, data, subject, seq } = event;
    if (event.aside) { if (type === "claim.revised" && this.thing(subject)) this.thing(subject).versions += 1; return; }
    const fold = FOLDS[type] ?? (type in REFERS && ((claim) => claim[REFERS[type]].delete(data.ref)));
    if (type in CREATES || subject === "ledger" || type === "ledger.mapped") fold && fold(this, data, event);
    else if (this.thing(subject)) fold && fold(this.thing(subject), data, event, this, seq);
  }
}

const mergeGiven = (target, data, names) => { for (const name of names) if (name in data) target[name] = data[name]; };

// What takes back, and from where; what may be there once, and which fields make it the same.
const REFERS = { "claim.unscoped": "scopes", "claim.unlinked": "links", "evidence.withdrawn": "edges",
  "evidence.revised": "edges", "attestation.withdrawn": "attestations" };
const ONCE = { "claim.scoped": ["scopes", "relation", "context"], "claim.linked": ["links", "relation", "target"],
  "evidence.added": ["edges", "relation", "artifact", "key"],
  "attestation.made": ["attestations", "author", "version"] };

const FOLDS = {
  "ledger.created": (state, data, event) => {
    state.policy = data.policy;
    for (const agent of data.agents) state.register(agent.slug, agent, event);
    const log = { agent: "log", raw: splitVkey(data.log_key).raw, from: 0, event, revoked: false };
    state.keys.set(event.ids.get(data.log_key), log);
    state.agents.set("log", { slug: "log", roles: new Set() });
  },
  "ledger.policy_changed": (state, data) => { state.policy = data.policy; },
  "ledger.moved": (state) => { state.closed = true; }, "ledger.frozen": (state) => { state.closed = true; },
  "agent.registered": (state, data, event) => state.register(slugOf(event.subject), data, event),
  "agent.changed": (agent, data) => {
    mergeGiven(agent, data, ["name", "community", "reliability"]);
    if (data.roles) agent.roles = new Set(data.roles);
  },
  "agent.key_added": (agent, data, event, state) => {
    state.addKey(agent.slug, data.key, event);
    agent.next = data.next;
  },
  "agent.key_revoked": (agent, data, event, state) => {
    const key = state.keys.get(data.key);
    if (key) Object.assign(key, { revoked: true }, "since" in data ? { since: data.since } : {});
  },
  "artifact.registered": (state, data, event) => state.artifacts.set(slugOf(event.subject),
    { ...data, standing: "sound", appraisals: new Map() }),
  "artifact.appraised": (artifact, data, event) => {
    for (const name of ANY_OF["artifact.appraised"]) {
      if (!(name in data)) continue;
      if (!artifact.appraisals.has(name)) artifact.appraisals.set(name, new Map());
      artifact.appraisals.get(name).set(event.author, ppm(data[name]));
    }
  },
  "artifact.standing_changed": (artifact, data) => { artifact.standing = data.standing; },
  "context.defined": (state, data, event) => state.contexts.set(slugOf(event.subject), data),
  "claim.asserted": (state, data, event) => state.claims.set(slugOf(event.subject), {
    ...data, asserter: event.author, version: 1, versions: 1, lifecycle: "proposed", standing: "hypothesis",
    edges: new Map(), scopes: new Map(), links: new Map(), attestations: new Map(),
  }),
  "claim.revised": (claim, data) => {
    mergeGiven(claim, data, ANY_OF["claim.revised"]);
    claim.versions += 1;
    claim.version = claim.versions;
  },
  "claim.status_changed": (claim, data) => {
    mergeGiven(claim, data, ["lifecycle", "standing"]);
    if (data.lifecycle) claim.by = data.by;
  },
  "claim.scoped": (claim, data, { seq }, state) => { if (state.thing(data.context)) claim.scopes.set(seq, data); },
  "claim.linked": (claim, data, { seq }, state) => { if (state.thing(data.target)) claim.links.set(seq, data); },
  "evidence.added": (claim, data, event) => claim.edges.set(event.seq, { ...data, author: event.author }),
  "evidence.revised": (claim, data) => {
    const edge = claim.edges.get(data.ref);
    if (edge) mergeGiven(edge, data, ANY_OF["evidence.revised"]);
  },
  "attestation.made": (claim, data, event) => claim.attestations.set(event.seq, { ...data, author: event.author }),
  "view.defined": (state, data, event) => state.views.set(slugOf(event.subject), data),
  "view.changed": (view, data) => Object.assign(view, data),
};

const isLive = (claim, attestation) => attestation.version === claim.version;

// --- admission: the rules in force at each entry -----------------------------------------------------------------

const LIFECYCLE = { proposed: "active|retracted", active: "superseded|merged|retracted", superseded: "active",
  merged: "active", retracted: "" };

/** A ledger as far as it was read: its streams, and its state now. One commit after another is admitted. */
class Ledger {
  entries = []; // {index, commit, keys: [{id, agent}], events}
  streams = new Map(); // subject → events, in order
  anchors = new Map(); // author → size of the last anchor
  taken = new Set(); // every key ever registered
  state = new State();
  map = new StreamMap();
  closedBy = null;
  signatures = 0;
  hidden = false; // an entry was withheld: what is not there may have been in it

  stream(subject) { return this.streams.get(subject) ?? []; }

  /** Judges a commit at its index and folds it. `roots[size]` are the roots of this log. Throws a Refusal. */
  async admit({ commit, body, recorded, signatures }, index, roots) {
    need((index === 0) === (commit.anchor === null), index ? "anchor" : "genesis", "an anchor of null", "it at 0 only");
    need(seconds(commit.at) - LIMITS.ahead <= seconds(recorded), "time", commit.at, `${recorded} at most`);
    const last = this.entries.at(-1)?.recorded;
    need(!last || last <= recorded, "time", recorded, `not before ${last}`);
    if (index > 0) need(commit.ledger === this.origin, "ledger", commit.ledger, this.origin);
    const events = await Promise.all(commit.events.map((event, i) => fullEvent(commit, event, index, i)));
    const entry = { index, commit, recorded, events, keys: [] };
    const before = index === 0 ? await this.genesis(commit, events) : this.state;
    entry.keys = await this.verifySignatures(before, commit, body, signatures);
    if (index === 0) {
      const stewards = commit.events[0].data.agents.filter((agent) => agent.roles.includes("steward"));
      const signers = entry.keys.map((key) => key.agent);
      need(signers.length === stewards.length && stewards.every(({ slug }) => signers.includes(slug)), "genesis",
        `signatures by ${signers}`, "one by each steward");
    } else this.checkAnchor(commit, index, roots);
    const signing = [...new Set(entry.keys.map((key) => key.agent))].map((slug) => before.agents.get(slug))
      .map(({ slug, kind, roles }) => ({ slug, kind, roles: new Set(roles) }));
    const { policy } = before;
    this.entries.push(entry);
    let position = 0;
    try {
      for (const event of events) {
        if (index > 0) {
          event.asks = this.judge(event, signing, policy, entry);
          this.checkChain(event);
          await this.checkData(event, entry);
        }
        this.fold(event, index);
        position += 1;
      }
      this.refold(events);
      this.checkStewards(events);
    } catch (error) {
      if (error instanceof Refusal && position < events.length) error.position = position;
      for (const event of events.slice(position)) this.fold(event, index);
      this.refold(events);
      throw error;
    } finally {
      this.anchors.set(commit.author, commit.anchor?.size ?? 0);
      for (const { subject } of events) {
        const stream = this.stream(subject);
        await this.map.set(subject, stream.length, stream.at(-1).id, stream.at(-1).index);
      }
    }
  }

  fold(event, index) {
    if (!this.streams.has(event.subject)) this.streams.set(event.subject, []);
    this.streams.get(event.subject).push(event);
    for (const id of event.ids.values()) this.taken.add(id);
    this.state.evolve(event);
  }

  /** After a revocation with `since` or a reaffirmation, at the end of its commit: everything is folded anew. */
  refold(events) {
    if (!events.some(({ type, data }) => type === "event.reaffirmed" || "since" in data)) return;
    setAside(this.entries);
    this.state = new State();
    for (const entry of this.entries) for (const event of entry.events) this.state.evolve(event);
  }

  /** What only the first entry may be, and the state that its own data gives. */
  async genesis(commit, events) {
    const [event] = events;
    need(events.length === 1 && event.type === "ledger.created", "genesis", event.type, "ledger.created alone");
    const { data } = event;
    need(data.origin === commit.ledger, "ledger", commit.ledger, data.origin);
    const vkey = await verifierKey(data.log_key);
    need(vkey?.name === data.origin, "key", data.log_key, `a vkey of ${data.origin}`);
    this.origin = data.origin;
    this.logKey = vkey;
    const slugs = data.agents.map((agent) => agent.slug);
    need(new Set(slugs).size === slugs.length && !slugs.includes("log"), "exists", "a slug twice, or log", "others");
    await this.checkVkeys(data);
    const keys = data.agents.flatMap((agent) => agent.keys);
    need(event.ids.size === keys.length + 1, "key", "a key twice", "each key once");
    for (const agent of data.agents) await this.checkKeys(agent.slug, agent.keys, event.ids);
    const author = data.agents.find((agent) => `agent/${agent.slug}` === commit.author);
    need(author?.roles.includes("steward"), "genesis", commit.author, "a steward among its agents");
    const state = new State();
    state.evolve(event);
    return state;
  }

  async verifySignatures(state, commit, body, signatures) {
    const message = concat(utf8(`DSSEv1 ${PAYLOAD.length} ${PAYLOAD} ${body.length} `), body);
    const keys = [];
    for (const { key: id, sig } of signatures) {
      const key = state.keys.get(id);
      need(key, "signature", `a signature by ${id}`, "a registered key");
      need(await verifies(key.raw, unbase64(sig), message), "signature", `a false signature by ${id}`, "a true one");
      need(!key.revoked, "signature", `a signature by ${id}`, "a key that is not revoked");
      keys.push({ id, agent: key.agent });
      this.signatures += 1;
    }
    need(keys.some((key) => `agent/${key.agent}` === commit.author), "signature", "none by the author", "the author's");
    return keys;
  }

  checkAnchor({ anchor, author }, index, roots) {
    need(anchor.size >= 1 && anchor.size <= index, "anchor", `size ${anchor.size}`, `1…${index}`);
    need(roots[anchor.size] === anchor.root, "anchor", anchor.root, `${roots[anchor.size]} at size ${anchor.size}`);
    const last = this.anchors.get(author) ?? 0;
    need(anchor.size >= last, "conflict", `an anchor at ${anchor.size}`, `one at ${last} or later`);
  }

  checkChain({ subject, seq, prev }) {
    const stream = this.stream(subject);
    const head = stream.at(-1)?.id ?? null;
    const unseen = this.hidden && seq > stream.length;
    need(unseen || (seq === stream.length + 1 && prev === head), "conflict", `seq ${seq} after ${prev}`,
      `seq ${stream.length + 1} after ${head}`);
  }

  /** The rules that the policy asks for this event, each with who fills it: kept, for setting aside. */
  judge(event, signing, policy, entry) {
    const { type, subject, data } = event;
    const isMap = type === "ledger.mapped";
    need(isMap || !this.state.closed, "closed", type, "only ledger.mapped");
    const byLog = entry.commit.author === "agent/log" || entry.keys.some((key) => key.agent === "log");
    if (isMap || byLog || subject === "agent/log") {
      need(isMap && entry.commit.author === "agent/log" && entry.events.length === 1 && entry.keys.length === 1, "map",
        `${type} by ${entry.commit.author}`, "a map alone in its commit, by agent/log alone");
      return [];
    }
    need(type !== "ledger.created", "genesis", "another genesis", "one");
    const asks = this.ruleNames(event).map((name) => this.ask(name, policy, event, signing));
    const stewards = signing.filter((agent) => agent.roles.has("steward")).map((agent) => agent.slug);
    if (type === "ledger.policy_changed") {
      asks.push({ name: "stewards of both policies", count: Math.max(policy.stewards, data.policy.stewards),
        counted: stewards });
    }
    if (type === "agent.key_added") {
      const agent = this.state.thing(subject);
      const [raw] = [...event.hashes.values()];
      if (agent?.next && agent.next !== raw) {
        asks.push({ name: "override of a key laid down before", count: policy.stewards, code: "key",
          counted: stewards.filter((slug) => slug !== agent.slug) });
      }
    }
    for (const asked of asks) {
      need(filled(asked, asked.counted), asked.code ?? "role", `${asked.name} by ${asked.counted.join() || "nobody"}`,
        `${asked.count} who may${asked.other ? `, one not ${asked.other}` : ""}`);
    }
    return asks;
  }

  ruleNames({ type, subject, data }) {
    const claim = subject.startsWith("claim/") ? this.state.thing(subject) : null;
    const names = [];
    const power = (data.roles ?? []).some((role) => role === "steward" || role === "curator");
    if (type === "agent.registered" && (power || "reliability" in data)) names.push("power");
    if (type === "agent.changed" && ("roles" in data || "reliability" in data)) names.push("power");
    if (type === "agent.key_revoked" && "since" in data) names.push("since");
    if (type === "event.reaffirmed" && /^(ledger$|agent\/)/.test(subject)) names.push("power");
    if (type === "claim.revised" && claim) {
      const live = [...claim.attestations.values()].filter((attestation) => isLive(claim, attestation));
      if (live.some((attestation) => attestation.verdict === "disputes")) names.push("disputed");
    }
    if (type === "claim.status_changed" && data.lifecycle === "retracted") names.push("retracted");
    if (type === "claim.status_changed" && data.standing && claim?.standing === "contested") names.push("uncontested");
    return names.length ? names.map((name) => `${type}/${name}`) : [type];
  }

  ask(name, policy, event, signing) {
    const rule = policy.rules[name];
    need(rule, "role", `no rule for ${name}`, "one");
    const { author, subject, data } = event;
    const kinds = rule.kinds ?? [...words(KIND_WORDS)];
    const fits = (agent) => rule.roles.some((role) => agent.roles.has(role)) && kinds.includes(agent.kind);
    const asserter = event.type === "claim.asserted" ? author : this.state.thing(subject)?.asserter;
    const named = { subject, author: this.stream(subject)[data.ref - 1]?.author, anyone: author }[rule.alone];
    return {
      name, author: slugOf(author), count: rule.signatures === "threshold" ? policy.stewards : rule.signatures,
      counted: signing.filter(fits).map((agent) => agent.slug), other: rule.other_than && asserter && slugOf(asserter),
      authorIsOther: event.type === "attestation.made", alone: named === author,
    };
  }

  /** What the data names: what must exist, be live, be current, be new. */
  async checkData(event, entry) {
    const { type, subject, data, seq } = event;
    const { state } = this;
    const stream = this.stream(subject);
    const here = state.thing(subject);
    const exists = (named) => need(state.thing(named) || this.hidden, "missing", named, "something that exists");
    if (type in CREATES) need(!stream.length && !here && subject !== "agent/log", "exists", subject, "a new subject");
    else if (type === "event.reaffirmed") need(stream.length || this.hidden, "missing", subject, "a subject");
    else exists(subject);
    if (this.hidden && !here && !(type in CREATES)) return;
    for (const name of ["by", "target", "artifact", "replicates", "context"]) {
      if (!(name in data)) continue;
      need(data[name] !== subject, "self", data[name], "another");
      exists(data[name]);
    }
    await this.checkVkeys(data);
    const own = {
      "ledger.mapped": () => this.checkMap(data, entry.index), "ledger.policy_changed": () => {},
      "agent.registered": () => this.checkKeys(slugOf(subject), data.keys, event.ids),
      "agent.key_added": () => this.checkKeys(slugOf(subject), [data], event.ids),
      "agent.key_revoked": () => this.checkRevocation(data, subject, entry),
      "artifact.registered": () => need(!data.doi || ![...state.artifacts.values()].some(({ doi }) => doi === data.doi),
        "exists", data.doi, "another DOI"),
      "claim.status_changed": () => {
        checkStep(here, data);
        for (let at = data.by; at; at = state.thing(at)?.by) need(at !== subject, "self", data.by, "no circle");
      },
      "attestation.made": () => need(data.version === here.version, "version", data.version, here.version),
      "attestation.withdrawn": () => need(here.attestations.has(data.ref)
        && isLive(here, here.attestations.get(data.ref)), "ref", data.ref, "one on the current version"),
      "event.reaffirmed": () => need(stream[data.ref - 1]?.aside, "ref", data.ref, "an event that is set aside"),
      "note.added": () => need(!("on" in data) || stream[data.on - 1], "ref", data.on, `an event before ${seq}`),
    }[type];
    if (own) await own();
    if (type in REFERS) need(here[REFERS[type]].has(data.ref), "ref", data.ref, "a live one");
    if (!(type in ONCE)) return;
    const [things, ...names] = ONCE[type];
    const all = { ...data, author: event.author };
    const there = [...here[things].values()].some((thing) => names.every((name) => thing[name] === all[name]));
    need(!there, "exists", names.map((name) => all[name]).join(" "), "what is not there yet");
  }

  async checkVkeys(data) {
    for (const name of ["predecessor", "successor"]) {
      if (data[name]) need(await verifierKey(data[name].vkey), "key", data[name].vkey, "a vkey");
    }
  }

  async checkKeys(slug, keys, ids) {
    need(new Set(keys.map(({ key }) => key)).size === keys.length, "key", "a key twice", "each key once");
    for (const { key, proof } of keys) {
      const id = ids.get(key);
      need(!this.taken.has(id), "key", id, "a key never registered before");
      const message = utf8(`grounds/v1/possession\n${this.origin}\nagent/${slug}\n${id}`);
      need(await verifies(sshKey(key), unbase64(proof), message), "possession", "a proof that does not hold", "one");
    }
  }

  checkRevocation(data, subject, { index, keys }) {
    const key = this.state.keys.get(data.key);
    need(key && `agent/${key.agent}` === subject, "key", data.key, `a key of ${subject}`);
    need(!key.revoked || (key.since === undefined && "since" in data), "key", data.key, "a key not yet revoked");
    if (!("since" in data)) return;
    need(data.since >= key.from && data.since <= index, "since", data.since, `${key.from}…${index}`);
    need(keys.every(({ id }) => id !== data.key), "key", "a signature by the key itself", "others");
  }

  async checkMap({ size, root, subjects }, index) {
    need(size === index, "map", `size ${size}`, index);
    if (this.hidden) return;
    need(subjects === this.streams.size, "map", `${subjects} subjects`, this.streams.size);
    const own = hex(await this.map.root());
    need(root === own, "map", root, own);
  }

  /** Judged at the end of a commit: nobody may be locked out. */
  checkStewards(events) {
    const able = this.state.ableStewards();
    const { policy } = this.state;
    const types = new Set(events.map((event) => event.type));
    const touched = ["ledger.created", "ledger.policy_changed", "event.reaffirmed"].some((type) => types.has(type));
    const less = touched || types.has("agent.key_revoked") || types.has("agent.changed");
    if (less) need(policy.stewards <= able, "stewards", `${able} able stewards`, `at least ${policy.stewards}`);
    if (!touched) return;
    for (const name of ["ledger.policy_changed", "agent.registered/power"]) {
      need(policy.rules[name], "policy", `no rule for ${name}`, "one");
    }
    for (const [name, { roles, signatures, alone }] of Object.entries(policy.rules)) {
      need(roles.length || alone, "policy", `${name} for nobody`, "roles or alone");
      const onlyStewards = roles.join() === "steward";
      need(!onlyStewards || signatures === "threshold" || signatures <= able, "policy", `${name} by ${signatures}`,
        `at most ${able}`);
    }
  }
}

/** Is what was asked filled by these agents. */
function filled({ count, author, other, authorIsOther, alone }, agents) {
  if (alone) return true;
  if (author && !agents.includes(author)) return false;
  if (other && !(authorIsOther ? author !== other : agents.some((slug) => slug !== other))) return false;
  return agents.length >= count;
}

function checkStep(claim, { lifecycle, standing, by }) {
  const ends = lifecycle === "superseded" || lifecycle === "merged";
  need(ends === (by !== undefined), "status", `${lifecycle} by ${by}`, "`by` exactly with superseded and merged");
  const next = LIFECYCLE[claim.lifecycle];
  if (lifecycle) need(words(next).has(lifecycle), "status", lifecycle, next);
  if (standing) need(standing !== claim.standing, "status", standing, `another than ${claim.standing}`);
}

/** The event with its ids: its own, and those of the keys that it registers. */
async function fullEvent({ at, author, ledger, v }, event, index, position) {
  const id = await sha256hex(utf8(canonical({ ...event, at, author, ledger, v })));
  const { data } = event;
  const given = [...(data.agents ?? []).flatMap((agent) => agent.keys), ...(data.keys ?? [])].map(({ key }) => key);
  if (event.type === "agent.key_added") given.push(data.key);
  const [ids, hashes] = [new Map(), new Map()];
  for (const key of given) { ids.set(key, await keyId(sshKey(key))); hashes.set(key, await sha256hex(sshKey(key))); }
  if (event.type === "ledger.created") ids.set(data.log_key, await keyId(splitVkey(data.log_key).raw));
  return { ...event, id, author, index, position, ids, hashes, asks: [], aside: false };
}

// --- setting aside what a stolen key signed ----------------------------------------------------------------------

/**
 * Marks the events that are set aside: those of an entry at or after `since` that without the compromised keys has lost
 * its author or the threshold of one of its events. A key that such an event registered counts as compromised from
 * there. Reaffirmed events come back, where the reaffirmation is not set aside itself; so this runs until it rests.
 */
function setAside(entries) {
  const known = entries.flatMap(({ events }) => events);
  const at = new Map(known.map((event) => [`${event.subject} ${event.seq}`, event]));
  const revoked = known.filter((event) => event.type === "agent.key_revoked" && "since" in event.data);
  for (let back = new Set(), more = true; more;) {
    const since = new Map(revoked.map(({ data }) => [data.key, data.since]));
    for (const { index, commit, keys, events } of entries) {
      const left = keys.filter(({ id }) => !(since.get(id) <= index)).map((key) => key.agent);
      const fails = (asked) => !filled(asked, asked.counted.filter((slug) => left.includes(slug)));
      const lost = index > 0 && left.length < keys.length && (!left.includes(slugOf(commit.author))
        || events.some(({ asks }) => asks.some(fails)));
      for (const event of events) {
        event.aside = lost && !NEVER_ASIDE.has(event.type) && !back.has(event);
        if (event.aside) for (const id of event.ids.values()) if (!(since.get(id) <= index)) since.set(id, index);
      }
    }
    const reaffirmed = known.filter((event) => event.type === "event.reaffirmed" && !event.aside)
      .map(({ subject, data }) => at.get(`${subject} ${data.ref}`));
    more = reaffirmed.some((event) => !back.has(event));
    back = new Set([...back, ...reaffirmed]);
  }
}

// --- claim_support_vector v1.0, in millionths --------------------------------------------------------------------

const ONE = 1000000n;
const HALF = 500000n;
const ppm = (ratio) => BigInt(ratio.split(".")[0] + (ratio.split(".")[1] ?? "").padEnd(6, "0"));
const sum = (values) => values.reduce((total, value) => total + value, 0n);
const mul = (a, b) => (a * b + HALF) / ONE;
const div = (a, b) => (a * ONE + b / 2n) / b;
const mean = (values) => (sum(values) + BigInt(values.length) / 2n) / BigInt(values.length);
const weightedMean = (pairs) => {
  const weight = sum(pairs.map(([w]) => w));
  return weight > 0n ? (sum(pairs.map(([w, x]) => w * x)) + weight / 2n) / weight : null;
};
// SHA-256 of docs/models/claim_support_vector-v1.0.json.
const SPEC = "f53107e832a831a2d3df24c154b09c107dd709ecde5dc2152df7f0289782dbfe";
const KEPT = { retracted: 0n, withdrawn: 0n, concern: HALF };
const UNKNOWN = "unknown";

/** The evidence edges with their weights; of one relation and artifact only the heaviest keeps its own. */
function weigh(claim, state) {
  const edges = [...claim.edges.entries()].sort(([a], [b]) => a - b).map(([seq, edge]) => {
    const artifact = state.thing(edge.artifact);
    const appraised = (name) => {
      const values = artifact?.appraisals.get(name);
      return values ? mean([...values.values()]) : null;
    };
    const confidences = (edge.passages ?? []).filter(({ confidence }) => confidence).map((p) => ppm(p.confidence));
    const strength = edge.strength ? ppm(edge.strength) : confidences.length ? mean(confidences) : null;
    const [m, c] = [appraised("methodology"), appraised("credibility")];
    const known = [m, c].filter((value) => value !== null);
    const quality = known.length ? mean(known) : HALF;
    const p = edge.replication ? ppm(edge.replication) : appraised("replication");
    const abstains = !artifact || strength === null;
    const w = abstains ? 0n : mul(mul(strength, quality), KEPT[artifact.standing] ?? ONE);
    return { seq, relation: edge.relation, artifact: edge.artifact, community: artifact?.community ?? UNKNOWN,
      abstains, w, m, c, p, assumed: known.length === 0 };
  });
  for (const edge of edges) {
    const rivals = edges.filter(({ relation, artifact }) => relation === edge.relation && artifact === edge.artifact);
    edge.counts = rivals.every(({ w, seq }) => w < edge.w || (w === edge.w && seq >= edge.seq));
  }
  for (const edge of edges) if (!edge.counts) edge.w = 0n;
  return edges;
}

/** The attestations that count, with their masses: each side at most a half, the heaviest first. */
function masses(claim, state, now) {
  const all = [...claim.attestations.entries()].map(([seq, attestation]) => {
    const agent = state.thing(attestation.author);
    const expired = attestation.expires && now >= firstInstant(attestation.expires);
    const counts = isLive(claim, attestation) && !expired && agent?.reliability && attestation.verdict !== "abstains";
    return { seq, side: attestation.verdict === "disputes" ? "against" : "for", community: agent?.community ?? UNKNOWN,
      mass: counts ? mul(mul(ppm(attestation.weight), ppm(agent.reliability)), HALF) : 0n };
  }).sort((a, b) => (a.mass === b.mass ? a.seq - b.seq : a.mass > b.mass ? -1 : 1));
  const room = { for: HALF, against: HALF };
  for (const each of all) {
    if (each.mass > room[each.side]) each.mass = room[each.side];
    room[each.side] -= each.mass;
  }
  return { all, plus: HALF - room.for, minus: HALF - room.against };
}

const firstInstant = (date) => `${date}${"-01-01".slice(date.length - 4)}T00:00:00.000000Z`;

/** The eleven figures, each a BigInt of millionths or null, with what was assumed and what was there. */
export function assess(claim, state, now) {
  const edges = weigh(claim, state);
  const { all, plus, minus } = masses(claim, state, now);
  const side = (relation) => sum(edges.filter((edge) => edge.relation === relation).map(({ w }) => w));
  const [S, D] = [side("supports"), side("disputes")];
  const [r, d] = [S + plus, D + minus];
  const heavy = edges.filter(({ w }) => w > 0n);
  const over = (name, some = heavy) => weightedMean(some.filter((e) => e[name] !== null).map((e) => [e.w, e[name]]));
  const supports = heavy.filter(({ relation }) => relation === "supports");
  const scopes = [...claim.scopes.entries()].sort(([a], [b]) => a - b).map(([, scope]) => scope);
  const outside = (relation) => scopes.filter((scope) => scope.relation === relation)
    .reduce((product, { breadth }) => mul(product, ONE - ppm(breadth)), ONE);
  const communities = new Map();
  const weights = [...heavy.map(({ community, w }) => [community, w]), ...all.map((a) => [a.community, a.mass])];
  for (const [name, mass] of weights) communities.set(name, (communities.get(name) ?? 0n) + mass);
  const total = sum([...communities.values()]);
  const shares = total > 0n ? [...communities.values()].map((mass) => div(mass, total)) : [];
  const figures = {
    evid: edges.some(({ abstains }) => !abstains) ? div(S, S + HALF) : null, repl: over("p", supports),
    cons: r + d > 0n ? div(r, r + d + ONE) : null, meth: over("m"), cred: over("c"),
    scop: scopes.length ? mul(ONE - outside("holds_in"), outside("fails_in")) : null,
    brdg: total > 0n ? ONE - sum(shares.map((share) => mul(share, share))) : null,
    cont: r + d > 0n ? div(2n * (r < d ? r : d), r + d) : null,
  };
  const lack = (figure) => (figure === null ? null : ONE - figure);
  const coverage = {};
  const derive = (name, parts) => {
    const there = parts.filter(([, value]) => value !== null).map(([weight, value]) => [BigInt(weight), value]);
    coverage[name] = { present: Number(sum(there.map(([w]) => w))), whole: parts.reduce((n, [w]) => n + w, 0) };
    figures[name] = weightedMean(there);
  };
  derive("supp", [[4, figures.evid], [3, figures.repl], [3, figures.cons]]);
  if (figures.evid === null) figures.supp = null;
  derive("fron", [[1, figures.brdg], [1, figures.cont], [1, lack(figures.cons)]]);
  derive("stab", [[2, figures.repl], [1, figures.cons], [1, lack(figures.cont)]]);
  return { figures, coverage, assumed: assumedFigures(figures, heavy) };
}

/** The figures that an assumed quality enters. */
function assumedFigures(figures, heavy) {
  const guessed = heavy.filter(({ assumed }) => assumed);
  const supports = guessed.filter(({ relation }) => relation === "supports");
  const touched = new Set([
    ...(guessed.length ? ["cons", "brdg", "cont", "fron", "stab", "supp"] : []),
    ...(supports.length ? ["evid"] : []),
    ...(supports.some(({ p }) => p !== null) ? ["repl"] : []),
  ]);
  return Object.keys(figures).filter((name) => touched.has(name) && figures[name] !== null);
}

// --- the folder: lines, checkpoint, tiles ------------------------------------------------------------------------

const PARTS = ["bytes", "signatures", "chains", "anchors", "rules", "tree", "checkpoint", "witnesses", "scores"];
const PART_OF = { signature: "signatures", conflict: "chains", anchor: "anchors", map: "tree" };

/** The lines of events/, in order: {bytes, file, line, torn}. Says what does not belong there. */
function readLines(files, say) {
  const names = [...files.keys()].filter((path) => path.startsWith("events/")).sort();
  const lines = [];
  for (const path of names) {
    if (/^events\/\d{12}\.jsonl\.zst$/.test(path)) return say("packed", path);
    if (!/^events\/\d{12}\.jsonl$/.test(path)) { say("bytes", "a stray file", "segments only", path); continue; }
    const first = Number(path.slice(7, 19));
    if (first !== lines.length) say("segment", `a segment from ${first}`, `one from ${lines.length}`, path);
    let bytes = files.get(path);
    if (path === names.at(-1)) while (bytes.at(-1) === 0) bytes = bytes.subarray(0, -1);
    for (let start = 0, line = 1; start < bytes.length; line++) {
      const end = bytes.indexOf(10, start);
      const stop = end < 0 ? bytes.length : end;
      lines.push({ bytes: bytes.subarray(start, stop), where: `${path} line ${line}`, torn: end < 0 });
      start = stop + 1;
    }
  }
  return lines;
}

/** The leaf of a line: its hash, or the one that it says stood there. */
async function leafOf({ bytes, torn }) {
  if (torn || bytes.length > LIMITS.entry) return "none";
  const own = hex(await leafHash(bytes));
  try { return decode(bytes.subarray(0, 9)) === '{"leaf":"' ? parseEntry(bytes).leaf ?? own : own; } catch {
    return own;
  }
}

/** The checkpoint as {size, root}, signed by the log's key. Throws {found, stray}. */
async function readCheckpoint(bytes, vkey) {
  const bad = (found, stray = false) => { throw Object.assign(new Error(found), { found, stray }); };
  const text = (bytes && decode(bytes)) ?? bad(bytes ? "bytes that are no UTF-8" : "no file");
  const cut = text.lastIndexOf("\n\n");
  if (cut < 0 || !text.endsWith("\n")) bad("no note: text, an empty line, signature lines");
  if (/[\u0000-\u0009\u000b-\u001f]/.test(text)) bad("a control character");
  const body = text.slice(0, cut + 1);
  const [, origin, size, root] = /^([^\n]+)\n(0|[1-9]\d{0,15})\n([^\n]+)\n$/.exec(body) ?? bad("no head");
  const hash = unbase64(root);
  if (hash?.length !== 32 || !(Number(size) >= 1 && Number(size) <= MAX)) bad("no head of a log with entries");
  if (origin !== vkey.name) bad(`the head of ${origin}`);
  let [signed, stray] = [false, null];
  for (const line of text.slice(cut + 2, -1).split("\n")) {
    const [, name, body64] = /^\u2014 ([^+\s]+) (\S+)$/u.exec(line) ?? bad(`the line ${line}`);
    const bytes64 = unbase64(body64);
    if (!bytes64 || bytes64.length < 5) bad(`the signature line of ${name}`);
    if (name !== vkey.name || hex(bytes64.subarray(0, 4)) !== vkey.id) stray = name;
    else if (bytes64.length === 68 && (await verifies(vkey.raw, bytes64.subarray(4), utf8(body)))) signed = true;
    else bad(`a signature of ${name} that does not hold`);
  }
  if (!signed) bad("no signature by the log's key");
  if (stray) bad(`a signature line by ${stray} that no key here can check`, true);
  return { size: Number(size), root: hex(hash) };
}

/** tile/<level>/<n>[.p/<width>] as {level, first, width}, or null where it is no name of a tile. */
function tileName(path) {
  const match = /^tile\/(entries|0|[1-9]\d?)\/((?:x\d{3}\/)*\d{3})(?:\.p\/([1-9]\d{0,2}))?$/.exec(path);
  if (!match || Number(match[3] ?? 1) > 255) return null;
  const groups = match[2].replaceAll("x", "").split("/");
  if (groups.length > 1 && groups[0] === "000") return null;
  return { level: match[1], first: Number(groups.join("")) * 256, width: Number(match[3] ?? 256) };
}

/** The leaves that the tiles of level 0 say, with gaps (undefined) where a tile is missing. */
function leavesOfTiles(files, size) {
  const leaves = new Array(size);
  for (const [path, bytes] of files) {
    const tile = path.startsWith("tile/0/") ? tileName(path) : null;
    if (!tile || bytes.length !== tile.width * 32) continue;
    for (let i = 0; i < tile.width && tile.first + i < size; i++) {
      leaves[tile.first + i] ??= hex(bytes.subarray(32 * i, 32 * i + 32));
    }
  }
  return leaves;
}

/** What every file under tile/ must be, by the lines and their leaves. */
async function checkTiles(files, slots, leaves, say) {
  const levels = [leaves.map(unhex)];
  while (levels.at(-1).length >= 256) {
    const below = levels.at(-1);
    const above = [];
    for (let i = 0; i + 256 <= below.length; i += 256) above.push(await rootOf(below.slice(i, i + 256)));
    levels.push(above);
  }
  let count = 0;
  for (const [path, bytes] of files) {
    if (!path.startsWith("tile/")) continue;
    count += 1;
    const tile = tileName(path);
    const level = tile?.level === "entries" ? slots.map((slot) => slot?.bytes) : levels[Number(tile?.level)];
    const part = level?.slice(tile.first, tile.first + tile.width) ?? [];
    if (part.some((each) => !each)) continue; // a line is damaged: said already
    const sized = (line) => [Uint8Array.of(line.length >> 8, line.length & 255), line];
    const own = tile?.level === "entries" ? concat(...part.flatMap(sized)) : concat(...part);
    if (!part.length || part.length < tile.width || !same(own, bytes)) {
      say("tree", `${bytes.length} other bytes`, part.length ? "the tile of this log" : "no such file", path);
    }
  }
  return count;
}

/** Which line stands at which index: by their leaves, where the signed head says what these are. */
function place(lines, leaves, say) {
  const at = new Map(leaves.map((leaf, index) => [leaf, index]));
  const slots = new Array(leaves.length);
  let next = 0;
  let line = 0;
  for (; line < lines.length && (next < leaves.length || slots[at.get(lines[line].leaf)] === undefined
    && at.has(lines[line].leaf)); line++) {
    const { leaf, where } = lines[line];
    const index = at.get(leaf);
    if (index === undefined) {
      say("tree", `a line with leaf hash ${leaf}`, `the line with leaf hash ${leaves[next]}`, where, next);
      if (lines[line + 1]?.leaf !== leaves[next]) next += 1;
    } else if (slots[index]) say("tree", `entry @${index} again`, "the next entry", where, index);
    else {
      slots[index] = lines[line];
      if (index < next) say("tree", `entry @${index} out of order`, "entries in order", where, index);
      else next = index + 1;
    }
  }
  for (let index = 0; index < leaves.length; index++) {
    if (!slots[index]) say("tree", "no such line", `the line with leaf hash ${leaves[index]}`, "events/", index);
  }
  return { slots, rest: lines.slice(line) };
}

/** Lines after the checkpoint: never acknowledged, unless whole batches stand after a bad one, which is damage. */
function checkTail(rest, size, say) {
  const recorded = rest.map((line) => {
    try { return line.torn ? null : parseEntry(line.bytes).recorded ?? null; } catch { return null; }
  });
  const bad = recorded.indexOf(null);
  const batches = new Set(recorded.slice(bad + 1).filter((each) => each !== null));
  if (bad >= 0 && batches.size > 1) {
    say("tree", "a bad line before several batches", "an entry", rest[bad].where, size + bad);
  }
}

// --- the audit ---------------------------------------------------------------------------------------------------

/** Audits a ledger given as Map of path → Uint8Array. Answers {verdict, first_index, checks, faults, figures}. */
export async function audit(files, { vkey: given = null } = {}) {
  const faults = [];
  let [damaged, packed] = [false, false];
  const fault = (part, index, found, expected, more = {}) => faults.push({ part, index, ...more, found, expected });
  const damage = (part, found, expected, file, index = null) => {
    damaged = true;
    fault(part, index, found, expected, { file });
  };
  const lines = readLines(files, (what, found, expected, file) => {
    if (what === "packed") packed = true;
    else if (what === "segment") damage("bytes", found, expected, file);
    else fault(what, null, found, expected, { file });
  });
  if (packed) return { verdict: "unknown", first_index: null, checks: [], faults, figures: {}, why: "packed segments" };
  for (const line of lines) line.leaf = await leafOf(line);
  const wanted = given === null ? null : (await verifierKey(given)) ?? refuse("key", given, "a vkey");
  const own = await logKey(lines);
  const vkey = own ?? wanted;
  if (wanted && own && (own.name !== wanted.name || !same(own.raw, wanted.raw))) {
    fault("checkpoint", null, `a log of the key ${own.name}+${own.id}`, given, { file: "checkpoint" });
  }
  if (!lines.length) damage("bytes", "no entries", "a genesis", "events/");
  let head = null;
  try { if (vkey) head = await readCheckpoint(files.get("checkpoint"), vkey); } catch (error) {
    if (!("found" in error)) throw error;
    if (error.stray) fault("checkpoint", null, error.found, "lines of the log", { file: "checkpoint" });
    else damage("checkpoint", error.found, `a head signed by ${vkey.name}`, "checkpoint");
  }
  const { slots, rest, leaves } = await locate(files, lines, head, damage);
  const tiles = await checkTiles(files, slots, leaves, damage);
  if (head) checkTail(rest, head.size, damage);
  const seen = { entries: slots.length, events: 0, anchors: 0, keys: 0, withheld: 0, maps: 0, broken: false };
  const ledger = new Ledger();
  await judgeAll(ledger, slots, leaves, head, fault, seen);
  damaged ||= seen.broken;
  const now = ledger.entries.at(-1)?.recorded;
  const figures = {};
  for (const [slug, claim] of now ? ledger.state.claims : []) {
    const { figures: own, coverage, assumed } = assess(claim, ledger.state, now);
    const numbers = Object.entries(own).map(([name, v]) => [name, v === null || seen.withheld ? null : Number(v)]);
    figures[slug] = { ...Object.fromEntries(numbers), coverage, assumed };
  }
  seen.keys = ledger.taken.size;
  const details = {
    bytes: `${seen.entries} entries, canonical and within limits`
      + (seen.withheld ? `; ${seen.withheld} withheld` : "")
      + (rest.length ? `; ${rest.length} lines after the checkpoint, never acknowledged` : ""),
    signatures: `${ledger.signatures} signatures by ${seen.keys} keys`,
    chains: `${seen.events} events in ${ledger.streams.size} streams`,
    anchors: `${seen.anchors} anchors are roots of this log`,
    rules: `${seen.events} events judged by the rules in force at each`,
    tree: `${leaves.length} leaves, ${tiles} tile files, ${seen.maps} maps`,
    checkpoint: head ? `size ${head.size}, signed by the log's key` : "no key to check it with",
    witnesses: "none asked", scores: `${Object.keys(figures).length} claims; the verdicts of views are ?`,
  };
  const unsure = { bytes: rest.length > 0 || seen.withheld > 0, checkpoint: !head, witnesses: true, scores: !now };
  const checks = PARTS.map((part) => {
    const own = faults.filter((each) => each.part === part);
    const first = Math.min(...own.map(({ index }) => index ?? Infinity));
    const unknown = unsure[part] || (seen.withheld > 0 && part !== "tree" && part !== "checkpoint");
    if (!own.length) return { part, outcome: unknown ? "unknown" : "holds", detail: details[part] };
    return { part, outcome: "fails", detail: `${own.length} wrong${first < Infinity ? `, first at @${first}` : ""}` };
  });
  const indices = faults.map(({ index }) => index).filter((index) => index !== null);
  return {
    verdict: damaged ? "damaged" : faults.length ? "fails" : seen.withheld ? "unknown" : "holds",
    first_index: indices.length ? Math.min(...indices) : null, checks, faults, figures,
  };
}

/** The log's key, as the first entry says. */
async function logKey(lines) {
  try { return await verifierKey(parseEntry(lines[0].bytes).commit.events[0].data.log_key); } catch { return null; }
}

/** The lines in their places, and the leaves: those of the lines if they lead to the signed root, else the tiles'. */
async function locate(files, lines, head, damage) {
  const whole = lines.filter(({ leaf }) => leaf !== "none");
  if (!head) {
    const torn = lines.find(({ leaf }) => leaf === "none");
    if (torn) damage("tree", `${torn.bytes.length} bytes`, "a whole line within its limit", torn.where, whole.length);
    return { slots: whole, rest: [], leaves: whole.map(({ leaf }) => leaf) };
  }
  const read = whole.slice(0, head.size).map(({ leaf }) => leaf);
  const leads = async (leaves) => hex(await rootOf(leaves.map(unhex))) === head.root;
  let leaves = read;
  if (read.length < head.size || !(await leads(read))) {
    leaves = leavesOfTiles(files, head.size);
    for (let i = 0; i < head.size; i++) leaves[i] ??= read[i];
    if (leaves.includes(undefined) || !(await leads(leaves))) {
      damage("tree", `${whole.length} lines`, `${head.size} that lead to the root ${head.root}`, "events/");
      return { slots: whole.slice(0, head.size), rest: whole.slice(head.size), leaves: read };
    }
  }
  if (leaves === read) return { slots: lines.slice(0, head.size), rest: lines.slice(head.size), leaves };
  return { ...place(lines, leaves, damage), leaves };
}

/** Reads, judges and folds every entry that is there. */
async function judgeAll(ledger, slots, leaves, head, fault, seen) {
  const tree = new Tree();
  const roots = [];
  for (let index = 0; index < leaves.length; index++) {
    await tree.push(unhex(leaves[index]));
    roots[index + 1] = hex(await tree.root());
    if (!slots[index]) { ledger.hidden = true; continue; }
    let form = true; // the line is read before it is judged
    try {
      const entry = parseEntry(slots[index].bytes);
      form = false;
      if (entry.withheld) { ledger.hidden = true; seen.withheld += 1; continue; }
      if (index > 0 && !ledger.origin) continue; // the genesis is gone, and with it who may do what
      const { events, anchor } = entry.commit;
      seen.events += events.length;
      seen.maps += events.filter(({ type }) => type === "ledger.mapped").length;
      seen.anchors += anchor ? 1 : 0;
      const other = events.find(({ type, data: { model, version, spec } = {} }) => type === "ledger.model_adopted"
        && model === "claim_support_vector" && version === "v1.0" && spec !== SPEC);
      if (other) fault("scores", index, `parameters ${other.data.spec}`, SPEC);
      await ledger.admit(entry, index, roots);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const { code, position, found, expected } = error;
      if (!head && form) seen.broken = true; // nobody signed for this line
      fault(form ? "bytes" : PART_OF[code] ?? "rules", index, String(found), String(expected), { code, position });
    }
  }
}

// --- as a program ------------------------------------------------------------------------------------------------

const EXIT = { holds: 0, fails: 1, damaged: 3, unknown: 7 };
const SAID = { holds: "everything holds", fails: "does not hold", damaged: "damaged", unknown: "cannot tell" };

async function readFolder(folder) {
  const fs = await import("node:fs");
  const files = new Map();
  const walk = (path) => {
    for (const item of fs.readdirSync(`${folder}/${path}`, { withFileTypes: true })) {
      const name = path ? `${path}/${item.name}` : item.name;
      if (fs.statSync(`${folder}/${name}`).isDirectory()) walk(name);
      else if (/^(checkpoint$|events\/|tile\/)/.test(name)) files.set(name, fs.readFileSync(`${folder}/${name}`));
    }
  };
  walk("");
  return files;
}

async function main(words) {
  const at = words.indexOf("--vkey");
  const vkey = at < 0 ? null : words.splice(at, 2)[1];
  const json = words.includes("--json");
  const [folder] = words.filter((word) => !word.startsWith("--"));
  if (!folder) return console.error("usage: node verify.mjs LEDGER_DIR [--vkey V] [--json]") ?? 2;
  let report;
  try {
    report = await audit(await readFolder(folder), { vkey });
  } catch (error) {
    if (!(error instanceof Refusal) && !error.code) throw error;
    return console.error(`error: ${error.message}`) ?? (error.code === "ENOENT" ? 6 : 2);
  }
  if (json) console.log(JSON.stringify(report, null, 2));
  else {
    if (!vkey) console.log("the log key was taken from the ledger itself, so a wholly rewritten one would pass");
    const marks = { holds: "✓", fails: "✗", unknown: "?" };
    for (const check of report.checks) {
      console.log(`  ${marks[check.outcome]} ${check.part.padEnd(11)} ${check.detail}`);
    }
    for (const { index, file, code, found, expected } of report.faults.slice(0, 20)) {
      console.log(`✗ ${[index === null ? null : `@${index}`, file, code].filter(Boolean).join(" ")}: found ${found}, `
        + `expected ${expected}`);
    }
    console.log(SAID[report.verdict]);
  }
  return EXIT[report.verdict];
}

if (globalThis.process?.argv?.[1] && import.meta.url.endsWith(`/${globalThis.process.argv[1].split("/").at(-1)}`)) {
  globalThis.process.exitCode = await main(globalThis.process.argv.slice(2));
}

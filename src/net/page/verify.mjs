// The audit of a ledger and the check of a claim bundle, a second time: written from docs/FORMAT.md, docs/RULES.md and
// docs/models, sharing no code with the crate. Runs unchanged in a browser and in Node 20 (see `main` at the end).

// --- bytes -------------------------------------------------------------------------------------------------------

/** What was found and expected, with the stable code of docs/FORMAT.md, section 5. */
class Refusal extends Error {
  constructor(code, found, expected, index) {
    super(`[${code}] found ${found}, expected ${expected}`);
    Object.assign(this, { code, found: String(found), expected: String(expected), index });
  }
}
const refuse = (...found) => { throw new Refusal(...found); };
const need = (condition, ...found) => condition || refuse(...found);
const attempt = (read) => { try { return read(); } catch { return null; } };

const encoder = new TextEncoder();
const utf8 = (text) => encoder.encode(text);
const decode = (bytes) => attempt(() => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
const unhex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
const base64 = (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
const same = (one, other) => hex(one) === hex(other);
const u64 = (number) => unhex(number.toString(16).padStart(16, "0"));

/** The bytes of canonical standard base64 with padding, or null. */
function unbase64(text) {
  const bytes = attempt(() => Uint8Array.from(atob(text), (character) => character.charCodeAt(0)));
  return bytes && base64(bytes) === text ? bytes : null;
}

function concat(...parts) {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  parts.reduce((at, part) => (all.set(part, at), at + part.length), 0);
  return all;
}

const sha256 = async (bytes) => new Uint8Array(await globalThis.crypto.subtle.digest("SHA-256", bytes));
const sha256hex = async (bytes) => hex(await sha256(bytes));
const tagged = (tag, ...parts) => sha256(concat([tag], ...parts));

// --- Ed25519: keys that may sign, and strict signatures ----------------------------------------------------------

const P = 2n ** 255n - 19n;
const L = 2n ** 252n + 27742317777372353535851937790883648493n;
const Y8 = 0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n; // of a point of order 8
const mod = (a) => ((a % P) + P) % P;
const littleEndian = (bytes) => BigInt(`0x${hex(Uint8Array.from(bytes).reverse())}`);
const yOf = (bytes) => littleEndian(bytes) & (2n ** 255n - 1n);
const isSmall = (bytes) => [0n, 1n, Y8, P - Y8, P - 1n, P, P + 1n].includes(yOf(bytes));

function power(base, exponent) {
  let result = 1n;
  for (let b = base, e = exponent; e > 0n; e >>= 1n, b = mod(b * b)) if (e & 1n) result = mod(result * b);
  return result;
}

/** May this key be registered: canonical, on the curve, not of small order; L times it, by RFC 7748, is nothing. */
export function mayBeKey(bytes) {
  const y = yOf(bytes);
  if (y >= P || isSmall(bytes)) return false;
  const u = mod((1n + y) * power(mod(1n - y), P - 2n));
  if (power(mod(u ** 3n + 486662n * u ** 2n + u), (P - 1n) / 2n) !== 1n) return false;
  let [x2, z2, x3, z3] = [1n, 0n, u, 1n];
  for (let bit = 252n; bit >= 0n; bit--) {
    const isSet = (L >> bit) & 1n;
    if (isSet) [x2, z2, x3, z3] = [x3, z3, x2, z2];
    const [a, b] = [(x2 + z2) ** 2n, (x2 - z2) ** 2n];
    const [c, d] = [(x3 - z3) * (x2 + z2), (x3 + z3) * (x2 - z2)];
    [x2, z2, x3, z3] = [a * b, (a - b) * (a + 121665n * (a - b)), (c + d) ** 2n, u * (c - d) ** 2n].map(mod);
    if (isSet) [x2, z2, x3, z3] = [x3, z3, x2, z2];
  }
  return z2 === 0n;
}

/** Does the signature hold, as `verify_strict` would have it. */
async function verifies(key, signature, message) {
  if (littleEndian(signature.subarray(32)) >= L || isSmall(signature.subarray(0, 32)) || isSmall(key)) return false;
  const { subtle } = globalThis.crypto;
  return subtle.verify("Ed25519", await subtle.importKey("raw", key, "Ed25519", false, ["verify"]), signature, message);
}

const SSH_PREFIX = concat([0, 0, 0, 11], utf8("ssh-ed25519"), [0, 0, 0, 32]);

/** The 32 bytes of `ssh-ed25519 AAAA…`, or null. */
function sshKey(text) {
  const bytes = text.startsWith("ssh-ed25519 ") ? unbase64(text.slice(12)) : null;
  return bytes?.length === 51 && same(bytes.subarray(0, 19), SSH_PREFIX) ? bytes.subarray(19) : null;
}

/** The OpenSSH fingerprint of a raw key. */
const keyId = async (raw) => `SHA256:${base64(await sha256(concat(SSH_PREFIX, raw))).slice(0, 43)}`;

/** A C2SP verifier key, or null. Whether its id is that of its key, and the key may sign, is not asked yet. */
function splitVkey(text, type = 1) {
  const [, name, id, body] = /^([^+\s]+)\+([0-9a-f]{8})\+(.*)$/u.exec(text) ?? [];
  const bytes = body && unbase64(body);
  return bytes?.length === 33 && bytes[0] === type ? { text, name, id, bytes, raw: bytes.subarray(1) } : null;
}

async function verifierKey(text, type) {
  const vkey = splitVkey(text, type);
  const id = vkey && await sha256hex(concat(utf8(`${vkey.name}\n`), vkey.bytes));
  return id?.startsWith(vkey.id) && mayBeKey(vkey.raw) ? vkey : null;
}

// --- canonical JSON (RFC 8785, integers only) --------------------------------------------------------------------

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

/** The canonical form of a value. Names are sorted by UTF-16 code units, as JavaScript compares them. */
function canonical(value, depth = 1) {
  if (typeof value === "number") need(Number.isSafeInteger(value), "bytes", value, "an integer within 2^53 - 1");
  if (typeof value === "string") need(value.isWellFormed(), "bytes", "a lone surrogate", "whole characters");
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  need(depth <= 16, "bytes", `depth ${depth}`, "at most 16");
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item, depth + 1)).join(",")}]`;
  const names = Object.keys(value).sort();
  const folded = new Set(names.map((name) => name.replace(/[A-Z]/g, (letter) => letter.toLowerCase())));
  need(folded.size === names.length, "bytes", "two names equal but for case", "different names");
  return `{${names.map((name) => `${canonical(name)}:${canonical(value[name], depth + 1)}`).join(",")}}`;
}

/** The value of canonical bytes: what JSON.parse forgives shows as another form than that of what was read. */
function parseCanonical(bytes) {
  const text = decode(bytes);
  const value = attempt(() => JSON.parse(text)) ?? refuse("bytes", "no JSON in UTF-8", "one document");
  need(canonical(value) === text, "bytes", "bytes in another form", "canonical JSON (RFC 8785)");
  return value;
}

// --- forms -------------------------------------------------------------------------------------------------------

// Every record and type: its name, then its fields. [x] is a list, <x> a set, * one that may be empty, a number after it
// the most it holds; {x} a record, ~x one that may be null, a|b|c words, 1..9 an integer, lineN and textN text of at most
// N bytes. `?` stands after an optional field, `+` after those of which one must be there.
const FORMS = notation(`
anchor root:hex size:1..
signature key:keyid sig:signature
keyproof key:key proof:signature
agent slug:slug name:line200 kind:human|software|organization roles:<steward|curator|contributor|attester>*
  community?:slug reliability?:ratio keys:[{keyproof}] next?:hex
predecessor origin:origin vkey:vkey size:0.. root:hex
successor origin:origin vkey:vkey
domain name:line120 weight:ratio
passage label:line300 confidence?:ratio quote?:text4000 page?:line80
view_rule when:text1000 verdict:included|downweighted|excluded reason:text300
rule roles:<steward|curator|contributor|attester>* signatures:count other_than?:asserter
  kinds?:<human|software|organization> alone?:subject|author|anyone
policy rules:rules stewards:1..16
commit v:1..1 ledger:origin anchor:~{anchor} author:agent at:time events:[{event}]256
event subject:subject seq:1.. prev:~hex effective?:date type:event_type data:object
entry commit:{commit} recorded:recorded signatures:[{signature}]16
withheld leaf:hex withheld:text300
ledger.created origin:origin title:line200 description?:text4000 log_key:vkey agents:[{agent}] policy:{policy}
  predecessor?:{predecessor}
ledger.policy_changed policy:{policy}
ledger.model_adopted model:line60 version:line20 spec:hex default:boolean
ledger.moved successor:{successor} reason:text1000
ledger.frozen successor?:{successor} reason:text1000
ledger.mapped size:0.. root:hex subjects:0..
agent.registered name:line200 kind:human|software|organization roles:<steward|curator|contributor|attester>*
  community?:slug reliability?:ratio keys:[{keyproof}] next?:hex orcid?:orcid url?:url
agent.changed name+:line200 community+:slug reliability+:ratio roles+:<steward|curator|contributor|attester>*
agent.key_added key:key proof:signature next?:hex
agent.key_revoked key:keyid reason:rotated|lost|compromised since?:0..
artifact.registered title:line1000 kind:paper|dataset|code|report|talk|webpage label?:line200 authors?:[text200]
  year?:1..9999 doi?:doi url?:url community?:slug sha256?:hex key?:line200
artifact.appraised credibility+:ratio methodology+:ratio replication+:ratio rationale?:text2000
artifact.standing_changed standing:sound|corrected|concern|retracted|withdrawn|superseded|preprint notice?:url
  reason:text2000 by?:artifact
context.defined name:line300 kind:line60
claim.asserted statement:line1000 summary:text4000 detail?:text16000
  nature:empirical|interpretive|methodological|bridging|theoretical|normative polarity:positive|negative
  falsifiability:falsifiable|partially_falsifiable|unfalsifiable origin:authored|extracted|cross_referenced|imported
  domains:<{domain}> key?:line200
claim.revised statement+:line1000 summary+:text4000 detail+:text16000
  nature+:empirical|interpretive|methodological|bridging|theoretical|normative polarity+:positive|negative
  falsifiability+:falsifiable|partially_falsifiable|unfalsifiable origin+:authored|extracted|cross_referenced|imported
  domains+:<{domain}> reason:text2000
claim.status_changed lifecycle+:proposed|active|superseded|merged|retracted
  standing+:hypothesis|tested|replicated|contested|refuted|settled note:text2000 by?:claim
claim.scoped relation:holds_in|fails_in context:context breadth:ratio note?:text2000
claim.unscoped ref:0.. reason:text2000
claim.linked relation:supports|contradicts|refines|generalizes|depends_on|same_as|asserts target:claim strength?:ratio
  note?:text2000
claim.unlinked ref:0.. reason:text2000
evidence.added relation:supports|disputes artifact:artifact strength?:ratio passages?:[{passage}] note:text4000
  replicates?:artifact replication?:ratio key?:line200
evidence.revised ref:0.. strength+:ratio passages+:[{passage}] note+:text4000 replication+:ratio reason:text2000
evidence.withdrawn ref:0.. reason:text2000
attestation.made verdict:verifies|endorses|disputes|abstains weight:ratio version:0.. comment?:text4000 role?:line60
  expires?:date interests?:text1000
attestation.withdrawn ref:0.. reason:text2000
view.defined name:line120 description:text2000 rules:[{view_rule}]* otherwise:included|downweighted|excluded
view.changed name:line120 description:text2000 rules:[{view_rule}]* otherwise:included|downweighted|excluded
event.reaffirmed ref:0.. reason:text1000
note.added text:text4000 on?:0..
bundle v:1..1 origin:origin claim:claim checkpoint:string map:{map} entries:[{carried}] streams:<{stream}>
  profile:{profile}
map index:0..
carried index:0.. entry:string path:[hex]*
stream subject:subject leaf?:{leaf} proof:{proof}
leaf entry:0.. last:hex length:1..
proof bitmap:hex siblings:[hex]*
profile model:line100 figures:{figures} coverage:{coverage}
  assumed:[evid|repl|cons|meth|cred|scop|brdg|cont|supp|fron|stab]*
figures evid:~0.. repl:~0.. cons:~0.. meth:~0.. cred:~0.. scop:~0.. brdg:~0.. cont:~0.. supp:~0.. fron:~0.. stab:~0..
coverage supp:{part} fron:{part} stab:{part}
part present:0.. whole:0..
`);

function notation(text) {
  const forms = new Map();
  let fields;
  for (const word of text.trim().split(/\s+/)) {
    const [, name, mark, form] = /^([\w.]+)([?+]?)(?::(.+))?$/.exec(word);
    if (form) fields.push({ name, mark, form });
    else forms.set(name, fields = []);
  }
  return forms;
}

const REFUSED_TEXT = new RegExp("[\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f\\u2028\\u2029\\u202a-\\u202e"
  + "\\u2066-\\u2069\\u200e\\u200f\\u061c]|\\p{Noncharacter_Code_Point}|^\\p{White_Space}*$", "u");
const isText = (value, limit) => utf8(value).length <= limit && !REFUSED_TEXT.test(value);
const SUBJECT = /^(ledger|(agent|artifact|context|claim|view)\/[a-z0-9][a-z0-9-]{0,95})$/;

/** A date or time of this form that the calendar has: one that Date reads and writes alike. */
function isTime(value, form) {
  const whole = value.slice(0, 19);
  const read = new Date(whole.length > 10 ? `${whole}Z` : whole);
  return form.test(value) && !value.startsWith("0000") && Boolean(read.toJSON()?.startsWith(whole));
}

function isOrcid(value) {
  const digits = value.replaceAll("-", "");
  const total = [...digits.slice(0, 15)].reduce((sum, digit) => (sum + Number(digit)) * 2, 0);
  return /^(\d{4}-){3}\d{3}[\dX]$/.test(value) && digits[15] === "0123456789X"[(12 - (total % 11)) % 11];
}

// The values of docs/FORMAT.md, section 1, that are strings.
const STRINGS = {
  origin: (v) => v.length <= 255 && /^[a-z0-9.-]+(:[0-9]+)?(\/[A-Za-z0-9._~-]+)*$/.test(v),
  slug: (v) => SUBJECT.test(`claim/${v}`),
  subject: (v) => SUBJECT.test(v),
  event_type: (v) => v.includes(".") && FORMS.has(v),
  hex: (v) => /^[0-9a-f]{64}$/.test(v),
  keyid: (v) => v.startsWith("SHA256:") && unbase64(`${v.slice(7)}=`)?.length === 32,
  key: sshKey,
  vkey: splitVkey,
  signature: (v) => unbase64(v)?.length === 64,
  date: (v) => isTime(v, /^\d{4}(-\d\d(-\d\d)?)?$/),
  time: (v) => isTime(v, /^.{10}T.{8}Z$/),
  recorded: (v) => isTime(v, /^.{10}T.{8}\.\d{6}Z$/),
  ratio: (v) => /^(0|1|0\.[0-9]{0,5}[1-9])$/.test(v),
  url: (v) => isText(v, 2000) && /^https?:\/\/\P{White_Space}+$/u.test(v),
  doi: (v) => isText(v, 300) && /^10\.[0-9]{4,9}\/[^\p{White_Space}\p{Uppercase}]+$/u.test(v),
  orcid: isOrcid,
  string: () => true,
};
for (const kind of ["agent", "artifact", "context", "claim"]) {
  STRINGS[kind] = (v) => SUBJECT.test(v) && v.startsWith(`${kind}/`);
}
// What is no string.
const OTHERS = {
  object: isObject,
  boolean: (v) => v === true || v === false,
  count: (v, path) => v === "threshold" || checkForm(v, "1..16", path),
  rules: (v, path) => isObject(v) && Object.entries(v).every(([name, rule]) => {
    const [type, outranking] = name.split("/");
    const has = outranking ? OUTRANKING.includes(name) : STRINGS.event_type(type) && !/^ledger.(cre|map)/.test(type);
    return has && checkRecord(rule, "rule", `${path}.${name}`);
  }),
};

/** Answers true where the value has the form that the notation says, else throws. */
function checkForm(value, form, path) {
  const fits = (condition, code = "schema") => need(condition, code, `${path} = ${JSON.stringify(value)?.slice(0, 80)}`, form) && true;
  if (form.startsWith("~")) return value === null || checkForm(value, form.slice(1), path);
  if (form.startsWith("{")) return checkRecord(value, form.slice(1, -1), path);
  if (form in OTHERS) return fits(OTHERS[form](value, path));
  const [, item, member, empty, most] = /^(?:\[(.+)\]|<(.+)>)(\*?)(\d*)$/.exec(form) ?? [];
  if (item || member) {
    fits(Array.isArray(value) && (empty || value.length));
    fits(value.length <= (most || Infinity), "limit");
    value.forEach((each, i) => checkForm(each, item ?? member, `${path}[${i}]`));
    const names = member ? value.map((each) => hex(utf8(each.subject ?? each.name ?? each))) : [];
    return fits(!names.some((name, i) => name <= names[i - 1]));
  }
  const [, least, largest] = /^(\d)\.\.(\d*)$/.exec(form) ?? [];
  if (least) return fits(Number.isSafeInteger(value) && value >= least && value <= (largest || Infinity));
  fits(typeof value === "string");
  const [, kind, limit] = /^(line|text)(\d+)$/.exec(form) ?? [];
  if (kind) return fits(utf8(value).length <= limit, "limit") && fits(isText(value, limit) && !(kind === "line" && /[\n\t]/.test(value)));
  return fits(form in STRINGS ? STRINGS[form](value) : form.split("|").includes(value));
}

function checkRecord(value, record, path) {
  need(isObject(value), "schema", `${path} is no object`, "an object");
  const fields = FORMS.get(record);
  for (const { name, mark, form } of fields) {
    if (Object.hasOwn(value, name)) checkForm(value[name], form, `${path}.${name}`);
    else need(mark, "schema", `${path} without ${name}`, "that field");
  }
  for (const given of Object.keys(value)) need(fields.some(({ name }) => name === given), "schema", `${path}.${given}`, "no such field");
  const some = fields.filter(({ mark }) => mark === "+");
  need(!some.length || some.some(({ name }) => name in value), "schema", `${path} of nothing`, "something");
  if (record === "event") checkEvent(value, path);
  return true;
}

/** What no single field of an event can show. */
function checkEvent({ type, subject, data, seq, prev }, path) {
  const family = type.split(".")[0];
  const on = { evidence: "claim", attestation: "claim", event: "", note: "" }[family] ?? family;
  const fits = type === "ledger.mapped" ? subject === LOG : subject.startsWith(on);
  need(fits && (prev === null) === (seq === 1), "schema", `${type} on ${subject}, ${seq} after ${prev}`, `one on ${on}, null at 1`);
  checkRecord(data, type, `${path}.data`);
  need(!("since" in data) || data.reason === "compromised", "schema", "since", "it only with compromised");
}

/** The entry of a line: {commit, recorded, signatures, body: the commit's bytes}, or {withheld, leaf}. */
export function parseEntry(line) {
  need(line.length <= 65535, "limit", `${line.length} bytes`, "at most 65535");
  const value = parseCanonical(line);
  const isWithheld = isObject(value) && "withheld" in value;
  checkRecord(value, isWithheld ? "withheld" : "entry", "entry");
  if (isWithheld) return value;
  const ids = value.signatures.map(({ key }) => key);
  need(ids.every((id, i) => i === 0 || ids[i - 1] < id), "schema", `keys ${ids}`, "each once, in order");
  const body = utf8(canonical(value.commit));
  need(body.length <= 60000, "limit", `a commit of ${body.length} bytes`, "at most 60000");
  return { ...value, body };
}

// --- the tree (RFC 6962), and the map of streams -----------------------------------------------------------------

const leafHash = (line) => tagged(0, line);
const nodeHash = (left, right) => tagged(1, left, right);

/** A tree that grows: of every level, the hashes of its full subtrees. */
class Tree {
  levels = [[]];

  get size() { return this.levels[0].length; }

  async push(leaf) {
    let node = leaf;
    for (let level = 0; ; level++) {
      const nodes = this.levels[level] ??= [];
      nodes.push(node);
      if (nodes.length % 2) return;
      node = await nodeHash(...nodes.slice(-2));
    }
  }

  /** The root that it had at a size, in hexadecimal. */
  async root(size = this.size) {
    let root = null;
    for (const [level, nodes] of this.levels.entries()) {
      const count = Math.floor(size / 2 ** level);
      if (count % 2) root = root ? await nodeHash(nodes[count - 1], root) : nodes[count - 1];
    }
    return hex(root ?? await sha256(utf8("")));
  }
}

async function treeOf(leaves) {
  const tree = new Tree();
  for (const leaf of leaves) await tree.push(unhex(leaf));
  return tree;
}

/** The root to which an inclusion path leads (RFC 9162, 2.1.3.2), or null where it is of another length. */
async function rootByPath(leaf, index, size, path) {
  let [at, last, node] = [index, size - 1, leaf];
  const half = () => { [at, last] = [Math.floor(at / 2), Math.floor(last / 2)]; };
  for (const sibling of path.map(unhex)) {
    if (last === 0) return null;
    const isRight = at % 2 === 1 || at === last;
    node = isRight ? await nodeHash(sibling, node) : await nodeHash(node, sibling);
    while (isRight && at % 2 === 0 && at > 0) half();
    half();
  }
  return last === 0 ? hex(node) : null;
}

const ZERO = new Uint8Array(32);
const bitOf = (key, level) => (key[level >> 3] >> (7 - (level & 7))) & 1;

/** The parent of a node of the map on this side of its sibling. */
async function inMap(side, node, sibling) {
  if (same(node, ZERO) && same(sibling, ZERO)) return ZERO;
  return side ? tagged(3, sibling, node) : tagged(3, node, sibling);
}

async function mapLeaf(subject, length, last, entry) {
  const key = await sha256(utf8(subject));
  return { key, hash: await tagged(2, key, u64(length), unhex(last), u64(entry)) };
}

/** The node at a level over these leaves. Of one that is alone there, it is kept with the leaf. */
async function mapNode(leaves, level = 0) {
  if (!leaves.length) return ZERO;
  if (level === 256) return leaves[0].hash;
  if (leaves.length === 1 && leaves[0][level]) return leaves[0][level];
  const [left, right] = [0, 1].map((side) => leaves.filter(({ key }) => bitOf(key, level) === side));
  const node = await inMap(0, await mapNode(left, level + 1), await mapNode(right, level + 1));
  if (leaves.length === 1) leaves[0][level] = node;
  return node;
}

/** The root to which a map proof leads. */
async function rootByProof(subject, leaf, { bitmap, siblings }) {
  const key = await sha256(utf8(subject));
  const rest = siblings.map(unhex);
  let node = leaf ? (await mapLeaf(subject, leaf.length, leaf.last, leaf.entry)).hash : ZERO;
  for (let level = 255; level >= 0; level--) {
    const sibling = bitOf(unhex(bitmap), level) ? rest.pop() ?? ZERO : ZERO;
    need(!bitOf(unhex(bitmap), level) || !same(sibling, ZERO), "map", "a zero sibling, or too few", "as the bitmap says");
    node = await inMap(bitOf(key, level), node, sibling);
  }
  need(!rest.length, "map", "too many siblings", "as the bitmap says");
  return hex(node);
}

// --- the ledger: the rules in force at each event, and what the events come to -----------------------------------

const LOG = "agent/log";
const NEVER_ASIDE = ["ledger.created", "ledger.mapped", "agent.key_revoked"];
const CREATES = ["agent.registered", "artifact.registered", "context.defined", "claim.asserted", "view.defined"];
const OUTRANKING = ["agent.changed/power", "agent.key_revoked/since", "agent.registered/power", "claim.revised/disputed",
  "claim.status_changed/retracted", "claim.status_changed/uncontested", "event.reaffirmed/power"];
// What takes back or changes an earlier event, and from where; what may be there once, and what makes it the same.
const REFERS = { "claim.unscoped": "scopes", "claim.unlinked": "links", "evidence.withdrawn": "edges",
  "evidence.revised": "edges", "attestation.withdrawn": "attestations" };
const ONCE = { "claim.scoped": ["scopes", "relation", "context"], "claim.linked": ["links", "relation", "target"],
  "evidence.added": ["edges", "relation", "artifact", "key"], "attestation.made": ["attestations", "author", "version"] };
const STEPS = { proposed: "active|retracted", active: "superseded|merged|retracted", superseded: "active", merged: "active" };

const merge = (thing, data) => Object.assign(thing, data);
const close = (ledger) => { ledger.closed = true; };
// What an event makes of its subject.
const FOLDS = {
  "ledger.created": (ledger, data, event, { things }) => {
    for (const agent of data.agents) things.set(`agent/${agent.slug}`, { ...agent });
    things.set(LOG, { roles: [] });
  },
  "ledger.policy_changed": merge,
  "ledger.model_adopted": (ledger, data) => merge(ledger, { newest: data, model: data.default ? data : ledger.model }),
  "ledger.moved": close,
  "ledger.frozen": close,
  "agent.changed": merge,
  "agent.key_added": (agent, data) => { agent.next = data.next; },
  "agent.key_revoked": (agent, data, event, { keys }) => merge(keys.get(data.key) ?? {}, { ...data, revoked: true }),
  "artifact.registered": (artifact) => merge(artifact, { standing: "sound", appraisals: new Map() }),
  "artifact.appraised": ({ appraisals }, data, { author }) => appraisals.set(author, { ...appraisals.get(author), ...data }),
  "artifact.standing_changed": merge,
  "claim.asserted": (claim, data, { author }) => merge(claim, { asserter: author, version: 1, versions: 1,
    lifecycle: "proposed", standing: "hypothesis", edges: new Map(), scopes: new Map(), links: new Map(), attestations: new Map() }),
  "claim.revised": (claim, data) => merge(claim, { ...data, versions: claim.versions + 1, version: claim.versions + 1 }),
  "claim.status_changed": (claim, data) => merge(claim, data.lifecycle ? { by: undefined, ...data } : data),
  "evidence.revised": ({ edges }, data) => merge(edges.get(data.ref) ?? {}, data),
  "view.changed": merge,
};
// What a type asks beside that what it names exists.
const CHECKS = {
  "ledger.model_adopted": (ledger, { data }, { newest }) =>
    need(!newest || canonical(newest) !== canonical(data), "exists", data.model, "another model"),
  "ledger.mapped": async ({ leaves, hidden }, { data, index }) => {
    need(data.size === index, "map", `size ${data.size}`, index);
    need(data.subjects === leaves.size, "map", `${data.subjects} subjects`, leaves.size);
    const root = hidden ? data.root : hex(await mapNode([...leaves.values()]));
    need(data.root === root, "map", data.root, root);
  },
  "agent.key_revoked": (ledger, { subject, data, index }, agent, { keys }) => {
    const key = ledger.keys.get(data.key);
    const { since } = data;
    need(key?.agent === subject, "key", data.key, `a key of ${subject}`);
    need(!key.revoked || (!("since" in key) && "since" in data), "key", data.key, "a key not yet revoked");
    if (since === undefined) return;
    need(since >= key.from && since <= index, "since", since, `${key.from}…${index}`);
    need(keys.every(({ id }) => id !== data.key), "key", "a signature by the key itself", "others");
  },
  "artifact.registered": ({ things }, { data: { doi } }) => {
    const isTaken = doi && [...things].some(([subject, thing]) => subject.startsWith("artifact") && thing.doi === doi);
    need(!isTaken, "exists", doi, "another DOI");
  },
  "claim.status_changed": ({ things }, { subject, data: { lifecycle, standing, by } }, claim) => {
    const next = STEPS[claim.lifecycle]?.split("|") ?? [];
    need(/^(superseded|merged)$/.test(lifecycle) === Boolean(by), "status", `${lifecycle} by ${by}`, "`by` with these");
    need(!lifecycle || next.includes(lifecycle), "status", lifecycle, next);
    need(standing !== claim.standing, "status", standing, "another");
    for (let at = by; at; at = things.get(at)?.by) need(at !== subject, "self", by, "no circle");
  },
  "attestation.made": (ledger, { data }, { version }) => need(data.version === version, "version", data.version, version),
  "attestation.withdrawn": (ledger, { data }, { attestations, version }) =>
    need(attestations.get(data.ref)?.version === version, "ref", data.ref, "one on the current version"),
  "event.reaffirmed": (ledger, { subject, data }) =>
    need(ledger.stream(subject)[data.ref - 1]?.aside, "ref", data.ref, "an event that is set aside"),
  "note.added": (ledger, { subject, data }) =>
    need(!("on" in data) || ledger.stream(subject)[data.on - 1], "ref", data.on, "an event before"),
};

/** A ledger as far as it was read: its streams, and its state. In a bundle, only carried subjects have any. */
class Ledger {
  things = new Map(); // subject → what it is now
  keys = new Map(); // key id → {agent, raw, from, revoked, since}
  entries = [];
  streams = new Map(); // subject → events, in order
  leaves = new Map(); // subject → its leaf of the map
  anchors = new Map(); // author → size of the last anchor
  taken = new Set(); // every key ever registered
  commits = new Set();
  signers = new Set();
  signatures = 0;
  hidden = false; // an entry is missing: nobody can tell what it held

  constructor(carried = null) { this.carried = carried; }

  isCarried(subject) { return !this.carried || this.carried.has(subject); }

  stream(subject) { return this.streams.get(subject) ?? []; }

  get facts() { return this.things.get("ledger"); }

  /** Judges a commit at its index and folds it. `rootAt` answers the roots of this log. Throws a Refusal. */
  async admit({ commit, body, recorded, signatures }, index, rootAt) {
    const all = await Promise.all(commit.events.map((event, i) => fullEvent(commit, event, index, i)));
    const events = all.filter(({ subject }) => this.isCarried(subject));
    const keys = signatures.map(({ key }) => ({ id: key, ...this.keys.get(key) }));
    const entry = { index, commit, recorded, events, keys };
    if (index === 0) entry.keys = await this.genesis(commit, all, signatures);
    await this.checkForCertain(entry, body, signatures, rootAt);
    const last = this.entries.at(-1)?.recorded ?? recorded;
    this.entries.push(entry);
    let position = null;
    try {
      this.checkEntry(entry, last);
      for (const event of events) {
        ({ position } = event);
        if (index > 0) await this.judge(event, entry);
        this.fold(event);
      }
      position = null;
      this.refold(events);
      if (!this.carried) this.checkStewards(events);
    } catch (error) {
      error.position = position;
      for (const event of events) if (!this.stream(event.subject).includes(event)) this.fold(event);
      this.refold(events);
      // Behind a gap nobody can tell: the missing entry may be what this one needs.
      if (!this.hidden || !(error instanceof Refusal)) throw error;
    } finally {
      this.anchors.set(commit.author, commit.anchor?.size ?? 0);
      for (const { subject } of events) {
        const stream = this.stream(subject);
        this.leaves.set(subject, await mapLeaf(subject, stream.length, stream.at(-1).id, index));
      }
    }
  }

  /** What only the first entry may be. Its own state judges it. Answers the keys that signed. */
  async genesis({ author, anchor }, [event, more], signatures) {
    const { type, data, keys } = event;
    need(type === "ledger.created" && !more && !anchor, "genesis", type, "ledger.created alone, without anchor");
    this.origin = data.origin;
    this.vkey = await verifierKey(data.log_key);
    need(this.vkey?.name === data.origin, "key", data.log_key, `a vkey of ${data.origin}`);
    const agents = new Set(["log", ...data.agents.map(({ slug }) => slug)]);
    need(agents.size === data.agents.length + 1, "exists", "a slug twice, or log", "others");
    await this.checkKeys(event);
    this.evolve(event);
    const stewards = [...this.things].filter(([, { roles }]) => roles?.includes("steward")).map(([subject]) => subject);
    const signed = signatures.map(({ key }) => ({ id: key, ...this.keys.get(key) }));
    const signers = signed.map(({ agent }) => agent).sort();
    need(stewards.includes(author) && canonical(signers) === canonical(stewards.sort()), "genesis", `signatures by ${signers}`, "one by each steward");
    return signed;
  }

  /** What holds or not whatever else there is. */
  async checkForCertain({ index, commit, keys }, body, signatures, rootAt) {
    const { anchor, ledger } = commit;
    need(ledger === this.origin, "ledger", ledger, this.origin);
    const id = await sha256hex(body);
    need(!this.commits.has(id), "exists", `commit ${id} again`, "each once");
    this.commits.add(id);
    this.signatures += signatures.length;
    for (const [i, { id: key, raw }] of keys.entries()) {
      const holds = !raw || await verifies(raw, unbase64(signatures[i].sig), preAuthenticated(body));
      need(holds, "signature", `a signature by ${key} that does not hold`, "one that does");
      this.signers.add(key);
    }
    const root = anchor?.size <= index && await rootAt(anchor.size);
    need(!root || root === anchor.root, "anchor", anchor?.root, root);
  }

  checkEntry({ index, commit: { author, anchor, at }, recorded, keys }, last) {
    for (const { id, raw, revoked } of keys) need(raw && !revoked, "signature", `one by ${id}`, "a key that is valid here");
    need(keys.some(({ agent }) => agent === author), "signature", "none by the author", "the author's");
    need(Date.parse(at) - 600000 <= Date.parse(`${recorded.slice(0, 19)}Z`), "time", at, recorded);
    need(last <= recorded, "time", recorded, `not before ${last}`);
    need(index === 0 || anchor?.size <= index, "anchor", `size ${anchor?.size}`, `1…${index}`);
    need(index === 0 || anchor.size >= (this.anchors.get(author) ?? 0), "conflict", `an anchor at ${anchor?.size}`, "a later one");
  }

  fold(event) {
    this.streams.set(event.subject, [...this.stream(event.subject), event]);
    for (const { id } of event.keys) this.taken.add(id);
    this.evolve(event);
  }

  /** After a revocation with `since` or a reaffirmation, at the end of its commit: everything is folded anew. */
  refold(events) {
    if (!events.some(({ type, data }) => type === "event.reaffirmed" || "since" in data)) return;
    setAside(this.entries);
    this.things = new Map();
    this.keys = new Map();
    for (const event of this.entries.flatMap((entry) => entry.events)) this.evolve(event);
  }

  /** Total: where something is not in effect, what refers to it has no effect either. */
  evolve(event) {
    const { type, data, subject, seq, author, index } = event;
    const creates = CREATES.includes(type) || type === "ledger.created";
    if (creates && !event.aside) this.things.set(subject, { ...data });
    const thing = this.things.get(subject);
    if (event.aside && thing && type === "claim.revised") thing.versions += 1;
    if (event.aside || !thing) return;
    for (const { id, agent, raw } of event.keys) this.keys.set(id, { agent, raw, from: index });
    const [things] = ONCE[type] ?? [];
    const end = data.context ?? data.target;
    if (things && (!end || this.exists(end))) thing[things].set(seq, { ...data, author });
    FOLDS[type]?.(thing, data, event, this);
    if (type in REFERS && type !== "evidence.revised") thing[REFERS[type]].delete(data.ref);
  }

  exists(subject) { return this.things.has(subject) || !this.isCarried(subject); }

  /** The rules that the policy asks for this event, each with who fills it (kept, for setting aside), its place, its data. */
  async judge(event, entry) {
    const { type, subject, data, author, seq, prev } = event;
    const { commit: { events }, keys } = entry;
    const { policy, closed } = this.facts;
    const isMap = type === "ledger.mapped";
    const signing = [...new Set(keys.map(({ agent }) => agent))];
    need(isMap || !closed, "closed", type, "ledger.mapped");
    need(type !== "ledger.created", "genesis", "another genesis", "one");
    if (isMap || [subject, ...signing].includes(LOG)) {
      need(isMap && author === LOG && events.length === 1 && keys.length === 1, "map", `${type} by ${author}`, "a map alone, by the log");
    } else event.asks = this.asksOf(event, signing, policy);
    for (const asked of event.asks) {
      need(isFilled(asked, asked.counted), "role", `${asked.name} by ${asked.counted}`, `${asked.count} who may`);
    }
    const stream = this.stream(subject);
    const head = stream.at(-1)?.id ?? null;
    need(seq === stream.length + 1 && prev === head, "conflict", `seq ${seq} after ${prev}`, `${stream.length + 1} after ${head}`);
    await this.checkData(event, stream, entry);
  }

  asksOf(event, signing, policy) {
    const { type, subject, data } = event;
    const thing = this.things.get(subject);
    const disputed = [...thing?.attestations?.values() ?? []]
      .some(({ version, verdict }) => version === thing.version && verdict === "disputes");
    const holds = [data.roles || "reliability" in data, "since" in data, "reliability" in data || /stew|cura/.test(data.roles),
      disputed, data.lifecycle === "retracted", data.standing && thing?.standing === "contested", /^(ledger|agent)/.test(subject)];
    const cases = OUTRANKING.filter((name, i) => holds[i] && name.startsWith(`${type}/`));
    const asks = (cases.length ? cases : [type]).map((name) => this.ask(name, policy, event, signing));
    const stewards = signing.filter((agent) => this.things.get(agent).roles.includes("steward"));
    if (type === "ledger.policy_changed") {
      asks.push({ name: "both policies", count: Math.max(policy.stewards, data.policy.stewards), counted: stewards });
    }
    if (type === "agent.key_added" && ![undefined, event.keys[0].digest].includes(thing?.next)) {
      asks.push({ name: "another key than announced", count: policy.stewards, counted: stewards.filter((agent) => agent !== subject) });
    }
    return asks;
  }

  ask(name, policy, { type, author, subject, data }, signing) {
    const rule = policy.rules[name] ?? refuse("role", `no rule for ${name}`, "one");
    const fits = ({ kind, roles }) => roles.some((role) => rule.roles.includes(role)) && (rule.kinds ?? [kind]).includes(kind);
    const asserter = type === "claim.asserted" ? author : this.things.get(subject)?.asserter;
    const named = { subject, author: this.stream(subject)[data.ref - 1]?.author, anyone: author }[rule.alone];
    return { name, author, count: rule.signatures === "threshold" ? policy.stewards : rule.signatures,
      counted: signing.filter((agent) => fits(this.things.get(agent))), other: rule.other_than && asserter,
      authorIsOther: type === "attestation.made", alone: named === author };
  }

  /** What the data names: what must exist, be live, be current, be new. */
  async checkData(event, stream, entry) {
    const { type, subject, data, author } = event;
    const here = this.things.get(subject);
    if (CREATES.includes(type)) need(!stream.length && !here, "exists", subject, "a new subject");
    else need(here || (type === "event.reaffirmed" && stream.length), "missing", subject, "something that exists");
    for (const named of [data.by, data.target, data.artifact, data.replicates, data.context]) {
      need(named !== subject, "self", named, "another");
      need(!named || this.exists(named), "missing", named, "something that exists");
    }
    await this.checkKeys(event);
    await CHECKS[type]?.(this, event, here, entry);
    need(!(type in REFERS) || here[REFERS[type]].has(data.ref), "ref", data.ref, "a live one");
    const [things, ...names] = ONCE[type] ?? [];
    const all = { ...data, author };
    const there = things && [...here[things].values()].some((each) => names.every((name) => each[name] === all[name]));
    need(!there, "exists", names.map((name) => all[name]), "what is not there yet");
  }

  /** Keys that an event registers are new and were there to sign; vkeys that it names are some. */
  async checkKeys({ keys, data: { predecessor, successor } }) {
    const { vkey } = predecessor ?? successor ?? {};
    need(!vkey || await verifierKey(vkey), "key", vkey, "a vkey");
    const ids = keys.map(({ id }) => id);
    need(new Set(ids).size === ids.length && !ids.some((id) => this.taken.has(id)), "key", ids, "keys never used before");
    for (const { agent, raw, id, proof } of keys) {
      need(mayBeKey(raw), "key", id, "a point that may be one");
      const message = utf8(`grounds/v1/possession\n${this.origin}\n${agent}\n${id}`);
      need(agent === LOG || await verifies(raw, unbase64(proof), message), "possession", `a false proof for ${id}`, "a true one");
    }
  }

  /** Judged at the end of a commit: nobody may be locked out. */
  checkStewards(events) {
    const { rules, stewards } = this.facts.policy;
    const valid = [...this.keys.values()].filter(({ revoked }) => !revoked).map(({ agent }) => this.things.get(agent));
    const able = new Set(valid.filter((agent) => agent.roles.includes("steward"))).size;
    const has = (types) => events.some(({ type }) => types.test(type));
    const isNew = has(/created|policy|reaffirmed/);
    need(!(isNew || has(/key_revoked|agent.changed/)) || stewards <= able, "stewards", `${able} able stewards`, stewards);
    if (!isNew) return;
    for (const name of ["ledger.policy_changed", "agent.registered/power"]) need(rules[name], "policy", `no rule for ${name}`, "one");
    for (const [name, { roles, signatures, alone }] of Object.entries(rules)) {
      const isTooMuch = roles.join() === "steward" && signatures > able;
      need((roles.length || alone) && !isTooMuch, "policy", `${name} by ${signatures} of ${roles}`, `at most ${able}`);
    }
  }
}

/** Is what was asked filled by these agents. */
function isFilled({ count, author, other, authorIsOther, alone }, agents) {
  if (alone) return true;
  const hasOther = !other || (authorIsOther ? author !== other : agents.some((agent) => agent !== other));
  return hasOther && (!author || agents.includes(author)) && agents.length >= count;
}

/** The message that is signed: DSSE's encoding of a commit. */
function preAuthenticated(body) {
  const type = "application/vnd.grounds.commit+json";
  return concat(utf8(`DSSEv1 ${type.length} ${type} ${body.length} `), body);
}

/** The event with its id, and the keys that it registers, each with its own. */
async function fullEvent({ at, author, ledger, v }, event, index, position) {
  const { type, subject, data } = event;
  const id = await sha256hex(utf8(canonical({ ...event, at, author, ledger, v })));
  const own = { slug: subject.slice(6), keys: type === "agent.key_added" ? [data] : data.keys ?? [] };
  const given = [own, ...data.agents ?? []].flatMap(({ slug, keys }) =>
    keys.map(({ key, proof }) => ({ agent: `agent/${slug}`, proof, raw: sshKey(key) })));
  if (type === "ledger.created") given.push({ agent: LOG, raw: splitVkey(data.log_key).raw });
  const keys = given.map(async (key) => ({ ...key, id: await keyId(key.raw), digest: await sha256hex(key.raw) }));
  return { ...event, id, author, index, position, keys: await Promise.all(keys), asks: [], aside: false };
}

/**
 * Marks the events that are set aside: those of an entry at or after `since` that without the compromised keys has lost
 * its author or the threshold of one of its events. A key that such an event registered counts as compromised from
 * there. Reaffirmed events come back, where the reaffirmation is not set aside itself; so this runs until it rests.
 */
function setAside(entries) {
  const all = entries.flatMap(({ events }) => events);
  const at = new Map(all.map((event) => [`${event.subject} ${event.seq}`, event]));
  const revoked = all.filter(({ type, data }) => type === "agent.key_revoked" && "since" in data);
  for (let back = new Set(), more = true; more;) {
    const since = new Map(revoked.map(({ data }) => [data.key, data.since]));
    for (const { index, commit, keys, events } of entries) {
      const left = keys.filter(({ id }) => !(since.get(id) <= index)).map(({ agent }) => agent);
      const fails = (asked) => !isFilled(asked, asked.counted.filter((agent) => left.includes(agent)));
      const isLost = index > 0 && left.length < keys.length
        && (!left.includes(commit.author) || events.some(({ asks }) => asks.some(fails)));
      for (const event of events) {
        event.aside = isLost && !NEVER_ASIDE.includes(event.type) && !back.has(event);
        for (const { id } of event.aside ? event.keys : []) if (!(since.get(id) <= index)) since.set(id, index);
      }
    }
    const reaffirmed = all.filter(({ type, aside }) => type === "event.reaffirmed" && !aside)
      .map(({ subject, data }) => at.get(`${subject} ${data.ref}`));
    more = reaffirmed.some((event) => !back.has(event));
    reaffirmed.forEach((event) => back.add(event));
  }
}

// --- claim_support_vector v1.0, in millionths --------------------------------------------------------------------

const MODEL = "claim_support_vector@v1.0";
const SPEC = "f53107e832a831a2d3df24c154b09c107dd709ecde5dc2152df7f0289782dbfe"; // SHA-256 of its parameters in docs/models
const ONE = 1000000n;
const HALF = 500000n;
const UNKNOWN = "unknown";
const KEPT = { retracted: 0n, withdrawn: 0n, concern: HALF };

const isThere = (value) => value !== null && value !== undefined;
const ppm = (ratio) => BigInt(ratio.replace(/^(\d)\.?(.*)$/, (all, one, rest) => one + rest.padEnd(6, "0")));
const sum = (values) => values.reduce((total, value) => total + value, 0n);
const mul = (a, b) => (a * b + HALF) / ONE;
const div = (a, b) => (a * ONE + b / 2n) / b;
const mean = (values) => weightedMean(values.map((value) => [1n, value]));
const heaviestFirst = (some) => [...some].sort((a, b) => Number(b.w - a.w));

function weightedMean(pairs) {
  const there = pairs.filter(([, value]) => isThere(value));
  const weight = sum(there.map(([w]) => w));
  return weight ? (sum(there.map(([w, x]) => w * x)) + weight / 2n) / weight : null;
}

/** The evidence edges with their weights; of one relation and artifact only the heaviest keeps its own. */
function weigh(claim, things) {
  const edges = [...claim.edges.values()].map(({ relation, artifact: subject, strength, passages = [], replication }) => {
    const artifact = things.get(subject);
    const ratios = (records, name) => mean(records.map((each) => each[name]).filter(isThere).map(ppm));
    const [m, c, p] = ["methodology", "credibility", "replication"]
      .map((name) => ratios([...artifact?.appraisals.values() ?? []], name));
    const s = strength ? ppm(strength) : ratios(passages, "confidence");
    const quality = mean([m, c].filter(isThere));
    const abstains = !artifact || s === null;
    return { relation, subject, community: artifact?.community ?? UNKNOWN, abstains, m, c, p: replication ? ppm(replication) : p,
      w: abstains ? 0n : mul(mul(s, quality ?? HALF), KEPT[artifact.standing] ?? ONE), assumed: quality === null };
  });
  const seen = new Set();
  for (const edge of heaviestFirst(edges)) {
    const one = `${edge.relation} ${edge.subject}`;
    if (seen.has(one)) edge.w = 0n;
    seen.add(one);
  }
  return edges;
}

/** The attestations with their masses: each side at most a half, the heaviest first. */
function masses(claim, things, now) {
  const all = [...claim.attestations.values()].map(({ author, version, verdict, weight, expires }) => {
    const { reliability, community } = things.get(author) ?? {};
    const isOver = expires && now >= `${expires}${"-01-01".slice(expires.length - 4)}T00:00:00.000000Z`;
    const counts = version === claim.version && !isOver && reliability && verdict !== "abstains";
    const relation = verdict === "disputes" ? verdict : "supports";
    return { relation, community: community ?? UNKNOWN, w: counts ? mul(mul(ppm(weight), ppm(reliability)), HALF) : 0n };
  });
  const room = { supports: HALF, disputes: HALF };
  for (const each of heaviestFirst(all)) {
    if (each.w > room[each.relation]) each.w = room[each.relation];
    room[each.relation] -= each.w;
  }
  return all;
}

/** The eleven figures, in millionths or null, with what was assumed and what was there. */
function assess(claim, things, now) {
  const edges = weigh(claim, things);
  const heavy = edges.filter(({ w }) => w);
  const all = [...heavy, ...masses(claim, things, now)];
  const of = (relation, some) => some.filter((each) => each.relation === relation);
  const weight = (some) => sum(some.map(({ w }) => w));
  const S = weight(of("supports", heavy));
  const [r, d] = ["supports", "disputes"].map((relation) => weight(of(relation, all)));
  const over = (name, some) => weightedMean(some.map((edge) => [edge.w, edge[name]]));
  const scopes = [...claim.scopes.values()];
  const outside = (relation) => of(relation, scopes).reduce((rest, { breadth }) => mul(rest, ONE - ppm(breadth)), ONE);
  const communities = [...new Set(all.map(({ community }) => community))];
  const total = r + d;
  const shares = communities.map((one) => total && div(weight(all.filter(({ community }) => community === one)), total));
  const evid = edges.some(({ abstains }) => !abstains) ? div(S, S + HALF) : null;
  const repl = over("p", of("supports", heavy));
  const cons = total ? div(r, total + ONE) : null;
  const scop = scopes.length ? mul(ONE - outside("holds_in"), outside("fails_in")) : null;
  const brdg = total ? ONE - sum(shares.map((share) => mul(share, share))) : null;
  const cont = total ? div(2n * (r < d ? r : d), total) : null;
  const lack = (figure) => figure !== null ? ONE - figure : null;
  const parts = { supp: [[4n, evid], [3n, repl], [3n, cons]], fron: [[1n, brdg], [1n, cont], [1n, lack(cons)]],
    stab: [[2n, repl], [1n, cons], [1n, lack(cont)]] };
  const whole = { evid, repl, cons, meth: over("m", heavy), cred: over("c", heavy), scop, brdg, cont };
  const coverage = {};
  for (const [name, pairs] of Object.entries(parts)) {
    whole[name] = name === "supp" && evid === null ? null : weightedMean(pairs);
    const there = pairs.filter(([, value]) => value !== null);
    coverage[name] = { present: Number(sum(there.map(([w]) => w))), whole: Number(sum(pairs.map(([w]) => w))) };
  }
  const guessed = heavy.filter(({ assumed }) => assumed);
  const supports = of("supports", guessed);
  const enters = { evid: supports.length, repl: supports.some(({ p }) => p !== null), meth: 0, cred: 0, scop: 0 };
  const names = Object.keys(whole).filter((name) => whole[name] !== null && (enters[name] ?? guessed.length));
  const figures = Object.fromEntries(Object.entries(whole).map(([name, x]) => [name, x === null ? null : Number(x)]));
  return { figures, coverage, assumed: names };
}

// --- the checklist -----------------------------------------------------------------------------------------------

const PARTS = ["bytes", "signatures", "chains", "anchors", "rules", "tree", "checkpoint", "witnesses", "scores"];
const PART_OF = { bytes: "bytes", limit: "bytes", schema: "bytes", signature: "signatures", anchor: "anchors",
  conflict: "chains", map: "tree", checkpoint: "checkpoint" };
const counted = (count, one, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;

/** What was checked, and what is wrong. */
class Checklist {
  faults = [];
  isDamaged = false;
  isUnsure = false;
  outcomes = {}; // part → [outcome, detail], where nothing is wrong

  fault(part, index, found, expected, more) { this.faults.push({ part, index, ...more, found, expected }); }

  damage(part, index, found, expected, file) {
    this.isDamaged = true;
    this.fault(part, index, found, expected, { file });
  }

  /** Runs a check; what it refuses is a fault. */
  async hold(index, check, part) {
    try { return await check(); } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const { code, position, found, expected } = error;
      this.fault(part ?? PART_OF[code] ?? "rules", error.index ?? index, found, expected, { code, position });
    }
    return null;
  }

  say(part, detail, holds = true) { this.outcomes[part] = [holds ? "holds" : "unknown", detail]; }

  report(more) {
    const lowest = (faults) => faults.map(({ index }) => index).filter(isThere).sort((a, b) => a - b)[0] ?? null;
    const checks = PARTS.map((part) => {
      const [outcome, detail] = this.outcomes[part] ?? ["unknown", "not reached"];
      const own = this.faults.filter((fault) => fault.part === part);
      const first = lowest(own) === null ? "" : `, first at @${lowest(own)}`;
      return own.length ? { part, outcome: "fails", detail: `${own.length} wrong${first}` } : { part, outcome, detail };
    });
    const verdict = this.isDamaged ? "damaged" : this.faults.length ? "fails" : this.isUnsure ? "cannot_tell" : "holds";
    return { ...more, checks, faults: this.faults, first_index: lowest(this.faults), verdict };
  }
}

// --- notes, witnesses and policies -------------------------------------------------------------------------------

/** The head in a note that the log signed: {size, root, cosigned: [{id, time}], strays, isTwice}. */
async function openNote(bytes, log, witnesses = []) {
  const text = bytes && decode(bytes);
  const fits = (condition, found) => need(condition, "checkpoint", found, `a head signed by ${log.text}`);
  fits(text && !/[\u0000-\u0009\u000b-\u001f]/.test(text), text ? "a control character" : "no text");
  const body = text.slice(0, text.lastIndexOf("\n\n") + 1);
  const [, origin, size, root] = /^([^\n]+)\n([1-9]\d{0,15})\n([^\n]{44})\n$/.exec(body) ?? [];
  fits(origin === log.name && Number.isSafeInteger(Number(size)) && unbase64(root)?.length === 32, `the head of ${origin}`);
  fits(text.endsWith("\n"), "no newline at the end");
  const head = { size: Number(size), root: hex(unbase64(root)), cosigned: [], strays: [] };
  const ids = [];
  for (const line of text.slice(body.length + 1, -1).split("\n")) {
    const [, name, signature] = /^\u2014 ([^+\s]+) (\S+)$/u.exec(line) ?? [];
    const own = signature && unbase64(signature);
    fits(own?.length > 4, `the line ${line}`);
    ids.push(`${name} ${hex(own.subarray(0, 4))}`);
    const key = [log, ...witnesses].find(({ name, id }) => `${name} ${id}` === ids.at(-1));
    if (!key) { head.strays.push(name); continue; }
    const time = key === log ? 0n : BigInt(`0x${hex(own.subarray(4, 12))}`);
    const message = utf8(key === log ? body : `cosignature/v1\ntime ${time}\n${body}`);
    const isSized = own.length === (key === log ? 68 : 76) && time >> 63n === 0n;
    fits(isSized && await verifies(key.raw, own.subarray(-64), message), `a line of ${name} that does not hold`);
    if (key !== log) head.cosigned.push({ id: hex(key.raw), time });
  }
  fits(ids.includes(`${log.name} ${log.id}`), "no signature by the log's key");
  return { ...head, isTwice: new Set(ids).size < ids.length };
}

/** A tlog-policy: {logs, witnesses, voices: name → {id} or {count, members}, quorum: its name}. */
async function readPolicy(bytes) {
  const policy = { logs: [], witnesses: [], voices: new Map() };
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  const members = new Set();
  const fits = (condition, line) => need(condition, "policy", line, "a line of a tlog-policy");
  fits(bytes.length <= 2 ** 20 && /^([\t\n -~\u0080-\u00ff]*\n)?$/.test(text), "other bytes");
  const keyOf = async (vkey = "", type, known) => {
    const key = await verifierKey(decode(Uint8Array.from(vkey, (byte) => byte.charCodeAt(0))) ?? "", type);
    fits(key && known.every(({ raw }) => !same(raw, key.raw)), vkey);
    known.push(key);
    return { id: hex(key.raw) };
  };
  const readers = {
    log: ([vkey, , more]) => !more && keyOf(vkey, 1, policy.logs),
    witness: async ([name, vkey, , more]) => !more && define(name, await keyOf(vkey, 4, policy.witnesses)),
    group: ([name, k, ...own]) => {
      const count = { all: own.length, any: 1 }[k] ?? (/^[1-9]\d*$/.test(k) && Number(k));
      const isNew = own.every((member) => policy.voices.has(member) && !members.has(member) && members.add(member));
      return count && count <= own.length && isNew && define(name, { count, members: own });
    },
    quorum: ([name, more]) => {
      const isFirst = policy.quorum === undefined;
      policy.quorum = name;
      return isFirst && !more && (name === "none" || policy.voices.has(name));
    },
  };
  const define = (name, voice) => name !== "none" && !policy.voices.has(name) && policy.voices.set(name, voice);
  for (const line of text.split("\n")) {
    const [what, ...words] = line.split(/[ \t]+/).filter(Boolean);
    if (what && !what.startsWith("#")) fits(Object.hasOwn(readers, what) && await readers[what](words), line);
  }
  fits(policy.quorum !== undefined, "no quorum");
  return policy;
}

/** Is the quorum heard in these cosignatures. */
function isMet({ voices, quorum }, cosigned) {
  const heard = new Set(["none"]);
  for (const [name, { id, count, members }] of voices) {
    const isHeard = id ? cosigned.some((each) => each.id === id) : members.filter((member) => heard.has(member)).length >= count;
    if (isHeard) heard.add(name);
  }
  return heard.has(quorum);
}

/** The latest time, in seconds, such that enough witnesses cosigned then or later; none where there are not enough. */
function newestAsOf(policy, cosigned) {
  const times = cosigned.map(({ time }) => time).filter((time) => isMet(policy, cosigned.filter((each) => each.time >= time)));
  return policy.quorum === "none" ? undefined : times.sort((a, b) => Number(b - a))[0];
}

/** What the reader's policy says of the cosignatures of the newest head. */
function judgeWitnesses(list, policy, cosigned, { maxAge, now = Date.now() / 1000 }, rest = "") {
  const own = policy ? cosigned.filter(({ id }) => policy.witnesses.some(({ raw }) => hex(raw) === id)) : [];
  const enough = Boolean(policy) && isMet(policy, own);
  const time = enough ? newestAsOf(policy, own) : undefined;
  const isTimed = time !== undefined && Number(time) <= now + 600;
  if (isTimed && maxAge && now - Number(time) > maxAge) list.fault("witnesses", null, `a head of ${when(time)}`, "a newer one");
  list.isUnsure ||= (policy && !enough) || (Boolean(maxAge) && !isTimed);
  const said = policy ? `${counted(new Set(own.map(({ id }) => id)).size, "witness", "witnesses")} cosigned` : "none asked";
  list.say("witnesses", `${said}${time === undefined ? "" : `, newest as of ${when(time)}`}${rest}`, enough && !(maxAge && !isTimed));
}
const when = (seconds) => new Date(Number(seconds) * 1000).toJSON() ?? `${seconds} s`;

// --- the audit of a ledger ---------------------------------------------------------------------------------------

/** The lines of events/, in order: {bytes, where, leaf}, without a leaf where one is torn or too long. */
async function readLines(files, list) {
  const names = [...files.keys()].filter((path) => path.startsWith("events/")).sort();
  const lines = [];
  for (const path of names) {
    const [, first] = /^events\/(\d{12})\.jsonl$/.exec(path) ?? [];
    if (!first) list.fault("bytes", null, "a stray file", "segments only", { file: path });
    else if (Number(first) !== lines.length) list.damage("bytes", null, `a segment from ${first}`, lines.length, path);
    let bytes = first ? files.get(path) : [];
    if (path === names.at(-1)) while (bytes.at(-1) === 0) bytes = bytes.subarray(0, -1);
    for (let start = 0, line = 1; start < bytes.length; line++) {
      const end = bytes.indexOf(10, start);
      const own = bytes.subarray(start, end < 0 ? bytes.length : end);
      const isWhole = end >= 0 && own.length <= 65535;
      lines.push({ bytes: own, where: `${path} line ${line}`, leaf: isWhole ? hex(await leafOf(own)) : null });
      start += own.length + 1;
    }
  }
  return lines;
}

/** The leaf of a line: its hash, or the one that it says stood there. */
async function leafOf(bytes) {
  const withheld = decode(bytes.subarray(0, 9)) === '{"leaf":"' ? attempt(() => parseEntry(bytes).leaf) : null;
  return withheld ? unhex(withheld) : leafHash(bytes);
}

/** tile/<level>/<n>[.p/<width>] as {level, first, width}, or nothing where it is no name of a tile. */
function tileName(path) {
  const name = /^tile\/(entries|0|[1-9]\d?)\/((?!x000)(?:x\d{3}\/)*\d{3})(?:\.p\/([1-9]\d{0,2}))?$/;
  const [, level, place, width = 256] = name.exec(path) ?? [];
  const isNone = !level || (path.includes(".p/") && width > 255);
  return isNone ? {} : { level, first: Number(place.replace(/\D/g, "")) * 256, width: Number(width) };
}

/** What every file under tile/ must be, by the lines and the tree. Answers how many there are. */
function checkTiles(files, slots, { levels }, list) {
  const tiles = [...files].filter(([path]) => path.startsWith("tile/"));
  for (const [path, bytes] of tiles) {
    const { level, first, width } = tileName(path);
    const sized = (line) => line && concat([line.length >> 8, line.length & 255], line);
    const all = level === "entries" ? slots.map((slot) => sized(slot?.bytes)) : levels[level * 8] ?? [];
    const part = all.slice(first, first + width);
    if (part.some((each) => !each)) continue; // a line is damaged: said already
    const isTile = part.length > 0 && part.length === width;
    const fits = isTile && same(concat(...part), bytes);
    if (!fits) list.damage("tree", null, `${bytes.length} other bytes`, isTile ? "the tile of this log" : "no such file", path);
  }
  return tiles.length;
}

/** The lines in their places, and the leaves: those of the lines if they lead to the signed root, else the tiles'. */
async function locate(files, lines, head, list) {
  const whole = lines.filter(({ leaf }) => leaf);
  const torn = lines.find(({ leaf }) => !leaf);
  const size = head?.size ?? whole.length;
  if (!head && torn) list.damage("tree", size, "a torn or long line", "a whole one", torn.where);
  const read = whole.slice(0, size).map(({ leaf }) => leaf);
  const leads = async (leaves) => leaves.length === size && !leaves.includes(undefined)
    && (!head || head.root === await (await treeOf(leaves)).root());
  if (await leads(read)) {
    const own = head ? lines : whole;
    return { slots: own.slice(0, size), rest: own.slice(size), leaves: read };
  }
  const leaves = Array.from({ length: size }, (_, index) => read[index]);
  for (const [path, bytes] of files) {
    const { level, first } = tileName(path);
    for (let i = 0; level === "0" && i < bytes.length / 32 && first + i < size; i++) {
      leaves[first + i] = hex(bytes.subarray(32 * i, 32 * i + 32));
    }
  }
  if (await leads(leaves)) return place(lines, leaves, list);
  list.damage("tree", null, `${whole.length} lines`, `${size} that lead to the root ${head.root}`, "events/");
  return { slots: whole.slice(0, size), rest: whole.slice(size), leaves: read };
}

/** Which line stands at which index, by their leaves, and what is not as it was. */
function place(lines, leaves, list) {
  const at = new Map(leaves.map((leaf, index) => [leaf, index]));
  const slots = leaves.map(() => undefined);
  let [next, strange, end] = [0, null, 0];
  for (const [line, { leaf, where }] of lines.entries()) {
    const index = at.get(leaf);
    if (index === undefined) { strange ??= where; continue; }
    if (strange) list.damage("tree", index, "another line before this entry", "none", strange);
    if (slots[index] || index < next) list.damage("tree", index, `entry @${index} again, or late`, "entries in order", where);
    slots[index] ??= lines[line];
    [next, strange, end] = [Math.max(next, index + 1), null, line + 1];
  }
  for (const [index, leaf] of leaves.entries()) {
    if (!slots[index]) list.damage("tree", index, "no such line", `the line with leaf hash ${leaf}`, "events/");
  }
  return { slots, rest: lines.slice(end), leaves };
}

/** Lines after the checkpoint: never acknowledged, unless whole batches stand after a bad one, which is damage. */
function checkTail(rest, size, list) {
  const recorded = rest.map(({ leaf, bytes }) => leaf && attempt(() => parseEntry(bytes).recorded));
  const bad = recorded.findIndex((time) => !time);
  const batches = new Set(recorded.slice(bad + 1).filter(Boolean));
  if (bad >= 0 && batches.size > 1) list.damage("tree", size + bad, "a bad line before several batches", "an entry", rest[bad].where);
}

/** The notes below cosigned/: heads that witnesses signed. Answers {size, root, cosigned} of each that is one. */
async function checkCosigned(files, key, witnesses, tree, list, isWhole) {
  const heads = [];
  for (const [file, bytes] of files) {
    if (!file.startsWith("cosigned/")) continue;
    const size = Number(/^cosigned\/(\d{12})$/.exec(file)?.[1]);
    const before = list.faults.length;
    if (!size) { list.fault("witnesses", null, "a stray file", "notes only", { file }); continue; }
    const head = await list.hold(null, () => openNote(bytes, key, witnesses), "witnesses");
    const isNote = head?.size === size && !head.isTwice && head.cosigned.length + head.strays.length > 0;
    if (!isNote) list.damage("witnesses", null, "no note of this size, cosigned", "one", file);
    const root = tree.size >= size ? await tree.root(size) : null;
    const isStray = isNote && (head.strays.length || (isWhole && root !== head.root));
    if (isStray) list.fault("witnesses", null, `size ${size}, root ${head.root}, ${head.strays}`, `root ${root}`, { file });
    if (list.faults.length === before) heads.push(head);
  }
  return heads;
}

/**
 * Audits a ledger, a Map of path → bytes, with the reader's key, older checkpoint, policy (bytes), age (seconds).
 * Answers {verdict, checks: [{part, outcome, detail}], faults, first_index, figures, …}.
 */
export async function verifyLedger(files, { vkey: given, from, policy: asked, ...clock } = {}) {
  const list = new Checklist();
  const lines = await readLines(files, list);
  if (!lines.length) list.damage("bytes", null, "no entries", "a genesis", "events/");
  const policy = asked ? await readPolicy(asked) : null;
  const folder = files.has("policy") ? await list.hold(null, () => readPolicy(files.get("policy")), "witnesses") : null;
  const witnesses = [policy, folder].flatMap((each) => each?.witnesses ?? []);
  const note = files.get("checkpoint");
  const named = policy?.logs.find(({ name }) => decode(note ?? utf8(""))?.startsWith(`${name}\n`)) ?? policy?.logs[0];
  const wanted = given ? await verifierKey(given) ?? refuse("usage", given, "a vkey") : named;
  need(!given || !named || policy.logs.some(({ raw }) => same(raw, wanted.raw)), "usage", given, "a log of the policy");
  const genesis = lines[0] && attempt(() => parseEntry(lines[0].bytes));
  const own = genesis?.commit && await verifierKey(genesis.commit.events[0].data.log_key ?? "");
  let head = null;
  for (const key of [wanted, own]) {
    if (key && !head) head = await list.hold(null, () => openNote(note, key, witnesses), "checkpoint");
  }
  if (!note || (!head && !genesis?.withheld)) list.damage("checkpoint", null, "no head that opens", "one", "checkpoint");
  if (head?.isTwice) list.damage("checkpoint", null, "a line twice", "each once", "checkpoint");
  if (head?.strays.length) list.fault("checkpoint", null, `a line of ${head.strays[0]}`, "lines of known keys");
  const { slots, rest, leaves } = await locate(files, lines, head, list);
  const tree = new Tree();
  const ledger = new Ledger();
  const seen = { events: [], anchors: 0, withheld: 0 };
  for (const [index, leaf] of leaves.entries()) {
    await judgeLine(ledger, slots[index]?.bytes, index, tree, list, seen);
    await tree.push(unhex(leaf));
  }
  const tiles = checkTiles(files, slots, tree, list);
  if (head) checkTail(rest, head.size, list);
  const key = wanted ?? own;
  const older = from && key && await list.hold(null, () => openNote(from, key), "checkpoint");
  const extended = !older || (older.size <= tree.size && await tree.root(older.size) === older.root);
  if (!extended) list.fault("checkpoint", null, "no head that extends the older one", `size ${older.size}, root ${older.root}`);
  const heads = key ? await checkCosigned(files, key, witnesses, tree, list, !head || await tree.root() === head.root) : [];
  const kept = heads.find(({ root }) => root === head?.root)?.cosigned ?? [];
  list.isUnsure = seen.withheld > 0;
  judgeWitnesses(list, policy, [...head?.cosigned ?? [], ...kept], clock);
  const sure = !ledger.hidden;
  const entries = counted(leaves.length, "entry", "entries");
  const events = counted(seen.events.length, "event");
  const missing = seen.withheld ? `; ${seen.withheld} withheld` : "";
  const maps = counted(seen.events.filter((type) => type === "ledger.mapped").length, "map");
  const tail = `${counted(rest.length, "line")} after the checkpoint, never acknowledged`;
  list.say("bytes", `${entries}${rest.length ? `; ${tail}` : ", canonical and within limits"}${missing}`, sure && !rest.length);
  list.say("signatures", `${counted(ledger.signatures, "signature")} by ${counted(ledger.signers.size, "key")}`, sure);
  list.say("chains", `${events} in ${counted(ledger.streams.size, "stream")}`, sure);
  list.say("anchors", `${counted(seen.anchors, "anchor is a root", "anchors are roots")} of this log`, sure);
  list.say("rules", `${events} judged by the rules in force at each`, sure);
  list.say("tree", `${counted(tree.size, "leaf", "leaves")}, ${counted(tiles, "tile file")}, ${maps}`, sure || maps === "0 maps");
  list.say("checkpoint", head ? `size ${head.size}, signed by the log's key` : "no key to check it with", Boolean(head));
  const figures = {};
  for (const [subject, claim] of ledger.things) {
    if (subject.startsWith("claim/")) figures[subject.slice(6)] = assess(claim, ledger.things, ledger.entries.at(-1).recorded);
  }
  const { model } = ledger.facts ?? {};
  const isOurs = !model || `${model.model}@${model.version}` === MODEL;
  const assessed = Object.values(figures).filter((each) => Object.values(each.figures).some(isThere)).length;
  const detail = `${counted(assessed, "claim")} assessed, by ${MODEL}, parameters ${SPEC}`;
  list.say("scores", isOurs ? detail : `no model ${model.model}@${model.version} here`, sure && isOurs);
  return list.report({ origin: ledger.origin, vkey: key?.text, is_own_key: !wanted, figures,
    entries: tree.size, events: seen.events.length, signatures: ledger.signatures });
}

/** Reads, judges and folds one line of the log. */
async function judgeLine(ledger, line, index, tree, list, seen) {
  const entry = line && await list.hold(index, () => parseEntry(line), "bytes");
  if (entry?.withheld) seen.withheld += 1;
  if (!entry?.commit) ledger.hidden = true;
  if (!entry?.commit || (index > 0 && !ledger.origin)) return;
  const { events, anchor } = entry.commit;
  seen.events.push(...events.map(({ type }) => type));
  seen.anchors += anchor ? 1 : 0;
  for (const { type, data } of events) {
    const isOther = type === "ledger.model_adopted" && `${data.model}@${data.version}` === MODEL && data.spec !== SPEC;
    if (isOther) list.fault("scores", index, `parameters ${data.spec}`, SPEC);
  }
  await list.hold(index, () => ledger.admit(entry, index, (size) => tree.root(size)));
}

// --- the check of a claim bundle ---------------------------------------------------------------------------------

/** Checks a claim bundle against the claim that is asked about and the log's key. Answers as verifyLedger does. */
export async function verifyBundle(bytes, { claim, vkey, policy: asked, ...clock }) {
  const list = new Checklist();
  const policy = asked ? await readPolicy(asked) : null;
  const key = vkey ? await verifierKey(vkey) : policy?.logs[0];
  need(key && claim, "usage", `--vkey ${vkey}, --claim ${claim}`, "the log's key, and what is asked about");
  const subject = claim.startsWith("claim/") ? claim : `claim/${claim}`;
  await list.hold(null, () => checkBundle(bytes, subject, key, list, (head) => {
    const { strays, cosigned, isTwice } = head;
    need(!policy || !(strays.length || isTwice), "checkpoint", `lines of ${strays}`, "each witness once, and no other");
    const rest = strays.length ? `; ${counted(strays.length, "signature line")} that no key here can check` : "";
    judgeWitnesses(list, policy, cosigned, clock, rest);
  }, policy?.witnesses));
  return list.report({ origin: `${subject} in ${key.name}` });
}

async function checkBundle(bytes, claim, key, list, judgeHead, witnesses) {
  need(bytes.length <= 2 ** 23, "limit", `${bytes.length} bytes`, "at most 8388608");
  const bundle = parseCanonical(bytes);
  checkRecord(bundle, "bundle", "bundle");
  const { map, streams, profile } = bundle;
  const entries = [];
  need(bundle.entries.every(({ index }, i) => !i || index > bundle.entries[i - 1].index), "schema", "entries", "rising indexes");
  for (const { index, entry, path } of bundle.entries) {
    const parsed = await list.hold(index, () => parseEntry(utf8(entry)));
    if (!parsed) return;
    const { commit } = parsed;
    const events = await Promise.all(commit?.events.map((event, i) => fullEvent(commit, event, index, i)) ?? []);
    entries.push({ ...parsed, index, path, events, leaf: await leafOf(utf8(entry)) });
  }
  need(bundle.claim === claim, "schema", bundle.claim, claim);
  need(entries.at(-1).index === map.index, "schema", "other entries", "the map's as the last",
    entries.find(({ index }) => index > map.index)?.index ?? map.index);
  list.say("bytes", `${counted(entries.length, "entry", "entries")}, canonical and within limits`);
  const head = await openNote(utf8(bundle.checkpoint), key, witnesses);
  need(bundle.origin === key.name && head.size > map.index, "checkpoint", `size ${head.size} of ${bundle.origin}`, "a larger one");
  list.say("checkpoint", `size ${head.size}, signed by the log's key`);
  judgeHead(head);
  for (const { leaf, index, path } of entries) {
    const root = await rootByPath(leaf, index, head.size, path);
    need(root === head.root, "map", `a path to ${root}`, head.root, index);
  }
  const mapped = entries.pop();
  await list.hold(map.index, () => checkMapped(mapped, map.index, key));
  for (const { subject, leaf, proof } of list.faults.length ? [] : streams) {
    const root = await rootByProof(subject, leaf, proof);
    need(root === mapped.events[0].data.root, "map", `a proof for ${subject} to ${root}`, "the map's root");
  }
  list.say("tree", `${entries.length + 1} of ${counted(head.size, "leaf", "leaves")}, the map at @${map.index}`);
  if (list.faults.length) return;
  if (entries.some(({ withheld }) => withheld)) {
    list.isUnsure = true;
    for (const part of ["signatures", "chains", "anchors", "rules", "scores"]) list.say(part, "not judged: an entry is withheld", false);
    return;
  }
  const events = entries.flatMap((entry) => entry.events);
  for (const { subject, leaf } of streams) {
    const own = events.filter((event) => event.subject === subject);
    await list.hold(null, () => checkStream(own, leaf));
  }
  if (list.faults.length) return;
  const carried = new Set(streams.map(({ subject }) => subject));
  const closure = closureOf(entries, claim);
  const lacks = [...closure].sort().find((subject) => !carried.has(subject));
  need(!lacks, "conflict", `no stream of ${lacks}`, "one: what is carried depends on it");
  const spare = streams.find(({ subject }) => !closure.has(subject));
  const unneeded = entries.find((entry) => !entry.events.some(({ subject }) => carried.has(subject)));
  need(!spare && !unneeded, "conflict", spare?.subject ?? "an entry", "what the claim depends on", spare ? null : unneeded?.index);
  const own = events.filter(({ subject }) => carried.has(subject));
  const count = counted(own.length, "event");
  list.say("chains", `${count} in ${counted(streams.length, "stream")}, all that the map at @${map.index} has of them`);
  const ledger = new Ledger(carried);
  const tree = await treeOf(entries.filter(({ index }, i) => index === i).map(({ leaf }) => hex(leaf)));
  const rootAt = (size) => (size === head.size ? head.root : size <= tree.size ? tree.root(size) : null);
  const anchors = entries.filter(({ commit }) => commit.anchor);
  const shown = [];
  for (const entry of entries) {
    await list.hold(entry.index, () => ledger.admit(entry, entry.index, rootAt));
    if (list.faults.length) return;
    if (entry.index === 0) need(ledger.vkey.text === key.text, "genesis", ledger.vkey.text, key.text, 0);
    if (entry.commit.anchor && await rootAt(entry.commit.anchor.size)) shown.push(entry);
  }
  const others = events.length - own.length;
  const naming = own.filter(({ type, data }) => /^claim.(linked|status)/.test(type) && !carried.has(data.target ?? data.by ?? claim)).length;
  const roots = counted(anchors.length, "anchor is a root", "anchors are roots");
  const isShown = shown.length === anchors.length;
  const signers = new Set([...ledger.signers, LOG]);
  list.say("signatures", `${counted(ledger.signatures + 1, "signature")} by ${counted(signers.size, "key")}`);
  list.say("anchors", isShown ? `${roots} of this log` : `${shown.length} of ${roots} of this log; the others need entries that are not carried`, isShown);
  list.say("rules", `${count} judged by the rules in force at each${others ? `; ${others} of other subjects not judged` : ""}`
    + (naming ? `; ${counted(naming, "names a claim", "name claims")} that ${naming > 1 ? "are" : "is"} not carried` : ""), !naming);
  await list.hold(null, () => checkProfile(profile, claim, ledger, mapped.recorded, list), "scores");
}

/** The entry of the map that the bundle is held against: the log signed it, and it covers all entries before it. */
async function checkMapped({ withheld, commit, events, signatures, body }, index, key) {
  const [event, more] = events;
  const isMap = !withheld && commit.author === LOG && commit.ledger === key.name && event.type === "ledger.mapped" && !more;
  need(isMap && event.data.size === index, "map", "another entry", `a map of size ${index}`);
  const [{ key: id, sig }, other] = signatures;
  const isSigned = !other && id === await keyId(key.raw) && await verifies(key.raw, unbase64(sig), preAuthenticated(body));
  need(isSigned, "map", `signatures by ${id}`, "one by the log's key");
}

/** The events of a stream are all that its leaf of the map says. */
function checkStream(events, leaf) {
  const { length, last, entry } = leaf ?? { length: 0 };
  for (const [i, { seq, prev, index }] of events.entries()) {
    const follows = i < length && seq === i + 1 && prev === (events[i - 1]?.id ?? null);
    need(follows, "conflict", `seq ${seq} after ${prev}`, `event ${i + 1} of ${length}`, index);
  }
  need(events.length === length, "conflict", `${events.length} events`, length, entry);
  const newest = events.at(-1);
  need(newest?.id === last && newest?.index === entry, "conflict", newest?.id, last, newest?.index);
}

/** The subjects on which a claim's figures depend, by what these entries say. */
function closureOf(entries, claim) {
  const closure = new Set(["ledger", claim]);
  const tainted = new Set();
  const owners = new Map(entries.flatMap(({ events }) => events).flatMap(({ keys }) => keys).reverse().map(({ id, agent }) => [id, agent]));
  for (let size = 0; size < closure.size + tainted.size;) {
    size = closure.size + tainted.size;
    for (const { index, commit, signatures, events } of entries) {
      const own = events.filter(({ subject }) => closure.has(subject));
      if (!own.length) continue;
      const signers = signatures.map(({ key }) => key);
      const isTainted = signers.some((id) => tainted.has(id));
      const named = [commit.author, ...signers.map((id) => owners.get(id)), ...isTainted ? events.map(({ subject }) => subject) : []];
      for (const { subject, data } of own) {
        if (subject === claim) named.push(data.artifact, data.replicates, data.context);
        if (subject.startsWith("artifact/")) named.push(data.by);
        if ("since" in data) tainted.add(data.key);
      }
      for (const each of named) if (each && each !== LOG) closure.add(each);
      for (const { id } of isTainted && index > 0 ? events.flatMap(({ keys }) => keys) : []) tainted.add(id);
    }
  }
  return closure;
}

/** The figures are those that the model in force gives. */
function checkProfile({ model, figures, assumed, coverage }, subject, { things, facts }, now, list) {
  const claim = things.get(subject) ?? refuse("missing", "no such claim in effect", subject);
  const name = facts.model ? `${facts.model.model}@${facts.model.version}` : MODEL;
  need(model === name, "model", model, name);
  list.isUnsure ||= model !== MODEL;
  if (model !== MODEL) return list.say("scores", `no model ${model} here`, false);
  need((facts.model?.spec ?? SPEC) === SPEC, "model", facts.model?.spec, SPEC);
  const own = assess(claim, things, now);
  for (const [name, figure] of Object.entries(own.figures)) {
    if (figures[name] !== figure) list.fault("scores", null, `${name} ${figures[name]}`, figure);
  }
  if (canonical([assumed, coverage]) !== canonical([own.assumed, own.coverage])) list.fault("scores", null, "other assumptions", canonical(own));
  return list.say("scores", `11 figures by ${MODEL}, parameters ${SPEC}`);
}

// --- as a program ------------------------------------------------------------------------------------------------

const EXIT = { holds: 0, fails: 1, damaged: 3, cannot_tell: 7 };
const SAID = { holds: "everything holds", fails: "it does not hold", damaged: "damaged", cannot_tell: "cannot tell" };
const MARKS = { holds: "✓", fails: "✗", unknown: "?" };

/** The checklist as text: the same lines as `grounds verify` prints. */
export function checklist(report) {
  const lines = report.checks.map(({ part, outcome, detail }) => `  ${MARKS[outcome]} ${part.padEnd(11)} ${detail}`);
  for (const { index, file, code, found, expected } of report.faults.slice(0, 20)) {
    const place = index === null ? file ?? "" : `@${index}${file ? ` (${file})` : ""}`;
    lines.push(`✗ ${place}${code ? `[${code}]` : ""}: found ${found}, expected ${expected}`);
  }
  return [report.origin ?? "an unnamed ledger", ...lines, SAID[report.verdict]].join("\n");
}

/** node verify.mjs LEDGER_DIR|BUNDLE --claim C [--vkey V] [--from CHECKPOINT] [--policy FILE] [--max-age D] [--json] */
async function main(words) {
  const { readFileSync, readdirSync, statSync } = await import("node:fs");
  const options = {};
  const paths = [];
  for (let at = 0; at < words.length; at++) {
    const [, name] = /^--(vkey|from|policy|max-age|claim)$/.exec(words[at]) ?? [];
    if (name) options[name] = words[at += 1] ?? refuse("usage", words[at - 1], "a value after it");
    else if (words[at] !== "--json") paths.push(words[at]);
  }
  const [, count, unit] = /^(\d+)([smhd])$/.exec(options["max-age"] ?? "0s") ?? refuse("usage", options["max-age"], "such as 24h");
  const read = (path) => path && readFileSync(path);
  const { vkey, claim } = options;
  const asked = { vkey, claim, from: read(options.from), policy: read(options.policy),
    maxAge: count * { s: 1, m: 60, h: 3600, d: 86400 }[unit] };
  need(paths.length === 1 && !paths[0].startsWith("-"), "usage", words, "one ledger's folder, or a bundle");
  const files = new Map();
  const walk = (name) => {
    const path = `${paths[0]}/${name}`;
    if (!statSync(path).isDirectory()) files.set(name, readFileSync(path));
    else for (const each of readdirSync(path)) if (name || /^(checkpoint|policy|events|tile|cosigned)$/.test(each)) walk(name ? `${name}/${each}` : each);
  };
  const isFolder = statSync(paths[0]).isDirectory();
  if (isFolder) walk("");
  const report = isFolder ? await verifyLedger(files, asked) : await verifyBundle(readFileSync(paths[0]), asked);
  console.log(words.includes("--json") ? JSON.stringify(report, null, 2) : checklist(report));
  return EXIT[report.verdict];
}

if (globalThis.process?.argv?.[1] && import.meta.url.endsWith(`/${globalThis.process.argv[1].split("/").at(-1)}`)) {
  globalThis.process.exitCode = await main(globalThis.process.argv.slice(2)).catch((error) => {
    if (!(error instanceof Refusal) && !error.code) throw error;
    return console.error(`error: ${error.message}`) ?? 2;
  });
}

// Audits a ledger and checks a claim bundle, from docs/FORMAT.md, RULES.md and models alone: no code of the crate's.
// Runs in browsers and Node 20; see `main`.

// --- bytes
class Refusal extends Error {}
const refuse = (code, found, index) => { throw Object.assign(new Refusal(found), { code, found, index }); };
const need = (condition, ...why) => Boolean(condition) || refuse(...why);
const attempt = (read) => { try { return read(); } catch { return null; } };
const { subtle } = globalThis.crypto, utf8 = (text) => new TextEncoder().encode(text);
const decode = (bytes) => attempt(() => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
const octets = (bytes) => Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
const fromOctets = (text) => Uint8Array.from(text, (octet) => octet.charCodeAt(0));
const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
const unhex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
const same = (one, other) => hex(one) === hex(other), u64 = (n) => unhex(n.toString(16).padStart(16, "0"));
const concat = (...parts) => Uint8Array.from(parts.flatMap((part) => [...part]));
const sha256 = async (...parts) => new Uint8Array(await subtle.digest("SHA-256", concat(...parts)));
const sha256hex = async (...parts) => hex(await sha256(...parts)), base64 = (bytes) => btoa(octets(bytes));
const unbase64 = (text) => attempt(() => base64(fromOctets(atob(text))) === text && fromOctets(atob(text))) || null;

// --- Ed25519: keys that may sign, and strict signatures
const P = 2n ** 255n - 19n, L = 2n ** 252n + 27742317777372353535851937790883648493n;
const power = (base, times) => (times ? mod(power(mod(base * base), times >> 1n) * (times & 1n ? base : 1n)) : 1n);
const littleEndian = (bytes) => BigInt(`0x${hex(bytes.slice().reverse())}`);
const mod = (a) => ((a % P) + P) % P, yOf = (bytes) => littleEndian(bytes) & (2n ** 255n - 1n);
function isNothing(bytes, times) { // is so many times the point, by the ladder of RFC 7748, section 5
  const y = yOf(bytes), u = mod((1n + y) * power(mod(1n - y), P - 2n));
  let points = [[1n, 0n], [u, 1n]];
  for (const bit of times.toString(2)) {
    if (bit === "1") points.reverse();
    const [[x2, z2], [x3, z3]] = points;
    const [a, b, c, d] = [(x2 + z2) ** 2n, (x2 - z2) ** 2n, (x3 - z3) * (x2 + z2), (x3 + z3) * (x2 - z2)];
    points = [[a * b, (a - b) * (a + 121665n * (a - b))], [(c + d) ** 2n, u * (c - d) ** 2n]].map((xz) => xz.map(mod));
    if (bit === "1") points.reverse();
  }
  return points[0][1] === 0n;
}
const isSmall = (bytes) => isNothing(bytes, 8n);
// canonical, of the order L, which no point of the twist has
export const mayBeKey = (bytes) => yOf(bytes) < P && isNothing(bytes, L) && !isSmall(bytes);
export const verifies = async (key, signature, message) => // as verify_strict
  littleEndian(signature.subarray(32)) < L && !isSmall(signature.subarray(0, 32)) && !isSmall(key)
  && subtle.verify("Ed25519", await subtle.importKey("raw", key, "Ed25519", false, ["verify"]), signature, message);
const SSH = concat([0, 0, 0, 11], utf8("ssh-ed25519"), [0, 0, 0, 32]);
const keyId = async (raw) => `SHA256:${base64(await sha256(SSH, raw)).slice(0, 43)}`;
function sshKey(text) {
  const raw = unbase64(text.slice(12))?.subarray(19);
  return raw?.length === 32 && text === `ssh-ed25519 ${base64(concat(SSH, raw))}` ? raw : null;
}
function splitVkey(text, type = 1) {
  const [, name, id, body] = /^([^+\s]+)\+([0-9a-f]{8})\+(.*)$/u.exec(text) ?? [];
  const bytes = body && unbase64(body);
  return bytes?.length === 33 && bytes[0] === type ? { text, name, id, bytes, raw: bytes.subarray(1) } : null;
}
async function verifierKey(text, type) {
  const vkey = splitVkey(text, type), id = vkey && await sha256hex(utf8(`${vkey.name}\n`), vkey.bytes);
  return id?.startsWith(vkey.id) && mayBeKey(vkey.raw) ? vkey : null;
}

// --- canonical JSON (RFC 8785) and the forms
const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
function canonical(value, depth = 1) {
  need(typeof value !== "number" || Number.isSafeInteger(value), "bytes", `${value}`);
  need(typeof value !== "string" || value.isWellFormed(), "bytes", "a lone surrogate");
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  need(depth <= 16, "bytes", `depth ${depth}`);
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item, depth + 1)).join(",")}]`;
  const names = Object.keys(value).sort(), lower = (letter) => letter.toLowerCase();
  const folded = new Set(names.map((name) => name.replace(/[A-Z]/g, lower)));
  need(folded.size === names.length, "bytes", "names");
  return `{${names.map((name) => `${canonical(name)}:${canonical(value[name], depth + 1)}`).join(",")}}`;
}
function parseCanonical(bytes) {
  const text = decode(bytes), value = attempt(() => JSON.parse(text));
  need(value !== null && canonical(value) === text, "bytes", "not canonical JSON");
  return value;
}
// Forms (name=form), then records and types (name: fields). A field is name:form, or both where they are the same. [x]
// is a list, <x> a set, * that may be empty, a number the most it holds; {x} a record, ~x or null, a|b|c words, 1..9 an
// integer, lineN and textN at most N bytes; ? stands after what is optional, + after that of which there must be one.
const FORMS = notation(`kind=human|software|organization  role=steward|curator|contributor|attester
verdict=included|downweighted|excluded  nature=empirical|interpretive|methodological|bridging|theoretical|normative
polarity=positive|negative  falsifiability=falsifiable|partially_falsifiable|unfalsifiable
source=authored|extracted|cross_referenced|imported  roles=<role>*  ppm=~0..1000000  anchor: root:hex size:1..
signature: key:keyid sig:signature  keyproof: key proof:signature  agent: slug name:line200 kind roles community?:slug
reliability?:ratio keys:[{keyproof}] next?:hex  predecessor: origin vkey size:0.. root:hex  successor: origin vkey
domain: name:line120 weight:ratio  passage: label:line300 confidence?:ratio quote?:text4000 page?:line80  view_rule:
when:text1000 verdict reason:text300  rule: roles signatures:count other_than?:asserter kinds?:<kind>
alone?:subject|author|anyone  policy: rules stewards:1..16  commit: v:1..1 ledger:origin anchor:~{anchor} author:agent/
at:time events:[{event}]256  event: subject seq:1.. prev:~hex effective?:date type:event_type data:object  entry:
commit:{commit} recorded signatures:<{signature}>16  withheld: leaf:hex withheld:text300  ledger.created: origin
title:line200 description?:text4000 log_key:vkey agents:[{agent}] policy:{policy} predecessor?:{predecessor}
ledger.policy_changed: policy:{policy}  ledger.model_adopted: model:line60 version:line20 spec:hex default:boolean
ledger.moved: successor:{successor} reason:text1000  ledger.frozen: successor?:{successor} reason:text1000
ledger.mapped: size:0.. root:hex subjects:0..  agent.registered: name:line200 kind roles community?:slug
reliability?:ratio keys:[{keyproof}] next?:hex orcid? url?  agent.changed: name+:line200 community+:slug
reliability+:ratio roles+  agent.key_added: key proof:signature next?:hex  agent.key_revoked: key:keyid
reason:rotated|lost|compromised since?:0..  artifact.registered: title:line1000
kind:paper|dataset|code|report|talk|webpage label?:line200 authors?:[text200] year?:1..9999 doi? url? community?:slug
sha256?:hex key?:line200  artifact.appraised: credibility+:ratio methodology+:ratio replication+:ratio
rationale?:text2000  artifact.standing_changed: standing:sound|corrected|concern|retracted|withdrawn|superseded|preprint
notice?:url reason:text2000 by?:artifact/  context.defined: name:line300 kind:line60  claim.asserted: statement:line1000
summary:text4000 detail?:text16000 nature polarity falsifiability origin:source domains:<{domain}> key?:line200
claim.revised: statement+:line1000 summary+:text4000 detail+:text16000 nature+ polarity+ falsifiability+ origin+:source
domains+:<{domain}> reason:text2000  claim.status_changed: lifecycle+:proposed|active|superseded|merged|retracted
note:text2000 by?:claim/ standing+:hypothesis|tested|replicated|contested|refuted|settled  claim.scoped:
relation:holds_in|fails_in context:context/ breadth:ratio note?:text2000  claim.unscoped: ref:0.. reason:text2000
claim.linked: relation:supports|contradicts|refines|generalizes|depends_on|same_as|asserts target:claim/ strength?:ratio
note?:text2000  claim.unlinked: ref:0.. reason:text2000  evidence.added: relation:supports|disputes artifact:artifact/
strength?:ratio passages?:[{passage}] note:text4000 replicates?:artifact/ replication?:ratio key?:line200
evidence.revised: ref:0.. strength+:ratio passages+:[{passage}] note+:text4000 replication+:ratio reason:text2000
evidence.withdrawn: ref:0.. reason:text2000  attestation.made: verdict:verifies|endorses|disputes|abstains weight:ratio
version:0.. comment?:text4000 role?:line60 expires?:date interests?:text1000  attestation.withdrawn: ref:0..
reason:text2000  view.defined: name:line120 description:text2000 rules:[{view_rule}]* otherwise:verdict  view.changed:
name:line120 description:text2000 rules:[{view_rule}]* otherwise:verdict  event.reaffirmed: ref:0.. reason:text1000
note.added: text:text4000 on?:0..  bundle: v:1..1 origin claim:claim/ checkpoint:string map:{map} entries:[{carried}]
streams:<{stream}> profile:{profile}  map: index:0..  carried: index:0.. entry:string path:[hex]*  stream: subject
leaf?:{leaf} proof:{proof}  leaf: entry:0.. last:hex length:1..  proof: bitmap:hex siblings:[hex]*  profile:
model:line100 figures:{figures} coverage:{coverage} assumed:[evid|repl|cons|meth|cred|scop|brdg|cont|supp|fron|stab]*
figures: evid:ppm repl:ppm cons:ppm meth:ppm cred:ppm scop:ppm brdg:ppm cont:ppm supp:ppm fron:ppm stab:ppm  coverage:
supp:{part} fron:{part} stab:{part}  part: present:0.. whole:0..`);
function notation(text) {
  const forms = new Map();
  for (const word of text.trim().split(/\s+/)) {
    const [, name, mark, form] = /^([\w.]+)([?+=]?):?(.*)$/.exec(word);
    if (mark === "=" || word.endsWith(":")) forms.set(name, form || []);
    else [...forms.values()].at(-1).push({ name, mark, form: form || name });
  }
  return forms;
}
const REFUSED = /(?![\t\n])\p{Cc}|[\p{Zl}\p{Zp}\p{Bidi_Control}\p{Noncharacter_Code_Point}]|^\p{White_Space}*$/u;
const SUBJECT = /^(ledger|(agent|artifact|context|claim|view)\/[a-z0-9][a-z0-9-]{0,95})$/;
const isText = (value, limit) => utf8(value).length <= limit && !REFUSED.test(value);
const like = (pattern) => (value) => pattern.test(value);
const isTime = (value, pattern) => pattern.test(value) && !value.startsWith("0000")
  && new Date(value[10] ? `${value.slice(0, 19)}Z` : value).toJSON()?.startsWith(value.slice(0, 19));
const STRINGS = { // docs/FORMAT.md, section 1
  string: () => true, key: sshKey, vkey: splitVkey, subject: like(SUBJECT), hex: like(/^[0-9a-f]{64}$/),
  ratio: like(/^(0|1|0\.[0-9]{0,5}[1-9])$/), slug: (v) => SUBJECT.test(`claim/${v}`),
  origin: (v) => v.length <= 255 && /^[a-z0-9.-]+(:[0-9]+)?(\/[A-Za-z0-9._~-]+)*$/.test(v),
  event_type: (v) => v.includes(".") && FORMS.has(v), signature: (v) => unbase64(v)?.length === 64,
  keyid: (v) => v.startsWith("SHA256:") && unbase64(`${v.slice(7)}=`)?.length === 32,
  date: (v) => isTime(v, /^\d{4}(-\d\d(-\d\d)?)?$/), time: (v) => isTime(v, /^.{10}T.{8}Z$/),
  recorded: (v) => isTime(v, /^.{10}T.{8}\.\d{6}Z$/),
  url: (v) => isText(v, 2000) && /^https?:\/\/\P{White_Space}+$/u.test(v),
  doi: (v) => isText(v, 300) && /^10\.[0-9]{4,9}\/[^\p{White_Space}\p{Uppercase}]+$/u.test(v),
  orcid: (v) => /^(\d{4}-){3}\d{3}[\dX]$/.test(v) && [...v.replaceAll("-", "")] // ISO 7064, MOD 11-2
    .reduce((sum, digit) => sum * 2 + "0123456789X".indexOf(digit), 0) % 11 === 1,
};
const OTHERS = {
  object: isObject, boolean: (v) => typeof v === "boolean", count: (v) => v === "threshold" || checkForm(v, "1..16"),
  rules: (v) => isObject(v) && Object.entries(v).every(([name, rule]) => checkRecord(rule, "rule", name)
    && (Object.hasOwn(OUTRANKING, name) || (STRINGS.event_type(name) && !/^ledger.(cre|map)/.test(name)))),
};
function checkForm(value, form, path) {
  const fits = (condition, code = "schema") => need(condition, code, `${path} = ${JSON.stringify(value).slice(0, 80)}`);
  const named = FORMS.get(form);
  if (typeof named === "string") return checkForm(value, named, path);
  if (form.startsWith("~")) return value === null || checkForm(value, form.slice(1), path);
  if (form.startsWith("{")) return checkRecord(value, form.slice(1, -1), path);
  if (form in OTHERS) return fits(OTHERS[form](value));
  const parts = /^(?:\[(.+)\]|<(.+)>)(\*?)(\d*)$|^(\d)\.\.(\d*)$|^(line|text)(\d+)$/.exec(form) ?? [];
  const [, item, member, empty, most, least, largest, kind, limit] = parts;
  if (item || member) {
    fits(Array.isArray(value) && (empty || value.length));
    fits(value.length <= (most || Infinity), "limit");
    value.forEach((each, i) => checkForm(each, item ?? member, `${path}[${i}]`));
    const names = member ? value.map((each) => hex(utf8(each.subject ?? each.name ?? each.key ?? each))) : [];
    return fits(!names.some((name, i) => name <= names[i - 1]));
  }
  if (least) return fits(Number.isSafeInteger(value) && value >= least && value <= (largest || Infinity));
  fits(typeof value === "string");
  fits(!kind || utf8(value).length <= limit, "limit");
  if (kind) return fits(isText(value, limit) && (kind === "text" || !/[\n\t]/.test(value)));
  if (form.endsWith("/")) return fits(SUBJECT.test(value) && value.startsWith(form));
  return fits(form in STRINGS ? STRINGS[form](value) : form.split("|").includes(value));
}
function checkRecord(value, record, path) {
  const fields = FORMS.get(record), some = fields.filter(({ mark }) => mark === "+");
  const knows = (own) => fields.some(({ name }) => name === own);
  need(isObject(value) && Object.keys(value).every(knows), "schema", `${path} with other fields`);
  for (const { name, mark, form } of fields) {
    if (name in value) checkForm(value[name], form, `${path}.${name}`);
    else need(mark, "schema", `${path} without ${name}`);
  }
  need(!some.length || some.some(({ name }) => name in value), "schema", `${path} of nothing`);
  if (record !== "event") return true;
  const { type, subject, data, seq, prev } = value, family = type.split(".")[0];
  const on = { evidence: "claim", attestation: "claim", event: "", note: "" }[family] ?? family;
  const isOn = type === "ledger.mapped" ? subject === LOG : subject.startsWith(on);
  need(isOn && (prev === null) === (seq === 1), "schema", `${type} on ${subject}, ${seq} after ${prev}`);
  checkRecord(data, type, `${path}.data`);
  return need(!("since" in data) || data.reason === "compromised", "schema", `since for ${data.reason}`);
}
/** The entry of a line, with its commit's bytes, or {withheld, leaf}. */
export function parseEntry(line) {
  need(line.length <= 65535, "limit", `${line.length} bytes`);
  const value = parseCanonical(line), isWithheld = isObject(value) && "withheld" in value;
  checkRecord(value, isWithheld ? "withheld" : "entry", "entry");
  if (isWithheld) return value;
  const body = utf8(canonical(value.commit));
  need(body.length <= 60000, "limit", `${body.length} bytes`);
  return { ...value, body };
}

// --- the tree (RFC 6962), and the map of streams
const leafHash = (line) => sha256([0], line), nodeHash = (left, right) => sha256([1], left, right);
class Tree {
  levels = [[]];
  get size() { return this.levels[0].length; }
  static async of(leaves) {
    const tree = new Tree();
    for (const leaf of leaves) await tree.push(unhex(leaf));
    return tree;
  }
  async push(leaf, level = 0) {
    const nodes = this.levels[level] ??= [];
    if (nodes.push(leaf) % 2 === 0) await this.push(await nodeHash(...nodes.slice(-2)), level + 1);
  }
  async root(size = this.size) {
    let root = null;
    for (const [level, nodes] of this.levels.entries()) {
      const count = Math.floor(size / 2 ** level);
      if (count % 2) root = root ? await nodeHash(nodes[count - 1], root) : nodes[count - 1];
    }
    return hex(root ?? await sha256());
  }
}
async function rootByPath(leaf, index, size, path) { // RFC 6962, 2.1.1; null for a path of another length
  if (size === 1 || !path.length) return size === 1 && !path.length ? hex(leaf) : null;
  const split = 2 ** ((size - 1).toString(2).length - 1), isRight = index >= split, sibling = unhex(path.at(-1));
  const node = await rootByPath(leaf, ...(isRight ? [index - split, size - split] : [index, split]), path.slice(0, -1));
  return node && hex(await (isRight ? nodeHash(sibling, unhex(node)) : nodeHash(unhex(node), sibling)));
}
const ZERO = new Uint8Array(32), bitOf = (key, level) => (key[level >> 3] >> (7 - (level & 7))) & 1;
const inMap = async (left, right) => (same(left, ZERO) && same(right, ZERO) ? ZERO : sha256([3], left, right));
const mapLeaf = async (key, { length, last, entry }) =>
  ({ key, hash: await sha256([2], key, u64(length), unhex(last), u64(entry)) });
async function mapNode(leaves, level = 0) { // of a lone leaf, the node is kept
  const [leaf, more] = leaves;
  if (!leaf || level === 256) return leaf?.hash ?? ZERO;
  if (!more && leaf[level]) return leaf[level];
  const side = (bit) => mapNode(leaves.filter(({ key }) => bitOf(key, level) === bit), level + 1);
  const node = await inMap(await side(0), await side(1));
  if (!more) leaf[level] = node;
  return node;
}
async function rootByProof({ subject, leaf, proof: { bitmap, siblings } }) {
  const [key, bits, rest] = [await sha256(utf8(subject)), unhex(bitmap), siblings.map(unhex)];
  let node = leaf ? (await mapLeaf(key, leaf)).hash : ZERO;
  for (let level = 255; level >= 0; level--) {
    const isGiven = bitOf(bits, level), sibling = (isGiven && rest.pop()) || ZERO;
    need(!isGiven || !same(sibling, ZERO), "map", `siblings of ${subject}`);
    node = await (bitOf(key, level) ? inMap(sibling, node) : inMap(node, sibling));
  }
  need(!rest.length, "map", `siblings of ${subject}`);
  return hex(node);
}

// --- the ledger: the rules, and what events come to
const LOG = "agent/log", CREATES = /created|registered|defined|asserted$/;
const OUTRANKING = { // rules that take the place of that of the type, and when
  "agent.changed/power": (data) => data.roles || "reliability" in data,
  "agent.key_revoked/since": (data) => "since" in data,
  "agent.registered/power": (data) => "reliability" in data || /steward|curator/.test(data.roles),
  "claim.revised/disputed": (data, claim) => [...claim?.attestations.values() ?? []]
    .some(({ verdict, version }) => verdict === "disputes" && version === claim.version),
  "claim.status_changed/retracted": (data) => data.lifecycle === "retracted",
  "claim.status_changed/uncontested": (data, claim) => data.standing && claim?.standing === "contested",
  "event.reaffirmed/power": (data, thing, subject) => /^(ledger|agent)/.test(subject),
};
const STEPS = /^(proposed (active|retracted)|active (superseded|merged|retracted)|(superseded|merged) active)$/;
const REFERS = { "claim.unscoped": "scopes", "claim.unlinked": "links", "evidence.withdrawn": "edges",
  "evidence.revised": "edges", "attestation.withdrawn": "attestations" };
const ONCE = { "claim.scoped": ["scopes", "relation", "context"], "claim.linked": ["links", "relation", "target"],
  "evidence.added": ["edges", "relation", "artifact", "key"],
  "attestation.made": ["attestations", "author", "version"] };
const merge = Object.assign, close = (ledger) => merge(ledger, { closed: true });
const FOLDS = {
  "ledger.created": (ledger, { agents }, event, { things }) => [...agents, { slug: "log", roles: [] }]
    .forEach((agent) => things.set(`agent/${agent.slug}`, { ...agent })),
  "ledger.model_adopted": (ledger, data) => merge(ledger, { newest: data }, data.default && { model: data }),
  "ledger.moved": close, "ledger.frozen": close, "agent.key_added": (agent, { next }) => merge(agent, { next }),
  "agent.key_revoked": (agent, data, event, { keys }) => merge(keys.get(data.key) ?? {}, data, { revoked: true }),
  "artifact.registered": (artifact) => merge(artifact, { standing: "sound", appraisals: {} }),
  "artifact.appraised": ({ appraisals }, data, { author }) => merge(appraisals[author] ??= {}, data),
  "claim.asserted": (it, _, { author }) => merge(it, { asserter: author, version: 1, versions: 1, lifecycle: "proposed",
    standing: "hypothesis", edges: new Map(), scopes: new Map(), links: new Map(), attestations: new Map() }),
  "claim.revised": (claim, data) => merge(claim, data, { version: claim.versions += 1 }),
  "claim.status_changed": (claim, { lifecycle, by }) => merge(claim, lifecycle && { by }),
  "evidence.revised": ({ edges }, data) => merge(edges.get(data.ref) ?? {}, data),
};
const CHECKS = { // what a type asks beside that what it names exists
  "ledger.model_adopted": ({ newest = null }, { data }) => need(canonical(newest) !== canonical(data), "exists"),
  "ledger.mapped": async (log, { data, index }, { leaves, hidden }) => need(data.size === index
    && data.subjects === leaves.size && (hidden || data.root === hex(await mapNode([...leaves.values()]))), "map"),
  "agent.key_revoked": (agent, { subject, data, index }, { keys }, signed) => {
    const key = keys.get(data.key), isSince = "since" in data;
    need(key?.agent === subject && (!key.revoked || (isSince && !("since" in key))), "key");
    need(!isSince || (data.since >= key.from && data.since <= index), "since");
    need(!isSince || signed.every(({ id }) => id !== data.key), "key");
  },
  "artifact.registered": (none, { data: { doi } }, { things }) =>
    need(!doi || [...things.values()].every((thing) => thing.doi !== doi), "exists"),
  "claim.status_changed": (claim, { subject, data: { lifecycle, standing, by } }, { things }) => {
    need(/superseded|merged/.test(lifecycle) === Boolean(by) && standing !== claim.standing, "status");
    need(!lifecycle || STEPS.test(`${claim.lifecycle} ${lifecycle}`), "status");
    for (let at = by; at; at = things.get(at)?.by) need(at !== subject, "self");
  },
  "attestation.made": (it, { data }) => need(data.version === it.version, "version"),
  "attestation.withdrawn": (it, { data }) => need(it.attestations.get(data.ref)?.version === it.version, "ref"),
  "event.reaffirmed": (it, { subject, data }, ledger) => need(ledger.stream(subject)[data.ref - 1]?.aside, "ref"),
  "note.added": (it, { subject, data }, ledger) => need(!("on" in data) || ledger.stream(subject)[data.on - 1], "ref"),
};
class Ledger {
  constructor(carried = null) {
    merge(this, { carried, entries: [], signatures: 0, hidden: false }); // hidden: an entry is missing
    for (const name of ["things", "streams", "leaves", "anchors", "keys"]) this[name] = new Map();
    for (const name of ["taken", "commits", "signers"]) this[name] = new Set();
  }
  get facts() { return this.things.get("ledger"); }
  isCarried(subject) { return !this.carried || this.carried.has(subject); }
  exists(subject) { return this.things.has(subject) || !this.isCarried(subject); }
  stream(subject) { return this.streams.get(subject) ?? []; }
  async admit({ commit, body, recorded, signatures }, index, rootAt) {
    const { author, anchor, at } = commit, id = await sha256hex(body);
    const all = await eventsOf(commit, index), events = all.filter((event) => this.isCarried(event.subject));
    if (!index) await this.genesis(commit, all, signatures);
    need(commit.ledger === this.origin, "ledger", commit.ledger);
    need(!this.commits.has(id), "exists", id);
    this.commits.add(id);
    this.signatures += signatures.length;
    const keys = signatures.map(({ key, sig }) => ({ id: key, sig, ...this.keys.get(key) }));
    for (const { id: key, raw, sig } of keys) {
      this.signers.add(key);
      need(!raw || await verifies(raw, unbase64(sig), preAuthenticated(body)), "signature", key);
    }
    const root = anchor?.size <= index && await rootAt(anchor.size);
    need(!root || root === anchor.root, "anchor", `${anchor?.root}, expected ${root}`);
    const entry = { index, commit, events, recorded, keys }, last = this.entries.at(-1)?.recorded ?? recorded;
    this.entries.push(entry);
    let now = null;
    try { // a missing entry may have changed this
      need(keys.every(({ raw, revoked }) => raw && !revoked) && keys.some((key) => key.agent === author), "signature");
      need(Date.parse(at) - 600000 <= Date.parse(`${recorded.slice(0, 19)}Z`) && last <= recorded, "time");
      need(!index || anchor?.size <= index, "anchor");
      need(!index || anchor.size >= (this.anchors.get(author) ?? 0), "conflict");
      for (now of events) {
        if (index) await this.judge(now, entry);
        this.fold(now);
      }
      now = null;
      this.refold(events);
      if (!this.carried) this.checkStewards(events);
    } catch (error) {
      merge(error, { position: now?.position, found: `${now?.type ?? "a commit"} by ${author}` });
      for (const event of events) if (!this.stream(event.subject).includes(event)) this.fold(event);
      this.refold(events);
      if (!this.hidden || !(error instanceof Refusal)) throw error;
    } finally {
      this.anchors.set(author, anchor?.size ?? 0);
      for (const { subject } of events) {
        const all = this.stream(subject), leaf = { length: all.length, last: all.at(-1).id, entry: index };
        this.leaves.set(subject, await mapLeaf(await sha256(utf8(subject)), leaf));
      }
    }
  }
  async genesis({ author, anchor }, [event, more], signatures) {
    const { type, data: { origin, log_key, agents } } = event;
    need(type === "ledger.created" && !more && !anchor, "genesis", type);
    merge(this, { origin, vkey: await verifierKey(log_key) });
    need(this.vkey?.name === origin, "key", log_key);
    need(new Set(["log", ...agents.map(({ slug }) => slug)]).size > agents.length, "exists", "slugs");
    await this.checkKeys(event);
    this.evolve(event);
    const stewards = agents.filter(({ roles }) => roles.includes("steward")).map(({ slug }) => `agent/${slug}`);
    const signers = signatures.map(({ key }) => this.keys.get(key)?.agent);
    const isByAll = String(signers.sort()) === String(stewards.sort());
    need(stewards.includes(author) && isByAll, "genesis", `${signers}, expected ${stewards}`);
  }
  fold(event) {
    if (!this.streams.has(event.subject)) this.streams.set(event.subject, []);
    this.stream(event.subject).push(event);
    for (const { id } of event.keys) this.taken.add(id);
    this.evolve(event);
  }
  // Set aside are the events of an entry that without compromised keys lacks its author or a threshold; keys that they
  // registered count as such. A reaffirmation that stands brings back; so until it rests.
  refold(events) {
    if (!events.some(({ type, data }) => type === "event.reaffirmed" || "since" in data)) return;
    const all = this.entries.flatMap((entry) => entry.events), back = new Set();
    for (let size = -1; size < back.size;) {
      const since = new Map(all.filter(({ data }) => "since" in data).map(({ data }) => [data.key, data.since]));
      for (const { index, commit, keys, events: own } of this.entries) {
        const left = keys.filter(({ id }) => !(since.get(id) <= index)).map(({ agent }) => agent);
        const holds = left.includes(commit.author) && own.every(({ asks }) => asks.every((isMet) => isMet(left)));
        for (const event of own) {
          event.aside = index > 0 && left.length < keys.length && !holds && !back.has(event)
            && !/created|mapped|key_revoked/.test(event.type);
          for (const { id } of event.aside ? event.keys : []) if (!(since.get(id) <= index)) since.set(id, index);
        }
      }
      size = back.size;
      const reaffirmed = ({ subject, data }) => all.find((each) => each.subject === subject && each.seq === data.ref);
      for (const event of all) if (event.type === "event.reaffirmed" && !event.aside) back.add(reaffirmed(event));
    }
    [this.things, this.keys] = [new Map(), new Map()];
    for (const event of all) this.evolve(event);
  }
  // what refers to something that is not in effect has none either
  evolve(event) {
    const { type, data, subject, seq, author, index, aside, keys } = event;
    if (CREATES.test(type) && !aside) this.things.set(subject, { ...data });
    const thing = this.things.get(subject), [list] = ONCE[type] ?? [], end = data.context ?? data.target;
    if (aside && thing && type === "claim.revised") thing.versions += 1;
    if (aside || !thing) return;
    for (const { id, agent, raw } of keys) this.keys.set(id, { agent, raw, from: index });
    if (list && (!end || this.exists(end))) thing[list].set(seq, { ...data, author });
    if (type.endsWith("changed")) merge(thing, data);
    FOLDS[type]?.(thing, data, event, this);
    if (type in REFERS && type !== "evidence.revised") thing[REFERS[type]].delete(data.ref);
  }
  async judge(event, { commit: { events }, keys }) {
    const { type, subject, author, seq, prev, data } = event;
    const signing = [...new Set(keys.map(({ agent }) => agent))], stream = this.stream(subject);
    const isMap = type === "ledger.mapped", isOfLog = isMap || [subject, ...signing].includes(LOG);
    need(isMap || !this.facts.closed, "closed");
    need(type !== "ledger.created", "genesis");
    need(!isOfLog || (isMap && author === LOG && events.length === 1 && keys.length === 1), "map");
    if (!isOfLog) event.asks = this.asksOf(event, signing);
    need(event.asks.every((isMet) => isMet(signing)), "role");
    need(seq === stream.length + 1 && prev === (stream.at(-1)?.id ?? null), "conflict");
    const here = this.things.get(subject), [list, ...fields] = ONCE[type] ?? [], own = { ...data, author };
    if (CREATES.test(type)) need(!stream.length && !here, "exists");
    else need(here || (type === "event.reaffirmed" && stream.length), "missing");
    const named = [data.by, data.target, data.artifact, data.replicates, data.context].filter(Boolean);
    need(!named.includes(subject), "self");
    need(named.every((each) => this.exists(each)), "missing");
    await this.checkKeys(event);
    await CHECKS[type]?.(here, event, this, keys);
    need(!(type in REFERS) || here[REFERS[type]].has(data.ref), "ref");
    need(![...here?.[list]?.values() ?? []].some((each) => fields.every((name) => each[name] === own[name])), "exists");
  }
  // what the policy asks, each as: do those left of who signed suffice
  asksOf({ type, subject, data, author, keys: [key] }, signing) {
    const { policy } = this.facts, thing = this.things.get(subject);
    const asserter = type === "claim.asserted" ? author : thing?.asserter;
    const holds = (name) => name.startsWith(`${type}/`) && OUTRANKING[name](data, thing, subject);
    const cases = Object.keys(OUTRANKING).filter(holds);
    const asks = (cases.length ? cases : [type]).map((name) => {
      const { roles: asked, signatures, kinds, alone, other_than } = policy.rules[name] ?? refuse("role");
      const isAlone = author === { subject, author: this.stream(subject)[data.ref - 1]?.author, anyone: author }[alone];
      const fits = ({ kind, roles }) => roles.some((role) => asked.includes(role)) && (kinds ?? [kind]).includes(kind);
      const counted = signing.filter((agent) => fits(this.things.get(agent)));
      return (left) => {
        const own = counted.filter((agent) => left.includes(agent));
        const hasOther = (type === "attestation.made" ? [author] : own).some((agent) => agent !== asserter);
        const count = signatures === "threshold" ? policy.stewards : signatures;
        return isAlone || ((hasOther || !other_than) && own.includes(author) && own.length >= count);
      };
    });
    const isOtherKey = type === "agent.key_added" && ![undefined, key.digest].includes(thing?.next);
    const isSteward = (agent) => this.things.get(agent).roles.includes("steward") && !(isOtherKey && agent === subject);
    const stewards = signing.filter(isSteward), count = Math.max(policy.stewards, data.policy?.stewards ?? 0);
    const isByStewards = (left) => stewards.filter((agent) => left.includes(agent)).length >= count;
    return isOtherKey || type === "ledger.policy_changed" ? [...asks, isByStewards] : asks;
  }
  async checkKeys({ keys, data: { successor = {}, predecessor: { vkey } = successor } }) {
    need(!vkey || await verifierKey(vkey), "key", vkey);
    need(new Set(keys.map(({ id }) => id)).size === keys.length, "key", "twice");
    for (const { agent, raw, id, proof } of keys) {
      need(mayBeKey(raw) && !this.taken.has(id), "key", id);
      const message = utf8(`grounds/v1/possession\n${this.origin}\n${agent}\n${id}`);
      need(agent === LOG || await verifies(raw, unbase64(proof), message), "possession", id);
    }
  }
  checkStewards(events) { // nobody may be locked out
    const { rules, stewards } = this.facts.policy;
    const valid = [...this.keys.values()].filter(({ revoked }) => !revoked).map(({ agent }) => this.things.get(agent));
    const able = new Set(valid.filter(({ roles }) => roles.includes("steward"))).size;
    const has = (types) => events.some(({ type }) => types.test(type)), isNew = has(/created|policy|reaffirmed/);
    need(!(isNew || has(/key_revoked|agent.changed/)) || stewards <= able, "stewards");
    need(!isNew || (rules["ledger.policy_changed"] && rules["agent.registered/power"]), "policy");
    need(!isNew || Object.values(rules).every(({ roles, signatures, alone }) => (roles.length || alone)
      && !(roles.join() === "steward" && signatures > able)), "policy");
  }
}
const preAuthenticated = (body) => concat(utf8(`DSSEv1 35 application/vnd.grounds.commit+json ${body.length} `), body);
const eventsOf = ({ at, author, ledger, v, events }, index) => Promise.all(events.map(async (event, position) => {
  const { type, subject, data } = event;
  const own = { slug: subject.slice(6), keys: type === "agent.key_added" ? [data] : data.keys ?? [] };
  const given = [own, ...data.agents ?? []].flatMap(({ slug, keys }) =>
    keys.map(({ key, proof }) => ({ agent: `agent/${slug}`, proof, raw: sshKey(key) })));
  if (type === "ledger.created") given.push({ agent: LOG, raw: splitVkey(data.log_key).raw });
  const keys = given.map(async (key) => ({ ...key, id: await keyId(key.raw), digest: await sha256hex(key.raw) }));
  const id = await sha256hex(utf8(canonical({ ...event, at, author, ledger, v })));
  return { ...event, id, author, index, position, keys: await Promise.all(keys), asks: [], aside: false };
}));

// --- claim_support_vector v1.0, in millionths
const MODEL = "claim_support_vector@v1.0", ONE = 1000000n, HALF = 500000n;
const SPEC = "f53107e832a831a2d3df24c154b09c107dd709ecde5dc2152df7f0289782dbfe"; // SHA-256 of its parameters
const KEPT = { retracted: 0n, withdrawn: 0n, concern: HALF };
const isThere = (value) => value !== null && value !== undefined;
const ppm = (ratio) => ratio && BigInt(Math.round(ratio * 1e6));
const sum = (values) => values.reduce((total, value) => total + value, 0n);
const over = (a, b) => (b ? (a + b / 2n) / b : null), mul = (a, b) => over(a * b, ONE);
const known = (pairs) => pairs.filter(([, value]) => isThere(value)), weights = (pairs) => sum(pairs.map(([w]) => w));
const average = (pairs) => over(sum(known(pairs).map(([w, x]) => w * x)), weights(known(pairs)));
const mean = (values) => average(values.map((value) => [1n, value]));
const heaviestFirst = (some) => [...some].sort((a, b) => Number(b.w - a.w));
function weigh(claim, things) {
  return [...claim.edges.values()].map(({ relation, artifact, strength, passages = [], replication }) => {
    const { community = "unknown", standing, appraisals } = things.get(artifact) ?? {};
    const ratios = (some, name) => mean(some.map((each) => ppm(each[name])));
    const own = Object.values(appraisals ?? {}), m = ratios(own, "methodology"), c = ratios(own, "credibility");
    const s = ppm(strength) ?? ratios(passages, "confidence"), p = ppm(replication) ?? ratios(own, "replication");
    const quality = mean([m, c]), abstains = !appraisals || s === null;
    const w = abstains ? 0n : mul(mul(s, quality ?? HALF), KEPT[standing] ?? ONE);
    return { relation, artifact, community, abstains, w, m, c, p, isAssumed: quality === null };
  });
}
function masses(claim, things, now) {
  const room = { supports: HALF, disputes: HALF };
  const all = [...claim.attestations.values()].map(({ author, version, verdict, weight, expires }) => {
    const { reliability, community = "unknown" } = things.get(author) ?? {};
    const counts = version === claim.version && reliability && verdict !== "abstains";
    const isOver = expires && now >= expires; // a date stands before all times that begin with it
    const w = counts && !isOver ? mul(mul(ppm(weight), ppm(reliability)), HALF) : 0n;
    return { relation: verdict === "disputes" ? verdict : "supports", community, w };
  });
  for (const each of heaviestFirst(all)) {
    if (each.w > room[each.relation]) each.w = room[each.relation];
    room[each.relation] -= each.w;
  }
  return all;
}
export function assess(claim, things, now) {
  const edges = weigh(claim, things), own = heaviestFirst(edges).reverse();
  const heaviest = new Map(own.map((edge) => [edge.relation + edge.artifact, edge])); // an artifact counts once a side
  const heavy = [...heaviest.values()].filter(({ w }) => w), all = [...heavy, ...masses(claim, things, now)];
  const of = (relation, some) => some.filter((each) => each.relation === relation);
  const weight = (some) => sum(some.map(({ w }) => w));
  const averaged = (name, some) => average(some.map((edge) => [edge.w, edge[name]]));
  const supports = of("supports", heavy), S = weight(supports);
  const r = weight(of("supports", all)), d = weight(of("disputes", all)), total = r + d;
  const scopes = [...claim.scopes.values()], communities = [...new Set(all.map(({ community }) => community))];
  const outside = (relation) => of(relation, scopes).reduce((rest, { breadth }) => mul(rest, ONE - ppm(breadth)), ONE);
  const shares = communities.map((one) => over(ONE * weight(all.filter(({ community }) => community === one)), total));
  const lack = (figure) => (isThere(figure) ? ONE - figure : null);
  const evid = edges.every(({ abstains }) => abstains) ? null : over(S * ONE, S + HALF), repl = averaged("p", supports);
  const cons = total ? over(r * ONE, total + ONE) : null, cont = over(2n * ONE * (r < d ? r : d), total);
  const scop = scopes.length ? mul(ONE - outside("holds_in"), outside("fails_in")) : null;
  const brdg = total ? ONE - sum(shares.map((share) => mul(share, share))) : null;
  const figures = { evid, repl, cons, meth: averaged("m", heavy), cred: averaged("c", heavy), scop, brdg, cont };
  const coverage = {}, parts = { supp: [[4n, evid], [3n, repl], [3n, cons]],
    fron: [[1n, brdg], [1n, cont], [1n, lack(cons)]], stab: [[2n, repl], [1n, cons], [1n, lack(cont)]] };
  for (const [name, pairs] of Object.entries(parts)) {
    coverage[name] = { present: Number(weights(known(pairs))), whole: Number(weights(pairs)) };
    figures[name] = name === "supp" && !isThere(evid) ? null : average(pairs);
  }
  const guessed = heavy.filter(({ isAssumed }) => isAssumed), guesses = of("supports", guessed);
  const enters = { evid: guesses.length, repl: guesses.some(({ p }) => isThere(p)), meth: 0, cred: 0, scop: 0 };
  const assumed = Object.keys(figures).filter((name) => isThere(figures[name]) && (enters[name] ?? guessed.length));
  for (const [name, value] of Object.entries(figures)) figures[name] = isThere(value) ? Number(value) : null;
  return { figures, coverage, assumed };
}

// --- the checklist
const PARTS = { bytes: "bytes limit schema", signatures: "signature", chains: "conflict", anchors: "anchor", rules: "",
  tree: "map", checkpoint: "checkpoint", witnesses: "witness", scores: "model" }; // with their codes
const counted = (count, one, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;
class Checklist {
  faults = [];
  outcomes = {};
  fault(part, index, found, file, more) { this.faults.push({ part, index, found, file, ...more }); }
  damage(...fault) { this.fault(...fault); this.isDamaged = true; }
  async hold(index, check, part) {
    try { return await check(); } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const { code, position, found } = error;
      const own = Object.keys(PARTS).find((each) => PARTS[each].split(" ").includes(code)) ?? "rules";
      return this.fault(part ?? own, error.index ?? index, found, undefined, { code, position });
    }
  }
  say(part, detail, holds = true) { this.outcomes[part] = [holds ? "holds" : "unknown", detail]; }
  report(more) {
    const lowest = (faults) => faults.map(({ index }) => index).filter(isThere).sort((a, b) => a - b)[0] ?? null;
    const checks = Object.keys(PARTS).map((part) => {
      const own = this.faults.filter((fault) => fault.part === part), first = lowest(own);
      const [outcome, detail] = this.outcomes[part] ?? ["unknown", "not reached"];
      if (!own.length) return { part, outcome, detail };
      return { part, outcome: "fails", detail: `${own.length} wrong${isThere(first) ? `, first at @${first}` : ""}` };
    });
    const verdict = this.isDamaged ? "damaged" : this.faults.length ? "fails" : this.isUnsure ? "cannot_tell" : "holds";
    return { ...more, checks, faults: this.faults, first_index: lowest(this.faults), verdict };
  }
}

// --- notes, witnesses, policies
async function openNote(bytes, log, witnesses = []) {
  const text = (bytes && decode(bytes)) ?? "", body = text.slice(0, text.lastIndexOf("\n\n") + 1);
  const fits = (condition) => need(condition, "checkpoint", `no head signed by ${log.text}`);
  const [, origin, size, root] = /^(.+)\n([1-9]\d{0,15})\n(.{44})\n$/.exec(body) ?? [];
  fits(text.endsWith("\n") && !/[\u0000-\u0009\u000b-\u001f]/.test(text) && origin === log.name);
  fits(Number.isSafeInteger(+size) && unbase64(root)?.length === 32);
  const head = { size: +size, root: hex(unbase64(root)), cosigned: [], strays: [], wrong: [] }, ids = [];
  for (const line of text.slice(body.length + 1, -1).split("\n")) {
    const [, name, signature] = /^\u2014 ([^+\s]+) (\S+)$/u.exec(line) ?? [], own = signature && unbase64(signature);
    fits(own?.length > 4);
    const id = `${name} ${hex(own.subarray(0, 4))}`;
    const key = [log, ...witnesses].find((each) => `${each.name} ${each.id}` === id), isLog = key === log;
    const time = isLog ? 0n : BigInt(`0x0${hex(own.subarray(4, 12))}`);
    const message = utf8(isLog ? body : `cosignature/v1\ntime ${time}\n${body}`);
    const isSized = own.length === (isLog ? 68 : 76) && time < 2n ** 63n;
    const holds = key && isSized && await verifies(key.raw, own.subarray(-64), message);
    fits(holds || !isLog);
    if (!key) head.strays.push(name);
    if (ids.includes(id) || (key && !holds)) head.wrong.push(name);
    if (holds && !isLog) head.cosigned.push({ id: hex(key.raw), time });
    ids.push(id);
  }
  fits(ids.includes(`${log.name} ${log.id}`));
  return head;
}
async function readPolicy(bytes) {
  const policy = { logs: [], witnesses: [], voices: new Map([["none", { count: 0, members: [] }]]) };
  const { voices } = policy, members = new Set(["none"]), text = octets(bytes);
  const fits = (condition, line) => need(condition, "witness", `${line}, in a policy`);
  fits(bytes.length <= 2 ** 20 && /^([\t\n -~\u0080-\u00ff]*\n)?$/.test(text), "other bytes");
  const keyOf = async (vkey = "", type, known) => {
    const key = await verifierKey(decode(fromOctets(vkey)) ?? "", type);
    fits(key && known.every(({ raw }) => !same(raw, key.raw)), vkey);
    return known.push(key) && { id: hex(key.raw) };
  };
  const define = (name, voice) => !voices.has(name) && voices.set(name, voice);
  const readers = {
    log: ([vkey, , more]) => !more && keyOf(vkey, 1, policy.logs),
    witness: async ([name, vkey, , more]) => !more && define(name, await keyOf(vkey, 4, policy.witnesses)),
    group: ([name, k, ...own]) => {
      const count = { all: own.length, any: 1 }[k] ?? (/^[1-9]\d*$/.test(k) && Number(k));
      const isNew = own.every((member) => voices.has(member) && !members.has(member) && members.add(member));
      return count && count <= own.length && isNew && define(name, { count, members: own });
    },
    quorum: ([name, more]) => !policy.quorum && !more && voices.has(name) && (policy.quorum = name),
  };
  for (const line of text.split("\n")) {
    const [what, ...words] = line.split(/[ \t]+/).filter(Boolean);
    if (what && !what.startsWith("#")) fits(Object.hasOwn(readers, what) && await readers[what](words), line);
  }
  return fits(policy.quorum, "no quorum") && policy;
}
function isMet({ voices, quorum }, cosigned) { // members stand before their group
  const heard = new Set();
  for (const [name, { id, count = 1, members }] of voices) {
    const own = members?.filter((each) => heard.has(each)) ?? cosigned.filter((each) => each.id === id);
    if (own.length >= count) heard.add(name);
  }
  return heard.has(quorum);
}
function judgeWitnesses(list, policy, cosigned, { maxAge, now = Date.now() / 1000 }, rest = "") {
  const own = cosigned.filter(({ id }) => policy?.witnesses.some(({ raw }) => hex(raw) === id));
  const isHeard = ({ time }) => policy.quorum !== "none" && isMet(policy, own.filter((each) => each.time >= time));
  const [newest] = own.filter(isHeard).map(({ time }) => Number(time)).sort((a, b) => b - a);
  const when = isThere(newest) ? `, newest as of ${new Date(newest * 1000).toJSON()}` : "";
  if (maxAge && now - newest > maxAge) list.fault("witnesses", null, `a head${when}, older than ${maxAge} s`);
  const isUnsure = (policy && !isMet(policy, own)) || (maxAge && !(newest <= now + 600));
  const witnesses = counted(new Set(own.map(({ id }) => id)).size, "witness", "witnesses");
  list.say("witnesses", (policy ? `${witnesses} cosigned` : "none asked") + when + rest, Boolean(policy) && !isUnsure);
  list.isUnsure ||= isUnsure;
}
async function wantedKey(vkey, logs, note) {
  const named = logs.find(({ name }) => note && octets(note).startsWith(`${name}\n`)) ?? logs[0];
  const given = vkey ? await verifierKey(vkey) ?? refuse("usage", vkey) : named;
  need(!named || logs.some(({ raw }) => same(raw, given.raw)), "usage", `${vkey}, no log of the policy`);
  return given;
}

// --- the audit of a ledger
async function readLines(files, list) {
  const names = [...files.keys()].filter((path) => path.startsWith("events/")).sort(), lines = [];
  for (const path of names) {
    const [, first] = /^events\/(\d{12})\.jsonl$/.exec(path) ?? [];
    if (!first) list.fault("bytes", null, "a stray file", path);
    else if (+first !== lines.length) list.damage("bytes", Math.min(first, lines.length), `not ${lines.length}`, path);
    let bytes = first ? files.get(path) : [];
    if (path === names.at(-1)) while (bytes.at(-1) === 0) bytes = bytes.subarray(0, -1);
    for (let start = 0, line = 1; start < bytes.length; line++) {
      const end = bytes.indexOf(10, start), own = bytes.subarray(start, end < 0 ? bytes.length : end);
      const leaf = end >= 0 && own.length <= 65535 ? hex(await leafOf(own)) : null;
      lines.push({ bytes: own, where: `${path} line ${line}`, leaf });
      start += own.length + 1;
    }
  }
  return lines;
}
const given = (line) => decode(line.subarray(0, 9)) === '{"leaf":"' && attempt(() => unhex(parseEntry(line).leaf));
const leafOf = async (line) => given(line) || leafHash(line);
function tileName(path) {
  const name = /^tile\/(entries|0|[1-9]\d?)\/((?!x000)(?:x\d{3}\/)*\d{3})(?:\.p\/([1-9]\d?|1\d\d|2[0-4]\d|25[0-5]))?$/;
  const [, level, place = "", width = 256] = name.exec(path) ?? [];
  return { level, first: Number(place.replace(/\D/g, "")) * 256, width: Number(width) };
}
function checkTiles(tiles, slots, { levels }, list) {
  const sized = (line) => (line && !given(line) ? concat([line.length >> 8, line.length & 255], line) : undefined);
  for (const [path, bytes] of tiles) {
    const { level, first, width } = tileName(path);
    const all = level === "entries" ? slots.map((slot) => sized(slot?.bytes)) : levels[level * 8] ?? [];
    const part = all.slice(first, first + width);
    if (part.includes(undefined)) continue; // said, or withheld
    if (part.length !== width || !same(concat(...part), bytes)) list.damage("tree", null, "no tile", path);
  }
}
// Lines in their places, and leaves: of the lines if they lead to the head, else of the tiles.
async function locate(files, lines, head, list) {
  const whole = lines.filter(({ leaf }) => leaf), size = head?.size ?? whole.length, own = head ? lines : whole;
  const torn = !head && lines.find(({ leaf }) => !leaf), read = whole.slice(0, size).map(({ leaf }) => leaf);
  if (torn) list.damage("tree", size, "a torn line", torn.where);
  const leads = async (leaves) => leaves.length === size && !leaves.includes(undefined)
    && (!head || head.root === await (await Tree.of(leaves)).root());
  if (await leads(read)) return { slots: own.slice(0, size), rest: own.slice(size), leaves: read };
  const leaves = Array.from({ length: size }, (_, index) => read[index]);
  for (const [path, bytes] of files) {
    const { level, first } = tileName(path);
    for (let at = 0; level === "0" && at < bytes.length && first + at / 32 < size; at += 32) {
      leaves[first + at / 32] = hex(bytes.subarray(at, at + 32));
    }
  }
  if (!await leads(leaves)) {
    list.damage("tree", read.length < size ? read.length : null, `${read.length} lines of ${size}`, "events/");
    return { slots: whole.slice(0, size), rest: whole.slice(size), leaves: read };
  }
  const at = new Map(leaves.map((leaf, index) => [leaf, index])), slots = leaves.map(() => undefined);
  let [next, strange, end] = [0, null, 0];
  for (const [i, line] of lines.entries()) {
    const index = at.get(line.leaf);
    strange ??= index === undefined ? line.where : null;
    if (index === undefined) continue;
    if (strange) list.damage("tree", index, "another line before", strange);
    if (slots[index] || index < next) list.damage("tree", index, "again, or late", line.where);
    slots[index] ??= line;
    [next, strange, end] = [Math.max(next, index + 1), null, i + 1];
  }
  leaves.forEach((leaf, index) => slots[index] || list.damage("tree", index, `no line of ${leaf}`, "events/"));
  return { slots, rest: lines.slice(end), leaves };
}
function checkLines({ strays, wrong }, file, list) {
  if (wrong.length) list.damage("witnesses", null, `lines by ${wrong}, false or twice`, file);
  if (strays.length) list.fault("witnesses", null, `lines by ${strays}, unknown`, file);
}
async function checkCosigned(files, key, witnesses, tree, list, root) {
  const cosigned = [];
  for (const [file, bytes] of [...files].filter(([path]) => /^cosigned(\/|$)/.test(path))) {
    const size = Number(/^cosigned\/(\d{12})$/.exec(file)?.[1]);
    if (!size) list.fault("witnesses", null, "a stray file", file);
    const head = size ? await list.hold(null, () => openNote(bytes, key, witnesses), "witnesses") : null;
    const isBare = head && ![...head.cosigned, ...head.strays, ...head.wrong].length;
    if (size && (head?.size !== size || isBare)) list.damage("witnesses", null, "no note of this size", file);
    if (!head) continue;
    checkLines(head, file, list);
    const isOurs = size <= tree.size && (await tree.root() !== root || await tree.root(size) === head.root);
    if (!isOurs) list.fault("witnesses", null, `a root ${head.root}`, file);
    if (head.root === root) cosigned.push(...head.cosigned);
  }
  return cosigned;
}
/** Audits a Map of path → bytes; `from` and `policy` are bytes, `maxAge` and `now` seconds. */
export async function verifyLedger(files, { vkey, from, policy: asked, ...clock } = {}) {
  const list = new Checklist(), tree = new Tree(), ledger = new Ledger();
  list.isUnsure = [...files.keys()].some((path) => /^events\/\d{12}\.jsonl\.zst$/.test(path));
  if (list.isUnsure) return list.say("bytes", "sealed segments are not read here", false) ?? list.report();
  const lines = await readLines(files, list);
  if (!lines.length) list.damage("bytes", null, "no entries", "events/");
  const policy = asked && await readPolicy(asked), folder = files.get("policy"), note = files.get("checkpoint");
  const named = folder && await list.hold(null, () => readPolicy(folder));
  const witnesses = [policy, named].flatMap((each) => each?.witnesses ?? []);
  const genesis = lines[0] && attempt(() => parseEntry(lines[0].bytes));
  const wanted = await wantedKey(vkey, policy?.logs ?? [], note);
  const own = await verifierKey(genesis?.commit?.events[0].data.log_key ?? ""), key = wanted ?? own;
  let head = null;
  for (const each of [wanted, own]) head ??= each && await list.hold(null, () => openNote(note, each, witnesses));
  if (!note || (!head && !genesis?.withheld)) list.damage("checkpoint", null, "no head", "checkpoint");
  if (head) checkLines(head, "checkpoint", list);
  const { slots, rest, leaves } = await locate(files, lines, head, list), commits = [], withheld = [];
  for (const [index, leaf] of leaves.entries()) {
    const line = slots[index]?.bytes, entry = line && await list.hold(index, () => parseEntry(line), "bytes");
    if (entry?.withheld) withheld.push(index);
    ledger.hidden ||= !entry?.commit;
    if (entry?.commit && (index === 0 || ledger.origin)) {
      commits[index] = entry.commit;
      await list.hold(index, () => ledger.admit(entry, index, (size) => tree.root(size)));
    }
    await tree.push(unhex(leaf));
  }
  // never acknowledged, but damage where batches stand after a bad line
  const times = rest.map(({ leaf, bytes }) => leaf && attempt(() => parseEntry(bytes).recorded));
  const bad = times.findIndex((time) => !time), batches = new Set(times.slice(bad + 1).filter(Boolean));
  if (bad >= 0 && batches.size > 1) list.damage("tree", head.size + bad, "a bad line", rest[bad].where);
  const tiles = [...files].filter(([path]) => path.startsWith("tile/"));
  checkTiles(tiles, slots, tree, list);
  const older = from && key && await list.hold(null, () => openNote(from, key));
  const isCut = older && (older.size > tree.size || await tree.root(older.size) !== older.root);
  if (isCut) list.fault("checkpoint", null, `a head that does not extend ${older.root}`);
  list.say("checkpoint", head ? `size ${head.size}, signed by the log's key` : "no key to check it with", head);
  const kept = key ? await checkCosigned(files, key, witnesses, tree, list, head?.root) : [];
  judgeWitnesses(list, policy, [...head?.cosigned ?? [], ...kept], clock);
  list.isUnsure ||= withheld.length > 0;
  const after = `; ${counted(rest.length, "line")} after the checkpoint, never acknowledged`, { size } = tree;
  const tail = rest.length ? after : ", canonical and within limits";
  const gone = withheld.length ? `; ${withheld.length} withheld` : "";
  list.say("bytes", counted(size, "entry", "entries") + tail + gone, !ledger.hidden && !rest.length);
  const shape = `${counted(size, "leaf", "leaves")}, ${counted(tiles.length, "tile file")}`;
  return list.report({ origin: ledger.origin, is_own_key: !wanted, figures: describe(list, ledger, commits, shape) });
}
function describe(list, { things, entries, hidden, facts, streams, signers, signatures }, commits, tree) {
  commits.forEach(({ events }, index) => events.forEach(({ data: { model, version, spec } }) => {
    if (`${model}@${version}` === MODEL && spec !== SPEC) list.fault("scores", index, `parameters ${spec}`);
  }));
  const events = commits.flatMap((commit) => commit.events), count = counted(events.length, "event");
  const anchors = commits.filter(({ anchor }) => anchor).length, { model, version } = facts?.model ?? {};
  const maps = events.filter(({ type }) => type === "ledger.mapped").length;
  list.say("signatures", `${counted(signatures, "signature")} by ${counted(signers.size, "key")}`, !hidden);
  list.say("chains", `${count} in ${counted(streams.size, "stream")}`, !hidden);
  list.say("anchors", `${counted(anchors, "anchor is a root", "anchors are roots")} of this log`, !hidden);
  list.say("rules", `${count} judged by the rules in force at each`, !hidden);
  list.say("tree", `${tree}, ${counted(maps, "map")}`, !hidden || !maps);
  const claims = [...things].filter(([subject]) => subject.startsWith("claim/")), now = entries.at(-1)?.recorded;
  const figures = claims.map(([subject, claim]) => [subject.slice(6), assess(claim, things, now)]);
  const assessed = figures.filter(([, own]) => Object.values(own.figures).some(isThere)).length;
  const name = model ? `${model}@${version}` : MODEL, some = counted(assessed, "claim");
  list.say("scores", `${some} assessed, by ${name}, parameters ${SPEC}`, !hidden && name === MODEL);
  return Object.fromEntries(figures);
}

// --- the check of a claim bundle
/** Checks a claim bundle for the claim that is asked about. */
export async function verifyBundle(bytes, { claim, vkey, policy: asked, ...clock }) {
  const list = new Checklist(), policy = asked && await readPolicy(asked);
  const note = attempt(() => utf8(JSON.parse(decode(bytes)).checkpoint));
  const key = await wantedKey(vkey, policy?.logs ?? [], note);
  need(claim, "usage", "no --claim");
  const subject = claim.startsWith("claim/") ? claim : `claim/${claim}`;
  if (key) await list.hold(null, () => checkBundle(bytes, subject, key, policy, clock, list));
  list.isUnsure ||= !key;
  return list.report({ claim: subject, origin: `${subject} in ${key?.name ?? "a log of no given key"}` });
}
async function checkBundle(bytes, claim, key, policy, clock, list) {
  need(bytes.length <= 2 ** 23, "limit", `${bytes.length} bytes`);
  const bundle = parseCanonical(bytes), { map, streams, profile } = bundle, entries = [];
  checkRecord(bundle, "bundle", "bundle");
  need(bundle.entries.every(({ index }, i) => !i || index > bundle.entries[i - 1].index), "schema", "out of order");
  for (const { index, entry, path } of bundle.entries) {
    const line = utf8(entry), parsed = await list.hold(index, () => parseEntry(line));
    if (!parsed) return;
    const events = parsed.commit ? await eventsOf(parsed.commit, index) : [];
    entries.push({ ...parsed, index, path, events, leaf: await leafOf(line) });
  }
  need(bundle.claim === claim, "schema", `a bundle of ${bundle.claim}`);
  need(entries.some(({ index }) => index === map.index), "schema", "no entry of the map", map.index);
  const { index: above } = entries.find(({ index }) => index > map.index) ?? {};
  need(above === undefined, "schema", "an entry above the map's", above);
  list.say("bytes", `${counted(entries.length, "entry", "entries")}, canonical and within limits`);
  const head = await openNote(utf8(bundle.checkpoint), key, policy?.witnesses);
  need(bundle.origin === key.name && head.size > map.index, "checkpoint", `size ${head.size} of ${bundle.origin}`);
  list.say("checkpoint", `size ${head.size}, signed by the log's key`);
  const { cosigned, strays, wrong } = head, lines = counted(strays.length, "signature line");
  need(!policy || ![...strays, ...wrong].length, "witness", `lines by ${strays} ${wrong}, unknown, false or twice`);
  judgeWitnesses(list, policy, cosigned, clock, strays.length ? `; ${lines} that no key here can check` : "");
  const leads = async ({ leaf, index, path }) => await rootByPath(leaf, index, head.size, path) === head.root;
  for (const entry of entries) need(await leads(entry), "map", "a path to another root", entry.index);
  const mapped = entries.pop();
  await checkMapped(mapped, map.index, key);
  const { root } = mapped.events[0].data, isProved = async (each) => await rootByProof(each) === root;
  for (const each of streams) need(await isProved(each), "map", `a proof of ${each.subject} to another root`);
  list.say("tree", `${entries.length + 1} of ${counted(head.size, "leaf", "leaves")}, the map at @${map.index}`);
  const isHidden = entries.some((each) => each.withheld), rest = ["signatures", "chains", "anchors", "rules", "scores"];
  list.isUnsure ||= isHidden;
  if (isHidden) return rest.forEach((part) => list.say(part, "not judged: an entry is withheld", false));
  const events = entries.flatMap((entry) => entry.events), carried = new Set(streams.map(({ subject }) => subject));
  const ofStream = ({ subject }) => events.filter((event) => event.subject === subject);
  for (const each of streams) await list.hold(null, () => checkStream(ofStream(each), each.leaf));
  if (list.faults.length) return;
  checkClosure(entries, carried, claim);
  const own = events.filter(({ subject }) => carried.has(subject)), count = counted(own.length, "event");
  list.say("chains", `${count} in ${counted(streams.length, "stream")}, all that the map at @${map.index} has of them`);
  const ledger = new Ledger(carried);
  const tree = await Tree.of(entries.filter(({ index }, i) => index === i).map(({ leaf }) => hex(leaf)));
  const rootAt = (size) => (size === head.size ? head.root : size <= tree.size && tree.root(size));
  for (const entry of entries) {
    await list.hold(entry.index, () => ledger.admit(entry, entry.index, rootAt));
    if (list.faults.length) return;
    need(ledger.vkey.text === key.text, "genesis", ledger.vkey.text, entry.index);
    clock.look?.(ledger, entry);
  }
  const keys = counted(ledger.signers.size + 1, "key");
  list.say("signatures", `${counted(ledger.signatures + 1, "signature")} by ${keys}`);
  const anchors = entries.map(({ commit }) => commit.anchor).filter(Boolean);
  const shown = anchors.filter(({ size }) => rootAt(size)).length, isAll = shown === anchors.length;
  const roots = `${counted(anchors.length, "anchor is a root", "anchors are roots")} of this log`;
  list.say("anchors", isAll ? roots : `${shown} of ${roots}; the others need entries that are not carried`, isAll);
  const naming = own.filter(({ type, data }) =>
    /^claim.(linked|status)/.test(type) && !carried.has(data.target ?? data.by ?? claim)).length;
  const others = events.length - own.length ? `; ${events.length - own.length} of other subjects not judged` : "";
  const missing = naming ? `; ${counted(naming, "names a claim that is", "name claims that are")} not carried` : "";
  list.say("rules", `${count} judged by the rules in force at each${others}${missing}`, !naming);
  checkProfile(profile, claim, ledger, mapped.recorded, list);
}
async function checkMapped({ commit, events: [event, more], signatures, body }, index, key) {
  const isMap = commit?.author === LOG && commit.ledger === key.name && event.type === "ledger.mapped" && !more;
  need(isMap && event.data.size === index, "map", "no map of all before it", index);
  const [{ key: id, sig }, other] = signatures;
  const isSigned = await verifies(key.raw, unbase64(sig), preAuthenticated(body));
  need(isSigned && !other && id === await keyId(key.raw), "map", `a map signed by ${id}`, index);
}
function checkStream(events, { length, last, entry } = { length: 0 }) {
  for (const [i, { seq, prev, index }] of events.entries()) {
    const follows = i < length && seq === i + 1 && prev === (events[i - 1]?.id ?? null);
    need(follows, "conflict", `seq ${seq} after ${prev}, expected event ${i + 1} of ${length}`, index);
  }
  const { id, index } = events.at(-1) ?? {}, isWhole = events.length === length;
  need(isWhole && id === last && index === entry, "conflict", `${id}, expected ${last}`, isWhole ? index : entry);
}
function checkClosure(entries, carried, claim) { // carried is what the figures depend on, nothing else
  const closure = new Set(["ledger", claim]), tainted = new Set(), owners = new Map();
  const registered = entries.flatMap(({ events }) => events.flatMap(({ keys }) => keys));
  for (const { id, agent } of registered.reverse()) owners.set(id, agent);
  for (let size = 0; size < closure.size + tainted.size;) {
    size = closure.size + tainted.size;
    for (const { index, commit, signatures, events } of entries) {
      const own = events.filter(({ subject }) => closure.has(subject)), signers = signatures.map(({ key }) => key);
      if (!own.length) continue;
      const named = [commit.author, ...signers.map((id) => owners.get(id))];
      for (const { subject, data } of own) {
        if (subject === claim) named.push(data.artifact, data.replicates, data.context);
        if (subject.startsWith("artifact/")) named.push(data.by);
        if ("since" in data) tainted.add(data.key);
      }
      for (const { subject, keys } of signers.some((id) => tainted.has(id)) ? events : []) {
        named.push(subject);
        for (const { id } of index > 0 ? keys : []) tainted.add(id);
      }
      for (const each of named) if (each && each !== LOG) closure.add(each);
    }
  }
  const stray = [...closure, ...carried].find((subject) => !closure.has(subject) || !carried.has(subject));
  need(!stray, "conflict", `${stray} is carried or needed, not both`);
  const spare = entries.find(({ events }) => !events.some(({ subject }) => carried.has(subject)));
  need(!spare, "conflict", "an entry that is not needed", spare?.index);
}
function checkProfile({ model, figures, ...rest }, subject, { things, facts }, now, list) {
  const claim = things.get(subject) ?? refuse("model", `no ${subject} in effect`), spec = facts.model?.spec ?? SPEC;
  const name = facts.model ? `${facts.model.model}@${facts.model.version}` : MODEL;
  need(model === name, "model", `${model}, expected ${name}`);
  list.isUnsure ||= model !== MODEL;
  list.say("scores", `11 figures by ${model}, parameters ${SPEC}`, model === MODEL);
  if (model !== MODEL) return;
  need(spec === SPEC, "model", `parameters ${spec}`);
  const own = assess(claim, things, now);
  for (const [part, found] of Object.entries({ ...figures, ...rest })) {
    const expected = canonical({ ...own, ...own.figures }[part]);
    if (canonical(found) !== expected) list.fault("scores", null, `${part} ${found}, expected ${expected}`);
  }
}

// --- as a program
const EXIT = { holds: 0, fails: 1, damaged: 3, cannot_tell: 7 }, MARKS = { holds: "✓", fails: "✗", unknown: "?" };
const WARNING = "the log key is the ledger's own: a rewritten one would pass; give yours with --vkey";
export function checklist({ origin = "an unnamed ledger", is_own_key, claim, checks, faults, verdict }) {
  const lines = checks.map(({ part, outcome, detail }) => `  ${MARKS[outcome]} ${part.padEnd(11)} ${detail}`);
  const wrong = faults.slice(0, 20).map(({ index, file, code, found }) =>
    `✗ ${[isThere(index) && `@${index}`, file, code && `[${code}]`].filter(Boolean).join(" ")}: ${found}`);
  const all = claim ? "all that a bundle can show" : "everything";
  const said = verdict === "holds" ? `${all} holds` : verdict.replace("_", " ");
  return [...is_own_key ? [WARNING] : [], origin, ...lines, ...wrong, said].join("\n");
}
// node verify.mjs LEDGER_DIR [--vkey V] [--from CHECKPOINT] [--policy FILE] [--max-age 24h] [--json]
// node verify.mjs BUNDLE.claim.json --claim C --vkey V [--policy FILE] [--max-age 24h] [--json]
async function main() {
  const { readFileSync, readdirSync, statSync } = await import("node:fs"), { parseArgs } = await import("node:util");
  const [string, boolean] = [{ type: "string" }, { type: "boolean" }];
  const options = { vkey: string, from: string, policy: string, "max-age": string, claim: string, json: boolean };
  const { values, positionals: [path, more] } = parseArgs({ options, allowPositionals: true });
  const [, count, unit] = /^(\d+)([smhd])$/.exec(values["max-age"] ?? "0s") ?? refuse("usage", values["max-age"]);
  need(path && !more, "usage", "expected one ledger or bundle");
  const [from, policy] = [values.from, values.policy].map((name) => name && readFileSync(name));
  const asked = { ...values, from, policy, maxAge: count * { s: 1, m: 60, h: 3600, d: 86400 }[unit] };
  const isFolder = statSync(path).isDirectory(), files = new Map();
  for (const name of isFolder ? readdirSync(path, { recursive: true }) : []) {
    const isOwn = /^(checkpoint|policy|cosigned|(events|tile|cosigned)\/.*)$/.test(name);
    if (isOwn && statSync(`${path}/${name}`).isFile()) files.set(name, readFileSync(`${path}/${name}`));
  }
  const report = isFolder ? await verifyLedger(files, asked) : await verifyBundle(readFileSync(path), asked);
  console.log(values.json ? JSON.stringify(report, null, 2) : checklist(report));
  return EXIT[report.verdict];
}
const [, program] = globalThis.process?.argv ?? [];
if (program && import.meta.url === new URL(program, "file:///").href) {
  const say = ({ message }) => console.error(`error: ${message}`) ?? 2;
  globalThis.process.exitCode = await main().catch((error) => (error.code ? say(error) : Promise.reject(error)));
}

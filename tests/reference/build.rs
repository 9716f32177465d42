//! How the reference ledger is made: published keys, given clocks, every word of it.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use grounds::claim::{Act, Data, Founder, KeyClaim, LedgerCreated, LogKey, Policy};
use grounds::envelope::{PrivateKey, Signed, possession_message};
use grounds::hash::Hash;
use grounds::json::Json;
use grounds::ledger::{Appender, Clock, HeadSigner, genesis, prepare};
use grounds::value::{Date, Origin, Slug, Subject, Time};

/// The ledger's name.
pub(crate) const ORIGIN: &str = "grounds.example/reference";

/// A key of the reference ledger. Its seed is the digest of its name: everybody has it, and it
/// proves nothing about anybody.
pub(crate) fn key(name: &str) -> PrivateKey {
    let seed = Hash::of(format!("grounds reference ledger, public test key of {name}").as_bytes());
    PrivateKey::from_seed(seed.as_bytes())
}

#[derive(Clone)]
struct GivenClock(Arc<Mutex<Time>>);

impl Clock for GivenClock {
    fn wall(&self) -> Time {
        *self.0.lock().expect("nobody panics with the clock")
    }

    fn monotonic(&self) -> Duration {
        // It advances with the given times: a jump is what a given clock does.
        let micros = u64::try_from(self.wall().micros()).expect("after 1970");
        Duration::from_micros(micros)
    }
}

struct Builder {
    appender: Appender,
    clock: GivenClock,
    origin: Origin,
}

pub(crate) fn time(text: &str) -> Time {
    Time::parse_seconds(text).expect("a time of the script")
}

fn slug(text: &str) -> Slug {
    text.parse().expect("a slug of the script")
}

/// An act, with its data as JSON text.
pub(crate) fn act(subject: &str, kind: &str, effective: Option<&str>, data: &str) -> Act {
    let json = relaxed(data);
    let data = Data::read(kind, &json).unwrap_or_else(|error| panic!("{subject} {kind}: {error}"));
    let effective: Option<Date> = effective.map(|date| date.parse().expect("a date of the script"));
    Act::new(subject.parse().expect("a subject of the script"), data).since(effective)
}

/// JSON in any order and with spaces, as a person writes it.
fn relaxed(text: &str) -> Json<'static> {
    fn convert(value: serde_json::Value) -> Json<'static> {
        match value {
            serde_json::Value::Null => Json::Null,
            serde_json::Value::Bool(value) => Json::Bool(value),
            serde_json::Value::Number(number) => Json::Int(number.as_i64().expect("an integer")),
            serde_json::Value::String(text) => Json::string(text),
            serde_json::Value::Array(items) => Json::Arr(items.into_iter().map(convert).collect()),
            serde_json::Value::Object(members) => Json::Obj(
                members
                    .into_iter()
                    .map(|(name, value)| (name.into(), convert(value)))
                    .collect(),
            ),
        }
    }
    convert(serde_json::from_str(text).expect("JSON of the script"))
}

fn possession(agent: &str, key: &PrivateKey) -> KeyClaim {
    let origin: Origin = ORIGIN.parse().expect("an origin");
    let proof = key.sign(&possession_message(&origin, &slug(agent), &key.public()));
    KeyClaim {
        key: key.public(),
        proof,
    }
}

pub(crate) fn keys_json(agent: &str) -> String {
    let claim = possession(agent, &key(agent));
    let json = Json::Arr(vec![grounds::form::Form::write(&claim)]);
    json.to_text()
}

impl Builder {
    /// Records one commit at a given time: signed by its author and whoever else is named.
    fn commit(&mut self, at: &str, signers: &[&str], acts: &[Act]) {
        let at = time(at);
        *self.clock.0.lock().expect("nobody panics with the clock") = at;
        let said = Time::from_micros(at.micros() - 2_000_000).expect("two seconds earlier");
        let anchor = self.appender.anchor();
        let author = slug(signers[0]);
        let commit = prepare(
            self.appender.state(),
            &self.origin,
            anchor,
            &author,
            said,
            acts,
        )
        .expect("the script makes commits");
        let mut signed = Signed::seal(commit, &key(signers[0]));
        signers[1..].iter().for_each(|name| signed.sign(&key(name)));
        self.appender
            .stage(&signed.to_bytes())
            .unwrap_or_else(|error| panic!("{at}: {error}"));
        self.appender.flush().expect("the disk works");
    }
}

/// Makes the ledger in a folder, with the signer's state in another.
pub(crate) fn build(dir: &Path, state: &Path) {
    let mut builder = found(dir, state);
    register(&mut builder);
    argue(&mut builder);
    *builder
        .clock
        .0
        .lock()
        .expect("nobody panics with the clock") = time("2026-03-09T20:00:00Z");
    builder.appender.record_map().expect("the map is recorded");
    builder.appender.close().expect("the disk works");
}

fn found(dir: &Path, state: &Path) -> Builder {
    let origin: Origin = ORIGIN.parse().expect("an origin");
    let start = time("2026-03-02T09:00:00Z");
    let clock = GivenClock(Arc::new(Mutex::new(start)));
    let signer = HeadSigner::open(&origin, key("log"), state).expect("a signer");
    let created = LedgerCreated {
        origin: origin.clone(),
        title: grounds::value::Line::parse("The reference ledger of grounds").expect("a title"),
        description: Some(
            grounds::value::Text::parse(
                "One disputed claim of mechanistic interpretability, with every input that its figures stand on. Its keys are public: it shows the format and the arithmetic, and attests to nothing.",
            )
            .expect("a description"),
        ),
        log_key: LogKey(signer.verifier().clone()),
        agents: grounds::form::List(vec![
            founder("registrar", "Registrar", r#""organization""#, r#"["curator","steward"]"#, None),
            founder("curator", "Curator", r#""human""#, r#"["attester","curator","steward"]"#, Some(("curators", "0.72"))),
            founder("archivist", "Archivist", r#""organization""#, r#"["steward"]"#, None),
        ]),
        policy: Policy::shared(),
        predecessor: None,
    };
    let said = Time::from_micros(start.micros() - 2_000_000).expect("two seconds earlier");
    let commit = genesis(created, &slug("registrar"), said).expect("a genesis");
    let mut signed = Signed::seal(commit, &key("registrar"));
    signed.sign(&key("curator"));
    signed.sign(&key("archivist"));
    let boxed = Box::new(clock.clone());
    let (appender, _) = Appender::create(dir, &signed.to_bytes(), signer, boxed).expect("a ledger");
    Builder {
        appender,
        clock,
        origin,
    }
}

pub(crate) fn founder(
    own: &str,
    name: &str,
    kind: &str,
    roles: &str,
    voice: Option<(&str, &str)>,
) -> Founder {
    let voice = voice.map(|(community, reliability)| {
        format!(r#","community":"{community}","reliability":"{reliability}""#)
    });
    let json = relaxed(&format!(
        r#"{{"slug":"{own}","name":"{name}","kind":{kind},"roles":{roles},"keys":{}{}}}"#,
        keys_json(own),
        voice.unwrap_or_default()
    ));
    grounds::form::Form::read(&json).expect("a founder of the script")
}

fn register(builder: &mut Builder) {
    let model = grounds::trust::find("claim_support_vector@v1.0").expect("the released model");
    let adopted = format!(
        r#"{{"model":"claim_support_vector","version":"v1.0","spec":"{}","default":true}}"#,
        model.spec()
    );
    builder.commit(
        "2026-03-02T09:10:00Z",
        &["registrar", "archivist"],
        &[act("ledger", "ledger.model_adopted", None, &adopted)],
    );
    let contributor = |own: &str, name: &str| {
        let data = format!(
            r#"{{"name":"{name}","kind":"human","roles":["contributor"],"keys":{}}}"#,
            keys_json(own)
        );
        act(&format!("agent/{own}"), "agent.registered", None, &data)
    };
    builder.commit(
        "2026-03-02T09:30:00Z",
        &["registrar"],
        &[
            contributor("contributor-a", "Contributor A"),
            contributor("contributor-b", "Contributor B"),
        ],
    );
    builder.commit(
        "2026-03-03T10:00:00Z",
        &["curator"],
        &[
            act(
                "context/small-toy-models",
                "context.defined",
                None,
                r#"{"name":"Small toy models (<10M parameters)","kind":"model_scale"}"#,
            ),
            act(
                "view/strict-empirical",
                "view.defined",
                None,
                r#"{"name":"Strict Empirical",
                    "description":"Empirical claims that an observation could show to be wrong, and that stand on evidence.",
                    "rules":[
                      {"when":"claim.nature != \"empirical\" || claim.falsifiability == \"unfalsifiable\"","verdict":"excluded","reason":"not an empirical claim that could be shown to be wrong"},
                      {"when":"profile.evid == null || profile.evid < 0.5","verdict":"downweighted","reason":"evidence below 50 % or not assessed"}],
                    "otherwise":"included"}"#,
            ),
        ],
    );
}

const CLAIM: &str = "claim/individual-neurons-rarely-encode-single-concepts";

fn argue(builder: &mut Builder) {
    builder.commit(
        "2026-03-03T10:30:00Z",
        &["registrar"],
        &[act(
            CLAIM,
            "claim.asserted",
            Some("2022-09-14"),
            r#"{"statement":"Individual neurons rarely encode single concepts",
                "summary":"In standard transformers, most neurons respond to multiple unrelated concepts (polysemanticity), and single-concept neurons are rare exceptions rather than the norm.",
                "detail":"Multiple studies show that probing individual neurons yields mixed selectivity. However, recent work on larger models suggests some neurons do become more monosemantic at scale, creating a genuine dispute about whether this is a fundamental property or a scale-dependent phenomenon.",
                "nature":"empirical","polarity":"positive","falsifiability":"falsifiable","origin":"cross_referenced",
                "domains":[{"name":"Mechanistic Interpretability","weight":"1"}]}"#,
        )],
    );
    cite(
        builder,
        &Paper {
            by: "contributor-a",
            at: "2026-03-04T09:15:00Z",
            appraised: "2026-03-04T16:40:00Z",
            published: "2023-10-04",
            own: "artifact/towards-monosemanticity",
            registration: r#"{"title":"Towards Monosemanticity","kind":"paper","label":"Anthropic, 2023","year":2023,
                "url":"https://transformer-circuits.pub/2023/monosemantic-features","community":"anthropic"}"#,
            evidence: r#"{"relation":"supports","artifact":"artifact/towards-monosemanticity",
                "passages":[{"label":"Polysemanticity observations","confidence":"0.84"}],
                "note":"Monosemanticity paper shows many neurons are polysemantic in standard-trained models."}"#,
            appraisal: r#"{"credibility":"0.8","methodology":"0.65","replication":"0.6"}"#,
        },
    );
    cite(
        builder,
        &Paper {
            by: "contributor-b",
            at: "2026-03-05T11:05:00Z",
            appraised: "2026-03-05T17:20:00Z",
            published: "2022-09-14",
            own: "artifact/toy-models-of-superposition",
            registration: r#"{"title":"Toy Models of Superposition","kind":"paper","label":"Elhage et al., 2022","year":2022,
                "doi":"10.48550/arxiv.2209.10652","url":"https://transformer-circuits.pub/2022/toy_model/index.html","community":"anthropic"}"#,
            evidence: r#"{"relation":"supports","artifact":"artifact/toy-models-of-superposition","strength":"0.84",
                "note":"Toy models paper confirms polysemanticity is the default in models with more features than dimensions."}"#,
            appraisal: r#"{"credibility":"0.85","methodology":"0.7","replication":"0.5"}"#,
        },
    );
    builder.commit(
        "2026-03-05T17:30:00Z",
        &["curator"],
        &[act(
            CLAIM,
            "claim.status_changed",
            None,
            r#"{"lifecycle":"active","standing":"tested","note":"Two studies support it"}"#,
        )],
    );
    cite(
        builder,
        &Paper {
            by: "contributor-a",
            at: "2026-03-07T08:50:00Z",
            appraised: "2026-03-07T14:10:00Z",
            published: "2024-05-21",
            own: "artifact/scaling-monosemanticity",
            registration: r#"{"title":"Scaling Monosemanticity","kind":"paper","label":"Anthropic, 2024","year":2024,
                "url":"https://transformer-circuits.pub/2024/scaling-monosemanticity/","community":"anthropic"}"#,
            evidence: r#"{"relation":"disputes","artifact":"artifact/scaling-monosemanticity",
                "passages":[{"label":"Scale-dependent monosemanticity observed","confidence":"0.78"}],
                "note":"The scaling paper shows that some neurons become more monosemantic at larger scales, partially disputing the claim that monosemanticity is always rare."}"#,
            appraisal: r#"{"credibility":"0.82","methodology":"0.79"}"#,
        },
    );
    builder.commit(
        "2026-03-07T15:00:00Z",
        &["curator"],
        &[act(
            CLAIM,
            "claim.status_changed",
            None,
            r#"{"standing":"contested","note":"Contested: scale-dependent monosemanticity partially disputes the claim"}"#,
        )],
    );
    builder.commit(
        "2026-03-08T13:25:00Z",
        &["curator"],
        &[act(
            CLAIM,
            "claim.scoped",
            None,
            r#"{"relation":"holds_in","context":"context/small-toy-models","breadth":"0.45"}"#,
        )],
    );
    builder.commit(
        "2026-03-09T19:58:00Z",
        &["curator"],
        &[act(
            CLAIM,
            "attestation.made",
            None,
            r#"{"verdict":"verifies","weight":"0.75","version":1,"role":"Curator",
                "comment":"Claim wording acceptable but note the contested status due to scale-dependence."}"#,
        )],
    );
}

struct Paper {
    by: &'static str,
    at: &'static str,
    appraised: &'static str,
    published: &'static str,
    own: &'static str,
    registration: &'static str,
    evidence: &'static str,
    appraisal: &'static str,
}

/// A paper is registered and cited in one act; later the curator appraises it.
fn cite(builder: &mut Builder, paper: &Paper) {
    let since = Some(paper.published);
    builder.commit(
        paper.at,
        &[paper.by],
        &[
            act(paper.own, "artifact.registered", since, paper.registration),
            act(CLAIM, "evidence.added", since, paper.evidence),
        ],
    );
    let appraisal = act(paper.own, "artifact.appraised", since, paper.appraisal);
    builder.commit(paper.appraised, &["curator"], &[appraisal]);
}

/// The ledger's own subject of the page.
#[must_use]
pub(crate) fn claim() -> Subject {
    CLAIM.parse().expect("a claim")
}

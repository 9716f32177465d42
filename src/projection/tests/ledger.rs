//! The reference page as recorded events, without bytes and signatures.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::claim::{Data, Event, Policy, Recorded, Signer, State};
use crate::form::Form;
use crate::hash::Hash;
use crate::json::Json;
use crate::value::{Address, CommitId, EventId, KeyId, PublicKey, Slug, Subject, Time};

/// A log key from the documentation of Go's `sumdb/note`.
const LOG_KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

pub(crate) const NEURONS: &str = "claim/neurons";

/// Records commits one after the other, an hour apart.
pub(crate) struct Recorder {
    pub(crate) entries: Vec<Arc<Recorded>>,
    heads: BTreeMap<Subject, (u64, EventId)>,
}

pub(crate) struct Said {
    pub(crate) subject: &'static str,
    pub(crate) effective: Option<&'static str>,
    pub(crate) kind: &'static str,
    pub(crate) data: Value,
}

pub(crate) fn said(subject: &'static str, kind: &'static str, data: Value) -> Said {
    Said {
        subject,
        effective: None,
        kind,
        data,
    }
}

pub(crate) fn since(date: &'static str, said: Said) -> Said {
    Said {
        effective: Some(date),
        ..said
    }
}

pub(crate) fn slug(text: &str) -> Slug {
    text.parse().unwrap()
}

pub(crate) fn key(agent: &str) -> PublicKey {
    PublicKey(Hash::of(agent.as_bytes()).0)
}

pub(crate) fn key_id(agent: &str) -> KeyId {
    key(agent).id()
}

pub(crate) fn time(text: &str) -> Time {
    Time::parse_seconds(text).unwrap()
}

pub(crate) fn keys(agent: &str) -> Value {
    let proof = format!("{}==", "A".repeat(86));
    json!([{"key": key(agent).to_string(), "proof": proof}])
}

/// The first entry's time; entry i is recorded i hours later.
pub(crate) fn hour(index: u64) -> Time {
    time("2026-03-01T00:00:00Z").plus_micros(i64::try_from(index).unwrap() * 3_600_000_000)
}

impl Recorder {
    pub(crate) fn new() -> Recorder {
        let founder = |slug: &str, name: &str, reliability: Option<&str>| {
            let mut founder = json!({
                "slug": slug, "name": name, "kind": "human", "community": "curators",
                "roles": ["attester", "contributor", "curator", "steward"], "keys": keys(slug),
            });
            if let Some(reliability) = reliability {
                founder["reliability"] = json!(reliability);
            }
            founder
        };
        let policy: Value = serde_json::from_str(&Policy::solo().write().to_text()).unwrap();
        let mut recorder = Recorder {
            entries: Vec::new(),
            heads: BTreeMap::new(),
        };
        recorder.commit(
            "ada",
            vec![said(
                "ledger",
                "ledger.created",
                json!({
                    "origin": "claims.example/test", "title": "Test", "log_key": LOG_KEY,
                    "agents": [founder("ada", "Ada", None), founder("cur", "Cur", Some("0.72"))],
                    "policy": policy,
                }),
            )],
        );
        recorder
    }

    pub(crate) fn commit(&mut self, author: &str, said: Vec<Said>) -> u64 {
        let recorded = hour(self.entries.len() as u64);
        self.commit_at(author, recorded, said)
    }

    pub(crate) fn commit_at(&mut self, author: &str, recorded: Time, said: Vec<Said>) -> u64 {
        let index = self.entries.len() as u64;
        let events = (0..).zip(said).map(|(position, said)| {
            let subject: Subject = said.subject.parse().unwrap();
            let text = said.data.to_string();
            let data = Data::read(said.kind, &Json::parse(text.as_bytes()).unwrap());
            let head = self.heads.get(&subject).copied();
            let seq = head.map_or(1, |head| head.0 + 1);
            let id = EventId(Hash::of(format!("{index} {position}").as_bytes()));
            self.heads.insert(subject.clone(), (seq, id));
            Arc::new(Event {
                address: Address {
                    entry: index,
                    position,
                },
                id,
                subject,
                seq,
                prev: head.map(|head| head.1),
                effective: said.effective.map(|date| date.parse().unwrap()),
                author: slug(author),
                at: recorded,
                recorded,
                data: data.unwrap_or_else(|error| panic!("{}: {error}", said.kind)),
            })
        });
        let events = events.collect();
        self.entries.push(Arc::new(Recorded {
            index,
            commit: CommitId(Hash::of(&index.to_be_bytes())),
            recorded,
            author: slug(author),
            at: recorded,
            anchor: None,
            signers: vec![Signer {
                agent: slug(author),
                key: key_id(author),
            }],
            events,
            key_faults: Vec::new(),
        }));
        index
    }

    pub(crate) fn state(&self) -> State {
        State::fold(&self.entries)
    }

    pub(crate) fn state_at(&self, entries: usize) -> State {
        State::fold(&self.entries[..entries])
    }
}

fn paper(
    subject: &'static str,
    title: &str,
    label: &str,
    published: &'static str,
    appraisal: Value,
) -> Vec<Said> {
    vec![
        since(
            published,
            said(
                subject,
                "artifact.registered",
                json!({"title": title, "kind": "paper", "label": label, "community": "anthropic"}),
            ),
        ),
        since(published, said(subject, "artifact.appraised", appraisal)),
    ]
}

pub(crate) const TOWARDS: &str = "artifact/towards-monosemanticity";
pub(crate) const TOY: &str = "artifact/toy-models";
pub(crate) const SCALING: &str = "artifact/scaling-monosemanticity";

/// The reference ledger: entries 0 to 10.
pub(crate) fn reference() -> Recorder {
    let mut ledger = Recorder::new();
    ledger.commit(
        "ada",
        paper(
            TOWARDS,
            "Towards Monosemanticity",
            "Anthropic, 2023",
            "2023-10-04",
            json!({"credibility": "0.8", "methodology": "0.65", "replication": "0.6"}),
        ),
    );
    ledger.commit(
        "ada",
        paper(
            TOY,
            "Toy Models of Superposition",
            "Elhage et al., 2022",
            "2022-09-14",
            json!({"credibility": "0.85", "methodology": "0.7", "replication": "0.5"}),
        ),
    );
    ledger.commit(
        "ada",
        paper(
            SCALING,
            "Scaling Monosemanticity",
            "Anthropic, 2024",
            "2024-05-21",
            json!({"credibility": "0.82", "methodology": "0.79"}),
        ),
    );
    ledger.commit(
        "ada",
        vec![
            since(
                "2022-09-14",
                said(
                    NEURONS,
                    "claim.asserted",
                    json!({
                        "statement": "Individual neurons rarely encode single concepts",
                        "summary": "Most neurons respond to multiple unrelated concepts.",
                        "detail": "A dispute.", "nature": "empirical", "polarity": "positive",
                        "falsifiability": "falsifiable", "origin": "cross_referenced",
                        "domains": [{"name": "Mechanistic Interpretability", "weight": "1"}],
                    }),
                ),
            ),
            since(
                "2023-10-04",
                said(
                    NEURONS,
                    "evidence.added",
                    json!({
                        "relation": "supports", "artifact": TOWARDS, "note": "Polysemantic.",
                        "passages": [{"label": "Polysemanticity observations", "confidence": "0.84"}],
                    }),
                ),
            ),
            since(
                "2022-09-14",
                said(
                    NEURONS,
                    "evidence.added",
                    json!({
                        "relation": "supports", "artifact": TOY, "note": "Default.",
                        "strength": "0.84",
                    }),
                ),
            ),
        ],
    );
    ledger.commit(
        "ada",
        vec![since(
            "2024-05-21",
            said(
                NEURONS,
                "evidence.added",
                json!({
                    "relation": "disputes", "artifact": SCALING, "note": "At scale.",
                    "passages": [{"label": "Scale-dependent", "confidence": "0.78"}],
                }),
            ),
        )],
    );
    ledger.commit(
        "ada",
        vec![said(
            "context/toy",
            "context.defined",
            json!({"name": "Small toy models (<10M parameters)", "kind": "model_scale"}),
        )],
    );
    ledger.commit(
        "ada",
        vec![said(
            NEURONS,
            "claim.scoped",
            json!({"relation": "holds_in", "context": "context/toy", "breadth": "0.45"}),
        )],
    );
    ledger.commit(
        "ada",
        vec![said(
            "view/strict-empirical",
            "view.defined",
            json!({
                "name": "Strict Empirical", "description": "Only what can be tested.",
                "otherwise": "included", "rules": [
                    {"when": "claim.nature != 'empirical' || claim.falsifiability == 'unfalsifiable'",
                     "verdict": "excluded", "reason": "Not empirical"},
                    {"when": "profile.evid == null || profile.evid < 0.5",
                     "verdict": "downweighted", "reason": "Little evidence"},
                ],
            }),
        )],
    );
    ledger.commit(
        "cur",
        vec![said(
            NEURONS,
            "attestation.made",
            json!({
                "verdict": "verifies", "weight": "0.75", "version": 1, "role": "Curator",
                "comment": "Claim wording acceptable.",
            }),
        )],
    );
    ledger.commit(
        "cur",
        vec![said(
            NEURONS,
            "claim.status_changed",
            json!({"lifecycle": "active", "standing": "contested", "note": "Contested: scale."}),
        )],
    );
    ledger
}

/// What can be said of the reference ledger next: by place, so that a property may choose.
pub(crate) fn next(choice: u8) -> (&'static str, Said) {
    let ratio = |choice: u8| format!("0.{}", u32::from(choice % 9) + 1);
    match choice % 12 {
        0 => (
            "cur",
            said(
                TOWARDS,
                "artifact.appraised",
                json!({"credibility": ratio(choice)}),
            ),
        ),
        1 => (
            "ada",
            said(
                TOY,
                "artifact.standing_changed",
                json!({"standing": "retracted", "reason": "Withdrawn by the journal"}),
            ),
        ),
        2 => (
            "ada",
            said(
                NEURONS,
                "evidence.revised",
                json!({"ref": 3, "strength": ratio(choice), "reason": "Read again"}),
            ),
        ),
        3 => (
            "ada",
            said(
                NEURONS,
                "evidence.withdrawn",
                json!({"ref": 4, "reason": "Wrong"}),
            ),
        ),
        4 => (
            "ada",
            said(
                NEURONS,
                "claim.revised",
                json!({"summary": "Shorter.", "reason": "Length"}),
            ),
        ),
        5 => (
            "cur",
            said(
                NEURONS,
                "attestation.made",
                json!({"verdict": "disputes", "weight": ratio(choice), "version": 1}),
            ),
        ),
        6 => (
            "ada",
            said(
                "agent/cur",
                "agent.changed",
                json!({"reliability": ratio(choice)}),
            ),
        ),
        7 => (
            "ada",
            said(
                NEURONS,
                "claim.unscoped",
                json!({"ref": 5, "reason": "Too broad"}),
            ),
        ),
        8 => (
            "ada",
            since(
                "2025-02",
                said(
                    NEURONS,
                    "evidence.added",
                    json!({
                        "relation": "disputes", "artifact": TOY, "note": "Also.",
                        "strength": ratio(choice), "key": format!("k{choice}"),
                    }),
                ),
            ),
        ),
        9 => (
            "cur",
            said(
                NEURONS,
                "attestation.made",
                json!({
                    "verdict": "endorses", "weight": "1", "version": 1, "expires": "2026-03-02",
                }),
            ),
        ),
        10 => (
            "ada",
            since(
                "2021",
                said(
                    TOY,
                    "artifact.appraised",
                    json!({"methodology": ratio(choice)}),
                ),
            ),
        ),
        _ => (
            "ada",
            said(
                "agent/cur",
                "agent.key_revoked",
                json!({"key": key_id("cur").to_string(), "reason": "compromised", "since": 0}),
            ),
        ),
    }
}

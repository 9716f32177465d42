//! A bed to grow ledgers in: commits are recorded directly, signers are given, ids are counted.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::hash::Hash;
use crate::json::Json;
use crate::tlog::NoteSigner;
use crate::value::{Address, CommitId, EventId, KeyId, PublicKey, Slug, Subject, Time};

use super::super::{
    Claim, Code, Data, Event, KeyFault, KeyFaultKind, Recorded, Rejection, Signer, State,
};

pub(crate) const ORIGIN: &str = "claims.example/bed";
const START: i64 = 1_700_000_000_000_000;
const SECOND: i64 = 1_000_000;

pub(crate) fn slug(text: &str) -> Slug {
    text.parse().unwrap()
}

pub(crate) fn subject(text: &str) -> Subject {
    text.parse().unwrap()
}

pub(crate) fn key(number: u8) -> PublicKey {
    PublicKey([number; 32])
}

pub(crate) fn key_id(number: u8) -> KeyId {
    key(number).id()
}

pub(crate) fn log_key() -> PublicKey {
    PublicKey(
        ed25519_dalek::SigningKey::from_bytes(&[9; 32])
            .verifying_key()
            .to_bytes(),
    )
}

fn log_vkey(name: &str) -> String {
    let signing = ed25519_dalek::SigningKey::from_bytes(&[9; 32]);
    NoteSigner::new(name, signing)
        .unwrap()
        .verifier()
        .to_string()
}

pub(crate) fn data(kind: &str, json: Value) -> Data {
    let bytes = serde_json_canonicalizer::to_vec(&json).unwrap();
    let data = Data::read(kind, &Json::parse(&bytes).unwrap());
    data.unwrap_or_else(|error| panic!("{kind} {json}: {error}"))
}

pub(crate) fn proven(number: u8) -> Value {
    json!({"key": key(number).to_string(), "proof": proof()})
}

fn proof() -> String {
    format!("{}==", "A".repeat(86))
}

const AGENTS: [&str; 8] = ["ann", "bob", "cid", "con", "att", "bot", "org", "non"];

/// The first key of each agent of the bed.
fn first_key(agent: &str) -> u8 {
    let place = AGENTS.iter().position(|known| *known == agent);
    u8::try_from(place.unwrap()).unwrap() + 1
}

/// `ann` signs with her first key, `ann:11` with that one, `log` with the log's.
pub(crate) fn signer(text: &str) -> Signer {
    if text == "log" {
        return Signer {
            agent: Slug::log(),
            key: log_key().id(),
        };
    }
    let (agent, number) = match text.split_once(':') {
        Some((agent, number)) => (agent, number.parse().unwrap()),
        None => (text, first_key(text)),
    };
    Signer {
        agent: slug(agent),
        key: key_id(number),
    }
}

/// An author of the bed signs alone unless it is said otherwise; the log too.
fn drafted(author: &str) -> Vec<Signer> {
    let known = author == "log" || AGENTS.contains(&author);
    known.then(|| signer(author)).into_iter().collect()
}

pub(crate) fn founder(name: &str, kind: &str, roles: &[&str], keys: &[u8]) -> Value {
    let keys: Vec<Value> = keys.iter().map(|number| proven(*number)).collect();
    json!({"slug": name, "name": name, "kind": kind, "roles": roles, "keys": keys})
}

pub(crate) fn founders() -> Vec<Value> {
    vec![
        founder(
            "ann",
            "human",
            &["contributor", "curator", "steward"],
            &[1, 11],
        ),
        founder("bob", "human", &["attester", "curator", "steward"], &[2]),
        founder("cid", "human", &["steward"], &[3]),
        founder("con", "human", &["contributor"], &[4]),
        founder("att", "human", &["attester"], &[5]),
        founder("bot", "software", &["curator"], &[6]),
        founder("org", "organization", &["curator"], &[7]),
        founder("non", "human", &[], &[8]),
    ]
}

pub(crate) fn created(agents: &[Value], policy: Value) -> Data {
    let json = json!({"origin": ORIGIN, "title": "Bed", "log_key": log_vkey(ORIGIN),
        "agents": agents, "policy": policy});
    data("ledger.created", json)
}

pub(crate) fn shared_policy() -> Value {
    serde_json::from_str(include_str!("../../../docs/policies/policy-shared.json")).unwrap()
}

pub(crate) fn solo_policy() -> Value {
    serde_json::from_str(include_str!("../../../docs/policies/policy-solo.json")).unwrap()
}

/// The shared policy with one rule put in the place of another.
pub(crate) fn with_rule(name: &str, rule: Value) -> Value {
    let mut policy = shared_policy();
    policy["rules"][name] = rule;
    policy
}

pub(crate) fn moved() -> Data {
    let successor =
        json!({"origin": "claims.example/next", "vkey": log_vkey("claims.example/next")});
    data(
        "ledger.moved",
        json!({"successor": successor, "reason": "on"}),
    )
}

pub(crate) fn asserted() -> Data {
    data(
        "claim.asserted",
        json!({"statement": "one", "summary": "s", "nature": "empirical",
        "polarity": "positive", "falsifiability": "falsifiable", "origin": "authored",
        "domains": [{"name": "d", "weight": "1"}]}),
    )
}

pub(crate) fn revised(statement: &str) -> Data {
    data(
        "claim.revised",
        json!({"statement": statement, "reason": "r"}),
    )
}

pub(crate) fn status(json: Value) -> Data {
    let mut json = json;
    json["note"] = "n".into();
    data("claim.status_changed", json)
}

pub(crate) fn evidence(relation: &str, artifact: &str) -> Data {
    data(
        "evidence.added",
        json!({"relation": relation, "artifact": artifact, "note": "n"}),
    )
}

pub(crate) fn attested(verdict: &str, version: u64) -> Data {
    data(
        "attestation.made",
        json!({"verdict": verdict, "weight": "1", "version": version}),
    )
}

pub(crate) fn artifact() -> Data {
    data(
        "artifact.registered",
        json!({"title": "t", "kind": "paper"}),
    )
}

pub(crate) fn context() -> Data {
    data("context.defined", json!({"name": "c", "kind": "k"}))
}

pub(crate) fn scoped(relation: &str, context: &str) -> Data {
    data(
        "claim.scoped",
        json!({"relation": relation, "context": context, "breadth": "0.5"}),
    )
}

pub(crate) fn linked(relation: &str, target: &str) -> Data {
    data(
        "claim.linked",
        json!({"relation": relation, "target": target}),
    )
}

pub(crate) fn with_ref(kind: &str, seq: u64) -> Data {
    let json = match kind {
        "evidence.revised" => json!({"ref": seq, "reason": "r", "strength": "0.25"}),
        _ => json!({"ref": seq, "reason": "r"}),
    };
    data(kind, json)
}

pub(crate) fn note() -> Data {
    data("note.added", json!({"text": "n"}))
}

pub(crate) fn view(kind: &str) -> Data {
    data(
        kind,
        json!({"name": "v", "description": "d", "rules": [], "otherwise": "included"}),
    )
}

pub(crate) fn registered(roles: &[&str], keys: &[u8]) -> Data {
    let keys: Vec<Value> = keys.iter().map(|number| proven(*number)).collect();
    data(
        "agent.registered",
        json!({"name": "n", "kind": "human", "roles": roles, "keys": keys}),
    )
}

pub(crate) fn key_added(number: u8) -> Data {
    data("agent.key_added", proven(number))
}

pub(crate) fn key_added_next(number: u8, next: u8) -> Data {
    let mut json = proven(number);
    json["next"] = Hash::of(&[next; 32]).to_string().into();
    data("agent.key_added", json)
}

pub(crate) fn revoked(number: u8) -> Data {
    data(
        "agent.key_revoked",
        json!({"key": key_id(number).to_string(), "reason": "lost"}),
    )
}

pub(crate) fn compromised(number: u8, since: u64) -> Data {
    data(
        "agent.key_revoked",
        json!({"key": key_id(number).to_string(), "reason": "compromised", "since": since}),
    )
}

pub(crate) fn policy(policy: Value) -> Data {
    data("ledger.policy_changed", json!({"policy": policy}))
}

pub(crate) fn frozen() -> Data {
    data("ledger.frozen", json!({"reason": "r"}))
}

pub(crate) fn mapped(size: u64, subjects: u64) -> Data {
    data(
        "ledger.mapped",
        json!({"size": size, "root": Hash::of(b"root").to_string(), "subjects": subjects}),
    )
}

pub(crate) fn adopted() -> Data {
    data(
        "ledger.model_adopted",
        json!({"model": "m", "version": "v1.0",
        "spec": Hash::of(b"spec").to_string(), "default": true}),
    )
}

/// The same commit, signed by others, or with other facts around it.
pub(crate) trait Draft {
    fn by(self, signers: &[&str]) -> Recorded;
    fn anchored(self, size: Option<u64>) -> Recorded;
    fn change(self, position: usize, change: impl FnOnce(&mut Event)) -> Recorded;
    fn fault(self, position: u16, key: u8, fault: KeyFaultKind) -> Recorded;
}

impl Draft for Recorded {
    fn by(mut self, signers: &[&str]) -> Recorded {
        self.signers = signers.iter().map(|text| signer(text)).collect();
        self
    }

    fn anchored(mut self, size: Option<u64>) -> Recorded {
        self.anchor = size;
        self
    }

    fn change(mut self, position: usize, change: impl FnOnce(&mut Event)) -> Recorded {
        change(Arc::make_mut(&mut self.events[position]));
        self
    }

    fn fault(mut self, position: u16, number: u8, fault: KeyFaultKind) -> Recorded {
        self.key_faults.push(KeyFault {
            position,
            key: key(number),
            fault,
        });
        self
    }
}

pub(crate) struct Bed {
    pub(crate) state: State,
    pub(crate) entries: Vec<Arc<Recorded>>,
}

impl Bed {
    pub(crate) fn empty() -> Bed {
        Bed {
            state: State::new(),
            entries: Vec::new(),
        }
    }

    pub(crate) fn of(policy: Value) -> Bed {
        let mut bed = Bed::empty();
        bed.ok(
            "ann",
            &["ann", "bob", "cid"],
            &[("ledger", created(&founders(), policy))],
        );
        bed
    }

    pub(crate) fn shared() -> Bed {
        Bed::of(shared_policy())
    }

    pub(crate) fn solo() -> Bed {
        let roles = ["attester", "contributor", "curator", "steward"];
        let agents = [founder("ann", "human", &roles, &[1, 11])];
        let mut bed = Bed::empty();
        bed.ok(
            "ann",
            &["ann"],
            &[("ledger", created(&agents, solo_policy()))],
        );
        bed
    }

    /// A shared ledger with an artifact, a context, a view and a claim that ann asserted.
    pub(crate) fn furnished() -> Bed {
        Bed::shared().furnish()
    }

    pub(crate) fn furnish(mut self) -> Bed {
        let acts = [
            ("artifact/a", artifact()),
            ("artifact/b", artifact()),
            ("context/x", context()),
            ("view/v", view("view.defined")),
            ("claim/c", asserted()),
            ("claim/d", asserted()),
        ];
        self.ok("ann", &["ann"], &acts);
        self
    }

    pub(crate) fn index(&self) -> u64 {
        self.state.size()
    }

    /// A commit in its place, signed by its author's first key and anchored to all before it.
    pub(crate) fn commit(&self, author: &str, acts: &[(&str, Data)]) -> Recorded {
        let index = self.index();
        let recorded = Time::from_micros(START + i64::try_from(index).unwrap() * SECOND).unwrap();
        let mut events: Vec<Arc<Event>> = Vec::new();
        for (position, (on, data)) in acts.iter().enumerate() {
            let on = subject(on);
            let head = self.state.stream(&on).map(|head| (head.seq, head.last));
            let earlier = events.iter().rev().find(|event| event.subject == on);
            let before = earlier.map(|event| (event.seq, event.id)).or(head);
            let id = format!(
                "{index} {position} {author} {on} {}",
                data.write().to_text()
            );
            events.push(Arc::new(Event {
                address: Address {
                    entry: index,
                    position: u16::try_from(position).unwrap(),
                },
                id: EventId(Hash::of(id.as_bytes())),
                subject: on,
                seq: before.map_or(0, |(seq, _)| seq) + 1,
                prev: before.map(|(_, id)| id),
                effective: None,
                author: slug(author),
                at: recorded,
                recorded,
                data: data.clone(),
            }));
        }
        Recorded {
            index,
            commit: CommitId(Hash::of(&index.to_be_bytes())),
            recorded,
            author: slug(author),
            at: recorded,
            anchor: (index > 0).then_some(index),
            signers: drafted(author),
            events,
            key_faults: Vec::new(),
        }
    }

    /// Judges a commit and takes it in if it is admitted: what admission gives is what the fold gives.
    pub(crate) fn admit(&mut self, commit: Recorded) -> Result<(), Rejection> {
        let before = self.state.clone();
        let entry = Arc::new(commit);
        let verdict = self.state.admit(&entry);
        assert_same(&self.state, &before);
        let after = verdict?;
        let mut evolved = before;
        evolved.evolve(&entry);
        assert_same(&after, &evolved);
        self.state = after;
        self.entries.push(entry);
        Ok(())
    }

    #[track_caller]
    pub(crate) fn ok(&mut self, author: &str, signers: &[&str], acts: &[(&str, Data)]) -> u64 {
        let commit = self.commit(author, acts).by(signers);
        let index = commit.index;
        self.admit(commit)
            .unwrap_or_else(|rejection| panic!("{rejection} ({})", rejection.code));
        index
    }

    #[track_caller]
    pub(crate) fn refuses(
        &mut self,
        code: Code,
        position: impl Into<Option<u16>>,
        commit: Recorded,
    ) {
        let rejection = self.admit(commit).expect_err("a refusal");
        assert_eq!(
            (rejection.code, rejection.position),
            (code, position.into()),
            "{rejection}"
        );
    }

    /// One act, refused at its position 0.
    #[track_caller]
    pub(crate) fn no(&mut self, code: Code, author: &str, signers: &[&str], on: &str, data: Data) {
        let commit = self.commit(author, &[(on, data)]).by(signers);
        self.refuses(code, 0, commit);
    }

    pub(crate) fn claim(&self, name: &str) -> &Arc<Claim> {
        self.state.claim(&slug(name)).unwrap()
    }

    pub(crate) fn aside(&self) -> Vec<String> {
        self.state.set_aside().map(ToString::to_string).collect()
    }

    pub(crate) fn folded(&self) -> State {
        State::fold(&self.entries)
    }
}

/// All that a state holds, equal.
#[track_caller]
pub(crate) fn assert_same(left: &State, right: &State) {
    assert_eq!(left.aside, right.aside);
    assert_eq!(left.constitution, right.constitution);
    assert_eq!(left.claims, right.claims);
    assert_eq!(left.agents, right.agents);
    assert_eq!(left.artifacts, right.artifacts);
    assert_eq!(left.contexts, right.contexts);
    assert_eq!(left.views, right.views);
    assert_eq!(left.ledger, right.ledger);
    assert_eq!(left.streams, right.streams);
    assert_eq!(left.keys, right.keys);
    assert_eq!(left.dois, right.dois);
    assert_eq!(left.anchors, right.anchors);
    assert_eq!(left.authorities, right.authorities);
    assert_eq!(left.history.len(), right.history.len());
}

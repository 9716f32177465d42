//! A ledger without signatures, for tests: plans are admitted as a ledger would, commit by commit.

use std::sync::Arc;

use ed25519_dalek::SigningKey;

use crate::claim::{
    Act, AgentKind, Data, Event, Founder, KeyClaim, LedgerCreated, LogKey, Policy, Recorded, Role,
    Signer, State,
};
use crate::form::{AnySet, List};
use crate::hash::Hash;
use crate::tlog::{SignatureAlgorithm, VerifierKey};
use crate::value::{Address, CommitId, EventId, Line, PublicKey, Slug, Subject, Time};

use super::Plan;

fn raw_key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn steward() -> (Slug, PublicKey) {
    let key = PublicKey(raw_key(1).verifying_key().to_bytes());
    ("keeper".parse().unwrap(), key)
}

fn genesis() -> Act {
    let (slug, key) = steward();
    let origin = "claims.example/import";
    let log_key = VerifierKey::new(
        origin,
        SignatureAlgorithm::Ed25519,
        raw_key(2).verifying_key(),
    );
    let data = LedgerCreated {
        origin: origin.parse().unwrap(),
        title: Line::parse("Imports").unwrap(),
        description: None,
        log_key: LogKey(log_key.unwrap()),
        agents: List(vec![Founder {
            slug,
            name: Line::parse("Keeper").unwrap(),
            kind: AgentKind::Human,
            roles: AnySet(vec![
                Role::Attester,
                Role::Contributor,
                Role::Curator,
                Role::Steward,
            ]),
            community: None,
            reliability: None,
            keys: List(vec![KeyClaim {
                key,
                proof: [0; 64],
            }]),
            next: None,
        }]),
        policy: Policy::solo(),
        predecessor: None,
    };
    Act::new(Subject::Ledger, Data::LedgerCreated(Box::new(data)))
}

/// A ledger that has nothing but its genesis.
pub(super) fn empty_ledger() -> State {
    admit(&State::new(), &[genesis()])
}

/// The state after a plan, admitted in commits of this size; every act must be.
pub(super) fn fold(state: &State, plan: &Plan, size: usize) -> State {
    plan.commits(size)
        .into_iter()
        .fold(state.clone(), |state, acts| admit(&state, acts))
}

/// The state after one commit.
pub(super) fn admit(state: &State, acts: &[Act]) -> State {
    let commit = Arc::new(recorded(state, acts));
    state.admit(&commit).unwrap_or_else(|rejection| {
        let act = &acts[usize::from(rejection.position.unwrap_or(0))];
        panic!("entry {}: {rejection}\n{act:#?}", commit.index)
    })
}

fn recorded(state: &State, acts: &[Act]) -> Recorded {
    let (author, key) = steward();
    let index = state.size();
    let at = Time::parse_seconds("2026-03-09T19:58:00Z").unwrap();
    let mut events: Vec<Arc<Event>> = Vec::new();
    for (place, act) in acts.iter().enumerate() {
        let before = events
            .iter()
            .rev()
            .find(|event| event.subject == act.subject);
        let (seq, prev) = match before {
            Some(event) => (event.seq, Some(event.id)),
            None => state
                .stream(&act.subject)
                .map_or((0, None), |head| (head.seq, Some(head.last))),
        };
        events.push(Arc::new(Event {
            address: Address {
                entry: index,
                position: u16::try_from(place).unwrap(),
            },
            id: EventId(Hash::of(format!("{index}.{place}").as_bytes())),
            subject: act.subject.clone(),
            seq: seq + 1,
            prev,
            effective: act.effective,
            author: author.clone(),
            at,
            recorded: at,
            data: act.data.clone(),
        }));
    }
    Recorded {
        index,
        commit: CommitId(Hash::of(&index.to_be_bytes())),
        recorded: at,
        author: author.clone(),
        at,
        anchor: (index > 0).then_some(index),
        signers: vec![Signer {
            agent: author,
            key: key.id(),
        }],
        events,
        key_faults: Vec::new(),
    }
}

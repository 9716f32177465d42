//! The sentences of the model on admission that hold for every history, over random ones.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};

use super::super::{Code, Data, Event, KeyFaultKind, Recorded, State};
use super::bed::*;
use super::histories::{Dice, grow};
use super::times;
use crate::tlog::NoteSigner;
use crate::value::{Address, KeyId, Slug};

/// The keys that a commit revokes since an entry: they may not sign it.
fn revoked_since(commit: &Recorded) -> BTreeSet<KeyId> {
    let revoked = |event: &Arc<Event>| match &event.data {
        Data::KeyRevoked(data) if data.since.is_some() => Some(data.key),
        _ => None,
    };
    commit.events.iter().filter_map(revoked).collect()
}

/// All that the log key does not sign, with the signature of everybody who could give one.
fn signed_by_all(state: &State, commit: &Recorded) -> Recorded {
    let revoked = revoked_since(commit);
    let mut more = commit.clone();
    for (name, agent) in state.agents() {
        for key in agent.keys.iter().filter(|key| key.is_valid()) {
            let new = super::super::Signer {
                agent: name.clone(),
                key: key.id,
            };
            if !revoked.contains(&key.id) && !more.signers.contains(&new) {
                more.signers.push(new);
            }
        }
    }
    more
}

#[test]
fn one_more_signature_never_turns_an_admitted_commit_away() {
    let mut tried = 0;
    for seed in 0..times(20, 1_000) {
        let mut before = None;
        grow(seed, 60, |bed, commit, verdict| {
            let state = before.replace(bed.state.clone());
            let (Some(state), Ok(())) = (state, verdict) else {
                return;
            };
            if commit.author == Slug::log() {
                return;
            }
            let more = signed_by_all(&state, commit);
            let verdict = state.admit(&Arc::new(more)).map(|_| ());
            assert_eq!(verdict, Ok(()), "seed {seed}: {commit:#?}");
            tried += 1;
        });
    }
    assert!(tried > 300, "{tried}");
}

/// A recorded commit as the next entry of another history.
fn moved_to(commit: &Recorded, index: u64) -> Recorded {
    let mut moved = commit.clone();
    moved.index = index;
    for event in &mut moved.events {
        let position = event.address.position;
        Arc::make_mut(event).address = Address {
            entry: index,
            position,
        };
    }
    moved
}

/// Commits of all kinds, most of which no ledger would admit: refused ones, ones out of their
/// place, of another ledger's history, before any genesis.
#[test]
fn a_fold_takes_in_whatever_was_recorded_and_refuses_none() {
    for seed in 0..times(8, 400) {
        let mut dice = Dice(seed);
        let mut all = Vec::new();
        for part in 0..3 {
            grow(3 * seed + part, 30, |_, commit, _| all.push(commit.clone()));
        }
        let begins = grow(seed, 0, |_, _, _| {}).entries[0].clone();
        let genesis = usize::try_from(dice.roll(40)).unwrap();
        let mut entries: Vec<Arc<Recorded>> = Vec::new();
        for _ in 0..60 {
            let index = entries.len() as u64;
            let next = match entries.len() == genesis {
                true => moved_to(&begins, index),
                false => moved_to(dice.of(&all), index),
            };
            entries.push(Arc::new(next));
        }
        let mut state = State::new();
        for (place, entry) in entries.iter().enumerate() {
            let copy = state.clone();
            state.evolve(entry);
            assert_eq!(state.size(), place as u64 + 1);
            assert_eq!(copy.size(), place as u64);
            for event in &entry.events {
                assert!(state.stream(&event.subject).is_some());
            }
        }
        assert_same(&state, &State::fold(&entries));
        // What it then means can be asked.
        let told = format!("{:?}", state.claims().collect::<Vec<_>>());
        assert!(!told.is_empty() && state.able_stewards() <= 16);
    }
}

#[test]
fn a_key_that_was_ever_registered_is_never_registered_again() {
    let mut tried = 0;
    for seed in 300..300 + times(12, 500) {
        let bed = grow(seed, 60, |_, _, _| {});
        let facts = bed.state.constitution().unwrap();
        if facts.closed.is_some() {
            continue;
        }
        let mut ever = BTreeMap::new();
        for event in bed.entries.iter().flat_map(|entry| entry.events.iter()) {
            for (agent, claimed) in event.data.new_keys(&event.subject) {
                ever.insert(claimed.key.0[0], agent);
            }
        }
        let everybody = signed_by_all(&bed.state, &bed.commit("ann", &[]));
        for (number, owner) in ever {
            let on = format!("agent/{owner}");
            if !bed.state.exists(&subject(&on)) {
                continue;
            }
            for (author, on) in [
                ("ann", on.as_str()),
                ("bob", "agent/bob"),
                ("cid", on.as_str()),
            ] {
                let mut again = bed.commit(author, &[(on, key_added(number))]);
                again.signers.clone_from(&everybody.signers);
                if !again
                    .signers
                    .iter()
                    .any(|signer| signer.agent == again.author)
                {
                    continue;
                }
                let code = bed.state.admit(&Arc::new(again)).unwrap_err().code;
                // Who is not a steward any more is no author of it.
                assert!(
                    [Code::Key, Code::Role].contains(&code),
                    "seed {seed}: {code}"
                );
                tried += u64::from(code == Code::Key);
            }
        }
    }
    assert!(tried > 100, "{tried}");
}

// --- the order of answers --------------------------------------------------------------------------

/// What is wrong with a commit, in the order in which it is looked for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Wrong {
    Time,
    Anchor,
    OlderAnchor,
    Closed,
    Map,
    Role,
    Conflict,
    Missing,
    Key,
}

impl Wrong {
    const ALL: [Wrong; 9] = [
        Wrong::Time,
        Wrong::Anchor,
        Wrong::OlderAnchor,
        Wrong::Closed,
        Wrong::Map,
        Wrong::Role,
        Wrong::Conflict,
        Wrong::Missing,
        Wrong::Key,
    ];

    fn code(self) -> Code {
        match self {
            Wrong::Time => Code::Time,
            Wrong::Anchor => Code::Anchor,
            Wrong::OlderAnchor | Wrong::Conflict => Code::Conflict,
            Wrong::Closed => Code::Closed,
            Wrong::Map => Code::Map,
            Wrong::Role => Code::Role,
            Wrong::Missing => Code::Missing,
            Wrong::Key => Code::Possession,
        }
    }

    /// Whether it is about an event; else about the whole commit.
    fn is_of_event(self) -> bool {
        self > Wrong::OlderAnchor
    }
}

/// A commit of two events, the second of which has everything wrong that is asked for; the first
/// is good.
fn wrong_in(bed: &Bed, faults: &BTreeSet<Wrong>) -> Recorded {
    let has = |fault| faults.contains(&fault);
    let on = if has(Wrong::Missing) {
        "agent/nobody"
    } else {
        "agent/con"
    };
    let author = if has(Wrong::Role) { "non" } else { "ann" };
    let mut commit = bed.commit(author, &[("claim/c", note()), (on, key_added(60))]);
    commit = commit.by(&["ann", "bob", "non"]);
    if has(Wrong::Time) {
        commit.at = commit.recorded.plus_micros(600_000_001);
    }
    if has(Wrong::OlderAnchor) {
        commit.anchor = Some(1);
    }
    if has(Wrong::Anchor) {
        commit.anchor = None;
    }
    if has(Wrong::Map) {
        commit.signers.push(signer("log"));
    }
    if has(Wrong::Conflict) {
        commit = commit.change(1, |event| event.seq += 1);
    }
    if has(Wrong::Key) {
        commit = commit.fault(1, 60, KeyFaultKind::Possession);
    }
    commit
}

/// All 512 combinations: the answer is the first in the stated order.
#[test]
fn of_all_that_is_wrong_the_first_in_the_stated_order_is_the_answer() {
    let mut open = Bed::furnished();
    for author in ["ann", "non"] {
        open.ok(author, &[author], &[("claim/c", note())]);
        open.ok(author, &[author], &[("claim/d", note())]);
    }
    let mut shut = Bed::furnished();
    for author in ["ann", "non"] {
        shut.ok(author, &[author], &[("claim/c", note())]);
        shut.ok(author, &[author], &[("claim/d", note())]);
    }
    shut.ok("ann", &["ann", "bob"], &[("ledger", frozen())]);
    for bits in 0..1_u32 << Wrong::ALL.len() {
        let chosen = Wrong::ALL.into_iter().enumerate();
        let faults: BTreeSet<Wrong> = chosen
            .filter(|(place, _)| bits & (1 << place) != 0)
            .map(|(_, fault)| fault)
            .collect();
        let bed = if faults.contains(&Wrong::Closed) {
            &shut
        } else {
            &open
        };
        let verdict = bed.state.admit(&Arc::new(wrong_in(bed, &faults)));
        let verdict = verdict.map(|_| ()).map_err(|no| (no.code, no.position));
        let first = faults.first().map(|fault| {
            // A closed ledger and the log's signature are seen at the first event.
            let early = [Wrong::Closed, Wrong::Map].contains(fault);
            let position = u16::from(!early);
            (fault.code(), fault.is_of_event().then_some(position))
        });
        assert_eq!(verdict.err(), first, "{faults:?}");
    }
}

// --- genesis ---------------------------------------------------------------------------------------

/// What may be wrong with a genesis, each alone.
const GENESIS: [(&str, Code); 13] = [
    ("nothing", Code::Genesis),
    ("author no steward", Code::Genesis),
    ("a steward did not sign", Code::Genesis),
    ("one more signed", Code::Genesis),
    ("a steward signed twice", Code::Genesis),
    ("seq 2", Code::Genesis),
    ("an anchor", Code::Genesis),
    ("two events", Code::Genesis),
    ("another name on the log key", Code::Genesis),
    ("k above the stewards", Code::Policy),
    ("a slug twice", Code::Genesis),
    ("a key twice", Code::Key),
    ("a key without its proof", Code::Possession),
];

fn random_genesis(dice: &mut Dice, wrong: &str) -> Recorded {
    let stewards = 1 + dice.roll(3);
    let others =
        dice.roll(3) + u64::from(wrong == "author no steward" || wrong == "one more signed");
    let number = |place: u64| u8::try_from(20 + 2 * place).unwrap();
    let mut agents: Vec<Value> = Vec::new();
    for place in 0..stewards + others {
        let roles: &[&str] = match (place < stewards, dice.one_in(2)) {
            (true, true) => &["curator", "steward"],
            (true, false) => &["steward"],
            (false, true) => &["attester"],
            (false, false) => &[],
        };
        let keys = [number(place), number(place) + 1];
        let count = usize::try_from(1 + dice.roll(2)).unwrap();
        agents.push(founder(
            &format!("f{place}"),
            "human",
            roles,
            &keys[..count],
        ));
    }
    match wrong {
        "a slug twice" => agents.push(founder("f0", "human", &[], &[60])),
        "a key twice" => agents.push(founder("g", "human", &[], &[number(0)])),
        _ => {}
    }
    let mut policy = solo_policy();
    policy["stewards"] = (1 + dice.roll(stewards)).into();
    if wrong == "k above the stewards" {
        policy["stewards"] = (stewards + 1).into();
    }
    let data = match wrong {
        "another name on the log key" => named_otherwise(&agents, &policy),
        _ => created(&agents, policy),
    };
    let author = match wrong {
        "author no steward" => stewards,
        _ => dice.roll(stewards),
    };
    let mut signs: Vec<String> = (0..stewards)
        .map(|place| format!("f{place}:{}", number(place)))
        .collect();
    match wrong {
        "a steward did not sign" => drop(signs.pop()),
        "one more signed" => signs.push(format!("f{stewards}:{}", number(stewards))),
        "a steward signed twice" => signs.push(format!("f0:{}", number(0) + 1)),
        _ => {}
    }
    let signs: Vec<&str> = signs.iter().map(String::as_str).collect();
    let mut acts = vec![("ledger", data)];
    if wrong == "two events" {
        acts.push(("ledger", note()));
    }
    let mut commit = Bed::empty().commit(&format!("f{author}"), &acts).by(&signs);
    match wrong {
        "seq 2" => commit = commit.change(0, |event| event.seq = 2),
        "an anchor" => commit.anchor = Some(0),
        "a key without its proof" => {
            commit = commit.fault(0, number(0), KeyFaultKind::Possession);
        }
        _ => {}
    }
    commit
}

fn named_otherwise(agents: &[Value], policy: &Value) -> Data {
    let key = ed25519_dalek::SigningKey::from_bytes(&[9; 32]);
    let named = NoteSigner::new("claims.example/other", key).unwrap();
    let json = json!({"origin": ORIGIN, "title": "Bed", "agents": agents, "policy": policy,
        "log_key": named.verifier().to_string()});
    data("ledger.created", json)
}

#[test]
fn a_genesis_is_admitted_if_nothing_is_wrong_with_it_and_else_refused_for_what_is() {
    let mut dice = Dice(11);
    for _ in 0..times(30, 2_000) {
        for (wrong, code) in GENESIS {
            let commit = random_genesis(&mut dice, wrong);
            let verdict = State::new().admit(&Arc::new(commit));
            let verdict = verdict.map(|_| ()).map_err(|no| no.code);
            let expected = if wrong == "nothing" {
                Ok(())
            } else {
                Err(code)
            };
            assert_eq!(verdict, expected, "{wrong}");
        }
    }
}

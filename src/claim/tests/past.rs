//! The past: what a few streams tell of it is what the whole ledger told, missing entries too.

use std::collections::BTreeSet;

use super::super::{Past, State};
use super::bed::*;
use super::histories::grow;
use crate::value::{Index, Kind, Subject};

/// The state after each entry, where some are missing.
fn states(bed: &Bed, lost: &BTreeSet<Index>) -> Vec<State> {
    let mut state = State::new();
    let mut states = Vec::new();
    for entry in &bed.entries {
        if lost.contains(&entry.index) {
            state.evolve_without(entry.index, entry.commit);
        } else {
            state.evolve(entry);
        }
        states.push(state.clone());
    }
    states
}

/// Some entries after genesis, another choice for each seed and pace.
fn some(bed: &Bed, seed: u64, pace: u64) -> BTreeSet<Index> {
    (1..bed.index())
        .filter(|index| (index * 7 + seed).is_multiple_of(pace))
        .collect()
}

fn assert_told_alike(past: &State, whole: &State, subjects: &BTreeSet<Subject>) {
    assert_eq!(past.history, whole.history);
    assert_eq!(past.lost, whole.lost);
    assert_eq!(past.aside, whole.aside);
    assert_eq!(past.ledger, whole.ledger);
    assert_eq!(past.views, whole.views);
    let facts = |state: &State| {
        let facts = state.constitution()?.clone();
        Some((facts.created, facts.policy, facts.models, facts.closed))
    };
    assert_eq!(facts(past), facts(whole));
    for (id, owner) in &whole.keys {
        assert_eq!(past.key_owner(id), Some(owner));
    }
    for subject in subjects {
        assert_eq!(past.stream(subject), whole.stream(subject), "{subject}");
        assert_eq!(past.has_gap(subject), whole.has_gap(subject), "{subject}");
        let slug = subject.slug().unwrap();
        match subject.kind() {
            Kind::Claim => assert_eq!(past.claim(slug), whole.claim(slug)),
            Kind::Artifact => assert_eq!(past.artifact(slug), whole.artifact(slug)),
            Kind::Context => assert_eq!(past.context(slug), whole.context(slug)),
            Kind::Agent => assert_eq!(past.agent(slug), whole.agent(slug)),
            Kind::View | Kind::Ledger => {}
        }
    }
}

#[test]
fn the_past_of_a_few_streams_is_what_the_whole_ledger_told_of_them() {
    let mut set_aside = 0;
    for seed in 3_000..3_016 {
        let bed = grow(seed, 60, |_, _, _| {});
        for (lost, pace) in [
            (BTreeSet::new(), 1),
            (BTreeSet::new(), 4),
            (some(&bed, seed, 9), 1),
            (some(&bed, seed, 3), 5),
        ] {
            let states = states(&bed, &lost);
            let newest = states.last().unwrap();
            set_aside += newest.asides.len();
            for subjects in [
                vec!["claim/c"],
                vec!["claim/d", "artifact/a", "context/x"],
                vec!["agent/con", "agent/bob"],
                vec![],
            ] {
                let subjects: BTreeSet<Subject> = subjects.into_iter().map(subject).collect();
                let mut past = Past::of(newest, &subjects);
                for (index, whole) in states.iter().enumerate().step_by(pace) {
                    assert_told_alike(past.with(index as u64), whole, &subjects);
                }
            }
        }
    }
    assert!(set_aside > 10, "{set_aside} changes of what is set aside");
}

/// A stream has a gap once an event of it came after one that is missing.
#[test]
fn a_missing_entry_leaves_gaps_in_the_streams_that_go_on_and_in_no_other() {
    let mut gaps = 0;
    for seed in 4_000..4_016 {
        let bed = grow(seed, 60, |_, _, _| {});
        let lost = some(&bed, seed, 5);
        let mut missed = BTreeSet::new();
        let mut gone = BTreeSet::new();
        for (entry, state) in bed.entries.iter().zip(states(&bed, &lost)) {
            for event in &entry.events {
                if lost.contains(&entry.index) {
                    missed.insert(event.subject.clone());
                } else if missed.contains(&event.subject) {
                    gone.insert(event.subject.clone());
                }
            }
            let told: BTreeSet<Subject> = state.gaps.iter().cloned().collect();
            assert_eq!(told, gone);
            for (subject, _) in state.streams() {
                assert_eq!(state.has_gap(subject), gone.contains(subject));
            }
            let before: Vec<Index> = lost.range(..=entry.index).copied().collect();
            let told: Vec<Index> = state.lost().copied().collect();
            assert_eq!(told, before);
            assert_eq!(state.is_incomplete(), !before.is_empty());
            assert_eq!(state.size(), entry.index + 1);
            let told = state.entry(entry.index).unwrap();
            assert_eq!((told.index, told.commit), (entry.index, entry.commit));
            assert_eq!(
                told.events.is_empty() && told.signers.is_empty(),
                lost.contains(&entry.index)
            );
        }
        gaps += gone.len();
    }
    assert!(gaps > 16, "{gaps} gaps");
}

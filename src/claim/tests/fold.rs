//! The fold: the same from any copy on, and however events are grouped.

use std::sync::Arc;

use super::super::{Data, Event, Recorded, State};
use super::bed::assert_same;
use super::histories::grow;
use crate::value::Address;

#[test]
fn a_fold_goes_on_from_any_copy_and_leaves_the_copy_as_it_was() {
    for seed in 1_000..1_012 {
        let bed = grow(seed, 60, |_, _, _| {});
        let mut state = State::new();
        for (place, entry) in bed.entries.iter().enumerate() {
            let copy = state.clone();
            let mut on = copy.clone();
            bed.entries[place..]
                .iter()
                .for_each(|entry| on.evolve(entry));
            assert_same(&on, &bed.state);
            assert_same(&copy, &State::fold(&bed.entries[..place]));
            state.evolve(entry);
        }
    }
}

/// What an entry sets aside or brings back depends on its bounds; all else does not.
fn is_of_entries(event: &Event) -> bool {
    match &event.data {
        Data::KeyRevoked(data) => data.since.is_some(),
        data => matches!(data, Data::EventReaffirmed(_)),
    }
}

/// The same events, so many a commit at most, where author and signers are the same.
fn grouped(entries: &[Arc<Recorded>], most: usize) -> State {
    let mut commits: Vec<Recorded> = Vec::new();
    for entry in entries {
        for event in entry.events.iter().filter(|event| !is_of_entries(event)) {
            let joins = commits.last().is_some_and(|last| {
                last.author == entry.author
                    && last.signers == entry.signers
                    && last.events.len() < most
            });
            if !joins {
                let index = commits.len() as u64;
                commits.push(Recorded {
                    index,
                    events: Vec::new(),
                    ..(**entry).clone()
                });
            }
            let commit = commits.last_mut().unwrap();
            let position = u16::try_from(commit.events.len()).unwrap();
            let address = Address {
                entry: commit.index,
                position,
            };
            commit.events.push(Arc::new(Event {
                address,
                ..(**event).clone()
            }));
        }
    }
    let commits: Vec<Arc<Recorded>> = commits.into_iter().map(Arc::new).collect();
    State::fold(&commits)
}

/// All entities in full, addresses aside.
fn told(state: &State) -> String {
    let text = format!(
        "{:?} {:?} {:?} {:?} {:?} {:?}",
        state.claims,
        state.agents,
        state.artifacts,
        state.contexts,
        state.views,
        state.constitution
    );
    let mut told = String::new();
    for (place, part) in text.split("address: @").enumerate() {
        let rest = part.find(',').filter(|_| place > 0).unwrap_or(0);
        told.push_str(&part[rest..]);
    }
    told
}

#[test]
fn the_same_events_make_the_same_entities_however_they_are_grouped() {
    for seed in 2_000..2_024 {
        let bed = grow(seed, 60, |_, _, _| {});
        let one_each = told(&grouped(&bed.entries, 1));
        assert!(one_each.len() > 1_000);
        for most in [2, 3, 256] {
            assert_eq!(one_each, told(&grouped(&bed.entries, most)));
        }
    }
}

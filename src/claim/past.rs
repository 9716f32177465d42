//! Past: what a ledger knew of a few of its subjects after each of its entries, at the price of
//! their streams alone.
//!
//! A fold of all entries up to each date would give the same and cost the whole ledger. Here the
//! events of the subjects are folded alone, and what they depend on besides is known from the
//! newest state: what was set aside from which entry on, whose a key is, which entries are missing.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::value::{Index, Subject};

use super::event::Event;
use super::state::State;

/// The states that a ledger went through, as far as some subjects go. All that these states say of
/// the carried subjects, and of entries, is what the whole ledger's states said; of other subjects
/// they say nothing.
pub struct Past<'s> {
    newest: &'s State,
    /// The events of the subjects, in order of the log.
    events: Vec<Arc<Event>>,
    /// How many of them are folded.
    folded: usize,
    /// How many changes of what is set aside have happened.
    asides: usize,
    /// Missing entries that are still to come, the next one last.
    lost: Vec<Index>,
    state: State,
}

impl<'s> Past<'s> {
    /// Before genesis. The ledger's own stream, and the views', are carried with the subjects.
    #[must_use]
    pub fn of(newest: &'s State, subjects: &BTreeSet<Subject>) -> Past<'s> {
        let view = |slug| Subject::Entity(crate::value::Kind::View, slug);
        let mut carried: BTreeSet<Subject> =
            newest.views().map(|(slug, _)| view(slug.clone())).collect();
        carried.insert(Subject::Ledger);
        let carried = carried.union(subjects);
        let mut events: Vec<Arc<Event>> = carried
            .flat_map(|subject| newest.events(subject).cloned())
            .collect();
        events.sort_unstable_by_key(|event| event.address);
        let mut lost: Vec<Index> = newest.lost().copied().collect();
        lost.reverse();
        Past {
            newest,
            events,
            folded: 0,
            asides: 0,
            lost,
            state: State {
                keys: newest.keys.clone(),
                ..State::default()
            },
        }
    }

    /// The state with an entry; entries are asked for in rising order.
    pub fn with(&mut self, index: Index) -> &State {
        while let Some((at, aside)) =
            (self.newest.asides.get(self.asides)).filter(|(at, _)| *at <= index)
        {
            self.fold_to(*at);
            self.state.aside = aside.clone();
            self.asides += 1;
            self.state.forget_effects();
            for event in &self.events[..self.folded] {
                self.state.take_effect(event);
            }
        }
        self.fold_to(index);
        let size = usize::try_from(index).map_or(usize::MAX, |index| index.saturating_add(1));
        self.state.history = self
            .newest
            .history
            .take(size.min(self.newest.history.len()));
        &self.state
    }

    /// Takes in the events up to an entry, and the places where one is missing.
    fn fold_to(&mut self, index: Index) {
        while let Some(event) = self.events.get(self.folded).cloned()
            && event.address.entry <= index
        {
            self.lose_to(event.address.entry);
            self.state.apply(&event);
            self.folded += 1;
        }
        self.lose_to(index);
    }

    fn lose_to(&mut self, index: Index) {
        while let Some(lost) = self.lost.pop_if(|lost| *lost <= index) {
            self.state.lost.insert(lost);
        }
    }
}

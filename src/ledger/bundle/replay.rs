//! What is folded of a bundle, and what was seen on the way.

use std::collections::{BTreeSet, HashSet};

use crate::claim::{Data, Event, State};
use crate::hash::Hash;
use crate::ledger::place::Parsed;
use crate::tlog::{Checkpoint, Tree};
use crate::value::{CommitId, Subject};

/// What is folded, and what was seen on the way.
pub(super) struct Replay {
    pub(super) state: State,
    pub(super) roots: Roots,
    pub(super) commits: HashSet<CommitId>,
    /// How many anchors were held against a root, of how many.
    pub(super) anchors: (u64, u64),
    /// Events of subjects that are not carried.
    pub(super) of_others: u64,
    /// Events that name a claim which is not carried.
    pub(super) unseen: u64,
}

impl Replay {
    /// Before genesis, of these streams.
    pub(super) fn of(subjects: BTreeSet<Subject>, entries: &[Parsed], head: &Checkpoint) -> Replay {
        Replay {
            state: State::of_streams(subjects),
            roots: Roots::of(entries, head),
            commits: HashSet::new(),
            anchors: (0, 0),
            of_others: 0,
            unseen: 0,
        }
    }
}

pub(super) fn names_unseen(state: &State, event: &Event) -> bool {
    let named = match &event.data {
        Data::ClaimLinked(data) => Some(data.target.subject()),
        Data::StatusChanged(data) => data.by.as_ref().map(|by| by.subject()),
        _ => None,
    };
    named.is_some_and(|subject| !state.carries(&subject))
}

/// The roots that a bundle can show: where all entries below a size are carried, and the head's.
pub(super) struct Roots {
    tree: Tree,
    head: Checkpoint,
}

impl Roots {
    pub(super) fn of(entries: &[Parsed], head: &Checkpoint) -> Roots {
        let mut tree = Tree::new();
        let in_a_row = entries.iter().zip(0..);
        for (entry, _) in in_a_row.take_while(|(entry, place)| entry.index == *place) {
            tree.push(entry.leaf);
        }
        Roots {
            tree,
            head: head.clone(),
        }
    }

    pub(super) fn at(&self, size: u64) -> Option<Hash> {
        if size == self.head.size {
            return Some(self.head.root);
        }
        (size <= self.tree.size()).then(|| self.tree.root_at(size))?
    }
}

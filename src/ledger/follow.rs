//! Follow: a ledger that is read goes on with its log, entry by entry.
//!
//! Only what is new is read. What was read before stays what it is: a head that does not extend it
//! is an error, whoever signed it, and the ledger at hand can be read on.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use imbl::Vector;

use crate::claim::{Data, Event, Recorded, State};
use crate::hash::Hash;
use crate::store::Damage;
use crate::tlog::{MapLeaf, SubjectMap};
use crate::value::{Index, Subject};

use super::cosigned::{HeadNote, keys_in};
use super::read::Ledger;
use super::refusal::LedgerError;

/// A past state is kept every so many entries at least.
const KEEP_EVERY: u64 = 2048;

/// About so many are kept: each has some megabytes of its own where much has happened since the
/// last.
const MOST_KEPT: u64 = 64;

/// The distance of kept states in a ledger of this size: in entries, a power of two.
fn distance(size: u64) -> u64 {
    size.div_ceil(MOST_KEPT).next_power_of_two().max(KEEP_EVERY)
}

/// Past states that were asked for, by size: the next one begins at the nearest. All copies of a
/// ledger share them, since what was folded stays.
#[derive(Clone, Default)]
pub(super) struct KeptStates(Arc<Mutex<BTreeMap<u64, State>>>);

impl KeptStates {
    /// The newest of at most so many entries.
    fn up_to(&self, size: u64) -> State {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = kept.range(..=size).next_back();
        newest.map_or_else(State::new, |(_, state)| state.clone())
    }

    /// Keeps a state that is as far from its neighbours as those kept are to be.
    fn keep(&self, state: &State, distance: u64) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(state.size(), state.clone());
        kept.retain(|size, _| size.is_multiple_of(distance));
    }
}

/// The map of all streams, and what it was before the newest entry that records it.
#[derive(Debug, Clone, Default)]
pub(super) struct Maps {
    now: SubjectMap,
    recorded: Option<(Index, SubjectMap)>,
}

impl Maps {
    /// From nothing: each stream is put into the map once, not once an event.
    fn of(history: &Vector<Arc<Recorded>>) -> Maps {
        let newest = history.iter().rposition(|entry| records_a_map(entry));
        let before = newest.unwrap_or(history.len());
        let mut maps = Maps {
            now: streams_of(history.iter().take(before)),
            recorded: None,
        };
        maps.go_on(history, before);
        maps
    }

    /// With the entries from one on.
    fn go_on(&mut self, history: &Vector<Arc<Recorded>>, from: usize) {
        for entry in (from..history.len()).filter_map(|place| history.get(place)) {
            if records_a_map(entry) {
                self.recorded = Some((entry.index, self.now.clone()));
            }
            for event in &entry.events {
                self.now.set(key_of(&event.subject), leaf_of(event));
            }
        }
    }
}

fn records_a_map(entry: &Recorded) -> bool {
    let is_map = |event: &Arc<Event>| matches!(event.data, Data::LedgerMapped(_));
    entry.events.iter().any(is_map)
}

/// The map of the streams that these entries make, which are all of them from genesis on.
pub(super) fn streams_of<'e>(entries: impl Iterator<Item = &'e Arc<Recorded>>) -> SubjectMap {
    let mut heads: HashMap<&Subject, MapLeaf> = HashMap::new();
    for event in entries.flat_map(|entry| &entry.events) {
        heads.insert(&event.subject, leaf_of(event));
    }
    let mut map = SubjectMap::new();
    for (subject, leaf) in heads {
        map.set(key_of(subject), leaf);
    }
    map
}

fn leaf_of(event: &Event) -> MapLeaf {
    MapLeaf {
        stream_len: event.seq,
        last_event: event.id.0,
        entry: event.address.entry,
    }
}

/// The key of a subject in the map.
pub(super) fn key_of(subject: &Subject) -> Hash {
    Hash::of(subject.to_string().as_bytes())
}

impl Ledger {
    /// The ledger as the newest checkpoint in the folder covers it, of which only the new lines are
    /// read and folded; none where nothing is new. This one stays as it is.
    ///
    /// # Errors
    /// When the newest checkpoint is missing, is not signed by the same key, or does not extend this
    /// head; when lines that it covers are not there or are not what it signs; when the system
    /// fails. A ledger that was opened damaged may stay so.
    pub fn follow(&self) -> Result<Option<Ledger>, LedgerError> {
        let note = self.reader.get("checkpoint")?;
        let note = note.ok_or_else(|| LedgerError::NoLedger(self.dir.clone()))?;
        let head = HeadNote::read(&note, &self.custody.vkey, &keys_in(&self.reader))?;
        self.is_no_step_back(&head)?;
        let mut next = self.clone();
        next.custody.go_on(&head);
        if head.checkpoint == self.custody.checkpoint {
            let is_new = next.custody.note != self.custody.note
                || next.custody.unchecked != self.custody.unchecked;
            return Ok(is_new.then_some(next));
        }
        if self.is_whole() {
            // Behind this head a recovery may have cut what was seen there.
            self.reader.forget_from(self.state.size());
            next.fold(&mut |_, _| {})?;
            if next.is_whole() {
                next.go_on_with_map(self);
                return Ok(Some(next));
            }
        }
        self.opened_again().map(Some)
    }

    /// Whether the lines lead to the signed root.
    fn is_whole(&self) -> bool {
        self.arrangement.is_none() && self.tree.root() == self.custody.checkpoint.root
    }

    fn is_no_step_back(&self, head: &HeadNote) -> Result<(), LedgerError> {
        let (own, other) = (&self.custody.checkpoint, &head.checkpoint);
        if other.size < own.size {
            return Err(not_this_head(
                other.size,
                format!("a head of {} entries", other.size),
                format!("one that extends the {} entries signed before", own.size),
            ));
        }
        if other.size == own.size && other.root != own.root {
            return Err(other_history(own.size, other.root, own.root));
        }
        Ok(())
    }

    /// The folder from its first line on, as long as what was read before is still in it.
    fn opened_again(&self) -> Result<Ledger, LedgerError> {
        let mut again = Ledger::open(&self.dir, Some(&self.custody.vkey))?;
        again.custody.is_own_key = self.custody.is_own_key;
        if !again.custody.damages.is_empty() && self.custody.damages.is_empty() {
            return Err(LedgerError::Damaged(again.custody.damages));
        }
        let own = &self.custody.checkpoint;
        match again.tree.root_at(own.size) {
            Some(root) if root != own.root && self.tree.root() == own.root => {
                Err(other_history(own.size, root, own.root))
            }
            _ => Ok(again),
        }
    }

    /// The map of all streams, as a `ledger.mapped` recorded now would sign it. It is made when it
    /// is first asked for, and then kept while the ledger is followed.
    #[must_use]
    pub fn map(&self) -> &SubjectMap {
        &self.maps().now
    }

    /// The map of all streams before an entry, if that is the newest one that records a map.
    pub(super) fn map_before(&self, entry: Index) -> Option<SubjectMap> {
        let (recorded, map) = self.maps().recorded.as_ref()?;
        (*recorded == entry).then(|| map.clone())
    }

    fn maps(&self) -> &Maps {
        self.maps.get_or_init(|| Maps::of(self.state.history()))
    }

    /// Takes over the map of an earlier head, if it was made.
    fn go_on_with_map(&mut self, before: &Ledger) {
        self.maps = Arc::default();
        if let Some(maps) = before.maps.get() {
            let mut maps = maps.clone();
            maps.go_on(self.state.history(), before.state.history().len());
            // It is ours alone, and empty.
            let _ = self.maps.set(maps);
        }
    }

    /// The state of the first `size` entries.
    pub(super) fn state_at(&self, size: u64) -> State {
        if size >= self.state.size() {
            return self.state.clone();
        }
        let lost: BTreeSet<Index> = self.state.lost().copied().collect();
        let mut state = self.kept_states.up_to(size);
        let distance = distance(self.state.size());
        for index in state.size()..size {
            let Some(entry) = self.entry(index) else {
                break;
            };
            match lost.contains(&index) {
                true => state.evolve_without(entry.index, entry.commit),
                false => state.evolve(entry),
            }
            if state.size().is_multiple_of(distance) {
                self.kept_states.keep(&state, distance);
            }
        }
        state
    }
}

fn other_history(size: u64, found: Hash, expected: Hash) -> LedgerError {
    not_this_head(
        size,
        format!("{size} entries with root {found}"),
        format!("the root {expected}, signed before: another history"),
    )
}

fn not_this_head(size: u64, found: String, expected: String) -> LedgerError {
    LedgerError::Damaged(vec![Damage {
        file: "checkpoint".to_owned(),
        line: 2,
        index: size.saturating_sub(1),
        found,
        expected,
    }])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn about_as_many_states_are_kept_however_long_the_log_is() {
        for (size, expected) in [
            (0, 2_048),
            (100_000, 2_048),
            (131_072, 2_048),
            (131_073, 4_096),
            (1_000_000, 16_384),
        ] {
            assert_eq!(distance(size), expected, "of {size}");
        }
        let kept = KeptStates::default();
        let mut state = State::new();
        let mut at = |size| {
            while state.size() < size {
                state.evolve_without(state.size(), crate::value::CommitId(Hash::ZERO));
            }
            state.clone()
        };
        for size in [2, 4, 6, 8] {
            kept.keep(&at(size), 2);
        }
        assert_eq!(kept.up_to(7).size(), 6);
        // The log has grown, and they stand wider apart from now on.
        kept.keep(&at(12), 4);
        assert_eq!(kept.up_to(7).size(), 4);
        assert_eq!(kept.up_to(11).size(), 8);
        assert_eq!(kept.up_to(3).size(), 0);
        assert_eq!(kept.up_to(99).size(), 12);
    }
}

//! Kept: rendered answers, and how long each of them is still what a fresh one would be.
//!
//! What is said of a claim changes only with certain entries ([`last_told`]); the head that it is read
//! from changes with every entry. So a claim's answers are drawn once for a head that cannot be, and
//! cut where it stands in them: a new head is put in between the pieces, and nothing is drawn anew.
//! All other answers are kept for the one head that they were drawn for.
//!
//! The head that cannot be has numbers and a root that are drawn by lot when the server starts and
//! are never shown, so that no text of the ledger holds them.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher as _, DefaultHasher, Hasher as _, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hyper::body::Bytes;
use maud::html;

use crate::claim::State;
use crate::ledger::audit::{Report, Standard, audit};
use crate::ledger::{Cosignature, Ledger, LedgerError};
use crate::value::{Index, Slug, Time};

use super::super::page::{ClaimState, Head, Watched, claim_states, last_told, witnessed};
use super::current::Current;

/// Bytes of answers that are kept at most; about as much again is spent on keeping them.
///
/// A page of a much argued claim takes some 150 KB: so a thousand of them are kept, with their JSON.
/// Where there is less room than claims that are read evenly, next to nothing is found again.
const ROOM: usize = 256 << 20;

/// A larger answer is not kept.
const LARGEST: usize = 2 << 20;

/// Claims whose states are kept at most.
const CLAIMS: usize = 4096;

/// How much longer than it took an audit counts as new.
const AUDIT_REST: u32 = 20;

/// Rendered answers, the states of claims, and the newest audit.
pub(super) struct Kept {
    stencil: Stencil,
    shelf: Mutex<Shelf>,
    states: Mutex<HashMap<Slug, Found>>,
    audited: Mutex<Option<Audited>>,
    /// Held by who makes an audit.
    auditing: Mutex<()>,
}

/// A claim's states, and the newest entry that told something of it when they were found.
type Found = (Index, Arc<Vec<ClaimState>>);

/// On what an answer depends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Depends<'c> {
    /// On everything: it holds for one head.
    Head,
    /// On what is said of a claim, and on the head that it is read from.
    Claim(&'c Slug),
}

/// A claim's answer as it was drawn: for the head that cannot be.
pub(super) struct Stencil {
    size: u64,
    entries: u64,
    root: String,
    recorded: Time,
    witnessed: String,
}

/// What stands in the places that the stencil left.
struct Filling {
    size: String,
    entries: String,
    root: String,
    recorded: String,
    witnessed: String,
}

/// An answer on the shelf.
struct Answer {
    stamp: Stamp,
    /// By its hash, the tag of the head at which it was last found to be right.
    held: AtomicU64,
    /// The size of that head.
    held_to: AtomicU64,
    /// What may tell that it is right no more; of an answer about a claim.
    watched: Watched,
    pieces: Vec<Piece>,
    length: usize,
}

/// As of when an answer is still right.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Stamp {
    /// At the head of this tag.
    Head(String),
    /// As long as this is the newest entry that told something of the claim, in a copy like this.
    Claim {
        claim: Slug,
        told: Index,
        copy: Copied,
    },
}

/// What answers say of this copy of the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Copied {
    damages: usize,
    withheld: usize,
    is_mapped: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Size,
    Entries,
    Root,
    Recorded,
    Witnessed,
}

enum Piece {
    Text(Box<str>),
    Place(Place),
}

#[derive(Default)]
struct Shelf {
    answers: HashMap<String, Arc<Answer>>,
    /// Addresses in the order in which they were put; the oldest goes first.
    order: VecDeque<String>,
    length: usize,
}

struct Audited {
    report: Arc<Report>,
    tag: String,
    ended: Instant,
    took: Duration,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Everything under the lock is put in one step: what somebody left behind is whole.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Default for Kept {
    fn default() -> Kept {
        Kept {
            stencil: Stencil::by_lot(),
            shelf: Mutex::default(),
            states: Mutex::default(),
            audited: Mutex::default(),
            auditing: Mutex::default(),
        }
    }
}

impl Kept {
    /// What was answered at an address, if a fresh answer would be the same.
    pub(super) fn find(&self, address: &str, current: &Current) -> Option<Bytes> {
        let answer = locked(&self.shelf).answers.get(address).map(Arc::clone)?;
        if !answer.holds(current) {
            return None;
        }
        let filling = Filling::of(&current.ledger);
        Some(answer.filled(&filling))
    }

    /// Draws an answer, keeps it, and gives it. `draw` is given the head to draw it for, and the
    /// recorded time of its newest entry; none: those of the state that is asked for.
    ///
    /// # Errors
    /// What `draw` says; that is not kept.
    pub(super) fn drawn<E>(
        &self,
        address: &str,
        current: &Current,
        depends: Depends<'_>,
        draw: impl FnOnce(Option<&Stencil>) -> Result<String, E>,
    ) -> Result<Bytes, E> {
        let stamp = Stamp::of(current, depends);
        let (stamp, text) = match stamp {
            Some(stamp @ Stamp::Claim { .. }) => (stamp, draw(Some(&self.stencil))?),
            _ => (Stamp::Head(current.tag.clone()), draw(None)?),
        };
        let pieces = match stamp {
            Stamp::Claim { .. } => self.stencil.cut(&text),
            Stamp::Head(_) => vec![Piece::Text(text.into())],
        };
        let answer = Answer::of(stamp, pieces, current.ledger.state());
        let bytes = answer.filled(&Filling::of(&current.ledger));
        locked(&self.shelf).put(address, answer);
        Ok(bytes)
    }

    /// Every state that a claim was in by now.
    pub(super) fn states(&self, current: &Current, claim: &Slug) -> Arc<Vec<ClaimState>> {
        let newest = current.ledger.state();
        // Names that the events of a state say are part of it.
        let Some(last) = last_told(newest, claim) else {
            return Arc::default();
        };
        let found = locked(&self.states).get(claim).cloned();
        if let Some((_, states)) = found.filter(|(told, _)| *told == last && is_whole(current)) {
            return states;
        }
        let states = Arc::new(claim_states(newest, claim));
        let mut kept = locked(&self.states);
        if kept.len() >= CLAIMS {
            kept.clear();
        }
        kept.insert(claim.clone(), (last, Arc::clone(&states)));
        states
    }

    /// An audit of the ledger: one of an older head as long as a new one would take too much of the
    /// server's time, or while one is made; none where the first is being made.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub(super) fn audited(&self, current: &Current) -> Result<Option<Arc<Report>>, LedgerError> {
        let last = |is_new: &dyn Fn(&Audited) -> bool| {
            let kept = locked(&self.audited);
            let kept = kept.as_ref().filter(|audited| is_new(audited));
            kept.map(|audited| Arc::clone(&audited.report))
        };
        let rests = |audited: &Audited| {
            let rest = audited.took.saturating_mul(AUDIT_REST);
            audited.tag == current.tag || audited.ended.elapsed() < rest
        };
        if let Some(report) = last(&rests) {
            return Ok(Some(report));
        }
        // One at a time, and nobody waits for it who can do with the last.
        let Ok(_turn) = self.auditing.try_lock() else {
            return Ok(last(&|_| true));
        };
        let begun = Instant::now();
        let custody = current.ledger.custody();
        let standard = Standard {
            vkey: (!custody.is_own_key).then_some(&custody.vkey),
            ..Standard::default()
        };
        let report = Arc::new(audit(current.ledger.dir(), &standard, &mut |_, _| {})?);
        *locked(&self.audited) = Some(Audited {
            report: Arc::clone(&report),
            tag: current.tag.clone(),
            ended: Instant::now(),
            took: begun.elapsed(),
        });
        Ok(Some(report))
    }
}

/// Whether no entry is missing: states of a copy with gaps are not kept, as it may be repaired.
fn is_whole(current: &Current) -> bool {
    let custody = current.ledger.custody();
    custody.damages.is_empty() && custody.withheld.is_empty()
}

impl Stamp {
    fn of(current: &Current, depends: Depends<'_>) -> Option<Stamp> {
        let Depends::Claim(claim) = depends else {
            return None;
        };
        Some(Stamp::Claim {
            claim: claim.clone(),
            told: last_told(current.ledger.state(), claim)?,
            copy: Copied::of(&current.ledger),
        })
    }

    fn holds(&self, current: &Current) -> bool {
        match self {
            Stamp::Head(tag) => *tag == current.tag,
            Stamp::Claim { claim, .. } => {
                Stamp::of(current, Depends::Claim(claim)).as_ref() == Some(self)
            }
        }
    }
}

fn hash_of(tag: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(tag.as_bytes());
    hasher.finish()
}

impl Copied {
    fn of(ledger: &Ledger) -> Copied {
        let custody = ledger.custody();
        let facts = ledger.state().constitution();
        Copied {
            damages: custody.damages.len(),
            withheld: custody.withheld.len(),
            is_mapped: facts.is_some_and(|facts| facts.mapped.is_some()),
        }
    }
}

impl Filling {
    fn of(ledger: &Ledger) -> Filling {
        let custody = ledger.custody();
        let head = &custody.checkpoint;
        let cosigned = Cosignature::all_of(&custody.cosignatures, None);
        let recorded = ledger.state().recorded();
        Filling {
            size: head.size.to_string(),
            entries: ledger.state().size().to_string(),
            root: head.root.to_string(),
            recorded: recorded.map_or_else(String::new, |time| time.micros_text()),
            witnessed: html! { (witnessed(&cosigned, custody.unchecked)) }.into_string(),
        }
    }

    fn at(&self, place: Place) -> &str {
        match place {
            Place::Size => &self.size,
            Place::Entries => &self.entries,
            Place::Root => &self.root,
            Place::Recorded => &self.recorded,
            Place::Witnessed => &self.witnessed,
        }
    }
}

impl Stencil {
    fn by_lot() -> Stencil {
        let lot = || RandomState::new().build_hasher().finish();
        // Nineteen digits each, and never the same number.
        let size = 1_000_000_000_000_000_000 + lot() % 4_000_000_000_000_000_000;
        let entries = 5_000_000_000_000_000_000 + lot() % 4_000_000_000_000_000_000;
        // In the years from 6700 to 8800.
        let micros = 150_000_000_000_000_000 + lot() % 65_000_000_000_000_000;
        let micros = i64::try_from(micros).unwrap_or(i64::MAX / 64);
        Stencil {
            size,
            entries,
            root: (0..4).map(|_| format!("{:016x}", lot())).collect(),
            witnessed: (0..4).map(|_| format!("{:016x}", lot())).collect(),
            recorded: Time::from_micros(micros).unwrap_or(Time::EPOCH),
        }
    }

    /// The head that cannot be, in the place of a real one. Of a past state the number of entries
    /// is its own.
    pub(super) fn head(&self, real: &Head, is_past: bool) -> Head {
        Head {
            size: self.size,
            root: self.root.clone(),
            entries: if is_past { real.entries } else { self.entries },
            ..real.clone()
        }
    }

    /// How many entries there cannot be by now.
    pub(super) fn by_now(&self) -> u64 {
        self.entries
    }

    /// The time that cannot be.
    pub(super) fn recorded(&self) -> Time {
        self.recorded
    }

    /// The words of witnesses that cannot be.
    pub(super) fn witnessed(&self) -> &str {
        &self.witnessed
    }

    /// Text in the pieces between the places that were left.
    fn cut(&self, text: &str) -> Vec<Piece> {
        let marks = [
            (Place::Size, self.size.to_string()),
            (Place::Entries, self.entries.to_string()),
            (Place::Root, self.root.clone()),
            (Place::Recorded, self.recorded.micros_text()),
            (Place::Witnessed, self.witnessed.clone()),
        ];
        let mut found: Vec<(usize, usize, Place)> = Vec::new();
        for (place, mark) in &marks {
            let places = text.match_indices(mark.as_str());
            found.extend(places.map(|(at, mark)| (at, at + mark.len(), *place)));
        }
        found.sort_unstable_by_key(|(at, ..)| *at);
        let mut pieces = Vec::new();
        let mut end = 0;
        for (from, to, place) in found {
            pieces.push(Piece::Text(text[end..from].into()));
            pieces.push(Piece::Place(place));
            end = to;
        }
        pieces.push(Piece::Text(text[end..].into()));
        pieces
    }
}

impl Answer {
    /// Whether a fresh one would be the same. Once a head that takes work; then it is remembered.
    fn holds(&self, current: &Current) -> bool {
        let hash = hash_of(&current.tag);
        if self.held.load(Ordering::Relaxed) == hash {
            return true;
        }
        let size = current.ledger.state().size();
        let holds = self.is_untold(current) || self.stamp.holds(current);
        if holds {
            self.held.store(hash, Ordering::Relaxed);
            // Of two that get here at once, either may be the last: from the smaller size on, some
            // entries are only looked at again.
            self.held_to.store(size, Ordering::Relaxed);
        }
        holds
    }

    /// Whether what came since it was last right is soon seen to tell nothing of its claim.
    fn is_untold(&self, current: &Current) -> bool {
        let Stamp::Claim { copy, .. } = &self.stamp else {
            return false;
        };
        let since = self.held_to.load(Ordering::Relaxed);
        *copy == Copied::of(&current.ledger)
            && since <= current.ledger.state().size()
            && self.watched.is_untold_since(current.ledger.state(), since)
    }

    fn of(stamp: Stamp, pieces: Vec<Piece>, state: &State) -> Answer {
        let length = pieces.iter().map(|piece| match piece {
            Piece::Text(text) => text.len(),
            Piece::Place(_) => size_of::<Piece>(),
        });
        Answer {
            length: length.sum(),
            held: AtomicU64::new(0),
            held_to: AtomicU64::new(state.size()),
            watched: match &stamp {
                Stamp::Claim { claim, .. } => Watched::of(state, claim),
                Stamp::Head(_) => Watched::default(),
            },
            stamp,
            pieces,
        }
    }

    fn filled(&self, filling: &Filling) -> Bytes {
        let mut bytes = Vec::with_capacity(self.length + 256);
        for piece in &self.pieces {
            let text = match piece {
                Piece::Text(text) => text,
                Piece::Place(place) => filling.at(*place),
            };
            bytes.extend_from_slice(text.as_bytes());
        }
        bytes.into()
    }
}

impl Shelf {
    fn put(&mut self, address: &str, answer: Answer) {
        if answer.length > LARGEST {
            return;
        }
        self.length += answer.length + address.len();
        let before = self.answers.insert(address.to_owned(), Arc::new(answer));
        match before {
            Some(before) => self.length -= before.length + address.len(),
            None => self.order.push_back(address.to_owned()),
        }
        while self.length > ROOM {
            let Some(oldest) = self.order.pop_front() else {
                return;
            };
            if let Some(gone) = self.answers.remove(&oldest) {
                self.length -= gone.length + oldest.len();
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn filling() -> Filling {
        Filling {
            size: "41".to_owned(),
            entries: "40".to_owned(),
            root: "ab".repeat(32),
            recorded: "2026-03-09T19:58:00.000000Z".to_owned(),
            witnessed: "witnesses: none asked".to_owned(),
        }
    }

    fn answer(text: &str, stencil: &Stencil) -> Answer {
        Answer::of(Stamp::Head(String::new()), stencil.cut(text), &State::new())
    }

    proptest! {
        #[test]
        fn a_head_is_put_in_where_it_stood_and_nowhere_else(
            parts in prop::collection::vec(("[^\u{0}]{0,12}", 0_usize..5), 0..12),
        ) {
            let (stencil, filling) = (Stencil::by_lot(), filling());
            let marks = [
                stencil.size.to_string(),
                stencil.entries.to_string(),
                stencil.root.clone(),
                stencil.recorded.micros_text(),
                stencil.witnessed.clone(),
            ];
            let places = [
                Place::Size,
                Place::Entries,
                Place::Root,
                Place::Recorded,
                Place::Witnessed,
            ];
            let mut drawn = String::new();
            let mut expected = String::new();
            for (text, place) in &parts {
                // Digits beside a number would be another number, as on no page.
                let text = text.replace(|c: char| c.is_ascii_alphanumeric(), ".");
                drawn.push_str(&format!("{text} {} ", marks[*place]));
                expected.push_str(&format!("{text} {} ", filling.at(places[*place])));
            }
            let filled = answer(&drawn, &stencil).filled(&filling);
            prop_assert_eq!(String::from_utf8(filled.to_vec()).unwrap(), expected);
        }
    }

    #[test]
    fn the_oldest_answers_go_when_there_is_no_more_room() {
        let answer = |length| {
            let text = Piece::Text("x".repeat(length).into());
            Answer::of(Stamp::Head(String::new()), vec![text], &State::new())
        };
        let mut shelf = Shelf::default();
        let names: Vec<String> = (0..ROOM / LARGEST + 8)
            .map(|number| format!("/{number}"))
            .collect();
        let newest = names.last().expect("there are some");
        for name in &names {
            shelf.put(name, answer(LARGEST));
            shelf.put(name, answer(LARGEST));
            assert!(shelf.length <= ROOM);
        }
        assert!(!shelf.answers.contains_key("/0") && shelf.answers.contains_key(newest));
        assert_eq!(shelf.answers.len(), shelf.order.len());
        shelf.put("/larger", answer(LARGEST + 1));
        assert!(!shelf.answers.contains_key("/larger"));
    }

    #[test]
    fn a_head_that_cannot_be_is_another_one_each_time() {
        let (one, other) = (Stencil::by_lot(), Stencil::by_lot());
        assert_ne!((one.size, &one.root), (other.size, &other.root));
        assert_eq!(one.root.len(), 64);
        assert!(one.size > 1 << 59 && one.size != one.entries);
        assert_eq!(one.recorded.micros_text().len(), 27);
    }
}

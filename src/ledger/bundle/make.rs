//! Making a bundle, from a ledger that is open for reading.

use std::fmt;
use std::sync::Arc;

use crate::claim::{Data, Event, LedgerMapped, Recorded, State};
use crate::form::{AnyList, Form as _, List};
use crate::hash::Hash;
use crate::projection::{Filter, ModelFault, model_in_force, profile};
use crate::tlog::SubjectMap;
use crate::value::{FormError, Index, KeyId, Origin, Seq, Slug, Subject, Time};

use super::closure::{Closure, Entries, Signed, closure};
use super::form::{
    BundleFile, CarriedLine, CarriedStream, ClaimedProfile, MAX_FILE, StreamLeaf, VERSION,
    Verbatim, map_at,
};
use crate::ledger::follow::{key_of, streams_of};
use crate::ledger::read::{AsOf, Ledger, NoSuchMoment};
use crate::ledger::refusal::LedgerError;

/// A bundle and what it is cut at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundled {
    /// The file.
    pub bytes: Vec<u8>,
    /// Index of the entry that records its map: it shows the claim as of this entry.
    pub map: Index,
    /// When that entry was recorded.
    pub recorded: Time,
    /// Size of the signed head that its entries are proved at.
    pub size: u64,
    /// Entries that it carries.
    pub entries: u64,
    /// Streams that it shows to be complete.
    pub streams: u64,
}

impl Bundled {
    /// Entries under the head that are newer than what it shows.
    #[must_use]
    pub fn newer(&self) -> u64 {
        self.size.saturating_sub(self.map + 1)
    }
}

/// Why there is no bundle.
#[derive(Debug)]
pub enum NotBundled {
    /// The ledger has no such moment.
    Moment(NoSuchMoment),
    /// No map was recorded by then.
    NoMap {
        /// How many entries there were.
        size: u64,
    },
    /// The claim was not there, in effect, at the map.
    NoClaim {
        /// The claim.
        claim: Slug,
        /// Index of the map's entry.
        map: Index,
        /// Whether it is there at the newest entry.
        is_newer: bool,
    },
    /// Entries before the map are withheld, so nobody can work the map out.
    Withheld(Vec<Index>),
    /// The map that the log recorded is not the map of the entries before it.
    FalseMap {
        /// Index of the map's entry.
        map: Index,
        /// The root that it names.
        found: Hash,
        /// The root of the map of the entries before it.
        expected: Hash,
    },
    /// Larger than a bundle may be.
    TooLarge {
        /// How many bytes it would have.
        bytes: usize,
    },
    /// The model in force cannot be run.
    Model(ModelFault),
    /// The ledger cannot be read, or holds what a bundle cannot.
    Ledger(LedgerError),
}

impl fmt::Display for NotBundled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotBundled::Moment(error) => error.fmt(f),
            NotBundled::NoMap { size } => write!(
                f,
                "found no ledger.mapped among the {size} entries, expected one: a bundle is cut at a map that the log has signed"
            ),
            NotBundled::NoClaim { claim, map, .. } => write!(
                f,
                "found no claim/{claim} in effect at the map in @{map}, expected a claim that the map covers"
            ),
            NotBundled::Withheld(indices) => {
                let places: Vec<String> = indices.iter().map(|index| format!("@{index}")).collect();
                write!(
                    f,
                    "found {} withheld, expected every entry before the map: it cannot be worked out without them",
                    places.join(", ")
                )
            }
            NotBundled::FalseMap {
                map,
                found,
                expected,
            } => write!(
                f,
                "found a map with root {found} in @{map}, expected root {expected}, from the streams of all entries before it"
            ),
            NotBundled::TooLarge { bytes } => {
                write!(
                    f,
                    "found a bundle of {bytes} bytes, expected at most {MAX_FILE}"
                )
            }
            NotBundled::Model(fault) => fault.fmt(f),
            NotBundled::Ledger(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for NotBundled {}

impl From<LedgerError> for NotBundled {
    fn from(error: LedgerError) -> NotBundled {
        NotBundled::Ledger(error)
    }
}

impl From<FormError> for NotBundled {
    fn from(error: FormError) -> NotBundled {
        let refused = crate::envelope::Refused::Form(error);
        NotBundled::Ledger(crate::ledger::refusal::refused(&refused).into())
    }
}

/// The entry of the newest map at or before a moment; at any time where none is given.
///
/// # Errors
/// The ledger has no such moment, or no map by then.
pub fn newest_map(ledger: &Ledger, as_of: Option<&AsOf>) -> Result<Index, NotBundled> {
    Ok(map_event(ledger, as_of)?.address.entry)
}

fn map_event<'l>(ledger: &'l Ledger, as_of: Option<&AsOf>) -> Result<&'l Arc<Event>, NotBundled> {
    let state = ledger.state();
    let size = match as_of {
        Some(moment) => ledger.size_as_of(moment).map_err(NotBundled::Moment)?,
        None => state.size(),
    };
    let maps = state.stream(&Subject::log()).map_or(0, |head| head.seq);
    let recorded = (1..=maps)
        .rev()
        .filter_map(|seq| state.event(&Subject::log(), seq));
    let mut by_then = recorded.filter(|event| event.address.entry < size);
    by_then.next().ok_or(NotBundled::NoMap { size })
}

/// Everything to check one claim offline, at the newest map at or before a moment.
///
/// # Errors
/// [`NotBundled`].
pub fn bundle(ledger: &Ledger, claim: &Slug, as_of: Option<&AsOf>) -> Result<Bundled, NotBundled> {
    Binder::at(ledger, as_of)?.bind(claim)
}

/// Makes the bundles of many claims at one map, which is worked out once.
pub struct Binder<'l> {
    ledger: &'l Ledger,
    before: Before<'l>,
    map: SubjectMap,
    recorded: Time,
    state: State,
}

impl<'l> Binder<'l> {
    /// At the newest map at or before a moment.
    ///
    /// # Errors
    /// [`NotBundled`], of any claim.
    pub fn at(ledger: &'l Ledger, as_of: Option<&AsOf>) -> Result<Binder<'l>, NotBundled> {
        let event = map_event(ledger, as_of)?;
        let Data::LedgerMapped(data) = &event.data else {
            return Err(NotBundled::NoMap { size: 0 });
        };
        let index = event.address.entry;
        let before = Before::the_map(ledger, index)?;
        let map = before.map(data)?;
        let state = ledger
            .state_as_of(Some(&AsOf::Entry(index)))
            .map_err(NotBundled::Moment)?;
        Ok(Binder {
            ledger,
            before,
            map,
            recorded: event.recorded,
            state,
        })
    }

    /// Everything to check one claim offline.
    ///
    /// # Errors
    /// [`NotBundled`].
    pub fn bind(&self, claim: &Slug) -> Result<Bundled, NotBundled> {
        let (ledger, index) = (self.ledger, self.before.map);
        let profile = claimed(ledger, &self.state, claim, index)?;
        let needed = closure(&self.before, claim);
        let subjects = needed.subjects.iter();
        let streams = subjects.map(|subject| self.before.stream(subject, &self.map));
        let file = BundleFile {
            v: VERSION,
            origin: origin_of(&self.state)?,
            claim: Subject::claim(claim.clone()),
            checkpoint: Verbatim(String::from_utf8_lossy(&ledger.custody().note).into_owned()),
            map: map_at(index),
            entries: List(lines(ledger, &needed, index)?),
            streams: List(sorted(streams.collect())),
            profile,
        };
        let bytes = file.write().to_bytes();
        if bytes.len() > MAX_FILE {
            return Err(NotBundled::TooLarge { bytes: bytes.len() });
        }
        Ok(Bundled {
            bytes,
            map: index,
            recorded: self.recorded,
            size: ledger.custody().checkpoint.size,
            entries: file.entries.0.len() as u64,
            streams: file.streams.0.len() as u64,
        })
    }
}

fn origin_of(state: &State) -> Result<Origin, NotBundled> {
    state.origin().cloned().ok_or(NotBundled::NoMap { size: 0 })
}

fn claimed(
    ledger: &Ledger,
    state: &State,
    claim: &Slug,
    map: Index,
) -> Result<ClaimedProfile, NotBundled> {
    let model = model_in_force(state).map_err(NotBundled::Model)?;
    let profile = profile(state, claim, model, &Filter::none());
    let profile = profile.ok_or_else(|| NotBundled::NoClaim {
        claim: claim.clone(),
        map,
        is_newer: ledger.state().exists(&Subject::claim(claim.clone())),
    })?;
    Ok(ClaimedProfile::of(&profile)?)
}

fn lines(ledger: &Ledger, needed: &Closure, map: Index) -> Result<Vec<CarriedLine>, NotBundled> {
    let size = ledger.custody().checkpoint.size;
    let line = |index: &Index| {
        let entry = String::from_utf8_lossy(&ledger.line(*index)?).into_owned();
        let path = ledger.tree().inclusion(*index, size).unwrap_or_default();
        Ok(CarriedLine {
            entry: Verbatim(entry),
            index: *index,
            path: AnyList(path),
        })
    };
    needed.entries.iter().chain([&map]).map(line).collect()
}

/// By the text of the subject, as the file has it.
fn sorted(mut streams: Vec<CarriedStream>) -> Vec<CarriedStream> {
    streams.sort_by_cached_key(|stream| stream.subject.to_string());
    streams
}

/// The ledger before a map.
struct Before<'l> {
    ledger: &'l Ledger,
    state: &'l State,
    map: Index,
}

impl<'l> Before<'l> {
    fn the_map(ledger: &'l Ledger, map: Index) -> Result<Before<'l>, NotBundled> {
        let custody = ledger.custody();
        if !custody.damages.is_empty() {
            return Err(LedgerError::Damaged(custody.damages.clone()).into());
        }
        let state = ledger.state();
        let missing: Vec<Index> = state.lost().copied().filter(|lost| *lost < map).collect();
        match missing.as_slice() {
            [] => Ok(Before { ledger, state, map }),
            _ => Err(NotBundled::Withheld(missing)),
        }
    }

    fn events(&self, subject: &Subject) -> impl Iterator<Item = &'l Arc<Event>> {
        let (state, map, subject) = (self.state, self.map, subject.clone());
        (1..)
            .map_while(move |seq: Seq| state.event(&subject, seq))
            .take_while(move |event| event.address.entry < map)
    }

    /// The map of all streams, which is the one that the log has signed.
    fn map(&self, data: &LedgerMapped) -> Result<SubjectMap, NotBundled> {
        let known = self.ledger.map_before(self.map);
        let map = known.unwrap_or_else(|| streams_of(self.before()));
        match map.root() {
            root if root == data.root => Ok(map),
            expected => Err(NotBundled::FalseMap {
                map: self.map,
                found: data.root,
                expected,
            }),
        }
    }

    fn before(&self) -> impl Iterator<Item = &'l Arc<Recorded>> {
        let (history, map) = (self.state.history().iter(), self.map);
        history.take_while(move |entry| entry.index < map)
    }

    fn stream(&self, subject: &Subject, map: &SubjectMap) -> CarriedStream {
        let key = key_of(subject);
        CarriedStream {
            leaf: map.get(&key).map(|leaf| StreamLeaf {
                entry: leaf.entry,
                last: crate::value::EventId(leaf.last_event),
                length: leaf.stream_len,
            }),
            proof: map.prove(&key).into(),
            subject: subject.clone(),
        }
    }
}

impl Entries for Before<'_> {
    fn of(&self, subject: &Subject) -> Vec<Index> {
        let mut indices: Vec<Index> = self.events(subject).map(|one| one.address.entry).collect();
        indices.dedup();
        indices
    }

    fn at(&self, index: Index) -> Option<Signed<'_>> {
        let entry = self.state.entry(index)?;
        Some(Signed {
            author: &entry.author,
            keys: entry.signers.iter().map(|signer| signer.key).collect(),
            events: &entry.events,
        })
    }

    fn owner(&self, key: &KeyId) -> Option<Slug> {
        self.state.key_owner(key).map(|owner| owner.agent.clone())
    }
}

//! Reading: a ledger folder, opened without a lock and without writing anything.

use std::cmp::Ordering;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Arc, OnceLock};

use crate::claim::{Event, Recorded, State};
use crate::envelope::Withheld;
use crate::store::segment::{Disk, SegmentReader};
use crate::store::{BadLine, Damage, LineOfFile};
use crate::tlog::{
    Checkpoint, GoodSignature, OpenCheckpoint, TlogPolicy, Tree, VerifierKey, leaf_hash,
};
use crate::value::{Address, CommitId, FormError, Index, Moment, excerpt};

use super::arrange::{Arrangement, arrange};
use super::cosigned::{CosignedHead, HeadNote, Kept, POLICY, keys_in, note_name, size_named};
use super::follow::{KeptStates, Maps};
use super::lines::{
    damage_of, lines_or_gaps, no_genesis, open_reader, own_key, read_as, read_entries,
};
use super::place::{Depth, Parsed, parse_line};
use super::refusal::LedgerError;
use super::work::in_parallel;

/// Lines read and parsed at a time.
const CHUNK: usize = 4096;

/// A ledger folder as its newest checkpoint covers it.
///
/// A copy costs next to nothing and stays as it is; [`Ledger::follow`] makes one that goes on.
#[derive(Clone)]
pub struct Ledger {
    pub(super) dir: PathBuf,
    pub(super) reader: Arc<SegmentReader>,
    pub(super) custody: Custody,
    pub(super) tree: Tree,
    pub(super) state: State,
    pub(super) kept_states: KeptStates,
    pub(super) maps: Arc<OnceLock<Maps>>,
    pub(super) arrangement: Option<Arc<Arrangement>>,
}

/// What is known of how a ledger was kept.
#[derive(Debug, Clone)]
pub struct Custody {
    /// The newest checkpoint.
    pub checkpoint: Checkpoint,
    /// Its note: the log's line, and those of witnesses that the folder's policy names and that
    /// hold.
    pub note: Vec<u8>,
    /// What those witnesses signed. The folder's policy is no reason to trust them.
    pub cosignatures: Vec<GoodSignature>,
    /// The key that it was checked with.
    pub vkey: VerifierKey,
    /// Whether that key was taken from the ledger itself.
    pub is_own_key: bool,
    /// Signature lines of the file that are not among them: no key at hand can check them, or they
    /// do not hold.
    pub unchecked: usize,
    /// What is not as it was acknowledged.
    pub damages: Vec<Damage>,
    /// Entries withheld.
    pub withheld: Vec<Index>,
    /// Complete lines after the checkpoint: not acknowledged, or not yet.
    pub tail: u64,
}

impl Custody {
    /// What a head says, before a line has been read.
    fn of(head: &HeadNote, vkey: VerifierKey, is_own_key: bool) -> Custody {
        let mut custody = Custody {
            checkpoint: head.checkpoint.clone(),
            note: Vec::new(),
            cosignatures: Vec::new(),
            vkey,
            is_own_key,
            unchecked: 0,
            damages: Vec::new(),
            withheld: Vec::new(),
            tail: 0,
        };
        custody.go_on(head);
        custody
    }

    /// Takes over what a newer note of the same log says; what was found in the lines stays.
    pub(super) fn go_on(&mut self, head: &HeadNote) {
        self.cosignatures = head.good();
        self.unchecked = head.lines.len() - self.cosignatures.len();
        self.checkpoint = head.checkpoint.clone();
        self.note = head.to_bytes();
    }
}

impl Ledger {
    /// Opens a folder: reads every line that the checkpoint covers, folds them, and holds their
    /// root against the signed one. Signatures and rules are for [`super::audit`].
    ///
    /// Damage does not keep a ledger closed: what is undamaged is folded, and
    /// [`Custody::damages`] says what is not.
    ///
    /// # Errors
    /// When there is no ledger, no readable genesis to take the key from, or a checkpoint that the
    /// key did not sign.
    pub fn open(dir: &Path, vkey: Option<&VerifierKey>) -> Result<Ledger, LedgerError> {
        Ledger::open_with(dir, vkey, &mut |_, _| {})
    }

    /// As [`Ledger::open`], telling how many of how many lines were read.
    ///
    /// # Errors
    /// As [`Ledger::open`].
    pub fn open_with(
        dir: &Path,
        vkey: Option<&VerifierKey>,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Ledger, LedgerError> {
        let (reader, note, _, vkey, is_own_key) = front(dir, vkey)?;
        let head = HeadNote::read(&note, &vkey, &keys_in(&reader))?;
        let mut ledger = Ledger {
            dir: dir.to_path_buf(),
            custody: Custody::of(&head, vkey, is_own_key),
            reader: Arc::new(reader),
            tree: Tree::new(),
            state: State::new(),
            kept_states: KeptStates::default(),
            maps: Arc::default(),
            arrangement: None,
        };
        ledger.fold(progress)?;
        ledger.hold_against_checkpoint(progress)?;
        Ok(ledger)
    }

    /// The name of the ledger in a folder, from its genesis alone.
    ///
    /// # Errors
    /// When there is no ledger or no readable genesis, or the system fails.
    pub fn origin_of(dir: &Path) -> Result<crate::value::Origin, LedgerError> {
        let key = own_key(&open_reader(dir)?)?;
        key.name().parse().map_err(|_| no_genesis())
    }

    /// Reads and folds the lines that the checkpoint covers and that are not folded yet.
    pub(super) fn fold(&mut self, progress: &mut dyn FnMut(u64, u64)) -> Result<(), LedgerError> {
        let size = self.custody.checkpoint.size;
        let mut from = self.state.size();
        while from < size {
            let to = size.min(from + CHUNK as u64);
            let lines = match &self.arrangement {
                Some(arrangement) => arrangement.lines(&self.reader, from, to)?,
                None => lines_or_gaps(&self.reader, from, to)?,
            };
            let parsed = in_parallel(lines.len(), |place| {
                let line = lines[place].as_deref().ok()?;
                parse_line(from + place as u64, line, Depth::Fold).ok()
            });
            for (line, parsed) in lines.iter().zip(parsed) {
                self.take_in(line, parsed);
            }
            from = to;
            progress(from, size);
        }
        self.custody.tail = self.reader.head()?.saturating_sub(size);
        Ok(())
    }

    fn take_in(&mut self, line: &Result<Vec<u8>, BadLine>, parsed: Option<Parsed>) {
        let index = self.state.size();
        if let Some(parsed) = parsed {
            self.tree.push(parsed.leaf);
            let entry = Arc::new(parsed.placed(&self.state, Vec::new()));
            self.state.evolve(&entry);
            return;
        }
        let withheld = line.as_deref().ok().and_then(Withheld::parse);
        let leaf = match (&withheld, line) {
            (Some(withheld), _) => withheld.leaf,
            (None, Ok(line)) => leaf_hash(line),
            (None, Err(_)) => crate::hash::Hash::ZERO,
        };
        match withheld {
            Some(_) => self.custody.withheld.push(index),
            None => self.custody.damages.push(damage_of(index, line)),
        }
        self.tree.push(leaf);
        self.state.evolve_without(index, CommitId(leaf));
    }

    /// A root that is not the signed one, or a line that is none, means damage. Where the tiles
    /// lead to the signed root, every line finds its entry by them, and the fold is done again.
    fn hold_against_checkpoint(
        &mut self,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<(), LedgerError> {
        let (size, root) = (self.custody.checkpoint.size, self.custody.checkpoint.root);
        let found = self.tree.root();
        if found == root {
            // What cannot be read here is what the log took: no tile tells more.
            return Ok(());
        }
        if let Some(arrangement) = arrange(&self.reader, size, root)? {
            self.tree = Tree::new();
            self.state = State::new();
            self.custody.withheld.clear();
            self.arrangement = Some(Arc::new(arrangement));
            self.fold(progress)?;
            let arrangement = self.arrangement.as_ref();
            self.custody.damages = arrangement.map(|a| a.damages.clone()).unwrap_or_default();
            self.tree = Tree::new();
            for leaf in arrangement.iter().flat_map(|a| &a.leaves) {
                self.tree.push(*leaf);
            }
        } else if self.custody.damages.is_empty() {
            self.custody.damages.push(Damage {
                file: "events/".to_owned(),
                line: 0,
                index: 0,
                found: format!("{size} entries with root {found}"),
                expected: format!("the signed root {root}"),
            });
        }
        Ok(())
    }

    /// The heads that witnesses have cosigned, by rising size, as far as they are kept: witnesses of
    /// this policy, or without one those of the folder's, which is no reason to trust them.
    #[must_use]
    pub fn cosigned_heads(&self, policy: Option<&TlogPolicy>) -> Vec<CosignedHead> {
        let keys = match policy {
            Some(policy) => policy.witness_keys(),
            None => keys_in(&self.reader),
        };
        let mut heads = self.kept().heads(&keys);
        let newest = &self.custody.checkpoint;
        let good = self.cosignatures_of_newest(&keys);
        match heads.last_mut() {
            _ if good.is_empty() => {}
            Some(last) if last.size == newest.size => last.cosignatures.extend(good),
            _ => heads.push(CosignedHead {
                size: newest.size,
                root: newest.root,
                cosignatures: good,
            }),
        }
        heads
    }

    /// What these witnesses signed in `checkpoint`.
    fn cosignatures_of_newest(&self, keys: &[VerifierKey]) -> Vec<GoodSignature> {
        let note = self.newest_note(keys);
        note.map(|note| note.good()).unwrap_or_default()
    }

    /// `checkpoint` as it is now, as long as it is of the head that was opened.
    fn newest_note(&self, keys: &[VerifierKey]) -> Option<HeadNote> {
        let note = self.reader.get("checkpoint").ok().flatten()?;
        let note = HeadNote::read(&note, &self.custody.vkey, keys).ok()?;
        (note.checkpoint == self.custody.checkpoint).then_some(note)
    }

    /// Of the heads that cover an entry and have a quorum of this policy, the one that was there
    /// first: its size, and its note with the lines of that policy's witnesses.
    pub(super) fn first_quorum(&self, index: Index, policy: &TlogPolicy) -> Option<(u64, Vec<u8>)> {
        let keys = policy.witness_keys();
        let sizes = self.kept().sizes();
        let kept = sizes.into_iter().filter(|size| *size > index);
        let notes = kept.filter_map(|size| self.kept().note(size, &keys));
        let newest = self
            .newest_note(&keys)
            .filter(|note| note.checkpoint.size > index);
        let timed = notes.chain(newest).filter_map(|note| {
            let time = policy.not_after(&note.good())?;
            Some((time, note))
        });
        let (_, first) = timed.min_by_key(|(time, note)| (*time, note.checkpoint.size))?;
        Some((first.checkpoint.size, first.to_bytes()))
    }

    /// The largest size that this witness has cosigned, as far as it is kept.
    #[must_use]
    pub fn last_cosigned(&self, witness: &VerifierKey) -> Option<u64> {
        self.kept().last_by(witness)
    }

    /// The note of a head that witnesses have signed, as it is kept below `cosigned/`, by the size in
    /// its file's name; none where there is none.
    ///
    /// # Errors
    /// When the system fails.
    pub fn cosigned_note(&self, file: &str) -> Result<Option<Vec<u8>>, LedgerError> {
        match size_named(file) {
            Some(size) => Ok(self.reader.get(&note_name(size))?),
            None => Ok(None),
        }
    }

    /// The notes of heads that witnesses have signed, as they are kept: each by its path in the
    /// folder, by rising size, as far as the newest head covers them.
    ///
    /// # Errors
    /// When the system fails.
    pub fn cosigned_notes(&self) -> Result<Vec<(String, Vec<u8>)>, LedgerError> {
        let newest = self.custody.checkpoint.size;
        let sizes = self.kept().sizes().into_iter();
        let paths = sizes.filter(|size| *size <= newest).map(note_name);
        let notes = paths.filter_map(|path| match self.reader.get(&path) {
            Ok(note) => note.map(|note| Ok((path, note))),
            Err(error) => Some(Err(error.into())),
        });
        notes.collect()
    }

    /// The file that names the witnesses that the log asks, as it is.
    ///
    /// # Errors
    /// When the system fails.
    pub fn policy_file(&self) -> Result<Option<Vec<u8>>, LedgerError> {
        Ok(self.reader.get(POLICY)?)
    }

    fn kept(&self) -> Kept<'_, Disk> {
        Kept {
            dir: &self.dir,
            reader: &self.reader,
            tree: &self.tree,
            log: &self.custody.vkey,
        }
    }

    /// The folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// How it was kept.
    #[must_use]
    pub fn custody(&self) -> &Custody {
        &self.custody
    }

    /// The tree of its entries.
    #[must_use]
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// The state at the newest entry.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The state that the ledger knew: the fold of all entries up to that moment.
    ///
    /// # Errors
    /// [`NoSuchMoment`] for an event or entry that is not here.
    pub fn state_as_of(&self, moment: Option<&AsOf>) -> Result<State, NoSuchMoment> {
        let Some(moment) = moment else {
            return Ok(self.state.clone());
        };
        Ok(self.state_at(self.size_as_of(moment)?))
    }

    /// How many entries the ledger had at a moment.
    ///
    /// # Errors
    /// [`NoSuchMoment`] for an event or entry that is not here.
    pub fn size_as_of(&self, moment: &AsOf) -> Result<u64, NoSuchMoment> {
        let history = self.state.history();
        let no = || NoSuchMoment {
            moment: moment.clone(),
            size: self.state.size(),
        };
        match moment {
            AsOf::Entry(index) | AsOf::Event(Address { entry: index, .. }) => {
                let entry = usize::try_from(*index)
                    .ok()
                    .and_then(|index| history.get(index));
                let entry = entry.ok_or_else(no)?;
                match moment {
                    AsOf::Event(address) if usize::from(address.position) >= entry.events.len() => {
                        Err(no())
                    }
                    _ => Ok(index + 1),
                }
            }
            AsOf::Id(prefix) => {
                let event = self.event_by_id(prefix).map_err(|_| no())?;
                Ok(event.address.entry + 1)
            }
            AsOf::Moment(moment) => {
                // Recorded times rise: the appender sees to it, and an audit says where they do not.
                let last = moment.last_instant();
                let side = |entry: &Arc<Recorded>| match entry.recorded <= last {
                    true => Ordering::Less,
                    false => Ordering::Greater,
                };
                let (Ok(size) | Err(size)) = history.binary_search_by(side);
                Ok(size as u64)
            }
        }
    }

    /// The event whose id has this prefix.
    ///
    /// # Errors
    /// How many have it, when that is not one.
    pub fn event_by_id(&self, prefix: &str) -> Result<Arc<Event>, usize> {
        let all = self
            .state
            .history()
            .iter()
            .flat_map(|entry| entry.events.iter());
        let found: Vec<&Arc<Event>> = all
            .filter(|event| event.id.to_string().starts_with(prefix))
            .collect();
        match found.as_slice() {
            [event] => Ok(Arc::clone(event)),
            other => Err(other.len()),
        }
    }

    /// A commit in its place.
    #[must_use]
    pub fn entry(&self, index: Index) -> Option<&Arc<Recorded>> {
        self.state.history().get(usize::try_from(index).ok()?)
    }

    /// The stored bytes of the entries `from..to`, without newlines, in one read. They are held
    /// against the tree: damage since the folder was opened is no answer either.
    ///
    /// # Errors
    /// When one of the lines is damaged, when nothing leads to the signed root, or the system fails.
    pub fn lines(&self, from: Index, to: Index) -> Result<Vec<Vec<u8>>, LedgerError> {
        self.leads_to_head()?;
        match &self.arrangement {
            Some(_) => (from..to).map(|index| self.line(index)).collect(),
            None => read_entries(&self.reader, &self.tree, from, to),
        }
    }

    /// The stored bytes of an entry, without the newline, held against the tree.
    ///
    /// # Errors
    /// When the line is damaged, when nothing leads to the signed root, or the system fails.
    pub fn line(&self, index: Index) -> Result<Vec<u8>, LedgerError> {
        self.leads_to_head()?;
        let known = self.tree.leaf(index);
        let lines = match &self.arrangement {
            None => read_entries(&self.reader, &self.tree, index, index + 1)?,
            Some(arrangement) => match arrangement.line_of(index) {
                Some(LineOfFile { first, number }) => read_as(
                    |visit| self.reader.read_file(first, number..number + 1, visit),
                    &|_| known,
                )?,
                None => Vec::new(),
            },
        };
        lines.into_iter().next().ok_or_else(|| {
            LedgerError::Damaged(vec![Damage {
                file: "events/".to_owned(),
                line: 0,
                index,
                found: "no line".to_owned(),
                expected: "an entry".to_owned(),
            }])
        })
    }

    /// Where neither the lines nor the tiles lead to the signed root, nothing here says which of
    /// them are damaged: no line can be told from one that was changed.
    fn leads_to_head(&self) -> Result<(), LedgerError> {
        match self.tree.root() == self.custody.checkpoint.root {
            true => Ok(()),
            false => Err(LedgerError::Damaged(self.custody.damages.clone())),
        }
    }
}

/// The outside of a folder: reader, checkpoint note, opened checkpoint, key, whether it is its own.
type Front = (SegmentReader, Vec<u8>, OpenCheckpoint, VerifierKey, bool);

pub(super) fn front(dir: &Path, vkey: Option<&VerifierKey>) -> Result<Front, LedgerError> {
    let reader = open_reader(dir)?;
    let note = reader
        .get("checkpoint")?
        .ok_or_else(|| LedgerError::NoLedger(dir.to_path_buf()))?;
    let (vkey, is_own_key) = match vkey {
        Some(vkey) => (vkey.clone(), false),
        None => (own_key(&reader)?, true),
    };
    let open = Checkpoint::open(&note, &vkey)?;
    Ok((reader, note, open, vkey, is_own_key))
}

/// A point in recorded time, as a reader names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AsOf {
    /// Up to and with an entry: `@41`.
    Entry(Index),
    /// Up to and with the entry of an event: `@41.0`.
    Event(Address),
    /// Up to and with the entry of the event whose id begins so: at least 6 hexadecimal digits.
    Id(String),
    /// Everything recorded by then.
    Moment(Moment),
}

impl FromStr for AsOf {
    type Err = FormError;

    fn from_str(text: &str) -> Result<AsOf, FormError> {
        if let Some(address) = text.strip_prefix('@') {
            return parse_address(address).ok_or_else(|| not_a_moment(text));
        }
        if let Ok(moment) = text.parse() {
            return Ok(AsOf::Moment(moment));
        }
        let is_id = (6..=64).contains(&text.len())
            && text
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if is_id {
            Ok(AsOf::Id(text.to_owned()))
        } else {
            Err(not_a_moment(text))
        }
    }
}

fn parse_address(text: &str) -> Option<AsOf> {
    let plain = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.split_once('.') {
        None if plain(text) => Some(AsOf::Entry(text.parse().ok()?)),
        Some((entry, position)) if plain(entry) && plain(position) => Some(AsOf::Event(Address {
            entry: entry.parse().ok()?,
            position: position.parse().ok()?,
        })),
        _ => None,
    }
}

fn not_a_moment(text: &str) -> FormError {
    FormError::new(
        crate::value::FormCode::Time,
        excerpt(text),
        "a date (2026, 2026-03, 2026-03-09), a time in UTC (2026-03-09T19:58:00Z), an address (@41, @41.0) or an event id",
    )
}

impl fmt::Display for AsOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AsOf::Entry(index) => write!(f, "@{index}"),
            AsOf::Event(address) => address.fmt(f),
            AsOf::Id(id) => f.write_str(id),
            AsOf::Moment(moment) => moment.fmt(f),
        }
    }
}

/// A moment that the ledger does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoSuchMoment {
    /// What was asked for.
    pub moment: AsOf,
    /// How many entries the ledger has.
    pub size: u64,
}

impl fmt::Display for NoSuchMoment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "found no {}, expected an event of one of the {} entries",
            self.moment, self.size
        )
    }
}

impl std::error::Error for NoSuchMoment {}

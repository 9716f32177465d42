//! The appender: verify → admit → append → sign the head → acknowledge.
//!
//! Commits are staged one by one, each judged in the state that the ones before it make, and
//! flushed together: one write, one sync, one head, then the receipts. Nobody reads what is not on
//! disk, and nobody is told yes before a signed head covers it.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::claim::{Code, Data, LedgerMapped, Recorded, Rejection, State, on_time};
use crate::envelope::{
    Anchor, Checks, Commit, Draft, DraftEvent, Entry, KnownKey, Signed, Unverified, verify_one,
};
use crate::form::Form as _;
use crate::hash::Hash;
use crate::store::segment::{
    Disk, Files, Options, Recovered, Recovery, SegmentReader, SegmentWriter, Stamp,
};
use crate::store::{Damage, Durable, Store, StoreError};
use crate::tlog::{
    Bundle, Checkpoint, MapLeaf, SignatureLine, SubjectMap, TlogPolicy, TlogProof, Tree,
    VerifierKey, encode_bundle, leaf_hash, new_full_bundles, new_full_tiles, partial_bundle,
    partial_tiles,
};
use crate::value::{CommitId, EventId, Index, KeyId, Origin, PublicKey, Slug, Subject, Time};

use super::clock::{Clock, Watched};
use super::cosigned::{
    Added, CosignedHead, HeadNote, Keep, Kept, RefusedLine, judged, keys_in, note_name,
};
use super::leaves::RightEdge;
use super::lines::{open_reader_on, own_key, read_entries, read_lines};
use super::place::{Depth, Parsed, key_faults, owner_of, parse_line, typed_events};
use super::read::Ledger;
use super::receipt::Receipt;
use super::refusal::{LedgerError, refused};
use super::signer::{HeadSigner, SignerError, SignerState};
use super::work::in_parallel;

/// A map entry is due at least every so many entries.
const MAP_EVERY: u64 = 4096;

/// From so many signatures on, a key is worth its table.
const TABLE_FROM: u32 = 8;

/// At most so many keys have tables: 30 KiB each.
const MAX_TABLES: usize = 1024;

/// What became of a staged commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Staged {
    /// It will stand at this index once flushed.
    New(Index),
    /// It stands at this index already.
    Known(Index),
}

/// What opening for writing found.
#[derive(Debug)]
pub struct Opened {
    /// What recovery did.
    pub recovered: Recovered,
}

/// The one writer of a ledger folder.
pub struct Appender<F: Files = Disk> {
    dir: PathBuf,
    origin: Origin,
    store: SegmentWriter<F>,
    reader: Arc<SegmentReader<F>>,
    signer: HeadSigner<F>,
    clock: Watched,
    tree: Tree,
    edge: RightEdge,
    map: SubjectMap,
    mapped: u64,
    state: State,
    commits: HashMap<CommitId, Index>,
    keys: HashMap<KeyId, Used>,
    tables: usize,
    staged: Vec<Line>,
    batch: Option<Time>,
    head: Vec<u8>,
    /// Something failed whose outcome is unknown: what is here may not be what is on disk.
    is_stopped: bool,
}

struct Line {
    bytes: Vec<u8>,
    commit: CommitId,
    /// Whether it is a map that fell due in between: nobody waits for its receipt.
    is_own_map: bool,
}

/// A key and how often it signed.
struct Used {
    times: u32,
    table: Option<Box<KnownKey>>,
}

impl Appender {
    /// Makes a ledger of a genesis commit, with its first checkpoint.
    ///
    /// # Errors
    /// When the folder holds a ledger, the genesis is not admitted, or the system fails.
    pub fn create(
        dir: &Path,
        genesis: &[u8],
        signer: HeadSigner,
        clock: Box<dyn Clock>,
    ) -> Result<(Appender, Receipt), LedgerError> {
        Appender::create_on(Disk, dir, Options::default(), genesis, signer, clock)
    }

    /// Opens a ledger folder for writing: takes the lock, recovers, folds.
    ///
    /// # Errors
    /// When another writer has it, it is damaged, the key is not its log key or has signed another
    /// history, or the clock is more than ten minutes behind the last entry (unless `clock_ok`).
    pub fn open(
        dir: &Path,
        signer: HeadSigner,
        clock: Box<dyn Clock>,
        clock_ok: bool,
    ) -> Result<(Appender, Opened), LedgerError> {
        Appender::open_on(Disk, dir, Options::default(), signer, clock, clock_ok)
    }
}

impl<F: Files> Appender<F> {
    /// As [`Appender::create`], on another file system or with other sizes.
    ///
    /// # Errors
    /// As [`Appender::create`].
    pub fn create_on(
        files: F,
        dir: &Path,
        options: Options,
        genesis: &[u8],
        signer: HeadSigner<F>,
        clock: Box<dyn Clock>,
    ) -> Result<(Appender<F>, Receipt), LedgerError> {
        let signed = Signed::parse(genesis).map_err(|error| refused(&error))?;
        let origin = signed.commit.ledger.clone();
        let now = clock.wall();
        // Judged before anything is written.
        judge(
            &State::new(),
            &Tree::new(),
            &origin,
            signed,
            0,
            now,
            &mut |key, message, sig| verify_one(key, message, sig).is_ok(),
        )?;
        let store = SegmentWriter::create_on(files, dir, options)?;
        let clock = Watched::open(clock, None, true)?;
        let mut appender = Appender::over(dir, origin, store, signer, clock);
        appender.signer.extends(&appender.tree)?;
        appender.stage(genesis)?;
        let receipts = appender.flush()?;
        appender.sync_named()?;
        let receipt = receipts.into_iter().next().expect("genesis was staged");
        Ok((appender, receipt))
    }

    /// As [`Appender::open`], on another file system or with other sizes.
    ///
    /// # Errors
    /// As [`Appender::open`].
    pub fn open_on(
        files: F,
        dir: &Path,
        options: Options,
        signer: HeadSigner<F>,
        clock: Box<dyn Clock>,
        clock_ok: bool,
    ) -> Result<(Appender<F>, Opened), LedgerError> {
        let origin = signer.verifier().name().to_owned();
        let before = open_reader_on(files.clone(), dir)?;
        is_the_log_key(&before, &signer)?;
        let acknowledged = acknowledged(&before, &signer);
        let mut check = |_: u64, line: &[u8]| {
            if crate::envelope::Withheld::parse(line).is_some() {
                return Ok(Stamp(0));
            }
            match Entry::parse(line) {
                Ok(entry) => Ok(Stamp(entry.recorded.micros())),
                Err(error) => Err(error.to_string()),
            }
        };
        let recovery = Recovery {
            acknowledged,
            checked: 0,
            check: &mut check,
        };
        let (store, recovered) = SegmentWriter::open_on(files.clone(), dir, options, recovery)
            .map_err(|error| rolled_back(files, dir, &signer, error))?;
        if store.head() == 0 {
            // What an `init` that died left: a head of nothing would keep it from beginning again.
            return Err(LedgerError::NoLedger(dir.to_path_buf()));
        }
        let origin: Origin = origin.parse().map_err(|_| SignerError::OtherKey {
            expected: "a key named by an origin".to_owned(),
            found: signer.verifier().to_string(),
        })?;
        let clock = Watched::open(clock, None, true)?;
        let mut appender = Appender::over(dir, origin, store, signer, clock);
        appender.fold_what_is_there(acknowledged.unwrap_or(0))?;
        appender.clock = appender
            .clock
            .reopened(appender.state.recorded(), clock_ok)?;
        appender.signer.extends(&appender.tree)?;
        appender.extends_its_checkpoint(dir)?;
        let signed = appender.signer.state().map_or(0, |state| state.size);
        if appender.tree.size() > signed || appender.head_is_stale()? {
            appender.publish_head()?;
        } else {
            appender.head = appender.head_on_disk()?;
            appender.replace_checkpoint()?;
        }
        appender.complete_tiles()?;
        Ok((appender, Opened { recovered }))
    }

    fn over(
        dir: &Path,
        origin: Origin,
        store: SegmentWriter<F>,
        signer: HeadSigner<F>,
        clock: Watched,
    ) -> Appender<F> {
        let reader = store.reader();
        Appender {
            dir: dir.to_path_buf(),
            origin,
            store,
            reader,
            signer,
            clock,
            tree: Tree::new(),
            edge: RightEdge::default(),
            map: SubjectMap::new(),
            mapped: 0,
            state: State::new(),
            commits: HashMap::new(),
            keys: HashMap::new(),
            tables: 0,
            staged: Vec::new(),
            batch: None,
            head: Vec::new(),
            is_stopped: false,
        }
    }

    /// Lines before `acknowledged` stand under a head that was signed; what stands behind is judged
    /// again before one is signed over it, as the folder alone does not say who wrote it.
    fn fold_what_is_there(&mut self, acknowledged: Index) -> Result<(), LedgerError> {
        let head = self.store.head();
        let mut from = 0;
        while from < head {
            let lines = read_lines(&self.reader, from, head.min(from + 4096))?;
            let parsed = in_parallel(lines.len(), |place| {
                parse_line(from + place as u64, &lines[place], Depth::Fold)
            });
            for (line, parsed) in lines.iter().zip(parsed) {
                if self.state.size() >= acknowledged {
                    self.judge_again(line)?;
                }
                self.take_in(line, parsed)?;
            }
            from += lines.len() as u64;
        }
        Ok(())
    }

    /// That a line behind the last signed head is one which this ledger admits there.
    fn judge_again(&self, line: &[u8]) -> Result<(), LedgerError> {
        let index = self.state.size();
        let damaged = |found: String| {
            LedgerError::Damaged(vec![Damage {
                file: String::new(),
                line: 0,
                index,
                found,
                expected: "an entry that is admitted behind the signed head".to_owned(),
            }])
        };
        let Entry { signed, recorded } =
            Entry::parse(line).map_err(|error| damaged(error.to_string()))?;
        let commit = signed.commit.id();
        if let Some(first) = self.commits.get(&commit) {
            return Err(damaged(format!("commit {commit}, which is entry {first}")));
        }
        if let Some(last) = self.state.recorded().filter(|last| *last > recorded) {
            return Err(damaged(format!("recorded {recorded}, before {last}")));
        }
        let mut verify =
            |key: &PublicKey, message: &[u8], sig: &[u8; 64]| verify_one(key, message, sig).is_ok();
        let (state, tree, origin) = (&self.state, &self.tree, &self.origin);
        match judge(state, tree, origin, signed, index, recorded, &mut verify) {
            Ok(_) => Ok(()),
            Err(rejection) => Err(damaged(rejection.to_string())),
        }
    }

    fn take_in(
        &mut self,
        line: &[u8],
        parsed: Result<Parsed, crate::envelope::Refused>,
    ) -> Result<(), LedgerError> {
        let index = self.state.size();
        let parsed = match parsed {
            Ok(parsed) => parsed,
            Err(error) => match crate::envelope::Withheld::parse(line) {
                Some(withheld) => {
                    self.tree.push(withheld.leaf);
                    self.edge.push(withheld.leaf);
                    self.state.evolve_without(index, CommitId(withheld.leaf));
                    return Ok(());
                }
                None => {
                    return Err(LedgerError::Damaged(vec![Damage {
                        file: String::new(),
                        line: 0,
                        index,
                        found: error.to_string(),
                        expected: "an entry".to_owned(),
                    }]));
                }
            },
        };
        self.tree.push(parsed.leaf);
        self.edge.push(parsed.leaf);
        self.commits.insert(parsed.commit, index);
        let entry = Arc::new(parsed.placed(&self.state, Vec::new()));
        self.state.evolve(&entry);
        self.note_streams(&entry);
        Ok(())
    }

    fn note_streams(&mut self, entry: &Recorded) {
        for event in &entry.events {
            if let Some(head) = self.state.stream(&event.subject) {
                let leaf = MapLeaf {
                    stream_len: head.seq,
                    last_event: head.last.0,
                    entry: head.entry,
                };
                self.map
                    .set(Hash::of(event.subject.to_string().as_bytes()), leaf);
            }
            if matches!(event.data, Data::LedgerMapped(_)) {
                self.mapped = entry.index + 1;
            }
        }
    }

    fn extends_its_checkpoint(&self, dir: &Path) -> Result<(), LedgerError> {
        let Some(checkpoint) = open_checkpoint(&self.reader, &self.signer) else {
            return Ok(());
        };
        let root = self.tree.root_at(checkpoint.size);
        if root == Some(checkpoint.root) {
            return Ok(());
        }
        Err(LedgerError::Damaged(vec![Damage {
            file: dir.join("checkpoint").display().to_string(),
            line: 3,
            index: checkpoint.size.saturating_sub(1),
            found: root.map_or_else(
                || format!("{} entries", self.tree.size()),
                |root| format!("entries with root {root}"),
            ),
            expected: format!(
                "{} entries with the signed root {}",
                checkpoint.size, checkpoint.root
            ),
        }]))
    }

    fn head_is_stale(&self) -> Result<bool, LedgerError> {
        let size = open_checkpoint(&self.reader, &self.signer).map(|checkpoint| checkpoint.size);
        Ok(size != Some(self.tree.size()))
    }

    /// The newest head with those lines of witnesses that the folder's policy names and that hold:
    /// what a receipt carries, a verifier can check.
    fn head_on_disk(&self) -> Result<Vec<u8>, LedgerError> {
        let note = self.store.get("checkpoint")?.unwrap_or_default();
        let keys = keys_in(&self.reader);
        Ok(HeadNote::read(&note, self.signer.verifier(), &keys)?.to_bytes())
    }

    /// Whoever had the ledger open before may have ended before the checkpoint was synced: it is put
    /// in its own place, to be synced with what comes.
    fn replace_checkpoint(&mut self) -> Result<(), LedgerError> {
        if let Some(note) = self.store.get("checkpoint")? {
            self.store.put("checkpoint", &note, Durable::Later)?;
        }
        Ok(())
    }

    /// The ledger's name.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The state with everything staged.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Goes on with the map of a ledger that was read at the same head, in place of its own, which
    /// says the same: what is hashed for one of them is then hashed for both.
    pub fn share_map(&mut self, ledger: &Ledger) {
        let is_same = self.staged.is_empty()
            && self.tree.size() == ledger.tree().size()
            && self.tree.root() == ledger.tree().root()
            && ledger.custody().damages.is_empty();
        if is_same {
            self.map = ledger.map().clone();
        }
    }

    /// The newest head that is on disk, as an anchor.
    #[must_use]
    pub fn anchor(&self) -> Option<Anchor> {
        let size = self.tree.size();
        (size > 0).then(|| Anchor {
            size,
            root: self.tree.root(),
        })
    }

    /// What the log's clock says.
    #[must_use]
    pub fn now(&self) -> Time {
        self.clock.now()
    }

    /// The newest signed checkpoint.
    #[must_use]
    pub fn checkpoint(&self) -> &[u8] {
        &self.head
    }

    /// Whether something failed whose outcome is unknown: nothing more is taken or answered until the
    /// ledger is opened again.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.is_stopped
    }

    /// How many commits are staged.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.staged.len()
    }

    /// Judges a signed commit and stages it behind those staged before.
    ///
    /// # Errors
    /// The first rule it breaks; nothing changes then.
    pub fn stage(&mut self, signed: &[u8]) -> Result<Staged, LedgerError> {
        self.refuse_if_stopped()?;
        let signed = Signed::parse(signed).map_err(|error| refused(&error))?;
        if let Some(index) = self.commits.get(&signed.commit.id()) {
            return Ok(Staged::Known(*index));
        }
        let recorded = match self.batch {
            Some(recorded) => recorded,
            None => self.clock.next(self.state.recorded())?,
        };
        let index = self.state.size();
        let Appender {
            state,
            tree,
            origin,
            keys,
            tables,
            ..
        } = self;
        let mut verify = |key: &PublicKey, message: &[u8], sig: &[u8; 64]| {
            check_with(keys, tables, key, message, sig)
        };
        let admitted = judge(state, tree, origin, signed, index, recorded, &mut verify)?;
        self.batch = Some(recorded);
        self.state = admitted.state;
        self.commits.insert(admitted.commit, index);
        self.note_streams(&admitted.entry);
        self.staged.push(Line {
            bytes: admitted.line,
            commit: admitted.commit,
            is_own_map: false,
        });
        if self.unmapped() >= MAP_EVERY {
            self.stage_map()?;
            let map = self.staged.last_mut().expect("a map was staged");
            map.is_own_map = true;
        }
        Ok(Staged::New(index))
    }

    /// Makes everything staged durable, signs a head over it and gives the receipts, in order.
    ///
    /// # Errors
    /// [`LedgerError::Unknown`] when the system fails: the outcome is unknown, and the appender takes
    /// and answers nothing more ([`StoreError::Poisoned`]). Open the ledger again; submitting the same
    /// commits again settles it.
    pub fn flush(&mut self) -> Result<Vec<Receipt>, LedgerError> {
        self.refuse_if_stopped()?;
        let staged = std::mem::take(&mut self.staged);
        self.batch = None;
        if staged.is_empty() {
            return Ok(Vec::new());
        }
        let done = self.record(&staged);
        self.stop_on_error(done)
            .map_err(|error| LedgerError::Unknown(Box::new(error)))
    }

    fn record(&mut self, staged: &[Line]) -> Result<Vec<Receipt>, LedgerError> {
        let before = self.tree.size();
        let lines: Vec<&[u8]> = staged.iter().map(|line| line.bytes.as_slice()).collect();
        self.store.append(before, &lines)?;
        for line in staged {
            self.tree.push(leaf_hash(&line.bytes));
        }
        self.read_back(before)?;
        self.publish_head()?;
        self.write_full_tiles(before)?;
        let asked_for = (before..).zip(staged).filter(|(_, line)| !line.is_own_map);
        Ok(asked_for
            .map(|(index, line)| self.receipt(index, line, false))
            .collect())
    }

    /// The receipt of a commit that is in the log, at the newest head.
    ///
    /// # Errors
    /// When its line cannot be read.
    pub fn receipt_of(&self, index: Index) -> Result<Receipt, LedgerError> {
        self.refuse_if_stopped()?;
        let bytes = read_entries(&self.reader, &self.tree, index, index + 1)?
            .into_iter()
            .next();
        let bytes = bytes.unwrap_or_default();
        let entry = Entry::parse(&bytes).map_err(|error| refused(&error))?;
        let commit = entry.signed.commit.id();
        Ok(self.receipt(
            index,
            &Line {
                bytes: bytes.clone(),
                commit,
                is_own_map: false,
            },
            true,
        ))
    }

    fn receipt(&self, index: Index, line: &Line, is_repeated: bool) -> Receipt {
        let entry = self
            .state
            .history()
            .get(usize::try_from(index).unwrap_or(usize::MAX));
        let events: Vec<EventId> = entry
            .map(|entry| entry.events.iter().map(|event| event.id).collect())
            .unwrap_or_default();
        let path = self
            .tree
            .inclusion(index, self.tree.size())
            .unwrap_or_default();
        let proof = TlogProof {
            extra: None,
            index,
            path,
            checkpoint: self.head.clone(),
        };
        Receipt {
            origin: self.origin.clone(),
            index,
            commit: line.commit,
            events,
            entry: String::from_utf8_lossy(&line.bytes).into_owned(),
            proof: String::from_utf8_lossy(&proof.to_bytes()).into_owned(),
            is_repeated,
        }
    }

    /// The new lines as they are on disk, and the root worked out from them a second way.
    fn read_back(&mut self, from: u64) -> Result<(), LedgerError> {
        let edge = &mut self.edge;
        let mut count = from;
        self.reader.read(from, self.tree.size(), &mut |line| {
            if let Ok(line) = line {
                edge.push_line(line.bytes);
                count += 1;
            }
            ControlFlow::Continue(())
        })?;
        if self.edge.root() == self.tree.root() && count == self.tree.size() {
            return Ok(());
        }
        Err(LedgerError::Damaged(vec![Damage {
            file: "events/".to_owned(),
            line: 0,
            index: from,
            found: format!("lines whose root is {}", self.edge.root()),
            expected: format!("the lines just written, whose root is {}", self.tree.root()),
        }]))
    }

    fn publish_head(&mut self) -> Result<(), LedgerError> {
        self.head = self.signer.sign(&self.tree)?;
        self.store.put("checkpoint", &self.head, Durable::Later)?;
        Ok(())
    }

    /// They never change, so each is synced once, before it has its name: nobody would look again at
    /// one that a power cut has emptied.
    fn write_full_tiles(&mut self, before: u64) -> Result<(), LedgerError> {
        for tile in new_full_tiles(before, self.tree.size()) {
            let bytes = tile.bytes(&self.tree).expect("a full tile of this tree");
            self.store.put(&tile.path(), &bytes, Durable::Now)?;
        }
        for bundle in new_full_bundles(before, self.tree.size()) {
            self.write_bundle(bundle)?;
        }
        Ok(())
    }

    /// Writes the full tiles and bundles that are not there: the power may go, or the process end,
    /// between a batch and its tiles.
    fn complete_tiles(&mut self) -> Result<(), LedgerError> {
        for tile in new_full_tiles(0, self.tree.size()) {
            let name = tile.path();
            if self.reader.length_of(&name)? != Some(u64::from(tile.width) * 32) {
                let bytes = tile.bytes(&self.tree).expect("a full tile of this tree");
                self.store.put(&name, &bytes, Durable::Now)?;
            }
        }
        for bundle in new_full_bundles(0, self.tree.size()) {
            if self.reader.length_of(&bundle.path())?.unwrap_or(0) == 0 {
                self.write_bundle(bundle)?;
            }
        }
        Ok(())
    }

    fn write_bundle(&mut self, bundle: Bundle) -> Result<(), LedgerError> {
        let entries = bundle.entries();
        let lines = read_entries(&self.reader, &self.tree, entries.start, entries.end)?;
        let bytes = encode_bundle(lines.iter().map(Vec::as_slice)).expect("lines fit a bundle");
        self.store.put(&bundle.path(), &bytes, Durable::Now)?;
        Ok(())
    }

    /// Makes the newest head one that any static file server can serve: partial tiles and bundles,
    /// everything synced.
    ///
    /// # Errors
    /// When the system fails.
    pub fn publish(&mut self) -> Result<(), LedgerError> {
        self.refuse_if_stopped()?;
        let done = self.write_partial_tiles();
        self.stop_on_error(done)?;
        self.sync_named()
    }

    fn write_partial_tiles(&mut self) -> Result<(), LedgerError> {
        let size = self.tree.size();
        for tile in partial_tiles(size) {
            let bytes = tile.bytes(&self.tree).expect("a partial tile of this tree");
            self.store.put(&tile.path(), &bytes, Durable::Now)?;
        }
        if let Some(bundle) = partial_bundle(size) {
            self.write_bundle(bundle)?;
        }
        Ok(())
    }

    /// Syncs the checkpoint, other named files and the signer's state: at least once a second.
    ///
    /// # Errors
    /// When the system fails.
    pub fn sync_named(&mut self) -> Result<(), LedgerError> {
        self.refuse_if_stopped()?;
        let done = self.store.sync_named().map_err(LedgerError::from);
        let done = done.and_then(|()| Ok(self.signer.sync()?));
        self.stop_on_error(done)
    }

    /// Nothing that failed is tried again as if it had not: the system may have dropped what it
    /// could not write, and the state here is ahead of what is on disk.
    fn stop_on_error<T>(&mut self, done: Result<T, LedgerError>) -> Result<T, LedgerError> {
        self.is_stopped |= done.is_err();
        done
    }

    fn refuse_if_stopped(&self) -> Result<(), LedgerError> {
        match self.is_stopped {
            true => Err(StoreError::Poisoned.into()),
            false => Ok(()),
        }
    }

    /// The tree of all entries.
    #[must_use]
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// Takes in cosignatures of the newest head: those that hold, by witnesses that this policy (the
    /// folder's) names, are on disk on return, in `checkpoint` and in `cosigned/<size>`. Of two by
    /// one witness `checkpoint` keeps the later and the note that is kept for ever the earlier.
    ///
    /// # Errors
    /// When the system fails. A line that is not taken is no error: [`Added`] says whose and why.
    pub fn add_cosignatures(
        &mut self,
        policy: &TlogPolicy,
        lines: Vec<SignatureLine>,
    ) -> Result<Added, LedgerError> {
        let head = self.head.clone();
        self.add_cosignatures_of(&head, policy, lines)
    }

    /// The same of `note`, a head of this ledger that may not be the newest any more: under steady
    /// writing a witness always answers about an older one. Its cosignatures are kept in
    /// `cosigned/<size>`; `checkpoint` has them only while it is the newest.
    ///
    /// # Errors
    /// As [`Appender::add_cosignatures`]; and where the log's key has not signed the note, or it is
    /// of another history.
    pub fn add_cosignatures_of(
        &mut self,
        note: &[u8],
        policy: &TlogPolicy,
        lines: Vec<SignatureLine>,
    ) -> Result<Added, LedgerError> {
        self.refuse_if_stopped()?;
        let asked = policy.witness_keys();
        let known = [asked.clone(), keys_in(&self.reader)].concat();
        let log = self.signer.verifier();
        let mut newest = HeadNote::read(note, log, &known)?;
        let signed = SignerState {
            size: newest.checkpoint.size,
            root: newest.checkpoint.root,
        };
        let (size, root) = (self.tree.size(), self.tree.root_at(signed.size));
        if root != Some(signed.root) {
            return Err(SignerError::NotAnExtension { signed, size, root }.into());
        }
        let name = note_name(signed.size);
        let before = self.store.get(&name)?;
        let mut kept = before
            .and_then(|bytes| HeadNote::read(&bytes, log, &known).ok())
            .filter(|note| note.checkpoint == newest.checkpoint)
            .unwrap_or_else(|| newest.bare());
        let text = newest.checkpoint.body();
        let offered = lines.len();
        let mut refused = Vec::new();
        for line in lines {
            let taken = judged(&text, &line, &asked).and_then(|good| {
                newest.take(&line, &good, Keep::Latest)?;
                kept.take(&line, &good, Keep::Earliest)
            });
            if let Err(fault) = taken {
                let (name, key_id) = (line.name().to_owned(), line.key_id());
                refused.push(RefusedLine {
                    name,
                    key_id,
                    fault,
                });
            }
        }
        if refused.len() < offered {
            // The head itself first, then its note, then its lines: after a power cut no note is
            // kept of a head that is not there.
            self.sync_named()?;
            let done = self.store.put(&name, &kept.to_bytes(), Durable::Now);
            self.stop_on_error(done.map_err(LedgerError::from))?;
        }
        if refused.len() < offered && signed.size == size {
            self.head = newest.to_bytes();
            let done = self.store.put("checkpoint", &self.head, Durable::Now);
            self.stop_on_error(done.map_err(LedgerError::from))?;
        }
        Ok(Added {
            cosignatures: newest.good(),
            refused,
        })
    }

    /// The heads that witnesses of this policy have cosigned, by rising size, as far as they are
    /// kept.
    #[must_use]
    pub fn cosigned_heads(&self, policy: &TlogPolicy) -> Vec<CosignedHead> {
        self.kept().heads(&policy.witness_keys())
    }

    /// The largest size that this witness has cosigned, as far as it is kept: what to send as `old`
    /// with the next head. A witness that cosigned nothing costs a look at every note.
    #[must_use]
    pub fn last_cosigned(&self, witness: &VerifierKey) -> Option<u64> {
        self.kept().last_by(witness)
    }

    fn kept(&self) -> Kept<'_, F> {
        Kept {
            dir: &self.dir,
            reader: &self.reader,
            tree: &self.tree,
            log: self.signer.verifier(),
        }
    }

    /// How many entries there are, those staged among them, that no recorded map covers; the map's
    /// own entry counts as covered.
    #[must_use]
    pub fn unmapped(&self) -> u64 {
        self.state.size() - self.mapped
    }

    /// Records the map of all streams as they are now, signed by the log key.
    ///
    /// # Errors
    /// As [`Appender::stage`] and [`Appender::flush`].
    pub fn record_map(&mut self) -> Result<Receipt, LedgerError> {
        self.flush()?;
        self.stage_map()?;
        let receipts = self.flush()?;
        Ok(receipts.into_iter().next().expect("the map was staged"))
    }

    /// Stages the map of all streams, those staged before it included.
    fn stage_map(&mut self) -> Result<(), LedgerError> {
        let size = self.state.size();
        let subject = Subject::log();
        let before = self.state.stream(&subject).copied();
        let data = LedgerMapped {
            size,
            root: self.map.root(),
            subjects: self.map.len(),
        };
        let at = match self.batch {
            Some(recorded) => recorded,
            None => self.clock.next(self.state.recorded())?,
        };
        let draft = Draft {
            ledger: self.origin.clone(),
            anchor: self.anchor(),
            author: Slug::log(),
            at,
            events: vec![DraftEvent {
                subject,
                seq: before.map_or(1, |head| head.seq + 1),
                prev: before.map(|head| head.last),
                effective: None,
                kind: "ledger.mapped",
                data: data.write().into_owned(),
            }],
        };
        let commit = draft.seal().map_err(|error| refused(&error))?;
        let signed = Signed::seal(commit, self.signer.key()).to_bytes();
        self.stage(&signed).map(|_| ())
    }

    /// Flushes, publishes, gives the reserved space and the lock back.
    ///
    /// # Errors
    /// When the system fails; recovery then finds what is there.
    pub fn close(mut self) -> Result<(), LedgerError> {
        self.flush()?;
        self.publish()?;
        Ok(self.store.close()?)
    }
}

/// The genesis names the log's key. Asked first: with another key no head can be read, and an intact
/// ledger would look damaged.
fn is_the_log_key<F: Files>(
    reader: &SegmentReader<F>,
    signer: &HeadSigner<F>,
) -> Result<(), LedgerError> {
    match own_key(reader) {
        Ok(own) if own != *signer.verifier() => Err(SignerError::OtherKey {
            expected: own.to_string(),
            found: signer.verifier().to_string(),
        }
        .into()),
        // A genesis that cannot be read is recovery's to report.
        _ => Ok(()),
    }
}

/// B: the largest size that a checkpoint, its synced copy or the signer's state names.
fn acknowledged<F: Files>(reader: &SegmentReader<F>, signer: &HeadSigner<F>) -> Option<u64> {
    let synced = reader.get_synced("checkpoint").ok().flatten();
    let sizes = [
        open_checkpoint(reader, signer).map(|checkpoint| checkpoint.size),
        synced
            .and_then(|note| opened(&note, signer))
            .map(|checkpoint| checkpoint.size),
        signer.state().map(|state| state.size),
    ];
    sizes.into_iter().flatten().max()
}

/// Lines that are missing below what the signer signed, where the folder has all that its own
/// checkpoint names: nothing in it is damaged, it is an older copy.
fn rolled_back<F: Files>(
    files: F,
    dir: &Path,
    signer: &HeadSigner<F>,
    error: StoreError,
) -> LedgerError {
    let (Some(signed), StoreError::Damaged(places)) = (signer.state(), &error) else {
        return error.into();
    };
    let Ok(reader) = SegmentReader::open_on(files, dir) else {
        return error.into();
    };
    let (head, named) = (
        reader.head().unwrap_or(0),
        open_checkpoint(&reader, signer).map_or(0, |checkpoint| checkpoint.size),
    );
    let is_whole = named <= head && places.iter().all(|place| place.index >= head);
    if named > 0 && is_whole && head < signed.size {
        let (size, root) = (head, None);
        return SignerError::NotAnExtension { signed, size, root }.into();
    }
    error.into()
}

fn open_checkpoint<F: Files>(
    reader: &SegmentReader<F>,
    signer: &HeadSigner<F>,
) -> Option<Checkpoint> {
    opened(&reader.get("checkpoint").ok()??, signer)
}

fn opened<F: Files>(note: &[u8], signer: &HeadSigner<F>) -> Option<Checkpoint> {
    Checkpoint::open(note, signer.verifier())
        .ok()
        .map(|open| open.checkpoint)
}

/// A commit that is admitted: the state after it, and the line that will record it.
pub(super) struct Admitted {
    state: State,
    entry: Arc<Recorded>,
    commit: CommitId,
    line: Vec<u8>,
}

pub(super) type Verify<'v> = dyn FnMut(&PublicKey, &[u8], &[u8; 64]) -> bool + 'v;

/// Everything that is asked of a commit, in the order of docs/FORMAT.md: form · time · ledger ·
/// signatures · anchor · rules.
pub(super) fn judge(
    state: &State,
    tree: &Tree,
    origin: &Origin,
    signed: Signed<'_>,
    index: Index,
    recorded: Time,
    verify: &mut Verify<'_>,
) -> Result<Admitted, Rejection> {
    let commit = &signed.commit;
    let events = typed_events(commit, index, recorded)
        .map_err(|error| refused(&crate::envelope::Refused::Form(error)))?;
    on_time(commit.at, recorded)?;
    if commit.ledger != *origin {
        return Err(Rejection::new(
            Code::Ledger,
            format!("a commit for {}", commit.ledger),
            format!("one for this ledger, {origin}"),
        ));
    }
    for signature in &signed.signatures {
        signed_by_valid_key(state, &events, &signature.key)?;
    }
    signed_by_author(state, &events, &signed)?;
    let key_of = |id: &KeyId| owner_of(state, &events, id).map(|(_, key)| key);
    let verify = std::cell::RefCell::new(verify);
    let verified = signed
        .clone()
        .verify(|id| {
            key_of(id).map(|key| With {
                key,
                verify: &verify,
            })
        })
        .map_err(|error| unverified(&error))?;
    is_ours(tree, commit)?;
    let line = verified
        .line(recorded)
        .map_err(|error| refused(&crate::envelope::Refused::Form(error)))?;
    let faults = key_faults(origin, &events);
    let parsed = parse_line(index, &line, Depth::Fold).map_err(|error| refused(&error))?;
    let entry = Arc::new(parsed.placed(state, faults));
    let next = state.admit(&entry)?;
    Ok(Admitted {
        state: next,
        commit: entry.commit,
        entry,
        line,
    })
}

struct With<'w, 'v> {
    key: PublicKey,
    verify: &'w std::cell::RefCell<&'w mut Verify<'v>>,
}

impl Checks for With<'_, '_> {
    fn check(
        &self,
        message: &[u8],
        signature: &[u8; 64],
    ) -> Result<(), crate::envelope::NotSigned> {
        let holds = (self.verify.borrow_mut())(&self.key, message, signature);
        if holds {
            Ok(())
        } else {
            Err(crate::envelope::NotSigned)
        }
    }
}

/// Each key is valid for its agent now.
pub(super) fn signed_by_valid_key(
    state: &State,
    events: &[Arc<crate::claim::Event>],
    key: &KeyId,
) -> Result<(), Rejection> {
    let Some((agent, _)) = owner_of(state, events, key) else {
        return Err(Rejection::new(
            Code::Signature,
            format!("a signature by {key}"),
            "a key registered in this ledger",
        )
        .hint(
            "grounds key list shows the keys; a steward registers a new one with grounds key add",
        ));
    };
    if state.size() > 0 && state.valid_key(key).is_none() {
        return Err(Rejection::new(
            Code::Signature,
            format!("a signature by {key}, a revoked key of agent/{agent}"),
            "a key that is valid now",
        ));
    }
    Ok(())
}

fn signed_by_author(
    state: &State,
    events: &[Arc<crate::claim::Event>],
    signed: &Signed<'_>,
) -> Result<(), Rejection> {
    let author = &signed.commit.author;
    let is_his =
        |key: &KeyId| owner_of(state, events, key).is_some_and(|(agent, _)| agent == *author);
    if signed
        .signatures
        .iter()
        .any(|signature| is_his(&signature.key))
    {
        return Ok(());
    }
    Err(Rejection::new(
        Code::Signature,
        format!("no signature by agent/{author}"),
        "the author's signature among them",
    )
    .hint("sign with a key of that agent, or name another author with --as"))
}

pub(super) fn unverified(error: &Unverified) -> Rejection {
    match error {
        Unverified::UnknownKey(key) => Rejection::new(
            Code::Signature,
            format!("a signature by {key}"),
            "a key registered in this ledger",
        ),
        Unverified::NotSigned(key) => Rejection::new(
            Code::Signature,
            format!("a signature by {key} that does not hold for these bytes"),
            "an Ed25519 signature over the DSSE encoding of the commit",
        ),
    }
}

/// The tree head that the author had seen is one of ours. (Sizes are for the rules.)
fn is_ours(tree: &Tree, commit: &Commit<'_>) -> Result<(), Rejection> {
    let Some(anchor) = &commit.anchor else {
        return Ok(());
    };
    match tree.root_at(anchor.size) {
        Some(root) if root == anchor.root => Ok(()),
        Some(root) => Err(Rejection::new(
            Code::Anchor,
            format!("root {} at size {}", anchor.root, anchor.size),
            format!("{root}, the root of this ledger at that size"),
        )),
        None => Err(Rejection::new(
            Code::Anchor,
            format!("an anchor of size {}", anchor.size),
            format!("a size of at most {}, which the ledger has", tree.size()),
        )),
    }
}

fn check_with(
    keys: &mut HashMap<KeyId, Used>,
    tables: &mut usize,
    key: &PublicKey,
    message: &[u8],
    signature: &[u8; 64],
) -> bool {
    let used = keys.entry(key.id()).or_insert(Used {
        times: 0,
        table: None,
    });
    used.times = used.times.saturating_add(1);
    if used.table.is_none() && used.times >= TABLE_FROM && *tables < MAX_TABLES {
        used.table = Some(Box::new(KnownKey::new(*key)));
        *tables += 1;
    }
    match &used.table {
        Some(known) => known.verify(message, signature).is_ok(),
        None => verify_one(key, message, signature).is_ok(),
    }
}

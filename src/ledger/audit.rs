//! Audit: everything that a folder claims, checked from its bytes alone.
//!
//! The log is read once, in chunks. Reading lines and checking signatures is shared out over the
//! processors; judging is done in order, by the same rules that admitted. Nothing is written, and
//! whatever the bytes are, the answer is a [`Report`].

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;

use crate::claim::{Code, Data, Recorded, Rejection, State};
use crate::envelope::{Entry, KnownKey, Withheld, verify_one};
use crate::hash::Hash;
use crate::projection::{Filter, model_in_force, model_name, profile};
use crate::store::segment::{Disk, Files, Kind, SegmentReader};
use crate::store::{BadLine, Damage, Found, MAX_NAMED, StoreError};
use crate::tlog::{
    Bundle, Checkpoint, MapLeaf, OpenCheckpoint, SubjectMap, Tile, TlogPolicy, Tree, VerifierKey,
    encode_bundle, leaf_hash,
};
use crate::trust::Figures;
use crate::value::{CommitId, Index, KeyId, Origin, PublicKey, Slug};

use super::append::signed_by_valid_key;
use super::arrange::{Arrangement, arrange};
pub use super::checklist::{Check, Fault, Outcome, Part, Verdict};
use super::checklist::{counted, counted_leaves, unopened, wrong};
use super::lines::{damage_of, lines_or_gaps, open_reader_on, own_key};
use super::place::{Depth, Parsed, key_faults, owner_of, parse_line};
use super::refusal::LedgerError;
use super::signer::SignerState;
use super::work::{beside, in_parallel};

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod every_bit;
mod witnesses;

pub(super) use witnesses::length;
pub use witnesses::{Freshness, QuorumHead, Witnessed};

/// Lines read at a time.
const CHUNK: u64 = 1024;

/// At most so many keys have tables: 30 KiB each.
const MAX_TABLES: usize = 1024;

/// At most so many faults are kept; the rest are counted.
const MAX_FAULTS: usize = 1000;

/// What an auditor brings along; the folder itself is believed in nothing.
#[derive(Default)]
pub struct Standard<'a> {
    /// The log's key, from somewhere else than the ledger.
    pub vkey: Option<&'a VerifierKey>,
    /// An older checkpoint that the ledger must extend: the note.
    pub from: Option<&'a [u8]>,
    /// Whose cosignatures the reader takes, and how many are enough. It may give the log's key.
    pub policy: Option<&'a TlogPolicy>,
    /// How old the newest head may be, by the word of those witnesses.
    pub freshness: Option<Freshness>,
    /// What the log's signer last signed, where its state is at hand.
    pub signer: Option<SignerState>,
}

/// An audit's result.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The ledger's name, as its genesis says.
    pub origin: Option<String>,
    /// The key that heads were checked with, as a vkey.
    pub vkey: Option<String>,
    /// Whether that key was taken from the ledger itself: a wholly rewritten one would pass.
    pub is_own_key: bool,
    /// Entries checked.
    pub entries: u64,
    /// Events in them.
    pub events: u64,
    /// Signatures checked.
    pub signatures: u64,
    /// Distinct keys that made them.
    pub keys: u64,
    /// Size of the newest signed head.
    pub size: Option<u64>,
    /// Its root.
    pub root: Option<Hash>,
    /// How many of the entries are withheld.
    pub withheld: u64,
    /// What witnesses say of the newest head.
    pub witnesses: Witnessed,
    /// The checklist.
    pub checks: Vec<Check>,
    /// What is wrong, by entry; the first `MAX_FAULTS` of them.
    pub faults: Vec<Fault>,
    /// How many faults there are in all.
    pub fault_count: u64,
    /// What the whole comes to.
    pub verdict: Verdict,
}

/// Audits a folder.
///
/// # Errors
/// When there is no ledger in the folder, or the system fails; never for what the bytes are.
pub fn audit(
    dir: &Path,
    standard: &Standard<'_>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Report, LedgerError> {
    audit_on(&Disk, dir, standard, progress)
}

/// The same on another file system.
pub(super) fn audit_on<F: Files>(
    files: &F,
    dir: &Path,
    standard: &Standard<'_>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Report, LedgerError> {
    let reader = open_reader_on(files.clone(), dir)?;
    let head = reader.head()?;
    // Listed before the newest head is read: a writer at work cosigns none that it has not published.
    let kept = witnesses::files(files, dir);
    let note = match reader.get("checkpoint") {
        Err(StoreError::TooLarge { bytes, .. }) => Err(bytes),
        other => Ok(other?),
    };
    let is_missing = || matches!(files.kind(&dir.join("events")), Ok(None));
    if head == 0 && note == Ok(None) && is_missing() {
        return Err(LedgerError::NoLedger(dir.to_path_buf()));
    }
    let mut auditor = Auditor::new(dir, reader, None);
    auditor.open_the_head(note.as_ref(), standard);
    let size = auditor
        .signed
        .as_ref()
        .map_or(head, |open| open.checkpoint.size);
    auditor.read_entries(size, progress)?;
    if let Some(arrangement) = auditor.arrangement_if_damaged(size)? {
        auditor = Auditor::new(dir, open_reader_on(files.clone(), dir)?, Some(arrangement));
        auditor.open_the_head(note.as_ref(), standard);
        auditor.read_entries(size, progress)?;
    }
    auditor.hold_against_head();
    auditor.look_behind_the_head(size)?;
    auditor.hold_against_older_heads(standard);
    let note = note.ok().flatten();
    auditor.look_at_witnesses(note.as_deref(), &kept, standard);
    auditor.look_at_tiles(size)?;
    auditor.look_for_strays();
    auditor.score();
    let report = auditor.report(size, head);
    // Taking a large state apart takes a while, and nobody need wait for it.
    std::thread::spawn(move || drop(auditor));
    Ok(report)
}

struct Auditor<F: Files> {
    arrangement: Option<Arrangement>,
    dir: PathBuf,
    reader: SegmentReader<F>,
    vkey: Option<VerifierKey>,
    is_own_key: bool,
    signed: Option<OpenCheckpoint>,
    /// The key that opened the newest head.
    head_key: Option<VerifierKey>,
    origin: Option<Origin>,
    state: State,
    tree: Tree,
    map: SubjectMap,
    maps: u64,
    maps_unknown: u64,
    commits: HashSet<CommitId>,
    keys: HashMap<KeyId, Option<Arc<KnownKey>>>,
    faults: Vec<Fault>,
    fault_count: u64,
    failed: BTreeMap<Part, u64>,
    is_damaged: bool,
    withheld: u64,
    lost: u64,
    events: u64,
    signatures: u64,
    anchors: u64,
    tiles: u64,
    scores: (Outcome, String),
    witnessed: Witnessed,
    witness_line: (Outcome, String),
}

/// Work that needs nothing but itself.
enum Task {
    Signature {
        index: Index,
        key: PublicKey,
        known: Option<Arc<KnownKey>>,
        message: Arc<[u8]>,
        sig: [u8; 64],
    },
    Map {
        index: Index,
        map: SubjectMap,
        claimed: Hash,
    },
}

/// Some lines of the log.
struct Chunk {
    from: Index,
    lines: Vec<Result<Vec<u8>, BadLine>>,
}

/// A line that was read; none where there is no line to read.
type Line = Option<Result<Parsed, crate::envelope::Refused>>;

/// What is done beside the judging.
enum Side {
    Checked(Option<Fault>),
    Parsed(Line),
}

impl Chunk {
    fn end(&self) -> Index {
        self.from + self.lines.len() as u64
    }

    fn parse(&self, place: usize) -> Line {
        let line = self.lines[place].as_deref().ok()?;
        Some(parse_line(
            self.from + place as u64,
            line,
            Depth::Signatures,
        ))
    }
}

impl<F: Files> Auditor<F> {
    fn new(dir: &Path, reader: SegmentReader<F>, arrangement: Option<Arrangement>) -> Auditor<F> {
        Auditor {
            arrangement,
            dir: dir.to_path_buf(),
            reader,
            vkey: None,
            is_own_key: false,
            signed: None,
            head_key: None,
            origin: None,
            state: State::new(),
            tree: Tree::new(),
            map: SubjectMap::new(),
            maps: 0,
            maps_unknown: 0,
            commits: HashSet::new(),
            keys: HashMap::new(),
            faults: Vec::new(),
            fault_count: 0,
            failed: BTreeMap::new(),
            is_damaged: false,
            withheld: 0,
            lost: 0,
            events: 0,
            signatures: 0,
            anchors: 0,
            tiles: 0,
            scores: (Outcome::Unknown, "nothing to score".to_owned()),
            witnessed: Witnessed::default(),
            witness_line: (Outcome::Unknown, "none asked".to_owned()),
        }
    }

    fn fault(&mut self, fault: Fault) {
        *self.failed.entry(fault.part).or_default() += 1;
        self.fault_count += 1;
        if self.faults.len() < MAX_FAULTS {
            self.faults.push(fault);
        }
    }

    fn damage(&mut self, part: Part, damage: Damage) {
        self.is_damaged = true;
        let at_line = if damage.line > 0 {
            format!("{} line {}", damage.file, damage.line)
        } else {
            damage.file
        };
        self.fault(Fault {
            part,
            index: Some(damage.index),
            position: None,
            code: None,
            file: Some(at_line).filter(|file| !file.is_empty()),
            found: damage.found,
            expected: damage.expected,
        });
    }

    fn file_fault(&mut self, part: Part, file: &str, found: String, expected: String) {
        self.fault(Fault {
            part,
            index: None,
            position: None,
            code: None,
            file: Some(file.to_owned()),
            found,
            expected,
        });
    }

    /// Opens the newest head; of a file that is too long to be one, only its length is known.
    fn open_the_head(&mut self, note: Result<&Option<Vec<u8>>, &u64>, standard: &Standard<'_>) {
        let own = own_key(&self.reader).ok();
        let given = standard
            .vkey
            .or_else(|| log_of_policy(note.ok().and_then(Option::as_deref), standard));
        self.is_own_key = given.is_none();
        self.vkey = given.cloned().or_else(|| own.clone());
        let note = match note {
            Ok(note) => note,
            Err(bytes) => {
                self.is_damaged = true;
                let (found, expected) = (format!("{bytes} bytes"), format!("at most {MAX_NAMED}"));
                return self.file_fault(Part::Checkpoint, "checkpoint", found, expected);
            }
        };
        let Some(note) = note else {
            self.is_damaged = true;
            let (found, expected) = ("no file".to_owned(), "the newest signed head".to_owned());
            return self.file_fault(Part::Checkpoint, "checkpoint", found, expected);
        };
        let Some(vkey) = self.vkey.clone() else {
            let genesis = lines_or_gaps(&self.reader, 0, 1).unwrap_or_default();
            let genesis = genesis.first().and_then(|line| line.as_deref().ok());
            if genesis.is_some_and(|line| Withheld::parse(line).is_some()) {
                // The law took the genesis away: without --vkey nobody can tell.
                return;
            }
            self.is_damaged = true;
            let found = "no genesis that names the log's key".to_owned();
            let expected = "one in entry 0, or the key by --vkey".to_owned();
            return self.file_fault(Part::Checkpoint, "checkpoint", found, expected);
        };
        match Checkpoint::open(note, &vkey) {
            Ok(open) => {
                self.head_key = Some(vkey);
                self.signed = Some(open);
            }
            Err(error) => {
                // Signed by the ledger's own key, and not by the one expected: intact, and another.
                let by_own = (own.as_ref()).and_then(|own| Checkpoint::open(note, own).ok());
                self.head_key = own.filter(|_| by_own.is_some());
                self.is_damaged |= by_own.is_none();
                let expected = format!("a head signed by {vkey}");
                self.file_fault(Part::Checkpoint, "checkpoint", unopened(&error), expected);
                self.signed = by_own;
            }
        }
    }

    fn read_entries(
        &mut self,
        size: u64,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<(), LedgerError> {
        let mut chunk = self.read_chunk(0, size)?;
        let mut parsed = in_parallel(chunk.lines.len(), |place| chunk.parse(place));
        let mut tasks: Vec<Task> = Vec::new();
        while !chunk.lines.is_empty() {
            let next = self.read_chunk(chunk.end(), size)?;
            let before = std::mem::take(&mut tasks);
            // While this chunk is judged, in order, the signatures of the one before it are checked
            // and the lines of the next are read, by whoever is free.
            let (done, queued) = beside(
                before.len() + next.lines.len(),
                |place| match before.get(place) {
                    Some(task) => Side::Checked(task.fault()),
                    None => Side::Parsed(next.parse(place - before.len())),
                },
                || self.judge_chunk(&chunk, parsed),
            );
            parsed = self.take_sides(done);
            tasks = queued;
            progress(chunk.end(), size);
            chunk = next;
        }
        let last = in_parallel(tasks.len(), |place| tasks[place].fault());
        last.into_iter()
            .flatten()
            .for_each(|fault| self.fault(fault));
        Ok(())
    }

    fn read_chunk(&self, from: u64, size: u64) -> Result<Chunk, LedgerError> {
        let to = size.min(from + CHUNK);
        let lines = match &self.arrangement {
            Some(arrangement) => arrangement.lines(&self.reader, from, to)?,
            None => lines_or_gaps(&self.reader, from, to)?,
        };
        Ok(Chunk { from, lines })
    }

    fn judge_chunk(&mut self, chunk: &Chunk, parsed: Vec<Line>) -> Vec<Task> {
        let mut tasks = Vec::with_capacity(parsed.len());
        for (line, parsed) in chunk.lines.iter().zip(parsed) {
            match parsed {
                Some(Ok(parsed)) => self.judge(parsed, &mut tasks),
                _ => self.without(line),
            }
        }
        tasks
    }

    fn take_sides(&mut self, sides: Vec<Side>) -> Vec<Line> {
        let mut parsed = Vec::new();
        for side in sides {
            match side {
                Side::Checked(fault) => fault.into_iter().for_each(|fault| self.fault(fault)),
                Side::Parsed(line) => parsed.push(line),
            }
        }
        parsed
    }

    /// A place without an entry: withheld by law, or damaged.
    fn without(&mut self, line: &Result<Vec<u8>, BadLine>) {
        let index = self.state.size();
        let withheld = line.as_deref().ok().and_then(Withheld::parse);
        let leaf = match (&withheld, line) {
            (Some(withheld), _) => withheld.leaf,
            (None, Ok(line)) => leaf_hash(line),
            (None, Err(_)) => Hash::ZERO,
        };
        match (withheld, line, &self.arrangement) {
            (Some(_), ..) => self.withheld += 1,
            // The bytes that stand here are those that the tree has: the log took what is no entry.
            (None, Ok(line), Some(_)) => {
                self.lost += 1;
                self.no_entry(index, line);
            }
            (None, Err(_), Some(_)) => self.lost += 1,
            (None, Ok(line), None) => self.no_entry(index, line),
            (None, Err(_), None) => self.damage(Part::Bytes, damage_of(index, line)),
        }
        let authentic = self.arrangement.as_ref();
        let place = usize::try_from(index).unwrap_or(usize::MAX);
        let leaf = authentic
            .and_then(|a| a.leaves.get(place).copied())
            .unwrap_or(leaf);
        self.tree.push(leaf);
        self.state.evolve_without(index, CommitId(leaf));
    }

    /// A line that is no entry. Whether it was one once, the tree tells.
    fn no_entry(&mut self, index: Index, line: &[u8]) {
        if let Err(error) = parse_line(index, line, Depth::Fold) {
            let rejection = super::refusal::refused(&error);
            self.fault(Fault {
                part: Part::Bytes,
                index: Some(index),
                position: rejection.position,
                code: Some(rejection.code.word()),
                file: None,
                found: rejection.found,
                expected: rejection.expected,
            });
        }
    }

    fn judge(&mut self, parsed: Parsed, tasks: &mut Vec<Task>) {
        let index = parsed.index;
        self.tree.push(parsed.leaf);
        self.origin.get_or_insert_with(|| parsed.ledger.clone());
        if self.origin.as_ref() != Some(&parsed.ledger) {
            let expected = self
                .origin
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default();
            self.rejected(
                index,
                &Rejection::new(Code::Ledger, parsed.ledger.to_string(), expected),
            );
        }
        if !self.commits.insert(parsed.commit) {
            let found = format!("commit {} again", parsed.commit);
            self.rejected(
                index,
                &Rejection::new(Code::Exists, found, "each commit once"),
            );
        }
        self.anchor(&parsed);
        self.queue_signatures(&parsed, tasks);
        let faults = key_faults(&parsed.ledger, &parsed.events);
        let entry = Arc::new(parsed.placed(&self.state, faults));
        self.events += entry.events.len() as u64;
        match self.state.admit(&entry) {
            Ok(next) => self.state = next,
            Err(rejection) => {
                // Behind a gap nobody can tell: the missing entry may be what this one needs.
                if !self.state.is_incomplete() {
                    self.rejected(index, &rejection);
                }
                self.state.evolve(&entry);
            }
        }
        self.map_streams(&entry, tasks);
    }

    fn rejected(&mut self, index: Index, rejection: &Rejection) {
        self.fault(Fault::rejected(index, rejection));
    }

    fn anchor(&mut self, parsed: &Parsed) {
        let Some((size, root)) = parsed.anchor else {
            return;
        };
        self.anchors += 1;
        // Sizes beyond the entry's own index are for the rules.
        if size <= parsed.index && self.tree.root_at(size) != Some(root) {
            let found = format!("root {root} at size {size}");
            let expected = self
                .tree
                .root_at(size)
                .map(|root| root.to_string())
                .unwrap_or_default();
            self.rejected(parsed.index, &Rejection::new(Code::Anchor, found, expected));
        }
    }

    fn queue_signatures(&mut self, parsed: &Parsed, tasks: &mut Vec<Task>) {
        let message: Arc<[u8]> = parsed.message.as_slice().into();
        let mut by_author = false;
        for signature in &parsed.signatures {
            self.signatures += 1;
            if let Err(rejection) = signed_by_valid_key(&self.state, &parsed.events, &signature.key)
            {
                if !self.state.is_incomplete() {
                    self.rejected(parsed.index, &rejection);
                }
                continue;
            }
            let Some((agent, key)) = owner_of(&self.state, &parsed.events, &signature.key) else {
                continue;
            };
            by_author |= agent == parsed.author;
            let known = self.known(key);
            let message = Arc::clone(&message);
            tasks.push(Task::Signature {
                index: parsed.index,
                key,
                known,
                message,
                sig: signature.sig,
            });
        }
        if !by_author && !self.state.is_incomplete() {
            let found = format!("no signature by agent/{}", parsed.author);
            self.rejected(
                parsed.index,
                &Rejection::new(Code::Signature, found, "the author's"),
            );
        }
    }

    fn known(&mut self, key: PublicKey) -> Option<Arc<KnownKey>> {
        let has_room = self.keys.len() < MAX_TABLES;
        let known = self.keys.entry(key.id());
        known
            .or_insert_with(|| has_room.then(|| Arc::new(KnownKey::new(key))))
            .clone()
    }

    fn map_streams(&mut self, entry: &Recorded, tasks: &mut Vec<Task>) {
        for event in &entry.events {
            if let Data::LedgerMapped(data) = &event.data {
                self.maps += 1;
                if self.state.is_incomplete() {
                    // The missing entry's events are in the map, and nobody knows them.
                    self.maps_unknown += 1;
                } else {
                    tasks.push(Task::Map {
                        index: entry.index,
                        map: self.map.clone(),
                        claimed: data.root,
                    });
                }
            }
            if let Some(head) = self.state.stream(&event.subject) {
                let leaf = MapLeaf {
                    stream_len: head.seq,
                    last_event: head.last.0,
                    entry: head.entry,
                };
                self.map
                    .set(Hash::of(event.subject.to_string().as_bytes()), leaf);
            }
        }
    }

    /// Where the root is not the signed one, or lines are none, and the tiles lead to the signed
    /// root: which line is which entry, so that the rest can be audited for what it is.
    fn arrangement_if_damaged(&self, size: u64) -> Result<Option<Arrangement>, LedgerError> {
        let Some(open) = &self.signed else {
            return Ok(None);
        };
        let is_intact = self.tree.root() == open.checkpoint.root && !self.is_damaged;
        if is_intact {
            Ok(None)
        } else {
            arrange(&self.reader, size, open.checkpoint.root)
        }
    }

    fn hold_against_head(&mut self) {
        if let Some(arrangement) = &self.arrangement {
            let damages = arrangement.damages.clone();
            return damages
                .into_iter()
                .for_each(|damage| self.damage(Part::Tree, damage));
        }
        let Some(open) = &self.signed else { return };
        let (root, found) = (open.checkpoint.root, self.tree.root());
        if root != found {
            self.is_damaged = true;
            let (found, expected) = (
                format!("root {found}"),
                format!("root {root}, which is signed"),
            );
            self.file_fault(Part::Tree, "events/", found, expected);
        }
    }

    /// What stands behind the head was never acknowledged, and a torn batch there is no damage. But
    /// where several batches stand behind a bad line, it was once a good one: a batch is begun when
    /// the one before it is on disk. And no writer begins a file anywhere but where the lines end.
    fn look_behind_the_head(&mut self, size: Index) -> Result<(), LedgerError> {
        if self.arrangement.is_some() {
            return Ok(());
        }
        let (mut bad, mut batches) = (None, BTreeSet::new());
        let mut misplaced = None;
        self.reader.read(size, Index::MAX, &mut |item| {
            if let Err(BadLine {
                found: Found::Missing { .. } | Found::Surplus,
                ..
            }) = &item
            {
                misplaced = item.err().map(Damage::from);
                return ControlFlow::Break(());
            }
            let read = item.map_err(Damage::from).and_then(|line| {
                let entry = Entry::parse(line.bytes).map_err(|error| Damage {
                    file: line.file.to_owned(),
                    line: line.line_in_file,
                    index: line.index,
                    found: error.to_string(),
                    expected: "an entry".to_owned(),
                })?;
                Ok(entry.recorded)
            });
            match read {
                Err(damage) if bad.is_none() => bad = Some(damage),
                Ok(recorded) if bad.is_some() => drop(batches.insert(recorded)),
                _ => {}
            }
            match batches.len() {
                0 | 1 => ControlFlow::Continue(()),
                _ => ControlFlow::Break(()),
            }
        })?;
        if let Some(damage) = misplaced {
            self.damage(Part::Bytes, damage);
        } else if let Some(damage) = bad.filter(|_| batches.len() > 1) {
            self.damage(Part::Tree, damage);
        }
        Ok(())
    }

    fn hold_against_older_heads(&mut self, standard: &Standard<'_>) {
        if let Some(note) = standard.from {
            let opened = self.vkey.clone().map(|vkey| Checkpoint::open(note, &vkey));
            match opened {
                Some(Ok(open)) => {
                    self.extends(
                        open.checkpoint.size,
                        open.checkpoint.root,
                        "the older checkpoint",
                    );
                }
                Some(Err(error)) => {
                    let expected = "an older checkpoint signed by the log".to_owned();
                    self.file_fault(Part::Checkpoint, "--from", unopened(&error), expected);
                }
                None => {}
            }
        }
        if let Some(state) = standard.signer {
            self.extends(state.size, state.root, "what the log's signer last signed");
        }
    }

    fn extends(&mut self, size: u64, root: Hash, what: &str) {
        let here = self.tree.size();
        if size > here {
            let found = format!("{here} entries");
            let expected = format!("at least {size}, as in {what}: it was rolled back");
            return self.file_fault(Part::Checkpoint, "checkpoint", found, expected);
        }
        match self.tree.root_at(size) {
            Some(found) if found != root => {
                let found = format!("root {found} at size {size}");
                let expected = format!("root {root}, as in {what}: history was rewritten");
                self.file_fault(Part::Checkpoint, "checkpoint", found, expected);
            }
            _ => {}
        }
    }

    /// Every file under `tile/` is a tile or bundle of this very tree.
    fn look_at_tiles(&mut self, size: u64) -> Result<(), LedgerError> {
        let mut files = Vec::new();
        let folder = self.dir.join("tile");
        walk(self.reader.files(), &folder, "tile", &mut files);
        for name in files {
            let Ok(Some(bytes)) = self.reader.get(&name) else {
                self.is_damaged = true;
                self.file_fault(
                    Part::Tree,
                    &name,
                    "a file that cannot be read".to_owned(),
                    "a tile".to_owned(),
                );
                continue;
            };
            let expected = self.expected_tile(&name, size, &bytes)?;
            self.tiles += 1;
            if !expected.is(&bytes) {
                let found = format!("{} bytes with digest {}", bytes.len(), Hash::of(&bytes));
                self.is_damaged = true;
                self.file_fault(Part::Tree, &name, found, expected.to_string());
            }
        }
        Ok(())
    }

    /// What a file of this name holds, by the tree and the lines; `found` is what it does hold.
    fn expected_tile(&self, name: &str, size: u64, found: &[u8]) -> Result<Expected, LedgerError> {
        if let Ok(tile) = Tile::parse_path(name) {
            return Ok(Expected::of(tile.bytes(&self.tree)));
        }
        let Ok(bundle) = Bundle::parse_path(name) else {
            return Ok(Expected::NoFile);
        };
        let entries = bundle.entries();
        if entries.end > size {
            return Ok(Expected::NoFile);
        }
        let lines = match &self.arrangement {
            Some(arrangement) => arrangement.lines(&self.reader, entries.start, entries.end)?,
            None => lines_or_gaps(&self.reader, entries.start, entries.end)?,
        };
        if lines.iter().any(Result::is_err) {
            // Its own hash stands in for the bundle where an entry is lost: nothing to hold it to.
            return Ok(Expected::Anything);
        }
        let is_withheld = |line: &Vec<u8>| Withheld::parse(line).is_some();
        if lines.iter().flatten().any(is_withheld) && self.is_of_this_tree(&bundle, found) {
            // A bundle from before an entry was withheld is still one of this log.
            return Ok(Expected::Anything);
        }
        let lines: Vec<&[u8]> = lines
            .iter()
            .filter_map(|line| line.as_deref().ok())
            .collect();
        Ok(Expected::of(encode_bundle(lines).ok()))
    }

    /// Whether every entry of a bundle is the leaf that it is in the tree.
    fn is_of_this_tree(&self, bundle: &Bundle, bytes: &[u8]) -> bool {
        let Ok(entries) = bundle.decode(bytes) else {
            return false;
        };
        let mut places = bundle.entries().zip(entries);
        places.all(|(index, entry)| self.tree.leaf(index) == Some(leaf_hash(entry)))
    }

    fn look_for_strays(&mut self) {
        for name in self.reader.strays() {
            let expected = "segments only: 12 digits and .jsonl".to_owned();
            self.file_fault(
                Part::Bytes,
                &format!("events/{name}"),
                "a stray file".to_owned(),
                expected,
            );
        }
    }

    /// Every adopted model that is known here has the parameters that were adopted, and every
    /// claim's figures follow from its events.
    fn score(&mut self) {
        let Some(facts) = self.state.constitution() else {
            return;
        };
        let mut wrong = Vec::new();
        for event in &facts.models {
            let Data::ModelAdopted(data) = &event.data else {
                continue;
            };
            let name = format!("{}@{}", data.model, data.version);
            if let Some(model) = crate::trust::find(&name)
                && model.spec() != data.spec
            {
                wrong.push((event.address, name, data.spec, model.spec()));
            }
        }
        for (address, name, found, expected) in wrong {
            self.fault(Fault {
                part: Part::Scores,
                index: Some(address.entry),
                position: Some(address.position),
                code: None,
                file: None,
                found: format!("{name} adopted with parameters {found}"),
                expected: format!("the parameters {expected}, as this program has them"),
            });
        }
        self.scores = scored(&self.state);
    }

    fn report(&mut self, size: u64, head: u64) -> Report {
        let verdict = if self.is_damaged {
            Verdict::Damaged
        } else if self.fault_count > 0 {
            Verdict::Fails
        } else if self.withheld > 0 || self.witnessed.cannot_tell {
            Verdict::CannotTell
        } else {
            Verdict::Holds
        };
        let checks = Part::ALL
            .into_iter()
            .map(|part| self.check(part, size, head))
            .collect();
        let signed = self.signed.as_ref().map(|open| &open.checkpoint);
        let mut faults = std::mem::take(&mut self.faults);
        faults.sort_by_key(|fault| (fault.index.is_none(), fault.index, fault.part));
        Report {
            origin: self.origin.as_ref().map(ToString::to_string),
            vkey: self.vkey.as_ref().map(ToString::to_string),
            is_own_key: self.is_own_key,
            entries: self.tree.size(),
            events: self.events,
            signatures: self.signatures,
            keys: self.keys.len() as u64,
            size: signed.map(|checkpoint| checkpoint.size),
            root: signed.map(|checkpoint| checkpoint.root),
            withheld: self.withheld,
            witnesses: self.witnessed.clone(),
            checks,
            faults,
            fault_count: self.fault_count,
            verdict,
        }
    }

    fn check(&self, part: Part, size: u64, head: u64) -> Check {
        let failed = self.failed.get(&part).copied().unwrap_or(0);
        if failed > 0 {
            return wrong(part, failed, &self.faults);
        }
        let (outcome, detail) = self.passed(part, size, head);
        Check {
            part,
            outcome,
            detail,
        }
    }

    fn passed(&self, part: Part, size: u64, head: u64) -> (Outcome, String) {
        let held = if self.withheld + self.lost > 0 {
            Outcome::Unknown
        } else {
            Outcome::Holds
        };
        let all = counted(size, "entry");
        let present = match self.withheld + self.lost {
            0 => all,
            missing => format!("{} of {all}", size.saturating_sub(missing)),
        };
        let missing = [(self.withheld, "withheld"), (self.lost, "lost")];
        let but: String = missing
            .into_iter()
            .filter(|(number, _)| *number > 0)
            .map(|(number, how)| format!("; {number} {how}"))
            .collect();
        let rest = format!(
            ", {}, {}",
            counted(self.tiles, "tile file"),
            counted(self.maps, "map")
        );
        match part {
            Part::Bytes if head > size => (
                Outcome::Unknown,
                format!(
                    "{present}; {} after the checkpoint, never acknowledged{but}",
                    counted(head - size, "line")
                ),
            ),
            Part::Bytes => (held, format!("{present}, canonical and within limits{but}")),
            Part::Signatures => (
                held,
                format!(
                    "{} by {}",
                    counted(self.signatures, "signature"),
                    counted(self.keys.len() as u64, "key")
                ),
            ),
            Part::Chains => (
                held,
                format!(
                    "{} in {}",
                    counted(self.events, "event"),
                    counted(self.map.len(), "stream")
                ),
            ),
            Part::Anchors => (
                held,
                match self.anchors {
                    1 => "1 anchor is a root of this log".to_owned(),
                    anchors => format!("{anchors} anchors are roots of this log"),
                },
            ),
            Part::Rules => (
                held,
                format!(
                    "{} judged by the rules in force at each",
                    counted(self.events, "event")
                ),
            ),
            Part::Tree if self.maps_unknown > 0 => (
                Outcome::Unknown,
                format!(
                    "{}{rest}; {} not recomputed, as an entry before it is missing",
                    counted_leaves(self.tree.size()),
                    counted(self.maps_unknown, "map")
                ),
            ),
            Part::Tree => (
                Outcome::Holds,
                format!("{}{rest}", counted_leaves(self.tree.size())),
            ),
            Part::Checkpoint => match &self.signed {
                Some(open) => (
                    Outcome::Holds,
                    format!("size {}, signed by the log's key", open.checkpoint.size),
                ),
                None => (Outcome::Unknown, "no key to check it with".to_owned()),
            },
            Part::Witnesses => self.witness_line.clone(),
            Part::Scores => self.scores.clone(),
        }
    }
}

/// What a file below `tile/` must hold.
enum Expected {
    Bytes(Vec<u8>),
    Anything,
    NoFile,
}

impl Expected {
    fn of(bytes: Option<Vec<u8>>) -> Expected {
        bytes.map_or(Expected::NoFile, Expected::Bytes)
    }

    fn is(&self, found: &[u8]) -> bool {
        match self {
            Expected::Bytes(bytes) => bytes == found,
            Expected::Anything => true,
            Expected::NoFile => false,
        }
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Expected::Bytes(bytes) => {
                let digest = Hash::of(bytes);
                write!(f, "{} bytes with digest {digest}", bytes.len())
            }
            Expected::Anything => f.write_str("a bundle"),
            Expected::NoFile => f.write_str("no file but tiles and bundles of this log"),
        }
    }
}

/// The log's key as the reader's policy gives it: that of the log which the newest head names.
fn log_of_policy<'a>(note: Option<&[u8]>, standard: &Standard<'a>) -> Option<&'a VerifierKey> {
    let policy = standard.policy?;
    let origin = note.and_then(|note| note.split(|byte| *byte == b'\n').next());
    let origin = origin.and_then(|origin| std::str::from_utf8(origin).ok());
    let named = origin.and_then(|origin| policy.log_of(origin));
    named.or_else(|| policy.logs().first().map(|log| &log.key))
}

/// Every claim's figures worked out by the model in force: with which, and for how many claims.
fn scored(state: &State) -> (Outcome, String) {
    let model = match model_in_force(state) {
        Ok(model) => model,
        Err(fault) => return (Outcome::Unknown, fault.to_string()),
    };
    let slugs: Vec<&Slug> = state.claims().map(|(slug, _)| slug).collect();
    let is_assessed = in_parallel(slugs.len(), |place| {
        let profile = profile(state, slugs[place], model, &Filter::none());
        profile.is_some_and(|profile| profile.figures != Figures::default())
    });
    let assessed = is_assessed.iter().filter(|is| **is).count() as u64;
    let not = slugs.len() as u64 - assessed;
    let rest = if not > 0 {
        format!(", {not} not")
    } else {
        String::new()
    };
    let by = format!("{}, parameters {}", model_name(model), model.spec());
    let detail = format!("{} assessed{rest}, by {by}", counted(assessed, "claim"));
    if state.is_incomplete() {
        // Where nothing follows a missing event, no gap shows: its stream seems to end before it.
        let but = "from what is there: a missing entry may have held the last event of any stream";
        return (Outcome::Unknown, format!("{detail}, {but}"));
    }
    (Outcome::Holds, detail)
}

impl Task {
    fn fault(&self) -> Option<Fault> {
        match self {
            Task::Signature {
                index,
                key,
                known,
                message,
                sig,
            } => {
                let verdict = match known {
                    Some(known) => known.verify(message, sig),
                    None => verify_one(key, message, sig),
                };
                verdict.err().map(|_| Fault {
                    part: Part::Signatures,
                    index: Some(*index),
                    position: None,
                    code: Some(Code::Signature.word()),
                    file: None,
                    found: format!("a signature by {} that does not hold", key.id()),
                    expected: "an Ed25519 signature over the DSSE encoding of the commit"
                        .to_owned(),
                })
            }
            Task::Map {
                index,
                map,
                claimed,
            } => {
                let root = map.root();
                (root != *claimed).then(|| Fault {
                    part: Part::Tree,
                    index: Some(*index),
                    position: Some(0),
                    code: Some(Code::Map.word()),
                    file: None,
                    found: format!("a map with root {claimed}"),
                    expected: format!("root {root}, from the streams of all entries before it"),
                })
            }
        }
    }
}

/// Every file below a folder, as a name from the ledger's folder on; a link counts as a file.
pub(super) fn walk<F: Files>(on: &F, folder: &Path, name: &str, files: &mut Vec<String>) {
    let Ok(mut names) = on.names(folder) else {
        return;
    };
    names.sort();
    for entry in names {
        let (path, own) = (folder.join(&entry), format!("{name}/{entry}"));
        match on.kind(&path) {
            Ok(Some(Kind::Folder)) => walk(on, &path, &own, files),
            _ => files.push(own),
        }
    }
}

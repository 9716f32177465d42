//! Mirror: a verified copy of a log, kept by somebody who does not run it.
//!
//! Each run brings the copy from the head it has to the newest one of the source, and leaves a
//! folder that every reading command can read. What holds at every moment, and so wherever a run
//! ends: the checkpoint in the copy is signed by the pinned key, extends every one that stood there
//! before, and all entries under it are on disk. Lines come first, the checkpoint when they are all
//! there, and last the tiles under it, which any later run completes.

use std::fmt;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use crate::envelope::Withheld;
use crate::form::{Fields, Form as _, text_of};
use crate::json::Json;
use crate::store::segment::{Recovery, SegmentReader, SegmentWriter, Stamp, holds_ledger};
use crate::store::{Durable, Store as _, StoreError};
use crate::tlog::{
    AuthenticTiles, Bundle, Checkpoint, CheckpointError, ForkProof, Head, Note, Tile, TileError,
    TileSource as _, TlogPolicy, VerifierKey, encode_bundle, new_full_bundles, partial_bundle,
    tiles_for,
};

use super::cosigned::{HeadNote, Keep, keys_in, note_name};
use super::heads::{HeadError, SignedHead, fetch_note, prove_fork};
use super::lines::{leaf_of_line, log_key_in, open_reader, read_as};
use super::refusal::LedgerError;
use super::source::{AnySource, FolderSource, SourceError};

/// The file that pins the log's key.
const PIN: &str = "mirror.json";
/// The file that names the log's witnesses.
const POLICY: &str = "policy";
/// The version of the pin.
const VERSION: u64 = 1;
/// The most bytes of a policy or a cosigned note that is copied.
const LONGEST_EXTRA: usize = 1_000_000;
/// Lines are written so many bytes at a time, and synced.
const BATCH: usize = 1 << 20;

/// What a run of a mirror came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mirrored {
    /// The log's key, which all was checked with.
    pub vkey: VerifierKey,
    /// Whether that key was taken from the source when it was first used, and by nobody else.
    pub is_first_use_key: bool,
    /// Whether this run pinned the key.
    pub is_newly_pinned: bool,
    /// The head that the copy had before, if any.
    pub before: Option<Head>,
    /// The head that it has now.
    pub now: Head,
    /// Entries that this run fetched and wrote.
    pub fetched: u64,
    /// Entries among those that the source withholds.
    pub withheld: u64,
    /// Whether the source's policy was copied.
    pub has_policy: bool,
    /// Whether a cosigned note of the head was copied.
    pub has_cosigned: bool,
}

/// Why a copy was not brought up to date. What it had is as it was.
#[derive(Debug)]
pub enum MirrorError {
    /// The copy's own folder.
    Ledger(LedgerError),
    /// The source's head or tiles.
    Head(HeadError),
    /// The folder holds a ledger that is no mirror.
    NotAMirror(PathBuf),
    /// The file that pins the key is not of its form.
    Pin {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// Another key is pinned.
    OtherKey {
        /// The key given.
        found: String,
        /// The pinned one.
        expected: String,
    },
    /// The source names no key, and none was given or pinned.
    NoKey,
    /// The source's head is smaller than the copy's.
    RolledBack {
        /// The source's.
        found: Head,
        /// The copy's own.
        expected: Head,
    },
    /// The log has signed two histories: the source's, and the one that the copy has.
    Forked(Box<ForkProof>),
}

impl fmt::Display for MirrorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MirrorError::Ledger(error) => error.fmt(f),
            MirrorError::Head(error) => write!(f, "the source: {error}"),
            MirrorError::NotAMirror(path) => write!(
                f,
                "{}: found a ledger that is no mirror, expected an empty folder or one that an earlier run made",
                path.display()
            ),
            MirrorError::Pin { path, why } => {
                write!(f, "{}: {why}, expected the pinned key of the log", path.display())
            }
            MirrorError::OtherKey { found, expected } => {
                write!(f, "found the key {found}, expected {expected}, which is pinned")
            }
            MirrorError::NoKey => f.write_str(
                "the source: found no genesis that names the log's key, expected one, or the key",
            ),
            MirrorError::RolledBack { found, expected } => write!(
                f,
                "the source: found a head of {} entries, expected at least {}, as were mirrored before: it was rolled back",
                found.size, expected.size
            ),
            MirrorError::Forked(_) => f.write_str(
                "the source: found another history than the one mirrored before, expected an extension of it: the log's key has signed both",
            ),
        }
    }
}

impl std::error::Error for MirrorError {}

impl From<LedgerError> for MirrorError {
    fn from(error: LedgerError) -> MirrorError {
        MirrorError::Ledger(error)
    }
}

impl From<StoreError> for MirrorError {
    fn from(error: StoreError) -> MirrorError {
        MirrorError::Ledger(error.into())
    }
}

impl From<HeadError> for MirrorError {
    fn from(error: HeadError) -> MirrorError {
        MirrorError::Head(error)
    }
}

impl From<TileError<SourceError>> for MirrorError {
    fn from(error: TileError<SourceError>) -> MirrorError {
        MirrorError::Head(error.into())
    }
}

impl From<CheckpointError> for MirrorError {
    fn from(error: CheckpointError) -> MirrorError {
        MirrorError::Head(error.into())
    }
}

/// The log's key, as a mirror remembers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// The key.
    pub vkey: VerifierKey,
    /// Whether it was taken from the source: then it is as good as the source was that day.
    pub is_first_use: bool,
}

impl Pin {
    /// What a folder has pinned; `None` where it is no mirror.
    ///
    /// # Errors
    /// [`MirrorError::Pin`] for a file that is not of its form; [`MirrorError::Ledger`] for one that
    /// cannot be read.
    pub fn of(dir: &Path) -> Result<Option<Pin>, MirrorError> {
        let path = dir.join(PIN);
        let pin = |why| MirrorError::Pin {
            path: path.clone(),
            why,
        };
        let found = FolderSource::new(dir)
            .fetch(PIN, 4096)
            .map_err(|error| pin(error.why))?;
        let Some(bytes) = found else {
            return Ok(None);
        };
        Pin::parse(&bytes).map(Some).map_err(pin)
    }

    fn parse(bytes: &[u8]) -> Result<Pin, String> {
        let json = Json::parse(bytes).map_err(|error| error.to_string())?;
        let said = |error: crate::value::FormError| error.to_string();
        let mut fields = Fields::of(&json).map_err(said)?;
        let word = match fields.raw("key").map(text_of) {
            Some(Ok("given")) => false,
            Some(Ok("first use")) => true,
            _ => return Err("found no word how the key was got".to_owned()),
        };
        let version: u64 = fields.required("v").map_err(said)?;
        let vkey = fields.raw("vkey").map(text_of).transpose().map_err(said)?;
        fields.end().map_err(said)?;
        let vkey = vkey.and_then(|text| text.parse().ok());
        match (version, vkey) {
            (VERSION, Some(vkey)) => Ok(Pin {
                vkey,
                is_first_use: word,
            }),
            _ => Err("found no verifier key".to_owned()),
        }
    }

    fn to_bytes(&self) -> Vec<u8> {
        let word = if self.is_first_use {
            "first use"
        } else {
            "given"
        };
        Json::object([
            ("key", Json::string(word)),
            ("v", VERSION.write()),
            ("vkey", Json::string(self.vkey.to_string())),
        ])
        .to_bytes()
    }
}

/// Brings the copy in `dir` up to the newest head of a source; makes it where there is none.
///
/// `vkey` is the log's key from somewhere else than the source. Without it the pinned key is used,
/// and the first time the one that the source's genesis names.
///
/// # Errors
/// [`MirrorError`]. The copy then has the head it had, whole; entries that were fetched by then are
/// kept behind it for the next run.
pub fn mirror(
    source: &mut AnySource<'_>,
    dir: &Path,
    vkey: Option<&VerifierKey>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Mirrored, MirrorError> {
    let pinned = Pin::of(dir)?;
    if pinned.is_none() && dir.exists() && holds_ledger(dir)? {
        return Err(MirrorError::NotAMirror(dir.to_path_buf()));
    }
    let pin = pin_for(source, pinned.clone(), vkey)?;
    let theirs = SignedHead::fetch(source, &pin.vkey)?;
    let ours = own_head(dir, &pin.vkey, pinned.is_some())?;
    if let Some(ours) = &ours {
        not_behind(dir, ours, &theirs)?;
    }
    let mut tiles = theirs.tiles(source)?;
    if let Some(ours) = &ours
        && let Some(fork) = prove_fork(&mut tiles, &theirs, ours)?
    {
        return Err(MirrorError::Forked(Box::new(fork)));
    }
    let mut copy = Copy::open(dir, ours.as_ref(), pinned.is_some(), &mut tiles)?;
    if pinned.as_ref() != Some(&pin) {
        copy.writer.put(PIN, &pin.to_bytes(), Durable::Now)?;
    }
    copy.fetch_lines(&mut tiles, progress)?;
    let has_policy = copy.fetch_policy(&mut tiles)?;
    copy.publish(&theirs, &pin.vkey)?;
    copy.complete_tiles(&mut tiles)?;
    let has_cosigned = copy.fetch_cosigned(&mut tiles, &theirs, &pin.vkey)?;
    copy.writer.close()?;
    Ok(Mirrored {
        is_first_use_key: pin.is_first_use,
        is_newly_pinned: pinned.is_none(),
        vkey: pin.vkey,
        before: ours.map(|ours| ours.head),
        now: theirs.head,
        fetched: copy.fetched,
        withheld: copy.withheld,
        has_policy,
        has_cosigned,
    })
}

fn pin_for(
    source: &mut AnySource<'_>,
    pinned: Option<Pin>,
    vkey: Option<&VerifierKey>,
) -> Result<Pin, MirrorError> {
    match (pinned, vkey) {
        (Some(pin), Some(vkey)) if pin.vkey != *vkey => Err(MirrorError::OtherKey {
            found: vkey.to_string(),
            expected: pin.vkey.to_string(),
        }),
        (_, Some(vkey)) => Ok(Pin {
            vkey: vkey.clone(),
            is_first_use: false,
        }),
        (Some(pin), None) => Ok(pin),
        (None, None) => Ok(Pin {
            vkey: key_of_source(source)?,
            is_first_use: true,
        }),
    }
}

/// The key that the first entry of a source names. The head that this key has signed will be held
/// against the entry again, once it is known.
pub(super) fn key_of_source(source: &mut AnySource<'_>) -> Result<VerifierKey, MirrorError> {
    let note = Note::parse(&fetch_note(source)?).map_err(CheckpointError::from)?;
    let size = Checkpoint::parse_body(note.text())?.size;
    let partial = partial_bundle(size).filter(|bundle| bundle.index == 0);
    let full = Bundle {
        index: 0,
        width: 256,
    };
    for bundle in partial.into_iter().chain([full]) {
        let path = bundle.path();
        let fetched = source.fetch(&path, usize::from(bundle.width) * 65_537);
        let bytes = fetched.map_err(|error| TileError::Source { path, error })?;
        let entries = bytes.as_deref().map(|bytes| bundle.decode(bytes));
        if let Some(Ok(entries)) = entries {
            let key = entries.first().and_then(|line| log_key_in(line));
            return key.ok_or(MirrorError::NoKey);
        }
    }
    Err(MirrorError::NoKey)
}

/// The head that the copy has; none before its first.
fn own_head(
    dir: &Path,
    vkey: &VerifierKey,
    is_mirror: bool,
) -> Result<Option<SignedHead>, MirrorError> {
    if !is_mirror {
        return Ok(None);
    }
    let note = open_reader(dir)?.get("checkpoint")?;
    let open = |note: Vec<u8>| match SignedHead::open(&note, vkey) {
        Err(HeadError::Checkpoint(error)) => Err(LedgerError::Checkpoint(error).into()),
        opened => Ok(opened?),
    };
    note.map(open).transpose()
}

/// That the source has not fallen behind. Where it has, the copy's own tiles tell whether it went
/// back in one history or is in another.
fn not_behind(dir: &Path, ours: &SignedHead, theirs: &SignedHead) -> Result<(), MirrorError> {
    if theirs.head.size >= ours.head.size {
        return Ok(());
    }
    let own = || -> Result<_, HeadError> {
        let mut tiles = ours.tiles(FolderSource::new(dir))?;
        prove_fork(&mut tiles, ours, theirs)
    };
    match own() {
        Ok(Some(fork)) => Err(MirrorError::Forked(Box::new(fork))),
        _ => Err(MirrorError::RolledBack {
            found: theirs.head,
            expected: ours.head,
        }),
    }
}

type Tiles<'t, 's> = AuthenticTiles<&'t mut AnySource<'s>>;

/// The copy, while it is being brought up to date.
struct Copy {
    dir: PathBuf,
    writer: SegmentWriter,
    fetched: u64,
    withheld: u64,
}

impl Copy {
    fn open(
        dir: &Path,
        ours: Option<&SignedHead>,
        is_mirror: bool,
        tiles: &mut Tiles<'_, '_>,
    ) -> Result<Copy, MirrorError> {
        let writer = match is_mirror {
            false => SegmentWriter::create(dir)?,
            true => reopen(dir, ours.map_or(0, |ours| ours.head.size), tiles)?,
        };
        Ok(Copy {
            dir: dir.to_path_buf(),
            writer,
            fetched: 0,
            withheld: 0,
        })
    }

    /// Fetches what is missing, bundle by bundle, and makes it durable.
    fn fetch_lines(
        &mut self,
        tiles: &mut Tiles<'_, '_>,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<(), MirrorError> {
        let size = tiles.size();
        let mut batch: Vec<Vec<u8>> = Vec::new();
        let mut at = self.writer.head();
        while at < size {
            let entries = tiles.entries_by(at / 256, &leaf_of_line)?;
            batch.extend(entries.into_iter().skip((at % 256) as usize));
            at = self.writer.head() + batch.len() as u64;
            if at == size || batch.iter().map(Vec::len).sum::<usize>() >= BATCH {
                self.append(&batch)?;
                batch.clear();
            }
            progress(at, size);
        }
        Ok(())
    }

    fn append(&mut self, batch: &[Vec<u8>]) -> Result<(), MirrorError> {
        let lines: Vec<&[u8]> = batch.iter().map(Vec::as_slice).collect();
        self.writer.append(self.writer.head(), &lines)?;
        self.fetched += lines.len() as u64;
        let withheld = lines.iter().filter(|line| Withheld::parse(line).is_some());
        self.withheld += withheld.count() as u64;
        Ok(())
    }

    /// Puts the new head in place of the old one, with the lines that somebody here can check.
    fn publish(&mut self, head: &SignedHead, vkey: &VerifierKey) -> Result<(), MirrorError> {
        let keys = keys_in(&self.writer.reader());
        let note = HeadNote::read(&head.note, vkey, &keys)?.to_bytes();
        self.put_if_new("checkpoint", &note)
    }

    /// Writes the tiles and bundles of the head that are not there yet.
    fn complete_tiles(&mut self, tiles: &mut Tiles<'_, '_>) -> Result<(), MirrorError> {
        let size = tiles.size();
        for tile in tiles_for(size) {
            if !self.has(&tile.path(), Some(u64::from(tile.width) * 32)) {
                self.put_tile(&tile, tiles)?;
            }
        }
        let bundles = new_full_bundles(0, size);
        for bundle in bundles.into_iter().chain(partial_bundle(size)) {
            if !self.has(&bundle.path(), None) {
                self.put_bundle(&bundle, tiles)?;
            }
        }
        Ok(self.writer.sync_named()?)
    }

    /// Whether a tile or bundle is there. Its bytes are not read: a long log has many.
    fn has(&self, name: &str, length: Option<u64>) -> bool {
        // An empty file is what a power cut may leave of one that was not synced.
        let found = std::fs::symlink_metadata(self.dir.join(name)).map_or(0, |found| found.len());
        found > 0 && length.is_none_or(|length| length == found)
    }

    fn put_tile(&mut self, tile: &Tile, tiles: &mut Tiles<'_, '_>) -> Result<(), MirrorError> {
        let bytes = tiles.tile(tile)?;
        Ok(self.writer.put(&tile.path(), &bytes, Durable::Now)?)
    }

    fn put_bundle(
        &mut self,
        bundle: &Bundle,
        tiles: &mut Tiles<'_, '_>,
    ) -> Result<(), MirrorError> {
        let entries = bundle.entries();
        let leaves = tiles.leaves(bundle.index)?;
        let known = |index: u64| leaves.get((index - entries.start) as usize).copied();
        let reader = self.writer.reader();
        let lines = read_as(
            |visit| reader.read(entries.start, entries.end, visit),
            &known,
        )?;
        let bytes = encode_bundle(lines.iter().map(Vec::as_slice)).expect("lines fit a bundle");
        Ok(self.writer.put(&bundle.path(), &bytes, Durable::Now)?)
    }

    /// The source's policy, where it has one that can be read.
    fn fetch_policy(&mut self, tiles: &mut Tiles<'_, '_>) -> Result<bool, MirrorError> {
        let policy = fetch_extra(tiles, POLICY)?;
        let policy = policy.filter(|bytes| TlogPolicy::parse(bytes).is_ok());
        match &policy {
            Some(policy) => self.put_if_new(POLICY, policy)?,
            None => return Ok(false),
        }
        Ok(true)
    }

    /// What witnesses of the policy have signed of the head, where the source keeps it; with what
    /// the copy had of it before.
    fn fetch_cosigned(
        &mut self,
        tiles: &mut Tiles<'_, '_>,
        head: &SignedHead,
        vkey: &VerifierKey,
    ) -> Result<bool, MirrorError> {
        let name = note_name(head.head.size);
        let keys = keys_in(&self.writer.reader());
        let read = |bytes: Vec<u8>| {
            let note = HeadNote::read(&bytes, vkey, &keys).ok()?;
            let own = Head {
                size: note.checkpoint.size,
                root: note.checkpoint.root,
            };
            (own == head.head && !note.good().is_empty()).then_some(note)
        };
        let Some(mut note) = fetch_extra(tiles, &name)?.and_then(read) else {
            return Ok(false);
        };
        let before = self.writer.get(&name)?.and_then(read);
        for (line, judged) in before.iter().flat_map(|before| &before.lines) {
            if let Ok(good) = judged {
                // Where there is no room for it, the source's lines are enough.
                let _ = note.take(line, good, Keep::Earliest);
            }
        }
        self.put_if_new(&name, &note.to_bytes())?;
        Ok(true)
    }

    fn put_if_new(&mut self, name: &str, bytes: &[u8]) -> Result<(), MirrorError> {
        if self.writer.get(name)?.as_deref() != Some(bytes) {
            self.writer.put(name, bytes, Durable::Now)?;
        }
        Ok(())
    }
}

/// A file beside the tiles, if the source has it and it is not too long.
fn fetch_extra(tiles: &mut Tiles<'_, '_>, name: &str) -> Result<Option<Vec<u8>>, MirrorError> {
    let fetched = tiles.source().fetch(name, LONGEST_EXTRA);
    let fetched = fetched.map_err(|error| TileError::Source {
        path: name.to_owned(),
        error,
    })?;
    Ok(fetched.filter(|bytes| bytes.len() <= LONGEST_EXTRA))
}

/// Opens the copy again. Lines behind its head, from a run that was ended, are kept as far as the
/// new head has them; what follows goes to `torn/`.
fn reopen(dir: &Path, size: u64, tiles: &mut Tiles<'_, '_>) -> Result<SegmentWriter, MirrorError> {
    let fit = lines_that_fit(&open_reader(dir)?, size, tiles)?;
    let mut check = |index: u64, line: &[u8]| match index < fit {
        // None of them was ever promised to anybody, so they are one batch.
        true => Ok(Stamp(0)),
        false => Err(format!("a line with leaf hash {}", leaf_of_line(line))),
    };
    let recovery = Recovery {
        acknowledged: Some(size),
        checked: size,
        check: &mut check,
    };
    Ok(SegmentWriter::open(dir, recovery)?.0)
}

/// How many lines there are up to the first one behind `size` that the head does not have.
fn lines_that_fit(
    reader: &SegmentReader,
    size: u64,
    tiles: &mut Tiles<'_, '_>,
) -> Result<u64, MirrorError> {
    let (mut fit, mut failed) = (size, None);
    reader.read(size, tiles.size(), &mut |line| {
        let Ok(line) = line else {
            return ControlFlow::Break(());
        };
        match tiles.leaf(line.index) {
            Ok(leaf) if leaf == leaf_of_line(line.bytes) => {
                fit = line.index + 1;
                ControlFlow::Continue(())
            }
            Ok(_) => ControlFlow::Break(()),
            Err(error) => {
                failed = Some(error);
                ControlFlow::Break(())
            }
        }
    })?;
    match failed {
        Some(error) => Err(error.into()),
        None => Ok(fit),
    }
}

//! Cache: the pages of a ledger's newest head, kept in the reader's cache folder.
//!
//! A snapshot is a file that may be deleted at any time and that is never trusted. It is bound to
//! its format, the program's version, and the origin, size and root of the head that it was made
//! at; whatever is read of it is held against its hash. Whoever may write into the cache folder may
//! write other hashes too: that is the reader's own account, which could as well change the
//! program. It says what the ledger said when it was folded: bytes that were damaged since are
//! found by [`super::audit`], not by a reader that answers from here.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::hash::Hash;
use crate::projection::{
    CatalogueRow, ClaimPage, Filter, Wanted, catalogue, claim_page, model_in_force, subjects,
};
use crate::store::segment::{Disk, Files, Mode, OpenFile, create_fresh};
use crate::tlog::Checkpoint;
use crate::value::{Kind, Slug, Subject};

use super::read::{Ledger, front};
use super::refusal::LedgerError;

/// The first line: the format.
const FORMAT: &str = "grounds snapshot 1";
/// Claims above which no snapshot is made: a page looks at the links of all others.
const MOST_CLAIMS: usize = 5_000;
/// The record of all rows, a name that no subject has.
const ROWS: &str = "rows";
/// Bytes that a header and a directory may have, each.
const MOST_BYTES: u64 = 1 << 26;
const EXTENSION: &str = "snapshot";

/// The newest head of a folder, signed by the key that its genesis names: one small read of the
/// checkpoint and one of the first line.
///
/// # Errors
/// As [`Ledger::open`].
pub fn newest_head(dir: &Path) -> Result<Checkpoint, LedgerError> {
    Ok(front(dir, None)?.2.checkpoint)
}

/// The pages of a head.
pub struct Snapshot<F: Files = Disk> {
    checkpoint: Checkpoint,
    file: F::File,
    /// Where the records begin, in bytes.
    start: u64,
    directory: BTreeMap<String, Record>,
}

/// Where a record stands, from the end of the directory on, in bytes, and its SHA-256. A subject
/// without one has a length of 0.
#[derive(Debug, Clone, Copy)]
struct Record {
    offset: u64,
    length: u64,
    hash: Hash,
}

impl Snapshot {
    /// The snapshot of this head, where the folder has a whole one made by this program.
    #[must_use]
    pub fn open(folder: &Path, checkpoint: Checkpoint) -> Option<Snapshot> {
        Snapshot::open_on(&Disk, folder, checkpoint)
    }

    /// Keeps a snapshot of a ledger's head in a folder, and removes those of older heads. Nothing
    /// is kept of a ledger that is damaged or too large, and of one whose model cannot be run.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn keep(ledger: &Ledger, folder: &Path) -> io::Result<()> {
        let Some((path, bytes)) = to_keep(ledger, folder) else {
            return Ok(());
        };
        std::fs::create_dir_all(folder)?;
        keep_on(&Disk, folder, &path, &bytes)
    }
}

impl<F: Files> Snapshot<F> {
    /// As [`Snapshot::open`], on another file system.
    #[must_use]
    pub fn open_on(files: &F, folder: &Path, checkpoint: Checkpoint) -> Option<Snapshot<F>> {
        let file = files.open(&path(folder, &checkpoint), Mode::Read).ok()?;
        let expected = front_lines(&checkpoint);
        // The last line of the header: length and hash of the directory.
        let mut found = vec![0; expected.len() + LAST_LINE];
        read_at(&file, &mut found, 0)?;
        let (front, last) = found.split_at(expected.len());
        let (length, hash) = last_line(last)?;
        if front != expected.as_bytes() || length > MOST_BYTES {
            return None;
        }
        let mut directory = vec![0; usize::try_from(length).ok()?];
        read_at(&file, &mut directory, (expected.len() + LAST_LINE) as u64)?;
        if Hash::of(&directory) != hash {
            return None;
        }
        Some(Snapshot {
            start: (expected.len() + LAST_LINE) as u64 + length,
            directory: parse_directory(std::str::from_utf8(&directory).ok()?)?,
            checkpoint,
            file,
        })
    }

    /// The head that it was made at.
    #[must_use]
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// Every subject of the ledger.
    #[must_use]
    pub fn subjects(&self) -> Vec<Subject> {
        self.directory
            .keys()
            .filter_map(|name| name.parse().ok())
            .collect()
    }

    /// A claim's page at the head, by the model in force.
    pub fn page(&mut self, claim: &Slug) -> Option<ClaimPage> {
        self.record(&Subject::claim(claim.clone()).to_string())
    }

    /// All claims at the head, a line each, by the model in force.
    pub fn rows(&mut self) -> Option<Vec<CatalogueRow>> {
        self.record(ROWS)
    }

    fn record<T: DeserializeOwned>(&mut self, name: &str) -> Option<T> {
        let record = *self.directory.get(name)?;
        if record.length == 0 || record.length > MOST_BYTES {
            return None;
        }
        let mut bytes = vec![0; usize::try_from(record.length).ok()?];
        let offset = self.start.checked_add(record.offset)?;
        read_at(&self.file, &mut bytes, offset)?;
        if Hash::of(&bytes) != record.hash {
            return None;
        }
        serde_json::from_slice(&bytes).ok()
    }
}

/// All of `into`; none where the file ends before.
fn read_at<T: OpenFile>(file: &T, into: &mut [u8], offset: u64) -> Option<()> {
    let mut filled = 0;
    while filled < into.len() {
        match file.read_at(&mut into[filled..], offset + filled as u64) {
            Ok(0) | Err(_) => return None,
            Ok(read) => filled += read,
        }
    }
    Some(())
}

/// The snapshot's file and what it is to hold, where there is one to keep.
fn to_keep(ledger: &Ledger, folder: &Path) -> Option<(PathBuf, Vec<u8>)> {
    let is_whole = ledger.custody().damages.is_empty() && !ledger.state().is_incomplete();
    let is_small = ledger.state().claims().count() <= MOST_CLAIMS;
    if !is_whole || !is_small {
        return None;
    }
    let path = path(folder, &ledger.custody().checkpoint);
    Some((path, snapshot(ledger)?))
}

fn keep_on<F: Files>(files: &F, folder: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = folder.join(format!("{}.{EXTENSION}.part", std::process::id()));
    let written = create_fresh(files, &temporary)
        .and_then(|file| file.write_all_at(bytes, 0))
        .and_then(|()| files.rename(&temporary, path));
    if written.is_err() {
        // What cannot be kept is not left behind either.
        let _ = files.remove(&temporary);
    }
    written?;
    remove_others(files, folder, path)
}

/// Old snapshots go; parts that a killed process left behind too.
fn remove_others<F: Files>(files: &F, folder: &Path, kept: &Path) -> io::Result<()> {
    for name in files.names(folder)? {
        let is_old = name.ends_with(&format!(".{EXTENSION}"))
            || name.ends_with(&format!(".{EXTENSION}.part"));
        let path = folder.join(name);
        if is_old && path != kept {
            // Another process may have removed it first.
            let _ = files.remove(&path);
        }
    }
    Ok(())
}

fn path(folder: &Path, checkpoint: &Checkpoint) -> PathBuf {
    folder.join(format!(
        "{}-{}.{EXTENSION}",
        checkpoint.size, checkpoint.root
    ))
}

/// The header but for its last line: what the snapshot is bound to.
fn front_lines(checkpoint: &Checkpoint) -> String {
    format!(
        "{FORMAT}\n{}\n{}\n{}\n{}\n",
        env!("CARGO_PKG_VERSION"),
        checkpoint.origin,
        checkpoint.size,
        checkpoint.root
    )
}

/// The last line of the header: 16 digits of length, a space, 64 digits of hash, a newline.
const LAST_LINE: usize = 16 + 1 + 64 + 1;

fn last_line(bytes: &[u8]) -> Option<(u64, Hash)> {
    let text = std::str::from_utf8(bytes).ok()?.strip_suffix('\n')?;
    let (length, hash) = text.split_once(' ')?;
    let is_plain = length.len() == 16 && length.bytes().all(|byte| byte.is_ascii_digit());
    Some((
        length.parse().ok().filter(|_| is_plain)?,
        hash.parse().ok()?,
    ))
}

fn parse_directory(text: &str) -> Option<BTreeMap<String, Record>> {
    let record = |line: &str| {
        let mut parts = line.split(' ');
        let name = parts.next()?.to_owned();
        let record = Record {
            offset: parts.next()?.parse().ok()?,
            length: parts.next()?.parse().ok()?,
            hash: parts.next()?.parse().ok()?,
        };
        Some((name, record))
    };
    text.lines().map(record).collect()
}

/// The bytes of a snapshot; none where the model in force cannot be run.
fn snapshot(ledger: &Ledger) -> Option<Vec<u8>> {
    let state = ledger.state();
    let model = model_in_force(state).ok()?;
    let filter = Filter::none();
    let mut writer = Records::default();
    writer.add(
        ROWS,
        Some(&catalogue(state, model, &filter, &Wanted::default())),
    )?;
    for (slug, _) in state.claims() {
        let page = claim_page(state, slug, model, &filter);
        writer.add(&Subject::claim(slug.clone()).to_string(), page.as_ref())?;
    }
    for subject in subjects(state) {
        if subject.kind() != Kind::Claim {
            writer.add::<ClaimPage>(&subject.to_string(), None)?;
        }
    }
    Some(writer.finish(&ledger.custody().checkpoint))
}

#[derive(Default)]
struct Records {
    names: BTreeMap<String, Record>,
    bytes: Vec<u8>,
}

impl Records {
    fn add<T: Serialize>(&mut self, name: &str, value: Option<&T>) -> Option<()> {
        let bytes = match value {
            Some(value) => serde_json::to_vec(value).ok()?,
            None => Vec::new(),
        };
        let record = Record {
            offset: self.bytes.len() as u64,
            length: bytes.len() as u64,
            hash: Hash::of(&bytes),
        };
        self.bytes.extend(bytes);
        self.names.insert(name.to_owned(), record);
        Some(())
    }

    fn finish(self, checkpoint: &Checkpoint) -> Vec<u8> {
        let directory: String = self
            .names
            .iter()
            .map(|(name, record)| {
                format!(
                    "{name} {} {} {}\n",
                    record.offset, record.length, record.hash
                )
            })
            .collect();
        let mut bytes = front_lines(checkpoint).into_bytes();
        let hash = Hash::of(directory.as_bytes());
        bytes.extend(format!("{:016} {hash}\n", directory.len()).bytes());
        bytes.extend(directory.bytes());
        bytes.extend(self.bytes);
        bytes
    }
}

#[cfg(all(test, feature = "zstd"))]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::ledger::faults::ledger_on_disk;
    use crate::store::fault::{Dice, Sim, crashed};

    /// What a snapshot answers.
    fn answers(snapshot: &mut Snapshot<Sim>) -> (Option<String>, Option<String>) {
        let claim = "x".parse().unwrap();
        let page = snapshot.page(&claim);
        let page = page.map(|page| serde_json::to_string(&page).unwrap());
        let rows = snapshot.rows();
        (page, rows.map(|rows| serde_json::to_string(&rows).unwrap()))
    }

    #[test]
    fn after_any_power_cut_a_snapshot_answers_as_its_ledger_or_not_at_all() {
        let (sim, folder) = (Sim::default(), Path::new("/cache"));
        sim.make_folder(folder).unwrap();
        let mut whole = Vec::new();
        for batches in [1, 3] {
            let (_at, ledger) = ledger_on_disk(batches);
            let (path, bytes) = to_keep(&ledger, folder).unwrap();
            keep_on(&sim, folder, &path, &bytes).unwrap();
            let checkpoint = ledger.custody().checkpoint.clone();
            let mut snapshot = Snapshot::open_on(&sim, folder, checkpoint.clone()).unwrap();
            let (page, rows) = answers(&mut snapshot);
            assert!(page.is_some() && rows.is_some());
            whole.push((checkpoint, page, rows));
        }
        let (mut dice, mut there, mut tried) = (Dice(1), 0, 0);
        for cut in sim.cuts() {
            for number in 0..100 {
                let left = crashed(&cut, [0, 100, 50, 80, 95][number % 5], &mut dice);
                for (checkpoint, page, rows) in &whole {
                    tried += 1;
                    let found = Snapshot::open_on(&left, folder, checkpoint.clone());
                    let (its_page, its_rows) = found.map_or((None, None), |mut snapshot| {
                        there += 1;
                        answers(&mut snapshot)
                    });
                    assert!(its_page.is_none() || its_page == *page);
                    assert!(its_rows.is_none() || its_rows == *rows);
                }
            }
        }
        assert!(there > 0 && there < tried, "{there} of {tried}");
    }
}

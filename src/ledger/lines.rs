//! Lines: what is stored, as bytes and places; the reading that all of this room shares.

use std::ops::ControlFlow;
use std::path::Path;

use crate::envelope::{Entry, Withheld};
use crate::hash::Hash;
use crate::store::segment::{Disk, Files, SegmentReader};
use crate::store::{BadLine, Damage, Line, StoreError, Visit};
use crate::tlog::{Tree, VerifierKey, leaf_hash};
use crate::value::Index;

use super::place::{Depth, parse_line};
use super::refusal::LedgerError;

/// Opens the lines of a folder.
pub(super) fn open_reader(dir: &Path) -> Result<SegmentReader, LedgerError> {
    open_reader_on(Disk, dir)
}

/// The same on another file system.
pub(super) fn open_reader_on<F: Files>(
    files: F,
    dir: &Path,
) -> Result<SegmentReader<F>, LedgerError> {
    SegmentReader::open_on(files, dir).map_err(|error| match error {
        StoreError::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
            LedgerError::NoLedger(dir.to_path_buf())
        }
        other => other.into(),
    })
}

/// The log key that the genesis names.
pub(super) fn own_key<F: Files>(reader: &SegmentReader<F>) -> Result<VerifierKey, LedgerError> {
    let lines = lines_or_gaps(reader, 0, 1)?;
    let line = lines.first().and_then(|line| line.as_deref().ok());
    line.and_then(log_key_in).ok_or_else(no_genesis)
}

/// What is said where the first line names no log key.
pub(super) fn no_genesis() -> LedgerError {
    LedgerError::Damaged(vec![Damage {
        file: "events/000000000000.jsonl".to_owned(),
        line: 1,
        index: 0,
        found: "no genesis that can be read".to_owned(),
        expected: "ledger.created, which names the log key; or give the key with --vkey".to_owned(),
    }])
}

/// The log key that a line names, if it is a genesis.
pub(super) fn log_key_in(line: &[u8]) -> Option<VerifierKey> {
    let parsed = parse_line(0, line, Depth::Fold).ok()?;
    match &parsed.events.first()?.data {
        crate::claim::Data::LedgerCreated(data) => Some(data.log_key.0.clone()),
        _ => None,
    }
}

/// The leaf that a stored line is: of a withheld entry the one that its line names, else its hash.
pub(super) fn leaf_of_line(line: &[u8]) -> Hash {
    Withheld::parse(line).map_or_else(|| leaf_hash(line), |withheld| withheld.leaf)
}

/// The lines `from..to`, of which nothing is known yet.
pub(super) fn read_lines<F: Files>(
    reader: &SegmentReader<F>,
    from: u64,
    to: u64,
) -> Result<Vec<Vec<u8>>, LedgerError> {
    read_as(|visit| reader.read(from, to, visit), &|_| None)
}

/// The lines `from..to`, each of which is the leaf that the tree has: what was read and is not any
/// more what it was is damage, and is not given out.
pub(super) fn read_entries<F: Files>(
    reader: &SegmentReader<F>,
    tree: &Tree,
    from: Index,
    to: Index,
) -> Result<Vec<Vec<u8>>, LedgerError> {
    read_as(|visit| reader.read(from, to, visit), &|index| {
        tree.leaf(index)
    })
}

/// The lines that a reading shows, each of which is the leaf that is known of it, as far as one is.
pub(super) fn read_as(
    read: impl FnOnce(&mut Visit<'_>) -> Result<(), StoreError>,
    known: &dyn Fn(u64) -> Option<Hash>,
) -> Result<Vec<Vec<u8>>, LedgerError> {
    let mut lines = Vec::new();
    let mut bad = Vec::new();
    read(&mut |line| {
        match line
            .map_err(Damage::from)
            .and_then(|line| as_known(&line, known))
        {
            Ok(bytes) => lines.push(bytes),
            Err(damage) => bad.push(damage),
        }
        ControlFlow::Continue(())
    })?;
    if bad.is_empty() {
        Ok(lines)
    } else {
        Err(LedgerError::Damaged(bad))
    }
}

fn as_known(line: &Line<'_>, known: &dyn Fn(u64) -> Option<Hash>) -> Result<Vec<u8>, Damage> {
    let found = leaf_of_line(line.bytes);
    match known(line.index).filter(|expected| *expected != found) {
        None => Ok(line.bytes.to_vec()),
        Some(expected) => Err(Damage {
            file: line.file.to_owned(),
            line: line.line_in_file,
            index: line.index,
            found: format!("a line with leaf hash {found}"),
            expected: format!("the line with leaf hash {expected}"),
        }),
    }
}

/// The lines `from..to`, and what stands in the place of those that are none.
pub(super) fn lines_or_gaps<F: Files>(
    reader: &SegmentReader<F>,
    from: u64,
    to: u64,
) -> Result<Vec<Result<Vec<u8>, BadLine>>, LedgerError> {
    let mut lines: Vec<Result<Vec<u8>, BadLine>> = Vec::new();
    reader.read(from, to, &mut |line| {
        let index = match &line {
            Ok(line) => line.index,
            Err(bad) => bad.index,
        };
        let place = usize::try_from(index.saturating_sub(from)).unwrap_or(usize::MAX);
        // Lines missing before the next file: each place is filled.
        while lines.len() < place
            && let Some(Err(bad)) = lines.last().cloned()
        {
            lines.push(Err(bad));
        }
        lines.push(line.map(|line| line.bytes.to_vec()));
        ControlFlow::Continue(())
    })?;
    let wanted = usize::try_from(to - from).unwrap_or(usize::MAX);
    lines.truncate(wanted);
    while lines.len() < wanted {
        let index = from + lines.len() as u64;
        lines.push(Err(BadLine {
            index,
            file: "events/".to_owned(),
            line_in_file: 0,
            found: crate::store::Found::Missing { lines: to - index },
        }));
    }
    Ok(lines)
}

pub(super) fn damage_of(index: Index, line: &Result<Vec<u8>, BadLine>) -> Damage {
    match line {
        Err(bad) => Damage {
            index,
            ..Damage::from(bad.clone())
        },
        Ok(line) => Damage {
            file: "events/".to_owned(),
            line: 0,
            index,
            found: match Entry::parse(line) {
                Err(error) => error.to_string(),
                Ok(_) => "a commit of another form".to_owned(),
            },
            expected: "an entry".to_owned(),
        },
    }
}

/// The leaf hashes that the tiles of level 0 hold, where they hold them.
pub(super) fn stored_leaves<F: Files>(reader: &SegmentReader<F>, size: u64) -> Vec<Option<Hash>> {
    let mut leaves = vec![None; usize::try_from(size).unwrap_or(0)];
    for tile in crate::tlog::tiles_for(size)
        .into_iter()
        .filter(|tile| tile.level == 0)
    {
        let Ok(Some(bytes)) = reader.get(&tile.path()) else {
            continue;
        };
        let start = usize::try_from(tile.index * 256).unwrap_or(usize::MAX);
        for (place, hash) in bytes.chunks_exact(32).enumerate() {
            if let (Some(slot), Ok(hash)) = (leaves.get_mut(start + place), hash.try_into()) {
                *slot = Some(Hash(hash));
            }
        }
    }
    leaves
}

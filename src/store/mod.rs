//! The store keeps lines: ordered, durable, append-only; bytes in, same bytes out.
//!
//! A line is the bytes of one entry without its newline. Beside the lines a store keeps a few
//! named files that are replaced as a whole (`checkpoint`, `tile/0/000`). What the bytes mean, who
//! may write them and what proves them is known by the rooms above; what is known here is where
//! they are and whether they are on disk.
//!
//! - [`Store`]: what a ledger asks of an engine.
//! - [`segment`]: the default engine, a folder of plain text that other people's tools can read.
//! - [`Memory`]: the same promises without a disk, for tests and for embedding.

use std::fmt;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

#[cfg(test)]
pub(crate) mod fault;
mod memory;
pub mod segment;

pub use memory::Memory;

/// The longest line a store keeps, in bytes, its newline not counted: that of one entry.
pub const MAX_LINE: usize = 65_535;

/// The largest named file a store keeps, in bytes: a full C2SP entry bundle holds 256 entries of
/// at most [`MAX_LINE`] bytes, each with two bytes of length.
pub const MAX_NAMED: usize = 256 * (MAX_LINE + 2);

/// Keeps lines and named files. One writer at a time; the engine sees to that.
pub trait Store: Send {
    /// How many lines are kept: the index of the next one. Every one of them is durable.
    fn head(&self) -> u64;

    /// Adds `lines` after the last and returns the new head. When it returns `Ok` they are durable;
    /// all of them are kept or, after a crash, a whole-line prefix of them.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the head is not `expected_head`, [`StoreError::Unstorable`] for a
    /// line that is longer than [`MAX_LINE`] or holds a newline: nothing was written.
    /// [`StoreError::Io`] if the outcome is unknown; every later append is then refused with
    /// [`StoreError::Poisoned`] until the store is opened again.
    fn append(&mut self, expected_head: u64, lines: &[&[u8]]) -> Result<u64, StoreError>;

    /// Shows the lines `from..to` in order, as far as there are any, until `visit` breaks. What
    /// cannot be given as a line is shown as a [`BadLine`], and reading goes on behind it.
    ///
    /// # Errors
    /// [`StoreError::Io`] if the system fails; never for what the bytes are.
    fn read(&self, from: u64, to: u64, visit: &mut Visit<'_>) -> Result<(), StoreError>;

    /// Replaces the named file: at every moment, and after any crash, there is either the old
    /// content or the new one. `when` says what is promised on return.
    ///
    /// # Errors
    /// [`StoreError::BadName`], [`StoreError::TooLarge`], [`StoreError::Poisoned`] or
    /// [`StoreError::Io`], after which the store is poisoned.
    fn put(&mut self, name: &str, bytes: &[u8], when: Durable) -> Result<(), StoreError>;

    /// Makes every named file durable that was put with [`Durable::Later`].
    ///
    /// # Errors
    /// [`StoreError::Poisoned`] or [`StoreError::Io`]; after a failed sync the store is poisoned.
    fn sync_named(&mut self) -> Result<(), StoreError>;

    /// The content of a named file, `None` if there is none.
    ///
    /// # Errors
    /// [`StoreError::BadName`]; [`StoreError::TooLarge`], and then nothing of it is read;
    /// [`StoreError::Io`], also for what is not a regular file.
    fn get(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError>;
}

/// What [`Store::read`] calls for each line.
pub type Visit<'a> = dyn FnMut(Result<Line<'_>, BadLine>) -> ControlFlow<()> + 'a;

/// When a named file must be on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durable {
    /// Before the call returns.
    Now,
    /// At the next [`Store::sync_named`]. Readers see it at once.
    Later,
}

/// A line and its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// Its index in the ledger, from 0.
    pub index: u64,
    /// The file it stands in, from the ledger's folder on; empty where there are no files.
    pub file: &'a str,
    /// Its number in that file, from 1.
    pub line_in_file: u64,
    /// The line without its newline.
    pub bytes: &'a [u8],
}

/// Which line of which file a line is, whatever entries other files begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineOfFile {
    /// The index of the entry that the file begins with, by its name.
    pub first: u64,
    /// The number of the line in the file, from 0.
    pub number: u64,
}

impl LineOfFile {
    /// Of a line whose index is counted by its file's name, and its number in the file from 1.
    fn of(index: u64, line_in_file: u64) -> LineOfFile {
        let number = line_in_file.saturating_sub(1);
        let first = index.saturating_sub(number);
        LineOfFile { first, number }
    }
}

impl Line<'_> {
    /// The same line, told by its file.
    #[must_use]
    pub fn of_file(&self) -> LineOfFile {
        LineOfFile::of(self.index, self.line_in_file)
    }
}

impl BadLine {
    /// The same place, told by its file.
    #[must_use]
    pub fn of_file(&self) -> LineOfFile {
        LineOfFile::of(self.index, self.line_in_file)
    }
}

/// A place where a line should be and is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadLine {
    /// The index of the line, or of the first line that is missing.
    pub index: u64,
    /// The file, from the ledger's folder on.
    pub file: String,
    /// The number of the line in that file, from 1.
    pub line_in_file: u64,
    /// What stands there.
    pub found: Found,
}

/// What stands where a line should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// A line of more than [`MAX_LINE`] bytes; it was skipped without being held in memory.
    TooLong {
        /// Its length in bytes, its newline not counted.
        bytes: u64,
    },
    /// The file ends before the line does.
    Unfinished {
        /// How much of the line is there, in bytes, NUL bytes at the end not counted.
        bytes: u64,
    },
    /// The file ends, and the next one begins at a later index: `lines` lines are missing.
    Missing {
        /// How many.
        lines: u64,
    },
    /// The file goes on, but the next one begins at this index or before it.
    Surplus,
    /// The file cannot be read as lines at all.
    Unreadable {
        /// Why.
        why: String,
    },
}

impl Found {
    /// What was expected in its place.
    #[must_use]
    pub fn expected(&self) -> String {
        match self {
            Found::TooLong { .. } => format!("a line of at most {MAX_LINE} bytes"),
            Found::Unfinished { .. } => "a newline at the end of the line".into(),
            Found::Missing { .. } => "lines up to the first index of the next file".into(),
            Found::Surplus => "the end of the file, as the next file begins here".into(),
            Found::Unreadable { .. } => "a regular file of lines".into(),
        }
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Found::TooLong { bytes } => write!(f, "a line of {bytes} bytes"),
            Found::Unfinished { bytes: 1 } => f.write_str("1 byte without a newline"),
            Found::Unfinished { bytes } => write!(f, "{bytes} bytes without a newline"),
            Found::Missing { lines: 1 } => f.write_str("1 line missing"),
            Found::Missing { lines } => write!(f, "{lines} lines missing"),
            Found::Surplus => f.write_str("a line that belongs to the next file"),
            Found::Unreadable { why } => write!(f, "a file that cannot be read: {why}"),
        }
    }
}

impl fmt::Display for BadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let BadLine {
            index,
            file,
            line_in_file,
            found,
        } = self;
        write!(
            f,
            "entry {index} ({file} line {line_in_file}): found {found}, expected {}",
            found.expected()
        )
    }
}

/// One place where stored lines are not what was acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The file, from the ledger's folder on.
    pub file: String,
    /// The number of the line in that file, from 1.
    pub line: u64,
    /// The index in the ledger.
    pub index: u64,
    /// What was found.
    pub found: String,
    /// What was expected.
    pub expected: String,
}

impl From<BadLine> for Damage {
    fn from(bad: BadLine) -> Damage {
        Damage {
            file: bad.file,
            line: bad.line_in_file,
            index: bad.index,
            found: bad.found.to_string(),
            expected: bad.found.expected(),
        }
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Damage {
            file,
            line,
            index,
            found,
            expected,
        } = self;
        write!(
            f,
            "entry {index} ({file} line {line}): found {found}, expected {expected}"
        )
    }
}

/// Why the store did not do what it was asked.
#[derive(Debug)]
pub enum StoreError {
    /// The head moved on: somebody else appended.
    Conflict {
        /// The head that the caller had seen.
        expected: u64,
        /// The head there is.
        found: u64,
    },
    /// Another process, or another part of this one, has the folder open for writing.
    Locked {
        /// The lock file.
        path: PathBuf,
        /// What it says of its holder, for example `pid 4711`.
        holder: String,
    },
    /// An earlier write or sync failed and its outcome is unknown: open the store again.
    Poisoned,
    /// Something else took away or replaced a file that is open for writing, or the whole folder:
    /// what was written last may be in no file of the ledger. Open the store again.
    Replaced {
        /// The file.
        path: PathBuf,
    },
    /// What is kept is not what was acknowledged; nothing was modified. At most
    /// [`MAX_DAMAGES`] places are listed.
    Damaged(Vec<Damage>),
    /// The folder holds a ledger already.
    Occupied {
        /// What shows it.
        path: PathBuf,
    },
    /// A line that cannot be kept.
    Unstorable {
        /// Its position among the lines that were to be appended, from 0.
        position: usize,
        /// Why.
        why: &'static str,
    },
    /// Not the name of a file that a store keeps.
    BadName {
        /// The name.
        name: String,
    },
    /// A named file of more than [`MAX_NAMED`] bytes.
    TooLarge {
        /// Its name.
        name: String,
        /// Its size.
        bytes: u64,
    },
    /// The system failed.
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was being done to it: `sync`, `open for reading`.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

/// How many places a report of damage lists at most, so that its size does not depend on the bytes.
pub const MAX_DAMAGES: usize = 1_000;

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreError::Conflict { expected, found } => {
                write!(f, "the ledger has {found} entries, expected {expected}")
            }
            StoreError::Locked { path, holder } => {
                write!(f, "{}: open for writing by {holder}, expected no other writer", path.display())
            }
            StoreError::Poisoned => f.write_str(
                "an earlier write or sync failed and its outcome is unknown; expected the ledger to be opened again first",
            ),
            StoreError::Replaced { path } => write!(
                f,
                "{}: found another file or none, expected the one that is open for writing: something else has changed the folder",
                path.display()
            ),
            StoreError::Damaged(list) => write_damages(f, list),
            StoreError::Occupied { path } => {
                write!(f, "{}: found a ledger, expected a folder without one", path.display())
            }
            StoreError::Unstorable { position, why } => {
                write!(f, "line {position} of the append: {why}")
            }
            StoreError::BadName { name } => write!(
                f,
                "{name:?}: expected a relative path of plain names outside events/, torn/, cache/ and lock"
            ),
            StoreError::TooLarge { name, bytes } => {
                write!(f, "{name}: {bytes} bytes, expected at most {MAX_NAMED}")
            }
            StoreError::Io { path, doing, source } => {
                write!(f, "{}: could not {doing}: {source}", path.display())
            }
        }
    }
}

/// The first place in full, the others as a count: the list is for the caller to print.
fn write_damages(f: &mut fmt::Formatter<'_>, list: &[Damage]) -> fmt::Result {
    match list {
        [] => f.write_str("damaged"),
        [only] => write!(f, "damaged: {only}"),
        [first, rest @ ..] => write!(f, "damaged: {first}; and {} places more", rest.len()),
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            StoreError::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

/// Gives an [`io::Error`] the path and the deed it belongs to.
trait At<T> {
    fn at(self, path: &Path, doing: &'static str) -> Result<T, StoreError>;
}

impl<T> At<T> for io::Result<T> {
    fn at(self, path: &Path, doing: &'static str) -> Result<T, StoreError> {
        self.map_err(|source| StoreError::Io {
            path: path.to_path_buf(),
            doing,
            source,
        })
    }
}

/// Refuses lines that would not come back as they went in.
fn check_storable(lines: &[&[u8]]) -> Result<(), StoreError> {
    for (position, line) in lines.iter().enumerate() {
        if line.len() > MAX_LINE {
            return Err(StoreError::Unstorable {
                position,
                why: "longer than 65535 bytes",
            });
        }
        if line.contains(&b'\n') {
            return Err(StoreError::Unstorable {
                position,
                why: "holds a newline",
            });
        }
    }
    Ok(())
}

/// Refuses a named file that a reader would refuse.
fn check_size(name: &str, bytes: u64) -> Result<(), StoreError> {
    if bytes > MAX_NAMED as u64 {
        return Err(StoreError::TooLarge {
            name: name.into(),
            bytes,
        });
    }
    Ok(())
}

/// Refuses a name that leads out of the folder or to what the store itself owns.
fn check_name(name: &str) -> Result<(), StoreError> {
    let owned = ["events", "torn", "cache", "lock"];
    let plain = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    };
    let first = name
        .split('/')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    if name.len() <= 255 && name.split('/').all(plain) && !owned.contains(&first.as_str()) {
        return Ok(());
    }
    Err(StoreError::BadName { name: name.into() })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::error::Error as _;

    use super::*;

    fn bad(line_in_file: u64, found: Found) -> BadLine {
        BadLine {
            index: 6 + line_in_file,
            file: "events/000000000007.jsonl".to_owned(),
            line_in_file,
            found,
        }
    }

    #[test]
    fn a_place_says_what_was_found_and_what_was_expected() {
        for (found, said, expected) in [
            (
                Found::TooLong { bytes: 70_000 },
                "a line of 70000 bytes",
                "a line of at most 65535 bytes",
            ),
            (
                Found::Unfinished { bytes: 1 },
                "1 byte without a newline",
                "a newline at the end of the line",
            ),
            (
                Found::Unfinished { bytes: 12 },
                "12 bytes without a newline",
                "a newline at the end of the line",
            ),
            (
                Found::Missing { lines: 1 },
                "1 line missing",
                "lines up to the first index of the next file",
            ),
            (
                Found::Missing { lines: 5 },
                "5 lines missing",
                "lines up to the first index of the next file",
            ),
            (
                Found::Surplus,
                "a line that belongs to the next file",
                "the end of the file, as the next file begins here",
            ),
            (
                Found::Unreadable {
                    why: "a folder".to_owned(),
                },
                "a file that cannot be read: a folder",
                "a regular file of lines",
            ),
        ] {
            let place = bad(1, found);
            let text = format!(
                "entry 7 (events/000000000007.jsonl line 1): found {said}, expected {expected}"
            );
            assert_eq!(place.to_string(), text);
            assert_eq!(Damage::from(place).to_string(), text);
        }
    }

    #[test]
    fn of_many_places_the_first_is_told_and_how_many_there_are() {
        let place = |line| Damage::from(bad(line, Found::Surplus));
        let first = place(1).to_string();
        for (list, said) in [
            (vec![], "damaged".to_owned()),
            (vec![place(1)], format!("damaged: {first}")),
            (
                vec![place(1), place(2), place(3)],
                format!("damaged: {first}; and 2 places more"),
            ),
        ] {
            assert_eq!(StoreError::Damaged(list).to_string(), said);
        }
    }

    #[test]
    fn what_the_system_said_stands_behind_the_error() {
        let failed: io::Result<()> = Err(io::Error::other("no space"));
        let error = failed
            .at(Path::new("ledger/checkpoint"), "sync")
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "ledger/checkpoint: could not sync: no space"
        );
        assert_eq!(error.source().unwrap().to_string(), "no space");
        assert!(StoreError::Poisoned.source().is_none());
    }

    /// 256 entries of at most 65,535 bytes, each with two bytes of length (c2sp.org/tlog-tiles).
    #[test]
    fn a_named_file_is_kept_up_to_the_largest_bundle_and_a_line_up_to_the_longest_entry() {
        let mut store = Memory::new();
        let largest = vec![b'x'; 16_777_472];
        store.put("tile", &largest, Durable::Now).unwrap();
        let error = store.put("tile", &[&largest[..], b"x"].concat(), Durable::Now);
        assert_eq!(
            error.unwrap_err().to_string(),
            "tile: 16777473 bytes, expected at most 16777472"
        );
        assert_eq!(store.get("tile").unwrap().unwrap().len(), 16_777_472);
        let longest = vec![b'x'; 65_535];
        store.append(0, &[&longest]).unwrap();
        let error = store.append(1, &[b"x", &[&longest[..], b"x"].concat()]);
        assert_eq!(
            error.unwrap_err().to_string(),
            "line 1 of the append: longer than 65535 bytes"
        );
        assert_eq!(store.head(), 1);
    }

    #[test]
    fn a_line_in_memory_is_in_no_file_and_counted_from_1() {
        let mut store = Memory::new();
        store.append(0, &[b"a", b"b", b"c"]).unwrap();
        let mut seen = Vec::new();
        let mut visit = |item: Result<Line<'_>, BadLine>| {
            let line = item.unwrap();
            assert_eq!(line.file, "");
            seen.push((line.index, line.line_in_file, line.bytes.to_vec()));
            if line.index == 1 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        };
        store.read(0, 9, &mut visit).unwrap();
        store.read(2, 9, &mut visit).unwrap();
        store.read(3, 9, &mut visit).unwrap();
        let lines = [
            (0, 1, b"a".to_vec()),
            (1, 2, b"b".to_vec()),
            (2, 3, b"c".to_vec()),
        ];
        assert_eq!(seen, lines);
    }
}

//! The default engine: a ledger folder of plain text.
//!
//! ```text
//! events/000000000000.jsonl   lines in order; the name is the index of the first
//! events/000000091442.jsonl   a new file where 64 MiB would be passed
//! checkpoint, tile/…          named files
//! torn/…                      what recovery cut, kept
//! cache/…                     files on their way to their name, copies; disposable
//! lock                        one writer at a time; readers need none
//! ```
//!
//! What holds at every moment, and so after a crash at any of them:
//!
//! - A batch goes into one file in one write, and the next begins only when that is synced. So at
//!   most one batch is in doubt, and it stands at the end of the newest file.
//! - Before a new file is begun, the old one is cut to its lines and synced; before a line goes into
//!   the new one, its name is synced. So only the newest file may end in NUL bytes or in half a
//!   line, and the name of each file is the number of lines before it.
//! - A failed write or sync ends the writer. It is not tried again: the system may have dropped what
//!   it could not write and report success.
//!
//! [`recovery`] makes use of the first, [`SegmentReader`] of the second.

use std::io;
use std::path::{Path, PathBuf};

mod files;
pub mod healing;
mod layout;
mod lines;
mod named;
mod reader;
pub mod recovery;
#[cfg(feature = "zstd")]
mod sealing;
mod source;
mod writer;

pub use files::{Disk, DiskLock, Files, Kind, LockError, Mode, OpenFile};
pub(crate) use files::{create_fresh, read_whole};
pub use reader::SegmentReader;
pub use recovery::{Cut, LineCheck, Recovered, Recovery, Stamp};
#[cfg(all(test, feature = "zstd"))]
pub(crate) use sealing::seal_on;
#[cfg(feature = "zstd")]
pub use sealing::{Sealed, seal};
pub use writer::SegmentWriter;

use super::{At, StoreError};
use layout::Form;

/// The sizes of a ledger's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// The largest size of a segment, in bytes; a single longer line still gets one.
    pub segment_bytes: u64,
    /// How much space is filled with zeros ahead of the lines, in bytes.
    pub reserve_bytes: u64,
}

impl Default for Options {
    /// Segments of 64 MiB, 1 MiB ahead.
    fn default() -> Options {
        Options {
            segment_bytes: 64 << 20,
            reserve_bytes: 1 << 20,
        }
    }
}

/// Whether `dir` holds a ledger: a checkpoint, or more than an `init` that died can leave, which is
/// at most one line, as the first checkpoint has size 1.
///
/// # Errors
/// [`StoreError::Io`] if the folder cannot be looked at.
pub fn holds_ledger(dir: &Path) -> Result<bool, StoreError> {
    Ok(ledger_at(&Disk, dir)?.is_some())
}

/// What shows that there is a ledger.
fn ledger_at<F: Files>(files: &F, dir: &Path) -> Result<Option<PathBuf>, StoreError> {
    let checkpoint = dir.join("checkpoint");
    if files
        .kind(&checkpoint)
        .at(&checkpoint, "look at")?
        .is_some()
    {
        return Ok(Some(checkpoint));
    }
    let events = dir.join("events");
    match files.kind(&events).at(&events, "look at")? {
        None => return Ok(None),
        Some(Kind::Folder) => {}
        Some(_) => {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a folder"))
                .at(&events, "open");
        }
    }
    let reader = SegmentReader::open_on(files.clone(), dir)?;
    let segments = reader.segments();
    let remains = segments
        .iter()
        .all(|segment| segment.first == 0 && segment.form == Form::Plain);
    Ok((!remains || reader.head()? > 1).then_some(events))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

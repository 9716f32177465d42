//! Sources: where the files of a published log are fetched from, on this machine.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::store::segment::{Disk, Files as _, Mode, OpenFile as _};
use crate::tlog::{Tile, TileSource, Tree};

/// Why a file could not be fetched: not that there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceError {
    /// The file, or the address.
    pub place: String,
    /// What was found, and what was expected.
    pub why: String,
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.why)
    }
}

impl std::error::Error for SourceError {}

/// Any source of a log's files.
pub type AnySource<'s> = dyn TileSource<Error = SourceError> + 's;

/// A folder with the files of a log: a ledger, or a copy of what it publishes.
#[derive(Debug, Clone)]
pub struct FolderSource {
    dir: PathBuf,
}

impl FolderSource {
    /// The folder `dir`.
    #[must_use]
    pub fn new(dir: &Path) -> FolderSource {
        FolderSource {
            dir: dir.to_path_buf(),
        }
    }

    fn read(&self, path: &Path, most: usize) -> io::Result<Option<Vec<u8>>> {
        use io::ErrorKind::{NotADirectory, NotFound};
        let file = match Disk.open(path, Mode::Read) {
            Err(error) if matches!(error.kind(), NotFound | NotADirectory) => return Ok(None),
            opened => opened?,
        };
        let length = usize::try_from(file.length()?).unwrap_or(usize::MAX);
        let mut bytes = vec![0; length.min(most.saturating_add(1))];
        let mut filled = 0;
        while filled < bytes.len() {
            match file.read_at(&mut bytes[filled..], filled as u64)? {
                0 => break,
                read => filled += read,
            }
        }
        bytes.truncate(filled);
        Ok(Some(bytes))
    }
}

impl TileSource for FolderSource {
    type Error = SourceError;

    fn fetch(&mut self, path: &str, max_bytes: usize) -> Result<Option<Vec<u8>>, SourceError> {
        let path = self.dir.join(path);
        self.read(&path, max_bytes).map_err(|error| SourceError {
            place: path.display().to_string(),
            why: error.to_string(),
        })
    }
}

/// The tiles of a tree in memory, where those of a folder are not to be had. It has no bundles.
#[derive(Debug, Clone, Copy)]
pub struct TreeSource<'t>(pub &'t Tree);

impl TileSource for TreeSource<'_> {
    type Error = SourceError;

    fn fetch(&mut self, path: &str, _: usize) -> Result<Option<Vec<u8>>, SourceError> {
        let tile = Tile::parse_path(path).ok();
        Ok(tile.and_then(|tile| tile.bytes(self.0)))
    }
}

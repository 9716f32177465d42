//! Files of a witness: replaced whole, durable on return; and the lock of the one who writes them.

use std::fmt;
use std::fs::{File, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

/// What the system did not do.
#[derive(Debug)]
pub enum FolderError {
    /// Another process has the folder.
    Locked(PathBuf),
    /// Reading or writing failed.
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl fmt::Display for FolderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FolderError::Locked(path) => {
                write!(f, "{}: another process has this folder", path.display())
            }
            FolderError::Io { path, source } => write!(f, "{}: {source}", path.display()),
        }
    }
}

impl std::error::Error for FolderError {}

/// Says which file it was.
fn at(path: &Path) -> impl Fn(io::Error) -> FolderError + '_ {
    |source| FolderError::Io {
        path: path.to_path_buf(),
        source,
    }
}

/// A folder that this process alone writes, until it is dropped or the process ends, however it
/// ends.
#[derive(Debug)]
pub(super) struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing would do, but for a child that is just being forked and holds it open as well.
        let _ = self.0.unlock();
    }
}

/// Takes the lock of a folder.
pub(super) fn lock(dir: &Path) -> Result<Lock, FolderError> {
    let path = dir.join("lock");
    let mut options = File::options();
    let opened = options
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path);
    let file = opened.map_err(at(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(Lock(file)),
        Err(TryLockError::WouldBlock) => Err(FolderError::Locked(dir.to_path_buf())),
        Err(TryLockError::Error(error)) => Err(at(&path)(error)),
    }
}

/// The name under which a file is written before it takes its place.
pub(super) const UNFINISHED: &str = ".new";

/// Replaces a file: an intact one is there at every moment, and the new one is on disk on return.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<(), FolderError> {
    let mut fresh = path.as_os_str().to_owned();
    fresh.push(UNFINISHED);
    let fresh = PathBuf::from(fresh);
    let mut file = File::create(&fresh).map_err(at(&fresh))?;
    file.write_all(bytes).map_err(at(&fresh))?;
    file.sync_all().map_err(at(&fresh))?;
    drop(file);
    std::fs::rename(&fresh, path).map_err(at(path))?;
    sync_names(path)
}

/// Removes a file that need not be there.
pub(super) fn remove(path: &Path) -> Result<(), FolderError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(at(path)(error)),
        _ => Ok(()),
    }
}

/// Makes the name of a file durable.
fn sync_names(path: &Path) -> Result<(), FolderError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(at(folder))
}

/// A new folder, and those above it.
pub(super) fn make(path: &Path) -> Result<(), FolderError> {
    std::fs::create_dir_all(path).map_err(at(path))?;
    sync_names(path)
}

/// A file of at most so many bytes; none where it is not there.
pub(super) fn read(path: &Path, most: u64) -> Result<Option<Vec<u8>>, FolderError> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(at(path))?,
    };
    let mut bytes = Vec::new();
    file.take(most + 1)
        .read_to_end(&mut bytes)
        .map_err(at(path))?;
    if bytes.len() as u64 > most {
        let long = format!("more than {most} bytes, expected at most that");
        return Err(at(path)(io::Error::new(io::ErrorKind::InvalidData, long)));
    }
    Ok(Some(bytes))
}

/// The names in a folder, sorted, without files that were being written when a process ended; none
/// where there is no folder.
pub(super) fn names(folder: &Path) -> Result<Vec<String>, FolderError> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(at(folder))?,
    };
    let mut names = entries
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<io::Result<Vec<String>>>()
        .map_err(at(folder))?;
    names.retain(|name| !name.ends_with(UNFINISHED));
    names.sort_unstable();
    Ok(names)
}

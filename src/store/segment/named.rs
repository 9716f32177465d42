//! Files that are replaced as a whole: the checkpoint, tiles.
//!
//! A file is written beside its place, in `cache/`, and then renamed, so that a reader finds the
//! old content or the new one, and a crash leaves no stray file where other people's tools look.
//! A rename without a sync may come out of a power cut as an empty file on some file systems, so
//! the last content that was synced is kept in `cache/` too, as long as unsynced replacing goes on.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use super::super::{At, Durable, StoreError, check_name, check_size};
use super::files::{Files, Kind, Mode, OpenFile, create_fresh, open_if_there, read_open};
use super::layout::folder_of;

/// Replaces named files of one folder.
pub(super) struct Named<F> {
    files: F,
    dir: PathBuf,
    /// Put and not yet synced.
    later: BTreeMap<String, Vec<u8>>,
    /// Names of which an intact copy was synced since opening.
    copied: BTreeSet<String>,
}

impl<F: Files> Named<F> {
    pub(super) fn new(files: F, dir: PathBuf) -> Named<F> {
        Named {
            files,
            dir,
            later: BTreeMap::new(),
            copied: BTreeSet::new(),
        }
    }

    pub(super) fn put(
        &mut self,
        name: &str,
        bytes: &[u8],
        when: Durable,
    ) -> Result<(), StoreError> {
        check_name(name)?;
        check_size(name, bytes.len() as u64)?;
        self.make_folders(name)?;
        match when {
            Durable::Now => {
                replace(&self.files, &self.dir, name, bytes, when)?;
                self.later.remove(name);
            }
            Durable::Later => {
                if self.copied.insert(name.into()) {
                    self.keep_copy(name, bytes)?;
                }
                replace(&self.files, &self.dir, name, bytes, when)?;
                self.later.insert(name.into(), bytes.into());
            }
        }
        Ok(())
    }

    pub(super) fn sync(&mut self) -> Result<(), StoreError> {
        for (name, bytes) in std::mem::take(&mut self.later) {
            self.keep_copy(&name, &bytes)?;
            let path = self.dir.join(&name);
            self.files
                .open(&path, Mode::Write)
                .and_then(|file| file.sync())
                .at(&path, "sync")?;
            let folder = folder_of(&path);
            self.files.sync_folder(&folder).at(&folder, "sync")?;
        }
        Ok(())
    }

    fn keep_copy(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        make_folder(&self.files, &self.dir.join("cache"))?;
        replace(
            &self.files,
            &self.dir,
            &copy_name(name),
            bytes,
            Durable::Now,
        )
    }

    /// Makes the folders on the way to `name`; a symbolic link on the way is refused.
    fn make_folders(&self, name: &str) -> Result<(), StoreError> {
        for (at, _) in name.match_indices('/') {
            make_folder(&self.files, &self.dir.join(&name[..at]))?;
        }
        make_folder(&self.files, &self.dir.join("cache"))
    }
}

/// Makes a folder durably if it is not there.
pub(super) fn make_folder<F: Files>(files: &F, folder: &Path) -> Result<(), StoreError> {
    match files.kind(folder).at(folder, "look at")? {
        Some(Kind::Folder) => Ok(()),
        Some(_) => {
            Err(io::Error::new(io::ErrorKind::InvalidInput, "not a folder")).at(folder, "open")
        }
        None => {
            files.make_folder(folder).at(folder, "make")?;
            let parent = folder_of(folder);
            files.sync_folder(&parent).at(&parent, "sync")
        }
    }
}

/// Replaces `dir/name` as a whole; its folder and `cache/` must be there.
pub(super) fn replace<F: Files>(
    files: &F,
    dir: &Path,
    name: &str,
    bytes: &[u8],
    when: Durable,
) -> Result<(), StoreError> {
    let path = dir.join(name);
    let fresh = dir
        .join("cache")
        .join(format!("{}.new", name.replace('/', "_")));
    let file = create_fresh(files, &fresh).at(&fresh, "create")?;
    file.write_all_at(bytes, 0).at(&fresh, "write")?;
    if when == Durable::Now {
        file.sync().at(&fresh, "sync")?;
    }
    files.rename(&fresh, &path).at(&path, "replace")?;
    if when == Durable::Now {
        let folder = folder_of(&path);
        files.sync_folder(&folder).at(&folder, "sync")?;
    }
    Ok(())
}

/// The content of a named file.
pub(super) fn get<F: Files>(
    files: &F,
    dir: &Path,
    name: &str,
) -> Result<Option<Vec<u8>>, StoreError> {
    check_name(name)?;
    read_whole(files, dir, name)
}

/// The last synced content of a file that is replaced without syncs.
pub(super) fn get_synced<F: Files>(
    files: &F,
    dir: &Path,
    name: &str,
) -> Result<Option<Vec<u8>>, StoreError> {
    check_name(name)?;
    read_whole(files, dir, &copy_name(name))
}

fn copy_name(name: &str) -> String {
    format!("cache/{}.synced", name.replace('/', "_"))
}

/// The length of a named file, in bytes.
pub(super) fn length_of<F: Files>(
    files: &F,
    dir: &Path,
    name: &str,
) -> Result<Option<u64>, StoreError> {
    check_name(name)?;
    let path = &dir.join(name);
    let file = open_if_there(files, path).at(path, "open for reading")?;
    file.map(|file| file.length())
        .transpose()
        .at(path, "measure")
}

fn read_whole<F: Files>(files: &F, dir: &Path, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
    let path = &dir.join(name);
    let Some(file) = open_if_there(files, path).at(path, "open for reading")? else {
        return Ok(None);
    };
    check_size(name, file.length().at(path, "read")?)?;
    read_open(&file).at(path, "read").map(Some)
}

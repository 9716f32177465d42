//! The file layer under the segments: the few things they ask of an operating system, so that a
//! recording or failing one can be put in its place.

use std::fs;
use std::io;
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::OFlags;

use super::layout::folder_of;

/// What stands at a path; symbolic links are not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link, pipe, socket or device: nothing that a ledger is made of.
    Other,
}

/// How a file is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// For reading; it must be there.
    Read,
    /// For reading and writing; it must be there.
    Write,
    /// For reading and writing; made if it is not there, emptied if it is.
    Create,
}

/// A file system, as far as the segments need one. Opening anything but a regular file fails, and
/// never waits.
pub trait Files: Clone + Send + Sync + 'static {
    /// An open file.
    type File: OpenFile;
    /// A lock that is held until it is dropped.
    type Lock: Send;

    /// Opens a regular file; does not follow a symbolic link at its end.
    ///
    /// # Errors
    /// What the system says; [`io::ErrorKind::InvalidInput`] for what is not a regular file.
    fn open(&self, path: &Path, mode: Mode) -> io::Result<Self::File>;
    /// The names in a folder, in no order; bytes that are not UTF-8 are replaced.
    ///
    /// # Errors
    /// What the system says.
    fn names(&self, folder: &Path) -> io::Result<Vec<String>>;
    /// What stands at `path`, `None` for nothing.
    ///
    /// # Errors
    /// What the system says.
    fn kind(&self, path: &Path) -> io::Result<Option<Kind>>;
    /// Makes a folder.
    ///
    /// # Errors
    /// What the system says, also if it is there.
    fn make_folder(&self, path: &Path) -> io::Result<()>;
    /// Gives a file another name, in place of what had that name.
    ///
    /// # Errors
    /// What the system says.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    ///
    /// # Errors
    /// What the system says.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Makes the names in a folder durable.
    ///
    /// # Errors
    /// What the system says.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;
    /// Takes the lock whose file is `path` and writes who holds it, or says who does.
    ///
    /// # Errors
    /// [`LockError::Held`] if another has it, else what the system says.
    fn lock(&self, path: &Path) -> Result<Self::Lock, LockError>;
    /// Whether a lock still keeps others out: whoever takes the lock file away may let another in.
    /// Where nobody else can touch the files it always does.
    ///
    /// # Errors
    /// What the system says.
    fn is_held(&self, _lock: &Self::Lock, _path: &Path) -> io::Result<bool> {
        Ok(true)
    }
    /// Whether an open file is still the one that stands at `path`. Where nobody else can touch the
    /// files it always is.
    ///
    /// # Errors
    /// What the system says.
    fn stands_at(&self, _file: &Self::File, _path: &Path) -> io::Result<bool> {
        Ok(true)
    }
}

/// An open file, read and written at given offsets.
pub trait OpenFile: Send + Sync {
    /// Its length in bytes.
    ///
    /// # Errors
    /// What the system says.
    fn length(&self) -> io::Result<u64>;
    /// Reads at `offset`, in bytes; 0 is the end of the file.
    ///
    /// # Errors
    /// What the system says.
    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize>;
    /// Writes `bytes` at `offset`, in bytes, in one call, which may take fewer of them; says how many.
    ///
    /// # Errors
    /// What the system says; then any part of it may have been written.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize>;
    /// Writes all of `bytes` at `offset`, in bytes: goes on after a call that took fewer, and makes
    /// one again that was interrupted.
    ///
    /// # Errors
    /// What the system says; then any part of it may have been written.
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut done = 0;
        while done < bytes.len() {
            match self.write_at(&bytes[done..], offset + done as u64) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(taken) => done += taken,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
    /// Cuts or extends the file to `length` bytes.
    ///
    /// # Errors
    /// What the system says.
    fn truncate(&self, length: u64) -> io::Result<()>;
    /// Makes its bytes durable, and its length where they need it (fdatasync).
    ///
    /// # Errors
    /// What the system says, an interruption too. A failed sync must not be tried again: the kernel
    /// may have forgotten the pages it could not write, and the second call would succeed.
    fn sync(&self) -> io::Result<()>;
}

/// Why a lock was not taken.
#[derive(Debug)]
pub enum LockError {
    /// Another has it; what the lock file says of the holder.
    Held(String),
    /// The system failed.
    Io(io::Error),
}

impl From<io::Error> for LockError {
    fn from(error: io::Error) -> LockError {
        LockError::Io(error)
    }
}

/// The file system of the machine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Disk;

impl Files for Disk {
    type File = fs::File;
    type Lock = DiskLock;

    fn open(&self, path: &Path, mode: Mode) -> io::Result<fs::File> {
        let mut options = fs::OpenOptions::new();
        options
            .read(true)
            .write(mode != Mode::Read)
            .create(mode == Mode::Create);
        let file = open_regular(&mut options, path)?;
        if mode == Mode::Create {
            // Only now: O_TRUNC would act before it is known what was opened.
            file.set_len(0)?;
        }
        Ok(file)
    }

    fn names(&self, folder: &Path) -> io::Result<Vec<String>> {
        fs::read_dir(folder)?
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect()
    }

    fn kind(&self, path: &Path) -> io::Result<Option<Kind>> {
        match fs::symlink_metadata(path) {
            Ok(found) if found.is_file() => Ok(Some(Kind::File)),
            Ok(found) if found.is_dir() => Ok(Some(Kind::Folder)),
            Ok(_) => Ok(Some(Kind::Other)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn make_folder(&self, path: &Path) -> io::Result<()> {
        fs::create_dir(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        Ok(rustix::fs::fsync(fs::File::open(folder)?)?)
    }

    fn lock(&self, path: &Path) -> Result<DiskLock, LockError> {
        let mut options = fs::OpenOptions::new();
        options.read(true).write(true).create(true);
        let file = open_regular(&mut options, path)?;
        match file.try_lock() {
            Ok(()) => DiskLock::held(file, lock_folder(&folder_of(path))?).map_err(LockError::Io),
            Err(fs::TryLockError::WouldBlock) => Err(LockError::Held(holder(&file))),
            Err(fs::TryLockError::Error(error)) => Err(LockError::Io(error)),
        }
    }

    fn is_held(&self, lock: &DiskLock, path: &Path) -> io::Result<bool> {
        match lock.folder {
            // Nobody gets past it, whatever becomes of the file.
            Some(_) => Ok(true),
            None => self.stands_at(&lock.file, path),
        }
    }

    fn stands_at(&self, file: &fs::File, path: &Path) -> io::Result<bool> {
        let ours = file.metadata()?;
        match fs::symlink_metadata(path) {
            Ok(there) => Ok((there.dev(), there.ino()) == (ours.dev(), ours.ino())),
            Err(error) if is_nothing(&error) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

fn is_nothing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// Locks the folder that a lock file lies in: the file may be taken away and made anew, and whoever
/// makes it has the lock of another file; the folder stays the same one. None where the file system
/// locks no folders.
fn lock_folder(folder: &Path) -> Result<Option<fs::File>, LockError> {
    let folder = fs::File::open(folder)?;
    match folder.try_lock() {
        Ok(()) => Ok(Some(folder)),
        Err(fs::TryLockError::WouldBlock) => Err(LockError::Held(
            "another process, whose lock file was taken away".into(),
        )),
        Err(fs::TryLockError::Error(_)) => Ok(None),
    }
}

/// Opens without following a link and without waiting for the other end of a pipe.
fn open_regular(options: &mut fs::OpenOptions, path: &Path) -> io::Result<fs::File> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY).bits();
    let irregular = || io::Error::new(io::ErrorKind::InvalidInput, "not a regular file");
    match options.custom_flags(flags.cast_signed()).open(path) {
        Ok(file) if file.metadata()?.is_file() => Ok(file),
        Ok(_) => Err(irregular()),
        // Systems differ in what they call a link, a folder or a socket that does not open.
        Err(error) => Err(match fs::symlink_metadata(path) {
            Ok(found) if !found.is_file() => irregular(),
            _ => error,
        }),
    }
}

/// The advisory lock of the ledger's one writer (flock), on its lock file and on the folder. The
/// system gives it back when the process ends, however it ends: a lock file that a dead process left
/// is no obstacle.
#[derive(Debug)]
pub struct DiskLock {
    file: fs::File,
    folder: Option<fs::File>,
}

impl DiskLock {
    /// Writes down who holds it, for the message that the next one gets.
    fn held(mut file: fs::File, folder: Option<fs::File>) -> io::Result<DiskLock> {
        file.set_len(0)?;
        file.write_all(format!("pid {}\n", std::process::id()).as_bytes())?;
        Ok(DiskLock { file, folder })
    }
}

impl Drop for DiskLock {
    fn drop(&mut self) {
        // Nothing depends on it: the text is only for people.
        let _ = self.file.set_len(0);
        // Closing would do, but for a child that is just being forked and holds it open as well.
        if let Some(folder) = &self.folder {
            let _ = folder.unlock();
        }
        let _ = self.file.unlock();
    }
}

/// What the lock file says of its holder. The text may be another's: only plain characters pass.
fn holder(mut file: &fs::File) -> String {
    let mut text = Vec::new();
    let read = file
        .seek(SeekFrom::Start(0))
        .and_then(|_| file.take(64).read_to_end(&mut text));
    let text = String::from_utf8_lossy(&text).trim().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || c == ' ';
    if read.is_ok() && !text.is_empty() && text.chars().all(plain) {
        return text;
    }
    "another process".into()
}

impl OpenFile for fs::File {
    fn length(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        loop {
            match FileExt::read_at(self, into, offset) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                done => return done,
            }
        }
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        FileExt::write_at(self, bytes, offset)
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }

    fn sync(&self) -> io::Result<()> {
        sync_once(self)
    }
}

/// One call and no more: the standard library would make an interrupted one again.
#[cfg(not(target_vendor = "apple"))]
fn sync_once(file: &fs::File) -> io::Result<()> {
    Ok(rustix::fs::fdatasync(file)?)
}

/// One call and no more, and past the disk's own cache, as fsync does not go there.
#[cfg(target_vendor = "apple")]
fn sync_once(file: &fs::File) -> io::Result<()> {
    Ok(rustix::fs::fcntl_fullfsync(file)?)
}

/// Makes a file that has no other name. A file left here by a rename that a power cut undid in part
/// may be the very one that has the other name too, and to empty it would be to empty that.
///
/// # Errors
/// What the system says.
pub(crate) fn create_fresh<F: Files>(files: &F, path: &Path) -> io::Result<F::File> {
    if files.kind(path)?.is_some() {
        files.remove(path)?;
    }
    files.open(path, Mode::Create)
}

/// All bytes of a regular file, `None` where there is none.
///
/// # Errors
/// What the system says; [`io::ErrorKind::FileTooLarge`] for more than `most` bytes, none of which
/// are read then.
pub(crate) fn read_whole<F: Files>(
    files: &F,
    path: &Path,
    most: usize,
) -> io::Result<Option<Vec<u8>>> {
    let Some(file) = open_if_there(files, path)? else {
        return Ok(None);
    };
    if file.length()? > most as u64 {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    read_open(&file).map(Some)
}

/// Opens a file for reading, if it is there.
pub(super) fn open_if_there<F: Files>(files: &F, path: &Path) -> io::Result<Option<F::File>> {
    use io::ErrorKind::{NotADirectory, NotFound};
    match files.open(path, Mode::Read) {
        Err(error) if matches!(error.kind(), NotFound | NotADirectory) => Ok(None),
        opened => opened.map(Some),
    }
}

/// All bytes of an open file, whose length was looked at before.
pub(super) fn read_open<T: OpenFile>(file: &T) -> io::Result<Vec<u8>> {
    let length = usize::try_from(file.length()?).unwrap_or(usize::MAX);
    let mut bytes = vec![0; length];
    let mut filled = 0;
    while filled < bytes.len() {
        match file.read_at(&mut bytes[filled..], filled as u64)? {
            0 => break,
            read => filled += read,
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Mutex;

    use super::super::super::fault::{Fault, Sim, Trouble};
    use super::*;

    /// Gives and takes three bytes in a call, and after `most` bytes none.
    struct Sips {
        bytes: Mutex<Vec<u8>>,
        length: u64,
        most: usize,
    }

    impl OpenFile for Sips {
        fn length(&self) -> io::Result<u64> {
            Ok(self.length)
        }
        fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
            let bytes = self.bytes.lock().unwrap();
            let left = &bytes[usize::try_from(offset).unwrap().min(bytes.len())..];
            let taken = left.len().min(into.len()).min(3);
            into[..taken].copy_from_slice(&left[..taken]);
            Ok(taken)
        }
        fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
            let mut all = self.bytes.lock().unwrap();
            assert_eq!(all.len() as u64, offset);
            let taken = bytes.len().min(3).min(self.most - all.len());
            all.extend_from_slice(&bytes[..taken]);
            Ok(taken)
        }
        fn truncate(&self, _: u64) -> io::Result<()> {
            Ok(())
        }
        fn sync(&self) -> io::Result<()> {
            Ok(())
        }
    }

    fn sips(bytes: &[u8], length: u64, most: usize) -> Sips {
        Sips {
            bytes: Mutex::new(bytes.to_vec()),
            length,
            most,
        }
    }

    #[test]
    fn what_is_read_and_written_in_sips_is_whole_or_an_error() {
        let file = sips(b"", 0, 100);
        file.write_all_at(b"0123456789", 0).unwrap();
        assert_eq!(*file.bytes.lock().unwrap(), b"0123456789");
        let full = sips(b"", 0, 7);
        let error = full.write_all_at(b"0123456789", 0).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::WriteZero);
        assert_eq!(
            read_open(&sips(b"0123456789", 10, 0)).unwrap(),
            b"0123456789"
        );
        // Cut after its length was looked at, and grown.
        assert_eq!(read_open(&sips(b"01234", 10, 0)).unwrap(), b"01234");
        assert_eq!(read_open(&sips(b"0123456789", 5, 0)).unwrap(), b"01234");
    }

    #[test]
    fn an_interrupted_write_is_made_again_and_any_other_that_fails_is_not() {
        for (trouble, is_written) in [
            (Trouble::Interrupted, true),
            (Trouble::Short, true),
            (Trouble::Io, false),
            (Trouble::Full, false),
        ] {
            let sim = Sim::default();
            let path = Path::new("/file");
            let file = sim.open(path, Mode::Create).unwrap();
            sim.trouble(Some(Fault {
                at: sim.calls(),
                trouble,
                for_ever: false,
            }));
            let written = file.write_all_at(b"0123456789", 0);
            assert_eq!(written.is_ok(), is_written, "{trouble:?}");
            if is_written {
                assert_eq!(sim.contents()[path], b"0123456789", "{trouble:?}");
            }
        }
    }

    #[test]
    fn a_file_is_read_up_to_the_most_that_was_asked_for() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        assert!(read_whole(&Disk, &path, 5).unwrap().is_none());
        assert!(read_whole(&Disk, &path.join("under"), 5).unwrap().is_none());
        fs::write(&path, "12345").unwrap();
        assert_eq!(read_whole(&Disk, &path, 5).unwrap().unwrap(), b"12345");
        assert!(read_whole(&Disk, &path.join("under"), 5).unwrap().is_none());
        let error = read_whole(&Disk, &path, 4).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
        assert!(read_whole(&Disk, dir.path(), 5).is_err());
    }

    #[test]
    fn what_stands_at_a_path_is_told_apart() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        assert_eq!(Disk.kind(&path).unwrap(), None);
        // A path through a file is not one at which nothing stands: it cannot be looked at.
        fs::write(&path, "1").unwrap();
        assert!(Disk.kind(&path.join("under")).is_err());
        assert_eq!(Disk.kind(&path).unwrap(), Some(Kind::File));
        assert_eq!(Disk.kind(dir.path()).unwrap(), Some(Kind::Folder));
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert_eq!(Disk.kind(&link).unwrap(), Some(Kind::Other));

        let file = Disk.open(&path, Mode::Write).unwrap();
        assert!(Disk.stands_at(&file, &path).unwrap());
        assert!(!Disk.stands_at(&file, &link).unwrap());
        fs::rename(&path, dir.path().join("other")).unwrap();
        assert!(!Disk.stands_at(&file, &path).unwrap());
        fs::write(&path, "1").unwrap();
        assert!(!Disk.stands_at(&file, &path).unwrap());
        assert!(!Disk.stands_at(&file, &path.join("under")).unwrap());
        let long = dir.path().join("x".repeat(300));
        assert!(Disk.stands_at(&file, &long).is_err());
        assert!(Disk.kind(&long).is_err());
    }

    #[test]
    fn a_lock_file_made_anew_lets_nobody_in_and_without_the_folders_lock_it_is_seen() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let mut lock = Disk.lock(&path).unwrap();
        assert!(Disk.is_held(&lock, &path).unwrap());
        fs::remove_file(&path).unwrap();
        let error = Disk.lock(&path).unwrap_err();
        assert!(
            matches!(&error, LockError::Held(by) if by == "another process, whose lock file was taken away"),
            "{error:?}"
        );
        assert!(Disk.is_held(&lock, &path).unwrap());
        lock.folder = None;
        assert!(!Disk.is_held(&lock, &path).unwrap());
    }

    #[test]
    fn the_holder_is_told_in_plain_words_only_and_the_file_is_emptied_at_the_end() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let lock = Disk.lock(&path).unwrap();
        let text = format!("pid {}", std::process::id());
        assert_eq!(fs::read_to_string(&path).unwrap(), format!("{text}\n"));
        let by = |result: Result<DiskLock, LockError>| match result {
            Err(LockError::Held(by)) => by,
            other => panic!("{other:?}"),
        };
        assert_eq!(by(Disk.lock(&path)), text);
        for odd in ["", "\x1b[2J", "pid 1; rm", "p\u{ef}d 1"] {
            fs::write(&path, odd).unwrap();
            assert_eq!(by(Disk.lock(&path)), "another process", "{odd:?}");
        }
        drop(lock);
        assert_eq!(fs::read(&path).unwrap(), b"");
        drop(Disk.lock(&path).unwrap());
    }

    /// A pipe cannot be synced, and a folder cannot be read as a file: whoever says so asked.
    #[test]
    fn what_the_system_refuses_to_sync_read_or_open_is_an_error_of_its_kind() {
        let (_, end) = io::pipe().unwrap();
        let pipe = fs::File::from(std::os::fd::OwnedFd::from(end));
        assert_eq!(
            OpenFile::sync(&pipe).unwrap_err().kind(),
            io::ErrorKind::InvalidInput
        );
        let dir = tempfile::tempdir().unwrap();
        let folder = fs::File::open(dir.path()).unwrap();
        assert_eq!(
            OpenFile::read_at(&folder, &mut [0; 4], 0)
                .unwrap_err()
                .kind(),
            io::ErrorKind::IsADirectory
        );
        let none = dir.path().join("none");
        for error in [
            Disk.sync_folder(&none).unwrap_err(),
            Disk.open(&none, Mode::Read).unwrap_err(),
        ] {
            assert_eq!(error.kind(), io::ErrorKind::NotFound);
        }
        Disk.sync_folder(dir.path()).unwrap();
        assert_eq!(
            Disk.open(dir.path(), Mode::Read).unwrap_err().to_string(),
            "not a regular file"
        );
        // A program that runs is a regular file that may not be written.
        let busy = Disk.open(&std::env::current_exe().unwrap(), Mode::Write);
        assert_eq!(busy.unwrap_err().kind(), io::ErrorKind::ExecutableFileBusy);
    }
}

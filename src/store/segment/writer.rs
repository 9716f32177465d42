//! The one writer of a ledger folder.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::{At, Durable, MAX_LINE, Store, StoreError, Visit, check_storable};
use super::Options;
use super::files::{Disk, Files, Kind, LockError, Mode, OpenFile};
use super::layout::{Form, folder_of, segment_name};
use super::named::{Named, make_folder, replace};
use super::reader::SegmentReader;
use super::recovery::{Recovered, Recovery, keep_torn, recover, text_end};

/// What `git` leaves out of a ledger folder.
const GITIGNORE: &[u8] = b"cache/\nlock\ntorn/\n";

/// Appends to a ledger folder. Holds the folder's lock as long as it lives.
///
/// An append is one write and one fdatasync: the space it goes into was filled with zeros before,
/// so the sync has no change of the file's length or extents to write.
pub struct SegmentWriter<F: Files = Disk> {
    files: F,
    dir: PathBuf,
    options: Options,
    reader: Arc<SegmentReader<F>>,
    named: Named<F>,
    head: u64,
    newest: Option<Newest<F::File>>,
    poisoned: bool,
    /// The bytes of one write.
    batch: Vec<u8>,
    lock: F::Lock,
}

/// The file that is being appended to.
struct Newest<T> {
    path: PathBuf,
    file: T,
    /// Behind the last line.
    end: u64,
    /// Behind the last zero.
    reserved: u64,
}

impl SegmentWriter {
    /// Makes a ledger folder without lines, with its `.gitignore`, and opens it. What an earlier
    /// call left that died before the first checkpoint is put aside in `torn/`.
    ///
    /// # Errors
    /// [`StoreError::Occupied`] if there is a ledger, [`StoreError::Locked`], [`StoreError::Io`].
    pub fn create(dir: &Path) -> Result<SegmentWriter, StoreError> {
        SegmentWriter::create_on(Disk, dir, Options::default())
    }

    /// Opens a ledger folder for writing: takes the lock, cuts a torn batch, makes the lines past B
    /// durable, and says what it did.
    ///
    /// # Errors
    /// [`StoreError::Locked`] names another writer; [`StoreError::Damaged`] if acknowledged lines
    /// are not as they were, and then nothing was modified; [`StoreError::Io`].
    pub fn open(
        dir: &Path,
        recovery: Recovery<'_>,
    ) -> Result<(SegmentWriter, Recovered), StoreError> {
        SegmentWriter::open_on(Disk, dir, Options::default(), recovery)
    }
}

impl<F: Files> SegmentWriter<F> {
    /// As [`SegmentWriter::create`], on another file system or with other sizes.
    ///
    /// # Errors
    /// As [`SegmentWriter::create`].
    pub fn create_on(
        files: F,
        dir: &Path,
        options: Options,
    ) -> Result<SegmentWriter<F>, StoreError> {
        make_folders_to(&files, dir)?;
        let lock = take_lock(&files, dir)?;
        if let Some(path) = super::ledger_at(&files, dir)? {
            return Err(StoreError::Occupied { path });
        }
        make_folder(&files, &dir.join("cache"))?;
        make_folder(&files, &dir.join("events"))?;
        let ignore = dir.join(".gitignore");
        if files.kind(&ignore).at(&ignore, "look at")?.is_none() {
            replace(&files, dir, ".gitignore", GITIGNORE, Durable::Now)?;
        }
        put_remains_aside(&files, dir)?;
        let mut writer = SegmentWriter::over(files, dir, options, lock, 0)?;
        writer.begin_segment()?;
        Ok(writer)
    }

    /// As [`SegmentWriter::open`], on another file system or with other sizes.
    ///
    /// # Errors
    /// As [`SegmentWriter::open`].
    pub fn open_on(
        files: F,
        dir: &Path,
        options: Options,
        recovery: Recovery<'_>,
    ) -> Result<(SegmentWriter<F>, Recovered), StoreError> {
        let lock = take_lock(&files, dir)?;
        let ready = recover(&files, dir, recovery)?;
        let mut writer = SegmentWriter::over(files, dir, options, lock, ready.recovered.kept)?;
        writer.open_newest(ready.end)?;
        Ok((writer, ready.recovered))
    }

    fn over(
        files: F,
        dir: &Path,
        options: Options,
        lock: F::Lock,
        head: u64,
    ) -> Result<SegmentWriter<F>, StoreError> {
        let reader = Arc::new(SegmentReader::open_on(files.clone(), dir)?);
        let named = Named::new(files.clone(), dir.into());
        let dir = dir.into();
        Ok(SegmentWriter {
            files,
            dir,
            options,
            reader,
            named,
            head,
            newest: None,
            poisoned: false,
            batch: Vec::new(),
            lock,
        })
    }

    /// A reader that shares what this writer remembers of the files. It also sees what is being
    /// written: read only up to a head that was returned.
    #[must_use]
    pub fn reader(&self) -> Arc<SegmentReader<F>> {
        Arc::clone(&self.reader)
    }

    /// Syncs the named files, gives back the reserved space and the lock.
    ///
    /// # Errors
    /// [`StoreError::Poisoned`] if an earlier write failed: the folder is left to recovery;
    /// [`StoreError::Io`].
    pub fn close(mut self) -> Result<(), StoreError> {
        self.sync_named()?;
        self.trim()?;
        drop(self.lock);
        Ok(())
    }

    /// Goes on behind the last line of the newest file; a sealed one is not gone on with. It may have
    /// been cut to its lines by one that ended before that was synced: now it is, as another file
    /// may be begun before anything is written to it.
    fn open_newest(&mut self, end: u64) -> Result<(), StoreError> {
        let segments = self.reader.segments();
        let Some(newest) = segments.last().filter(|newest| newest.form == Form::Plain) else {
            return Ok(());
        };
        let path = self.dir.join(&newest.name);
        let file = self
            .files
            .open(&path, Mode::Write)
            .at(&path, "open for writing")?;
        file.sync().at(&path, "sync")?;
        let reserved = file.length().at(&path, "measure")?;
        self.newest = Some(Newest {
            path,
            file,
            end,
            reserved,
        });
        Ok(())
    }

    /// Writes one batch that fits into one file, and syncs it.
    fn write_batch(&mut self) -> Result<(), StoreError> {
        let length = self.batch.len() as u64;
        let fits = |newest: &Newest<F::File>| {
            newest.end == 0 || newest.end + length <= self.options.segment_bytes
        };
        if !self.newest.as_ref().is_some_and(fits) {
            self.trim()?;
            self.begin_segment()?;
        }
        let newest = self.newest.as_mut().expect("a segment was begun above");
        newest.reserve(length, self.options)?;
        newest
            .file
            .write_all_at(&self.batch, newest.end)
            .at(&newest.path, "write")?;
        newest.file.sync().at(&newest.path, "sync")?;
        newest.end += length;
        // Nothing is acknowledged that went into a file which somebody took away meanwhile.
        let is_there = self.files.stands_at(&newest.file, &newest.path);
        match is_there.at(&newest.path, "look at")? {
            true => Ok(()),
            false => Err(StoreError::Replaced {
                path: newest.path.clone(),
            }),
        }
    }

    /// Whether nobody else can have been let in since the lock was taken.
    fn is_held(&self) -> Result<(), StoreError> {
        let path = self.dir.join("lock");
        match self.files.is_held(&self.lock, &path).at(&path, "look at")? {
            true => Ok(()),
            false => Err(StoreError::Replaced { path }),
        }
    }

    /// Begins the file whose first line is the next one. It is there for good before a line is.
    fn begin_segment(&mut self) -> Result<(), StoreError> {
        let path = self.dir.join(segment_name(self.head, Form::Plain));
        let file = self.files.open(&path, Mode::Create).at(&path, "create")?;
        let mut newest = Newest {
            path,
            file,
            end: 0,
            reserved: 0,
        };
        newest.reserve(1, self.options)?;
        newest.file.sync().at(&newest.path, "sync")?;
        let events = folder_of(&newest.path);
        self.files.sync_folder(&events).at(&events, "sync")?;
        self.newest = Some(newest);
        Ok(())
    }

    /// Gives back the space reserved in the newest file, for good: only a file that stays the
    /// newest may end in NUL bytes.
    fn trim(&mut self) -> Result<(), StoreError> {
        if let Some(newest) = self
            .newest
            .as_mut()
            .filter(|newest| newest.reserved > newest.end)
        {
            newest.file.truncate(newest.end).at(&newest.path, "cut")?;
            newest.file.sync().at(&newest.path, "sync")?;
            newest.reserved = newest.end;
        }
        Ok(())
    }

    fn append_all(&mut self, lines: &[&[u8]]) -> Result<(), StoreError> {
        let mut rest = lines;
        while !rest.is_empty() {
            let taken = self.fill_batch(rest);
            self.write_batch()?;
            self.head += taken as u64;
            rest = &rest[taken..];
        }
        Ok(())
    }

    /// Takes as many lines as fit into one file, at least one; says how many.
    fn fill_batch(&mut self, lines: &[&[u8]]) -> usize {
        self.batch.clear();
        for (taken, line) in lines.iter().enumerate() {
            let length = (self.batch.len() + line.len() + 1) as u64;
            if taken > 0 && length > self.options.segment_bytes {
                return taken;
            }
            self.batch.extend_from_slice(line);
            self.batch.push(b'\n');
        }
        lines.len()
    }

    /// After a failure nobody knows what is on disk: nothing more is written.
    fn poison_on_error<T>(&mut self, done: Result<T, StoreError>) -> Result<T, StoreError> {
        self.poisoned |= matches!(
            done,
            Err(StoreError::Io { .. } | StoreError::Replaced { .. })
        );
        done
    }

    fn refuse_if_poisoned(&self) -> Result<(), StoreError> {
        if self.poisoned {
            Err(StoreError::Poisoned)
        } else {
            Ok(())
        }
    }
}

impl<T: OpenFile> Newest<T> {
    /// Sees to it that `length` bytes behind the end are zeros, and some more. They are synced with
    /// the lines: a crash before leaves fewer zeros and no line.
    fn reserve(&mut self, length: u64, options: Options) -> Result<(), StoreError> {
        let needed = self.end + length;
        if needed <= self.reserved {
            return Ok(());
        }
        let wanted = (needed + options.reserve_bytes)
            .min(options.segment_bytes)
            .max(needed);
        let zeros = vec![0; usize::try_from(wanted - self.reserved).unwrap_or(MAX_LINE)];
        self.file
            .write_all_at(&zeros, self.reserved)
            .at(&self.path, "reserve space")?;
        self.reserved += zeros.len() as u64;
        Ok(())
    }
}

impl<F: Files> Store for SegmentWriter<F> {
    fn head(&self) -> u64 {
        self.head
    }

    fn append(&mut self, expected_head: u64, lines: &[&[u8]]) -> Result<u64, StoreError> {
        self.refuse_if_poisoned()?;
        if expected_head != self.head {
            return Err(StoreError::Conflict {
                expected: expected_head,
                found: self.head,
            });
        }
        check_storable(lines)?;
        let done = self.is_held().and_then(|()| self.append_all(lines));
        self.poison_on_error(done)?;
        Ok(self.head)
    }

    fn read(&self, from: u64, to: u64, visit: &mut Visit<'_>) -> Result<(), StoreError> {
        self.reader.read(from, to.min(self.head), visit)
    }

    fn put(&mut self, name: &str, bytes: &[u8], when: Durable) -> Result<(), StoreError> {
        self.refuse_if_poisoned()?;
        let done = self.named.put(name, bytes, when);
        self.poison_on_error(done)
    }

    fn sync_named(&mut self) -> Result<(), StoreError> {
        self.refuse_if_poisoned()?;
        let done = self.named.sync();
        self.poison_on_error(done)
    }

    fn get(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.reader.get(name)
    }
}

pub(super) fn take_lock<F: Files>(files: &F, dir: &Path) -> Result<F::Lock, StoreError> {
    let path = dir.join("lock");
    files.lock(&path).map_err(|error| match error {
        LockError::Held(holder) => StoreError::Locked { path, holder },
        LockError::Io(source) => StoreError::Io {
            path,
            doing: "lock",
            source,
        },
    })
}

/// Makes the ledger folder and the folders it lies in, as far as they are not there.
fn make_folders_to<F: Files>(files: &F, dir: &Path) -> Result<(), StoreError> {
    let missing =
        |path: &&Path| !path.as_os_str().is_empty() && matches!(files.kind(path), Ok(None));
    let missing: Vec<&Path> = dir.ancestors().take_while(missing).collect();
    missing
        .into_iter()
        .rev()
        .try_for_each(|folder| make_folder(files, folder))
}

/// Takes what a creation that died left in the first file to `torn/`.
fn put_remains_aside<F: Files>(files: &F, dir: &Path) -> Result<(), StoreError> {
    let name = segment_name(0, Form::Plain);
    let path = dir.join(&name);
    if files.kind(&path).at(&path, "look at")? != Some(Kind::File) {
        return Ok(());
    }
    let file = files
        .open(&path, Mode::Read)
        .at(&path, "open for reading")?;
    if text_end(&file, 0).at(&path, "read")? == 0 {
        return Ok(());
    }
    keep_torn(files, dir, 0, &[(&name, 0)]).map(|_| ())
}

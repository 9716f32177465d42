//! Reads a ledger folder: takes no lock, writes nothing, gives every line that is there.

use std::io;
use std::ops::{ControlFlow, Range};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::super::{At, BadLine, Found, Line, StoreError, Visit};
use super::files::{Disk, Files, Kind, Mode};
use super::layout::{self, Form, segment_name};
use super::lines::{Lines, Piece};
use super::named;
use super::source;

/// One offset is remembered for so many lines.
const LINES_A_MARK: u64 = 16;
/// So many files are kept open between reads.
const FILES_KEPT_OPEN: usize = 64;
/// Bytes asked for at a time: for a few lines, and for many.
const SMALL_CHUNK: usize = 16 << 10;
const LARGE_CHUNK: usize = 128 << 10;

/// Reads the lines and named files of a ledger folder, also while a writer has it open, also where
/// nothing may be written, also where it is damaged.
///
/// Where lines begin is remembered as they are passed, so reading one by its index is one small
/// read once its surroundings have been seen. Lines past the head that was last published may
/// still be cut by a recovery: whoever read those opens a new reader after one.
pub struct SegmentReader<F: Files = Disk> {
    files: F,
    dir: PathBuf,
    table: Mutex<Table<F::File>>,
    kept_open: AtomicUsize,
}

struct Table<T> {
    segments: Segments<T>,
    strays: Vec<String>,
}

/// The segments in order of their first index.
pub(super) type Segments<T> = Arc<[Arc<Segment<T>>]>;

pub(super) struct Segment<T> {
    pub(super) first: u64,
    pub(super) form: Form,
    /// From the ledger's folder on.
    pub(super) name: String,
    /// The offset of every 16th line, as far as they have been passed; only of a plain segment.
    marks: Mutex<Vec<u64>>,
    file: Mutex<Option<Arc<T>>>,
}

/// An item of a walk: the line or what stands in its place, its segment, its offset there.
pub(super) type Step<'a, T> =
    dyn FnMut(Result<Line<'_>, BadLine>, &Arc<Segment<T>>, u64) -> ControlFlow<()> + 'a;

/// How a walk over one or more segments came to its end.
enum Walked {
    /// The visitor broke, or all that was asked for has been shown.
    Done,
    /// The files ended; the index of the line that would come next.
    Ended(u64),
    /// Lines seem to be missing from this index on.
    Gap(u64),
}

impl SegmentReader {
    /// Opens the ledger folder `dir` for reading.
    ///
    /// # Errors
    /// [`StoreError::Io`] if it has no `events/` folder or that cannot be listed.
    pub fn open(dir: &Path) -> Result<SegmentReader, StoreError> {
        SegmentReader::open_on(Disk, dir)
    }
}

impl<F: Files> SegmentReader<F> {
    /// Opens the ledger folder `dir` of another file system.
    ///
    /// # Errors
    /// As [`SegmentReader::open`].
    pub fn open_on(files: F, dir: &Path) -> Result<SegmentReader<F>, StoreError> {
        let events = dir.join("events");
        if files.kind(&events).at(&events, "look at")? == Some(Kind::Other) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a folder"))
                .at(&events, "open");
        }
        let table = Mutex::new(Table {
            segments: Arc::new([]),
            strays: Vec::new(),
        });
        let reader = SegmentReader {
            files,
            dir: dir.into(),
            table,
            kept_open: AtomicUsize::new(0),
        };
        reader.refresh()?;
        Ok(reader)
    }

    /// The file system that it reads on.
    pub(crate) fn files(&self) -> &F {
        &self.files
    }

    /// How many complete lines there are now. Those past the published head are not yet promised.
    ///
    /// # Errors
    /// [`StoreError::Io`] if the system fails.
    pub fn head(&self) -> Result<u64, StoreError> {
        self.refresh()?;
        let segments = self.segments();
        let Some(newest) = segments.last() else {
            return Ok(0);
        };
        let mut head = newest.first + newest.last_mark().0;
        self.walk(head..u64::MAX, &mut |item, _, _| {
            match item {
                Ok(line) => head = line.index + 1,
                Err(BadLine {
                    index,
                    found: Found::TooLong { .. },
                    ..
                }) => head = index + 1,
                Err(_) => {}
            }
            ControlFlow::Continue(())
        })?;
        Ok(head)
    }

    /// Shows the lines `from..to`, as [`Store::read`](super::super::Store::read) does.
    ///
    /// # Errors
    /// [`StoreError::Io`] if the system fails; never for what the bytes are.
    pub fn read(&self, from: u64, to: u64, visit: &mut Visit<'_>) -> Result<(), StoreError> {
        self.walk(from..to, &mut |item, _, _| visit(item))
    }

    /// Shows the lines `numbers` of the file that begins with the entry `first`, counted from 0 in
    /// it; also those that go on where the next file begins, which [`SegmentReader::read`] does not
    /// show. Nothing is shown where there is no such file.
    ///
    /// # Errors
    /// As [`SegmentReader::read`].
    pub fn read_file(
        &self,
        first: u64,
        numbers: Range<u64>,
        visit: &mut Visit<'_>,
    ) -> Result<(), StoreError> {
        let segments = self.segments();
        let Ok(at) = segments.binary_search_by_key(&first, |segment| segment.first) else {
            return Ok(());
        };
        // Only the newest file may end in space that was reserved.
        let next = segments.get(at + 1).map(|_| u64::MAX);
        let range = first.saturating_add(numbers.start)..first.saturating_add(numbers.end);
        self.walk_segment(&segments[at], next, &range, &mut |item, _, _| visit(item))?;
        Ok(())
    }

    /// The content of a named file, `None` if there is none.
    ///
    /// # Errors
    /// As [`Store::get`](super::super::Store::get).
    pub fn get(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        named::get(&self.files, &self.dir, name)
    }

    /// How long the named file is, in bytes, `None` if there is none.
    ///
    /// # Errors
    /// As [`Store::get`](super::super::Store::get), but for its size.
    pub fn length_of(&self, name: &str) -> Result<Option<u64>, StoreError> {
        named::length_of(&self.files, &self.dir, name)
    }

    /// The last content of a named file that was synced while it was being replaced with
    /// [`Durable::Later`](super::super::Durable::Later). After a power cut the file itself may be
    /// empty, older or newer than this; this one is whole. It is lost with the `cache/` folder.
    ///
    /// # Errors
    /// As [`Store::get`](super::super::Store::get).
    pub fn get_synced(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        named::get_synced(&self.files, &self.dir, name)
    }

    /// Names in `events/` that are not those of a segment, when it was last listed.
    #[must_use]
    pub fn strays(&self) -> Vec<String> {
        self.table().strays.clone()
    }

    /// Forgets where the lines from `index` on begin. Whoever goes on reading past a published head
    /// that was seen before says so first: a recovery may have cut what stood there.
    pub fn forget_from(&self, index: u64) {
        for segment in self.segments().iter() {
            segment.forget_from(index);
        }
    }

    pub(super) fn segments(&self) -> Segments<F::File> {
        Arc::clone(&self.table().segments)
    }

    fn table(&self) -> MutexGuard<'_, Table<F::File>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// As [`SegmentReader::read`], with the segment and the offset of every item.
    pub(super) fn walk(
        &self,
        range: Range<u64>,
        step: &mut Step<'_, F::File>,
    ) -> Result<(), StoreError> {
        let mut from = range.start;
        let mut is_gap = None;
        loop {
            let segments = self.segments();
            match self.walk_segments(&segments, from..range.end, is_gap, step)? {
                Walked::Done => return Ok(()),
                // What was begun and sealed while the folder was listed may be missing in the list
                // that has the file after it. In one that is begun now it is not.
                Walked::Gap(index) => {
                    from = from.max(index);
                    is_gap = Some(index);
                    self.refresh()?;
                    continue;
                }
                Walked::Ended(next) => from = from.max(next),
            }
            // The writer may have begun a new file since the folder was listed.
            self.refresh()?;
            if self.segments().len() <= segments.len() {
                return Ok(());
            }
        }
    }

    fn walk_segments(
        &self,
        segments: &[Arc<Segment<F::File>>],
        range: Range<u64>,
        is_gap: Option<u64>,
        step: &mut Step<'_, F::File>,
    ) -> Result<Walked, StoreError> {
        let mut index = 0;
        let begin = segments
            .partition_point(|segment| segment.first <= range.start)
            .saturating_sub(1);
        for (at, segment) in segments.iter().enumerate().skip(begin) {
            if at == 0 && segment.is_missing_before(0, &range) {
                if is_gap.is_none() {
                    return Ok(Walked::Gap(0));
                }
                if segment.missing_before(0, step).is_break() {
                    return Ok(Walked::Done);
                }
            }
            if segment.first >= range.end {
                return Ok(Walked::Done);
            }
            let next = segments.get(at + 1);
            match self.walk_segment(segment, next.map(|next| next.first), &range, step)? {
                Walked::Ended(end) => index = end,
                other => return Ok(other),
            }
            let Some(next) = next.filter(|next| next.is_missing_before(index, &range)) else {
                continue;
            };
            if is_gap.is_none_or(|seen| seen < index) {
                return Ok(Walked::Gap(index));
            }
            if next.missing_before(index, step).is_break() {
                return Ok(Walked::Done);
            }
        }
        Ok(Walked::Ended(index))
    }

    /// Shows what of `range` stands in one segment, whose end is where the `next` begins.
    fn walk_segment(
        &self,
        segment: &Arc<Segment<F::File>>,
        next: Option<u64>,
        range: &Range<u64>,
        step: &mut Step<'_, F::File>,
    ) -> Result<Walked, StoreError> {
        let unreadable = |error: io::Error, index, step: &mut Step<'_, F::File>| {
            use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof, Unsupported};
            if !matches!(
                error.kind(),
                InvalidData | InvalidInput | UnexpectedEof | Unsupported
            ) {
                return Err(error).at(&self.dir.join(&segment.name), "read");
            }
            let bad = segment.bad(
                index,
                Found::Unreadable {
                    why: error.to_string(),
                },
            );
            let shown = next.is_some_and(|next| next <= range.start)
                || step(Err(bad), segment, 0).is_continue();
            Ok(if shown {
                Walked::Ended(next.unwrap_or(index))
            } else {
                Walked::Done
            })
        };
        let (file, form) = match self.open_segment(segment) {
            Ok(opened) => opened,
            Err(error) => return unreadable(error, segment.first, step),
        };
        let (number, offset) = segment.mark_before(range.start, form);
        let few = range.end.saturating_sub(range.start) <= 4 * LINES_A_MARK;
        let chunk = if few { SMALL_CHUNK } else { LARGE_CHUNK };
        let mut lines = Lines::new(source::text(file, form, offset), offset, chunk);
        let mut index = segment.first + number;
        while index < range.end {
            let piece = match lines.next() {
                Ok(piece) => piece,
                Err(error) => return unreadable(error, index, step),
            };
            let (offset, item, last) = match piece {
                Piece::End { nuls: 0, .. } => return Ok(Walked::Ended(index)),
                // Space that the writer reserved: only there, and only in the newest file.
                Piece::End { .. } if next.is_none() && form == Form::Plain => {
                    return Ok(Walked::Ended(index));
                }
                Piece::End { offset, nuls } => {
                    (offset, Err(Found::Unfinished { bytes: nuls }), true)
                }
                Piece::Unfinished { offset, bytes } => {
                    (offset, Err(Found::Unfinished { bytes }), true)
                }
                Piece::Line { offset, .. } | Piece::TooLong { offset, .. }
                    if Some(index) == next =>
                {
                    (offset, Err(Found::Surplus), true)
                }
                Piece::TooLong { offset, bytes } => (offset, Err(Found::TooLong { bytes }), false),
                Piece::Line { offset, bytes } => (offset, Ok(bytes), false),
            };
            if !last {
                segment.mark(index, offset, form);
            }
            if index >= range.start {
                let item = item
                    .map(|bytes| segment.line(index, bytes))
                    .map_err(|found| segment.bad(index, found));
                if step(item, segment, offset).is_break() {
                    return Ok(Walked::Done);
                }
            }
            index += 1;
            if last {
                return Ok(Walked::Ended(index));
            }
        }
        Ok(Walked::Done)
    }

    /// The open file of a segment and its form, which is another once it has been sealed.
    fn open_segment(&self, segment: &Segment<F::File>) -> io::Result<(Arc<F::File>, Form)> {
        let mut kept = segment.file.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = kept.as_ref() {
            return Ok((Arc::clone(file), segment.form));
        }
        match self.files.open(&self.dir.join(&segment.name), Mode::Read) {
            Err(error)
                if error.kind() == io::ErrorKind::NotFound && segment.form == Form::Plain =>
            {
                let sealed = self.dir.join(segment_name(segment.first, Form::Sealed));
                Ok((
                    Arc::new(self.files.open(&sealed, Mode::Read)?),
                    Form::Sealed,
                ))
            }
            opened => {
                let file = Arc::new(opened?);
                if self.kept_open.fetch_add(1, Ordering::Relaxed) < FILES_KEPT_OPEN {
                    *kept = Some(Arc::clone(&file));
                }
                Ok((file, segment.form))
            }
        }
    }

    /// Lists the folder again; what is known of segments that are still there stays known.
    pub(super) fn refresh(&self) -> Result<(), StoreError> {
        let listing = layout::list(&self.files, &self.dir)?;
        let known = self.segments();
        let mut segments = Vec::with_capacity(listing.segments.len());
        let mut all = listing.segments.iter().peekable();
        while let Some((&first, forms)) = all.next() {
            let next = all.peek().map(|(next, _)| **next);
            let at = known.partition_point(|segment| segment.first < first);
            match known
                .get(at)
                .filter(|segment| segment.first == first && forms.contains(&segment.form))
            {
                Some(segment) => segments.push(Arc::clone(segment)),
                None => segments.push(Arc::new(self.choose(first, forms, next)?)),
            }
        }
        *self.table() = Table {
            segments: segments.into(),
            strays: listing.strays,
        };
        Ok(())
    }

    /// The file to read where both forms are there. Sealing puts the compressed file beside the
    /// plain one before it takes that away, so after a crash the plain one is whole and is what has
    /// been read all along; it falls behind only where somebody's copying broke off in it.
    fn choose(
        &self,
        first: u64,
        forms: &[Form],
        next: Option<u64>,
    ) -> Result<Segment<F::File>, StoreError> {
        let chosen = Segment::new(first, forms[0]);
        let Some(next) = next.filter(|_| forms.len() > 1) else {
            return Ok(chosen);
        };
        let mut sound = 0;
        let all = first..u64::MAX;
        let chosen = Arc::new(chosen);
        self.walk_segment(&chosen, Some(next), &all, &mut |item, _, _| match item {
            Ok(_)
            | Err(BadLine {
                found: Found::TooLong { .. },
                ..
            }) => {
                sound += 1;
                ControlFlow::Continue(())
            }
            Err(_) => ControlFlow::Break(()),
        })?;
        let whole = sound == next - first;
        Ok(Segment::new(
            first,
            if whole { Form::Plain } else { Form::Sealed },
        ))
    }
}

impl<T> Segment<T> {
    fn new(first: u64, form: Form) -> Segment<T> {
        let name = segment_name(first, form);
        Segment {
            first,
            form,
            name,
            marks: Mutex::new(Vec::new()),
            file: Mutex::new(None),
        }
    }

    fn line<'a>(&'a self, index: u64, bytes: &'a [u8]) -> Line<'a> {
        Line {
            index,
            file: &self.name,
            line_in_file: index - self.first + 1,
            bytes,
        }
    }

    fn bad(&self, index: u64, found: Found) -> BadLine {
        let line_in_file = index.saturating_sub(self.first) + 1;
        BadLine {
            index,
            file: self.name.clone(),
            line_in_file,
            found,
        }
    }

    /// Whether lines that were asked for are missing between `index` and this segment.
    fn is_missing_before(&self, index: u64, range: &Range<u64>) -> bool {
        index < self.first && range.start < self.first && index < range.end
    }

    /// Shows that they are missing.
    fn missing_before(self: &Arc<Self>, index: u64, step: &mut Step<'_, T>) -> ControlFlow<()> {
        step(
            Err(self.bad(
                index,
                Found::Missing {
                    lines: self.first - index,
                },
            )),
            self,
            0,
        )
    }

    /// Remembers where a line begins, if it is the next to remember.
    fn mark(&self, index: u64, offset: u64, form: Form) {
        let number = index - self.first;
        if number.is_multiple_of(LINES_A_MARK) && form == Form::Plain {
            let mut marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
            if number / LINES_A_MARK == marks.len() as u64 {
                marks.push(offset);
            }
        }
    }

    /// Forgets the beginnings of lines from `index` on.
    fn forget_from(&self, index: u64) {
        let known = index.saturating_sub(self.first).div_ceil(LINES_A_MARK);
        let mut marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        marks.truncate(usize::try_from(known).unwrap_or(usize::MAX));
    }

    /// The last remembered line at or before `index`: its number in the file from 0, its offset.
    fn mark_before(&self, index: u64, form: Form) -> (u64, u64) {
        let wanted = index.saturating_sub(self.first) / LINES_A_MARK;
        let marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(last) = (marks.len() as u64)
            .checked_sub(1)
            .filter(|_| form == Form::Plain)
        else {
            return (0, 0);
        };
        let mark = wanted.min(last);
        (
            mark * LINES_A_MARK,
            marks[usize::try_from(mark).expect("below the length of a Vec")],
        )
    }

    fn last_mark(&self) -> (u64, u64) {
        self.mark_before(u64::MAX, self.form)
    }
}

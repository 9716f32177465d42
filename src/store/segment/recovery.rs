//! Torn is not damaged: what a crash leaves of the batch that was being written is cut and kept
//! aside; anything else that is wrong is reported and left alone.
//!
//! Two facts tell them apart. B, the number of lines that were acknowledged (the caller reads it
//! from signed heads): a bad line before B was once good. And the stamp of a line, the same for all
//! lines of one batch: at most one batch is ever unsynced, so where lines of several batches follow
//! a bad one, they were written after it had been synced, and it was once good as well. Cutting at
//! the first bad line, as most logs do, would throw those away.

use std::io;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use crate::hash::Hash;

use super::super::{At, BadLine, Damage, Found, Line, MAX_DAMAGES, StoreError};
use super::files::{Files, Mode, OpenFile, create_fresh};
use super::layout::Form;
use super::named::make_folder;
use super::reader::{Segment, SegmentReader};

/// Bytes copied or written again at a time.
const CHUNK: usize = 1 << 20;

/// Which batch a line belongs to: microseconds of its `recorded`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp(pub i64);

/// Says which batch the line at an index belongs to, or why it is not a line that was ever written.
/// Behind a torn line the index may be too low, as newlines may be lost.
pub type LineCheck<'a> = dyn FnMut(u64, &[u8]) -> Result<Stamp, String> + 'a;

/// What opening for writing goes by.
pub struct Recovery<'a> {
    /// B: how many lines are known to have been acknowledged, the largest size that a checkpoint,
    /// its synced copy or the signer's state names. `None` if none of them can be read.
    pub acknowledged: Option<u64>,
    /// Lines before this index were checked before: below B they are not checked again, and files
    /// that end before it are not opened. 0 checks everything.
    pub checked: u64,
    /// Tells sound lines from others.
    pub check: &'a mut LineCheck<'a>,
}

/// What recovery found and did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovered {
    /// How many lines there are.
    pub kept: u64,
    /// What was cut off, if a batch was torn.
    pub cut: Option<Cut>,
    /// How many lines past B were written again and synced before they counted.
    pub resynced: u64,
    /// Names in `events/` that are not those of a segment; they were left alone.
    pub strays: Vec<String>,
}

/// The rest of a batch that was never acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// The index of the first line that was cut.
    pub index: u64,
    /// How many bytes were cut, NUL bytes at the end not counted.
    pub bytes: u64,
    /// Where they are kept, from the ledger's folder on.
    pub file: String,
    /// What was wrong with the first of them.
    pub found: String,
}

/// A place in the files: a segment, by its position, and an offset in it.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Spot {
    first: u64,
    offset: u64,
}

/// What is in the folder, before anything is changed.
struct Survey {
    acknowledged: u64,
    /// Lines seen so far, bad ones counted.
    lines: u64,
    /// Behind the last sound line before the first bad one, in the file to go on with.
    end: Spot,
    /// Where line B begins.
    resync: Option<Spot>,
    damages: Vec<Damage>,
    torn: Option<Torn>,
}

/// The first bad line at or after B and what follows it.
struct Torn {
    index: u64,
    at: Spot,
    /// All bad lines from there on: what is reported if they are damage after all.
    bad: Vec<Damage>,
    /// The batch of the sound lines behind it.
    batch: Option<Stamp>,
    several: bool,
}

/// What the writer goes on from.
pub(super) struct Ready {
    pub(super) recovered: Recovered,
    /// The end of the lines in the newest file.
    pub(super) end: u64,
}

/// Surveys the folder, cuts what is torn and makes what is kept durable.
pub(super) fn recover<F: Files>(
    files: &F,
    dir: &Path,
    recovery: Recovery<'_>,
) -> Result<Ready, StoreError> {
    let reader = SegmentReader::open_on(files.clone(), dir)?;
    let survey = survey(&reader, recovery)?;
    let repair = Repair {
        files,
        dir,
        reader: &reader,
    };
    let cut = match &survey.torn {
        Some(torn) => Some(repair.cut(torn)?),
        None => None,
    };
    let kept = cut.as_ref().map_or(survey.lines, |cut| cut.index);
    if let Some(from) = survey.resync {
        repair.write_again(from, survey.end)?;
    }
    let events = dir.join("events");
    files.sync_folder(&events).at(&events, "sync")?;
    let resynced = kept - survey.acknowledged;
    let recovered = Recovered {
        kept,
        cut,
        resynced,
        strays: reader.strays(),
    };
    Ok(Ready {
        recovered,
        end: survey.end.offset,
    })
}

fn survey<F: Files>(
    reader: &SegmentReader<F>,
    recovery: Recovery<'_>,
) -> Result<Survey, StoreError> {
    let Recovery {
        acknowledged,
        checked,
        check,
    } = recovery;
    let segments = reader.segments();
    let known = checked.min(acknowledged.unwrap_or(0));
    let begin = match segments.partition_point(|segment| segment.first <= known) {
        0 => 0,
        after => segments[after - 1].first,
    };
    let start = Spot {
        first: begin,
        offset: 0,
    };
    let mut survey = Survey {
        acknowledged: acknowledged.unwrap_or(0),
        lines: begin,
        end: start,
        resync: None,
        damages: Vec::new(),
        torn: None,
    };
    reader.walk(begin..u64::MAX, &mut |item, segment, offset| {
        match item {
            Ok(line) => survey.see_line(
                line,
                segment,
                offset,
                &mut |line| match line.index < known {
                    true => Ok(None),
                    false => check(line.index, line.bytes).map(Some),
                },
            ),
            Err(bad) => survey.see_bad(bad, segment, offset),
        }
        ControlFlow::Continue(())
    })?;
    survey.judge(
        acknowledged,
        segments
            .last()
            .map(|newest| (newest.first, newest.name.as_str())),
    )
}

impl Survey {
    fn see_line<T>(
        &mut self,
        line: Line<'_>,
        segment: &Segment<T>,
        offset: u64,
        check: &mut dyn FnMut(Line<'_>) -> Result<Option<Stamp>, String>,
    ) {
        match (check(line), &mut self.torn) {
            (Err(why), _) => {
                let damage = Damage {
                    file: line.file.into(),
                    line: line.line_in_file,
                    index: line.index,
                    found: why,
                    expected: "a line as it was written".into(),
                };
                self.see_damage(damage, segment, offset);
            }
            (Ok(stamp), Some(torn)) => {
                torn.several |= torn.batch.is_some() && torn.batch != stamp;
                torn.batch = stamp;
            }
            (Ok(_), None) => {
                if line.index == self.acknowledged {
                    self.resync = Some(Spot {
                        first: segment.first,
                        offset,
                    });
                }
                self.end = Spot {
                    first: segment.first,
                    offset: offset + line.bytes.len() as u64 + 1,
                };
            }
        }
        self.lines = line.index + 1;
    }

    fn see_bad<T>(&mut self, bad: BadLine, segment: &Segment<T>, offset: u64) {
        let index = bad.index;
        match bad.found {
            // A crash does not take files away, nor add lines to one that was full.
            Found::Missing { .. } | Found::Surplus | Found::Unreadable { .. } => {
                note(&mut self.damages, bad.into())
            }
            Found::TooLong { .. } | Found::Unfinished { .. } => {
                self.see_damage(bad.into(), segment, offset)
            }
        }
        self.lines = index + 1;
    }

    fn see_damage<T>(&mut self, damage: Damage, segment: &Segment<T>, offset: u64) {
        if damage.index < self.acknowledged || segment.form == Form::Sealed {
            return note(&mut self.damages, damage);
        }
        let torn = self.torn.get_or_insert_with(|| Torn {
            index: damage.index,
            at: Spot {
                first: segment.first,
                offset,
            },
            bad: Vec::new(),
            batch: None,
            several: false,
        });
        note(&mut torn.bad, damage);
    }

    /// Decides between torn and damaged, once everything has been seen.
    fn judge(
        mut self,
        acknowledged: Option<u64>,
        newest: Option<(u64, &str)>,
    ) -> Result<Survey, StoreError> {
        let kept = self.torn.as_ref().map_or(self.lines, |torn| torn.index);
        let (first, file) = newest.unwrap_or((0, "events"));
        if acknowledged.is_none() && self.lines > u64::from(self.only_unfinished()) {
            note(
                &mut self.damages,
                Damage {
                    file: "checkpoint".into(),
                    line: 1,
                    index: kept,
                    found: "nothing that says how many entries were acknowledged".into(),
                    expected: format!("a signed size, as there are {kept} entries"),
                },
            );
        }
        if kept < self.acknowledged && self.damages.is_empty() {
            note(
                &mut self.damages,
                Damage {
                    file: file.into(),
                    line: (kept - first.min(kept)) + 1,
                    index: kept,
                    found: format!("the end of the ledger after {kept} entries"),
                    expected: format!(
                        "{} entries, as many as were acknowledged",
                        self.acknowledged
                    ),
                },
            );
        }
        if let Some(torn) = self.torn.take_if(|torn| torn.several) {
            torn.bad
                .into_iter()
                .for_each(|damage| note(&mut self.damages, damage));
        }
        if !self.damages.is_empty() {
            self.damages.sort_by_key(|damage| damage.index);
            return Err(StoreError::Damaged(self.damages));
        }
        // What is gone on with is the file that stays the newest, which may hold no line yet.
        match &self.torn {
            Some(torn) => self.end = torn.at,
            None if self.end.first < first => self.end = Spot { first, offset: 0 },
            None => {}
        }
        Ok(self)
    }

    /// Whether there is nothing but the beginning of a first line: an `init` that died.
    fn only_unfinished(&self) -> bool {
        self.lines == 1 && self.torn.is_some()
    }
}

fn note(list: &mut Vec<Damage>, damage: Damage) {
    if list.len() < MAX_DAMAGES {
        list.push(damage);
    }
}

struct Repair<'a, F: Files> {
    files: &'a F,
    dir: &'a Path,
    reader: &'a SegmentReader<F>,
}

impl<F: Files> Repair<'_, F> {
    /// Copies everything from the bad line on to `torn/`, and only when that is synced cuts it,
    /// from the end backwards: a crash in between leaves a shorter torn batch.
    fn cut(&self, torn: &Torn) -> Result<Cut, StoreError> {
        let segments = self.segments_from(torn.at.first);
        let (file, bytes) = self.copy(torn, &segments)?;
        for later in segments[1..].iter().rev() {
            let path = self.dir.join(&later.name);
            self.files.remove(&path).at(&path, "remove")?;
            let events = self.dir.join("events");
            self.files.sync_folder(&events).at(&events, "sync")?;
        }
        let path = self.dir.join(&segments[0].name);
        let cut = self
            .files
            .open(&path, Mode::Write)
            .at(&path, "open for writing")?;
        cut.truncate(torn.at.offset).at(&path, "cut")?;
        cut.sync().at(&path, "sync")?;
        let found = torn
            .bad
            .first()
            .map(|bad| bad.found.clone())
            .unwrap_or_default();
        Ok(Cut {
            index: torn.index,
            bytes,
            file,
            found,
        })
    }

    fn copy(
        &self,
        torn: &Torn,
        segments: &[Arc<Segment<F::File>>],
    ) -> Result<(String, u64), StoreError> {
        let mut offset = torn.at.offset;
        let mut parts = Vec::new();
        for segment in segments {
            parts.push((segment.name.as_str(), offset));
            offset = 0;
        }
        keep_torn(self.files, self.dir, torn.index, &parts)
    }

    /// Writes the lines from `from` to `to` again where they are and syncs them: after a failed
    /// sync the system may show bytes that it will never write.
    fn write_again(&self, from: Spot, to: Spot) -> Result<(), StoreError> {
        let mut offset = from.offset;
        for segment in self
            .segments_from(from.first)
            .iter()
            .take_while(|segment| segment.first <= to.first)
        {
            if segment.form == Form::Plain {
                let path = self.dir.join(&segment.name);
                let file = self
                    .files
                    .open(&path, Mode::Write)
                    .at(&path, "open for writing")?;
                let end = if segment.first == to.first {
                    to.offset
                } else {
                    file.length().at(&path, "measure")?
                };
                copy_bytes(&file, offset..end, &mut |bytes, at| {
                    file.write_all_at(bytes, at)
                })
                .at(&path, "write again")?;
                file.sync().at(&path, "sync")?;
            }
            offset = 0;
        }
        Ok(())
    }

    fn segments_from(&self, first: u64) -> Vec<Arc<Segment<F::File>>> {
        self.reader
            .segments()
            .iter()
            .filter(|segment| segment.first >= first)
            .cloned()
            .collect()
    }
}

/// Keeps a copy of what stands from the given offsets on in the given files, in `torn/`, durably.
/// Its name ends in 16 digits of a digest: SHA-256 of the content, or for more than 1 MiB, of the
/// digest so far and the next MiB.
pub(super) fn keep_torn<F: Files>(
    files: &F,
    dir: &Path,
    index: u64,
    parts: &[(&str, u64)],
) -> Result<(String, u64), StoreError> {
    let folder = dir.join("torn");
    make_folder(files, &folder)?;
    let fresh = folder.join("new");
    let copy = create_fresh(files, &fresh).at(&fresh, "create")?;
    let (mut length, mut digest) = (0, None);
    for (name, offset) in parts {
        let path = dir.join(name);
        let file = files
            .open(&path, Mode::Read)
            .at(&path, "open for reading")?;
        let end = text_end(&file, *offset).at(&path, "read")?;
        copy_bytes(&file, *offset..end, &mut |bytes, _| {
            digest = Some(match digest {
                None => Hash::of(bytes),
                Some(Hash(before)) => Hash::of_parts(&[&before, bytes]),
            });
            copy.write_all_at(bytes, length)?;
            length += bytes.len() as u64;
            Ok(())
        })
        .at(&path, "copy to torn/")?;
    }
    copy.sync().at(&fresh, "sync")?;
    let digest = digest.unwrap_or_else(|| Hash::of(b"")).to_string();
    let name = format!("torn/{index:012}-{}", &digest[..16]);
    let path = dir.join(&name);
    files.rename(&fresh, &path).at(&path, "name")?;
    files.sync_folder(&folder).at(&folder, "sync")?;
    Ok((name, length))
}

/// Behind the last byte from `from` on that is not NUL.
pub(super) fn text_end<T: OpenFile>(file: &T, from: u64) -> io::Result<u64> {
    let mut end = from;
    copy_bytes(file, from..file.length()?, &mut |bytes, at| {
        if let Some(last) = bytes.iter().rposition(|&byte| byte != 0) {
            end = at + last as u64 + 1;
        }
        Ok(())
    })?;
    Ok(end)
}

/// Gives the bytes of a range of a file, with their offsets, to `write`.
pub(super) fn copy_bytes<T: OpenFile>(
    file: &T,
    range: std::ops::Range<u64>,
    write: &mut dyn FnMut(&[u8], u64) -> io::Result<()>,
) -> io::Result<()> {
    let at_most = |bytes: u64| usize::try_from(bytes).map_or(CHUNK, |bytes| bytes.min(CHUNK));
    let mut buffer = vec![0; at_most(range.end.saturating_sub(range.start))];
    let mut offset = range.start;
    while offset < range.end {
        let left = at_most(range.end - offset);
        match file.read_at(&mut buffer[..left], offset)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => {
                write(&buffer[..read], offset)?;
                offset += read as u64;
            }
        }
    }
    Ok(())
}

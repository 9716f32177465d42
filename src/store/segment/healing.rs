//! Healing: damaged files are written again as they were, and what stood in their place is kept.
//!
//! The content comes from the caller, who has authenticated every byte of it. Here it is put in
//! place so that a crash at any moment leaves each file as it was or as it is to be: all new files
//! are written and synced first, in `cache/`; then, one by one, the old file is copied to `torn/`
//! and the new one takes its name.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{ControlFlow, Range};
use std::path::Path;

use super::super::{At, Durable, LineOfFile, MAX_LINE, StoreError, check_name};
use super::Options;
use super::files::{Files, Kind, Mode, OpenFile, create_fresh};
use super::layout::{self, Form, folder_of, segment_name};
use super::named::{make_folder, replace};
use super::reader::SegmentReader;
use super::recovery::{copy_bytes, text_end};
use super::writer::take_lock;

/// A run of lines for a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lines {
    /// Stored here already: of the file that begins with the entry `first`, the lines `numbers`,
    /// from 0 in it.
    Stored {
        /// The entry that the file's name says.
        first: u64,
        /// Their numbers in it.
        numbers: Range<u64>,
    },
    /// From elsewhere, without its newline.
    Given(Vec<u8>),
}

/// A file of `events/` as it is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealedSegment {
    /// Its name from the ledger's folder on.
    pub name: String,
    /// Its lines.
    pub lines: Vec<Lines>,
}

/// What is to become of a folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Healing {
    /// Files of lines to write.
    pub segments: Vec<HealedSegment>,
    /// Named files to write, by name.
    pub named: BTreeMap<String, Vec<u8>>,
    /// Files that do not belong in the folder, by name.
    pub aside: Vec<String>,
}

impl Healing {
    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.segments.is_empty() && self.named.is_empty() && self.aside.is_empty()
    }
}

/// Where each entry of a log is to be had.
pub enum Had {
    /// In a line that is stored here.
    Stored {
        /// Where it stands.
        line: LineOfFile,
        /// How many bytes it has, with its newline.
        length: u64,
    },
    /// From elsewhere: its line.
    Given(Vec<u8>),
    /// Nowhere.
    Lost,
}

/// The files of `events/` that have to be written, so that the entries stand in order, each once:
/// those where one of them does not stand where it belongs, and those named in `suspect`. And the
/// files that do not belong there. Which file an entry belongs to is told by the names of the files
/// that are there; where one is missing, by how much fits into one.
///
/// # Errors
/// [`StoreError::Io`] if the folder cannot be listed.
pub fn plan_segments<F: Files>(
    files: &F,
    dir: &Path,
    entries: &[Had],
    suspect: &BTreeSet<String>,
) -> Result<(Vec<HealedSegment>, Vec<String>), StoreError> {
    let listing = layout::list(files, dir)?;
    let mut aside: Vec<String> = listing
        .strays
        .iter()
        .map(|name| format!("events/{name}"))
        .collect();
    let size = entries.len() as u64;
    let mut firsts: Vec<u64> = listing
        .segments
        .keys()
        .copied()
        .filter(|first| *first < size)
        .collect();
    if size > 0 && firsts.first() != Some(&0) {
        firsts.insert(0, 0);
    }
    let mut planned = Vec::new();
    for (at, first) in firsts.iter().enumerate() {
        let end = firsts.get(at + 1).copied().unwrap_or(size);
        let forms = listing.segments.get(first).map_or(&[][..], Vec::as_slice);
        let names: Vec<String> = forms
            .iter()
            .map(|form| segment_name(*first, *form))
            .collect();
        let stands = |index: u64| {
            let (first, number) = (*first, index - first);
            matches!(entries[place(index)], Had::Stored { line, .. } if line == LineOfFile { first, number })
        };
        let is_sound =
            forms.len() == 1 && !suspect.contains(&names[0]) && (*first..end).all(stands);
        let is_lost = |index| matches!(entries[place(index)], Had::Lost);
        let is_given = |index| matches!(entries[place(index)], Had::Given(_));
        // A file that loses an entry for good is left alone, unless it gains another.
        let is_worth_it = !(*first..end).any(is_lost) || (*first..end).any(is_given);
        if !is_sound && is_worth_it {
            planned.extend(in_files_that_fit(*first..end, entries));
            let plain = segment_name(*first, Form::Plain);
            aside.extend(names.into_iter().filter(|name| *name != plain));
        }
    }
    // Behind the last entry only what is known to be wrong goes; the rest was never acknowledged.
    let behind = listing.segments.range(size.max(1)..);
    let behind =
        behind.flat_map(|(first, forms)| forms.iter().map(|form| segment_name(*first, *form)));
    aside.extend(behind.filter(|name| suspect.contains(name)));
    Ok((planned, aside))
}

fn place(index: u64) -> usize {
    usize::try_from(index).unwrap_or(usize::MAX)
}

/// As a writer lays lines out: a new file where one would get too long.
fn in_files_that_fit(range: Range<u64>, entries: &[Had]) -> Vec<HealedSegment> {
    let most = Options::default().segment_bytes;
    let mut segments: Vec<HealedSegment> = Vec::new();
    let mut end = 0;
    for index in range {
        let entry = &entries[place(index)];
        let length = match entry {
            Had::Stored { length, .. } => *length,
            Had::Given(line) => line.len() as u64 + 1,
            Had::Lost => 0,
        };
        if segments.is_empty() || end + length > most {
            let name = segment_name(index, Form::Plain);
            let lines = Vec::new();
            segments.push(HealedSegment { name, lines });
            end = 0;
        }
        end += length;
        let segment = segments.last_mut().expect("one was pushed");
        segment.push(entry);
    }
    segments
}

impl HealedSegment {
    fn push(&mut self, entry: &Had) {
        match (entry, self.lines.last_mut()) {
            (Had::Stored { line, .. }, Some(Lines::Stored { first, numbers }))
                if (*first, numbers.end) == (line.first, line.number) =>
            {
                numbers.end += 1;
            }
            (Had::Stored { line, .. }, _) => self.lines.push(Lines::Stored {
                first: line.first,
                numbers: line.number..line.number + 1,
            }),
            (Had::Given(line), _) => self.lines.push(Lines::Given(line.clone())),
            (Had::Lost, _) => {}
        }
    }
}

/// Carries out a healing, holding the folder's lock; gives the folder under `torn/` where what stood
/// in place of the healed files is kept, if anything did.
///
/// # Errors
/// [`StoreError::Locked`]; [`StoreError::Io`]: then some files may be healed and the others are as
/// they were, and healing again goes on.
pub fn heal<F: Files>(
    files: &F,
    dir: &Path,
    healing: &Healing,
) -> Result<Option<String>, StoreError> {
    let _lock = take_lock(files, dir)?;
    healing.named.keys().try_for_each(|name| check_name(name))?;
    for folder in ["cache", "events"] {
        make_folder(files, &dir.join(folder))?;
    }
    let work = Work { files, dir };
    let reader = SegmentReader::open_on(files.clone(), dir)?;
    for segment in &healing.segments {
        work.write_segment(&reader, segment)?;
    }
    let names = healing.segments.iter().map(|segment| &segment.name);
    let names = names.chain(healing.named.keys()).chain(&healing.aside);
    let kept = work.folder_for_old()?;
    let mut is_anything_kept = false;
    for name in names {
        is_anything_kept |= work.keep_old(name, &kept)?;
    }
    for segment in &healing.segments {
        work.put_in_place(&segment.name)?;
    }
    for (name, bytes) in &healing.named {
        work.make_folders(name)?;
        replace(files, dir, name, bytes, Durable::Now)?;
    }
    for name in &healing.aside {
        work.remove(name)?;
    }
    Ok(is_anything_kept.then_some(kept))
}

struct Work<'a, F> {
    files: &'a F,
    dir: &'a Path,
}

impl<F: Files> Work<'_, F> {
    fn fresh(&self, name: &str) -> std::path::PathBuf {
        self.dir
            .join("cache")
            .join(format!("{}.new", name.replace('/', "_")))
    }

    /// Writes a file of lines beside its place, and syncs it.
    fn write_segment(
        &self,
        reader: &SegmentReader<F>,
        segment: &HealedSegment,
    ) -> Result<(), StoreError> {
        let fresh = self.fresh(&segment.name);
        let file = create_fresh(self.files, &fresh).at(&fresh, "create")?;
        let mut text = Text {
            file: &file,
            path: &fresh,
            buffer: Vec::new(),
            end: 0,
        };
        for lines in &segment.lines {
            match lines {
                Lines::Given(line) => text.push(line)?,
                Lines::Stored { first, numbers } => text.push_stored(reader, *first, numbers)?,
            }
        }
        text.flush()?;
        file.sync().at(&fresh, "sync")
    }

    /// A folder of its own under `torn/` for each healing.
    fn folder_for_old(&self) -> Result<String, StoreError> {
        make_folder(self.files, &self.dir.join("torn"))?;
        for number in 1.. {
            let name = format!("torn/healed-{number:04}");
            let path = self.dir.join(&name);
            if self.files.kind(&path).at(&path, "look at")?.is_none() {
                return Ok(name);
            }
        }
        unreachable!("a folder does not hold endless names")
    }

    /// Copies what stands at a name, and says whether anything did.
    fn keep_old(&self, name: &str, kept: &str) -> Result<bool, StoreError> {
        let path = self.dir.join(name);
        if self.files.kind(&path).at(&path, "look at")? != Some(Kind::File) {
            return Ok(false);
        }
        let copy_name = format!("{kept}/{name}");
        self.make_folders(&copy_name)?;
        let file = self
            .files
            .open(&path, Mode::Read)
            .at(&path, "open for reading")?;
        let copy_path = self.dir.join(copy_name);
        let copy = create_fresh(self.files, &copy_path).at(&copy_path, "create")?;
        let end = text_end(&file, 0).at(&path, "read")?;
        copy_bytes(&file, 0..end, &mut |bytes, at| copy.write_all_at(bytes, at))
            .at(&path, "copy to torn/")?;
        copy.sync().at(&copy_path, "sync")?;
        self.sync_folder_of(&copy_path)?;
        Ok(true)
    }

    fn put_in_place(&self, name: &str) -> Result<(), StoreError> {
        let path = self.dir.join(name);
        self.files
            .rename(&self.fresh(name), &path)
            .at(&path, "replace")?;
        self.sync_folder_of(&path)
    }

    /// What is no file, as a link, is taken away without a copy; a folder stays.
    fn remove(&self, name: &str) -> Result<(), StoreError> {
        let path = self.dir.join(name);
        match self.files.kind(&path).at(&path, "look at")? {
            None | Some(Kind::Folder) => Ok(()),
            Some(_) => {
                self.files.remove(&path).at(&path, "remove")?;
                self.sync_folder_of(&path)
            }
        }
    }

    fn make_folders(&self, name: &str) -> Result<(), StoreError> {
        for (at, _) in name.match_indices('/') {
            make_folder(self.files, &self.dir.join(&name[..at]))?;
        }
        Ok(())
    }

    fn sync_folder_of(&self, path: &Path) -> Result<(), StoreError> {
        let folder = folder_of(path);
        self.files.sync_folder(&folder).at(&folder, "sync")
    }
}

/// Lines on their way into a file.
struct Text<'a, T> {
    file: &'a T,
    path: &'a Path,
    buffer: Vec<u8>,
    /// Where the buffer belongs in the file.
    end: u64,
}

impl<T: OpenFile> Text<'_, T> {
    fn push(&mut self, line: &[u8]) -> Result<(), StoreError> {
        self.buffer.extend_from_slice(line);
        self.buffer.push(b'\n');
        if self.buffer.len() < 16 * MAX_LINE {
            Ok(())
        } else {
            self.flush()
        }
    }

    fn push_stored<F: Files>(
        &mut self,
        reader: &SegmentReader<F>,
        first: u64,
        numbers: &Range<u64>,
    ) -> Result<(), StoreError> {
        let (mut done, mut next) = (Ok(()), numbers.start);
        reader.read_file(first, numbers.clone(), &mut |line| {
            let Ok(line) = line else {
                return ControlFlow::Break(());
            };
            next += 1;
            done = self.push(line.bytes);
            if done.is_ok() {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        })?;
        done?;
        if next == numbers.end {
            return Ok(());
        }
        let changed = std::io::Error::other(format!(
            "line {} of the file that begins with entry @{first} is no longer there",
            next + 1
        ));
        Err(changed).at(self.path, "copy lines to")
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        self.file
            .write_all_at(&self.buffer, self.end)
            .at(self.path, "write")?;
        self.end += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::super::Store as _;
    use super::super::super::fault::{Dice, Sim};
    use super::super::writer::SegmentWriter;
    use super::*;

    const EVENTS: &str = "events/000000000000.jsonl";

    fn dir() -> &'static Path {
        Path::new("/ledger")
    }

    fn write(sim: &Sim, name: &str, bytes: &[u8]) {
        let path = dir().join(name);
        let file = sim.open(&path, Mode::Create).unwrap();
        file.write_all_at(bytes, 0).unwrap();
        file.sync().unwrap();
        sim.sync_folder(path.parent().unwrap()).unwrap();
    }

    fn content(sim: &Sim, name: &str) -> Option<Vec<u8>> {
        sim.contents().get(&dir().join(name)).cloned()
    }

    /// The second of three lines and the checkpoint are not as they were, and there is a stray.
    fn damaged() -> (Sim, Healing) {
        let sim = Sim::default();
        let mut writer = SegmentWriter::create_on(sim.clone(), dir(), Options::default()).unwrap();
        writer.append(0, &[b"one", b"two", b"three"]).unwrap();
        writer.put("checkpoint", b"three", Durable::Now).unwrap();
        writer.close().unwrap();
        write(&sim, EVENTS, b"one\ntxo\nthree\n");
        write(&sim, "checkpoint", b"thxee");
        write(&sim, "events/stray", b"stray");
        let entries = [at(0), Had::Given(b"two".to_vec()), at(2)];
        let suspect = BTreeSet::from([EVENTS.to_owned()]);
        let (segments, aside) = plan_segments(&sim, dir(), &entries, &suspect).unwrap();
        let named = BTreeMap::from([("checkpoint".to_owned(), b"three".to_vec())]);
        (
            sim,
            Healing {
                segments,
                named,
                aside,
            },
        )
    }

    fn is_healed(sim: &Sim) -> bool {
        content(sim, EVENTS).unwrap() == b"one\ntwo\nthree\n"
            && content(sim, "checkpoint").unwrap() == b"three"
            && content(sim, "events/stray").is_none()
    }

    #[test]
    fn what_was_damaged_is_written_again_and_kept() {
        let (sim, healing) = damaged();
        let lines = vec![stored(0..1), Lines::Given(b"two".to_vec()), stored(2..3)];
        assert_eq!(
            healing.segments,
            [HealedSegment {
                name: EVENTS.to_owned(),
                lines
            }]
        );
        assert_eq!(healing.aside, ["events/stray"]);
        let kept = heal(&sim, dir(), &healing).unwrap().unwrap();
        assert!(is_healed(&sim));
        for (name, bytes) in [
            (EVENTS, &b"one\ntxo\nthree\n"[..]),
            ("checkpoint", b"thxee"),
            ("events/stray", b"stray"),
        ] {
            assert_eq!(
                content(&sim, &format!("{kept}/{name}")).unwrap(),
                bytes,
                "{name}"
            );
        }
        // What is healed is on disk when that is said.
        assert!(is_healed(&sim.crash(sim.done(), 0, &mut Dice(1))));
    }

    #[test]
    fn after_a_power_cut_at_any_moment_each_file_is_as_it_was_or_healed_and_healing_goes_on() {
        let (before, healing) = damaged();
        let begin = before.done();
        let (sim, _) = damaged();
        assert_eq!(sim.done(), begin);
        heal(&sim, dir(), &healing).unwrap();
        let mut dice = Dice(7);
        for prefix in begin..=sim.done() {
            for odds in [0, 30, 70, 100] {
                let crashed = sim.crash(prefix, odds, &mut dice);
                let events = content(&crashed, EVENTS).unwrap();
                assert!(
                    [&b"one\ntxo\nthree\n"[..], b"one\ntwo\nthree\n"].contains(&&events[..]),
                    "{prefix}"
                );
                let checkpoint = content(&crashed, "checkpoint").unwrap();
                assert!(
                    [&b"thxee"[..], b"three"].contains(&&checkpoint[..]),
                    "{prefix}"
                );
                // A line that is in place by now is not lost by being given once more.
                let given =
                    ["one", "two", "three"].map(|line| Lines::Given(line.as_bytes().to_vec()));
                let segments = vec![HealedSegment {
                    name: EVENTS.to_owned(),
                    lines: given.to_vec(),
                }];
                let again = Healing {
                    segments,
                    ..healing.clone()
                };
                heal(&crashed, dir(), &again).unwrap();
                assert!(is_healed(&crashed), "{prefix} of {}", sim.done());
            }
        }
    }

    #[test]
    fn one_that_is_open_for_writing_is_not_healed() {
        let (sim, healing) = damaged();
        let _held = sim.lock(&dir().join("lock")).unwrap();
        assert!(matches!(
            heal(&sim, dir(), &healing),
            Err(StoreError::Locked { .. })
        ));
        assert_eq!(content(&sim, "checkpoint").unwrap(), b"thxee");
    }

    #[test]
    fn a_healing_is_empty_where_nothing_is_to_be_done() {
        assert!(Healing::default().is_empty());
        let segment = HealedSegment {
            name: EVENTS.to_owned(),
            lines: Vec::new(),
        };
        for one in [
            Healing {
                segments: vec![segment],
                ..Healing::default()
            },
            Healing {
                named: BTreeMap::from([("checkpoint".to_owned(), Vec::new())]),
                ..Healing::default()
            },
            Healing {
                aside: vec!["events/stray".to_owned()],
                ..Healing::default()
            },
        ] {
            assert!(!one.is_empty(), "{one:?}");
        }
    }

    /// What is planned over files of these names: each file with the lines it is to have.
    fn planned(
        files: &[&str],
        entries: &[Had],
        suspect: &[&str],
    ) -> (Vec<(String, Vec<Lines>)>, Vec<String>) {
        let sim = Sim::default();
        for folder in ["", "events"] {
            sim.make_folder(&dir().join(folder)).unwrap();
        }
        for name in files {
            write(&sim, name, b"any\n");
        }
        let suspect = suspect.iter().map(|name| (*name).to_owned()).collect();
        let (segments, aside) = plan_segments(&sim, dir(), entries, &suspect).unwrap();
        let segments = segments.into_iter().map(|one| (one.name, one.lines));
        (segments.collect(), aside)
    }

    /// In the file that begins with the first entry, or in the one of the third.
    fn at(number: u64) -> Had {
        long(number, 6)
    }

    fn in_third(number: u64) -> Had {
        let line = LineOfFile { first: 2, number };
        Had::Stored { line, length: 6 }
    }

    fn long(number: u64, length: u64) -> Had {
        let line = LineOfFile { first: 0, number };
        Had::Stored { line, length }
    }

    fn stored(numbers: Range<u64>) -> Lines {
        Lines::Stored { first: 0, numbers }
    }

    fn given(text: &str) -> Had {
        Had::Given(text.into())
    }

    const FIRST: &str = "events/000000000000.jsonl";
    const SEALED: &str = "events/000000000000.jsonl.zst";
    const THIRD: &str = "events/000000000002.jsonl";
    const FIFTH: &str = "events/000000000004.jsonl";
    const FIFTH_SEALED: &str = "events/000000000004.jsonl.zst";

    fn file(name: &str, lines: &[Lines]) -> (String, Vec<Lines>) {
        (name.to_owned(), lines.to_vec())
    }

    #[test]
    fn a_file_is_written_again_where_it_is_suspect_doubled_missing_or_out_of_order() {
        let whole = || [at(0), at(1), in_third(0), in_third(1)];
        let nothing = (Vec::new(), Vec::new());
        assert_eq!(planned(&[FIRST, THIRD], &whole(), &[]), nothing);
        assert_eq!(planned(&[], &[], &[]), nothing);
        assert_eq!(planned(&[FIRST], &[], &[FIRST]), nothing);
        let first = || file(FIRST, &[stored(0..2)]);
        let third = || {
            file(
                THIRD,
                &[Lines::Stored {
                    first: 2,
                    numbers: 0..2,
                }],
            )
        };
        assert_eq!(
            planned(&[FIRST, THIRD], &whole(), &[FIRST]),
            (vec![first()], vec![])
        );
        assert_eq!(
            planned(&[FIRST, THIRD], &whole(), &[FIRST, THIRD]),
            (vec![first(), third()], vec![])
        );
        assert_eq!(
            planned(&[FIRST, SEALED, THIRD], &whole(), &[]),
            (vec![first()], vec![SEALED.to_owned()])
        );
        assert_eq!(
            planned(&[SEALED, THIRD], &whole(), &[SEALED]),
            (vec![first()], vec![SEALED.to_owned()])
        );
        // The first file is gone: its lines come from elsewhere.
        assert_eq!(
            planned(
                &[THIRD],
                &[given("one"), given("two"), in_third(0), in_third(1)],
                &[]
            ),
            (
                vec![file(
                    FIRST,
                    &[Lines::Given(b"one".to_vec()), Lines::Given(b"two".to_vec())]
                )],
                vec![]
            )
        );
        // Two lines have changed places; nothing is lost and nothing given.
        assert_eq!(
            planned(
                &[FIRST, THIRD],
                &[at(1), at(0), in_third(0), in_third(1)],
                &[]
            ),
            (vec![file(FIRST, &[stored(1..2), stored(0..1)])], vec![])
        );
        // In the wrong file, and behind where the next one begins.
        let in_third_file = |numbers| Lines::Stored { first: 2, numbers };
        assert_eq!(
            planned(&[FIRST, THIRD], &[at(0), in_third(1), at(1), at(2)], &[]),
            (
                vec![
                    file(FIRST, &[stored(0..1), in_third_file(1..2)]),
                    file(THIRD, &[stored(1..3)])
                ],
                vec![]
            )
        );
        assert_eq!(
            planned(&[FIRST, THIRD], &[at(0), at(1), at(2), in_third(1)], &[]),
            (
                vec![file(THIRD, &[stored(2..3), in_third_file(1..2)])],
                vec![]
            )
        );
        // Rows of lines are copied as rows.
        assert_eq!(
            planned(
                &[FIRST],
                &[at(0), at(1), at(5), at(6), given("x"), at(7)],
                &[]
            ),
            (
                vec![file(
                    FIRST,
                    &[
                        stored(0..2),
                        stored(5..7),
                        Lines::Given(b"x".to_vec()),
                        stored(7..8)
                    ]
                )],
                vec![]
            )
        );
    }

    #[test]
    fn what_is_lost_leaves_its_file_alone_unless_the_file_gains_a_line() {
        assert_eq!(
            planned(&[FIRST], &[at(0), Had::Lost, at(2)], &[FIRST]),
            (vec![], vec![])
        );
        assert_eq!(
            planned(&[FIRST], &[given("one"), Had::Lost, at(2)], &[FIRST]),
            (
                vec![file(FIRST, &[Lines::Given(b"one".to_vec()), stored(2..3)])],
                vec![]
            )
        );
    }

    #[test]
    fn behind_the_last_entry_only_what_is_suspect_goes_and_once() {
        let whole = || [at(0), at(1), in_third(0), in_third(1)];
        let all = [FIRST, THIRD, FIFTH_SEALED];
        assert_eq!(planned(&all, &whole(), &[]), (vec![], vec![]));
        assert_eq!(
            planned(&all, &whole(), &[FIFTH_SEALED]),
            (vec![], vec![FIFTH_SEALED.to_owned()])
        );
        assert_eq!(
            planned(&[FIRST, THIRD, FIFTH], &whole(), &[FIFTH]),
            (vec![], vec![FIFTH.to_owned()])
        );
        // Of a ledger without entries the first file may hold what was never acknowledged.
        assert_eq!(planned(&[SEALED], &[], &[SEALED]), (vec![], vec![]));
    }

    /// 64 MiB are a file's.
    #[test]
    fn lines_that_no_name_divides_are_divided_by_how_much_a_file_holds() {
        const MIB: u64 = 1 << 20;
        let names = |entries: &[Had]| -> Vec<String> {
            let (segments, _) = planned(&[], entries, &[]);
            segments.into_iter().map(|(name, _)| name).collect()
        };
        let rest = 64 * MIB - 10;
        assert_eq!(
            names(&[long(9, 32 * MIB), long(8, 32 * MIB), long(7, 1)]),
            [FIRST, THIRD]
        );
        assert_eq!(
            names(&[
                long(9, 64 * MIB),
                long(8, 1),
                long(7, 64 * MIB - 1),
                long(6, 65 * MIB),
                long(5, 1),
            ]),
            [
                FIRST,
                "events/000000000001.jsonl",
                "events/000000000003.jsonl",
                FIFTH
            ]
        );
        // Nine bytes and their newline fill it.
        assert_eq!(names(&[long(9, rest), given("123456789")]), [FIRST]);
        assert_eq!(
            names(&[long(9, rest), given("123456789"), long(8, 1)]),
            [FIRST, THIRD]
        );
    }

    #[test]
    fn each_healing_keeps_what_it_replaced_in_a_folder_of_its_own() {
        let sim = Sim::default();
        let options = Options {
            segment_bytes: 8,
            reserve_bytes: 0,
        };
        let mut writer = SegmentWriter::create_on(sim.clone(), dir(), options).unwrap();
        writer.append(0, &[b"one", b"two", b"three"]).unwrap();
        writer.close().unwrap();
        let give = |name: &str, line: &[u8]| HealedSegment {
            name: name.to_owned(),
            lines: vec![Lines::Given(line.to_vec())],
        };
        let healing = Healing {
            segments: vec![
                HealedSegment {
                    name: FIRST.to_owned(),
                    lines: vec![stored(0..1), Lines::Given(b"2wo".to_vec())],
                },
                give(THIRD, b"3hree"),
            ],
            named: BTreeMap::from([("tile/0/000".to_owned(), b"tile".to_vec())]),
            aside: vec!["events/none".to_owned()],
        };
        let kept = heal(&sim, dir(), &healing).unwrap();
        assert_eq!(kept.as_deref(), Some("torn/healed-0001"));
        assert_eq!(content(&sim, FIRST).unwrap(), b"one\n2wo\n");
        assert_eq!(content(&sim, THIRD).unwrap(), b"3hree\n");
        assert_eq!(content(&sim, "tile/0/000").unwrap(), b"tile");
        let old = |name: &str| content(&sim, &format!("torn/healed-0001/{name}"));
        assert_eq!(old(FIRST).unwrap(), b"one\ntwo\n");
        assert_eq!(old(THIRD).unwrap(), b"three\n");
        assert_eq!(old("tile/0/000"), None, "there was none");
        let again = heal(&sim, dir(), &healing).unwrap();
        assert_eq!(again.as_deref(), Some("torn/healed-0002"));
        assert_eq!(
            content(&sim, "torn/healed-0002/tile/0/000").unwrap(),
            b"tile"
        );
        // Where nothing stood, nothing is kept.
        let new = Healing {
            named: BTreeMap::from([("checkpoint".to_owned(), b"new".to_vec())]),
            ..Healing::default()
        };
        assert_eq!(heal(&sim, dir(), &new).unwrap(), None);
        assert_eq!(content(&sim, "checkpoint").unwrap(), b"new");
    }

    #[test]
    fn lines_that_are_no_longer_there_end_a_healing_before_anything_is_replaced() {
        let (sim, healing) = damaged();
        for numbers in [0..4, 3..4, 2..5] {
            let short = Healing {
                segments: vec![HealedSegment {
                    name: EVENTS.to_owned(),
                    lines: vec![stored(numbers.clone())],
                }],
                ..healing.clone()
            };
            let error = heal(&sim, dir(), &short).unwrap_err();
            assert!(
                error
                    .to_string()
                    .ends_with(".new: could not copy lines to: line 4 of the file that begins with entry @0 is no longer there"),
                "{error}"
            );
            assert_eq!(content(&sim, EVENTS).unwrap(), b"one\ntxo\nthree\n");
            assert_eq!(content(&sim, "checkpoint").unwrap(), b"thxee");
        }
    }

    /// More than is written in one piece.
    #[test]
    fn a_file_of_many_long_lines_is_healed_byte_for_byte() {
        let sim = Sim::default();
        let lines: Vec<Vec<u8>> = (0..40_u8).map(|at| vec![b'a' + at % 26; 60_000]).collect();
        let mut writer = SegmentWriter::create_on(sim.clone(), dir(), Options::default()).unwrap();
        let slices: Vec<&[u8]> = lines.iter().map(Vec::as_slice).collect();
        writer.append(0, &slices).unwrap();
        writer.close().unwrap();
        let before = content(&sim, EVENTS).unwrap();
        let healing = Healing {
            segments: vec![HealedSegment {
                name: EVENTS.to_owned(),
                lines: vec![
                    stored(0..30),
                    Lines::Given(lines[30].clone()),
                    stored(31..40),
                ],
            }],
            ..Healing::default()
        };
        heal(&sim, dir(), &healing).unwrap();
        assert_eq!(content(&sim, EVENTS).unwrap(), before);
    }
}

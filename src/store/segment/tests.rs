//! Promises tried on a real disk, and recovery's verdicts.

use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::slice;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, Mutex};

use super::super::{BadLine, Durable, Found, Line, LineOfFile, Store, StoreError};
use super::*;

const SMALL: Options = Options {
    segment_bytes: 64,
    reserve_bytes: 32,
};

/// Lines here are `<stamp> <text>`; anything else was never written.
fn check(_: u64, line: &[u8]) -> Result<Stamp, String> {
    let text = std::str::from_utf8(line).map_err(|error| error.to_string())?;
    let stamp = text.split(' ').next().and_then(|stamp| stamp.parse().ok());
    stamp
        .map(Stamp)
        .filter(|_| !text.contains('\0'))
        .ok_or_else(|| format!("{text:?}"))
}

fn open(dir: &Path, acknowledged: Option<u64>) -> Result<(SegmentWriter, Recovered), StoreError> {
    SegmentWriter::open_on(
        Disk,
        dir,
        SMALL,
        Recovery {
            acknowledged,
            checked: 0,
            check: &mut check,
        },
    )
}

/// A closed ledger whose files hold exactly these texts, under these first indices.
fn ledger(files: &[(u64, &[u8])]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("events")).unwrap();
    for (first, text) in files {
        fs::write(dir.path().join(format!("events/{first:012}.jsonl")), text).unwrap();
    }
    dir
}

fn text(dir: &Path, first: u64) -> Vec<u8> {
    fs::read(dir.join(format!("events/{first:012}.jsonl"))).unwrap()
}

type Seen = (u64, u64, Result<String, Found>);

fn seen<F: Files>(reader: &SegmentReader<F>, from: u64, to: u64) -> Vec<Seen> {
    let mut all = Vec::new();
    reader
        .read(from, to, &mut |item| {
            all.push(match item {
                Ok(line) => (
                    line.index,
                    line.line_in_file,
                    Ok(String::from_utf8_lossy(line.bytes).into()),
                ),
                Err(bad) => (bad.index, bad.line_in_file, Err(bad.found)),
            });
            ControlFlow::Continue(())
        })
        .unwrap();
    all
}

fn damages(result: Result<(SegmentWriter, Recovered), StoreError>) -> Vec<(String, u64, u64)> {
    match result {
        Err(StoreError::Damaged(list)) => list
            .into_iter()
            .map(|d| (d.file, d.line, d.index))
            .collect(),
        Err(error) => panic!("{error}"),
        Ok((_, recovered)) => panic!("{recovered:?}"),
    }
}

fn line(text: &str) -> Result<String, Found> {
    Ok(text.into())
}

#[test]
fn what_is_appended_comes_back_byte_for_byte_in_files_named_by_their_first_index() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("a/ledger");
    let mut writer = SegmentWriter::create_on(Disk, &root, SMALL).unwrap();
    let lines: Vec<Vec<u8>> = (0..40u8)
        .map(|i| [b"1 ", &vec![i.max(11); usize::from(i)][..]].concat())
        .collect();
    for (head, pair) in lines.chunks(2).enumerate() {
        writer
            .append(head as u64 * 2, &[&pair[0], &pair[1]])
            .unwrap();
    }
    let reader = SegmentReader::open(&root).unwrap();
    assert_eq!(reader.head().unwrap(), 40);
    writer.close().unwrap();
    let mut first = 0;
    let mut joined = Vec::new();
    while first < 40 {
        let bytes = text(&root, first);
        assert!(bytes.len() <= 64, "{}", bytes.len());
        assert_eq!(bytes.last(), Some(&b'\n'));
        first += bytes.iter().filter(|b| **b == b'\n').count() as u64;
        joined.extend(bytes);
    }
    assert_eq!(
        joined,
        lines
            .iter()
            .flat_map(|l| [&l[..], b"\n"].concat())
            .collect::<Vec<u8>>()
    );
    for from in (0..40).rev() {
        let got = seen(&reader, from, from + 1);
        assert_eq!(got.len(), 1);
        assert_eq!(
            got[0].2.as_ref().unwrap().as_bytes(),
            lines[usize::try_from(from).unwrap()]
        );
    }
    assert_eq!(
        fs::read(root.join(".gitignore")).unwrap(),
        b"cache/\nlock\ntorn/\n"
    );
    assert!(fs::read_dir(root.join("cache")).unwrap().next().is_none());
}

#[test]
fn an_append_at_another_head_is_a_conflict_and_a_newline_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let mut stores: Vec<Box<dyn Store>> = vec![
        Box::new(SegmentWriter::create(dir.path()).unwrap()),
        Box::new(super::super::Memory::new()),
    ];
    for store in &mut stores {
        assert_eq!(store.append(0, &[b"1 a", b"1 b"]).unwrap(), 2);
        assert!(matches!(
            store.append(1, &[b"2 c"]),
            Err(StoreError::Conflict {
                expected: 1,
                found: 2
            })
        ));
        assert!(matches!(
            store.append(2, &[b"2 c", b"2\n"]),
            Err(StoreError::Unstorable { position: 1, .. })
        ));
        assert!(matches!(
            store.append(2, &[&[b'x'; 65_536]]),
            Err(StoreError::Unstorable { position: 0, .. })
        ));
        assert_eq!(store.append(2, &[&[b'x'; 65_535]]).unwrap(), 3);
        let mut lengths = Vec::new();
        store
            .read(1, 9, &mut |line| {
                lengths.push(line.unwrap().bytes.len());
                ControlFlow::Continue(())
            })
            .unwrap();
        assert_eq!(lengths, [3, 65_535]);
        store
            .put("tile/0/x001/000", b"tile", Durable::Later)
            .unwrap();
        store.put("checkpoint", b"one", Durable::Now).unwrap();
        store.put("checkpoint", b"two", Durable::Later).unwrap();
        assert_eq!(store.get("checkpoint").unwrap().unwrap(), b"two");
        store.sync_named().unwrap();
        assert_eq!(store.get("tile/0/x001/000").unwrap().unwrap(), b"tile");
        assert_eq!(store.get("tile/0/000").unwrap(), None);
        assert_eq!(store.get("checkpoint/000").unwrap(), None);
        let large = vec![0; super::super::MAX_NAMED + 1];
        assert!(matches!(
            store.put("tile/0/000", &large, Durable::Now),
            Err(StoreError::TooLarge { .. })
        ));
        store.put("tile/0/000", &large[1..], Durable::Now).unwrap();
        for name in [
            "", "/etc", "../x", "a//b", "a/../b", "events/x", "lock", "LOCK", ".git/x", "a b",
            "torn/x",
        ] {
            assert!(
                matches!(
                    store.put(name, b"", Durable::Now),
                    Err(StoreError::BadName { .. })
                ),
                "{name}"
            );
        }
    }
}

#[test]
fn space_is_reserved_ahead_ignored_by_readers_and_given_back_by_a_clean_close() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = SegmentWriter::create(dir.path()).unwrap();
    writer.append(0, &[b"1 a"]).unwrap();
    let bytes = text(dir.path(), 0);
    assert!(bytes.len() >= 1 << 20);
    assert!(bytes.starts_with(b"1 a\n") && bytes[4..].iter().all(|b| *b == 0));
    assert_eq!(
        seen(&SegmentReader::open(dir.path()).unwrap(), 0, u64::MAX),
        [(0, 1, line("1 a"))]
    );
    writer.close().unwrap();
    assert_eq!(text(dir.path(), 0), b"1 a\n");
}

#[test]
fn a_second_writer_is_told_who_holds_the_lock_and_a_left_lock_file_is_no_obstacle() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("lock"), "pid 1\n").unwrap();
    let writer = SegmentWriter::create(dir.path()).unwrap();
    let Err(StoreError::Locked { holder, .. }) = open(dir.path(), Some(0)) else {
        panic!("opened twice")
    };
    assert_eq!(holder, format!("pid {}", std::process::id()));
    drop(writer);
    open(dir.path(), Some(0)).unwrap();
}

#[test]
fn a_lock_or_segment_that_is_no_regular_file_is_refused_without_waiting() {
    let dir = ledger(&[(0, b"1 a\n"), (2, b"1 c\n")]);
    let fifo = dir.path().join("events/000000000001.jsonl");
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&fifo)
            .status()
            .unwrap()
            .success()
    );
    let reader = SegmentReader::open(dir.path()).unwrap();
    let got = seen(&reader, 0, u64::MAX);
    assert_eq!(
        (&got[0], &got[2]),
        (&(0, 1, line("1 a")), &(2, 1, line("1 c")))
    );
    assert!(matches!(got[1], (1, 1, Err(Found::Unreadable { .. }))));
    assert_eq!(
        damages(open(dir.path(), Some(3))),
        [("events/000000000001.jsonl".into(), 1, 1)]
    );
    fs::remove_file(dir.path().join("lock")).unwrap();
    symlink("/dev/null", dir.path().join("lock")).unwrap();
    assert!(matches!(
        open(dir.path(), Some(3)),
        Err(StoreError::Io { doing: "lock", .. })
    ));
    fs::remove_file(&fifo).unwrap();
    symlink(dir.path().join("events/000000000000.jsonl"), &fifo).unwrap();
    let got = seen(&SegmentReader::open(dir.path()).unwrap(), 0, u64::MAX);
    assert!(matches!(got[1], (1, 1, Err(Found::Unreadable { .. }))));
}

#[test]
fn a_named_file_is_not_written_through_a_link_out_of_the_folder() {
    let (dir, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut writer = SegmentWriter::create(dir.path()).unwrap();
    symlink(outside.path(), dir.path().join("tile")).unwrap();
    assert!(matches!(
        writer.put("tile/000", b"x", Durable::Now),
        Err(StoreError::Io { .. })
    ));
    assert!(fs::read_dir(outside.path()).unwrap().next().is_none());
}

/// A copy of what was last synced lies in `cache/` for each name of its own.
#[test]
fn what_is_replaced_without_syncs_is_kept_by_name_as_it_was_last_synced() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = SegmentWriter::create(dir.path()).unwrap();
    let reader = writer.reader();
    let told = |name: &str| {
        let text = |bytes: Option<Vec<u8>>| bytes.map(|bytes| String::from_utf8(bytes).unwrap());
        let now = text(reader.get(name).unwrap());
        assert_eq!(
            reader.length_of(name).unwrap(),
            now.as_ref().map(|now| now.len() as u64)
        );
        (now, text(reader.get_synced(name).unwrap()))
    };
    let both = |now: &str, synced: &str| (Some(now.to_owned()), Some(synced.to_owned()));
    assert_eq!(told("checkpoint"), (None, None));
    writer.put("checkpoint", b"one", Durable::Later).unwrap();
    writer.put("tile/0/000", b"tile", Durable::Later).unwrap();
    assert_eq!(told("checkpoint"), both("one", "one"));
    assert_eq!(told("tile/0/000"), both("tile", "tile"));
    writer
        .put("checkpoint", b"number two", Durable::Later)
        .unwrap();
    assert_eq!(told("checkpoint"), both("number two", "one"));
    writer.sync_named().unwrap();
    assert_eq!(told("checkpoint"), both("number two", "number two"));
    // What is put for good is not synced once more, as nothing of it is open.
    writer.put("checkpoint", b"3", Durable::Later).unwrap();
    writer.put("checkpoint", b"four", Durable::Now).unwrap();
    writer.sync_named().unwrap();
    assert_eq!(told("checkpoint"), both("four", "number two"));
    for name in ["../checkpoint", "lock", ""] {
        let refused = |error: StoreError| matches!(error, StoreError::BadName { .. });
        assert!(refused(reader.length_of(name).unwrap_err()));
        assert!(refused(reader.get_synced(name).unwrap_err()));
        assert!(refused(reader.get(name).unwrap_err()));
        assert!(refused(writer.put(name, b"", Durable::Later).unwrap_err()));
    }
}

#[test]
fn a_torn_tail_is_cut_kept_aside_and_nothing_before_it_is_lost() {
    for (tail, cut, found) in [
        (&b"2 c"[..], &b"2 c"[..], "3 bytes without a newline"),
        (b"2 c\0\0\0", b"2 c", "3 bytes without a newline"),
        (b"\0\0 c\n2 d\n\0", b"\0\0 c\n2 d\n", "\"\\0\\0 c\""),
        (
            b"\0\0\0c\n2 d\n?\n2 e\n2",
            b"\0\0\0c\n2 d\n?\n2 e\n2",
            "\"\\0\\0\\0c\"",
        ),
    ] {
        let dir = ledger(&[(0, &[b"1 a\n2 b\n", tail].concat())]);
        let (mut writer, recovered) = open(dir.path(), Some(1)).unwrap();
        let kept = recovered.cut.unwrap();
        assert_eq!((recovered.kept, recovered.resynced, kept.index), (2, 1, 2));
        assert_eq!(kept.found, found);
        assert_eq!(fs::read(dir.path().join(&kept.file)).unwrap(), cut);
        let digest = crate::hash::Hash::of(cut).to_string();
        assert_eq!(kept.file, format!("torn/000000000002-{}", &digest[..16]));
        writer.append(2, &[b"3 c"]).unwrap();
        writer.close().unwrap();
        assert_eq!(text(dir.path(), 0), b"1 a\n2 b\n3 c\n");
    }
}

#[test]
fn a_bad_line_before_what_was_acknowledged_is_damage_and_nothing_is_modified() {
    let bytes = b"1 a\nx\n2 c\n2 d";
    let dir = ledger(&[(0, bytes)]);
    assert_eq!(
        damages(open(dir.path(), Some(2))),
        [("events/000000000000.jsonl".into(), 2, 1)]
    );
    assert_eq!(text(dir.path(), 0), bytes);
    assert!(!dir.path().join("torn").exists());
    // The same bytes, but nothing of them was promised: one batch, torn.
    assert_eq!(open(dir.path(), Some(1)).unwrap().1.cut.unwrap().index, 1);
}

#[test]
fn a_bad_line_with_several_batches_behind_it_is_damage() {
    let dir = ledger(&[(0, b"1 a\nx\n2 c\n3 d\n")]);
    assert_eq!(
        damages(open(dir.path(), Some(1))),
        [("events/000000000000.jsonl".into(), 2, 1)]
    );
}

#[test]
fn fewer_lines_than_acknowledged_or_no_acknowledged_size_is_damage() {
    let dir = ledger(&[(0, b"1 a\n"), (1, b"")]);
    assert_eq!(
        damages(open(dir.path(), Some(3))),
        [("events/000000000001.jsonl".into(), 1, 1)]
    );
    assert_eq!(
        damages(open(dir.path(), None)),
        [("checkpoint".into(), 1, 1)]
    );
    assert_eq!(open(dir.path(), Some(1)).unwrap().1.kept, 1);
}

fn told(result: Result<(SegmentWriter, Recovered), StoreError>) -> Vec<String> {
    match result {
        Err(StoreError::Damaged(list)) => list.iter().map(ToString::to_string).collect(),
        other => panic!("{:?}", other.map(|(_, recovered)| recovered)),
    }
}

#[test]
fn every_bad_line_before_what_was_acknowledged_is_told_in_words() {
    const FILE: &str = "events/000000000000.jsonl";
    let dir = ledger(&[(0, b"x\n1 b\ny\n2 d\n")]);
    let bad = |index: u64, found: &str| {
        let line = index + 1;
        format!(
            "entry {index} ({FILE} line {line}): found \"{found}\", expected a line as it was written"
        )
    };
    assert_eq!(told(open(dir.path(), Some(4))), [bad(0, "x"), bad(2, "y")]);
    assert_eq!(told(open(dir.path(), Some(3))), [bad(0, "x"), bad(2, "y")]);
    let dir = ledger(&[(0, b"1 a\n1 b\n")]);
    assert_eq!(
        told(open(dir.path(), Some(3))),
        [format!(
            "entry 2 ({FILE} line 3): found the end of the ledger after 2 entries, \
             expected 3 entries, as many as were acknowledged"
        )]
    );
    assert_eq!(
        told(open(dir.path(), None)),
        [
            "entry 2 (checkpoint line 1): found nothing that says how many entries were acknowledged, \
          expected a signed size, as there are 2 entries"
        ]
    );
    // A torn batch is no end of the ledger where it was acknowledged.
    let dir = ledger(&[(0, b"1 a\n2 b")]);
    assert_eq!(
        told(open(dir.path(), Some(2))),
        [format!(
            "entry 1 ({FILE} line 2): found 3 bytes without a newline, expected a newline at the end of the line"
        )]
    );
}

#[test]
fn at_most_a_thousand_places_are_told() {
    for count in [999, 1_000, 1_001, 1_100] {
        let dir = ledger(&[(0, "x\n".repeat(count).as_bytes())]);
        let told = told(open(dir.path(), Some(2_000)));
        assert_eq!(told.len(), count.min(1_000));
    }
}

/// An `init` that died leaves the beginning of one line at most.
#[test]
fn without_an_acknowledged_size_only_nothing_or_one_torn_line_is_gone_on_with() {
    let long = [&[b'x'; 65_536][..], b"\n"].concat();
    for (text, is_open) in [
        (&b""[..], true),
        (b"\0\0", true),
        (b"1 a", true),
        (b"x\n", true),
        (&long, true),
        (b"1 a\n", false),
        (b"1 a\n1", false),
        (b"x\ny\n", false),
        (b"x\n1", false),
        (b"x\n1 b\n", false),
        (&[&long[..], b"1"].concat(), false),
    ] {
        let dir = ledger(&[(0, text)]);
        let opened = open(dir.path(), None);
        assert_eq!(opened.is_ok(), is_open, "{:?}", opened.err());
        if let Ok((writer, recovered)) = opened {
            assert_eq!((recovered.kept, recovered.resynced), (0, 0));
            writer.close().unwrap();
            assert_eq!(self::text(dir.path(), 0), b"");
        }
    }
}

/// A sealed file was whole when it was sealed.
#[cfg(feature = "zstd")]
#[test]
fn a_bad_line_in_a_sealed_file_is_damage_wherever_it_stands() {
    let dir = ledger(&[(0, b"1 a\nx\n"), (2, b"")]);
    seal(dir.path(), 0).unwrap();
    assert_eq!(
        damages(open(dir.path(), Some(0))),
        [("events/000000000000.jsonl.zst".into(), 2, 1)]
    );
}

/// The name's digits are of the digest of each MiB with the digest before it.
#[test]
fn a_torn_batch_over_several_files_is_kept_whole_and_cut_from_each() {
    let long: Vec<u8> = [&b"2 "[..], &[b'x'; 60_000], b"\n"].concat();
    let many = long.repeat(20);
    let dir = ledger(&[
        (0, &[&b"1 a\n?\n"[..], &many].concat()),
        (22, &many),
        (42, b"2 z\n\0\0\0\0"),
    ]);
    let (mut writer, recovered) = open(dir.path(), Some(1)).unwrap();
    let cut = recovered.cut.unwrap();
    let expected = [b"?\n", &many[..], &many[..], b"2 z\n"].concat();
    assert_eq!((recovered.kept, recovered.resynced, cut.index), (1, 0, 1));
    assert_eq!(cut.bytes, expected.len() as u64);
    assert_eq!(fs::read(dir.path().join(&cut.file)).unwrap(), expected);
    let mut digest: Option<crate::hash::Hash> = None;
    for part in [&expected[..2 + many.len()], &many, b"2 z\n"] {
        for piece in part.chunks(1 << 20) {
            digest = Some(match digest {
                None => crate::hash::Hash::of(piece),
                Some(before) => crate::hash::Hash::of(&[&before.0[..], piece].concat()),
            });
        }
    }
    let digest = digest.unwrap().to_string();
    assert_eq!(cut.file, format!("torn/000000000001-{}", &digest[..16]));
    assert_eq!(fs::read_dir(dir.path().join("events")).unwrap().count(), 1);
    writer.append(1, &[b"3 b"]).unwrap();
    writer.close().unwrap();
    assert_eq!(text(dir.path(), 0), b"1 a\n3 b\n");
}

#[test]
fn a_missing_file_and_lines_too_many_are_found_and_all_other_lines_are_read() {
    let dir = ledger(&[(1, b"1 b\n1 c\n1 d\n"), (3, b"1 D\n"), (9, b"1 j\n")]);
    fs::write(dir.path().join("events/notes.txt"), "").unwrap();
    let reader = SegmentReader::open(dir.path()).unwrap();
    assert_eq!(reader.strays(), ["notes.txt"]);
    assert_eq!(
        seen(&reader, 0, u64::MAX),
        [
            (0, 1, Err(Found::Missing { lines: 1 })),
            (1, 1, line("1 b")),
            (2, 2, line("1 c")),
            (3, 3, Err(Found::Surplus)),
            (3, 1, line("1 D")),
            (4, 1, Err(Found::Missing { lines: 5 })),
            (9, 1, line("1 j")),
        ]
    );
    assert_eq!(seen(&reader, 9, 10), [(9, 1, line("1 j"))]);
    assert_eq!(damages(open(dir.path(), Some(1))).len(), 3);
}

/// All that stands in one file, where its lines would be if no other began.
#[test]
fn a_file_is_read_to_its_end_wherever_the_next_begins() {
    let dir = ledger(&[
        (1, b"1 b\n1 c\n1 d\n\0\0"),
        (3, b"1 D\n"),
        (9, b"1 j\n1 k\n\0\0"),
    ]);
    let reader = SegmentReader::open(dir.path()).unwrap();
    let of = |first, numbers: std::ops::Range<u64>| {
        let mut seen = Vec::new();
        let visit = &mut |item: Result<Line<'_>, BadLine>| {
            seen.push(match item {
                Ok(item) => (
                    item.of_file(),
                    line(std::str::from_utf8(item.bytes).unwrap()),
                ),
                Err(bad) => (bad.of_file(), Err(bad.found)),
            });
            ControlFlow::Continue(())
        };
        reader.read_file(first, numbers, visit).unwrap();
        seen
    };
    let at = |first, number| LineOfFile { first, number };
    assert_eq!(
        of(1, 0..u64::MAX),
        [
            (at(1, 0), line("1 b")),
            (at(1, 1), line("1 c")),
            (at(1, 2), line("1 d")),
            // Space that was made ahead is in the newest file only.
            (at(1, 3), Err(Found::Unfinished { bytes: 2 })),
        ]
    );
    assert_eq!(of(1, 1..2), [(at(1, 1), line("1 c"))]);
    assert_eq!(of(3, 0..1), [(at(3, 0), line("1 D"))]);
    assert_eq!(of(3, 1..9), []);
    assert_eq!(
        of(9, 0..9),
        [(at(9, 0), line("1 j")), (at(9, 1), line("1 k"))]
    );
    // No file begins there.
    assert_eq!(of(0, 0..9), []);
    assert_eq!(of(2, 0..9), []);
    assert_eq!(of(10, 0..9), []);
}

/// The disk, with names that the first so many listings of a folder do not have.
#[derive(Clone)]
struct Late {
    late: Vec<(&'static str, Arc<AtomicUsize>)>,
}

impl Late {
    fn of(late: &[(&'static str, usize)]) -> Late {
        let late = late
            .iter()
            .map(|(name, times)| (*name, Arc::new(AtomicUsize::new(*times))));
        Late {
            late: late.collect(),
        }
    }
}

impl Files for Late {
    type File = fs::File;
    type Lock = DiskLock;

    fn open(&self, path: &Path, mode: Mode) -> io::Result<fs::File> {
        Disk.open(path, mode)
    }
    fn names(&self, folder: &Path) -> io::Result<Vec<String>> {
        let fewer = |left: usize| left.checked_sub(1);
        let mut names = Disk.names(folder)?;
        for (late, times) in &self.late {
            if times.fetch_update(SeqCst, SeqCst, fewer).is_ok() {
                names.retain(|name| name != late);
            }
        }
        Ok(names)
    }
    fn kind(&self, path: &Path) -> io::Result<Option<Kind>> {
        Disk.kind(path)
    }
    fn make_folder(&self, path: &Path) -> io::Result<()> {
        Disk.make_folder(path)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        Disk.rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        Disk.remove(path)
    }
    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        Disk.sync_folder(folder)
    }
    fn lock(&self, path: &Path) -> Result<DiskLock, LockError> {
        Disk.lock(path)
    }
}

/// What the full run of `readers_get_every_line_while_segments_are_begun_and_sealed` found: a segment
/// that was begun and sealed while the folder was listed was in no list that had the one after it.
#[test]
fn what_no_list_had_is_looked_for_again_before_it_is_called_missing() {
    for (name, at) in [("000000000000.jsonl", 0), ("000000000001.jsonl", 1)] {
        let dir = ledger(&[(0, b"1 a\n"), (1, b"1 b\n"), (2, b"1 c\n")]);
        let opened =
            |times| SegmentReader::open_on(Late::of(&[(name, times)]), dir.path()).unwrap();
        let mut lines = [
            (0, 1, line("1 a")),
            (1, 1, line("1 b")),
            (2, 1, line("1 c")),
        ];
        // Opening lists until a list has what the one before it had.
        assert_eq!(seen(&opened(2), 0, u64::MAX), lines, "{name}");
        lines[at].2 = Err(Found::Missing { lines: 1 });
        assert_eq!(seen(&opened(usize::MAX), 0, u64::MAX), lines, "{name}");
    }
}

/// Each list takes two listings: one for the opening, one for each gap.
#[test]
fn every_gap_is_looked_for_again_also_behind_one_that_stays() {
    let dir = ledger(&[
        (0, b"1 a\n"),
        (1, b"1 b\n"),
        (2, b"1 c\n"),
        (3, b"1 d\n"),
        (4, b"1 e\n"),
    ]);
    let late = Late::of(&[
        ("000000000001.jsonl", usize::MAX),
        ("000000000003.jsonl", 4),
    ]);
    let reader = SegmentReader::open_on(late, dir.path()).unwrap();
    assert_eq!(
        seen(&reader, 0, u64::MAX),
        [
            (0, 1, line("1 a")),
            (1, 1, Err(Found::Missing { lines: 1 })),
            (2, 1, line("1 c")),
            (3, 1, line("1 d")),
            (4, 1, line("1 e")),
        ]
    );
}

#[test]
fn only_what_was_asked_for_is_called_missing() {
    let dir = ledger(&[(3, b"1 d\n"), (4, b"1 e\n"), (7, b"1 h\n")]);
    let reader = SegmentReader::open(dir.path()).unwrap();
    let first = (0, 1, Err(Found::Missing { lines: 3 }));
    let later = (5, 1, Err(Found::Missing { lines: 2 }));
    assert_eq!(seen(&reader, 0, 0), []);
    assert_eq!(seen(&reader, 0, 1), slice::from_ref(&first));
    assert_eq!(seen(&reader, 2, 3), slice::from_ref(&first));
    assert_eq!(seen(&reader, 2, 4), [first, (3, 1, line("1 d"))]);
    assert_eq!(seen(&reader, 3, 4), [(3, 1, line("1 d"))]);
    assert_eq!(seen(&reader, 4, 5), [(4, 1, line("1 e"))]);
    assert_eq!(seen(&reader, 4, 6), [(4, 1, line("1 e")), later.clone()]);
    assert_eq!(seen(&reader, 5, 6), slice::from_ref(&later));
    assert_eq!(seen(&reader, 6, 7), [later]);
    assert_eq!(seen(&reader, 7, 9), [(7, 1, line("1 h"))]);
    assert_eq!(seen(&reader, 8, 9), []);
}

/// The disk, and what was opened and read on it: the file, where, how many bytes were asked for.
#[derive(Clone, Default)]
struct Watched {
    /// Whether its locks keep nobody out any more.
    is_let_in: Arc<AtomicBool>,
    opened: Arc<Mutex<Vec<String>>>,
    read: Arc<Mutex<Vec<(u64, usize)>>>,
}

struct WatchedFile {
    file: fs::File,
    read: Arc<Mutex<Vec<(u64, usize)>>>,
}

impl OpenFile for WatchedFile {
    fn length(&self) -> io::Result<u64> {
        self.file.length()
    }
    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        self.read.lock().unwrap().push((offset, into.len()));
        OpenFile::read_at(&self.file, into, offset)
    }
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        OpenFile::write_at(&self.file, bytes, offset)
    }
    fn truncate(&self, length: u64) -> io::Result<()> {
        self.file.truncate(length)
    }
    fn sync(&self) -> io::Result<()> {
        self.file.sync()
    }
}

impl Files for Watched {
    type File = WatchedFile;
    type Lock = DiskLock;

    fn open(&self, path: &Path, mode: Mode) -> io::Result<WatchedFile> {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        self.opened.lock().unwrap().push(name);
        Ok(WatchedFile {
            file: Disk.open(path, mode)?,
            read: Arc::clone(&self.read),
        })
    }
    fn names(&self, folder: &Path) -> io::Result<Vec<String>> {
        Disk.names(folder)
    }
    fn kind(&self, path: &Path) -> io::Result<Option<Kind>> {
        Disk.kind(path)
    }
    fn make_folder(&self, path: &Path) -> io::Result<()> {
        Disk.make_folder(path)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        Disk.rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        Disk.remove(path)
    }
    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        Disk.sync_folder(folder)
    }
    fn lock(&self, path: &Path) -> Result<DiskLock, LockError> {
        Disk.lock(path)
    }
    fn is_held(&self, _: &DiskLock, _: &Path) -> io::Result<bool> {
        Ok(!self.is_let_in.load(SeqCst))
    }
}

#[test]
fn a_line_whose_surroundings_were_seen_is_one_small_read() {
    let text: String = (0..100).map(|at| format!("1 line {at:092}\n")).collect();
    assert_eq!(text.len(), 10_000);
    const SMALL: usize = 16 << 10;
    const LARGE: usize = 128 << 10;
    for first in [0, 7] {
        let before = "1 line\n".repeat(usize::try_from(first).unwrap());
        let files = [(0, before.as_bytes()), (first, text.as_bytes())];
        let dir = ledger(&files[usize::from(first == 0)..]);
        let disk = Watched::default();
        let reader = SegmentReader::open_on(disk.clone(), dir.path()).unwrap();
        let read = |from, to| {
            disk.read.lock().unwrap().clear();
            let got = seen(&reader, first + from, first + to);
            assert_eq!(got.len() as u64, to - from);
            disk.read.lock().unwrap().clone()
        };
        assert_eq!(read(90, 91), [(0, SMALL)]);
        // It begins at a 16th.
        assert_eq!(read(90, 91), [(8_000, SMALL)]);
        assert_eq!(read(80, 81), [(8_000, SMALL)]);
        assert_eq!(read(79, 80), [(6_400, SMALL)]);
        assert_eq!(read(15, 16), [(0, SMALL)]);
        assert_eq!(read(16, 80), [(1_600, SMALL)]);
        assert_eq!(read(16, 81), [(1_600, LARGE)]);
        assert_eq!(read(99, 100), [(8_000, SMALL)]);
        assert_eq!(read(99, 100), [(9_600, SMALL)]);
        // The head is looked for from where lines were last seen, also in a new list.
        disk.read.lock().unwrap().clear();
        assert_eq!(reader.head().unwrap(), first + 100);
        assert_eq!(disk.read.lock().unwrap()[0], (9_600, LARGE));
    }
}

#[test]
fn a_writer_whose_lock_lets_others_in_writes_nothing_more() {
    let dir = tempfile::tempdir().unwrap();
    let disk = Watched::default();
    let mut writer = SegmentWriter::create_on(disk.clone(), dir.path(), SMALL).unwrap();
    writer.append(0, &[b"1 a"]).unwrap();
    disk.is_let_in.store(true, SeqCst);
    let error = writer.append(1, &[b"2 b"]).unwrap_err();
    assert!(
        matches!(&error, StoreError::Replaced { path } if *path == dir.path().join("lock")),
        "{error}"
    );
    disk.is_let_in.store(false, SeqCst);
    let error = writer.append(1, &[b"2 b"]).unwrap_err();
    assert!(matches!(error, StoreError::Poisoned), "{error}");
    assert_eq!(writer.head(), 1);
    let reader = SegmentReader::open(dir.path()).unwrap();
    assert_eq!(seen(&reader, 0, u64::MAX), [(0, 1, line("1 a"))]);
}

#[test]
fn a_file_is_filled_to_the_last_byte_and_what_does_not_fit_begins_another() {
    for (second, files) in [(30, 1), (31, 1), (32, 2)] {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = SegmentWriter::create_on(Disk, dir.path(), SMALL).unwrap();
        writer.append(0, &[&[b'a'; 31]]).unwrap();
        writer.append(1, &[&vec![b'b'; second]]).unwrap();
        writer.close().unwrap();
        let names = fs::read_dir(dir.path().join("events")).unwrap().count();
        assert_eq!(names, files, "{second}");
        // In one batch as well.
        let dir = tempfile::tempdir().unwrap();
        let mut writer = SegmentWriter::create_on(Disk, dir.path(), SMALL).unwrap();
        writer
            .append(0, &[&[b'a'; 31], &vec![b'b'; second]])
            .unwrap();
        writer.close().unwrap();
        let names = fs::read_dir(dir.path().join("events")).unwrap().count();
        assert_eq!(names, files, "{second}");
    }
}

#[test]
fn space_is_made_for_what_is_written_and_some_more_up_to_a_files_size() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = SegmentWriter::create_on(Disk, dir.path(), SMALL).unwrap();
    let length = |first: u64| text(dir.path(), first).len();
    assert_eq!(length(0), 33);
    writer.append(0, &[&[b'a'; 31]]).unwrap();
    assert_eq!(length(0), 33);
    writer.append(1, &[&[b'b'; 9]]).unwrap();
    assert_eq!(length(0), 64);
    // A line that is longer than a file gets one.
    writer.append(2, &[&[b'c'; 99], b"d", b"e"]).unwrap();
    assert_eq!((length(0), length(2)), (42, 100));
    assert_eq!(length(3), 33);
    assert_eq!(seen(&writer.reader(), 0, u64::MAX).len(), 5);
}

#[test]
fn a_ledger_is_made_below_a_link_to_a_folder() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("real")).unwrap();
    symlink(dir.path().join("real"), dir.path().join("link")).unwrap();
    let mut writer = SegmentWriter::create(&dir.path().join("link/a/ledger")).unwrap();
    writer.append(0, &[b"1 a"]).unwrap();
    writer.close().unwrap();
    assert_eq!(text(&dir.path().join("real/a/ledger"), 0), b"1 a\n");
}

#[test]
fn so_many_files_stay_open_and_no_more() {
    let lines: Vec<String> = (0..70).map(|at| format!("1 {at}\n")).collect();
    let files: Vec<(u64, &[u8])> = (0..).zip(lines.iter().map(String::as_bytes)).collect();
    let dir = ledger(&files);
    let disk = Watched::default();
    let reader = SegmentReader::open_on(disk.clone(), dir.path()).unwrap();
    for opened in [70, 6, 6] {
        assert_eq!(seen(&reader, 0, 70).len(), 70);
        assert_eq!(
            std::mem::take(&mut *disk.opened.lock().unwrap()).len(),
            opened
        );
    }
}

/// Where lines begin is remembered for every 16th.
#[test]
fn what_is_forgotten_is_looked_for_again_and_the_rest_is_not() {
    let text =
        |of: &str, count: u64| -> String { (0..count).map(|at| format!("1 {of}{at}\n")).collect() };
    let dir = ledger(&[
        (0, text("line", 20).as_bytes()),
        (20, text("line", 40).as_bytes()),
    ]);
    let reader = SegmentReader::open(dir.path()).unwrap();
    assert_eq!(seen(&reader, 0, u64::MAX).len(), 60);
    // As many lines, each longer.
    fs::write(
        dir.path().join("events/000000000020.jsonl"),
        text("a longer line", 40),
    )
    .unwrap();
    let at = |reader: &SegmentReader, index: u64| seen(reader, index, index + 1).remove(0).2;
    assert_ne!(
        at(&reader, 39),
        line("1 a longer line19"),
        "16 lines on it begins elsewhere"
    );
    reader.forget_from(36);
    assert_eq!(at(&reader, 39), line("1 a longer line19"));
    assert_eq!(at(&reader, 20), line("1 a longer line0"));
    assert_eq!(at(&reader, 19), line("1 line19"));
    assert_eq!(at(&reader, 59), line("1 a longer line39"));
    assert_eq!(reader.head().unwrap(), 60);
}

#[test]
fn the_head_counts_a_line_that_is_too_long_and_not_one_without_an_end() {
    let long = [&[b'x'; 65_536][..], b"\n"].concat();
    for (text, head) in [
        (&b""[..], 0),
        (b"1 a\n", 1),
        (b"1 a\n1 b", 1),
        (b"1 a\n\0\0", 1),
        (&long, 1),
        (&[&b"1 a\n"[..], &long].concat(), 2),
        (&[&long[..], b"1 a\n1"].concat(), 2),
    ] {
        let dir = ledger(&[(0, text)]);
        assert_eq!(
            SegmentReader::open(dir.path()).unwrap().head().unwrap(),
            head
        );
        let dir = ledger(&[(0, b"1 a\n1 b\n"), (2, text)]);
        assert_eq!(
            SegmentReader::open(dir.path()).unwrap().head().unwrap(),
            head + 2
        );
    }
    assert_eq!(
        SegmentReader::open(ledger(&[]).path())
            .unwrap()
            .head()
            .unwrap(),
        0
    );
}

#[test]
fn nul_bytes_end_only_the_newest_file() {
    let dir = ledger(&[(0, b"1 a\n\0\0"), (1, b"1 b\n\0\0")]);
    let reader = SegmentReader::open(dir.path()).unwrap();
    assert_eq!(
        seen(&reader, 0, u64::MAX),
        [
            (0, 1, line("1 a")),
            (1, 2, Err(Found::Unfinished { bytes: 2 })),
            (1, 1, line("1 b")),
        ]
    );
}

#[test]
fn lines_checked_before_are_not_checked_again_but_those_past_b_are() {
    let dir = ledger(&[(0, b"1 a\n1 b\n"), (2, b"1 c\n1 d\n1 e\n")]);
    let mut asked = Vec::new();
    let mut check = |index: u64, _: &[u8]| {
        asked.push(index);
        Ok(Stamp(1))
    };
    SegmentWriter::open(
        dir.path(),
        Recovery {
            acknowledged: Some(4),
            checked: 9,
            check: &mut check,
        },
    )
    .unwrap();
    assert_eq!(asked, [4]);
}

#[test]
fn creating_again_starts_over_after_an_init_that_died_and_refuses_a_ledger() {
    for remains in [&b""[..], b"\0\0", b"1 a", b"1 a\n"] {
        let dir = ledger(&[(0, remains)]);
        assert!(!holds_ledger(dir.path()).unwrap());
        let mut writer = SegmentWriter::create(dir.path()).unwrap();
        assert_eq!(writer.append(0, &[b"9 z"]).unwrap(), 1);
        assert_eq!(
            seen(&SegmentReader::open(dir.path()).unwrap(), 0, 9),
            [(0, 1, line("9 z"))]
        );
        assert_eq!(dir.path().join("torn").exists(), remains.starts_with(b"1"));
    }
    let dir = ledger(&[(0, b"1 a\n1 b\n")]);
    assert!(holds_ledger(dir.path()).unwrap());
    assert!(matches!(
        SegmentWriter::create(dir.path()),
        Err(StoreError::Occupied { .. })
    ));
    let dir = ledger(&[(0, b"1 a\n")]);
    fs::write(dir.path().join("checkpoint"), "").unwrap();
    assert!(matches!(
        SegmentWriter::create(dir.path()),
        Err(StoreError::Occupied { .. })
    ));
    assert!(!holds_ledger(&dir.path().join("nowhere")).unwrap());
}

/// No `init` seals a file, or begins one elsewhere than at the first line.
#[test]
fn what_no_init_can_have_left_is_a_ledger() {
    assert!(holds_ledger(ledger(&[(1, b"1 a\n")]).path()).unwrap());
    #[cfg(feature = "zstd")]
    {
        let dir = ledger(&[(0, b"1 a\n"), (1, b"1 b\n")]);
        seal(dir.path(), 0).unwrap();
        fs::remove_file(dir.path().join("events/000000000001.jsonl")).unwrap();
        assert!(holds_ledger(dir.path()).unwrap());
    }
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("events"), "").unwrap();
    let error = holds_ledger(dir.path()).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("events: could not open: not a folder"),
        "{error}"
    );
}

#[test]
fn a_reader_follows_the_writer_into_new_files() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = SegmentWriter::create_on(Disk, dir.path(), SMALL).unwrap();
    let reader = SegmentReader::open(dir.path()).unwrap();
    for head in 0..50 {
        let bytes = format!("1 line {head}");
        writer.append(head, &[bytes.as_bytes()]).unwrap();
        assert_eq!(seen(&reader, head, u64::MAX).len(), 1);
        assert_eq!(reader.head().unwrap(), head + 1);
    }
}

#[cfg(feature = "zstd")]
#[test]
fn a_sealed_file_gives_the_same_lines_and_the_newest_is_not_sealed() {
    let dir = ledger(&[(0, b"1 a\n1 b\n"), (2, b"1 c\n")]);
    let before = seen(&SegmentReader::open(dir.path()).unwrap(), 0, u64::MAX);
    let open_before = SegmentReader::open(dir.path()).unwrap();
    let plain = text(dir.path(), 0);
    assert!(seal(dir.path(), 2).is_err());
    assert_eq!(seal(dir.path(), 0).unwrap().plain, 8);
    assert!(!dir.path().join("events/000000000000.jsonl").exists());
    assert_eq!(
        seen(&SegmentReader::open(dir.path()).unwrap(), 0, u64::MAX),
        before
    );
    assert_eq!(seen(&open_before, 0, u64::MAX), before);
    assert_eq!(open(dir.path(), Some(1)).unwrap().1.kept, 3);
    // Both are there, as after a crash: the plain one is read if it is whole.
    fs::write(dir.path().join("events/000000000000.jsonl"), b"1 A\n1 b\n").unwrap();
    assert_eq!(
        seen(&SegmentReader::open(dir.path()).unwrap(), 0, 1),
        [(0, 1, line("1 A"))]
    );
    fs::write(dir.path().join("events/000000000000.jsonl"), &plain[..5]).unwrap();
    assert_eq!(
        seen(&SegmentReader::open(dir.path()).unwrap(), 0, u64::MAX),
        before
    );
    // A flipped bit in the compressed file is a finding, not a failure.
    fs::remove_file(dir.path().join("events/000000000000.jsonl")).unwrap();
    fs::write(dir.path().join("events/000000000000.jsonl.zst"), b"no zstd").unwrap();
    let got = seen(&SegmentReader::open(dir.path()).unwrap(), 0, u64::MAX);
    assert!(
        matches!(
            &got[..],
            [(0, 1, Err(Found::Unreadable { .. })), (2, 1, Ok(_))]
        ),
        "{got:?}"
    );
}

/// As after a crash while a file in the middle was sealed, or a copying that broke off.
#[cfg(feature = "zstd")]
#[test]
fn of_two_forms_the_plain_one_is_read_if_it_has_every_line() {
    let long = [&b"1 "[..], &[b'x'; 65_534], b"\n"].concat();
    for (plain, is_read) in [
        (&b"1 C\n1 D\n"[..], true),
        (b"1 C\n1 D\n1 E\n", true),
        (&[&long[..], b"1 D\n"].concat(), true),
        (b"1 C\n", false),
        (b"1 C\n1 D", false),
        (b"1 C\n\0\0\0\0", false),
        (b"", false),
    ] {
        let dir = ledger(&[(0, b"1 a\n1 b\n"), (2, b"1 c\n1 d\n"), (4, b"1 e\n")]);
        seal(dir.path(), 2).unwrap();
        fs::write(dir.path().join("events/000000000002.jsonl"), plain).unwrap();
        let got = seen(&SegmentReader::open(dir.path()).unwrap(), 3, 4);
        let expected = if is_read { "1 D" } else { "1 d" };
        assert_eq!(got, [(3, 2, line(expected))], "{}", plain.len());
    }
}

#[cfg(feature = "zstd")]
#[test]
fn many_frames_and_skippable_ones_are_read_as_one_text() {
    let lines: Vec<String> = (0..40_000)
        .map(|i| format!("1 line {i} of a longer text that repeats itself"))
        .collect();
    let mut all = lines.join("\n").into_bytes();
    all.push(b'\n');
    let dir = ledger(&[(0, &all), (40_000, b"")]);
    let sealed = seal(dir.path(), 0).unwrap();
    assert!(
        sealed.plain > 1 << 20 && sealed.compressed < sealed.plain / 3,
        "{sealed:?}"
    );
    let path = dir.path().join("events/000000000000.jsonl.zst");
    let skippable = [&[0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0][..], b"abc"].concat();
    fs::write(&path, [&skippable[..], &fs::read(&path).unwrap()].concat()).unwrap();
    let reader = SegmentReader::open(dir.path()).unwrap();
    let got = seen(&reader, 0, u64::MAX);
    assert_eq!(got.len(), lines.len());
    assert!(
        got.iter()
            .zip(&lines)
            .all(|(got, line)| got.2.as_ref() == Ok(line))
    );
}

#[cfg(feature = "zstd")]
#[test]
fn a_skippable_frame_that_is_cut_short_is_told() {
    let dir = ledger(&[(0, b"1 a\n"), (1, b"")]);
    seal(dir.path(), 0).unwrap();
    let path = dir.path().join("events/000000000000.jsonl.zst");
    let frame = fs::read(&path).unwrap();
    for (left, is_whole) in [(3, true), (2, false), (0, false)] {
        let skippable = [&[0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0][..], &b"abc"[..left]].concat();
        fs::write(&path, [&frame[..], &skippable].concat()).unwrap();
        let got = seen(&SegmentReader::open(dir.path()).unwrap(), 0, 9);
        assert_eq!(got[0], (0, 1, line("1 a")));
        let is_told = matches!(&got[1..], [(1, 2, Err(Found::Unreadable { .. }))]);
        assert_eq!(is_told, !is_whole, "{got:?}");
        assert_eq!(got.len(), 2 - usize::from(is_whole));
    }
}

#[cfg(feature = "zstd")]
#[test]
fn a_writer_goes_on_behind_a_sealed_file_in_a_new_one() {
    let dir = ledger(&[(0, b"1 a\n1 b\n"), (2, b"")]);
    seal(dir.path(), 0).unwrap();
    fs::remove_file(dir.path().join("events/000000000002.jsonl")).unwrap();
    let (mut writer, recovered) = open(dir.path(), Some(0)).unwrap();
    assert_eq!(recovered.kept, 2);
    writer.append(2, &[b"2 c"]).unwrap();
    writer.close().unwrap();
    assert_eq!(text(dir.path(), 2), b"2 c\n");
}

#[cfg(feature = "zstd")]
mod damaged_compression {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        // Each case waits for the disk a few times.
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn no_bytes_in_a_sealed_file_stop_the_reader_from_what_follows(
            flips in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6),
            cut in any::<Option<proptest::sample::Index>>(),
        ) {
            let lines: String = (0..60).map(|i| format!("{i} some line, some words\n")).collect();
            let dir = ledger(&[(0, lines.as_bytes()), (60, b"1 end\n")]);
            seal(dir.path(), 0).unwrap();
            let path = dir.path().join("events/000000000000.jsonl.zst");
            let mut bytes = fs::read(&path).unwrap();
            for (at, byte) in flips {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            bytes.truncate(cut.map_or(bytes.len(), |cut| cut.index(bytes.len())));
            fs::write(&path, bytes).unwrap();
            let got = seen(&SegmentReader::open(dir.path()).unwrap(), 0, u64::MAX);
            prop_assert_eq!(got.last(), Some(&(60, 1, line("1 end"))));
        }
    }
}

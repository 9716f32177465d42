//! Promises tried on a real disk, and recovery's verdicts.

use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;

use super::super::{Durable, Found, Store, StoreError};
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

/// The disk, with a name that the first `times` listings of a folder do not have.
#[derive(Clone)]
struct Late {
    name: &'static str,
    times: Arc<AtomicUsize>,
}

impl Files for Late {
    type File = fs::File;
    type Lock = DiskLock;

    fn open(&self, path: &Path, mode: Mode) -> io::Result<fs::File> {
        Disk.open(path, mode)
    }
    fn names(&self, folder: &Path) -> io::Result<Vec<String>> {
        let fewer = |left: usize| left.checked_sub(1);
        let is_late = self.times.fetch_update(SeqCst, SeqCst, fewer).is_ok();
        let mut names = Disk.names(folder)?;
        names.retain(|name| !is_late || name != self.name);
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
        let opened = |times| {
            let times = Arc::new(AtomicUsize::new(times));
            SegmentReader::open_on(Late { name, times }, dir.path()).unwrap()
        };
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

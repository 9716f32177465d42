//! Damage: whatever byte is changed, it is found, named, and the rest can be read.

use std::path::{Path, PathBuf};

use grounds::ledger::Ledger;
use grounds::ledger::audit::{Report, Standard, Verdict};

use crate::lab::{self, Lab, examined};
use crate::reference;

const EVENTS: &str = "events/000000000000.jsonl";

/// A copy of the reference ledger.
fn copy(into: &Path) -> PathBuf {
    fn walk(from: &Path, to: &Path) {
        std::fs::create_dir_all(to).unwrap();
        for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
            let target = to.join(entry.file_name());
            match entry.path().is_dir() {
                true => walk(&entry.path(), &target),
                false => drop(std::fs::copy(entry.path(), target).unwrap()),
            }
        }
    }
    let dir = into.join("ledger");
    walk(&reference::folder(), &dir);
    dir
}

fn audited(dir: &Path) -> Report {
    examined(dir, &Standard::default())
}

fn first_index(report: &Report) -> Option<u64> {
    report.faults.iter().filter_map(|fault| fault.index).min()
}

/// The ledger with its lines changed; checks the verdict, the first index named, and that every
/// entry not in `lost` can be read.
fn with_lines(change: impl Fn(&mut Vec<String>), first: u64, lost: &[u64]) {
    let temporary = tempfile::tempdir().unwrap();
    let dir = copy(temporary.path());
    let path = dir.join(EVENTS);
    let text = std::fs::read_to_string(&path).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let whole = lines.clone();
    change(&mut lines);
    std::fs::write(&path, lines.join("\n") + "\n").unwrap();
    let report = audited(&dir);
    assert_eq!(report.verdict, Verdict::Damaged);
    assert_eq!(first_index(&report), Some(first), "{:?}", report.faults);
    // Without the genesis the key is not in the folder: a reader brings it along.
    let intact = Ledger::open(&reference::folder(), None).unwrap();
    let ledger = Ledger::open(&dir, Some(&intact.custody().vkey)).unwrap();
    for (index, line) in (0..).zip(&whole) {
        if !lost.contains(&index) {
            assert_eq!(
                ledger.line(index).unwrap(),
                line.as_bytes(),
                "entry {index}"
            );
        }
    }
}

#[test]
fn the_intact_ledger_holds() {
    let report = audited(&reference::folder());
    assert_eq!(report.verdict, Verdict::Holds, "{:?}", report.faults);
    assert_eq!(
        (report.entries, report.events, report.signatures),
        (16, 21, 19)
    );
}

#[test]
fn a_removed_line_is_named_and_the_others_can_be_read() {
    for index in 0..16 {
        with_lines(
            |lines| drop(lines.remove(index)),
            index as u64,
            &[index as u64],
        );
    }
}

#[test]
fn a_doubled_line_is_named_and_all_can_be_read() {
    for index in 0..15 {
        with_lines(
            |lines| lines.insert(index, lines[index].clone()),
            index as u64,
            &[],
        );
    }
}

#[test]
fn swapped_lines_are_named_and_all_can_be_read() {
    for index in 0..15 {
        with_lines(|lines| lines.swap(index, index + 1), index as u64, &[]);
    }
}

/// A line that is an entry, signed and in order, of another log: in the place of one, or between two.
#[test]
fn a_line_of_another_ledger_is_named_and_the_others_can_be_read() {
    let other = Lab::argued().lines();
    for index in 0..16 {
        let foreign = &other[index % other.len()];
        let lost = index as u64;
        with_lines(|lines| lines[index].clone_from(foreign), lost, &[lost]);
    }
    for index in [0, 1, 8, 15] {
        let foreign = &other[(index + 1) % other.len()];
        with_lines(
            |lines| lines.insert(index, foreign.clone()),
            index as u64,
            &[],
        );
    }
}

/// An entry of a second history by the same people with the same keys, in its own place.
#[test]
fn an_entry_of_another_history_is_named() {
    let other = Lab::argued();
    other.record("ada", &[lab::note("claim/x", "In another world.")]);
    let theirs = other.lines();
    let lab = Lab::argued();
    lab.record("ada", &[lab::note("claim/x", "In this one.")]);
    lab.record("ada", &[lab::note("claim/x", "And on.")]);
    let ours = lab.lines();
    let mut spliced = ours.clone();
    spliced[8..9].clone_from_slice(&theirs[8..9]);
    assert_eq!(ours[..8], theirs[..8], "up to here it is the same history");
    std::fs::write(lab.dir().join(EVENTS), spliced.join("\n") + "\n").unwrap();
    let report = audited(&lab.dir());
    assert_eq!(report.verdict, Verdict::Damaged);
    assert_eq!(first_index(&report), Some(8), "{:?}", report.faults);
    let ledger = Ledger::open(&lab.dir(), None).unwrap();
    assert!(ledger.line(8).is_err());
    assert_eq!(ledger.line(9).unwrap(), ours[9].as_bytes());
}

#[test]
fn a_line_of_another_kind_is_named_and_the_others_can_be_read() {
    for (index, junk) in [
        (3, "junk".to_owned()),
        (5, "{}".to_owned()),
        (7, "x".repeat(70_000)),
    ] {
        with_lines(
            |lines| lines[index].clone_from(&junk),
            index as u64,
            &[index as u64],
        );
    }
}

/// Every 307th byte by default, every byte in the full run; every bit of a longer ledger goes through
/// what the audit calls for one entry, beside the audit.
#[test]
fn a_changed_byte_anywhere_is_found_and_its_entry_named() {
    let step = if std::env::var_os("GROUNDS_FULL").is_some() {
        1
    } else {
        307
    };
    let temporary = tempfile::tempdir().unwrap();
    let dir = copy(temporary.path());
    let path = dir.join(EVENTS);
    let whole = std::fs::read(&path).unwrap();
    for place in (0..whole.len()).step_by(step) {
        let mut bytes = whole.clone();
        bytes[place] ^= 1 << (place % 8);
        let entry = whole[..place].iter().filter(|byte| **byte == b'\n').count() as u64;
        std::fs::write(&path, &bytes).unwrap();
        let report = audited(&dir);
        assert_eq!(report.verdict, Verdict::Damaged, "byte {place}");
        assert_eq!(
            first_index(&report),
            Some(entry),
            "byte {place}: {:?}",
            report.faults
        );
    }
}

#[test]
fn a_changed_byte_of_checkpoint_or_tiles_is_found_and_the_file_named() {
    for (name, step) in [
        ("checkpoint", 5),
        ("tile/0/000.p/16", 31),
        ("tile/entries/000.p/16", 1009),
    ] {
        let temporary = tempfile::tempdir().unwrap();
        let dir = copy(temporary.path());
        let path = dir.join(name);
        let whole = std::fs::read(&path).unwrap();
        for place in (0..whole.len()).step_by(step) {
            let mut bytes = whole.clone();
            bytes[place] ^= 1 << (place % 8);
            std::fs::write(&path, &bytes).unwrap();
            let report = audited(&dir);
            assert_eq!(report.verdict, Verdict::Damaged, "{name} byte {place}");
            let named = report
                .faults
                .iter()
                .any(|fault| fault.file.as_deref() == Some(name));
            assert!(named, "{name} byte {place}: {:?}", report.faults);
        }
    }
}

#[test]
fn a_tail_that_was_never_acknowledged_is_no_damage() {
    for tail in ["junk", "junk\n", "{\"commit\":", "\0\0\0\0"] {
        let temporary = tempfile::tempdir().unwrap();
        let dir = copy(temporary.path());
        let path = dir.join(EVENTS);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.extend(tail.bytes());
        std::fs::write(&path, &bytes).unwrap();
        let report = audited(&dir);
        assert_eq!(
            report.verdict,
            Verdict::Holds,
            "{tail:?}: {:?}",
            report.faults
        );
    }
}

#[test]
fn a_stray_file_under_tile_or_events_is_named() {
    for name in [
        "tile/0/001",
        "tile/x",
        "tile/entries/000.p/17",
        "events/notes.txt",
    ] {
        let temporary = tempfile::tempdir().unwrap();
        let dir = copy(temporary.path());
        std::fs::write(dir.join(name), "stray").unwrap();
        let report = audited(&dir);
        assert_ne!(report.verdict, Verdict::Holds, "{name}");
        let named = report
            .faults
            .iter()
            .any(|fault| fault.file.as_deref() == Some(name));
        assert!(named, "{name}: {:?}", report.faults);
    }
}

#[test]
fn an_older_copy_is_a_rollback_to_whoever_kept_a_newer_head() {
    let temporary = tempfile::tempdir().unwrap();
    let dir = copy(temporary.path());
    let note = std::fs::read(dir.join("checkpoint")).unwrap();
    // The log itself signs the shorter history again.
    let text = std::fs::read_to_string(dir.join(EVENTS)).unwrap();
    let shorter: Vec<&str> = text.lines().take(10).collect();
    std::fs::write(dir.join(EVENTS), shorter.join("\n") + "\n").unwrap();
    std::fs::remove_dir_all(dir.join("tile")).unwrap();
    let mut tree = grounds::tlog::Tree::new();
    shorter
        .iter()
        .for_each(|line| tree.push(grounds::tlog::leaf_hash(line.as_bytes())));
    let signer = signer();
    let head = grounds::tlog::Checkpoint {
        origin: reference::build::ORIGIN.to_owned(),
        size: 10,
        root: tree.root(),
    };
    std::fs::write(dir.join("checkpoint"), head.sign(&signer).unwrap()).unwrap();
    assert_eq!(
        audited(&dir).verdict,
        Verdict::Holds,
        "the bare folder cannot tell"
    );
    let standard = Standard {
        from: Some(&note),
        ..Standard::default()
    };
    let report = examined(&dir, &standard);
    assert_eq!(report.verdict, Verdict::Fails);
    assert!(
        report.faults[0].expected.contains("rolled back"),
        "{:?}",
        report.faults
    );
}

fn signer() -> grounds::tlog::NoteSigner {
    let seed = reference::build::key("log").seed();
    let key = ed25519_dalek::SigningKey::from_bytes(&seed);
    grounds::tlog::NoteSigner::new(reference::build::ORIGIN, key).unwrap()
}

/// Found by the second implementation: a line that the log took and that is no entry was passed
/// over, and everything held.
#[test]
fn a_line_that_the_log_took_and_that_is_no_entry_does_not_hold() {
    for (name, junk, code) in [
        ("junk", "junk", "bytes"),
        ("another object", "{}", "bytes"),
        (
            "no time",
            r#"{"commit":{"v":2},"recorded":"x","signatures":[]}"#,
            "time",
        ),
    ] {
        for with_tiles in [true, false] {
            let temporary = tempfile::tempdir().unwrap();
            let dir = copy(temporary.path());
            let text = std::fs::read_to_string(dir.join(EVENTS)).unwrap();
            let lines: Vec<&str> = text.lines().chain([junk]).collect();
            std::fs::write(dir.join(EVENTS), lines.join("\n") + "\n").unwrap();
            std::fs::remove_dir_all(dir.join("tile")).unwrap();
            let mut tree = grounds::tlog::Tree::new();
            lines
                .iter()
                .for_each(|line| tree.push(grounds::tlog::leaf_hash(line.as_bytes())));
            if with_tiles {
                let tile = grounds::tlog::Tile {
                    level: 0,
                    index: 0,
                    width: 17,
                };
                let path = dir.join(tile.path());
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, tile.bytes(&tree).unwrap()).unwrap();
            }
            let head = grounds::tlog::Checkpoint {
                origin: reference::build::ORIGIN.to_owned(),
                size: 17,
                root: tree.root(),
            };
            std::fs::write(dir.join("checkpoint"), head.sign(&signer()).unwrap()).unwrap();
            let report = audited(&dir);
            assert_eq!(report.verdict, Verdict::Fails, "{name}, tiles {with_tiles}");
            assert_eq!(
                first_index(&report),
                Some(16),
                "{name}: {:?}",
                report.faults
            );
            assert_eq!(report.faults[0].code, Some(code), "{name}");
            let ledger = Ledger::open(&dir, None).unwrap();
            assert_eq!(ledger.custody().damages[0].index, 16, "a reader is warned");
        }
    }
}

/// Flips a bit in the middle of a line on disk.
fn rot(dir: &Path, index: usize) {
    let path = dir.join(EVENTS);
    let mut bytes = std::fs::read(&path).unwrap();
    let before: usize = bytes
        .split_inclusive(|byte| *byte == b'\n')
        .take(index)
        .map(<[u8]>::len)
        .sum();
    bytes[before + 300] ^= 1;
    std::fs::write(&path, bytes).unwrap();
}

/// Found by looking for a reader to whom a flipped bit could be given: a ledger that was open when
/// its disk lost a bit gave the line out as it stood there.
#[test]
fn what_is_damaged_after_a_ledger_was_opened_is_not_given_out_and_the_rest_is() {
    let temporary = tempfile::tempdir().unwrap();
    let dir = copy(temporary.path());
    let ledger = Ledger::open(&dir, None).unwrap();
    let whole = ledger.lines(0, 16).unwrap();
    rot(&dir, 7);
    for (index, line) in (0..).zip(&whole) {
        match ledger.line(index) {
            Ok(given) => assert_eq!(given, *line, "entry {index}"),
            Err(error) => {
                assert_eq!(index, 7, "{error}");
                let error = error.to_string();
                assert!(
                    error.contains("entry 7 (events/000000000000.jsonl line 8)"),
                    "{error}"
                );
            }
        }
    }
    assert!(ledger.line(7).is_err());
    assert!(ledger.lines(0, 16).is_err());
    assert_eq!(ledger.lines(8, 16).unwrap(), whole[8..]);
    assert!(
        grounds::ledger::prove(&ledger, 7).is_err(),
        "no proof of other bytes"
    );
}

/// Found by fuzzing: where neither the lines nor the tiles lead to the signed root, a changed line was
/// given out as it stood.
#[test]
fn where_a_line_and_the_tile_of_its_leaf_are_changed_no_line_is_given_out() {
    let temporary = tempfile::tempdir().unwrap();
    let dir = copy(temporary.path());
    rot(&dir, 7);
    let tile = dir.join("tile/0/000.p/16");
    let mut leaves = std::fs::read(&tile).unwrap();
    leaves[7 * 32] ^= 1;
    std::fs::write(&tile, leaves).unwrap();
    let ledger = Ledger::open(&dir, None).unwrap();
    assert!(!ledger.custody().damages.is_empty());
    for index in 0..16 {
        let refused = ledger.line(index).unwrap_err().to_string();
        assert!(refused.contains("the signed root"), "{refused}");
        assert!(ledger.lines(index, index + 1).is_err());
        assert!(grounds::ledger::prove(&ledger, index).is_err());
    }
    assert_eq!(audited(&dir).verdict, Verdict::Damaged);
}

/// Found by the full run: a file of lines that begins beyond the end was taken for a batch that broke
/// off, of a million million lines.
#[test]
fn a_file_of_lines_that_does_not_begin_where_the_lines_end_is_named() {
    for (name, bytes, index) in [
        ("events/999999999999.jsonl", "x", 16),
        ("events/000000000017.jsonl", "x\n", 16),
        ("events/000000000003.jsonl", "", 3),
    ] {
        let temporary = tempfile::tempdir().unwrap();
        let dir = copy(temporary.path());
        std::fs::write(dir.join(name), bytes).unwrap();
        let report = audited(&dir);
        assert_eq!(report.verdict, Verdict::Damaged, "{name}");
        let first = report.faults.iter().find(|fault| fault.index.is_some());
        let first = first.unwrap();
        assert_eq!(first.index, Some(index), "{name}");
        let file = first.file.as_deref();
        assert!(
            file.is_some_and(|file| file.starts_with("events/")),
            "{file:?}"
        );
        let ledger = Ledger::open(&dir, None).unwrap();
        assert_eq!(ledger.custody().checkpoint.size, 16);
    }
}

/// Lines find their places by their hashes, also those for which a file has no room by the name of the
/// next one: with a line too many in it, or another that was put into the folder.
#[test]
fn no_entry_is_called_lost_that_stands_in_any_file() {
    let all = |from: usize, to: usize| (from..to).collect::<Vec<usize>>();
    let foreign = 99;
    for (what, files, first) in [
        (
            "a line twice",
            vec![(0, [all(0, 3), all(2, 8)].concat()), (8, all(8, 16))],
            2,
        ),
        (
            "a line of no entry",
            vec![
                (0, [all(0, 2), vec![foreign], all(2, 8)].concat()),
                (8, all(8, 16)),
            ],
            2,
        ),
        (
            "two files that overlap",
            vec![(0, all(0, 10)), (8, all(8, 16))],
            8,
        ),
        ("a name too low", vec![(0, all(0, 9)), (8, all(9, 16))], 8),
        ("a name too high", vec![(0, all(0, 7)), (8, all(7, 16))], 7),
        (
            "a file inside another",
            vec![(0, all(0, 16)), (5, all(5, 7))],
            5,
        ),
        ("an empty one", vec![(0, all(0, 16)), (3, vec![])], 3),
        (
            "one of no entry",
            vec![(0, all(0, 16)), (3, vec![foreign])],
            3,
        ),
        (
            "two inside another",
            vec![(0, all(0, 16)), (3, all(3, 5)), (5, vec![foreign])],
            3,
        ),
    ] {
        let temporary = tempfile::tempdir().unwrap();
        let dir = copy(temporary.path());
        let text = std::fs::read_to_string(dir.join(EVENTS)).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        for (begin, places) in files {
            let own = places.iter().map(|place| lines.get(*place).unwrap_or(&"x"));
            let own: String = own.map(|line| format!("{line}\n")).collect();
            std::fs::write(dir.join(format!("events/{begin:012}.jsonl")), own).unwrap();
        }
        let report = audited(&dir);
        assert_eq!(report.verdict, Verdict::Damaged, "{what}");
        assert_eq!(
            first_index(&report),
            Some(first),
            "{what}: {:?}",
            report.faults
        );
        // All that is audited of the intact ledger was.
        assert_eq!(
            (report.entries, report.events, report.signatures),
            (16, 21, 19),
            "{what}"
        );
        let ledger = Ledger::open(&dir, None).unwrap();
        for (index, line) in (0..).zip(&lines) {
            assert_eq!(
                ledger.line(index).unwrap(),
                line.as_bytes(),
                "{what}: entry {index}"
            );
        }
        assert_eq!(ledger.lines(0, 16).unwrap().len(), 16, "{what}");
    }
}

/// The same for the one that writes: a bundle of entries is made of lines that may be old.
#[test]
fn what_is_damaged_under_a_writer_goes_into_no_bundle_and_no_receipt() {
    let lab = Lab::argued();
    let entries = |lab: &Lab| {
        std::fs::read_dir(lab.dir().join("tile/entries/000.p"))
            .unwrap()
            .count()
    };
    let before = entries(&lab);
    lab.clock.pass(60);
    let mut appender = lab.open();
    rot(&lab.dir(), 5);
    let again = lab.signed(&appender, "ada", &[lab::note("claim/x", "Once more.")]);
    let staged = appender.stage(&again);
    staged.unwrap();
    appender.flush().unwrap();
    assert!(appender.receipt_of(5).is_err());
    assert!(appender.receipt_of(6).is_ok());
    let refused = appender.publish().unwrap_err().to_string();
    assert!(
        refused.contains("entry 5 (events/000000000000.jsonl line 6)"),
        "{refused}"
    );
    drop(appender);
    assert_eq!(entries(&lab), before, "no bundle of other bytes");
}

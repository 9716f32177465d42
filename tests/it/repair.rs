//! Repair: a damaged ledger is healed from a copy, byte by byte, and a copy that lies heals nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use grounds::ledger::audit::Verdict;
use grounds::ledger::{Acknowledged, FolderSource, KeyFrom, Repair, RepairError, SignerState};
use grounds::tlog::{Head, VerifierKey};

use crate::lab::{EVENTS, Lab, audited, copy, everything, head, tree_of, vkey};
use crate::mirror::{publish, put, run, shared, synthetic};

const SECOND: &str = "events/000000000300.jsonl";
const SIZE: usize = 600;

/// Carries a repair out; gives where the old files are kept.
fn carry_out(repair: &Repair, dir: &Path) -> Option<PathBuf> {
    repair.carry_out(dir).unwrap()
}

fn plan(source: &Path, dir: &Path) -> Result<Repair, RepairError> {
    plan_with(source, dir, Some(&vkey()), None)
}

fn plan_with(
    source: &Path,
    dir: &Path,
    vkey: Option<&VerifierKey>,
    signer: Option<SignerState>,
) -> Result<Repair, RepairError> {
    let signer = |_: &VerifierKey| signer;
    Repair::plan(
        &mut FolderSource::new(source),
        dir,
        vkey,
        &signer,
        &mut |_, _| {},
    )
}

/// A log of 600 lines in two files, as it was, as it is damaged, and a mirror of it.
struct Bed {
    folder: tempfile::TempDir,
    lines: Vec<String>,
}

impl Bed {
    fn new() -> Bed {
        let bed = Bed {
            folder: tempfile::tempdir().unwrap(),
            lines: synthetic(SIZE, "of the log"),
        };
        publish(&bed.whole(), &bed.lines);
        put(
            &bed.whole(),
            EVENTS,
            (bed.lines[..300].join("\n") + "\n").as_bytes(),
        );
        put(
            &bed.whole(),
            SECOND,
            (bed.lines[300..].join("\n") + "\n").as_bytes(),
        );
        // Partial files of an older head, as a ledger has them that was closed before.
        let old = bed.folder.path().join("old");
        publish(&old, &bed.lines[..290]);
        for name in ["tile/0/001.p/34", "tile/entries/001.p/34"] {
            put(&bed.whole(), name, &std::fs::read(old.join(name)).unwrap());
        }
        publish(&bed.mirror(), &bed.lines);
        bed.fresh();
        bed
    }

    fn whole(&self) -> PathBuf {
        self.folder.path().join("whole")
    }

    fn mirror(&self) -> PathBuf {
        self.folder.path().join("mirror")
    }

    fn dir(&self) -> PathBuf {
        self.folder.path().join("damaged")
    }

    fn fresh(&self) {
        copy(&self.whole(), &self.dir());
    }

    fn change(&self, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let path = self.dir().join(name);
        let mut bytes = std::fs::read(&path).unwrap_or_default();
        change(&mut bytes);
        put(&self.dir(), name, &bytes);
    }

    fn change_lines(&self, name: &str, change: impl FnOnce(&mut Vec<String>)) {
        self.change(name, |bytes| {
            let text = String::from_utf8_lossy(bytes).into_owned();
            let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
            if !lines.is_empty() {
                change(&mut lines);
            }
            *bytes = lines
                .iter()
                .flat_map(|line| format!("{line}\n").into_bytes())
                .collect();
        });
    }

    /// Heals, and finds every byte as it was before the damage.
    fn heals(&self, what: &str) {
        let repair =
            plan(&self.mirror(), &self.dir()).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert!(repair.left.is_empty(), "{what}: {:?}", repair.left);
        carry_out(&repair, &self.dir());
        let (now, whole) = (shared(&self.dir()), shared(&self.whole()));
        for name in now.keys().chain(whole.keys()) {
            assert_eq!(now.get(name), whole.get(name), "{what}: {}", name.display());
        }
        let again = plan(&self.mirror(), &self.dir()).unwrap();
        assert!(
            again.is_empty(),
            "{what}: {:?} {:?}",
            again.files(),
            again.aside()
        );
    }
}

/// A small generator: the same damage in every run.
struct Draw(u64);

impl Draw {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % bound.max(1)
    }

    fn of<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        let place = self.below(items.len());
        &items[place]
    }
}

fn damage(bed: &Bed, draw: &mut Draw) -> String {
    let named = [
        "checkpoint",
        "tile/0/000",
        "tile/0/001",
        "tile/0/002.p/88",
        "tile/1/000.p/2",
        "tile/entries/000",
        "tile/entries/001",
        "tile/entries/002.p/88",
    ];
    let older = ["tile/0/001.p/34", "tile/entries/001.p/34"];
    let events = [EVENTS, SECOND];
    let lines_in = *draw.of(&events);
    let any = *draw.of(&[&named[..], &older, &events, &events].concat());
    let place = draw.below(1 << 20);
    match draw.below(11) {
        0 | 1 => {
            let bit = draw.below(8);
            bed.change(any, |bytes| {
                let place = place % bytes.len().max(1);
                if let Some(byte) = bytes.get_mut(place) {
                    *byte ^= 1 << bit;
                }
            });
            format!("bit {bit} of byte {place} in {any}")
        }
        2 => {
            bed.change_lines(lines_in, |lines| drop(lines.remove(place % lines.len())));
            format!("line {place} gone from {lines_in}")
        }
        3 => {
            bed.change_lines(lines_in, |lines| {
                let place = place % lines.len();
                lines.insert(place, lines[place].clone());
            });
            format!("line {place} doubled in {lines_in}")
        }
        4 => {
            bed.change_lines(lines_in, |lines| {
                let other = (place / 7) % lines.len();
                let place = place % lines.len();
                lines.swap(place, other);
            });
            format!("line {place} swapped in {lines_in}")
        }
        5 => {
            bed.change(any, |bytes| bytes.truncate(place % bytes.len().max(1)));
            format!("{any} cut at {place}")
        }
        6 => {
            let name = *draw.of(&[&named[..], &[EVENTS]].concat());
            let _ = std::fs::remove_file(bed.dir().join(name));
            format!("{name} gone")
        }
        7 => {
            bed.change_lines(lines_in, |lines| {
                let place = place % lines.len();
                lines.insert(
                    place,
                    "x".repeat(if place.is_multiple_of(2) { 70_000 } else { 9 }),
                );
            });
            format!("a foreign line {place} in {lines_in}")
        }
        8 => {
            bed.change(any, |bytes| bytes.clear());
            format!("{any} emptied")
        }
        9 => {
            let name = *draw.of(&[
                "events/stray",
                "tile/0/003",
                "tile/entries/000.p/999",
                "tile/0/x",
                "tile/1/000.p/200",
            ]);
            put(&bed.dir(), name, b"stray");
            format!("a stray {name}")
        }
        _ => {
            let from = *draw.of(&[EVENTS, "checkpoint", "tile/0/000", "tile/entries/001"]);
            let bytes = std::fs::read(bed.whole().join(from)).unwrap();
            put(&bed.dir(), any, &bytes);
            format!("{any} replaced by {from}")
        }
    }
}

/// A hundred damaged ledgers by default, more in the full run; up to four places in each.
#[test]
fn whatever_is_damaged_is_healed_to_the_byte() {
    let bed = Bed::new();
    let mut draw = Draw(0x1234_5678_9abc_def1);
    let rounds = if std::env::var_os("GROUNDS_FULL").is_some() {
        1_500
    } else {
        100
    };
    for round in 0..rounds {
        bed.fresh();
        let places = 1 + draw.below(4);
        let what: Vec<String> = (0..places).map(|_| damage(&bed, &mut draw)).collect();
        bed.heals(&format!("round {round}: {}", what.join(", ")));
    }
}

/// The last lines of the first file stand behind where the second one begins.
#[test]
fn what_stands_in_a_file_that_has_lines_too_many_is_not_asked_of_the_mirror() {
    let bed = Bed::new();
    for too_many in [1, 2, 40] {
        bed.fresh();
        bed.change_lines(EVENTS, |lines| {
            let again = lines[100].clone();
            lines.splice(100..100, std::iter::repeat_n(again, too_many));
        });
        let repair = plan(&bed.mirror(), &bed.dir()).unwrap();
        assert_eq!(repair.entries, [] as [u64; 0]);
        assert_eq!(repair.files(), [EVENTS]);
        bed.heals(&format!("{too_many} lines too many"));
    }
    // And where a file was put between them.
    bed.fresh();
    let inside = "events/000000000200.jsonl";
    put(
        &bed.dir(),
        inside,
        format!("{}\n", bed.lines[200]).as_bytes(),
    );
    let repair = plan(&bed.mirror(), &bed.dir()).unwrap();
    assert_eq!(repair.entries, [] as [u64; 0]);
    carry_out(&repair, &bed.dir());
    let text = [EVENTS, inside, SECOND].map(|name| {
        let bytes = std::fs::read(bed.dir().join(name)).unwrap();
        String::from_utf8(bytes).unwrap()
    });
    assert_eq!(text.concat(), bed.lines.join("\n") + "\n");
    assert!(plan(&bed.mirror(), &bed.dir()).unwrap().is_empty());
}

#[test]
fn what_is_missing_altogether_is_made_again() {
    let bed = Bed::new();
    for (what, gone) in [
        ("the tiles", vec!["tile"]),
        ("the checkpoint and the tiles", vec!["tile", "checkpoint"]),
        ("the first lines", vec![EVENTS]),
    ] {
        bed.fresh();
        for name in gone {
            let path = bed.dir().join(name);
            let _ = std::fs::remove_dir_all(&path).or_else(|_| std::fs::remove_file(&path));
        }
        let repair = plan(&bed.mirror(), &bed.dir()).unwrap();
        carry_out(&repair, &bed.dir());
        let (now, whole) = (shared(&bed.dir()), shared(&bed.whole()));
        for (name, bytes) in whole {
            // Partial files of older heads need not be served for ever (c2sp.org/tlog-tiles).
            let is_older = name.to_string_lossy().ends_with("p/34");
            assert!(
                is_older || now.get(&name) == Some(&bytes),
                "{what}: {}",
                name.display()
            );
        }
    }
    // Where a later file of lines is gone, they go where a writer would have put them.
    bed.fresh();
    std::fs::remove_file(bed.dir().join(SECOND)).unwrap();
    let repair = plan(&bed.mirror(), &bed.dir()).unwrap();
    carry_out(&repair, &bed.dir());
    let text = std::fs::read_to_string(bed.dir().join(EVENTS)).unwrap();
    assert_eq!(text, bed.lines.join("\n") + "\n");
}

#[test]
fn planning_touches_nothing_and_what_was_damaged_is_kept() {
    let bed = Bed::new();
    bed.change(EVENTS, |bytes| bytes[700] ^= 4);
    bed.change("tile/0/000", |bytes| bytes[5] ^= 4);
    put(&bed.dir(), "tile/stray", b"stray");
    let before = everything(&bed.dir());
    let repair = plan(&bed.mirror(), &bed.dir()).unwrap();
    assert_eq!(everything(&bed.dir()), before);
    assert_eq!(repair.files(), [EVENTS, "tile/0/000"]);
    assert_eq!(repair.aside(), ["tile/stray"]);
    assert_eq!(repair.entries.len(), 1);
    assert_eq!(repair.own.unwrap().0, Acknowledged::Checkpoint);
    assert_eq!(repair.key_from, KeyFrom::Given);
    let kept = carry_out(&repair, &bed.dir()).unwrap();
    assert_eq!(kept, Path::new("torn/healed-0001"));
    for name in [EVENTS, "tile/0/000", "tile/stray"] {
        let (_, damaged) = &before[&bed.dir().join(name)];
        assert_eq!(
            &std::fs::read(bed.dir().join(&kept).join(name)).unwrap(),
            damaged,
            "{name}"
        );
    }
    // Nothing else was written.
    let named = |all: BTreeMap<PathBuf, _>| {
        all.into_keys()
            .map(|path| path.strip_prefix(bed.dir()).unwrap().to_path_buf())
            .collect::<Vec<_>>()
    };
    let new: Vec<PathBuf> = named(everything(&bed.dir()))
        .into_iter()
        .filter(|path| !before.contains_key(&bed.dir().join(path)) && !path.starts_with("torn"))
        .collect();
    assert_eq!(new, [Path::new("cache")]);
}

#[test]
fn a_ledger_that_is_whole_is_left_alone_with_the_tail_behind_it() {
    let bed = Bed::new();
    assert!(plan(&bed.mirror(), &bed.dir()).unwrap().is_empty());
    bed.change(SECOND, |bytes| {
        bytes.extend_from_slice(b"never acknowledged\nhalf a li\0\0\0")
    });
    assert!(plan(&bed.mirror(), &bed.dir()).unwrap().is_empty());
}

/// One bit of every file of the mirror, at places that move: what heals is right, and what is not
/// right heals nothing.
#[test]
fn a_mirror_that_lies_heals_nothing() {
    let bed = Bed::new();
    let mut refused = 0;
    let names: Vec<PathBuf> = shared(&bed.mirror())
        .into_keys()
        .filter(|name| !name.starts_with("events"))
        .collect();
    for name in &names {
        let path = bed.mirror().join(name);
        let right = std::fs::read(&path).unwrap();
        for place in (right.len() / 3..right.len()).step_by(right.len() / 2 + 1) {
            let mut wrong = right.clone();
            wrong[place] ^= 1 << (place % 8);
            std::fs::write(&path, wrong).unwrap();
            bed.fresh();
            // A line of each bundle is gone, and so every bundle and tile is needed.
            bed.change_lines(EVENTS, |lines| {
                lines.remove(280);
                lines.remove(7);
            });
            bed.change_lines(SECOND, |lines| drop(lines.pop()));
            let before = everything(&bed.dir());
            let error = plan(&bed.mirror(), &bed.dir()).expect_err(&name.to_string_lossy());
            assert!(matches!(error, RepairError::Head(_)), "{error}");
            assert_eq!(everything(&bed.dir()), before);
            refused += 1;
        }
        std::fs::write(&path, right).unwrap();
    }
    assert!(refused >= names.len());
    bed.heals("the mirror without the lie");
}

#[test]
fn a_mirror_of_another_history_or_log_is_refused() {
    let bed = Bed::new();
    for size in [SIZE, SIZE + 30, SIZE - 30] {
        let mut lines = bed.lines.clone();
        lines.resize(size, "another end".to_owned());
        lines[5] = "another entry 5".to_owned();
        let other = bed.folder.path().join("other");
        let _ = std::fs::remove_dir_all(&other);
        publish(&other, &lines);
        bed.fresh();
        bed.change(EVENTS, |bytes| bytes[9] ^= 1);
        let before = everything(&bed.dir());
        let error = plan(&other, &bed.dir()).unwrap_err();
        assert!(
            matches!(error, RepairError::OtherHistory { .. }),
            "{size}: {error}"
        );
        assert_eq!(everything(&bed.dir()), before);
    }
    let key = ed25519_dalek::SigningKey::from_bytes(&[9; 32]);
    let other = grounds::tlog::NoteSigner::new(vkey().name(), key).unwrap();
    let error = plan_with(&bed.mirror(), &bed.dir(), Some(other.verifier()), None).unwrap_err();
    assert!(matches!(error, RepairError::Head(_)), "{error}");
}

#[test]
fn a_mirror_that_is_behind_heals_what_it_has_and_says_what_is_left() {
    let bed = Bed::new();
    let behind = bed.folder.path().join("behind");
    publish(&behind, &bed.lines[..400]);
    // The tiles here tell what the lines were.
    bed.change_lines(EVENTS, |lines| drop(lines.remove(100)));
    bed.change_lines(SECOND, |lines| drop(lines.remove(250)));
    let repair = plan(&behind, &bed.dir()).unwrap();
    assert_eq!(repair.entries, [100]);
    assert_eq!(
        repair
            .left
            .iter()
            .map(|left| left.index)
            .collect::<Vec<_>>(),
        [550]
    );
    assert_eq!(repair.files(), [EVENTS]);
    carry_out(&repair, &bed.dir());
    bed.heals("what was left, from a mirror that has it");
    // Without tiles, the lines behind the mirror's head do.
    bed.fresh();
    std::fs::remove_dir_all(bed.dir().join("tile/0")).unwrap();
    bed.change_lines(EVENTS, |lines| drop(lines.remove(100)));
    let repair = plan(&behind, &bed.dir()).unwrap();
    assert!(repair.left.is_empty() && repair.entries == [100]);
    carry_out(&repair, &bed.dir());
    assert_eq!(
        shared(&bed.dir())[Path::new(EVENTS)],
        shared(&bed.whole())[Path::new(EVENTS)]
    );
    // With neither nobody can tell.
    std::fs::remove_dir_all(bed.dir().join("tile/0")).unwrap();
    bed.change_lines(SECOND, |lines| drop(lines.remove(250)));
    let before = everything(&bed.dir());
    let error = plan(&behind, &bed.dir()).unwrap_err();
    assert!(matches!(error, RepairError::Behind { .. }), "{error}");
    assert_eq!(everything(&bed.dir()), before);
    // The checkpoint that is gone too: its signer remembers the head, and nobody has the note.
    bed.fresh();
    std::fs::remove_file(bed.dir().join("checkpoint")).unwrap();
    let tree = tree_of(&bed.lines);
    let state = SignerState {
        size: tree.size(),
        root: tree.root(),
    };
    let repair = plan_with(&behind, &bed.dir(), Some(&vkey()), Some(state)).unwrap();
    assert_eq!(repair.left.len(), 1, "{:?}", repair.left);
    assert_eq!(
        repair.own,
        Some((
            Acknowledged::Signer,
            Head {
                size: 600,
                root: tree.root()
            }
        ))
    );
}

#[test]
fn an_old_copy_that_was_put_back_is_brought_up_to_what_its_signer_signed() {
    let bed = Bed::new();
    let tree = tree_of(&bed.lines);
    copy(&bed.folder.path().join("old"), &bed.dir());
    let state = SignerState {
        size: tree.size(),
        root: tree.root(),
    };
    let repair = plan_with(&bed.mirror(), &bed.dir(), Some(&vkey()), Some(state)).unwrap();
    assert_eq!(repair.own.unwrap().0, Acknowledged::Signer);
    carry_out(&repair, &bed.dir());
    let text = std::fs::read_to_string(bed.dir().join(EVENTS)).unwrap();
    assert_eq!(text, bed.lines.join("\n") + "\n");
    assert_eq!(
        std::fs::read(bed.dir().join("checkpoint")).unwrap(),
        head(&tree)
    );
}

/// A real ledger: it opens read-only while damaged, holds after, and can be written to.
#[test]
fn a_ledger_that_was_healed_holds_and_can_be_written_to() {
    let lab = Lab::argued();
    let mirror = lab.beside("mirror");
    run(&lab.dir(), &mirror).unwrap();
    for index in 0..8 {
        let path = lab.dir().join(EVENTS);
        let mut lines = lab.lines();
        lines[index] = lines[index].replace("\"commit\"", "\"comnit\"");
        std::fs::write(&path, lines.join("\n") + "\n").unwrap();
        assert_eq!(lab.audit().verdict, Verdict::Damaged);
        assert!(lab.try_open().is_err());
        let repair = plan_with(&mirror, &lab.dir(), None, None).unwrap();
        let expected = if index == 0 {
            KeyFrom::Source
        } else {
            KeyFrom::Genesis
        };
        assert_eq!(repair.key_from, expected);
        assert_eq!(repair.entries, [index as u64]);
        carry_out(&repair, &lab.dir());
        let report = audited(&lab.dir());
        assert_eq!(report.verdict, Verdict::Holds, "{:?}", report.faults);
    }
    let size = lab
        .record("ada", &[crate::lab::note("claim/x", "All is well.")])
        .index;
    assert_eq!(size, 8);
    // While somebody writes, nothing is healed.
    let path = lab.dir().join("tile/0/000.p/9");
    std::fs::write(&path, [0; 9 * 32]).unwrap();
    run(&mirror, &lab.beside("x")).unwrap();
    let repair = plan_with(&lab.beside("x"), &lab.dir(), None, None).unwrap();
    let appender = lab.open();
    assert!(repair.carry_out(&lab.dir()).is_err());
    drop(appender);
    carry_out(&repair, &lab.dir());
    assert_eq!(audited(&lab.dir()).verdict, Verdict::Holds);
}

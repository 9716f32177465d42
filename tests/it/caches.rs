//! Caches and copies may be damaged, stale or foreign: what is answered is what a ledger without any
//! of them answers.

use std::path::{Path, PathBuf};

use grounds::ledger::{Ledger, Snapshot, newest_head};
use grounds::projection::{Filter, Wanted, catalogue, claim_page, model_in_force};
use grounds::value::Subject;

use crate::custody::{Dice, random};
use crate::lab::{Lab, audited, copy, everything, note};

/// What is done to a file: nothing, or one of the things that happen to caches.
const SPOILED: [&str; 7] = [
    "whole", "flipped", "cut", "empty", "forged", "foreign", "gone",
];

fn spoil(path: &Path, how: &str, foreign: Option<&[u8]>, dice: &mut Dice) {
    let mut bytes = std::fs::read(path).unwrap();
    let length = bytes.len() as u64;
    match how {
        "flipped" => bytes[dice.roll(length) as usize] ^= 1 << dice.roll(8),
        "cut" => bytes.truncate(dice.roll(length) as usize),
        "empty" => bytes.clear(),
        "forged" => bytes = with_another_size(&bytes),
        "foreign" => bytes = foreign.unwrap_or(b"something else").to_vec(),
        "gone" => return std::fs::remove_file(path).unwrap(),
        _ => return,
    }
    std::fs::write(path, bytes).unwrap();
}

/// The second line of a head is its size: here that of a longer log.
fn with_another_size(bytes: &[u8]) -> Vec<u8> {
    let mut lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    lines[1] = b"4711";
    lines.join(&b'\n')
}

/// Everything that a snapshot can be asked, as text: read from the snapshot as far as it says
/// anything, else from the ledger itself.
fn answers(dir: &Path, cache: Option<&Path>) -> Vec<String> {
    let ledger = Ledger::open(dir, None).unwrap();
    let (state, filter) = (ledger.state(), Filter::none());
    let model = model_in_force(state).unwrap();
    let mut snapshot = cache.and_then(|cache| Snapshot::open(cache, newest_head(dir).unwrap()));
    let rows = snapshot.as_mut().and_then(Snapshot::rows);
    let rows = rows.unwrap_or_else(|| catalogue(state, model, &filter, &Wanted::default()));
    let mut answers = vec![serde_json::to_string(&rows).unwrap()];
    for (slug, _) in state.claims() {
        let page = snapshot.as_mut().and_then(|snapshot| snapshot.page(slug));
        let page = page.or_else(|| claim_page(state, slug, model, &filter));
        answers.push(serde_json::to_string(&page).unwrap());
    }
    let mut subjects: Vec<String> = match &snapshot {
        Some(snapshot) => snapshot.subjects().iter().map(Subject::to_string).collect(),
        None => grounds::projection::subjects(state)
            .iter()
            .map(Subject::to_string)
            .collect(),
    };
    subjects.sort();
    answers.push(subjects.join(" "));
    answers
}

fn rounds() -> u64 {
    match std::env::var_os("GROUNDS_FULL") {
        Some(_) => 60,
        None => 2,
    }
}

fn only_file(folder: &Path) -> PathBuf {
    let mut files = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path());
    files.next().unwrap()
}

#[test]
fn a_reader_with_any_cache_says_what_one_without_says() {
    for seed in 0..rounds() {
        let lab = random(seed);
        let mut dice = Dice(seed);
        let (cache, stale) = (lab.beside("cache"), lab.beside("stale"));
        Snapshot::keep(&Ledger::open(&lab.dir(), None).unwrap(), &stale).unwrap();
        lab.record("ada", &[note("claim/x", "One entry more.")]);
        let expected = answers(&lab.dir(), None);
        let old = std::fs::read(only_file(&stale)).unwrap();
        for how in SPOILED {
            for _ in 0..if how == "flipped" { 8 } else { 1 } {
                Snapshot::keep(&Ledger::open(&lab.dir(), None).unwrap(), &cache).unwrap();
                // That of an older head, under the name of the newest.
                spoil(&only_file(&cache), how, Some(&old), &mut dice);
                assert_eq!(
                    answers(&lab.dir(), Some(&cache)),
                    expected,
                    "seed {seed}, {how}"
                );
            }
        }
        assert_eq!(
            answers(&lab.dir(), Some(&stale)),
            expected,
            "seed {seed}, stale"
        );
    }
}

/// The writer keeps copies of what it replaces without a sync: they say what was acknowledged, and
/// only where the log has signed it.
#[test]
fn a_writer_with_any_copy_in_its_cache_opens_the_ledger_that_is_there() {
    let other = Lab::argued();
    for seed in 0..rounds() {
        let lab = random(seed);
        let mut dice = Dice(seed);
        // As a writer that died leaves it: its copies are still there.
        let mut appender = lab.open();
        let signed = lab.signed(&appender, "ada", &[note("claim/x", "The last word.")]);
        appender.stage(&signed).unwrap();
        appender.flush().unwrap();
        drop(appender);
        let (whole, bare) = (lab.beside("whole"), lab.beside("bare"));
        copy(&lab.dir(), &whole);
        let _ = std::fs::remove_dir_all(lab.dir().join("cache"));
        drop(lab.open());
        copy(&lab.dir(), &bare);
        let expected = audited(&bare);
        for how in SPOILED {
            copy(&whole, &lab.dir());
            let foreign = std::fs::read(other.dir().join("checkpoint")).unwrap();
            let copies: Vec<PathBuf> = everything(&lab.dir().join("cache"))
                .into_keys()
                .filter(|path| path.is_file())
                .collect();
            assert!(!copies.is_empty(), "there are copies to spoil");
            for path in copies {
                spoil(&path, how, Some(&foreign), &mut dice);
            }
            let appender = lab.open();
            assert_eq!(
                appender.state().size(),
                expected.entries,
                "seed {seed}, {how}"
            );
            drop(appender);
            assert_eq!(audited(&lab.dir()), expected, "seed {seed}, {how}");
        }
    }
}

//! Fuzzing in the small: the bodies of the fuzz targets, over their committed corpora, over what
//! once broke them, and over seeded changes to both. `tests/run fuzz` has libFuzzer go on from there.

#[path = "../fuzz/bodies/mod.rs"]
mod bodies;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use grounds::envelope::Signed;
use grounds::ledger::LedgerError;
use grounds::ledger::audit::{Standard, Verdict};
use grounds::tlog::leaf_hash;

use crate::lab::{EVENTS, Lab, START, examined, line, note};
use crate::reference::build::{key, time};

/// What a run of the mutator begins with; `GROUNDS_FUZZ_SEED` sets another.
const SEED: u64 = 20_261_122;
/// How many more changes the full run tries.
const FULL: usize = 20;

macro_rules! targets {
    ($($name:ident: $changes:literal,)*) => {
        mod every_input_keeps_the_promises_of {
            $(#[test]
            fn $name() {
                super::tried(stringify!($name), super::bodies::$name::run, $changes);
            })*
        }

        /// Their names, each with a folder of `tests/fuzz/corpus`.
        const TARGETS: &[&str] = &[$(stringify!($name)),*];
    };
}

// How many changed inputs are tried, as dear as they are.
targets! {
    append: 30,
    bundle: 200,
    cel: 1_000,
    checkpoint: 2_000,
    commit: 500,
    entry: 1_000,
    import_csv: 500,
    import_fred: 200,
    import_jsonl: 1_000,
    json: 5_000,
    ledger: 30,
    mirror: 30,
    policy: 5_000,
    proof: 2_000,
    rewritten: 30,
    sealed: 300,
    tiles: 1_000,
    values: 10_000,
}

type Body = fn(&[u8]);

/// One file, where `GROUNDS_FUZZ_INPUT` names it; else everything.
fn tried(target: &str, body: Body, changes: usize) {
    if let Some(path) = std::env::var_os("GROUNDS_FUZZ_INPUT") {
        return body(&std::fs::read(path).unwrap());
    }
    let inputs = inputs(target);
    for (path, bytes) in &inputs {
        run(target, body, bytes, &path.display().to_string());
    }
    let seed = std::env::var("GROUNDS_FUZZ_SEED").map_or(SEED, |text| text.parse().unwrap());
    let full = std::env::var_os("GROUNDS_FULL").is_some();
    let changes = if full { changes * FULL } else { changes };
    let mut dice = Dice(seed);
    for number in 0..changes {
        let bytes = changed(&inputs, &mut dice);
        run(
            target,
            body,
            &bytes,
            &format!("change {number} of seed {seed}"),
        );
    }
}

/// The corpus and what was found, in the order of their names.
fn inputs(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz");
    let folders = ["corpus", "found"].map(|kind| own.join(kind).join(target));
    let files = folders
        .iter()
        .filter_map(|folder| std::fs::read_dir(folder).ok());
    let mut paths: Vec<PathBuf> = files.flatten().map(|file| file.unwrap().path()).collect();
    paths.sort();
    paths
        .into_iter()
        .map(|path| (path.clone(), std::fs::read(path).unwrap()))
        .collect()
}

/// What breaks a promise is kept in a file, and the command that repeats it is said.
fn run(target: &str, body: Body, bytes: &[u8], what: &str) {
    let Err(panic) = catch_unwind(AssertUnwindSafe(|| body(bytes))) else {
        return;
    };
    let digest = grounds::hash::Hash::of(bytes).to_string();
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{target}-{}", &digest[..16]));
    std::fs::write(&file, bytes).unwrap();
    let said = panic.downcast_ref::<String>().map(String::as_str);
    let said = said.or_else(|| panic.downcast_ref::<&str>().copied());
    panic!(
        "{target}, {what}: {}\nto repeat: GROUNDS_FUZZ_INPUT={} cargo test --test it fuzz::every_input_keeps_the_promises_of::{target}",
        said.unwrap_or("a panic"),
        file.display()
    );
}

/// SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % end.max(1) as u64).unwrap()
    }
}

/// One of the inputs with one to four changes that know nothing of its form.
fn changed(inputs: &[(PathBuf, Vec<u8>)], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = inputs[dice.below(inputs.len())].1.clone();
    for _ in 0..=dice.below(4) {
        let at = dice.below(bytes.len() + 1);
        let span = dice.below(bytes.len() - at + 1).min(1 << dice.below(9));
        match dice.below(8) {
            0 if at < bytes.len() => bytes[at] ^= 1 << dice.below(8),
            1 if at < bytes.len() => bytes[at] = u8::try_from(dice.below(256)).unwrap(),
            2 => drop(bytes.drain(at..at + span)),
            3 => bytes.insert(at, b"0\"\\{}[],:-\n\0\xff. /"[dice.below(16)]),
            4 => {
                let again = bytes[at..at + span].to_vec();
                drop(bytes.splice(at..at, again));
            }
            5 => {
                let other = &inputs[dice.below(inputs.len())].1;
                let from = dice.below(other.len() + 1);
                let size = dice.below(other.len() - from + 1).min(64);
                drop(bytes.splice(at..at + span, other[from..from + size].to_vec()));
            }
            6 => bytes.truncate(at),
            _ => bytes[at..at + span].reverse(),
        }
    }
    bytes
}

/// With `GROUNDS_FUZZ_SEEDS=FOLDER` they are written there, for libFuzzer to grow corpora from.
#[test]
fn every_target_has_seeds_and_a_corpus() {
    let catalogue = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/hostile");
    let mut names: Vec<PathBuf> = std::fs::read_dir(catalogue)
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|name| name.extension().is_some_and(|end| end == "json"))
        .collect();
    names.sort();
    let read = |name: &PathBuf| serde_json::from_slice(&std::fs::read(name).unwrap()).unwrap();
    let catalogue: Vec<serde_json::Value> = names.iter().map(read).collect();
    let seeds = bodies::seeds::all(&catalogue);
    for target in TARGETS {
        assert!(
            seeds.iter().any(|(own, _)| own == target),
            "{target}: seeds"
        );
        let inputs = inputs(target);
        assert!(
            (10..=100).contains(&inputs.len()),
            "{target}: {} inputs",
            inputs.len()
        );
        for (path, bytes) in inputs {
            assert!(
                bytes.len() <= 8192,
                "{}: {} bytes",
                path.display(),
                bytes.len()
            );
        }
    }
    if let Some(into) = std::env::var_os("GROUNDS_FUZZ_SEEDS") {
        for (number, (target, bytes)) in seeds.iter().enumerate() {
            let folder = Path::new(&into).join(target);
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join(format!("seed-{number:05}")), bytes).unwrap();
        }
    }
}

/// With `GROUNDS_KEEP_LEDGERS` (see [`examined`]) they are kept for it. It reads no sealed segments;
/// of files that do not follow each other it names no line, and of a torn line without any head it
/// does name one.
#[test]
fn the_second_implementation_is_shown_what_is_made_of_folders() {
    let vkey = crate::lab::vkey();
    let standard = Standard {
        vkey: Some(&vkey),
        ..Standard::default()
    };
    let temporary = tempfile::tempdir().unwrap();
    let whole = std::fs::read(crate::reference::folder().join("checkpoint")).unwrap();
    for (place, (_, bytes)) in inputs("ledger").iter().enumerate() {
        let dir = temporary.path().join(format!("ledger-{place}"));
        bodies::ledger::made(bytes, &dir);
        let segments = std::fs::read_dir(dir.join("events")).into_iter().flatten();
        let head = std::fs::read(dir.join("checkpoint")).unwrap_or_default();
        if segments.count() == 1 && dir.join(EVENTS).is_file() && head == whole {
            examined(&dir, &standard);
        }
    }
    for (place, (_, bytes)) in inputs("rewritten").iter().enumerate() {
        let dir = temporary.path().join(format!("rewritten-{place}"));
        if bodies::rewritten::made(bytes, &dir).is_some() {
            examined(&dir, &standard);
        }
    }
}

// --- what was found -------------------------------------------------------------------------------

/// Found by the target `ledger`: the last line doubled, and the folder opened for writing.
#[test]
fn no_head_is_signed_over_a_line_that_would_not_be_admitted_behind_the_last_one() {
    let lab = Lab::argued();
    let whole = std::fs::read(lab.dir().join(EVENTS)).unwrap();
    let head = std::fs::read(lab.dir().join("checkpoint")).unwrap();
    let lines = lab.lines();
    lab.clock.pass(60);
    let appender = lab.open();
    let commit = lab.commit(&appender, "ada", &[note("claim/x", "It goes on.")]);
    drop(appender);
    let signed = |by: &str| Signed::seal(commit.clone(), &key(by)).to_bytes();
    let now = lab.clock.now();
    let behind = |line: &str| {
        let text = [&whole[..], line.as_bytes(), b"\n"].concat();
        std::fs::write(lab.dir().join(EVENTS), text).unwrap();
        lab.try_open()
    };
    for (line, what) in [
        (lines[7].clone(), "which is entry 7"),
        (lines[2].clone(), "which is entry 2"),
        (line(&signed("mallory"), now), "a key registered"),
        (line(&signed("ada"), time(START)), "recorded"),
        (
            format!(r#"{{"leaf":"{}","withheld":"r"}}"#, leaf_hash(b"x")),
            "found",
        ),
    ] {
        let Err(LedgerError::Damaged(places)) = behind(&line) else {
            panic!("opened over {line}");
        };
        assert_eq!(places[0].index, 8);
        assert!(places[0].found.contains(what), "{}", places[0].found);
        assert_eq!(std::fs::read(lab.dir().join("checkpoint")).unwrap(), head);
    }
    // What the log itself wrote and had not signed yet goes on.
    let (appender, _) = behind(&line(&signed("ada"), now)).unwrap();
    assert_eq!(appender.tree().size(), 9);
}

/// Found by showing what the target `ledger` makes to the second implementation, which had it right.
#[test]
fn several_batches_behind_a_bad_line_are_damage_to_an_audit_as_they_are_to_a_writer() {
    let lab = Lab::argued();
    let whole = std::fs::read(lab.dir().join(EVENTS)).unwrap();
    let lines = lab.lines();
    let behind = |tail: &[&str]| {
        let text = [&whole[..], tail.join("\n").as_bytes(), b"\n"].concat();
        std::fs::write(lab.dir().join(EVENTS), text).unwrap();
        lab.audit()
    };
    let report = behind(&["torn", &lines[3], &lines[5]]);
    assert_eq!(report.verdict, Verdict::Damaged);
    assert_eq!(report.faults[0].index, Some(8), "{:?}", report.faults);
    assert!(matches!(lab.try_open(), Err(LedgerError::Damaged(_))));
    // One batch is what a crash leaves.
    for tail in [
        &["torn", &lines[5], &lines[5]][..],
        &["torn"],
        &["torn", "torn"],
    ] {
        assert_eq!(behind(tail).verdict, Verdict::Holds, "{tail:?}");
    }
    let (appender, opened) = lab.try_open().unwrap();
    assert_eq!((appender.tree().size(), opened.recovered.kept), (8, 8));
}

//! Bits flipped on disk, and the program asked what it thinks of the folder. That every bit is found
//! is shown beside the audit (`src/ledger/audit/every_bit.rs`); here a sample goes through
//! `grounds verify`, and what it says is held against the bytes and against the library. With
//! `GROUNDS_KEEP_BITS=DIR` the ledger is kept there, for other engines to be compared with.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use grounds::hash::Hash;
use grounds::ledger::audit::{Standard, Verdict, audit};

use crate::lab::{EVENTS, Lab, claim, copy, note};

/// How many bits are flipped, and in a ledger of how many entries; the step `bits` of the full run
/// asks for 2,000.
fn share() -> (usize, usize) {
    let asked = std::env::var("GROUNDS_FLIPS").ok();
    match asked.and_then(|flips| flips.parse().ok()) {
        Some(flips) => (flips, 1_200),
        None => (50, 260),
    }
}

/// A ledger of notes that are not like each other, about a kibibyte each.
fn noted(entries: usize) -> Lab {
    let lab = Lab::founded();
    lab.clock.pass(60);
    let mut appender = lab.open();
    let mut stage = |act| {
        let signed = lab.signed(&appender, "ada", &[act]);
        appender.stage(&signed).unwrap();
    };
    stage(claim("x"));
    for number in 2..entries {
        let words = (0..6).map(|part| Hash::of(format!("{number}.{part}").as_bytes()).to_string());
        stage(note("claim/x", &words.collect::<Vec<String>>().join(" ")));
    }
    appender.close().unwrap();
    lab
}

/// Every file that an audit covers, by name.
fn covered(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let all = crate::lab::everything(dir).into_iter();
    all.filter(|(path, _)| path.is_file())
        .map(|(path, (_, bytes))| {
            let name = path.strip_prefix(dir).unwrap().to_str().unwrap().to_owned();
            (name, bytes)
        })
        .filter(|(name, _)| {
            name == "checkpoint" || name.starts_with("events/") || name.starts_with("tile/")
        })
        .collect()
}

/// What must be said of a flip: the entry, or the file where it is no entry.
fn expected(name: &str, bytes: &[u8], byte: usize) -> (Option<u64>, String) {
    let newlines = bytes[..byte].iter().filter(|byte| **byte == b'\n').count() as u64;
    ((name == EVENTS).then_some(newlines), name.to_owned())
}

#[test]
fn a_flipped_bit_gets_the_same_verdict_and_place_from_the_program_as_from_the_library() {
    let (flips, entries) = share();
    let lab = noted(entries);
    if let Some(into) = std::env::var_os("GROUNDS_KEEP_BITS") {
        copy(&lab.dir(), Path::new(&into));
    }
    let files = covered(&lab.dir());
    let all: usize = files.values().map(Vec::len).sum();
    // The golden ratio spreads them over the folder, one after the other, wherever it ends.
    let place = |number: usize| (number as f64 * 0.618_033_988_75).fract() * all as f64 * 8.0;
    let next = AtomicUsize::new(0);
    let work = |own: PathBuf| {
        copy(&lab.dir(), &own);
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= flips {
                return;
            }
            let mut bit = place(number) as usize;
            // Of ten one falls into the genesis, which names the key that the others are read by.
            if number.is_multiple_of(10) {
                let before = files
                    .range(..EVENTS.to_owned())
                    .map(|(_, bytes)| bytes.len());
                bit = before.sum::<usize>() * 8 + bit % 8_000;
            }
            flip_and_ask(&own, &files, bit, number.is_multiple_of(20) || flips < 100);
        }
    };
    std::thread::scope(|scope| {
        for name in ["one", "other"] {
            let (own, work) = (lab.beside(name), &work);
            scope.spawn(move || work(own));
        }
    });
}

fn flip_and_ask(dir: &Path, files: &BTreeMap<String, Vec<u8>>, bit: usize, by_library: bool) {
    let mut byte = bit / 8;
    let (name, whole) = files
        .iter()
        .find(|(_, bytes)| match byte < bytes.len() {
            true => true,
            false => {
                byte -= bytes.len();
                false
            }
        })
        .unwrap();
    let mut flipped = whole.clone();
    flipped[byte] ^= 1 << (bit % 8);
    std::fs::write(dir.join(name), flipped).unwrap();
    let (index, file) = expected(name, whole, byte);
    let at = format!("{name} byte {byte} bit {}", bit % 8);
    let (code, first, named) = asked(dir);
    assert_eq!((code, first), (3, index), "{at}");
    assert!(index.is_some() || named.contains(&file), "{at}: {named:?}");
    if by_library {
        let report = audit(dir, &Standard::default(), &mut |_, _| {}).unwrap();
        assert_eq!(report.verdict, Verdict::Damaged, "{at}");
        let least = report.faults.iter().filter_map(|fault| fault.index).min();
        assert_eq!(least, first, "{at}");
    }
    std::fs::write(dir.join(name), whole).unwrap();
}

/// The exit code of `grounds verify`, the first entry that it names, and the files.
fn asked(dir: &Path) -> (i32, Option<u64>, Vec<String>) {
    let output = Command::new(env!("CARGO_BIN_EXE_grounds"))
        .args(["--ledger", dir.to_str().unwrap(), "verify", "--json"])
        .env("GROUNDS_CONFIG", dir.join("../config"))
        .env("GROUNDS_CACHE", dir.join("../cache"))
        .output()
        .unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let faults = report["faults"].as_array().unwrap();
    let first = faults
        .iter()
        .filter_map(|fault| fault["index"].as_u64())
        .min();
    let files = faults
        .iter()
        .filter_map(|fault| fault["file"].as_str().map(str::to_owned));
    (output.status.code().unwrap(), first, files.collect())
}

//! Whole ledger folders.

use std::path::Path;
use std::time::Duration;

use grounds::ledger::audit::{Part, Report, Standard, Verdict, audit};
use grounds::ledger::{Appender, Clock, FolderSource, HeadSigner, Ledger, Repair};
use grounds::value::Time;

use super::ground::{Bytes, EVENTS, FILES, GOOD, changed, key, origin, put, scratch};

/// A clock that stands still, an hour after the reference ledger's last entry.
pub struct Still;

impl Clock for Still {
    fn wall(&self) -> Time {
        Time::parse_seconds("2026-03-09T21:00:00Z").unwrap()
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

/// Files of the folder, as the bytes change them: a script for each of the four files, which is
/// changed, taken away or renamed, and one more file with a name and bytes of its own.
pub fn files(script: &mut Bytes<'_>) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<(String, Vec<u8>)> = FILES
        .iter()
        .map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec()))
        .collect();
    while !script.is_empty() {
        let place = usize::from(script.byte());
        let length = files.len();
        match place {
            0..192 => {
                // Lines are changed most.
                let file = [0, 0, 0, 1, 2, 3][place % 6];
                let steps = 1 + place / 64;
                if let Some((_, bytes)) = files.get_mut(file) {
                    *bytes = changed(bytes, script, steps);
                }
            }
            192..200 => drop(files.remove(place % length)),
            200..208 => {
                let other = files[place % length].1.clone();
                let to = usize::from(script.byte()) % length;
                files[to].1 = other;
            }
            208..240 => {
                let name = NAMES[place % NAMES.len()].to_owned();
                let size = script.number(1) as usize;
                let bytes = match script.byte() % 3 {
                    0 => script.take(size).to_vec(),
                    1 => files[usize::from(script.byte()) % length].1.clone(),
                    _ => lines(script.number(1) as usize, script.number(1) as usize),
                };
                files.push((name, bytes));
            }
            _ => {
                let (from, to) = (
                    script.number(1) as usize % 17,
                    script.number(1) as usize % 17,
                );
                files[0].1 = match place % 3 {
                    0 => lines(from, to),
                    1 => [lines(0, from), lines(to, 16)].concat(),
                    _ => [lines(0, from), lines(to, from.max(to)), lines(from, 16)].concat(),
                };
            }
        }
        if files.is_empty() {
            break;
        }
    }
    files
}

const NAMES: [&str; 14] = [
    "events/000000000008.jsonl",
    "events/000000000016.jsonl",
    "events/000000000000.jsonl.zst",
    "events/000000000099.jsonl",
    "events/stray",
    "tile/0/000",
    "tile/0/000.p/7",
    "tile/entries/000",
    "tile/1/000.p/1",
    "cosigned/16",
    "policy",
    "cache/checkpoint",
    "cache/map",
    "mirror.json",
];

pub fn lines(from: usize, to: usize) -> Vec<u8> {
    let lines = GOOD.lines.get(from..to.min(16)).unwrap_or_default();
    lines
        .iter()
        .flat_map(|line| [line, &b"\n"[..]].concat())
        .collect()
}

/// Writes the folder that the bytes describe; the first of them says what is done to it.
pub fn made(data: &[u8], dir: &Path) -> u8 {
    std::fs::create_dir_all(dir).unwrap();
    let mut script = Bytes(data);
    let what = script.byte();
    // Names may clash: a file where a folder is to be. What cannot be written is not there.
    for (name, bytes) in &files(&mut script) {
        let path = dir.join(name);
        let _ = std::fs::create_dir_all(path.parent().unwrap());
        let _ = std::fs::write(path, bytes);
    }
    what
}

pub fn audited(dir: &Path, standard: &Standard<'_>) -> Option<Report> {
    audit(dir, standard, &mut |_, _| {}).ok()
}

/// - A changed ledger does not hold, whoever brings the key: what an audit passes is, file by file,
///   what was acknowledged.
/// - A reader gives out the lines that were acknowledged, or none.
/// - Opened for writing it is refused, or goes on from all that was acknowledged; then it holds.
/// - Repaired from a good copy it holds, and has the lines that were acknowledged.
pub fn run(data: &[u8]) {
    let scratch = scratch();
    let dir = scratch.path().join("ledger");
    let what = made(data, &dir);
    let standard = Standard {
        vkey: Some(&GOOD.vkey),
        ..Standard::default()
    };
    for standard in [&standard, &Standard::default()] {
        if let Some(report) = audited(&dir, standard) {
            judged(&dir, &report);
        }
    }
    served(&dir);
    match what % 4 {
        kind @ (0 | 1) => reopened(&dir, scratch.path(), kind == 0),
        2 => repaired(&dir, scratch.path()),
        _ => {}
    }
}

fn judged(dir: &Path, report: &Report) {
    let is_clean = report.fault_count == 0;
    assert_eq!(is_clean, report.faults.is_empty());
    assert!(is_clean || report.verdict != Verdict::Holds);
    assert!(
        !is_clean || report.verdict != Verdict::Damaged,
        "damaged, and nothing named"
    );
    if report.verdict != Verdict::Holds {
        return;
    }
    assert_eq!(
        (report.size, report.root),
        (Some(16), Some(GOOD.tree.root()))
    );
    let found = everything(dir);
    for (name, bytes) in FILES {
        match (found.get(name), name) {
            (Some(found), EVENTS) => {
                assert!(found.starts_with(bytes), "lines that nobody signed hold");
            }
            (Some(found), "checkpoint") => {
                assert!(found.starts_with(bytes), "another checkpoint holds")
            }
            (Some(found), _) => assert_eq!(found, bytes, "{name} was changed, and holds"),
            (None, EVENTS) => assert!(
                found.keys().any(|name| name.starts_with("events/")),
                "no lines, and it holds"
            ),
            (None, _) => {}
        }
    }
}

fn everything(dir: &Path) -> std::collections::BTreeMap<String, Vec<u8>> {
    let mut found = std::collections::BTreeMap::new();
    let mut open = vec![dir.to_path_buf()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(next).unwrap().map(Result::unwrap) {
            let path = entry.path();
            match path.is_dir() {
                true => open.push(path),
                false => {
                    let name = path
                        .strip_prefix(dir)
                        .unwrap()
                        .to_string_lossy()
                        .into_owned();
                    found.insert(name, std::fs::read(path).unwrap());
                }
            }
        }
    }
    found
}

fn served(dir: &Path) {
    let _ = Ledger::open(dir, None);
    let Ok(ledger) = Ledger::open(dir, Some(&GOOD.vkey)) else {
        return;
    };
    assert_eq!(
        Some(ledger.custody().checkpoint.root),
        GOOD.tree.root_at(ledger.custody().checkpoint.size)
    );
    for (index, good) in (0..).zip(&GOOD.lines) {
        if let Ok(line) = ledger.line(index) {
            assert_eq!(line, *good, "a reader was given another line {index}");
        }
    }
    if ledger.custody().damages.is_empty() {
        assert_eq!(ledger.tree().root(), ledger.custody().checkpoint.root);
    }
}

fn reopened(dir: &Path, scratch: &Path, remembers: bool) {
    let state = scratch.join("log.state");
    if remembers {
        let said = format!("{{\"root\":\"{}\",\"size\":16}}\n", GOOD.tree.root());
        std::fs::write(&state, said).unwrap();
    }
    let signer = HeadSigner::open(&origin(), key("log"), &state).unwrap();
    let Ok((mut appender, _)) = Appender::open(dir, signer, Box::new(Still), false) else {
        return;
    };
    let tree = appender.tree();
    assert!(
        !remembers || tree.size() >= 16,
        "goes on from fewer entries than were signed"
    );
    let known = tree.size().min(16);
    // What the log has not signed may be there behind its head: nobody but the log writes there.
    assert_eq!(
        tree.root_at(known),
        GOOD.tree.root_at(known),
        "goes on from another history"
    );
    let acts = [super::append::note("curator", "Read again.")];
    let _ = super::append::submitted(&mut appender, "curator", &acts);
    let checkpoint = appender.checkpoint().to_vec();
    appender.close().expect("the disk works");
    let standard = Standard {
        vkey: Some(&GOOD.vkey),
        from: Some(&checkpoint),
        ..Standard::default()
    };
    let report = audited(dir, &standard).expect("a ledger");
    assert!(!checkpoint.is_empty());
    let lines = report.faults.iter().filter(|fault| fault.index.is_some());
    assert_eq!(lines.count(), 0, "went on over {:?}", report.faults);
}

fn repaired(dir: &Path, scratch: &Path) {
    let source = scratch.join("source");
    put(&source, FILES);
    let mut source = FolderSource::new(&source);
    let Ok(repair) = Repair::plan(
        &mut source,
        dir,
        Some(&GOOD.vkey),
        &|_| None,
        &mut |_, _| {},
    ) else {
        return;
    };
    if repair.carry_out(dir).is_err() {
        return;
    }
    let standard = Standard {
        vkey: Some(&GOOD.vkey),
        ..Standard::default()
    };
    let report = audited(dir, &standard).expect("a ledger");
    if repair.left.is_empty() {
        // What witnesses are said to have signed is theirs, and no repair touches it.
        let ours = report
            .faults
            .iter()
            .filter(|fault| fault.part != Part::Witnesses);
        assert_eq!(ours.count(), 0, "repaired: {:?}", report.faults);
        assert!(report.verdict == Verdict::Holds || report.fault_count > 0);
    }
    let again = Repair::plan(
        &mut source,
        dir,
        Some(&GOOD.vkey),
        &|_| None,
        &mut |_, _| {},
    );
    let again = again.expect("a repair of what is repaired");
    assert!(again.is_empty(), "{:?} {:?}", again.files(), again.aside());
}

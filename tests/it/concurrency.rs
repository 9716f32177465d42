//! Many at once: what 64 writers and 64 readers were told is what one ledger, in the order of its
//! lines, would have told them one after the other.
//!
//! Every operation is kept: when it was begun, when it was answered, what was said. The log's own
//! order is the witness. A commit at index i takes effect between the reads of i and of i + 1
//! entries; a history is linearizable if that order contradicts no pair of operations of which one
//! was answered before the other began. (The order of the log is total and real time is an interval
//! order, so where no pair contradicts it no longer chain does.)

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, RwLock};
use std::time::{Duration, Instant};

use grounds::envelope::Entry;
use grounds::hash::Hash;
use grounds::ledger::audit::Verdict;
use grounds::ledger::{Ledger, LedgerError, Pace, SignerError, Writer};
use grounds::store::StoreError;

use crate::lab::{EVENTS, Lab, claim, copy, tree_of, vkey};

const WRITERS: usize = 64;
const READERS: usize = 64;

fn is_full() -> bool {
    std::env::var_os("GROUNDS_FULL").is_some()
}

/// Says that somebody has ended, also where he ended in a panic: nobody is to wait for him then.
struct Ending<'a>(&'a AtomicU64);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// One operation of somebody.
#[derive(Debug, Clone)]
struct Operation {
    begun: Duration,
    /// None: its outcome was never heard of.
    ended: Option<Duration>,
    said: Said,
}

#[derive(Debug, Clone)]
enum Said {
    /// A commit, by its id, and the index that its receipt names.
    Wrote { commit: String, index: Option<u64> },
    /// A head.
    Read { size: u64, root: String },
}

/// Keeps what is done.
struct Record {
    start: Instant,
    operations: Mutex<Vec<Operation>>,
}

impl Record {
    fn begin() -> Record {
        Record {
            start: Instant::now(),
            operations: Mutex::default(),
        }
    }

    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    fn wrote(&self, begun: Duration, commit: &str, index: Option<u64>) {
        let ended = index.map(|_| self.now());
        let commit = commit.to_owned();
        self.add(begun, ended, Said::Wrote { commit, index });
    }

    fn read(&self, begun: Duration, size: u64, root: String) {
        self.add(begun, Some(self.now()), Said::Read { size, root });
    }

    fn add(&self, begun: Duration, ended: Option<Duration>, said: Said) {
        let operation = Operation { begun, ended, said };
        self.operations.lock().unwrap().push(operation);
    }

    /// How many were written and how many read.
    fn checked(self, lines: &[String]) -> (usize, usize) {
        let operations = self.operations.into_inner().unwrap();
        linearizable(&operations, lines).unwrap_or_else(|why| panic!("not linearizable: {why}"));
        let is_write = |one: &&Operation| matches!(one.said, Said::Wrote { .. });
        let writes = operations.iter().filter(is_write).count();
        (writes, operations.len() - writes)
    }
}

/// Whether a log of these lines explains what everybody was told.
fn linearizable(operations: &[Operation], lines: &[String]) -> Result<(), String> {
    let tree = tree_of(lines);
    let mut indices = BTreeMap::new();
    for (index, line) in lines.iter().enumerate() {
        let entry = Entry::parse(line.as_bytes()).map_err(|error| error.to_string())?;
        let commit = entry.signed.commit.id().to_string();
        if let Some(before) = indices.insert(commit, index as u64) {
            return Err(format!("@{before} and @{index} are one commit"));
        }
    }
    // Where each stands in the order of the log; of what is not there, nothing is known.
    let mut placed: Vec<(&Operation, u64)> = Vec::new();
    for operation in operations {
        match &operation.said {
            Said::Wrote { commit, index } => {
                let there = indices.get(commit).copied();
                if index.is_some() && *index != there {
                    return Err(format!("{operation:?} stands at {there:?}"));
                }
                placed.extend(there.map(|index| (operation, index + 1)));
            }
            Said::Read { size, root } => {
                if tree.root_at(*size).map(|root| root.to_string()).as_ref() != Some(root) {
                    return Err(format!("{operation:?} is no prefix"));
                }
                placed.push((operation, *size));
            }
        }
    }
    let mut by_end: Vec<(Duration, u64, &Operation)> = placed
        .iter()
        .filter_map(|(operation, place)| Some((operation.ended?, *place, *operation)))
        .collect();
    by_end.sort_by_key(|(ended, ..)| *ended);
    placed.sort_by_key(|(operation, _)| operation.begun);
    let mut answered = by_end.into_iter().peekable();
    let mut latest: Option<(u64, &Operation)> = None;
    for (operation, place) in placed {
        while let Some((_, before, one)) = answered.next_if(|(ended, ..)| *ended < operation.begun)
        {
            if latest.is_none_or(|(latest, _)| latest < before) {
                latest = Some((before, one));
            }
        }
        let Some((before, one)) = latest else {
            continue;
        };
        // A commit does something; two reads may be of the same state.
        let is_after = match operation.said {
            Said::Wrote { .. } => before < place,
            Said::Read { .. } => before <= place,
        };
        if !is_after {
            return Err(format!("{one:?} was answered before {operation:?} began"));
        }
    }
    Ok(())
}

/// A log of three commits, and operations given as begun, ended, what was said.
fn histories(lab: &Lab) -> (Vec<String>, impl Fn(u64, u64, Told) -> Operation) {
    let lines = lab.lines();
    let ids: Vec<String> = lines
        .iter()
        .map(|line| Entry::parse(line.as_bytes()).unwrap().signed.commit.id())
        .map(|id| id.to_string())
        .collect();
    let tree = tree_of(&lines);
    let operation = move |begun, ended: u64, told| Operation {
        begun: Duration::from_secs(begun),
        ended: (ended > 0).then(|| Duration::from_secs(ended)),
        said: match told {
            Told::Wrote(index) => Said::Wrote {
                commit: ids[index].clone(),
                index: (ended > 0).then_some(index as u64),
            },
            Told::Elsewhere(index, other) => Said::Wrote {
                commit: ids[index].clone(),
                index: Some(other),
            },
            Told::Lost => Said::Wrote {
                commit: Hash::ZERO.to_string(),
                index: (ended > 0).then_some(1),
            },
            Told::Read(size) => Said::Read {
                size,
                root: tree.root_at(size).unwrap().to_string(),
            },
            Told::Other(size) => Said::Read {
                size,
                root: Hash::ZERO.to_string(),
            },
        },
    };
    (lines, operation)
}

#[derive(Clone, Copy)]
enum Told {
    Wrote(usize),
    /// At another index than it has.
    Elsewhere(usize, u64),
    /// Something that is not there.
    Lost,
    Read(u64),
    /// Another root.
    Other(u64),
}

#[test]
fn a_history_that_no_order_explains_is_told_from_one_that_some_order_does() {
    use Told::{Elsewhere, Lost, Other, Read, Wrote};
    let lab = Lab::argued();
    let (lines, op) = histories(&lab);
    let judge = |history: &[(u64, u64, Told)]| {
        let history: Vec<Operation> = history
            .iter()
            .map(|(b, e, told)| op(*b, *e, *told))
            .collect();
        linearizable(&history, &lines).is_ok()
    };
    for (name, history) in [
        (
            "one after the other",
            &[
                (1, 2, Wrote(1)),
                (3, 4, Read(2)),
                (5, 6, Wrote(2)),
                (7, 8, Read(3)),
            ][..],
        ),
        (
            "at the same time, in either order",
            &[
                (1, 9, Wrote(2)),
                (1, 9, Wrote(1)),
                (2, 8, Read(1)),
                (2, 8, Read(3)),
            ],
        ),
        (
            "two reads of one state",
            &[(1, 2, Read(2)), (3, 4, Read(2))],
        ),
        (
            "what nobody heard of may be there",
            &[
                (1, 0, Wrote(2)),
                (3, 4, Wrote(1)),
                (5, 6, Read(2)),
                (7, 8, Read(3)),
            ],
        ),
        ("or not", &[(1, 0, Lost), (3, 4, Wrote(1)), (5, 6, Read(2))]),
    ] {
        assert!(judge(history), "{name}");
    }
    for (name, history) in [
        ("acknowledged and lost", &[(1, 2, Lost)][..]),
        ("acknowledged elsewhere", &[(1, 2, Elsewhere(1, 2))]),
        (
            "acknowledged, and then not shown",
            &[(1, 2, Wrote(2)), (3, 4, Read(2))],
        ),
        (
            "shown before it was begun",
            &[(1, 2, Read(3)), (3, 4, Wrote(2))],
        ),
        (
            "shown before it was begun, and never heard of",
            &[(1, 2, Read(3)), (3, 0, Wrote(2))],
        ),
        (
            "acknowledged before one that stands before it was begun",
            &[(1, 2, Wrote(2)), (3, 4, Wrote(1))],
        ),
        (
            "a reader who goes back",
            &[(1, 2, Read(3)), (3, 4, Read(2))],
        ),
        (
            "two readers, one behind the other",
            &[(1, 2, Read(3)), (1, 4, Wrote(2)), (3, 5, Read(2))],
        ),
        ("another history", &[(1, 2, Other(2))]),
    ] {
        assert!(!judge(history), "{name}");
    }
    // A commit that stands twice.
    let mut twice = lines.clone();
    twice.push(lines[1].clone());
    assert!(linearizable(&[], &twice).is_err());
}

#[test]
fn what_64_writers_and_64_readers_of_one_process_are_told_is_linearizable() {
    let lab = Lab::founded();
    let appender = lab.open();
    let commits = if is_full() { 40 } else { 3 };
    let of = |writer: usize, number| claim(&format!("w{writer}-{number}"));
    let signed: Vec<Vec<Vec<u8>>> = (0..WRITERS)
        .map(|writer| {
            let acts = (0..commits).map(|number| of(writer, number));
            acts.map(|act| lab.signed(&appender, "ada", &[act]))
                .collect()
        })
        .collect();
    let ledger = Ledger::open(&lab.dir(), Some(&vkey())).unwrap();
    let pace = Pace {
        queue: 16,
        map_every: Some(Duration::from_millis(50)),
    };
    let writer = Writer::start(appender, pace);
    let record = Record::begin();
    let left = AtomicU64::new(WRITERS as u64);
    std::thread::scope(|scope| {
        for signed in &signed {
            let (handle, record, left) = (writer.handle(), &record, &left);
            scope.spawn(move || {
                let _ending = Ending(left);
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .build()
                    .unwrap();
                for commit in signed {
                    let begun = record.now();
                    let receipt = runtime.block_on(handle.submit(commit.clone())).unwrap();
                    record.wrote(begun, &receipt.commit.to_string(), Some(receipt.index));
                }
            });
        }
        for _ in 0..READERS {
            let (mut ledger, record, left) = (ledger.clone(), &record, &left);
            scope.spawn(move || {
                while left.load(Ordering::SeqCst) > 0 {
                    let begun = record.now();
                    if let Some(next) = ledger.follow().unwrap() {
                        ledger = next;
                    }
                    let root = ledger.tree().root().to_string();
                    record.read(begun, ledger.state().size(), root);
                    // So that those who write get a turn.
                    std::thread::sleep(Duration::from_millis(50));
                }
            });
        }
    });
    writer.close().unwrap();
    let (writes, reads) = record.checked(&lab.lines());
    assert_eq!(writes, WRITERS * commits);
    assert!(reads >= READERS, "{reads}");
    assert_eq!(lab.audit().verdict, Verdict::Holds);
}

// --- one writer ----------------------------------------------------------------------------------

#[test]
fn a_lock_file_that_was_taken_away_lets_nobody_in_and_its_holder_goes_on() {
    let lab = Lab::founded();
    let lock = lab.dir().join("lock");
    for replaced in [false, true] {
        let mut appender = lab.open();
        std::fs::remove_file(&lock).unwrap();
        if replaced {
            std::fs::write(&lock, "pid 1\n").unwrap();
        }
        match lab.try_open().map(|_| ()) {
            Err(LedgerError::Store(StoreError::Locked { holder, .. })) => {
                assert_eq!(holder, "another process, whose lock file was taken away");
            }
            other => panic!("{other:?}"),
        }
        let signed = lab.signed(&appender, "ada", &[claim(&format!("goes-on-{replaced}"))]);
        appender.stage(&signed).unwrap();
        appender.flush().unwrap();
        appender.close().unwrap();
    }
    lab.open().close().unwrap();
    assert_eq!(lab.lines().len(), 3);
    assert_eq!(lab.audit().verdict, Verdict::Holds);
}

#[test]
fn nothing_is_acknowledged_that_went_into_a_file_which_was_replaced() {
    // A folder that was put in place of the one that is open; the file alone; no file at all.
    let replace: [&dyn Fn(&Lab); 3] = [
        &|lab| {
            std::fs::rename(lab.dir(), lab.beside("moved")).unwrap();
            copy(&lab.beside("moved"), &lab.dir());
        },
        &|lab| {
            let (file, other) = (lab.dir().join(EVENTS), lab.beside("other"));
            std::fs::copy(&file, &other).unwrap();
            std::fs::rename(other, file).unwrap();
        },
        &|lab| {
            let (file, other) = (lab.dir().join(EVENTS), lab.beside("other"));
            std::fs::rename(file, other).unwrap();
        },
    ];
    for (number, replace) in replace.into_iter().enumerate() {
        let lab = Lab::founded();
        let mut appender = lab.open();
        let before = std::fs::read(lab.dir().join("checkpoint")).unwrap();
        replace(&lab);
        let signed = lab.signed(&appender, "ada", &[claim("x")]);
        appender.stage(&signed).unwrap();
        let error = appender.flush().unwrap_err();
        let LedgerError::Unknown(cause) = &error else {
            panic!("{number}: {error}");
        };
        let is_replaced = matches!(**cause, LedgerError::Store(StoreError::Replaced { .. }));
        assert!(is_replaced, "{number}: {error}");
        assert!(error.to_string().contains(EVENTS), "{error}");
        let signed = lab.signed(&appender, "ada", &[claim("y")]);
        assert!(matches!(
            appender.stage(&signed),
            Err(LedgerError::Store(StoreError::Poisoned))
        ));
        drop(appender);
        // No head was signed over what is not there.
        assert_eq!(std::fs::read(lab.dir().join("checkpoint")).unwrap(), before);
        if number == 2 {
            std::fs::rename(lab.beside("other"), lab.dir().join(EVENTS)).unwrap();
        }
        let mut appender = lab.open();
        appender
            .stage(&lab.signed(&appender, "ada", &[claim("z")]))
            .unwrap();
        appender.flush().unwrap();
        appender.close().unwrap();
        assert_eq!(lab.audit().verdict, Verdict::Holds);
    }
}

#[test]
fn two_copies_of_a_ledger_with_one_key_do_not_get_two_heads_of_one_size() {
    let lab = Lab::founded();
    copy(&lab.dir(), &lab.beside("copy"));
    let mut first = lab.open();
    let clock = Box::new(lab.clock.clone());
    let signer = lab.signer().unwrap();
    let (mut second, _) =
        grounds::ledger::Appender::open(&lab.beside("copy"), signer, clock, false).unwrap();
    second
        .stage(&lab.signed(&second, "ada", &[claim("x")]))
        .unwrap();
    second.flush().unwrap();
    first
        .stage(&lab.signed(&first, "ada", &[claim("y")]))
        .unwrap();
    let error = first.flush().unwrap_err();
    let LedgerError::Unknown(cause) = &error else {
        panic!("{error}");
    };
    assert!(
        matches!(
            **cause,
            LedgerError::Signer(SignerError::NotAnExtension { .. })
        ),
        "{error}"
    );
}

// --- tiles ---------------------------------------------------------------------------------------

#[test]
fn tiles_that_a_crash_kept_from_being_written_or_emptied_are_there_once_the_ledger_is_opened() {
    let lab = Lab::founded();
    let mut appender = lab.open();
    for number in 0..256 {
        appender
            .stage(&lab.signed(&appender, "ada", &[claim(&format!("c-{number}"))]))
            .unwrap();
    }
    appender.flush().unwrap();
    appender.close().unwrap();
    let tiles = ["tile/0/000", "tile/entries/000"];
    let tiles = tiles.map(|name| lab.dir().join(name));
    let before = tiles.clone().map(|path| std::fs::read(path).unwrap());
    // What a crash leaves between the lines and their tiles; what a power cut may make of a name
    // whose bytes were not synced.
    let leave: [&dyn Fn(&std::path::PathBuf); 2] =
        [&|tile| std::fs::remove_file(tile).unwrap(), &|tile| {
            std::fs::write(tile, "").unwrap()
        }];
    for leave in leave {
        tiles.iter().for_each(leave);
        lab.open().close().unwrap();
        assert!(tiles.clone().map(|path| std::fs::read(path).unwrap()) == before);
        assert_eq!(lab.audit().verdict, Verdict::Holds);
    }
    // What a power cut does not make is damage, and is left for an audit to name.
    std::fs::write(&tiles[0], vec![b'x'; before[0].len()]).unwrap();
    lab.open().close().unwrap();
    assert_eq!(lab.audit().verdict, Verdict::Damaged);
}

#[test]
fn a_tile_is_on_disk_when_it_has_its_name() {
    let lab = Lab::founded();
    let mut appender = lab.open();
    for number in 0..256 {
        appender
            .stage(&lab.signed(&appender, "ada", &[claim(&format!("c-{number}"))]))
            .unwrap();
    }
    appender.flush().unwrap();
    // Only what is replaced without a sync needs a synced copy beside it.
    let names = std::fs::read_dir(lab.dir().join("cache")).unwrap();
    let names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["checkpoint.synced"]);
    assert!(lab.dir().join("tile/0/000").is_file());
}

// --- sealing -------------------------------------------------------------------------------------

#[cfg(feature = "zstd")]
#[test]
fn readers_get_every_line_while_segments_are_begun_and_sealed() {
    use grounds::store::Store as _;
    use grounds::store::segment::{Disk, Options, SegmentReader, SegmentWriter, seal};
    use std::ops::ControlFlow;

    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let options = Options {
        segment_bytes: 2_000,
        reserve_bytes: 600,
    };
    let mut writer = SegmentWriter::create_on(Disk, dir, options).unwrap();
    let text = |index: u64| format!("line {index} {}", "x".repeat(index as usize * 7 % 400));
    let (head, writing) = (AtomicU64::new(0), AtomicU64::new(1));
    let batches = if is_full() { 6_000 } else { 200 };
    let sealed = AtomicU64::new(0);
    std::thread::scope(|scope| {
        let (head, writing, sealed) = (&head, &writing, &sealed);
        scope.spawn(move || {
            let _ending = Ending(writing);
            for batch in 0..batches {
                let from = head.load(Ordering::SeqCst);
                let lines: Vec<String> = (from..from + 1 + batch % 5).map(text).collect();
                let lines: Vec<&[u8]> = lines.iter().map(|line| line.as_bytes()).collect();
                let new = writer.append(from, &lines).unwrap();
                head.store(new, Ordering::SeqCst);
            }
        });
        scope.spawn(move || {
            let mut before = BTreeSet::new();
            loop {
                let is_last = writing.load(Ordering::SeqCst) == 0;
                let names = std::fs::read_dir(dir.join("events")).unwrap();
                let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
                let plain = names.filter_map(|name| name.strip_suffix(".jsonl")?.parse().ok());
                let mut plain: Vec<u64> = plain.collect();
                plain.sort_unstable();
                // The newest stays plain.
                plain.pop();
                for first in plain {
                    seal(dir, first).unwrap();
                    assert!(before.insert(first), "{first} was sealed before");
                    sealed.fetch_add(1, Ordering::SeqCst);
                }
                if is_last {
                    return;
                }
            }
        });
        for number in 0..8u64 {
            scope.spawn(move || {
                let kept = SegmentReader::open(dir).unwrap();
                let mut turn = number;
                while writing.load(Ordering::SeqCst) > 0 {
                    // One who follows, and one who has just come.
                    let fresh;
                    let reader = match number % 2 {
                        0 => &kept,
                        _ => {
                            fresh = SegmentReader::open(dir).unwrap();
                            &fresh
                        }
                    };
                    turn += 1;
                    let to = head.load(Ordering::SeqCst);
                    let from = turn * 7_919 % to.max(1);
                    let mut next = from;
                    let mut visit = |line: Result<grounds::store::Line<'_>, _>| {
                        let line =
                            line.unwrap_or_else(|bad: grounds::store::BadLine| panic!("{bad}"));
                        assert_eq!((line.index, line.bytes), (next, text(next).as_bytes()));
                        next += 1;
                        ControlFlow::Continue(())
                    };
                    reader.read(from, to, &mut visit).unwrap();
                    assert_eq!(next, to.max(from), "lines are missing");
                }
            });
        }
    });
    assert!(sealed.into_inner() > batches / 20);
}

// --- over HTTP -----------------------------------------------------------------------------------

#[cfg(feature = "cli")]
mod http {
    use super::*;

    use std::net::SocketAddr;

    use base64ct::Encoding as _;
    use grounds::claim::State;
    use grounds::envelope::{Anchor, PrivateKey, Signed};
    use grounds::ledger::{Clock as _, SystemClock, prepare};

    use crate::desk::{Desk, ORIGIN};
    use crate::plain_http::{get, post};
    use crate::server_desk::Server;

    const COMMITS: &str = "/api/v1/commits";

    /// Signs claims by Ada, in any order.
    struct Pen {
        key: PrivateKey,
        anchor: (u64, Hash),
        now: grounds::value::Time,
    }

    impl Pen {
        fn of(desk: &Desk) -> Pen {
            let text = std::fs::read_to_string(desk.config().join("author.key")).unwrap();
            let ledger = Ledger::open(&desk.path("ledger"), None).unwrap();
            let head = &ledger.custody().checkpoint;
            Pen {
                key: PrivateKey::from_openssh(&text, None).unwrap(),
                anchor: (head.size, head.root),
                now: SystemClock::new().wall(),
            }
        }

        /// The commit's id and its bytes.
        fn signed(&self, name: &str) -> (String, Vec<u8>) {
            let (size, root) = self.anchor;
            let anchor = Some(Anchor { size, root });
            let (origin, ada) = (ORIGIN.parse().unwrap(), "ada".parse().unwrap());
            let acts = [claim(name)];
            let commit = prepare(&State::new(), &origin, anchor, &ada, self.now, &acts).unwrap();
            let id = commit.id().to_string();
            (id, Signed::seal(commit, &self.key).to_bytes())
        }
    }

    /// Sends one commit until it is answered; none where all is over before.
    fn insist(address: &RwLock<SocketAddr>, commit: &[u8], is_over: &AtomicBool) -> Option<u64> {
        while !is_over.load(Ordering::SeqCst) {
            let asked = *address.read().unwrap();
            match post(asked, COMMITS, commit) {
                Some(answer) if matches!(answer.status, 200 | 201) => {
                    let receipt: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
                    return receipt["index"].as_u64();
                }
                // Busy, or on its way down.
                Some(answer) => assert!(
                    matches!(answer.status, 500 | 503),
                    "{}",
                    String::from_utf8_lossy(&answer.body)
                ),
                None => {}
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        None
    }

    fn look(address: SocketAddr) -> Option<(u64, String)> {
        let answer = get(address, "/checkpoint").filter(|answer| answer.status == 200)?;
        let note = String::from_utf8(answer.body).unwrap();
        let mut lines = note.lines().skip(1);
        let size = lines.next().unwrap().parse().unwrap();
        let root = base64ct::Base64::decode_vec(lines.next().unwrap()).unwrap();
        let root: [u8; 32] = root.try_into().unwrap();
        Some((size, Hash(root).to_string()))
    }

    #[test]
    fn whoever_has_a_receipt_is_shown_its_entry() {
        let desk = Desk::argued();
        let pen = Pen::of(&desk);
        let server = Server::start(&desk, &["--map-every", "0"]);
        for number in 0..30 {
            let (_, commit) = pen.signed(&format!("x-{number}"));
            let receipt = server.post(COMMITS, "application/json", &commit);
            assert_eq!(receipt.status, 201);
            let index = receipt.json()["index"].as_u64().unwrap();
            assert_eq!(server.size(), index + 1, "at once, without asking again");
            let place = receipt.header("location").unwrap().to_owned();
            assert_eq!(server.get(&place).status, 200);
        }
    }

    #[test]
    fn a_process_whose_lock_file_was_taken_away_still_keeps_another_out() {
        let desk = Desk::argued();
        let pen = Pen::of(&desk);
        let server = Server::start(&desk, &[]);
        std::fs::remove_file(desk.path("ledger").join("lock")).unwrap();
        desk.refuse(
            4,
            "claim add|Another claim",
            "whose lock file was taken away",
        );
        let (_, commit) = pen.signed("goes-on");
        let receipt = server.post(COMMITS, "application/json", &commit);
        assert_eq!(receipt.status, 201);
        drop(server);
        // What a killed process left is no obstacle.
        desk.say("claim add|Another claim");
        desk.holds();
    }

    #[test]
    fn what_64_writers_and_64_readers_over_http_are_told_is_linearizable_also_over_kills() {
        let desk = Desk::argued();
        let pen = Pen::of(&desk);
        let words = [
            "--rate",
            "1000000",
            "--burst",
            "1000000",
            "--connections",
            "512",
        ];
        let mut server = Some(Server::start(&desk, &words));
        let address = RwLock::new(server.as_ref().unwrap().address);
        let record = Record::begin();
        let (is_over, answered) = (AtomicBool::new(false), AtomicU64::new(0));
        let left = AtomicU64::new(WRITERS as u64);
        let kills = if is_full() { 60 } else { 3 };
        std::thread::scope(|scope| {
            let (pen, record, address) = (&pen, &record, &address);
            let (is_over, answered, left) = (&is_over, &answered, &left);
            for writer in 0..WRITERS {
                scope.spawn(move || {
                    let _ending = Ending(left);
                    for number in 0.. {
                        let (id, commit) = pen.signed(&format!("w{writer}-{number}"));
                        let begun = record.now();
                        let index = insist(address, &commit, is_over);
                        record.wrote(begun, &id, index);
                        if index.is_none() {
                            return;
                        }
                        answered.fetch_add(1, Ordering::SeqCst);
                    }
                });
            }
            for _ in 0..READERS {
                scope.spawn(move || {
                    while !is_over.load(Ordering::SeqCst) {
                        let begun = record.now();
                        let asked = *address.read().unwrap();
                        if let Some((size, root)) = look(asked) {
                            record.read(begun, size, root);
                        }
                        std::thread::sleep(Duration::from_millis(10));
                    }
                });
            }
            for kill in 0..=kills {
                let enough = answered.load(Ordering::SeqCst) + 60 + 17 * (kill % 8);
                while answered.load(Ordering::SeqCst) < enough && left.load(Ordering::SeqCst) > 0 {
                    std::thread::sleep(Duration::from_millis(1));
                }
                if kill < kills {
                    // In the middle of whatever it does, as kill -9.
                    drop(server.take());
                    let next = Server::start(&desk, &words);
                    *address.write().unwrap() = next.address;
                    server = Some(next);
                }
            }
            is_over.store(true, Ordering::SeqCst);
        });
        server.unwrap().stop();
        let lines = crate::lab::lines(&desk.path("ledger"));
        let (writes, reads) = record.checked(&lines);
        assert!(writes >= 60 * (kills as usize + 1), "{writes}");
        assert!(reads >= READERS, "{reads}");
        desk.holds();
    }
}

//! Following: a ledger that goes on with its log is the ledger that somebody would open now; and a
//! log that takes something back is not followed.

use std::collections::BTreeMap;
use std::path::Path;

use grounds::claim::{State, StreamHead};
use grounds::hash::Hash;
use grounds::ledger::{AsOf, Ledger, LedgerError};
use grounds::tlog::{MapLeaf, map_root};
use grounds::value::{Moment, Subject};
use proptest::prelude::*;

use crate::lab::{EVENTS, Lab, claim, copy, head, note, put_lines, tree_of, vkey};
use crate::reference::build::ORIGIN;

fn open(dir: &Path) -> Ledger {
    Ledger::open(dir, Some(&vkey())).unwrap()
}

/// Two states say the same.
fn say_the_same(one: &State, other: &State) {
    assert_eq!(one.history(), other.history());
    let streams = |state: &State| -> BTreeMap<String, StreamHead> {
        let heads = state.streams();
        heads
            .map(|(subject, head)| (subject.to_string(), *head))
            .collect()
    };
    assert_eq!(streams(one), streams(other));
    assert!(one.claims().eq(other.claims()));
    assert!(one.artifacts().eq(other.artifacts()));
    assert!(one.agents().eq(other.agents()));
    assert!(one.set_aside().eq(other.set_aside()));
    assert!(one.lost().eq(other.lost()));
    assert_eq!(one.constitution(), other.constitution());
    assert_eq!(one.ledger_events(), other.ledger_events());
}

/// The root of the map of all streams, from its definition.
fn root_of_streams(state: &State) -> Hash {
    map_root(state.streams().map(|(subject, head)| {
        let leaf = MapLeaf {
            stream_len: head.seq,
            last_event: head.last.0,
            entry: head.entry,
        };
        (Hash::of(subject.to_string().as_bytes()), leaf)
    }))
}

fn are_the_same(followed: &Ledger, fresh: &Ledger) {
    let (one, other) = (followed.custody(), fresh.custody());
    assert_eq!(one.checkpoint, other.checkpoint);
    assert_eq!(one.note, other.note);
    assert_eq!(
        (&one.damages, &one.withheld, one.tail, one.unchecked),
        (&other.damages, &other.withheld, other.tail, other.unchecked)
    );
    let size = one.checkpoint.size;
    for index in 0..size {
        assert_eq!(followed.tree().leaf(index), fresh.tree().leaf(index));
        assert_eq!(followed.line(index).unwrap(), fresh.line(index).unwrap());
    }
    assert_eq!(followed.tree().root(), fresh.tree().root());
    assert_eq!(
        followed.lines(0, size).unwrap(),
        fresh.lines(0, size).unwrap()
    );
    say_the_same(followed.state(), fresh.state());
    assert_eq!(followed.map().root(), root_of_streams(fresh.state()));
    assert_eq!(fresh.map().root(), root_of_streams(fresh.state()));
}

/// What may be done to a log between two looks at it.
#[derive(Debug, Clone)]
enum Step {
    /// So many commits, each a head of its own, or all under one.
    Record { commits: usize, at_once: bool },
    /// The log records its map.
    Map,
    /// Somebody asks for the map, so that it is kept from then on.
    AskForMap,
    /// The writer ends, and another begins.
    Reopen,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let record =
        (1usize..6, any::<bool>()).prop_map(|(commits, at_once)| Step::Record { commits, at_once });
    let step = prop_oneof![
        4 => record,
        1 => Just(Step::Map),
        1 => Just(Step::AskForMap),
        1 => Just(Step::Reopen),
    ];
    prop::collection::vec(step, 1..8)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn a_ledger_that_is_followed_is_the_one_that_is_opened_now(steps in steps()) {
        let lab = Lab::founded();
        let mut appender = lab.open();
        let mut ledger = open(&lab.dir());
        let first = ledger.clone();
        let mut number = 0;
        for step in steps {
            lab.clock.pass(60);
            match step {
                Step::Record { commits, at_once } => {
                    for _ in 0..commits {
                        let act = match number % 3 {
                            0 => claim(&format!("c{number}")),
                            _ => note("claim/c0", &format!("note {number}")),
                        };
                        number += 1;
                        let signed = lab.signed(&appender, "ada", &[act]);
                        appender.stage(&signed).unwrap();
                        if !at_once {
                            appender.flush().unwrap();
                        }
                    }
                    appender.flush().unwrap();
                }
                Step::Map => drop(appender.record_map().unwrap()),
                Step::AskForMap => drop(ledger.map().root()),
                Step::Reopen => {
                    appender.close().unwrap();
                    appender = lab.open();
                }
            }
            let fresh = open(&lab.dir());
            let is_new = fresh.custody().checkpoint != ledger.custody().checkpoint;
            let next = ledger.follow().unwrap();
            prop_assert_eq!(next.is_some(), is_new);
            ledger = next.unwrap_or(ledger);
            are_the_same(&ledger, &fresh);
        }
        // Whoever reads an earlier one still reads that.
        prop_assert_eq!(first.state().size(), 1);
        are_the_same(&first.follow().unwrap().unwrap_or(first), &ledger);
    }
}

/// A ledger of some twenty entries, and the same as it went on.
fn gone_on() -> (Lab, Ledger) {
    let lab = Lab::argued();
    let ledger = open(&lab.dir());
    for number in 0..5 {
        lab.record("ada", &[note("claim/x", &format!("Later {number}."))]);
    }
    (lab, ledger)
}

fn refused(ledger: &Ledger, said: &str) {
    let size = ledger.state().size();
    let error = ledger.follow().err().expect("it is not followed");
    assert!(
        error.to_string().contains(said),
        "{error}, expected to hear of {said}"
    );
    assert_eq!(ledger.state().size(), size);
    // What stands in the files by now is given out where it is what was followed, and else is damage.
    match ledger.line(size - 1) {
        Ok(_) | Err(LedgerError::Damaged(_)) => {}
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn lines_that_are_cut_or_changed_are_said_and_the_log_is_followed_once_they_are_back() {
    let (lab, ledger) = gone_on();
    let path = lab.dir().join(EVENTS);
    let whole = std::fs::read(&path).unwrap();
    let lines = lab.lines();
    let new = ledger.state().size() as usize;

    std::fs::write(&path, lines[..new + 1].join("\n") + "\n").unwrap();
    refused(&ledger, "no such line");
    std::fs::write(&path, lines[..new].join("\n") + "\n").unwrap();
    refused(&ledger, "no such line");
    let mut bytes = whole.clone();
    let place = bytes.len() - 40;
    bytes[place] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    refused(&ledger, "damaged");
    std::fs::remove_file(&path).unwrap();
    assert!(ledger.follow().is_err());

    std::fs::write(&path, &whole).unwrap();
    let followed = ledger.follow().unwrap().unwrap();
    are_the_same(&followed, &open(&lab.dir()));
}

#[test]
fn a_log_that_goes_back_is_not_followed() {
    let lab = Lab::argued();
    copy(&lab.dir(), &lab.beside("earlier"));
    lab.record("ada", &[note("claim/x", "Later.")]);
    let ledger = open(&lab.dir());
    copy(&lab.beside("earlier"), &lab.dir());
    refused(
        &ledger,
        "a head of 8 entries, expected one that extends the 9",
    );
    std::fs::remove_file(lab.dir().join("checkpoint")).unwrap();
    refused(&ledger, "checkpoint");
}

#[test]
fn another_history_is_not_followed_whoever_signed_it() {
    let (lab, ledger) = gone_on();
    let size = ledger.state().size() as usize;
    let own = lab.lines();
    for length in [size, size + 3] {
        let mut lines = own[..length].to_vec();
        lines[size - 1] = own[size].clone();
        put_lines(&lab.dir(), &lines);
        refused(&ledger, "another history");
    }
    // The same lines, and a head by another key.
    put_lines(&lab.dir(), &own);
    let tree = tree_of(&own);
    let stranger = String::from_utf8(head(&tree)).unwrap();
    let stranger = stranger.replace(ORIGIN, "others.example/log");
    std::fs::write(lab.dir().join("checkpoint"), stranger).unwrap();
    assert!(matches!(ledger.follow(), Err(LedgerError::Checkpoint(_))));
    std::fs::write(lab.dir().join("checkpoint"), head(&tree)).unwrap();
    are_the_same(&ledger.follow().unwrap().unwrap(), &open(&lab.dir()));
}

#[test]
fn what_was_seen_behind_the_head_and_then_cut_does_not_mislead() {
    let lab = Lab::argued();
    // A writer that died: complete lines that no head covers.
    let mut bytes = lab.lines().join("\n") + "\n";
    for number in 0..100 {
        bytes.push_str(&format!("junk {number}\n"));
    }
    std::fs::write(lab.dir().join(EVENTS), bytes).unwrap();
    let ledger = open(&lab.dir());
    assert_eq!(ledger.custody().tail, 100);
    let mut appender = lab.open();
    lab.clock.pass(60);
    for number in 0..60 {
        let signed = lab.signed(&appender, "ada", &[note("claim/x", &format!("{number}"))]);
        appender.stage(&signed).unwrap();
    }
    appender.flush().unwrap();
    are_the_same(&ledger.follow().unwrap().unwrap(), &open(&lab.dir()));
}

#[test]
fn a_past_state_is_the_fold_of_the_entries_up_to_it() {
    let lab = Lab::argued();
    let mut appender = lab.open();
    for number in 0..2_100 {
        let signed = lab.signed(&appender, "ada", &[note("claim/x", &format!("{number}"))]);
        appender.stage(&signed).unwrap();
        if number % 500 == 499 {
            lab.clock.pass(60);
            appender.flush().unwrap();
        }
    }
    appender.flush().unwrap();
    let ledger = open(&lab.dir());
    let history = ledger.state().history();
    // Downwards and upwards: what was kept on the way of one is the beginning of the next.
    for size in [2_103, 1, 2_047, 2_048, 2_049, 2_100, 7] {
        let state = ledger.state_as_of(Some(&AsOf::Entry(size - 1))).unwrap();
        let fold = State::fold(history.iter().take(size as usize));
        assert_eq!(state.size(), size);
        say_the_same(&state, &fold);
    }
}

#[test]
fn a_moment_is_as_many_entries_as_were_recorded_by_then() {
    let (lab, _) = gone_on();
    let ledger = open(&lab.dir());
    let history = ledger.state().history();
    let mut times: Vec<String> = history
        .iter()
        .map(|entry| entry.recorded.to_string())
        .collect();
    times.extend(["2026", "2026-03-02", "1999", "2026-03-02T09:03:30Z"].map(str::to_owned));
    for text in times {
        let moment: Moment = text.parse().unwrap();
        let last = moment.last_instant();
        let by_then = history.iter().filter(|entry| entry.recorded <= last);
        assert_eq!(
            ledger.size_as_of(&AsOf::Moment(moment)).unwrap(),
            by_then.count() as u64,
            "{text}"
        );
    }
}

#[test]
fn the_map_says_of_a_subject_what_its_stream_is() {
    let lab = Lab::argued();
    let ledger = open(&lab.dir());
    let subject: Subject = "claim/x".parse().unwrap();
    let key = Hash::of(b"claim/x");
    let leaf = ledger.map().get(&key).unwrap();
    let head = ledger.state().stream(&subject).unwrap();
    assert_eq!((leaf.stream_len, leaf.entry), (head.seq, head.entry));
    assert_eq!(ledger.map().get(&Hash::of(b"claim/none")), None);
}

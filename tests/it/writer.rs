//! The writer on its thread: a bounded queue, and every answer true after the ledger is opened
//! again.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use grounds::claim::Code;
use grounds::envelope::Entry;
use grounds::ledger::audit::Verdict;
use grounds::ledger::{
    Appender, Clock, LedgerError, NoReceipt, Pace, Published, Receipt, Waiting, Writer,
};
use grounds::value::Time;
use proptest::prelude::*;

use crate::lab::{Hands, Lab, attestation, claim, note};

/// One commit of a run.
#[derive(Debug, Clone, Copy)]
enum Sent {
    /// A claim of this number: the same number is the same commit.
    Claim(u8),
    /// The asserter attests his own claim, which no policy allows.
    Rejected,
    /// No commit at all.
    Junk,
}

fn sent() -> impl Strategy<Value = Sent> {
    prop_oneof![
        6 => (0u8..24).prop_map(Sent::Claim),
        1 => Just(Sent::Rejected),
        1 => Just(Sent::Junk),
    ]
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

/// The line of each commit that the ledger has, by the commit's id.
fn recorded(lab: &Lab) -> BTreeMap<String, String> {
    let lines = lab.lines();
    let by_id: BTreeMap<String, String> = lines
        .iter()
        .map(|line| {
            let entry = Entry::parse(line.as_bytes()).unwrap();
            (entry.signed.commit.id().to_string(), line.clone())
        })
        .collect();
    assert_eq!(by_id.len(), lines.len(), "no commit stands twice");
    by_id
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_acknowledged_is_there_after_reopening_and_what_was_refused_is_not(
        run in prop::collection::vec(sent(), 1..40),
        queue in 1usize..8,
        awaited in 1usize..6,
    ) {
        let lab = Lab::argued();
        let appender = lab.open();
        let before = appender.tree().size();
        let bytes = |sent: Sent| match sent {
            Sent::Claim(number) => lab.signed(&appender, "ada", &[claim(&format!("c{number}"))]),
            Sent::Rejected => lab.signed(&appender, "ada", &[attestation("x", "verifies", "1")]),
            Sent::Junk => b"{}".to_vec(),
        };
        let run: Vec<(Sent, Vec<u8>)> = run.into_iter().map(|sent| (sent, bytes(sent))).collect();
        let writer = Writer::start(appender, Pace { queue, map_every: None });
        let handle = writer.handle();
        let mut yes: BTreeMap<u8, Vec<Receipt>> = BTreeMap::new();
        let mut busy = Vec::new();
        runtime().block_on(async {
            let mut on_their_way: Vec<(Sent, Waiting)> = Vec::new();
            for (place, (sent, commit)) in run.iter().enumerate() {
                match handle.try_submit(commit.clone()) {
                    Ok(waiting) => on_their_way.push((*sent, waiting)),
                    Err(NoReceipt::Busy { queue: found }) => {
                        assert_eq!(found, queue);
                        busy.push(*sent);
                    }
                    Err(other) => panic!("{other}"),
                }
                if place % awaited == 0 {
                    settle(&mut on_their_way, &mut yes).await;
                }
            }
            settle(&mut on_their_way, &mut yes).await;
        });
        writer.close().unwrap();

        let report = lab.audit();
        prop_assert_eq!(report.verdict, Verdict::Holds);
        prop_assert_eq!(report.entries, before + yes.len() as u64);
        let there = recorded(&lab);
        for receipts in yes.values() {
            for receipt in receipts {
                prop_assert_eq!(&there[&receipt.commit.to_string()], &receipt.entry);
            }
            // Of all the times that it was sent, one recorded it.
            let first = receipts.iter().filter(|receipt| !receipt.is_repeated).count();
            prop_assert_eq!(first, 1);
        }
        // Busy records nothing: what is there was acknowledged at another time.
        for sent in busy {
            if let Sent::Claim(number) = sent {
                let is_there = there.values().any(|line| line.contains(&format!("\"claim/c{number}\"")));
                prop_assert_eq!(is_there, yes.contains_key(&number));
            }
        }
    }
}

async fn settle(on_their_way: &mut Vec<(Sent, Waiting)>, yes: &mut BTreeMap<u8, Vec<Receipt>>) {
    for (sent, waiting) in on_their_way.drain(..) {
        match (sent, waiting.answer().await) {
            (Sent::Claim(number), Ok(receipt)) => yes.entry(number).or_default().push(receipt),
            (Sent::Rejected, Err(NoReceipt::Rejected(no))) => assert_eq!(no.code, Code::Role),
            (Sent::Junk, Err(NoReceipt::Rejected(no))) => assert_eq!(no.code, Code::Bytes),
            (sent, other) => panic!("{sent:?}: {other:?}"),
        }
    }
}

#[test]
fn a_full_queue_says_so_at_once_and_takes_more_when_it_has_answered() {
    let lab = Lab::argued();
    let appender = lab.open();
    let commits: Vec<Vec<u8>> = (0..64)
        .map(|n| lab.signed(&appender, "ada", &[claim(&format!("c{n}"))]))
        .collect();
    let late = lab.signed(&appender, "ada", &[claim("late")]);
    let pace = Pace {
        queue: 1,
        map_every: None,
    };
    let writer = Writer::start(appender, pace);
    let handle = writer.handle();
    let sent: Vec<_> = commits.into_iter().map(|c| handle.try_submit(c)).collect();
    assert!(
        sent.iter()
            .any(|sent| matches!(sent, Err(NoReceipt::Busy { queue: 1 }))),
        "a write to disk takes longer than sixty-three questions"
    );
    runtime().block_on(async {
        let mut recorded = 0;
        for waiting in sent.into_iter().flatten() {
            waiting.answer().await.unwrap();
            recorded += 1;
        }
        assert_eq!(handle.waiting(), 0);
        assert_eq!(handle.submit(late).await.unwrap().index, 8 + recorded);
    });
    writer.close().unwrap();
}

#[test]
fn every_head_is_announced_and_a_map_follows_by_itself() {
    let lab = Lab::argued();
    let appender = lab.open();
    let commit = lab.signed(&appender, "ada", &[claim("mapped")]);
    let pace = Pace {
        map_every: Some(Duration::from_millis(5)),
        ..Pace::default()
    };
    let writer = Writer::start(appender, pace);
    let handle = writer.handle();
    runtime().block_on(async {
        let mut heads = handle.published();
        assert_eq!(heads.borrow_and_update().size, 8);
        let receipt = handle.submit(commit).await.unwrap();
        assert_eq!(receipt.index, 8);
        // The head that covers a commit is announced before its receipt is given out.
        assert!(heads.has_changed().unwrap());
        let mapped = *heads.wait_for(|head| head.size == 10).await.unwrap();
        assert_eq!(handle.record_map().await.unwrap(), mapped, "there is one");
    });
    writer.close().unwrap();
    let lines = lab.lines();
    assert_eq!(lines.len(), 10);
    assert!(lines[9].contains("\"type\":\"ledger.mapped\""));
    assert_eq!(lab.audit().verdict, Verdict::Holds);
}

#[test]
fn a_map_that_is_due_is_recorded_before_the_end() {
    let lab = Lab::argued();
    let appender = lab.open();
    let commit = lab.signed(&appender, "ada", &[claim("mapped")]);
    let pace = Pace {
        map_every: Some(Duration::from_secs(3600)),
        ..Pace::default()
    };
    let writer = Writer::start(appender, pace);
    runtime().block_on(writer.submit(commit)).unwrap();
    writer.close().unwrap();
    assert!(lab.lines()[9].contains("\"type\":\"ledger.mapped\""));
}

#[test]
fn a_clock_that_jumped_keeps_a_map_out_and_is_no_end_of_the_writer() {
    let lab = Lab::argued();
    let appender = lab.open();
    let commit = lab.signed(&appender, "ada", &[claim("in-time")]);
    let late = lab.signed(&appender, "ada", &[claim("late")]);
    let pace = Pace {
        map_every: Some(Duration::from_secs(3600)),
        ..Pace::default()
    };
    let writer = Writer::start(appender, pace);
    let handle = writer.handle();
    runtime().block_on(async {
        assert_eq!(handle.submit(commit).await.unwrap().index, 8);
        // Somebody sets the clock two hours ahead, and back.
        lab.clock.set_wall(2 * 3600);
        assert!(matches!(
            handle.record_map().await,
            Err(NoReceipt::Refused(LedgerError::Clock(_)))
        ));
        assert!(matches!(
            handle.submit(late.clone()).await,
            Err(NoReceipt::Refused(LedgerError::Clock(_)))
        ));
        lab.clock.set_wall(-2 * 3600);
        assert_eq!(handle.submit(late).await.unwrap().index, 9);
        assert_eq!(handle.record_map().await.unwrap().size, 11);
    });
    writer.close().unwrap();
    assert_eq!(lab.audit().verdict, Verdict::Holds);
}

#[test]
fn after_the_end_nothing_is_taken_and_everybody_is_told() {
    let lab = Lab::argued();
    let appender = lab.open();
    let commit = lab.signed(&appender, "ada", &[claim("late")]);
    let writer = Writer::start(appender, Pace::default());
    let handle = writer.handle();
    assert!(!handle.is_stopped());
    writer.close().unwrap();
    assert!(handle.is_stopped());
    assert!(matches!(
        handle.try_submit(commit.clone()),
        Err(NoReceipt::Stopped)
    ));
    runtime().block_on(async {
        assert!(matches!(
            handle.submit(commit).await,
            Err(NoReceipt::Stopped)
        ));
        assert!(matches!(handle.record_map().await, Err(NoReceipt::Stopped)));
    });
    assert_eq!(lab.lines().len(), 8);
    lab.open().close().unwrap();
}

#[test]
fn where_the_system_fails_in_the_middle_the_outcome_is_unknown_and_submitting_again_settles_it() {
    let lab = Lab::argued();
    let appender = lab.open();
    let commit = lab.signed(&appender, "ada", &[claim("unsure")]);
    let next = lab.signed(&appender, "ada", &[claim("next")]);
    let head = appender.tree().size();
    let writer = Writer::start(appender, Pace::default());
    let handle = writer.handle();
    // The signer's new state cannot be written: the line is on disk, its head is not signed.
    let obstacle = lab.state().with_extension("state.new");
    std::fs::create_dir(&obstacle).unwrap();
    runtime().block_on(async {
        let Err(NoReceipt::Unknown { why }) = handle.submit(commit.clone()).await else {
            panic!("nobody can know");
        };
        assert!(why.contains("log.state"), "{why}");
        assert!(handle.is_stopped());
        assert!(matches!(
            handle.submit(next.clone()).await,
            Err(NoReceipt::Stopped)
        ));
    });
    assert_eq!(
        handle.published().borrow().size,
        head,
        "no head was announced"
    );
    assert!(writer.close().is_err());
    std::fs::remove_dir(&obstacle).unwrap();

    let writer = Writer::start(lab.open(), Pace::default());
    runtime().block_on(async {
        let first = writer.submit(commit.clone()).await.unwrap();
        let again = writer.submit(commit).await.unwrap();
        assert_eq!((first.index, again.index), (8, 8));
        assert!(again.is_repeated);
        assert_eq!(writer.submit(next).await.unwrap().index, 9);
    });
    let Published { size, .. } = *writer.handle().published().borrow();
    assert_eq!(size, 10);
    writer.close().unwrap();
    assert_eq!(lab.audit().verdict, Verdict::Holds);
}

/// A clock behind a gate. Looked at after the next head is in place, it puts an obstacle in the way
/// of the one after that.
struct Gate {
    hands: Hands,
    shut: Arc<Mutex<()>>,
    is_waiting: Arc<AtomicBool>,
    head: (PathBuf, Vec<u8>),
    obstacle: Option<PathBuf>,
}

impl Clock for Gate {
    fn wall(&self) -> Time {
        self.is_waiting.store(true, Ordering::SeqCst);
        drop(self.shut.lock().unwrap());
        let (path, before) = &self.head;
        let has_next = std::fs::read(path).unwrap() != *before;
        if let Some(obstacle) = self
            .obstacle
            .as_ref()
            .filter(|path| has_next && !path.exists())
        {
            std::fs::create_dir(obstacle).unwrap();
        }
        self.hands.now()
    }

    fn monotonic(&self) -> Duration {
        self.hands.monotonic()
    }
}

/// Two commits of one batch after the same event: the second is refused because of the first. As
/// long as nobody knows whether the first is recorded, nobody is told that it stands in the way.
#[test]
fn a_refusal_that_rests_on_a_commit_beside_it_is_not_told_before_that_is_durable() {
    for fails in [false, true] {
        let lab = Lab::argued();
        lab.clock.pass(60);
        let shut = Arc::new(Mutex::new(()));
        let is_waiting = Arc::new(AtomicBool::new(false));
        let checkpoint = lab.dir().join("checkpoint");
        let clock = Gate {
            hands: lab.clock.clone(),
            shut: Arc::clone(&shut),
            is_waiting: Arc::clone(&is_waiting),
            head: (checkpoint.clone(), std::fs::read(checkpoint).unwrap()),
            obstacle: fails.then(|| lab.state().with_extension("state.new")),
        };
        let signer = lab.signer().unwrap();
        let (appender, _) = Appender::open(&lab.dir(), signer, Box::new(clock), false).unwrap();
        let first = lab.signed(&appender, "ada", &[claim("first")]);
        let rivals = ["one", "other"];
        let rivals = rivals.map(|text| lab.signed(&appender, "ada", &[note("claim/x", text)]));
        let writer = Writer::start(appender, Pace::default());
        is_waiting.store(false, Ordering::SeqCst);
        let guard = shut.lock().unwrap();
        let first = writer.handle().try_submit(first).unwrap();
        while !is_waiting.load(Ordering::SeqCst) {
            std::thread::yield_now();
        }
        // The writer is busy with the first: both rivals go into its next batch.
        let [one, other] = rivals.map(|rival| writer.handle().try_submit(rival).unwrap());
        drop(guard);
        let (one, other) = runtime().block_on(async {
            assert_eq!(first.answer().await.unwrap().index, 8);
            (one.answer().await, other.answer().await)
        });
        if fails {
            assert!(matches!(one, Err(NoReceipt::Unknown { .. })), "{one:?}");
            assert!(matches!(other, Err(NoReceipt::Stopped)), "{other:?}");
            assert!(writer.close().is_err());
            continue;
        }
        assert_eq!(one.unwrap().index, 9);
        assert!(matches!(other, Err(NoReceipt::Rejected(no)) if no.code == Code::Conflict));
        writer.close().unwrap();
    }
}

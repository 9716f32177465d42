//! `kill -9` under load: a writer in a process of its own, or `grounds serve`, with several clients
//! that note every receipt, is killed at a moment drawn by lot, which may lie in its start-up or in
//! its recovery of what the last kill left.

use std::os::unix::process::ExitStatusExt as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::http::{self, Answered};
use super::seen::Seen;
use super::writing::{Ended, Running};
use super::yard::Yard;
use super::{Asked, Dice, Skipped};

/// Kills of one ledger: the audit after each reads all of it.
const KILLS_A_LEDGER: u64 = 12;

/// One kill in so many is of `grounds serve`.
const SERVED: u64 = 5;

const CLIENTS: u64 = 4;

/// Before a kill there are fewer receipts than this; what comes while it strikes is not counted.
const MOST_RECEIPTS: u64 = 12;

/// What came of it, over all lanes.
#[derive(Default)]
struct Tally {
    kills: AtomicU64,
    served: AtomicU64,
    early: AtomicU64,
    acknowledged: AtomicU64,
    unacknowledged: AtomicU64,
    torn: AtomicU64,
}

impl Tally {
    fn count(counter: &AtomicU64, more: u64) {
        counter.fetch_add(more, Ordering::Relaxed);
    }
}

pub(crate) fn run(asked: &Asked) -> Result<String, Skipped> {
    let tally = Tally::default();
    let lanes = std::thread::available_parallelism().map_or(1, |n| n.get().min(4)) as u64;
    std::thread::scope(|scope| {
        for lane in 0..lanes {
            let kills = asked.kills / lanes + u64::from(lane < asked.kills % lanes);
            let tally = &tally;
            scope.spawn(move || {
                let mut dice = Dice(asked.seed + lane);
                let mut left = kills;
                while left > 0 {
                    let these = left.min(KILLS_A_LEDGER);
                    one_ledger(asked, &mut dice, these, tally);
                    left -= these;
                }
            });
        }
    });
    let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    Ok(format!(
        "{} kills, {} of them of grounds serve, {} before the ledger was open; {} receipts, all there; {} commits recorded that nobody was told of; {} torn batches cut",
        of(&tally.kills),
        of(&tally.served),
        of(&tally.early),
        of(&tally.acknowledged),
        of(&tally.unacknowledged),
        of(&tally.torn),
    ))
}

fn one_ledger(asked: &Asked, dice: &mut Dice, kills: u64, tally: &Tally) {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config");
    let yard = Yard::make(&asked.grounds, &folder.path().join("ledger"), &config);
    let mut seen = Seen::of(yard.vkey());
    let mut entries = 0;
    for kill in 0..kills {
        let name = format!("k{kill}");
        let is_served = dice.roll(SERVED) == 0;
        let is_early = match is_served {
            true => serve(asked, &yard, dice, &mut seen, &name),
            false => write(&yard, dice, &mut seen, &name),
        };
        // As it was left, for whoever only reads.
        seen.head(&yard.checkpoint());
        entries = seen.is_in(&yard.dir, "after a kill");
        yard.holds("after a kill");
        Tally::count(&tally.kills, 1);
        Tally::count(&tally.served, u64::from(is_served));
        Tally::count(&tally.early, u64::from(is_early));
    }
    let (mut appender, opened) = yard.open();
    Tally::count(&tally.torn, u64::from(opened.recovered.cut.is_some()));
    assert!(opened.recovered.kept >= entries.min(1));
    let next = yard.pen_at(appender.anchor().unwrap()).signed("last", 100);
    appender.stage(&next).unwrap();
    seen.receipt(&appender.flush().unwrap()[0].json().to_bytes());
    appender.close().unwrap();
    let entries = seen.is_in(&yard.dir, "at the end");
    yard.holds("at the end");
    Tally::count(&tally.acknowledged, seen.acknowledged() as u64);
    Tally::count(&tally.unacknowledged, entries - seen.acknowledged() as u64);
}

/// Whether it was killed before it had the ledger open.
fn write(yard: &Yard, dice: &mut Dice, seen: &mut Seen, name: &str) -> bool {
    let writer = Running::writer(yard, name);
    let mut said = Vec::new();
    if dice.roll(4) == 0 {
        pass(dice, 60_000);
    } else {
        // Some receipts, and then in the middle of whatever comes next.
        for _ in 0..=dice.roll(MOST_RECEIPTS) {
            said.extend(writer.next());
        }
        pass(dice, 15_000);
    }
    said.extend(was_killed(writer.kill()).said);
    for line in said.iter().skip(1) {
        seen.receipt(line);
    }
    said.is_empty()
}

fn serve(asked: &Asked, yard: &Yard, dice: &mut Dice, seen: &mut Seen, name: &str) -> bool {
    let words = ["serve", "--listen", "127.0.0.1:0", "--rate", "1000000"];
    let words = [&words[..], &["--burst", "1000000"]].concat();
    let pen = yard.pen();
    let server = Running::start(yard.command(&asked.grounds, &words));
    if dice.roll(4) == 0 {
        pass(dice, 60_000);
        was_killed(server.kill());
        return true;
    }
    let line = server.next().unwrap_or_default();
    let line = String::from_utf8_lossy(&line).into_owned();
    let Some(address) = line.strip_prefix("listening on http://") else {
        panic!("the server said {line:?}");
    };
    let address = address.parse().unwrap();
    let told = AtomicU64::new(0);
    let client = |client: u64| {
        let mut answers = Vec::new();
        for number in 0.. {
            let commit = pen.signed(&format!("{name}-{client}-{number}"), 100);
            match http::post(address, "/api/v1/commits", &commit) {
                Some(Answered { status: 201, body }) => answers.push(body),
                Some(other) => panic!("{}: {}", other.status, String::from_utf8_lossy(&other.body)),
                None => break,
            }
            // Who was told that it is recorded is shown it.
            let Some(Answered { status: 200, body }) = http::get(address, "/checkpoint") else {
                break;
            };
            answers.push(body);
            told.fetch_add(1, Ordering::Relaxed);
        }
        answers
    };
    let client = &client;
    let answers: Vec<Vec<Vec<u8>>> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|number| scope.spawn(move || client(number)))
            .collect();
        let enough = dice.roll(MOST_RECEIPTS);
        while told.load(Ordering::Relaxed) < enough && !clients.iter().all(|one| one.is_finished())
        {
            std::thread::sleep(Duration::from_millis(1));
        }
        pass(dice, 15_000);
        was_killed(server.kill());
        clients
            .into_iter()
            .map(|client| client.join().unwrap())
            .collect()
    });
    for answers in answers {
        let mut index = 0;
        for answer in answers {
            match answer.starts_with(b"{") {
                true => index = seen.receipt(&answer),
                false => assert!(seen.head(&answer) > index, "a head without @{index}"),
            }
        }
    }
    false
}

fn pass(dice: &mut Dice, most_micros: u64) {
    std::thread::sleep(Duration::from_micros(dice.roll(most_micros)));
}

/// It had not ended by itself before.
fn was_killed(ended: Ended) -> Ended {
    assert_eq!(ended.status.signal(), Some(9), "{}", ended.complained);
    ended
}

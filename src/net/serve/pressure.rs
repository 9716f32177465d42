//! Pressure: whether more is asked than this machine can answer, told by how late a task that could
//! go on does go on.
//!
//! What waits to be run waits in a queue that no limit of ours bounds: every connection with a
//! request has its place in it. When it is long, all answers are late. So a share of the questions
//! is refused at once, which costs a fraction of an answer: more while it stays long, less as soon
//! as it is short again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;

use super::super::answer::Problem;

/// How often it is felt.
const EVERY: Duration = Duration::from_millis(5);

/// A task that gets its turn later than this waited in a long queue.
const LATE: Duration = Duration::from_millis(10);

/// The whole, in ppm.
const ALL: u64 = 1_000_000;

/// The largest share that is refused, in ppm: some are answered always, to feel whether it goes again.
const MOST: u64 = 950_000;

/// By how much the share grows when it is late, for each [`LATE`]; in ppm.
const MORE: u64 = 40_000;

/// More than this many times is not told apart.
const MOST_TIMES: u32 = 4;

/// By how much it shrinks when it is not: far slower than it grows, or the queue would be long again
/// and again for as long as too much is asked.
const LESS: u64 = 4_000;

/// With fewer connections than this the queue cannot be long: each has one place in it at most.
const FEW: usize = 128;

/// The share of the questions that is refused.
#[derive(Debug, Default)]
pub(super) struct Pressure {
    /// Connections that are open.
    open: AtomicUsize,
    /// In ppm.
    share: AtomicU64,
    /// Shares added up: at each whole one, one is refused.
    sum: AtomicU64,
}

impl Pressure {
    /// So many connections are open.
    pub(super) fn connections(&self, open: usize) {
        self.open.store(open, Ordering::Relaxed);
    }

    fn felt(&self, late: Duration) {
        let share = self.share.load(Ordering::Relaxed);
        let times = match self.open.load(Ordering::Relaxed) {
            0..FEW => 0,
            _ => late.as_micros() / LATE.as_micros(),
        };
        let share = match u64::try_from(times).unwrap_or(u64::MAX) {
            0 => share.saturating_sub(LESS),
            times => MOST.min(share + MORE * times.min(MOST_TIMES.into())),
        };
        self.share.store(share, Ordering::Relaxed);
    }

    /// Whether the next question is to be answered.
    pub(super) fn admits(&self) -> bool {
        let share = self.share.load(Ordering::Relaxed);
        let before = self.sum.fetch_add(share, Ordering::Relaxed);
        before % ALL + share < ALL
    }
}

/// Feels how late it is, on a thread of its own, until the pressure is let go. Within a runtime.
///
/// What is woken from outside the runtime stands at the end of the queue that all its threads share,
/// where also those stand for whom their own queues have no place: so its turn is the latest.
pub(super) fn feel(pressure: &Arc<Pressure>) {
    let (pressure, runtime) = (Arc::downgrade(pressure), Handle::current());
    std::thread::spawn(move || {
        while let Some(pressure) = pressure.upgrade() {
            let (turn, taken) = channel();
            let begun = Instant::now();
            runtime.spawn(async move { turn.send(()) });
            // Whether its turn has come or not, so late it is.
            let _ = taken.recv_timeout(LATE * MOST_TIMES);
            pressure.felt(begun.elapsed());
            drop(pressure);
            std::thread::sleep(EVERY);
        }
    });
}

/// What somebody hears who is refused.
pub(super) fn refusal() -> Problem {
    Problem::busy("more is asked of this server than it can answer in time")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn asked_by_many() -> Pressure {
        let pressure = Pressure::default();
        pressure.connections(FEW);
        pressure
    }

    fn admitted(pressure: &Pressure, of: usize) -> usize {
        (0..of).filter(|_| pressure.admits()).count()
    }

    #[test]
    fn nobody_is_refused_where_nothing_is_late_or_few_ask() {
        let pressure = asked_by_many();
        pressure.felt(LATE / 2);
        assert_eq!(admitted(&pressure, 1000), 1000);
        pressure.connections(FEW - 1);
        pressure.felt(LATE * 100);
        assert_eq!(admitted(&pressure, 1000), 1000);
    }

    #[test]
    fn the_share_grows_while_it_is_late_and_some_are_always_answered() {
        let pressure = asked_by_many();
        pressure.felt(LATE);
        assert_eq!(admitted(&pressure, 1000), 960);
        for _ in 0..100 {
            pressure.felt(LATE * 100);
        }
        assert_eq!(admitted(&pressure, 1000), 50);
        for _ in 0..MOST.div_ceil(LESS) {
            pressure.felt(Duration::ZERO);
        }
        assert_eq!(admitted(&pressure, 1000), 1000);
    }

    proptest! {
        #[test]
        fn of_many_the_share_is_refused(lates in proptest::collection::vec(0_u64..100, 0..40)) {
            let pressure = asked_by_many();
            lates.iter().for_each(|late| pressure.felt(Duration::from_millis(*late)));
            let share = usize::try_from(pressure.share.load(Ordering::Relaxed)).unwrap_or(0);
            let refused = 10_000 - admitted(&pressure, 10_000);
            prop_assert!(refused.abs_diff(share / 100) <= 1, "{refused} of 10000 at {share} ppm");
        }
    }
}

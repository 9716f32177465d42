//! The log's clock: the machine's, as far as it is to be believed.

use std::fmt;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::value::Time;

/// How far before the last entry a clock may be when a ledger is opened: ten minutes.
const BACKWARDS: i64 = 10 * 60 * 1_000_000;

/// How much the wall clock may gain on the monotonic one while a writer is open: an hour.
const GAIN: i64 = 3600 * 1_000_000;

/// Where a writer takes the time from.
pub trait Clock: Send {
    /// The time of day, UTC.
    fn wall(&self) -> Time;

    /// Time since some fixed moment, which no administrator sets.
    fn monotonic(&self) -> Duration;
}

/// The machine's clocks.
#[derive(Debug)]
pub struct SystemClock {
    started: Instant,
}

impl SystemClock {
    /// The machine's clocks, from now on.
    #[must_use]
    pub fn new() -> SystemClock {
        SystemClock {
            started: Instant::now(),
        }
    }
}

impl Default for SystemClock {
    fn default() -> SystemClock {
        SystemClock::new()
    }
}

impl Clock for SystemClock {
    fn wall(&self) -> Time {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        i64::try_from(since.as_micros())
            .ok()
            .and_then(Time::from_micros)
            .unwrap_or(Time::EPOCH)
    }

    fn monotonic(&self) -> Duration {
        self.started.elapsed()
    }
}

/// A clock that would falsify the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockError {
    /// It is more than ten minutes before the last entry.
    Behind {
        /// What it says.
        now: Time,
        /// The last entry's recorded time.
        last: Time,
    },
    /// It jumped ahead while the writer was open.
    Jumped {
        /// What it says.
        now: Time,
        /// What it would say by the monotonic clock.
        expected: Time,
    },
}

impl fmt::Display for ClockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ClockError::Behind { now, last } => write!(
                f,
                "the clock says {}, expected a time at most 10 minutes before the last entry's {}",
                now.seconds_text(),
                last.seconds_text()
            ),
            ClockError::Jumped { now, expected } => write!(
                f,
                "the clock jumped to {}, expected about {}",
                now.seconds_text(),
                expected.seconds_text()
            ),
        }
    }
}

impl std::error::Error for ClockError {}

/// A clock, watched.
pub(super) struct Watched {
    clock: Box<dyn Clock>,
    opened: (Time, Duration),
}

impl Watched {
    /// # Errors
    /// When it is far behind the last entry and that was not said to be right.
    pub(super) fn open(
        clock: Box<dyn Clock>,
        last: Option<Time>,
        is_known_behind: bool,
    ) -> Result<Watched, ClockError> {
        let now = clock.wall();
        if let Some(last) = last
            && now.micros() < last.micros() - BACKWARDS
            && !is_known_behind
        {
            return Err(ClockError::Behind { now, last });
        }
        let opened = (now, clock.monotonic());
        Ok(Watched { clock, opened })
    }

    /// The same clock, held against the last entry now that it is known.
    ///
    /// # Errors
    /// As [`Watched::open`].
    pub(super) fn reopened(
        self,
        last: Option<Time>,
        is_known_behind: bool,
    ) -> Result<Watched, ClockError> {
        Watched::open(self.clock, last, is_known_behind)
    }

    /// The time of the next batch: the clock's, and at least a microsecond after the last.
    ///
    /// # Errors
    /// When the wall clock gained over an hour on the monotonic one.
    pub(super) fn next(&self, last: Option<Time>) -> Result<Time, ClockError> {
        let now = self.clock.wall();
        let passed = self.clock.monotonic().saturating_sub(self.opened.1);
        let passed = i64::try_from(passed.as_micros()).unwrap_or(i64::MAX);
        let expected = self.opened.0.plus_micros(passed);
        if now.micros() > expected.micros().saturating_add(GAIN) {
            return Err(ClockError::Jumped { now, expected });
        }
        Ok(last.map_or(now, |last| now.max(last.plus_micros(1))))
    }

    /// What the clock says.
    pub(super) fn now(&self) -> Time {
        self.clock.wall()
    }
}

//! A writer on a thread of its own: callers wait asynchronously, the core does not.
//!
//! While one batch is being synced, the next collects. What comes besides commits (a map, lines of
//! witnesses) takes its turn between batches, on the same thread, so that there is one order of all
//! that happens to the folder.

use std::fmt;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError, oneshot, watch};

use crate::claim::Rejection;
use crate::hash::Hash;
use crate::tlog::{SignatureLine, TlogPolicy};

use super::append::{Appender, Staged};
use super::cosigned::Added;
use super::receipt::Receipt;
use super::refusal::LedgerError;

/// At most so many commits go into one batch.
const MAX_BATCH: usize = 1000;

/// The checkpoint is synced at least this often.
const SYNC_EVERY: Duration = Duration::from_secs(1);

/// How a writer works.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// How many commits may wait or be on their way to the disk; at least 1. With the largest
    /// commits, 1,024 are some 60 MB.
    pub queue: usize,
    /// How long after the first commit that no map covers a map is recorded: so two are that far
    /// apart at least. None where nobody but [`WriterHandle::record_map`] asks for one.
    pub map_every: Option<Duration>,
}

impl Default for Pace {
    /// 1,024 commits, and no map by itself.
    fn default() -> Pace {
        Pace {
            queue: 1024,
            map_every: None,
        }
    }
}

/// A head that is published: signed, and in the folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Published {
    /// Entries under it.
    pub size: u64,
    /// Their root.
    pub root: Hash,
}

/// Why there is no receipt.
#[derive(Debug)]
pub enum NoReceipt {
    /// Refused (bytes) or rejected (rules). Nothing was recorded.
    Rejected(Box<Rejection>),
    /// The ledger takes nothing now: its clock is not to be believed, a line cannot be read.
    /// Nothing was recorded.
    Refused(LedgerError),
    /// As many commits wait as may. Nothing was recorded.
    Busy {
        /// How many that is.
        queue: usize,
    },
    /// The writer ended, or is ending. Nothing was recorded.
    Stopped,
    /// The system failed in the middle: the commit may or may not be recorded. The same commit
    /// submitted to a ledger that was opened again settles it.
    Unknown {
        /// What failed.
        why: String,
    },
}

impl fmt::Display for NoReceipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoReceipt::Rejected(rejection) => rejection.fmt(f),
            NoReceipt::Refused(error) => error.fmt(f),
            NoReceipt::Busy { queue } => write!(
                f,
                "found {queue} commits waiting to be written, expected fewer: nothing was recorded"
            ),
            NoReceipt::Stopped => {
                f.write_str("the writer of this ledger has ended: nothing was recorded")
            }
            NoReceipt::Unknown { why } => write!(
                f,
                "whether it was recorded is unknown ({why}): submit the same commit again"
            ),
        }
    }
}

impl std::error::Error for NoReceipt {}

impl From<LedgerError> for NoReceipt {
    fn from(error: LedgerError) -> NoReceipt {
        match error {
            LedgerError::Rejected(rejection) => NoReceipt::Rejected(rejection),
            other => NoReceipt::Refused(other),
        }
    }
}

impl NoReceipt {
    /// What whoever waited for an answer that never came is told.
    #[must_use]
    pub fn unanswered() -> NoReceipt {
        NoReceipt::Unknown {
            why: "the writer ended before it answered".to_owned(),
        }
    }
}

/// The answer to a submitted commit.
pub type Answered = Result<Receipt, NoReceipt>;

/// What is asked of the thread.
enum Order {
    Commit(Submission),
    Map(oneshot::Sender<Result<Published, NoReceipt>>),
    Cosigned(Box<Cosigned>),
    End,
}

struct Submission {
    commit: Vec<u8>,
    answer: oneshot::Sender<Answered>,
    /// Its place in the queue, given back once it is answered.
    _place: OwnedSemaphorePermit,
}

struct Cosigned {
    note: Vec<u8>,
    policy: TlogPolicy,
    lines: Vec<SignatureLine>,
    answer: oneshot::Sender<Result<Added, NoReceipt>>,
}

/// Takes signed commits from any number of callers and makes them durable in groups.
pub struct Writer {
    handle: WriterHandle,
    thread: Option<JoinHandle<Result<(), LedgerError>>>,
}

/// What callers have of a [`Writer`]; clones are the same writer.
#[derive(Clone)]
pub struct WriterHandle {
    orders: Sender<Order>,
    places: Arc<Semaphore>,
    queue: usize,
    published: watch::Receiver<Published>,
}

/// A commit that was taken: what became of it.
pub struct Waiting {
    answered: oneshot::Receiver<Answered>,
}

impl Waiting {
    /// Waits until the commit is durable under a signed head, or is not recorded. Whoever does not
    /// wait changes nothing about it.
    ///
    /// # Errors
    /// [`NoReceipt`], all but `Busy`.
    pub async fn answer(self) -> Answered {
        self.answered
            .await
            .unwrap_or_else(|_| Err(NoReceipt::unanswered()))
    }
}

impl Writer {
    /// Starts the thread.
    #[must_use]
    pub fn start(appender: Appender, pace: Pace) -> Writer {
        let (orders, received) = channel();
        let (publish, published) = watch::channel(head_of(&appender));
        let queue = pace.queue.clamp(1, Semaphore::MAX_PERMITS);
        let places = Arc::new(Semaphore::new(queue));
        let mut work = Work {
            appender,
            orders: received,
            publish,
            places: Arc::clone(&places),
            synced: Instant::now(),
            is_dirty: false,
            map_every: pace.map_every,
            map_due: None,
        };
        if work.appender.unmapped() > 0 {
            work.plan_map();
        }
        let thread = std::thread::spawn(move || {
            let ended = work.go_on();
            work.turn_away();
            ended.and_then(|()| work.appender.close())
        });
        Writer {
            handle: WriterHandle {
                orders,
                places,
                queue,
                published,
            },
            thread: Some(thread),
        }
    }

    /// What callers submit with.
    #[must_use]
    pub fn handle(&self) -> WriterHandle {
        self.handle.clone()
    }

    /// [`WriterHandle::submit`].
    ///
    /// # Errors
    /// [`NoReceipt`].
    pub async fn submit(&self, commit: Vec<u8>) -> Answered {
        self.handle.submit(commit).await
    }

    /// Finishes what was submitted, publishes, and lets the lock go. Whoever submits from now on is
    /// told that it ended.
    ///
    /// # Errors
    /// What stopped the thread, if anything did.
    pub fn close(mut self) -> Result<(), LedgerError> {
        self.end()
    }

    fn end(&mut self) -> Result<(), LedgerError> {
        self.handle.places.close();
        // A thread that ended already hears nothing.
        let _ = self.handle.orders.send(Order::End);
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(ended)) => ended,
            Some(Err(_)) => Err(LedgerError::Store(crate::store::StoreError::Poisoned)),
            None => Ok(()),
        }
    }
}

impl Drop for Writer {
    /// Finishes what was submitted; whoever wants to know how it went calls [`Writer::close`].
    fn drop(&mut self) {
        let _ = self.end();
    }
}

impl WriterHandle {
    /// Submits a signed commit, waiting for a place in the queue, and then until it is durable
    /// under a signed head.
    ///
    /// # Errors
    /// [`NoReceipt`], all but `Busy`.
    pub async fn submit(&self, commit: Vec<u8>) -> Answered {
        let place = Arc::clone(&self.places).acquire_owned().await;
        let place = place.map_err(|_| NoReceipt::Stopped)?;
        self.send(commit, place)?.answer().await
    }

    /// Submits a signed commit if there is a place in the queue now. It is on its way on return,
    /// whether or not anybody waits for its answer.
    ///
    /// # Errors
    /// [`NoReceipt::Busy`] and [`NoReceipt::Stopped`]: nothing was recorded, and nothing will be.
    pub fn try_submit(&self, commit: Vec<u8>) -> Result<Waiting, NoReceipt> {
        let place = Arc::clone(&self.places)
            .try_acquire_owned()
            .map_err(|error| match error {
                TryAcquireError::NoPermits => NoReceipt::Busy { queue: self.queue },
                TryAcquireError::Closed => NoReceipt::Stopped,
            })?;
        self.send(commit, place)
    }

    fn send(&self, commit: Vec<u8>, place: OwnedSemaphorePermit) -> Result<Waiting, NoReceipt> {
        let (answer, answered) = oneshot::channel();
        let order = Order::Commit(Submission {
            commit,
            answer,
            _place: place,
        });
        match self.orders.send(order) {
            Ok(()) => Ok(Waiting { answered }),
            Err(_) => Err(NoReceipt::Stopped),
        }
    }

    /// Records the map of all streams, unless the newest entry is one. It waits its turn, not for a
    /// place in the queue. The head on return covers the map.
    ///
    /// # Errors
    /// [`NoReceipt`], all but `Busy`.
    pub async fn record_map(&self) -> Result<Published, NoReceipt> {
        let (answer, answered) = oneshot::channel();
        self.ask(Order::Map(answer), answered).await
    }

    /// Takes in lines that witnesses gave for `note`, a head of this ledger, as
    /// [`Appender::add_cosignatures_of`] does.
    ///
    /// # Errors
    /// [`NoReceipt`], all but `Busy`; `Refused` where the note is none of this ledger's.
    pub async fn add_cosignatures(
        &self,
        note: Vec<u8>,
        policy: TlogPolicy,
        lines: Vec<SignatureLine>,
    ) -> Result<Added, NoReceipt> {
        let (answer, answered) = oneshot::channel();
        let cosigned = Cosigned {
            note,
            policy,
            lines,
            answer,
        };
        self.ask(Order::Cosigned(Box::new(cosigned)), answered)
            .await
    }

    async fn ask<T>(
        &self,
        order: Order,
        answered: oneshot::Receiver<Result<T, NoReceipt>>,
    ) -> Result<T, NoReceipt> {
        self.orders.send(order).map_err(|_| NoReceipt::Stopped)?;
        answered
            .await
            .unwrap_or_else(|_| Err(NoReceipt::unanswered()))
    }

    /// The head that was published last; changes with every one, and when a head gets cosignatures.
    #[must_use]
    pub fn published(&self) -> watch::Receiver<Published> {
        self.published.clone()
    }

    /// How many commits wait or are on their way to the disk.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.queue.saturating_sub(self.places.available_permits())
    }

    /// How many may.
    #[must_use]
    pub fn queue(&self) -> usize {
        self.queue
    }

    /// Whether nothing is taken any more: it was closed, or the system failed.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.places.is_closed()
    }
}

fn head_of(appender: &Appender) -> Published {
    Published {
        size: appender.tree().size(),
        root: appender.tree().root(),
    }
}

/// The thread's side.
struct Work {
    appender: Appender,
    orders: Receiver<Order>,
    publish: watch::Sender<Published>,
    places: Arc<Semaphore>,
    synced: Instant,
    is_dirty: bool,
    map_every: Option<Duration>,
    /// When the next map is due, where there is something that no map covers.
    map_due: Option<Instant>,
}

impl Work {
    /// Until it is told to end.
    fn go_on(&mut self) -> Result<(), LedgerError> {
        loop {
            match self.orders.recv_timeout(self.patience()) {
                Ok(Order::End) | Err(RecvTimeoutError::Disconnected) => break,
                Ok(order) => {
                    if self.take(order)? {
                        break;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
            self.keep_up()?;
        }
        match self.map_due {
            Some(_) => not_now(self.record_map()),
            None => Ok(()),
        }
    }

    /// How long until something is due.
    fn patience(&self) -> Duration {
        let now = Instant::now();
        let sync = self.is_dirty.then_some(self.synced + SYNC_EVERY);
        let next = [sync, self.map_due].into_iter().flatten().min();
        next.map_or(SYNC_EVERY, |due| due.saturating_duration_since(now))
    }

    /// Does what was ordered, with the commits that wait behind it; whether that was the end.
    fn take(&mut self, order: Order) -> Result<bool, LedgerError> {
        let mut next = Some(order);
        while let Some(order) = next.take() {
            match order {
                Order::End => return Ok(true),
                Order::Map(answer) => self.map(answer)?,
                Order::Cosigned(cosigned) => self.cosign(*cosigned)?,
                Order::Commit(first) => {
                    let mut batch = vec![first];
                    while batch.len() < MAX_BATCH {
                        match self.orders.try_recv() {
                            Ok(Order::Commit(submission)) => batch.push(submission),
                            Ok(other) => {
                                next = Some(other);
                                break;
                            }
                            Err(_) => break,
                        }
                    }
                    self.commit(batch)?;
                }
            }
        }
        Ok(false)
    }

    /// Nobody is answered before the batch is durable: a refusal may rest on what is staged beside
    /// it, and tells of it.
    fn commit(&mut self, batch: Vec<Submission>) -> Result<(), LedgerError> {
        let mut new = Vec::new();
        let mut known = Vec::new();
        let mut refused = Vec::new();
        for submission in batch {
            match self.appender.stage(&submission.commit) {
                Ok(Staged::New(_)) => new.push(submission),
                Ok(Staged::Known(index)) => known.push((index, submission)),
                Err(error) => refused.push((error, submission)),
            }
        }
        let receipts = match self.appender.flush() {
            Ok(receipts) => receipts,
            Err(error) => {
                let known = known.into_iter().map(|(_, submission)| submission);
                self.fail(new.into_iter().chain(known), &error);
                let refused = refused.into_iter().map(|(_, submission)| submission);
                refused.for_each(|submission| submission.tell(Err(NoReceipt::Stopped)));
                return Err(error);
            }
        };
        if !receipts.is_empty() {
            self.is_published();
            self.plan_map();
        }
        for (submission, receipt) in new.into_iter().zip(receipts) {
            submission.tell(Ok(receipt));
        }
        for (index, submission) in known {
            submission.tell(self.appender.receipt_of(index).map_err(NoReceipt::from));
        }
        for (error, submission) in refused {
            submission.tell(Err(error.into()));
        }
        Ok(())
    }

    /// Nobody is told yes, and nobody is told no.
    fn fail(&self, batch: impl Iterator<Item = Submission>, error: &LedgerError) {
        // Whoever is told must not find a place again.
        self.places.close();
        let why = cause(error);
        for submission in batch {
            submission.tell(Err(NoReceipt::Unknown { why: why.clone() }));
        }
    }

    fn map(
        &mut self,
        answer: oneshot::Sender<Result<Published, NoReceipt>>,
    ) -> Result<(), LedgerError> {
        match self.record_map() {
            Ok(()) => drop(answer.send(Ok(head_of(&self.appender)))),
            Err(error) if records_nothing(&error) => drop(answer.send(Err(error.into()))),
            Err(error) => {
                self.places.close();
                let why = cause(&error);
                drop(answer.send(Err(NoReceipt::Unknown { why })));
                return Err(error);
            }
        }
        Ok(())
    }

    /// Records a map, unless the newest entry is one.
    fn record_map(&mut self) -> Result<(), LedgerError> {
        self.map_due = None;
        if self.appender.unmapped() > 0 {
            self.appender.record_map()?;
            self.is_published();
        }
        Ok(())
    }

    /// A map is due some time after the first commit that none covers.
    fn plan_map(&mut self) {
        let due = self.map_every.map(|every| Instant::now() + every);
        self.map_due = self.map_due.or(due);
    }

    fn cosign(&mut self, cosigned: Cosigned) -> Result<(), LedgerError> {
        let Cosigned {
            note,
            policy,
            lines,
            answer,
        } = cosigned;
        let added = self.appender.add_cosignatures_of(&note, &policy, lines);
        let is_fatal = self.appender.is_stopped();
        let told = added.as_ref().map_or_else(
            |error| {
                Err(NoReceipt::Unknown {
                    why: error.to_string(),
                })
            },
            |added| Ok(added.clone()),
        );
        drop(answer.send(told));
        match added {
            Err(error) if is_fatal => {
                self.places.close();
                Err(error)
            }
            Err(_) => Ok(()),
            Ok(_) => {
                self.is_published();
                Ok(())
            }
        }
    }

    fn is_published(&mut self) {
        self.is_dirty = true;
        self.publish.send_replace(head_of(&self.appender));
    }

    /// What is due.
    fn keep_up(&mut self) -> Result<(), LedgerError> {
        if self.map_due.is_some_and(|due| due <= Instant::now()) {
            not_now(self.record_map())?;
        }
        if self.is_dirty && self.synced.elapsed() >= SYNC_EVERY {
            self.appender.sync_named()?;
            (self.synced, self.is_dirty) = (Instant::now(), false);
        }
        Ok(())
    }

    /// Nothing that came too late is left without an answer.
    fn turn_away(&self) {
        self.places.close();
        for order in self.orders.try_iter() {
            match order {
                Order::Commit(submission) => submission.tell(Err(NoReceipt::Stopped)),
                Order::Map(answer) => drop(answer.send(Err(NoReceipt::Stopped))),
                Order::Cosigned(cosigned) => {
                    drop(cosigned.answer.send(Err(NoReceipt::Stopped)));
                }
                Order::End => {}
            }
        }
    }
}

/// What failed, where that is why the outcome is unknown.
fn cause(error: &LedgerError) -> String {
    match error {
        LedgerError::Unknown(why) => why.to_string(),
        other => other.to_string(),
    }
}

/// Whether it was refused before anything was written: no clock that is not to be believed dates a
/// map.
fn records_nothing(error: &LedgerError) -> bool {
    matches!(error, LedgerError::Rejected(_) | LedgerError::Clock(_))
}

/// Nobody asked for it: it may as well not be.
fn not_now(recorded: Result<(), LedgerError>) -> Result<(), LedgerError> {
    match recorded {
        Err(error) if records_nothing(&error) => Ok(()),
        other => other,
    }
}

impl Submission {
    /// Gives its place back, and then the answer: who hears it may submit again.
    fn tell(self, answered: Answered) {
        let Submission {
            answer,
            _place: place,
            ..
        } = self;
        drop(place);
        // Whoever no longer waits needs no answer.
        drop(answer.send(answered));
    }
}

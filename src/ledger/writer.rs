//! A writer on a thread of its own: callers wait asynchronously, the core does not.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::append::{Appender, Staged};
use super::receipt::Receipt;
use super::refusal::LedgerError;

/// At most so many commits go into one batch.
const MAX_BATCH: usize = 1000;

/// The checkpoint is synced at least this often.
const SYNC_EVERY: Duration = Duration::from_secs(1);

type Answer = Result<Receipt, LedgerError>;

struct Submission {
    commit: Vec<u8>,
    answer: oneshot::Sender<Answer>,
}

/// Takes signed commits from any number of callers and makes them durable in groups: while one
/// batch is being synced, the next collects.
pub struct Writer {
    submissions: Option<Sender<Submission>>,
    thread: Option<JoinHandle<Result<(), LedgerError>>>,
}

impl Writer {
    /// Starts the thread.
    #[must_use]
    pub fn start(appender: Appender) -> Writer {
        let (submissions, received) = channel();
        let thread = std::thread::spawn(move || write(appender, &received));
        Writer {
            submissions: Some(submissions),
            thread: Some(thread),
        }
    }

    /// Submits a signed commit and waits until it is durable under a signed head.
    ///
    /// # Errors
    /// The rule that it breaks; or, when the system failed, that the outcome is unknown: the same
    /// commit submitted to a reopened ledger settles it.
    pub async fn submit(&self, commit: Vec<u8>) -> Answer {
        let (answer, answered) = oneshot::channel();
        let sent = self
            .submissions
            .as_ref()
            .map(|to| to.send(Submission { commit, answer }));
        match sent {
            Some(Ok(())) => answered.await.unwrap_or_else(|_| Err(stopped())),
            _ => Err(stopped()),
        }
    }

    /// Finishes what was submitted, publishes, and lets the lock go.
    ///
    /// # Errors
    /// What stopped the thread, if anything did.
    pub fn close(mut self) -> Result<(), LedgerError> {
        self.submissions.take();
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(ended)) => ended,
            _ => Err(stopped()),
        }
    }
}

impl Drop for Writer {
    /// Finishes what was submitted; whoever wants to know how it went calls [`Writer::close`].
    fn drop(&mut self) {
        self.submissions.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn stopped() -> LedgerError {
    LedgerError::Store(crate::store::StoreError::Poisoned)
}

fn write(mut appender: Appender, received: &Receiver<Submission>) -> Result<(), LedgerError> {
    let mut synced = Instant::now();
    let mut is_dirty = false;
    loop {
        let wait = if is_dirty {
            SYNC_EVERY.saturating_sub(synced.elapsed())
        } else {
            SYNC_EVERY
        };
        match received.recv_timeout(wait) {
            Ok(first) => {
                let batch: Vec<Submission> = std::iter::once(first)
                    .chain(received.try_iter().take(MAX_BATCH - 1))
                    .collect();
                commit(&mut appender, batch)?;
                is_dirty = true;
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return appender.close(),
        }
        if is_dirty && synced.elapsed() >= SYNC_EVERY {
            appender.sync_named()?;
            (synced, is_dirty) = (Instant::now(), false);
        }
    }
}

fn commit(appender: &mut Appender, batch: Vec<Submission>) -> Result<(), LedgerError> {
    let mut new = Vec::new();
    let mut known = Vec::new();
    for submission in batch {
        match appender.stage(&submission.commit) {
            Ok(Staged::New(_)) => new.push(submission.answer),
            Ok(Staged::Known(index)) => known.push((index, submission.answer)),
            // Whoever no longer waits needs no answer.
            Err(error) => drop(submission.answer.send(Err(error))),
        }
    }
    // On failure the senders are dropped, and every caller learns that the outcome is unknown.
    let receipts = appender.flush()?;
    for (answer, receipt) in new.into_iter().zip(receipts) {
        drop(answer.send(Ok(receipt)));
    }
    for (index, answer) in known {
        drop(answer.send(appender.receipt_of(index)));
    }
    Ok(())
}

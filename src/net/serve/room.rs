//! Room: how many answers are worked out at a time, and how many may wait for that.
//!
//! Beyond that an asker is told so at once, which costs nothing: a server that takes in more than it
//! can do answers nobody in time.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::super::answer::Problem;
use super::{ServeLimits, Served};

/// How long an answer waits at most.
const PATIENCE: Duration = Duration::from_secs(5);

/// Places to work, and places to wait.
pub(super) struct Room {
    work: Arc<Semaphore>,
    wait: Semaphore,
}

impl Room {
    pub(super) fn of(limits: &ServeLimits) -> Room {
        Room {
            work: Arc::new(Semaphore::new(limits.reads.max(1))),
            wait: Semaphore::new(limits.waiting.max(1)),
        }
    }
}

impl Room {
    /// A place to work, at once or after a wait.
    ///
    /// # Errors
    /// 503 where as many wait as may, or the wait took too long.
    async fn place(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let busy = || Problem::busy("more questions than this server works on at a time");
        let _waiting = self.wait.try_acquire().map_err(|_| busy())?;
        let place = Arc::clone(&self.work).acquire_owned();
        match timeout(PATIENCE, place).await {
            Ok(Ok(place)) => Ok(place),
            _ => Err(busy()),
        }
    }
}

impl Served {
    /// Works something out beside the connections, when there is room for it.
    ///
    /// # Errors
    /// 503 where there is none, 500 where the work broke off.
    pub(super) async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let place = self.room.place().await?;
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            // Also where the asker has gone meanwhile, the work was done until here.
            drop(place);
            done
        });
        done.await
            .map_err(|_| Problem::new(500, "internal", "a fault of this server"))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn who_finds_no_place_waits_and_who_finds_none_to_wait_is_told_at_once() {
        let room = Room::of(&ServeLimits {
            reads: 1,
            waiting: 1,
            ..ServeLimits::default()
        });
        let first = room.place().await.unwrap();
        let mut second = Box::pin(room.place());
        assert!(second.as_mut().now_or_never().is_none());
        let third = room.place().now_or_never().expect("an answer at once");
        let refused = third.unwrap_err();
        assert_eq!((refused.status, &*refused.code), (503, "busy"));
        assert_eq!(refused.retry_after, Some(1));
        drop(first);
        let second = second.now_or_never().expect("there is room").unwrap();
        drop(second);
        drop(room.place().await.unwrap());
    }
}

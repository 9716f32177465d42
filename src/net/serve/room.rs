//! Room: how many answers are worked out at a time, and how many may wait for that.
//!
//! Beyond that an asker is told so at once, which costs nothing: a server that takes in more than it
//! can do answers nobody in time.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
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

impl Served {
    /// Works something out beside the connections, when there is room for it.
    ///
    /// # Errors
    /// 503 where there is none, 500 where the work broke off.
    pub(super) async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let busy = || Problem::busy("more questions than this server works on at a time");
        let waiting = self.room.wait.try_acquire().map_err(|_| busy())?;
        let place = Arc::clone(&self.room.work).acquire_owned();
        let place = timeout(PATIENCE, place).await;
        let Ok(Ok(place)) = place else {
            return Err(busy());
        };
        drop(waiting);
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

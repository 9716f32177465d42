//! Current: the ledger as its newest head covers it, and the follower that keeps it so.
//!
//! A reader takes an [`Arc`] of it and goes on reading that one state, whatever is written meanwhile.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::hash::Hash;
use crate::ledger::{Ledger, Published};

use super::page;

/// How often the folder is looked at, where nobody says that there is a new head.
const LOOK: Duration = Duration::from_secs(1);

/// The ledger at one head.
pub(super) struct Current {
    /// The ledger.
    pub(super) ledger: Ledger,
    /// The entity tag of everything that is read from it, without quotes: size and root of the head,
    /// and what else answers depend on.
    pub(super) tag: String,
}

impl Current {
    fn of(ledger: Ledger) -> Arc<Current> {
        let custody = ledger.custody();
        let head = &custody.checkpoint;
        let root = head.root.to_string();
        // Another release says the same otherwise, and later cosignatures come to the same head.
        let rest = Hash::of_parts(&[
            env!("CARGO_PKG_VERSION").as_bytes(),
            page::style_file().as_bytes(),
            &custody.note,
        ]);
        let tag = format!("{}-{}-{}", head.size, &root[..12], &rest.to_string()[..8]);
        Arc::new(Current { ledger, tag })
    }
}

/// Follows the log.
pub(super) struct Follower {
    current: watch::Sender<Arc<Current>>,
    trouble: watch::Sender<Option<Arc<str>>>,
    /// What the writer of this process publishes; what others write is looked for.
    published: Option<watch::Receiver<Published>>,
}

type Following = (
    Follower,
    watch::Receiver<Arc<Current>>,
    watch::Receiver<Option<Arc<str>>>,
);

impl Follower {
    /// A follower from a ledger on, what it makes current, and why it cannot go on when it cannot.
    pub(super) fn of(ledger: Ledger, published: Option<watch::Receiver<Published>>) -> Following {
        let trouble = trouble_at_first(&ledger);
        let (current, receiver) = watch::channel(Current::of(ledger));
        let (trouble, troubles) = watch::channel(trouble);
        let follower = Follower {
            current,
            trouble,
            published,
        };
        (follower, receiver, troubles)
    }

    /// Follows for ever. Heads that come while one is taken in are taken in together.
    pub(super) async fn run(mut self) {
        loop {
            self.time_to_look().await;
            self.go_on().await;
        }
    }

    /// Waits until there is a new head, or might be.
    async fn time_to_look(&mut self) {
        let Some(published) = &mut self.published else {
            return sleep(LOOK).await;
        };
        if let Ok(Err(_)) = timeout(LOOK, published.changed()).await {
            // The writer has ended.
            self.published = None;
        }
    }

    async fn go_on(&self) {
        let current = Arc::clone(&self.current.borrow());
        let followed = tokio::task::spawn_blocking(move || current.ledger.follow()).await;
        let trouble = match followed {
            Ok(Ok(Some(ledger))) => {
                let trouble = trouble_at_first(&ledger);
                self.current.send_replace(Current::of(ledger));
                trouble
            }
            Ok(Ok(None)) => trouble_at_first(&self.current.borrow().ledger),
            Ok(Err(error)) => Some(error.to_string().into()),
            Err(_) => Some("a fault of this server while it read the log".into()),
        };
        self.trouble.send_if_modified(|old| {
            let is_new = *old != trouble;
            *old = trouble;
            is_new
        });
    }
}

/// What is wrong with a ledger that was opened damaged.
fn trouble_at_first(ledger: &Ledger) -> Option<Arc<str>> {
    let damages = &ledger.custody().damages;
    let first = damages.first()?;
    Some(format!("damaged in {} places, the first: {first}", damages.len()).into())
}

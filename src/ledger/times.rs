//! Times: between which two points an entry was made, and who says so.
//!
//! Order is proved, hours are somebody's word. Below stands the anchor: whoever signed had seen a
//! head, so the commit is younger than every entry of that head; when those were made, the log's
//! clock says. Above stand cosignatures: a witness that signs a head has seen it, so every entry
//! that it covers is older than that signature, by the witness's clock.

use serde::Serialize;

use crate::tlog::{GoodSignature, TlogPolicy};
use crate::value::{Index, Time};

use super::cosigned::{Cosignature, CosignedHead, time_of};
use super::read::Ledger;

/// Between what an entry was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Interval {
    /// What was there before; none of the genesis, and of an entry that is missing.
    pub not_before: Option<NotBefore>,
    /// By when it was there; none where no cosigned head covers it.
    pub not_after: Option<NotAfter>,
}

/// The head that the author had seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotBefore {
    /// Its last entry: this one was signed after that one was recorded.
    pub entry: Index,
    /// When that was, by the log's clock; none where that entry is missing.
    pub recorded: Option<Time>,
    /// By when that entry was there, by witnesses: the log's clock is wrong where it says later.
    pub there_by: Option<NotAfter>,
}

/// By when something was there, by the word of witnesses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotAfter {
    /// By a witness's clock, in whole seconds.
    pub time: Time,
    /// The size of the head that was cosigned.
    pub size: u64,
    /// Whose word it is: with a policy a quorum, else the one that signed first.
    pub witnesses: Vec<Cosignature>,
}

/// The cosigned heads of a ledger, ready to say by when an entry was there.
pub struct Intervals<'l> {
    ledger: &'l Ledger,
    /// By rising size: the earliest time of a head at least so large.
    earliest: Vec<(u64, NotAfter)>,
}

impl<'l> Intervals<'l> {
    /// Reads and checks the cosigned heads that are kept: those with a quorum of this policy, or
    /// without one all that a witness of the folder's own policy has signed, which is no reason to
    /// trust it.
    #[must_use]
    pub fn of(ledger: &'l Ledger, policy: Option<&TlogPolicy>) -> Intervals<'l> {
        let own = match policy {
            Some(_) => None,
            None => super::cosigned::policy_of(ledger.dir()).ok().flatten(),
        };
        let names = policy.or(own.as_ref());
        let heads = ledger.cosigned_heads(policy);
        let mut earliest: Vec<(u64, NotAfter)> = Vec::new();
        for head in heads.into_iter().rev() {
            let here = not_after(&head, policy, names);
            let better = match (here, earliest.last()) {
                (Some(here), Some((_, larger))) if larger.time <= here.time => larger.clone(),
                (Some(here), _) => here,
                (None, Some((_, larger))) => larger.clone(),
                (None, None) => continue,
            };
            earliest.push((head.size, better));
        }
        earliest.reverse();
        Intervals { ledger, earliest }
    }

    /// Between what the entry was made.
    #[must_use]
    pub fn at(&self, index: Index) -> Interval {
        let anchor = (!self.is_lost(index))
            .then(|| self.ledger.entry(index)?.anchor)
            .flatten();
        let before = anchor.and_then(|size| size.checked_sub(1));
        Interval {
            not_before: before.map(|entry| NotBefore {
                entry,
                recorded: (self.ledger.entry(entry))
                    .filter(|_| !self.is_lost(entry))
                    .map(|entry| entry.recorded),
                there_by: self.not_after(entry),
            }),
            not_after: self.not_after(index),
        }
    }

    fn not_after(&self, index: Index) -> Option<NotAfter> {
        let place = self.earliest.partition_point(|(size, _)| *size <= index);
        self.earliest
            .get(place)
            .map(|(_, earliest)| earliest.clone())
    }

    fn is_lost(&self, index: Index) -> bool {
        self.ledger.state().lost().any(|lost| *lost == index)
    }
}

/// By when a head was there, and whose word that is.
fn not_after(
    head: &CosignedHead,
    policy: Option<&TlogPolicy>,
    names: Option<&TlogPolicy>,
) -> Option<NotAfter> {
    let time = match policy {
        Some(policy) => policy.not_after(&head.cosignatures)?,
        None => head
            .cosignatures
            .iter()
            .filter_map(|good| good.time)
            .min()?,
    };
    let by_then = |good: &&GoodSignature| good.time.is_some_and(|own| own <= time);
    let by_then: Vec<GoodSignature> = head.cosignatures.iter().filter(by_then).cloned().collect();
    Some(NotAfter {
        time: time_of(time),
        size: head.size,
        witnesses: Cosignature::all_of(&by_then, names),
    })
}

//! Prepare: from what an author wants to have happened to the bytes that he signs.

use std::collections::HashMap;

use crate::claim::{Act, Data, LedgerCreated, State};
use crate::envelope::{Anchor, Commit, Draft, DraftEvent, Refused};
use crate::value::{EventId, Origin, Seq, Slug, Subject, Time};

/// The commit of these acts in this state: seq, prev and anchor filled in.
///
/// # Errors
/// [`Refused`] when the acts make a commit beyond its limits.
pub fn prepare(
    state: &State,
    origin: &Origin,
    anchor: Option<Anchor>,
    author: &Slug,
    at: Time,
    acts: &[Act],
) -> Result<Commit<'static>, Refused> {
    let mut heads: HashMap<&Subject, (Seq, Option<EventId>)> = HashMap::new();
    let events = acts
        .iter()
        .map(|act| {
            let head = heads.entry(&act.subject).or_insert_with(|| {
                state
                    .stream(&act.subject)
                    .map_or((0, None), |head| (head.seq, Some(head.last)))
            });
            head.0 += 1;
            DraftEvent {
                subject: act.subject.clone(),
                seq: head.0,
                prev: head.1,
                effective: act.effective,
                kind: act.data.name(),
                data: act.data.write().into_owned(),
            }
        })
        .collect();
    Draft {
        ledger: origin.clone(),
        anchor,
        author: author.clone(),
        at,
        events,
    }
    .seal()
}

/// The genesis commit.
///
/// # Errors
/// [`Refused`] when it is beyond the limits of a commit.
pub fn genesis(
    created: LedgerCreated,
    author: &Slug,
    at: Time,
) -> Result<Commit<'static>, Refused> {
    let origin = created.origin.clone();
    let act = Act::new(Subject::Ledger, Data::LedgerCreated(Box::new(created)));
    prepare(&State::new(), &origin, None, author, at, &[act])
}

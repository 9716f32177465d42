//! Preview: what a commit would do, and whether it would be admitted, before anything is written.

use std::sync::Arc;

use crate::claim::{Recorded, Rejection, Signer, State};
use crate::envelope::{Signed, verify_one};
use crate::tlog::Tree;
use crate::value::{Origin, Time};

use super::append::judge;
use super::place::{key_faults, owner_of, typed_events};
use super::refusal::refused;

/// A commit in the place that it would take now.
#[derive(Debug, Clone)]
pub struct Preview {
    /// The commit in its place.
    pub entry: Arc<Recorded>,
    /// The state as it would be after it, whether it is admitted or not.
    pub state: State,
    /// The rule that it breaks now, if it breaks one.
    pub verdict: Result<(), Rejection>,
}

/// What a commit would do if it were recorded at `now`, after the entries of `tree` whose fold is
/// `state`. It may lack signatures: the verdict then says whose.
///
/// # Errors
/// The first field that is not of its form: such a commit has no meaning to show.
pub fn preview(
    state: &State,
    tree: &Tree,
    origin: &Origin,
    signed: &Signed<'_>,
    now: Time,
) -> Result<Preview, Rejection> {
    let recorded = state.recorded().map_or(now, |last| last.max(now));
    let entry = Arc::new(placed(state, origin, signed, recorded)?);
    let mut after = state.clone();
    after.evolve(&entry);
    let verdict = judge(
        state,
        tree,
        origin,
        signed.clone(),
        state.size(),
        recorded,
        &mut |key, message, sig| verify_one(key, message, sig).is_ok(),
    );
    Ok(Preview {
        entry,
        state: after,
        verdict: verdict.map(|_| ()),
    })
}

fn placed(
    state: &State,
    origin: &Origin,
    signed: &Signed<'_>,
    recorded: Time,
) -> Result<Recorded, Rejection> {
    let commit = &signed.commit;
    let index = state.size();
    let events = typed_events(commit, index, recorded)
        .map_err(|error| refused(&crate::envelope::Refused::Form(error)))?;
    let signers = signed.signatures.iter().filter_map(|signature| {
        let (agent, _) = owner_of(state, &events, &signature.key)?;
        Some(Signer {
            agent,
            key: signature.key,
        })
    });
    Ok(Recorded {
        index,
        commit: commit.id(),
        recorded,
        author: commit.author.clone(),
        at: commit.at,
        anchor: commit.anchor.as_ref().map(|anchor| anchor.size),
        signers: signers.collect(),
        key_faults: key_faults(origin, &events),
        events,
    })
}

//! Which revocations and reaffirmations moved an event out of effect, or back into it.

use std::collections::BTreeSet;

use crate::claim::{Data, Event, State};
use crate::value::{Address, KeyId, Time};

/// Recorded time of the newest revocation or reaffirmation that moved one of these events.
pub(super) fn moved_by(state: &State, events: &[Address]) -> Option<Time> {
    if state.set_aside().next().is_none() && reaffirmations(state).next().is_none() {
        return None;
    }
    let wanted: BTreeSet<Address> = events.iter().copied().collect();
    let aside = wanted
        .iter()
        .filter(|address| state.is_set_aside(**address));
    let revoked = aside.filter_map(|address| covered_by(state, *address));
    let reaffirmed = reaffirmations(state)
        .filter(|(_, target)| wanted.contains(target))
        .map(|(event, _)| event.recorded);
    revoked.chain(reaffirmed).max()
}

/// The reaffirmations in effect, each with the event that it brings back.
fn reaffirmations(state: &State) -> impl Iterator<Item = (&Event, Address)> {
    let events = state.history().iter().flat_map(|entry| &entry.events);
    events.filter_map(|event| match &event.data {
        Data::EventReaffirmed(data) if !state.is_set_aside(event.address) => {
            let target = state.event(&event.subject, data.r#ref)?;
            Some((&**event, target.address))
        }
        _ => None,
    })
}

/// Recorded time of the newest revocation that covers a set aside event.
fn covered_by(state: &State, address: Address) -> Option<Time> {
    let mut seen = BTreeSet::new();
    let mut open = signing_keys(state, address);
    let mut newest = None;
    while let Some(key) = open.pop() {
        if !seen.insert(key) {
            continue;
        }
        newest = newest.max(revocations(state, key, address.entry).max());
        // A key whose registering event is set aside counts as compromised from that entry.
        if let Some(owner) = state.key_owner(&key) {
            let entry = usize::try_from(owner.registered).ok();
            let registering = entry.and_then(|index| state.history().get(index));
            let aside = registering
                .into_iter()
                .flat_map(|entry| &entry.events)
                .filter(|event| state.is_set_aside(event.address));
            open.extend(aside.flat_map(|event| signing_keys(state, event.address)));
        }
    }
    newest
}

fn signing_keys(state: &State, address: Address) -> Vec<KeyId> {
    let entry = usize::try_from(address.entry).ok();
    let entry = entry.and_then(|index| state.history().get(index));
    entry.map_or_else(Vec::new, |entry| {
        entry.signers.iter().map(|signer| signer.key).collect()
    })
}

fn revocations(state: &State, key: KeyId, entry: u64) -> impl Iterator<Item = Time> + '_ {
    let owner = state
        .key_owner(&key)
        .and_then(|owner| state.agent(&owner.agent));
    let events = owner.into_iter().flat_map(|agent| &agent.events);
    events.filter_map(move |(event, _)| match &event.data {
        Data::KeyRevoked(data) if data.key == key && data.since.is_some_and(|s| s <= entry) => {
            Some(event.recorded)
        }
        _ => None,
    })
}

//! Which revocations moved an event out of effect.

use std::collections::BTreeSet;

use crate::claim::{Data, State};
use crate::value::{Address, KeyId, Time};

/// Recorded time of the newest revocation that set one of these events aside.
pub(super) fn moved_by(state: &State, events: &[Address]) -> Option<Time> {
    let aside = events
        .iter()
        .filter(|address| state.is_set_aside(**address));
    aside
        .filter_map(|address| covered_by(state, *address))
        .max()
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
            let aside = state
                .entry(owner.registered)
                .into_iter()
                .flat_map(|entry| &entry.events)
                .filter(|event| state.is_set_aside(event.address));
            open.extend(aside.flat_map(|event| signing_keys(state, event.address)));
        }
    }
    newest
}

fn signing_keys(state: &State, address: Address) -> Vec<KeyId> {
    state.entry(address.entry).map_or_else(Vec::new, |entry| {
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

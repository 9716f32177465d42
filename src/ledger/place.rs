//! Place: a line of the log becomes a commit in its place, in two steps. The first reads the line
//! and can be done for many lines at once; the second says whose keys signed, and needs the state
//! before it.

use std::sync::Arc;

use crate::claim::{Data, Event, KeyFault, KeyFaultKind, Recorded, Signer, State};
use crate::envelope::{Commit, Entry, Refused, Signature, possession_message, sound, verify_one};
use crate::hash::Hash;
use crate::tlog::leaf_hash;
use crate::value::{Address, CommitId, FormError, Index, KeyId, Origin, PublicKey, Slug, Time};

/// A line that was read: everything but whose keys signed.
pub struct Parsed {
    /// The leaf hash of the line.
    pub leaf: Hash,
    /// Id of the commit.
    pub commit: CommitId,
    /// The ledger it is for.
    pub ledger: Origin,
    /// The anchor's size and root.
    pub anchor: Option<(u64, Hash)>,
    /// The signatures.
    pub signatures: Vec<Signature>,
    /// What the signatures sign.
    pub message: Vec<u8>,
    pub(super) author: Slug,
    pub(super) at: Time,
    pub(super) recorded: Time,
    pub(super) events: Vec<Arc<Event>>,
    pub(super) index: Index,
}

/// How much of a line is worked out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// What a fold needs.
    Fold,
    /// The message as well, so that signatures can be checked.
    Signatures,
}

/// Reads the line at an index.
///
/// # Errors
/// [`Refused`] with the first fault in bytes, limits or form.
pub(super) fn parse_line(index: Index, line: &[u8], depth: Depth) -> Result<Parsed, Refused> {
    let entry = Entry::parse(line)?;
    let commit = &entry.signed.commit;
    let message = match depth {
        Depth::Fold => Vec::new(),
        Depth::Signatures => commit.message(),
    };
    let events =
        typed_events(commit, index, entry.recorded).map_err(|error| error.inside("commit"))?;
    Ok(Parsed {
        leaf: leaf_hash(line),
        commit: commit.id(),
        ledger: commit.ledger.clone(),
        anchor: commit
            .anchor
            .as_ref()
            .map(|anchor| (anchor.size, anchor.root)),
        message,
        author: commit.author.clone(),
        at: commit.at,
        recorded: entry.recorded,
        events,
        index,
        signatures: entry.signed.signatures,
    })
}

/// The events of a commit with their data read.
///
/// # Errors
/// The first field that is not of its form.
pub(super) fn typed_events(
    commit: &Commit<'_>,
    index: Index,
    recorded: Time,
) -> Result<Vec<Arc<Event>>, FormError> {
    let typed = |(position, raw): (usize, &crate::envelope::RawEvent<'_>)| {
        let read = || {
            let data = Data::read(&raw.kind, &raw.data)?;
            data.stands_on(&raw.subject)?;
            Ok(data)
        };
        let data =
            read().map_err(|error: FormError| error.inside(&format!("events[{position}]")))?;
        let position = u16::try_from(position).expect("a commit has at most 256 events");
        Ok(Arc::new(Event {
            address: Address {
                entry: index,
                position,
            },
            id: raw.id,
            subject: raw.subject.clone(),
            seq: raw.seq,
            prev: raw.prev,
            effective: raw.effective,
            author: commit.author.clone(),
            at: commit.at,
            recorded,
            data,
        }))
    };
    commit.events.iter().enumerate().map(typed).collect()
}

/// Whose a key is when it signs this commit: by the state before it, or by the genesis itself.
pub(super) fn owner_of(
    state: &State,
    events: &[Arc<Event>],
    key: &KeyId,
) -> Option<(Slug, PublicKey)> {
    if state.size() > 0 {
        let owner = state.key_owner(key)?;
        return Some((owner.agent.clone(), owner.key));
    }
    let event = events.first()?;
    let (agent, claimed) = event
        .data
        .new_keys(&event.subject)
        .into_iter()
        .find(|(_, new)| new.key.id() == *key)?;
    Some((agent, claimed.key))
}

impl Parsed {
    /// The commit in its place. A key that nobody owns signs for nobody and is left out; an audit
    /// says so, a fold goes on.
    pub(super) fn placed(self, state: &State, key_faults: Vec<KeyFault>) -> Recorded {
        let signers = self
            .signatures
            .iter()
            .filter_map(|signature| {
                let (agent, _) = owner_of(state, &self.events, &signature.key)?;
                Some(Signer {
                    agent,
                    key: signature.key,
                })
            })
            .collect();
        Recorded {
            index: self.index,
            commit: self.commit,
            recorded: self.recorded,
            author: self.author,
            at: self.at,
            anchor: self.anchor.map(|(size, _)| size),
            signers,
            events: self.events,
            key_faults,
        }
    }
}

/// What is wrong with the keys that these events register: unsound points, and proofs of
/// possession that do not hold.
pub(super) fn key_faults(origin: &Origin, events: &[Arc<Event>]) -> Vec<KeyFault> {
    let mut faults = Vec::new();
    for event in events {
        for (agent, claimed) in event.data.new_keys(&event.subject) {
            if let Some(fault) = key_fault(origin, &agent, &claimed.key, &claimed.proof) {
                let position = event.address.position;
                faults.push(KeyFault {
                    position,
                    key: claimed.key,
                    fault,
                });
            }
        }
        if let Data::LedgerCreated(data) = &event.data {
            let key = PublicKey(data.log_key.0.public_key().to_bytes());
            if let Err(unsound) = sound(&key) {
                let fault = KeyFaultKind::Unsound(unsound.to_string());
                faults.push(KeyFault {
                    position: event.address.position,
                    key,
                    fault,
                });
            }
        }
    }
    faults
}

fn key_fault(
    origin: &Origin,
    agent: &Slug,
    key: &PublicKey,
    proof: &[u8; 64],
) -> Option<KeyFaultKind> {
    if let Err(unsound) = sound(key) {
        return Some(KeyFaultKind::Unsound(unsound.to_string()));
    }
    let message = possession_message(origin, agent, key);
    verify_one(key, &message, proof)
        .err()
        .map(|_| KeyFaultKind::Possession)
}

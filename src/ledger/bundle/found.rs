//! What a bundle's entries hold, held against what the map says of each stream.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::closure::{Entries, Signed};
use super::form::CarriedStream;
use crate::claim::Event;
use crate::ledger::checklist::{Fault, Part, counted};
use crate::ledger::place::Parsed;
use crate::value::{EventId, Index, KeyId, Slug, Subject};

/// The events that are there, by subject.
pub(super) struct Found<'e> {
    entries: BTreeMap<Index, &'e Parsed>,
    events: HashMap<&'e Subject, Vec<&'e Arc<Event>>>,
    owners: HashMap<KeyId, Slug>,
}

impl<'e> Found<'e> {
    pub(super) fn of(entries: &'e [Parsed]) -> Found<'e> {
        let mut found = Found {
            entries: entries.iter().map(|entry| (entry.index, entry)).collect(),
            events: HashMap::new(),
            owners: HashMap::new(),
        };
        for event in entries.iter().flat_map(|entry| &entry.events) {
            found.events.entry(&event.subject).or_default().push(event);
            for (agent, claimed) in event.data.new_keys(&event.subject) {
                found.owners.entry(claimed.key.id()).or_insert(agent);
            }
        }
        found
    }

    /// The first thing that is wrong with a stream, held against what the map says of it.
    pub(super) fn fault_in(&self, stream: &CarriedStream, map: Index) -> Option<Fault> {
        let events = self
            .events
            .get(&stream.subject)
            .map_or(&[][..], Vec::as_slice);
        let length = stream.leaf.as_ref().map_or(0, |leaf| leaf.length);
        let mut last: Option<EventId> = None;
        for (event, seq) in events.iter().zip(1..) {
            if event.seq == seq && event.prev == last && seq <= length {
                last = Some(event.id);
                continue;
            }
            return Some(self.out_of_place(stream, events, event, (seq, length), map));
        }
        let count = events.len() as u64;
        let leaf = stream.leaf.as_ref()?;
        if count < length {
            let found = counts(stream, count);
            let expected = format!(
                "{length}, the last of them in @{}: the log's signed map in @{map} says so",
                leaf.entry
            );
            return Some(Fault::of(Part::Chains, Some(leaf.entry), found, expected));
        }
        let event = events.last()?;
        if event.id == leaf.last && event.address.entry == leaf.entry {
            return None;
        }
        let found = format!(
            "{} of {} as the last, in @{}",
            event.id, stream.subject, event.address.entry
        );
        let expected = format!(
            "{} in @{}: the log's signed map in @{map} says so",
            leaf.last, leaf.entry
        );
        Some(Fault::of(
            Part::Chains,
            Some(event.address.entry),
            found,
            expected,
        ))
    }

    fn out_of_place(
        &self,
        stream: &CarriedStream,
        events: &[&Arc<Event>],
        event: &Event,
        (seq, length): (u64, u64),
        map: Index,
    ) -> Fault {
        let count = events.len() as u64;
        let at = event.address;
        let (found, expected) = if event.seq > seq && count < length {
            let missing = match event.seq - seq {
                1 => format!("seq {seq} is missing before {at}"),
                _ => format!("seq {seq} to {} are missing before {at}", event.seq - 1),
            };
            (
                counts(stream, count),
                format!("{length}: the log's signed map in @{map} says so; {missing}"),
            )
        } else if seq > length {
            (
                counts(stream, count),
                format!("{length}: the log's signed map in @{map} says so"),
            )
        } else {
            let prev = event
                .prev
                .map_or_else(|| "null".to_owned(), |id| id.to_string());
            let found = format!("{} at seq {} after {prev}", stream.subject, event.seq);
            (found, format!("seq {seq}, after the event before it"))
        };
        Fault {
            position: Some(at.position),
            ..Fault::of(Part::Chains, Some(at.entry), found, expected)
        }
    }
}

fn counts(stream: &CarriedStream, count: u64) -> String {
    format!("{} of {}", counted(count, "event"), stream.subject)
}

impl Entries for Found<'_> {
    fn of(&self, subject: &Subject) -> Vec<Index> {
        let events = self.events.get(subject).map_or(&[][..], Vec::as_slice);
        let mut indices: Vec<Index> = events.iter().map(|event| event.address.entry).collect();
        indices.dedup();
        indices
    }

    fn at(&self, index: Index) -> Option<Signed<'_>> {
        let entry = self.entries.get(&index)?;
        Some(Signed {
            author: &entry.author,
            keys: entry.signatures.iter().map(|one| one.key).collect(),
            events: &entry.events,
        })
    }

    fn owner(&self, key: &KeyId) -> Option<Slug> {
        self.owners.get(key).cloned()
    }
}

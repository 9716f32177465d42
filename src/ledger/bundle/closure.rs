//! The closure: which streams a claim's state and figures depend on.
//!
//! The claim and the ledger's own stream; what the claim's evidence cites and what its scopes name;
//! and whoever signed any of these entries, because a key may have been revoked. Where a key was
//! revoked `since` an entry, an entry that it signed stands or falls as a whole, with every event in
//! it: the subjects of all of them are needed then.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::claim::{Data, Event};
use crate::value::{Index, KeyId, Slug, Subject};

/// The entries before a map, as far as somebody has them.
pub(super) trait Entries {
    /// Those that hold an event of a subject.
    fn of(&self, subject: &Subject) -> Vec<Index>;

    /// One of them.
    fn at(&self, index: Index) -> Option<Signed<'_>>;

    /// The agent for whom a key was registered first.
    fn owner(&self, key: &KeyId) -> Option<Slug>;
}

/// Who said what in an entry.
pub(super) struct Signed<'l> {
    pub(super) author: &'l Slug,
    pub(super) keys: Vec<KeyId>,
    pub(super) events: &'l [Arc<Event>],
}

/// What a claim depends on.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Closure {
    /// The subjects whose streams are needed.
    pub(super) subjects: BTreeSet<Subject>,
    /// The entries that hold an event of one of them.
    pub(super) entries: BTreeSet<Index>,
}

/// Works it out: the smallest set that the rules of docs/FORMAT.md, section 8, allow.
pub(super) fn closure(log: &impl Entries, claim: &Slug) -> Closure {
    let claim = Subject::claim(claim.clone());
    let mut found = Growing {
        log,
        open: vec![Subject::Ledger, claim.clone()],
        claim,
        closure: Closure::default(),
        tainted: BTreeSet::new(),
    };
    while found.grow() {}
    found.closure
}

struct Growing<'l, L> {
    log: &'l L,
    claim: Subject,
    open: Vec<Subject>,
    closure: Closure,
    /// Keys whose signatures may count for nothing.
    tainted: BTreeSet<KeyId>,
}

impl<L: Entries> Growing<'_, L> {
    /// Takes in what is known to be needed, and says whether that needs anything more.
    fn grow(&mut self) -> bool {
        while let Some(subject) = self.open.pop() {
            if subject != Subject::log() && self.closure.subjects.insert(subject.clone()) {
                self.take_stream(&subject);
            }
        }
        self.taint();
        !self.open.is_empty()
    }

    fn take_stream(&mut self, subject: &Subject) {
        for index in self.log.of(subject) {
            let Some(entry) = self.log.at(index) else {
                continue;
            };
            for event in entry.events.iter().filter(|one| one.subject == *subject) {
                self.take_event(event);
            }
            if self.closure.entries.insert(index) {
                self.open.push(Subject::agent(entry.author.clone()));
                let owners = entry.keys.iter().filter_map(|key| self.log.owner(key));
                self.open.extend(owners.map(Subject::agent));
            }
        }
    }

    fn take_event(&mut self, event: &Event) {
        let is_claims_own = event.subject == self.claim;
        match &event.data {
            Data::EvidenceAdded(data) if is_claims_own => {
                self.open.push(data.artifact.subject());
                let original = data.replicates.as_ref();
                self.open.extend(original.map(|name| name.subject()));
            }
            Data::ClaimScoped(data) if is_claims_own => self.open.push(data.context.subject()),
            Data::ArtifactStandingChanged(data) => {
                self.open.extend(data.by.as_ref().map(|by| by.subject()));
            }
            Data::KeyRevoked(data) if data.since.is_some() => {
                self.tainted.insert(data.key);
            }
            _ => {}
        }
    }

    /// Opens the subjects of the entries that tainted keys signed.
    fn taint(&mut self) {
        let mut before = None;
        while before != Some(self.tainted.len()) {
            before = Some(self.tainted.len());
            for index in &self.closure.entries {
                let Some(entry) = self.log.at(*index) else {
                    continue;
                };
                if *index == 0 || !entry.keys.iter().any(|key| self.tainted.contains(key)) {
                    continue;
                }
                for event in entry.events {
                    let keys = event.data.new_keys(&event.subject);
                    self.tainted
                        .extend(keys.iter().map(|(_, key)| key.key.id()));
                    if event.subject != Subject::log()
                        && !self.closure.subjects.contains(&event.subject)
                    {
                        self.open.push(event.subject.clone());
                    }
                }
            }
        }
    }
}

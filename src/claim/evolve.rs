//! Evolve: the fold. Total: it takes in every recorded entry and refuses none.

use std::sync::Arc;

use crate::value::{CommitId, Index, Kind, Slug, Subject, Time};

use super::authority::{Authority, fill, set_aside};
use super::event::{Data, Event, Recorded};
use super::state::{Constitution, KeyOwner, State, StreamHead};

impl State {
    /// Takes in the next entry.
    pub fn evolve(&mut self, entry: &Arc<Recorded>) {
        let mut authority = Authority::new();
        for event in &entry.events {
            authority.push(fill(self, entry, event));
            self.apply(event);
        }
        self.close(entry, authority);
    }

    /// Takes in a place where an entry is missing: withheld, or damaged.
    pub fn evolve_without(&mut self, index: Index, commit: CommitId) {
        let recorded = self.recorded().unwrap_or(Time::EPOCH);
        self.history.push_back(Arc::new(Recorded {
            index,
            commit,
            recorded,
            author: Slug::log(),
            at: recorded,
            anchor: None,
            signers: Vec::new(),
            events: Vec::new(),
            key_faults: Vec::new(),
        }));
        self.authorities.push_back(Arc::new(Authority::new()));
        self.lost.insert(index);
    }

    /// The fold of entries from genesis on.
    pub fn fold<'e>(entries: impl IntoIterator<Item = &'e Arc<Recorded>>) -> State {
        let mut state = State::new();
        entries.into_iter().for_each(|entry| state.evolve(entry));
        state
    }

    /// Ends an entry whose events were all applied.
    pub(super) fn close(&mut self, entry: &Arc<Recorded>, authority: Authority) {
        self.history.push_back(Arc::clone(entry));
        self.authorities.push_back(Arc::new(authority));
        if let Some(size) = entry.anchor {
            self.anchors.insert(entry.author.clone(), size);
        }
        if (entry.events.iter()).any(|event| event.data.moves_every_claim()) {
            self.sweeping.push_back(entry.index);
        }
        if entry
            .events
            .iter()
            .any(|event| moves_what_is_set_aside(event))
        {
            self.fold_again();
        }
    }

    /// Folds from genesis without what is set aside now.
    fn fold_again(&mut self) {
        let aside = set_aside(self);
        if aside == self.aside {
            return;
        }
        if let Some(entry) = self.history.last() {
            self.asides.push_back((entry.index, aside.clone()));
        }
        self.aside = aside;
        self.forget_effects();
        let history = self.history.clone();
        for event in history.iter().flat_map(|entry| entry.events.iter()) {
            self.take_effect(event);
        }
    }

    /// Streams, key owners, anchors and who named whom are facts of position and stay.
    pub(super) fn forget_effects(&mut self) {
        self.dois.clear();
        self.constitution = None;
        self.ledger.clear();
        self.agents.clear();
        self.artifacts.clear();
        self.contexts.clear();
        self.claims.clear();
        self.views.clear();
    }

    /// Takes in one event of an entry.
    pub(super) fn apply(&mut self, event: &Arc<Event>) {
        let expected = self
            .streams
            .get(&event.subject)
            .map_or(1, |head| head.seq + 1);
        if event.seq != expected && !self.lost.is_empty() {
            self.gaps.insert(event.subject.clone());
        }
        let head = StreamHead {
            seq: event.seq,
            last: event.id,
            entry: event.address.entry,
        };
        self.streams.insert(event.subject.clone(), head);
        for (agent, claimed) in event.data.new_keys(&event.subject) {
            self.own(claimed.key, agent, event);
        }
        if let Data::LedgerCreated(data) = &event.data {
            let key = crate::value::PublicKey(data.log_key.0.public_key().to_bytes());
            self.own(key, Slug::log(), event);
        }
        if let (Some(named), Subject::Entity(Kind::Claim, claim)) =
            (event.data.named_by_claim(), &event.subject)
        {
            self.named.insert((named, Some(claim.clone())));
        }
        self.take_effect(event);
    }

    fn own(&mut self, key: crate::value::PublicKey, agent: Slug, event: &Event) {
        let owner = KeyOwner {
            key,
            agent,
            registered: event.address.entry,
        };
        self.keys.entry(key.id()).or_insert(owner);
    }

    pub(super) fn take_effect(&mut self, event: &Arc<Event>) {
        let in_effect = !self.aside.contains(&event.address);
        match &event.subject {
            Subject::Ledger => self.fold_ledger(event, in_effect),
            Subject::Entity(kind, slug) => self.fold_entity(*kind, slug, event, in_effect),
        }
    }

    fn fold_ledger(&mut self, event: &Arc<Event>, in_effect: bool) {
        self.ledger.push_back(Arc::clone(event));
        if !in_effect {
            return;
        }
        if let Data::LedgerCreated(data) = &event.data {
            self.constitution.get_or_insert_with(|| {
                Arc::new(Constitution {
                    created: Arc::clone(event),
                    policy: Arc::new(data.policy.clone()),
                    models: Vec::new(),
                    closed: None,
                    mapped: None,
                })
            });
            for founder in &data.agents.0 {
                let agent = self.agents.entry(founder.slug.clone()).or_default();
                Arc::make_mut(agent).fold(event, true, &founder.slug);
            }
            return;
        }
        let Some(facts) = self.constitution.as_mut().map(Arc::make_mut) else {
            return;
        };
        match &event.data {
            Data::PolicyChanged(data) => facts.policy = Arc::new(data.policy.clone()),
            Data::ModelAdopted(_) => facts.models.push(Arc::clone(event)),
            Data::LedgerMoved(_) | Data::LedgerFrozen(_) => {
                facts.closed.get_or_insert_with(|| Arc::clone(event));
            }
            _ => {}
        }
    }

    fn fold_entity(&mut self, kind: Kind, slug: &Slug, event: &Arc<Event>, in_effect: bool) {
        match kind {
            Kind::Ledger => {}
            Kind::Agent => {
                let agent = self.agents.entry(slug.clone()).or_default();
                Arc::make_mut(agent).fold(event, in_effect, slug);
                if let (Data::LedgerMapped(_), Some(facts)) = (&event.data, &mut self.constitution)
                {
                    Arc::make_mut(facts).mapped = Some(Arc::clone(event));
                }
            }
            Kind::Artifact => {
                let artifact = self.artifacts.entry(slug.clone()).or_default();
                Arc::make_mut(artifact).fold(event, in_effect);
                if let (Data::ArtifactRegistered(data), true) = (&event.data, in_effect)
                    && let Some(doi) = &data.doi
                {
                    self.dois
                        .entry(doi.shared())
                        .or_insert_with(|| slug.clone());
                }
            }
            Kind::Context => {
                Arc::make_mut(self.contexts.entry(slug.clone()).or_default())
                    .fold(event, in_effect);
            }
            Kind::Claim => {
                Arc::make_mut(self.claims.entry(slug.clone()).or_default()).fold(event, in_effect);
            }
            Kind::View => {
                Arc::make_mut(self.views.entry(slug.clone()).or_default()).fold(event, in_effect);
            }
        }
    }
}

fn moves_what_is_set_aside(event: &Event) -> bool {
    match &event.data {
        Data::KeyRevoked(data) => data.since.is_some(),
        Data::EventReaffirmed(_) => true,
        _ => false,
    }
}

//! State: what all recorded commits together mean.
//!
//! It holds shared, persistent maps, so that a copy costs next to nothing: admission tries a commit
//! on a copy, and a reader keeps one while the writer goes on.

use std::collections::BTreeSet;
use std::sync::Arc;

use imbl::{HashMap, OrdMap, OrdSet, Vector};

use crate::hash::Hash;
use crate::value::{
    Address, Doi, EventId, Index, KeyId, Kind, Origin, PublicKey, Seq, Slug, Subject, Time,
};

use super::authority::Authority;
use super::entity::{Agent, AgentKey, Artifact, Claim, Context, View};
use super::event::{Data, Event, LedgerCreated, ModelAdopted, Recorded};
use super::policy::Policy;

/// The head of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamHead {
    /// Events in the stream.
    pub seq: Seq,
    /// The last event.
    pub last: EventId,
    /// The entry that holds it.
    pub entry: Index,
}

/// The ledger's own facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constitution {
    /// The genesis event.
    pub created: Arc<Event>,
    /// The policy in force.
    pub policy: Arc<Policy>,
    /// Models adopted, oldest first.
    pub models: Vec<Arc<Event>>,
    /// The event that moved or froze the ledger.
    pub closed: Option<Arc<Event>>,
    /// The newest map entry.
    pub mapped: Option<Arc<Event>>,
}

impl Constitution {
    /// The genesis.
    ///
    /// # Panics
    /// Never: only a `ledger.created` makes a constitution.
    #[must_use]
    pub fn genesis(&self) -> &LedgerCreated {
        match &self.created.data {
            Data::LedgerCreated(data) => data,
            _ => unreachable!("only ledger.created makes a constitution"),
        }
    }

    /// The adopted model that is shown unless asked otherwise; none until one is adopted as such.
    #[must_use]
    pub fn default_model(&self) -> Option<&ModelAdopted> {
        self.models
            .iter()
            .rev()
            .find_map(|event| match &event.data {
                Data::ModelAdopted(data) if data.default => Some(&**data),
                _ => None,
            })
    }
}

/// Whose a key is, for the life of the ledger: a key is registered once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyOwner {
    /// The key.
    pub key: PublicKey,
    /// Its agent.
    pub agent: Slug,
    /// The entry that registered it.
    pub registered: Index,
}

/// What all recorded commits together mean.
#[derive(Debug, Clone, Default)]
pub struct State {
    pub(super) history: Vector<Arc<Recorded>>,
    pub(super) authorities: Vector<Arc<Authority>>,
    pub(super) aside: OrdSet<Address>,
    /// What was set aside from an entry on, wherever that changed.
    pub(super) asides: Vector<(Index, OrdSet<Address>)>,
    /// Entries with an event that may move every claim.
    pub(super) sweeping: Vector<Index>,
    /// Which claims ever named a subject; `None` comes before every claim, for looking one up.
    pub(super) named: OrdSet<(Subject, Option<Slug>)>,
    pub(super) gaps: OrdSet<Subject>,
    pub(super) lost: OrdSet<Index>,
    pub(super) streams: HashMap<Subject, StreamHead>,
    pub(super) keys: HashMap<KeyId, KeyOwner>,
    pub(super) dois: HashMap<Arc<str>, Slug>,
    pub(super) anchors: HashMap<Slug, u64>,
    pub(super) constitution: Option<Arc<Constitution>>,
    pub(super) ledger: Vector<Arc<Event>>,
    pub(super) agents: OrdMap<Slug, Arc<Agent>>,
    pub(super) artifacts: OrdMap<Slug, Arc<Artifact>>,
    pub(super) contexts: OrdMap<Slug, Arc<Context>>,
    pub(super) claims: OrdMap<Slug, Arc<Claim>>,
    pub(super) views: OrdMap<Slug, Arc<View>>,
    pub(super) carried: Option<Arc<BTreeSet<Subject>>>,
}

impl State {
    /// Before genesis.
    #[must_use]
    pub fn new() -> State {
        State::default()
    }

    /// Before genesis, of a part of the ledger: the streams of these subjects, each whole. Only
    /// their events may be folded in; a rule that needs another subject is taken to hold.
    #[must_use]
    pub fn of_streams(subjects: BTreeSet<Subject>) -> State {
        State {
            carried: Some(Arc::new(subjects)),
            ..State::default()
        }
    }

    /// Whether the stream of this subject is here; always, where the whole ledger is.
    #[must_use]
    pub fn carries(&self, subject: &Subject) -> bool {
        self.carried
            .as_ref()
            .is_none_or(|subjects| subjects.contains(subject))
    }

    /// Whether the streams of some subjects only are here.
    pub(super) fn is_partial(&self) -> bool {
        self.carried.is_some()
    }

    /// The entry at an index, where it is folded.
    #[must_use]
    pub fn entry(&self, index: Index) -> Option<&Arc<Recorded>> {
        let place = match self.is_partial() {
            true => {
                let before = |entry: &Arc<Recorded>| entry.index.cmp(&index);
                self.history.binary_search_by(before).ok()?
            }
            false => usize::try_from(index).ok()?,
        };
        self.history.get(place)
    }

    /// Entries folded.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.history.len() as u64
    }

    /// Recorded time of the newest entry.
    #[must_use]
    pub fn recorded(&self) -> Option<Time> {
        self.history.last().map(|entry| entry.recorded)
    }

    /// Every entry folded, in order.
    #[must_use]
    pub fn history(&self) -> &Vector<Arc<Recorded>> {
        &self.history
    }

    /// The ledger's own facts; none before genesis.
    #[must_use]
    pub fn constitution(&self) -> Option<&Constitution> {
        self.constitution.as_deref()
    }

    /// The ledger's name; none before genesis.
    #[must_use]
    pub fn origin(&self) -> Option<&Origin> {
        self.constitution().map(|facts| &facts.genesis().origin)
    }

    /// The head of a subject's stream.
    #[must_use]
    pub fn stream(&self, subject: &Subject) -> Option<&StreamHead> {
        self.streams.get(subject)
    }

    /// The heads of all streams, in no order.
    pub fn streams(&self) -> impl Iterator<Item = (&Subject, &StreamHead)> {
        self.streams.iter()
    }

    /// A claim, whether its assertion is in effect or not.
    #[must_use]
    pub fn claim(&self, slug: &Slug) -> Option<&Arc<Claim>> {
        self.claims.get(slug)
    }

    /// All claims by slug, set aside ones too.
    pub fn claims(&self) -> impl Iterator<Item = (&Slug, &Arc<Claim>)> {
        self.claims.iter()
    }

    /// An artifact.
    #[must_use]
    pub fn artifact(&self, slug: &Slug) -> Option<&Arc<Artifact>> {
        self.artifacts.get(slug)
    }

    /// All artifacts by slug.
    pub fn artifacts(&self) -> impl Iterator<Item = (&Slug, &Arc<Artifact>)> {
        self.artifacts.iter()
    }

    /// An agent.
    #[must_use]
    pub fn agent(&self, slug: &Slug) -> Option<&Arc<Agent>> {
        self.agents.get(slug)
    }

    /// All agents by slug.
    pub fn agents(&self) -> impl Iterator<Item = (&Slug, &Arc<Agent>)> {
        self.agents.iter()
    }

    /// A context.
    #[must_use]
    pub fn context(&self, slug: &Slug) -> Option<&Arc<Context>> {
        self.contexts.get(slug)
    }

    /// All contexts by slug.
    pub fn contexts(&self) -> impl Iterator<Item = (&Slug, &Arc<Context>)> {
        self.contexts.iter()
    }

    /// A view.
    #[must_use]
    pub fn view(&self, slug: &Slug) -> Option<&Arc<View>> {
        self.views.get(slug)
    }

    /// All views by slug.
    pub fn views(&self) -> impl Iterator<Item = (&Slug, &Arc<View>)> {
        self.views.iter()
    }

    /// The artifact in effect that has this DOI.
    #[must_use]
    pub fn artifact_of_doi(&self, doi: &Doi) -> Option<&Slug> {
        self.dois.get(doi.as_str())
    }

    /// Whose a key is, valid or not.
    #[must_use]
    pub fn key_owner(&self, key: &KeyId) -> Option<&KeyOwner> {
        self.keys.get(key)
    }

    /// The agent that a key may sign for now: registered in effect, not revoked.
    #[must_use]
    pub fn valid_key(&self, key: &KeyId) -> Option<&KeyOwner> {
        let owner = self.keys.get(key)?;
        if owner.agent == Slug::log() {
            return Some(owner);
        }
        let keys = &self.agents.get(&owner.agent)?.keys;
        keys.iter()
            .any(|held| held.id == *key && held.is_valid())
            .then_some(owner)
    }

    /// A key that an agent holds in effect, valid or revoked.
    #[must_use]
    pub fn agent_key(&self, agent: &Slug, key: &KeyId) -> Option<&AgentKey> {
        self.agents
            .get(agent)?
            .keys
            .iter()
            .find(|held| held.id == *key)
    }

    /// Whether a key may be an agent's next one: the announced one, or any where none is announced.
    pub(super) fn may_follow(&self, subject: &Subject, key: &PublicKey) -> bool {
        let agent = subject.slug().and_then(|slug| self.agents.get(slug));
        agent
            .and_then(|agent| agent.next)
            .is_none_or(|announced| announced == Hash::of(&key.0))
    }

    /// The size of the tree head that an author's last commit was anchored to.
    #[must_use]
    pub fn last_anchor(&self, author: &Slug) -> Option<u64> {
        self.anchors.get(author).copied()
    }

    /// Whether an event is set aside.
    #[must_use]
    pub fn is_set_aside(&self, address: Address) -> bool {
        self.aside.contains(&address)
    }

    /// The ledger's own stream, in order.
    #[must_use]
    pub fn ledger_events(&self) -> &Vector<Arc<Event>> {
        &self.ledger
    }

    /// The entries with an event that may move every claim, in order: those that say so by
    /// [`Data::moves_every_claim`].
    #[must_use]
    pub fn sweeping(&self) -> &Vector<Index> {
        &self.sweeping
    }

    /// The claims that ever named a subject by evidence, scope or link, by slug; in effect or not.
    pub fn claims_naming<'s>(
        &'s self,
        subject: &Subject,
    ) -> impl Iterator<Item = &'s Slug> + use<'s> {
        let subject = subject.clone();
        let naming = self.named.range((subject.clone(), None)..);
        naming
            .take_while(move |(named, _)| *named == subject)
            .filter_map(|(_, claim)| claim.as_ref())
    }

    /// Every event of a subject's stream that this copy holds, in order, in effect or not.
    pub fn events(&self, subject: &Subject) -> impl Iterator<Item = &Arc<Event>> {
        (1..).map_while(|seq| self.event(subject, seq))
    }

    /// All events that are set aside.
    pub fn set_aside(&self) -> impl Iterator<Item = &Address> {
        self.aside.iter()
    }

    /// Whether an event of this stream is missing: withheld, or in a damaged line. What is folded
    /// from the rest is not to be relied on.
    #[must_use]
    pub fn has_gap(&self, subject: &Subject) -> bool {
        self.gaps.contains(subject)
    }

    /// Whether any entry is missing.
    #[must_use]
    pub fn is_incomplete(&self) -> bool {
        !self.lost.is_empty()
    }

    /// The entries that are missing.
    pub fn lost(&self) -> impl Iterator<Item = &Index> {
        self.lost.iter()
    }

    /// Whether a subject exists in effect; `agent/log` and the ledger do from genesis on.
    #[must_use]
    pub fn exists(&self, subject: &Subject) -> bool {
        let Subject::Entity(kind, slug) = subject else {
            return self.constitution.is_some();
        };
        match kind {
            Kind::Ledger => self.constitution.is_some(),
            Kind::Agent => {
                *slug == Slug::log() || self.agents.get(slug).is_some_and(|a| a.profile.is_some())
            }
            Kind::Artifact => self
                .artifacts
                .get(slug)
                .is_some_and(|a| a.registered.is_some()),
            Kind::Context => self.contexts.get(slug).is_some_and(|c| c.defined.is_some()),
            Kind::Claim => self.claims.get(slug).is_some_and(|c| c.wording.is_some()),
            Kind::View => self
                .views
                .get(slug)
                .is_some_and(|v| v.definition().is_some()),
        }
    }

    /// Whether a subject's slug is taken, in effect or set aside.
    #[must_use]
    pub fn is_taken(&self, subject: &Subject) -> bool {
        self.streams.contains_key(subject) || self.exists(subject)
    }

    /// The event at a place of a stream, in effect or not.
    #[must_use]
    pub fn event(&self, subject: &Subject, seq: Seq) -> Option<&Arc<Event>> {
        let place = usize::try_from(seq.checked_sub(1)?).ok()?;
        let Subject::Entity(kind, slug) = subject else {
            return self.ledger.get(place);
        };
        let events = match kind {
            Kind::Ledger => return self.ledger.get(place),
            Kind::Agent => &self.agents.get(slug)?.events,
            Kind::Artifact => &self.artifacts.get(slug)?.events,
            Kind::Context => &self.contexts.get(slug)?.events,
            Kind::Claim => &self.claims.get(slug)?.events,
            Kind::View => &self.views.get(slug)?.events,
        };
        events.get(place).map(|(event, _)| event)
    }

    /// Agents that can act as stewards: role and a valid key.
    #[must_use]
    pub fn able_stewards(&self) -> u64 {
        self.agents
            .values()
            .filter(|agent| agent.is_able_steward())
            .count() as u64
    }
}

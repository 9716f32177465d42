//! Entities: what the events of one subject make of it.
//!
//! Each is folded from its stream event by event and refuses none; an event that is not in effect
//! (set aside, or dropped by a clock) keeps its place and changes nothing but a version's number.

use std::sync::Arc;

use imbl::Vector;

use crate::form::{AnySet, Set};
use crate::hash::Hash;
use crate::value::{Date, KeyId, Line, PublicKey, Ratio, Seq, Slug, Text, Time};

use super::event::{
    ArtifactRegistered, ClaimAsserted, ContextDefined, Data, Domain, Event, Orcid, Passage,
    ViewDefined,
};
use super::word::{
    AgentKind, ArtifactName, ArtifactStanding, ClaimOrigin, EvidenceRelation, Falsifiability,
    Lifecycle, Nature, Polarity, Role, Standing, Verdict,
};

/// The events of one subject and whether each is in effect, in order.
///
/// A persistent vector, as every other part that grows with a stream: a state is copied for each
/// commit on trial, and the copy of a claim must not cost more the longer its stream is.
pub type Stream = Vector<(Arc<Event>, bool)>;

/// A claim: the aggregate.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Claim {
    /// Every event of its stream and whether it is in effect, in order.
    pub events: Stream,
    /// What it says now; none while its assertion is not in effect.
    pub wording: Option<Wording>,
    /// The versions, v1 first, set aside or not.
    pub versions: Vector<Version>,
    /// Where it is in its life, and how it stands.
    pub status: Status,
    /// Evidence ever added and in effect, by seq.
    pub evidence: Vector<Arc<Edge>>,
    /// Attestations ever made and in effect, by seq.
    pub attestations: Vector<Arc<Attestation>>,
    /// Scopes and links ever made and in effect, by seq.
    pub relations: Vector<Tie>,
    /// Notes in effect.
    pub notes: Vector<Arc<Event>>,
}

/// What a claim says: the fields of its assertion, as revised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wording {
    /// The assertion.
    pub asserted: Arc<Event>,
    /// The claim in one line.
    pub statement: Line<1000>,
    /// In short.
    pub summary: Text<4000>,
    /// At length.
    pub detail: Option<Text<16000>>,
    /// What sort of statement it is.
    pub nature: Nature,
    /// That it is, or that it is not.
    pub polarity: Polarity,
    /// Whether it could be shown to be wrong.
    pub falsifiability: Falsifiability,
    /// How it came here.
    pub origin: ClaimOrigin,
    /// The fields it belongs to.
    pub domains: Set<Domain>,
    /// The importer's own id for it.
    pub key: Option<Line<200>>,
}

/// A version of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// The event that made it: asserted or revised.
    pub event: Arc<Event>,
    /// Whether it is in effect.
    pub in_effect: bool,
}

/// Where a claim is in its life, and how it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Where it is in its life.
    pub lifecycle: Lifecycle,
    /// How it stands.
    pub standing: Standing,
    /// The claim that took its place or took it in.
    pub by: Option<Slug>,
    /// The newest change in effect.
    pub changed: Option<Arc<Event>>,
}

impl Default for Status {
    fn default() -> Status {
        Status {
            lifecycle: Lifecycle::Proposed,
            standing: Standing::Hypothesis,
            by: None,
            changed: None,
        }
    }
}

/// A piece of evidence: an edge from an artifact to the claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
    /// The event that added it.
    pub added: Arc<Event>,
    /// What it does to the claim.
    pub relation: EvidenceRelation,
    /// Where it comes from.
    pub artifact: ArtifactName,
    /// How strongly it speaks.
    pub strength: Option<Ratio>,
    /// Where it says so.
    pub passages: Vec<Passage>,
    /// What it shows.
    pub note: Text<4000>,
    /// The artifact whose finding it repeats.
    pub replicates: Option<ArtifactName>,
    /// How far this finding was replicated.
    pub replication: Option<Ratio>,
    /// The importer's own id for it.
    pub key: Option<Line<200>>,
    /// The revisions in effect, oldest first.
    pub revised: Vector<Arc<Event>>,
    /// Its withdrawal.
    pub withdrawn: Option<Arc<Event>>,
}

/// What an attester said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attestation {
    /// The event that made it.
    pub made: Arc<Event>,
    /// The verdict.
    pub verdict: Verdict,
    /// How much of his word he puts into it.
    pub weight: Ratio,
    /// The version that he saw.
    pub version: u64,
    /// From when it no longer counts.
    pub expires: Option<Date>,
    /// Its withdrawal.
    pub withdrawn: Option<Arc<Event>>,
}

/// A scope or a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tie {
    /// The event that made it: `claim.scoped` or `claim.linked`.
    pub made: Arc<Event>,
    /// The event that took it back.
    pub undone: Option<Arc<Event>>,
}

impl Claim {
    /// Takes in the next event of its stream.
    pub fn fold(&mut self, event: &Arc<Event>, in_effect: bool) {
        self.number(event, in_effect);
        if in_effect {
            self.take_effect(event);
        }
        self.events.push_back((Arc::clone(event), in_effect));
    }

    /// A version rises with every admitted revision, set aside or not.
    fn number(&mut self, event: &Arc<Event>, in_effect: bool) {
        match event.data {
            Data::ClaimAsserted(_) => {
                self.versions.push_back(Version {
                    event: Arc::clone(event),
                    in_effect,
                });
            }
            Data::ClaimRevised(_) => {
                self.versions.push_back(Version {
                    event: Arc::clone(event),
                    in_effect: in_effect && self.wording.is_some(),
                });
            }
            _ => {}
        }
    }

    fn take_effect(&mut self, event: &Arc<Event>) {
        if let Data::ClaimAsserted(data) = &event.data {
            self.wording = Some(Wording::asserted(event, data));
            return;
        }
        let Some(wording) = &mut self.wording else {
            return;
        };
        match &event.data {
            Data::ClaimRevised(_) => wording.revise(event),
            Data::StatusChanged(_) => self.status.change(event),
            Data::EvidenceAdded(_) => self.evidence.extend(Edge::added(event).map(Arc::new)),
            Data::EvidenceRevised(data) => {
                if let Some(edge) = self.edge_mut(data.r#ref) {
                    edge.revise(event);
                }
            }
            Data::EvidenceWithdrawn(data) => {
                if let Some(edge) = self.edge_mut(data.r#ref) {
                    edge.withdrawn.get_or_insert_with(|| Arc::clone(event));
                }
            }
            Data::AttestationMade(_) => self
                .attestations
                .extend(Attestation::made(event).map(Arc::new)),
            Data::AttestationWithdrawn(data) => {
                if let Some(made) = self.attestation_mut(data.r#ref) {
                    made.withdrawn.get_or_insert_with(|| Arc::clone(event));
                }
            }
            Data::ClaimScoped(_) | Data::ClaimLinked(_) => {
                self.relations.push_back(Tie {
                    made: Arc::clone(event),
                    undone: None,
                });
            }
            Data::ClaimUnscoped(data) => self.undo(data.r#ref, event),
            Data::ClaimUnlinked(data) => self.undo(data.r#ref, event),
            Data::NoteAdded(_) => self.notes.push_back(Arc::clone(event)),
            _ => {}
        }
    }

    fn edge_mut(&mut self, seq: Seq) -> Option<&mut Edge> {
        let place = self.edge_place(seq)?;
        self.evidence.get_mut(place).map(Arc::make_mut)
    }

    fn edge_place(&self, seq: Seq) -> Option<usize> {
        self.evidence
            .binary_search_by_key(&seq, |edge| edge.added.seq)
            .ok()
    }

    fn attestation_mut(&mut self, seq: Seq) -> Option<&mut Attestation> {
        let place = self.attestation_place(seq)?;
        self.attestations.get_mut(place).map(Arc::make_mut)
    }

    fn attestation_place(&self, seq: Seq) -> Option<usize> {
        self.attestations
            .binary_search_by_key(&seq, |made| made.made.seq)
            .ok()
    }

    fn undo(&mut self, seq: Seq, event: &Arc<Event>) {
        let place = self
            .relations
            .binary_search_by_key(&seq, |tie| tie.made.seq);
        if let Some(tie) = place.ok().and_then(|place| self.relations.get_mut(place)) {
            tie.undone.get_or_insert_with(|| Arc::clone(event));
        }
    }

    /// The live evidence that the event at this seq added.
    #[must_use]
    pub fn live_edge(&self, seq: Seq) -> Option<&Edge> {
        let edge = self.evidence.get(self.edge_place(seq)?)?;
        edge.withdrawn.is_none().then_some(&**edge)
    }

    /// The live attestation that the event at this seq made.
    #[must_use]
    pub fn live_attestation(&self, seq: Seq) -> Option<&Attestation> {
        let made = self.attestations.get(self.attestation_place(seq)?)?;
        (made.withdrawn.is_none() && made.version == self.version()).then_some(&**made)
    }

    /// The number of the newest version in effect, from 1; 0 while there is none.
    #[must_use]
    pub fn version(&self) -> u64 {
        let after = self
            .versions
            .iter()
            .rev()
            .take_while(|version| !version.in_effect);
        (self.versions.len() - after.count()) as u64
    }

    /// The agent that asserted it, in effect or not.
    #[must_use]
    pub fn asserter(&self) -> Option<&Slug> {
        self.versions.front().map(|version| &version.event.author)
    }

    /// Evidence that was not withdrawn.
    pub fn live_evidence(&self) -> impl Iterator<Item = &Edge> {
        self.evidence
            .iter()
            .map(|edge| &**edge)
            .filter(|edge| edge.withdrawn.is_none())
    }

    /// Attestations on the current version that were not withdrawn, expired ones too.
    pub fn live_attestations(&self) -> impl Iterator<Item = &Attestation> {
        let current = self.version();
        self.attestations
            .iter()
            .map(|made| &**made)
            .filter(move |made| made.withdrawn.is_none() && made.version == current)
    }

    /// Scopes that were not taken back.
    pub fn live_scopes(&self) -> impl Iterator<Item = (&Arc<Event>, &super::event::ClaimScoped)> {
        self.relations
            .iter()
            .filter(|tie| tie.undone.is_none())
            .filter_map(|tie| match &tie.made.data {
                Data::ClaimScoped(data) => Some((&tie.made, &**data)),
                _ => None,
            })
    }

    /// Links that were not taken back.
    pub fn live_links(&self) -> impl Iterator<Item = (&Arc<Event>, &super::event::ClaimLinked)> {
        self.relations
            .iter()
            .filter(|tie| tie.undone.is_none())
            .filter_map(|tie| match &tie.made.data {
                Data::ClaimLinked(data) => Some((&tie.made, &**data)),
                _ => None,
            })
    }

    /// Whether anybody disputes the current version, by a live attestation.
    #[must_use]
    pub fn is_disputed(&self) -> bool {
        self.live_attestations()
            .any(|made| made.verdict == Verdict::Disputes)
    }
}

impl Wording {
    fn asserted(event: &Arc<Event>, data: &ClaimAsserted) -> Wording {
        Wording {
            asserted: Arc::clone(event),
            statement: data.statement.clone(),
            summary: data.summary.clone(),
            detail: data.detail.clone(),
            nature: data.nature,
            polarity: data.polarity,
            falsifiability: data.falsifiability,
            origin: data.origin,
            domains: data.domains.clone(),
            key: data.key.clone(),
        }
    }

    fn revise(&mut self, event: &Event) {
        let Data::ClaimRevised(data) = &event.data else {
            return;
        };
        set(&mut self.statement, &data.statement);
        set(&mut self.summary, &data.summary);
        if data.detail.is_some() {
            self.detail.clone_from(&data.detail);
        }
        set(&mut self.nature, &data.nature);
        set(&mut self.polarity, &data.polarity);
        set(&mut self.falsifiability, &data.falsifiability);
        set(&mut self.origin, &data.origin);
        set(&mut self.domains, &data.domains);
    }
}

fn set<T: Clone>(field: &mut T, given: &Option<T>) {
    if let Some(value) = given {
        field.clone_from(value);
    }
}

impl Status {
    fn change(&mut self, event: &Arc<Event>) {
        let Data::StatusChanged(data) = &event.data else {
            return;
        };
        if let Some(lifecycle) = data.lifecycle {
            self.lifecycle = lifecycle;
            self.by = data.by.as_ref().map(|claim| claim.0.clone());
        }
        set(&mut self.standing, &data.standing);
        self.changed = Some(Arc::clone(event));
    }
}

impl Edge {
    fn added(event: &Arc<Event>) -> Option<Edge> {
        let Data::EvidenceAdded(data) = &event.data else {
            return None;
        };
        Some(Edge {
            added: Arc::clone(event),
            relation: data.relation,
            artifact: data.artifact.clone(),
            strength: data.strength,
            passages: data
                .passages
                .as_ref()
                .map(|list| list.0.clone())
                .unwrap_or_default(),
            note: data.note.clone(),
            replicates: data.replicates.clone(),
            replication: data.replication,
            key: data.key.clone(),
            revised: Vector::new(),
            withdrawn: None,
        })
    }

    fn revise(&mut self, event: &Arc<Event>) {
        let Data::EvidenceRevised(data) = &event.data else {
            return;
        };
        if data.strength.is_some() {
            self.strength = data.strength;
        }
        if let Some(passages) = &data.passages {
            self.passages.clone_from(&passages.0);
        }
        set(&mut self.note, &data.note);
        if data.replication.is_some() {
            self.replication = data.replication;
        }
        self.revised.push_back(Arc::clone(event));
    }
}

impl Attestation {
    fn made(event: &Arc<Event>) -> Option<Attestation> {
        let Data::AttestationMade(data) = &event.data else {
            return None;
        };
        Some(Attestation {
            made: Arc::clone(event),
            verdict: data.verdict,
            weight: data.weight,
            version: data.version,
            expires: data.expires,
            withdrawn: None,
        })
    }

    /// Whether it no longer counts at this recorded time.
    #[must_use]
    pub fn is_expired(&self, at: Time) -> bool {
        self.expires.is_some_and(|date| at >= date.start())
    }
}

/// An artifact: what evidence points to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Artifact {
    /// Every event of its stream and whether it is in effect, in order.
    pub events: Stream,
    /// Its registration, in effect.
    pub registered: Option<Arc<Event>>,
    /// Its appraisals in effect, oldest first.
    pub appraisals: Vector<Arc<Event>>,
    /// Changes of its standing in effect, oldest first.
    pub standings: Vector<Arc<Event>>,
}

impl Artifact {
    /// Takes in the next event of its stream.
    pub fn fold(&mut self, event: &Arc<Event>, in_effect: bool) {
        self.events.push_back((Arc::clone(event), in_effect));
        if !in_effect {
            return;
        }
        match &event.data {
            Data::ArtifactRegistered(_) => self.registered = Some(Arc::clone(event)),
            _ if self.registered.is_none() => {}
            Data::ArtifactAppraised(_) => self.appraisals.push_back(Arc::clone(event)),
            Data::ArtifactStandingChanged(_) => self.standings.push_back(Arc::clone(event)),
            _ => {}
        }
    }

    /// What it was registered as.
    #[must_use]
    pub fn registration(&self) -> Option<&ArtifactRegistered> {
        match &self.registered.as_ref()?.data {
            Data::ArtifactRegistered(data) => Some(data),
            _ => None,
        }
    }

    /// How it stands, and the event that said so.
    #[must_use]
    pub fn standing(&self) -> (ArtifactStanding, Option<&Arc<Event>>) {
        match self.standings.last().map(|event| (event, &event.data)) {
            Some((event, Data::ArtifactStandingChanged(data))) => (data.standing, Some(event)),
            _ => (ArtifactStanding::Sound, None),
        }
    }
}

/// An agent: who signs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Agent {
    /// Every event of its stream and whether it is in effect, in order.
    pub events: Stream,
    /// What is known of it; none while its registration is not in effect.
    pub profile: Option<AgentProfile>,
    /// Its keys in effect, oldest first.
    pub keys: Vec<AgentKey>,
    /// SHA-256 of the raw key that must follow, where it was announced.
    pub next: Option<Hash>,
}

/// What is known of an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentProfile {
    /// The event it is known from: `agent.registered`, or `ledger.created`.
    pub registered: Arc<Event>,
    /// The newest change of name, community, reliability or roles.
    pub changed: Vector<Arc<Event>>,
    /// Its name.
    pub name: Line<200>,
    /// What it is.
    pub kind: AgentKind,
    /// What it may do.
    pub roles: AnySet<Role>,
    /// The community that its voice belongs to.
    pub community: Option<Slug>,
    /// How far its attestations count.
    pub reliability: Option<Ratio>,
    /// Its ORCID iD.
    pub orcid: Option<Orcid>,
}

/// A key of an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentKey {
    /// The key.
    pub key: PublicKey,
    /// Its id.
    pub id: KeyId,
    /// The event that registered it.
    pub registered: Arc<Event>,
    /// Its revocations, the newest last; the first one ended its validity.
    pub revoked: Vec<Arc<Event>>,
}

impl Agent {
    /// Takes in an event of its stream, or the genesis that names it.
    pub fn fold(&mut self, event: &Arc<Event>, in_effect: bool, own: &Slug) {
        if event.subject.slug() == Some(own) {
            self.events.push_back((Arc::clone(event), in_effect));
        }
        if !in_effect {
            return;
        }
        match &event.data {
            Data::LedgerCreated(data) => {
                if let Some(founder) = data.agents.0.iter().find(|agent| agent.slug == *own) {
                    let keys = founder.keys.0.iter().map(|key| key.key);
                    self.register(
                        event,
                        keys,
                        founder.next,
                        AgentProfile {
                            registered: Arc::clone(event),
                            changed: Vector::new(),
                            name: founder.name.clone(),
                            kind: founder.kind,
                            roles: founder.roles.clone(),
                            community: founder.community.clone(),
                            reliability: founder.reliability,
                            orcid: None,
                        },
                    );
                }
            }
            Data::AgentRegistered(data) => {
                let keys = data.keys.0.iter().map(|key| key.key);
                self.register(
                    event,
                    keys,
                    data.next,
                    AgentProfile {
                        registered: Arc::clone(event),
                        changed: Vector::new(),
                        name: data.name.clone(),
                        kind: data.kind,
                        roles: data.roles.clone(),
                        community: data.community.clone(),
                        reliability: data.reliability,
                        orcid: data.orcid.clone(),
                    },
                );
            }
            Data::AgentChanged(data) => {
                let Some(profile) = &mut self.profile else {
                    return;
                };
                set(&mut profile.name, &data.name);
                set(&mut profile.roles, &data.roles);
                profile.community = data.community.clone().or_else(|| profile.community.take());
                profile.reliability = data.reliability.or(profile.reliability);
                profile.changed.push_back(Arc::clone(event));
            }
            Data::KeyAdded(data) if self.profile.is_some() => {
                self.keys.push(AgentKey::new(event, data.key));
                self.next = data.next;
            }
            Data::KeyRevoked(data) => {
                if let Some(key) = self.keys.iter_mut().find(|key| key.id == data.key) {
                    key.revoked.push(Arc::clone(event));
                }
            }
            _ => {}
        }
    }

    fn register(
        &mut self,
        event: &Arc<Event>,
        keys: impl Iterator<Item = PublicKey>,
        next: Option<Hash>,
        profile: AgentProfile,
    ) {
        self.keys.extend(keys.map(|key| AgentKey::new(event, key)));
        self.next = next;
        self.profile = Some(profile);
    }

    /// Whether it has this role.
    #[must_use]
    pub fn has_role(&self, role: Role) -> bool {
        self.profile
            .as_ref()
            .is_some_and(|profile| profile.roles.0.contains(&role))
    }

    /// Whether it can act as a steward: role and a valid key.
    #[must_use]
    pub fn is_able_steward(&self) -> bool {
        self.has_role(Role::Steward) && self.keys.iter().any(AgentKey::is_valid)
    }
}

impl AgentKey {
    fn new(event: &Arc<Event>, key: PublicKey) -> AgentKey {
        AgentKey {
            key,
            id: key.id(),
            registered: Arc::clone(event),
            revoked: Vec::new(),
        }
    }

    /// Whether it was never revoked.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.revoked.is_empty()
    }
}

/// A context: a condition under which a claim may hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Context {
    /// Every event of its stream and whether it is in effect, in order.
    pub events: Stream,
    /// Its definition, in effect.
    pub defined: Option<Arc<Event>>,
}

impl Context {
    /// Takes in the next event of its stream.
    pub fn fold(&mut self, event: &Arc<Event>, in_effect: bool) {
        self.events.push_back((Arc::clone(event), in_effect));
        if in_effect && matches!(event.data, Data::ContextDefined(_)) {
            self.defined = Some(Arc::clone(event));
        }
    }

    /// What it was defined as.
    #[must_use]
    pub fn definition(&self) -> Option<&ContextDefined> {
        match &self.defined.as_ref()?.data {
            Data::ContextDefined(data) => Some(data),
            _ => None,
        }
    }
}

/// A view: a named policy over claims.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct View {
    /// Every event of its stream and whether it is in effect, in order.
    pub events: Stream,
    /// Whether its definition is in effect.
    is_defined: bool,
    /// Its newest definition or change in effect.
    pub current: Option<Arc<Event>>,
}

impl View {
    /// Takes in the next event of its stream.
    pub fn fold(&mut self, event: &Arc<Event>, in_effect: bool) {
        self.events.push_back((Arc::clone(event), in_effect));
        if !in_effect {
            return;
        }
        match &event.data {
            Data::ViewDefined(_) => {
                self.is_defined = true;
                self.current = Some(Arc::clone(event));
            }
            Data::ViewChanged(_) if self.is_defined => self.current = Some(Arc::clone(event)),
            _ => {}
        }
    }

    /// What it says now.
    #[must_use]
    pub fn definition(&self) -> Option<&ViewDefined> {
        match &self.current.as_ref()?.data {
            Data::ViewDefined(data) | Data::ViewChanged(data) => Some(data),
            _ => None,
        }
    }
}

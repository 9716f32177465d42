//! Everything that a model may look at: plain values, already filtered to what is live, each with
//! the events that it came from.

pub use crate::claim::{
    ArtifactStanding as Standing, EvidenceRelation as Relation, ScopeRelation, Verdict,
};
use crate::value::{EventRef, Ratio, Seq, Slug, Subject, Time};

/// A claim as a model sees it: what is live in its current version, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inputs {
    /// Live evidence, in any order.
    pub edges: Vec<EdgeInput>,
    /// Live attestations on the current version, in any order; expired ones among them.
    pub attestations: Vec<AttestationInput>,
    /// Live scopes, in any order.
    pub scopes: Vec<ScopeInput>,
    /// Recorded time of the newest entry folded: what `expires` is held against.
    pub at: Time,
    /// Recorded time of the newest event that bears on the profile.
    pub computed_at: Option<Time>,
    /// The note of the newest change of status.
    pub note: Option<String>,
}

/// One live piece of evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EdgeInput {
    /// Its place in the claim's stream; settles ties.
    pub seq: Seq,
    /// The event that added it.
    pub event: EventRef,
    /// The events that revised it, if any.
    pub sources: Vec<EventRef>,
    /// For or against.
    pub relation: Relation,
    /// How strongly it bears on the claim, where said.
    pub strength: Option<Ratio>,
    /// The confidence of each quoted passage, where said.
    pub passages: Vec<Option<Ratio>>,
    /// How well this finding replicates; stands before the artifact's own.
    pub replication: Option<Ratio>,
    /// What it cites.
    pub artifact: ArtifactInput,
    /// Its artifact is set aside: the edge abstains.
    pub set_aside: bool,
}

/// A cited artifact, with the newest appraisal by each agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArtifactInput {
    /// Which one.
    pub subject: Subject,
    /// The event that registered it (its community comes from there).
    pub registered: EventRef,
    /// The community it comes from.
    pub community: Option<Slug>,
    /// Appraisals of its credibility, one an agent.
    pub credibility: Vec<Appraisal>,
    /// Appraisals of its methodology, one an agent.
    pub methodology: Vec<Appraisal>,
    /// Appraisals of how well it replicates, one an agent.
    pub replication: Vec<Appraisal>,
    /// Its standing.
    pub standing: Standing,
    /// The event that gave it this standing; none while it is as registered, sound.
    pub standing_event: Option<EventRef>,
}

/// An agent's newest appraisal of one quality of an artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appraisal {
    /// Who appraised.
    pub agent: Slug,
    /// The value given.
    pub value: Ratio,
    /// The event that gave it.
    pub event: EventRef,
}

/// One live attestation on the claim's current version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttestationInput {
    /// Its place in the claim's stream; settles ties.
    pub seq: Seq,
    /// The event that made it.
    pub event: EventRef,
    /// The events that registered and changed its agent.
    pub sources: Vec<EventRef>,
    /// What it says.
    pub verdict: Verdict,
    /// How much weight the agent gave to it.
    pub weight: Ratio,
    /// First instant at which it no longer counts.
    pub expires: Option<Time>,
    /// Who attested.
    pub agent: Slug,
    /// How reliable that agent is held to be.
    pub reliability: Option<Ratio>,
    /// The agent's community.
    pub community: Option<Slug>,
}

/// One live scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopeInput {
    /// Its place in the claim's stream: products are taken in this order.
    pub seq: Seq,
    /// The event that added it.
    pub event: EventRef,
    /// Whether the claim holds or fails there.
    pub relation: ScopeRelation,
    /// How much of the field the context covers.
    pub breadth: Ratio,
}

impl Inputs {
    /// Every event that the inputs come from, by address, without repeats.
    #[must_use]
    pub fn events(&self) -> Vec<EventRef> {
        let edges = self.edges.iter().flat_map(EdgeInput::events);
        let attestations = self.attestations.iter().flat_map(AttestationInput::events);
        let scopes = self.scopes.iter().map(|scope| &scope.event);
        by_address(edges.chain(attestations).chain(scopes))
    }
}

impl EdgeInput {
    /// The events that it comes from, its artifact's among them.
    pub fn events(&self) -> impl Iterator<Item = &EventRef> {
        let artifact = &self.artifact;
        let appraisals = [
            &artifact.credibility,
            &artifact.methodology,
            &artifact.replication,
        ];
        std::iter::once(&self.event)
            .chain(&self.sources)
            .chain([&artifact.registered])
            .chain(&artifact.standing_event)
            .chain(appraisals.into_iter().flatten().map(|one| &one.event))
    }
}

impl AttestationInput {
    /// The events that it comes from, its agent's among them.
    pub fn events(&self) -> impl Iterator<Item = &EventRef> {
        std::iter::once(&self.event).chain(&self.sources)
    }
}

/// Events in the order of the log, each once.
pub(super) fn by_address<'a>(events: impl Iterator<Item = &'a EventRef>) -> Vec<EventRef> {
    let mut events: Vec<EventRef> = events.cloned().collect();
    events.sort_unstable();
    events.dedup();
    events
}

//! Inputs: from the folded state to what a model may look at, through the two filters that a
//! question can have.
//!
//! Without a filter the folded entities are used as they are. With one, the claim, its artifacts
//! and its attesters are folded again from their own streams, and what is filtered out is folded as
//! not in effect: it keeps its place and changes nothing but a version's number.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::claim::{
    Agent, AgentProfile, Artifact, Attestation, Claim, ClaimScoped, Data, Edge, Event, State,
    Stream, Verdict,
};
use crate::trust::{
    Appraisal, ArtifactInput, AttestationInput, EdgeInput, Inputs, ScopeInput, Standing,
};
use crate::value::{Address, EventRef, Kind, Ratio, Seq, Slug, Subject, Time};

use super::moved::moved_by;

/// What is left out of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Filter {
    /// Only what held in the world by this instant: the effective clock.
    pub effective: Option<Time>,
    /// All but this event: it has no effect, and what refers to it has none.
    pub without: Option<Address>,
}

impl Filter {
    /// Nothing is left out.
    #[must_use]
    pub fn none() -> Filter {
        Filter::default()
    }

    /// Only what held in the world by this instant.
    #[must_use]
    pub fn effective(by: Time) -> Filter {
        Filter {
            effective: Some(by),
            without: None,
        }
    }

    /// All but one event.
    #[must_use]
    pub fn without(event: Address) -> Filter {
        Filter {
            effective: None,
            without: Some(event),
        }
    }
}

/// A filter as the fold asks it, fine enough to let events in one by one.
#[derive(Debug, Clone, Default)]
pub(super) struct Keep {
    /// The last event let in by the effective clock: by the instant since which it holds, then by
    /// address.
    pub(super) valid: Option<(Time, Address)>,
    /// Events without effect.
    pub(super) without: Vec<Address>,
    /// No evidence, scope, attestation or appraisal by this agent.
    pub(super) not_by: Option<Slug>,
}

const LAST_ADDRESS: Address = Address {
    entry: u64::MAX,
    position: u16::MAX,
};

impl From<&Filter> for Keep {
    fn from(filter: &Filter) -> Keep {
        Keep {
            valid: filter.effective.map(|by| (by, LAST_ADDRESS)),
            without: filter.without.into_iter().collect(),
            not_by: None,
        }
    }
}

impl Keep {
    /// The same, without one more event.
    pub(super) fn and_without(&self, event: Address) -> Keep {
        let mut keep = self.clone();
        keep.without.push(event);
        keep
    }

    /// Whether every event of this stream, folded with what else there is of it, stays as it is.
    fn leaves_alone<'e>(&self, mut events: impl Iterator<Item = &'e Arc<Event>>) -> bool {
        self.valid.is_none()
            && self.not_by.is_none()
            && !events.any(|event| self.without.contains(&event.address))
    }

    fn lets_in(&self, event: &Event, holds: Time) -> bool {
        let timely = !event.data.has_valid_time()
            || self.valid.is_none_or(|last| (holds, event.address) <= last);
        let disowned =
            self.not_by.as_ref() == Some(&event.author) && speaks_for_itself(&event.data);
        timely && !disowned && !self.without.contains(&event.address)
    }
}

/// What goes when an agent is not believed: what it brought, not what it worded.
fn speaks_for_itself(data: &Data) -> bool {
    matches!(
        data,
        Data::EvidenceAdded(_)
            | Data::EvidenceRevised(_)
            | Data::AttestationMade(_)
            | Data::ClaimScoped(_)
            | Data::ClaimLinked(_)
            | Data::ArtifactAppraised(_)
            | Data::ArtifactStandingChanged(_)
    )
}

/// What a model may look at, and the claim as the filter leaves it; none where no such claim is in
/// effect.
#[must_use]
pub fn inputs(state: &State, claim: &Slug, filter: &Filter) -> Option<(Inputs, Arc<Claim>)> {
    kept_inputs(state, claim, &Keep::from(filter))
}

pub(super) fn kept_inputs(state: &State, slug: &Slug, keep: &Keep) -> Option<(Inputs, Arc<Claim>)> {
    let claim = kept_claim(state, slug, keep)?;
    claim.wording.as_ref()?;
    let edges: Vec<EdgeInput> = claim
        .live_evidence()
        .map(|edge| edge_input(state, edge, keep))
        .collect();
    let attestations: Vec<AttestationInput> = claim
        .live_attestations()
        .map(|made| attestation_input(state, made, keep))
        .collect();
    // What refers to a context that is set aside has no effect; where entries are missing, nobody
    // can tell that it is.
    let is_there =
        |data: &ClaimScoped| state.is_incomplete() || state.exists(&data.context.subject());
    let scopes = claim.live_scopes().filter(|(_, data)| is_there(data));
    let scopes = scopes.map(|(event, data)| ScopeInput {
        seq: event.seq,
        event: event.reference(),
        relation: data.relation,
        breadth: data.breadth,
    });
    let inputs = Inputs {
        scopes: scopes.collect(),
        at: state.recorded().unwrap_or(Time::EPOCH),
        computed_at: computed_at(state, &claim, keep),
        note: note(&claim),
        edges,
        attestations,
    };
    Some((inputs, claim))
}

/// The note of the newest change of status in effect.
fn note(claim: &Claim) -> Option<String> {
    match &claim.status.changed.as_ref()?.data {
        Data::StatusChanged(data) => Some(data.note.to_string()),
        _ => None,
    }
}

/// The claim as the filter leaves it.
pub(super) fn kept_claim(state: &State, slug: &Slug, keep: &Keep) -> Option<Arc<Claim>> {
    let folded = state.claim(slug)?;
    if keep.leaves_alone(folded.events.iter().map(|(event, _)| event)) {
        return Some(Arc::clone(folded));
    }
    let mut claim = Claim::default();
    for ((event, _), in_effect) in folded.events.iter().zip(let_in(&folded.events, keep)) {
        claim.fold(event, in_effect);
    }
    Some(Arc::new(claim))
}

/// The artifact as the filter leaves it.
pub(super) fn kept_artifact(state: &State, slug: &Slug, keep: &Keep) -> Option<Arc<Artifact>> {
    let folded = state.artifact(slug)?;
    if keep.leaves_alone(folded.events.iter().map(|(event, _)| event)) {
        return Some(Arc::clone(folded));
    }
    let mut artifact = Artifact::default();
    for ((event, _), in_effect) in folded.events.iter().zip(let_in(&folded.events, keep)) {
        artifact.fold(event, in_effect);
    }
    Some(Arc::new(artifact))
}

/// Which events of a stream have effect under a filter.
fn let_in(events: &Stream, keep: &Keep) -> Vec<bool> {
    let holds = holding(events);
    let mut dropped = BTreeSet::new();
    let verdict = |(event, in_effect): &(Arc<Event>, bool)| {
        let since = holds.get(&event.seq).copied();
        let stays = keep.lets_in(event, since.unwrap_or_else(|| event.holds_since()))
            && refers_to(events, event).is_none_or(|seq| !dropped.contains(&seq));
        if !stays {
            dropped.insert(event.seq);
        }
        *in_effect && stays
    };
    events.iter().map(verdict).collect()
}

/// Since when each event of a stream holds in the world: by its own word, else since what it refers
/// to.
pub(super) fn holding(events: &Stream) -> BTreeMap<Seq, Time> {
    let mut holds = BTreeMap::<Seq, Time>::new();
    for (event, _) in events {
        let referred = refers_to(events, event).and_then(|seq| holds.get(&seq).copied());
        let since = match (event.effective, referred) {
            (None, Some(since)) => since,
            _ => event.holds_since(),
        };
        holds.insert(event.seq, since);
    }
    holds
}

/// The event that this one is about: its `ref`, a note's `on`, a revision's assertion.
fn refers_to(events: &Stream, event: &Event) -> Option<Seq> {
    match &event.data {
        Data::ClaimRevised(_) => events
            .iter()
            .find(|(event, _)| matches!(event.data, Data::ClaimAsserted(_)))
            .map(|(asserted, _)| asserted.seq),
        Data::NoteAdded(data) => data.on,
        data => data.reference(),
    }
}

fn edge_input(state: &State, edge: &Edge, keep: &Keep) -> EdgeInput {
    let artifact = kept_artifact(state, &edge.artifact.0, keep);
    EdgeInput {
        seq: edge.added.seq,
        event: edge.added.reference(),
        sources: edge.revised.iter().map(|event| event.reference()).collect(),
        relation: edge.relation,
        strength: edge.strength,
        passages: edge.passages.iter().map(|one| one.confidence).collect(),
        replication: edge.replication,
        set_aside: artifact
            .as_ref()
            .is_none_or(|artifact| artifact.registered.is_none()),
        artifact: artifact_input(edge, artifact.as_deref()),
    }
}

fn artifact_input(edge: &Edge, artifact: Option<&Artifact>) -> ArtifactInput {
    let first = artifact.and_then(|artifact| artifact.events.front());
    let (standing, standing_event) = artifact.map_or((Standing::Sound, None), Artifact::standing);
    let appraised = |value: fn(&crate::claim::ArtifactAppraised) -> Option<Ratio>| {
        artifact.map_or_else(Vec::new, |artifact| newest_by_agent(artifact, value))
    };
    ArtifactInput {
        subject: edge.artifact.subject(),
        registered: first.map_or_else(|| edge.added.reference(), |(event, _)| event.reference()),
        community: artifact
            .and_then(Artifact::registration)
            .and_then(|data| data.community.clone()),
        credibility: appraised(|data| data.credibility),
        methodology: appraised(|data| data.methodology),
        replication: appraised(|data| data.replication),
        standing,
        standing_event: standing_event.map(|event| event.reference()),
    }
}

/// Each agent's newest value, by agent.
fn newest_by_agent(
    artifact: &Artifact,
    value: fn(&crate::claim::ArtifactAppraised) -> Option<Ratio>,
) -> Vec<Appraisal> {
    let mut newest = BTreeMap::new();
    for event in &artifact.appraisals {
        if let Data::ArtifactAppraised(data) = &event.data
            && let Some(value) = value(data)
        {
            newest.insert(event.author.clone(), (value, event.reference()));
        }
    }
    let appraisal = |(agent, (value, event)): (Slug, (Ratio, EventRef))| Appraisal {
        agent,
        value,
        event,
    };
    newest.into_iter().map(appraisal).collect()
}

fn attestation_input(state: &State, made: &Attestation, keep: &Keep) -> AttestationInput {
    let agent = kept_agent(state, &made.made.author, keep);
    let profile = agent.as_ref().and_then(|agent| agent.profile.as_ref());
    AttestationInput {
        seq: made.made.seq,
        event: made.made.reference(),
        sources: profile.map_or_else(Vec::new, |profile| {
            known_from(profile).map(|event| event.reference()).collect()
        }),
        verdict: made.verdict,
        weight: made.weight,
        expires: made.expires.map(|date| date.start()),
        agent: made.made.author.clone(),
        reliability: profile.and_then(|profile| profile.reliability),
        community: profile.and_then(|profile| profile.community.clone()),
    }
}

fn known_from(profile: &AgentProfile) -> impl Iterator<Item = &Arc<Event>> {
    std::iter::once(&profile.registered).chain(&profile.changed)
}

/// The agent, as leaving out one event leaves it; no clock filters agents.
fn kept_agent(state: &State, slug: &Slug, keep: &Keep) -> Option<Arc<Agent>> {
    let folded = state.agent(slug)?;
    let genesis = state.constitution().map(|facts| (&facts.created, true));
    let of_all = genesis.into_iter().map(|(event, _)| event);
    let own = folded.events.iter().map(|(event, _)| event);
    if !(of_all.chain(own)).any(|event| keep.without.contains(&event.address)) {
        return Some(Arc::clone(folded));
    }
    let stream = folded.events.iter().map(|(event, effect)| (event, *effect));
    let mut agent = Agent::default();
    for (event, in_effect) in genesis.into_iter().chain(stream) {
        agent.fold(
            event,
            in_effect && !keep.without.contains(&event.address),
            slug,
        );
    }
    Some(Arc::new(agent))
}

/// Recorded time of the newest event that bears on the profile: the claim's own, the appraisals and
/// standings of what its live evidence cites, the registrations and changes of attesters who count,
/// and the revocations and reaffirmations that moved one of these.
fn computed_at(state: &State, claim: &Claim, keep: &Keep) -> Option<Time> {
    let mut newest = Newest::default();
    newest.of_stream(&claim.events, bears, true);
    for edge in claim.live_evidence() {
        if let Some(artifact) = kept_artifact(state, &edge.artifact.0, keep) {
            newest.of_stream(&artifact.events, judges, artifact.registered.is_some());
        }
    }
    let now = state.recorded().unwrap_or(Time::EPOCH);
    let speaks = |made: &&Attestation| made.verdict != Verdict::Abstains && !made.is_expired(now);
    for made in claim.live_attestations().filter(speaks) {
        if let Some(agent) = kept_agent(state, &made.made.author, keep) {
            let profile = agent.profile.as_ref();
            let counts = profile.filter(|profile| profile.reliability.is_some());
            newest.of_stream(&agent.events, introduces, counts.is_some());
            newest.take(counts.map(|profile| profile.registered.recorded));
        }
    }
    newest.time.max(moved_by(state, &newest.bearing))
}

/// The newest of the events that bear on a profile.
#[derive(Default)]
struct Newest {
    time: Option<Time>,
    /// All of them, in effect or not: a revocation may have moved one.
    bearing: Vec<Address>,
}

impl Newest {
    fn take(&mut self, time: Option<Time>) {
        self.time = self.time.max(time);
    }

    /// Takes in the events of a stream that bear, and what brought one of them back.
    fn of_stream(&mut self, events: &Stream, bears: fn(&Data) -> bool, has_effect: bool) {
        for (event, in_effect) in events {
            let in_effect = *in_effect && has_effect;
            if bears(&event.data) {
                self.bearing.push(event.address);
                self.take(in_effect.then_some(event.recorded));
            } else if let Data::EventReaffirmed(data) = &event.data {
                let target = events.iter().find(|(one, _)| one.seq == data.r#ref);
                let moved = target.is_some_and(|(target, _)| bears(&target.data));
                self.take((in_effect && moved).then_some(event.recorded));
            }
        }
    }
}

/// Events of an agent that say how far its attestations count.
fn introduces(data: &Data) -> bool {
    matches!(data, Data::AgentRegistered(_) | Data::AgentChanged(_))
}

/// Events of an artifact that say how good it is.
fn judges(data: &Data) -> bool {
    matches!(
        data,
        Data::ArtifactAppraised(_) | Data::ArtifactStandingChanged(_)
    )
}

/// Events of a claim that bear on its profile; its status and its links do not.
fn bears(data: &Data) -> bool {
    matches!(
        data,
        Data::ClaimAsserted(_)
            | Data::ClaimRevised(_)
            | Data::ClaimScoped(_)
            | Data::ClaimUnscoped(_)
            | Data::EvidenceAdded(_)
            | Data::EvidenceRevised(_)
            | Data::EvidenceWithdrawn(_)
            | Data::AttestationMade(_)
            | Data::AttestationWithdrawn(_)
    )
}

/// Why no figure of a claim can be relied on, in words; empty where all that it needs is there.
pub(super) fn missing(state: &State, claim: &Claim, slug: &Slug) -> Vec<String> {
    if !state.is_incomplete() {
        return Vec::new();
    }
    let mut reasons = Vec::new();
    if state.has_gap(&Subject::claim(slug.clone())) {
        reasons.push("an event of the claim is missing from this copy".to_owned());
    }
    let artifacts: BTreeSet<&Slug> = claim.live_evidence().map(|edge| &edge.artifact.0).collect();
    for artifact in artifacts {
        let subject = Subject::Entity(Kind::Artifact, artifact.clone());
        if state.artifact(artifact).is_none() || state.has_gap(&subject) {
            reasons.push(format!("an event of {subject} is missing from this copy"));
        }
    }
    let attesters: BTreeSet<&Slug> = claim
        .live_attestations()
        .map(|made| &made.made.author)
        .collect();
    for attester in attesters {
        let subject = Subject::agent(attester.clone());
        if state.agent(attester).is_none() || state.has_gap(&subject) {
            reasons.push(format!("an event of {subject} is missing from this copy"));
        }
    }
    reasons
}

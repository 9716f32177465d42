//! Impact: what rests on an artifact, an agent or a key, and what the figures would be without it.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::claim::{Data, Event, KeyRevoked, Recorded, RevocationReason, State};
use crate::hash::Hash;
use crate::trust::{Figures, Inputs, Model, Standing};
use crate::value::{
    Address, CommitId, EventId, FormError, KeyId, Kind, Slug, Subject, Time, excerpt,
};

use super::inputs::{Filter, Keep, kept_inputs};
use super::profile::{assess, figures, model_name};
use super::timeline::subject_name;
use super::walk::{Move, moves};

/// What the question is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// An artifact: as if it were retracted.
    Artifact(Slug),
    /// An agent: as if nothing it brought, attested or appraised were there.
    Agent(Slug),
    /// A key: as if it were revoked as compromised since it was registered.
    Key(KeyId),
}

impl FromStr for Target {
    type Err = FormError;

    fn from_str(text: &str) -> Result<Target, FormError> {
        if let Ok(key) = text.parse() {
            return Ok(Target::Key(key));
        }
        match text.parse() {
            Ok(Subject::Entity(Kind::Artifact, slug)) => Ok(Target::Artifact(slug)),
            Ok(Subject::Entity(Kind::Agent, slug)) => Ok(Target::Agent(slug)),
            _ => Err(FormError::schema(
                excerpt(text),
                "artifact/ or agent/ and a slug, or a key id such as SHA256:…",
            )),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Artifact(slug) => write!(f, "artifact/{slug}"),
            Target::Agent(slug) => write!(f, "agent/{slug}"),
            Target::Key(key) => key.fmt(f),
        }
    }
}

/// What rests on an artifact, an agent or a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Impact {
    /// On what, as it was asked.
    pub target: String,
    /// Its title or name, or the name of the key's agent (ledger text).
    pub name: String,
    /// What was supposed, in our words.
    pub supposed: String,
    /// The model as `name@version`.
    pub model: String,
    /// Events that would be set aside and are not now; only of a key.
    pub set_aside: u64,
    /// The claims that it touches, by slug.
    pub claims: Vec<ClaimImpact>,
}

/// What a claim would be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimImpact {
    /// Which claim.
    pub claim: Slug,
    /// Its statement (ledger text).
    pub statement: String,
    /// Whether it would still be in effect.
    pub stands: bool,
    /// Its figures now, in ppm.
    pub now: Figures,
    /// Its figures then, in ppm.
    pub then: Figures,
    /// The figures that differ.
    pub moves: Vec<Move>,
}

/// What rests on a target; none where there is no such thing.
#[must_use]
pub fn impact(state: &State, target: &Target, model: &Model) -> Option<Impact> {
    let (name, supposed) = match target {
        Target::Artifact(slug) => {
            state.artifact(slug)?;
            let subject = Subject::Entity(Kind::Artifact, slug.clone());
            (
                subject_name(state, &subject),
                "as if the artifact were retracted",
            )
        }
        Target::Agent(slug) => {
            state.agent(slug)?;
            (
                subject_name(state, &Subject::agent(slug.clone())),
                "as if its evidence, scopes, links, attestations and appraisals were not there; what it worded stays",
            )
        }
        Target::Key(key) => {
            let owner = state.key_owner(key)?;
            (
                subject_name(state, &Subject::agent(owner.agent.clone())),
                "as if the key were revoked as compromised since the entry that registered it",
            )
        }
    };
    let then = Supposed::of(state, target);
    let claims = state
        .claims()
        .filter(|(_, claim)| claim.wording.is_some())
        .filter_map(|(slug, _)| claim_impact(state, slug, model, target, &then));
    Some(Impact {
        target: target.to_string(),
        name,
        supposed: supposed.to_owned(),
        model: model_name(model),
        set_aside: then.newly_aside(state),
        claims: claims.collect(),
    })
}

/// What is supposed: another state, another filter, or other inputs.
struct Supposed {
    state: State,
    keep: Keep,
    retracted: Option<Subject>,
}

impl Supposed {
    fn of(state: &State, target: &Target) -> Supposed {
        let mut supposed = Supposed {
            state: state.clone(),
            keep: Keep::from(&Filter::none()),
            retracted: None,
        };
        match target {
            Target::Artifact(slug) => {
                supposed.retracted = Some(Subject::Entity(Kind::Artifact, slug.clone()));
            }
            Target::Agent(slug) => supposed.keep.not_by = Some(slug.clone()),
            Target::Key(key) => revoke(&mut supposed.state, *key),
        }
        supposed
    }

    fn figures(&self, slug: &Slug, model: &Model) -> Figures {
        let Some(retracted) = &self.retracted else {
            return figures(&self.state, slug, model, &self.keep);
        };
        let Some(assessed) = assess(&self.state, slug, model, &self.keep) else {
            return Figures::default();
        };
        if !assessed.missing.is_empty() {
            return Figures::default();
        }
        let mut inputs: Inputs = assessed.inputs;
        for edge in &mut inputs.edges {
            if edge.artifact.subject == *retracted {
                edge.artifact.standing = Standing::Retracted;
            }
        }
        (model.assess)(&inputs).figures
    }

    fn newly_aside(&self, state: &State) -> u64 {
        let then = self.state.set_aside();
        then.filter(|address| !state.is_set_aside(**address))
            .count() as u64
    }
}

/// What a claim would be; none where the target does not touch it.
fn claim_impact(
    state: &State,
    slug: &Slug,
    model: &Model,
    target: &Target,
    then: &Supposed,
) -> Option<ClaimImpact> {
    let now = figures(state, slug, model, &Keep::default());
    let supposed = then.figures(slug, model);
    let claim = then.state.claim(slug);
    let stands = claim.is_some_and(|claim| claim.wording.is_some());
    if now == supposed && stands && !touches(state, slug, target) {
        return None;
    }
    Some(ClaimImpact {
        claim: slug.clone(),
        statement: subject_name(state, &Subject::claim(slug.clone())),
        stands,
        now,
        then: supposed,
        moves: moves(&now, &supposed),
    })
}

/// Whether a claim rests on the target, also where no figure would move.
fn touches(state: &State, slug: &Slug, target: &Target) -> bool {
    let Some((inputs, _)) = kept_inputs(state, slug, &Keep::default()) else {
        return false;
    };
    match target {
        Target::Artifact(artifact) => {
            let subject = Subject::Entity(Kind::Artifact, artifact.clone());
            let cited = inputs.edges.iter().map(|edge| &edge.artifact.subject);
            cited.collect::<BTreeSet<_>>().contains(&subject)
        }
        Target::Agent(agent) => inputs.events().iter().any(|event| event.author == *agent),
        Target::Key(_) => false,
    }
}

/// Takes in a revocation that nobody made.
fn revoke(state: &mut State, key: KeyId) {
    let Some(owner) = state.key_owner(&key).cloned() else {
        return;
    };
    let now = state.recorded().unwrap_or(Time::EPOCH);
    let subject = Subject::agent(owner.agent.clone());
    let head = state.stream(&subject).copied();
    let id = Hash::of(b"a revocation that nobody made");
    let event = Event {
        address: Address {
            entry: state.size(),
            position: 0,
        },
        id: EventId(id),
        subject,
        seq: head.map_or(1, |head| head.seq + 1),
        prev: head.map(|head| head.last),
        effective: None,
        author: owner.agent.clone(),
        at: now,
        recorded: now,
        data: Data::KeyRevoked(Box::new(KeyRevoked {
            key,
            reason: RevocationReason::Compromised,
            since: Some(owner.registered),
        })),
    };
    state.evolve(&Arc::new(Recorded {
        index: state.size(),
        commit: CommitId(id),
        recorded: now,
        author: owner.agent,
        at: now,
        anchor: None,
        signers: Vec::new(),
        events: vec![Arc::new(event)],
        key_faults: Vec::new(),
    }));
}

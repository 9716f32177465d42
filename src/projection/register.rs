//! Registers: artifacts, agents, contexts and views, a line each, by slug.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::claim::{AgentKind, Role, State};
use crate::value::{Kind, Ratio, Slug, Subject};

use super::inputs::{Filter, Keep, kept_artifact, kept_claim};
use super::page::{ArtifactCited, cited};

/// An artifact in one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct ArtifactRow {
    /// What it is and how it stands.
    #[serde(flatten)]
    pub artifact: ArtifactCited,
    /// How many live pieces of evidence cite it.
    pub cited_by: u64,
}

/// An agent in one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct AgentRow {
    /// Which one.
    pub subject: Subject,
    /// Its name (ledger text).
    pub name: String,
    /// What it is.
    pub kind: AgentKind,
    /// What it may do.
    pub roles: Vec<Role>,
    /// The community that its voice belongs to.
    pub community: Option<Slug>,
    /// How far its attestations count.
    pub reliability: Option<Ratio>,
}

/// A context in one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct ContextRow {
    /// Which one.
    pub subject: Subject,
    /// Its name (ledger text).
    pub name: String,
    /// What sort of context it is (ledger text).
    pub kind: String,
    /// How many live scopes of claims name it.
    pub claims: u64,
}

/// A view in one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct ViewRow {
    /// Which one.
    pub subject: Subject,
    /// Its name (ledger text).
    pub name: String,
    /// What it is for (ledger text).
    pub description: String,
    /// How many rules it has.
    pub rules: u64,
}

/// The artifacts in effect.
#[must_use]
pub fn artifact_rows(state: &State, filter: &Filter) -> Vec<ArtifactRow> {
    let keep = Keep::from(filter);
    let cited_by = named_by_claims(state, &keep, |claim, named| {
        named.extend(claim.live_evidence().map(|edge| edge.artifact.0.clone()));
    });
    let row = |slug: &Slug| {
        kept_artifact(state, slug, &keep)?.registration()?;
        Some(ArtifactRow {
            artifact: cited(state, slug, &keep),
            cited_by: cited_by.get(slug).copied().unwrap_or_default(),
        })
    };
    state
        .artifacts()
        .filter_map(|(slug, _)| row(slug))
        .collect()
}

/// The agents in effect.
#[must_use]
pub fn agent_rows(state: &State) -> Vec<AgentRow> {
    let row = |(slug, agent): (&Slug, &std::sync::Arc<crate::claim::Agent>)| {
        let profile = agent.profile.as_ref()?;
        Some(AgentRow {
            subject: Subject::agent(slug.clone()),
            name: profile.name.to_string(),
            kind: profile.kind,
            roles: profile.roles.0.clone(),
            community: profile.community.clone(),
            reliability: profile.reliability,
        })
    };
    state.agents().filter_map(row).collect()
}

/// The contexts in effect.
#[must_use]
pub fn context_rows(state: &State, filter: &Filter) -> Vec<ContextRow> {
    let keep = Keep::from(filter);
    let claims = named_by_claims(state, &keep, |claim, named| {
        named.extend(claim.live_scopes().map(|(_, data)| data.context.0.clone()));
    });
    let row = |(slug, context): (&Slug, &std::sync::Arc<crate::claim::Context>)| {
        let definition = context.definition()?;
        Some(ContextRow {
            subject: Subject::Entity(Kind::Context, slug.clone()),
            name: definition.name.to_string(),
            kind: definition.kind.to_string(),
            claims: claims.get(slug).copied().unwrap_or_default(),
        })
    };
    state.contexts().filter_map(row).collect()
}

/// The views in effect.
#[must_use]
pub fn view_rows(state: &State) -> Vec<ViewRow> {
    let row = |(slug, view): (&Slug, &std::sync::Arc<crate::claim::View>)| {
        let definition = view.definition()?;
        Some(ViewRow {
            subject: Subject::Entity(Kind::View, slug.clone()),
            name: definition.name.to_string(),
            description: definition.description.to_string(),
            rules: definition.rules.0.len() as u64,
        })
    };
    state.views().filter_map(row).collect()
}

/// How often the claims in effect name each slug.
fn named_by_claims(
    state: &State,
    keep: &Keep,
    names: impl Fn(&crate::claim::Claim, &mut Vec<Slug>),
) -> BTreeMap<Slug, u64> {
    let mut named = Vec::new();
    for (slug, _) in state.claims() {
        if let Some(claim) = kept_claim(state, slug, keep)
            && claim.wording.is_some()
        {
            names(&claim, &mut named);
        }
    }
    let mut counts = BTreeMap::new();
    for slug in named {
        *counts.entry(slug).or_default() += 1;
    }
    counts
}

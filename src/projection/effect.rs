//! Effect: what events do to figures.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::claim::{Claim, Event, State};
use crate::trust::Figures;
use crate::value::{Kind, Slug, Subject};

use super::inputs::Filter;
use super::profile::{model_in_force, model_name, profile};

/// A claim's figures before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct FiguresMoved {
    /// Which claim.
    pub claim: Slug,
    /// The model as `name@version`.
    pub model: String,
    /// The figures before, in ppm; none where there was no such claim.
    pub before: Option<Figures>,
    /// The figures after.
    pub after: Option<Figures>,
}

/// The figures, by the model in force, of the claims that these events bear on, in the state before
/// them and in the one after.
pub fn figures_moved<'e>(
    before: &State,
    after: &State,
    events: impl IntoIterator<Item = &'e Event>,
) -> Vec<FiguresMoved> {
    let Ok(model) = model_in_force(after) else {
        return Vec::new();
    };
    let figures = |state: &State, claim: &Slug| {
        profile(state, claim, model, &Filter::none()).map(|profile| profile.figures)
    };
    let touched = touched(after, events.into_iter().map(|event| &event.subject));
    let moved = touched.into_iter().map(|claim| FiguresMoved {
        model: model_name(model),
        before: figures(before, &claim),
        after: figures(after, &claim),
        claim,
    });
    moved.collect()
}

/// The claims whose figures some subjects bear on.
fn touched<'s>(state: &State, subjects: impl Iterator<Item = &'s Subject>) -> BTreeSet<Slug> {
    let mut touched = BTreeSet::new();
    for subject in subjects {
        match subject {
            Subject::Entity(Kind::Claim, slug) => {
                touched.insert(slug.clone());
            }
            Subject::Entity(Kind::Artifact, slug) => {
                touched.extend(claims_where(state, |claim| {
                    claim.live_evidence().any(|edge| edge.artifact.0 == *slug)
                }));
            }
            Subject::Entity(Kind::Agent, slug) => {
                touched.extend(claims_where(state, |claim| {
                    claim
                        .live_attestations()
                        .any(|attestation| attestation.made.author == *slug)
                }));
            }
            _ => {}
        }
    }
    touched
}

fn claims_where(state: &State, holds: impl Fn(&Claim) -> bool) -> impl Iterator<Item = Slug> {
    let claims = state.claims().filter(move |(_, claim)| holds(claim));
    claims.map(|(slug, _)| slug.clone())
}

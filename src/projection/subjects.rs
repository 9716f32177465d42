//! Subjects: the names that a reader may use.

use crate::claim::State;
use crate::value::{Kind, Slug, Subject};

/// Every subject of a ledger, in effect or not, by name.
#[must_use]
pub fn subjects(state: &State) -> Vec<Subject> {
    let entity = |kind: Kind| move |slug: &Slug| Subject::Entity(kind, slug.clone());
    let agents = state.agents().map(|(slug, _)| slug);
    let artifacts = state.artifacts().map(|(slug, _)| slug);
    let claims = state.claims().map(|(slug, _)| slug);
    let contexts = state.contexts().map(|(slug, _)| slug);
    let views = state.views().map(|(slug, _)| slug);
    let ledger = state.constitution().map(|_| Subject::Ledger);
    let mut all: Vec<Subject> = agents
        .map(entity(Kind::Agent))
        .chain(artifacts.map(entity(Kind::Artifact)))
        .chain(claims.map(entity(Kind::Claim)))
        .chain(contexts.map(entity(Kind::Context)))
        .chain(views.map(entity(Kind::View)))
        .chain(ledger)
        .collect();
    all.sort_by_cached_key(ToString::to_string);
    all
}

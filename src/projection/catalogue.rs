//! Catalogue: the claims of a ledger, a line each; search; and the whole ledger at a point.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::claim::{Claim, Lifecycle, Standing, State};
use crate::trust::{Counts, Figure, Figures, Model};
use crate::value::{Origin, Slug, Time};

use super::inputs::{Filter, Keep};
use super::page::{DomainShown, StatusShown, domains, status};
use super::profile::{Assessed, Profile, assess, model_name};
use super::views::{CompiledViews, ViewStatus};
use super::words::artifact_title;

/// A claim in one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct CatalogueRow {
    /// Which claim.
    pub claim: Slug,
    /// The claim in one line (ledger text).
    pub statement: String,
    /// Where it is in its life.
    pub lifecycle: Lifecycle,
    /// How it stands.
    pub standing: Standing,
    /// Its version, from 1.
    pub version: u64,
    /// Its figures in ppm; null where not assessed.
    pub figures: Figures,
    /// Figures that rest on an assumption.
    pub assumed: Vec<Figure>,
    /// How much went in.
    pub counts: Counts,
    /// Recorded time of the newest event of its stream.
    pub updated: Option<Time>,
    /// The fields it belongs to.
    pub domains: Vec<DomainShown>,
    /// What each view says of it.
    pub views: Vec<ViewStatus>,
}

/// By what rows are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// By slug.
    #[default]
    Slug,
    /// The newest first.
    Updated,
    /// The highest first, not assessed last.
    Figure(Figure),
}

/// Which claims are asked for; an empty field means all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wanted {
    /// A lifecycle or a standing, by its word; all of several.
    pub status: Vec<String>,
    /// The name of a domain, in any case.
    pub domain: Option<String>,
    /// A view and its verdict; without a verdict: included or downweighted.
    pub view: Option<(Slug, Option<String>)>,
    /// Words that all must occur.
    pub search: Option<String>,
    /// The order.
    pub order: Order,
    /// The reverse of the order; not assessed stays last.
    pub reverse: bool,
}

/// The claims in effect that are wanted, a line each.
#[must_use]
pub fn catalogue(
    state: &State,
    model: &Model,
    filter: &Filter,
    wanted: &Wanted,
) -> Vec<CatalogueRow> {
    let keep = Keep::from(filter);
    let views = CompiledViews::of(state);
    let words = wanted.search.as_deref().map(search_words);
    let row = |slug: &Slug| {
        let assessed = assess(state, slug, model, &keep)?;
        let found = words
            .as_ref()
            .is_none_or(|words| occurs(state, slug, &assessed.claim, words));
        found
            .then(|| catalogue_row(slug, &assessed, &views))
            .flatten()
    };
    let mut rows: Vec<CatalogueRow> = state.claims().filter_map(|(slug, _)| row(slug)).collect();
    rows.retain(|row| wanted.takes(row));
    wanted.sort(&mut rows);
    rows
}

fn catalogue_row(slug: &Slug, assessed: &Assessed, views: &CompiledViews) -> Option<CatalogueRow> {
    let claim = &assessed.claim;
    let wording = claim.wording.as_ref()?;
    let (figures, counts) = (
        assessed.assessment.figures,
        assessed.assessment.trace.summary.inputs,
    );
    Some(CatalogueRow {
        claim: slug.clone(),
        statement: wording.statement.to_string(),
        lifecycle: claim.status.lifecycle,
        standing: claim.status.standing,
        version: claim.version(),
        figures,
        assumed: assessed.assessment.trace.assumed.clone(),
        counts,
        updated: updated(claim),
        domains: domains(wording),
        views: views.judge(claim, &figures, &counts),
    })
}

/// Recorded time of the newest event in effect.
fn updated(claim: &Claim) -> Option<Time> {
    let in_effect = claim.events.iter().filter(|(_, in_effect)| *in_effect);
    in_effect.map(|(event, _)| event.recorded).max()
}

impl Wanted {
    /// Whether a claim is wanted; for its words somebody has looked already.
    #[must_use]
    pub fn takes(&self, row: &CatalogueRow) -> bool {
        let has_status = |word: &String| {
            row.lifecycle.word() == word.as_str() || row.standing.word() == word.as_str()
        };
        self.status.iter().all(has_status)
            && self.domain.as_ref().is_none_or(|wanted| {
                let wanted = folded(wanted);
                row.domains.iter().any(|one| folded(&one.name) == wanted)
            })
            && self
                .view
                .as_ref()
                .is_none_or(|(view, verdict)| is_in(row, view, verdict.as_deref()))
    }

    /// Puts rows in the order that is wanted; equal ones by slug.
    pub fn sort(&self, rows: &mut [CatalogueRow]) {
        rows.sort_by(|one, other| self.compare(one, other));
    }

    fn compare(&self, one: &CatalogueRow, other: &CatalogueRow) -> Ordering {
        let turned = |order: Ordering| if self.reverse { order.reverse() } else { order };
        let ordered = match self.order {
            Order::Slug => turned(one.claim.cmp(&other.claim)),
            Order::Updated => turned(other.updated.cmp(&one.updated)),
            Order::Figure(figure) => match (one.figures.get(figure), other.figures.get(figure)) {
                (Some(one), Some(other)) => turned(other.cmp(&one)),
                (one, other) => other.is_some().cmp(&one.is_some()),
            },
        };
        ordered.then_with(|| one.claim.cmp(&other.claim))
    }
}

fn is_in(row: &CatalogueRow, view: &Slug, verdict: Option<&str>) -> bool {
    let status = row.views.iter().find(|status| status.view == *view);
    status.is_some_and(|status| match verdict {
        Some(verdict) => status.verdict == verdict,
        None => matches!(status.verdict.as_str(), "included" | "downweighted"),
    })
}

/// Text in one case; a final sigma is a sigma.
pub(super) fn folded(text: &str) -> String {
    text.to_lowercase().replace('ς', "σ")
}

pub(super) fn search_words(text: &str) -> Vec<String> {
    text.split_whitespace().map(folded).collect()
}

/// Whether all words occur in what a claim says, its slug, or the titles of what it cites.
pub(super) fn occurs(state: &State, slug: &Slug, claim: &Claim, words: &[String]) -> bool {
    let Some(wording) = &claim.wording else {
        return false;
    };
    let mut text = format!("{slug}\n{}\n{}\n", wording.statement, wording.summary);
    if let Some(detail) = &wording.detail {
        text.push_str(detail.as_str());
    }
    for edge in claim.live_evidence() {
        text.push('\n');
        text.push_str(&artifact_title(state, &edge.artifact.0));
    }
    let text = folded(&text);
    words.iter().all(|word| text.contains(word.as_str()))
}

/// The whole ledger at a point: every claim in effect with its profile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Replay {
    /// The ledger; none before genesis.
    pub origin: Option<Origin>,
    /// Entries folded.
    pub entries: u64,
    /// Recorded time of the newest of them.
    pub recorded: Option<Time>,
    /// Only what held in the world by this instant.
    pub effective: Option<Time>,
    /// The model as `name@version`.
    pub model: String,
    /// The claims, by slug.
    pub claims: Vec<ReplayedClaim>,
}

/// A claim at a point.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct ReplayedClaim {
    /// Which claim.
    pub claim: Slug,
    /// The claim in one line (ledger text).
    pub statement: String,
    /// Its version, from 1.
    pub version: u64,
    /// Where it is in its life and how it stands.
    pub status: StatusShown,
    /// How much went into its figures.
    pub counts: Counts,
    /// Its figures.
    pub profile: Profile,
}

/// A claim at a point; none where no such claim is in effect.
#[must_use]
pub fn replayed_claim(
    state: &State,
    slug: &Slug,
    model: &Model,
    filter: &Filter,
) -> Option<ReplayedClaim> {
    replayed(state, slug, model, &Keep::from(filter))
}

fn replayed(state: &State, slug: &Slug, model: &Model, keep: &Keep) -> Option<ReplayedClaim> {
    let assessed = assess(state, slug, model, keep)?;
    let wording = assessed.claim.wording.as_ref()?;
    Some(ReplayedClaim {
        claim: slug.clone(),
        statement: wording.statement.to_string(),
        version: assessed.claim.version(),
        status: status(state, &assessed.claim),
        counts: assessed.assessment.trace.summary.inputs,
        profile: assessed.profile(model),
    })
}

/// The whole ledger at a point.
#[must_use]
pub fn replay(state: &State, model: &Model, filter: &Filter) -> Replay {
    let keep = Keep::from(filter);
    let claim = |slug: &Slug| replayed(state, slug, model, &keep);
    Replay {
        origin: state.origin().cloned(),
        entries: state.size(),
        recorded: state.recorded(),
        effective: filter.effective,
        model: model_name(model),
        claims: state.claims().filter_map(|(slug, _)| claim(slug)).collect(),
    }
}

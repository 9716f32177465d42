//! Difference: what changed for a claim between two points, and which entry moved which figure.
//!
//! Evidence change and model change are kept apart: the walk goes from one point to the other under
//! the old model, and only then from the old model to the new one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::claim::{Claim, Event, State};
use crate::trust::{Figures, Model};
use crate::value::{Address, Slug, Subject, Time};

use super::inputs::{Keep, kept_artifact, kept_claim};
use super::page::place;
use super::profile::{assess, model_name};
use super::timeline::said;
use super::views::CompiledViews;
use super::walk::{Move, Step, Walk, moves};
use super::words::{Byline, Phrase};

/// A point from which a claim is seen.
#[derive(Debug, Clone, Copy)]
pub struct Point<'p> {
    /// What the ledger knew.
    pub state: &'p State,
    /// Only what held in the world by this instant; none: everything.
    pub effective: Option<Time>,
    /// By which model.
    pub model: &'p Model,
}

/// A point, as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct PointShown {
    /// Entries folded.
    pub entries: u64,
    /// Recorded time of the newest of them.
    pub recorded: Option<Time>,
    /// Only what held in the world by this instant.
    pub effective: Option<Time>,
    /// The model as `name@version`.
    pub model: String,
    /// Whether the claim was there.
    pub exists: bool,
    /// Its version, from 1; 0 where it was not there.
    pub version: u64,
}

/// What changed for a claim between two points.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct Difference {
    /// Which claim.
    pub subject: Subject,
    /// From where.
    pub from: PointShown,
    /// To where.
    pub to: PointShown,
    /// Fields, status and view verdicts that differ.
    pub fields: Vec<FieldChange>,
    /// Events of the claim and of the artifacts that it cites, that have effect at one point only.
    pub changes: Vec<Change>,
    /// Every figure that differs, old and new.
    pub figures: Vec<Move>,
    /// The part of it that comes from evidence: under the old model.
    pub evidence_change: Vec<Move>,
    /// The part of it that comes from the model: at the new point.
    pub model_change: Vec<Move>,
    /// The evidence change, step by step.
    pub steps: Vec<Step>,
}

/// A field that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct FieldChange {
    /// Which one: `statement`, `lifecycle`, `view/strict` …
    pub field: String,
    /// Before (ledger text).
    pub from: Option<String>,
    /// After (ledger text).
    pub to: Option<String>,
}

/// An event that has effect at one point only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct Change {
    /// The part that it belongs to: `versions`, `status`, `evidence`, `scope`, `neighborhood`,
    /// `attestations`, `notes`, `artifacts`.
    pub part: String,
    /// Whether it has effect at the later point and had none at the earlier one, not the reverse.
    pub gained: bool,
    /// Its type.
    pub r#type: String,
    /// What it says happened.
    pub words: Phrase,
    /// Who signed it.
    pub by: Byline,
}

/// What changed for a claim from one point to another of the same ledger; none where neither has it.
#[must_use]
pub fn difference(slug: &Slug, from: Point<'_>, to: Point<'_>) -> Option<Difference> {
    let (before, after) = (Seen::at(slug, from), Seen::at(slug, to));
    if !before.exists() && !after.exists() {
        return None;
    }
    let under_old_model = Seen::at(
        slug,
        Point {
            model: from.model,
            ..to
        },
    );
    Some(Difference {
        subject: Subject::claim(slug.clone()),
        from: before.shown(from),
        to: after.shown(to),
        fields: field_changes(&before.fields, &after.fields),
        changes: changes(&before, &after, from, to),
        figures: moves(&before.figures, &after.figures),
        evidence_change: moves(&before.figures, &under_old_model.figures),
        model_change: moves(&under_old_model.figures, &after.figures),
        steps: steps(slug, from, to),
    })
}

/// By record under the old clock, then by valid time in the new state.
fn steps(slug: &Slug, from: Point<'_>, to: Point<'_>) -> Vec<Step> {
    let keep = keep(from.effective);
    let walk = Walk {
        claim: slug,
        model: from.model,
        keep: &keep,
    };
    let back = from.state.size() > to.state.size();
    let (older, newer) = if back {
        (to.state, from.state)
    } else {
        (from.state, to.state)
    };
    let mut recorded = walk.by_record(older, newer);
    if back {
        recorded = recorded
            .into_iter()
            .rev()
            .map(|step| step.turned())
            .collect();
    }
    let later = match (from.effective, to.effective) {
        (None, Some(_)) => true,
        (Some(from), Some(to)) => from > to,
        _ => false,
    };
    let valid = walk.by_validity(to.state, from.effective, to.effective);
    let recorded = recorded.iter().map(|step| step.shown(newer, back));
    let valid = valid.iter().map(|step| step.shown(to.state, later));
    recorded.chain(valid).collect()
}

fn keep(effective: Option<Time>) -> Keep {
    Keep::from(&super::Filter {
        effective,
        without: None,
    })
}

/// A claim at a point.
struct Seen {
    version: u64,
    figures: Figures,
    fields: BTreeMap<String, String>,
    events: BTreeMap<Address, Part>,
}

struct Part {
    part: &'static str,
    event: std::sync::Arc<Event>,
}

impl Seen {
    fn at(slug: &Slug, point: Point<'_>) -> Seen {
        let keep = keep(point.effective);
        let assessed = assess(point.state, slug, point.model, &keep);
        let mut seen = Seen {
            version: 0,
            figures: Figures::default(),
            fields: BTreeMap::new(),
            events: BTreeMap::new(),
        };
        if let Some(assessed) = assessed {
            seen.version = assessed.claim.version();
            seen.figures = assessed.assessment.figures;
            seen.fields = fields(&assessed.claim);
            let counts = assessed.assessment.trace.summary.inputs;
            let views = CompiledViews::of(point.state);
            for view in views.judge(&assessed.claim, &seen.figures, &counts) {
                seen.fields
                    .insert(format!("view/{}", view.view), view.verdict);
            }
            seen.events = events(point.state, slug, &assessed.claim, &keep);
        }
        seen
    }

    fn exists(&self) -> bool {
        self.version > 0
    }

    fn shown(&self, point: Point<'_>) -> PointShown {
        PointShown {
            entries: point.state.size(),
            recorded: point.state.recorded(),
            effective: point.effective,
            model: model_name(point.model),
            exists: self.exists(),
            version: self.version,
        }
    }
}

/// A claim's fields and status as text, by name.
pub(super) fn fields(claim: &Claim) -> BTreeMap<String, String> {
    let mut fields = BTreeMap::new();
    let mut put = |name: &str, value: String| {
        fields.insert(name.to_owned(), value);
    };
    if let Some(wording) = &claim.wording {
        put("statement", wording.statement.to_string());
        put("summary", wording.summary.to_string());
        if let Some(detail) = &wording.detail {
            put("detail", detail.to_string());
        }
        put("nature", wording.nature.to_string());
        put("polarity", wording.polarity.to_string());
        put("falsifiability", wording.falsifiability.to_string());
        put("origin", wording.origin.to_string());
        let domains = wording.domains.0.iter();
        let domains: Vec<String> = domains
            .map(|domain| format!("{} {}", domain.name, domain.weight))
            .collect();
        put("domains", domains.join(", "));
    }
    put("lifecycle", claim.status.lifecycle.to_string());
    put("standing", claim.status.standing.to_string());
    fields
}

fn field_changes(
    before: &BTreeMap<String, String>,
    after: &BTreeMap<String, String>,
) -> Vec<FieldChange> {
    let names: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    names
        .into_iter()
        .filter(|name| before.get(*name) != after.get(*name))
        .map(|name| FieldChange {
            field: name.clone(),
            from: before.get(name).cloned(),
            to: after.get(name).cloned(),
        })
        .collect()
}

/// The events in effect of a claim and of the artifacts that its evidence cites.
fn events(state: &State, slug: &Slug, claim: &Claim, keep: &Keep) -> BTreeMap<Address, Part> {
    let mut events = BTreeMap::new();
    let mut take = |part: &'static str, stream: &crate::claim::Stream| {
        for (event, _) in stream.iter().filter(|(_, in_effect)| *in_effect) {
            let part = match part {
                "" => place(&event.data),
                given => given,
            };
            let event = std::sync::Arc::clone(event);
            events.insert(event.address, Part { part, event });
        }
    };
    if let Some(claim) = kept_claim(state, slug, keep) {
        take("", &claim.events);
    }
    for edge in &claim.evidence {
        if let Some(artifact) = kept_artifact(state, &edge.artifact.0, keep) {
            take("artifacts", &artifact.events);
        }
    }
    events
}

fn changes(before: &Seen, after: &Seen, from: Point<'_>, to: Point<'_>) -> Vec<Change> {
    let lost = before
        .events
        .iter()
        .filter(|(address, _)| !after.events.contains_key(*address));
    let gained = after
        .events
        .iter()
        .filter(|(address, _)| !before.events.contains_key(*address));
    let lost = lost.map(|(_, part)| change(from.state, part, false));
    let gained = gained.map(|(_, part)| change(to.state, part, true));
    lost.chain(gained).collect()
}

fn change(state: &State, part: &Part, gained: bool) -> Change {
    Change {
        part: part.part.to_owned(),
        gained,
        r#type: part.event.data.name().to_owned(),
        words: said(state, &part.event),
        by: Byline::of(state, &part.event),
    }
}

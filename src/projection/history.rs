//! History: a claim's figures from its first event on, step by step.

use serde::{Deserialize, Serialize};

use crate::claim::State;
use crate::trust::{Figures, Model};
use crate::value::{Slug, Subject};

use super::inputs::{Filter, Keep};
use super::profile::model_name;
use super::walk::{Cause, Footstep, Move, Walk, moves};
use super::words::{Byline, Phrase};

/// A claim's figures from its first event on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct History {
    /// Which claim.
    pub subject: Subject,
    /// The model as `name@version`.
    pub model: String,
    /// What moved a figure, oldest first. Each step begins where the one before it ended.
    pub steps: Vec<HistoryStep>,
}

/// Something that moved at least one figure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct HistoryStep {
    /// What moved them.
    pub cause: Cause,
    /// The event: recorded, or expired.
    pub by: Byline,
    /// What it says happened.
    pub words: Phrase,
    /// The figures with it, in ppm; null where not assessed.
    pub figures: Figures,
    /// Those that it moved.
    pub moves: Vec<Move>,
}

/// How a claim's figures came to be what they are, by the log's clock; none where no such claim is in
/// effect.
#[must_use]
pub fn history(state: &State, slug: &Slug, model: &Model, filter: &Filter) -> Option<History> {
    state.claim(slug)?.wording.as_ref()?;
    let keep = Keep::from(filter);
    let walk = Walk {
        claim: slug,
        model,
        keep: &keep,
    };
    let step = |step: &Footstep| HistoryStep {
        cause: step.cause,
        by: Byline::of(state, &step.event),
        words: super::timeline::said(state, &step.event),
        figures: step.after,
        moves: moves(&step.before, &step.after),
    };
    Some(History {
        subject: Subject::claim(slug.clone()),
        model: model_name(model),
        steps: walk
            .by_record(&State::new(), state)
            .iter()
            .map(step)
            .collect(),
    })
}

//! Blame: every field and figure of a claim with the entry that last changed it.

use serde::{Deserialize, Serialize};

use crate::claim::{Claim, Data, Event, State};
use crate::trust::{Figure, Model};
use crate::value::{Slug, Subject};

use super::difference::fields;
use super::inputs::{Filter, Keep, kept_claim};
use super::page::fields_given;
use super::profile::figures;
use super::timeline::said;
use super::walk::{Cause, Walk};
use super::words::{Byline, Phrase};

/// Every field and figure of a claim with the event that last changed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct Blame {
    /// Which claim.
    pub subject: Subject,
    /// Its fields and its status.
    pub fields: Vec<FieldBlame>,
    /// Its figures, in their order.
    pub figures: Vec<FigureBlame>,
}

/// A field and the event that last gave it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct FieldBlame {
    /// Its name.
    pub field: String,
    /// Its value (ledger text).
    pub value: String,
    /// Who gave it; none of a status that was never changed.
    pub by: Option<Byline>,
}

/// A figure and what last moved it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct FigureBlame {
    /// Which one.
    pub figure: Figure,
    /// Its value in ppm; none where not assessed.
    pub value: Option<u32>,
    /// Before that, in ppm; none where not assessed.
    pub before: Option<u32>,
    /// What moved it; none where it was never assessed.
    pub cause: Option<Cause>,
    /// The event; none where it was never assessed.
    pub by: Option<Byline>,
    /// What it says happened.
    pub words: Option<Phrase>,
}

/// Every field and figure of a claim with the event that last changed it; none where no such claim
/// is in effect. Figures are found by a walk over the whole ledger.
#[must_use]
pub fn blame(state: &State, slug: &Slug, model: &Model) -> Option<Blame> {
    let claim = kept_claim(state, slug, &Keep::default())?;
    claim.wording.as_ref()?;
    Some(Blame {
        subject: Subject::claim(slug.clone()),
        fields: field_blames(state, &claim),
        figures: figure_blames(state, slug, model),
    })
}

fn field_blames(state: &State, claim: &Claim) -> Vec<FieldBlame> {
    let fields = fields(claim).into_iter();
    fields
        .map(|(field, value)| FieldBlame {
            by: last_giver(claim, &field).map(|event| Byline::of(state, event)),
            field,
            value,
        })
        .collect()
}

fn last_giver<'c>(claim: &'c Claim, field: &str) -> Option<&'c Event> {
    let in_effect = claim.events.iter().filter(|(_, in_effect)| *in_effect);
    let mut givers = in_effect.filter(|(event, _)| match (&event.data, field) {
        (Data::StatusChanged(data), "lifecycle") => data.lifecycle.is_some(),
        (Data::StatusChanged(data), "standing") => data.standing.is_some(),
        (data, field) => fields_given(data).iter().any(|given| given == field),
    });
    givers.next_back().map(|(event, _)| &**event)
}

fn figure_blames(state: &State, slug: &Slug, model: &Model) -> Vec<FigureBlame> {
    let keep = Keep::from(&Filter::none());
    let walk = Walk {
        claim: slug,
        model,
        keep: &keep,
    };
    let now = figures(state, slug, model, &keep);
    let steps = walk.by_record(&State::new(), state);
    let blamed = |figure: Figure| {
        let mover = steps
            .iter()
            .rev()
            .find(|step| step.before.get(figure) != step.after.get(figure));
        FigureBlame {
            figure,
            value: now.get(figure),
            before: mover.and_then(|step| step.before.get(figure)),
            cause: mover.map(|step| step.cause),
            by: mover.map(|step| Byline::of(state, &step.event)),
            words: mover.map(|step| said(state, &step.event)),
        }
    };
    Figure::ALL.into_iter().map(blamed).collect()
}

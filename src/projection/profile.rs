//! Profile: a claim's figures by a model, with what they rest on and what they could not be had for.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::claim::{Claim, ModelAdopted, State};
use crate::trust::{Assessment, Coverages, Figure, Figures, Inputs, MODELS, Model};
use crate::value::{Slug, Time};

use super::inputs::{Filter, Keep, kept_inputs, missing};

/// The model that is in force until a ledger adopts one.
const FIRST_MODEL: &str = "claim_support_vector@v1.0";

/// A model that was named or adopted and that this program cannot run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelFault {
    /// No released model has this name and version.
    Unknown(String),
    /// The ledger adopted a model of this name whose parameter document is another one.
    OtherParameters(String),
}

impl fmt::Display for ModelFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ModelFault::Unknown(name) => {
                let known: Vec<String> = MODELS.iter().map(model_name).collect();
                let name = crate::value::excerpt(name);
                write!(f, "found the model {name}, expected {}", known.join(" or "))
            }
            ModelFault::OtherParameters(name) => write!(
                f,
                "the ledger adopted {} with parameters that are not those of the released model",
                crate::value::excerpt(name)
            ),
        }
    }
}

impl std::error::Error for ModelFault {}

/// `name@version` of a model.
#[must_use]
pub fn model_name(model: &Model) -> String {
    format!("{}@{}", model.name, model.version)
}

/// The model in force: the ledger's newest default, or the first model until one is adopted.
///
/// # Errors
/// The adopted model is not released, or not with these parameters.
pub fn model_in_force(state: &State) -> Result<&'static Model, ModelFault> {
    let model = model_named(&name_in_force(state))?;
    match adopted(state) {
        Some(adopted) if adopted.spec != model.spec() => {
            Err(ModelFault::OtherParameters(model_name(model)))
        }
        _ => Ok(model),
    }
}

/// `name@version` of the model in force, whether this program can run it or not.
#[must_use]
pub fn name_in_force(state: &State) -> String {
    adopted(state).map_or_else(
        || FIRST_MODEL.to_owned(),
        |adopted| format!("{}@{}", adopted.model, adopted.version),
    )
}

fn adopted(state: &State) -> Option<&ModelAdopted> {
    state.constitution()?.default_model()
}

/// The model of this `name@version`; of a name alone, its newest version.
///
/// # Errors
/// No released model is called so.
pub fn model_named(name: &str) -> Result<&'static Model, ModelFault> {
    let newest = || MODELS.iter().rev().find(|model| model.name == name);
    crate::trust::find(name)
        .or_else(newest)
        .ok_or_else(|| ModelFault::Unknown(name.to_owned()))
}

/// The model of this name, or the one in force where none is named.
///
/// # Errors
/// As [`model_named`] and [`model_in_force`].
pub fn model_asked(state: &State, name: Option<&str>) -> Result<&'static Model, ModelFault> {
    match name {
        Some(name) => model_named(name),
        None => model_in_force(state),
    }
}

/// A claim's figures by a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct Profile {
    /// The model as `name@version`.
    pub model: String,
    /// The eleven figures in ppm; null where not assessed.
    pub figures: Figures,
    /// Recorded time of the newest event that bears on them.
    pub computed_at: Option<Time>,
    /// Figures that rest on the assumed quality of a source that nobody appraised.
    pub assumed: Vec<Figure>,
    /// How much of its parts each derived figure had.
    pub coverage: Coverages,
    /// Why figures are not assessed.
    pub not_assessed: Vec<NotAssessed>,
}

/// Why a figure is not assessed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct NotAssessed {
    /// Which one.
    pub figure: Figure,
    /// Why, in our words.
    pub reason: String,
}

/// A claim, what a model looked at, and what it said.
pub(super) struct Assessed {
    pub(super) claim: Arc<Claim>,
    pub(super) inputs: Inputs,
    pub(super) assessment: Assessment,
    /// Why nothing could be assessed; empty where it could.
    pub(super) missing: Vec<String>,
}

/// A claim's profile; none where no such claim is in effect.
#[must_use]
pub fn profile(state: &State, claim: &Slug, model: &Model, filter: &Filter) -> Option<Profile> {
    assess(state, claim, model, &Keep::from(filter)).map(|assessed| assessed.profile(model))
}

pub(super) fn assess(state: &State, slug: &Slug, model: &Model, keep: &Keep) -> Option<Assessed> {
    let (inputs, claim) = kept_inputs(state, slug, keep)?;
    let mut assessment = (model.assess)(&inputs);
    let missing = missing(state, &claim, slug);
    if !missing.is_empty() {
        withhold(&mut assessment);
    }
    Some(Assessed {
        claim,
        inputs,
        assessment,
        missing,
    })
}

/// Takes every figure back: what they rest on is not all there.
fn withhold(assessment: &mut Assessment) {
    assessment.figures = Figures::default();
    assessment.trace.assumed.clear();
    let coverage = &mut assessment.trace.coverage;
    for part in [&mut coverage.supp, &mut coverage.fron, &mut coverage.stab] {
        part.present = 0;
    }
}

/// The figures alone; all not assessed where no such claim is in effect.
pub(super) fn figures(state: &State, slug: &Slug, model: &Model, keep: &Keep) -> Figures {
    assess(state, slug, model, keep)
        .map(|assessed| assessed.assessment.figures)
        .unwrap_or_default()
}

impl Assessed {
    pub(super) fn profile(&self, model: &Model) -> Profile {
        let Assessment { figures, trace } = &self.assessment;
        let missing = Figure::ALL
            .into_iter()
            .filter(|figure| figures.get(*figure).is_none());
        Profile {
            model: model_name(model),
            figures: *figures,
            computed_at: trace.computed_at,
            assumed: trace.assumed.clone(),
            coverage: trace.coverage,
            not_assessed: missing
                .map(|figure| NotAssessed {
                    figure,
                    reason: self.reason(figure),
                })
                .collect(),
        }
    }

    /// Why a figure is not assessed.
    pub(super) fn reason(&self, figure: Figure) -> String {
        if !self.missing.is_empty() {
            return self.missing.join("; ");
        }
        reason(figure).to_owned()
    }
}

fn reason(figure: Figure) -> &'static str {
    match figure {
        Figure::Evidence => "no evidence has a strength",
        Figure::Replication => "no supporting evidence with a weight says how well it replicates",
        Figure::Consensus => "nothing with a weight speaks for the claim or against it",
        Figure::Methodology => "nobody appraised the methodology of a source with a weight",
        Figure::Credibility => "nobody appraised the credibility of a source with a weight",
        Figure::Scope => "nobody said where the claim holds or fails",
        Figure::Bridge => "no evidence and no attestation has a weight",
        Figure::Contestation => "nothing with a weight speaks for the claim or against it",
        Figure::Support => "evidence is not assessed",
        Figure::Frontier => "none of bridge, contestation and consensus is assessed",
        Figure::Stability => "none of replication, consensus and contestation is assessed",
    }
}

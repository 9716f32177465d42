//! Trust: how far to trust a claim, and why.
//!
//! A [`Model`] turns the live [`Inputs`] of a claim into an [`Assessment`]: eleven figures and the
//! trace of how they came about. A released model is one frozen file that is never edited; a better
//! one is a new file and a new version, and both can be run over any date. A [`View`] is a policy
//! over claims and their figures.

mod claim_support_vector_v1_0;
mod figure;
mod inputs;
mod trace;
mod view;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

pub use figure::{Figure, Figures, percent};
pub use inputs::{
    Appraisal, ArtifactInput, AttestationInput, EdgeInput, Inputs, Relation, ScopeInput,
    ScopeRelation, Standing, Verdict,
};
pub use trace::{
    AttestationCounted, AttestationTrace, CommunityTrace, Counts, Coverage, Coverages, EdgeCounted,
    EdgeTrace, Summary, Trace,
};
pub use view::{
    CelFault, ClaimFacts, DomainFact, Judgement, Rule, View, ViewRules, ViewVerdict, compile_check,
};

use serde::Serialize;

use crate::hash::Hash;
use crate::value::EventRef;

/// A released way to assess a claim. Pure: the same inputs give the same digits for ever.
#[derive(Debug)]
pub struct Model {
    /// Its name, such as `claim_support_vector`.
    pub name: &'static str,
    /// Its version, such as `v1.0`.
    pub version: &'static str,
    /// Its parameter document: canonical JSON with every constant and formula.
    pub parameters: &'static str,
    /// Assesses a claim.
    pub assess: fn(&Inputs) -> Assessment,
    /// The events that a figure stands on, by address, without repeats; none when not assessed.
    pub stands_on: fn(&Inputs, Figure) -> Vec<EventRef>,
}

/// Every released model, oldest first.
pub const MODELS: &[Model] = &[Model {
    name: "claim_support_vector",
    version: "v1.0",
    parameters: include_str!("../../docs/models/claim_support_vector-v1.0.json"),
    assess: claim_support_vector_v1_0::assess,
    stands_on: claim_support_vector_v1_0::stands_on,
}];

/// The model of this name and version: `claim_support_vector@v1.0`.
#[must_use]
pub fn find(name_at_version: &str) -> Option<&'static Model> {
    let (name, version) = name_at_version.split_once('@')?;
    MODELS
        .iter()
        .find(|model| model.name == name && model.version == version)
}

impl Model {
    /// SHA-256 of its parameter document: what a ledger that adopts it commits to.
    #[must_use]
    pub fn spec(&self) -> Hash {
        Hash::of(self.parameters.as_bytes())
    }
}

/// What a model says of a claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Assessment {
    /// The eleven figures, in ppm.
    pub figures: Figures,
    /// How they came about.
    pub trace: Trace,
}

impl Assessment {
    /// Whether the figure rests on the assumed quality of a source that nobody appraised.
    #[must_use]
    pub fn is_assumed(&self, figure: Figure) -> bool {
        self.trace.assumed.contains(&figure)
    }

    /// How much of its parts a derived figure had; none for a dimension.
    #[must_use]
    pub fn coverage(&self, figure: Figure) -> Option<Coverage> {
        let coverage = &self.trace.coverage;
        match figure {
            Figure::Support => Some(coverage.supp),
            Figure::Frontier => Some(coverage.fron),
            Figure::Stability => Some(coverage.stab),
            _ => None,
        }
    }

    /// Whether the figure is assessed from a part of its parts only.
    #[must_use]
    pub fn is_partial(&self, figure: Figure) -> bool {
        self.figures.get(figure).is_some()
            && self.coverage(figure).is_some_and(Coverage::is_partial)
    }
}

/// What one event did to the figures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Contribution {
    /// The event.
    pub event: EventRef,
    /// For each figure, in the order of [`Figure::ALL`].
    pub changes: Vec<Change>,
}

/// A figure with an event and without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Which figure.
    pub figure: Figure,
    /// It as it is, in ppm; none where not assessed.
    pub with: Option<u32>,
    /// It had the event not been, in ppm; none where not assessed.
    pub without: Option<u32>,
    /// With less without, in ppm; none where either is not assessed.
    pub contribution: Option<i64>,
}

/// What each event that the inputs come from did to the figures, by leave one out: the figure as it
/// is, less the figure without that event. Contributions do not add up to the figure.
///
/// `without` gives the inputs as they would be had an event not been; it is asked once an event.
pub fn contributions(
    model: &Model,
    inputs: &Inputs,
    without: impl Fn(&EventRef) -> Inputs,
) -> Vec<Contribution> {
    let whole = (model.assess)(inputs).figures;
    let contribution = |event: EventRef| {
        let rest = (model.assess)(&without(&event)).figures;
        let changes = Figure::ALL.map(|figure| Change::between(figure, &whole, &rest));
        Contribution {
            event,
            changes: changes.to_vec(),
        }
    };
    inputs.events().into_iter().map(contribution).collect()
}

impl Change {
    fn between(figure: Figure, whole: &Figures, rest: &Figures) -> Change {
        let (with, without) = (whole.get(figure), rest.get(figure));
        let contribution = with
            .zip(without)
            .map(|(with, without)| i64::from(with) - i64::from(without));
        Change {
            figure,
            with,
            without,
            contribution,
        }
    }
}

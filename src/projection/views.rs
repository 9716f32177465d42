//! Views over claims: compiled once, asked for many claims.

use serde::{Deserialize, Serialize};

use crate::claim::{Claim, State, ViewDefined};
use crate::trust::{ClaimFacts, Counts, DomainFact, Figures, Judgement, Rule, View, ViewRules};
use crate::value::Slug;

/// What a view says of a claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct ViewStatus {
    /// The view.
    pub view: Slug,
    /// Its name (ledger text).
    pub name: String,
    /// `included`, `downweighted`, `excluded` or `undetermined`.
    pub verdict: String,
    /// The number of the rule that decided, from 1; none where none did.
    pub rule: Option<u64>,
    /// The condition of that rule (ledger text).
    pub when: Option<String>,
    /// Its reason (ledger text); none where no rule decided or the rule could not be answered.
    pub reason: Option<String>,
    /// What was wrong with the rule, in our words, with shortened ledger text in quotes.
    pub fault: Option<String>,
}

/// The views in effect, compiled.
pub(super) struct CompiledViews {
    views: Vec<CompiledView>,
}

pub(super) struct CompiledView {
    pub(super) slug: Slug,
    name: String,
    conditions: Vec<String>,
    view: View,
}

impl CompiledViews {
    pub(super) fn of(state: &State) -> CompiledViews {
        let compiled = state
            .views()
            .filter_map(|(slug, view)| Some(CompiledView::of(slug, view.definition()?)));
        CompiledViews {
            views: compiled.collect(),
        }
    }

    pub(super) fn judge(
        &self,
        claim: &Claim,
        figures: &Figures,
        counts: &Counts,
    ) -> Vec<ViewStatus> {
        let views = self.views.iter();
        views
            .filter_map(|view| view.judge(claim, figures, counts))
            .collect()
    }
}

impl CompiledView {
    pub(super) fn of(slug: &Slug, definition: &ViewDefined) -> CompiledView {
        let rules = definition.rules.0.iter();
        CompiledView {
            slug: slug.clone(),
            name: definition.name.to_string(),
            conditions: rules.clone().map(|rule| rule.when.to_string()).collect(),
            view: ViewRules {
                rules: rules
                    .map(|rule| Rule {
                        when: rule.when.to_string(),
                        verdict: rule.verdict,
                        reason: rule.reason.to_string(),
                    })
                    .collect(),
                otherwise: definition.otherwise,
            }
            .compile(),
        }
    }

    /// What it says of a claim; none of one that is not in effect.
    pub(super) fn judge(
        &self,
        claim: &Claim,
        figures: &Figures,
        counts: &Counts,
    ) -> Option<ViewStatus> {
        let judgement = judge(&self.view, claim, figures, counts)?;
        let verdict = judgement.word().to_owned();
        let (rule, reason, fault) = match judgement {
            Judgement::Judged { rule, reason, .. } => (rule, reason, None),
            Judgement::Undetermined { rule, reason } => (Some(rule), None, Some(reason)),
        };
        Some(ViewStatus {
            view: self.slug.clone(),
            name: self.name.clone(),
            verdict,
            rule: rule.map(|place| place as u64 + 1),
            when: rule.and_then(|place| self.conditions.get(place).cloned()),
            reason,
            fault,
        })
    }
}

fn judge(view: &View, claim: &Claim, figures: &Figures, counts: &Counts) -> Option<Judgement> {
    let wording = claim.wording.as_ref()?;
    let domains: Vec<DomainFact> = wording
        .domains
        .0
        .iter()
        .map(|domain| DomainFact {
            name: domain.name.to_string(),
            weight: domain.weight,
        })
        .collect();
    let facts = ClaimFacts {
        statement: wording.statement.as_str(),
        summary: wording.summary.as_str(),
        detail: wording.detail.as_ref().map(|text| text.as_str()),
        nature: wording.nature.word(),
        polarity: wording.polarity.word(),
        falsifiability: wording.falsifiability.word(),
        origin: wording.origin.word(),
        lifecycle: claim.status.lifecycle.word(),
        standing: claim.status.standing.word(),
        key: wording.key.as_ref().map(|line| line.as_str()),
        version: u32::try_from(claim.version()).unwrap_or(u32::MAX),
        domains: &domains,
    };
    Some(view.judge(&facts, figures, counts))
}

//! Why: where a figure comes from. The arithmetic of `claim_support_vector`, step by step with its
//! numbers, and the signed entries that it stands on.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::claim::State;
use crate::trust::{
    AttestationCounted, Change, Coverage, EdgeCounted, EdgeTrace, Figure, Figures, Model, Relation,
    Trace, contributions,
};
use crate::value::{EventRef, Slug, Subject};

use super::inputs::{Filter, Keep, kept_inputs};
use super::profile::{Assessed, assess, model_name};
use super::timeline::{said, subject_name};
use super::words::{Byline, Phrase, agent_name, decimal};

/// Where a figure comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct Why {
    /// Which claim.
    pub subject: Subject,
    /// Its statement (ledger text).
    pub statement: String,
    /// Which figure.
    pub figure: Figure,
    /// Its whole word: `evidence`.
    pub name: String,
    /// What it says, in one sentence.
    pub meaning: String,
    /// The model as `name@version`.
    pub model: String,
    /// The figure in ppm; none where not assessed.
    pub value: Option<u32>,
    /// Why it is not assessed; none where it is.
    pub not_assessed: Option<String>,
    /// Whether it rests on the assumed quality of a source that nobody appraised.
    pub assumed: bool,
    /// How much of its parts it had; none of a dimension.
    pub coverage: Option<Coverage>,
    /// The formula.
    pub formula: String,
    /// The arithmetic, in order; the last step gives the figure.
    pub steps: Vec<Arithmetic>,
    /// The signed events that it stands on, in order of the log.
    pub stands_on: Vec<Ground>,
}

/// A step of arithmetic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct Arithmetic {
    /// The step with its numbers.
    pub words: Phrase,
    /// What it gives, in ppm; none where it gives no number.
    pub value: Option<u64>,
}

/// An event that a figure stands on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct Ground {
    /// Who signed it.
    pub by: Byline,
    /// What it changes.
    pub subject: Subject,
    /// What it says happened.
    pub words: Phrase,
    /// The figure had the event not been, in ppm; none where it would not be assessed.
    pub without: Option<u32>,
    /// The figure less the figure without the event, in ppm; none where either is not assessed.
    pub contribution: Option<i64>,
}

/// Where a figure of a claim comes from; none where no such claim is in effect.
#[must_use]
pub fn why(
    state: &State,
    slug: &Slug,
    figure: Figure,
    model: &Model,
    filter: &Filter,
) -> Option<Why> {
    whys(state, slug, &[figure], model, filter).pop()
}

/// Where some figures of a claim come from, in the order in which they are asked for; empty where
/// no such claim is in effect. What each event contributed is worked out once for all of them.
#[must_use]
pub fn whys(
    state: &State,
    slug: &Slug,
    figures: &[Figure],
    model: &Model,
    filter: &Filter,
) -> Vec<Why> {
    let keep = Keep::from(filter);
    let Some(assessed) = assess(state, slug, model, &keep) else {
        return Vec::new();
    };
    let Some(wording) = assessed.claim.wording.as_ref() else {
        return Vec::new();
    };
    let assessment = &assessed.assessment;
    let grounds = Grounds::of(state, slug, model, &keep, &assessed);
    let why = |figure: &Figure| {
        let figure = *figure;
        let value = assessment.figures.get(figure);
        Why {
            subject: Subject::claim(slug.clone()),
            statement: wording.statement.to_string(),
            figure,
            name: figure.long().to_owned(),
            meaning: figure.meaning().to_owned(),
            model: model_name(model),
            value,
            not_assessed: value.is_none().then(|| assessed.reason(figure)),
            assumed: assessment.is_assumed(figure),
            coverage: assessment.coverage(figure),
            formula: formula(figure).to_owned(),
            steps: match assessed.missing.is_empty() {
                true => Working::of(state, &assessed).steps(figure, value),
                false => Vec::new(),
            },
            stands_on: grounds.under(figure),
        }
    };
    figures.iter().map(why).collect()
}

/// What each event of a claim's inputs contributed to its figures.
struct Grounds<'g> {
    state: &'g State,
    model: &'g Model,
    assessed: &'g Assessed,
    contributions: BTreeMap<EventRef, Vec<Change>>,
}

impl<'g> Grounds<'g> {
    fn of(
        state: &'g State,
        slug: &Slug,
        model: &'g Model,
        keep: &Keep,
        assessed: &'g Assessed,
    ) -> Grounds<'g> {
        let without = |event: &EventRef| {
            let keep = keep.and_without(event.address);
            kept_inputs(state, slug, &keep).map_or_else(|| assessed.inputs.clone(), |found| found.0)
        };
        let all = match assessed.missing.is_empty() {
            true => contributions(model, &assessed.inputs, without),
            false => Vec::new(),
        };
        Grounds {
            state,
            model,
            assessed,
            contributions: all
                .into_iter()
                .map(|one| (one.event, one.changes))
                .collect(),
        }
    }

    /// The events that a figure stands on.
    fn under(&self, figure: Figure) -> Vec<Ground> {
        let stands_on = match self.assessed.missing.is_empty() {
            true => (self.model.stands_on)(&self.assessed.inputs, figure),
            false => Vec::new(),
        };
        let ground = |event: &EventRef| self.ground(event, figure);
        stands_on.iter().filter_map(ground).collect()
    }

    fn ground(&self, event: &EventRef, figure: Figure) -> Option<Ground> {
        let changes = self.contributions.get(event)?;
        let change = changes.iter().find(|change| change.figure == figure)?;
        let entry = self.state.entry(event.address.entry)?;
        let recorded = entry.events.get(usize::from(event.address.position))?;
        Some(Ground {
            by: Byline::of(self.state, recorded),
            subject: recorded.subject.clone(),
            words: said(self.state, recorded),
            without: change.without,
            contribution: change.contribution,
        })
    }
}

fn formula(figure: Figure) -> &'static str {
    match figure {
        Figure::Evidence => "S ÷ (S + 0.5), S = sum of the weights w of what supports",
        Figure::Replication => "mean of the replication p of what supports, by weight w",
        Figure::Consensus => {
            "r ÷ (r + d + 1), r = supporting weight + attested for, d = disputing weight + attested against"
        }
        Figure::Methodology => "mean of the methodology m of the sources, by weight w",
        Figure::Credibility => "mean of the credibility c of the sources, by weight w",
        Figure::Scope => {
            "(1 − product of (1 − breadth) where it holds) × product of (1 − breadth) where it fails"
        }
        Figure::Bridge => "1 − sum of the squared shares of the communities",
        Figure::Contestation => {
            "2 × the smaller of r and d ÷ (r + d), r = supporting weight + attested for, d = disputing weight + attested against"
        }
        Figure::Support => "(4 × evidence + 3 × replication + 3 × consensus) ÷ 10",
        Figure::Frontier => "(bridge + contestation + (1 − consensus)) ÷ 3",
        Figure::Stability => "(2 × replication + consensus + (1 − contestation)) ÷ 4",
    }
}

/// The working: what the steps of the figures are written from.
struct Working<'w> {
    state: &'w State,
    assessed: &'w Assessed,
    trace: &'w Trace,
    figures: &'w Figures,
}

fn step(words: Phrase, value: u64) -> Arithmetic {
    Arithmetic {
        words,
        value: Some(value),
    }
}

fn shown(value: Option<u64>) -> String {
    value.map_or_else(|| "—".to_owned(), decimal)
}

impl<'w> Working<'w> {
    fn of(state: &'w State, assessed: &'w Assessed) -> Working<'w> {
        Working {
            state,
            assessed,
            trace: &assessed.assessment.trace,
            figures: &assessed.assessment.figures,
        }
    }

    fn steps(&self, figure: Figure, value: Option<u32>) -> Vec<Arithmetic> {
        let mut steps = match figure {
            Figure::Evidence => self.evidence(),
            Figure::Replication => self.mean(figure, |edge| {
                edge.replication
                    .filter(|_| edge.relation == Relation::Supports)
            }),
            Figure::Methodology => self.mean(figure, |edge| edge.methodology),
            Figure::Credibility => self.mean(figure, |edge| edge.credibility),
            Figure::Consensus | Figure::Contestation => self.masses(),
            Figure::Scope => self.scopes(),
            Figure::Bridge => self.communities(),
            Figure::Support => self.parts(&[
                (4, Figure::Evidence, false),
                (3, Figure::Replication, false),
                (3, Figure::Consensus, false),
            ]),
            Figure::Frontier => self.parts(&[
                (1, Figure::Bridge, false),
                (1, Figure::Contestation, false),
                (1, Figure::Consensus, true),
            ]),
            Figure::Stability => self.parts(&[
                (2, Figure::Replication, false),
                (1, Figure::Consensus, false),
                (1, Figure::Contestation, true),
            ]),
        };
        if let Some(value) = value {
            let last = self.last(figure, u64::from(value));
            steps.push(step(last, u64::from(value)));
        }
        steps
    }

    /// The line that gives the figure.
    fn last(&self, figure: Figure, value: u64) -> Phrase {
        let trace = self.trace;
        let (name, value) = (figure.long(), decimal(value));
        let (mass_for, against) = (decimal(trace.mass_for), decimal(trace.mass_against));
        Phrase::of(match figure {
            Figure::Evidence => {
                let supporting = decimal(trace.supporting_weight);
                format!("{name} = {supporting} ÷ ({supporting} + 0.5) = {value}")
            }
            Figure::Consensus => {
                format!("{name} = {mass_for} ÷ ({mass_for} + {against} + 1) = {value}")
            }
            Figure::Contestation => {
                let smaller = decimal(trace.mass_for.min(trace.mass_against));
                format!("{name} = 2 × {smaller} ÷ ({mass_for} + {against}) = {value}")
            }
            Figure::Bridge => format!("{name} = 1 − the sum of those squares = {value}"),
            Figure::Scope => format!("{name} = {value}"),
            Figure::Replication | Figure::Methodology | Figure::Credibility => {
                format!("{name} = the sum of those products ÷ the sum of those weights = {value}")
            }
            Figure::Support | Figure::Frontier | Figure::Stability => {
                format!("{name} = the sum of those products ÷ the sum of those parts = {value}")
            }
        })
    }

    fn title(&self, edge: &EdgeTrace) -> String {
        subject_name(self.state, &edge.artifact)
    }

    /// How one piece of evidence is weighed.
    fn weight(&self, edge: &EdgeTrace) -> Arithmetic {
        let begun =
            Phrase::of(format!("weight of what {} from", edge.relation)).ledger(self.title(edge));
        match (edge.counted, edge.strength, edge.weight) {
            (EdgeCounted::Counted | EdgeCounted::HeavierEdge, Some(strength), Some(weight)) => {
                let quality = match (edge.methodology, edge.credibility) {
                    _ if edge.quality_assumed => "assumed".to_owned(),
                    (methodology, credibility) => format!(
                        "mean of methodology {} and credibility {}",
                        shown(methodology),
                        shown(credibility)
                    ),
                };
                let counts = match edge.counted {
                    EdgeCounted::Counted => "",
                    _ => "; it does not count, heavier evidence cites the same source",
                };
                let words = format!(
                    "= strength {} × quality {} ({quality}) × standing {} ({}) = {}{counts}",
                    decimal(strength),
                    decimal(edge.quality),
                    decimal(edge.standing_factor),
                    edge.standing,
                    decimal(weight)
                );
                step(begun.ours(words), weight)
            }
            (counted, ..) => Arithmetic {
                words: begun.ours(format!("is none: {counted}")),
                value: None,
            },
        }
    }

    fn weights(&self, wanted: impl Fn(&EdgeTrace) -> bool) -> Vec<Arithmetic> {
        let edges = self.trace.edges.iter().filter(|edge| wanted(edge));
        edges.map(|edge| self.weight(edge)).collect()
    }

    fn evidence(&self) -> Vec<Arithmetic> {
        let mut steps = self.weights(|edge| edge.relation == Relation::Supports);
        let supporting = self.trace.supporting_weight;
        let words = format!("S = sum of what supports = {}", decimal(supporting));
        steps.push(step(Phrase::of(words), supporting));
        steps
    }

    fn mean(&self, figure: Figure, value: impl Fn(&EdgeTrace) -> Option<u64>) -> Vec<Arithmetic> {
        let enters = |edge: &EdgeTrace| {
            edge.counted == EdgeCounted::Counted && edge.weight > Some(0) && value(edge).is_some()
        };
        let mut steps = self.weights(enters);
        for edge in self.trace.edges.iter().filter(|edge| enters(edge)) {
            if let (Some(value), Some(weight)) = (value(edge), edge.weight) {
                let words = format!(
                    "{} {} × weight {}",
                    figure.long(),
                    decimal(value),
                    decimal(weight)
                );
                let words = Phrase::of("of").ledger(self.title(edge)).ours(words);
                steps.push(step(words, value));
            }
        }
        steps
    }

    fn masses(&self) -> Vec<Arithmetic> {
        let mut steps = self.weights(|_| true);
        steps.extend(self.attested());
        let trace = self.trace;
        for (name, weight, attested, mass) in [
            (
                "r, for it",
                trace.supporting_weight,
                trace.attested_for,
                trace.mass_for,
            ),
            (
                "d, against it",
                trace.disputing_weight,
                trace.attested_against,
                trace.mass_against,
            ),
        ] {
            let words = format!(
                "{name} = weights {} + attested {} = {}",
                decimal(weight),
                decimal(attested),
                decimal(mass)
            );
            steps.push(step(Phrase::of(words), mass));
        }
        steps
    }

    fn attested(&self) -> Vec<Arithmetic> {
        let inputs = &self.assessed.inputs.attestations;
        let one = |trace: &crate::trust::AttestationTrace| {
            let input = inputs.iter().find(|input| input.seq == trace.seq)?;
            let name =
                agent_name(self.state, &trace.agent).unwrap_or_else(|| trace.agent.to_string());
            let begun = Phrase::of("mass of the attestation of").ledger(name);
            let (counted, reliability) = (trace.counted, input.reliability);
            Some(match (counted, reliability) {
                (AttestationCounted::Counted | AttestationCounted::CutByCap, Some(reliability)) => {
                    let cut = match counted {
                        AttestationCounted::CutByCap => {
                            format!(", {counted}: {}", decimal(trace.mass))
                        }
                        _ => String::new(),
                    };
                    let words = format!(
                        "= weight {} × reliability {reliability} × 0.5 = {}{cut}",
                        input.weight,
                        decimal(trace.mass_before_cap)
                    );
                    step(begun.ours(words), trace.mass)
                }
                _ => step(begun.ours(format!("= 0: {counted}")), 0),
            })
        };
        self.trace.attestations.iter().filter_map(one).collect()
    }

    fn scopes(&self) -> Vec<Arithmetic> {
        let scopes = self.assessed.claim.live_scopes();
        scopes
            .map(|(_, data)| {
                let words = match data.relation {
                    crate::claim::ScopeRelation::HoldsIn => "holds in",
                    crate::claim::ScopeRelation::FailsIn => "fails in",
                };
                let name = subject_name(self.state, &data.context.subject());
                let words = Phrase::of(words)
                    .ledger(name)
                    .ours(format!("with breadth {}", data.breadth));
                step(words, u64::from(data.breadth.ppm()))
            })
            .collect()
    }

    fn communities(&self) -> Vec<Arithmetic> {
        let mut steps = self.weights(|_| true);
        steps.extend(self.attested());
        let communities = self.trace.communities.iter().map(|one| {
            let words = format!(
                "has mass {}, a share of {}",
                decimal(one.mass),
                decimal(one.share)
            );
            step(
                Phrase::of("community").ledger(&one.community).ours(words),
                one.share,
            )
        });
        steps.extend(communities);
        steps
    }

    fn parts(&self, parts: &[(u32, Figure, bool)]) -> Vec<Arithmetic> {
        let part = |&(weight, figure, inverted): &(u32, Figure, bool)| {
            let name = figure.long();
            let of = match weight {
                1 => "1 part".to_owned(),
                more => format!("{more} parts"),
            };
            match self.figures.get(figure).map(u64::from) {
                None => Arithmetic {
                    words: Phrase::of(format!("{of} {name}: not assessed, left out")),
                    value: None,
                },
                Some(value) if inverted => {
                    let left = 1_000_000_u64.saturating_sub(value);
                    let words = format!("{of} 1 − {name} {} = {}", decimal(value), decimal(left));
                    step(Phrase::of(words), left)
                }
                Some(value) => step(
                    Phrase::of(format!("{of} {name} = {}", decimal(value))),
                    value,
                ),
            }
        };
        parts.iter().map(part).collect()
    }
}

//! `claim_support_vector` v1.0. Frozen: its digits are on record, so it is never edited again.
//!
//! Integer arithmetic in millionths throughout, so that any language gives the same digits.
//! Sources: consensus is the belief mass of a subjective-logic opinion with prior weight 1
//! (Jøsang, Subjective Logic, 2016); bridge is the Gini–Simpson index; evidence is a saturating
//! count. The constants and formulas are those of `docs/models/claim_support_vector-v1.0.json`,
//! explained in the `.md` beside it.

use std::collections::{BTreeMap, BTreeSet};

use crate::value::{EventRef, Ratio, Slug, Subject};

use super::Assessment;
use super::figure::{Figure, Figures};
use super::inputs::{
    Appraisal, AttestationInput, EdgeInput, Inputs, Relation, ScopeInput, ScopeRelation, Standing,
    Verdict, by_address,
};
use super::trace::{
    AttestationCounted, AttestationTrace, CommunityTrace, Counts, Coverage, Coverages, EdgeCounted,
    EdgeTrace, Summary, Trace,
};

const ONE: u64 = 1_000_000;
/// The quality of a source that nobody appraised.
const ASSUMED_QUALITY: u64 = 500_000;
/// The supporting weight at which evidence reaches one half.
const EVIDENCE_HALF_MASS: u64 = 500_000;
/// What a fully reliable agent's attestation of full weight is worth.
const ATTESTATION_SCALE: u64 = 500_000;
/// The most that all attestations of one side are worth together.
const ATTESTATION_CAP: u64 = 500_000;
/// The doubt that stands beside all that is known.
const CONSENSUS_PRIOR: u64 = ONE;
/// What a concern leaves of a source's weight.
const CONCERN_FACTOR: u64 = 500_000;
const UNKNOWN_COMMUNITY: &str = "unknown";

/// The parts of each derived figure: weight, dimension, and whether it is taken from one.
type Parts = [(u32, Figure, bool); 3];
const SUPPORT: Parts = [
    (4, Figure::Evidence, false),
    (3, Figure::Replication, false),
    (3, Figure::Consensus, false),
];
const FRONTIER: Parts = [
    (1, Figure::Bridge, false),
    (1, Figure::Contestation, false),
    (1, Figure::Consensus, true),
];
const STABILITY: Parts = [
    (2, Figure::Replication, false),
    (1, Figure::Consensus, false),
    (1, Figure::Contestation, true),
];

pub(super) fn assess(inputs: &Inputs) -> Assessment {
    let weighed = Weighed::of(inputs);
    let figures = weighed.figures();
    let trace = weighed.trace(inputs, &figures);
    Assessment { figures, trace }
}

pub(super) fn stands_on(inputs: &Inputs, figure: Figure) -> Vec<EventRef> {
    let weighed = Weighed::of(inputs);
    let figures = weighed.figures();
    match parts(figure) {
        _ if figures.get(figure).is_none() => Vec::new(),
        None => by_address(weighed.grounds(figure).into_iter()),
        Some(parts) => {
            let assessed = parts.iter().filter(|part| figures.get(part.1).is_some());
            by_address(assessed.flat_map(|part| weighed.grounds(part.1)))
        }
    }
}

fn parts(figure: Figure) -> Option<&'static Parts> {
    match figure {
        Figure::Support => Some(&SUPPORT),
        Figure::Frontier => Some(&FRONTIER),
        Figure::Stability => Some(&STABILITY),
        _ => None,
    }
}

/// The inputs in order of seq, each with its weight.
struct Weighed<'a> {
    edges: Vec<Edge<'a>>,
    attestations: Vec<Attestation<'a>>,
    scopes: Vec<&'a ScopeInput>,
}

struct Edge<'a> {
    input: &'a EdgeInput,
    strength: Option<u64>,
    credibility: Option<u64>,
    methodology: Option<u64>,
    replication: Option<u64>,
    standing_factor: u64,
    quality: u64,
    quality_assumed: bool,
    weight: Option<u64>,
    counted: EdgeCounted,
}

struct Attestation<'a> {
    input: &'a AttestationInput,
    mass_before_cap: u64,
    mass: u64,
    counted: AttestationCounted,
}

impl<'a> Weighed<'a> {
    fn of(inputs: &'a Inputs) -> Weighed<'a> {
        let mut edges: Vec<Edge<'a>> = inputs.edges.iter().map(Edge::weigh).collect();
        edges.sort_by_key(|edge| edge.input.seq);
        count_only_the_heaviest(&mut edges);

        let attestations = inputs.attestations.iter();
        let mut attestations: Vec<Attestation<'a>> = attestations
            .map(|attestation| Attestation::weigh(attestation, inputs))
            .collect();
        cap(&mut attestations, |verdict| {
            matches!(verdict, Verdict::Verifies | Verdict::Endorses)
        });
        cap(&mut attestations, |verdict| verdict == Verdict::Disputes);
        attestations.sort_by_key(|attestation| attestation.input.seq);

        let mut scopes: Vec<&'a ScopeInput> = inputs.scopes.iter().collect();
        scopes.sort_by_key(|scope| scope.seq);
        Weighed {
            edges,
            attestations,
            scopes,
        }
    }

    fn figures(&self) -> Figures {
        let mut figures = Figures {
            evid: self.evidence(),
            repl: self.replication(),
            cons: self.consensus(),
            meth: self.mean_over_edges(|edge| edge.methodology),
            cred: self.mean_over_edges(|edge| edge.credibility),
            scop: self.scope(),
            brdg: self.bridge(),
            cont: self.contestation(),
            ..Figures::default()
        };
        figures.supp = figures.evid.and_then(|_| derived(&SUPPORT, &figures));
        figures.fron = derived(&FRONTIER, &figures);
        figures.stab = derived(&STABILITY, &figures);
        figures
    }

    fn evidence(&self) -> Option<u32> {
        self.counted().next()?;
        let supporting = self.weight_of(Relation::Supports);
        Some(ppm(div(supporting, supporting + EVIDENCE_HALF_MASS)))
    }

    fn replication(&self) -> Option<u32> {
        let supporting = self.counted_on(Relation::Supports);
        weighted_mean(supporting.filter_map(|edge| Some((edge.weight?, edge.replication?))))
    }

    fn consensus(&self) -> Option<u32> {
        let (mass_for, mass_against) = (self.mass_for(), self.mass_against());
        let known = mass_for + mass_against;
        (known > 0).then(|| ppm(div(mass_for, known + CONSENSUS_PRIOR)))
    }

    fn mean_over_edges(&self, quality: impl Fn(&Edge<'_>) -> Option<u64>) -> Option<u32> {
        weighted_mean(
            self.counted()
                .filter_map(|edge| Some((edge.weight?, quality(edge)?))),
        )
    }

    fn scope(&self) -> Option<u32> {
        self.scopes.first()?;
        let holds = ONE - self.outside(ScopeRelation::HoldsIn);
        Some(ppm(mul(holds, self.outside(ScopeRelation::FailsIn))))
    }

    /// What the scopes of a relation leave uncovered together.
    fn outside(&self, relation: ScopeRelation) -> u64 {
        let scopes = self.scopes.iter().filter(|one| one.relation == relation);
        scopes.fold(ONE, |outside, one| mul(outside, ONE - given(one.breadth)))
    }

    fn bridge(&self) -> Option<u32> {
        let communities = self.communities();
        let same = communities.iter().map(|one| mul(one.share, one.share));
        // The roundings of shares stay below what their squares lose; saturating costs nothing.
        (!communities.is_empty()).then(|| ppm(ONE.saturating_sub(same.sum())))
    }

    fn contestation(&self) -> Option<u32> {
        let (mass_for, mass_against) = (self.mass_for(), self.mass_against());
        let known = mass_for + mass_against;
        (known > 0).then(|| ppm(div(2 * mass_for.min(mass_against), known)))
    }

    /// Communities that have a mass, by name, with their share of the whole.
    fn communities(&self) -> Vec<CommunityTrace> {
        let mut masses = BTreeMap::<&str, u64>::new();
        for edge in self.counted() {
            let community = named(edge.input.artifact.community.as_ref());
            *masses.entry(community).or_default() += edge.weight.unwrap_or(0);
        }
        for attestation in &self.attestations {
            let community = named(attestation.input.community.as_ref());
            *masses.entry(community).or_default() += attestation.mass;
        }
        masses.retain(|_, mass| *mass > 0);
        let total = masses.values().sum();
        let shares = masses.into_iter().map(|(community, mass)| CommunityTrace {
            community: community.to_owned(),
            mass,
            share: div(mass, total),
        });
        shares.collect()
    }

    /// The edges that have a weight; 0 is one.
    fn counted(&self) -> impl Iterator<Item = &Edge<'a>> {
        let counted = |edge: &&Edge<'_>| edge.counted == EdgeCounted::Counted;
        self.edges.iter().filter(counted)
    }

    fn counted_on(&self, relation: Relation) -> impl Iterator<Item = &Edge<'a>> {
        self.counted()
            .filter(move |edge| edge.input.relation == relation)
    }

    /// S or D.
    fn weight_of(&self, relation: Relation) -> u64 {
        self.counted_on(relation)
            .filter_map(|edge| edge.weight)
            .sum()
    }

    /// A⁺.
    fn attested_for(&self) -> u64 {
        self.attested(|verdict| verdict != Verdict::Disputes)
    }

    /// A⁻.
    fn attested_against(&self) -> u64 {
        self.attested(|verdict| verdict == Verdict::Disputes)
    }

    fn attested(&self, side: impl Fn(Verdict) -> bool) -> u64 {
        let attestations = self.attestations.iter();
        attestations
            .filter(|attestation| side(attestation.input.verdict))
            .map(|attestation| attestation.mass)
            .sum()
    }

    /// r.
    fn mass_for(&self) -> u64 {
        self.weight_of(Relation::Supports) + self.attested_for()
    }

    /// d.
    fn mass_against(&self) -> u64 {
        self.weight_of(Relation::Disputes) + self.attested_against()
    }

    /// The events that a dimension stands on. A source whose standing took its weight away stays
    /// among them: that is part of why.
    fn grounds(&self, dimension: Figure) -> Vec<&'a EventRef> {
        let mut grounds = Vec::new();
        match dimension {
            Figure::Scope => grounds.extend(self.scopes.iter().map(|scope| &scope.event)),
            Figure::Evidence => {
                let supporting = self.counted_on(Relation::Supports);
                grounds.extend(supporting.flat_map(Edge::grounds));
                if grounds.is_empty() {
                    grounds.extend(self.counted().flat_map(Edge::grounds));
                }
            }
            Figure::Replication => {
                let supporting = self.counted_on(Relation::Supports);
                let replicated = supporting.filter(|edge| edge.replication.is_some());
                grounds.extend(replicated.flat_map(Edge::replication_grounds));
            }
            Figure::Methodology => {
                let appraised = self.counted().filter(|edge| edge.methodology.is_some());
                grounds.extend(appraised.flat_map(Edge::grounds));
            }
            Figure::Credibility => {
                let appraised = self.counted().filter(|edge| edge.credibility.is_some());
                grounds.extend(appraised.flat_map(Edge::grounds));
            }
            _ => {
                grounds.extend(self.counted().flat_map(Edge::grounds));
                let attested = self.attestations.iter().filter(|one| one.mass > 0);
                grounds.extend(attested.flat_map(|one| one.input.events()));
            }
        }
        grounds
    }

    fn trace(&self, inputs: &Inputs, figures: &Figures) -> Trace {
        Trace {
            summary: Summary {
                note: inputs.note.clone(),
                inputs: self.counts(),
            },
            computed_at: inputs.computed_at,
            edges: self.edges.iter().map(Edge::trace).collect(),
            attestations: self.attestations.iter().map(Attestation::trace).collect(),
            communities: self.communities(),
            supporting_weight: self.weight_of(Relation::Supports),
            disputing_weight: self.weight_of(Relation::Disputes),
            attested_for: self.attested_for(),
            attested_against: self.attested_against(),
            mass_for: self.mass_for(),
            mass_against: self.mass_against(),
            assumed: self.assumed(figures),
            coverage: Coverages {
                supp: coverage(&SUPPORT, figures),
                fron: coverage(&FRONTIER, figures),
                stab: coverage(&STABILITY, figures),
            },
        }
    }

    fn counts(&self) -> Counts {
        let count = |fits: &dyn Fn(&Edge<'_>) -> bool| {
            self.edges.iter().filter(|edge| fits(edge)).count() as u64
        };
        let artifacts: BTreeSet<&Subject> = self
            .edges
            .iter()
            .map(|edge| &edge.input.artifact.subject)
            .collect();
        Counts {
            abstaining_edges: count(&|edge| edge.weight.is_none()),
            artifacts: artifacts.len() as u64,
            attestations: self.attestations.len() as u64,
            disputing_edges: count(&|edge| edge.input.relation == Relation::Disputes),
            supporting_edges: count(&|edge| edge.input.relation == Relation::Supports),
        }
    }

    /// The assessed figures that an assumed quality enters.
    fn assumed(&self, figures: &Figures) -> Vec<Figure> {
        let assessed = Figure::ALL
            .into_iter()
            .filter(|figure| figures.get(*figure).is_some());
        assessed
            .filter(|figure| match parts(*figure) {
                None => self.assumes(*figure),
                Some(parts) => parts
                    .iter()
                    .any(|part| figures.get(part.1).is_some() && self.assumes(part.1)),
            })
            .collect()
    }

    /// Whether an edge with an assumed quality enters a dimension. Methodology and credibility take
    /// only edges that have one of them, whose quality is therefore known.
    fn assumes(&self, dimension: Figure) -> bool {
        let enters = |edge: &Edge<'_>| edge.quality_assumed && edge.weight > Some(0);
        let mut supporting = self.counted_on(Relation::Supports);
        match dimension {
            Figure::Evidence => supporting.any(enters),
            Figure::Replication => {
                supporting.any(|edge| edge.replication.is_some() && enters(edge))
            }
            Figure::Consensus | Figure::Bridge | Figure::Contestation => self.counted().any(enters),
            _ => false,
        }
    }
}

impl<'a> Edge<'a> {
    /// Weighs an edge by itself, as if no other cited the same artifact.
    fn weigh(input: &'a EdgeInput) -> Edge<'a> {
        let artifact = &input.artifact;
        let strength = strength(input);
        let credibility = appraised(&artifact.credibility);
        let methodology = appraised(&artifact.methodology);
        let standing_factor = standing_factor(artifact.standing);
        let known: Vec<u64> = methodology.into_iter().chain(credibility).collect();
        let quality = mean(&known).unwrap_or(ASSUMED_QUALITY);
        Edge {
            input,
            strength,
            credibility,
            methodology,
            replication: input
                .replication
                .map(given)
                .or_else(|| appraised(&artifact.replication)),
            standing_factor,
            quality,
            quality_assumed: known.is_empty(),
            weight: strength
                .filter(|_| !input.set_aside)
                .map(|strength| mul(mul(strength, quality), standing_factor)),
            counted: match strength {
                _ if input.set_aside => EdgeCounted::SetAside,
                None => EdgeCounted::Abstains,
                Some(_) => EdgeCounted::Counted,
            },
        }
    }

    /// The events that its weight and its community come from.
    fn grounds(&self) -> impl Iterator<Item = &'a EventRef> + use<'a> {
        let artifact = &self.input.artifact;
        let appraisals = artifact.methodology.iter().chain(&artifact.credibility);
        std::iter::once(&self.input.event)
            .chain(&self.input.sources)
            .chain([&artifact.registered])
            .chain(&artifact.standing_event)
            .chain(appraisals.map(|one| &one.event))
    }

    fn replication_grounds(&self) -> impl Iterator<Item = &'a EventRef> + use<'a> {
        let of_artifact = match self.input.replication {
            Some(_) => &[],
            None => self.input.artifact.replication.as_slice(),
        };
        self.grounds()
            .chain(of_artifact.iter().map(|one| &one.event))
    }

    fn trace(&self) -> EdgeTrace {
        EdgeTrace {
            seq: self.input.seq,
            event: self.input.event.clone(),
            relation: self.input.relation,
            artifact: self.input.artifact.subject.clone(),
            strength: self.strength,
            credibility: self.credibility,
            methodology: self.methodology,
            replication: self.replication,
            standing: self.input.artifact.standing,
            standing_factor: self.standing_factor,
            quality: self.quality,
            quality_assumed: self.quality_assumed,
            weight: self.weight,
            counted: self.counted,
        }
    }
}

fn strength(edge: &EdgeInput) -> Option<u64> {
    let confidences = edge.passages.iter().flatten().copied().map(given);
    edge.strength
        .map(given)
        .or_else(|| mean(&confidences.collect::<Vec<u64>>()))
}

fn standing_factor(standing: Standing) -> u64 {
    match standing {
        Standing::Retracted | Standing::Withdrawn => 0,
        Standing::Concern => CONCERN_FACTOR,
        Standing::Sound | Standing::Corrected | Standing::Superseded | Standing::Preprint => ONE,
    }
}

/// Citing a paper twice adds nothing: of edges with the same relation and artifact only the heaviest
/// counts, of equals the earliest. `edges` are in order of seq.
fn count_only_the_heaviest(edges: &mut [Edge<'_>]) {
    let mut heaviest = BTreeMap::<(Relation, &Subject), usize>::new();
    for at in 0..edges.len() {
        if edges[at].counted != EdgeCounted::Counted {
            continue;
        }
        let input = edges[at].input;
        let best = heaviest
            .entry((input.relation, &input.artifact.subject))
            .or_insert(at);
        if *best == at {
            continue;
        }
        let lighter = match edges[at].weight > edges[*best].weight {
            true => std::mem::replace(best, at),
            false => at,
        };
        edges[lighter].counted = EdgeCounted::HeavierEdge;
    }
}

impl<'a> Attestation<'a> {
    /// Weighs an attestation by itself, before the cap.
    fn weigh(input: &'a AttestationInput, inputs: &Inputs) -> Attestation<'a> {
        let expired = input.expires.is_some_and(|expires| inputs.at >= expires);
        let (mass, counted) = match input.reliability {
            _ if input.verdict == Verdict::Abstains => (0, AttestationCounted::Abstains),
            _ if expired => (0, AttestationCounted::Expired),
            None => (0, AttestationCounted::ReliabilityMissing),
            Some(reliability) => {
                let trusted = mul(given(input.weight), given(reliability));
                (mul(trusted, ATTESTATION_SCALE), AttestationCounted::Counted)
            }
        };
        Attestation {
            input,
            mass_before_cap: mass,
            mass,
            counted,
        }
    }

    fn trace(&self) -> AttestationTrace {
        AttestationTrace {
            seq: self.input.seq,
            event: self.input.event.clone(),
            agent: self.input.agent.clone(),
            verdict: self.input.verdict,
            mass_before_cap: self.mass_before_cap,
            mass: self.mass,
            counted: self.counted,
        }
    }
}

/// Many voices never outweigh one good study: the heaviest attestations of a side fill its cap, of
/// equals the earliest first; the one that passes it is cut, the rest is nothing.
fn cap(attestations: &mut [Attestation<'_>], side: impl Fn(Verdict) -> bool) {
    let mut of_side: Vec<&mut Attestation<'_>> = attestations
        .iter_mut()
        .filter(|attestation| side(attestation.input.verdict))
        .collect();
    of_side.sort_by_key(|one| (std::cmp::Reverse(one.mass), one.input.seq));
    let mut room = ATTESTATION_CAP;
    for attestation in of_side {
        if attestation.mass > room {
            attestation.mass = room;
            attestation.counted = AttestationCounted::CutByCap;
        }
        room -= attestation.mass;
    }
}

/// The weighted mean of the parts that are assessed.
fn derived(parts: &Parts, figures: &Figures) -> Option<u32> {
    weighted_mean(parts.iter().filter_map(|&(weight, dimension, inverted)| {
        let value = u64::from(figures.get(dimension)?);
        let value = if inverted { ONE - value } else { value };
        Some((u64::from(weight), value))
    }))
}

fn coverage(parts: &Parts, figures: &Figures) -> Coverage {
    let weight = |part: &(u32, Figure, bool)| part.0;
    let assessed = parts.iter().filter(|part| figures.get(part.1).is_some());
    Coverage {
        present: assessed.map(weight).sum(),
        whole: parts.iter().map(weight).sum(),
    }
}

fn named(community: Option<&Slug>) -> &str {
    community.map_or(UNKNOWN_COMMUNITY, Slug::as_str)
}

fn appraised(appraisals: &[Appraisal]) -> Option<u64> {
    let values: Vec<u64> = appraisals.iter().map(|one| given(one.value)).collect();
    mean(&values)
}

fn given(ratio: Ratio) -> u64 {
    u64::from(ratio.ppm())
}

/// A figure from a number that is at most [`ONE`].
fn ppm(value: u64) -> u32 {
    u32::try_from(value).expect("a figure is at most one")
}

/// The product of two shares, half up.
fn mul(a: u64, b: u64) -> u64 {
    narrow((u128::from(a) * u128::from(b) + u128::from(ONE / 2)) / u128::from(ONE))
}

/// The share that `a` is of `b`, half up; `b` is above 0.
fn div(a: u64, b: u64) -> u64 {
    narrow((u128::from(a) * u128::from(ONE) + u128::from(b / 2)) / u128::from(b))
}

/// The mean, half up; none of nothing.
fn mean(values: &[u64]) -> Option<u64> {
    let count = values.len() as u64;
    let sum: u64 = values.iter().sum();
    (count > 0).then(|| (sum + count / 2) / count)
}

/// The weighted mean, half up; none where nothing has a weight.
fn weighted_mean(weighted: impl Iterator<Item = (u64, u64)>) -> Option<u32> {
    let (weights, sum) = weighted.fold((0_u128, 0_u128), |(weights, sum), (weight, value)| {
        let (weight, value) = (u128::from(weight), u128::from(value));
        (weights + weight, sum + weight * value)
    });
    (weights > 0).then(|| ppm(narrow((sum + weights / 2) / weights)))
}

fn narrow(value: u128) -> u64 {
    u64::try_from(value).expect("shares and sums of shares fit 64 bits")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_constants_are_those_of_the_parameter_document() {
        let model = super::super::find("claim_support_vector@v1.0").unwrap();
        let document: serde_json::Value = serde_json::from_str(model.parameters).unwrap();
        for (name, constant) in [
            ("one", ONE),
            ("assumed_quality", ASSUMED_QUALITY),
            ("evidence_half_mass", EVIDENCE_HALF_MASS),
            ("attestation_scale", ATTESTATION_SCALE),
            ("attestation_cap", ATTESTATION_CAP),
            ("consensus_prior", CONSENSUS_PRIOR),
        ] {
            assert_eq!(document[name], constant, "{name}");
        }
        assert_eq!(document["unknown_community"], UNKNOWN_COMMUNITY);
        for standing in [
            Standing::Sound,
            Standing::Corrected,
            Standing::Concern,
            Standing::Retracted,
            Standing::Withdrawn,
            Standing::Superseded,
            Standing::Preprint,
        ] {
            let name = serde_json::to_value(standing).unwrap();
            let factor = &document["standing_factor"][name.as_str().unwrap()];
            assert_eq!(*factor, standing_factor(standing), "{name}");
        }
        for figure in Figure::ALL.into_iter().filter(|one| one.is_derived()) {
            let stated = &document["derived"][figure.short()];
            let parts = parts(figure).unwrap();
            assert_eq!(stated.as_object().unwrap().len(), parts.len());
            for (weight, dimension, inverted) in parts {
                let from_one = if *inverted { "one - " } else { "" };
                let name = format!("{from_one}{}", dimension.short());
                assert_eq!(stated[&name], *weight, "{name} of {}", figure.short());
            }
        }
    }

    #[test]
    fn shares_are_rounded_half_up() {
        assert_eq!((mul(1, 499_999), mul(1, 500_000)), (0, 1));
        assert_eq!((div(1, 3), div(2, 3), div(1, 1)), (333_333, 666_667, ONE));
        assert_eq!(
            (mean(&[1, 2]), mean(&[1, 1, 2]), mean(&[])),
            (Some(2), Some(1), None)
        );
        assert_eq!(weighted_mean([(1, 1), (1, 2)].into_iter()), Some(2));
        assert_eq!(weighted_mean([(0, 7)].into_iter()), None);
        assert_eq!(mul(u64::from(u32::MAX), ONE), u64::from(u32::MAX));
    }
}

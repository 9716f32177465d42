//! What the models promise.

use proptest::prelude::*;

use crate::value::{Address, EventId, Ratio, Slug, Subject, Time};

use super::*;

fn model() -> &'static Model {
    find("claim_support_vector@v1.0").unwrap()
}

fn assess(inputs: &Inputs) -> Assessment {
    (model().assess)(inputs)
}

fn event(entry: u64) -> EventRef {
    EventRef {
        address: Address { entry, position: 0 },
        id: EventId(Hash::of(&entry.to_be_bytes())),
        author: slug("curator"),
    }
}

fn slug(text: &str) -> Slug {
    text.parse().unwrap()
}

fn ratio(text: &str) -> Ratio {
    text.parse().unwrap()
}

fn ppm(ppm: u32) -> Ratio {
    Ratio::from_ppm(ppm).unwrap()
}

fn time(text: &str) -> Time {
    Time::parse_seconds(text).unwrap()
}

fn appraisal(value: &str, entry: u64) -> Appraisal {
    Appraisal {
        agent: slug("curator"),
        value: ratio(value),
        event: event(entry),
    }
}

fn artifact(name: &str, registered: u64) -> ArtifactInput {
    ArtifactInput {
        subject: format!("artifact/{name}").parse().unwrap(),
        registered: event(registered),
        community: Some(slug("anthropic")),
        credibility: Vec::new(),
        methodology: Vec::new(),
        replication: Vec::new(),
        standing: Standing::Sound,
        standing_event: None,
    }
}

fn edge(seq: u64, relation: Relation, artifact: ArtifactInput) -> EdgeInput {
    EdgeInput {
        seq,
        event: event(100 + seq),
        sources: Vec::new(),
        relation,
        strength: None,
        passages: Vec::new(),
        replication: None,
        artifact,
        set_aside: false,
    }
}

fn attestation(seq: u64, verdict: Verdict, weight: &str, reliability: &str) -> AttestationInput {
    AttestationInput {
        seq,
        event: event(100 + seq),
        sources: vec![event(1)],
        verdict,
        weight: ratio(weight),
        expires: None,
        agent: slug("curator"),
        reliability: Some(ratio(reliability)),
        community: Some(slug("curators")),
    }
}

fn nothing() -> Inputs {
    Inputs {
        edges: Vec::new(),
        attestations: Vec::new(),
        scopes: Vec::new(),
        at: time("2026-03-09T19:58:00Z"),
        computed_at: None,
        note: None,
    }
}

/// The reference page, with the appraisals that its ledger gives.
fn reference() -> Inputs {
    let appraised = |name, registered, credibility, methodology, replication: Option<&str>| {
        let one = |value: &str| vec![appraisal(value, registered + 10)];
        ArtifactInput {
            credibility: one(credibility),
            methodology: one(methodology),
            replication: replication.map_or(Vec::new(), one),
            ..artifact(name, registered)
        }
    };
    Inputs {
        edges: vec![
            EdgeInput {
                passages: vec![Some(ratio("0.84"))],
                ..edge(
                    2,
                    Relation::Supports,
                    appraised("towards-monosemanticity", 10, "0.8", "0.65", Some("0.6")),
                )
            },
            EdgeInput {
                strength: Some(ratio("0.84")),
                ..edge(
                    3,
                    Relation::Supports,
                    appraised("toy-models", 11, "0.85", "0.7", Some("0.5")),
                )
            },
            EdgeInput {
                passages: vec![Some(ratio("0.78"))],
                ..edge(
                    4,
                    Relation::Disputes,
                    appraised("scaling-monosemanticity", 12, "0.82", "0.79", None),
                )
            },
        ],
        attestations: vec![attestation(6, Verdict::Verifies, "0.75", "0.72")],
        scopes: vec![ScopeInput {
            seq: 5,
            event: event(105),
            relation: ScopeRelation::HoldsIn,
            breadth: ratio("0.45"),
        }],
        computed_at: Some(time("2026-03-09T19:58:00Z")),
        note: Some(
            "Contested: scale-dependent monosemanticity partially disputes the claim".to_owned(),
        ),
        ..nothing()
    }
}

fn values(figures: &Figures) -> [Option<u32>; 11] {
    Figure::ALL.map(|figure| figures.get(figure))
}

#[test]
fn the_reference_page_comes_out_to_the_digit() {
    let Assessment { figures, trace } = assess(&reference());
    let weights: Vec<_> = trace.edges.iter().map(|edge| edge.weight).collect();
    assert_eq!(weights, [Some(609_000), Some(651_000), Some(627_900)]);
    assert_eq!(trace.supporting_weight, 1_260_000);
    assert_eq!(trace.disputing_weight, 627_900);
    assert_eq!(trace.attestations[0].mass, 270_000);
    assert_eq!((trace.attested_for, trace.attested_against), (270_000, 0));
    assert_eq!((trace.mass_for, trace.mass_against), (1_530_000, 627_900));
    assert_eq!(
        values(&figures),
        [
            715_909, 548_333, 484_499, 713_804, 823_893, 450_000, 218_932, 581_955, 596_213,
            438_796, 499_803
        ]
        .map(Some)
    );
    assert_eq!(
        values(&figures).map(|value| percent(value.unwrap())),
        [72, 55, 48, 71, 82, 45, 22, 58, 60, 44, 50]
    );
    assert_eq!(trace.assumed, []);
}

#[test]
fn the_trace_prints_the_block_of_the_reference_page() {
    let trace = assess(&reference()).trace;
    let block = r#"{
  "note": "Contested: scale-dependent monosemanticity partially disputes the claim",
  "inputs": {
    "artifacts": 3,
    "attestations": 1,
    "disputing_edges": 1,
    "supporting_edges": 2
  }
}"#;
    assert_eq!(serde_json::to_string_pretty(&trace.summary).unwrap(), block);
    let whole = serde_json::to_value(&trace).unwrap();
    assert_eq!(whole["inputs"]["artifacts"], 3);
    assert_eq!(whole["edges"][0]["weight"], 609_000);
    assert_eq!(whole["edges"][0]["counted"], "counted");
    assert_eq!(whole["coverage"]["supp"]["whole"], 10);
}

/// The digest is that of `sha256sum` over the released file; the canonical form that of another crate.
#[test]
fn the_parameter_document_is_canonical_and_never_changes() {
    let model = model();
    assert_eq!(
        model.spec().to_string(),
        "f53107e832a831a2d3df24c154b09c107dd709ecde5dc2152df7f0289782dbfe"
    );
    let document: serde_json::Value = serde_json::from_str(model.parameters).unwrap();
    let canonical = serde_json_canonicalizer::to_string(&document).unwrap();
    assert_eq!(model.parameters, canonical);
    assert_eq!(document["name"], model.name);
    assert_eq!(document["version"], model.version);
}

#[test]
fn a_model_is_found_by_name_and_version_only() {
    for name in [
        "",
        "claim_support_vector",
        "claim_support_vector@v1",
        "claim_support_vector@v2.0",
        "@",
    ] {
        assert!(find(name).is_none(), "{name:?}");
    }
    assert_eq!(model().version, "v1.0");
}

#[test]
fn without_inputs_nothing_is_assessed() {
    let assessment = assess(&nothing());
    assert_eq!(values(&assessment.figures), [None; 11]);
    assert_eq!(assessment.trace.assumed, []);
    for figure in Figure::ALL {
        assert_eq!((model().stands_on)(&nothing(), figure), []);
        assert!(!assessment.is_partial(figure));
    }
}

#[test]
fn an_edge_without_strength_abstains_and_is_counted() {
    let mut inputs = nothing();
    inputs.edges = vec![EdgeInput {
        passages: vec![None, None],
        ..edge(2, Relation::Supports, artifact("a", 1))
    }];
    let Assessment { figures, trace } = assess(&inputs);
    assert_eq!(values(&figures), [None; 11]);
    assert_eq!(trace.edges[0].counted, EdgeCounted::Abstains);
    assert_eq!(trace.summary.inputs.supporting_edges, 1);
    assert_eq!(trace.summary.inputs.abstaining_edges, 1);
    let written = serde_json::to_value(&trace.summary).unwrap();
    assert_eq!(written["inputs"]["abstaining_edges"], 1);

    inputs.edges[0]
        .passages
        .extend([Some(ratio("0.4")), Some(ratio("0.7"))]);
    let trace = assess(&inputs).trace;
    assert_eq!(trace.edges[0].strength, Some(550_000));

    inputs.edges[0].set_aside = true;
    let Assessment { figures, trace } = assess(&inputs);
    assert_eq!(figures.evid, None);
    assert_eq!(trace.edges[0].counted, EdgeCounted::SetAside);
    assert_eq!(trace.edges[0].counted.to_string(), "set aside");
}

#[test]
fn a_source_that_nobody_appraised_is_assumed_and_said_so() {
    let mut inputs = nothing();
    inputs.edges = vec![EdgeInput {
        strength: Some(ratio("1")),
        ..edge(2, Relation::Supports, artifact("a", 1))
    }];
    let assessment = assess(&inputs);
    assert_eq!(assessment.trace.edges[0].weight, Some(500_000));
    assert_eq!(assessment.figures.evid, Some(500_000));
    assert_eq!(assessment.figures.cons, Some(333_333));
    use Figure::*;
    assert_eq!(
        assessment.trace.assumed,
        [
            Evidence,
            Consensus,
            Bridge,
            Contestation,
            Support,
            Frontier,
            Stability
        ]
    );
    assert!(assessment.is_partial(Support));
    assert_eq!(
        assessment.coverage(Support),
        Some(Coverage {
            present: 7,
            whole: 10
        })
    );

    // Frontier is of bridge, contestation and consensus, which are there; stability 2 of 4 parts is
    // replication, which is not.
    let coverage = |figure| {
        let coverage = assessment.coverage(figure)?;
        Some((coverage.present, coverage.whole))
    };
    assert_eq!(coverage(Frontier), Some((3, 3)));
    assert_eq!(coverage(Stability), Some((2, 4)));
    assert_eq!(coverage(Evidence), None);
    assert!(!assessment.is_partial(Frontier) && assessment.is_partial(Stability));

    // A replication that stands on the edge says nothing of the quality of its source.
    let mut replicated = inputs.clone();
    replicated.edges[0].replication = Some(ratio("0.5"));
    let assessment = assess(&replicated);
    assert_eq!(assessment.figures.repl, Some(500_000));
    assert!(assessment.is_assumed(Replication));
    assert!(!assessment.is_partial(Stability));

    let mut disputed = inputs.clone();
    disputed.edges[0].relation = Relation::Disputes;
    let assessment = assess(&disputed);
    assert_eq!(assessment.figures.evid, Some(0));
    assert!(!assessment.is_assumed(Evidence) && assessment.is_assumed(Consensus));

    inputs.edges[0].artifact.standing = Standing::Retracted;
    assert_eq!(assess(&inputs).trace.assumed, []);
}

#[test]
fn a_retracted_source_weighs_nothing_which_is_a_weight() {
    let mut inputs = reference();
    inputs.edges.truncate(1);
    inputs.attestations.clear();
    for (standing, weight) in [
        (Standing::Sound, 609_000),
        (Standing::Corrected, 609_000),
        (Standing::Superseded, 609_000),
        (Standing::Preprint, 609_000),
        (Standing::Concern, 304_500),
        (Standing::Retracted, 0),
        (Standing::Withdrawn, 0),
    ] {
        inputs.edges[0].artifact.standing = standing;
        inputs.edges[0].artifact.standing_event = Some(event(50));
        assert_eq!(assess(&inputs).trace.edges[0].weight, Some(weight));
    }
    let figures = assess(&inputs).figures;
    assert_eq!(figures.evid, Some(0));
    assert_eq!(
        (figures.repl, figures.cons, figures.cont),
        (None, None, None)
    );
    assert!((model().stands_on)(&inputs, Figure::Evidence).contains(&event(50)));
}

#[test]
fn an_attestation_expires_at_its_first_instant() {
    let mut inputs = reference();
    let counted = |inputs: &Inputs| assess(inputs).trace.attestations[0].counted;
    inputs.attestations[0].expires = Some(inputs.at.plus_micros(1));
    assert_eq!(counted(&inputs), AttestationCounted::Counted);
    inputs.attestations[0].expires = Some(inputs.at);
    assert_eq!(counted(&inputs), AttestationCounted::Expired);
    assert_eq!(assess(&inputs).trace.attested_for, 0);

    inputs.attestations[0].expires = None;
    inputs.attestations[0].reliability = None;
    assert_eq!(counted(&inputs), AttestationCounted::ReliabilityMissing);
    inputs.attestations[0].verdict = Verdict::Abstains;
    assert_eq!(counted(&inputs), AttestationCounted::Abstains);
    assert_eq!(assess(&inputs).trace.summary.inputs.attestations, 1);
}

#[test]
fn the_cap_is_filled_by_the_heaviest_then_the_earliest() {
    let mut inputs = nothing();
    inputs.attestations = vec![
        attestation(5, Verdict::Endorses, "0.4", "1"),
        attestation(4, Verdict::Verifies, "0.4", "1"),
        attestation(3, Verdict::Verifies, "0.1", "1"),
        attestation(6, Verdict::Verifies, "0.5", "1"),
        attestation(2, Verdict::Disputes, "0.2", "1"),
    ];
    let trace = assess(&inputs).trace;
    let masses: Vec<_> = trace
        .attestations
        .iter()
        .map(|one| (one.seq, one.mass))
        .collect();
    assert_eq!(
        masses,
        [
            (2, 100_000),
            (3, 0),
            (4, 200_000),
            (5, 50_000),
            (6, 250_000)
        ]
    );
    assert_eq!(trace.attestations[1].mass_before_cap, 50_000);
    assert_eq!(trace.attestations[1].counted, AttestationCounted::CutByCap);
    assert_eq!(
        (trace.attested_for, trace.attested_against),
        (500_000, 100_000)
    );
    // One that fills it to the brim is not cut.
    let mut one = nothing();
    one.attestations = vec![attestation(2, Verdict::Verifies, "1", "1")];
    let whole = &assess(&one).trace.attestations[0];
    assert_eq!(whole.mass, 500_000);
    assert_eq!(whole.counted, AttestationCounted::Counted);

    // What the cap left nothing of is no ground of a figure.
    let grounds = (model().stands_on)(&inputs, Figure::Consensus);
    let entries: Vec<_> = grounds.iter().map(|event| event.address.entry).collect();
    assert_eq!(entries, [1, 102, 104, 105, 106]);
}

#[test]
fn a_claim_that_fails_everywhere_has_no_scope_left() {
    let scope = |seq, relation, breadth: &str| ScopeInput {
        seq,
        event: event(seq),
        relation,
        breadth: ratio(breadth),
    };
    let mut inputs = nothing();
    inputs.scopes = vec![
        scope(3, ScopeRelation::HoldsIn, "0.5"),
        scope(2, ScopeRelation::HoldsIn, "0.5"),
    ];
    assert_eq!(assess(&inputs).figures.scop, Some(750_000));
    inputs.scopes.push(scope(4, ScopeRelation::FailsIn, "0.2"));
    assert_eq!(assess(&inputs).figures.scop, Some(600_000));
    inputs.scopes.push(scope(5, ScopeRelation::FailsIn, "1"));
    assert_eq!(assess(&inputs).figures.scop, Some(0));
}

#[test]
fn a_missing_community_is_the_one_community_unknown() {
    let mut inputs = reference();
    for edge in &mut inputs.edges {
        edge.artifact.community = None;
    }
    inputs.attestations[0].community = None;
    assert_eq!(assess(&inputs).figures.brdg, Some(0));
    inputs.attestations[0].community = Some(slug("unknown"));
    assert_eq!(assess(&inputs).figures.brdg, Some(0));
    inputs.attestations[0].community = Some(slug("curators"));
    assert_eq!(assess(&inputs).figures.brdg, Some(218_932));
}

#[test]
fn a_figure_stands_on_the_events_that_gave_its_numbers() {
    let inputs = reference();
    let on = |figure| {
        let events = (model().stands_on)(&inputs, figure);
        events
            .iter()
            .map(|event| event.address.entry)
            .collect::<Vec<_>>()
    };
    assert_eq!(on(Figure::Scope), [105]);
    assert_eq!(on(Figure::Evidence), [10, 11, 20, 21, 102, 103]);
    assert_eq!(
        on(Figure::Methodology),
        [10, 11, 12, 20, 21, 22, 102, 103, 104]
    );
    assert_eq!(
        on(Figure::Consensus),
        [1, 10, 11, 12, 20, 21, 22, 102, 103, 104, 106]
    );
    assert_eq!(on(Figure::Support), on(Figure::Consensus));
    assert_eq!(
        on(Figure::Replication),
        [10, 11, 20, 21, 102, 103],
        "a source that disputes replicates nothing"
    );
}

/// Methodology stands on the sources with one, credibility and replication likewise.
#[test]
fn a_source_without_a_figure_is_no_ground_of_it() {
    let mut inputs = nothing();
    inputs.edges = vec![
        edge(2, Relation::Supports, artifact("a", 10)),
        edge(3, Relation::Supports, artifact("b", 11)),
        edge(4, Relation::Supports, artifact("c", 12)),
    ];
    for edge in &mut inputs.edges {
        edge.strength = Some(ratio("0.5"));
    }
    inputs.edges[0].artifact.credibility = vec![appraisal("0.5", 20)];
    inputs.edges[1].artifact.methodology = vec![appraisal("0.5", 21)];
    inputs.edges[2].artifact.replication = vec![appraisal("0.5", 22)];
    let on = |figure| {
        let events = (model().stands_on)(&inputs, figure);
        let mut entries: Vec<_> = events.iter().map(|event| event.address.entry).collect();
        entries.sort_unstable();
        entries
    };
    assert_eq!(on(Figure::Credibility), [10, 20, 102]);
    assert_eq!(on(Figure::Methodology), [11, 21, 103]);
    assert_eq!(on(Figure::Replication), [12, 22, 104]);
}

#[test]
fn a_contribution_is_the_figure_with_less_the_figure_without() {
    let inputs = reference();
    let without = |left_out: &EventRef| {
        let mut rest = inputs.clone();
        rest.edges.retain(|edge| edge.event != *left_out);
        rest.attestations.retain(|one| one.event != *left_out);
        rest.scopes.retain(|one| one.event != *left_out);
        rest
    };
    let contributions = contributions(model(), &inputs, without);
    assert_eq!(contributions.len(), inputs.events().len());
    let of = |entry: u64, figure: Figure| {
        let contribution = contributions
            .iter()
            .find(|one| one.event == event(entry))
            .unwrap();
        *contribution
            .changes
            .iter()
            .find(|change| change.figure == figure)
            .unwrap()
    };
    // Without the attestation r = S: div(1,260,000, 1,887,900 + ONE) = 436,303.
    assert_eq!(of(106, Figure::Consensus).without, Some(436_303));
    assert_eq!(
        of(106, Figure::Consensus).contribution,
        Some(484_499 - 436_303)
    );
    // Without the disputing edge the claim is uncontested; it took consensus down.
    assert_eq!(of(104, Figure::Contestation).contribution, Some(581_955));
    assert!(of(104, Figure::Consensus).contribution.unwrap() < 0);
    // Without its only scope the figure is not assessed: no difference can be given.
    let scope = of(105, Figure::Scope);
    assert_eq!(
        (scope.with, scope.without, scope.contribution),
        (Some(450_000), None, None)
    );
}

prop_compose! {
    fn some_ratio()(value in prop_oneof![Just(0), Just(1_000_000), 0..=1_000_000_u32]) -> Ratio {
        ppm(value)
    }
}

fn maybe() -> impl Strategy<Value = Option<Ratio>> {
    prop::option::of(some_ratio())
}

fn appraisals() -> impl Strategy<Value = Vec<Appraisal>> {
    prop::collection::vec(some_ratio(), 0..3).prop_map(|values| {
        let one = |(agent, value)| Appraisal {
            agent: slug(&format!("agent-{agent}")),
            value,
            event: event(agent as u64),
        };
        values.into_iter().enumerate().map(one).collect()
    })
}

fn community() -> impl Strategy<Value = Option<Slug>> {
    prop::option::of((0..4_u8).prop_map(|name| slug(&format!("community-{name}"))))
}

prop_compose! {
    fn some_artifact(name: usize)(
        community in community(),
        credibility in appraisals(),
        methodology in appraisals(),
        replication in appraisals(),
        standing in prop::sample::select(vec![
            Standing::Sound, Standing::Concern, Standing::Retracted, Standing::Preprint,
        ]),
    ) -> ArtifactInput {
        ArtifactInput {
            community, credibility, methodology, replication, standing,
            ..artifact(&format!("a{name}"), name as u64)
        }
    }
}

fn some_edges() -> impl Strategy<Value = Vec<EdgeInput>> {
    let artifacts = [0, 1, 2, 3, 4].map(some_artifact);
    let edge = (
        0..5_usize,
        any::<bool>(),
        maybe(),
        prop::collection::vec(maybe(), 0..3),
        maybe(),
        prop::bool::weighted(0.1),
    );
    (artifacts, prop::collection::vec(edge, 0..8)).prop_map(|(artifacts, edges)| {
        let numbered = (2..).zip(edges);
        let one = |(seq, (of, disputes, strength, passages, replication, set_aside))| {
            let relation = if disputes {
                Relation::Disputes
            } else {
                Relation::Supports
            };
            let artifact: &ArtifactInput = &artifacts[of];
            EdgeInput {
                strength,
                passages,
                replication,
                set_aside,
                ..edge_of(seq, relation, artifact)
            }
        };
        numbered.map(one).collect()
    })
}

fn edge_of(seq: u64, relation: Relation, artifact: &ArtifactInput) -> EdgeInput {
    edge(seq, relation, artifact.clone())
}

fn some_attestations() -> impl Strategy<Value = Vec<AttestationInput>> {
    let verdicts = vec![
        Verdict::Verifies,
        Verdict::Endorses,
        Verdict::Disputes,
        Verdict::Abstains,
    ];
    let one = (
        prop::sample::select(verdicts),
        some_ratio(),
        maybe(),
        prop::option::weighted(0.2, -1..=1_i64),
        community(),
    );
    prop::collection::vec(one, 0..6).prop_map(|attestations| {
        let numbered = (20..).zip(attestations);
        let one = |(seq, (verdict, weight, reliability, expires, community))| AttestationInput {
            weight,
            reliability,
            community,
            expires: Option::map(expires, |micros| nothing().at.plus_micros(micros)),
            agent: slug(&format!("agent-{seq}")),
            ..attestation(seq, verdict, "1", "1")
        };
        numbered.map(one).collect()
    })
}

fn some_scopes() -> impl Strategy<Value = Vec<ScopeInput>> {
    prop::collection::vec((any::<bool>(), some_ratio()), 0..5).prop_map(|scopes| {
        let one = |(seq, (holds, breadth))| ScopeInput {
            seq,
            event: event(seq),
            relation: if holds {
                ScopeRelation::HoldsIn
            } else {
                ScopeRelation::FailsIn
            },
            breadth,
        };
        (40..).zip(scopes).map(one).collect()
    })
}

prop_compose! {
    fn some_inputs()(
        edges in some_edges(),
        attestations in some_attestations(),
        scopes in some_scopes(),
    ) -> Inputs {
        Inputs { edges, attestations, scopes, ..nothing() }
    }
}

/// The same inputs with every agent, artifact and community named otherwise.
fn renamed(mut inputs: Inputs) -> Inputs {
    let other = |name: &Slug| {
        slug(&format!(
            "z{}",
            name.as_str().chars().rev().collect::<String>()
        ))
    };
    for edge in &mut inputs.edges {
        let artifact = &mut edge.artifact;
        let name = other(artifact.subject.slug().unwrap());
        artifact.subject = Subject::Entity(crate::value::Kind::Artifact, name);
        artifact.community = artifact.community.as_ref().map(other);
        for list in [
            &mut artifact.credibility,
            &mut artifact.methodology,
            &mut artifact.replication,
        ] {
            list.iter_mut()
                .for_each(|one| one.agent = other(&one.agent));
        }
    }
    for attestation in &mut inputs.attestations {
        attestation.agent = other(&attestation.agent);
        attestation.community = attestation.community.as_ref().map(other);
    }
    inputs
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_figure_lies_between_nothing_and_one(inputs in some_inputs()) {
        for value in values(&assess(&inputs).figures).into_iter().flatten() {
            prop_assert!(value <= 1_000_000);
        }
    }

    #[test]
    fn what_is_not_assessed_never_shows_as_nothing(inputs in some_inputs()) {
        let Assessment { figures, trace } = assess(&inputs);
        let counted = |edge: &&EdgeTrace| edge.counted == EdgeCounted::Counted;
        let edges: Vec<&EdgeTrace> = trace.edges.iter().filter(counted).collect();
        let heavy = |edge: &&&EdgeTrace| edge.weight > Some(0);
        prop_assert_eq!(figures.evid.is_some(), !edges.is_empty());
        prop_assert_eq!(figures.scop.is_some(), !inputs.scopes.is_empty());
        let known = trace.mass_for + trace.mass_against > 0;
        for figure in [figures.cons, figures.cont, figures.brdg, figures.fron] {
            prop_assert_eq!(figure.is_some(), known);
        }
        prop_assert_eq!(figures.meth.is_some(), edges.iter().filter(heavy).any(|e| e.methodology.is_some()));
        prop_assert_eq!(figures.cred.is_some(), edges.iter().filter(heavy).any(|e| e.credibility.is_some()));
        let supports = edges.iter().filter(heavy).filter(|e| e.relation == Relation::Supports);
        prop_assert_eq!(figures.repl.is_some(), supports.clone().any(|e| e.replication.is_some()));
        prop_assert_eq!(figures.supp.is_some(), figures.evid.is_some());
        let json = serde_json::to_value(figures).unwrap();
        for figure in Figure::ALL {
            prop_assert_eq!(json[figure.short()].is_null(), figures.get(figure).is_none());
            let stands = (model().stands_on)(&inputs, figure);
            prop_assert_eq!(stands.is_empty(), figures.get(figure).is_none());
            prop_assert!(stands.is_sorted() && stands.iter().all(|one| inputs.events().contains(one)));
        }
    }

    #[test]
    fn more_support_never_lowers_evidence(mut inputs in some_inputs(), strength in some_ratio(), new in some_artifact(9)) {
        let before = assess(&inputs).figures.evid;
        inputs.edges.push(EdgeInput { strength: Some(strength), ..edge(90, Relation::Supports, new) });
        prop_assert!(assess(&inputs).figures.evid >= before);
    }

    #[test]
    fn a_retraction_never_raises_evidence(mut inputs in some_inputs(), name in 0..5_usize) {
        let before = assess(&inputs).figures.evid;
        for edge in &mut inputs.edges {
            if edge.artifact.subject.to_string() == format!("artifact/a{name}") {
                edge.artifact.standing = Standing::Retracted;
            }
        }
        prop_assert!(assess(&inputs).figures.evid <= before);
    }

    #[test]
    fn names_do_not_matter(inputs in some_inputs()) {
        // `unknown` is the one name that means something; missing ones keep it.
        prop_assert_eq!(assess(&inputs).figures, assess(&renamed(inputs)).figures);
    }

    #[test]
    fn the_order_of_the_inputs_does_not_matter(inputs in some_inputs()) {
        let mut turned = inputs.clone();
        turned.edges.reverse();
        turned.attestations.reverse();
        turned.scopes.reverse();
        prop_assert_eq!(assess(&inputs), assess(&turned));
    }

    #[test]
    fn a_hundred_sock_puppets_weigh_no_more_than_the_cap(inputs in some_inputs(), reliability in some_ratio(), disputes in any::<bool>()) {
        let mut stuffed = inputs.clone();
        stuffed.attestations.clear();
        let alone = assess(&stuffed).trace;
        let verdict = if disputes { Verdict::Disputes } else { Verdict::Verifies };
        stuffed.attestations = (100..200)
            .map(|seq| AttestationInput { reliability: Some(reliability), ..attestation(seq, verdict, "1", "1") })
            .collect();
        let Assessment { figures, trace } = assess(&stuffed);
        prop_assert!(trace.attested_for + trace.attested_against <= 500_000);
        prop_assert_eq!(trace.attestations.iter().map(|one| one.mass).sum::<u64>(), trace.attested_for + trace.attested_against);
        let (most_for, most_known) = (alone.mass_for + 500_000, alone.mass_for + alone.mass_against + 500_000);
        if let (Some(cons), false) = (figures.cons, disputes) {
            let ceiling = most_for as f64 / (most_known + 1_000_000) as f64;
            prop_assert!(f64::from(cons) <= ceiling * 1e6 + 1.0);
        }
    }

    #[test]
    fn citing_one_paper_ten_times_adds_nothing_to_its_heaviest_edge(inputs in some_inputs(), new in some_artifact(9), strengths in prop::collection::vec(some_ratio(), 10)) {
        let cited = |strengths: &[(u64, Ratio)]| {
            let mut inputs = inputs.clone();
            inputs.edges.extend(strengths.iter().map(|(seq, strength)| EdgeInput {
                strength: Some(*strength),
                ..edge(*seq, Relation::Supports, new.clone())
            }));
            assess(&inputs).figures
        };
        let all: Vec<(u64, Ratio)> = (50..).zip(strengths).collect();
        let heaviest = all.iter().max_by_key(|(seq, strength)| (*strength, std::cmp::Reverse(*seq))).unwrap();
        prop_assert_eq!(cited(&all), cited(&[*heaviest]));
    }
}

#[test]
fn of_equal_edges_the_earliest_counts() {
    let mut inputs = nothing();
    inputs.edges = [4, 2, 3]
        .map(|seq| EdgeInput {
            strength: Some(ratio("0.5")),
            replication: Some(ppm(u32::try_from(seq).unwrap() * 100_000)),
            ..edge(seq, Relation::Supports, artifact("a", 1))
        })
        .to_vec();
    let Assessment { figures, trace } = assess(&inputs);
    assert_eq!(figures.repl, Some(200_000));
    let counted: Vec<_> = trace.edges.iter().map(|edge| edge.counted).collect();
    assert_eq!(
        counted,
        [
            EdgeCounted::Counted,
            EdgeCounted::HeavierEdge,
            EdgeCounted::HeavierEdge
        ]
    );
    assert_eq!(trace.summary.inputs.artifacts, 1);
}

#[test]
fn thousands_of_edges_do_not_overflow() {
    let mut inputs = nothing();
    inputs.edges = (0..20_000)
        .map(|seq| EdgeInput {
            strength: Some(ratio("1")),
            ..edge(
                seq,
                Relation::Supports,
                ArtifactInput {
                    credibility: vec![appraisal("1", 1)],
                    community: Some(slug(&format!("c{seq}"))),
                    ..artifact(&format!("a{seq}"), 1)
                },
            )
        })
        .collect();
    let Assessment { figures, trace } = assess(&inputs);
    assert_eq!(trace.supporting_weight, 20_000_000_000);
    // 20,000,000,000 of 20,000,500,000 and of 20,001,000,000, by hand.
    assert_eq!(figures.evid, Some(999_975));
    assert_eq!(figures.cons, Some(999_950));
    assert_eq!(figures.brdg, Some(1_000_000));
    assert_eq!(figures.cont, Some(0));
}

//! Rules of views.

use grounds::trust::{
    CelFault, ClaimFacts, Counts, DomainFact, Figures, Judgement, Rule, View, ViewRules,
    ViewVerdict, compile_check,
};
use grounds::value::Ratio;

/// - Every text gets an answer, and never that the parser broke.
/// - A rule that may be added compiles in a view, and one that may not leaves a claim undetermined.
/// - The answer is the same each time; and of two rules the first that is true decides.
pub fn run(data: &[u8]) {
    let Ok(when) = std::str::from_utf8(data) else {
        return;
    };
    let checked = compile_check(when);
    assert!(
        !matches!(checked, Err(CelFault::Parser)),
        "the parser broke"
    );
    assert!(when.len() <= 1000 || checked.is_err());
    let rule = |when: &str, verdict| Rule {
        when: when.to_owned(),
        verdict,
        reason: "because".to_owned(),
    };
    let view = |rules| {
        ViewRules {
            rules,
            otherwise: ViewVerdict::Excluded,
        }
        .compile()
    };
    let alone = view(vec![rule(when, ViewVerdict::Included)]);
    let after = view(vec![
        rule("false", ViewVerdict::Downweighted),
        rule(when, ViewVerdict::Included),
    ]);
    let before = view(vec![
        rule("true", ViewVerdict::Downweighted),
        rule(when, ViewVerdict::Included),
    ]);
    for claim in 0..2 {
        let found = judged(&alone, claim);
        assert_eq!(found, judged(&alone, claim), "two answers");
        match &found {
            Judgement::Judged { verdict, rule, .. } => {
                assert!(checked.is_ok());
                assert_eq!(*verdict == ViewVerdict::Included, *rule == Some(0));
            }
            Judgement::Undetermined { rule, reason } => {
                assert_eq!(*rule, 0);
                assert!(!reason.contains("no answer"), "{reason}");
            }
        }
        assert_eq!(found.word(), judged(&after, claim).word());
        assert_eq!(judged(&before, claim).word(), "downweighted");
    }
}

fn judged(view: &View, claim: usize) -> Judgement {
    let domains = [
        DomainFact {
            name: "Physics".to_owned(),
            weight: Ratio::from_ppm(700_000).unwrap(),
        },
        DomainFact {
            name: "é".to_owned(),
            weight: Ratio::from_ppm(300_000).unwrap(),
        },
    ];
    let facts = ClaimFacts {
        statement: "It is so.",
        summary: "It was seen: \u{1f600}.",
        detail: [None, Some("Twice.")][claim],
        nature: "empirical",
        polarity: "positive",
        falsifiability: "falsifiable",
        origin: "authored",
        lifecycle: "active",
        standing: "contested",
        key: [Some("fred:1"), None][claim],
        version: [1, u32::MAX][claim],
        domains: &domains[..2 * claim],
    };
    let figures = Figures {
        evid: Some(600_000),
        supp: [None, Some(1_000_000)][claim],
        cont: Some(0),
        ..Figures::default()
    };
    let counts = Counts {
        abstaining_edges: 0,
        artifacts: [3, u64::MAX][claim],
        attestations: 2,
        disputing_edges: 1,
        supporting_edges: 4,
    };
    view.judge(&facts, &figures, &counts)
}

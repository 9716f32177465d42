//! Views: named policies that include, downweight or exclude claims, written as rules in CEL, the
//! Common Expression Language (<https://cel.dev>, version 0.x of its specification).
//!
//! A rule sees three variables: `claim` (its fields), `profile` (the figures by short name, as
//! doubles from 0 to 1, or null where not assessed) and `counts` (how much went in). Rules are
//! strangers' text. They cost at most a walk over a small tree: comprehensions, the only loops that
//! CEL has, are refused, and so are long texts and deep trees. The parser recurses once for every
//! bracket or operator, so it runs on a thread whose stack fits the worst text of the longest
//! length, whatever stack the caller has left.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, LazyLock};
use std::thread;

use cel::common::ast::{EntryExpr, Expr};
use cel::{Context, Env, IdedExpr, Program, Value};
use serde::{Deserialize, Serialize};

pub use crate::claim::ViewVerdict;
use crate::value::{Ratio, excerpt};

use super::figure::{Figure, Figures};
use super::trace::Counts;

/// Longest rule, in bytes.
const LONGEST: usize = 1000;
/// Deepest expression, in nested nodes; `a.b == c` has three.
const DEEPEST: usize = 64;
/// Stack of the thread that parses, in bytes: 16 times what the worst text was seen to take.
const PARSER_STACK: usize = 16 << 20;
/// The comprehension macros of CEL; no other call of these names exists.
const COMPREHENSIONS: [&str; 5] = ["all", "exists", "exists_one", "map", "filter"];

/// A rule of a view, as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// A condition in CEL.
    pub when: String,
    /// The verdict where it is true.
    pub verdict: ViewVerdict,
    /// Why, for the reader.
    pub reason: String,
}

/// The rules of a view, as they were written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ViewRules {
    /// The first that is true gives the verdict.
    pub rules: Vec<Rule>,
    /// The verdict where none is true.
    pub otherwise: ViewVerdict,
}

/// The rules of a view, compiled once to judge many claims.
#[derive(Debug)]
pub struct View {
    rules: Vec<(Rule, Result<Program, CelFault>)>,
    otherwise: ViewVerdict,
}

/// What a view says of a claim, and by which rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum Judgement {
    /// A rule was true, or none was and the view's `otherwise` holds.
    Judged {
        /// The verdict.
        verdict: ViewVerdict,
        /// Position of the rule, from 0; none for `otherwise`.
        rule: Option<usize>,
        /// The rule's reason; none for `otherwise`.
        reason: Option<String>,
    },
    /// A rule could not be answered, and none before it was true.
    Undetermined {
        /// Position of the rule, from 0.
        rule: usize,
        /// What was wrong with it.
        reason: String,
    },
}

impl Judgement {
    /// The word for it: `included`, `downweighted`, `excluded` or `undetermined`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Judgement::Judged { verdict, .. } => verdict.word(),
            Judgement::Undetermined { .. } => "undetermined",
        }
    }
}

/// What a rule may ask of a claim, as `claim.nature` and so on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClaimFacts<'a> {
    /// The statement.
    pub statement: &'a str,
    /// The summary.
    pub summary: &'a str,
    /// The detail; null where there is none.
    pub detail: Option<&'a str>,
    /// `empirical`, `interpretive` ….
    pub nature: &'a str,
    /// `positive` or `negative`.
    pub polarity: &'a str,
    /// `falsifiable`, `partially_falsifiable` or `unfalsifiable`.
    pub falsifiability: &'a str,
    /// `authored`, `extracted` ….
    pub origin: &'a str,
    /// `proposed`, `active` ….
    pub lifecycle: &'a str,
    /// `hypothesis`, `contested` ….
    pub standing: &'a str,
    /// The importer's id for it; null where there is none.
    pub key: Option<&'a str>,
    /// The current version, from 1: an integer.
    pub version: u32,
    /// The domains: a list of maps with `name` and `weight`.
    pub domains: &'a [DomainFact],
}

/// A domain of a claim, as `claim.domains[0].name` and so on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DomainFact {
    /// Its name.
    pub name: String,
    /// How much of the claim lies in it: a double from 0 to 1.
    pub weight: Ratio,
}

/// Why a rule cannot be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CelFault {
    /// Longer than a rule may be: this many bytes.
    Long(usize),
    /// Not CEL: what the parser says.
    Syntax(String),
    /// Uses a comprehension.
    Comprehension,
    /// Nested deeper than a rule may be.
    Deep,
    /// Failed for this claim: what the interpreter says.
    Failed(String),
    /// Gave a value of this type.
    NotABool(String),
    /// The machine gave no thread to parse on, or the parser broke: a fault of ours.
    Parser,
}

impl fmt::Display for CelFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CelFault::Long(bytes) => {
                write!(f, "found {bytes} bytes, expected at most {LONGEST}")
            }
            CelFault::Syntax(fault) => write!(f, "found {fault}, expected an expression in CEL"),
            CelFault::Comprehension => f.write_str(
                "found a comprehension, expected none: all, exists, exists_one, map and filter may take exponential time",
            ),
            CelFault::Deep => write!(
                f,
                "found an expression nested too deep, expected at most {DEEPEST} levels"
            ),
            CelFault::Failed(fault) => write!(f, "failed with {fault}, expected true or false"),
            CelFault::NotABool(kind) => write!(f, "gave a value of type {kind}, expected a bool"),
            CelFault::Parser => f.write_str("the parser of CEL gave no answer"),
        }
    }
}

impl std::error::Error for CelFault {}

/// Whether a rule may be added to a view: it compiles, and its cost is bounded. Whether it also
/// gives a bool for every claim shows only as it is used.
///
/// # Errors
/// What is wrong with it.
pub fn compile_check(when: &str) -> Result<(), CelFault> {
    compile(when).map(|_| ())
}

impl ViewRules {
    /// Compiles the rules. One that does not compile is kept with its fault: history holds it, and a
    /// claim that comes to it is undetermined.
    #[must_use]
    pub fn compile(self) -> View {
        let compiled = |rule: Rule| {
            let program = compile(&rule.when);
            (rule, program)
        };
        View {
            rules: self.rules.into_iter().map(compiled).collect(),
            otherwise: self.otherwise,
        }
    }
}

impl View {
    /// Judges a claim: the first rule that is true gives the verdict.
    #[must_use]
    pub fn judge(&self, claim: &ClaimFacts<'_>, profile: &Figures, counts: &Counts) -> Judgement {
        let context = context(claim, profile, counts);
        for (position, (rule, program)) in self.rules.iter().enumerate() {
            match program
                .as_ref()
                .map_err(CelFault::clone)
                .and_then(|program| holds(program, &context))
            {
                Ok(false) => {}
                Ok(true) => {
                    return Judgement::Judged {
                        verdict: rule.verdict,
                        rule: Some(position),
                        reason: Some(rule.reason.clone()),
                    };
                }
                Err(fault) => {
                    return Judgement::Undetermined {
                        rule: position,
                        reason: fault.to_string(),
                    };
                }
            }
        }
        Judgement::Judged {
            verdict: self.otherwise,
            rule: None,
            reason: None,
        }
    }
}

fn holds(program: &Program, context: &Context<'_, '_>) -> Result<bool, CelFault> {
    match program.execute(context) {
        Ok(Value::Bool(answer)) => Ok(answer),
        Ok(other) => Err(CelFault::NotABool(other.type_of().to_string())),
        Err(fault) => Err(CelFault::Failed(excerpt(&fault.to_string()))),
    }
}

fn compile(when: &str) -> Result<Program, CelFault> {
    if when.len() > LONGEST {
        return Err(CelFault::Long(when.len()));
    }
    thread::scope(|scope| {
        let parser = thread::Builder::new().stack_size(PARSER_STACK);
        let parsing = parser
            .spawn_scoped(scope, || parse(when))
            .map_err(|_| CelFault::Parser)?;
        parsing.join().unwrap_or(Err(CelFault::Parser))
    })
}

fn parse(when: &str) -> Result<Program, CelFault> {
    let program = Program::compile(when).map_err(|faults| {
        let first = faults.errors.first();
        CelFault::Syntax(excerpt(first.map_or("", |fault| fault.msg.as_str())))
    })?;
    bound(program.expression())?;
    Ok(program)
}

/// Walks the tree without recursion: it may be as deep as the text is long.
fn bound(root: &IdedExpr) -> Result<(), CelFault> {
    let mut open = vec![(root, 1)];
    while let Some((node, depth)) = open.pop() {
        if depth > DEEPEST {
            return Err(CelFault::Deep);
        }
        if is_comprehension(&node.expr) {
            return Err(CelFault::Comprehension);
        }
        open.extend(children(&node.expr).map(|child| (child, depth + 1)));
    }
    Ok(())
}

/// The parser turns the macros into nodes of their own; a call of the same name with other arguments
/// is no macro, but means one.
fn is_comprehension(node: &Expr) -> bool {
    match node {
        Expr::Comprehension(_) => true,
        Expr::Call(call) => COMPREHENSIONS.contains(&call.func_name.as_str()),
        _ => false,
    }
}

fn children(node: &Expr) -> impl Iterator<Item = &IdedExpr> {
    let mut children: Vec<&IdedExpr> = Vec::new();
    match node {
        Expr::Call(call) => {
            children.extend(call.target.as_deref());
            children.extend(&call.args);
        }
        Expr::List(list) => children.extend(&list.elements),
        Expr::Select(select) => children.push(&select.operand),
        Expr::Map(map) => map
            .entries
            .iter()
            .for_each(|entry| parts(&entry.expr, &mut children)),
        Expr::Struct(message) => {
            message
                .entries
                .iter()
                .for_each(|entry| parts(&entry.expr, &mut children));
        }
        Expr::Comprehension(_) | Expr::Ident(_) | Expr::Literal(_) | Expr::Unspecified => {}
    }
    children.into_iter()
}

fn parts<'a>(entry: &'a EntryExpr, children: &mut Vec<&'a IdedExpr>) {
    match entry {
        EntryExpr::StructField(field) => children.push(&field.value),
        EntryExpr::MapEntry(entry) => children.extend([&entry.key, &entry.value]),
    }
}

/// The standard functions, without the optional values that only some CEL libraries know.
static STANDARD: LazyLock<Arc<Env>> =
    LazyLock::new(|| Arc::new(Env::default().with_optional_support(false).with_stdlib()));

fn context(
    claim: &ClaimFacts<'_>,
    profile: &Figures,
    counts: &Counts,
) -> Context<'static, 'static> {
    let mut context = Context::with_env(Arc::clone(&STANDARD));
    context.add_variable_from_value("claim", claim_value(claim));
    context.add_variable_from_value("profile", profile_value(profile));
    context.add_variable_from_value("counts", counts_value(counts));
    context
}

fn claim_value(claim: &ClaimFacts<'_>) -> HashMap<&'static str, Value> {
    let domain = |domain: &DomainFact| {
        HashMap::from([
            ("name", Value::from(domain.name.as_str())),
            ("weight", double(domain.weight.ppm())),
        ])
    };
    let domains: Vec<_> = claim.domains.iter().map(domain).collect();
    HashMap::from([
        ("statement", claim.statement.into()),
        ("summary", claim.summary.into()),
        ("detail", claim.detail.into()),
        ("nature", claim.nature.into()),
        ("polarity", claim.polarity.into()),
        ("falsifiability", claim.falsifiability.into()),
        ("origin", claim.origin.into()),
        ("lifecycle", claim.lifecycle.into()),
        ("standing", claim.standing.into()),
        ("key", claim.key.into()),
        ("version", Value::Int(i64::from(claim.version))),
        ("domains", domains.into()),
    ])
}

fn profile_value(profile: &Figures) -> HashMap<&'static str, Value> {
    let value = |figure: Figure| profile.get(figure).map_or(Value::Null, double);
    Figure::ALL
        .into_iter()
        .map(|figure| (figure.short(), value(figure)))
        .collect()
}

fn counts_value(counts: &Counts) -> HashMap<&'static str, Value> {
    [
        ("abstaining_edges", counts.abstaining_edges),
        ("artifacts", counts.artifacts),
        ("attestations", counts.attestations),
        ("disputing_edges", counts.disputing_edges),
        ("supporting_edges", counts.supporting_edges),
    ]
    .into_iter()
    .map(|(name, count)| (name, Value::Int(i64::try_from(count).unwrap_or(i64::MAX))))
    .collect()
}

fn double(ppm: u32) -> Value {
    Value::Float(f64::from(ppm) / 1_000_000.0)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// "Strict Empirical", as a ledger would hold it.
    fn strict_empirical() -> ViewRules {
        let rule = |when: &str, verdict, reason: &str| Rule {
            when: when.to_owned(),
            verdict,
            reason: reason.to_owned(),
        };
        ViewRules {
            rules: vec![
                rule(
                    r#"claim.nature != "empirical" || claim.falsifiability == "unfalsifiable""#,
                    ViewVerdict::Excluded,
                    "not an empirical claim that can be tested",
                ),
                rule(
                    "profile.evid == null || profile.evid < 0.5",
                    ViewVerdict::Downweighted,
                    "little evidence",
                ),
            ],
            otherwise: ViewVerdict::Included,
        }
    }

    fn facts() -> ClaimFacts<'static> {
        ClaimFacts {
            statement: "Individual neurons rarely encode single concepts",
            summary: "In standard transformers, most neurons are polysemantic.",
            detail: None,
            nature: "empirical",
            polarity: "positive",
            falsifiability: "falsifiable",
            origin: "cross_referenced",
            lifecycle: "active",
            standing: "contested",
            key: None,
            version: 1,
            domains: &[],
        }
    }

    fn evidence(ppm: Option<u32>) -> Figures {
        Figures {
            evid: ppm,
            ..Figures::default()
        }
    }

    fn judge(view: &View, claim: &ClaimFacts<'_>, profile: &Figures) -> Judgement {
        view.judge(claim, profile, &Counts::default())
    }

    /// What one rule says of a claim that it includes where it is true.
    fn answer(when: &str) -> Judgement {
        let rules = ViewRules {
            rules: vec![Rule {
                when: when.to_owned(),
                verdict: ViewVerdict::Included,
                reason: "so".to_owned(),
            }],
            otherwise: ViewVerdict::Excluded,
        };
        let domains = [DomainFact {
            name: "Mechanistic Interpretability".to_owned(),
            weight: "1".parse().unwrap(),
        }];
        let claim = ClaimFacts {
            domains: &domains,
            ..facts()
        };
        let counts = Counts {
            artifacts: 3,
            ..Counts::default()
        };
        rules
            .compile()
            .judge(&claim, &evidence(Some(715_909)), &counts)
    }

    #[test]
    fn strict_empirical_judges_as_it_is_described() {
        let rules = strict_empirical();
        for rule in &rules.rules {
            assert_eq!(compile_check(&rule.when), Ok(()));
        }
        let view = rules.compile();
        let word = |claim: &ClaimFacts<'_>, evid| judge(&view, claim, &evidence(evid)).word();

        assert_eq!(word(&facts(), Some(715_909)), "included");
        assert_eq!(word(&facts(), Some(500_000)), "included");
        assert_eq!(word(&facts(), Some(499_999)), "downweighted");
        assert_eq!(word(&facts(), Some(0)), "downweighted");
        assert_eq!(word(&facts(), None), "downweighted");
        let partially = ClaimFacts {
            falsifiability: "partially_falsifiable",
            ..facts()
        };
        assert_eq!(word(&partially, Some(715_909)), "included");
        let unfalsifiable = ClaimFacts {
            falsifiability: "unfalsifiable",
            ..facts()
        };
        assert_eq!(word(&unfalsifiable, Some(715_909)), "excluded");
        let normative = ClaimFacts {
            nature: "normative",
            ..facts()
        };
        assert_eq!(word(&normative, None), "excluded");
    }

    #[test]
    fn the_first_rule_that_is_true_gives_the_verdict_and_is_named() {
        let view = strict_empirical().compile();
        assert_eq!(
            judge(&view, &facts(), &evidence(None)),
            Judgement::Judged {
                verdict: ViewVerdict::Downweighted,
                rule: Some(1),
                reason: Some("little evidence".to_owned()),
            }
        );
        assert_eq!(
            judge(&view, &facts(), &evidence(Some(1_000_000))),
            Judgement::Judged {
                verdict: ViewVerdict::Included,
                rule: None,
                reason: None
            }
        );
    }

    #[test]
    fn a_rule_sees_claim_profile_and_counts() {
        for when in [
            r#"claim.statement.startsWith("Individual")"#,
            r#"claim.standing in ["contested", "refuted"] && claim.lifecycle == "active""#,
            "claim.version == 1 && claim.detail == null && claim.key == null",
            r#"claim.domains[0].name.contains("Interp") && claim.domains[0].weight == 1.0"#,
            "size(claim.domains) == 1",
            "profile.evid > 0.7 && profile.evid < 0.72 && profile.repl == null",
            "counts.artifacts == 3 && counts.attestations == 0 && counts.abstaining_edges == 0",
            "has(profile.stab) && !has(profile.truth)",
        ] {
            assert_eq!(compile_check(when), Ok(()), "{when}");
            assert_eq!(
                answer(when).word(),
                "included",
                "{when}: {:?}",
                answer(when)
            );
        }
    }

    #[test]
    fn a_rule_without_an_answer_leaves_the_claim_undetermined() {
        for when in [
            "",
            "claim.",
            "1",
            "null",
            r#""true""#,
            "profile.repl < 0.5",
            "claim.colour == 1",
            "nobody",
            "nobody(1)",
            "1 / 0 == 1",
            "9223372036854775807 + 1 > 0",
            "claim.domains[7].name == 'x'",
            "claim.domains.all(d, d.weight > 0.5)",
            "optional.of(1).hasValue()",
        ] {
            let judgement = answer(when);
            let Judgement::Undetermined { rule: 0, reason } = &judgement else {
                panic!("{when:?}: {judgement:?}");
            };
            assert!(reason.contains("expected"), "{when:?}: {reason}");
        }
    }

    #[test]
    fn a_rule_before_one_without_an_answer_still_decides() {
        let mut rules = strict_empirical();
        rules.rules[1].when = "broken(".to_owned();
        let view = rules.compile();
        let normative = ClaimFacts {
            nature: "normative",
            ..facts()
        };
        assert_eq!(judge(&view, &normative, &evidence(None)).word(), "excluded");
        assert_eq!(
            judge(&view, &facts(), &evidence(None)).word(),
            "undetermined"
        );
    }

    #[test]
    fn comprehensions_are_refused_wherever_they_stand() {
        for when in [
            "claim.domains.all(d, d.weight > 0.5)",
            "claim.domains.exists(d, d.weight > 0.5)",
            "claim.domains.exists_one(d, d.weight > 0.5)",
            "size(claim.domains.map(d, d.weight)) > 0",
            "size(claim.domains.map(d, d.weight > 0.0, d.weight)) > 0",
            "size(claim.domains.filter(d, d.weight > 0.5)) > 0",
            "[[1].map(x, x)][0] == [1]",
            "{1: [1].all(x, x > 0)}[1]",
            "{[1].exists(x, x > 0): 1}[true] == 1",
            "true ? [1].exists(x, true) : false",
            "a.b{c: [1].all(x, true)}",
            "has({'a': [1].map(x, x)}.a)",
            "map(1)",
            "[1].all(1, 2, 3)",
        ] {
            assert_eq!(compile_check(when), Err(CelFault::Comprehension), "{when}");
        }
        assert_eq!(compile_check("claim.map == claim.filter"), Ok(()));
    }

    #[test]
    fn a_rule_is_at_most_a_thousand_bytes() {
        let long = format!("claim.key == '{}'", "x".repeat(985));
        assert_eq!(long.len(), 1000);
        assert_eq!(compile_check(&long), Ok(()));
        assert_eq!(
            compile_check(&format!("{long} ")),
            Err(CelFault::Long(1001))
        );
    }

    #[test]
    fn text_nested_a_thousand_deep_is_answered_on_a_small_stack() {
        let nested = |open: &str, inner: &str, close: &str| {
            let times = (LONGEST - inner.len()) / (open.len() + close.len());
            format!("{}{inner}{}", open.repeat(times), close.repeat(times))
        };
        let mut texts: Vec<String> = ["(", "!", "-", "[", "{1:", "a.", "true?", "\"", "/", "size("]
            .map(|piece| nested(piece, "", ""))
            .to_vec();
        texts.extend([
            nested("(", "true", ")"),
            nested("[", "1", "]"),
            nested("!", "true", ""),
            nested("-", "1", ""),
            nested("!(", "true", ")"),
            nested("1+", "1", ""),
            nested("1==", "1", ""),
            nested("true&&", "true", ""),
            nested("false||", "true", ""),
            nested("a.", "b", ""),
            nested("", "a", "[0]"),
            nested("", "1", ".f()"),
            nested("size(", "a", ")"),
            nested("true?1:", "1", ""),
            nested("true?", "1", ":1"),
            nested("{1:", "1", "}"),
        ]);
        let small = thread::Builder::new().stack_size(128 << 10);
        let asked = small.spawn(move || {
            for text in &texts {
                let fault = compile_check(text);
                let judged = answer(text);
                if fault.is_err() {
                    assert_eq!(judged.word(), "undetermined", "{text}");
                }
            }
        });
        asked.unwrap().join().unwrap();
        assert_eq!(compile_check(&nested("1+", "1", "")), Err(CelFault::Deep));
        // A sum of n ones is n levels deep: the sums, each in the one after it, and a one.
        for (levels, answer) in [(63, Ok(())), (64, Ok(())), (65, Err(CelFault::Deep))] {
            let sum = ["1"; 65][..levels].join("+");
            assert_eq!(compile_check(&sum), answer, "{levels} levels");
        }
        assert_eq!(compile_check(&nested("true&&", "true", "")), Ok(()));
    }

    #[test]
    fn a_view_can_be_shared_between_threads() {
        fn shared<T: Send + Sync>() {}
        shared::<View>();
    }

    /// Pieces that make up most of CEL, so that many strings of them are nearly right.
    fn piece() -> impl Strategy<Value = &'static str> {
        prop::sample::select(vec![
            "(",
            ")",
            "[",
            "]",
            "{",
            "}",
            "!",
            "-",
            " + ",
            " * ",
            " / ",
            " % ",
            " ? ",
            " : ",
            ".",
            ",",
            " && ",
            " || ",
            " == ",
            " < ",
            " in ",
            "1",
            "0",
            "1.5",
            "1e999",
            "0u",
            "9223372036854775807",
            "'a'",
            "b'x'",
            "'\\u0000'",
            "'\\xff'",
            "\"",
            "null",
            "true",
            "claim",
            "profile",
            ".statement",
            ".evid",
            ".domains",
            "[0]",
            "has(",
            "size(",
            "int(",
            "string(",
            "bytes(",
            "type(",
            "timestamp(",
            "duration(",
            ".contains(",
            ".all(x, ",
            ".map(x, ",
            "x",
            "`a`",
            "@in",
            "é",
            "\0",
            "//c\n",
            "?.",
            "_",
            "a.b{",
        ])
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_text_is_answered(text in prop_oneof![
            ".{0,200}",
            prop::collection::vec(piece(), 0..40).prop_map(|pieces| pieces.concat()),
        ]) {
            let fault = compile_check(&text);
            let judgement = answer(&text);
            if fault.is_err() {
                prop_assert_eq!(judgement.word(), "undetermined");
            }
            prop_assert_ne!(fault, Err(CelFault::Parser));
        }
    }
}

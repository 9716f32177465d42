//! Bisect: the first event that made something true of a claim's figure.
//!
//! A figure goes up and down, so that halving the history could miss the first time: the search is
//! a walk over the events that bear on the claim, in order of record.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::claim::State;
use crate::trust::{Figure, Model};
use crate::value::{Ratio, Slug, Subject, excerpt};

use super::inputs::Keep;
use super::walk::{Footstep, Step, Walk};

/// How a figure is held against a ratio.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relation {
    Less,
    AtMost,
    More,
    AtLeast,
    Equal,
    Unequal,
}

/// Something that is true or false of a claim's figure: `support < 0.5`, `repl assessed`. A figure
/// that is not assessed is neither below nor above anything, nor equal to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Predicate {
    figure: Figure,
    asked: Asked,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Assessed(bool),
    Compared(Relation, Ratio),
}

/// A text that is no predicate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PredicateError {
    found: String,
    expected: &'static str,
}

impl fmt::Display for PredicateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "found {}, expected {}", self.found, self.expected)
    }
}

impl std::error::Error for PredicateError {}

impl FromStr for Predicate {
    type Err = PredicateError;

    fn from_str(text: &str) -> Result<Predicate, PredicateError> {
        let fault = |found: &str, expected| PredicateError {
            found: excerpt(found),
            expected,
        };
        let text = text.trim();
        let end = text
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        let figure = Figure::named(name).ok_or_else(|| {
            fault(
                name,
                "the name of a figure: evidence, replication, consensus, methodology, credibility, scope, bridge, contestation, support, frontier, stability, or its first letters",
            )
        })?;
        let asked = asked(rest.trim()).ok_or_else(|| {
            fault(
                rest.trim(),
                "<, <=, >, >=, = or != and a ratio such as 0.5; or: assessed; or: not assessed",
            )
        })?;
        Ok(Predicate { figure, asked })
    }
}

fn asked(text: &str) -> Option<Asked> {
    match text {
        "assessed" => return Some(Asked::Assessed(true)),
        "not assessed" => return Some(Asked::Assessed(false)),
        _ => {}
    }
    let relations = [
        ("<=", Relation::AtMost),
        (">=", Relation::AtLeast),
        ("!=", Relation::Unequal),
        ("<", Relation::Less),
        (">", Relation::More),
        ("=", Relation::Equal),
    ];
    let found = relations
        .iter()
        .find_map(|(sign, relation)| Some((relation, text.strip_prefix(sign)?)));
    let (relation, ratio) = found?;
    Some(Asked::Compared(*relation, ratio.trim().parse().ok()?))
}

impl fmt::Display for Predicate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let figure = self.figure.long();
        match self.asked {
            Asked::Assessed(true) => write!(f, "{figure} assessed"),
            Asked::Assessed(false) => write!(f, "{figure} not assessed"),
            Asked::Compared(relation, ratio) => {
                let sign = match relation {
                    Relation::Less => "<",
                    Relation::AtMost => "<=",
                    Relation::More => ">",
                    Relation::AtLeast => ">=",
                    Relation::Equal => "=",
                    Relation::Unequal => "!=",
                };
                write!(f, "{figure} {sign} {ratio}")
            }
        }
    }
}

impl Predicate {
    /// The figure that it is about.
    #[must_use]
    pub fn figure(&self) -> Figure {
        self.figure
    }

    /// Whether it is true of a value of its figure, in ppm.
    #[must_use]
    pub fn holds(&self, value: Option<u32>) -> bool {
        match (self.asked, value) {
            (Asked::Assessed(wanted), value) => value.is_some() == wanted,
            (Asked::Compared(..), None) => false,
            (Asked::Compared(relation, ratio), Some(value)) => match relation {
                Relation::Less => value < ratio.ppm(),
                Relation::AtMost => value <= ratio.ppm(),
                Relation::More => value > ratio.ppm(),
                Relation::AtLeast => value >= ratio.ppm(),
                Relation::Equal => value == ratio.ppm(),
                Relation::Unequal => value != ratio.ppm(),
            },
        }
    }
}

/// Where a predicate first became true.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bisected {
    /// Which claim.
    pub subject: Subject,
    /// The predicate, as it was understood.
    pub predicate: String,
    /// Its figure.
    pub figure: Figure,
    /// How it was searched, in words.
    pub how: String,
    /// How many steps of the claim's figures were looked at.
    pub steps: u64,
    /// Whether it is true now.
    pub holds_now: bool,
    /// The step that made it true first; none where none did.
    pub found: Option<Step>,
}

/// The first event, in order of record, that made a predicate true of a claim that is in effect;
/// none where no such claim is. "Not assessed" is looked for from the claim's first figure on.
#[must_use]
pub fn bisect(
    state: &State,
    slug: &Slug,
    predicate: &Predicate,
    model: &Model,
) -> Option<Bisected> {
    state.claim(slug)?.wording.as_ref()?;
    let keep = Keep::default();
    let walk = Walk {
        claim: slug,
        model,
        keep: &keep,
    };
    let steps = walk.by_record(&State::new(), state);
    let became = |step: &&Footstep| {
        let (before, after) = (
            step.before.get(predicate.figure),
            step.after.get(predicate.figure),
        );
        !predicate.holds(before) && predicate.holds(after)
    };
    Some(Bisected {
        subject: Subject::claim(slug.clone()),
        predicate: predicate.to_string(),
        figure: predicate.figure,
        how: "every event that bears on the claim was looked at in order of record, because a figure may go up and down".to_owned(),
        steps: steps.len() as u64,
        holds_now: predicate.holds(walk.figures(state).get(predicate.figure)),
        found: steps.iter().find(became).map(|step| step.shown(state, false)),
    })
}

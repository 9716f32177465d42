//! `grounds diff`: what changed for a claim between two points.

use clap::{Args, ValueEnum};
use grounds::claim::State;
use grounds::projection::{Difference, Point, difference};
use grounds::trust::Model;
use grounds::value::{Subject, Time};

use crate::context::Context;
use crate::error::{Exit, Failure};
use crate::render::human;
use crate::seen::{Asking, Seen, model_of, parse_as_of, parse_effective};

/// Say what changed for a claim between two dates, figure by figure, and which entry did it.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples: grounds diff individual-neurons --from 2026-03-06 --to 2026-03-08 · grounds diff individual-neurons --clock effective --from 2022 --to 2024"
)]
pub(crate) struct Diff {
    /// The claim's slug, with or without claim/, or a prefix that only one has
    pub(crate) claim: String,
    /// From here [default: the newest entry]
    #[arg(long, value_name = "X", required_unless_present_any = ["model1", "model2"])]
    pub(crate) from: Option<String>,
    /// To here [default: the newest entry]
    #[arg(long, value_name = "X")]
    pub(crate) to: Option<String>,
    /// What --from and --to mean: when it was recorded, or when it held in the world
    #[arg(long, value_enum, default_value_t = Clock::Recorded)]
    pub(crate) clock: Clock,
    /// The model at --from [default: the one in force there]
    #[arg(long, value_name = "MODEL")]
    pub(crate) model1: Option<String>,
    /// The model at --to [default: the one in force there]
    #[arg(long, value_name = "MODEL")]
    pub(crate) model2: Option<String>,
}

/// Which clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Clock {
    /// When the ledger recorded it.
    Recorded,
    /// When it held in the world.
    Effective,
}

/// A point with the state that it looks at.
struct End {
    state: State,
    effective: Option<Time>,
    model: &'static Model,
}

impl End {
    fn point(&self) -> Point<'_> {
        Point {
            state: &self.state,
            effective: self.effective,
            model: self.model,
        }
    }
}

impl Diff {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let seen = Asking::default().open(context)?;
        let difference = self.difference(&seen)?;
        match context.global.json {
            true => context.print_answer("grounds.diff/1", &seen.head, &difference)?,
            false => context.print(&human::changes::diff(&difference, context.width))?,
        }
        Ok(Exit::Done)
    }

    /// What changed between the two points.
    pub(crate) fn difference(&self, seen: &Seen) -> Result<Difference, Failure> {
        let slug = seen.claim(&self.claim)?;
        let from = self.end(seen, self.from.as_deref(), self.model1.as_deref())?;
        let to = self.end(seen, self.to.as_deref(), self.model2.as_deref())?;
        difference(&slug, from.point(), to.point()).ok_or_else(|| {
            Failure::not_found(format!(
                "found no {} at either point",
                Subject::claim(slug.clone())
            ))
            .hint(format!("grounds log {slug} tells since when it is there"))
        })
    }

    fn end(&self, seen: &Seen, at: Option<&str>, model: Option<&str>) -> Result<End, Failure> {
        let (state, effective) = match (self.clock, at) {
            (_, None) => (seen.state.clone(), None),
            (Clock::Effective, Some(text)) => (seen.state.clone(), Some(parse_effective(text)?)),
            (Clock::Recorded, Some(text)) => {
                (seen.ledger.state_as_of(Some(&parse_as_of(text)?))?, None)
            }
        };
        Ok(End {
            model: model_of(&state, model)?,
            state,
            effective,
        })
    }
}

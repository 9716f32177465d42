//! `grounds bisect`: the event that did it.

use clap::Args;
use grounds::projection::{Predicate, bisect};
use grounds::value::Subject;

use crate::context::Context;
use crate::error::{Exit, Failure};
use crate::render::human;
use crate::seen::Asking;

/// Find the first event that made something true of a figure.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples: grounds bisect individual-neurons 'support < 0.5' · grounds bisect individual-neurons 'contestation > 0'"
)]
pub(crate) struct Bisect {
    /// The claim's slug, with or without claim/, or a prefix that only one has
    claim: String,
    /// A figure, <, <=, >, >=, = or !=, and a ratio; or: FIGURE assessed, FIGURE not assessed
    predicate: String,
}

impl Bisect {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let predicate: Predicate =
            self.predicate
                .parse()
                .map_err(|error: grounds::projection::PredicateError| {
                    Failure::usage(error.to_string())
                        .hint("such as: grounds bisect CLAIM 'support < 0.5'")
                })?;
        let seen = Asking::default().open(context)?;
        let slug = seen.claim(&self.claim)?;
        let bisected = bisect(&seen.state, &slug, &predicate, seen.model)
            .ok_or_else(|| seen.absent(&Subject::claim(slug.clone())))?;
        match context.global.json {
            true => context.print_answer("grounds.bisect/1", &seen.head, &bisected)?,
            false => context.print(&human::answers::bisect(&bisected, context.width))?,
        }
        Ok(match bisected.found {
            Some(_) => Exit::Done,
            None => Exit::No,
        })
    }
}

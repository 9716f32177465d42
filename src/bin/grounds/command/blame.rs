//! `grounds blame`: what last changed each field and each figure.

use clap::Args;
use grounds::projection::blame;
use grounds::value::Subject;

use crate::context::Context;
use crate::error::{Exit, Failure};
use crate::render::human;
use crate::seen::Asking;

/// Say which entry last changed each field and each figure of a claim.
#[derive(Debug, Args)]
pub(crate) struct Blame {
    /// The claim's slug, with or without claim/, or a prefix that only one has
    claim: String,
}

impl Blame {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let seen = Asking::default().open(context)?;
        let slug = seen.claim(&self.claim)?;
        let blame = blame(&seen.state, &slug, seen.model)
            .ok_or_else(|| seen.absent(&Subject::claim(slug.clone())))?;
        match context.global.json {
            true => context.print_answer("grounds.blame/1", &seen.head, &blame)?,
            false => context.print(&human::answers::blame(&blame, context.width))?,
        }
        Ok(Exit::Done)
    }
}

//! `grounds why`: where a figure comes from.

use clap::Args;
use grounds::projection::{figure_named, why};
use grounds::value::Subject;

use crate::context::Context;
use crate::error::{Exit, Failure};
use crate::render::human;
use crate::seen::Asking;

/// Say where a figure comes from: its inputs, its arithmetic, the signed entries it stands on.
#[derive(Debug, Args)]
#[command(after_help = "Example: grounds why individual-neurons contestation")]
pub(crate) struct Why {
    /// The claim's slug, with or without claim/, or a prefix that only one has
    claim: String,
    /// The figure: evidence, replication, … or its first letters
    figure: String,
    #[command(flatten)]
    asking: Asking,
}

impl Why {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let figure = figure_named(&self.figure)?;
        let seen = self.asking.open(context)?;
        let slug = seen.claim(&self.claim)?;
        let why = why(&seen.state, &slug, figure, seen.model, &seen.filter)
            .ok_or_else(|| seen.absent(&Subject::claim(slug.clone())))?;
        match context.global.json {
            true => context.print_answer("grounds.why/1", &seen.head, &why)?,
            false => context.print(&human::answers::why(&why, &seen.head, context.width))?,
        }
        Ok(Exit::Done)
    }
}

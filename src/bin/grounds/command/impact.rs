//! `grounds impact`: what rests on an artifact, an agent or a key.

use clap::Args;
use grounds::projection::{Target, impact, subjects};
use grounds::value::{Kind, Subject};

use crate::context::Context;
use crate::error::{Exit, Failure};
use crate::render::human;
use crate::seen::{Asking, Seen, meant};

/// Say what rests on an artifact, an agent or a key, and what the figures would be without it.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples: grounds impact artifact/toy-models · grounds impact agent/curator · grounds impact SHA256:…"
)]
pub(crate) struct Impact {
    /// An artifact or an agent by its slug, with or without kind/, or a key id (SHA256:…)
    #[arg(value_name = "SUBJECT|KEY")]
    target: String,
}

impl Impact {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let seen = Asking::default().open(context)?;
        let target = self.target(&seen)?;
        let impact = impact(&seen.state, &target, seen.model).ok_or_else(|| {
            Failure::not_found(format!("found no {target} in this ledger"))
                .hint("grounds show agent/… lists the keys of an agent")
        })?;
        match context.global.json {
            true => context.print_answer("grounds.impact/1", &seen.head, &impact)?,
            false => context.print(&human::answers::impact(&impact, context.width))?,
        }
        Ok(Exit::Done)
    }

    fn target(&self, seen: &Seen) -> Result<Target, Failure> {
        if self.target.starts_with("SHA256:") {
            return Ok(self.target.parse()?);
        }
        let names: Vec<Subject> = subjects(&seen.state)
            .into_iter()
            .filter(|subject| matches!(subject.kind(), Kind::Artifact | Kind::Agent))
            .collect();
        Ok(meant(&self.target, &names)?.to_string().parse()?)
    }
}

//! `grounds log`: events in words, newest first.

use std::path::PathBuf;

use clap::Args;
use grounds::ledger::{AsOf, Interval, Intervals};
use grounds::net::page::{Logged, Told};
use grounds::projection::{Asked, TimelineRow, first_instant, last_instant, timeline, type_named};
use grounds::value::{Kind, Subject};

use crate::context::Context;
use crate::error::{Exit, Failure, asked_by};
use crate::policy_file;
use crate::render::human;
use crate::seen::{Asking, Seen, meant};

/// List what happened, newest first, in words.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples: grounds log individual-neurons -n 5 · grounds log --author curator --since 2026-03-05 · grounds log --type evidence"
)]
pub(crate) struct Log {
    /// Only what happened to this: a slug, with or without kind/, or a prefix; or: ledger
    subject: Option<String>,
    /// Only what this agent signed as author
    #[arg(long, value_name = "AGENT")]
    author: Option<String>,
    /// Only what was recorded then or later: a date or a time in UTC
    #[arg(long, value_name = "X")]
    since: Option<String>,
    /// Only what was recorded then or earlier
    #[arg(long, value_name = "X")]
    until: Option<String>,
    /// Only events of this type (evidence.added), or of these types (evidence)
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
    /// At most so many
    #[arg(short = 'n', long, value_name = "N")]
    limit: Option<usize>,
    /// With each event, between what it was made: after the head that its author had seen, before
    /// the first witness saw it
    #[arg(long)]
    times: bool,
    /// Whose cosignatures you take for that, and how many are enough: a tlog-policy
    #[arg(long, value_name = "FILE", requires = "times")]
    policy: Option<PathBuf>,
}

impl Log {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let kind = self.kind.as_deref().map(type_named).transpose();
        let kind = kind.map_err(|fault| asked_by("--type", &fault))?;
        let since = self.since.as_deref().map(first_instant).transpose()?;
        let until = self.until.as_deref().map(last_instant).transpose()?;
        let seen = Asking::default().open(context)?;
        let asked = Asked {
            subject: self
                .subject
                .as_deref()
                .map(|text| seen.subject(text))
                .transpose()?,
            author: self
                .author
                .as_deref()
                .map(|text| author(&seen, text))
                .transpose()?,
            r#type: kind,
            since,
            until,
            before: None,
        };
        let limit = self.limit.unwrap_or(usize::MAX);
        let rows: Vec<TimelineRow> = timeline(&seen.state, &asked).take(limit).collect();
        let told = self.told(&seen, &rows)?;
        let logged = Logged {
            subject: asked.subject.as_ref(),
            events: &told,
            next: None,
        };
        match context.global.json {
            true => context.print_answer("grounds.log/1", &seen.head, logged)?,
            false => context.print(&human::rows::log(
                &told,
                asked.subject.as_ref(),
                context.width,
            ))?,
        }
        Ok(Exit::Done)
    }

    fn told<'r>(&self, seen: &Seen, rows: &'r [TimelineRow]) -> Result<Vec<Told<'r>>, Failure> {
        let policy = self.policy.as_deref().map(policy_file::read).transpose()?;
        let intervals = (self.times).then(|| Intervals::of(&seen.ledger, policy.as_ref()));
        let told = rows.iter().map(|row| {
            let times = intervals.as_ref().map(|intervals| {
                let address: AsOf = row.by.address.parse()?;
                let size = seen.ledger.size_as_of(&address)?;
                Ok::<Interval, Failure>(intervals.at(size.saturating_sub(1)))
            });
            let times = times.transpose()?;
            Ok(Told { row, times })
        });
        told.collect()
    }
}

/// The agent that a text means: one that is registered, or the log itself.
pub(crate) fn author(seen: &Seen, text: &str) -> Result<grounds::value::Slug, Failure> {
    let agents: Vec<Subject> = grounds::projection::subjects(&seen.state)
        .into_iter()
        .filter(|subject| subject.kind() == Kind::Agent)
        .chain([Subject::log()])
        .collect();
    let subject = meant(text, &agents)?;
    Ok(subject
        .slug()
        .cloned()
        .unwrap_or_else(grounds::value::Slug::log))
}

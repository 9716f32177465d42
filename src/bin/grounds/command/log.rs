//! `grounds log`: events in words, newest first.

use std::path::PathBuf;

use clap::Args;
use grounds::claim::Data;
use grounds::ledger::{AsOf, Interval, Intervals};
use grounds::projection::{Asked, TimelineRow, timeline};
use grounds::value::{Kind, Moment, Subject, Time};
use serde::Serialize;

use crate::context::Context;
use crate::error::{Exit, Failure};
use crate::policy_file;
use crate::render::human;
use crate::seen::{Answer, Asking, Seen, meant, parse_effective};

/// List what happened, newest first, in words.
#[derive(Debug, Default, Args)]
#[command(
    after_help = "Examples: grounds log individual-neurons -n 5 · grounds log --author curator --since 2026-03-05 · grounds log --type evidence"
)]
pub(crate) struct Log {
    /// Only what happened to this: a slug, with or without kind/, or a prefix; or: ledger
    pub(crate) subject: Option<String>,
    /// Only what this agent signed as author
    #[arg(long, value_name = "AGENT")]
    pub(crate) author: Option<String>,
    /// Only what was recorded then or later: a date or a time in UTC
    #[arg(long, value_name = "X")]
    pub(crate) since: Option<String>,
    /// Only what was recorded then or earlier
    #[arg(long, value_name = "X")]
    pub(crate) until: Option<String>,
    /// Only events of this type (evidence.added), or of these types (evidence)
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) kind: Option<String>,
    /// At most so many
    #[arg(short = 'n', long, value_name = "N")]
    pub(crate) limit: Option<usize>,
    /// With each event, between what it was made: after the head that its author had seen, before
    /// the first witness saw it
    #[arg(long)]
    pub(crate) times: bool,
    /// Whose cosignatures you take for that, and how many are enough: a tlog-policy
    #[arg(long, value_name = "FILE", requires = "times")]
    pub(crate) policy: Option<PathBuf>,
}

#[derive(Serialize)]
struct Logged<'a> {
    subject: Option<&'a Subject>,
    events: Vec<Told<'a>>,
}

/// An event, and between what it was made where that was asked.
#[derive(Serialize)]
pub(crate) struct Told<'a> {
    #[serde(flatten)]
    pub(crate) row: &'a TimelineRow,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) times: Option<Interval>,
}

impl Log {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        self.is_well_asked()?;
        let seen = Asking::default().open(context)?;
        let asked = self.asked(&seen)?;
        let limit = self.limit.unwrap_or(usize::MAX);
        let rows: Vec<TimelineRow> = timeline(&seen.state, &asked).take(limit).collect();
        let logged = Logged {
            subject: asked.subject.as_ref(),
            events: self.told(&seen, &rows)?,
        };
        match context.global.json {
            true => context.print_json(&Answer::new("grounds.log/1", &seen.head, logged))?,
            false => context.print(&human::rows::log(
                &logged.events,
                asked.subject.as_ref(),
                context.width,
            ))?,
        }
        Ok(Exit::Done)
    }

    /// What can be told to be wrong before a ledger is opened.
    fn is_well_asked(&self) -> Result<(), Failure> {
        self.kind.as_deref().map_or(Ok(()), known_type)?;
        self.clocks().map(drop)
    }

    fn clocks(&self) -> Result<(Option<Time>, Option<Time>), Failure> {
        let since = self.since.as_deref().map(first_instant).transpose()?;
        let until = self.until.as_deref().map(parse_effective).transpose()?;
        Ok((since, until))
    }

    /// Which events are asked for.
    pub(crate) fn asked(&self, seen: &Seen) -> Result<Asked, Failure> {
        self.is_well_asked()?;
        let (since, until) = self.clocks()?;
        let subject = self.subject.as_deref().map(|text| seen.subject(text));
        let author = self.author.as_deref().map(|text| author(seen, text));
        Ok(Asked {
            subject: subject.transpose()?,
            author: author.transpose()?,
            r#type: self.kind.clone(),
            since,
            until,
        })
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

fn author(seen: &Seen, text: &str) -> Result<grounds::value::Slug, Failure> {
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

/// The first instant that a text means: of a date, its beginning.
fn first_instant(text: &str) -> Result<Time, Failure> {
    let moment: Moment = text.parse()?;
    Ok(match moment {
        Moment::Date(date) => date.start(),
        Moment::Second(time) | Moment::Instant(time) => time,
    })
}

fn known_type(name: &str) -> Result<(), Failure> {
    let fits = |known: &str| {
        known
            .strip_prefix(name)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let names: Vec<&str> = Data::TYPES.iter().map(|kind| kind.name).collect();
    if names.iter().any(|known| fits(known)) {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "--type: found {}, expected the type of an event or its first word",
        grounds::value::excerpt(name)
    ))
    .hint(format!("the types: {}", names.join(", "))))
}

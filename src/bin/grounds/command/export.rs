//! `grounds export`: to other formats.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use grounds::claim::State;
use grounds::export::dsse::{NoEnvelope, envelope};
use grounds::export::jsonl::{Shape, lines};
use grounds::export::prov::{self, Base, Log};
use grounds::ledger::{AsOf, Ledger};
use grounds::projection::subjects;
use grounds::value::{Index, Subject};

use crate::context::Context;
use crate::error::{Exit, Failure};
use crate::seen::{meant, parse_as_of};

/// Write events in another format.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  grounds export jsonl | jq -r 'select(.type==\"evidence.added\") | .data.note'\n  grounds export dsse --entry @41\n  grounds export prov neurons -o neurons.jsonld"
)]
pub(crate) struct Export {
    /// The format
    #[arg(value_enum)]
    format: Format,
    /// Only this subject: a claim's slug, or kind/slug
    #[arg(value_name = "SUBJECT")]
    subject: Option<String>,
    /// As the ledger knew it: an event id, an address (@41, @41.0), a date or a time in UTC
    #[arg(long, value_name = "X")]
    as_of: Option<String>,
    /// jsonl: only what happened, in the form that `import jsonl` reads
    #[arg(long)]
    acts: bool,
    /// dsse: only this commit: @41
    #[arg(long, value_name = "@N", conflicts_with_all = ["subject", "as_of"])]
    entry: Option<String>,
    /// prov: what all names begin with [default: urn:grounds:ORIGIN:]
    #[arg(long, value_name = "IRI", value_parser = base)]
    base: Option<Base>,
    /// Write to this file [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// The formats there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// One event a line, as JSON
    Jsonl,
    /// One signed commit a line, as a DSSE envelope
    Dsse,
    /// Provenance as W3C PROV-O, in JSON-LD
    Prov,
}

fn base(text: &str) -> Result<Base, String> {
    Base::parse(text).map_err(|error| error.to_string())
}

impl Export {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        self.suits()?;
        let ledger = context.open()?;
        let as_of = self.as_of.as_deref().map(parse_as_of).transpose()?;
        let state = ledger.state_as_of(as_of.as_ref())?;
        let subject = self.subject_in(&ledger, &state)?;
        let text = match self.format {
            Format::Jsonl => self.jsonl(&state, subject.as_ref()),
            Format::Dsse => self.dsse(context, &ledger, &state, subject.as_ref())?,
            Format::Prov => self.prov(&ledger, &state, subject.as_ref()),
        };
        match &self.output {
            None => context.print_bytes(text.as_bytes())?,
            Some(path) => {
                write_new(path, text.as_bytes())?;
                context.say(&format!("{}: {}", path.display(), self.amount(&text)));
            }
        }
        Ok(Exit::Done)
    }

    /// Each format has options of its own.
    fn suits(&self) -> Result<(), Failure> {
        let own = [
            ("--acts", self.acts, Format::Jsonl, "jsonl"),
            ("--entry", self.entry.is_some(), Format::Dsse, "dsse"),
            ("--base", self.base.is_some(), Format::Prov, "prov"),
        ];
        match own
            .iter()
            .find(|(_, is_given, format, _)| *is_given && *format != self.format)
        {
            Some((option, _, _, format)) => Err(Failure::usage(format!(
                "found {option}, expected it with grounds export {format} only"
            ))),
            None => Ok(()),
        }
    }

    fn subject_in(&self, ledger: &Ledger, state: &State) -> Result<Option<Subject>, Failure> {
        let Some(text) = &self.subject else {
            return Ok(None);
        };
        let subject = meant(text, &subjects(ledger.state()))?;
        if state.stream(&subject).is_none() {
            return Err(
                Failure::not_found(format!("found no event on {subject}")).hint(format!(
                    "grounds log {subject} tells since when there are some"
                )),
            );
        }
        Ok(Some(subject))
    }

    fn jsonl(&self, state: &State, subject: Option<&Subject>) -> String {
        let shape = if self.acts {
            Shape::Acts
        } else {
            Shape::Events
        };
        lines(state, subject, shape)
            .map(|line| line + "\n")
            .collect()
    }

    fn dsse(
        &self,
        context: &Context,
        ledger: &Ledger,
        state: &State,
        subject: Option<&Subject>,
    ) -> Result<String, Failure> {
        if let Some(text) = &self.entry {
            let index = entry_of(text)?;
            if index >= state.size() {
                return Err(Failure::not_found(format!(
                    "found no @{index}, expected one of the {} entries",
                    state.size()
                )));
            }
            return Ok(envelope_of(ledger, index)? + "\n");
        }
        let mut text = String::new();
        for entry in state.history() {
            let is_asked =
                |subject: &Subject| entry.events.iter().any(|event| event.subject == *subject);
            if subject.is_some_and(|subject| !is_asked(subject)) {
                continue;
            }
            match envelope_of(ledger, entry.index) {
                Ok(line) => text.extend([line.as_str(), "\n"]),
                Err(failure) if failure.exit == Exit::Io => return Err(failure),
                Err(failure) => context.say(&format!("left out: {}", failure.message)),
            }
        }
        Ok(text)
    }

    fn prov(&self, ledger: &Ledger, state: &State, subject: Option<&Subject>) -> String {
        let custody = ledger.custody();
        let of_origin = || Base::of_origin(&custody.checkpoint.origin);
        let log = Log {
            checkpoint: &custody.checkpoint,
            note: &String::from_utf8_lossy(&custody.note),
            vkey: &custody.vkey,
            leaf: &|index| ledger.tree().leaf(index),
        };
        let base = self.base.clone().unwrap_or_else(of_origin);
        prov::document(state, &log, subject, &base)
    }

    fn amount(&self, text: &str) -> String {
        let lines = text.bytes().filter(|byte| *byte == b'\n').count();
        let (count, noun) = match self.format {
            Format::Jsonl => (lines, "event"),
            Format::Dsse => (lines, "envelope"),
            // A context before them, a bracket after them.
            Format::Prov => (lines.saturating_sub(3), "node"),
        };
        format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
    }
}

fn entry_of(text: &str) -> Result<Index, Failure> {
    match text.parse() {
        Ok(AsOf::Entry(index)) => Ok(index),
        _ => Err(Failure::usage(format!(
            "--entry: found {}, expected the address of a commit, such as @41",
            grounds::value::excerpt(text)
        ))),
    }
}

fn envelope_of(ledger: &Ledger, index: Index) -> Result<String, Failure> {
    let line = ledger.line(index)?;
    envelope(&line).map_err(|error| {
        let exit = match error {
            NoEnvelope::Withheld(_) => Exit::CannotTell,
            NoEnvelope::Refused(_) => Exit::Damaged,
        };
        Failure::new(exit, "no_envelope", format!("@{index}: {error}"))
    })
}

/// Writes a file that is not there yet: an export never replaces anything.
fn write_new(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path);
    file.and_then(|mut file| file.write_all(bytes))
        .map_err(|error| match error.kind() {
            std::io::ErrorKind::AlreadyExists => Failure::new(
                Exit::No,
                "exists",
                format!(
                    "{}: found a file, expected none of that name",
                    path.display()
                ),
            )
            .hint("an export replaces nothing: choose another name, or remove the file"),
            _ => Failure::io(path, &error),
        })
}

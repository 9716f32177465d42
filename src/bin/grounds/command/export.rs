//! `grounds export`: to other formats.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use grounds::export::jsonl::{Shape, lines};
use grounds::value::Subject;

use crate::context::Context;
use crate::error::{Exit, Failure};

/// Write events in another format.
#[derive(Debug, Args)]
#[command(
    after_help = "Example: grounds export jsonl | jq -r 'select(.type==\"evidence.added\") | .data.note'"
)]
pub(crate) struct Export {
    /// The format
    #[arg(value_enum)]
    format: Format,
    /// Only the events of this subject: a claim's slug, or kind/slug
    #[arg(value_name = "SUBJECT")]
    subject: Option<String>,
    /// Only what happened, in the form that `import jsonl` reads
    #[arg(long)]
    acts: bool,
    /// Write to this file [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// The formats there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// One event a line, as JSON
    Jsonl,
}

impl Export {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let ledger = context.open()?;
        let subject = self.subject.as_deref().map(whole_subject).transpose()?;
        if let Some(subject) = &subject
            && ledger.state().stream(subject).is_none()
        {
            return Err(Failure::not_found(format!(
                "found no {subject}, expected a subject of this ledger"
            ))
            .hint("grounds list shows the claims"));
        }
        let Format::Jsonl = self.format;
        let shape = if self.acts {
            Shape::Acts
        } else {
            Shape::Events
        };
        let mut text = Vec::new();
        for line in lines(ledger.state(), subject.as_ref(), shape) {
            text.extend(line.bytes());
            text.push(b'\n');
        }
        match &self.output {
            None => context.print_bytes(&text)?,
            Some(path) => {
                write_new(path, &text)?;
                let events = text.iter().filter(|byte| **byte == b'\n').count();
                context.say(&format!(
                    "{}: {events} event{}",
                    path.display(),
                    if events == 1 { "" } else { "s" }
                ));
            }
        }
        Ok(Exit::Done)
    }
}

fn whole_subject(text: &str) -> Result<Subject, Failure> {
    let whole = if text.contains('/') || text == "ledger" {
        text.to_owned()
    } else {
        format!("claim/{text}")
    };
    Ok(whole.parse()?)
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

//! `grounds cite`: a claim as a reference.

use clap::{Args, ValueEnum};
use grounds::projection::{cite, claim_page};
use grounds::value::Subject;

use crate::command::show::last_entry;
use crate::context::Context;
use crate::error::{Exit, Failure};
use crate::render::human::style::safe;
use crate::seen::Asking;

/// Cite a claim, with its version and the head of the ledger.
#[derive(Debug, Args)]
#[command(disable_version_flag = true)]
pub(crate) struct Cite {
    /// The claim's slug, with or without claim/, or a prefix that only one has
    claim: String,
    /// The form
    #[arg(long, value_enum, default_value_t = Form::Text)]
    format: Form,
    /// This version [default: the newest]
    #[arg(
        id = "number",
        long = "version",
        value_name = "N",
        conflicts_with = "as_of"
    )]
    version: Option<u64>,
    /// As the ledger knew it: an event id, an address, a date or a time in UTC
    #[arg(long, value_name = "X")]
    as_of: Option<String>,
}

/// The forms there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// A line of text
    Text,
    /// BibTeX
    Bibtex,
    /// CSL-JSON
    Csl,
}

impl Cite {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let newest = Asking::default().open(context)?;
        let slug = newest.claim(&self.claim)?;
        let version = self
            .version
            .map(|number| last_entry(&newest.ledger, &slug, number));
        let as_of = version
            .transpose()?
            .map(|entry| format!("@{entry}"))
            .or(self.as_of.clone());
        let seen = match as_of {
            None => newest,
            Some(_) => Asking {
                as_of,
                ..Asking::default()
            }
            .open(context)?,
        };
        let page = claim_page(&seen.state, &slug, seen.model, &seen.filter)
            .ok_or_else(|| seen.absent(&Subject::claim(slug.clone())))?;
        let origin = seen.head.origin.parse()?;
        let citation = cite(
            &page,
            &origin,
            &format!("{} {}", seen.head.size, seen.head.root),
        );
        if context.global.json {
            context.print_answer("grounds.cite/1", &seen.head, &citation)?;
            return Ok(Exit::Done);
        }
        context.print(&safe(match self.format {
            Form::Text => &citation.text,
            Form::Bibtex => &citation.bibtex,
            Form::Csl => &citation.csl_json,
        }))?;
        Ok(Exit::Done)
    }
}

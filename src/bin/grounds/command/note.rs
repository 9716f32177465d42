//! `grounds note`: a remark on anything, by anybody.

use clap::Args;

use crate::acts::{self, Body};
use crate::context::Context;
use crate::desk::{Desk, Signing};
use crate::error::{Exit, Failure};
use crate::names;

/// Add a note to a claim, artifact, agent, context, view or the ledger
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  grounds note claim/neurons -m 'A replication is under way'")]
pub(crate) struct Note {
    /// What the note is on
    subject: String,
    /// The note
    #[arg(short = 'm', long = "text", value_name = "TEXT")]
    text: Option<String>,
    /// The event in the subject's stream that it is on
    #[arg(long, value_name = "SEQ")]
    on: Option<u64>,
    #[command(flatten)]
    signing: Signing,
}

impl Note {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let desk = Desk::open(context, &self.signing)?;
        let subject = names::subject_of(desk.state(), &self.subject)?;
        let mut body = Body::new().with("text", acts::text(self.text.as_deref(), "note")?);
        if let Some(seq) = self.on {
            body = body.number("on", seq);
        }
        desk.record(&[body.act(subject, "note.added", None)?])
    }
}

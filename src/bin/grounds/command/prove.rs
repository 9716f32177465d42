//! `grounds prove`: the proof that an event is in the log.

use std::path::PathBuf;

use clap::Args;
use grounds::ledger::{AsOf, Ledger, prove, prove_cosigned};
use grounds::value::Index;

use crate::context::Context;
use crate::error::{Exit, Failure};
use crate::policy_file;

/// Make the proof that an event is in the log, for somebody who has neither.
#[derive(Debug, Args)]
#[command(after_help = "Example: grounds prove @14 -o attestation.tlog-proof")]
pub(crate) struct Prove {
    /// The event: an address (@41, @41.0) or the beginning of its id
    #[arg(value_name = "EVENT")]
    event: String,
    /// Write the proof to this file [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Prove it at the first head that has a quorum of this tlog-policy, not at the newest
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
}

impl Prove {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let ledger = context.open()?;
        let index = entry_of(&ledger, &self.event)?;
        let policy = self.policy.as_deref().map(policy_file::read).transpose()?;
        let (size, proof) = match &policy {
            None => (ledger.custody().checkpoint.size, prove(&ledger, index)?),
            Some(policy) => prove_cosigned(&ledger, index, policy)?.ok_or_else(|| {
                Failure::new(
                    Exit::CannotTell,
                    "witnesses",
                    format!("found no head that covers @{index} and has a quorum of the policy given"),
                )
                .hint("witnesses are asked when a head is published; without --policy it is proved at the newest head")
            })?,
        };
        if let Some(path) = &self.output {
            std::fs::write(path, &proof).map_err(|error| Failure::io(path, &error))?;
        }
        match (&self.output, context.global.json) {
            (_, true) => {
                let text = String::from_utf8_lossy(&proof).into_owned();
                context.print_json(&serde_json::json!({
                    "schema": "grounds.prove/1", "index": index, "proof": text,
                }))?;
            }
            (None, false) => context.print_bytes(&proof)?,
            (Some(path), false) => context.say(&format!(
                "{}: entry @{index} under the head of {} entries\ncheck it with: grounds check {} --entry @{index} --vkey '{}'",
                path.display(),
                size,
                path.display(),
                ledger.custody().vkey,
            )),
        }
        Ok(Exit::Done)
    }
}

/// The entry that holds an event, by address or by the beginning of its id.
pub(crate) fn entry_of(ledger: &Ledger, event: &str) -> Result<Index, Failure> {
    let moment: AsOf = event.parse()?;
    if let AsOf::Moment(_) = moment {
        return Err(Failure::usage(format!(
            "{event}: expected an address (@41, @41.0) or an event id"
        ))
        .hint("grounds log lists the events with their addresses"));
    }
    Ok(ledger.size_as_of(&moment)?.saturating_sub(1))
}

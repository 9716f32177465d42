//! `grounds verify`: the full audit.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use grounds::ledger::audit::{Freshness, Part, Report, Standard, Verdict, audit};
use grounds::ledger::{Clock as _, HeadSigner, Ledger, SignerState, SystemClock};
use grounds::tlog::VerifierKey;
use serde::Serialize;

use super::heads::LONGEST_NOTE;
use crate::context::Context;
use crate::error::{Exit, Failure};
use crate::files;
use crate::policy_file;
use crate::render;

/// Check everything that the ledger's folder claims, from its bytes alone.
#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// The log's key, from somewhere you trust; without it, it is taken from the ledger itself
    #[arg(long, value_name = "VKEY")]
    vkey: Option<String>,
    /// An older checkpoint that the ledger must extend
    #[arg(long, value_name = "CHECKPOINT")]
    from: Option<PathBuf>,
    /// Whose cosignatures you take, and how many are enough: a tlog-policy; without it, those of
    /// witnesses are only shown
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// The newest head must be no older, by the word of those witnesses: 90s, 15m, 1h, 2d
    #[arg(long, value_name = "AGE", value_parser = policy_file::age)]
    max_age: Option<Duration>,
}

/// The report, as `--json` prints it.
#[derive(Debug, Serialize)]
struct Verified<'r> {
    schema: &'static str,
    #[serde(flatten)]
    report: &'r Report,
}

impl Verify {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let dir = context.ledger_dir()?;
        let vkey = self.vkey.as_deref().map(parse_vkey).transpose()?;
        let policy = self.policy.as_deref().map(policy_file::read).transpose()?;
        if let (Some(policy), Some(vkey)) = (&policy, &vkey) {
            policy_file::names(policy, vkey)?;
        }
        let from = match &self.from {
            Some(path) => Some(files::read(path, LONGEST_NOTE)?),
            None => None,
        };
        let standard = Standard {
            vkey: vkey.as_ref(),
            from: from.as_deref(),
            policy: policy.as_ref(),
            freshness: self.max_age.map(|max_age| Freshness {
                max_age,
                now: SystemClock::default().wall(),
            }),
            signer: signer_state(context, &dir),
        };
        let mut bar = context.progress("verifying");
        let report = audit(&dir, &standard, &mut |done, all| bar.at(done, all))?;
        bar.end();
        match context.global.json {
            true => context.print_json(&Verified {
                schema: "grounds.verify/1",
                report: &report,
            })?,
            false => context.print(&render::human::audit::report(&report))?,
        }
        if self.from.is_some() && !context.global.json {
            hint_at_fork_proof(context, &report);
        }
        Ok(match report.verdict {
            Verdict::Holds => Exit::Done,
            Verdict::Fails => Exit::No,
            Verdict::Damaged => Exit::Damaged,
            Verdict::CannotTell => Exit::CannotTell,
        })
    }
}

/// What to do with a ledger that does not extend the checkpoint that the reader has: two signed
/// heads of two histories are a proof, a ledger that only lost its end is none.
fn hint_at_fork_proof(context: &Context, report: &Report) {
    let is_about_heads = |fault: &&grounds::ledger::audit::Fault| {
        fault.part == Part::Checkpoint && fault.file.as_deref() == Some("checkpoint")
    };
    let Some(fault) = report.faults.iter().find(is_about_heads) else {
        return;
    };
    context.say(match fault.expected.contains("rewritten") {
        true => "hint: keep your checkpoint; grounds prove --fork CHECKPOINT -o fork.json makes a proof that the log signed two histories, which anybody can check",
        false => "hint: keep your checkpoint; it is signed, so the entries existed: look for them in another copy (grounds repair --from COPY); grounds prove --fork COPY tells whether a copy that has them is of another history",
    });
}

/// Reads a key as `grounds init` hands it out.
pub(crate) fn parse_vkey(text: &str) -> Result<VerifierKey, Failure> {
    text.parse()
        .map_err(|error: grounds::tlog::VerifierKeyError| {
            Failure::usage(format!("--vkey: {error}")).hint(
                "a vkey looks like origin+8 hexadecimal digits+base64; grounds init printed it",
            )
        })
}

/// What the log's signer last signed, where this machine keeps its state. A state that is there and
/// cannot be read is said: without it a rollback would pass.
pub(crate) fn signer_state(context: &Context, dir: &std::path::Path) -> Option<SignerState> {
    let origin = Ledger::origin_of(dir).ok()?;
    let path = context.config_dir(&origin).ok()?.join("log.state");
    let state = HeadSigner::state_at(&path);
    if state.is_none() && path.exists() {
        context.say(&format!(
            "warning: {}: found no size and root in it, expected what the log's key signed last; the ledger is not held against it",
            path.display()
        ));
    }
    state
}

//! `grounds repair`: a damaged ledger, healed from a copy.

use std::path::Path;

use clap::Args;
use grounds::ledger::{self, HeadSigner, KeyFrom, SignerState};
use grounds::tlog::VerifierKey;

use super::verify::parse_vkey;
use crate::context::Context;
use crate::error::{Exit, Failure};
use crate::sources;

/// Heal a damaged ledger from a mirror of it, which is not believed: every byte is authenticated
/// against a signed head that extends what this ledger acknowledged, or is it.
///
/// Nothing is touched before everything that is needed has been fetched and authenticated. What
/// stood in place of the healed files is kept in torn/. A mirror that is behind heals what it has.
#[derive(Debug, Args)]
#[command(after_help = "Example: grounds repair --from ../copy --dry-run")]
pub(crate) struct Repair {
    /// A mirror: its folder, or the address where it is served
    #[arg(long, value_name = "SOURCE")]
    from: String,

    /// The log's key; without it, it is the pinned one, else the one that the genesis here names
    #[arg(long, value_name = "VKEY")]
    vkey: Option<String>,

    /// Say what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
}

impl Repair {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let dir = context.ledger_dir()?;
        let vkey = self.vkey.as_deref().map(parse_vkey).transpose()?;
        let mut source = sources::open(context, &sources::place(&self.from))?;
        let signer = |vkey: &VerifierKey| signer_state(context, vkey);
        let mut bar = context.progress("reading the copy");
        let repair = ledger::Repair::plan(
            &mut *source,
            &dir,
            vkey.as_ref(),
            &signer,
            &mut |done, all| bar.at(done, all),
        )?;
        bar.end();
        let kept = match self.dry_run || repair.is_empty() {
            true => None,
            false => repair.carry_out(&dir)?,
        };
        self.tell(context, &repair, kept.as_deref())?;
        Ok(match repair.left.is_empty() {
            true => Exit::Done,
            false => Exit::Damaged,
        })
    }

    fn tell(
        &self,
        context: &Context,
        repair: &ledger::Repair,
        kept: Option<&Path>,
    ) -> Result<(), Failure> {
        if context.global.json {
            let left: Vec<String> = repair.left.iter().map(ToString::to_string).collect();
            return context.print_json(&serde_json::json!({
                "schema": "grounds.repair/1",
                "dry_run": self.dry_run,
                "vkey": repair.vkey.to_string(),
                "acknowledged": repair.own.map(|(place, head)| serde_json::json!({
                    "by": place.to_string(), "size": head.size, "root": head.root.to_string(),
                })),
                "source": { "size": repair.source.size, "root": repair.source.root.to_string() },
                "entries": repair.entries,
                "files": repair.files(),
                "aside": repair.aside(),
                "kept": kept.map(|kept| kept.display().to_string()),
                "left": left,
            }));
        }
        context.print(&self.said(repair, kept))
    }

    fn said(&self, repair: &ledger::Repair, kept: Option<&Path>) -> String {
        let mut text = match repair.own {
            Some((place, head)) => format!(
                "held against {place} here: {} entries, root {}\n",
                head.size, head.root
            ),
            None => format!(
                "nothing here says what was acknowledged: taken from the head of the copy, {} entries, signed by the log's key\n",
                repair.source.size
            ),
        };
        match repair.key_from {
            KeyFrom::Given | KeyFrom::Pinned => {}
            KeyFrom::Genesis => {
                text += "the log's key was taken from the genesis here; --vkey gives yours\n"
            }
            KeyFrom::Source => {
                text += "the log's key was taken from the copy, and opens the checkpoint here; --vkey gives yours\n"
            }
        }
        let would = if self.dry_run { "would be " } else { "" };
        if repair.is_empty() && repair.left.is_empty() {
            text += "nothing is to be healed\n";
        }
        for index in &repair.entries {
            text += &format!("entry @{index}: {would}taken from the copy\n");
        }
        for name in repair.files() {
            text += &format!("{name}: {would}written\n");
        }
        for name in repair.aside() {
            text += &format!("{name}: {would}put aside, as it does not belong there\n");
        }
        if let Some(kept) = kept {
            text += &format!("what stood there before is kept in {}\n", kept.display());
        }
        for damage in &repair.left {
            text += &format!("left as it is: {damage}\n");
        }
        if !repair.left.is_empty() {
            text += "a copy that has these can heal them; grounds verify says what holds now\n";
        } else if !repair.is_empty() && !self.dry_run {
            text += "grounds verify checks the whole\n";
        }
        text
    }
}

/// What the log's signer last signed, where this machine keeps its state.
fn signer_state(context: &Context, vkey: &VerifierKey) -> Option<SignerState> {
    let origin = vkey.name().parse().ok()?;
    HeadSigner::state_at(&context.config_dir(&origin).ok()?.join("log.state"))
}

//! `grounds publish`: the whole ledger as a site of files.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use grounds::ledger::audit::{Report, Standard, Verdict, audit};
use grounds::ledger::{Ledger, newest_head};
use grounds::net::page::{SiteError, edition, site};
use grounds::tlog::VerifierKey;
use serde::Serialize;

use crate::command::verify::parse_vkey;
use crate::context::Context;
use crate::error::{Exit, Failure};
use crate::folder::{Folder, Written};
use crate::maps::{can_map, map_if_it_is_due};

/// How often `--watch` looks for a new head.
const LOOK: Duration = Duration::from_millis(500);

/// Write the whole ledger as a site of files: pages, the same as JSON, feeds, tiles, checkpoint.
#[derive(Debug, Args)]
#[command(
    after_help = "Any file server carries the site, below any path. Only what changed is written, and nothing is removed but what an earlier publish wrote. A ledger that does not hold is not published. Where the log's key is at hand, the newest state is mapped first, so that the bundles of claims cover it.\nExamples: grounds publish site · grounds publish site --watch"
)]
pub(crate) struct Publish {
    /// A new or empty folder, or one that was published before
    #[arg(value_name = "DIR")]
    out: PathBuf,
    /// The log's key, from somewhere you trust; without it, it is taken from the ledger itself
    #[arg(long, value_name = "VKEY")]
    vkey: Option<String>,
    /// Go on, and publish every new head, until interrupted
    #[arg(long)]
    watch: bool,
    /// Write pages of past states again too
    #[arg(long)]
    afresh: bool,
}

/// What was published.
#[derive(Serialize)]
struct Published<'p> {
    schema: &'static str,
    out: String,
    origin: &'p str,
    size: u64,
    root: String,
    #[serde(flatten)]
    written: Written,
}

impl Publish {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let dir = context.ledger_dir()?;
        let vkey = self.vkey.as_deref().map(parse_vkey).transpose()?;
        let mut last = self.publish(context, &dir, vkey.as_ref())?;
        if !self.watch {
            return Ok(Exit::Done);
        }
        loop {
            std::thread::sleep(LOOK);
            let head = newest_head(&dir)?;
            if last.is_due || (head.size, head.root) != (last.size, last.root) {
                last = self.publish(context, &dir, vkey.as_ref())?;
            }
        }
    }

    /// Publishes the newest head, which is mapped first where the log's key is at hand.
    fn publish(
        &self,
        context: &Context,
        dir: &Path,
        vkey: Option<&VerifierKey>,
    ) -> Result<Last, Failure> {
        let is_due = mapped(context, vkey)?;
        let report = audited(context, dir, vkey)?;
        let ledger = context.open_with_key(vkey)?;
        let checkpoint = &ledger.custody().checkpoint;
        let mut folder = Folder::open(&self.out, &ledger, edition(&ledger), self.afresh)?;
        site(&ledger, &report, &mut folder).map_err(Failure::from)?;
        let published = Published {
            schema: "grounds.published/1",
            out: self.out.display().to_string(),
            origin: &checkpoint.origin,
            size: checkpoint.size,
            root: checkpoint.root.to_string(),
            written: folder.close()?,
        };
        match context.global.json {
            true => context.print_json(&published)?,
            false => context.print(&published.text())?,
        }
        Ok(Last {
            size: checkpoint.size,
            root: checkpoint.root,
            is_due,
        })
    }
}

/// What was published last.
struct Last {
    size: u64,
    root: grounds::hash::Hash,
    /// Whether a map is still to be recorded here, so soon after another.
    is_due: bool,
}

/// Maps the newest state, so that bundles cover it. Whether that is still to be done: maps are not
/// recorded right after each other. Another writer who holds the ledger, a server for example,
/// records maps itself.
fn mapped(context: &Context, vkey: Option<&VerifierKey>) -> Result<bool, Failure> {
    let ledger = context.open_with_key(vkey)?;
    match map_if_it_is_due(context, &ledger) {
        Ok(is_done) => Ok(!is_done && can_map(context, &ledger)?),
        Err(failure) if failure.code == "locked" => {
            context.say(&format!(
                "note: {}; bundles are cut at the newest map there is",
                failure.message
            ));
            Ok(false)
        }
        Err(failure) => Err(failure),
    }
}

/// The audit that the site shows. What does not hold is not handed on.
fn audited(context: &Context, dir: &Path, vkey: Option<&VerifierKey>) -> Result<Report, Failure> {
    let standard = Standard {
        vkey,
        ..Standard::default()
    };
    let mut bar = context.progress("verifying");
    let report = audit(dir, &standard, &mut |done, all| bar.at(done, all))?;
    bar.end();
    let exit = match report.verdict {
        Verdict::Holds | Verdict::CannotTell => return Ok(report),
        Verdict::Fails => Exit::No,
        Verdict::Damaged => Exit::Damaged,
    };
    let code = if exit == Exit::No { "fails" } else { "damaged" };
    Err(Failure::new(
        exit,
        code,
        format!(
            "{}: found {} that do not hold, expected a ledger that does; nothing was published",
            dir.display(),
            report.fault_count
        ),
    )
    .hint("grounds verify lists them"))
}

impl Published<'_> {
    fn text(&self) -> String {
        let Written {
            files,
            written,
            removed,
            ..
        } = &self.written;
        format!(
            "✓ {}: {} entries as {files} files, {written} written, {removed} removed\n",
            self.out, self.size
        )
    }
}

impl From<SiteError<Failure>> for Failure {
    fn from(error: SiteError<Failure>) -> Failure {
        match error {
            SiteError::Shelf(failure) => failure,
            SiteError::Ledger(error) => error.into(),
            SiteError::Bundle(error) => super::bundle::failure(error),
            SiteError::Model(fault) => Failure::new(Exit::CannotTell, "model", fault.to_string())
                .hint("a newer grounds may know the model"),
            SiteError::NotBegun => Failure::new(Exit::Damaged, "damaged", error.to_string())
                .hint("grounds verify lists what is wrong"),
        }
    }
}

/// A ledger whose head a folder extends.
pub(crate) fn extends(ledger: &Ledger, size: u64, root: &str) -> bool {
    let found = ledger.tree().root_at(size);
    found.is_some_and(|found| found.to_string() == root)
}

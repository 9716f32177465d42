//! `grounds bundle`: everything to check one claim offline, in one file.

use std::path::PathBuf;

use clap::Args;
use grounds::ledger::AsOf;
use grounds::ledger::bundle::{Bundled, NotBundled, bundle};
use grounds::value::{Kind, Slug, Time};
use serde::Serialize;

use crate::context::Context;
use crate::error::{Exit, Failure};
use crate::maps::map_if_it_is_due;
use crate::{files, names};

/// Put everything that is needed to check a claim offline into one file.
#[derive(Debug, Args)]
#[command(
    after_help = "Where the log's key is at hand, the newest state is mapped first; without it, the bundle is cut at the newest map there is.\nExample: grounds bundle some-claim -o some-claim.claim.json"
)]
pub(crate) struct Bundle {
    /// The claim: its slug, or the beginning of it
    #[arg(value_name = "CLAIM")]
    claim: String,
    /// As of the newest map at or before this date, time, address or event
    #[arg(long, value_name = "X")]
    as_of: Option<AsOf>,
    /// Write the bundle to this file [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// What was made, as `--json` prints it.
#[derive(Debug, Serialize)]
struct Made<'m> {
    schema: &'static str,
    claim: String,
    as_of: u64,
    recorded: Time,
    size: u64,
    newer: u64,
    entries: u64,
    streams: u64,
    bytes: usize,
    bundle: std::borrow::Cow<'m, str>,
}

impl Bundle {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let mut ledger = context.open()?;
        let claim = names::slug_of(ledger.state(), Kind::Claim, &self.claim)?;
        if self.as_of.is_none() && map_if_it_is_due(context, &ledger)? {
            ledger = context.open()?;
        }
        let made = bundle(&ledger, &claim, self.as_of.as_ref()).map_err(failure)?;
        if let Some(path) = &self.output {
            files::replace(path, &made.bytes)?;
        }
        match (&self.output, context.global.json) {
            (_, true) => context.print_json(&Made::of(&claim, &made))?,
            (None, false) => context.print_bytes(&made.bytes)?,
            (Some(path), false) => {
                let path = path.display();
                context.say(&format!(
                    "{path}: claim/{claim} as of @{}, {}; {} entries, {} streams, {} bytes\ncheck it with: grounds check {path} --claim {claim} --vkey '{}'",
                    made.map,
                    made.recorded.seconds_text(),
                    made.entries,
                    made.streams,
                    made.bytes.len(),
                    ledger.custody().vkey,
                ));
            }
        }
        if made.newer() > 0 {
            context.say(&format!(
                "note: {} newer than the map in @{} and not in it",
                match made.newer() {
                    1 => "1 entry is".to_owned(),
                    newer => format!("{newer} entries are"),
                },
                made.map
            ));
        }
        Ok(Exit::Done)
    }
}

impl Made<'_> {
    fn of<'m>(claim: &Slug, made: &'m Bundled) -> Made<'m> {
        Made {
            schema: "grounds.bundle/1",
            claim: format!("claim/{claim}"),
            as_of: made.map,
            recorded: made.recorded,
            size: made.size,
            newer: made.newer(),
            entries: made.entries,
            streams: made.streams,
            bytes: made.bytes.len(),
            bundle: String::from_utf8_lossy(&made.bytes),
        }
    }
}

/// Why no bundle could be made, as the program says it.
pub(super) fn failure(error: NotBundled) -> Failure {
    let message = error.to_string();
    match error {
        NotBundled::Moment(moment) => moment.into(),
        NotBundled::Ledger(error) => error.into(),
        NotBundled::NoMap { .. } => Failure::new(Exit::CannotTell, "map", message)
            .hint("grounds bundle records one where the log's key is at hand"),
        NotBundled::NoClaim { is_newer, .. } => {
            let failure = Failure::not_found(message);
            match is_newer {
                true => failure.hint(
                    "it is newer than that map: make the bundle where the log's key is at hand",
                ),
                false => failure,
            }
        }
        NotBundled::Withheld(_) => Failure::new(Exit::CannotTell, "withheld", message),
        NotBundled::FalseMap { .. } => Failure::new(Exit::No, "map", message).hint(
            "grounds verify says the same; the entry, signed by the log's key, is the evidence",
        ),
        NotBundled::TooLarge { .. } => Failure::new(Exit::No, "limit", message),
        NotBundled::Model(_) => Failure::new(Exit::CannotTell, "model", message),
    }
}

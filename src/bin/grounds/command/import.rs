//! `grounds import`: other collections, as signed events.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::{Args, ValueEnum};
use grounds::claim::State;
use grounds::envelope::Signed;
use grounds::import::csv_rows::{self, CsvMapping};
use grounds::import::fred::{self, FredMapping};
use grounds::import::{ImportError, Plan, Report, jsonl};
use grounds::ledger::{Appender, LedgerError, Staged, prepare, refused};
use grounds::projection::{CatalogueRow, Filter, Wanted, catalogue, model_in_force};
use grounds::value::Slug;
use serde::Serialize;

use crate::context::Context;
use crate::desk::{close, open_appender};
use crate::error::{Exit, Failure};
use crate::files;
use crate::witnesses;
use crate::{keys, render};

/// The largest mapping file that is read, in bytes.
const MAX_MAPPING: u64 = 1 << 20;

/// Events that are made durable together.
const FLUSH_EVENTS: usize = 4_000;

/// Commits that are made durable together.
const FLUSH_COMMITS: usize = 500;

/// Read a collection, plan what of it is new, sign it and append it.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  grounds import fred fred.csv --dry-run\n  grounds import csv studies.csv --mapping studies.yaml\n\nRun again, or with more rows, fred and csv double nothing; jsonl passes over what is there\nalready, and says changes (a status, an appraisal) anew. docs/IMPORT.md has the mappings."
)]
pub(crate) struct Import {
    /// The format
    #[arg(value_enum)]
    format: Format,
    /// The file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// How columns become claims and evidence (YAML or JSON); csv needs one
    #[arg(long, value_name = "FILE")]
    mapping: Option<PathBuf>,
    /// Events in one signed commit, 1 to 256
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=256))]
    commit_size: u16,
    /// Sign as this agent
    #[arg(long = "as", value_name = "AGENT")]
    author: Option<String>,
    /// List every clean-up, row by row
    #[arg(long)]
    rows: bool,
    /// Plan, sign and judge everything; record nothing
    #[arg(long)]
    dry_run: bool,
    /// The last entry's time is in the future of this machine's clock, and that is known
    #[arg(long)]
    clock_ok: bool,
}

/// The formats there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// The FORRT Replication Database
    Fred,
    /// Any table, by a mapping
    Csv,
    /// One act a line, as JSON
    Jsonl,
}

/// What an import did, as `--json` prints it.
#[derive(Debug, Serialize)]
pub(crate) struct Imported {
    schema: &'static str,
    /// What became of the rows.
    pub(crate) report: Report,
    /// Whether anything was recorded.
    pub(crate) is_dry_run: bool,
    /// Commits recorded, or that would be.
    pub(crate) commits: u64,
    /// Events in them.
    pub(crate) events: u64,
    /// Index of the first new entry.
    pub(crate) first_entry: Option<u64>,
    /// Entries of the ledger now.
    pub(crate) size: u64,
    /// Milliseconds from the first signature to the last acknowledgement.
    pub(crate) milliseconds: u64,
    /// With `--dry-run`, the commits that would be signed: id and canonical bytes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) prepared: Vec<Prepared>,
    /// With `--dry-run`, what the figures of the claims it touches would become.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) would_become: Vec<CatalogueRow>,
}

/// A commit that was prepared and not recorded.
#[derive(Debug, Serialize)]
pub(crate) struct Prepared {
    pub(crate) commit: String,
    pub(crate) bytes: String,
}

impl Import {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let (mut appender, signer, author) = self.open(context)?;
        let plan = self.plan(context, appender.state())?;
        let imported = self.append(context, &mut appender, &signer, &author, plan)?;
        if self.dry_run {
            // What is staged is forgotten; nothing of it was written.
            drop(appender);
            return self.tell(context, &imported);
        }
        let (dir, origin) = (context.ledger_dir()?, appender.origin().clone());
        let question = witnesses::question(&dir, &appender);
        close(context, appender);
        let exit = self.tell(context, &imported)?;
        witnesses::ask_after(context, &dir, &origin, question);
        Ok(exit)
    }

    fn tell(&self, context: &Context, imported: &Imported) -> Result<Exit, Failure> {
        match context.global.json {
            true => context.print_json(imported)?,
            false => context.print(&render::human::import::imported(imported, self.rows))?,
        }
        Ok(Exit::Done)
    }

    fn open(&self, context: &Context) -> Result<(Appender, keys::Signer, Slug), Failure> {
        let dir = context.ledger_dir()?;
        let ledger = grounds::ledger::Ledger::open(&dir, None)?;
        let origin = ledger
            .state()
            .origin()
            .cloned()
            .ok_or_else(|| LedgerError::NoLedger(dir.clone()))?;
        let signer = keys::find(context, Some(&origin), &|key| {
            ledger.state().valid_key(key).is_some()
        })?;
        let author = match &self.author {
            Some(name) => name.strip_prefix("agent/").unwrap_or(name).parse()?,
            None => keys::owner(ledger.state(), &signer.public().id())?,
        };
        // As every command that writes: it waits for another writer, and says what recovery cut.
        let appender = open_appender(context, &dir, &origin, self.clock_ok)?;
        Ok((appender, signer, author))
    }

    fn plan(&self, context: &Context, state: &State) -> Result<Plan, Failure> {
        let file = File::open(&self.file).map_err(|error| Failure::io(&self.file, &error))?;
        let file = BufReader::new(file);
        let mapping = self.mapping.as_deref().map(read_mapping).transpose()?;
        let mut bar = context.progress("reading rows");
        let mut at = |rows: u64| bar.at(rows, rows);
        let plan = match (self.format, mapping) {
            (Format::Fred, mapping) => {
                let mapping =
                    mapping.map_or(Ok(FredMapping::default()), |text| FredMapping::parse(&text));
                fred::plan(
                    file,
                    &mapping.map_err(|error| self.mapping_fault(&error.to_string()))?,
                    state,
                    &mut at,
                )
            }
            (Format::Csv, Some(text)) => {
                let mapping = CsvMapping::parse(&text)
                    .map_err(|error| self.mapping_fault(&error.to_string()))?;
                csv_rows::plan(file, &mapping, state, &mut at)
            }
            (Format::Csv, None) => {
                return Err(Failure::usage(
                    "csv: expected --mapping FILE, which says what the columns mean",
                )
                .hint("docs/IMPORT.md shows one"));
            }
            (Format::Jsonl, Some(_)) => {
                return Err(Failure::usage(
                    "jsonl takes no --mapping: each line is an act already",
                ));
            }
            (Format::Jsonl, None) => jsonl::plan(file, state, &mut at),
        };
        bar.end();
        plan.map_err(|error| self.unreadable(&error))
    }

    fn unreadable(&self, error: &ImportError) -> Failure {
        Failure::new(
            Exit::No,
            "import",
            format!("{}: {error}", self.file.display()),
        )
        .hint("nothing was recorded; docs/IMPORT.md says what the file must look like")
    }

    fn mapping_fault(&self, error: &str) -> Failure {
        let path = self.mapping.as_deref().unwrap_or(Path::new("mapping"));
        Failure::usage(format!("{}: {error}", path.display()))
            .hint("docs/IMPORT.md lists the fields of a mapping")
    }

    fn append(
        &self,
        context: &Context,
        appender: &mut Appender,
        signer: &keys::Signer,
        author: &Slug,
        plan: Plan,
    ) -> Result<Imported, Failure> {
        let before = appender.state().size();
        let origin = appender.origin().clone();
        let (all, started) = (plan.acts.len() as u64, Instant::now());
        let mut bar = context.progress(if self.dry_run { "judging" } else { "appending" });
        let (mut commits, mut events, mut pending, mut prepared) = (0, 0, 0, Vec::new());
        for acts in plan.commits(usize::from(self.commit_size)) {
            let anchor = appender.anchor();
            let commit = prepare(
                appender.state(),
                &origin,
                anchor,
                author,
                appender.now(),
                acts,
            )
            .map_err(|error| Failure::from(refused(&error)))?;
            if self.dry_run && context.global.json {
                let bytes = String::from_utf8_lossy(&commit.bytes).into_owned();
                prepared.push(Prepared {
                    commit: commit.id().to_string(),
                    bytes,
                });
            }
            let mut signed = Signed {
                commit,
                signatures: Vec::new(),
            };
            signer.sign(&mut signed)?;
            match appender
                .stage(&signed.to_bytes())
                .map_err(|error| after(error, events))?
            {
                Staged::New(_) => commits += 1,
                Staged::Known(_) => {}
            }
            pending += acts.len();
            events += acts.len() as u64;
            bar.at(events, all);
            if !self.dry_run && (pending >= FLUSH_EVENTS || appender.pending() >= FLUSH_COMMITS) {
                appender.flush()?;
                pending = 0;
            }
        }
        if !self.dry_run {
            appender.flush()?;
        }
        bar.end();
        let would_become = match self.dry_run {
            true => would_become(appender.state(), &plan)?,
            false => Vec::new(),
        };
        Ok(Imported {
            schema: "grounds.import/1",
            report: plan.report,
            is_dry_run: self.dry_run,
            commits,
            events,
            first_entry: (commits > 0).then_some(before),
            size: if self.dry_run {
                before
            } else {
                appender.state().size()
            },
            milliseconds: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            prepared,
            would_become,
        })
    }
}

/// The claims that a plan touches, as they would be after it.
fn would_become(state: &State, plan: &Plan) -> Result<Vec<CatalogueRow>, Failure> {
    let model = model_in_force(state)
        .map_err(|fault| Failure::new(Exit::CannotTell, "model", fault.to_string()))?;
    let touched: BTreeSet<&Slug> = plan
        .acts
        .iter()
        .filter_map(|act| act.subject.slug())
        .collect();
    let mut rows = catalogue(state, model, &Filter::none(), &Wanted::default());
    rows.retain(|row| touched.contains(&row.claim));
    Ok(rows)
}

/// A refusal in the middle says what stands: the commits flushed before are recorded.
fn after(error: LedgerError, events: u64) -> Failure {
    let failure = Failure::from(error);
    if events == 0 {
        return failure;
    }
    let hint = format!(
        "{events} events came before it; run the same import again once the cause is gone, and it goes on from there"
    );
    failure.hint(hint)
}

fn read_mapping(path: &Path) -> Result<String, Failure> {
    let bytes = files::read(path, MAX_MAPPING)?;
    String::from_utf8(bytes).map_err(|_| {
        let path = path.display();
        Failure::usage(format!(
            "{path}: found bytes that are no text, expected a mapping"
        ))
    })
}

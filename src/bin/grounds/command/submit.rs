//! `grounds submit FILE…`: record signed commits where the log key is.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use grounds::claim::{Recorded, State};
use grounds::envelope::{Signed, line_of};
use grounds::ledger::{Appender, Ledger, Receipt, Staged, SystemClock, preview, refused};
use grounds::net::{Remote, RemoteError};
use grounds::tlog::{Tree, leaf_hash};
use grounds::value::Origin;

use super::verify::parse_vkey;
use crate::context::Context;
use crate::desk::{
    close, log_signer, now, open_appender, origin_of, receipt_bytes, store_receipt, unknown,
};
use crate::error::{Exit, Failure};
use crate::files;
use crate::render::human::written;
use crate::witnesses;

/// The largest file of commits that is taken: 1 GiB.
const MAX_SUBMITTED: u64 = 1 << 30;

/// So many commits share one write to disk.
const BATCH: usize = 256;

/// How often a server is asked to take a commit.
const TRIES: u32 = 5;

/// How long to wait before it is asked again, at least and at most.
const LEAST_WAIT: Duration = Duration::from_secs(1);
const MOST_WAIT: Duration = Duration::from_secs(30);

/// Record signed commits: a file each, or one a line
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  grounds submit retraction.json\n  grounds submit commits.ndjson\n  grounds submit --genesis genesis.json --ledger ledger\n  grounds submit moved.json --dry-run          # needs no log key\n  grounds submit act.json --to http://127.0.0.1:7878 --vkey \"$VKEY\"  # grounds serve records it there"
)]
pub(crate) struct Submit {
    /// Files that --out wrote; several commits may stand in one, a line each; - is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Make a new ledger of the genesis in FILE
    #[arg(long)]
    genesis: bool,
    /// Say whether each would be recorded now, and who signed it; record nothing
    #[arg(long)]
    dry_run: bool,
    /// Record although the machine's clock is far behind the last entry
    #[arg(long)]
    clock_ok: bool,
    /// Send them to a server that has the log key (grounds serve)
    #[arg(long, value_name = "URL", conflicts_with_all = ["genesis", "dry_run", "clock_ok"])]
    to: Option<String>,
    /// Check the server's receipts with the log's key, as its operator handed it out
    #[arg(long, value_name = "VKEY", requires = "to")]
    vkey: Option<String>,
}

/// A commit of a file, by its place.
struct Line {
    place: String,
    bytes: Vec<u8>,
}

impl Submit {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let mut lines = Vec::new();
        for path in &self.files {
            lines.extend(lines_of(path)?);
        }
        if self.dry_run {
            return self.judge(context, lines);
        }
        if self.genesis {
            return found(context, &lines);
        }
        if let Some(url) = &self.to {
            return self.send(context, url, &lines);
        }
        let dir = context.ledger_dir()?;
        let origin = Ledger::origin_of(&dir).ok_or_else(|| {
            Failure::not_found(format!("found no ledger in {}", dir.display()))
                .hint("--genesis makes one of a genesis")
        })?;
        let mut appender = open_appender(context, &dir, &origin, self.clock_ok)?;
        let mut answers = Answers {
            context,
            staged: Vec::new(),
            exit: Exit::Done,
        };
        for line in lines {
            answers.take(&mut appender, line)?;
        }
        answers.flush(&mut appender)?;
        let exit = answers.exit;
        let question = witnesses::question(&dir, &appender);
        close(context, appender);
        witnesses::ask_after(context, &dir, &origin, question);
        Ok(exit)
    }

    /// Sends them one after the other, since one may build on another.
    fn send(&self, context: &Context, url: &str, lines: &[Line]) -> Result<Exit, Failure> {
        let vkey = self.vkey.as_deref().map(parse_vkey).transpose()?;
        let remote = Remote::new(url).map_err(|error| Failure::usage(format!("--to: {error}")))?;
        let mut answers = Answers {
            context,
            staged: Vec::new(),
            exit: Exit::Done,
        };
        for line in lines {
            match patiently(context, || remote.submit(&line.bytes, vkey.as_ref())) {
                Ok(receipt) => answers.yes(&line.place, &receipt)?,
                Err(error) if is_final(&error) => answers.no(&line.place, &error.into())?,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(answers.exit)
    }

    /// Judges each commit in the place that it would take now, after those before it.
    fn judge(&self, context: &Context, lines: Vec<Line>) -> Result<Exit, Failure> {
        let mut bench = match self.genesis {
            true => Bench::empty(&lines)?,
            false => Bench::of(&context.open()?)?,
        };
        let mut answers = Answers {
            context,
            staged: Vec::new(),
            exit: Exit::Done,
        };
        for line in lines {
            match bench.judge(&line) {
                Ok(judged) => context.print_part(&judged.text(context.global.json))?,
                Err(failure) => answers.no(&line.place, &failure)?,
            }
        }
        Ok(answers.exit)
    }
}

/// Whether the same commit would be answered so again.
fn is_final(error: &RemoteError) -> bool {
    matches!(
        error,
        RemoteError::Refused {
            status: 400..=428,
            ..
        }
    )
}

/// Asks again where the server said when, and where nobody can know whether the commit arrived: it is
/// recorded once.
fn patiently(
    context: &Context,
    submit: impl Fn() -> Result<Receipt, RemoteError>,
) -> Result<Receipt, RemoteError> {
    let mut tries = 1;
    loop {
        let error = match submit() {
            Err(error) if tries < TRIES && !is_final(&error) => error,
            answer => return answer,
        };
        let wait = match &error {
            RemoteError::Refused { retry_after, .. } => retry_after.unwrap_or(LEAST_WAIT),
            RemoteError::Unreachable { .. } => LEAST_WAIT,
            RemoteError::NotAReceipt(_) | RemoteError::NotProved(_) => return Err(error),
        };
        let wait = wait.min(MOST_WAIT);
        context.say(&format!("note: {error}; again in {} s", wait.as_secs()));
        std::thread::sleep(wait);
        tries += 1;
    }
}

/// Where commits are judged: a ledger as it would be, without its log key.
struct Bench {
    origin: Origin,
    state: State,
    tree: Tree,
}

/// A commit that is recorded, or would be.
struct Judged<'l> {
    place: &'l str,
    entry: Arc<Recorded>,
    /// What it would do, in words; none where it is recorded already.
    words: Option<String>,
}

impl Bench {
    fn of(ledger: &Ledger) -> Result<Bench, Failure> {
        Ok(Bench {
            origin: origin_of(ledger)?,
            state: ledger.state().clone(),
            tree: ledger.tree().clone(),
        })
    }

    /// Before the genesis that stands in the first line.
    fn empty(lines: &[Line]) -> Result<Bench, Failure> {
        let first = lines.first().map(|line| line.bytes.as_slice());
        let signed = Signed::parse(first.unwrap_or_default()).map_err(|error| refused(&error))?;
        Ok(Bench {
            origin: signed.commit.ledger.clone(),
            state: State::new(),
            tree: Tree::new(),
        })
    }

    fn judge<'l>(&mut self, line: &'l Line) -> Result<Judged<'l>, Failure> {
        let place = &line.place;
        let signed = Signed::parse(&line.bytes).map_err(|error| refused(&error))?;
        let id = signed.commit.id();
        let mut history = self.state.history().iter();
        if let Some(entry) = history.find(|entry| entry.commit == id).cloned() {
            let words = None;
            return Ok(Judged {
                place,
                entry,
                words,
            });
        }
        let judged = preview(&self.state, &self.tree, &self.origin, &signed, now())?;
        judged.verdict?;
        let (entry, state) = (judged.entry, judged.state);
        let line = line_of(&signed.commit.bytes, entry.recorded, &signed.signatures);
        self.tree.push(leaf_hash(&line));
        let words = Some(written::in_words(&state, entry.events.len()));
        self.state = state;
        Ok(Judged {
            place,
            entry,
            words,
        })
    }
}

impl Judged<'_> {
    fn text(&self, is_json: bool) -> String {
        let (place, entry) = (self.place, &self.entry);
        let signers = entry.signers.iter();
        let signers: Vec<String> = signers
            .map(|signer| format!("agent/{} {}", signer.agent, signer.key))
            .collect();
        if is_json {
            let answer = serde_json::json!({
                "schema": "grounds.judged/1",
                "at": place,
                "index": entry.index,
                "commit": entry.commit.to_string(),
                "signers": signers,
                "recorded": self.words.is_none(),
            });
            return format!("{answer}\n");
        }
        let (verb, words) = match &self.words {
            Some(words) => ("would be recorded", words.as_str()),
            None => ("is recorded", ""),
        };
        let by: String = signers
            .iter()
            .map(|one| format!("  signed by {one}\n"))
            .collect();
        format!(
            "{place}: {verb} as @{} · commit {}\n{words}{by}",
            entry.index, entry.commit
        )
    }
}

fn lines_of(path: &Path) -> Result<Vec<Line>, Failure> {
    let bytes = files::read(path, MAX_SUBMITTED)?;
    let whole: Vec<(usize, &[u8])> = bytes
        .split(|byte| *byte == b'\n')
        .enumerate()
        .filter(|(_, line)| !line.is_empty())
        .collect();
    if whole.is_empty() {
        return Err(Failure::new(
            Exit::No,
            "bytes",
            format!(
                "{}: found nothing, expected a signed commit",
                path.display()
            ),
        ));
    }
    let is_one = whole.len() == 1;
    let line = |(number, bytes): (usize, &[u8])| Line {
        place: match is_one {
            true => path.display().to_string(),
            false => format!("{}:{}", path.display(), number + 1),
        },
        bytes: bytes.to_vec(),
    };
    Ok(whole.into_iter().map(line).collect())
}

/// Answers, each on its own line, as soon as they are certain.
struct Answers<'c> {
    context: &'c Context,
    staged: Vec<String>,
    exit: Exit,
}

impl Answers<'_> {
    fn take(&mut self, appender: &mut Appender, line: Line) -> Result<(), Failure> {
        match appender.stage(&line.bytes) {
            Ok(Staged::New(_)) => {
                self.staged.push(line.place);
                if self.staged.len() >= BATCH {
                    self.flush(appender)?;
                }
            }
            Ok(Staged::Known(index)) => {
                self.flush(appender)?;
                self.yes(&line.place, &appender.receipt_of(index)?)?;
            }
            Err(grounds::ledger::LedgerError::Rejected(rejection)) => {
                self.flush(appender)?;
                let mut failure = Failure::from(*rejection);
                if failure.code == "bytes" {
                    failure =
                        failure.hint("expected a signed commit as --out writes it, one a line");
                }
                self.no(&line.place, &failure)?;
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    fn flush(&mut self, appender: &mut Appender) -> Result<(), Failure> {
        let receipts = appender.flush().map_err(|error| {
            unknown(error).hint(
                "submit the same file again once the cause is gone: a commit is recorded once",
            )
        })?;
        for (place, receipt) in std::mem::take(&mut self.staged).iter().zip(&receipts) {
            self.yes(place, receipt)?;
        }
        Ok(())
    }

    fn yes(&self, place: &str, receipt: &Receipt) -> Result<(), Failure> {
        store_receipt(self.context, receipt);
        if self.context.global.json {
            return self.context.print_bytes(&receipt_bytes(receipt));
        }
        let word = if receipt.is_repeated {
            "was recorded before"
        } else {
            "recorded"
        };
        self.context.print(&format!(
            "{place}: {word} as @{} · commit {}\n",
            receipt.index, receipt.commit
        ))
    }

    fn no(&mut self, place: &str, failure: &Failure) -> Result<(), Failure> {
        if self.exit == Exit::Done {
            self.exit = failure.exit;
        }
        if self.context.global.json {
            let answer = serde_json::json!({ "at": place, "error": failure }).to_string();
            return self.context.print_bytes(format!("{answer}\n").as_bytes());
        }
        self.context.say(&format!("{place}: {failure}"));
        Ok(())
    }
}

/// Makes a ledger of a genesis that all its stewards signed.
fn found(context: &Context, lines: &[Line]) -> Result<Exit, Failure> {
    let [line] = lines else {
        return Err(Failure::usage(format!(
            "found {} commits, expected the one genesis",
            lines.len()
        )));
    };
    let signed = Signed::parse(&line.bytes).map_err(|error| refused(&error))?;
    let origin = signed.commit.ledger.clone();
    let dir = context
        .global
        .ledger
        .clone()
        .unwrap_or_else(|| PathBuf::from("ledger"));
    let signer = log_signer(context, &origin)?;
    let vkey = signer.verifier().to_string();
    let (appender, receipt) = Appender::create(
        &files::absolute(&dir)?,
        &line.bytes,
        signer,
        Box::new(SystemClock::new()),
    )?;
    close(context, appender);
    store_receipt(context, &receipt);
    if context.global.json {
        context.print_bytes(&receipt_bytes(&receipt))?;
        return Ok(Exit::Done);
    }
    context.print(&format!(
        "{origin} begins in {}\nits log key, to hand out:\n  {vkey}\n",
        dir.display()
    ))?;
    Ok(Exit::Done)
}

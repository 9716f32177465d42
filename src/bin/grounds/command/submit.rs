//! `grounds submit FILE…`: record signed commits where the log key is.

use std::fs::File;
use std::io::{BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use grounds::claim::{Recorded, State};
use grounds::envelope::{MAX_ENTRY, Signed, line_of};
use grounds::ledger::{
    Appender, Ledger, LedgerError, Receipt, Staged, SystemClock, preview, refused,
};
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
use crate::render::human::style::{calm_json, safe};
use crate::render::human::written;
use crate::witnesses;

/// The most bytes of a line that are held: twice what a signed commit may have.
const MAX_LINE: u64 = 128 * 1024;

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
    /// What stands there, or why it is not looked at.
    bytes: Result<Vec<u8>, Failure>,
}

impl Line {
    fn bytes(&self) -> Result<&[u8], Failure> {
        self.bytes.as_deref().map_err(Failure::clone)
    }
}

impl Submit {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let files: Vec<Lines> = self
            .files
            .iter()
            .map(|path| Lines::open(path))
            .collect::<Result<_, _>>()?;
        let lines = files.into_iter().flatten();
        if self.dry_run {
            return self.judge(context, lines);
        }
        if self.genesis {
            return found(context, lines);
        }
        if let Some(url) = &self.to {
            return self.send(context, url, lines);
        }
        let dir = context.ledger_dir()?;
        let origin = Ledger::origin_of(&dir).map_err(|error| match error {
            LedgerError::NoLedger(_) => {
                Failure::from(error).hint("--genesis makes one of a genesis")
            }
            other => other.into(),
        })?;
        let mut appender = open_appender(context, &dir, &origin, self.clock_ok)?;
        let mut answers = Answers {
            context,
            staged: Vec::new(),
            exit: Exit::Done,
        };
        for line in lines {
            match line {
                Ok(line) => answers.take(&mut appender, line)?,
                Err(failure) => {
                    answers.flush(&mut appender)?;
                    return Err(failure);
                }
            }
        }
        answers.flush(&mut appender)?;
        let exit = answers.exit;
        let question = witnesses::question(&dir, &appender);
        close(context, appender);
        witnesses::ask_after(context, &dir, &origin, question);
        Ok(exit)
    }

    /// Sends them one after the other, since one may build on another.
    fn send(
        &self,
        context: &Context,
        url: &str,
        lines: impl Iterator<Item = Result<Line, Failure>>,
    ) -> Result<Exit, Failure> {
        let vkey = self.vkey.as_deref().map(parse_vkey).transpose()?;
        let remote = Remote::new(url).map_err(|error| Failure::usage(format!("--to: {error}")))?;
        let mut answers = Answers {
            context,
            staged: Vec::new(),
            exit: Exit::Done,
        };
        for line in lines {
            let line = line?;
            let bytes = match line.bytes() {
                Ok(bytes) => bytes,
                Err(failure) => {
                    answers.no(&line.place, &failure)?;
                    continue;
                }
            };
            match patiently(context, || remote.submit(bytes, vkey.as_ref())) {
                Ok(receipt) => answers.yes(&line.place, &receipt)?,
                Err(error) if is_final(&error) => answers.no(&line.place, &error.into())?,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(answers.exit)
    }

    /// Judges each commit in the place that it would take now, after those before it.
    fn judge(
        &self,
        context: &Context,
        lines: impl Iterator<Item = Result<Line, Failure>>,
    ) -> Result<Exit, Failure> {
        let mut lines = lines.peekable();
        let mut bench = match (self.genesis, lines.peek()) {
            (true, Some(Ok(first))) => Bench::before(first)?,
            (true, _) => return Err(Failure::usage("found no genesis")),
            (false, _) => Bench::of(&context.open()?)?,
        };
        let mut answers = Answers {
            context,
            staged: Vec::new(),
            exit: Exit::Done,
        };
        for line in lines {
            let line = line?;
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

    /// Before the genesis that stands in this line.
    fn before(genesis: &Line) -> Result<Bench, Failure> {
        let signed = Signed::parse(genesis.bytes()?).map_err(|error| refused(&error))?;
        Ok(Bench {
            origin: signed.commit.ledger.clone(),
            state: State::new(),
            tree: Tree::new(),
        })
    }

    fn judge<'l>(&mut self, line: &'l Line) -> Result<Judged<'l>, Failure> {
        let place = &line.place;
        let signed = Signed::parse(line.bytes()?).map_err(|error| refused(&error))?;
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

/// A line of a file by its number, or why it is not looked at.
type Numbered = (u64, Result<Vec<u8>, Failure>);

/// The commits of a file, read as they are asked for: a file may be longer than memory.
struct Lines {
    path: PathBuf,
    source: Box<dyn BufRead>,
    /// How many lines were read.
    number: u64,
    /// The line that is next, without its place: only what follows shows whether it is alone.
    next: Option<Numbered>,
    is_first: bool,
}

impl Lines {
    fn open(path: &Path) -> Result<Lines, Failure> {
        let source: Box<dyn BufRead> = match path == Path::new("-") {
            true => Box::new(BufReader::new(std::io::stdin())),
            false => {
                let file = File::open(path).map_err(|error| Failure::io(path, &error))?;
                Box::new(BufReader::new(file))
            }
        };
        let mut lines = Lines {
            path: path.to_path_buf(),
            source,
            number: 0,
            next: None,
            is_first: true,
        };
        lines.next = lines.read()?;
        if lines.next.is_none() {
            let what = "found nothing, expected a signed commit";
            let message = format!("{}: {what}", path.display());
            return Err(Failure::new(Exit::No, "bytes", message));
        }
        Ok(lines)
    }

    /// The next line with anything in it; of one that is too long no more is held than it may have.
    fn read(&mut self) -> Result<Option<Numbered>, Failure> {
        let failed = |error: std::io::Error| Failure::io(&self.path, &error);
        loop {
            let mut bytes = Vec::new();
            let mut part = (&mut self.source).take(MAX_LINE + 1);
            if part.read_until(b'\n', &mut bytes).map_err(failed)? == 0 {
                return Ok(None);
            }
            self.number += 1;
            if bytes.last() == Some(&b'\n') {
                bytes.pop();
            } else if bytes.len() as u64 > MAX_LINE {
                self.source.skip_until(b'\n').map_err(failed)?;
                let message = format!(
                    "found a line of more than {MAX_LINE} bytes, expected a signed commit of at most {MAX_ENTRY}"
                );
                let failure = Failure::new(Exit::No, "limit", message);
                return Ok(Some((self.number, Err(failure))));
            }
            if !bytes.is_empty() {
                return Ok(Some((self.number, Ok(bytes))));
            }
        }
    }
}

impl Iterator for Lines {
    type Item = Result<Line, Failure>;

    fn next(&mut self) -> Option<Result<Line, Failure>> {
        let (number, bytes) = self.next.take()?;
        self.next = match self.read() {
            Ok(next) => next,
            Err(failure) => return Some(Err(failure)),
        };
        let is_alone = std::mem::replace(&mut self.is_first, false) && self.next.is_none();
        let place = match is_alone {
            true => self.path.display().to_string(),
            false => format!("{}:{number}", self.path.display()),
        };
        Some(Ok(Line { place, bytes }))
    }
}

/// Answers, each on its own line, as soon as they are certain.
struct Answers<'c> {
    context: &'c Context,
    staged: Vec<String>,
    exit: Exit,
}

impl Answers<'_> {
    fn take(&mut self, appender: &mut Appender, line: Line) -> Result<(), Failure> {
        let bytes = match line.bytes() {
            Ok(bytes) => bytes,
            Err(failure) => {
                self.flush(appender)?;
                return self.no(&line.place, &failure);
            }
        };
        match appender.stage(bytes) {
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
            let answer = serde_json::json!({ "at": place, "error": failure });
            let line = format!("{answer}\n");
            return self.context.print_bytes(calm_json(&line).as_bytes());
        }
        self.context.say(&safe(&format!("{place}: {failure}")));
        Ok(())
    }
}

/// Makes a ledger of a genesis that all its stewards signed.
fn found(
    context: &Context,
    mut lines: impl Iterator<Item = Result<Line, Failure>>,
) -> Result<Exit, Failure> {
    let line = lines
        .next()
        .unwrap_or_else(|| Err(Failure::usage("found no genesis")))?;
    if lines.next().is_some() {
        return Err(Failure::usage(
            "found several commits, expected the one genesis",
        ));
    }
    let bytes = line.bytes().map_err(|failure| Failure {
        message: format!("{}: {}", line.place, failure.message),
        ..failure
    })?;
    let signed = Signed::parse(bytes).map_err(|error| refused(&error))?;
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
        bytes,
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

//! The desk: where acts become a commit, are shown, signed and recorded. Every command that writes
//! goes through here.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use grounds::claim::{Act, Code, Data, Rejection, State};
use grounds::envelope::{Anchor, Signed};
use grounds::ledger::{
    Appender, Clock as _, HeadSigner, Ledger, LedgerError, Preview, Receipt, SystemClock, prepare,
    preview, refused,
};
use grounds::store::StoreError;
use grounds::value::{KeyId, Kind, Origin, Slug, Time};

use crate::context::Context;
use crate::error::{Exit, Failure};
use crate::keys::{self, Signer};
use crate::render::human::written;
use crate::witnesses;
use crate::{files, names};

/// How long a command waits for another writer.
const PATIENCE: Duration = Duration::from_secs(3);

/// What all commands that sign have in common.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Signing")]
pub(crate) struct Signing {
    /// Show the exact bytes, the id and what the figures would become; write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Write the signed commit to FILE, for others to sign or submit, instead of recording it
    #[arg(long, value_name = "FILE", conflicts_with = "dry_run")]
    pub(crate) out: Option<PathBuf>,
    /// Overwrite the FILE of --out or --receipt
    #[arg(long)]
    pub(crate) force: bool,
    /// Write the receipt to FILE too
    #[arg(long, value_name = "FILE")]
    pub(crate) receipt: Option<PathBuf>,
    /// The agent to act as, where more than one of its keys is at hand
    #[arg(long = "as", value_name = "AGENT")]
    pub(crate) acting_as: Option<String>,
    /// Record although the machine's clock is far behind the last entry
    #[arg(long)]
    pub(crate) clock_ok: bool,
}

/// A ledger that was read, and an author with a key.
pub(crate) struct Desk<'c> {
    pub(crate) context: &'c Context,
    signing: &'c Signing,
    pub(crate) ledger: Ledger,
    pub(crate) origin: Origin,
    signer: Signer,
    /// Who acts.
    pub(crate) author: Slug,
}

impl<'c> Desk<'c> {
    /// Reads the ledger and finds a key of one of its agents.
    pub(crate) fn open(context: &'c Context, signing: &'c Signing) -> Result<Desk<'c>, Failure> {
        for path in [&signing.out, &signing.receipt].into_iter().flatten() {
            if !signing.force {
                files::refuse_existing(path)?;
            }
        }
        let ledger = context.open()?;
        if !ledger.custody().damages.is_empty() {
            return Err(LedgerError::Damaged(ledger.custody().damages.clone()).into());
        }
        let origin = origin_of(&ledger)?;
        let state = ledger.state();
        let wanted = match &signing.acting_as {
            Some(text) => Some(names::slug_of(state, Kind::Agent, text)?),
            None => None,
        };
        let is_wanted = |key: &KeyId| {
            let owner = state.valid_key(key);
            owner.is_some_and(|owner| wanted.as_ref().is_none_or(|slug| owner.agent == *slug))
        };
        let signer = keys::find(context, Some(&origin), &is_wanted)?;
        let author = keys::owner(state, &signer.public().id())?;
        if let Some(wanted) = wanted.filter(|wanted| *wanted != author) {
            return Err(Failure::new(
                Exit::No,
                "signature",
                format!(
                    "found {}, a key of agent/{author}, expected one of agent/{wanted}",
                    signer.public().id()
                ),
            )
            .hint(format!("--key FILE names a key of agent/{wanted}")));
        }
        Ok(Desk {
            context,
            signing,
            ledger,
            origin,
            signer,
            author,
        })
    }

    /// The state that the author sees.
    pub(crate) fn state(&self) -> &State {
        self.ledger.state()
    }

    /// The claim that was named.
    pub(crate) fn claim(&self, text: &str) -> Result<Slug, Failure> {
        names::slug_of(self.state(), Kind::Claim, text)
    }

    /// The key that signs.
    pub(crate) fn key(&self) -> KeyId {
        self.signer.public().id()
    }

    /// Shows, signs and records acts, as one commit; or does as much of that as was asked.
    pub(crate) fn record(&self, acts: &[Act]) -> Result<Exit, Failure> {
        let signed = self.signed(self.state(), self.anchor(), acts)?;
        let previewed = preview(
            self.state(),
            self.ledger.tree(),
            &self.origin,
            &signed,
            now(),
        )?;
        if self.signing.dry_run {
            return self.show(acts, &signed, &previewed);
        }
        if let Some(path) = &self.signing.out {
            return self.write_out(path, acts, &signed, &previewed);
        }
        previewed
            .verdict
            .clone()
            .map_err(|rejection| refusal(rejection, acts))?;
        self.append(acts, &signed)
    }

    fn anchor(&self) -> Option<Anchor> {
        let head = &self.ledger.custody().checkpoint;
        Some(Anchor {
            size: head.size,
            root: head.root,
        })
    }

    fn signed(
        &self,
        state: &State,
        anchor: Option<Anchor>,
        acts: &[Act],
    ) -> Result<Signed<'static>, Failure> {
        let commit = prepare(state, &self.origin, anchor, &self.author, now(), acts)
            .map_err(|error| refused(&error))?;
        let mut signed = Signed {
            commit,
            signatures: Vec::new(),
        };
        self.signer.sign(&mut signed)?;
        Ok(signed)
    }

    fn show(
        &self,
        acts: &[Act],
        signed: &Signed<'_>,
        previewed: &Preview,
    ) -> Result<Exit, Failure> {
        let dry = written::DryRun::of(self.state(), signed, previewed);
        match self.context.global.json {
            true => self.context.print_json(&dry)?,
            false => self.context.print(&dry.text())?,
        }
        match &previewed.verdict {
            Ok(()) => Ok(Exit::Done),
            Err(rejection) => Err(refusal(rejection.clone(), acts)),
        }
    }

    /// More signatures may come; any other rule that it breaks is said now.
    fn write_out(
        &self,
        path: &Path,
        acts: &[Act],
        signed: &Signed<'_>,
        previewed: &Preview,
    ) -> Result<Exit, Failure> {
        let missing = match &previewed.verdict {
            Ok(()) => None,
            Err(rejection) if rejection.code == Code::Role => Some(rejection),
            Err(rejection) => return Err(refusal(rejection.clone(), acts)),
        };
        let mut bytes = signed.to_bytes();
        bytes.push(b'\n');
        files::replace(path, &bytes)?;
        if self.context.global.json {
            self.context.print_json(&serde_json::json!({
                "schema": "grounds.prepared/1",
                "out": path,
                "commit": signed.commit.id().to_string(),
                "missing": missing.map(|rejection| rejection.expected.clone()),
            }))?;
            return Ok(Exit::Done);
        }
        let file = path.display();
        let next = match missing {
            Some(rejection) => format!(
                "it needs {}\nnext: grounds sign {file}, by the others; then grounds submit {file}",
                rejection.expected
            ),
            None => format!("next: grounds submit {file}, where the log key is"),
        };
        self.context.say(&format!(
            "wrote {file}, commit {}, signed by agent/{}; nothing is recorded yet\n{next}",
            signed.commit.id(),
            self.author
        ));
        Ok(Exit::Done)
    }

    fn append(&self, acts: &[Act], signed: &Signed<'_>) -> Result<Exit, Failure> {
        let mut appender = open_appender(
            self.context,
            self.ledger.dir(),
            &self.origin,
            self.signing.clock_ok,
        )?;
        let mut bytes = signed.to_bytes();
        match appender.stage(&bytes) {
            // Others wrote in between. What only adds says the same after them: it is prepared
            // again under the lock, where nobody can come in between.
            Err(LedgerError::Rejected(rejection))
                if rejection.code == Code::Conflict && acts.iter().all(only_adds) =>
            {
                let again = self.signed(appender.state(), appender.anchor(), acts)?;
                bytes = again.to_bytes();
                appender.stage(&bytes)?;
            }
            other => {
                other?;
            }
        }
        let receipts = appender.flush();
        let receipts = receipts.map_err(|error| self.unsettled(error, bytes))?;
        let receipt = receipts.first().ok_or_else(|| {
            Failure::new(
                Exit::Conflict,
                "exists",
                "this very commit is recorded already",
            )
            .hint("grounds log -n 1 shows it")
        })?;
        let after = appender.state().clone();
        let dir = self.ledger.dir();
        let question = witnesses::question(dir, &appender);
        close(self.context, appender);
        let exit = self.acknowledge(&after, receipt).map_err(|failure| {
            let message = format!("recorded as @{}, but {}", receipt.index, failure.message);
            Failure { message, ..failure }
                .hint("grounds log -n 1 shows it; it needs no second time")
        })?;
        witnesses::ask_after(self.context, dir, &self.origin, question);
        Ok(exit)
    }

    /// The same act typed again would be another commit: the one whose outcome is unknown is kept.
    fn unsettled(&self, error: LedgerError, mut commit: Vec<u8>) -> Failure {
        let name = Signed::parse(&commit).map(|signed| signed.commit.id().to_string());
        commit.push(b'\n');
        let kept = self.context.config_dir(&self.origin).and_then(|dir| {
            let folder = dir.join("unsettled");
            files::make_private_folder(&folder)?;
            let name = name.map_err(|error| refused(&error))?;
            let path = folder.join(format!("{}.json", &name[..12]));
            files::replace(&path, &commit)?;
            Ok(path)
        });
        unknown(error).hint(match kept {
            Ok(path) => format!(
                "once the cause is gone: grounds submit {}; whatever became of it, it is recorded once",
                path.display()
            ),
            Err(_) => "once the cause is gone, grounds log -n 1 shows whether it was; only if it was not, run the same command again".to_owned(),
        })
    }

    fn acknowledge(&self, after: &State, receipt: &Receipt) -> Result<Exit, Failure> {
        let stored = store_receipt(self.context, receipt);
        if let Some(path) = &self.signing.receipt {
            files::replace(path, &receipt_bytes(receipt))?;
        }
        if self.context.global.json {
            self.context.print_bytes(&receipt_bytes(receipt))?;
            return Ok(Exit::Done);
        }
        let text = written::recorded(self.state(), after, receipt, stored.as_deref());
        self.context.print(&text)?;
        Ok(Exit::Done)
    }
}

/// A refusal of what was just typed. A position says nothing where there is one act.
fn refusal(rejection: Rejection, acts: &[Act]) -> Failure {
    let lacks_signatures = rejection.code == Code::Role && rejection.hint.is_none();
    let message = format!("found {}, expected {}", rejection.found, rejection.expected);
    let mut failure = Failure::from(rejection);
    if acts.len() == 1 {
        failure.message = message;
    }
    if lacks_signatures {
        return failure.hint("write it with --out FILE, have the others run grounds sign FILE, then grounds submit FILE");
    }
    failure
}

/// The name of a ledger that was read.
pub(crate) fn origin_of(ledger: &Ledger) -> Result<Origin, Failure> {
    ledger.state().origin().cloned().ok_or_else(|| {
        Failure::new(
            Exit::Damaged,
            "damaged",
            "found no genesis, expected the ledger's name in entry 0",
        )
    })
}

/// What the machine's clock says.
pub(crate) fn now() -> Time {
    SystemClock::new().wall()
}

/// Whether an act says the same wherever its stream stands.
fn only_adds(act: &Act) -> bool {
    matches!(
        act.data,
        Data::EvidenceAdded(_)
            | Data::AttestationMade(_)
            | Data::NoteAdded(_)
            | Data::ArtifactRegistered(_)
            | Data::ContextDefined(_)
    )
}

/// Opens a ledger for writing, waiting a little for another writer to end.
pub(crate) fn open_appender(
    context: &Context,
    dir: &Path,
    origin: &Origin,
    clock_ok: bool,
) -> Result<Appender, Failure> {
    let mut signer = log_signer(context, origin)?;
    let started = Instant::now();
    loop {
        match Appender::open(dir, signer, Box::new(SystemClock::new()), clock_ok) {
            Ok((appender, opened)) => {
                if let Some(cut) = &opened.recovered.cut {
                    context.say(&format!(
                        "note: a write that was never acknowledged was cut at entry {} and kept in torn/",
                        cut.index
                    ));
                }
                return Ok(appender);
            }
            Err(LedgerError::Store(StoreError::Locked { .. })) if started.elapsed() < PATIENCE => {
                std::thread::sleep(Duration::from_millis(50));
                signer = log_signer(context, origin)?;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// What it means that lines could not be made durable under a signed head.
pub(crate) fn unknown(error: LedgerError) -> Failure {
    let failure = Failure::from(match error {
        LedgerError::Unknown(cause) => *cause,
        other => other,
    });
    Failure {
        code: "unknown_outcome".to_owned(),
        message: format!("whether it was recorded is unknown: {}", failure.message),
        ..failure
    }
}

/// Gives the folder back. What is recorded stays recorded whether or not that works: the next one
/// to open it does what was left.
pub(crate) fn close(context: &Context, appender: Appender) {
    if let Err(error) = appender.close() {
        context.say(&format!(
            "warning: recorded, but the ledger's folder was not tidied: {error}; the next command that writes does it"
        ));
    }
}

/// The log's key, or the way on without it.
pub(crate) fn log_signer(context: &Context, origin: &Origin) -> Result<HeadSigner, Failure> {
    keys::log_signer(context, origin)?.ok_or_else(|| {
        Failure::new(
            Exit::CannotTell,
            "log_key",
            format!("found no log key of {origin} on this machine, expected log.key in the ledger's folder below the configuration folder"),
        )
        .hint("--out FILE writes the signed commit; grounds submit FILE records it where the log key is")
    })
}

/// Keeps a receipt in the ledger's configuration folder; the commit is recorded whether or not
/// that works.
pub(crate) fn store_receipt(context: &Context, receipt: &Receipt) -> Option<PathBuf> {
    let stored = context.config_dir(&receipt.origin).and_then(|dir| {
        let folder = dir.join("receipts");
        files::make_private_folder(&folder)?;
        let id = receipt.commit.to_string();
        let path = folder.join(format!("{:012}-{}.json", receipt.index, &id[..12]));
        files::replace(&path, &receipt_bytes(receipt))?;
        Ok(path)
    });
    stored
        .inspect_err(|failure| {
            context.say(&format!(
                "warning: recorded, but the receipt was not kept: {}",
                failure.message
            ));
        })
        .ok()
}

/// A receipt as a line of JSON.
pub(crate) fn receipt_bytes(receipt: &Receipt) -> Vec<u8> {
    let mut bytes = receipt.json().to_bytes();
    bytes.push(b'\n');
    bytes
}

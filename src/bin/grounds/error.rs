//! Errors as a person gets them: code, what was found and expected, and the next step.

use std::fmt;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};
use grounds::claim::{Code, Rejection};
use grounds::ledger::{
    HeadError, LedgerError, MirrorError, NoSuchMoment, RepairError, SignerError,
};
use grounds::net::RemoteError;
use grounds::projection::BadQuestion;
use grounds::store::StoreError;
use grounds::tlog::TileError;
use serde::Serialize;

use crate::cli::Cli;
use crate::render::human::style::{calm_json, safe};

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// 0: done.
    Done,
    /// 1: the answer is no.
    No,
    /// 2: bad usage.
    Usage,
    /// 3: damaged ledger.
    Damaged,
    /// 4: input/output.
    Io,
    /// 5: the stream moved on.
    Conflict,
    /// 6: not found.
    NotFound,
    /// 7: cannot tell.
    CannotTell,
}

impl Exit {
    /// The number.
    pub(crate) fn number(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::No => 1,
            Exit::Usage => 2,
            Exit::Damaged => 3,
            Exit::Io => 4,
            Exit::Conflict => 5,
            Exit::NotFound => 6,
            Exit::CannotTell => 7,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.number())
    }
}

/// What a command says when it did not do what it was asked.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Failure {
    /// Stable code: those of the rules, and `usage`, `damaged`, `io`, `not_found`, `locked`, ….
    pub(crate) code: String,
    /// What was found, where, what was expected.
    pub(crate) message: String,
    /// The next step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hint: Option<String>,
    /// The event's position in the commit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) position: Option<u16>,
    #[serde(skip)]
    pub(crate) exit: Exit,
}

impl Failure {
    pub(crate) fn new(exit: Exit, code: impl Into<String>, message: impl Into<String>) -> Failure {
        Failure {
            code: code.into(),
            message: message.into(),
            hint: None,
            position: None,
            exit,
        }
    }

    /// Bad usage.
    pub(crate) fn usage(message: impl Into<String>) -> Failure {
        Failure::new(Exit::Usage, "usage", message)
    }

    /// Nothing of that name.
    pub(crate) fn not_found(message: impl Into<String>) -> Failure {
        Failure::new(Exit::NotFound, "not_found", message)
    }

    /// The system failed on a path.
    pub(crate) fn io(path: &std::path::Path, error: &std::io::Error) -> Failure {
        Failure::new(Exit::Io, "io", format!("{}: {error}", path.display()))
    }

    /// With the next step.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Failure {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error[{}]: {}", self.code, self.message)?;
        if let Some(hint) = &self.hint {
            write!(f, "\nhint: {hint}")?;
        }
        Ok(())
    }
}

impl From<Rejection> for Failure {
    fn from(rejection: Rejection) -> Failure {
        let exit = match rejection.code {
            Code::Conflict => Exit::Conflict,
            Code::Missing => Exit::NotFound,
            _ => Exit::No,
        };
        let mut failure = Failure::new(exit, rejection.code.word(), rejection.to_string());
        failure.position = rejection.position;
        failure.hint = rejection.hint;
        failure
    }
}

impl From<LedgerError> for Failure {
    fn from(error: LedgerError) -> Failure {
        let message = error.to_string();
        match error {
            LedgerError::Rejected(rejection) => Failure::from(*rejection),
            LedgerError::Damaged(_) => Failure::new(Exit::Damaged, "damaged", message)
                .hint("grounds verify lists what is wrong; nothing was changed"),
            LedgerError::NoLedger(_) => Failure::new(Exit::NotFound, "not_found", message)
                .hint("grounds init makes one; --ledger DIR or GROUNDS_LEDGER names one"),
            LedgerError::Checkpoint(_) => Failure::new(Exit::Damaged, "damaged", message)
                .hint("grounds verify tells more"),
            LedgerError::Policy(_) => Failure::new(Exit::No, "policy", message)
                .hint("mend the file policy in the ledger's folder; docs/FORMAT.md tells its form"),
            LedgerError::Store(error) => store(&error, message),
            LedgerError::Signer(error) => signer(&error, message),
            LedgerError::Clock(_) => Failure::new(Exit::Io, "clock", message)
                .hint("set the machine's clock; if the ledger's last entry is in the future, --clock-ok goes on after it"),
            LedgerError::Unknown(_) => Failure::new(Exit::Io, "unknown_outcome", message)
                .hint("a signed commit that is submitted again is recorded once; grounds log shows what was recorded"),
        }
    }
}

fn store(error: &StoreError, message: String) -> Failure {
    match error {
        StoreError::Locked { .. } => Failure::new(Exit::Io, "locked", message)
            .hint("wait until the other process ends; a lock left by a dead one is no obstacle"),
        StoreError::Occupied { .. } => {
            Failure::new(Exit::No, "exists", message).hint("choose another folder")
        }
        StoreError::Damaged(_) | StoreError::TooLarge { .. } => {
            Failure::new(Exit::Damaged, "damaged", message)
                .hint("grounds verify lists what is wrong; nothing was changed")
        }
        StoreError::Conflict { .. } => Failure::new(Exit::Conflict, "conflict", message),
        _ => Failure::new(Exit::Io, "io", message)
            .hint("nothing was acknowledged; run the same command again once the cause is gone"),
    }
}

fn signer(error: &SignerError, message: String) -> Failure {
    match error {
        SignerError::NotAnExtension { .. } => Failure::new(Exit::Damaged, "rollback", message)
            .hint("find the newest copy of the folder; the signer's state beside the log key says what was signed"),
        SignerError::OtherKey { .. } => Failure::new(Exit::CannotTell, "log_key", message)
            .hint("keep the ledger's log key as log.key in its folder below the configuration folder"),
        SignerError::State { .. } | SignerError::Io { .. } => Failure::new(Exit::Io, "io", message),
    }
}

impl From<HeadError> for Failure {
    fn from(error: HeadError) -> Failure {
        let message = error.to_string();
        match error {
            HeadError::NoCheckpoint => Failure::not_found(message),
            HeadError::Checkpoint(_) => Failure::new(Exit::No, "checkpoint", message),
            HeadError::Tiles(TileError::Source { .. }) => Failure::new(Exit::Io, "io", message),
            HeadError::Tiles(_) => Failure::new(Exit::No, "tiles", message)
                .hint("nothing that could not be authenticated was used"),
            HeadError::Beyond { .. } => Failure::new(Exit::No, "rollback", message)
                .hint("where a copy has those entries, name its folder or address"),
            HeadError::OtherHistory { .. } => Failure::new(Exit::No, "fork", message)
                .hint("grounds prove --fork CHECKPOINT -o fork.json makes the proof of it"),
            HeadError::Order { .. } => Failure::usage(message),
        }
    }
}

impl From<MirrorError> for Failure {
    fn from(error: MirrorError) -> Failure {
        let message = error.to_string();
        match error {
            MirrorError::Ledger(error) => error.into(),
            MirrorError::Head(error) => {
                let failure = Failure::from(error);
                Failure { message, ..failure }
            }
            MirrorError::NotAMirror(_) => Failure::new(Exit::No, "exists", message),
            MirrorError::Pin { .. } => Failure::new(Exit::Damaged, "damaged", message),
            MirrorError::OtherKey { .. } => Failure::new(Exit::No, "key", message)
                .hint("a log that lost its key goes on as another log; mirror that into a folder of its own"),
            MirrorError::NoKey => Failure::new(Exit::CannotTell, "vkey", message)
                .hint("give the key with --vkey, from somewhere you trust"),
            MirrorError::RolledBack { .. } => Failure::new(Exit::No, "rollback", message)
                .hint("the copy is as it was, and can heal the source: grounds repair --from COPY"),
            MirrorError::Forked(_) => Failure::new(Exit::No, "fork", message),
        }
    }
}

impl From<RepairError> for Failure {
    fn from(error: RepairError) -> Failure {
        let message = error.to_string();
        match error {
            RepairError::Ledger(error) => error.into(),
            RepairError::Head(error) => {
                let failure = Failure::from(error);
                Failure { message, ..failure }.hint("nothing was changed")
            }
            RepairError::NoKey => Failure::new(Exit::CannotTell, "vkey", message)
                .hint("give the key with --vkey; grounds init printed it"),
            RepairError::Pin(_) => Failure::new(Exit::Damaged, "damaged", message),
            RepairError::OtherHistory { .. } => Failure::new(Exit::No, "fork", message)
                .hint("nothing was changed; grounds prove --fork SOURCE makes a proof of it, where the tiles can be read"),
            RepairError::Behind { .. } => Failure::new(Exit::No, "rollback", message)
                .hint("nothing was changed; a copy that has more can heal more"),
        }
    }
}

impl From<RemoteError> for Failure {
    fn from(error: RemoteError) -> Failure {
        let message = error.to_string();
        match error {
            RemoteError::Unreachable { .. } => Failure::new(Exit::Io, "io", message)
                .hint("run the same command again: a commit is recorded once"),
            RemoteError::Refused { code, status, hint, .. } => {
                let exit = match (code.as_str(), status) {
                    ("conflict", _) => Exit::Conflict,
                    ("missing" | "not_found", _) | ("http", 404) => Exit::NotFound,
                    (_, 429 | 500..) => Exit::Io,
                    _ => Exit::No,
                };
                Failure {
                    hint,
                    ..Failure::new(exit, code, message)
                }
            }
            RemoteError::NotAReceipt(_) => Failure::new(Exit::No, "receipt", message)
                .hint("is it the address of a ledger? grounds verify tells what is recorded there"),
            RemoteError::NotProved(_) => Failure::new(Exit::No, "receipt", message)
                .hint("the commit may be recorded, but not in the log of this key: keep what was answered"),
        }
    }
}

impl From<NoSuchMoment> for Failure {
    fn from(error: NoSuchMoment) -> Failure {
        Failure::not_found(error.to_string())
            .hint("grounds log lists the events with their addresses")
    }
}

impl From<grounds::value::FormError> for Failure {
    fn from(error: grounds::value::FormError) -> Failure {
        Failure::usage(error.to_string())
    }
}

impl From<BadQuestion> for Failure {
    fn from(fault: BadQuestion) -> Failure {
        let failure = Failure::usage(fault.to_string());
        match fault.hint() {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

/// Bad usage of an option.
pub(crate) fn asked_by(option: &str, fault: &BadQuestion) -> Failure {
    let failure = Failure::from(fault.clone());
    Failure {
        message: format!("{option}: {}", failure.message),
        ..failure
    }
}

/// What clap has to say: help and versions on standard output, faults on standard error, as JSON
/// where JSON was asked for.
pub(crate) fn usage(error: clap::Error) -> ExitCode {
    let error = calmed(error);
    let is_help = !error.use_stderr();
    let is_json = std::env::args_os().any(|argument| argument == "--json");
    // Nobody is left to be told when even this cannot be printed.
    let _ = match is_json && !is_help {
        true => {
            let rendered = error.to_string();
            let message = rendered.lines().next().unwrap_or_default();
            let message = message.strip_prefix("error: ").unwrap_or(message);
            let failure = Failure::usage(message).hint("grounds help, or --help after the command");
            let json = serde_json::json!({ "error": failure }).to_string();
            let json = calm_json(&json);
            std::io::Write::write_all(&mut std::io::stderr(), format!("{json}\n").as_bytes())
        }
        false => error.print(),
    };
    if is_help {
        Exit::Done.into()
    } else {
        Exit::Usage.into()
    }
}

/// The same fault without what acts on a terminal: a fault quotes arguments, and who runs the program
/// may have them from somebody else.
fn calmed(error: clap::Error) -> clap::Error {
    let given: Vec<String> = std::env::args_os()
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect();
    let calm: Vec<String> = given.iter().map(|argument| safe(argument)).collect();
    if calm == given {
        return error;
    }
    match Cli::try_parse_from(calm) {
        Err(calmed) => calmed,
        // It is what was escaped that was wrong.
        Ok(_) => Cli::command().error(error.kind(), "found a control character in an argument"),
    }
}

//! The four kinds of no, as a caller of this room meets them.

use std::fmt;

use crate::claim::{Code, Rejection};
use crate::envelope::Refused;
use crate::store::{Damage, StoreError};
use crate::tlog::{CheckpointError, TlogPolicyError};
use crate::value::{FormCode, FormError};

use super::clock::ClockError;
use super::signer::SignerError;

/// Why the ledger did not do what it was asked.
#[derive(Debug)]
pub enum LedgerError {
    /// Refused (bytes) or rejected (rules): the commit, not the ledger, is at fault.
    Rejected(Box<Rejection>),
    /// What is kept is not what was acknowledged. Nothing was changed.
    Damaged(Vec<Damage>),
    /// There is no ledger here.
    NoLedger(std::path::PathBuf),
    /// The checkpoint is missing or not signed by the log's key.
    Checkpoint(CheckpointError),
    /// The folder's `policy` is none.
    Policy(TlogPolicyError),
    /// The store could not: environment, lock, conflict.
    Store(StoreError),
    /// The log's key may not or could not sign.
    Signer(SignerError),
    /// The machine's clock is not to be believed.
    Clock(ClockError),
    /// The system failed in the middle: what was to be recorded may or may not be. The same commits
    /// submitted to the ledger opened again settle it.
    Unknown(Box<LedgerError>),
}

impl fmt::Display for LedgerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LedgerError::Rejected(rejection) => rejection.fmt(f),
            LedgerError::Damaged(places) => match places.as_slice() {
                [] => f.write_str("the ledger is damaged"),
                [place] => write!(f, "the ledger is damaged: {place}"),
                [place, rest @ ..] => {
                    write!(
                        f,
                        "the ledger is damaged: {place}; and {} places more",
                        rest.len()
                    )
                }
            },
            LedgerError::NoLedger(path) => {
                write!(
                    f,
                    "found no ledger in {}, expected a folder with events/ and checkpoint",
                    path.display()
                )
            }
            LedgerError::Checkpoint(error) => write!(f, "checkpoint: {error}"),
            LedgerError::Policy(error) => error.fmt(f),
            LedgerError::Store(error) => error.fmt(f),
            LedgerError::Signer(error) => error.fmt(f),
            LedgerError::Clock(error) => error.fmt(f),
            LedgerError::Unknown(why) => write!(
                f,
                "whether it was recorded is unknown ({why}): submit the same commit again"
            ),
        }
    }
}

impl std::error::Error for LedgerError {}

impl From<Rejection> for LedgerError {
    fn from(rejection: Rejection) -> LedgerError {
        LedgerError::Rejected(Box::new(rejection))
    }
}

impl From<StoreError> for LedgerError {
    fn from(error: StoreError) -> LedgerError {
        match error {
            StoreError::Damaged(places) => LedgerError::Damaged(places),
            other => LedgerError::Store(other),
        }
    }
}

impl From<SignerError> for LedgerError {
    fn from(error: SignerError) -> LedgerError {
        LedgerError::Signer(error)
    }
}

impl From<ClockError> for LedgerError {
    fn from(error: ClockError) -> LedgerError {
        LedgerError::Clock(error)
    }
}

impl From<CheckpointError> for LedgerError {
    fn from(error: CheckpointError) -> LedgerError {
        LedgerError::Checkpoint(error)
    }
}

/// A refusal of bytes or form, under its stable code.
#[must_use]
pub fn refused(error: &Refused) -> Rejection {
    match error {
        Refused::Bytes(error) => Rejection::new(
            Code::Bytes,
            format!("{} at byte {}", error.found, error.offset),
            format!("{} (canonical JSON, RFC 8785)", error.expected),
        ),
        Refused::Form(error) => malformed(error),
    }
}

fn malformed(error: &FormError) -> Rejection {
    let code = match error.code {
        FormCode::Bytes => Code::Bytes,
        FormCode::Limit => Code::Limit,
        FormCode::Schema => Code::Schema,
        FormCode::Time => Code::Time,
        FormCode::Key => Code::Key,
    };
    let found = match error.path.as_str() {
        "" => error.found.clone(),
        path => format!("{} in {path}", error.found),
    };
    let mut rejection = Rejection::new(code, found, error.expected.clone());
    rejection.position = position_of(&error.path);
    rejection
}

/// The event's position in a path such as `commit.events[3].data.title`.
fn position_of(path: &str) -> Option<u16> {
    let rest = path
        .strip_prefix("commit.")
        .unwrap_or(path)
        .strip_prefix("events[")?;
    rest.split(']').next()?.parse().ok()
}

//! Envelope: who said it. Canonical bytes, the seal of an author, and what an entry of the log holds.
//!
//! Bytes become a [`Verified`] in one way only: [`Signed::parse`], which reads the form, and
//! [`Signed::verify`], which checks every signature against the keys given. What an event means
//! is not known here.

mod commit;
mod entry;
mod key;
mod signature;

pub use commit::{Anchor, Commit, Draft, DraftEvent, MAX_COMMIT, MAX_EVENTS, RawEvent, TYPE};
pub use entry::{
    Checks, Entry, MAX_ENTRY, MAX_SIGNATURES, Signature, Signed, Unverified, Verified, Withheld,
    line_of, recorded_of,
};
pub use key::{KeyFileError, PrivateKey, UnsoundKey, possession_message, sound};
pub use signature::{KnownKey, NotSigned, pre_authentication, verify_one};

use std::fmt;

use crate::json::NotCanonical;
use crate::value::FormError;

/// Bytes that are no commit or entry: refused before anything else is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// Not canonical JSON.
    Bytes(NotCanonical),
    /// Canonical JSON of another form.
    Form(FormError),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::Bytes(error) => error.fmt(f),
            Refused::Form(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Refused {}

impl From<NotCanonical> for Refused {
    fn from(error: NotCanonical) -> Refused {
        Refused::Bytes(error)
    }
}

impl From<FormError> for Refused {
    fn from(error: FormError) -> Refused {
        Refused::Form(error)
    }
}

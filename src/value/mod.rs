//! Values: the words that every room shares, each with one spelling.
//!
//! A value that was parsed is right: no room checks an origin, a slug, a date or a ratio again.
//! The forms are those of `docs/FORMAT.md`, section 1.

mod id;
mod ratio;
mod text;
mod time;

pub use id::{
    Address, CommitId, EventId, EventRef, Index, KeyId, Kind, Origin, PublicKey, Seq, Slug, Subject,
};
pub use ratio::{ONE, Ratio};
pub use text::{Doi, Line, Text, Url, excerpt, forbidden_in_text};
pub use time::{Date, Moment, Time};

use std::borrow::Cow;
use std::fmt;

/// Which of the four codes of a wrong form applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormCode {
    /// Not the bytes of canonical JSON.
    Bytes,
    /// Longer, larger or more than allowed.
    Limit,
    /// Not of the form that the field has.
    Schema,
    /// Not a time or a date, or one that cannot be.
    Time,
    /// Not an Ed25519 public key in OpenSSH's spelling.
    Key,
}

/// A value that is not of its form: what was found and what was expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormError {
    /// The kind of fault.
    pub code: FormCode,
    /// Where, as a path into the JSON (`events[0].data.title`); empty for a bare value.
    pub path: String,
    /// What stood there, shortened and with control characters escaped.
    pub found: String,
    /// What would have been right.
    pub expected: Cow<'static, str>,
}

impl FormError {
    /// A value of the wrong form.
    pub fn schema(found: impl Into<String>, expected: impl Into<Cow<'static, str>>) -> FormError {
        FormError::new(FormCode::Schema, found, expected)
    }

    /// A value beyond a limit.
    pub fn limit(found: impl Into<String>, expected: impl Into<Cow<'static, str>>) -> FormError {
        FormError::new(FormCode::Limit, found, expected)
    }

    /// A value with this code.
    pub fn new(
        code: FormCode,
        found: impl Into<String>,
        expected: impl Into<Cow<'static, str>>,
    ) -> FormError {
        FormError {
            code,
            path: String::new(),
            found: found.into(),
            expected: expected.into(),
        }
    }

    /// The same fault, seen from one level further out.
    #[must_use]
    pub fn inside(mut self, outer: &str) -> FormError {
        self.path = match self.path.as_str() {
            "" => outer.to_owned(),
            inner if inner.starts_with('[') => format!("{outer}{inner}"),
            inner => format!("{outer}.{inner}"),
        };
        self
    }
}

impl fmt::Display for FormError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        write!(f, "found {}, expected {}", self.found, self.expected)
    }
}

impl std::error::Error for FormError {}

//! Answer: a page as JSON, with its schema and the head that it was read from (docs/JSON.md).

use serde::Serialize;

use crate::projection::{CatalogueRow, TimelineRow};
use crate::value::Subject;

use super::frame::Head;

/// An answer as programs read it.
#[derive(Debug, Serialize)]
pub struct Answer<'a, T: Serialize> {
    /// What it is, with its version: `grounds.show/1`.
    pub schema: &'static str,
    /// What it was read from.
    pub head: &'a Head,
    /// Its own fields.
    #[serde(flatten)]
    pub answer: T,
}

/// A subject with the word for what it is: the answer of `grounds.show/1`.
#[derive(Debug, Serialize)]
pub struct Shown<'a, T: Serialize> {
    /// `claim`, `artifact`, `agent`, `context`, `view` or `ledger`.
    pub subject_kind: &'static str,
    /// Its page.
    #[serde(flatten)]
    pub page: &'a T,
}

/// An answer as text, with a line end.
#[must_use]
pub fn json<T: Serialize>(schema: &'static str, head: &Head, answer: T) -> String {
    let answer = Answer {
        schema,
        head,
        answer,
    };
    let text = serde_json::to_string_pretty(&answer);
    text.expect("pages have names of text and numbers that JSON has") + "\n"
}

/// A subject's page: `grounds.show/1`.
#[must_use]
pub fn show<P: Serialize>(kind: &'static str, head: &Head, page: &P) -> String {
    let answer = Shown {
        subject_kind: kind,
        page,
    };
    json("grounds.show/1", head, answer)
}

/// Events, as `grounds.log/1` has them.
#[derive(Debug, Serialize)]
pub struct Logged<'a> {
    /// Of what; none: of everything.
    pub subject: Option<&'a Subject>,
    /// Newest first.
    pub events: &'a [TimelineRow],
}

/// Claims, as `grounds.list/1` has them.
#[derive(Debug, Serialize)]
pub struct Listed<'a> {
    /// How many there are.
    pub count: usize,
    /// They, or as many as were asked for.
    pub claims: &'a [CatalogueRow],
}

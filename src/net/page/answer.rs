//! Answer: a page as JSON, with its schema and the head that it was read from (docs/JSON.md).

use serde::Serialize;

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

//! Cursor: where a list goes on.
//!
//! A list is of one state. Its cursor names that state by its size and root, so that who follows it
//! walks through that one state, whatever is recorded meanwhile; and the question, so that no cursor
//! goes on with another one. Nothing is remembered for it: another copy of the ledger that has the
//! state takes it as well.

use base64ct::{Base64UrlUnpadded, Encoding as _};

use crate::hash::Hash;
use crate::ledger::Ledger;

use super::super::super::answer::Problem;
use super::super::asking::{Asked, Asking};
use super::super::current::Current;

/// Bytes of the digest that ties a cursor to its state and question.
const TIE: usize = 12;

/// Where a list goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    /// Entries of the state.
    size: u64,
    /// How many were shown, or the address of the last, as the list counts.
    after: u64,
}

impl Place {
    /// As text; none where the ledger has no such state.
    fn text(self, ledger: &Ledger, question: &str) -> Option<String> {
        let tie = self.tie(ledger, question)?;
        let bytes = [
            &self.size.to_be_bytes()[..],
            &self.after.to_be_bytes(),
            &tie,
        ]
        .concat();
        Some(Base64UrlUnpadded::encode_string(&bytes))
    }

    fn parse(text: &str, ledger: &Ledger, question: &str) -> Option<Place> {
        let bytes = Base64UrlUnpadded::decode_vec(text).ok()?;
        let (size, rest) = bytes.split_first_chunk()?;
        let (after, tie) = rest.split_first_chunk()?;
        let place = Place {
            size: u64::from_be_bytes(*size),
            after: u64::from_be_bytes(*after),
        };
        (place.tie(ledger, question)? == tie).then_some(place)
    }

    fn tie(self, ledger: &Ledger, question: &str) -> Option<Vec<u8>> {
        let root = ledger.tree().root_at(self.size)?;
        let Place { size, after } = self;
        let origin = &ledger.custody().checkpoint.origin;
        let tied = format!("grounds cursor 1\n{origin}\n{size} {root}\n{after}\n{question}");
        Some(Hash::of(tied.as_bytes()).0[..TIE].to_vec())
    }
}

/// A question whose answer comes in parts.
pub(super) struct Listing {
    /// The state that is listed.
    pub(super) asked: Asked,
    /// How many of its list were shown already, or the address of the last of them.
    pub(super) after: Option<u64>,
    question: String,
}

impl Listing {
    /// The state that is asked for, or the one that a cursor goes on with. `question` is all that the
    /// list depends on beside the clocks and the model.
    pub(super) fn of(
        current: &std::sync::Arc<Current>,
        asking: &Asking,
        question: &str,
        cursor: Option<&str>,
    ) -> Result<Listing, Problem> {
        let question = format!("{question}\n{asking:?}");
        let Some(cursor) = cursor else {
            return Ok(Listing {
                asked: asking.of(current)?,
                after: None,
                question,
            });
        };
        let place = Place::parse(cursor, &current.ledger, &question).ok_or_else(no_cursor)?;
        Ok(Listing {
            asked: at(current, asking, place.size)?,
            after: Some(place.after),
            question,
        })
    }

    /// The cursor that goes on after this one.
    pub(super) fn next(&self, after: u64) -> Option<String> {
        let size = self.asked.state.size();
        Place { size, after }.text(&self.asked.current.ledger, &self.question)
    }

    /// A part of what is listed, counted from the beginning, and the cursor that goes on after it.
    pub(super) fn part<'r, T>(&self, rows: &'r [T], limit: usize) -> (&'r [T], Option<String>) {
        let begin = usize::try_from(self.after.unwrap_or_default()).unwrap_or(usize::MAX);
        let begin = begin.min(rows.len());
        let end = begin.saturating_add(limit).min(rows.len());
        let next = (end < rows.len()).then(|| self.next(end as u64)).flatten();
        (&rows[begin..end], next)
    }
}

/// What was asked, at the state that a cursor was made for. The head says `as_of` as it was asked,
/// or, where the log has grown since, which state that is.
fn at(current: &std::sync::Arc<Current>, asking: &Asking, size: u64) -> Result<Asked, Problem> {
    let is_newest = asking.as_of.is_none() && size == current.ledger.state().size();
    let as_of = match is_newest {
        true => None,
        false => Some(format!("@{}", size.checked_sub(1).ok_or_else(no_cursor)?)),
    };
    let there = Asking {
        as_of,
        ..asking.clone()
    };
    let mut asked = there.of(current)?;
    if asking.as_of.is_some() {
        asked.head.as_of.clone_from(&asking.as_of);
    }
    Ok(asked)
}

fn no_cursor() -> Problem {
    Problem::new(
        400,
        "cursor",
        "a cursor that is not of this question and this ledger, expected the `next` of an answer to the same question",
    )
    .hint("without cursor the list begins anew")
}

//! Answer: what a page shows as JSON, with its schema and the head that it was read from
//! (docs/JSON.md). The command line, the site of files and the server give the same bytes.

use serde::Serialize;
use utoipa::ToSchema;

use crate::claim::State;
use crate::export::linked::ReadFrom;
use crate::export::prov::Base;
use crate::ledger::{Interval, Ledger, Snapshot};
use crate::projection::{CatalogueRow, ClaimPage, Replay, ReplayedClaim, TimelineRow};
use crate::value::{Subject, Time};

/// The head of the ledger that an answer was read from: the `head` of docs/JSON.md.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Head {
    /// The ledger's name.
    pub origin: String,
    /// Entries that the newest signed checkpoint covers.
    pub size: u64,
    /// Its root hash.
    pub root: String,
    /// Places in which this copy is damaged.
    pub damages: u64,
    /// Entries that were folded.
    pub entries: u64,
    /// The state that was asked for, as it was spelled: `@12`; none: the newest.
    pub as_of: Option<String>,
    /// Only what held in the world by this instant.
    pub effective: Option<Time>,
}

impl Head {
    /// The head of a ledger, for an answer from one of its states.
    #[must_use]
    pub fn of(
        ledger: &Ledger,
        state: &State,
        as_of: Option<&str>,
        effective: Option<Time>,
    ) -> Head {
        let custody = ledger.custody();
        Head {
            origin: custody.checkpoint.origin.clone(),
            size: custody.checkpoint.size,
            root: custody.checkpoint.root.to_string(),
            damages: custody.damages.len() as u64,
            entries: state.size(),
            as_of: as_of.map(str::to_owned),
            effective,
        }
    }

    /// The head that a snapshot was made at.
    #[must_use]
    pub fn of_snapshot(snapshot: &Snapshot) -> Head {
        let checkpoint = snapshot.checkpoint();
        Head {
            origin: checkpoint.origin.clone(),
            size: checkpoint.size,
            root: checkpoint.root.to_string(),
            damages: 0,
            entries: checkpoint.size,
            as_of: None,
            effective: None,
        }
    }
}

/// An answer as programs read it.
#[derive(Debug, Serialize, ToSchema)]
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
#[derive(Debug, Serialize, ToSchema)]
pub struct Shown<'a, T: Serialize> {
    /// `claim`, `artifact`, `agent`, `context`, `view` or `ledger`.
    pub subject_kind: &'static str,
    /// Its page.
    #[serde(flatten)]
    pub page: &'a T,
}

/// Claims, a line each: the answer of `grounds.list/1`.
#[derive(Debug, Serialize, ToSchema)]
pub struct Listed<'a> {
    /// How many there are; `claims` may hold fewer of them.
    pub count: u64,
    /// They, in the order that was asked for.
    pub claims: &'a [CatalogueRow],
    /// Where a server goes on when it is asked with this `cursor`; not there at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Events, newest first: the answer of `grounds.log/1`.
#[derive(Debug, Serialize, ToSchema)]
pub struct Logged<'a, E: Serialize> {
    /// Whose they are; null: all.
    pub subject: Option<&'a Subject>,
    /// They.
    pub events: &'a [E],
    /// Where a server goes on when it is asked with this `cursor`; not there at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// An event, and between what it was made where that was asked.
#[derive(Debug, Serialize)]
pub struct Told<'a> {
    /// The event.
    #[serde(flatten)]
    pub row: &'a TimelineRow,
    /// Between what it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times: Option<Interval>,
}

/// The whole ledger at a point: the answer of `grounds.replay/1`.
#[derive(Debug, Serialize)]
pub struct Replayed<'a> {
    /// Recorded time of the newest entry.
    pub recorded: Option<Time>,
    /// The model as `name@version`.
    pub model: &'a str,
    /// The claims, by slug.
    pub claims: &'a [ReplayedClaim],
}

impl<'a> From<&'a Replay> for Replayed<'a> {
    fn from(replay: &'a Replay) -> Replayed<'a> {
        Replayed {
            recorded: replay.recorded,
            model: &replay.model,
            claims: &replay.claims,
        }
    }
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

/// A claim as linked data, in the names of its ledger.
#[must_use]
pub(super) fn linked(head: &Head, page: &ClaimPage) -> String {
    let from = ReadFrom {
        size: head.size,
        root: &head.root,
        entries: head.entries,
    };
    crate::export::linked::claim(page, &from, &Base::of_origin(&head.origin))
}

/// A subject as text, as [`json`].
#[must_use]
pub fn show<T: Serialize>(kind: &'static str, head: &Head, page: &T) -> String {
    let answer = Shown {
        subject_kind: kind,
        page,
    };
    json("grounds.show/1", head, answer)
}

//! Words: how an event is named and said, with the ledger's text kept apart from ours.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::claim::{ClaimOrigin, Event, State};
use crate::value::{Address, Date, EventId, Slug, Subject, Time};

/// A part of a phrase: our word, or text that somebody wrote into the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Piece {
    /// Ours, safe to print as it is.
    Ours(String),
    /// A stranger's text: escape it, and never take it for ours.
    Ledger(String),
}

/// What is said of an event, in pieces. `Display` joins them with spaces.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct Phrase(pub Vec<Piece>);

impl Phrase {
    pub(super) fn of(words: impl Into<String>) -> Phrase {
        Phrase::default().ours(words)
    }

    pub(super) fn ours(mut self, words: impl Into<String>) -> Phrase {
        self.0.push(Piece::Ours(words.into()));
        self
    }

    pub(super) fn ledger(mut self, text: impl fmt::Display) -> Phrase {
        self.0.push(Piece::Ledger(text.to_string()));
        self
    }
}

impl fmt::Display for Phrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, piece) in self.0.iter().enumerate() {
            let (Piece::Ours(text) | Piece::Ledger(text)) = piece;
            write!(f, "{}{text}", if place == 0 { "" } else { " " })?;
        }
        Ok(())
    }
}

/// Who signed an event, where it stands and when it was said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct Byline {
    /// Where it stands: `@41`, or `@41.1` where the commit holds more than one event.
    pub address: String,
    /// Its id.
    pub id: EventId,
    /// Who signed it as author.
    pub author: Slug,
    /// The author's name (ledger text); none where it is not registered in effect.
    pub author_name: Option<String>,
    /// The log's clock.
    pub recorded: Time,
    /// The author's clock.
    pub at: Time,
    /// Since when it holds in the world, where that was said.
    pub effective: Option<Date>,
}

impl Byline {
    /// The byline of an event.
    #[must_use]
    pub fn of(state: &State, event: &Event) -> Byline {
        Byline {
            address: address_text(state, event.address),
            id: event.id,
            author: event.author.clone(),
            author_name: agent_name(state, &event.author),
            recorded: event.recorded,
            at: event.at,
            effective: event.effective,
        }
    }
}

/// An address as it is shown: `@41` where the commit holds one event, else `@41.1`.
#[must_use]
pub fn address_text(state: &State, address: Address) -> String {
    let entry = usize::try_from(address.entry)
        .ok()
        .and_then(|index| state.history().get(index));
    match entry {
        Some(entry) if entry.events.len() == 1 => format!("@{}", address.entry),
        _ => address.to_string(),
    }
}

/// An agent's name; none where it is not registered in effect.
pub(super) fn agent_name(state: &State, slug: &Slug) -> Option<String> {
    let profile = state.agent(slug)?.profile.as_ref()?;
    Some(profile.name.to_string())
}

/// An artifact's title, or its slug where none is known.
pub(super) fn artifact_title(state: &State, slug: &Slug) -> String {
    let artifact = state.artifact(slug);
    let registration = artifact.and_then(|artifact| artifact.registration());
    registration.map_or_else(|| slug.to_string(), |data| data.title.to_string())
}

/// A claim's statement, or its slug where none is known.
pub(super) fn claim_statement(state: &State, slug: &Slug) -> String {
    let wording = state.claim(slug).and_then(|claim| claim.wording.as_ref());
    wording.map_or_else(|| slug.to_string(), |wording| wording.statement.to_string())
}

/// A context's name, or its slug where none is known.
pub(super) fn context_name(state: &State, slug: &Slug) -> String {
    let context = state.context(slug);
    let definition = context.and_then(|context| context.definition());
    definition.map_or_else(|| slug.to_string(), |data| data.name.to_string())
}

/// How a claim came to be in the ledger, as the page says it.
#[must_use]
pub fn origin_words(origin: ClaimOrigin) -> &'static str {
    match origin {
        ClaimOrigin::Authored => "Written for this ledger",
        ClaimOrigin::Extracted => "Extracted from one source",
        ClaimOrigin::CrossReferenced => "Cross-referenced from multiple sources",
        ClaimOrigin::Imported => "Imported from another collection",
    }
}

/// Why a subject cannot be shown: it is not there, or what created it has no effect.
#[must_use]
pub fn absence(state: &State, subject: &Subject) -> &'static str {
    if state.exists(subject) {
        "it is in the ledger, but did not hold yet at the date that was asked for"
    } else if state.stream(subject).is_some() {
        "what created it is set aside: a key that signed it was compromised"
    } else {
        "nothing of this name is in the ledger"
    }
}

/// Why a subject cannot be shown in a state, by what the newest state knows of it.
#[must_use]
pub fn absence_then(newest: &State, state: &State, subject: &Subject) -> &'static str {
    match newest.exists(subject) && !state.exists(subject) {
        true => "it was not there yet at the date that was asked for",
        false => absence(state, subject),
    }
}

/// Parts per million as a decimal with up to six places: 1,260,000 is `1.26`.
#[must_use]
pub fn decimal(ppm: u64) -> String {
    let text = format!("{}.{:06}", ppm / 1_000_000, ppm % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// One thing or so many: `1 version`, `3 versions`.
pub(super) fn counted(count: usize, one: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        more => format!("{more} {one}s"),
    }
}

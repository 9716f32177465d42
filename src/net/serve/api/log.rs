//! Log: what happened, and the proof that it stands in the log.

use axum::extract::State;
use axum::response::Response;
use hyper::header::HeaderMap;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::ledger::{AsOf, prove as make_proof};
use crate::projection::{Asked, TimelineRow, first_instant, last_instant, timeline, type_named};
use crate::value::{Address, Slug, Subject};

use super::super::super::answer::Problem;
use super::super::super::page::{self, Answer, Logged};
use super::super::Shared;
use super::super::asking::Asking;
use super::super::reply::Keep;
use super::cursor::Listing;
use super::question::{Names, Nothing, Words, given, limit_of, said_of};
use super::{Refusals, read, tell};

/// Which events.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct EventWords {
    /// Only what this agent signed as author
    #[param(value_type = Option<Slug>)]
    author: Option<String>,
    /// Only what was recorded then or later: a date or a time in UTC
    #[param(example = "2026-03-05", min_length = 1)]
    since: Option<String>,
    /// Only what was recorded then or earlier
    #[param(min_length = 1)]
    until: Option<String>,
    /// Only events of this type (`evidence.added`), or of these types (`evidence`)
    #[param(example = "evidence", min_length = 1)]
    r#type: Option<String>,
    /// At most so many
    #[param(minimum = 1, maximum = 500, default = 100)]
    limit: Option<u64>,
    /// Go on where an answer ended: its `next`. Everything else is asked as it was
    #[param(min_length = 1)]
    cursor: Option<String>,
    /// As the ledger knew it: an event id, an address (`@41`, `@41.0`), a date or a time in UTC
    #[serde(rename = "as-of", alias = "as_of")]
    #[param(example = "@12")]
    as_of: Option<String>,
}

impl EventWords {
    fn asked(&self, subject: Option<Subject>) -> Result<Asked, Problem> {
        let author: Result<Option<Slug>, _> = self.author.as_deref().map(str::parse).transpose();
        let kind = self.r#type.as_deref().map(type_named).transpose();
        let since = self.since.as_deref().map(first_instant).transpose();
        let until = self.until.as_deref().map(last_instant).transpose();
        Ok(Asked {
            subject,
            author: author.map_err(|error| said_of("author", error.into()))?,
            r#type: kind.map_err(|fault| said_of("type", fault))?,
            since: since.map_err(|fault| said_of("since", fault))?,
            until: until.map_err(|fault| said_of("until", fault))?,
            before: None,
        })
    }
}

/// Events, newest first, a part of them.
pub(super) async fn told(
    served: &Shared,
    asker: &HeaderMap,
    subject: Option<Subject>,
    words: EventWords,
) -> Result<Response, Problem> {
    let (mut wanted, limit) = (words.asked(subject)?, limit_of(words.limit)?);
    let asking = Asking {
        as_of: given(&words.as_of),
        ..Asking::default()
    };
    tell(served, asker, asking.keep(), move |current| {
        let question = format!("events {wanted:?}");
        let listing = Listing::of(current, &asking, &question, words.cursor.as_deref())?;
        wanted.before = listing.after.map(unpacked);
        let state = &listing.asked.state;
        if let Some(subject) = &wanted.subject
            && state.stream(subject).is_none()
        {
            return Err(super::absent(&listing.asked, subject));
        }
        let mut events: Vec<TimelineRow> = timeline(state, &wanted).take(limit + 1).collect();
        let has_more = events.len() > limit;
        events.truncate(limit);
        let last = events.last().and_then(|row| packed(&row.by.address));
        let next = last
            .filter(|_| has_more)
            .and_then(|last| listing.next(last));
        let logged = Logged {
            subject: wanted.subject.as_ref(),
            events: &events,
            next,
        };
        Ok(page::json("grounds.log/1", &listing.asked.head, logged))
    })
    .await
}

/// An address as one number, in the order of the log.
fn packed(address: &str) -> Option<u64> {
    let (entry, position) = match address.parse().ok()? {
        AsOf::Entry(entry) => (entry, 0),
        AsOf::Event(Address { entry, position }) => (entry, position),
        _ => return None,
    };
    Some((entry << 16) | u64::from(position))
}

fn unpacked(number: u64) -> Address {
    Address {
        entry: number >> 16,
        position: (number & 0xffff) as u16,
    }
}

/// What happened, newest first, in words
#[utoipa::path(
    get,
    path = "/api/v1/log",
    tag = "log",
    params(EventWords),
    responses((status = 200, description = "grounds.log/1", body = Answer<'static, Logged<'static, TimelineRow>>), Refusals)
)]
pub(super) async fn log(
    State(served): State<Shared>,
    Words(words): Words<EventWords>,
    asker: HeaderMap,
) -> Result<Response, Problem> {
    told(&served, &asker, None, words).await
}

/// The proof that an event stands in the log, at the newest head
#[utoipa::path(
    get,
    path = "/api/v1/prove/{address}",
    tag = "log",
    params(("address" = String, Path, description = "The event: an address (`@41`, `@41.0`) or the beginning of its id", example = "@0")),
    responses((status = 200, description = "A tlog-proof (c2sp.org/tlog-proof)", body = String, content_type = "text/plain; charset=utf-8"), Refusals)
)]
pub(super) async fn prove(
    State(served): State<Shared>,
    names: Names,
    Words(Nothing {}): Words<Nothing>,
    asker: HeaderMap,
) -> Result<Response, Problem> {
    const PLAIN: &str = "text/plain; charset=utf-8";
    let address: Result<AsOf, _> = names.text(0).parse();
    let address = address.map_err(|error| said_of("address", error.into()))?;
    if let AsOf::Moment(_) = address {
        let detail = format!("found {address}, expected an address (@41, @41.0) or an event id");
        return Err(Problem::usage(detail).hint("/api/v1/log lists the events"));
    }
    read(&served, &asker, (PLAIN, Keep::Newest), move |current| {
        let ledger = &current.ledger;
        let size = ledger.size_as_of(&address);
        let size = size.map_err(|error| Problem::not_found(error.to_string()))?;
        let proof = make_proof(ledger, size.saturating_sub(1));
        proof.map_err(|error| Problem::new(500, "damaged", error.to_string()))
    })
    .await
}

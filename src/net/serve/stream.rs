//! Stream: every entry as a server-sent event (WHATWG HTML, "Server-sent events").
//!
//! An event's id is the entry's index, and its data the stored line: exactly the bytes that are hashed
//! as the leaf. A reader that was away says what it had last, and goes on there.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use hyper::body::Bytes;
use hyper::header::{HeaderMap, HeaderValue};
use hyper::http::Uri;
use tokio::sync::{OwnedSemaphorePermit, mpsc, watch};
use tokio::time::{MissedTickBehavior, interval};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::ledger::Ledger;

use super::super::answer::Problem;
use super::asking::{one_of, pairs};
use super::current::Current;
use super::reply::{Keep, reply};
use super::{Served, Shared};

const EVENTS: &str = "text/event-stream";

/// How often a line comes where there is nothing to tell, so that both ends know of each other.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Entries that are read from the disk at a time.
const CHUNK: u64 = 64;

/// Pieces that wait for a slow reader. Where he takes none for long, the listener ends the connection.
const WAITING: usize = 2;

/// `GET /api/v1/stream`.
pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(stream))
}

/// Every entry as it comes
///
/// Server-sent events: `id` is the entry's index, `event` is `entry`, `data` its line as it is stored.
/// It begins after the entry that `Last-Event-ID` or `after` names, without either at the newest
/// head, and goes on until one side ends it; a comment comes every 15 seconds. An entry whose line is
/// damaged here is an event `damaged` with its index.
#[utoipa::path(
    get,
    path = "/api/v1/stream",
    tag = "log",
    params(
        ("after" = Option<u64>, Query, description = "Index of the last entry that you have"),
        ("Last-Event-ID" = Option<u64>, Header, description = "The same, as browsers send it; it counts if both are there"),
    ),
    responses(
        (status = 200, description = "The events", content_type = "text/event-stream", body = String),
        (status = 400, description = "`usage`: not an index", content_type = "application/problem+json", body = Problem),
        (status = 404, description = "`not_found`: the ledger has no such entry yet", content_type = "application/problem+json", body = Problem),
        (status = 503, description = "`busy`: as many streams as may be; Retry-After says when", content_type = "application/problem+json", body = Problem),
    ),
)]
async fn stream(
    State(served): State<Shared>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let after = after(&uri, &headers)?;
    let newest = served.newest();
    if after.is_some_and(|after| after >= newest) {
        return Err(Problem::not_found(format!(
            "no entry {}, expected one of the {newest} that there are",
            after.unwrap_or_default()
        )));
    }
    let place = Arc::clone(&served.streams).try_acquire_owned();
    let place =
        place.map_err(|_| Problem::busy("as many streams as this server has places for"))?;
    let next = after.map_or(served.current().ledger.state().size(), |after| after + 1);
    let (pieces, received) = mpsc::channel(WAITING);
    let teller = Teller {
        pieces,
        current: served.current.clone(),
        stopping: served.stopping.subscribe(),
        next,
    };
    tokio::spawn(teller.tell(place));
    let body = futures_util::stream::unfold(received, |mut received| async {
        let piece = received.recv().await?;
        Some((Ok::<Bytes, Infallible>(piece), received))
    });
    let mut response = reply(EVENTS, Body::from_stream(body), Keep::Never, None);
    // A proxy in front is not to collect what should be seen at once.
    let headers = response.headers_mut();
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

/// The last entry that the reader has.
fn after(uri: &Uri, headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let asked = one_of(&pairs(uri.query())?, &["after"])?;
    let last = headers.get("last-event-id");
    let last = last.map(|last| String::from_utf8_lossy(last.as_bytes()).into_owned());
    let Some(text) = last.filter(|last| !last.is_empty()).or(asked) else {
        return Ok(None);
    };
    match text.parse() {
        Ok(index) => Ok(Some(index)),
        Err(_) => Err(Problem::usage(
            "after: what is no index of an entry, expected a number from 0",
        )),
    }
}

impl Served {
    /// How many readers the stream has.
    pub(super) fn readers(&self) -> usize {
        self.most_streams
            .saturating_sub(self.streams.available_permits())
    }

    /// How many entries are published: the reader of a receipt may know of more than are current here.
    fn newest(&self) -> u64 {
        let published = self
            .writer
            .as_ref()
            .map(|writer| writer.published().borrow().size);
        let current = self.current().ledger.state().size();
        published.unwrap_or_default().max(current)
    }
}

/// Tells one reader.
struct Teller {
    pieces: mpsc::Sender<Bytes>,
    current: watch::Receiver<Arc<Current>>,
    stopping: watch::Receiver<bool>,
    next: u64,
}

impl Teller {
    /// Until the reader or the server ends. It has its place until then.
    async fn tell(mut self, _place: OwnedSemaphorePermit) {
        let mut heartbeat = interval(HEARTBEAT);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut stopping = self.stopping.clone();
        let stopped = async move {
            // Nobody is left who could stop it: that is an end too.
            let _ = stopping.wait_for(|stopping| *stopping).await;
        };
        let mut stopped = std::pin::pin!(stopped);
        loop {
            let current = Arc::clone(&self.current.borrow_and_update());
            tokio::select! {
                biased;
                () = &mut stopped => return,
                is_there = self.catch_up(&current.ledger) => if !is_there {
                    return;
                },
            }
            tokio::select! {
                biased;
                () = &mut stopped => return,
                () = self.pieces.closed() => return,
                changed = self.current.changed() => if changed.is_err() {
                    return;
                },
                _ = heartbeat.tick() => if self.pieces.send(Bytes::from_static(b":\n\n")).await.is_err() {
                    return;
                },
            }
        }
    }

    /// Tells all that this ledger has and the reader has not; whether he is still there.
    async fn catch_up(&mut self, ledger: &Ledger) -> bool {
        let size = ledger.state().size();
        while self.next < size {
            let (from, to) = (self.next, size.min(self.next + CHUNK));
            let ledger = ledger.clone();
            let told = tokio::task::spawn_blocking(move || told(&ledger, from, to)).await;
            let Ok(piece) = told else {
                return false;
            };
            if self.pieces.send(piece.into()).await.is_err() {
                return false;
            }
            self.next = to;
        }
        true
    }
}

/// Entries as events.
fn told(ledger: &Ledger, from: u64, to: u64) -> Vec<u8> {
    let mut events = Vec::new();
    let Ok(lines) = ledger.lines(from, to) else {
        // One of them is damaged: each for itself.
        for index in from..to {
            match ledger.line(index) {
                Ok(line) => event(&mut events, index, "entry", &line),
                Err(_) => {
                    let data = format!("{{\"index\":{index}}}");
                    event(&mut events, index, "damaged", data.as_bytes());
                }
            }
        }
        return events;
    };
    for (index, line) in (from..to).zip(lines) {
        event(&mut events, index, "entry", &line);
    }
    events
}

/// One event. Its data is one line of JSON: no byte of it ends a line of the stream.
fn event(into: &mut Vec<u8>, index: u64, name: &str, data: &[u8]) {
    into.extend(format!("id: {index}\nevent: {name}\ndata: ").bytes());
    into.extend(data);
    into.extend(b"\n\n");
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn asked(query: &str, header: Option<&str>) -> Result<Option<u64>, u16> {
        let uri: Uri = format!("/api/v1/stream{query}").parse().unwrap();
        let mut headers = HeaderMap::new();
        if let Some(header) = header {
            headers.insert("last-event-id", header.parse().unwrap());
        }
        after(&uri, &headers).map_err(|problem| problem.status)
    }

    #[test]
    fn the_last_event_is_named_by_the_header_before_the_address() {
        assert_eq!(asked("", None), Ok(None));
        assert_eq!(asked("?after=7", None), Ok(Some(7)));
        assert_eq!(asked("?after=7", Some("9")), Ok(Some(9)));
        assert_eq!(asked("", Some("0")), Ok(Some(0)));
        assert_eq!(asked("?after=7", Some("")), Ok(Some(7)));
        for wrong in [
            "?after=x",
            "?after=-1",
            "?after=1&after=2",
            "?after=99999999999999999999",
        ] {
            assert_eq!(asked(wrong, None), Err(400), "{wrong}");
        }
        assert_eq!(asked("", Some("x")), Err(400));
    }

    #[test]
    fn an_event_is_three_lines_and_an_empty_one() {
        let mut bytes = Vec::new();
        event(&mut bytes, 41, "entry", b"{\"v\":1}");
        assert_eq!(bytes, b"id: 41\nevent: entry\ndata: {\"v\":1}\n\n");
    }
}

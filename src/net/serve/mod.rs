//! Serve: a ledger over HTTP: what it holds as pages and as JSON, its tiles, and a door for commits.
//!
//! Reads are answered from [`Current`], which follows the log; they never wait for writes. Writers
//! and readers meet in the folder alone.
//!
//! | file | what |
//! |---|---|
//! | `current` | the ledger as its newest head covers it, and who follows that |
//! | `asking` | which state, through which clock, by which model |
//! | `reply` | answers: how long they may be kept, and whether the asker has them already |
//! | `room` | how much is worked out at a time |
//! | `pressure` | what share of the questions is refused while more is asked than can be answered |
//! | `log` | checkpoint, tiles, bundles of entries: a log as C2SP tlog-tiles has it |
//! | `ops` | whether it is well, and figures about it |
//! | `write`, `prepare`, `outcome` | commits in, receipts out |
//! | `rates`, `again` | how often the same signer may; a request that is sent twice |
//! | `stream` | entries out, as they come |
//! | `cosigners` | witnesses are asked about each head |
//! | `api`, `openapi` | JSON |
//! | `pages`, `kept`, `script` | HTML, and what stands beside it |

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use axum::Router;
use axum::response::IntoResponse;
use axum::routing::any;
use futures_util::{FutureExt as _, future};
use http_body_util::BodyExt as _;
use hyper::body::{Body, Bytes, Frame, SizeHint};
use hyper::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode, Uri};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tower::ServiceExt as _;
use utoipa_axum::router::OpenApiRouter;

use crate::ledger::{Appender, Ledger, LedgerError, Pace, Writer, WriterHandle};
use crate::value::Index;

use super::answer::{Answer, Problem};
use super::listener::Routes;
use super::page;
use super::witness::Witness;
use super::witness_routes::WitnessRoutes;

mod again;
mod api;
mod asking;
mod cosigners;
mod current;
mod kept;
mod log;
mod openapi;
mod ops;
mod outcome;
mod pages;
mod prepare;
mod pressure;
mod rates;
mod reply;
mod room;
mod script;
mod stream;
mod write;

pub use cosigners::Tell;
pub use rates::Rate;

use again::Keys;
use current::{Current, Follower};
use ops::Metrics;
use pressure::Pressure;
use rates::Rates;
use room::Room;

/// The most bytes of a request's body.
const MOST_BYTES: usize = 1 << 20;

/// How long a receipt waits at most until its entry is shown here.
const SHOWN_WITHIN: Duration = Duration::from_secs(5);

/// How much a server does at a time.
#[derive(Debug, Clone, Copy)]
pub struct ServeLimits {
    /// Answers that take work, worked out at a time.
    pub reads: usize,
    /// Answers that wait for that; more are refused at once with 503.
    pub waiting: usize,
    /// Readers of the stream of entries.
    pub streams: usize,
    /// Commits by one key; and commits from one address that no key of this ledger signed.
    pub commits: Rate,
    /// How the writer works.
    pub pace: Pace,
}

impl Default for ServeLimits {
    fn default() -> ServeLimits {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        ServeLimits {
            reads: 2 * processors,
            waiting: 256,
            streams: 256,
            commits: Rate {
                per_second: 50,
                burst: 200,
            },
            pace: Pace {
                map_every: Some(Duration::from_secs(1)),
                ..Pace::default()
            },
        }
    }
}

/// What is served, and how.
pub struct Serving {
    /// What is read.
    pub ledger: Ledger,
    /// Takes commits for the same folder; none: nothing can be written.
    pub appender: Option<Appender>,
    /// A witness of other logs, on the same address.
    pub witness: Option<Witness>,
    /// How much at a time.
    pub limits: ServeLimits,
    /// Who hears what the ledger's own witnesses answered.
    pub tell: Tell,
}

/// What all routes share.
struct Served {
    current: watch::Receiver<Arc<Current>>,
    /// Why the newest head in the folder is not served, where it is not.
    trouble: watch::Receiver<Option<Arc<str>>>,
    /// None: nothing can be written here.
    writer: Option<WriterHandle>,
    witness: Option<WitnessRoutes>,
    metrics: Metrics,
    room: Room,
    pressure: Arc<Pressure>,
    kept: kept::Kept,
    rates: Rates,
    idempotency: Keys,
    /// Places for readers of the stream.
    streams: Arc<Semaphore>,
    most_streams: usize,
    /// Whether what would go on for ever is to end.
    stopping: watch::Sender<bool>,
}

impl Served {
    /// The ledger as of now.
    fn current(&self) -> Arc<Current> {
        Arc::clone(&self.current.borrow())
    }

    /// Waits until whoever asks now is shown an entry: a receipt that comes after that is never
    /// ahead of what its reader finds. Where the log cannot be followed the receipt is true all the
    /// same, and does not wait.
    async fn until_shown(&self, index: Index) {
        let (mut current, mut trouble) = (self.current.clone(), self.trouble.clone());
        let shown = current.wait_for(|current| current.ledger.state().size() > index);
        let stuck = trouble.wait_for(Option::is_some);
        let _ = timeout(SHOWN_WITHIN, future::select(pin!(shown), pin!(stuck))).await;
    }
}

/// The state of the router.
type Shared = Arc<Served>;

/// All routes of a ledger.
pub struct Server {
    router: Router,
    served: Shared,
    writer: Option<Writer>,
    /// What goes on beside the answers.
    beside: Vec<JoinHandle<()>>,
}

impl Server {
    /// Begins to follow the log. Within a tokio runtime.
    #[must_use]
    pub fn start(serving: Serving) -> Server {
        let Serving {
            ledger,
            appender,
            witness,
            limits,
            tell,
        } = serving;
        let writer = appender.map(|mut appender| {
            appender.share_map(&ledger);
            Writer::start(appender, limits.pace)
        });
        hash_the_map(&ledger);
        let handle = writer.as_ref().map(Writer::handle);
        let published = handle.as_ref().map(WriterHandle::published);
        let (follower, current, trouble) = Follower::of(ledger, published);
        let pressure = Arc::new(Pressure::default());
        pressure::feel(&pressure);
        let mut beside = vec![tokio::spawn(follower.run())];
        if let Some(writer) = handle.clone() {
            beside.push(tokio::spawn(cosigners::ask(current.clone(), writer, tell)));
        }
        let served = Arc::new(Served {
            current,
            trouble,
            writer: handle,
            witness: witness.map(WitnessRoutes::of),
            metrics: Metrics::default(),
            room: Room::of(&limits),
            pressure,
            kept: kept::Kept::default(),
            rates: Rates::of(limits.commits),
            idempotency: Keys::default(),
            streams: Arc::new(Semaphore::new(limits.streams)),
            most_streams: limits.streams,
            stopping: watch::Sender::new(false),
        });
        Server {
            router: router(&served),
            served,
            writer,
            beside,
        }
    }

    /// Ends what [`Server::start`] began: the writer finishes what it was given, publishes, and lets
    /// the lock go. Call it when nothing is answered any more.
    ///
    /// # Errors
    /// What stopped the writer, if anything did before.
    pub fn close(self) -> Result<(), LedgerError> {
        self.beside.iter().for_each(JoinHandle::abort);
        self.writer.map_or(Ok(()), Writer::close)
    }
}

/// The first root of a map takes seconds where there are many subjects; each later one takes what
/// has changed. It is worked out before anybody waits for a bundle.
fn hash_the_map(ledger: &Ledger) {
    // A copy shares its nodes, and so what was hashed of them.
    let map = ledger.map().clone();
    tokio::task::spawn_blocking(move || map.root());
}

fn router(served: &Shared) -> Router {
    let (router, description) = OpenApiRouter::new()
        .merge(api::routes())
        .merge(write::routes())
        .merge(prepare::routes())
        .merge(stream::routes())
        .merge(pages::routes())
        .merge(script::routes())
        .merge(log::routes())
        .merge(ops::routes())
        .split_for_parts();
    router
        .merge(openapi::routes(description))
        .merge(witness_routes(served))
        .fallback(pages::nothing)
        .method_not_allowed_fallback(|| async {
            Problem::new(
                405,
                "method",
                "another method, expected one of those allowed",
            )
        })
        .with_state(Arc::clone(served))
}

/// Those of a witness, where there is one.
fn witness_routes(served: &Shared) -> Router<Shared> {
    match &served.witness {
        None => Router::new(),
        Some(_) => Router::new()
            .route("/add-checkpoint", any(as_witness))
            .route("/{origin}/checkpoint", any(as_witness)),
    }
}

async fn as_witness(
    axum::extract::State(served): axum::extract::State<Shared>,
    method: Method,
    uri: Uri,
    body: Bytes,
) -> Response<axum::body::Body> {
    match &served.witness {
        Some(witness) => witness
            .at(&method, uri.path(), body)
            .await
            .map(axum::body::Body::new),
        None => Problem::not_found("no such path").into_response(),
    }
}

impl Routes for Server {
    fn body_limit(&self, head: &Parts) -> usize {
        match (head.uri.path(), &self.served.witness) {
            ("/add-checkpoint", Some(witness)) => witness.body_limit(head),
            _ => MOST_BYTES,
        }
    }

    fn stopping(&self) {
        self.served.stopping.send_replace(true);
    }

    fn connections(&self, open: usize) {
        self.served.metrics.connections(open);
        self.served.pressure.connections(open);
    }

    async fn answer(&self, request: Request<Bytes>) -> Answer {
        let begun = Instant::now();
        let route = ops::route_of(request.uri().path());
        let is_question = matches!(*request.method(), Method::GET | Method::HEAD);
        let is_refused =
            is_question && !ops::is_always_answered(route) && !self.served.pressure.admits();
        let response = match is_refused {
            true => pressure::refusal().into_response(),
            false => self.routed(request.map(axum::body::Body::from)).await,
        };
        let answer = guarded(response).map(|body| Whole { body }.boxed_unsync());
        let metrics = &self.served.metrics;
        metrics.answered(route, answer.status().as_u16(), begun.elapsed());
        if let Some(reply::Said(code)) = answer.extensions().get() {
            metrics.refused(route, code);
        }
        answer
    }
}

impl Server {
    /// The answer of a route. A fault of ours ends one answer, not the connections of others.
    async fn routed(&self, request: Request<axum::body::Body>) -> Response<axum::body::Body> {
        let answered = AssertUnwindSafe(self.router.clone().oneshot(request));
        match answered.catch_unwind().await {
            Ok(Ok(response)) => response,
            Ok(Err(never)) => match never {},
            Err(_) => Problem::new(500, "internal", "a fault of this server").into_response(),
        }
    }
}

/// What keeps an answer from being used for something else: of every answer, and of pages.
///
/// Not of 304: its fields renew those of the answer that the asker has (RFC 9111 §4.3.4), and a page
/// that got the policy of what is no page could load nothing any more.
fn guarded(mut response: Response<axum::body::Body>) -> Response<axum::body::Body> {
    if response.status() == StatusCode::NOT_MODIFIED {
        return response;
    }
    const ALWAYS: [(&str, &str); 2] = [
        ("cross-origin-resource-policy", "same-origin"),
        ("referrer-policy", "no-referrer"),
    ];
    const PAGES: [(&str, &str); 3] = [
        ("cross-origin-opener-policy", "same-origin"),
        // Nobody frames a form that signs.
        ("x-frame-options", "DENY"),
        (
            "permissions-policy",
            "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        ),
    ];
    let headers = response.headers_mut();
    let kind = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let is_page = kind.is_some_and(|kind| kind.starts_with(b"text/html"));
    let pages = PAGES.iter().filter(|_| is_page);
    for (name, value) in ALWAYS.iter().chain(pages) {
        headers
            .entry(HeaderName::from_static(name))
            .or_insert(HeaderValue::from_static(value));
    }
    headers
        .entry(CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static(match is_page {
            true => page::CONTENT_SECURITY_HEADER,
            false => "default-src 'none'; sandbox",
        }));
    response
}

/// A body that ends where the one below fails: the peer sees that it is not whole by its length.
struct Whole {
    body: axum::body::Body,
}

impl Body for Whole {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        Poll::Ready(frame.and_then(Result::ok).map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

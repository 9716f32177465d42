//! Ops: whether the server is well, and figures about it.

use std::fmt::Write as _;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode_registry;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::ledger::WriterHandle;

use super::super::answer::Problem;
use super::Shared;
use super::reply::{Keep, reply};

const PLAIN: &str = "text/plain; charset=utf-8";

/// The media type of the metrics: OpenMetrics text, which Prometheus reads.
const METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Upper bounds of the latencies that are told apart: seconds.
const LATENCIES: [f64; 11] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0,
];

/// `/healthz`, `/readyz`, `/metrics`.
pub(super) fn routes() -> utoipa_axum::router::OpenApiRouter<Shared> {
    let routes = Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics));
    routes.into()
}

/// It runs.
async fn healthz() -> Response {
    reply(PLAIN, "ok\n", Keep::Never, None)
}

/// It serves the newest head that is in the folder, and takes commits where it is to.
async fn readyz(State(served): State<Shared>) -> Result<Response, Problem> {
    let trouble = served.trouble.borrow().clone();
    if served.writer.as_ref().is_some_and(WriterHandle::is_stopped) {
        return Err(
            Problem::new(503, "stopped", "the writer of this ledger has ended")
                .hint("start the server again: what was acknowledged is in the ledger"),
        );
    }
    match trouble {
        Some(why) => Err(Problem::new(503, "damaged", why.to_string())
            .hint("the last good head is served; grounds verify tells what is wrong")),
        None => Ok(reply(PLAIN, "ready\n", Keep::Never, None)),
    }
}

async fn metrics(State(served): State<Shared>) -> Result<Response, Problem> {
    let current = served.current();
    let metrics = &served.metrics;
    metrics
        .entries
        .set(i64::try_from(current.ledger.state().size()).unwrap_or(i64::MAX));
    let waiting = served.writer.as_ref().map_or(0, WriterHandle::waiting);
    metrics
        .queue
        .set(i64::try_from(waiting).unwrap_or(i64::MAX));
    metrics
        .ready
        .set(i64::from(served.trouble.borrow().is_none()));
    metrics
        .streams
        .set(i64::try_from(served.readers()).unwrap_or(i64::MAX));
    let text = metrics.text();
    let text = text.map_err(|_| Problem::new(500, "internal", "a fault of this server"))?;
    Ok(reply(METRICS, text, Keep::Never, None))
}

#[derive(Debug, Clone, Copy, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Answered {
    route: &'static str,
    status: u32,
}

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Refused {
    route: &'static str,
    code: String,
}

#[derive(Debug, Clone, Copy, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ByRoute {
    route: &'static str,
}

#[derive(Debug, Clone, Copy, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Became {
    outcome: &'static str,
}

/// Figures about the server since it started.
pub(super) struct Metrics {
    registry: Registry,
    requests: Family<Answered, Counter>,
    seconds: Family<ByRoute, Histogram, fn() -> Histogram>,
    refused: Family<Refused, Counter>,
    connections: Gauge,
    queue: Gauge,
    entries: Gauge,
    ready: Gauge,
    commits: Family<Became, Counter>,
    streams: Gauge,
}

impl Default for Metrics {
    fn default() -> Metrics {
        let mut registry = Registry::with_prefix("grounds");
        let requests = Family::default();
        let latency: fn() -> Histogram = || Histogram::new(LATENCIES);
        let seconds = Family::new_with_constructor(latency);
        let refused = Family::default();
        let [connections, queue, entries, ready] = [(); 4].map(|()| Gauge::default());
        registry.register(
            "http_requests",
            "Requests answered, by kind of address and status",
            Family::clone(&requests),
        );
        registry.register(
            "http_request_seconds",
            "Time from a whole request to the beginning of its answer",
            Family::clone(&seconds),
        );
        registry.register(
            "refused",
            "What was refused, commits among them, by kind of address and code",
            Family::clone(&refused),
        );
        registry.register(
            "queue",
            "Commits that wait or are on their way to the disk",
            queue.clone(),
        );
        registry.register(
            "http_connections",
            "Connections that are open",
            connections.clone(),
        );
        registry.register(
            "entries",
            "Entries under the head that is served",
            entries.clone(),
        );
        registry.register(
            "ready",
            "1 while the newest head in the folder is served",
            ready.clone(),
        );
        let (commits, streams) = (Family::default(), Gauge::default());
        registry.register(
            "commits",
            "Commits acknowledged: recorded, or known before",
            Family::clone(&commits),
        );
        registry.register(
            "streams",
            "Readers of the stream of entries",
            streams.clone(),
        );
        Metrics {
            commits,
            streams,
            registry,
            requests,
            seconds,
            refused,
            connections,
            queue,
            entries,
            ready,
        }
    }
}

impl Metrics {
    /// A request was answered.
    pub(super) fn answered(&self, route: &'static str, status: u16, took: Duration) {
        let status = u32::from(status);
        self.requests
            .get_or_create(&Answered { route, status })
            .inc();
        let seconds = self.seconds.get_or_create(&ByRoute { route });
        seconds.observe(took.as_secs_f64());
    }

    /// A request, or one commit of several in it, was refused under a code of ours.
    pub(super) fn refused(&self, route: &'static str, code: &str) {
        let code = code.to_owned();
        self.refused.get_or_create(&Refused { route, code }).inc();
    }

    /// A commit was acknowledged.
    pub(super) fn commit(&self, is_repeated: bool) {
        let outcome = match is_repeated {
            true => "known",
            false => "recorded",
        };
        self.commits.get_or_create(&Became { outcome }).inc();
    }

    /// So many connections are open.
    pub(super) fn connections(&self, open: usize) {
        self.connections
            .set(i64::try_from(open).unwrap_or(i64::MAX));
    }

    fn text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode_registry(&mut text, &self.registry)?;
        text.write_str("# EOF\n")?;
        Ok(text)
    }
}

/// Whether a kind of address is answered whatever else is asked: those who look after the server,
/// and the head, by which others see what is there.
pub(super) fn is_always_answered(route: &str) -> bool {
    matches!(route, "healthz" | "readyz" | "metrics" | "checkpoint")
}

/// The kind of an address, for figures: a stranger's addresses make no new ones.
pub(super) fn route_of(path: &str) -> &'static str {
    const KINDS: [&str; 17] = [
        "claim",
        "artifact",
        "artifacts",
        "agent",
        "agents",
        "context",
        "contexts",
        "view",
        "views",
        "log",
        "audit",
        "tile",
        "cosigned",
        "checkpoint",
        "healthz",
        "readyz",
        "metrics",
    ];
    const API: [&str; 3] = ["commits", "prepare", "stream"];
    let mut parts = path.strip_prefix('/').unwrap_or(path).split('/');
    let first = parts.next().unwrap_or_default();
    let first = first.split_once('.').map_or(first, |(name, _)| name);
    if first == "api" {
        let door = parts.nth(1).unwrap_or_default();
        return API
            .into_iter()
            .find(|known| *known == door)
            .unwrap_or("api");
    }
    if first.is_empty() {
        return "claims";
    }
    KINDS
        .into_iter()
        .find(|known| *known == first)
        .unwrap_or("other")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_counted_by_its_kind() {
        for (path, kind) in [
            ("/", "claims"),
            ("/claim/x/why/support", "claim"),
            ("/log.jsonl", "log"),
            ("/tile/entries/000", "tile"),
            ("/api/v1/commits", "commits"),
            ("/api/v1/stream", "stream"),
            ("/api/v1/claims/commits", "api"),
            ("/api", "api"),
            ("/claims", "other"),
            ("/wp-login.php", "other"),
            ("//", "claims"),
            ("*", "other"),
        ] {
            assert_eq!(route_of(path), kind, "{path}");
        }
    }
}

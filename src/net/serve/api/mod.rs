//! Api: what programs read. The answers are those of the command line's `--json`, byte by byte
//! (docs/JSON.md).
//!
//! | file | what |
//! |---|---|
//! | `question` | what an address asks: words of the query, names in the path |
//! | `cursor` | where a list goes on: bound to the head and the question that it was made for |
//! | `claims` | claims: the list, and all that is told of one |
//! | `others` | artifacts, agents, contexts, views, the ledger itself |
//! | `log` | what happened, and the proof that it stands in the log |
//! | `found` | search over everything |
//! | `problem` | what a description says of refusals |

mod claims;
mod cursor;
mod found;
mod log;
mod others;
mod problem;
mod question;

use std::sync::Arc;

use axum::response::Response;
use hyper::header::HeaderMap;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::projection::absence_then;
use crate::value::Subject;

use super::super::answer::Problem;
use super::Shared;
use super::asking::Asked;
use super::current::Current;
use super::reply::Keep;

pub(super) use claims::not_bundled;
pub(super) use problem::Refusals;

const JSON: &str = "application/json";

/// Every `GET /api/v1/…` but the stream.
pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(claims::list))
        .routes(routes!(claims::claim))
        .routes(routes!(claims::events))
        .routes(routes!(claims::profile))
        .routes(routes!(claims::why))
        .routes(routes!(claims::history))
        .routes(routes!(claims::blame))
        .routes(routes!(claims::diff))
        .routes(routes!(claims::bundle))
        .routes(routes!(claims::cite))
        .routes(routes!(others::artifacts))
        .routes(routes!(others::artifact))
        .routes(routes!(others::agents))
        .routes(routes!(others::agent))
        .routes(routes!(others::contexts))
        .routes(routes!(others::context))
        .routes(routes!(others::views))
        .routes(routes!(others::view))
        .routes(routes!(others::ledger))
        .routes(routes!(log::log))
        .routes(routes!(log::prove))
        .routes(routes!(found::search))
}

/// Answers a read: that the asker has it already, or what is worked out beside the connections.
async fn read(
    served: &Shared,
    asker: &HeaderMap,
    (kind, keep): (&'static str, Keep),
    work: impl FnOnce(&Arc<Current>) -> Result<Vec<u8>, Problem> + Send + 'static,
) -> Result<Response, Problem> {
    let current = served.current();
    if let Some(unchanged) = current.unchanged(asker, keep) {
        return Ok(unchanged);
    }
    let work = move || Ok(current.reply(kind, work(&current)?, keep));
    served.work(work).await?
}

/// As [`read`], JSON.
async fn tell(
    served: &Shared,
    asker: &HeaderMap,
    keep: Keep,
    work: impl FnOnce(&Arc<Current>) -> Result<String, Problem> + Send + 'static,
) -> Result<Response, Problem> {
    read(served, asker, (JSON, keep), |current| {
        work(current).map(String::into_bytes)
    })
    .await
}

/// Why a subject cannot be shown in the state that was asked for.
fn absent(asked: &Asked, subject: &Subject) -> Problem {
    let newest = asked.current.ledger.state();
    let why = absence_then(newest, &asked.state, subject);
    let problem = Problem::not_found(format!("found no {subject}: {why}"));
    match newest.exists(subject) {
        true => problem.hint("without as-of and effective the newest state is shown"),
        false => problem.hint("/api/v1/search finds subjects by their words"),
    }
}

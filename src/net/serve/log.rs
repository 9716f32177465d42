//! Log: the ledger as a log that any client of C2SP tlog-tiles reads (c2sp.org/tlog-tiles).
//!
//! Everything is of the head that is current here, also while the writer is ahead of it: a client
//! that takes the checkpoint finds all that it covers.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use hyper::header::HeaderMap;

use crate::hash::Hash;
use crate::ledger::Ledger;
use crate::tlog::{Bundle, Tile, encode_bundle};

use super::super::answer::Problem;
use super::Shared;
use super::reply::{Keep, has_already, not_modified, reply};

const PLAIN: &str = "text/plain; charset=utf-8";
const BYTES: &str = "application/octet-stream";

/// `/checkpoint`, `/tile/…`, `/tile/entries/…`; `/cosigned/…` and `/policy` for mirrors.
pub(super) fn routes() -> utoipa_axum::router::OpenApiRouter<Shared> {
    let routes = Router::new()
        .route("/checkpoint", get(checkpoint))
        .route("/tile/{*path}", get(tile))
        .route("/cosigned/{size}", get(cosigned))
        .route("/policy", get(policy));
    routes.into()
}

async fn checkpoint(State(served): State<Shared>, asked: HeaderMap) -> Response {
    let current = served.current();
    tagged(&asked, current.ledger.custody().note.clone())
}

/// Bytes by whose hash the asker may have them already.
fn tagged(asked: &HeaderMap, bytes: Vec<u8>) -> Response {
    let tag = Hash::of(&bytes).to_string();
    match has_already(asked, &tag) {
        true => not_modified(Keep::Newest, &tag),
        false => reply(PLAIN, bytes, Keep::Newest, Some(&tag)),
    }
}

async fn tile(State(served): State<Shared>, Path(path): Path<String>) -> Result<Response, Problem> {
    let path = format!("tile/{path}");
    let current = served.current();
    let bytes = match (Tile::parse_path(&path), Bundle::parse_path(&path)) {
        (Ok(tile), _) => tile.bytes(current.ledger.tree()),
        // It is read from the disk.
        (_, Ok(bundle)) => {
            let ledger = current.ledger.clone();
            served.work(move || entries(&ledger, &bundle)).await??
        }
        _ => None,
    };
    let bytes = bytes.ok_or_else(|| Problem::not_found("no such tile at the newest head"))?;
    Ok(reply(BYTES, bytes, Keep::Ever, None))
}

/// A bundle; none where the head does not cover it.
fn entries(ledger: &Ledger, bundle: &Bundle) -> Result<Option<Vec<u8>>, Problem> {
    let range = bundle.entries();
    if range.end > ledger.state().size() {
        return Ok(None);
    }
    let damaged = |what: String| Problem::new(500, "damaged", what);
    let lines = ledger.lines(range.start, range.end);
    let lines = lines.map_err(|error| damaged(error.to_string()))?;
    let bytes = encode_bundle(lines.iter().map(Vec::as_slice));
    Ok(Some(bytes.map_err(|error| damaged(error.to_string()))?))
}

async fn cosigned(
    State(served): State<Shared>,
    Path(size): Path<String>,
    asked: HeaderMap,
) -> Result<Response, Problem> {
    let current = served.current();
    let found = served
        .work(move || current.ledger.cosigned_note(&size))
        .await?;
    let found = found.map_err(|error| Problem::new(500, "io", error.to_string()))?;
    let note = found.ok_or_else(|| Problem::not_found("no note that witnesses signed"))?;
    Ok(tagged(&asked, note))
}

async fn policy(State(served): State<Shared>, asked: HeaderMap) -> Result<Response, Problem> {
    let current = Arc::clone(&served.current());
    let found = served.work(move || current.ledger.policy_file()).await?;
    let found = found.map_err(|error| Problem::new(500, "io", error.to_string()))?;
    let policy = found.ok_or_else(|| Problem::not_found("no policy"))?;
    Ok(tagged(&asked, policy))
}

//! Prepare: what to sign. From what somebody wants to have happened to the bytes that Ed25519 signs,
//! and to the body that is sent once it did; so that a client needs no more than Ed25519 and JSON.
//!
//! Nothing here has to be believed: the bytes to sign are the commit's own, in full.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use base64ct::{Base64, Encoding as _};
use hyper::body::Bytes;
use hyper::header::HeaderMap;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::claim::{self, Act, Code, Rejection};
use crate::envelope::{Anchor, Commit, TYPE};
use crate::json::Json;
use crate::ledger::{Clock as _, SystemClock, prepare as commit_of, preview_unsigned, refused};
use crate::projection::{Asked, FiguresMoved, TimelineRow, figures_moved, timeline};
use crate::value::{CommitId, FormError, KeyId, Slug, Subject, Time, excerpt};

use super::super::answer::Problem;
use super::super::page::{self, Answer, Head};
use super::Shared;
use super::current::Current;
use super::reply::{Keep, reply};
use super::write::{Kind, kind_of};

/// `POST /api/v1/prepare`.
pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(prepare))
}

/// What is to happen, by whom.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// The agent that signs as author: its slug, with or without `agent/`.
    #[schema(example = "ada")]
    author: String,
    /// The id of his key; not needed where he has one valid key.
    key: Option<String>,
    /// Agents that will sign as well, where the policy asks for several signatures.
    #[serde(default)]
    with: Vec<String>,
    /// His clock: a time in UTC, in whole seconds. Not needed: the server's.
    at: Option<String>,
    /// 1 to 256 events in order, each `{"subject", "effective"?, "type", "data"}` as docs/FORMAT.md
    /// has the types.
    #[schema(value_type = Vec<Object>, min_items = 1, max_items = 256)]
    events: Vec<Json<'static>>,
}

/// A commit that waits for signatures: the answer `grounds.prepare/1`.
#[derive(Debug, Serialize, ToSchema)]
struct Prepared {
    /// Id of the commit.
    #[schema(value_type = CommitId)]
    id: String,
    /// Who signs as author.
    author: Slug,
    /// The commit.
    commit: CommitText,
    /// What each key signs.
    sign: ToSign,
    /// What is sent once they have signed.
    submit: ToSubmit,
    /// What it says, an event each.
    events: Vec<TimelineRow>,
    /// The figures of the claims that it bears on, before and after.
    figures: Vec<FiguresMoved>,
}

/// A commit's canonical bytes.
#[derive(Debug, Serialize, ToSchema)]
struct CommitText {
    /// As text.
    text: String,
    /// As base64.
    base64: String,
}

/// What is signed.
#[derive(Debug, Serialize, ToSchema)]
struct ToSign {
    /// Ids of the keys, in the order of the signatures.
    keys: Vec<KeyId>,
    /// The DSSE payload type.
    payload_type: &'static str,
    /// The message of Ed25519 (RFC 8032, pure): the DSSE pre-authentication encoding of the commit, as
    /// base64.
    bytes_base64: String,
}

/// What is sent to `/api/v1/commits`.
#[derive(Debug, Serialize, ToSchema)]
struct ToSubmit {
    /// The signed commit, with an empty `sig` where each signature belongs.
    text: String,
    /// The same in pieces, one more than there are keys: between the first and the second belongs the
    /// first key's signature of 64 bytes as padded base64, and so on. Put together they are the body.
    pieces: Vec<String>,
}

/// Prepare a commit to be signed
///
/// Fills in the places in their streams and the newest head, judges the commit as it will be judged
/// once it is signed, and says what it would do. Nothing is recorded. Check `commit.text` before you
/// sign: it is what you vouch for.
#[utoipa::path(
    post,
    path = "/api/v1/prepare",
    tag = "write",
    request_body = Wanted,
    responses(
        (status = 200, description = "What to sign, `grounds.prepare/1`", body = Answer<'static, Prepared>),
        (status = 400, description = "`bytes`, `schema`: not of its form", content_type = "application/problem+json", body = Problem),
        (status = 409, description = "`conflict`", content_type = "application/problem+json", body = Problem),
        (status = 413, description = "`limit`: larger than a commit may be", content_type = "application/problem+json", body = Problem),
        (status = 415, description = "`media_type`", content_type = "application/problem+json", body = Problem),
        (status = 422, description = "It would be rejected: the code of the rule", content_type = "application/problem+json", body = Problem),
        (status = 503, description = "`busy`; Retry-After says when", content_type = "application/problem+json", body = Problem),
    ),
)]
async fn prepare(
    State(served): State<Shared>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    if kind_of(&headers)? != Kind::One {
        return Err(Problem::new(
            415,
            "media_type",
            "another Content-Type, expected application/json",
        ));
    }
    let current = served.current();
    let text = served.work(move || prepared(&current, &body)).await??;
    Ok(reply("application/json", text, Keep::Never, None))
}

fn prepared(current: &Arc<Current>, body: &[u8]) -> Result<String, Problem> {
    let wanted: Wanted = serde_json::from_slice(body).map_err(|error| {
        let code = match error.is_data() {
            true => "schema",
            false => "bytes",
        };
        Problem::new(400, code, format!("the request: {error}"))
    })?;
    let ledger = &current.ledger;
    let state = ledger.state();
    let now = SystemClock::new().wall();
    let author = agent(state, &wanted.author)?;
    let keys = keys(state, &author, &wanted)?;
    let commit = commit(current, &author, &wanted, now)?;
    let origin = commit.ledger.clone();
    let previewed = preview_unsigned(state, ledger.tree(), &origin, commit.clone(), &keys, now)?;
    previewed.verdict.clone()?;
    let events = &previewed.entry.events;
    let asked = Asked::default();
    let mut rows: Vec<TimelineRow> = timeline(&previewed.state, &asked)
        .take(events.len())
        .collect();
    rows.reverse();
    let figures = figures_moved(state, &previewed.state, events.iter().map(|event| &**event));
    let answer = Prepared::of(&commit, author, keys, rows, figures);
    let head = Head::of(ledger, state, None, None);
    Ok(page::json("grounds.prepare/1", &head, answer))
}

fn commit(
    current: &Current,
    author: &Slug,
    wanted: &Wanted,
    now: Time,
) -> Result<Commit<'static>, Problem> {
    let state = current.ledger.state();
    let at = match &wanted.at {
        Some(at) => Time::parse_seconds(at).map_err(|error| malformed(error.inside("at")))?,
        None => now,
    };
    let acts = wanted.events.iter().enumerate().map(|(position, event)| {
        let act = Act::read(event);
        act.map_err(|error| malformed(error.inside(&format!("events[{position}]"))))
    });
    let acts: Vec<Act> = acts.collect::<Result<_, _>>()?;
    let head = &current.ledger.custody().checkpoint;
    let anchor = Anchor {
        size: head.size,
        root: head.root,
    };
    let origin = state.origin().cloned().ok_or_else(|| {
        Problem::new(
            503,
            "damaged",
            "no genesis, expected the ledger's name in entry 0",
        )
    })?;
    commit_of(state, &origin, Some(anchor), author, at, &acts)
        .map_err(|error| refused(&error).into())
}

fn malformed(error: FormError) -> Problem {
    refused(&crate::envelope::Refused::Form(error)).into()
}

/// An agent of the ledger.
fn agent(state: &claim::State, text: &str) -> Result<Slug, Problem> {
    let slug = text.strip_prefix("agent/").unwrap_or(text);
    let slug: Option<Slug> = slug.parse().ok();
    let known = slug.filter(|slug| state.agent(slug).is_some());
    known.ok_or_else(|| {
        let found = format!("the agent {}", excerpt(text));
        let rejection = Rejection::new(Code::Missing, found, "an agent of this ledger");
        rejection
            .hint("/agents lists them; a steward registers one")
            .into()
    })
}

/// The keys that are to sign: the author's, and one of each other signer.
fn keys(state: &claim::State, author: &Slug, wanted: &Wanted) -> Result<Vec<KeyId>, Problem> {
    let mut keys = vec![match &wanted.key {
        Some(key) => named(state, author, key)?,
        None => only_key(state, author)?,
    }];
    for other in &wanted.with {
        keys.push(only_key(state, &agent(state, other)?)?);
    }
    // As they stand in a signed commit.
    keys.sort_by_key(KeyId::to_string);
    keys.dedup();
    Ok(keys)
}

fn named(state: &claim::State, author: &Slug, key: &str) -> Result<KeyId, Problem> {
    let id: Option<KeyId> = key.parse().ok();
    let is_his = |id: &KeyId| {
        let owner = state.valid_key(id);
        owner.is_some_and(|owner| owner.agent == *author)
    };
    id.filter(is_his).ok_or_else(|| {
        let expected = format!(
            "the id of a valid key of {}",
            Subject::agent(author.clone())
        );
        Rejection::new(
            Code::Signature,
            format!("the key {}", excerpt(key)),
            expected,
        )
        .into()
    })
}

fn only_key(state: &claim::State, agent: &Slug) -> Result<KeyId, Problem> {
    let keys = state.agent(agent).map(|agent| agent.keys.as_slice());
    let valid = keys.unwrap_or_default().iter().map(|key| key.id);
    let valid: Vec<KeyId> = valid.filter(|id| state.valid_key(id).is_some()).collect();
    match valid.as_slice() {
        [key] => Ok(*key),
        several => {
            let ids: Vec<String> = several.iter().map(KeyId::to_string).collect();
            let found = match ids.as_slice() {
                [] => format!("no valid key of agent/{agent}"),
                ids => format!("several valid keys of agent/{agent}: {}", ids.join(", ")),
            };
            let rejection = Rejection::new(Code::Signature, found, "one, or its id as key");
            Err(rejection.into())
        }
    }
}

impl Prepared {
    fn of(
        commit: &Commit<'_>,
        author: Slug,
        keys: Vec<KeyId>,
        events: Vec<TimelineRow>,
        figures: Vec<FiguresMoved>,
    ) -> Prepared {
        let text = String::from_utf8_lossy(&commit.bytes).into_owned();
        let pieces = pieces(&text, &keys);
        Prepared {
            id: commit.id().to_string(),
            author,
            sign: ToSign {
                keys,
                payload_type: TYPE,
                bytes_base64: Base64::encode_string(&commit.message()),
            },
            submit: ToSubmit {
                text: pieces.concat(),
                pieces,
            },
            commit: CommitText {
                base64: Base64::encode_string(&commit.bytes),
                text,
            },
            events,
            figures,
        }
    }
}

/// The text of a signed commit around its signatures.
fn pieces(commit: &str, keys: &[KeyId]) -> Vec<String> {
    let key = |key: &KeyId| format!("{{\"key\":\"{key}\",\"sig\":\"");
    let mut pieces = vec![format!("{{\"commit\":{commit},\"signatures\":[")];
    for (place, id) in keys.iter().enumerate() {
        let last = pieces.last_mut().expect("there is a first one");
        if place > 0 {
            last.push_str("\"},");
        }
        last.push_str(&key(id));
        pieces.push(String::new());
    }
    let last = pieces.last_mut().expect("there is a first one");
    last.push_str("\"}]}");
    pieces
}

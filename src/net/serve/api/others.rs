//! Others: artifacts, agents, contexts, views, and the ledger itself.

use axum::extract::State;
use axum::response::Response;
use hyper::header::HeaderMap;
use serde::Serialize;
use utoipa::ToSchema;

use crate::projection::{
    AgentPage, AgentRow, ArtifactPage, ArtifactRow, ContextPage, ContextRow, LedgerPage, ViewPage,
    ViewRow, agent_page, agent_rows, artifact_page, artifact_rows, context_page, context_rows,
    ledger_page, view_page, view_rows,
};
use crate::value::{Kind, Slug, Subject};

use super::super::super::answer::Problem;
use super::super::super::page::{self, Answer, Shown};
use super::super::Shared;
use super::super::asking::Asked;
use super::cursor::Listing;
use super::question::{Clocks, Names, Part, Words, limit_of};
use super::{Refusals, absent, tell};

/// Things of one kind, a line each: the answers of `grounds.artifacts/1` and its likes.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Rows<'a, R: Serialize> {
    /// How many there are; `rows` may hold fewer of them.
    count: u64,
    /// They, by slug.
    rows: &'a [R],
    /// The `cursor` that goes on; not there at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// The rows of one kind, a part of them.
async fn list<R: Serialize>(
    served: &Shared,
    asker: &HeaderMap,
    words: Part,
    schema: &'static str,
    rows: impl FnOnce(&Asked) -> Vec<R> + Send + 'static,
) -> Result<Response, Problem> {
    let (limit, asking) = (limit_of(words.limit)?, words.asking());
    tell(served, asker, asking.keep(), move |current| {
        let listing = Listing::of(current, &asking, schema, words.cursor.as_deref())?;
        let all = rows(&listing.asked);
        let (rows, next) = listing.part(&all, limit);
        let rows = Rows {
            count: all.len() as u64,
            rows,
            next,
        };
        Ok(page::json(schema, &listing.asked.head, rows))
    })
    .await
}

/// The page of one thing.
async fn show<P: Serialize>(
    served: &Shared,
    asker: &HeaderMap,
    words: Clocks,
    (kind, slug): (Kind, Slug),
    page: impl FnOnce(&Asked, &Slug) -> Option<P> + Send + 'static,
) -> Result<Response, Problem> {
    let asking = words.asking();
    tell(served, asker, asking.keep(), move |current| {
        let asked = asking.of(current)?;
        let page = page(&asked, &slug);
        let page = page.ok_or_else(|| absent(&asked, &Subject::Entity(kind, slug)))?;
        Ok(page::show(kind.word(), &asked.head, &page))
    })
    .await
}

/// Artifacts, a line each
#[utoipa::path(
    get,
    path = "/api/v1/artifacts",
    tag = "artifacts",
    params(Part),
    responses((status = 200, description = "grounds.artifacts/1", body = Answer<'static, Rows<'static, ArtifactRow>>), Refusals)
)]
pub(super) async fn artifacts(
    State(served): State<Shared>,
    Words(words): Words<Part>,
    asker: HeaderMap,
) -> Result<Response, Problem> {
    list(&served, &asker, words, "grounds.artifacts/1", |asked| {
        artifact_rows(&asked.state, &asked.filter)
    })
    .await
}

/// An artifact: what it is, how it stands, who cites it
#[utoipa::path(
    get,
    path = "/api/v1/artifacts/{slug}",
    tag = "artifacts",
    params(("slug" = Slug, Path, description = "The artifact"), Clocks),
    responses((status = 200, description = "grounds.show/1", body = Answer<'static, Shown<'static, ArtifactPage>>), Refusals)
)]
pub(super) async fn artifact(
    State(served): State<Shared>,
    names: Names,
    Words(words): Words<Clocks>,
    asker: HeaderMap,
) -> Result<Response, Problem> {
    let what = (Kind::Artifact, names.slug("artifact")?);
    show(&served, &asker, words, what, |asked, slug| {
        artifact_page(&asked.state, slug, &asked.filter)
    })
    .await
}

/// Agents, a line each
#[utoipa::path(
    get,
    path = "/api/v1/agents",
    tag = "agents",
    params(Part),
    responses((status = 200, description = "grounds.agents/1", body = Answer<'static, Rows<'static, AgentRow>>), Refusals)
)]
pub(super) async fn agents(
    State(served): State<Shared>,
    Words(words): Words<Part>,
    asker: HeaderMap,
) -> Result<Response, Problem> {
    list(&served, &asker, words, "grounds.agents/1", |asked| {
        agent_rows(&asked.state)
    })
    .await
}

/// An agent: its roles, its keys, what it signed
#[utoipa::path(
    get,
    path = "/api/v1/agents/{slug}",
    tag = "agents",
    params(("slug" = Slug, Path, description = "The agent"), Clocks),
    responses((status = 200, description = "grounds.show/1", body = Answer<'static, Shown<'static, AgentPage>>), Refusals)
)]
pub(super) async fn agent(
    State(served): State<Shared>,
    names: Names,
    Words(words): Words<Clocks>,
    asker: HeaderMap,
) -> Result<Response, Problem> {
    let what = (Kind::Agent, names.slug("agent")?);
    show(&served, &asker, words, what, |asked, slug| {
        agent_page(&asked.state, slug)
    })
    .await
}

/// Contexts, a line each
#[utoipa::path(
    get,
    path = "/api/v1/contexts",
    tag = "contexts",
    params(Part),
    responses((status = 200, description = "grounds.contexts/1", body = Answer<'static, Rows<'static, ContextRow>>), Refusals)
)]
pub(super) async fn contexts(
    State(served): State<Shared>,
    Words(words): Words<Part>,
    asker: HeaderMap,
) -> Result<Response, Problem> {
    list(&served, &asker, words, "grounds.contexts/1", |asked| {
        context_rows(&asked.state, &asked.filter)
    })
    .await
}

/// A context, and the claims that hold or fail in it
#[utoipa::path(
    get,
    path = "/api/v1/contexts/{slug}",
    tag = "contexts",
    params(("slug" = Slug, Path, description = "The context"), Clocks),
    responses((status = 200, description = "grounds.show/1", body = Answer<'static, Shown<'static, ContextPage>>), Refusals)
)]
pub(super) async fn context(
    State(served): State<Shared>,
    names: Names,
    Words(words): Words<Clocks>,
    asker: HeaderMap,
) -> Result<Response, Problem> {
    let what = (Kind::Context, names.slug("context")?);
    show(&served, &asker, words, what, |asked, slug| {
        context_page(&asked.state, slug, &asked.filter)
    })
    .await
}

/// Views, a line each
#[utoipa::path(
    get,
    path = "/api/v1/views",
    tag = "views",
    params(Part),
    responses((status = 200, description = "grounds.views/1", body = Answer<'static, Rows<'static, ViewRow>>), Refusals)
)]
pub(super) async fn views(
    State(served): State<Shared>,
    Words(words): Words<Part>,
    asker: HeaderMap,
) -> Result<Response, Problem> {
    list(&served, &asker, words, "grounds.views/1", |asked| {
        view_rows(&asked.state)
    })
    .await
}

/// A view: its rules, and where each claim falls
#[utoipa::path(
    get,
    path = "/api/v1/views/{slug}",
    tag = "views",
    params(("slug" = Slug, Path, description = "The view"), Clocks),
    responses((status = 200, description = "grounds.show/1", body = Answer<'static, Shown<'static, ViewPage>>), Refusals)
)]
pub(super) async fn view(
    State(served): State<Shared>,
    names: Names,
    Words(words): Words<Clocks>,
    asker: HeaderMap,
) -> Result<Response, Problem> {
    let what = (Kind::View, names.slug("view")?);
    show(&served, &asker, words, what, |asked, slug| {
        view_page(&asked.state, slug, asked.model, &asked.filter)
    })
    .await
}

/// The ledger itself: its name and key, who keeps it, how much is in it
#[utoipa::path(
    get,
    path = "/api/v1/ledger",
    tag = "log",
    params(Clocks),
    responses((status = 200, description = "grounds.show/1", body = Answer<'static, Shown<'static, LedgerPage>>), Refusals)
)]
pub(super) async fn ledger(
    State(served): State<Shared>,
    Words(words): Words<Clocks>,
    asker: HeaderMap,
) -> Result<Response, Problem> {
    let asking = words.asking();
    tell(&served, &asker, asking.keep(), move |current| {
        let asked = asking.of(current)?;
        let page = ledger_page(&asked.state).ok_or_else(|| absent(&asked, &Subject::Ledger))?;
        Ok(page::show("ledger", &asked.head, &page))
    })
    .await
}

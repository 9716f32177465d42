//! Found: search over everything.

use axum::extract::State;
use axum::response::Response;
use hyper::header::HeaderMap;
use serde::Serialize;
use utoipa::ToSchema;

use crate::projection::Found;

use super::super::super::answer::Problem;
use super::super::super::page::{self, Answer};
use super::super::Shared;
use super::cursor::Listing;
use super::question::{Words, asking, limit_of};
use super::{Refusals, tell};

asking! {
    /// What is searched.
    struct SearchWords {
        /// Words that all must occur
        #[param(example = "neurons")]
        q: String,
        /// At most so many
        #[param(minimum = 1, maximum = 500, default = 100)]
        limit: Option<u64>,
        /// Go on where an answer ended: its `next`. Everything else is asked as it was
        #[param(min_length = 1)]
        cursor: Option<String>,
    }
}

/// The answer of `grounds.search/1`.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Searched<'a> {
    /// How many there are; `found` may hold fewer of them.
    count: u64,
    /// They: those that have all words in their name or slug first; then claims, artifacts, agents,
    /// contexts, views; by slug.
    found: &'a [Found],
    /// The `cursor` that goes on; not there at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// Subjects in which all words occur
#[utoipa::path(
    get,
    path = "/api/v1/search",
    tag = "search",
    params(SearchWords),
    responses((status = 200, description = "grounds.search/1", body = Answer<'static, Searched<'static>>), Refusals)
)]
pub(super) async fn search(
    State(served): State<Shared>,
    Words(words): Words<SearchWords>,
    asker: HeaderMap,
) -> Result<Response, Problem> {
    let (limit, asking) = (limit_of(words.limit)?, words.asking());
    tell(&served, &asker, asking.keep(), move |current| {
        let question = format!("search {:?}", words.q);
        let listing = Listing::of(current, &asking, &question, words.cursor.as_deref())?;
        let asked = &listing.asked;
        let all = crate::projection::search(&asked.state, &asked.filter, &words.q);
        let (found, next) = listing.part(&all, limit);
        let searched = Searched {
            count: all.len() as u64,
            found,
            next,
        };
        Ok(page::json("grounds.search/1", &asked.head, searched))
    })
    .await
}

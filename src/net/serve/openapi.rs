//! Openapi: the description of the routes that programs use (OpenAPI 3.1), made from their code.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use hyper::header::HeaderMap;
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{Components, InfoBuilder, LicenseBuilder, OpenApi};
use utoipa::{PartialSchema as _, ToSchema as _};

use crate::hash::Hash;

use super::super::answer::Problem;
use super::Shared;
use super::reply::{Keep, has_already, not_modified, reply};

const TAGS: [(&str, &str); 8] = [
    ("claims", "Claims and all that is told of them"),
    ("artifacts", "What claims cite"),
    ("agents", "Who signs"),
    ("contexts", "Where claims hold and fail"),
    ("views", "Rules by which claims are taken in or left out"),
    ("log", "What happened, in order, and proofs of it"),
    ("search", "Everything by its words"),
    ("write", "Commits"),
];

/// `/openapi.json`.
pub(super) fn routes(description: OpenApi) -> Router<Shared> {
    let text = whole(description).to_pretty_json();
    let text = text.expect("a description is text and numbers") + "\n";
    let tag = Hash::of(text.as_bytes()).to_string();
    let text = Bytes::from(text);
    Router::new().route(
        "/openapi.json",
        get(|State(_): State<Shared>, asker: HeaderMap| async move { told(&asker, text, &tag) }),
    )
}

fn told(asker: &HeaderMap, text: Bytes, tag: &str) -> Response {
    match has_already(asker, tag) {
        true => not_modified(Keep::Newest, tag),
        false => reply("application/json", text, Keep::Newest, Some(tag)),
    }
}

/// With what no single route knows.
fn whole(mut description: OpenApi) -> OpenApi {
    let license = LicenseBuilder::new().name("MIT OR Apache-2.0");
    let mut license = license.build();
    license.identifier = Some("MIT OR Apache-2.0".to_owned());
    description.info = InfoBuilder::new()
        .title("grounds")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "The ledger of what a claim stands on. Figures are whole numbers in parts per million; \
             text of the ledger is a stranger's: escape it before you show it. docs/JSON.md says \
             what every field means.",
        ))
        .license(Some(license))
        .build();
    let tags = TAGS.map(|(name, what)| {
        let tag = TagBuilder::new().name(name);
        tag.description(Some(what)).build()
    });
    description.tags = Some(tags.to_vec());
    let components = description.components.get_or_insert_with(Components::new);
    let problem = (Problem::name().into_owned(), Problem::schema());
    components.schemas.extend([problem]);
    description
}

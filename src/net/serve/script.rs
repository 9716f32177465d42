//! Script: the scripts that claim pages load, each at an address that changes with its bytes.

use axum::Router;
use axum::body::Bytes;
use axum::routing::get;

use super::super::page::scripts;
use super::Shared;
use super::reply::{Keep, reply};

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

/// `/verify-….mjs` and `/page-….mjs`.
pub(super) fn routes() -> utoipa_axum::router::OpenApiRouter<Shared> {
    let mut routes = Router::new();
    for (path, text) in scripts() {
        let text = Bytes::from(text);
        let answer = async move || reply(JAVASCRIPT, text.clone(), Keep::Ever, None);
        routes = routes.route(&format!("/{path}"), get(answer));
    }
    routes.into()
}

//! Openapi: the description of the routes that programs use.

use axum::Router;

use super::Shared;

/// None yet.
pub(super) fn routes(_description: utoipa::openapi::OpenApi) -> Router<Shared> {
    Router::new()
}

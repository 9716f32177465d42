//! Api: what programs read.

use super::Shared;

/// None yet.
pub(super) fn routes() -> utoipa_axum::router::OpenApiRouter<Shared> {
    utoipa_axum::router::OpenApiRouter::new()
}

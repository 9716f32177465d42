//! Write: commits come in by `POST /api/v1/commits`, prepared by `POST /api/v1/prepare`.

use super::Shared;

/// None yet.
pub(super) fn routes() -> utoipa_axum::router::OpenApiRouter<Shared> {
    utoipa_axum::router::OpenApiRouter::new()
}

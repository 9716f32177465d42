//! Answers, and refusals as problem+json (RFC 9457).

use std::convert::Infallible;

use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::header::{CONNECTION, CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};

use super::head::Refused;

/// An answer: whole, or a body that goes on.
pub type Answer = Response<BoxBody<Bytes, Infallible>>;

/// An answer of these bytes.
#[must_use]
pub fn text(status: u16, kind: &'static str, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(body.into()).boxed());
    *answer.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    answer
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    answer
}

/// A refusal: a stable `code` for programs, and what was found and expected.
#[must_use]
pub fn problem(status: u16, code: &str, detail: &str) -> Answer {
    let title = StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason())
        .unwrap_or("Bad Request");
    let body = serde_json::json!({
        "type": "about:blank",
        "title": title,
        "status": status,
        "code": code,
        "detail": detail,
    });
    text(status, "application/problem+json", format!("{body}\n"))
}

/// The answer to a request after which nothing that follows on the connection is read.
pub(super) fn refusal(refused: &Refused) -> Answer {
    let mut answer = problem(refused.status, refused.code, &refused.detail);
    answer
        .headers_mut()
        .insert(CONNECTION, HeaderValue::from_static("close"));
    answer
}

//! Answers, and refusals as problem+json (RFC 9457).

use std::borrow::Cow;
use std::convert::Infallible;

use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::header::{CONNECTION, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use hyper::{Response, StatusCode};

use super::head::Refused;

/// An answer: whole, or a body that goes on.
pub type Answer = Response<UnsyncBoxBody<Bytes, Infallible>>;

/// An answer of these bytes.
#[must_use]
pub fn text(status: u16, kind: &'static str, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(body.into()).boxed_unsync());
    *answer.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    answer
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    answer
}

/// A refusal: a stable `code` for programs, and what was found and expected.
#[must_use]
pub fn problem(status: u16, code: &str, detail: &str) -> Answer {
    Problem::new(status, code.to_owned(), detail).answer()
}

/// Why a request was not done: problem details (RFC 9457 §3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    /// The HTTP status: 4xx or 5xx.
    pub(super) status: u16,
    /// A stable word for programs: those of the command line.
    pub(super) code: Cow<'static, str>,
    /// What was found and expected.
    pub(super) detail: String,
    /// The next step.
    pub(super) hint: Option<String>,
    /// The event's position in the commit.
    pub(super) position: Option<u16>,
    /// When to ask again: seconds.
    pub(super) retry_after: Option<u32>,
}

impl Problem {
    pub(super) fn new(
        status: u16,
        code: impl Into<Cow<'static, str>>,
        detail: impl Into<String>,
    ) -> Problem {
        Problem {
            status,
            code: code.into(),
            detail: detail.into(),
            hint: None,
            position: None,
            retry_after: None,
        }
    }

    /// The question is not of its form.
    pub(super) fn usage(detail: impl Into<String>) -> Problem {
        Problem::new(400, "usage", detail)
    }

    /// Nothing of that name.
    pub(super) fn not_found(detail: impl Into<String>) -> Problem {
        Problem::new(404, "not_found", detail)
    }

    /// More is asked than can be done at a time. Nothing was done.
    pub(super) fn busy(detail: impl Into<String>) -> Problem {
        Problem {
            retry_after: Some(1),
            ..Problem::new(503, "busy", detail)
        }
    }

    /// With the next step.
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Problem {
        self.hint = Some(hint.into());
        self
    }

    /// As JSON.
    pub(super) fn json(&self) -> serde_json::Value {
        let status = StatusCode::from_u16(self.status).ok();
        let title = status.and_then(|status| status.canonical_reason());
        let mut json = serde_json::json!({
            "type": "about:blank",
            "title": title.unwrap_or("Bad Request"),
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
        });
        if let Some(hint) = &self.hint {
            json["hint"] = hint.as_str().into();
        }
        if let Some(position) = self.position {
            json["position"] = position.into();
        }
        if let Some(seconds) = self.retry_after {
            json["retry_after"] = seconds.into();
        }
        json
    }

    /// As an answer.
    pub(super) fn answer(&self) -> Answer {
        let body = format!("{}\n", self.json());
        let mut answer = text(self.status, "application/problem+json", body);
        if let Some(seconds) = self.retry_after {
            answer.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        answer
    }
}

/// The answer to a request after which nothing that follows on the connection is read.
pub(super) fn refusal(refused: &Refused) -> Answer {
    let mut answer = problem(refused.status, refused.code, &refused.detail);
    answer
        .headers_mut()
        .insert(CONNECTION, HeaderValue::from_static("close"));
    answer
}

//! Reply: answers, how long they may be kept, and whether the asker has them already (RFC 9110 §8.8,
//! §13; RFC 9111).

use std::borrow::Cow;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use hyper::StatusCode;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, IF_NONE_MATCH};

use super::super::answer::Problem;
use super::current::Current;

/// How long an answer may be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    /// What the newest head says: the asker asks each time whether it is still so.
    Newest,
    /// A past state. Only entries that are withheld, or damage, could change it.
    Past,
    /// Bytes that are never others at this address.
    Ever,
    /// How it is at this moment.
    Never,
}

impl Keep {
    fn words(self) -> &'static str {
        match self {
            Keep::Newest => "no-cache",
            Keep::Past => "public, max-age=3600",
            Keep::Ever => "public, max-age=31536000, immutable",
            Keep::Never => "no-store",
        }
    }
}

/// A whole answer, with the tag of what it was read from.
pub(super) fn reply(
    kind: &'static str,
    body: impl Into<Body>,
    keep: Keep,
    tag: Option<&str>,
) -> Response {
    let mut response = Response::new(body.into());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    mark(headers, keep, tag);
    response
}

/// That the asker has the answer already: no body.
pub(super) fn not_modified(keep: Keep, tag: &str) -> Response {
    let mut response = StatusCode::NOT_MODIFIED.into_response();
    mark(response.headers_mut(), keep, Some(tag));
    response
}

fn mark(headers: &mut HeaderMap, keep: Keep, tag: Option<&str>) {
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(keep.words()));
    let tag = tag.and_then(|tag| HeaderValue::from_str(&format!("\"{tag}\"")).ok());
    if let Some(tag) = tag {
        headers.insert(ETAG, tag);
    }
}

/// Whether the asker has what this tag is of (RFC 9110 §13.1.2: compared weakly, `*` is any).
pub(super) fn has_already(asked: &HeaderMap, tag: &str) -> bool {
    let lists = asked.get_all(IF_NONE_MATCH).iter();
    let tags = lists.filter_map(|list| list.to_str().ok()?.into());
    tags.flat_map(|list: &str| list.split(',')).any(|one| {
        let one = one.trim();
        let one = one.strip_prefix("W/").unwrap_or(one);
        one == "*" || one.strip_prefix('"').and_then(|one| one.strip_suffix('"')) == Some(tag)
    })
}

impl Current {
    /// 304, where the asker has the answer at this head already.
    pub(super) fn unchanged(&self, asked: &HeaderMap, keep: Keep) -> Option<Response> {
        has_already(asked, &self.tag).then(|| not_modified(keep, &self.tag))
    }

    /// A whole answer that was read from this head.
    pub(super) fn reply(&self, kind: &'static str, body: impl Into<Body>, keep: Keep) -> Response {
        reply(kind, body, keep, Some(&self.tag))
    }
}

/// The code of the problem that an answer is, for figures.
#[derive(Debug, Clone)]
pub(super) struct Said(pub(super) Cow<'static, str>);

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.answer().map(Body::new);
        response.extensions_mut().insert(Said(self.code));
        mark(response.headers_mut(), Keep::Never, None);
        response
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// The examples of RFC 9110 §8.8.3.2, and lists.
    #[test]
    fn tags_are_compared_weakly_and_may_come_in_lists() {
        for (asked, has) in [
            (&["\"1\""][..], true),
            (&["W/\"1\""], true),
            (&["\"2\""], false),
            (&["W/\"2\""], false),
            (&["*"], true),
            (&["\"2\", W/\"1\""], true),
            (&["\"2\"", "\"1\""], true),
            (&["1"], false),
            (&["\"1"], false),
            (&["\""], false),
            (&[""], false),
            (&[], false),
        ] {
            let mut headers = HeaderMap::new();
            for value in asked {
                headers.append(IF_NONE_MATCH, HeaderValue::from_static(value));
            }
            assert_eq!(has_already(&headers, "1"), has, "{asked:?}");
        }
    }
}

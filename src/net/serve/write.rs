//! Write: commits come in, receipts go out.
//!
//! A commit is durable, under a signed head, before its receipt leaves. Nothing that came in is
//! dropped because its sender went away: he submits the same commit again, and gets the receipt.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use hyper::StatusCode;
use hyper::body::Bytes;
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::claim;
use crate::envelope::Signed;
use crate::ledger::{NoReceipt, Receipt, Waiting, WriterHandle, refused};
use crate::value::KeyId;

use super::super::answer::Problem;
use super::super::listener::Peer;
use super::super::page::Links;
use super::Shared;
use super::outcome::was_signed;
use super::rates::{counted, too_fast};
use super::reply::{Keep, reply};

const JSON: &str = "application/json";
const LINES: &str = "application/x-ndjson";

/// The most commits of one request.
const MOST_LINES: usize = 1000;

/// `POST /api/v1/commits`.
pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(commits))
}

/// Record signed commits
///
/// One signed commit in its canonical bytes, or up to 1,000 of them, a line each. A commit is on disk
/// and under a signed head before it is acknowledged. A commit that is recorded already is answered
/// with its receipt: submitting again is always safe, and settles what became of a request whose
/// answer was lost. Of several lines each has its own answer, in the same order; one that is refused
/// does not keep the others out.
#[utoipa::path(
    post,
    path = "/api/v1/commits",
    tag = "write",
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "The same key with another body is refused with 409, for a day. Needed by nobody: a commit is recorded once"),
    ),
    request_body(
        description = "`{\"commit\":…,\"signatures\":[…]}` as docs/FORMAT.md has it; in application/x-ndjson one a line",
        content((serde_json::Value = "application/json"), (String = "application/x-ndjson")),
    ),
    responses(
        (status = 200, description = "One commit: its receipt, it was recorded before. Lines: for each its receipt, or problem details with its `line`", content((Receipt = "application/json"), (String = "application/x-ndjson"))),
        (status = 201, description = "Recorded now: the receipt", body = Receipt, headers(("Location" = String, description = "Where the entry is shown"))),
        (status = 400, description = "`bytes`, `schema`: not a signed commit", content_type = "application/problem+json", body = Problem),
        (status = 403, description = "`read_only`: nothing can be written here", content_type = "application/problem+json", body = Problem),
        (status = 409, description = "`conflict`: the stream moved on. `idempotency`: the key belongs to another body", content_type = "application/problem+json", body = Problem),
        (status = 413, description = "`limit`: more bytes, events or lines than may be", content_type = "application/problem+json", body = Problem),
        (status = 415, description = "`media_type`: another Content-Type, or a Content-Encoding", content_type = "application/problem+json", body = Problem),
        (status = 422, description = "Rejected: the code of the rule, such as `signature`, `role`, `missing`", content_type = "application/problem+json", body = Problem),
        (status = 429, description = "`rate`: too many by this key, or from this address; Retry-After says when", content_type = "application/problem+json", body = Problem),
        (status = 500, description = "`unknown_outcome`: submit the same commit again", content_type = "application/problem+json", body = Problem),
        (status = 503, description = "`busy`, `stopping`, `clock`, `io`: nothing was recorded; Retry-After says when", content_type = "application/problem+json", body = Problem),
    ),
)]
async fn commits(
    State(served): State<Shared>,
    Extension(Peer(peer)): Extension<Peer>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let Some(writer) = served.writer.clone() else {
        return Err(Problem::new(
            403,
            "read_only",
            "this server has no log key, or was asked to take no commits",
        ));
    };
    let kind = kind_of(&headers)?;
    let mut using = served.idempotency.using(&headers, &body, Instant::now())?;
    let door = Door {
        served,
        writer,
        from: counted(peer.ip()),
    };
    // On its own: it goes on where the one who asked has gone.
    let work = tokio::spawn(async move {
        let answer = match kind {
            Kind::One => door.one(&body).await,
            Kind::Lines => door.lines(&body).await,
        };
        if let Some(using) = using.as_mut().filter(|_| binds(&answer)) {
            using.bind();
        }
        answer
    });
    work.await
        .map_err(|_| Problem::from(NoReceipt::unanswered()))?
}

/// What a body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    One,
    Lines,
}

pub(super) fn kind_of(headers: &HeaderMap) -> Result<Kind, Problem> {
    let unsupported = |detail: &str| Problem::new(415, "media_type", detail);
    let is_plain = |coding: &HeaderValue| coding.as_bytes().eq_ignore_ascii_case(b"identity");
    if !headers.get_all(CONTENT_ENCODING).iter().all(is_plain) {
        return Err(unsupported(
            "a Content-Encoding, expected the commit's own bytes: they are what is signed",
        ));
    }
    let mut kinds = headers.get_all(CONTENT_TYPE).iter();
    let kind = kinds.next().and_then(|kind| kind.to_str().ok());
    let essence = kind.unwrap_or_default().split(';').next();
    match essence.unwrap_or_default().trim().to_ascii_lowercase() {
        kind if kind == JSON && kinds.next().is_none() => Ok(Kind::One),
        kind if kind == LINES && kinds.next().is_none() => Ok(Kind::Lines),
        _ => Err(unsupported(
            "another Content-Type, expected application/json for one commit, application/x-ndjson for one a line",
        )),
    }
}

/// Whether something was recorded, or may have been.
fn binds(answer: &Result<Response, Problem>) -> bool {
    match answer {
        Ok(_) => true,
        Err(problem) => problem.code == "unknown_outcome",
    }
}

/// Where commits come in, for one who sends them.
struct Door {
    served: Shared,
    writer: WriterHandle,
    from: IpAddr,
}

/// Who has paid for a commit.
enum Payer {
    Key(KeyId),
    Address,
}

/// A commit on its way.
struct Sent {
    waiting: Waiting,
    payer: Payer,
}

impl Door {
    async fn one(&self, body: &[u8]) -> Result<Response, Problem> {
        let commit = body.strip_suffix(b"\n").unwrap_or(body);
        let receipt = self.answer(self.send(commit)).await?;
        let mut response = reply(JSON, line_of(&receipt), Keep::Never, None);
        if !receipt.is_repeated {
            *response.status_mut() = StatusCode::CREATED;
        }
        let place = Links::Server.event(&format!("@{}", receipt.index));
        if let Ok(place) = HeaderValue::from_str(&place) {
            response.headers_mut().insert(LOCATION, place);
        }
        Ok(response)
    }

    async fn lines(&self, body: &[u8]) -> Result<Response, Problem> {
        let lines = body.split(|byte| *byte == b'\n').enumerate();
        let lines: Vec<(usize, &[u8])> = lines.filter(|(_, line)| !line.is_empty()).collect();
        if lines.is_empty() {
            return Err(Problem::new(
                400,
                "bytes",
                "nothing, expected a signed commit on each line",
            ));
        }
        if lines.len() > MOST_LINES {
            return Err(Problem::new(
                413,
                "limit",
                format!(
                    "{} commits, expected at most {MOST_LINES} in a request",
                    lines.len()
                ),
            ));
        }
        let (numbers, lines): (Vec<usize>, Vec<&[u8]>) = lines.into_iter().unzip();
        let answers = self.in_order(&lines).await;
        let answers = answers.into_iter().zip(numbers);
        let answers = answers.map(|(answer, number)| match answer {
            Ok(receipt) => line_of(&receipt),
            Err(problem) => {
                self.served.metrics.refused("commits", &problem.code);
                let mut json = problem.json();
                json["line"] = (number + 1).into();
                format!("{json}\n").into_bytes()
            }
        });
        let answers: Vec<u8> = answers.flatten().collect();
        Ok(reply(LINES, Body::from(answers), Keep::Never, None))
    }

    /// Sends them in their order, since one may build on another. Where the queue is full, it waits
    /// for its own before it says so.
    async fn in_order(&self, lines: &[&[u8]]) -> Vec<Result<Receipt, Problem>> {
        let mut answers = Vec::with_capacity(lines.len());
        let mut on_their_way = std::collections::VecDeque::new();
        for line in lines {
            let mut sent = self.send(line);
            while matches!(&sent, Err(problem) if problem.code == "busy")
                && let Some(first) = on_their_way.pop_front()
            {
                answers.push(self.answer(first).await);
                sent = self.send(line);
            }
            on_their_way.push_back(sent);
        }
        for sent in on_their_way {
            answers.push(self.answer(sent).await);
        }
        answers
    }

    /// Puts a commit on its way, if its sender is not too fast.
    fn send(&self, commit: &[u8]) -> Result<Sent, Problem> {
        let payer = self.pay(commit)?;
        match self.writer.try_submit(commit.to_vec()) {
            Ok(waiting) => Ok(Sent { waiting, payer }),
            Err(none) => {
                self.give_back(&payer);
                Err(none.into())
            }
        }
    }

    /// Waits for what becomes of it.
    async fn answer(&self, sent: Result<Sent, Problem>) -> Result<Receipt, Problem> {
        let Sent { waiting, payer } = sent?;
        let answered = waiting.answer().await;
        self.settle(&payer, &answered);
        let receipt = answered?;
        self.served.metrics.commit(receipt.is_repeated);
        self.served.until_shown(receipt.index).await;
        Ok(receipt)
    }

    /// The key that it names as its author's pays, else the address that it comes from.
    fn pay(&self, commit: &[u8]) -> Result<Payer, Problem> {
        let rates = &self.served.rates;
        let now = Instant::now();
        let stranger = |wait| too_fast("strangers from this address", wait);
        let parsed = Signed::parse(commit).map_err(|error| {
            let taken = rates.strangers.take(&self.from, now);
            taken.map_or_else(stranger, |()| refused(&error).into())
        })?;
        let current = self.served.current();
        let state = current.ledger.state();
        let Some(key) = key_of(state, &parsed) else {
            rates.strangers.take(&self.from, now).map_err(stranger)?;
            return Ok(Payer::Address);
        };
        // From where much came that was not signed, a look at the signature comes first.
        if let Err(wait) = rates.strangers.has(&self.from, now)
            && !is_signed(state, parsed)
        {
            return Err(stranger(wait));
        }
        let by_key = |wait: Duration| too_fast(&key.to_string(), wait);
        rates.keys.take(&key, now).map_err(by_key)?;
        Ok(Payer::Key(key))
    }

    fn give_back(&self, payer: &Payer) {
        let rates = &self.served.rates;
        match payer {
            Payer::Key(key) => rates.keys.give_back(key),
            Payer::Address => rates.strangers.give_back(&self.from),
        }
    }

    /// Who paid for what he did not sign, or had been told of already, gets it back.
    fn settle(&self, payer: &Payer, answered: &Result<Receipt, NoReceipt>) {
        let rates = &self.served.rates;
        match (payer, answered) {
            (Payer::Key(key), Err(NoReceipt::Rejected(rejection)))
                if !was_signed(rejection.code) =>
            {
                rates.keys.give_back(key);
                // Whether there is any left, it was used.
                let _ = rates.strangers.take(&self.from, Instant::now());
            }
            (Payer::Address, Ok(_))
            | (_, Err(NoReceipt::Busy { .. } | NoReceipt::Stopped | NoReceipt::Refused(_))) => {
                self.give_back(payer);
            }
            _ => {}
        }
    }
}

/// The valid key of the author among those that a commit says it is signed with.
fn key_of(state: &claim::State, signed: &Signed<'_>) -> Option<KeyId> {
    let mut keys = signed.signatures.iter().map(|signature| signature.key);
    keys.find(|key| {
        let owner = state.valid_key(key);
        owner.is_some_and(|owner| owner.agent == signed.commit.author)
    })
}

fn is_signed(state: &claim::State, signed: Signed<'_>) -> bool {
    let key = |id: &KeyId| state.key_owner(id).map(|owner| owner.key);
    signed.verify(key).is_ok()
}

fn line_of(receipt: &Receipt) -> Vec<u8> {
    let mut bytes = receipt.json().to_bytes();
    bytes.push(b'\n');
    bytes
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn kind(headers: &[(&str, &str)]) -> Result<Kind, u16> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name: hyper::header::HeaderName = name.parse().unwrap();
            map.append(name, value.parse().unwrap());
        }
        kind_of(&map).map_err(|problem| problem.status)
    }

    #[test]
    fn a_body_is_one_commit_or_lines_and_nothing_else() {
        let of = |value| kind(&[("content-type", value)]);
        assert_eq!(of("application/json"), Ok(Kind::One));
        assert_eq!(of("Application/JSON; charset=utf-8"), Ok(Kind::One));
        assert_eq!(of("application/x-ndjson"), Ok(Kind::Lines));
        for other in [
            "text/plain",
            "application/jsonl",
            "",
            "application/json-seq",
        ] {
            assert_eq!(of(other), Err(415), "{other}");
        }
        assert_eq!(kind(&[]), Err(415));
        let json = ("content-type", "application/json");
        assert_eq!(kind(&[json, ("content-type", "text/plain")]), Err(415));
        assert_eq!(kind(&[json, ("content-encoding", "gzip")]), Err(415));
        assert_eq!(
            kind(&[json, ("content-encoding", "identity")]),
            Ok(Kind::One)
        );
    }
}

//! The two routes of a witness (c2sp.org/tlog-witness).

use std::sync::Arc;

use hyper::body::Bytes;
use hyper::header::{ALLOW, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, Request};

use crate::tlog::{WitnessRefusal, write_last_size};

use super::answer::{Answer, problem, text};
use super::listener::Routes;
use super::witness::{AddError, Witness};

/// The most bytes of a request: a proof, and a checkpoint with some of the largest signatures.
const MOST_BYTES: usize = 128 * 1024;

const PLAIN: &str = "text/plain; charset=utf-8";

/// `POST /add-checkpoint` and `GET /<lower-case hexadecimal SHA-256 of the origin>/checkpoint`.
#[derive(Debug)]
pub struct WitnessRoutes {
    witness: Arc<Witness>,
}

impl WitnessRoutes {
    /// The routes of this witness.
    #[must_use]
    pub fn of(witness: Witness) -> WitnessRoutes {
        WitnessRoutes {
            witness: Arc::new(witness),
        }
    }

    /// The answer at a path.
    pub(super) async fn at(&self, method: &Method, path: &str, body: Bytes) -> Answer {
        let is_reading = matches!(*method, Method::GET | Method::HEAD);
        if path == "/add-checkpoint" {
            return match *method {
                Method::POST => self.add(body).await,
                _ => not_allowed("POST"),
            };
        }
        match self.checkpoint(path) {
            Some(_) if !is_reading => not_allowed("GET, HEAD"),
            Some(note) => text(200, PLAIN, note),
            None => problem(
                404,
                "not_found",
                "no such path, or nothing cosigned of this log",
            ),
        }
    }

    async fn add(&self, body: Bytes) -> Answer {
        let witness = Arc::clone(&self.witness);
        // It waits for the disk.
        let added = tokio::task::spawn_blocking(move || witness.add_checkpoint(&body)).await;
        match added {
            Ok(Ok(lines)) => text(200, PLAIN, lines),
            Ok(Err(error)) => refused(&error),
            Err(_) => problem(500, "io", "the request was not finished"),
        }
    }

    fn checkpoint(&self, path: &str) -> Option<Vec<u8>> {
        let name = path.strip_prefix('/')?.strip_suffix("/checkpoint")?;
        self.witness.checkpoint(name)
    }
}

impl Routes for WitnessRoutes {
    fn body_limit(&self, _head: &Parts) -> usize {
        MOST_BYTES
    }

    async fn answer(&self, request: Request<Bytes>) -> Answer {
        let (head, body) = request.into_parts();
        self.at(&head.method, head.uri.path(), body).await
    }
}

fn refused(error: &AddError) -> Answer {
    match error {
        AddError::Malformed(error) => problem(400, "request", &error.to_string()),
        AddError::Refused(WitnessRefusal::Conflict { last, .. }) => {
            text(409, "text/x.tlog.size", write_last_size(*last))
        }
        AddError::Refused(refusal) => problem(refusal.status(), "refused", &refusal.to_string()),
        // Where the witness keeps its files is nobody's business.
        AddError::NotKept(_) => problem(
            500,
            "io",
            "the head could not be kept, so it was not cosigned",
        ),
    }
}

fn not_allowed(methods: &'static str) -> Answer {
    let mut answer = problem(
        405,
        "method",
        "another method, expected one of those allowed",
    );
    answer
        .headers_mut()
        .insert(ALLOW, HeaderValue::from_static(methods));
    answer
}

//! Remote: signed commits are sent to a ledger that somebody else serves. What it answers is held
//! against what was sent: a receipt of something else is none.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use ureq::Agent;
use ureq::http::header::RETRY_AFTER;

use crate::envelope::{Entry, Signed};
use crate::ledger::{NotProved, ProofOf, Receipt, check_proof, refused};
use crate::tlog::VerifierKey;
use crate::value::excerpt;

use super::tiles::{BadUrl, plain_prefix};

/// How long an answer may take: a commit is durable before it is acknowledged.
const ANSWER: Duration = Duration::from_secs(30);

/// The most bytes of an answer that are read: a receipt holds its entry and a proof.
const MOST_BYTES: u64 = 1 << 20;

/// A ledger that is served.
pub struct Remote {
    commits: String,
    agent: Agent,
}

/// Why there is no receipt from a ledger that is served.
#[derive(Debug)]
pub enum RemoteError {
    /// It could not be reached, or its answer broke off: the commit may or may not be recorded.
    Unreachable {
        /// Where.
        url: String,
        /// What went wrong.
        why: String,
    },
    /// It said no, or not now.
    Refused {
        /// The HTTP status.
        status: u16,
        /// The stable code; `http` where the answer has none.
        code: String,
        /// What it said.
        detail: String,
        /// The next step, where it named one.
        hint: Option<String>,
        /// When to ask again.
        retry_after: Option<Duration>,
    },
    /// It answered with something that is no receipt of what was sent.
    NotAReceipt(String),
    /// The receipt's proof does not hold under the key that was given.
    NotProved(NotProved),
}

impl fmt::Display for RemoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RemoteError::Unreachable { url, why } => write!(f, "{url}: {why}"),
            RemoteError::Refused { detail, .. } => f.write_str(detail),
            RemoteError::NotAReceipt(why) => {
                write!(f, "found {why}, expected a receipt of what was sent")
            }
            RemoteError::NotProved(why) => write!(f, "the receipt proves nothing: {why}"),
        }
    }
}

impl std::error::Error for RemoteError {}

/// A receipt as JSON.
#[derive(Deserialize)]
struct Given {
    origin: String,
    index: u64,
    commit: String,
    entry: String,
    proof: String,
}

/// Problem details (RFC 9457).
#[derive(Deserialize)]
struct Said {
    code: Option<String>,
    detail: Option<String>,
    hint: Option<String>,
}

impl Remote {
    /// The ledger below `prefix`: `http://claims.example` has `http://claims.example/api/v1/commits`.
    ///
    /// # Errors
    /// For another scheme than http (or https, where it is built in), and for an address with a
    /// query, a fragment or a user.
    pub fn new(prefix: &str) -> Result<Remote, BadUrl> {
        let config = Agent::config_builder()
            .timeout_global(Some(ANSWER))
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("grounds/", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(Remote {
            commits: format!("{}/api/v1/commits", plain_prefix(prefix)?),
            agent: config.into(),
        })
    }

    /// Sends a signed commit. With the log's key the receipt's proof is checked as well.
    ///
    /// # Errors
    /// [`RemoteError`]. Sending the same commit again is always safe.
    pub fn submit(
        &self,
        commit: &[u8],
        vkey: Option<&VerifierKey>,
    ) -> Result<Receipt, RemoteError> {
        let unreachable = |error: ureq::Error| RemoteError::Unreachable {
            url: self.commits.clone(),
            why: error.to_string(),
        };
        let request = self.agent.post(&self.commits);
        let mut answer = request
            .content_type("application/json")
            .send(commit)
            .map_err(unreachable)?;
        let status = answer.status().as_u16();
        let wait = answer.headers().get(RETRY_AFTER);
        let wait = wait.and_then(|wait| wait.to_str().ok()?.parse().ok());
        let limited = answer.body_mut().with_config().limit(MOST_BYTES);
        let body = limited.read_to_vec().map_err(unreachable)?;
        if !matches!(status, 200 | 201) {
            return Err(refusal(status, &body, wait.map(Duration::from_secs)));
        }
        let receipt = receipt_of(commit, &body, status == 200)?;
        if let Some(vkey) = vkey {
            let (proof, entry) = (receipt.proof.as_bytes(), receipt.entry.as_bytes());
            let of = ProofOf::Commit(receipt.commit);
            let proved = check_proof(proof, &of, vkey, Some(entry), None);
            proved.map_err(RemoteError::NotProved)?;
        }
        Ok(receipt)
    }
}

fn refusal(status: u16, body: &[u8], retry_after: Option<Duration>) -> RemoteError {
    let said: Option<Said> = serde_json::from_slice(body).ok();
    let text = String::from_utf8_lossy(body);
    let (code, detail, hint) = match said {
        Some(said) => (said.code, said.detail, said.hint),
        None => (None, None, None),
    };
    let status_line = || format!("status {status}: {}", excerpt(text.trim()));
    RemoteError::Refused {
        status,
        code: code.unwrap_or_else(|| "http".to_owned()),
        detail: detail.unwrap_or_else(status_line),
        hint,
        retry_after,
    }
}

/// The receipt, if it is one of this commit.
fn receipt_of(sent: &[u8], body: &[u8], is_repeated: bool) -> Result<Receipt, RemoteError> {
    let other = |why: String| RemoteError::NotAReceipt(why);
    let given: Given = serde_json::from_slice(body).map_err(|error| other(error.to_string()))?;
    let signed = Signed::parse(sent).map_err(|error| other(refused(&error).to_string()))?;
    let commit = &signed.commit;
    let entry = Entry::parse(given.entry.as_bytes());
    let entry = entry.map_err(|error| other(format!("an entry: {}", refused(&error))))?;
    let id = commit.id();
    if given.commit != id.to_string() || entry.signed.commit.id() != id {
        return Err(other(format!(
            "a receipt of commit {}",
            excerpt(&given.commit)
        )));
    }
    if given.origin != commit.ledger.as_str() {
        return Err(other(format!("a receipt of {}", excerpt(&given.origin))));
    }
    Ok(Receipt {
        origin: commit.ledger.clone(),
        index: given.index,
        commit: id,
        events: commit.events.iter().map(|event| event.id).collect(),
        entry: given.entry,
        proof: given.proof,
        is_repeated,
    })
}

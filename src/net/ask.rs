//! A log asks its witnesses. What they answer is read, not believed: whoever keeps the lines checks
//! them.

use std::fmt;
use std::time::{Duration, Instant};

use ureq::Agent;

use crate::hash::Hash;
use crate::tlog::{
    AddCheckpoint, AddCheckpointError, NoteError, SignatureLine, parse_cosignatures,
    parse_last_size,
};
use crate::value::excerpt;

/// The most bytes of an answer that are read: some of the largest signatures fit.
const MOST_BYTES: u64 = 64 * 1024;

/// A witness to ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessAt {
    /// What it is called, for messages.
    pub name: String,
    /// Its submission prefix.
    pub url: String,
    /// The size that it has cosigned last, as far as is known; 0 otherwise: it will say.
    pub old: u64,
}

/// What a witness answered.
#[derive(Debug)]
pub struct Asked {
    /// What it is called.
    pub name: String,
    /// Its lines, unchecked, or why there are none.
    pub answer: Result<Vec<SignatureLine>, AskError>,
}

/// Why a witness gave no cosignature.
#[derive(Debug)]
pub enum AskError {
    /// What was to be sent is no request.
    Request(AddCheckpointError),
    /// It could not be reached, or did not answer in time.
    Unreachable {
        /// Where.
        url: String,
        /// What went wrong.
        why: String,
    },
    /// It has cosigned a larger head of this log than the one at hand.
    Ahead {
        /// The size that it has cosigned.
        cosigned: u64,
        /// The size at hand.
        ours: u64,
    },
    /// It refused.
    Refused {
        /// The HTTP status.
        status: u16,
        /// What it said, the beginning.
        said: String,
    },
    /// It agreed, with something that is no signature line.
    Answer(NoteError),
}

impl fmt::Display for AskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AskError::Request(error) => write!(f, "{error}"),
            AskError::Unreachable { url, why } => write!(f, "{url}: {why}"),
            AskError::Ahead { cosigned, ours } => write!(
                f,
                "it has cosigned {cosigned} entries, the head at hand has {ours}: expected at least as many"
            ),
            AskError::Refused { status, said } => {
                write!(f, "it answered {status} {said}, expected a cosignature")
            }
            AskError::Answer(error) => write!(f, "its answer: {error}"),
        }
    }
}

impl std::error::Error for AskError {}

/// Asks all of them at once for a cosignature of the signed checkpoint `note`; `consistency` gives
/// the proof from a smaller size to that of the note. Each has `patience` for all that it answers.
pub fn ask_all(
    witnesses: &[WitnessAt],
    note: &[u8],
    consistency: &(dyn Fn(u64, u64) -> Option<Vec<Hash>> + Sync),
    patience: Duration,
) -> Vec<Asked> {
    std::thread::scope(|scope| {
        let asking: Vec<_> = witnesses
            .iter()
            .map(|witness| scope.spawn(|| ask(witness, note, consistency, patience)))
            .collect();
        let answers = asking.into_iter().zip(witnesses);
        answers
            .map(|(thread, witness)| Asked {
                name: witness.name.clone(),
                answer: thread.join().unwrap_or_else(|_| {
                    Err(AskError::Unreachable {
                        url: witness.url.clone(),
                        why: "the question was not finished".to_owned(),
                    })
                }),
            })
            .collect()
    })
}

/// Asks one witness; where it has cosigned another size than we thought, once more from there.
///
/// # Errors
/// [`AskError`].
pub fn ask(
    witness: &WitnessAt,
    note: &[u8],
    consistency: &(dyn Fn(u64, u64) -> Option<Vec<Hash>> + Sync),
    patience: Duration,
) -> Result<Vec<SignatureLine>, AskError> {
    let ours = AddCheckpoint::new(0, Vec::new(), note).map_err(AskError::Request)?;
    let size = ours.head().size;
    let until = Instant::now() + patience;
    let from = |old: u64| {
        let path = match old {
            0 => Some(Vec::new()),
            _ => consistency(old, size),
        };
        AddCheckpoint::new(old, path.unwrap_or_default(), note).map_err(AskError::Request)
    };
    let cosigned = match post(witness, &from(witness.old.min(size))?, until)? {
        Said::Lines(lines) => return Ok(lines),
        Said::Conflict(cosigned) if cosigned > size => {
            return Err(AskError::Ahead {
                cosigned,
                ours: size,
            });
        }
        Said::Conflict(cosigned) => cosigned,
    };
    match post(witness, &from(cosigned)?, until)? {
        Said::Lines(lines) => Ok(lines),
        Said::Conflict(again) => Err(AskError::Refused {
            status: 409,
            said: format!("twice, first with {cosigned}, then with {again}"),
        }),
    }
}

enum Said {
    Lines(Vec<SignatureLine>),
    /// The size that it has cosigned.
    Conflict(u64),
}

fn post(witness: &WitnessAt, request: &AddCheckpoint, until: Instant) -> Result<Said, AskError> {
    let url = format!("{}/add-checkpoint", witness.url.trim_end_matches('/'));
    let unreachable = |error: ureq::Error| AskError::Unreachable {
        url: url.clone(),
        why: reason(&error),
    };
    let left = until.saturating_duration_since(Instant::now());
    let agent: Agent = Agent::config_builder()
        .timeout_global(Some(left.max(Duration::from_millis(1))))
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(None)
        .user_agent(concat!("grounds/", env!("CARGO_PKG_VERSION")))
        .build()
        .into();
    let mut answer = agent
        .post(&url)
        .content_type("text/plain; charset=utf-8")
        .send(&request.to_bytes()[..])
        .map_err(unreachable)?;
    let status = answer.status().as_u16();
    let body = answer
        .body_mut()
        .with_config()
        .limit(MOST_BYTES)
        .read_to_vec();
    let body = body.map_err(unreachable)?;
    match status {
        200 => parse_cosignatures(&body)
            .map(Said::Lines)
            .map_err(AskError::Answer),
        409 => parse_last_size(&body)
            .map(Said::Conflict)
            .ok_or(refusal(status, &body)),
        _ => Err(refusal(status, &body)),
    }
}

/// What an answer says: the detail of problem+json, else its beginning.
fn refusal(status: u16, body: &[u8]) -> AskError {
    let text = String::from_utf8_lossy(body);
    let problem: Option<serde_json::Value> = serde_json::from_str(&text).ok();
    let detail = problem
        .as_ref()
        .and_then(|problem| problem.get("detail")?.as_str());
    let said = excerpt(detail.unwrap_or(text.trim()));
    AskError::Refused { status, said }
}

fn reason(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Timeout(_) => "no answer in time".to_owned(),
        ureq::Error::TlsRequired => {
            "an https address, and this program was built without the feature https".to_owned()
        }
        other => other.to_string(),
    }
}

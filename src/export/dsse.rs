//! DSSE envelopes (<https://github.com/secure-systems-lab/dsse>), one a commit: for securesystemslib
//! and every other tool that knows them.
//!
//! Payload and signatures are those of the ledger, byte for byte: nothing is signed again.

use std::fmt;

use base64ct::{Base64, Encoding};

use crate::envelope::{Entry, Refused, Signature, TYPE, Withheld};
use crate::json::Json;

/// A line that no envelope can be made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoEnvelope {
    /// Its commit was withheld, for this reason.
    Withheld(String),
    /// It is no entry.
    Refused(Refused),
}

impl fmt::Display for NoEnvelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoEnvelope::Withheld(reason) => {
                write!(
                    f,
                    "found a withheld entry ({reason}), expected a signed commit"
                )
            }
            NoEnvelope::Refused(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for NoEnvelope {}

/// The envelope of the commit in a line of the log, as one line of canonical JSON without its
/// newline: `payload` (base64), `payloadType`, `signatures` with `keyid` and `sig`.
///
/// Signatures are carried, not checked.
///
/// # Errors
/// [`NoEnvelope`] where the line is no entry, or its commit was withheld.
pub fn envelope(line: &[u8]) -> Result<String, NoEnvelope> {
    if let Some(withheld) = Withheld::parse(line) {
        return Err(NoEnvelope::Withheld(withheld.reason.as_str().to_owned()));
    }
    let signed = Entry::parse(line).map_err(NoEnvelope::Refused)?.signed;
    let envelope = Json::object([
        (
            "payload",
            Json::string(Base64::encode_string(&signed.commit.bytes)),
        ),
        ("payloadType", Json::string(TYPE)),
        (
            "signatures",
            Json::Arr(signed.signatures.iter().map(written).collect()),
        ),
    ]);
    Ok(envelope.to_text())
}

fn written(signature: &Signature) -> Json<'static> {
    Json::object([
        ("keyid", Json::string(signature.key.to_string())),
        ("sig", Json::string(Base64::encode_string(&signature.sig))),
    ])
}

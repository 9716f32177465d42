//! The logs that a witness trusts, in the format `logs/v0` of the public witness network.
//!
//! ```text
//! logs/v0
//!
//! # whose it is
//! vkey claims.example/l1+4b3c…+AWk…
//! origin claims.example/l1
//! qpd 86400
//! contact someone@claims.example
//! ```
//!
//! `vkey` begins a log. The lines after it are optional, each at most once: the origin is the name
//! of the key unless it is given; how many requests a day it makes and whom to write to are for
//! people. Empty lines and lines that begin with `#` are skipped.

use std::fmt;

use super::note::{SignatureAlgorithm, VerifierKey, VerifierKeyError};

/// The first line.
const HEADER: &str = "logs/v0";

/// A log whose heads are to be cosigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedLog {
    /// The origin that its checkpoints name.
    pub origin: String,
    /// The key that signs them.
    pub key: VerifierKey,
}

/// A list of logs. One origin may have several keys.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogList {
    /// In the order of the file.
    pub logs: Vec<TrustedLog>,
}

/// Why bytes are not such a list; lines count from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogListError {
    /// Not UTF-8.
    Utf8,
    /// The first line is not `logs/v0`.
    Header,
    /// A line that says nothing known, says it again, or says it before any `vkey`.
    Line {
        /// Which.
        line: usize,
        /// What stands there.
        found: String,
    },
    /// A key that cannot be read.
    Key {
        /// On which line.
        line: usize,
        /// Why.
        error: VerifierKeyError,
    },
    /// A witness's key where a log's is expected.
    NotALogKey(usize),
    /// The same key for the same origin again.
    Twice(usize),
}

impl fmt::Display for LogListError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LogListError::Utf8 => f.write_str("expected UTF-8"),
            LogListError::Header => write!(f, "line 1: expected {HEADER:?}"),
            LogListError::Line { line, found } => write!(
                f,
                "line {line}: found {found}, expected \"vkey <vkey>\", or once after it \
                 origin, qpd or contact with a value"
            ),
            LogListError::Key { line, error } => write!(f, "line {line}: {error}"),
            LogListError::NotALogKey(line) => {
                write!(f, "line {line}: expected a log's key (algorithm 0x01)")
            }
            LogListError::Twice(line) => {
                write!(f, "line {line}: this key stands above for the same origin")
            }
        }
    }
}

impl std::error::Error for LogListError {}

impl LogList {
    /// The beginning of a list without logs.
    #[must_use]
    pub fn empty_bytes() -> Vec<u8> {
        format!("{HEADER}\n").into_bytes()
    }

    /// What is added to a list for one more log whose origin is the name of its key.
    #[must_use]
    pub fn lines_for(key: &VerifierKey) -> String {
        format!("\nvkey {key}\n")
    }

    /// Parses a list.
    ///
    /// # Errors
    /// With the first line that is wrong.
    pub fn parse(bytes: &[u8]) -> Result<LogList, LogListError> {
        let text = std::str::from_utf8(bytes).map_err(|_| LogListError::Utf8)?;
        let mut lines = (1..).zip(text.lines());
        if lines.next().is_none_or(|(_, first)| first != HEADER) {
            return Err(LogListError::Header);
        }
        let mut list = LogList::default();
        let mut said: Vec<&str> = Vec::new();
        let mut begun = 1;
        for (line, found) in lines {
            if found.is_empty() || found.starts_with('#') {
                continue;
            }
            let unknown = || LogListError::Line {
                line,
                found: crate::value::excerpt(found),
            };
            let (word, value) = found.split_once(' ').ok_or_else(unknown)?;
            if word == "vkey" {
                list.is_new_to_last(begun)?;
                (begun, said) = (line, Vec::new());
                list.logs.push(log(line, value)?);
                continue;
            }
            let is_known = matches!(word, "origin" | "qpd" | "contact");
            let last = list.logs.last_mut().ok_or_else(unknown)?;
            if !is_known || value.is_empty() || said.contains(&word) {
                return Err(unknown());
            }
            said.push(word);
            if word == "origin" {
                value.clone_into(&mut last.origin);
            }
        }
        list.is_new_to_last(begun)?;
        Ok(list)
    }

    /// The last log, begun on that line, is not one of those before it.
    fn is_new_to_last(&self, line: usize) -> Result<(), LogListError> {
        match self.logs.split_last() {
            Some((last, others)) if others.contains(last) => Err(LogListError::Twice(line)),
            _ => Ok(()),
        }
    }
}

fn log(line: usize, vkey: &str) -> Result<TrustedLog, LogListError> {
    let key: VerifierKey = vkey
        .parse()
        .map_err(|error| LogListError::Key { line, error })?;
    if key.algorithm() != SignatureAlgorithm::Ed25519 {
        return Err(LogListError::NotALogKey(line));
    }
    Ok(TrustedLog {
        origin: key.name().to_owned(),
        key,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use ed25519_dalek::SigningKey;

    use super::*;
    use crate::tlog::{Cosigner, NoteSigner};

    fn key(name: &str) -> VerifierKey {
        let key = SigningKey::from_bytes(&[5; 32]);
        NoteSigner::new(name, key).unwrap().verifier().clone()
    }

    #[test]
    fn a_list_is_read_with_its_origins() {
        let (one, two) = (key("a.example/1"), key("b.example/2"));
        let text = format!(
            "logs/v0\n\n# ours\nvkey {one}\nqpd 24\ncontact me@a.example\n\nvkey {two}\norigin c d\n"
        );
        let list = LogList::parse(text.as_bytes()).unwrap();
        let read: Vec<(&str, &VerifierKey)> = list
            .logs
            .iter()
            .map(|log| (log.origin.as_str(), &log.key))
            .collect();
        assert_eq!(read, [("a.example/1", &one), ("c d", &two)]);
    }

    #[test]
    fn what_is_added_is_read_back() {
        let bytes = [LogList::empty_bytes(), LogList::lines_for(&key("x")).into()].concat();
        assert_eq!(LogList::parse(&bytes).unwrap().logs[0].key, key("x"));
        assert_eq!(LogList::parse(&LogList::empty_bytes()).unwrap().logs, []);
    }

    #[test]
    fn a_list_with_a_wrong_line_is_refused_by_that_line() {
        let vkey = key("x");
        let cosigner = Cosigner::new("w", SigningKey::from_bytes(&[5; 32])).unwrap();
        let witness = cosigner.verifier();
        let cases = [
            (String::new(), "line 1"),
            ("logs/v1\n".into(), "line 1"),
            ("logs/v0\norigin x\n".into(), "line 2"),
            ("logs/v0\nvkey x\n".into(), "line 2"),
            (format!("logs/v0\nvkey {witness}\n"), "line 2"),
            (format!("logs/v0\nvkey {vkey}\nlog x\n"), "line 3"),
            (format!("logs/v0\nvkey {vkey}\nqpd\n"), "line 3"),
            (format!("logs/v0\nvkey {vkey}\nqpd 1\nqpd 1\n"), "line 4"),
            (format!("logs/v0\nvkey {vkey}\n\nvkey {vkey}\n"), "line 4"),
        ];
        for (text, place) in cases {
            let error = LogList::parse(text.as_bytes()).unwrap_err().to_string();
            assert!(error.starts_with(place), "{text:?}: {error}");
        }
        assert_eq!(LogList::parse(b"\xff"), Err(LogListError::Utf8));
    }
}

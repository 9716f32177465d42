//! The reader's policy: whose cosignatures he takes.

use std::path::Path;
use std::time::Duration;

use grounds::tlog::{TlogPolicy, VerifierKey};

use crate::error::Failure;
use crate::files;

/// The largest policy file that is read, in bytes; the library says how long one may be.
const MAX_FILE: u64 = 2 << 20;

/// Reads a tlog-policy file.
pub(crate) fn read(path: &Path) -> Result<TlogPolicy, Failure> {
    let bytes = files::read(path, MAX_FILE)?;
    TlogPolicy::parse(&bytes).map_err(|error| {
        Failure::usage(format!("{}: {error}", path.display()))
            .hint("c2sp.org/tlog-policy and docs/FORMAT.md tell the form of a policy")
    })
}

/// A key and a policy that names logs do not contradict each other.
pub(crate) fn names(policy: &TlogPolicy, vkey: &VerifierKey) -> Result<(), Failure> {
    if policy.logs().is_empty() || policy.logs().iter().any(|log| log.key == *vkey) {
        return Ok(());
    }
    let logs: Vec<String> = policy
        .logs()
        .iter()
        .map(|log| log.key.to_string())
        .collect();
    Err(Failure::usage(format!(
        "--vkey: found {vkey}, expected a log that --policy names: {}",
        logs.join(", ")
    ))
    .hint("leave --vkey away and the policy says which log it is"))
}

/// An age as people write it: a number and a unit.
pub(crate) fn age(text: &str) -> Result<Duration, String> {
    let expected = || format!("found {text}, expected an age such as 90s, 15m, 1h, 2d");
    let unit = match text.chars().last() {
        Some('s') => 1,
        Some('m') => 60,
        Some('h') => 3_600,
        Some('d') => 86_400,
        _ => return Err(expected()),
    };
    let digits = &text[..text.len() - 1];
    let is_plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number: Option<u64> = digits.parse().ok().filter(|_| is_plain);
    let seconds = number.and_then(|number| number.checked_mul(unit));
    seconds.map(Duration::from_secs).ok_or_else(expected)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_a_number_and_a_unit_and_nothing_else() {
        for (text, seconds) in [
            ("0s", 0),
            ("90s", 90),
            ("15m", 900),
            ("1h", 3_600),
            ("2d", 172_800),
        ] {
            assert_eq!(age(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in [
            "",
            "s",
            "1",
            "1w",
            "-1s",
            "+1s",
            "1.5h",
            "1 h",
            "1hh",
            "99999999999999999999s",
            "1µ",
        ] {
            assert!(age(text).is_err(), "{text}");
        }
    }
}

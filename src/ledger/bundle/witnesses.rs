//! What witnesses say of a bundle's head, by the reader's own policy, and how old it is.

use std::time::Duration;

use crate::ledger::audit::{Freshness, length};
use crate::ledger::checklist::counted;
use crate::ledger::cosigned::{Cosignature, HeadNote, RefusedLine, time_of};
use crate::tlog::{OpenCheckpoint, TlogPolicy, VerifierKey};
use crate::value::Time;

/// A witness's clock this far ahead of the reader's, in microseconds: one of the two is wrong.
const AHEAD: i64 = 600_000_000;

/// What was asked for is not there.
const AGE_BY_QUORUM: &str = "its age is known only by the word of a quorum of your --policy";

/// What came of asking witnesses.
pub(super) enum Heard {
    /// Nobody was asked.
    NotAsked(String),
    /// Enough, and fresh enough, where that was asked.
    Enough(String),
    /// Something that was asked for is missing.
    Missing(String),
    /// A line is wrong, or the head is too old.
    Wrong { found: String, expected: String },
}

/// The words of the witnesses that a policy names.
#[derive(Default)]
pub(super) struct Words {
    pub(super) cosignatures: Vec<Cosignature>,
    pub(super) not_after: Option<Time>,
    pub(super) newest_as_of: Option<Time>,
}

/// Holds a head against the reader's policy.
pub(super) fn hear(
    note: &[u8],
    head: &OpenCheckpoint,
    vkey: &VerifierKey,
    policy: Option<&TlogPolicy>,
    freshness: Option<Freshness>,
) -> (Heard, Words) {
    match policy {
        Some(policy) => by_policy(note, vkey, policy, freshness),
        None => (without_policy(head, freshness), Words::default()),
    }
}

fn without_policy(head: &OpenCheckpoint, freshness: Option<Freshness>) -> Heard {
    let but = match head.unchecked.len() as u64 {
        0 => String::new(),
        lines => format!(
            "; {} that no key here can check",
            counted(lines, "signature line")
        ),
    };
    match freshness {
        None => Heard::NotAsked(format!("none asked{but}")),
        Some(_) => Heard::Missing(format!("none asked{but}; {AGE_BY_QUORUM}")),
    }
}

fn by_policy(
    note: &[u8],
    vkey: &VerifierKey,
    policy: &TlogPolicy,
    freshness: Option<Freshness>,
) -> (Heard, Words) {
    let wrong = |found: String| Heard::Wrong {
        found,
        expected: "lines of the log and of witnesses named in the policy given".to_owned(),
    };
    let note = match HeadNote::read(note, vkey, &policy.witness_keys()) {
        Ok(note) => note,
        Err(error) => return (wrong(error.to_string()), Words::default()),
    };
    if let Some((line, Err(fault))) = note.lines.iter().find(|(_, judged)| judged.is_err()) {
        let refused = RefusedLine {
            name: line.name().to_owned(),
            key_id: line.key_id(),
            fault: *fault,
        };
        return (wrong(refused.to_string()), Words::default());
    }
    let good = note.good();
    let words = Words {
        cosignatures: Cosignature::all_of(&good, Some(policy)),
        not_after: policy.not_after(&good).map(time_of),
        newest_as_of: policy.newest_as_of(&good).map(time_of),
    };
    let heard = match (policy.shortfall(&good), freshness) {
        (Some(missing), _) => Heard::Missing(missing),
        (None, Some(freshness)) => aged(met(policy, &words), &words, freshness),
        (None, None) => Heard::Enough(met(policy, &words)),
    };
    (heard, words)
}

fn met(policy: &TlogPolicy, words: &Words) -> String {
    if !policy.asks_for_witnesses() {
        return "the policy given asks for none".to_owned();
    }
    let names: Vec<&str> = (words.cosignatures.iter())
        .map(|one| one.witness.as_str())
        .collect();
    let told = |what: &str, time: Option<Time>| {
        time.map_or_else(String::new, |time| {
            format!(", {what} {}", time.seconds_text())
        })
    };
    format!(
        "quorum: cosigned by {}{}{}",
        names.join(", "),
        told("there by", words.not_after),
        told("newest as of", words.newest_as_of)
    )
}

fn aged(met: String, words: &Words, Freshness { max_age, now }: Freshness) -> Heard {
    let Some(time) = words.newest_as_of else {
        return Heard::Missing(format!("{met}; {AGE_BY_QUORUM}"));
    };
    match age(time, now) {
        None => Heard::Missing(format!(
            "{met}; a witness's clock is more than ten minutes ahead of this one"
        )),
        Some(age) if age > max_age => Heard::Wrong {
            found: format!(
                "a head that a quorum saw {} ago ({})",
                length(age),
                time.seconds_text()
            ),
            expected: format!("{} at most: what is newer may be withheld", length(max_age)),
        },
        Some(age) => Heard::Enough(format!("{met}, {} ago", length(age))),
    }
}

/// How long ago a time was; none where it is more than ten minutes ahead.
pub(super) fn age(time: Time, now: Time) -> Option<Duration> {
    let micros = now.micros().saturating_sub(time.micros());
    (micros >= -AHEAD).then(|| Duration::from_micros(u64::try_from(micros).unwrap_or(0)))
}

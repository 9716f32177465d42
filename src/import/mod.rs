//! Import: other formats, read into acts for a ledger.
//!
//! A file and a ledger's [`State`](crate::claim::State) go in, a [`Plan`] comes out: the acts that
//! are not in the ledger yet, each after what it names, and a [`Report`] of every row, clean-up and
//! omission. Nothing is signed, written or fetched here. The same file planned again over the state
//! that its plan made gives a plan without acts. `docs/IMPORT.md` documents the formats and the
//! mappings.

mod clean;
pub mod csv_rows;
mod draft;
mod error;
pub mod fred;
pub mod jsonl;
mod mapping;
mod paper;
mod report;
mod table;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod trial;

pub use clean::KINDS;
pub use error::ImportError;
pub use mapping::MappingError;
pub use report::{Cleanup, Line, Report, RowTally, Skipped, Tally};

use crate::claim::Act;

/// What an import would do to a ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// What is to happen, in an order in which all that an act names is there before it. It may be
    /// cut into commits anywhere.
    pub acts: Vec<Act>,
    /// What was read, and what became of it.
    pub report: Report,
}

/// Bytes that a commit may have without its acts' `data`: its own fields, and for each event its
/// subject, seq, prev, date and type.
const COMMIT_BYTES: usize = 60_000;
const COMMIT_FIELDS: usize = 1_000;
const EVENT_FIELDS: usize = 340;
const COMMIT_EVENTS: usize = 256;

impl Plan {
    /// The acts cut into commits, in order: at most `size` acts each, and never more than a commit
    /// may hold (256 events, 60,000 bytes of canonical JSON).
    #[must_use]
    pub fn commits(&self, size: usize) -> Vec<&[Act]> {
        let most = size.clamp(1, COMMIT_EVENTS);
        let mut commits = Vec::new();
        let (mut from, mut bytes) = (0, COMMIT_FIELDS);
        for (place, act) in self.acts.iter().enumerate() {
            let more = act.data.write().to_bytes().len() + EVENT_FIELDS;
            if place > from && (place - from == most || bytes + more > COMMIT_BYTES) {
                commits.push(&self.acts[from..place]);
                (from, bytes) = (place, COMMIT_FIELDS);
            }
            bytes += more;
        }
        if from < self.acts.len() {
            commits.push(&self.acts[from..]);
        }
        commits
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use crate::claim::{Data, NoteAdded};
    use crate::value::Text;

    use super::*;

    fn notes(lengths: &[usize]) -> Plan {
        let acts = lengths.iter().map(|length| {
            let text = Text::parse(&"\"".repeat(*length)).unwrap();
            let data = Data::NoteAdded(Box::new(NoteAdded { text, on: None }));
            Act::new("claim/a".parse().unwrap(), data)
        });
        Plan {
            acts: acts.collect(),
            report: Report::default(),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: 32,
            failure_persistence: None,
            ..ProptestConfig::default()
        })]
        #[test]
        fn commits_hold_every_act_once_and_never_too_much(
            lengths in proptest::collection::vec(1_usize..4000, 0..80), size in 0_usize..400,
        ) {
            let plan = notes(&lengths);
            let commits = plan.commits(size);
            prop_assert_eq!(commits.concat(), plan.acts.clone());
            for commit in commits {
                prop_assert!(!commit.is_empty() && commit.len() <= size.clamp(1, 256));
                let bytes: usize = commit.iter().map(|act| act.data.write().to_bytes().len()).sum();
                prop_assert!(bytes + 340 * commit.len() + 1000 <= 60_000);
            }
        }
    }

    #[test]
    fn every_kind_of_clean_up_is_documented() {
        let document = include_str!("../../docs/IMPORT.md");
        for (kind, meaning) in KINDS {
            let row = format!("| `{kind}` | {meaning} |");
            assert!(document.contains(&row), "docs/IMPORT.md has no row {row}");
        }
    }

    #[test]
    fn the_documented_mapping_is_the_default_one() {
        let document = include_str!("../../docs/IMPORT.md");
        let example = document.split("```yaml\n").nth(1).unwrap();
        let example = example.split("```").next().unwrap();
        let mapping = fred::FredMapping::parse(example).unwrap();
        assert_eq!(mapping, fred::FredMapping::default());
    }
}

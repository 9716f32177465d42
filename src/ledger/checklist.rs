//! The checklist: what an audit of a ledger and a check of a claim bundle have in common. Nine
//! parts, each with an outcome and a reason; faults, each with its place; and what it comes to.

use serde::Serialize;

use crate::claim::{Code, Rejection};
use crate::tlog::{CheckpointError, NoteError};
use crate::value::Index;

/// The parts of an audit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Every line is a canonical entry within its limits.
    Bytes,
    /// Every signature holds, by a key valid for its agent at that entry.
    Signatures,
    /// Every event follows the one before it in its stream.
    Chains,
    /// Every anchor is a root that this log had.
    Anchors,
    /// Every commit is one that the rules in force admitted.
    Rules,
    /// Leaves, tiles and recorded maps give the roots they claim.
    Tree,
    /// The newest head is signed by the log, and extends older ones.
    Checkpoint,
    /// Others have seen the same head.
    Witnesses,
    /// The figures follow from the events by a model whose parameters are the adopted ones.
    Scores,
}

impl Part {
    /// All of them, in the order of the checklist.
    pub const ALL: [Part; 9] = [
        Part::Bytes,
        Part::Signatures,
        Part::Chains,
        Part::Anchors,
        Part::Rules,
        Part::Tree,
        Part::Checkpoint,
        Part::Witnesses,
        Part::Scores,
    ];

    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Part::Bytes => "bytes",
            Part::Signatures => "signatures",
            Part::Chains => "chains",
            Part::Anchors => "anchors",
            Part::Rules => "rules",
            Part::Tree => "tree",
            Part::Checkpoint => "checkpoint",
            Part::Witnesses => "witnesses",
            Part::Scores => "scores",
        }
    }
}

/// The outcome of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// ✓
    Holds,
    /// ✗
    Fails,
    /// ?
    Unknown,
}

/// One line of the checklist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was checked.
    pub part: Part,
    /// How it came out.
    pub outcome: Outcome,
    /// How much was checked, or the reason.
    pub detail: String,
}

/// Something that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// What it breaks.
    pub part: Part,
    /// The entry, where it is one.
    pub index: Option<Index>,
    /// The event's position in its commit, where it is one.
    pub position: Option<u16>,
    /// The rule's stable code, where it is one.
    pub code: Option<&'static str>,
    /// The file, where it is not an entry.
    pub file: Option<String>,
    /// What was found.
    pub found: String,
    /// What was expected.
    pub expected: String,
}

/// What the whole comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Everything that was checked holds.
    Holds,
    /// It is intact, and it is not right: somebody signed what he may not.
    Fails,
    /// It is not what was acknowledged.
    Damaged,
    /// What was asked for is missing: a withheld entry, a cosignature.
    CannotTell,
}

/// The line of a part that has faults.
pub(super) fn wrong(part: Part, count: u64, faults: &[Fault]) -> Check {
    let of_part = faults.iter().filter(|fault| fault.part == part);
    let first = of_part.filter_map(|fault| fault.index).min();
    let place = first.map(|index| format!(", first at @{index}"));
    Check {
        part,
        outcome: Outcome::Fails,
        detail: format!("{count} wrong{}", place.unwrap_or_default()),
    }
}

impl Fault {
    /// A fault that stands in no file and breaks no rule with a code.
    pub(super) fn of(
        part: Part,
        index: Option<Index>,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) -> Fault {
        Fault {
            part,
            index,
            position: None,
            code: None,
            file: None,
            found: found.into(),
            expected: expected.into(),
        }
    }

    /// A rule that an entry breaks, under the part that its code belongs to.
    pub(super) fn rejected(index: Index, rejection: &Rejection) -> Fault {
        Fault {
            part: part_of(rejection.code),
            index: Some(index),
            position: rejection.position,
            code: Some(rejection.code.word()),
            file: None,
            found: rejection.found.clone(),
            expected: rejection.expected.clone(),
        }
    }
}

fn part_of(code: Code) -> Part {
    match code {
        Code::Bytes | Code::Limit | Code::Schema => Part::Bytes,
        Code::Signature => Part::Signatures,
        Code::Anchor => Part::Anchors,
        Code::Conflict => Part::Chains,
        Code::Map => Part::Tree,
        _ => Part::Rules,
    }
}

/// What a note is that no key at hand opens.
pub(super) fn unopened(error: &CheckpointError) -> String {
    match error {
        CheckpointError::Note(NoteError::NoKnownKey) => "a head that another key signed".to_owned(),
        error => format!("no signed head ({error})"),
    }
}

/// `1 leaf`, `2 leaves`.
pub(super) fn counted_leaves(number: u64) -> String {
    match number {
        1 => "1 leaf".to_owned(),
        _ => format!("{number} leaves"),
    }
}

/// `1 claim`, `2 claims`, `2 entries`.
pub(super) fn counted(number: u64, what: &str) -> String {
    match (number, what) {
        (1, _) => format!("1 {what}"),
        (_, "entry") => format!("{number} entries"),
        (_, _) => format!("{number} {what}s"),
    }
}

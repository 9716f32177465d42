//! Question: what a log asks its witnesses about one head, and what came of it.

use std::time::Duration;

use crate::ledger::Added;
use crate::tlog::{SignatureLine, TlogPolicy, Tree, VerifierKey};

use super::ask::{AskError, Asked, WitnessAt, ask_all};

/// How long each witness has for its answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// A head, and whom to ask about it.
#[derive(Debug, Clone)]
pub struct Question {
    /// Who is to be asked, and how many are enough.
    pub policy: TlogPolicy,
    /// The head: a note that the log has signed.
    pub note: Vec<u8>,
    witnesses: Vec<WitnessAt>,
    tree: Tree,
}

/// What the witnesses answered.
#[derive(Debug)]
pub struct Answers {
    size: u64,
    asked: Vec<Asked>,
}

/// What came of a question.
#[derive(Debug, Clone)]
pub struct Told {
    /// Entries under the head.
    pub size: u64,
    /// Each witness by name: nothing where it cosigned, else why not, and the next step.
    pub answers: Vec<(String, Option<(String, &'static str)>)>,
    /// What the quorum lacks, in words.
    pub shortfall: Option<String>,
    /// Whether the quorum is met.
    pub is_met: bool,
}

impl Question {
    /// About a head and its tree; none where the policy has no witness with an address. `last` gives
    /// the size that a witness has cosigned last, as far as is known.
    pub fn of(
        policy: TlogPolicy,
        note: &[u8],
        tree: &Tree,
        last: impl Fn(&VerifierKey) -> Option<u64>,
    ) -> Option<Question> {
        let named = policy.witnesses().iter();
        let witnesses: Vec<WitnessAt> = named
            .filter_map(|witness| {
                Some(WitnessAt {
                    name: witness.name.clone(),
                    url: witness.url.clone()?,
                    old: last(&witness.key).unwrap_or(0),
                })
            })
            .collect();
        (!witnesses.is_empty()).then(|| Question {
            witnesses,
            note: note.to_vec(),
            tree: tree.clone(),
            policy,
        })
    }

    /// Entries under the head.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.tree.size()
    }

    /// Asks all of them at once. It waits for the slowest, for at most some seconds.
    #[must_use]
    pub fn ask(&self) -> Answers {
        let proof = |old, new| self.tree.consistency(old, new);
        Answers {
            size: self.tree.size(),
            asked: ask_all(&self.witnesses, &self.note, &proof, PATIENCE),
        }
    }
}

impl Answers {
    /// The lines that came, unchecked.
    #[must_use]
    pub fn lines(&self) -> Vec<SignatureLine> {
        let answered = self.asked.iter().filter_map(|one| one.answer.as_ref().ok());
        answered.flatten().cloned().collect()
    }

    /// What came of it, with what became of the lines; none where they were not kept.
    #[must_use]
    pub fn told(self, policy: &TlogPolicy, added: Option<&Added>) -> Told {
        let cosignatures = added.map_or(&[][..], |added| &added.cosignatures);
        let mut answers: Vec<_> = self
            .asked
            .into_iter()
            .map(|Asked { name, answer }| {
                let fault = answer.err();
                (
                    name,
                    fault.map(|error| (error.to_string(), next_step(&error))),
                )
            })
            .collect();
        for line in added.iter().flat_map(|added| &added.refused) {
            let next = "compare the vkey in the policy with the one the witness hands out";
            answers.push((line.name.clone(), Some((line.to_string(), next))));
        }
        Told {
            size: self.size,
            answers,
            shortfall: policy.shortfall(cosignatures),
            is_met: policy.is_met_by(cosignatures),
        }
    }
}

fn next_step(error: &AskError) -> &'static str {
    match error {
        AskError::Unreachable { .. } => "grounds witness ask, once it can be reached",
        AskError::Ahead { .. } => {
            "this folder is older than what its witness has seen: find the newest copy before you write on"
        }
        AskError::Refused { status: 404, .. } => {
            "whoever runs it adds this log with grounds witness add, then grounds witness ask"
        }
        AskError::Refused { status: 422, .. } => {
            "its head is not one of this ledger's: find out which copy the witness has seen"
        }
        _ => "ask whoever runs it, then grounds witness ask",
    }
}

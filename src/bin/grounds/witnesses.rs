//! The ledger's witnesses are asked once a head is published: after the act is acknowledged, and
//! while nobody is kept from writing.

use std::path::Path;
use std::time::Duration;

use grounds::ledger::{Appender, LedgerError, policy_of};
use grounds::net::{AskError, Asked, WitnessAt, ask_all};
use grounds::tlog::{TlogPolicy, Tree};
use grounds::value::Origin;

use crate::context::Context;
use crate::desk::open_appender;
use crate::error::Failure;

/// How long each witness has for its answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the witnesses of a policy are asked about: one head.
pub(crate) struct Question {
    policy: TlogPolicy,
    witnesses: Vec<WitnessAt>,
    note: Vec<u8>,
    tree: Tree,
}

/// What came of it.
pub(crate) struct Told {
    size: u64,
    /// Each witness by name: nothing where it cosigned, else why not and what to do.
    answers: Vec<(String, Option<(String, &'static str)>)>,
    /// What the quorum lacks, in words.
    shortfall: Option<String>,
    pub(crate) is_met: bool,
}

impl Question {
    /// About the newest head; none where the folder has no policy with a witness that has an address.
    pub(crate) fn of(dir: &Path, appender: &Appender) -> Result<Option<Question>, LedgerError> {
        let Some(policy) = policy_of(dir)? else {
            return Ok(None);
        };
        let named = policy.witnesses().iter();
        let witnesses: Vec<WitnessAt> = named
            .filter_map(|witness| {
                Some(WitnessAt {
                    name: witness.name.clone(),
                    url: witness.url.clone()?,
                    old: appender.last_cosigned(&witness.key).unwrap_or(0),
                })
            })
            .collect();
        if witnesses.is_empty() {
            return Ok(None);
        }
        Ok(Some(Question {
            policy,
            witnesses,
            note: appender.checkpoint().to_vec(),
            tree: appender.tree().clone(),
        }))
    }

    /// Asks all of them at once, and keeps the lines that hold. The folder is not locked meanwhile:
    /// where others have published a newer head by then, they have asked about that one.
    pub(crate) fn ask(
        &self,
        context: &Context,
        dir: &Path,
        origin: &Origin,
    ) -> Result<Told, Failure> {
        let proof = |old, new| self.tree.consistency(old, new);
        let asked = ask_all(&self.witnesses, &self.note, &proof, PATIENCE);
        let mut told = Told {
            size: self.tree.size(),
            answers: Vec::new(),
            shortfall: self.policy.shortfall(&[]),
            is_met: self.policy.is_met_by(&[]),
        };
        let lines: Vec<_> = asked
            .iter()
            .filter_map(|one| one.answer.as_ref().ok())
            .flatten()
            .cloned()
            .collect();
        let mut refused = Vec::new();
        if !lines.is_empty() {
            let mut appender = open_appender(context, dir, origin, true)?;
            if appender.tree().size() == told.size {
                let added = appender.add_cosignatures(&self.policy, lines)?;
                told.shortfall = self.policy.shortfall(&added.cosignatures);
                told.is_met = self.policy.is_met_by(&added.cosignatures);
                refused = added.refused;
            }
            appender.close()?;
        }
        told.answers = asked
            .into_iter()
            .map(|Asked { name, answer }| {
                (
                    name,
                    answer
                        .err()
                        .map(|error| (error.to_string(), next_step(&error))),
                )
            })
            .collect();
        for line in refused {
            let next = "compare the vkey in the policy with the one the witness hands out";
            told.answers
                .push((line.name.clone(), Some((line.to_string(), next))));
        }
        Ok(told)
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

impl Told {
    /// For people.
    pub(crate) fn text(&self) -> String {
        let mut text = format!("asked about the head of {} entries\n", self.size);
        for (name, fault) in &self.answers {
            text.push_str(&match fault {
                None => format!("  ✓ {name} cosigned\n"),
                Some((why, next)) => format!("  ✗ {name}: {why}\n    next: {next}\n"),
            });
        }
        text.push_str(&match &self.shortfall {
            None => "the quorum is met\n".to_owned(),
            Some(lack) => format!("the quorum is not met: {lack}\n"),
        });
        text
    }

    /// For programs.
    pub(crate) fn json(&self) -> serde_json::Value {
        let answers: Vec<serde_json::Value> = self
            .answers
            .iter()
            .map(|(name, fault)| {
                serde_json::json!({
                    "witness": name,
                    "cosigned": fault.is_none(),
                    "why": fault.as_ref().map(|(why, _)| why),
                    "next": fault.as_ref().map(|(_, next)| next),
                })
            })
            .collect();
        serde_json::json!({
            "schema": "grounds.asked/1",
            "size": self.size,
            "witnesses": answers,
            "is_met": self.is_met,
            "shortfall": self.shortfall,
        })
    }
}

/// After an act that is recorded and acknowledged: what goes wrong now is a warning.
pub(crate) fn ask_after(
    context: &Context,
    dir: &Path,
    origin: &Origin,
    question: Result<Option<Question>, LedgerError>,
) {
    let warn = |why: &str, next: &str| {
        context.say(&format!("warning: recorded, but {why}\nhint: {next}"));
    };
    let told = match question {
        Ok(None) => return,
        Ok(Some(question)) => question.ask(context, dir, origin),
        Err(error) => Err(error.into()),
    };
    let told = match told {
        Ok(told) => told,
        Err(failure) => {
            let next = "grounds witness ask asks again";
            return warn(
                &format!("its witnesses were not asked: {}", failure.message),
                failure.hint.as_deref().unwrap_or(next),
            );
        }
    };
    for (name, fault) in &told.answers {
        if let Some((why, next)) = fault {
            warn(&format!("witness {name} did not cosign: {why}"), next);
        }
    }
    if let Some(lack) = &told.shortfall {
        warn(
            &format!("the quorum of the policy is not met: {lack}"),
            "grounds witness ask asks again",
        );
    }
}

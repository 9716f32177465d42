//! The ledger's witnesses are asked once a head is published: after the act is acknowledged, and
//! while nobody is kept from writing.

use std::path::Path;

use grounds::ledger::{Appender, LedgerError, policy_of};
use grounds::net::{Question, Told};
use grounds::value::Origin;

use crate::context::Context;
use crate::desk::open_appender;
use crate::error::Failure;

/// About the newest head; none where the folder has no policy with a witness that has an address.
pub(crate) fn question(dir: &Path, appender: &Appender) -> Result<Option<Question>, LedgerError> {
    let policy = policy_of(dir)?;
    let last = |witness: &_| appender.last_cosigned(witness);
    Ok(
        policy
            .and_then(|policy| Question::of(policy, appender.checkpoint(), appender.tree(), last)),
    )
}

/// Asks all of them at once, and keeps the lines that hold. The folder is not locked meanwhile: where
/// others have published a newer head by then, they have asked about that one.
pub(crate) fn ask(
    question: &Question,
    context: &Context,
    dir: &Path,
    origin: &Origin,
) -> Result<Told, Failure> {
    let answers = question.ask();
    let lines = answers.lines();
    if lines.is_empty() {
        return Ok(answers.told(&question.policy, None));
    }
    let mut appender = open_appender(context, dir, origin, true)?;
    let added = appender.add_cosignatures_of(&question.note, &question.policy, lines)?;
    appender.close()?;
    Ok(answers.told(&question.policy, Some(&added)))
}

/// For people.
pub(crate) fn text(told: &Told) -> String {
    let mut text = format!("asked about the head of {} entries\n", told.size);
    for (name, fault) in &told.answers {
        text.push_str(&match fault {
            None => format!("  ✓ {name} cosigned\n"),
            Some((why, next)) => format!("  ✗ {name}: {why}\n    next: {next}\n"),
        });
    }
    text.push_str(&match &told.shortfall {
        None => "the quorum is met\n".to_owned(),
        Some(lack) => format!("the quorum is not met: {lack}\n"),
    });
    text
}

/// For programs.
pub(crate) fn json(told: &Told) -> serde_json::Value {
    let answers: Vec<serde_json::Value> = told
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
        "size": told.size,
        "witnesses": answers,
        "is_met": told.is_met,
        "shortfall": told.shortfall,
    })
}

/// After an act that is recorded and acknowledged: what goes wrong now is a warning.
pub(crate) fn ask_after(
    context: &Context,
    dir: &Path,
    origin: &Origin,
    question: Result<Option<Question>, LedgerError>,
) {
    let told = match question {
        Ok(None) => return,
        Ok(Some(question)) => ask(&question, context, dir, origin),
        Err(error @ LedgerError::Policy(_)) => Err(error.into()),
        // What is said of a write that failed is not so here: the act is recorded.
        Err(error) => {
            Err(Failure::from(error).hint("it is recorded; grounds witness ask asks again"))
        }
    };
    match told {
        Ok(told) => warn(context, &told),
        Err(failure) => {
            let next = failure.hint.as_deref();
            say(
                context,
                &format!("its witnesses were not asked: {}", failure.message),
                next.unwrap_or("grounds witness ask asks again"),
            );
        }
    }
}

/// Warns of those that did not cosign, and of a quorum that is not met.
pub(crate) fn warn(context: &Context, told: &Told) {
    for (name, fault) in &told.answers {
        if let Some((why, next)) = fault {
            say(
                context,
                &format!("witness {name} did not cosign: {why}"),
                next,
            );
        }
    }
    if let Some(lack) = &told.shortfall {
        say(
            context,
            &format!("the quorum of the policy is not met: {lack}"),
            "grounds witness ask asks again",
        );
    }
}

fn say(context: &Context, why: &str, next: &str) {
    context.say(&format!("warning: recorded, but {why}\nhint: {next}"));
}

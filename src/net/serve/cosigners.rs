//! Cosigners: the witnesses of the ledger's policy are asked about each head, after it is published
//! and while others write. Where heads come faster than witnesses answer, only the newest of them is
//! asked about.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::spawn_blocking;

use crate::ledger::{Ledger, LedgerError, WriterHandle, policy_of};

use super::super::question::{Question, Told};
use super::current::Current;

/// Who hears what came of asking: not again and again the same.
pub type Tell = Box<dyn Fn(&Result<Told, String>) + Send + Sync>;

/// Asks about every newest head, from the next one on.
pub(super) async fn ask(
    mut current: watch::Receiver<Arc<Current>>,
    writer: WriterHandle,
    tell: Tell,
) {
    let size = |current: &Current| current.ledger.custody().checkpoint.size;
    let mut asked = size(&current.borrow_and_update());
    let mut said = None;
    while current.changed().await.is_ok() {
        let newest = Arc::clone(&current.borrow_and_update());
        // Cosignatures of a head are news of it, and no new head.
        if size(&newest) <= asked {
            continue;
        }
        asked = size(&newest);
        let Some(told) = ask_about(&newest, &writer).await else {
            continue;
        };
        let saying = in_short(&told);
        if said.as_ref() != Some(&saying) {
            tell(&told);
            said = Some(saying);
        }
    }
}

/// What was told but for the numbers that always change.
fn in_short(told: &Result<Told, String>) -> String {
    match told {
        Ok(told) => format!("{:?}{:?}", told.answers, told.shortfall),
        Err(why) => why.clone(),
    }
}

/// None where there is nobody to ask.
async fn ask_about(current: &Arc<Current>, writer: &WriterHandle) -> Option<Result<Told, String>> {
    let newest = Arc::clone(current);
    let asked = spawn_blocking(move || {
        let question = question(&newest.ledger)?;
        let answers = question.as_ref().map(Question::ask);
        Ok::<_, LedgerError>(question.zip(answers))
    });
    let (question, answers) = match asked.await {
        Ok(Ok(asked)) => asked?,
        Ok(Err(error)) => return Some(Err(error.to_string())),
        Err(_) => return Some(Err("the question was not finished".to_owned())),
    };
    let lines = answers.lines();
    if lines.is_empty() {
        return Some(Ok(answers.told(&question.policy, None)));
    }
    let added = writer.add_cosignatures(question.note, question.policy.clone(), lines);
    Some(match added.await {
        Ok(added) => Ok(answers.told(&question.policy, Some(&added))),
        Err(error) => Err(error.to_string()),
    })
}

fn question(ledger: &Ledger) -> Result<Option<Question>, LedgerError> {
    let policy = policy_of(ledger.dir())?;
    let note = &ledger.custody().note;
    let last = |witness: &_| ledger.last_cosigned(witness);
    Ok(policy.and_then(|policy| Question::of(policy, note, ledger.tree(), last)))
}

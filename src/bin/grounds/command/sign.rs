//! `grounds sign FILE…`: one more signature under a commit that somebody wrote to a file.

use std::path::{Path, PathBuf};

use clap::Args;
use grounds::claim::{Code, Data, State};
use grounds::envelope::{Commit, Signed};
use grounds::ledger::{Ledger, Preview, preview, refused};
use grounds::tlog::Tree;
use grounds::value::KeyId;

use crate::context::Context;
use crate::desk::{now, origin_of};
use crate::error::{Exit, Failure};
use crate::render::human::style::safe;
use crate::render::human::written;
use crate::{files, keys, names};

/// A commit file holds one signed commit and a line end; twice what one may have is too much.
const MAX_COMMIT_FILE: u64 = 128 * 1024;

/// Add your signature to commit files, after showing what they say
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  grounds sign retraction.json --key reader.key\n  grounds sign genesis.json --key reader.key --dry-run"
)]
pub(crate) struct Sign {
    /// The files that --out wrote
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Show what it says and who signed; sign nothing
    #[arg(long)]
    dry_run: bool,
    /// Write the result to FILE, leaving the original as it is
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// The agent to sign as, where keys of several are at hand
    #[arg(long = "as", value_name = "AGENT")]
    signer: Option<String>,
}

/// A commit file and what is known of its ledger.
struct Draft {
    signed: Signed<'static>,
    /// The ledger, where it is at hand.
    ledger: Option<Ledger>,
}

impl Sign {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        if self.output.is_some() && self.files.len() > 1 {
            return Err(Failure::usage(
                "found several files, expected one with --output",
            ));
        }
        self.files
            .iter()
            .try_for_each(|path| self.sign(context, path))?;
        Ok(Exit::Done)
    }

    fn sign(&self, context: &Context, path: &Path) -> Result<(), Failure> {
        let mut draft = Draft::read(context, path)?;
        let before = draft.preview().map_err(|failure| Failure {
            message: format!("{}: {}", path.display(), failure.message),
            ..failure
        })?;
        context.say(&draft.words(before.as_ref()));
        if self.dry_run {
            return Ok(());
        }
        let wanted = match (&self.signer, &draft.ledger) {
            (Some(text), Some(ledger)) => Some(names::slug_of(
                ledger.state(),
                grounds::value::Kind::Agent,
                text,
            )?),
            _ => None,
        };
        let is_wanted = |key: &KeyId| {
            draft
                .owner(key)
                .is_some_and(|owner| wanted.as_ref().is_none_or(|wanted| owner == *wanted))
        };
        let signer = keys::find(context, Some(&draft.signed.commit.ledger), &is_wanted)?;
        draft.may_sign(&signer.public().id())?;
        signer.sign(&mut draft.signed)?;
        let to = self.output.as_deref().unwrap_or(path);
        let mut bytes = draft.signed.to_bytes();
        bytes.push(b'\n');
        files::replace(to, &bytes)?;
        context.say(&format!(
            "signed with {}: {} signature{} in {}",
            signer.public().id(),
            draft.signed.signatures.len(),
            if draft.signed.signatures.len() == 1 {
                ""
            } else {
                "s"
            },
            to.display()
        ));
        context.say(&draft.next(to)?);
        Ok(())
    }
}

impl Draft {
    fn read(context: &Context, path: &Path) -> Result<Draft, Failure> {
        let bytes = files::read(path, MAX_COMMIT_FILE)?;
        let bytes = bytes.trim_ascii_end();
        let signed = match Signed::parse(bytes) {
            Ok(signed) => Signed {
                commit: signed.commit.into_owned(),
                signatures: signed.signatures,
            },
            // Prepared elsewhere and signed by nobody yet: the bare commit.
            Err(as_signed) => match Commit::parse(bytes) {
                Ok(commit) => Signed {
                    commit: commit.into_owned(),
                    signatures: Vec::new(),
                },
                Err(as_commit) => {
                    let error = if bytes.starts_with(b"{\"commit\":") {
                        as_signed
                    } else {
                        as_commit
                    };
                    let failure = Failure::from(refused(&error));
                    return Err(Failure {
                        message: format!("{}: {}", path.display(), failure.message),
                        ..failure
                    });
                }
            },
        };
        let is_genesis = signed.commit.anchor.is_none();
        let is_its =
            |ledger: &Ledger| origin_of(ledger).is_ok_and(|origin| origin == signed.commit.ledger);
        let ledger = if is_genesis {
            None
        } else {
            context.open().ok().filter(is_its)
        };
        Ok(Draft { signed, ledger })
    }

    /// What it would do now; none where its ledger is not at hand.
    fn preview(&self) -> Result<Option<Preview>, Failure> {
        let commit = &self.signed.commit;
        let (state, tree) = match &self.ledger {
            Some(ledger) => (ledger.state().clone(), ledger.tree().clone()),
            None if commit.anchor.is_none() => (State::new(), Tree::new()),
            None => return Ok(None),
        };
        Ok(Some(preview(
            &state,
            &tree,
            &commit.ledger,
            &self.signed,
            now(),
        )?))
    }

    fn words(&self, previewed: Option<&Preview>) -> String {
        let commit = &self.signed.commit;
        let mut text = format!(
            "{} by agent/{}, {}\n",
            commit.ledger,
            commit.author,
            commit.at.seconds_text()
        );
        match previewed {
            Some(previewed) => {
                text.push_str(&written::in_words(
                    &previewed.state,
                    previewed.entry.events.len(),
                ));
                for event in &previewed.entry.events {
                    text.push_str(&format!("    {}\n", safe(&event.data.write().to_text())));
                }
            }
            None => {
                for event in &commit.events {
                    text.push_str(&format!(
                        "  {} {}: {}\n",
                        event.subject,
                        event.kind,
                        safe(&event.data.to_text())
                    ));
                }
            }
        }
        for signature in &self.signed.signatures {
            let owner = self
                .owner(&signature.key)
                .map(|owner| format!("agent/{owner} "))
                .unwrap_or_default();
            text.push_str(&format!("  signed by {owner}{}\n", signature.key));
        }
        text.trim_end().to_owned()
    }

    /// Whose a key is, as far as can be told here.
    fn owner(&self, key: &KeyId) -> Option<grounds::value::Slug> {
        if let Some(ledger) = &self.ledger {
            return ledger
                .state()
                .valid_key(key)
                .map(|owner| owner.agent.clone());
        }
        let event = self.signed.commit.events.first()?;
        let data = Data::read(&event.kind, &event.data).ok()?;
        matches!(data, Data::LedgerCreated(_)).then_some(())?;
        let keys = data.new_keys(&event.subject);
        keys.into_iter()
            .find(|(_, claim)| claim.key.id() == *key)
            .map(|(slug, _)| slug)
    }

    fn may_sign(&self, key: &KeyId) -> Result<(), Failure> {
        let is_genesis = self.signed.commit.anchor.is_none();
        match &self.ledger {
            Some(ledger) => keys::owner(ledger.state(), key).map(|_| ()),
            None if is_genesis && self.owner(key).is_none() => Err(Failure::new(
                Exit::No,
                "signature",
                format!(
                    "found the key {key}, expected one of the stewards that this genesis names"
                ),
            )
            .hint("--key FILE names another")),
            None => Ok(()),
        }
    }

    fn next(&self, path: &Path) -> Result<String, Failure> {
        let path = path.display();
        let submit = if self.signed.commit.anchor.is_none() {
            "grounds submit --genesis"
        } else {
            "grounds submit"
        };
        Ok(match self.preview()?.map(|previewed| previewed.verdict) {
            Some(Err(rejection))
                if matches!(rejection.code, Code::Role | Code::Signature | Code::Genesis) =>
            {
                format!("not enough yet: {rejection}\nnext: grounds sign {path}, by the others")
            }
            Some(Err(rejection)) => format!("warning: it would be refused now: {rejection}"),
            _ => format!("next: {submit} {path}, where the log key is"),
        })
    }
}

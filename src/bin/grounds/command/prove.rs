//! `grounds prove`: the proof that an event is in the log.

use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args};
use grounds::envelope::Entry;
use grounds::ledger::{
    AsOf, FolderSource, HeadError, Ledger, NoSuchMoment, SignedHead, prove, prove_cosigned,
    prove_from_tiles,
};
use grounds::tlog::{TileError, TlogProof, VerifierKey};
use grounds::value::{Address, Index};

use super::heads;
use crate::context::Context;
use crate::error::{Exit, Failure};
use crate::policy_file;

/// Make the proof that an event is in the log, for somebody who has neither; or the proof that one
/// checkpoint extends another, or that two cannot be of one history.
///
/// It reads the stored tiles, each authenticated against the checkpoint, and no more of the ledger
/// than that; where they are missing or damaged it reads all lines and says so.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  grounds prove @14 -o attestation.tlog-proof
  grounds prove --from checkpoint.old -o since.consistency.json
  grounds prove --fork ../another-copy -o fork.json")]
#[command(group = ArgGroup::new("what").required(true))]
pub(crate) struct Prove {
    /// The event: an address (@41, @41.0) or the beginning of its id
    #[arg(value_name = "EVENT", group = "what")]
    event: Option<String>,

    /// Prove that the newest head, or the one of --to, extends this signed checkpoint
    #[arg(
        long,
        value_name = "CHECKPOINT",
        group = "what",
        conflicts_with = "policy"
    )]
    from: Option<PathBuf>,

    /// The newer signed checkpoint [default: the newest]
    #[arg(long, value_name = "CHECKPOINT", requires = "from")]
    to: Option<PathBuf>,

    /// Prove that this ledger and another copy of it (a folder, an address, or a signed checkpoint)
    /// are two histories signed by one log
    #[arg(long, value_name = "OTHER", group = "what", conflicts_with = "policy")]
    fork: Option<String>,

    /// Write the proof to this file [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Prove it at the first head that has a quorum of this tlog-policy, not at the newest
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
}

impl Prove {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        if let Some(from) = &self.from {
            let (proof, what) = heads::extension(context, from, self.to.as_deref())?;
            let hint = "grounds check FILE --from CHECKPOINT --vkey VKEY";
            return self.give(context, "consistency", &proof, &what, hint);
        }
        if let Some(other) = &self.fork {
            let (proof, what) = heads::fork(context, other)?;
            let hint = "grounds check FILE --fork ORIGIN --vkey VKEY";
            return self.give(context, "fork", &proof, &what, hint);
        }
        self.event(context, self.event.as_deref().unwrap_or_default())
    }

    fn give(
        &self,
        context: &Context,
        kind: &str,
        proof: &[u8],
        what: &str,
        hint: &str,
    ) -> Result<Exit, Failure> {
        self.write(proof)?;
        match (&self.output, context.global.json) {
            (_, true) => context.print_json(&serde_json::json!({
                "schema": "grounds.prove/1", "kind": kind, "proof": String::from_utf8_lossy(proof),
            }))?,
            (None, false) => context.print_bytes(proof)?,
            (Some(path), false) => {
                context.say(&format!(
                    "{}: {what}\ncheck it with: {hint}",
                    path.display()
                ));
            }
        }
        Ok(Exit::Done)
    }

    fn write(&self, proof: &[u8]) -> Result<(), Failure> {
        match &self.output {
            Some(path) => std::fs::write(path, proof).map_err(|error| Failure::io(path, &error)),
            None => Ok(()),
        }
    }

    fn event(&self, context: &Context, event: &str) -> Result<Exit, Failure> {
        let made = match &self.policy {
            None => Made::of(context, event)?,
            Some(policy) => Made::cosigned(context, event, policy)?,
        };
        self.write(&made.proof)?;
        match (&self.output, context.global.json) {
            (_, true) => {
                let text = String::from_utf8_lossy(&made.proof).into_owned();
                context.print_json(&serde_json::json!({
                    "schema": "grounds.prove/1", "index": made.index, "proof": text,
                }))?;
            }
            (None, false) => context.print_bytes(&made.proof)?,
            (Some(path), false) => context.say(&format!(
                "{}: entry @{index} under the head of {} entries\ncheck it with: grounds check {} --entry @{index} --vkey '{}'",
                path.display(),
                made.size,
                path.display(),
                made.vkey,
                index = made.index,
            )),
        }
        Ok(Exit::Done)
    }
}

/// A proof of an entry, and under which head.
struct Made {
    proof: Vec<u8>,
    index: Index,
    size: u64,
    vkey: VerifierKey,
}

impl Made {
    /// An address names its entry, so the tiles are enough; an id has to be looked for.
    fn of(context: &Context, event: &str) -> Result<Made, Failure> {
        let moment: AsOf = event.parse()?;
        let address = match moment {
            AsOf::Entry(index) => Some((index, None)),
            AsOf::Event(Address { entry, position }) => Some((entry, Some(position))),
            _ => None,
        };
        if let Some((index, position)) = address {
            match Made::from_tiles(&context.ledger_dir()?, moment, index, position) {
                Ok(made) => return Ok(made),
                Err(FromTiles::Unread(why)) => heads::say_unread(context, &why),
                Err(FromTiles::Other(failure)) => return Err(failure),
            }
        }
        let ledger = context.open()?;
        let index = entry_of(&ledger, event)?;
        Ok(Made {
            proof: prove(&ledger, index)?,
            index,
            size: ledger.custody().checkpoint.size,
            vkey: ledger.custody().vkey.clone(),
        })
    }

    /// At the head that a quorum saw first.
    fn cosigned(context: &Context, event: &str, policy: &Path) -> Result<Made, Failure> {
        let ledger = context.open()?;
        let index = entry_of(&ledger, event)?;
        let policy = policy_file::read(policy)?;
        let proved = prove_cosigned(&ledger, index, &policy)?;
        let (size, proof) = proved.ok_or_else(|| {
            Failure::new(
                Exit::CannotTell,
                "witnesses",
                format!("found no head that covers @{index} and has a quorum of the policy given"),
            )
            .hint("witnesses are asked when a head is published; without --policy it is proved at the newest head")
        })?;
        let vkey = ledger.custody().vkey.clone();
        Ok(Made {
            proof,
            index,
            size,
            vkey,
        })
    }

    fn from_tiles(
        dir: &Path,
        moment: AsOf,
        index: Index,
        position: Option<u16>,
    ) -> Result<Made, FromTiles> {
        let (head, vkey) = SignedHead::of_folder(dir, None).map_err(Failure::from)?;
        let mut tiles = head.tiles(FolderSource::new(dir))?;
        let proof = match prove_from_tiles(&mut tiles, &head, index) {
            Err(TileError::Beyond { .. }) => return Err(no_such_event(moment, head.head.size)),
            proof => proof.map_err(HeadError::from)?,
        };
        if position.is_some_and(|position| usize::from(position) >= events_in(&proof)) {
            return Err(no_such_event(moment, head.head.size));
        }
        Ok(Made {
            proof,
            index,
            size: head.head.size,
            vkey,
        })
    }
}

/// Why the tiles gave no proof.
enum FromTiles {
    /// They are not there or not authentic.
    Unread(String),
    Other(Failure),
}

impl From<Failure> for FromTiles {
    fn from(failure: Failure) -> FromTiles {
        FromTiles::Other(failure)
    }
}

impl From<HeadError> for FromTiles {
    fn from(error: HeadError) -> FromTiles {
        match error {
            HeadError::Tiles(error) => FromTiles::Unread(error.to_string()),
            other => FromTiles::Other(other.into()),
        }
    }
}

fn no_such_event(moment: AsOf, size: u64) -> FromTiles {
    FromTiles::Other(NoSuchMoment { moment, size }.into())
}

/// How many events the entry in a proof holds.
fn events_in(proof: &[u8]) -> usize {
    let line = TlogProof::parse(proof).ok().and_then(|proof| proof.extra);
    let entry = line.as_deref().and_then(|line| Entry::parse(line).ok());
    entry.map_or(0, |entry| entry.signed.commit.events.len())
}

/// The entry that holds an event, by address or by the beginning of its id.
pub(crate) fn entry_of(ledger: &Ledger, event: &str) -> Result<Index, Failure> {
    let moment: AsOf = event.parse()?;
    if let AsOf::Moment(_) = moment {
        return Err(Failure::usage(format!(
            "{event}: expected an address (@41, @41.0) or an event id"
        ))
        .hint("grounds log lists the events with their addresses"));
    }
    Ok(ledger.size_as_of(&moment)?.saturating_sub(1))
}

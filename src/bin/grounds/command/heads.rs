//! Two signed heads of one log: the proof that one extends the other, or that it cannot; made for
//! `grounds prove`, checked for `grounds check`.

use std::path::Path;

use grounds::ledger::{
    AnySource, Cosignature, FolderSource, HeadError, NotProved, SignedHead, TreeSource,
    check_cosignatures, prove_consistency, prove_fork,
};
use grounds::tlog::{
    AuthenticTiles, ConsistencyProof, ForkProof, Head, HeadsError, ProvedConsistency, ProvedFork,
    TlogPolicy, VerifierKey,
};
use serde::Serialize;

use crate::context::Context;
use crate::error::{Exit, Failure};
use crate::files;
use crate::render;
use crate::sources::{self, Place};

/// The most bytes of a checkpoint.
pub(super) const LONGEST_NOTE: u64 = 1_000_000;

/// What was found out about two heads, as `--json` prints it.
#[derive(Debug, Serialize)]
pub(crate) struct Answer {
    schema: &'static str,
    /// What was asked.
    pub(crate) asked: String,
    /// What the proof binds; none where it proves nothing of the kind.
    pub(crate) proved: Option<Bound>,
    /// Why not.
    pub(crate) why_not: Option<String>,
}

/// The two heads that a proof binds.
#[derive(Debug, Serialize)]
pub(crate) struct Bound {
    pub(crate) origin: String,
    pub(crate) older: BoundHead,
    pub(crate) newer: BoundHead,
    /// The root that the newer tree had at the older size, where it is another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) prefix: Option<String>,
    pub(crate) unchecked: usize,
    /// Who of the policy given cosigned the newer head, earliest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) cosignatures: Vec<Cosignature>,
}

/// A head, as `--json` prints it.
#[derive(Debug, Serialize)]
pub(crate) struct BoundHead {
    pub(crate) size: u64,
    pub(crate) root: String,
}

impl From<Head> for BoundHead {
    fn from(head: Head) -> BoundHead {
        BoundHead {
            size: head.size,
            root: head.root.to_string(),
        }
    }
}

impl From<ProvedConsistency> for Bound {
    fn from(proved: ProvedConsistency) -> Bound {
        Bound {
            origin: proved.origin,
            older: proved.older.into(),
            newer: proved.newer.into(),
            prefix: None,
            unchecked: proved.unchecked,
            cosignatures: Vec::new(),
        }
    }
}

impl From<ProvedFork> for Bound {
    fn from(proved: ProvedFork) -> Bound {
        Bound {
            origin: proved.origin,
            older: proved.older.into(),
            newer: proved.newer.into(),
            prefix: Some(proved.prefix.to_string()),
            unchecked: proved.unchecked,
            cosignatures: Vec::new(),
        }
    }
}

/// Does the file prove that the log extended the checkpoint that the reader has?
pub(crate) fn check_extension(
    context: &Context,
    file: &[u8],
    mine: &Path,
    vkey: &VerifierKey,
    policy: Option<&TlogPolicy>,
) -> Result<Exit, Failure> {
    let note = files::read(mine, LONGEST_NOTE)?;
    let asked = format!("an extension of the checkpoint in {}", mine.display());
    let proof = match ConsistencyProof::parse(file) {
        Err(_) if ForkProof::parse(file).is_ok() => {
            let why = "found a fork proof, expected a consistency proof; ask with --fork";
            return answer(context, asked, Err(why.to_owned()));
        }
        parsed => parsed,
    };
    let checked = proof.and_then(|proof| Ok((proof.verify(&note, vkey)?, proof.newer)));
    let (mut bound, newer) = match checked {
        Ok((proved, newer)) => (Bound::from(proved), newer),
        Err(error) => return answer(context, asked, Err(error.to_string())),
    };
    // The quorum is asked of the head that the reader does not know yet.
    if let Some(policy) = policy {
        match check_cosignatures(&newer, vkey, policy) {
            Ok(witnesses) => {
                let checked = witnesses.cosignatures.len();
                bound.unchecked = bound.unchecked.saturating_sub(checked);
                bound.cosignatures = witnesses.cosignatures;
            }
            Err(NotProved::Quorum(missing)) => {
                let message = format!("{asked}: found no quorum of the policy given: {missing}");
                return Err(Failure::new(Exit::CannotTell, "witnesses", message));
            }
            Err(error) => return answer(context, asked, Err(error.to_string())),
        }
    }
    answer(context, asked, Ok(bound))
}

/// Does the file prove that the log signed two histories?
pub(crate) fn check_fork(
    context: &Context,
    file: &[u8],
    origin: &str,
    vkey: &VerifierKey,
) -> Result<Exit, Failure> {
    let checked = match ForkProof::parse(file) {
        Err(_) if ConsistencyProof::parse(file).is_ok() => {
            Err("found a consistency proof, expected a fork proof; ask with --from".to_owned())
        }
        parsed => parsed
            .and_then(|proof| proof.verify(origin, vkey))
            .map_err(|error: HeadsError| error.to_string()),
    };
    let asked = format!("a fork of {origin}");
    answer(context, asked, checked.map(Bound::from))
}

fn answer(
    context: &Context,
    asked: String,
    checked: Result<Bound, String>,
) -> Result<Exit, Failure> {
    let exit = if checked.is_ok() {
        Exit::Done
    } else {
        Exit::No
    };
    let (proved, why_not) = match checked {
        Ok(bound) => (Some(bound), None),
        Err(why) => (None, Some(why)),
    };
    let answer = Answer {
        schema: "grounds.check/1",
        asked,
        proved,
        why_not,
    };
    match context.global.json {
        true => context.print_json(&answer)?,
        false => context.print(&render::human::audit::heads(&answer))?,
    }
    Ok(exit)
}

/// The proof that `to`, or the newest head, extends `from`; and the sizes it spans.
pub(crate) fn extension(
    context: &Context,
    from: &Path,
    to: Option<&Path>,
) -> Result<(Vec<u8>, String), Failure> {
    let (newest, vkey) = SignedHead::of_folder(&context.ledger_dir()?, None)?;
    let older = signed(from, &vkey)?;
    let newer = match to {
        Some(path) => signed(path, &vkey)?,
        None => newest.clone(),
    };
    let proof = ask_own_tiles(context, &newest, &|tiles| {
        prove_consistency(tiles, &older, &newer)
    })?;
    let (old, new) = (older.head.size, newer.head.size);
    Ok((
        proof.to_bytes(),
        format!("the head of {new} entries extends the one of {old}"),
    ))
}

/// The proof that this ledger and another, or a checkpoint of it, are two histories of one log.
pub(crate) fn fork(context: &Context, other: &str) -> Result<(Vec<u8>, String), Failure> {
    let (ours, vkey) = SignedHead::of_folder(&context.ledger_dir()?, None)?;
    let mut source = match sources::place(other) {
        Place::File(path) => {
            let theirs = signed(&path, &vkey)?;
            return told(fork_with(context, &ours, &theirs, None)?, other);
        }
        place => sources::open(context, &place)?,
    };
    let theirs = SignedHead::fetch(&mut *source, &vkey)?;
    told(
        fork_with(context, &ours, &theirs, Some(&mut *source))?,
        other,
    )
}

/// The larger of two heads tells what it had at the size of the smaller: its tiles are asked.
fn fork_with(
    context: &Context,
    ours: &SignedHead,
    theirs: &SignedHead,
    source: Option<&mut AnySource<'_>>,
) -> Result<Option<ForkProof>, Failure> {
    match source {
        Some(source) if theirs.head.size > ours.head.size => {
            Ok(prove_fork(&mut theirs.tiles(source)?, theirs, ours)?)
        }
        _ => ask_own_tiles(context, ours, &|tiles| prove_fork(tiles, ours, theirs)),
    }
}

fn told(proof: Option<ForkProof>, other: &str) -> Result<(Vec<u8>, String), Failure> {
    let Some(proof) = proof else {
        let message = format!("found one history here and in {other}, expected two");
        return Err(Failure::new(Exit::No, "no_fork", message));
    };
    let what = "the log's key has signed two histories".to_owned();
    Ok((proof.to_bytes(), what))
}

fn signed(path: &Path, vkey: &VerifierKey) -> Result<SignedHead, Failure> {
    let note = files::read(path, LONGEST_NOTE)?;
    SignedHead::open(&note, vkey).map_err(|error| {
        Failure::new(
            Exit::No,
            "checkpoint",
            format!("{}: {error}", path.display()),
        )
        .hint("a signed checkpoint of this log is needed, as the file checkpoint in its folder")
    })
}

type OwnTiles<'t, 's> = AuthenticTiles<&'t mut AnySource<'s>>;

/// Asks the tiles that are stored; where these are not to be had, the tree of the lines, and says so.
fn ask_own_tiles<T>(
    context: &Context,
    newest: &SignedHead,
    ask: &dyn Fn(&mut OwnTiles<'_, '_>) -> Result<T, HeadError>,
) -> Result<T, Failure> {
    let mut folder = FolderSource::new(&context.ledger_dir()?);
    let stored: &mut AnySource<'_> = &mut folder;
    match newest.tiles(stored).and_then(|mut tiles| ask(&mut tiles)) {
        Err(HeadError::Tiles(error)) => say_unread(context, &error.to_string()),
        done => return Ok(done?),
    }
    let ledger = context.open()?;
    let mut tree = TreeSource(ledger.tree());
    let of_lines: &mut AnySource<'_> = &mut tree;
    Ok(newest
        .tiles(of_lines)
        .and_then(|mut tiles| ask(&mut tiles))?)
}

/// Says that the tiles were of no use, and what was read in their place.
pub(crate) fn say_unread(context: &Context, why: &str) {
    context.say(&format!(
        "note: the stored tiles could not be used, so all lines were read: {why}"
    ));
}

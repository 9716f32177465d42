//! Proofs of single entries, made and checked.

use std::fmt;

use crate::envelope::{Entry, Withheld};
use crate::hash::Hash;
use crate::tlog::{
    AuthenticTiles, CheckpointError, NoteError, TileError, TileSource, TlogPolicy, TlogProof,
    TlogProofError, VerifierKey, leaf_hash,
};
use crate::value::{CommitId, EventId, Index, Subject, Time};

use super::cosigned::{Cosignature, HeadNote, RefusedLine, time_of};
use super::heads::SignedHead;
use super::lines::leaf_of_line;
use super::read::Ledger;
use super::refusal::{LedgerError, refused};
use super::source::SourceError;

/// The `.tlog-proof` of an entry at the newest head, with the entry itself as its unauthenticated
/// `extra`, so that the file alone can be checked.
///
/// # Errors
/// When the entry cannot be read.
pub fn prove(ledger: &Ledger, index: Index) -> Result<Vec<u8>, LedgerError> {
    let custody = ledger.custody();
    proof_at(ledger, index, custody.checkpoint.size, custody.note.clone())
}

/// As [`prove`], at the head that a quorum of this policy saw first, and the head's size; none where
/// no cosigned head that is kept covers the entry and has one.
///
/// # Errors
/// When the entry cannot be read.
pub fn prove_cosigned(
    ledger: &Ledger,
    index: Index,
    policy: &TlogPolicy,
) -> Result<Option<(u64, Vec<u8>)>, LedgerError> {
    let first = ledger.first_quorum(index, policy);
    let proof = first.map(|(size, note)| Ok((size, proof_at(ledger, index, size, note)?)));
    proof.transpose()
}

fn proof_at(
    ledger: &Ledger,
    index: Index,
    size: u64,
    checkpoint: Vec<u8>,
) -> Result<Vec<u8>, LedgerError> {
    let line = ledger.line(index)?;
    let path = ledger.tree().inclusion(index, size).unwrap_or_default();
    Ok(proof_of(line, index, path, checkpoint))
}

/// As [`prove`], from the tiles and the bundle that are stored under a head: a few files, however
/// long the log is.
///
/// # Errors
/// Where the head does not have the entry, or one of the files cannot be had or is not authentic.
pub fn prove_from_tiles<S: TileSource<Error = SourceError>>(
    tiles: &mut AuthenticTiles<S>,
    head: &SignedHead,
    index: Index,
) -> Result<Vec<u8>, TileError<SourceError>> {
    let size = head.head.size;
    let path = tiles.inclusion(index, size)?;
    let mut entries = tiles.entries_by(index / 256, &leaf_of_line)?;
    let place = (index % 256) as usize;
    if place >= entries.len() {
        return Err(TileError::Beyond { asked: index, size });
    }
    let line = entries.swap_remove(place);
    Ok(proof_of(line, index, path, head.note.clone()))
}

/// The file; without the entry where that is withheld, whose line is not what was hashed.
fn proof_of(line: Vec<u8>, index: Index, path: Vec<Hash>, checkpoint: Vec<u8>) -> Vec<u8> {
    let is_withheld = Withheld::parse(&line).is_some();
    TlogProof {
        extra: (!is_withheld).then_some(line),
        index,
        path,
        checkpoint,
    }
    .to_bytes()
}

/// What a proof is asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProofOf {
    /// An event, by its id.
    Event(EventId),
    /// A commit, by its id.
    Commit(CommitId),
    /// An entry, by its index.
    Entry(Index),
    /// Some event of a subject.
    Subject(Subject),
}

impl fmt::Display for ProofOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ProofOf::Event(id) => write!(f, "event {id}"),
            ProofOf::Commit(id) => write!(f, "commit {id}"),
            ProofOf::Entry(index) => write!(f, "entry @{index}"),
            ProofOf::Subject(subject) => write!(f, "an event of {subject}"),
        }
    }
}

/// What a proof binds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proved {
    /// The ledger's origin.
    pub origin: String,
    /// Index of the entry.
    pub index: Index,
    /// Size of the head that it is proved at.
    pub size: u64,
    /// Root of that head.
    pub root: Hash,
    /// Id of the commit in the entry.
    pub commit: CommitId,
    /// Ids and subjects of its events.
    pub events: Vec<(EventId, Subject)>,
    /// Signature lines that no key at hand could check: none where a policy was given.
    pub unchecked: usize,
    /// What the witnesses of the policy given have cosigned, earliest first.
    pub cosignatures: Vec<Cosignature>,
    /// By when the head was there, and so the entry, by the word of a quorum of that policy.
    pub not_after: Option<Time>,
}

/// Why a proof does not prove what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotProved {
    /// The file, the path or the head is wrong.
    Proof(String),
    /// The file carries no entry, and none was given.
    NoEntry,
    /// Witnesses are missing that the policy asks for: which, in words.
    Quorum(String),
    /// The entry is not of its form.
    Entry(String),
    /// It is a proof, of something else.
    Other {
        /// What was asked.
        asked: String,
        /// What it is a proof of.
        found: String,
    },
}

impl fmt::Display for NotProved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotProved::Proof(why) => f.write_str(why),
            NotProved::NoEntry => f.write_str(
                "found no entry in the proof file, expected one in its extra line or beside the proof, as in a receipt",
            ),
            NotProved::Quorum(missing) => write!(f, "{missing}; expected a quorum of the policy given"),
            NotProved::Entry(why) => write!(f, "the entry: {why}"),
            NotProved::Other { asked, found } => write!(f, "found a proof of {found}; expected a proof of {asked}"),
        }
    }
}

impl std::error::Error for NotProved {}

impl From<TlogProofError> for NotProved {
    fn from(error: TlogProofError) -> NotProved {
        NotProved::Proof(match error {
            TlogProofError::Checkpoint(CheckpointError::Note(NoteError::NoKnownKey)) => {
                "found a head that another key signed, expected one signed by the key given"
                    .to_owned()
            }
            error => error.to_string(),
        })
    }
}

/// Checks a `.tlog-proof` against what is asked, the log's key, and the entry (given, or carried in
/// the file). It never says that a proof is fine without saying of what. With a policy, each line
/// below the head must be the log's or hold under a witness that it names, and they must be enough;
/// without one, lines of witnesses are counted and not checked.
///
/// # Errors
/// [`NotProved`].
pub fn check_proof(
    file: &[u8],
    of: &ProofOf,
    vkey: &VerifierKey,
    entry: Option<&[u8]>,
    policy: Option<&TlogPolicy>,
) -> Result<Proved, NotProved> {
    let proof = TlogProof::parse(file)?;
    let line = entry
        .map(<[u8]>::to_vec)
        .or_else(|| proof.extra.clone())
        .ok_or(NotProved::NoEntry)?;
    let bound = proof.verify(leaf_hash(&line), vkey.name(), vkey)?;
    let entry =
        Entry::parse(&line).map_err(|error| NotProved::Entry(refused(&error).to_string()))?;
    let commit = &entry.signed.commit;
    let events: Vec<(EventId, Subject)> = commit
        .events
        .iter()
        .map(|event| (event.id, event.subject.clone()))
        .collect();
    let is_it = match of {
        ProofOf::Event(id) => events.iter().any(|(own, _)| own == id),
        ProofOf::Commit(id) => commit.id() == *id,
        ProofOf::Entry(index) => bound.index == *index,
        ProofOf::Subject(subject) => events.iter().any(|(_, own)| own == subject),
    };
    if !is_it || commit.ledger.as_str() != vkey.name() {
        let subjects: Vec<String> = events
            .iter()
            .map(|(_, subject)| subject.to_string())
            .collect();
        let found = format!(
            "entry @{} of {}, with events of {}",
            bound.index,
            commit.ledger,
            subjects.join(", ")
        );
        return Err(NotProved::Other {
            asked: of.to_string(),
            found,
        });
    }
    let witnessed = policy
        .map(|policy| check_cosignatures(&proof.checkpoint, vkey, policy))
        .transpose()?;
    let Witnesses {
        cosignatures,
        not_after,
    } = witnessed.unwrap_or_default();
    Ok(Proved {
        origin: commit.ledger.to_string(),
        index: bound.index,
        size: bound.size,
        root: bound.root,
        commit: commit.id(),
        events,
        unchecked: match policy {
            Some(_) => 0,
            None => bound.unchecked.len(),
        },
        cosignatures,
        not_after,
    })
}

/// Who cosigned a head, and by when it was there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Witnesses {
    /// What they signed, earliest first.
    pub cosignatures: Vec<Cosignature>,
    /// By when the head was there, by the word of a quorum; none where nobody is asked for.
    pub not_after: Option<Time>,
}

/// Holds the note of a head against a policy: each line must be the log's or hold under a witness
/// that it names, none may stand twice, and they must be enough.
///
/// # Errors
/// [`NotProved::Proof`] for a line that may not stand there, [`NotProved::Quorum`] where witnesses
/// are missing.
pub fn check_cosignatures(
    note: &[u8],
    vkey: &VerifierKey,
    policy: &TlogPolicy,
) -> Result<Witnesses, NotProved> {
    let note = HeadNote::read(note, vkey, &policy.witness_keys())
        .map_err(|error| NotProved::Proof(error.to_string()))?;
    for (line, judged) in &note.lines {
        if let Err(fault) = judged {
            let (name, key_id) = (line.name().to_owned(), line.key_id());
            let refused = RefusedLine {
                name,
                key_id,
                fault: *fault,
            };
            return Err(NotProved::Proof(refused.to_string()));
        }
    }
    let good = note.good();
    match policy.shortfall(&good) {
        Some(missing) => Err(NotProved::Quorum(missing)),
        None => Ok(Witnesses {
            cosignatures: Cosignature::all_of(&good, Some(policy)),
            not_after: policy.not_after(&good).map(time_of),
        }),
    }
}

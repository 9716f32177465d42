//! Heads: what one signed head is to another, proved from tiles wherever they are.

use std::fmt;
use std::path::Path;

use crate::hash::Hash;
use crate::tlog::{
    AuthenticTiles, Checkpoint, CheckpointError, ConsistencyProof, ForkProof, Head, TileError,
    TileSource, VerifierKey,
};

use super::cosigned::{HeadNote, keys_in};
use super::read::front;
use super::refusal::LedgerError;
use super::source::SourceError;

/// The most bytes of a checkpoint that is fetched.
const LONGEST_NOTE: usize = 1_000_000;

/// Why nothing is proved of two heads.
#[derive(Debug)]
pub enum HeadError {
    /// A source has no checkpoint.
    NoCheckpoint,
    /// A note that is no checkpoint signed by the log's key.
    Checkpoint(CheckpointError),
    /// A tile cannot be had or is not authentic.
    Tiles(TileError<SourceError>),
    /// The checkpoint is one of a larger tree than is here.
    Beyond {
        /// The head asked about.
        asked: Head,
        /// The newest one here.
        newest: Head,
    },
    /// The log has signed two histories: the checkpoint asked about is not of this one.
    OtherHistory {
        /// The head asked about.
        asked: Head,
        /// The root that the tree here had at its size.
        root: Hash,
    },
    /// The older of two checkpoints is the larger one.
    Order {
        /// The size of the one given as the older.
        older: u64,
        /// The size of the one given as the newer.
        newer: u64,
    },
}

impl fmt::Display for HeadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HeadError::NoCheckpoint => f.write_str("found no checkpoint, expected a signed head"),
            HeadError::Checkpoint(error) => error.fmt(f),
            HeadError::Tiles(error) => error.fmt(f),
            HeadError::Beyond { asked, newest } => write!(
                f,
                "found a newest head of {} entries, expected one of at least {}, as in the checkpoint given: entries were removed here, or they are elsewhere",
                newest.size, asked.size
            ),
            HeadError::OtherHistory { asked, root } => write!(
                f,
                "found root {root} at size {}, expected {}, as in the checkpoint given: the log's key has signed two histories",
                asked.size, asked.root
            ),
            HeadError::Order { older, newer } => write!(
                f,
                "found an older checkpoint of {older} entries and a newer one of {newer}, expected no fewer in the newer"
            ),
        }
    }
}

impl std::error::Error for HeadError {}

impl From<CheckpointError> for HeadError {
    fn from(error: CheckpointError) -> HeadError {
        HeadError::Checkpoint(error)
    }
}

impl From<TileError<SourceError>> for HeadError {
    fn from(error: TileError<SourceError>) -> HeadError {
        HeadError::Tiles(error)
    }
}

/// A checkpoint note that the log's key has signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedHead {
    /// Its size and root.
    pub head: Head,
    /// The note, verbatim.
    pub note: Vec<u8>,
}

impl SignedHead {
    /// Opens a note.
    ///
    /// # Errors
    /// [`HeadError::Checkpoint`].
    pub fn open(note: &[u8], log: &VerifierKey) -> Result<SignedHead, HeadError> {
        let Checkpoint { size, root, .. } = Checkpoint::open(note, log)?.checkpoint;
        Ok(SignedHead {
            head: Head { size, root },
            note: note.to_vec(),
        })
    }

    /// The newest head of a ledger's folder and the key it was checked with: `vkey`, else the one
    /// that the ledger's own genesis names.
    ///
    /// # Errors
    /// When there is no ledger, no readable genesis to take the key from, or a checkpoint that the
    /// key did not sign.
    pub fn of_folder(
        dir: &Path,
        vkey: Option<&VerifierKey>,
    ) -> Result<(SignedHead, VerifierKey), LedgerError> {
        let (reader, note, _, vkey, _) = front(dir, vkey)?;
        let note = HeadNote::read(&note, &vkey, &keys_in(&reader))?;
        let Checkpoint { size, root, .. } = note.checkpoint;
        let head = Head { size, root };
        let note = note.to_bytes();
        Ok((SignedHead { head, note }, vkey))
    }

    /// Fetches the newest head of a source.
    ///
    /// # Errors
    /// [`HeadError::NoCheckpoint`], [`HeadError::Checkpoint`], or when the source fails.
    pub fn fetch<S: TileSource<Error = SourceError> + ?Sized>(
        source: &mut S,
        log: &VerifierKey,
    ) -> Result<SignedHead, HeadError> {
        SignedHead::open(&fetch_note(source)?, log)
    }

    /// The tiles under this head.
    ///
    /// # Errors
    /// [`HeadError::Tiles`].
    pub fn tiles<S: TileSource<Error = SourceError>>(
        &self,
        source: S,
    ) -> Result<AuthenticTiles<S>, HeadError> {
        Ok(AuthenticTiles::open(
            source,
            self.head.size,
            self.head.root,
        )?)
    }
}

/// The bytes of a source's checkpoint.
pub(super) fn fetch_note<S: TileSource<Error = SourceError> + ?Sized>(
    source: &mut S,
) -> Result<Vec<u8>, HeadError> {
    let path = "checkpoint";
    let note = source
        .fetch(path, LONGEST_NOTE)
        .map_err(|error| TileError::Source {
            path: path.to_owned(),
            error,
        })?;
    note.ok_or(HeadError::NoCheckpoint)
}

/// The proof that the newer of two signed heads extends the older one. Both are no larger than the
/// tree whose tiles these are.
///
/// # Errors
/// Where one of them is not a head of this tree, they stand in the wrong order, or the tiles are not
/// authentic.
pub fn prove_consistency<S: TileSource<Error = SourceError>>(
    tiles: &mut AuthenticTiles<S>,
    older: &SignedHead,
    newer: &SignedHead,
) -> Result<ConsistencyProof, HeadError> {
    for asked in [newer.head, older.head] {
        expect_ours(tiles, asked)?;
    }
    let (old, new) = (older.head.size, newer.head.size);
    if old > new {
        return Err(HeadError::Order {
            older: old,
            newer: new,
        });
    }
    Ok(ConsistencyProof {
        path: tiles.consistency(old, new)?,
        newer: newer.note.clone(),
        older: older.note.clone(),
    })
}

fn expect_ours<S: TileSource<Error = SourceError>>(
    tiles: &mut AuthenticTiles<S>,
    asked: Head,
) -> Result<(), HeadError> {
    let newest = Head {
        size: tiles.size(),
        root: tiles.root(),
    };
    if asked.size > newest.size {
        return Err(HeadError::Beyond { asked, newest });
    }
    let root = tiles.root_at(asked.size)?;
    if root == asked.root {
        return Ok(());
    }
    Err(HeadError::OtherHistory { asked, root })
}

/// The proof that the log has signed two histories: `newer`, whose tiles these are, does not begin
/// with `older`. `None` where it does.
///
/// # Errors
/// [`HeadError::Beyond`] where `older` is the larger one; where the tiles are not authentic.
pub fn prove_fork<S: TileSource<Error = SourceError>>(
    tiles: &mut AuthenticTiles<S>,
    newer: &SignedHead,
    older: &SignedHead,
) -> Result<Option<ForkProof>, HeadError> {
    let asked = older.head;
    match expect_ours(tiles, asked) {
        Ok(()) => Ok(None),
        Err(HeadError::OtherHistory { root, .. }) => Ok(Some(ForkProof {
            path: tiles.consistency(asked.size, tiles.size())?,
            newer: newer.note.clone(),
            older: older.note.clone(),
            prefix: root,
        })),
        Err(error) => Err(error),
    }
}

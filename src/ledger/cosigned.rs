//! Cosigned heads: what witnesses have signed, kept in the folder (docs/FORMAT.md, "Witnesses").
//!
//! `checkpoint` carries the newest line of each witness, which says how fresh the head is. The note
//! `cosigned/<size>` carries the earliest, which says since when it has been there at the latest;
//! it is kept for ever, since the next batch replaces `checkpoint`.

use std::fmt;
use std::path::Path;

use serde::Serialize;

use crate::hash::Hash;
use crate::store::segment::{Files, SegmentReader};
use crate::tlog::{
    Checkpoint, CheckpointError, GoodSignature, Note, NoteKeyId, SignatureLine, TlogPolicy, Tree,
    VerifierKey,
};
use crate::value::Time;

use super::lines::open_reader;
use super::refusal::LedgerError;
use super::work::in_parallel;

/// The folder of the notes that are kept.
pub(super) const FOLDER: &str = "cosigned";
/// The file that names the witnesses that the log asks.
pub(super) const POLICY: &str = "policy";
/// The most lines of witnesses in a note: with the log's they are a hundred.
const MOST_LINES: usize = 99;

/// A head of the ledger, with cosignatures that hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CosignedHead {
    /// How many entries it covers.
    pub size: u64,
    /// Their root.
    pub root: Hash,
    /// The cosignatures, in the order of the note: sorted by key name.
    pub cosignatures: Vec<GoodSignature>,
}

/// A cosignature that holds, for people and programs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cosignature {
    /// The witness's name in the policy that was asked, else the name of its key.
    pub witness: String,
    /// Its key, as a vkey.
    pub key: String,
    /// When it signed, by its clock: whole seconds; at most the end of year 9999.
    pub time: Time,
}

impl Cosignature {
    /// A good signature with the name that a policy gives its key; none of a signature without time.
    #[must_use]
    pub fn of(good: &GoodSignature, policy: Option<&TlogPolicy>) -> Option<Cosignature> {
        let named = policy.and_then(|policy| policy.witness(&good.key));
        Some(Cosignature {
            witness: named.map_or_else(
                || good.key.name().to_owned(),
                |witness| witness.name.clone(),
            ),
            key: good.key.to_string(),
            time: time_of(good.time?),
        })
    }

    /// All of them, earliest first, a witness once: at its earliest.
    #[must_use]
    pub fn all_of(good: &[GoodSignature], policy: Option<&TlogPolicy>) -> Vec<Cosignature> {
        let named = good.iter().filter_map(|good| Cosignature::of(good, policy));
        let mut all: Vec<Cosignature> = named.collect();
        all.sort_by(|a, b| (a.time, &a.witness, &a.key).cmp(&(b.time, &b.witness, &b.key)));
        let mut seen = std::collections::HashSet::new();
        all.retain(|one| seen.insert(one.key.clone()));
        all
    }
}

/// The instant so many seconds after 1970, at most the end of year 9999.
#[must_use]
pub fn time_of(seconds: u64) -> Time {
    let micros = i64::try_from(seconds).unwrap_or(i64::MAX);
    Time::EPOCH.plus_micros(micros.saturating_mul(1_000_000))
}

/// What became of lines that witnesses gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Added {
    /// All cosignatures that the newest head now carries.
    pub cosignatures: Vec<GoodSignature>,
    /// The lines that were not taken.
    pub refused: Vec<RefusedLine>,
}

/// A line that was not taken, by whom it claims to be, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedLine {
    /// The name of the key that it claims.
    pub name: String,
    /// The id of that key.
    pub key_id: NoteKeyId,
    /// What is wrong with it.
    pub fault: LineFault,
}

impl fmt::Display for RefusedLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let RefusedLine {
            name,
            key_id,
            fault,
        } = self;
        write!(f, "signature line by {name} (key {key_id}): {fault}")
    }
}

/// What is wrong with a line of a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineFault {
    /// No policy at hand names the key.
    Unknown,
    /// It is no signature of this text by the key.
    Bad,
    /// The note has a line by this key already.
    Twice,
    /// The note has as many lines as a note may have.
    NoRoom,
}

impl fmt::Display for LineFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            LineFault::Unknown => "found a key that no policy at hand names, expected a witness's",
            LineFault::Bad => "found no signature of this head, expected one",
            LineFault::Twice => "found a second line by this key, expected one",
            LineFault::NoRoom => "found more lines than a note may have, expected at most 100",
        })
    }
}

/// The witnesses that a folder's log asks, where it has a policy.
///
/// # Errors
/// [`LedgerError::Policy`] where the file is none, and where the system fails.
pub fn policy_of(dir: &Path) -> Result<Option<TlogPolicy>, LedgerError> {
    policy_in(&open_reader(dir)?)
}

pub(super) fn policy_in<F: Files>(
    reader: &SegmentReader<F>,
) -> Result<Option<TlogPolicy>, LedgerError> {
    let bytes = reader.get(POLICY)?;
    let policy = bytes.map(|bytes| TlogPolicy::parse(&bytes));
    policy.transpose().map_err(LedgerError::Policy)
}

/// The keys of the witnesses that a folder's policy names; none where it is no policy.
pub(super) fn keys_in<F: Files>(reader: &SegmentReader<F>) -> Vec<VerifierKey> {
    let policy = policy_in(reader).ok().flatten();
    policy
        .map(|policy| policy.witness_keys())
        .unwrap_or_default()
}

/// The name of the note of a head.
pub(super) fn note_name(size: u64) -> String {
    format!("{FOLDER}/{size:012}")
}

/// The size that a file's name below `cosigned/` names; none where it names none.
pub(super) fn size_named(file: &str) -> Option<u64> {
    let size = file.parse().ok().filter(|size| *size > 0)?;
    (format!("{size:012}") == file).then_some(size)
}

/// A line of a witness, judged.
pub(super) type Judged = (SignatureLine, Result<GoodSignature, LineFault>);

/// A head as a note has it: signed by the log, each other line judged.
pub(super) struct HeadNote {
    pub(super) checkpoint: Checkpoint,
    log_line: SignatureLine,
    pub(super) lines: Vec<Judged>,
}

/// Which of two lines by one witness is kept.
#[derive(Clone, Copy)]
pub(super) enum Keep {
    Earliest,
    Latest,
}

impl HeadNote {
    /// # Errors
    /// Where it is no checkpoint that the log's key has signed.
    pub(super) fn read(
        bytes: &[u8],
        log: &VerifierKey,
        witnesses: &[VerifierKey],
    ) -> Result<HeadNote, CheckpointError> {
        let checkpoint = Checkpoint::open(bytes, log)?.checkpoint;
        let note = Note::parse(bytes)?;
        let mut seen = std::collections::HashSet::new();
        let (mut log_line, mut lines) = (None, Vec::new());
        for line in note.signatures() {
            let is_new = seen.insert((line.name(), line.key_id()));
            if log_line.is_none() && log.is_named_by(line) {
                log_line = Some(line.clone());
                continue;
            }
            let judged = match is_new {
                true => judged(note.text(), line, witnesses),
                false => Err(LineFault::Twice),
            };
            lines.push((line.clone(), judged));
        }
        Ok(HeadNote {
            checkpoint,
            log_line: log_line.expect("an open checkpoint has a line of its log"),
            lines,
        })
    }

    /// The cosignatures that hold.
    pub(super) fn good(&self) -> Vec<GoodSignature> {
        let good = self.lines.iter();
        good.filter_map(|(_, judged)| judged.clone().ok()).collect()
    }

    /// Takes a line in; of two by one witness one is kept.
    pub(super) fn take(
        &mut self,
        line: &SignatureLine,
        good: &GoodSignature,
        keep: Keep,
    ) -> Result<(), LineFault> {
        let same = |(_, own): &Judged| own.as_ref().is_ok_and(|own| own.key == good.key);
        let judged = (line.clone(), Ok(good.clone()));
        let Some(place) = self.lines.iter().position(same) else {
            if self.good().len() >= MOST_LINES {
                return Err(LineFault::NoRoom);
            }
            self.lines.push(judged);
            return Ok(());
        };
        let before = self.lines[place].1.as_ref().ok().and_then(|own| own.time);
        let is_better = match keep {
            Keep::Earliest => good.time < before,
            Keep::Latest => good.time > before,
        };
        if is_better {
            self.lines[place] = judged;
        }
        Ok(())
    }

    /// The note with the log's line and those that hold, sorted by key name and key id.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let good = self.lines.iter().filter(|(_, judged)| judged.is_ok());
        let mut lines: Vec<SignatureLine> = good.map(|(line, _)| line.clone()).collect();
        lines.sort_by(|a, b| (a.name(), a.key_id()).cmp(&(b.name(), b.key_id())));
        lines.insert(0, self.log_line.clone());
        let note = Note::new(&self.checkpoint.body(), lines);
        note.expect("lines of a note, at most a hundred").to_bytes()
    }

    /// The same head with the log's line alone.
    pub(super) fn bare(&self) -> HeadNote {
        HeadNote {
            checkpoint: self.checkpoint.clone(),
            log_line: self.log_line.clone(),
            lines: Vec::new(),
        }
    }
}

/// A line, held against the key that it names.
pub(super) fn judged(
    text: &str,
    line: &SignatureLine,
    witnesses: &[VerifierKey],
) -> Result<GoodSignature, LineFault> {
    let key = witnesses.iter().find(|key| key.is_named_by(line));
    let key = key.ok_or(LineFault::Unknown)?;
    key.verify(text, line).ok_or(LineFault::Bad)
}

/// The notes below `cosigned/` of a folder, held against the ledger's tree.
pub(super) struct Kept<'l, F: Files> {
    pub(super) dir: &'l Path,
    pub(super) reader: &'l SegmentReader<F>,
    pub(super) tree: &'l Tree,
    pub(super) log: &'l VerifierKey,
}

impl<F: Files> Kept<'_, F> {
    /// The sizes of the heads that are kept, rising. What is no note is for an audit to say.
    pub(super) fn sizes(&self) -> Vec<u64> {
        let names = self.reader.files().names(&self.dir.join(FOLDER));
        let names = names.unwrap_or_default();
        let mut sizes: Vec<u64> = names.iter().filter_map(|name| size_named(name)).collect();
        sizes.sort_unstable();
        sizes
    }

    /// The note of a size, where it is one of a head of this ledger.
    pub(super) fn note(&self, size: u64, witnesses: &[VerifierKey]) -> Option<HeadNote> {
        let bytes = self.reader.get(&note_name(size)).ok()??;
        let note = HeadNote::read(&bytes, self.log, witnesses).ok()?;
        let is_ours =
            note.checkpoint.size == size && self.tree.root_at(size) == Some(note.checkpoint.root);
        is_ours.then_some(note)
    }

    /// The head of a size, where one of these witnesses has signed it.
    pub(super) fn head(&self, size: u64, witnesses: &[VerifierKey]) -> Option<CosignedHead> {
        let note = self.note(size, witnesses)?;
        let cosignatures = note.good();
        (!cosignatures.is_empty()).then_some(CosignedHead {
            size,
            root: note.checkpoint.root,
            cosignatures,
        })
    }

    /// All of them, by rising size.
    pub(super) fn heads(&self, witnesses: &[VerifierKey]) -> Vec<CosignedHead> {
        if witnesses.is_empty() {
            return Vec::new();
        }
        let sizes = self.sizes();
        let heads = in_parallel(sizes.len(), |place| self.head(sizes[place], witnesses));
        heads.into_iter().flatten().collect()
    }

    /// The largest size that a witness has signed, as far as it is kept.
    pub(super) fn last_by(&self, witness: &VerifierKey) -> Option<u64> {
        let known = std::slice::from_ref(witness);
        let mut sizes = self.sizes().into_iter().rev();
        sizes.find(|size| self.head(*size, known).is_some())
    }
}

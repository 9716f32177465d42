//! The witness protocol (c2sp.org/tlog-witness): what a log asks, what a witness answers, and how a
//! witness decides. Sockets, disks and clocks are other rooms'.
//!
//! A witness keeps one thing for each log: the newest head that it has cosigned. It cosigns a head
//! only when a proof shows that the tree extends that one, so whoever trusts it knows that nobody it
//! answered to has seen another history.

use std::fmt;

use super::checkpoint::is_origin;
use super::heads::Head;
use super::note::{Note, NoteError, SignatureLine, VerifierKey};
use super::proof::{ProofError, verify_consistency};
use super::spelling::{base64, from_decimal, hash_from_base64};
use super::tree::EMPTY_ROOT;
use crate::hash::Hash;

/// The most hashes of a consistency proof: a tree has less than 2^64 leaves.
const MOST_HASHES: usize = 63;

/// The body of `POST <submission prefix>/add-checkpoint`: parsed, and nothing of it verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCheckpoint {
    old: u64,
    proof: Vec<Hash>,
    note: Note,
    origin: String,
    head: Head,
}

/// Why bytes are not such a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AddCheckpointError {
    /// The first line is not `old <size>`.
    Old,
    /// A line of the proof, from 1, is not 32 bytes in canonical base64.
    Hash(usize),
    /// More hashes than any proof has.
    TooManyHashes,
    /// No empty line between proof and checkpoint.
    NoCheckpoint,
    /// What follows is not a note.
    Note(NoteError),
    /// The note's text is not origin, size and root, with whole lines after them at most.
    Text,
}

impl fmt::Display for AddCheckpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AddCheckpointError::Old => f.write_str("line 1: expected \"old <size>\""),
            AddCheckpointError::Hash(line) => {
                write!(f, "proof line {line}: expected 32 bytes in base64")
            }
            AddCheckpointError::TooManyHashes => {
                write!(f, "proof: expected at most {MOST_HASHES} hashes")
            }
            AddCheckpointError::NoCheckpoint => {
                f.write_str("expected an empty line and a checkpoint after the proof")
            }
            AddCheckpointError::Note(error) => write!(f, "checkpoint: {error}"),
            AddCheckpointError::Text => {
                f.write_str("checkpoint: expected origin, size and root, a line each")
            }
        }
    }
}

impl std::error::Error for AddCheckpointError {}

impl AddCheckpoint {
    /// The request to cosign the signed checkpoint `note`, whose log believes that the witness has
    /// cosigned size `old`; `proof` leads from there (RFC 6962 §2.1.2), empty from size 0 and
    /// between equal sizes.
    ///
    /// # Errors
    /// Where [`AddCheckpoint::parse`] would refuse it.
    pub fn new(
        old: u64,
        proof: Vec<Hash>,
        note: &[u8],
    ) -> Result<AddCheckpoint, AddCheckpointError> {
        if proof.len() > MOST_HASHES {
            return Err(AddCheckpointError::TooManyHashes);
        }
        let note = Note::parse(note).map_err(AddCheckpointError::Note)?;
        let (origin, head) = claimed(note.text()).ok_or(AddCheckpointError::Text)?;
        Ok(AddCheckpoint {
            old,
            proof,
            origin: origin.to_owned(),
            head,
            note,
        })
    }

    /// Parses a body, strictly: there is one spelling of every request.
    ///
    /// # Errors
    /// Where it departs from the specification, or has more than 63 hashes.
    pub fn parse(bytes: &[u8]) -> Result<AddCheckpoint, AddCheckpointError> {
        let (line, mut rest) = line_of(bytes).ok_or(AddCheckpointError::Old)?;
        let old = line
            .strip_prefix("old ")
            .and_then(from_decimal)
            .ok_or(AddCheckpointError::Old)?;
        let mut proof = Vec::new();
        loop {
            let (line, after) = line_of(rest).ok_or(AddCheckpointError::NoCheckpoint)?;
            rest = after;
            if line.is_empty() {
                return AddCheckpoint::new(old, proof, rest);
            }
            if proof.len() == MOST_HASHES {
                return Err(AddCheckpointError::TooManyHashes);
            }
            let wrong = AddCheckpointError::Hash(proof.len() + 1);
            proof.push(hash_from_base64(line).ok_or(wrong)?);
        }
    }

    /// The body's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let hashes = self.proof.iter().map(|hash| base64(hash.as_bytes()) + "\n");
        let before = format!("old {}\n{}\n", self.old, hashes.collect::<String>());
        [before.into_bytes(), self.note.to_bytes()].concat()
    }

    /// The log that the checkpoint names; not verified.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The head that the checkpoint names; not verified.
    #[must_use]
    pub fn head(&self) -> Head {
        self.head
    }
}

/// A line in UTF-8 without its newline, and what follows.
fn line_of(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let line = std::str::from_utf8(&bytes[..end]).ok()?;
    Some((line, &bytes[end + 1..]))
}

/// The origin and head of a checkpoint's text. Extension lines are a witness's to sign, not to
/// read (c2sp.org/tlog-checkpoint), and the root of the empty tree is judged later.
fn claimed(text: &str) -> Option<(&str, Head)> {
    let mut lines = text.strip_suffix('\n')?.split('\n');
    let (origin, size, root) = (lines.next()?, lines.next()?, lines.next()?);
    let size = from_decimal(size)?;
    let root = hash_from_base64(root)?;
    let is_whole = is_origin(origin) && lines.all(|line| !line.is_empty());
    is_whole.then_some((origin, Head { size, root }))
}

/// What a witness knows of a log.
#[derive(Debug, Clone, Copy)]
pub struct KnownLog<'k> {
    /// The keys whose heads of it are to be cosigned.
    pub keys: &'k [VerifierKey],
    /// The newest head that this witness has cosigned; none at first.
    pub last: Option<Head>,
}

/// A head that may be cosigned once it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extension {
    /// The head.
    pub head: Head,
    /// What is signed.
    pub text: String,
    /// The log's lines, verified; all others are left out.
    pub log_lines: Vec<SignatureLine>,
}

/// Why a head is not cosigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WitnessRefusal {
    /// No such log is known here.
    UnknownOrigin(String),
    /// No signature by a key of the log, or a bad one under its name.
    Signature(NoteError),
    /// The old size is beyond the checkpoint's.
    OldBeyondSize {
        /// The old size of the request.
        old: u64,
        /// The checkpoint's.
        size: u64,
    },
    /// The old size is not the last one cosigned.
    Conflict {
        /// The last size that was cosigned, 0 for none: the body of the answer.
        last: u64,
        /// The old size of the request.
        old: u64,
    },
    /// Size 0 with a root that is not the one of the empty tree.
    EmptyRoot(Hash),
    /// A proof from size 0, where there is nothing to prove.
    ProofFromNothing,
    /// The size that was cosigned last, with another root.
    OtherRoot {
        /// The root of the request.
        found: Hash,
        /// The one that was cosigned.
        expected: Hash,
    },
    /// The proof does not lead from the head that was cosigned to this one.
    Proof(ProofError),
}

impl WitnessRefusal {
    /// The HTTP status of the specification.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            WitnessRefusal::UnknownOrigin(_) => 404,
            WitnessRefusal::Signature(_) => 403,
            WitnessRefusal::OldBeyondSize { .. } => 400,
            WitnessRefusal::Conflict { .. } => 409,
            WitnessRefusal::EmptyRoot(_)
            | WitnessRefusal::ProofFromNothing
            | WitnessRefusal::OtherRoot { .. }
            | WitnessRefusal::Proof(_) => 422,
        }
    }
}

impl fmt::Display for WitnessRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WitnessRefusal::UnknownOrigin(origin) => {
                write!(f, "origin {origin:?}: expected one of a log known here")
            }
            WitnessRefusal::Signature(error) => write!(f, "checkpoint: {error}"),
            WitnessRefusal::OldBeyondSize { old, size } => {
                write!(
                    f,
                    "old size {old}: expected at most the checkpoint's, {size}"
                )
            }
            WitnessRefusal::Conflict { last, old } => {
                write!(
                    f,
                    "old size {old}: expected {last}, the last that was cosigned"
                )
            }
            WitnessRefusal::EmptyRoot(root) => {
                write!(f, "size 0 with root {root}: expected {EMPTY_ROOT}")
            }
            WitnessRefusal::ProofFromNothing => {
                f.write_str("a proof from size 0: expected no hashes")
            }
            WitnessRefusal::OtherRoot { found, expected } => {
                write!(
                    f,
                    "root {found}: expected {expected}, which was cosigned at this size"
                )
            }
            WitnessRefusal::Proof(error) => write!(f, "consistency proof: {error}"),
        }
    }
}

impl std::error::Error for WitnessRefusal {}

/// How a signed head stands against the one that was cosigned, apart from what is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// The same size and another root: the log has signed two histories. Both notes prove it.
    Fork,
    /// The proof that came with a newer head does not lead to it. The log may have forked, or
    /// somebody sent an honest head with a wrong proof: only the log can tell, by a right one.
    Unproved,
}

/// What a witness makes of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// The head to keep and to cosign, or what is answered instead.
    pub verdict: Result<Extension, WitnessRefusal>,
    /// The request's note with the log's verified lines alone, where it speaks against the log.
    pub evidence: Option<(Evidence, Note)>,
}

impl Judgement {
    fn refused(refusal: WitnessRefusal) -> Judgement {
        Judgement {
            verdict: Err(refusal),
            evidence: None,
        }
    }
}

/// Decides about a request, in the order of the specification; `known` is what the witness knows of
/// [`AddCheckpoint::origin`].
///
/// A head is cosigned only after it is kept, and only if `known.last` is still what it was.
#[must_use]
pub fn judge(request: &AddCheckpoint, known: Option<KnownLog<'_>>) -> Judgement {
    let Some(known) = known else {
        return Judgement::refused(WitnessRefusal::UnknownOrigin(request.origin.clone()));
    };
    let log_lines = match lines_of_log(&request.note, known.keys) {
        Ok(lines) => lines,
        Err(error) => return Judgement::refused(WitnessRefusal::Signature(error)),
    };
    let refusal = extends(request, known.last).err();
    let evidence = speaks_against(request, known.last, refusal.as_ref()).and_then(|kind| {
        Some((
            kind,
            Note::new(request.note.text(), log_lines.clone()).ok()?,
        ))
    });
    let verdict = match refusal {
        Some(refusal) => Err(refusal),
        None => Ok(Extension {
            head: request.head,
            text: request.note.text().to_owned(),
            log_lines,
        }),
    };
    Judgement { verdict, evidence }
}

/// A line by each of the log's keys that signed; none of theirs is bad.
fn lines_of_log(note: &Note, keys: &[VerifierKey]) -> Result<Vec<SignatureLine>, NoteError> {
    let known: Vec<&VerifierKey> = keys.iter().collect();
    note.clone().verify(&known)?;
    let first_of = |key: &VerifierKey| note.signatures().iter().find(|line| key.is_named_by(line));
    Ok(keys.iter().filter_map(first_of).cloned().collect())
}

/// Whether the head extends the last one cosigned.
fn extends(request: &AddCheckpoint, last: Option<Head>) -> Result<(), WitnessRefusal> {
    let (old, head) = (request.old, request.head);
    if old > head.size {
        let size = head.size;
        return Err(WitnessRefusal::OldBeyondSize { old, size });
    }
    let last = last.unwrap_or(Head {
        size: 0,
        root: EMPTY_ROOT,
    });
    if old != last.size {
        let last = last.size;
        return Err(WitnessRefusal::Conflict { last, old });
    }
    if head.size == 0 && head.root != EMPTY_ROOT {
        return Err(WitnessRefusal::EmptyRoot(head.root));
    }
    if old == 0 {
        return match request.proof[..] {
            [] => Ok(()),
            _ => Err(WitnessRefusal::ProofFromNothing),
        };
    }
    if head.size == old && head.root != last.root {
        let (found, expected) = (head.root, last.root);
        return Err(WitnessRefusal::OtherRoot { found, expected });
    }
    verify_consistency(old, head.size, &last.root, &head.root, &request.proof)
        .map_err(WitnessRefusal::Proof)
}

/// Whether a head that the log has signed is evidence. A fork is one whatever the request asked for.
fn speaks_against(
    request: &AddCheckpoint,
    last: Option<Head>,
    refusal: Option<&WitnessRefusal>,
) -> Option<Evidence> {
    let last = last?;
    if request.head.size == last.size && request.head.root != last.root {
        return Some(Evidence::Fork);
    }
    let is_newer = request.head.size > last.size;
    let is_bad_proof = matches!(refusal, Some(WitnessRefusal::Proof(_)));
    (is_newer && is_bad_proof).then_some(Evidence::Unproved)
}

/// The body of a good answer: the witness's lines.
#[must_use]
pub fn write_cosignatures(lines: &[SignatureLine]) -> Vec<u8> {
    let lines = lines.iter().map(|line| format!("{line}\n"));
    lines.collect::<String>().into_bytes()
}

/// Reads the body of a good answer; no line is verified.
///
/// # Errors
/// Where it is not whole signature lines, at least one of them.
pub fn parse_cosignatures(bytes: &[u8]) -> Result<Vec<SignatureLine>, NoteError> {
    // A note's signatures are the same lines, with the same limits.
    let note = Note::parse(&[b"\n\n", bytes].concat())?;
    match note.text() {
        "\n" => Ok(note.signatures().to_vec()),
        _ => Err(NoteError::NoSignatures),
    }
}

/// The body of the answer 409: the last size that was cosigned.
#[must_use]
pub fn write_last_size(size: u64) -> Vec<u8> {
    format!("{size}\n").into_bytes()
}

/// Reads the body of the answer 409.
#[must_use]
pub fn parse_last_size(bytes: &[u8]) -> Option<u64> {
    from_decimal(std::str::from_utf8(bytes).ok()?.strip_suffix('\n')?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use ed25519_dalek::SigningKey;
    use proptest::prelude::*;

    use super::super::checkpoint::Checkpoint;
    use super::super::note::{Cosigner, NoteSigner};
    use super::super::oracle;
    use super::*;

    const ORIGIN: &str = "claims.example/l1";

    fn log(seed: u8) -> NoteSigner {
        NoteSigner::new(ORIGIN, SigningKey::from_bytes(&[seed; 32])).unwrap()
    }

    /// The head of the tree of the numbers below `size`, as another implementation builds it.
    fn head(size: u64) -> Head {
        let root = match size {
            0 => EMPTY_ROOT,
            _ => Hash(
                oracle::ct_merkle_tree(size).root().as_bytes()[..]
                    .try_into()
                    .unwrap(),
            ),
        };
        Head { size, root }
    }

    /// The proof from `old` to `new` by another implementation.
    fn proof(old: u64, new: u64) -> Vec<Hash> {
        if old == 0 || old == new {
            return Vec::new();
        }
        let proof =
            oracle::ct_merkle_tree(new).prove_consistency(usize::try_from(new - old).unwrap());
        proof
            .as_bytes()
            .chunks(32)
            .map(|hash| Hash(hash.try_into().unwrap()))
            .collect()
    }

    /// The text is made by hand: the heads of a dishonest log are no checkpoints.
    fn note(head: Head, signer: &NoteSigner) -> Vec<u8> {
        let text = format!(
            "{ORIGIN}\n{}\n{}\n",
            head.size,
            base64(head.root.as_bytes())
        );
        let line = signer.sign(&text);
        Note::new(&text, vec![line]).unwrap().to_bytes()
    }

    fn request(old: u64, proof: Vec<Hash>, head: Head) -> AddCheckpoint {
        AddCheckpoint::new(old, proof, &note(head, &log(1))).unwrap()
    }

    fn judged(request: &AddCheckpoint, last: Option<Head>) -> Judgement {
        let keys = [log(1).verifier().clone()];
        judge(request, Some(KnownLog { keys: &keys, last }))
    }

    fn status(judgement: &Judgement) -> u16 {
        judgement
            .verdict
            .as_ref()
            .map_or_else(WitnessRefusal::status, |_| 200)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn every_honest_extension_is_cosigned(old in 0u64..70, more in 0u64..70) {
            let new = old + more;
            let asked = request(old, proof(old, new), head(new));
            for last in [Some(head(old)), None].into_iter().take(if old == 0 { 2 } else { 1 }) {
                let judgement = judged(&asked, last);
                let extension = judgement.verdict.unwrap();
                prop_assert_eq!(extension.head, head(new));
                prop_assert_eq!(judgement.evidence, None);
                let checkpoint = Checkpoint::parse_body(&extension.text).unwrap();
                prop_assert_eq!(checkpoint.origin, ORIGIN);
                prop_assert_eq!(extension.log_lines.len(), 1);
            }
        }

        #[test]
        fn no_dishonest_extension_is_cosigned(
            old in 1u64..70, more in 0u64..70, place: usize, bit in 0usize..256, part in 0usize..4,
        ) {
            let new = old + more;
            let (mut last, mut path, mut to) = (head(old), proof(old, new), head(new));
            let flip = |hash: &mut Hash| hash.0[bit / 8] ^= 1 << (bit % 8);
            match part {
                0 => flip(&mut last.root),
                1 => flip(&mut to.root),
                2 if path.is_empty() => path.push(Hash([7; 32])),
                2 => { path.remove(place % path.len()); }
                _ if path.is_empty() => path.push(Hash([7; 32])),
                _ => { let at = place % path.len(); flip(&mut path[at]); }
            }
            let judgement = judged(&request(old, path, to), Some(last));
            prop_assert_eq!(status(&judgement), 422);
            let is_fork = new == old && part < 2;
            let is_newer = new > old;
            let expected = if is_fork { Some(Evidence::Fork) }
                else if is_newer { Some(Evidence::Unproved) } else { None };
            prop_assert_eq!(judgement.evidence.map(|(kind, _)| kind), expected);
        }

        #[test]
        fn an_old_size_that_is_not_the_last_one_is_a_conflict(
            last in 0u64..40, old in 0u64..40, more in 0u64..40,
        ) {
            prop_assume!(last != old);
            let new = old + more;
            let judgement = judged(&request(old, proof(old, new), head(new)), Some(head(last)));
            prop_assert_eq!(judgement.verdict, Err(WitnessRefusal::Conflict { last, old }));
            prop_assert_eq!(judgement.evidence, None);
        }

        #[test]
        fn a_body_is_read_the_way_it_is_written(old in 0u64..9, more in 1u64..60) {
            let request = request(old, proof(old, old + more), head(old + more));
            prop_assert_eq!(request.origin(), ORIGIN);
            prop_assert_eq!(AddCheckpoint::parse(&request.to_bytes()), Ok(request));
        }

        #[test]
        fn no_bytes_are_read_as_what_they_do_not_spell(bytes: Vec<u8>, at: usize, byte: u8) {
            let _ = AddCheckpoint::parse(&bytes);
            let mut bytes = request(3, proof(3, 9), head(9)).to_bytes();
            let at = at % bytes.len();
            bytes[at] = byte;
            if let Ok(read) = AddCheckpoint::parse(&bytes) {
                prop_assert_eq!(read.to_bytes(), bytes);
            }
        }
    }

    #[test]
    fn every_status_of_the_specification_is_answered_in_its_order() {
        let (last, other) = (
            head(5),
            Head {
                size: 5,
                root: Hash([9; 32]),
            },
        );
        let wrong_empty = Head {
            size: 0,
            root: Hash([9; 32]),
        };
        let cases = [
            // What, status, last, request.
            ("the first head", 200, None, request(0, vec![], head(5))),
            ("the empty tree", 200, None, request(0, vec![], head(0))),
            (
                "an extension",
                200,
                Some(last),
                request(5, proof(5, 9), head(9)),
            ),
            (
                "the same again",
                200,
                Some(last),
                request(5, vec![], head(5)),
            ),
            (
                "old beyond the size",
                400,
                Some(last),
                request(10, vec![], head(9)),
            ),
            (
                "old beyond the size, before the conflict",
                400,
                Some(last),
                request(6, vec![], head(5)),
            ),
            (
                "to learn the size",
                409,
                Some(last),
                request(0, vec![], head(9)),
            ),
            (
                "a smaller head",
                409,
                Some(last),
                request(3, proof(3, 4), head(4)),
            ),
            (
                "the conflict, before the proof",
                409,
                Some(last),
                request(4, vec![], head(9)),
            ),
            (
                "the conflict, before the root",
                409,
                Some(last),
                request(0, vec![], other),
            ),
            (
                "a conflict without a last head",
                409,
                None,
                request(5, proof(5, 9), head(9)),
            ),
            (
                "the root of size 0",
                422,
                None,
                request(0, vec![], wrong_empty),
            ),
            (
                "the conflict, before the root of size 0",
                409,
                Some(last),
                request(0, vec![], wrong_empty),
            ),
            (
                "a proof from 0",
                422,
                None,
                request(0, proof(5, 9), head(9)),
            ),
            (
                "the same size, another root",
                422,
                Some(last),
                request(5, vec![], other),
            ),
            (
                "the same size, with a proof",
                422,
                Some(last),
                request(5, proof(5, 9), head(5)),
            ),
            ("no proof", 422, Some(last), request(5, vec![], head(9))),
            (
                "the proof of another size",
                422,
                Some(last),
                request(5, proof(4, 9), head(9)),
            ),
        ];
        for (what, expected, last, request) in cases {
            assert_eq!(status(&judged(&request, last)), expected, "{what}");
        }
    }

    #[test]
    fn an_unknown_log_and_a_bad_signature_come_before_all_else() {
        let asked = request(10, vec![], head(9));
        let unknown = judge(&asked, None);
        assert_eq!(status(&unknown), 404);
        let keys = [log(1).verifier().clone()];
        let last = Some(head(5));
        let known = || Some(KnownLog { keys: &keys, last });
        // Another key of the same name: its line is not looked at, so none is left.
        let other = AddCheckpoint::new(10, vec![], &note(head(9), &log(2))).unwrap();
        let judgement = judge(&other, known());
        assert_eq!(
            judgement.verdict,
            Err(WitnessRefusal::Signature(NoteError::NoKnownKey))
        );
        // A bad line under the log's name and key id, beside a good one.
        let mut text = String::from_utf8(note(head(9), &log(1))).unwrap();
        let bad = log(1).sign("something else\n");
        text.push_str(&format!("{bad}\n"));
        let judgement = judge(
            &AddCheckpoint::new(10, vec![], text.as_bytes()).unwrap(),
            known(),
        );
        assert_eq!(status(&judgement), 403);
        assert!(matches!(
            judgement.verdict,
            Err(WitnessRefusal::Signature(NoteError::BadSignature { .. }))
        ));
    }

    #[test]
    fn a_fork_is_evidence_whatever_was_asked_and_only_with_the_logs_own_lines() {
        let fork = Head {
            size: 5,
            root: Hash([9; 32]),
        };
        let mut bytes = note(fork, &log(1));
        let junk = Cosigner::new("junk", SigningKey::from_bytes(&[3; 32])).unwrap();
        bytes.extend(format!("{}\n", junk.cosign("x", 1)).bytes());
        for old in [0, 5] {
            let asked = AddCheckpoint::new(old, vec![], &bytes).unwrap();
            let (kind, kept) = judged(&asked, Some(head(5))).evidence.unwrap();
            assert_eq!(kind, Evidence::Fork);
            assert_eq!(kept.to_bytes(), note(fork, &log(1)));
        }
        // Not signed by the log: no evidence of anything.
        let asked = AddCheckpoint::new(5, vec![], &note(fork, &log(2))).unwrap();
        assert_eq!(judged(&asked, Some(head(5))).evidence, None);
    }

    #[test]
    fn extension_lines_are_cosigned_unread() {
        let text = format!(
            "{ORIGIN}\n0\n{}\nan extension\n",
            base64(EMPTY_ROOT.as_bytes())
        );
        let note = Note::new(&text, vec![log(1).sign(&text)])
            .unwrap()
            .to_bytes();
        let judgement = judged(&AddCheckpoint::new(0, vec![], &note).unwrap(), None);
        assert_eq!(judgement.verdict.unwrap().text, text);
    }

    #[test]
    fn malformed_bodies_are_refused() {
        let good = String::from_utf8(request(3, proof(3, 9), head(9)).to_bytes()).unwrap();
        let (first, rest) = good.split_once('\n').unwrap();
        assert_eq!(first, "old 3");
        let old = |line: &str| format!("{line}\n{rest}");
        let hash = format!("{}\n", base64(&[1; 32]));
        let mut many = "old 3\n".to_owned() + &hash.repeat(63);
        let note = rest.split_once("\n\n").unwrap().1;
        assert!(AddCheckpoint::parse(format!("{many}\n{note}").as_bytes()).is_ok());
        many.push_str(&hash);
        let cases = [
            (String::new(), AddCheckpointError::Old),
            (old("old 03"), AddCheckpointError::Old),
            (old("old -3"), AddCheckpointError::Old),
            (old("old 3 "), AddCheckpointError::Old),
            (old("old 18446744073709551616"), AddCheckpointError::Old),
            (old("Old 3"), AddCheckpointError::Old),
            (old("old 3\r"), AddCheckpointError::Old),
            (old("old 3\nAAAA"), AddCheckpointError::Hash(1)),
            (
                old(&format!("old 3\n{}=", base64(&[1; 32]))),
                AddCheckpointError::Hash(1),
            ),
            (format!("{many}\n{note}"), AddCheckpointError::TooManyHashes),
            ("old 3\n".into(), AddCheckpointError::NoCheckpoint),
            (format!("old 3\n{hash}"), AddCheckpointError::NoCheckpoint),
            (
                "old 3\n\n".into(),
                AddCheckpointError::Note(NoteError::NoSignatures),
            ),
        ];
        for (body, expected) in cases {
            assert_eq!(
                AddCheckpoint::parse(body.as_bytes()),
                Err(expected),
                "{body:?}"
            );
        }
        let root = base64(&[1; 32]);
        let longest = "a".repeat(255);
        for (text, is_read) in [
            (format!("a\n1\n{root}\n"), true),
            (format!("{longest}\n1\n{root}\n"), true),
            (format!("a\n1\n{root}\nmore\n"), true),
            (format!("{longest}a\n1\n{root}\n"), false),
            (format!("a b\n1\n{root}\n"), false),
            (format!("a\n01\n{root}\n"), false),
            (format!("a\n1\n{root}=\n"), false),
            (format!("a\n1\n{root}\n\nmore\n"), false),
            (format!("\n1\n{root}\n"), false),
            ("a\n1\n".to_owned(), false),
            ("\n1\n".to_owned(), false),
        ] {
            let note = Note::new(&text, vec![log(1).sign(&text)]).unwrap();
            let body = [b"old 0\n\n".to_vec(), note.to_bytes()].concat();
            match AddCheckpoint::parse(&body) {
                Ok(read) => assert_eq!(
                    (Some(read.origin()), true),
                    (text.split('\n').next(), is_read)
                ),
                Err(error) => assert_eq!(
                    (error, false),
                    (AddCheckpointError::Text, is_read),
                    "{text:?}"
                ),
            }
        }
    }

    #[test]
    fn answers_are_read_the_way_they_are_written() {
        let key = SigningKey::from_bytes(&[3; 32]);
        let line = Cosigner::new("w", key).unwrap().cosign("x\n", 1);
        let lines = vec![line.clone(), line];
        assert_eq!(
            parse_cosignatures(&write_cosignatures(&lines)),
            Ok(lines.clone())
        );
        let good = write_cosignatures(&lines);
        for bytes in [
            &b""[..],
            b"\n",
            b"junk\n",
            &good[..good.len() - 1],
            &[b"x\n\n", &good[..]].concat(),
        ] {
            assert!(parse_cosignatures(bytes).is_err(), "{bytes:?}");
        }
        assert_eq!(write_last_size(17), b"17\n");
        assert_eq!(parse_last_size(b"17\n"), Some(17));
        for bytes in [&b"17"[..], b"017\n", b"17\n\n", b"\n", b"\xff\n", b"-1\n"] {
            assert_eq!(parse_last_size(bytes), None, "{bytes:?}");
        }
    }
}

//! `.tlog-proof` files (c2sp.org/tlog-proof@v1): that one leaf is in a log, checked offline.

use std::fmt;

use super::checkpoint::{Checkpoint, CheckpointError, OpenCheckpoint};
use super::note::{GoodSignature, SignatureLine, VerifierKey};
use super::proof::{ProofError, verify_inclusion};
use super::spelling::{base64, from_base64, from_decimal, hash_from_base64};
use crate::hash::Hash;

/// The first line of the file.
const HEADER: &str = "c2sp.org/tlog-proof@v1";
/// The most hashes that a path can have: the height of a tree of less than 2^64 leaves.
const LONGEST_PATH: usize = 64;

/// A proof file, nothing of it checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlogProof {
    /// Data for the application, which nobody has signed; empty data is the same as none.
    pub extra: Option<Vec<u8>>,
    /// The leaf's index in the log.
    pub index: u64,
    /// The inclusion path, from the leaf's sibling to the root's child.
    pub path: Vec<Hash>,
    /// The signed checkpoint, verbatim.
    pub checkpoint: Vec<u8>,
}

/// What a proof has proved: that the log with that origin has signed a head in which this leaf, and
/// no other, stands at this index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proved {
    /// The leaf hash that was asked about.
    pub leaf: Hash,
    /// Its index in the log.
    pub index: u64,
    /// The size of the head, in leaves.
    pub size: u64,
    /// The root of the head.
    pub root: Hash,
    /// The good cosignatures of the witnesses that were given.
    pub cosignatures: Vec<GoodSignature>,
    /// The signature lines that no given key can check.
    pub unchecked: Vec<SignatureLine>,
}

/// Why bytes are not a proof file, or it proves nothing of the leaf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TlogProofError {
    /// The part before the checkpoint is not UTF-8.
    NotUtf8,
    /// No empty line before the checkpoint.
    NoCheckpoint,
    /// A line of the first part that is not what stands there.
    Line {
        /// The line's number, from 1.
        number: usize,
        /// What was to stand there.
        expected: &'static str,
    },
    /// More hashes than the path in any tree has.
    PathTooLong {
        /// How many there are.
        found: usize,
    },
    /// The verifier's key is not named by the origin that it was asked about.
    KeyOfOtherLog {
        /// The name of the key.
        found: String,
        /// The origin.
        expected: String,
    },
    /// The checkpoint is not one of this log.
    Checkpoint(CheckpointError),
    /// The path does not lead from the leaf to the head.
    Inclusion(ProofError),
}

impl fmt::Display for TlogProofError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TlogProofError::NotUtf8 => f.write_str("proof file: expected UTF-8"),
            TlogProofError::NoCheckpoint => {
                f.write_str("proof file: expected an empty line and a checkpoint")
            }
            TlogProofError::Line { number, expected } => {
                write!(f, "proof file line {number}: expected {expected}")
            }
            TlogProofError::PathTooLong { found } => {
                write!(
                    f,
                    "proof file: path of {found} hashes, expected at most {LONGEST_PATH}"
                )
            }
            TlogProofError::KeyOfOtherLog { found, expected } => {
                write!(f, "verifier key of {found}, expected one of {expected}")
            }
            TlogProofError::Checkpoint(error) => write!(f, "proof file: {error}"),
            TlogProofError::Inclusion(error) => write!(f, "proof file: {error}"),
        }
    }
}

impl std::error::Error for TlogProofError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            TlogProofError::Checkpoint(error) => Some(error),
            TlogProofError::Inclusion(error) => Some(error),
            _ => None,
        }
    }
}

impl TlogProof {
    /// Parses a proof file; there is one spelling of every proof. The checkpoint in it is taken as
    /// it is, until [`TlogProof::verify`] opens it.
    ///
    /// # Errors
    /// Where a line departs from the specification, or the path has more than 64 hashes.
    pub fn parse(bytes: &[u8]) -> Result<TlogProof, TlogProofError> {
        let at = bytes.windows(2).position(|pair| pair == b"\n\n");
        let (head, checkpoint) = bytes.split_at(at.ok_or(TlogProofError::NoCheckpoint)?);
        let head = std::str::from_utf8(head).map_err(|_| TlogProofError::NotUtf8)?;
        let mut lines = head.split('\n').zip(1..).peekable();
        let first = lines.next().unwrap_or(("", 1));
        take(first, HEADER, |line| (line == HEADER).then_some(()))?;
        let extra = lines
            .next_if(|(line, _)| line.starts_with("extra "))
            .map(|line| take(line, "extra data in base64", extra_data))
            .transpose()?;
        let second = lines
            .next()
            .unwrap_or(("", 2 + usize::from(extra.is_some())));
        let index = take(second, "index <decimal>", |line| {
            from_decimal(line.strip_prefix("index ")?)
        })?;
        let path = lines
            .map(|line| take(line, "32 bytes in base64", hash_from_base64))
            .collect::<Result<Vec<Hash>, _>>()?;
        if path.len() > LONGEST_PATH {
            return Err(TlogProofError::PathTooLong { found: path.len() });
        }
        Ok(TlogProof {
            extra,
            index,
            path,
            checkpoint: checkpoint[2..].to_vec(),
        })
    }

    /// The file's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut text = format!("{HEADER}\n");
        if let Some(extra) = self.extra.as_deref().filter(|extra| !extra.is_empty()) {
            text += &format!("extra {}\n", base64(extra));
        }
        text += &format!("index {}\n", self.index);
        for hash in &self.path {
            text += &format!("{}\n", base64(hash.as_bytes()));
        }
        text += "\n";
        [text.as_bytes(), &self.checkpoint].concat()
    }

    /// Verifies that `leaf` (a leaf hash) is in the log `origin`, whose key is `log`, and says where
    /// and in which head. Lines of witnesses are left unchecked.
    ///
    /// # Errors
    /// As [`TlogProof::verify_with`].
    pub fn verify(
        &self,
        leaf: Hash,
        origin: &str,
        log: &VerifierKey,
    ) -> Result<Proved, TlogProofError> {
        self.verify_with(leaf, origin, log, &[])
    }

    /// As [`TlogProof::verify`], and checks the lines of these witnesses; whether they are enough is
    /// for the reader's policy to say.
    ///
    /// # Errors
    /// Where the key is not named `origin`, the checkpoint is malformed, another log's or not
    /// signed by the key, a given witness's line is bad, or the path does not lead from this leaf at
    /// this index to the head.
    pub fn verify_with(
        &self,
        leaf: Hash,
        origin: &str,
        log: &VerifierKey,
        witnesses: &[VerifierKey],
    ) -> Result<Proved, TlogProofError> {
        if log.name() != origin {
            return Err(TlogProofError::KeyOfOtherLog {
                found: log.name().to_owned(),
                expected: origin.to_owned(),
            });
        }
        let OpenCheckpoint {
            checkpoint,
            cosignatures,
            unchecked,
        } = Checkpoint::open_with(&self.checkpoint, log, witnesses)
            .map_err(TlogProofError::Checkpoint)?;
        let Checkpoint { size, root, .. } = checkpoint;
        verify_inclusion(self.index, size, &leaf, &self.path, &root)
            .map_err(TlogProofError::Inclusion)?;
        Ok(Proved {
            leaf,
            index: self.index,
            size,
            root,
            cosignatures,
            unchecked,
        })
    }
}

/// What `read` makes of a numbered line.
fn take<T>(
    (text, number): (&str, usize),
    expected: &'static str,
    read: impl FnOnce(&str) -> Option<T>,
) -> Result<T, TlogProofError> {
    read(text).ok_or(TlogProofError::Line { number, expected })
}

fn extra_data(line: &str) -> Option<Vec<u8>> {
    from_base64(line.strip_prefix("extra ")?).filter(|extra| !extra.is_empty())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use ed25519_dalek::SigningKey;
    use proptest::prelude::*;

    use super::super::note::{Cosigner, Note, NoteSigner};
    use super::super::tree::{Tree, leaf_hash};
    use super::*;

    const ORIGIN: &str = "claims.example/l1";

    fn log() -> NoteSigner {
        NoteSigner::new(ORIGIN, SigningKey::from_bytes(&[1; 32])).unwrap()
    }

    fn leaf(number: u64) -> Hash {
        leaf_hash(&number.to_be_bytes())
    }

    fn proof(index: u64, size: u64) -> TlogProof {
        let mut tree = Tree::new();
        (0..size).for_each(|number| tree.push(leaf(number)));
        let head = Checkpoint {
            origin: ORIGIN.to_owned(),
            size,
            root: tree.root(),
        };
        TlogProof {
            extra: None,
            index,
            path: tree.inclusion(index, size).unwrap(),
            checkpoint: head.sign(&log()).unwrap(),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn a_proof_proves_its_leaf_and_no_other_and_with_any_change_nothing(
            size in 1u64..200, index: u64, other: u64, place: usize, byte: u8
        ) {
            let index = index % size;
            let proof = proof(index, size);
            let bytes = proof.to_bytes();
            let parsed = TlogProof::parse(&bytes).unwrap();
            prop_assert_eq!(&parsed, &proof);
            let proved = parsed.verify(leaf(index), ORIGIN, log().verifier()).unwrap();
            prop_assert_eq!((proved.leaf, proved.index, proved.size), (leaf(index), index, size));
            if other != index {
                prop_assert!(proof.verify(leaf(other), ORIGIN, log().verifier()).is_err());
            }
            let mut changed = bytes.clone();
            changed[place % bytes.len()] = byte;
            prop_assume!(changed != bytes);
            let verdict = TlogProof::parse(&changed)
                .and_then(|proof| proof.verify(leaf(index), ORIGIN, log().verifier()));
            prop_assert!(verdict.is_err());
        }

        #[test]
        fn a_proof_file_has_one_spelling(
            text in "c2sp.org/tlog-proof@v1\n(extra [A-D=]{4}\n)?index [0-2]{1,2}\n([A=]{43}=\n)?\n.{0,4}"
        ) {
            if let Ok(proof) = TlogProof::parse(text.as_bytes()) {
                prop_assert_eq!(proof.to_bytes(), text.as_bytes());
            }
        }

        #[test]
        fn what_is_written_is_read_as_it_was(
            extra in prop::option::of(prop::collection::vec(any::<u8>(), 1..9)), index: u64,
            path in prop::collection::vec(any::<[u8; 32]>().prop_map(Hash), 0..64),
            checkpoint in prop::collection::vec(any::<u8>(), 0..40)
        ) {
            let proof = TlogProof { extra, index, path, checkpoint };
            prop_assert_eq!(TlogProof::parse(&proof.to_bytes()), Ok(proof));
        }
    }

    #[test]
    fn the_file_is_laid_out_as_the_specification_shows() {
        let mut proof = proof(2, 3);
        proof.extra = Some(b"age".to_vec());
        let root_of_two = base64(proof.path[0].as_bytes());
        let checkpoint = String::from_utf8(proof.checkpoint.clone()).unwrap();
        let expected =
            format!("c2sp.org/tlog-proof@v1\nextra YWdl\nindex 2\n{root_of_two}\n\n{checkpoint}");
        assert_eq!(proof.to_bytes(), expected.as_bytes());
        let (one, two) = (leaf(0), leaf(1));
        assert_eq!(proof.path, [super::super::tree::node_hash(&one, &two)]);
    }

    #[test]
    fn empty_extra_data_is_the_same_as_none() {
        let mut proof = proof(0, 1);
        proof.extra = Some(Vec::new());
        let parsed = TlogProof::parse(&proof.to_bytes()).unwrap();
        assert_eq!(parsed.extra, None);
    }

    #[test]
    fn malformed_files_are_refused() {
        let line = |number, expected| Err(TlogProofError::Line { number, expected });
        let (index, hash) = ("index <decimal>", "32 bytes in base64");
        for (text, error) in [
            ("", Err(TlogProofError::NoCheckpoint)),
            (
                "c2sp.org/tlog-proof@v1\nindex 0\n",
                Err(TlogProofError::NoCheckpoint),
            ),
            ("c2sp.org/tlog-proof@v2\nindex 0\n\n", line(1, HEADER)),
            ("c2sp.org/tlog-proof@v1\r\nindex 0\n\n", line(1, HEADER)),
            ("c2sp.org/tlog-proof@v1\n\n", line(2, index)),
            ("c2sp.org/tlog-proof@v1\nextra QQ==\n\n", line(3, index)),
            ("c2sp.org/tlog-proof@v1\nindex 00\n\n", line(2, index)),
            ("c2sp.org/tlog-proof@v1\nindex  0\n\n", line(2, index)),
            ("c2sp.org/tlog-proof@v1\nindex -1\n\n", line(2, index)),
            (
                "c2sp.org/tlog-proof@v1\nextra \nindex 0\n\n",
                line(2, "extra data in base64"),
            ),
            (
                "c2sp.org/tlog-proof@v1\nextra QR==\nindex 0\n\n",
                line(2, "extra data in base64"),
            ),
            (
                "c2sp.org/tlog-proof@v1\nindex 0\nextra QQ==\n\n",
                line(3, hash),
            ),
            ("c2sp.org/tlog-proof@v1\nindex 0\nQQ==\n\n", line(3, hash)),
        ] {
            assert_eq!(TlogProof::parse(text.as_bytes()), error, "{text:?}");
        }
        assert_eq!(TlogProof::parse(b"\xff\n\n"), Err(TlogProofError::NotUtf8));
        let mut long = proof(0, 1);
        long.path = vec![Hash::ZERO; 64];
        assert_eq!(TlogProof::parse(&long.to_bytes()), Ok(long.clone()));
        long.path.push(Hash::ZERO);
        assert_eq!(
            TlogProof::parse(&long.to_bytes()),
            Err(TlogProofError::PathTooLong { found: 65 })
        );
    }

    #[test]
    fn an_error_says_what_lies_behind_it() {
        use std::error::Error as _;

        let proof = proof(0, 2);
        let behind = |leaf: Hash, origin: &str, log: &NoteSigner| {
            let refused = proof.verify(leaf, origin, log.verifier()).unwrap_err();
            refused.source().map(ToString::to_string)
        };
        let other = NoteSigner::new("other.example", SigningKey::from_bytes(&[1; 32])).unwrap();
        assert_eq!(behind(leaf(0), "other.example", &log()), None);
        let checkpoint = Checkpoint::open(&proof.checkpoint, other.verifier()).unwrap_err();
        assert_eq!(
            behind(leaf(0), "other.example", &other),
            Some(checkpoint.to_string())
        );
        let Err(TlogProofError::Inclusion(error)) = proof.verify(leaf(1), ORIGIN, log().verifier())
        else {
            panic!("the path leads from another leaf");
        };
        assert_eq!(behind(leaf(1), ORIGIN, &log()), Some(error.to_string()));
    }

    #[test]
    fn a_proof_from_another_log_is_refused() {
        let proof = proof(0, 1);
        let other = NoteSigner::new("other.example", SigningKey::from_bytes(&[1; 32])).unwrap();
        assert!(matches!(
            proof.verify(leaf(0), "other.example", log().verifier()),
            Err(TlogProofError::KeyOfOtherLog { .. })
        ));
        assert!(matches!(
            proof.verify(leaf(0), "other.example", other.verifier()),
            Err(TlogProofError::Checkpoint(_))
        ));
    }

    #[test]
    fn lines_of_witnesses_are_handed_on() {
        let mut proof = proof(0, 1);
        let note = Note::parse(&proof.checkpoint).unwrap();
        let witness = Cosigner::new("w1.example", SigningKey::from_bytes(&[3; 32])).unwrap();
        let lines = vec![
            note.signatures()[0].clone(),
            witness.cosign(note.text(), 1_700_000_000),
        ];
        proof.checkpoint = Note::new(note.text(), lines).unwrap().to_bytes();
        let proved = proof.verify(leaf(0), ORIGIN, log().verifier()).unwrap();
        assert_eq!(proved.unchecked[0].name(), "w1.example");
        let known = [witness.verifier().clone()];
        let proved = proof
            .verify_with(leaf(0), ORIGIN, log().verifier(), &known)
            .unwrap();
        assert_eq!(proved.cosignatures[0].time, Some(1_700_000_000));
        assert!(proved.unchecked.is_empty());
    }
}

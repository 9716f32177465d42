//! What two signed heads of one log are to each other, as files that are checked offline:
//! that the newer extends the older (a consistency proof), or that it cannot (a fork proof).
//!
//! Both are canonical JSON (RFC 8785) with the notes verbatim; docs/FORMAT.md has the tables.

use std::borrow::Cow;
use std::fmt;

use super::checkpoint::{Checkpoint, CheckpointError, OpenCheckpoint};
use super::note::VerifierKey;
use super::proof::{ProofError, verify_consistency};
use crate::form::{Fields, Form as _, text_of};
use crate::hash::Hash;
use crate::json::Json;
use crate::value::FormError;

/// The version of both formats.
const VERSION: u64 = 1;
/// The most hashes that a path can have: the height of a tree of less than 2^64 leaves, and one.
const LONGEST_PATH: usize = 65;

/// A consistency proof file, nothing of it checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsistencyProof {
    /// The signed checkpoint that is to extend the other, verbatim.
    pub newer: Vec<u8>,
    /// The signed checkpoint that is to be extended, verbatim.
    pub older: Vec<u8>,
    /// The consistency path between their sizes (RFC 6962 §2.1.2).
    pub path: Vec<Hash>,
}

/// A fork proof file, nothing of it checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForkProof {
    /// The signed checkpoint of the larger tree, verbatim.
    pub newer: Vec<u8>,
    /// The signed checkpoint of the smaller tree, or of the other one of the same size, verbatim.
    pub older: Vec<u8>,
    /// The consistency path from `prefix`, at the older size, to the newer root.
    pub path: Vec<Hash>,
    /// The root that the newer tree had at the older size.
    pub prefix: Hash,
}

/// A head: how many leaves, and their root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The number of leaves.
    pub size: u64,
    /// The root of the tree of that size.
    pub root: Hash,
}

/// What a consistency proof has proved: that the log has signed both heads, and the newer one
/// extends the older one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvedConsistency {
    /// The log.
    pub origin: String,
    /// The head that was asked about.
    pub older: Head,
    /// The head that extends it.
    pub newer: Head,
    /// Signature lines in the two notes that the log's key cannot check.
    pub unchecked: usize,
}

/// What a fork proof has proved: that the log has signed two heads that no one history has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvedFork {
    /// The log.
    pub origin: String,
    /// The head of the smaller tree.
    pub older: Head,
    /// The head of the larger tree.
    pub newer: Head,
    /// The root that the larger tree had at the smaller one's size.
    pub prefix: Hash,
    /// Signature lines in the two notes that the log's key cannot check.
    pub unchecked: usize,
}

/// Which of two notes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The one of the smaller tree.
    Older,
    /// The one of the larger tree.
    Newer,
    /// The one that the reader brings along.
    Mine,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Side::Older => "the older note",
            Side::Newer => "the newer note",
            Side::Mine => "the checkpoint brought along",
        })
    }
}

/// Why bytes are not such a file, or it does not prove what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeadsError {
    /// Not canonical JSON, or not of the form.
    Form(FormError),
    /// A note that is no checkpoint signed by the log's key.
    Note {
        /// Which.
        side: Side,
        /// What is wrong with it.
        error: CheckpointError,
    },
    /// The key is not the one of the log asked about.
    OtherLog {
        /// The name of the key.
        found: String,
        /// The origin asked about.
        expected: String,
    },
    /// The proof begins at another head than the reader's.
    OtherHead {
        /// The older head of the file.
        found: Head,
        /// The head that the reader brought along.
        expected: Head,
    },
    /// The path does not lead from the one head to the other.
    Path(ProofError),
    /// The two heads are of one history.
    NoFork {
        /// The size at which they were compared.
        size: u64,
        /// The root that both have there.
        root: Hash,
    },
}

impl fmt::Display for HeadsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HeadsError::Form(error) => write!(f, "proof file: {error}"),
            HeadsError::Note { side, error } => write!(f, "{side}: {error}"),
            HeadsError::OtherLog { found, expected } => {
                write!(f, "verifier key of {found}, expected one of {expected}")
            }
            HeadsError::OtherHead { found, expected } => write!(
                f,
                "found a proof from size {} with root {}, expected one from size {} with root {}, which is the checkpoint brought along",
                found.size, found.root, expected.size, expected.root
            ),
            HeadsError::Path(error) => error.fmt(f),
            HeadsError::NoFork { size, root } => write!(
                f,
                "found one history: both have root {root} at size {size}; expected two"
            ),
        }
    }
}

impl std::error::Error for HeadsError {}

impl From<FormError> for HeadsError {
    fn from(error: FormError) -> HeadsError {
        HeadsError::Form(error)
    }
}

impl ConsistencyProof {
    /// Parses the file; there is one spelling of every proof. The notes are taken as they are.
    ///
    /// # Errors
    /// [`HeadsError::Form`] for bytes that are not canonical JSON, and for a field that is missing,
    /// unknown or of another form.
    pub fn parse(bytes: &[u8]) -> Result<ConsistencyProof, HeadsError> {
        let json = canonical(bytes)?;
        let mut fields = Fields::of(&json)?;
        let proof = ConsistencyProof {
            newer: note(&mut fields, "newer")?,
            older: note(&mut fields, "older")?,
            path: path(&mut fields)?,
        };
        version(&mut fields)?;
        fields.end()?;
        Ok(proof)
    }

    /// The file's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        Json::object([
            ("newer", text_json(&self.newer)),
            ("older", text_json(&self.older)),
            ("path", path_json(&self.path)),
            ("v", VERSION.write()),
        ])
        .to_bytes()
    }

    /// Verifies that the log whose key is `log` has extended the head of `mine`, a checkpoint that
    /// the reader has, and says to which head.
    ///
    /// # Errors
    /// Where a note is not a checkpoint of this log, the file begins at another head than `mine`, or
    /// the path does not lead from the one to the other.
    pub fn verify(&self, mine: &[u8], log: &VerifierKey) -> Result<ProvedConsistency, HeadsError> {
        let (mine, _) = open(Side::Mine, mine, log)?;
        let (older, unchecked) = open(Side::Older, &self.older, log)?;
        let (newer, more) = open(Side::Newer, &self.newer, log)?;
        if older != mine {
            return Err(HeadsError::OtherHead {
                found: older,
                expected: mine,
            });
        }
        verify_consistency(older.size, newer.size, &older.root, &newer.root, &self.path)
            .map_err(HeadsError::Path)?;
        let origin = log.name().to_owned();
        let unchecked = unchecked + more;
        Ok(ProvedConsistency {
            origin,
            older,
            newer,
            unchecked,
        })
    }
}

impl ForkProof {
    /// Parses the file; there is one spelling of every proof. The notes are taken as they are.
    ///
    /// # Errors
    /// As [`ConsistencyProof::parse`].
    pub fn parse(bytes: &[u8]) -> Result<ForkProof, HeadsError> {
        let json = canonical(bytes)?;
        let mut fields = Fields::of(&json)?;
        let proof = ForkProof {
            newer: note(&mut fields, "newer")?,
            older: note(&mut fields, "older")?,
            path: path(&mut fields)?,
            prefix: fields.required("prefix")?,
        };
        version(&mut fields)?;
        fields.end()?;
        Ok(proof)
    }

    /// The file's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        Json::object([
            ("newer", text_json(&self.newer)),
            ("older", text_json(&self.older)),
            ("path", path_json(&self.path)),
            ("prefix", self.prefix.write()),
            ("v", VERSION.write()),
        ])
        .to_bytes()
    }

    /// Verifies that the log `origin`, whose key is `log`, has signed two histories: the tree of the
    /// newer note had another root at the older note's size than the older note says.
    ///
    /// # Errors
    /// Where the key is not named `origin`, a note is not a checkpoint of this log, the path does not
    /// lead from the prefix to the newer head, or both heads are of one history.
    pub fn verify(&self, origin: &str, log: &VerifierKey) -> Result<ProvedFork, HeadsError> {
        if log.name() != origin {
            let (found, expected) = (log.name().to_owned(), origin.to_owned());
            return Err(HeadsError::OtherLog { found, expected });
        }
        let (older, unchecked) = open(Side::Older, &self.older, log)?;
        let (newer, more) = open(Side::Newer, &self.newer, log)?;
        verify_consistency(
            older.size,
            newer.size,
            &self.prefix,
            &newer.root,
            &self.path,
        )
        .map_err(HeadsError::Path)?;
        if self.prefix == older.root {
            let Head { size, root } = older;
            return Err(HeadsError::NoFork { size, root });
        }
        Ok(ProvedFork {
            origin: origin.to_owned(),
            older,
            newer,
            prefix: self.prefix,
            unchecked: unchecked + more,
        })
    }
}

fn open(side: Side, note: &[u8], log: &VerifierKey) -> Result<(Head, usize), HeadsError> {
    let OpenCheckpoint {
        checkpoint: Checkpoint { size, root, .. },
        unchecked,
        ..
    } = Checkpoint::open(note, log).map_err(|error| HeadsError::Note { side, error })?;
    Ok((Head { size, root }, unchecked.len()))
}

fn canonical(bytes: &[u8]) -> Result<Json<'_>, FormError> {
    Json::parse(bytes).map_err(|error| {
        let found = format!("{} at byte {}", error.found, error.offset);
        FormError::schema(
            found,
            format!("{} (canonical JSON, RFC 8785)", error.expected),
        )
    })
}

fn note(fields: &mut Fields<'_, '_>, name: &'static str) -> Result<Vec<u8>, FormError> {
    let json = fields.raw(name);
    let json =
        json.ok_or_else(|| FormError::schema("nothing", "a signed checkpoint").inside(name))?;
    let text = text_of(json).map_err(|error| error.inside(name))?;
    Ok(text.as_bytes().to_vec())
}

fn path(fields: &mut Fields<'_, '_>) -> Result<Vec<Hash>, FormError> {
    let read = |json: Option<&Json<'_>>| match json {
        Some(Json::Arr(items)) if items.len() <= LONGEST_PATH => {
            items.iter().map(Hash::read).collect()
        }
        Some(Json::Arr(items)) => Err(FormError::limit(
            format!("{} hashes", items.len()),
            format!("at most {LONGEST_PATH}"),
        )),
        Some(other) => Err(FormError::schema(other.kind(), "an array of hashes")),
        None => Err(FormError::schema("nothing", "an array of hashes")),
    };
    read(fields.raw("path")).map_err(|error| error.inside("path"))
}

fn version(fields: &mut Fields<'_, '_>) -> Result<(), FormError> {
    match fields.required::<u64>("v")? {
        VERSION => Ok(()),
        other => Err(FormError::schema(other.to_string(), VERSION.to_string()).inside("v")),
    }
}

/// Notes are UTF-8; bytes that are not would be refused when they are opened.
fn text_json(note: &[u8]) -> Json<'_> {
    Json::Str(String::from_utf8_lossy(note))
}

fn path_json(path: &[Hash]) -> Json<'static> {
    let hex = |hash: &Hash| Json::Str(Cow::Owned(hash.to_string()));
    Json::Arr(path.iter().map(hex).collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use ed25519_dalek::SigningKey;
    use proptest::prelude::*;

    use super::super::note::{Note, NoteSigner};
    use super::super::oracle;
    use super::super::tree::{Tree, leaf_hash};
    use super::*;

    const ORIGIN: &str = "log.example/a";

    fn signer(name: &str, seed: u8) -> NoteSigner {
        NoteSigner::new(name, SigningKey::from_bytes(&[seed; 32])).unwrap()
    }

    fn log() -> NoteSigner {
        signer(ORIGIN, 1)
    }

    fn signed_by(signer: &NoteSigner, size: u64, root: Hash) -> Vec<u8> {
        let origin = signer.verifier().name().to_owned();
        Checkpoint { origin, size, root }.sign(signer).unwrap()
    }

    fn head(tree: &Tree, size: u64) -> Vec<u8> {
        signed_by(&log(), size, tree.root_at(size).unwrap())
    }

    /// Entries 0, 1, 2, …, of which the one at `other` is another.
    fn tree(size: u64, other: Option<u64>) -> Tree {
        let mut tree = Tree::new();
        for number in 0..size {
            let entry = if Some(number) == other {
                u64::MAX
            } else {
                number
            };
            tree.push(leaf_hash(&entry.to_be_bytes()));
        }
        tree
    }

    fn consistency(tree: &Tree, old: u64, new: u64) -> ConsistencyProof {
        let path = tree.consistency(old, new).unwrap();
        ConsistencyProof {
            newer: head(tree, new),
            older: head(tree, old),
            path,
        }
    }

    fn fork(ours: &Tree, old: u64, theirs: &Tree, new: u64) -> ForkProof {
        ForkProof {
            newer: head(theirs, new),
            older: head(ours, old),
            path: theirs.consistency(old, new).unwrap(),
            prefix: theirs.root_at(old).unwrap(),
        }
    }

    /// Paths of ct-merkle, not ours.
    #[test]
    fn a_consistency_proof_of_another_implementation_holds_at_every_pair_of_sizes() {
        let tree = tree(70, None);
        for new in 1..=70 {
            let other = oracle::ct_merkle_tree(new);
            for old in 1..=new {
                let bytes = other
                    .prove_consistency((new - old) as usize)
                    .as_bytes()
                    .to_vec();
                let (path, rest) = bytes.as_chunks::<32>();
                assert!(rest.is_empty());
                let path = path.iter().map(|hash| Hash(*hash)).collect();
                let proof = ConsistencyProof {
                    path,
                    ..consistency(&tree, old, new)
                };
                let proof = ConsistencyProof::parse(&proof.to_bytes()).unwrap();
                let bound = proof.verify(&head(&tree, old), log().verifier()).unwrap();
                assert_eq!((bound.older.size, bound.newer.size), (old, new));
                assert_eq!(bound.newer.root.as_bytes()[..], other.root().as_bytes()[..]);
                assert_eq!(bound.origin, ORIGIN);
            }
        }
    }

    #[test]
    fn a_fork_is_proved_at_every_pair_of_sizes_and_a_consistent_pair_never_is() {
        let size = 40;
        let ours = tree(size, None);
        for changed in [0, 1, 2, 7, 19, 31, 32, 39] {
            let theirs = tree(size, Some(changed));
            for new in 1..=size {
                for old in 1..=new {
                    let proof = fork(&ours, old, &theirs, new);
                    let proof = ForkProof::parse(&proof.to_bytes()).unwrap();
                    let proved = proof.verify(ORIGIN, log().verifier());
                    match changed < old {
                        true => assert_eq!(proved.unwrap().older.root, ours.root_at(old).unwrap()),
                        false => assert!(matches!(proved, Err(HeadsError::NoFork { .. }))),
                    }
                }
            }
        }
    }

    #[test]
    fn no_field_of_a_proof_can_be_changed() {
        let (ours, theirs) = (tree(23, None), tree(23, Some(3)));
        let (mine, vkey) = (head(&ours, 9), log().verifier().clone());
        let good = consistency(&ours, 9, 23);
        assert!(good.verify(&mine, &vkey).is_ok());
        let forked = fork(&ours, 9, &theirs, 23);
        assert!(forked.verify(ORIGIN, &vkey).is_ok());
        let longer = |path: &[Hash]| [path, &[Hash::ZERO][..]].concat();
        let shorter = |path: &[Hash]| path[..path.len() - 1].to_vec();
        let changed = |path: &[Hash], place: usize| {
            let mut path = path.to_vec();
            path[place].0[5] ^= 4;
            path
        };
        let mut paths = vec![Vec::new(), longer(&good.path), shorter(&good.path)];
        paths.extend((0..good.path.len()).map(|place| changed(&good.path, place)));
        for path in paths {
            let proof = ConsistencyProof {
                path,
                ..good.clone()
            };
            assert!(matches!(
                proof.verify(&mine, &vkey),
                Err(HeadsError::Path(_))
            ));
        }
        let mut paths = vec![Vec::new(), longer(&forked.path), shorter(&forked.path)];
        paths.extend((0..forked.path.len()).map(|place| changed(&forked.path, place)));
        for path in paths {
            let proof = ForkProof {
                path,
                ..forked.clone()
            };
            assert!(matches!(
                proof.verify(ORIGIN, &vkey),
                Err(HeadsError::Path(_))
            ));
        }
        let mut prefix = forked.prefix;
        prefix.0[31] ^= 1;
        let proof = ForkProof {
            prefix,
            ..forked.clone()
        };
        assert!(matches!(
            proof.verify(ORIGIN, &vkey),
            Err(HeadsError::Path(_))
        ));

        // Other sizes, the same path; the two notes swapped; heads of the other history.
        for size in [8, 10, 22] {
            let proof = ConsistencyProof {
                older: head(&ours, size),
                ..good.clone()
            };
            let other = HeadsError::OtherHead {
                found: Head {
                    size,
                    root: ours.root_at(size).unwrap(),
                },
                expected: Head {
                    size: 9,
                    root: ours.root_at(9).unwrap(),
                },
            };
            assert_eq!(proof.verify(&mine, &vkey), Err(other));
            assert!(proof.verify(&head(&ours, size), &vkey).is_err());
            let proof = ForkProof {
                newer: head(&theirs, size),
                ..forked.clone()
            };
            assert!(proof.verify(ORIGIN, &vkey).is_err());
        }
        let swapped = ConsistencyProof {
            newer: good.older.clone(),
            older: good.newer.clone(),
            ..good.clone()
        };
        assert!(swapped.verify(&mine, &vkey).is_err());
        assert_eq!(
            swapped.verify(&good.newer, &vkey),
            Err(HeadsError::Path(ProofError::Shrunk { old: 23, new: 9 }))
        );
        let lie = ConsistencyProof {
            newer: head(&theirs, 23),
            ..good.clone()
        };
        assert!(matches!(lie.verify(&mine, &vkey), Err(HeadsError::Path(_))));
    }

    #[test]
    fn notes_of_another_log_or_key_prove_nothing() {
        let ours = tree(12, None);
        let (mine, vkey) = (head(&ours, 5), log().verifier().clone());
        let good = consistency(&ours, 5, 12);
        let forked = fork(&ours, 5, &tree(12, Some(1)), 12);
        for other in [signer("log.example/b", 1), signer(ORIGIN, 2)] {
            let note = signed_by(&other, 12, ours.root());
            let old = signed_by(&other, 5, ours.root_at(5).unwrap());
            for (proof, side) in [
                (
                    ConsistencyProof {
                        newer: note.clone(),
                        ..good.clone()
                    },
                    Side::Newer,
                ),
                (
                    ConsistencyProof {
                        older: old.clone(),
                        ..good.clone()
                    },
                    Side::Older,
                ),
            ] {
                let error = proof.verify(&mine, &vkey).unwrap_err();
                assert!(
                    matches!(&error, HeadsError::Note { side: found, .. } if *found == side),
                    "{error}"
                );
            }
            let error = good.verify(&old, &vkey).unwrap_err();
            assert!(matches!(
                error,
                HeadsError::Note {
                    side: Side::Mine,
                    ..
                }
            ));
            let proof = ForkProof {
                newer: note,
                ..forked.clone()
            };
            assert!(matches!(
                proof.verify(ORIGIN, &vkey),
                Err(HeadsError::Note { .. })
            ));
            let proof = ForkProof {
                older: old,
                ..forked.clone()
            };
            assert!(matches!(
                proof.verify(ORIGIN, &vkey),
                Err(HeadsError::Note { .. })
            ));
        }
        let other = HeadsError::OtherLog {
            found: ORIGIN.to_owned(),
            expected: "log.example/b".to_owned(),
        };
        assert_eq!(forked.verify("log.example/b", &vkey), Err(other));
        // Not a byte of a note can be changed.
        for place in 0..good.newer.len() {
            let mut newer = good.newer.clone();
            newer[place] ^= 1;
            let proof = ConsistencyProof {
                newer: newer.clone(),
                ..good.clone()
            };
            assert!(proof.verify(&mine, &vkey).is_err(), "byte {place}");
            let proof = ForkProof {
                newer,
                ..forked.clone()
            };
            assert!(proof.verify(ORIGIN, &vkey).is_err(), "byte {place}");
        }
    }

    #[test]
    fn the_signatures_that_nobody_checked_are_counted_of_both_notes() {
        let (ours, theirs) = (tree(6, None), tree(6, Some(0)));
        let signed_too = |note: &[u8], others: std::ops::Range<u8>| {
            let note = Note::parse(note).unwrap();
            let mut lines = note.signatures().to_vec();
            let witnesses = others.map(|seed| signer(&format!("witness.example/{seed}"), seed));
            lines.extend(witnesses.map(|witness| witness.sign(note.text())));
            Note::new(note.text(), lines).unwrap().to_bytes()
        };
        let vkey = log().verifier().clone();
        let mut proof = consistency(&ours, 2, 6);
        assert_eq!(proof.verify(&head(&ours, 2), &vkey).unwrap().unchecked, 0);
        proof.older = signed_too(&proof.older, 10..12);
        proof.newer = signed_too(&proof.newer, 20..23);
        assert_eq!(proof.verify(&head(&ours, 2), &vkey).unwrap().unchecked, 5);

        let mut proof = fork(&ours, 2, &theirs, 6);
        proof.older = signed_too(&proof.older, 10..12);
        proof.newer = signed_too(&proof.newer, 20..23);
        assert_eq!(proof.verify(ORIGIN, &vkey).unwrap().unchecked, 5);
    }

    #[test]
    fn two_equal_heads_are_no_fork_and_two_of_one_size_are() {
        let (ours, theirs) = (tree(6, None), tree(6, Some(2)));
        let vkey = log().verifier().clone();
        let same = fork(&ours, 6, &ours, 6);
        let root = ours.root();
        assert_eq!(
            same.verify(ORIGIN, &vkey),
            Err(HeadsError::NoFork { size: 6, root })
        );
        let two = fork(&ours, 6, &theirs, 6);
        assert_eq!(two.prefix, theirs.root());
        assert!(two.path.is_empty());
        assert!(two.verify(ORIGIN, &vkey).is_ok());
        let lie = ForkProof {
            prefix: theirs.root(),
            ..same
        };
        assert!(matches!(
            lie.verify(ORIGIN, &vkey),
            Err(HeadsError::Path(_))
        ));
        // Nothing can be said of the empty tree, which all histories begin with.
        let empty = signed_by(&log(), 0, super::super::tree::EMPTY_ROOT);
        let proof = ForkProof {
            older: empty.clone(),
            path: Vec::new(),
            ..two
        };
        assert_eq!(
            proof.verify(ORIGIN, &vkey),
            Err(HeadsError::Path(ProofError::EmptyOldTree))
        );
        let proof = ConsistencyProof {
            older: empty.clone(),
            ..consistency(&ours, 2, 6)
        };
        assert_eq!(
            proof.verify(&empty, &vkey),
            Err(HeadsError::Path(ProofError::EmptyOldTree))
        );
    }

    #[test]
    fn other_spellings_and_fields_are_refused() {
        let ours = tree(6, None);
        let good = String::from_utf8(consistency(&ours, 2, 6).to_bytes()).unwrap();
        assert_eq!(
            ConsistencyProof::parse(good.as_bytes()).unwrap().to_bytes(),
            good.as_bytes()
        );
        assert!(
            good.starts_with(r#"{"newer":"log.example/a\n6\n"#) && good.ends_with(r#"],"v":1}"#)
        );
        let forked = String::from_utf8(fork(&ours, 2, &tree(6, Some(0)), 6).to_bytes()).unwrap();
        assert_eq!(
            ForkProof::parse(forked.as_bytes()).unwrap().to_bytes(),
            forked.as_bytes()
        );
        let hash = Hash::ZERO.to_string();
        for text in [
            format!("{good}\n"),
            format!(" {good}"),
            good.replace(r#""v":1"#, r#""v":2"#),
            good.replace(r#""v":1"#, r#""v":"1""#),
            good.replace(r#","v":1"#, ""),
            good.replace(r#","v":1"#, r#","v":1,"w":0"#),
            good.replace(r#"{"newer""#, r#"{"extra":1,"newer""#),
            good.replace(r#""path":["#, r#""path":[null,"#),
            good.replace(r#""path":["#, r#""path":["00","#),
            good.replace(
                r#""path":["#,
                &format!(r#""path":[{}"#, format!(r#""{hash}","#).repeat(66)),
            ),
            good.replace("\"path\"", "\"prefix\""),
            forked.clone(),
            "[]".to_owned(),
            String::new(),
        ] {
            assert!(
                matches!(
                    ConsistencyProof::parse(text.as_bytes()),
                    Err(HeadsError::Form(_))
                ),
                "{text}"
            );
        }
        for text in [
            good.clone(),
            forked.replace(r#""prefix":""#, r#""prefix":"A"#),
            forked.replace(r#","v":1"#, r#","v":1,"why":"""#),
            format!("{forked}{forked}"),
        ] {
            assert!(
                matches!(ForkProof::parse(text.as_bytes()), Err(HeadsError::Form(_))),
                "{text}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>, place: prop::sample::Index, byte: u8) {
            let _ = ConsistencyProof::parse(&bytes);
            let good = fork(&tree(6, None), 2, &tree(6, Some(0)), 6).to_bytes();
            let mut bytes = good.clone();
            let place = place.index(bytes.len());
            bytes[place] = byte;
            prop_assume!(bytes != good);
            let vkey = log().verifier().clone();
            let proved = ForkProof::parse(&bytes).and_then(|proof| proof.verify(ORIGIN, &vkey));
            prop_assert!(proved.is_err());
        }
    }
}

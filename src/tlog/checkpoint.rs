//! Checkpoints (c2sp.org/tlog-checkpoint): the head of a log as a signed note of three lines.

use std::fmt;

use super::note::{
    GoodSignature, Note, NoteError, NoteKeyId, NoteSigner, OpenNote, SignatureAlgorithm,
    SignatureLine, VerifierKey, is_key_name,
};
use super::spelling::{base64, from_decimal, hash_from_base64};
use super::tree::EMPTY_ROOT;
use crate::hash::Hash;

/// The most bytes of an origin.
const LONGEST_ORIGIN: usize = 255;

/// Whether it can name a log: a key's name of at most so many bytes.
pub(super) fn is_origin(text: &str) -> bool {
    text.len() <= LONGEST_ORIGIN && is_key_name(text)
}

/// A tree head: which log, how many leaves, and their root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name for ever, also the name of its key: 1 to 255 bytes.
    pub origin: String,
    /// The number of leaves.
    pub size: u64,
    /// The root of the tree of that size (RFC 6962 §2.1).
    pub root: Hash,
}

/// A checkpoint that the log's key has signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenCheckpoint {
    /// The head.
    pub checkpoint: Checkpoint,
    /// The good lines of the witnesses that were given, in the note's order.
    pub cosignatures: Vec<GoodSignature>,
    /// The lines that no given key can check, in the note's order: neither good nor bad.
    pub unchecked: Vec<SignatureLine>,
}

/// Why bytes are not a checkpoint of this log, or why one is not signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckpointError {
    /// The note around it is malformed, has a bad signature, or none by the log's key.
    Note(NoteError),
    /// Not three lines; extension lines are not accepted.
    Lines {
        /// How many lines the text has.
        found: usize,
    },
    /// The origin is empty, too long, or could not be the name of a key.
    Origin(String),
    /// Another log's head.
    OtherOrigin {
        /// The origin that the checkpoint names.
        found: String,
        /// The name of the key that was to check or sign it.
        expected: String,
    },
    /// The size is not a decimal number below 2^64 without leading zeros.
    Size(String),
    /// The root is not 32 bytes in canonical base64.
    Root(String),
    /// Size 0 with a root that is not the one of the empty tree.
    EmptyRoot(Hash),
    /// The key that was given as the log's is a witness's.
    NotALogKey(String),
    /// A signature line that no key here can check.
    Unchecked {
        /// The name of the key that the line claims.
        name: String,
        /// The id of the key that the line claims.
        key_id: NoteKeyId,
    },
}

impl fmt::Display for CheckpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CheckpointError::Note(error) => write!(f, "checkpoint: {error}"),
            CheckpointError::Lines { found } => {
                write!(
                    f,
                    "checkpoint of {found} lines, expected origin, size and root"
                )
            }
            CheckpointError::Origin(origin) => write!(
                f,
                "checkpoint origin {origin:?}: expected 1 to {LONGEST_ORIGIN} bytes without white \
                 space, control characters or plus signs"
            ),
            CheckpointError::OtherOrigin { found, expected } => {
                write!(f, "checkpoint of {found}, expected {expected}")
            }
            CheckpointError::Size(size) => {
                write!(
                    f,
                    "checkpoint size {size:?}: expected a decimal number below 2^64"
                )
            }
            CheckpointError::Root(root) => {
                write!(f, "checkpoint root {root:?}: expected 32 bytes in base64")
            }
            CheckpointError::EmptyRoot(root) => {
                write!(
                    f,
                    "checkpoint of size 0 with root {root}, expected {EMPTY_ROOT}"
                )
            }
            CheckpointError::NotALogKey(key) => {
                write!(f, "key {key}: expected a log's (algorithm 0x01)")
            }
            CheckpointError::Unchecked { name, key_id } => {
                write!(
                    f,
                    "signature line of {name} (key {key_id}): no key here can check it"
                )
            }
        }
    }
}

impl std::error::Error for CheckpointError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            CheckpointError::Note(error) => Some(error),
            _ => None,
        }
    }
}

impl From<NoteError> for CheckpointError {
    fn from(error: NoteError) -> CheckpointError {
        CheckpointError::Note(error)
    }
}

impl Checkpoint {
    /// The signed text: origin, size, root in base64, a line each.
    #[must_use]
    pub fn body(&self) -> String {
        format!(
            "{}\n{}\n{}\n",
            self.origin,
            self.size,
            base64(self.root.as_bytes())
        )
    }

    /// Parses the signed text; there is one spelling of every checkpoint.
    ///
    /// # Errors
    /// Where a line departs from the specification, or there are more than three.
    pub fn parse_body(text: &str) -> Result<Checkpoint, CheckpointError> {
        let lines: Vec<&str> = text.split('\n').collect();
        let [origin, size, root, ""] = lines[..] else {
            return Err(CheckpointError::Lines {
                found: text.lines().count(),
            });
        };
        let checkpoint = Checkpoint {
            origin: origin.to_owned(),
            size: from_decimal(size).ok_or_else(|| CheckpointError::Size(size.to_owned()))?,
            root: hash_from_base64(root).ok_or_else(|| CheckpointError::Root(root.to_owned()))?,
        };
        checkpoint.check()?;
        Ok(checkpoint)
    }

    /// The checkpoint as a note that the log's key has signed.
    ///
    /// That the head extends the last one signed is for the caller to have proved.
    ///
    /// # Errors
    /// Where the signer's name is not the origin, or [`Checkpoint::parse_body`] would refuse it.
    pub fn sign(&self, signer: &NoteSigner) -> Result<Vec<u8>, CheckpointError> {
        self.check()?;
        self.expect_origin(signer.verifier().name())?;
        let text = self.body();
        let line = signer.sign(&text);
        Ok(Note::new(&text, vec![line])?.to_bytes())
    }

    /// Opens a signed checkpoint of the log with this key; all other lines are left unchecked.
    ///
    /// # Errors
    /// As [`Checkpoint::open_with`].
    pub fn open(bytes: &[u8], log: &VerifierKey) -> Result<OpenCheckpoint, CheckpointError> {
        Checkpoint::open_with(bytes, log, &[])
    }

    /// Opens a signed checkpoint of the log with this key, and checks the lines of these witnesses.
    ///
    /// # Errors
    /// Where the note or its text is malformed, the log's signature is missing, the signature of
    /// the log or of one of the witnesses is bad, or the origin is not the name of the log's key.
    pub fn open_with(
        bytes: &[u8],
        log: &VerifierKey,
        witnesses: &[VerifierKey],
    ) -> Result<OpenCheckpoint, CheckpointError> {
        if log.algorithm() != SignatureAlgorithm::Ed25519 {
            return Err(CheckpointError::NotALogKey(log.to_string()));
        }
        let known: Vec<&VerifierKey> = std::iter::once(log).chain(witnesses).collect();
        let OpenNote {
            text,
            good,
            unchecked,
        } = Note::parse(bytes)?.verify(&known)?;
        let (by_log, cosignatures): (Vec<_>, Vec<_>) = good
            .into_iter()
            .partition(|signature| signature.key == *log);
        if by_log.is_empty() {
            return Err(NoteError::NoKnownKey.into());
        }
        let checkpoint = Checkpoint::parse_body(&text)?;
        checkpoint.expect_origin(log.name())?;
        Ok(OpenCheckpoint {
            checkpoint,
            cosignatures,
            unchecked,
        })
    }

    /// What the lines alone do not show.
    fn check(&self) -> Result<(), CheckpointError> {
        if !is_origin(&self.origin) {
            return Err(CheckpointError::Origin(self.origin.clone()));
        }
        if self.size == 0 && self.root != EMPTY_ROOT {
            return Err(CheckpointError::EmptyRoot(self.root));
        }
        Ok(())
    }

    fn expect_origin(&self, expected: &str) -> Result<(), CheckpointError> {
        if self.origin == expected {
            return Ok(());
        }
        Err(CheckpointError::OtherOrigin {
            found: self.origin.clone(),
            expected: expected.to_owned(),
        })
    }
}

impl OpenCheckpoint {
    /// That every line of the note has been checked.
    ///
    /// # Errors
    /// The first line that no key here can check.
    pub fn all_checked(&self) -> Result<(), CheckpointError> {
        match self.unchecked.first() {
            None => Ok(()),
            Some(line) => Err(CheckpointError::Unchecked {
                name: line.name().to_owned(),
                key_id: line.key_id(),
            }),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::slice::from_ref;

    use ed25519_dalek::SigningKey;
    use proptest::prelude::*;

    use super::super::note::Cosigner;
    use super::*;

    const ORIGIN: &str = "claims.example/l1";

    fn log() -> NoteSigner {
        NoteSigner::new(ORIGIN, SigningKey::from_bytes(&[1; 32])).unwrap()
    }

    fn head(size: u64) -> Checkpoint {
        Checkpoint {
            origin: ORIGIN.to_owned(),
            size,
            root: Hash::of(b"root"),
        }
    }

    /// The example of c2sp.org/tlog-checkpoint.
    const BODY: &str =
        "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

    #[test]
    fn the_example_of_the_specification_is_read_and_written() {
        let checkpoint = Checkpoint::parse_body(BODY).unwrap();
        assert_eq!(checkpoint.origin, "example.com/behind-the-sofa");
        assert_eq!(checkpoint.size, 20_852_163);
        assert_eq!(checkpoint.root.0[..3], [0x0a, 0xc5, 0x18]);
        assert_eq!(checkpoint.body(), BODY);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn a_signed_head_is_opened_as_it_was_and_with_any_change_refused(
            size: u64, root: [u8; 32], place: usize, byte: u8
        ) {
            let root = if size == 0 { EMPTY_ROOT } else { Hash(root) };
            let head = Checkpoint { root, ..head(size) };
            let signed = head.sign(&log()).unwrap();
            let open = Checkpoint::open(&signed, log().verifier()).unwrap();
            prop_assert_eq!(&open.checkpoint, &head);
            prop_assert_eq!(open.all_checked(), Ok(()));
            let mut changed = signed.clone();
            changed[place % signed.len()] = byte;
            prop_assume!(changed != signed);
            prop_assert!(Checkpoint::open(&changed, log().verifier()).is_err());
        }

        #[test]
        fn a_body_has_one_spelling(place: usize, byte in 0x0au8..0x7f, origin in ".{1,8}") {
            let mut bytes = BODY.as_bytes().to_vec();
            bytes[place % BODY.len()] = byte;
            for text in [String::from_utf8(bytes).unwrap(), format!("{origin}\n1{}", &BODY[37..])] {
                if let Ok(checkpoint) = Checkpoint::parse_body(&text) {
                    prop_assert_eq!(checkpoint.body(), text);
                }
            }
        }
    }

    #[test]
    fn an_error_says_what_lies_behind_it() {
        use std::error::Error as _;

        let refused = Checkpoint::open(b"no note", log().verifier()).unwrap_err();
        let CheckpointError::Note(error) = &refused else {
            panic!("{refused}");
        };
        assert_eq!(refused.source().unwrap().to_string(), error.to_string());
        // A head of nothing with the root of something.
        let refused = Checkpoint::parse_body(&head(0).body()).unwrap_err();
        assert!(refused.source().is_none(), "{refused}");
    }

    #[test]
    fn other_implementations_open_what_is_signed() {
        let signed = head(3).sign(&log()).unwrap();
        let key = signed_note::StandardVerifier::new(&log().verifier().to_string()).unwrap();
        let note = signed_note::Note::from_bytes(&signed).unwrap();
        assert!(
            note.verify(&signed_note::VerifierList::new(vec![Box::new(key)]))
                .is_ok()
        );
        assert_eq!(note.text(), head(3).body().as_bytes());
    }

    #[test]
    fn malformed_bodies_are_refused() {
        let root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";
        let size = |text: &str| Err(CheckpointError::Size(text.to_owned()));
        for (text, error) in [
            (
                format!("a\n1\n{root}\nextension\n"),
                Err(CheckpointError::Lines { found: 4 }),
            ),
            (
                format!("a\n1\n{root}"),
                Err(CheckpointError::Lines { found: 3 }),
            ),
            (
                "a\n1\n".to_owned(),
                Err(CheckpointError::Lines { found: 2 }),
            ),
            (format!("a\n01\n{root}\n"), size("01")),
            (format!("a\n+1\n{root}\n"), size("+1")),
            (format!("a\n\n{root}\n"), size("")),
            (
                format!("a\n18446744073709551616\n{root}\n"),
                size("18446744073709551616"),
            ),
            (
                format!("\n1\n{root}\n"),
                Err(CheckpointError::Origin(String::new())),
            ),
            (
                format!("a b\n1\n{root}\n"),
                Err(CheckpointError::Origin("a b".to_owned())),
            ),
            (
                format!("a+b\n1\n{root}\n"),
                Err(CheckpointError::Origin("a+b".to_owned())),
            ),
            (
                format!("a\n1\n{}\n", &root[4..]),
                Err(CheckpointError::Root(root[4..].to_owned())),
            ),
        ] {
            assert_eq!(Checkpoint::parse_body(&text), error, "{text:?}");
        }
        assert!(matches!(
            Checkpoint::parse_body(&format!("a\n0\n{root}\n")),
            Err(CheckpointError::EmptyRoot(_))
        ));
        let empty = "a\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";
        assert_eq!(Checkpoint::parse_body(empty).unwrap().root, EMPTY_ROOT);
        assert!(Checkpoint::parse_body(&format!("{}\n1\n{root}\n", "a".repeat(256))).is_err());
        assert!(Checkpoint::parse_body(&format!("{}\n1\n{root}\n", "a".repeat(255))).is_ok());
    }

    #[test]
    fn a_head_is_signed_and_opened_only_by_the_key_that_its_origin_names() {
        let other = NoteSigner::new("other.example", SigningKey::from_bytes(&[1; 32])).unwrap();
        let refused = CheckpointError::OtherOrigin {
            found: ORIGIN.to_owned(),
            expected: "other.example".to_owned(),
        };
        assert_eq!(head(1).sign(&other), Err(refused.clone()));
        let text = head(1).body();
        let note = Note::new(&text, vec![other.sign(&text)])
            .unwrap()
            .to_bytes();
        assert_eq!(Checkpoint::open(&note, other.verifier()), Err(refused));
        let stolen = NoteSigner::new(ORIGIN, SigningKey::from_bytes(&[2; 32])).unwrap();
        assert_eq!(
            Checkpoint::open(&head(1).sign(&stolen).unwrap(), log().verifier()),
            Err(CheckpointError::Note(NoteError::NoKnownKey))
        );
    }

    #[test]
    fn lines_of_witnesses_are_checked_where_their_keys_are_given_and_else_reported() {
        let witness = Cosigner::new("w1.example", SigningKey::from_bytes(&[3; 32])).unwrap();
        let key = witness.verifier().clone();
        let text = head(9).body();
        let lines = vec![log().sign(&text), witness.cosign(&text, 1_700_000_000)];
        let bytes = Note::new(&text, lines.clone()).unwrap().to_bytes();

        let open = Checkpoint::open_with(&bytes, log().verifier(), from_ref(&key)).unwrap();
        assert_eq!(open.cosignatures.len(), 1);
        assert_eq!(open.cosignatures[0].time, Some(1_700_000_000));
        assert_eq!(open.cosignatures[0].key, key);
        assert_eq!(open.all_checked(), Ok(()));

        let open = Checkpoint::open(&bytes, log().verifier()).unwrap();
        assert_eq!(open.unchecked, [lines[1].clone()]);
        let error = open.all_checked().unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "signature line of w1.example (key {}): no key here can check it",
                key.key_id()
            )
        );

        // A witness that has seen another head does not vouch for this one.
        let lines = vec![
            log().sign(&text),
            witness.cosign(&head(8).body(), 1_700_000_000),
        ];
        let bytes = Note::new(&text, lines).unwrap().to_bytes();
        assert!(matches!(
            Checkpoint::open_with(&bytes, log().verifier(), from_ref(&key)),
            Err(CheckpointError::Note(NoteError::BadSignature { .. }))
        ));

        // A witness alone does not make a head, and its key is not a log's.
        let alone = Note::new(&text, vec![witness.cosign(&text, 1)])
            .unwrap()
            .to_bytes();
        assert_eq!(
            Checkpoint::open_with(&alone, log().verifier(), from_ref(&key)),
            Err(CheckpointError::Note(NoteError::NoKnownKey))
        );
        assert!(matches!(
            Checkpoint::open(&alone, &key),
            Err(CheckpointError::NotALogKey(_))
        ));
    }
}

//! Signed notes (c2sp.org/signed-note): a text, an empty line, and signature lines.

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

use super::cosignature;
use super::spelling::{base64, from_base64};
use crate::hash::Hash;

/// The most signature lines that a note may carry (the specification asks for at least 16).
const MOST_SIGNATURES: usize = 100;
/// The most bytes that a note may have: a hundred lines of the largest known signatures fit.
const MOST_BYTES: usize = 1_000_000;
/// What begins a signature line: U+2014 EM DASH, U+0020.
const DASH: &str = "\u{2014} ";

/// The first four bytes, big-endian, of SHA-256(name ‖ 0x0A ‖ algorithm ‖ public key); shown as
/// eight hexadecimal digits. A hint which key to try, not a name of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NoteKeyId(pub u32);

impl NoteKeyId {
    fn of(name: &str, algorithm: SignatureAlgorithm, key: &[u8; 32]) -> NoteKeyId {
        let hash = Hash::of_parts(&[name.as_bytes(), b"\n", &[algorithm.byte()], key]);
        let [one, two, three, four, ..] = hash.0;
        NoteKeyId(u32::from_be_bytes([one, two, three, four]))
    }
}

impl fmt::Display for NoteKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

/// How a key signs notes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureAlgorithm {
    /// 0x01: Ed25519 over the note's text, as a log signs.
    Ed25519,
    /// 0x04: Ed25519 over time and text, as a witness signs (c2sp.org/tlog-cosignature).
    Cosignature,
}

impl SignatureAlgorithm {
    fn byte(self) -> u8 {
        match self {
            SignatureAlgorithm::Ed25519 => 0x01,
            SignatureAlgorithm::Cosignature => 0x04,
        }
    }

    fn from_byte(byte: u8) -> Option<SignatureAlgorithm> {
        match byte {
            0x01 => Some(SignatureAlgorithm::Ed25519),
            0x04 => Some(SignatureAlgorithm::Cosignature),
            _ => None,
        }
    }
}

/// A key that checks notes, written `<name>+<key id>+<base64 of algorithm and public key>` ("vkey").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    algorithm: SignatureAlgorithm,
    key: VerifyingKey,
}

/// Text that is not a verifier key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VerifierKeyError {
    /// Not three parts between plus signs: a name, eight lower-case hexadecimal digits, base64.
    Form,
    /// The name is empty, or has white space, a control character or a plus sign in it.
    Name(String),
    /// The algorithm is neither 0x01 nor 0x04.
    Algorithm(u8),
    /// The key is not the canonical 32 bytes of a point of prime order.
    Key,
    /// The key id is not the one of this name and key.
    KeyId {
        /// The id that was written.
        found: NoteKeyId,
        /// The id that name and key have.
        expected: NoteKeyId,
    },
}

impl fmt::Display for VerifierKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            VerifierKeyError::Form => {
                f.write_str("verifier key: expected <name>+<key id>+<base64>")
            }
            VerifierKeyError::Name(name) => write!(f, "key name {name:?}: {NAME_RULE}"),
            VerifierKeyError::Algorithm(byte) => {
                write!(
                    f,
                    "verifier key: algorithm 0x{byte:02x}, expected 0x01 or 0x04"
                )
            }
            VerifierKeyError::Key => {
                f.write_str("verifier key: expected an Ed25519 public key: 32 canonical bytes of a point of prime order")
            }
            VerifierKeyError::KeyId { found, expected } => {
                write!(f, "verifier key: key id {found}, expected {expected}")
            }
        }
    }
}

impl std::error::Error for VerifierKeyError {}

impl VerifierKey {
    /// The key `name` with this algorithm and public key.
    ///
    /// # Errors
    /// For a name that cannot stand in a note, and for a key that implementations do not agree about:
    /// a second spelling of a point, or one that is not of the prime order. Under one of small order
    /// a signature could fit many texts.
    pub fn new(
        name: &str,
        algorithm: SignatureAlgorithm,
        key: VerifyingKey,
    ) -> Result<VerifierKey, VerifierKeyError> {
        if !is_key_name(name) {
            return Err(VerifierKeyError::Name(name.to_owned()));
        }
        if !is_sound(&key) {
            return Err(VerifierKeyError::Key);
        }
        Ok(VerifierKey {
            name: name.to_owned(),
            algorithm,
            key,
        })
    }

    /// The key's name; a log's is its origin.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The id that signature lines of this key carry.
    #[must_use]
    pub fn key_id(&self) -> NoteKeyId {
        NoteKeyId::of(&self.name, self.algorithm, self.key.as_bytes())
    }

    /// How the key signs.
    #[must_use]
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    /// The public key itself.
    #[must_use]
    pub fn public_key(&self) -> &VerifyingKey {
        &self.key
    }

    /// Whether the line claims to be by this key: same name, same key id.
    #[must_use]
    pub fn is_named_by(&self, line: &SignatureLine) -> bool {
        self.name == line.name && self.key_id() == line.key_id
    }

    /// The signature on the line, if it is one of `text` by this key (Ed25519 as `verify_strict`
    /// accepts it).
    #[must_use]
    pub fn verify(&self, text: &str, line: &SignatureLine) -> Option<GoodSignature> {
        let time = match self.algorithm {
            SignatureAlgorithm::Ed25519 => {
                let signature = Signature::from_slice(&line.signature).ok()?;
                self.key.verify_strict(text.as_bytes(), &signature).ok()?;
                None
            }
            SignatureAlgorithm::Cosignature => {
                Some(cosignature::verify(&self.key, text, &line.signature)?)
            }
        };
        Some(GoodSignature {
            key: self.clone(),
            time,
        })
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let material = [&[self.algorithm.byte()], &self.key.as_bytes()[..]].concat();
        write!(f, "{}+{}+{}", self.name, self.key_id(), base64(&material))
    }
}

impl FromStr for VerifierKey {
    type Err = VerifierKeyError;

    fn from_str(text: &str) -> Result<VerifierKey, VerifierKeyError> {
        // Base64 may hold plus signs itself: only the first two divide.
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(material)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(VerifierKeyError::Form);
        };
        let found = key_id_from_hex(id).ok_or(VerifierKeyError::Form)?;
        let material = from_base64(material).ok_or(VerifierKeyError::Form)?;
        let (byte, key) = material.split_first().ok_or(VerifierKeyError::Form)?;
        let algorithm =
            SignatureAlgorithm::from_byte(*byte).ok_or(VerifierKeyError::Algorithm(*byte))?;
        let key = VerifyingKey::try_from(key).map_err(|_| VerifierKeyError::Key)?;
        let key = VerifierKey::new(name, algorithm, key)?;
        match key.key_id() {
            expected if expected == found => Ok(key),
            expected => Err(VerifierKeyError::KeyId { found, expected }),
        }
    }
}

/// Canonical and of the prime order: the same that is asked of every key of a ledger, so that all
/// implementations come to one verdict on what it signed.
fn is_sound(key: &VerifyingKey) -> bool {
    let point = key.to_edwards();
    let is_canonical = point.compress().as_bytes() == key.as_bytes();
    is_canonical && !point.is_small_order() && point.is_torsion_free()
}

/// Eight lower-case hexadecimal digits.
fn key_id_from_hex(text: &str) -> Option<NoteKeyId> {
    let id = NoteKeyId(u32::from_str_radix(text, 16).ok()?);
    (id.to_string() == text).then_some(id)
}

const NAME_RULE: &str = "expected no white space, no control character, no plus sign, not empty";

/// Whether a key may have this name.
pub(super) fn is_key_name(name: &str) -> bool {
    let refused = |c: char| c.is_whitespace() || c < ' ' || c == '+';
    !name.is_empty() && !name.contains(refused)
}

/// A key that signs notes with plain Ed25519 (0x01), as a log does.
pub struct NoteSigner {
    verifier: VerifierKey,
    key: SigningKey,
}

impl NoteSigner {
    /// The signer `name`.
    ///
    /// # Errors
    /// For a name that cannot stand in a note.
    pub fn new(name: &str, key: SigningKey) -> Result<NoteSigner, VerifierKeyError> {
        let verifier = VerifierKey::new(name, SignatureAlgorithm::Ed25519, key.verifying_key())?;
        Ok(NoteSigner { verifier, key })
    }

    /// The key that checks what this one signs.
    #[must_use]
    pub fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// The signature line for a note's text.
    #[must_use]
    pub fn sign(&self, text: &str) -> SignatureLine {
        let signature = self.key.sign(text.as_bytes());
        SignatureLine::by(&self.verifier, signature.to_vec())
    }
}

impl fmt::Debug for NoteSigner {
    /// The public half only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NoteSigner({})", self.verifier)
    }
}

/// A key that signs notes together with a time (0x04), as a witness does.
pub struct Cosigner {
    verifier: VerifierKey,
    key: SigningKey,
}

impl Cosigner {
    /// The cosigner `name`. The key must serve no other cosigner: what it signs does not name it.
    ///
    /// # Errors
    /// For a name that cannot stand in a note.
    pub fn new(name: &str, key: SigningKey) -> Result<Cosigner, VerifierKeyError> {
        let verifier =
            VerifierKey::new(name, SignatureAlgorithm::Cosignature, key.verifying_key())?;
        Ok(Cosigner { verifier, key })
    }

    /// The key that checks what this one signs.
    #[must_use]
    pub fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// The signature line for a checkpoint's text, at `time` in seconds since 1970 (at most
    /// 2^63 − 1, or nobody accepts it).
    #[must_use]
    pub fn cosign(&self, text: &str, time: u64) -> SignatureLine {
        SignatureLine::by(&self.verifier, cosignature::sign(&self.key, time, text))
    }
}

impl fmt::Debug for Cosigner {
    /// The public half only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cosigner({})", self.verifier)
    }
}

/// One line below a note: who claims to have signed, and what; nothing of it is checked yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureLine {
    name: String,
    key_id: NoteKeyId,
    signature: Vec<u8>,
}

impl SignatureLine {
    fn by(key: &VerifierKey, signature: Vec<u8>) -> SignatureLine {
        SignatureLine {
            name: key.name.clone(),
            key_id: key.key_id(),
            signature,
        }
    }

    /// The name of the key that the line claims.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The id of the key that the line claims.
    #[must_use]
    pub fn key_id(&self) -> NoteKeyId {
        self.key_id
    }

    /// The signature, as the key's algorithm writes it.
    #[must_use]
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// Parses one line, without its newline.
    ///
    /// # Errors
    /// Where it is not em dash, space, key name, space, canonical base64 of at least five bytes.
    pub fn parse(line: &str) -> Result<SignatureLine, NoteError> {
        let malformed = || NoteError::Line(line.to_owned());
        let (name, encoded) = line
            .strip_prefix(DASH)
            .and_then(|rest| rest.split_once(' '))
            .ok_or_else(malformed)?;
        let bytes = from_base64(encoded).ok_or_else(malformed)?;
        match bytes.split_first_chunk::<4>() {
            Some((id, signature)) if is_key_name(name) && !signature.is_empty() => {
                Ok(SignatureLine {
                    name: name.to_owned(),
                    key_id: NoteKeyId(u32::from_be_bytes(*id)),
                    signature: signature.to_vec(),
                })
            }
            _ => Err(malformed()),
        }
    }
}

impl fmt::Display for SignatureLine {
    /// The line as it stands in a note, without its newline.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let encoded = base64(&[&self.key_id.0.to_be_bytes()[..], &self.signature].concat());
        write!(f, "{DASH}{} {encoded}", self.name)
    }
}

/// Why bytes are not a note, or a note is not to be believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoteError {
    /// More bytes than any note here has.
    TooLong {
        /// The length in bytes.
        found: usize,
    },
    /// Not UTF-8, or an ASCII control character other than a newline; its offset in bytes.
    Character(usize),
    /// No newline at the end of the text or of the note.
    Ending,
    /// No empty line between text and signatures.
    NoSignatures,
    /// More signature lines than any note here has.
    TooManySignatures {
        /// How many there are.
        found: usize,
    },
    /// A line below the text that is not a signature line.
    Line(String),
    /// A line by a known key whose signature is not one of this text.
    BadSignature {
        /// The name of the key.
        name: String,
        /// The id of the key.
        key_id: NoteKeyId,
    },
    /// No line is by a known key.
    NoKnownKey,
}

impl fmt::Display for NoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoteError::TooLong { found } => {
                write!(f, "note of {found} bytes, expected at most {MOST_BYTES}")
            }
            NoteError::Character(offset) => {
                write!(
                    f,
                    "note byte {offset}: expected UTF-8 without control characters"
                )
            }
            NoteError::Ending => f.write_str("note: expected a newline at the end"),
            NoteError::NoSignatures => {
                f.write_str("note: expected an empty line and signature lines after the text")
            }
            NoteError::TooManySignatures { found } => {
                write!(
                    f,
                    "note with {found} signature lines, expected at most {MOST_SIGNATURES}"
                )
            }
            NoteError::Line(line) => {
                write!(
                    f,
                    "note line {line:?}: expected \"{DASH}<key name> <base64>\""
                )
            }
            NoteError::BadSignature { name, key_id } => {
                write!(
                    f,
                    "signature line of {name} (key {key_id}): not a signature of this text"
                )
            }
            NoteError::NoKnownKey => f.write_str("note: expected a signature by a known key"),
        }
    }
}

impl std::error::Error for NoteError {}

/// A text with signature lines, none of them checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<SignatureLine>,
}

/// A note of which at least one known key has signed the text, and no known key has a bad line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenNote {
    /// The text, with its last newline.
    pub text: String,
    /// The lines by known keys, in the note's order.
    pub good: Vec<GoodSignature>,
    /// The lines that no known key can check, in the note's order.
    pub unchecked: Vec<SignatureLine>,
}

/// A signature that has been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoodSignature {
    /// The key that made it.
    pub key: VerifierKey,
    /// When, in seconds since 1970 by the signer's clock; only cosignatures say it.
    pub time: Option<u64>,
}

impl Note {
    /// A note of this text and these lines.
    ///
    /// # Errors
    /// Where [`Note::parse`] would refuse it or read it as another note.
    pub fn new(text: &str, signatures: Vec<SignatureLine>) -> Result<Note, NoteError> {
        let note = Note {
            text: text.to_owned(),
            signatures,
        };
        let read = Note::parse(&note.to_bytes())?;
        // Only a text without its newline is read back as something else.
        if read == note {
            Ok(note)
        } else {
            Err(NoteError::Ending)
        }
    }

    /// Parses a signed note, strictly: there is one spelling of every note.
    ///
    /// # Errors
    /// Where anything departs from the specification, or exceeds 100 lines or a million bytes.
    pub fn parse(bytes: &[u8]) -> Result<Note, NoteError> {
        let whole = plain_text(bytes)?;
        // The text may have empty lines: the last one divides.
        let at = whole.rfind("\n\n").ok_or(NoteError::NoSignatures)?;
        let (text, rest) = whole.split_at(at + 1);
        let lines = rest[1..].strip_suffix('\n').ok_or(NoteError::Ending)?;
        let found = lines.split('\n').count();
        if found > MOST_SIGNATURES {
            return Err(NoteError::TooManySignatures { found });
        }
        let signatures = lines
            .split('\n')
            .map(SignatureLine::parse)
            .collect::<Result<_, _>>()?;
        Ok(Note {
            text: text.to_owned(),
            signatures,
        })
    }

    /// The text, with its last newline; not to be believed before [`Note::verify`].
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signature lines, unchecked.
    #[must_use]
    pub fn signatures(&self) -> &[SignatureLine] {
        &self.signatures
    }

    /// The note's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let lines = self.signatures.iter().map(|line| format!("{line}\n"));
        format!("{}\n{}", self.text, lines.collect::<String>()).into_bytes()
    }

    /// Checks every line that a known key (same name, same key id) has to answer for.
    ///
    /// # Errors
    /// Where such a line is bad (Ed25519 as `verify_strict` accepts it), or there is none.
    pub fn verify(self, known: &[&VerifierKey]) -> Result<OpenNote, NoteError> {
        let (mut good, mut unchecked) = (Vec::new(), Vec::new());
        for line in self.signatures {
            match known.iter().find(|key| key.is_named_by(&line)) {
                Some(key) => match key.verify(&self.text, &line) {
                    Some(signature) => good.push(signature),
                    None => {
                        let SignatureLine { name, key_id, .. } = line;
                        return Err(NoteError::BadSignature { name, key_id });
                    }
                },
                None => unchecked.push(line),
            }
        }
        if good.is_empty() {
            return Err(NoteError::NoKnownKey);
        }
        Ok(OpenNote {
            text: self.text,
            good,
            unchecked,
        })
    }
}

/// UTF-8 of bearable length without control characters.
fn plain_text(bytes: &[u8]) -> Result<&str, NoteError> {
    if bytes.len() > MOST_BYTES {
        return Err(NoteError::TooLong { found: bytes.len() });
    }
    let text =
        std::str::from_utf8(bytes).map_err(|error| NoteError::Character(error.valid_up_to()))?;
    match text.find(|c: char| c < ' ' && c != '\n') {
        Some(offset) => Err(NoteError::Character(offset)),
        None => Ok(text),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;
    use signed_note::{StandardSigner, StandardVerifier, VerifierList};

    use super::*;

    const FOO: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    /// The example of Go's sumdb/note, also in the documentation of `signed_note`.
    const PETER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const PETER_SECRET: &str =
        "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
    const PETER_NOTE: &str = "If you think cryptography is the answer to your problem,\n\
        then you don't know what your problem is.\n\
        \n\
        — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    fn signer(name: &str, seed: u8) -> NoteSigner {
        NoteSigner::new(name, SigningKey::from_bytes(&[seed; 32])).unwrap()
    }

    #[test]
    fn a_verifier_key_of_the_specification_is_read_and_written() {
        let key: VerifierKey = FOO.parse().unwrap();
        assert_eq!(key.name(), "example.com/foo");
        assert_eq!(key.key_id(), NoteKeyId(0x530d_903a));
        assert_eq!(key.algorithm(), SignatureAlgorithm::Ed25519);
        assert_eq!(key.to_string(), FOO);
        // A witness of the public staging network has the other algorithm.
        let cosigner = Cosigner::new("w1", SigningKey::from_bytes(&[3; 32])).unwrap();
        let text = cosigner.verifier().to_string();
        assert_eq!(&text.parse::<VerifierKey>().unwrap(), cosigner.verifier());
    }

    #[test]
    fn a_note_of_another_implementation_is_opened_and_made_again() {
        let peter: VerifierKey = PETER.parse().unwrap();
        let open = Note::parse(PETER_NOTE.as_bytes())
            .unwrap()
            .verify(&[&peter])
            .unwrap();
        assert_eq!(
            open.good,
            [GoodSignature {
                key: peter,
                time: None
            }]
        );
        let seed = from_base64(PETER_SECRET.rsplit_once("c74f20a3+").unwrap().1).unwrap();
        let key = SigningKey::from_bytes(seed[1..].try_into().unwrap());
        let line = NoteSigner::new("PeterNeumann", key)
            .unwrap()
            .sign(&open.text);
        let note = Note::new(&open.text, vec![line]).unwrap();
        assert_eq!(note.to_bytes(), PETER_NOTE.as_bytes());
    }

    #[test]
    fn malformed_verifier_keys_are_refused() {
        let upper = FOO.replace("530d903a", "530D903A");
        for (text, error) in [
            ("", VerifierKeyError::Form),
            ("example.com/foo+530d903a", VerifierKeyError::Form),
            (upper.as_str(), VerifierKeyError::Form),
            (&FOO[..FOO.len() - 1], VerifierKeyError::Form),
            ("example.com/foo+530d903a+", VerifierKeyError::Form),
            ("example.com/foo+530d903a+AQ==", VerifierKeyError::Key),
            (
                "example.com/foo+530d903a+AukyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
                VerifierKeyError::Algorithm(2),
            ),
            (
                "a b+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
                VerifierKeyError::Name("a b".to_owned()),
            ),
            (
                "+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
                VerifierKeyError::Name(String::new()),
            ),
            // The identity, a point of order one.
            (
                "example.com/foo+530d903a+AQEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                VerifierKeyError::Key,
            ),
        ] {
            assert_eq!(text.parse::<VerifierKey>(), Err(error), "{text}");
        }
        let other = FOO.replace("530d903a", "530d903b").parse::<VerifierKey>();
        let (found, expected) = (NoteKeyId(0x530d_903b), NoteKeyId(0x530d_903a));
        assert_eq!(other, Err(VerifierKeyError::KeyId { found, expected }));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn notes_and_keys_are_those_of_another_implementation(
            text in "[a-zé\n ]{0,40}", name in "[a-z./é]{1,12}", seed: u8
        ) {
            let text = format!("{text}\n");
            let ours = signer(&name, seed);
            let note = Note::new(&text, vec![ours.sign(&text)]).unwrap().to_bytes();
            let vkey = ours.verifier().to_string();
            let theirs = StandardVerifier::new(&vkey).unwrap();
            let parsed = signed_note::Note::from_bytes(&note).unwrap();
            prop_assert!(parsed.verify(&VerifierList::new(vec![Box::new(theirs)])).is_ok());
            prop_assert_eq!(parsed.text(), text.as_bytes());
            let material = [&[1], &[seed; 32][..]].concat();
            let key_id = ours.verifier().key_id();
            let secret = format!("PRIVATE+KEY+{name}+{key_id}+{}", base64(&material));
            let mut other = signed_note::Note::new(text.as_bytes(), &[]).unwrap();
            other.add_sigs(&[&StandardSigner::new(&secret).unwrap()]).unwrap();
            prop_assert_eq!(other.to_bytes(), note);
        }

        #[test]
        fn what_we_accept_another_implementation_accepts_and_neither_accepts_a_changed_note(
            place: usize, byte: u8, drop: bool
        ) {
            let mut bytes = PETER_NOTE.as_bytes().to_vec();
            let place = place % bytes.len();
            if drop { bytes.remove(place); } else { bytes[place] = byte; }
            prop_assume!(bytes != PETER_NOTE.as_bytes());
            let peter: VerifierKey = PETER.parse().unwrap();
            let theirs = VerifierList::new(vec![Box::new(StandardVerifier::new(PETER).unwrap())]);
            let (ours, parsed) = (Note::parse(&bytes), signed_note::Note::from_bytes(&bytes));
            prop_assert_eq!(ours.is_ok(), parsed.is_ok());
            if let (Ok(ours), Ok(parsed)) = (ours, parsed) {
                prop_assert_eq!(ours.to_bytes(), bytes);
                prop_assert!(ours.verify(&[&peter]).is_err());
                prop_assert!(parsed.verify(&theirs).is_err());
            }
        }

        #[test]
        fn no_bytes_make_it_panic_and_a_note_has_one_spelling(
            bytes in prop_oneof![
                prop::collection::vec(any::<u8>(), 0..64),
                "[ab\n]{0,6}\n\n(— [ab +]{1,3} [AQ=]{4,12}\n){0,3}".prop_map(String::into_bytes),
            ]
        ) {
            if let Ok(note) = Note::parse(&bytes) {
                prop_assert_eq!(note.to_bytes(), bytes);
            }
        }
    }

    #[test]
    fn malformed_notes_are_refused() {
        let line = "— a AAAAAQE=\n";
        assert!(Note::parse(format!("t\n\n{line}").as_bytes()).is_ok());
        assert!(Note::parse(format!("t\n\nu\n\n{line}").as_bytes()).is_ok());
        let line_error = |text: &str| Err(NoteError::Line(text.to_owned()));
        for (bytes, error) in [
            (format!("t\n{line}"), Err(NoteError::NoSignatures)),
            (format!("t\n\n{}", line.trim_end()), Err(NoteError::Ending)),
            ("t\n\n".to_owned(), Err(NoteError::Ending)),
            (format!("t\r\n\n{line}"), Err(NoteError::Character(1))),
            (format!("t\n\n{line}x\n"), line_error("x")),
            ("t\n\n- a AAAAAQE=\n".to_owned(), line_error("- a AAAAAQE=")),
            ("t\n\n— a AAAAAQF=\n".to_owned(), line_error("— a AAAAAQF=")),
            ("t\n\n— a AAAAAQ==\n".to_owned(), line_error("— a AAAAAQ==")),
            (
                "t\n\n— a+b AAAAAQE=\n".to_owned(),
                line_error("— a+b AAAAAQE="),
            ),
            ("t\n\n—  AAAAAQE=\n".to_owned(), line_error("—  AAAAAQE=")),
            (
                "t\n\n— a\u{a0}b AAAAAQE=\n".to_owned(),
                line_error("— a\u{a0}b AAAAAQE="),
            ),
        ] {
            assert_eq!(Note::parse(bytes.as_bytes()), error, "{bytes:?}");
        }
        assert_eq!(Note::parse(b"t\xff\n\n"), Err(NoteError::Character(1)));
        let many = format!("t\n\n{}", line.repeat(101));
        assert_eq!(
            Note::parse(many.as_bytes()),
            Err(NoteError::TooManySignatures { found: 101 })
        );
        assert!(Note::parse(format!("t\n\n{}", line.repeat(100)).as_bytes()).is_ok());
        let end = format!("\n\n{line}");
        let longest = "a".repeat(1_000_000 - end.len()) + &end;
        assert!(Note::parse(longest.as_bytes()).is_ok());
        let long = vec![b'a'; 1_000_001];
        assert_eq!(
            Note::parse(&long),
            Err(NoteError::TooLong { found: 1_000_001 })
        );
    }

    #[test]
    fn a_text_that_would_be_read_differently_is_not_made_into_a_note() {
        let line = signer("a", 1).sign("t");
        assert_eq!(
            Note::new("t", vec![line.clone()]),
            Err(NoteError::NoSignatures)
        );
        let hidden = "u\n\n— a AAAAAQE=";
        assert_eq!(
            Note::new(hidden, vec![line.clone()]),
            Err(NoteError::Ending)
        );
        assert!(Note::new("t\n", vec![]).is_err());
        assert_eq!(Note::new("t\t\n", vec![line]), Err(NoteError::Character(1)));
    }

    #[test]
    fn lines_of_unknown_keys_are_set_aside_and_a_bad_line_of_a_known_key_refuses_the_note() {
        let (log, other) = (signer("log", 1), signer("other", 2));
        // Neither the name alone nor the id alone makes a key known.
        let namesake = signer("log", 3);
        let lines = vec![other.sign("t\n"), log.sign("t\n"), namesake.sign("t\n")];
        let note = Note::new("t\n", lines.clone()).unwrap();
        let open = note.clone().verify(&[log.verifier()]).unwrap();
        assert_eq!(
            open.good,
            [GoodSignature {
                key: log.verifier().clone(),
                time: None
            }]
        );
        assert_eq!(open.unchecked, [lines[0].clone(), lines[2].clone()]);
        let unknown = signer("log", 4);
        assert_eq!(
            note.clone().verify(&[unknown.verifier()]),
            Err(NoteError::NoKnownKey)
        );
        assert_eq!(note.verify(&[]), Err(NoteError::NoKnownKey));

        let forged = Note::new("t\n", vec![log.sign("t\n"), log.sign("u\n")]).unwrap();
        let key_id = log.verifier().key_id();
        assert_eq!(
            forged.verify(&[log.verifier()]),
            Err(NoteError::BadSignature {
                name: "log".to_owned(),
                key_id
            })
        );
    }

    #[test]
    fn a_cosignature_tells_its_time_and_is_not_a_plain_signature() {
        let key = SigningKey::from_bytes(&[5; 32]);
        let cosigner = Cosigner::new("w", key.clone()).unwrap();
        let line = cosigner.cosign("t\n", 1_679_315_147);
        assert_eq!(line.signature().len(), 72);
        let note = Note::new("t\n", vec![line.clone()]).unwrap();
        let open = note.verify(&[cosigner.verifier()]).unwrap();
        assert_eq!(open.good[0].time, Some(1_679_315_147));
        // The same key and name as a plain signer has another id.
        let plain = NoteSigner::new("w", key).unwrap();
        assert_ne!(plain.verifier().key_id(), cosigner.verifier().key_id());
        let note = Note::new("t\n", vec![line]).unwrap();
        assert_eq!(note.verify(&[plain.verifier()]), Err(NoteError::NoKnownKey));
    }

    #[test]
    fn a_signature_that_only_lax_verifiers_accept_is_refused() {
        use curve25519_dalek::scalar::Scalar;
        use ed25519_dalek::Verifier;
        use sha2::{Digest, Sha512};

        // R is the identity, so S = k·a fits the equation although nobody chose a nonce.
        let key = SigningKey::from_bytes(&[6; 32]);
        let mut r = [0; 32];
        r[0] = 1;
        let k = Sha512::new()
            .chain_update(r)
            .chain_update(key.verifying_key().as_bytes());
        let k = Scalar::from_bytes_mod_order_wide(&k.chain_update("t\n").finalize().into());
        let s = (k * key.to_scalar()).to_bytes();
        let signature = Signature::from_components(r, s);
        assert!(key.verifying_key().verify(b"t\n", &signature).is_ok());

        let log = NoteSigner::new("log", key).unwrap();
        let line = SignatureLine::by(log.verifier(), signature.to_vec());
        let note = Note::new("t\n", vec![line]).unwrap();
        assert!(matches!(
            note.verify(&[log.verifier()]),
            Err(NoteError::BadSignature { .. })
        ));
    }

    #[test]
    fn a_name_that_would_break_a_note_is_refused() {
        for name in ["", "a b", "a+b", "a\nb", "a\u{1}b", "a\u{2003}b"] {
            let signer = NoteSigner::new(name, SigningKey::from_bytes(&[1; 32]));
            assert_eq!(signer.unwrap_err(), VerifierKeyError::Name(name.to_owned()));
        }
    }

    #[test]
    fn a_signer_does_not_show_its_secret() {
        let shown = format!("{:?}", signer("log", 1));
        assert!(shown.starts_with("NoteSigner(log+"));
    }
}

//! Keys: private ones in OpenSSH's files, and which public ones may be registered.

use std::fmt;

use base64ct::{Base64, Encoding};
use curve25519_dalek::edwards::CompressedEdwardsY;
use ed25519_dalek::{Signer, SigningKey};
use ssh_key::private::{Ed25519Keypair, KeypairData};
use zeroize::Zeroizing;

use crate::value::{Origin, PublicKey, Slug};

/// Why a public key may not be registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnsoundKey {
    /// The 32 bytes are no point of the curve.
    NotOnCurve,
    /// The bytes are a second spelling of a point.
    NotCanonical,
    /// The point has small order: signatures by it prove nothing.
    SmallOrder,
    /// The point has a torsion part: implementations disagree about its signatures.
    Torsion,
}

impl fmt::Display for UnsoundKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            UnsoundKey::NotOnCurve => "32 bytes that are no point of the curve",
            UnsoundKey::NotCanonical => "a non-canonical encoding of a point",
            UnsoundKey::SmallOrder => "a point of small order",
            UnsoundKey::Torsion => "a point with a torsion part",
        })
    }
}

impl std::error::Error for UnsoundKey {}

/// Whether a key may be registered: canonical, not of small order, torsion-free. With such keys
/// all implementations that refuse S ≥ L and small-order R reach the same verdict.
///
/// # Errors
/// What is wrong with the point.
pub fn sound(key: &PublicKey) -> Result<(), UnsoundKey> {
    let point = CompressedEdwardsY(key.0)
        .decompress()
        .ok_or(UnsoundKey::NotOnCurve)?;
    if point.compress().0 != key.0 {
        return Err(UnsoundKey::NotCanonical);
    }
    if point.is_small_order() {
        return Err(UnsoundKey::SmallOrder);
    }
    if !point.is_torsion_free() {
        return Err(UnsoundKey::Torsion);
    }
    Ok(())
}

/// What a new key signs to show that its owner has it:
/// `grounds/v1/possession`, origin, agent and key id, a line each, no final newline.
#[must_use]
pub fn possession_message(origin: &Origin, agent: &Slug, key: &PublicKey) -> Vec<u8> {
    format!(
        "grounds/v1/possession\n{origin}\nagent/{agent}\n{}",
        key.id()
    )
    .into_bytes()
}

/// An Ed25519 private key in memory; wiped when dropped, never shown.
#[derive(Clone)]
pub struct PrivateKey(SigningKey);

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({})", self.public().id())
    }
}

/// A file that gives no Ed25519 private key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyFileError {
    /// Not OpenSSH's private key format.
    Format(String),
    /// A key of another algorithm.
    Algorithm(String),
    /// Encrypted, and no passphrase was given.
    Passphrase,
    /// Encrypted, and the passphrase does not open it.
    WrongPassphrase,
}

impl fmt::Display for KeyFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeyFileError::Format(what) => {
                write!(
                    f,
                    "found no OpenSSH private key ({what}), expected a file that ssh-keygen -t ed25519 makes"
                )
            }
            KeyFileError::Algorithm(found) => {
                write!(f, "found a key of type {found}, expected ssh-ed25519")
            }
            KeyFileError::Passphrase => {
                f.write_str("the key is encrypted and needs its passphrase")
            }
            KeyFileError::WrongPassphrase => f.write_str("the passphrase does not open this key"),
        }
    }
}

impl std::error::Error for KeyFileError {}

impl PrivateKey {
    /// A new key from the system's randomness.
    ///
    /// # Errors
    /// When the system gives none.
    pub fn generate() -> Result<PrivateKey, std::io::Error> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *seed).map_err(|error| std::io::Error::other(error.to_string()))?;
        Ok(PrivateKey::from_seed(&seed))
    }

    /// The key of a 32-byte seed (RFC 8032, section 5.1.5).
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> PrivateKey {
        PrivateKey(SigningKey::from_bytes(seed))
    }

    /// The seed.
    #[must_use]
    pub fn seed(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes())
    }

    /// Reads OpenSSH's private key format.
    ///
    /// # Errors
    /// When the file is of another format or algorithm, or the passphrase is missing or wrong.
    pub fn from_openssh(file: &str, passphrase: Option<&str>) -> Result<PrivateKey, KeyFileError> {
        let key = ssh_key::PrivateKey::from_openssh(file).map_err(|error| {
            match algorithm_of(file).filter(|name| name != ALGORITHM) {
                Some(name) => KeyFileError::Algorithm(name),
                None => KeyFileError::Format(error.to_string()),
            }
        })?;
        let key = match (key.is_encrypted(), passphrase) {
            (false, _) => key,
            (true, None) => return Err(KeyFileError::Passphrase),
            (true, Some(phrase)) => key
                .decrypt(phrase)
                .map_err(|_| KeyFileError::WrongPassphrase)?,
        };
        match key.key_data() {
            KeypairData::Ed25519(pair) => Ok(PrivateKey::from_seed(&pair.private.to_bytes())),
            other => Err(KeyFileError::Algorithm(
                other
                    .algorithm()
                    .map_or_else(|_| "unknown".to_owned(), |name| name.to_string()),
            )),
        }
    }

    /// Writes OpenSSH's private key format, without a passphrase.
    #[must_use]
    pub fn to_openssh(&self, comment: &str) -> Zeroizing<String> {
        let pair = Ed25519Keypair::from_seed(&self.0.to_bytes());
        ssh_key::PrivateKey::new(KeypairData::Ed25519(pair), comment)
            .and_then(|key| key.to_openssh(ssh_key::LineEnding::LF))
            .expect("an Ed25519 key pair can be written")
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key().to_bytes())
    }

    /// Signs (RFC 8032).
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

const ALGORITHM: &str = "ssh-ed25519";

/// The algorithm that a private key file names beside its public half, which is never encrypted
/// (OpenSSH's PROTOCOL.key); none where the file is something else.
fn algorithm_of(file: &str) -> Option<String> {
    let body = file
        .trim()
        .strip_prefix("-----BEGIN OPENSSH PRIVATE KEY-----")?
        .strip_suffix("-----END OPENSSH PRIVATE KEY-----")?;
    let body = Zeroizing::new(body.replace(['\r', '\n'], ""));
    let bytes = Zeroizing::new(Base64::decode_vec(&body).ok()?);
    let mut rest = bytes.strip_prefix(b"openssh-key-v1\0")?;
    for _cipher_kdf_options in 0..3 {
        take_string(&mut rest)?;
    }
    rest = rest.get(4..)?;
    let mut public = take_string(&mut rest)?;
    let name = std::str::from_utf8(take_string(&mut public)?).ok()?;
    let is_name = name.len() <= 64 && name.bytes().all(|byte| byte.is_ascii_graphic());
    is_name.then(|| name.to_owned())
}

/// A length and so many bytes (RFC 4251, section 5).
fn take_string<'b>(rest: &mut &'b [u8]) -> Option<&'b [u8]> {
    let (length, after) = rest.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let (bytes, after) = after.split_at_checked(length)?;
    *rest = after;
    Some(bytes)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use curve25519_dalek::constants::EIGHT_TORSION;

    #[test]
    fn only_a_sound_point_may_be_registered() {
        let honest = PrivateKey::from_seed(&[1; 32]);
        assert_eq!(sound(&honest.public()), Ok(()));
        let point = CompressedEdwardsY(honest.public().0).decompress().unwrap();
        let mixed = PublicKey((point + EIGHT_TORSION[1]).compress().0);
        assert_eq!(sound(&mixed), Err(UnsoundKey::Torsion));
        for torsion in EIGHT_TORSION {
            assert_eq!(
                sound(&PublicKey(torsion.compress().0)),
                Err(UnsoundKey::SmallOrder)
            );
        }
        let mut second_spelling_of_one = [0xff; 32];
        (second_spelling_of_one[0], second_spelling_of_one[31]) = (0xee, 0x7f);
        assert_eq!(
            sound(&PublicKey(second_spelling_of_one)),
            Err(UnsoundKey::NotCanonical)
        );
        let mut off = [0; 32];
        off[0] = 2;
        assert_eq!(sound(&PublicKey(off)), Err(UnsoundKey::NotOnCurve));
    }

    #[test]
    fn a_key_survives_its_openssh_file_and_stays_unshown() {
        let key = PrivateKey::from_seed(&[9; 32]);
        let file = key.to_openssh("a comment");
        assert!(file.starts_with("-----BEGIN OPENSSH PRIVATE KEY-----\n"));
        assert_eq!(
            PrivateKey::from_openssh(&file, None).unwrap().public(),
            key.public()
        );
        assert_eq!(
            format!("{key:?}"),
            format!("PrivateKey({})", key.public().id())
        );
        assert!(matches!(
            PrivateKey::from_openssh("junk", None),
            Err(KeyFileError::Format(_))
        ));
    }

    /// A private key file (OpenSSH's PROTOCOL.key) whose public half says that it is of this kind.
    fn file_of(name: &str) -> String {
        let string = |bytes: &[u8]| {
            let length = u32::try_from(bytes.len()).unwrap().to_be_bytes();
            [&length, bytes].concat()
        };
        let public = [string(name.as_bytes()), string(&[1; 40])].concat();
        let bytes = [
            b"openssh-key-v1\0".as_slice(),
            &string(b"none"),
            &string(b"none"),
            &string(b""),
            &1_u32.to_be_bytes(),
            &string(&public),
            &string(&[7; 64]),
        ]
        .concat();
        let body = Base64::encode_string(&bytes);
        format!("-----BEGIN OPENSSH PRIVATE KEY-----\n{body}\n-----END OPENSSH PRIVATE KEY-----\n")
    }

    #[test]
    fn a_key_of_another_kind_is_refused_by_its_name_and_a_broken_one_is_not() {
        for name in ["ssh-dss", "sk-ssh-ed25519@openssh.com", &"x".repeat(64)] {
            match PrivateKey::from_openssh(&file_of(name), None) {
                Err(KeyFileError::Algorithm(found)) => assert_eq!(found, name),
                other => panic!("{name}: {other:?}"),
            }
        }
        for name in [
            "ssh-ed25519",
            "",
            "ssh\u{1b}[2J",
            "s\u{fc}",
            &"x".repeat(65),
        ] {
            let refused = PrivateKey::from_openssh(&file_of(name), None);
            match name {
                "" => assert!(refused.is_err()),
                _ => assert!(
                    matches!(refused, Err(KeyFileError::Format(_))),
                    "{name}: {refused:?}"
                ),
            }
        }
    }
}

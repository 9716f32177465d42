//! Names and numbers that must not be swapped: origins, subjects, ids, places.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use base64ct::{Base64, Base64Unpadded, Encoding};
use serde::{Serialize, Serializer};

use crate::hash::Hash;

use super::{FormCode, FormError, excerpt};

/// Entry index in the log, from 0. Not a count.
pub type Index = u64;

/// Position of an event in its subject's stream, from 1.
pub type Seq = u64;

/// Id of a commit: SHA-256 of its canonical bytes, signatures not included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct CommitId(pub Hash);

/// Id of an event: SHA-256 of the canonical bytes of the full event (the event with the commit's
/// `at`, `author`, `ledger` and `v` added).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct EventId(pub Hash);

macro_rules! hash_text {
    ($name:ty, $what:literal) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = FormError;

            fn from_str(text: &str) -> Result<Self, FormError> {
                let hash = text
                    .parse()
                    .map_err(|_| FormError::schema(excerpt(text), $what))?;
                Ok(Self(hash))
            }
        }
    };
}

hash_text!(CommitId, "a commit id: 64 lower-case hexadecimal digits");
hash_text!(EventId, "an event id: 64 lower-case hexadecimal digits");

/// A ledger's name for ever, a C2SP origin: a schema-less URL of 1 to 255 bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin(Arc<str>);

impl Origin {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Origin {
    type Err = FormError;

    fn from_str(text: &str) -> Result<Origin, FormError> {
        if is_origin(text) {
            return Ok(Origin(text.into()));
        }
        Err(FormError::schema(
            excerpt(text),
            "an origin: a lower-case host and path without a scheme, at most 255 bytes, such as claims.example/mech-interp",
        ))
    }
}

fn is_origin(text: &str) -> bool {
    if text.is_empty() || text.len() > 255 {
        return false;
    }
    let mut parts = text.split('/');
    let host = parts.next().unwrap_or_default();
    let (name, port) = host
        .split_once(':')
        .map_or((host, None), |(name, port)| (name, Some(port)));
    let named = !name.is_empty()
        && name
            .bytes()
            .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-'));
    let numbered =
        port.is_none_or(|port| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()));
    let pathed = parts.all(|part| {
        !part.is_empty()
            && part
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'~' | b'-'))
    });
    named && numbered && pathed
}

/// The last part of a subject: `[a-z0-9][a-z0-9-]{0,95}`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slug(Arc<str>);

impl Slug {
    /// The slug.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `agent/log`, which signs the map with the log key: its slug.
    #[must_use]
    pub fn log() -> Slug {
        Slug("log".into())
    }
}

impl FromStr for Slug {
    type Err = FormError;

    fn from_str(text: &str) -> Result<Slug, FormError> {
        let fits = (1..=96).contains(&text.len())
            && !text.starts_with('-')
            && text
                .bytes()
                .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        if fits {
            return Ok(Slug(text.into()));
        }
        Err(FormError::schema(
            excerpt(text),
            "a slug: 1 to 96 of a-z, 0-9 and -, not starting with -",
        ))
    }
}

/// What kinds of things an event can change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The ledger itself.
    Ledger,
    /// Who signs.
    Agent,
    /// What evidence points to.
    Artifact,
    /// A condition under which a claim may hold.
    Context,
    /// The aggregate.
    Claim,
    /// A named policy over claims.
    View,
}

impl Kind {
    /// The word before the slash.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Kind::Ledger => "ledger",
            Kind::Agent => "agent",
            Kind::Artifact => "artifact",
            Kind::Context => "context",
            Kind::Claim => "claim",
            Kind::View => "view",
        }
    }

    fn of_word(word: &str) -> Option<Kind> {
        [
            Kind::Agent,
            Kind::Artifact,
            Kind::Context,
            Kind::Claim,
            Kind::View,
        ]
        .into_iter()
        .find(|kind| kind.word() == word)
    }
}

/// What an event changes: `ledger`, or `kind/slug`. One subject is one event stream.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// The ledger itself.
    Ledger,
    /// One thing of a kind, never [`Kind::Ledger`].
    Entity(Kind, Slug),
}

impl Subject {
    /// The subject of an agent.
    #[must_use]
    pub fn agent(slug: Slug) -> Subject {
        Subject::Entity(Kind::Agent, slug)
    }

    /// The subject of a claim.
    #[must_use]
    pub fn claim(slug: Slug) -> Subject {
        Subject::Entity(Kind::Claim, slug)
    }

    /// `agent/log`.
    #[must_use]
    pub fn log() -> Subject {
        Subject::agent(Slug::log())
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Subject::Ledger => Kind::Ledger,
            Subject::Entity(kind, _) => *kind,
        }
    }

    /// Its slug; the ledger has none.
    #[must_use]
    pub fn slug(&self) -> Option<&Slug> {
        match self {
            Subject::Ledger => None,
            Subject::Entity(_, slug) => Some(slug),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subject::Ledger => f.write_str("ledger"),
            Subject::Entity(kind, slug) => write!(f, "{}/{}", kind.word(), slug.as_str()),
        }
    }
}

impl FromStr for Subject {
    type Err = FormError;

    fn from_str(text: &str) -> Result<Subject, FormError> {
        if text == "ledger" {
            return Ok(Subject::Ledger);
        }
        let parts = text.split_once('/').and_then(|(kind, slug)| {
            Some(Subject::Entity(Kind::of_word(kind)?, slug.parse().ok()?))
        });
        parts.ok_or_else(|| {
            FormError::schema(
                excerpt(text),
                "a subject: ledger, or agent/, artifact/, context/, claim/ or view/ and a slug",
            )
        })
    }
}

macro_rules! text_like {
    ($($name:ty),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    )*};
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

text_like!(Origin, Slug, Subject, KeyId, PublicKey, Address);

/// An Ed25519 public key as 32 bytes, spelled as OpenSSH spells it, without a comment.
///
/// A value of this type is only well spelled; whether it may be registered is for `envelope::key`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey(pub [u8; 32]);

/// The SSH wire form before the 32 bytes (RFC 4253, section 6.6; RFC 8709).
const WIRE: &[u8; 19] = b"\0\0\0\x0bssh-ed25519\0\0\0\x20";

impl PublicKey {
    /// Its OpenSSH fingerprint.
    #[must_use]
    pub fn id(&self) -> KeyId {
        KeyId(Hash::of_parts(&[WIRE, &self.0]))
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut wire = WIRE.to_vec();
        wire.extend(self.0);
        write!(f, "ssh-ed25519 {}", Base64::encode_string(&wire))
    }
}

impl FromStr for PublicKey {
    type Err = FormError;

    fn from_str(text: &str) -> Result<PublicKey, FormError> {
        // What was found is never quoted: people paste private keys into the wrong field.
        public_key(text).ok_or_else(|| {
            FormError::new(
                FormCode::Key,
                format!("{} bytes that are no such key", text.len()),
                "an Ed25519 public key as OpenSSH writes it, without a comment: ssh-ed25519 AAAA…",
            )
        })
    }
}

fn public_key(text: &str) -> Option<PublicKey> {
    let wire = Base64::decode_vec(text.strip_prefix("ssh-ed25519 ")?).ok()?;
    let bytes = wire.strip_prefix(WIRE)?;
    Some(PublicKey(bytes.try_into().ok()?))
}

/// The OpenSSH fingerprint of a public key: `SHA256:` and 43 characters, as `ssh-keygen -l`
/// prints it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(Hash);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "SHA256:{}",
            Base64Unpadded::encode_string(self.0.as_bytes())
        )
    }
}

impl FromStr for KeyId {
    type Err = FormError;

    fn from_str(text: &str) -> Result<KeyId, FormError> {
        let digest = text
            .strip_prefix("SHA256:")
            .and_then(|rest| Base64Unpadded::decode_vec(rest).ok())
            .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        digest.map(|bytes| KeyId(Hash(bytes))).ok_or_else(|| {
            FormError::schema(
                excerpt(text),
                "a key id as ssh-keygen -l prints it: SHA256: and 43 characters",
            )
        })
    }
}

/// Where an event stands: `@41.0` is the first event of entry 41.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// Index of the entry.
    pub entry: Index,
    /// Position in the commit, from 0.
    pub position: u16,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "@{}.{}", self.entry, self.position)
    }
}

/// Enough of an admitted event to find it, name it and say whose it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct EventRef {
    /// Where it stands.
    pub address: Address,
    /// Its id.
    pub id: EventId,
    /// The agent that signed it as author.
    pub author: Slug,
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_a_schemaless_url() {
        for good in [
            "claims.example/mech-interp",
            "localhost:8080",
            "a",
            "x.example/A_b~c/1",
        ] {
            assert_eq!(good.parse::<Origin>().unwrap().to_string(), good);
        }
        for bad in [
            "",
            "https://a.example",
            "A.example",
            "a.example/",
            "a//b",
            "a b",
            "a+b",
            "a:",
            "a:x/b",
            ":1",
        ] {
            assert!(bad.parse::<Origin>().is_err(), "{bad:?} was taken");
        }
        assert!("a".repeat(256).parse::<Origin>().is_err());
        assert!("a".repeat(255).parse::<Origin>().is_ok());
    }

    #[test]
    fn a_subject_is_the_ledger_or_a_kind_and_a_slug() {
        for good in [
            "ledger",
            "agent/log",
            "claim/a-1",
            "view/0",
            "artifact/x",
            "context/y",
        ] {
            assert_eq!(good.parse::<Subject>().unwrap().to_string(), good);
        }
        for bad in [
            "",
            "claim",
            "claim/",
            "claim/-a",
            "claim/A",
            "claim/a/b",
            "ledger/x",
            "claim/../a",
            "Claim/a",
        ] {
            assert!(bad.parse::<Subject>().is_err(), "{bad:?} was taken");
        }
        assert!(
            format!("claim/{}", "a".repeat(97))
                .parse::<Subject>()
                .is_err()
        );
        assert!(
            format!("claim/{}", "a".repeat(96))
                .parse::<Subject>()
                .is_ok()
        );
    }

    /// The key of RFC 8032, section 7.1, test 1, with the fingerprint that `ssh-keygen -l` printed.
    #[test]
    fn a_key_and_its_id_are_spelled_as_openssh_spells_them() {
        let text =
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea";
        let key: PublicKey = text.parse().unwrap();
        assert_eq!(key.0[..4], [0xd7, 0x5a, 0x98, 0x01]);
        assert_eq!(key.to_string(), text);
        assert_eq!(
            key.id().to_string(),
            "SHA256:bbXpuKG6zhzdmnxq256TlqzFBzRl2f6OOg722cYNbU8"
        );
        assert_eq!(key.id().to_string().parse(), Ok(key.id()));
    }

    #[test]
    fn a_pasted_private_key_is_not_quoted() {
        let error = "c2VjcmV0 secret".parse::<PublicKey>().unwrap_err();
        assert!(!error.to_string().contains("secret"));
    }
}

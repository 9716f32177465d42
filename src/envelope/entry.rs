//! Entry: one commit with its signatures and the log's clock; one line of the log, one leaf.

use std::borrow::Cow;

use base64ct::{Base64, Encoding};

use crate::form::{Fields, Form, text_of};
use crate::json::{Json, Reader};
use crate::value::{FormError, KeyId, PublicKey, Time, excerpt};

use super::commit::within_limit;
use super::signature::verify_one;
use super::{Commit, KnownKey, NotSigned, PrivateKey, Refused};

/// The most bytes a line may have.
pub const MAX_ENTRY: usize = 65_535;

/// The most signatures a commit may carry.
pub const MAX_SIGNATURES: usize = 16;

/// One signature and the key that made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// Id of the key.
    pub key: KeyId,
    /// 64 bytes (RFC 8032).
    pub sig: [u8; 64],
}

/// A commit with signatures that nobody has checked yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed<'a> {
    /// The commit.
    pub commit: Commit<'a>,
    /// Its signatures, sorted by key id, no key twice.
    pub signatures: Vec<Signature>,
}

/// A commit whose every signature holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified<'a> {
    signed: Signed<'a>,
}

/// Why [`Signed::verify`] refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unverified {
    /// The key is not among those given.
    UnknownKey(KeyId),
    /// The signature by this key does not hold.
    NotSigned(KeyId),
}

impl<'a> Signed<'a> {
    /// Reads a signed commit: canonical JSON `{"commit":{…},"signatures":[…]}`.
    ///
    /// # Errors
    /// [`Refused`] with the first fault in bytes, limits or form.
    pub fn parse(bytes: &'a [u8]) -> Result<Signed<'a>, Refused> {
        let mut reader = Reader::new(bytes)?;
        let commit = read_commit(&mut reader, bytes)?;
        reader.literal(",\"signatures\":", "`,\"signatures\":`")?;
        let signatures = reader.value(2)?;
        reader.literal("}", "`}`")?;
        reader.end()?;
        let (commit, signatures) = (commit.form()?, signatures_of(&signatures)?);
        Ok(Signed { commit, signatures })
    }

    /// A commit signed by one key.
    #[must_use]
    pub fn seal(commit: Commit<'a>, key: &PrivateKey) -> Signed<'a> {
        let mut signed = Signed {
            commit,
            signatures: Vec::new(),
        };
        signed.sign(key);
        signed
    }

    /// Adds a signature; a key that signed before signs once.
    pub fn sign(&mut self, key: &PrivateKey) {
        let sig = key.sign(&self.commit.message());
        self.add(Signature {
            key: key.public().id(),
            sig,
        });
    }

    /// Adds a signature made elsewhere, keeping the order by key id.
    pub fn add(&mut self, signature: Signature) {
        self.signatures.retain(|before| before.key != signature.key);
        self.signatures.push(signature);
        self.signatures
            .sort_by_key(|signature| signature.key.to_string());
    }

    /// Its canonical bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = b"{\"commit\":".to_vec();
        bytes.extend(&*self.commit.bytes);
        bytes.extend(b",\"signatures\":");
        write_signatures(&self.signatures, &mut bytes);
        bytes.push(b'}');
        bytes
    }

    /// Checks every signature with the keys that `key_of` gives.
    ///
    /// # Errors
    /// The first signature whose key is unknown or that does not hold.
    pub fn verify<K: Checks>(
        self,
        key_of: impl Fn(&KeyId) -> Option<K>,
    ) -> Result<Verified<'a>, Unverified> {
        let message = self.commit.message();
        for signature in &self.signatures {
            let key = key_of(&signature.key).ok_or(Unverified::UnknownKey(signature.key))?;
            key.check(&message, &signature.sig)
                .map_err(|NotSigned| Unverified::NotSigned(signature.key))?;
        }
        Ok(Verified { signed: self })
    }
}

/// A key in a form that can check a signature.
pub trait Checks {
    /// # Errors
    /// Where `verify_strict` refuses.
    fn check(&self, message: &[u8], signature: &[u8; 64]) -> Result<(), NotSigned>;
}

impl Checks for PublicKey {
    fn check(&self, message: &[u8], signature: &[u8; 64]) -> Result<(), NotSigned> {
        verify_one(self, message, signature)
    }
}

impl Checks for &KnownKey {
    fn check(&self, message: &[u8], signature: &[u8; 64]) -> Result<(), NotSigned> {
        self.verify(message, signature)
    }
}

impl<'a> Verified<'a> {
    /// The commit.
    #[must_use]
    pub fn commit(&self) -> &Commit<'a> {
        &self.signed.commit
    }

    /// The line of the log that records it at this time.
    ///
    /// # Errors
    /// `limit` when the line would have more than [`MAX_ENTRY`] bytes.
    pub fn line(&self, recorded: Time) -> Result<Vec<u8>, FormError> {
        let line = line_of(&self.signed.commit.bytes, recorded, &self.signed.signatures);
        if line.len() > MAX_ENTRY {
            let found = format!("an entry of {} bytes", line.len());
            return Err(FormError::limit(
                found,
                format!("at most {MAX_ENTRY} bytes"),
            ));
        }
        Ok(line)
    }
}

/// A line without its newline: the commit's bytes as they are, the time, the signatures.
#[must_use]
pub fn line_of(commit: &[u8], recorded: Time, signatures: &[Signature]) -> Vec<u8> {
    let mut line = b"{\"commit\":".to_vec();
    line.extend(commit);
    line.extend(
        format!(
            ",\"recorded\":\"{}\",\"signatures\":",
            recorded.micros_text()
        )
        .bytes(),
    );
    write_signatures(signatures, &mut line);
    line.push(b'}');
    line
}

/// A line of the log, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The commit and its signatures.
    pub signed: Signed<'a>,
    /// The log's clock.
    pub recorded: Time,
}

/// A line that the law had taken away: tree, root and proofs hold without it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withheld {
    /// The leaf hash of the line that stood there.
    pub leaf: crate::hash::Hash,
    /// Why it was withheld.
    pub reason: crate::value::Text<300>,
}

impl<'a> Entry<'a> {
    /// Reads a line, without its newline.
    ///
    /// # Errors
    /// [`Refused`] with the first fault in bytes, limits or form.
    pub fn parse(line: &'a [u8]) -> Result<Entry<'a>, Refused> {
        if line.len() > MAX_ENTRY {
            let found = format!("an entry of {} bytes", line.len());
            return Err(FormError::limit(found, format!("at most {MAX_ENTRY} bytes")).into());
        }
        let mut reader = Reader::new(line)?;
        let commit = read_commit(&mut reader, line)?;
        reader.literal(",\"recorded\":", "`,\"recorded\":`")?;
        let recorded = reader.value(2)?;
        reader.literal(",\"signatures\":", "`,\"signatures\":`")?;
        let signatures = reader.value(2)?;
        reader.literal("}", "`}`")?;
        reader.end()?;
        let recorded = text_of(&recorded).and_then(Time::parse_micros);
        let recorded = recorded.map_err(|error| error.inside("recorded"))?;
        let (commit, signatures) = (commit.form()?, signatures_of(&signatures)?);
        Ok(Entry {
            signed: Signed { commit, signatures },
            recorded,
        })
    }
}

impl Withheld {
    /// Reads a withheld line; none when the line is of another form.
    #[must_use]
    pub fn parse(line: &[u8]) -> Option<Withheld> {
        if !line.starts_with(b"{\"leaf\":") {
            return None;
        }
        let json = Json::parse(line).ok()?;
        let mut fields = Fields::of(&json).ok()?;
        let leaf = fields.required("leaf").ok()?;
        let reason = fields.required("withheld").ok()?;
        fields.end().ok()?;
        Some(Withheld { leaf, reason })
    }
}

/// The time of a line, read from its end without reading the commit; none where the line does not
/// end as an entry does. Recovery uses it to tell batches apart.
#[must_use]
pub fn recorded_of(line: &[u8]) -> Option<Time> {
    let marker = b",\"recorded\":\"";
    let at = line
        .windows(marker.len())
        .rposition(|window| window == marker)?;
    let text = line.get(at + marker.len()..at + marker.len() + 27)?;
    Time::parse_micros(std::str::from_utf8(text).ok()?).ok()
}

/// A commit that is canonical, and whose form is not read yet: bytes come before form.
struct Canonical<'a> {
    bytes: &'a [u8],
    json: Json<'a>,
}

impl<'a> Canonical<'a> {
    fn form(self) -> Result<Commit<'a>, FormError> {
        within_limit(self.bytes)?;
        Commit::read(self.bytes, self.json).map_err(|error| error.inside("commit"))
    }
}

fn read_commit<'a>(reader: &mut Reader<'a>, bytes: &'a [u8]) -> Result<Canonical<'a>, Refused> {
    reader.literal("{\"commit\":", "`{\"commit\":`")?;
    let start = reader.offset();
    let json = reader.value(2)?;
    Ok(Canonical {
        bytes: &bytes[start..reader.offset()],
        json,
    })
}

fn signatures_of(json: &Json<'_>) -> Result<Vec<Signature>, FormError> {
    read_signatures(json).map_err(|error| error.inside("signatures"))
}

fn read_signatures(json: &Json<'_>) -> Result<Vec<Signature>, FormError> {
    let Json::Arr(items) = json else {
        return Err(FormError::schema(
            json.kind(),
            "an array of 1 to 16 signatures",
        ));
    };
    if items.is_empty() || items.len() > MAX_SIGNATURES {
        let found = format!("{} signatures", items.len());
        return Err(FormError::limit(found, "1 to 16 signatures"));
    }
    let mut signatures = Vec::with_capacity(items.len());
    let mut before = String::new();
    for (position, item) in items.iter().enumerate() {
        let (name, signature) =
            read_signature(item).map_err(|error| error.inside(&format!("[{position}]")))?;
        if name <= before {
            return Err(FormError::schema(
                format!("{name} after {before}"),
                "signatures sorted by key id, no key twice",
            ));
        }
        before = name;
        signatures.push(signature);
    }
    Ok(signatures)
}

fn read_signature(json: &Json<'_>) -> Result<(String, Signature), FormError> {
    let mut fields = Fields::of(json)?;
    let key: KeyId = fields.required("key")?;
    let sig = fields
        .raw("sig")
        .ok_or_else(|| FormError::schema("nothing", "a signature").inside("sig"))?;
    let sig = read_base64(sig).map_err(|error| error.inside("sig"))?;
    fields.end()?;
    Ok((key.to_string(), Signature { key, sig }))
}

/// 64 bytes in canonical standard base64 with padding: 88 characters.
fn read_base64(json: &Json<'_>) -> Result<[u8; 64], FormError> {
    let text = text_of(json)?;
    let mut bytes = [0; 64];
    match Base64::decode(text, &mut bytes) {
        Ok(decoded) if decoded.len() == 64 => Ok(bytes),
        _ => Err(FormError::schema(
            excerpt(text),
            "64 bytes in canonical base64 with padding, 88 characters",
        )),
    }
}

fn write_signatures(signatures: &[Signature], out: &mut Vec<u8>) {
    let item = |signature: &Signature| {
        Json::object([
            ("key", Json::string(signature.key.to_string())),
            (
                "sig",
                Json::Str(Cow::Owned(Base64::encode_string(&signature.sig))),
            ),
        ])
    };
    Json::Arr(signatures.iter().map(item).collect()).write(out);
}

/// A signature as a field: possession proofs.
impl Form for [u8; 64] {
    fn read(json: &Json<'_>) -> Result<Self, FormError> {
        read_base64(json)
    }

    fn write(&self) -> Json<'_> {
        Json::string(Base64::encode_string(self))
    }

    fn describe() -> String {
        "signature".into()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::envelope::{Draft, DraftEvent, PrivateKey};
    use crate::json::Json;

    use super::*;

    /// A commit whose text has so many letters, with one signature given so often.
    fn signed(letters: usize, times: usize) -> Verified<'static> {
        let key = PrivateKey::from_seed(&[7; 32]);
        let draft = Draft {
            ledger: "claims.example/lab".parse().unwrap(),
            anchor: None,
            author: "ada".parse().unwrap(),
            at: Time::parse_seconds("2026-03-01T00:00:00Z").unwrap(),
            events: vec![DraftEvent {
                subject: "claim/x".parse().unwrap(),
                seq: 1,
                prev: None,
                effective: None,
                kind: "note.added",
                data: Json::object([("text", Json::string("x".repeat(letters)))]),
            }],
        };
        let mut signed = Signed::seal(draft.seal().unwrap(), &key);
        signed.signatures = vec![signed.signatures[0].clone(); times];
        signed.verify(|_| Some(key.public())).unwrap()
    }

    #[test]
    fn a_line_has_at_most_65535_bytes() {
        let now = Time::parse_seconds("2026-03-01T00:00:00Z").unwrap();
        let length = |letters| signed(letters, 380).line(now).map(|line| line.len());
        let one = length(1).unwrap();
        let letters = 65_535 - one + 1;
        assert_eq!(length(letters - 1), Ok(65_534));
        assert_eq!(length(letters), Ok(65_535));
        let refused = length(letters + 1).unwrap_err();
        assert_eq!(refused.found, "an entry of 65536 bytes");
        assert_eq!(refused.expected, "at most 65535 bytes");
    }

    #[test]
    fn a_withheld_line_names_its_leaf_and_the_reason_and_nothing_else() {
        let leaf = "ab".repeat(32);
        let line = |more: &str| format!("{{\"leaf\":\"{leaf}\"{more}}}");
        let good = line(",\"withheld\":\"court order\"");
        let withheld = Withheld::parse(good.as_bytes()).unwrap();
        assert_eq!(withheld.leaf.to_string(), leaf);
        let wrong = [
            line(""),
            line(",\"withheld\":\"court order\",\"x\":1"),
            good.replace("leaf", "lead"),
            good.replace(&leaf, &leaf[2..]),
            format!(" {good}"),
            format!("{good} "),
            // An entry is no withheld line, whatever is in it.
            format!("{{\"commit\":{good}}}"),
        ];
        for line in wrong {
            assert!(Withheld::parse(line.as_bytes()).is_none(), "{line}");
        }
    }

    #[test]
    fn the_time_of_a_line_is_read_from_its_end() {
        let now = Time::parse_micros("2026-03-01T00:00:00.000001Z").unwrap();
        let line = signed(1, 1).line(now).unwrap();
        assert_eq!(recorded_of(&line), Some(now));
        // What an author wrote into his commit is no time of the log.
        let commit = signed(1, 1).commit().bytes.to_vec();
        assert_eq!(recorded_of(&commit), None);
        let said = br#"{"text":",\"recorded\":\"2001-01-01T00:00:00.000001Z\""}"#;
        let line = line_of(said, now, &[]);
        assert_eq!(recorded_of(&line), Some(now));
        let text = String::from_utf8(line).unwrap();
        assert_eq!(
            recorded_of(text.replace("000001Z", "00001Z").as_bytes()),
            None
        );
        assert_eq!(recorded_of(&text.as_bytes()[..text.len() - 30]), None);
    }

    #[test]
    fn sixteen_may_sign_and_not_one_more() {
        let by = |keys: u8| {
            let mut signed = signed(1, 1).signed;
            (1..keys).for_each(|seed| signed.sign(&PrivateKey::from_seed(&[seed + 100; 32])));
            signed.to_bytes()
        };
        assert_eq!(Signed::parse(&by(16)).unwrap().signatures.len(), 16);
        let refused = Signed::parse(&by(17)).unwrap_err().to_string();
        assert!(refused.contains("17 signatures"), "{refused}");
    }
}

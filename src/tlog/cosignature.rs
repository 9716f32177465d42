//! What a witness signs: c2sp.org/tlog-cosignature, the Ed25519 kind ("cosignature/v1").
//!
//! A cosignature says: at that time this was the largest head of the log that I had seen, and it
//! extends all that I had seen before. The message does not name the cosigner, so a key must never
//! serve two of them.

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

/// Bytes of a timestamped signature: u64be seconds, then the 64 of Ed25519.
const LENGTH: usize = 72;

/// The signed message for a note `text`, `time` in seconds since 1970.
pub(super) fn message(time: u64, text: &str) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

/// The timestamped signature of `text` at `time`.
pub(super) fn sign(key: &SigningKey, time: u64, text: &str) -> Vec<u8> {
    let signature = key.sign(message(time, text).as_bytes());
    [&time.to_be_bytes()[..], &signature.to_bytes()].concat()
}

/// The time of a timestamped signature of `text`, if it is one by `key`; times beyond 2^63 − 1 are
/// outside the specification.
pub(super) fn verify(key: &VerifyingKey, text: &str, signature: &[u8]) -> Option<u64> {
    let stamped: &[u8; LENGTH] = signature.try_into().ok()?;
    let (time, signature) = stamped.split_first_chunk::<8>()?;
    let time = u64::from_be_bytes(*time);
    i64::try_from(time).ok()?;
    let signature = Signature::from_slice(signature).ok()?;
    let message = message(time, text);
    key.verify_strict(message.as_bytes(), &signature)
        .ok()
        .map(|()| time)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const TEXT: &str =
        "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

    #[test]
    fn the_message_is_the_one_of_the_specification() {
        let expected = "cosignature/v1\n\
                        time 1679315147\n\
                        example.com/behind-the-sofa\n\
                        20852163\n\
                        CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
        assert_eq!(message(1_679_315_147, TEXT), expected);
    }

    #[test]
    fn a_cosignature_is_bound_to_its_time_text_and_key() {
        let key = SigningKey::from_bytes(&[7; 32]);
        let stamped = sign(&key, 1_679_315_147, TEXT);
        assert_eq!(stamped[..8], 1_679_315_147u64.to_be_bytes());
        assert_eq!(
            verify(&key.verifying_key(), TEXT, &stamped),
            Some(1_679_315_147)
        );
        for place in 0..stamped.len() {
            let mut flipped = stamped.clone();
            flipped[place] ^= 1;
            assert_eq!(
                verify(&key.verifying_key(), TEXT, &flipped),
                None,
                "byte {place}"
            );
        }
        let other = SigningKey::from_bytes(&[8; 32]).verifying_key();
        assert_eq!(verify(&other, TEXT, &stamped), None);
        assert_eq!(verify(&key.verifying_key(), &TEXT[1..], &stamped), None);
        assert_eq!(verify(&key.verifying_key(), TEXT, &stamped[..71]), None);
    }

    #[test]
    fn a_time_beyond_63_bits_is_refused() {
        let key = SigningKey::from_bytes(&[7; 32]);
        let last = i64::MAX as u64;
        assert_eq!(
            verify(&key.verifying_key(), TEXT, &sign(&key, last, TEXT)),
            Some(last)
        );
        assert_eq!(
            verify(&key.verifying_key(), TEXT, &sign(&key, last + 1, TEXT)),
            None
        );
    }
}

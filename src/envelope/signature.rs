//! Ed25519 as the ledger accepts it: exactly where `VerifyingKey::verify_strict` accepts.
//!
//! `verify_strict` refuses S ≥ L, a public key or an R of small order, and any R that is not the
//! one encoding of sB − kA. [`KnownKey`] gives the same verdict about twice as fast for a key that
//! signs often: it keeps a table of multiples of −A, computes sB − kA, and compares bytes. A test
//! holds the two together on every edge vector.

use std::fmt;

use curve25519_dalek::edwards::{EdwardsBasepointTable, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::BasepointTable;
use ed25519_dalek::{Signature, VerifyingKey};
use sha2::{Digest, Sha512};

use crate::value::PublicKey;

/// DSSE pre-authentication encoding, version 1: `DSSEv1 len(type) type len(body) body`.
#[must_use]
pub fn pre_authentication(payload_type: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "DSSEv1 {} {payload_type} {} ",
        payload_type.len(),
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// A signature that does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotSigned;

impl fmt::Display for NotSigned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the signature does not hold for these bytes and this key")
    }
}

impl std::error::Error for NotSigned {}

/// Checks one signature with nothing prepared.
///
/// # Errors
/// [`NotSigned`] where `verify_strict` refuses, or the key is no point of the curve.
pub fn verify_one(key: &PublicKey, message: &[u8], signature: &[u8; 64]) -> Result<(), NotSigned> {
    let key = VerifyingKey::from_bytes(&key.0).map_err(|_| NotSigned)?;
    key.verify_strict(message, &Signature::from_bytes(signature))
        .map_err(|_| NotSigned)
}

/// A public key with its table of multiples: 30 KiB, worth it from about the tenth signature.
pub struct KnownKey {
    key: PublicKey,
    /// Multiples of −A; none where A is of small order or no point, so that nothing verifies.
    minus_a: Option<Box<EdwardsBasepointTable>>,
}

impl KnownKey {
    /// Prepares a key.
    #[must_use]
    pub fn new(key: PublicKey) -> KnownKey {
        let point = VerifyingKey::from_bytes(&key.0)
            .ok()
            .filter(|key| !key.is_weak());
        let minus_a = point.map(|key| Box::new(EdwardsBasepointTable::create(&-key.to_edwards())));
        KnownKey { key, minus_a }
    }

    /// Checks one signature, with the verdict of `verify_strict`.
    ///
    /// # Errors
    /// [`NotSigned`] exactly where [`verify_one`] gives it.
    pub fn verify(&self, message: &[u8], signature: &[u8; 64]) -> Result<(), NotSigned> {
        let minus_a = self.minus_a.as_ref().ok_or(NotSigned)?;
        let (r, s) = signature.split_at(32);
        let s = s.try_into().map_err(|_| NotSigned)?;
        let s = Option::<Scalar>::from(Scalar::from_canonical_bytes(s)).ok_or(NotSigned)?;
        let k = Sha512::new()
            .chain_update(r)
            .chain_update(self.key.0)
            .chain_update(message);
        let k = Scalar::from_bytes_mod_order_wide(&k.finalize().into());
        let expected = EdwardsPoint::mul_base(&s) + minus_a.mul_base(&k);
        let holds = !expected.is_small_order() && expected.compress().as_bytes() == r;
        if holds { Ok(()) } else { Err(NotSigned) }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use curve25519_dalek::constants::EIGHT_TORSION;
    use ed25519_dalek::{Signer, SigningKey};

    #[test]
    fn the_encoding_is_the_one_of_the_dsse_protocol_page() {
        let expected = b"DSSEv1 29 http://example.com/HelloWorld 11 hello world";
        assert_eq!(
            pre_authentication("http://example.com/HelloWorld", b"hello world"),
            expected
        );
    }

    /// RFC 8032, section 7.1, test 2.
    #[test]
    fn a_signature_of_rfc_8032_holds_and_no_flipped_bit_does() {
        let key = PublicKey(hex(
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        ));
        let signature: [u8; 64] = [
            hex("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"),
            hex("085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"),
        ]
        .concat()
        .try_into()
        .unwrap();
        let known = KnownKey::new(key);
        assert_eq!(known.verify(&[0x72], &signature), Ok(()));
        assert_eq!(verify_one(&key, &[0x72], &signature), Ok(()));
        for bit in 0..512 {
            let mut flipped = signature;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(known.verify(&[0x72], &flipped), Err(NotSigned), "bit {bit}");
            assert_eq!(
                verify_one(&key, &[0x72], &flipped),
                Err(NotSigned),
                "bit {bit}"
            );
        }
    }

    /// Small, mixed and non-canonical A and R, S + L, in every combination: one verdict.
    #[test]
    fn a_prepared_key_gives_the_verdict_of_verify_strict_on_every_edge() {
        let honest = SigningKey::from_bytes(&[7; 32]);
        let a = honest.verifying_key().to_edwards();
        let mut keys: Vec<[u8; 32]> = vec![honest.verifying_key().to_bytes(), [0xff; 32], [0; 32]];
        let mut points: Vec<[u8; 32]> = non_canonical();
        for torsion in EIGHT_TORSION {
            points.push(torsion.compress().to_bytes());
        }
        keys.extend(
            EIGHT_TORSION[1..]
                .iter()
                .map(|torsion| (a + torsion).compress().to_bytes()),
        );
        keys.extend(points.iter().copied());
        let message = b"edge";
        let good = honest.sign(message).to_bytes();
        let mut rs = points;
        rs.push(good[..32].try_into().unwrap());
        let s: [u8; 32] = good[32..].try_into().unwrap();
        let mut ss = vec![s, [0; 32], plus_l(s), [0xff; 32]];
        ss.push(Scalar::ONE.to_bytes());
        let (mut accepted, mut tried) = (0, 0);
        for key in &keys {
            let known = KnownKey::new(PublicKey(*key));
            for r in &rs {
                for s in &ss {
                    let signature: [u8; 64] = [*r, *s].concat().try_into().unwrap();
                    let strict = verify_one(&PublicKey(*key), message, &signature);
                    assert_eq!(
                        known.verify(message, &signature),
                        strict,
                        "{key:?} {r:?} {s:?}"
                    );
                    tried += 1;
                    accepted += usize::from(strict.is_ok());
                }
            }
        }
        assert_eq!((accepted, tried), (1, keys.len() * rs.len() * ss.len()));
    }

    /// The y coordinates p and p + 1 encode 0 and 1 a second time; with both signs of x.
    fn non_canonical() -> Vec<[u8; 32]> {
        let mut list = Vec::new();
        for low in [0xed_u8, 0xee] {
            for sign in [0x7f_u8, 0xff] {
                let mut bytes = [0xff; 32];
                (bytes[0], bytes[31]) = (low, sign);
                list.push(bytes);
            }
        }
        let mut minus_zero = [0; 32];
        (minus_zero[0], minus_zero[31]) = (1, 0x80);
        list.push(minus_zero);
        list
    }

    fn plus_l(s: [u8; 32]) -> [u8; 32] {
        let l = hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
        let mut sum = [0; 32];
        let mut carry = 0_u16;
        for (byte, (left, right)) in sum.iter_mut().zip(s.iter().zip(l)) {
            carry += u16::from(*left) + u16::from(right);
            *byte = carry as u8;
            carry >>= 8;
        }
        sum
    }

    fn hex(text: &str) -> [u8; 32] {
        *text.parse::<crate::hash::Hash>().unwrap().as_bytes()
    }
}

//! The two spellings that C2SP lines are made of, where each value has exactly one: padded standard
//! base64 (RFC 4648 §4) and decimal numbers.

use base64ct::{Base64, Encoding};

use crate::hash::Hash;

pub(super) fn base64(bytes: &[u8]) -> String {
    Base64::encode_string(bytes)
}

/// The bytes, only where `text` is how [`base64`] spells them.
pub(super) fn from_base64(text: &str) -> Option<Vec<u8>> {
    Base64::decode_vec(text).ok()
}

/// A digest in base64.
pub(super) fn hash_from_base64(text: &str) -> Option<Hash> {
    from_base64(text)?.try_into().ok().map(Hash)
}

/// A decimal number: digits only, no leading zero but in `0` itself.
pub(super) fn from_decimal(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_read_is_spelled_the_same_way_again(text in "[A-Za-z0-9+/=]{0,12}", number: u64) {
            if let Some(bytes) = from_base64(&text) {
                prop_assert_eq!(base64(&bytes), text);
            }
            prop_assert_eq!(from_decimal(&number.to_string()), Some(number));
        }
    }

    #[test]
    fn other_spellings_are_refused() {
        assert_eq!(from_base64("AA=="), Some(vec![0]));
        for text in [
            "AB==", "AA", "AA=", "AA==\n", " AA==", "A-==", "AA==AA==", "====", "A",
        ] {
            assert_eq!(from_base64(text), None, "{text:?}");
        }
        for text in [
            "",
            "+1",
            "-0",
            "01",
            "00",
            " 1",
            "1 ",
            "1_0",
            "18446744073709551616",
            "٣",
        ] {
            assert_eq!(from_decimal(text), None, "{text:?}");
        }
    }
}

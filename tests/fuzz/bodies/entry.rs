//! Entries: lines of the log, signed commits, withheld lines.

use ed25519_dalek::{Signature, VerifyingKey};
use grounds::envelope::{
    Entry, MAX_ENTRY, MAX_SIGNATURES, Signed, Withheld, line_of, recorded_of, verify_one,
};
use grounds::json::Json;

use super::ground::GOOD;

/// - A line or a signed commit that is read is written back to the same bytes.
/// - A line is no withheld line, and its time stands where recovery looks for it.
/// - A signature holds by `verify_strict` of the library, by a key with tables and by one without,
///   or by none of them; and nothing holds that the reference ledger does not hold.
pub fn run(data: &[u8]) {
    if let Some(withheld) = Withheld::parse(data) {
        assert!(data.len() <= 4096);
        assert_eq!(Json::parse(data).unwrap().to_bytes(), data);
        assert!(withheld.reason.as_str().len() <= 300);
        assert!(Entry::parse(data).is_err(), "a withheld line is no entry");
    }
    if let Ok(entry) = Entry::parse(data) {
        assert!(data.len() <= MAX_ENTRY);
        let Entry { signed, recorded } = entry;
        assert_eq!(
            line_of(&signed.commit.bytes, recorded, &signed.signatures),
            data
        );
        assert_eq!(recorded_of(data), Some(recorded));
        assert!(Withheld::parse(data).is_none());
        assert!(Json::parse(data).is_ok());
        let sealed = signed.to_bytes();
        assert_eq!(Signed::parse(&sealed).as_ref(), Ok(&signed));
        checked(signed);
    }
    if let Ok(signed) = Signed::parse(data) {
        assert_eq!(signed.to_bytes(), data);
        assert!(Entry::parse(data).is_err(), "a line has a time");
        checked(signed);
    }
}

fn checked(signed: Signed<'_>) {
    let count = signed.signatures.len();
    assert!((1..=MAX_SIGNATURES).contains(&count));
    let names: Vec<String> = signed
        .signatures
        .iter()
        .map(|sig| sig.key.to_string())
        .collect();
    assert!(names.is_sorted_by(|a, b| a < b));
    let message = signed.commit.message();
    let known = |id: &_| GOOD.keys.iter().find(|(own, ..)| own == id);
    for signature in &signed.signatures {
        let own = known(&signature.key).into_iter();
        for (_, key, known) in own.chain(GOOD.keys.first()) {
            let one = verify_one(key, &message, &signature.sig).is_ok();
            let tables = known.verify(&message, &signature.sig).is_ok();
            let strict = VerifyingKey::from_bytes(&key.0)
                .unwrap()
                .verify_strict(&message, &Signature::from_bytes(&signature.sig))
                .is_ok();
            assert!(one == tables && tables == strict, "{one} {tables} {strict}");
        }
    }
    let bytes = signed.commit.bytes.to_vec();
    let signatures = signed.signatures.clone();
    if signed
        .verify(|id| known(id).map(|(_, key, _)| *key))
        .is_ok()
    {
        let is_known = GOOD.lines.iter().any(|line| {
            let own = Entry::parse(line).unwrap().signed;
            *own.commit.bytes == bytes
                && signatures
                    .iter()
                    .all(|signature| own.signatures.contains(signature))
        });
        assert!(is_known, "a signature that nobody made holds");
    }
}

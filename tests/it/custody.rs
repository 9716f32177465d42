//! Custody: what was acknowledged stays, what may not get in stays out, and who signs a history
//! signs no other.

use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use grounds::claim::{Act, Code, Data, LedgerMapped};
use grounds::envelope::{Anchor, Draft, DraftEvent, PrivateKey, Signature, Signed};
use grounds::form::Form as _;
use grounds::hash::Hash;
use grounds::ledger::audit::{Part, Report, Standard, Verdict, audit};
use grounds::ledger::{
    Appender, ClockError, Ledger, LedgerError, NoReceipt, NotProved, Pace, ProofOf, Receipt,
    SignerError, Staged, Writer, check_proof, prove,
};
use grounds::projection::{Filter, model_in_force, profile};
use grounds::store::StoreError;
use grounds::value::{Slug, Subject, Time};

use crate::lab::{
    EVENTS, Lab, agent, attestation, audited, claim, copy, everything, evidence, line, lines, note,
    paper, prepared, put_lines, slug, tree_of, vkey,
};
use crate::reference::build::key;

// --- torn is not damaged -------------------------------------------------------------------------

/// A ledger, the folder as it was before its last batch, and that batch's bytes.
struct Torn {
    lab: Lab,
    before: Vec<u8>,
    batch: Vec<u8>,
    state: Vec<u8>,
    checkpoint: Vec<u8>,
    heads: Vec<(u64, Hash)>,
}

impl Torn {
    /// The last batch holds two commits; its head was never signed.
    fn made() -> Torn {
        let lab = Lab::argued();
        let before = std::fs::read(lab.dir().join(EVENTS)).unwrap();
        let state = std::fs::read(lab.state()).unwrap();
        let checkpoint = std::fs::read(lab.dir().join("checkpoint")).unwrap();
        let tree = tree_of(&lab.lines());
        let heads = (1..=tree.size())
            .map(|size| (size, tree.root_at(size).unwrap()))
            .collect();
        copy(&lab.dir(), &lab.beside("before"));
        lab.clock.pass(60);
        let mut appender = lab.open();
        for word in ["first", "second"] {
            let signed = lab.signed(&appender, "ada", &[note("claim/y", word)]);
            appender.stage(&signed).unwrap();
        }
        appender.flush().unwrap();
        appender.close().unwrap();
        let after = std::fs::read(lab.dir().join(EVENTS)).unwrap();
        let batch = after[before.len()..].to_vec();
        Torn {
            lab,
            before,
            batch,
            state,
            checkpoint,
            heads,
        }
    }

    /// The folder as a crash left it: this tail after the acknowledged lines.
    fn crash(&self, tail: &[u8]) {
        copy(&self.lab.beside("before"), &self.lab.dir());
        let bytes = [&self.before, tail].concat();
        std::fs::write(self.lab.dir().join(EVENTS), bytes).unwrap();
        std::fs::write(self.lab.dir().join("checkpoint"), &self.checkpoint).unwrap();
        std::fs::write(self.lab.state(), &self.state).unwrap();
    }

    /// Opens, appends, and holds the new head against all that were signed.
    fn goes_on(&self, kept: u64, torn: &[u8]) {
        let (mut appender, opened) = self.lab.try_open().unwrap();
        assert_eq!(opened.recovered.kept, kept);
        let cut = opened.recovered.cut;
        assert_eq!(cut.is_some(), !torn.is_empty());
        if let Some(cut) = cut {
            let file = std::fs::read(self.lab.dir().join(&cut.file)).unwrap();
            assert!(cut.file.starts_with("torn/"), "{}", cut.file);
            assert_eq!(file, torn, "what was cut is kept");
        }
        let signed = self
            .lab
            .signed(&appender, "ada", &[note("claim/x", "again")]);
        assert_eq!(appender.stage(&signed).unwrap(), Staged::New(kept));
        appender.flush().unwrap();
        appender.close().unwrap();
        let now = std::fs::read(self.lab.dir().join(EVENTS)).unwrap();
        assert!(
            now.starts_with(&self.before),
            "nothing acknowledged is lost"
        );
        let tree = tree_of(&self.lab.lines());
        for (size, root) in &self.heads {
            assert_eq!(tree.root_at(*size), Some(*root), "head of size {size}");
        }
    }
}

/// Every 11th point by default, each in the full run, and always those around a line's end.
#[test]
fn a_torn_tail_is_cut_and_nothing_before_it_is_lost() {
    let torn = Torn::made();
    let size = torn.heads.len() as u64;
    let step = if std::env::var_os("GROUNDS_FULL").is_some() {
        1
    } else {
        11
    };
    let near_an_end = |cut: usize| {
        let from = cut.saturating_sub(2);
        torn.batch[from..(cut + 2).min(torn.batch.len())].contains(&b'\n')
    };
    for cut in 0..=torn.batch.len() {
        if cut % step != 0 && !near_an_end(cut) {
            continue;
        }
        let tail = &torn.batch[..cut];
        let whole = tail
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        let kept = size + tail.iter().filter(|byte| **byte == b'\n').count() as u64;
        torn.crash(tail);
        torn.goes_on(kept, &tail[whole..]);
    }
    assert_eq!(torn.lab.audit().verdict, Verdict::Holds);
}

#[test]
fn space_reserved_and_never_written_is_no_line() {
    let torn = Torn::made();
    let size = torn.heads.len() as u64;
    let whole = torn.batch.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    for nuls in [1, 4096] {
        torn.crash(&vec![0; nuls]);
        torn.goes_on(size, b"");
        torn.crash(&[&torn.batch[..whole], &vec![0; nuls][..]].concat());
        torn.goes_on(size + 1, b"");
        torn.crash(&[&torn.batch[..whole + 30], &vec![0; nuls][..]].concat());
        torn.goes_on(size + 1, &torn.batch[whole..whole + 30]);
    }
}

#[test]
fn a_bad_line_with_the_rest_of_its_batch_behind_it_is_cut_with_it() {
    let torn = Torn::made();
    let tail = [b"{\"commit\":\n", &torn.batch[..]].concat();
    torn.crash(&tail);
    torn.goes_on(torn.heads.len() as u64, &tail);
}

#[test]
fn several_batches_behind_a_bad_line_are_damage_and_nothing_is_touched() {
    let torn = Torn::made();
    let second = {
        torn.lab.clock.pass(60);
        torn.lab.record("ada", &[note("claim/y", "a later batch")]);
        torn.lab.lines().pop().unwrap()
    };
    let tail = [b"junk\n", &torn.batch[..], second.as_bytes(), b"\n"].concat();
    torn.crash(&tail);
    let before = everything(&torn.lab.dir());
    let Err(LedgerError::Damaged(places)) = torn.lab.try_open() else {
        panic!("this is damage");
    };
    let place = &places[0];
    assert_eq!(
        (place.file.as_str(), place.line, place.index),
        (EVENTS, torn.heads.len() as u64 + 1, torn.heads.len() as u64)
    );
    let contents = |folder: &Path| -> Vec<_> {
        everything(folder)
            .into_iter()
            .map(|(path, (_, bytes))| (path, bytes))
            .collect()
    };
    let before: Vec<_> = before
        .into_iter()
        .map(|(path, (_, bytes))| (path, bytes))
        .collect();
    assert_eq!(contents(&torn.lab.dir()), before);
}

// --- the signer ----------------------------------------------------------------------------------

fn not_an_extension(error: Result<(Appender, grounds::ledger::Opened), LedgerError>) -> String {
    match error {
        Err(LedgerError::Signer(error @ SignerError::NotAnExtension { .. })) => error.to_string(),
        Err(other) => panic!("another error: {other}"),
        Ok(_) => panic!("it was opened"),
    }
}

#[test]
fn the_signer_refuses_a_folder_that_was_rolled_back() {
    let lab = Lab::argued();
    copy(&lab.dir(), &lab.beside("old"));
    lab.record("ada", &[note("claim/x", "newer")]);
    copy(&lab.beside("old"), &lab.dir());
    let before = everything(&lab.dir());
    let said = not_an_extension(lab.try_open());
    assert!(
        said.contains("the ledger has 8 entries, expected at least the 9"),
        "{said}"
    );
    assert_eq!(everything(&lab.dir()), before);
}

#[test]
fn the_signer_refuses_a_history_that_was_rewritten() {
    let lab = Lab::argued();
    let mut all = lab.lines();
    let last = all.pop().unwrap();
    let state = Ledger::open(&lab.dir(), None).unwrap();
    // The same commit, recorded a second later: another leaf, so another history.
    let recorded = state.state().recorded().unwrap();
    let later = Time::from_micros(recorded.micros() + 1_000_000).unwrap();
    all.push(last.replace(&recorded.micros_text(), &later.micros_text()));
    assert_ne!(all.last(), Some(&last));
    put_lines(&lab.dir(), &all);
    assert_eq!(
        lab.audit().verdict,
        Verdict::Holds,
        "the bare folder cannot tell"
    );
    let said = not_an_extension(lab.try_open());
    assert!(said.contains("history was rewritten"), "{said}");
}

#[test]
fn whoever_kept_an_older_head_is_told_of_a_rollback_and_of_a_rewritten_history() {
    let lab = Lab::argued();
    let (all, newest) = (
        lab.lines(),
        std::fs::read(lab.dir().join("checkpoint")).unwrap(),
    );
    let signed = lab.signer().unwrap().state();
    for standard in [
        Standard {
            from: Some(&newest),
            ..Standard::default()
        },
        Standard {
            signer: signed,
            ..Standard::default()
        },
    ] {
        let told = |report: &Report, word: &str| {
            assert_eq!(report.verdict, Verdict::Fails);
            assert!(
                report
                    .faults
                    .iter()
                    .any(|fault| fault.part == Part::Checkpoint && fault.expected.contains(word)),
                "{:?}",
                report.faults
            );
        };
        put_lines(&lab.dir(), &all[..all.len() - 1]);
        told(
            &audit(&lab.dir(), &standard, &mut |_, _| {}).unwrap(),
            "rolled back",
        );
        let mut other = all.clone();
        let last = other.pop().unwrap();
        other.push(last.replace(
            ":00.000000Z\",\"signatures\"",
            ":01.000000Z\",\"signatures\"",
        ));
        assert_ne!(other, all);
        put_lines(&lab.dir(), &other);
        told(
            &audit(&lab.dir(), &standard, &mut |_, _| {}).unwrap(),
            "history was rewritten",
        );
    }
}

#[test]
fn a_state_of_the_signer_that_cannot_be_read_is_an_error_that_names_the_file() {
    let lab = Lab::founded();
    let good = std::fs::read(lab.state()).unwrap();
    for junk in [
        &b""[..],
        b"\n",
        b"junk",
        b"{}\n",
        b"{\"root\":\"00\",\"size\":1}\n",
        &good[..good.len() - 1],
        &[&good[..], b"x"].concat(),
    ] {
        std::fs::write(lab.state(), junk).unwrap();
        let Err(error) = lab.signer() else {
            panic!("{junk:?} was taken for a state");
        };
        let said = error.to_string();
        assert!(matches!(error, SignerError::State { .. }), "{said}");
        assert!(said.contains(&lab.state().display().to_string()), "{said}");
    }
}

#[test]
fn another_log_key_is_refused() {
    let lab = Lab::founded();
    let other = grounds::ledger::HeadSigner::open(
        &crate::lab::origin(),
        key("another log"),
        &lab.beside("other.state"),
    )
    .unwrap();
    let opened = Appender::open(&lab.dir(), other, Box::new(lab.clock.clone()), false);
    assert!(
        matches!(
            opened.map(|_| ()),
            Err(LedgerError::Signer(SignerError::OtherKey { .. }))
        ),
        "a head by another key would end the ledger"
    );
}

// --- receipts and proofs -------------------------------------------------------------------------

fn checks(receipt: &Receipt, of: &ProofOf) -> Result<(), NotProved> {
    check_proof(
        receipt.proof.as_bytes(),
        of,
        &vkey(),
        Some(receipt.entry.as_bytes()),
        None,
    )
    .map(|proved| {
        assert_eq!(
            (proved.index, proved.commit),
            (receipt.index, receipt.commit)
        );
    })
}

fn objects(receipt: &Receipt, subject: &str) -> [ProofOf; 4] {
    [
        ProofOf::Event(receipt.events[0]),
        ProofOf::Commit(receipt.commit),
        ProofOf::Entry(receipt.index),
        ProofOf::Subject(subject.parse().unwrap()),
    ]
}

#[test]
fn a_receipt_proves_its_own_entry_at_every_head_and_nothing_else() {
    let lab = Lab::founded();
    let mut appender = lab.open();
    let mut receipts: Vec<Receipt> = Vec::new();
    for number in 0..33 {
        lab.clock.pass(1);
        let name = format!("c{number}");
        let signed = lab.signed(&appender, "ada", &[claim(&name)]);
        appender.stage(&signed).unwrap();
        let receipt = appender.flush().unwrap().remove(0);
        for of in objects(&receipt, &format!("claim/{name}")) {
            assert_eq!(checks(&receipt, &of), Ok(()), "{of}");
        }
        // Submitted again it stands where it stood, at the newest head.
        if let Some(first) = receipts.first() {
            let again = appender.receipt_of(first.index).unwrap();
            assert_eq!((again.index, &again.entry), (first.index, &first.entry));
            assert!(again.is_repeated);
            assert_ne!(again.proof, first.proof, "at a newer head");
            assert_eq!(checks(&again, &ProofOf::Commit(first.commit)), Ok(()));
        }
        receipts.push(receipt);
    }
    for (own, other) in receipts.iter().zip(receipts.iter().skip(1)) {
        for of in objects(other, &format!("claim/c{}", other.index - 1)) {
            let refused = checks(own, &of);
            assert!(matches!(refused, Err(NotProved::Other { .. })), "{of}");
        }
        let mixed = Receipt {
            entry: other.entry.clone(),
            ..own.clone()
        };
        let of = ProofOf::Commit(other.commit);
        assert!(
            matches!(checks(&mixed, &of), Err(NotProved::Proof(_))),
            "another entry under this proof"
        );
    }
}

#[test]
fn a_flipped_byte_anywhere_in_a_proof_or_its_entry_is_refused() {
    let lab = Lab::argued();
    let ledger = Ledger::open(&lab.dir(), None).unwrap();
    let whole = prove(&ledger, 4).unwrap();
    let of = ProofOf::Subject("claim/x".parse().unwrap());
    check_proof(&whole, &of, &vkey(), None, None).unwrap();
    for place in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[place] ^= 1 << (place % 7);
        assert!(
            check_proof(&bytes, &of, &vkey(), None, None).is_err(),
            "byte {place}"
        );
    }
    for length in 0..whole.len() {
        assert!(check_proof(&whole[..length], &of, &vkey(), None, None).is_err());
    }
}

#[test]
fn a_proof_is_of_one_origin_under_one_key() {
    let lab = Lab::argued();
    let ledger = Ledger::open(&lab.dir(), None).unwrap();
    let proof = prove(&ledger, 4).unwrap();
    let of = ProofOf::Entry(4);
    let key = |name: &str, seed: &str| {
        let key = ed25519_dalek::SigningKey::from_bytes(&key(seed).seed());
        let signer = grounds::tlog::NoteSigner::new(name, key).unwrap();
        signer.verifier().clone()
    };
    for other in [
        key("grounds.example/other", "log"),
        key(crate::reference::build::ORIGIN, "another log"),
    ] {
        let refused = check_proof(&proof, &of, &other, None, None);
        assert!(matches!(refused, Err(NotProved::Proof(_))), "{other}");
    }
}

#[test]
fn the_same_commit_again_is_the_same_entry_even_signed_again_and_after_reopening() {
    let lab = Lab::argued();
    lab.clock.pass(60);
    let mut appender = lab.open();
    let signed = lab.signed(&appender, "ada", &[note("claim/x", "once")]);
    assert_eq!(appender.stage(&signed).unwrap(), Staged::New(8));
    assert_eq!(appender.stage(&signed).unwrap(), Staged::Known(8), "staged");
    assert_eq!(appender.flush().unwrap().len(), 1);
    // Another agent's signature beside it is no other commit.
    let mut more = Signed::parse(&signed).unwrap();
    more.sign(&key("bea"));
    assert_eq!(appender.stage(&more.to_bytes()).unwrap(), Staged::Known(8));
    appender.close().unwrap();
    let mut appender = lab.open();
    assert_eq!(appender.stage(&signed).unwrap(), Staged::Known(8));
    let receipt = appender.receipt_of(8).unwrap();
    assert_eq!(checks(&receipt, &ProofOf::Entry(8)), Ok(()));
    appender.close().unwrap();
    assert_eq!(lab.lines().len(), 9);
}

// --- what stage refuses --------------------------------------------------------------------------

/// A commit drafted by hand: whatever a hostile client may sign.
fn drafted(lab: &Lab, appender: &Appender, change: impl FnOnce(&mut Draft)) -> Vec<u8> {
    let mut draft = draft(lab, appender);
    change(&mut draft);
    Signed::seal(draft.seal().unwrap(), &key("ada")).to_bytes()
}

fn draft(lab: &Lab, appender: &Appender) -> Draft {
    let subject: Subject = "claim/x".parse().unwrap();
    let before = appender.state().stream(&subject).copied().unwrap();
    Draft {
        ledger: crate::lab::origin(),
        anchor: appender.anchor(),
        author: slug("ada"),
        at: lab.clock.now(),
        events: vec![DraftEvent {
            subject,
            seq: before.seq + 1,
            prev: Some(before.last),
            effective: None,
            kind: "note.added",
            data: note("claim/x", "said").data.write().into_owned(),
        }],
    }
}

pub(crate) fn code(result: Result<Staged, LedgerError>) -> Code {
    match result {
        Err(LedgerError::Rejected(rejection)) => rejection.code,
        Err(other) => panic!("another error: {other}"),
        Ok(staged) => panic!("admitted: {staged:?}"),
    }
}

#[test]
fn what_may_not_get_in_is_refused_with_its_code_and_nothing_changes() {
    let lab = Lab::argued();
    // Carl had a key, and it was revoked.
    lab.record("ada", &[agent("carl")]);
    let revoked = key("carl").public().id();
    lab.record(
        "ada",
        &[crate::reference::build::act(
            "agent/carl",
            "agent.key_revoked",
            None,
            &format!(r#"{{"key":"{revoked}","reason":"lost"}}"#),
        )],
    );
    lab.record("ada", &[note("claim/x", "an anchor of Ada's at size 10")]);
    lab.clock.pass(60);
    let mut appender = lab.open();
    let before = everything(&lab.dir());
    let good = drafted(&lab, &appender, |_| {});
    let anchor = |size, root| Some(Anchor { size, root });
    let by = |keys: &[&str], author: &str| {
        let mut draft = draft(&lab, &appender);
        draft.author = slug(author);
        let mut signed = Signed::seal(draft.seal().unwrap(), &key(keys[0]));
        keys[1..].iter().for_each(|name| signed.sign(&key(name)));
        signed.to_bytes()
    };
    let with_sig = |sig: [u8; 64]| {
        let mut signed = Signed::parse(&good).unwrap();
        let key = signed.signatures[0].key;
        signed.add(Signature { key, sig });
        signed.to_bytes()
    };
    let sig = Signed::parse(&good).unwrap().signatures[0].sig;
    let mut flipped = sig;
    flipped[10] ^= 1;
    let commit = Signed::parse(&good).unwrap().commit;
    let bare = key("ada").sign(&commit.bytes);
    let other_type = key("ada").sign(&grounds::envelope::pre_authentication(
        "application/vnd.in-toto+json",
        &commit.bytes,
    ));
    let other_bytes = key("ada").sign(&grounds::envelope::pre_authentication(
        grounds::envelope::TYPE,
        b"{}",
    ));
    let crowd: Vec<PrivateKey> = (0..17).map(|n| key(&format!("crowd {n}"))).collect();
    let mut crowded = Signed::parse(&good).unwrap();
    crowded.signatures.clear();
    crowd.iter().for_each(|key| crowded.sign(key));
    let root = |size| appender.anchor().filter(|a| a.size == size).unwrap().root;
    let size = appender.anchor().unwrap().size;
    let older = tree_of(&lab.lines()).root_at(3).unwrap();
    let ahead = |seconds: i64| Time::from_micros(lab.clock.now().micros() + seconds * 1_000_000);
    let text = String::from_utf8(good.clone()).unwrap();
    let large = text.replace("said", &"x".repeat(60_001));
    let event = &text[text.find("[{").unwrap() + 1..text.find("}]").unwrap() + 1];
    let many = text.replace(event, &vec![event; 257].join(","));
    let cases: Vec<(&str, Vec<u8>, Code)> = vec![
        (
            "for another ledger",
            drafted(&lab, &appender, |draft| {
                draft.ledger = "grounds.example/other".parse().unwrap();
            }),
            Code::Ledger,
        ),
        ("by an unknown key", by(&["nobody"], "ada"), Code::Signature),
        (
            "by an unknown agent",
            by(&["nobody"], "nobody"),
            Code::Signature,
        ),
        ("by a revoked key", by(&["carl"], "carl"), Code::Signature),
        (
            "with a revoked key beside a good one",
            by(&["ada", "carl"], "ada"),
            Code::Signature,
        ),
        ("by somebody else", by(&["bea"], "ada"), Code::Signature),
        ("a flipped bit", with_sig(flipped), Code::Signature),
        ("without DSSE", with_sig(bare), Code::Signature),
        (
            "of another payload type",
            with_sig(other_type),
            Code::Signature,
        ),
        ("of other bytes", with_sig(other_bytes), Code::Signature),
        ("17 signatures", crowded.to_bytes(), Code::Limit),
        (
            "an anchor of another ledger",
            drafted(&lab, &appender, |draft| {
                draft.anchor = anchor(size, Hash::of(b"other"));
            }),
            Code::Anchor,
        ),
        (
            "an anchor beyond the head",
            drafted(&lab, &appender, |draft| {
                draft.anchor = anchor(size + 1, root(size));
            }),
            Code::Anchor,
        ),
        (
            "no anchor",
            drafted(&lab, &appender, |draft| draft.anchor = None),
            Code::Anchor,
        ),
        (
            "an anchor older than the author's last",
            drafted(&lab, &appender, |draft| draft.anchor = anchor(3, older)),
            Code::Conflict,
        ),
        (
            "from the future",
            drafted(&lab, &appender, |draft| draft.at = ahead(11 * 60).unwrap()),
            Code::Time,
        ),
        (
            "a gap in the stream",
            drafted(&lab, &appender, |draft| draft.events[0].seq += 1),
            Code::Conflict,
        ),
        (
            "another event before it",
            drafted(&lab, &appender, |draft| {
                draft.events[0].prev = Some(grounds::value::EventId(Hash::of(b"x")));
            }),
            Code::Conflict,
        ),
        (
            "with a space",
            text.replace("\"v\":1", "\"v\": 1").into_bytes(),
            Code::Bytes,
        ),
        (
            "with an escape",
            text.replace("said", "\\u0073aid").into_bytes(),
            Code::Bytes,
        ),
        (
            "with a newline at the end",
            format!("{text}\n").into_bytes(),
            Code::Bytes,
        ),
        ("nothing", Vec::new(), Code::Bytes),
        ("half of it", good[..good.len() / 2].to_vec(), Code::Bytes),
        ("60,001 bytes", large.into_bytes(), Code::Limit),
        ("257 events", many.into_bytes(), Code::Limit),
    ];
    for (what, bytes, expected) in cases {
        assert_eq!(code(appender.stage(&bytes)), expected, "{what}");
    }
    assert_eq!(appender.pending(), 0);
    assert_eq!(everything(&lab.dir()), before);
    // Ten minutes ahead is still his clock's business, and the good one is good.
    let early = drafted(&lab, &appender, |draft| draft.at = ahead(599).unwrap());
    appender.stage(&early).unwrap();
    assert_eq!(
        code(appender.stage(&good)),
        Code::Conflict,
        "what is staged counts"
    );
    appender.close().unwrap();
    assert_eq!(lab.audit().verdict, Verdict::Holds);
}

/// What is wrong with a commit, in the order in which it is looked for, with its answer.
const WRONG: [(&str, Code); 7] = [
    ("a space", Code::Bytes),
    ("eleven minutes ahead", Code::Time),
    ("another ledger", Code::Ledger),
    ("another key", Code::Signature),
    ("another signature", Code::Signature),
    ("an anchor of another history", Code::Anchor),
    ("a gap in the stream", Code::Conflict),
];

/// All 128 combinations.
#[test]
fn of_all_that_is_wrong_with_a_commit_the_first_in_the_stated_order_is_the_answer() {
    let lab = Lab::argued();
    lab.clock.pass(60);
    let mut appender = lab.open();
    for bits in 1..1_u32 << WRONG.len() {
        let has = |name| {
            let place = WRONG.iter().position(|(known, _)| *known == name);
            bits & (1 << place.unwrap()) != 0
        };
        let mut draft = draft(&lab, &appender);
        if has("eleven minutes ahead") {
            draft.at = Time::from_micros(lab.clock.now().micros() + 660_000_000).unwrap();
        }
        if has("another ledger") {
            draft.ledger = "grounds.example/other".parse().unwrap();
        }
        if has("an anchor of another history") {
            draft.anchor.as_mut().unwrap().root = Hash::of(b"other");
        }
        if has("a gap in the stream") {
            draft.events[0].seq += 1;
        }
        let name = if has("another key") { "nobody" } else { "ada" };
        let mut signed = Signed::seal(draft.seal().unwrap(), &key(name));
        if has("another signature") {
            signed.signatures[0].sig[10] ^= 1;
        }
        let mut bytes = signed.to_bytes();
        if has("a space") {
            let text = String::from_utf8(bytes).unwrap();
            bytes = text.replace("\"v\":1", "\"v\": 1").into_bytes();
        }
        let first = WRONG[usize::try_from(bits.trailing_zeros()).unwrap()];
        let wrong: Vec<&str> = WRONG
            .iter()
            .map(|(name, _)| *name)
            .filter(|name| has(name))
            .collect();
        assert_eq!(code(appender.stage(&bytes)), first.1, "{wrong:?}");
    }
}

// --- time ----------------------------------------------------------------------------------------

fn recorded(line: &str) -> Time {
    grounds::envelope::recorded_of(line.as_bytes()).unwrap()
}

#[test]
fn a_batch_has_one_time_and_the_next_a_later_one_whatever_the_clock_does() {
    let lab = Lab::founded();
    let mut appender = lab.open();
    let mut batches = Vec::new();
    for (batch, hands) in [0, 60, 0, 0, -300, 1].into_iter().enumerate() {
        lab.clock.set_wall(hands);
        let before = appender.state().size();
        for number in 0..=batch {
            let signed = lab.signed(&appender, "ada", &[claim(&format!("c{batch}-{number}"))]);
            appender.stage(&signed).unwrap();
            // The clock moves within the batch: it is asked once.
            lab.clock.set_wall(1);
        }
        appender.flush().unwrap();
        batches.push(before as usize..appender.state().size() as usize);
    }
    appender.close().unwrap();
    let lines = lab.lines();
    let mut last = recorded(&lines[0]);
    for batch in batches {
        let times: Vec<Time> = lines[batch].iter().map(|line| recorded(line)).collect();
        assert!(times.iter().all(|time| *time == times[0]));
        assert!(times[0] > last, "{} after {last}", times[0]);
        last = times[0];
    }
    assert_eq!(lab.audit().verdict, Verdict::Holds);
}

#[test]
fn a_clock_that_jumps_an_hour_ahead_stops_the_writer() {
    let lab = Lab::founded();
    let mut appender = lab.open();
    // Hours that really passed are none of it.
    lab.clock.pass(3 * 3600);
    let signed = lab.signed(&appender, "ada", &[claim("x")]);
    appender.stage(&signed).unwrap();
    appender.flush().unwrap();
    lab.clock.set_wall(3601);
    let signed = lab.signed(&appender, "ada", &[claim("y")]);
    assert!(matches!(
        appender.stage(&signed),
        Err(LedgerError::Clock(ClockError::Jumped { .. }))
    ));
    appender.close().unwrap();
    assert_eq!(lab.lines().len(), 2);
}

#[test]
fn a_clock_eleven_minutes_behind_opens_nothing_unless_asked() {
    let lab = Lab::argued();
    lab.clock.set_wall(-11 * 60);
    assert!(matches!(
        lab.try_open().map(|_| ()),
        Err(LedgerError::Clock(ClockError::Behind { .. }))
    ));
    let asked = Appender::open(
        &lab.dir(),
        lab.signer().unwrap(),
        Box::new(lab.clock.clone()),
        true,
    );
    let (mut appender, _) = asked.unwrap();
    let signed = lab.signed(&appender, "ada", &[claim("late")]);
    appender.stage(&signed).unwrap();
    appender.flush().unwrap();
    appender.close().unwrap();
    assert_eq!(lab.audit().verdict, Verdict::Holds);
    lab.clock.set_wall(2 * 60);
    drop(lab.try_open().expect("nine minutes behind is near enough"));
}

// --- many submitters, one writer -----------------------------------------------------------------

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_at_once_get_receipts_in_one_log_and_a_rejected_one_disturbs_nobody() {
    let lab = Lab::argued();
    let appender = lab.open();
    let commits: Vec<Vec<u8>> = (0..64)
        .map(|n| lab.signed(&appender, "ada", &[claim(&format!("c{n}"))]))
        .collect();
    let rejected = lab.signed(&appender, "ada", &[attestation("x", "verifies", "1")]);
    let writer = Arc::new(Writer::start(appender, Pace::default()));
    let mut waiting = Vec::new();
    for (place, commit) in commits.into_iter().enumerate() {
        if place % 8 == 0 {
            let (writer, rejected) = (Arc::clone(&writer), rejected.clone());
            tokio::spawn(async move {
                let Err(NoReceipt::Rejected(no)) = writer.submit(rejected).await else {
                    panic!("the asserter may not attest");
                };
                assert_eq!(no.code, Code::Role);
            })
            .await
            .unwrap();
        }
        let writer = Arc::clone(&writer);
        waiting.push(tokio::spawn(async move { writer.submit(commit).await }));
    }
    let mut indexes = Vec::new();
    for task in waiting {
        let receipt = task.await.unwrap().unwrap();
        assert_eq!(checks(&receipt, &ProofOf::Commit(receipt.commit)), Ok(()));
        indexes.push(receipt.index);
    }
    indexes.sort_unstable();
    assert_eq!(indexes, (8..72).collect::<Vec<u64>>(), "one log, no gaps");
    Arc::into_inner(writer).unwrap().close().unwrap();
    let report = lab.audit();
    assert_eq!((report.verdict, report.entries), (Verdict::Holds, 72));
}

#[tokio::test]
async fn closing_waits_for_what_was_submitted_and_lets_the_lock_go() {
    let lab = Lab::argued();
    let appender = lab.open();
    let commits: Vec<Vec<u8>> = (0..20)
        .map(|n| lab.signed(&appender, "ada", &[claim(&format!("c{n}"))]))
        .collect();
    let writer = Writer::start(appender, Pace::default());
    for commit in commits {
        // Submitted, and whoever did no longer waits.
        let submitted = writer.submit(commit);
        let _ = tokio::time::timeout(std::time::Duration::ZERO, submitted).await;
    }
    writer.close().unwrap();
    assert_eq!(lab.lines().len(), 28);
    lab.open().close().unwrap();
}

#[test]
fn a_second_writer_is_told_who_holds_the_lock() {
    let lab = Lab::founded();
    let first = lab.open();
    match lab.try_open().map(|_| ()) {
        Err(LedgerError::Store(StoreError::Locked { holder, .. })) => {
            let own = format!("pid {}", std::process::id());
            assert!(holder.contains(&own), "{holder}");
        }
        other => panic!("{other:?}"),
    }
    first.close().unwrap();
    lab.open().close().unwrap();
}

// --- the map -------------------------------------------------------------------------------------

#[test]
fn the_4096th_entry_brings_a_map_by_itself_and_an_audit_recomputes_it() {
    let lab = Lab::argued();
    let mut appender = lab.open();
    let batch = 64;
    while appender.anchor().unwrap().size < 4096 {
        lab.clock.pass(1);
        let before = appender.anchor().unwrap().size;
        let anchor = appender.anchor();
        for number in before..(before + batch).min(4096) {
            let act = note(["claim/x", "claim/y"][number as usize % 2], "So it is.");
            let commit = prepared(
                appender.state(),
                anchor.clone(),
                "ada",
                lab.clock.now(),
                &[act],
            );
            let signed = Signed::seal(commit, &key("ada")).to_bytes();
            appender.stage(&signed).unwrap();
        }
        appender.flush().unwrap();
    }
    assert_eq!(appender.state().size(), 4097, "one more than was staged");
    appender.close().unwrap();
    let ledger = Ledger::open(&lab.dir(), None).unwrap();
    let mapped = ledger.entry(4096).unwrap();
    let Data::LedgerMapped(data) = &mapped.events[0].data else {
        panic!("{} is no map", mapped.events[0].data.name());
    };
    assert_eq!((data.size, mapped.author.clone()), (4096, Slug::log()));
    let report = lab.audit();
    assert_eq!(report.verdict, Verdict::Holds, "{:?}", report.faults);
    let tree = report
        .checks
        .iter()
        .find(|check| check.part == Part::Tree)
        .unwrap();
    assert!(tree.detail.ends_with(", 1 map"), "{}", tree.detail);
}

/// A map entry of the log's key with this root.
fn mapped(lab: &Lab, root: Option<Hash>) -> String {
    lab.clock.pass(60);
    let mut appender = lab.open();
    let receipt = appender.record_map().unwrap();
    drop(appender);
    let entry = grounds::envelope::Entry::parse(receipt.entry.as_bytes()).unwrap();
    let event = &entry.signed.commit.events[0];
    let Ok(Data::LedgerMapped(data)) = Data::read(&event.kind, &event.data) else {
        panic!("a map");
    };
    let data = LedgerMapped {
        root: root.unwrap_or(data.root),
        ..*data
    };
    let draft = Draft {
        ledger: crate::lab::origin(),
        anchor: entry.signed.commit.anchor.clone(),
        author: Slug::log(),
        at: entry.signed.commit.at,
        events: vec![DraftEvent {
            subject: Subject::log(),
            seq: event.seq,
            prev: event.prev,
            effective: None,
            kind: "ledger.mapped",
            data: data.write().into_owned(),
        }],
    };
    let signed = Signed::seal(draft.seal().unwrap(), &key("log")).to_bytes();
    line(&signed, entry.recorded)
}

#[test]
fn a_false_map_that_the_log_signed_is_found() {
    let lab = Lab::argued();
    let all = lab.lines();
    let good = mapped(&lab, None);
    put_lines(&lab.dir(), &[&all[..], &[good]].concat());
    assert_eq!(lab.audit().verdict, Verdict::Holds, "the very same map");
    let lab = Lab::argued();
    let bad = mapped(&lab, Some(Hash::of(b"another map")));
    put_lines(&lab.dir(), &[&all[..], &[bad]].concat());
    fails(&lab.dir(), 8, Part::Tree, "map");
}

// --- withheld ------------------------------------------------------------------------------------

fn withhold(lines: &mut [String], index: usize) {
    let leaf = grounds::tlog::leaf_hash(lines[index].as_bytes());
    lines[index] = format!("{{\"leaf\":\"{leaf}\",\"withheld\":\"By order of a court\"}}");
}

fn write_lines(dir: &Path, lines: &[String]) {
    std::fs::write(dir.join(EVENTS), lines.join("\n") + "\n").unwrap();
}

#[test]
fn a_withheld_entry_keeps_the_root_and_takes_the_figures_that_need_it() {
    let lab = Lab::argued();
    let mut all = lab.lines();
    // The attestation to x, with an event of x behind it.
    withhold(&mut all, 6);
    write_lines(&lab.dir(), &all);
    let report = lab.audit();
    assert_eq!(report.verdict, Verdict::CannotTell, "{:?}", report.faults);
    assert_eq!(report.fault_count, 0);
    let ledger = Ledger::open(&lab.dir(), None).unwrap();
    assert_eq!(ledger.custody().withheld, [6]);
    assert!(ledger.custody().damages.is_empty());
    let model = model_in_force(ledger.state()).unwrap();
    let profile =
        |claim: &str| profile(ledger.state(), &slug(claim), model, &Filter::none()).unwrap();
    let x = profile("x");
    assert_eq!(x.figures, Default::default(), "none is assessed");
    assert!(
        x.not_assessed
            .iter()
            .all(|figure| figure.reason.contains("missing from this copy")),
        "{:?}",
        x.not_assessed
    );
    let whole = Lab::argued();
    let whole = Ledger::open(&whole.dir(), None).unwrap();
    let y = grounds::projection::profile(whole.state(), &slug("y"), model, &Filter::none());
    assert_ne!(profile("y").figures, Default::default());
    assert_eq!(profile("y").figures, y.unwrap().figures, "y keeps its own");
    let scores = report
        .checks
        .iter()
        .find(|check| check.part == Part::Scores)
        .unwrap();
    assert!(
        scores.detail.contains("1 claim assessed") && scores.detail.contains("1 not"),
        "{}",
        scores.detail
    );
}

#[test]
fn a_map_over_a_withheld_entry_is_not_called_false() {
    let lab = Lab::argued();
    let mut appender = lab.open();
    appender.record_map().unwrap();
    appender.close().unwrap();
    let mut all = lab.lines();
    withhold(&mut all, 6);
    write_lines(&lab.dir(), &all);
    let report = lab.audit();
    assert_eq!(report.verdict, Verdict::CannotTell, "{:?}", report.faults);
    let tree = report
        .checks
        .iter()
        .find(|check| check.part == Part::Tree)
        .unwrap();
    assert_eq!(tree.outcome, grounds::ledger::audit::Outcome::Unknown);
}

#[test]
fn a_withheld_line_with_another_leaf_is_damage() {
    let lab = Lab::argued();
    let mut all = lab.lines();
    let leaf = grounds::tlog::leaf_hash(b"another line");
    all[6] = format!("{{\"leaf\":\"{leaf}\",\"withheld\":\"By order of a court\"}}");
    write_lines(&lab.dir(), &all);
    let report = lab.audit();
    assert_eq!(report.verdict, Verdict::Damaged);
    let first = report.faults.iter().filter_map(|fault| fault.index).min();
    assert_eq!(first, Some(6), "{:?}", report.faults);
}

// --- readers -------------------------------------------------------------------------------------

#[test]
fn a_reader_of_a_live_ledger_reads_up_to_the_checkpoint() {
    let lab = Lab::argued();
    lab.clock.pass(60);
    let mut appender = lab.open();
    for number in 0..3 {
        let signed = lab.signed(&appender, "ada", &[claim(&format!("c{number}"))]);
        appender.stage(&signed).unwrap();
        let staged = Ledger::open(&lab.dir(), None).unwrap();
        assert_eq!(staged.state().size(), 8 + number, "staged is not yet said");
        appender.flush().unwrap();
        let bytes = std::fs::read(lab.dir().join(EVENTS)).unwrap();
        assert_eq!(bytes.last(), Some(&0), "space is reserved ahead");
        let ledger = Ledger::open(&lab.dir(), None).unwrap();
        assert_eq!(ledger.state().size(), 9 + number);
        assert_eq!(lab.audit().verdict, Verdict::Holds);
    }
    // Behind the checkpoint a line is not yet acknowledged.
    let older = lab.lines().len();
    assert_eq!(older, 12, "11 lines and the NULs");
    appender.close().unwrap();
    assert_eq!(lab.lines().len(), 11, "a clean close trims them");
}

#[test]
fn reading_and_auditing_write_nothing() {
    let lab = Lab::argued();
    let early = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000);
    for path in everything(&lab.dir())
        .into_keys()
        .filter(|path| path.is_file())
    {
        let file = std::fs::File::options().write(true).open(path).unwrap();
        file.set_modified(early).unwrap();
    }
    let before = everything(&lab.dir());
    let ledger = Ledger::open(&lab.dir(), None).unwrap();
    prove(&ledger, 3).unwrap();
    lab.audit();
    assert_eq!(everything(&lab.dir()), before);
}

// --- an audit is as strict as admission ----------------------------------------------------------

/// Fails, with this index, part and code among the faults, and none before it.
pub(crate) fn fails(dir: &Path, index: u64, part: Part, code: &str) {
    let report = audited(dir);
    assert_eq!(report.verdict, Verdict::Fails, "{:?}", report.faults);
    let is_it =
        |fault: &&grounds::ledger::audit::Fault| fault.part == part && fault.code == Some(code);
    let found = report.faults.iter().find(is_it);
    assert_eq!(
        found.and_then(|fault| fault.index),
        Some(index),
        "{part:?} {code}: {:?}",
        report.faults
    );
    let first = report.faults.iter().filter_map(|fault| fault.index).min();
    assert_eq!(first, Some(index), "{:?}", report.faults);
}

/// A small generator, so that a ledger is the same for its seed (splitmix64).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }
}

/// A ledger of random acts in random batches.
pub(crate) fn random(seed: u64) -> Lab {
    let lab = Lab::argued();
    let mut dice = Dice(seed);
    let mut appender = lab.open();
    for number in 0..12 + dice.roll(8) {
        lab.clock.pass(dice.roll(90));
        let (author, acts): (&str, Vec<Act>) = match dice.roll(5) {
            0 => ("ada", vec![claim(&format!("a{number}"))]),
            1 => (
                "bea",
                vec![
                    paper(&format!("p{number}")),
                    evidence("x", &format!("p{number}"), "disputes", "0.4"),
                ],
            ),
            2 => ("bea", vec![note("artifact/z", "Bea was here.")]),
            3 => (
                "ada",
                vec![note("claim/x", "More."), note("claim/y", "Less.")],
            ),
            _ => ("bea", vec![claim(&format!("b{number}"))]),
        };
        let signed = lab.signed(&appender, author, &acts);
        appender.stage(&signed).unwrap();
        if dice.roll(2) == 0 {
            appender.flush().unwrap();
        }
    }
    appender.close().unwrap();
    lab
}

/// The next commit of an author in a folder, as lines: made by the rules, then bent.
pub(crate) fn bent(lab: &Lab, author: &str, act: Act, bend: impl FnOnce(&mut Draft)) -> String {
    lab.clock.pass(60);
    let ledger = Ledger::open(&lab.dir(), None).unwrap();
    let (size, root) = (ledger.tree().size(), ledger.tree().root());
    let anchor = Some(Anchor { size, root });
    let now = lab.clock.now();
    let honest = prepared(
        ledger.state(),
        anchor.clone(),
        author,
        now,
        std::slice::from_ref(&act),
    );
    let event = &honest.events[0];
    let mut draft = Draft {
        ledger: crate::lab::origin(),
        anchor,
        author: slug(author),
        at: now,
        events: vec![DraftEvent {
            subject: event.subject.clone(),
            seq: event.seq,
            prev: event.prev,
            effective: None,
            kind: act.data.name(),
            data: act.data.write().into_owned(),
        }],
    };
    bend(&mut draft);
    let signed = Signed::seal(draft.seal().unwrap(), &key(author)).to_bytes();
    line(&signed, now)
}

#[test]
fn what_was_admitted_holds_and_what_a_dishonest_log_signs_fails_where_it_stands() {
    for seed in 0..6 {
        let lab = random(seed);
        let report = lab.audit();
        assert_eq!(
            report.verdict,
            Verdict::Holds,
            "seed {seed}: {:?}",
            report.faults
        );
        let all = lines(&lab.dir());
        let size = all.len() as u64;
        let restored = || put_lines(&lab.dir(), &all);
        let with = |more: String| put_lines(&lab.dir(), &[&all[..], &[more]].concat());

        // Every commit of the first seven anchors to the whole log before it.
        let dropped = 2 + seed as usize % 5;
        let mut fewer = all.clone();
        fewer.remove(dropped);
        put_lines(&lab.dir(), &fewer);
        fails(&lab.dir(), dropped as u64, Part::Anchors, "anchor");

        let mut swapped = all.clone();
        swapped.swap(dropped, dropped + 1);
        put_lines(&lab.dir(), &swapped);
        fails(&lab.dir(), dropped as u64, Part::Anchors, "anchor");

        restored();
        with(bent(&lab, "ada", note("claim/x", "honest"), |_| {}));
        assert_eq!(lab.audit().verdict, Verdict::Holds, "nothing is bent");

        restored();
        with(bent(&lab, "ada", attestation("x", "verifies", "1"), |_| {}));
        fails(&lab.dir(), size, Part::Rules, "role");

        restored();
        with(bent(&lab, "ada", note("claim/x", "on no root"), |draft| {
            draft.anchor = Some(Anchor {
                size: size - 1,
                root: Hash::of(b"forged"),
            });
        }));
        fails(&lab.dir(), size, Part::Anchors, "anchor");

        restored();
        with(bent(&lab, "ada", note("claim/x", "twice"), |draft| {
            draft.events[0].seq -= 1;
        }));
        fails(&lab.dir(), size, Part::Chains, "conflict");

        restored();
        let backwards = bent(&lab, "ada", note("claim/x", "before"), |_| {});
        let then = recorded(&backwards);
        let last = recorded(&all[all.len() - 1]);
        let earlier = Time::from_micros(last.micros() - 1).unwrap();
        let at = (then.seconds_text(), earlier.seconds_text());
        assert!(at.0 > at.1, "his clock is within ten minutes");
        with(backwards.replace(
            &format!("\"recorded\":\"{}\"", then.micros_text()),
            &format!("\"recorded\":\"{}\"", earlier.micros_text()),
        ));
        fails(&lab.dir(), size, Part::Rules, "time");

        restored();
        let unsigned = bent(&lab, "ada", note("claim/x", "true"), |_| {});
        with(unsigned.replace("\"true\"", "\"fake\""));
        fails(&lab.dir(), size, Part::Signatures, "signature");

        restored();
        with(all[all.len() - 1].clone());
        fails(&lab.dir(), size, Part::Rules, "exists");
    }
}

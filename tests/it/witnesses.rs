//! Witnesses: what cosignatures of heads mean, and what is said where they are wrong, missing or old.
//!
//! docs/FORMAT.md, "Witnesses", has the rules; each row of its table is met here once.

use std::path::Path;
use std::time::Duration;

use ed25519_dalek::SigningKey;
use grounds::ledger::audit::{Fault, Freshness, Outcome, Part, Report, Standard, Verdict, audit};
use grounds::ledger::{
    Appender, Intervals, Ledger, LineFault, NotProved, ProofOf, check_proof, prove, prove_cosigned,
    time_of,
};
use grounds::tlog::{Checkpoint, Cosigner, Note, NoteSigner, SignatureLine, TlogPolicy};
use grounds::value::Time;

use crate::lab::{Lab, START, examined, head, log_key, note, put_lines, tree_of, vkey};
use crate::reference::build::{ORIGIN, time};

/// What stands in `checkpoint` and what is kept of a head.
const CHECKPOINT: &str = "checkpoint";

fn witness(number: u8) -> Cosigner {
    let key = SigningKey::from_bytes(&[number + 100; 32]);
    Cosigner::new(&format!("w{number}.example"), key).unwrap()
}

/// A policy that names witnesses 0 to 2 as a, b and c.
fn policy_text(rest: &str) -> String {
    let names = ["a", "b", "c"];
    let lines = (0..3u8).map(|number| {
        let name = names[usize::from(number)];
        format!("witness {name} {}\n", witness(number).verifier())
    });
    lines.collect::<String>() + rest
}

fn two_of_three() -> TlogPolicy {
    policy(&policy_text("group eu 2 a b c\nquorum eu\n"))
}

fn policy(text: &str) -> TlogPolicy {
    TlogPolicy::parse(text.as_bytes()).unwrap()
}

/// Seconds since 1970 at so many seconds after the ledger's beginning.
fn after(seconds: u64) -> u64 {
    u64::try_from(time(START).micros() / 1_000_000).unwrap() + seconds
}

fn at(seconds: u64) -> Time {
    time_of(after(seconds))
}

fn text_of(note: &[u8]) -> String {
    Note::parse(note).unwrap().text().to_owned()
}

fn cosigned(appender: &mut Appender, by: &[(u8, u64)]) {
    let text = text_of(appender.checkpoint());
    let lines = by
        .iter()
        .map(|(number, seconds)| witness(*number).cosign(&text, after(*seconds)));
    let added = appender
        .add_cosignatures(&two_of_three(), lines.collect())
        .unwrap();
    assert_eq!(added.refused, []);
}

/// A ledger of 8 entries that asks three witnesses; a and b have cosigned the newest head.
pub(crate) fn witnessed() -> Lab {
    let lab = asked();
    let mut appender = lab.open();
    cosigned(&mut appender, &[(0, 1000), (1, 1060)]);
    appender.close().unwrap();
    lab
}

/// The same, before any of them signed.
fn asked() -> Lab {
    let lab = Lab::argued();
    put(&lab, "policy", policy_text("group eu 2 a b c\nquorum eu\n"));
    lab
}

fn put(lab: &Lab, name: &str, bytes: impl AsRef<[u8]>) {
    let path = lab.dir().join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

fn get(lab: &Lab, name: &str) -> Vec<u8> {
    std::fs::read(lab.dir().join(name)).unwrap()
}

fn kept(size: u64) -> String {
    format!("cosigned/{size:012}")
}

fn audited(dir: &Path, policy: Option<&TlogPolicy>) -> Report {
    let standard = Standard {
        policy,
        ..Standard::default()
    };
    examined(dir, &standard)
}

fn fresh(lab: &Lab, policy: Option<&TlogPolicy>, now: Time, max_age: u64) -> Report {
    let max_age = Duration::from_secs(max_age);
    let standard = Standard {
        policy,
        freshness: Some(Freshness { max_age, now }),
        ..Standard::default()
    };
    audit(&lab.dir(), &standard, &mut |_, _| {}).unwrap()
}

fn witnesses_line(report: &Report) -> (Outcome, &str) {
    let line = report
        .checks
        .iter()
        .find(|check| check.part == Part::Witnesses);
    let line = line.unwrap();
    (line.outcome, &line.detail)
}

fn the_fault(report: &Report) -> &Fault {
    assert_eq!(report.fault_count, 1, "{:?}", report.faults);
    let fault = &report.faults[0];
    assert_eq!((fault.part, fault.index), (Part::Witnesses, None));
    fault
}

/// A note with other lines below the same text.
fn with_lines(note: &[u8], change: impl FnOnce(&mut Vec<SignatureLine>)) -> Vec<u8> {
    let note = Note::parse(note).unwrap();
    let mut lines = note.signatures().to_vec();
    change(&mut lines);
    Note::new(note.text(), lines).unwrap().to_bytes()
}

// --- a quorum ------------------------------------------------------------------------------------

#[test]
fn a_quorum_of_the_readers_policy_is_told_with_its_times() {
    let lab = witnessed();
    let report = audited(&lab.dir(), Some(&two_of_three()));
    assert_eq!(report.verdict, Verdict::Holds, "{:?}", report.faults);
    assert_eq!(
        witnesses_line(&report),
        (
            Outcome::Holds,
            "quorum: cosigned by a, b, there by 2026-03-02T09:17:40Z, newest as of 2026-03-02T09:16:40Z"
        )
    );
    let said = &report.witnesses;
    assert_eq!((said.quorum, said.kept), (Some(true), 1));
    assert_eq!(
        (said.not_after, said.newest_as_of),
        (Some(at(1060)), Some(at(1000)))
    );
    assert_eq!(said.cosignatures[1].witness, "b");
    assert_eq!(said.cosignatures[1].time, at(1060));
    assert!(said.by_policy && !said.cannot_tell);
    assert_eq!(said.last_quorum.as_ref().unwrap().size, 8);
}

#[test]
fn without_a_policy_of_the_reader_it_is_shown_who_cosigned_and_nothing_is_made_of_it() {
    let lab = asked();
    let report = audited(&lab.dir(), None);
    assert_eq!(report.verdict, Verdict::Holds);
    assert_eq!(
        witnesses_line(&report),
        (Outcome::Unknown, "asked, and none has cosigned")
    );
    let lab = witnessed();
    let report = audited(&lab.dir(), None);
    assert_eq!(report.verdict, Verdict::Holds);
    let (outcome, detail) = witnesses_line(&report);
    assert_eq!(outcome, Outcome::Unknown);
    assert!(
        detail.starts_with("cosigned by a, b: named by the ledger's own policy"),
        "{detail}"
    );
    assert_eq!(report.witnesses.quorum, None);
    lab.record("ada", &[note("claim/x", "Once more.")]);
    let report = audited(&lab.dir(), None);
    assert_eq!(report.verdict, Verdict::Holds);
    let (_, detail) = witnesses_line(&report);
    assert!(
        detail.starts_with("the newest head is not cosigned, that of size 8 is, by a, b"),
        "{detail}"
    );
}

#[test]
fn a_missing_quorum_cannot_be_told_and_the_newest_head_that_has_one_is_named() {
    let lab = witnessed();
    lab.record("ada", &[note("claim/x", "Once more.")]);
    let mut appender = lab.open();
    cosigned(&mut appender, &[(2, 1100)]);
    appender.close().unwrap();
    let report = audited(&lab.dir(), Some(&two_of_three()));
    assert_eq!(report.verdict, Verdict::CannotTell, "{:?}", report.faults);
    assert_eq!(
        witnesses_line(&report),
        (
            Outcome::Unknown,
            "found 1 of 2 witnesses of group eu, none of a, b; the newest head with a quorum: size 8, there by 2026-03-02T09:17:40Z"
        )
    );
    let said = &report.witnesses;
    assert_eq!(
        (said.quorum, said.not_after, said.kept),
        (Some(false), None, 2)
    );
    assert_eq!(said.last_quorum.as_ref().unwrap().size, 8);
    let nobody = audited(&lab.dir(), Some(&policy("quorum none\n")));
    assert_eq!(nobody.verdict, Verdict::Holds);
    assert_eq!(
        witnesses_line(&nobody),
        (Outcome::Holds, "the policy given asks for none")
    );
    let stranger = format!("witness s {}\nquorum s\n", witness(7).verifier());
    let stranger = audited(&lab.dir(), Some(&policy(&stranger)));
    assert_eq!(stranger.verdict, Verdict::CannotTell);
    assert_eq!(
        witnesses_line(&stranger).1,
        "found no cosignature by witness s; no head that is kept has a quorum"
    );
}

#[test]
fn the_readers_policy_may_give_the_logs_key_and_then_no_other_opens_the_ledger() {
    let lab = witnessed();
    let with_log = |key: &NoteSigner| {
        let log = format!("log {}\n", key.verifier());
        policy(&(log + &policy_text("group eu 2 a b c\nquorum eu\n")))
    };
    let report = audited(&lab.dir(), Some(&with_log(&log_key())));
    assert_eq!((report.verdict, report.is_own_key), (Verdict::Holds, false));
    for name in [ORIGIN, "other.example"] {
        let other = NoteSigner::new(name, SigningKey::from_bytes(&[9; 32])).unwrap();
        let report = audited(&lab.dir(), Some(&with_log(&other)));
        assert_eq!(report.verdict, Verdict::Fails, "{:?}", report.faults);
        assert_eq!(report.faults[0].part, Part::Checkpoint);
        assert_eq!(report.vkey, Some(other.verifier().to_string()));
    }
}

// --- what is wrong ------------------------------------------------------------------------------

#[test]
fn each_fault_of_a_cosigned_file_has_its_verdict() {
    let lab = witnessed();
    let (newest, note8) = (get(&lab, CHECKPOINT), get(&lab, &kept(8)));
    let text = text_of(&newest);
    let stranger = witness(7).cosign(&text, after(1000));
    let bad = witness(2).cosign("another text\n", after(1000));
    let all = lab.lines();
    let older = head(&tree_of(&all[..5]));
    let other = Checkpoint {
        origin: ORIGIN.to_owned(),
        size: 5,
        root: grounds::hash::Hash::of(b"another history"),
    };
    let other = other.sign(&log_key()).unwrap();
    let newer = Checkpoint {
        origin: ORIGIN.to_owned(),
        size: 9,
        root: grounds::hash::Hash::of(b"newer"),
    };
    let newer = newer.sign(&log_key()).unwrap();
    let by_a = |note: &[u8]| {
        let line = witness(0).cosign(&text_of(note), after(1000));
        with_lines(note, |lines| lines.push(line))
    };
    let (damaged, fails) = (Verdict::Damaged, Verdict::Fails);
    let cases: Vec<(String, Vec<u8>, Verdict, &str)> = vec![
        ("policy".into(), b"quorum\n".to_vec(), fails, "line 1"),
        ("cosigned/notes".into(), b"".to_vec(), fails, "a stray file"),
        (
            "cosigned/000000000000".into(),
            b"".to_vec(),
            fails,
            "a stray file",
        ),
        ("cosigned/8".into(), note8.clone(), fails, "a stray file"),
        (
            "cosigned/000/008".into(),
            note8.clone(),
            fails,
            "a stray file",
        ),
        (kept(7), b"".to_vec(), damaged, "no signed head"),
        (kept(7), b"\xff\xff\n\n".to_vec(), damaged, "no signed head"),
        (
            kept(7),
            with_lines(&note8, |lines| drop(lines.remove(0))),
            damaged,
            "another key signed",
        ),
        (kept(7), note8.clone(), damaged, "a head of 8 entries"),
        (kept(5), older.clone(), damaged, "no line but the log's"),
        (
            kept(8),
            with_lines(&note8, |lines| lines.push(lines[1].clone())),
            damaged,
            "another signature line by w0.example",
        ),
        (
            kept(8),
            with_lines(&note8, |lines| lines.push(bad.clone())),
            damaged,
            "by w2.example that does not hold",
        ),
        (
            kept(8),
            with_lines(&note8, |lines| lines.push(stranger.clone())),
            fails,
            "by w7.example that no key",
        ),
        (
            CHECKPOINT.into(),
            with_lines(&newest, |lines| lines.push(lines[0].clone())),
            damaged,
            "another signature line by",
        ),
        (
            CHECKPOINT.into(),
            with_lines(&newest, |lines| lines.push(bad.clone())),
            damaged,
            "by w2.example that does not hold",
        ),
        (
            CHECKPOINT.into(),
            with_lines(&newest, |lines| lines.push(stranger.clone())),
            fails,
            "by w7.example that no key",
        ),
        (kept(9), by_a(&newer), fails, "8 entries in the ledger"),
        (kept(5), by_a(&other), fails, "root "),
    ];
    for (name, bytes, verdict, found) in cases {
        let lab = witnessed();
        put(&lab, &name, bytes);
        let standards = [None, Some(two_of_three())];
        for policy in &standards {
            let report = audited(&lab.dir(), policy.as_ref());
            if name == "policy" && policy.is_none() {
                // Then nothing names the witnesses either.
                assert_eq!((report.verdict, report.fault_count), (fails, 5));
                continue;
            }
            assert_eq!(report.verdict, verdict, "{name}: {:?}", report.faults);
            let fault = the_fault(&report);
            assert_eq!(fault.file.as_deref(), Some(name.as_str()));
            assert!(fault.found.contains(found), "{name}: {}", fault.found);
            assert_eq!(witnesses_line(&report).0, Outcome::Fails);
        }
    }
    let broken = witnessed();
    std::fs::remove_dir_all(broken.dir().join("cosigned")).unwrap();
    put(&broken, "cosigned", &note8);
    assert_eq!(
        the_fault(&audited(&broken.dir(), None)).found,
        "a stray file"
    );
    let broken = asked();
    std::fs::remove_file(broken.dir().join("policy")).unwrap();
    std::fs::create_dir(broken.dir().join("policy")).unwrap();
    let report = audited(&broken.dir(), None);
    assert_eq!(the_fault(&report).found, "a file that cannot be read");
    put(&lab, &kept(5), by_a(&older));
    assert_eq!(
        audited(&lab.dir(), None).verdict,
        Verdict::Holds,
        "an older head that is ours"
    );
}

#[test]
fn a_line_of_a_witness_that_only_the_reader_names_is_no_fault() {
    let lab = witnessed();
    let newest = get(&lab, CHECKPOINT);
    let line = witness(7).cosign(&text_of(&newest), after(1200));
    put(
        &lab,
        CHECKPOINT,
        with_lines(&newest, |lines| lines.push(line)),
    );
    let own = format!("witness mine {}\nquorum mine\n", witness(7).verifier());
    let report = audited(&lab.dir(), Some(&policy(&own)));
    assert_eq!(report.verdict, Verdict::Holds, "{:?}", report.faults);
    assert_eq!(report.witnesses.not_after, Some(at(1200)));
    assert_eq!(audited(&lab.dir(), None).verdict, Verdict::Fails);
}

#[test]
fn no_flipped_byte_of_what_was_cosigned_passes() {
    let lab = Lab::founded();
    put(&lab, "policy", policy_text("quorum b\n"));
    let mut appender = lab.open();
    cosigned(&mut appender, &[(1, 1000)]);
    appender.close().unwrap();
    let policy = policy(&policy_text("quorum b\n"));
    let standard = audited(&lab.dir(), Some(&policy));
    assert_eq!(standard.verdict, Verdict::Holds, "{:?}", standard.faults);
    for name in [CHECKPOINT.to_owned(), kept(1)] {
        let whole = get(&lab, &name);
        for place in 0..whole.len() {
            let mut flipped = whole.clone();
            flipped[place] ^= 1 << (place % 8);
            put(&lab, &name, &flipped);
            let report = audited(&lab.dir(), Some(&policy));
            assert!(
                matches!(report.verdict, Verdict::Damaged | Verdict::Fails),
                "{name} byte {place}: {:?}",
                report.verdict
            );
        }
        let ends = (0..whole.len()).filter(|end| end % 16 == 0 || whole[..*end].ends_with(b"\n"));
        for length in ends {
            put(&lab, &name, &whole[..length]);
            let report = audited(&lab.dir(), Some(&policy));
            // The head without its witness is a head, and the note that is kept has the line.
            let is_head = name == CHECKPOINT && Note::parse(&whole[..length]).is_ok();
            let expected = match is_head {
                true => Verdict::Holds,
                false => Verdict::Damaged,
            };
            assert_eq!(report.verdict, expected, "{name} cut at {length}");
        }
        put(&lab, &name, &whole);
    }
}

#[test]
fn a_cosigned_head_gives_away_a_rollback_and_a_rewritten_history() {
    let lab = witnessed();
    let all = lab.lines();
    put_lines(&lab.dir(), &all[..6]);
    let report = audited(&lab.dir(), None);
    assert_eq!(report.verdict, Verdict::Fails);
    assert!(the_fault(&report).expected.contains("rolled back"));
    let mut other = all.clone();
    other.swap(3, 4);
    put_lines(&lab.dir(), &other);
    let report = audited(&lab.dir(), None);
    let told = report
        .faults
        .iter()
        .filter(|fault| fault.part == Part::Witnesses);
    let told: Vec<&Fault> = told.collect();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].file, Some(kept(8)));
    assert!(told[0].expected.contains("history was rewritten"));
    assert_eq!(report.verdict, Verdict::Fails);
}

// --- freshness ----------------------------------------------------------------------------------

#[test]
fn the_newest_head_may_be_as_old_as_was_said_and_no_older() {
    let lab = witnessed();
    let policy = two_of_three();
    let now = |micros: i64| at(1000).plus_micros(3_600_000_000 + micros);
    let report = fresh(&lab, Some(&policy), now(0), 3600);
    assert_eq!(report.verdict, Verdict::Holds, "{:?}", report.faults);
    assert!(
        witnesses_line(&report).1.ends_with(", 1 h ago"),
        "{}",
        witnesses_line(&report).1
    );
    // The word of a, at 1000, is needed: b alone is no quorum.
    let report = fresh(&lab, Some(&policy), now(1), 3600);
    assert_eq!(report.verdict, Verdict::Fails);
    let fault = the_fault(&report);
    assert_eq!(
        fault.found,
        "a newest head that a quorum saw 1 h ago (2026-03-02T09:16:40Z)"
    );
    assert_eq!(fault.expected, "1 h at most: what is newer may be withheld");
    // Of c and b together it would be younger.
    let mut appender = lab.open();
    cosigned(&mut appender, &[(2, 1060)]);
    appender.close().unwrap();
    assert_eq!(
        fresh(&lab, Some(&policy), now(1), 3600).verdict,
        Verdict::Holds
    );
}

#[test]
fn a_witness_that_signs_the_same_head_again_makes_it_fresh_and_no_younger() {
    let lab = witnessed();
    let mut appender = lab.open();
    cosigned(&mut appender, &[(0, 9000), (1, 9060)]);
    cosigned(&mut appender, &[(0, 500)]);
    appender.close().unwrap();
    let report = fresh(&lab, Some(&two_of_three()), at(9100), 100);
    assert_eq!(report.verdict, Verdict::Holds, "{:?}", report.faults);
    assert_eq!(report.witnesses.newest_as_of, Some(at(9000)));
    assert_eq!(report.witnesses.not_after, Some(at(1060)));
}

#[test]
fn an_age_that_nobody_trusted_says_cannot_be_told() {
    let lab = witnessed();
    let now = at(1010);
    let nobody = policy("quorum none\n");
    let strict = policy(&policy_text("group all all a b c\nquorum all\n"));
    for policy in [None, Some(&nobody), Some(&strict)] {
        let report = fresh(&lab, policy, now, 3600);
        assert_eq!(report.verdict, Verdict::CannotTell, "{policy:?}");
        assert!(report.witnesses.cannot_tell);
        let (outcome, detail) = witnesses_line(&report);
        assert_eq!(outcome, Outcome::Unknown);
        assert!(detail.contains("its age is known only"), "{detail}");
    }
    let ahead = |micros: i64| at(1000).plus_micros(-600_000_000 + micros);
    let policy = two_of_three();
    let report = fresh(&lab, Some(&policy), ahead(0), 0);
    assert_eq!(
        report.verdict,
        Verdict::Holds,
        "clocks may differ by ten minutes"
    );
    let report = fresh(&lab, Some(&policy), ahead(-1), 0);
    assert_eq!(report.verdict, Verdict::CannotTell);
    assert!(witnesses_line(&report).1.contains("ahead of this one"));
}

// --- keeping ------------------------------------------------------------------------------------

#[test]
fn lines_for_a_head_that_is_the_newest_no_more_are_kept_with_that_head() {
    let lab = asked();
    let mut appender = lab.open();
    let older = appender.checkpoint().to_vec();
    let commit = lab.signed(&appender, "ada", &[note("claim/x", "And on it goes.")]);
    appender.stage(&commit).unwrap();
    appender.flush().unwrap();
    let line = witness(0).cosign(&text_of(&older), after(1000));
    let added = appender.add_cosignatures_of(&older, &two_of_three(), vec![line.clone()]);
    let added = added.unwrap();
    assert_eq!((added.cosignatures.len(), added.refused), (1, Vec::new()));
    // The newest head has nothing of it, and the same line is none of that head's.
    assert_eq!(
        Note::parse(appender.checkpoint())
            .unwrap()
            .signatures()
            .len(),
        1
    );
    let refused = appender
        .add_cosignatures(&two_of_three(), vec![line])
        .unwrap();
    assert_eq!(refused.refused[0].fault, LineFault::Bad);
    appender.close().unwrap();
    assert_eq!(
        get(&lab, CHECKPOINT)
            .iter()
            .filter(|byte| **byte == b'\n')
            .count(),
        5
    );
    assert_eq!(
        Note::parse(&get(&lab, &kept(8)))
            .unwrap()
            .signatures()
            .len(),
        2
    );
    let report = audited(&lab.dir(), Some(&two_of_three()));
    assert_eq!(report.faults, Vec::new());
}

#[test]
fn a_head_of_another_history_takes_no_lines() {
    let lab = asked();
    let mut appender = lab.open();
    let mut lines = lab.lines();
    lines.pop();
    lines.push("{}".to_owned());
    let other = head(&tree_of(&lines));
    let line = witness(0).cosign(&text_of(&other), after(1000));
    let added = appender.add_cosignatures_of(&other, &two_of_three(), vec![line]);
    assert!(
        added
            .unwrap_err()
            .to_string()
            .contains("history was rewritten")
    );
    assert!(!lab.dir().join(kept(8)).exists());
    appender.close().unwrap();
}

#[test]
fn only_a_line_that_holds_by_a_witness_that_is_asked_is_taken() {
    let lab = asked();
    let mut appender = lab.open();
    let text = text_of(appender.checkpoint());
    let before = get(&lab, CHECKPOINT);
    let older = text_of(&head(&tree_of(&lab.lines()[..5])));
    let lines = vec![
        witness(7).cosign(&text, after(1)),
        witness(0).cosign(&older, after(1)),
        log_key().sign(&text),
        witness(0).cosign(&text, u64::MAX),
    ];
    let added = appender.add_cosignatures(&two_of_three(), lines).unwrap();
    let faults: Vec<(&str, LineFault)> = added
        .refused
        .iter()
        .map(|line| (line.name.as_str(), line.fault))
        .collect();
    assert_eq!(
        faults,
        [
            ("w7.example", LineFault::Unknown),
            ("w0.example", LineFault::Bad),
            (ORIGIN, LineFault::Unknown),
            ("w0.example", LineFault::Bad),
        ]
    );
    assert_eq!(
        added.refused[1].to_string(),
        format!(
            "signature line by w0.example (key {}): found no signature of this head, expected one",
            witness(0).verifier().key_id()
        )
    );
    assert_eq!(added.cosignatures, []);
    assert_eq!(get(&lab, CHECKPOINT), before);
    assert!(!lab.dir().join("cosigned").exists());
    // A good one among bad ones is taken.
    let lines = vec![
        witness(7).cosign(&text, after(1)),
        witness(2).cosign(&text, after(2)),
    ];
    let added = appender.add_cosignatures(&two_of_three(), lines).unwrap();
    assert_eq!((added.cosignatures.len(), added.refused.len()), (1, 1));
}

#[test]
fn cosigned_heads_outlive_the_next_batch_and_their_lines_travel_with_receipts_and_proofs() {
    let lab = asked();
    let mut appender = lab.open();
    cosigned(&mut appender, &[(1, 1060)]);
    cosigned(&mut appender, &[(0, 1000)]);
    let names = |note: &[u8]| -> Vec<String> {
        let note = Note::parse(note).unwrap();
        note.signatures()
            .iter()
            .map(|line| line.name().to_owned())
            .collect()
    };
    let expected = [ORIGIN, "w0.example", "w1.example"];
    assert_eq!(names(appender.checkpoint()), expected);
    assert_eq!(names(&get(&lab, CHECKPOINT)), expected);
    assert_eq!(names(&get(&lab, &kept(8))), expected);
    let receipt = appender.receipt_of(3).unwrap();
    assert!(receipt.proof.contains("w1.example"));
    appender.close().unwrap();
    // Opened again it still knows them; a line that nobody can check does not travel on.
    let whole = get(&lab, CHECKPOINT);
    let stranger = witness(7).cosign(&text_of(&whole), after(1));
    put(
        &lab,
        CHECKPOINT,
        with_lines(&whole, |lines| lines.push(stranger)),
    );
    let mut appender = lab.open();
    assert_eq!(names(appender.checkpoint()), expected);
    let ledger = Ledger::open(&lab.dir(), None).unwrap();
    assert_eq!(
        (
            ledger.custody().cosignatures.len(),
            ledger.custody().unchecked
        ),
        (2, 1)
    );
    let proof = String::from_utf8(prove(&ledger, 3).unwrap()).unwrap();
    assert!(proof.contains("w1.example") && !proof.contains("w7.example"));
    put(&lab, CHECKPOINT, &whole);
    // The next batch has a head that nobody has seen yet.
    lab.clock.pass(60);
    let signed = lab.signed(&appender, "ada", &[note("claim/x", "Again.")]);
    appender.stage(&signed).unwrap();
    appender.flush().unwrap();
    assert_eq!(names(&get(&lab, CHECKPOINT)), [ORIGIN]);
    assert_eq!(names(&get(&lab, &kept(8))), expected);
    cosigned(&mut appender, &[(2, 1200)]);
    let (a, c, s) = (witness(0), witness(2), witness(7));
    assert_eq!(appender.last_cosigned(a.verifier()), Some(8));
    assert_eq!(appender.last_cosigned(c.verifier()), Some(9));
    assert_eq!(appender.last_cosigned(s.verifier()), None);
    let heads = appender.cosigned_heads(&two_of_three());
    let sizes: Vec<(u64, usize)> = heads
        .iter()
        .map(|head| (head.size, head.cosignatures.len()))
        .collect();
    assert_eq!(sizes, [(8, 2), (9, 1)]);
    assert_eq!(heads[0].root, tree_of(&lab.lines()[..8]).root());
    appender.close().unwrap();
    let ledger = Ledger::open(&lab.dir(), None).unwrap();
    assert_eq!(ledger.last_cosigned(a.verifier()), Some(8));
    assert_eq!(ledger.cosigned_heads(None).len(), 2);
    let only_c = policy(&format!("witness c {}\nquorum c\n", c.verifier()));
    assert_eq!(ledger.cosigned_heads(Some(&only_c))[0].size, 9);
    assert_eq!(audited(&lab.dir(), None).verdict, Verdict::Holds);
}

// --- proofs -------------------------------------------------------------------------------------

fn checked(proof: &[u8], policy: &TlogPolicy) -> Result<grounds::ledger::Proved, NotProved> {
    check_proof(proof, &ProofOf::Entry(3), &vkey(), None, Some(policy))
}

#[test]
fn a_proof_is_held_against_a_policy_line_by_line() {
    let lab = witnessed();
    let ledger = Ledger::open(&lab.dir(), None).unwrap();
    let proof = prove(&ledger, 3).unwrap();
    let proved = checked(&proof, &two_of_three()).unwrap();
    let names: Vec<(&str, Time)> = proved
        .cosignatures
        .iter()
        .map(|one| (one.witness.as_str(), one.time))
        .collect();
    assert_eq!(names, [("a", at(1000)), ("b", at(1060))]);
    assert_eq!((proved.not_after, proved.unchecked), (Some(at(1060)), 0));
    let without = check_proof(&proof, &ProofOf::Entry(3), &vkey(), None, None).unwrap();
    assert_eq!((without.unchecked, without.not_after), (2, None));
    let strict = policy(&policy_text("group all all a b c\nquorum all\n"));
    assert_eq!(
        checked(&proof, &strict),
        Err(NotProved::Quorum(
            "found 2 of 3 witnesses of group all, none of c".to_owned()
        ))
    );
    // Whoever asks about something else is told no, whatever is missing.
    let other = check_proof(&proof, &ProofOf::Entry(4), &vkey(), None, Some(&strict));
    assert!(matches!(other, Err(NotProved::Other { .. })), "{other:?}");
    // At the newest head nobody has signed; the one that they saw first proves it all the same.
    lab.record("ada", &[note("claim/x", "Once more.")]);
    let ledger = Ledger::open(&lab.dir(), None).unwrap();
    let newest = prove(&ledger, 3).unwrap();
    assert!(matches!(
        checked(&newest, &two_of_three()),
        Err(NotProved::Quorum(_))
    ));
    let (size, seen) = prove_cosigned(&ledger, 3, &two_of_three())
        .unwrap()
        .unwrap();
    assert_eq!(size, 8);
    assert_eq!(checked(&seen, &two_of_three()), Ok(proved));
    assert_eq!(prove_cosigned(&ledger, 8, &two_of_three()).unwrap(), None);
    assert_eq!(prove_cosigned(&ledger, 3, &strict).unwrap(), None);
    let only_a = policy(&format!("witness a {}\nquorum a\n", witness(0).verifier()));
    let (_, by_a) = prove_cosigned(&ledger, 3, &only_a).unwrap().unwrap();
    assert_eq!(checked(&by_a, &only_a).unwrap().cosignatures.len(), 1);
    let unnamed = checked(&proof, &only_a).unwrap_err();
    assert!(unnamed.to_string().contains("by w1.example"), "{unnamed}");
    assert!(matches!(unnamed, NotProved::Proof(_)));
}

#[test]
fn no_bad_or_doubled_line_of_a_named_witness_passes_in_a_proof() {
    let lab = witnessed();
    let ledger = Ledger::open(&lab.dir(), None).unwrap();
    let proof = prove(&ledger, 3).unwrap();
    let text = String::from_utf8(proof.clone()).unwrap();
    let line = text.lines().last().unwrap();
    let doubled = format!("{text}{line}\n");
    assert!(matches!(
        checked(doubled.as_bytes(), &two_of_three()),
        Err(NotProved::Proof(_))
    ));
    for place in proof.len() - line.len() - 1..proof.len() {
        let mut flipped = proof.clone();
        flipped[place] ^= 1;
        let verdict = checked(&flipped, &two_of_three());
        assert!(
            matches!(verdict, Err(NotProved::Proof(_))),
            "byte {place}: {verdict:?}"
        );
    }
}

// --- times --------------------------------------------------------------------------------------

#[test]
fn an_entry_lies_between_its_anchor_and_the_first_witness_that_saw_it() {
    let lab = asked();
    let mut appender = lab.open();
    // The larger head was seen earlier, by b's clock: it covers the smaller one.
    cosigned(&mut appender, &[(0, 5000)]);
    appender.close().unwrap();
    lab.record("ada", &[note("claim/x", "Again.")]);
    let mut appender = lab.open();
    cosigned(&mut appender, &[(1, 4000)]);
    appender.close().unwrap();
    lab.record("ada", &[note("claim/x", "And again.")]);
    let ledger = Ledger::open(&lab.dir(), None).unwrap();
    let intervals = Intervals::of(&ledger, None);
    let genesis = intervals.at(0);
    assert_eq!(genesis.not_before, None);
    assert_eq!(genesis.not_after.unwrap().time, at(4000));
    let eighth = intervals.at(7);
    let before = eighth.not_before.unwrap();
    assert_eq!((before.entry, before.recorded), (6, Some(at(360))));
    let after = eighth.not_after.unwrap();
    assert_eq!((after.size, after.time), (9, at(4000)));
    assert_eq!(after.witnesses[0].witness, "b");
    let newest = intervals.at(9);
    assert_eq!(newest.not_before.unwrap().entry, 8);
    assert_eq!(
        newest.not_after, None,
        "no head that a witness saw covers it"
    );
    // By a policy that asks for a alone, the smaller head is the only word.
    let only_a = policy(&format!(
        "witness mine {}\nquorum mine\n",
        witness(0).verifier()
    ));
    let intervals = Intervals::of(&ledger, Some(&only_a));
    let seventh = intervals.at(7).not_after.unwrap();
    assert_eq!((seventh.size, seventh.time), (8, at(5000)));
    assert_eq!(seventh.witnesses[0].witness, "mine");
    assert_eq!(intervals.at(8).not_after, None);
    // Two of them together signed no head.
    let intervals = Intervals::of(&ledger, Some(&two_of_three()));
    assert_eq!(intervals.at(0).not_after, None);
}

#[test]
fn a_cosigned_head_of_another_history_proves_no_time() {
    let lab = asked();
    let other = Checkpoint {
        origin: ORIGIN.to_owned(),
        size: 8,
        root: grounds::hash::Hash::of(b"another history"),
    };
    let other = other.sign(&log_key()).unwrap();
    let line = witness(0).cosign(&text_of(&other), after(1));
    put(&lab, &kept(8), with_lines(&other, |lines| lines.push(line)));
    let ledger = Ledger::open(&lab.dir(), None).unwrap();
    assert_eq!(ledger.cosigned_heads(None), []);
    assert_eq!(Intervals::of(&ledger, None).at(0).not_after, None);
    assert_eq!(ledger.last_cosigned(witness(0).verifier()), None);
}

// --- at the door --------------------------------------------------------------------------------

#[cfg(feature = "cli")]
mod door {
    use std::process::{Command, Stdio};

    use super::*;

    fn run(lab: &Lab, words: &[&str]) -> (i32, String, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_grounds"))
            .args(words)
            .arg("--ledger")
            .arg(lab.dir())
            .current_dir(lab.beside(""))
            .env("GROUNDS_CONFIG", lab.beside("config"))
            .env("GROUNDS_CACHE", lab.beside("cache"))
            .env("COLUMNS", "100")
            .env_remove("GROUNDS_LEDGER")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (
            output.status.code().unwrap(),
            text(output.stdout),
            text(output.stderr),
        )
    }

    #[test]
    fn verify_and_check_answer_by_exit_code_and_contradictions_are_usage() {
        let lab = witnessed();
        let write = |name: &str, text: String| std::fs::write(lab.beside(name), text).unwrap();
        let logs = format!("log {}\n", vkey());
        let own = policy_text("group eu 2 a b c\nquorum eu\n");
        write("met", logs.clone() + &own);
        write(
            "unmet",
            logs.clone() + &policy_text("group eu all a b c\nquorum eu\n"),
        );
        write("junk", "quorum x\n".to_owned());
        let other = NoteSigner::new(ORIGIN, SigningKey::from_bytes(&[9; 32])).unwrap();
        write("other", format!("log {}\n{own}", other.verifier()));
        let key = vkey().to_string();
        let (code, out, _) = run(&lab, &["verify", "--policy", "met"]);
        assert_eq!(code, 0, "{out}");
        assert!(
            out.contains("✓ witnesses   quorum: cosigned by a, b"),
            "{out}"
        );
        assert!(!out.contains("taken from the ledger itself"), "{out}");
        let (code, out, _) = run(&lab, &["verify", "--policy", "unmet"]);
        assert_eq!(code, 7, "{out}");
        assert!(out.contains("cannot tell: witnesses are missing"), "{out}");
        let (code, out, _) = run(&lab, &["verify", "--policy", "met", "--max-age", "1h"]);
        assert_eq!(code, 1, "{out}");
        assert!(
            out.contains("1 h at most: what is newer may be withheld"),
            "{out}"
        );
        assert_eq!(
            run(
                &lab,
                &["verify", "--policy", "met", "--max-age", "99999999d"]
            )
            .0,
            0
        );
        assert_eq!(run(&lab, &["verify", "--max-age", "1h"]).0, 7);
        let (code, _, err) = run(&lab, &["verify", "--vkey", &key, "--policy", "other"]);
        assert_eq!(code, 2, "{err}");
        assert!(err.contains("expected a log that --policy names"), "{err}");
        assert_eq!(
            run(&lab, &["verify", "--vkey", &key, "--policy", "met"]).0,
            0
        );
        assert_eq!(run(&lab, &["verify", "--policy", "other"]).0, 1);
        let (code, _, err) = run(&lab, &["verify", "--policy", "junk"]);
        assert_eq!(code, 2);
        assert!(err.contains("policy line 1: found \"x\""), "{err}");
        assert_eq!(run(&lab, &["verify", "--policy", "nowhere"]).0, 4);
        assert_eq!(run(&lab, &["verify", "--max-age", "1"]).0, 2);

        assert_eq!(run(&lab, &["prove", "@3", "-o", "a.tlog-proof"]).0, 0);
        let check = |policy: &str| {
            run(
                &lab,
                &["check", "a.tlog-proof", "--entry", "3", "--policy", policy],
            )
        };
        let (code, out, _) = check("met");
        assert_eq!(code, 0, "{out}");
        assert!(
            out.contains("cosigned by b at 2026-03-02T09:17:40Z"),
            "{out}"
        );
        assert!(
            out.contains("not after   recorded by 2026-03-02T09:17:40Z"),
            "{out}"
        );
        let (code, out, _) = check("unmet");
        assert_eq!(code, 7, "{out}");
        assert!(out.starts_with("? entry @3"), "{out}");
        assert_eq!(check("other").0, 1);
        assert_eq!(check("junk").0, 2);
    }

    #[test]
    fn the_log_shows_between_what_each_event_was_made_and_by_whose_word() {
        let lab = witnessed();
        lab.record("ada", &[note("claim/x", "Once more.")]);
        let (code, out, err) = run(&lab, &["log", "--times", "-n", "2"]);
        assert_eq!(code, 0, "{err}");
        for words in [
            "not before @7, recorded 2026-03-02T09:07:00Z by the log's clock",
            "not after: no witness",
            "not before @6, recorded 2026-03-02T09:06:00Z by the log's clock",
            "not after 2026-03-02T09:16:40Z, cosigned by a: the head of size 8",
        ] {
            assert!(out.contains(words), "{words}\n{out}");
        }
        let (_, json, _) = run(&lab, &["log", "--times", "-n", "2", "--json"]);
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        let times = &json["events"][1]["times"];
        assert_eq!(times["not_before"]["entry"], 6);
        assert_eq!(times["not_after"]["time"], "2026-03-02T09:16:40.000000Z");
        assert_eq!(times["not_after"]["witnesses"][0]["witness"], "a");
        assert_eq!(
            json["events"][0]["times"]["not_after"],
            serde_json::Value::Null
        );
        let (_, plain, _) = run(&lab, &["log", "-n", "1", "--json"]);
        assert!(!plain.contains("times"), "{plain}");
        assert_eq!(run(&lab, &["log", "--policy", "x"]).0, 2);
    }
}

//! Chains, anchors, keys: what an author may hand in, and what a dishonest log may record in spite
//! of it. The writer refuses it, and the audit finds it where it stands.

use grounds::claim::{Act, Code};
use grounds::envelope::{Anchor, Commit, Draft, PrivateKey, Signed, possession_message};
use grounds::form::Form as _;
use grounds::hash::Hash;
use grounds::ledger::audit::{Part, Verdict};
use grounds::ledger::{Ledger, Snapshot, newest_head};
use grounds::value::{EventId, Subject};

use crate::custody::{bent, code, fails};
use crate::lab::{Lab, agent, claim, head, line, lines, note, put_lines, tree_of};
use crate::reference::build::{act, key};

/// The commit in a line, with its signatures, as its author handed it in.
fn handed_in(line: &str) -> Vec<u8> {
    let entry = grounds::envelope::Entry::parse(line.as_bytes()).unwrap();
    entry.signed.to_bytes()
}

fn head_of(lab: &Lab, subject: &str) -> EventId {
    let ledger = Ledger::open(&lab.dir(), None).unwrap();
    let subject: Subject = subject.parse().unwrap();
    ledger.state().stream(&subject).unwrap().last
}

fn first_of(lab: &Lab, subject: &str) -> EventId {
    let ledger = Ledger::open(&lab.dir(), None).unwrap();
    let subject: Subject = subject.parse().unwrap();
    ledger.state().event(&subject, 1).unwrap().id
}

#[test]
fn every_bent_chain_and_anchor_is_refused_by_the_writer_and_found_by_the_audit() {
    let lab = Lab::argued();
    lab.record("ada", &[note("claim/x", "her anchor is at the whole log")]);
    let all = lines(&lab.dir());
    let size = all.len() as u64;
    let root = |size| tree_of(&all).root_at(size);
    let other = head_of(&lab, "claim/y");
    let first = first_of(&lab, "claim/x");
    let at = |size, root: Option<Hash>| {
        Some(Anchor {
            root: root.unwrap(),
            size,
        })
    };
    type Bend = Box<dyn Fn(&mut Draft)>;
    let event = |bend: fn(&mut grounds::envelope::DraftEvent)| -> Bend {
        Box::new(move |draft| bend(&mut draft.events[0]))
    };
    let anchored =
        |anchor: Option<Anchor>| -> Bend { Box::new(move |draft| draft.anchor = anchor.clone()) };
    let forged = Some(Hash::of(b"another log"));
    let cases: Vec<(&str, Bend, Code, Part)> = vec![
        (
            "115 prev of no event",
            event(|e| e.prev = Some(EventId(Hash::of(b"x")))),
            Code::Conflict,
            Part::Chains,
        ),
        (
            "prev of another subject",
            Box::new(move |d| d.events[0].prev = Some(other)),
            Code::Conflict,
            Part::Chains,
        ),
        (
            "prev of an older event",
            Box::new(move |d| d.events[0].prev = Some(first)),
            Code::Conflict,
            Part::Chains,
        ),
        (
            "120 a gap in seq",
            event(|e| e.seq += 1),
            Code::Conflict,
            Part::Chains,
        ),
        (
            "121 seq again",
            event(|e| e.seq -= 1),
            Code::Conflict,
            Part::Chains,
        ),
        (
            "63 the last seq there is",
            event(|e| e.seq = (1 << 53) - 1),
            Code::Conflict,
            Part::Chains,
        ),
        (
            "a stream begun again",
            event(|e| (e.seq, e.prev) = (1, None)),
            Code::Conflict,
            Part::Chains,
        ),
        (
            "the anchor of another ledger",
            anchored(at(size, forged)),
            Code::Anchor,
            Part::Anchors,
        ),
        (
            "an anchor with the root of another size",
            anchored(at(size, root(size - 1))),
            Code::Anchor,
            Part::Anchors,
        ),
        (
            "an anchor beyond the head",
            anchored(at(size + 1, root(size))),
            Code::Anchor,
            Part::Anchors,
        ),
        ("no anchor", anchored(None), Code::Anchor, Part::Anchors),
        (
            "an anchor older than the author's last",
            anchored(at(2, root(2))),
            Code::Conflict,
            Part::Chains,
        ),
        (
            "102 of another ledger",
            Box::new(|d| d.ledger = "grounds.example/other".parse().unwrap()),
            Code::Ledger,
            Part::Rules,
        ),
    ];
    for (what, bend, expected, part) in cases {
        let line = bent(&lab, "ada", note("claim/x", "bent"), bend);
        let mut appender = lab.open();
        assert_eq!(code(appender.stage(&handed_in(&line))), expected, "{what}");
        appender.close().unwrap();
        assert_eq!(lines(&lab.dir()), all, "{what}");
        put_lines(&lab.dir(), &[&all[..], &[line]].concat());
        fails(&lab.dir(), size, part, expected.word());
        put_lines(&lab.dir(), &all);
    }
    assert_eq!(lab.audit().verdict, Verdict::Holds);
}

/// The same people with the same keys have two ledgers: what they said in one, they did not say in
/// the other.
#[test]
fn a_commit_of_another_ledger_with_the_same_keys_is_refused_whole() {
    let (lab, other) = (Lab::argued(), Lab::argued());
    let honest = bent(&other, "ada", note("claim/x", "here"), |_| {});
    // The two labs are one ledger in two copies: what fits is taken …
    lab.clock.pass(60);
    let mut appender = lab.open();
    appender.stage(&handed_in(&honest)).unwrap();
    // … and the same words under another name are refused for the name alone.
    let renamed = bent(&other, "ada", note("claim/y", "here"), |draft| {
        draft.ledger = "grounds.example/lab-2".parse().unwrap();
    });
    assert_eq!(code(appender.stage(&handed_in(&renamed))), Code::Ledger);
    appender.close().unwrap();
}

#[test]
fn a_genesis_stands_once_and_first() {
    let lab = Lab::argued();
    let all = lines(&lab.dir());
    let mut again = all.clone();
    again.push(all[0].clone());
    put_lines(&lab.dir(), &again);
    assert_eq!(lab.audit().verdict, Verdict::Fails, "118 twice");
    let mut late = all.clone();
    late.swap(0, 1);
    put_lines(&lab.dir(), &late);
    let found = crate::lab::examined(
        &lab.dir(),
        &grounds::ledger::audit::Standard {
            vkey: Some(&crate::lab::vkey()),
            ..Default::default()
        },
    );
    assert_eq!(found.verdict, Verdict::Fails, "119 not at 0");
}

/// 125: two histories with one beginning, and the log signs the end of one behind the other.
#[test]
fn an_end_of_one_history_behind_another_fails_at_its_anchor() {
    let (mine, theirs) = (Lab::argued(), Lab::argued());
    mine.record("ada", &[note("claim/x", "what was said here")]);
    theirs.record("ada", &[note("claim/y", "what was said there")]);
    theirs.record("bea", &[note("claim/y", "and there again")]);
    let (here, there) = (lines(&mine.dir()), lines(&theirs.dir()));
    let fork = here.len() as u64 - 1;
    assert_eq!(
        here[..here.len() - 1],
        there[..there.len() - 2],
        "one beginning"
    );
    let spliced = [&here[..], &there[there.len() - 1..]].concat();
    put_lines(&mine.dir(), &spliced);
    fails(&mine.dir(), fork + 1, Part::Anchors, "anchor");
}

/// 131: the head of another ledger, or of another history under the same name.
#[test]
fn a_checkpoint_of_another_ledger_or_history_is_not_taken_for_this_one() {
    let lab = Lab::argued();
    let all = lines(&lab.dir());
    let path = lab.dir().join("checkpoint");
    let longer = Lab::argued();
    longer.record("ada", &[note("claim/x", "more")]);
    let other_root = head(&tree_of(&lines(&longer.dir())));
    std::fs::write(&path, other_root).unwrap();
    assert_ne!(
        lab.audit().verdict,
        Verdict::Holds,
        "130 a head ahead of the lines"
    );
    let mut changed = all.clone();
    changed.swap(4, 5);
    std::fs::write(&path, head(&tree_of(&changed))).unwrap();
    assert_eq!(lab.audit().verdict, Verdict::Damaged);
    let origin = "grounds.example/other";
    let stranger =
        grounds::tlog::NoteSigner::new(origin, ed25519_dalek::SigningKey::from_bytes(&[9; 32]))
            .unwrap();
    let tree = tree_of(&all);
    let foreign = grounds::tlog::Checkpoint {
        origin: origin.to_owned(),
        size: tree.size(),
        root: tree.root(),
    };
    std::fs::write(&path, foreign.sign(&stranger).unwrap()).unwrap();
    let report = lab.audit();
    assert_ne!(report.verdict, Verdict::Holds);
    assert!(Ledger::open(&lab.dir(), None).is_err());
}

/// 132: a cache is believed only for the head that it was made at.
#[test]
fn a_snapshot_of_another_ledger_or_head_is_left_alone() {
    let (lab, other) = (Lab::argued(), Lab::argued());
    other.record("ada", &[note("claim/x", "more")]);
    let cache = lab.beside("cache");
    let ledger = Ledger::open(&other.dir(), None).unwrap();
    Snapshot::keep(&ledger, &cache).unwrap();
    assert!(Snapshot::open(&cache, newest_head(&other.dir()).unwrap()).is_some());
    assert!(Snapshot::open(&cache, newest_head(&lab.dir()).unwrap()).is_none());
}

// --- keys ----------------------------------------------------------------------------------------

fn key_added(agent: &str, new: &PrivateKey, proof: [u8; 64]) -> Act {
    let proof = proof.write().to_text();
    act(
        &format!("agent/{agent}"),
        "agent.key_added",
        None,
        &format!(r#"{{"key":"{}","proof":{proof}}}"#, new.public()),
    )
}

/// 111, 112: that somebody has a key is shown for one ledger, one agent and one key.
#[test]
fn a_proof_of_possession_is_for_this_ledger_this_agent_and_this_key() {
    let lab = Lab::argued();
    let new = key("a key of nobody's yet");
    let proof = |origin: &str, agent: &str, of: &PrivateKey, by: &PrivateKey| {
        by.sign(&possession_message(
            &origin.parse().unwrap(),
            &agent.parse().unwrap(),
            &of.public(),
        ))
    };
    let own = crate::reference::build::ORIGIN;
    let size = lines(&lab.dir()).len() as u64;
    let all = lines(&lab.dir());
    let cases = [
        ("none", [0; 64]),
        (
            "for another ledger",
            proof("grounds.example/other", "ada", &new, &new),
        ),
        ("for another agent", proof(own, "bea", &new, &new)),
        ("of another key", proof(own, "ada", &key("ada"), &new)),
        ("by another key", proof(own, "ada", &new, &key("ada"))),
    ];
    for (what, proof) in cases {
        let line = bent(&lab, "ada", key_added("ada", &new, proof), |_| {});
        let mut appender = lab.open();
        assert_eq!(
            code(appender.stage(&handed_in(&line))),
            Code::Possession,
            "{what}"
        );
        appender.close().unwrap();
        put_lines(&lab.dir(), &[&all[..], &[line]].concat());
        fails(&lab.dir(), size, Part::Rules, "possession");
        put_lines(&lab.dir(), &all);
    }
    lab.record(
        "ada",
        &[key_added("ada", &new, proof(own, "ada", &new, &new))],
    );
    assert_eq!(lab.audit().verdict, Verdict::Holds);
}

/// 106, 107: a key signs from the commit after the one that registers it to the one that revokes it.
#[test]
fn a_key_signs_neither_in_the_commit_that_registers_it_nor_after_the_one_that_revokes_it() {
    let lab = Lab::argued();
    let new = key("the second of ada");
    let own: grounds::value::Origin = crate::reference::build::ORIGIN.parse().unwrap();
    let proof = new.sign(&possession_message(
        &own,
        &"ada".parse().unwrap(),
        &new.public(),
    ));
    let registers = bent(&lab, "ada", key_added("ada", &new, proof), |_| {});
    let mut by_itself = Signed::parse(&handed_in(&registers))
        .unwrap()
        .commit
        .into_owned();
    let signed = |commit: &Commit<'static>, keys: &[&PrivateKey]| {
        let mut signed = Signed::seal(commit.clone(), keys[0]);
        keys[1..].iter().for_each(|key| signed.sign(key));
        signed.to_bytes()
    };
    let mut appender = lab.open();
    for keys in [&[&new][..], &[&key("ada"), &new]] {
        let refused = code(appender.stage(&signed(&by_itself, keys)));
        assert_eq!(refused, Code::Signature, "107 not yet");
    }
    appender.stage(&handed_in(&registers)).unwrap();
    appender.close().unwrap();
    let with_new = |commit: &Commit<'static>| signed(commit, &[&new]);
    by_itself = Signed::parse(&handed_in(&bent(
        &lab,
        "ada",
        note("claim/x", "by the new one"),
        |_| {},
    )))
    .unwrap()
    .commit
    .into_owned();
    let mut appender = lab.open();
    appender.stage(&with_new(&by_itself)).unwrap();
    appender.close().unwrap();
    let revoked = act(
        "agent/ada",
        "agent.key_revoked",
        None,
        &format!(r#"{{"key":"{}","reason":"lost"}}"#, new.public().id()),
    );
    lab.record("ada", &[revoked]);
    let late = bent(&lab, "ada", note("claim/x", "too late"), |_| {});
    let late = Signed::parse(&handed_in(&late))
        .unwrap()
        .commit
        .into_owned();
    let mut appender = lab.open();
    for keys in [&[&new][..], &[&key("ada"), &new]] {
        assert_eq!(
            code(appender.stage(&signed(&late, keys))),
            Code::Signature,
            "106 revoked"
        );
    }
    appender.close().unwrap();
    // A log that records it all the same is found out.
    let all = lines(&lab.dir());
    let now = lab.clock.now();
    put_lines(
        &lab.dir(),
        &[&all[..], &[line(&with_new(&late), now)]].concat(),
    );
    fails(&lab.dir(), all.len() as u64, Part::Signatures, "signature");
}

/// 99: one key, one agent, for the ledger's life.
#[test]
fn a_key_of_another_agent_is_registered_for_nobody_else() {
    let lab = Lab::argued();
    let bea = key("bea");
    let own: grounds::value::Origin = crate::reference::build::ORIGIN.parse().unwrap();
    let proof = bea.sign(&possession_message(
        &own,
        &"ada".parse().unwrap(),
        &bea.public(),
    ));
    let taken = bent(&lab, "ada", key_added("ada", &bea, proof), |_| {});
    let mut appender = lab.open();
    assert_eq!(code(appender.stage(&handed_in(&taken))), Code::Key);
    appender.close().unwrap();
    let twin = agent("bea");
    let renamed = Act {
        subject: "agent/twin".parse().unwrap(),
        ..twin
    };
    let twin = bent(&lab, "ada", renamed, |_| {});
    let mut appender = lab.open();
    assert_eq!(code(appender.stage(&handed_in(&twin))), Code::Key);
    appender.close().unwrap();
    lab.record("ada", &[claim("still-writable")]);
}

/// 100: what was pasted by mistake may be a secret, and is not repeated.
#[test]
fn a_private_key_pasted_where_a_public_one_belongs_is_not_quoted() {
    let secret = key("ada").to_openssh("ada");
    let pasted = secret.lines().collect::<Vec<_>>();
    for text in [secret.as_str(), pasted[1], pasted[2]] {
        let error = text
            .parse::<grounds::value::PublicKey>()
            .unwrap_err()
            .to_string();
        for part in &pasted[1..pasted.len() - 1] {
            assert!(!error.contains(&part[..16.min(part.len())]), "{error}");
        }
    }
}

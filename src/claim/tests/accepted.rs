//! What is admitted, and what it makes.

use serde_json::json;

use super::super::{Lifecycle, Standing};
use super::bed::*;

#[test]
fn every_event_type_is_admitted_where_its_rule_is_filled() {
    let mut bed = Bed::furnished();
    let mut types: Vec<&str> = vec!["ledger.created"];
    let three = ["ann", "bob", "cid"];
    let acts: Vec<(&str, Vec<&str>, &str, super::super::Data)> = vec![
        ("ann", vec!["ann", "bob"], "ledger", policy(shared_policy())),
        ("ann", vec!["ann", "bob"], "ledger", adopted()),
        ("log", vec!["log"], "agent/log", mapped(4, 7)),
        (
            "cid",
            vec!["cid"],
            "agent/new",
            registered(&["contributor"], &[20]),
        ),
        (
            "cid",
            vec!["cid"],
            "agent/new",
            data("agent.changed", json!({"name": "other"})),
        ),
        ("con", vec!["con"], "agent/con", key_added(21)),
        ("con", vec!["con"], "agent/con", revoked(21)),
        ("con", vec!["con"], "artifact/e", artifact()),
        (
            "org",
            vec!["org"],
            "artifact/e",
            data("artifact.appraised", json!({"credibility": "0.5"})),
        ),
        (
            "org",
            vec!["org"],
            "artifact/e",
            data(
                "artifact.standing_changed",
                json!({"standing": "superseded", "reason": "r", "by": "artifact/a"}),
            ),
        ),
        ("org", vec!["org"], "context/y", context()),
        ("org", vec!["org"], "claim/e", asserted()),
        ("org", vec!["org"], "claim/e", revised("two")),
        (
            "org",
            vec!["org"],
            "claim/e",
            status(json!({"lifecycle": "active", "standing": "tested"})),
        ),
        (
            "org",
            vec!["org"],
            "claim/e",
            scoped("holds_in", "context/x"),
        ),
        ("org", vec!["org"], "claim/e", with_ref("claim.unscoped", 4)),
        ("org", vec!["org"], "claim/e", linked("supports", "claim/c")),
        ("org", vec!["org"], "claim/e", with_ref("claim.unlinked", 6)),
        (
            "con",
            vec!["con"],
            "claim/e",
            evidence("supports", "artifact/a"),
        ),
        (
            "con",
            vec!["con"],
            "claim/e",
            with_ref("evidence.revised", 8),
        ),
        (
            "con",
            vec!["con"],
            "claim/e",
            with_ref("evidence.withdrawn", 8),
        ),
        ("att", vec!["att"], "claim/e", attested("verifies", 2)),
        (
            "att",
            vec!["att"],
            "claim/e",
            with_ref("attestation.withdrawn", 11),
        ),
        ("org", vec!["org"], "view/w", view("view.defined")),
        ("org", vec!["org"], "view/w", view("view.changed")),
        ("non", vec!["non"], "view/w", note()),
        ("con", vec!["con"], "artifact/f", artifact()),
        ("ann", vec!["ann", "bob"], "agent/con", compromised(4, 28)),
        (
            "org",
            vec!["org"],
            "artifact/f",
            with_ref("event.reaffirmed", 1),
        ),
        ("ann", three.to_vec(), "ledger", moved()),
    ];
    for (author, signers, on, data) in acts {
        types.push(data.name());
        bed.ok(author, &signers, &[(on, data)]);
    }
    let mut frozen_bed = Bed::shared();
    frozen_bed.ok("ann", &["ann", "bob"], &[("ledger", frozen())]);
    types.push("ledger.frozen");
    types.sort_unstable();
    types.dedup();
    let mut known: Vec<&str> = super::super::Data::TYPES
        .iter()
        .map(|row| row.name)
        .collect();
    known.sort_unstable();
    assert_eq!(types, known);
    assert_same(&bed.state, &bed.folded());
    let claim = bed.claim("e");
    assert_eq!(claim.version(), 2);
    assert_eq!(claim.wording.as_ref().unwrap().statement.as_str(), "two");
    assert_eq!(
        (claim.status.lifecycle, claim.status.standing),
        (Lifecycle::Active, Standing::Tested)
    );
    assert_eq!(
        (
            claim.live_evidence().count(),
            claim.live_attestations().count()
        ),
        (0, 0)
    );
    assert_eq!(
        (claim.live_scopes().count(), claim.live_links().count()),
        (0, 0)
    );
    assert_eq!(claim.evidence[0].strength.unwrap().ppm(), 250_000);
    assert_eq!(bed.aside(), Vec::<String>::new());
}

#[test]
fn a_claim_starts_proposed_and_a_hypothesis_at_version_1() {
    let bed = Bed::furnished();
    let claim = bed.claim("c");
    assert_eq!(claim.version(), 1);
    assert_eq!(
        (claim.status.lifecycle, claim.status.standing),
        (Lifecycle::Proposed, Standing::Hypothesis)
    );
}

#[test]
fn later_events_of_a_commit_see_the_earlier_ones() {
    let mut bed = Bed::shared();
    let acts = [
        ("claim/n", asserted()),
        ("artifact/n", artifact()),
        ("claim/n", evidence("supports", "artifact/n")),
        ("claim/n", with_ref("evidence.withdrawn", 2)),
        ("claim/n", evidence("supports", "artifact/n")),
        ("claim/n", revised("two")),
    ];
    bed.ok("ann", &["ann"], &acts);
    assert_eq!(bed.claim("n").version(), 2);
    let again = [
        ("claim/n", attested("endorses", 2)),
        ("claim/n", with_ref("attestation.withdrawn", 6)),
        ("claim/n", attested("disputes", 2)),
    ];
    bed.ok("att", &["att"], &again);
    assert!(bed.claim("n").is_disputed());
}

#[test]
fn an_attestation_counts_for_its_version_only() {
    let mut bed = Bed::furnished();
    bed.ok("att", &["att"], &[("claim/c", attested("disputes", 1))]);
    assert!(bed.claim("c").is_disputed());
    bed.ok("ann", &["ann", "bob"], &[("claim/c", revised("two"))]);
    let claim = bed.claim("c");
    assert_eq!(
        (claim.live_attestations().count(), claim.attestations.len()),
        (0, 1)
    );
    assert!(!claim.is_disputed());
    bed.ok("att", &["att"], &[("claim/c", attested("endorses", 2))]);
}

#[test]
fn anybody_alone_the_subject_alone_and_the_author_alone_may_act() {
    let mut bed = Bed::furnished();
    bed.ok("non", &["non"], &[("claim/c", note())]);
    bed.ok("non", &["non"], &[("agent/non", key_added(20))]);
    bed.ok(
        "con",
        &["con"],
        &[("claim/c", evidence("supports", "artifact/a"))],
    );
    bed.ok(
        "con",
        &["con"],
        &[("claim/c", with_ref("evidence.revised", 3))],
    );
}

#[test]
fn a_note_may_be_on_an_event_of_its_stream() {
    let mut bed = Bed::furnished();
    let on = |seq: u64| data("note.added", json!({"text": "n", "on": seq}));
    bed.ok("non", &["non"], &[("claim/c", on(1))]);
    bed.no(super::super::Code::Ref, "non", &["non"], "claim/c", on(3));
    bed.ok("non", &["non"], &[("claim/c", on(2))]);
    assert_eq!(bed.claim("c").notes.len(), 2);
}

#[test]
fn an_announced_key_may_follow_and_ends_the_announcement_unless_it_announces_another() {
    let mut bed = Bed::shared();
    bed.ok("non", &["non"], &[("agent/non", key_added_next(20, 21))]);
    bed.ok("non", &["non"], &[("agent/non", key_added_next(21, 22))]);
    bed.ok("non", &["non"], &[("agent/non", key_added(22))]);
    bed.ok("non", &["non"], &[("agent/non", key_added(30))]);
}

#[test]
fn a_key_of_founders_and_of_the_log_is_owned_from_genesis_on() {
    let bed = Bed::shared();
    assert_eq!(bed.state.key_owner(&key_id(11)).unwrap().agent, slug("ann"));
    assert_eq!(
        bed.state.valid_key(&log_key().id()).unwrap().agent,
        slug("log")
    );
    assert!(bed.state.exists(&subject("agent/log")));
    assert_eq!(bed.state.able_stewards(), 3);
}

#[test]
fn a_map_is_admitted_after_the_ledger_was_closed() {
    for (signers, end) in [(["ann", "bob"], moved()), (["ann", "cid"], frozen())] {
        let mut bed = Bed::furnished();
        bed.ok("ann", &signers, &[("ledger", end)]);
        bed.ok("log", &["log"], &[("agent/log", mapped(3, 7))]);
        bed.ok("log", &["log"], &[("agent/log", mapped(4, 8))]);
    }
}

#[test]
fn the_log_of_a_solo_ledger_runs_with_one_signature_each() {
    let mut bed = Bed::solo().furnish();
    bed.ok(
        "ann",
        &["ann"],
        &[("claim/c", status(json!({"lifecycle": "retracted"})))],
    );
    bed.ok("ann", &["ann"], &[("ledger", policy(solo_policy()))]);
    bed.ok(
        "ann",
        &["ann"],
        &[("agent/two", registered(&["steward"], &[2]))],
    );
    assert_eq!(bed.state.able_stewards(), 2);
}

//! Set aside: what a key revoked since an entry takes away, and what stays.

use serde_json::json;

use super::super::{Code, Lifecycle, State, Verdict};
use super::bed::*;

/// con, with key 4 in a thief's hands since entry 2, has done four things.
fn robbed() -> Bed {
    let mut bed = Bed::furnished();
    bed.ok(
        "con",
        &["con"],
        &[
            ("artifact/t", artifact()),
            ("claim/c", evidence("supports", "artifact/t")),
        ],
    );
    bed.ok(
        "con",
        &["con"],
        &[("claim/d", evidence("disputes", "artifact/a"))],
    );
    bed
}

#[test]
fn effects_are_gone_places_and_slugs_stay_and_what_came_between_stays_admitted() {
    let mut bed = robbed();
    bed.ok(
        "ann",
        &["ann"],
        &[
            (
                "artifact/t",
                data("artifact.appraised", json!({"credibility": "1"})),
            ),
            ("claim/c", with_ref("evidence.revised", 2)),
            ("claim/d", evidence("supports", "artifact/t")),
        ],
    );
    let before = bed.state.clone();
    bed.ok("ann", &["ann", "bob"], &[("agent/con", compromised(4, 2))]);
    assert_eq!(bed.aside(), ["@2.0", "@2.1", "@3.0"]);
    let claim = bed.claim("c");
    assert_eq!(claim.evidence.len(), 0);
    assert_eq!(claim.events.len(), 3);
    assert_eq!(bed.claim("d").live_evidence().count(), 1);
    assert!(!bed.state.exists(&subject("artifact/t")));
    assert!(bed.state.is_taken(&subject("artifact/t")));
    let artifact_t = bed.state.artifact(&slug("t")).unwrap();
    assert!(artifact_t.appraisals.is_empty() && artifact_t.registered.is_none());
    assert_eq!(
        bed.state.stream(&subject("claim/c")),
        before.stream(&subject("claim/c"))
    );
    bed.no(Code::Exists, "ann", &["ann"], "artifact/t", artifact());
    bed.no(
        Code::Missing,
        "ann",
        &["ann"],
        "claim/c",
        evidence("supports", "artifact/t"),
    );
    bed.no(
        Code::Ref,
        "ann",
        &["ann"],
        "claim/c",
        with_ref("evidence.withdrawn", 2),
    );
    assert_same(&bed.state, &bed.folded());
    // What was known then.
    assert_same(&State::fold(&bed.entries[..5]), &before);
}

#[test]
fn entries_before_since_and_revocations_without_since_set_nothing_aside() {
    let mut bed = robbed();
    bed.ok("con", &["con"], &[("agent/con", revoked(4))]);
    assert!(bed.aside().is_empty());
    bed.ok("ann", &["ann", "bob"], &[("agent/con", compromised(4, 3))]);
    assert_eq!(bed.aside(), ["@3.0"]);
}

#[test]
fn a_version_set_aside_keeps_its_number() {
    let mut bed = Bed::furnished();
    bed.ok("ann", &["ann"], &[("claim/c", revised("two"))]);
    bed.ok("att", &["att"], &[("claim/c", attested("verifies", 2))]);
    let since = bed.ok("org", &["org"], &[("claim/c", revised("three"))]);
    bed.ok("att", &["att"], &[("claim/c", attested("disputes", 3))]);
    bed.ok(
        "ann",
        &["ann", "bob"],
        &[("agent/org", compromised(7, since))],
    );
    let claim = bed.claim("c");
    assert_eq!(claim.version(), 2);
    assert_eq!(claim.wording.as_ref().unwrap().statement.as_str(), "two");
    let verdicts: Vec<Verdict> = claim.live_attestations().map(|made| made.verdict).collect();
    assert_eq!(verdicts, [Verdict::Verifies]);
    bed.no(
        Code::Version,
        "bob",
        &["bob"],
        "claim/c",
        attested("verifies", 3),
    );
    bed.ok("ann", &["ann"], &[("claim/c", revised("four"))]);
    assert_eq!(bed.claim("c").version(), 4);
    assert_same(&bed.state, &bed.folded());
}

#[test]
fn a_claim_whose_assertion_is_set_aside_has_no_version_and_keeps_its_asserter() {
    let mut bed = Bed::furnished();
    let since = bed.ok("org", &["org"], &[("claim/t", asserted())]);
    bed.ok(
        "ann",
        &["ann"],
        &[
            ("claim/t", revised("two")),
            ("claim/t", evidence("supports", "artifact/a")),
        ],
    );
    bed.ok("att", &["att"], &[("claim/t", attested("verifies", 2))]);
    bed.ok(
        "ann",
        &["ann", "bob"],
        &[("agent/org", compromised(7, since))],
    );
    let claim = bed.claim("t");
    assert_eq!(claim.version(), 0);
    assert_eq!(claim.asserter(), Some(&slug("org")));
    assert!(claim.wording.is_none() && claim.evidence.is_empty() && claim.attestations.is_empty());
    bed.no(Code::Missing, "ann", &["ann"], "claim/t", revised("three"));
    bed.no(
        Code::Missing,
        "ann",
        &["ann"],
        "claim/c",
        linked("supports", "claim/t"),
    );
    // What created it can be brought back, and all that referred to it with it.
    bed.ok(
        "ann",
        &["ann"],
        &[("claim/t", with_ref("event.reaffirmed", 1))],
    );
    let claim = bed.claim("t");
    assert_eq!(
        (
            claim.version(),
            claim.live_evidence().count(),
            claim.live_attestations().count()
        ),
        (2, 1, 1)
    );
    assert_same(&bed.state, &bed.folded());
}

#[test]
fn reaffirming_brings_one_event_back_once() {
    let mut bed = robbed();
    bed.ok("ann", &["ann", "bob"], &[("agent/con", compromised(4, 2))]);
    let twice = [
        ("claim/d", with_ref("event.reaffirmed", 2)),
        ("claim/d", with_ref("event.reaffirmed", 2)),
    ];
    let twice = bed.commit("ann", &twice);
    bed.refuses(Code::Ref, 1, twice);
    bed.ok(
        "ann",
        &["ann"],
        &[("claim/d", with_ref("event.reaffirmed", 2))],
    );
    assert_eq!(bed.aside(), ["@2.0", "@2.1"]);
    assert_eq!(bed.claim("d").live_evidence().count(), 1);
    bed.no(
        Code::Ref,
        "ann",
        &["ann"],
        "claim/d",
        with_ref("event.reaffirmed", 2),
    );
    bed.ok(
        "ann",
        &["ann"],
        &[("artifact/t", with_ref("event.reaffirmed", 1))],
    );
    assert!(bed.state.exists(&subject("artifact/t")));
    assert_eq!(bed.aside(), ["@2.1"]);
    assert_same(&bed.state, &bed.folded());
}

#[test]
fn a_reaffirmation_set_aside_reaffirms_nothing() {
    let mut bed = robbed();
    bed.ok("ann", &["ann", "bob"], &[("agent/con", compromised(4, 2))]);
    let since = bed.ok(
        "org",
        &["org"],
        &[("claim/d", with_ref("event.reaffirmed", 2))],
    );
    assert_eq!(bed.aside(), ["@2.0", "@2.1"]);
    bed.ok(
        "ann",
        &["ann", "bob"],
        &[("agent/org", compromised(7, since))],
    );
    assert_eq!(bed.aside(), ["@2.0", "@2.1", "@3.0", "@5.0"]);
    // Bringing back the reaffirmation brings back the event.
    bed.ok(
        "ann",
        &["ann"],
        &[("claim/d", with_ref("event.reaffirmed", 3))],
    );
    assert_eq!(bed.aside(), ["@2.0", "@2.1"]);
    assert_same(&bed.state, &bed.folded());
}

#[test]
fn two_reaffirmations_do_not_uphold_each_other() {
    let rule = json!({"roles": ["curator", "steward"], "signatures": 1});
    let mut policy = with_rule("event.reaffirmed/power", rule);
    policy["rules"]["agent.registered/power"] =
        json!({"roles": ["curator", "steward"], "signatures": 1});
    policy["rules"]["agent.key_revoked/since"] = json!({"roles": ["steward"], "signatures": 1});
    let mut bed = Bed::of(policy);
    // A thief with org's key registers x; x registers y.
    let since = bed.ok(
        "org",
        &["org"],
        &[("agent/xxx", registered(&["curator"], &[20]))],
    );
    bed.ok(
        "xxx",
        &["xxx:20"],
        &[("agent/yyy", registered(&["curator"], &[21]))],
    );
    bed.ok("cid", &["cid"], &[("agent/org", compromised(7, since))]);
    assert_eq!(bed.aside(), ["@1.0", "@2.0"]);
    // With bot's key he brings back y; y brings back x.
    let by_bot = bed.ok(
        "bot",
        &["bot"],
        &[("agent/yyy", with_ref("event.reaffirmed", 1))],
    );
    bed.ok(
        "yyy",
        &["yyy:21"],
        &[("agent/xxx", with_ref("event.reaffirmed", 1))],
    );
    assert!(bed.aside().is_empty());
    bed.ok("cid", &["cid"], &[("agent/bot", compromised(6, by_bot))]);
    assert_eq!(bed.aside(), ["@1.0", "@2.0", "@4.0", "@5.0"]);
    assert_same(&bed.state, &bed.folded());
}

#[test]
fn a_key_that_a_set_aside_event_registered_falls_with_it_and_so_on() {
    let mut bed = Bed::furnished();
    let since = bed.ok("ann", &["ann"], &[("agent/ann", key_added(20))]);
    bed.ok(
        "ann",
        &["ann:20"],
        &[("agent/ann", key_added(21)), ("claim/c", revised("two"))],
    );
    bed.ok("ann", &["ann:21"], &[("claim/c", revised("three"))]);
    bed.ok("bob", &["bob"], &[("claim/c", revised("four"))]);
    bed.ok("ann", &["ann:11"], &[("claim/d", revised("two"))]);
    bed.ok(
        "bob",
        &["bob", "cid"],
        &[("agent/ann", compromised(1, since))],
    );
    assert_eq!(bed.aside(), ["@2.0", "@3.0", "@3.1", "@4.0"]);
    for number in [1, 20, 21] {
        assert!(bed.state.valid_key(&key_id(number)).is_none());
    }
    assert!(bed.state.valid_key(&key_id(11)).is_some());
    assert_eq!(bed.claim("c").version(), 4);
    bed.no(Code::Key, "bob", &["bob"], "agent/bob", key_added(21));
    // One brought back: its key signs again, and what it signed stands.
    bed.ok(
        "bob",
        &["bob", "cid"],
        &[("agent/ann", with_ref("event.reaffirmed", 1))],
    );
    assert!(bed.aside().is_empty());
    assert!(bed.state.valid_key(&key_id(21)).is_some());
    assert_same(&bed.state, &bed.folded());
}

#[test]
fn an_entry_whose_thresholds_hold_without_the_key_stays() {
    let mut bed = Bed::furnished();
    bed.ok("ann", &["ann", "bob", "cid"], &[("ledger", adopted())]);
    bed.ok(
        "ann",
        &["ann", "bob"],
        &[("ledger", policy(shared_policy()))],
    );
    bed.ok(
        "bob",
        &["ann", "bob", "cid"],
        &[("agent/con", data("agent.changed", json!({"roles": []})))],
    );
    bed.ok("ann", &["ann", "bob", "bob:20"], &[("claim/c", note())]);
    bed.ok("ann", &["ann", "cid"], &[("agent/bob", compromised(2, 2))]);
    // Entry 2 keeps two of three, 3 loses its threshold, 4 its author, 5 needs only ann.
    assert_eq!(bed.aside(), ["@3.0", "@4.0"]);
    assert_same(&bed.state, &bed.folded());
}

#[test]
fn a_second_key_of_the_same_agent_carries_its_signature() {
    let mut bed = Bed::furnished();
    let since = bed.ok("ann", &["ann", "ann:11", "bob"], &[("ledger", adopted())]);
    bed.ok(
        "bob",
        &["bob", "cid"],
        &[("agent/ann", compromised(1, since))],
    );
    assert!(bed.aside().is_empty());
}

#[test]
fn the_threshold_of_a_new_policy_is_asked_again_without_the_key() {
    let mut policy_json = solo_policy();
    policy_json["rules"]["agent.key_revoked/since"] =
        json!({"roles": ["steward"], "signatures": 1});
    let mut bed = Bed::of(policy_json.clone());
    policy_json["stewards"] = 2.into();
    let since = bed.ok("ann", &["ann", "bob"], &[("ledger", policy(policy_json))]);
    bed.ok("ann", &["ann"], &[("agent/bob", compromised(2, since))]);
    assert_eq!(bed.aside(), ["@1.0"]);
    assert_eq!(bed.state.constitution().unwrap().policy.stewards, 1);
}

#[test]
fn the_override_of_an_announced_key_is_asked_again_without_the_key() {
    let mut bed = Bed::shared();
    bed.ok("con", &["con"], &[("agent/con", key_added_next(20, 21))]);
    let since = bed.ok(
        "con",
        &["ann", "bob", "con"],
        &[("agent/con", key_added(22))],
    );
    bed.ok(
        "ann",
        &["ann", "cid"],
        &[("agent/bob", compromised(2, since))],
    );
    assert_eq!(bed.aside(), ["@2.0"]);
    assert!(bed.state.valid_key(&key_id(22)).is_none());
    bed.no(Code::Key, "con", &["con"], "agent/con", key_added(23));
}

#[test]
fn genesis_maps_and_revocations_are_never_set_aside() {
    let mut bed = Bed::furnished();
    bed.ok("log", &["log"], &[("agent/log", mapped(2, 7))]);
    bed.ok(
        "ann",
        &["ann"],
        &[
            ("agent/ann", key_added(20)),
            ("agent/ann", revoked(11)),
            ("claim/c", note()),
        ],
    );
    bed.ok("ann", &["ann", "bob"], &[("agent/con", compromised(4, 0))]);
    let two = bed
        .commit("bob", &[("agent/ann", compromised(1, 0))])
        .by(&["bob", "cid"]);
    // It leaves bob and cid, k is 2.
    bed.admit(two).unwrap();
    assert_eq!(
        bed.aside(),
        [
            "@1.0", "@1.1", "@1.2", "@1.3", "@1.4", "@1.5", "@3.0", "@3.2"
        ]
    );
    assert!(bed.state.constitution().unwrap().mapped.is_some());
    for number in [1, 4, 11, 20] {
        assert!(bed.state.valid_key(&key_id(number)).is_none());
    }
    assert_eq!(bed.state.able_stewards(), 2);
}

#[test]
fn stewards_left_are_counted_after_setting_aside() {
    let mut bed = Bed::shared();
    bed.ok(
        "ann",
        &["ann", "bob"],
        &[("agent/fay", registered(&["steward"], &[20]))],
    );
    bed.ok(
        "ann",
        &["ann", "cid"],
        &[("agent/bob", data("agent.changed", json!({"roles": []})))],
    );
    // Without bob's key fay is gone; ann and cid are left, as are the k = 2 that are needed.
    bed.ok("ann", &["ann", "cid"], &[("agent/bob", compromised(2, 1))]);
    assert_eq!(bed.state.able_stewards(), 2);

    let mut bed = Bed::shared();
    bed.ok(
        "ann",
        &["ann", "bob"],
        &[("agent/fay", registered(&["steward"], &[20]))],
    );
    bed.ok(
        "ann",
        &["ann", "fay:20"],
        &[("agent/cid", data("agent.changed", json!({"roles": []})))],
    );
    // Without bob's key fay is gone, and with her the entry that took cid's role.
    bed.ok(
        "ann",
        &["ann", "fay:20"],
        &[("agent/bob", compromised(2, 1))],
    );
    assert_eq!(bed.aside(), ["@1.0", "@2.0"]);
    assert_eq!(bed.state.able_stewards(), 2);
    let more = bed.commit("cid", &[("agent/cid", revoked(3))]);
    bed.refuses(Code::Stewards, None, more);
}

#[test]
fn a_ledger_that_a_thief_changed_is_as_before_him() {
    let mut bed = Bed::furnished();
    bed.ok(
        "ann",
        &["ann"],
        &[("claim/c", status(json!({"lifecycle": "active"})))],
    );
    bed.ok(
        "org",
        &["org"],
        &[(
            "claim/c",
            status(json!({"lifecycle": "merged", "by": "claim/d"})),
        )],
    );
    bed.ok(
        "org",
        &["org"],
        &[("view/v", view("view.changed")), ("context/t", context())],
    );
    bed.ok(
        "org",
        &["org"],
        &[(
            "artifact/t",
            data(
                "artifact.registered",
                json!({"title": "t", "kind": "paper", "doi": "10.1234/t"}),
            ),
        )],
    );
    bed.ok("ann", &["ann", "bob"], &[("agent/org", compromised(7, 3))]);
    let claim = bed.claim("c");
    assert_eq!(
        (claim.status.lifecycle, &claim.status.by),
        (Lifecycle::Active, &None)
    );
    assert!(!bed.state.exists(&subject("context/t")));
    assert_eq!(
        bed.state
            .view(&slug("v"))
            .unwrap()
            .current
            .as_ref()
            .unwrap()
            .data
            .name(),
        "view.defined"
    );
    // The DOI is free again, the slug is not.
    bed.ok(
        "con",
        &["con"],
        &[(
            "artifact/u",
            data(
                "artifact.registered",
                json!({"title": "t", "kind": "paper", "doi": "10.1234/t"}),
            ),
        )],
    );
}

/// Admission lets no claim stand on itself; a reaffirmation may still close a circle of two.
#[test]
fn a_circle_that_a_reaffirmation_closed_holds_up_no_other_claim() {
    let mut bed = Bed::furnished();
    let active = || status(json!({"lifecycle": "active"}));
    bed.ok(
        "ann",
        &["ann"],
        &[
            ("claim/e", asserted()),
            ("claim/c", active()),
            ("claim/d", active()),
            ("claim/e", active()),
        ],
    );
    let replaced = |by: &str| status(json!({"lifecycle": "superseded", "by": by}));
    let lost = bed.ok("org", &["org"], &[("claim/c", replaced("claim/d"))]);
    bed.no(Code::Self_, "ann", &["ann"], "claim/d", replaced("claim/c"));
    bed.ok(
        "ann",
        &["ann", "bob"],
        &[("agent/org", compromised(7, lost))],
    );
    bed.ok("ann", &["ann"], &[("claim/d", replaced("claim/c"))]);
    bed.ok(
        "ann",
        &["ann"],
        &[("claim/c", with_ref("event.reaffirmed", 3))],
    );
    assert_eq!(bed.claim("c").status.by, Some(slug("d")));
    assert_eq!(bed.claim("d").status.by, Some(slug("c")));
    bed.ok("ann", &["ann"], &[("claim/e", replaced("claim/c"))]);
    assert_eq!(bed.claim("e").status.by, Some(slug("c")));
}

#[test]
fn how_many_stewards_are_left_is_judged_where_all_agents_are_known() {
    let mut bed = Bed::shared();
    bed.ok(
        "ann",
        &["ann", "bob"],
        &[("agent/new", registered(&["steward"], &[20]))],
    );
    let demoted = || data("agent.changed", json!({"roles": []}));
    bed.ok("cid", &["bob", "cid"], &[("agent/ann", demoted())]);
    bed.ok("cid", &["bob", "cid"], &[("agent/bob", demoted())]);
    let carried = ["agent/ann", "agent/bob"].map(subject);
    let carried = carried.into_iter().chain([crate::value::Subject::Ledger]);
    let mut part = State::of_streams(carried.collect());
    for entry in &bed.entries {
        if entry
            .events
            .iter()
            .all(|event| part.carries(&event.subject))
        {
            part = part.admit(entry).unwrap();
        }
    }
    assert_eq!((bed.state.able_stewards(), part.able_stewards()), (2, 1));
    assert_eq!(part.agent(&slug("bob")), bed.state.agent(&slug("bob")));
}

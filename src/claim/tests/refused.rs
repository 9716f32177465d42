//! Every refusal, with its code and its position; the bed asserts that the state is as it was.

use serde_json::{Value, json};

use super::super::{Code, Data, KeyFaultKind, Lifecycle, Standing};
use super::bed::*;
use crate::value::Time;

fn genesis(agents: &[Value], policy: Value, signers: &[&str]) -> super::super::Recorded {
    Bed::empty()
        .commit("ann", &[("ledger", created(agents, policy))])
        .by(signers)
}

const ALL: [&str; 3] = ["ann", "bob", "cid"];

#[test]
fn a_genesis_is_one_event_of_a_steward_signed_once_by_each_steward() {
    let good = || genesis(&founders(), shared_policy(), &ALL);
    let mut bed = Bed::empty();
    bed.refuses(Code::Genesis, None, good().by(&["ann", "bob"]));
    bed.refuses(
        Code::Genesis,
        None,
        good().by(&["ann", "bob", "cid", "con"]),
    );
    bed.refuses(
        Code::Genesis,
        None,
        good().by(&["ann", "ann:11", "bob", "cid"]),
    );
    bed.refuses(Code::Genesis, None, good().anchored(Some(1)));
    bed.refuses(Code::Genesis, None, good().change(0, |event| event.seq = 2));
    let id = good().events[0].id;
    bed.refuses(
        Code::Genesis,
        None,
        good().change(0, |event| event.prev = Some(id)),
    );
    let mut late = good();
    late.index = 1;
    bed.refuses(Code::Genesis, None, late);
    let mut by_con = good();
    by_con.author = slug("con");
    bed.refuses(Code::Genesis, None, by_con);
    let twice = [
        ("ledger", created(&founders(), shared_policy())),
        ("ledger", note()),
    ];
    let twice = bed.commit("ann", &twice).by(&ALL);
    bed.refuses(Code::Genesis, None, twice);
    let another = bed.commit("ann", &[("claim/c", asserted())]).by(&ALL);
    bed.refuses(Code::Genesis, None, another);
    bed.refuses(
        Code::Possession,
        0,
        good().fault(0, 1, KeyFaultKind::Possession),
    );
    bed.refuses(
        Code::Key,
        0,
        good().fault(0, 1, KeyFaultKind::Unsound("small order".into())),
    );
    bed.admit(good()).unwrap();
}

#[test]
fn founders_are_distinct_have_distinct_keys_and_none_is_the_log() {
    let mut bed = Bed::empty();
    let with = |extra: Value| {
        let mut agents = founders();
        agents.push(extra);
        genesis(&agents, shared_policy(), &ALL)
    };
    bed.refuses(Code::Genesis, 0, with(founder("con", "human", &[], &[20])));
    bed.refuses(
        Code::Genesis,
        0,
        with(founder("log", "software", &[], &[20])),
    );
    bed.refuses(Code::Key, 0, with(founder("new", "human", &[], &[1])));
    bed.refuses(Code::Key, 0, with(founder("new", "human", &[], &[20, 20])));
    let mut new = founder("new", "human", &[], &[20]);
    new["keys"][0]["key"] = log_key().to_string().into();
    bed.refuses(Code::Key, 0, with(new));
}

#[test]
fn a_second_genesis_is_refused() {
    let mut bed = Bed::shared();
    bed.no(
        Code::Genesis,
        "ann",
        &ALL,
        "ledger",
        created(&founders(), shared_policy()),
    );
}

fn impossible_policies() -> Vec<Value> {
    let mut too_many = shared_policy();
    too_many["stewards"] = 4.into();
    let mut no_way_back = shared_policy();
    no_way_back["rules"]
        .as_object_mut()
        .unwrap()
        .remove("ledger.policy_changed");
    let mut no_power = shared_policy();
    no_power["rules"]
        .as_object_mut()
        .unwrap()
        .remove("agent.registered/power");
    vec![
        too_many,
        no_way_back,
        no_power,
        with_rule("note.added", json!({"roles": [], "signatures": 1})),
        with_rule(
            "ledger.frozen",
            json!({"roles": ["steward"], "signatures": 4}),
        ),
    ]
}

#[test]
fn a_policy_that_locks_everybody_out_is_refused() {
    for policy_json in impossible_policies() {
        Bed::empty().refuses(
            Code::Policy,
            None,
            genesis(&founders(), policy_json.clone(), &ALL),
        );
        let mut bed = Bed::shared();
        // Its own threshold is filled as far as there are stewards.
        let mut commit = bed
            .commit("ann", &[("ledger", policy(policy_json.clone()))])
            .by(&ALL);
        if policy_json["stewards"] == 4 {
            bed.ok(
                "ann",
                &ALL,
                &[("agent/fay", registered(&["steward"], &[20]))],
            );
            commit = bed
                .commit(
                    "ann",
                    &[
                        ("ledger", policy(policy_json.clone())),
                        ("agent/fay", revoked(20)),
                    ],
                )
                .by(&["ann", "bob", "cid", "fay:20"]);
        }
        bed.refuses(Code::Policy, None, commit);
    }
    let waits = with_rule(
        "view.defined",
        json!({"roles": ["attester", "steward"], "signatures": 9}),
    );
    Bed::shared().ok("ann", &ALL, &[("ledger", policy(waits))]);
}

#[test]
fn a_new_policy_needs_the_stewards_threshold_of_both_the_old_and_the_new() {
    let three = || {
        let mut policy = shared_policy();
        policy["stewards"] = 3.into();
        policy
    };
    let mut bed = Bed::shared();
    bed.no(
        Code::Role,
        "ann",
        &["ann"],
        "ledger",
        policy(shared_policy()),
    );
    bed.no(
        Code::Role,
        "ann",
        &["ann", "bob"],
        "ledger",
        policy(three()),
    );
    bed.ok("ann", &ALL, &[("ledger", policy(three()))]);
    bed.no(
        Code::Role,
        "ann",
        &["ann", "bob"],
        "ledger",
        policy(shared_policy()),
    );

    // Whatever the rule of ledger.policy_changed is.
    let lax = with_rule(
        "ledger.policy_changed",
        json!({"roles": ["curator"], "signatures": 1}),
    );
    let mut bed = Bed::of(lax);
    bed.no(
        Code::Role,
        "org",
        &["org"],
        "ledger",
        policy(shared_policy()),
    );
    bed.no(
        Code::Role,
        "org",
        &["org", "ann"],
        "ledger",
        policy(shared_policy()),
    );
    let mut lower = shared_policy();
    lower["stewards"] = 1.into();
    bed.no(Code::Role, "org", &["org", "ann"], "ledger", policy(lower));
    bed.no(
        Code::Role,
        "ann",
        &["ann", "bob"],
        "ledger",
        policy(three()),
    );
    bed.ok(
        "org",
        &["ann", "bob", "org"],
        &[("ledger", policy(shared_policy()))],
    );
}

#[test]
fn two_keys_of_one_agent_count_once() {
    let mut bed = Bed::shared();
    bed.no(Code::Role, "ann", &["ann", "ann:11"], "ledger", frozen());
    bed.ok("ann", &["ann", "ann:11", "bob"], &[("ledger", frozen())]);
}

#[test]
fn only_agents_of_the_roles_count_and_the_author_is_among_them() {
    let mut bed = Bed::furnished();
    bed.no(Code::Role, "con", &["con"], "claim/e", asserted());
    bed.no(Code::Role, "con", &["ann", "con"], "claim/e", asserted());
    bed.no(Code::Role, "non", &["non"], "artifact/e", artifact());
    bed.no(
        Code::Role,
        "con",
        &["ann", "bob", "con"],
        "ledger",
        frozen(),
    );
    bed.no(Code::Role, "ann", &["ann", "con"], "ledger", frozen());
    bed.no(
        Code::Role,
        "att",
        &["att"],
        "agent/att",
        data("agent.changed", json!({"name": "x"})),
    );
    bed.no(Code::Role, "con", &["con"], "agent/non", key_added(20));
    bed.no(Code::Role, "con", &["con"], "agent/non", revoked(8));
    bed.ok(
        "con",
        &["con"],
        &[("claim/c", evidence("supports", "artifact/a"))],
    );
    bed.no(
        Code::Role,
        "att",
        &["att"],
        "claim/c",
        with_ref("evidence.withdrawn", 2),
    );
    bed.ok(
        "org",
        &["org"],
        &[("claim/c", with_ref("evidence.withdrawn", 2))],
    );
}

#[test]
fn power_is_given_by_the_threshold_only() {
    let mut bed = Bed::shared();
    for roles in [["curator"], ["steward"]] {
        bed.no(
            Code::Role,
            "cid",
            &["cid"],
            "agent/new",
            registered(&roles, &[20]),
        );
        bed.no(
            Code::Role,
            "cid",
            &["cid"],
            "agent/cid",
            data("agent.changed", json!({"roles": roles})),
        );
    }
    bed.no(
        Code::Role,
        "cid",
        &["cid"],
        "agent/con",
        data("agent.changed", json!({"roles": []})),
    );
    let rated = json!({"name": "n", "kind": "human", "roles": [], "keys": [proven(20)], "reliability": "1"});
    bed.no(
        Code::Role,
        "cid",
        &["cid"],
        "agent/new",
        data("agent.registered", rated.clone()),
    );
    bed.no(
        Code::Role,
        "cid",
        &["cid"],
        "agent/con",
        data("agent.changed", json!({"reliability": "1"})),
    );
    bed.ok(
        "cid",
        &["ann", "cid"],
        &[("agent/new", data("agent.registered", rated))],
    );
    bed.ok(
        "cid",
        &["cid"],
        &[("agent/two", registered(&["attester", "contributor"], &[21]))],
    );
    bed.no(Code::Role, "non", &["non"], "agent/non", compromised(8, 0));
}

#[test]
fn kinds_that_a_rule_leaves_out_do_not_count() {
    let mut bed = Bed::furnished();
    let to_active = || status(json!({"lifecycle": "active"}));
    bed.no(Code::Role, "bot", &["bot"], "claim/c", to_active());
    bed.no(Code::Role, "bot", &["ann", "bot"], "claim/c", to_active());
    let retract = || status(json!({"lifecycle": "retracted"}));
    bed.no(Code::Role, "ann", &["ann", "bot"], "claim/c", retract());
    bed.ok("org", &["org"], &[("claim/c", to_active())]);
    bed.ok("ann", &["ann", "org"], &[("claim/c", retract())]);
}

#[test]
fn one_of_those_counted_is_not_the_asserter() {
    let alone_enough = json!({"roles": ["curator"], "signatures": 1, "other_than": "asserter"});
    let mut bed = Bed::of(with_rule("claim.status_changed", alone_enough)).furnish();
    let to_active = || status(json!({"lifecycle": "active"}));
    bed.no(Code::Role, "ann", &["ann"], "claim/c", to_active());
    bed.no(
        Code::Role,
        "ann",
        &["ann", "ann:11"],
        "claim/c",
        to_active(),
    );
    bed.no(Code::Role, "ann", &["ann", "con"], "claim/c", to_active());
    bed.ok("ann", &["ann", "bob"], &[("claim/c", to_active())]);
    bed.ok("bob", &["bob"], &[("claim/d", to_active())]);
}

#[test]
fn an_assertion_itself_may_be_asked_to_have_another_than_the_asserter() {
    let rule = json!({"roles": ["curator"], "signatures": 1, "other_than": "asserter"});
    let mut bed = Bed::of(with_rule("claim.asserted", rule));
    bed.no(Code::Role, "ann", &["ann"], "claim/c", asserted());
    bed.ok("ann", &["ann", "bob"], &[("claim/c", asserted())]);
}

#[test]
fn nobody_attests_to_what_he_asserted_whoever_signs_with_him() {
    let mut bed = Bed::shared();
    bed.ok("bob", &["bob"], &[("claim/c", asserted())]);
    bed.no(
        Code::Role,
        "bob",
        &["bob"],
        "claim/c",
        attested("verifies", 1),
    );
    bed.no(
        Code::Role,
        "bob",
        &["att", "bob"],
        "claim/c",
        attested("verifies", 1),
    );
    bed.ok(
        "att",
        &["att", "bob"],
        &[("claim/c", attested("verifies", 1))],
    );
    let own = bed.commit(
        "bob",
        &[
            ("claim/n", asserted()),
            ("claim/n", attested("verifies", 1)),
        ],
    );
    bed.refuses(Code::Role, 1, own);
}

#[test]
fn an_outranking_rule_stands_in_place_of_its_types_and_where_two_apply_both_are_asked() {
    let mut bed = Bed::furnished();
    bed.ok(
        "ann",
        &["ann"],
        &[("claim/c", status(json!({"standing": "contested"})))],
    );
    bed.no(
        Code::Role,
        "ann",
        &["ann"],
        "claim/c",
        status(json!({"standing": "settled"})),
    );
    bed.no(
        Code::Role,
        "ann",
        &["ann"],
        "claim/c",
        status(json!({"lifecycle": "retracted"})),
    );
    bed.ok(
        "ann",
        &["ann"],
        &[("claim/c", status(json!({"lifecycle": "active"})))],
    );
    bed.ok(
        "ann",
        &["ann", "bob"],
        &[("claim/c", status(json!({"standing": "settled"})))],
    );

    let three = json!({"roles": ["curator"], "signatures": 3});
    let mut policy = with_rule("claim.status_changed/uncontested", three);
    policy["rules"]["claim.status_changed"] = json!({"roles": ["curator"], "signatures": 9});
    policy["rules"]["claim.revised"] = json!({"roles": ["curator"], "signatures": 9});
    let mut bed = Bed::of(policy).furnish();
    bed.no(
        Code::Role,
        "ann",
        &ALL,
        "claim/c",
        status(json!({"lifecycle": "active"})),
    );
    let contested = with_rule(
        "claim.status_changed/uncontested",
        json!({"roles": ["curator"], "signatures": 3}),
    );
    bed.ok(
        "ann",
        &["ann", "bob"],
        &[("ledger", super::bed::policy(contested))],
    );
    bed.ok(
        "ann",
        &["ann"],
        &[("claim/c", status(json!({"standing": "contested"})))],
    );
    let both = || status(json!({"lifecycle": "retracted", "standing": "refuted"}));
    // Three, yet only two of them of the kinds that retracting asks for and no more: still two.
    bed.no(Code::Role, "ann", &["ann", "bob"], "claim/c", both());
    bed.no(Code::Role, "ann", &["ann", "bot"], "claim/c", both());
    bed.ok("ann", &["ann", "bob", "bot"], &[("claim/c", both())]);
}

#[test]
fn a_claim_under_live_dispute_is_revised_by_two() {
    let mut bed = Bed::furnished();
    bed.ok("att", &["att"], &[("claim/c", attested("disputes", 1))]);
    bed.no(Code::Role, "ann", &["ann"], "claim/c", revised("two"));
    bed.ok(
        "att",
        &["att"],
        &[("claim/c", with_ref("attestation.withdrawn", 2))],
    );
    bed.ok("ann", &["ann"], &[("claim/c", revised("two"))]);
}

#[test]
fn what_has_no_rule_is_refused_even_where_its_type_has_one() {
    let mut policy_json = shared_policy();
    policy_json["rules"]
        .as_object_mut()
        .unwrap()
        .remove("view.defined");
    policy_json["rules"]
        .as_object_mut()
        .unwrap()
        .remove("agent.changed/power");
    let mut bed = Bed::of(policy_json);
    bed.no(Code::Role, "ann", &ALL, "view/v", view("view.defined"));
    bed.no(
        Code::Role,
        "ann",
        &ALL,
        "agent/con",
        data("agent.changed", json!({"roles": []})),
    );
}

#[test]
fn stewards_stay_able_to_act() {
    let mut bed = Bed::shared();
    let without = |name: &str| {
        (
            format!("agent/{name}"),
            data("agent.changed", json!({"roles": []})),
        )
    };
    let (bob, cid) = (without("bob"), without("cid"));
    let both = bed
        .commit("ann", &[(&bob.0, bob.1.clone()), (&cid.0, cid.1)])
        .by(&ALL);
    bed.refuses(Code::Stewards, None, both);
    bed.ok("ann", &ALL, &[(&bob.0, bob.1)]);
    let lost = bed.commit("cid", &[("agent/cid", revoked(3))]);
    bed.refuses(Code::Stewards, None, lost);
    bed.ok(
        "cid",
        &["cid"],
        &[("agent/cid", revoked(3)), ("agent/cid", key_added(20))],
    );
    let since = bed
        .commit("ann", &[("agent/cid", compromised(20, 2))])
        .by(&["ann", "cid:20"]);
    bed.refuses(Code::Since, 0, since);
    bed.ok("ann", &["ann"], &[("agent/ann", revoked(11))]);
}

#[test]
fn a_stream_that_moved_on_is_a_conflict_with_its_head() {
    let mut bed = Bed::furnished();
    bed.ok("ann", &["ann"], &[("claim/c", revised("two"))]);
    let head = *bed.state.stream(&subject("claim/c")).unwrap();
    let good = bed.commit("ann", &[("claim/c", revised("three"))]);
    let first = bed.state.event(&subject("claim/c"), 1).unwrap().id;
    for broken in [
        good.clone().change(0, |event| event.seq = 2),
        good.clone().change(0, |event| event.seq = 4),
        good.clone().change(0, |event| event.seq = u64::MAX),
        good.clone().change(0, |event| event.seq = 0),
        good.clone().change(0, |event| event.prev = None),
        good.clone().change(0, |event| event.prev = Some(first)),
    ] {
        let rejection = bed.admit(broken).unwrap_err();
        assert_eq!(
            (rejection.code, rejection.position),
            (Code::Conflict, Some(0))
        );
        assert_eq!(
            rejection.head,
            Some(Box::new((subject("claim/c"), 2, Some(head.last))))
        );
    }
    let new = bed
        .commit("ann", &[("claim/n", asserted())])
        .change(0, |event| event.prev = Some(first));
    bed.refuses(Code::Conflict, 0, new);
    let within = bed.commit(
        "ann",
        &[("claim/c", revised("x")), ("claim/c", revised("y"))],
    );
    let prev = within.events[0].prev;
    bed.refuses(
        Code::Conflict,
        1,
        within.change(1, |event| event.prev = prev),
    );
    bed.admit(good).unwrap();
}

#[test]
fn a_commit_is_admitted_whole_or_not_at_all() {
    let mut bed = Bed::furnished();
    let acts = [
        ("claim/n", asserted()),
        ("agent/new", registered(&[], &[20])),
        ("claim/n", attested("verifies", 7)),
    ];
    let commit = bed.commit("bob", &acts);
    bed.refuses(Code::Role, 2, commit);
    assert!(!bed.state.is_taken(&subject("claim/n")));
    assert!(bed.state.key_owner(&key_id(20)).is_none());
    bed.ok("bob", &["bob"], &acts[..2]);
}

#[test]
fn an_anchor_is_ours_and_not_older_than_the_authors_last() {
    let mut bed = Bed::furnished();
    let draft = |bed: &Bed, size| bed.commit("ann", &[("claim/c", note())]).anchored(size);
    for (size, code) in [
        (None, Code::Anchor),
        (Some(0), Code::Anchor),
        (Some(3), Code::Anchor),
    ] {
        let commit = draft(&bed, size);
        bed.refuses(code, None, commit);
    }
    let two = draft(&bed, Some(2));
    bed.admit(two).unwrap();
    let older = draft(&bed, Some(1));
    bed.refuses(Code::Conflict, None, older);
    let same = draft(&bed, Some(2));
    bed.admit(same).unwrap();
    let other = bed.commit("bob", &[("claim/c", note())]).anchored(Some(1));
    bed.admit(other).unwrap();
}

#[test]
fn recorded_never_falls_and_the_author_is_at_most_ten_minutes_ahead() {
    let mut bed = Bed::furnished();
    let last = bed.state.recorded().unwrap();
    let mut falls = bed.commit("ann", &[("claim/c", note())]);
    falls.recorded = Time::from_micros(last.micros() - 1).unwrap();
    bed.refuses(Code::Time, None, falls.clone());
    falls.recorded = last;
    falls.at = last.plus_micros(600_000_000);
    let mut ahead = falls.clone();
    ahead.at = last.plus_micros(600_000_001);
    bed.refuses(Code::Time, None, ahead);
    bed.admit(falls).unwrap();
    let mut past = bed.commit("ann", &[("claim/c", note())]);
    past.at = Time::from_micros(0).unwrap();
    bed.admit(past).unwrap();
}

#[test]
fn what_is_there_already_is_refused() {
    let mut bed = Bed::furnished();
    let doi = || {
        data(
            "artifact.registered",
            json!({"title": "t", "kind": "paper", "doi": "10.1234/x"}),
        )
    };
    bed.ok("ann", &["ann"], &[("artifact/doi", doi())]);
    bed.no(Code::Exists, "con", &["con"], "artifact/other", doi());
    bed.no(Code::Exists, "con", &["con"], "artifact/a", artifact());
    bed.no(Code::Exists, "ann", &["ann"], "claim/c", asserted());
    bed.no(Code::Exists, "ann", &["ann"], "context/x", context());
    bed.no(
        Code::Exists,
        "ann",
        &["ann"],
        "view/v",
        view("view.defined"),
    );
    bed.no(
        Code::Exists,
        "ann",
        &["ann"],
        "agent/con",
        registered(&[], &[20]),
    );
    let keyed = |key: &str| {
        data(
            "evidence.added",
            json!({"relation": "supports", "artifact": "artifact/a", "note": "n", "key": key}),
        )
    };
    let acts = [
        evidence("supports", "artifact/a"),
        keyed("k"),
        scoped("holds_in", "context/x"),
        linked("refines", "claim/d"),
    ];
    for act in &acts {
        bed.ok("ann", &["ann"], &[("claim/c", act.clone())]);
        bed.no(Code::Exists, "ann", &["ann"], "claim/c", act.clone());
    }
    for (seq, kind) in [
        (2, "evidence.withdrawn"),
        (3, "evidence.withdrawn"),
        (4, "claim.unscoped"),
        (5, "claim.unlinked"),
    ] {
        bed.ok("ann", &["ann"], &[("claim/c", with_ref(kind, seq))]);
    }
    let again = acts.map(|act| ("claim/c", act));
    bed.ok("ann", &["ann"], &again);
    for other in [
        evidence("disputes", "artifact/a"),
        evidence("supports", "artifact/b"),
        keyed("l"),
        scoped("fails_in", "context/x"),
        linked("supports", "claim/d"),
    ] {
        bed.ok("ann", &["ann"], &[("claim/c", other)]);
    }
    bed.ok("att", &["att"], &[("claim/c", attested("verifies", 1))]);
    bed.no(
        Code::Exists,
        "att",
        &["att"],
        "claim/c",
        attested("disputes", 1),
    );
    bed.ok("bob", &["bob"], &[("claim/c", attested("disputes", 1))]);
}

#[test]
fn what_is_named_exists() {
    let mut bed = Bed::furnished();
    let one = ["ann"];
    bed.no(Code::Missing, "ann", &one, "claim/none", revised("x"));
    bed.no(Code::Missing, "ann", &one, "claim/none", note());
    bed.no(
        Code::Missing,
        "ann",
        &one,
        "claim/c",
        evidence("supports", "artifact/none"),
    );
    let replicates = json!({"relation": "supports", "artifact": "artifact/a", "note": "n", "replicates": "artifact/none"});
    bed.no(
        Code::Missing,
        "ann",
        &one,
        "claim/c",
        data("evidence.added", replicates),
    );
    bed.no(
        Code::Missing,
        "ann",
        &one,
        "claim/c",
        scoped("holds_in", "context/none"),
    );
    bed.no(
        Code::Missing,
        "ann",
        &one,
        "claim/c",
        linked("supports", "claim/none"),
    );
    bed.no(
        Code::Missing,
        "ann",
        &one,
        "artifact/none",
        data("artifact.appraised", json!({"credibility": "1"})),
    );
    bed.no(
        Code::Missing,
        "ann",
        &one,
        "artifact/a",
        data(
            "artifact.standing_changed",
            json!({"standing": "superseded", "reason": "r", "by": "artifact/none"}),
        ),
    );
    bed.no(
        Code::Missing,
        "ann",
        &one,
        "view/none",
        view("view.changed"),
    );
    bed.no(Code::Missing, "ann", &ALL, "agent/none", key_added(20));
    bed.no(
        Code::Missing,
        "ann",
        &ALL,
        "claim/none",
        with_ref("event.reaffirmed", 1),
    );
    bed.ok(
        "ann",
        &one,
        &[("claim/c", status(json!({"lifecycle": "active"})))],
    );
    let merged = json!({"lifecycle": "merged", "by": "claim/none"});
    bed.no(Code::Missing, "ann", &one, "claim/c", status(merged));
    // Entities are asked for before the step is judged.
    let wrong_step = json!({"lifecycle": "active", "by": "claim/none"});
    bed.no(Code::Missing, "ann", &one, "claim/c", status(wrong_step));
}

#[test]
fn nothing_names_itself_and_merges_make_no_circle() {
    let mut bed = Bed::furnished();
    let one = ["ann"];
    let merged = |by: &str| status(json!({"lifecycle": "merged", "by": by}));
    let active = || status(json!({"lifecycle": "active"}));
    bed.no(
        Code::Self_,
        "ann",
        &one,
        "claim/c",
        linked("same_as", "claim/c"),
    );
    bed.no(
        Code::Self_,
        "ann",
        &one,
        "artifact/a",
        data(
            "artifact.standing_changed",
            json!({"standing": "superseded", "reason": "r", "by": "artifact/a"}),
        ),
    );
    bed.ok(
        "ann",
        &one,
        &[
            ("claim/e", asserted()),
            ("claim/c", active()),
            ("claim/d", active()),
            ("claim/e", active()),
        ],
    );
    bed.no(Code::Self_, "ann", &one, "claim/c", merged("claim/c"));
    bed.ok(
        "ann",
        &one,
        &[
            ("claim/c", merged("claim/d")),
            ("claim/d", merged("claim/e")),
        ],
    );
    bed.no(Code::Self_, "ann", &one, "claim/e", merged("claim/c"));
    bed.ok("ann", &one, &[("claim/d", active())]);
    bed.ok("ann", &one, &[("claim/e", merged("claim/c"))]);
}

#[test]
fn a_ref_is_of_the_right_type_and_live() {
    let mut bed = Bed::furnished();
    bed.ok(
        "ann",
        &["ann"],
        &[
            ("claim/c", evidence("supports", "artifact/a")),
            ("claim/c", scoped("holds_in", "context/x")),
            ("claim/c", linked("supports", "claim/d")),
        ],
    );
    bed.ok("att", &["att"], &[("claim/c", attested("verifies", 1))]);
    let right = [
        ("evidence.revised", 2),
        ("evidence.withdrawn", 2),
        ("claim.unscoped", 3),
        ("claim.unlinked", 4),
        ("attestation.withdrawn", 5),
    ];
    for (kind, seq) in right {
        for other in [0, 1, 2, 3, 4, 5, 6, u64::MAX >> 11] {
            if other != seq {
                bed.no(
                    Code::Ref,
                    "cid",
                    &["cid", "ann"],
                    "claim/c",
                    with_ref("attestation.withdrawn", 1),
                );
                let (author, signers) = if kind.starts_with("att") {
                    ("cid", ["cid"])
                } else {
                    ("ann", ["ann"])
                };
                bed.no(
                    Code::Ref,
                    author,
                    &signers,
                    "claim/c",
                    with_ref(kind, other),
                );
            }
        }
    }
    for (kind, seq) in &right[1..] {
        let (author, signers) = if kind.starts_with("att") {
            ("cid", ["cid"])
        } else {
            ("ann", ["ann"])
        };
        bed.ok(author, &signers, &[("claim/c", with_ref(kind, *seq))]);
        bed.no(Code::Ref, author, &signers, "claim/c", with_ref(kind, *seq));
    }
    bed.no(
        Code::Ref,
        "ann",
        &["ann"],
        "claim/c",
        with_ref("evidence.revised", 2),
    );
    let on = data("note.added", json!({"text": "n", "on": 99}));
    bed.no(Code::Ref, "non", &["non"], "claim/c", on);
    bed.no(
        Code::Ref,
        "ann",
        &["ann"],
        "claim/c",
        with_ref("event.reaffirmed", 1),
    );
    bed.no(
        Code::Ref,
        "ann",
        &["ann"],
        "claim/c",
        with_ref("event.reaffirmed", 99),
    );
    bed.ok("att", &["att"], &[("claim/c", attested("verifies", 1))]);
    let seq = bed.state.stream(&subject("claim/c")).unwrap().seq;
    bed.ok("ann", &["ann"], &[("claim/c", revised("two"))]);
    bed.no(
        Code::Ref,
        "att",
        &["att"],
        "claim/c",
        with_ref("attestation.withdrawn", seq),
    );
}

#[test]
fn an_attestation_speaks_of_the_current_version() {
    let mut bed = Bed::furnished();
    for version in [0, 2] {
        bed.no(
            Code::Version,
            "att",
            &["att"],
            "claim/c",
            attested("verifies", version),
        );
    }
    bed.ok("ann", &["ann"], &[("claim/c", revised("two"))]);
    for version in [1, 3] {
        bed.no(
            Code::Version,
            "att",
            &["att"],
            "claim/c",
            attested("verifies", version),
        );
    }
    bed.ok("att", &["att"], &[("claim/c", attested("verifies", 2))]);
}

#[test]
fn every_status_step_is_as_the_table_says() {
    use Lifecycle::{Active, Merged, Proposed, Retracted, Superseded};
    let allowed = [
        (Proposed, Active),
        (Proposed, Retracted),
        (Active, Superseded),
        (Active, Merged),
        (Active, Retracted),
        (Superseded, Active),
        (Merged, Active),
    ];
    let way = |to: Lifecycle| match to {
        Proposed => vec![],
        Active => vec![Active],
        Superseded => vec![Active, Superseded],
        Merged => vec![Active, Merged],
        Retracted => vec![Retracted],
    };
    let step = |to: Lifecycle, with_by: bool| {
        let mut json = json!({"lifecycle": to.word()});
        if with_by {
            json["by"] = "claim/d".into();
        }
        status(json)
    };
    let needs_by = |to: Lifecycle| matches!(to, Superseded | Merged);
    for from in Lifecycle::ALL {
        for to in Lifecycle::ALL {
            for with_by in [false, true] {
                let mut bed = Bed::furnished();
                for on_the_way in way(*from) {
                    bed.ok(
                        "ann",
                        &["ann", "bob"],
                        &[("claim/c", step(on_the_way, needs_by(on_the_way)))],
                    );
                }
                let commit = bed
                    .commit("ann", &[("claim/c", step(*to, with_by))])
                    .by(&["ann", "bob"]);
                if allowed.contains(&(*from, *to)) && with_by == needs_by(*to) {
                    bed.admit(commit).unwrap();
                    assert_eq!(bed.claim("c").status.lifecycle, *to);
                    assert_eq!(bed.claim("c").status.by, with_by.then(|| slug("d")));
                } else {
                    bed.refuses(Code::Status, 0, commit);
                }
            }
        }
    }
}

#[test]
fn a_standing_may_become_any_other_and_not_itself() {
    for from in Standing::ALL {
        for to in Standing::ALL {
            let mut bed = Bed::furnished();
            if *from != Standing::Hypothesis {
                bed.ok(
                    "ann",
                    &["ann"],
                    &[("claim/c", status(json!({"standing": from.word()})))],
                );
            }
            let commit = bed
                .commit(
                    "ann",
                    &[("claim/c", status(json!({"standing": to.word()})))],
                )
                .by(&["ann", "bob"]);
            if from == to {
                bed.refuses(Code::Status, 0, commit);
            } else {
                bed.admit(commit).unwrap();
                assert_eq!(bed.claim("c").status.standing, *to);
            }
        }
    }
    let mut bed = Bed::furnished();
    let by = json!({"standing": "tested", "by": "claim/d"});
    bed.no(Code::Status, "ann", &["ann"], "claim/c", status(by));
    let half = json!({"lifecycle": "active", "standing": "hypothesis"});
    bed.no(Code::Status, "ann", &["ann"], "claim/c", status(half));
}

#[test]
fn retracted_is_final_for_the_lifecycle_and_other_acts_go_on() {
    let mut bed = Bed::furnished();
    bed.ok(
        "ann",
        &["ann", "bob"],
        &[("claim/c", status(json!({"lifecycle": "retracted"})))],
    );
    bed.ok(
        "ann",
        &["ann"],
        &[
            ("claim/c", evidence("supports", "artifact/a")),
            ("claim/c", status(json!({"standing": "refuted"}))),
            ("claim/c", note()),
        ],
    );
}

#[test]
fn a_key_is_registered_once_in_the_ledgers_life() {
    let mut bed = Bed::shared();
    for number in [1, 4] {
        bed.no(
            Code::Key,
            "ann",
            &["ann"],
            "agent/new",
            registered(&[], &[20, number]),
        );
        bed.no(Code::Key, "ann", &["ann"], "agent/ann", key_added(number));
    }
    bed.no(
        Code::Key,
        "ann",
        &["ann"],
        "agent/new",
        registered(&[], &[20, 20]),
    );
    let twice = [
        ("agent/new", registered(&[], &[20])),
        ("agent/two", registered(&[], &[20])),
    ];
    let twice = bed.commit("ann", &twice);
    bed.refuses(Code::Key, 1, twice);
    bed.ok(
        "con",
        &["con"],
        &[("agent/con", key_added(20)), ("agent/con", revoked(20))],
    );
    bed.no(Code::Key, "con", &["con"], "agent/con", key_added(20));
    let log = json!({"key": log_key().to_string(), "proof": proven(1)["proof"]});
    bed.no(
        Code::Key,
        "con",
        &["con"],
        "agent/con",
        data("agent.key_added", log),
    );
    let draft = bed.commit(
        "con",
        &[("agent/con", note()), ("agent/con", key_added(21))],
    );
    bed.refuses(
        Code::Possession,
        1,
        draft.clone().fault(1, 21, KeyFaultKind::Possession),
    );
    bed.refuses(
        Code::Key,
        1,
        draft
            .clone()
            .fault(1, 21, KeyFaultKind::Unsound("mixed".into())),
    );
    bed.admit(draft).unwrap();
}

#[test]
fn another_key_than_the_announced_one_needs_k_stewards_other_than_the_agent() {
    let mut bed = Bed::shared();
    bed.ok("ann", &["ann"], &[("agent/ann", key_added_next(20, 21))]);
    bed.no(Code::Key, "ann", &["ann"], "agent/ann", key_added(22));
    bed.no(
        Code::Key,
        "ann",
        &["ann", "bob"],
        "agent/ann",
        key_added(22),
    );
    bed.no(
        Code::Key,
        "ann",
        &["ann", "bob", "con"],
        "agent/ann",
        key_added(22),
    );
    bed.ok("ann", &ALL, &[("agent/ann", key_added_next(22, 23))]);
    bed.no(Code::Key, "ann", &["ann"], "agent/ann", key_added(21));
    bed.ok("bob", &["bob", "cid"], &[("agent/ann", key_added(24))]);
    bed.ok("ann", &["ann"], &[("agent/ann", key_added(25))]);
}

#[test]
fn a_key_is_revoked_once_and_once_more_with_since() {
    let mut bed = Bed::shared();
    let two = ["ann", "bob"];
    bed.no(Code::Key, "ann", &two, "agent/con", revoked(5));
    bed.no(Code::Key, "ann", &two, "agent/con", revoked(99));
    bed.ok(
        "con",
        &["con"],
        &[("agent/con", key_added(20)), ("agent/con", revoked(4))],
    );
    bed.no(Code::Key, "con", &["con:20"], "agent/con", revoked(4));
    bed.ok("ann", &two, &[("agent/con", compromised(4, 1))]);
    for again in [revoked(4), compromised(4, 1), compromised(4, 0)] {
        bed.no(Code::Key, "ann", &two, "agent/con", again);
    }
}

#[test]
fn since_lies_between_the_keys_registration_and_its_revocation_and_the_key_does_not_sign() {
    let mut bed = Bed::furnished();
    let registered = bed.ok("con", &["con"], &[("agent/con", key_added(20))]);
    let now = bed.index();
    let two = ["ann", "bob"];
    bed.no(
        Code::Since,
        "ann",
        &two,
        "agent/con",
        compromised(20, registered - 1),
    );
    bed.no(
        Code::Since,
        "ann",
        &two,
        "agent/con",
        compromised(20, now + 1),
    );
    bed.no(
        Code::Since,
        "ann",
        &["ann", "bob"],
        "agent/ann",
        compromised(1, 0),
    );
    bed.no(
        Code::Since,
        "ann",
        &["ann", "bob"],
        "agent/bob",
        compromised(2, now),
    );
    for since in [registered, now] {
        let mut trial = Bed {
            state: bed.state.clone(),
            entries: bed.entries.clone(),
        };
        trial.ok("ann", &two, &[("agent/con", compromised(20, since))]);
    }
    bed.ok(
        "ann",
        &["ann:11", "bob"],
        &[("agent/ann", compromised(1, 0))],
    );
}

#[test]
fn a_closed_ledger_admits_maps_only() {
    for end in [moved(), frozen()] {
        let mut bed = Bed::furnished();
        let both = bed
            .commit("ann", &[("ledger", end.clone()), ("claim/c", note())])
            .by(&["ann", "bob"]);
        bed.refuses(Code::Closed, 1, both);
        bed.ok("ann", &["ann", "bob"], &[("ledger", end)]);
        bed.no(Code::Closed, "ann", &["ann"], "claim/c", note());
        bed.no(Code::Closed, "ann", &["ann", "bob"], "ledger", frozen());
        bed.no(
            Code::Closed,
            "ann",
            &["ann", "bob"],
            "agent/con",
            compromised(4, 1),
        );
    }
}

#[test]
fn a_map_is_of_all_before_it_by_the_log_alone() {
    let mut bed = Bed::furnished();
    bed.no(Code::Map, "log", &["log"], "agent/log", mapped(1, 7));
    bed.no(Code::Map, "log", &["log"], "agent/log", mapped(3, 7));
    bed.no(Code::Map, "log", &["log"], "agent/log", mapped(2, 6));
    bed.no(Code::Map, "log", &["log"], "agent/log", mapped(2, 8));
    bed.no(Code::Map, "log", &["ann", "log"], "agent/log", mapped(2, 7));
    bed.no(Code::Map, "log", &["ann"], "agent/log", mapped(2, 7));
    bed.no(Code::Map, "ann", &["log"], "agent/log", mapped(2, 7));
    bed.no(Code::Map, "ann", &["ann"], "agent/log", mapped(2, 7));
    bed.no(Code::Map, "log", &["log"], "agent/ann", mapped(2, 7));
    let two = bed.commit(
        "log",
        &[("agent/log", mapped(2, 7)), ("agent/log", mapped(2, 7))],
    );
    bed.refuses(Code::Map, 0, two);
    let draft = bed.commit("log", &[("agent/log", mapped(2, 7))]);
    bed.refuses(
        Code::Conflict,
        0,
        draft.clone().change(0, |event| event.seq = 2),
    );
    bed.admit(draft).unwrap();
}

#[test]
fn agent_log_and_its_key_are_nobody_elses() {
    let mut bed = Bed::furnished();
    let acts: Vec<(&str, Data)> = vec![
        ("agent/log", registered(&[], &[20])),
        ("agent/log", note()),
        ("agent/log", key_added(20)),
        ("agent/log", data("agent.changed", json!({"name": "x"}))),
        (
            "agent/log",
            data(
                "agent.key_revoked",
                json!({"key": log_key().id().to_string(), "reason": "lost"}),
            ),
        ),
    ];
    for (on, data) in acts {
        bed.no(Code::Map, "ann", &["ann", "bob"], on, data);
    }
    bed.no(Code::Map, "log", &["log"], "claim/c", note());
    bed.no(Code::Map, "ann", &["ann", "log"], "claim/c", note());
}

#[test]
fn the_first_failure_is_the_answer() {
    let mut bed = Bed::furnished();
    // role before conflict, conflict before missing, time before anchor.
    let draft = bed
        .commit("con", &[("claim/none", revised("x"))])
        .change(0, |event| event.seq = 9);
    bed.refuses(Code::Role, 0, draft);
    let draft = bed
        .commit("ann", &[("claim/none", revised("x"))])
        .change(0, |event| event.seq = 9);
    bed.refuses(Code::Conflict, 0, draft);
    let mut draft = bed
        .commit("ann", &[("claim/none", revised("x"))])
        .anchored(None);
    bed.refuses(Code::Anchor, None, draft.clone());
    draft.at = draft.recorded.plus_micros(601_000_000);
    bed.refuses(Code::Time, None, draft);
    let mut three = shared_policy();
    three["stewards"] = 3.into();
    let draft = bed
        .commit("ann", &[("ledger", policy(three))])
        .by(&["ann", "bob"])
        .change(0, |event| event.seq = 9);
    bed.refuses(Code::Role, 0, draft);
}

/// What one act of these signers is refused with, and the next step that is named.
#[track_caller]
fn told(
    bed: &mut Bed,
    signers: &[&str],
    on: &str,
    data: Data,
) -> (Code, String, String, Option<String>) {
    let commit = bed.commit(signers[0], &[(on, data)]).by(signers);
    let refusal = bed.admit(commit).expect_err("a refusal");
    (refusal.code, refusal.found, refusal.expected, refusal.hint)
}

#[test]
fn a_ledger_that_moved_names_where_it_goes_on_and_a_frozen_one_names_nothing() {
    for (end, next) in [
        (
            moved(),
            Some("it goes on as claims.example/next".to_owned()),
        ),
        (frozen(), None),
    ] {
        let mut bed = Bed::furnished();
        let at = bed.ok("ann", &["ann", "bob"], &[("ledger", end.clone())]);
        let (code, found, expected, hint) = told(&mut bed, &["ann"], "claim/c", note());
        assert_eq!(code, Code::Closed);
        assert_eq!(
            found,
            format!("a ledger closed by {} at @{at}.0", end.name())
        );
        assert_eq!((expected.as_str(), hint), ("an open ledger", next));
    }
}

#[test]
fn only_who_attests_to_what_he_asserted_is_told_that_he_asserted_it() {
    let own = "you asserted this claim; only others attest: grounds agent add";
    let roles = "grounds show agent/… tells an agent's roles; a steward changes them with grounds agent change";
    let mut bed = Bed::shared();
    bed.ok("bob", &["bob"], &[("claim/c", asserted())]);
    let verifies = || attested("verifies", 1);
    let (_, found, expected, hint) = told(&mut bed, &["bob"], "claim/c", verifies());
    assert_eq!(
        found,
        "an attestation by agent/bob, who asserted this claim"
    );
    assert_eq!(expected, "an attester who is not the asserter");
    assert_eq!(hint.as_deref(), Some(own));
    // Somebody without the role did not assert it.
    let (_, found, _, hint) = told(&mut bed, &["con"], "claim/c", verifies());
    assert_eq!(found, "attestation.made signed by agent/con (contributor)");
    assert_eq!(hint.as_deref(), Some(roles));
    // The asserter is refused other acts for want of others, not for having asserted.
    let rule = json!({"roles": ["curator"], "signatures": 1, "other_than": "asserter"});
    let mut bed = Bed::of(with_rule("claim.asserted", rule));
    let (_, found, expected, hint) = told(&mut bed, &["ann"], "claim/c", asserted());
    assert_eq!(
        found,
        "claim.asserted signed by agent/ann (contributor, curator, steward)"
    );
    assert_eq!(
        expected,
        "1 signature by agents with role curator, one of them not the asserter, the author among them"
    );
    assert_eq!(hint.as_deref(), Some(roles));
}

#[test]
fn whose_signature_is_missing_is_told_how_others_sign() {
    let with_out =
        "write it with --out FILE, have the others run grounds sign FILE, then grounds submit FILE";
    let on_ledger = "collect the signatures with grounds sign FILE, then grounds submit FILE";
    let mut bed = Bed::furnished();
    let (_, found, expected, hint) = told(&mut bed, &["ann"], "ledger", frozen());
    assert_eq!(
        found,
        "ledger.frozen signed by agent/ann (contributor, curator, steward)"
    );
    assert_eq!(
        expected,
        "2 signatures by agents with role steward, the author among them"
    );
    assert_eq!(hint.as_deref(), Some(on_ledger));
    let retracted = status(json!({"lifecycle": "retracted"}));
    let (_, _, _, hint) = told(&mut bed, &["bob"], "claim/c", retracted);
    assert_eq!(hint.as_deref(), Some(with_out));
    // Where one signature would do on the ledger too, it is the wrong one.
    let rule = json!({"roles": ["steward"], "signatures": 1});
    let mut bed = Bed::of(with_rule("note.added", rule));
    let (_, _, expected, hint) = told(&mut bed, &["con"], "ledger", note());
    assert!(expected.starts_with("1 signature by "), "{expected}");
    assert!(hint.unwrap().starts_with("grounds show agent/…"));
}

/// The whole refusal in one line: code, what was found and expected, and the next step.
#[track_caller]
fn in_words(bed: &mut Bed, commit: super::super::Recorded) -> String {
    let refusal = bed.admit(commit).expect_err("a refusal");
    let hint = refusal.hint.as_deref().unwrap_or("-");
    format!("{}: {refusal} [{hint}]", refusal.code)
}

#[test]
fn a_conflict_tells_where_the_stream_stands_and_what_was_signed() {
    let mut bed = Bed::furnished();
    let on = subject("claim/c");
    bed.ok("ann", &["ann"], &[("claim/c", revised("two"))]);
    let first = bed.state.event(&on, 1).unwrap().id;
    let last = bed.state.stream(&on).unwrap().last;
    let good = bed.commit("ann", &[("claim/c", revised("three"))]);
    let next = "[grounds log claim/c -n 1, then sign again]";
    let broken = good.clone().change(0, |event| event.seq = 2);
    assert_eq!(
        in_words(&mut bed, broken),
        format!("conflict: event 0: found claim/c at seq 2, expected seq 3 after {last} {next}")
    );
    let broken = good.clone().change(0, |event| event.prev = Some(first));
    assert_eq!(
        in_words(&mut bed, broken),
        format!(
            "conflict: event 0: found claim/c at seq 3 after {first}, expected seq 3 after {last} {next}"
        )
    );
    let broken = good.change(0, |event| event.prev = None);
    assert_eq!(
        in_words(&mut bed, broken),
        format!(
            "conflict: event 0: found claim/c at seq 3 after null, expected seq 3 after {last} {next}"
        )
    );
    let new = bed
        .commit("ann", &[("claim/n", asserted())])
        .change(0, |event| event.seq = 2);
    assert_eq!(
        in_words(&mut bed, new),
        "conflict: event 0: found claim/n at seq 2, expected seq 1 after null \
         [grounds log claim/n -n 1, then sign again]"
    );
}

#[test]
fn a_refusal_says_what_was_found_what_was_expected_and_what_to_do() {
    let ann = vec!["ann"];
    let two = vec!["ann", "bob"];
    let (con, log, att, non) = (vec!["con"], vec!["log"], vec!["att"], vec!["non"]);
    let mut no_policy = shared_policy();
    no_policy["rules"]
        .as_object_mut()
        .unwrap()
        .remove("agent.registered/power");
    let nobodys = with_rule("note.added", json!({"roles": [], "signatures": 1}));
    let four = with_rule(
        "ledger.frozen",
        json!({"roles": ["steward"], "signatures": 4}),
    );
    let (k1, k4, k20) = (key_id(1), key_id(4), key_id(20));
    let roles = "[grounds show agent/… tells an agent's roles; a steward changes them with grounds agent change]";
    let cases: Vec<(&Vec<&str>, &str, Data, String)> = vec![
        (
            &ann,
            "claim/none",
            revised("x"),
            "missing: event 0: found claim/none, which does not exist, expected a subject that exists in effect [-]".into(),
        ),
        (
            &ann,
            "claim/c",
            asserted(),
            "exists: event 0: found claim/c again, expected a subject that is not there yet [choose another slug]".into(),
        ),
        (
            &ann,
            "claim/c",
            linked("supports", "claim/c"),
            "self: event 0: found claim/c, expected another subject than the event's own [-]".into(),
        ),
        (
            &ann,
            "claim/c",
            with_ref("claim.unscoped", 1),
            "ref: event 0: found ref 1, expected a live claim.scoped of this claim [-]".into(),
        ),
        (
            &ann,
            "claim/c",
            with_ref("claim.unlinked", 1),
            "ref: event 0: found ref 1, expected a live claim.linked of this claim [-]".into(),
        ),
        (
            &ann,
            "claim/c",
            with_ref("evidence.revised", 1),
            "ref: event 0: found ref 1, expected a live evidence.added of this claim [-]".into(),
        ),
        (
            &ann,
            "claim/c",
            with_ref("attestation.withdrawn", 1),
            "ref: event 0: found ref 1, expected a live attestation.made on the current version [-]".into(),
        ),
        (
            &ann,
            "claim/c",
            with_ref("event.reaffirmed", 1),
            "ref: event 0: found ref 1, expected an event that is set aside now [-]".into(),
        ),
        (
            &ann,
            "claim/c",
            with_ref("event.reaffirmed", 9),
            "ref: event 0: found ref 9, expected an event of this stream [-]".into(),
        ),
        (
            &ann,
            "claim/c",
            status(json!({"lifecycle": "superseded", "by": "claim/d"})),
            "status: event 0: found lifecycle proposed → superseded, expected one of: active, retracted [-]".into(),
        ),
        (
            &ann,
            "claim/c",
            status(json!({"standing": "hypothesis"})),
            "status: event 0: found standing hypothesis, expected a standing different from now [-]".into(),
        ),
        (
            &ann,
            "claim/c",
            status(json!({"lifecycle": "active", "by": "claim/d"})),
            "status: event 0: found by without superseded or merged, expected by only with superseded or merged [-]".into(),
        ),
        (
            &two,
            "agent/con",
            compromised(4, 9),
            "since: event 0: found since 9, expected an entry from 0, where the key was registered, to 2 [-]".into(),
        ),
        (
            &two,
            "agent/ann",
            compromised(1, 1),
            "since: event 0: found a signature by the revoked key itself, expected a revocation with since that the revoked key does not sign [-]".into(),
        ),
        (
            &two,
            "agent/bob",
            revoked(4),
            format!("key: event 0: found {k4}, expected a key of agent/bob [-]"),
        ),
        (
            &ann,
            "agent/new",
            registered(&[], &[1]),
            format!("key: event 0: found {k1}, a key of agent/ann since @0, expected a key that was never registered in this ledger [-]"),
        ),
        (
            &ann,
            "agent/new",
            registered(&[], &[20, 20]),
            format!("key: event 0: found {k20} twice, expected each key once in the ledger's life [-]"),
        ),
        (
            &two,
            "ledger",
            policy(no_policy),
            "policy: found no rule for agent.registered/power, expected a rule for it: nobody could change anything [-]".into(),
        ),
        (
            &two,
            "ledger",
            policy(nobodys),
            "policy: found a rule for note.added without roles and alone, expected roles, or alone [-]".into(),
        ),
        (
            &two,
            "ledger",
            policy(four),
            "policy: found 4 signatures of stewards for ledger.frozen, expected at most 3, the stewards with a valid key [-]".into(),
        ),
        (
            &con,
            "claim/c",
            attested("verifies", 1),
            format!("role: event 0: found attestation.made signed by agent/con (contributor), \
                     expected 1 signature by agents with role attester, one of them not the asserter, the author among them {roles}"),
        ),
        (
            &non,
            "claim/c",
            status(json!({"standing": "tested"})),
            format!("role: event 0: found claim.status_changed signed by agent/non (no role), \
                     expected 1 signature by agents with role curator of kind human or organization, the author among them {roles}"),
        ),
        (
            &att,
            "claim/c",
            attested("verifies", 2),
            "version: event 0: found version 2, expected v1, the current version [read the claim as it is now, then attest to that]".into(),
        ),
        (
            &log,
            "agent/log",
            mapped(1, 7),
            "map: event 0: found a map of 1 entries, expected a map of the 2 entries before it [-]".into(),
        ),
        (
            &log,
            "agent/log",
            mapped(2, 6),
            "map: event 0: found 6 subjects, expected the 7 subjects that have streams [-]".into(),
        ),
        (
            &log,
            "claim/c",
            note(),
            "map: event 0: found a signature by the log key, expected the log key under ledger.mapped only [-]".into(),
        ),
        (
            &ann,
            "agent/log",
            note(),
            "map: event 0: found note.added on agent/log, expected ledger.mapped only [-]".into(),
        ),
    ];
    for (signers, on, data, expected) in cases {
        let mut bed = Bed::furnished();
        let commit = bed.commit(signers[0], &[(on, data)]).by(signers);
        assert_eq!(in_words(&mut bed, commit), expected);
    }
    let mut bed = Bed::furnished();
    let commit = bed.commit("ann", &[("claim/c", note())]);
    for (broken, expected) in [
        (
            commit.clone().anchored(None),
            "anchor: found null, expected an anchor; only genesis has none [-]",
        ),
        (
            commit.clone().anchored(Some(3)),
            "anchor: found an anchor of size 3, expected a size from 1 to 2, the entry's own index [-]",
        ),
        (
            commit.clone().fault(0, 20, KeyFaultKind::Possession),
            &format!(
                "possession: event 0: found a proof that {k20} did not sign, expected the key's signature over \
                 grounds/v1/possession, the origin, the agent and the key id [-]"
            ),
        ),
        (
            commit
                .clone()
                .fault(0, 20, KeyFaultKind::Unsound("small order".into())),
            &format!(
                "key: event 0: found {k20}, small order, expected a canonical, torsion-free key that is not of small order [-]"
            ),
        ),
    ] {
        assert_eq!(in_words(&mut bed, broken), expected);
    }
    bed.ok("ann", &["ann"], &[("claim/c", note())]);
    let older = bed.commit("ann", &[("claim/c", note())]).anchored(Some(1));
    assert_eq!(
        in_words(&mut bed, older),
        "conflict: found an anchor of size 1, expected a size of at least 2, the anchor of the author's last commit \
         [anchor to the newest checkpoint and sign again]"
    );
    bed.ok("att", &["att"], &[("claim/c", attested("endorses", 1))]);
    let again = bed.commit("att", &[("claim/c", attested("disputes", 1))]);
    assert_eq!(
        in_words(&mut bed, again),
        "exists: event 0: found an attestation by agent/att (@3.0) again, expected something that is not there already \
         [grounds attest withdraw, then attest again]"
    );
    let retracted = || status(json!({"lifecycle": "retracted"}));
    bed.ok("ann", &["ann", "bob"], &[("claim/d", retracted())]);
    let step = bed
        .commit("ann", &[("claim/d", retracted())])
        .by(&["ann", "bob"]);
    assert_eq!(
        in_words(&mut bed, step),
        "status: event 0: found lifecycle retracted → retracted, expected one of: none; this is final [-]"
    );
    let mut early = bed.commit("ann", &[("claim/c", note())]);
    early.recorded = bed.state.recorded().unwrap().plus_micros(-1);
    early.at = early.recorded;
    assert_eq!(
        in_words(&mut bed, early.clone()),
        format!(
            "time: found recorded {}, expected a time not before the last entry's, {} [-]",
            early.recorded,
            bed.state.recorded().unwrap()
        )
    );
}

//! What event types say of themselves, and what a state tells of its entities.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::event::{LogKey, Year};
use super::super::{
    Agent, Artifact, ArtifactStanding, Claim, Context, Data, Event, Lifecycle, Orcid, State, View,
};
use super::bed::*;
use crate::form::Form;
use crate::json::Json;
use crate::value::{Doi, FormError, Slug, Subject, Time};

/// One of each type.
fn each() -> Vec<Data> {
    let standing = json!({"standing": "retracted", "reason": "r"});
    vec![
        created(&founders(), shared_policy()),
        policy(shared_policy()),
        adopted(),
        moved(),
        frozen(),
        mapped(1, 1),
        registered(&[], &[20, 21]),
        data("agent.changed", json!({"name": "x"})),
        key_added(22),
        revoked(4),
        artifact(),
        data("artifact.appraised", json!({"credibility": "0.5"})),
        data("artifact.standing_changed", standing),
        context(),
        asserted(),
        revised("two"),
        status(json!({"lifecycle": "active"})),
        scoped("holds_in", "context/x"),
        with_ref("claim.unscoped", 3),
        linked("supports", "claim/d"),
        with_ref("claim.unlinked", 4),
        evidence("supports", "artifact/a"),
        with_ref("evidence.revised", 5),
        with_ref("evidence.withdrawn", 6),
        attested("endorses", 1),
        with_ref("attestation.withdrawn", 7),
        view("view.defined"),
        view("view.changed"),
        with_ref("event.reaffirmed", 8),
        note(),
    ]
}

#[test]
fn an_event_stands_on_its_kind_of_subject_and_on_no_other() {
    let kinds = ["ledger", "agent", "artifact", "context", "claim", "view"];
    for data in each() {
        let name = data.name();
        let own = match name.split('.').next().unwrap() {
            _ if name == "ledger.mapped" => Some("agent"),
            "event" | "note" => None,
            "evidence" | "attestation" => Some("claim"),
            kind => Some(kind),
        };
        for kind in kinds {
            let on = match kind {
                "ledger" => Subject::Ledger,
                kind => subject(&format!("{kind}/a")),
            };
            let expected = match own {
                Some(own) if own != kind => Err(FormError::schema(
                    format!("{name} on \"{on}\""),
                    format!("{name} on a subject of kind {own}"),
                )
                .inside("subject")),
                _ => Ok(()),
            };
            assert_eq!(data.stands_on(&on), expected);
        }
    }
}

#[test]
fn an_event_says_what_it_refers_to_what_it_names_and_what_it_moves() {
    let all = each();
    assert_eq!(all.len(), Data::TYPES.len());
    let of = |told: &dyn Fn(&Data) -> Option<String>| -> Vec<String> {
        let said = |data: &Data| told(data).map(|told| format!("{} {told}", data.name()));
        all.iter().filter_map(said).collect()
    };
    assert_eq!(
        of(&|data| data.reference().map(|seq| seq.to_string())),
        [
            "claim.unscoped 3",
            "claim.unlinked 4",
            "evidence.revised 5",
            "evidence.withdrawn 6",
            "attestation.withdrawn 7",
            "event.reaffirmed 8",
        ]
    );
    assert_eq!(
        of(&|data| data.named_by_claim().map(|named| named.to_string())),
        [
            "claim.scoped context/x",
            "claim.linked claim/d",
            "evidence.added artifact/a",
        ]
    );
    assert_eq!(
        of(&|data| data.moves_every_claim().then(String::new)),
        [
            "ledger.model_adopted ",
            "agent.key_revoked ",
            "view.defined ",
            "view.changed ",
            "event.reaffirmed ",
        ]
    );
    assert_eq!(
        of(&|data| (!data.has_valid_time()).then(String::new)),
        [
            "ledger.created ",
            "ledger.policy_changed ",
            "ledger.model_adopted ",
            "ledger.moved ",
            "ledger.frozen ",
            "ledger.mapped ",
            "agent.registered ",
            "agent.changed ",
            "agent.key_added ",
            "agent.key_revoked ",
            "artifact.registered ",
            "context.defined ",
            "view.defined ",
            "view.changed ",
            "event.reaffirmed ",
            "note.added ",
        ]
    );
    let keys = |data: &Data| {
        let keys = data.new_keys(&subject("agent/new"));
        let told: Vec<String> = keys
            .iter()
            .map(|(agent, claimed)| format!("{agent}:{}", claimed.key.0[0]))
            .collect();
        (!told.is_empty()).then(|| told.join(" "))
    };
    assert_eq!(
        of(&keys),
        [
            "ledger.created ann:1 ann:11 bob:2 cid:3 con:4 att:5 bot:6 org:7 non:8",
            "agent.registered new:20 new:21",
            "agent.key_added new:22",
        ]
    );
}

fn read(kind: &str, json: &Value) -> Result<Data, FormError> {
    let bytes = serde_json_canonicalizer::to_vec(json).unwrap();
    Data::read(kind, &Json::parse(&bytes).unwrap())
}

#[test]
fn only_a_compromised_key_is_revoked_since_an_entry() {
    for (reason, refused) in [("compromised", false), ("lost", true), ("rotated", true)] {
        let mut json = json!({"key": key_id(4).to_string(), "reason": reason});
        assert!(read("agent.key_revoked", &json).is_ok(), "{reason}");
        json["since"] = 1.into();
        let error = read("agent.key_revoked", &json).err();
        assert_eq!(error.is_some(), refused, "{reason}");
        if let Some(error) = error {
            assert_eq!(error.found, format!("since with reason {reason}"));
            assert_eq!(error.expected, "since only where the reason is compromised");
        }
    }
}

#[test]
fn a_domain_a_role_and_a_kind_are_named_once_and_in_order() {
    let claim = |domains: &[&str]| {
        let domains: Vec<Value> = domains
            .iter()
            .map(|name| json!({"name": name, "weight": "0.5"}))
            .collect();
        let json = json!({"reason": "r", "domains": domains});
        read("claim.revised", &json).is_ok()
    };
    assert!(claim(&["a", "b"]));
    assert!(!claim(&["b", "a"]));
    assert!(!claim(&["a", "a"]));
    let roles = |roles: &[&str]| read("agent.changed", &json!({"roles": roles})).is_ok();
    assert!(roles(&["attester", "steward"]));
    assert!(!roles(&["steward", "attester"]));
    assert!(!roles(&["steward", "steward"]));
    let kinds = |kinds: &[&str]| {
        let rule = json!({"roles": ["curator"], "signatures": 1, "kinds": kinds});
        let policy = with_rule("claim.asserted", rule);
        read("ledger.policy_changed", &json!({"policy": policy})).is_ok()
    };
    assert!(kinds(&["human", "software"]));
    assert!(!kinds(&["software", "human"]));
    assert!(!kinds(&["human", "human"]));
}

#[test]
fn a_year_has_one_to_four_digits_and_no_zero() {
    for (text, year) in [
        ("0", None),
        ("1", Some(1)),
        ("9999", Some(9999)),
        ("10000", None),
        ("65537", None),
        ("-1", None),
    ] {
        let json = Json::parse(text.as_bytes()).unwrap();
        let read = Year::read(&json);
        assert_eq!(read.as_ref().ok().map(|year| year.0), year, "{text}");
        match read {
            Ok(year) => assert_eq!(year.write().to_text(), text),
            Err(error) if text.starts_with('-') => assert!(!error.expected.is_empty()),
            Err(error) => assert_eq!(
                (error.found.as_str(), &*error.expected),
                (text, "a year from 1 to 9999")
            ),
        }
    }
}

#[test]
fn an_iso_7064_digit_ends_an_orcid_and_both_it_and_a_log_key_are_written_as_read() {
    // The last is the X of the standard's eleventh residue.
    for text in ["0000-0002-1825-0097", "0000-0002-1694-233X"] {
        let quoted = format!("\"{text}\"");
        let read = Orcid::read(&Json::parse(quoted.as_bytes()).unwrap()).unwrap();
        assert_eq!(read.as_str(), text);
        assert_eq!(read.write().to_text(), quoted);
    }
    for bad in [
        "0000-0002-1825-009X",
        "0000-0002-1694-2330",
        "0000_0002-1825-0097",
        "0000-0002_1825-0097",
        "0000-0002-1825_0097",
        "000a-0002-1825-0097",
        "0000-0002-1825-00970",
    ] {
        let error = Orcid::parse(bad).unwrap_err();
        assert_eq!(error.found, format!("{bad:?}"));
    }
    let Data::LedgerCreated(made) = created(&founders(), shared_policy()) else {
        unreachable!()
    };
    let text = made.log_key.write().to_text();
    let again = LogKey::read(&Json::parse(text.as_bytes()).unwrap()).unwrap();
    assert_eq!(again, made.log_key);
    let bad = LogKey::read(&Json::parse(b"\"nothing\"").unwrap()).unwrap_err();
    assert_eq!(bad.found, "\"nothing\"");
    assert!(
        bad.expected
            .starts_with("a C2SP verifier key of an Ed25519 log (")
    );
}

/// An event of its own, away from any ledger.
fn event(seq: u64, data: Data) -> Arc<Event> {
    let bed = Bed::furnished();
    let of = bed.commit("ann", &[("claim/c", data)]).events.remove(0);
    let mut event = (*of).clone();
    event.seq = seq;
    Arc::new(event)
}

#[test]
fn an_act_holds_since_its_date_and_else_since_it_was_said() {
    let mut event = (*event(1, note())).clone();
    event.at = Time::parse_micros("2026-05-01T10:00:00.000001Z").unwrap();
    assert_eq!(event.holds_since(), event.at);
    event.effective = Some("2026-04".parse().unwrap());
    assert_eq!(
        event.holds_since().to_string(),
        "2026-04-01T00:00:00.000000Z"
    );
    let reference = event.reference();
    assert_eq!(
        (reference.address, reference.id, reference.author),
        (event.address, event.id, event.author)
    );
}

#[test]
fn an_attestation_ends_with_the_first_instant_of_its_date() {
    let mut bed = Bed::furnished();
    let until =
        json!({"verdict": "endorses", "weight": "1", "version": 1, "expires": "2026-01-02"});
    let until = data("attestation.made", until);
    bed.ok("att", &["att"], &[("claim/c", until)]);
    bed.ok("bob", &["bob"], &[("claim/c", attested("endorses", 1))]);
    let claim = bed.claim("c");
    let made: Vec<_> = claim.live_attestations().collect();
    let first = Time::parse_micros("2026-01-02T00:00:00.000000Z").unwrap();
    assert!(!made[0].is_expired(first.plus_micros(-1)));
    assert!(made[0].is_expired(first));
    assert!(made[0].is_expired(first.plus_micros(1)));
    assert!(!made[1].is_expired(first.plus_micros(i64::from(u32::MAX))));
}

#[test]
fn a_revision_changes_what_it_names_and_leaves_the_rest() {
    let all = json!({"statement": "two", "summary": "t", "detail": "d", "nature": "normative",
        "polarity": "negative", "falsifiability": "unfalsifiable", "origin": "imported",
        "domains": [{"name": "e", "weight": "0.5"}]});
    let first = asserted();
    let Data::ClaimAsserted(before) = &first else {
        unreachable!()
    };
    let told = |claim: &Claim| {
        let wording = claim.wording.clone().unwrap();
        json!({
            "statement": wording.statement.as_str(),
            "summary": wording.summary.as_str(),
            "detail": wording.detail.as_ref().map(|detail| detail.as_str()),
            "nature": wording.nature.word(),
            "polarity": wording.polarity.word(),
            "falsifiability": wording.falsifiability.word(),
            "origin": wording.origin.word(),
            "domains": serde_json::from_str::<Value>(&wording.domains.write().to_text()).unwrap(),
        })
    };
    let mut claim = Claim::default();
    claim.fold(&event(1, first.clone()), true);
    assert_eq!(claim.wording.as_ref().unwrap().domains, before.domains);
    for (field, value) in all.as_object().unwrap() {
        let mut expected = told(&claim);
        expected[field] = value.clone();
        let mut json = json!({"reason": "r"});
        json[field] = value.clone();
        claim.fold(&event(2, data("claim.revised", json)), true);
        assert_eq!(told(&claim), expected, "{field}");
    }
    assert_eq!(told(&claim), all);
}

#[test]
fn evidence_revised_changes_what_it_names_and_leaves_the_rest() {
    let told = |claim: &Claim| {
        let edge = claim.live_edge(2).unwrap();
        json!({
            "strength": edge.strength.map(|ratio| ratio.to_string()),
            "passages": edge.passages.len(),
            "note": edge.note.as_str(),
            "replication": edge.replication.map(|ratio| ratio.to_string()),
            "revised": edge.revised.len(),
        })
    };
    let mut claim = Claim::default();
    claim.fold(&event(1, asserted()), true);
    claim.fold(&event(2, evidence("supports", "artifact/a")), true);
    let mut expected = json!({"strength": null, "passages": 0, "note": "n", "replication": null,
        "revised": 0});
    assert_eq!(told(&claim), expected);
    for (number, (field, value, now)) in [
        ("strength", json!("0.25"), json!("0.25")),
        ("passages", json!([{"label": "l"}]), json!(1)),
        ("note", json!("other"), json!("other")),
        ("replication", json!("0.5"), json!("0.5")),
    ]
    .into_iter()
    .enumerate()
    {
        let mut json = json!({"ref": 2, "reason": "r"});
        json[field] = value;
        claim.fold(&event(3, data("evidence.revised", json)), true);
        expected[field] = now;
        expected["revised"] = (number + 1).into();
        assert_eq!(told(&claim), expected);
    }
}

#[test]
fn a_status_names_the_claim_in_its_place_until_the_next_life() {
    let mut claim = Claim::default();
    claim.fold(&event(1, asserted()), true);
    let steps = [
        (
            json!({"lifecycle": "superseded", "by": "claim/d"}),
            Some("d"),
        ),
        (json!({"standing": "refuted"}), Some("d")),
        (json!({"lifecycle": "active"}), None),
    ];
    for (number, (step, by)) in steps.into_iter().enumerate() {
        let seq = number as u64 + 2;
        claim.fold(&event(seq, status(step)), true);
        assert_eq!(claim.status.by, by.map(slug));
        assert_eq!(claim.status.changed.as_ref().unwrap().seq, seq);
    }
    assert_eq!(claim.status.lifecycle, Lifecycle::Active);
}

fn standing(word: &str) -> Data {
    data(
        "artifact.standing_changed",
        json!({"standing": word, "reason": "r"}),
    )
}

#[test]
fn an_artifact_keeps_its_appraisals_and_standings_and_none_before_its_registration() {
    let appraised = || data("artifact.appraised", json!({"credibility": "0.5"}));
    let mut known = Artifact::default();
    assert_eq!(known.registration(), None);
    known.fold(&event(1, artifact()), false);
    known.fold(&event(2, appraised()), true);
    known.fold(&event(3, standing("retracted")), true);
    assert_eq!(known.registration(), None);
    assert_eq!(known.standing(), (ArtifactStanding::Sound, None));
    assert!(known.appraisals.is_empty());
    assert_eq!(known.events.len(), 3);
    let mut known = Artifact::default();
    known.fold(&event(1, artifact()), true);
    assert_eq!(known.registration().unwrap().title.as_str(), "t");
    known.fold(&event(2, appraised()), true);
    known.fold(&event(3, appraised()), false);
    known.fold(&event(4, appraised()), true);
    known.fold(&event(5, standing("retracted")), true);
    known.fold(&event(6, standing("corrected")), true);
    known.fold(&event(7, standing("concern")), false);
    let seqs: Vec<u64> = known.appraisals.iter().map(|event| event.seq).collect();
    assert_eq!(seqs, [2, 4]);
    let (now, by) = known.standing();
    assert_eq!(
        (now, by.unwrap().seq, known.standings.len()),
        (ArtifactStanding::Corrected, 6, 2)
    );
}

#[test]
fn an_agent_without_a_registration_in_effect_has_no_key_and_no_profile() {
    let new = slug("new");
    let mut known = Agent::default();
    known.fold(&event(1, registered(&["steward"], &[20])), false, &new);
    known.fold(&event(2, key_added(21)), true, &new);
    let renamed = data("agent.changed", json!({"name": "x"}));
    known.fold(&event(3, renamed), true, &new);
    assert!(known.keys.is_empty() && known.profile.is_none());
    assert!(!known.is_able_steward());
}

#[test]
fn a_change_of_an_agent_changes_what_it_names_and_leaves_the_rest() {
    let new = slug("new");
    let mut known = Agent::default();
    known.fold(&event(1, registered(&["steward"], &[20])), true, &new);
    let told = |agent: &Agent| {
        let profile = agent.profile.as_ref().unwrap();
        json!({
            "name": profile.name.as_str(),
            "community": profile.community.as_ref().map(ToString::to_string),
            "reliability": profile.reliability.map(|ratio| ratio.to_string()),
            "roles": serde_json::from_str::<Value>(&profile.roles.write().to_text()).unwrap(),
            "changed": profile.changed.len(),
        })
    };
    let mut expected = json!({"name": "n", "community": null, "reliability": null,
        "roles": ["steward"], "changed": 0});
    assert_eq!(told(&known), expected);
    for (number, (field, value)) in [
        ("name", json!("other")),
        ("community", json!("c")),
        ("reliability", json!("0.5")),
        ("roles", json!(["attester", "curator"])),
        ("reliability", json!("0.75")),
        ("community", json!("d")),
    ]
    .into_iter()
    .enumerate()
    {
        let mut json = json!({});
        json[field] = value.clone();
        known.fold(&event(2, data("agent.changed", json)), true, &new);
        expected[field] = value;
        expected["changed"] = (number + 1).into();
        assert_eq!(told(&known), expected);
    }
}

#[test]
fn a_context_and_a_view_are_what_is_in_effect_of_their_definitions() {
    let mut known = Context::default();
    known.fold(&event(1, context()), false);
    assert_eq!(known.definition(), None);
    known.fold(&event(2, note()), true);
    assert_eq!(known.definition(), None);
    known.fold(&event(1, context()), true);
    assert_eq!(known.definition().unwrap().name.as_str(), "c");

    let named = |kind: &str, name: &str| {
        data(
            kind,
            json!({"name": name, "description": "d", "rules": [], "otherwise": "included"}),
        )
    };
    let name = |view: &View| {
        let definition = view.definition();
        definition.map(|definition| definition.name.as_str().to_owned())
    };
    let mut known = View::default();
    known.fold(&event(1, named("view.defined", "one")), false);
    known.fold(&event(2, named("view.changed", "two")), true);
    assert_eq!(name(&known), None);
    let mut known = View::default();
    known.fold(&event(1, named("view.defined", "one")), true);
    assert_eq!(name(&known).as_deref(), Some("one"));
    known.fold(&event(2, named("view.changed", "two")), true);
    known.fold(&event(3, note()), true);
    known.fold(&event(4, named("view.changed", "three")), false);
    assert_eq!(name(&known).as_deref(), Some("two"));
}

#[test]
fn a_rule_asks_for_a_number_of_signatures_or_for_the_threshold() {
    for (signatures, is_read) in [
        (json!(1), true),
        (json!(16), true),
        (json!("threshold"), true),
        (json!(0), false),
        (json!(17), false),
        (json!("all"), false),
        (json!(null), false),
    ] {
        let rule = json!({"roles": ["curator"], "signatures": signatures});
        let policy = with_rule("claim.asserted", rule);
        let read = read("ledger.policy_changed", &json!({"policy": policy}));
        assert_eq!(read.is_ok(), is_read, "{signatures}");
        if let Err(error) = read {
            assert_eq!(error.path, "data.policy.rules.claim.asserted.signatures");
        }
    }
    let policy = with_rule("claim.asserted", json!({"roles": ["curator"]}));
    let error = read("ledger.policy_changed", &json!({"policy": policy})).unwrap_err();
    assert_eq!(
        (error.found.as_str(), &*error.expected),
        ("nothing", "1 to 16, or threshold")
    );
}

fn slugs<'s, T: 's>(held: impl Iterator<Item = (&'s Slug, &'s Arc<T>)>) -> Vec<String> {
    held.map(|(slug, _)| slug.to_string()).collect()
}

#[test]
fn a_state_tells_what_it_holds_and_nothing_of_what_it_does_not() {
    let mut bed = Bed::furnished();
    let with_doi = json!({"title": "t", "kind": "paper", "doi": "10.1000/a.b"});
    bed.ok(
        "con",
        &["con"],
        &[
            ("artifact/e", data("artifact.registered", with_doi)),
            ("claim/d", evidence("supports", "artifact/e")),
            ("claim/c", evidence("supports", "artifact/e")),
            ("claim/c", evidence("disputes", "artifact/a")),
        ],
    );
    bed.ok(
        "ann",
        &["ann"],
        &[
            ("claim/d", scoped("holds_in", "context/x")),
            ("claim/d", linked("supports", "claim/c")),
            ("claim/d", with_ref("claim.unlinked", 4)),
        ],
    );
    let state = &bed.state;
    assert_eq!(slugs(state.claims()), ["c", "d"]);
    assert_eq!(slugs(state.artifacts()), ["a", "b", "e"]);
    assert_eq!(slugs(state.contexts()), ["x"]);
    assert_eq!(slugs(state.views()), ["v"]);
    assert_eq!(
        slugs(state.agents()),
        ["ann", "att", "bob", "bot", "cid", "con", "non", "org"]
    );
    let title = |artifact: &Artifact| artifact.registration().unwrap().title.as_str().to_owned();
    assert_eq!(title(state.artifact(&slug("a")).unwrap()), "t");
    let name = |context: &Context| context.definition().unwrap().name.as_str().to_owned();
    assert_eq!(name(state.context(&slug("x")).unwrap()), "c");
    let name = |view: &View| view.definition().unwrap().name.as_str().to_owned();
    assert_eq!(name(state.view(&slug("v")).unwrap()), "v");
    let name = |agent: &Agent| agent.profile.as_ref().unwrap().name.as_str().to_owned();
    assert_eq!(name(state.agent(&slug("bob")).unwrap()), "bob");
    let none = slug("none");
    assert!(state.claim(&none).is_none() && state.artifact(&none).is_none());
    assert!(state.context(&none).is_none() && state.view(&none).is_none());
    assert!(state.agent(&none).is_none() && state.last_anchor(&none).is_none());

    let named = |on: &str| -> Vec<String> {
        let naming = state.claims_naming(&subject(on));
        naming.map(ToString::to_string).collect()
    };
    assert_eq!(named("artifact/e"), ["c", "d"]);
    assert_eq!(named("artifact/a"), ["c"]);
    assert_eq!(named("context/x"), ["d"]);
    assert_eq!(named("claim/c"), ["d"], "also where it was taken back");
    assert!(named("artifact/b").is_empty() && named("claim/d").is_empty());

    assert_eq!(state.origin().unwrap().as_str(), ORIGIN);
    assert_eq!(
        state.constitution().unwrap().genesis().title.as_str(),
        "Bed"
    );
    assert_eq!(State::new().origin(), None);
    assert_eq!(State::new().recorded(), None);
    assert_eq!(state.recorded(), Some(bed.entries[3].recorded));
    assert_eq!((state.size(), state.history().len()), (4, 4));
    assert_eq!(state.entry(2).unwrap().author, slug("con"));
    assert!(state.entry(4).is_none());
    assert_eq!(state.last_anchor(&slug("ann")), Some(3));
    assert_eq!(state.last_anchor(&slug("con")), Some(2));
    assert_eq!(state.ledger_events().len(), 1);
    assert_eq!(
        state.sweeping().iter().copied().collect::<Vec<u64>>(),
        [1],
        "the view was defined there"
    );

    let doi = |text: &str| Doi::parse(text).unwrap();
    assert_eq!(state.artifact_of_doi(&doi("10.1000/a.b")), Some(&slug("e")));
    assert_eq!(state.artifact_of_doi(&doi("10.1000/a.c")), None);
    let owner = state.key_owner(&key_id(4)).unwrap();
    assert_eq!((&owner.agent, owner.registered), (&slug("con"), 0));
    assert!(state.key_owner(&key_id(99)).is_none());
    let held = |agent: &str, number: u8| state.agent_key(&slug(agent), &key_id(number));
    assert_eq!(held("ann", 11).unwrap().key, key(11));
    assert!(held("bob", 11).is_none() && held("none", 11).is_none());

    let streams: Vec<String> = {
        let mut all: Vec<String> = state
            .streams()
            .map(|(subject, head)| format!("{subject} {}", head.seq))
            .collect();
        all.sort();
        all
    };
    assert_eq!(
        streams,
        [
            "artifact/a 1",
            "artifact/b 1",
            "artifact/e 1",
            "claim/c 3",
            "claim/d 5",
            "context/x 1",
            "ledger 1",
            "view/v 1",
        ]
    );
    assert!(state.carries(&subject("claim/none")));
    let types = |on: &str| -> Vec<&str> {
        let on = subject(on);
        let events = state.events(&on);
        events.map(|event| event.data.name()).collect()
    };
    assert_eq!(
        types("claim/c"),
        ["claim.asserted", "evidence.added", "evidence.added"]
    );
    for (on, first) in [
        ("ledger", Some("ledger.created")),
        ("artifact/a", Some("artifact.registered")),
        ("context/x", Some("context.defined")),
        ("view/v", Some("view.defined")),
        ("agent/con", None),
        ("agent/none", None),
    ] {
        let at = |seq: u64| {
            state
                .event(&subject(on), seq)
                .map(|event| event.data.name())
        };
        assert_eq!((at(0), at(1), at(2)), (None, first, None), "{on}");
    }
    for (on, exists, is_taken) in [
        ("ledger", true, true),
        ("agent/log", true, true),
        ("agent/con", true, true),
        ("agent/none", false, false),
        ("artifact/e", true, true),
        ("artifact/none", false, false),
        ("context/x", true, true),
        ("context/none", false, false),
        ("claim/c", true, true),
        ("claim/none", false, false),
        ("view/v", true, true),
        ("view/none", false, false),
    ] {
        let on = subject(on);
        assert_eq!(
            (state.exists(&on), state.is_taken(&on)),
            (exists, is_taken),
            "{on}"
        );
        assert!(!State::new().is_taken(&on) || on == subject("agent/log"));
    }
}

#[test]
fn a_part_of_a_ledger_carries_its_streams_only_and_finds_its_entries_by_index() {
    let bed = Bed::furnished();
    let mut part = State::of_streams([Subject::Ledger, subject("claim/c")].into());
    part.evolve(&bed.entries[0]);
    let mut later = bed.commit("ann", &[("claim/c", note())]);
    later.index = 7;
    part.evolve(&Arc::new(later));
    assert!(part.carries(&subject("claim/c")) && part.carries(&Subject::Ledger));
    assert!(!part.carries(&subject("claim/d")));
    let found = |index| part.entry(index).map(|entry| entry.index);
    assert_eq!(
        (found(0), found(1), found(6), found(7), found(8)),
        (Some(0), None, None, Some(7), None)
    );
    assert_eq!(part.size(), 2);
}

#[test]
fn the_default_model_is_the_last_that_was_adopted_as_such() {
    let mut bed = Bed::shared();
    let model = |bed: &Bed| {
        let facts = bed.state.constitution().unwrap();
        facts
            .default_model()
            .map(|model| model.model.as_str().to_owned())
    };
    let adopted = |name: &str, default: bool| {
        data(
            "ledger.model_adopted",
            json!({"model": name, "version": "v1.0", "spec": crate::hash::Hash::of(b"s").to_string(),
                "default": default}),
        )
    };
    assert_eq!(model(&bed), None);
    for (name, default, now) in [
        ("one", false, None),
        ("two", true, Some("two")),
        ("three", false, Some("two")),
        ("four", true, Some("four")),
    ] {
        bed.ok(
            "ann",
            &["ann", "bob"],
            &[("ledger", adopted(name, default))],
        );
        assert_eq!(model(&bed).as_deref(), now);
    }
}

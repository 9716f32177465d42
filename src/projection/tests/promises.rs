//! What single cases promise.

use serde_json::json;

use crate::claim::{Data, State};
use crate::trust::{Figure, Figures, Model, percent};
use crate::value::{Address, Slug, Subject};

use super::super::*;
use super::ledger::{
    NEURONS, Recorder, SCALING, TOWARDS, TOY, hour, key, key_id, keys, reference, said, since,
    slug, time,
};

pub(super) fn model() -> &'static Model {
    model_named("claim_support_vector@v1.0").unwrap()
}

pub(super) fn entry_of(address: &str) -> u64 {
    let digits = address.trim_start_matches('@');
    digits.split('.').next().unwrap().parse().unwrap()
}

fn neurons() -> Slug {
    slug("neurons")
}

fn page(state: &State) -> ClaimPage {
    claim_page(state, &neurons(), model(), &Filter::none()).unwrap()
}

fn figures(state: &State, filter: &Filter) -> Figures {
    profile(state, &neurons(), model(), filter).unwrap().figures
}

fn at(entry: u64, position: u16) -> Address {
    Address { entry, position }
}

fn by(date: &str) -> Filter {
    Filter::effective(time(&format!("{date}T23:59:59Z")))
}

#[test]
fn the_reference_page_shows_the_reference_figures() {
    let state = reference().state();
    let page = page(&state);
    let shown = Figure::ALL.map(|figure| page.profile.figures.get(figure).map(percent));
    let expected = [72, 55, 48, 71, 82, 45, 22, 58, 60, 44, 50];
    assert_eq!(shown, expected.map(Some));
    assert_eq!(
        page.statement,
        "Individual neurons rarely encode single concepts"
    );
    assert_eq!(page.status.lifecycle.word(), "active");
    assert_eq!(page.status.standing.word(), "contested");
    assert_eq!(page.status.note.as_deref(), Some("Contested: scale."));
    assert_eq!(page.origin_words, "Cross-referenced from multiple sources");
    assert_eq!((page.version, page.versions.len()), (1, 1));
    let weights: Vec<_> = page.evidence.iter().map(|one| one.weight).collect();
    assert_eq!(weights, [Some(609_000), Some(651_000), Some(627_900)]);
    assert_eq!(
        page.evidence[0].artifact.label.as_deref(),
        Some("Anthropic, 2023")
    );
    assert_eq!(page.evidence[0].added.address, "@4.1");
    assert_eq!(page.evidence[2].added.address, "@5");
    assert_eq!(page.scope[0].name, "Small toy models (<10M parameters)");
    assert_eq!(page.scope[0].kind.as_deref(), Some("model_scale"));
    assert_eq!(page.attestations[0].name.as_deref(), Some("Cur"));
    assert_eq!(page.attestations[0].mass, 270_000);
    assert_eq!(page.domains[0].name, "Mechanistic Interpretability");
    assert_eq!(page.views[0].verdict, "included");
    assert_eq!(
        page.trace.summary.note.as_deref(),
        Some("Contested: scale.")
    );
    assert_eq!(
        (page.custody.first_entry, page.custody.last_entry),
        (Some(4), Some(10))
    );
    // The status does not bear on the figures: the attestation of entry 9 is the newest that does.
    assert_eq!(page.profile.computed_at, Some(hour(9)));
}

#[test]
fn only_what_held_by_the_effective_date_counts() {
    let state = reference().state();
    assert!(claim_page(&state, &neurons(), model(), &by("2022-09-13")).is_none());
    let subject: Subject = NEURONS.parse().unwrap();
    assert!(absence(&state, &subject).contains("did not hold yet"));
    let page = claim_page(&state, &neurons(), model(), &by("2022-09-14")).unwrap();
    assert_eq!(page.evidence.len(), 1);
    assert_eq!(
        page.evidence[0].artifact.title,
        "Toy Models of Superposition"
    );
    // Scope, attestation and status have no effective date: they hold since they were said.
    assert!(page.scope.is_empty() && page.attestations.is_empty());
    assert_eq!(page.status.lifecycle.word(), "proposed");
    // The day before an artifact was appraised: registered as the ledger knows it, not appraised.
    assert_eq!(page.trace.edges[0].credibility, Some(850_000));
    let now = claim_page(&state, &neurons(), model(), &by("2026-03-02")).unwrap();
    assert_eq!(now.profile.figures, figures(&state, &Filter::none()));
}

#[test]
fn a_reference_without_a_date_holds_since_what_it_refers_to() {
    let mut ledger = reference();
    ledger.commit(
        "ada",
        vec![said(
            NEURONS,
            "evidence.withdrawn",
            json!({"ref": 3, "reason": "Wrong"}),
        )],
    );
    ledger.commit(
        "ada",
        vec![said(
            NEURONS,
            "claim.revised",
            json!({"statement": "New", "reason": "Better"}),
        )],
    );
    let state = ledger.state();
    let page = claim_page(&state, &neurons(), model(), &by("2022-09-14")).unwrap();
    assert!(
        page.evidence.is_empty(),
        "the withdrawal holds since the evidence held"
    );
    assert_eq!((page.statement.as_str(), page.version), ("New", 2));
}

#[test]
fn a_reference_with_a_date_holds_from_then_and_what_refers_to_a_dropped_event_is_dropped() {
    let mut ledger = reference();
    ledger.commit(
        "ada",
        vec![
            since(
                "2025",
                said(
                    NEURONS,
                    "evidence.withdrawn",
                    json!({"ref": 3, "reason": "Wrong"}),
                ),
            ),
            since(
                "2020",
                said(
                    NEURONS,
                    "evidence.withdrawn",
                    json!({"ref": 4, "reason": "Wrong"}),
                ),
            ),
            since(
                "2024",
                said(
                    NEURONS,
                    "claim.revised",
                    json!({"statement": "New", "reason": "Better"}),
                ),
            ),
        ],
    );
    let state = ledger.state();
    let count = |date| {
        let page = claim_page(&state, &neurons(), model(), &by(date)).unwrap();
        (page.evidence.len(), page.version, page.versions.len())
    };
    assert_eq!(count("2023-12-31"), (2, 1, 2));
    assert_eq!(count("2024-01-01"), (2, 2, 2));
    // The dispute held from 2024-05-21; its withdrawal says 2020, and comes in with it.
    assert_eq!(count("2024-05-21"), (2, 2, 2));
    assert_eq!(count("2025-01-01"), (1, 2, 2));
}

#[test]
fn leaving_an_event_out_is_as_if_it_had_no_effect() {
    let state = reference().state();
    let without = |address| figures(&state, &Filter::without(address));
    // Without the dispute: d = 0.
    assert_eq!(without(at(5, 0)).cont, Some(0));
    // Without its artifact: the edge abstains.
    assert_eq!(without(at(3, 0)).cont, Some(0));
    // Without genesis nobody says how reliable the attester is, as without the attestation; and
    // its community stays out of a bridge of one community.
    assert_eq!(without(at(0, 0)).cons, without(at(9, 0)).cons);
    assert_eq!(without(at(9, 0)).brdg, Some(0));
    // Without the scope.
    assert_eq!(without(at(7, 0)).scop, None);
    assert_eq!(without(at(10, 0)), figures(&state, &Filter::none()));
    assert!(claim_page(&state, &neurons(), model(), &Filter::without(at(4, 0))).is_none());
}

#[test]
fn a_note_on_what_is_left_out_is_left_out_too() {
    let mut ledger = reference();
    ledger.commit(
        "ada",
        vec![
            said(
                NEURONS,
                "note.added",
                json!({"text": "On the dispute", "on": 4}),
            ),
            said(NEURONS, "note.added", json!({"text": "On nothing"})),
        ],
    );
    let state = ledger.state();
    let notes = |filter: &Filter| {
        let page = claim_page(&state, &neurons(), model(), filter).unwrap();
        page.notes.len()
    };
    assert_eq!(notes(&Filter::none()), 2);
    assert_eq!(notes(&Filter::without(at(5, 0))), 1);
    assert_eq!(notes(&by("2023-12-31")), 1);
}

#[test]
fn a_stolen_key_s_appraisal_is_said_beside_the_evidence_and_on_its_artifact() {
    let mut ledger = reference();
    ledger.commit(
        "cur",
        vec![said(TOY, "artifact.appraised", json!({"credibility": "1"}))],
    );
    ledger.commit(
        "ada",
        vec![said(
            "agent/cur",
            "agent.key_revoked",
            json!({"key": key_id("cur").to_string(), "reason": "compromised", "since": 11}),
        )],
    );
    let state = ledger.state();
    let page = page(&state);
    assert_eq!(
        (page.set_aside.len(), page.set_aside[0].place.as_str()),
        (1, "evidence")
    );
    assert_eq!(page.profile.computed_at, Some(hour(12)));
    let artifact = artifact_page(&state, &slug("toy-models"), &Filter::none()).unwrap();
    assert_eq!(artifact.set_aside[0].place, "appraisals");
    assert_eq!(artifact.appraisals.len(), 1);
    assert_eq!(
        agent_page(&state, &slug("cur")).unwrap().events_set_aside,
        1
    );
}

#[test]
fn leaving_a_change_of_reliability_out_brings_the_value_before_it_back() {
    let mut ledger = reference();
    let before = figures(&ledger.state(), &Filter::none());
    let entry = ledger.commit(
        "ada",
        vec![said(
            "agent/cur",
            "agent.changed",
            json!({"reliability": "0.1"}),
        )],
    );
    let state = ledger.state();
    assert_ne!(figures(&state, &Filter::none()), before);
    assert_eq!(figures(&state, &Filter::without(at(entry, 0))), before);
    assert_eq!(page(&state).profile.computed_at, Some(hour(entry)));
}

#[test]
fn a_retracted_source_is_shown_with_its_notice_and_weighs_nothing() {
    let mut ledger = reference();
    let entry = ledger.commit(
        "ada",
        vec![said(
            TOY,
            "artifact.standing_changed",
            json!({"standing": "retracted", "notice": "https://j.example/n", "reason": "Data"}),
        )],
    );
    let page = page(&ledger.state());
    let toy = &page.evidence[1];
    assert_eq!(
        (toy.weight, toy.artifact.standing.word()),
        (Some(0), "retracted")
    );
    assert_eq!(toy.artifact.notice.as_deref(), Some("https://j.example/n"));
    assert_eq!(page.profile.computed_at, Some(hour(entry)));
}

#[test]
fn attestations_on_an_older_version_are_summed_up() {
    let mut ledger = reference();
    ledger.commit(
        "ada",
        vec![said(
            NEURONS,
            "attestation.made",
            json!({"verdict": "disputes", "weight": "1", "version": 1}),
        )],
    );
    ledger.commit(
        "ada",
        vec![said(
            NEURONS,
            "claim.revised",
            json!({"statement": "New", "reason": "Better"}),
        )],
    );
    let page = page(&ledger.state());
    assert!(page.attestations.is_empty());
    assert_eq!(
        page.older_attestations[0].words,
        "2 attestations on v1, 1 disputes"
    );
    assert_eq!(page.versions[1].fields, ["statement"]);
}

#[test]
fn what_a_stolen_key_signed_is_said_where_it_would_have_shown() {
    let mut ledger = reference();
    let entry = ledger.commit(
        "ada",
        vec![said(
            "agent/cur",
            "agent.key_revoked",
            json!({"key": key_id("cur").to_string(), "reason": "compromised", "since": 5}),
        )],
    );
    let state = ledger.state();
    let page = page(&state);
    assert!(page.attestations.is_empty());
    let places: Vec<&str> = page
        .set_aside
        .iter()
        .map(|one| one.place.as_str())
        .collect();
    assert_eq!(places, ["attestations", "status"]);
    assert_eq!(page.custody.set_aside, 2);
    assert_eq!(page.profile.computed_at, Some(hour(entry)));
    // What would be without the key is what is now: the same question asked in advance.
    let impact = impact(&reference().state(), &Target::Key(key_id("cur")), model()).unwrap();
    assert_eq!(impact.set_aside, 2);
    assert_eq!(impact.claims[0].then, page.profile.figures);
    assert_eq!(ledger_page(&state).unwrap().set_aside.len(), 2);
}

#[test]
fn a_reaffirmed_attestation_counts_again_and_its_return_is_the_newest() {
    let mut ledger = reference();
    ledger.commit(
        "ada",
        vec![said(
            "agent/cur",
            "agent.key_revoked",
            json!({"key": key_id("cur").to_string(), "reason": "compromised", "since": 5}),
        )],
    );
    let entry = ledger.commit(
        "ada",
        vec![said(
            NEURONS,
            "event.reaffirmed",
            json!({"ref": 6, "reason": "Cur confirms"}),
        )],
    );
    let page = page(&ledger.state());
    assert_eq!(page.attestations.len(), 1);
    assert_eq!(page.profile.computed_at, Some(hour(entry)));
    assert_eq!(
        page.profile.figures,
        figures(&reference().state(), &Filter::none())
    );
}

#[test]
fn figures_are_not_assessed_where_an_event_of_the_claim_is_missing() {
    let ledger = reference();
    let mut state = State::new();
    for entry in &ledger.entries {
        if entry.index == 5 {
            state.evolve_without(5, entry.commit);
        } else {
            state.evolve(entry);
        }
    }
    let page = page(&state);
    assert_eq!(page.profile.figures, Figures::default());
    assert_eq!(page.profile.not_assessed.len(), 11);
    assert!(
        page.profile.not_assessed[0]
            .reason
            .contains("missing from this copy")
    );
    assert!(page.custody.has_gap);
}

#[test]
fn figures_are_not_assessed_where_a_cited_artifact_is_missing() {
    let ledger = reference();
    let mut state = State::new();
    for entry in &ledger.entries {
        if entry.index == 2 {
            state.evolve_without(2, entry.commit);
        } else {
            state.evolve(entry);
        }
    }
    let reason = &page(&state).profile.not_assessed[0].reason;
    assert!(reason.contains("artifact/toy-models"), "{reason}");
}

#[test]
fn the_ledger_adopts_models_and_an_unknown_one_is_named() {
    let mut ledger = reference();
    assert_eq!(
        model_name(model_in_force(&ledger.state()).unwrap()),
        model_name(model())
    );
    let adopted = |spec: String| json!({"model": "claim_support_vector", "version": "v1.0", "spec": spec, "default": true});
    ledger.commit(
        "ada",
        vec![said(
            "ledger",
            "ledger.model_adopted",
            adopted(model().spec().to_string()),
        )],
    );
    assert!(model_in_force(&ledger.state()).is_ok());
    ledger.commit(
        "ada",
        vec![said(
            "ledger",
            "ledger.model_adopted",
            adopted("0".repeat(64)),
        )],
    );
    let fault = model_in_force(&ledger.state()).unwrap_err();
    assert!(matches!(fault, ModelFault::OtherParameters(_)));
    assert!(
        model_named("tarot@v9")
            .unwrap_err()
            .to_string()
            .contains("tarot")
    );
    assert_eq!(
        model_name(model_named("claim_support_vector").unwrap()),
        model_name(model())
    );
    let page = ledger_page(&ledger.state()).unwrap();
    assert_eq!(
        (page.model, page.models.len(), page.threshold),
        (None, 2, 1)
    );
}

#[test]
fn a_claim_is_found_by_words_of_all_that_it_says_and_cites() {
    let mut ledger = reference();
    ledger.commit(
        "ada",
        vec![said(
            "claim/odos",
            "claim.asserted",
            json!({
                "statement": "Η ΟΔΟΣ είναι ÉTROITE", "summary": "Kurz.", "nature": "normative",
                "polarity": "positive", "falsifiability": "unfalsifiable", "origin": "authored",
                "domains": [{"name": "Roads", "weight": "0.5"}],
            }),
        )],
    );
    let state = ledger.state();
    let found = |wanted: Wanted| -> Vec<String> {
        let rows = catalogue(&state, model(), &Filter::none(), &wanted);
        rows.iter().map(|row| row.claim.to_string()).collect()
    };
    let search = |words: &str| {
        found(Wanted {
            search: Some(words.to_owned()),
            ..Wanted::default()
        })
    };
    assert_eq!(search("οδος étroite"), ["odos"]);
    assert_eq!(search("NEURONS superposition"), ["neurons"]);
    assert_eq!(search("neurons roads"), Vec::<String>::new());
    assert_eq!(search(""), ["neurons", "odos"]);
    let by_figure = |reverse| {
        found(Wanted {
            order: Order::Figure(Figure::Support),
            reverse,
            ..Wanted::default()
        })
    };
    assert_eq!(by_figure(false), ["neurons", "odos"]);
    assert_eq!(
        by_figure(true),
        ["neurons", "odos"],
        "not assessed stays last"
    );
    let newest = found(Wanted {
        order: Order::Updated,
        ..Wanted::default()
    });
    assert_eq!(newest, ["odos", "neurons"]);
    let contested = Wanted {
        status: vec!["contested".to_owned()],
        ..Wanted::default()
    };
    assert_eq!(found(contested), ["neurons"]);
    let excluded = Wanted {
        view: Some((slug("strict-empirical"), Some("excluded".to_owned()))),
        ..Wanted::default()
    };
    assert_eq!(found(excluded), ["odos"]);
    let of_domain = Wanted {
        domain: Some("roads".to_owned()),
        ..Wanted::default()
    };
    assert_eq!(found(of_domain), ["odos"]);
    let replay = replay(&state, model(), &Filter::none());
    assert_eq!((replay.claims.len(), replay.entries), (2, 12));
}

/// One event of every type, on the reference ledger.
fn everything() -> Recorder {
    let mut ledger = reference();
    let next = "0".repeat(64);
    let successor = json!({"origin": "claims.example/next", "vkey": "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"});
    for one in [
        said("ledger", "ledger.policy_changed", {
            let text = crate::form::Form::write(&crate::claim::Policy::shared()).to_text();
            json!({"policy": serde_json::from_str::<serde_json::Value>(&text).unwrap()})
        }),
        said(
            "ledger",
            "ledger.model_adopted",
            json!({"model": "m", "version": "v1", "spec": next, "default": false}),
        ),
        said(
            "agent/log",
            "ledger.mapped",
            json!({"size": 1, "root": next, "subjects": 2}),
        ),
        said(
            "agent/bot",
            "agent.registered",
            json!({"name": "Bot", "kind": "software", "roles": [], "keys": keys("bot")}),
        ),
        said(
            "agent/bot",
            "agent.changed",
            json!({"name": "Bot II", "roles": ["curator"]}),
        ),
        said("agent/bot", "agent.key_added", keys("bot2")[0].clone()),
        said(
            "agent/bot",
            "agent.key_revoked",
            json!({"key": key("bot").id().to_string(), "reason": "rotated"}),
        ),
        said(
            SCALING,
            "artifact.standing_changed",
            json!({"standing": "concern", "reason": "R"}),
        ),
        said(
            NEURONS,
            "claim.revised",
            json!({"detail": "D", "reason": "R"}),
        ),
        said(NEURONS, "claim.unscoped", json!({"ref": 5, "reason": "R"})),
        said(
            NEURONS,
            "claim.linked",
            json!({"relation": "depends_on", "target": "claim/other"}),
        ),
        said(NEURONS, "claim.unlinked", json!({"ref": 10, "reason": "R"})),
        said(
            NEURONS,
            "evidence.revised",
            json!({"ref": 2, "strength": "1", "reason": "R"}),
        ),
        said(
            NEURONS,
            "evidence.withdrawn",
            json!({"ref": 2, "reason": "R"}),
        ),
        said(
            NEURONS,
            "attestation.withdrawn",
            json!({"ref": 6, "reason": "R"}),
        ),
        said(
            "view/strict-empirical",
            "view.changed",
            json!({"name": "S", "description": "D", "otherwise": "excluded", "rules": []}),
        ),
        said(
            NEURONS,
            "event.reaffirmed",
            json!({"ref": 2, "reason": "R"}),
        ),
        said(NEURONS, "note.added", json!({"text": "N", "on": 2})),
        said(
            "ledger",
            "ledger.moved",
            json!({"successor": successor, "reason": "R"}),
        ),
        said("ledger", "ledger.frozen", json!({"reason": "R"})),
    ] {
        ledger.commit("ada", vec![one]);
    }
    ledger
}

#[test]
fn every_type_of_event_has_words() {
    let state = everything().state();
    let rows: Vec<TimelineRow> = timeline(&state, &Asked::default()).collect();
    for kind in Data::TYPES {
        let row = rows.iter().find(|row| row.r#type == kind.name);
        let row = row.unwrap_or_else(|| panic!("no {} in the ledger of the test", kind.name));
        assert!(
            row.words.to_string().len() > 4,
            "{}: {}",
            kind.name,
            row.words
        );
    }
    assert!(
        rows.windows(2)
            .all(|pair| pair[0].by.recorded >= pair[1].by.recorded)
    );
}

#[test]
fn events_read_as_sentences_and_can_be_asked_for() {
    let state = everything().state();
    let words = |asked: Asked| -> Vec<String> {
        timeline(&state, &asked)
            .map(|row| row.words.to_string())
            .collect()
    };
    let of_type = |kind: &str| {
        words(Asked {
            r#type: Some(kind.to_owned()),
            ..Asked::default()
        })
    };
    assert_eq!(
        of_type("claim.status_changed"),
        ["changed lifecycle proposed → active, standing hypothesis → contested"]
    );
    assert_eq!(
        of_type("evidence.added").last().unwrap(),
        "added supporting evidence from Towards Monosemanticity"
    );
    assert_eq!(of_type("evidence").len(), 5);
    assert_eq!(of_type("evid").len(), 0);
    assert_eq!(
        of_type("evidence.withdrawn"),
        ["withdrew the supporting evidence from Towards Monosemanticity because R"]
    );
    let of_cur = words(Asked {
        author: Some(slug("cur")),
        ..Asked::default()
    });
    assert_eq!(of_cur.len(), 2);
    let early = words(Asked {
        subject: Some(TOWARDS.parse().unwrap()),
        since: Some(hour(1)),
        until: Some(hour(1)),
        ..Asked::default()
    });
    assert_eq!(
        early[1],
        "registered the artifact Towards Monosemanticity · Anthropic, 2023"
    );
}

#[test]
fn the_words_of_strangers_are_kept_apart_from_ours() {
    let mut ledger = reference();
    ledger.commit(
        "ada",
        vec![said(
            NEURONS,
            "note.added",
            json!({"text": "changed the policy"}),
        )],
    );
    let state = ledger.state();
    let row = timeline(&state, &Asked::default()).next().unwrap();
    let expected = vec![
        Piece::Ours("noted".to_owned()),
        Piece::Ledger("changed the policy".to_owned()),
    ];
    assert_eq!(row.words, Phrase(expected));
}

#[test]
fn why_gives_the_arithmetic_and_each_event_s_part() {
    let state = reference().state();
    let why = |figure| why(&state, &neurons(), figure, model(), &Filter::none()).unwrap();
    let evidence = why(Figure::Evidence);
    assert_eq!(evidence.value, Some(715_909));
    let lines: Vec<String> = evidence
        .steps
        .iter()
        .map(|step| step.words.to_string())
        .collect();
    assert_eq!(
        lines[0],
        "weight of what supports from Towards Monosemanticity = strength 0.84 × quality 0.725 \
         (mean of methodology 0.65 and credibility 0.8) × standing 1 (sound) = 0.609"
    );
    assert_eq!(lines[2], "S = sum of what supports = 1.26");
    assert_eq!(lines[3], "evidence = 1.26 ÷ (1.26 + 0.5) = 0.715909");
    // Registration, appraisal and edge of two papers.
    assert_eq!(evidence.stands_on.len(), 6);
    let edge = evidence
        .stands_on
        .iter()
        .find(|one| one.by.address == "@4.1")
        .unwrap();
    // Without it S is 651,000: 651 ÷ 1151.
    assert_eq!(edge.without, Some(565_595));
    assert_eq!(edge.contribution, Some(715_909 - 565_595));
    for figure in Figure::ALL {
        let why = why(figure);
        let last = why.steps.last().unwrap();
        assert_eq!(last.value, why.value.map(u64::from), "{}", figure.long());
        assert!(!why.stands_on.is_empty() && !why.formula.is_empty());
    }
}

#[test]
fn blame_names_the_entry_that_last_changed_a_field_and_a_figure() {
    let mut ledger = reference();
    ledger.commit(
        "ada",
        vec![said(
            NEURONS,
            "claim.revised",
            json!({"summary": "S", "reason": "R"}),
        )],
    );
    let state = ledger.state();
    let blame = blame(&state, &neurons(), model()).unwrap();
    let field = |name: &str| {
        let field = blame.fields.iter().find(|one| one.field == name).unwrap();
        field.by.as_ref().map(|by| by.address.clone())
    };
    assert_eq!(field("statement").as_deref(), Some("@4.0"));
    assert_eq!(field("summary").as_deref(), Some("@11"));
    assert_eq!(field("standing").as_deref(), Some("@10"));
    let figure = |name: &str| {
        let figure = blame
            .figures
            .iter()
            .find(|one| one.figure.short() == name)
            .unwrap();
        figure.by.as_ref().map(|by| by.address.clone())
    };
    assert_eq!(figure("scop").as_deref(), Some("@7"));
    assert_eq!(figure("meth").as_deref(), Some("@5"));
    // The revision made a new version, on which nobody attested yet.
    assert_eq!(figure("cons").as_deref(), Some("@11"));
}

#[test]
fn an_expired_attestation_is_a_step_of_its_own() {
    let mut ledger = reference();
    ledger.commit(
        "ada",
        vec![said(
            "agent/ada",
            "agent.changed",
            json!({"reliability": "1"}),
        )],
    );
    ledger.commit(
        "ada",
        vec![said(
            NEURONS,
            "attestation.made",
            json!({"verdict": "endorses", "weight": "1", "version": 1, "expires": "2026-04"}),
        )],
    );
    let before = ledger.state();
    ledger.commit_at(
        "ada",
        time("2026-05-01T00:00:00Z"),
        vec![said(
            "context/late",
            "context.defined",
            json!({"name": "L", "kind": "k"}),
        )],
    );
    let after = ledger.state();
    let point = |state| Point {
        state,
        effective: None,
        model: model(),
    };
    let difference = difference(&neurons(), point(&before), point(&after)).unwrap();
    assert_eq!(difference.steps.len(), 1);
    assert_eq!(difference.steps[0].cause, Cause::Expired);
    assert_eq!(difference.steps[0].event.address, "@12");
    assert!(page(&after).attestations.iter().any(|one| one.expired));
}

#[test]
fn a_difference_says_what_happened_in_between() {
    let ledger = reference();
    let (before, after) = (ledger.state_at(5), ledger.state());
    let point = |state| Point {
        state,
        effective: None,
        model: model(),
    };
    let difference = difference(&neurons(), point(&before), point(&after)).unwrap();
    let fields: Vec<&str> = difference
        .fields
        .iter()
        .map(|one| one.field.as_str())
        .collect();
    assert_eq!(fields, ["lifecycle", "standing", "view/strict-empirical"]);
    let parts: Vec<&str> = difference
        .changes
        .iter()
        .map(|one| one.part.as_str())
        .collect();
    // The third paper was there before; it is cited only now.
    assert_eq!(
        parts,
        [
            "artifacts",
            "artifacts",
            "evidence",
            "scope",
            "attestations",
            "status"
        ]
    );
    let steps: Vec<&str> = difference
        .steps
        .iter()
        .map(|one| one.event.address.as_str())
        .collect();
    assert_eq!(steps, ["@5", "@7", "@9"]);
}

#[test]
fn impact_says_what_rests_on_an_artifact_and_an_agent() {
    let state = reference().state();
    let on = |target: &str| impact(&state, &target.parse().unwrap(), model());
    let artifact = on(SCALING).unwrap();
    assert_eq!(artifact.claims.len(), 1);
    assert_eq!(artifact.claims[0].then.cont, Some(0));
    let mut retracted = reference();
    retracted.commit(
        "ada",
        vec![said(
            SCALING,
            "artifact.standing_changed",
            json!({"standing": "retracted", "reason": "R"}),
        )],
    );
    assert_eq!(
        artifact.claims[0].then,
        figures(&retracted.state(), &Filter::none())
    );
    let agent = on("agent/cur").unwrap();
    assert_eq!(
        agent.claims[0].then,
        figures(&state, &Filter::without(at(9, 0)))
    );
    assert!(on("artifact/nothing").is_none());
    assert!("claim/neurons".parse::<Target>().is_err());
}

#[test]
fn bisect_names_the_event_that_did_it() {
    let state = reference().state();
    let predicate: Predicate = "cont > 0.5".parse().unwrap();
    let found = bisect(&state, &neurons(), &predicate, model()).unwrap();
    assert_eq!(found.found.unwrap().event.address, "@5");
    assert!(found.holds_now);
    // Of the events of one commit, the one that did it: S is 0.609 after @4.1, 1.26 after @4.2.
    let second: Predicate = "evid > 0.7".parse().unwrap();
    let found = bisect(&state, &neurons(), &second, model()).unwrap();
    assert_eq!(found.found.unwrap().event.address, "@4.2");
    let never: Predicate = "support >= 0.99".parse().unwrap();
    assert_eq!(
        bisect(&state, &neurons(), &never, model()).unwrap().found,
        None
    );
    let scoped: Predicate = "scope assessed".parse().unwrap();
    let found = bisect(&state, &neurons(), &scoped, model()).unwrap();
    assert_eq!(found.found.unwrap().event.address, "@7");
    for text in [
        "support<0.5",
        "supp <= 1",
        "evid != 0",
        "meth not assessed",
        "brdg=0.25",
    ] {
        assert!(text.parse::<Predicate>().is_ok(), "{text}");
    }
    for text in [
        "",
        "truth < 1",
        "support",
        "support < 1.5",
        "support ~ 1",
        "support < .5",
    ] {
        assert!(text.parse::<Predicate>().is_err(), "{text}");
    }
}

#[test]
fn a_citation_names_version_and_head_and_hides_no_command() {
    let mut ledger = reference();
    ledger.commit(
        "ada",
        vec![said(
            NEURONS,
            "claim.revised",
            json!({"statement": "100 % of \\input{x} & \"y\" {", "reason": "R"}),
        )],
    );
    let state = ledger.state();
    let citation = cite(&page(&state), state.origin().unwrap(), "12 abc=");
    assert_eq!(
        citation.text,
        "Ada. 100 % of \\input{x} & \"y\" {. v2, 2026-03-01. \
         claims.example/test/claim/neurons. Head: 12 abc=."
    );
    let title = "title = {{100 \\% of \\textbackslash{}input\\textbraceleft{}x\\textbraceright{} \\& \"y\" \\textbraceleft{}}},";
    assert!(citation.bibtex.contains(title), "{}", citation.bibtex);
    assert!(citation.bibtex.starts_with("@misc{neurons-v2,\n"));
    let open = citation.bibtex.matches('{').count();
    assert_eq!(open, citation.bibtex.matches('}').count());
    let csl: serde_json::Value = serde_json::from_str(&citation.csl_json).unwrap();
    assert_eq!(csl[0]["title"], "100 % of \\input{x} & \"y\" {");
    assert_eq!(csl[0]["issued"]["date-parts"], json!([[2026, 3, 1]]));
    assert_eq!(csl[0]["author"][0]["literal"], "Ada");
}

#[test]
fn the_other_pages_show_what_there_is() {
    let state = everything().state();
    let artifact =
        artifact_page(&state, &slug("scaling-monosemanticity"), &Filter::none()).unwrap();
    assert_eq!(artifact.standings[0].standing.word(), "concern");
    assert_eq!(artifact.cited_by[0].claim, neurons());
    assert_eq!(
        artifact.appraisals[0].credibility.unwrap().to_string(),
        "0.82"
    );
    let agent = agent_page(&state, &slug("bot")).unwrap();
    assert_eq!((agent.name.as_str(), agent.keys.len()), ("Bot II", 2));
    assert_eq!((agent.keys[0].valid, agent.keys[1].valid), (false, true));
    let ada = agent_page(&state, &slug("ada")).unwrap();
    assert_eq!(ada.events_by_type["evidence.added"], 3);
    let context = context_page(&reference().state(), &slug("toy"), &Filter::none()).unwrap();
    assert_eq!(context.claims[0].relation.word(), "holds_in");
    let view = view_page(
        &reference().state(),
        &slug("strict-empirical"),
        model(),
        &Filter::none(),
    );
    let view = view.unwrap();
    assert_eq!(
        (view.rules.len(), view.claims[0].verdict.as_str()),
        (2, "included")
    );
    let ledger = ledger_page(&state).unwrap();
    assert_eq!((ledger.entries, ledger.threshold), (31, 2));
    assert_eq!(ledger.counts["artifacts"], 3);
    assert!(ledger.closed.is_some());
}

#[test]
fn a_version_lasts_until_the_entry_before_the_next() {
    let mut ledger = reference();
    ledger.commit(
        "ada",
        vec![said(
            NEURONS,
            "claim.revised",
            json!({"statement": "New", "reason": "R"}),
        )],
    );
    let state = ledger.state();
    let claim = state.claim(&neurons()).unwrap();
    assert_eq!(last_entry_of_version(claim, &state, 1), Some(10));
    assert_eq!(last_entry_of_version(claim, &state, 2), Some(11));
    assert_eq!(last_entry_of_version(claim, &state, 3), None);
    assert_eq!(last_entry_of_version(claim, &state, 0), None);
}

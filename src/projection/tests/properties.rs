//! What holds for every history.

use proptest::prelude::*;

use crate::claim::State;
use crate::trust::{Figure, Figures};
use crate::value::Time;

use super::super::*;
use super::ledger::{NEURONS, next, reference, said, slug, time};
use super::promises::{entry_of, model};

fn history(choices: &[u8]) -> super::ledger::Recorder {
    let mut ledger = reference();
    for choice in choices {
        let (author, said) = next(*choice);
        ledger.commit(author, vec![said]);
    }
    ledger
}

fn page(state: &State, filter: &Filter) -> ClaimPage {
    claim_page(state, &slug("neurons"), model(), filter).unwrap()
}

/// Each figure's steps lead from the old value to the new one without a jump.
fn lead(steps: &[Step], from: &Figures, to: &Figures) {
    for figure in Figure::ALL {
        let mut at = from.get(figure);
        let mut sum = 0;
        for step in steps {
            for one in step.moves.iter().filter(|one| one.figure == figure) {
                assert_eq!(one.from, at, "{} at {}", figure.long(), step.event.address);
                at = one.to;
                sum += one.by.unwrap_or(0);
            }
        }
        assert_eq!(at, to.get(figure), "{}", figure.long());
        let never_missing = steps
            .iter()
            .flat_map(|step| &step.moves)
            .all(|one| one.figure != figure || one.by.is_some());
        if let (Some(from), Some(to), true) = (from.get(figure), to.get(figure), never_missing) {
            assert_eq!(sum, i64::from(to) - i64::from(from), "{}", figure.long());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn an_effective_date_beyond_all_dates_is_no_filter(choices in prop::collection::vec(any::<u8>(), 0..6)) {
        let state = history(&choices).state();
        let beyond = Filter::effective(time("9999-12-31T23:59:59Z"));
        prop_assert_eq!(page(&state, &beyond), page(&state, &Filter::none()));
    }

    #[test]
    fn a_page_does_not_change_with_what_does_not_concern_it(choices in prop::collection::vec(any::<u8>(), 0..6)) {
        let mut ledger = history(&choices);
        let before = page(&ledger.state(), &Filter::none());
        ledger.commit_at(
            "ada",
            ledger.entries.last().unwrap().recorded,
            vec![
                said("context/other", "context.defined", serde_json::json!({"name": "Other", "kind": "other"})),
                said("artifact/other", "artifact.registered", serde_json::json!({"title": "Other", "kind": "code"})),
            ],
        );
        let mut after = page(&ledger.state(), &Filter::none());
        prop_assert!(after.custody.entries > before.custody.entries);
        after.custody = before.custody.clone();
        prop_assert_eq!(after, before);
    }

    #[test]
    fn the_steps_of_a_difference_add_up(
        choices in prop::collection::vec(any::<u8>(), 0..6),
        from in 0_usize..17,
        to in 0_usize..17,
        effective in prop::option::of(2020_u16..2028),
        later in prop::option::of(2020_u16..2028),
    ) {
        let ledger = history(&choices);
        let entries = ledger.entries.len();
        let states = [from, to].map(|point| ledger.state_at(point.min(entries)));
        let at = |year: Option<u16>| -> Option<Time> {
            year.map(|year| time(&format!("{year}-06-01T00:00:00Z")))
        };
        let point = |state, effective| Point { state, effective: at(effective), model: model() };
        let (from, to) = (point(&states[0], effective), point(&states[1], later));
        let figures = |point: Point<'_>| {
            let filter = Filter { effective: point.effective, without: None };
            profile(point.state, &slug("neurons"), model(), &filter)
                .map_or_else(Figures::default, |profile| profile.figures)
        };
        let Some(difference) = difference(&slug("neurons"), from, to) else {
            prop_assert_eq!(figures(from), Figures::default());
            prop_assert_eq!(figures(to), Figures::default());
            return Ok(());
        };
        lead(&difference.steps, &figures(from), &figures(to));
        prop_assert_eq!(&difference.evidence_change, &difference.figures);
        prop_assert_eq!(difference.model_change, vec![]);
    }

    #[test]
    fn bisect_finds_what_a_look_at_every_entry_finds(
        choices in prop::collection::vec(any::<u8>().prop_filter("no revocation", |c| c % 12 != 11), 0..8),
        figure in 0_usize..11,
        below in 1_u32..9,
    ) {
        let ledger = history(&choices);
        let state = ledger.state();
        let figure = Figure::ALL[figure];
        let predicate: Predicate = format!("{} < 0.{below}", figure.long()).parse().unwrap();
        let value = |entries: usize| {
            profile(&ledger.state_at(entries), &slug("neurons"), model(), &Filter::none())
                .and_then(|profile| profile.figures.get(figure))
        };
        let linear = (1..=ledger.entries.len()).find(|entries| predicate.holds(value(*entries)));
        let found = bisect(&state, &slug("neurons"), &predicate, model()).unwrap().found;
        // Within an entry a figure may pass through a value that no entry ends with, and an
        // attestation expires between entries.
        match (linear, found) {
            (Some(linear), Some(found)) if found.cause == Cause::Recorded => {
                prop_assert!(entry_of(&found.event.address) < linear as u64);
                if entry_of(&found.event.address) + 1 != linear as u64 {
                    prop_assert_eq!(entry_of(&found.event.address), 4);
                }
            }
            (Some(_), found) => prop_assert_eq!(found.map(|step| step.cause), Some(Cause::Expired)),
            (None, Some(found)) => prop_assert!(
                entry_of(&found.event.address) == 4 || found.cause == Cause::Expired
            ),
            (None, None) => {}
        }
    }

    #[test]
    fn every_page_is_read_back_from_its_json(choices in prop::collection::vec(any::<u8>(), 0..6)) {
        let state = history(&choices).state();
        let page = page(&state, &Filter::none());
        let text = serde_json::to_string(&page).unwrap();
        prop_assert_eq!(page.subject.to_string(), NEURONS);
        prop_assert_eq!(serde_json::from_str::<ClaimPage>(&text).unwrap(), page);
        let rows = catalogue(&state, model(), &Filter::none(), &Wanted::default());
        let text = serde_json::to_string(&rows).unwrap();
        prop_assert_eq!(serde_json::from_str::<Vec<CatalogueRow>>(&text).unwrap(), rows);
    }
}

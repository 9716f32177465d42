//! H, in process: what a claim's page costs before any server stands around it; microseconds,
//! medians over claims in turn. `cargo bench -- reading` measures only this.
//!
//! What was done for every claim at once, or for each figure alone, stands beside what takes its
//! place, in the same run.

use std::time::Instant;

use grounds::claim::State;
use grounds::envelope::PrivateKey;
use grounds::ledger::prepare;
use grounds::net::page::{claim_states, last_told, walk};
use grounds::projection::{Filter, claim_page, model_in_force, why, whys};
use grounds::trust::Figure;
use grounds::value::Slug;

use super::{Row, found, slug, synthetic};

/// Claims that are looked at.
const LOOKS: usize = 200;

pub(crate) fn rows() -> Vec<Row> {
    let state = argued();
    let model = model_in_force(&state).expect("a released model");
    let claims: Vec<Slug> = (state.claims().map(|(slug, _)| slug.clone()))
        .take(LOOKS)
        .collect();
    let everything = Filter::none();
    let begun = Instant::now();
    let walked = walk::<()>(&state, &mut |_| Ok(())).unwrap_or_default();
    let walk_took = begun.elapsed().as_secs_f64() * 1e6;
    assert_eq!(walked.len(), state.claims().count());
    vec![
        ("H states of all claims, by a walk (µs)", walk_took),
        (
            "H states of one claim (µs)",
            median(&claims, &mut |slug| claim_states(&state, slug).len()),
        ),
        (
            "H whether a kept page still holds (µs)",
            median(&claims, &mut |slug| {
                last_told(&state, slug).is_some().into()
            }),
        ),
        (
            "H claim page (µs)",
            median(&claims, &mut |slug| {
                claim_page(&state, slug, model, &everything)
                    .is_some()
                    .into()
            }),
        ),
        (
            "H why of 11 figures, one by one (µs)",
            median(&claims, &mut |slug| {
                let one = |figure| why(&state, slug, figure, model, &everything);
                Figure::ALL.into_iter().filter_map(one).count()
            }),
        ),
        (
            "H why of 11 figures, at once (µs)",
            median(&claims, &mut |slug| {
                whys(&state, slug, &Figure::ALL, model, &everything).len()
            }),
        ),
    ]
}

/// A ledger of the seeded acts, 12,000 events with 8 a claim.
fn argued() -> State {
    let folder = std::env::temp_dir().join(format!("grounds-bench-reading-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a temporary folder");
    let steward = PrivateKey::from_seed(&[1; 32]);
    let mut appender = found(&folder, &steward);
    for acts in synthetic().chunks(100) {
        let origin = appender.origin().clone();
        let (anchor, now) = (appender.anchor(), appender.now());
        let commit = prepare(
            appender.state(),
            &origin,
            anchor,
            &slug("steward"),
            now,
            acts,
        );
        let signed = grounds::envelope::Signed::seal(commit.expect("a commit"), &steward);
        appender.stage(&signed.to_bytes()).expect("admitted");
    }
    appender.flush().expect("durable");
    let state = appender.state().clone();
    appender.close().expect("closed");
    std::fs::remove_dir_all(&folder).expect("removed");
    state
}

fn median(claims: &[Slug], job: &mut dyn FnMut(&Slug) -> usize) -> f64 {
    let mut took: Vec<f64> = Vec::with_capacity(claims.len());
    for slug in claims {
        let begun = Instant::now();
        assert!(job(slug) > 0, "{slug} is there");
        took.push(begun.elapsed().as_secs_f64() * 1e6);
    }
    took.sort_by(f64::total_cmp);
    took[took.len() / 2]
}

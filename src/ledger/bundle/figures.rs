//! The profile as a bundle has it, compared figure by figure with the one that the model gives.

use super::form::{ClaimedProfile, CoverageForm};
use crate::ledger::checklist::{Fault, Part};
use crate::projection::Profile;
use crate::trust::Figure;

/// Everything in which a profile is not the one that the model gives.
pub(super) fn differences(claimed: &ClaimedProfile, profile: &Profile) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut hold = |what: &str, found: String, expected: String| {
        if found != expected {
            let found = format!("{what} {found}");
            let expected = format!("{expected}, which {} gives", profile.model);
            faults.push(Fault::of(Part::Scores, None, found, expected));
        }
    };
    for figure in Figure::ALL {
        let (found, expected) = (claimed.figures.get(figure), profile.figures.get(figure));
        hold(figure.short(), ppm(found), ppm(expected));
    }
    hold(
        "assumed",
        names(&claimed.assumed.0),
        names(&profile.assumed),
    );
    let (found, expected) = (&claimed.coverage, &profile.coverage);
    for (figure, found, expected) in [
        (Figure::Support, &found.supp, expected.supp),
        (Figure::Frontier, &found.fron, expected.fron),
        (Figure::Stability, &found.stab, expected.stab),
    ] {
        let what = format!("coverage of {}", figure.short());
        hold(&what, parts(found), parts(&expected.into()));
    }
    faults
}

fn ppm(value: Option<u32>) -> String {
    value.map_or_else(|| "not assessed".to_owned(), |ppm| ppm.to_string())
}

fn names(figures: &[Figure]) -> String {
    match figures {
        [] => "none".to_owned(),
        _ => {
            let names: Vec<&str> = figures.iter().map(|one| one.short()).collect();
            names.join(", ")
        }
    }
}

fn parts(coverage: &CoverageForm) -> String {
    format!("{} of {}", coverage.present, coverage.whole)
}

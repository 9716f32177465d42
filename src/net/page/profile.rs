//! Profile: three derived figures large, eight dimensions as labelled bars in a table. A figure
//! that is not assessed is a dash and a word, never an empty bar, which would look like zero.

use maud::{Markup, html};

use crate::projection::Profile;
use crate::trust::Figure;
use crate::value::{Index, Slug};

use super::ink::{figure, minute, part};
use super::links::Links;

/// Reasons that stand there at once; more are folded away.
const FEW: usize = 4;

/// A profile, each figure linked to its why.
pub(super) fn profile(links: &Links, claim: &Slug, at: Option<Index>, profile: &Profile) -> Markup {
    let derived = || Figure::ALL.into_iter().filter(|figure| figure.is_derived());
    let dimensions = || {
        Figure::ALL
            .into_iter()
            .filter(|figure| !figure.is_derived())
    };
    html! {
        ul.derived {
            @for one in derived() {
                li {
                    a href=(links.why(claim, at, one)) {
                        span.large { (figure(profile, one)) }
                        " " span.word { (one.long()) }
                        @if let Some(part) = part(profile, one) { " " span.part data-part=(one.short()) { (part) } }
                    }
                }
            }
        }
        table.dimensions {
            caption.unseen { "The eight dimensions" }
            thead.unseen { tr { th scope="col" { "dimension" } th scope="col" { "drawn" } th scope="col" { "figure" } } }
            tbody {
                @for one in dimensions() {
                    tr {
                        th scope="row" { (one.long()) }
                        td.drawn { (bar(profile, one)) }
                        td.number { a href=(links.why(claim, at, one)) aria-label=(label(profile, one)) { (figure(profile, one)) } }
                    }
                }
            }
        }
        (legend(profile))
    }
}

/// What a reader who sees no table hears of a link.
fn label(profile: &Profile, figure: Figure) -> String {
    let value = super::ink::whole(profile.figures.get(figure));
    match (
        profile.figures.get(figure),
        profile.assumed.contains(&figure),
    ) {
        (None, _) => format!("— not assessed: why {} is not", figure.long()),
        (Some(_), true) => format!("≈ {value}: why {}", figure.long()),
        (Some(_), false) => format!("{value}: why {}", figure.long()),
    }
}

fn bar(profile: &Profile, figure: Figure) -> Markup {
    let Some(ppm) = profile.figures.get(figure) else {
        return html! { span.none { "not assessed" } };
    };
    let width = format!("{}.{:02}%", ppm / 10_000, ppm % 10_000 / 100);
    let class = if figure == Figure::Contestation {
        "filled hatched"
    } else {
        "filled"
    };
    html! {
        svg.bar data-bar=(figure.short()) width="100%" height="8" aria-hidden="true" focusable="false" {
            rect.empty width="100%" height="8" {}
            rect class=(class) width=(width) height="8" {}
        }
    }
}

fn reasons(profile: &Profile) -> Markup {
    html! {
        ul.reasons {
            @for missing in &profile.not_assessed {
                li { "— " (missing.figure.long()) ": " (missing.reason) }
            }
        }
    }
}

fn legend(profile: &Profile) -> Markup {
    html! {
        p.soft {
            (profile.model.replace('@', " "))
            @if let Some(at) = profile.computed_at { " · " (minute(at)) }
            br; "Every figure opens the entries it stands on."
        }
        @if !profile.assumed.is_empty() {
            p.soft { "≈ rests on the assumed quality of a source that nobody appraised." }
        }
        @if profile.not_assessed.len() > FEW {
            details { summary { (profile.not_assessed.len()) " figures are not assessed: why" } (reasons(profile)) }
        } @else if !profile.not_assessed.is_empty() {
            (reasons(profile))
        }
    }
}

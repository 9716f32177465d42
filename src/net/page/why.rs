//! Why: where the figures of a claim come from, for somebody who has never heard of them.

use maud::{Markup, html};

use crate::projection::{Ground, Why};
use crate::trust::Figure;
use crate::value::{Index, Slug};

use super::frame::{Frame, Sheet, document, section};
use super::ink::{byline, finely, phrase, points, seen};
use super::links::{Format, Links, Page};

/// The page of the figures of a claim, or of one of them: its arithmetic and the entries it stands on.
#[must_use]
pub fn why(
    frame: &Frame<'_>,
    claim: &Slug,
    at: Option<Index>,
    only: Option<Figure>,
    figures: &[Why],
) -> String {
    let links = &frame.links;
    let statement = figures.first().map_or("", |why| why.statement.as_str());
    let model = figures.first().map_or("", |why| why.model.as_str());
    let back = Page::Claim(claim, at);
    let body = html! {
        div.title {
            p.meta { @match only { Some(_) => "Where the figure comes from", None => "Where the figures come from" } }
            h1 dir="auto" { a.quiet href=(links.to(&back)) { (seen(statement)) } }
            p.meta {
                (model.replace('@', " "))
                @if let Some(at) = at { " · as the ledger knew it with entry @" (at) }
            }
            ul.jump aria-label="Figures" {
                @for why in figures {
                    li { a href=[to(links, claim, at, only, why)] { (why.name) } " " (shown(why)) }
                }
            }
        }
        div.reading {
            @for why in figures.iter().filter(|why| only.is_none_or(|only| why.figure == only)) { (figure(links, why)) }
            @if only.is_some() { p.soft { a href=(links.to(&Page::Why(claim, at, None))) { "All figures on one page" } } }
        }
    };
    let sheet = Sheet {
        name: match only {
            Some(figure) => format!("Why {} · {statement}", figure.long()),
            None => match at {
                Some(at) => format!("Why, as of @{at} · {statement}"),
                None => format!("Why · {statement}"),
            },
        },
        page: Page::Why(claim, at, only),
        formats: if at.is_none() && only.is_some() {
            &[Format::Json]
        } else {
            &[]
        },
        band: None,
        body,
    };
    document(frame, &sheet)
}

/// From one figure to another: on this page, or the page of its own; none to the figure itself.
fn to(
    links: &Links,
    claim: &Slug,
    at: Option<Index>,
    only: Option<Figure>,
    why: &Why,
) -> Option<String> {
    match only {
        None => Some(format!("#{}", why.name)),
        Some(only) if only == why.figure => None,
        Some(_) => Some(links.why(claim, at, why.figure)),
    }
}

fn shown(why: &Why) -> Markup {
    html! {
        @match why.value {
            Some(ppm) => {
                @if why.assumed { "≈ " }
                data data-figure=(why.figure.short()) value=(ppm) { (finely(why.value)) }
            },
            None => { "— " span.soft { "not assessed" } },
        }
    }
}

fn figure(links: &Links, why: &Why) -> Markup {
    section(
        &why.name,
        &html! { (why.name) " " span.value { (shown(why)) } },
        &html! {
            p.meaning { (why.meaning) }
            @if let Some(reason) = &why.not_assessed {
                p.notice.contested { "Not assessed: " (reason) ". That is not 0%: nothing is known." }
            }
            @if why.assumed {
                p.notice.contested { "≈ A source that nobody appraised is taken to be of 50% quality." }
            }
            @if let Some(coverage) = why.coverage.filter(|coverage| coverage.is_partial()) {
                p.notice.contested { "From " (coverage.present) " of " (coverage.whole) " parts: the rest is not assessed." }
            }
            p.formula { (why.name) " = " (why.formula) }
            @if !why.steps.is_empty() {
                ol.steps { @for step in &why.steps { li { (phrase(&step.words)) } } }
            }
            (grounds(links, why))
        },
    )
}

fn grounds(links: &Links, why: &Why) -> Markup {
    html! {
        h3 { "Signed entries it stands on · " (why.stands_on.len()) }
        @if why.stands_on.is_empty() {
            p.soft { "None." }
        } @else {
            div.scroll tabindex="0" role="region" aria-label={ "Entries that " (why.name) " stands on" } {
                table {
                    thead { tr {
                        th scope="col" { "entry" }
                        th.number scope="col" { "adds" }
                        th.number scope="col" { "without it" }
                    } }
                    tbody { @for ground in &why.stands_on { (row(links, ground)) } }
                }
            }
            p.soft { "“Adds” is the figure less what it would be without the entry, in percentage points; these do not add up to the figure." }
        }
    }
}

fn row(links: &Links, ground: &Ground) -> Markup {
    html! {
        tr {
            td { (phrase(&ground.words)) br; span.meta { (byline(links, &ground.by)) } }
            td.number { (ground.contribution.map_or_else(|| "all".to_owned(), points)) }
            td.number { (finely(ground.without)) }
        }
    }
}

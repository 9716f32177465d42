//! History: what happened to a claim, in words; its figures at every state; what one entry changed;
//! and who last changed what.

use maud::{Markup, html};

use crate::projection::{
    Blame, Cause, Change, Difference, FieldChange, Move, PointShown, Step, TimelineRow,
};
use crate::trust::Figure;
use crate::value::{Index, Slug};

use super::frame::{Frame, Sheet, document, named};
use super::ink::{byline, day, finely, minute, phrase, points, said, seen, whole};
use super::links::{Format, Links, Page};
use super::moved::moved;
use super::states::ClaimState;

/// What happened to a claim.
#[derive(Clone, Copy)]
pub struct HistoryShown<'h> {
    /// Which claim.
    pub claim: &'h Slug,
    /// Its statement (ledger text).
    pub statement: &'h str,
    /// Its own events, newest first.
    pub events: &'h [TimelineRow],
    /// All its states, the newest last.
    pub states: &'h [ClaimState],
}

/// The page of a claim's history.
#[must_use]
pub fn history(frame: &Frame<'_>, shown: &HistoryShown<'_>) -> String {
    let links = &frame.links;
    let body = html! {
        (title(links, shown.claim, "History", shown.statement))
        div.reading {
            (named("words", "In words", &html! {
                ol.happened { @for state in shown.states.iter().rev() { (made(links, shown.claim, state)) } }
            }))
            (named("moved", "How it moved", &moved(shown.states)))
        }
        (named("figures", "Figures at every state", &table(links, shown)))
    };
    let sheet = Sheet {
        name: format!("History · {}", shown.statement),
        page: Page::History(shown.claim),
        formats: &[Format::Json],
        band: None,
        body,
    };
    document(frame, &sheet)
}

fn title(links: &Links, claim: &Slug, what: &str, statement: &str) -> Markup {
    html! {
        div.title {
            p.meta { (what) " of the claim" }
            h1 dir="auto" { a.quiet href=(links.to(&Page::Claim(claim, None))) { (seen(statement)) } }
        }
    }
}

fn made(links: &Links, claim: &Slug, state: &ClaimState) -> Markup {
    html! {
        li {
            @for row in &state.events {
                p.says {
                    @if let Some(name) = &row.by.author_name { (said(name)) } @else { (row.by.author) }
                    " " @if row.set_aside { s { (phrase(&row.words)) } " (set aside)" } @else { (phrase(&row.words)) }
                }
            }
            @if state.events.is_empty() { p.says { "Time went on: an attestation expired." } }
            p.meta {
                (day(state.recorded)) " · "
                a href=(links.event(&format!("@{}", state.entry))) { "entry @" (state.entry) } " · "
                a href=(links.to(&Page::Claim(claim, Some(state.entry)))) { "the page then" } " · "
                a href=(links.to(&Page::Diff(claim, state.entry))) { "what it changed" }
                " · support " (whole(state.figures.supp))
            }
        }
    }
}

fn table(links: &Links, shown: &HistoryShown<'_>) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="Table of the figures at every state" {
            table.states {
                thead { tr {
                    th scope="col" { "state" }
                    th scope="col" { "day" }
                    @for figure in Figure::ALL { th.number scope="col" { (figure.long()) } }
                } }
                tbody {
                    @for state in shown.states.iter().rev() {
                        tr {
                            th scope="row" { a href=(links.to(&Page::Claim(shown.claim, Some(state.entry)))) { "@" (state.entry) } }
                            td { (day(state.recorded)) }
                            @for figure in Figure::ALL { td.number { (whole(state.figures.get(figure))) } }
                        }
                    }
                }
            }
        }
    }
}

/// The page of what one entry changed: the state with it against the state before.
#[must_use]
pub fn diff(
    frame: &Frame<'_>,
    claim: &Slug,
    statement: &str,
    entry: Index,
    shown: &Difference,
) -> String {
    let links = &frame.links;
    let body = html! {
        div.title {
            p.meta { "What entry " a href=(links.event(&format!("@{entry}"))) { "@" (entry) } " changed for the claim" }
            h1 dir="auto" { a.quiet href=(links.to(&Page::Claim(claim, Some(entry)))) { (seen(statement)) } }
            p.meta { "From " (point(&shown.from)) " to " (point(&shown.to)) }
        }
        div.reading {
            @if !shown.figures.is_empty() { (named("figures", "Figures", &movements(&shown.figures))) }
            @if !shown.model_change.is_empty() {
                (named("model", "Of these by another model", &movements(&shown.model_change)))
            }
            @if !shown.fields.is_empty() { (named("fields", "Fields", &fields(&shown.fields))) }
            @if !shown.changes.is_empty() { (named("events", "Events", &changes(links, &shown.changes))) }
            @if shown.steps.len() > 1 { (named("steps", "Step by step", &steps(links, &shown.steps))) }
            @if shown.figures.is_empty() && shown.fields.is_empty() && shown.changes.is_empty() {
                p.soft { "No field and no figure moved." }
            }
        }
    };
    let sheet = Sheet {
        name: format!("@{entry} · {statement}"),
        page: Page::Diff(claim, entry),
        formats: &[Format::Json],
        band: None,
        body,
    };
    document(frame, &sheet)
}

fn point(point: &PointShown) -> Markup {
    html! {
        (point.entries) @if point.entries == 1 { " entry" } @else { " entries" }
        @if let Some(at) = point.recorded { " (" (minute(at)) ")" }
        @if !point.exists { ", when it was not there yet" }
    }
}

fn movements(moves: &[Move]) -> Markup {
    html! {
        table.moves {
            thead { tr {
                th scope="col" { "figure" }
                th.number scope="col" { "before" }
                th.number scope="col" { "after" }
                th.number scope="col" { "moved" }
            } }
            tbody { @for one in moves { (movement(one)) } }
        }
    }
}

fn movement(one: &Move) -> Markup {
    let (class, words) = match one.by {
        Some(by) if by > 0 => ("up", format!("↑ {}", points(by))),
        Some(by) => ("down", format!("↓ {}", points(by))),
        None if one.to.is_none() => ("gone", "no longer assessed".to_owned()),
        None => ("new", "assessed now".to_owned()),
    };
    html! {
        tr {
            th scope="row" { (one.figure.long()) }
            td.number { (finely(one.from)) }
            td.number { (finely(one.to)) }
            td class={ "number " (class) } { (words) }
        }
    }
}

fn fields(fields: &[FieldChange]) -> Markup {
    html! {
        dl.fields {
            @for field in fields {
                dt { (field.field) }
                dd {
                    @if let Some(from) = &field.from { del { (said(from)) } " " }
                    @match &field.to { Some(to) => ins { (said(to)) }, None => span.soft { "no longer there" } }
                }
            }
        }
    }
}

fn changes(links: &Links, changes: &[Change]) -> Markup {
    html! {
        ul.plain {
            @for change in changes {
                li {
                    p.says {
                        @if change.gained { "+ " (phrase(&change.words)) } @else { "− " s { (phrase(&change.words)) } }
                    }
                    p.meta { (change.part) " · " (byline(links, &change.by)) }
                }
            }
        }
    }
}

fn steps(links: &Links, steps: &[Step]) -> Markup {
    html! {
        ol.plain {
            @for step in steps {
                li {
                    p.says { (cause(step.cause)) (phrase(&step.words)) }
                    p.meta { (byline(links, &step.event)) }
                    (movements(&step.moves))
                }
            }
        }
    }
}

fn cause(cause: Cause) -> &'static str {
    match cause {
        Cause::Recorded => "",
        Cause::Expired => "expired: ",
        Cause::Held => "holds from then on: ",
    }
}

/// The page of who last changed each field and figure.
#[must_use]
pub fn blame(frame: &Frame<'_>, claim: &Slug, statement: &str, shown: &Blame) -> String {
    let links = &frame.links;
    let body = html! {
        (title(links, claim, "Who last changed each field and figure", statement))
        div.reading {
            (named("figures", "Figures", &html! {
                dl.fields {
                    @for figure in &shown.figures {
                        dt { a href=(links.why(claim, None, figure.figure)) { (figure.figure.long()) } }
                        dd {
                            @if figure.before.is_some() { (finely(figure.before)) " → " }
                            strong { (finely(figure.value)) }
                            @match &figure.by {
                                Some(by) => {
                                    @if let Some(words) = &figure.words {
                                        br; (figure.cause.map_or("", cause)) (phrase(words))
                                    }
                                    br; span.meta { (byline(links, by)) }
                                },
                                None => span.soft { " never assessed" },
                            }
                        }
                    }
                }
            }))
            (named("fields", "Fields", &html! {
                dl.fields {
                    @for field in &shown.fields {
                        dt { (field.field) }
                        dd {
                            (said(&field.value)) br;
                            span.meta {
                                @match &field.by {
                                    Some(by) => (byline(links, by)),
                                    None => "since it was asserted",
                                }
                            }
                        }
                    }
                }
            }))
        }
    };
    let sheet = Sheet {
        name: format!("Blame · {statement}"),
        page: Page::Blame(claim),
        formats: &[Format::Json],
        band: None,
        body,
    };
    document(frame, &sheet)
}

//! History: what happened to a claim, in words; its figures at every state; what one entry changed;
//! and who last changed what.

use maud::{Markup, html};

use crate::projection::{
    Blame, Cause, Change, Difference, FieldChange, Move, PointShown, Step, TimelineRow,
};
use crate::trust::Figure;
use crate::value::Slug;

use super::frame::{Frame, Sheet, document, models, named};
use super::ink::{byline, day, day_words, finely, minute, phrase, points, said, seen, whole};
use super::links::{Compared, Ends, Format, Links, Page};
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
        @if links.answers() {
            p { a href=(links.to(&Page::Diff(shown.claim, Ends::Asked(Compared::default())))) { "Compare two states" } }
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
                a href=(links.to(&Page::Diff(claim, Ends::Entry(state.entry)))) { "what it changed" }
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

/// What changed for a claim between two states.
#[derive(Clone, Copy)]
pub struct DiffShown<'d> {
    /// Which claim.
    pub claim: &'d Slug,
    /// Its statement (ledger text).
    pub statement: &'d str,
    /// Between which states.
    pub ends: Ends<'d>,
    /// What changed; none where nothing was asked for yet.
    pub found: Option<&'d Difference>,
    /// The claim's states, the newest last: among which a reader chooses.
    pub states: &'d [ClaimState],
}

/// The page of what changed: by one entry, or between two states that somebody chose.
#[must_use]
pub fn diff(frame: &Frame<'_>, shown: &DiffShown<'_>) -> String {
    let links = &frame.links;
    let (claim, statement) = (shown.claim, shown.statement);
    let at = match shown.ends {
        Ends::Entry(at) => Some(at),
        Ends::Asked(_) => None,
    };
    let body = html! {
        div.title {
            @match at {
                Some(at) => p.meta { "What entry " a href=(links.event(&format!("@{at}"))) { "@" (at) } " changed for the claim" },
                None => p.meta { "What changed for the claim between two states" },
            }
            h1 dir="auto" { a.quiet href=(links.to(&Page::Claim(claim, at))) { (seen(statement)) } }
            @if let Some(found) = shown.found { p.meta { "From " (point(&found.from)) " to " (point(&found.to)) } }
            @if let Ends::Asked(compared) = &shown.ends { (compare(links, shown, compared)) }
        }
        div.reading {
            @match shown.found {
                Some(found) => (changed(links, found, at.is_none())),
                None => p.soft { "Name two states: what moved between them is shown figure by figure, each movement with the entry that made it." },
            }
        }
    };
    let sheet = Sheet {
        name: match at {
            Some(at) => format!("@{at} · {statement}"),
            None => format!("Compared · {statement}"),
        },
        page: Page::Diff(claim, shown.ends),
        formats: if shown.found.is_some() {
            &[Format::Json]
        } else {
            &[]
        },
        band: None,
        body,
    };
    document(frame, &sheet)
}

fn changed(links: &Links, found: &Difference, is_asked: bool) -> Markup {
    let by_model = found.from.model != found.to.model;
    html! {
        @if !found.figures.is_empty() { (named("figures", "Figures", &movements(&found.figures))) }
        @if by_model {
            (named("evidence", "Of these by evidence", &html! {
                p.soft { "Both states by " (found.from.model.replace('@', " ")) "." }
                @if found.evidence_change.is_empty() { p.soft { "None." } } @else { (movements(&found.evidence_change)) }
            }))
        }
        @if by_model || !found.model_change.is_empty() {
            (named("model", "Of these by another model", &html! {
                p.soft { "The second state, by " (found.from.model.replace('@', " ")) " and by " (found.to.model.replace('@', " ")) "." }
                @if found.model_change.is_empty() { p.soft { "None." } } @else { (movements(&found.model_change)) }
            }))
        }
        @if !found.fields.is_empty() { (named("fields", "Fields", &fields(&found.fields))) }
        @if !found.changes.is_empty() { (named("events", "Events", &changes(links, &found.changes))) }
        @if found.steps.len() > 1 || (is_asked && !found.steps.is_empty()) {
            (named("steps", "Step by step", &steps(links, &found.steps)))
        }
        @if found.figures.is_empty() && found.fields.is_empty() && found.changes.is_empty() {
            p.soft { "No field and no figure moved." }
        }
    }
}

/// States that a reader is offered in the form; any other can be typed.
const OFFERED: usize = 60;

/// The form that asks for two states: it works without script.
fn compare(links: &Links, shown: &DiffShown<'_>, compared: &Compared<'_>) -> Markup {
    let form = links.to(&Page::Diff(shown.claim, Ends::Asked(Compared::default())));
    let clock = |name, words, chosen| html! { option value=(name) selected[chosen] { (words) } };
    html! {
        form.asks.compare method="get" action=(form) {
            label { "From " (end("from", compared.from)) }
            label { "to " (end("to", compared.to)) }
            label {
                "both meant by "
                select name="clock" {
                    (clock("recorded", "when it was recorded", !compared.is_effective))
                    (clock("effective", "when it held in the world", compared.is_effective))
                }
            }
            (models("model", "the first by ", compared.model))
            (models("model2", "the second by ", compared.model2))
            button { "compare" }
            datalist id="states" {
                @for state in shown.states.iter().rev().take(OFFERED) {
                    option value={ "@" (state.entry) } { (day_words(&state.recorded.day())) }
                }
            }
        }
        p.soft { "A date (2026-03, 2026-03-09), a time in UTC (2026-03-09T19:58:00Z), an entry (@12) or the first digits of an event’s id; empty: the newest state." }
    }
}

fn end(name: &str, value: Option<&str>) -> Markup {
    html! { input type="text" name=(name) value=[value.map(seen)] list="states" autocomplete="off" spellcheck="false"; }
}

fn point(point: &PointShown) -> Markup {
    html! {
        (point.entries) @if point.entries == 1 { " entry" } @else { " entries" }
        @if let Some(at) = point.recorded { " (" (minute(at)) ")" }
        @if let Some(by) = point.effective { ", what held by " (minute(by)) }
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

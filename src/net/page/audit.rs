//! The audit: what was checked and how it came out, and the ledger itself.

use maud::{Markup, html};

use crate::ledger::audit::{Check, Fault, Outcome, Report, Verdict};
use crate::projection::LedgerPage;
use crate::value::Subject;

use super::frame::{Frame, Sheet, document, named};
use super::ink::{byline, counted, minute, phrase, prose, said, seen};
use super::links::{Format, Links, Page};

/// Faults shown before the rest is only counted.
const SHOWN: usize = 100;

/// The page of an audit and of the ledger.
#[must_use]
pub fn audit(frame: &Frame<'_>, report: &Report, ledger: &LedgerPage) -> String {
    let links = &frame.links;
    let body = html! {
        div.title {
            p.meta { (ledger.origin) }
            h1 dir="auto" { (seen(&ledger.title)) }
            @if let Some(text) = &ledger.description { (prose(text)) }
            @if let Some(closed) = &ledger.closed {
                p.notice.against { "✗ Closed: " (phrase(&closed.words)) " (" (byline(links, &closed.by)) ")" }
            }
        }
        div.reading {
            (named("audit", "Audit", &checklist(frame, report)))
            (named("ledger", "The ledger", &facts(ledger)))
            (named("stewards", &stewards_name(ledger), &stewards(links, ledger)))
            (named("models", "Models adopted", &models(links, ledger)))
            @if !ledger.set_aside.is_empty() {
                (named("set-aside", "Set aside", &html! {
                    ul.plain { @for row in &ledger.set_aside { li { p.says { s { (phrase(&row.words)) } } p.meta { (byline(links, &row.by)) } } } }
                }))
            }
        }
    };
    let sheet = Sheet {
        name: "Audit".to_owned(),
        page: Page::Audit,
        formats: &[Format::Json],
        band: None,
        body,
    };
    document(frame, &sheet)
}

fn checklist(frame: &Frame<'_>, report: &Report) -> Markup {
    let (class, words) = match report.verdict {
        Verdict::Holds => ("for", "Everything that was checked holds."),
        Verdict::Fails => ("against", "It does not hold."),
        Verdict::Damaged => ("against", "The ledger is damaged."),
        Verdict::CannotTell => ("contested", "It cannot be told: entries are withheld."),
    };
    html! {
        p.verdict { strong class=(class) { (words) } }
        ul.checks { @for check in &report.checks { (line(check)) } }
        @if !report.faults.is_empty() {
            h3 { "What does not hold" }
            ul.plain { @for fault in report.faults.iter().take(SHOWN) { (wrong(fault)) } }
            @if report.fault_count > SHOWN as u64 { p.soft { "… and " (report.fault_count - SHOWN as u64) " more." } }
        }
        p.soft {
            (counted(report.events, "event")) ", " (counted(report.signatures, "signature")) " in "
            (report.entries) " entries, checked by " code { "grounds verify" }
            @if frame.links.answers() { " on this server" } @else { " when these pages were written" }
            ", for head " (report.size.unwrap_or(frame.head.size)) "."
            @if report.is_own_key {
                " The log key was taken from the ledger itself: one that was rewritten as a whole would pass. Hold it against a key that you have from somewhere else."
            }
        }
        p.soft { "To check it yourself: a copy of the ledger and " code { "grounds verify --vkey" } ", or any client of C2SP tlog-tiles with the log key:" }
        p.soft { code.key { (frame.log_key) } }
    }
}

fn line(check: &Check) -> Markup {
    let (class, sign, spoken) = match check.outcome {
        Outcome::Holds => ("for", "✓", "holds"),
        Outcome::Fails => ("against", "✗", "fails"),
        Outcome::Unknown => ("contested", "?", "cannot be told"),
    };
    html! {
        li class=(class) data-check=(check.part.word()) {
            span.sign aria-hidden="true" { (sign) } span.unseen { (spoken) ": " } " "
            span { strong { (check.part.word()) } ": " (said(&check.detail)) }
        }
    }
}

fn wrong(fault: &Fault) -> Markup {
    html! {
        li.against {
            "✗ "
            @if let Some(index) = fault.index { "@" (index) " " }
            @if let Some(file) = &fault.file { (said(file)) " " }
            @if let Some(code) = fault.code { "[" (code) "] " }
            ": found " (said(&fault.found)) ", expected " (said(&fault.expected))
        }
    }
}

fn facts(ledger: &LedgerPage) -> Markup {
    html! {
        dl.fields {
            dt { "entries" }
            dd {
                (ledger.entries) " with " (counted(ledger.events, "event"))
                @if let (Some(first), Some(last)) = (ledger.first_recorded, ledger.last_recorded) {
                    ", from " (minute(first)) " to " (minute(last))
                }
            }
            @if ledger.missing_entries > 0 {
                dt { "missing" } dd.against { (ledger.missing_entries) " entries are missing from this copy" }
            }
            dt { "holds" }
            dd {
                @for (place, (kind, count)) in ledger.counts.iter().enumerate() {
                    @if place > 0 { " · " }
                    (counted(*count, kind.trim_end_matches('s')))
                }
            }
            dt { "model" }
            dd {
                @match (&ledger.model, &ledger.model_fault) {
                    (Some(model), _) => (model.replace('@', " ")),
                    (None, Some(fault)) => span.warns { (said(fault)) },
                    (None, None) => "—",
                }
            }
        }
    }
}

fn stewards_name(ledger: &LedgerPage) -> String {
    match (ledger.stewards.len(), ledger.threshold) {
        (1, _) => "Stewards · 1".to_owned(),
        (many, threshold) => format!("Stewards · {many}, {threshold} of them decide together"),
    }
}

fn stewards(links: &Links, ledger: &LedgerPage) -> Markup {
    html! {
        ul.plain {
            @for steward in &ledger.stewards {
                @let subject = Subject::agent(steward.agent.clone());
                li {
                    a href=(links.to(&Page::Subject(&subject))) { (said(&steward.name)) }
                    @if !steward.able { span.warns { " has no valid key" } }
                }
            }
        }
    }
}

fn models(links: &Links, ledger: &LedgerPage) -> Markup {
    html! {
        @if ledger.models.is_empty() { p.soft { "No event adopted one; figures are by the model that every ledger begins with." } }
        ul.plain {
            @for model in &ledger.models {
                li {
                    p { (said(&model.model)) " " (said(&model.version)) @if model.default { ", as the default" } }
                    p.meta { "parameters " code.hash { (model.spec) } " · " (byline(links, &model.by)) }
                }
            }
        }
    }
}

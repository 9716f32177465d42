//! Frame: what stands around every page, and the head that it was read from.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::hash::Hash;
use crate::ledger::Cosignature;
use crate::projection::model_name;
use crate::trust::MODELS;
use crate::value::{Kind, Time};

use super::answer::Head;
use super::ink::{minute, said, seen};
use super::links::{Format, Links, Listing, Page, Within, percent_decoded};
use super::script::page_file;

/// The style sheet.
pub const STYLE: &str = include_str!("style.css");

/// The mark that browsers show beside a page's name.
pub const MARK: &str = include_str!("mark.svg");

/// The name of the style sheet's file: it changes with its bytes, so that it can be kept for ever.
#[must_use]
pub fn style_file() -> String {
    let hash = Hash::of(STYLE.as_bytes()).to_string();
    format!("style-{}.css", &hash[..16])
}

/// What a page may load: our style sheet, our mark and our scripts as files, and what these fetch
/// from where they come from; nothing else, and no script that stands in the page. Servers send it as
/// a header; pages carry it as well, for file servers that send none.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'";

/// What stands around a page.
#[derive(Debug, Clone)]
pub struct Frame<'f> {
    /// The head that the page was read from.
    pub head: &'f Head,
    /// The ledger's title (ledger text).
    pub title: &'f str,
    /// The key that signs the ledger's heads, as a C2SP vkey.
    pub log_key: &'f str,
    /// Signature lines below the head that no key at hand can check: those of witnesses.
    pub unchecked: usize,
    /// Cosignatures of the head that hold, by witnesses that the ledger's own policy names.
    pub cosigned: &'f [Cosignature],
    /// What is said of witnesses, where that is not to be said of these.
    pub witnessed: Option<&'f str>,
    /// Entries that the ledger has by now, where a band tells of it.
    pub by_now: Option<u64>,
    /// Recorded time of the newest entry that was folded, where a band tells of it.
    pub recorded: Option<Time>,
    /// How the page's links are spelled.
    pub links: Links,
}

/// A page before it is framed.
pub(super) struct Sheet<'s> {
    /// Its name (may hold ledger text).
    pub(super) name: String,
    /// Which page it is.
    pub(super) page: Page<'s>,
    /// In which other formats it is there.
    pub(super) formats: &'s [Format],
    /// What says that this is not the newest state.
    pub(super) band: Option<Markup>,
    /// What it shows.
    pub(super) body: Markup,
}

/// The whole document.
pub(super) fn document(frame: &Frame<'_>, sheet: &Sheet<'_>) -> String {
    let links = &frame.links;
    let document = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(CONTENT_SECURITY_POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { (seen(&sheet.name)) " · " (seen(frame.title)) }
                link rel="stylesheet" href=(links.file(&style_file()));
                link rel="icon" type="image/svg+xml" href=(links.file("mark.svg"));
                @for format in sheet.formats {
                    link rel="alternate" type=(format.media_type()) href=(links.data(&sheet.page, *format));
                }
                @if let Page::Claim(..) = sheet.page {
                    script type="module" src=(links.file(&page_file())) {}
                }
            }
            body {
                a.skip href="#content" { "Skip to the content" }
                (top(frame, sheet))
                main id="content" {
                    @if let Some(band) = &sheet.band { (band) }
                    @if let Some(within) = links.asked() { (asked(frame, sheet, within)) }
                    (sheet.body)
                }
                (foot(frame, sheet))
            }
        }
    };
    document.into_string() + "\n"
}

fn top(frame: &Frame<'_>, sheet: &Sheet<'_>) -> Markup {
    let links = &frame.links;
    let places = [
        ("claims", Page::Claims(Listing::all())),
        ("artifacts", Page::Subjects(Kind::Artifact)),
        ("agents", Page::Subjects(Kind::Agent)),
        ("contexts", Page::Subjects(Kind::Context)),
        ("views", Page::Subjects(Kind::View)),
        ("log", Page::Log(None)),
        ("audit", Page::Audit),
    ];
    html! {
        header.top {
            nav aria-label="Ledger" {
                a.home href=(links.to(&Page::Claims(Listing::all()))) { "grounds" }
                @for (word, page) in &places {
                    @let is_here = *page == sheet.page;
                    a href=(links.to(page)) aria-current=[is_here.then_some("page")] { (word) }
                }
            }
            p.ledger { (said(frame.title)) }
        }
    }
}

/// What says which state was asked for, where that is not simply the newest.
fn asked(frame: &Frame<'_>, sheet: &Sheet<'_>, within: &Within) -> Markup {
    let entries = frame.head.entries;
    let by_now = frame.by_now.unwrap_or(entries);
    let name = match (&within.as_of, &within.effective) {
        (Some(_), _) if entries < by_now => "An old state.",
        (None, None) => "By a model that was asked for.",
        _ => "A state that was asked for.",
    };
    html! {
        div.band role="note" {
            p {
                strong { (name) } " "
                @if let Some(as_of) = &within.as_of {
                    "As the ledger knew it as of " (said(as_of)) ": " (entries) " of " (by_now) " entries"
                    @if let Some(at) = frame.recorded { ", the newest of " (minute(at)) }
                    ". "
                }
                @if let Some(effective) = &within.effective {
                    "Only what held in the world by " (said(effective)) ". "
                }
                @if let Some(model) = &within.model { "Figures by " (said(model)) ". " }
                a href=(frame.links.newest(&sheet.page)) { "The newest state" }
            }
        }
    }
}

/// A form that asks for a page in another state or by another model.
pub(super) fn clocks(links: &Links, page: &Page<'_>) -> Markup {
    let newest = links.newest(page);
    let within = links.asked().cloned().unwrap_or_default();
    let chosen = within.model.as_deref();
    html! {
        details.clocks {
            summary { "Another date, clock or model" }
            form.asks method="get" action=(newest.split('?').next().unwrap_or_default()) {
                (hidden(&newest))
                label { "As the ledger knew it " input type="text" name="as-of" value=[within.as_of.as_deref().map(seen)] autocomplete="off" spellcheck="false"; }
                label { "What held in the world by " input type="text" name="effective" value=[within.effective.as_deref().map(seen)] autocomplete="off" spellcheck="false"; }
                (models("model", "Figures by ", chosen))
                button { "show" }
            }
            p.soft { "A date (2026-03, 2026-03-09), a time in UTC (2026-03-09T19:58:00Z), an entry (@12) or the first digits of an event’s id; the second takes dates and times. Empty: the newest, everything, the model in force." }
        }
    }
}

/// A choice among the released models.
pub(super) fn models(name: &str, words: &str, chosen: Option<&str>) -> Markup {
    html! {
        label {
            (words)
            select name=(name) {
                option value="" selected[chosen.is_none()] { "the model in force" }
                @for model in MODELS {
                    @let model = model_name(model);
                    option value=(model) selected[chosen == Some(&model)] { (model.replace('@', " ")) }
                }
            }
        }
    }
}

/// What stands in the query of an address, for a form that keeps it.
pub(super) fn hidden(address: &str) -> Markup {
    let query = address.split_once('?').map_or("", |(_, query)| query);
    let pairs = form_urlencoded(query);
    html! { @for (name, value) in &pairs { input type="hidden" name=(name) value=(value); } }
}

/// The names and values of a query that [`Links`] spelled.
fn form_urlencoded(query: &str) -> Vec<(String, String)> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(name, value)| (name.to_owned(), percent_decoded(value)))
        .collect()
}

fn foot(frame: &Frame<'_>, sheet: &Sheet<'_>) -> Markup {
    let (head, links) = (frame.head, &frame.links);
    let of_state = if head.as_of.is_some() {
        "state of "
    } else {
        "head of "
    };
    html! {
        footer.foot {
            p {
                bdi data-fact="origin" { (head.origin) } " · " (of_state)
                span data-fact="size" { (head.size) } " entries · root "
                code.hash data-fact="root" { (head.root) }
            }
            p {
                a href=(links.file("checkpoint")) { "checkpoint" }
                @for format in sheet.formats {
                    " · " a href=(links.data(&sheet.page, *format)) { "." (format.suffix()) }
                }
            }
        }
    }
}

/// A section with its name and one hairline above it.
pub(super) fn section(id: &str, name: &Markup, body: &Markup) -> Markup {
    html! {
        section id=(id) aria-labelledby={ (id) "-name" } {
            h2 id={ (id) "-name" } { (name) }
            (body)
        }
    }
}

/// A section whose name is a word of ours.
pub(super) fn named(id: &str, name: &str, body: &Markup) -> Markup {
    section(id, &html! { (name) }, body)
}

/// The hatching that the drawings of a page share; a fill that means contested also without colour.
pub(super) fn hatching() -> Markup {
    html! {
        svg.defs width="0" height="0" aria-hidden="true" focusable="false" {
            defs {
                pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)" {
                    rect.hatch width="3" height="6" {}
                }
            }
        }
    }
}

/// Text of ours that holds only what XML allows as it is: declarations of feeds.
pub(super) fn raw(text: &'static str) -> PreEscaped<&'static str> {
    PreEscaped(text)
}

//! The log: what happened, newest first, in words.

use maud::{Markup, html};

use crate::projection::TimelineRow;
use crate::value::Subject;

use super::frame::{Frame, Sheet, document};
use super::ink::{agent, entry, minute, phrase};
use super::links::{Format, LOG_CHUNK, Links, Page};

/// A part of the log.
#[derive(Debug, Clone, Copy)]
pub struct LogShown<'l> {
    /// Which part; none: the newest entries.
    pub chunk: Option<u64>,
    /// Its events, newest first.
    pub rows: &'l [TimelineRow],
    /// Entries of the whole log.
    pub entries: u64,
}

/// The page of a part of the log.
#[must_use]
pub fn log(frame: &Frame<'_>, shown: &LogShown<'_>) -> String {
    let links = &frame.links;
    let name = match shown.chunk {
        None => "Log".to_owned(),
        Some(chunk) => {
            let last = ((chunk + 1) * LOG_CHUNK)
                .min(shown.entries)
                .saturating_sub(1);
            format!("Log · entries {}–{last}", chunk * LOG_CHUNK)
        }
    };
    let body = html! {
        div.title {
            h1 { (name) }
            p.meta { (shown.entries) " entries, newest first. Nothing is ever taken out; what is set aside is struck through." }
        }
        (parts(links, shown))
        ol.log { @for (place, row) in shown.rows.iter().enumerate() {
            (happened(links, row, place.checked_sub(1).map(|before| &shown.rows[before])))
        } }
        (parts(links, shown))
    };
    let sheet = Sheet {
        name: name.clone(),
        page: Page::Log(shown.chunk),
        formats: match shown.chunk {
            None => &[Format::Json, Format::Atom],
            Some(_) => &[Format::Json, Format::Jsonl],
        },
        band: None,
        body,
    };
    document(frame, &sheet)
}

fn parts(links: &Links, shown: &LogShown<'_>) -> Markup {
    let newest = shown.entries.saturating_sub(1) / LOG_CHUNK;
    html! {
        @if newest > 0 {
            nav.parts aria-label="Parts of the log" {
                @match shown.chunk {
                    None => a href=(links.to(&Page::Log(Some(newest)))) { "by parts, oldest last →" },
                    Some(chunk) => {
                        @if chunk < newest { a href=(links.to(&Page::Log(Some(chunk + 1)))) { "← newer" } " · " }
                        "part " (chunk + 1) " of " (newest + 1)
                        @if chunk > 0 { " · " a href=(links.to(&Page::Log(Some(chunk - 1)))) { "older →" } }
                    },
                }
            }
        }
    }
}

fn happened(links: &Links, row: &TimelineRow, above: Option<&TimelineRow>) -> Markup {
    let place = row.by.address.trim_start_matches('@');
    // Of an entry with several events, the one shown first is where the entry begins.
    let entry_of = |row: &TimelineRow| super::ink::entry_of(&row.by);
    let begins = place.contains('.') && above.is_none_or(|above| entry_of(above) != entry_of(row));
    html! {
        li id={ "e" (place) } {
            p.place {
                @if let Some(entry) = entry_of(row).filter(|_| begins) { span id={ "e" (entry) } {} }
                (entry(links, &row.by))
            }
            div {
                p.says {
                    (agent(links, &row.by.author, row.by.author_name.as_deref())) " "
                    @if row.set_aside { s { (phrase(&row.words)) } " " span.warns { "(set aside)" } } @else { (phrase(&row.words)) }
                }
                p.meta {
                    (minute(row.by.recorded)) " · "
                    @match &row.subject {
                        Subject::Ledger => { a href=(links.to(&Page::Audit)) { "ledger" } },
                        subject => { a href=(links.to(&Page::Subject(subject))) { (subject) } },
                    }
                    @if let Some(date) = &row.by.effective { " · holds since " (super::ink::day_words(date)) }
                    " · " code.hash title="id of the event" { (short(&row.by.id.to_string())) }
                }
            }
        }
    }
}

/// The first digits of an id: enough to name it.
fn short(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}

//! Feeds (RFC 4287): the newest events of a claim and of the log, for feed readers.
//!
//! Ids are tag addresses (RFC 4151) made of the ledger's name and the event's id, so that they are
//! the same wherever the ledger is served.

use maud::{Markup, html};

use crate::projection::TimelineRow;
use crate::value::{Subject, Time};

use super::answer::Head;
use super::frame::raw;
use super::ink::seen;
use super::links::{Format, Links, Page};

/// Events in a feed.
pub(super) const NEWEST: usize = 50;

/// What a feed is of.
#[derive(Debug, Clone)]
pub struct FeedShown<'f> {
    /// Of what: its page.
    pub page: Page<'f>,
    /// Its name (ledger text).
    pub title: &'f str,
    /// When the ledger began: the date of its tag addresses.
    pub begun: Time,
    /// Its events, newest first.
    pub rows: &'f [TimelineRow],
}

/// The feed of a page; its links are as seen from the feed's own address.
#[must_use]
pub fn feed(head: &Head, links: &Links, shown: &FeedShown<'_>) -> String {
    let updated = shown
        .rows
        .first()
        .map_or(shown.begun, |row| row.by.recorded);
    let page = &shown.page;
    let name = links.data(page, Format::Atom);
    let feed = html! {
        (raw("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"))
        feed xmlns="http://www.w3.org/2005/Atom" {
            title { (seen(shown.title)) }
            id { (tag(head, shown.begun, &format!("feed/{}", page_name(page)))) }
            updated { (updated.micros_text()) }
            link rel="self" href=(name) {}
            link rel="alternate" href=(links.to(page)) {}
            @for row in shown.rows.iter().take(NEWEST) { (entry(head, links, shown, row)) }
        }
    };
    feed.into_string() + "\n"
}

fn page_name(page: &Page<'_>) -> String {
    match page {
        Page::Claim(slug, _) => format!("claim/{slug}"),
        _ => "log".to_owned(),
    }
}

fn entry(head: &Head, links: &Links, shown: &FeedShown<'_>, row: &TimelineRow) -> Markup {
    let author = row
        .by
        .author_name
        .as_deref()
        .unwrap_or(row.by.author.as_str());
    let address = match &row.subject {
        Subject::Ledger => links.to(&Page::Audit),
        _ => links.event(&row.by.address),
    };
    html! {
        entry {
            title { (seen(author)) " " (seen(&row.words.to_string())) }
            id { (tag(head, shown.begun, &format!("event/{}", row.by.id))) }
            updated { (row.by.recorded.micros_text()) }
            author { name { (seen(author)) } }
            link rel="alternate" href=(address) {}
            summary { (row.by.address) " · " (row.subject) " · " (row.r#type) }
        }
    }
}

/// `tag:grounds.example,2026-03-02:reference/event/…`
fn tag(head: &Head, begun: Time, what: &str) -> String {
    let (host, path) = head.origin.split_once('/').unwrap_or((&head.origin, ""));
    let path = if path.is_empty() {
        String::new()
    } else {
        format!("{path}/")
    };
    format!("tag:{host},{}:{path}{what}", begun.day())
}

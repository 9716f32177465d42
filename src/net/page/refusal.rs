//! Refusal: a page that says why there is none, and where to go on.

use std::borrow::Cow;

use maud::html;

use crate::value::Subject;

use super::frame::{Frame, Sheet, document};
use super::ink::seen;
use super::links::{Listing, Page};

/// Why a page is not shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The status of the answer (RFC 9110).
    pub status: u16,
    /// A stable word for programs: those of the commands.
    pub code: Cow<'static, str>,
    /// What was found, where, what was expected (may hold text of whoever asked).
    pub detail: String,
    /// The next step, in words.
    pub hint: Option<String>,
    /// Names that look like what was asked for.
    pub near: Vec<Subject>,
    /// What is there by now, though not in the state that was asked for.
    pub newest: Option<Subject>,
}

impl Refusal {
    /// Nothing of that name, or not in that state.
    #[must_use]
    pub fn not_found(detail: impl Into<String>) -> Refusal {
        Refusal::new(404, "not_found", detail)
    }

    /// A question that cannot be read.
    #[must_use]
    pub fn usage(detail: impl Into<String>) -> Refusal {
        Refusal::new(400, "usage", detail)
    }

    /// A state before the ledger began.
    #[must_use]
    pub fn not_begun() -> Refusal {
        Refusal::not_found(
            "found no genesis: the ledger was not there yet at the date that was asked for",
        )
    }

    /// Any other.
    #[must_use]
    pub fn new(
        status: u16,
        code: impl Into<Cow<'static, str>>,
        detail: impl Into<String>,
    ) -> Refusal {
        Refusal {
            status,
            code: code.into(),
            detail: detail.into(),
            hint: None,
            near: Vec::new(),
            newest: None,
        }
    }

    /// With names that look like what was asked for.
    #[must_use]
    pub fn near(mut self, near: Vec<Subject>) -> Refusal {
        self.near = near;
        self
    }

    /// With what is there by now.
    #[must_use]
    pub fn newest(mut self, subject: Subject) -> Refusal {
        self.newest = Some(subject);
        self
    }

    fn title(&self) -> &'static str {
        match self.status {
            400 => "The question cannot be read",
            404 => "Not found",
            405 => "Not in this way",
            422 => "It cannot be told",
            503 => "Busy",
            _ => "Not answered",
        }
    }
}

/// The page of a refusal.
#[must_use]
pub fn refusal(frame: &Frame<'_>, refusal: &Refusal) -> String {
    let links = &frame.links;
    let all = Page::Claims(Listing::all());
    let body = html! {
        div.title {
            p.meta { (refusal.status) " · " (refusal.code) }
            h1 { (refusal.title()) }
            p.notice.contested dir="auto" { (seen(&refusal.detail)) }
        }
        div.reading {
            @if let Some(subject) = &refusal.newest {
                p { "By now it is there: " a href=(links.newest(&Page::Subject(subject))) { (subject) } }
            }
            @if !refusal.near.is_empty() {
                p { "The nearest names:" }
                ul.plain { @for subject in &refusal.near { li { a href=(links.to(&Page::Subject(subject))) { (subject) } } } }
            }
            @if let Some(hint) = &refusal.hint { p.says dir="auto" { (seen(hint)) } }
            @if refusal.status == 503 { p { "Nothing is wrong with the ledger. Ask again in a moment." } }
            p { a href=(links.newest(&all)) { "All claims" } " · " a href=(links.newest(&Page::Log(None))) { "the log" } }
        }
    };
    let sheet = Sheet {
        name: refusal.title().to_owned(),
        page: refusal.newest.as_ref().map_or(all, Page::Subject),
        formats: &[],
        band: None,
        body,
    };
    document(frame, &sheet)
}

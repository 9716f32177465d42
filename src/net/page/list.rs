//! Lists: claims, a line each, by facets and in several orders; and the other subjects of a ledger.

use maud::{Markup, html};

use crate::projection::{CatalogueRow, Order};
use crate::trust::Figure;
use crate::value::{Kind, Subject};

use super::frame::{Frame, Sheet, document};
use super::ink::{counted, day, said, seen, standing, whole};
use super::links::{Facet, Format, Links, Listing, Page};

/// Claims on a page of a list.
pub const PART: usize = 200;

/// A list of claims.
#[derive(Clone)]
pub struct ListShown<'l> {
    /// Which claims, how, which part.
    pub listing: Listing<'l>,
    /// The claims of this part.
    pub rows: &'l [CatalogueRow],
    /// How many claims there are in all parts.
    pub count: usize,
    /// The ledger's description (ledger text).
    pub description: Option<&'l str>,
    /// The facets that lead somewhere, each with how many claims it has.
    pub facets: &'l [(Facet<'l>, usize)],
}

/// The orders in which the list of all claims is there.
pub const ORDERS: [(Order, &str); 6] = [
    (Order::Slug, "name"),
    (Order::Updated, "newest change"),
    (Order::Figure(Figure::Support), "support"),
    (Order::Figure(Figure::Frontier), "frontier"),
    (Order::Figure(Figure::Stability), "stability"),
    (Order::Figure(Figure::Contestation), "contestation"),
];

/// The page of a list of claims.
#[must_use]
pub fn list(frame: &Frame<'_>, shown: &ListShown<'_>) -> String {
    let links = &frame.links;
    let name = facet_words(&shown.listing.facet);
    let is_all = shown.listing.facet == Facet::All;
    let body = html! {
        div.title {
            @if is_all {
                h1 dir="auto" { (seen(frame.title)) }
                @if let Some(text) = shown.description { p.says dir="auto" { (seen(text)) } }
            } @else {
                p.meta { a href=(links.to(&Page::Claims(Listing::all()))) { "all claims" } }
                h1 { "Claims · " (name) }
            }
            p.meta { (counted(shown.count as u64, "claim")) }
            @if !is_all { p.meta { a href=(links.to(&Page::Claims(Listing::all()))) { "Show all claims" } } }
            (facets(links, shown))
            @if is_all && shown.count > 1 { (orders(links, &shown.listing)) }
        }
        @if shown.rows.is_empty() {
            @if is_all {
                p.soft { "No claim yet. " code { "grounds claim add" } " asserts one; what speaks for it and against it comes after." }
            } @else {
                p.soft { "No claim. Looked for: " (name) "." }
            }
        } @else {
            (table(links, shown.rows))
        }
        (parts(links, shown))
    };
    let sheet = Sheet {
        name: if is_all {
            "Claims".to_owned()
        } else {
            format!("Claims · {}", plain_words(&shown.listing.facet))
        },
        page: Page::Claims(shown.listing.clone()),
        formats: if shown.listing == Listing::all() {
            &[Format::Json]
        } else {
            &[]
        },
        band: None,
        body,
    };
    document(frame, &sheet)
}

fn plain_words(facet: &Facet<'_>) -> String {
    match facet {
        Facet::All => "all".to_owned(),
        Facet::Status(word) => (*word).to_owned(),
        Facet::Domain(name) => (*name).to_owned(),
        Facet::View(view, verdict) => format!("{verdict} by view/{view}"),
    }
}

fn facet_words(facet: &Facet<'_>) -> Markup {
    html! {
        @match facet {
            Facet::Domain(name) => { "domain " (said(name)) },
            other => (plain_words(other)),
        }
    }
}

/// By what a facet picks.
fn kind(facet: &Facet<'_>) -> &'static str {
    match facet {
        Facet::All => "",
        Facet::Status(_) => "status",
        Facet::Domain(_) => "domain",
        Facet::View(..) => "view",
    }
}

fn facets(links: &Links, shown: &ListShown<'_>) -> Markup {
    html! {
        @if shown.facets.len() > 1 {
            nav.facets aria-label="Facets" {
                @for name in ["status", "domain", "view"] {
                    @let here = || shown.facets.iter().filter(|(facet, _)| kind(facet) == name);
                    @if here().next().is_some() {
                        p {
                            span.soft { (name) ": " }
                            @for (place, (facet, count)) in here().enumerate() {
                                @if place > 0 { " · " }
                                @let listing = Listing { facet: *facet, ..Listing::all() };
                                @let is_here = *facet == shown.listing.facet;
                                a href=(links.to(&Page::Claims(listing))) aria-current=[is_here.then_some("page")] {
                                    @match facet { Facet::Domain(name) => (said(name)), other => (plain_words(other)) }
                                }
                                " " (count)
                            }
                        }
                    }
                }
            }
        }
    }
}

fn orders(links: &Links, listing: &Listing<'_>) -> Markup {
    html! {
        nav.facets aria-label="Order" {
            p {
                span.soft { "sorted by: " }
                @for (place, (order, word)) in ORDERS.iter().enumerate() {
                    @if place > 0 { " · " }
                    @let other = Listing { order: *order, part: 1, ..listing.clone() };
                    @let is_here = *order == listing.order;
                    a href=(links.to(&Page::Claims(other))) aria-current=[is_here.then_some("page")] { (word) }
                }
            }
        }
    }
}

fn table(links: &Links, rows: &[CatalogueRow]) -> Markup {
    html! {
        table.claims {
            caption.unseen { "Claims" }
            thead { tr {
                th scope="col" { "claim" }
                th scope="col" { "standing" }
                th.number scope="col" { "support" }
                th.number scope="col" { "contestation" }
                th.number scope="col" { "evidence" }
            } }
            tbody { @for row in rows { (self::row(links, row)) } }
        }
    }
}

fn row(links: &Links, row: &CatalogueRow) -> Markup {
    let (class, mark) = standing(row.standing);
    let evidence = row.counts.supporting_edges + row.counts.disputing_edges;
    let number = |figure: Figure| {
        html! {
            @if row.assumed.contains(&figure) { "≈ " } (whole(row.figures.get(figure)))
        }
    };
    html! {
        tr {
            th scope="row" {
                a href=(links.to(&Page::Claim(&row.claim, None))) { (said(&row.statement)) }
                span.meta {
                    "v" (row.version) " · " (row.lifecycle)
                    @if let Some(updated) = row.updated { " · " (day(updated)) }
                    @for domain in &row.domains { " · " (said(&domain.name)) }
                }
            }
            td data-name="standing" { span class=(class) { span aria-hidden="true" { (mark) " " } (row.standing) } }
            td.number data-name="support" { (number(Figure::Support)) }
            td.number data-name="contestation" { (number(Figure::Contestation)) }
            td.number data-name="evidence" { (evidence) }
        }
    }
}

fn parts(links: &Links, shown: &ListShown<'_>) -> Markup {
    let all = shown.count.div_ceil(PART);
    let to = |part: usize| {
        links.to(&Page::Claims(Listing {
            part,
            ..shown.listing.clone()
        }))
    };
    let here = shown.listing.part.max(1);
    html! {
        @if all > 1 {
            nav.parts aria-label="Parts of the list" {
                @if here > 1 { a href=(to(here - 1)) { "← before" } " · " }
                "part " (here) " of " (all)
                @if here < all { " · " a href=(to(here + 1)) { "next →" } }
            }
        }
    }
}

/// Something of a ledger in one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectRow {
    /// Which one.
    pub subject: Subject,
    /// Its name or title (ledger text); its own spelling where it is not in effect.
    pub name: String,
    /// What is said of it beside: ours and the ledger's words.
    pub beside: Vec<String>,
    /// Whether it weighs nothing any more or has no effect.
    pub is_struck: bool,
}

/// The page of all artifacts, agents, contexts or views.
#[must_use]
pub fn subjects(frame: &Frame<'_>, kind: Kind, rows: &[SubjectRow]) -> String {
    let links = &frame.links;
    let name = match kind {
        Kind::Artifact => "Artifacts",
        Kind::Agent => "Agents",
        Kind::Context => "Contexts",
        Kind::View => "Views",
        Kind::Claim | Kind::Ledger => "Subjects",
    };
    let body = html! {
        div.title {
            h1 { (name) }
            p.meta { (counted(rows.len() as u64, kind.word())) }
        }
        @if rows.is_empty() { p.soft { "None yet." } }
        ul.subjects {
            @for row in rows {
                li {
                    @let name = html! { a href=(links.to(&Page::Subject(&row.subject))) { (said(&row.name)) } };
                    p.says { @if row.is_struck { s { (name) } } @else { (name) } }
                    p.meta {
                        @for (place, words) in row.beside.iter().enumerate() { @if place > 0 { " · " } (said(words)) }
                    }
                }
            }
        }
    };
    let sheet = Sheet {
        name: name.to_owned(),
        page: Page::Subjects(kind),
        formats: &[],
        band: None,
        body,
    };
    document(frame, &sheet)
}

//! Lists: claims, a line each, by facets and in several orders; and the other subjects of a ledger.

use maud::{Markup, html};

use crate::claim::{AgentKind, Role};
use crate::projection::{ArtifactCited, CatalogueRow, Order};
use crate::trust::Figure;
use crate::value::{Kind, Ratio, Subject};

use super::frame::{Frame, Sheet, clocks, document, hidden};
use super::ink::{counted, day, is_struck, kind_word, said, seen, standing, whole};
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
    let is_all = shown.listing.is_all();
    let body = html! {
        div.title {
            @if is_all {
                h1 dir="auto" { (seen(frame.title)) }
                @if let Some(text) = shown.description { p.says dir="auto" { (seen(text)) } }
            } @else {
                p.meta { a href=(links.to(&Page::Claims(Listing::all()))) { "all claims" } }
                h1 { "Claims · " (in_words(&shown.listing)) }
            }
            p.meta { (counted(shown.count as u64, "claim")) }
            @if !is_all { p.meta { a href=(links.to(&Page::Claims(Listing::all()))) { "Show all claims" } } }
            @if links.answers() { (search(links, &shown.listing)) }
            (facets(links, shown))
            @if (is_all || links.answers()) && shown.count > 1 { (orders(links, &shown.listing)) }
            @if links.answers() { (clocks(links, &Page::Claims(shown.listing.clone()))) }
        }
        @if shown.rows.is_empty() { (nothing(links, shown)) } @else { (table(links, shown.rows)) }
        (parts(links, shown))
    };
    let is_first = shown.listing.part <= 1;
    let sheet = Sheet {
        name: if is_all {
            "Claims".to_owned()
        } else {
            format!("Claims · {}", in_text(&shown.listing))
        },
        page: Page::Claims(shown.listing.clone()),
        formats: if (links.answers() && is_first) || shown.listing == Listing::all() {
            &[Format::Json]
        } else {
            &[]
        },
        band: None,
        body,
    };
    document(frame, &sheet)
}

/// A facet without quotes or markup.
fn facet_text(facet: &Facet<'_>) -> String {
    match facet {
        Facet::Status(word) => (*word).to_owned(),
        Facet::Domain(name) => (*name).to_owned(),
        Facet::View(view, Some(verdict)) => format!("{verdict} by view/{view}"),
        Facet::View(view, None) => format!("in view/{view}"),
    }
}

fn facet_words(facet: &Facet<'_>) -> Markup {
    html! {
        @match facet {
            Facet::Domain(name) => { "domain " (said(name)) },
            other => (facet_text(other)),
        }
    }
}

/// What a list is picked by.
fn in_words(listing: &Listing<'_>) -> Markup {
    let facets = listing.facets();
    html! {
        @if let Some(words) = listing.search { "“" (said(words)) "”" }
        @for (place, facet) in facets.iter().enumerate() {
            @if place > 0 || listing.search.is_some() { ", " }
            (facet_words(facet))
        }
    }
}

fn in_text(listing: &Listing<'_>) -> String {
    let search = listing.search.map(|words| format!("“{words}”"));
    let facets = listing.facets();
    let facets = facets.iter().map(facet_text);
    search
        .into_iter()
        .chain(facets)
        .collect::<Vec<_>>()
        .join(", ")
}

/// A list without a claim says what was looked for, and how to ask for less.
fn nothing(links: &Links, shown: &ListShown<'_>) -> Markup {
    let listing = &shown.listing;
    let without_words = Listing {
        search: None,
        part: 1,
        ..listing.clone()
    };
    let facets = listing.facets();
    html! {
        @if listing.is_all() {
            p.soft { "No claim yet. " code { "grounds claim add" } " asserts one; what speaks for it and against it comes after." }
        } @else if shown.count > 0 {
            p.soft { "No part " (listing.part) ": the list ends before it." }
        } @else {
            p.soft {
                "No claim. Looked for: " (in_words(listing))
                @if listing.search.is_some() { "; the words in statements, summaries, details, slugs and titles of sources" }
                "."
            }
            @if links.answers() && facets.len() + usize::from(listing.search.is_some()) > 1 {
                ul.plain {
                    @if let Some(words) = listing.search {
                        li { a href=(links.to(&Page::Claims(without_words))) { "Without the words “" (said(words)) "”" } }
                    }
                    @for facet in &facets {
                        li { a href=(links.to(&Page::Claims(listing.without(*facet)))) { "Without: " (facet_words(facet)) } }
                    }
                }
            }
        }
    }
}

/// A form that looks for words among the claims that are picked already.
fn search(links: &Links, listing: &Listing<'_>) -> Markup {
    let kept = Listing {
        search: None,
        part: 1,
        ..listing.clone()
    };
    html! {
        form.asks role="search" method="get" action=(links.to(&Page::Claims(Listing::all())).split('?').next().unwrap_or("/")) {
            label { span.unseen { "Words that occur in a claim or in the title of a source" }
                input type="search" name="q" value=[listing.search.map(seen)] autocomplete="off"; }
            (hidden(&links.to(&Page::Claims(kept))))
            button { "search" }
        }
    }
}

/// By what a facet picks.
fn kind(facet: &Facet<'_>) -> &'static str {
    match facet {
        Facet::Status(_) => "status",
        Facet::Domain(_) => "domain",
        Facet::View(..) => "view",
    }
}

/// Facets that stand beside each other; the rest is folded away.
const BESIDE: usize = 16;

fn facets(links: &Links, shown: &ListShown<'_>) -> Markup {
    html! {
        @if shown.facets.len() > 1 {
            nav.facets aria-label="Facets" {
                @for name in ["status", "domain", "view"] {
                    @let here: Vec<_> = shown.facets.iter().filter(|(facet, _)| kind(facet) == name).collect();
                    @let (beside, rest) = here.split_at(here.len().min(BESIDE));
                    @if !here.is_empty() {
                        p { span.soft { (name) ": " } (links_of(links, &shown.listing, beside)) }
                        @if !rest.is_empty() {
                            details { summary { (rest.len()) " more" } p { (links_of(links, &shown.listing, rest)) } }
                        }
                    }
                }
            }
        }
    }
}

fn links_of(links: &Links, listing: &Listing<'_>, facets: &[&(Facet<'_>, usize)]) -> Markup {
    html! {
        @for (place, (facet, count)) in facets.iter().enumerate() {
            @if place > 0 { " · " }
            @let is_taken = listing.is_of(facet);
            @let there = match (links.answers(), is_taken) {
                (false, _) => Listing::of(*facet),
                (true, false) => listing.with(*facet),
                (true, true) => listing.without(*facet),
            };
            a href=(links.to(&Page::Claims(there))) aria-current=[is_taken.then_some(if links.answers() { "true" } else { "page" })] {
                @match facet { Facet::Domain(name) => (said(name)), other => (facet_text(other)) }
                @if is_taken && links.answers() { span aria-hidden="true" { " ×" } span.unseen { ", taken: show without it" } }
            }
            " " (count)
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
                    @let is_here = *order == listing.order;
                    @let reverse = links.answers() && is_here && !listing.reverse;
                    @let other = Listing { order: *order, reverse, part: 1, ..listing.clone() };
                    a href=(links.to(&Page::Claims(other))) aria-current=[is_here.then_some(if links.answers() { "true" } else { "page" })] {
                        (word)
                        @if is_here && links.answers() {
                            span aria-hidden="true" { @if listing.reverse { " ↑" } @else { " ↓" } }
                            span.unseen { @if listing.reverse { ", reversed: turn it back" } @else { ": turn it around" } }
                        }
                    }
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

impl SubjectRow {
    /// An artifact, and how often it is cited.
    #[must_use]
    pub fn of_artifact(artifact: &ArtifactCited, citations: u64) -> SubjectRow {
        let mut beside: Vec<String> = artifact.label.iter().cloned().collect();
        beside.extend(artifact.kind.map(|kind| kind.to_string()));
        beside.push(artifact.standing.to_string());
        beside.push(counted(citations, "citation"));
        SubjectRow {
            subject: artifact.subject.clone(),
            name: artifact.title.clone(),
            beside,
            is_struck: is_struck(artifact.standing),
        }
    }

    /// An agent: what it is, what it may do, how reliable it is said to be.
    #[must_use]
    pub fn of_agent(
        subject: &Subject,
        name: String,
        (kind, roles, reliability): (AgentKind, &[Role], Option<Ratio>),
    ) -> SubjectRow {
        let roles: Vec<&str> = roles.iter().map(|role| role.word()).collect();
        let reliability =
            reliability.map(|ratio| format!("reliability {}", whole(Some(ratio.ppm()))));
        let mut beside = vec![kind_word(kind).to_owned()];
        beside.extend((!roles.is_empty()).then(|| roles.join(", ")));
        beside.extend(reliability);
        SubjectRow {
            subject: subject.clone(),
            name,
            beside,
            is_struck: false,
        }
    }

    /// A context, and of how many claims it is a scope.
    #[must_use]
    pub fn of_context(subject: &Subject, name: String, kind: String, claims: u64) -> SubjectRow {
        SubjectRow {
            subject: subject.clone(),
            name,
            beside: vec![kind, counted(claims, "claim")],
            is_struck: false,
        }
    }

    /// A view.
    #[must_use]
    pub fn of_view(subject: &Subject, name: String, description: String) -> SubjectRow {
        SubjectRow {
            subject: subject.clone(),
            name,
            beside: vec![description],
            is_struck: false,
        }
    }
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

//! The claim page: everything that is shown of a claim, from its title to its trace.

use maud::{Markup, html};

use crate::projection::{
    AttestationShown, Citation, ClaimPage, NoteShown, ScopeShown, SetAside, VersionShown,
    ViewStatus, decimal,
};
use crate::trust::percent;
use crate::value::{Index, Kind, Slug, Subject};

use super::custody::proven;
use super::evidence::{counts, evidence};
use super::frame::{Frame, Sheet, clocks, document, hatching, named, section};
use super::ink::{
    agent, byline, counted, day, day_words, entry_of, kind_word, minute, phrase, prose, said,
    standing, verdict, view_verdict,
};
use super::links::{Compared, Ends, Facet, Format, Links, Listing, Page};
use super::moved::moved;
use super::near::near;
use super::profile::profile;
use super::states::ClaimState;

/// Knobs of states that stand beside each other; the history has all.
const KNOBS: usize = 9;

/// What there is beside a claim page to prove it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bundle {
    /// Nothing: no map covers the claim.
    Absent,
    /// A bundle that is made when it is asked for.
    Asked,
    /// A bundle that was cut at the map in this entry.
    CutAt(Index),
    /// None could: it is of all that the ledger knew, by the model in force, and the page is not.
    Otherwise,
}

/// A claim as its page shows it.
#[derive(Clone, Copy)]
pub struct ClaimShown<'c> {
    /// The claim.
    pub page: &'c ClaimPage,
    /// Its states, the newest last: the one that is shown.
    pub states: &'c [ClaimState],
    /// The states that came after, where a server shows a past one.
    pub later: &'c [ClaimState],
    /// How it is cited.
    pub citation: &'c Citation,
    /// The entry that made the state; none: the newest state, whatever comes.
    pub at: Option<Index>,
    /// What proves it.
    pub bundle: Bundle,
}

/// The page of a claim.
#[must_use]
pub fn claim(frame: &Frame<'_>, shown: &ClaimShown<'_>) -> String {
    let slug = slug_of(shown.page);
    let sheet = Sheet {
        name: match shown.at {
            None => shown.page.statement.clone(),
            Some(at) => format!("{} · as of @{at}", shown.page.statement),
        },
        page: Page::Claim(&slug, shown.at),
        formats: match (&frame.links, shown.at) {
            (Links::Server, _) => &[Format::Json, Format::Jsonl, Format::Jsonld, Format::Atom],
            (Links::Within(_), _) => &[Format::Json, Format::Jsonl, Format::Jsonld],
            (Links::Folder { .. }, None) => {
                &[Format::Json, Format::Jsonl, Format::Jsonld, Format::Atom]
            }
            (Links::Folder { .. }, Some(_)) => &[Format::Json],
        },
        band: shown.at.map(|at| band(frame, shown, at)),
        body: body(frame, shown, &slug),
    };
    document(frame, &sheet)
}

pub(super) fn slug_of(page: &ClaimPage) -> Slug {
    let slug = page.subject.slug().cloned();
    slug.unwrap_or_else(Slug::log)
}

/// What says that this is not the newest state.
fn band(frame: &Frame<'_>, shown: &ClaimShown<'_>, at: Index) -> Markup {
    let slug = slug_of(shown.page);
    let links = &frame.links;
    let before = shown.states.iter().rev().nth(1);
    html! {
        div.band role="note" {
            p {
                strong { "An old state. " }
                "As the ledger knew it with entry "
                a data-fact="as-of" href=(links.event(&format!("@{at}"))) { "@" (at) }
                @if let Some(state) = shown.states.last() { ", on " (minute(state.recorded)) }
                ". "
                a href=(links.to(&Page::Diff(&slug, Ends::Entry(at)))) { "What this entry changed" }
                @if let Some(before) = before {
                    " · " a href=(links.to(&Page::Claim(&slug, Some(before.entry)))) { "the state before" }
                }
                " · " a href=(links.to(&Page::Claim(&slug, None))) { "now" }
            }
        }
    }
}

fn body(frame: &Frame<'_>, shown: &ClaimShown<'_>, slug: &Slug) -> Markup {
    let (page, links) = (shown.page, &frame.links);
    html! {
        (hatching())
        (title(frame, shown, slug))
        div.columns {
            div.left {
                div.first { (named("summary", "Summary", &summary(page))) }
                (section("evidence", &html! { "Evidence · " span data-fact="evidence" { (counts(&page.evidence)) } }, &html! {
                    (evidence(links, &page.evidence, &page.withdrawn))
                    (aside(links, page, &["evidence"]))
                }))
                div.pair {
                    (named("scope", "Scope", &html! { (scope(links, page)) (aside(links, page, &["scope"])) }))
                    (named("attestations", "Attestations", &html! {
                        (attestations(links, page)) (aside(links, page, &["attestations"]))
                    }))
                }
                (named("moved", "How it moved", &html! {
                    (moved(shown.states))
                    @if links.asked().is_some_and(|within| within.effective.is_some() || within.model.is_some()) {
                        p.soft { "These lines are as the ledger knew it at each entry, by the model in force then." }
                    }
                    p.soft {
                        a href={ (links.to(&Page::History(slug))) "#figures" } { "As a table" } " · "
                        a href=(links.to(&Page::History(slug))) { "history in words" } " · "
                        a href=(links.to(&Page::Blame(slug))) { "who changed what last" }
                    }
                }))
                (notes(links, page))
                (versions(links, page))
                (named("cite", "Cite this version", &cited(shown.citation)))
            }
            div.right {
                div.second { (named("profile", "Trust profile", &profile(links, slug, shown.at, &page.profile))) }
                (named("views", "View status", &views(links, page)))
                (named("neighborhood", "Neighborhood", &html! {
                    (near(links, slug, &page.neighborhood)) (aside(links, page, &["neighborhood"]))
                }))
                (named("domains", "Domains", &domains(links, page)))
                (named("custody", "Custody", &proven(frame, slug, shown)))
                (named("trace", "Computation trace", &trace(page)))
            }
        }
    }
}

fn title(frame: &Frame<'_>, shown: &ClaimShown<'_>, slug: &Slug) -> Markup {
    let (page, links) = (shown.page, &frame.links);
    let (class, mark) = standing(page.status.standing);
    html! {
        div.title {
            h1 dir="auto" data-fact="statement" { (super::ink::seen(&page.statement)) }
            ul.status aria-label="Status" {
                li data-fact="lifecycle" { (page.status.lifecycle) }
                li class=(class) {
                    span aria-hidden="true" { (mark) " " } span data-fact="standing" { (page.status.standing) }
                }
                li data-fact="nature" { (page.nature) }
                li data-fact="polarity" { (page.polarity) }
                li data-fact="falsifiability" { (page.falsifiability) }
            }
            p.meta {
                span data-fact="version" { "v" (page.version) } " · " (page.origin_words)
                @if let Some(made) = page.versions.iter().find(|version| version.current) {
                    " · " (byline(links, &made.made))
                }
                " · " a href=(links.to(&Page::History(slug))) { "history" }
                " · " a href="#cite" { "cite this version" }
                " · " a href=(links.data(&Page::Claim(slug, shown.at), Format::Json)) { ".json" }
            }
            @if let Some(by) = &page.status.by {
                p.meta.warns { "In its place: " a href=(links.to(&Page::Claim(by, None))) { "claim/" (by) } }
            }
            @if let Some(note) = &page.status.note {
                p.meta {
                    "Status: " (said(note))
                    @if let Some(changed) = &page.status.changed { " (" (byline(links, changed)) ")" }
                }
            }
            @if page.custody.has_gap {
                p.notice.against { "✗ An entry of this claim is missing from this copy; what follows is read from the rest." }
            }
            (aside(links, page, &["versions", "status"]))
            (as_of(frame, shown, slug))
        }
    }
}

/// Where the page stands in time, and the way to other states: a permanent address each.
fn as_of(frame: &Frame<'_>, shown: &ClaimShown<'_>, slug: &Slug) -> Markup {
    let Some(last) = shown.states.last() else {
        return match frame.links.answers() {
            true => clocks(&frame.links, &Page::Claim(slug, None)),
            false => html! {},
        };
    };
    match frame.links.answers() {
        true => asked_for(frame, shown, slug, last),
        false => knobs(frame, shown, slug, last),
    }
}

/// The states as links beside each other, where nobody answers a form.
fn knobs(frame: &Frame<'_>, shown: &ClaimShown<'_>, slug: &Slug, last: &ClaimState) -> Markup {
    let (links, states) = (&frame.links, shown.states);
    let first = states.len().saturating_sub(KNOBS);
    let count = states.len();
    html! {
        nav.as-of aria-label="States" {
            p { "As of " (day(last.recorded)) }
            ol {
                @if first > 0 { li.more { a href=(links.to(&Page::History(slug))) { (first) " earlier" } } }
                @for state in &states[first..] {
                    @let is_here = state.entry == last.entry;
                    @let page = Page::Claim(slug, Some(state.entry));
                    li {
                        a href=(links.to(&page)) aria-current=[is_here.then_some("page")]
                            title={ "entry @" (state.entry) ", " (day_words(&state.recorded.day())) } {
                            span.unseen { "state at entry @" (state.entry) ", " (day_words(&state.recorded.day())) }
                        }
                    }
                }
            }
            p.soft {
                @match shown.at {
                    None => { "newest of " (counted(count as u64, "state"))
                        " · " a href=(links.to(&Page::Claim(slug, Some(last.entry)))) { "permanent address" }
                    },
                    Some(_) => { "state " (count) },
                }
            }
        }
    }
}

/// A date and a slider over the states, each a form that works without script; and the states
/// before and after.
fn asked_for(frame: &Frame<'_>, shown: &ClaimShown<'_>, slug: &Slug, last: &ClaimState) -> Markup {
    let links = &frame.links;
    let (place, all) = (shown.states.len(), shown.states.len() + shown.later.len());
    let newest = links.newest(&Page::Claim(slug, None));
    let state = |state: &ClaimState| links.to(&Page::Claim(slug, Some(state.entry)));
    let first = shown.states.first().unwrap_or(last);
    let end = shown.later.last().unwrap_or(last);
    html! {
        nav.as-of aria-label="States" {
            form.asks method="get" action=(newest) {
                (otherwise(links))
                label {
                    "As of "
                    input type="date" name="as-of" required value=(last.recorded.day())
                        min=(first.recorded.day()) max=(end.recorded.day());
                }
                button { "show" span.unseen { " this date" } }
            }
            @if all > 1 {
                form.asks.slider method="get" action=(newest) {
                    (otherwise(links))
                    label {
                        span.unseen { "State, of " (all) }
                        input type="range" name="state" min="1" max=(all) step="1" value=(place) list=[(all <= TICKS).then_some("ticks")];
                    }
                    @if all <= TICKS {
                        datalist id="ticks" {
                            @for (number, one) in shown.states.iter().chain(shown.later).enumerate() {
                                option value=(number + 1) label={ "@" (one.entry) ", " (day_words(&one.recorded.day())) } {}
                            }
                        }
                    }
                    button { "show" span.unseen { " this state" } }
                }
            }
            p.soft {
                @match shown.later.first() {
                    None => { "newest of " (counted(all as u64, "state")) },
                    Some(_) => { "state " (place) " of " (all) },
                }
                ", entry " a data-fact=[links.asked().map(|_| "as-of")] href=(links.event(&format!("@{}", last.entry))) { "@" (last.entry) } ", " (day(last.recorded))
                @if let Some(before) = shown.states.iter().rev().nth(1) { " · " a rel="prev" href=(state(before)) { "← before" } }
                @if let Some(after) = shown.later.first() { " · " a rel="next" href=(state(after)) { "after →" } }
                " · " a href=(links.to(&Page::Diff(slug, Ends::Entry(last.entry)))) { "what it changed" }
                " · " a href=(links.to(&Page::Diff(slug, Ends::Asked(Compared::default())))) { "compare two states" }
                " · " a href=(state(last)) { "permanent address" }
            }
        }
        (clocks(links, &Page::Claim(slug, None)))
    }
}

/// Ticks below a slider; of more states none is told from the next.
const TICKS: usize = 60;

/// What is asked for besides the entry, kept by the forms that ask for another one.
fn otherwise(links: &Links) -> Markup {
    let asked = links.asked().map(super::links::Within::asked);
    html! {
        @for (name, value) in asked.unwrap_or_default() {
            @if name != "as-of" { input type="hidden" name=(name) value=(value); }
        }
    }
}

fn summary(page: &ClaimPage) -> Markup {
    html! {
        div.summary data-fact="summary" { (prose(&page.summary)) }
        @if let Some(detail) = &page.detail { div data-fact="detail" { (prose(detail)) } }
    }
}

fn scope(links: &Links, page: &ClaimPage) -> Markup {
    html! {
        @if page.scope.is_empty() { p.soft { "Nobody said where it holds or fails." } }
        ul.plain { @for scope in &page.scope { (bound(links, scope)) } }
    }
}

fn bound(links: &Links, scope: &ScopeShown) -> Markup {
    let (words, class) = match scope.relation {
        crate::claim::ScopeRelation::HoldsIn => ("Holds in ", "for"),
        crate::claim::ScopeRelation::FailsIn => ("Fails in ", "against"),
    };
    html! {
        li {
            p.says {
                span class=(class) { (words) }
                strong { a.quiet href=(links.to(&Page::Subject(&scope.context))) { (said(&scope.name)) } }
            }
            p.meta {
                @if let Some(kind) = &scope.kind { (said(kind)) " · " }
                "breadth " (percent(scope.breadth.ppm())) "% · " (byline(links, &scope.by))
            }
            @if let Some(note) = &scope.note { (prose(note)) }
        }
    }
}

fn attestations(links: &Links, page: &ClaimPage) -> Markup {
    html! {
        @if page.attestations.is_empty() && page.older_attestations.is_empty() {
            p.soft { "Nobody has attested to it yet." }
        }
        ul.plain { @for made in &page.attestations { (attestation(links, made)) } }
        @for older in &page.older_attestations { p.soft { (older.words) } }
    }
}

fn attestation(links: &Links, made: &AttestationShown) -> Markup {
    let (class, mark) = verdict(made.verdict);
    html! {
        li data-attestation=(made.made.address) {
            p.says {
                span class=(class) aria-hidden="true" { (mark) " " }
                strong {
                    @match &made.role {
                        Some(role) => (said(role)),
                        None => (agent(links, &made.agent, made.name.as_deref())),
                    }
                }
                @if let Some(kind) = made.kind { span.meta { " (" (kind_word(kind)) ") " } }
                " " span class=(class) data-fact="verdict" { (made.verdict) } ", " span data-fact="weight" { (made.weight) }
            }
            @if let Some(comment) = &made.comment { blockquote data-fact="comment" { (prose(comment)) } }
            @if let Some(interests) = &made.interests { p.meta { "Interests: " (said(interests)) } }
            p.meta {
                (byline(links, &made.made)) " · mass " (decimal(made.mass))
                @if let Some(date) = &made.expires {
                    " · " @if made.expired { "expired " } @else { "expires " } (day_words(date))
                }
                @if let Some(why) = &made.why_not { " · " (why) }
            }
        }
    }
}

fn views(links: &Links, page: &ClaimPage) -> Markup {
    html! {
        @if page.views.is_empty() { p.soft { "The ledger has no view." } }
        ul.plain { @for view in &page.views { (viewed(links, view)) } }
    }
}

fn viewed(links: &Links, view: &ViewStatus) -> Markup {
    let (class, mark) = view_verdict(&view.verdict);
    let subject = Subject::Entity(Kind::View, view.view.clone());
    html! {
        li {
            p {
                a href=(links.to(&Page::Subject(&subject))) { (said(&view.name)) } ": "
                span class=(class) { span aria-hidden="true" { (mark) " " } strong { (view.verdict) } }
            }
            @if let Some(rule) = view.rule {
                p.meta {
                    "rule " (rule)
                    @if let Some(reason) = &view.reason { ": " (said(reason)) }
                    @if let Some(fault) = &view.fault { ": " span.warns { (said(fault)) } }
                }
                @if let Some(when) = &view.when { p.meta { code dir="ltr" { (super::ink::seen(when)) } } }
            }
        }
    }
}

fn domains(links: &Links, page: &ClaimPage) -> Markup {
    html! {
        @if page.domains.is_empty() { p.soft { "None named." } }
        ul.plain {
            @for domain in &page.domains {
                @let listing = Listing::of(Facet::Domain(&domain.name));
                li { a href=(links.to(&Page::Claims(listing))) { (said(&domain.name)) } " " (percent(domain.weight.ppm())) "%" }
            }
        }
    }
}

fn notes(links: &Links, page: &ClaimPage) -> Markup {
    html! {
        @if !page.notes.is_empty() || page.set_aside.iter().any(|aside| aside.place == "notes") {
            (named("notes", "Notes", &html! { (note_list(links, &page.notes)) (aside(links, page, &["notes"])) }))
        }
    }
}

/// Notes, each with its author.
pub(super) fn note_list(links: &Links, notes: &[NoteShown]) -> Markup {
    html! {
        ul.plain {
            @for note in notes {
                li {
                    (prose(&note.text))
                    p.meta { @if let Some(seq) = note.on { "on event " (seq) " of the stream · " } (byline(links, &note.by)) }
                }
            }
        }
    }
}

fn versions(links: &Links, page: &ClaimPage) -> Markup {
    html! {
        @if page.versions.len() > 1 {
            (named("versions", "Versions", &html! {
                ol.plain.versions { @for version in page.versions.iter().rev() { (self::version(links, page, version)) } }
            }))
        }
    }
}

fn version(links: &Links, page: &ClaimPage, version: &VersionShown) -> Markup {
    let slug = slug_of(page);
    let state = entry_of(&version.made).map(|entry| Page::Claim(&slug, Some(entry)));
    html! {
        li {
            p {
                @match state {
                    Some(state) if version.in_effect => a href=(links.to(&state)) { "v" (version.number) },
                    _ => { "v" (version.number) },
                }
                @if version.current { " · shown here" }
                @if !version.in_effect { " · " span.warns { "set aside" } }
                " · " (version.fields.join(", "))
            }
            @if let Some(reason) = &version.reason { (prose(reason)) }
            p.meta { (byline(links, &version.made)) }
        }
    }
}

/// Events without effect, said where they would have shown.
fn aside(links: &Links, page: &ClaimPage, places: &[&str]) -> Markup {
    let here: Vec<&SetAside> = page
        .set_aside
        .iter()
        .filter(|aside| places.contains(&aside.place.as_str()))
        .collect();
    set_aside(links, &here)
}

/// Events without effect: kept, struck through, with who signed them.
pub(super) fn set_aside(links: &Links, events: &[&SetAside]) -> Markup {
    html! {
        @if !events.is_empty() {
            ul.set-aside {
                @for aside in events {
                    li {
                        "Set aside, signed with a key that was compromised: " s { (phrase(&aside.words)) }
                        span.meta { " (" (byline(links, &aside.by)) ")" }
                    }
                }
            }
        }
    }
}

fn cited(citation: &Citation) -> Markup {
    html! {
        p.cited { (said(&citation.text)) }
        details { summary { "BibTeX" } pre tabindex="0" dir="ltr" { (super::ink::seen(&citation.bibtex)) } }
        details { summary { "CSL-JSON" } pre tabindex="0" dir="ltr" { (super::ink::seen(&citation.csl_json)) } }
    }
}

fn trace(page: &ClaimPage) -> Markup {
    let json = serde_json::to_string_pretty(&page.trace).unwrap_or_default();
    html! {
        @if let Some(note) = &page.trace.summary.note { p.soft { (said(note)) } }
        details { summary { "Show raw trace data" } pre tabindex="0" dir="ltr" { (super::ink::seen(&json)) } }
    }
}

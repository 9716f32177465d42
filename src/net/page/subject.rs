//! The pages of artifacts, agents, contexts and views; and of what is not in effect.

use maud::{Markup, html};

use crate::claim::{ArtifactStanding, EvidenceRelation, ScopeRelation};
use crate::projection::{
    AgentPage, AppraisalShown, ArtifactPage, ContextPage, KeyShown, SetAside, ViewPage,
};
use crate::trust::percent;
use crate::value::{Ratio, Subject};

use super::claim::{note_list, set_aside};
use super::custody::custody;
use super::frame::{Frame, Sheet, document, named};
use super::ink::{
    byline, doi, is_struck, kind_word, mixed, notice, phrase, prose, said, seen, side,
    view_verdict, web,
};
use super::links::{Format, Links, Page};

fn framed(frame: &Frame<'_>, subject: &Subject, name: &str, body: Markup) -> String {
    let sheet = Sheet {
        name: name.to_owned(),
        page: Page::Subject(subject),
        formats: &[Format::Json],
        band: None,
        body,
    };
    document(frame, &sheet)
}

/// A field with its name, where it is given.
fn field(name: &str, value: Option<Markup>) -> Markup {
    html! { @if let Some(value) = value { dt { (name) } dd { (value) } } }
}

/// The page of an artifact.
#[must_use]
pub fn artifact(frame: &Frame<'_>, page: &ArtifactPage) -> String {
    let (links, artifact) = (&frame.links, &page.artifact);
    let authors = (!page.authors.is_empty()).then(|| html! {
        @for (place, author) in page.authors.iter().enumerate() { @if place > 0 { ", " } (said(author)) }
    });
    let body = html! {
        div.title {
            p.meta { "Artifact" @if let Some(kind) = artifact.kind { " · " (kind) } }
            h1 dir="auto" { @if is_struck(artifact.standing) { s { (seen(&artifact.title)) } } @else { (seen(&artifact.title)) } }
            @if let Some(label) = &artifact.label { p.meta { (said(label)) } }
            @if artifact.standing == ArtifactStanding::Sound { p.meta { span.for { "● sound" } } }
            (notice(artifact))
        }
        div.reading {
            dl.fields {
                (field("authors", authors))
                (field("year", artifact.year.map(|year| html! { (year) })))
                (field("DOI", artifact.doi.as_deref().map(doi)))
                (field("address", artifact.url.as_deref().map(web)))
                (field("community", page.community.as_ref().map(|one| html! { (one) })))
                (field("SHA-256", page.sha256.map(|hash| html! { code.hash { (hash) } })))
                (field("importer's id", page.key.as_deref().map(said)))
                (field("registered by", Some(byline(links, &page.registered))))
            }
            (cited_by(links, page))
            (named("appraisals", "Appraisals", &html! {
                @if page.appraisals.is_empty() { p.soft { "Nobody has appraised it: its quality is assumed to be 50%." } }
                ul.plain { @for one in &page.appraisals { (appraisal(links, one)) } }
                (aside(links, &page.set_aside, "appraisals"))
            }))
            @if !page.standings.is_empty() || page.set_aside.iter().any(|one| one.place == "standings") {
                (named("standing", "Standing", &standings(links, page)))
            }
            (notes(links, page))
            (named("custody", "Custody", &custody(frame, &page.custody)))
        }
    };
    framed(frame, &artifact.subject, &artifact.title, body)
}

fn aside(links: &Links, events: &[SetAside], place: &str) -> Markup {
    let here: Vec<&SetAside> = events.iter().filter(|one| one.place == place).collect();
    set_aside(links, &here)
}

fn cited_by(links: &Links, page: &ArtifactPage) -> Markup {
    let name = match is_struck(page.artifact.standing) {
        true => "Claims that it touched",
        false => "Cited by",
    };
    named(
        "cited",
        name,
        &html! {
            @if page.cited_by.is_empty() { p.soft { "No claim cites it." } }
            ul.plain {
                @for one in &page.cited_by {
                    @let (class, mark) = side(one.relation);
                    li {
                        p.says {
                            span class=(class) { span aria-hidden="true" { (mark) " " } (relation(one.relation)) } " "
                            a href=(links.to(&Page::Claim(&one.claim, None))) { (said(&one.statement)) }
                        }
                        p.meta { (byline(links, &one.by)) }
                    }
                }
            }
        },
    )
}

fn relation(relation: EvidenceRelation) -> &'static str {
    relation.word()
}

fn appraisal(links: &Links, appraisal: &AppraisalShown) -> Markup {
    let given: [(&str, Option<Ratio>); 3] = [
        ("credibility", appraisal.credibility),
        ("methodology", appraisal.methodology),
        ("replication", appraisal.replication),
    ];
    let given: Vec<String> = given
        .iter()
        .filter_map(|(name, value)| Some(format!("{name} {}%", percent((*value)?.ppm()))))
        .collect();
    html! {
        li {
            p { (given.join(" · ")) @if appraisal.superseded { span.soft { " · replaced by a newer one" } } }
            @if let Some(text) = &appraisal.rationale { (prose(text)) }
            p.meta { (byline(links, &appraisal.by)) }
        }
    }
}

fn standings(links: &Links, page: &ArtifactPage) -> Markup {
    html! {
        ul.plain {
            @for change in &page.standings {
                li {
                    p.says { strong { (change.standing) } " — " (said(&change.reason)) }
                    @if let Some(address) = &change.notice { p.meta { "notice " (web(address)) } }
                    @if let Some(by) = &change.replaced_by {
                        p.meta { "in its place: " a href=(links.to(&Page::Subject(by))) { (by) } }
                    }
                    p.meta { (byline(links, &change.by)) }
                }
            }
        }
        (aside(links, &page.set_aside, "standings"))
    }
}

fn notes(links: &Links, page: &ArtifactPage) -> Markup {
    html! {
        @if !page.notes.is_empty() || page.set_aside.iter().any(|one| one.place == "notes") {
            (named("notes", "Notes", &html! { (note_list(links, &page.notes)) (aside(links, &page.set_aside, "notes")) }))
        }
    }
}

/// The page of an agent.
#[must_use]
pub fn agent(frame: &Frame<'_>, page: &AgentPage) -> String {
    let links = &frame.links;
    let roles: Vec<&str> = page.roles.iter().map(|role| role.word()).collect();
    let reliability = match page.reliability {
        Some(ratio) => html! { (percent(ratio.ppm())) "%" },
        None => html! { "— not stated: its attestations have no weight" },
    };
    let total: u64 = page.events_by_type.values().sum();
    let body = html! {
        div.title {
            p.meta { "Agent · " (kind_word(page.kind)) }
            h1 dir="auto" { (seen(&page.name)) }
            p { (mixed(&page.name)) }
        }
        div.reading {
            dl.fields {
                dt { "roles" } dd { @if roles.is_empty() { "none" } @else { (roles.join(", ")) } }
                dt { "reliability" } dd { (reliability) }
                (field("community", page.community.as_ref().map(|one| html! { (one) })))
                (field("ORCID iD", page.orcid.as_deref().map(|id| web(&format!("https://orcid.org/{id}")))))
                (field("page", page.url.as_deref().map(web)))
                dt { "registered by" } dd { (byline(links, &page.registered)) }
            }
            (named("keys", &format!("Keys · {}", page.keys.len()), &html! {
                ul.plain { @for key in &page.keys { (self::key(links, key)) } }
                (aside(links, &page.set_aside, "keys"))
            }))
            (named("signed", &format!("Signed as author · {total}"), &html! {
                dl.fields.counts { @for (kind, count) in &page.events_by_type { dt { (kind) } dd { (count) } } }
                @if page.events_set_aside > 0 { p.warns { (page.events_set_aside) " of them are set aside." } }
            }))
            @if !page.changed.is_empty() || page.set_aside.iter().any(|one| one.place == "changed") {
                (named("changed", "Changed", &html! {
                    ul.plain { @for row in &page.changed { li { p.says { (phrase(&row.words)) } p.meta { (byline(links, &row.by)) } } } }
                    (aside(links, &page.set_aside, "changed"))
                }))
            }
            (named("custody", "Custody", &custody(frame, &page.custody)))
        }
    };
    framed(frame, &page.subject, &page.name, body)
}

fn key(links: &Links, key: &KeyShown) -> Markup {
    html! {
        li {
            p {
                @if key.valid { span.for { "● valid " } } @else { span.against { "✗ revoked " } }
                code.hash { (key.id) }
            }
            p.meta { code.hash { (key.key) } }
            p.meta { "registered by " (byline(links, &key.registered)) }
            @for revocation in &key.revoked {
                p.meta.warns {
                    "revoked: " (revocation.reason)
                    @if let Some(entry) = revocation.since { ", in other hands since entry @" (entry) }
                    " · " (byline(links, &revocation.by))
                }
            }
        }
    }
}

/// The page of a context.
#[must_use]
pub fn context(frame: &Frame<'_>, page: &ContextPage) -> String {
    let links = &frame.links;
    let body = html! {
        div.title {
            p.meta { "Context · " (said(&page.kind)) }
            h1 dir="auto" { (seen(&page.name)) }
            p.meta { "defined by " (byline(links, &page.defined)) }
        }
        div.reading {
            (named("claims", &format!("Claims · {}", page.claims.len()), &html! {
                @if page.claims.is_empty() { p.soft { "No claim is said to hold or fail in it." } }
                ul.plain {
                    @for claim in &page.claims {
                        @let (class, words) = match claim.relation {
                            ScopeRelation::HoldsIn => ("for", "holds here"),
                            ScopeRelation::FailsIn => ("against", "fails here"),
                        };
                        li {
                            p.says {
                                span class=(class) { (words) } ": "
                                a href=(links.to(&Page::Claim(&claim.claim, None))) { (said(&claim.statement)) }
                            }
                            p.meta { "breadth " (percent(claim.breadth.ppm())) "% · " (byline(links, &claim.by)) }
                        }
                    }
                }
            }))
            (named("custody", "Custody", &custody(frame, &page.custody)))
        }
    };
    framed(frame, &page.subject, &page.name, body)
}

/// The page of a view.
#[must_use]
pub fn view(frame: &Frame<'_>, page: &ViewPage) -> String {
    let links = &frame.links;
    let body = html! {
        div.title {
            p.meta { "View" }
            h1 dir="auto" { (seen(&page.name)) }
            (prose(&page.description))
            p.meta { "defined by " (byline(links, &page.defined)) }
        }
        div.reading {
            (named("rules", "Rules · the first that is true decides", &html! {
                ol.steps {
                    @for rule in &page.rules {
                        @let (class, mark) = view_verdict(rule.verdict.word());
                        li {
                            p.says { span class=(class) { span aria-hidden="true" { (mark) " " } (rule.verdict) } " — " (said(&rule.reason)) }
                            p { code dir="ltr" { (seen(&rule.when)) } }
                            @if let Some(fault) = &rule.fault { p.warns { "? " (said(fault)) } }
                        }
                    }
                }
                p { "Otherwise: " strong { (page.otherwise) } "." }
            }))
            (named("claims", &format!("Claims · {}", page.claims.len()), &html! {
                ul.plain {
                    @for claim in &page.claims {
                        @let (class, mark) = view_verdict(&claim.verdict);
                        li {
                            p.says {
                                span class=(class) { span aria-hidden="true" { (mark) " " } (claim.verdict) } ": "
                                a href=(links.to(&Page::Claim(&claim.claim, None))) { (said(&claim.statement)) }
                            }
                            p.meta {
                                @match claim.rule { Some(rule) => { "rule " (rule) }, None => "no rule" }
                                @if let Some(reason) = &claim.reason { ": " (said(reason)) }
                                @if let Some(fault) = &claim.fault { ": " span.warns { (said(fault)) } }
                            }
                        }
                    }
                }
            }))
            (named("custody", "Custody", &custody(frame, &page.custody)))
        }
    };
    framed(frame, &page.subject, &page.name, body)
}

/// The page of something that is not in effect: its address stays, and says why.
#[must_use]
pub fn absent(frame: &Frame<'_>, page: Page<'_>, subject: &Subject, why: &str) -> String {
    let links = &frame.links;
    let body = html! {
        div.title {
            p.meta { (subject.kind().word()) }
            h1 { s { (subject) } }
            p.notice.contested { "It is not shown: " (why) "." }
            p.meta { a href=(links.to(&Page::Log(None))) { "The log" } " keeps what was said of it." }
        }
    };
    let sheet = Sheet {
        name: subject.to_string(),
        page,
        formats: &[],
        band: None,
        body,
    };
    document(frame, &sheet)
}

//! Evidence: what speaks for a claim and what against it. A list, not a graph.

use maud::{Markup, html};

use crate::claim::EvidenceRelation;
use crate::projection::{ArtifactCited, EvidenceShown, PassageShown, decimal};
use crate::trust::percent;

use super::ink::{byline, is_struck, notice, prose, said, side};
use super::links::{Links, Page};

/// The evidence of a claim, for before against, then what was withdrawn.
pub(super) fn evidence(
    links: &Links,
    live: &[EvidenceShown],
    withdrawn: &[EvidenceShown],
) -> Markup {
    let of = |relation: EvidenceRelation| live.iter().filter(move |edge| edge.relation == relation);
    let sides = of(EvidenceRelation::Supports).chain(of(EvidenceRelation::Disputes));
    html! {
        @if live.is_empty() {
            p.soft { "None yet. A paper, a data set or a report that supports or disputes the claim would count." }
        } @else {
            ul.evidence { @for edge in sides { (piece(links, edge)) } }
        }
        @if !withdrawn.is_empty() {
            h3 { "Withdrawn" }
            ul.evidence.withdrawn { @for edge in withdrawn { (piece(links, edge)) } }
        }
    }
}

/// "2 for, 1 against".
pub(super) fn counts(live: &[EvidenceShown]) -> String {
    let of = |relation| live.iter().filter(|edge| edge.relation == relation).count();
    format!(
        "{} for, {} against",
        of(EvidenceRelation::Supports),
        of(EvidenceRelation::Disputes)
    )
}

fn piece(links: &Links, edge: &EvidenceShown) -> Markup {
    let (class, mark) = side(edge.relation);
    html! {
        li class=(class) data-evidence=[edge.withdrawn.is_none().then_some(&edge.added.address)] {
            span.mark aria-hidden="true" { (mark) }
            div {
                p.source {
                    (title(links, &edge.artifact, edge.withdrawn.is_some()))
                    span.meta {
                        @if let Some(label) = &edge.artifact.label { " " (said(label)) " ·" }
                        " " strong class=(class) data-fact="relation" { (edge.relation) }
                        @if let Some(kind) = &edge.artifact.kind { " · " (kind) }
                    }
                }
                (notice(&edge.artifact))
                div data-fact="note" { (prose(&edge.note)) }
                @for passage in &edge.passages { (self::passage(passage)) }
                p.meta {
                    (weight(edge))
                    " · added by " (byline(links, &edge.added))
                    @if let Some(replicates) = &edge.replicates {
                        " · replicates " a href=(links.to(&Page::Subject(replicates))) { (replicates) }
                    }
                }
                @for revision in &edge.revisions {
                    p.meta { "revised by " (byline(links, &revision.by)) ": " (said(&revision.reason)) }
                }
                @if let Some(withdrawn) = &edge.withdrawn {
                    p.meta.warns { "withdrawn by " (byline(links, &withdrawn.by)) ": " (said(&withdrawn.reason)) }
                }
            }
        }
    }
}

fn title(links: &Links, artifact: &ArtifactCited, is_withdrawn: bool) -> Markup {
    let name = html! {
        @if artifact.kind.is_some() {
            a.title data-fact="title" href=(links.to(&Page::Subject(&artifact.subject))) { (said(&artifact.title)) }
        } @else {
            span.title data-fact="title" { (said(&artifact.title)) }
        }
    };
    html! {
        @if is_withdrawn || is_struck(artifact.standing) { s { (name) } } @else { (name) }
    }
}

/// "84% — Polysemanticity observations".
fn passage(passage: &PassageShown) -> Markup {
    html! {
        p.passage {
            @if let Some(confidence) = passage.confidence { (percent(confidence.ppm())) "% — " }
            (said(&passage.label))
            @if let Some(page) = &passage.page { span.meta { " · " (said(page)) } }
        }
        @if let Some(quote) = &passage.quote { blockquote { (prose(quote)) } }
    }
}

/// What a piece of evidence weighs, and why.
fn weight(edge: &EvidenceShown) -> Markup {
    html! {
        @if edge.withdrawn.is_none() {
            @match (edge.weight, &edge.why_not) {
                (_, Some(why)) => (why),
                (Some(weight), None) => { "weight " (decimal(weight)) },
                (None, None) => "weight —",
            }
        } @else { "no weight" }
        @if let Some(strength) = edge.strength { " · strength " (strength) }
        @if let Some(replication) = edge.replication { " · replication " (replication) }
    }
}

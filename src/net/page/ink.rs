//! Ink: how single things are written, the same on every page. The ledger's text in one voice,
//! ours in the other; figures, dates, bylines, marks.

use maud::{Markup, html};

use crate::claim::{AgentKind, ArtifactStanding, EvidenceRelation, Standing, Verdict};
use crate::projection::{ArtifactCited, Byline, Phrase, Piece, Profile};
use crate::trust::{Coverage, Figure, percent};
use crate::value::{Date, Index, Slug, Subject, Time, forbidden_in_text};

use super::links::{Links, Page, percent_encoded};

/// Text of the ledger. Maud escapes it; what could turn the line around is shown by its code.
pub(super) fn seen(text: &str) -> String {
    text.chars()
        .map(|character| match forbidden_in_text(character) {
            true => format!("⟨U+{:04X}⟩", u32::from(character)),
            false => character.to_string(),
        })
        .collect()
}

/// Text of the ledger within a line: its direction is its own.
pub(super) fn said(text: &str) -> Markup {
    html! { bdi { (seen(text)) } }
}

/// Text of the ledger in paragraphs.
pub(super) fn prose(text: &str) -> Markup {
    html! {
        @for part in text.split("\n\n").filter(|part| !part.trim().is_empty()) {
            p.says dir="auto" { (seen(part)) }
        }
    }
}

/// Our words and the ledger's, the ledger's in quotes.
pub(super) fn phrase(phrase: &Phrase) -> Markup {
    html! {
        @for (place, piece) in phrase.0.iter().enumerate() {
            @if place > 0 { " " }
            @match piece {
                Piece::Ours(text) => (text),
                Piece::Ledger(text) => { "“" (said(text)) "”" },
            }
        }
    }
}

/// A whole percent: `72%`, or a dash.
pub(super) fn whole(ppm: Option<u32>) -> String {
    ppm.map_or_else(|| "—".to_owned(), |ppm| format!("{}%", percent(ppm)))
}

/// Percent with one digit, where movements are looked at: `59.6%`.
pub(super) fn finely(ppm: Option<u32>) -> String {
    ppm.map_or_else(
        || "—".to_owned(),
        |ppm| {
            let tenths = (ppm + 500) / 1000;
            format!("{}.{}%", tenths / 10, tenths % 10)
        },
    )
}

/// A movement in percentage points with one digit: `+3.1`.
pub(super) fn points(ppm: i64) -> String {
    let tenths = (ppm.abs() + 500) / 1000;
    let sign = match ppm {
        0 => "±",
        1.. => "+",
        _ => "−",
    };
    format!("{sign}{}.{}", tenths / 10, tenths % 10)
}

/// How much of its parts a derived figure had.
pub(super) fn coverage(profile: &Profile, figure: Figure) -> Option<Coverage> {
    match figure {
        Figure::Support => Some(profile.coverage.supp),
        Figure::Frontier => Some(profile.coverage.fron),
        Figure::Stability => Some(profile.coverage.stab),
        _ => None,
    }
}

/// A figure of a profile: `72%`, `≈ 72%` where it rests on an assumption, a dash where it is not
/// assessed. Its millionths stand in `value`, for whoever checks the page.
pub(super) fn figure(profile: &Profile, figure: Figure) -> Markup {
    let value = profile.figures.get(figure);
    html! {
        @match value {
            Some(ppm) => {
                @if profile.assumed.contains(&figure) {
                    span data-assumed=(figure.short()) title="rests on an assumption" { "≈ " }
                }
                data data-figure=(figure.short()) value=(ppm) { (whole(value)) }
            },
            None => {
                span.none data-figure=(figure.short()) { "—" } span.unseen { " not assessed" }
            },
        }
    }
}

/// `of 7/10` where a derived figure had a part of its parts only.
pub(super) fn part(profile: &Profile, figure: Figure) -> Option<String> {
    profile.figures.get(figure)?;
    let coverage = coverage(profile, figure).filter(|coverage| coverage.is_partial())?;
    Some(format!("of {}/{}", coverage.present, coverage.whole))
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// A date as it is read: `9 March 2026`, `March 2026`, `2026`.
pub(super) fn day_words(date: &Date) -> String {
    let text = date.to_string();
    let mut parts = text.split('-');
    let year = parts.next().unwrap_or_default();
    let month = parts
        .next()
        .and_then(|month| month.parse::<usize>().ok())
        .and_then(|month| MONTHS.get(month.checked_sub(1)?));
    let day = parts.next().map(|day| day.trim_start_matches('0'));
    match (month, day) {
        (Some(month), Some(day)) => format!("{day} {month} {year}"),
        (Some(month), None) => format!("{month} {year}"),
        _ => text,
    }
}

/// The day of an instant.
pub(super) fn day(time: Time) -> Markup {
    html! { time datetime=(time.micros_text()) title=(time.minute_text()) { (day_words(&time.day())) } }
}

/// An instant to the minute.
pub(super) fn minute(time: Time) -> Markup {
    html! { time datetime=(time.micros_text()) { (time.minute_text()) } }
}

/// An agent by its name, with a link where it has a page.
pub(super) fn agent(links: &Links, slug: &Slug, name: Option<&str>) -> Markup {
    let subject = Subject::agent(slug.clone());
    html! {
        @match name {
            Some(name) => {
                a href=(links.to(&Page::Subject(&subject))) { (said(name)) }
                (mixed(name))
            },
            None => (slug),
        }
    }
}

/// A warning beside a name in which letters of several alphabets stand in one word.
pub(super) fn mixed(name: &str) -> Markup {
    html! {
        @if mixes_alphabets(name) { span.warns { " (letters of several alphabets: look at the key)" } }
    }
}

/// Whether Latin letters and ones that look like them stand in one word.
fn mixes_alphabets(name: &str) -> bool {
    let alphabet = |c: char| match c {
        'a'..='z' | 'A'..='Z' | '\u{c0}'..='\u{24f}' => Some(1),
        '\u{370}'..='\u{3ff}' => Some(2),
        '\u{400}'..='\u{52f}' => Some(3),
        _ => None,
    };
    name.split(|c: char| !c.is_alphabetic()).any(|word| {
        let mut found = word.chars().filter_map(alphabet);
        let first = found.next();
        first.is_some() && found.any(|other| Some(other) != first)
    })
}

/// Who, when, where: `contributor-a, 4 March 2026, @12`.
pub(super) fn byline(links: &Links, by: &Byline) -> Markup {
    html! {
        (agent(links, &by.author, by.author_name.as_deref())) ", " (day(by.recorded)) ", "
        (entry(links, by))
        @if let Some(date) = &by.effective { ", holds since " (day_words(date)) }
    }
}

/// The entry that an event stands in.
pub(super) fn entry(links: &Links, by: &Byline) -> Markup {
    html! { a.entry href=(links.event(&by.address)) { (by.address) } }
}

/// The number of an entry from the address of an event in it.
pub(super) fn entry_of(by: &Byline) -> Option<Index> {
    by.address
        .trim_start_matches('@')
        .split('.')
        .next()?
        .parse()
        .ok()
}

/// An address that somebody wrote into the ledger: a link where it is one of the web.
pub(super) fn web(address: &str) -> Markup {
    let is_web = address.starts_with("https://") || address.starts_with("http://");
    html! {
        @if is_web {
            a.out href=(address) rel="noopener noreferrer nofollow ugc" dir="ltr" { (seen(address)) }
        } @else { (said(address)) }
    }
}

/// A DOI, with a link to where it leads.
pub(super) fn doi(doi: &str) -> Markup {
    let path: Vec<String> = doi.split('/').map(percent_encoded).collect();
    html! {
        a.out href={ "https://doi.org/" (path.join("/")) } rel="noopener noreferrer nofollow ugc" dir="ltr" { (seen(doi)) }
    }
}

/// For or against, as a mark.
pub(super) fn side(relation: EvidenceRelation) -> (&'static str, &'static str) {
    match relation {
        EvidenceRelation::Supports => ("for", "↑"),
        EvidenceRelation::Disputes => ("against", "↓"),
    }
}

/// How a claim stands: the class of its label, and its mark.
pub(super) fn standing(standing: Standing) -> (&'static str, &'static str) {
    match standing {
        Standing::Hypothesis => ("plain", "○"),
        Standing::Tested => ("plain", "◔"),
        Standing::Replicated => ("for", "◕"),
        Standing::Contested => ("contested", "⚠"),
        Standing::Refuted => ("against", "✗"),
        Standing::Settled => ("for", "●"),
    }
}

/// A verdict on a claim: its class and its mark.
pub(super) fn verdict(verdict: Verdict) -> (&'static str, &'static str) {
    match verdict {
        Verdict::Verifies | Verdict::Endorses => ("for", "✓"),
        Verdict::Disputes => ("against", "✗"),
        Verdict::Abstains => ("plain", "–"),
    }
}

/// A view's verdict: its class and its mark.
pub(super) fn view_verdict(word: &str) -> (&'static str, &'static str) {
    match word {
        "included" => ("for", "✓"),
        "downweighted" => ("plain", "▽"),
        "excluded" => ("against", "✗"),
        _ => ("contested", "?"),
    }
}

/// An agent's kind, as a reader sees it.
pub(super) fn kind_word(kind: AgentKind) -> &'static str {
    match kind {
        AgentKind::Human => "Human",
        AgentKind::Software => "Software",
        AgentKind::Organization => "Organization",
    }
}

/// Whether a source weighs nothing any more.
pub(super) fn is_struck(standing: ArtifactStanding) -> bool {
    matches!(
        standing,
        ArtifactStanding::Retracted | ArtifactStanding::Withdrawn
    )
}

/// A source that is not sound: what it is, why, and the publisher's notice.
pub(super) fn notice(artifact: &ArtifactCited) -> Markup {
    html! {
        @if artifact.standing != ArtifactStanding::Sound {
            @let class = if is_struck(artifact.standing) { "notice against" } else { "notice contested" };
            @let mark = if is_struck(artifact.standing) { "✗" } else { "⚠" };
            p class=(class) {
                span aria-hidden="true" { (mark) " " } strong { (artifact.standing) }
                @if let Some(reason) = &artifact.standing_reason { ": " (said(reason)) }
                @if let Some(notice) = &artifact.notice { " · notice " (web(notice)) }
            }
        }
    }
}

/// One thing or so many: `1 event`, `3 events`.
pub(super) fn counted(count: u64, one: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        more => format!("{more} {one}s"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn dates_read_as_people_write_them() {
        for (date, words) in [
            ("2026-03-09", "9 March 2026"),
            ("2026-12", "December 2026"),
            ("1999", "1999"),
        ] {
            assert_eq!(day_words(&date.parse().unwrap()), words);
        }
    }

    #[test]
    fn only_addresses_of_the_web_become_links() {
        assert!(
            web("https://example.org/a")
                .into_string()
                .starts_with("<a ")
        );
        for address in [
            "javascript:alert(1)",
            " https://example.org",
            "data:text/html,x",
            "HTTPS:x",
        ] {
            let html = web(address).into_string();
            assert!(!html.contains("href"), "{html}");
        }
    }

    #[test]
    fn a_name_that_mixes_alphabets_is_warned_of() {
        assert!(mixes_alphabets("Aliсe")); // the c is Cyrillic
        assert!(!mixes_alphabets("Alice Иванова"));
        assert!(!mixes_alphabets("Ωmega".trim_start_matches('Ω')));
    }
}

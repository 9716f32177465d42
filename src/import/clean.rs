//! Cleaning: text as other people's tables hold it, made into text that a ledger admits.
//!
//! Every change has a named kind; the caller reports it. Nothing here decides what a text means.

use std::collections::BTreeSet;

use deunicode::deunicode;

use crate::hash::Hash;
use crate::value::{Doi, Line, Slug, Text, Url, forbidden_in_text};

use super::report::{Place, Report};

/// Every kind of clean-up, and what it does.
pub const KINDS: &[(&str, &str)] = &[
    ("html_entity", "an HTML entity is decoded"),
    ("carriage_return", "a carriage return becomes a line end"),
    (
        "forbidden_character",
        "a character that no text of the ledger may hold is removed",
    ),
    ("white_space_trimmed", "white space at an end is cut off"),
    (
        "markup_removed",
        "markup of a title or reference (<i>, <sup>, <scp>) is removed",
    ),
    (
        "line_folded",
        "line ends and tabs of a one-line field become spaces",
    ),
    (
        "number_with_decimals",
        "a whole number written 33.0 is read as 33",
    ),
    (
        "year_with_decimals",
        "a year written 2018.0 is read as 2018",
    ),
    (
        "year_missing",
        "no year: the artifact and its evidence have no date",
    ),
    ("year_unreadable", "a year that is none is left out"),
    (
        "year_before_original",
        "a replication older than its original; both years are kept",
    ),
    (
        "doi_missing",
        "no DOI: the URL, else the reference or title, identifies the artifact",
    ),
    (
        "doi_spelling",
        "a DOI with capitals or an address before it is spelled 10.x/y",
    ),
    (
        "doi_not_one",
        "what stands for a DOI is none and is left out",
    ),
    (
        "doi_from_url",
        "the DOI is taken from an address at doi.org",
    ),
    (
        "url_first_of_several",
        "of several addresses the first is taken",
    ),
    (
        "url_not_one",
        "what stands for an address is none and is left out",
    ),
    (
        "title_missing",
        "no title: the reference, address or DOI stands for it",
    ),
    ("title_cut", "a title beyond 1,000 bytes is cut at a word"),
    ("authors_missing", "no authors"),
    (
        "authors_unreadable",
        "authors that are not a JSON list of people are left out",
    ),
    ("author_nameless", "an author without any name is left out"),
    ("author_cut", "an author's name beyond 200 bytes is cut"),
    (
        "authors_left_out",
        "authors beyond 24,000 bytes are left out",
    ),
    (
        "community_unknown",
        "no first author: the artifact has no community",
    ),
    (
        "overlap_unknown",
        "whether authors overlap is not known; none is assumed",
    ),
    (
        "overlap_unreadable",
        "a number of shared authors that is none; none is assumed",
    ),
    (
        "artifact_differs",
        "rows give one artifact different titles or years; the first counts",
    ),
    (
        "description_missing",
        "no description: the quoted claim is the statement",
    ),
    (
        "statement_cut",
        "a statement beyond 1,000 bytes is cut at a word, whole in detail",
    ),
    (
        "detail_cut",
        "a detail beyond 16,000 bytes is cut at a word",
    ),
    ("summary_cut", "a summary beyond its limit is cut at a word"),
    (
        "domain_missing",
        "no discipline: the claim goes to the mapping's default domain",
    ),
    ("domain_spelling", "a discipline's words get a capital each"),
    ("domain_cut", "a domain beyond 120 bytes is cut at a word"),
    ("quote_cut", "a quote beyond 4,000 bytes is cut at a word"),
    (
        "page_moved",
        "a page beyond 80 bytes is moved into the label or note",
    ),
    ("label_cut", "a label beyond 300 bytes is cut at a word"),
    ("note_cut", "a note beyond 4,000 bytes is cut at a word"),
    (
        "passage_left_out",
        "a passage beyond the 24,000 bytes of one edge is left out",
    ),
    (
        "words_missing",
        "no words of the replication's authors: a sentence stands for them",
    ),
    (
        "outcome_unknown",
        "an outcome that the mapping does not name becomes a note",
    ),
    (
        "strength_spelling",
        "a strength written 0.70 is read as 0.7",
    ),
    (
        "strength_unreadable",
        "a strength that is none from 0 to 1 is left out: the edge abstains",
    ),
    (
        "community_spelling",
        "a community's name becomes a slug in ASCII",
    ),
    (
        "key_hashed",
        "a key beyond 200 bytes is replaced by its digest",
    ),
];

/// A cell as the ledger may hold it: entities decoded, line ends `\n`, no forbidden character,
/// nothing but text at the ends. Leaves markup alone.
pub(super) fn cell(text: &str, place: &Place, report: &mut Report) -> String {
    if text.is_empty() {
        return String::new();
    }
    let decoded = html_escape::decode_html_entities(text);
    if decoded != text {
        report.clean(place, "html_entity", text);
    }
    let lines = decoded.replace("\r\n", "\n").replace('\r', "\n");
    if lines != decoded {
        report.clean(place, "carriage_return", text);
    }
    let plain: String = lines.chars().filter_map(allowed).collect();
    if plain != lines {
        report.clean(place, "forbidden_character", text);
    }
    let trimmed = plain.trim();
    if trimmed.len() != plain.len() {
        report.clean(place, "white_space_trimmed", text);
    }
    trimmed.to_owned()
}

/// What breaks a line stays a line end; what is forbidden otherwise goes.
fn allowed(character: char) -> Option<char> {
    match character {
        '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => Some('\n'),
        other => (!forbidden_in_text(other)).then_some(other),
    }
}

const MARKUP: [&str; 7] = ["i", "b", "em", "strong", "sub", "sup", "scp"];

/// The text without the markup that publishers leave in titles.
pub(super) fn without_markup(text: &str, place: &Place, report: &mut Report) -> String {
    let mut plain = text.to_owned();
    if text.contains('<') {
        for name in MARKUP {
            plain = plain.replace(&format!("<{name}>"), "");
            plain = plain.replace(&format!("</{name}>"), "");
        }
    }
    if plain != text {
        report.clean(place, "markup_removed", text);
    }
    plain.trim().to_owned()
}

/// The text on one line.
pub(super) fn one_line(text: &str, place: &Place, report: &mut Report) -> String {
    if !text.contains(['\n', '\t']) {
        return text.to_owned();
    }
    report.clean(place, "line_folded", text);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The text cut at a word to at most `max` bytes, an ellipsis at its end; as it is where it fits.
pub(super) fn cut(text: &str, max: usize) -> String {
    if text.len() <= max {
        return text.to_owned();
    }
    let mut end = max.saturating_sub('…'.len_utf8());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let head = &text[..end];
    let at_word = match text[end..].starts_with(char::is_whitespace) {
        true => end,
        false => head
            .rfind(char::is_whitespace)
            .filter(|place| *place > end / 2)
            .unwrap_or(end),
    };
    format!("{}…", head[..at_word].trim_end())
}

/// The text cut at a word to at most `max` bytes, and said where that shortens it.
pub(super) fn bounded(
    text: &str,
    max: usize,
    kind: &'static str,
    place: &Place,
    report: &mut Report,
) -> String {
    if text.len() > max {
        report.clean(place, kind, text);
    }
    cut(text, max)
}

/// One line of at most `MAX` bytes; none where there is no text.
pub(super) fn line<const MAX: usize>(
    text: &str,
    kind: &'static str,
    place: &Place,
    report: &mut Report,
) -> Option<Line<MAX>> {
    let folded = one_line(text, place, report);
    Line::parse(&bounded(&folded, MAX, kind, place, report)).ok()
}

/// Text of at most `MAX` bytes; none where there is none.
pub(super) fn text<const MAX: usize>(
    text: &str,
    kind: &'static str,
    place: &Place,
    report: &mut Report,
) -> Option<Text<MAX>> {
    Text::parse(&bounded(text, MAX, kind, place, report)).ok()
}

/// A year; none where the cell is empty or holds none.
pub(super) fn year(text: &str, place: &Place, report: &mut Report) -> Option<u16> {
    if text.is_empty() {
        report.clean(place, "year_missing", text);
        return None;
    }
    let digits = whole(text);
    if digits.len() != text.len() {
        report.clean(place, "year_with_decimals", text);
    }
    let is_year = digits.len() <= 4 && digits.bytes().all(|digit| digit.is_ascii_digit());
    let year = digits
        .parse()
        .ok()
        .filter(|year| is_year && (1..=9999).contains(year));
    if year.is_none() {
        report.clean(place, "year_unreadable", text);
    }
    year
}

/// A number without `.0`.
pub(super) fn number<'t>(text: &'t str, place: &Place, report: &mut Report) -> &'t str {
    let digits = whole(text);
    if digits.len() != text.len() {
        report.clean(place, "number_with_decimals", text);
    }
    digits
}

fn whole(text: &str) -> &str {
    text.split_once('.')
        .filter(|(whole, rest)| {
            !whole.is_empty() && !rest.is_empty() && rest.bytes().all(|digit| digit == b'0')
        })
        .map_or(text, |(whole, _)| whole)
}

/// A DOI; none where the cell holds none.
pub(super) fn doi(text: &str, place: &Place, report: &mut Report) -> Option<Doi> {
    if text.is_empty() {
        return None;
    }
    let doi = bare_doi(text);
    match &doi {
        None => report.clean(place, "doi_not_one", text),
        Some(doi) if doi.as_str() != text => report.clean(place, "doi_spelling", text),
        Some(_) => {}
    }
    doi
}

/// The DOI of an address at doi.org.
pub(super) fn doi_of_url(url: &Url) -> Option<Doi> {
    let is_resolver = RESOLVERS
        .iter()
        .filter(|prefix| prefix.ends_with('/'))
        .any(|prefix| starts_with(url.as_str(), prefix));
    is_resolver.then(|| bare_doi(url.as_str())).flatten()
}

const RESOLVERS: [&str; 5] = [
    "https://doi.org/",
    "http://doi.org/",
    "https://dx.doi.org/",
    "http://dx.doi.org/",
    "doi:",
];

fn bare_doi(text: &str) -> Option<Doi> {
    let bare = RESOLVERS
        .iter()
        .find(|prefix| starts_with(text, prefix))
        .map_or(text, |prefix| &text[prefix.len()..]);
    Doi::parse(&bare.trim().to_lowercase()).ok()
}

fn starts_with(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// An address; none where the cell holds none.
pub(super) fn url(text: &str, place: &Place, report: &mut Report) -> Option<Url> {
    if text.is_empty() {
        return None;
    }
    if let Ok(url) = Url::parse(text) {
        return Some(url);
    }
    let first = text
        .split_whitespace()
        .find_map(|word| Url::parse(word).ok());
    let kind = match first {
        Some(_) => "url_first_of_several",
        None => "url_not_one",
    };
    report.clean(place, kind, text);
    first
}

/// How many bytes of words a slug has before its digest.
const SLUG_WORDS: usize = 60;

/// A slug: the words in ASCII, at most 60 characters, and the first hexadecimal digits of the key's
/// SHA-256: 8, or more where `taken` says that a slug is another's.
pub(super) fn slug(words: &str, key: &str, taken: impl Fn(&Slug) -> bool) -> Slug {
    let words = ascii_words(words, SLUG_WORDS);
    let digest = Hash::of(key.as_bytes()).to_string();
    for digits in [8, 12, 16, 24] {
        let candidate = join(&words, &digest[..digits]);
        if !taken(&candidate) {
            return candidate;
        }
    }
    join(&words, &digest[..32])
}

fn join(words: &str, digest: &str) -> Slug {
    let text = match words {
        "" => digest.to_owned(),
        words => format!("{words}-{digest}"),
    };
    text.parse()
        .expect("at most 60 of a-z, 0-9 and -, then at most 32 hexadecimal digits, are a slug")
}

/// The words of a text in ASCII, in lower case, joined by `-`, at most `max` bytes.
pub(super) fn ascii_words(text: &str, max: usize) -> String {
    let start: String = text.chars().take(4 * max).collect();
    let ascii = deunicode(&start).to_lowercase().replace('\'', "");
    let mut words = String::new();
    for word in ascii.split(|c: char| !c.is_ascii_alphanumeric()) {
        let room = max.saturating_sub(words.len() + usize::from(!words.is_empty()));
        if word.is_empty() {
            continue;
        }
        if word.len() > room {
            if words.is_empty() {
                words.push_str(&word[..room]);
            }
            break;
        }
        if !words.is_empty() {
            words.push('-');
        }
        words.push_str(word);
    }
    words
}

/// A discipline with a capital at each word but the small ones.
pub(super) fn title_case(text: &str) -> String {
    let small = BTreeSet::from(["and", "of", "the", "in", "for"]);
    let mut cased = String::with_capacity(text.len());
    for (place, part) in text.split_inclusive([' ', '/', '-']).enumerate() {
        let mut letters = part.chars();
        match letters.next() {
            Some(first) if place == 0 || !small.contains(part.trim_end()) => {
                cased.extend(first.to_uppercase());
                cased.push_str(letters.as_str());
            }
            _ => cased.push_str(part),
        }
    }
    cased
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn place() -> Place {
        Place {
            row: 1,
            id: "1".into(),
        }
    }

    fn kinds(report: Report) -> Vec<&'static str> {
        report.close().cleanups.into_keys().collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn any_cell_becomes_text_that_the_ledger_takes(raw in any::<String>()) {
            let mut report = Report::default();
            let cleaned = cell(&raw, &place(), &mut report);
            prop_assert!(cleaned.is_empty() || Text::<100_000>::parse(&cleaned).is_ok());
            // What was changed was said.
            prop_assert!(!report.lines.is_empty() || cleaned == raw);
        }

        #[test]
        fn a_cut_is_never_beyond_its_limit_and_starts_as_the_text_does(
            raw in any::<String>(), max in 3_usize..80,
        ) {
            let short = cut(&raw, max);
            prop_assert!(short.len() <= max);
            if raw.len() > max {
                prop_assert!(raw.starts_with(short.strip_suffix('…').unwrap()));
            } else {
                prop_assert_eq!(short, raw);
            }
        }

        #[test]
        fn any_words_and_key_make_a_slug(words in any::<String>(), key in any::<String>()) {
            let made = slug(&words, &key, |_| false);
            prop_assert!(made.as_str().len() <= 69);
            let digest = Hash::of(key.as_bytes()).to_string();
            prop_assert!(made.as_str().ends_with(&digest[..8]));
            let other = slug(&words, &key, |slug| *slug == made);
            prop_assert!(other != made);
        }
    }

    #[test]
    fn each_fault_of_a_cell_has_its_kind() {
        for (raw, cleaned, kind) in [
            ("a\r\nb", "a\nb", "carriage_return"),
            ("a\rb", "a\nb", "carriage_return"),
            ("\u{200e}a", "a", "forbidden_character"),
            (
                "Memory &amp; Cognition",
                "Memory & Cognition",
                "html_entity",
            ),
            (" a ", "a", "white_space_trimmed"),
        ] {
            let mut report = Report::default();
            assert_eq!(cell(raw, &place(), &mut report), cleaned);
            assert_eq!(kinds(report), [kind], "{raw:?}");
        }
    }

    #[test]
    fn an_entity_cannot_bring_in_what_is_forbidden() {
        let mut report = Report::default();
        assert_eq!(cell("a&#8206;b&#13;c", &place(), &mut report), "ab\nc");
        let found = kinds(report);
        assert_eq!(
            found,
            ["carriage_return", "forbidden_character", "html_entity"]
        );
    }

    #[test]
    fn a_year_is_read_as_people_and_programs_write_it() {
        for (raw, expected, kind) in [
            ("2018", Some(2018), None),
            ("2018.0", Some(2018), Some("year_with_decimals")),
            ("", None, Some("year_missing")),
            ("in press", None, Some("year_unreadable")),
            ("0", None, Some("year_unreadable")),
            ("+201", None, Some("year_unreadable")),
            ("2018.5", None, Some("year_unreadable")),
        ] {
            let mut report = Report::default();
            assert_eq!(year(raw, &place(), &mut report), expected, "{raw:?}");
            assert_eq!(kinds(report), kind.into_iter().collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_doi_has_one_spelling_however_it_is_written() {
        for (raw, expected, kind) in [
            ("10.1000/abc", Some("10.1000/abc"), None),
            ("10.1000/ABC", Some("10.1000/abc"), Some("doi_spelling")),
            (
                "https://doi.org/10.1000/abc",
                Some("10.1000/abc"),
                Some("doi_spelling"),
            ),
            ("doi:10.1000/abc", Some("10.1000/abc"), Some("doi_spelling")),
            ("osf.io/y2emk", None, Some("doi_not_one")),
        ] {
            let mut report = Report::default();
            let found = doi(raw, &place(), &mut report);
            assert_eq!(found.as_ref().map(Doi::as_str), expected, "{raw:?}");
            assert_eq!(kinds(report), kind.into_iter().collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_slug_is_made_of_words_that_ascii_has() {
        // SHA-256 of "abc" begins ba7816bf (FIPS 180-4).
        let made = slug("Épreuve: the spouse’s Größe", "abc", |_| false);
        assert_eq!(made.as_str(), "epreuve-the-spouses-grosse-ba7816bf");
        assert_eq!(slug("!!", "abc", |_| false).as_str(), "ba7816bf");
    }

    #[test]
    fn a_cut_falls_between_words() {
        assert_eq!(cut("one two three", 12), "one two…");
        assert_eq!(cut("one two three", 13), "one two three");
        assert_eq!(cut("onetwothree", 9), "onetwo…");
    }

    #[test]
    fn a_discipline_has_one_spelling() {
        assert_eq!(title_case("social psychology"), "Social Psychology");
        assert_eq!(
            title_case("Judgment and Decision Making"),
            "Judgment and Decision Making"
        );
        assert_eq!(
            title_case("marketing/org behavior"),
            "Marketing/Org Behavior"
        );
    }
}

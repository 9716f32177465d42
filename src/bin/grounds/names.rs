//! What a person types for a subject, found in the ledger.

use std::str::FromStr;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use grounds::claim::{Event, State};
use grounds::form::Form;
use grounds::ledger::{AsOf, Ledger};
pub(crate) use grounds::projection::nearest;
use grounds::value::{Address, Doi, Kind, Ratio, Slug, Subject};
use std::sync::Arc;

use crate::error::Failure;

/// Those of these names that a text means: the one that it spells in full, else those whose slug it
/// is, else those that it begins.
pub(crate) fn meanings<'n>(text: &str, names: &'n [Subject]) -> Vec<&'n Subject> {
    let whole = |name: &&Subject| name.to_string() == text;
    let slug = |name: &&Subject| name.slug().is_some_and(|slug| slug.as_str() == text);
    let found = [
        names.iter().filter(whole).collect::<Vec<_>>(),
        names.iter().filter(slug).collect(),
        names.iter().filter(|name| begins(name, text)).collect(),
    ];
    let mut found = found.into_iter().filter(|found| !found.is_empty());
    found.next().unwrap_or_default()
}

fn begins(name: &Subject, text: &str) -> bool {
    let by_slug = name
        .slug()
        .is_some_and(|slug| slug.as_str().starts_with(text));
    !text.is_empty() && (by_slug || (text.contains('/') && name.to_string().starts_with(text)))
}

/// A subject of this kind that can be written to: its slug, with or without the kind, or a prefix
/// that only one has.
pub(crate) fn slug_of(state: &State, kind: Kind, text: &str) -> Result<Slug, Failure> {
    let word = kind.word();
    let own = text
        .strip_prefix(word)
        .and_then(|rest| rest.strip_prefix('/'))
        .unwrap_or(text);
    let names = existing(state, kind);
    let found = meanings(own, &names);
    match found.as_slice() {
        [one] => one
            .slug()
            .cloned()
            .ok_or_else(|| unknown(word, own, &names)),
        [] => Err(unknown(word, own, &names)),
        several => {
            let named: Vec<String> = several.iter().take(5).map(ToString::to_string).collect();
            Err(Failure::not_found(format!(
                "found {} subjects that begin with {word}/{}, expected one",
                several.len(),
                grounds::value::excerpt(own)
            ))
            .hint(format!("one of {}", named.join(", "))))
        }
    }
}

fn unknown(word: &str, own: &str, names: &[Subject]) -> Failure {
    let failure = Failure::not_found(match own.parse::<Slug>() {
        Ok(_) => format!("found no {word}/{own}"),
        Err(_) => format!("found no {word} {}", grounds::value::excerpt(own)),
    });
    let near = nearest(own, names);
    if near.is_empty() {
        return failure.hint("grounds list shows what there is");
    }
    failure.hint(format!("did you mean {}?", near.join(", ")))
}

/// The subjects of a kind that are in effect.
fn existing(state: &State, kind: Kind) -> Vec<Subject> {
    let all: Vec<&Slug> = match kind {
        Kind::Ledger => Vec::new(),
        Kind::Agent => state.agents().map(|(slug, _)| slug).collect(),
        Kind::Artifact => state.artifacts().map(|(slug, _)| slug).collect(),
        Kind::Context => state.contexts().map(|(slug, _)| slug).collect(),
        Kind::Claim => state.claims().map(|(slug, _)| slug).collect(),
        Kind::View => state.views().map(|(slug, _)| slug).collect(),
    };
    all.into_iter()
        .map(|slug| Subject::Entity(kind, slug.clone()))
        .filter(|subject| state.exists(subject))
        .collect()
}

/// Any subject: `ledger`, `kind/slug`, or what a claim's, else another's slug begins with.
pub(crate) fn subject_of(state: &State, text: &str) -> Result<Subject, Failure> {
    if text == "ledger" {
        return Ok(Subject::Ledger);
    }
    const KINDS: [Kind; 5] = [
        Kind::Claim,
        Kind::Artifact,
        Kind::Agent,
        Kind::Context,
        Kind::View,
    ];
    if let Some((word, _)) = text.split_once('/')
        && let Some(kind) = KINDS.into_iter().find(|kind| kind.word() == word)
    {
        return slug_of(state, kind, text).map(|slug| Subject::Entity(kind, slug));
    }
    let mut first = None;
    for kind in KINDS {
        match slug_of(state, kind, text) {
            Ok(slug) => return Ok(Subject::Entity(kind, slug)),
            Err(failure) => first = first.or(Some(failure)),
        }
    }
    Err(first.expect("there are kinds"))
}

/// An event: its address, the address of a commit of one event, or the beginning of its id.
pub(crate) fn event_of(ledger: &Ledger, text: &str) -> Result<Arc<Event>, Failure> {
    let absent = || {
        Failure::not_found(format!("found no event {}", grounds::value::excerpt(text)))
            .hint("grounds log lists the events with their addresses, such as @41 or @41.1")
    };
    let at = |address: Address| {
        let entry = ledger.entry(address.entry)?;
        entry.events.get(usize::from(address.position)).cloned()
    };
    match AsOf::from_str(text).map_err(|_| absent())? {
        AsOf::Event(address) => at(address).ok_or_else(absent),
        AsOf::Entry(entry) => match ledger.entry(entry).map(|entry| entry.events.as_slice()) {
            Some([event]) => Ok(Arc::clone(event)),
            Some(events) if !events.is_empty() => Err(Failure::usage(format!(
                "@{entry} holds {} events, expected one of @{entry}.0 to @{entry}.{}",
                events.len(),
                events.len() - 1
            ))),
            _ => Err(absent()),
        },
        AsOf::Id(prefix) => ledger.event_by_id(&prefix).map_err(|count| match count {
            0 => absent(),
            _ => Failure::not_found(format!(
                "found {count} events whose id begins with {prefix}"
            ))
            .hint("give more of the id"),
        }),
        AsOf::Moment(_) => Err(absent()),
    }
}

/// A slug made of words: lower case, hyphens, at most 96 bytes, cut where a word ends.
pub(crate) fn slug_from(text: &str) -> Option<Slug> {
    let plain = deunicode::deunicode(text).to_ascii_lowercase();
    let words: Vec<String> = plain
        .replace('\'', "")
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect();
    let mut slug = String::new();
    for word in words {
        let longer = if slug.is_empty() {
            word
        } else {
            format!("{slug}-{word}")
        };
        if longer.len() > 96 {
            break;
        }
        slug = longer;
    }
    slug.parse().ok()
}

/// A ratio as people write it: `0.84`, `.84`, `0.840`, `1.0` or `84%`.
pub(crate) fn ratio(text: &str) -> Result<Ratio, String> {
    let expected = || {
        format!(
            "found {}, expected a ratio from 0 to 1 with at most six decimals, or a percentage",
            grounds::value::excerpt(text)
        )
    };
    let (number, places) = match text.strip_suffix('%') {
        Some(number) => (number.trim_end(), 4),
        None => (text, 6),
    };
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let part = part.trim_end_matches('0');
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_number = digits(whole)
        && digits(part)
        && whole.len() <= 6
        && part.len() <= places
        && number.bytes().any(|byte| byte.is_ascii_digit());
    if !is_number {
        return Err(expected());
    }
    format!("0{whole}{part:0<places$}")
        .parse::<u32>()
        .ok()
        .and_then(Ratio::from_ppm)
        .ok_or_else(expected)
}

/// A DOI as people have it: with a resolver's address before it, in capitals.
pub(crate) fn doi(text: &str) -> Result<Doi, String> {
    let lower = text.trim().to_ascii_lowercase();
    let bare = [
        "https://doi.org/",
        "http://doi.org/",
        "https://dx.doi.org/",
        "http://dx.doi.org/",
        "doi:",
    ]
    .iter()
    .find_map(|prefix| lower.strip_prefix(prefix))
    .unwrap_or(&lower);
    Doi::parse(bare.trim()).map_err(|error| error.to_string())
}

/// Any value with one spelling in the format.
pub(crate) fn plain<T: FromStr>(text: &str) -> Result<T, String>
where
    T::Err: std::fmt::Display,
{
    text.parse().map_err(|error: T::Err| error.to_string())
}

/// One of the model's words.
pub(crate) fn word<T>(all: &'static [T]) -> impl TypedValueParser<Value = T>
where
    T: Form + FromStr + Copy + std::fmt::Display + Send + Sync + 'static,
    T::Err: std::fmt::Debug,
{
    let words: Vec<&'static str> = all
        .iter()
        .map(|value| -> &'static str { Box::leak(value.to_string().into_boxed_str()) })
        .collect();
    PossibleValuesParser::new(words)
        .map(|text: String| text.parse().expect("clap lets only these words through"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_read_as_people_write_it() {
        for (text, ppm) in [
            ("0.84", 840_000),
            (".5", 500_000),
            ("1", 1_000_000),
            ("1.0", 1_000_000),
            ("84%", 840_000),
            ("0", 0),
            ("0.000001", 1),
            ("12.5%", 125_000),
            ("100%", 1_000_000),
            ("0.50", 500_000),
        ] {
            assert_eq!(ratio(text).map(Ratio::ppm), Ok(ppm), "{text}");
        }
        for text in [
            "",
            ".",
            "%",
            "1.01",
            "-0.5",
            "0.0000001",
            "101%",
            "1e-1",
            "0,5",
            "٠.٥",
            "nan",
        ] {
            assert!(ratio(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_slug_is_made_of_words_and_cut_where_one_ends() {
        assert_eq!(
            slug_from("Individual neurons don't — ever!")
                .unwrap()
                .as_str(),
            "individual-neurons-dont-ever"
        );
        assert_eq!(slug_from("Über Grüße").unwrap().as_str(), "uber-grusse");
        assert!(slug_from("…").is_none());
        let long = slug_from(&"word ".repeat(40)).unwrap();
        assert!(long.as_str().len() <= 96 && long.as_str().ends_with("word"));
    }

    #[test]
    fn a_doi_is_taken_out_of_its_address() {
        assert_eq!(
            doi("https://doi.org/10.48550/ARXIV.2209.10652")
                .unwrap()
                .as_str(),
            "10.48550/arxiv.2209.10652"
        );
        assert!(doi("nature").is_err());
    }
}

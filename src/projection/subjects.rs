//! Subjects: the names that a reader may use.

use crate::claim::State;
use crate::value::{Kind, Slug, Subject};

/// Every subject of a ledger, in effect or not, by name.
#[must_use]
pub fn subjects(state: &State) -> Vec<Subject> {
    let entity = |kind: Kind| move |slug: &Slug| Subject::Entity(kind, slug.clone());
    let agents = state.agents().map(|(slug, _)| slug);
    let artifacts = state.artifacts().map(|(slug, _)| slug);
    let claims = state.claims().map(|(slug, _)| slug);
    let contexts = state.contexts().map(|(slug, _)| slug);
    let views = state.views().map(|(slug, _)| slug);
    let ledger = state.constitution().map(|_| Subject::Ledger);
    let mut all: Vec<Subject> = agents
        .map(entity(Kind::Agent))
        .chain(artifacts.map(entity(Kind::Artifact)))
        .chain(claims.map(entity(Kind::Claim)))
        .chain(contexts.map(entity(Kind::Context)))
        .chain(views.map(entity(Kind::View)))
        .chain(ledger)
        .collect();
    all.sort_by_cached_key(ToString::to_string);
    all
}

/// At most three names that look like a text: they contain it, or few letters differ.
#[must_use]
pub fn nearest(text: &str, names: &[Subject]) -> Vec<String> {
    let wanted = text.rsplit('/').next().unwrap_or(text).to_lowercase();
    let mut found: Vec<(usize, String)> = names
        .iter()
        .filter_map(|name| {
            let slug = name.slug()?.as_str();
            let far = match wanted.len() > 2 && slug.contains(&wanted) {
                true => 0,
                false => distance(&wanted, slug)
                    .min(distance(&wanted, slug.get(..wanted.len()).unwrap_or(slug))),
            };
            (far <= wanted.len() / 3).then(|| (far, name.to_string()))
        })
        .collect();
    found.sort();
    found.into_iter().take(3).map(|(_, name)| name).collect()
}

/// How many letters have to be changed, put in or left out (Levenshtein 1966).
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (
        one.chars().take(100).collect(),
        other.chars().take(100).collect(),
    );
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (place, letter) in one.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = place + 1;
        for at in 0..other.len() {
            let changed = diagonal + usize::from(other[at] != *letter);
            diagonal = row[at + 1];
            row[at + 1] = changed.min(row[at] + 1).min(row[at + 1] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_is_that_of_levenshtein() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abc", "abc"), 0);
    }
}

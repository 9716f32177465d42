//! Search: every subject in which all words occur.

use serde::{Deserialize, Serialize};

use crate::claim::State;
use crate::value::{Kind, Slug, Subject};

use super::catalogue::{folded, occurs, search_words};
use super::inputs::{Filter, Keep, kept_artifact, kept_claim};

/// A subject in which all words occur.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct Found {
    /// Which one.
    pub subject: Subject,
    /// `claim`, `artifact`, `agent`, `context` or `view`.
    pub kind: String,
    /// Its statement, title or name (ledger text).
    pub name: String,
    /// Whether all words occur in its name or slug already.
    pub in_name: bool,
}

/// The subjects in effect in which all words occur: those that have them in their name first; claims,
/// artifacts, agents, contexts, views; by slug.
///
/// A claim is searched as the catalogue does: statement, summary, detail, slug, titles of what it
/// cites. An artifact by title, label, authors, DOI and address; an agent by name and ORCID iD; a
/// context by name and kind; a view by name and description; each by its slug.
#[must_use]
pub fn search(state: &State, filter: &Filter, text: &str) -> Vec<Found> {
    let words = search_words(text);
    let keep = Keep::from(filter);
    let mut found = Vec::new();
    for (slug, _) in state.claims() {
        found.extend(claim(state, slug, &keep, &words));
    }
    let others = artifacts(state, &keep)
        .chain(agents(state))
        .chain(contexts(state))
        .chain(views(state));
    found.extend(others.filter_map(|text| text.found(&words)));
    found.sort_by_key(|one| !one.in_name);
    found
}

/// What is searched of a subject.
struct Text {
    subject: Subject,
    name: String,
    beside: Vec<String>,
}

impl Text {
    fn found(self, words: &[String]) -> Option<Found> {
        let near = folded(&format!("{}\n{}", slug_of(&self.subject), self.name));
        let all = folded(&format!("{near}\n{}", self.beside.join("\n")));
        occur(&all, words).then(|| Found {
            in_name: occur(&near, words),
            kind: self.subject.kind().word().to_owned(),
            subject: self.subject,
            name: self.name,
        })
    }
}

fn slug_of(subject: &Subject) -> &str {
    subject.slug().map_or("", Slug::as_str)
}

fn occur(text: &str, words: &[String]) -> bool {
    words.iter().all(|word| text.contains(word.as_str()))
}

fn claim(state: &State, slug: &Slug, keep: &Keep, words: &[String]) -> Option<Found> {
    let claim = kept_claim(state, slug, keep)?;
    let name = claim.wording.as_ref()?.statement.to_string();
    occurs(state, slug, &claim, words).then(|| Found {
        in_name: occur(&folded(&format!("{slug}\n{name}")), words),
        kind: Kind::Claim.word().to_owned(),
        subject: Subject::claim(slug.clone()),
        name,
    })
}

fn artifacts<'s>(state: &'s State, keep: &'s Keep) -> impl Iterator<Item = Text> + 's {
    state.artifacts().filter_map(move |(slug, _)| {
        let artifact = kept_artifact(state, slug, keep)?;
        let data = artifact.registration()?;
        let authors = data.authors.iter().flat_map(|authors| &authors.0);
        let beside = authors
            .map(ToString::to_string)
            .chain(data.label.as_ref().map(ToString::to_string))
            .chain(data.doi.as_ref().map(ToString::to_string))
            .chain(data.url.as_ref().map(ToString::to_string));
        Some(Text {
            subject: Subject::Entity(Kind::Artifact, slug.clone()),
            name: data.title.to_string(),
            beside: beside.collect(),
        })
    })
}

fn agents(state: &State) -> impl Iterator<Item = Text> + '_ {
    state.agents().filter_map(|(slug, agent)| {
        let profile = agent.profile.as_ref()?;
        let orcid = profile.orcid.as_ref();
        Some(Text {
            subject: Subject::agent(slug.clone()),
            name: profile.name.to_string(),
            beside: orcid
                .map(|orcid| orcid.as_str().to_owned())
                .into_iter()
                .collect(),
        })
    })
}

fn contexts(state: &State) -> impl Iterator<Item = Text> + '_ {
    state.contexts().filter_map(|(slug, context)| {
        let data = context.definition()?;
        Some(Text {
            subject: Subject::Entity(Kind::Context, slug.clone()),
            name: data.name.to_string(),
            beside: vec![data.kind.to_string()],
        })
    })
}

fn views(state: &State) -> impl Iterator<Item = Text> + '_ {
    state.views().filter_map(|(slug, view)| {
        let data = view.definition()?;
        Some(Text {
            subject: Subject::Entity(Kind::View, slug.clone()),
            name: data.name.to_string(),
            beside: vec![data.description.to_string()],
        })
    })
}

//! Cite: a version of a claim as a reference that can be followed back to the ledger.

use serde::{Deserialize, Serialize};

use crate::json::Json;
use crate::value::Origin;

use super::page::ClaimPage;

/// A reference to a version of a claim in three forms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct Citation {
    /// A line of text.
    pub text: String,
    /// A BibTeX entry.
    pub bibtex: String,
    /// A CSL-JSON array of one item (citation-style-language/schema, 1.0).
    pub csl_json: String,
}

/// A reference to the version of a claim that a page shows. `head` is the head of the tree that it
/// was read from, as the caller spells it.
#[must_use]
pub fn cite(page: &ClaimPage, origin: &Origin, head: &str) -> Citation {
    let reference = Reference::of(page, origin, head);
    Citation {
        text: reference.text(),
        bibtex: reference.bibtex(),
        csl_json: reference.csl_json(),
    }
}

struct Reference {
    key: String,
    author: Option<String>,
    statement: String,
    version: String,
    /// `YYYY-MM-DD`
    date: String,
    source: String,
    head: String,
}

impl Reference {
    fn of(page: &ClaimPage, origin: &Origin, head: &str) -> Reference {
        let shown = page.versions.iter().find(|version| version.current);
        let asserted = page.versions.first();
        let slug = page.subject.slug().map(ToString::to_string);
        Reference {
            key: format!("{}-v{}", slug.unwrap_or_default(), page.version),
            author: asserted.map(|version| {
                let made = &version.made;
                let name = made.author_name.clone();
                name.unwrap_or_else(|| made.author.to_string())
            }),
            statement: page.statement.clone(),
            version: format!("v{}", page.version),
            date: shown.map_or_else(String::new, |version| {
                version.made.recorded.day().to_string()
            }),
            source: format!("{origin}/{}", page.subject),
            head: head.to_owned(),
        }
    }

    fn text(&self) -> String {
        let author = self.author.as_ref();
        let author = author.map_or_else(String::new, |author| format!("{author}. "));
        let stop = match self.statement.ends_with(['.', '?', '!']) {
            true => "",
            false => ".",
        };
        format!(
            "{author}{}{stop} {}, {}. {}. Head: {}.",
            self.statement, self.version, self.date, self.source, self.head
        )
    }

    fn bibtex(&self) -> String {
        let mut fields = Vec::new();
        if let Some(author) = &self.author {
            // The inner braces keep a name whole: BibTeX would split it at "and" and at commas.
            fields.push(("author", format!("{{{}}}", tex(author))));
        }
        fields.push(("title", format!("{{{}}}", tex(&self.statement))));
        fields.push(("version", tex(&self.version)));
        fields.push(("year", self.date.chars().take(4).collect()));
        fields.push(("date", self.date.clone()));
        fields.push(("howpublished", tex(&self.source)));
        fields.push(("note", format!("Head: {}", tex(&self.head))));
        let lines: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("  {name} = {{{value}}},\n"))
            .collect();
        format!("@misc{{{},\n{}}}\n", self.key, lines.concat())
    }

    fn csl_json(&self) -> String {
        let date = self.date.split('-').filter_map(|part| part.parse().ok());
        let date = Json::Arr(vec![Json::Arr(date.map(Json::Int).collect())]);
        let mut members = vec![
            ("id".into(), Json::string(self.key.as_str())),
            ("type".into(), Json::string("document")),
            ("title".into(), Json::string(self.statement.as_str())),
            ("version".into(), Json::string(self.version.as_str())),
            ("issued".into(), Json::object([("date-parts", date)])),
            ("source".into(), Json::string(self.source.as_str())),
            ("note".into(), Json::string(format!("Head: {}", self.head))),
        ];
        if let Some(author) = &self.author {
            let author = Json::object([("literal", Json::string(author.as_str()))]);
            members.push(("author".into(), Json::Arr(vec![author])));
        }
        Json::Arr(vec![Json::Obj(members)]).to_text()
    }
}

/// Text in which TeX sees no command.
fn tex(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' => escaped.push_str("\\textbackslash{}"),
            '~' => escaped.push_str("\\textasciitilde{}"),
            '^' => escaped.push_str("\\textasciicircum{}"),
            // BibTeX counts braces, escaped or not.
            '{' => escaped.push_str("\\textbraceleft{}"),
            '}' => escaped.push_str("\\textbraceright{}"),
            '$' | '&' | '#' | '_' | '%' => {
                escaped.push('\\');
                escaped.push(character);
            }
            other => escaped.push(other),
        }
    }
    escaped
}

//! Papers: what rows say of a publication, and the artifact that it becomes.

use crate::claim::{ArtifactKind, ArtifactRegistered, Year};
use crate::form::List;
use crate::hash::Hash;
use crate::value::{Date, Doi, Line, Slug, Text, Url};

use super::clean;
use super::report::{Place, Report};

/// A publication as a row gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Paper {
    /// What it is identified by: `doi:…`, else `url:…`, else `text:` and a digest. Also its import
    /// key.
    pub(super) identity: String,
    pub(super) title: Line<1000>,
    pub(super) kind: ArtifactKind,
    pub(super) label: Option<Line<200>>,
    pub(super) authors: Vec<Text<200>>,
    pub(super) year: Option<u16>,
    pub(super) doi: Option<Doi>,
    pub(super) url: Option<Url>,
    /// The community of its first author.
    pub(super) community: Option<Slug>,
}

/// The cells about a publication, cleaned; none where the file has no such column.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Cells<'r> {
    pub(super) doi: Option<&'r str>,
    pub(super) url: &'r str,
    pub(super) title: &'r str,
    pub(super) reference: &'r str,
    pub(super) year: Option<&'r str>,
}

/// A person who wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Author {
    pub(super) given: String,
    pub(super) family: String,
}

/// Those who wrote, the first first, and the community of the first where that one has a name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Authors {
    pub(super) people: Vec<Author>,
    pub(super) community: Option<Slug>,
}

impl Author {
    fn name(&self) -> String {
        format!("{} {}", self.given, self.family).trim().to_owned()
    }

    /// Family and given name, in ASCII.
    pub(super) fn community(&self) -> Option<Slug> {
        clean::ascii_words(&format!("{} {}", self.family, self.given), 96)
            .parse()
            .ok()
    }
}

impl Paper {
    /// Reads a publication; none where nothing identifies it.
    pub(super) fn read(
        cells: Cells<'_>,
        kind: impl FnOnce(Option<&Doi>) -> ArtifactKind,
        authors: &Authors,
        place: &Place,
        report: &mut Report,
    ) -> Option<Paper> {
        let url = clean::url(cells.url, place, report);
        let doi = read_doi(cells.doi, url.as_ref(), place, report);
        let title = clean::without_markup(cells.title, place, report);
        let reference = clean::without_markup(cells.reference, place, report);
        let year = cells.year.and_then(|cell| clean::year(cell, place, report));
        let identity = identity(doi.as_ref(), url.as_ref(), &reference, &title)?;
        let known_by = [
            reference.as_str(),
            url.as_ref().map_or("", Url::as_str),
            doi.as_ref().map_or("", Doi::as_str),
        ];
        if title.is_empty() {
            report.clean(place, "title_missing", cells.reference);
        }
        let name = std::iter::once(title.as_str())
            .chain(known_by)
            .find(|name| !name.is_empty())?;
        Some(Paper {
            identity,
            title: clean::line(name, "title_cut", place, report)?,
            kind: kind(doi.as_ref()),
            label: label(&authors.people, year, place, report),
            authors: names(&authors.people, place, report),
            year,
            doi,
            url,
            community: authors.community.clone(),
        })
    }

    /// Since when it has been in the world.
    pub(super) fn date(&self) -> Option<Date> {
        self.year.and_then(Date::of_year)
    }

    /// How a sentence names it.
    pub(super) fn short(&self) -> &str {
        self.label
            .as_ref()
            .map_or(self.title.as_str(), Line::as_str)
    }

    /// The artifact, in this community.
    pub(super) fn registration(&self, community: Option<Slug>) -> ArtifactRegistered {
        ArtifactRegistered {
            title: self.title.clone(),
            kind: self.kind,
            label: self.label.clone(),
            authors: (!self.authors.is_empty()).then(|| List(self.authors.clone())),
            year: self.year.map(Year),
            doi: self.doi.clone(),
            url: self.url.clone(),
            community,
            sha256: None,
            key: Line::parse(&self.identity).ok(),
        }
    }
}

/// The DOI column, else the address where it is one of doi.org.
fn read_doi(
    cell: Option<&str>,
    url: Option<&Url>,
    place: &Place,
    report: &mut Report,
) -> Option<Doi> {
    if cell == Some("") {
        report.clean(place, "doi_missing", "");
    }
    if let Some(doi) = cell.and_then(|cell| clean::doi(cell, place, report)) {
        return Some(doi);
    }
    let doi = clean::doi_of_url(url?)?;
    report.clean(place, "doi_from_url", doi.as_str());
    Some(doi)
}

/// One per DOI, else address, else reference or title.
fn identity(doi: Option<&Doi>, url: Option<&Url>, reference: &str, title: &str) -> Option<String> {
    if let Some(doi) = doi {
        return Some(short_key("doi:", doi.as_str()));
    }
    if let Some(url) = url {
        return Some(short_key("url:", url.as_str()));
    }
    let text = if reference.is_empty() {
        title
    } else {
        reference
    };
    let words: Vec<&str> = text.split_whitespace().collect();
    (!words.is_empty()).then(|| format!("text:{}", Hash::of(words.join(" ").as_bytes())))
}

/// A key of at most 200 bytes: the text itself, or its digest where it is longer.
pub(super) fn short_key(prefix: &str, text: &str) -> String {
    if prefix.len() + text.len() <= 200 {
        return format!("{prefix}{text}");
    }
    format!("{prefix}sha256:{}", Hash::of(text.as_bytes()))
}

/// "Eagly & Wood, 1999".
fn label(
    authors: &[Author],
    year: Option<u16>,
    place: &Place,
    report: &mut Report,
) -> Option<Line<200>> {
    let mut family =
        |author: &Author| clean::bounded(&author.family, 80, "label_cut", place, report);
    let who = match authors {
        [] => return None,
        [one] => family(one),
        [one, two] => format!("{} & {}", family(one), family(two)),
        [first, ..] => format!("{} et al.", family(first)),
    };
    let label = match year {
        Some(year) => format!("{who}, {year}"),
        None => who,
    };
    clean::line(&label, "label_cut", place, report)
}

/// Bytes that the authors of one artifact may have.
const AUTHOR_BYTES: usize = 24_000;

fn names(authors: &[Author], place: &Place, report: &mut Report) -> Vec<Text<200>> {
    let mut names: Vec<Text<200>> = Vec::new();
    let mut bytes = 0;
    for author in authors {
        let name = clean::one_line(&author.name(), place, report);
        let Some(name) = clean::text::<200>(&name, "author_cut", place, report) else {
            continue;
        };
        bytes += name.as_str().len();
        if bytes > AUTHOR_BYTES {
            report.clean(place, "authors_left_out", name.as_str());
            break;
        }
        names.push(name);
    }
    names
}

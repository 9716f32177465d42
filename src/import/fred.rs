//! The FORRT Replication Database (FReD, forrt.org): one row is one replication of one finding.
//!
//! A finding becomes a claim, its two papers artifacts, the original study supporting evidence, each
//! replication evidence for or against. What becomes of each column, and the conventions behind the
//! strengths, are tables in `docs/IMPORT.md`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Read;

use serde::Deserialize;

use crate::claim::{
    Act, ArtifactKind, ArtifactName, Claim, ClaimAsserted, ClaimOrigin, Data, Domain, Edge,
    EvidenceAdded, EvidenceRelation, EvidenceRevised, Falsifiability, Nature, NoteAdded, Passage,
    Polarity, State,
};
use crate::form::{Form, List, Set};
use crate::hash::Hash;
use crate::value::{Date, Line, ONE, Ratio, Seq, Slug, Subject, Text};

use super::Plan;
use super::clean;
use super::draft::Draft;
use super::error::ImportError;
use super::mapping::{self, MappingError};
use super::paper::{Author, Authors, Cells, Paper};
use super::report::{Place, Report};
use super::table::{Row, Table};

/// What a claim from FReD says of its source, as CC BY 4.0 asks.
pub const ATTRIBUTION: &str = "FORRT Replication Database (FReD), CC BY 4.0, forrt.org";

/// What FReD's words mean in a ledger. The strengths are conventions; `docs/IMPORT.md` gives the
/// grounds for them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FredMapping {
    /// Strength of the original study.
    #[serde(deserialize_with = "mapping::spelled")]
    pub original: Ratio,
    /// What each word of `reported_success` means. A word that is not here becomes a note.
    #[serde(deserialize_with = "mapping::unique")]
    pub outcomes: BTreeMap<String, Outcome>,
    /// What sort of statement the claims are.
    #[serde(deserialize_with = "mapping::spelled")]
    pub nature: Nature,
    /// Whether they say that something is, or that it is not.
    #[serde(deserialize_with = "mapping::spelled")]
    pub polarity: Polarity,
    /// Whether they could be shown to be wrong.
    #[serde(deserialize_with = "mapping::spelled")]
    pub falsifiability: Falsifiability,
    /// The domain of a claim whose row names no discipline.
    #[serde(deserialize_with = "mapping::line")]
    pub domain: Line<120>,
    /// Domains for disciplines that are to have another name.
    #[serde(deserialize_with = "mapping::unique")]
    pub domains: BTreeMap<String, String>,
}

/// What an outcome says for and against the claim. Neither: it becomes a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Outcome {
    /// Strength of supporting evidence.
    #[serde(deserialize_with = "mapping::maybe_spelled")]
    pub supports: Option<Ratio>,
    /// Strength of disputing evidence.
    #[serde(deserialize_with = "mapping::maybe_spelled")]
    pub disputes: Option<Ratio>,
}

impl Default for FredMapping {
    fn default() -> FredMapping {
        FredMapping {
            original: tenths(5),
            outcomes: default_outcomes(),
            nature: Nature::Empirical,
            polarity: Polarity::Positive,
            falsifiability: Falsifiability::Falsifiable,
            domain: Line::parse("Unclassified").expect("a word is one line"),
            domains: BTreeMap::new(),
        }
    }
}

fn default_outcomes() -> BTreeMap<String, Outcome> {
    let clear = Some(tenths(7));
    let half = Ratio::from_ppm(7 * ONE / 20);
    let outcome = |supports, disputes| Outcome { supports, disputes };
    BTreeMap::from([
        ("successful".to_owned(), outcome(clear, None)),
        ("failed".to_owned(), outcome(None, clear)),
        ("mixed".to_owned(), outcome(half, half)),
        (
            "statistically successful but flawed".to_owned(),
            outcome(None, None),
        ),
        ("descriptive only".to_owned(), outcome(None, None)),
        ("uninformative".to_owned(), outcome(None, None)),
    ])
}

fn tenths(count: u32) -> Ratio {
    Ratio::from_ppm(count * ONE / 10).expect("a few tenths are at most one")
}

impl FredMapping {
    /// Reads a mapping file, YAML or JSON. What it does not name keeps its default, each outcome by
    /// itself.
    ///
    /// # Errors
    /// An unknown field, or a value of another form, with its line.
    pub fn parse(document: &str) -> Result<FredMapping, MappingError> {
        let mut given: FredMapping = mapping::read(document)?;
        for (word, outcome) in default_outcomes() {
            given.outcomes.entry(word).or_insert(outcome);
        }
        Ok(given)
    }
}

const REQUIRED: [&str; 20] = [
    "effect_id",
    "doi_o",
    "title_o",
    "author_o",
    "year_o",
    "study_o",
    "ref_o",
    "doi_r",
    "title_r",
    "author_r",
    "year_r",
    "url_r",
    "ref_r",
    "author_overlap",
    "discipline",
    "description",
    "claim_text_o",
    "claim_page_o",
    "reported_success",
    "reported_success_quote",
];

/// Columns that are used where they are there.
const USED: [&str; 17] = [
    "journal_o",
    "journal_r",
    "study_r",
    "tags",
    "n_o",
    "es_value_o",
    "es_type_o",
    "es_repr_o",
    "pval_value_o",
    "pval_type_o",
    "n_r",
    "es_value_r",
    "es_type_r",
    "es_repr_r",
    "pval_value_r",
    "pval_type_r",
    "prereg_r",
];

/// JSON inside a cell: cleaned after it is read, not before.
const RAW: [&str; 2] = ["author_o", "author_r"];

/// The import key of the edge that stands for the original study.
const ORIGINAL: &str = "fred:original";

/// How the reason of a revision by this import begins.
const COUNTED: &str = "Replications counted:";

/// Bytes that the passages of one edge may have, as canonical JSON.
const PASSAGE_BYTES: usize = 24_000;

/// Plans the import of a file of FReD into a ledger in this state.
///
/// `progress` is told the number of rows read, row by row.
///
/// # Errors
/// A file that is no table with FReD's columns, not UTF-8, or cannot be read. Rows that break rules
/// are no errors; the report names each.
pub fn plan(
    reader: impl Read,
    mapping: &FredMapping,
    state: &State,
    progress: &mut dyn FnMut(u64),
) -> Result<Plan, ImportError> {
    let mut draft = Draft::of(state);
    let findings = read_findings(reader, &mut draft.report, progress)?;
    let import = Import {
        mapping,
        communities: communities(&findings, &draft),
        elsewhere: effects_in_ledger(state),
    };
    for finding in &findings {
        import.finding(&mut draft, finding);
    }
    Ok(draft.close())
}

/// A finding, and the rows about it.
struct Finding {
    key: String,
    attempts: Vec<Attempt>,
}

/// A row: a replication of a finding.
struct Attempt {
    row: Row,
    effect: Line<200>,
    original: Option<Paper>,
    replication: Option<Paper>,
    overlap: bool,
}

fn read_findings(
    reader: impl Read,
    report: &mut Report,
    progress: &mut dyn FnMut(u64),
) -> Result<Vec<Finding>, ImportError> {
    let mut table = Table::open(reader, b',', &REQUIRED)?;
    report.columns_unread = table
        .names()
        .iter()
        .filter(|name| !REQUIRED.contains(&name.as_str()) && !USED.contains(&name.as_str()))
        .cloned()
        .collect();
    let mut findings: Vec<Finding> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut effects: BTreeSet<String> = BTreeSet::new();
    while let Some(row) = table.next("effect_id", &RAW, report)? {
        progress(row.place.row);
        let Some((key, attempt)) = read_attempt(row, &mut effects, report) else {
            report.became.skipped += 1;
            continue;
        };
        let place = *places.entry(key.clone()).or_insert(findings.len());
        if place == findings.len() {
            findings.push(Finding {
                key,
                attempts: Vec::new(),
            });
        }
        findings[place].attempts.push(attempt);
    }
    Ok(findings)
}

/// The key of a row's finding, and the row; none where it is skipped.
fn read_attempt(
    row: Row,
    effects: &mut BTreeSet<String>,
    report: &mut Report,
) -> Option<(String, Attempt)> {
    let place = row.place.clone();
    let Some(effect) = clean::line::<200>(row.cell("effect_id"), "key_hashed", &place, report)
    else {
        report.skip(&place, "row", "no effect_id, which identifies a row");
        return None;
    };
    if !effects.insert(effect.as_str().to_owned()) {
        report.skip(&place, "row", "an effect_id that an earlier row has");
        return None;
    }
    let text = match (row.cell("description"), row.cell("claim_text_o")) {
        ("", "") => {
            report.skip(&place, "row", "neither description nor claim_text_o");
            return None;
        }
        ("", quoted) => {
            report.clean(&place, "description_missing", quoted);
            quoted
        }
        (described, _) => described,
    };
    let original = read_paper(&row, "o", report);
    let replication = read_paper(&row, "r", report);
    let identity = original.as_ref().map_or("", |paper| &paper.identity);
    let parts = [identity, row.cell("study_o"), text].join("\u{1f}");
    let key = format!("fred:{}", Hash::of(parts.as_bytes()));
    let attempt = Attempt {
        overlap: overlaps(&row, report),
        effect,
        original,
        replication,
        row,
    };
    attempt.compare_years(report);
    Some((key, attempt))
}

fn read_paper(row: &Row, side: &str, report: &mut Report) -> Option<Paper> {
    let cell = |column: &str| row.cell(&format!("{column}_{side}"));
    let cells = Cells {
        doi: Some(cell("doi")),
        url: cell("url"),
        title: cell("title"),
        reference: cell("ref"),
        year: Some(cell("year")),
    };
    let authors = read_authors(cell("author"), &row.place, report);
    let in_journal = !cell("journal").is_empty();
    let kind = |doi: Option<&crate::value::Doi>| match doi.is_some() || in_journal {
        true => ArtifactKind::Paper,
        false => ArtifactKind::Report,
    };
    Paper::read(cells, kind, &authors, &row.place, report)
}

/// Authors as Crossref lists them: a JSON array of objects with `family`, `given` or `name`.
fn read_authors(cell: &str, place: &Place, report: &mut Report) -> Authors {
    if cell.trim().is_empty() {
        report.clean(place, "authors_missing", cell);
        report.clean(place, "community_unknown", cell);
        return Authors::default();
    }
    let Ok(serde_json::Value::Array(mut people)) = serde_json::from_str(cell) else {
        report.clean(place, "authors_unreadable", cell);
        report.clean(place, "community_unknown", cell);
        return Authors::default();
    };
    let is_first = |person: &serde_json::Value| person["sequence"] == "first";
    if let Some(first) = people.iter().position(is_first) {
        people[..=first].rotate_right(1);
    }
    let read: Vec<Option<Author>> = people
        .iter()
        .map(|person| read_author(person, place, report))
        .collect();
    let community = read
        .first()
        .and_then(Option::as_ref)
        .and_then(Author::community);
    if community.is_none() {
        report.clean(place, "community_unknown", cell);
    }
    Authors {
        people: read.into_iter().flatten().collect(),
        community,
    }
}

fn read_author(person: &serde_json::Value, place: &Place, report: &mut Report) -> Option<Author> {
    let mut part = |name: &str| {
        let text = clean::cell(person[name].as_str().unwrap_or_default(), place, report);
        clean::one_line(&text, place, report)
    };
    let (family, given) = (part("family"), part("given"));
    let family = if family.is_empty() {
        part("name")
    } else {
        family
    };
    match (family.is_empty(), given.is_empty()) {
        (true, true) => {
            report.clean(place, "author_nameless", &person.to_string());
            None
        }
        (true, false) => Some(Author {
            family: given,
            given: String::new(),
        }),
        _ => Some(Author { given, family }),
    }
}

fn overlaps(row: &Row, report: &mut Report) -> bool {
    let cell = row.cell("author_overlap");
    if cell.is_empty() {
        report.clean(&row.place, "overlap_unknown", cell);
        return false;
    }
    match clean::number(cell, &row.place, report).parse::<u64>() {
        Ok(shared) => shared > 0,
        Err(_) => {
            report.clean(&row.place, "overlap_unreadable", cell);
            false
        }
    }
}

impl Attempt {
    fn compare_years(&self, report: &mut Report) {
        let year = |paper: &Option<Paper>| paper.as_ref().and_then(|paper| paper.year);
        if let (Some(original), Some(replication)) = (year(&self.original), year(&self.replication))
            && replication < original
        {
            let found = format!("{replication} before {original}");
            report.clean(&self.row.place, "year_before_original", &found);
        }
    }

    /// The paper's year as a date.
    fn date(&self) -> Option<Date> {
        self.replication.as_ref().and_then(Paper::date)
    }
}

/// The community of every artifact that the file names: its first author's; a replication's that
/// shares authors with its original is the original's.
fn communities(findings: &[Finding], draft: &Draft<'_>) -> HashMap<String, Option<Slug>> {
    let mut own: HashMap<&str, Option<Slug>> = HashMap::new();
    let mut follows: HashMap<&str, &str> = HashMap::new();
    for attempt in findings.iter().flat_map(|finding| &finding.attempts) {
        for paper in attempt.original.iter().chain(&attempt.replication) {
            own.entry(&paper.identity)
                .or_insert_with(|| paper.community.clone());
        }
        if let (true, Some(original), Some(replication)) =
            (attempt.overlap, &attempt.original, &attempt.replication)
            && original.identity != replication.identity
        {
            follows
                .entry(&replication.identity)
                .or_insert(&original.identity);
        }
    }
    let there = |identity: &str| draft.community_there(identity);
    own.keys()
        .map(|identity| {
            let leader = leader(identity, &follows);
            let community = there(leader).or_else(|| own.get(leader).cloned());
            ((*identity).to_owned(), community.flatten())
        })
        .collect()
}

/// Replications of replications by the same people lead to one original; circles end somewhere.
fn leader<'i>(mut identity: &'i str, follows: &HashMap<&'i str, &'i str>) -> &'i str {
    for _ in 0..16 {
        match follows.get(identity) {
            Some(next) => identity = next,
            None => break,
        }
    }
    identity
}

/// Which claim holds each effect that was imported before.
fn effects_in_ledger(state: &State) -> HashMap<String, Slug> {
    let mut effects = HashMap::new();
    for (slug, claim) in state.claims() {
        let key = claim
            .wording
            .as_ref()
            .and_then(|wording| wording.key.as_ref());
        if !key.is_some_and(|key| key.as_str().starts_with("fred:")) {
            continue;
        }
        for key in claim.evidence.iter().filter_map(|edge| edge.key.as_ref()) {
            if key.as_str() != ORIGINAL {
                effects.insert(key.as_str().to_owned(), slug.clone());
            }
        }
    }
    effects
}

struct Import<'m> {
    mapping: &'m FredMapping,
    communities: HashMap<String, Option<Slug>>,
    elsewhere: HashMap<String, Slug>,
}

/// The original study's edge: its place in the claim's stream, and what the ledger has of it.
struct Original<'s> {
    artifact: ArtifactName,
    seq: Seq,
    date: Option<Date>,
    edge: Option<&'s Edge>,
}

/// What became of a row.
enum Became {
    New,
    Known,
    Skipped,
}

impl Import<'_> {
    fn finding(&self, draft: &mut Draft<'_>, finding: &Finding) {
        let [first, ..] = finding.attempts.as_slice() else {
            return;
        };
        if let Some(slug) = self.all_elsewhere(draft, finding) {
            return left_out(draft, finding, &moved(&slug));
        }
        let Some(wording) = self.wording(first, &finding.key, &mut draft.report) else {
            return left_out(draft, finding, "its words make no statement");
        };
        let paper = first.original.as_ref();
        let artifact = paper.map(|paper| draft.artifact(paper, self.community(paper)));
        let slug = draft.assert(&finding.key, wording, paper.and_then(Paper::date));
        let claim = draft.claim(&slug);
        let original = match (paper, artifact) {
            (Some(paper), Some(artifact)) => self.original(draft, finding, &slug, paper, artifact),
            _ => {
                let why = "no DOI, reference or title of the original identifies it";
                draft.report.skip(&first.row.place, "original", why);
                None
            }
        };
        let mut count = Count::of(claim, original.as_ref());
        for attempt in &finding.attempts {
            let became = self.attempt(draft, attempt, &slug, original.as_ref(), &mut count);
            let tally = &mut draft.report.became;
            match became {
                Became::New => tally.new += 1,
                Became::Known => tally.known += 1,
                Became::Skipped => tally.skipped += 1,
            }
        }
        if let Some(original) = &original {
            revise(draft, finding, &slug, original, &count);
        }
    }

    fn community(&self, paper: &Paper) -> Option<Slug> {
        self.communities.get(&paper.identity).cloned().flatten()
    }

    /// The claim that holds the rows of a finding whose own claim is not there: its description,
    /// study or DOI was changed at the source.
    fn all_elsewhere(&self, draft: &Draft<'_>, finding: &Finding) -> Option<Slug> {
        if draft.claim_slug(&finding.key).is_some() {
            return None;
        }
        let mut held = finding
            .attempts
            .iter()
            .map(|attempt| self.elsewhere.get(attempt.effect.as_str()));
        let first = held.next()??;
        held.all(|slug| slug.is_some()).then(|| first.clone())
    }

    fn wording(&self, first: &Attempt, key: &str, report: &mut Report) -> Option<ClaimAsserted> {
        let (row, place) = (&first.row, &first.row.place);
        let text = match row.cell("description") {
            "" => row.cell("claim_text_o"),
            described => described,
        };
        let statement: Line<1000> = clean::line(text, "statement_cut", place, report)?;
        let is_cut = statement.as_str().ends_with('…') && text.len() > statement.as_str().len();
        let detail = is_cut
            .then(|| clean::text(text, "detail_cut", place, report))
            .flatten();
        Some(ClaimAsserted {
            statement,
            summary: summary(first, report)?,
            detail,
            nature: self.mapping.nature,
            polarity: self.mapping.polarity,
            falsifiability: self.mapping.falsifiability,
            origin: ClaimOrigin::Imported,
            domains: Set(vec![self.domain(row, report)]),
            key: Line::parse(key).ok(),
        })
    }

    fn domain(&self, row: &Row, report: &mut Report) -> Domain {
        let discipline = row.cell("discipline");
        let name = match self.mapping.domains.get(discipline) {
            Some(name) => name.clone(),
            None => clean::title_case(discipline),
        };
        if discipline.is_empty() {
            report.clean(&row.place, "domain_missing", discipline);
        } else if name != discipline {
            report.clean(&row.place, "domain_spelling", discipline);
        }
        Domain {
            name: clean::line(&name, "domain_cut", &row.place, report)
                .unwrap_or_else(|| self.mapping.domain.clone()),
            weight: Ratio::from_ppm(ONE).expect("one is a ratio"),
        }
    }

    /// The edge of the original study: the ledger's, or a new one. None where it was withdrawn.
    fn original<'s>(
        &self,
        draft: &mut Draft<'s>,
        finding: &Finding,
        slug: &Slug,
        paper: &Paper,
        artifact: ArtifactName,
    ) -> Option<Original<'s>> {
        let date = paper.date();
        let edge = draft.claim(slug).and_then(original_edge);
        if let Some(edge) = edge {
            draft.report.evidence.known += 1;
            let original = Original {
                artifact: edge.artifact.clone(),
                seq: edge.added.seq,
                date,
                edge: Some(edge),
            };
            return edge.withdrawn.is_none().then_some(original);
        }
        let passages = original_passages(finding, &[], &mut draft.report);
        let data = EvidenceAdded {
            relation: EvidenceRelation::Supports,
            artifact: artifact.clone(),
            strength: Some(self.mapping.original),
            passages: (!passages.is_empty()).then_some(List(passages)),
            note: original_note(paper),
            replicates: None,
            replication: None,
            key: Line::parse(ORIGINAL).ok(),
        };
        draft.report.evidence.new += 1;
        let act = Act::new(
            Subject::claim(slug.clone()),
            Data::EvidenceAdded(Box::new(data)),
        );
        Some(Original {
            artifact,
            seq: draft.push(act.since(date)),
            date,
            edge: None,
        })
    }

    fn attempt(
        &self,
        draft: &mut Draft<'_>,
        attempt: &Attempt,
        slug: &Slug,
        original: Option<&Original<'_>>,
        count: &mut Count,
    ) -> Became {
        let place = &attempt.row.place;
        if let Some(other) = self
            .elsewhere
            .get(attempt.effect.as_str())
            .filter(|at| *at != slug)
        {
            draft.report.skip(place, "replication", moved(other));
            return Became::Skipped;
        }
        let word = attempt.row.cell("reported_success");
        let outcome = self.mapping.outcomes.get(word);
        if outcome.is_none() {
            draft.report.clean(place, "outcome_unknown", word);
        }
        let wanted = outcome.copied().unwrap_or_default().relations();
        let there = edges_of(draft.claim(slug), attempt.effect.as_str());
        if there.iter().any(|edge| {
            wanted
                .iter()
                .all(|(relation, _)| *relation != edge.relation)
        }) {
            let why = format!("its outcome is now {word:?}; the ledger keeps the evidence it has");
            draft.report.skip(place, "replication", why);
            return Became::Skipped;
        }
        if wanted.is_empty() {
            return self.note(draft, attempt, slug, original);
        }
        draft.report.evidence.known += there.len() as u64;
        for edge in &there {
            draft.meet(&edge.artifact.subject());
        }
        let missing: Vec<_> = wanted
            .into_iter()
            .filter(|(relation, _)| there.iter().all(|edge| edge.relation != *relation))
            .collect();
        if missing.is_empty() {
            return Became::Known;
        }
        let Some(paper) = &attempt.replication else {
            draft.report.skip(place, "replication", NO_PAPER);
            return Became::Skipped;
        };
        let artifact = match there.first() {
            Some(edge) => edge.artifact.clone(),
            None => draft.artifact(paper, self.community(paper)),
        };
        let edge = EvidenceAdded {
            relation: EvidenceRelation::Supports,
            artifact,
            strength: None,
            passages: figures(&attempt.row, "r", &mut draft.report).map(|one| List(vec![one])),
            note: replication_note(attempt, paper, &mut draft.report),
            replicates: original.map(|original| original.artifact.clone()),
            replication: None,
            key: Some(attempt.effect.clone()),
        };
        for (relation, strength) in missing {
            let data = EvidenceAdded {
                relation,
                strength: Some(strength),
                ..edge.clone()
            };
            let subject = Subject::claim(slug.clone());
            let act = Act::new(subject, Data::EvidenceAdded(Box::new(data)));
            draft.push(act.since(attempt.date()));
            draft.report.evidence.new += 1;
            count.add(attempt.effect.as_str(), relation, attempt.date());
        }
        Became::New
    }

    /// An outcome that is neither for nor against: a note, told apart by its first words.
    fn note(
        &self,
        draft: &mut Draft<'_>,
        attempt: &Attempt,
        slug: &Slug,
        original: Option<&Original<'_>>,
    ) -> Became {
        let mark = format!("FReD effect {}: ", attempt.effect);
        let is_there = |claim: &Claim| {
            claim.notes.iter().any(|event| {
                matches!(&event.data, Data::NoteAdded(note) if note.text.as_str().starts_with(&mark))
            })
        };
        if draft.claim(slug).is_some_and(is_there) {
            draft.report.notes.known += 1;
            attempt
                .replication
                .iter()
                .for_each(|paper| draft.meet_paper(paper));
            return Became::Known;
        }
        let Some(paper) = &attempt.replication else {
            draft
                .report
                .skip(&attempt.row.place, "replication", NO_PAPER);
            return Became::Skipped;
        };
        let artifact = draft.artifact(paper, self.community(paper));
        let body = replication_note(attempt, paper, &mut draft.report);
        let figures = figures(&attempt.row, "r", &mut draft.report)
            .map(|passage| format!("\n\n{}", figures_text(&passage)));
        let head = format!(
            "{mark}{}, by {} ({}).",
            attempt.row.cell("reported_success"),
            paper.short(),
            artifact.subject()
        );
        let text = format!("{head}\n\n{body}{}", figures.unwrap_or_default());
        let Some(text) = clean::text(&text, "note_cut", &attempt.row.place, &mut draft.report)
        else {
            return Became::Skipped;
        };
        let data = NoteAdded {
            text,
            on: original.map(|original| original.seq),
        };
        let act = Act::new(
            Subject::claim(slug.clone()),
            Data::NoteAdded(Box::new(data)),
        );
        draft.push(act.since(attempt.date()));
        draft.report.notes.new += 1;
        Became::New
    }
}

const NO_PAPER: &str = "no DOI, URL, reference or title of the replication identifies it";

fn moved(other: &Slug) -> String {
    format!(
        "in the ledger under claim/{other}: its description, study or original was changed at the source"
    )
}

fn left_out(draft: &mut Draft<'_>, finding: &Finding, why: &str) {
    for attempt in &finding.attempts {
        draft.report.skip(&attempt.row.place, "replication", why);
        draft.report.became.skipped += 1;
    }
}

impl Outcome {
    fn relations(self) -> Vec<(EvidenceRelation, Ratio)> {
        let supports = self
            .supports
            .map(|ratio| (EvidenceRelation::Supports, ratio));
        let disputes = self
            .disputes
            .map(|ratio| (EvidenceRelation::Disputes, ratio));
        supports.into_iter().chain(disputes).collect()
    }
}

/// The edge that stands for the original study, withdrawn or not.
fn original_edge(claim: &Claim) -> Option<&Edge> {
    edges_of(Some(claim), ORIGINAL).into_iter().next()
}

/// Edges with an import key, withdrawn ones too: what a curator took back is not brought again.
fn edges_of<'c>(claim: Option<&'c Claim>, key: &str) -> Vec<&'c Edge> {
    claim
        .into_iter()
        .flat_map(|claim| &claim.evidence)
        .map(|edge| &**edge)
        .filter(|edge| edge.key.as_ref().is_some_and(|own| own.as_str() == key))
        .collect()
}

/// What the attempts to replicate a finding came to, and when the last was.
#[derive(Debug, Default)]
struct Count {
    /// By import key, else by artifact: whether it supports and whether it disputes.
    attempts: BTreeMap<String, (bool, bool)>,
    latest: Option<Date>,
}

impl Count {
    /// Counts the live edges of a claim that replicate its original.
    fn of(claim: Option<&Claim>, original: Option<&Original<'_>>) -> Count {
        let mut count = Count::default();
        let (Some(claim), Some(original)) = (claim, original) else {
            return count;
        };
        for edge in claim.live_evidence() {
            if edge.replicates.as_ref() == Some(&original.artifact) {
                let name = match &edge.key {
                    Some(key) => key.as_str().to_owned(),
                    None => edge.artifact.subject().to_string(),
                };
                count.add(&name, edge.relation, edge.added.effective);
            }
        }
        count
    }

    fn add(&mut self, name: &str, relation: EvidenceRelation, date: Option<Date>) {
        let attempt = self.attempts.entry(name.to_owned()).or_default();
        match relation {
            EvidenceRelation::Supports => attempt.0 = true,
            EvidenceRelation::Disputes => attempt.1 = true,
        }
        self.latest = later(self.latest, date);
    }

    /// Successful, failed and mixed.
    fn tally(&self) -> (u32, u32, u32) {
        let with = |outcome| {
            self.attempts
                .values()
                .filter(|found| **found == outcome)
                .count()
        };
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        (
            number(with((true, false))),
            number(with((false, true))),
            number(with((true, true))),
        )
    }

    /// Successful ÷ all, to the nearest millionth; none without attempts.
    fn share(&self) -> Option<Ratio> {
        let (successful, failed, mixed) = self.tally();
        let all = u64::from(successful) + u64::from(failed) + u64::from(mixed);
        let scaled = u64::from(successful) * u64::from(ONE) + all / 2;
        Ratio::from_ppm(u32::try_from(scaled.checked_div(all)?).ok()?)
    }
}

fn later(left: Option<Date>, right: Option<Date>) -> Option<Date> {
    left.into_iter()
        .chain(right)
        .max_by_key(|date| date.start())
}

/// Says what the replications came to where that has changed, and brings passages that are new.
fn revise(
    draft: &mut Draft<'_>,
    finding: &Finding,
    slug: &Slug,
    original: &Original<'_>,
    count: &Count,
) {
    let share = count
        .share()
        .filter(|share| said(original.edge) != Some(*share));
    let passages = match original.edge {
        Some(edge) => more_passages(finding, edge, &mut draft.report),
        None => None,
    };
    if share.is_none() && passages.is_none() {
        return;
    }
    let (successful, failed, mixed) = count.tally();
    let reason = match share {
        Some(_) => format!("{COUNTED} {successful} successful, {failed} failed, {mixed} mixed."),
        None => "More passages of the original, from FReD.".to_owned(),
    };
    let date = share.and(later(count.latest, original.date));
    let data = EvidenceRevised {
        r#ref: original.seq,
        strength: None,
        passages,
        note: None,
        replication: share,
        reason: Text::parse(&reason).expect("a sentence with three numbers is text"),
    };
    let act = Act::new(
        Subject::claim(slug.clone()),
        Data::EvidenceRevised(Box::new(data)),
    );
    draft.push(act.since(date));
    draft.report.revised += 1;
}

/// The share that an import said last; what people said since is theirs, and stays until the
/// attempts change.
fn said(edge: Option<&Edge>) -> Option<Ratio> {
    edge?
        .revised
        .iter()
        .rev()
        .find_map(|event| match &event.data {
            Data::EvidenceRevised(data) if data.reason.as_str().starts_with(COUNTED) => {
                data.replication
            }
            _ => None,
        })
}

/// All passages of the edge, with those of the rows that it never had; none where none is new.
fn more_passages(finding: &Finding, edge: &Edge, report: &mut Report) -> Option<List<Passage>> {
    let mut had: Vec<Passage> = edge.passages.clone();
    for event in std::iter::once(&edge.added).chain(&edge.revised) {
        let passages = match &event.data {
            Data::EvidenceAdded(data) => &data.passages,
            Data::EvidenceRevised(data) => &data.passages,
            _ => &None,
        };
        had.extend(passages.iter().flat_map(|list| list.0.iter().cloned()));
    }
    let more = original_passages(finding, &had, report);
    if more.is_empty() {
        return None;
    }
    Some(List(edge.passages.iter().cloned().chain(more).collect()))
}

/// The passages of the original that the rows of a finding give, each once, without those in `had`.
fn original_passages(finding: &Finding, had: &[Passage], report: &mut Report) -> Vec<Passage> {
    let mut passages: Vec<Passage> = Vec::new();
    let mut bytes: usize = had.iter().map(passage_bytes).sum();
    for attempt in &finding.attempts {
        let quoted = quoted(&attempt.row, report);
        let figures = figures(&attempt.row, "o", report);
        for passage in quoted.into_iter().chain(figures) {
            if had.contains(&passage) || passages.contains(&passage) {
                continue;
            }
            bytes += passage_bytes(&passage);
            if bytes > PASSAGE_BYTES {
                let left_out = passage.quote.as_ref().map_or("", Text::as_str);
                report.clean(&attempt.row.place, "passage_left_out", left_out);
                break;
            }
            passages.push(passage);
        }
    }
    passages
}

fn passage_bytes(passage: &Passage) -> usize {
    passage.write().to_bytes().len()
}

/// The claim in the original's words, and its page.
fn quoted(row: &Row, report: &mut Report) -> Option<Passage> {
    let quote = clean::text(row.cell("claim_text_o"), "quote_cut", &row.place, report);
    if quote.is_none() && row.cell("claim_page_o").is_empty() {
        return None;
    }
    let label = "The claim as the original states it".to_owned();
    paged(label, quote, row.cell("claim_page_o"), &row.place, report)
}

/// Sample size, effect size and p value, and where they are reported.
fn figures(row: &Row, side: &str, report: &mut Report) -> Option<Passage> {
    let cell = |column: &str| row.cell(&format!("{column}_{side}"));
    let mut parts = Vec::new();
    let sample = clean::number(cell("n"), &row.place, report);
    if !sample.is_empty() {
        parts.push(format!("n = {sample}"));
    }
    match (cell("es_type"), cell("es_value")) {
        ("", "") => {}
        ("", value) => parts.push(format!("effect size = {value}")),
        (kind, "") => parts.push(format!("{kind} not given")),
        (kind, value) => parts.push(format!("{kind} = {value}")),
    }
    if !cell("pval_value").is_empty() {
        let sign = comparison(cell("pval_type"));
        parts.push(format!("p {sign} {}", cell("pval_value")));
    }
    let page = cell("es_repr");
    if parts.is_empty() && page.is_empty() {
        return None;
    }
    if parts.is_empty() {
        parts.push("The effect".to_owned());
    }
    paged(parts.join("; "), None, page, &row.place, report)
}

/// `l (<)` is `<`.
fn comparison(kind: &str) -> &str {
    let inner = kind.split_once('(').map_or(kind, |(_, rest)| rest);
    match inner.trim_matches([')', '"', ' ']) {
        "" => "=",
        sign => sign,
    }
}

/// A passage; a page that is too long for one goes into the label.
fn paged(
    label: String,
    quote: Option<Text<4000>>,
    page: &str,
    place: &Place,
    report: &mut Report,
) -> Option<Passage> {
    let page = clean::one_line(page, place, report);
    let fits = page.len() <= 80;
    let label = match fits {
        true => label,
        false => {
            report.clean(place, "page_moved", &page);
            format!("{label}; reported at: {page}")
        }
    };
    Some(Passage {
        label: clean::line(&label, "label_cut", place, report)?,
        confidence: None,
        quote,
        page: Line::parse(&page).ok(),
    })
}

fn figures_text(passage: &Passage) -> String {
    match &passage.page {
        Some(page) => format!("{} ({page})", passage.label),
        None => passage.label.to_string(),
    }
}

fn original_note(paper: &Paper) -> Text<4000> {
    let text = format!(
        "The study that first reported the finding: {}.",
        clean::cut(paper.short().trim_end_matches('.'), 1000)
    );
    Text::parse(&text).expect("a sentence with a title is text of at most 4,000 bytes")
}

/// The words of the replication's authors, else a sentence; and what else FReD tells of it.
fn replication_note(attempt: &Attempt, paper: &Paper, report: &mut Report) -> Text<4000> {
    let row = &attempt.row;
    let word = row.cell("reported_success");
    let mut bounded = |cell: &str, max| clean::bounded(cell, max, "note_cut", &row.place, report);
    let mut facts = format!("Outcome in FReD: {}.", bounded(word, 200));
    for (name, column) in [("Study", "study_r"), ("Preregistration:", "prereg_r")] {
        match row.cell(column) {
            "" => {}
            cell => facts.push_str(&format!(" {name} {}.", bounded(cell, 500))),
        }
    }
    let words = match row.cell("reported_success_quote") {
        "" => {
            report.clean(&row.place, "words_missing", "");
            format!("{} repeated the study.", clean::cut(paper.short(), 1000))
        }
        words => words.to_owned(),
    };
    let room = 4000 - facts.len() - 2;
    let words = clean::bounded(&words, room, "note_cut", &row.place, report);
    let text = format!("{words}\n\n{facts}");
    Text::parse(&text).expect("cleaned cells cut to their room are text")
}

/// Where the finding comes from, and whose collection this is.
fn summary(first: &Attempt, report: &mut Report) -> Option<Text<4000>> {
    let row = &first.row;
    let source = [row.cell("ref_o"), row.cell("title_o"), row.cell("doi_o")]
        .into_iter()
        .find(|cell| !cell.is_empty())
        .map(|cell| clean::without_markup(cell, &row.place, report));
    let mut bounded =
        |cell: &str, max| clean::bounded(cell, max, "summary_cut", &row.place, report);
    let mut text = match source {
        Some(source) => format!("A finding of {}", bounded(&source, 2000)),
        None => "A finding whose source is not known.".to_owned(),
    };
    match row.cell("study_o") {
        "" => {}
        study => text.push_str(&format!("\nStudy: {}", bounded(study, 200))),
    }
    match row.cell("tags") {
        "" => {}
        tags => text.push_str(&format!("\nTags: {}", bounded(tags, 1000))),
    }
    Text::parse(&format!("{text}\n\n{ATTRIBUTION}")).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::super::trial::{admit, empty_ledger, fold};
    use super::*;

    const AUTHORS: &str = r#"[{"given":"Alice H.","family":"Eagly","sequence":"first"},{"given":"Wendy","family":"Wood"}]"#;
    const OTHERS: &str = r#"[{"given":"Lingshan","family":"Zhang","sequence":"first"}]"#;

    /// A row in the shape of the real file; cells are set by column.
    #[derive(Clone)]
    struct Fixture(BTreeMap<&'static str, String>);

    fn row(effect: &str, outcome: &str) -> Fixture {
        let cells = [
            ("effect_id", effect),
            ("doi_o", "10.1000/orig"),
            ("title_o", "Sex differences in behavior"),
            ("author_o", AUTHORS),
            ("journal_o", "A Journal"),
            ("year_o", "1999"),
            ("study_o", "1"),
            (
                "ref_o",
                "Eagly, A. H., & Wood, W. (1999). Sex differences in behavior.",
            ),
            ("doi_r", "10.1000/repl"),
            ("title_r", "Are sex differences smaller?"),
            ("author_r", OTHERS),
            ("year_r", "2018"),
            ("ref_r", "Zhang, L. (2018). Are sex differences smaller?"),
            ("author_overlap", "0"),
            ("discipline", "Social Psychology"),
            (
                "description",
                "Women weigh earning capacity more than men do",
            ),
            (
                "claim_text_o",
                "These correlations are generally supportive.",
            ),
            ("claim_page_o", "11"),
            ("n_o", "33"),
            ("es_value_o", "-0.43"),
            ("es_type_o", "r"),
            ("pval_value_o", "0.05"),
            ("pval_type_o", "l (<)"),
            ("reported_success", outcome),
            ("reported_success_quote", "We found little evidence."),
        ];
        Fixture(cells.map(|(name, cell)| (name, cell.to_owned())).into())
    }

    impl Fixture {
        fn with(mut self, column: &'static str, cell: &str) -> Fixture {
            self.0.insert(column, cell.to_owned());
            self
        }
    }

    fn table(rows: &[Fixture]) -> Vec<u8> {
        let columns: Vec<&str> = REQUIRED.iter().chain(&USED).copied().collect();
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(&columns).unwrap();
        for row in rows {
            let cell = |name: &&str| row.0.get(*name).map_or("", String::as_str);
            writer.write_record(columns.iter().map(cell)).unwrap();
        }
        writer.into_inner().unwrap()
    }

    fn planned(rows: &[Fixture], state: &State) -> Plan {
        let bytes = table(rows);
        plan(&bytes[..], &FredMapping::default(), state, &mut |_| {}).unwrap()
    }

    fn types(plan: &Plan) -> Vec<&'static str> {
        plan.acts.iter().map(|act| act.data.name()).collect()
    }

    fn only_claim(state: &State) -> &Claim {
        let mut claims = state.claims();
        let (_, claim) = claims.next().unwrap();
        assert!(claims.next().is_none(), "one claim was expected");
        claim
    }

    fn replication(state: &State) -> Option<String> {
        let edge = original_edge(only_claim(state)).unwrap();
        edge.replication.map(|ratio| ratio.to_string())
    }

    fn cleanups(plan: &Plan) -> Vec<&'static str> {
        plan.report.cleanups.keys().copied().collect()
    }

    #[test]
    fn a_row_becomes_a_claim_two_artifacts_and_evidence_from_each() {
        let plan = planned(&[row("7", "failed")], &empty_ledger());
        assert_eq!(
            types(&plan),
            [
                "artifact.registered",
                "claim.asserted",
                "evidence.added",
                "artifact.registered",
                "evidence.added",
                "evidence.revised"
            ]
        );
        assert_eq!(cleanups(&plan), [] as [&str; 0]);
        let state = fold(&empty_ledger(), &plan, 100);
        let claim = only_claim(&state);
        let wording = claim.wording.as_ref().unwrap();
        assert_eq!(wording.origin, ClaimOrigin::Imported);
        assert!(wording.summary.as_str().ends_with(ATTRIBUTION));
        assert_eq!(wording.domains.0[0].name.as_str(), "Social Psychology");
        assert_eq!(wording.asserted.effective.unwrap().to_string(), "1999");
        let [original, attempt] = claim.evidence.iter().collect::<Vec<_>>()[..] else {
            panic!("two edges were expected");
        };
        assert_eq!(original.relation, EvidenceRelation::Supports);
        let passage = &original.passages[0];
        assert_eq!(passage.page.as_ref().unwrap().as_str(), "11");
        assert!(
            passage
                .quote
                .as_ref()
                .unwrap()
                .as_str()
                .starts_with("These")
        );
        assert_eq!(
            original.passages[1].label.as_str(),
            "n = 33; r = -0.43; p < 0.05"
        );
        assert_eq!(attempt.relation, EvidenceRelation::Disputes);
        assert_eq!(attempt.key.as_ref().unwrap().as_str(), "7");
        assert_eq!(attempt.replicates.as_ref(), Some(&original.artifact));
        assert_eq!(attempt.added.effective.unwrap().to_string(), "2018");
        assert!(
            attempt
                .note
                .as_str()
                .starts_with("We found little evidence.")
        );
        assert_eq!(original.revised[0].effective.unwrap().to_string(), "2018");
        let artifact = state
            .artifact(&original.artifact.0)
            .unwrap()
            .registration()
            .unwrap();
        assert_eq!(
            artifact.community.as_ref().unwrap().as_str(),
            "eagly-alice-h"
        );
        assert_eq!(
            artifact.label.as_ref().unwrap().as_str(),
            "Eagly & Wood, 1999"
        );
        let paper = state
            .artifact(&attempt.artifact.0)
            .unwrap()
            .registration()
            .unwrap();
        assert_eq!(paper.community.as_ref().unwrap().as_str(), "zhang-lingshan");
    }

    #[test]
    fn an_outcome_is_for_against_both_or_a_note() {
        let rows = [
            row("1", "successful"),
            row("2", "failed"),
            row("3", "mixed"),
            row("4", "uninformative"),
            row("5", "a new word"),
        ];
        let plan = planned(&rows, &empty_ledger());
        assert_eq!(cleanups(&plan), ["outcome_unknown"]);
        let state = fold(&empty_ledger(), &plan, 100);
        let claim = only_claim(&state);
        let said = |key: &str| -> Vec<(&str, String)> {
            edges_of(Some(claim), key)
                .iter()
                .map(|edge| (edge.relation.word(), edge.strength.unwrap().to_string()))
                .collect()
        };
        assert_eq!(said("1"), [("supports", "0.7".to_owned())]);
        assert_eq!(said("2"), [("disputes", "0.7".to_owned())]);
        let both = [
            ("supports", "0.35".to_owned()),
            ("disputes", "0.35".to_owned()),
        ];
        assert_eq!(said("3"), both);
        assert_eq!(said("4"), []);
        assert_eq!(claim.notes.len(), 2);
        // 1 of 3: notes are no attempts.
        assert_eq!(replication(&state).unwrap(), "0.333333");
        assert_eq!(claim.status.changed, None);
    }

    #[test]
    fn an_import_run_again_plans_nothing_wherever_it_was_cut() {
        let rows = [
            row("1", "successful"),
            row("2", "mixed"),
            row("3", "descriptive only"),
            row("4", "failed").with("description", "Another finding"),
            row("5", "failed")
                .with("doi_r", "")
                .with("ref_r", "")
                .with("title_r", ""),
        ];
        let empty = empty_ledger();
        let whole = planned(&rows, &empty);
        for size in [1, 2, 3, 100] {
            let again = planned(&rows, &fold(&empty, &whole, size));
            assert_eq!(again.acts, [], "commits of {size}");
            assert_eq!(
                again.report.claims,
                super::super::Tally { new: 0, known: 2 }
            );
            assert_eq!(again.report.became.known, 4);
            assert_eq!(again.report.became.skipped, 1);
        }
        // Broken off after each act, it goes on where it stopped and ends in the same state.
        let end = fold(&empty, &whole, 100);
        for stop in 0..whole.acts.len() {
            let broken = whole.acts[..stop].iter().fold(empty.clone(), |state, act| {
                admit(&state, std::slice::from_ref(act))
            });
            let state = fold(&broken, &planned(&rows, &broken), 100);
            assert_eq!(planned(&rows, &state).acts, []);
            let edges = |state: &State| -> Vec<usize> {
                state
                    .claims()
                    .map(|(_, claim)| claim.evidence.len())
                    .collect()
            };
            assert_eq!(edges(&state), edges(&end), "stopped after {stop} acts");
            assert_eq!(state.artifacts().count(), end.artifacts().count());
        }
    }

    #[test]
    fn more_rows_bring_only_themselves_and_revise_the_share() {
        let first = [row("1", "successful")];
        let state = fold(&empty_ledger(), &planned(&first, &empty_ledger()), 100);
        assert_eq!(replication(&state).unwrap(), "1");
        let more = [
            row("1", "successful"),
            row("2", "failed").with("year_r", "2024"),
        ];
        let plan = planned(&more, &state);
        assert_eq!(types(&plan), ["evidence.added", "evidence.revised"]);
        let state = fold(&state, &plan, 100);
        assert_eq!(replication(&state).unwrap(), "0.5");
        // Another success and another failure leave the share as it is.
        let same = [row("3", "successful"), row("4", "failed")];
        assert_eq!(types(&planned(&same, &state)), ["evidence.added"; 2]);
    }

    #[test]
    fn what_people_changed_in_the_ledger_is_left_to_them() {
        let rows = [row("1", "successful"), row("2", "failed")];
        let state = fold(&empty_ledger(), &planned(&rows, &empty_ledger()), 100);
        let subject = Subject::claim(state.claims().next().unwrap().0.clone());
        let by_hand = |text: &str| {
            let json = crate::json::Json::parse(text.as_bytes()).unwrap();
            Act::new(
                subject.clone(),
                Data::read("evidence.revised", &json).unwrap(),
            )
        };
        let act = by_hand(r#"{"reason":"read it again","ref":2,"replication":"0.9"}"#);
        let state = admit(&state, &[act]);
        assert_eq!(planned(&rows, &state).acts, []);
        let withdrawn = crate::json::Json::parse(br#"{"reason":"not the same effect","ref":4}"#);
        let data = Data::read("evidence.withdrawn", &withdrawn.unwrap()).unwrap();
        let state = admit(&state, &[Act::new(subject.clone(), data)]);
        // Not brought again; and the share is now that of the attempts that are left.
        let plan = planned(&rows, &state);
        assert_eq!(types(&plan), ["evidence.revised"]);
        assert_eq!(replication(&fold(&state, &plan, 100)).unwrap(), "1");
    }

    #[test]
    fn an_outcome_or_a_description_changed_at_the_source_is_said_and_doubles_nothing() {
        let state = fold(
            &empty_ledger(),
            &planned(&[row("1", "failed")], &empty_ledger()),
            100,
        );
        for changed in [
            row("1", "successful"),
            row("1", "uninformative"),
            row("1", "failed").with("description", "Reworded"),
        ] {
            let plan = planned(&[changed], &state);
            assert_eq!(plan.acts, []);
            assert_eq!(plan.report.skipped.len(), 1);
            assert_eq!(plan.report.became.skipped, 1);
        }
    }

    #[test]
    fn each_rule_that_a_row_breaks_is_counted_and_the_row_is_admitted() {
        let long = "word ".repeat(300);
        let cases = [
            (
                row("1", "failed").with("reported_success_quote", "a\r\nb"),
                "carriage_return",
            ),
            (
                row("1", "failed").with("title_r", "\u{200e}Title"),
                "forbidden_character",
            ),
            (
                row("1", "failed").with("ref_r", "Memory &amp; Cognition"),
                "html_entity",
            ),
            (
                row("1", "failed").with("year_r", "2018.0"),
                "year_with_decimals",
            ),
            (row("1", "failed").with("year_r", ""), "year_missing"),
            (
                row("1", "failed").with("year_r", "in press"),
                "year_unreadable",
            ),
            (
                row("1", "failed").with("year_r", "1990"),
                "year_before_original",
            ),
            (row("1", "failed").with("doi_r", ""), "doi_missing"),
            (
                row("1", "failed").with("doi_r", "10.1000/REPL"),
                "doi_spelling",
            ),
            (
                row("1", "failed").with("doi_r", "osf.io/y2emk"),
                "doi_not_one",
            ),
            (row("1", "failed").with("url_r", "osf.io"), "url_not_one"),
            (
                row("1", "failed").with("url_r", "https://a.b or https://c.d"),
                "url_first_of_several",
            ),
            (row("1", "failed").with("title_r", ""), "title_missing"),
            (row("1", "failed").with("title_r", &long), "title_cut"),
            (
                row("1", "failed").with("title_r", "<i>Homo</i>"),
                "markup_removed",
            ),
            (
                row("1", "failed").with("title_r", "two\nlines"),
                "line_folded",
            ),
            (row("1", "failed").with("author_r", ""), "authors_missing"),
            (
                row("1", "failed").with("author_r", "Zhang, L."),
                "authors_unreadable",
            ),
            (
                row("1", "failed").with("author_r", r#"[{"sequence":"first"}]"#),
                "author_nameless",
            ),
            (
                row("1", "failed").with("author_overlap", ""),
                "overlap_unknown",
            ),
            (
                row("1", "failed").with("author_overlap", "some"),
                "overlap_unreadable",
            ),
            (
                row("1", "failed").with("author_overlap", "0.0"),
                "number_with_decimals",
            ),
            (
                row("1", "failed").with("description", ""),
                "description_missing",
            ),
            (
                row("1", "failed").with("description", &long),
                "statement_cut",
            ),
            (row("1", "failed").with("discipline", ""), "domain_missing"),
            (
                row("1", "failed").with("discipline", "social psychology"),
                "domain_spelling",
            ),
            (
                row("1", "failed").with("claim_text_o", &"word ".repeat(900)),
                "quote_cut",
            ),
            (
                row("1", "failed").with("es_repr_o", &long[..100]),
                "page_moved",
            ),
            (
                row("1", "failed").with("reported_success_quote", &"word ".repeat(900)),
                "note_cut",
            ),
            (
                row("1", "failed").with("reported_success_quote", ""),
                "words_missing",
            ),
            (row("1", "failed").with("tags", &long), "summary_cut"),
        ];
        for (fixture, kind) in cases {
            let plan = planned(std::slice::from_ref(&fixture), &empty_ledger());
            let counted = plan.report.cleanups.get(kind);
            assert_eq!(
                counted.map(|count| count.rows),
                Some(1),
                "{kind}: {:?}",
                cleanups(&plan)
            );
            assert_eq!(plan.report.became.new, 1, "{kind}");
            fold(&empty_ledger(), &plan, 100);
        }
    }

    #[test]
    fn a_statement_that_is_cut_stands_whole_in_detail() {
        let long = "word ".repeat(300);
        let plan = planned(
            &[row("1", "failed").with("description", &long)],
            &empty_ledger(),
        );
        let state = fold(&empty_ledger(), &plan, 100);
        let wording = only_claim(&state).wording.clone().unwrap();
        assert!(wording.statement.as_str().len() <= 1000);
        assert!(wording.statement.as_str().ends_with("word…"));
        assert_eq!(wording.detail.unwrap().as_str(), long.trim());
    }

    #[test]
    fn what_identifies_nothing_is_skipped_and_said() {
        let nothing = row("1", "failed")
            .with("doi_r", "")
            .with("ref_r", "")
            .with("title_r", "");
        let no_words = row("2", "failed")
            .with("description", "")
            .with("claim_text_o", "");
        let twice = row("1", "failed");
        let nameless = row("", "failed");
        let plan = planned(&[nothing, no_words, twice, nameless], &empty_ledger());
        let skipped: Vec<(u64, &str)> = plan
            .report
            .skipped
            .iter()
            .map(|one| (one.row, one.what))
            .collect();
        assert_eq!(
            skipped,
            [(1, "replication"), (2, "row"), (3, "row"), (4, "row")]
        );
        assert_eq!(
            types(&plan),
            ["artifact.registered", "claim.asserted", "evidence.added"]
        );
        assert_eq!(plan.report.rows, 4);
        assert_eq!(plan.report.became.skipped, 4);
    }

    #[test]
    fn a_replication_that_shares_authors_is_of_the_community_of_its_original() {
        let plan = planned(
            &[row("1", "failed").with("author_overlap", "2.0")],
            &empty_ledger(),
        );
        let communities: Vec<_> = plan
            .acts
            .iter()
            .filter_map(|act| match &act.data {
                Data::ArtifactRegistered(data) => data.community.clone(),
                _ => None,
            })
            .collect();
        assert_eq!(communities.len(), 2);
        assert_eq!(communities[0], communities[1]);
    }

    #[test]
    fn several_quotes_of_one_claim_are_passages_of_one_edge() {
        let first = row("1", "failed");
        let second = row("2", "failed").with("claim_text_o", "Other words.");
        let state = fold(
            &empty_ledger(),
            &planned(std::slice::from_ref(&first), &empty_ledger()),
            9,
        );
        let plan = planned(&[first, second], &state);
        assert_eq!(types(&plan), ["evidence.added", "evidence.revised"]);
        let state = fold(&state, &plan, 100);
        let quotes: Vec<_> = original_edge(only_claim(&state))
            .unwrap()
            .passages
            .iter()
            .filter_map(|passage| passage.quote.as_ref().map(Text::to_string))
            .collect();
        assert_eq!(
            quotes,
            [
                "These correlations are generally supportive.",
                "Other words."
            ]
        );
    }

    #[test]
    fn a_paper_that_is_there_by_its_doi_is_not_registered_again() {
        let json = br#"{"doi":"10.1000/repl","kind":"paper","title":"By hand"}"#;
        let data = Data::read(
            "artifact.registered",
            &crate::json::Json::parse(json).unwrap(),
        );
        let subject = "artifact/by-hand".parse().unwrap();
        let state = admit(&empty_ledger(), &[Act::new(subject, data.unwrap())]);
        let plan = planned(&[row("1", "failed")], &state);
        assert_eq!(
            plan.report.artifacts,
            super::super::Tally { new: 1, known: 1 }
        );
        let state = fold(&state, &plan, 100);
        assert_eq!(
            edges_of(Some(only_claim(&state)), "1")[0]
                .artifact
                .0
                .as_str(),
            "by-hand"
        );
    }

    #[test]
    fn a_paper_without_a_doi_that_is_there_by_its_address_is_not_registered_again() {
        let json = br#"{"kind":"report","title":"By hand","url":"https://osf.io/abc"}"#;
        let data = Data::read(
            "artifact.registered",
            &crate::json::Json::parse(json).unwrap(),
        );
        let subject = "artifact/by-hand".parse().unwrap();
        let state = admit(&empty_ledger(), &[Act::new(subject, data.unwrap())]);
        let rows = [row("1", "failed")
            .with("doi_r", "")
            .with("url_r", "https://osf.io/abc")];
        let plan = planned(&rows, &state);
        assert_eq!(plan.report.artifacts.known, 1);
        let resolver = "https://doi.org/10.1000/REPL";
        let rows = [row("1", "failed").with("doi_r", "").with("url_r", resolver)];
        let plan = planned(&rows, &state);
        assert_eq!(plan.report.cleanups["doi_from_url"].rows, 1);
        assert!(plan.acts.iter().any(|act| {
            match &act.data {
                Data::ArtifactRegistered(data) => data
                    .doi
                    .as_ref()
                    .is_some_and(|doi| doi.as_str() == "10.1000/repl"),
                _ => false,
            }
        }));
    }

    #[test]
    fn a_slug_that_another_thing_has_is_not_taken() {
        let plan = planned(&[row("1", "failed")], &empty_ledger());
        let taken = plan.acts[1].subject.clone();
        let json = br#"{"domains":[{"name":"X","weight":"1"}],"falsifiability":"falsifiable","nature":"empirical","origin":"authored","polarity":"positive","statement":"Another","summary":"Another."}"#;
        let data = Data::read("claim.asserted", &crate::json::Json::parse(json).unwrap());
        let state = admit(&empty_ledger(), &[Act::new(taken.clone(), data.unwrap())]);
        let plan = planned(&[row("1", "failed")], &state);
        assert_eq!(plan.report.claims.new, 1);
        assert!(plan.acts.iter().all(|act| act.subject != taken));
        fold(&state, &plan, 100);
    }

    #[test]
    fn a_mapping_overrides_what_it_names_and_nothing_else() {
        let mapping = "original: \"0.4\"\noutcomes:\n  failed: {disputes: \"0.9\"}\n  mixed: {}\n";
        let mapping = FredMapping::parse(mapping).unwrap();
        assert_eq!(mapping.original.to_string(), "0.4");
        let default = FredMapping::default();
        assert_eq!(
            mapping.outcomes["successful"],
            default.outcomes["successful"]
        );
        assert_eq!(
            mapping.outcomes["failed"].disputes.unwrap().to_string(),
            "0.9"
        );
        assert_eq!(mapping.outcomes["mixed"], Outcome::default());
        assert_eq!(
            FredMapping::parse("{\"nature\":\"interpretive\"}")
                .unwrap()
                .nature,
            Nature::Interpretive
        );
    }

    #[test]
    fn a_mapping_with_another_field_or_form_is_refused_and_told_why() {
        for (document, said) in [
            ("orginal: \"0.4\"", "orginal"),
            ("original: 0.4", "in quotes"),
            ("original: \"1.4\"", "ratio"),
            ("outcomes: {failed: {against: \"0.4\"}}", "against"),
            ("outcomes: {failed: {}, failed: {}}", "twice"),
            ("nature: empirically", "empirical"),
            ("{\"original\":", "EOF"),
        ] {
            let error = FredMapping::parse(document).unwrap_err().to_string();
            assert!(error.contains(said), "{document}: {error}");
        }
    }

    #[test]
    fn a_file_without_fred_s_columns_is_refused() {
        let refused = |bytes: &[u8]| {
            plan(bytes, &FredMapping::default(), &empty_ledger(), &mut |_| {}).unwrap_err()
        };
        assert!(matches!(refused(b""), ImportError::Empty));
        assert!(matches!(
            refused(b"effect_id\n1\n"),
            ImportError::ColumnsMissing { .. }
        ));
    }

    #[test]
    fn progress_tells_every_row() {
        let bytes = table(&[row("1", "failed"), row("2", "failed")]);
        let mut told = Vec::new();
        let mapping = FredMapping::default();
        plan(&bytes[..], &mapping, &empty_ledger(), &mut |row| {
            told.push(row)
        })
        .unwrap();
        assert_eq!(told, [1, 2]);
    }

    /// Runs where `GROUNDS_FRED_CSV` names the published file.
    #[test]
    fn the_real_file_is_accounted_for_row_by_row_and_doubles_nothing() {
        let Some(path) = std::env::var_os("GROUNDS_FRED_CSV") else {
            return;
        };
        let bytes = std::fs::read(path).unwrap();
        let read =
            |state: &State| plan(&bytes[..], &FredMapping::default(), state, &mut |_| {}).unwrap();
        let first = read(&empty_ledger());
        let report = &first.report;
        // Counted from the file by another program.
        assert_eq!(report.claims.new, 1395);
        assert_eq!(report.artifacts.new, 1063);
        assert_eq!(report.evidence.new, 1395 + 739 + 595 + 2 * 272 - 5);
        assert_eq!(report.notes.new, 12 + 8 + 3);
        assert_eq!(report.rows, 1629);
        let became = report.became;
        assert_eq!(became.new + became.known + became.skipped, report.rows);
        assert_eq!(became.skipped as usize, report.skipped.len());
        let rows = |kind: &str| report.cleanups[kind].rows;
        assert_eq!(rows("carriage_return"), 20);
        assert_eq!(rows("forbidden_character"), 8);
        assert_eq!(rows("html_entity"), 192);
        assert_eq!(rows("doi_missing"), 154);
        assert_eq!(report.cleanups["doi_not_one"].values, 13);
        assert_eq!(rows("year_missing"), 125);
        assert_eq!(rows("year_before_original"), 1);
        let state = fold(&empty_ledger(), &first, 100);
        let second = read(&state);
        assert_eq!(second.acts, []);
        assert_eq!(second.report.became.known, became.new);
        assert_eq!(second.report.claims.known, report.claims.new);
        assert_eq!(second.report.artifacts.known, report.artifacts.new);
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: 48,
            failure_persistence: None,
            ..ProptestConfig::default()
        })]
        #[test]
        fn any_cells_make_a_plan_that_is_admitted_and_planned_once(
            changes in proptest::collection::vec(
                (0_usize..37, ".{0,40}", 1_usize..600), 0..30
            ),
            outcomes in proptest::collection::vec(0_usize..6, 30),
        ) {
            let words: Vec<String> = default_outcomes().into_keys().collect();
            let columns: Vec<&'static str> = REQUIRED.iter().chain(&USED).copied().collect();
            let rows: Vec<Fixture> = changes
                .iter()
                .zip(outcomes)
                .enumerate()
                .map(|(place, ((column, cell, times), outcome))| {
                    row(&place.to_string(), &words[outcome])
                        .with(columns[*column], &cell.repeat(*times))
                })
                .collect();
            let empty = empty_ledger();
            let first = planned(&rows, &empty);
            let became = first.report.became;
            prop_assert_eq!(became.new + became.known + became.skipped, rows.len() as u64);
            let state = fold(&empty, &first, 100);
            prop_assert_eq!(planned(&rows, &state).acts, vec![]);
        }
    }
}

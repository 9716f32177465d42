//! Any table: a mapping says which columns give what; one row is one claim with one piece of
//! evidence. Rows with the same claim key add evidence to one claim.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use serde::Deserialize;

use crate::claim::{
    Act, ArtifactKind, ClaimAsserted, ClaimOrigin, Data, Domain, EvidenceAdded, EvidenceRelation,
    Falsifiability, Nature, Passage, Polarity, State,
};
use crate::form::{List, Set};
use crate::hash::Hash;
use crate::value::{Date, Line, ONE, Ratio, Slug, Subject, Text};

use super::Plan;
use super::clean;
use super::draft::Draft;
use super::error::ImportError;
use super::mapping::{self, MappingError};
use super::paper::{Author, Authors, Cells, Paper, short_key};
use super::report::{Place, Report};
use super::table::{Row, Table};

/// What the columns of a table mean.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CsvMapping {
    /// The collection: the import keys begin with it.
    #[serde(deserialize_with = "mapping::spelled")]
    pub name: Slug,
    /// What stands between cells, one ASCII character; a comma unless said.
    #[serde(default = "comma")]
    pub delimiter: char,
    /// Which column gives what.
    pub columns: Columns,
    /// What holds for every row.
    #[serde(default)]
    pub constants: Constants,
    /// What the words of the relation column mean, beside `supports` and `disputes` themselves.
    #[serde(default, deserialize_with = "relations")]
    pub relations: BTreeMap<String, EvidenceRelation>,
}

/// Columns by what they give; all but `statement` may be absent.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Columns {
    /// The claim in one line.
    pub statement: String,
    /// In short.
    pub summary: Option<String>,
    /// At length.
    pub detail: Option<String>,
    /// What identifies the claim; the statement unless said.
    pub key: Option<String>,
    /// The field that it belongs to.
    pub domain: Option<String>,
    /// Since which year it holds.
    pub claim_year: Option<String>,
    /// Title of the artifact.
    pub title: Option<String>,
    /// Its DOI.
    pub doi: Option<String>,
    /// Its address.
    pub url: Option<String>,
    /// Its reference in words.
    pub reference: Option<String>,
    /// The year it was published.
    pub year: Option<String>,
    /// Its authors: `Family, Given; Family, Given`.
    pub authors: Option<String>,
    /// Its community; the first author's name unless said.
    pub community: Option<String>,
    /// What it does to the claim.
    pub relation: Option<String>,
    /// How strongly it speaks, from 0 to 1.
    pub strength: Option<String>,
    /// What it shows, in words.
    pub note: Option<String>,
    /// What identifies the piece of evidence; all its cells unless said.
    pub evidence_key: Option<String>,
    /// Its words.
    pub quote: Option<String>,
    /// Where they stand.
    pub page: Option<String>,
}

/// What holds for every row, or where its cell is empty.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Constants {
    /// What sort of statement the claims are.
    #[serde(deserialize_with = "mapping::spelled")]
    pub nature: Nature,
    /// Whether they say that something is, or that it is not.
    #[serde(deserialize_with = "mapping::spelled")]
    pub polarity: Polarity,
    /// Whether they could be shown to be wrong.
    #[serde(deserialize_with = "mapping::spelled")]
    pub falsifiability: Falsifiability,
    /// What the artifacts are.
    #[serde(deserialize_with = "mapping::spelled")]
    pub kind: ArtifactKind,
    /// The field of claims whose row names none.
    #[serde(deserialize_with = "mapping::line")]
    pub domain: Line<120>,
    /// What evidence does to the claim, where the row does not say.
    #[serde(deserialize_with = "mapping::maybe_spelled")]
    pub relation: Option<EvidenceRelation>,
    /// How strongly it speaks, where the row does not say.
    #[serde(deserialize_with = "mapping::maybe_spelled")]
    pub strength: Option<Ratio>,
    /// What every claim's summary says of its source: "Name, licence, address".
    pub attribution: Option<String>,
}

impl Default for Constants {
    fn default() -> Constants {
        Constants {
            nature: Nature::Empirical,
            polarity: Polarity::Positive,
            falsifiability: Falsifiability::Falsifiable,
            kind: ArtifactKind::Paper,
            domain: Line::parse("Unclassified").expect("a word is one line"),
            relation: None,
            strength: None,
            attribution: None,
        }
    }
}

fn comma() -> char {
    ','
}

fn relations<'de, D>(deserializer: D) -> Result<BTreeMap<String, EvidenceRelation>, D::Error>
where
    D: serde::Deserializer<'de>,
{
    #[derive(Deserialize)]
    #[serde(transparent)]
    struct Word(#[serde(deserialize_with = "mapping::spelled")] EvidenceRelation);
    let words: BTreeMap<String, Word> = mapping::unique(deserializer)?;
    Ok(words
        .into_iter()
        .map(|(word, meaning)| (word, meaning.0))
        .collect())
}

impl CsvMapping {
    /// Reads a mapping file, YAML or JSON.
    ///
    /// # Errors
    /// An unknown or missing field, a value of another form, a delimiter that cannot be one, or a
    /// mapping by which no row could say what its evidence does.
    pub fn parse(document: &str) -> Result<CsvMapping, MappingError> {
        let mapping: CsvMapping = mapping::read(document)?;
        if mapping.columns.statement.is_empty() {
            let fault = "columns: found no statement, expected the column that gives it";
            return Err(MappingError::new(fault));
        }
        if !mapping.delimiter.is_ascii() || matches!(mapping.delimiter, '"' | '\n' | '\r') {
            return Err(MappingError::new(format!(
                "delimiter: found {:?}, expected one ASCII character that is no quote and no line end",
                mapping.delimiter
            )));
        }
        if mapping.columns.relation.is_none() && mapping.constants.relation.is_none() {
            return Err(MappingError::new(
                "found neither columns.relation nor constants.relation, expected one of them",
            ));
        }
        if let Some(text) = &mapping.constants.attribution {
            Text::<1000>::parse(text)
                .map_err(|error| MappingError::new(format!("constants.attribution: {error}")))?;
        }
        Ok(mapping)
    }
}

impl Columns {
    fn named(&self) -> Vec<&str> {
        let optional = [
            &self.summary,
            &self.detail,
            &self.key,
            &self.domain,
            &self.claim_year,
            &self.title,
            &self.doi,
            &self.url,
            &self.reference,
            &self.year,
            &self.authors,
            &self.community,
            &self.relation,
            &self.strength,
            &self.note,
            &self.evidence_key,
            &self.quote,
            &self.page,
        ];
        let given = optional.into_iter().filter_map(Option::as_deref);
        std::iter::once(self.statement.as_str())
            .chain(given)
            .collect()
    }
}

/// Plans the import of a table into a ledger in this state.
///
/// `progress` is told the number of rows read, row by row.
///
/// # Errors
/// A file that is no table with the mapping's columns, not UTF-8, or cannot be read. Rows that break
/// rules are no errors; the report names each.
pub fn plan(
    reader: impl Read,
    mapping: &CsvMapping,
    state: &State,
    progress: &mut dyn FnMut(u64),
) -> Result<Plan, ImportError> {
    let mut draft = Draft::of(state);
    let named = mapping.columns.named();
    let delimiter = u8::try_from(mapping.delimiter).unwrap_or(b',');
    let mut table = Table::open(reader, delimiter, &named)?;
    draft.report.columns_unread = table
        .names()
        .iter()
        .filter(|name| !named.contains(&name.as_str()))
        .cloned()
        .collect();
    let id = mapping
        .columns
        .evidence_key
        .as_ref()
        .or(mapping.columns.key.as_ref());
    let id = id.map_or("", String::as_str);
    let mut seen = BTreeSet::new();
    while let Some(row) = table.next(id, &[], &mut draft.report)? {
        progress(row.place.row);
        let rows = Rows { mapping, row: &row };
        let became = rows.plan(&mut draft, &mut seen);
        let tally = &mut draft.report.became;
        match became {
            Ok(true) => tally.new += 1,
            Ok(false) => tally.known += 1,
            Err((what, why)) => {
                tally.skipped += 1;
                draft.report.skip(&row.place, what, why);
            }
        }
    }
    Ok(draft.close())
}

/// What was left out, and why.
type LeftOut = (&'static str, String);

struct Rows<'r> {
    mapping: &'r CsvMapping,
    row: &'r Row,
}

impl Rows<'_> {
    fn cell(&self, column: &Option<String>) -> &str {
        column.as_ref().map_or("", |name| self.row.cell(name))
    }

    fn place(&self) -> &Place {
        &self.row.place
    }

    /// Whether the row's evidence is new.
    fn plan(&self, draft: &mut Draft<'_>, seen: &mut BTreeSet<String>) -> Result<bool, LeftOut> {
        let columns = &self.mapping.columns;
        let statement = self.row.cell(&columns.statement);
        let named = match self.cell(&columns.key) {
            "" => statement,
            key => key,
        };
        let claim_key = self.key(named, &mut draft.report);
        let wording = self.wording(&claim_key, &mut draft.report);
        let Some(wording) = wording else {
            return Err(("row", "no statement".to_owned()));
        };
        let relation = self.relation();
        let paper = self.paper(&mut draft.report);
        // An artifact comes before the claim that it speaks to; a row without one still says its claim.
        let artifact = match (&relation, &paper) {
            (Ok(_), Some(paper)) => Some(draft.artifact(paper, paper.community.clone())),
            _ => None,
        };
        let since = self.claim_date(&mut draft.report);
        let slug = draft.assert(&claim_key, wording, since);
        let relation = relation?;
        let (Some(paper), Some(artifact)) = (paper, artifact) else {
            let why = "no DOI, URL, reference or title of an artifact";
            return Err(("evidence", why.to_owned()));
        };
        let data = self.evidence(&claim_key, &paper, artifact, relation, &mut draft.report);
        let key = data.key.as_ref().map_or("", Line::as_str).to_owned();
        if !seen.insert(format!("{claim_key}\u{1f}{key}")) {
            return Err(("evidence", "the same evidence as an earlier row".to_owned()));
        }
        let mut edges = draft
            .claim(&slug)
            .into_iter()
            .flat_map(|claim| &claim.evidence);
        if let Some(edge) = edges.find(|edge| edge.key == data.key) {
            if edge.relation != data.relation {
                let why = format!("in the ledger it {}; the ledger keeps it", edge.relation);
                return Err(("evidence", why));
            }
            draft.report.evidence.known += 1;
            return Ok(false);
        }
        draft.report.evidence.new += 1;
        let act = Act::new(Subject::claim(slug), Data::EvidenceAdded(Box::new(data)));
        draft.push(act.since(paper.date()));
        Ok(true)
    }

    /// An import key: the collection and the row's own word.
    fn key(&self, own: &str, report: &mut Report) -> String {
        let own = clean::one_line(own, self.place(), report);
        let prefix = format!("{}:", self.mapping.name);
        let key = short_key(&prefix, &own);
        if key.len() < prefix.len() + own.len() {
            report.clean(self.place(), "key_hashed", &own);
        }
        key
    }

    fn wording(&self, key: &str, report: &mut Report) -> Option<ClaimAsserted> {
        let (columns, constants) = (&self.mapping.columns, &self.mapping.constants);
        let text = self.row.cell(&columns.statement);
        let statement: Line<1000> = clean::line(text, "statement_cut", self.place(), report)?;
        let is_cut = statement.as_str().ends_with('…') && text.len() > statement.as_str().len();
        let detail = match self.cell(&columns.detail) {
            "" if is_cut => text,
            detail => detail,
        };
        Some(ClaimAsserted {
            summary: self.summary(statement.as_str(), report)?,
            statement,
            detail: clean::text(detail, "detail_cut", self.place(), report),
            nature: constants.nature,
            polarity: constants.polarity,
            falsifiability: constants.falsifiability,
            origin: ClaimOrigin::Imported,
            domains: Set(vec![self.domain(report)]),
            key: Line::parse(key).ok(),
        })
    }

    fn summary(&self, statement: &str, report: &mut Report) -> Option<Text<4000>> {
        let text = match self.cell(&self.mapping.columns.summary) {
            "" => statement,
            summary => summary,
        };
        let source = match &self.mapping.constants.attribution {
            Some(attribution) => format!("\n\n{attribution}"),
            None => String::new(),
        };
        let room = 4000 - source.len();
        let text = clean::bounded(text, room, "summary_cut", self.place(), report);
        Text::parse(&format!("{text}{source}")).ok()
    }

    fn domain(&self, report: &mut Report) -> Domain {
        let cell = self.cell(&self.mapping.columns.domain);
        if cell.is_empty() && self.mapping.columns.domain.is_some() {
            report.clean(self.place(), "domain_missing", cell);
        }
        Domain {
            name: clean::line(cell, "domain_cut", self.place(), report)
                .unwrap_or_else(|| self.mapping.constants.domain.clone()),
            weight: Ratio::from_ppm(ONE).expect("one is a ratio"),
        }
    }

    fn claim_date(&self, report: &mut Report) -> Option<Date> {
        let column = self.mapping.columns.claim_year.as_ref()?;
        clean::year(self.row.cell(column), self.place(), report).and_then(Date::of_year)
    }

    fn relation(&self) -> Result<EvidenceRelation, LeftOut> {
        let word = self.cell(&self.mapping.columns.relation);
        if word.is_empty() {
            let why = "no relation".to_owned();
            return self.mapping.constants.relation.ok_or(("evidence", why));
        }
        let mapped = self.mapping.relations.get(word).copied();
        mapped.or_else(|| word.parse().ok()).ok_or_else(|| {
            let word = crate::value::excerpt(word);
            (
                "evidence",
                format!("the relation {word}, which the mapping does not name"),
            )
        })
    }

    fn paper(&self, report: &mut Report) -> Option<Paper> {
        let columns = &self.mapping.columns;
        let cells = Cells {
            doi: columns.doi.as_ref().map(|name| self.row.cell(name)),
            url: self.cell(&columns.url),
            title: self.cell(&columns.title),
            reference: self.cell(&columns.reference),
            year: columns.year.as_ref().map(|name| self.row.cell(name)),
        };
        let authors = self.authors(report);
        Paper::read(
            cells,
            |_| self.mapping.constants.kind,
            &authors,
            self.place(),
            report,
        )
    }

    fn authors(&self, report: &mut Report) -> Authors {
        let cell = self.cell(&self.mapping.columns.authors);
        let people: Vec<Author> = cell
            .split(';')
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .map(|name| {
                let (family, given) = name.split_once(',').unwrap_or((name, ""));
                Author {
                    given: given.trim().to_owned(),
                    family: family.trim().to_owned(),
                }
            })
            .collect();
        let community = match self.cell(&self.mapping.columns.community) {
            "" => people.first().and_then(Author::community),
            name => self.community(name, report),
        };
        Authors { people, community }
    }

    fn community(&self, name: &str, report: &mut Report) -> Option<Slug> {
        let words = clean::ascii_words(name, 96);
        if words != name {
            report.clean(self.place(), "community_spelling", name);
        }
        words.parse().ok()
    }

    fn evidence(
        &self,
        claim_key: &str,
        paper: &Paper,
        artifact: crate::claim::ArtifactName,
        relation: EvidenceRelation,
        report: &mut Report,
    ) -> EvidenceAdded {
        let columns = &self.mapping.columns;
        let own = match self.cell(&columns.evidence_key) {
            "" => self.digest(claim_key, paper, relation),
            key => key.to_owned(),
        };
        let note = match self.cell(&columns.note) {
            "" => format!("A row of {}.", self.mapping.name),
            note => note.to_owned(),
        };
        EvidenceAdded {
            relation,
            artifact,
            strength: self.strength(report),
            passages: self.passage(report).map(|one| List(vec![one])),
            note: clean::text(&note, "note_cut", self.place(), report)
                .expect("a cleaned cell that is not empty, or a sentence, is text"),
            replicates: None,
            replication: None,
            key: Line::parse(&self.key(&own, report)).ok(),
        }
    }

    /// What identifies evidence where no column does: all that the row says of it.
    fn digest(&self, claim_key: &str, paper: &Paper, relation: EvidenceRelation) -> String {
        let columns = &self.mapping.columns;
        let parts = [
            claim_key,
            &paper.identity,
            relation.word(),
            self.cell(&columns.strength),
            self.cell(&columns.note),
            self.cell(&columns.quote),
            self.cell(&columns.page),
        ];
        Hash::of(parts.join("\u{1f}").as_bytes()).to_string()
    }

    fn strength(&self, report: &mut Report) -> Option<Ratio> {
        let cell = self.cell(&self.mapping.columns.strength);
        if cell.is_empty() {
            return self.mapping.constants.strength;
        }
        if let Ok(ratio) = cell.parse() {
            return Some(ratio);
        }
        let ratio = shortest(cell).and_then(|text| text.parse().ok());
        let kind = match ratio {
            Some(_) => "strength_spelling",
            None => "strength_unreadable",
        };
        report.clean(self.place(), kind, cell);
        ratio
    }

    fn passage(&self, report: &mut Report) -> Option<Passage> {
        let columns = &self.mapping.columns;
        let quote = clean::text(self.cell(&columns.quote), "quote_cut", self.place(), report);
        let page = clean::one_line(self.cell(&columns.page), self.place(), report);
        if quote.is_none() && page.is_empty() {
            return None;
        }
        let mut label = "The passage".to_owned();
        let mut short = Line::parse(&page).ok();
        if page.len() > 80 {
            report.clean(self.place(), "page_moved", &page);
            label = format!("{label}; reported at: {page}");
            short = None;
        }
        Some(Passage {
            label: clean::line(&label, "label_cut", self.place(), report)?,
            confidence: None,
            quote,
            page: short,
        })
    }
}

/// `.70`, `0.70` and `1.0` as the ledger spells them.
fn shortest(text: &str) -> Option<String> {
    let (whole, decimals) = text.split_once('.')?;
    let whole = if whole.is_empty() { "0" } else { whole };
    let decimals = decimals.trim_end_matches('0');
    Some(match decimals {
        "" => whole.to_owned(),
        decimals => format!("{whole}.{decimals}"),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::super::trial::{empty_ledger, fold};
    use super::*;

    const MAPPING: &str = r#"
name: trials
columns:
  statement: Claim
  key: Id
  domain: Field
  title: Paper
  doi: DOI
  year: Year
  authors: Authors
  relation: Result
  strength: Strength
  note: Comment
  evidence_key: Row
constants:
  strength: "0.5"
  attribution: "Trials, CC0, example.org"
relations:
  pos: supports
  neg: disputes
"#;

    const HEADER: &str = "Id,Claim,Field,Paper,DOI,Year,Authors,Result,Strength,Comment,Row,More\n";

    fn planned(rows: &str, state: &State) -> Plan {
        let mapping = CsvMapping::parse(MAPPING).unwrap();
        let bytes = format!("{HEADER}{rows}");
        plan(bytes.as_bytes(), &mapping, state, &mut |_| {}).unwrap()
    }

    #[test]
    fn a_row_is_a_claim_and_a_piece_of_evidence() {
        let rows = "c1,Tea wakes,Health,A trial,10.1000/ABC,2001.0,\"Roe, Jo; Poe, Al\",pos,0.70,Yes,r1,x\n\
                    c1,Tea wakes,Health,Another,10.1000/def,,,neg,,,r2,x\n";
        let plan = planned(rows, &empty_ledger());
        assert_eq!(plan.report.columns_unread, ["More"]);
        let kinds: Vec<_> = plan.report.cleanups.keys().copied().collect();
        assert_eq!(
            kinds,
            [
                "doi_spelling",
                "strength_spelling",
                "year_missing",
                "year_with_decimals"
            ]
        );
        let state = fold(&empty_ledger(), &plan, 100);
        let (slug, claim) = state.claims().next().unwrap();
        let digest = Hash::of(b"trials:c1").to_string();
        assert_eq!(slug.as_str(), format!("tea-wakes-{}", &digest[..8]));
        assert!(
            claim
                .wording
                .as_ref()
                .unwrap()
                .summary
                .as_str()
                .ends_with("example.org")
        );
        let [first, second] = claim.evidence.iter().collect::<Vec<_>>()[..] else {
            panic!("two edges were expected");
        };
        assert_eq!(first.relation, EvidenceRelation::Supports);
        assert_eq!(first.strength.unwrap().to_string(), "0.7");
        assert_eq!(first.added.effective.unwrap().to_string(), "2001");
        assert_eq!(second.relation, EvidenceRelation::Disputes);
        assert_eq!(second.strength.unwrap().to_string(), "0.5");
        let paper = state
            .artifact(&first.artifact.0)
            .unwrap()
            .registration()
            .unwrap();
        assert_eq!(paper.label.as_ref().unwrap().as_str(), "Roe & Poe, 2001");
        assert_eq!(paper.community.as_ref().unwrap().as_str(), "roe-jo");
        let again = planned(rows, &state);
        assert_eq!(again.acts, []);
        assert_eq!(again.report.became.known, 2);
        let turned = planned(&rows.replace("pos", "neg"), &state);
        assert_eq!(turned.acts, []);
        assert_eq!(turned.report.skipped[0].what, "evidence");
    }

    #[test]
    fn what_a_row_does_not_say_is_left_out_and_said() {
        let rows = "c1,Tea wakes,Health,A trial,10.1000/abc,2001,,maybe,0.7,Yes,r1,x\n\
                    c2,Tea calms,Health,,,2001,,pos,0.7,Yes,r2,x\n\
                    c3,,Health,A trial,10.1000/abc,2001,,pos,0.7,Yes,r3,x\n\
                    c4,Tea,Health,A trial,10.1000/abc,2001,,pos,1.7,Yes,r4,x\n\
                    c4,Tea,Health,A trial,10.1000/abc,2001,,pos,1.7,Yes,r4,x\n";
        let plan = planned(rows, &empty_ledger());
        let skipped: Vec<_> = plan
            .report
            .skipped
            .iter()
            .map(|one| (one.row, one.what))
            .collect();
        let expected = [
            (1, "evidence"),
            (2, "evidence"),
            (3, "row"),
            (5, "evidence"),
        ];
        assert_eq!(skipped, expected);
        assert_eq!(plan.report.cleanups["strength_unreadable"].rows, 2);
        fold(&empty_ledger(), &plan, 100);
    }

    #[test]
    fn a_mapping_that_says_too_little_or_too_much_is_refused() {
        for (document, said) in [
            ("columns: {statement: A}", "name"),
            ("name: a\ncolumns: {statment: A}", "statment"),
            ("name: a\ncolumns: {title: A}", "statement"),
            ("name: a\ncolumns: {statement: A}", "relation"),
            (
                "name: a\ndelimiter: é\ncolumns: {statement: A, relation: B}",
                "delimiter",
            ),
            ("name: A b\ncolumns: {statement: A, relation: B}", "slug"),
            (
                "name: a\ncolumns: {statement: A, relation: B}\nrelations: {x: y}",
                "supports",
            ),
        ] {
            let error = CsvMapping::parse(document).unwrap_err().to_string();
            assert!(error.contains(said), "{document}: {error}");
        }
    }

    #[test]
    fn a_column_that_the_mapping_names_must_be_there() {
        let mapping = CsvMapping::parse(MAPPING).unwrap();
        let error = plan(
            &b"Claim,Id\na,b\n"[..],
            &mapping,
            &empty_ledger(),
            &mut |_| {},
        );
        let error = error.unwrap_err().to_string();
        assert!(
            error.starts_with("header: found the columns Claim, Id, expected Field"),
            "{error}"
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn any_cells_make_a_plan_that_is_admitted_and_planned_once(
            cells in proptest::collection::vec(proptest::collection::vec(".{0,30}", 12), 0..6)
        ) {
            let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
            writer.write_record(HEADER.trim().split(',')).unwrap();
            for row in &cells {
                let with_word = row.iter().enumerate().map(|(place, cell)| match place {
                    7 => if cell.len() % 2 == 0 { "pos" } else { "neg" },
                    _ => cell.as_str(),
                });
                writer.write_record(with_word).unwrap();
            }
            let bytes = writer.into_inner().unwrap();
            let mapping = CsvMapping::parse(MAPPING).unwrap();
            let empty = empty_ledger();
            let first = plan(&bytes[..], &mapping, &empty, &mut |_| {}).unwrap();
            let became = first.report.became;
            prop_assert_eq!(became.new + became.known + became.skipped, cells.len() as u64);
            let state = fold(&empty, &first, 7);
            prop_assert_eq!(plan(&bytes[..], &mapping, &state, &mut |_| {}).unwrap().acts, vec![]);
        }

        #[test]
        fn any_bytes_are_a_plan_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let mapping = CsvMapping::parse(MAPPING).unwrap();
            let with_header = [HEADER.as_bytes(), &bytes].concat();
            let empty = State::new();
            for file in [&bytes, &with_header] {
                let _ = plan(&file[..], &mapping, &empty, &mut |_| {});
                let _ = super::super::fred::plan(&file[..], &Default::default(), &empty, &mut |_| {});
                let _ = super::super::jsonl::plan(&file[..], &empty, &mut |_| {});
            }
        }
    }
}

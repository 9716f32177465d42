//! `docs/FORMAT.md` and the code say the same: every table that a test keeps is read here.
//!
//! A kept table stands under a line `<!-- kept: NAME -->`. Where it differs, the message holds the
//! table that the code would have.

use grounds::claim::{
    AgentKind, Alone, ArtifactKind, ArtifactStanding, CLOCK_SLACK, ClaimOrigin, Code, Data, Domain,
    EvidenceRelation, Falsifiability, Founder, KeyClaim, Lifecycle, LinkRelation, Nature,
    OUTRANKING, OtherThan, Passage, Polarity, Predecessor, RevocationReason, Role, ScopeRelation,
    Standing, Successor, Verdict, ViewRule, ViewVerdict, rule_names,
};
use grounds::envelope::{Anchor, MAX_COMMIT, MAX_ENTRY, MAX_EVENTS, MAX_SIGNATURES, TYPE};
use grounds::form::{Field, Form};
use grounds::json::{MAX_DEPTH, MAX_INTEGER};
use grounds::ledger::bundle::{
    BundleFile, CarriedLine, CarriedStream, ClaimedProfile, CoverageForm, CoverageForms, MAX_FILE,
    MapAt, ProofForm, StreamLeaf,
};
use grounds::value::ONE;

const FORMAT: &str = include_str!("../../docs/FORMAT.md");

#[test]
fn the_event_types_are_those_of_the_code() {
    let rows = Data::TYPES.iter().map(|row| {
        let on: Vec<&str> = row.on.iter().map(|kind| kind.word()).collect();
        let on = if on.is_empty() {
            "any".to_owned()
        } else {
            on.join(", ")
        };
        vec![ticked(row.name), on, fields(&(row.fields)())]
    });
    kept("events", &rows.collect::<Vec<_>>(), 3);
}

#[test]
fn the_records_inside_events_are_those_of_the_code() {
    let rows = [
        ("anchor", Anchor::fields()),
        ("key with proof", KeyClaim::fields()),
        ("agent of the genesis", Founder::fields()),
        ("predecessor", Predecessor::fields()),
        ("successor", Successor::fields()),
        ("domain", Domain::fields()),
        ("passage", Passage::fields()),
        ("rule of a view", ViewRule::fields()),
    ];
    let rows = rows.map(|(name, record)| vec![name.to_owned(), fields(&record)]);
    kept("records", &rows, 2);
}

#[test]
fn the_records_of_a_claim_bundle_are_those_of_the_code() {
    let rows = [
        ("claim bundle", BundleFile::fields()),
        ("map", MapAt::fields()),
        ("carried entry", CarriedLine::fields()),
        ("carried stream", CarriedStream::fields()),
        ("leaf", StreamLeaf::fields()),
        ("map proof", ProofForm::fields()),
        ("profile", ClaimedProfile::fields()),
        ("coverage", CoverageForms::fields()),
        ("coverage of a figure", CoverageForm::fields()),
    ];
    let rows = rows.map(|(name, record)| vec![name.to_owned(), fields(&record)]);
    kept("bundle", &rows, 2);
}

#[test]
fn the_words_of_every_enumeration_are_those_of_the_code() {
    let rows = [
        ("agent kind", AgentKind::describe()),
        ("role", Role::describe()),
        ("artifact kind", ArtifactKind::describe()),
        ("artifact standing", ArtifactStanding::describe()),
        ("nature", Nature::describe()),
        ("polarity", Polarity::describe()),
        ("falsifiability", Falsifiability::describe()),
        ("claim origin", ClaimOrigin::describe()),
        ("lifecycle", Lifecycle::describe()),
        ("standing", Standing::describe()),
        ("evidence relation", EvidenceRelation::describe()),
        ("scope relation", ScopeRelation::describe()),
        ("link relation", LinkRelation::describe()),
        ("verdict", Verdict::describe()),
        ("view verdict", ViewVerdict::describe()),
        ("revocation reason", RevocationReason::describe()),
        ("alone", Alone::describe()),
        ("other than", OtherThan::describe()),
    ];
    kept(
        "words",
        &rows.map(|(name, words)| vec![name.to_owned(), words]),
        2,
    );
}

#[test]
fn the_limits_are_those_of_the_code() {
    let rows = [
        ("commit, bytes", MAX_COMMIT.to_string()),
        ("events of a commit", MAX_EVENTS.to_string()),
        ("entry, bytes", MAX_ENTRY.to_string()),
        ("claim bundle, bytes", MAX_FILE.to_string()),
        ("signatures of a commit", MAX_SIGNATURES.to_string()),
        ("depth of arrays and objects", MAX_DEPTH.to_string()),
        ("largest integer", MAX_INTEGER.to_string()),
        ("one, in millionths", ONE.to_string()),
        (
            "author's clock ahead of the log's, microseconds",
            CLOCK_SLACK.to_string(),
        ),
    ];
    kept(
        "limits",
        &rows.map(|(name, value)| vec![name.to_owned(), value]),
        2,
    );
}

#[test]
fn the_codes_are_those_of_the_code_in_its_order() {
    let rows: Vec<_> = Code::ALL
        .iter()
        .map(|code| vec![ticked(code.word())])
        .collect();
    kept("codes", &rows, 1);
}

#[test]
fn the_rule_names_are_those_of_the_code() {
    let outranking = |name: &&str| OUTRANKING.contains(name);
    let rows = [
        vec![
            "event types".to_owned(),
            ticks(rule_names().filter(|name| !outranking(name))),
        ],
        vec!["outranking cases".to_owned(), ticks(OUTRANKING)],
    ];
    kept("rules", &rows, 2);
}

#[test]
fn the_payload_type_is_the_one_that_is_signed() {
    assert!(
        FORMAT.contains(&format!("`{TYPE}`")),
        "{TYPE} is not in docs/FORMAT.md"
    );
}

/// Compares the first `columns` of the table that the document keeps under `name`.
fn kept(name: &str, expected: &[Vec<String>], columns: usize) {
    let found: Vec<Vec<String>> = table(name)
        .into_iter()
        .map(|row| row.into_iter().take(columns).collect())
        .collect();
    if found != expected {
        let rows: Vec<String> = expected
            .iter()
            .map(|row| format!("| {} |", row.join(" | ")))
            .collect();
        let first = found
            .iter()
            .zip(expected)
            .position(|(left, right)| left != right);
        panic!(
            "docs/FORMAT.md, kept: {name}: row {} differs from the code, which has\n{}",
            first.unwrap_or(found.len().min(expected.len())) + 1,
            rows.join("\n")
        );
    }
}

/// The cells of a kept table, without its two head lines.
fn table(name: &str) -> Vec<Vec<String>> {
    let mark = format!("<!-- kept: {name} -->");
    let start = FORMAT
        .find(&mark)
        .unwrap_or_else(|| panic!("docs/FORMAT.md has no line {mark}"));
    FORMAT[start..]
        .lines()
        .skip(1)
        .take_while(|line| line.starts_with('|'))
        .skip(2)
        .map(|line| {
            let inner = line.trim().trim_start_matches('|').trim_end_matches('|');
            inner
                .split(" | ")
                .map(|cell| cell.trim().to_owned())
                .collect()
        })
        .collect()
}

fn fields(record: &[Field]) -> String {
    let field = |field: &Field| {
        let mark = if field.optional { "?" } else { "" };
        format!("`{}`{mark} {}", field.name, field.form)
    };
    record.iter().map(field).collect::<Vec<_>>().join("; ")
}

fn ticked(word: &str) -> String {
    format!("`{word}`")
}

fn ticks<'w>(words: impl IntoIterator<Item = &'w str>) -> String {
    words.into_iter().map(ticked).collect::<Vec<_>>().join(", ")
}

/// The encodings that other implementations must refuse as R; as keys the crate refuses them too.
#[test]
fn every_small_order_encoding_of_the_document_is_refused_as_a_key() {
    let is_encoding = |line: &&str| line.len() == 64 && line.bytes().all(|b| b.is_ascii_hexdigit());
    let encodings: Vec<&str> = FORMAT.lines().filter(is_encoding).collect();
    assert_eq!(encodings.len(), 14);
    for encoding in encodings {
        let raw = crate::golden_commit::unhex(encoding)
            .try_into()
            .expect("32 bytes");
        let key = grounds::value::PublicKey(raw);
        assert!(
            grounds::envelope::sound(&key).is_err(),
            "{encoding} was taken"
        );
    }
}

//! JSON Lines: each line one act, `{"subject", "effective"?, "type", "data"}`, in ordinary JSON.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read};

use crate::claim::{Act, Claim, ClaimLinked, ClaimScoped, Data, EvidenceAdded, State};
use crate::json::Json;
use crate::value::{FormError, Kind, Subject};

use super::Plan;
use super::draft::Draft;
use super::error::ImportError;
use super::report::Place;

/// Bytes that a line may have: more than any commit has.
const LINE_BYTES: u64 = 1 << 20;

/// Plans the acts of a file of JSON Lines into a ledger in this state. Empty lines are passed over.
///
/// An act that is there already is not planned again: the creation of a subject that exists,
/// evidence with the same relation, artifact and key, a scope, a link or a note that says the same.
/// Whether the rest is admitted, admission says. `progress` is told the number of lines read.
///
/// # Errors
/// The first line that is no JSON, holds a number that is no integer within ±(2^53 − 1), or is no
/// act; a line beyond 1 MiB; a file that cannot be read or holds no act.
pub fn plan(
    reader: impl Read,
    state: &State,
    progress: &mut dyn FnMut(u64),
) -> Result<Plan, ImportError> {
    let mut draft = Draft::of(state);
    let mut reader = BufReader::new(reader);
    let mut seen = BTreeSet::new();
    let mut number = 0;
    while let Some(line) = next_line(&mut reader, number + 1)? {
        number += 1;
        let text = if number == 1 {
            line.trim_start_matches('\u{feff}')
        } else {
            &line
        };
        if text.trim().is_empty() {
            continue;
        }
        let act = read_act(text).map_err(|fault| ImportError::Line {
            line: number,
            fault,
        })?;
        progress(number);
        draft.report.rows += 1;
        let place = Place {
            row: number,
            id: act.subject.to_string(),
        };
        take(&mut draft, act, &place, &mut seen);
    }
    if draft.report.rows == 0 {
        return Err(ImportError::Empty);
    }
    Ok(draft.close())
}

fn next_line(reader: &mut impl BufRead, number: u64) -> Result<Option<String>, ImportError> {
    let mut bytes = Vec::new();
    let read = reader.take(LINE_BYTES + 1).read_until(b'\n', &mut bytes);
    if read.map_err(ImportError::Io)? == 0 {
        return Ok(None);
    }
    if bytes.len() as u64 > LINE_BYTES {
        let fault = FormError::limit(
            format!("more than {LINE_BYTES} bytes"),
            format!("a line of at most {LINE_BYTES} bytes"),
        );
        return Err(ImportError::Line {
            line: number,
            fault,
        });
    }
    let text = String::from_utf8(bytes).map_err(|error| ImportError::Line {
        line: number,
        fault: FormError::schema(
            format!(
                "at byte {} what is not UTF-8",
                error.utf8_error().valid_up_to() + 1
            ),
            "UTF-8",
        ),
    })?;
    Ok(Some(text))
}

fn read_act(text: &str) -> Result<Act, FormError> {
    let json: Json<'static> = serde_json::from_str(text)
        .map_err(|error| FormError::schema(error.to_string(), "a JSON object on one line"))?;
    Act::read(&json)
}

fn take(draft: &mut Draft<'_>, act: Act, place: &Place, seen: &mut BTreeSet<String>) {
    let tally = |draft: &mut Draft<'_>, is_new: bool| {
        let report = &mut draft.report;
        let tally = match &act.data {
            Data::ClaimAsserted(_) => &mut report.claims,
            Data::ArtifactRegistered(_) => &mut report.artifacts,
            Data::EvidenceAdded(_) => &mut report.evidence,
            Data::NoteAdded(_) => &mut report.notes,
            Data::EvidenceRevised(_) if is_new => {
                report.revised += 1;
                return;
            }
            _ => &mut report.other,
        };
        match is_new {
            true => tally.new += 1,
            false => tally.known += 1,
        }
    };
    let identity = identity(&act);
    if identity.is_some_and(|identity| !seen.insert(identity)) {
        draft.report.became.skipped += 1;
        draft
            .report
            .skip(place, "act", "the same as an earlier line");
        return;
    }
    if is_there(draft.state, &act) {
        tally(draft, false);
        draft.report.became.known += 1;
        return;
    }
    tally(draft, true);
    draft.report.became.new += 1;
    draft.push(act);
}

/// What a file must not say twice; none for acts that may be repeated.
fn identity(act: &Act) -> Option<String> {
    let subject = &act.subject;
    let what = match &act.data {
        data if creates(data) => String::new(),
        Data::EvidenceAdded(data) => {
            let key = data.key.as_ref().map_or("", |key| key.as_str());
            format!("{} {} {key}", data.relation, data.artifact.subject())
        }
        Data::ClaimScoped(data) => format!("{} {}", data.relation, data.context.subject()),
        Data::ClaimLinked(data) => format!("{} {}", data.relation, data.target.subject()),
        Data::NoteAdded(data) => format!("{:?} {}", data.on, data.text),
        _ => return None,
    };
    Some(format!("{subject}\n{}\n{what}", act.data.name()))
}

fn creates(data: &Data) -> bool {
    matches!(
        data,
        Data::LedgerCreated(_)
            | Data::AgentRegistered(_)
            | Data::ArtifactRegistered(_)
            | Data::ContextDefined(_)
            | Data::ClaimAsserted(_)
            | Data::ViewDefined(_)
    )
}

fn is_there(state: &State, act: &Act) -> bool {
    if creates(&act.data) {
        return state.is_taken(&act.subject);
    }
    let Subject::Entity(Kind::Claim, slug) = &act.subject else {
        return false;
    };
    let Some(claim) = state.claim(slug) else {
        return false;
    };
    match &act.data {
        Data::EvidenceAdded(data) => has_evidence(claim, data),
        Data::ClaimScoped(data) => has_scope(claim, data),
        Data::ClaimLinked(data) => has_link(claim, data),
        Data::NoteAdded(data) => claim.notes.iter().any(|event| match &event.data {
            Data::NoteAdded(note) => note.text == data.text && note.on == data.on,
            _ => false,
        }),
        _ => false,
    }
}

/// Withdrawn evidence counts as there: what was taken back is not brought again.
fn has_evidence(claim: &Claim, data: &EvidenceAdded) -> bool {
    claim.evidence.iter().any(|edge| {
        edge.relation == data.relation
            && edge.artifact == data.artifact
            && edge.key == data.key
            && (edge.key.is_some() || edge.withdrawn.is_none())
    })
}

fn has_scope(claim: &Claim, data: &ClaimScoped) -> bool {
    claim
        .live_scopes()
        .any(|(_, live)| live.relation == data.relation && live.context == data.context)
}

fn has_link(claim: &Claim, data: &ClaimLinked) -> bool {
    claim
        .live_links()
        .any(|(_, live)| live.relation == data.relation && live.target == data.target)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::trial::{empty_ledger, fold};
    use super::*;

    const FILE: &str = r#"
{"subject": "artifact/paper", "effective": "2001", "type": "artifact.registered", "data": {"title": "A \u00e9 paper", "kind": "paper"}}
{"type": "claim.asserted", "subject": "claim/tea", "data": {"statement": "Tea wakes", "summary": "Tea wakes.", "nature": "empirical", "polarity": "positive", "falsifiability": "falsifiable", "origin": "authored", "domains": [{"name": "Health", "weight": "1"}]}}

{"subject": "claim/tea", "type": "evidence.added", "data": {"relation": "supports", "artifact": "artifact/paper", "note": "It says so.", "key": "k1"}}
{"subject": "claim/tea", "type": "note.added", "data": {"text": "A note.", "on": 1}}
"#;

    fn planned(file: &str, state: &State) -> Result<Plan, ImportError> {
        plan(file.as_bytes(), state, &mut |_| {})
    }

    #[test]
    fn each_line_is_an_act_and_is_planned_once() {
        let first = planned(FILE, &empty_ledger()).unwrap();
        assert_eq!(first.report.rows, 4);
        assert_eq!(first.acts.len(), 4);
        assert_eq!(first.acts[0].effective.unwrap().to_string(), "2001");
        let state = fold(&empty_ledger(), &first, 1);
        let again = planned(FILE, &state).unwrap();
        assert_eq!(again.acts, []);
        assert_eq!(again.report.became.known, 4);
        let twice = planned(&format!("{FILE}{FILE}"), &empty_ledger()).unwrap();
        assert_eq!(twice.acts, first.acts);
        assert_eq!(twice.report.skipped.len(), 4);
    }

    #[test]
    fn a_line_that_is_no_act_is_refused_with_its_number() {
        let note =
            |data: &str| format!(r#"{{"subject":"claim/a","type":"note.added","data":{data}}}"#);
        for (line, said) in [
            (
                "[]".to_owned(),
                "line 2: found an array, expected an object",
            ),
            ("{".to_owned(), "line 2: found EOF"),
            (note(r#"{"text":"x","on":1.0}"#), "floating point"),
            (note(r#"{"text":"x","on":9007199254740993}"#), "beyond 2^53"),
            (note(r#"{"text":"x","text":"y"}"#), "twice"),
            (note(r#"{"text":"x","more":"y"}"#), "unknown field"),
            (note(r#"{"text":null}"#), "null"),
            (
                r#"{"subject":"claim/a","type":"note.made","data":{}}"#.to_owned(),
                "note.made",
            ),
            (
                r#"{"subject":"claim/a","type":"agent.changed","data":{"name":"x"}}"#.to_owned(),
                "agent.changed on",
            ),
            (
                r#"{"subject":"claim/a","type":"note.added"}"#.to_owned(),
                "line 2: data",
            ),
            (
                r#"{"seq":1,"subject":"claim/a","type":"note.added","data":{"text":"x"}}"#
                    .to_owned(),
                "seq",
            ),
        ] {
            let error = planned(&format!("\n{line}\n"), &empty_ledger())
                .unwrap_err()
                .to_string();
            assert!(
                error.contains(said) && error.starts_with("line 2: "),
                "{line}: {error}"
            );
        }
        assert!(matches!(
            planned("\n \n", &empty_ledger()),
            Err(ImportError::Empty)
        ));
        let deep = "[".repeat(100_000);
        assert!(matches!(
            planned(&deep, &empty_ledger()),
            Err(ImportError::Line { line: 1, .. })
        ));
        let huge = " ".repeat(2 << 20);
        assert!(matches!(
            planned(&huge, &empty_ledger()),
            Err(ImportError::Line { line: 1, .. })
        ));
    }
}

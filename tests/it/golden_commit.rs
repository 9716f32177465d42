//! The bytes of a commit are those that another implementation makes from the same plain data.
//!
//! `tests/vectors/commit.json` is the output of `tests/second/commit.py`, which shares no code with
//! the crate. `tests/run` makes it again and asks ssh-keygen and openssl as well.

use grounds::claim::Data;
use grounds::envelope::{
    Anchor, Commit, Draft, DraftEvent, Entry, PrivateKey, Signed, possession_message,
};
use grounds::hash::Hash;
use grounds::json::Json;
use grounds::tlog::leaf_hash;
use grounds::value::{PublicKey, Slug, Time};
use serde_json::Value;

const VECTORS: &str = include_str!("../vectors/commit.json");

#[test]
fn a_draft_becomes_the_commit_of_the_second_implementation() {
    for vector in vectors("commits") {
        let commit = draft(&vector["draft"])
            .seal()
            .expect("the draft has the form");
        assert_eq!(hex(&commit.bytes), text(&vector["commit"]));
        assert_eq!(commit.id().to_string(), text(&vector["commit_id"]));
        let ids: Vec<String> = commit.events.iter().map(|e| e.id.to_string()).collect();
        assert_eq!(Value::from(ids), vector["event_ids"]);
        assert_eq!(hex(&commit.message()), text(&vector["message"]));
    }
}

#[test]
fn a_sealed_commit_is_the_entry_line_of_the_second_implementation() {
    for vector in vectors("commits") {
        let commit = draft(&vector["draft"])
            .seal()
            .expect("the draft has the form");
        let mut signed = Signed {
            commit,
            signatures: Vec::new(),
        };
        let keys = seeds(&vector);
        keys.iter().for_each(|key| signed.sign(key));
        let public = |id| {
            keys.iter()
                .map(PrivateKey::public)
                .find(|key| key.id() == id)
        };
        let verified = signed
            .verify(|id| public(*id))
            .expect("what was signed holds");
        let recorded = time_of_entry(text(&vector["recorded"]));
        let line = verified.line(recorded).expect("the line is short");
        assert_eq!(hex(&line), text(&vector["line"]));
        assert_eq!(leaf_hash(&line).to_string(), text(&vector["leaf"]));
    }
}

#[test]
fn the_line_of_the_second_implementation_is_read_and_its_signatures_hold() {
    for vector in vectors("commits") {
        let line = unhex(text(&vector["line"]));
        let entry = Entry::parse(&line).expect("the line has the form");
        assert_eq!(entry.recorded, time_of_entry(text(&vector["recorded"])));
        for event in &entry.signed.commit.events {
            let data = Data::read(&event.kind, &event.data).expect("data has the form");
            data.stands_on(&event.subject).expect("the subject fits");
            assert_eq!(data.write(), event.data);
        }
        let keys = seeds(&vector);
        let public = |id| {
            keys.iter()
                .map(PrivateKey::public)
                .find(|key| key.id() == id)
        };
        assert!(entry.signed.verify(|id| public(*id)).is_ok());
    }
}

#[test]
fn a_commit_read_from_its_bytes_has_the_ids_it_was_made_with() {
    for vector in vectors("commits") {
        let bytes = unhex(text(&vector["commit"]));
        let commit = Commit::parse(&bytes).expect("the commit has the form");
        assert_eq!(commit.id().to_string(), text(&vector["commit_id"]));
        for pair in commit.events.windows(2) {
            if pair[0].subject == pair[1].subject {
                assert_eq!(pair[1].prev, Some(pair[0].id));
            }
        }
    }
}

#[test]
fn a_key_has_the_names_that_openssh_gives_it() {
    for key in vectors("keys") {
        let public = private(text(&key["seed"])).public();
        assert_eq!(public.to_string(), text(&key["public"]));
        assert_eq!(public.id().to_string(), text(&key["id"]));
        assert_eq!(hex(&public.0), text(&key["raw"]));
        assert_eq!(text(&key["public"]).parse(), Ok::<PublicKey, _>(public));
    }
}

#[test]
fn a_proof_of_possession_is_the_one_of_the_second_implementation() {
    for vector in vectors("possession") {
        let key = private(text(&vector["seed"]));
        let message = possession_message(
            &text(&vector["origin"]).parse().expect("an origin"),
            &slug(text(&vector["agent"])),
            &key.public(),
        );
        assert_eq!(hex(&message), text(&vector["message"]));
        let proof = Json::parse(format!("\"{}\"", text(&vector["proof"])).as_bytes())
            .map(|json| <[u8; 64] as grounds::form::Form>::read(&json))
            .expect("it is canonical");
        assert_eq!(proof, Ok(key.sign(&message)));
    }
}

fn draft(plain: &Value) -> Draft {
    let events = plain["events"].as_array().expect("a draft has events");
    Draft {
        ledger: text(&plain["ledger"]).parse().expect("an origin"),
        anchor: plain["anchor"].as_object().map(|anchor| Anchor {
            root: digest(&anchor["root"]),
            size: anchor["size"].as_u64().expect("a size"),
        }),
        author: slug(text(&plain["author"]).trim_start_matches("agent/")),
        at: Time::parse_seconds(text(&plain["at"])).expect("a time"),
        events: events.iter().map(draft_event).collect(),
    }
}

fn draft_event(plain: &Value) -> DraftEvent {
    let kind = text(&plain["type"]);
    let known = Data::TYPES.iter().find(|row| row.name == kind);
    DraftEvent {
        subject: text(&plain["subject"]).parse().expect("a subject"),
        seq: plain["seq"].as_u64().expect("a position"),
        prev: plain["prev"]
            .as_str()
            .map(|id| id.parse().expect("an event id")),
        effective: plain["effective"]
            .as_str()
            .map(|date| date.parse().expect("a date")),
        kind: known.expect("a known type").name,
        data: json(&plain["data"]),
    }
}

/// Plain data as a value whose members stand in any order: the writer has to sort them.
fn json(plain: &Value) -> Json<'static> {
    match plain {
        Value::Null => Json::Null,
        Value::Bool(value) => Json::Bool(*value),
        Value::Number(number) => Json::Int(number.as_i64().expect("an integer")),
        Value::String(text) => Json::string(text.clone()),
        Value::Array(items) => Json::Arr(items.iter().map(json).collect()),
        Value::Object(members) => Json::Obj(
            members
                .iter()
                .rev()
                .map(|(name, value)| (name.clone().into(), json(value)))
                .collect(),
        ),
    }
}

fn vectors(name: &str) -> Vec<Value> {
    let mut file: Value = serde_json::from_str(VECTORS).expect("the vectors are JSON");
    let list = file[name].take();
    let list = list.as_array().expect("a list").clone();
    assert!(!list.is_empty(), "{name} is empty");
    list
}

fn seeds(vector: &Value) -> Vec<PrivateKey> {
    let seeds = vector["seeds"].as_array().expect("a list of seeds");
    seeds.iter().map(|seed| private(text(seed))).collect()
}

fn private(seed: &str) -> PrivateKey {
    PrivateKey::from_seed(&unhex(seed).try_into().expect("a seed has 32 bytes"))
}

fn digest(value: &Value) -> Hash {
    text(value).parse().expect("a digest")
}

fn slug(text: &str) -> Slug {
    text.parse().expect("a slug")
}

fn time_of_entry(text: &str) -> Time {
    Time::parse_micros(text).expect("a time of an entry")
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes of hexadecimal digits.
pub(crate) fn unhex(digits: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).expect("hexadecimal digits");
    (0..digits.len()).step_by(2).map(byte).collect()
}

//! Commits.

use grounds::claim::Data;
use grounds::envelope::{Commit, Entry, MAX_COMMIT, Refused, Signed, line_of};
use grounds::hash::Hash;
use grounds::json::Json;
use grounds::ledger::{preview, preview_unsigned};
use grounds::value::Time;
use serde_json::Value;

use super::ground::{GOOD, key, origin};

/// - What is read is written back to the same bytes: the commit, its events' data.
/// - Ids are what another implementation of canonical JSON and the rule of docs/FORMAT.md give.
/// - A commit alone, in its seal and in a line are taken or refused alike.
/// - A commit is judged alike whether its signatures are there or only said to be; and what is
///   admitted is taken in.
pub fn run(data: &[u8]) {
    let read = Commit::parse(data);
    let wrapped = [
        b"{\"commit\":",
        data,
        b",\"signatures\":",
        SIGNATURES.as_bytes(),
        b"}",
    ]
    .concat();
    let signed = Signed::parse(&wrapped);
    assert!(
        signed.is_err() || read.is_ok(),
        "sealed, and refused alone: {read:?}"
    );
    match read {
        Ok(commit) => {
            let sealed = signed.expect("a commit is one inside its seal");
            assert_eq!(sealed.commit, commit);
            assert_eq!(sealed.to_bytes(), wrapped);
            accepted(data, commit);
        }
        Err(Refused::Bytes(error)) => {
            assert!(error.offset <= data.len());
            assert!(Json::parse(data).is_err());
        }
        Err(Refused::Form(error)) => {
            assert!(
                data.len() > MAX_COMMIT || Json::parse(data).is_ok(),
                "{error}"
            );
        }
    }
}

const SIGNATURES: &str = concat!(
    r#"[{"key":"SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","sig":"#,
    r#""AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="}]"#
);

fn accepted(data: &[u8], commit: Commit<'_>) {
    assert!(data.len() <= MAX_COMMIT);
    assert_eq!(&*commit.bytes, data);
    assert_eq!(commit.id().0, Hash::of(data));
    assert_eq!(commit.clone().into_owned(), commit);
    assert!((1..=256).contains(&commit.events.len()));
    let json: Value = serde_json::from_slice(data).expect("JSON to others too");
    assert_eq!(serde_json_canonicalizer::to_vec(&json).unwrap(), data);
    for (event, other) in commit.events.iter().zip(json["events"].as_array().unwrap()) {
        assert_eq!(event.id.0, id_of(other, &json));
        assert_eq!(event.seq == 1, event.prev.is_none());
        assert!(event.seq > 0);
        if let Ok(data) = Data::read(&event.kind, &event.data) {
            assert_eq!(
                data.write().to_bytes(),
                event.data.to_bytes(),
                "{}",
                event.kind
            );
            assert_eq!(data.name(), event.kind);
        }
    }
    let line = line_of(data, commit.at, &[]);
    assert!(Entry::parse(&line).is_err(), "a line without a signature");
    judged(commit);
}

/// The full event with the commit's `at`, `author`, `ledger` and `v`, hashed.
fn id_of(event: &Value, commit: &Value) -> Hash {
    let mut full = event.clone();
    for name in ["at", "author", "ledger", "v"] {
        full[name] = commit[name].clone();
    }
    Hash::of(&serde_json_canonicalizer::to_vec(&full).unwrap())
}

/// Signed by its author and by every other key that is published, in turn.
fn judged(commit: Commit<'_>) {
    let now = Time::parse_seconds("2026-03-09T20:30:00Z").unwrap();
    let author = commit.author.to_string();
    let signers: [&[&str]; 2] = [&[&author], &["registrar", "curator", "archivist"]];
    for names in signers {
        let mut signed = Signed {
            commit: commit.clone(),
            signatures: Vec::new(),
        };
        names.iter().for_each(|name| signed.sign(&key(name)));
        let keys: Vec<_> = names.iter().map(|name| key(name).public().id()).collect();
        let (state, tree) = (&GOOD.state, &GOOD.tree);
        let real = preview(state, tree, &origin(), &signed, now);
        let said = preview_unsigned(state, tree, &origin(), commit.clone(), &keys, now);
        match (real, said) {
            (Ok(real), Ok(said)) => {
                assert_eq!(real.entry, said.entry);
                assert_eq!(real.verdict, said.verdict);
                if real.verdict.is_ok() {
                    assert_eq!(real.state.size(), state.size() + 1);
                    assert_eq!(commit.ledger, origin());
                    assert!(state.admit(&real.entry).is_ok());
                }
            }
            (Err(real), Err(said)) => assert_eq!(real, said),
            (real, said) => panic!("{real:?} but unsigned {said:?}"),
        }
    }
}

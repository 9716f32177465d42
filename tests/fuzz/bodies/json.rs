//! The gate for canonical JSON.

use grounds::json::{Json, MAX_DEPTH, MAX_INTEGER};
use serde_json::Value;

/// What the gate takes is what another implementation of RFC 8785 writes of the value that another
/// parser reads; and what both of these agree on, within the limits of depth, numbers and names, it takes.
pub fn run(data: &[u8]) {
    let ours = Json::parse(data);
    let theirs = serde_json::from_slice::<Value>(data).ok();
    let rewritten = theirs
        .as_ref()
        .and_then(|value| serde_json_canonicalizer::to_vec(value).ok());
    match &ours {
        Ok(json) => {
            assert_eq!(json.to_bytes(), data);
            assert_eq!(rewritten.as_deref(), Some(data), "{json:?}");
            assert_eq!(json.clone().into_owned(), *json);
            let relaxed: Json<'static> = serde_json::from_slice(data).expect("JSON");
            assert_eq!(relaxed, *json);
        }
        Err(error) => {
            assert!(error.offset <= data.len());
            let is_canonical = rewritten.as_deref() == Some(data);
            let is_within = theirs.as_ref().is_some_and(|value| within(value, 1));
            assert!(!(is_canonical && is_within), "refused: {error}");
            // The first wrong byte is the first: what stands before it is the beginning of nothing
            // that another reading would refuse earlier.
            if let Err(earlier) = Json::parse(&data[..error.offset]) {
                assert!(earlier.offset <= error.offset);
            }
        }
    }
    // The lenient reader takes no other numbers and no name twice, and what it has read is written
    // as the gate takes it, within the same limits.
    if let Ok(relaxed) = serde_json::from_slice::<Json<'static>>(data) {
        let bytes = relaxed.to_bytes();
        match Json::parse(&bytes) {
            Ok(again) => assert_eq!(again.to_bytes(), bytes),
            Err(error) => assert!(theirs.is_some_and(|value| !within(&value, 1)), "{error}"),
        }
    }
}

fn within(value: &Value, level: usize) -> bool {
    match value {
        Value::Number(number) => number
            .as_i64()
            .is_some_and(|number| (-MAX_INTEGER..=MAX_INTEGER).contains(&number)),
        Value::Array(items) => {
            level <= MAX_DEPTH && items.iter().all(|item| within(item, level + 1))
        }
        Value::Object(members) => {
            let mut names: Vec<String> = members
                .keys()
                .map(|name| name.to_ascii_lowercase())
                .collect();
            names.sort_unstable();
            names.dedup();
            level <= MAX_DEPTH
                && names.len() == members.len()
                && members.values().all(|item| within(item, level + 1))
        }
        _ => true,
    }
}

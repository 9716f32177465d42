//! Mappings: documents in YAML or JSON that say what a table's cells mean. Unknown fields, and
//! values of another form, are refused.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::{DeserializeOwned, Deserializer, Error, Visitor};

use crate::value::{FormError, Line};

/// A mapping that is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappingError {
    /// What is wrong, with its place where that is known.
    pub fault: String,
}

impl fmt::Display for MappingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "mapping: {}", self.fault)
    }
}

impl std::error::Error for MappingError {}

impl MappingError {
    pub(super) fn new(fault: impl Into<String>) -> MappingError {
        MappingError {
            fault: fault.into(),
        }
    }
}

/// Bytes that a mapping may have.
const DOCUMENT_BYTES: usize = 1 << 20;

/// Reads a document: JSON where it begins with `{`, else YAML.
pub(super) fn read<T: DeserializeOwned>(document: &str) -> Result<T, MappingError> {
    if document.len() > DOCUMENT_BYTES {
        return Err(MappingError::new(format!(
            "found {} bytes, expected at most {DOCUMENT_BYTES}",
            document.len()
        )));
    }
    if document.trim_start().starts_with('{') {
        return serde_json::from_str(document)
            .map_err(|error| MappingError::new(error.to_string()));
    }
    serde_yaml_ng::from_str(document).map_err(|error| MappingError::new(error.to_string()))
}

/// A value that the ledger has a spelling for, read from a string in that spelling.
pub(super) fn spelled<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err = FormError>,
{
    deserializer.deserialize_any(Spelled(PhantomData))
}

/// The same, where it may be absent.
pub(super) fn maybe_spelled<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err = FormError>,
{
    spelled(deserializer).map(Some)
}

struct Spelled<T>(PhantomData<T>);

impl<T: FromStr<Err = FormError>> Visitor<'_> for Spelled<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string in quotes, such as \"0.7\" or \"empirical\"")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

/// One line of text.
pub(super) fn line<'de, D, const MAX: usize>(deserializer: D) -> Result<Line<MAX>, D::Error>
where
    D: Deserializer<'de>,
{
    let text: String = serde::Deserialize::deserialize(deserializer)?;
    Line::parse(&text).map_err(D::Error::custom)
}

/// Words and their meaning; a word given twice is refused.
pub(super) fn unique<'de, D, T>(deserializer: D) -> Result<BTreeMap<String, T>, D::Error>
where
    D: Deserializer<'de>,
    T: serde::Deserialize<'de>,
{
    deserializer.deserialize_map(Unique(PhantomData))
}

struct Unique<T>(PhantomData<T>);

impl<'de, T: serde::Deserialize<'de>> Visitor<'de> for Unique<T> {
    type Value = BTreeMap<String, T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("words and their meaning")
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut words = BTreeMap::new();
        while let Some(word) = map.next_key::<String>()? {
            let meaning = map.next_value()?;
            if words.insert(word.clone(), meaning).is_some() {
                return Err(A::Error::custom(format!(
                    "found {word} twice, expected it once"
                )));
            }
        }
        Ok(words)
    }
}

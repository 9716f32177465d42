//! Canonical JSON (RFC 8785, JCS) of the kind the ledger signs: the gate that reads bytes, and the
//! writer.
//!
//! The gate accepts fixed points only: bytes that equal what [`Json::write`] makes of their value.
//! It reads them in one pass and says where and why the first byte differs, instead of parsing
//! leniently and comparing afterwards: lenient parsers keep the last of two equal names, round
//! numbers and lose the place. Numbers are plain integers within ±(2^53 − 1).

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// The largest integer that every JSON reader keeps exact: 2^53 − 1 (RFC 8259, section 6).
pub const MAX_INTEGER: i64 = (1 << 53) - 1;

/// How deep arrays and objects may nest; the outermost is at depth 1.
pub const MAX_DEPTH: usize = 16;

/// A JSON value whose numbers are integers. Strings are borrowed from the bytes where no escape
/// stands in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Json<'a> {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// An integer within ±(2^53 − 1).
    Int(i64),
    /// A string.
    Str(Cow<'a, str>),
    /// An array.
    Arr(Vec<Json<'a>>),
    /// An object: names and values, in any order here, in order of UTF-16 code units when written.
    Obj(Vec<(Cow<'a, str>, Json<'a>)>),
}

/// Bytes that are not canonical JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotCanonical {
    /// Offset of the first byte that is wrong, from 0.
    pub offset: usize,
    /// What stands there.
    pub found: String,
    /// What canonical JSON would have there.
    pub expected: &'static str,
}

impl fmt::Display for NotCanonical {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "byte {}: found {}, expected {}",
            self.offset, self.found, self.expected
        )
    }
}

impl std::error::Error for NotCanonical {}

impl<'a> Json<'a> {
    /// Reads one value; the bytes must be exactly its canonical form.
    ///
    /// # Errors
    /// The first byte at which `bytes` is not canonical JSON.
    pub fn parse(bytes: &'a [u8]) -> Result<Json<'a>, NotCanonical> {
        let mut reader = Reader::new(bytes)?;
        let value = reader.value(1)?;
        reader.end()?;
        Ok(value)
    }

    /// The canonical bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(512);
        self.write(&mut bytes);
        bytes
    }

    /// The canonical form as text.
    #[must_use]
    pub fn to_text(&self) -> String {
        String::from_utf8(self.to_bytes()).expect("canonical JSON is UTF-8")
    }

    /// Appends the canonical bytes.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Json::Null => out.extend(b"null"),
            Json::Bool(true) => out.extend(b"true"),
            Json::Bool(false) => out.extend(b"false"),
            Json::Int(number) => out.extend(number.to_string().bytes()),
            Json::Str(text) => write_string(text, out),
            Json::Arr(items) => write_array(items, out),
            Json::Obj(members) => write_object(members, out),
        }
    }

    /// An object of these members.
    pub fn object<const N: usize>(members: [(&'static str, Json<'a>); N]) -> Json<'a> {
        Json::Obj(
            members
                .into_iter()
                .map(|(name, value)| (name.into(), value))
                .collect(),
        )
    }

    /// A string.
    pub fn string(text: impl Into<Cow<'a, str>>) -> Json<'a> {
        Json::Str(text.into())
    }

    /// The value of a name, in an object.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Json<'a>> {
        match self {
            Json::Obj(members) => members
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value),
            _ => None,
        }
    }

    /// The same value, owing nothing to the bytes it was read from.
    #[must_use]
    pub fn into_owned(self) -> Json<'static> {
        match self {
            Json::Null => Json::Null,
            Json::Bool(value) => Json::Bool(value),
            Json::Int(number) => Json::Int(number),
            Json::Str(text) => Json::Str(Cow::Owned(text.into_owned())),
            Json::Arr(items) => Json::Arr(items.into_iter().map(Json::into_owned).collect()),
            Json::Obj(members) => Json::Obj(
                members
                    .into_iter()
                    .map(|(name, value)| (Cow::Owned(name.into_owned()), value.into_owned()))
                    .collect(),
            ),
        }
    }

    /// The kind of value, for messages.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Json::Null => "null",
            Json::Bool(_) => "a boolean",
            Json::Int(_) => "a number",
            Json::Str(_) => "a string",
            Json::Arr(_) => "an array",
            Json::Obj(_) => "an object",
        }
    }
}

/// How many values a text of JSON holds at most, told from its commas and brackets without reading
/// it: a value takes many times its bytes in memory, and whoever has a limit asks first.
#[must_use]
pub fn most_values(bytes: &[u8]) -> usize {
    let (mut count, mut is_text, mut is_escaped) = (1, false, false);
    for byte in bytes {
        match (is_text, byte) {
            (true, _) if is_escaped => is_escaped = false,
            (true, b'\\') => is_escaped = true,
            (_, b'"') => is_text = !is_text,
            (false, b',' | b'[' | b'{') => count += 1,
            _ => {}
        }
    }
    count
}

fn write_array(items: &[Json<'_>], out: &mut Vec<u8>) {
    out.push(b'[');
    for (position, item) in items.iter().enumerate() {
        if position > 0 {
            out.push(b',');
        }
        item.write(out);
    }
    out.push(b']');
}

fn write_object(members: &[(Cow<'_, str>, Json<'_>)], out: &mut Vec<u8>) {
    let sorted = members
        .windows(2)
        .all(|pair| utf16_order(&pair[0].0, &pair[1].0).is_lt());
    if sorted {
        return write_members(members.iter(), out);
    }
    let mut ordered: Vec<_> = members.iter().collect();
    ordered.sort_by(|left, right| utf16_order(&left.0, &right.0));
    write_members(ordered.into_iter(), out);
}

fn write_members<'m>(
    members: impl Iterator<Item = &'m (Cow<'m, str>, Json<'m>)>,
    out: &mut Vec<u8>,
) {
    out.push(b'{');
    for (position, (name, value)) in members.enumerate() {
        if position > 0 {
            out.push(b',');
        }
        write_string(name, out);
        out.push(b':');
        value.write(out);
    }
    out.push(b'}');
}

/// RFC 8785, section 3.2.3: names sort by their UTF-16 code units.
fn utf16_order(left: &str, right: &str) -> Ordering {
    if left.is_ascii() && right.is_ascii() {
        return left.cmp(right);
    }
    left.encode_utf16().cmp(right.encode_utf16())
}

/// RFC 8785, section 3.2.2.2: the short escapes, `\u00xx` for the other controls, else itself.
fn write_string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let bytes = text.as_bytes();
    let mut plain = 0;
    for (position, byte) in bytes.iter().enumerate() {
        if *byte >= 0x20 && *byte != b'"' && *byte != b'\\' {
            continue;
        }
        out.extend(&bytes[plain..position]);
        plain = position + 1;
        match short_escape(*byte) {
            Some(letter) => out.extend([b'\\', letter]),
            None => out.extend(format!("\\u{byte:04x}").bytes()),
        }
    }
    out.extend(&bytes[plain..]);
    out.push(b'"');
}

fn short_escape(byte: u8) -> Option<u8> {
    Some(match byte {
        0x08 => b'b',
        0x09 => b't',
        0x0a => b'n',
        0x0c => b'f',
        0x0d => b'r',
        b'"' => b'"',
        b'\\' => b'\\',
        _ => return None,
    })
}

/// The gate, at a place in the bytes.
pub(crate) struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// # Errors
    /// When the bytes are not UTF-8.
    pub(crate) fn new(bytes: &'a [u8]) -> Result<Reader<'a>, NotCanonical> {
        let text = std::str::from_utf8(bytes).map_err(|error| NotCanonical {
            offset: error.valid_up_to(),
            found: format!(
                "the byte 0x{:02x}, which is not UTF-8",
                bytes[error.valid_up_to()]
            ),
            expected: "UTF-8",
        })?;
        Ok(Reader { text, bytes, at: 0 })
    }

    /// Offset of the next byte.
    pub(crate) fn offset(&self) -> usize {
        self.at
    }

    /// # Errors
    /// When anything is left.
    pub(crate) fn end(&self) -> Result<(), NotCanonical> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.fault("the end")),
        }
    }

    /// Steps over these bytes.
    ///
    /// # Errors
    /// When other bytes stand there.
    pub(crate) fn literal(
        &mut self,
        literal: &str,
        expected: &'static str,
    ) -> Result<(), NotCanonical> {
        if !self.bytes[self.at..].starts_with(literal.as_bytes()) {
            return Err(self.fault(expected));
        }
        self.at += literal.len();
        Ok(())
    }

    /// Reads a value that nests at `depth`.
    ///
    /// # Errors
    /// The first byte that is wrong.
    pub(crate) fn value(&mut self, depth: usize) -> Result<Json<'a>, NotCanonical> {
        match self.peek() {
            Some(b'"') => Ok(Json::Str(self.string()?)),
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'-' | b'0'..=b'9') => self.integer(),
            Some(b't') => self.literal("true", "true").map(|()| Json::Bool(true)),
            Some(b'f') => self.literal("false", "false").map(|()| Json::Bool(false)),
            Some(b'n') => self.literal("null", "null").map(|()| Json::Null),
            _ => Err(self.fault("a JSON value")),
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn fault(&self, expected: &'static str) -> NotCanonical {
        self.fault_at(self.at, expected)
    }

    fn fault_at(&self, offset: usize, expected: &'static str) -> NotCanonical {
        NotCanonical {
            offset,
            found: self.describe(offset),
            expected,
        }
    }

    fn describe(&self, offset: usize) -> String {
        if offset == 0 && self.bytes.starts_with(b"\xef\xbb\xbf") {
            return "a byte order mark".to_owned();
        }
        match self.text.get(offset..).and_then(|rest| rest.chars().next()) {
            None => "the end of the bytes".to_owned(),
            Some(' ' | '\t' | '\n' | '\r') => "white space".to_owned(),
            Some(character) if character.is_ascii_graphic() => format!("`{character}`"),
            Some(character) => format!("U+{:04X}", u32::from(character)),
        }
    }

    fn array(&mut self, depth: usize) -> Result<Json<'a>, NotCanonical> {
        self.descend(depth)?;
        let mut items = Vec::new();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Json::Arr(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(Json::Arr(items));
                }
                _ => return Err(self.fault("`,` or `]`")),
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json<'a>, NotCanonical> {
        self.descend(depth)?;
        let mut members: Vec<(Cow<'a, str>, Json<'a>)> = Vec::new();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Json::Obj(members));
        }
        loop {
            let start = self.at;
            let name = self.name()?;
            self.in_order(start, members.last().map(|(before, _)| &**before), &name)?;
            self.literal(":", "`:`")?;
            let value = self.value(depth + 1)?;
            members.push((name, value));
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    self.distinct_without_case(start, &members)?;
                    return Ok(Json::Obj(members));
                }
                _ => return Err(self.fault("`,` or `}`")),
            }
        }
    }

    fn descend(&mut self, depth: usize) -> Result<(), NotCanonical> {
        if depth > MAX_DEPTH {
            return Err(NotCanonical {
                offset: self.at,
                found: format!("depth {depth}"),
                expected: "at most 16 levels of arrays and objects",
            });
        }
        self.at += 1;
        Ok(())
    }

    fn name(&mut self) -> Result<Cow<'a, str>, NotCanonical> {
        match self.peek() {
            Some(b'"') => self.string(),
            _ => Err(self.fault("a name in quotes")),
        }
    }

    fn in_order(&self, start: usize, before: Option<&str>, name: &str) -> Result<(), NotCanonical> {
        let expected = match before.map(|before| utf16_order(before, name)) {
            None | Some(Ordering::Less) => return Ok(()),
            Some(Ordering::Equal) => "each name once",
            Some(Ordering::Greater) => "names in the order of their UTF-16 code units",
        };
        Err(NotCanonical {
            offset: start,
            found: crate::value::excerpt(name),
            expected,
        })
    }

    /// Two names that differ only in case are refused: readers that fold case would disagree.
    fn distinct_without_case(
        &self,
        start: usize,
        members: &[(Cow<'a, str>, Json<'a>)],
    ) -> Result<(), NotCanonical> {
        if members
            .iter()
            .all(|(name, _)| !name.bytes().any(|b| b.is_ascii_uppercase()))
        {
            return Ok(());
        }
        let mut folded: Vec<String> = members
            .iter()
            .map(|(name, _)| name.to_ascii_lowercase())
            .collect();
        folded.sort_unstable();
        match folded.windows(2).find(|pair| pair[0] == pair[1]) {
            None => Ok(()),
            Some(pair) => Err(NotCanonical {
                offset: start,
                found: crate::value::excerpt(&pair[0]),
                expected: "names that differ in more than case",
            }),
        }
    }

    fn integer(&mut self) -> Result<Json<'a>, NotCanonical> {
        let start = self.at;
        let negative = self.peek() == Some(b'-');
        self.at += usize::from(negative);
        let first = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        let digits = &self.text[first..self.at];
        if matches!(self.peek(), Some(b'.' | b'e' | b'E')) {
            return Err(self.fault("a plain integer, without fraction or exponent"));
        }
        if digits.is_empty() || (digits.len() > 1 && digits.starts_with('0')) {
            return Err(self.fault_at(first, "an integer without leading zeros"));
        }
        if negative && digits == "0" {
            return Err(self.fault_at(start, "0 without a sign"));
        }
        match self.text[start..self.at].parse::<i64>() {
            Ok(number) if number.abs() <= MAX_INTEGER => Ok(Json::Int(number)),
            _ => Err(NotCanonical {
                offset: start,
                found: crate::value::excerpt(&self.text[start..self.at]),
                expected: "an integer within ±(2^53 − 1)",
            }),
        }
    }

    fn string(&mut self) -> Result<Cow<'a, str>, NotCanonical> {
        self.at += 1;
        let start = self.at;
        self.skip_plain();
        if self.peek() == Some(b'"') {
            let text = &self.text[start..self.at];
            self.at += 1;
            return Ok(Cow::Borrowed(text));
        }
        let mut text = self.text[start..self.at].to_owned();
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Cow::Owned(text));
                }
                Some(b'\\') => text.push(self.escape()?),
                None => return Err(self.fault("`\"` at the end of the string")),
                Some(byte) if byte < 0x20 => {
                    return Err(NotCanonical {
                        offset: self.at,
                        found: format!("the control character U+{byte:04X}"),
                        expected: "control characters escaped",
                    });
                }
                Some(_) => {
                    let plain = self.at;
                    self.skip_plain();
                    text.push_str(&self.text[plain..self.at]);
                }
            }
        }
    }

    fn skip_plain(&mut self) {
        let plain = |byte: &u8| *byte >= 0x20 && *byte != b'"' && *byte != b'\\';
        self.at += self.bytes[self.at..]
            .iter()
            .take_while(|byte| plain(byte))
            .count();
    }

    fn escape(&mut self) -> Result<char, NotCanonical> {
        let start = self.at;
        let rest = &self.bytes[start + 1..];
        let (character, length) = match rest.first() {
            Some(b'"') => ('"', 2),
            Some(b'\\') => ('\\', 2),
            Some(b'b') => ('\u{8}', 2),
            Some(b't') => ('\t', 2),
            Some(b'n') => ('\n', 2),
            Some(b'f') => ('\u{c}', 2),
            Some(b'r') => ('\r', 2),
            Some(b'u') => (self.escaped_control(start)?, 6),
            _ => return Err(self.fault_at(start + 1, "one of the escapes that canonical JSON has")),
        };
        self.at += length;
        Ok(character)
    }

    /// `\u00xx`, in lower case, for a control character that has no short escape.
    fn escaped_control(&self, start: usize) -> Result<char, NotCanonical> {
        let wrong = || NotCanonical {
            offset: start,
            found: crate::value::excerpt(self.text.get(start..start + 6).unwrap_or("\\u")),
            expected: "the character itself, or its short escape",
        };
        let digits = self.text.get(start + 2..start + 6).ok_or_else(wrong)?;
        let byte = u8::from_str_radix(digits, 16)
            .ok()
            .filter(|byte| *byte < 0x20);
        match byte {
            Some(byte) if short_escape(byte).is_none() && format!("{byte:04x}") == digits => {
                Ok(char::from(byte))
            }
            _ => Err(wrong()),
        }
    }
}

/// Ordinary JSON: any order of names, any white space and escapes. Numbers are integers all the same,
/// and no name stands twice.
impl<'de> Deserialize<'de> for Json<'static> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Json<'static>, D::Error> {
        deserializer.deserialize_any(PlainVisitor)
    }
}

struct PlainVisitor;

impl<'de> Visitor<'de> for PlainVisitor {
    type Value = Json<'static>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON whose numbers are integers within 2^53 - 1")
    }

    fn visit_unit<E>(self) -> Result<Json<'static>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json<'static>, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Json<'static>, E> {
        match number.unsigned_abs() <= MAX_INTEGER.unsigned_abs() {
            true => Ok(Json::Int(number)),
            false => Err(E::custom(format!("the number {number} is beyond 2^53 - 1"))),
        }
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Json<'static>, E> {
        match i64::try_from(number) {
            Ok(number) => self.visit_i64(number),
            Err(_) => Err(E::custom(format!("the number {number} is beyond 2^53 - 1"))),
        }
    }

    fn visit_str<E>(self, text: &str) -> Result<Json<'static>, E> {
        Ok(Json::Str(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json<'static>, A::Error> {
        let mut read = Vec::new();
        while let Some(item) = items.next_element()? {
            read.push(item);
        }
        Ok(Json::Arr(read))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Json<'static>, A::Error> {
        let mut names = BTreeSet::new();
        let mut read = Vec::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value()?;
            if !names.insert(name.clone()) {
                return Err(A::Error::custom(format!("the name {name:?} stands twice")));
            }
            read.push((Cow::Owned(name), value));
        }
        Ok(Json::Obj(read))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_json() -> impl Strategy<Value = Json<'static>> {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::Bool),
            (-MAX_INTEGER..=MAX_INTEGER).prop_map(Json::Int),
            any::<String>().prop_map(Json::string),
        ];
        leaf.prop_recursive(5, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Json::Arr),
                prop::collection::btree_map("[a-z\u{e000}-\u{ffff}\u{10000}]{0,4}", inner, 0..6)
                    .prop_map(|members| Json::Obj(
                        members
                            .into_iter()
                            .map(|(k, v)| (Cow::Owned(k), v))
                            .collect()
                    )),
            ]
        })
    }

    /// What another implementation of RFC 8785 makes of the same bytes.
    fn second_opinion(bytes: &[u8]) -> Option<Vec<u8>> {
        let value: serde_json::Value = serde_json::from_slice(bytes).ok()?;
        serde_json_canonicalizer::to_vec(&value).ok()
    }

    proptest! {
        #[test]
        fn what_is_written_is_a_fixed_point_for_a_second_implementation_too(json in any_json()) {
            let bytes = json.to_bytes();
            prop_assert_eq!(second_opinion(&bytes).unwrap(), bytes.clone());
            let again = Json::parse(&bytes).unwrap();
            prop_assert_eq!(again.to_bytes(), bytes);
        }

        #[test]
        fn the_gate_accepts_only_fixed_points(json in any_json(), at in any::<prop::sample::Index>(), byte in any::<u8>(), grow in any::<bool>()) {
            let mut bytes = json.to_bytes();
            let at = at.index(bytes.len());
            if grow { bytes.insert(at, byte) } else { bytes[at] = byte }
            if let Ok(read) = Json::parse(&bytes) {
                prop_assert_eq!(read.to_bytes(), bytes.clone());
                prop_assert_eq!(second_opinion(&bytes).unwrap(), bytes);
            }
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = Json::parse(&bytes);
        }
    }

    #[test]
    fn the_classes_of_hostile_json_are_refused_with_a_place() {
        let cases: &[(&[u8], usize)] = &[
            (b"", 0),
            (b" ", 0),
            (b"\xef\xbb\xbf{}", 0),
            (b"{}\0", 2),
            (b"{} ", 2),
            (b"{}{}", 2),
            (b"[1,]", 3),
            (b"{\"a\":1,}", 7),
            (b"'a'", 0),
            (b"NaN", 0),
            (b"01", 0),
            (b"+1", 0),
            (b".5", 0),
            (b"5.", 1),
            (b"0x1", 1),
            (b"\"\t\"", 1),
            (b"\"\\u0041\"", 1),
            (b"\"\\u{41}\"", 1),
            (b"\"\\x41\"", 2),
            (b"\"\\ud800\"", 1),
            (b"\"\\/\"", 2),
            (b"\"\\u001F\"", 1),
            (b"\"\\u000a\"", 1),
            (b"\"\xc0\xaf\"", 1),
            (b"\"\xed\xa0\x80\"", 1),
            (b"\"\xf4\x90\x80\x80\"", 1),
            (b"\"\xe2\x82", 1),
            (b"{\"a\":1,\"a\":1}", 7),
            (b"{\"b\":1,\"a\":1}", 7),
            (b"{\"A\":1,\"a\":1}", 7),
            (b"-0", 0),
            (b"1.0", 1),
            (b"1e3", 1),
            (b"9007199254740992", 0),
            (b"18446744073709551616", 0),
            (b"[", 1),
            (b"\"abc", 4),
            (b"tru", 0),
            (b"{\"a\" :1}", 4),
            (b"\xc2\xa0{}", 0),
            (b"{1:2}", 1),
        ];
        for (bytes, offset) in cases {
            let error = Json::parse(bytes).unwrap_err();
            assert_eq!(
                error.offset,
                *offset,
                "{} gave {error}",
                String::from_utf8_lossy(bytes)
            );
        }
    }

    #[test]
    fn depth_is_bounded_before_the_stack_is() {
        let nested = |depth: usize| [b"[".repeat(depth), b"]".repeat(depth)].concat();
        assert!(Json::parse(&nested(16)).is_ok());
        assert_eq!(Json::parse(&nested(17)).unwrap_err().offset, 16);
        assert!(Json::parse(&nested(100_000)).is_err());
    }

    #[test]
    fn names_sort_by_utf16_as_rfc_8785_section_3_2_3_shows() {
        let text = "{\"\\r\":1,\"1\":2,\"\u{80}\":3,\"\u{f6}\":4,\"\u{20ac}\":5,\"\u{1f600}\":6,\"\u{fb33}\":7}";
        assert!(Json::parse(text.as_bytes()).is_ok());
    }
}

//! Colour and shape. Colours are always written and stripped where none are wanted, so a renderer
//! has one path; every colour also says its meaning in a word or a sign.

use std::borrow::Cow;

use anstyle::{AnsiColor, Style};

/// Green: supports, holds.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// Red: disputes, fails.
pub(crate) const BAD: Style = AnsiColor::Red.on_default();
/// Amber: contested, cannot be told.
pub(crate) const UNSURE: Style = AnsiColor::Yellow.on_default();
/// Names of sections.
pub(crate) const HEAD: Style = Style::new().bold();
/// What is said beside.
pub(crate) const SOFT: Style = Style::new().dimmed();

/// Text in a style.
pub(crate) fn paint(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// Text of the ledger, made safe for a terminal: control characters cannot act.
pub(crate) fn safe(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '\n' => "\n".to_owned(),
            '\t' => "    ".to_owned(),
            c if c.is_control() || grounds::value::forbidden_in_text(c) => {
                format!("\\u{{{:x}}}", u32::from(c))
            }
            c => c.to_string(),
        })
        .collect()
}

/// Whether a character acts on a terminal instead of being shown; line ends and tabs may.
fn acts(character: char) -> bool {
    !matches!(character, '\n' | '\t')
        && (character.is_control() || grounds::value::forbidden_in_text(character))
}

/// A whole answer as it leaves the program: beside colours, line ends and tabs nothing in it acts on
/// a terminal, whatever name of a file or answer of a server was put into it.
pub(crate) fn calm(text: &str) -> Cow<'_, str> {
    if !text.contains(acts) {
        return Cow::Borrowed(text);
    }
    let mut calmed = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(acts) {
        let (plain, acting) = rest.split_at(at);
        calmed.push_str(plain);
        let length = colour_length(acting);
        let (part, after) = acting.split_at(length.unwrap_or_else(|| first_length(acting)));
        match length {
            Some(_) => calmed.push_str(part),
            None => calmed.push_str(&safe(part)),
        }
        rest = after;
    }
    calmed.push_str(rest);
    Cow::Owned(calmed)
}

/// The same for JSON, in the escapes of JSON: its own writer leaves DEL, C1 and what turns a line
/// around as they are.
pub(crate) fn calm_json(json: &str) -> Cow<'_, str> {
    if !json.contains(acts) {
        return Cow::Borrowed(json);
    }
    let mut calmed = String::with_capacity(json.len());
    for character in json.chars() {
        if acts(character) {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                calmed.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            calmed.push(character);
        }
    }
    Cow::Owned(calmed)
}

fn first_length(text: &str) -> usize {
    text.chars().next().map_or(0, char::len_utf8)
}

/// The length of the colour that a text begins with: `ESC [`, digits and semicolons, `m`.
fn colour_length(text: &str) -> Option<usize> {
    let rest = text.strip_prefix("\x1b[")?;
    let digits = rest
        .bytes()
        .take_while(|byte| byte.is_ascii_digit() || *byte == b';');
    let end = digits.count();
    (rest.as_bytes().get(end) == Some(&b'm')).then_some(end + 3)
}

/// Text of the ledger for a place of one line: as [`safe`], with a space for a line break.
pub(crate) fn line(text: &str) -> String {
    safe(text).replace('\n', " ")
}

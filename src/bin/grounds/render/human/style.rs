//! Colour and shape. Colours are always written and stripped where none are wanted, so a renderer
//! has one path; every colour also says its meaning in a word or a sign.

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

/// A whole answer as it leaves the program: beside colours, line ends and tabs nothing in it acts on
/// a terminal, whatever name of a file or answer of a server was put into it.
pub(crate) fn calm(text: &str) -> String {
    let mut calmed = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let length = colour_length(rest).unwrap_or_else(|| character.len_utf8());
        let (part, after) = rest.split_at(length);
        match character {
            '\n' | '\t' => calmed.push(character),
            _ if length > character.len_utf8() => calmed.push_str(part),
            _ => calmed.push_str(&safe(part)),
        }
        rest = after;
    }
    calmed
}

/// The same for JSON, in the escapes of JSON: its own writer leaves DEL, C1 and what turns a line
/// around as they are.
pub(crate) fn calm_json(json: &str) -> String {
    json.chars()
        .map(|character| match character {
            '\n' | '\t' => character.to_string(),
            c if c.is_control() || grounds::value::forbidden_in_text(c) => {
                let mut units = [0; 2];
                let units = c.encode_utf16(&mut units).iter();
                units.map(|unit| format!("\\u{unit:04x}")).collect()
            }
            c => c.to_string(),
        })
        .collect()
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

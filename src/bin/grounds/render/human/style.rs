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

/// Text of the ledger for a place of one line: as [`safe`], with a space for a line break.
pub(crate) fn line(text: &str) -> String {
    safe(text).replace('\n', " ")
}

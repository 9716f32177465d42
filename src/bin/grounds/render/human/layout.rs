//! Lines of a given width: wrapped at word boundaries, indented, with something at the right.
//! Widths are columns of a terminal: a wide character has two, a combining one none.

use anstyle::Style;
use unicode_width::UnicodeWidthStr as _;

use super::style::{HEAD, SOFT, paint, safe};

const PLAIN: Style = Style::new();

/// A text that grows line by line.
pub(crate) struct Sheet {
    text: String,
    width: usize,
}

impl Sheet {
    pub(crate) fn new(width: usize) -> Sheet {
        Sheet {
            text: String::new(),
            width,
        }
    }

    pub(crate) fn width(&self) -> usize {
        self.width
    }

    pub(crate) fn finish(self) -> String {
        self.text
    }

    /// A line as it is.
    pub(crate) fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    /// An empty line.
    pub(crate) fn gap(&mut self) {
        self.text.push('\n');
    }

    /// The name of a section.
    pub(crate) fn head(&mut self, name: &str) {
        self.head_with(name, "");
    }

    /// The name of a section, with something beside it.
    pub(crate) fn head_with(&mut self, name: &str, beside: &str) {
        self.gap();
        self.sides(0, (HEAD, name), (SOFT, beside));
    }

    /// Text, wrapped and indented; its own line breaks are kept.
    pub(crate) fn block(&mut self, indent: usize, style: Style, text: &str) {
        self.hang(indent, "", style, text);
    }

    /// Text behind a mark; what follows is indented below its first word.
    pub(crate) fn hang(&mut self, indent: usize, mark: &str, style: Style, text: &str) {
        let inner = indent + columns(mark);
        let room = self.width.saturating_sub(inner).max(10);
        let mut first = true;
        for line in wrap(&safe(text), room) {
            let front = match first {
                true => format!("{}{mark}", " ".repeat(indent)),
                false => " ".repeat(inner),
            };
            first = false;
            let shown = if line.is_empty() {
                String::new()
            } else {
                paint_if(style, &line)
            };
            self.line(&format!("{front}{shown}"));
        }
    }

    /// A name and what belongs to it, in two columns.
    pub(crate) fn field(&mut self, name: &str, text: &str) {
        const NAME: usize = 14;
        let name = pad(name, NAME);
        let inner = 2 + columns(&name);
        let room = self.width.saturating_sub(inner).max(10);
        for (place, line) in wrap(&safe(text), room).iter().enumerate() {
            match place {
                0 => self.line(&format!("  {}{line}", paint(SOFT, &name))),
                _ => self.line(&format!("{}{line}", " ".repeat(inner))),
            }
        }
    }

    /// Text at the left and, where it fits, text at the right; else the right one on its own line.
    pub(crate) fn sides(&mut self, indent: usize, left: (Style, &str), right: (Style, &str)) {
        let (style, text) = left;
        let used = indent + columns(text) + columns(right.1) + 2;
        if right.1.is_empty() || used > self.width {
            self.block(indent, style, text);
            if !right.1.is_empty() {
                self.block(indent + 2, right.0, right.1);
            }
            return;
        }
        let gap = " ".repeat(self.width - used + 2);
        let left = paint_if(style, &safe(text));
        let right = paint_if(right.0, &safe(right.1));
        self.line(&format!("{}{left}{gap}{right}", " ".repeat(indent)));
    }
}

fn paint_if(style: Style, text: &str) -> String {
    if style == PLAIN {
        text.to_owned()
    } else {
        paint(style, text)
    }
}

/// The columns that a text takes, colours not counted.
pub(crate) fn columns(text: &str) -> usize {
    anstream::adapter::strip_str(text).to_string().width()
}

/// Text filled up with spaces.
pub(crate) fn pad(text: &str, width: usize) -> String {
    let missing = width.saturating_sub(columns(text));
    format!("{text}{}", " ".repeat(missing))
}

/// Text with spaces before it.
pub(crate) fn right(text: &str, width: usize) -> String {
    let missing = width.saturating_sub(columns(text));
    format!("{}{text}", " ".repeat(missing))
}

/// Text cut to a width, with an ellipsis where something is missing.
pub(crate) fn cut(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    for character in text.chars() {
        let longer = format!("{kept}{character}");
        if longer.width() >= width {
            break;
        }
        kept = longer;
    }
    format!("{}…", kept.trim_end())
}

/// Lines no wider than `width`, broken between words; a word that is too wide is broken.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let lines = text.trim_end_matches('\n').split('\n');
    let wrapped = lines.flat_map(|line| match line.width() <= width {
        true => vec![line.to_owned()],
        false => textwrap::wrap(line, options(width))
            .into_iter()
            .map(|part| part.into_owned())
            .collect(),
    });
    wrapped.collect()
}

/// Between words, and not at the hyphens of dates, slugs and ids.
fn options(width: usize) -> textwrap::Options<'static> {
    textwrap::Options::new(width)
        .word_splitter(textwrap::WordSplitter::NoHyphenation)
        .wrap_algorithm(textwrap::WrapAlgorithm::FirstFit)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_wider_than_it_may_be() {
        let texts = [
            "In standard transformers, most neurons respond to multiple unrelated concepts",
            "個々のニューロンが単一の概念を符号化することはまれである。個々のニューロンが単一の概念を符号化する",
            "e\u{301}e\u{301}e\u{301} e\u{301}e\u{301}e\u{301} \u{1f469}\u{200d}\u{1f52c} combined",
            "https://transformer-circuits.pub/2023/monosemantic-features/with-a-path-that-has-no-end/at/all",
            "",
        ];
        for width in [10, 17, 40, 80] {
            for text in texts {
                let mut sheet = Sheet::new(width);
                sheet.hang(2, "↑ ", HEAD, text);
                for line in sheet.finish().lines() {
                    assert!(columns(line) <= width.max(14), "{width}: {line}");
                }
            }
        }
    }

    #[test]
    fn a_line_goes_on_below_its_first_word() {
        let mut sheet = Sheet::new(20);
        sheet.hang(2, "↑ ", PLAIN, "one two three four five");
        assert_eq!(sheet.finish(), "  ↑ one two three\n    four five\n");
    }

    #[test]
    fn a_line_break_of_the_text_stays_one_and_an_escape_does_not_act() {
        let mut sheet = Sheet::new(40);
        sheet.block(2, PLAIN, "one\n\u{1b}[31mtwo");
        assert_eq!(sheet.finish(), "  one\n  \\u{1b}[31mtwo\n");
    }

    #[test]
    fn what_does_not_fit_beside_stands_below() {
        let mut sheet = Sheet::new(12);
        sheet.sides(0, (PLAIN, "left"), (PLAIN, "right"));
        sheet.sides(0, (PLAIN, "lefter"), (PLAIN, "right"));
        assert_eq!(sheet.finish(), "left   right\nlefter\n  right\n");
    }

    #[test]
    fn what_is_cut_says_so() {
        assert_eq!(cut("abcdef", 6), "abcdef");
        assert_eq!(cut("abcdef", 4), "abc…");
        assert_eq!(columns(&cut("符号化する", 5)), 5);
    }
}

//! Text that a person wrote: what may stand in it, and how it is quoted in messages.

use std::fmt;
use std::sync::Arc;

use super::FormError;

/// UTF-8 text of 1 to `MAX` bytes that may have line ends and tabs.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text<const MAX: usize>(Arc<str>);

/// UTF-8 text of 1 to `MAX` bytes on one line.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Line<const MAX: usize>(Arc<str>);

/// An `http` or `https` address without white space, at most 2,000 bytes. It is shown, never
/// fetched.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Url(Arc<str>);

/// A DOI in lower case: `10.`, 4 to 9 digits, `/`, and a suffix without capitals or white space;
/// at most 300 bytes (DOI Handbook, section 2).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Doi(Arc<str>);

macro_rules! text_value {
    ([$($generics:tt)*] $name:ty) => {
        impl<$($generics)*> $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The text, shared.
            #[must_use]
            pub fn shared(&self) -> Arc<str> {
                Arc::clone(&self.0)
            }
        }

        impl<$($generics)*> fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl<$($generics)*> fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&*self.0, f)
            }
        }
    };
}

text_value!([const MAX: usize] Text<MAX>);
text_value!([const MAX: usize] Line<MAX>);
text_value!([] Url);
text_value!([] Doi);

impl<const MAX: usize> Text<MAX> {
    /// Reads text of 1 to `MAX` bytes.
    ///
    /// # Errors
    /// `limit` when it is longer, `schema` when it is empty, only white space, or holds a
    /// character that [`forbidden_in_text`] names.
    pub fn parse(text: &str) -> Result<Self, FormError> {
        plain_text(text, MAX, "text")?;
        Ok(Text(text.into()))
    }
}

impl<const MAX: usize> Line<MAX> {
    /// Reads text of 1 to `MAX` bytes on one line.
    ///
    /// # Errors
    /// As [`Text::parse`], and `schema` for a line end or a tab.
    pub fn parse(text: &str) -> Result<Self, FormError> {
        plain_text(text, MAX, "one line of text")?;
        match text
            .chars()
            .find(|character| matches!(character, '\n' | '\t'))
        {
            Some(character) => Err(FormError::schema(
                named(character),
                "one line of text without line ends and tabs",
            )),
            None => Ok(Line(text.into())),
        }
    }
}

impl Url {
    /// Reads an address.
    ///
    /// # Errors
    /// `schema` when it does not start with `http://` or `https://` or holds white space;
    /// `limit` beyond 2,000 bytes.
    pub fn parse(text: &str) -> Result<Self, FormError> {
        plain_text(text, 2000, "an address")?;
        let rest = text
            .strip_prefix("https://")
            .or_else(|| text.strip_prefix("http://"));
        match rest {
            Some(rest) if !rest.is_empty() && !text.contains(char::is_whitespace) => {
                Ok(Url(text.into()))
            }
            _ => Err(FormError::schema(
                excerpt(text),
                "an address that starts with http:// or https:// and has no white space",
            )),
        }
    }
}

impl Doi {
    /// Reads a DOI.
    ///
    /// # Errors
    /// `schema` when it is not of the form, `limit` beyond 300 bytes.
    pub fn parse(text: &str) -> Result<Self, FormError> {
        plain_text(text, 300, "a DOI")?;
        if is_doi(text) {
            return Ok(Doi(text.into()));
        }
        Err(FormError::schema(
            excerpt(text),
            "a DOI in lower case without white space, such as 10.1000/xyz123",
        ))
    }
}

fn is_doi(text: &str) -> bool {
    let Some((prefix, suffix)) = text
        .strip_prefix("10.")
        .and_then(|rest| rest.split_once('/'))
    else {
        return false;
    };
    (4..=9).contains(&prefix.len())
        && prefix.bytes().all(|digit| digit.is_ascii_digit())
        && !suffix.is_empty()
        && !text.contains(|c: char| c.is_whitespace() || c.is_uppercase())
}

fn plain_text(text: &str, max: usize, what: &str) -> Result<(), FormError> {
    if text.len() > max {
        let found = format!("{} bytes: {}", text.len(), excerpt(text));
        return Err(FormError::limit(
            found,
            format!("{what} of at most {max} bytes"),
        ));
    }
    if let Some(character) = text.chars().find(|character| forbidden_in_text(*character)) {
        return Err(FormError::schema(
            named(character),
            format!("{what} without control, bidirectional and noncharacters"),
        ));
    }
    if text.chars().all(char::is_whitespace) {
        let found = if text.is_empty() {
            "nothing"
        } else {
            "only white space"
        };
        return Err(FormError::schema(
            found,
            format!("{what} of 1 to {max} bytes"),
        ));
    }
    Ok(())
}

/// Whether no text of the ledger may hold this character: controls but line end and tab, line and
/// paragraph separators, bidirectional controls (they can make a page read other than its bytes)
/// and noncharacters.
#[must_use]
pub fn forbidden_in_text(character: char) -> bool {
    match character {
        '\n' | '\t' => false,
        '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' => true,
        '\u{2028}' | '\u{2029}' => true,
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
        '\u{200e}' | '\u{200f}' | '\u{61c}' => true,
        '\u{fdd0}'..='\u{fdef}' => true,
        other => u32::from(other) & 0xfffe == 0xfffe,
    }
}

fn named(character: char) -> String {
    format!("the character U+{:04X}", u32::from(character))
}

/// A text as messages quote it: in quotes, at most 60 characters, control and bidirectional
/// characters escaped, so that hostile input cannot act on the reader's terminal.
#[must_use]
pub fn excerpt(text: &str) -> String {
    let mut quoted = String::from("\"");
    for (position, character) in text.chars().enumerate() {
        if position == 60 {
            quoted.push('…');
            break;
        }
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            c if forbidden_in_text(c) || c.is_control() => {
                quoted.push_str(&format!("\\u{{{:x}}}", u32::from(c)));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn text_holds_what_people_write_and_nothing_that_acts() {
        assert!(Text::<40>::parse("two lines\n\tof text – مرحبا 概念").is_ok());
        for bad in [
            "",
            "  \n",
            "a\u{0}",
            "a\r\nb",
            "\u{85}",
            "x\u{202e}y",
            "x\u{2066}",
            "\u{200e}a",
            "a\u{2028}b",
            "a\u{ffff}",
            "a\u{fdd0}",
            "a\u{1fffe}",
            "\u{1b}[2J",
        ] {
            assert!(Text::<40>::parse(bad).is_err(), "{bad:?} was taken");
        }
        assert!(Line::<40>::parse("a\nb").is_err());
        assert!(Line::<40>::parse("a\tb").is_err());
    }

    #[test]
    fn a_limit_counts_bytes_and_is_itself_allowed() {
        assert!(Text::<4>::parse("éé").is_ok());
        let error = Text::<4>::parse("ééa").unwrap_err();
        assert_eq!(error.code, super::super::FormCode::Limit);
    }

    #[test]
    fn a_doi_has_no_capitals_and_a_suffix() {
        assert!(Doi::parse("10.1037/0003-066x.54.6.408").is_ok());
        for bad in [
            "10.1037/",
            "10.103/x",
            "10.1037/ABC",
            "10.1037/a b",
            "doi:10.1037/a",
            "10.1234567890/a",
        ] {
            assert!(Doi::parse(bad).is_err(), "{bad:?} was taken");
        }
    }

    #[test]
    fn an_address_is_http_only() {
        assert!(Url::parse("https://example.org/a").is_ok());
        for bad in [
            "javascript:alert(1)",
            "file:///etc/passwd",
            "https://",
            "https://a b",
            "HTTP://x",
        ] {
            assert!(Url::parse(bad).is_err(), "{bad:?} was taken");
        }
    }

    #[test]
    fn an_excerpt_cannot_act_on_a_terminal() {
        assert_eq!(
            excerpt("a\u{1b}[2J\"\u{202e}"),
            "\"a\\u{1b}[2J\\\"\\u{202e}\""
        );
        assert_eq!(excerpt(&"x".repeat(70)).chars().count(), 63);
    }
}

//! Which request heads mean one thing only.
//!
//! Two programs that read the same bytes differently are how requests are smuggled past one of
//! them. What RFC 9112 lets a recipient repair or guess is refused here instead, before hyper sees
//! it: a head is taken only if every reader finds the same fields in it and the same end of body.

use std::fmt;

/// The most bytes of a head.
const MOST_BYTES: usize = 64 * 1024;

/// The most header lines.
const MOST_HEADERS: usize = 100;

/// The most bytes of a request target.
const LONGEST_TARGET: usize = 8 * 1024;

/// How the body after a head ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// After so many bytes.
    Length(u64),
    /// After the last chunk (RFC 9112 §7.1).
    Chunked,
}

/// A request that is refused before anything is done for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused {
    /// The HTTP status: 4xx.
    pub(super) status: u16,
    /// A stable word for programs.
    pub(super) code: &'static str,
    /// What was found and expected.
    pub(super) detail: String,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.status, self.code, self.detail)
    }
}

impl std::error::Error for Refused {}

fn ambiguous(detail: impl Into<String>) -> Refused {
    Refused {
        status: 400,
        code: "request",
        detail: detail.into(),
    }
}

fn too_large(detail: String) -> Refused {
    Refused {
        status: 431,
        code: "head",
        detail,
    }
}

/// Where the head at the beginning of `bytes` ends, of which the first `seen` were looked at before;
/// none while it goes on.
///
/// # Errors
/// As soon as a byte cannot stand in any head.
pub(super) fn end_of_head(bytes: &[u8], seen: usize) -> Result<Option<usize>, Refused> {
    for at in seen..bytes.len() {
        if at >= MOST_BYTES {
            return Err(too_large(format!(
                "a head of more than {MOST_BYTES} bytes, expected at most that"
            )));
        }
        let before = at.checked_sub(1).map(|before| bytes[before]);
        match bytes[at] {
            b'\n' if before != Some(b'\r') => {
                return Err(ambiguous("a bare LF, expected CR LF"));
            }
            b'\n' if bytes[..at].ends_with(b"\r\n\r") => return Ok(Some(at + 1)),
            b'\n' => {}
            _ if before == Some(b'\r') => return Err(ambiguous("a bare CR, expected CR LF")),
            b'\r' | b'\t' => {}
            0..0x20 | 0x7f => {
                return Err(ambiguous(format!(
                    "the control character 0x{:02x} in the head",
                    bytes[at]
                )));
            }
            _ => {}
        }
    }
    Ok(None)
}

/// Looks at a whole head, its last empty line included.
///
/// # Errors
/// What makes it mean two things, or more than a request here may have.
pub(super) fn examine(head: &[u8]) -> Result<Framing, Refused> {
    let lines = head.strip_suffix(b"\r\n\r\n").unwrap_or(head);
    let mut lines = lines.split(|byte| *byte == b'\n').map(without_cr);
    let version = request_line(lines.next().unwrap_or_default())?;
    let mut seen = Fields::default();
    for (number, line) in lines.enumerate() {
        if number == MOST_HEADERS {
            return Err(too_large(format!(
                "more than {MOST_HEADERS} header lines, expected at most that"
            )));
        }
        let (name, value) = field(line)?;
        seen.take(name, value)?;
    }
    seen.framing(version)
}

fn without_cr(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Version {
    Http10,
    Http11,
}

/// `METHOD /target HTTP/1.x`, single spaces between.
fn request_line(line: &[u8]) -> Result<Version, Refused> {
    let parts: Vec<&[u8]> = line.split(|byte| *byte == b' ').collect();
    let [method, target, version] = parts[..] else {
        return Err(ambiguous(
            "a request line that is not METHOD /path HTTP/1.1",
        ));
    };
    if method.is_empty() || !method.iter().all(|byte| is_token(*byte)) {
        return Err(ambiguous("a request method that is no word"));
    }
    let version = match version {
        b"HTTP/1.1" => Version::Http11,
        b"HTTP/1.0" => Version::Http10,
        b"HTTP/2.0" => return Err(ambiguous("the preface of HTTP/2, expected HTTP/1.1")),
        _ => return Err(ambiguous("another version, expected HTTP/1.1")),
    };
    // An absolute target names a second host, which other readers put above the Host header.
    if !target.starts_with(b"/") || !target.iter().all(u8::is_ascii_graphic) {
        return Err(ambiguous(
            "a request target that is not a path in visible ASCII",
        ));
    }
    if target.len() > LONGEST_TARGET {
        return Err(Refused {
            status: 414,
            code: "target",
            detail: format!("a request target of more than {LONGEST_TARGET} bytes"),
        });
    }
    Ok(version)
}

/// `name: value`, the value without white space around it.
fn field(line: &[u8]) -> Result<(&[u8], &[u8]), Refused> {
    if line
        .first()
        .is_some_and(|byte| matches!(byte, b' ' | b'\t'))
    {
        return Err(ambiguous("a folded header line"));
    }
    let colon = line.iter().position(|byte| *byte == b':');
    let Some(colon) = colon else {
        return Err(ambiguous("a header line without a colon"));
    };
    let (name, value) = (&line[..colon], &line[colon + 1..]);
    if name.is_empty() || !name.iter().all(|byte| is_token(*byte)) {
        return Err(ambiguous(
            "a header name with white space or another character that stands in no name",
        ));
    }
    Ok((name, value.trim_ascii()))
}

/// tchar (RFC 9110 §5.6.2).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// The header fields that decide where a request goes and where it ends.
#[derive(Default)]
struct Fields<'h> {
    host: Option<&'h [u8]>,
    length: Option<&'h [u8]>,
    encoding: Option<&'h [u8]>,
}

impl<'h> Fields<'h> {
    /// Each of them stands once, equal or not: there is no reason to say it again.
    fn take(&mut self, name: &[u8], value: &'h [u8]) -> Result<(), Refused> {
        let places = [
            ("Host", &mut self.host),
            ("Content-Length", &mut self.length),
            ("Transfer-Encoding", &mut self.encoding),
        ];
        let mut places = places.into_iter();
        let is_named = |called: &str| name.eq_ignore_ascii_case(called.as_bytes());
        let Some((called, place)) = places.find(|(called, _)| is_named(called)) else {
            return Ok(());
        };
        match place.replace(value) {
            None => Ok(()),
            Some(_) => Err(ambiguous(format!("a second {called}, expected one"))),
        }
    }

    fn framing(&self, version: Version) -> Result<Framing, Refused> {
        if self.host.is_none_or(<[u8]>::is_empty) {
            return Err(ambiguous("no Host"));
        }
        match (self.length, self.encoding) {
            (Some(_), Some(_)) => Err(ambiguous("both Content-Length and Transfer-Encoding")),
            (None, None) => Ok(Framing::Length(0)),
            (Some(length), None) => content_length(length).map(Framing::Length),
            (None, Some(encoding)) => {
                if version == Version::Http10 || !encoding.eq_ignore_ascii_case(b"chunked") {
                    return Err(ambiguous("a Transfer-Encoding other than chunked"));
                }
                Ok(Framing::Chunked)
            }
        }
    }
}

/// Digits only, no leading zero but in 0 itself.
fn content_length(value: &[u8]) -> Result<u64, Refused> {
    let text = std::str::from_utf8(value).unwrap_or_default();
    let number: Option<u64> = text.parse().ok();
    number
        .filter(|number| number.to_string() == text)
        .ok_or_else(|| ambiguous("a Content-Length that is not a decimal number below 2^64"))
}

/// Follows a chunked body (RFC 9112 §7.1) byte by byte, without extensions and trailers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chunks {
    /// In the size line; `digits` of it were read.
    Size {
        size: u64,
        digits: u8,
    },
    /// After the CR of the size line.
    SizeEnd {
        size: u64,
    },
    /// So many bytes of the chunk are left.
    Data {
        left: u64,
    },
    /// After the chunk's bytes, and after its CR.
    DataEnd,
    DataEndLf,
    /// After the last chunk's line, and after the CR that ends the body.
    Last,
    LastLf,
    /// The body has ended.
    Done,
}

impl Chunks {
    pub(super) const BEGIN: Chunks = Chunks::Size { size: 0, digits: 0 };

    /// Goes over as many bytes as belong to the body, and says how many they are.
    ///
    /// # Errors
    /// At a byte that does not belong where it stands.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<usize, Refused> {
        let mut at = 0;
        while at < bytes.len() && *self != Chunks::Done {
            if let Chunks::Data { left } = *self {
                let here = usize::try_from(left)
                    .unwrap_or(usize::MAX)
                    .min(bytes.len() - at);
                at += here;
                let left = left - here as u64;
                *self = if left == 0 {
                    Chunks::DataEnd
                } else {
                    Chunks::Data { left }
                };
                continue;
            }
            *self = self.after(bytes[at])?;
            at += 1;
        }
        Ok(at)
    }

    fn after(self, byte: u8) -> Result<Chunks, Refused> {
        match (self, byte) {
            (Chunks::Size { size, digits }, _) if byte.is_ascii_hexdigit() && digits < 15 => {
                let digit = char::from(byte).to_digit(16).expect("a hexadecimal digit");
                let size = size * 16 + u64::from(digit);
                let digits = digits + 1;
                Ok(Chunks::Size { size, digits })
            }
            (Chunks::Size { size, digits: 1.. }, b'\r') => Ok(Chunks::SizeEnd { size }),
            (Chunks::SizeEnd { size: 0 }, b'\n') => Ok(Chunks::Last),
            (Chunks::SizeEnd { size }, b'\n') => Ok(Chunks::Data { left: size }),
            (Chunks::DataEnd, b'\r') => Ok(Chunks::DataEndLf),
            (Chunks::DataEndLf, b'\n') => Ok(Chunks::BEGIN),
            (Chunks::Last, b'\r') => Ok(Chunks::LastLf),
            (Chunks::LastLf, b'\n') => Ok(Chunks::Done),
            _ => Err(ambiguous(
                "a chunk that is not size, CR LF, as many bytes, CR LF, without extensions and trailers",
            )),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What becomes of the beginning of a connection.
    fn read(bytes: &[u8]) -> Result<Framing, u16> {
        let end = end_of_head(bytes, 0).map_err(|refused| refused.status)?;
        let end = end.ok_or(0u16)?;
        examine(&bytes[..end]).map_err(|refused| refused.status)
    }

    fn with(lines: &str) -> Vec<u8> {
        format!("POST /x HTTP/1.1\r\nHost: a\r\n{lines}\r\n").into_bytes()
    }

    fn take_all(body: &[u8]) -> Result<usize, Refused> {
        let mut chunks = Chunks::BEGIN;
        chunks.take(body)
    }

    #[test]
    fn plain_requests_are_read() {
        assert_eq!(read(&with("")), Ok(Framing::Length(0)));
        assert_eq!(
            read(&with("Content-Length: 17\r\n")),
            Ok(Framing::Length(17))
        );
        assert_eq!(
            read(&with("content-length:\t17 \r\n")),
            Ok(Framing::Length(17))
        );
        assert_eq!(
            read(&with("Transfer-Encoding: Chunked\r\n")),
            Ok(Framing::Chunked)
        );
        assert_eq!(
            read(b"GET / HTTP/1.0\r\nhost: a\r\n\r\nrest"),
            Ok(Framing::Length(0))
        );
        assert_eq!(read(&with("X: é\t;\r\n")), Ok(Framing::Length(0)));
    }

    #[test]
    fn what_means_two_things_is_refused() {
        let cases = [
            "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
            "Content-Length: 1\r\nContent-Length: 1\r\n",
            "Content-Length: 1\r\nContent-Length: 2\r\n",
            "Content-Length: 1, 1\r\n",
            "Content-Length: +3\r\n",
            "Content-Length: -1\r\n",
            "Content-Length: 03\r\n",
            "Content-Length: 0x3\r\n",
            "Content-Length: 3 3\r\n",
            "Content-Length: 10000000000000000000000\r\n",
            "Content-Length:\r\n",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: xchunked\r\n",
            "Transfer-Encoding: chunked, identity\r\n",
            "Transfer-Encoding: gzip, chunked\r\n",
            "Transfer-Encoding: identity\r\n",
            "Transfer-Encoding:\r\n",
            "Content-Length : 1\r\n",
            "Content Length: 1\r\n",
            "X: 1\r\n folded\r\n",
            "X: 1\r\n\tfolded\r\n",
            "X: a\0b\r\n",
            "X: a\x08b\r\n",
            "X: a\x7fb\r\n",
            "X: a\rb\r\n",
            "X: a\nY: b\r\n",
            ": a\r\n",
            "no colon\r\n",
            "Host: a\r\n",
            "hOST: b\r\n",
        ];
        for lines in cases {
            assert_eq!(read(&with(lines)), Err(400), "{lines:?}");
        }
        let heads: [&[u8]; 16] = [
            b"GET / HTTP/1.1\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost:\r\n\r\n",
            b"GET / HTTP/1.1\nHost: a\n\n",
            b"GET / HTTP/1.1\r\nHost: a\n\r\n",
            b"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
            b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
            b"GET /\tHTTP/1.1\r\nHost: a\r\n\r\n",
            b"GET / HTTP/1.1 \r\nHost: a\r\n\r\n",
            b"GET / HTTP/1.2\r\nHost: a\r\n\r\n",
            b"GET /\r\nHost: a\r\n\r\n",
            b"GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n",
            b"CONNECT b:80 HTTP/1.1\r\nHost: a\r\n\r\n",
            b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            b"\x16\x03\x01\x02\x00\x01",
            b"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
        ];
        for head in heads {
            assert_eq!(read(head), Err(400), "{:?}", String::from_utf8_lossy(head));
        }
    }

    #[test]
    fn heads_have_limits() {
        assert_eq!(read(&with(&"X: 1\r\n".repeat(99))), Ok(Framing::Length(0)));
        assert_eq!(read(&with(&"X: 1\r\n".repeat(100))), Err(431));
        let long = |bytes: usize| format!("X: {}\r\n", "a".repeat(bytes));
        let around = with(&long(0)).len();
        assert_eq!(
            read(&with(&long(MOST_BYTES - around))),
            Ok(Framing::Length(0))
        );
        assert_eq!(read(&with(&long(MOST_BYTES - around + 1))), Err(431));
        // Refused before it has ended.
        assert_eq!(read(&vec![b'a'; 500_000]), Err(431));
        let target = "a".repeat(LONGEST_TARGET);
        assert_eq!(
            read(format!("GET /{target} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes()),
            Err(414)
        );
    }

    #[test]
    fn chunks_end_where_they_end() {
        let body = b"3\r\nabc\r\n0A\r\n0123456789\r\n0\r\n\r\n";
        let bytes = [&body[..], b"GET / HTTP"].concat();
        let mut chunks = Chunks::BEGIN;
        assert_eq!(chunks.take(&bytes).unwrap(), body.len());
        assert_eq!(chunks, Chunks::Done);
        let wrong: [&[u8]; 11] = [
            b"\r\n",
            b"3\nabc\r\n",
            b"3;ext\r\nabc\r\n",
            b"3 \r\nabc\r\n",
            b"+3\r\nabc",
            b"0x3\r\nabc",
            b"3\r\nabcd\r\n",
            b"3\r\nabc\n",
            b"0\r\nTrailer: x\r\n\r\n",
            b"0000000000000001\r\n",
            b"ffffffffffffffff\r\n",
        ];
        for body in wrong {
            assert!(
                take_all(body).is_err(),
                "{:?}",
                String::from_utf8_lossy(body)
            );
        }
    }

    proptest! {
        #[test]
        fn it_makes_no_difference_in_what_pieces_bytes_come(
            bytes in "[\r\na: 0-3]{0,40}", cuts in prop::collection::vec(0usize..40, 0..4),
        ) {
            let bytes = bytes.as_bytes();
            let whole = end_of_head(bytes, 0);
            let mut seen = 0;
            let mut parts = Ok(None);
            let mut cuts = cuts;
            cuts.push(bytes.len());
            cuts.sort_unstable();
            for cut in cuts {
                let cut = cut.min(bytes.len());
                if parts == Ok(None) {
                    parts = end_of_head(&bytes[..cut], seen);
                    seen = cut;
                }
            }
            prop_assert_eq!(parts, whole);

            let mut chunks = Chunks::BEGIN;
            let whole = chunks.take(bytes);
            let mut one_by_one = Chunks::BEGIN;
            let mut taken = Ok(0);
            for byte in bytes {
                if one_by_one == Chunks::Done || taken.is_err() {
                    break;
                }
                taken = taken.and_then(|count| Ok(count + one_by_one.take(&[*byte])?));
            }
            prop_assert_eq!(taken, whole);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            if let Ok(Some(end)) = end_of_head(&bytes, 0) {
                let _ = examine(&bytes[..end]);
            }
            let _ = examine(&bytes);
            let _ = take_all(&bytes);
        }
    }
}

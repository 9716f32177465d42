//! Bytes to lines with bounded memory: a line of a gibibyte is measured, not held.

use std::io::{self, BufRead, Read};

use super::super::MAX_LINE;

/// What comes next in a file of lines. Offsets are in bytes from where reading began.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// A line, without its newline.
    Line { offset: u64, bytes: &'a [u8] },
    /// A line of more than [`MAX_LINE`] bytes.
    TooLong { offset: u64, bytes: u64 },
    /// Text without a newline, then NUL bytes or nothing, then the end.
    Unfinished { offset: u64, bytes: u64 },
    /// Only NUL bytes or nothing up to the end.
    End { offset: u64, nuls: u64 },
}

/// Reads a source line by line.
pub(super) struct Lines<R> {
    source: R,
    /// How many bytes are asked for at a time.
    chunk: usize,
    buffer: Vec<u8>,
    /// What is held is `buffer[start..end]`.
    start: usize,
    end: usize,
    /// Where `start` is in the source.
    offset: u64,
}

impl<R: Read> Lines<R> {
    /// Reads `source`, whose first byte is at `offset`, `chunk` bytes at a time.
    pub(super) fn new(source: R, offset: u64, chunk: usize) -> Lines<R> {
        Lines {
            source,
            chunk,
            buffer: Vec::new(),
            start: 0,
            end: 0,
            offset,
        }
    }

    /// The next piece; [`Piece::Unfinished`] and [`Piece::End`] are the last.
    pub(super) fn next(&mut self) -> io::Result<Piece<'_>> {
        let mut searched = 0;
        loop {
            let found = newline(&self.buffer[self.start + searched..self.end]);
            if let Some(at) = found {
                return Ok(self.take_line(searched + at));
            }
            searched = self.end - self.start;
            if searched > MAX_LINE {
                return self.pass_over_long_line();
            }
            if self.fill()? == 0 {
                return Ok(self.take_tail(searched));
            }
        }
    }

    fn take_line(&mut self, length: usize) -> Piece<'_> {
        let (from, offset) = (self.start, self.offset);
        self.consume(length + 1);
        if length > MAX_LINE {
            return Piece::TooLong {
                offset,
                bytes: length as u64,
            };
        }
        Piece::Line {
            offset,
            bytes: &self.buffer[from..from + length],
        }
    }

    fn take_tail(&mut self, length: usize) -> Piece<'static> {
        let offset = self.offset;
        let text = text_length(&self.buffer[self.start..self.end]) as u64;
        self.consume(length);
        tail(offset, text, length as u64)
    }

    /// Measures a line that does not fit, up to its newline or the end.
    fn pass_over_long_line(&mut self) -> io::Result<Piece<'static>> {
        let offset = self.offset;
        let (mut bytes, mut text) = (0, 0);
        loop {
            let held = &self.buffer[self.start..self.end];
            let ends = newline(held);
            let part = &held[..ends.unwrap_or(held.len())];
            let length = part.len();
            match text_length(part) as u64 {
                0 => {}
                some => text = bytes + some,
            }
            bytes += length as u64;
            self.consume(length + usize::from(ends.is_some()));
            if ends.is_some() {
                return Ok(Piece::TooLong { offset, bytes });
            }
            if self.fill()? == 0 {
                return Ok(tail(offset, text, bytes));
            }
        }
    }

    fn consume(&mut self, length: usize) {
        self.start += length;
        self.offset += length as u64;
    }

    /// Reads one chunk more; 0 at the end.
    fn fill(&mut self) -> io::Result<usize> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.buffer.len() < self.end + self.chunk {
            self.buffer.resize(self.end + self.chunk, 0);
        }
        loop {
            match self.source.read(&mut self.buffer[self.end..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
                Ok(read) => {
                    self.end += read;
                    return Ok(read);
                }
            }
        }
    }
}

/// What is left where the file ends: `text` counts up to the last byte that is not NUL.
fn tail(offset: u64, text: u64, bytes: u64) -> Piece<'static> {
    match text {
        0 => Piece::End {
            offset,
            nuls: bytes,
        },
        _ => Piece::Unfinished {
            offset,
            bytes: text,
        },
    }
}

fn text_length(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .rposition(|&byte| byte != 0)
        .map_or(0, |last| last + 1)
}

/// Where the first newline is. `skip_until` is the standard library's door to its memchr.
fn newline(bytes: &[u8]) -> Option<usize> {
    let mut rest = bytes;
    let passed = rest
        .skip_until(b'\n')
        .expect("reading from memory does not fail");
    (passed > 0 && bytes[passed - 1] == b'\n').then(|| passed - 1)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Gives `count` times the byte, then `after`, a few bytes a call, and counts nothing up.
    struct Long<'a> {
        count: u64,
        byte: u8,
        after: &'a [u8],
    }

    impl Read for Long<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            if self.count == 0 {
                return self.after.read(into);
            }
            let length = into.len().min(usize::try_from(self.count).unwrap());
            into[..length].fill(self.byte);
            self.count -= length as u64;
            Ok(length)
        }
    }

    fn owned(bytes: &[u8], chunk: usize) -> Vec<(u64, Result<Vec<u8>, u64>, bool)> {
        let mut lines = Lines::new(bytes, 0, chunk);
        let mut all = Vec::new();
        loop {
            match lines.next().unwrap() {
                Piece::Line { offset, bytes } => all.push((offset, Ok(bytes.to_vec()), true)),
                Piece::TooLong { offset, bytes } => all.push((offset, Err(bytes), true)),
                Piece::Unfinished { offset, bytes } => {
                    all.push((offset, Err(bytes), false));
                    return all;
                }
                Piece::End { .. } => return all,
            }
        }
    }

    proptest! {
        #[test]
        fn lines_are_what_stands_between_newlines_whatever_the_chunk(
            bytes in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(0), 1u8..], 0..200),
            chunk in 1usize..40,
        ) {
            let mut expected = Vec::new();
            let mut offset = 0;
            let mut parts: Vec<&[u8]> = bytes.split(|&b| b == b'\n').collect();
            let last = parts.pop().unwrap();
            for part in parts {
                expected.push((offset, Ok(part.to_vec()), true));
                offset += part.len() as u64 + 1;
            }
            let text = text_length(last);
            if text > 0 {
                expected.push((offset, Err(text as u64), false));
            }
            prop_assert_eq!(owned(&bytes, chunk), expected);
        }
    }

    /// Is interrupted before each of its bytes, and at the end says what it was told to.
    struct Interrupted<'a> {
        bytes: &'a [u8],
        is_next: bool,
        end: Option<io::ErrorKind>,
    }

    impl Read for Interrupted<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            self.is_next = !self.is_next;
            match (self.is_next, self.end) {
                (true, _) => Err(io::ErrorKind::Interrupted.into()),
                (false, Some(kind)) if self.bytes.is_empty() => Err(kind.into()),
                _ => self.bytes.read(&mut into[..1]),
            }
        }
    }

    #[test]
    fn an_interrupted_read_is_made_again_and_one_that_failed_is_told() {
        let source = |end| Interrupted {
            bytes: b"one\n",
            is_next: false,
            end,
        };
        let one = Piece::Line {
            offset: 0,
            bytes: b"one",
        };
        let mut lines = Lines::new(source(None), 0, 16);
        assert_eq!(lines.next().unwrap(), one);
        assert_eq!(lines.next().unwrap(), Piece::End { offset: 4, nuls: 0 });
        let mut lines = Lines::new(source(Some(io::ErrorKind::TimedOut)), 0, 16);
        assert_eq!(lines.next().unwrap(), one);
        assert_eq!(lines.next().unwrap_err().kind(), io::ErrorKind::TimedOut);
    }

    #[test]
    fn a_line_of_a_gibibyte_is_measured_in_bounded_memory_and_reading_goes_on() {
        let source = Long {
            count: 1 << 30,
            byte: b'a',
            after: b"\nnext\n",
        };
        let mut lines = Lines::new(source, 0, 64 << 10);
        assert_eq!(
            lines.next().unwrap(),
            Piece::TooLong {
                offset: 0,
                bytes: 1 << 30
            }
        );
        assert_eq!(
            lines.next().unwrap(),
            Piece::Line {
                offset: (1 << 30) + 1,
                bytes: b"next"
            }
        );
        assert!(lines.buffer.len() <= MAX_LINE + 1 + (64 << 10));
    }

    #[test]
    fn nul_bytes_at_the_end_are_not_text_however_many() {
        let mut lines = Lines::new(
            Long {
                count: 1 << 20,
                byte: 0,
                after: b"",
            },
            7,
            4096,
        );
        assert_eq!(
            lines.next().unwrap(),
            Piece::End {
                offset: 7,
                nuls: 1 << 20
            }
        );
        let mut lines = Lines::new(
            Long {
                count: 1 << 20,
                byte: 0,
                after: b"x",
            },
            0,
            4096,
        );
        assert_eq!(
            lines.next().unwrap(),
            Piece::Unfinished {
                offset: 0,
                bytes: (1 << 20) + 1
            }
        );
    }

    #[test]
    fn the_longest_line_passes_and_one_byte_more_does_not() {
        let mut text = vec![b'a'; MAX_LINE];
        text.push(b'\n');
        // Also where its newline comes with the next chunk.
        for chunk in [100, MAX_LINE, MAX_LINE + 1, 1 << 20] {
            assert_eq!(
                owned(&text, chunk),
                [(0, Ok(text[..MAX_LINE].to_vec()), true)]
            );
        }
        text.insert(0, b'a');
        assert_eq!(owned(&text, 1 << 20), [(0, Err(65_536), true)]);
        assert_eq!(owned(&text, 100), [(0, Err(65_536), true)]);
    }
}

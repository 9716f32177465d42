//! The bytes of a segment, from an offset on, whatever its form.

use std::io::{self, Read};
use std::sync::Arc;

use super::files::OpenFile;
use super::layout::Form;

/// Reads an open file from an offset on.
pub(super) struct FileFrom<T> {
    file: Arc<T>,
    offset: u64,
}

impl<T: OpenFile> FileFrom<T> {
    pub(super) fn new(file: Arc<T>, offset: u64) -> FileFrom<T> {
        FileFrom { file, offset }
    }
}

impl<T: OpenFile> Read for FileFrom<T> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(into, self.offset)?;
        self.offset += read as u64;
        Ok(read)
    }
}

/// The text of a segment: from `offset` on for a plain one, from its beginning for a sealed one.
pub(super) fn text<T: OpenFile + 'static>(file: Arc<T>, form: Form, offset: u64) -> Box<dyn Read> {
    match form {
        Form::Plain => Box::new(FileFrom::new(file, offset)),
        Form::Sealed => Box::new(unsealed(FileFrom::new(file, 0))),
    }
}

#[cfg(feature = "zstd")]
fn unsealed<T: OpenFile + 'static>(file: FileFrom<T>) -> impl Read {
    frames::Frames::new(file)
}

/// Without the feature a sealed segment is a file that cannot be read.
#[cfg(not(feature = "zstd"))]
fn unsealed<T: OpenFile + 'static>(_: FileFrom<T>) -> impl Read {
    struct NotBuilt;
    impl Read for NotBuilt {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "this build has no zstd",
            ))
        }
    }
    NotBuilt
}

#[cfg(feature = "zstd")]
mod frames {
    use std::io::{self, BufRead, BufReader, Read};

    use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
    use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

    /// The largest window of a frame, in bytes: what RFC 8878, section 3.1.1.1.2, asks every decoder
    /// to take. A frame that names a larger one would have so much memory held for it.
    const MOST_WINDOW: u64 = 8 << 20;

    /// The content of all frames of a Zstandard file in a row (RFC 8878, 3.1): other people's tools
    /// write one frame, [`seal`](super::super::seal) writes many.
    pub(super) struct Frames<R: Read> {
        source: BufReader<R>,
        decoder: FrameDecoder,
        within_frame: bool,
    }

    impl<R: Read> Frames<R> {
        pub(super) fn new(source: R) -> Frames<R> {
            let source = BufReader::with_capacity(64 << 10, source);
            let mut decoder = FrameDecoder::new();
            decoder.set_max_window_size(MOST_WINDOW);
            Frames {
                source,
                decoder,
                within_frame: false,
            }
        }

        /// Goes to the next frame with content; false at the end of the file.
        fn begin_frame(&mut self) -> io::Result<bool> {
            while !self.source.fill_buf()?.is_empty() {
                match self.decoder.reset(&mut self.source) {
                    Ok(()) => return Ok(true),
                    Err(FrameDecoderError::ReadFrameHeaderError(
                        ReadFrameHeaderError::SkipFrame { length, .. },
                    )) => {
                        let skipped = io::copy(
                            &mut (&mut self.source).take(u64::from(length)),
                            &mut io::sink(),
                        )?;
                        if skipped < u64::from(length) {
                            return Err(io::ErrorKind::UnexpectedEof.into());
                        }
                    }
                    Err(error) => return Err(broken(error)),
                }
            }
            Ok(false)
        }
    }

    fn broken(error: FrameDecoderError) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidData, error.to_string())
    }

    impl<R: Read> Read for Frames<R> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            if into.is_empty() {
                return Ok(0);
            }
            loop {
                if !self.within_frame {
                    self.within_frame = self.begin_frame()?;
                    if !self.within_frame {
                        return Ok(0);
                    }
                }
                while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                    let step = BlockDecodingStrategy::UptoBytes(into.len());
                    self.decoder
                        .decode_blocks(&mut self.source, step)
                        .map_err(broken)?;
                }
                match self.decoder.read(into)? {
                    0 => self.end_frame()?,
                    read => return Ok(read),
                }
            }
        }
    }

    impl<R: Read> Frames<R> {
        fn end_frame(&mut self) -> io::Result<()> {
            self.within_frame = false;
            let (stored, made) = (
                self.decoder.get_checksum_from_data(),
                self.decoder.get_calculated_checksum(),
            );
            if stored.is_some() && stored != made {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "a frame's checksum does not match its content",
                ));
            }
            Ok(())
        }
    }
}

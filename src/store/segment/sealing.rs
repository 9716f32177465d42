//! Sealing: a full segment is stored compressed; its lines stay the same bytes.

use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use ruzstd::encoding::{CompressionLevel, compress_to_vec};

use super::super::{At, StoreError};
use super::files::{Disk, Files, Mode, OpenFile, create_fresh};
use super::layout::{self, Form, folder_of, segment_name};
use super::source::{FileFrom, text};

/// Text compressed into one frame (RFC 8878), in bytes; a file is a row of frames, so that it can
/// be made and read with bounded memory.
const FRAME: usize = 1 << 20;

/// What sealing saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sealed {
    /// The size of the plain file, in bytes.
    pub plain: u64,
    /// The size of the compressed one, in bytes.
    pub compressed: u64,
}

/// Compresses the segment of the ledger folder `dir` whose first index is `first`, reads it back,
/// compares, and puts it in place of the plain file. The newest segment is never sealed. Call it
/// while holding the ledger open for writing; readers may go on.
///
/// The plain file is removed only when the compressed one has its name for good. A crash in between
/// leaves both; the plain one is then read, and sealing again finishes the job.
///
/// # Errors
/// [`StoreError::Io`], also if there is no such segment or it is the newest.
pub fn seal(dir: &Path, first: u64) -> Result<Sealed, StoreError> {
    seal_on(&Disk, dir, first)
}

pub(crate) fn seal_on<F: Files>(files: &F, dir: &Path, first: u64) -> Result<Sealed, StoreError> {
    let plain_path = dir.join(segment_name(first, Form::Plain));
    let listing = layout::list(files, dir)?;
    if listing.segments.keys().next_back() == Some(&first) {
        let error = io::Error::new(
            io::ErrorKind::InvalidInput,
            "the newest segment stays plain",
        );
        return Err(error).at(&plain_path, "seal");
    }
    let plain = Arc::new(
        files
            .open(&plain_path, Mode::Read)
            .at(&plain_path, "open for reading")?,
    );
    super::named::make_folder(files, &dir.join("cache"))?;
    let fresh = dir.join("cache").join(format!("{first:012}.jsonl.zst.new"));
    let sealed = Arc::new(create_fresh(files, &fresh).at(&fresh, "create")?);
    let compressed = compress(&plain, &*sealed).at(&fresh, "compress")?;
    compare(&plain, &sealed).at(&fresh, "read back")?;
    sealed.sync().at(&fresh, "sync")?;
    let sealed_path = dir.join(segment_name(first, Form::Sealed));
    let events = folder_of(&sealed_path);
    files
        .rename(&fresh, &sealed_path)
        .at(&sealed_path, "name")?;
    files.sync_folder(&events).at(&events, "sync")?;
    files.remove(&plain_path).at(&plain_path, "remove")?;
    files.sync_folder(&events).at(&events, "sync")?;
    Ok(Sealed {
        plain: plain.length().at(&plain_path, "measure")?,
        compressed,
    })
}

fn compress<T: OpenFile>(plain: &Arc<T>, sealed: &T) -> io::Result<u64> {
    let mut source = FileFrom::new(Arc::clone(plain), 0);
    let mut written = 0;
    loop {
        let mut text = Vec::with_capacity(FRAME);
        (&mut source).take(FRAME as u64).read_to_end(&mut text)?;
        if text.is_empty() {
            return Ok(written);
        }
        let frame = compress_to_vec(text.as_slice(), CompressionLevel::Fastest);
        sealed.write_all_at(&frame, written)?;
        written += frame.len() as u64;
    }
}

/// Fails unless the compressed file gives back every byte of the plain one.
fn compare<T: OpenFile + 'static>(plain: &Arc<T>, sealed: &Arc<T>) -> io::Result<()> {
    let mut sealed = text(Arc::clone(sealed), Form::Sealed, 0);
    let mut plain = FileFrom::new(Arc::clone(plain), 0);
    let (mut ours, mut theirs) = (vec![0; 64 << 10], Vec::new());
    loop {
        let read = plain.read(&mut ours)?;
        theirs.clear();
        // One byte more at the end: a compressed file that goes on is not the same either.
        (&mut sealed)
            .take(read.max(1) as u64)
            .read_to_end(&mut theirs)?;
        if ours[..read] != theirs[..] {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the compressed lines are not the same bytes",
            ));
        }
        if read == 0 {
            return Ok(());
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn file(bytes: &[u8]) -> Arc<std::fs::File> {
        let file = tempfile::tempfile().unwrap();
        file.write_all_at(bytes, 0).unwrap();
        Arc::new(file)
    }

    #[test]
    fn what_does_not_give_back_every_byte_and_no_more_is_not_sealed() {
        let long = vec![b'x'; 200_000];
        let one_more = [&long[..], b"x"].concat();
        let texts: [&[u8]; 6] = [b"", b"1 a\n", b"1 b\n", b"1 a\n1 b\n", &long, &one_more];
        for plain in texts {
            for other in texts {
                let sealed = file(b"");
                let length = compress(&file(other), &*sealed).unwrap();
                assert_eq!(length, sealed.length().unwrap());
                let compared = compare(&file(plain), &sealed);
                assert_eq!(compared.is_ok(), plain == other);
                if let Err(error) = compared {
                    assert_eq!(
                        error.to_string(),
                        "the compressed lines are not the same bytes"
                    );
                }
            }
        }
    }

    /// Each MiB is a frame of its own, which begins with the magic number of RFC 8878, 3.1.1.
    #[test]
    fn a_file_is_a_row_of_frames_of_a_mebibyte() {
        let text: Vec<u8> = (0..3 << 20).map(|at: u32| (at % 251) as u8).collect();
        let sealed = file(b"");
        compress(&file(&text), &*sealed).unwrap();
        let bytes = super::super::files::read_open(&*sealed).unwrap();
        let mut rest = &bytes[..];
        let mut frames = Vec::new();
        while !rest.is_empty() {
            assert_eq!(rest[..4], [0x28, 0xb5, 0x2f, 0xfd]);
            let mut decoder = ruzstd::decoding::StreamingDecoder::new(&mut rest).unwrap();
            let mut frame = Vec::new();
            decoder.read_to_end(&mut frame).unwrap();
            frames.push(frame);
        }
        assert_eq!(frames, text.chunks(1 << 20).collect::<Vec<_>>());
    }
}

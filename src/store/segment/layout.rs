//! What a ledger folder is made of, by name.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::super::{At, StoreError};
use super::files::Files;

/// How a segment's lines are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Form {
    /// `.jsonl`: as they are.
    Plain,
    /// `.jsonl.zst`: compressed with Zstandard (RFC 8878).
    Sealed,
}

/// The segments that `events/` holds, by their first index, and whatever else lies there.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Listing {
    /// First index → the forms it is there in, plain before sealed.
    pub(super) segments: BTreeMap<u64, Vec<Form>>,
    /// Names that are not those of a segment, sorted.
    pub(super) strays: Vec<String>,
}

/// Lists `events/` of the ledger folder `dir`, until a listing has all that the one before it had. A
/// long one takes the system several steps, and what is sealed between two of them may be in it
/// under neither of its names; in the next one it is under its new name.
pub(super) fn list<F: Files>(files: &F, dir: &Path) -> Result<Listing, StoreError> {
    let mut before = list_once(files, dir)?;
    loop {
        let listing = list_once(files, dir)?;
        let has = |first: &u64| listing.segments.contains_key(first);
        if before.segments.keys().all(has) {
            return Ok(listing);
        }
        before = listing;
    }
}

fn list_once<F: Files>(files: &F, dir: &Path) -> Result<Listing, StoreError> {
    let events = dir.join("events");
    let mut listing = Listing::default();
    for name in files.names(&events).at(&events, "list")? {
        match parse(&name) {
            Some((first, form)) => listing.segments.entry(first).or_default().push(form),
            None => listing.strays.push(name),
        }
    }
    listing.segments.values_mut().for_each(|forms| forms.sort());
    listing.strays.sort();
    Ok(listing)
}

/// The name of a segment from the ledger's folder on: `events/000000000000.jsonl`.
pub(super) fn segment_name(first: u64, form: Form) -> String {
    match form {
        Form::Plain => format!("events/{first:012}.jsonl"),
        Form::Sealed => format!("events/{first:012}.jsonl.zst"),
    }
}

fn parse(name: &str) -> Option<(u64, Form)> {
    let (stem, form) = match name.strip_suffix(".zst") {
        Some(stem) => (stem, Form::Sealed),
        None => (name, Form::Plain),
    };
    let digits = stem.strip_suffix(".jsonl")?;
    let twelve = digits.len() == 12 && digits.bytes().all(|digit| digit.is_ascii_digit());
    twelve.then(|| digits.parse().ok().map(|first| (first, form)))?
}

/// The folder that a path of ours lies in.
pub(super) fn folder_of(path: &Path) -> PathBuf {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    folder.map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::files::Disk;
    use super::*;

    #[test]
    fn a_segment_that_is_sealed_while_a_long_folder_is_listed_is_not_missed() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("events")).unwrap();
        let path = |first, form| folder.path().join(segment_name(first, form));
        let count = 1_500;
        for first in 0..count {
            std::fs::write(path(first, Form::Plain), "").unwrap();
        }
        std::thread::scope(|scope| {
            let sealing = scope.spawn(|| {
                for first in 0..count {
                    let fresh = folder.path().join("fresh");
                    std::fs::write(&fresh, "").unwrap();
                    std::fs::rename(fresh, path(first, Form::Sealed)).unwrap();
                    std::fs::remove_file(path(first, Form::Plain)).unwrap();
                }
            });
            while !sealing.is_finished() {
                let listing = list(&Disk, folder.path()).unwrap();
                assert_eq!(listing.segments.len() as u64, count);
            }
        });
    }

    #[test]
    fn a_relative_path_lies_in_the_folder_one_stands_in() {
        assert_eq!(folder_of(Path::new("ledger")), Path::new("."));
        assert_eq!(folder_of(Path::new("a/ledger")), Path::new("a"));
        assert_eq!(folder_of(Path::new("/")), Path::new("."));
    }

    #[test]
    fn a_segment_is_named_by_its_first_index_in_twelve_digits() {
        assert_eq!(segment_name(0, Form::Plain), "events/000000000000.jsonl");
        assert_eq!(parse("000000000042.jsonl"), Some((42, Form::Plain)));
        assert_eq!(parse("000000000042.jsonl.zst"), Some((42, Form::Sealed)));
        for stray in [
            "42.jsonl",
            "000000000042.json",
            "+00000000042.jsonl",
            "0000000000042.jsonl",
            ".jsonl",
            "000000000042.jsonl.zst.new",
        ] {
            assert_eq!(parse(stray), None, "{stray}");
        }
    }
}

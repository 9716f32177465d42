//! A folder that a ledger was published into. It knows what it wrote: it writes what changed,
//! removes what is no longer there, and touches nothing of anybody else's.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use grounds::hash::Hash;
use grounds::ledger::Ledger;
use grounds::net::page::Shelf;
use serde::{Deserialize, Serialize};

use crate::command::publish::extends;
use crate::error::{Exit, Failure};

/// The file in which the folder keeps what it wrote.
const RECORD: &str = ".grounds-site.json";
const SCHEMA: &str = "grounds.site/1";

/// What a site has at its top, but for what is named by its bytes: where one of these is somebody
/// else's, nothing is published.
const TOP: [&str; 27] = [
    "index.html",
    "mark.svg",
    "claims.json",
    "claim",
    "artifact",
    "artifacts",
    "agent",
    "agents",
    "context",
    "contexts",
    "view",
    "views",
    "log",
    "ledger.json",
    "log.json",
    "log.jsonl",
    "log.atom",
    "audit",
    "audit.json",
    "status",
    "domain",
    "by",
    "part",
    "tile",
    "checkpoint",
    "cosigned",
    "policy",
];

/// What was written when the folder was published last.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Record {
    schema: String,
    origin: String,
    edition: String,
    size: u64,
    root: String,
    /// SHA-256 of each file, by its path.
    files: BTreeMap<String, String>,
}

/// What publishing came to.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Written {
    /// Files of the site.
    pub(crate) files: u64,
    /// Files that were new or had changed.
    pub(crate) written: u64,
    /// Files of an earlier publish that are gone.
    pub(crate) removed: u64,
    /// Files of an earlier publish that somebody changed since: they were left.
    pub(crate) left: u64,
}

/// A folder that is being published into.
pub(crate) struct Folder {
    dir: PathBuf,
    before: Record,
    now: Record,
    /// Whether lasting files that are there are the ones that are wanted.
    lasts: bool,
    written: u64,
}

impl Folder {
    /// Opens a folder to publish a ledger into it.
    ///
    /// Refused where files stand in the way that no publish wrote.
    pub(crate) fn open(
        dir: &Path,
        ledger: &Ledger,
        edition: String,
        afresh: bool,
    ) -> Result<Folder, Failure> {
        std::fs::create_dir_all(dir).map_err(|error| Failure::io(dir, &error))?;
        let checkpoint = &ledger.custody().checkpoint;
        let now = Record {
            schema: SCHEMA.to_owned(),
            origin: checkpoint.origin.clone(),
            edition,
            size: checkpoint.size,
            root: checkpoint.root.to_string(),
            files: BTreeMap::new(),
        };
        let before = match read_record(dir)? {
            Some(before) => before,
            None => begun(dir, &now)?,
        };
        if before.origin != now.origin {
            return Err(foreign(dir, &before.origin, &now.origin));
        }
        if before.size > 0 && !extends(ledger, before.size, &before.root) {
            return Err(not_extended(dir, &before, &now));
        }
        Ok(Folder {
            dir: dir.to_path_buf(),
            lasts: !afresh && before.edition == now.edition,
            before,
            now,
            written: 0,
        })
    }

    /// Removes what is no longer there and keeps what was written.
    pub(crate) fn close(mut self) -> Result<Written, Failure> {
        let (mut removed, mut left) = (0, 0);
        let old = std::mem::take(&mut self.before.files);
        for (path, hash) in old {
            if self.now.files.contains_key(&path) {
                continue;
            }
            if self.outlives(&path) {
                self.now.files.insert(path, hash);
                continue;
            }
            match self.remove(&path, &hash)? {
                true => removed += 1,
                false => left += 1,
            }
        }
        let files = self.now.files.len() as u64;
        write_record(&self.dir, &self.now)?;
        Ok(Written {
            files,
            written: self.written,
            removed,
            left,
        })
    }

    /// Whether a file stays that is no part of the newest head: whoever holds an older one still
    /// finds its tiles, until the whole tile is there. What was withheld since stays nowhere.
    fn outlives(&self, path: &str) -> bool {
        let is_whole = self.now.files.contains_key(&whole_tile(path));
        is_partial(path) && !is_whole && self.before.edition == self.now.edition
    }

    /// Removes a file that an earlier publish wrote, unless somebody changed it since.
    fn remove(&self, path: &str, hash: &str) -> Result<bool, Failure> {
        let Some(file) = self.place(path) else {
            return Ok(false);
        };
        match std::fs::read(&file) {
            Ok(bytes) if Hash::of(&bytes).to_string() == hash => {
                std::fs::remove_file(&file).map_err(|error| Failure::io(&file, &error))?;
                self.remove_empty(file.parent());
                Ok(true)
            }
            Ok(_) => Ok(false),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(true),
            Err(error) => Err(Failure::io(&file, &error)),
        }
    }

    /// Removes folders that are empty now; one that is not stays, which is no error.
    fn remove_empty(&self, folder: Option<&Path>) {
        let mut folder = folder;
        while let Some(here) = folder.filter(|here| *here != self.dir) {
            if std::fs::remove_dir(here).is_err() {
                return;
            }
            folder = here.parent();
        }
    }

    /// Where a path of the record stands; none where it would lead out of the folder.
    fn place(&self, path: &str) -> Option<PathBuf> {
        let relative = Path::new(path);
        let is_inside = relative
            .components()
            .all(|part| matches!(part, Component::Normal(_)));
        is_inside.then(|| self.dir.join(relative))
    }
}

impl Shelf for Folder {
    type Error = Failure;

    fn has(&mut self, path: &str) -> Result<bool, Failure> {
        let hash = self.before.files.get(path).filter(|_| self.lasts);
        let is_there = |path: &str| self.place(path).is_some_and(|file| file.is_file());
        match hash {
            Some(hash) if is_there(path) => {
                self.now.files.insert(path.to_owned(), hash.clone());
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    fn put(&mut self, path: &str, bytes: &[u8]) -> Result<(), Failure> {
        let file = self.dir.join(path);
        let is_same = std::fs::read(&file).is_ok_and(|found| found == bytes);
        if !is_same {
            replace(&file, bytes)?;
            self.written += 1;
        }
        let hash = Hash::of(bytes).to_string();
        self.now.files.insert(path.to_owned(), hash);
        Ok(())
    }
}

/// Writes a file in one step: a reader finds the old one or the new one.
fn replace(file: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let folder = file.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(|error| Failure::io(folder, &error))?;
    let mut temporary = file.as_os_str().to_owned();
    temporary.push(".new");
    let temporary = PathBuf::from(temporary);
    std::fs::write(&temporary, bytes)
        .and_then(|()| std::fs::rename(&temporary, file))
        .map_err(|error| Failure::io(file, &error))
}

fn is_partial(path: &str) -> bool {
    path.starts_with("tile/") && path.contains(".p/")
}

fn whole_tile(path: &str) -> String {
    path.split(".p/").next().unwrap_or(path).to_owned()
}

fn read_record(dir: &Path) -> Result<Option<Record>, Failure> {
    let file = dir.join(RECORD);
    let text = match std::fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Failure::io(&file, &error)),
    };
    let record: Option<Record> = serde_json::from_str(&text).ok();
    let record = record.filter(|record| record.schema == SCHEMA);
    record.map(Some).ok_or_else(|| {
        Failure::new(
            Exit::No,
            "exists",
            format!(
                "{}: found no record of a site that this grounds can read, expected {SCHEMA}",
                file.display()
            ),
        )
        .hint("publish into another folder; nothing was written")
    })
}

fn write_record(dir: &Path, record: &Record) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(record)
        .map_err(|error| Failure::new(Exit::Io, "io", error.to_string()))?;
    let file = dir.join(RECORD);
    match std::fs::read_to_string(&file) {
        Ok(found) if found == text => Ok(()),
        _ => replace(&file, text.as_bytes()),
    }
}

/// The record of a folder that was never published: that it was begun is kept, so that what is
/// written now is known as ours should it be interrupted.
fn begun(dir: &Path, now: &Record) -> Result<Record, Failure> {
    let occupied = TOP.iter().find(|name| dir.join(name).exists());
    if let Some(name) = occupied {
        return Err(Failure::new(
            Exit::No,
            "exists",
            format!(
                "{}: found {name}, which no publish wrote, expected a new or empty folder, or one that was published before",
                dir.display()
            ),
        )
        .hint("name another folder; nothing was written"));
    }
    let record = Record {
        size: 0,
        root: String::new(),
        ..now.clone()
    };
    write_record(dir, &record)?;
    Ok(record)
}

fn foreign(dir: &Path, found: &str, expected: &str) -> Failure {
    Failure::new(
        Exit::No,
        "exists",
        format!(
            "{}: found a site of {}, expected one of {}",
            dir.display(),
            grounds::value::excerpt(found),
            grounds::value::excerpt(expected)
        ),
    )
    .hint("name another folder; nothing was written")
}

fn not_extended(dir: &Path, before: &Record, now: &Record) -> Failure {
    Failure::new(
        Exit::No,
        "rollback",
        format!(
            "{}: found a site of {} entries with root {}, expected one that the ledger's {} entries extend",
            dir.display(),
            before.size,
            grounds::value::excerpt(&before.root),
            now.size
        ),
    )
    .hint("the ledger was rolled back or rewritten since: grounds verify --from a checkpoint of the site; nothing was written")
}

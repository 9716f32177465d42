//! A witness: what it trusts, what it has cosigned, and what it keeps against a log.
//!
//! The folder, beside the key that whoever runs it keeps there:
//!
//! | name | what |
//! |---|---|
//! | `witness.vkey` | the witness's own vkey, a line |
//! | `logs` | the logs that it trusts (`logs/v0`, see [`LogList`]) |
//! | `origins/<hex SHA-256 of the origin>` | the newest note that it cosigned, with its own line |
//! | `evidence/<kind>-<origin>-<text>.{cosigned,seen}` | two notes that a log has signed and that do not agree |
//! | `lock` | held while one process answers |
//!
//! One promise carries all others: no cosignature leaves before the head that it is for is on disk
//! as the newest one, and none is made for a head that does not extend it. So after a crash at any
//! moment the witness knows at least what others have in hand.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use ed25519_dalek::SigningKey;

use crate::envelope::PrivateKey;
use crate::hash::Hash;
use crate::ledger::Clock;
use crate::tlog::{
    AddCheckpoint, AddCheckpointError, Cosigner, Evidence, Extension, Head, KnownLog, LogList,
    LogListError, Note, VerifierKey, VerifierKeyError, WitnessRefusal, judge, write_cosignatures,
};

use super::folder::{self, FolderError};

/// The witness's own key, public half.
const VKEY: &str = "witness.vkey";
/// The logs that it trusts.
const LOGS: &str = "logs";
/// What it has cosigned.
const ORIGINS: &str = "origins";
/// What speaks against a log.
const EVIDENCE: &str = "evidence";

/// The most bytes of a list of logs.
const MOST_LIST: u64 = 1 << 20;
/// The most bytes of a note.
const MOST_NOTE: u64 = 1_000_000;

/// Forks that are kept of a log: each is proof enough.
const MOST_FORKS: usize = 64;
/// Unproved heads that are kept of a log: anybody can send an honest head with a wrong proof.
const MOST_UNPROVED: usize = 16;

/// Why a witness's folder cannot be used.
#[derive(Debug)]
pub enum WitnessError {
    /// The system failed, or another process has the folder.
    Folder(FolderError),
    /// A file is there already.
    Occupied(PathBuf),
    /// A file that makes a witness is missing.
    Missing(PathBuf),
    /// A file is not what it should be.
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found, and what was expected.
        why: String,
    },
    /// The list of logs is wrong.
    Logs {
        /// The file.
        path: PathBuf,
        /// Why.
        error: LogListError,
    },
    /// The name cannot be one of a key.
    Name(VerifierKeyError),
}

impl fmt::Display for WitnessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WitnessError::Folder(error) => write!(f, "{error}"),
            WitnessError::Occupied(path) => {
                write!(
                    f,
                    "found {}, expected a folder without a witness",
                    path.display()
                )
            }
            WitnessError::Missing(path) => {
                write!(
                    f,
                    "found no {}, expected a witness's folder",
                    path.display()
                )
            }
            WitnessError::Damaged { path, why } => write!(f, "{}: {why}", path.display()),
            WitnessError::Logs { path, error } => write!(f, "{}: {error}", path.display()),
            WitnessError::Name(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for WitnessError {}

impl From<FolderError> for WitnessError {
    fn from(error: FolderError) -> WitnessError {
        WitnessError::Folder(error)
    }
}

fn damaged(path: &Path, why: impl fmt::Display) -> WitnessError {
    WitnessError::Damaged {
        path: path.to_path_buf(),
        why: why.to_string(),
    }
}

/// Makes the folder of a witness that trusts no log yet, and gives its vkey. The private key is the
/// caller's to keep.
///
/// # Errors
/// Where the folder is another witness's, the name cannot be a key's, or the system fails.
pub fn make_folder(dir: &Path, name: &str, key: &PrivateKey) -> Result<VerifierKey, WitnessError> {
    let vkey = cosigner(name, key)?.verifier().clone();
    let path = dir.join(VKEY);
    if path.exists() {
        return Err(WitnessError::Occupied(path));
    }
    folder::make(&dir.join(ORIGINS))?;
    folder::make(&dir.join(EVIDENCE))?;
    folder::replace(&dir.join(LOGS), &LogList::empty_bytes())?;
    folder::replace(&path, format!("{vkey}\n").as_bytes())?;
    Ok(vkey)
}

fn cosigner(name: &str, key: &PrivateKey) -> Result<Cosigner, WitnessError> {
    let key = SigningKey::from_bytes(&key.seed());
    Cosigner::new(name, key).map_err(WitnessError::Name)
}

/// Adds a log to those that a witness trusts; whether it is new. A witness that is running reads
/// the list when it starts again.
///
/// # Errors
/// Where the folder is no witness's, the key is no log's, or the system fails.
pub fn trust(dir: &Path, log: &VerifierKey) -> Result<bool, WitnessError> {
    let path = dir.join(LOGS);
    let list = log_list(dir)?;
    if list.logs.iter().any(|known| known.key == *log) {
        return Ok(false);
    }
    let mut bytes = folder::read(&path, MOST_LIST)?.unwrap_or_default();
    if !bytes.ends_with(b"\n") {
        bytes.push(b'\n');
    }
    bytes.extend(LogList::lines_for(log).bytes());
    LogList::parse(&bytes).map_err(|error| WitnessError::Logs {
        path: path.clone(),
        error,
    })?;
    folder::replace(&path, &bytes)?;
    Ok(true)
}

fn log_list(dir: &Path) -> Result<LogList, WitnessError> {
    let path = dir.join(LOGS);
    let bytes = folder::read(&path, MOST_LIST)?.ok_or(WitnessError::Missing(path.clone()))?;
    LogList::parse(&bytes).map_err(|error| WitnessError::Logs { path, error })
}

/// Why a request got no cosignature.
#[derive(Debug)]
pub enum AddError {
    /// It is not one.
    Malformed(AddCheckpointError),
    /// It is not to be cosigned.
    Refused(WitnessRefusal),
    /// The head could not be kept.
    NotKept(FolderError),
}

impl fmt::Display for AddError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AddError::Malformed(error) => write!(f, "{error}"),
            AddError::Refused(refusal) => write!(f, "{refusal}"),
            AddError::NotKept(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for AddError {}

/// What a witness did, for whoever runs it.
#[derive(Debug)]
pub enum Seen<'s> {
    /// It cosigned a head.
    Cosigned {
        /// The log.
        origin: &'s str,
        /// The head.
        head: Head,
    },
    /// It refused one.
    Refused {
        /// The log that the request named.
        origin: &'s str,
        /// Why.
        refusal: &'s WitnessRefusal,
    },
    /// It keeps evidence that it did not have.
    Evidence {
        /// The log.
        origin: &'s str,
        /// Of what.
        kind: Evidence,
        /// The note that was seen; the one that was cosigned is beside it.
        file: &'s Path,
    },
    /// Something could not be written.
    NotKept {
        /// The log.
        origin: &'s str,
        /// What the system said.
        error: &'s FolderError,
    },
}

/// A witness that answers.
pub struct Witness {
    dir: PathBuf,
    cosigner: Cosigner,
    clock: Mutex<Box<dyn Clock>>,
    logs: BTreeMap<String, Mutex<Log>>,
    seen: Box<dyn Fn(&Seen<'_>) + Send + Sync>,
    /// One process answers for a folder.
    _lock: folder::Lock,
}

/// A log that is trusted.
struct Log {
    keys: Vec<VerifierKey>,
    last: Option<Last>,
}

/// What was cosigned last of a log.
struct Last {
    head: Head,
    /// Seconds since 1970.
    time: u64,
    note: Vec<u8>,
}

impl Witness {
    /// Opens a witness's folder, for this process alone; `seen` is told what it does.
    ///
    /// # Errors
    /// Where another process has the folder, the key is not the witness's, or one of its files is
    /// not what it should be: a witness that has forgotten what it cosigned must not start.
    pub fn open(
        dir: &Path,
        key: &PrivateKey,
        clock: Box<dyn Clock>,
        seen: Box<dyn Fn(&Seen<'_>) + Send + Sync>,
    ) -> Result<Witness, WitnessError> {
        let cosigner = own_cosigner(dir, key)?;
        let lock = folder::lock(dir)?;
        let mut logs: BTreeMap<String, Log> = BTreeMap::new();
        for trusted in log_list(dir)?.logs {
            let log = logs.entry(trusted.origin).or_insert(Log {
                keys: Vec::new(),
                last: None,
            });
            log.keys.push(trusted.key);
        }
        let folder = dir.join(ORIGINS);
        for name in folder::names(&folder)? {
            let (origin, last) = last_in(&folder.join(&name), &name, cosigner.verifier())?;
            // What is no longer trusted is kept, in case it is again.
            if let Some(log) = logs.get_mut(&origin) {
                log.last = Some(last);
            }
        }
        let logs = logs
            .into_iter()
            .map(|(origin, log)| (origin, Mutex::new(log)));
        Ok(Witness {
            dir: dir.to_path_buf(),
            cosigner,
            clock: Mutex::new(clock),
            logs: logs.collect(),
            seen,
            _lock: lock,
        })
    }

    /// The key that checks its cosignatures.
    #[must_use]
    pub fn verifier(&self) -> &VerifierKey {
        self.cosigner.verifier()
    }

    /// How many logs it trusts.
    #[must_use]
    pub fn logs(&self) -> usize {
        self.logs.len()
    }

    /// Answers the body of `add-checkpoint`: its cosignature, once the head is kept. Waits for the
    /// disk.
    ///
    /// # Errors
    /// [`AddError`], and then no signature has been given out.
    pub fn add_checkpoint(&self, body: &[u8]) -> Result<Vec<u8>, AddError> {
        let request = AddCheckpoint::parse(body).map_err(AddError::Malformed)?;
        let origin = request.origin();
        let Some(log) = self.logs.get(origin) else {
            return self.refuse(origin, WitnessRefusal::UnknownOrigin(origin.to_owned()));
        };
        // Held until the head is kept: nobody decides by what is no longer the last one. What a
        // thread that panicked left is whole, as it is set last.
        let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
        let judgement = judge(
            &request,
            Some(KnownLog {
                keys: &log.keys,
                last: log.last.as_ref().map(|last| last.head),
            }),
        );
        if let (Some((kind, note)), Some(last)) = (&judgement.evidence, &log.last) {
            self.keep_evidence(origin, *kind, last, note);
        }
        let extension = match judgement.verdict {
            Ok(extension) => extension,
            Err(refusal) => return self.refuse(origin, refusal),
        };
        let answer = self.cosign(origin, &mut log, &extension);
        if let Err(AddError::NotKept(error)) = &answer {
            (self.seen)(&Seen::NotKept { origin, error });
        }
        answer
    }

    fn refuse(&self, origin: &str, refusal: WitnessRefusal) -> Result<Vec<u8>, AddError> {
        (self.seen)(&Seen::Refused {
            origin,
            refusal: &refusal,
        });
        Err(AddError::Refused(refusal))
    }

    /// Keeps the head, and only then gives its cosignature.
    fn cosign(
        &self,
        origin: &str,
        log: &mut Log,
        extension: &Extension,
    ) -> Result<Vec<u8>, AddError> {
        let before = log.last.as_ref().map_or(0, |last| last.time);
        let time = self.now().max(before);
        let line = self.cosigner.cosign(&extension.text, time);
        let lines = [extension.log_lines.clone(), vec![line.clone()]].concat();
        let note = Note::new(&extension.text, lines)
            .expect("the text of a note with a line of each key is a note");
        let note = note.to_bytes();
        let path = self.dir.join(ORIGINS).join(origin_name(origin));
        folder::replace(&path, &note).map_err(AddError::NotKept)?;
        let head = extension.head;
        log.last = Some(Last { head, time, note });
        (self.seen)(&Seen::Cosigned { origin, head });
        // The proof has come: what was kept for want of one speaks against nobody.
        let files = self.files_of(Evidence::Unproved, origin, &extension.text);
        for file in [&files.seen, &files.cosigned] {
            if let Err(error) = folder::remove(file) {
                (self.seen)(&Seen::NotKept {
                    origin,
                    error: &error,
                });
            }
        }
        Ok(write_cosignatures(&[line]))
    }

    /// Seconds since 1970.
    fn now(&self) -> u64 {
        let clock = self.clock.lock().unwrap_or_else(PoisonError::into_inner);
        u64::try_from(clock.wall().micros() / 1_000_000).unwrap_or(0)
    }

    /// The newest note that was cosigned of the log with this name: the lower-case hexadecimal
    /// SHA-256 of its origin.
    #[must_use]
    pub fn checkpoint(&self, name: &str) -> Option<Vec<u8>> {
        let (_, log) = self
            .logs
            .iter()
            .find(|(origin, _)| origin_name(origin) == name)?;
        let log = log.lock().unwrap_or_else(PoisonError::into_inner);
        log.last.as_ref().map(|last| last.note.clone())
    }

    /// Keeps both notes, where there is room and they are not kept yet. That the log is at fault is
    /// no reason to answer otherwise, so a failure is only told.
    fn keep_evidence(&self, origin: &str, kind: Evidence, last: &Last, note: &Note) {
        let files = self.files_of(kind, origin, note.text());
        let kept = || -> Result<bool, FolderError> {
            let names = folder::names(&self.dir.join(EVIDENCE))?;
            let of_its_kind = names
                .iter()
                .filter(|name| name.starts_with(&files.prefix) && name.ends_with(SEEN));
            let is_full = of_its_kind.count() >= most(kind);
            if is_full || files.seen.exists() {
                return Ok(false);
            }
            // Listed by the second file: whoever finds it finds both.
            folder::replace(&files.cosigned, &last.note)?;
            folder::replace(&files.seen, &note.to_bytes())?;
            Ok(true)
        };
        match kept() {
            Ok(false) => {}
            Ok(true) => (self.seen)(&Seen::Evidence {
                origin,
                kind,
                file: &files.seen,
            }),
            Err(error) => (self.seen)(&Seen::NotKept {
                origin,
                error: &error,
            }),
        }
    }

    fn files_of(&self, kind: Evidence, origin: &str, text: &str) -> EvidenceFiles {
        let prefix = format!("{}-{}-", word(kind), &origin_name(origin)[..16]);
        let name = format!("{prefix}{}", &Hash::of(text.as_bytes()).to_string()[..16]);
        let folder = self.dir.join(EVIDENCE);
        EvidenceFiles {
            prefix,
            cosigned: folder.join(format!("{name}{COSIGNED}")),
            seen: folder.join(format!("{name}{SEEN}")),
        }
    }
}

impl fmt::Debug for Witness {
    /// The public half only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Witness({})", self.verifier())
    }
}

const COSIGNED: &str = ".cosigned";
const SEEN: &str = ".seen";

struct EvidenceFiles {
    prefix: String,
    cosigned: PathBuf,
    seen: PathBuf,
}

fn most(kind: Evidence) -> usize {
    match kind {
        Evidence::Fork => MOST_FORKS,
        Evidence::Unproved => MOST_UNPROVED,
    }
}

fn word(kind: Evidence) -> &'static str {
    match kind {
        Evidence::Fork => "fork",
        Evidence::Unproved => "unproved",
    }
}

/// Where a log's state is, and its checkpoint is served.
fn origin_name(origin: &str) -> String {
    Hash::of(origin.as_bytes()).to_string()
}

/// The key is the one that this folder's witness hands out.
fn own_cosigner(dir: &Path, key: &PrivateKey) -> Result<Cosigner, WitnessError> {
    let path = dir.join(VKEY);
    let bytes = folder::read(&path, MOST_LIST)?.ok_or(WitnessError::Missing(path.clone()))?;
    let text = String::from_utf8_lossy(&bytes);
    let vkey: VerifierKey = text
        .trim_end()
        .parse()
        .map_err(|error| damaged(&path, error))?;
    let own = cosigner(vkey.name(), key)?;
    if *own.verifier() == vkey {
        return Ok(own);
    }
    let own = own.verifier();
    Err(damaged(
        &path,
        format!("found {vkey}, expected {own}, by the private key"),
    ))
}

/// What a state file says was cosigned last. Our own signature covers it: what holds was not
/// changed by a disk.
fn last_in(path: &Path, name: &str, own: &VerifierKey) -> Result<(String, Last), WitnessError> {
    let bytes = folder::read(path, MOST_NOTE)?.unwrap_or_default();
    let request =
        AddCheckpoint::new(0, Vec::new(), &bytes).map_err(|error| damaged(path, error))?;
    let open = Note::parse(&bytes).and_then(|note| note.verify(&[own]));
    let open = open.map_err(|error| damaged(path, error))?;
    if origin_name(request.origin()) != name {
        let found = request.origin();
        return Err(damaged(
            path,
            format!("found a head of {found}, expected the file to be named by its origin"),
        ));
    }
    let times = open.good.iter().filter_map(|good| good.time);
    let last = Last {
        head: request.head(),
        time: times.max().unwrap_or(0),
        note: bytes,
    };
    Ok((request.origin().to_owned(), last))
}

/// Two notes by one log that do not agree, as a witness keeps them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptEvidence {
    /// Of what.
    pub kind: Evidence,
    /// The log.
    pub origin: String,
    /// The head that the witness has cosigned.
    pub cosigned: Head,
    /// The head that it was asked to cosign.
    pub seen: Head,
    /// The notes: the one that was cosigned, the one that was seen.
    pub files: [PathBuf; 2],
}

/// What a witness keeps against logs, by file name.
///
/// # Errors
/// Where the folder is no witness's, or a file of it is not what it should be.
pub fn evidence_in(dir: &Path) -> Result<Vec<KeptEvidence>, WitnessError> {
    if !dir.join(VKEY).exists() {
        return Err(WitnessError::Missing(dir.join(VKEY)));
    }
    let folder = dir.join(EVIDENCE);
    let mut all = Vec::new();
    for name in folder::names(&folder)? {
        let Some(stem) = name.strip_suffix(SEEN) else {
            continue;
        };
        let files = [format!("{stem}{COSIGNED}"), name.clone()].map(|name| folder.join(name));
        let [cosigned, seen] = [claimed_in(&files[0])?, claimed_in(&files[1])?];
        let kind = [Evidence::Fork, Evidence::Unproved]
            .into_iter()
            .find(|kind| stem.starts_with(word(*kind)))
            .ok_or_else(|| {
                damaged(
                    &files[1],
                    "expected a name that begins with fork or unproved",
                )
            })?;
        all.push(KeptEvidence {
            kind,
            origin: seen.origin().to_owned(),
            cosigned: cosigned.head(),
            seen: seen.head(),
            files,
        });
    }
    Ok(all)
}

fn claimed_in(path: &Path) -> Result<AddCheckpoint, WitnessError> {
    let bytes = folder::read(path, MOST_NOTE)?.ok_or(WitnessError::Missing(path.to_path_buf()))?;
    AddCheckpoint::new(0, Vec::new(), &bytes).map_err(|error| damaged(path, error))
}

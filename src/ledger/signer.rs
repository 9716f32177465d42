//! The log's key and what it last signed.
//!
//! The state lives beside the key, outside the ledger folder: whoever puts an old copy of the
//! folder back does not put the state back, and the signer refuses to sign what does not extend it.

use std::fmt;
use std::path::{Path, PathBuf};

use ed25519_dalek::SigningKey;

use crate::envelope::PrivateKey;
use crate::form::{Fields, Form as _};
use crate::hash::Hash;
use crate::json::Json;
use crate::store::segment::{Disk, Files, OpenFile as _, create_fresh, read_whole};
use crate::tlog::{Checkpoint, NoteSigner, Tree, VerifierKey};
use crate::value::{Origin, PublicKey};

/// The last head that was signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignerState {
    /// Its size, in entries.
    pub size: u64,
    /// Its root.
    pub root: Hash,
}

/// Why no head was signed.
#[derive(Debug)]
pub enum SignerError {
    /// The ledger does not extend what was signed before.
    NotAnExtension {
        /// What was signed.
        signed: SignerState,
        /// Size of the ledger now.
        size: u64,
        /// Its root at the signed size, where it has that many entries.
        root: Option<Hash>,
    },
    /// The state file is unreadable.
    State {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The key is not the ledger's log key.
    OtherKey {
        /// The ledger's.
        expected: String,
        /// The one at hand.
        found: String,
    },
    /// The system failed.
    Io {
        /// The file.
        path: PathBuf,
        /// What it said.
        source: std::io::Error,
    },
}

impl fmt::Display for SignerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SignerError::NotAnExtension {
                signed,
                size,
                root: None,
            } => write!(
                f,
                "the ledger has {size} entries, expected at least the {} that its key signed: entries were removed, or an old copy was put back",
                signed.size
            ),
            SignerError::NotAnExtension {
                signed,
                root: Some(root),
                ..
            } => write!(
                f,
                "the ledger's root at size {} is {root}, expected {}, which its key signed: history was rewritten",
                signed.size, signed.root
            ),
            SignerError::State { path, why } => {
                write!(
                    f,
                    "{}: found {why}, expected the signer's last size and root",
                    path.display()
                )
            }
            SignerError::OtherKey { expected, found } => {
                write!(f, "found the log key {found}, expected {expected}")
            }
            SignerError::Io { path, source } => write!(f, "{}: {source}", path.display()),
        }
    }
}

impl std::error::Error for SignerError {}

/// The most bytes of a state file; it has some hundred.
const LONGEST_STATE: usize = 4096;

/// Signs heads, each an extension of the last.
pub struct HeadSigner<F: Files = Disk> {
    files: F,
    origin: Origin,
    key: PrivateKey,
    signer: NoteSigner,
    path: PathBuf,
    state: Option<SignerState>,
    /// Whether the state's name may be one that was given since its folder was synced.
    is_dirty: bool,
}

impl HeadSigner {
    /// The log's key with the state file beside it, which need not exist yet.
    ///
    /// # Errors
    /// [`SignerError::State`] when the file is there and unreadable.
    pub fn open(origin: &Origin, key: PrivateKey, state: &Path) -> Result<HeadSigner, SignerError> {
        HeadSigner::open_on(Disk, origin, key, state)
    }

    /// What a state file says was signed last; none where it is missing or unreadable.
    #[must_use]
    pub fn state_at(path: &Path) -> Option<SignerState> {
        let bytes = read_whole(&Disk, path, LONGEST_STATE).ok()??;
        read_state(path, &bytes).ok()
    }
}

impl<F: Files> HeadSigner<F> {
    /// As [`HeadSigner::open`], on another file system.
    ///
    /// # Errors
    /// As [`HeadSigner::open`].
    pub fn open_on(
        files: F,
        origin: &Origin,
        key: PrivateKey,
        state: &Path,
    ) -> Result<HeadSigner<F>, SignerError> {
        let signer = note_signer(origin, &key);
        let path = state.to_path_buf();
        let state = signed_last(&files, &path)?;
        Ok(HeadSigner {
            files,
            origin: origin.clone(),
            key,
            signer,
            path,
            // Whoever signed before may have ended before it was durable.
            is_dirty: state.is_some(),
            state,
        })
    }

    /// The key's public half as a C2SP vkey.
    #[must_use]
    pub fn verifier(&self) -> &VerifierKey {
        self.signer.verifier()
    }

    /// The key itself: the map is signed by it too.
    pub(super) fn key(&self) -> &PrivateKey {
        &self.key
    }

    /// What was signed last.
    #[must_use]
    pub fn state(&self) -> Option<SignerState> {
        self.state
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        self.key.public()
    }

    /// Whether a tree extends what was signed last.
    ///
    /// # Errors
    /// [`SignerError::NotAnExtension`].
    pub fn extends(&self, tree: &Tree) -> Result<(), SignerError> {
        self.state.map_or(Ok(()), |signed| extends(tree, signed))
    }

    /// Signs the head of a tree and remembers it before it is given out. After a power cut an intact
    /// state is there: this one, or one of those since [`HeadSigner::sync`].
    ///
    /// # Errors
    /// [`SignerError::NotAnExtension`], or [`SignerError::Io`] when it cannot be remembered.
    pub(super) fn sign(&mut self, tree: &Tree) -> Result<Vec<u8>, SignerError> {
        self.extends(tree)?;
        // Another process that has the key may have signed a copy of the ledger meanwhile.
        signed_last(&self.files, &self.path)?.map_or(Ok(()), |signed| extends(tree, signed))?;
        let head = SignerState {
            size: tree.size(),
            root: tree.root(),
        };
        let checkpoint = Checkpoint {
            origin: self.origin.to_string(),
            size: head.size,
            root: head.root,
        };
        let note = checkpoint
            .sign(&self.signer)
            .expect("the log key is named by the origin");
        let replaced = replace(&self.files, &self.path, &state_bytes(head));
        replaced.map_err(|source| self.io(source))?;
        self.state = Some(head);
        self.is_dirty = true;
        Ok(note)
    }

    /// Makes the name of what is remembered durable.
    ///
    /// # Errors
    /// [`SignerError::Io`].
    pub(super) fn sync(&mut self) -> Result<(), SignerError> {
        if std::mem::take(&mut self.is_dirty) {
            let folder = self
                .path
                .parent()
                .filter(|folder| !folder.as_os_str().is_empty());
            let folder = folder.unwrap_or_else(|| Path::new("."));
            let synced = self.files.sync_folder(folder);
            synced.map_err(|source| self.io(source))?;
        }
        Ok(())
    }

    fn io(&self, source: std::io::Error) -> SignerError {
        let path = self.path.clone();
        SignerError::Io { path, source }
    }
}

fn extends(tree: &Tree, signed: SignerState) -> Result<(), SignerError> {
    let root = tree.root_at(signed.size);
    if root == Some(signed.root) {
        return Ok(());
    }
    Err(SignerError::NotAnExtension {
        signed,
        size: tree.size(),
        root,
    })
}

/// What a state file says; none where it is missing.
fn signed_last<F: Files>(files: &F, path: &Path) -> Result<Option<SignerState>, SignerError> {
    match read_whole(files, path, LONGEST_STATE) {
        Ok(bytes) => bytes.map(|bytes| read_state(path, &bytes)).transpose(),
        Err(source) => Err(SignerError::Io {
            path: path.to_path_buf(),
            source,
        }),
    }
}

/// The signer of a log: key name = origin.
fn note_signer(origin: &Origin, key: &PrivateKey) -> NoteSigner {
    let key = SigningKey::from_bytes(&key.seed());
    NoteSigner::new(origin.as_str(), key).expect("an origin is a key name")
}

fn state_bytes(state: SignerState) -> Vec<u8> {
    let mut bytes = Json::object([
        ("root", Json::string(state.root.to_string())),
        ("size", state.size.write()),
    ])
    .to_bytes();
    bytes.push(b'\n');
    bytes
}

fn read_state(path: &Path, bytes: &[u8]) -> Result<SignerState, SignerError> {
    let read = || {
        if bytes.is_empty() {
            return Err("an empty file".to_owned());
        }
        let line = bytes.strip_suffix(b"\n").ok_or("no line end")?;
        let json = Json::parse(line).map_err(|error| error.to_string())?;
        let mut fields = Fields::of(&json).map_err(|error| error.to_string())?;
        let root = fields.required("root").map_err(|error| error.to_string())?;
        let size = fields.required("size").map_err(|error| error.to_string())?;
        fields.end().map_err(|error| error.to_string())?;
        Ok(SignerState { size, root })
    };
    read().map_err(|why: String| SignerError::State {
        path: path.to_path_buf(),
        why,
    })
}

/// Replaces a file: an intact one is there at every moment, after a power cut too.
fn replace<F: Files>(files: &F, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".new");
    let temporary = PathBuf::from(temporary);
    let file = create_fresh(files, &temporary)?;
    file.write_all_at(bytes, 0)?;
    file.sync()?;
    drop(file);
    files.rename(&temporary, path)
}

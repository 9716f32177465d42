//! The log's key and what it last signed.
//!
//! The state lives beside the key, outside the ledger folder: whoever puts an old copy of the
//! folder back does not put the state back, and the signer refuses to sign what does not extend it.

use std::fmt;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use ed25519_dalek::SigningKey;

use crate::envelope::PrivateKey;
use crate::form::{Fields, Form as _};
use crate::hash::Hash;
use crate::json::Json;
use crate::tlog::{Checkpoint, NoteSigner, Tree, VerifierKey};
use crate::value::{Origin, PublicKey};

/// A state is a line of a root and a size; what is longer is something else, in bytes.
const MOST_STATE: u64 = 4096;

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

/// Signs heads, each an extension of the last.
pub struct HeadSigner {
    origin: Origin,
    key: PrivateKey,
    signer: NoteSigner,
    path: PathBuf,
    state: Option<SignerState>,
}

impl HeadSigner {
    /// The log's key with the state file beside it, which need not exist yet.
    ///
    /// # Errors
    /// [`SignerError::State`] when the file is there and unreadable.
    pub fn open(origin: &Origin, key: PrivateKey, state: &Path) -> Result<HeadSigner, SignerError> {
        let signer = note_signer(origin, &key);
        let path = state.to_path_buf();
        let state = match held_state(&path) {
            Ok(bytes) => Some(read_state(&path, &bytes)?),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(source) => return Err(SignerError::Io { path, source }),
        };
        Ok(HeadSigner {
            origin: origin.clone(),
            key,
            signer,
            path,
            state,
        })
    }

    /// What a state file says was signed last; none where it is missing or unreadable.
    #[must_use]
    pub fn state_at(path: &Path) -> Option<SignerState> {
        read_state(path, &held_state(path).ok()?).ok()
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
        let Some(signed) = self.state else {
            return Ok(());
        };
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

    /// Signs the head of a tree and remembers it, on disk before it is given out.
    ///
    /// # Errors
    /// [`SignerError::NotAnExtension`], or [`SignerError::Io`] when it cannot be remembered.
    pub(super) fn sign(&mut self, tree: &Tree) -> Result<Vec<u8>, SignerError> {
        self.extends(tree)?;
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
        replace(&self.path, &state_bytes(head)).map_err(|source| SignerError::Io {
            path: self.path.clone(),
            source,
        })?;
        self.state = Some(head);
        Ok(note)
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
        if bytes.len() as u64 > MOST_STATE {
            return Err(format!("a file of more than {MOST_STATE} bytes"));
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

/// What a state file holds; of one that is too long to be a state, a byte too many.
fn held_state(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path)?;
    file.take(MOST_STATE + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Replaces a file: an intact one is there at every moment, and the new one is on disk on return.
fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".new");
    let temporary = PathBuf::from(temporary);
    let mut file = std::fs::File::create(&temporary)?;
    file.write_all(bytes)?;
    file.sync_data()?;
    drop(file);
    std::fs::rename(&temporary, path)
}

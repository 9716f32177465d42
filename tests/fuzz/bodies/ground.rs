//! What the targets stand on: the reference ledger, whose keys are published.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use grounds::claim::State;
use grounds::envelope::{KnownKey, PrivateKey};
use grounds::hash::Hash;
use grounds::ledger::Ledger;
use grounds::tlog::{NoteSigner, Tree, VerifierKey, leaf_hash};
use grounds::value::{KeyId, Origin, PublicKey};

pub const EVENTS: &str = "events/000000000000.jsonl";
pub const ORIGIN: &str = "grounds.example/reference";
pub const CLAIM: &str = "individual-neurons-rarely-encode-single-concepts";

/// Every file of the reference ledger that its checkpoint speaks for.
pub const FILES: [(&str, &[u8]); 4] = [
    (
        EVENTS,
        include_bytes!("../../../ledger/events/000000000000.jsonl"),
    ),
    ("checkpoint", include_bytes!("../../../ledger/checkpoint")),
    (
        "tile/0/000.p/16",
        include_bytes!("../../../ledger/tile/0/000.p/16"),
    ),
    (
        "tile/entries/000.p/16",
        include_bytes!("../../../ledger/tile/entries/000.p/16"),
    ),
];
pub const CHECKPOINT: &[u8] = FILES[1].1;

/// As `tests/reference/build.rs` makes it.
pub fn key(name: &str) -> PrivateKey {
    let seed = Hash::of(format!("grounds reference ledger, public test key of {name}").as_bytes());
    PrivateKey::from_seed(seed.as_bytes())
}

pub fn log_key() -> NoteSigner {
    let key = ed25519_dalek::SigningKey::from_bytes(&key("log").seed());
    NoteSigner::new(ORIGIN, key).unwrap()
}

pub fn origin() -> Origin {
    ORIGIN.parse().unwrap()
}

/// The reference ledger, read once.
pub struct Good {
    pub lines: Vec<&'static [u8]>,
    pub tree: Tree,
    pub vkey: VerifierKey,
    pub state: State,
    pub ledger: Ledger,
    /// Who may sign: the agents' keys, with and without their tables.
    pub keys: Vec<(KeyId, PublicKey, KnownKey)>,
}

pub static GOOD: LazyLock<Good> = LazyLock::new(|| {
    let ledger = Ledger::open(&folder(), None).unwrap();
    let lines: Vec<&[u8]> = FILES[0].1.split(|byte| *byte == b'\n').collect();
    let lines: Vec<&[u8]> = lines.into_iter().filter(|line| !line.is_empty()).collect();
    let mut tree = Tree::new();
    lines.iter().for_each(|line| tree.push(leaf_hash(line)));
    let state = ledger.state().clone();
    let keys = state.agents().filter_map(|(slug, _)| {
        let public = key(slug.as_str()).public();
        let is_theirs = state.valid_key(&public.id()).is_some();
        is_theirs.then(|| (public.id(), public, KnownKey::new(public)))
    });
    Good {
        keys: keys.collect(),
        lines,
        tree,
        vkey: log_key().verifier().clone(),
        state,
        ledger,
    }
});

/// The folder `ledger/` of the project.
fn folder() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let from = if own.ends_with("tests/fuzz") {
        own.join("../..")
    } else {
        own.to_path_buf()
    };
    from.join("ledger")
}

/// A folder that costs no disk, where there is one.
pub fn scratch() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let made = tempfile::Builder::new()
        .prefix("grounds-fuzz")
        .tempdir_in(memory);
    made.or_else(|_| tempfile::tempdir()).unwrap()
}

/// Writes files into a folder.
pub fn put<'f>(dir: &Path, files: impl IntoIterator<Item = (&'f str, &'f [u8])>) {
    for (name, bytes) in files {
        let path = dir.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
}

/// Bytes taken one after the other; zeros when there are none left.
pub struct Bytes<'a>(pub &'a [u8]);

impl<'a> Bytes<'a> {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn byte(&mut self) -> u8 {
        self.take(1).first().copied().unwrap_or(0)
    }

    /// At most so many.
    pub fn take(&mut self, most: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(most.min(self.0.len()));
        self.0 = rest;
        taken
    }

    pub fn number(&mut self, bytes: usize) -> u64 {
        let taken = self.take(bytes);
        taken
            .iter()
            .rev()
            .fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    /// Below `end`, and now and then beyond it.
    pub fn below(&mut self, end: u64) -> u64 {
        match self.byte() {
            255 => end.saturating_add(self.number(2)),
            254 => self.number(8),
            low => (u64::from(low) | self.number(2) << 8) % end.max(1),
        }
    }
}

/// Changes to bytes, as a script: each step a kind, a place, and what it takes. An empty script
/// changes nothing.
pub fn changed(base: &[u8], script: &mut Bytes<'_>, steps: usize) -> Vec<u8> {
    let mut bytes = base.to_vec();
    for _ in 0..steps {
        if script.is_empty() {
            break;
        }
        let kind = script.byte();
        let length = bytes.len();
        let at = (script.number(3) as usize) % (length + 1);
        let span = (script.number(2) as usize).min(length - at);
        match kind % 8 {
            0 if at < length => bytes[at] ^= 1 << (kind / 8 % 8),
            1 if at < length => bytes[at] = script.byte(),
            2 => drop(bytes.drain(at..at + span)),
            3 => {
                let size = usize::from(script.byte());
                let new = script.take(size).to_vec();
                drop(bytes.splice(at..at, new));
            }
            4 => {
                let size = usize::from(script.byte());
                let new = script.take(size).to_vec();
                drop(bytes.splice(at..at + span, new));
            }
            5 if length < 1 << 20 => {
                let again = bytes[at..at + span].to_vec();
                drop(bytes.splice(at..at, again));
            }
            6 => bytes.truncate(at),
            7 => bytes[at..at + span].fill(0),
            _ => {}
        }
    }
    bytes
}

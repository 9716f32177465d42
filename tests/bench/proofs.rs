//! F: proofs of inclusion at a million entries, made and checked; microseconds, medians.
//!
//! The leaves are synthetic. A proof is made from the tree in memory, as a writer has it, and from
//! stored tiles, each authenticated against the head, as a reader has them: opened anew for each
//! proof, and kept open. It is checked as a stranger does: parsed, the head's signature verified
//! strictly, the path walked. `cargo bench -- proofs` measures only this.

use std::path::Path;
use std::time::Instant;

use ed25519_dalek::SigningKey;
use grounds::hash::Hash;
use grounds::ledger::{FolderSource, SignedHead};
use grounds::tlog::{Checkpoint, NoteSigner, TlogProof, Tree, VerifierKey, leaf_hash, tiles_for};

use super::Row;

const SIZE: u64 = 1_000_000;
const PROOFS: u64 = 2_000;

/// A log of a million leaves under a signed head.
struct Log {
    tree: Tree,
    head: SignedHead,
    vkey: VerifierKey,
}

pub(crate) fn rows() -> Vec<Row> {
    let log = Log::new();
    let folder = std::env::temp_dir().join(format!("grounds-bench-tiles-{}", std::process::id()));
    log.store_tiles(&folder);
    let in_memory = |index| log.tree.inclusion(index, SIZE).expect("a path");
    let (made, checked) = log.timed(&mut |index| in_memory(index));
    let mut tiles = log.head.tiles(FolderSource::new(&folder)).expect("tiles");
    let (kept_open, _) = log.timed(&mut |index| tiles.inclusion(index, SIZE).expect("a path"));
    let (anew, _) = log.timed(&mut |index| {
        let mut tiles = log.head.tiles(FolderSource::new(&folder)).expect("tiles");
        tiles.inclusion(index, SIZE).expect("a path")
    });
    std::fs::remove_dir_all(&folder).expect("removed");
    vec![
        ("F inclusion proof, made from the tree in memory (µs)", made),
        (
            "F inclusion proof, checked with the head's signature (µs)",
            checked,
        ),
        (
            "F inclusion proof, made and checked, tree in memory (µs)",
            made + checked,
        ),
        (
            "F inclusion proof, made from stored tiles, kept open (µs)",
            kept_open,
        ),
        (
            "F inclusion proof, made from stored tiles, opened anew (µs)",
            anew,
        ),
    ]
}

impl Log {
    fn new() -> Log {
        let key = SigningKey::from_bytes(&[4; 32]);
        let signer = NoteSigner::new("bench.example/proofs", key).expect("a signer");
        let mut tree = Tree::new();
        (0..SIZE).for_each(|number| tree.push(leaf(number)));
        let checkpoint = Checkpoint {
            origin: signer.verifier().name().to_owned(),
            size: SIZE,
            root: tree.root(),
        };
        let note = checkpoint.sign(&signer).expect("a head");
        let vkey = signer.verifier().clone();
        let head = SignedHead::open(&note, &vkey).expect("a head");
        Log { tree, head, vkey }
    }

    fn store_tiles(&self, folder: &Path) {
        for tile in tiles_for(SIZE) {
            let path = folder.join(tile.path());
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(path, tile.bytes(&self.tree).expect("a tile")).expect("written");
        }
    }

    /// Medians of making and of checking.
    fn timed(&self, make: &mut dyn FnMut(u64) -> Vec<Hash>) -> (f64, f64) {
        let (mut making, mut checking) = (Vec::new(), Vec::new());
        for number in 0..PROOFS {
            let index = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) % SIZE;
            let started = Instant::now();
            let proof = TlogProof {
                extra: None,
                index,
                path: make(index),
                checkpoint: self.head.note.clone(),
            };
            let file = proof.to_bytes();
            making.push(started.elapsed().as_secs_f64() * 1e6);
            let started = Instant::now();
            let proof = TlogProof::parse(&file).expect("a proof");
            let proved = proof.verify(leaf(index), self.vkey.name(), &self.vkey);
            checking.push(started.elapsed().as_secs_f64() * 1e6);
            assert_eq!(proved.expect("it holds").index, index);
        }
        (median(making), median(checking))
    }
}

fn leaf(number: u64) -> Hash {
    leaf_hash(&number.to_be_bytes())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

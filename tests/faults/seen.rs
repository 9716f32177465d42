//! What was seen of a ledger, and must be true of it for ever: receipts and heads.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;

use grounds::hash::Hash;
use grounds::store::segment::SegmentReader;
use grounds::tlog::{Checkpoint, TlogProof, Tree, VerifierKey, leaf_hash};
use serde_json::Value;

/// Receipts and heads of one ledger.
pub(crate) struct Seen {
    vkey: VerifierKey,
    /// By index: the entry.
    receipts: BTreeMap<u64, String>,
    /// By size: the root.
    heads: BTreeMap<u64, Hash>,
}

impl Seen {
    pub(crate) fn of(vkey: VerifierKey) -> Seen {
        Seen {
            vkey,
            receipts: BTreeMap::new(),
            heads: BTreeMap::new(),
        }
    }

    pub(crate) fn acknowledged(&self) -> usize {
        self.receipts.len()
    }

    /// A receipt as it came: its proof holds, and it contradicts nothing seen before.
    pub(crate) fn receipt(&mut self, bytes: &[u8]) -> u64 {
        let receipt: Value = serde_json::from_slice(bytes)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(bytes)));
        let index = receipt["index"].as_u64().unwrap();
        let entry = receipt["entry"].as_str().unwrap().to_owned();
        let proof = receipt["proof"].as_str().unwrap();
        let proof = TlogProof::parse(proof.as_bytes()).unwrap();
        let leaf = leaf_hash(entry.as_bytes());
        let proved = proof.verify(leaf, self.vkey.name(), &self.vkey);
        let proved = proved.unwrap_or_else(|error| panic!("receipt of @{index}: {error}"));
        assert_eq!(proved.index, index);
        self.head_of(proved.size, proved.root);
        let before = self.receipts.insert(index, entry.clone());
        if let Some(before) = before {
            assert_eq!(before, entry, "two receipts of @{index}");
        }
        index
    }

    /// A signed head as it came; its size.
    pub(crate) fn head(&mut self, note: &[u8]) -> u64 {
        let opened = Checkpoint::open(note, &self.vkey);
        let head = opened
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(note)))
            .checkpoint;
        self.head_of(head.size, head.root);
        head.size
    }

    fn head_of(&mut self, size: u64, root: Hash) {
        let before = self.heads.insert(size, root);
        if let Some(before) = before {
            assert_eq!(before, root, "two heads of {size} entries");
        }
    }

    /// The lines of a folder have every entry where its receipt says, and begin with every head.
    pub(crate) fn is_in(&self, dir: &Path, when: &str) -> u64 {
        let lines = lines(dir);
        let mut tree = Tree::new();
        lines.iter().for_each(|line| tree.push(leaf_hash(line)));
        for (index, entry) in &self.receipts {
            let line = lines.get(usize::try_from(*index).unwrap());
            assert_eq!(
                line.map(|line| String::from_utf8_lossy(line)).as_deref(),
                Some(entry.as_str()),
                "{when}: the acknowledged entry @{index} of {} is lost",
                dir.display()
            );
        }
        for (size, root) in &self.heads {
            assert_eq!(
                tree.root_at(*size),
                Some(*root),
                "{when}: {} entries do not extend a head of {size}",
                lines.len()
            );
        }
        lines.len() as u64
    }
}

/// The complete lines of a folder.
pub(crate) fn lines(dir: &Path) -> Vec<Vec<u8>> {
    let reader = SegmentReader::open(dir).unwrap();
    let mut lines = Vec::new();
    reader
        .read(0, u64::MAX, &mut |line| match line {
            Ok(line) => {
                lines.push(line.bytes.to_vec());
                ControlFlow::Continue(())
            }
            Err(_) => ControlFlow::Break(()),
        })
        .unwrap();
    lines
}

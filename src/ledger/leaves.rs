//! A second way to the root.
//!
//! Before a head is signed, its new lines are read back from disk and the root is worked out from
//! them by this, which shares no code with the tree: one flipped bit in memory has ended a public
//! log before (Yeti 2022).

use crate::hash::Hash;
use crate::tlog::{leaf_hash, node_hash};

/// The roots of the full subtrees along the right edge, largest first (a compact range).
#[derive(Debug, Clone, Default)]
pub(super) struct RightEdge {
    peaks: Vec<(u32, Hash)>,
}

impl RightEdge {
    /// Takes in the next line.
    pub(super) fn push_line(&mut self, line: &[u8]) {
        self.push(leaf_hash(line));
    }

    /// Takes in the next leaf.
    pub(super) fn push(&mut self, leaf: Hash) {
        let mut peak = (0, leaf);
        while let Some((height, left)) = self.peaks.pop_if(|(height, _)| *height == peak.0) {
            peak = (height + 1, node_hash(&left, &peak.1));
        }
        self.peaks.push(peak);
    }

    /// The root of all leaves so far.
    pub(super) fn root(&self) -> Hash {
        let from_the_right = self.peaks.iter().rev().map(|(_, hash)| *hash);
        from_the_right
            .reduce(|right, left| node_hash(&left, &right))
            .unwrap_or(crate::tlog::EMPTY_ROOT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_lead_to_the_same_root() {
        let mut edge = RightEdge::default();
        let mut leaves = Vec::new();
        assert_eq!(edge.root(), crate::tlog::root_of(&leaves));
        for number in 0_u32..300 {
            edge.push_line(&number.to_be_bytes());
            leaves.push(leaf_hash(&number.to_be_bytes()));
            assert_eq!(
                edge.root(),
                crate::tlog::root_of(&leaves),
                "{number} leaves"
            );
        }
    }
}

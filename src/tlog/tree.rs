//! The Merkle tree of RFC 6962 §2.1 over SHA-256, in memory, append-only.

use std::ops::Range;

use imbl::Vector;

use crate::hash::Hash;

/// The root of the tree without leaves: SHA-256 of the empty string (RFC 6962 §2.1).
pub const EMPTY_ROOT: Hash = Hash([
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
    0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
]);

/// The hash of a leaf: SHA-256(0x00 ‖ entry) (RFC 6962 §2.1).
#[must_use]
pub fn leaf_hash(entry: &[u8]) -> Hash {
    Hash::of_parts(&[&[0x00], entry])
}

/// The hash of an inner node: SHA-256(0x01 ‖ left ‖ right) (RFC 6962 §2.1).
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut message = [0x01; 65];
    message[1..33].copy_from_slice(left.as_bytes());
    message[33..].copy_from_slice(right.as_bytes());
    Hash::of(&message)
}

/// The root of `leaves` (leaf hashes), straight from the definition of MTH in RFC 6962 §2.1.
///
/// It shares nothing with [`Tree`] but [`node_hash`]: computed before a head is signed, it catches
/// a tree that memory has damaged. It costs one hash a leaf.
#[must_use]
pub fn root_of(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => EMPTY_ROOT,
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().div_ceil(2).next_power_of_two());
            node_hash(&root_of(left), &root_of(right))
        }
    }
}

/// An append-only Merkle tree that keeps the hash of every complete subtree: 64 bytes a leaf.
///
/// All sizes and indexes count leaves; every earlier tree is still there, so that roots and paths
/// at any size up to the present one can be asked for. A copy shares what it has in common with the
/// original, so that it costs next to nothing.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    /// `levels[l][i]` is the root of the leaves from i·2^l up to (i + 1)·2^l.
    levels: Vec<Vector<Hash>>,
}

impl Tree {
    /// The tree without leaves.
    #[must_use]
    pub fn new() -> Tree {
        Tree::default()
    }

    /// Appends a leaf, given by its hash (see [`leaf_hash`]).
    pub fn push(&mut self, leaf: Hash) {
        let mut complete = leaf;
        for level in 0.. {
            if level == self.levels.len() {
                self.levels.push(Vector::new());
            }
            let row = &mut self.levels[level];
            let left = match row.len() % 2 {
                1 => row.last().copied(),
                _ => None,
            };
            row.push_back(complete);
            let Some(left) = left else {
                return;
            };
            complete = node_hash(&left, &complete);
        }
    }

    /// The number of leaves.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.levels.first().map_or(0, |row| row.len() as u64)
    }

    /// The root at the present size.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.root_of_range(0, self.size())
    }

    /// The root as it was at `size` leaves, at most log2(size) hashes away; `None` past the end.
    #[must_use]
    pub fn root_at(&self, size: u64) -> Option<Hash> {
        (size <= self.size()).then(|| self.root_of_range(0, size))
    }

    /// The leaf hash at `index`, counted from 0; `None` past the end.
    #[must_use]
    pub fn leaf(&self, index: u64) -> Option<Hash> {
        self.subtree(0, index)
    }

    /// The root of the complete subtree number `index` (from 0) of height `level`: the leaves from
    /// index·2^level up to (index + 1)·2^level; `None` while it is not complete.
    #[must_use]
    pub fn subtree(&self, level: u32, index: u64) -> Option<Hash> {
        let row = self.levels.get(level as usize)?;
        row.get(usize::try_from(index).ok()?).copied()
    }

    /// The path that proves leaf `index` in the tree of `size` leaves, from the leaf's sibling to
    /// the root's child (PATH of RFC 6962 §2.1.1); `None` unless index < size ≤ the present size.
    #[must_use]
    pub fn inclusion(&self, index: u64, size: u64) -> Option<Vec<Hash>> {
        if index >= size || size > self.size() {
            return None;
        }
        Some(self.roots_of(&inclusion_ranges(index, size)))
    }

    /// The path that proves that the tree of `new` leaves begins with the tree of `old` leaves
    /// (PROOF of RFC 6962 §2.1.2); `None` unless 0 < old ≤ new ≤ the present size. Empty where
    /// both sizes are equal.
    #[must_use]
    pub fn consistency(&self, old: u64, new: u64) -> Option<Vec<Hash>> {
        if old == 0 || old > new || new > self.size() {
            return None;
        }
        Some(self.roots_of(&consistency_ranges(old, new)))
    }

    fn roots_of(&self, ranges: &[Range<u64>]) -> Vec<Hash> {
        let root = |range: &Range<u64>| self.root_of_range(range.start, range.end);
        ranges.iter().map(root).collect()
    }

    /// MTH of the leaves from `start` to `end`, a range that the splits of RFC 6962 reach.
    fn root_of_range(&self, start: u64, end: u64) -> Hash {
        let complete = |(height, index)| {
            self.subtree(height, index)
                .expect("a complete subtree of a range within the tree")
        };
        let subtrees = subtrees(start, end).into_iter().rev().map(complete);
        subtrees
            .reduce(|right, left| node_hash(&left, &right))
            .unwrap_or(EMPTY_ROOT)
    }
}

/// The ranges of leaves whose roots are the inclusion path of `index` in a tree of `size` leaves,
/// in the path's order (PATH of RFC 6962 §2.1.1); `index` is below `size`.
pub(super) fn inclusion_ranges(index: u64, size: u64) -> Vec<Range<u64>> {
    let mut path = Vec::new();
    let (mut start, mut end) = (0, size);
    while end - start > 1 {
        let middle = start + split(end - start);
        if index < middle {
            path.push(middle..end);
            end = middle;
        } else {
            path.push(start..middle);
            start = middle;
        }
    }
    path.reverse();
    path
}

/// The ranges of leaves whose roots are the consistency path from `old` to `new` leaves, in the
/// path's order (PROOF of RFC 6962 §2.1.2); 0 < `old` ≤ `new`.
pub(super) fn consistency_ranges(old: u64, new: u64) -> Vec<Range<u64>> {
    let mut path = Vec::new();
    let (mut start, mut end) = (0, new);
    while old < end {
        let middle = start + split(end - start);
        if old <= middle {
            path.push(middle..end);
            end = middle;
        } else {
            path.push(start..middle);
            start = middle;
        }
    }
    // The verifier holds the old root already when the old tree is one complete subtree.
    if start != 0 {
        path.push(start..end);
    }
    path.reverse();
    path
}

/// The complete subtrees that a range is made of, as (height, index), largest first; the range is
/// one that the splits of RFC 6962 reach.
pub(super) fn subtrees(start: u64, end: u64) -> Vec<(u32, u64)> {
    let mut subtrees = Vec::new();
    let mut at = start;
    while at < end {
        let height = (end - at).ilog2();
        subtrees.push((height, at >> height));
        at += 1 << height;
    }
    subtrees
}

/// The largest power of two below `count`, which is at least 2 (k of RFC 6962 §2.1).
fn split(count: u64) -> u64 {
    1 << (count - 1).ilog2()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::super::oracle;
    use super::*;

    fn tree_of(leaves: &[Hash]) -> Tree {
        let mut tree = Tree::new();
        leaves.iter().for_each(|leaf| tree.push(*leaf));
        tree
    }

    fn numbered(count: u64) -> Vec<Hash> {
        (0..count)
            .map(|number| leaf_hash(&number.to_be_bytes()))
            .collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn the_root_at_a_size_is_the_root_of_that_prefix(count in 0u64..700, cut in 0.0f64..=1.0) {
            let leaves = numbered(count);
            let size = (count as f64 * cut) as u64;
            let tree = tree_of(&leaves);
            prop_assert_eq!(tree.root_at(size), Some(root_of(&leaves[..size as usize])));
            prop_assert_eq!(tree.root(), root_of(&leaves));
            prop_assert_eq!(tree.size(), count);
        }
    }

    #[test]
    fn roots_are_those_of_the_certificate_transparency_test_tree() {
        let leaves = oracle::ct_leaves();
        let tree = tree_of(&leaves);
        for (size, root) in oracle::CT_ROOTS.iter().enumerate() {
            let root: Hash = root.parse().unwrap();
            assert_eq!(tree.root_at(size as u64), Some(root), "tree at size {size}");
            assert_eq!(root_of(&leaves[..size]), root, "definition at size {size}");
        }
        assert_eq!(tree.root_at(9), None);
    }

    #[test]
    fn the_empty_root_is_the_digest_of_nothing() {
        assert_eq!(EMPTY_ROOT, Hash::of(b""));
        assert_eq!(Tree::new().root(), EMPTY_ROOT);
    }

    #[test]
    fn roots_and_paths_are_those_of_another_implementation_at_every_size() {
        for size in 1..=130 {
            let tree = tree_of(&numbered(size));
            let other = oracle::ct_merkle_tree(size);
            assert_eq!(tree.root().as_bytes()[..], other.root().as_bytes()[..]);
            for index in 0..size {
                let path: Vec<u8> = other.prove_inclusion(index as usize).as_bytes().to_vec();
                assert_eq!(
                    flat(tree.inclusion(index, size)),
                    path,
                    "leaf {index} of {size}"
                );
            }
            for old in 1..=size {
                let path = other
                    .prove_consistency((size - old) as usize)
                    .as_bytes()
                    .to_vec();
                assert_eq!(
                    flat(tree.consistency(old, size)),
                    path,
                    "from {old} to {size}"
                );
            }
        }
    }

    #[test]
    fn paths_at_an_earlier_size_are_those_of_the_earlier_tree() {
        let whole = tree_of(&numbered(130));
        for size in [1, 2, 3, 64, 65, 127, 129] {
            let earlier = tree_of(&numbered(size));
            for index in 0..size {
                assert_eq!(whole.inclusion(index, size), earlier.inclusion(index, size));
                assert_eq!(
                    whole.consistency(index, size),
                    earlier.consistency(index, size)
                );
            }
        }
    }

    #[test]
    fn what_is_past_the_end_has_no_leaf_and_no_path() {
        let tree = tree_of(&numbered(5));
        assert_eq!(tree.leaf(4), Some(leaf_hash(&4u64.to_be_bytes())));
        assert_eq!(tree.leaf(5), None);
        assert_eq!(tree.leaf(u64::MAX), None);
        assert_eq!(tree.subtree(2, 1), None);
        assert_eq!(tree.inclusion(5, 5), None);
        assert_eq!(tree.inclusion(0, 6), None);
        assert_eq!(tree.consistency(0, 5), None);
        assert_eq!(tree.consistency(4, 3), None);
        assert_eq!(tree.consistency(4, 6), None);
        assert_eq!(tree.consistency(5, 5), Some(vec![]));
    }

    fn flat(path: Option<Vec<Hash>>) -> Vec<u8> {
        path.unwrap().iter().flat_map(|hash| hash.0).collect()
    }
}

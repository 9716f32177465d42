//! Verifying inclusion and consistency paths (RFC 9162 §2.1.3.2 and §2.1.4.2).

use std::fmt;

use super::tree::node_hash;
use crate::hash::Hash;

/// Why a path proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProofError {
    /// The leaf's index is not below the size of the tree.
    IndexBeyondSize {
        /// The index asked about.
        index: u64,
        /// The size of the tree, in leaves.
        size: u64,
    },
    /// The old tree is empty: every tree extends it, so there is nothing to prove.
    EmptyOldTree,
    /// The new tree is smaller than the old one.
    Shrunk {
        /// The old size, in leaves.
        old: u64,
        /// The new size, in leaves.
        new: u64,
    },
    /// The path has more or fewer hashes than these sizes ask for.
    Length {
        /// How many hashes were found.
        found: usize,
    },
    /// The path leads to another root.
    Root {
        /// The root that the path leads to.
        found: Hash,
        /// The root that it was to lead to.
        expected: Hash,
    },
}

impl fmt::Display for ProofError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ProofError::IndexBeyondSize { index, size } => {
                write!(f, "index {index}: expected one below the tree size {size}")
            }
            ProofError::EmptyOldTree => f.write_str("old size 0: expected at least one leaf"),
            ProofError::Shrunk { old, new } => {
                write!(f, "new size {new}: expected at least the old size {old}")
            }
            ProofError::Length { found } => {
                write!(
                    f,
                    "path of {found} hashes: expected another length at these sizes"
                )
            }
            ProofError::Root { found, expected } => {
                write!(f, "path leads to root {found}, expected {expected}")
            }
        }
    }
}

impl std::error::Error for ProofError {}

/// Verifies that `leaf` (a leaf hash) stands at `index` in the tree of `size` leaves with `root`
/// (RFC 9162 §2.1.3.2). `path` runs from the leaf's sibling to the root's child.
///
/// # Errors
/// Where the index is not in the tree, or the path has another length or leads to another root.
pub fn verify_inclusion(
    index: u64,
    size: u64,
    leaf: &Hash,
    path: &[Hash],
    root: &Hash,
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::IndexBeyondSize { index, size });
    }
    let mut climb = Climb {
        node: index,
        last: size - 1,
    };
    let mut reached = *leaf;
    for sibling in path {
        reached = match climb.up().ok_or(ProofError::Length { found: path.len() })? {
            Side::Left => node_hash(sibling, &reached),
            Side::Right => node_hash(&reached, sibling),
        };
    }
    climb.finish(path.len())?;
    expect_root(reached, root)
}

/// Verifies that the tree of `new` leaves with root `new_root` begins with the tree of `old`
/// leaves with root `old_root` (RFC 9162 §2.1.4.2).
///
/// An old size of 0 is an error: such a path would say nothing about the new tree, and a caller
/// that has no earlier head has to know that it has none.
///
/// # Errors
/// Where the old tree is empty or the larger one, or the path has another length or does not lead
/// to both roots. Between equal sizes the path is empty and the roots are the same.
pub fn verify_consistency(
    old: u64,
    new: u64,
    old_root: &Hash,
    new_root: &Hash,
    path: &[Hash],
) -> Result<(), ProofError> {
    if old == 0 {
        return Err(ProofError::EmptyOldTree);
    }
    if old > new {
        return Err(ProofError::Shrunk { old, new });
    }
    if old == new {
        return match path {
            [] => expect_root(*new_root, old_root),
            _ => Err(ProofError::Length { found: path.len() }),
        };
    }
    let wrong_length = ProofError::Length { found: path.len() };
    // The old tree, if complete, is itself the first hash of the path, left out because it is known.
    let (first, rest) = if old.is_power_of_two() {
        (old_root, path)
    } else {
        path.split_first().ok_or(wrong_length)?
    };
    let mut climb = Climb {
        node: old - 1,
        last: new - 1,
    };
    climb.skip(climb.node.trailing_ones());
    let (mut reached_old, mut reached_new) = (*first, *first);
    for sibling in rest {
        match climb.up().ok_or(wrong_length)? {
            Side::Left => {
                reached_old = node_hash(sibling, &reached_old);
                reached_new = node_hash(sibling, &reached_new);
            }
            Side::Right => reached_new = node_hash(&reached_new, sibling),
        }
    }
    climb.finish(path.len())?;
    expect_root(reached_old, old_root)?;
    expect_root(reached_new, new_root)
}

/// Where a sibling on the path stands.
enum Side {
    Left,
    Right,
}

/// The way up: `node` (fn of RFC 9162) at the present level, of which `last` (sn) is the last one.
struct Climb {
    node: u64,
    last: u64,
}

impl Climb {
    /// One level up with a sibling, and past the levels where the node has none; `None` at the root.
    fn up(&mut self) -> Option<Side> {
        if self.last == 0 {
            return None;
        }
        let from_left = self.node % 2 == 1 || self.node == self.last;
        if from_left {
            self.skip(self.node.trailing_zeros());
        }
        self.skip(1);
        Some(if from_left { Side::Left } else { Side::Right })
    }

    /// Levels without a sibling.
    fn skip(&mut self, levels: u32) {
        self.node >>= levels;
        self.last >>= levels;
    }

    /// The root has been reached, not one hash too early.
    fn finish(&self, found: usize) -> Result<(), ProofError> {
        match self.last {
            0 => Ok(()),
            _ => Err(ProofError::Length { found }),
        }
    }
}

fn expect_root(found: Hash, expected: &Hash) -> Result<(), ProofError> {
    if found == *expected {
        Ok(())
    } else {
        Err(ProofError::Root {
            found,
            expected: *expected,
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::super::oracle;
    use super::super::tree::{Tree, leaf_hash};
    use super::*;

    fn numbered_tree(count: u64) -> Tree {
        let mut tree = Tree::new();
        (0..count).for_each(|number| tree.push(leaf_hash(&number.to_be_bytes())));
        tree
    }

    #[test]
    fn every_honest_path_is_accepted_at_every_size() {
        let tree = numbered_tree(130);
        for size in 1..=130 {
            let root = tree.root_at(size).unwrap();
            for index in 0..size {
                let path = tree.inclusion(index, size).unwrap();
                let leaf = tree.leaf(index).unwrap();
                assert_eq!(verify_inclusion(index, size, &leaf, &path, &root), Ok(()));
            }
            for old in 1..=size {
                let path = tree.consistency(old, size).unwrap();
                let old_root = tree.root_at(old).unwrap();
                assert_eq!(
                    verify_consistency(old, size, &old_root, &root, &path),
                    Ok(())
                );
            }
        }
    }

    #[test]
    fn paths_of_another_implementation_are_accepted() {
        for size in 1..=70 {
            let other = oracle::ct_merkle_tree(size);
            let root = Hash(other.root().as_bytes()[..].try_into().unwrap());
            for index in 0..size {
                let path = hashes(other.prove_inclusion(index as usize).as_bytes());
                let leaf = leaf_hash(&index.to_be_bytes());
                assert_eq!(verify_inclusion(index, size, &leaf, &path, &root), Ok(()));
                let old = index + 1;
                let path = hashes(other.prove_consistency((size - old) as usize).as_bytes());
                let old_root = oracle::ct_merkle_tree(old).root();
                let old_root = Hash(old_root.as_bytes()[..].try_into().unwrap());
                assert_eq!(
                    verify_consistency(old, size, &old_root, &root, &path),
                    Ok(())
                );
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn an_inclusion_path_with_any_change_is_refused(
            size in 2u64..300, index: u64, place: usize, flip in 1u8..=255
        ) {
            let index = index % size;
            let tree = numbered_tree(size);
            let (leaf, root) = (tree.leaf(index).unwrap(), tree.root());
            let path = tree.inclusion(index, size).unwrap();
            let mut flipped = path.clone();
            flipped[place / 32 % path.len()].0[place % 32] ^= flip;
            prop_assert!(verify_inclusion(index, size, &leaf, &flipped, &root).is_err());
            prop_assert!(verify_inclusion(index, size, &leaf, &path[1..], &root).is_err());
            let longer = [&path[..], &[leaf]].concat();
            prop_assert!(verify_inclusion(index, size, &leaf, &longer, &root).is_err());
            let next = (index + 1) % size;
            prop_assert!(verify_inclusion(next, size, &leaf, &path, &root).is_err());
            prop_assert!(verify_inclusion(index, size, &root, &path, &root).is_err());
        }

        #[test]
        fn a_consistency_path_with_any_change_is_refused(
            new in 2u64..300, old: u64, place: usize, flip in 1u8..=255
        ) {
            let old = 1 + old % (new - 1);
            let tree = numbered_tree(new);
            let (old_root, new_root) = (tree.root_at(old).unwrap(), tree.root());
            let path = tree.consistency(old, new).unwrap();
            let mut flipped = path.clone();
            flipped[place / 32 % path.len()].0[place % 32] ^= flip;
            let verdict = |path: &[Hash]| verify_consistency(old, new, &old_root, &new_root, path);
            prop_assert!(verdict(&flipped).is_err());
            prop_assert!(verdict(&path[1..]).is_err());
            prop_assert!(verdict(&[&path[..], &[old_root]].concat()).is_err());
            prop_assert!(verify_consistency(old, new, &new_root, &new_root, &path).is_err());
            prop_assert!(verify_consistency(old, new, &old_root, &old_root, &path).is_err());
        }

        #[test]
        fn no_claimed_size_and_no_path_make_it_panic(
            index: u64, size: u64, length in 0usize..70
        ) {
            let path = vec![Hash::ZERO; length];
            let of = Hash::of(b"another");
            prop_assert!(verify_inclusion(index, size, &of, &path, &of).is_err() || length == 0);
            let _ = verify_consistency(index, size, &of, &of, &path);
        }
    }

    #[test]
    fn an_inner_node_is_not_taken_for_a_leaf_or_an_earlier_root() {
        let tree = numbered_tree(4);
        let (left, right) = (tree.subtree(1, 0).unwrap(), tree.subtree(1, 1).unwrap());
        let short = Err(ProofError::Length { found: 1 });
        assert_eq!(verify_inclusion(0, 4, &left, &[right], &tree.root()), short);
        assert_eq!(
            verify_inclusion(0, 2, &left, &[right], &tree.root()),
            Ok(())
        );
        assert_eq!(
            verify_consistency(1, 4, &left, &tree.root(), &[right]),
            short
        );
        assert_eq!(
            verify_consistency(2, 4, &left, &tree.root(), &[right]),
            Ok(())
        );
    }

    #[test]
    fn nothing_is_proved_from_an_empty_or_a_larger_tree() {
        let root = Hash::of(b"");
        assert_eq!(
            verify_consistency(0, 3, &root, &root, &[]),
            Err(ProofError::EmptyOldTree)
        );
        assert_eq!(
            verify_consistency(4, 3, &root, &root, &[]),
            Err(ProofError::Shrunk { old: 4, new: 3 })
        );
        assert_eq!(
            verify_inclusion(0, 0, &root, &[], &root),
            Err(ProofError::IndexBeyondSize { index: 0, size: 0 })
        );
    }

    #[test]
    fn between_equal_sizes_the_path_is_empty_and_the_roots_are_one() {
        let (one, two) = (Hash::of(b"1"), Hash::of(b"2"));
        assert_eq!(verify_consistency(3, 3, &one, &one, &[]), Ok(()));
        assert!(verify_consistency(3, 3, &one, &two, &[]).is_err());
        assert!(verify_consistency(3, 3, &one, &one, &[two]).is_err());
    }

    fn hashes(bytes: &[u8]) -> Vec<Hash> {
        bytes
            .chunks(32)
            .map(|chunk| Hash(chunk.try_into().unwrap()))
            .collect()
    }
}

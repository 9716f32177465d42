//! The map: what the stream of every subject was at a head, as a sparse Merkle tree of 256 levels.
//!
//! The key of a subject is k = SHA-256(subject); its most significant bit chooses at the root. A
//! leaf is SHA-256(0x02 ‖ k ‖ u64be stream length ‖ last event id ‖ u64be index of its entry), an
//! inner node SHA-256(0x03 ‖ left ‖ right), and whatever has no leaf below it is 32 zero bytes
//! (docs/FORMAT.md, "Proof files").
//!
//! # How it is kept
//!
//! Of the 2^256 places nearly all are empty, so a lone leaf stands under some 240 levels in which
//! its sibling is zero. The trie here has a node only where two leaves part; each node keeps the
//! hash that it has just below the parting above it (its *lifted* hash), computed when first asked
//! for. A change forgets the lifted hashes on its own way down and no others: about 240 hashes for
//! the leaf and a dozen or two for the partings above it. Nodes are shared between copies, so a
//! copy of the whole map costs nothing and the map at an earlier head can be kept.

use std::fmt;
use std::sync::{Arc, OnceLock};

use crate::hash::Hash;

/// Levels between the root and the leaves: the bits of a key.
const LEVELS: u16 = 256;

/// What the map says of one subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MapLeaf {
    /// How many events its stream has: at least 1.
    pub stream_len: u64,
    /// The id of the last of them.
    pub last_event: Hash,
    /// The index of the entry that holds it.
    pub entry: u64,
}

impl MapLeaf {
    /// The hash of the leaf at `key` (SHA-256 of the subject).
    #[must_use]
    pub fn hash(&self, key: &Hash) -> Hash {
        Hash::of_parts(&[
            &[0x02],
            key.as_bytes(),
            &self.stream_len.to_be_bytes(),
            self.last_event.as_bytes(),
            &self.entry.to_be_bytes(),
        ])
    }
}

/// The root of the map of these leaves, by key; of two leaves at one key the later one counts.
/// 32 zero bytes where there are none.
pub fn map_root(leaves: impl IntoIterator<Item = (Hash, MapLeaf)>) -> Hash {
    let mut map = SubjectMap::new();
    for (key, leaf) in leaves {
        map.set(key, leaf);
    }
    map.root()
}

/// The map of all subjects. A clone costs nothing and stays as it is when the original changes.
#[derive(Debug, Clone, Default)]
pub struct SubjectMap {
    root: Option<Arc<Node>>,
    len: u64,
}

impl SubjectMap {
    /// The map without subjects.
    #[must_use]
    pub fn new() -> SubjectMap {
        SubjectMap::default()
    }

    /// The number of subjects: the leaves that are not zero.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there is no subject.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Puts `leaf` at `key` (SHA-256 of the subject), new or in place of the earlier one. Hashes
    /// nothing: that is left to [`SubjectMap::root`].
    pub fn set(&mut self, key: Hash, leaf: MapLeaf) {
        let added = match &mut self.root {
            Some(root) => Node::set(root, key, leaf),
            None => {
                self.root = Some(Arc::new(Node::leaf(key, leaf)));
                true
            }
        };
        self.len += u64::from(added);
    }

    /// What the map says of the subject at `key`.
    #[must_use]
    pub fn get(&self, key: &Hash) -> Option<MapLeaf> {
        let mut node = self.root.as_deref()?;
        loop {
            match &node.fork {
                Fork::Leaf(leaf) => return (node.key == *key).then_some(*leaf),
                Fork::Branch { level, children } => {
                    node = &children[bit(key, *level)];
                }
            }
        }
    }

    /// The root, of which only what has changed since it was last asked for is computed; 32 zero
    /// bytes where there are no subjects.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.root.as_ref().map_or(Hash::ZERO, |root| root.lifted(0))
    }

    /// The proof of what the map says at `key`: its leaf, or that it has none.
    #[must_use]
    pub fn prove(&self, key: &Hash) -> MapProof {
        let mut proof = MapProof {
            bitmap: [0; 32],
            siblings: Vec::new(),
        };
        let Some(mut node) = self.root.as_deref() else {
            return proof;
        };
        loop {
            if let Some(level) = parting(key, &node.key).filter(|level| *level < node.level()) {
                proof.push(level, node.raised_to(level + 1));
                return proof;
            }
            let Fork::Branch { level, children } = &node.fork else {
                return proof;
            };
            let side = bit(key, *level);
            proof.push(*level, children[1 - side].lifted(level + 1));
            node = &children[side];
        }
    }
}

/// A place where two leaves part, or a leaf.
#[derive(Debug, Clone)]
struct Node {
    /// The key of the leaf, or of any leaf below: they agree down to the fork's level.
    key: Hash,
    fork: Fork,
    /// The hash just below the parting above (or at the root): forgotten when that parting moves.
    lifted: OnceLock<Hash>,
}

#[derive(Debug, Clone)]
enum Fork {
    Leaf(MapLeaf),
    /// The two sides of bit number `level` of the key.
    Branch {
        level: u16,
        children: [Arc<Node>; 2],
    },
}

impl Node {
    fn new(key: Hash, fork: Fork) -> Node {
        Node {
            key,
            fork,
            lifted: OnceLock::new(),
        }
    }

    fn leaf(key: Hash, leaf: MapLeaf) -> Node {
        Node::new(key, Fork::Leaf(leaf))
    }

    /// The level at which this node stands, before any lifting.
    fn level(&self) -> u16 {
        match &self.fork {
            Fork::Leaf(_) => LEVELS,
            Fork::Branch { level, .. } => *level,
        }
    }

    /// Puts the leaf at or below this node; whether it is a new one.
    fn set(self: &mut Arc<Node>, key: Hash, leaf: MapLeaf) -> bool {
        let parting = parting(&key, &self.key);
        if let Some(level) = parting.filter(|level| *level < self.level()) {
            self.part(level, key, leaf);
            return true;
        }
        let node = Arc::make_mut(self);
        node.lifted = OnceLock::new();
        match &mut node.fork {
            Fork::Leaf(old) => {
                *old = leaf;
                false
            }
            Fork::Branch { level, children } => {
                Node::set(&mut children[bit(&key, *level)], key, leaf)
            }
        }
    }

    /// Makes a parting at `level`, above this node: the node on one side, a new leaf on the other.
    fn part(self: &mut Arc<Node>, level: u16, key: Hash, leaf: MapLeaf) {
        let lowered = Arc::new(Node::new(self.key, self.fork.clone()));
        let added = Arc::new(Node::leaf(key, leaf));
        let children = match bit(&key, level) {
            0 => [added, lowered],
            _ => [lowered, added],
        };
        *self = Arc::new(Node::new(key, Fork::Branch { level, children }));
    }

    /// The hash at level `top`, which is always the same one for a node at its place: the level
    /// below the parting above it.
    fn lifted(&self, top: u16) -> Hash {
        *self.lifted.get_or_init(|| self.raised_to(top))
    }

    /// The hash at any level `top` between the parting above and the node's own level.
    fn raised_to(&self, top: u16) -> Hash {
        let own = match &self.fork {
            Fork::Leaf(leaf) => leaf.hash(&self.key),
            Fork::Branch {
                level,
                children: [left, right],
            } => inner_hash(&left.lifted(level + 1), &right.lifted(level + 1)),
        };
        (top..self.level()).rev().fold(own, |hash, level| {
            join(bit(&self.key, level), &hash, &Hash::ZERO)
        })
    }
}

/// A proof of what a map says at one key, with all zero siblings left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapProof {
    /// Bit i from the left (the most significant one of the first byte is bit 0): the node beside
    /// the way at level i from the root is not zero.
    pub bitmap: [u8; 32],
    /// Those nodes, from the root down.
    pub siblings: Vec<Hash>,
}

/// Why a map proof proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MapProofError {
    /// The bitmap announces another number of siblings than there are.
    Siblings {
        /// How many siblings were found.
        found: usize,
        /// How many the bitmap announces.
        expected: usize,
    },
    /// A sibling that is said not to be zero is zero.
    ZeroSibling,
    /// The proof leads to another root.
    Root {
        /// The root that the proof leads to.
        found: Hash,
        /// The root that it was to lead to.
        expected: Hash,
    },
}

impl fmt::Display for MapProofError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MapProofError::Siblings { found, expected } => {
                write!(
                    f,
                    "map proof of {found} siblings, expected {expected} by its bitmap"
                )
            }
            MapProofError::ZeroSibling => {
                f.write_str("map proof lists a zero sibling, expected it to be left out")
            }
            MapProofError::Root { found, expected } => {
                write!(f, "map proof leads to root {found}, expected {expected}")
            }
        }
    }
}

impl std::error::Error for MapProofError {}

impl MapProof {
    /// Adds the sibling at `level`, below all that have been added.
    fn push(&mut self, level: u16, sibling: Hash) {
        self.bitmap[usize::from(level / 8)] |= 0x80 >> (level % 8);
        self.siblings.push(sibling);
    }

    /// Verifies that the map with `root` has at `key` exactly `leaf`, or no leaf where it is `None`.
    ///
    /// # Errors
    /// Where bitmap and siblings do not fit each other, a listed sibling is zero, or the proof
    /// leads to another root.
    pub fn verify(
        &self,
        key: &Hash,
        leaf: Option<&MapLeaf>,
        root: &Hash,
    ) -> Result<(), MapProofError> {
        let (found, expected) = (self.siblings.len(), self.announced());
        if found != expected {
            return Err(MapProofError::Siblings { found, expected });
        }
        if self.siblings.contains(&Hash::ZERO) {
            return Err(MapProofError::ZeroSibling);
        }
        match self.root(key, leaf) {
            found if found == *root => Ok(()),
            found => Err(MapProofError::Root {
                found,
                expected: *root,
            }),
        }
    }

    /// How many siblings the bitmap announces.
    fn announced(&self) -> usize {
        self.bitmap
            .iter()
            .map(|byte| byte.count_ones() as usize)
            .sum()
    }

    /// The root that the proof leads to.
    fn root(&self, key: &Hash, leaf: Option<&MapLeaf>) -> Hash {
        let mut listed = self.siblings.iter().rev();
        let bitmap = Hash(self.bitmap);
        let start = leaf.map_or(Hash::ZERO, |leaf| leaf.hash(key));
        (0..LEVELS).rev().fold(start, |hash, level| {
            let sibling = match bit(&bitmap, level) {
                0 => &Hash::ZERO,
                _ => listed
                    .next()
                    .expect("as many siblings as the bitmap has ones"),
            };
            join(bit(key, level), &hash, sibling)
        })
    }
}

/// The parent of `hash` and its sibling, `hash` on side 0 (left) or 1 (right).
fn join(side: usize, hash: &Hash, sibling: &Hash) -> Hash {
    match side {
        0 => inner_hash(hash, sibling),
        _ => inner_hash(sibling, hash),
    }
}

/// 32 zero bytes over two empty children, else SHA-256(0x03 ‖ left ‖ right).
fn inner_hash(left: &Hash, right: &Hash) -> Hash {
    if *left == Hash::ZERO && *right == Hash::ZERO {
        return Hash::ZERO;
    }
    let mut message = [0x03; 65];
    message[1..33].copy_from_slice(left.as_bytes());
    message[33..].copy_from_slice(right.as_bytes());
    Hash::of(&message)
}

/// Bit number `level` of `key`, from the most significant one.
fn bit(key: &Hash, level: u16) -> usize {
    usize::from(key.0[usize::from(level / 8)] >> (7 - level % 8) & 1)
}

/// The first level at which two keys go different ways; `None` for equal keys.
fn parting(one: &Hash, two: &Hash) -> Option<u16> {
    let mut level = 0;
    for (one, two) in one.0.iter().zip(&two.0) {
        if one != two {
            return Some(level + (one ^ two).leading_zeros() as u16);
        }
        level += 8;
    }
    None
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    /// The definition, level by level, of the subtree of all keys with these leaves below `level`.
    fn naive(leaves: &[(Hash, MapLeaf)], level: u16) -> Hash {
        if leaves.is_empty() {
            return Hash::ZERO;
        }
        if level == LEVELS {
            let (key, leaf) = &leaves[0];
            let mut message = vec![2];
            message.extend(key.0);
            message.extend(leaf.stream_len.to_be_bytes());
            message.extend(leaf.last_event.0);
            message.extend(leaf.entry.to_be_bytes());
            return Hash::of(&message);
        }
        let goes_right = |key: &Hash| key.0[level as usize / 8] & (128 >> (level % 8)) != 0;
        let (right, left): (Vec<_>, Vec<_>) = leaves.iter().partition(|(key, _)| goes_right(key));
        let mut message = vec![3];
        message.extend(naive(&left, level + 1).0);
        message.extend(naive(&right, level + 1).0);
        Hash::of(&message)
    }

    fn leaf(number: u64) -> MapLeaf {
        MapLeaf {
            stream_len: number + 1,
            last_event: Hash::of(&number.to_be_bytes()),
            entry: number,
        }
    }

    /// Keys that part high up, deep down, and everywhere between: a few bits set, far apart.
    fn keys() -> impl Strategy<Value = Vec<Hash>> {
        let random = any::<[u8; 32]>().prop_map(Hash);
        let close = prop::collection::vec(0usize..256, 0..3).prop_map(|bits| {
            let mut key = [0x5a; 32];
            bits.iter()
                .for_each(|bit| key[bit / 8] ^= 0x80 >> (bit % 8));
            Hash(key)
        });
        prop::collection::vec(prop_oneof![random, close], 0..12)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]
        #[test]
        fn the_root_is_the_one_of_the_definition_after_every_change(keys in keys()) {
            let mut map = SubjectMap::new();
            let mut plain = BTreeMap::new();
            for (number, key) in keys.iter().chain(keys.first()).enumerate() {
                map.set(*key, leaf(number as u64));
                plain.insert(*key, leaf(number as u64));
                let leaves: Vec<_> = plain.clone().into_iter().collect();
                prop_assert_eq!(map.root(), naive(&leaves, 0));
                prop_assert_eq!(map.len(), plain.len() as u64);
                prop_assert_eq!(map.get(key), Some(leaf(number as u64)));
            }
            prop_assert_eq!(map_root(plain), map.root());
        }

        #[test]
        fn every_key_has_a_proof_of_what_is_there_and_of_nothing_else(
            keys in keys(), absent in keys(), place: usize, flip in 1u8..=255
        ) {
            let mut map = SubjectMap::new();
            keys.iter().zip(0..).for_each(|(key, number)| map.set(*key, leaf(number)));
            let root = map.root();
            for key in keys.iter().chain(&absent) {
                let there = map.get(key);
                let proof = map.prove(key);
                prop_assert_eq!(proof.verify(key, there.as_ref(), &root), Ok(()));
                let other = match there {
                    Some(there) => MapLeaf { stream_len: there.stream_len + 1, ..there },
                    None => leaf(7),
                };
                prop_assert!(proof.verify(key, Some(&other), &root).is_err());
                if there.is_some() {
                    prop_assert!(proof.verify(key, None, &root).is_err());
                }
                let mut flipped = proof.clone();
                flipped.bitmap[place % 32] ^= flip;
                prop_assert!(flipped.verify(key, there.as_ref(), &root).is_err());
                if !proof.siblings.is_empty() {
                    let mut flipped = proof.clone();
                    flipped.siblings[place / 32 % proof.siblings.len()].0[place % 32] ^= flip;
                    prop_assert!(flipped.verify(key, there.as_ref(), &root).is_err());
                }
            }
        }

        #[test]
        fn a_copy_stays_as_it_was(keys in keys(), later in keys()) {
            let mut map = SubjectMap::new();
            keys.iter().zip(0..).for_each(|(key, number)| map.set(*key, leaf(number)));
            prop_assert_eq!(map.is_empty(), keys.is_empty());
            let copy = map.clone();
            later.iter().zip(100..).for_each(|(key, number)| map.set(*key, leaf(number)));
            let _ = map.root();
            prop_assert_eq!(copy.root(), map_root(keys.iter().copied().zip((0..).map(leaf))));
            prop_assert_eq!(copy.len(), keys.iter().collect::<std::collections::BTreeSet<_>>().len() as u64);
        }
    }

    #[test]
    fn the_empty_map_is_zero_and_proves_that_a_subject_is_absent() {
        let map = SubjectMap::new();
        assert_eq!(map.root(), Hash::ZERO);
        assert!(map.is_empty());
        let key = Hash::of(b"claim/a");
        let proof = map.prove(&key);
        assert_eq!(
            proof,
            MapProof {
                bitmap: [0; 32],
                siblings: vec![]
            }
        );
        assert_eq!(proof.verify(&key, None, &Hash::ZERO), Ok(()));
        assert!(proof.verify(&key, Some(&leaf(0)), &Hash::ZERO).is_err());
    }

    #[test]
    fn bits_are_counted_from_the_left_and_siblings_from_the_root() {
        let (left, right, far) = (Hash([0; 32]), Hash([0xff; 32]), {
            let mut key = [0; 32];
            key[31] = 1;
            Hash(key)
        });
        let mut map = SubjectMap::new();
        map.set(left, leaf(0));
        map.set(right, leaf(1));
        map.set(far, leaf(2));
        let proof = map.prove(&left);
        let mut bitmap = [0; 32];
        bitmap[0] = 0x80;
        bitmap[31] = 0x01;
        assert_eq!(proof.bitmap, bitmap);
        assert_eq!(
            proof.siblings,
            [naive(&[(right, leaf(1))], 1), leaf(2).hash(&far)]
        );
    }

    #[test]
    fn a_zero_sibling_that_is_spelled_out_is_refused() {
        let key = Hash::of(b"claim/a");
        let map_root = map_root([(key, leaf(0))]);
        let mut bitmap = [0; 32];
        bitmap[0] = 0x80;
        let proof = MapProof {
            bitmap,
            siblings: vec![Hash::ZERO],
        };
        assert_eq!(
            proof.verify(&key, Some(&leaf(0)), &map_root),
            Err(MapProofError::ZeroSibling)
        );
    }
}

//! Reading a log's tiles from somebody who is not believed (c2sp.org/tlog-tiles).
//!
//! A verified head is all that is trusted. From it every tile is authenticated before it is used:
//!
//! 1. the partial tiles, at most one a level, together give the root of the head;
//! 2. every other tile is full, and the root of its 256 hashes stands in its parent tile, which has
//!    been authenticated before it;
//! 3. the entries of a bundle hash to the tile of level 0.
//!
//! A hash that was read and has not gone into one of these comparisons is never given out nor kept.
//! Readers that authenticated most of what they fetched have been fooled before (CVE-2026-56865).

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::tile::{Bundle, BundleError, Tile, partial_tiles};
use super::tree::{
    EMPTY_ROOT, consistency_ranges, inclusion_ranges, leaf_hash, node_hash, root_of, subtrees,
};
use crate::hash::Hash;

/// Hashes in a full tile, entries in a full bundle.
const FULL: u16 = 256;
/// Levels of the binary tree that one level of tiles spans.
const TILE_HEIGHT: u32 = 8;
/// Tiles kept once they are authenticated: 8 MiB of hashes.
const TILES_KEPT: usize = 1024;
/// The most bytes of an entry with its length before it.
const LONGEST_ENTRY: usize = 65_537;

/// Where tiles are fetched from: a folder, a server, a test. Nothing that it gives is believed.
pub trait TileSource {
    /// Why nothing could be fetched.
    type Error;

    /// The file at `path` below the log's prefix (`tile/0/000.p/17`, `checkpoint`); `None` where
    /// there is none. Of a file of more than `max_bytes` bytes it gives `max_bytes` + 1, so that
    /// the reader sees that there are more.
    ///
    /// # Errors
    /// When it cannot be told whether the file is there, or it cannot be read.
    fn fetch(&mut self, path: &str, max_bytes: usize) -> Result<Option<Vec<u8>>, Self::Error>;
}

impl<S: TileSource + ?Sized> TileSource for &mut S {
    type Error = S::Error;

    fn fetch(&mut self, path: &str, max_bytes: usize) -> Result<Option<Vec<u8>>, S::Error> {
        (**self).fetch(path, max_bytes)
    }
}

/// Why a tile or bundle is not what the head has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TileError<E> {
    /// The source failed.
    Source {
        /// What was asked for.
        path: String,
        /// What the source said.
        error: E,
    },
    /// There is no such file, nor the full one in its place.
    Missing {
        /// What was asked for.
        path: String,
    },
    /// Another number of bytes than a tile of that width has.
    Length {
        /// The tile.
        path: String,
        /// How many bytes were found; one more than expected stands for any larger number.
        found: usize,
        /// How many a tile of its width has.
        expected: usize,
    },
    /// The partial tiles of all levels do not give the root of the head. Which of them is wrong
    /// cannot be told.
    Edge {
        /// The tiles.
        paths: Vec<String>,
        /// The root they give.
        found: Hash,
        /// The root of the head.
        expected: Hash,
    },
    /// A full tile's root is not the hash in its parent tile.
    Tile {
        /// The tile.
        path: String,
        /// Its root.
        found: Hash,
        /// The hash in the parent.
        expected: Hash,
        /// The parent tile.
        parent: String,
    },
    /// A bundle whose bytes are not as many entries as it holds.
    Bundle {
        /// The bundle.
        path: String,
        /// What is wrong.
        error: BundleError,
    },
    /// An entry of a bundle that is not the leaf in the tile of level 0.
    Entry {
        /// The bundle.
        path: String,
        /// The entry's index in the log.
        index: u64,
        /// Its leaf hash.
        found: Hash,
        /// The hash in the tile.
        expected: Hash,
    },
    /// Asked for what the tree of the head does not have.
    Beyond {
        /// What was asked for: an index or a size.
        asked: u64,
        /// The size of the head.
        size: u64,
    },
}

impl<E: fmt::Display> fmt::Display for TileError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TileError::Source { path, error } => write!(f, "{path}: {error}"),
            TileError::Missing { path } => {
                write!(
                    f,
                    "{path}: found no such file, expected a tile or bundle of the head"
                )
            }
            TileError::Length {
                path,
                found,
                expected,
            } => {
                let more = if found > expected { "or more " } else { "" };
                write!(f, "{path}: found {found} bytes {more}, expected {expected}")
            }
            TileError::Edge {
                paths,
                found,
                expected,
            } => write!(
                f,
                "{}: found the root {found} from these tiles, expected {expected}, which is signed",
                paths.join(", ")
            ),
            TileError::Tile {
                path,
                found,
                expected,
                parent,
            } => write!(
                f,
                "{path}: found a tile with root {found}, expected {expected}, as {parent} has it"
            ),
            TileError::Bundle { path, error } => write!(f, "{path}: found a {error}"),
            TileError::Entry {
                path,
                index,
                found,
                expected,
            } => write!(
                f,
                "{path}: found entry {index} with leaf hash {found}, expected {expected}"
            ),
            TileError::Beyond { asked, size } => {
                write!(
                    f,
                    "found a head of {size} entries, expected one that reaches {asked}"
                )
            }
        }
    }
}

impl<E: std::error::Error + 'static> std::error::Error for TileError<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            TileError::Source { error, .. } => Some(error),
            TileError::Bundle { error, .. } => Some(error),
            _ => None,
        }
    }
}

/// The hashes of a tile that is authentic.
#[derive(Debug, Clone)]
struct Held {
    path: String,
    hashes: Arc<[Hash]>,
}

/// The tree under a verified head, read from tiles that are each authenticated before use.
#[derive(Debug)]
pub struct AuthenticTiles<S> {
    source: S,
    size: u64,
    root: Hash,
    /// The partial tiles, by level.
    edge: BTreeMap<u8, Held>,
    /// Full tiles, by level and index, and the order in which they came.
    kept: BTreeMap<(u8, u64), Held>,
    order: VecDeque<(u8, u64)>,
}

type Fetched<T, S> = Result<T, TileError<<S as TileSource>::Error>>;

impl<S: TileSource> AuthenticTiles<S> {
    /// Fetches the partial tiles of a head and holds them against its root. The head has been
    /// verified by the caller: its signature, and that it extends what he knows.
    ///
    /// # Errors
    /// Where one of them cannot be had, is of another length, or they lead to another root.
    pub fn open(source: S, size: u64, root: Hash) -> Fetched<AuthenticTiles<S>, S> {
        let mut tiles = AuthenticTiles {
            source,
            size,
            root,
            edge: BTreeMap::new(),
            kept: BTreeMap::new(),
            order: VecDeque::new(),
        };
        let mut edge = Vec::new();
        for tile in partial_tiles(size) {
            edge.push((tile.level, tiles.fetch_partial(&tile)?));
        }
        let found = root_of_edge(edge.iter().map(|(_, held)| held));
        if found != root {
            return Err(TileError::Edge {
                paths: edge.into_iter().map(|(_, held)| held.path).collect(),
                found,
                expected: root,
            });
        }
        tiles.edge = edge.into_iter().collect();
        Ok(tiles)
    }

    /// The size of the head, in leaves.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The root of the head.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.root
    }

    /// Where the tiles come from, to fetch other files.
    pub fn source(&mut self) -> &mut S {
        &mut self.source
    }

    /// The leaf hash at `index`.
    ///
    /// # Errors
    /// [`TileError::Beyond`] past the end; where a tile on the way is not authentic.
    pub fn leaf(&mut self, index: u64) -> Fetched<Hash, S> {
        self.reach(index.saturating_add(1))?;
        self.subtree(0, index)
    }

    /// The root as it was at `size` leaves.
    ///
    /// # Errors
    /// As [`AuthenticTiles::leaf`].
    pub fn root_at(&mut self, size: u64) -> Fetched<Hash, S> {
        self.reach(size)?;
        self.root_of_range(&(0..size))
    }

    /// The inclusion path of leaf `index` in the tree of `size` leaves, from the leaf's sibling to
    /// the root's child.
    ///
    /// # Errors
    /// [`TileError::Beyond`] unless index < size ≤ the head's size; where a tile on the way is not
    /// authentic.
    pub fn inclusion(&mut self, index: u64, size: u64) -> Fetched<Vec<Hash>, S> {
        self.reach(size)?;
        if index >= size {
            return Err(TileError::Beyond { asked: index, size });
        }
        self.roots_of(&inclusion_ranges(index, size))
    }

    /// The consistency path between the trees of `old` and of `new` leaves.
    ///
    /// # Errors
    /// [`TileError::Beyond`] unless 0 < old ≤ new ≤ the head's size; where a tile on the way is not
    /// authentic.
    pub fn consistency(&mut self, old: u64, new: u64) -> Fetched<Vec<Hash>, S> {
        self.reach(new)?;
        if old == 0 || old > new {
            return Err(TileError::Beyond {
                asked: old,
                size: new,
            });
        }
        self.roots_of(&consistency_ranges(old, new))
    }

    /// The bytes of a tile of the head's tree: a full one, or the partial one that the head has.
    ///
    /// # Errors
    /// [`TileError::Beyond`] for another; where it is not authentic.
    pub fn tile(&mut self, tile: &Tile) -> Fetched<Vec<u8>, S> {
        let held = self.held(tile.level, tile.index)?;
        let wanted = held.hashes.get(..usize::from(tile.width));
        let wanted = wanted.ok_or(TileError::Beyond {
            asked: tile.index,
            size: self.size,
        })?;
        Ok(wanted.iter().flat_map(|hash| hash.0).collect())
    }

    /// The leaf hashes of bundle number `number`, as many as the head has of them.
    ///
    /// # Errors
    /// [`TileError::Beyond`] past the end; where a tile on the way is not authentic.
    pub fn leaves(&mut self, number: u64) -> Fetched<Arc<[Hash]>, S> {
        Ok(self.held(0, number)?.hashes)
    }

    /// The entries of bundle number `number`, as many as the head has of them, each of which hashes
    /// to its leaf.
    ///
    /// # Errors
    /// [`TileError::Beyond`] past the end; where the bundle or a tile on the way is not authentic.
    pub fn entries(&mut self, number: u64) -> Fetched<Vec<Vec<u8>>, S> {
        self.entries_by(number, &leaf_hash)
    }

    /// As [`AuthenticTiles::entries`], in a log where the leaf of some entries is not their hash:
    /// `leaf_of` says what it is. Of such an entry the leaf is authentic, and nothing else.
    ///
    /// # Errors
    /// As [`AuthenticTiles::entries`].
    pub fn entries_by(
        &mut self,
        number: u64,
        leaf_of: &dyn Fn(&[u8]) -> Hash,
    ) -> Fetched<Vec<Vec<u8>>, S> {
        let leaves = self.leaves(number)?;
        let (bundle, bytes) = self.fetch_bundle(number, leaves.len())?;
        let path = bundle.path();
        let entries = match bundle.decode(&bytes) {
            Ok(entries) => entries,
            Err(error) => return Err(TileError::Bundle { path, error }),
        };
        let mut authentic = Vec::with_capacity(leaves.len());
        for ((index, expected), entry) in bundle.entries().zip(leaves.iter()).zip(entries) {
            let found = leaf_of(entry);
            if found != *expected {
                let expected = *expected;
                return Err(TileError::Entry {
                    path,
                    index,
                    found,
                    expected,
                });
            }
            authentic.push(entry.to_vec());
        }
        Ok(authentic)
    }

    fn reach(&self, size: u64) -> Fetched<(), S> {
        if size <= self.size {
            return Ok(());
        }
        Err(TileError::Beyond {
            asked: size,
            size: self.size,
        })
    }

    fn roots_of(&mut self, ranges: &[Range<u64>]) -> Fetched<Vec<Hash>, S> {
        ranges
            .iter()
            .map(|range| self.root_of_range(range))
            .collect()
    }

    fn root_of_range(&mut self, range: &Range<u64>) -> Fetched<Hash, S> {
        let mut root = None;
        for (height, index) in subtrees(range.start, range.end).into_iter().rev() {
            let left = self.subtree(height, index)?;
            root = Some(root.map_or(left, |right| node_hash(&left, &right)));
        }
        Ok(root.unwrap_or(EMPTY_ROOT))
    }

    /// The root of the complete subtree number `index` of that height, which the head's tree has.
    fn subtree(&mut self, height: u32, index: u64) -> Fetched<Hash, S> {
        let level = (height / TILE_HEIGHT) as u8;
        let width = 1_u64 << (height % TILE_HEIGHT);
        let first = index * width;
        let held = self.held(level, first / u64::from(FULL))?;
        let place = (first % u64::from(FULL)) as usize;
        let hashes = held.hashes.get(place..place + width as usize);
        hashes.map(root_of).ok_or(TileError::Beyond {
            asked: index,
            size: self.size,
        })
    }

    /// The tile of that level and index, authentic.
    fn held(&mut self, level: u8, index: u64) -> Fetched<Held, S> {
        if let Some(held) = self.kept.get(&(level, index)) {
            return Ok(held.clone());
        }
        let hashes = self
            .size
            .checked_shr(u32::from(level) * TILE_HEIGHT)
            .unwrap_or(0);
        let full = hashes / u64::from(FULL);
        if index == full
            && let Some(held) = self.edge.get(&level)
        {
            return Ok(held.clone());
        }
        if index >= full {
            return Err(TileError::Beyond {
                asked: index,
                size: self.size,
            });
        }
        let parent = self.held(level + 1, index / u64::from(FULL))?;
        let expected = parent.hashes[(index % u64::from(FULL)) as usize];
        let tile = Tile {
            level,
            index,
            width: FULL,
        };
        let held = self
            .fetch_tile(&tile)?
            .ok_or_else(|| TileError::Missing { path: tile.path() })?;
        let found = root_of(&held.hashes);
        if found != expected {
            let (path, parent) = (held.path, parent.path);
            return Err(TileError::Tile {
                path,
                found,
                expected,
                parent,
            });
        }
        self.keep((level, index), held.clone());
        Ok(held)
    }

    fn keep(&mut self, place: (u8, u64), held: Held) {
        if self.order.len() >= TILES_KEPT
            && let Some(oldest) = self.order.pop_front()
        {
            self.kept.remove(&oldest);
        }
        self.kept.insert(place, held);
        self.order.push_back(place);
    }

    /// A partial tile, or as much of the full one that came after it; not yet authentic.
    fn fetch_partial(&mut self, tile: &Tile) -> Fetched<Held, S> {
        if let Some(held) = self.fetch_tile(tile)? {
            return Ok(held);
        }
        let full = Tile {
            width: FULL,
            ..*tile
        };
        let held = self.fetch_tile(&full)?;
        let held = held.ok_or_else(|| TileError::Missing { path: tile.path() })?;
        let hashes = held.hashes[..usize::from(tile.width)].into();
        Ok(Held {
            path: held.path,
            hashes,
        })
    }

    /// A tile's hashes, not yet authentic.
    fn fetch_tile(&mut self, tile: &Tile) -> Fetched<Option<Held>, S> {
        let path = tile.path();
        let expected = usize::from(tile.width) * 32;
        let Some(bytes) = self.fetch(&path, expected)? else {
            return Ok(None);
        };
        if bytes.len() != expected {
            let found = bytes.len();
            return Err(TileError::Length {
                path,
                found,
                expected,
            });
        }
        let (hashes, _) = bytes.as_chunks::<32>();
        let hashes = hashes.iter().map(|hash| Hash(*hash)).collect();
        Ok(Some(Held { path, hashes }))
    }

    /// The bytes of a bundle of so many entries, or of the full one that came after it; not yet
    /// authentic.
    fn fetch_bundle(&mut self, index: u64, entries: usize) -> Fetched<(Bundle, Vec<u8>), S> {
        let width = u16::try_from(entries).unwrap_or(FULL);
        let bundle = Bundle { index, width };
        let full = Bundle { index, width: FULL };
        let fallback = (width < FULL).then_some(full);
        for bundle in std::iter::once(bundle).chain(fallback) {
            let most = usize::from(bundle.width) * LONGEST_ENTRY;
            if let Some(bytes) = self.fetch(&bundle.path(), most)? {
                return Ok((bundle, bytes));
            }
        }
        Err(TileError::Missing {
            path: bundle.path(),
        })
    }

    fn fetch(&mut self, path: &str, most: usize) -> Fetched<Option<Vec<u8>>, S> {
        let fetched = self.source.fetch(path, most);
        fetched.map_err(|error| TileError::Source {
            path: path.to_owned(),
            error,
        })
    }
}

/// The root that the partial tiles give, by level from 0: each holds the roots of complete subtrees
/// to the left of everything in the levels below it.
fn root_of_edge<'a>(edge: impl Iterator<Item = &'a Held>) -> Hash {
    let mut root = None;
    for held in edge {
        for (height, index) in subtrees(0, held.hashes.len() as u64).into_iter().rev() {
            let first = (index << height) as usize;
            let left = root_of(&held.hashes[first..first + (1 << height)]);
            root = Some(root.map_or(left, |right| node_hash(&left, &right)));
        }
    }
    root.unwrap_or(EMPTY_ROOT)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::convert::Infallible;

    use proptest::prelude::*;

    use super::super::oracle;
    use super::super::tile::{encode_bundle, new_full_bundles, partial_bundle, tiles_for};
    use super::super::tree::Tree;
    use super::*;

    /// A source in memory, which counts what was asked of it.
    #[derive(Clone, Default)]
    struct Files {
        files: BTreeMap<String, Vec<u8>>,
        asked: Vec<String>,
    }

    impl TileSource for Files {
        type Error = Infallible;

        fn fetch(&mut self, path: &str, most: usize) -> Result<Option<Vec<u8>>, Infallible> {
            self.asked.push(path.to_owned());
            let cut = |bytes: &Vec<u8>| bytes[..bytes.len().min(most + 1)].to_vec();
            Ok(self.files.get(path).map(cut))
        }
    }

    type Tried<T> = Result<T, TileError<Infallible>>;

    /// The log of the entries 0, 1, 2, … (each a u64 in 8 bytes), shifted by `shift`.
    struct Log {
        tree: Tree,
        shift: u64,
    }

    impl Log {
        fn of(size: u64, shift: u64) -> Log {
            let mut tree = Tree::new();
            (0..size).for_each(|number| tree.push(leaf_hash(&(number + shift).to_be_bytes())));
            Log { tree, shift }
        }

        /// What a server has when the head of that size is published, and no older partial files.
        fn at(&self, size: u64) -> Files {
            let mut files = BTreeMap::new();
            for tile in tiles_for(size) {
                files.insert(tile.path(), tile.bytes(&self.tree).unwrap());
            }
            for bundle in new_full_bundles(0, size)
                .into_iter()
                .chain(partial_bundle(size))
            {
                files.insert(bundle.path(), self.bundle(&bundle));
            }
            Files {
                files,
                asked: Vec::new(),
            }
        }

        fn bundle(&self, bundle: &Bundle) -> Vec<u8> {
            let entries: Vec<[u8; 8]> = bundle
                .entries()
                .map(|number| (number + self.shift).to_be_bytes())
                .collect();
            encode_bundle(entries.iter().map(|entry| &entry[..])).unwrap()
        }

        fn root(&self, size: u64) -> Hash {
            self.tree.root_at(size).unwrap()
        }
    }

    /// A read that uses the file at `path`.
    fn use_of(path: &str, files: &mut Files, size: u64, root: Hash) -> Tried<()> {
        let mut tiles = AuthenticTiles::open(files, size, root)?;
        if let Ok(bundle) = Bundle::parse_path(path) {
            return tiles.entries(bundle.index).map(|_| ());
        }
        let tile = Tile::parse_path(path).unwrap();
        tiles.tile(&tile).map(|_| ())
    }

    /// Changes one bit, reads, and puts it back.
    fn with_bit(files: &mut Files, path: &str, place: usize, bit: u8, size: u64, root: Hash) {
        let flip = |files: &mut Files| files.files.get_mut(path).unwrap()[place] ^= 1 << (bit % 8);
        flip(files);
        let error = use_of(path, files, size, root).expect_err(path);
        let said = error.to_string();
        assert!(
            said.contains(path) && said.contains("found"),
            "{path}, byte {place}: {said}"
        );
        let is_told_apart = said.contains("expected") || matches!(error, TileError::Bundle { .. });
        assert!(is_told_apart, "{said}");
        flip(files);
    }

    fn is_full_run() -> bool {
        std::env::var_os("GROUNDS_FULL").is_some()
    }

    /// Every byte of small logs; of larger ones every tile and bundle, at places that a small
    /// generator draws.
    fn flip_all(log: &Log, size: u64, each: usize, paths: Option<&[&str]>) {
        let root = log.root(size);
        let mut files = log.at(size);
        let lengths: Vec<(String, usize)> = files
            .files
            .iter()
            .map(|(path, bytes)| (path.clone(), bytes.len()))
            .collect();
        let mut draw = size.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        for (path, length) in lengths {
            if paths.is_some_and(|paths| !paths.contains(&path.as_str())) {
                continue;
            }
            use_of(&path, &mut files, size, root).unwrap();
            let every = size <= if is_full_run() { 300 } else { 12 };
            let count = if every { length } else { each.min(length) };
            for number in 0..count {
                draw ^= draw << 13;
                draw ^= draw >> 7;
                draw ^= draw << 17;
                let place = if every {
                    number
                } else {
                    (draw >> 8) as usize % length
                };
                with_bit(&mut files, &path, place, draw as u8, size, root);
            }
        }
    }

    /// Each tile and each bundle at every size.
    #[test]
    fn any_byte_changed_in_any_tile_or_bundle_is_noticed_at_every_size_up_to_1100() {
        let log = Log::of(1_100, 0);
        let each = if is_full_run() { 24 } else { 1 };
        (1..=1_100).for_each(|size| flip_all(&log, size, each, None));
    }

    #[test]
    fn any_byte_changed_is_noticed_where_a_third_level_begins() {
        let log = Log::of(65_792, 0);
        for (size, paths) in [
            (
                65_535,
                &[
                    "tile/0/000",
                    "tile/0/255.p/255",
                    "tile/1/000.p/255",
                    "tile/entries/255.p/255",
                ][..],
            ),
            (
                65_536,
                &[
                    "tile/0/000",
                    "tile/0/255",
                    "tile/1/000",
                    "tile/2/000.p/1",
                    "tile/entries/128",
                ],
            ),
            (
                65_537,
                &[
                    "tile/0/000",
                    "tile/0/256.p/1",
                    "tile/1/000",
                    "tile/2/000.p/1",
                    "tile/entries/256.p/1",
                ],
            ),
            (
                65_792,
                &[
                    "tile/0/256",
                    "tile/0/100",
                    "tile/1/000",
                    "tile/1/001.p/1",
                    "tile/2/000.p/1",
                    "tile/entries/256",
                ],
            ),
        ] {
            flip_all(
                &log,
                size,
                if is_full_run() { 500 } else { 12 },
                Some(paths),
            );
        }
    }

    /// In the full run every pair of sizes up to 130, and each size of the others against many.
    #[test]
    fn roots_and_paths_are_those_of_another_implementation() {
        let log = Log::of(1_100, 0);
        let flat = |path: Vec<Hash>| path.iter().flat_map(|hash| hash.0).collect::<Vec<u8>>();
        let sizes = (1..=130)
            .chain((131..=1_100).step_by(97))
            .chain([255, 256, 257, 511, 512, 513, 1_023, 1_024, 1_025, 1_100]);
        for size in sizes {
            let other = oracle::ct_merkle_tree(size);
            let mut tiles = AuthenticTiles::open(log.at(size), size, log.root(size)).unwrap();
            assert_eq!(tiles.root().as_bytes()[..], other.root().as_bytes()[..]);
            let step = if size <= 130 { 1 } else { 61 };
            for index in (0..size).step_by(step) {
                let path = other.prove_inclusion(index as usize).as_bytes().to_vec();
                assert_eq!(
                    flat(tiles.inclusion(index, size).unwrap()),
                    path,
                    "{index} of {size}"
                );
            }
            for old in (1..=size).step_by(step) {
                let path = other
                    .prove_consistency((size - old) as usize)
                    .as_bytes()
                    .to_vec();
                assert_eq!(
                    flat(tiles.consistency(old, size).unwrap()),
                    path,
                    "{old} to {size}"
                );
                assert_eq!(tiles.root_at(old).unwrap(), log.root(old));
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]
        #[test]
        fn a_larger_head_proves_all_smaller_ones(head in 1_u64..2_000, new: prop::sample::Index, old: prop::sample::Index) {
            let log = Log::of(head, 0);
            let mut tiles = AuthenticTiles::open(log.at(head), head, log.root(head)).unwrap();
            let new = new.index(head as usize) as u64 + 1;
            let old = old.index(new as usize) as u64 + 1;
            prop_assert_eq!(tiles.root_at(new).unwrap(), log.root(new));
            prop_assert_eq!(Some(tiles.consistency(old, new).unwrap()), log.tree.consistency(old, new));
            prop_assert_eq!(Some(tiles.inclusion(old - 1, new).unwrap()), log.tree.inclusion(old - 1, new));
            let entries = tiles.entries((old - 1) / 256).unwrap();
            prop_assert_eq!(entries[((old - 1) % 256) as usize].clone(), (old - 1).to_be_bytes());
            prop_assert_eq!(tiles.leaf(old - 1).unwrap(), log.tree.leaf(old - 1).unwrap());
        }
    }

    #[test]
    fn the_file_of_another_log_size_or_place_is_refused() {
        let (ours, theirs) = (Log::of(66_000, 0), Log::of(66_000, 1));
        for size in [1, 2, 255, 256, 257, 300, 600, 1_100, 65_537, 66_000] {
            let root = ours.root(size);
            let right = ours.at(size);
            let wrong = theirs.at(size);
            let paths: Vec<&String> = right.files.keys().collect();
            for path in paths.iter().step_by(paths.len().div_ceil(12)) {
                let bytes = &right.files[*path];
                let neighbour = paths
                    .iter()
                    .find(|other| *other != path && right.files[**other] != *bytes);
                let mut changed = vec![
                    Some(wrong.files[*path].clone()),
                    Some(bytes[..bytes.len() - 1].to_vec()),
                    Some([bytes, &[0][..]].concat()),
                    Some([bytes, &bytes[..bytes.len().min(32)]].concat()),
                    Some(bytes[..bytes.len().saturating_sub(32)].to_vec()),
                    Some(Vec::new()),
                    None,
                ];
                changed.extend(neighbour.map(|other| Some(right.files[*other].clone())));
                for bytes in changed {
                    let mut files = right.clone();
                    match bytes {
                        Some(bytes) => drop(files.files.insert((*path).clone(), bytes)),
                        None => drop(files.files.remove(*path)),
                    }
                    let error = use_of(path, &mut files, size, root).expect_err(path);
                    assert!(error.to_string().contains(path.as_str()), "{error}");
                }
            }
        }
    }

    #[test]
    fn a_head_of_another_root_or_size_opens_no_tiles() {
        let log = Log::of(700, 0);
        for size in [1, 255, 256, 257, 512, 700] {
            let wrong = log.root(699);
            assert!(matches!(
                AuthenticTiles::open(log.at(size), size, wrong),
                Err(TileError::Edge { .. })
            ));
            let other = log.root(size);
            assert!(AuthenticTiles::open(log.at(size), size + 1, other).is_err());
        }
        assert!(AuthenticTiles::open(Files::default(), 0, EMPTY_ROOT).is_ok());
        assert!(AuthenticTiles::open(Files::default(), 0, log.root(1)).is_err());
        let huge = AuthenticTiles::open(Files::default(), u64::MAX, log.root(1));
        assert!(matches!(huge, Err(TileError::Missing { .. })));
    }

    #[test]
    fn a_full_tile_stands_in_for_a_partial_one_that_is_gone() {
        let log = Log::of(66_000, 0);
        for size in [1, 100, 300, 1_000, 65_537, 65_700, 65_800] {
            // The server is at 66,000 and has dropped the partial files of the older head.
            let mut tiles = AuthenticTiles::open(log.at(66_000), size, log.root(size));
            if size > 65_792 {
                // The last tile of level 0 is still partial, so a head that ends in it is lost.
                assert!(matches!(tiles, Err(TileError::Missing { .. })), "{size}");
                continue;
            }
            let tiles = tiles.as_mut().unwrap();
            let last = tiles.entries((size - 1) / 256).unwrap();
            assert_eq!(last.last().unwrap()[..], (size - 1).to_be_bytes());
            assert_eq!(last.len() as u64, (size - 1) % 256 + 1);
            assert_eq!(
                tiles.leaf(size - 1).unwrap(),
                log.tree.leaf(size - 1).unwrap()
            );
            assert!(matches!(tiles.leaf(size), Err(TileError::Beyond { .. })));
        }
    }

    #[test]
    fn what_the_head_does_not_have_is_not_given() {
        let log = Log::of(600, 0);
        let mut tiles = AuthenticTiles::open(log.at(600), 600, log.root(600)).unwrap();
        for beyond in [600, 601, u64::MAX] {
            assert!(matches!(tiles.leaf(beyond), Err(TileError::Beyond { .. })));
            assert!(matches!(
                tiles.inclusion(beyond, 600),
                Err(TileError::Beyond { .. })
            ));
            assert!(matches!(
                tiles.entries(beyond),
                Err(TileError::Beyond { .. })
            ));
        }
        assert!(matches!(tiles.root_at(601), Err(TileError::Beyond { .. })));
        assert!(matches!(
            tiles.consistency(0, 600),
            Err(TileError::Beyond { .. })
        ));
        assert!(matches!(
            tiles.consistency(5, 4),
            Err(TileError::Beyond { .. })
        ));
        assert!(matches!(
            tiles.consistency(5, 601),
            Err(TileError::Beyond { .. })
        ));
        assert_eq!(tiles.consistency(600, 600).unwrap(), []);
        for (level, index, width) in [(0, 2, 89), (0, 3, 1), (1, 0, 3), (2, 0, 1), (63, 0, 1)] {
            let tile = Tile {
                level,
                index,
                width,
            };
            assert!(
                matches!(tiles.tile(&tile), Err(TileError::Beyond { .. })),
                "{tile:?}"
            );
        }
    }

    #[test]
    fn a_refused_tile_is_not_kept_and_an_authentic_one_is_fetched_once() {
        let log = Log::of(1_100, 0);
        let mut files = log.at(1_100);
        let good = files.files["tile/0/001"].clone();
        files.files.get_mut("tile/0/001").unwrap()[7] ^= 1;
        let mut tiles = AuthenticTiles::open(files, 1_100, log.root(1_100)).unwrap();
        for _ in 0..2 {
            assert!(matches!(tiles.leaf(256), Err(TileError::Tile { .. })));
        }
        tiles.source().files.insert("tile/0/001".to_owned(), good);
        for index in 256..512 {
            assert_eq!(tiles.leaf(index).unwrap(), log.tree.leaf(index).unwrap());
        }
        let asked = tiles
            .source()
            .asked
            .iter()
            .filter(|path| *path == "tile/0/001");
        assert_eq!(asked.count(), 3);
    }

    #[test]
    fn tiles_are_kept_beside_each_other_until_there_are_too_many() {
        let many = TILES_KEPT as u64 + 1;
        let log = Log::of(many * 256, 0);
        let mut tiles = AuthenticTiles::open(log.at(many * 256), many * 256, log.root(many * 256));
        let tiles = tiles.as_mut().unwrap();
        let asked = |tiles: &mut AuthenticTiles<Files>, path: &str| {
            let asked = &tiles.source().asked;
            asked.iter().filter(|asked| *asked == path).count()
        };
        for index in [0, 256, 1, 257] {
            tiles.leaf(index).unwrap();
        }
        assert_eq!(asked(tiles, "tile/0/000"), 1);
        assert_eq!(asked(tiles, "tile/0/001"), 1);
        for tile in 0..many {
            tiles.leaf(tile * 256).unwrap();
        }
        // The oldest had to go.
        tiles.leaf(2).unwrap();
        assert_eq!(asked(tiles, "tile/0/000"), 2);
    }

    #[test]
    fn a_bundle_holds_entries_of_any_length_and_is_asked_for_by_each_name_once() {
        let entries = [vec![b'a'; 65_535], vec![b'b'; 65_535]];
        let mut tree = Tree::new();
        entries.iter().for_each(|entry| tree.push(leaf_hash(entry)));
        let mut files = Files::default();
        for tile in tiles_for(2) {
            files.files.insert(tile.path(), tile.bytes(&tree).unwrap());
        }
        let bytes = encode_bundle(entries.iter().map(Vec::as_slice)).unwrap();
        files.files.insert("tile/entries/000.p/2".to_owned(), bytes);
        let mut tiles = AuthenticTiles::open(files, 2, tree.root()).unwrap();
        assert_eq!((tiles.size(), tiles.root()), (2, tree.root()));
        assert_eq!(tiles.entries(0).unwrap(), entries);

        let log = Log::of(300, 0);
        let mut files = log.at(300);
        for path in ["tile/entries/000", "tile/entries/001.p/44"] {
            files.files.remove(path).unwrap();
        }
        let mut tiles = AuthenticTiles::open(files, 300, log.root(300)).unwrap();
        for index in [0, 1] {
            let missing = tiles.entries(index);
            assert!(matches!(missing, Err(TileError::Missing { .. })));
        }
        let asked = &tiles.source().asked;
        let asked: Vec<_> = asked.iter().filter(|path| path.contains("entr")).collect();
        let names = [
            "tile/entries/000",
            "tile/entries/001.p/44",
            "tile/entries/001",
        ];
        assert_eq!(asked, names);
    }

    /// A source that fails.
    #[derive(Debug)]
    struct Broken;

    impl TileSource for Broken {
        type Error = std::io::Error;

        fn fetch(&mut self, _: &str, _: usize) -> Result<Option<Vec<u8>>, std::io::Error> {
            Err(std::io::Error::other("no route to host"))
        }
    }

    #[test]
    fn an_error_says_what_lies_behind_it() {
        use std::error::Error as _;

        let failed = AuthenticTiles::open(Broken, 3, Hash::ZERO).unwrap_err();
        assert_eq!(failed.source().unwrap().to_string(), "no route to host");

        let log = Log::of(3, 0);
        let mut files = log.at(3);
        let cut = files.files.get_mut("tile/entries/000.p/3").unwrap();
        cut.pop();
        let mut tiles = AuthenticTiles::open(files, 3, log.root(3)).unwrap();
        let refused = tiles.entries(0).unwrap_err();
        let TileError::Bundle { error, .. } = &refused else {
            panic!("{refused}");
        };
        assert_eq!(refused.source().unwrap().to_string(), error.to_string());
        assert!(tiles.leaf(3).unwrap_err().source().is_none());
    }

    #[test]
    fn where_a_leaf_is_not_the_hash_of_its_entry_the_caller_says_what_it_is() {
        let log = Log::of(3, 0);
        let mut files = log.at(3);
        let (zero, two) = (0_u64.to_be_bytes(), 2_u64.to_be_bytes());
        let bundle = encode_bundle([&zero[..], b"gone", &two]).unwrap();
        files
            .files
            .insert("tile/entries/000.p/3".to_owned(), bundle);
        let mut tiles = AuthenticTiles::open(files, 3, log.root(3)).unwrap();
        assert!(matches!(
            tiles.entries(0),
            Err(TileError::Entry { index: 1, .. })
        ));
        let one = log.tree.leaf(1).unwrap();
        let leaf_of = |entry: &[u8]| {
            if entry == b"gone" {
                one
            } else {
                leaf_hash(entry)
            }
        };
        assert_eq!(tiles.entries_by(0, &leaf_of).unwrap()[1], b"gone");
    }
}

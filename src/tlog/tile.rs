//! Tiles (c2sp.org/tlog-tiles): which ones a tree of some size has, what they are called, and their
//! bytes. Nothing is written here.
//!
//! Tile n of level l holds the roots of the complete subtrees of 256^l leaves, 256 in a full tile.
//! A bundle holds the entries under a tile of level 0. Full tiles and bundles never change.

use std::fmt;

use super::spelling::from_decimal;
use super::tree::Tree;

/// Hashes in a full tile, entries in a full bundle.
const FULL: u16 = 256;
/// Levels of the binary tree that one level of tiles spans.
const TILE_HEIGHT: u32 = 8;
/// Levels that a tree of less than 2^64 leaves can have.
const LEVELS: u8 = 8;

/// A tile of hashes, named but not filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    /// 0 for leaf hashes; at most 63.
    pub level: u8,
    /// Its position among the tiles of the level, from 0.
    pub index: u64,
    /// How many hashes it holds: 1 to 255 for a partial tile, 256 for a full one.
    pub width: u16,
}

/// A bundle of entries, named but not filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bundle {
    /// Its position among the bundles, from 0; its first entry has the index 256 times that.
    pub index: u64,
    /// How many entries it holds: 1 to 255 for a partial bundle, 256 for a full one.
    pub width: u16,
}

/// A path that names no tile and no bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TilePathError(String);

impl fmt::Display for TilePathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "path {:?}: expected tile/<level or entries>/<index>[.p/<width>]",
            self.0
        )
    }
}

impl std::error::Error for TilePathError {}

impl Tile {
    /// The path below the log's prefix: `tile/0/x001/067`, with `.p/<width>` for a partial tile.
    #[must_use]
    pub fn path(&self) -> String {
        format!("tile/{}/{}", self.level, place(self.index, self.width))
    }

    /// Parses such a path; there is one spelling of every tile.
    ///
    /// # Errors
    /// For any other text.
    pub fn parse_path(path: &str) -> Result<Tile, TilePathError> {
        let parse = || {
            let (level, rest) = path.strip_prefix("tile/")?.split_once('/')?;
            let level = u8::try_from(from_decimal(level)?)
                .ok()
                .filter(|level| *level < 64)?;
            let (index, width) = parse_place(rest)?;
            Some(Tile {
                level,
                index,
                width,
            })
        };
        parse().ok_or_else(|| TilePathError(path.to_owned()))
    }

    /// The tile's bytes: its hashes in a row. `None` where the tree is too small for it.
    #[must_use]
    pub fn bytes(&self, tree: &Tree) -> Option<Vec<u8>> {
        let mut bytes = Vec::with_capacity(usize::from(self.width) * 32);
        let first = self.index.checked_mul(u64::from(FULL))?;
        for index in first..first.checked_add(u64::from(self.width))? {
            let hash = tree.subtree(u32::from(self.level) * TILE_HEIGHT, index)?;
            bytes.extend_from_slice(hash.as_bytes());
        }
        Some(bytes)
    }
}

impl Bundle {
    /// The path below the log's prefix: `tile/entries/x001/067`, with `.p/<width>` for a partial
    /// bundle.
    #[must_use]
    pub fn path(&self) -> String {
        format!("tile/entries/{}", place(self.index, self.width))
    }

    /// Parses such a path; there is one spelling of every bundle.
    ///
    /// # Errors
    /// For any other text.
    pub fn parse_path(path: &str) -> Result<Bundle, TilePathError> {
        path.strip_prefix("tile/entries/")
            .and_then(parse_place)
            .map(|(index, width)| Bundle { index, width })
            .ok_or_else(|| TilePathError(path.to_owned()))
    }

    /// The indexes of its entries.
    #[must_use]
    pub fn entries(&self) -> std::ops::Range<u64> {
        let first = self.index.saturating_mul(u64::from(FULL));
        first..first.saturating_add(u64::from(self.width))
    }
}

/// Index and width as they end a path: groups of three digits, all but the last after an `x`.
fn place(index: u64, width: u16) -> String {
    let mut groups = format!("{:03}", index % 1000);
    let mut rest = index / 1000;
    while rest > 0 {
        groups = format!("x{:03}/{groups}", rest % 1000);
        rest /= 1000;
    }
    match width {
        FULL => groups,
        _ => format!("{groups}.p/{width}"),
    }
}

fn parse_place(text: &str) -> Option<(u64, u16)> {
    let (groups, width) = match text.split_once(".p/") {
        Some((groups, width)) => (groups, u16::try_from(from_decimal(width)?).ok()?),
        None => (text, FULL),
    };
    let mut index: u64 = 0;
    for group in groups.split('/') {
        let digits = group.strip_prefix('x').unwrap_or(group);
        index = index.checked_mul(1000)?.checked_add(digits.parse().ok()?)?;
    }
    // Misplaced or missing x's, signs, groups of another length and widths out of range are spelled
    // differently.
    ((1..=FULL).contains(&width) && place(index, width) == text).then_some((index, width))
}

/// All tiles of a tree of `size` leaves: per level, from 0, the full ones and the partial one.
#[must_use]
pub fn tiles_for(size: u64) -> Vec<Tile> {
    let mut tiles = new_full_tiles(0, size);
    tiles.extend(partial_tiles(size));
    tiles.sort_unstable();
    tiles
}

/// The tiles that become full while a tree grows from `old_size` to `new_size` leaves, by level.
#[must_use]
pub fn new_full_tiles(old_size: u64, new_size: u64) -> Vec<Tile> {
    let at = |level| {
        let full = |size: u64| hashes(size, level) / u64::from(FULL);
        (full(old_size)..full(new_size)).map(move |index| Tile {
            level,
            index,
            width: FULL,
        })
    };
    (0..LEVELS).flat_map(at).collect()
}

/// The partial tiles of a tree of `size` leaves, at most one a level: what a published head of that
/// size needs beside the full ones.
#[must_use]
pub fn partial_tiles(size: u64) -> Vec<Tile> {
    let at = |level| {
        let (index, width) = last_place(hashes(size, level));
        (width > 0).then_some(Tile {
            level,
            index,
            width,
        })
    };
    (0..LEVELS).filter_map(at).collect()
}

/// The bundles that become full while a log grows from `old_size` to `new_size` entries.
#[must_use]
pub fn new_full_bundles(old_size: u64, new_size: u64) -> Vec<Bundle> {
    let full = |size: u64| size / u64::from(FULL);
    (full(old_size)..full(new_size))
        .map(|index| Bundle { index, width: FULL })
        .collect()
}

/// The partial bundle of a log of `size` entries, if the last one is not full.
#[must_use]
pub fn partial_bundle(size: u64) -> Option<Bundle> {
    let (index, width) = last_place(size);
    (width > 0).then_some(Bundle { index, width })
}

/// How many hashes a level of tiles holds: the complete subtrees of 256^level leaves.
fn hashes(size: u64, level: u8) -> u64 {
    size >> (u32::from(level) * TILE_HEIGHT)
}

/// The place after `count` hashes or entries: the tile's index, and how many it has of them.
fn last_place(count: u64) -> (u64, u16) {
    (count / u64::from(FULL), (count % u64::from(FULL)) as u16)
}

/// Why bytes are not a bundle, or entries do not fit into one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BundleError {
    /// An entry is longer than the 65,535 bytes that its length can say.
    EntryTooLong {
        /// The entry's position in the bundle, from 0.
        position: usize,
        /// Its length in bytes.
        found: usize,
    },
    /// The bytes end within an entry or its length.
    Torn {
        /// The entry's position in the bundle, from 0.
        position: usize,
    },
    /// Another number of entries than the bundle's width.
    Width {
        /// How many entries there are.
        found: usize,
        /// The bundle's width.
        expected: u16,
    },
}

impl fmt::Display for BundleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BundleError::EntryTooLong { position, found } => {
                write!(
                    f,
                    "bundle entry {position}: {found} bytes, expected at most 65535"
                )
            }
            BundleError::Torn { position } => {
                write!(f, "bundle entry {position}: expected more bytes")
            }
            BundleError::Width { found, expected } => {
                write!(f, "bundle of {found} entries, expected {expected}")
            }
        }
    }
}

impl std::error::Error for BundleError {}

/// The bytes of a bundle: each entry after its length, a big-endian u16.
///
/// # Errors
/// Where an entry is longer than 65,535 bytes.
pub fn encode_bundle<'a>(
    entries: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Vec<u8>, BundleError> {
    let mut bytes = Vec::new();
    for (position, entry) in entries.into_iter().enumerate() {
        let length = u16::try_from(entry.len()).map_err(|_| BundleError::EntryTooLong {
            position,
            found: entry.len(),
        })?;
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(entry);
    }
    Ok(bytes)
}

impl Bundle {
    /// The entries in a bundle's bytes, which are not authenticated by that: their leaf hashes have
    /// yet to be those of the tree.
    ///
    /// # Errors
    /// Where the bytes end within an entry, or hold more or fewer entries than the bundle's width.
    pub fn decode<'a>(&self, mut bytes: &'a [u8]) -> Result<Vec<&'a [u8]>, BundleError> {
        let mut entries = Vec::with_capacity(usize::from(self.width));
        while !bytes.is_empty() {
            let (entry, rest) = first_entry(bytes).ok_or(BundleError::Torn {
                position: entries.len(),
            })?;
            entries.push(entry);
            bytes = rest;
        }
        match entries.len() {
            found if found == usize::from(self.width) => Ok(entries),
            found => Err(BundleError::Width {
                found,
                expected: self.width,
            }),
        }
    }
}

fn first_entry(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<2>()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::super::tree::{leaf_hash, root_of};
    use super::*;
    use crate::hash::Hash;

    fn tile(level: u8, index: u64, width: u16) -> Tile {
        Tile {
            level,
            index,
            width,
        }
    }

    #[test]
    fn the_tiles_of_a_size_are_those_of_the_specification() {
        let tiles = tiles_for(70_000);
        let mut expected: Vec<Tile> = (0..273).map(|index| tile(0, index, 256)).collect();
        expected.push(tile(0, 273, 112));
        expected.extend([tile(1, 0, 256), tile(1, 1, 17), tile(2, 0, 1)]);
        assert_eq!(tiles, expected);
        assert_eq!(
            partial_tiles(70_000),
            [tile(0, 273, 112), tile(1, 1, 17), tile(2, 0, 1)]
        );
        assert_eq!(tiles_for(256), [tile(0, 0, 256), tile(1, 0, 1)]);
        assert_eq!(tiles_for(255), [tile(0, 0, 255)]);
        assert_eq!(tiles_for(0), []);
        assert_eq!(
            partial_bundle(70_000),
            Some(Bundle {
                index: 273,
                width: 112
            })
        );
        assert_eq!(partial_bundle(256), None);
        assert_eq!(partial_bundle(70_000).unwrap().entries(), 69_888..70_000);
        assert_eq!(partial_tiles(u64::MAX).len(), 8);
    }

    #[test]
    fn paths_are_those_of_the_specification() {
        for (tile, path) in [
            (tile(0, 1_234_067, 256), "tile/0/x001/x234/067"),
            (tile(0, 1067, 256), "tile/0/x001/067"),
            (tile(1, 0, 17), "tile/1/000.p/17"),
            (tile(63, 999, 255), "tile/63/999.p/255"),
            (tile(2, 1000, 1), "tile/2/x001/000.p/1"),
        ] {
            assert_eq!(tile.path(), path);
            assert_eq!(Tile::parse_path(path), Ok(tile));
        }
        let bundle = Bundle {
            index: 1_234_067,
            width: 3,
        };
        assert_eq!(bundle.path(), "tile/entries/x001/x234/067.p/3");
        assert_eq!(Bundle::parse_path(&bundle.path()), Ok(bundle));
    }

    #[test]
    fn other_spellings_of_a_path_are_refused() {
        for path in [
            "",
            "tile",
            "tile/0",
            "tile/0/",
            "tile/0/0",
            "tile/0/0000",
            "tile/00/000",
            "tile/64/000",
            "tile/-1/000",
            "tile/0/x000/000",
            "tile/0/001/000",
            "tile/0/x001/x000",
            "tile/0/x001",
            "tile/0/000.p/0",
            "tile/0/000.p/256",
            "tile/0/000.p/01",
            "tile/0/000.p/",
            "tile/0/000.p",
            "tile/0/000.p/1/",
            "/tile/0/000",
            "tile/0//000",
            "tile/0/000/",
            "tile/0/../000",
            "tile/0/x001/+67",
            "tile/entries/000",
            "tile/8/0/000",
            "tile/0/000.p/1.p/1",
            "tile/0/x018/x446/x744/x073/x709/x551/616",
        ] {
            assert_eq!(
                Tile::parse_path(path),
                Err(TilePathError(path.to_owned())),
                "{path}"
            );
        }
        assert!(Bundle::parse_path("tile/0/000").is_err());
        assert!(Bundle::parse_path("tile/entries/x000/000").is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn a_path_names_one_tile(level in 0u8..64, index: u64, width in 1u16..=256) {
            let tile = tile(level, index, width);
            prop_assert_eq!(Tile::parse_path(&tile.path()), Ok(tile));
            let bundle = Bundle { index, width };
            prop_assert_eq!(Bundle::parse_path(&bundle.path()), Ok(bundle));
        }

        #[test]
        fn growing_in_steps_fills_the_same_tiles(sizes in prop::collection::vec(0u64..9000, 0..8)) {
            let mut sizes = sizes;
            sizes.sort_unstable();
            let last = sizes.last().copied().unwrap_or(0);
            let steps = [&[0], &sizes[..]].concat();
            let grown: Vec<Tile> =
                steps.windows(2).flat_map(|step| new_full_tiles(step[0], step[1])).collect();
            let once: BTreeSet<Tile> = grown.iter().copied().collect();
            prop_assert_eq!(once.len(), grown.len());
            let whole: Vec<Tile> = new_full_tiles(0, last);
            prop_assert_eq!(once, whole.into_iter().collect());
            let bundles: Vec<Bundle> =
                steps.windows(2).flat_map(|step| new_full_bundles(step[0], step[1])).collect();
            prop_assert_eq!(bundles, new_full_bundles(0, last));
        }

        #[test]
        fn a_bundle_gives_back_its_entries_and_is_refused_when_cut(
            entries in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..40),
            cut: usize
        ) {
            let slices: Vec<&[u8]> = entries.iter().map(Vec::as_slice).collect();
            let bytes = encode_bundle(slices.iter().copied()).unwrap();
            let bundle = Bundle { index: 0, width: slices.len() as u16 };
            prop_assert_eq!(bundle.decode(&bytes), Ok(slices.clone()));
            prop_assert!(bundle.decode(&bytes[..cut % bytes.len()]).is_err());
            let wider = Bundle { width: bundle.width + 1, ..bundle };
            let error = BundleError::Width { found: slices.len(), expected: wider.width };
            prop_assert_eq!(wider.decode(&bytes), Err(error));
        }

        #[test]
        fn no_bytes_make_a_bundle_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let bundle = Bundle { index: 0, width: 2 };
            if let Ok(entries) = bundle.decode(&bytes) {
                prop_assert_eq!(encode_bundle(entries), Ok(bytes.clone()));
            }
        }
    }

    #[test]
    fn an_entry_has_its_length_before_it() {
        let bytes = encode_bundle([&b"ab"[..], b"", b"c"]).unwrap();
        assert_eq!(bytes, b"\0\x02ab\0\0\0\x01c");
        let long = vec![0; 65_536];
        let error = BundleError::EntryTooLong {
            position: 1,
            found: 65_536,
        };
        assert_eq!(encode_bundle([&b"a"[..], &long]), Err(error));
        assert!(encode_bundle([&long[1..]]).is_ok());
    }

    #[test]
    fn tiles_hold_the_roots_of_complete_subtrees() {
        let leaves: Vec<Hash> = (0..66_000u32)
            .map(|n| leaf_hash(&n.to_be_bytes()))
            .collect();
        let mut tree = Tree::new();
        leaves.iter().for_each(|leaf| tree.push(*leaf));
        let flat = |hashes: &[Hash]| hashes.iter().flat_map(|hash| hash.0).collect::<Vec<u8>>();
        assert_eq!(tile(0, 3, 256).bytes(&tree), Some(flat(&leaves[768..1024])));
        assert_eq!(
            tile(0, 257, 208).bytes(&tree),
            Some(flat(&leaves[65_792..]))
        );
        let roots: Vec<Hash> = leaves.chunks_exact(256).map(root_of).collect();
        assert_eq!(tile(1, 0, 256).bytes(&tree), Some(flat(&roots[..256])));
        assert_eq!(tile(1, 1, 1).bytes(&tree), Some(flat(&roots[256..])));
        assert_eq!(
            tile(2, 0, 1).bytes(&tree),
            Some(flat(&[root_of(&leaves[..65_536])]))
        );
        assert!(
            tiles_for(66_000)
                .iter()
                .all(|tile| tile.bytes(&tree).is_some())
        );
        for beyond in [
            tile(0, 257, 209),
            tile(1, 1, 2),
            tile(3, 0, 1),
            tile(63, 0, 1),
            tile(0, u64::MAX, 256),
            tile(0, u64::MAX / 256, 256),
        ] {
            assert_eq!(beyond.bytes(&tree), None, "{beyond:?}");
        }
    }
}

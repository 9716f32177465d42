//! Reading tiles from a server that lies.

use std::sync::LazyLock;

use grounds::hash::Hash;
use grounds::tlog::{AuthenticTiles, Bundle, Tile, TileSource, Tree, encode_bundle, leaf_hash};

use super::ground::Bytes;

/// Three full tiles of leaves and some more.
pub const SIZE: u64 = 805;

pub static TREE: LazyLock<Tree> = LazyLock::new(|| {
    let mut tree = Tree::new();
    (0..SIZE).for_each(|index| tree.push(leaf_hash(&entry(index))));
    tree
});

pub fn entry(index: u64) -> Vec<u8> {
    format!("entry {index}").into_bytes()
}

/// What an honest server of the tree at this size has at a path.
pub fn honest(path: &str, size: u64) -> Option<Vec<u8>> {
    if let Ok(tile) = Tile::parse_path(path) {
        let is_there = tile.width == 256 || grounds::tlog::partial_tiles(size).contains(&tile);
        return tile
            .bytes(&TREE)
            .filter(|_| is_there && reaches(&tile, size));
    }
    let bundle = Bundle::parse_path(path).ok()?;
    let entries: Vec<Vec<u8>> = bundle.entries().map(entry).collect();
    let is_there = bundle.entries().end <= size;
    is_there.then(|| encode_bundle(entries.iter().map(Vec::as_slice)).unwrap())
}

fn reaches(tile: &Tile, size: u64) -> bool {
    let leaves = 1_u64 << (8 * u32::from(tile.level));
    (tile.index * 256 + u64::from(tile.width)) * leaves <= size
}

/// Answers as the bytes say; honestly when there are none left.
pub struct Liar<'a> {
    pub script: Bytes<'a>,
    size: u64,
}

impl TileSource for Liar<'_> {
    type Error = ();

    fn fetch(&mut self, path: &str, most: usize) -> Result<Option<Vec<u8>>, ()> {
        assert!(most <= 256 * 65_537, "{path}: asks for {most} bytes");
        let good = honest(path, self.size);
        let lie = lied(good, &mut self.script, |other| honest(other, self.size))?;
        Ok(lie.map(|mut bytes| {
            bytes.truncate(most + 1);
            bytes
        }))
    }
}

/// One answer, honest or not.
pub fn lied(
    good: Option<Vec<u8>>,
    script: &mut Bytes<'_>,
    other: impl Fn(&str) -> Option<Vec<u8>>,
) -> Result<Option<Vec<u8>>, ()> {
    let kind = script.byte();
    let mut bytes = good.clone().unwrap_or_default();
    match kind {
        0..128 => return Ok(good),
        128..144 => return Ok(None),
        144..160 => return Err(()),
        160..176 => bytes = super::ground::changed(&bytes, script, 1),
        176..192 => {
            let at = script.number(2) as usize % (bytes.len() + 1);
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << (kind % 8);
            }
        }
        192..200 => bytes.truncate(script.number(2) as usize),
        200..208 => bytes.extend(vec![0; script.number(1) as usize]),
        208..224 => {
            let known = [
                "tile/0/000",
                "tile/0/001",
                "tile/1/000.p/3",
                "tile/entries/001",
                "tile/0/003.p/37",
            ];
            bytes = other(known[usize::from(kind % 5)]).unwrap_or_default();
        }
        224..232 => bytes.resize(bytes.len() + (1 << 20), 7),
        232..240 if bytes.len() >= 64 => {
            let (a, b) = bytes.split_at_mut(32);
            a.swap_with_slice(&mut b[..32]);
        }
        _ => {
            let length = script.number(2) as usize;
            bytes = script.take(length).to_vec();
        }
    }
    Ok(Some(bytes))
}

const SIZES: [u64; 12] = [0, 1, 2, 3, 128, 255, 256, 257, 511, 512, 700, SIZE];

/// - Whatever is given out is what the tree under the head has.
/// - Nobody is asked for more than a full bundle may have.
/// - A lie is not remembered: the same question is answered once the server is honest.
pub fn run(data: &[u8]) {
    let mut script = Bytes(data);
    let size = SIZES[usize::from(script.byte()) % SIZES.len()];
    let root = match script.byte() {
        255 => Hash::ZERO,
        _ => TREE.root_at(size).unwrap(),
    };
    let questions = script.take(24).to_vec();
    let opened = AuthenticTiles::open(Liar { script, size }, size, root);
    let Ok(mut tiles) = opened else {
        return;
    };
    assert_eq!(
        Some(root),
        TREE.root_at(size),
        "opened under a root that is not the tree's"
    );
    ask(&mut tiles, &questions, false);
    tiles.source().script = Bytes(&[]);
    ask(&mut tiles, &questions, true);
}

fn ask(tiles: &mut AuthenticTiles<Liar<'_>>, questions: &[u8], is_honest: bool) {
    let size = tiles.size();
    let mut questions = Bytes(questions);
    while !questions.is_empty() {
        let kind = questions.byte();
        let (a, b) = (questions.below(size), questions.below(size + 1));
        let within = |end: u64| a < b && b <= size || end == 0;
        match kind % 7 {
            0 => told(
                tiles.leaf(a).ok(),
                TREE.leaf(a).filter(|_| a < size),
                is_honest,
            ),
            1 => told(
                tiles.root_at(a).ok(),
                TREE.root_at(a).filter(|_| a <= size),
                is_honest,
            ),
            2 => {
                let good = within(1).then(|| TREE.inclusion(a, b)).flatten();
                told(tiles.inclusion(a, b).ok(), good, is_honest);
            }
            3 => {
                let is_there = a > 0 && a <= b && b <= size;
                let good = is_there.then(|| TREE.consistency(a, b)).flatten();
                told(tiles.consistency(a, b).ok(), good, is_honest);
            }
            4 => {
                let number = a / 256;
                let there = number * 256 < size;
                let leaves = (number * 256..size.min((number * 256).saturating_add(256)))
                    .map(|at| TREE.leaf(at).unwrap());
                let good: Option<Vec<Hash>> = there.then(|| leaves.collect());
                told(
                    tiles.leaves(number).ok().map(|found| found.to_vec()),
                    good,
                    is_honest,
                );
            }
            5 => {
                let number = a / 256;
                let there = number * 256 < size;
                let good = there.then(|| {
                    (number * 256..size.min((number * 256).saturating_add(256)))
                        .map(entry)
                        .collect()
                });
                told(tiles.entries(number).ok(), good, is_honest);
            }
            _ => {
                let tile = Tile {
                    level: (kind / 7) % 4,
                    index: a / 256,
                    width: (b % 256) as u16 + 1,
                };
                if let Ok(found) = tiles.tile(&tile) {
                    assert_eq!(Some(found), tile.bytes(&TREE));
                    assert!(reaches(&tile, size));
                }
            }
        }
    }
}

/// An answer is the right one or none; from an honest server it is the right one.
fn told<T: PartialEq + std::fmt::Debug>(found: Option<T>, good: Option<T>, is_honest: bool) {
    if is_honest || found.is_some() {
        assert_eq!(found, good);
    }
}

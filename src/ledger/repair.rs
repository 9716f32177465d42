//! Repair: a damaged ledger is healed from a mirror, which is not believed.
//!
//! A leaf hash says what a line was, and the leaf hashes lead to a signed root. So every byte that is
//! put in place is authenticated: against a head that extends what this ledger acknowledged itself,
//! or is it. Planning reads and fetches; nothing in the folder is touched before all of it is known.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};

use crate::hash::Hash;
use crate::store::segment::healing::{Had, Healing, heal, plan_segments};
use crate::store::segment::{Disk, SegmentReader};
use crate::store::{Damage, StoreError};
use crate::tlog::{
    AuthenticTiles, Bundle, CheckpointError, Head, Tile, TileError, Tree, VerifierKey,
    encode_bundle, leaf_hash, new_full_bundles, partial_bundle, tiles_for,
};
use crate::value::Index;

use super::arrange::{Arrangement, arrange_by};
use super::audit::walk;
use super::cosigned::{HeadNote, keys_in};
use super::heads::{HeadError, SignedHead};
use super::lines::{leaf_of_line, lines_or_gaps, open_reader, own_key, stored_leaves};
use super::mirror::{MirrorError, Pin, key_of_source};
use super::refusal::LedgerError;
use super::signer::SignerState;
use super::source::{AnySource, SourceError};

/// Where a ledger says what it acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acknowledged {
    /// Its `checkpoint`.
    Checkpoint,
    /// The copy of that which was synced last, in `cache/`.
    SyncedCopy,
    /// What its signer remembers, outside the folder.
    Signer,
}

impl fmt::Display for Acknowledged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Acknowledged::Checkpoint => "the checkpoint",
            Acknowledged::SyncedCopy => "the synced copy of the checkpoint",
            Acknowledged::Signer => "the signer's state",
        })
    }
}

/// Whose word the log's key rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyFrom {
    /// The caller's.
    Given,
    /// An earlier mirroring's, which pinned it.
    Pinned,
    /// The ledger's own genesis.
    Genesis,
    /// The source's, and it opens this ledger's own checkpoint.
    Source,
}

/// What a repair does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repair {
    /// The log's key.
    pub vkey: VerifierKey,
    /// Where that was taken from.
    pub key_from: KeyFrom,
    /// The newest head that the ledger acknowledged, and where it says so; none where nothing is
    /// left that says it.
    pub own: Option<(Acknowledged, Head)>,
    /// The head of the source.
    pub source: Head,
    /// Entries whose lines come from the source.
    pub entries: Vec<Index>,
    /// What stays damaged, as the source does not have it.
    pub left: Vec<Damage>,
    healing: Healing,
}

/// Why nothing was healed. The folder is as it was.
#[derive(Debug)]
pub enum RepairError {
    /// The ledger's own folder.
    Ledger(LedgerError),
    /// The source's head or tiles: it fails, or is not what it says.
    Head(HeadError),
    /// Nothing says what the log's key is.
    NoKey,
    /// The pinned key is not of its form.
    Pin(String),
    /// The source has another history than the one that this ledger acknowledged.
    OtherHistory {
        /// Where this ledger says so.
        own: Acknowledged,
        /// What it acknowledged.
        expected: Head,
        /// The root that the source has at that size.
        found: Hash,
    },
    /// The source has less than was acknowledged here, and what it has cannot be held against it.
    Behind {
        /// The source's.
        found: Head,
        /// What was acknowledged here.
        expected: Head,
    },
}

impl fmt::Display for RepairError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RepairError::Ledger(error) => error.fmt(f),
            RepairError::Head(error) => write!(f, "the source: {error}"),
            RepairError::NoKey => f.write_str(
                "found nothing that names the log's key, expected a readable genesis, or the key",
            ),
            RepairError::Pin(why) => f.write_str(why),
            RepairError::OtherHistory {
                own,
                expected,
                found,
            } => write!(
                f,
                "the source: found root {found} at size {}, expected {}, as {own} here says: it is of another history",
                expected.size, expected.root
            ),
            RepairError::Behind { found, expected } => write!(
                f,
                "the source: found a head of {} entries, expected one of at least {}, as were acknowledged here: with the tiles here damaged too, it cannot be told whether it is of the same history",
                found.size, expected.size
            ),
        }
    }
}

impl std::error::Error for RepairError {}

impl From<LedgerError> for RepairError {
    fn from(error: LedgerError) -> RepairError {
        RepairError::Ledger(error)
    }
}

impl From<StoreError> for RepairError {
    fn from(error: StoreError) -> RepairError {
        RepairError::Ledger(error.into())
    }
}

impl From<HeadError> for RepairError {
    fn from(error: HeadError) -> RepairError {
        RepairError::Head(error)
    }
}

impl From<TileError<SourceError>> for RepairError {
    fn from(error: TileError<SourceError>) -> RepairError {
        RepairError::Head(error.into())
    }
}

impl From<CheckpointError> for RepairError {
    fn from(error: CheckpointError) -> RepairError {
        RepairError::Head(error.into())
    }
}

impl Repair {
    /// Works out what the ledger in `dir` needs, and fetches and authenticates it. Nothing is
    /// written.
    ///
    /// `vkey` is the log's key, where it is at hand; `signer` says what its signer last signed. Progress
    /// counts leaf hashes of the source.
    ///
    /// # Errors
    /// [`RepairError`]: where the source fails, gives anything that is not authentic, or is of
    /// another history.
    pub fn plan(
        source: &mut AnySource<'_>,
        dir: &Path,
        vkey: Option<&VerifierKey>,
        signer: &dyn Fn(&VerifierKey) -> Option<SignerState>,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Repair, RepairError> {
        let reader = open_reader(dir)?;
        let (vkey, key_from) = key_for(&reader, source, dir, vkey)?;
        let state = signer(&vkey);
        let own = Own::of(&reader, &vkey, state);
        let theirs = SignedHead::fetch(source, &vkey)?;
        let mut tiles = theirs.tiles(source)?;
        let leaves = leaves_to_heal_to(&reader, &own, &mut tiles, progress)?;
        own.is_of(&leaves, &theirs)?;
        let mut ward = Ward {
            dir,
            arrangement: arrange_by(&reader, leaves.hashes)?,
            reader,
            tree: leaves.tree,
            given: BTreeMap::new(),
            left: Vec::new(),
        };
        ward.fetch_lost(&mut tiles)?;
        let mut healing = Healing::default();
        ward.plan_lines(&mut healing)?;
        ward.plan_tiles(&mut healing)?;
        ward.plan_checkpoint(&mut healing, &own, &theirs, &vkey)?;
        Ok(Repair {
            vkey,
            key_from,
            own: own.newest().map(|(place, head, _)| (*place, *head)),
            source: theirs.head,
            entries: ward.given.into_keys().collect(),
            left: ward.left,
            healing,
        })
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.healing.is_empty()
    }

    /// The files that are written, from the ledger's folder on.
    #[must_use]
    pub fn files(&self) -> Vec<&str> {
        let segments = self.healing.segments.iter().map(|segment| &segment.name);
        let named = self.healing.named.keys();
        segments.chain(named).map(String::as_str).collect()
    }

    /// The files that do not belong in the folder and are put aside.
    #[must_use]
    pub fn aside(&self) -> &[String] {
        &self.healing.aside
    }

    /// Does it. Gives the folder, below `dir`, where what stood in place of the healed files is kept.
    ///
    /// # Errors
    /// When another has the folder open for writing, or the system fails; doing it again goes on.
    pub fn carry_out(&self, dir: &Path) -> Result<Option<PathBuf>, LedgerError> {
        Ok(heal(&Disk, dir, &self.healing)?.map(PathBuf::from))
    }
}

/// The log's key, by whoever is to be believed most.
fn key_for(
    reader: &SegmentReader,
    source: &mut AnySource<'_>,
    dir: &Path,
    vkey: Option<&VerifierKey>,
) -> Result<(VerifierKey, KeyFrom), RepairError> {
    if let Some(vkey) = vkey {
        return Ok((vkey.clone(), KeyFrom::Given));
    }
    if let Some(pin) = Pin::of(dir).map_err(|error| RepairError::Pin(error.to_string()))? {
        return Ok((pin.vkey, KeyFrom::Pinned));
    }
    if let Ok(vkey) = own_key(reader) {
        return Ok((vkey, KeyFrom::Genesis));
    }
    let vkey = match key_of_source(source) {
        Ok(vkey) => vkey,
        Err(MirrorError::Head(error)) => return Err(error.into()),
        Err(_) => return Err(RepairError::NoKey),
    };
    // A key that the source names is as good as any that opens what the log signed here.
    match Own::of(reader, &vkey, None).heads.is_empty() {
        true => Err(RepairError::NoKey),
        false => Ok((vkey, KeyFrom::Source)),
    }
}

/// What a ledger says that it acknowledged: where, which head, and the note where there is one.
struct Own {
    heads: Vec<(Acknowledged, Head, Option<Vec<u8>>)>,
}

impl Own {
    fn of(reader: &SegmentReader, vkey: &VerifierKey, signer: Option<SignerState>) -> Own {
        let notes = [
            (Acknowledged::Checkpoint, reader.get("checkpoint")),
            (Acknowledged::SyncedCopy, reader.get_synced("checkpoint")),
        ];
        let mut heads = Vec::new();
        for (place, note) in notes {
            let signed = note
                .ok()
                .flatten()
                .and_then(|note| SignedHead::open(&note, vkey).ok());
            heads.extend(signed.map(|signed| (place, signed.head, Some(signed.note))));
        }
        let signer = signer.map(|SignerState { size, root }| Head { size, root });
        heads.extend(signer.map(|head| (Acknowledged::Signer, head, None)));
        Own { heads }
    }

    /// The first of the largest.
    fn newest(&self) -> Option<&(Acknowledged, Head, Option<Vec<u8>>)> {
        let largest = self.heads.iter().map(|(_, head, _)| head.size).max()?;
        self.heads.iter().find(|(_, head, _)| head.size == largest)
    }

    fn note_of(&self, head: Head) -> Option<&Vec<u8>> {
        let mut notes = self.heads.iter().filter(|(_, own, _)| *own == head);
        notes.find_map(|(_, _, note)| note.as_ref())
    }

    /// That every head of this ledger, and the source's, is one of the tree that is healed to.
    fn is_of(&self, leaves: &Leaves, theirs: &SignedHead) -> Result<(), RepairError> {
        let root_at = |size| leaves.tree.root_at(size);
        for (place, head, _) in &self.heads {
            if let Some(found) = root_at(head.size).filter(|root| *root != head.root) {
                return Err(RepairError::OtherHistory {
                    own: *place,
                    expected: *head,
                    found,
                });
            }
        }
        match (root_at(theirs.head.size), self.newest()) {
            (Some(root), Some((place, expected, _))) if root != theirs.head.root => {
                Err(RepairError::OtherHistory {
                    own: *place,
                    expected: *expected,
                    found: theirs.head.root,
                })
            }
            _ => Ok(()),
        }
    }
}

/// What every entry was, authentic.
struct Leaves {
    hashes: Vec<Hash>,
    tree: Tree,
}

impl Leaves {
    fn of(hashes: Vec<Hash>) -> Leaves {
        let mut tree = Tree::new();
        hashes.iter().for_each(|hash| tree.push(*hash));
        Leaves { hashes, tree }
    }
}

type Tiles<'t, 's> = AuthenticTiles<&'t mut AnySource<'s>>;

/// The leaves of the larger head: the source's, or this ledger's own where the source is behind.
fn leaves_to_heal_to(
    reader: &SegmentReader,
    own: &Own,
    tiles: &mut Tiles<'_, '_>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Leaves, RepairError> {
    let theirs = tiles.size();
    let wanted = own.newest().map(|(_, head, _)| *head);
    if let Some(wanted) = wanted.filter(|wanted| wanted.size > theirs)
        && let Some(leaves) = own_leaves(reader, wanted)
    {
        return Ok(leaves);
    }
    let mut hashes = Vec::new();
    for number in 0..theirs.div_ceil(256) {
        hashes.extend_from_slice(&tiles.leaves(number)?);
        progress(hashes.len() as u64, theirs);
    }
    match wanted.filter(|wanted| wanted.size > theirs) {
        None => Ok(Leaves::of(hashes)),
        Some(expected) => {
            let found = Head {
                size: theirs,
                root: tiles.root(),
            };
            let leaves = own_lines_behind(reader, hashes, expected)?;
            leaves.ok_or(RepairError::Behind { found, expected })
        }
    }
}

/// The leaves in the tiles here, where they lead to a head.
fn own_leaves(reader: &SegmentReader, head: Head) -> Option<Leaves> {
    let hashes: Option<Vec<Hash>> = stored_leaves(reader, head.size).into_iter().collect();
    let leaves = Leaves::of(hashes?);
    (leaves.tree.root() == head.root && leaves.tree.size() == head.size).then_some(leaves)
}

/// The source's leaves, and behind them those of the lines here, where they lead to a head together.
fn own_lines_behind(
    reader: &SegmentReader,
    mut hashes: Vec<Hash>,
    head: Head,
) -> Result<Option<Leaves>, RepairError> {
    let have = hashes.len() as u64;
    let last = arrange_by(reader, hashes.clone())?.line_of(have.saturating_sub(1));
    let Some(last) = last else {
        return Ok(None);
    };
    let from = last.first + last.number + 1;
    for line in lines_or_gaps(reader, from, from + (head.size - have))? {
        match line {
            Ok(line) => hashes.push(leaf_of_line(&line)),
            Err(_) => return Ok(None),
        }
    }
    let leaves = Leaves::of(hashes);
    Ok((leaves.tree.root() == head.root).then_some(leaves))
}

/// The ledger while its healing is planned.
struct Ward<'d> {
    dir: &'d Path,
    reader: SegmentReader,
    arrangement: Arrangement,
    tree: Tree,
    /// Lines that are lost here and were had from the source.
    given: BTreeMap<Index, Vec<u8>>,
    left: Vec<Damage>,
}

impl Ward<'_> {
    fn size(&self) -> u64 {
        self.tree.size()
    }

    /// Fetches what no line here is. A line that only names its leaf is no proof of anything else
    /// in it, so it heals nothing.
    fn fetch_lost(&mut self, tiles: &mut Tiles<'_, '_>) -> Result<(), RepairError> {
        let lost: Vec<Index> = (0..self.size())
            .filter(|index| self.arrangement.line_of(*index).is_none())
            .collect();
        for same_bundle in lost.chunk_by(|one, other| one / 256 == other / 256) {
            let number = same_bundle[0] / 256;
            let entries = match number * 256 < tiles.size() {
                true => tiles.entries_by(number, &leaf_of_line)?,
                false => Vec::new(),
            };
            for index in same_bundle {
                let line = entries.get((index % 256) as usize);
                match line {
                    Some(line) if Some(leaf_hash(line)) == self.tree.leaf(*index) => {
                        self.given.insert(*index, line.clone());
                    }
                    Some(_) => self.leave("events/", *index, "an entry that the source withholds"),
                    None => self.leave("events/", *index, "no such entry in the source"),
                }
            }
        }
        Ok(())
    }

    fn leave(&mut self, file: &str, index: Index, found: &str) {
        let leaf = self.tree.leaf(index).unwrap_or(Hash::ZERO);
        self.left.push(Damage {
            file: file.to_owned(),
            line: 0,
            index,
            found: found.to_owned(),
            expected: format!("the line with leaf hash {leaf}"),
        });
    }

    fn plan_lines(&self, healing: &mut Healing) -> Result<(), RepairError> {
        let had = |index| match (self.arrangement.stored(index), self.given.get(&index)) {
            (Some((line, length)), _) => Had::Stored { line, length },
            (None, Some(line)) => Had::Given(line.clone()),
            (None, None) => Had::Lost,
        };
        let entries: Vec<Had> = (0..self.size()).map(had).collect();
        let suspect: BTreeSet<String> = self
            .arrangement
            .damages
            .iter()
            .map(|damage| damage.file.clone())
            .collect();
        let (segments, aside) = plan_segments(&Disk, self.dir, &entries, &suspect)?;
        healing.segments = segments;
        healing.aside.extend(aside);
        Ok(())
    }

    /// Every file below `tile/` is what it is in the tree, and those that the head needs are there.
    fn plan_tiles(&mut self, healing: &mut Healing) -> Result<(), RepairError> {
        let mut there = Vec::new();
        walk(&Disk, &self.dir.join("tile"), "tile", &mut there);
        let size = self.size();
        let needed = tiles_for(size).into_iter().map(|tile| tile.path());
        let bundles = new_full_bundles(0, size)
            .into_iter()
            .chain(partial_bundle(size));
        let needed = needed.chain(bundles.map(|bundle| bundle.path()));
        let all: BTreeSet<String> = there.into_iter().chain(needed).collect();
        for name in all {
            let stored = self.reader.get(&name).ok().flatten();
            if let Ok(tile) = Tile::parse_path(&name) {
                match tile.bytes(&self.tree) {
                    Some(bytes) if stored.as_ref() == Some(&bytes) => {}
                    Some(bytes) => drop(healing.named.insert(name, bytes)),
                    None => healing.aside.push(name),
                }
                continue;
            }
            let bundle = Bundle::parse_path(&name).ok();
            match bundle.filter(|bundle| bundle.entries().end <= size) {
                None => healing.aside.push(name),
                Some(bundle) if stored.is_some_and(|bytes| self.is_of_tree(&bundle, &bytes)) => {}
                Some(bundle) => match self.bundle(&bundle)? {
                    Some(bytes) => drop(healing.named.insert(name, bytes)),
                    None => self.leave(
                        &name,
                        bundle.entries().start,
                        "a bundle of an entry that is lost",
                    ),
                },
            }
        }
        Ok(())
    }

    fn is_of_tree(&self, bundle: &Bundle, bytes: &[u8]) -> bool {
        let Ok(entries) = bundle.decode(bytes) else {
            return false;
        };
        let mut places = bundle.entries().zip(entries);
        places.all(|(index, entry)| self.tree.leaf(index) == Some(leaf_of_line(entry)))
    }

    /// The bytes of a bundle, from the lines as they will be; none where one is lost.
    fn bundle(&self, bundle: &Bundle) -> Result<Option<Vec<u8>>, RepairError> {
        let mut lines = Vec::new();
        for index in bundle.entries() {
            let stored = self.arrangement.lines(&self.reader, index, index + 1)?;
            let stored = stored.into_iter().next().and_then(Result::ok);
            match stored.or_else(|| self.given.get(&index).cloned()) {
                Some(line) => lines.push(line),
                None => return Ok(None),
            }
        }
        Ok(encode_bundle(lines.iter().map(Vec::as_slice)).ok())
    }

    /// The checkpoint of the head that is healed to, if it is not there: from here or from the
    /// source.
    fn plan_checkpoint(
        &mut self,
        healing: &mut Healing,
        own: &Own,
        theirs: &SignedHead,
        vkey: &VerifierKey,
    ) -> Result<(), RepairError> {
        let head = Head {
            size: self.size(),
            root: self.tree.root(),
        };
        let is_there = |(place, own, _): &(Acknowledged, Head, Option<Vec<u8>>)| {
            *place == Acknowledged::Checkpoint && *own == head
        };
        if own.heads.iter().any(is_there) {
            return Ok(());
        }
        let note = match (theirs.head == head, own.note_of(head)) {
            (true, _) => HeadNote::read(&theirs.note, vkey, &keys_in(&self.reader))?.to_bytes(),
            (false, Some(note)) => note.clone(),
            (false, None) => {
                self.left.push(Damage {
                    file: "checkpoint".to_owned(),
                    line: 1,
                    index: head.size.saturating_sub(1),
                    found: format!(
                        "no signed head of {} entries, here or in the source",
                        head.size
                    ),
                    expected: format!("one with root {}", head.root),
                });
                return Ok(());
            }
        };
        healing.named.insert("checkpoint".to_owned(), note);
        Ok(())
    }
}

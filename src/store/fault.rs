//! A file system in memory that records what is done to it and can show what any power cut would
//! have left. It promises no more than POSIX: bytes are there after a sync of their file, a name
//! after a sync of its folder. What is not synced may be there or not, sector by sector and name by
//! name, in any combination.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use super::segment::{Files, Kind, LockError, Mode, OpenFile};

/// What a disk writes as a whole.
const SECTOR: u64 = 512;

/// The recording file system; clones are the same one.
#[derive(Clone, Default)]
pub(super) struct Sim {
    world: Arc<Mutex<World>>,
}

#[derive(Default)]
struct World {
    base: Image,
    now: Image,
    trace: Vec<Op>,
    locked: HashSet<PathBuf>,
    fail_at: Option<usize>,
}

/// Names and contents.
#[derive(Clone, Default)]
struct Image {
    names: BTreeMap<PathBuf, Node>,
    inodes: Vec<Vec<u8>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Node {
    Folder,
    File(usize),
}

#[derive(Clone)]
enum Op {
    Name(PathBuf, Option<Node>),
    SyncFolder(PathBuf),
    Write(usize, u64, Vec<u8>),
    Truncate(usize, u64),
    Sync(usize),
    /// What was not written then never will be, though it can be read until the power goes.
    SyncFailed(usize),
    /// The script's own: the caller was told that so many lines are kept.
    Acknowledged(u64),
}

/// A small generator (splitmix64): states must be the same in every run.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }
}

impl Sim {
    fn world(&self) -> MutexGuard<'_, World> {
        self.world
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// How many things have been done.
    pub(super) fn done(&self) -> usize {
        self.world().trace.len()
    }

    /// Records that the caller was told so.
    pub(super) fn acknowledge(&self, head: u64) {
        self.world().trace.push(Op::Acknowledged(head));
    }

    /// The largest head that was acknowledged among the first `prefix` things done.
    pub(super) fn acknowledged(&self, prefix: usize) -> u64 {
        let heads = self.world().trace[..prefix]
            .iter()
            .map(|op| {
                if let Op::Acknowledged(head) = op {
                    *head
                } else {
                    0
                }
            })
            .max();
        heads.unwrap_or(0)
    }

    /// Lets the thing that would be done as number `at` fail, and everything after it work.
    pub(super) fn fail_at(&self, at: Option<usize>) {
        self.world().fail_at = at;
    }

    /// A file system as a power cut after the first `prefix` things done may have left it. `odds`
    /// in 100 is how likely each thing that was not synced is there.
    pub(super) fn crash(&self, prefix: usize, odds: u64, dice: &mut Dice) -> Sim {
        let world = self.world();
        let mut image = world.base.clone();
        image.inodes.resize(world.now.inodes.len(), Vec::new());
        let mut names: Vec<(&PathBuf, Option<Node>)> = Vec::new();
        let mut bytes: HashMap<usize, Vec<&Op>> = HashMap::new();
        for op in &world.trace[..prefix] {
            match op {
                Op::Name(path, node) => names.push((path, *node)),
                Op::SyncFolder(folder) => {
                    names.retain(|(path, node)| {
                        let within = path.parent() == Some(folder);
                        if within {
                            image.set(path, *node);
                        }
                        !within
                    });
                }
                Op::Write(inode, ..) | Op::Truncate(inode, _) => {
                    bytes.entry(*inode).or_default().push(op)
                }
                Op::Sync(inode) => bytes
                    .remove(inode)
                    .into_iter()
                    .flatten()
                    .for_each(|op| image.apply(op, &mut |_| true)),
                Op::SyncFailed(inode) => bytes
                    .remove(inode)
                    .into_iter()
                    .flatten()
                    .for_each(|op| image.apply(op, &mut |_| dice.roll(100) < odds)),
                Op::Acknowledged(_) => {}
            }
        }
        image.set_some(&names, odds, dice);
        let mut bytes: Vec<_> = bytes.into_iter().collect();
        bytes.sort_by_key(|(inode, _)| *inode);
        bytes
            .into_iter()
            .flat_map(|(_, ops)| ops)
            .for_each(|op| image.apply(op, &mut |_| dice.roll(100) < odds));
        let world = World {
            base: image.clone(),
            now: image,
            ..World::default()
        };
        Sim {
            world: Arc::new(Mutex::new(world)),
        }
    }

    /// All bytes of all files, by name.
    pub(super) fn contents(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let world = self.world();
        let file = |(path, node): (&PathBuf, &Node)| match node {
            Node::File(inode) => Some((path.clone(), world.now.inodes[*inode].clone())),
            Node::Folder => None,
        };
        world.now.names.iter().filter_map(file).collect()
    }

    fn act(&self, op: Op) -> io::Result<()> {
        let mut world = self.world();
        if world.fail_at.is_some_and(|at| at <= world.trace.len()) {
            world.fail_at = None;
            // What failed may still have been done in part: a crash state decides.
            match op {
                Op::Sync(inode) => world.trace.push(Op::SyncFailed(inode)),
                Op::SyncFolder(_) => {}
                other => world.trace.push(other),
            }
            return Err(io::Error::from_raw_os_error(5));
        }
        world.now.apply(&op, &mut |_| true);
        if let Op::Name(path, node) = &op {
            world.now.set(path, *node);
        }
        world.trace.push(op);
        Ok(())
    }
}

impl Image {
    fn set(&mut self, path: &Path, node: Option<Node>) {
        match node {
            Some(node) => self.names.insert(path.into(), node),
            None => self.names.remove(path),
        };
    }

    /// Of the changes of each name, in order, the first few.
    fn set_some(&mut self, names: &[(&PathBuf, Option<Node>)], odds: u64, dice: &mut Dice) {
        let mut stopped = HashSet::new();
        for (path, node) in names {
            if dice.roll(100) >= odds {
                stopped.insert(*path);
            }
            if !stopped.contains(path) {
                self.set(path, *node);
            }
        }
        let folders: HashSet<PathBuf> = self
            .names
            .iter()
            .filter(|(_, node)| **node == Node::Folder)
            .map(|(path, _)| path.clone())
            .collect();
        self.names.retain(|path, _| {
            path.parent()
                .is_none_or(|folder| folder == Path::new("/") || folders.contains(folder))
        });
    }

    fn apply(&mut self, op: &Op, there: &mut dyn FnMut(u64) -> bool) {
        match op {
            Op::Truncate(inode, length) if there(0) => {
                self.inodes[*inode].resize(usize::try_from(*length).expect("a small file"), 0);
            }
            Op::Write(inode, offset, bytes) => {
                let mut at = *offset;
                let end = offset + bytes.len() as u64;
                while at < end {
                    let next = ((at / SECTOR + 1) * SECTOR).min(end);
                    if there(at) {
                        self.write(*inode, at, &bytes[index(at - offset)..index(next - offset)]);
                    }
                    at = next;
                }
            }
            _ => {}
        }
    }

    fn write(&mut self, inode: usize, offset: u64, bytes: &[u8]) {
        let content = &mut self.inodes[inode];
        let end = index(offset) + bytes.len();
        if content.len() < end {
            content.resize(end, 0);
        }
        content[index(offset)..end].copy_from_slice(bytes);
    }
}

fn index(offset: u64) -> usize {
    usize::try_from(offset).expect("a small file")
}

fn not_found() -> io::Error {
    io::ErrorKind::NotFound.into()
}

/// An open file of the simulation.
pub(super) struct SimFile {
    sim: Sim,
    inode: usize,
}

/// A lock of the simulation.
pub(super) struct SimLock {
    sim: Sim,
    path: PathBuf,
}

impl Drop for SimLock {
    fn drop(&mut self) {
        self.sim.world().locked.remove(&self.path);
    }
}

impl Files for Sim {
    type File = SimFile;
    type Lock = SimLock;

    fn open(&self, path: &Path, mode: Mode) -> io::Result<SimFile> {
        let found = self.world().now.names.get(path).copied();
        let file = |inode| SimFile {
            sim: self.clone(),
            inode,
        };
        match (found, mode) {
            (Some(Node::Folder), _) => Err(io::ErrorKind::InvalidInput.into()),
            (Some(Node::File(inode)), Mode::Create) => {
                self.act(Op::Truncate(inode, 0))?;
                Ok(file(inode))
            }
            (Some(Node::File(inode)), _) => Ok(file(inode)),
            (None, Mode::Create) => {
                let inode = {
                    let mut world = self.world();
                    world.now.inodes.push(Vec::new());
                    world.now.inodes.len() - 1
                };
                self.act(Op::Name(path.into(), Some(Node::File(inode))))?;
                Ok(file(inode))
            }
            (None, _) => Err(not_found()),
        }
    }

    fn names(&self, folder: &Path) -> io::Result<Vec<String>> {
        if self.kind(folder)? != Some(Kind::Folder) {
            return Err(not_found());
        }
        let world = self.world();
        let within = world
            .now
            .names
            .keys()
            .filter(|path| path.parent() == Some(folder));
        Ok(within
            .filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned()))
            .collect())
    }

    fn kind(&self, path: &Path) -> io::Result<Option<Kind>> {
        Ok(self.world().now.names.get(path).map(|node| match node {
            Node::Folder => Kind::Folder,
            Node::File(_) => Kind::File,
        }))
    }

    fn make_folder(&self, path: &Path) -> io::Result<()> {
        self.act(Op::Name(path.into(), Some(Node::Folder)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let node = self
            .world()
            .now
            .names
            .get(from)
            .copied()
            .ok_or_else(not_found)?;
        self.act(Op::Name(to.into(), Some(node)))?;
        self.act(Op::Name(from.into(), None))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.act(Op::Name(path.into(), None))
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        self.act(Op::SyncFolder(folder.into()))
    }

    fn lock(&self, path: &Path) -> Result<SimLock, LockError> {
        if !self.world().locked.insert(path.into()) {
            return Err(LockError::Held("the simulation".into()));
        }
        Ok(SimLock {
            sim: self.clone(),
            path: path.into(),
        })
    }
}

impl OpenFile for SimFile {
    fn length(&self) -> io::Result<u64> {
        Ok(self.sim.world().now.inodes[self.inode].len() as u64)
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        let world = self.sim.world();
        let content = &world.now.inodes[self.inode];
        let rest = content.get(index(offset)..).unwrap_or_default();
        let length = rest.len().min(into.len());
        into[..length].copy_from_slice(&rest[..length]);
        Ok(length)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.sim.act(Op::Write(self.inode, offset, bytes.into()))
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        self.sim.act(Op::Truncate(self.inode, length))
    }

    fn sync(&self) -> io::Result<()> {
        self.sim.act(Op::Sync(self.inode))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::hash::Hash;
    use crate::store::segment::{
        Options, Recovered, Recovery, SegmentReader, SegmentWriter, Stamp,
    };
    use crate::store::{Durable, Store, StoreError};
    use std::ops::ControlFlow;

    const SMALL: Options = Options {
        segment_bytes: 3_000,
        reserve_bytes: 1_400,
    };

    fn dir() -> &'static Path {
        Path::new("/ledger")
    }

    /// A line that shows whether it is whole, and of which batch it is.
    fn line(stamp: i64, number: u64, filler: usize) -> Vec<u8> {
        let text = format!("{stamp} {number} {}", "x".repeat(filler));
        format!("{text} {}", Hash::of(text.as_bytes())).into_bytes()
    }

    fn check(_: u64, line: &[u8]) -> Result<Stamp, String> {
        let text = std::str::from_utf8(line).map_err(|e| e.to_string())?;
        let (text, hash) = text.rsplit_once(' ').ok_or("no digest")?;
        if Hash::of(text.as_bytes()).to_string() != hash {
            return Err("another digest".into());
        }
        text.split(' ')
            .next()
            .unwrap()
            .parse()
            .map(Stamp)
            .map_err(|e| e.to_string())
    }

    fn checkpoint(head: u64) -> Vec<u8> {
        line(head.cast_signed(), 0, 0)
    }

    fn size(bytes: Option<Vec<u8>>) -> Option<u64> {
        check(0, &bytes?)
            .ok()
            .map(|Stamp(size)| size.cast_unsigned())
    }

    /// What has been submitted, in order: a log may hold a prefix of it and nothing else.
    struct Script {
        submitted: Vec<Vec<u8>>,
        stamp: i64,
        dice: Dice,
    }

    impl Script {
        /// Appends a batch as the ledger does: lines, checkpoint, acknowledgement.
        fn batch(
            &mut self,
            sim: &Sim,
            writer: &mut SegmentWriter<Sim>,
            count: u64,
        ) -> Result<(), StoreError> {
            self.stamp += 1;
            let head = writer.head();
            self.submitted.truncate(index(head));
            let lines: Vec<Vec<u8>> = (0..count)
                .map(|i| line(self.stamp, head + i, index(self.dice.roll(700))))
                .collect();
            self.submitted.extend(lines.iter().cloned());
            let lines: Vec<&[u8]> = lines.iter().map(Vec::as_slice).collect();
            let head = writer.append(head, &lines)?;
            let when = if head == 1 {
                Durable::Now
            } else {
                Durable::Later
            };
            writer.put("checkpoint", &checkpoint(head), when)?;
            sim.acknowledge(head);
            if self.dice.roll(4) == 0 {
                writer.sync_named()?;
            }
            Ok(())
        }
    }

    fn run(sim: &Sim, batches: u64, seed: u64) -> Script {
        let mut script = Script {
            submitted: Vec::new(),
            stamp: 0,
            dice: Dice(seed),
        };
        let mut writer = SegmentWriter::create_on(sim.clone(), dir(), SMALL).unwrap();
        script.batch(sim, &mut writer, 1).unwrap();
        for _ in 0..batches {
            let count = 1 + script.dice.roll(4);
            script.batch(sim, &mut writer, count).unwrap();
        }
        writer.close().unwrap();
        script
    }

    fn read_all(sim: &Sim) -> Vec<Vec<u8>> {
        let reader = SegmentReader::open_on(sim.clone(), dir()).unwrap();
        let mut lines = Vec::new();
        reader
            .read(0, u64::MAX, &mut |line| {
                lines.push(line.expect("no bad line after recovery").bytes.to_vec());
                ControlFlow::Continue(())
            })
            .unwrap();
        lines
    }

    fn open(sim: &Sim) -> Result<(SegmentWriter<Sim>, Recovered), StoreError> {
        let reader = SegmentReader::open_on(sim.clone(), dir())?;
        let intact = size(reader.get("checkpoint")?);
        let acknowledged = intact.max(size(reader.get_synced("checkpoint")?));
        SegmentWriter::open_on(
            sim.clone(),
            dir(),
            SMALL,
            Recovery {
                acknowledged,
                checked: 0,
                check: &mut check,
            },
        )
    }

    /// Opens what a crash left and looks whether the promise was kept; begins again where nothing
    /// had been promised.
    fn reopen(sim: &Sim, script: &Script, acknowledged: u64) -> SegmentWriter<Sim> {
        if acknowledged == 0 {
            match SegmentWriter::create_on(sim.clone(), dir(), SMALL) {
                Ok(writer) => return writer,
                Err(StoreError::Occupied { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
        let (writer, recovered) =
            open(sim).unwrap_or_else(|error| panic!("{acknowledged} acknowledged: {error}"));
        assert!(
            recovered.kept >= acknowledged,
            "{} kept of {acknowledged}",
            recovered.kept
        );
        assert!(
            read_all(sim) == script.submitted[..index(recovered.kept)],
            "other lines"
        );
        assert!(recovered.strays.is_empty(), "{:?}", recovered.strays);
        if let Some(cut) = recovered.cut {
            assert!(cut.index >= acknowledged);
            let kept = &sim.contents()[&dir().join(&cut.file)];
            assert_eq!(kept.len() as u64, cut.bytes);
            // It is on disk before what it was cut from is gone.
            let crashed = sim.crash(sim.done(), 0, &mut Dice(0));
            assert!(
                crashed.contents().get(&dir().join(&cut.file)) == Some(kept),
                "torn/ is not synced"
            );
        }
        writer
    }

    /// 4,000 states in the normal run; `GROUNDS_CRASH_STATES` asks for more.
    fn states() -> u64 {
        std::env::var("GROUNDS_CRASH_STATES")
            .ok()
            .and_then(|n| n.parse().ok())
            .unwrap_or(4_000)
    }

    #[test]
    fn after_any_power_cut_every_acknowledged_line_is_there_and_nothing_half_is() {
        let mut dice = Dice(1);
        let mut tried = 0;
        for seed in 0.. {
            let sim = Sim::default();
            let mut script = run(&sim, 12, seed);
            for prefix in 0..=sim.done() {
                for odds in [0, 50, 90, 100] {
                    let acknowledged = sim.acknowledged(prefix);
                    let first = sim.crash(prefix, odds, &mut dice);
                    let mut writer = reopen(&first, &script, acknowledged);
                    // The next append works, and recovery and it may be cut off as well.
                    let before = writer.head();
                    let submitted = script.submitted.clone();
                    script.submitted.truncate(index(before));
                    script.batch(&first, &mut writer, 2).unwrap();
                    assert!(
                        read_all(&first) == script.submitted,
                        "seed {seed}, cut at {prefix}, odds {odds}: other lines"
                    );
                    drop(writer);
                    let cut = index(dice.roll(first.done() as u64 + 1));
                    let second = first.crash(cut, odds, &mut dice);
                    let told = first.acknowledged(cut).max(acknowledged);
                    if acknowledged > 0 {
                        second_opening(&second, &script, &submitted, told);
                    }
                    script.submitted = submitted;
                    tried += 2;
                }
            }
            if tried >= states() {
                return;
            }
        }
    }

    /// After a crash in a recovery the lines are a prefix of the old script or of the new one.
    fn second_opening(sim: &Sim, script: &Script, before: &[Vec<u8>], told: u64) {
        let (_writer, recovered) =
            open(sim).unwrap_or_else(|error| panic!("{told} acknowledged: {error}"));
        let lines = read_all(sim);
        assert!(recovered.kept >= told);
        assert!(script.submitted.starts_with(&lines) || before.starts_with(&lines));
    }

    #[test]
    fn a_failed_write_or_sync_acknowledges_nothing_stops_the_writer_and_loses_nothing() {
        let mut dice = Dice(7);
        for after in 0..60 {
            let sim = Sim::default();
            let mut script = Script {
                submitted: Vec::new(),
                stamp: 0,
                dice: Dice(after),
            };
            let mut writer = SegmentWriter::create_on(sim.clone(), dir(), SMALL).unwrap();
            script.batch(&sim, &mut writer, 1).unwrap();
            sim.fail_at(Some(sim.done() + index(after)));
            let failed = (0..40).find_map(|_| script.batch(&sim, &mut writer, 2).err());
            let Some(error) = failed else {
                panic!("nothing failed")
            };
            assert!(matches!(error, StoreError::Io { .. }), "{error}");
            let head = writer.head();
            assert!(matches!(
                writer.append(head, &[b"next"]),
                Err(StoreError::Poisoned)
            ));
            assert!(matches!(
                writer.put("checkpoint", b"", Durable::Now),
                Err(StoreError::Poisoned)
            ));
            assert!(matches!(writer.close(), Err(StoreError::Poisoned)));
            for odds in [0, 50, 100] {
                let acknowledged = sim.acknowledged(sim.done());
                let crashed = sim.crash(sim.done(), odds, &mut dice);
                reopen(&crashed, &script, acknowledged);
            }
            // Without a crash in between the same; and what was found then is on disk from then on.
            let acknowledged = sim.acknowledged(sim.done());
            let kept = reopen(&sim, &script, acknowledged).head();
            let crashed = sim.crash(sim.done(), 0, &mut dice);
            assert_eq!(reopen(&crashed, &script, acknowledged).head(), kept);
        }
    }
}

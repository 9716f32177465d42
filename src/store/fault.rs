//! A file system in memory that records what is done to it and can show what any power cut would
//! have left. It promises no more than POSIX: bytes are there after a sync of their file, a name
//! after a sync of its folder. What is not synced may be there or not, sector by sector and name by
//! name, in any combination; a file may have grown without its bytes. What a failed sync did not
//! write never will be, though it can be read until the power goes.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use super::segment::{Files, Kind, LockError, Mode, OpenFile};
use crate::hash::Hash;

/// What a disk writes as a whole.
const SECTOR: u64 = 512;

/// The recording file system; clones are the same one.
#[derive(Clone, Default)]
pub(crate) struct Sim {
    world: Arc<Mutex<World>>,
}

#[derive(Default)]
struct World {
    base: Image,
    now: Image,
    trace: Vec<Op>,
    locked: HashSet<PathBuf>,
    calls: usize,
    syncs_failed: usize,
    fault: Option<Fault>,
}

/// Names and contents.
#[derive(Clone, Default)]
pub(crate) struct Image {
    names: BTreeMap<PathBuf, Node>,
    inodes: Vec<Arc<Vec<u8>>>,
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
    Write(usize, u64, Arc<[u8]>),
    Truncate(usize, u64),
    Sync(usize),
    SyncFailed(usize),
    /// The script's own: somebody was told something.
    Said,
}

/// What a call comes to instead of what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// An I/O error (EIO); nothing was done.
    Io,
    /// No space (ENOSPC); half of a write was done.
    Full,
    /// Interrupted (EINTR); nothing was done.
    Interrupted,
    /// A write takes half of its bytes and says so; other calls work.
    Short,
    /// An I/O error, although all was done.
    Persisted,
    /// The process is killed before it.
    Killed,
}

/// Which calls fail, counted from the first that changes anything.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fault {
    pub(crate) at: usize,
    pub(crate) trouble: Trouble,
    pub(crate) for_ever: bool,
}

/// What a call was, for what may be expected of its failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Call {
    Write,
    Sync,
    Other,
}

/// A small generator (splitmix64): states must be the same in every run.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self, sides: u64) -> u64 {
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

    /// What was left after a power cut, with nothing under way.
    pub(crate) fn over(image: Image) -> Sim {
        let world = World {
            base: image.clone(),
            now: image,
            ..World::default()
        };
        Sim {
            world: Arc::new(Mutex::new(world)),
        }
    }

    /// How many things have been done.
    pub(crate) fn done(&self) -> usize {
        self.world().trace.len()
    }

    /// How many calls have been made that change something or sync it.
    pub(crate) fn calls(&self) -> usize {
        self.world().calls
    }

    /// How many syncs of files or folders have failed.
    pub(crate) fn syncs_failed(&self) -> usize {
        self.world().syncs_failed
    }

    /// Records that somebody was told something.
    pub(crate) fn say(&self) {
        self.world().trace.push(Op::Said);
    }

    /// Lets calls fail from now on, or all work again.
    pub(crate) fn trouble(&self, fault: Option<Fault>) {
        self.world().fault = fault;
    }

    /// What was done, a line each, for whoever looks for a fault.
    pub(crate) fn told(&self) -> Vec<String> {
        let line = |op: &Op| match op {
            Op::Name(path, Some(Node::File(inode))) => format!("{} = {inode}", path.display()),
            Op::Name(path, Some(Node::Folder)) => format!("{}/", path.display()),
            Op::Name(path, None) => format!("{} gone", path.display()),
            Op::SyncFolder(path) => format!("{} synced", path.display()),
            Op::Write(inode, at, bytes) => format!("{inode}: {} bytes at {at}", bytes.len()),
            Op::Truncate(inode, length) => format!("{inode}: cut to {length}"),
            Op::Sync(inode) => format!("{inode} synced"),
            Op::SyncFailed(inode) => format!("{inode} not synced"),
            Op::Said => "said".to_owned(),
        };
        self.world().trace.iter().map(line).collect()
    }

    /// As it would be found without a power cut.
    pub(crate) fn image(&self) -> Image {
        self.world().now.clone()
    }

    /// All that power cuts after each of the things done may leave.
    pub(crate) fn cuts(&self) -> Cuts {
        let world = self.world();
        Cuts::over(world.base.clone(), world.trace.clone())
    }

    /// A file system as a power cut after the first `prefix` things done may have left it. `odds`
    /// in 100 is how likely each thing that was not synced is there.
    pub(crate) fn crash(&self, prefix: usize, odds: u64, dice: &mut Dice) -> Sim {
        let cut = self.cuts().nth(prefix).expect("a prefix of what was done");
        crashed(&cut, odds, dice)
    }

    /// All bytes of all files, by name.
    pub(crate) fn contents(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let world = self.world();
        let file = |(path, node): (&PathBuf, &Node)| match node {
            Node::File(inode) => Some((path.clone(), world.now.inodes[*inode].to_vec())),
            Node::Folder => None,
        };
        world.now.names.iter().filter_map(file).collect()
    }

    fn act(&self, call: Call, ops: Vec<Op>) -> io::Result<()> {
        let trouble = self.trouble_now(call);
        self.settle(trouble, ops)
    }

    fn settle(&self, trouble: Option<Trouble>, ops: Vec<Op>) -> io::Result<()> {
        let mut world = self.world();
        match trouble {
            None | Some(Trouble::Short) => world.apply(ops),
            Some(Trouble::Persisted) => {
                world.apply(ops);
                return Err(io::Error::from_raw_os_error(5));
            }
            Some(Trouble::Interrupted) => return Err(io::ErrorKind::Interrupted.into()),
            Some(Trouble::Killed) => return Err(io::ErrorKind::Other.into()),
            Some(trouble @ (Trouble::Io | Trouble::Full)) => {
                if let [Op::Sync(inode)] = ops[..] {
                    world.trace.push(Op::SyncFailed(inode));
                }
                let number = if trouble == Trouble::Io { 5 } else { 28 };
                return Err(io::Error::from_raw_os_error(number));
            }
        }
        Ok(())
    }

    /// What this call comes to.
    fn trouble_now(&self, call: Call) -> Option<Trouble> {
        let mut world = self.world();
        let number = world.calls;
        world.calls += 1;
        let fault = world.fault?;
        // A signal that never stops interrupting would never let a write through: a few will do.
        let most = match (fault.for_ever, fault.trouble, call) {
            (false, ..) => 1,
            (true, Trouble::Interrupted, Call::Write) => 3,
            (true, ..) => usize::MAX,
        };
        let is_hit = number >= fault.at && number - fault.at < most;
        let is_error = !matches!(fault.trouble, Trouble::Short | Trouble::Killed);
        if is_hit && call == Call::Sync && is_error {
            world.syncs_failed += 1;
        }
        is_hit.then_some(fault.trouble)
    }
}

/// What one power cut left; `odds` in 100 is how likely each thing is there.
pub(crate) fn crashed(cut: &Cut, odds: u64, dice: &mut Dice) -> Sim {
    Sim::over(cut.left(&mut |options| {
        let there = (1..options).take_while(|_| dice.roll(100) < odds);
        there.count() as u64
    }))
}

impl World {
    fn apply(&mut self, ops: Vec<Op>) {
        for op in ops {
            match &op {
                Op::Name(path, node) => self.now.set(path, *node),
                Op::Write(inode, offset, bytes) => self.now.write(*inode, *offset, bytes),
                Op::Truncate(inode, length) => self.now.resize(*inode, *length),
                _ => {}
            }
            self.trace.push(op);
        }
    }
}

/// A change of a file that is not known to be on disk.
#[derive(Clone)]
struct Change {
    kind: ChangeKind,
    /// A sync of it failed: only what is written later to the same place will take it along.
    is_dropped: bool,
}

#[derive(Clone)]
enum ChangeKind {
    /// The file is so long at least.
    Grown(u64),
    Sector(u64, Arc<[u8]>, std::ops::Range<usize>),
    Cut(u64),
}

/// Goes through the things done, one by one, with what is on disk for certain and what is not.
pub(crate) struct Cuts {
    trace: std::vec::IntoIter<Op>,
    is_begun: bool,
    cut: Cut,
}

/// The power goes out here.
#[derive(Clone, Default)]
pub(crate) struct Cut {
    /// How many things had been done.
    pub(crate) prefix: usize,
    /// How many things had been said.
    pub(crate) said: usize,
    /// What the last thing done wrote.
    pub(crate) wrote: Option<Arc<[u8]>>,
    durable: Image,
    /// Changes of each name, in order.
    names: BTreeMap<PathBuf, Vec<Option<Node>>>,
    /// Changes of each file, in order.
    changes: BTreeMap<usize, Vec<Change>>,
    /// How long each file is that is being written to, as the writer sees it.
    lengths: HashMap<usize, u64>,
}

impl Cuts {
    fn over(durable: Image, trace: Vec<Op>) -> Cuts {
        Cuts {
            trace: trace.into_iter(),
            is_begun: false,
            cut: Cut {
                durable,
                ..Cut::default()
            },
        }
    }
}

impl Iterator for Cuts {
    type Item = Cut;

    fn next(&mut self) -> Option<Cut> {
        if std::mem::replace(&mut self.is_begun, true) {
            let op = self.trace.next()?;
            self.cut.after(&op);
        }
        Some(self.cut.clone())
    }

    fn nth(&mut self, n: usize) -> Option<Cut> {
        for _ in 0..n {
            if std::mem::replace(&mut self.is_begun, true) {
                let op = self.trace.next()?;
                self.cut.after(&op);
            }
        }
        self.next()
    }
}

impl Cut {
    fn after(&mut self, op: &Op) {
        self.prefix += 1;
        self.wrote = match op {
            Op::Write(_, _, bytes) => Some(Arc::clone(bytes)),
            _ => None,
        };
        match op {
            Op::Said => self.said += 1,
            Op::Name(path, node) => {
                if let Some(Node::File(inode)) = node {
                    self.durable.have(*inode);
                }
                self.names.entry(path.clone()).or_default().push(*node);
            }
            Op::SyncFolder(folder) => {
                let durable = &mut self.durable;
                self.names.retain(|path, nodes| {
                    let is_within = path.parent() == Some(folder);
                    if is_within && let Some(last) = nodes.last() {
                        durable.set(path, *last);
                    }
                    !is_within
                });
            }
            Op::Write(inode, offset, bytes) => self.written(*inode, *offset, bytes),
            Op::Truncate(inode, length) => {
                self.lengths.insert(*inode, *length);
                self.change(*inode, ChangeKind::Cut(*length));
            }
            Op::Sync(inode) => self.synced(*inode),
            Op::SyncFailed(inode) => {
                // It is pages that the kernel forgets, and not that the file was cut.
                let changes = self.changes.entry(*inode).or_default();
                let bytes = changes
                    .iter_mut()
                    .filter(|change| !matches!(change.kind, ChangeKind::Cut(_)));
                bytes.for_each(|change| change.is_dropped = true);
            }
        }
    }

    fn change(&mut self, inode: usize, kind: ChangeKind) {
        self.changes.entry(inode).or_default().push(Change {
            kind,
            is_dropped: false,
        });
    }

    fn written(&mut self, inode: usize, offset: u64, bytes: &Arc<[u8]>) {
        self.durable.have(inode);
        let end = offset + bytes.len() as u64;
        let now = self.durable.inodes[inode].len() as u64;
        let length = self.lengths.entry(inode).or_insert(now);
        let is_longer = end > *length;
        *length = end.max(*length);
        if is_longer {
            self.change(inode, ChangeKind::Grown(end));
        }
        let mut at = offset;
        while at < end {
            let next = ((at / SECTOR + 1) * SECTOR).min(end);
            let part = index(at - offset)..index(next - offset);
            self.change(inode, ChangeKind::Sector(at, Arc::clone(bytes), part));
            at = next;
        }
    }

    /// What a successful sync makes durable: all but what an earlier one dropped and nobody wrote
    /// to since.
    fn synced(&mut self, inode: usize) {
        let changes = self.changes.remove(&inode).unwrap_or_default();
        let touched: HashSet<u64> = changes
            .iter()
            .filter(|change| !change.is_dropped)
            .filter_map(|change| change.kind.sector())
            .collect();
        let (left, done): (Vec<Change>, Vec<Change>) = changes.into_iter().partition(|change| {
            let is_touched = change.kind.sector().is_some_and(|at| touched.contains(&at));
            change.is_dropped && !is_touched
        });
        done.iter()
            .for_each(|change| self.durable.change(inode, &change.kind));
        if !left.is_empty() {
            self.changes.insert(inode, left);
        }
    }

    /// The files that have or may have a name.
    fn reachable(&self) -> HashSet<usize> {
        let kept = self.durable.names.values().copied();
        let maybe = self.names.values().flatten().copied().flatten();
        kept.chain(maybe)
            .filter_map(|node| match node {
                Node::File(inode) => Some(inode),
                Node::Folder => None,
            })
            .collect()
    }

    /// How many states there are, `None` for too many to count.
    pub(crate) fn states(&self) -> Option<u64> {
        let mut states = Some(1_u64);
        self.left(&mut |options| {
            states = states.and_then(|states| states.checked_mul(options));
            0
        });
        states
    }

    /// What is left where `pick` chooses among so many possibilities, one thing after the other:
    /// 0 is that it is not there, the last that all of it is.
    pub(crate) fn left(&self, pick: &mut dyn FnMut(u64) -> u64) -> Image {
        let mut image = self.durable.clone();
        for (path, nodes) in &self.names {
            let there = index(pick(nodes.len() as u64 + 1));
            if let Some(last) = there.checked_sub(1) {
                image.set(path, nodes[last]);
            }
        }
        let reachable = self.reachable();
        for (inode, changes) in &self.changes {
            if !reachable.contains(inode) {
                continue;
            }
            for change in changes {
                if pick(2) == 1 {
                    image.change(*inode, &change.kind);
                }
            }
        }
        image.drop_the_homeless();
        image
    }
}

impl ChangeKind {
    fn sector(&self) -> Option<u64> {
        match self {
            ChangeKind::Sector(at, ..) => Some(at / SECTOR),
            ChangeKind::Grown(_) | ChangeKind::Cut(_) => None,
        }
    }
}

impl Image {
    /// A digest of all names and bytes, and one of those that anybody reads: what a file is written
    /// as before it gets its name (`….new`) is taken away and made anew, and counts only where it is
    /// the same file as one that has its name.
    pub(crate) fn digests(&self) -> (Hash, Hash) {
        let (mut all, mut read) = (Vec::new(), Vec::new());
        for (path, node) in &self.names {
            let name = path.as_os_str().as_encoded_bytes();
            let content = match node {
                Node::Folder => Hash::ZERO,
                Node::File(inode) => Hash::of(&self.inodes[*inode]),
            };
            let part = [name, &[0], &content.0].concat();
            let is_fresh = name.ends_with(b".new") || name.ends_with(b"/new");
            let mut others = self.names.iter().filter(|(other, _)| *other != path);
            match others.find(|(_, its)| is_fresh && *its == node) {
                Some((twin, _)) => {
                    read.extend([name, twin.as_os_str().as_encoded_bytes()].concat())
                }
                None if is_fresh => {}
                None => read.extend(&part),
            }
            all.extend(part);
        }
        (Hash::of(&all), Hash::of(&read))
    }

    fn have(&mut self, inode: usize) {
        if self.inodes.len() <= inode {
            self.inodes.resize(inode + 1, Arc::default());
        }
    }

    fn set(&mut self, path: &Path, node: Option<Node>) {
        match node {
            Some(node) => self.names.insert(path.into(), node),
            None => self.names.remove(path),
        };
    }

    /// What lies in a folder that is not there is not there.
    fn drop_the_homeless(&mut self) {
        loop {
            let folders: HashSet<&Path> = (self.names.iter())
                .filter(|(_, node)| **node == Node::Folder)
                .map(|(path, _)| path.as_path())
                .collect();
            let is_homeless = |path: &Path| {
                path.parent()
                    .is_some_and(|folder| folder != Path::new("/") && !folders.contains(folder))
            };
            let gone: Vec<PathBuf> = (self.names.keys())
                .filter(|path| is_homeless(path))
                .cloned()
                .collect();
            if gone.is_empty() {
                return;
            }
            for path in gone {
                self.names.remove(&path);
            }
        }
    }

    fn change(&mut self, inode: usize, kind: &ChangeKind) {
        match kind {
            ChangeKind::Grown(length) => {
                if (self.inodes[inode].len() as u64) < *length {
                    self.resize(inode, *length);
                }
            }
            ChangeKind::Cut(length) => self.resize(inode, *length),
            ChangeKind::Sector(at, bytes, part) => self.write(inode, *at, &bytes[part.clone()]),
        }
    }

    fn resize(&mut self, inode: usize, length: u64) {
        Arc::make_mut(&mut self.inodes[inode]).resize(index(length), 0);
    }

    fn write(&mut self, inode: usize, offset: u64, bytes: &[u8]) {
        let content = Arc::make_mut(&mut self.inodes[inode]);
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
pub(crate) struct SimFile {
    sim: Sim,
    inode: usize,
}

/// A lock of the simulation.
pub(crate) struct SimLock {
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
                self.act(Call::Other, vec![Op::Truncate(inode, 0)])?;
                Ok(file(inode))
            }
            (Some(Node::File(inode)), _) => Ok(file(inode)),
            (None, Mode::Create) => {
                let inode = {
                    let mut world = self.world();
                    world.now.inodes.push(Arc::default());
                    world.now.inodes.len() - 1
                };
                let name = Op::Name(path.into(), Some(Node::File(inode)));
                self.act(Call::Other, vec![name])?;
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
        let name = Op::Name(path.into(), Some(Node::Folder));
        self.act(Call::Other, vec![name])
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let node = self
            .world()
            .now
            .names
            .get(from)
            .copied()
            .ok_or_else(not_found)?;
        let names = vec![Op::Name(to.into(), Some(node)), Op::Name(from.into(), None)];
        self.act(Call::Other, names)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.act(Call::Other, vec![Op::Name(path.into(), None)])
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        self.act(Call::Sync, vec![Op::SyncFolder(folder.into())])
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

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let write = |part: &[u8]| vec![Op::Write(self.inode, offset, part.into())];
        let half = bytes.len().div_ceil(2);
        let trouble = self.sim.trouble_now(Call::Write);
        match trouble {
            Some(Trouble::Short) => {
                self.sim.settle(None, write(&bytes[..half]))?;
                Ok(half)
            }
            Some(Trouble::Full) => {
                self.sim.settle(None, write(&bytes[..half]))?;
                self.sim.settle(trouble, Vec::new())?;
                Ok(half)
            }
            _ => {
                self.sim.settle(trouble, write(bytes))?;
                Ok(bytes.len())
            }
        }
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        self.sim
            .act(Call::Other, vec![Op::Truncate(self.inode, length)])
    }

    fn sync(&self) -> io::Result<()> {
        self.sim.act(Call::Sync, vec![Op::Sync(self.inode)])
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
        /// The heads that were acknowledged.
        told: Vec<u64>,
    }

    impl Script {
        /// The largest head that was acknowledged by then.
        fn acknowledged(&self, cut: &Cut) -> u64 {
            self.told[..cut.said].iter().copied().max().unwrap_or(0)
        }

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
            sim.say();
            self.told.push(head);
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
            told: Vec::new(),
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

    /// 500 states in the normal run; `GROUNDS_CRASH_STATES` asks for more.
    fn states() -> u64 {
        std::env::var("GROUNDS_CRASH_STATES")
            .ok()
            .and_then(|n| n.parse().ok())
            .unwrap_or(500)
    }

    #[test]
    fn after_any_power_cut_every_acknowledged_line_is_there_and_nothing_half_is() {
        let mut dice = Dice(1);
        let mut tried = 0;
        for seed in 0.. {
            let sim = Sim::default();
            let mut script = run(&sim, 12, seed);
            for cut in sim.cuts() {
                let prefix = cut.prefix;
                for odds in [0, 50, 90, 100] {
                    let acknowledged = script.acknowledged(&cut);
                    let first = crashed(&cut, odds, &mut dice);
                    let mut writer = reopen(&first, &script, acknowledged);
                    // The next append works, and recovery and it may be cut off as well.
                    let before = writer.head();
                    let (submitted, told) = (script.submitted.clone(), script.told.clone());
                    script.submitted.truncate(index(before));
                    script.batch(&first, &mut writer, 2).unwrap();
                    assert!(
                        read_all(&first) == script.submitted,
                        "seed {seed}, cut at {prefix}, odds {odds}: other lines"
                    );
                    drop(writer);
                    let at = index(dice.roll(first.done() as u64 + 1));
                    let again = first.cuts().nth(at).unwrap();
                    let second = crashed(&again, odds, &mut dice);
                    script.told.drain(..told.len());
                    let acknowledged_since = script.acknowledged(&again).max(acknowledged);
                    if acknowledged > 0 {
                        second_opening(&second, &script, &submitted, acknowledged_since);
                    }
                    (script.submitted, script.told) = (submitted, told);
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
                told: Vec::new(),
            };
            let mut writer = SegmentWriter::create_on(sim.clone(), dir(), SMALL).unwrap();
            script.batch(&sim, &mut writer, 1).unwrap();
            sim.trouble(Some(Fault {
                at: sim.calls() + index(after),
                trouble: Trouble::Io,
                for_ever: false,
            }));
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
                let acknowledged = script.told.last().copied().unwrap_or(0);
                let crashed = sim.crash(sim.done(), odds, &mut dice);
                reopen(&crashed, &script, acknowledged);
            }
            // Without a crash in between the same; and what was found then is on disk from then on.
            let acknowledged = script.told.last().copied().unwrap_or(0);
            let kept = reopen(&sim, &script, acknowledged).head();
            let crashed = sim.crash(sim.done(), 0, &mut dice);
            assert_eq!(reopen(&crashed, &script, acknowledged).head(), kept);
        }
    }
}

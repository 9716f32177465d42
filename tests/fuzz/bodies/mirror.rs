//! Mirroring a log from a server that lies.

use grounds::ledger::audit::{Standard, Verdict, audit};
use grounds::ledger::{FolderSource, Ledger, SourceError, mirror};
use grounds::tlog::TileSource;

use super::ground::{Bytes, EVENTS, FILES, GOOD, put, scratch};
use super::proof::head;
use super::tiles::lied;

/// The reference ledger as its server has it; or, at first, as it had it at 7 entries.
struct Liar<'a> {
    script: Bytes<'a>,
    size: u64,
}

fn honest(path: &str, size: u64) -> Option<Vec<u8>> {
    if path == "checkpoint" {
        return Some(head(size));
    }
    if size == 16 {
        return FILES
            .iter()
            .find(|(name, _)| *name == path)
            .map(|(_, bytes)| bytes.to_vec());
    }
    if let Some(bundle) = grounds::tlog::partial_bundle(size).filter(|bundle| bundle.path() == path)
    {
        let lines = bundle.entries().map(|index| GOOD.lines[index as usize]);
        return Some(grounds::tlog::encode_bundle(lines).unwrap());
    }
    let tiles = grounds::tlog::partial_tiles(size);
    let tile = tiles.into_iter().find(|tile| tile.path() == path)?;
    tile.bytes(&GOOD.tree)
}

impl TileSource for Liar<'_> {
    type Error = SourceError;

    fn fetch(&mut self, path: &str, most: usize) -> Result<Option<Vec<u8>>, SourceError> {
        assert!(most <= 256 * 65_537, "{path}: asks for {most} bytes");
        let size = self.size;
        let answer = lied(honest(path, size), &mut self.script, |_| {
            honest("checkpoint", 7)
        });
        let answer = answer.map_err(|()| SourceError {
            place: path.to_owned(),
            why: "the line was cut".to_owned(),
        })?;
        Ok(answer.map(|mut bytes| {
            bytes.truncate(most + 1);
            bytes
        }))
    }
}

/// - Wherever a run ends, the copy has the log's own lines under a head that the log has signed.
/// - A run that says it is done has the newest head, and the copy holds.
/// - A later run against an honest server makes the copy whole.
pub fn run(data: &[u8]) {
    let scratch = scratch();
    let dir = scratch.path().join("mirror");
    let mut script = Bytes(data);
    let first = script.byte();
    if first % 2 == 1 {
        let mut early = Liar {
            script: Bytes(&[]),
            size: 7,
        };
        mirror(&mut early, &dir, Some(&GOOD.vkey), &mut |_, _| {}).expect("an honest server");
    }
    let vkey = (first % 4 < 2).then_some(&GOOD.vkey);
    let mut liar = Liar { script, size: 16 };
    let done = mirror(&mut liar, &dir, vkey, &mut |_, _| {});
    let size = whole(&dir);
    if let Ok(done) = &done {
        assert_eq!(done.now.size, size);
        assert_eq!(Some(done.now.root), GOOD.tree.root_at(size));
        assert_eq!(done.vkey, GOOD.vkey);
    }
    let own = (first % 4 < 2).then_some(&GOOD.vkey);
    let source = scratch.path().join("source");
    put(&source, FILES);
    let last = mirror(&mut FolderSource::new(&source), &dir, own, &mut |_, _| {});
    let last = last.expect("an honest server after a liar");
    assert_eq!((last.now.size, whole(&dir)), (16, 16));
    let standard = Standard {
        vkey: Some(&GOOD.vkey),
        ..Standard::default()
    };
    let report = audit(&dir, &standard, &mut |_, _| {}).unwrap();
    assert_eq!(report.verdict, Verdict::Holds, "{:?}", report.faults);
}

/// The size of the head in the copy, all of whose lines are there.
fn whole(dir: &std::path::Path) -> u64 {
    if !dir.join("checkpoint").exists() {
        return 0;
    }
    let ledger = Ledger::open(dir, Some(&GOOD.vkey)).expect("a copy that opens");
    let size = ledger.custody().checkpoint.size;
    assert_eq!(
        Some(ledger.custody().checkpoint.root),
        GOOD.tree.root_at(size)
    );
    assert_eq!(ledger.custody().damages, []);
    let text = std::fs::read(dir.join(EVENTS)).unwrap();
    let good: Vec<u8> = GOOD.lines[..size as usize]
        .iter()
        .flat_map(|line| [line, &b"\n"[..]].concat())
        .collect();
    assert!(text.starts_with(&good), "lines that are not the log's");
    size
}

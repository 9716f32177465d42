//! Sealed segments: compressed lines, and what other compressors or nobody wrote.

use std::sync::LazyLock;

use grounds::ledger::Ledger;
use grounds::store::segment::{SegmentReader, seal};
use std::ops::ControlFlow;

use super::ground::{Bytes, EVENTS, FILES, GOOD, changed, put, scratch};
use super::ledger::lines;

const SEALED: &str = "events/000000000000.jsonl.zst";
const REST: &str = "events/000000000008.jsonl";

/// The first half of the reference ledger, sealed.
pub static HALF: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let scratch = scratch();
    put(
        scratch.path(),
        [(EVENTS, &*lines(0, 8)), (REST, &*lines(8, 16))],
    );
    seal(scratch.path(), 0).unwrap();
    std::fs::read(scratch.path().join(SEALED)).unwrap()
});

/// The bytes of the compressed file, or (first byte 1) a script of changes to the good one.
///
/// - What the store reads of it is lines within their limit, in order, each index once.
/// - A reader is given the lines that were acknowledged, or none; those of the other file always.
/// - Two readings are the same.
pub fn run(data: &[u8]) {
    let bytes = match data.split_first() {
        Some((1, script)) => changed(&HALF, &mut Bytes(script), 6),
        _ => data.to_vec(),
    };
    let scratch = scratch();
    put(scratch.path(), [(SEALED, &*bytes), (REST, &*lines(8, 16))]);
    put(scratch.path(), FILES[1..].iter().copied());
    let seen = read(scratch.path());
    assert_eq!(seen, read(scratch.path()), "two readings");
    let ledger = Ledger::open(scratch.path(), Some(&GOOD.vkey)).expect("the head is whole");
    for (index, good) in (0..).zip(&GOOD.lines) {
        match ledger.line(index) {
            Ok(line) => assert_eq!(line, *good, "another line {index}"),
            Err(error) => assert!(index < 8, "a line of another file: {error}"),
        }
    }
    let is_whole = (0..8).all(|index| ledger.line(index).is_ok());
    assert!(
        is_whole || !ledger.custody().damages.is_empty(),
        "lost, and nothing said"
    );
}

/// The indexes and lengths of what the store gives, and what it says instead.
fn read(dir: &std::path::Path) -> Vec<(u64, Result<usize, String>)> {
    let mut seen = Vec::new();
    let reader = SegmentReader::open(dir).unwrap();
    let done = reader.read(0, 16, &mut |item| {
        seen.push(match item {
            Ok(line) => {
                assert!(
                    line.bytes.len() <= grounds::store::MAX_LINE && !line.bytes.contains(&b'\n')
                );
                (line.index, Ok(line.bytes.len()))
            }
            Err(bad) => (bad.index, Err(bad.found.to_string())),
        });
        assert!(seen.len() < 1000, "no end");
        ControlFlow::Continue(())
    });
    if done.is_ok() {
        let good: Vec<u64> = seen
            .iter()
            .filter(|(_, item)| item.is_ok())
            .map(|(index, _)| *index)
            .collect();
        assert!(good.is_sorted_by(|a, b| a < b), "{good:?}");
    }
    seen
}

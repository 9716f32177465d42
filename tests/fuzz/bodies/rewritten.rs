//! A ledger that its operator has rewritten, who has the log's key and nobody else's.

use std::path::Path;

use grounds::envelope::{Entry, Withheld};
use grounds::ledger::Ledger;
use grounds::ledger::audit::{Standard, Verdict};
use grounds::tlog::{Checkpoint, Tree, encode_bundle, leaf_hash, partial_bundle, partial_tiles};

use super::ground::{Bytes, CHECKPOINT, EVENTS, GOOD, ORIGIN, log_key, put, scratch};
use super::ledger::{audited, files};

/// The changed lines under a tree, tiles and a checkpoint of their own.
///
/// - An audit passes no commit that its author has not signed, no entry twice and no order that
///   breaks a stream.
/// - Brought an older head, it passes no ledger that does not begin with what that head covers.
/// - Whatever an audit passes, a reader opens without damage.
pub fn run(data: &[u8]) {
    let scratch = scratch();
    let dir = scratch.path();
    let Some(lines) = made(data, dir) else {
        return;
    };
    let standard = Standard {
        vkey: Some(&GOOD.vkey),
        ..Standard::default()
    };
    let report = audited(dir, &standard).expect("a ledger");
    let since = Standard {
        vkey: Some(&GOOD.vkey),
        from: Some(CHECKPOINT),
        ..Standard::default()
    };
    let since = audited(dir, &since).expect("a ledger");
    let begins = lines.len() >= 16 && lines[..16] == GOOD.lines[..16];
    assert!(
        begins || since.verdict != Verdict::Holds,
        "another history holds"
    );
    let opened = Ledger::open(dir, Some(&GOOD.vkey));
    if report.verdict != Verdict::Holds {
        return;
    }
    let mut seen = Vec::new();
    for line in &lines {
        if Withheld::parse(line).is_some() {
            continue;
        }
        let entry = Entry::parse(line).expect("an audit passes entries");
        let commit = entry.signed.commit.bytes.to_vec();
        let original = GOOD.lines.iter().map(|line| Entry::parse(line).unwrap());
        let original = original
            .into_iter()
            .find(|entry| *entry.signed.commit.bytes == commit);
        let original = original.expect("a commit that nobody signed holds");
        let own = &original.signed.signatures;
        assert!(
            entry
                .signed
                .signatures
                .iter()
                .all(|signature| own.contains(signature))
        );
        assert!(!seen.contains(&commit), "a commit holds twice");
        seen.push(commit);
    }
    let ledger = opened.expect("what an audit passes opens");
    assert_eq!(ledger.custody().damages, []);
}

/// Writes the folder that the bytes describe, and gives its lines; none where it would be no ledger
/// of one bundle.
pub fn made(data: &[u8], dir: &Path) -> Option<Vec<Vec<u8>>> {
    let changed = files(&mut Bytes(data));
    let (_, text) = changed.iter().find(|(name, _)| name == EVENTS)?;
    let lines = text.split(|byte| *byte == b'\n');
    let lines: Vec<&[u8]> = lines.filter(|line| !line.is_empty()).collect();
    if lines.is_empty() || lines.len() > 255 || lines.iter().any(|line| line.len() > 65_535) {
        return None;
    }
    let mut tree = Tree::new();
    for line in &lines {
        let withheld = Withheld::parse(line);
        tree.push(withheld.map_or_else(|| leaf_hash(line), |withheld| withheld.leaf));
    }
    let (size, root) = (tree.size(), tree.root());
    let origin = ORIGIN.to_owned();
    let head = Checkpoint { origin, size, root }.sign(&log_key()).unwrap();
    let joined = lines.iter().flat_map(|line| [line, &b"\n"[..]].concat());
    put(
        dir,
        [
            (EVENTS, &*joined.collect::<Vec<u8>>()),
            ("checkpoint", &head),
        ],
    );
    for tile in partial_tiles(size) {
        put(dir, [(&*tile.path(), &*tile.bytes(&tree).unwrap())]);
    }
    let bundle = partial_bundle(size).unwrap();
    let bytes = encode_bundle(lines.iter().copied()).unwrap();
    put(dir, [(&*bundle.path(), &*bytes)]);
    Some(lines.into_iter().map(<[u8]>::to_vec).collect())
}

//! Proof files and bare paths.

use grounds::hash::Hash;
use grounds::ledger::{ProofOf, check_proof};
use grounds::tlog::{
    Checkpoint, ConsistencyProof, ForkProof, MapLeaf, MapProof, TlogProof, leaf_hash,
    verify_consistency, verify_inclusion,
};

use super::ground::{Bytes, CHECKPOINT, GOOD, ORIGIN};

/// - What is read is written back to the same bytes.
/// - A proof proves what the tree has: this leaf at this index, this head before that one, this
///   leaf of the map or none; by the one path that there is, and by no other.
pub fn run(data: &[u8]) {
    match data.first() {
        Some(b'c' | b'{') => files(data),
        _ => paths(&mut Bytes(data)),
    }
}

fn files(data: &[u8]) {
    if let Ok(proof) = TlogProof::parse(data) {
        assert_eq!(proof.to_bytes(), data);
        proved(data, &proof);
    }
    if let Ok(proof) = ConsistencyProof::parse(data) {
        assert_eq!(proof.to_bytes(), data);
        if let Ok(proved) = proof.verify(CHECKPOINT, &GOOD.vkey) {
            assert_eq!(
                Some(proved.older.root),
                GOOD.tree.root_at(proved.older.size)
            );
            assert_eq!(proved.older.size, 16);
            assert!(proved.newer.size >= 16);
        }
        for older in [1, 7, 16] {
            let mine = head(older);
            if let Ok(proved) = proof.verify(&mine, &GOOD.vkey) {
                assert_eq!(
                    (proved.older.size, Some(proved.newer.root)),
                    (older, GOOD.tree.root_at(proved.newer.size))
                );
            }
        }
    }
    if let Ok(proof) = ForkProof::parse(data) {
        assert_eq!(proof.to_bytes(), data);
        if let Ok(proved) = proof.verify(ORIGIN, &GOOD.vkey) {
            let is_good = |size, root| GOOD.tree.root_at(size) == Some(root);
            let (old, new) = (proved.older, proved.newer);
            assert!(
                !is_good(old.size, old.root) || !is_good(new.size, new.root),
                "one history"
            );
        }
    }
}

pub fn head(size: u64) -> Vec<u8> {
    let root = GOOD.tree.root_at(size).unwrap();
    let head = Checkpoint {
        origin: ORIGIN.to_owned(),
        size,
        root,
    };
    head.sign(&super::ground::log_key()).unwrap()
}

fn proved(file: &[u8], proof: &TlogProof) {
    for of in [
        ProofOf::Entry(proof.index),
        ProofOf::Subject("ledger".parse().unwrap()),
    ] {
        let Ok(proved) = check_proof(file, &of, &GOOD.vkey, None, None) else {
            continue;
        };
        let index = usize::try_from(proved.index).unwrap();
        assert_eq!(
            proof.extra.as_deref(),
            Some(GOOD.lines[index]),
            "a line that nobody wrote"
        );
        assert_eq!(Some(proved.root), GOOD.tree.root_at(proved.size));
        assert_eq!(
            GOOD.tree.inclusion(proved.index, proved.size),
            Some(proof.path.clone())
        );
    }
    for (index, line) in GOOD.lines.iter().enumerate() {
        let given = check_proof(
            file,
            &ProofOf::Entry(index as u64),
            &GOOD.vkey,
            Some(line),
            None,
        );
        assert!(given.is_err() || proof.index == index as u64);
    }
}

/// Sizes and a path that the bytes draw: hashes of the tree, now and then another.
fn paths(bytes: &mut Bytes<'_>) {
    let kind = bytes.byte();
    let tree = &super::tiles::TREE;
    let (size, index) = (bytes.below(tree.size() + 1), bytes.below(tree.size() + 1));
    // The size that a root is of is signed with it: no path shows it.
    let Some(root) = tree.root_at(size) else {
        return;
    };
    match kind % 3 {
        0 => {
            let good = tree.inclusion(index, size).unwrap_or_default();
            let path = drawn(good.clone(), bytes);
            let leaf = leaf_hash(&super::tiles::entry(index));
            let found = verify_inclusion(index, size, &leaf, &path, &root);
            let is_it = index < size && path == good;
            assert_eq!(found.is_ok(), is_it, "{index} of {size}: {found:?}");
        }
        1 => {
            let (old, new) = (index, size);
            let good = (old > 0 && old <= new)
                .then(|| tree.consistency(old, new))
                .flatten();
            let path = drawn(good.clone().unwrap_or_default(), bytes);
            let old_root = tree.root_at(old.min(tree.size())).unwrap();
            let found = verify_consistency(old, new, &old_root, &root, &path);
            assert_eq!(
                found.is_ok(),
                good == Some(path),
                "{old} to {new}: {found:?}"
            );
        }
        _ => mapped(bytes, size),
    }
}

fn drawn(mut path: Vec<Hash>, bytes: &mut Bytes<'_>) -> Vec<Hash> {
    while !bytes.is_empty() {
        let place = usize::from(bytes.byte());
        match bytes.byte() % 5 {
            0 if place < path.len() => {
                path[place].0[usize::from(bytes.byte() % 32)] ^= 1 << (place % 8)
            }
            1 if place < path.len() => drop(path.remove(place)),
            2 if path.len() < 100 => path.insert(place.min(path.len()), Hash::ZERO),
            3 if place < path.len() => path.swap(place, 0),
            4 if place < path.len() => path.push(path[place]),
            _ => {}
        }
    }
    path
}

/// A map of the reference ledger's subjects.
fn mapped(bytes: &mut Bytes<'_>, pick: u64) {
    let map = GOOD.ledger.map();
    let subjects: Vec<_> = GOOD
        .state
        .streams()
        .map(|(subject, _)| subject.to_string())
        .collect();
    let name = subjects
        .get(pick as usize)
        .cloned()
        .unwrap_or(format!("claim/none-{pick}"));
    let key = Hash::of(name.as_bytes());
    let (good, held) = (map.prove(&key), map.get(&key));
    let mut proof = good.clone();
    let mut leaf = held;
    let root = map.root();
    match bytes.byte() % 4 {
        0 => {
            leaf = leaf.xor(Some(MapLeaf {
                stream_len: 1,
                last_event: Hash::ZERO,
                entry: 0,
            }))
        }
        1 => {
            if let Some(leaf) = &mut leaf {
                leaf.stream_len = leaf.stream_len.wrapping_add(bytes.number(2));
                leaf.entry ^= bytes.number(2);
            }
        }
        2 => proof.bitmap[usize::from(bytes.byte() % 32)] ^= bytes.byte(),
        _ => {}
    }
    proof.siblings = drawn(proof.siblings, bytes);
    let found = proof.verify(&key, leaf.as_ref(), &root);
    let is_it = proof == good && leaf == held;
    assert_eq!(found.is_ok(), is_it, "{name}: {found:?}");
    let _ = MapProof::verify(&proof, &key, None, &root);
}

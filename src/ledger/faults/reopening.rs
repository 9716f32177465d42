//! A folder that was left somehow is opened by the real code, audited, appended to, and held
//! against all that was ever said.

use crate::ledger::append::{Appender, Staged};
use crate::ledger::audit::{Standard, Verdict, audit_on};
use crate::store::fault::Sim;
use crate::store::segment::SegmentReader;
use crate::tlog::{
    Head, Tree, VerifierKey, leaf_hash, new_full_bundles, new_full_tiles, verify_consistency,
    verify_inclusion,
};

use super::script::{Said, create, dir, head_of, kept_note, open, signer};

/// What was said by then, and what is submitted next.
pub(super) struct Told<'r> {
    pub(super) vkey: &'r VerifierKey,
    /// Every head that was signed, given out or not.
    pub(super) heads: &'r [Head],
    pub(super) said: &'r [Said],
    /// The batch that was under way, or would have been next, and the one after it: each is
    /// recorded already or is now.
    pub(super) next: Vec<&'r [Vec<u8>]>,
}

/// Opens what was left and looks whether every promise was kept; the tree as it was found.
pub(super) fn reopen(sim: &Sim, told: &Told<'_>) -> Result<Tree, String> {
    let mut appender = begin(sim, told)?;
    let found = appender.tree().clone();
    holds(&found, told)?;
    cosignatures_are_kept(sim, told)?;
    audited(sim, told)?;
    full_files(sim, found.size())?;
    append(&mut appender, told)?;
    holds(appender.tree(), told)?;
    extends(&appender, told)?;
    Ok(found)
}

/// Opens it, or begins again where nothing was ever said.
fn begin(sim: &Sim, told: &Told<'_>) -> Result<Appender<Sim>, String> {
    match open(sim) {
        Ok((appender, opened)) => match opened.recovered.strays.as_slice() {
            [] => Ok(appender),
            strays => Err(format!("strays {strays:?}")),
        },
        Err(_) if told.said.is_empty() => match create(sim) {
            Ok((appender, _)) => Ok(appender),
            Err(error) => Err(format!("neither opened nor begun again: {error}")),
        },
        Err(error) => Err(format!("not opened: {error}")),
    }
}

/// A tree has every head and every entry that anybody knows of.
pub(super) fn holds(tree: &Tree, told: &Told<'_>) -> Result<(), String> {
    let given = told.said.iter().filter_map(|said| said.head);
    for head in told.heads.iter().copied().chain(given) {
        if tree.root_at(head.size) != Some(head.root) {
            return Err(format!(
                "a tree of {} that does not extend the signed head {head:?}",
                tree.size()
            ));
        }
    }
    for (index, leaf) in told.said.iter().flat_map(|said| &said.receipts) {
        if tree.leaf(*index) != Some(*leaf) {
            return Err(format!(
                "entry {index} is not the one there is a receipt of"
            ));
        }
    }
    Ok(())
}

fn cosignatures_are_kept(sim: &Sim, told: &Told<'_>) -> Result<(), String> {
    for size in told.said.iter().filter_map(|said| said.cosigned) {
        let note = kept_note(sim, size).unwrap_or_default();
        if !String::from_utf8_lossy(&note).contains("w.example") {
            return Err(format!("the cosignature of the head of {size} is not kept"));
        }
    }
    Ok(())
}

/// The audit is the one of `grounds verify`.
pub(super) fn audited(sim: &Sim, told: &Told<'_>) -> Result<(), String> {
    let standard = Standard {
        vkey: Some(told.vkey),
        signer: signer(sim).map_err(|error| error.to_string())?.state(),
        ..Standard::default()
    };
    let report = audit_on(sim, dir(), &standard, &mut |_, _| {});
    let report = report.map_err(|error| format!("not audited: {error}"))?;
    match report.verdict {
        Verdict::Holds if report.size == Some(report.entries) => Ok(()),
        verdict => Err(format!("audited: {verdict:?} {:?}", report.faults)),
    }
}

/// What a static server of the folder serves of full tiles and bundles.
pub(super) fn full_files(sim: &Sim, size: u64) -> Result<(), String> {
    let reader = SegmentReader::open_on(sim.clone(), dir()).map_err(|error| error.to_string())?;
    let tiles = new_full_tiles(0, size);
    let names = tiles.into_iter().map(|tile| tile.path());
    let bundles = new_full_bundles(0, size);
    let bundles = bundles.into_iter().map(|bundle| bundle.path());
    for name in names.chain(bundles) {
        // Where one is, the audit has compared it.
        if !matches!(reader.get(&name), Ok(Some(bytes)) if !bytes.is_empty()) {
            return Err(format!("{name} is missing"));
        }
    }
    Ok(())
}

/// Submits what is next: each commit is recorded once, and each gets a receipt that proves it.
fn append(appender: &mut Appender<Sim>, told: &Told<'_>) -> Result<(), String> {
    let (mut known, mut new) = (Vec::new(), Vec::new());
    for commit in told.next.iter().copied().flatten() {
        match appender.stage(commit) {
            Ok(Staged::Known(index)) => known.push(index),
            Ok(Staged::New(index)) => new.push(index),
            Err(error) => return Err(format!("not taken: {error}")),
        }
    }
    let receipts = appender
        .flush()
        .map_err(|error| format!("not flushed: {error}"))?;
    let given: Vec<u64> = receipts.iter().map(|receipt| receipt.index).collect();
    if given != new {
        return Err(format!("receipts of {given:?}, expected of {new:?}"));
    }
    let known = known.iter().map(|index| appender.receipt_of(*index));
    let known: Result<Vec<_>, _> = known.collect();
    let known = known.map_err(|error| format!("no receipt again: {error}"))?;
    let head = head_of(appender.checkpoint());
    for receipt in receipts.iter().chain(&known) {
        let leaf = leaf_hash(receipt.entry.as_bytes());
        proves(appender.tree(), head, receipt.index, &leaf)?;
    }
    Ok(())
}

fn proves(tree: &Tree, head: Head, index: u64, leaf: &crate::hash::Hash) -> Result<(), String> {
    let path = tree.inclusion(index, head.size).unwrap_or_default();
    verify_inclusion(index, head.size, leaf, &path, &head.root)
        .map_err(|error| format!("entry {index} is not proved at {head:?}: {error}"))
}

/// The newest head extends every head ever signed, and has every entry that there is a receipt of:
/// by proofs, as another would check them.
fn extends(appender: &Appender<Sim>, told: &Told<'_>) -> Result<(), String> {
    let (tree, newest) = (appender.tree(), head_of(appender.checkpoint()));
    if newest.size != tree.size() || newest.root != tree.root() {
        return Err(format!("the head {newest:?} of a tree of {}", tree.size()));
    }
    for old in told.heads {
        let path = tree.consistency(old.size, newest.size).unwrap_or_default();
        verify_consistency(old.size, newest.size, &old.root, &newest.root, &path)
            .map_err(|error| format!("{newest:?} does not extend {old:?}: {error}"))?;
    }
    for (index, leaf) in told.said.iter().flat_map(|said| &said.receipts) {
        proves(tree, newest, *index, leaf)?;
    }
    Ok(())
}

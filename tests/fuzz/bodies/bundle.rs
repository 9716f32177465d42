//! Claim bundles.

use std::sync::LazyLock;

use grounds::form::Form as _;
use grounds::json::Json;
use grounds::ledger::audit::Verdict;
use grounds::ledger::bundle::{Asked, BundleFile, BundleReport, bundle, check};
use grounds::value::Slug;

use super::ground::{Bytes, CLAIM, GOOD, changed};

pub static BUNDLE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let claim: Slug = CLAIM.parse().unwrap();
    bundle(&GOOD.ledger, &claim, None).unwrap().bytes
});

fn checked(bytes: &[u8]) -> BundleReport {
    let claim: Slug = CLAIM.parse().unwrap();
    check(bytes, &Asked::about(&claim, &GOOD.vkey))
}

/// The bytes are a bundle, or a script of changes to the good one: of its bytes (first byte 1) or of
/// its values (2).
///
/// - What is read is written back to the same bytes.
/// - No bundle holds that binds anything else than the good one does, and none that was changed but
///   in lines of the note which nobody can check.
pub fn run(data: &[u8]) {
    let mut script = Bytes(data);
    let bytes = match data.first() {
        Some(1) => {
            script.byte();
            changed(&BUNDLE, &mut script, 8)
        }
        Some(2) => {
            script.byte();
            let mut json = Json::parse(&BUNDLE).unwrap().into_owned();
            while !script.is_empty() {
                edit(&mut json, &mut script);
            }
            json.to_bytes()
        }
        _ => data.to_vec(),
    };
    if let Ok(json) = Json::parse(&bytes)
        && let Ok(file) = BundleFile::read(&json)
    {
        assert_eq!(file.write().to_bytes(), bytes);
    }
    let report = checked(&bytes);
    assert_eq!(report.bound.is_some(), report.verdict == Verdict::Holds);
    assert_eq!(report.fault_count == 0, report.faults.is_empty());
    if report.verdict != Verdict::Holds {
        assert!(bytes != *BUNDLE);
        return;
    }
    let good = checked(&BUNDLE);
    assert_eq!(report.bound, good.bound);
    assert_eq!(
        (report.as_of, report.size, report.root),
        (good.as_of, good.size, good.root)
    );
    let apart = |bytes: &[u8]| {
        let Json::Obj(mut members) = Json::parse(bytes).unwrap().into_owned() else {
            panic!("a bundle is an object");
        };
        members.retain(|(name, _)| name != "checkpoint");
        members
    };
    assert_eq!(apart(&bytes), apart(&BUNDLE), "it was changed, and holds");
}

/// One change to some value in the tree: down by a byte a level, until it says here.
fn edit(json: &mut Json<'static>, script: &mut Bytes<'_>) {
    let place = usize::from(script.byte());
    match json {
        Json::Arr(items) if !items.is_empty() && place % 4 != 3 => {
            let length = items.len();
            edit(&mut items[place / 4 % length], script);
        }
        Json::Obj(members) if !members.is_empty() && place % 8 != 7 => {
            let length = members.len();
            edit(&mut members[place / 8 % length].1, script);
        }
        here => change(here, script),
    }
}

fn change(at: &mut Json<'static>, script: &mut Bytes<'_>) {
    let kind = script.byte();
    match at {
        Json::Arr(items) if !items.is_empty() => {
            let (a, b) = (
                script.number(1) as usize % items.len(),
                script.number(1) as usize % items.len(),
            );
            match kind % 4 {
                0 => drop(items.remove(a)),
                1 => items.swap(a, b),
                2 => items.insert(b, items[a].clone()),
                _ => items.truncate(a),
            }
        }
        Json::Obj(members) if !members.is_empty() => {
            let (a, b) = (
                script.number(1) as usize % members.len(),
                script.number(1) as usize % members.len(),
            );
            match kind % 3 {
                0 => drop(members.remove(a)),
                1 => {
                    let value = members[a].1.clone();
                    members[b].1 = value;
                }
                _ => members[a].1 = Json::Null,
            }
        }
        Json::Int(number) => {
            *number = match kind % 4 {
                0 => *number + 1,
                1 => (*number - 1).max(0),
                2 => script.number(6) as i64,
                _ => 0,
            };
        }
        Json::Str(text) => {
            let bytes = changed(text.as_bytes(), script, 1);
            *text = String::from_utf8_lossy(&bytes).into_owned().into();
        }
        other => *other = Json::Int(i64::from(kind)),
    }
}

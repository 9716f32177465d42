//! The reference ledger: made anew, and checked with other people's tools.

#[path = "../reference/build.rs"]
pub(crate) mod build;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder `ledger/` of the project.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("ledger")
}

/// Every file below a folder, but what `.gitignore` names and the README.
fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    fn walk(dir: &Path, name: &str, found: &mut BTreeMap<String, Vec<u8>>) {
        for entry in std::fs::read_dir(dir).unwrap().map(Result::unwrap) {
            let own = format!("{name}{}", entry.file_name().to_string_lossy());
            match own.as_str() {
                "cache" | "torn" | "lock" | "README.md" => {}
                _ if entry.path().is_dir() => walk(&entry.path(), &format!("{own}/"), found),
                _ => drop(found.insert(own, std::fs::read(entry.path()).unwrap())),
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(dir, "", &mut found);
    found
}

#[test]
fn the_reference_ledger_is_rebuilt_byte_for_byte() {
    let temporary = tempfile::tempdir().unwrap();
    let made = temporary.path().join("ledger");
    build::build(&made, &temporary.path().join("state"));
    let (made, kept) = (files(&made), files(&folder()));
    assert_eq!(
        made.keys().collect::<Vec<_>>(),
        kept.keys().collect::<Vec<_>>()
    );
    for (name, bytes) in &made {
        assert!(
            kept[name] == *bytes,
            "{name} differs: cargo run --example reference -- FOLDER makes it"
        );
    }
}

/// The blocks of ledger/README.md, run as they stand.
#[test]
fn the_reference_ledger_holds_for_jq_sha256sum_and_ssh_keygen() {
    let readme = std::fs::read_to_string(folder().join("README.md")).unwrap();
    let blocks: Vec<&str> = readme
        .split("```bash\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .collect();
    assert_eq!(blocks.len(), 4);
    for block in blocks {
        let run = Command::new("bash")
            .args(["-euo", "pipefail", "-c", block])
            .current_dir(folder())
            .output()
            .expect("bash, jq, sha256sum and ssh-keygen are installed by tests/run");
        let said = String::from_utf8_lossy(&run.stderr);
        assert!(run.status.success(), "{block}\n{said}");
    }
}

/// The figures that the design gives for the worked example, in ppm, by the general code.
#[test]
fn the_worked_example_comes_out_to_the_digit() {
    let ledger = grounds::ledger::Ledger::open(&folder(), None).unwrap();
    let slug = build::claim().slug().unwrap().clone();
    let model = grounds::projection::model_in_force(ledger.state()).unwrap();
    let filter = grounds::projection::Filter::none();
    let profile = grounds::projection::profile(ledger.state(), &slug, model, &filter).unwrap();
    let figures = serde_json::to_value(profile.figures).unwrap();
    let expected = serde_json::json!({
        "evid": 715_909, "repl": 548_333, "cons": 484_499, "meth": 713_804, "cred": 823_893,
        "scop": 450_000, "brdg": 218_932, "cont": 581_955, "supp": 596_213, "fron": 438_796,
        "stab": 499_803,
    });
    assert_eq!(figures, expected);
}

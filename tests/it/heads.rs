//! Heads: whether a log extended the head that somebody has, or signed two histories, is proved by
//! files that anybody checks offline.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use grounds::ledger::{FolderSource, SignedHead, prove_from_tiles};
use grounds::tlog::{ConsistencyProof, ForkProof};

use crate::lab::{EVENTS, Lab, copy, head, note, tree_of, vkey};
use crate::mirror::{publish, synthetic};
use crate::reference::build::ORIGIN;

fn cosigner() -> grounds::tlog::Cosigner {
    let key = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
    grounds::tlog::Cosigner::new("w.example", key).unwrap()
}

struct Answer {
    code: i32,
    out: String,
    err: String,
}

fn run(dir: &Path, words: &[&str]) -> Answer {
    let output = Command::new(env!("CARGO_BIN_EXE_grounds"))
        .args(words)
        .current_dir(dir)
        .env("GROUNDS_CONFIG", dir.join("config"))
        .env("GROUNDS_CACHE", dir.join("cache"))
        .env_remove("SSH_AUTH_SOCK")
        .env_remove("GROUNDS_LEDGER")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    Answer {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

fn says(dir: &Path, code: i32, words: &[&str], part: &str) -> Answer {
    let answer = run(dir, words);
    let said = format!("{}{}", answer.out, answer.err);
    assert_eq!(answer.code, code, "{words:?}\n{said}");
    assert!(
        said.contains(part),
        "{words:?}: expected {part:?} in\n{said}"
    );
    answer
}

/// A lab whose folder is where commands run; `old` is its checkpoint at six entries.
struct Desk {
    lab: Lab,
}

impl Desk {
    fn new() -> Desk {
        let lab = Lab::argued();
        std::fs::write(lab.beside("old"), head(&tree_of(&lab.lines()[..6]))).unwrap();
        Desk { lab }
    }

    fn dir(&self) -> PathBuf {
        self.lab.dir().parent().unwrap().to_path_buf()
    }

    /// The same log, with another history from entry 5 on, in `other`.
    fn forked(&self, size: usize) -> PathBuf {
        let other = self.lab.beside("other");
        copy(&self.lab.dir(), &other);
        let mut lines = self.lab.lines();
        lines.resize(size, "another".to_owned());
        (5..size).for_each(|index| lines[index] = format!("another {index}"));
        let _ = std::fs::remove_dir_all(other.join("tile"));
        publish(&other, &lines);
        other
    }
}

#[test]
fn that_the_log_extends_a_checkpoint_is_proved_and_checked_offline() {
    let desk = Desk::new();
    let (dir, key) = (desk.dir(), vkey().to_string());
    says(
        &dir,
        0,
        &["prove", "--from", "old", "-o", "p.json"],
        "extends the one of 6",
    );
    let check = ["check", "p.json", "--from", "old", "--vkey", &key];
    let answer = says(&dir, 0, &check, "8 entries");
    assert!(
        answer.out.contains(ORIGIN) && answer.out.contains("6 entries"),
        "{}",
        answer.out
    );
    let json = [&check[..], &["--json"]].concat();
    let answer: serde_json::Value = serde_json::from_str(&says(&dir, 0, &json, "").out).unwrap();
    assert_eq!(answer["proved"]["older"]["size"], 6);
    assert_eq!(answer["proved"]["newer"]["size"], 8);
    assert_eq!(answer["proved"]["origin"], ORIGIN);
    let proof = std::fs::read(dir.join("p.json")).unwrap();
    assert_eq!(ConsistencyProof::parse(&proof).unwrap().to_bytes(), proof);
    // To an older head than the newest; of another pair than asked; of nothing of the kind.
    std::fs::write(dir.join("seven"), head(&tree_of(&desk.lab.lines()[..7]))).unwrap();
    says(
        &dir,
        0,
        &["prove", "--from", "old", "--to", "seven", "-o", "q.json"],
        "",
    );
    says(
        &dir,
        0,
        &["check", "q.json", "--from", "old", "--vkey", &key],
        "7 entries",
    );
    says(
        &dir,
        1,
        &["check", "q.json", "--from", "seven", "--vkey", &key],
        "expected one from size 7",
    );
    says(
        &dir,
        1,
        &["check", "p.json", "--fork", ORIGIN, "--vkey", &key],
        "ask with --from",
    );
    says(
        &dir,
        1,
        &["check", "p.json", "--entry", "@1", "--vkey", &key],
        "expected",
    );
    says(
        &dir,
        7,
        &["check", "p.json", "--from", "old"],
        "expected the log's key",
    );
    says(
        &dir,
        2,
        &["prove", "--from", "seven", "--to", "old"],
        "expected no fewer",
    );
    says(&dir, 2, &["prove", "--to", "old"], "");
    // A quorum that is asked for is not passed over.
    let policy = format!("log {key}\nwitness w {}\nquorum w\n", cosigner().verifier());
    std::fs::write(dir.join("policy.mine"), policy).unwrap();
    let asked = [&check[..], &["--policy", "policy.mine"]].concat();
    says(&dir, 7, &asked, "no quorum of the policy given");
    let proof = ConsistencyProof::parse(&proof).unwrap();
    let text = String::from_utf8(proof.newer.clone()).unwrap();
    let body = &text[..text.find("\n\n").unwrap() + 1];
    let newer = format!("{text}{}\n", cosigner().cosign(body, 1_780_000_000)).into_bytes();
    std::fs::write(
        dir.join("p.json"),
        ConsistencyProof { newer, ..proof }.to_bytes(),
    )
    .unwrap();
    says(&dir, 0, &asked, "cosigned by w");
    says(&dir, 0, &check, "no key here can check");
    says(
        &dir,
        2,
        &[
            "check",
            "p.json",
            "--fork",
            ORIGIN,
            "--policy",
            "policy.mine",
        ],
        "cannot be used with",
    );
    says(
        &dir,
        2,
        &["prove", "--from", "old", "--policy", "policy.mine"],
        "cannot be used with",
    );
    says(
        &dir,
        1,
        &[
            "prove",
            "--from",
            EVENTS.replace("events", "ledger/events").as_str(),
        ],
        "signed checkpoint",
    );
    let other = "log.example/other+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    says(
        &dir,
        2,
        &["check", "p.json", "--from", "old", "--vkey", other],
        "key id",
    );
}

#[test]
fn a_ledger_of_another_history_is_refused_and_its_proof_is_accepted_by_anybody() {
    let desk = Desk::new();
    let (dir, key) = (desk.dir(), vkey().to_string());
    for size in [7, 8, 9] {
        desk.forked(size);
        let theirs = dir.join("other/checkpoint").display().to_string();
        // By the folder, whichever is the larger.
        says(
            &dir,
            0,
            &["prove", "--fork", "other", "-o", "fork.json"],
            "two histories",
        );
        let check = ["check", "fork.json", "--fork", ORIGIN, "--vkey", &key];
        says(&dir, 0, &check, "two histories");
        let answer: serde_json::Value =
            serde_json::from_str(&says(&dir, 0, &[&check[..], &["--json"]].concat(), "").out)
                .unwrap();
        assert_eq!(answer["proved"]["older"]["size"], size.min(8));
        assert_eq!(answer["proved"]["newer"]["size"], size.max(8));
        says(
            &dir,
            1,
            &[
                "check",
                "fork.json",
                "--fork",
                "log.example/b",
                "--vkey",
                &key,
            ],
            "log.example/b",
        );
        says(
            &dir,
            1,
            &["check", "fork.json", "--from", "old", "--vkey", &key],
            "ask with --fork",
        );
        // By the checkpoint alone, where the tiles here tell.
        if size <= 8 {
            says(
                &dir,
                0,
                &["prove", "--fork", &theirs, "-o", "fork.json"],
                "two histories",
            );
            says(&dir, 0, &check, "two histories");
            says(&dir, 1, &["prove", "--from", &theirs], "two histories");
            says(
                &dir,
                1,
                &["verify", "--from", &theirs],
                "grounds prove --fork CHECKPOINT",
            );
        } else {
            says(&dir, 1, &["prove", "--fork", &theirs], "at least 9");
            says(&dir, 1, &["prove", "--from", &theirs], "at least 9");
            says(
                &dir,
                1,
                &["verify", "--from", &theirs],
                "keep your checkpoint",
            );
        }
    }
    // One history is no fork, at the same size and at another.
    copy(&desk.lab.dir(), &dir.join("same"));
    says(&dir, 1, &["prove", "--fork", "same"], "found one history");
    says(&dir, 1, &["prove", "--fork", "old"], "found one history");
    says(
        &dir,
        6,
        &["prove", "--fork", "nowhere"],
        "expected a ledger's folder",
    );
}

#[test]
fn where_the_stored_tiles_are_of_no_use_the_lines_are_read_and_it_is_said() {
    let desk = Desk::new();
    let dir = desk.dir();
    let words = |event| ["prove", event, "-o", "a.tlog-proof"];
    let quiet = says(&dir, 0, &words("@5"), "under the head of 8 entries");
    assert!(!quiet.err.contains("could not be used"), "{}", quiet.err);
    let proof = std::fs::read(dir.join("a.tlog-proof")).unwrap();
    let tile = dir.join("ledger/tile/0/000.p/8");
    let bundle = dir.join("ledger/tile/entries/000.p/8");
    for path in [&tile, &bundle] {
        let right = std::fs::read(path).unwrap();
        let mut wrong = right.clone();
        wrong[40] ^= 1;
        std::fs::write(path, wrong).unwrap();
        says(&dir, 0, &words("@5"), "could not be used");
        assert_eq!(std::fs::read(dir.join("a.tlog-proof")).unwrap(), proof);
        std::fs::remove_file(path).unwrap();
        says(&dir, 0, &words("@5.0"), "could not be used");
        assert_eq!(std::fs::read(dir.join("a.tlog-proof")).unwrap(), proof);
        std::fs::write(path, right).unwrap();
    }
    std::fs::remove_file(&tile).unwrap();
    says(
        &dir,
        0,
        &["prove", "--from", "old", "-o", "p.json"],
        "could not be used",
    );
    says(
        &dir,
        0,
        &[
            "check",
            "p.json",
            "--from",
            "old",
            "--vkey",
            &vkey().to_string(),
        ],
        "8 entries",
    );
    says(&dir, 6, &words("@8"), "found");
    says(&dir, 6, &words("@5.1"), "found");
}

#[test]
fn a_proof_of_one_entry_reads_a_few_files_of_a_long_log() {
    let folder = tempfile::tempdir().unwrap();
    let tree = publish(folder.path(), &synthetic(70_000, "of the log"));
    // Not one line is there to be read.
    std::fs::remove_dir_all(folder.path().join("events")).unwrap();
    let note = std::fs::read(folder.path().join("checkpoint")).unwrap();
    let signed = SignedHead::open(&note, &vkey()).unwrap();
    for index in [0, 255, 256, 65_535, 65_536, 69_887, 69_999] {
        let mut tiles = signed.tiles(FolderSource::new(folder.path())).unwrap();
        let proof = prove_from_tiles(&mut tiles, &signed, index).unwrap();
        let proof = grounds::tlog::TlogProof::parse(&proof).unwrap();
        let leaf = tree.leaf(index).unwrap();
        assert_eq!(proof.verify(leaf, ORIGIN, &vkey()).unwrap().index, index);
        assert_eq!(
            proof.extra.unwrap(),
            format!("entry {index} of the log").as_bytes()
        );
    }
    let mut tiles = signed.tiles(FolderSource::new(folder.path())).unwrap();
    assert!(prove_from_tiles(&mut tiles, &signed, 70_000).is_err());
}

#[test]
fn mirrors_that_saw_different_histories_make_a_proof_that_check_accepts() {
    let desk = Desk::new();
    let (dir, key) = (desk.dir(), vkey().to_string());
    says(
        &dir,
        0,
        &["mirror", "ledger", "copy", "--vkey", &key],
        "grounds verify --ledger copy",
    );
    desk.forked(8);
    let before = crate::lab::everything(&dir.join("copy"));
    let answer = says(&dir, 1, &["mirror", "other", "copy"], "another history");
    assert!(answer.err.contains("copy/fork-8-8.json"), "{}", answer.err);
    says(
        &dir,
        0,
        &[
            "check",
            "copy/fork-8-8.json",
            "--fork",
            ORIGIN,
            "--vkey",
            &key,
        ],
        "two histories",
    );
    std::fs::remove_file(dir.join("copy/fork-8-8.json")).unwrap();
    let files = |all: std::collections::BTreeMap<PathBuf, (std::time::SystemTime, Vec<u8>)>| {
        all.into_iter()
            .filter(|(path, _)| path.is_file())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        files(crate::lab::everything(&dir.join("copy"))),
        files(before)
    );
    // Two mirrors, each of which saw one of them.
    says(&dir, 0, &["mirror", "other", "theirs", "--vkey", &key], "");
    says(
        &dir,
        0,
        &[
            "--ledger", "copy", "prove", "--fork", "theirs", "-o", "f.json",
        ],
        "",
    );
    says(
        &dir,
        0,
        &["check", "f.json", "--fork", ORIGIN, "--vkey", &key],
        "two histories",
    );
    let proof = std::fs::read(dir.join("f.json")).unwrap();
    assert_eq!(ForkProof::parse(&proof).unwrap().to_bytes(), proof);

    // First use is said, and a second use has nothing new.
    let answer = says(
        &dir,
        0,
        &["mirror", "ledger", "trusting"],
        "taken from the source now",
    );
    assert!(
        answer.out.contains("not checked: signatures"),
        "{}",
        answer.out
    );
    says(&dir, 0, &["mirror", "ledger", "trusting"], "nothing new");
    says(
        &dir,
        0,
        &["verify", "--ledger", "trusting", "--vkey", &key],
        "everything holds",
    );
    says(&dir, 0, &["show", "x", "--ledger", "trusting"], "It is so");
    desk.lab.record("ada", &[note("claim/x", "Once more.")]);
    says(
        &dir,
        0,
        &["mirror", "ledger", "trusting"],
        "1 more than before",
    );
    let answer = says(&dir, 0, &["mirror", "ledger", "trusting", "--json"], "");
    let json: serde_json::Value = serde_json::from_str(&answer.out).unwrap();
    assert_eq!(
        (&json["size"], &json["key"]),
        (&9.into(), &"first use".into())
    );
}

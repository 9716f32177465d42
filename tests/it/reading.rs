//! The commands that read: what they print, to which stream, and how they exit, on the reference
//! ledger.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use grounds::ledger::{Ledger, Snapshot, newest_head};
use grounds::value::Slug;
use serde_json::Value;

use crate::reference;

/// A desk: a cache folder of its own, and the ledger that is read.
struct Desk {
    home: tempfile::TempDir,
    ledger: PathBuf,
}

impl Desk {
    fn new() -> Desk {
        Desk {
            home: tempfile::tempdir().unwrap(),
            ledger: reference::folder(),
        }
    }

    fn cache(&self) -> PathBuf {
        self.home.path().join("cache/grounds.example%2Freference")
    }

    fn run(&self, columns: usize, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_grounds"))
            .args(arguments)
            .env_clear()
            .env("GROUNDS_LEDGER", &self.ledger)
            .env("GROUNDS_CACHE", self.home.path().join("cache"))
            .env("GROUNDS_CONFIG", self.home.path().join("config"))
            .env("COLUMNS", columns.to_string())
            .current_dir(self.home.path())
            .output()
            .unwrap()
    }

    fn text(&self, columns: usize, arguments: &[&str]) -> String {
        let output = self.run(columns, arguments);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let mut all = arguments.to_vec();
        all.push("--json");
        serde_json::from_slice(&self.run(80, &all).stdout).unwrap()
    }

    /// Streams and exit code as one text.
    fn answer(&self, columns: usize, arguments: &[&str]) -> String {
        let output = self.run(columns, arguments);
        format!(
            "$ grounds {}\n{}{}[exit {}]\n",
            arguments.join(" "),
            String::from_utf8(output.stdout).unwrap(),
            String::from_utf8(output.stderr).unwrap(),
            output.status.code().unwrap()
        )
    }
}

/// Holds a snapshot against the file that was read and accepted.
fn holds(name: &str, found: &str) {
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(name, found);
    });
}

const CLAIM: &str = "individual-neurons";
/// After two supporting studies, before the disputing one.
const AT_A_DATE: &str = "2026-03-06";

#[test]
fn show_follows_the_page_from_top_to_bottom() {
    let desk = Desk::new();
    holds("show-80", &desk.answer(80, &["show", CLAIM]));
    holds("show-140", &desk.answer(140, &["show", CLAIM]));
    holds("show-40", &desk.answer(40, &["show", CLAIM]));
    holds("show-trace", &desk.answer(100, &["show", CLAIM, "--trace"]));
    holds(
        "show-colour",
        &desk.answer(80, &["show", CLAIM, "--color", "always"]),
    );
}

#[test]
fn an_old_state_says_so_and_what_is_not_assessed_is_a_dash() {
    let desk = Desk::new();
    holds(
        "show-as-of",
        &desk.answer(80, &["show", CLAIM, "--as-of", AT_A_DATE]),
    );
    let early = ["show", CLAIM, "--as-of", "2026-03-04T10:00:00Z"];
    holds("show-assumed-and-partial", &desk.answer(80, &early));
    holds(
        "show-without-evidence",
        &desk.answer(80, &["show", CLAIM, "--as-of", "@4"]),
    );
    holds(
        "show-effective",
        &desk.answer(80, &["show", CLAIM, "--effective", "2022"]),
    );
    holds(
        "show-version",
        &desk.answer(80, &["show", CLAIM, "--version", "1"]),
    );
}

#[test]
fn every_kind_of_subject_has_a_page() {
    let desk = Desk::new();
    for (name, subject) in [
        ("artifact", "toy"),
        ("agent", "agent/curator"),
        ("context", "small"),
        ("view", "strict"),
        ("ledger", "ledger"),
    ] {
        holds(
            &format!("show-{name}"),
            &desk.answer(80, &["show", subject]),
        );
        let json = desk.json(&["show", subject]);
        assert_eq!(
            (&json["schema"], &json["subject_kind"]),
            (&"grounds.show/1".into(), &name.into())
        );
    }
}

#[test]
fn lists_and_logs_are_words_in_lines() {
    let desk = Desk::new();
    holds("list", &desk.answer(80, &["list"]));
    holds(
        "list-140",
        &desk.answer(140, &["list", "--sort", "cont", "--status", "contested"]),
    );
    holds(
        "list-nothing",
        &desk.answer(80, &["list", "--search", "zebra"]),
    );
    holds(
        "list-before-genesis",
        &desk.answer(80, &["list", "--as-of", "2020"]),
    );
    holds("log", &desk.answer(80, &["log"]));
    holds(
        "log-of-claim",
        &desk.answer(100, &["log", CLAIM, "-n", "3"]),
    );
    let asked = [
        "log",
        "--author",
        "curator",
        "--since",
        "2026-03-07",
        "--type",
        "claim",
    ];
    holds("log-asked", &desk.answer(80, &asked));
    holds(
        "replay",
        &desk.answer(80, &["replay", "--as-of", AT_A_DATE]),
    );
}

#[test]
fn a_figure_is_explained_and_a_change_is_attributed() {
    let desk = Desk::new();
    holds("why", &desk.answer(80, &["why", CLAIM, "contestation"]));
    let early = ["why", CLAIM, "supp", "--as-of", "2026-03-04T10:00:00Z"];
    holds("why-assumed-and-partial", &desk.answer(80, &early));
    holds(
        "why-not-assessed",
        &desk.answer(80, &["why", CLAIM, "scope", "--as-of", AT_A_DATE]),
    );
    holds("blame", &desk.answer(80, &["blame", CLAIM]));
    holds("impact-artifact", &desk.answer(80, &["impact", "toy"]));
    holds(
        "impact-agent",
        &desk.answer(80, &["impact", "agent/curator"]),
    );
    let key = "SHA256:NYyo6R7htKGbLuuCPM0qIcJIdYwYPR7jkx/QEJgTels";
    holds("impact-key", &desk.answer(80, &["impact", key]));
    let dates = ["diff", CLAIM, "--from", AT_A_DATE, "--to", "2026-03-08"];
    holds("diff", &desk.answer(80, &dates));
    let years = [
        "diff",
        CLAIM,
        "--clock",
        "effective",
        "--from",
        "2022",
        "--to",
        "2024",
    ];
    holds("diff-effective", &desk.answer(80, &years));
    holds(
        "bisect",
        &desk.answer(80, &["bisect", CLAIM, "contestation > 0.5"]),
    );
    holds(
        "bisect-never",
        &desk.answer(80, &["bisect", CLAIM, "support > 0.9"]),
    );
    holds("cite", &desk.answer(80, &["cite", CLAIM]));
    holds(
        "cite-bibtex",
        &desk.answer(80, &["cite", CLAIM, "--format", "bibtex"]),
    );
    holds(
        "cite-csl",
        &desk.answer(80, &["cite", CLAIM, "--format", "csl"]),
    );
}

#[test]
fn a_mistake_says_what_was_found_and_what_to_do_next() {
    let desk = Desk::new();
    let mistakes: [(&[&str], i32); 13] = [
        (&["show", "nothing-like-it"], 6),
        (
            &["show", "individual-neurons-rarely-encode-singel-concepts"],
            6,
        ),
        (&["show", "s"], 6),
        (&["show", CLAIM, "--as-of", "2026-03-03T10:00:00Z"], 6),
        (&["show", CLAIM, "--as-of", "yesterday"], 2),
        (&["show", CLAIM, "--as-of", "@99"], 6),
        (&["show", CLAIM, "--effective", "@4"], 2),
        (&["show", CLAIM, "--version", "2"], 6),
        (&["show", CLAIM, "--model", "tarot"], 2),
        (&["why", CLAIM, "truth"], 2),
        (&["list", "--status", "shiny"], 2),
        (&["log", "--type", "gossip"], 2),
        (&["bisect", CLAIM, "support is low"], 2),
    ];
    let mut all = String::new();
    for (arguments, code) in mistakes {
        let output = desk.run(80, arguments);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{arguments:?}: {output:?}"
        );
        assert!(output.stdout.is_empty(), "{arguments:?}");
        all.push_str(&desk.answer(80, arguments));
        let mut json = arguments.to_vec();
        json.push("--json");
        let output = desk.run(80, &json);
        assert_eq!(output.status.code(), Some(code));
        let error: Value = serde_json::from_slice(&output.stderr).unwrap();
        assert!(error["error"]["code"].is_string() && error["error"]["hint"].is_string());
    }
    holds("mistakes", &all);
    // What clap refuses is said in the same way.
    let output = desk.run(80, &["show", "--json"]);
    assert_eq!(output.status.code(), Some(2));
    let error: Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!(error["error"]["code"], "usage");
}

/// The words of the reference page, one space between them and none before a percent sign.
fn words(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").replace(" %", "%")
}

#[test]
fn everything_that_the_reference_page_says_is_shown_in_its_words() {
    let page = include_str!("../fixtures/claim-page.txt");
    for columns in [60, 80, 140] {
        let shown = words(&Desk::new().text(columns, &["show", CLAIM, "--trace"]));
        let mut from = 0;
        for line in page.lines().map(words).filter(|line| !line.is_empty()) {
            assert!(shown.contains(&line), "{columns}: {line}\nin {shown}");
            // Sections come in the page's order.
            if [
                "summary",
                "trust profile",
                "scope",
                "attestations",
                "domains",
                "view status",
            ]
            .contains(&line.as_str())
            {
                from += shown[from..].find(&line).expect("in this order");
            }
        }
    }
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    let desk = Desk::new();
    for columns in [60, 80, 140] {
        for arguments in [
            vec!["show", CLAIM, "--trace"],
            vec!["show", CLAIM, "--as-of", "2026-03-04T10:00:00Z"],
            vec!["show", CLAIM, "--as-of", "@4"],
            vec!["list"],
            vec!["log"],
            vec!["why", CLAIM, "frontier"],
            vec!["blame", CLAIM],
            vec!["impact", "toy"],
            vec!["diff", CLAIM, "--from", "2026-03-04"],
            vec!["replay"],
            vec!["show", "ledger"],
            vec!["show", "agent/curator"],
        ] {
            for line in desk.text(columns, &arguments).lines() {
                let width = line.chars().count();
                assert!(
                    width <= columns,
                    "{arguments:?} at {columns}: {width}: {line}"
                );
            }
        }
    }
}

#[test]
fn show_as_json_has_the_figures_of_the_worked_example() {
    let json = Desk::new().json(&["show", CLAIM]);
    // The design's worked example, in ppm.
    let expected = serde_json::json!({
        "evid": 715_909, "repl": 548_333, "cons": 484_499, "meth": 713_804, "cred": 823_893,
        "scop": 450_000, "brdg": 218_932, "cont": 581_955, "supp": 596_213, "fron": 438_796,
        "stab": 499_803,
    });
    assert_eq!(json["profile"]["figures"], expected);
    assert_eq!(json["profile"]["model"], "claim_support_vector@v1.0");
    assert_eq!(
        json["profile"]["computed_at"],
        "2026-03-09T19:58:00.000000Z"
    );
    assert_eq!(json["profile"]["assumed"], serde_json::json!([]));
    assert_eq!(json["profile"]["coverage"]["supp"]["whole"], 10);
    assert_eq!(json["trace"]["inputs"]["supporting_edges"], 2);
}

#[test]
fn every_schema_that_is_printed_is_documented() {
    let desk = Desk::new();
    let documented = include_str!("../../docs/JSON.md");
    for arguments in [
        vec!["show", CLAIM],
        vec!["list"],
        vec!["log"],
        vec!["why", CLAIM, "supp"],
        vec!["blame", CLAIM],
        vec!["impact", "toy"],
        vec!["diff", CLAIM, "--from", AT_A_DATE],
        vec!["replay"],
        vec!["replay", "--out", "out"],
        vec!["bisect", CLAIM, "supp > 0"],
        vec!["cite", CLAIM],
    ] {
        let json = desk.json(&arguments);
        let schema = json["schema"].as_str().unwrap();
        assert!(documented.contains(&format!("`{schema}`")), "{schema}");
        for field in json.as_object().unwrap().keys() {
            assert!(
                documented.contains(&format!("`{field}`")),
                "{schema}: {field}"
            );
        }
        assert_eq!(json["head"]["size"], 16, "{schema}");
    }
}

#[test]
fn a_replay_fills_a_new_folder_and_leaves_a_full_one_alone() {
    let desk = Desk::new();
    let written = desk.run(80, &["replay", "--as-of", AT_A_DATE, "--out", "at"]);
    assert_eq!(written.status.code(), Some(0));
    let read = |name: &str| -> Value {
        serde_json::from_slice(&fs::read(desk.home.path().join("at").join(name)).unwrap()).unwrap()
    };
    let index = read("_index.json");
    assert_eq!(index["schema"], "grounds.replay.index/1");
    let file = index["claims"][0]["file"].as_str().unwrap().to_owned();
    let claim = read(&file);
    assert_eq!(claim["schema"], "grounds.replay.claim/1");
    assert_eq!(claim["status"]["standing"], "tested");
    let before = files(&desk.home.path().join("at"));
    assert_eq!(
        desk.run(80, &["replay", "--out", "at"]).status.code(),
        Some(1)
    );
    assert_eq!(files(&desk.home.path().join("at")), before);
}

/// The files below a folder and their bytes.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        match entry.path().is_dir() {
            true => found.extend(files(&entry.path())),
            false => drop(found.insert(entry.path(), fs::read(entry.path()).unwrap())),
        }
    }
    found
}

#[test]
fn reading_writes_nothing_into_the_ledger() {
    let desk = Desk::new();
    let before = files(&desk.ledger);
    for arguments in [
        vec!["show", CLAIM],
        vec!["list"],
        vec!["log"],
        vec!["replay"],
    ] {
        desk.text(80, &arguments);
    }
    assert_eq!(files(&desk.ledger), before);
    assert_eq!(files(&desk.cache()).len(), 1);
}

/// What the commands that use the cache print.
fn cached(desk: &Desk) -> Vec<Output> {
    let all: [&[&str]; 6] = [
        &["show", CLAIM, "--trace"],
        &["show", CLAIM, "--json"],
        &["list", "--sort", "-cont"],
        &["list", "--json"],
        &["show", "nothing-like-it"],
        &["show", "s"],
    ];
    all.iter()
        .map(|arguments| desk.run(80, arguments))
        .collect()
}

#[test]
fn answers_are_the_same_bytes_with_a_cold_a_warm_and_a_foreign_cache() {
    let desk = Desk::new();
    let cold = Desk::new().run(80, &["show", CLAIM, "--trace"]);
    desk.run(80, &["show", CLAIM]);
    let warm = cached(&desk);
    assert_eq!(warm[0], cold);
    for (place, arguments) in [
        (1, vec!["show", CLAIM, "--json"]),
        (2, vec!["list", "--sort", "-cont"]),
        (3, vec!["list", "--json"]),
        (4, vec!["show", "nothing-like-it"]),
        (5, vec!["show", "s"]),
    ] {
        assert_eq!(
            warm[place],
            Desk::new().run(80, &arguments),
            "{arguments:?}"
        );
    }
    // A snapshot of another head, under the name of this one.
    let (path, bytes) = files(&desk.cache()).pop_first().unwrap();
    let text = String::from_utf8(bytes).unwrap();
    fs::write(&path, text.replacen("\n16\n", "\n15\n", 1)).unwrap();
    assert_eq!(cached(&desk), warm);
    // Something else altogether; an empty file; a folder in its place.
    for other in [&b"not a snapshot"[..], b""] {
        fs::write(&path, other).unwrap();
        assert_eq!(cached(&desk), warm);
    }
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert_eq!(cached(&desk), warm);
}

#[test]
fn a_snapshot_with_any_byte_changed_or_cut_off_says_the_same_or_nothing() {
    let ledger = Ledger::open(&reference::folder(), None).unwrap();
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    Snapshot::keep(&ledger, folder).unwrap();
    let (path, whole) = files(folder).pop_first().unwrap();
    let slug: Slug = "individual-neurons-rarely-encode-single-concepts"
        .parse()
        .unwrap();
    let head = newest_head(&reference::folder()).unwrap();
    let read = || {
        let mut snapshot = Snapshot::open(folder, head.clone())?;
        Some((snapshot.subjects(), snapshot.page(&slug), snapshot.rows()))
    };
    let (subjects, page, rows) = read().expect("it was just kept");
    assert!(page.is_some() && rows.is_some());
    let mut unread = 0;
    for place in 0..whole.len() {
        let mut changed = whole.clone();
        changed[place] ^= 1 << (place % 8);
        fs::write(&path, &changed).unwrap();
        let Some(found) = read() else {
            unread += 1;
            continue;
        };
        assert_eq!(found.0, subjects, "byte {place}");
        assert!(found.1.is_none() || found.1 == page, "byte {place}");
        assert!(found.2.is_none() || found.2 == rows, "byte {place}");
        assert!(
            found.1.is_none() || found.2.is_none(),
            "byte {place} is in neither"
        );
    }
    assert!(
        unread > 0,
        "the header and the directory are held against something"
    );
    for length in (0..whole.len()).step_by(7) {
        fs::write(&path, &whole[..length]).unwrap();
        let found = read();
        assert!(
            found.is_none_or(|found| found.1.is_none() || found.2.is_none()),
            "{length} bytes"
        );
    }
}

#[test]
fn old_snapshots_of_the_ledger_are_removed() {
    let desk = Desk::new();
    fs::create_dir_all(desk.cache()).unwrap();
    let old = desk.cache().join(format!("15-{}.snapshot", "0".repeat(64)));
    fs::write(&old, "old").unwrap();
    desk.text(80, &["show", CLAIM]);
    assert!(!old.exists());
    assert_eq!(files(&desk.cache()).len(), 1);
}

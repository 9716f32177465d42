//! Commands: what a person reads when custody is checked, proofs are made and data comes and goes.
//!
//! The answers are kept as snapshots: a change of a word is seen before it is made.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use grounds::tlog::{Checkpoint, NoteSigner};

use crate::lab::{EVENTS, everything, lines, log_key, put_lines, tree_of, vkey};
use crate::reference::{self, build::ORIGIN};

const CLAIM: &str = "individual-neurons-rarely-encode-single-concepts";

/// A desk with a copy of the reference ledger, and its published keys in a configuration of its own.
struct Desk {
    folder: tempfile::TempDir,
}

struct Answer {
    code: i32,
    out: String,
    err: String,
}

impl Desk {
    fn empty() -> Desk {
        Desk {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn reference() -> Desk {
        let desk = Desk::empty();
        for name in [
            "checkpoint",
            EVENTS,
            "tile/0/000.p/16",
            "tile/entries/000.p/16",
        ] {
            let to = desk.ledger().join(name);
            std::fs::create_dir_all(to.parent().unwrap()).unwrap();
            std::fs::copy(reference::folder().join(name), to).unwrap();
        }
        desk
    }

    /// With the log's key and the curator's, so that it can be written to.
    fn of_its_operator() -> Desk {
        let desk = Desk::reference();
        let config = desk.path("config").join(ORIGIN.replace('/', "%2F"));
        std::fs::create_dir_all(&config).unwrap();
        for (name, path) in [
            ("log", config.join("log.key")),
            ("curator", desk.path("curator.key")),
        ] {
            let key = reference::build::key(name);
            std::fs::write(&path, key.to_openssh(name).as_bytes()).unwrap();
            private(&path);
        }
        desk
    }

    /// With a new ledger of one steward, of an origin of its own.
    fn founded() -> Desk {
        let desk = Desk::empty();
        let words = [
            "init",
            "--origin",
            "claims.example/lab",
            "--name",
            "First curator",
        ];
        let answer = desk.run(&words);
        assert_eq!(answer.code, 0, "{}", answer.err);
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn ledger(&self) -> PathBuf {
        self.path("ledger")
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), bytes).unwrap();
    }

    fn run(&self, words: &[&str]) -> Answer {
        let output = Command::new(env!("CARGO_BIN_EXE_grounds"))
            .args(words)
            .current_dir(self.folder.path())
            .env("GROUNDS_CONFIG", self.path("config"))
            .env("GROUNDS_CACHE", self.path("cache"))
            .env("TMPDIR", self.folder.path())
            .env("COLUMNS", "100")
            .env_remove("SSH_AUTH_SOCK")
            .env_remove("GROUNDS_LEDGER")
            .env_remove("GROUNDS_PASSPHRASE")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        Answer {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Commands one after the other, as a terminal would show them.
    fn shown(&self, commands: &[&[&str]]) -> String {
        let mut text = String::new();
        for words in commands {
            let answer = self.run(words);
            text.push_str(&format!("$ grounds {}\n{}", words.join(" "), answer.out));
            for line in answer.err.lines() {
                text.push_str(&format!("[stderr] {line}\n"));
            }
            text.push_str(&format!("[exit {}]\n\n", answer.code));
        }
        self.masked(&text)
    }

    /// What differs from run to run: the folder, the time it took.
    fn masked(&self, text: &str) -> String {
        let folder = self.folder.path().display().to_string();
        let text = text.replace(&folder, "[DIR]");
        let lines = text
            .lines()
            .map(|line| match (line.find(", in "), line.find(" a second)")) {
                (Some(from), Some(to)) if from < to => {
                    format!("{}, in [TIME]{}", &line[..from], &line[to + 10..])
                }
                _ => line.to_owned(),
            });
        lines.collect::<Vec<_>>().join("\n") + "\n"
    }
}

fn private(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

fn other_vkey() -> String {
    let seed = reference::build::key("another log").seed();
    let key = ed25519_dalek::SigningKey::from_bytes(&seed);
    NoteSigner::new(ORIGIN, key).unwrap().verifier().to_string()
}

/// The head of the first entries of the reference ledger.
fn older_head(size: usize) -> Vec<u8> {
    crate::lab::head(&tree_of(&lines(&reference::folder())[..size]))
}

// --- verify --------------------------------------------------------------------------------------

#[test]
fn verify_says_how_much_holds_and_by_whose_key() {
    let desk = Desk::reference();
    let (right, wrong) = (vkey().to_string(), other_vkey());
    let shown = desk.shown(&[
        &["verify", "--vkey", &right],
        &["verify"],
        &["verify", "--vkey", &wrong],
        &["verify", "--vkey", "junk"],
        &["verify", "--ledger", "nowhere"],
    ]);
    insta::assert_snapshot!(shown);
}

#[test]
fn verify_from_an_older_head_holds_and_from_a_newer_one_is_a_rollback() {
    let desk = Desk::reference();
    desk.write("older", older_head(10));
    let mut forked = tree_of(&lines(&reference::folder())[..9]);
    forked.push(grounds::tlog::leaf_hash(b"another entry"));
    desk.write("forked", crate::lab::head(&forked));
    let newer = Checkpoint {
        origin: ORIGIN.to_owned(),
        size: 20,
        root: grounds::hash::Hash::of(b"newer"),
    };
    desk.write("newer", newer.sign(&log_key()).unwrap());
    desk.write("junk", "junk\n");
    let shown = desk.shown(&[
        &["verify", "--from", "older"],
        &["verify", "--from", "newer"],
        &["verify", "--from", "forked"],
        &["verify", "--from", "junk"],
        &["verify", "--from", "missing"],
    ]);
    insta::assert_snapshot!(shown);
}

/// A word of the note to the tenth entry, changed.
fn damage(desk: &Desk) {
    let mut all = lines(&desk.ledger());
    all[9] = all[9].replacen("Two studies", "Ten studies", 1);
    assert_ne!(all, lines(&desk.ledger()));
    std::fs::write(
        desk.ledger().join(EVENTS),
        all.join(
            "
",
        ) + "
",
    )
    .unwrap();
}

#[test]
fn verify_names_what_is_damaged() {
    let desk = Desk::reference();
    damage(&desk);
    let shown = desk.shown(&[&["verify"], &["verify", "--json"]]);
    insta::assert_snapshot!(shown);
}

#[test]
fn verify_as_json() {
    let desk = Desk::reference();
    insta::assert_snapshot!(desk.shown(&[&["verify", "--json"]]));
}

/// A court has the first appraisal withheld.
fn withhold(desk: &Desk) {
    let mut all = lines(&desk.ledger());
    let leaf = grounds::tlog::leaf_hash(all[6].as_bytes());
    all[6] = format!("{{\"leaf\":\"{leaf}\",\"withheld\":\"By order of a court\"}}");
    std::fs::write(desk.ledger().join(EVENTS), all.join("\n") + "\n").unwrap();
}

#[test]
fn verify_cannot_tell_where_an_entry_is_withheld() {
    let desk = Desk::reference();
    withhold(&desk);
    insta::assert_snapshot!(desk.shown(&[&["verify"]]));
}

#[test]
fn verify_says_that_the_signer_signed_more_or_that_its_state_cannot_be_read() {
    let desk = Desk::of_its_operator();
    let state = desk
        .path("config")
        .join(ORIGIN.replace('/', "%2F"))
        .join("log.state");
    let root = tree_of(&lines(&desk.ledger())).root();
    std::fs::write(&state, format!("{{\"root\":\"{root}\",\"size\":17}}\n")).unwrap();
    let rolled_back = desk.shown(&[
        &["verify"],
        &["note", CLAIM, "-m", "Read.", "--key", "curator.key"],
    ]);
    std::fs::write(&state, "").unwrap();
    let unreadable = desk.shown(&[
        &["verify"],
        &["note", CLAIM, "-m", "Read.", "--key", "curator.key"],
    ]);
    insta::assert_snapshot!(rolled_back + &unreadable);
}

// --- prove and check -----------------------------------------------------------------------------

#[test]
fn prove_writes_a_proof_for_somebody_who_has_neither() {
    let desk = Desk::reference();
    let shown = desk.shown(&[
        &["prove", "@14"],
        &["prove", "@14.0", "-o", "a.tlog-proof"],
        &["prove", "@14", "--json"],
        &["prove", "@99"],
        &["prove", "@7.5"],
        &["prove", "2026-03"],
        &["prove", "abcdef"],
        &["prove", "what"],
    ]);
    insta::assert_snapshot!(shown);
}

#[test]
fn check_says_of_what_a_proof_is_one() {
    let desk = Desk::reference();
    assert_eq!(desk.run(&["prove", "@14", "-o", "a.tlog-proof"]).code, 0);
    let (right, wrong) = (vkey().to_string(), other_vkey());
    let whole = std::fs::read(desk.path("a.tlog-proof")).unwrap();
    desk.write("truncated", &whole[..whole.len() / 2]);
    desk.write("junk", "junk\n");
    desk.write("empty", "");
    let text = String::from_utf8(whole).unwrap();
    let extra = text
        .lines()
        .find(|line| line.starts_with("extra "))
        .unwrap();
    desk.write("bare", text.replace(&format!("{extra}\n"), ""));
    let shown = desk.shown(&[
        &["check", "a.tlog-proof", "--claim", CLAIM, "--vkey", &right],
        &[
            "check",
            "a.tlog-proof",
            "--entry",
            "@14",
            "--vkey",
            &right,
            "--json",
        ],
        &[
            "check",
            "a.tlog-proof",
            "--claim",
            "another",
            "--vkey",
            &right,
        ],
        &["check", "a.tlog-proof", "--entry", "@13", "--vkey", &right],
        &["check", "a.tlog-proof", "--claim", CLAIM, "--vkey", &wrong],
        &["check", "a.tlog-proof", "--claim", CLAIM],
        &["check", "a.tlog-proof", "--vkey", &right],
        &["check", "truncated", "--claim", CLAIM, "--vkey", &right],
        &["check", "junk", "--claim", CLAIM, "--vkey", &right],
        &["check", "empty", "--claim", CLAIM, "--vkey", &right],
        &["check", "bare", "--claim", CLAIM, "--vkey", &right],
        &["check", "missing", "--claim", CLAIM, "--vkey", &right],
    ]);
    insta::assert_snapshot!(shown);
}

// --- export and import ---------------------------------------------------------------------------

#[test]
fn export_writes_one_event_a_line() {
    let desk = Desk::reference();
    let shown = desk.shown(&[
        &["export", "jsonl", "context/small-toy-models"],
        &["export", "jsonl", "context/small-toy-models", "--acts"],
        &["export", "jsonl", "no-such-claim"],
        &["export", "jsonl", "-o", "events.jsonl"],
        &["export", "jsonl", "-o", "events.jsonl"],
        &["export", "xml"],
    ]);
    let exported = std::fs::read_to_string(desk.path("events.jsonl")).unwrap();
    assert_eq!(exported.lines().count(), 21, "all events");
    insta::assert_snapshot!(shown);
}

const FRED: &str = r#"effect_id,doi_o,title_o,author_o,year_o,study_o,ref_o,doi_r,title_r,author_r,year_r,url_r,ref_r,author_overlap,discipline,description,claim_text_o,claim_page_o,reported_success,reported_success_quote,n_o
1,10.1000/orig,Sex differences in behavior,"[{""given"":""Alice H."",""family"":""Eagly""}]",1999,1,"Eagly, A. H. (1999). Sex differences in behavior.",10.1000/repl,Are sex differences smaller?,"[{""given"":""Lingshan"",""family"":""Zhang""}]",2018,,"Zhang, L. (2018). Are sex differences smaller?",0,Social Psychology,Women weigh earning capacity more than men do,These correlations are generally supportive.,11,failed,We found little evidence.,33
2,10.1000/orig,Sex differences in behavior,"[{""given"":""Alice H."",""family"":""Eagly""}]",1999,1,"Eagly, A. H. (1999). Sex differences in behavior.",10.1000/again,Once more,"[{""given"":""Ana"",""family"":""Ruiz""}]",2020,,"Ruiz, A. (2020). Once more.",,Social Psychology,Women weigh earning capacity more than men do,These correlations are generally supportive.,11,successful,It was found again.,33
3,10.1000/orig,Sex differences in behavior,"[{""given"":""Alice H."",""family"":""Eagly""}]",1999,1,"Eagly, A. H. (1999). Sex differences in behavior.",,,,,,,0,Social Psychology,Women weigh earning capacity more than men do,These correlations are generally supportive.,11,failed,Nothing names the replication.,33
"#;

#[test]
fn import_says_what_is_new_and_brings_nothing_twice() {
    let desk = Desk::founded();
    desk.write("fred.csv", FRED);
    desk.write("broken.csv", "effect_id,doi_o\n1\n");
    desk.write("binary.csv", b"\xff\xfe\x00");
    let shown = desk.shown(&[
        &["import", "fred", "fred.csv", "--dry-run", "--rows"],
        &["import", "fred", "fred.csv"],
        &["import", "fred", "fred.csv"],
        &["import", "fred", "broken.csv"],
        &["import", "fred", "binary.csv"],
        &["import", "fred", "missing.csv"],
        &["import", "csv", "fred.csv"],
        &["import", "jsonl", "fred.csv"],
        &["import", "jsonl", "fred.csv", "--mapping", "fred.csv"],
    ]);
    assert_eq!(desk.run(&["verify"]).code, 0);
    insta::assert_snapshot!(shown);
}

#[test]
fn a_csv_without_its_columns_is_refused_by_their_name() {
    let desk = Desk::founded();
    desk.write("studies.csv", "id,what\n1,It is so\n");
    desk.write("junk.yaml", "statment: what\n");
    let shown = desk.shown(&[
        &["import", "csv", "studies.csv", "--mapping", "junk.yaml"],
        &["import", "csv", "studies.csv", "--mapping", "missing.yaml"],
    ]);
    insta::assert_snapshot!(shown);
}

#[test]
fn what_was_exported_as_acts_is_imported_into_another_ledger_once() {
    let from = Desk::reference();
    let claim = format!("claim/{CLAIM}");
    let mut acts = String::new();
    for subject in [
        "context/small-toy-models",
        "artifact/towards-monosemanticity",
        "artifact/toy-models-of-superposition",
        "artifact/scaling-monosemanticity",
        &claim,
    ] {
        acts += &from.run(&["export", "jsonl", subject, "--acts"]).out;
    }
    // Whoever asserts a claim may not attest to it: that is for another agent's import.
    let sent = |text: &str| -> Vec<String> {
        let lines = text.lines().map(str::to_owned);
        lines
            .filter(|line| !line.contains("attestation.made"))
            .collect()
    };
    let acts = sent(&acts).join("\n") + "\n";
    let to = Desk::founded();
    to.write("acts.jsonl", &acts);
    // A step of status and an appraisal are acts each time; what is there once stays once.
    let is_once = |line: &&str| !line.contains("status_changed") && !line.contains("appraised");
    let again: Vec<&str> = acts.lines().filter(is_once).collect();
    to.write("again.jsonl", again.join("\n") + "\n");
    let shown = to.shown(&[
        &["import", "jsonl", "acts.jsonl"],
        &["import", "jsonl", "again.jsonl"],
    ]);
    let back = to.run(&["export", "jsonl", &claim, "--acts"]).out;
    let original = from.run(&["export", "jsonl", &claim, "--acts"]).out;
    assert_eq!(back.lines().collect::<Vec<_>>(), sent(&original), "{shown}");
    assert_eq!(to.run(&["verify"]).code, 0);
    insta::assert_snapshot!(shown);
}

#[test]
fn an_import_needs_the_log_key_and_a_key_of_an_agent() {
    let desk = Desk::reference();
    desk.write("fred.csv", FRED);
    insta::assert_snapshot!(desk.shown(&[&["import", "fred", "fred.csv"]]));
}

// --- for shells, for man, for whoever is new -----------------------------------------------------

#[test]
fn completions_know_every_command() {
    let desk = Desk::empty();
    let answer = desk.run(&["completions", "bash"]);
    assert_eq!((answer.code, answer.err.as_str()), (0, ""));
    for word in [
        "verify", "prove", "check", "export", "import", "demo", "--vkey",
    ] {
        assert!(answer.out.contains(word), "{word}");
    }
    desk.write("completions.bash", &answer.out);
    let parsed = Command::new("bash")
        .arg("-n")
        .arg(desk.path("completions.bash"))
        .status()
        .unwrap();
    assert!(parsed.success(), "bash reads it");
    insta::assert_snapshot!(desk.shown(&[&["completions", "tcsh"]]));
}

#[test]
fn man_writes_a_page_a_command_into_a_folder() {
    let desk = Desk::empty();
    let shown = desk.shown(&[&["man", "man1"]]);
    assert_eq!(
        shown,
        "$ grounds man man1\n[stderr] man pages in man1\n[exit 0]\n\n"
    );
    let pages: Vec<String> = std::fs::read_dir(desk.path("man1"))
        .unwrap()
        .map(|page| page.unwrap().file_name().into_string().unwrap())
        .collect();
    for page in ["grounds.1", "grounds-verify.1", "grounds-import.1"] {
        assert!(pages.iter().any(|name| name == page), "{page}: {pages:?}");
    }
    let main = std::fs::read_to_string(desk.path("man1/grounds.1")).unwrap();
    assert!(
        main.contains("cannot tell"),
        "exit codes are in the man page"
    );
}

#[test]
fn the_demo_does_the_main_job_in_one_go() {
    let desk = Desk::empty();
    let answer = desk.run(&["demo", "--dir", "copy"]);
    assert_eq!(answer.code, 0, "{}{}", answer.out, answer.err);
    for said in [
        "$ grounds verify",
        "everything holds",
        "$ grounds show",
        "$ grounds attest",
        "recorded as @17",
        "$ grounds diff",
        "$ grounds why",
        "$ grounds replay --as-of 2026-03-06",
        "$ grounds prove @17",
        "✓ an event of claim/individual-neurons",
        "Go on from here",
    ] {
        assert!(answer.out.contains(said), "{said}\n{}", answer.out);
    }
    // What it points to next works.
    for words in [["list"], ["log"], ["verify"]] {
        let again = desk.run(&[&words[..], &["--ledger", "copy/ledger"]].concat());
        assert_eq!(again.code, 0, "{words:?} {}", again.err);
    }
    let shown = desk.shown(&[&["demo", "--dir", "copy"]]);
    insta::assert_snapshot!(shown);
}

#[test]
fn the_demo_as_json_is_json_documents_alone() {
    let desk = Desk::empty();
    let answer = desk.run(&["demo", "--json", "--dir", "copy"]);
    assert_eq!(answer.code, 0, "{}{}", answer.out, answer.err);
    let documents: Result<Vec<serde_json::Value>, _> =
        serde_json::Deserializer::from_str(&answer.out)
            .into_iter()
            .collect();
    let documents = documents.expect("nothing but JSON");
    let schemas: Vec<String> = documents
        .iter()
        .map(|document| document["schema"].as_str().unwrap_or("none").to_owned())
        .collect();
    let mut told = schemas.iter();
    for verb in ["verify", "show", "diff", "why", "replay", "prove", "check"] {
        let schema = format!("grounds.{verb}/1");
        assert!(told.any(|own| *own == schema), "{schema}: {schemas:?}");
    }
}

#[test]
fn an_unknown_command_is_bad_usage_and_help_lists_the_exit_codes() {
    let desk = Desk::empty();
    let shown = desk.shown(&[&["verfy"], &["--help"]]);
    let words: Vec<&str> = shown.split_whitespace().collect();
    let codes = words.iter().position(|word| *word == "codes:").unwrap();
    for code in 0..=7 {
        assert!(
            words[codes..].contains(&code.to_string().as_str()),
            "{code}"
        );
    }
    insta::assert_snapshot!(shown);
}

// --- exit codes ----------------------------------------------------------------------------------

#[test]
fn every_exit_code_is_reached_by_what_it_is_for() {
    let right = vkey().to_string();
    let intact = Desk::reference();
    let fails = Desk::reference();
    // The log's own operator drops an entry and signs the rest.
    let mut fewer = lines(&fails.ledger());
    fewer.remove(9);
    put_lines(&fails.ledger(), &fewer);
    let damaged = Desk::reference();
    damage(&damaged);
    let withheld = Desk::reference();
    withhold(&withheld);
    let operator = Desk::of_its_operator();
    let request = [
        "note",
        CLAIM,
        "-m",
        "First.",
        "--key",
        "curator.key",
        "--out",
        "first.json",
    ];
    assert_eq!(operator.run(&request).code, 0);
    let moved_on = ["note", CLAIM, "-m", "Second.", "--key", "curator.key"];
    assert_eq!(operator.run(&moved_on).code, 0);
    let table: [(&Desk, &[&str], i32, &str); 14] = [
        (&intact, &["verify"], 0, "done"),
        (
            &intact,
            &["list", "--domain", "none"],
            0,
            "an empty list is one",
        ),
        (&fails, &["verify"], 1, "verification failed"),
        (
            &intact,
            &["verify", "--vkey", &other_vkey()],
            1,
            "another log",
        ),
        (
            &intact,
            &[
                "check",
                "ledger/checkpoint",
                "--entry",
                "@1",
                "--vkey",
                &right,
            ],
            1,
            "no proof",
        ),
        (&intact, &["verify", "--such"], 2, "bad usage"),
        (&intact, &["verfy"], 2, "no such command"),
        (&damaged, &["verify"], 3, "damaged"),
        (&intact, &["verify", "--from", "missing"], 4, "no such file"),
        (
            &operator,
            &["submit", "first.json"],
            5,
            "the stream moved on",
        ),
        (&intact, &["show", "no-such-claim"], 6, "no such claim"),
        (&intact, &["verify", "--ledger", "nowhere"], 6, "no ledger"),
        (&withheld, &["verify"], 7, "an entry is withheld"),
        (
            &intact,
            &["check", "ledger/checkpoint", "--entry", "@1"],
            7,
            "no key",
        ),
    ];
    let mut reached = std::collections::BTreeSet::new();
    for (desk, words, code, why) in table {
        for json in [false, true] {
            let words = match json {
                true => [words, &["--json"]].concat(),
                false => words.to_vec(),
            };
            let answer = desk.run(&words);
            assert_eq!(
                answer.code, code,
                "{why}: {words:?}\n{}{}",
                answer.out, answer.err
            );
        }
        reached.insert(code);
    }
    assert_eq!(reached, (0..=7).collect());
}

// --- reading writes nothing ----------------------------------------------------------------------

#[test]
fn commands_that_read_write_nothing_into_the_folder_even_where_they_could_not() {
    let desk = Desk::reference();
    let set = |mode: &str| {
        let done = Command::new("chmod")
            .args(["-R", mode])
            .arg(desk.ledger())
            .status();
        assert!(done.unwrap().success());
    };
    set("a-w");
    let before = everything(&desk.ledger());
    let commands: [&[&str]; 12] = [
        &["verify"],
        &["show", CLAIM],
        &["list"],
        &["log"],
        &["why", CLAIM, "support"],
        &["blame", CLAIM],
        &["diff", CLAIM, "--from", "@5", "--to", "@15"],
        &["replay", "--as-of", "2026-03-06"],
        &["cite", CLAIM],
        &["prove", "@14"],
        &["export", "jsonl"],
        &["impact", "artifact/scaling-monosemanticity"],
    ];
    for words in commands {
        let answer = desk.run(words);
        assert_eq!(answer.code, 0, "{words:?}\n{}", answer.err);
    }
    assert_eq!(everything(&desk.ledger()), before);
    set("u+w");
}

/// What differs from run to run of what is signed anew: ids, keys, signatures, dates and times.
fn without_ids(text: &str) -> String {
    let mut masked = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let word = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "+/=:-.".contains(c)));
        let word = &rest[..word.unwrap_or(rest.len())];
        if word.is_empty() {
            masked.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        }
        masked.push_str(&masked_word(word));
        rest = &rest[word.len()..];
    }
    masked
}

fn masked_word(word: &str) -> String {
    let is_hex = |text: &str| text.len() >= 12 && text.bytes().all(|b| b.is_ascii_hexdigit());
    if let Some((before, _)) = word.split_once("SHA256:") {
        return format!("{before}SHA256:[KEY]");
    }
    if let Some((origin, _)) = word.split_once("lab+") {
        return format!("{origin}lab+[KEY]");
    }
    if word.starts_with("AAAA") || (word.len() > 60 && !word.contains('-') && !is_hex(word)) {
        return "[BASE64]".to_owned();
    }
    let parts: Vec<String> = word
        .split_inclusive(['-', '.', '/'])
        .map(|part| {
            let bare = part.trim_end_matches(['-', '.', '/']);
            if is_hex(bare) {
                part.replace(bare, "[ID]")
            } else {
                part.to_owned()
            }
        })
        .collect();
    let word = parts.concat();
    let is_date = word.len() >= 10
        && word.starts_with("20")
        && word.as_bytes()[4] == b'-'
        && word.as_bytes()[7] == b'-';
    let is_clock = word.len() == 5 && word.as_bytes()[2] == b':';
    match (is_date, is_clock) {
        (true, _) => "[DATE]".to_owned(),
        (_, true) => "[TIME]".to_owned(),
        _ => word,
    }
}

/// Every command that writes, in one session of a new ledger.
#[test]
fn the_writing_commands_say_what_they_did() {
    let desk = Desk::empty();
    let shown = desk.shown(&[
        &[
            "init",
            "--origin",
            "claims.example/lab",
            "--name",
            "First curator",
        ],
        &[
            "claim",
            "add",
            "Tea keeps people awake",
            "--domain",
            "Physiology",
        ],
        &[
            "evidence",
            "add",
            "tea",
            "--supports",
            "--doi",
            "10.1000/a",
            "--title",
            "A study",
            "--year",
            "2013",
            "--strength",
            "0.7",
            "--passage",
            "Sleep=0.8",
            "-m",
            "Sleep was shorter",
        ],
        &[
            "evidence",
            "revise",
            "tea",
            "a-study",
            "--strength",
            "0.75",
            "-m",
            "Read again",
        ],
        &[
            "artifact",
            "add",
            "Another study",
            "--kind",
            "report",
            "--label",
            "Example, 2014",
        ],
        &[
            "artifact",
            "appraise",
            "a-study",
            "--credibility",
            "0.8",
            "--methodology",
            "0.7",
            "--replication",
            "0.5",
        ],
        &[
            "artifact",
            "standing",
            "a-study",
            "concern",
            "-m",
            "A figure is doubted",
        ],
        &["context", "add", "Adults", "--kind", "population"],
        &[
            "claim",
            "scope",
            "tea",
            "--holds-in",
            "adults",
            "--breadth",
            "0.5",
        ],
        &[
            "claim",
            "status",
            "tea",
            "--lifecycle",
            "active",
            "--standing",
            "contested",
            "-m",
            "Under dispute",
        ],
        &["claim", "add", "Coffee keeps people awake"],
        &["claim", "link", "tea", "refines", "coffee"],
        &[
            "claim",
            "revise",
            "tea",
            "--summary",
            "Tea shortens sleep",
            "-m",
            "Said more exactly",
        ],
        &["note", "tea", "-m", "To be read again"],
        &[
            "view",
            "add",
            "--name",
            "Strict",
            "--description",
            "Only what has evidence",
            "--rule",
            "profile.evid == null => excluded: no evidence",
            "--otherwise",
            "included",
        ],
        &[
            "view",
            "add",
            "--name",
            "Broken",
            "--description",
            "x",
            "--rule",
            "claim.domains.all(d, true) => excluded: no",
            "--otherwise",
            "included",
        ],
        &[
            "agent",
            "add",
            "reader",
            "--name",
            "Second reader",
            "--reliability",
            "0.7",
            "--new-key",
            "reader.key",
        ],
        &["agent", "change", "reader", "--community", "readers"],
        &[
            "attest",
            "tea",
            "--verdict",
            "verifies",
            "--weight",
            "0.8",
            "-m",
            "Sound",
            "--key",
            "reader.key",
        ],
        &[
            "attest",
            "tea",
            "--verdict",
            "verifies",
            "--weight",
            "0.8",
            "-m",
            "Again",
            "--key",
            "reader.key",
        ],
        &[
            "attest",
            "tea",
            "--verdict",
            "verifies",
            "--weight",
            "0.8",
            "-m",
            "Mine",
        ],
        &[
            "attest",
            "withdraw",
            "tea",
            "-m",
            "On second thoughts",
            "--key",
            "reader.key",
        ],
        &["undo", "@7"],
        &["claim", "status", "tea", "--lifecycle", "merged", "-m", "x"],
        &["key", "new", "next.key"],
        &["key", "list"],
        &["steward", "adopt-model", "claim_support_vector@v1.0"],
        &["claim", "add", "Water does not", "--out", "water.json"],
        &["sign", "water.json", "--key", "reader.key", "--dry-run"],
        &["submit", "water.json"],
        &["submit", "water.json"],
        &["note", "tea", "-m", "nothing", "--dry-run"],
        &["note", "nowhere", "-m", "x"],
        &["evidence", "withdraw", "tea", "a-study", "-m", "Superseded"],
        &["verify"],
    ]);
    insta::assert_snapshot!(without_ids(&shown));
}

/// The registry and what the stewards may do, in one session.
#[test]
fn the_stewards_commands_say_what_they_did() {
    let desk = Desk::founded();
    desk.write(
        "events.yaml",
        "- subject: context/adults\n  type: context.defined\n  data: {name: Adults, kind: population}\n",
    );
    desk.write(
        "policy.json",
        include_bytes!("../../docs/policies/policy-shared.json"),
    );
    let shown = desk.shown(&[
        &["act", "--from", "events.yaml"],
        &["claim", "add", "Tea keeps people awake"],
        &["claim", "add", "Coffee keeps people awake"],
        &[
            "claim",
            "scope",
            "tea",
            "--fails-in",
            "adults",
            "--breadth",
            "0.5",
        ],
        &["claim", "unscope", "tea", "adults", "-m", "Too broad"],
        &["claim", "link", "tea", "refines", "coffee"],
        &["claim", "unlink", "tea", "coffee", "-m", "Not so"],
        &[
            "claim",
            "status",
            "tea",
            "--standing",
            "tested",
            "-m",
            "Tested",
        ],
        &["undo", "@8"],
        &[
            "view",
            "test",
            "--name",
            "Strict",
            "--description",
            "x",
            "--rule",
            "profile.evid == null => excluded: no evidence",
            "--otherwise",
            "included",
        ],
        &[
            "view",
            "add",
            "--name",
            "Strict",
            "--description",
            "x",
            "--rule",
            "profile.evid == null => excluded: no evidence",
            "--otherwise",
            "included",
        ],
        &[
            "view",
            "change",
            "strict",
            "--name",
            "Stricter",
            "--description",
            "y",
            "--rule",
            "profile.evid == null => excluded: no evidence",
            "--otherwise",
            "downweighted",
        ],
        &[
            "agent",
            "add",
            "reader",
            "--name",
            "Second reader",
            "--new-key",
            "reader.key",
        ],
        &["key", "prove", "--agent", "reader", "--key", "reader.key"],
        &["key", "add", "--new-key", "laptop.key"],
        &[
            "key",
            "rotate",
            "--new-key",
            "2027.key",
            "--key",
            "reader.key",
        ],
        &["key", "revoke", "SHA256:nothing", "--reason", "lost"],
        &[
            "note",
            "tea",
            "-m",
            "Signed with what was rotated away",
            "--key",
            "reader.key",
        ],
        &["steward", "reaffirm", "@2", "-m", "x"],
        &["steward", "policy", "policy.json"],
        &["steward", "move", "claims.example/new", "junk", "-m", "x"],
        &["steward", "freeze", "-m", "The project ended", "--dry-run"],
        &["steward", "freeze", "-m", "The project ended"],
        &["note", "tea", "-m", "Too late"],
    ]);
    insta::assert_snapshot!(without_ids(&shown));
}

/// Found by reading the code again: an import opened the ledger by a way of its own and said nothing
/// of what recovery cut.
#[test]
fn an_import_says_what_recovery_cut() {
    let desk = Desk::founded();
    desk.write(
        "acts.jsonl",
        "{\"subject\": \"ledger\", \"type\": \"note.added\", \"data\": {\"text\": \"A note\"}}\n",
    );
    let segment = desk.ledger().join(EVENTS);
    let mut bytes = std::fs::read(&segment).unwrap();
    bytes.extend(b"{\"commit\":half a line");
    std::fs::write(&segment, bytes).unwrap();
    let answer = desk.run(&["import", "jsonl", "acts.jsonl"]);
    assert_eq!(answer.code, 0, "{}", answer.err);
    assert!(
        answer.err.contains("cut at entry 1 and kept in torn/"),
        "{}",
        answer.err
    );
    assert_eq!(desk.run(&["verify"]).code, 0);
}

//! Writing: what a person does at a terminal ends in a ledger that anybody can verify.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// A desk of one person: an empty folder, with configuration and cache beside the ledger.
struct Desk {
    folder: tempfile::TempDir,
    env: Vec<(String, String)>,
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
            env: Vec::new(),
        }
    }

    /// With a ledger of one steward, Ada.
    fn founded() -> Desk {
        let desk = Desk::empty();
        desk.yes(&[
            "init",
            "--origin",
            ORIGIN,
            "--name",
            "Ada Lovelace",
            "--agent-slug",
            "ada",
        ]);
        desk
    }

    /// With a claim, evidence and a second agent, Bea, whose key is in bea.key.
    fn argued() -> Desk {
        let desk = Desk::founded();
        desk.yes(&[
            "claim",
            "add",
            "Individual neurons rarely encode single concepts",
        ]);
        desk.yes(&CITE);
        desk.yes(&[
            "agent",
            "add",
            "bea",
            "--name",
            "Bea",
            "--new-key",
            "bea.key",
        ]);
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn config(&self) -> PathBuf {
        self.path("config").join("claims.example%2Flab")
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_grounds"));
        command
            .args(words)
            .current_dir(self.folder.path())
            .env("GROUNDS_CONFIG", self.path("config"))
            .env("GROUNDS_CACHE", self.path("cache"))
            .env_remove("SSH_AUTH_SOCK")
            .env_remove("GROUNDS_LEDGER")
            .env_remove("GROUNDS_PASSPHRASE")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        for (name, value) in &self.env {
            command.env(name, value);
        }
        command
    }

    fn run(&self, words: &[&str]) -> Answer {
        Answer::of(self.command(words).output().unwrap())
    }

    fn yes(&self, words: &[&str]) -> Answer {
        let answer = self.run(words);
        assert_eq!(answer.code, 0, "{words:?}\n{}{}", answer.out, answer.err);
        answer
    }

    fn no(&self, code: i32, words: &[&str], said: &str) -> Answer {
        let answer = self.run(words);
        assert_eq!(answer.code, code, "{words:?}\n{}{}", answer.out, answer.err);
        assert!(answer.err.contains(said), "{words:?}: {}", answer.err);
        answer
    }

    fn holds(&self) {
        self.yes(&["verify"]);
    }

    /// Every file of a folder with its bytes.
    fn bytes(&self, name: &str) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut all = BTreeMap::new();
        collect(&self.path(name), &mut all);
        all
    }
}

impl Answer {
    fn of(output: Output) -> Answer {
        Answer {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap()
    }
}

fn collect(path: &Path, all: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in std::fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, all);
        } else {
            all.insert(path.clone(), std::fs::read(&path).unwrap());
        }
    }
}

const ORIGIN: &str = "claims.example/lab";

const CITE: [&str; 12] = [
    "evidence",
    "add",
    "individual",
    "--supports",
    "--doi",
    "https://doi.org/10.48550/ARXIV.2209.10652",
    "--title",
    "Toy Models of Superposition",
    "--strength",
    "0.84",
    "-m",
    "Polysemanticity is the default",
];

#[test]
fn a_claim_goes_from_nothing_to_attested_and_every_step_verifies() {
    let desk = Desk::founded();
    let steps: &[(&[&str], &str)] = &[
        (
            &[
                "claim",
                "add",
                "Individual neurons rarely encode single concepts",
                "--domain",
                "Interpretability=0.8",
                "--domain",
                "Neurons=20%",
            ],
            "asserted the claim",
        ),
        (&CITE, "evid — → "),
        (
            &[
                "artifact",
                "appraise",
                "toy",
                "--credibility",
                "85%",
                "--methodology",
                ".7",
            ],
            "recorded as @3",
        ),
        (
            &[
                "context",
                "add",
                "Small toy models (<10M parameters)",
                "--kind",
                "model_scale",
            ],
            "context/small-toy-models-10m-parameters",
        ),
        (
            &[
                "claim",
                "scope",
                "individual",
                "--holds-in",
                "small",
                "--breadth",
                "0.45",
            ],
            "scop — → 45",
        ),
        (
            &[
                "claim",
                "status",
                "claim/individual",
                "--lifecycle",
                "active",
                "--standing",
                "tested",
                "-m",
                "One study",
            ],
            "recorded as @6",
        ),
        (
            &[
                "claim",
                "revise",
                "individual",
                "--summary",
                "Most neurons respond to several concepts.",
                "-m",
                "Said in full",
            ],
            "recorded as @7",
        ),
        (
            &[
                "agent",
                "add",
                "bea",
                "--name",
                "Bea",
                "--new-key",
                "bea.key",
                "--reliability",
                "0.72",
            ],
            "registered the human Bea",
        ),
        (
            &[
                "attest",
                "individual",
                "--verdict",
                "verifies",
                "--weight",
                "0.75",
                "-m",
                "Acceptable",
                "--key",
                "bea.key",
            ],
            "verifies v2",
        ),
        (
            &[
                "note",
                "individual",
                "-m",
                "A replication is under way",
                "--key",
                "bea.key",
            ],
            "recorded as @10",
        ),
        (
            &[
                "evidence",
                "revise",
                "individual",
                "toy",
                "--strength",
                "0.7",
                "-m",
                "Overstated",
            ],
            "recorded as @11",
        ),
        (
            &[
                "artifact",
                "standing",
                "toy",
                "concern",
                "-m",
                "Questions were raised",
            ],
            "recorded as @12",
        ),
        (&["undo", "@12"], "recorded as @13"),
        (
            &[
                "claim",
                "unscope",
                "individual",
                "small",
                "-m",
                "Larger too",
            ],
            "scop 45 → —",
        ),
        (
            &["claim", "add", "Features are directions"],
            "claim/features-are-directions",
        ),
        (
            &[
                "claim",
                "link",
                "features",
                "depends_on",
                "individual",
                "--strength",
                "1",
            ],
            "recorded as @16",
        ),
        (
            &[
                "claim",
                "unlink",
                "features",
                "individual",
                "-m",
                "They are independent",
            ],
            "recorded as @17",
        ),
        (
            &[
                "view",
                "add",
                "--name",
                "Strict",
                "--rule",
                "profile.evid == null => excluded: no evidence",
            ],
            "view/strict",
        ),
        (
            &[
                "view",
                "change",
                "strict",
                "--name",
                "Strict",
                "--rule",
                "profile.evid == null || profile.evid < 0.5 => excluded: too little",
            ],
            "recorded as @19",
        ),
        (
            &[
                "agent", "change", "bea", "--role", "curator", "--role", "attester",
            ],
            "recorded as @20",
        ),
        (
            &["steward", "adopt-model", "claim_support_vector@v1.0"],
            "recorded as @21",
        ),
        (
            &[
                "attest",
                "withdraw",
                "individual",
                "-m",
                "The data changed",
                "--key",
                "bea.key",
            ],
            "recorded as @22",
        ),
        (
            &[
                "evidence",
                "withdraw",
                "individual",
                "toy",
                "-m",
                "Not about neurons",
            ],
            "withdrew the supporting evidence",
        ),
        (
            &["key", "add", "--new-key", "laptop.key"],
            "recorded as @24",
        ),
        (
            &["key", "rotate", "--new-key", "2027.key"],
            "recorded as @25",
        ),
        (
            &[
                "note",
                "ledger",
                "-m",
                "Signed with the key that is kept now",
            ],
            "recorded as @26",
        ),
        (&["steward", "freeze", "-m", "The end"], "recorded as @27"),
    ];
    for (words, said) in steps {
        let answer = desk.yes(words);
        assert!(answer.out.contains(said), "{words:?}: {}", answer.out);
        desk.holds();
    }
    desk.no(1, &["note", "ledger", "-m", "too late"], "error[closed]");
}

#[test]
fn nobody_attests_to_what_he_asserted() {
    let desk = Desk::argued();
    let answer = desk.no(
        1,
        &[
            "attest",
            "individual",
            "--verdict",
            "verifies",
            "--weight",
            "1",
            "-m",
            "mine",
        ],
        "",
    );
    assert_eq!(
        answer.err,
        "error[role]: you asserted this claim; only others attest\nhint: grounds agent add\n"
    );
}

#[test]
fn an_act_is_taken_back_by_another_and_what_cannot_be_says_why() {
    let desk = Desk::argued();
    let attested = desk.yes(&[
        "attest",
        "individual",
        "--verdict",
        "verifies",
        "--weight",
        "1",
        "--key",
        "bea.key",
        "--json",
    ]);
    let id = attested.json()["events"][0].as_str().unwrap()[..12].to_owned();
    assert!(desk.yes(&["undo", "@2.1"]).out.contains("supp 39 → —"));
    assert!(
        desk.yes(&["undo", &id, "--key", "bea.key"])
            .out
            .contains("withdrew the attestation")
    );
    desk.yes(&[
        "claim",
        "status",
        "individual",
        "--standing",
        "tested",
        "-m",
        "tested",
    ]);
    assert!(
        desk.yes(&["undo", "@7"])
            .out
            .contains("tested → hypothesis")
    );
    desk.holds();
    let noes: &[(i32, &str, &str)] = &[
        (2, "@2", "@2.0 to @2.1"),
        (1, "@1", "a name stays taken"),
        (1, "@7", "undo @8 first"),
        (1, "@2.1", "error[ref]"),
        (6, "@99", "found no event"),
        (6, "nonsense", "found no event"),
    ];
    for (code, event, said) in noes {
        desk.no(*code, &["undo", event], said);
    }
    desk.holds();
}

#[test]
fn a_dry_run_writes_nothing_and_shows_the_bytes_that_would_be_signed() {
    let desk = Desk::argued();
    let before = (desk.bytes("ledger"), desk.bytes("config"));
    let dry: &[&[&str]] = &[
        &["claim", "add", "Another claim", "--dry-run"],
        &["undo", "@2.1", "--dry-run"],
        &[
            "attest",
            "individual",
            "--verdict",
            "disputes",
            "--weight",
            "1",
            "--key",
            "bea.key",
            "--dry-run",
        ],
        &[
            "agent",
            "add",
            "cid",
            "--name",
            "Cid",
            "--new-key",
            "cid.key",
            "--dry-run",
        ],
        &["key", "rotate", "--new-key", "new.key", "--dry-run"],
        &["steward", "freeze", "-m", "x", "--dry-run"],
    ];
    for words in dry {
        let answer = desk.yes(words);
        assert!(
            answer.out.contains("{\"anchor\":{\"root\":"),
            "{}",
            answer.out
        );
        let as_json = desk.yes(&[words, &["--json"][..]].concat()).json();
        let bytes = as_json["bytes"].as_str().unwrap();
        let commit = grounds::envelope::Commit::parse(bytes.as_bytes()).unwrap();
        assert_eq!(as_json["commit"].as_str().unwrap(), commit.id().to_string());
    }
    assert_eq!(before, (desk.bytes("ledger"), desk.bytes("config")));
    assert!(!desk.path("cid.key").exists() && !desk.path("new.key").exists());
}

#[test]
fn a_stream_that_moved_on_is_a_conflict_and_submitting_again_changes_nothing() {
    let desk = Desk::argued();
    desk.yes(&[
        "claim",
        "status",
        "individual",
        "--standing",
        "tested",
        "-m",
        "x",
        "--out",
        "status.json",
    ]);
    desk.no(
        1,
        &[
            "claim",
            "status",
            "individual",
            "--standing",
            "tested",
            "-m",
            "x",
            "--out",
            "status.json",
        ],
        "error[exists]",
    );
    desk.yes(&["note", "individual", "-m", "in between"]);
    let before = desk.bytes("ledger");
    desk.no(5, &["submit", "status.json"], "error[conflict]");
    assert_eq!(before, desk.bytes("ledger"));
    desk.yes(&["note", "individual", "-m", "later", "--out", "note.json"]);
    assert!(
        desk.yes(&["submit", "note.json"])
            .out
            .contains("recorded as @5")
    );
    assert!(
        desk.yes(&["submit", "note.json"])
            .out
            .contains("was recorded before as @5")
    );
    let mut lines = std::fs::read(desk.path("note.json")).unwrap();
    lines.extend(std::fs::read(desk.path("status.json")).unwrap());
    lines.extend(b"{}\n");
    std::fs::write(desk.path("all.ndjson"), lines).unwrap();
    let answer = desk.run(&["submit", "all.ndjson"]);
    assert_eq!(answer.code, 5);
    assert!(
        answer.out.contains("all.ndjson:1: was recorded before")
            && answer.err.contains("all.ndjson:2: error[conflict]")
            && answer.err.contains("all.ndjson:3: error[bytes]"),
        "{}{}",
        answer.out,
        answer.err
    );
    desk.holds();
}

/// Each of them read the same head; what only adds is signed again behind the others.
#[test]
fn writers_at_the_same_time_all_get_their_notes_in() {
    let desk = Desk::argued();
    let texts: Vec<String> = (0..6).map(|number| format!("note {number}")).collect();
    let running: Vec<Child> = texts
        .iter()
        .map(|text| {
            desk.command(&["note", "individual", "-m", text])
                .spawn()
                .unwrap()
        })
        .collect();
    for child in running {
        let answer = Answer::of(child.wait_with_output().unwrap());
        assert_eq!(answer.code, 0, "{}", answer.err);
    }
    desk.holds();
    let lines = std::fs::read_to_string(desk.path("ledger/events/000000000000.jsonl")).unwrap();
    for text in texts {
        assert_eq!(lines.matches(&format!("\"{text}\"")).count(), 1);
    }
}

#[test]
fn an_act_whose_outcome_is_unknown_is_said_to_be_and_submitting_it_again_settles_it() {
    let desk = super::desk::Desk::argued();
    // Where the signer would write its state stands something that it cannot write.
    let in_the_way = desk.config().join("log.state.new");
    std::fs::create_dir(&in_the_way).unwrap();
    let answer = desk.refuse(4, "claim add|Said once", "error[unknown_outcome]");
    assert!(answer.out.is_empty(), "{}", answer.out);
    let file = answer.err.split("grounds submit ").nth(1).unwrap();
    let file = file.split(';').next().unwrap();
    std::fs::remove_dir(&in_the_way).unwrap();
    let entries = |text: &str| {
        let events = desk.path("ledger").join(super::lab::EVENTS);
        let lines = std::fs::read_to_string(events).unwrap();
        lines.lines().filter(|line| line.contains(text)).count()
    };
    // Its line went to the disk before the head could be signed.
    assert!(desk.yes(&["submit", file]).out.contains("recorded before"));
    assert_eq!(entries("Said once"), 1);
    desk.holds();
}

#[test]
fn what_is_recorded_is_acknowledged_although_the_folder_cannot_be_tidied() {
    let desk = super::desk::Desk::argued();
    let tiles = desk.path("ledger").join("tile");
    std::fs::remove_dir_all(&tiles).unwrap();
    std::fs::write(&tiles, "").unwrap();
    let answer = desk.say("claim add|It stands");
    assert!(answer.err.contains("warning: recorded"), "{}", answer.err);
    std::fs::remove_file(&tiles).unwrap();
    desk.say("claim add|Another");
    desk.holds();
}

#[test]
fn an_answer_that_cannot_be_given_says_what_is_recorded() {
    let desk = super::desk::Desk::argued();
    let words = [
        "claim",
        "add",
        "It stands",
        "--receipt",
        "nowhere/receipt.json",
    ];
    let answer = desk.no(4, &words, "recorded as @");
    assert!(answer.err.contains("no second time"), "{}", answer.err);
    desk.refuse(1, "claim add|It stands", "error[");
}

#[test]
fn a_ledger_that_another_writer_holds_is_locked() {
    let desk = Desk::founded();
    let origin: grounds::value::Origin = ORIGIN.parse().unwrap();
    let key = std::fs::read_to_string(desk.config().join("log.key")).unwrap();
    let key = grounds::envelope::PrivateKey::from_openssh(&key, None).unwrap();
    let signer =
        grounds::ledger::HeadSigner::open(&origin, key, &desk.config().join("log.state")).unwrap();
    let clock = Box::new(grounds::ledger::SystemClock::new());
    let (held, _) =
        grounds::ledger::Appender::open(&desk.path("ledger"), signer, clock, false).unwrap();
    desk.no(4, &["claim", "add", "A claim"], "error[locked]");
    desk.yes(&["verify"]);
    held.close().unwrap();
    desk.yes(&["claim", "add", "A claim"]);
}

#[test]
fn three_stewards_found_and_run_a_ledger_through_files() {
    let desk = Desk::empty();
    let mut named = Vec::new();
    for own in ["ada", "bea", "cid"] {
        let key = format!("{own}.key");
        desk.yes(&["key", "new", &key]);
        let proof = desk.yes(&[
            "key", "prove", "--agent", own, "--key", &key, "--origin", ORIGIN,
        ]);
        std::fs::write(desk.path(&format!("{own}.json")), proof.out).unwrap();
        named.extend([
            "--steward".to_owned(),
            format!("{own}=Steward {own}={own}.json"),
        ]);
    }
    let mut words = vec![
        "init",
        "--policy",
        "shared",
        "--origin",
        ORIGIN,
        "--out",
        "genesis.json",
    ];
    words.extend(named.iter().map(String::as_str));
    desk.yes(&words);
    desk.yes(&["sign", "genesis.json", "--key", "ada.key"]);
    desk.no(
        1,
        &["submit", "--genesis", "genesis.json"],
        "error[genesis]",
    );
    desk.yes(&["key", "new", "stranger.key"]);
    desk.no(
        1,
        &["sign", "genesis.json", "--key", "stranger.key"],
        "error[signature]",
    );
    desk.yes(&["sign", "genesis.json", "--key", "bea.key"]);
    desk.yes(&["sign", "genesis.json", "--key", "cid.key"]);
    assert!(!desk.path("ledger").exists());
    desk.yes(&["submit", "--genesis", "genesis.json"]);
    desk.holds();
    desk.yes(&["claim", "add", "A claim", "--key", "ada.key"]);
    let retract = [
        "claim",
        "status",
        "a-claim",
        "--lifecycle",
        "retracted",
        "-m",
        "Withdrawn",
        "--key",
        "ada.key",
    ];
    let answer = desk.no(1, &retract, "error[role]");
    assert!(answer.err.contains("grounds sign FILE"), "{}", answer.err);
    let answer = desk.yes(&[&retract[..], &["--out", "retract.json"]].concat());
    assert!(
        answer.err.contains("it needs 2 signatures"),
        "{}",
        answer.err
    );
    desk.no(1, &["submit", "retract.json"], "error[role]");
    desk.no(
        1,
        &["sign", "retract.json", "--key", "stranger.key"],
        "error[signature]",
    );
    let shown = desk.yes(&["sign", "retract.json", "--key", "cid.key"]).err;
    assert!(
        shown.contains("proposed → retracted") && shown.contains("2 signatures"),
        "{shown}"
    );
    desk.yes(&["submit", "retract.json"]);
    desk.holds();
}

#[test]
fn a_machine_without_the_log_key_signs_to_a_file() {
    let desk = Desk::argued();
    std::fs::rename(desk.config().join("log.key"), desk.path("log.key.away")).unwrap();
    let answer = desk.no(
        7,
        &["note", "individual", "-m", "from afar"],
        "error[log_key]",
    );
    assert!(
        answer.err.contains("--out FILE") && answer.err.contains("grounds submit FILE"),
        "{}",
        answer.err
    );
    desk.yes(&[
        "note",
        "individual",
        "-m",
        "from afar",
        "--out",
        "note.json",
    ]);
    std::fs::rename(desk.path("log.key.away"), desk.config().join("log.key")).unwrap();
    desk.yes(&["submit", "note.json"]);
    desk.holds();
}

#[test]
fn init_leaves_what_is_there_alone() {
    let desk = Desk::founded();
    let before = (desk.bytes("ledger"), desk.bytes("config"));
    desk.no(
        1,
        &["init", "elsewhere", "--origin", ORIGIN, "--name", "Ada"],
        "error[exists]",
    );
    desk.no(
        1,
        &["init", "--origin", "claims.example/other", "--name", "Ada"],
        "error[exists]",
    );
    desk.no(
        2,
        &[
            "init",
            "third",
            "--origin",
            "https://claims.example",
            "--name",
            "Ada",
        ],
        "claims.example",
    );
    desk.no(
        2,
        &[
            "init",
            "third",
            "--origin",
            "claims.example/3",
            "--name",
            "Ada",
            "--policy",
            "shared",
        ],
        "--steward",
    );
    assert_eq!(before, (desk.bytes("ledger"), desk.bytes("config")));
}

/// Files of which no key can be read, and what is said of each.
#[test]
fn a_bad_key_file_is_refused_with_what_is_wrong() {
    let desk = Desk::argued();
    let open = desk.path("open.key");
    std::fs::copy(desk.path("bea.key"), &open).unwrap();
    mode(&open, 0o644);
    let cases: &[(&str, Option<&[u8]>)] = &[
        ("empty.key", Some(b"")),
        ("binary.key", Some(&[0xff; 100])),
        ("text.key", Some(b"not a key")),
        ("half.key", None),
    ];
    for (name, bytes) in cases {
        let half = std::fs::read(desk.path("bea.key")).unwrap();
        std::fs::write(desk.path(name), bytes.unwrap_or(&half[..half.len() / 2])).unwrap();
        mode(&desk.path(name), 0o600);
        let answer = desk.no(
            7,
            &["note", "individual", "-m", "x", "--key", name],
            "error[key_file]",
        );
        assert!(!answer.err.contains("OPENSSH PRIVATE"), "{}", answer.err);
    }
    let answer = desk.no(
        7,
        &["note", "individual", "-m", "x", "--key", "open.key"],
        "0644",
    );
    assert!(
        answer.err.contains("hint: chmod 600 open.key"),
        "{}",
        answer.err
    );
    desk.no(
        4,
        &["note", "individual", "-m", "x", "--key", "missing.key"],
        "missing.key",
    );
    desk.no(
        7,
        &["note", "individual", "-m", "x", "--key", "config"],
        "no regular file",
    );
    desk.yes(&["key", "new", "stranger.key"]);
    desk.no(
        1,
        &["note", "individual", "-m", "x", "--key", "stranger.key"],
        "registered in this ledger",
    );
    desk.no(1, &["key", "new", "stranger.key"], "error[exists]");
    desk.holds();
}

fn mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

fn ssh_keygen(desk: &Desk, words: &[&str]) -> bool {
    let ended = Command::new("ssh-keygen")
        .args(words)
        .current_dir(desk.folder.path())
        .stdout(Stdio::null())
        .status();
    ended.is_ok_and(|status| status.success())
}

#[test]
fn a_key_of_ssh_keygen_with_a_passphrase_signs() {
    let mut desk = Desk::argued();
    if !ssh_keygen(
        &desk,
        &["-q", "-t", "ed25519", "-N", "open sesame", "-f", "id"],
    ) {
        return;
    }
    desk.no(
        7,
        &["key", "prove", "--agent", "cid", "--key", "id"],
        "needs its passphrase",
    );
    desk.env.push(("GROUNDS_PASSPHRASE".into(), "wrong".into()));
    desk.no(
        7,
        &["key", "prove", "--agent", "cid", "--key", "id"],
        "does not open",
    );
    desk.env[0].1 = "open sesame".into();
    let proof = desk.yes(&["key", "prove", "--agent", "cid", "--key", "id"]);
    std::fs::write(desk.path("cid.json"), proof.out).unwrap();
    desk.yes(&[
        "agent", "add", "cid", "--name", "Cid", "--proof", "cid.json",
    ]);
    desk.yes(&[
        "attest",
        "individual",
        "--verdict",
        "endorses",
        "--weight",
        "1",
        "--key",
        "id",
    ]);
    assert!(ssh_keygen(
        &desk,
        &["-q", "-t", "ecdsa", "-N", "", "-f", "ecdsa"]
    ));
    desk.no(
        7,
        &["note", "individual", "-m", "x", "--key", "ecdsa"],
        "ssh-keygen -t ed25519",
    );
    desk.holds();
}

/// An ssh-agent of its own, ended with the test.
struct AgentProcess(Child);

impl Drop for AgentProcess {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[test]
fn an_ssh_agent_signs_with_the_key_that_is_registered() {
    let mut desk = Desk::argued();
    let socket = desk.path("agent.sock");
    let Ok(child) = Command::new("ssh-agent")
        .arg("-D")
        .arg("-a")
        .arg(&socket)
        .stdout(Stdio::null())
        .spawn()
    else {
        return;
    };
    let _agent = AgentProcess(child);
    for _ in 0..100 {
        if socket.exists() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let add = |key: PathBuf| {
        let ended = Command::new("ssh-add")
            .arg("-q")
            .arg(key)
            .env("SSH_AUTH_SOCK", &socket)
            .status();
        assert!(ended.unwrap().success());
    };
    desk.env
        .push(("SSH_AUTH_SOCK".into(), socket.to_str().unwrap().into()));
    desk.yes(&["key", "new", "stranger.key"]);
    add(desk.path("stranger.key"));
    let by = |answer: Answer, who: &str| {
        assert!(
            answer.out.contains(&format!("signed by agent/{who} ")),
            "{}",
            answer.out
        )
    };
    by(
        desk.yes(&[
            "note",
            "individual",
            "-m",
            "none of the agent's keys is registered",
        ]),
        "ada",
    );
    add(desk.path("bea.key"));
    by(
        desk.yes(&[
            "attest",
            "individual",
            "--verdict",
            "verifies",
            "--weight",
            "1",
        ]),
        "bea",
    );
    by(
        desk.yes(&["note", "individual", "-m", "the kept key", "--as", "ada"]),
        "ada",
    );
    by(
        desk.yes(&[
            "note",
            "individual",
            "-m",
            "by the public half",
            "--key",
            "bea.key.pub",
        ]),
        "bea",
    );
    add(desk.config().join("author.key"));
    desk.no(2, &["note", "individual", "-m", "whose?"], "several keys");
    by(
        desk.yes(&["note", "individual", "-m", "as said", "--as", "bea"]),
        "bea",
    );
    desk.holds();
    desk.env[0].1 = "/nonexistent".into();
    by(
        desk.yes(&["note", "individual", "-m", "the agent is gone"]),
        "ada",
    );
}

#[test]
fn a_file_of_events_is_one_commit() {
    let desk = Desk::founded();
    let yaml = "- subject: context/small\n  type: context.defined\n  data: {name: Small models, kind: model_scale}\n- subject: artifact/paper\n  type: artifact.registered\n  effective: 2022-09-14\n  data: {title: A paper, kind: paper, year: 2022}\n- subject: artifact/paper\n  type: artifact.appraised\n  data: {credibility: 0.8}\n";
    std::fs::write(desk.path("events.yaml"), yaml).unwrap();
    let answer = desk.yes(&["act", "--from", "events.yaml", "--json"]);
    assert_eq!(answer.json()["events"].as_array().unwrap().len(), 3);
    desk.holds();
    let bad: &[(&str, &str)] = &[
        ("[]", "no events"),
        ("{}", "a list of events"),
        ("[1]", "no subject"),
        (
            r#"[{"subject":"context/x","type":"context.defined","data":{"name":"x"}}]"#,
            "data.kind",
        ),
        (
            r#"[{"subject":"context/x","type":"context.undefined","data":{}}]"#,
            "context.undefined",
        ),
        (
            r#"[{"subject":"context/x","type":"context.defined","data":{"name":"x","kind":"y"},"by":"me"}]"#,
            "by",
        ),
        ("[", "EOF"),
    ];
    for (text, said) in bad {
        std::fs::write(desk.path("bad.json"), text).unwrap();
        let answer = desk.run(&["act", "--from", "bad.json"]);
        assert!(
            matches!(answer.code, 1 | 2) && answer.err.contains(said),
            "{text}: {} {}",
            answer.code,
            answer.err
        );
    }
}

#[test]
fn a_subject_is_found_by_what_only_it_begins_with() {
    let desk = Desk::argued();
    desk.yes(&["claim", "add", "Individual layers differ"]);
    let noes: &[(i32, &[&str], &str)] = &[
        (
            6,
            &["note", "claim/individual", "-m", "x"],
            "found 2 subjects",
        ),
        (
            6,
            &[
                "claim",
                "status",
                "indivdual-neurons",
                "--standing",
                "tested",
                "-m",
                "x",
            ],
            "did you mean claim/individual-neurons",
        ),
        (
            6,
            &[
                "attest",
                "../../etc/passwd",
                "--verdict",
                "verifies",
                "--weight",
                "1",
            ],
            "found no claim",
        ),
        (
            6,
            &["attest", "", "--verdict", "verifies", "--weight", "1"],
            "found no claim",
        ),
        (2, &["claim", "add", "Two\nlines"], "statement"),
        (2, &["claim", "add", "…"], "--slug"),
        (
            2,
            &[
                "attest",
                "individual-n",
                "--verdict",
                "verifies",
                "--weight",
                "1.01",
            ],
            "weight",
        ),
        (
            2,
            &[
                "evidence",
                "add",
                "individual-n",
                "--supports",
                "--doi",
                "10.1234/new",
                "-m",
                "x",
            ],
            "--title",
        ),
        (
            2,
            &[
                "evidence",
                "add",
                "individual-n",
                "--doi",
                "10.1234/new",
                "-m",
                "x",
            ],
            "--supports",
        ),
        (
            1,
            &["claim", "add", "Individual layers differ"],
            "error[exists]",
        ),
        (
            1,
            &[
                "view",
                "add",
                "--name",
                "Bad",
                "--rule",
                "claim.nature == => excluded: x",
            ],
            "error[cel]",
        ),
        (
            2,
            &["view", "add", "--name", "Bad", "--rule", "true"],
            "WHEN => VERDICT: REASON",
        ),
        (
            2,
            &["claim", "status", "individual-n", "-m", "x"],
            "--lifecycle",
        ),
        (2, &["note", "individual-n"], "-m TEXT"),
    ];
    for (code, words, said) in noes {
        desk.no(*code, words, said);
    }
    let again = desk.yes(&[
        "evidence",
        "add",
        "individual-l",
        "--disputes",
        "--doi",
        "10.48550/arxiv.2209.10652",
        "-m",
        "the same paper",
    ]);
    assert!(!again.out.contains("registered"), "{}", again.out);
    assert!(again.err.contains("weighs nothing"), "{}", again.err);
    desk.holds();
}

#[test]
fn a_view_is_tried_on_the_claims_there_are_without_being_written() {
    let desk = Desk::argued();
    desk.yes(&["claim", "add", "Features are directions"]);
    let before = desk.bytes("ledger");
    let answer = desk.yes(&[
        "view",
        "test",
        "--name",
        "Strict",
        "--rule",
        "profile.evid == null => excluded: no evidence",
        "--json",
    ]);
    let falls = answer.json();
    let verdicts: Vec<_> = falls["claims"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fall| fall["verdict"].as_str().unwrap())
        .collect();
    assert_eq!(verdicts, ["excluded", "included"]);
    assert_eq!(before, desk.bytes("ledger"));
}

#[test]
fn a_compromised_key_is_revoked_since_an_entry_and_an_event_is_brought_back() {
    let desk = Desk::argued();
    desk.yes(&["note", "individual", "-m", "by bea", "--key", "bea.key"]);
    desk.yes(&[
        "attest",
        "individual",
        "--verdict",
        "disputes",
        "--weight",
        "1",
        "--key",
        "bea.key",
    ]);
    let listed = desk
        .yes(&["key", "list", "--agent", "bea", "--json"])
        .json();
    let id = listed["keys"][0]["id"].as_str().unwrap().to_owned();
    desk.no(
        6,
        &["key", "revoke", "SHA256:nothing", "--reason", "lost"],
        "found 0 keys",
    );
    desk.yes(&[
        "key",
        "revoke",
        &id[..20],
        "--reason",
        "compromised",
        "--since",
        "@4",
    ]);
    desk.no(
        1,
        &["note", "individual", "-m", "x", "--key", "bea.key"],
        "revoked",
    );
    desk.yes(&["steward", "reaffirm", "@5", "-m", "It was hers"]);
    desk.holds();
}

#[test]
fn the_receipt_is_kept_written_and_printed() {
    let desk = Desk::founded();
    let answer = desk.yes(&[
        "claim",
        "add",
        "A claim",
        "--receipt",
        "receipt.json",
        "--json",
    ]);
    let written = std::fs::read_to_string(desk.path("receipt.json")).unwrap();
    assert_eq!(written, answer.out);
    assert_eq!(answer.json()["index"], 1);
    let kept: Vec<Vec<u8>> = desk
        .bytes("config")
        .into_iter()
        .filter(|(path, _)| path.starts_with(desk.config().join("receipts")))
        .map(|(_, bytes)| bytes)
        .collect();
    assert!(kept.contains(&written.into_bytes()));
    let refused = desk.no(
        6,
        &[
            "claim",
            "status",
            "b",
            "--standing",
            "tested",
            "-m",
            "x",
            "--json",
        ],
        "\"code\":\"not_found\"",
    );
    assert!(serde_json::from_str::<serde_json::Value>(&refused.err).is_ok());
}

#[test]
fn private_keys_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let desk = Desk::argued();
    for path in ["log.key", "author.key", "offline.key"]
        .map(|name| desk.config().join(name))
        .into_iter()
        .chain([desk.path("bea.key")])
    {
        let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", path.display());
    }
    for bytes in desk.bytes("ledger").values() {
        assert!(!String::from_utf8_lossy(bytes).contains("PRIVATE KEY"));
    }
}

#[test]
fn every_command_that_writes_shows_an_example() {
    let desk = Desk::empty();
    let commands = [
        "init",
        "claim add",
        "claim revise",
        "claim status",
        "claim scope",
        "claim unscope",
        "claim link",
        "claim unlink",
        "evidence add",
        "evidence revise",
        "evidence withdraw",
        "artifact add",
        "artifact appraise",
        "artifact standing",
        "context add",
        "view add",
        "view change",
        "view test",
        "attest",
        "attest withdraw",
        "note",
        "undo",
        "agent add",
        "agent change",
        "key new",
        "key prove",
        "key add",
        "key rotate",
        "key revoke",
        "key list",
        "steward policy",
        "steward adopt-model",
        "steward move",
        "steward freeze",
        "steward reaffirm",
        "sign",
        "submit",
        "act",
    ];
    for command in commands {
        let words: Vec<&str> = command.split(' ').chain(["--help"]).collect();
        let help = desk.yes(&words).out;
        assert!(
            help.contains(&format!("  grounds {command}")),
            "{command}: {help}"
        );
    }
}

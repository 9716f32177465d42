//! Keys in practice: made by ssh-keygen, kept by an ssh-agent, rotated, announced, stolen, lost.
//! Every step goes through the command line, with the tools that people have.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::desk::{Answer, Desk, ORIGIN, mode};
use crate::lab::copy;

fn ssh_keygen(desk: &Desk, words: &[&str]) -> String {
    let output = desk.program("ssh-keygen", words).output();
    let output = output.expect("this test needs ssh-keygen, of OpenSSH");
    assert!(output.status.success(), "ssh-keygen {words:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// An OpenSSH key file, with a passphrase where one is given.
fn made_by_ssh(desk: &Desk, name: &str, passphrase: &str) {
    let words = ["-q", "-t", "ed25519", "-N", passphrase, "-f", name];
    ssh_keygen(desk, &words);
}

/// Registers a key that its owner has proven.
fn registered(desk: &Desk, agent: &str, key: &str) {
    let proof = desk
        .say(&format!("key prove|--agent|{agent}|--key|{key}"))
        .out;
    desk.write("proof.json", proof);
    desk.say(&format!(
        "agent add|{agent}|--name|{agent}|--proof|proof.json"
    ));
}

fn key_ids(desk: &Desk, agent: &str) -> Vec<String> {
    let listed = desk.say(&format!("key list|--agent|{agent}|--json")).json();
    let keys = listed["keys"].as_array().unwrap().iter();
    keys.map(|key| key["id"].as_str().unwrap().to_owned())
        .collect()
}

/// The figures of the claim, none of them missing altogether.
fn figures(desk: &Desk) -> Value {
    let shown = desk.say("show|neurons|--json").json();
    let figures = shown["profile"]["figures"].clone();
    assert!(figures["cons"].is_u64(), "{shown}");
    figures
}

// --- files ---------------------------------------------------------------------------------------

#[test]
fn a_key_file_of_ssh_keygen_signs_and_ssh_keygen_prints_the_id_that_we_print() {
    let desk = Desk::argued();
    made_by_ssh(&desk, "id_ed25519", "");
    registered(&desk, "cid", "id_ed25519");
    let said = desk.say("note|neurons|-m|With the key I have|--key|id_ed25519");
    assert!(said.out.contains("signed by agent/cid "), "{}", said.out);
    let id = &key_ids(&desk, "cid")[0];
    for file in ["id_ed25519", "id_ed25519.pub"] {
        let printed = ssh_keygen(&desk, &["-l", "-f", file]);
        assert_eq!(printed.split(' ').nth(1), Some(id.as_str()), "{printed}");
    }
    // And the other way round: a key that we made is one that ssh-keygen reads.
    let printed = ssh_keygen(&desk, &["-l", "-f", "bea.key"]);
    assert_eq!(
        printed.split(' ').nth(1),
        Some(key_ids(&desk, "bea")[0].as_str())
    );
    assert!(ssh_keygen(&desk, &["-y", "-f", "bea.key"]).starts_with("ssh-ed25519 "));
    desk.holds();
}

/// A command at a terminal of its own, that `script` gives it; what it shows, as it comes.
struct Terminal {
    child: Child,
    shown: String,
}

impl Terminal {
    fn run(desk: &Desk, words: &[&str]) -> Terminal {
        let words: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
        let line = format!("'{}' {}", env!("CARGO_BIN_EXE_grounds"), words.join(" "));
        let mut command = desk.program("script", &["-qec", &line, "/dev/null"]);
        let child = command
            .env("TERM", "dumb")
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        Terminal {
            child,
            shown: String::new(),
        }
    }

    fn wait_for(&mut self, text: &str) {
        let from = self.shown.len();
        let output = self.child.stdout.as_mut().unwrap();
        let mut byte = [0];
        while !self.shown[from..].contains(text) {
            assert_eq!(output.read(&mut byte).unwrap(), 1, "{}", self.shown);
            self.shown.push(char::from(byte[0]));
        }
    }

    /// Types as people do, a while after the question: it is put before the echo is switched off.
    fn type_line(&mut self, text: &str) {
        std::thread::sleep(std::time::Duration::from_millis(500));
        let input = self.child.stdin.as_mut().unwrap();
        input.write_all(format!("{text}\n").as_bytes()).unwrap();
    }

    /// What was shown in all, and the exit code.
    fn ended(mut self) -> (String, i32) {
        let mut rest = Vec::new();
        self.child
            .stdout
            .take()
            .unwrap()
            .read_to_end(&mut rest)
            .unwrap();
        self.shown.push_str(&String::from_utf8_lossy(&rest));
        (self.shown, self.child.wait().unwrap().code().unwrap())
    }
}

#[test]
fn a_passphrase_is_asked_for_at_a_terminal_three_times_and_never_shown() {
    let desk = Desk::argued();
    made_by_ssh(&desk, "id", "open sesame");
    let words = ["key", "prove", "--agent", "cid", "--key", "id"];
    let mut terminal = Terminal::run(&desk, &words);
    for phrase in ["sesame", "open sesame"] {
        terminal.wait_for("Passphrase for id: ");
        terminal.type_line(phrase);
    }
    let (shown, code) = terminal.ended();
    assert_eq!(code, 0, "{shown}");
    assert!(
        !shown.contains("sesame") && shown.contains("\"proof\""),
        "{shown}"
    );
    let mut terminal = Terminal::run(&desk, &words);
    for phrase in ["one", "two", "three"] {
        terminal.wait_for("Passphrase for id: ");
        terminal.type_line(phrase);
    }
    let (shown, code) = terminal.ended();
    assert_eq!(code, 7, "{shown}");
    assert!(shown.contains("error[key_file]: id:"), "{shown}");
    // Where nobody can be asked, the way to say it is named.
    let refused = desk.no(7, &words, "needs its passphrase");
    assert!(
        refused.err.contains("GROUNDS_PASSPHRASE"),
        "{}",
        refused.err
    );
}

#[test]
fn a_key_of_another_kind_is_refused_by_its_name() {
    let desk = Desk::argued();
    let kinds = [
        ("rsa", "2048", "ssh-rsa"),
        ("ecdsa", "256", "ecdsa-sha2-nistp256"),
    ];
    for (kind, bits, named) in kinds {
        ssh_keygen(&desk, &["-q", "-t", kind, "-b", bits, "-N", "", "-f", kind]);
        let words = format!("note|neurons|-m|x|--key|{kind}");
        let refused = desk.refuse(7, &words, named);
        assert!(
            refused.err.contains("expected ssh-ed25519"),
            "{}",
            refused.err
        );
        assert!(
            refused.err.contains("ssh-keygen -t ed25519"),
            "{}",
            refused.err
        );
        desk.refuse(7, &format!("{words}.pub"), named);
        desk.refuse(7, &format!("key prove|--agent|cid|--key|{kind}"), named);
        desk.refuse(
            2,
            &format!("key add|--new-key|n.key|--next|{kind}.pub"),
            "ssh-ed25519",
        );
    }
    desk.holds();
}

#[test]
fn a_key_file_that_others_can_read_or_write_is_refused_with_the_cure() {
    let desk = Desk::argued();
    made_by_ssh(&desk, "id", "");
    registered(&desk, "cid", "id");
    for open in [
        0o644, 0o640, 0o604, 0o622, 0o602, 0o660, 0o666, 0o777, 0o601,
    ] {
        mode(&desk.path("id"), open);
        let refused = desk.refuse(7, "note|neurons|-m|x|--key|id", "error[key_file]");
        assert!(
            refused.err.contains(&format!("{open:04o}")),
            "{}",
            refused.err
        );
        assert!(
            refused.err.contains("hint: chmod 600 id"),
            "{}",
            refused.err
        );
        assert!(!refused.err.contains("OPENSSH"), "{}", refused.err);
    }
    for closed in [0o600, 0o400] {
        mode(&desk.path("id"), closed);
        desk.say("note|neurons|-m|x|--key|id");
    }
    // The log's key and the kept one are held to it too.
    for (name, words) in [
        ("log.key", "note|neurons|-m|x|--key|id"),
        ("author.key", "note|neurons|-m|x"),
    ] {
        mode(&desk.config().join(name), 0o644);
        desk.refuse(7, words, "0644");
        mode(&desk.config().join(name), 0o600);
    }
    desk.holds();
}

// --- the agent -----------------------------------------------------------------------------------

/// An ssh-agent of its own, ended with the test.
struct SshAgent(Child);

impl Drop for SshAgent {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl SshAgent {
    fn at(socket: &Path) -> SshAgent {
        let mut command = Command::new("ssh-agent");
        let child = command
            .arg("-D")
            .arg("-a")
            .arg(socket)
            .stdout(Stdio::null())
            .spawn();
        let agent = SshAgent(child.expect("this test needs ssh-agent, of OpenSSH"));
        for _ in 0..250 {
            if socket.exists() {
                return agent;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        panic!("ssh-agent did not come up");
    }
}

fn ssh_add(desk: &Desk, words: &[&str]) {
    let ended = desk.program("ssh-add", words).status().unwrap();
    assert!(ended.success(), "ssh-add {words:?}");
}

/// The file holds a passphrase that this program is never told: the agent alone can sign.
#[test]
fn an_ssh_agent_signs_with_a_key_whose_passphrase_nobody_tells_us() {
    let mut desk = Desk::argued();
    made_by_ssh(&desk, "id", "open sesame");
    desk.env
        .push(("GROUNDS_PASSPHRASE".into(), "open sesame".into()));
    registered(&desk, "cid", "id");
    desk.env.clear();
    let socket = desk.path("agent.sock");
    let agent = SshAgent::at(&socket);
    desk.env
        .push(("SSH_AUTH_SOCK".into(), socket.to_str().unwrap().into()));
    // Keys of other kinds in the agent are no obstacle.
    ssh_keygen(
        &desk,
        &["-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", "rsa"],
    );
    ssh_add(&desk, &["-q", "rsa"]);
    // ssh-add asks a program where it has no terminal.
    desk.write("ask", "#!/bin/sh\necho open sesame\n");
    mode(&desk.path("ask"), 0o700);
    let mut command = desk.program("ssh-add", &["-q", "id"]);
    let ask = desk.path("ask");
    let ended = command
        .env("SSH_ASKPASS", &ask)
        .env("SSH_ASKPASS_REQUIRE", "force")
        .status();
    assert!(ended.unwrap().success());
    let by = |answer: Answer, who: &str| {
        assert!(
            answer.out.contains(&format!("signed by agent/{who} ")),
            "{}",
            answer.out
        );
    };
    by(
        desk.say("attest|neurons|--verdict|verifies|--weight|1"),
        "cid",
    );
    std::fs::remove_file(desk.path("id")).unwrap();
    by(
        desk.say("note|neurons|-m|The file is gone|--key|id.pub"),
        "cid",
    );
    desk.say("note|neurons|-m|For others to sign|--out|note.json");
    by_file(&desk, "note.json", "cid");
    // A locked agent shows no keys, and a key that was taken out does not sign.
    ssh_add(&desk, &["-q", "-d", "id.pub"]);
    desk.refuse(4, "note|neurons|-m|x|--key|id.pub", "error[ssh_agent]");
    by(desk.say("note|neurons|-m|The kept key"), "ada");
    drop(agent);
    desk.refuse(4, "note|neurons|-m|x|--key|id.pub", "error[ssh_agent]");
    desk.holds();
}

fn by_file(desk: &Desk, name: &str, who: &str) {
    let judged = desk.say(&format!("submit|{name}|--dry-run")).out;
    assert!(
        judged.contains(&format!("signed by agent/{who} ")),
        "{judged}"
    );
    desk.say(&format!("submit|{name}"));
}

// --- rotation and announced keys -----------------------------------------------------------------

#[test]
fn after_a_rotation_the_old_key_signs_nothing_more_and_what_it_signed_stands() {
    let desk = Desk::argued();
    desk.say("attest|neurons|--verdict|verifies|--weight|1|--key|bea.key");
    let before = figures(&desk);
    desk.say("note|neurons|-m|Signed before|--key|bea.key|--out|before.json");
    desk.say("key rotate|--key|bea.key|--new-key|bea-2.key");
    assert_eq!(figures(&desk), before);
    for words in [
        "note|neurons|-m|x|--key|bea.key",
        "key rotate|--key|bea.key|--new-key|bea-3.key",
        "attest withdraw|neurons|-m|x|--key|bea.key",
    ] {
        desk.refuse(1, words, "which is revoked");
    }
    assert!(!desk.path("bea-3.key").exists());
    // Signed in time, submitted too late: authority is judged by position.
    desk.refuse(1, "submit|before.json", "error[signature]");
    desk.say("note|neurons|-m|x|--key|bea-2.key");
    let keys = desk.say("key list|--agent|bea|--json").json();
    let valid: Vec<&Value> = keys["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| &key["valid"])
        .collect();
    assert_eq!(valid, [false, true]);
    // A key is registered once in a ledger's life: the old one does not come back.
    desk.refuse(1, "key add|--agent|bea|--own-key|bea.key", "error[key]");
    desk.holds();
}

#[test]
fn an_announced_key_is_the_only_one_that_may_follow_unless_other_stewards_say_so() {
    let desk = Desk::argued();
    made_by_ssh(&desk, "next", "");
    made_by_ssh(&desk, "after", "");
    made_by_ssh(&desk, "other", "");
    desk.say("agent add|cid|--name|Cid|--new-key|cid.key|--next|next.pub");
    // The thief of the present key cannot put his own in its place …
    desk.refuse(
        1,
        "key rotate|--key|cid.key|--new-key|thief.key",
        "which is not the announced key",
    );
    desk.refuse(1, "key add|--key|cid.key|--own-key|other", "error[key]");
    assert!(!desk.path("thief.key").exists());
    // … and its owner goes on with the one announced, announcing another.
    desk.say("key rotate|--key|cid.key|--own-key|next|--next|after.pub");
    desk.refuse(1, "key add|--key|next|--own-key|other", "error[key]");
    desk.say("key add|--key|next|--own-key|after");
    // A key added without a next one ends it.
    desk.say("key add|--key|after|--own-key|other");
    desk.holds();
    // Announced, lost, and given another by a steward.
    made_by_ssh(&desk, "lost", "");
    desk.say("agent add|dan|--name|Dan|--new-key|dan.key|--next|lost.pub");
    made_by_ssh(&desk, "found", "");
    let proof = desk.say("key prove|--agent|dan|--key|found").out;
    desk.write("found.json", proof);
    desk.say("key add|--agent|dan|--proof|found.json");
    desk.say("note|neurons|-m|x|--key|found");
    desk.holds();
}

#[test]
fn a_rotation_of_the_kept_key_keeps_the_announced_one_instead() {
    let desk = Desk::argued();
    made_by_ssh(&desk, "next", "");
    desk.say("key rotate|--own-key|next");
    let said = desk.say("note|ledger|-m|With the key that is kept now").out;
    let id = ssh_keygen(&desk, &["-l", "-f", "next"]);
    assert!(said.contains(id.split(' ').nth(1).unwrap()), "{said}");
    desk.holds();
}

// --- compromised ---------------------------------------------------------------------------------

#[test]
fn a_revocation_since_an_entry_moves_figures_now_and_no_figure_of_the_past() {
    let desk = Desk::argued();
    desk.say("attest|neurons|--verdict|endorses|--weight|1|--key|bea.key");
    let honest = figures(&desk);
    desk.say("agent add|cid|--name|Cid|--new-key|cid.key|--reliability|1");
    desk.say("attest withdraw|neurons|-m|By the thief|--key|bea.key");
    desk.say("attest|neurons|--verdict|disputes|--weight|1|-m|By the thief|--key|bea.key");
    desk.say("note|neurons|-m|By the thief|--key|bea.key");
    let moments = ["@4", "@5", "@6", "@7", "@8"];
    let replayed = |desk: &Desk| -> Vec<Value> {
        let replay = |moment: &&str| {
            desk.say(&format!("replay|--as-of|{moment}|--json")).json()["claims"].clone()
        };
        moments.iter().map(replay).collect()
    };
    let before = replayed(&desk);
    let stolen = figures(&desk);
    assert_ne!(stolen, honest);
    let id = key_ids(&desk, "bea")[0].clone();
    let revoke = |by: &str| format!("key revoke|{id}|--reason|compromised|--since|@6{by}");
    desk.refuse(1, &revoke("|--key|bea.key"), "");
    desk.refuse(1, &revoke("|--key|cid.key"), "error[role]");
    desk.refuse(
        1,
        &format!("key revoke|{id}|--reason|compromised|--since|@1"),
        "error[since]",
    );
    desk.say(&revoke(""));
    // What she had signed before the theft counts again; the theft is set aside, in its place.
    assert_eq!(figures(&desk), honest);
    assert_eq!(
        replayed(&desk),
        before,
        "what was known then is what was known then"
    );
    let events = desk.say("export jsonl").out;
    let aside: Vec<String> = events
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|event| event["set_aside"] == true)
        .map(|event| event["address"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(aside, ["@6.0", "@7.0", "@8.0"]);
    desk.holds();
}

// --- three stewards in three places --------------------------------------------------------------

/// Three stewards, each with a key in a folder of his own, and the machine of the log.
struct Council {
    log: Desk,
    stewards: [Desk; 3],
}

const NAMES: [&str; 3] = ["ada", "bea", "cid"];

impl Council {
    /// Each makes a key in another way; the genesis goes round.
    fn founded() -> Council {
        let stewards = NAMES.map(|_| Desk::empty());
        stewards[0].say("key new|own.key");
        made_by_ssh(&stewards[1], "own.key", "");
        made_by_ssh(&stewards[2], "own.key", "open sesame");
        let mut council = Council {
            log: Desk::empty(),
            stewards,
        };
        let phrase = ("GROUNDS_PASSPHRASE".into(), "open sesame".into());
        council.stewards[2].env.push(phrase);
        council.found(ORIGIN, "ledger", &[]);
        council
    }

    /// Begins a ledger in a folder of the log's machine, signed by all three.
    fn found(&self, origin: &str, folder: &str, more: &[&str]) {
        let mut words = vec![
            "init",
            "--policy",
            "shared",
            "--origin",
            origin,
            "--out",
            "genesis.json",
        ];
        words.extend(more);
        let mut named = Vec::new();
        for (name, desk) in NAMES.iter().zip(&self.stewards) {
            let prove = [
                "key", "prove", "--agent", name, "--key", "own.key", "--origin", origin,
            ];
            self.log
                .write(&format!("{name}.json"), desk.yes(&prove).out);
            named.push(format!("{name}=Steward {name}={name}.json"));
        }
        words.extend(named.iter().flat_map(|named| ["--steward", named.as_str()]));
        self.log.yes(&words);
        self.signed_by("genesis.json", &[0, 1, 2]);
        self.log.say("submit|--genesis|genesis.json|--dry-run");
        self.log
            .say(&format!("submit|--genesis|genesis.json|--ledger|{folder}"));
        self.log.say("verify|--ledger|ledger");
        std::fs::remove_file(self.log.path("genesis.json")).unwrap();
        for desk in &self.stewards {
            copy(&self.log.path(folder), &desk.path(folder));
        }
    }

    /// Sends a file of the log's machine round for signatures, and takes it back.
    fn signed_by(&self, name: &str, stewards: &[usize]) {
        for place in stewards {
            let desk = &self.stewards[*place];
            self.log.hand(name, desk);
            desk.say(&format!("sign|{name}|--key|own.key"));
            desk.hand(name, &self.log);
        }
    }

    /// What a steward prepares at his own desk, brought to the log's machine.
    fn prepared(&self, place: usize, words: &str, name: &str) {
        self.stewards[place].say(&format!("{words}|--key|own.key|--out|{name}"));
        self.stewards[place].hand(name, &self.log);
    }
}

#[test]
fn two_of_three_stewards_decide_from_three_folders_and_one_alone_does_not() {
    let council = Council::founded();
    let log = &council.log;
    // No steward's key was ever on the log's machine, and the log's key on none of theirs.
    assert!(!log.path("own.key").exists());
    for desk in &council.stewards {
        assert!(!desk.path("config").exists() || !desk.config().join("log.key").exists());
        desk.refuse(7, "note|ledger|-m|x|--key|own.key", "error[log_key]");
    }
    council.prepared(
        0,
        "steward adopt-model|claim_support_vector@v1.0",
        "model.json",
    );
    log.refuse(1, "submit|model.json", "error[role]");
    log.refuse(1, "submit|model.json|--dry-run", "error[role]");
    // The same steward again is still one.
    council.signed_by("model.json", &[0]);
    log.refuse(1, "submit|model.json", "error[role]");
    // What was changed after it was signed holds no more.
    let text = log.read("model.json");
    log.write(
        "forged.json",
        text.replace("\"default\":true", "\"default\":false"),
    );
    log.refuse(1, "submit|forged.json", "error[signature]");
    council.signed_by("model.json", &[2]);
    let judged = log.say("submit|model.json|--dry-run").out;
    assert!(
        judged.contains("agent/ada SHA256:") && judged.contains("agent/cid SHA256:"),
        "{judged}"
    );
    log.say("submit|model.json");
    log.holds();
    let shown = log.say("show|ledger|--json").json();
    assert_eq!(shown["models"].as_array().unwrap().len(), 1);
    assert!(
        log.say("submit|model.json|--dry-run")
            .out
            .contains("is recorded as @1")
    );
}

// --- the log's key is lost, or stolen ------------------------------------------------------------

const MOVED: &str = "claims.example/lab-2";

/// The head that a ledger's checkpoint signs: size and root, as `verify` gives them.
fn head(desk: &Desk, folder: &str) -> (Value, Value, Value) {
    let verified = desk.say(&format!("verify|--ledger|{folder}|--json")).json();
    (
        verified["vkey"].clone(),
        verified["size"].clone(),
        verified["root"].clone(),
    )
}

/// `ledger.moved` prepared by one steward and signed by another: moved.json on the log's machine.
fn move_to_the_new(council: &Council) {
    let (vkey, ..) = head(&council.log, "new");
    let words = format!(
        "steward move|{MOVED}|{}|-m|The log key is gone|--ledger|ledger",
        vkey.as_str().unwrap()
    );
    council.prepared(1, &words, "moved.json");
    let [ada, ..] = &council.stewards;
    council.log.hand("moved.json", ada);
    ada.say("sign|moved.json|--key|own.key|--ledger|ledger");
    ada.hand("moved.json", &council.log);
}

#[test]
fn when_the_log_key_is_lost_the_stewards_move_the_ledger_and_readers_can_tell_by_whose_word() {
    let council = Council::founded();
    let log = &council.log;
    copy(&log.path("ledger"), &log.path("older"));
    council.stewards[0].say("claim add|Neurons are polysemantic|--key|own.key|--out|claim.json");
    council.stewards[0].hand("claim.json", log);
    log.say("submit|claim.json");
    for desk in &council.stewards {
        copy(&log.path("ledger"), &desk.path("ledger"));
    }
    // A disk dies: the log's key and its state are gone. The folder is still there, and holds.
    std::fs::remove_dir_all(log.config()).unwrap();
    log.say("verify|--ledger|ledger");
    log.refuse(7, "submit|claim.json|--ledger|ledger", "found no log key");
    // 1. A new ledger, of a new name, that names the old head.
    log.refuse(2, &format!("init|x|--policy|shared|--origin|{ORIGIN}|--predecessor|ledger|--steward|ada=Ada=ada.json|--steward|bea=Bea=bea.json|--out|g.json"), "another --origin");
    council.found(MOVED, "new", &["--predecessor", "ledger"]);
    let (vkey, size, root) = head(log, "ledger");
    let before = log.say("show|ledger|--ledger|new|--json").json()["predecessor"].clone();
    assert_eq!(
        before,
        serde_json::json!({ "origin": ORIGIN, "vkey": vkey, "size": size, "root": root })
    );
    assert!(
        log.say("show|ledger|--ledger|new")
            .out
            .contains("continues")
    );
    // 2. The stewards of the old ledger say where it goes on. Nobody can record it there …
    move_to_the_new(&council);
    log.refuse(7, "submit|moved.json|--ledger|ledger", "found no log key");
    // … but everybody who has the old ledger can tell that its own rules would admit it,
    let judge = "submit|moved.json|--dry-run|--ledger|ledger";
    let judged = log.say(judge).out;
    assert!(
        judged.contains("moved the ledger to") && judged.contains(MOVED),
        "{judged}"
    );
    assert!(
        judged.contains("agent/ada ") && judged.contains("agent/bea "),
        "{judged}"
    );
    // and that one steward alone, or a changed word, would not do.
    let whole: Value = serde_json::from_str(&log.read("moved.json")).unwrap();
    let mut alone = whole.clone();
    alone["signatures"].as_array_mut().unwrap().truncate(1);
    log.write("alone.json", alone.to_string());
    let refused = log.run(&["submit", "alone.json", "--dry-run", "--ledger", "ledger"]);
    assert!(
        refused.code == 1 && refused.err.contains("error["),
        "{}",
        refused.err
    );
    log.write(
        "other.json",
        log.read("moved.json").replace("lab-2", "lab-3"),
    );
    log.refuse(1, "submit|other.json|--dry-run|--ledger|ledger", "error[");
    // 3. It is kept in the new ledger, where its readers find it.
    let ada = &council.stewards[0];
    log.hand("moved.json", ada);
    let words = "note ledger -m - --key own.key --ledger new --out note.json";
    let words: Vec<&str> = words.split(' ').collect();
    let text = std::fs::File::open(ada.path("moved.json")).unwrap();
    let noted = Answer::of(ada.command(&words).stdin(text).output().unwrap());
    assert_eq!(noted.code, 0, "{}", noted.err);
    ada.hand("note.json", log);
    log.say("submit|note.json|--ledger|new");
    let events = log.say("export jsonl|ledger|--ledger|new").out;
    let note: Value = serde_json::from_str(events.lines().last().unwrap()).unwrap();
    log.write(
        "found.json",
        note["data"]["text"].as_str().unwrap().to_owned() + "\n",
    );
    assert_eq!(
        log.say(&judge.replace("moved", "found"))
            .out
            .replace("found.json", "moved.json"),
        judged
    );
    // 4. Its claims are brought over.
    let acts = log.say("export jsonl|neurons|--acts|--ledger|ledger").out;
    log.write("acts.jsonl", acts);
    ada.hand("own.key", log);
    log.say("import jsonl|acts.jsonl|--key|own.key|--ledger|new");
    let shown = log.say("show|neurons|--ledger|new").out;
    assert!(shown.contains("Neurons are polysemantic"), "{shown}");
    log.say("verify|--ledger|new");
    log.say("verify|--ledger|ledger");
}

#[test]
fn when_the_log_key_is_stolen_the_move_is_recorded_and_closes_the_old_ledger() {
    let council = Council::founded();
    let log = &council.log;
    council.found(MOVED, "new", &["--predecessor", "ledger"]);
    let (.., size, _) = head(log, "ledger");
    move_to_the_new(&council);
    log.say("submit|moved.json|--ledger|ledger");
    log.say("verify|--ledger|ledger");
    let ada = &council.stewards[0];
    copy(&log.path("ledger"), &ada.path("ledger"));
    ada.refuse(
        1,
        "claim add|Too late|--key|own.key|--ledger|ledger|--out|late.json",
        "error[closed]",
    );
    let shown = log.say("show|ledger|--ledger|ledger").out;
    assert!(
        shown.contains("closed:") && shown.contains(MOVED),
        "{shown}"
    );
    // The head that the new ledger names is one that the old log goes on from.
    let before = log.say("show|ledger|--ledger|new|--json").json()["predecessor"].clone();
    assert_eq!(before["size"], size);
    let (_, last, _) = head(log, "ledger");
    assert_eq!(last.as_u64(), size.as_u64().map(|size| size + 1));
}

/// The key kept elsewhere is enough: not the log's key and not the one kept beside it are there.
#[test]
fn a_solo_ledger_moves_by_the_key_that_was_kept_elsewhere() {
    let desk = Desk::argued();
    std::fs::rename(desk.config().join("offline.key"), desk.path("offline.key")).unwrap();
    std::fs::remove_dir_all(desk.config()).unwrap();
    desk.say(&format!(
        "init|new|--origin|{MOVED}|--name|Ada|--agent-slug|ada|--predecessor|ledger"
    ));
    let (vkey, ..) = head(&desk, "new");
    desk.say(&format!(
        "steward move|{MOVED}|{}|-m|All was lost|--key|offline.key|--out|moved.json|--ledger|ledger",
        vkey.as_str().unwrap()
    ));
    let judged = desk
        .say("submit|moved.json|--dry-run|--json|--ledger|ledger")
        .json();
    assert_eq!(judged["schema"], "grounds.judged/1");
    assert_eq!(
        (&judged["index"], &judged["recorded"]),
        (&4.into(), &false.into())
    );
    assert!(
        judged["signers"][0]
            .as_str()
            .unwrap()
            .starts_with("agent/ada SHA256:")
    );
    desk.refuse(7, "submit|moved.json|--ledger|ledger", "found no log key");
    desk.say("verify|--ledger|new");
}

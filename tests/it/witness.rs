//! Witnesses: two real ones cosign a real ledger, and refuse a copy of it that was rolled back or
//! rewritten.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ed25519_dalek::SigningKey;
use grounds::envelope::PrivateKey;
use grounds::hash::Hash;
use grounds::ledger::Clock;
use grounds::net::{self, AddError, Seen, Witness};
use grounds::tlog::{
    AddCheckpoint, Checkpoint, Evidence, Note, NoteSigner, Tree, VerifierKey, WitnessRefusal,
    leaf_hash, parse_cosignatures,
};
use grounds::value::Time;

const ORIGIN: &str = "claims.example/lab";

/// A folder with a ledger and witnesses.
struct Room {
    folder: tempfile::TempDir,
}

impl Room {
    fn new() -> Room {
        Room {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
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
            .stdin(Stdio::null());
        command
    }

    /// Exit code, standard output, standard error.
    fn run(&self, words: &[&str]) -> (i32, String, String) {
        let output = self.command(words).output().unwrap();
        (
            output.status.code().unwrap(),
            String::from_utf8(output.stdout).unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        )
    }

    fn done(&self, words: &[&str]) -> (String, String) {
        let (code, out, err) = self.run(words);
        assert_eq!(code, 0, "{words:?}: {out}{err}");
        (out, err)
    }

    /// A ledger and its vkey.
    fn ledger(&self) -> String {
        let (out, _) = self.done(&["init", "--origin", ORIGIN, "--name", "First curator"]);
        let vkey = out
            .lines()
            .find(|line| line.trim().starts_with(&format!("{ORIGIN}+")));
        vkey.unwrap().trim().to_owned()
    }

    /// A witness's folder and its vkey.
    fn witness(&self, name: &str, log: &str) -> String {
        let (out, _) = self.done(&[
            "witness",
            "init",
            name,
            "--name",
            &format!("{name}.example/w"),
            "--json",
        ]);
        let made: serde_json::Value = serde_json::from_str(&out).unwrap();
        self.done(&["witness", "add", name, log]);
        made["vkey"].as_str().unwrap().to_owned()
    }

    fn serve(&self, name: &str) -> Serving {
        let mut child = self
            .command(&["witness", "serve", name])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        Serving {
            child,
            url: line.trim().to_owned(),
        }
    }

    fn policy(&self, lines: &[String], quorum: &str) {
        std::fs::write(
            self.path("ledger/policy"),
            format!("{}\n{quorum}\n", lines.join("\n")),
        )
        .unwrap();
    }

    fn size(&self) -> u64 {
        let note = std::fs::read(self.path("ledger/checkpoint")).unwrap();
        let text = Note::parse(&note).unwrap().text().to_owned();
        Checkpoint::parse_body(&text).unwrap().size
    }
}

struct Serving {
    child: Child,
    url: String,
}

impl Serving {
    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Status and body.
    fn ask(&self, request: &[u8]) -> (u16, String) {
        let mut stream = TcpStream::connect(self.url.strip_prefix("http://").unwrap()).unwrap();
        stream.write_all(request).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head[9..12].parse().unwrap(), body.to_owned())
    }

    fn get(&self, path: &str) -> (u16, String) {
        self.ask(
            format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                .as_bytes(),
        )
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // Ended already where a test has ended it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &to),
            false => drop(std::fs::copy(entry.path(), to).unwrap()),
        }
    }
}

#[test]
fn a_head_that_is_published_for_a_bundle_is_cosigned_too() {
    let room = Room::new();
    let log = room.ledger();
    let key = room.witness("w1", &log);
    let served = room.serve("w1");
    let line = format!("witness w1 {key} {}", served.url);
    room.policy(&[line], "quorum w1");
    room.done(&["claim", "add", "Models generalise"]);
    let before = room.size();
    room.done(&["bundle", "models-generalise", "-o", "m.claim.json"]);
    assert_eq!(room.size(), before + 1, "a map was recorded");
    let check = ["check", "m.claim.json", "--claim", "models-generalise"];
    let by = ["--vkey", &log, "--policy", "ledger/policy"];
    room.done(&[&check[..], &by].concat());
}

#[test]
fn two_witnesses_cosign_each_head_and_refuse_a_copy_that_was_rolled_back() {
    let room = Room::new();
    let log = room.ledger();
    let keys = ["w1", "w2"].map(|name| room.witness(name, &log));
    let served = ["w1", "w2"].map(|name| room.serve(name));
    let lines = [0, 1].map(|i| format!("witness w{} {} {}", i + 1, keys[i], served[i].url));
    let quorum = "group both all w1 w2\nquorum both";
    room.policy(&lines, quorum);
    let (_, err) = room.done(&["claim", "add", "Models generalise"]);
    assert!(!err.contains("warning"), "{err}");
    let note = std::fs::read(room.path("ledger/checkpoint")).unwrap();
    let log: VerifierKey = log.parse().unwrap();
    let witnesses = keys.clone().map(|key| key.parse::<VerifierKey>().unwrap());
    let open = Checkpoint::open_with(&note, &log, &witnesses).unwrap();
    assert_eq!(open.cosignatures.len(), 2);
    // What the witness serves is the same head, with the log's line and its own.
    let hex = Hash::of(ORIGIN.as_bytes()).to_string();
    let (status, body) = served[0].get(&format!("/{hex}/checkpoint"));
    assert_eq!(status, 200);
    let own = Checkpoint::open_with(body.as_bytes(), &log, &witnesses[..1]).unwrap();
    assert_eq!(own.checkpoint, open.checkpoint);
    assert_eq!(own.cosignatures.len(), 1);
    assert_eq!(
        served[0]
            .get(&format!("/{}/checkpoint", hex.to_uppercase()))
            .0,
        404
    );
    assert_eq!(served[0].get("/add-checkpoint").0, 405);
    assert_eq!(served[0].get("/").0, 404);
    // A copy of this moment, and then the ledger goes on.
    copy(&room.path("ledger"), &room.path("old"));
    copy(&room.path("config"), &room.path("old-config"));
    room.done(&["claim", "add", "Models memorise"]);
    let ahead = room.size();
    // The copy is put back, with the signer's state: only the witnesses can tell.
    std::fs::remove_dir_all(room.path("ledger")).unwrap();
    std::fs::remove_dir_all(room.path("config")).unwrap();
    std::fs::remove_dir_all(room.path("cache")).unwrap_or_default();
    copy(&room.path("old"), &room.path("ledger"));
    copy(&room.path("old-config"), &room.path("config"));
    let (code, out, _) = room.run(&["witness", "ask"]);
    assert_eq!(code, 7, "{out}");
    assert!(
        out.contains(&format!("it has cosigned {ahead} entries")),
        "{out}"
    );
    // It goes on, as another history of the same size: the act is recorded, the witnesses refuse.
    let (_, err) = room.done(&["claim", "add", "Models dream"]);
    assert!(
        err.contains("w1 did not cosign") && err.contains("422"),
        "{err}"
    );
    assert!(err.contains("the quorum of the policy is not met"), "{err}");
    let (out, _) = room.done(&["witness", "evidence", "w1"]);
    assert!(out.contains("fork: two signed heads of one size"), "{out}");
    let kept = net::evidence_in(&room.path("w1")).unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].kind, Evidence::Fork);
    for file in &kept[0].files {
        Checkpoint::open(&std::fs::read(file).unwrap(), &log).unwrap();
    }
}

#[test]
fn an_unreachable_witness_is_a_warning_and_one_that_comes_back_remembers() {
    let room = Room::new();
    let log = room.ledger();
    let key = room.witness("w1", &log);
    let served = room.serve("w1");
    room.policy(&[format!("witness w1 {key} {}", served.url)], "quorum w1");
    room.done(&["claim", "add", "Models generalise"]);
    // Killed, at any moment: what it cosigned is on disk.
    served.kill();
    let (_, err) = room.done(&["claim", "add", "Models memorise"]);
    assert!(
        err.contains("warning: recorded, but witness w1 did not cosign"),
        "{err}"
    );
    assert!(err.contains("hint: grounds witness ask"), "{err}");
    assert_eq!(room.run(&["witness", "ask"]).0, 7);
    let served = room.serve("w1");
    // One process answers for a folder.
    let (code, _, err) = room.run(&["witness", "serve", "w1"]);
    assert_eq!(code, 4, "{err}");
    assert!(err.contains("error[locked]"), "{err}");
    room.policy(&[format!("witness w1 {key} {}", served.url)], "quorum w1");
    let (out, _) = room.done(&["witness", "ask"]);
    assert!(
        out.contains("✓ w1 cosigned") && out.contains("the quorum is met"),
        "{out}"
    );
    // The same head again is cosigned again.
    room.done(&["witness", "ask"]);
    served.kill();
    // A damaged memory is not gone on with.
    let state = room
        .path("w1/origins")
        .join(Hash::of(ORIGIN.as_bytes()).to_string());
    let good = std::fs::read(&state).unwrap();
    let (code, _, err) = {
        let mut bad = good.clone();
        let place = ORIGIN.len() + 1;
        bad[place] = if bad[place] == b'9' { b'8' } else { b'9' };
        std::fs::write(&state, bad).unwrap();
        room.run(&["witness", "serve", "w1"])
    };
    assert_eq!(code, 3, "{err}");
    assert!(
        err.contains(
            &state.display().to_string()[room.folder.path().display().to_string().len() + 1..]
        ),
        "{err}"
    );
    std::fs::write(&state, &good[..good.len() / 2]).unwrap();
    assert_eq!(room.run(&["witness", "serve", "w1"]).0, 3);
    std::fs::write(&state, b"").unwrap();
    assert_eq!(room.run(&["witness", "serve", "w1"]).0, 3);
    std::fs::rename(&state, state.with_file_name("0".repeat(64))).unwrap();
    std::fs::write(state.with_file_name("0".repeat(64)), &good).unwrap();
    assert_eq!(room.run(&["witness", "serve", "w1"]).0, 3);
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(room.path("w1/witness.key"))
            .unwrap()
            .permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);
}

/// A clock that a test sets.
#[derive(Clone)]
struct SetClock(Arc<Mutex<i64>>);

impl Clock for SetClock {
    fn wall(&self) -> Time {
        Time::EPOCH.plus_micros(*self.0.lock().unwrap() * 1_000_000)
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

/// A witness in this process, and a log of numbers.
struct Lab {
    room: Room,
    key: PrivateKey,
    clock: SetClock,
    log: NoteSigner,
}

impl Lab {
    fn new() -> Lab {
        let lab = Lab {
            room: Room::new(),
            key: PrivateKey::generate().unwrap(),
            clock: SetClock(Arc::new(Mutex::new(1_700_000_000))),
            log: NoteSigner::new(ORIGIN, SigningKey::from_bytes(&[1; 32])).unwrap(),
        };
        net::make_folder(&lab.dir(), "w.example/w", &lab.key).unwrap();
        assert!(net::trust(&lab.dir(), lab.log.verifier()).unwrap());
        assert!(!net::trust(&lab.dir(), lab.log.verifier()).unwrap());
        lab
    }

    fn dir(&self) -> PathBuf {
        self.room.path("w")
    }

    fn open(&self) -> Witness {
        let ignore = Box::new(|_: &Seen<'_>| {});
        Witness::open(&self.dir(), &self.key, Box::new(self.clock.clone()), ignore).unwrap()
    }

    /// The request from size `old` to `new`, in the history with this name.
    fn request(&self, history: &str, old: u64, new: u64) -> Vec<u8> {
        let tree = tree(history, new);
        let head = Checkpoint {
            origin: ORIGIN.to_owned(),
            size: new,
            root: tree.root(),
        };
        let proof = if old == 0 || old > new {
            Vec::new()
        } else {
            tree.consistency(old, new).unwrap()
        };
        let note = head.sign(&self.log).unwrap();
        AddCheckpoint::new(old, proof, &note).unwrap().to_bytes()
    }
}

fn tree(history: &str, size: u64) -> Tree {
    let mut tree = Tree::new();
    (0..size).for_each(|number| tree.push(leaf_hash(format!("{history} {number}").as_bytes())));
    tree
}

fn time_in(lines: &[u8]) -> u64 {
    let lines = parse_cosignatures(lines).unwrap();
    u64::from_be_bytes(lines[0].signature()[..8].try_into().unwrap())
}

#[test]
fn one_of_many_that_ask_at_once_wins_each_size() {
    let lab = Lab::new();
    let witness = lab.open();
    witness.add_checkpoint(&lab.request("a", 0, 4)).unwrap();
    let mut size = 4;
    for round in 0..8 {
        // Every one extends the same head, each to another size: only one can be first.
        let requests: Vec<(u64, Vec<u8>)> = (1..=6)
            .map(|more| (size + more, lab.request("a", size, size + more)))
            .collect();
        let winners: Vec<u64> = std::thread::scope(|scope| {
            let asking: Vec<_> = requests
                .iter()
                .map(|(to, request)| {
                    let witness = &witness;
                    scope.spawn(move || match witness.add_checkpoint(request) {
                        Ok(_) => Some(*to),
                        Err(AddError::Refused(WitnessRefusal::Conflict { .. })) => None,
                        Err(error) => panic!("{error}"),
                    })
                })
                .collect();
            asking
                .into_iter()
                .filter_map(|thread| thread.join().unwrap())
                .collect()
        });
        assert_eq!(winners.len(), 1, "round {round}: {winners:?}");
        size = winners[0];
    }
}

#[test]
fn time_never_goes_back_for_a_log_not_even_after_a_restart() {
    let lab = Lab::new();
    let first = time_in(&lab.open().add_checkpoint(&lab.request("a", 0, 3)).unwrap());
    assert_eq!(first, 1_700_000_000);
    *lab.clock.0.lock().unwrap() = 1_600_000_000;
    // The lock is free again: a witness that was dropped has ended.
    let witness = lab.open();
    assert_eq!(
        time_in(&witness.add_checkpoint(&lab.request("a", 3, 5)).unwrap()),
        first
    );
    *lab.clock.0.lock().unwrap() = 1_700_000_009;
    assert_eq!(
        time_in(&witness.add_checkpoint(&lab.request("a", 5, 5)).unwrap()),
        first + 9
    );
}

#[test]
fn evidence_is_bounded_and_what_is_proved_later_is_none() {
    let lab = Lab::new();
    let witness = lab.open();
    witness.add_checkpoint(&lab.request("a", 0, 5)).unwrap();
    // Other histories of the same size, and newer heads with proofs of another history.
    for number in 0..80 {
        assert!(
            witness
                .add_checkpoint(&lab.request(&format!("b{number}"), 5, 5))
                .is_err()
        );
    }
    for size in 6..40 {
        assert!(witness.add_checkpoint(&lab.request("c", 5, size)).is_err());
    }
    let count = |kind| {
        let kept = net::evidence_in(&lab.dir()).unwrap();
        kept.iter().filter(|one| one.kind == kind).count()
    };
    assert_eq!((count(Evidence::Fork), count(Evidence::Unproved)), (64, 16));
    let fork = net::evidence_in(&lab.dir()).unwrap();
    let fork = fork.iter().find(|one| one.kind == Evidence::Fork).unwrap();
    assert_eq!((fork.cosigned.size, fork.seen.size), (5, 5));
    assert_ne!(fork.cosigned.root, fork.seen.root);

    // An honest head that somebody sent with a wrong proof speaks against nobody once it is proved.
    let lab = Lab::new();
    let witness = lab.open();
    witness.add_checkpoint(&lab.request("a", 0, 5)).unwrap();
    let honest = lab.request("a", 5, 9);
    let note = &honest[honest.windows(2).position(|two| two == b"\n\n").unwrap() + 2..];
    let spoilt = AddCheckpoint::new(5, vec![Hash([7; 32])], note).unwrap();
    assert!(witness.add_checkpoint(&spoilt.to_bytes()).is_err());
    assert_eq!(net::evidence_in(&lab.dir()).unwrap().len(), 1);
    witness.add_checkpoint(&honest).unwrap();
    assert_eq!(net::evidence_in(&lab.dir()).unwrap().len(), 0);
}

#[test]
fn nothing_is_cosigned_that_could_not_be_kept() {
    let lab = Lab::new();
    let witness = lab.open();
    std::fs::remove_dir_all(lab.dir().join("origins")).unwrap();
    let added = witness.add_checkpoint(&lab.request("a", 0, 5));
    assert!(matches!(added, Err(AddError::NotKept(_))), "{added:?}");
    std::fs::create_dir(lab.dir().join("origins")).unwrap();
    // Nothing was given out, so nothing is remembered.
    witness.add_checkpoint(&lab.request("b", 0, 4)).unwrap();
}

/// A server that says one thing after the other, whatever it is asked.
fn says(answers: Vec<Vec<u8>>) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut seen = [0; 4096];
            // One read is enough: head and body are small.
            let _ = stream.read(&mut seen);
            let _ = stream.write_all(&answer);
        }
        // Whoever connects now is never answered.
        std::thread::park();
        drop(listener);
    });
    url
}

fn said(status: &str, kind: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}").into_bytes()
}

#[test]
fn whatever_a_witness_answers_is_bounded_and_said() {
    let lab = Lab::new();
    let tree = tree("a", 9);
    let head = Checkpoint {
        origin: ORIGIN.to_owned(),
        size: 9,
        root: tree.root(),
    };
    let note = head.sign(&lab.log).unwrap();
    let proof = |old, new| tree.consistency(old, new);
    let asked = |answers: Vec<Vec<u8>>| {
        let at = net::WitnessAt {
            name: "w".into(),
            url: says(answers),
            old: 0,
        };
        net::ask(&at, &note, &proof, Duration::from_millis(500))
            .unwrap_err()
            .to_string()
    };
    let plain = "text/plain";
    let cases = [
        (vec![said("200 OK", plain, "junk\n")], "its answer"),
        (vec![said("200 OK", plain, "")], "its answer"),
        (
            vec![said("200 OK", plain, &"a".repeat(1 << 20))],
            "add-checkpoint: ",
        ),
        (
            vec![said("404 Not Found", plain, "never heard of it")],
            "it answered 404",
        ),
        (vec![said("302 Found", plain, "")], "it answered 302"),
        (
            vec![said("409 Conflict", "text/x.tlog.size", "10\n")],
            "it has cosigned 10 entries",
        ),
        (
            vec![said("409 Conflict", "text/x.tlog.size", "x")],
            "it answered 409",
        ),
        (
            vec![said("409 Conflict", "text/x.tlog.size", "4\n"); 2],
            "it answered 409",
        ),
        (vec![b"not http\r\n\r\n".to_vec()], "add-checkpoint: "),
        (vec![], "no answer in time"),
    ];
    for (answers, expected) in cases {
        let error = asked(answers);
        assert!(error.contains(expected), "{error}, expected {expected}");
    }
}

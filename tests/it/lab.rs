//! A ledger to try things on: solo policy, published keys, clocks that a test sets.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use grounds::claim::{Act, LedgerCreated, LogKey, Policy, State};
use grounds::envelope::{Anchor, Commit, Signed, line_of};
use grounds::ledger::audit::{Report, Standard, Verdict, audit};
use grounds::ledger::{
    Appender, Clock, HeadSigner, LedgerError, Opened, Receipt, genesis, prepare,
};
use grounds::tlog::{
    Checkpoint, NoteSigner, Tree, VerifierKey, encode_bundle, leaf_hash, partial_bundle,
    partial_tiles,
};
use grounds::value::{Origin, Slug, Time};

use crate::reference::build::{ORIGIN, act, founder, key, keys_json, time};

pub(crate) const EVENTS: &str = "events/000000000000.jsonl";

/// When the ledger begins.
pub(crate) const START: &str = "2026-03-02T09:00:00Z";

/// A wall clock and a monotonic one, each set by hand.
#[derive(Clone)]
pub(crate) struct Hands {
    wall: Arc<AtomicI64>,
    monotonic: Arc<AtomicU64>,
}

impl Hands {
    pub(crate) fn at(start: &str) -> Hands {
        Hands {
            wall: Arc::new(AtomicI64::new(time(start).micros())),
            monotonic: Arc::new(AtomicU64::new(0)),
        }
    }

    pub(crate) fn now(&self) -> Time {
        Time::from_micros(self.wall.load(Ordering::SeqCst)).unwrap()
    }

    /// Time passes.
    pub(crate) fn pass(&self, seconds: u64) {
        self.set_wall(i64::try_from(seconds).unwrap());
        self.monotonic
            .fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }

    /// Somebody sets the wall clock, by so many seconds.
    pub(crate) fn set_wall(&self, seconds: i64) {
        self.wall.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }
}

impl Clock for Hands {
    fn wall(&self) -> Time {
        self.now()
    }

    fn monotonic(&self) -> Duration {
        Duration::from_micros(self.monotonic.load(Ordering::SeqCst))
    }
}

/// A folder with a ledger, its signer's state beside it.
pub(crate) struct Lab {
    folder: tempfile::TempDir,
    pub(crate) clock: Hands,
}

pub(crate) fn origin() -> Origin {
    ORIGIN.parse().unwrap()
}

pub(crate) fn slug(text: &str) -> Slug {
    text.parse().unwrap()
}

pub(crate) fn log_key() -> NoteSigner {
    let key = ed25519_dalek::SigningKey::from_bytes(&key("log").seed());
    NoteSigner::new(ORIGIN, key).unwrap()
}

pub(crate) fn vkey() -> VerifierKey {
    log_key().verifier().clone()
}

pub(crate) fn founding() -> Vec<u8> {
    let created = LedgerCreated {
        origin: origin(),
        title: grounds::value::Line::parse("A ledger to try things on").unwrap(),
        description: None,
        log_key: LogKey(vkey()),
        agents: grounds::form::List(vec![founder(
            "ada",
            "Ada",
            r#""human""#,
            r#"["attester","contributor","curator","steward"]"#,
            None,
        )]),
        policy: Policy::solo(),
        predecessor: None,
    };
    let commit = genesis(created, &slug("ada"), time(START)).unwrap();
    Signed::seal(commit, &key("ada")).to_bytes()
}

/// A claim asserted, as an act.
pub(crate) fn claim(name: &str) -> Act {
    act(
        &format!("claim/{name}"),
        "claim.asserted",
        None,
        &format!(
            r#"{{"statement":"It is so: {name}","summary":"It was seen.","domains":[{{"name":"Trials","weight":"1"}}],"nature":"empirical","polarity":"positive","falsifiability":"falsifiable","origin":"authored"}}"#
        ),
    )
}

/// A note on a subject, as an act.
pub(crate) fn note(subject: &str, text: &str) -> Act {
    act(
        subject,
        "note.added",
        None,
        &format!(r#"{{"text":"{text}"}}"#),
    )
}

pub(crate) fn attestation(claim: &str, verdict: &str, weight: &str) -> Act {
    act(
        &format!("claim/{claim}"),
        "attestation.made",
        None,
        &format!(r#"{{"verdict":"{verdict}","weight":"{weight}","version":1,"role":"Attester"}}"#),
    )
}

pub(crate) fn paper(name: &str) -> Act {
    act(
        &format!("artifact/{name}"),
        "artifact.registered",
        None,
        &format!(r#"{{"title":"On {name}","kind":"paper"}}"#),
    )
}

pub(crate) fn evidence(claim: &str, paper: &str, relation: &str, strength: &str) -> Act {
    act(
        &format!("claim/{claim}"),
        "evidence.added",
        None,
        &format!(
            r#"{{"relation":"{relation}","artifact":"artifact/{paper}","strength":"{strength}","note":"It says so."}}"#
        ),
    )
}

/// An agent registered with all that solo policy lets one do, but stewarding.
pub(crate) fn agent(name: &str) -> Act {
    act(
        &format!("agent/{name}"),
        "agent.registered",
        None,
        &format!(
            r#"{{"name":"{name}","kind":"human","roles":["attester","contributor","curator"],"keys":{}}}"#,
            keys_json(name)
        ),
    )
}

/// An agent with these roles, as JSON words in order.
pub(crate) fn act_of(name: &str, roles: &[&str]) -> Act {
    act(
        &format!("agent/{name}"),
        "agent.registered",
        None,
        &format!(
            r#"{{"name":"{name}","kind":"human","roles":{roles:?},"keys":{}}}"#,
            keys_json(name)
        ),
    )
}

impl Lab {
    /// A ledger with Ada as its steward; closed.
    pub(crate) fn founded() -> Lab {
        let lab = Lab {
            folder: tempfile::tempdir().unwrap(),
            clock: Hands::at(START),
        };
        let (appender, _) = Appender::create(
            &lab.dir(),
            &founding(),
            lab.signer().unwrap(),
            Box::new(lab.clock.clone()),
        )
        .unwrap();
        appender.close().unwrap();
        lab
    }

    /// With Bea, who may attest, and the claims x and y by Ada; x rests on a paper.
    pub(crate) fn argued() -> Lab {
        let lab = Lab::founded();
        lab.record("ada", &[agent("bea")]);
        lab.record("ada", &[claim("x")]);
        lab.record("ada", &[claim("y"), paper("z"), paper("w")]);
        lab.record("ada", &[evidence("x", "z", "supports", "0.8")]);
        lab.record("ada", &[evidence("y", "w", "supports", "0.7")]);
        lab.record("bea", &[attestation("x", "verifies", "0.9")]);
        lab.record("ada", &[note("claim/x", "Read it twice.")]);
        lab
    }

    pub(crate) fn dir(&self) -> PathBuf {
        self.folder.path().join("ledger")
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.folder.path().join("log.state")
    }

    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn signer(&self) -> Result<HeadSigner, grounds::ledger::SignerError> {
        HeadSigner::open(&origin(), key("log"), &self.state())
    }

    pub(crate) fn try_open(&self) -> Result<(Appender, Opened), LedgerError> {
        Appender::open(
            &self.dir(),
            self.signer()?,
            Box::new(self.clock.clone()),
            false,
        )
    }

    pub(crate) fn open(&self) -> Appender {
        self.try_open().unwrap().0
    }

    /// A commit by an agent in the state of the appender, a second before its clock.
    pub(crate) fn signed(&self, appender: &Appender, author: &str, acts: &[Act]) -> Vec<u8> {
        Signed::seal(self.commit(appender, author, acts), &key(author)).to_bytes()
    }

    pub(crate) fn commit(
        &self,
        appender: &Appender,
        author: &str,
        acts: &[Act],
    ) -> Commit<'static> {
        let at = self.clock.now();
        prepared(appender.state(), appender.anchor(), author, at, acts)
    }

    /// One commit, recorded a minute after the last; opened and closed.
    pub(crate) fn record(&self, author: &str, acts: &[Act]) -> Receipt {
        self.clock.pass(60);
        let mut appender = self.open();
        let signed = self.signed(&appender, author, acts);
        appender.stage(&signed).unwrap();
        let receipt = appender.flush().unwrap().remove(0);
        appender.close().unwrap();
        receipt
    }

    pub(crate) fn audit(&self) -> Report {
        audited(&self.dir())
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        lines(&self.dir())
    }
}

pub(crate) fn prepared(
    state: &State,
    anchor: Option<Anchor>,
    author: &str,
    at: Time,
    acts: &[Act],
) -> Commit<'static> {
    prepare(state, &origin(), anchor, &slug(author), at, acts).unwrap()
}

pub(crate) fn audited(dir: &Path) -> Report {
    examined(dir, &Standard::default())
}

/// An audit. With `GROUNDS_KEEP_LEDGERS=DIR` the ledger is kept there, with what was asked and what
/// came of it, for the second implementation to be held to; what needs a policy, a clock or the
/// signer's state is compared elsewhere or is not its to judge.
pub(crate) fn examined(dir: &Path, standard: &Standard<'_>) -> Report {
    let report = audit(dir, standard, &mut |_, _| {}).expect("bytes never make an audit fail");
    let is_plain =
        standard.policy.is_none() && standard.signer.is_none() && standard.freshness.is_none();
    if let Some(into) = std::env::var_os("GROUNDS_KEEP_LEDGERS").filter(|_| is_plain) {
        keep(dir, standard, &report, Path::new(&into));
    }
    report
}

fn keep(dir: &Path, standard: &Standard<'_>, report: &Report, into: &Path) {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::SeqCst);
    let test = std::thread::current()
        .name()
        .unwrap_or("test")
        .replace("::", "-");
    let own = into.join(format!("{}-{number:05}-{test}", std::process::id()));
    copy(dir, &own.join("ledger"));
    let exit = match report.verdict {
        Verdict::Holds => 0,
        Verdict::Fails => 1,
        Verdict::Damaged => 3,
        Verdict::CannotTell => 7,
    };
    let asked = serde_json::json!({
        "vkey": standard.vkey.map(ToString::to_string),
        "from": standard.from.map(String::from_utf8_lossy),
        "exit": exit,
        "index": report.faults.iter().filter_map(|fault| fault.index).min(),
    });
    std::fs::write(own.join("asked.json"), asked.to_string()).unwrap();
}

pub(crate) fn lines(dir: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(dir.join(EVENTS)).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// The line of a signed commit, as a log that admits anything would record it.
pub(crate) fn line(signed: &[u8], recorded: Time) -> String {
    let signed = Signed::parse(signed).unwrap();
    let line = line_of(&signed.commit.bytes, recorded, &signed.signatures);
    String::from_utf8(line).unwrap()
}

/// What an operator can do who holds the log's key: any lines, under a tree, tiles and a checkpoint
/// of their own.
pub(crate) fn put_lines(dir: &Path, lines: &[String]) {
    std::fs::write(dir.join(EVENTS), lines.join("\n") + "\n").unwrap();
    let _ = std::fs::remove_dir_all(dir.join("tile"));
    let tree = tree_of(lines);
    for tile in partial_tiles(tree.size()) {
        put(dir, &tile.path(), &tile.bytes(&tree).unwrap());
    }
    if let Some(bundle) = partial_bundle(tree.size()) {
        let entries = bundle.entries();
        let (from, to) = (entries.start as usize, entries.end as usize);
        let bytes = encode_bundle(lines[from..to].iter().map(String::as_bytes)).unwrap();
        put(dir, &bundle.path(), &bytes);
    }
    std::fs::write(dir.join("checkpoint"), head(&tree)).unwrap();
}

pub(crate) fn tree_of(lines: &[String]) -> Tree {
    let mut tree = Tree::new();
    lines
        .iter()
        .for_each(|line| tree.push(leaf_hash(line.as_bytes())));
    tree
}

/// A head of a tree, signed by the log's key.
pub(crate) fn head(tree: &Tree) -> Vec<u8> {
    let head = Checkpoint {
        origin: ORIGIN.to_owned(),
        size: tree.size(),
        root: tree.root(),
    };
    head.sign(&log_key()).unwrap()
}

fn put(dir: &Path, name: &str, bytes: &[u8]) {
    let path = dir.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

/// Copies a folder; what was there is gone.
pub(crate) fn copy(from: &Path, to: &Path) {
    if to.exists() {
        std::fs::remove_dir_all(to).unwrap();
    }
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(std::fs::copy(entry.path(), target).unwrap()),
        }
    }
}

/// Every file below a folder with its bytes, and when it and every folder was changed last; the
/// lock aside, which says who had it last.
pub(crate) fn everything(dir: &Path) -> BTreeMap<PathBuf, (std::time::SystemTime, Vec<u8>)> {
    fn walk(dir: &Path, found: &mut BTreeMap<PathBuf, (std::time::SystemTime, Vec<u8>)>) {
        for entry in std::fs::read_dir(dir).unwrap().map(Result::unwrap) {
            let changed = entry.metadata().unwrap().modified().unwrap();
            let path = entry.path();
            if path.is_dir() {
                found.insert(path.clone(), (changed, Vec::new()));
                walk(&path, found);
            } else if entry.file_name() != "lock" {
                found.insert(path.clone(), (changed, std::fs::read(&path).unwrap()));
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(dir, &mut found);
    found
}

//! A ledger with its keys, made by `grounds init`, at which commits are signed without asking it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use grounds::claim::{Act, Data, State};
use grounds::envelope::{Anchor, PrivateKey, Signed};
use grounds::json::Json;
use grounds::ledger::audit::{Standard, Verdict, audit};
use grounds::ledger::{Appender, Clock as _, HeadSigner, Ledger, Opened, SystemClock, prepare};
use grounds::tlog::VerifierKey;
use grounds::value::{Origin, Time};

const ORIGIN: &str = "faults.example/ledger";

/// Who signs all commits.
const AUTHOR: &str = "ada";

/// A ledger's folder and the folder of its keys.
#[derive(Clone)]
pub(crate) struct Yard {
    pub(crate) dir: PathBuf,
    pub(crate) config: PathBuf,
}

/// What signs commits: a key, and a head that they are anchored in.
pub(crate) struct Pen {
    key: PrivateKey,
    anchor: Anchor,
    now: Time,
}

impl Yard {
    /// Makes it, with genesis alone.
    pub(crate) fn make(grounds: &Path, dir: &Path, config: &Path) -> Yard {
        let yard = Yard {
            dir: dir.to_owned(),
            config: config.to_owned(),
        };
        let words = ["init", "--origin", ORIGIN, "--name", "Ada", "--agent-slug"];
        let mut made = yard.command(grounds, &[&words[..], &[AUTHOR]].concat());
        let said = made.output().unwrap();
        assert!(said.status.success(), "{said:?}");
        yard
    }

    /// The program, on this ledger.
    pub(crate) fn command(&self, grounds: &Path, words: &[&str]) -> Command {
        let mut command = Command::new(grounds);
        command.args(words);
        self.at(command)
    }

    /// A program that is to run as `grounds` does here.
    pub(crate) fn at(&self, mut command: Command) -> Command {
        command
            .env("GROUNDS_LEDGER", &self.dir)
            .env("GROUNDS_CONFIG", &self.config)
            .env("GROUNDS_CACHE", self.config.join("cache"))
            .env_remove("SSH_AUTH_SOCK")
            .stdin(Stdio::null());
        if command.get_args().next().is_some_and(|word| word == "init") {
            command.env_remove("GROUNDS_LEDGER");
            command.arg("--ledger").arg(&self.dir);
        }
        command
    }

    pub(crate) fn kept(&self, name: &str) -> PathBuf {
        self.config.join(ORIGIN.replace('/', "%2F")).join(name)
    }

    fn key(&self, name: &str) -> PrivateKey {
        let text = std::fs::read_to_string(self.kept(name)).unwrap();
        PrivateKey::from_openssh(&text, None).unwrap()
    }

    pub(crate) fn vkey(&self) -> VerifierKey {
        self.signer().verifier().clone()
    }

    fn signer(&self) -> HeadSigner {
        let origin: Origin = ORIGIN.parse().unwrap();
        HeadSigner::open(&origin, self.key("log.key"), &self.kept("log.state")).unwrap()
    }

    /// Opens it for writing; what a crash left is recovered.
    pub(crate) fn open(&self) -> (Appender, Opened) {
        let clock = Box::new(SystemClock::new());
        Appender::open(&self.dir, self.signer(), clock, false)
            .unwrap_or_else(|error| panic!("{}: {error}", self.dir.display()))
    }

    /// Anchored in the newest head there is.
    pub(crate) fn pen(&self) -> Pen {
        let ledger = Ledger::open(&self.dir, None).unwrap();
        let head = &ledger.custody().checkpoint;
        self.pen_at(Anchor {
            size: head.size,
            root: head.root,
        })
    }

    pub(crate) fn pen_at(&self, anchor: Anchor) -> Pen {
        Pen {
            key: self.key("author.key"),
            anchor,
            now: SystemClock::new().wall(),
        }
    }

    pub(crate) fn checkpoint(&self) -> Vec<u8> {
        std::fs::read(self.dir.join("checkpoint")).unwrap()
    }

    /// The whole audit, by the library.
    pub(crate) fn holds(&self, when: &str) {
        let vkey = self.vkey();
        let standard = Standard {
            vkey: Some(&vkey),
            ..Standard::default()
        };
        let report = audit(&self.dir, &standard, &mut |_, _| {}).unwrap();
        assert_eq!(
            report.verdict,
            Verdict::Holds,
            "{when}: {} {:?}",
            self.dir.display(),
            report.faults
        );
    }
}

impl Pen {
    /// A signed commit of one event, a claim of this name with so many bytes of detail; it can be
    /// recorded in any order.
    pub(crate) fn signed(&self, name: &str, length: usize) -> Vec<u8> {
        let detail = "It was seen, and then again. ".repeat(length / 29 + 1);
        let data = format!(
            r#"{{"detail":"{}","domains":[{{"name":"Trials","weight":"1"}}],"falsifiability":"falsifiable","nature":"empirical","origin":"authored","polarity":"positive","statement":"It is so: {name}","summary":"It was seen."}}"#,
            detail[..length.max(1)].trim()
        );
        let data = Json::parse(data.as_bytes()).unwrap();
        let data = Data::read("claim.asserted", &data).unwrap();
        let act = Act::new(format!("claim/{name}").parse().unwrap(), data);
        let origin: Origin = ORIGIN.parse().unwrap();
        let anchor = Some(Anchor {
            size: self.anchor.size,
            root: self.anchor.root,
        });
        let author = AUTHOR.parse().unwrap();
        let commit = prepare(&State::new(), &origin, anchor, &author, self.now, &[act]).unwrap();
        Signed::seal(commit, &self.key).to_bytes()
    }
}

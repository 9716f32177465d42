//! A desk: an empty folder of one person, with configuration and cache of their own, at which
//! commands are run.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

pub(crate) const ORIGIN: &str = "claims.example/lab";

pub(crate) struct Desk {
    folder: tempfile::TempDir,
    pub(crate) env: Vec<(String, String)>,
}

pub(crate) struct Answer {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Desk {
    pub(crate) fn empty() -> Desk {
        Desk {
            folder: tempfile::tempdir().unwrap(),
            env: Vec::new(),
        }
    }

    /// With a ledger of one steward, Ada, and the agent Bea, whose key is in bea.key; a claim by
    /// Ada with a paper as evidence.
    pub(crate) fn argued() -> Desk {
        let desk = Desk::empty();
        let words = ["init", "--origin", ORIGIN, "--name", "Ada", "--agent-slug"];
        desk.yes(&[&words[..], &["ada"]].concat());
        desk.say("claim add|Neurons are polysemantic");
        desk.say(
            "evidence add|neurons|--supports|--doi|10.48550/arxiv.2209.10652|--title|Toy Models|--strength|0.84|-m|It shows so",
        );
        desk.say("agent add|bea|--name|Bea|--new-key|bea.key|--reliability|0.8");
        desk
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The folder of the keys kept for the ledger.
    pub(crate) fn config(&self) -> PathBuf {
        self.path("config").join(ORIGIN.replace('/', "%2F"))
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), bytes).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// Any program, at this desk.
    pub(crate) fn program(&self, program: impl AsRef<std::ffi::OsStr>, words: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .args(words)
            .current_dir(self.folder.path())
            .env("GROUNDS_CONFIG", self.path("config"))
            .env("GROUNDS_CACHE", self.path("cache"))
            .env_remove("SSH_AUTH_SOCK")
            .env_remove("SSH_ASKPASS")
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

    pub(crate) fn command(&self, words: &[&str]) -> Command {
        self.program(env!("CARGO_BIN_EXE_grounds"), words)
    }

    pub(crate) fn run(&self, words: &[&str]) -> Answer {
        Answer::of(self.command(words).output().unwrap())
    }

    pub(crate) fn yes(&self, words: &[&str]) -> Answer {
        let answer = self.run(words);
        assert_eq!(answer.code, 0, "{words:?}\n{}{}", answer.out, answer.err);
        answer
    }

    pub(crate) fn no(&self, code: i32, words: &[&str], said: &str) -> Answer {
        let answer = self.run(words);
        assert_eq!(answer.code, code, "{words:?}\n{}{}", answer.out, answer.err);
        assert!(answer.err.contains(said), "{words:?}: {}", answer.err);
        answer
    }

    /// A command that is to succeed: its verb in words, then its arguments, `|` between them.
    pub(crate) fn say(&self, line: &str) -> Answer {
        self.yes(&words(line))
    }

    pub(crate) fn refuse(&self, code: i32, line: &str, said: &str) -> Answer {
        self.no(code, &words(line), said)
    }

    pub(crate) fn holds(&self) {
        self.yes(&["verify"]);
    }

    /// Takes a file to another desk.
    pub(crate) fn hand(&self, name: &str, to: &Desk) {
        std::fs::copy(self.path(name), to.path(name)).unwrap();
    }
}

/// `claim add|A claim` as the arguments claim, add and "A claim".
fn words(line: &str) -> Vec<&str> {
    let (verb, arguments) = line
        .split_once('|')
        .map_or((line, None), |(v, a)| (v, Some(a)));
    let arguments = arguments.into_iter().flat_map(|text| text.split('|'));
    verb.split(' ').chain(arguments).collect()
}

impl Answer {
    pub(crate) fn of(output: Output) -> Answer {
        Answer {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap()
    }
}

pub(crate) fn mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

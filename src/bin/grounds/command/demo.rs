//! `grounds demo`: the main job in one go, on a copy of the reference ledger.

use std::path::{Path, PathBuf};

use clap::{Args, Parser as _};
use grounds::envelope::PrivateKey;
use grounds::hash::Hash;

use crate::cli::Cli;
use crate::command;
use crate::context::Context;
use crate::error::{Exit, Failure};
use crate::files;
use crate::render::human::layout::wrap;
use crate::render::human::style::{HEAD, SOFT, paint};

/// See it work: verify a ledger, read a claim, attest to it, see what moved and why, go back in
/// time, prove one event.
#[derive(Debug, Args)]
#[command(
    after_help = "Example: grounds demo\n\nIt works on a copy in a temporary folder, with keys that everybody has."
)]
pub(crate) struct Demo {
    /// Put the copy here [default: a new temporary folder]; it must not exist
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// The reference ledger, as it stands in `ledger/`.
const FILES: [(&str, &[u8]); 4] = [
    (
        "checkpoint",
        include_bytes!("../../../../ledger/checkpoint"),
    ),
    (
        "events/000000000000.jsonl",
        include_bytes!("../../../../ledger/events/000000000000.jsonl"),
    ),
    (
        "tile/0/000.p/16",
        include_bytes!("../../../../ledger/tile/0/000.p/16"),
    ),
    (
        "tile/entries/000.p/16",
        include_bytes!("../../../../ledger/tile/entries/000.p/16"),
    ),
];

const ORIGIN: &str = "grounds.example/reference";
const CLAIM: &str = "individual-neurons-rarely-encode-single-concepts";

/// A key of the reference ledger: its seed is the digest of its name.
fn published_key(name: &str) -> PrivateKey {
    let seed = Hash::of(format!("grounds reference ledger, public test key of {name}").as_bytes());
    PrivateKey::from_seed(seed.as_bytes())
}

impl Demo {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let stage = Stage::set(context, self.dir.as_deref())?;
        stage.introduce()?;
        stage.verify()?;
        stage.read()?;
        stage.attest()?;
        stage.see_what_moved()?;
        stage.go_back()?;
        stage.prove()?;
        stage.end()?;
        Ok(Exit::Done)
    }
}

/// The copy, its keys, and where words go.
struct Stage<'c> {
    context: &'c Context,
    folder: PathBuf,
}

impl<'c> Stage<'c> {
    fn set(context: &'c Context, dir: Option<&Path>) -> Result<Stage<'c>, Failure> {
        let folder = match dir {
            Some(dir) => {
                std::fs::create_dir(dir).map_err(|error| match error.kind() {
                    std::io::ErrorKind::AlreadyExists => Failure::new(
                        Exit::No,
                        "exists",
                        format!("{}: found it there, expected no such folder", dir.display()),
                    )
                    .hint("choose another name, or leave --dir out"),
                    _ => Failure::io(dir, &error),
                })?;
                dir.to_path_buf()
            }
            None => tempfile::Builder::new()
                .prefix("grounds-demo-")
                .tempdir()
                .map_err(|error| Failure::io(&std::env::temp_dir(), &error))?
                .keep(),
        };
        let stage = Stage { context, folder };
        stage.copy_ledger()?;
        stage.write_keys()?;
        Ok(stage)
    }

    fn ledger(&self) -> PathBuf {
        self.folder.join("ledger")
    }

    fn copy_ledger(&self) -> Result<(), Failure> {
        for (name, bytes) in FILES {
            let path = self.ledger().join(name);
            let folder = path.parent().unwrap_or(&self.folder);
            std::fs::create_dir_all(folder).map_err(|error| Failure::io(folder, &error))?;
            files::write_new(&path, bytes)?;
        }
        Ok(())
    }

    fn write_keys(&self) -> Result<(), Failure> {
        let log = self.inside(&[])?.1.config_dir(&ORIGIN.parse()?)?;
        files::make_private_folder(&log)?;
        files::make_private_folder(&self.folder.join("keys"))?;
        let key_files = [
            ("log", log.join("log.key")),
            ("registrar", self.key("registrar")),
            ("archivist", self.key("archivist")),
            ("visitor", self.key("visitor")),
        ];
        for (name, path) in key_files {
            files::write_new_private(&path, published_key(name).to_openssh(name).as_bytes())?;
        }
        Ok(())
    }

    fn key(&self, name: &str) -> PathBuf {
        self.folder.join("keys").join(format!("{name}.key"))
    }

    /// A command on the copy: parsed as if it were typed, with folders of its own.
    fn inside(&self, words: &[&str]) -> Result<(Cli, Context), Failure> {
        let ledger = self.ledger();
        let mut line = vec!["grounds".to_owned()];
        line.extend(words.iter().map(|word| (*word).to_owned()));
        if words.is_empty() {
            line.push("verify".to_owned());
        }
        line.extend([
            "--ledger".to_owned(),
            ledger.display().to_string(),
            "--no-pager".to_owned(),
        ]);
        let mut cli =
            Cli::try_parse_from(line).map_err(|error| Failure::usage(error.to_string()))?;
        cli.global.json = self.context.global.json;
        cli.global.color = self.context.global.color;
        let context = Context::new(&cli.global).at_home(&self.folder);
        Ok((cli, context))
    }

    /// Shows the command, runs it, shows its answer.
    fn run(&self, words: &[&str]) -> Result<(), Failure> {
        let shown: Vec<String> = words.iter().map(|word| quoted(word)).collect();
        self.tell(&format!(
            "{}\n",
            paint(HEAD, &format!("$ grounds {}", shown.join(" ")))
        ))?;
        let (cli, context) = self.inside(words)?;
        let exit = command::run(&cli, &context)?;
        self.tell("\n")?;
        match exit {
            Exit::Done => Ok(()),
            other => Err(Failure::new(
                other,
                "demo",
                format!("grounds {}: did not succeed", shown.join(" ")),
            )),
        }
    }

    /// Words of ours; none with `--json`, where only the answers are printed.
    fn tell(&self, text: &str) -> Result<(), Failure> {
        if self.context.global.json {
            Ok(())
        } else {
            self.context.print_part(text)
        }
    }

    fn explain(&self, text: &str) -> Result<(), Failure> {
        let lines = wrap(text, self.context.width.min(90));
        self.tell(&format!("{}\n\n", paint(SOFT, &lines.join("\n"))))
    }

    /// What the lines above say, one by one.
    fn line_by_line(&self, lines: &[(&str, &str)]) -> Result<(), Failure> {
        self.tell(&format!("{}\n", paint(SOFT, "Line by line:")))?;
        for (name, text) in lines {
            let wrapped = wrap(text, self.context.width.min(90).saturating_sub(22))
                .join("\n                      ");
            self.tell(&format!(
                "{}\n",
                paint(SOFT, &format!("  {name:<18}  {wrapped}"))
            ))?;
        }
        self.tell("\n")
    }

    fn step(&self, number: u8, title: &str, text: &str) -> Result<(), Failure> {
        self.tell(&format!(
            "{}\n",
            paint(HEAD, &format!("── {number}. {title} ──"))
        ))?;
        self.explain(text)
    }

    fn introduce(&self) -> Result<(), Failure> {
        self.explain(&format!(
            "This is a copy of the reference ledger, in {}. Its keys are public: everybody has them, and nothing that they sign proves anything about anybody. The commands below are real; try your own on the copy afterwards.",
            self.folder.display()
        ))
    }

    fn verify(&self) -> Result<(), Failure> {
        self.step(
            1,
            "Is this ledger what it says it is?",
            "A ledger is a list of entries. Each holds what one author signed: \"this paper supports that claim\", \"I have checked it\". Every event names the one before it, and one signed root stands over all entries, so that none can be changed, dropped or slipped in unseen. verify reads every byte and trusts nothing.",
        )?;
        self.run(&["verify"])?;
        self.line_by_line(&[
            ("the log key…", "the one thing taken on trust here: somebody who rewrote the whole ledger would have put his own key in. With the key from elsewhere (--vkey) this line goes away"),
            ("bytes", "each entry is written in the one way that its content can be written, so that its digest means something"),
            ("signatures", "each was signed by a key that belonged to its author at that moment"),
            ("chains", "in the history of each thing no event is missing, added or out of order: each names the one before it"),
            ("anchors", "each author also signed for everything that came before, so that old entries cannot be changed without breaking every later signature"),
            ("rules", "each event was one that its author was allowed to make then"),
            ("tree, checkpoint", "one digest stands over all entries, and the log's key signed it"),
            ("witnesses", "nobody else was asked to confirm that digest; ? means that it cannot be told, not that it is wrong"),
            ("scores", "the figures follow from the events by the formula that the ledger adopted"),
        ])
    }

    fn read(&self) -> Result<(), Failure> {
        self.step(
            2,
            "What does the claim stand on?",
            "Nothing here was typed in as a score. The page is worked out anew from the signed events each time it is shown, by a published formula in whole numbers: anybody gets the same digits.",
        )?;
        self.run(&["show", CLAIM])?;
        self.line_by_line(&[
            ("active contested", "where the claim is in its life, and how it stands; then what sort of statement it is"),
            ("v1", "the first version of its wording; @4 is the entry that asserted it"),
            ("evidence 72 %", "how much supporting evidence there is, each paper weighed by its strength and quality. The other seven dimensions likewise; why explains each"),
            ("support 60 %", "three summaries of the eight"),
            ("↑ ↓", "papers for and against, in the words of whoever added them, with the entry and the date"),
            ("scope", "the condition under which the claim holds, and how much of its ground that covers"),
            ("attestations", "somebody who did not assert the claim checked it, and puts three quarters of his word into it"),
            ("view status", "a named policy and what it makes of the claim"),
            ("custody", "which entries all this was read from, and what was checked on the way"),
        ])
    }

    fn attest(&self) -> Result<(), Failure> {
        self.step(
            3,
            "Add something, signed",
            "A visitor wants to dispute the claim. First he must be known: giving anybody's word a weight (his reliability) takes two of this ledger's three stewards, so one prepares the commit, another adds his signature to the file, and only then is it admitted.",
        )?;
        let request = self.folder.join("visitor.json");
        let request = request.display().to_string();
        let (registrar, archivist, visitor) = (
            self.text_of("registrar"),
            self.text_of("archivist"),
            self.text_of("visitor"),
        );
        self.run(&[
            "agent",
            "add",
            "visitor",
            "--name",
            "Visitor",
            "--role",
            "attester",
            "--community",
            "visitors",
            "--reliability",
            "0.6",
            "--own-key",
            &visitor,
            "--key",
            &registrar,
            "--out",
            &request,
        ])?;
        self.run(&["sign", &request, "--key", &archivist])?;
        self.run(&["submit", &request, "--clock-ok"])?;
        self.explain(
            "Now he signs his attestation. It is bound to the version of the claim that he saw.",
        )?;
        self.run(&[
            "attest",
            CLAIM,
            "--verdict",
            "disputes",
            "--weight",
            "0.8",
            "-m",
            "Larger models have many neurons that encode one concept.",
            "--key",
            &visitor,
            "--clock-ok",
        ])
    }

    fn text_of(&self, name: &str) -> String {
        self.key(name).display().to_string()
    }

    fn see_what_moved(&self) -> Result<(), Failure> {
        self.step(
            4,
            "What moved, and why?",
            "The difference between the ledger before and after, figure by figure, each movement with the entry that caused it. Many voices never outweigh one good study: attestations of either side are capped at half the mass of a perfect paper.",
        )?;
        self.run(&["diff", CLAIM, "--from", "@16", "--to", "@17"])?;
        self.line_by_line(&[
            ("from, to", "the two states compared: 17 entries, and 18"),
            (
                "figures",
                "only those that differ: before, after, and by how many percentage points",
            ),
            (
                "what moved them",
                "the entry that did it; with several, each gets its own share",
            ),
        ])?;
        self.run(&["why", CLAIM, "contestation"])?;
        self.line_by_line(&[
            (
                "how it is computed",
                "every step of the arithmetic with its numbers, down to what people signed",
            ),
            (
                "signed entries",
                "what the figure would be if that one entry had never been",
            ),
        ])
    }

    fn go_back(&self) -> Result<(), Failure> {
        self.step(
            5,
            "What did the ledger know on 6 March 2026?",
            "Nothing was overwritten, so any date can be replayed: the day before the disputing paper was recorded, the claim was not contested at all.",
        )?;
        self.run(&["replay", "--as-of", "2026-03-06"])?;
        self.line_by_line(&[
            (
                "▌ as the ledger…",
                "ten of the eighteen entries had been recorded by then; the rest is not looked at",
            ),
            (
                "tested, 0 %",
                "two papers for it, none against it: the same claim, four days younger",
            ),
        ])
    }

    fn prove(&self) -> Result<(), Failure> {
        self.step(
            6,
            "Prove it to somebody who has neither the ledger nor this program",
            "A proof holds one entry, the few hashes that lead from it to the signed root, and the root. It is checked offline against the log's key and against the claim it is said to be about. The format is C2SP tlog-proof: other people's programs read it.",
        )?;
        let proof = self.folder.join("attestation.tlog-proof");
        let proof = proof.display().to_string();
        self.run(&["prove", "@17", "-o", &proof])?;
        let vkey = grounds::ledger::Ledger::open(&self.ledger(), None)?
            .custody()
            .vkey
            .to_string();
        self.run(&["check", &proof, "--claim", CLAIM, "--vkey", &vkey])
    }

    fn end(&self) -> Result<(), Failure> {
        let folder = self.folder.display();
        self.tell(&format!(
            "{}\n  export GROUNDS_LEDGER={folder}/ledger\n  grounds list\n  grounds log\n  grounds impact artifact/scaling-monosemanticity\n  rm -r {folder}          when you have seen enough\n",
            paint(HEAD, "Go on from here")
        ))
    }
}

/// A word as a shell would need it.
fn quoted(word: &str) -> String {
    let is_plain = word
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "-_./@:=,+%".contains(c));
    if is_plain && !word.is_empty() {
        word.to_owned()
    } else {
        format!("'{word}'")
    }
}

//! `grounds mirror`: a verified copy of a log, brought up to date.

use std::path::{Path, PathBuf};

use clap::Args;
use grounds::ledger::{MirrorError, Mirrored, mirror};
use grounds::tlog::{ForkProof, Note};

use super::verify::parse_vkey;
use crate::context::Context;
use crate::error::{Exit, Failure};
use crate::files;
use crate::sources;

/// Keep a verified copy of a log, which other commands can read and a damaged ledger be healed from.
///
/// The first run makes DIR, later ones bring it up to the newest head of SOURCE, after any
/// interruption too. Every byte is authenticated against a head that the log's key has signed and
/// that extends the copy's own. A source that went back is refused; of one that shows another
/// history a proof is written.
#[derive(Debug, Args)]
#[command(
    after_help = "Example: grounds mirror https://claims.example/l1 copy --vkey \"$VKEY\"
Then: grounds verify --ledger copy --vkey \"$VKEY\""
)]
pub(crate) struct Mirror {
    /// A ledger's folder, or the address where its folder is served
    #[arg(value_name = "SOURCE")]
    source: String,

    /// The folder of the copy
    #[arg(value_name = "DIR")]
    dir: PathBuf,

    /// The log's key, from somewhere you trust; without it, it is taken on first use and pinned
    #[arg(long, value_name = "VKEY")]
    vkey: Option<String>,

    /// Where a proof goes that the log signed two histories [default: DIR/fork-<sizes>.json]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Mirror {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let vkey = self.vkey.as_deref().map(parse_vkey).transpose()?;
        let mut source = sources::open(context, &sources::place(&self.source))?;
        let mut bar = context.progress("mirroring");
        let done = mirror(&mut *source, &self.dir, vkey.as_ref(), &mut |done, all| {
            bar.at(done, all)
        });
        bar.end();
        match done {
            Ok(mirrored) => self.tell(context, &mirrored),
            Err(MirrorError::Forked(proof)) => Err(self.forked(&proof)?),
            Err(error) => Err(error.into()),
        }
    }

    fn tell(&self, context: &Context, mirrored: &Mirrored) -> Result<Exit, Failure> {
        if context.global.json {
            context.print_json(&serde_json::json!({
                "schema": "grounds.mirror/1",
                "origin": mirrored.vkey.name(),
                "vkey": mirrored.vkey.to_string(),
                "key": if mirrored.is_first_use_key { "first use" } else { "given" },
                "before": mirrored.before.map(|head| head.size),
                "size": mirrored.now.size,
                "root": mirrored.now.root.to_string(),
                "fetched": mirrored.fetched,
                "withheld": mirrored.withheld,
                "policy": mirrored.has_policy,
                "cosigned": mirrored.has_cosigned,
            }))?;
        } else {
            context.print(&said(mirrored, &self.dir))?;
        }
        Ok(Exit::Done)
    }

    /// Writes the proof, and says where it is.
    fn forked(&self, proof: &ForkProof) -> Result<Failure, Failure> {
        let path = self.output.clone().unwrap_or_else(|| {
            let name = format!(
                "fork-{}-{}.json",
                size_in(&proof.older),
                size_in(&proof.newer)
            );
            self.dir.join(name)
        });
        files::replace(&path, &proof.to_bytes())?;
        let failure = Failure::from(MirrorError::Forked(Box::new(proof.clone())));
        Ok(failure.hint(format!(
            "the copy is as it was; the proof is {0}, and anybody can check it: grounds check {0} --fork ORIGIN --vkey VKEY",
            path.display()
        )))
    }
}

fn said(mirrored: &Mirrored, dir: &Path) -> String {
    let Mirrored { vkey, now, .. } = mirrored;
    let dir = dir.display();
    let mut text = match mirrored.before {
        Some(before) if before == *now => {
            format!("{}: {} entries, nothing new\n", vkey.name(), now.size)
        }
        Some(before) => format!(
            "{}: {} entries, {} more than before, which the new head extends\n",
            vkey.name(),
            now.size,
            now.size - before.size
        ),
        None => format!("{}: {} entries\n", vkey.name(), now.size),
    };
    text += &format!("root {}\n", now.root);
    if mirrored.is_first_use_key {
        let when = if mirrored.is_newly_pinned {
            "now"
        } else {
            "on first use"
        };
        text += &format!(
            "the log's key was taken from the source {when} and is pinned: compare it with one from somewhere you trust\n  {vkey}\n"
        );
    }
    if mirrored.withheld > 0 {
        text += &format!(
            "{} of the new entries are withheld by the source\n",
            mirrored.withheld
        );
    }
    text += &format!(
        "checked: every byte against a signed head that extends the last one\nnot checked: signatures of authors and the rules of admission; grounds verify --ledger {dir} does\n"
    );
    text
}

/// The size in a note that was opened before.
fn size_in(note: &[u8]) -> String {
    let text = Note::parse(note).map(|note| note.text().to_owned());
    let line = text
        .ok()
        .and_then(|text| text.lines().nth(1).map(str::to_owned));
    line.unwrap_or_default()
}

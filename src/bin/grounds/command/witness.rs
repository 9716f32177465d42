//! `grounds witness`: be a witness of other logs, or ask one's own.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand};
use grounds::ledger::{Ledger, SystemClock};
use grounds::net::{self, FolderError, Limits, Listener, Seen, WitnessError, WitnessRoutes};
use grounds::tlog::{Evidence, VerifierKey};

use crate::context::Context;
use crate::error::{Exit, Failure};
use crate::{desk, files, keys, witnesses};

/// The witness's private key, in its folder.
pub(crate) const KEY: &str = "witness.key";

/// Witness other logs: cosign heads that extend what was seen before; or ask one's own witnesses
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  grounds witness init w1 --name w1.example/witness\n  grounds witness add w1 'claims.example/l1+4b3c2d1e+AW…'\n  grounds witness serve w1 --listen 127.0.0.1:7070\n  grounds witness ask"
)]
pub(crate) struct Witness {
    #[command(subcommand)]
    command: WitnessCommand,
}

#[derive(Debug, Subcommand)]
enum WitnessCommand {
    Init(Init),
    Add(Add),
    Serve(Serve),
    Evidence(EvidenceOf),
    Ask(Ask),
}

/// Make a witness: its key, and a folder for what it has seen
#[derive(Debug, Args)]
struct Init {
    /// The witness's folder
    dir: PathBuf,
    /// The name of its key: an address without https://, such as w1.example/witness
    #[arg(long)]
    name: String,
}

/// Trust a log: its heads will be cosigned
#[derive(Debug, Args)]
struct Add {
    /// The witness's folder
    dir: PathBuf,
    /// The log's key, as grounds init prints it
    vkey: String,
}

/// Answer logs over HTTP, until Ctrl-C
#[derive(Debug, Args)]
struct Serve {
    /// The witness's folder
    dir: PathBuf,
    /// Where to listen; port 0 is any free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// A host name under which it is asked, besides localhost; may be given again
    #[arg(long = "host", value_name = "NAME")]
    hosts: Vec<String>,
}

/// List what is kept against logs that contradicted themselves
#[derive(Debug, Args)]
struct EvidenceOf {
    /// The witness's folder
    dir: PathBuf,
}

/// Ask the witnesses of the ledger's policy for cosignatures of the newest head
#[derive(Debug, Args)]
struct Ask {}

impl Witness {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        match &self.command {
            WitnessCommand::Init(command) => command.run(context),
            WitnessCommand::Add(command) => command.run(context),
            WitnessCommand::Serve(command) => command.run(context),
            WitnessCommand::Evidence(command) => command.run(context),
            WitnessCommand::Ask(_) => ask(context),
        }
    }
}

impl Init {
    fn run(&self, context: &Context) -> Result<Exit, Failure> {
        files::make_private_folder(&self.dir)?;
        let path = self.dir.join(KEY);
        let key = keys::make(&path, &format!("witness {}", self.name))?;
        let vkey = net::make_folder(&self.dir, &self.name, &key).map_err(|error| {
            keys::take_back(&path);
            failure(&error)
        })?;
        let name = self.name.as_str();
        if context.global.json {
            context.print_json(&serde_json::json!({
                "schema": "grounds.witness/1",
                "name": name,
                "vkey": vkey.to_string(),
                "dir": self.dir,
            }))?;
            return Ok(Exit::Done);
        }
        let dir = self.dir.display();
        context.print(&format!(
            "{name} begins in {dir}\n\nits key, to hand out to logs and to those who check them:\n  {vkey}\n\nfor their policy files, with the address where it will be served:\n  witness {name} {vkey} http://ADDRESS\n\nnext:\n  grounds witness add {dir} VKEY-OF-A-LOG\n  grounds witness serve {dir}\n"
        ))?;
        Ok(Exit::Done)
    }
}

impl Add {
    fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let vkey: VerifierKey = self.vkey.parse().map_err(|error| {
            Failure::usage(format!("VKEY: {error}"))
                .hint("grounds init prints the vkey of a log; grounds verify shows it")
        })?;
        let is_new = net::trust(&self.dir, &vkey).map_err(|error| failure(&error))?;
        if context.global.json {
            context.print_json(&serde_json::json!({
                "schema": "grounds.witness.log/1",
                "origin": vkey.name(),
                "vkey": vkey.to_string(),
                "is_new": is_new,
            }))?;
            return Ok(Exit::Done);
        }
        let origin = vkey.name();
        context.print(&match is_new {
            true => format!(
                "{origin} is trusted now; a witness that is running reads it when it starts again\n"
            ),
            false => format!("{origin} was trusted with this key already\n"),
        })?;
        Ok(Exit::Done)
    }
}

impl Serve {
    fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let key = keys::private_from(&self.dir.join(KEY))?;
        let is_json = context.global.json;
        let witness = net::Witness::open(
            &self.dir,
            &key,
            Box::new(SystemClock::new()),
            Box::new(move |seen| tell(seen, is_json)),
        )
        .map_err(|error| failure(&error))?;
        if witness.logs() == 0 {
            context.say("warning: this witness trusts no log yet\nhint: grounds witness add DIR VKEY, then start it again");
        }
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|error| Failure::io(&self.dir, &error))?;
        runtime.block_on(self.answer(context, witness))
    }

    async fn answer(&self, context: &Context, witness: net::Witness) -> Result<Exit, Failure> {
        let cannot = |error: std::io::Error| {
            Failure::new(Exit::Io, "io", format!("{}: {error}", self.listen))
                .hint("--listen names another address; port 0 is any free one")
        };
        let stop = stop().map_err(cannot)?;
        let vkey = witness.verifier().to_string();
        let listener = Listener::bind(self.listen, &self.hosts, Limits::default())
            .await
            .map_err(cannot)?;
        let url = format!("http://{}", listener.address());
        match context.global.json {
            true => context.print_bytes(
                format!("{}\n", serde_json::json!({ "schema": "grounds.witness.serving/1", "url": url, "vkey": vkey })).as_bytes(),
            )?,
            false => context.print_part(&format!("{url}\n"))?,
        }
        listener
            .serve(Arc::new(WitnessRoutes::of(witness)), stop)
            .await;
        Ok(Exit::Done)
    }
}

/// Ends at Ctrl-C and at SIGTERM.
pub(crate) fn stop() -> std::io::Result<impl Future<Output = ()> + Send> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// A line on standard error of what the witness did.
pub(crate) fn tell(seen: &Seen<'_>, is_json: bool) {
    let (event, origin, said) = match seen {
        Seen::Cosigned { origin, head } => (
            "cosigned",
            origin,
            format!("size {} root {}", head.size, head.root),
        ),
        Seen::Refused { origin, refusal } => {
            ("refused", origin, format!("{} {refusal}", refusal.status()))
        }
        Seen::Evidence { origin, kind, file } => (
            "evidence",
            origin,
            format!("{}; kept in {}", word_of(*kind), file.display()),
        ),
        Seen::NotKept { origin, error } => ("not_kept", origin, error.to_string()),
    };
    let line = match is_json {
        true => serde_json::json!({ "event": event, "origin": origin, "said": said }).to_string(),
        // The origin of a refused request is a stranger's text.
        false => format!("{event} {}: {said}", grounds::value::excerpt(origin)),
    };
    // Nobody is left to be told when standard error is closed.
    let _ = writeln!(std::io::stderr(), "{line}");
}

fn word_of(kind: Evidence) -> &'static str {
    match kind {
        Evidence::Fork => "fork: two signed heads of one size with different roots",
        Evidence::Unproved => {
            "unproved: a signed head that came without a proof that it extends the last one"
        }
    }
}

impl EvidenceOf {
    fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let all = net::evidence_in(&self.dir).map_err(|error| failure(&error))?;
        if context.global.json {
            let items: Vec<serde_json::Value> = all
                .iter()
                .map(|one| {
                    serde_json::json!({
                        "kind": match one.kind { Evidence::Fork => "fork", Evidence::Unproved => "unproved" },
                        "origin": one.origin,
                        "cosigned": { "size": one.cosigned.size, "root": one.cosigned.root.to_string() },
                        "seen": { "size": one.seen.size, "root": one.seen.root.to_string() },
                        "files": one.files,
                    })
                })
                .collect();
            context.print_json(
                &serde_json::json!({ "schema": "grounds.witness.evidence/1", "evidence": items }),
            )?;
            return Ok(Exit::Done);
        }
        let mut text = String::new();
        for one in &all {
            text.push_str(&format!(
                "{}\n  {}\n  cosigned  size {} root {}\n            {}\n  seen      size {} root {}\n            {}\n",
                one.origin,
                word_of(one.kind),
                one.cosigned.size,
                one.cosigned.root,
                one.files[0].display(),
                one.seen.size,
                one.seen.root,
                one.files[1].display(),
            ));
        }
        if all.is_empty() {
            text.push_str("nothing is kept against any log\n");
        }
        context.print(&text)?;
        Ok(Exit::Done)
    }
}

fn ask(context: &Context) -> Result<Exit, Failure> {
    let dir = context.ledger_dir()?;
    let origin = Ledger::origin_of(&dir)?;
    let appender = desk::open_appender(context, &dir, &origin, false)?;
    let Some(question) = witnesses::question(&dir, &appender)? else {
        return Err(Failure::new(
            Exit::CannotTell,
            "policy",
            format!("found no witness with an address in {}", dir.join("policy").display()),
        )
        .hint("write a policy file there: witness NAME VKEY URL, then quorum NAME; docs/PROTOCOL.md tells more"));
    };
    appender.close()?;
    let told = witnesses::ask(&question, context, &dir, &origin)?;
    if context.global.json {
        context.print_json(&witnesses::json(&told))?;
    } else {
        context.print(&witnesses::text(&told))?;
    }
    Ok(if told.is_met {
        Exit::Done
    } else {
        Exit::CannotTell
    })
}

pub(crate) fn failure(error: &WitnessError) -> Failure {
    let message = error.to_string();
    match error {
        WitnessError::Folder(FolderError::Locked(_)) => Failure::new(Exit::Io, "locked", message)
            .hint("one process answers for a witness; stop the other one"),
        WitnessError::Folder(FolderError::Io { .. }) => Failure::new(Exit::Io, "io", message),
        WitnessError::Occupied(_) => {
            Failure::new(Exit::No, "exists", message).hint("choose another folder")
        }
        WitnessError::Missing(_) => {
            Failure::not_found(message).hint("grounds witness init makes a witness")
        }
        WitnessError::Damaged { .. } => Failure::new(Exit::Damaged, "damaged", message).hint(
            "a witness that forgot what it cosigned must not start: put the file back as it was, or begin a new witness under a new name",
        ),
        WitnessError::Logs { .. } => Failure::new(Exit::Damaged, "logs", message)
            .hint("correct the line; grounds witness add writes one"),
        WitnessError::Name(_) => Failure::usage(message),
    }
}

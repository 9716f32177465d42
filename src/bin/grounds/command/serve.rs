//! `grounds serve`: a ledger over HTTP.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use grounds::ledger::{Appender, Ledger, Pace, SystemClock};
use grounds::net::{Limits, Listener, Rate, ServeLimits, Server, Serving, Tell, Witness};

use crate::command::witness;
use crate::context::Context;
use crate::error::{Exit, Failure};
use crate::{desk, keys, witnesses};

/// Answer over HTTP until Ctrl-C: pages, JSON, tiles; and take commits.
#[derive(Debug, Args)]
#[command(
    after_help = "Where the log key is at hand, commits can be sent to it; else it only reads. Whoever is to reach it from elsewhere needs something in front that speaks TLS, and --name with the name under which it is asked.\nExamples: grounds serve · grounds serve --listen 127.0.0.1:8080 --name claims.example"
)]
pub(crate) struct Serve {
    /// Where to listen; port 0 is any free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7878")]
    listen: SocketAddr,
    /// A host name under which it is asked, besides localhost; may be given again
    #[arg(long = "name", value_name = "HOST")]
    names: Vec<String>,
    /// Take no commits, even where the log key is at hand
    #[arg(long)]
    read_only: bool,
    /// Witness other logs as well, from this folder (grounds witness init makes one)
    #[arg(long, value_name = "DIR")]
    witness: Option<PathBuf>,
    /// Connections at a time; where they are all taken, an idle one makes room
    #[arg(long, value_name = "N", default_value_t = Limits::default().connections)]
    connections: usize,
    /// Commits by one key in a second, in the long run; and as many from an address that no key of
    /// the ledger signed
    #[arg(long, value_name = "N", default_value_t = ServeLimits::default().commits.per_second, value_parser = clap::value_parser!(u32).range(1..))]
    rate: u32,
    /// The same at once, after a rest
    #[arg(long, value_name = "N", default_value_t = ServeLimits::default().commits.burst, value_parser = clap::value_parser!(u32).range(1..))]
    burst: u32,
    /// Record the map of all subjects so many seconds after a commit that none covers; 0: only when
    /// somebody asks for a bundle, and every 4,096 entries
    #[arg(long, value_name = "SECONDS", default_value_t = 1)]
    map_every: u32,
}

impl Serve {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let dir = context.ledger_dir()?;
        let appender = self.appender(context, &dir)?;
        let ledger = context.open()?;
        let witness = self.witness(context)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::io(&dir, &error))?;
        let serving = Serving {
            ledger,
            appender,
            witness,
            limits: self.limits(),
            tell: tell_of_witnesses(context),
        };
        let ended = runtime.block_on(self.answer(context, serving));
        // Whoever asked is answered or has gone; what is still worked out is for nobody.
        runtime.shutdown_background();
        ended
    }

    fn limits(&self) -> ServeLimits {
        let limits = ServeLimits::default();
        let seconds = Duration::from_secs(self.map_every.into());
        ServeLimits {
            commits: Rate {
                per_second: self.rate,
                burst: self.burst,
            },
            pace: Pace {
                map_every: (!seconds.is_zero()).then_some(seconds),
                ..limits.pace
            },
            ..limits
        }
    }

    /// Takes the lock, where this is the machine that has the log key.
    fn appender(&self, context: &Context, dir: &Path) -> Result<Option<Appender>, Failure> {
        if self.read_only {
            return Ok(None);
        }
        let origin = Ledger::origin_of(dir)?;
        if keys::log_signer(context, &origin)?.is_none() {
            return Ok(None);
        }
        desk::open_appender(context, dir, &origin, false).map(Some)
    }

    fn witness(&self, context: &Context) -> Result<Option<Witness>, Failure> {
        let Some(dir) = &self.witness else {
            return Ok(None);
        };
        let key = keys::private_from(&dir.join(witness::KEY))?;
        let is_json = context.global.json;
        let clock = Box::new(SystemClock::new());
        let tell = Box::new(move |seen: &grounds::net::Seen<'_>| witness::tell(seen, is_json));
        let witness = Witness::open(dir, &key, clock, tell);
        Ok(Some(witness.map_err(|error| witness::failure(&error))?))
    }

    async fn answer(&self, context: &Context, serving: Serving) -> Result<Exit, Failure> {
        let cannot = |error: std::io::Error| {
            Failure::new(Exit::Io, "io", format!("{}: {error}", self.listen))
                .hint("--listen names another address; port 0 is any free one")
        };
        let stop = witness::stop().map_err(cannot)?;
        let limits = Limits {
            connections: self.connections,
            ..Limits::default()
        };
        let listener = Listener::bind(self.listen, &self.names, limits)
            .await
            .map_err(cannot)?;
        self.tell(context, &serving, listener.address())?;
        let server = Arc::new(Server::start(serving));
        listener.serve(Arc::clone(&server), stop).await;
        if let Some(server) = Arc::into_inner(server) {
            server.close()?;
        }
        Ok(Exit::Done)
    }

    fn tell(
        &self,
        context: &Context,
        serving: &Serving,
        address: SocketAddr,
    ) -> Result<(), Failure> {
        let head = &serving.ledger.custody().checkpoint;
        let can_write = serving.appender.is_some();
        if context.global.json {
            let line = serde_json::json!({
                "schema": "grounds.serving/1",
                "url": format!("http://{address}"),
                "origin": head.origin,
                "size": head.size,
                "root": head.root.to_string(),
                "can_write": can_write,
            });
            return context.print_bytes(format!("{line}\n").as_bytes());
        }
        context.print_part(&format!("listening on http://{address}\n"))?;
        let writing = match (can_write, self.read_only) {
            (true, _) => "takes commits",
            (false, true) => "takes no commits, as was asked",
            (false, false) => "takes no commits: the log key is not on this machine",
        };
        context.say(&format!(
            "{}: {} entries; {writing}",
            head.origin, head.size
        ));
        Ok(())
    }
}

/// Witnesses that do not cosign are a warning, once for each reason.
fn tell_of_witnesses(context: &Context) -> Tell {
    let context = context.clone();
    Box::new(move |told| match told {
        Ok(told) => witnesses::warn(&context, told),
        Err(why) => context.say(&format!("warning: the witnesses were not asked: {why}")),
    })
}

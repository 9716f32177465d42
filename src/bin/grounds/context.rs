//! Where a command finds its ledger, and where its words go.

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anstream::{AutoStream, ColorChoice};
use etcetera::base_strategy::choose_base_strategy;
use grounds::ledger::Ledger;
use grounds::net::page;
use grounds::tlog::VerifierKey;
use grounds::value::Origin;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::cli::{Colour, Global};
use crate::error::{Exit, Failure};
use crate::render::human::style::{calm, calm_json, safe};

/// Everything that commands share.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) global: Global,
    /// Whether standard output is a terminal.
    pub(crate) is_terminal: bool,
    /// A folder that stands in for the user's configuration and cache folders.
    home: Option<PathBuf>,
    /// Columns to write to: of the terminal, else 100.
    pub(crate) width: usize,
}

impl Context {
    pub(crate) fn new(global: &Global) -> Context {
        let is_terminal = std::io::stdout().is_terminal();
        let columns = std::env::var("COLUMNS")
            .ok()
            .and_then(|text| text.parse().ok());
        let of_terminal = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
        let width = columns
            .or(if is_terminal { of_terminal } else { None })
            .unwrap_or(100);
        Context {
            global: global.clone(),
            home: None,
            is_terminal,
            width: width.clamp(40, 200),
        }
    }

    /// The same, with keys and caches in a folder of its own.
    pub(crate) fn at_home(mut self, home: &Path) -> Context {
        self.home = Some(home.to_path_buf());
        self
    }

    /// The ledger's folder: `--ledger`, else `GROUNDS_LEDGER`, else the nearest `ledger/` upwards.
    pub(crate) fn ledger_dir(&self) -> Result<PathBuf, Failure> {
        if let Some(dir) = &self.global.ledger {
            return Ok(dir.clone());
        }
        let here = std::env::current_dir().map_err(|error| Failure::io(Path::new("."), &error))?;
        let found = here.ancestors().find_map(|folder| {
            let inside = folder.join("ledger");
            [inside, folder.to_path_buf()]
                .into_iter()
                .find(|dir| dir.join("events").is_dir())
        });
        found.ok_or_else(|| {
            Failure::not_found(format!("found no ledger in {} or above it", here.display()))
                .hint("grounds init makes one, grounds demo shows one; --ledger DIR names one")
        })
    }

    /// Opens the ledger for reading; what is damaged is said, and the rest can be read.
    pub(crate) fn open(&self) -> Result<Ledger, Failure> {
        self.open_with_key(None)
    }

    /// As [`Context::open`], with a log key from somewhere else.
    pub(crate) fn open_with_key(&self, vkey: Option<&VerifierKey>) -> Result<Ledger, Failure> {
        let dir = self.ledger_dir()?;
        let mut bar = self.progress("reading");
        let ledger = Ledger::open_with(&dir, vkey, &mut |done, all| bar.at(done, all))?;
        bar.end();
        self.warn_of_damage(&ledger);
        Ok(ledger)
    }

    fn warn_of_damage(&self, ledger: &Ledger) {
        let damages = &ledger.custody().damages;
        if let Some(first) = damages.first() {
            self.say(&format!(
                "warning: this ledger is damaged in {} place{}, the first: {first}\nhint: grounds verify lists them; what follows is read from the rest",
                damages.len(),
                if damages.len() == 1 { "" } else { "s" },
            ));
        }
    }

    /// The folder where the keys and the signer's state of a ledger are kept.
    pub(crate) fn config_dir(&self, origin: &Origin) -> Result<PathBuf, Failure> {
        let base = match &self.home {
            Some(home) => home.join("config"),
            None => base("GROUNDS_CONFIG", |base| base.config_dir())?,
        };
        Ok(base.join(folder_name(origin)))
    }

    /// The folder where caches of a ledger are kept.
    pub(crate) fn cache_dir(&self, origin: &Origin) -> Result<PathBuf, Failure> {
        let base = match &self.home {
            Some(home) => home.join("cache"),
            None => base("GROUNDS_CACHE", |base| base.cache_dir())?,
        };
        Ok(base.join(folder_name(origin)))
    }

    fn choice(&self) -> ColorChoice {
        match self.global.color {
            Colour::Always => ColorChoice::AlwaysAnsi,
            Colour::Never => ColorChoice::Never,
            Colour::Auto => AutoStream::choice(&std::io::stdout()),
        }
    }

    /// Whether what is printed may have colour.
    pub(crate) fn has_colour(&self) -> bool {
        self.choice() != ColorChoice::Never
    }

    /// Prints a command's answer; long ones through a pager, on a terminal.
    pub(crate) fn print(&self, text: &str) -> Result<(), Failure> {
        if self.wants_pager(text) {
            let calmed = calm(text);
            let paged = match self.has_colour() {
                true => through_pager(&calmed),
                false => through_pager(&anstream::adapter::strip_str(&calmed).to_string()),
            };
            if paged.is_ok() {
                return Ok(());
            }
        }
        self.print_part(text)?;
        if text.ends_with('\n') {
            Ok(())
        } else {
            self.print_part("\n")
        }
    }

    /// Prints a part of an answer, never through a pager.
    pub(crate) fn print_part(&self, text: &str) -> Result<(), Failure> {
        let mut out = AutoStream::new(std::io::stdout(), self.choice());
        match out
            .write_all(calm(text).as_bytes())
            .and_then(|()| out.flush())
        {
            // Whoever reads has had enough: `grounds log | head`.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            other => other.map_err(|error| Failure::io(Path::new("standard output"), &error)),
        }
    }

    /// Prints bytes as they are.
    pub(crate) fn print_bytes(&self, bytes: &[u8]) -> Result<(), Failure> {
        let mut out = std::io::stdout();
        match out.write_all(bytes).and_then(|()| out.flush()) {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            other => other.map_err(|error| Failure::io(Path::new("standard output"), &error)),
        }
    }

    /// Prints an answer as JSON: its schema and the head that it was read from, then its own fields.
    pub(crate) fn print_answer(
        &self,
        schema: &'static str,
        head: &page::Head,
        answer: impl Serialize,
    ) -> Result<(), Failure> {
        self.print_bytes(calm_json(&page::json(schema, head, answer)).as_bytes())
    }

    /// Prints a value as JSON.
    pub(crate) fn print_json(&self, value: &impl Serialize) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(value)
            .map_err(|error| Failure::new(Exit::Io, "io", error.to_string()))?;
        self.print_bytes(calm_json(&format!("{text}\n")).as_bytes())
    }

    fn wants_pager(&self, text: &str) -> bool {
        let rows =
            terminal_size::terminal_size().map_or(usize::MAX, |(_, rows)| usize::from(rows.0));
        self.is_terminal && !self.global.no_pager && text.lines().count() >= rows
    }

    /// Says something beside the answer, on standard error.
    pub(crate) fn say(&self, text: &str) {
        let mut err = AutoStream::new(
            std::io::stderr(),
            match self.global.color {
                Colour::Always => ColorChoice::AlwaysAnsi,
                Colour::Never => ColorChoice::Never,
                Colour::Auto => AutoStream::choice(&std::io::stderr()),
            },
        );
        // Nobody is left to be told when standard error is closed.
        let _ = writeln!(err, "{}", calm(text));
    }

    /// A bar for long work, on a terminal only, with rate and time left.
    pub(crate) fn progress(&self, what: &'static str) -> Progress {
        let is_shown = std::io::stderr().is_terminal() && !self.global.json;
        Progress {
            bar: None,
            what,
            is_shown,
            started: std::time::Instant::now(),
        }
    }

    /// Says why a command failed, as text or as JSON, and gives its exit code.
    pub(crate) fn fail(&self, failure: &Failure) -> ExitCode {
        if self.global.json {
            let json = serde_json::json!({ "error": failure });
            self.say(&calm_json(&json.to_string()));
        } else {
            self.say(&safe(&failure.to_string()));
        }
        failure.exit.into()
    }
}

fn base(variable: &str, of: impl Fn(&dyn Folders) -> PathBuf) -> Result<PathBuf, Failure> {
    if let Some(dir) = std::env::var_os(variable).filter(|dir| !dir.is_empty()) {
        return Ok(PathBuf::from(dir));
    }
    let strategy = choose_base_strategy().map_err(|_| {
        Failure::new(Exit::Io, "io", "found no home folder")
            .hint("set HOME, or GROUNDS_CONFIG and GROUNDS_CACHE")
    })?;
    Ok(of(&strategy).join("grounds"))
}

/// The two folders that are asked of a strategy.
trait Folders {
    fn config_dir(&self) -> PathBuf;
    fn cache_dir(&self) -> PathBuf;
}

impl<T: etcetera::base_strategy::BaseStrategy> Folders for T {
    fn config_dir(&self) -> PathBuf {
        etcetera::base_strategy::BaseStrategy::config_dir(self)
    }

    fn cache_dir(&self) -> PathBuf {
        etcetera::base_strategy::BaseStrategy::cache_dir(self)
    }
}

/// An origin as one folder name.
fn folder_name(origin: &Origin) -> String {
    origin.as_str().replace('/', "%2F").replace(':', "%3A")
}

/// Shows text in `$PAGER`, else `less -FRX`.
fn through_pager(text: &str) -> std::io::Result<()> {
    let pager = std::env::var("PAGER")
        .ok()
        .filter(|pager| !pager.is_empty());
    let mut command = match &pager {
        Some(pager) => {
            let mut words = pager.split_whitespace();
            let mut command = Command::new(words.next().unwrap_or("less"));
            command.args(words);
            command
        }
        None => {
            let mut command = Command::new("less");
            command.arg("-FRX");
            command
        }
    };
    let mut child = command.stdin(Stdio::piped()).spawn()?;
    if let Some(mut input) = child.stdin.take() {
        // A reader who quits early closes the pipe.
        let _ = input.write_all(text.as_bytes());
    }
    child.wait().map(|_| ())
}

/// A progress bar that appears when the work turns out to be long.
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    what: &'static str,
    is_shown: bool,
    started: std::time::Instant,
}

impl Progress {
    /// So much of all is done.
    pub(crate) fn at(&mut self, done: u64, all: u64) {
        let is_long = self.started.elapsed() > std::time::Duration::from_millis(300);
        if self.is_shown && self.bar.is_none() && is_long {
            let style =
                ProgressStyle::with_template("{msg} {bar:30} {pos}/{len} · {per_sec} · {eta} left");
            let bar = ProgressBar::new(all).with_message(self.what);
            self.bar = Some(style.map_or(bar.clone(), |style| bar.with_style(style)));
        }
        if let Some(bar) = &self.bar {
            bar.set_length(all);
            bar.set_position(done);
        }
    }

    /// The work is over.
    pub(crate) fn end(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}

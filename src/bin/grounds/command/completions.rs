//! `grounds completions` and `grounds man`: for shells and for `man`.

use std::path::PathBuf;

use clap::{Args, CommandFactory as _};

use crate::cli::Cli;
use crate::context::Context;
use crate::error::{Exit, Failure};

/// Print the completions of a shell.
#[derive(Debug, Args)]
#[command(after_help = "Example: grounds completions bash > /etc/bash_completion.d/grounds")]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: clap_complete::Shell,
}

impl Completions {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let mut text = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "grounds", &mut text);
        context.print_bytes(&text)?;
        Ok(Exit::Done)
    }
}

/// Write the man pages into a folder.
#[derive(Debug, Args)]
#[command(after_help = "Example: grounds man /usr/local/share/man/man1")]
pub(crate) struct Man {
    /// The folder; it is made if it is not there
    #[arg(value_name = "DIR")]
    dir: PathBuf,
}

impl Man {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let io = |error: &std::io::Error| Failure::io(&self.dir, error);
        std::fs::create_dir_all(&self.dir).map_err(|error| io(&error))?;
        clap_mangen::generate_to(Cli::command(), &self.dir).map_err(|error| io(&error))?;
        context.say(&format!("man pages in {}", self.dir.display()));
        Ok(Exit::Done)
    }
}

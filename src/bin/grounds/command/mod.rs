//! One file a command.

pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod export;
pub(crate) mod prove;
pub(crate) mod verify;

use crate::cli::{Cli, Command};
use crate::context::Context;
use crate::error::{Exit, Failure};

/// Runs the command that was asked for.
pub(crate) fn run(cli: &Cli, context: &Context) -> Result<Exit, Failure> {
    match &cli.command {
        Command::Verify(command) => command.run(context),
        Command::Prove(command) => command.run(context),
        Command::Check(command) => command.run(context),
        Command::Export(command) => command.run(context),
        Command::Completions(command) => command.run(context),
        Command::Man(command) => command.run(context),
    }
}

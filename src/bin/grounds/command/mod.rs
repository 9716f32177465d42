//! One file a command.

pub(crate) mod bisect;
pub(crate) mod blame;
pub(crate) mod check;
pub(crate) mod cite;
pub(crate) mod completions;
pub(crate) mod diff;
pub(crate) mod export;
pub(crate) mod impact;
pub(crate) mod list;
pub(crate) mod log;
pub(crate) mod prove;
pub(crate) mod replay;
pub(crate) mod show;
pub(crate) mod verify;
pub(crate) mod why;

use crate::cli::{Cli, Command};
use crate::context::Context;
use crate::error::{Exit, Failure};

/// Runs the command that was asked for.
pub(crate) fn run(cli: &Cli, context: &Context) -> Result<Exit, Failure> {
    match &cli.command {
        Command::Show(command) => command.run(context),
        Command::List(command) => command.run(context),
        Command::Log(command) => command.run(context),
        Command::Why(command) => command.run(context),
        Command::Blame(command) => command.run(context),
        Command::Impact(command) => command.run(context),
        Command::Diff(command) => command.run(context),
        Command::Replay(command) => command.run(context),
        Command::Bisect(command) => command.run(context),
        Command::Cite(command) => command.run(context),
        Command::Verify(command) => command.run(context),
        Command::Prove(command) => command.run(context),
        Command::Check(command) => command.run(context),
        Command::Export(command) => command.run(context),
        Command::Completions(command) => command.run(context),
        Command::Man(command) => command.run(context),
    }
}

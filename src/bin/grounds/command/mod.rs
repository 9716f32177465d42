//! One file a command.

pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod export;
pub(crate) mod prove;
pub(crate) mod act;
pub(crate) mod agent;
pub(crate) mod artifact;
pub(crate) mod attest;
pub(crate) mod claim;
pub(crate) mod context_of;
pub(crate) mod evidence;
pub(crate) mod import;
pub(crate) mod init;
pub(crate) mod key;
pub(crate) mod note;
pub(crate) mod sign;
pub(crate) mod steward;
pub(crate) mod submit;
pub(crate) mod undo;
pub(crate) mod verify;
pub(crate) mod view;

use crate::cli::{Cli, Command};
use crate::context::Context;
use crate::error::{Exit, Failure};

/// Runs the command that was asked for.
pub(crate) fn run(cli: &Cli, context: &Context) -> Result<Exit, Failure> {
    match &cli.command {
        Command::Init(command) => command.run(context),
        Command::Claim(command) => command.run(context),
        Command::Evidence(command) => command.run(context),
        Command::Artifact(command) => command.run(context),
        Command::Context(command) => command.run(context),
        Command::View(command) => command.run(context),
        Command::Attest(command) => command.run(context),
        Command::Note(command) => command.run(context),
        Command::Undo(command) => command.run(context),
        Command::Act(command) => command.run(context),
        Command::Sign(command) => command.run(context),
        Command::Submit(command) => command.run(context),
        Command::Agent(command) => command.run(context),
        Command::Key(command) => command.run(context),
        Command::Steward(command) => command.run(context),
        Command::Verify(command) => command.run(context),
        Command::Prove(command) => command.run(context),
        Command::Check(command) => command.run(context),
        Command::Import(command) => command.run(context),
        Command::Export(command) => command.run(context),
        Command::Completions(command) => command.run(context),
        Command::Man(command) => command.run(context),
    }
}

//! One file a command.

pub(crate) mod act;
pub(crate) mod agent;
pub(crate) mod artifact;
pub(crate) mod attest;
pub(crate) mod bisect;
pub(crate) mod blame;
pub(crate) mod bundle;
pub(crate) mod check;
pub(crate) mod cite;
pub(crate) mod claim;
pub(crate) mod completions;
pub(crate) mod context_of;
pub(crate) mod demo;
pub(crate) mod diff;
pub(crate) mod evidence;
pub(crate) mod export;
pub(crate) mod heads;
pub(crate) mod impact;
pub(crate) mod import;
pub(crate) mod init;
pub(crate) mod key;
pub(crate) mod list;
pub(crate) mod log;
#[cfg(feature = "mcp")]
pub(crate) mod mcp;
pub(crate) mod mirror;
pub(crate) mod note;
pub(crate) mod prove;
pub(crate) mod publish;
pub(crate) mod repair;
pub(crate) mod replay;
pub(crate) mod serve;
pub(crate) mod show;
pub(crate) mod sign;
pub(crate) mod steward;
pub(crate) mod submit;
pub(crate) mod undo;
pub(crate) mod verify;
pub(crate) mod view;
pub(crate) mod why;
pub(crate) mod witness;

use crate::cli::{Cli, Command};
use crate::context::Context;
use crate::error::{Exit, Failure};

/// Runs the command that was asked for.
pub(crate) fn run(cli: &Cli, context: &Context) -> Result<Exit, Failure> {
    match &cli.command {
        Command::Init(command) => command.run(context),
        Command::Demo(command) => command.run(context),
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
        Command::Bundle(command) => command.run(context),
        Command::Check(command) => command.run(context),
        Command::Mirror(command) => command.run(context),
        Command::Repair(command) => command.run(context),
        Command::Witness(command) => command.run(context),
        Command::Import(command) => command.run(context),
        Command::Export(command) => command.run(context),
        Command::Publish(command) => command.run(context),
        Command::Serve(command) => command.run(context),
        #[cfg(feature = "mcp")]
        Command::Mcp(command) => command.run(context),
        Command::Completions(command) => command.run(context),
        Command::Man(command) => command.run(context),
    }
}

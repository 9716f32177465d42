//! `grounds`: the ledger of what a claim stands on, at a terminal.
//!
//! A command is: parse its arguments, ask the library one thing, hand the value to a renderer.

mod acts;
mod cli;
mod command;
mod context;
mod desk;
mod error;
mod files;
mod folder;
mod keys;
mod maps;
#[cfg(feature = "mcp")]
mod mcp;
mod names;
mod policy_file;
mod render;
mod ssh_agent;
mod seen;
mod sources;
mod witnesses;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    let cli = match cli::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return error::usage(error),
    };
    let context = context::Context::new(&cli.global);
    match command::run(&cli, &context) {
        Ok(exit) => exit.into(),
        Err(error) => context.fail(&error),
    }
}

//! `grounds mcp`: the ledger for a program that thinks.

use clap::Args;

use crate::context::Context;
use crate::error::{Exit, Failure};
use crate::mcp;

/// Answer a client of the Model Context Protocol on standard input and output
#[derive(Debug, Args)]
#[command(
    after_help = "A client starts it by itself; docs/MCP.md tells how it is told of it. It holds no author's key and signs nothing. Text of the ledger is marked as written by strangers.\nExample: grounds mcp --ledger ledger --read-only"
)]
pub(crate) struct Mcp {
    /// Record nothing, although the log's key is at hand
    #[arg(long)]
    read_only: bool,
}

impl Mcp {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        mcp::serve(context, self.read_only)
    }
}

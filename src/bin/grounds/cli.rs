//! The command line: global options, and one variant a command.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::command;

/// The ledger of what a claim stands on: signed, hash-chained events that anyone can check and
/// replay to any date.
#[derive(Debug, Parser)]
#[command(name = "grounds", version, arg_required_else_help = true, propagate_version = true, after_help = EXITS, subcommand_required = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXITS: &str = "Exit codes: 0 done · 1 the answer is no (verification failed, proof wrong, refused, rejected) · 2 bad usage · 3 damaged ledger · 4 input/output · 5 conflict (the stream moved on: look, then try again) · 6 not found · 7 cannot tell (a key, witness or proof is missing)";

/// Options that stand before or after the verb.
#[derive(Debug, Clone, Args)]
pub(crate) struct Global {
    /// The ledger's folder [default: the nearest ledger/ upwards]
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "GROUNDS_LEDGER",
        help_heading = "Global options"
    )]
    pub(crate) ledger: Option<PathBuf>,
    /// Sign with this OpenSSH ed25519 key file [default: ssh-agent, else the key kept for the ledger]
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        help_heading = "Global options"
    )]
    pub(crate) key: Option<PathBuf>,
    /// Print JSON (docs/JSON.md); exit codes stay the same
    #[arg(long, global = true, help_heading = "Global options")]
    pub(crate) json: bool,
    /// When to use colour
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t = Colour::Auto, help_heading = "Global options")]
    pub(crate) color: Colour,
    /// Never page long output
    #[arg(long, global = true, help_heading = "Global options")]
    pub(crate) no_pager: bool,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Colour {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Init(command::init::Init),
    Demo(command::demo::Demo),
    Claim(command::claim::Claim),
    Evidence(command::evidence::Evidence),
    Artifact(command::artifact::Artifact),
    Context(command::context_of::ContextOf),
    View(command::view::View),
    Attest(command::attest::Attest),
    Note(command::note::Note),
    Undo(command::undo::Undo),
    Act(command::act::Act),
    Sign(command::sign::Sign),
    Submit(command::submit::Submit),
    Agent(command::agent::Agent),
    Key(command::key::Key),
    Steward(command::steward::Steward),
    /// Show a claim with all that it stands on; or an artifact, an agent, a context, a view, the ledger
    Show(command::show::Show),
    /// List claims, a line each
    List(command::list::List),
    /// List what happened, newest first, in words
    Log(command::log::Log),
    /// Say where a figure comes from
    Why(command::why::Why),
    /// Say which entry last changed each field and each figure of a claim
    Blame(command::blame::Blame),
    /// Say what rests on an artifact, an agent or a key
    Impact(command::impact::Impact),
    /// Say what changed for a claim between two dates
    Diff(command::diff::Diff),
    /// Say what the whole ledger was at a date
    Replay(command::replay::Replay),
    /// Find the first event that made something true of a figure
    Bisect(command::bisect::Bisect),
    /// Cite a claim, with its version and the head of the ledger
    Cite(command::cite::Cite),
    /// Check everything: bytes, signatures, chains, anchors, rules, tree, checkpoint, scores
    Verify(command::verify::Verify),
    /// Prove that an event is in the log, or what two of its checkpoints are to each other
    Prove(command::prove::Prove),
    /// Put everything that is needed to check a claim offline into one file
    Bundle(command::bundle::Bundle),
    /// Check a proof file offline, against what it is asked about
    Check(command::check::Check),
    /// Keep a verified copy of a log
    Mirror(command::mirror::Mirror),
    /// Heal a damaged ledger from a copy of it
    Repair(command::repair::Repair),
    Witness(command::witness::Witness),
    /// Read a collection, sign it and append it
    Import(command::import::Import),
    /// Write events in another format
    Export(command::export::Export),
    /// Write the whole ledger as a site of files
    Publish(command::publish::Publish),
    /// Answer over HTTP: pages, JSON, tiles; and take commits
    Serve(command::serve::Serve),
    #[cfg(feature = "mcp")]
    Mcp(command::mcp::Mcp),
    /// Print the completions of a shell
    Completions(command::completions::Completions),
    /// Write the man pages into a folder
    Man(command::completions::Man),
}

//! `grounds steward …`: what the stewards decide for the whole ledger.

use clap::{Args, Subcommand};
use grounds::claim::Policy;
use grounds::form::Form as _;
use grounds::value::{Origin, Subject};

use crate::acts::{self, Body};
use crate::context::Context;
use crate::desk::{Desk, Signing};
use crate::error::{Exit, Failure};
use crate::names;

/// Change the policy, adopt a model, move or freeze the ledger, reaffirm an event
#[derive(Debug, Args)]
pub(crate) struct Steward {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Put a policy in force
    Policy(PolicyOf),
    /// Adopt a released trust model
    AdoptModel(AdoptModel),
    /// Close the ledger: it goes on as another
    Move(Move),
    /// Close the ledger
    Freeze(Freeze),
    /// Bring back an event that a compromised key's revocation set aside
    Reaffirm(Reaffirm),
}

impl Steward {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        match &self.verb {
            Verb::Policy(command) => command.run(context),
            Verb::AdoptModel(command) => command.run(context),
            Verb::Move(command) => command.run(context),
            Verb::Freeze(command) => command.run(context),
            Verb::Reaffirm(command) => command.run(context),
        }
    }
}

/// A policy by its name, or in a file.
pub(crate) fn policy_of(text: &str) -> Result<Policy, Failure> {
    match text {
        "solo" => Ok(Policy::solo()),
        "shared" => Ok(Policy::shared()),
        file => Policy::read(&acts::relaxed(std::path::Path::new(file))?)
            .map_err(|error| Failure::usage(format!("{file}: {error}"))),
    }
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  grounds steward policy policy.yaml --out change.json")]
struct PolicyOf {
    /// solo, shared, or a JSON or YAML file
    policy: String,
    #[command(flatten)]
    signing: Signing,
}

impl PolicyOf {
    fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let policy = policy_of(&self.policy)?;
        let desk = Desk::open(context, &self.signing)?;
        let body = Body::new().json("policy", policy.write().into_owned());
        desk.record(&[body.act(Subject::Ledger, "ledger.policy_changed", None)?])
    }
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  grounds steward adopt-model claim_support_vector@v1.0")]
struct AdoptModel {
    /// The model, NAME@VERSION
    model: String,
    /// Beside the one in force, not in its place
    #[arg(long)]
    beside: bool,
    #[command(flatten)]
    signing: Signing,
}

impl AdoptModel {
    fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let model = grounds::trust::find(&self.model).ok_or_else(|| {
            let names: Vec<String> = grounds::trust::MODELS
                .iter()
                .map(|model| format!("{}@{}", model.name, model.version))
                .collect();
            Failure::not_found(format!(
                "found no model {}",
                grounds::value::excerpt(&self.model)
            ))
            .hint(format!("one of {}", names.join(", ")))
        })?;
        let desk = Desk::open(context, &self.signing)?;
        let act = Body::new()
            .with("model", model.name)
            .with("version", model.version)
            .with("spec", model.spec())
            .json("default", (!self.beside).write().into_owned())
            .act(Subject::Ledger, "ledger.model_adopted", None)?;
        desk.record(&[act])
    }
}

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  grounds steward move claims.example/new claims.example/new+1a2b3c4d+AZ… -m 'The log key was replaced'"
)]
struct Move {
    /// The successor's name
    #[arg(value_parser = names::plain::<Origin>)]
    origin: Origin,
    /// The successor's log key, as its init printed it
    vkey: String,
    /// Why
    #[arg(short = 'm', long = "reason", value_name = "TEXT")]
    reason: Option<String>,
    #[command(flatten)]
    signing: Signing,
}

impl Move {
    fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let successor = Body::new()
            .with("origin", &self.origin)
            .with("vkey", &self.vkey)
            .value();
        let desk = Desk::open(context, &self.signing)?;
        let act = Body::new()
            .json("successor", successor)
            .with("reason", acts::text(self.reason.as_deref(), "reason")?)
            .act(Subject::Ledger, "ledger.moved", None)?;
        desk.record(&[act])
    }
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  grounds steward freeze -m 'The project ended' --dry-run")]
struct Freeze {
    /// Why
    #[arg(short = 'm', long = "reason", value_name = "TEXT")]
    reason: Option<String>,
    #[command(flatten)]
    signing: Signing,
}

impl Freeze {
    fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let desk = Desk::open(context, &self.signing)?;
        let act = Body::new()
            .with("reason", acts::text(self.reason.as_deref(), "reason")?)
            .act(Subject::Ledger, "ledger.frozen", None)?;
        desk.record(&[act])
    }
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  grounds steward reaffirm @57 -m 'Checked with its author'")]
struct Reaffirm {
    /// The event: its address or the beginning of its id
    event: String,
    /// Why
    #[arg(short = 'm', long = "reason", value_name = "TEXT")]
    reason: Option<String>,
    #[command(flatten)]
    signing: Signing,
}

impl Reaffirm {
    fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let desk = Desk::open(context, &self.signing)?;
        let event = names::event_of(&desk.ledger, &self.event)?;
        let act = Body::new()
            .number("ref", event.seq)
            .with("reason", acts::text(self.reason.as_deref(), "reason")?)
            .act(event.subject.clone(), "event.reaffirmed", None)?;
        desk.record(&[act])
    }
}

//! `grounds agent …`: who may speak.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand};
use grounds::claim::{AgentKind, KeyClaim, Role};
use grounds::form::Form as _;
use grounds::hash::Hash;
use grounds::json::Json;
use grounds::value::{Kind, Origin, Ratio, Slug, Subject, Url};

use super::claim::is_free;
use super::key::possession;
use crate::acts::{self, Body};
use crate::context::Context;
use crate::desk::{Desk, Signing};
use crate::error::{Exit, Failure};
use crate::{keys, names};

/// Register agents and change what is known of them
#[derive(Debug, Args)]
pub(crate) struct Agent {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Register a person, a program or an organisation with its keys
    Add(Box<Add>),
    /// Change name, community, reliability or roles
    Change(Change),
}

impl Agent {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        match &self.verb {
            Verb::Add(command) => command.run(context),
            Verb::Change(command) => command.run(context),
        }
    }
}

/// Keys that are to be registered, each with the proof that its owner has it.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("keys").required(true).multiple(true).args(["proof", "new_key", "own_key"]))]
pub(crate) struct NewKeys {
    /// What their grounds key prove printed; may be repeated
    #[arg(long, value_name = "FILE")]
    proof: Vec<PathBuf>,
    /// Make a new key in FILE and register it
    #[arg(long, value_name = "FILE")]
    pub(crate) new_key: Option<PathBuf>,
    /// Register the key of this private key file
    #[arg(long, value_name = "FILE")]
    own_key: Vec<PathBuf>,
    /// The public key that may follow (pre-rotation): only it can be this agent's next key
    #[arg(long, value_name = "FILE.pub")]
    next: Option<PathBuf>,
}

impl NewKeys {
    pub(crate) fn claims(
        &self,
        origin: &Origin,
        agent: &Slug,
        is_dry: bool,
    ) -> Result<Vec<KeyClaim>, Failure> {
        let mut claims: Vec<KeyClaim> = self
            .proof
            .iter()
            .map(|path| proof_in(path))
            .collect::<Result<_, _>>()?;
        for path in &self.own_key {
            claims.push(possession(origin, agent, &keys::private_from(path)?));
        }
        if let Some(path) = &self.new_key {
            let key = if is_dry {
                grounds::envelope::PrivateKey::generate()
                    .map_err(|error| Failure::io(path, &error))?
            } else {
                keys::make(path, &format!("agent/{agent} of {origin}"))?
            };
            claims.push(possession(origin, agent, &key));
        }
        Ok(claims)
    }

    /// Where nothing was recorded, a key that was just made is of no use.
    pub(crate) fn take_back(&self, is_dry: bool) {
        if let (Some(path), false) = (&self.new_key, is_dry) {
            keys::take_back(path);
        }
    }

    /// The digest of the announced key.
    pub(crate) fn next(&self) -> Result<Option<Hash>, Failure> {
        self.next.as_deref().map(announced).transpose()
    }
}

/// The digest of the public key in a file, by which it is announced.
pub(crate) fn announced(path: &std::path::Path) -> Result<Hash, Failure> {
    let public = keys::public_in(path).ok_or_else(|| {
        Failure::usage(format!(
            "{}: found no public key, expected a line ssh-ed25519 AAAA…",
            path.display()
        ))
    })?;
    Ok(Hash::of(&public.0))
}

/// What `grounds key prove` printed.
pub(crate) fn proof_in(path: &std::path::Path) -> Result<KeyClaim, Failure> {
    KeyClaim::read(&acts::relaxed(path)?).map_err(|error| {
        Failure::usage(format!("{}: {error}", path.display()))
            .hint("grounds key prove --agent A --key FILE prints it")
    })
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  grounds agent add reader --name 'Second reader' --new-key reader.key\n  grounds agent add lab --name 'The Lab' --kind organization --role contributor \\\n      --proof lab.json"
)]
struct Add {
    /// Its name in the ledger
    #[arg(value_parser = names::plain::<Slug>)]
    slug: Slug,
    /// Its name
    #[arg(long, value_name = "TEXT")]
    name: String,
    /// What it is
    #[arg(long, value_parser = names::word(AgentKind::ALL), default_value = "human")]
    kind: AgentKind,
    /// What it may do; may be repeated
    #[arg(long, value_parser = names::word(Role::ALL), default_values = ["contributor", "attester"])]
    role: Vec<Role>,
    /// The community that it speaks from
    #[arg(long, value_name = "SLUG", value_parser = names::plain::<Slug>)]
    community: Option<Slug>,
    /// How far its attestations count, 0 to 1
    #[arg(long, value_parser = names::ratio)]
    reliability: Option<Ratio>,
    /// Its ORCID iD
    #[arg(long)]
    orcid: Option<String>,
    /// Its address
    #[arg(long, value_parser = Url::parse)]
    url: Option<Url>,
    #[command(flatten)]
    keys: NewKeys,
    #[command(flatten)]
    signing: Signing,
}

impl Add {
    fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let desk = Desk::open(context, &self.signing)?;
        let subject = Subject::agent(self.slug.clone());
        is_free(desk.state(), &subject)?;
        let claims = self
            .keys
            .claims(&desk.origin, &self.slug, self.signing.dry_run)?;
        let written = claims
            .iter()
            .map(|claim| claim.write().into_owned())
            .collect();
        let act = Body::new()
            .with("name", &self.name)
            .with("kind", self.kind)
            .set("roles", &self.role)
            .maybe("community", self.community.as_ref())
            .maybe("reliability", self.reliability)
            .json("keys", Json::Arr(written))
            .maybe("next", self.keys.next()?)
            .maybe("orcid", self.orcid.as_ref())
            .maybe("url", self.url.as_ref())
            .act(subject, "agent.registered", None)?;
        let is_dry = self.signing.dry_run;
        let done = desk.record(&[act]).inspect_err(|failure| {
            // After an input/output error the outcome is unknown, and the key may be needed.
            if failure.exit != Exit::Io {
                self.keys.take_back(is_dry);
            }
        })?;
        if let (Some(path), false) = (&self.keys.new_key, self.signing.dry_run) {
            context.say(&format!(
                "its key is in {}: agent/{} signs with --key {}",
                path.display(),
                self.slug,
                path.display()
            ));
        }
        Ok(done)
    }
}

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  grounds agent change reader --role curator --role attester --reliability 0.72"
)]
struct Change {
    /// The agent
    agent: String,
    /// Its name
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// The community that it speaks from
    #[arg(long, value_name = "SLUG", value_parser = names::plain::<Slug>)]
    community: Option<Slug>,
    /// How far its attestations count, 0 to 1
    #[arg(long, value_parser = names::ratio)]
    reliability: Option<Ratio>,
    /// All that it may do from now on; may be repeated
    #[arg(long, value_parser = names::word(Role::ALL), conflicts_with = "no_role")]
    role: Vec<Role>,
    /// It may do nothing from now on
    #[arg(long)]
    no_role: bool,
    #[command(flatten)]
    signing: Signing,
}

impl Change {
    fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let desk = Desk::open(context, &self.signing)?;
        let slug = names::slug_of(desk.state(), Kind::Agent, &self.agent)?;
        let mut body = Body::new()
            .maybe("name", self.name.as_ref())
            .maybe("community", self.community.as_ref())
            .maybe("reliability", self.reliability);
        if self.no_role || !self.role.is_empty() {
            body = body.set("roles", &self.role);
        }
        desk.record(&[body.act(Subject::agent(slug), "agent.changed", None)?])
    }
}

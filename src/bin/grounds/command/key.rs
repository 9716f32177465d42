//! `grounds key …`: keys, made, proven, registered and revoked.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use grounds::claim::{Agent, KeyClaim, RevocationReason, State};
use grounds::envelope::{PrivateKey, possession_message};
use grounds::form::Form as _;
use grounds::projection::address_text;
use grounds::value::{KeyId, Kind, Origin, PublicKey, Slug, Subject};
use serde::Serialize;

use super::agent::{NewKeys, announced, proof_in};
use crate::acts::Body;
use crate::context::Context;
use crate::desk::{Desk, Signing, origin_of};
use crate::error::{Exit, Failure};
use crate::{files, keys, names};

/// Make, prove, register, rotate and revoke keys
#[derive(Debug, Args)]
pub(crate) struct Key {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make a key pair: FILE (mode 0600) and FILE.pub
    New(New),
    /// Show that you have a key: prints what a steward registers
    Prove(Prove),
    /// Register a further key of an agent
    Add(Add),
    /// Register a new key and revoke the one that signs
    Rotate(Rotate),
    /// Revoke a key
    Revoke(Revoke),
    /// List the keys of this ledger
    List(List),
}

impl Key {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        match &self.verb {
            Verb::New(command) => command.run(context),
            Verb::Prove(command) => command.run(context),
            Verb::Add(command) => command.run(context),
            Verb::Rotate(command) => command.run(context),
            Verb::Revoke(command) => command.run(context),
            Verb::List(command) => command.run(context),
        }
    }
}

/// A key with the proof that its owner has it.
pub(crate) fn possession(origin: &Origin, agent: &Slug, key: &PrivateKey) -> KeyClaim {
    KeyClaim {
        key: key.public(),
        proof: key.sign(&possession_message(origin, agent, &key.public())),
    }
}

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  grounds key new reader.key\n  ssh-keygen -p -f reader.key        # gives it a passphrase"
)]
struct New {
    /// Where the private key goes
    file: PathBuf,
}

impl New {
    fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let key = keys::make(&self.file, "grounds")?;
        let (id, public) = (key.public().id(), key.public());
        if context.global.json {
            context.print_json(&serde_json::json!({ "schema": "grounds.key/1", "key": public.to_string(), "id": id.to_string(), "file": self.file }))?;
            return Ok(Exit::Done);
        }
        let file = self.file.display();
        context.print(&format!("{id}\n{public}\nkept in {file} without a passphrase; ssh-keygen -p -f {file} gives it one\n"))?;
        Ok(Exit::Done)
    }
}

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  grounds key prove --agent reader --key reader.key --origin claims.example/lab > reader.json"
)]
struct Prove {
    /// The agent that the key is for
    #[arg(long, value_parser = names::plain::<Slug>)]
    agent: Slug,
    /// The ledger's name [default: of the ledger at hand]
    #[arg(long, value_parser = names::plain::<Origin>)]
    origin: Option<Origin>,
}

impl Prove {
    fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let path = context
            .global
            .key
            .as_ref()
            .ok_or_else(|| Failure::usage("expected --key FILE, the key to prove"))?;
        let origin = match &self.origin {
            Some(origin) => origin.clone(),
            None => origin_of(&context.open()?)?,
        };
        let claim = possession(&origin, &self.agent, &keys::private_from(path)?);
        context.print_bytes(format!("{}\n", claim.write().to_text()).as_bytes())?;
        Ok(Exit::Done)
    }
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  grounds key add --new-key laptop.key\n  grounds key add --agent reader --proof reader-2.json"
)]
struct Add {
    /// Whose key [default: the one who signs]
    #[arg(long)]
    agent: Option<String>,
    #[command(flatten)]
    keys: NewKeys,
    #[command(flatten)]
    signing: Signing,
}

impl Add {
    fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let desk = Desk::open(context, &self.signing)?;
        let agent = agent_of(&desk, self.agent.as_deref())?;
        let next = self.keys.next()?;
        let claims = self
            .keys
            .claims(&desk.origin, &agent, self.signing.dry_run)?;
        let acts = claims
            .iter()
            .map(|claim| {
                added(claim).maybe("next", next).act(
                    Subject::agent(agent.clone()),
                    "agent.key_added",
                    None,
                )
            })
            .collect::<Result<Vec<_>, _>>()?;
        let is_dry = self.signing.dry_run;
        desk.record(&acts).inspect_err(|failure| {
            if failure.exit != Exit::Io {
                self.keys.take_back(is_dry);
            }
        })
    }
}

fn added(claim: &KeyClaim) -> Body {
    Body::new()
        .with("key", claim.key)
        .json("proof", claim.proof.write().into_owned())
}

fn agent_of(desk: &Desk<'_>, named: Option<&str>) -> Result<Slug, Failure> {
    match named {
        Some(text) => names::slug_of(desk.state(), Kind::Agent, text),
        None => Ok(desk.author.clone()),
    }
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  grounds key rotate --new-key 2027.key\n  grounds key rotate --own-key announced.key --next 2028.key.pub"
)]
struct Rotate {
    /// Make the new key in FILE
    #[arg(long, value_name = "FILE", required_unless_present_any = ["proof", "own_key"])]
    new_key: Option<PathBuf>,
    /// Or take the key of this private key file, such as the one announced
    #[arg(long, value_name = "FILE", conflicts_with = "new_key")]
    own_key: Option<PathBuf>,
    /// Or what grounds key prove printed for it
    #[arg(long, value_name = "FILE", conflicts_with_all = ["new_key", "own_key"])]
    proof: Option<PathBuf>,
    /// The public key that may follow (pre-rotation): only it can be the next key
    #[arg(long, value_name = "FILE.pub")]
    next: Option<PathBuf>,
    #[command(flatten)]
    signing: Signing,
}

impl Rotate {
    fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let next = self.next.as_deref().map(announced).transpose()?;
        let desk = Desk::open(context, &self.signing)?;
        let agent = desk.author.clone();
        let is_dry = self.signing.dry_run;
        let claim = self.claim(&desk)?;
        let subject = Subject::agent(agent);
        let old = desk.key();
        let acts = [
            added(&claim)
                .maybe("next", next)
                .act(subject.clone(), "agent.key_added", None)?,
            Body::new().with("key", old).with("reason", "rotated").act(
                subject,
                "agent.key_revoked",
                None,
            )?,
        ];
        let done = desk.record(&acts).inspect_err(|failure| {
            if let (Some(path), false) = (&self.new_key, is_dry || failure.exit == Exit::Io) {
                keys::take_back(path);
            }
        })?;
        let file = self.new_key.as_ref().or(self.own_key.as_ref());
        if let (Some(path), false, None) = (file, is_dry, &self.signing.out) {
            keep_instead(context, &desk.origin, old, path, &claim.key)?;
        }
        Ok(done)
    }

    fn claim(&self, desk: &Desk<'_>) -> Result<KeyClaim, Failure> {
        let possessed = |key: &PrivateKey| possession(&desk.origin, &desk.author, key);
        if let Some(path) = &self.proof {
            return proof_in(path);
        }
        if let Some(path) = &self.own_key {
            return Ok(possessed(&keys::private_from(path)?));
        }
        match &self.new_key {
            Some(path) if !self.signing.dry_run => {
                let comment = format!("agent/{} of {}", desk.author, desk.origin);
                Ok(possessed(&keys::make(path, &comment)?))
            }
            _ => PrivateKey::generate()
                .map(|key| possessed(&key))
                .map_err(|error| Failure::io(std::path::Path::new("key"), &error)),
        }
    }
}

/// Where the key that was kept for the ledger is the one revoked, the new one takes its place.
fn keep_instead(
    context: &Context,
    origin: &Origin,
    old: KeyId,
    new: &std::path::Path,
    public: &PublicKey,
) -> Result<(), Failure> {
    let kept = context.config_dir(origin)?.join(keys::KEPT);
    let was_kept =
        keys::public_in(&keys::public_path(&kept)).is_some_and(|public| public.id() == old);
    if !was_kept {
        return Ok(());
    }
    let aside = kept.with_extension("key.revoked");
    for (from, to) in [
        (kept.clone(), aside.clone()),
        (keys::public_path(&kept), keys::public_path(&aside)),
    ] {
        std::fs::rename(&from, &to).map_err(|error| Failure::io(&from, &error))?;
    }
    std::fs::copy(new, &kept).map_err(|error| Failure::io(new, &error))?;
    files::replace(&keys::public_path(&kept), format!("{public}\n").as_bytes())?;
    context.say(&format!(
        "the new key is the one kept for this ledger now: {}",
        kept.display()
    ));
    Ok(())
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  grounds key revoke SHA256:abcd --reason lost\n  grounds key revoke SHA256:abcd --agent reader --reason compromised --since @41"
)]
struct Revoke {
    /// The key's id, or what it begins with
    id: String,
    /// Whose key [default: the key's owner]
    #[arg(long)]
    agent: Option<String>,
    /// Why
    #[arg(long, value_parser = names::word(RevocationReason::ALL))]
    reason: RevocationReason,
    /// With compromised: the first entry that may not be the owner's; what it signed from there on is set aside
    #[arg(long, value_name = "@N", value_parser = entry)]
    since: Option<u64>,
    #[command(flatten)]
    signing: Signing,
}

fn entry(text: &str) -> Result<u64, String> {
    text.strip_prefix('@').unwrap_or(text).parse().map_err(|_| {
        format!(
            "found {}, expected an entry such as @41",
            grounds::value::excerpt(text)
        )
    })
}

impl Revoke {
    fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let desk = Desk::open(context, &self.signing)?;
        let whose = self
            .agent
            .as_deref()
            .map(|text| names::slug_of(desk.state(), Kind::Agent, text))
            .transpose()?;
        let (agent, key) = registered(desk.state(), whose.as_ref(), &self.id)?;
        let mut body = Body::new().with("key", key).with("reason", self.reason);
        if let Some(since) = self.since {
            body = body.number("since", since);
        }
        desk.record(&[body.act(Subject::agent(agent), "agent.key_revoked", None)?])
    }
}

/// The registered key whose id begins so, with or without `SHA256:`.
fn registered(state: &State, whose: Option<&Slug>, id: &str) -> Result<(Slug, KeyId), Failure> {
    let begins = |key: &KeyId| {
        let text = key.to_string();
        !id.is_empty()
            && (text.starts_with(id) || text.trim_start_matches("SHA256:").starts_with(id))
    };
    let all = all_keys(state)
        .into_iter()
        .filter(|(slug, _, key)| whose.is_none_or(|whose| whose == *slug) && begins(key));
    let found: Vec<(Slug, KeyId)> = all.map(|(slug, _, key)| (slug.clone(), key)).collect();
    match found.as_slice() {
        [one] => Ok(one.clone()),
        other => Err(Failure::not_found(format!(
            "found {} keys that begin with {}, expected one",
            other.len(),
            grounds::value::excerpt(id)
        ))
        .hint("grounds key list shows them")),
    }
}

fn all_keys(state: &State) -> Vec<(&Slug, &Agent, KeyId)> {
    state
        .agents()
        .flat_map(|(slug, agent)| agent.keys.iter().map(move |key| (slug, &**agent, key.id)))
        .collect()
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  grounds key list --agent reader")]
struct List {
    /// Only this agent's
    #[arg(long)]
    agent: Option<String>,
}

/// A key as it is listed.
#[derive(Debug, Serialize)]
struct Listed {
    agent: Slug,
    id: String,
    key: String,
    registered: String,
    valid: bool,
    revoked: Option<String>,
}

impl List {
    fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let ledger = context.open()?;
        let state = ledger.state();
        let whose = self
            .agent
            .as_deref()
            .map(|text| names::slug_of(state, Kind::Agent, text))
            .transpose()?;
        let rows: Vec<Listed> = state
            .agents()
            .filter(|(slug, _)| whose.as_ref().is_none_or(|whose| whose == *slug))
            .flat_map(|(slug, agent)| {
                agent.keys.iter().map(|key| Listed {
                    agent: slug.clone(),
                    id: key.id.to_string(),
                    key: key.key.to_string(),
                    registered: address_text(state, key.registered.address),
                    valid: key.is_valid(),
                    revoked: key
                        .revoked
                        .first()
                        .map(|event| address_text(state, event.address)),
                })
            })
            .collect();
        if context.global.json {
            context.print_json(&serde_json::json!({ "schema": "grounds.keys/1", "keys": rows }))?;
            return Ok(Exit::Done);
        }
        let line = |row: &Listed| {
            let until = row
                .revoked
                .as_ref()
                .map(|at| format!(", revoked {at}"))
                .unwrap_or_default();
            format!(
                "{} agent/{} since {}{until}\n",
                row.id, row.agent, row.registered
            )
        };
        let text: String = rows.iter().map(line).collect();
        context.print(&text)?;
        Ok(Exit::Done)
    }
}

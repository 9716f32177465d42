//! `grounds init`: a new ledger.

use std::path::{Path, PathBuf};

use clap::Args;
use grounds::claim::{
    AgentKind, Data, Founder, KeyClaim, LedgerCreated, LogKey, Policy, Predecessor, Role,
};
use grounds::envelope::{Commit, PrivateKey, Signed};
use grounds::form::{AnySet, Form as _, List};
use grounds::ledger::{Appender, HeadSigner, Ledger, LedgerError, SystemClock, genesis, refused};
use grounds::value::{Line, Origin, Slug, Text};

use super::agent::proof_in;
use super::key::possession;
use super::steward::policy_of;
use crate::context::Context;
use crate::desk::{close, now, receipt_bytes, store_receipt};
use crate::error::{Exit, Failure};
use crate::{files, keys, names};

/// The steward's second key, to be kept somewhere else.
const OFFLINE: &str = "offline.key";

/// Make a new ledger: keys, genesis, first checkpoint
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  grounds init --origin claims.example/lab --name 'First curator'\n  grounds init --policy shared --origin claims.example/lab \\\n      --steward first=First=first.json --steward second=Second=second.json \\\n      --steward third=Third=third.json --out genesis.json"
)]
pub(crate) struct Init {
    /// The folder [default: ledger]
    dir: Option<PathBuf>,
    /// The ledger's name for ever, an address without its scheme: claims.example/lab
    #[arg(long, value_parser = names::plain::<Origin>)]
    origin: Origin,
    /// Your name, as its steward
    #[arg(long, value_name = "TEXT", required_unless_present = "steward")]
    name: Option<String>,
    /// What kind of agent you are
    #[arg(long, value_parser = names::word(AgentKind::ALL), default_value = "human")]
    kind: AgentKind,
    /// Your agent's name in the ledger [default: made of your name's words]
    #[arg(long, value_name = "SLUG", value_parser = names::plain::<Slug>)]
    agent_slug: Option<Slug>,
    /// solo, shared, or a JSON or YAML file
    #[arg(long, default_value = "solo")]
    policy: String,
    /// The ledger's title [default: its origin]
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// What it is about
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// The folder of the ledger that this one continues: its newest head goes into the genesis
    #[arg(long, value_name = "LEDGER")]
    predecessor: Option<PathBuf>,
    /// A founding steward, where there are several, with what grounds key prove printed
    #[arg(long, value_name = "SLUG=NAME=FILE", requires = "out", conflicts_with_all = ["name", "agent_slug"])]
    steward: Vec<String>,
    /// Write the genesis to FILE for all stewards to sign; grounds submit --genesis then begins the ledger
    #[arg(long, value_name = "FILE", requires = "steward")]
    out: Option<PathBuf>,
}

impl Init {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let policy = policy_of(&self.policy)?;
        let config = context.config_dir(&self.origin)?;
        self.is_free(&config)?;
        match &self.out {
            Some(out) => self.prepare(context, policy, &config, out),
            None => self.begin(context, policy, &config),
        }
    }

    fn dir(&self, context: &Context) -> PathBuf {
        let given = self.dir.clone().or_else(|| context.global.ledger.clone());
        given.unwrap_or_else(|| PathBuf::from("ledger"))
    }

    /// Nothing of an earlier ledger may be in the way: its keys would be lost.
    fn is_free(&self, config: &Path) -> Result<(), Failure> {
        let found = [keys::LOG, keys::KEPT, OFFLINE, keys::LOG_STATE]
            .map(|name| config.join(name))
            .into_iter()
            .find(|path| path.exists());
        match found {
            None => Ok(()),
            Some(path) => Err(Failure::new(
                Exit::No,
                "exists",
                format!(
                    "found {}, expected no keys of {} yet",
                    path.display(),
                    self.origin
                ),
            )
            .hint(format!(
                "choose another --origin; or, if that ledger is not wanted any more, move {} away",
                config.display()
            ))),
        }
    }

    /// One steward: all is made here.
    fn begin(&self, context: &Context, policy: Policy, config: &Path) -> Result<Exit, Failure> {
        if policy.stewards > 1 {
            return Err(Failure::usage(format!("this policy asks for {} stewards, expected as many --steward SLUG=NAME=FILE and --out FILE", policy.stewards))
                .hint("each of them runs: grounds key new K; grounds key prove --agent SLUG --key K --origin O"));
        }
        let dir = self.dir(context);
        is_unoccupied(&dir)?;
        let name = self.name.clone().unwrap_or_default();
        let slug = self.agent_slug.clone().or_else(|| names::slug_from(&name));
        let slug = slug.ok_or_else(|| {
            Failure::usage("found no words in the name to make a slug of")
                .hint("give one with --agent-slug")
        })?;
        files::make_private_folder(config)?;
        let made = Made::keys(config, &self.origin, &slug)?;
        self.begin_with(context, policy, config, &dir, &slug, &name, &made)
            .inspect_err(|_| made.take_back(config))
    }

    #[allow(clippy::too_many_arguments)]
    fn begin_with(
        &self,
        context: &Context,
        policy: Policy,
        config: &Path,
        dir: &Path,
        slug: &Slug,
        name: &str,
        made: &Made,
    ) -> Result<Exit, Failure> {
        let signer = HeadSigner::open(
            &self.origin,
            made.log.clone(),
            &config.join(keys::LOG_STATE),
        )
        .map_err(LedgerError::from)?;
        let vkey = signer.verifier().clone();
        let proofs = [&made.author, &made.offline].map(|key| possession(&self.origin, slug, key));
        let founder = self.founder(slug.clone(), name, proofs.to_vec())?;
        let created = self.created(policy, LogKey(vkey.clone()), vec![founder])?;
        let commit = commit_of(created, slug)?;
        let signed = Signed::seal(commit, &made.author).to_bytes();
        let (appender, receipt) = Appender::create(
            &files::absolute(dir)?,
            &signed,
            signer,
            Box::new(SystemClock::new()),
        )?;
        close(context, appender);
        store_receipt(context, &receipt);
        if context.global.json {
            context.print_bytes(&receipt_bytes(&receipt))?;
            return Ok(Exit::Done);
        }
        context.print(&self.welcome(dir, config, slug, &vkey.to_string()))?;
        Ok(Exit::Done)
    }

    fn founder(&self, slug: Slug, name: &str, proofs: Vec<KeyClaim>) -> Result<Founder, Failure> {
        Ok(Founder {
            slug,
            name: Line::parse(name).map_err(|error| error.inside("--name"))?,
            kind: self.kind,
            roles: AnySet(vec![
                Role::Attester,
                Role::Contributor,
                Role::Curator,
                Role::Steward,
            ]),
            community: None,
            reliability: None,
            keys: List(proofs),
            next: None,
        })
    }

    fn created(
        &self,
        policy: Policy,
        log_key: LogKey,
        agents: Vec<Founder>,
    ) -> Result<LedgerCreated, Failure> {
        let title = self
            .title
            .clone()
            .unwrap_or_else(|| self.origin.to_string().chars().take(200).collect());
        let created = LedgerCreated {
            origin: self.origin.clone(),
            title: Line::parse(&title).map_err(|error| error.inside("--title"))?,
            description: self
                .description
                .as_deref()
                .map(Text::parse)
                .transpose()
                .map_err(|error| error.inside("--description"))?,
            log_key,
            agents: List(agents),
            policy,
            predecessor: self.continued()?,
        };
        // Held to the form of what is read.
        Data::read("ledger.created", &created.write())?;
        Ok(created)
    }

    /// The ledger before this one, by the newest head that its log signed.
    fn continued(&self) -> Result<Option<Predecessor>, Failure> {
        let Some(dir) = &self.predecessor else {
            return Ok(None);
        };
        let before = Ledger::open(dir, None)?;
        let custody = before.custody();
        let origin: Origin = custody.checkpoint.origin.parse()?;
        if origin == self.origin {
            return Err(Failure::usage(format!(
                "--predecessor: found {origin}, expected a ledger of another --origin"
            ))
            .hint(
                "a ledger that moves gets a new name: two logs of one name cannot be told apart",
            ));
        }
        if let Some(damage) = custody.damages.first() {
            return Err(Failure::new(
                Exit::Damaged,
                "damaged",
                format!("{}: {damage}", dir.display()),
            )
            .hint("continue from an undamaged copy: grounds verify tells"));
        }
        Ok(Some(Predecessor {
            origin,
            vkey: LogKey(custody.vkey.clone()),
            size: custody.checkpoint.size,
            root: custody.checkpoint.root,
        }))
    }

    fn welcome(&self, dir: &Path, config: &Path, slug: &Slug, vkey: &str) -> String {
        let is_found = dir.file_name().is_some_and(|name| name == "ledger")
            && dir.parent() == Some(Path::new(""));
        let there = if is_found {
            String::new()
        } else {
            format!(" --ledger {}", dir.display())
        };
        let config = config.display();
        format!(
            "{origin} begins in {dir}\n\nits log key, to hand out to everybody who checks it:\n  {vkey}\n\nkeys, in {config}:\n  author.key   signs as agent/{slug}\n  offline.key  your second key: move it to another place, it saves you when the first is lost\n  log.key      signs the ledger's heads\n\nnext:\n  grounds{there} claim add 'Your first claim'\n  grounds{there} evidence add CLAIM --supports --doi DOI --title TITLE --strength 0.8 -m 'What it shows'\n  grounds{there} verify --vkey '{vkey}'\n",
            origin = self.origin,
            dir = dir.display(),
        )
    }

    /// Several stewards: the log key is made here, and the genesis goes round to be signed.
    fn prepare(
        &self,
        context: &Context,
        policy: Policy,
        config: &Path,
        out: &Path,
    ) -> Result<Exit, Failure> {
        files::refuse_existing(out)?;
        let founders: Vec<Founder> = self
            .steward
            .iter()
            .map(|text| self.named(text))
            .collect::<Result<_, _>>()?;
        if (founders.len() as u64) < policy.stewards {
            return Err(Failure::usage(format!(
                "found {} stewards, expected at least {}, the policy's threshold",
                founders.len(),
                policy.stewards
            )));
        }
        let author = founders
            .first()
            .map(|founder| founder.slug.clone())
            .ok_or_else(|| Failure::usage("expected a steward"))?;
        files::make_private_folder(config)?;
        let log = PrivateKey::generate().map_err(|error| Failure::io(config, &error))?;
        let signer = HeadSigner::open(&self.origin, log.clone(), &config.join(keys::LOG_STATE))
            .map_err(LedgerError::from)?;
        let commit = commit_of(
            self.created(policy, LogKey(signer.verifier().clone()), founders)?,
            &author,
        )?;
        files::write_new_private(
            &config.join(keys::LOG),
            log.to_openssh(&format!("log of {}", self.origin))
                .as_bytes(),
        )?;
        let mut bytes = commit.bytes.to_vec();
        bytes.push(b'\n');
        files::write_new(out, &bytes)?;
        let out = out.display();
        context.say(&format!(
            "wrote {out}, signed by nobody yet; the log key is in {}\nnext: each steward runs grounds sign {out} --key FILE; then grounds submit --genesis {out}",
            config.display()
        ));
        Ok(Exit::Done)
    }

    /// `SLUG=NAME=FILE`.
    fn named(&self, text: &str) -> Result<Founder, Failure> {
        let parts: Vec<&str> = text.splitn(3, '=').collect();
        let [slug, name, file] = parts.as_slice() else {
            return Err(Failure::usage(format!(
                "--steward: found {}, expected SLUG=NAME=FILE",
                grounds::value::excerpt(text)
            )));
        };
        let slug: Slug = slug
            .parse()
            .map_err(|error: grounds::value::FormError| error.inside("--steward"))?;
        self.founder(slug, name, vec![proof_in(Path::new(file))?])
    }
}

fn commit_of(created: LedgerCreated, author: &Slug) -> Result<Commit<'static>, Failure> {
    genesis(created, author, now()).map_err(|error| refused(&error).into())
}

fn is_unoccupied(dir: &Path) -> Result<(), Failure> {
    let found = ["events", "checkpoint"]
        .map(|name| dir.join(name))
        .into_iter()
        .find(|path| path.exists());
    match found {
        None if dir.exists() && !dir.is_dir() => Err(Failure::new(
            Exit::No,
            "exists",
            format!("found the file {}, expected a folder", dir.display()),
        )),
        None => Ok(()),
        Some(path) => Err(Failure::new(
            Exit::No,
            "exists",
            format!(
                "found {}, expected a folder without a ledger",
                path.display()
            ),
        )
        .hint("choose another folder: grounds init DIR …")),
    }
}

/// The three keys of a ledger with one steward.
struct Made {
    log: PrivateKey,
    author: PrivateKey,
    offline: PrivateKey,
}

impl Made {
    fn keys(config: &Path, origin: &Origin, slug: &Slug) -> Result<Made, Failure> {
        Ok(Made {
            log: keys::make(&config.join(keys::LOG), &format!("log of {origin}"))?,
            author: keys::make(
                &config.join(keys::KEPT),
                &format!("agent/{slug} of {origin}"),
            )?,
            offline: keys::make(
                &config.join(OFFLINE),
                &format!("agent/{slug} of {origin}, offline"),
            )?,
        })
    }

    /// The ledger did not begin: keys that nothing was signed with are of no use.
    fn take_back(&self, config: &Path) {
        for name in [keys::LOG, keys::KEPT, OFFLINE] {
            keys::take_back(&config.join(name));
        }
        let _ = std::fs::remove_file(config.join(keys::LOG_STATE));
    }
}

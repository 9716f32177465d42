//! `grounds view …`: named policies over claims.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand};
use grounds::claim::{Act, Data, State, ViewDefined, ViewVerdict};
use grounds::form::Form as _;
use grounds::json::Json;
use grounds::ledger::preview;
use grounds::projection::{Filter, claim_page, model_in_force};
use grounds::trust::compile_check;
use grounds::value::{Kind, Slug, Subject};
use serde::Serialize;

use super::claim::is_free;
use crate::acts::{self, Body};
use crate::context::Context;
use crate::desk::{Desk, Signing, now, origin_of};
use crate::error::{Exit, Failure};
use crate::names;
use crate::render::human::style::safe;

/// Define views: policies that include, downweight or exclude claims
#[derive(Debug, Args)]
pub(crate) struct View {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Define a view
    Add(Add),
    /// Define a view anew
    Change(Change),
    /// Show which claims would fall where; nothing is signed or written
    Test(Test),
}

impl View {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        match &self.verb {
            Verb::Add(command) => command.run(context),
            Verb::Change(command) => command.run(context),
            Verb::Test(command) => command.run(context),
        }
    }
}

/// What a view says, from a file or in words.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("source").required(true).multiple(false).args(["from", "name"]))]
struct Definition {
    /// A JSON or YAML file with name, description, rules and otherwise
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// Its name
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// What it is for [default: its name]
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// A rule, 'WHEN => VERDICT: REASON', the first that is true decides; may be repeated
    #[arg(long, value_name = "RULE")]
    rule: Vec<String>,
    /// The verdict where no rule is true
    #[arg(long, value_parser = names::word(ViewVerdict::ALL), default_value = "included")]
    otherwise: ViewVerdict,
}

impl Definition {
    /// Refused here, at the desk, where a rule does not compile: history would keep it for ever.
    fn read(&self) -> Result<ViewDefined, Failure> {
        let json = match &self.from {
            Some(path) => acts::relaxed(path)?,
            None => self.in_words()?,
        };
        let defined =
            ViewDefined::read(&json).map_err(|error| Failure::usage(format!("view: {error}")))?;
        for (place, rule) in defined.rules.0.iter().enumerate() {
            compile_check(rule.when.as_str()).map_err(|fault| {
                Failure::new(Exit::No, "cel", format!("rule {}: {fault}", place + 1))
                    .hint("rules are CEL over claim, profile and counts: profile.evid < 0.5 && claim.nature == \"empirical\"")
            })?;
        }
        Ok(defined)
    }

    fn in_words(&self) -> Result<Json<'static>, Failure> {
        let rules: Result<Vec<Json<'static>>, Failure> =
            self.rule.iter().map(|rule| rule_of(rule)).collect();
        let name = self.name.clone().unwrap_or_default();
        Ok(Body::new()
            .with("description", self.description.as_ref().unwrap_or(&name))
            .with("name", &name)
            .json("rules", Json::Arr(rules?))
            .with("otherwise", self.otherwise)
            .value())
    }
}

/// `WHEN => VERDICT: REASON`.
fn rule_of(text: &str) -> Result<Json<'static>, Failure> {
    let parts = text.rsplit_once("=>").and_then(|(when, rest)| {
        let (verdict, reason) = rest.split_once(':')?;
        Some((when.trim(), verdict.trim(), reason.trim()))
    });
    let (when, verdict, reason) = parts.ok_or_else(|| {
        Failure::usage(format!(
            "--rule: found {}, expected 'WHEN => VERDICT: REASON'",
            grounds::value::excerpt(text)
        ))
    })?;
    Ok(Body::new()
        .with("when", when)
        .with("verdict", verdict)
        .with("reason", reason)
        .value())
}

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  grounds view add --name 'Strict Empirical' \\\n      --rule 'claim.nature != \"empirical\" => excluded: not an empirical claim'\n  grounds view add --from view.yaml --dry-run"
)]
struct Add {
    #[command(flatten)]
    definition: Definition,
    /// Its name in the ledger [default: made of the name's words]
    #[arg(long, value_parser = names::plain::<Slug>)]
    slug: Option<Slug>,
    #[command(flatten)]
    signing: Signing,
}

impl Add {
    fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let defined = self.definition.read()?;
        let slug = self
            .slug
            .clone()
            .or_else(|| names::slug_from(defined.name.as_str()));
        let slug = slug.ok_or_else(|| {
            Failure::usage("found no words to make a name of").hint("give one with --slug")
        })?;
        let desk = Desk::open(context, &self.signing)?;
        let subject = Subject::Entity(Kind::View, slug);
        is_free(desk.state(), &subject)?;
        desk.record(&[Act::new(subject, Data::ViewDefined(Box::new(defined)))])
    }
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  grounds view change strict-empirical --from view.yaml")]
struct Change {
    /// The view
    view: String,
    #[command(flatten)]
    definition: Definition,
    #[command(flatten)]
    signing: Signing,
}

impl Change {
    fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let defined = self.definition.read()?;
        let desk = Desk::open(context, &self.signing)?;
        let slug = names::slug_of(desk.state(), Kind::View, &self.view)?;
        let subject = Subject::Entity(Kind::View, slug);
        desk.record(&[Act::new(subject, Data::ViewChanged(Box::new(defined)))])
    }
}

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  grounds view test --name Strict \\\n      --rule 'profile.evid == null || profile.evid < 0.5 => downweighted: evidence below 50 %'"
)]
struct Test {
    #[command(flatten)]
    definition: Definition,
}

/// Where a claim falls.
#[derive(Debug, Serialize)]
struct Falls {
    claim: Slug,
    verdict: String,
    reason: Option<String>,
}

impl Test {
    /// The view is judged in the state that it would make: nobody signs, nothing is written.
    fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let defined = self.definition.read()?;
        let ledger = context.open()?;
        let origin = origin_of(&ledger)?;
        let slug: Slug = "tried-and-not-kept"
            .parse()
            .map_err(|_| Failure::usage("a view"))?;
        let act = Act::new(
            Subject::Entity(Kind::View, slug.clone()),
            Data::ViewDefined(Box::new(defined)),
        );
        let nobody = Slug::log();
        let commit =
            grounds::ledger::prepare(ledger.state(), &origin, None, &nobody, now(), &[act])
                .map_err(|error| grounds::ledger::refused(&error))?;
        let signed = grounds::envelope::Signed {
            commit,
            signatures: Vec::new(),
        };
        let after = preview(ledger.state(), ledger.tree(), &origin, &signed, now())?.state;
        let falls = fallen(&after, &slug)?;
        if context.global.json {
            context.print_json(
                &serde_json::json!({ "schema": "grounds.view_test/1", "claims": falls }),
            )?;
            return Ok(Exit::Done);
        }
        let line = |fall: &Falls| {
            let reason = fall
                .reason
                .as_ref()
                .map(|reason| format!(": {}", safe(reason)))
                .unwrap_or_default();
            format!("{:<13} claim/{}{reason}\n", fall.verdict, fall.claim)
        };
        let text: String = falls.iter().map(line).collect();
        context.print(if text.is_empty() {
            "no claims yet\n"
        } else {
            &text
        })?;
        Ok(Exit::Done)
    }
}

fn fallen(after: &State, view: &Slug) -> Result<Vec<Falls>, Failure> {
    let model = model_in_force(after)
        .map_err(|fault| Failure::new(Exit::CannotTell, "model", fault.to_string()))?;
    let falls = after.claims().filter_map(|(claim, _)| {
        let page = claim_page(after, claim, model, &Filter::none())?;
        let status = page.views.into_iter().find(|status| status.view == *view)?;
        Some(Falls {
            claim: claim.clone(),
            verdict: status.verdict,
            reason: status.reason.or(status.fault),
        })
    });
    Ok(falls.collect())
}

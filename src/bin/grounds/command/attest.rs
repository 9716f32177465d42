//! `grounds attest`: a verdict under one's own key.

use clap::{Args, Subcommand};
use grounds::claim::Verdict;
use grounds::value::{Date, Ratio, Slug, Subject};

use super::claim::only;
use crate::acts::{self, Body};
use crate::context::Context;
use crate::desk::{Desk, Signing};
use crate::error::{Exit, Failure};
use crate::names;
use crate::render::human::style::safe;

/// Attest to the version of a claim that is shown, or withdraw an attestation
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "Examples:\n  grounds attest neurons --verdict verifies --weight 0.75 -m 'The wording is acceptable'\n  grounds attest withdraw neurons -m 'The data changed'"
)]
pub(crate) struct Attest {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    made: Made,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Withdraw one's own attestation
    Withdraw(Withdraw),
}

impl Attest {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        match &self.verb {
            Some(Verb::Withdraw(command)) => command.run(context),
            None => self.made.run(context),
        }
    }
}

/// What is attested. All three are required where no subcommand is given, so they are options.
#[derive(Debug, Args)]
struct Made {
    /// The claim
    #[arg(required = true)]
    claim: Option<String>,
    /// What you say of it
    #[arg(long, required = true, value_parser = names::word(Verdict::ALL))]
    verdict: Option<Verdict>,
    /// How sure you are, 0 to 1
    #[arg(long, required = true, value_parser = names::ratio)]
    weight: Option<Ratio>,
    /// A comment
    #[arg(short = 'm', long = "comment", value_name = "TEXT")]
    comment: Option<String>,
    /// Until when it counts
    #[arg(long, value_name = "DATE", value_parser = names::plain::<Date>)]
    expires: Option<Date>,
    /// The part that you speak in: 'Curator'
    #[arg(long, value_name = "TEXT")]
    role: Option<String>,
    /// Conflicts of interest, in your words
    #[arg(long, value_name = "TEXT")]
    interests: Option<String>,
    /// Since when
    #[arg(long, value_name = "DATE", value_parser = names::plain::<Date>)]
    effective: Option<Date>,
    #[command(flatten)]
    signing: Signing,
}

impl Made {
    fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let desk = Desk::open(context, &self.signing)?;
        let slug = desk.claim(self.claim.as_deref().unwrap_or_default())?;
        let claim = desk.state().claim(&slug);
        let (Some(claim), Some(wording)) = (claim, claim.and_then(|claim| claim.wording.as_ref()))
        else {
            return Err(Failure::not_found(format!(
                "found no claim/{slug} in effect"
            )));
        };
        if claim.asserter() == Some(&desk.author) {
            return Err(Failure::new(
                Exit::No,
                "role",
                "you asserted this claim; only others attest",
            )
            .hint("grounds agent add"));
        }
        let version = claim.version();
        context.say(&format!(
            "attesting to claim/{slug} v{version}: “{}”",
            safe(wording.statement.as_str())
        ));
        let comment = self
            .comment
            .as_deref()
            .map(|text| acts::text(Some(text), "comment"))
            .transpose()?;
        let act = Body::new()
            .maybe("verdict", self.verdict)
            .maybe("weight", self.weight)
            .number("version", version)
            .maybe("comment", comment)
            .maybe("role", self.role.as_ref())
            .maybe("expires", self.expires)
            .maybe("interests", self.interests.as_ref())
            .act(Subject::claim(slug), "attestation.made", self.effective)?;
        desk.record(&[act])
    }
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  grounds attest withdraw neurons -m 'The data changed'")]
struct Withdraw {
    /// The claim
    claim: String,
    /// Whose attestation, where a steward withdraws another's [default: your own]
    #[arg(long, value_name = "AGENT")]
    of: Option<String>,
    /// Why
    #[arg(short = 'm', long = "reason", value_name = "TEXT")]
    reason: Option<String>,
    #[command(flatten)]
    signing: Signing,
}

impl Withdraw {
    fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let desk = Desk::open(context, &self.signing)?;
        let slug = desk.claim(&self.claim)?;
        let whose: Slug = match &self.of {
            Some(text) => names::slug_of(desk.state(), grounds::value::Kind::Agent, text)?,
            None => desk.author.clone(),
        };
        let live: Vec<u64> = desk
            .state()
            .claim(&slug)
            .into_iter()
            .flat_map(|claim| claim.live_attestations())
            .filter(|attestation| attestation.made.author == whose)
            .map(|attestation| attestation.made.seq)
            .collect();
        let seq = only(
            &live,
            &format!("live attestation of agent/{whose} on claim/{slug}"),
        )?;
        let act = Body::new()
            .number("ref", seq)
            .with("reason", acts::text(self.reason.as_deref(), "reason")?)
            .act(Subject::claim(slug), "attestation.withdrawn", None)?;
        desk.record(&[act])
    }
}

//! `grounds show`: a subject as it stands.

use clap::Args;
use grounds::ledger::Ledger;
use grounds::net::page;
use grounds::projection::{
    agent_page, artifact_page, claim_page, context_page, last_entry_of_version, ledger_page,
    view_page,
};
use grounds::value::{Kind, Slug, Subject};
use serde::Serialize;

use crate::context::Context;
use crate::error::{Exit, Failure};
use crate::render::human;
use crate::seen::{Asking, Head, Seen, keep, meant, warm};

/// Show a claim with all that it stands on; or an artifact, an agent, a context, a view, the ledger.
#[derive(Debug, Args)]
#[command(
    disable_version_flag = true,
    after_help = "Examples: grounds show individual-neurons · grounds show individual-neurons --as-of 2026-03-05 · grounds show artifact/toy-models · grounds show ledger"
)]
pub(crate) struct Show {
    /// Its slug, with or without kind/, or a prefix that only one has; or: ledger
    subject: String,
    #[command(flatten)]
    asking: Asking,
    /// The claim as it was when this version was the newest
    #[arg(
        id = "number",
        long = "version",
        value_name = "N",
        conflicts_with = "as_of"
    )]
    version: Option<u64>,
    /// Print the whole computation
    #[arg(long)]
    trace: bool,
}

impl Show {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        if self.asking.is_newest() && self.version.is_none() && self.is_shown_warm(context)? {
            return Ok(Exit::Done);
        }
        let seen = self.open(context)?;
        let subject = seen.subject(&self.subject)?;
        self.show(context, &seen, &subject)?;
        if self.asking.is_newest() && subject.kind() == Kind::Claim {
            keep(context, &seen.ledger);
        }
        Ok(Exit::Done)
    }

    /// Shows a claim at the newest head from the cache, where it is there.
    fn is_shown_warm(&self, context: &Context) -> Result<bool, Failure> {
        let Some((mut snapshot, head)) = warm(context) else {
            return Ok(false);
        };
        let subject = meant(&self.subject, &snapshot.subjects())?;
        let claim = subject.slug().filter(|_| subject.kind() == Kind::Claim);
        match claim.and_then(|slug| snapshot.page(slug)) {
            Some(page) => self.print_claim(context, &page, &head).map(|()| true),
            None => Ok(false),
        }
    }

    fn open(&self, context: &Context) -> Result<Seen, Failure> {
        let Some(number) = self.version else {
            return self.asking.open(context);
        };
        let newest = Asking::default().open(context)?;
        let slug = newest.claim(&self.subject)?;
        let entry = last_entry(&newest.ledger, &slug, number)?;
        let mut seen = Asking {
            as_of: Some(format!("@{entry}")),
            ..self.asking.clone()
        }
        .open(context)?;
        seen.head
            .band
            .insert(0, format!("version {number} of claim/{slug}"));
        Ok(seen)
    }

    fn show(&self, context: &Context, seen: &Seen, subject: &Subject) -> Result<(), Failure> {
        let (state, head) = (&seen.state, &seen.head);
        let absent = || seen.absent(subject);
        let Some(slug) = subject.slug() else {
            let page = ledger_page(state).ok_or_else(absent)?;
            return print(context, head, "ledger", &page, human::entity::ledger);
        };
        match subject.kind() {
            Kind::Claim => {
                let page = claim_page(state, slug, seen.model, &seen.filter).ok_or_else(absent)?;
                self.print_claim(context, &page, head)
            }
            Kind::Artifact => {
                let page = artifact_page(state, slug, &seen.filter).ok_or_else(absent)?;
                print(context, head, "artifact", &page, human::entity::artifact)
            }
            Kind::Agent => {
                let page = agent_page(state, slug).ok_or_else(absent)?;
                print(context, head, "agent", &page, human::entity::agent)
            }
            Kind::Context => {
                let page = context_page(state, slug, &seen.filter).ok_or_else(absent)?;
                print(context, head, "context", &page, human::entity::context)
            }
            Kind::View => {
                let page = view_page(state, slug, seen.model, &seen.filter).ok_or_else(absent)?;
                print(context, head, "view", &page, human::entity::view)
            }
            Kind::Ledger => Err(absent()),
        }
    }

    fn print_claim(
        &self,
        context: &Context,
        page: &grounds::projection::ClaimPage,
        head: &Head,
    ) -> Result<(), Failure> {
        print(context, head, "claim", page, |page, head, width| {
            human::claim::page(page, head, self.trace, width)
        })
    }
}

fn print<T: Serialize>(
    context: &Context,
    head: &Head,
    kind: &'static str,
    page: &T,
    render: impl Fn(&T, &Head, usize) -> String,
) -> Result<(), Failure> {
    match context.global.json {
        true => context.print_bytes(page::show(kind, head, page).as_bytes()),
        false => context.print(&render(page, head, context.width)),
    }
}

/// The last entry at which a version was the newest.
pub(crate) fn last_entry(ledger: &Ledger, slug: &Slug, number: u64) -> Result<u64, Failure> {
    let state = ledger.state();
    let entry = state
        .claim(slug)
        .and_then(|claim| last_entry_of_version(claim, state, number));
    entry.ok_or_else(|| {
        let newest = state.claim(slug).map_or(0, |claim| claim.versions.len());
        Failure::not_found(format!(
            "found no version {number} of claim/{slug}, expected one from 1 to {newest}"
        ))
        .hint(format!(
            "grounds log {slug} --type claim lists its versions"
        ))
    })
}

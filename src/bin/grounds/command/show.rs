//! `grounds show`: a subject as it stands.

use clap::Args;
use grounds::ledger::Ledger;
use grounds::projection::{
    AgentPage, ArtifactPage, ClaimPage, ContextPage, LedgerPage, ViewPage, agent_page,
    artifact_page, claim_page, context_page, last_entry_of_version, ledger_page, view_page,
};
use grounds::value::{Kind, Slug, Subject};
use serde::Serialize;

use crate::context::Context;
use crate::error::{Exit, Failure};
use crate::render::human;
use crate::seen::{Answer, Asking, Head, Seen, keep, meant, warm};

pub(crate) const SCHEMA: &str = "grounds.show/1";

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

/// A subject's page, with the word for what it is.
#[derive(Serialize)]
#[serde(tag = "subject_kind", rename_all = "lowercase")]
pub(crate) enum Page {
    Ledger(LedgerPage),
    Claim(Box<ClaimPage>),
    Artifact(ArtifactPage),
    Agent(AgentPage),
    Context(ContextPage),
    View(ViewPage),
}

impl Page {
    /// The page of a subject in the state that was asked for.
    pub(crate) fn of(seen: &Seen, subject: &Subject) -> Result<Page, Failure> {
        let (state, filter, model) = (&seen.state, &seen.filter, seen.model);
        let page = match (subject.kind(), subject.slug()) {
            (_, None) => ledger_page(state).map(Page::Ledger),
            (Kind::Claim, Some(slug)) => {
                claim_page(state, slug, model, filter).map(|page| Page::Claim(Box::new(page)))
            }
            (Kind::Artifact, Some(slug)) => artifact_page(state, slug, filter).map(Page::Artifact),
            (Kind::Agent, Some(slug)) => agent_page(state, slug).map(Page::Agent),
            (Kind::Context, Some(slug)) => context_page(state, slug, filter).map(Page::Context),
            (Kind::View, Some(slug)) => view_page(state, slug, model, filter).map(Page::View),
            (Kind::Ledger, Some(_)) => None,
        };
        page.ok_or_else(|| seen.absent(subject))
    }

    fn text(&self, head: &Head, has_trace: bool, width: usize) -> String {
        match self {
            Page::Ledger(page) => human::entity::ledger(page, head, width),
            Page::Claim(page) => human::claim::page(page, head, has_trace, width),
            Page::Artifact(page) => human::entity::artifact(page, head, width),
            Page::Agent(page) => human::entity::agent(page, head, width),
            Page::Context(page) => human::entity::context(page, head, width),
            Page::View(page) => human::entity::view(page, head, width),
        }
    }
}

impl Show {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        if self.asking.is_newest() && self.version.is_none() && self.is_shown_warm(context)? {
            return Ok(Exit::Done);
        }
        let seen = self.open(context)?;
        let subject = seen.subject(&self.subject)?;
        self.print(context, &Page::of(&seen, &subject)?, &seen.head)?;
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
            Some(page) => {
                let page = Page::Claim(Box::new(page));
                self.print(context, &page, &head).map(|()| true)
            }
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

    fn print(&self, context: &Context, page: &Page, head: &Head) -> Result<(), Failure> {
        match context.global.json {
            true => context.print_json(&Answer::new(SCHEMA, head, page)),
            false => context.print(&page.text(head, self.trace, context.width)),
        }
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

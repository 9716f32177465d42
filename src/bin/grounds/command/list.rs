//! `grounds list`: claims, a line each.

use clap::Args;
use grounds::net::page::Listed;
use grounds::projection::{CatalogueRow, Wanted, catalogue, order_named, status_named, view_named};

use crate::context::Context;
use crate::error::{Exit, Failure, asked_by};
use crate::render::human;
use crate::seen::{Asking, Head, keep, warm};

/// List claims, a line each.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples: grounds list --status contested --sort cont · grounds list --view strict-empirical · grounds list --search 'neurons concept'"
)]
pub(crate) struct List {
    /// Only claims with this lifecycle or standing; several: all of them
    #[arg(long, value_name = "WORD", value_delimiter = ',')]
    status: Vec<String>,
    /// Only claims of this domain
    #[arg(long, value_name = "NAME")]
    domain: Option<String>,
    /// Only claims that a view includes or downweights; VIEW:VERDICT asks for one verdict
    #[arg(long, value_name = "VIEW")]
    view: Option<String>,
    /// By slug, updated, or a figure, the highest first; a minus before it turns the order
    #[arg(long, value_name = "ORDER", allow_hyphen_values = true)]
    sort: Option<String>,
    /// Only claims in which all these words occur
    #[arg(long, value_name = "WORDS")]
    search: Option<String>,
    /// At most so many
    #[arg(long, short = 'n', value_name = "N")]
    limit: Option<usize>,
    #[command(flatten)]
    asking: Asking,
}

impl List {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let wanted = self.wanted()?;
        let is_all = wanted
            == Wanted {
                order: wanted.order,
                reverse: wanted.reverse,
                ..Wanted::default()
            };
        if self.asking.is_newest()
            && is_all
            && let Some((mut snapshot, head)) = warm(context)
            && let Some(mut rows) = snapshot.rows()
        {
            wanted.sort(&mut rows);
            return self.print(context, &rows, &head);
        }
        let seen = self.asking.open(context)?;
        if let Some((view, _)) = &wanted.view
            && seen.ledger.state().view(view).is_none()
        {
            return Err(unknown_view(&seen.state, view.as_str()));
        }
        let rows = catalogue(&seen.state, seen.model, &seen.filter, &wanted);
        let exit = self.print(context, &rows, &seen.head)?;
        if self.asking.is_newest() {
            keep(context, &seen.ledger);
        }
        Ok(exit)
    }

    fn print(
        &self,
        context: &Context,
        rows: &[CatalogueRow],
        head: &Head,
    ) -> Result<Exit, Failure> {
        let shown = rows.len().min(self.limit.unwrap_or(usize::MAX));
        let listed = Listed {
            count: rows.len() as u64,
            claims: &rows[..shown],
            next: None,
        };
        match context.global.json {
            true => context.print_answer("grounds.list/1", head, listed)?,
            false => {
                let text = human::rows::list(
                    listed.claims,
                    rows.len(),
                    head,
                    &self.searched(),
                    context.width,
                );
                context.print(&text)?;
            }
        }
        Ok(Exit::Done)
    }

    fn wanted(&self) -> Result<Wanted, Failure> {
        let order = self.sort.as_deref().map(order_named).transpose()?;
        let (order, reverse) = order.unwrap_or_default();
        let view = self.view.as_deref().map(view_named).transpose();
        let status = self.status.iter().map(|word| status_named(word));
        let status: Result<Vec<String>, _> = status.collect();
        Ok(Wanted {
            status: status.map_err(|fault| asked_by("--status", &fault))?,
            domain: self.domain.clone(),
            view: view.map_err(|fault| asked_by("--view", &fault))?,
            search: self.search.clone(),
            order,
            reverse,
        })
    }

    /// What was searched, in words: what an empty list says.
    fn searched(&self) -> String {
        let mut words = Vec::new();
        words.extend(self.status.iter().map(|word| format!("status {word}")));
        words.extend(self.domain.iter().map(|name| format!("domain {name}")));
        words.extend(self.view.iter().map(|name| format!("view {name}")));
        words.extend(self.search.iter().map(|text| {
            format!("“{text}” in statements, summaries, details, slugs and titles of sources")
        }));
        words.join(", ")
    }
}

pub(crate) fn unknown_view(state: &grounds::claim::State, name: &str) -> Failure {
    let known: Vec<String> = state.views().map(|(slug, _)| slug.to_string()).collect();
    let failure = Failure::not_found(format!(
        "found no view/{name}, expected a view of this ledger"
    ));
    match known.is_empty() {
        true => failure.hint("grounds view add defines one"),
        false => failure.hint(format!("the views: {}", known.join(", "))),
    }
}

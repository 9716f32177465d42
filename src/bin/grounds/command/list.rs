//! `grounds list`: claims, a line each.

use clap::Args;
use grounds::projection::{CatalogueRow, Order, Wanted, catalogue};
use grounds::trust::Figure;
use serde::Serialize;

use crate::context::Context;
use crate::error::{Exit, Failure};
use crate::render::human;
use crate::seen::{Answer, Asking, Head, Seen, keep, warm};

/// List claims, a line each.
#[derive(Debug, Default, Args)]
#[command(
    after_help = "Examples: grounds list --status contested --sort cont · grounds list --view strict-empirical · grounds list --search 'neurons concept'"
)]
pub(crate) struct List {
    /// Only claims with this lifecycle or standing; several: all of them
    #[arg(long, value_name = "WORD", value_delimiter = ',')]
    pub(crate) status: Vec<String>,
    /// Only claims of this domain
    #[arg(long, value_name = "NAME")]
    pub(crate) domain: Option<String>,
    /// Only claims that a view includes or downweights; VIEW:VERDICT asks for one verdict
    #[arg(long, value_name = "VIEW")]
    pub(crate) view: Option<String>,
    /// By slug, updated, or a figure, the highest first; a minus before it turns the order
    #[arg(long, value_name = "ORDER", allow_hyphen_values = true)]
    pub(crate) sort: Option<String>,
    /// Only claims in which all these words occur
    #[arg(long, value_name = "WORDS")]
    pub(crate) search: Option<String>,
    /// At most so many
    #[arg(long, short = 'n', value_name = "N")]
    pub(crate) limit: Option<usize>,
    #[command(flatten)]
    pub(crate) asking: Asking,
}

#[derive(Serialize)]
pub(crate) struct Listed<'a> {
    /// How many there are; `claims` holds at most `--limit` of them.
    pub(crate) count: usize,
    pub(crate) claims: &'a [CatalogueRow],
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
        let rows = self.rows(&seen)?;
        let exit = self.print(context, &rows, &seen.head)?;
        if self.asking.is_newest() {
            keep(context, &seen.ledger);
        }
        Ok(exit)
    }

    /// The claims that are asked for, in their order.
    pub(crate) fn rows(&self, seen: &Seen) -> Result<Vec<CatalogueRow>, Failure> {
        let wanted = self.wanted()?;
        if let Some((view, _)) = &wanted.view
            && seen.ledger.state().view(view).is_none()
        {
            return Err(unknown_view(&seen.state, view.as_str()));
        }
        Ok(catalogue(&seen.state, seen.model, &seen.filter, &wanted))
    }

    fn print(
        &self,
        context: &Context,
        rows: &[CatalogueRow],
        head: &Head,
    ) -> Result<Exit, Failure> {
        let shown = rows.len().min(self.limit.unwrap_or(usize::MAX));
        let listed = Listed {
            count: rows.len(),
            claims: &rows[..shown],
        };
        match context.global.json {
            true => context.print_json(&Answer::new("grounds.list/1", head, listed))?,
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
        let (order, reverse) = self.order()?;
        let view = self.view.as_deref().map(parse_view).transpose()?;
        for word in &self.status {
            known_status(word)?;
        }
        Ok(Wanted {
            status: self.status.clone(),
            domain: self.domain.clone(),
            view,
            search: self.search.clone(),
            order,
            reverse,
        })
    }

    fn order(&self) -> Result<(Order, bool), Failure> {
        let Some(text) = self.sort.as_deref() else {
            return Ok((Order::Slug, false));
        };
        let (name, reverse) = match text.strip_prefix('-') {
            Some(name) => (name, true),
            None => (text, false),
        };
        let order = match name {
            "slug" => Order::Slug,
            "updated" => Order::Updated,
            figure => Order::Figure(parse_figure(figure)?),
        };
        Ok((order, reverse))
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

/// A figure by its short or long name.
pub(crate) fn parse_figure(text: &str) -> Result<Figure, Failure> {
    Figure::named(text).ok_or_else(|| {
        let names: Vec<&str> = Figure::ALL.iter().map(|figure| figure.long()).collect();
        Failure::usage(format!(
            "found {}, expected the name of a figure",
            grounds::value::excerpt(text)
        ))
        .hint(format!(
            "the figures: {}; or their first letters, as grounds show prints them",
            names.join(", ")
        ))
    })
}

fn parse_view(text: &str) -> Result<(grounds::value::Slug, Option<String>), Failure> {
    let (name, verdict) = match text.split_once(':') {
        Some((name, verdict)) => (name, Some(verdict.to_owned())),
        None => (text, None),
    };
    let verdicts = ["included", "downweighted", "excluded", "undetermined"];
    if let Some(verdict) = &verdict
        && !verdicts.contains(&verdict.as_str())
    {
        return Err(Failure::usage(format!(
            "--view: found the verdict {}, expected {}",
            grounds::value::excerpt(verdict),
            verdicts.join(", ")
        )));
    }
    let slug = name.strip_prefix("view/").unwrap_or(name);
    Ok((slug.parse()?, verdict))
}

fn known_status(word: &str) -> Result<(), Failure> {
    let is_lifecycle = word.parse::<grounds::claim::Lifecycle>().is_ok();
    let is_standing = word.parse::<grounds::claim::Standing>().is_ok();
    if is_lifecycle || is_standing {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "--status: found {}, expected a lifecycle or a standing",
        grounds::value::excerpt(word)
    ))
    .hint("lifecycles: proposed, active, superseded, merged, retracted; standings: hypothesis, tested, replicated, contested, refuted, settled"))
}

fn unknown_view(state: &grounds::claim::State, name: &str) -> Failure {
    let known: Vec<String> = state.views().map(|(slug, _)| slug.to_string()).collect();
    let failure = Failure::not_found(format!(
        "found no view/{name}, expected a view of this ledger"
    ));
    match known.is_empty() {
        true => failure.hint("grounds view add defines one"),
        false => failure.hint(format!("the views: {}", known.join(", "))),
    }
}

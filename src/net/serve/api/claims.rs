//! Claims: the list, and all that is told of one.

use axum::extract::State;
use axum::response::Response;
use hyper::header::HeaderMap;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::ledger::bundle::{NotBundled, bundle as make};
use crate::ledger::{AsOf, LedgerError};
use crate::projection::{
    Blame, Citation, ClaimPage, Difference, History, Order, Point, ReplayedClaim, TimelineRow,
    Wanted, Why, catalogue, cite as citation, claim_page, difference, figure_named, last_instant,
    order_named, replayed_claim, status_named, view_named,
};
use crate::value::{Slug, Subject};

use super::super::super::answer::Problem;
use super::super::super::page::{self, Answer, Listed, Logged, Shown};
use super::super::Shared;
use super::super::asking::{Asked, Asking};
use super::super::pages;
use super::super::reply::Keep;
use super::cursor::Listing;
use super::log::{EventWords, told};
use super::question::{Clocks, Names, Recorded, Words, asking, limit_of, said_of};
use super::{JSON, Refusals, absent, read, tell};

asking! {
    /// Which claims, in which order.
    struct ListWords {
        /// Only claims in which all these words occur: in statement, summary, detail, slug or the
        /// titles of what they cite
        #[param(example = "neurons concept")]
        q: Option<String>,
        /// Only claims with this lifecycle or standing; several, with commas: all of them
        #[param(pattern = "^(proposed|active|superseded|merged|retracted|hypothesis|tested|replicated|contested|refuted|settled)(,(proposed|active|superseded|merged|retracted|hypothesis|tested|replicated|contested|refuted|settled))*$")]
        status: Option<String>,
        /// Only claims of this domain
        domain: Option<String>,
        /// Only claims that a view includes or downweights; VIEW:VERDICT asks for one verdict
        #[param(pattern = "^(view/)?[a-z0-9][a-z0-9-]{0,95}(:(included|downweighted|excluded|undetermined))?$")]
        view: Option<String>,
        /// By slug, updated, or a figure, the highest first; a minus before it turns the order
        #[param(example = "-supp")]
        sort: Option<String>,
        /// The order turned round
        reverse: Option<bool>,
        /// At most so many
        #[param(minimum = 1, maximum = 500, default = 100)]
        limit: Option<u64>,
        /// Go on where an answer ended: its `next`. Everything else is asked as it was
        #[param(min_length = 1)]
        cursor: Option<String>,
    }
}

impl ListWords {
    fn wanted(&self) -> Result<Wanted, Problem> {
        let order = self.sort.as_deref().map(order_named).transpose();
        let (order, is_turned) = order
            .map_err(|fault| said_of("sort", fault))?
            .unwrap_or((Order::Slug, false));
        let view = self.view.as_deref().map(view_named).transpose();
        let words = self.status.iter().flat_map(|words| words.split(','));
        let status: Result<Vec<String>, _> = words.map(status_named).collect();
        Ok(Wanted {
            status: status.map_err(|fault| said_of("status", fault))?,
            domain: self.domain.clone(),
            view: view.map_err(|fault| said_of("view", fault))?,
            search: self.q.clone(),
            order,
            reverse: is_turned != self.reverse.unwrap_or_default(),
        })
    }
}

/// Claims, a line each
#[utoipa::path(
    get,
    path = "/api/v1/claims",
    tag = "claims",
    params(ListWords),
    responses((status = 200, description = "grounds.list/1", body = Answer<'static, Listed<'static>>), Refusals)
)]
pub(super) async fn list(
    State(served): State<Shared>,
    Words(words): Words<ListWords>,
    asker: HeaderMap,
) -> Result<Response, Problem> {
    let (wanted, limit) = (words.wanted()?, limit_of(words.limit)?);
    let asking = words.asking();
    tell(&served, &asker, asking.keep(), move |current| {
        let question = format!("claims {wanted:?}");
        let listing = Listing::of(current, &asking, &question, words.cursor.as_deref())?;
        let asked = &listing.asked;
        knows_view(asked, &wanted)?;
        let rows = catalogue(&asked.state, asked.model, &asked.filter, &wanted);
        let (claims, next) = listing.part(&rows, limit);
        let listed = Listed {
            count: rows.len() as u64,
            claims,
            next,
        };
        Ok(page::json("grounds.list/1", &asked.head, listed))
    })
    .await
}

fn knows_view(asked: &Asked, wanted: &Wanted) -> Result<(), Problem> {
    let newest = asked.current.ledger.state();
    match &wanted.view {
        Some((view, _)) if newest.view(view).is_none() => Err(Problem::not_found(format!(
            "found no view/{view}, expected a view of this ledger"
        ))
        .hint("/api/v1/views lists them")),
        _ => Ok(()),
    }
}

/// A claim with all that it stands on
#[utoipa::path(
    get,
    path = "/api/v1/claims/{slug}",
    tag = "claims",
    params(("slug" = Slug, Path, description = "The claim"), Clocks),
    responses((status = 200, description = "grounds.show/1", body = Answer<'static, Shown<'static, ClaimPage>>), Refusals)
)]
pub(super) async fn claim(
    State(served): State<Shared>,
    names: Names,
    Words(words): Words<Clocks>,
    asker: HeaderMap,
) -> Result<Response, Problem> {
    let (slug, asking) = (names.slug("claim")?, words.asking());
    let current = served.current();
    // The newest state is what most ask for, and it is kept: the same bytes stand beside the page.
    if asking.is_newest() && current.ledger.state().exists(&Subject::claim(slug.clone())) {
        return Ok(pages::claim_json(&served, &asker, &slug).await);
    }
    tell(&served, &asker, asking.keep(), move |current| {
        let asked = asking.of(current)?;
        let page = page_of(&asked, &slug)?;
        Ok(page::show("claim", &asked.head, &page))
    })
    .await
}

fn page_of(asked: &Asked, slug: &Slug) -> Result<ClaimPage, Problem> {
    let page = claim_page(&asked.state, slug, asked.model, &asked.filter);
    page.ok_or_else(|| absent(asked, &Subject::claim(slug.clone())))
}

/// What happened to a claim, newest first, in words
#[utoipa::path(
    get,
    path = "/api/v1/claims/{slug}/events",
    tag = "claims",
    params(("slug" = Slug, Path, description = "The claim"), EventWords),
    responses((status = 200, description = "grounds.log/1", body = Answer<'static, Logged<'static, TimelineRow>>), Refusals)
)]
pub(super) async fn events(
    State(served): State<Shared>,
    names: Names,
    Words(words): Words<EventWords>,
    asker: HeaderMap,
) -> Result<Response, Problem> {
    let subject = Subject::claim(names.slug("claim")?);
    told(&served, &asker, Some(subject), words).await
}

/// A claim's figures and status alone
#[utoipa::path(
    get,
    path = "/api/v1/claims/{slug}/profile",
    tag = "claims",
    params(("slug" = Slug, Path, description = "The claim"), Clocks),
    responses((status = 200, description = "grounds.replay.claim/1", body = Answer<'static, ReplayedClaim>), Refusals)
)]
pub(super) async fn profile(
    State(served): State<Shared>,
    names: Names,
    Words(words): Words<Clocks>,
    asker: HeaderMap,
) -> Result<Response, Problem> {
    let (slug, asking) = (names.slug("claim")?, words.asking());
    tell(&served, &asker, asking.keep(), move |current| {
        let asked = asking.of(current)?;
        let claim = replayed_claim(&asked.state, &slug, asked.model, &asked.filter);
        let claim = claim.ok_or_else(|| absent(&asked, &Subject::claim(slug)))?;
        Ok(page::json("grounds.replay.claim/1", &asked.head, claim))
    })
    .await
}

/// Where a figure comes from: inputs, arithmetic, the signed events that it stands on
#[utoipa::path(
    get,
    path = "/api/v1/claims/{slug}/why/{figure}",
    tag = "claims",
    params(
        ("slug" = Slug, Path, description = "The claim"),
        ("figure" = String, Path, description = "The figure, by its long or short name", pattern = "^(evidence|replication|consensus|methodology|credibility|scope|bridge|contestation|support|frontier|stability|evid|repl|cons|meth|cred|scop|brdg|cont|supp|fron|stab)$", example = "support"),
        Clocks
    ),
    responses((status = 200, description = "grounds.why/1", body = Answer<'static, Why>), Refusals)
)]
pub(super) async fn why(
    State(served): State<Shared>,
    names: Names,
    Words(words): Words<Clocks>,
    asker: HeaderMap,
) -> Result<Response, Problem> {
    let (slug, asking) = (names.slug("claim")?, words.asking());
    let figure = figure_named(names.text(1)).map_err(|fault| Problem {
        status: 404,
        code: "not_found".into(),
        ..fault.into()
    })?;
    tell(&served, &asker, asking.keep(), move |current| {
        let asked = asking.of(current)?;
        let why = crate::projection::why(&asked.state, &slug, figure, asked.model, &asked.filter);
        let why = why.ok_or_else(|| absent(&asked, &Subject::claim(slug)))?;
        Ok(page::json("grounds.why/1", &asked.head, why))
    })
    .await
}

/// How a claim's figures came to be what they are, step by step
#[utoipa::path(
    get,
    path = "/api/v1/claims/{slug}/history",
    tag = "claims",
    params(("slug" = Slug, Path, description = "The claim"), Clocks),
    responses((status = 200, description = "grounds.history/1", body = Answer<'static, History>), Refusals)
)]
pub(super) async fn history(
    State(served): State<Shared>,
    names: Names,
    Words(words): Words<Clocks>,
    asker: HeaderMap,
) -> Result<Response, Problem> {
    let (slug, asking) = (names.slug("claim")?, words.asking());
    tell(&served, &asker, asking.keep(), move |current| {
        let asked = asking.of(current)?;
        let history = crate::projection::history(&asked.state, &slug, asked.model, &asked.filter);
        let history = history.ok_or_else(|| absent(&asked, &Subject::claim(slug)))?;
        Ok(page::json("grounds.history/1", &asked.head, history))
    })
    .await
}

/// Which entry last changed each field and each figure
#[utoipa::path(
    get,
    path = "/api/v1/claims/{slug}/blame",
    tag = "claims",
    params(("slug" = Slug, Path, description = "The claim"), Recorded),
    responses((status = 200, description = "grounds.blame/1", body = Answer<'static, Blame>), Refusals)
)]
pub(super) async fn blame(
    State(served): State<Shared>,
    names: Names,
    Words(words): Words<Recorded>,
    asker: HeaderMap,
) -> Result<Response, Problem> {
    let (slug, asking) = (names.slug("claim")?, words.asking());
    tell(&served, &asker, asking.keep(), move |current| {
        let asked = asking.of(current)?;
        let blame = crate::projection::blame(&asked.state, &slug, asked.model);
        let blame = blame.ok_or_else(|| absent(&asked, &Subject::claim(slug)))?;
        Ok(page::json("grounds.blame/1", &asked.head, blame))
    })
    .await
}

/// Which clock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Clock {
    /// When the ledger recorded it.
    #[default]
    Recorded,
    /// When it held in the world.
    Effective,
}

/// Between which points.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct DiffWords {
    /// From here; the newest entry where nothing is said. Needed, unless two models are compared
    #[param(example = "@6", min_length = 1)]
    from: Option<String>,
    /// To here; the newest entry where nothing is said
    #[param(example = "@12", min_length = 1)]
    to: Option<String>,
    /// What `from` and `to` mean: when it was recorded, or when it held in the world
    #[param(inline)]
    clock: Option<Clock>,
    /// The model at `from`; the one in force there where none is named
    #[param(min_length = 1)]
    model1: Option<String>,
    /// The model at `to`; the one in force there where none is named
    #[param(min_length = 1)]
    model2: Option<String>,
}

impl DiffWords {
    /// What is asked at each end.
    fn ends(self) -> Result<[Asking; 2], Problem> {
        if self.from.is_none() && self.model1.is_none() && self.model2.is_none() {
            return Err(Problem::usage(
                "found no from, expected a date, a time, an address or an event id",
            ));
        }
        let clock = self.clock.unwrap_or_default();
        let ends = [
            ("from", self.from, self.model1),
            ("to", self.to, self.model2),
        ];
        let [from, to] = ends.map(|(name, at, model)| end(clock, name, at, model));
        Ok([from?, to?])
    }
}

fn end(
    clock: Clock,
    name: &str,
    at: Option<String>,
    model: Option<String>,
) -> Result<Asking, Problem> {
    let asking = Asking {
        model,
        ..Asking::default()
    };
    let Some(text) = at else {
        return Ok(asking);
    };
    Ok(match clock {
        Clock::Recorded => {
            let moment: Result<AsOf, _> = text.parse();
            moment.map_err(|error| said_of(name, error.into()))?;
            Asking {
                as_of: Some(text),
                ..asking
            }
        }
        Clock::Effective => {
            last_instant(&text).map_err(|fault| said_of(name, fault))?;
            Asking {
                effective: Some(text),
                ..asking
            }
        }
    })
}

/// What changed between two points, figure by figure, and which entries did it
#[utoipa::path(
    get,
    path = "/api/v1/claims/{slug}/diff",
    tag = "claims",
    params(("slug" = Slug, Path, description = "The claim"), DiffWords),
    responses((status = 200, description = "grounds.diff/1", body = Answer<'static, Difference>), Refusals)
)]
pub(super) async fn diff(
    State(served): State<Shared>,
    names: Names,
    Words(words): Words<DiffWords>,
    asker: HeaderMap,
) -> Result<Response, Problem> {
    let (slug, [from, to]) = (names.slug("claim")?, words.ends()?);
    tell(&served, &asker, Keep::Newest, move |current| {
        let (from, to) = (from.of(current)?, to.of(current)?);
        let found = difference(&slug, point(&from), point(&to)).ok_or_else(|| {
            Problem::not_found(format!("found no claim/{slug} at either point")).hint(format!(
                "/api/v1/claims/{slug}/events tells since when it is there"
            ))
        })?;
        let newest = Asking::default().of(current)?;
        Ok(page::json("grounds.diff/1", &newest.head, found))
    })
    .await
}

fn point(asked: &Asked) -> Point<'_> {
    Point {
        state: &asked.state,
        effective: asked.effective,
        model: asked.model,
    }
}

/// Everything that is needed to check a claim offline, as one file
#[utoipa::path(
    get,
    path = "/api/v1/claims/{slug}/bundle",
    tag = "claims",
    params(("slug" = Slug, Path, description = "The claim"), Recorded),
    responses((status = 200, description = "The bundle (docs/FORMAT.md), at the newest map at or before `as-of`", body = serde_json::Value), Refusals)
)]
pub(super) async fn bundle(
    State(served): State<Shared>,
    names: Names,
    Words(words): Words<Recorded>,
    asker: HeaderMap,
) -> Result<Response, Problem> {
    let (slug, asking) = (names.slug("claim")?, words.asking());
    read(&served, &asker, (JSON, asking.keep()), move |current| {
        let as_of = asking.of(current)?.as_of;
        let made = make(&current.ledger, &slug, as_of.as_ref());
        Ok(made.map_err(|error| not_bundled(&error))?.bytes)
    })
    .await
}

/// Why there is no bundle, as an answer.
pub(in super::super) fn not_bundled(error: &NotBundled) -> Problem {
    let (status, code) = match error {
        NotBundled::Moment(_) | NotBundled::NoClaim { .. } => (404, "not_found"),
        NotBundled::NoMap { .. } => (404, "map"),
        NotBundled::Withheld(_) => (422, "withheld"),
        NotBundled::FalseMap { .. } => (422, "map"),
        NotBundled::TooLarge { .. } => (422, "limit"),
        NotBundled::Model(_) => (422, "model"),
        NotBundled::Ledger(LedgerError::Damaged(_)) => (500, "damaged"),
        NotBundled::Ledger(_) => (500, "io"),
    };
    let problem = Problem::new(status, code, error.to_string());
    match error {
        NotBundled::NoClaim { is_newer: true, .. } | NotBundled::NoMap { .. } => {
            problem.hint("a ledger that takes commits maps them within a moment; ask again then")
        }
        _ => problem,
    }
}

/// A claim as a reference, with its version and the head
#[utoipa::path(
    get,
    path = "/api/v1/claims/{slug}/cite",
    tag = "claims",
    params(("slug" = Slug, Path, description = "The claim"), Recorded),
    responses((status = 200, description = "grounds.cite/1", body = Answer<'static, Citation>), Refusals)
)]
pub(super) async fn cite(
    State(served): State<Shared>,
    names: Names,
    Words(words): Words<Recorded>,
    asker: HeaderMap,
) -> Result<Response, Problem> {
    let (slug, asking) = (names.slug("claim")?, words.asking());
    tell(&served, &asker, asking.keep(), move |current| {
        let asked = asking.of(current)?;
        let page = page_of(&asked, &slug)?;
        let head = &asked.head;
        let origin = head.origin.parse();
        let origin = origin.map_err(|_| Problem::new(500, "damaged", "the head has no origin"))?;
        let cited = citation(&page, &origin, &format!("{} {}", head.size, head.root));
        Ok(page::json("grounds.cite/1", head, cited))
    })
    .await
}

//! Pages: what people read, and the same for programs beside it, at the addresses that [`Links`]
//! spells. Each is whole without script, in every state that is asked for.

use std::borrow::Cow;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hyper::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION, RETRY_AFTER};
use hyper::{StatusCode, Uri};

use crate::claim::State as Folded;
use crate::ledger::Cosignature;
use crate::ledger::bundle::bundle;
use crate::projection::{
    BadQuestion, Filter, Point, Wanted, figure_named, model_in_force, order_named, status_named,
    view_named,
};
use crate::trust::MODELS;
use crate::value::{Kind, Slug, Subject, excerpt, forbidden_in_text};

use super::super::answer::Problem;
use super::super::page::{
    Compared, Format, Head, Links, MARK, Page, Place, Refusal, STYLE, Seen, Within, refusal,
    style_file,
};
use super::Shared;
use super::api::not_bundled;
use super::asking::{Asked, Asking, one_of, pairs};
use super::current::Current;
use super::kept::{Depends, Kept, Stencil};
use super::reply::{Keep, reply};

const HTML: &str = "text/html; charset=utf-8";

/// What the address of a claim's bundle ends with, but for the last of it.
const BUNDLE: &str = ".claim";

/// The pages of claims, of everything else, of the log and its audit; and what they load.
pub(super) fn routes() -> utoipa_axum::router::OpenApiRouter<Shared> {
    const PLACES: [&str; 20] = [
        "/",
        "/claims.json",
        "/claim/{name}",
        "/claim/{slug}/{page}",
        "/claim/{slug}/why/{figure}",
        "/artifacts",
        "/artifact/{name}",
        "/agents",
        "/agent/{name}",
        "/contexts",
        "/context/{name}",
        "/views",
        "/view/{name}",
        "/log",
        "/log.json",
        "/log.jsonl",
        "/log.atom",
        "/audit",
        "/audit.json",
        "/ledger.json",
    ];
    let mut routes = Router::new();
    for place in PLACES {
        routes = routes.route(place, get(page));
    }
    routes
        .route(&format!("/{}", style_file()), get(style))
        .route("/mark.svg", get(mark))
        .into()
}

async fn style() -> Response {
    reply("text/css; charset=utf-8", STYLE, Keep::Ever, None)
}

async fn mark() -> Response {
    reply("image/svg+xml", MARK, Keep::Past, None)
}

/// Where nothing is: a page for those who read pages.
pub(super) async fn nothing(State(served): State<Shared>, asked: HeaderMap, uri: Uri) -> Response {
    let accepted = asked.get(ACCEPT).and_then(|kinds| kinds.to_str().ok());
    let is_page = accepted.is_some_and(|kinds| kinds.contains("text/html"));
    match is_page && !uri.path().starts_with("/api/") {
        true => refused(&served.current(), None, &Refusal::not_found("no such path")),
        false => Problem::not_found("no such path").into_response(),
    }
}

async fn page(State(served): State<Shared>, asked: HeaderMap, uri: Uri) -> Response {
    let name = uri.path_and_query().map_or("/", |name| name.as_str());
    match Address::of(&uri) {
        Ok(address) => address.reply(&served, &asked, name).await,
        Err(refusal) => refused(&served.current(), format_of(uri.path()), &refusal),
    }
}

/// A claim in its newest state, as JSON.
pub(super) async fn claim_json(served: &Shared, asked: &HeaderMap, slug: &Slug) -> Response {
    let address = Address {
        wish: Wish::Place(Place::Subject(Subject::claim(slug.clone()))),
        format: Some(Format::Json),
        asking: Asking::default(),
    };
    address
        .reply(served, asked, &format!("/claim/{slug}.json"))
        .await
}

/// What an address asks for.
struct Address {
    wish: Wish,
    format: Option<Format>,
    asking: Asking,
}

enum Wish {
    Place(Place),
    Diff(Slug, Ends),
    Audit,
    /// What proves a claim.
    Bundle(Slug),
    /// A claim's state by its number, from 1: what the slider asks for.
    State(Slug, usize),
}

/// Two states to compare, as they were given.
#[derive(Default)]
struct Ends {
    from: Option<String>,
    to: Option<String>,
    is_effective: bool,
    model: Option<String>,
    model2: Option<String>,
}

impl Ends {
    fn compared(&self) -> Compared<'_> {
        Compared {
            from: self.from.as_deref(),
            to: self.to.as_deref(),
            is_effective: self.is_effective,
            model: self.model.as_deref(),
            model2: self.model2.as_deref(),
        }
    }
}

/// The format that a path ends with.
fn format_of(path: &str) -> Option<Format> {
    let (_, suffix) = path.rsplit('/').next()?.rsplit_once('.')?;
    let formats = [Format::Json, Format::Jsonl, Format::Atom, Format::Jsonld];
    formats.into_iter().find(|format| format.suffix() == suffix)
}

impl Address {
    /// What is kept under a name, or is worked out and kept then.
    async fn reply(self, served: &Shared, asked: &HeaderMap, name: &str) -> Response {
        let current = served.current();
        let keep = self.keep();
        if keep != Keep::Never
            && let Some(unchanged) = current.unchanged(asked, keep)
        {
            return unchanged;
        }
        if keep != Keep::Never
            && let Some(bytes) = served.kept.find(name, &current)
        {
            return current.reply(self.media_type(), bytes, keep);
        }
        let format = self.format;
        let work = {
            let (served, current) = (Arc::clone(served), Arc::clone(&current));
            let name = name.to_owned();
            move || self.answered(&served.kept, &current, &name)
        };
        match served.work(work).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(refusal)) => refused(&current, format, &refusal),
            Err(problem) => refused(&current, format, &problem.into()),
        }
    }

    fn of(uri: &Uri) -> Result<Address, Refusal> {
        let (path, query) = (uri.path(), pairs(uri.query())?);
        let format = format_of(path);
        let path = match format {
            Some(format) => path
                .strip_suffix(format.suffix())
                .and_then(|path| path.strip_suffix('.')),
            None => Some(path),
        };
        let path = path.unwrap_or_default();
        let parts: Vec<&str> = path.split('/').skip(1).collect();
        let one = |name: &'static str| one_of(&query, &[name]);
        let wish = match parts.as_slice() {
            [""] | ["claims"] => Wish::Place(claims(&query)?),
            ["log"] => {
                let part = one("part")?.map(|part| number(&part)).transpose()?;
                Wish::Place(Place::Log(part))
            }
            ["audit"] => Wish::Audit,
            ["ledger"] => Wish::Place(Place::Subject(Subject::Ledger)),
            ["claim", file] if format == Some(Format::Json) && file.ends_with(BUNDLE) => {
                Wish::Bundle(slug_of(Kind::Claim, file.trim_end_matches(BUNDLE))?)
            }
            ["claim", slug] => {
                let slug = slug_of(Kind::Claim, slug)?;
                match one("state")?.filter(|_| format.is_none()) {
                    Some(state) => Wish::State(slug, usize_of(&state)?),
                    None => Wish::Place(Place::Subject(Subject::claim(slug))),
                }
            }
            ["claim", slug, page, rest @ ..] => of_claim(&query, slug, page, rest)?,
            [kind, slug] => {
                let kind = kind_of(kind).ok_or_else(no_path)?;
                Wish::Place(Place::Subject(Subject::Entity(kind, slug_of(kind, slug)?)))
            }
            [kinds] => {
                let kind = kinds.strip_suffix('s').and_then(kind_of);
                Wish::Place(Place::Subjects(kind.ok_or_else(no_path)?))
            }
            _ => return Err(no_path()),
        };
        let asking = match wish {
            // Both states are named in it.
            Wish::Diff(..) => Asking::default(),
            _ => Asking::in_query(uri.query())?,
        };
        Ok(Address {
            wish,
            format,
            asking,
        })
    }

    fn keep(&self) -> Keep {
        match (&self.wish, self.format) {
            (Wish::Audit | Wish::State(..), _) => Keep::Never,
            // A page says how many states there are by now.
            (_, None) => Keep::Newest,
            (_, Some(_)) => self.asking.keep(),
        }
    }

    fn media_type(&self) -> &'static str {
        self.format.map_or(HTML, Format::media_type)
    }

    fn answered(
        &self,
        kept: &Kept,
        current: &Arc<Current>,
        name: &str,
    ) -> Result<Response, Refusal> {
        let asked = self.asking.of(current)?;
        if let Wish::State(slug, number) = &self.wish {
            return self.led_to(kept, &asked, slug, *number);
        }
        let keep = self.keep();
        let draw = |stencil: Option<&Stencil>| self.drawn(kept, &asked, stencil);
        let bytes = match keep {
            Keep::Never => draw(None)?.into(),
            _ => kept.drawn(name, current, self.depends(&asked), draw)?,
        };
        Ok(match keep {
            Keep::Never => reply(self.media_type(), bytes, keep, None),
            _ => current.reply(self.media_type(), bytes, keep),
        })
    }

    /// On what the answer depends, so that it can be kept as long as that stays the same.
    fn depends(&self, asked: &Asked) -> Depends<'_> {
        let is_as_known = self.asking.effective.is_none() && self.asking.model.is_none();
        // As of a moment that is not over, the state grows.
        let is_settled = asked.as_of.is_none() || is_past(asked);
        match &self.wish {
            // Linked data names the head.
            _ if self.format == Some(Format::Jsonld) => Depends::Head,
            Wish::Place(
                Place::Subject(Subject::Entity(Kind::Claim, slug))
                | Place::Why(slug, _)
                | Place::History(slug)
                | Place::Blame(slug),
            ) if is_as_known && is_settled => Depends::Claim(slug),
            _ => Depends::Head,
        }
    }

    fn drawn(
        &self,
        kept: &Kept,
        asked: &Asked,
        stencil: Option<&Stencil>,
    ) -> Result<String, Refusal> {
        let newest = asked.current.ledger.state();
        let custody = asked.current.ledger.custody();
        let is_past = is_past(asked);
        let head = match (stencil, self.format) {
            // A page of a past state is of its own head: all of it was signed, and it stays so.
            (_, None) if is_past => own_head(asked),
            (Some(stencil), _) => stencil.head(&asked.head, is_past),
            (None, _) => asked.head.clone(),
        };
        let recorded = match stencil {
            Some(stencil) if !is_past => Some(stencil.recorded()),
            _ => asked.state.recorded(),
        };
        let seen = Seen {
            newest,
            state: &asked.state,
            filter: asked.filter,
            model: asked.model,
            head: &head,
            links: Links::within(self.asking.within()),
            by_now: stencil.map_or(newest.size(), Stencil::by_now),
            recorded,
            custody,
            log_key: &custody.vkey.to_string(),
            witnessed: stencil.map(Stencil::witnessed),
            cosigned: &Cosignature::all_of(&custody.cosignatures, None),
            states: &|slug| kept.states(&asked.current, slug).to_vec(),
        };
        match &self.wish {
            Wish::Place(place) => seen.answer(place, self.format),
            Wish::Audit => {
                let report = kept.audited(&asked.current);
                let report = report.map_err(|error| Refusal::new(503, "io", error.to_string()))?;
                let report = report.ok_or_else(|| {
                    Refusal::new(503, "busy", "the first audit of this ledger is being made")
                })?;
                seen.audit(&report, self.format)
            }
            Wish::Bundle(slug) => {
                let made = bundle(&asked.current.ledger, slug, asked.as_of.as_ref());
                let made = made.map_err(|error| Refusal::from(not_bundled(&error)))?;
                String::from_utf8(made.bytes).map_err(|_| no_path())
            }
            Wish::Diff(slug, ends) => diff(&seen, &asked.current, slug, ends, self.format),
            Wish::State(..) => Err(no_path()),
        }
    }

    /// The permanent address of a claim's state that was named by its number.
    fn led_to(
        &self,
        kept: &Kept,
        asked: &Asked,
        slug: &Slug,
        number: usize,
    ) -> Result<Response, Refusal> {
        let states = kept.states(&asked.current, slug);
        let state = number.checked_sub(1).and_then(|place| states.get(place));
        let state = state.ok_or_else(|| {
            Refusal::not_found(format!(
                "found state {number} of claim/{slug}, expected one from 1 to {}",
                states.len()
            ))
        })?;
        let links = Links::within(Within {
            as_of: None,
            ..self.asking.within()
        });
        let at = (number < states.len()).then_some(state.entry);
        let there = HeaderValue::from_str(&links.to(&Page::Claim(slug, at)));
        let mut response = StatusCode::SEE_OTHER.into_response();
        let there = there.map_err(|_| no_path())?;
        response.headers_mut().insert(LOCATION, there);
        Ok(response)
    }
}

/// The head of a past state: the tree as it was with its last entry.
fn own_head(asked: &Asked) -> Head {
    let size = asked.state.size();
    let root = asked.current.ledger.tree().root_at(size);
    Head {
        size,
        root: root.map_or_else(String::new, |root| root.to_string()),
        ..asked.head.clone()
    }
}

/// Whether a state is asked for after which something was recorded.
fn is_past(asked: &Asked) -> bool {
    asked.as_of.is_some() && asked.state.size() < asked.current.ledger.state().size()
}

fn no_path() -> Refusal {
    Refusal::not_found("no such path")
}

fn kind_of(word: &str) -> Option<Kind> {
    let kinds = [Kind::Artifact, Kind::Agent, Kind::Context, Kind::View];
    kinds.into_iter().find(|kind| kind.word() == word)
}

fn slug_of(kind: Kind, text: &str) -> Result<Slug, Refusal> {
    text.parse().map_err(|_| {
        Refusal::not_found(format!(
            "found {}, expected a subject of this ledger",
            excerpt(&format!("{}/{text}", kind.word()))
        ))
    })
}

fn number(text: &str) -> Result<u64, Refusal> {
    let is_plain = text.len() <= 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    let parsed = text.parse().ok().filter(|_| is_plain);
    parsed.ok_or_else(|| {
        Refusal::usage(format!(
            "found {}, expected a number of a part",
            excerpt(text)
        ))
    })
}

fn usize_of(text: &str) -> Result<usize, Refusal> {
    Ok(usize::try_from(number(text)?).unwrap_or(usize::MAX))
}

type Query = [(String, String)];

fn of_claim(query: &Query, slug: &str, page: &str, rest: &[&str]) -> Result<Wish, Refusal> {
    let slug = slug_of(Kind::Claim, slug)?;
    let place = match (page, rest) {
        ("why", []) => Place::Why(slug, None),
        ("why", [figure]) => {
            let figure = figure_named(figure);
            Place::Why(slug, Some(figure.map_err(unreadable(404))?))
        }
        ("history", []) => Place::History(slug),
        ("blame", []) => Place::Blame(slug),
        ("diff", []) => return Ok(Wish::Diff(slug, ends(query)?)),
        _ => return Err(no_path()),
    };
    Ok(Wish::Place(place))
}

fn ends(query: &Query) -> Result<Ends, Refusal> {
    let is_effective = match one_of(query, &["clock"])?.as_deref() {
        None | Some("recorded") => false,
        Some("effective") => true,
        Some(other) => {
            return Err(Refusal::usage(format!(
                "clock: found {}, expected recorded or effective",
                excerpt(other)
            )));
        }
    };
    Ok(Ends {
        from: one_of(query, &["from"])?,
        to: one_of(query, &["to"])?,
        is_effective,
        model: one_of(query, &["model", "model1"])?,
        model2: one_of(query, &["model2"])?,
    })
}

/// Which claims are asked for.
fn claims(query: &Query) -> Result<Place, Refusal> {
    let text = |name: &'static str| {
        let text = one_of(query, &[name])?;
        match text
            .as_ref()
            .is_some_and(|text| text.contains(forbidden_in_text))
        {
            true => Err(Refusal::usage(format!(
                "{name}: found a control character, expected text"
            ))),
            false => Ok(text.filter(|text| !text.trim().is_empty())),
        }
    };
    let mut status = Vec::new();
    let given = query.iter().filter(|(name, _)| name == "status");
    for word in given.flat_map(|(_, words)| words.split(',')) {
        let word = word.trim();
        if !word.is_empty() && !status.iter().any(|one| one == word) {
            status.push(status_named(word).map_err(unreadable(400))?);
        }
    }
    let order = one_of(query, &["sort"])?;
    let order = order.map(|order| order_named(&order)).transpose();
    let (order, reverse) = order.map_err(unreadable(400))?.unwrap_or_default();
    let view = one_of(query, &["view"])?;
    let view = view.map(|view| view_named(&view)).transpose();
    let part = one_of(query, &["part"])?;
    let part = part.map_or(Ok(1), |part| usize_of(&part))?;
    let wanted = Wanted {
        status,
        domain: text("domain")?,
        view: view.map_err(unreadable(400))?,
        search: text("q")?,
        order,
        reverse,
    };
    Ok(Place::Claims(wanted, part))
}

/// A word that means nothing, with those that would.
fn unreadable(status: u16) -> impl Fn(BadQuestion) -> Refusal {
    move |question| Refusal {
        hint: question.hint(),
        ..match status {
            404 => Refusal::not_found(question.to_string()),
            _ => Refusal::usage(question.to_string()),
        }
    }
}

impl Asking {
    fn within(&self) -> Within {
        Within {
            as_of: self.as_of.clone(),
            effective: self.effective.clone(),
            model: self.model.clone(),
        }
    }
}

/// What changed for a claim between two states.
fn diff(
    seen: &Seen<'_>,
    current: &Arc<Current>,
    slug: &Slug,
    ends: &Ends,
    format: Option<Format>,
) -> Result<String, Refusal> {
    let compared = ends.compared();
    if compared
        == (Compared {
            is_effective: compared.is_effective,
            ..Compared::default()
        })
    {
        return seen.diff(slug, compared, None, format);
    }
    let end = |name: &str, at: &Option<String>, model: &Option<String>| {
        let (as_of, effective) = match ends.is_effective {
            true => (None, at.clone()),
            false => (at.clone(), None),
        };
        let asking = Asking {
            as_of,
            effective,
            model: model.clone(),
        };
        asking.of(current).map_err(|problem| {
            let mut refusal = Refusal::from(problem);
            for clock in ["as-of: ", "effective: "] {
                refusal.detail = refusal.detail.replace(clock, &format!("{name}: "));
            }
            refusal
        })
    };
    let from = end("from", &ends.from, &ends.model)?;
    let to = end("to", &ends.to, &ends.model2)?;
    let points = (point(&from), point(&to));
    seen.diff(slug, compared, Some(points), format)
}

fn point(asked: &Asked) -> Point<'_> {
    Point {
        state: &asked.state,
        effective: asked.effective,
        model: asked.model,
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Refusal {
        Refusal {
            hint: problem.hint,
            ..Refusal::new(problem.status, problem.code, problem.detail)
        }
    }
}

impl From<&Refusal> for Problem {
    fn from(refusal: &Refusal) -> Problem {
        let near: Vec<String> = refusal.near.iter().map(ToString::to_string).collect();
        let nearest = (!near.is_empty()).then(|| format!("the nearest: {}", near.join(", ")));
        Problem {
            hint: refusal.hint.clone().or(nearest),
            retry_after: (refusal.status == 503).then_some(1),
            ..Problem::new(
                refusal.status,
                Cow::clone(&refusal.code),
                refusal.detail.clone(),
            )
        }
    }
}

/// The answer that there is none: a page for people, problem details for programs.
fn refused(current: &Current, format: Option<Format>, why: &Refusal) -> Response {
    if format.is_some() {
        return Problem::from(why).into_response();
    }
    let state: &Folded = current.ledger.state();
    let custody = current.ledger.custody();
    let head = Head::of(&current.ledger, state, None, None);
    let seen = Seen {
        newest: state,
        state,
        filter: Filter::none(),
        model: model_in_force(state).unwrap_or(&MODELS[0]),
        head: &head,
        links: Links::Server,
        by_now: state.size(),
        recorded: None,
        custody,
        log_key: &custody.vkey.to_string(),
        witnessed: None,
        cosigned: &[],
        states: &|_| Vec::new(),
    };
    let text = refusal(&seen.frame(), why);
    let mut response = reply(HTML, text, Keep::Never, None);
    *response.status_mut() = StatusCode::from_u16(why.status).unwrap_or(StatusCode::NOT_FOUND);
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(HTML));
    if why.status == 503 {
        response
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

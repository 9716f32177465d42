//! Served: one page of a ledger, in the state that somebody asks a server for.
//!
//! Where [`site`](super::site()) puts all pages of the newest state in order, a server draws one page
//! at a time, of any state. What both say is the same.

use std::cmp::Reverse;

use crate::claim::{State, ViewVerdict};
use crate::export::jsonl;
use crate::ledger::audit::Report;
use crate::ledger::{Cosignature, Custody};
use crate::projection::{
    Asked, CatalogueRow, Filter, Point, TimelineRow, Wanted, absence, agent_page, agent_rows,
    artifact_page, artifact_rows, blame, catalogue, cite, claim_page, context_page, context_rows,
    difference, ledger_page, nearest, subjects, timeline, view_page, view_rows, whys,
};
use crate::trust::{Figure, Model};
use crate::value::{Index, Kind, Slug, Subject, Time, excerpt};

use super::answer::{Head, Listed, Logged, json, linked, show};
use super::claim::{Bundle, ClaimShown};
use super::feed::{FeedShown, feed};
use super::frame::Frame;
use super::history::{DiffShown, HistoryShown};
use super::ink::entry_of;
use super::links::{Compared, Ends, Facet, Format, LOG_CHUNK, Links, Listing, Page};
use super::list::{ListShown, PART, SubjectRow};
use super::log::LogShown;
use super::refusal::Refusal;
use super::site::{facets, head_words};
use super::states::ClaimState;

/// Which page of a server's ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Claims that are wanted, and which part of them, from 1.
    Claims(Wanted, usize),
    /// Everything else of one kind.
    Subjects(Kind),
    /// A claim, an artifact, an agent, a context, a view, the ledger.
    Subject(Subject),
    /// Where a claim's figures come from, or one of them.
    Why(Slug, Option<Figure>),
    /// What happened to a claim.
    History(Slug),
    /// Who last changed what of a claim.
    Blame(Slug),
    /// What happened: the newest entries, or a part.
    Log(Option<u64>),
}

impl Place {
    /// In which formats it is there, besides a page; a past state has no feed.
    #[must_use]
    pub fn formats(&self) -> &'static [Format] {
        match self {
            Place::Subject(subject) if subject.kind() == Kind::Claim => {
                &[Format::Json, Format::Jsonl, Format::Jsonld, Format::Atom]
            }
            Place::Log(None) => &[Format::Json, Format::Jsonl, Format::Atom],
            Place::Log(Some(_)) => &[Format::Json, Format::Jsonl],
            Place::Subjects(_) | Place::Why(_, None) => &[],
            _ => &[Format::Json],
        }
    }
}

/// A ledger in the state that was asked for.
pub struct Seen<'s> {
    /// What the ledger knows by now.
    pub newest: &'s State,
    /// What it knew in the state that was asked for.
    pub state: &'s State,
    /// Which of that is looked at.
    pub filter: Filter,
    /// By which model.
    pub model: &'static Model,
    /// The head that it is read from.
    pub head: &'s Head,
    /// How links are spelled: within that state.
    pub links: Links,
    /// Entries that the ledger has by now, as pages say it.
    pub by_now: u64,
    /// Recorded time of the newest entry of the state, as answers say it.
    pub recorded: Option<Time>,
    /// How the newest head was signed and kept.
    pub custody: &'s Custody,
    /// The key that signs the ledger's heads, as a C2SP vkey.
    pub log_key: &'s str,
    /// What is said of witnesses, where that is not to be said of these.
    pub witnessed: Option<&'s str>,
    /// Cosignatures of the head that hold, by witnesses that the ledger's own policy names.
    pub cosigned: &'s [Cosignature],
    /// All states that a claim was in by now.
    pub states: &'s dyn Fn(&Slug) -> Vec<ClaimState>,
}

impl Seen<'_> {
    /// A page, or the same content for programs.
    ///
    /// # Errors
    /// What is not there, in words.
    pub fn answer(&self, place: &Place, format: Option<Format>) -> Result<String, Refusal> {
        if format.is_some_and(|format| !place.formats().contains(&format)) {
            return Err(Refusal::not_found(
                "found a page, expected one that is there in this format",
            ));
        }
        match place {
            Place::Claims(wanted, part) => self.claims(wanted, *part, format),
            Place::Subjects(kind) => Ok(self.subjects(*kind)),
            Place::Subject(Subject::Ledger) => self.ledger(),
            Place::Subject(subject) => match subject.slug() {
                Some(slug) if subject.kind() == Kind::Claim => self.claim(slug, format),
                Some(slug) => self.subject(subject, slug, format),
                None => self.ledger(),
            },
            Place::Why(slug, figure) => self.why(slug, *figure, format),
            Place::History(slug) => self.history(slug, format),
            Place::Blame(slug) => self.blame(slug, format),
            Place::Log(chunk) => self.log(*chunk, format),
        }
    }

    /// What stands around each of its pages.
    #[must_use]
    pub fn frame(&self) -> Frame<'_> {
        let facts = self.newest.constitution();
        Frame {
            head: self.head,
            title: facts.map_or("", |facts| facts.genesis().title.as_str()),
            log_key: self.log_key,
            unchecked: self.custody.unchecked,
            witnessed: self.witnessed,
            cosigned: self.cosigned,
            by_now: Some(self.by_now),
            recorded: self.recorded,
            links: self.links.clone(),
        }
    }

    fn begun(&self) -> Time {
        let first = self.newest.history().front();
        first.map_or(Time::EPOCH, |entry| entry.recorded)
    }

    fn claims(
        &self,
        wanted: &Wanted,
        part: usize,
        format: Option<Format>,
    ) -> Result<String, Refusal> {
        if let Some((view, _)) = &wanted.view
            && self.newest.view(view).is_none()
        {
            let near = self.near(&format!("view/{view}"));
            return Err(Refusal::not_found(format!(
                "found no view/{view}, expected a view of this ledger"
            ))
            .near(near));
        }
        let of_words = Wanted {
            search: wanted.search.clone(),
            ..Wanted::default()
        };
        let found = catalogue(self.state, self.model, &self.filter, &of_words);
        let chosen = |wanted: &Wanted| -> Vec<CatalogueRow> {
            let rows = found.iter().filter(|row| wanted.takes(row));
            rows.cloned().collect()
        };
        let mut rows = chosen(wanted);
        wanted.sort(&mut rows);
        if format.is_some() {
            let listed = Listed {
                count: rows.len() as u64,
                claims: &rows,
                next: None,
            };
            return Ok(json("grounds.list/1", self.head, listed));
        }
        let any_domain = chosen(&Wanted {
            domain: None,
            ..wanted.clone()
        });
        let any_view = chosen(&Wanted {
            view: None,
            ..wanted.clone()
        });
        let mut domains = of_kind(&any_domain, |facet| matches!(facet, Facet::Domain(_)));
        domains.sort_by_key(|(_, count)| Reverse(*count));
        let mut all = of_kind(&rows, |facet| matches!(facet, Facet::Status(_)));
        all.extend(domains);
        all.extend(of_kind(&any_view, |facet| matches!(facet, Facet::View(..))));
        let listing = listing(wanted, part);
        let first = rows.len().min((part.max(1) - 1).saturating_mul(PART));
        let facts = self.state.constitution();
        let shown = ListShown {
            rows: &rows[first..rows.len().min(first + PART)],
            count: rows.len(),
            description: facts
                .and_then(|facts| facts.genesis().description.as_ref()?.as_str().into()),
            facets: &all,
            listing,
        };
        Ok(super::list::list(&self.frame(), &shown))
    }

    fn subjects(&self, kind: Kind) -> String {
        let (state, filter) = (self.state, &self.filter);
        let rows: Vec<SubjectRow> = match kind {
            Kind::Artifact => artifact_rows(state, filter)
                .iter()
                .map(|row| SubjectRow::of_artifact(&row.artifact, row.cited_by))
                .collect(),
            Kind::Agent => agent_rows(state)
                .into_iter()
                .map(|row| {
                    let facts = (row.kind, row.roles.as_slice(), row.reliability);
                    SubjectRow::of_agent(&row.subject, row.name, facts)
                })
                .collect(),
            Kind::Context => context_rows(state, filter)
                .into_iter()
                .map(|row| SubjectRow::of_context(&row.subject, row.name, row.kind, row.claims))
                .collect(),
            Kind::View => view_rows(state)
                .into_iter()
                .map(|row| SubjectRow::of_view(&row.subject, row.name, row.description))
                .collect(),
            Kind::Claim | Kind::Ledger => Vec::new(),
        };
        super::list::subjects(&self.frame(), kind, &rows)
    }

    fn claim(&self, slug: &Slug, format: Option<Format>) -> Result<String, Refusal> {
        let subject = Subject::claim(slug.clone());
        let Some(mut page) = claim_page(self.state, slug, self.model, &self.filter) else {
            return self.absent(&subject, Page::Claim(slug, None), format);
        };
        // How far the ledger has grown is said as the head says it.
        page.custody.entries = self.head.entries;
        page.custody.recorded = self.recorded;
        match format {
            Some(Format::Json) => Ok(show("claim", self.head, &page)),
            Some(Format::Jsonld) => Ok(linked(self.head, &page)),
            Some(Format::Jsonl) => {
                let lines = jsonl::lines(self.state, Some(&subject), jsonl::Shape::Events);
                Ok(lines.map(|line| line + "\n").collect())
            }
            Some(Format::Atom) => {
                let shown = FeedShown {
                    page: Page::Claim(slug, None),
                    title: &page.statement,
                    begun: self.begun(),
                    rows: &self.rows_of(&subject),
                };
                Ok(feed(self.head, &self.links, &shown))
            }
            None => {
                let all = (self.states)(slug);
                let (states, later) = all.split_at(self.known(&all));
                let origin = self.state.origin().cloned();
                let citation = origin.map(|origin| cite(&page, &origin, &head_words(self.head)));
                let citation = citation.ok_or_else(Refusal::not_begun)?;
                let shown = ClaimShown {
                    page: &page,
                    states,
                    later,
                    citation: &citation,
                    at: None,
                    bundle: self.bundle(),
                };
                Ok(super::claim::claim(&self.frame(), &shown))
            }
        }
    }

    /// What proves the page of a claim.
    fn bundle(&self) -> Bundle {
        let asked = self.links.asked();
        let is_mapped = self
            .newest
            .constitution()
            .is_some_and(|facts| facts.mapped.is_some());
        match asked.is_some_and(|asked| asked.effective.is_some() || asked.model.is_some()) {
            true => Bundle::Otherwise,
            false if is_mapped => Bundle::Asked,
            false => Bundle::Absent,
        }
    }

    /// How many of a claim's states there were by then.
    fn known(&self, all: &[ClaimState]) -> usize {
        all.partition_point(|state| state.entry < self.state.size())
    }

    fn rows_of(&self, subject: &Subject) -> Vec<TimelineRow> {
        let asked = Asked {
            subject: Some(subject.clone()),
            ..Asked::default()
        };
        timeline(self.state, &asked).collect()
    }

    fn why(
        &self,
        slug: &Slug,
        only: Option<Figure>,
        format: Option<Format>,
    ) -> Result<String, Refusal> {
        let asked = |figures: &[Figure]| whys(self.state, slug, figures, self.model, &self.filter);
        if let (Some(figure), Some(_)) = (only, format) {
            let found = asked(&[figure]).pop();
            let found = found.ok_or_else(|| self.missing(&Subject::claim(slug.clone())))?;
            return Ok(json("grounds.why/1", self.head, &found));
        }
        let whys = asked(&Figure::ALL);
        if whys.is_empty() {
            let subject = Subject::claim(slug.clone());
            return self.absent(&subject, Page::Why(slug, None, only), format);
        }
        Ok(super::why::why(&self.frame(), slug, None, only, &whys))
    }

    /// The statement of a claim, or its slug where it is not in effect.
    fn statement(&self, slug: &Slug) -> String {
        let claim = self.state.claim(slug);
        let wording = claim.and_then(|claim| claim.wording.as_ref());
        wording.map_or_else(|| slug.to_string(), |wording| wording.statement.to_string())
    }

    fn history(&self, slug: &Slug, format: Option<Format>) -> Result<String, Refusal> {
        let subject = Subject::claim(slug.clone());
        if self.state.stream(&subject).is_none() {
            return self.absent(&subject, Page::History(slug), format);
        }
        let rows = self.rows_of(&subject);
        if format.is_some() {
            let logged = Logged {
                subject: Some(&subject),
                events: &rows,
                next: None,
            };
            return Ok(json("grounds.log/1", self.head, logged));
        }
        let all = (self.states)(slug);
        let shown = HistoryShown {
            claim: slug,
            statement: &self.statement(slug),
            events: &rows,
            states: &all[..self.known(&all)],
        };
        Ok(super::history::history(&self.frame(), &shown))
    }

    fn blame(&self, slug: &Slug, format: Option<Format>) -> Result<String, Refusal> {
        let Some(found) = blame(self.state, slug, self.model) else {
            let subject = Subject::claim(slug.clone());
            return self.absent(&subject, Page::Blame(slug), format);
        };
        if format.is_some() {
            return Ok(json("grounds.blame/1", self.head, &found));
        }
        let statement = self.statement(slug);
        Ok(super::history::blame(
            &self.frame(),
            slug,
            &statement,
            &found,
        ))
    }

    /// What changed for a claim between two points; without them, the form that asks for them.
    ///
    /// # Errors
    /// The claim is at neither point.
    pub fn diff(
        &self,
        slug: &Slug,
        compared: Compared<'_>,
        points: Option<(Point<'_>, Point<'_>)>,
        format: Option<Format>,
    ) -> Result<String, Refusal> {
        let subject = Subject::claim(slug.clone());
        if self.newest.stream(&subject).is_none() {
            return Err(self.missing(&subject));
        }
        let found = match points {
            None => None,
            Some((from, to)) => Some(difference(slug, from, to).ok_or_else(|| {
                Refusal::not_found(format!("found no {subject} at either point"))
            })?),
        };
        if format.is_some() {
            let found = found.ok_or_else(|| {
                Refusal::usage("found no state to compare, expected from, or a model")
            })?;
            return Ok(json("grounds.diff/1", self.head, &found));
        }
        let shown = DiffShown {
            claim: slug,
            statement: &self.statement(slug),
            ends: Ends::Asked(compared),
            found: found.as_ref(),
            states: &(self.states)(slug),
        };
        Ok(super::history::diff(&self.frame(), &shown))
    }

    fn subject(
        &self,
        subject: &Subject,
        slug: &Slug,
        format: Option<Format>,
    ) -> Result<String, Refusal> {
        let (state, filter) = (self.state, &self.filter);
        let frame = self.frame();
        let drawn = match subject.kind() {
            Kind::Artifact => artifact_page(state, slug, filter).map(|page| match format {
                Some(_) => show("artifact", self.head, &page),
                None => super::subject::artifact(&frame, &page),
            }),
            Kind::Agent => agent_page(state, slug).map(|page| match format {
                Some(_) => show("agent", self.head, &page),
                None => super::subject::agent(&frame, &page),
            }),
            Kind::Context => context_page(state, slug, filter).map(|page| match format {
                Some(_) => show("context", self.head, &page),
                None => super::subject::context(&frame, &page),
            }),
            Kind::View => view_page(state, slug, self.model, filter).map(|page| match format {
                Some(_) => show("view", self.head, &page),
                None => super::subject::view(&frame, &page),
            }),
            Kind::Claim | Kind::Ledger => None,
        };
        match drawn {
            Some(drawn) => Ok(drawn),
            None => self.absent(subject, Page::Subject(subject), format),
        }
    }

    /// A page that says why a subject is not shown, where the state has heard of it.
    fn absent(
        &self,
        subject: &Subject,
        page: Page<'_>,
        format: Option<Format>,
    ) -> Result<String, Refusal> {
        let is_log = *subject == Subject::agent(Slug::log());
        let is_known = is_log || self.state.stream(subject).is_some();
        if format.is_some() || !is_known {
            return Err(self.missing(subject));
        }
        let why = match is_log {
            true => "the log itself signs the map of all streams, with its own key",
            false => absence(self.state, subject),
        };
        Ok(super::subject::absent(&self.frame(), page, subject, why))
    }

    /// Why a subject is not there, with the names that look like it.
    #[must_use]
    pub fn missing(&self, subject: &Subject) -> Refusal {
        let is_there_now = self.newest.exists(subject);
        if is_there_now && !self.state.exists(subject) {
            return Refusal::not_found(format!(
                "found no {subject}: it was not there yet at the date that was asked for"
            ))
            .newest(subject.clone());
        }
        let why = match self.newest.stream(subject) {
            Some(_) => absence(self.state, subject).to_owned(),
            None => "expected a subject of this ledger".to_owned(),
        };
        Refusal::not_found(format!(
            "found no {}: {why}",
            excerpt(&subject.to_string()).trim_matches('"')
        ))
        .near(self.near(&subject.to_string()))
    }

    /// Names that look like what was asked for.
    #[must_use]
    pub fn near(&self, text: &str) -> Vec<Subject> {
        let found = nearest(text, &subjects(self.state));
        found.iter().filter_map(|name| name.parse().ok()).collect()
    }

    fn log(&self, chunk: Option<u64>, format: Option<Format>) -> Result<String, Refusal> {
        let entries = self.state.size();
        let newest = entries.saturating_sub(LOG_CHUNK);
        let (from, to) = match chunk {
            None => (newest, entries),
            Some(chunk) => {
                let from = chunk.saturating_mul(LOG_CHUNK);
                if from >= entries.max(1) {
                    return Err(Refusal::not_found(format!(
                        "found part {chunk} of the log, expected one below {}",
                        entries.div_ceil(LOG_CHUNK)
                    )));
                }
                (from, entries.min(from + LOG_CHUNK))
            }
        };
        let (rows, page) = (self.rows_between(from, to), Page::Log(chunk));
        Ok(match format {
            Some(Format::Jsonl) => self.lines_between(from, to),
            Some(Format::Atom) => {
                let shown = FeedShown {
                    page,
                    title: self.frame().title,
                    begun: self.begun(),
                    rows: &rows,
                };
                feed(self.head, &self.links, &shown)
            }
            Some(_) => {
                let logged = Logged {
                    subject: None,
                    events: &rows,
                    next: None,
                };
                json("grounds.log/1", self.head, logged)
            }
            None => {
                let shown = LogShown {
                    chunk,
                    rows: &rows,
                    entries,
                };
                super::log::log(&self.frame(), &shown)
            }
        })
    }

    /// The events of entries, newest first.
    fn rows_between(&self, from: Index, to: Index) -> Vec<TimelineRow> {
        let last = to.checked_sub(1).and_then(|last| self.state.entry(last));
        let asked = Asked {
            until: last.map(|entry| entry.recorded),
            ..Asked::default()
        };
        let entry = |row: &TimelineRow| entry_of(&row.by).unwrap_or_default();
        let rows = timeline(self.state, &asked);
        rows.skip_while(|row| entry(row) >= to)
            .take_while(|row| entry(row) >= from)
            .collect()
    }

    /// The same, a line each, oldest first.
    fn lines_between(&self, from: Index, to: Index) -> String {
        let count = |from, to| -> usize {
            let entries = (from..to).filter_map(|index| self.state.entry(index));
            entries.map(|entry| entry.events.len()).sum()
        };
        let lines = jsonl::lines(self.state, None, jsonl::Shape::Events);
        let lines = lines.skip(count(0, from)).take(count(from, to));
        lines.map(|line| line + "\n").collect()
    }

    fn ledger(&self) -> Result<String, Refusal> {
        let page = ledger_page(self.state).ok_or_else(Refusal::not_begun)?;
        Ok(show("ledger", self.head, &page))
    }

    /// The page of an audit, or its report for programs.
    ///
    /// # Errors
    /// The state is before genesis.
    pub fn audit(&self, report: &Report, format: Option<Format>) -> Result<String, Refusal> {
        if format.is_some() {
            return Ok(json("grounds.verify/1", self.head, report));
        }
        let page = ledger_page(self.state).ok_or_else(Refusal::not_begun)?;
        Ok(super::audit::audit(&self.frame(), report, &page))
    }
}

/// The facets of one kind that some claim has.
fn of_kind<'r>(
    rows: &'r [CatalogueRow],
    is_wanted: impl Fn(&Facet<'r>) -> bool,
) -> Vec<(Facet<'r>, usize)> {
    let all = facets(rows).into_iter();
    all.filter(|(facet, _)| is_wanted(facet)).collect()
}

/// What is wanted, as a page spells it.
fn listing(wanted: &Wanted, part: usize) -> Listing<'_> {
    let view = wanted.view.as_ref().map(|(view, verdict)| {
        let verdict = verdict.as_deref();
        (
            view,
            verdict.and_then(|word| word.parse::<ViewVerdict>().ok()),
        )
    });
    Listing {
        search: wanted.search.as_deref(),
        status: wanted.status.iter().map(String::as_str).collect(),
        domain: wanted.domain.as_deref(),
        view,
        order: wanted.order,
        reverse: wanted.reverse,
        part: part.max(1),
    }
}

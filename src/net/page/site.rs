//! Site: a whole ledger as files that any file server carries: every page, the same for programs,
//! tiles and checkpoint. What is written where stands here; writing is for others ([`Shelf`]).
//!
//! A file is *lasting* when nothing that comes later changes it: full tiles, and everything about a
//! past state of a claim, whose head is that of its own entry. All other files say what the newest
//! head is, so that they change with it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::claim::{State, ViewVerdict};
use crate::export::jsonl;
use crate::hash::Hash;
use crate::ledger::audit::Report;
use crate::ledger::bundle::{Binder, NotBundled};
use crate::ledger::{Cosignature, Ledger, LedgerError};
use crate::projection::{
    Asked, CatalogueRow, Filter, LedgerPage, ModelFault, Point, TimelineRow, Wanted, absence,
    agent_page, artifact_page, blame, catalogue, cite, claim_page, context_page, difference,
    ledger_page, model_in_force, subjects, timeline, view_page, whys,
};
use crate::tlog::{encode_bundle, tiles_for};
use crate::trust::{Figure, Model};
use crate::value::{Index, Kind, Origin, Slug, Subject, Time};

use super::answer::{Head, Listed, Logged, json, linked, show};
use super::claim::{Bundle, ClaimShown};
use super::feed::{FeedShown, feed};
use super::frame::{Frame, MARK, STYLE, style_file};
use super::history::{DiffShown, HistoryShown};
use super::links::{
    Ends, Facet, Format, LOG_CHUNK, Links, Listing, Page, bundle_file, data_file, folder,
};
use super::list::{ListShown, ORDERS, PART, SubjectRow};
use super::log::LogShown;
use super::script::{page_file, scripts};
use super::states::{ClaimState, States, Visit, walk};

/// Raised whenever the page of a past state says something else than before.
const EDITION: u32 = 2;

/// Where files are put.
pub trait Shelf {
    /// What can go wrong there.
    type Error;

    /// Whether a lasting file of this path is there already, and is still wanted.
    ///
    /// # Errors
    /// What is wrong with the shelf.
    fn has(&mut self, path: &str) -> Result<bool, Self::Error>;

    /// Puts a file.
    ///
    /// # Errors
    /// What is wrong with the shelf.
    fn put(&mut self, path: &str, bytes: &[u8]) -> Result<(), Self::Error>;
}

/// Why no site could be made.
#[derive(Debug)]
pub enum SiteError<E> {
    /// The ledger has no genesis that can be read.
    NotBegun,
    /// The model in force cannot be run here.
    Model(ModelFault),
    /// The ledger could not be read.
    Ledger(LedgerError),
    /// No bundle could be made where one was expected.
    Bundle(NotBundled),
    /// The shelf.
    Shelf(E),
}

impl<E: fmt::Display> fmt::Display for SiteError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SiteError::NotBegun => {
                f.write_str("found no genesis, expected a ledger that has begun")
            }
            SiteError::Model(fault) => fault.fmt(f),
            SiteError::Ledger(error) => error.fmt(f),
            SiteError::Bundle(error) => error.fmt(f),
            SiteError::Shelf(error) => error.fmt(f),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> std::error::Error for SiteError<E> {}

impl<E> From<E> for SiteError<E> {
    fn from(error: E) -> SiteError<E> {
        SiteError::Shelf(error)
    }
}

/// What lasting files depend on besides their own entries. A shelf that was filled under another
/// edition has none.
#[must_use]
pub fn edition(ledger: &Ledger) -> String {
    let lost: Vec<String> = ledger.state().lost().map(ToString::to_string).collect();
    let text = format!(
        "{EDITION} {} {} {} {} {}",
        env!("CARGO_PKG_VERSION"),
        style_file(),
        page_file(),
        ledger.custody().vkey,
        lost.join(",")
    );
    Hash::of(text.as_bytes()).to_string()
}

/// Puts the whole site of a ledger, the checkpoint last: whoever follows it finds all that it
/// covers. `report` is the audit that the site shows.
///
/// # Errors
/// As [`SiteError`] says.
pub fn site<S: Shelf>(
    ledger: &Ledger,
    report: &Report,
    shelf: &mut S,
) -> Result<(), SiteError<S::Error>> {
    let model = model_in_force(ledger.state()).map_err(SiteError::Model)?;
    let facts = ledger_page(ledger.state()).ok_or(SiteError::NotBegun)?;
    let builder = Builder {
        ledger,
        binder: binder(ledger)?,
        report,
        state: ledger.state(),
        model,
        head: Head::of(ledger, ledger.state(), None, None),
        log_key: ledger.custody().vkey.to_string(),
        cosigned: Cosignature::all_of(&ledger.custody().cosignatures, None),
        begun: facts
            .first_recorded
            .unwrap_or_else(|| Time::from_micros(0).expect("1970")),
        facts,
    };
    builder.tiles(shelf)?;
    shelf.put(&style_file(), STYLE.as_bytes())?;
    shelf.put("mark.svg", MARK.as_bytes())?;
    for (path, text) in scripts() {
        shelf.put(&path, text.as_bytes())?;
    }
    let states = walk(ledger.state(), &mut |visit| builder.past(shelf, visit))?;
    builder.subjects(shelf, &states)?;
    builder.lists(shelf)?;
    builder.log(shelf)?;
    builder.audit(shelf)?;
    builder.witnesses(shelf)?;
    shelf.put("checkpoint", &ledger.custody().note)?;
    Ok(())
}

/// What makes bundles; none where no map was recorded, or where an entry that a map covers is withheld.
fn binder<E>(ledger: &Ledger) -> Result<Option<Binder<'_>>, SiteError<E>> {
    match Binder::at(ledger, None) {
        Ok(binder) => Ok(Some(binder)),
        Err(NotBundled::NoMap { .. } | NotBundled::Withheld(_)) => Ok(None),
        Err(error) => Err(SiteError::Bundle(error)),
    }
}

struct Builder<'b> {
    ledger: &'b Ledger,
    binder: Option<Binder<'b>>,
    report: &'b Report,
    state: &'b State,
    model: &'static Model,
    head: Head,
    log_key: String,
    cosigned: Vec<Cosignature>,
    begun: Time,
    facts: LedgerPage,
}

type Put<S> = Result<(), SiteError<<S as Shelf>::Error>>;

impl Builder<'_> {
    fn tiles<S: Shelf>(&self, shelf: &mut S) -> Put<S> {
        for tile in tiles_for(self.head.size) {
            let is_full = tile.width == 256;
            if is_full && shelf.has(&tile.path())? {
                continue;
            }
            if let Some(bytes) = tile.bytes(self.ledger.tree()) {
                shelf.put(&tile.path(), &bytes)?;
            }
        }
        for bundle in crate::tlog::new_full_bundles(0, self.head.size)
            .into_iter()
            .chain(crate::tlog::partial_bundle(self.head.size))
        {
            if bundle.width == 256 && shelf.has(&bundle.path())? {
                continue;
            }
            let lines: Result<Vec<Vec<u8>>, LedgerError> = bundle
                .entries()
                .map(|index| self.ledger.line(index))
                .collect();
            let lines = lines.map_err(SiteError::Ledger)?;
            let bytes = encode_bundle(lines.iter().map(Vec::as_slice));
            shelf.put(&bundle.path(), &bytes.expect("lines fit a bundle"))?;
        }
        Ok(())
    }

    /// Whom the log asks, and every head that one of them signed: a mirror takes them along.
    fn witnesses<S: Shelf>(&self, shelf: &mut S) -> Put<S> {
        let (policy, notes) = (self.ledger.policy_file(), self.ledger.cosigned_notes());
        if let Some(policy) = policy.map_err(SiteError::Ledger)? {
            shelf.put("policy", &policy)?;
        }
        for (path, note) in notes.map_err(SiteError::Ledger)? {
            shelf.put(&path, &note)?;
        }
        Ok(())
    }

    fn frame<'f>(&'f self, head: &'f Head, page: &Page<'_>) -> Frame<'f> {
        Frame {
            head,
            title: &self.facts.title,
            log_key: &self.log_key,
            unchecked: self.ledger.custody().unchecked,
            cosigned: &self.cosigned,
            recorded: None,
            witnessed: None,
            by_now: None,
            links: Links::of_file(page),
        }
    }

    fn now(&self, page: &Page<'_>) -> Frame<'_> {
        self.frame(&self.head, page)
    }

    fn origin(&self) -> &Origin {
        &self.facts.origin
    }

    /// A past state of a claim: its page, where its figures come from, and what its entry changed.
    fn past<S: Shelf>(&self, shelf: &mut S, visit: &Visit<'_>) -> Put<S> {
        let Some(entry) = visit.states.last().map(|state| state.entry) else {
            return Ok(());
        };
        let slug = visit.claim;
        let here = Page::Claim(slug, Some(entry));
        let reason = Page::Why(slug, Some(entry), None);
        let ends = Ends::Entry(entry);
        let changed = Page::Diff(slug, ends);
        let paths = [
            index_of(&here),
            data_file(&here, Format::Json),
            index_of(&reason),
            index_of(&changed),
            data_file(&changed, Format::Json),
        ];
        let mut is_there = true;
        for path in &paths {
            is_there &= shelf.has(path)?;
        }
        if is_there {
            return Ok(());
        }
        let head = self.head_at(entry);
        let shown = ClaimShown {
            page: visit.page,
            states: visit.states,
            later: &[],
            citation: &cite(visit.page, self.origin(), &head_words(&head)),
            at: Some(entry),
            // The bundle of a later map proves it as well, and the page outlasts every map.
            bundle: Bundle::Asked,
        };
        shelf.put(
            &paths[0],
            super::claim::claim(&self.frame(&head, &here), &shown).as_bytes(),
        )?;
        shelf.put(&paths[1], show("claim", &head, visit.page).as_bytes())?;
        let whys: Vec<_> = figures(visit.state, slug, visit.model).collect();
        let page = super::why::why(&self.frame(&head, &reason), slug, Some(entry), None, &whys);
        shelf.put(&paths[2], page.as_bytes())?;
        let from = Point {
            state: visit.before,
            effective: None,
            model: model_in_force(visit.before).unwrap_or(visit.model),
        };
        let to = Point {
            state: visit.state,
            effective: None,
            model: visit.model,
        };
        if let Some(found) = difference(slug, from, to) {
            let shown = DiffShown {
                claim: slug,
                statement: &visit.page.statement,
                ends,
                found: Some(&found),
                states: visit.states,
            };
            let page = super::history::diff(&self.frame(&head, &changed), &shown);
            shelf.put(&paths[3], page.as_bytes())?;
            shelf.put(&paths[4], json("grounds.diff/1", &head, &found).as_bytes())?;
        }
        Ok(())
    }

    /// The head of a past state: the tree as it was with that entry.
    fn head_at(&self, entry: Index) -> Head {
        let size = entry + 1;
        let root = self.ledger.tree().root_at(size);
        Head {
            size,
            root: root.map_or_else(String::new, |root| root.to_string()),
            damages: 0,
            entries: size,
            as_of: Some(format!("@{entry}")),
            ..self.head.clone()
        }
    }

    /// Every subject that was ever spoken of: its page, or why it has none.
    fn subjects<S: Shelf>(&self, shelf: &mut S, states: &States) -> Put<S> {
        let mut rows: BTreeMap<Kind, Vec<SubjectRow>> = BTreeMap::new();
        let mut all: BTreeSet<Subject> = subjects(self.state).into_iter().collect();
        all.extend(self.state.streams().map(|(subject, _)| subject.clone()));
        for subject in &all {
            let Some(slug) = subject.slug() else {
                continue;
            };
            let row = match subject.kind() {
                Kind::Claim => {
                    self.claim(shelf, slug, states)?;
                    continue;
                }
                Kind::Artifact => self.artifact(shelf, subject, slug)?,
                Kind::Agent => self.agent(shelf, subject, slug)?,
                Kind::Context => self.context(shelf, subject, slug)?,
                Kind::View => self.view(shelf, subject, slug)?,
                Kind::Ledger => continue,
            };
            rows.entry(subject.kind()).or_default().extend(row);
        }
        for kind in [Kind::Artifact, Kind::Agent, Kind::Context, Kind::View] {
            let rows = rows.get(&kind).map_or(&[] as &[SubjectRow], Vec::as_slice);
            let page = Page::Subjects(kind);
            let text = super::list::subjects(&self.now(&page), kind, rows);
            shelf.put(&index_of(&page), text.as_bytes())?;
        }
        Ok(())
    }

    fn claim<S: Shelf>(&self, shelf: &mut S, slug: &Slug, states: &States) -> Put<S> {
        let states = states.get(slug).map_or(&[] as &[ClaimState], Vec::as_slice);
        let subject = Subject::claim(slug.clone());
        let here = Page::Claim(slug, None);
        let page = claim_page(self.state, slug, self.model, &Filter::none());
        let statement = page
            .as_ref()
            .map_or(slug.as_str(), |page| page.statement.as_str());
        self.history(shelf, slug, statement, states)?;
        let Some(page) = &page else {
            let why = absence(self.state, &subject);
            for page in [here, Page::Why(slug, None, None), Page::Blame(slug)] {
                let text = super::subject::absent(&self.now(&page), page.clone(), &subject, why);
                shelf.put(&index_of(&page), text.as_bytes())?;
            }
            return Ok(());
        };
        let shown = ClaimShown {
            page,
            states,
            later: &[],
            citation: &cite(page, self.origin(), &head_words(&self.head)),
            at: None,
            bundle: self.bundle(shelf, slug)?,
        };
        let text = super::claim::claim(&self.now(&here), &shown);
        shelf.put(&index_of(&here), text.as_bytes())?;
        shelf.put(
            &data_file(&here, Format::Json),
            show("claim", &self.head, page).as_bytes(),
        )?;
        shelf.put(
            &data_file(&here, Format::Jsonld),
            linked(&self.head, page).as_bytes(),
        )?;
        self.events(shelf, &subject, slug, statement)?;
        self.reasons(shelf, slug)?;
        if let Some(found) = blame(self.state, slug, self.model) {
            let page = Page::Blame(slug);
            let text = super::history::blame(&self.now(&page), slug, statement, &found);
            shelf.put(&index_of(&page), text.as_bytes())?;
            shelf.put(
                &data_file(&page, Format::Json),
                json("grounds.blame/1", &self.head, &found).as_bytes(),
            )?;
        }
        Ok(())
    }

    /// The bundle of a claim, where there can be one.
    fn bundle<S: Shelf>(&self, shelf: &mut S, slug: &Slug) -> Result<Bundle, SiteError<S::Error>> {
        let Some(binder) = &self.binder else {
            return Ok(Bundle::Absent);
        };
        match binder.bind(slug) {
            Ok(bound) => {
                shelf.put(&bundle_file(slug), &bound.bytes)?;
                Ok(Bundle::CutAt(bound.map))
            }
            Err(NotBundled::NoClaim { .. } | NotBundled::TooLarge { .. }) => Ok(Bundle::Absent),
            Err(error) => Err(SiteError::Bundle(error)),
        }
    }

    fn history<S: Shelf>(
        &self,
        shelf: &mut S,
        slug: &Slug,
        statement: &str,
        states: &[ClaimState],
    ) -> Put<S> {
        let subject = Subject::claim(slug.clone());
        let rows = self.rows_of(&subject);
        let page = Page::History(slug);
        let shown = HistoryShown {
            claim: slug,
            statement,
            events: &rows,
            states,
        };
        let text = super::history::history(&self.now(&page), &shown);
        shelf.put(&index_of(&page), text.as_bytes())?;
        let answer = Logged {
            subject: Some(&subject),
            events: &rows,
            next: None,
        };
        shelf.put(
            &data_file(&page, Format::Json),
            json("grounds.log/1", &self.head, answer).as_bytes(),
        )?;
        Ok(())
    }

    fn rows_of(&self, subject: &Subject) -> Vec<TimelineRow> {
        let asked = Asked {
            subject: Some(subject.clone()),
            ..Asked::default()
        };
        timeline(self.state, &asked).collect()
    }

    /// The events of a claim for programs: a line each, and as a feed.
    fn events<S: Shelf>(
        &self,
        shelf: &mut S,
        subject: &Subject,
        slug: &Slug,
        statement: &str,
    ) -> Put<S> {
        let page = Page::Claim(slug, None);
        let lines: String = jsonl::lines(self.state, Some(subject), jsonl::Shape::Events)
            .map(|line| line + "\n")
            .collect();
        shelf.put(&data_file(&page, Format::Jsonl), lines.as_bytes())?;
        let rows = self.rows_of(subject);
        let path = data_file(&page, Format::Atom);
        let shown = FeedShown {
            page,
            title: statement,
            begun: self.begun,
            rows: &rows,
        };
        shelf.put(
            &path,
            feed(&self.head, &links_of_data(&path), &shown).as_bytes(),
        )?;
        Ok(())
    }

    /// Where the newest figures of a claim come from.
    fn reasons<S: Shelf>(&self, shelf: &mut S, slug: &Slug) -> Put<S> {
        let whys: Vec<_> = figures(self.state, slug, self.model).collect();
        for why in &whys {
            let page = Page::Why(slug, None, Some(why.figure));
            let text = super::why::why(&self.now(&page), slug, None, Some(why.figure), &whys);
            shelf.put(&index_of(&page), text.as_bytes())?;
            let answer = json("grounds.why/1", &self.head, why);
            shelf.put(&data_file(&page, Format::Json), answer.as_bytes())?;
        }
        let page = Page::Why(slug, None, None);
        let text = super::why::why(&self.now(&page), slug, None, None, &whys);
        shelf.put(&index_of(&page), text.as_bytes())?;
        Ok(())
    }

    fn put_subject<S: Shelf, P: serde::Serialize>(
        &self,
        shelf: &mut S,
        subject: &Subject,
        found: Option<(&P, String)>,
    ) -> Put<S> {
        let page = Page::Subject(subject);
        match found {
            Some((value, text)) => {
                shelf.put(&index_of(&page), text.as_bytes())?;
                let kind = subject.kind().word();
                shelf.put(
                    &data_file(&page, Format::Json),
                    show(kind, &self.head, value).as_bytes(),
                )?;
            }
            None => {
                let why = match *subject == Subject::agent(Slug::log()) {
                    true => "the log itself signs the map of all streams, with its own key",
                    false => absence(self.state, subject),
                };
                let text = super::subject::absent(&self.now(&page), page.clone(), subject, why);
                shelf.put(&index_of(&page), text.as_bytes())?;
            }
        }
        Ok(())
    }

    fn artifact<S: Shelf>(
        &self,
        shelf: &mut S,
        subject: &Subject,
        slug: &Slug,
    ) -> Result<Option<SubjectRow>, SiteError<S::Error>> {
        let page = artifact_page(self.state, slug, &Filter::none());
        let frame = self.now(&Page::Subject(subject));
        let found = page
            .as_ref()
            .map(|page| (page, super::subject::artifact(&frame, page)));
        self.put_subject(shelf, subject, found)?;
        Ok(page.map(|page| SubjectRow::of_artifact(&page.artifact, page.cited_by.len() as u64)))
    }

    fn agent<S: Shelf>(
        &self,
        shelf: &mut S,
        subject: &Subject,
        slug: &Slug,
    ) -> Result<Option<SubjectRow>, SiteError<S::Error>> {
        let page = agent_page(self.state, slug);
        let frame = self.now(&Page::Subject(subject));
        let found = page
            .as_ref()
            .map(|page| (page, super::subject::agent(&frame, page)));
        self.put_subject(shelf, subject, found)?;
        Ok(page.map(|page| {
            let facts = (page.kind, page.roles.as_slice(), page.reliability);
            SubjectRow::of_agent(subject, page.name, facts)
        }))
    }

    fn context<S: Shelf>(
        &self,
        shelf: &mut S,
        subject: &Subject,
        slug: &Slug,
    ) -> Result<Option<SubjectRow>, SiteError<S::Error>> {
        let page = context_page(self.state, slug, &Filter::none());
        let frame = self.now(&Page::Subject(subject));
        let found = page
            .as_ref()
            .map(|page| (page, super::subject::context(&frame, page)));
        self.put_subject(shelf, subject, found)?;
        let row = |page: crate::projection::ContextPage| {
            SubjectRow::of_context(subject, page.name, page.kind, page.claims.len() as u64)
        };
        Ok(page.map(row))
    }

    fn view<S: Shelf>(
        &self,
        shelf: &mut S,
        subject: &Subject,
        slug: &Slug,
    ) -> Result<Option<SubjectRow>, SiteError<S::Error>> {
        let page = view_page(self.state, slug, self.model, &Filter::none());
        let frame = self.now(&Page::Subject(subject));
        let found = page
            .as_ref()
            .map(|page| (page, super::subject::view(&frame, page)));
        self.put_subject(shelf, subject, found)?;
        Ok(page.map(|page| SubjectRow::of_view(subject, page.name, page.description)))
    }

    /// The lists of claims: all in every order, and each facet.
    fn lists<S: Shelf>(&self, shelf: &mut S) -> Put<S> {
        let rows = catalogue(self.state, self.model, &Filter::none(), &Wanted::default());
        let facets = facets(&rows);
        for (order, _) in ORDERS {
            let mut sorted = rows.clone();
            Wanted {
                order,
                ..Wanted::default()
            }
            .sort(&mut sorted);
            let listing = Listing {
                order,
                ..Listing::all()
            };
            self.listing(shelf, &listing, &sorted, &facets)?;
        }
        for (facet, _) in &facets {
            let chosen: Vec<CatalogueRow> = rows
                .iter()
                .filter(|row| is_of(row, facet))
                .cloned()
                .collect();
            self.listing(shelf, &Listing::of(*facet), &chosen, &facets)?;
        }
        let answer = Listed {
            count: rows.len() as u64,
            claims: &rows,
            next: None,
        };
        let page = Page::Claims(Listing::all());
        shelf.put(
            &data_file(&page, Format::Json),
            json("grounds.list/1", &self.head, answer).as_bytes(),
        )?;
        Ok(())
    }

    fn listing<S: Shelf>(
        &self,
        shelf: &mut S,
        listing: &Listing<'_>,
        rows: &[CatalogueRow],
        facets: &[(Facet<'_>, usize)],
    ) -> Put<S> {
        for part in 1..=rows.len().div_ceil(PART).max(1) {
            let listing = Listing {
                part,
                ..listing.clone()
            };
            let first = (part - 1) * PART;
            let shown = ListShown {
                listing: listing.clone(),
                rows: &rows[first..rows.len().min(first + PART)],
                count: rows.len(),
                description: self.facts.description.as_deref(),
                facets,
            };
            let page = Page::Claims(listing);
            let text = super::list::list(&self.now(&page), &shown);
            shelf.put(&index_of(&page), text.as_bytes())?;
        }
        Ok(())
    }

    /// The log: its newest entries, and all of it in parts.
    fn log<S: Shelf>(&self, shelf: &mut S) -> Put<S> {
        let rows: Vec<TimelineRow> = timeline(self.state, &Asked::default()).collect();
        let entry = |row: &TimelineRow| super::ink::entry_of(&row.by).unwrap_or_default();
        let entries = self.head.entries;
        let newest = rows.partition_point(|row| entry(row) + LOG_CHUNK >= entries);
        self.part(shelf, None, &rows[..newest])?;
        let path = data_file(&Page::Log(None), Format::Atom);
        let shown = FeedShown {
            page: Page::Log(None),
            title: &self.facts.title,
            begun: self.begun,
            rows: &rows,
        };
        shelf.put(
            &path,
            feed(&self.head, &links_of_data(&path), &shown).as_bytes(),
        )?;
        let lines: Vec<String> = jsonl::lines(self.state, None, jsonl::Shape::Events).collect();
        for chunk in 0..entries.div_ceil(LOG_CHUNK) {
            let from = rows.partition_point(|row| entry(row) >= (chunk + 1) * LOG_CHUNK);
            let to = rows.partition_point(|row| entry(row) >= chunk * LOG_CHUNK);
            self.part(shelf, Some(chunk), &rows[from..to])?;
            let lines: String = lines[rows.len() - to..rows.len() - from]
                .iter()
                .map(|line| format!("{line}\n"))
                .collect();
            shelf.put(
                &data_file(&Page::Log(Some(chunk)), Format::Jsonl),
                lines.as_bytes(),
            )?;
        }
        Ok(())
    }

    fn part<S: Shelf>(&self, shelf: &mut S, chunk: Option<u64>, rows: &[TimelineRow]) -> Put<S> {
        let page = Page::Log(chunk);
        let shown = LogShown {
            chunk,
            rows,
            entries: self.head.entries,
        };
        shelf.put(
            &index_of(&page),
            super::log::log(&self.now(&page), &shown).as_bytes(),
        )?;
        let answer = Logged {
            subject: None,
            events: rows,
            next: None,
        };
        shelf.put(
            &data_file(&page, Format::Json),
            json("grounds.log/1", &self.head, answer).as_bytes(),
        )?;
        Ok(())
    }

    fn audit<S: Shelf>(&self, shelf: &mut S) -> Put<S> {
        let page = Page::Audit;
        let text = super::audit::audit(&self.now(&page), self.report, &self.facts);
        shelf.put(&index_of(&page), text.as_bytes())?;
        shelf.put(
            &data_file(&page, Format::Json),
            json("grounds.verify/1", &self.head, self.report).as_bytes(),
        )?;
        shelf.put(
            "ledger.json",
            show("ledger", &self.head, &self.facts).as_bytes(),
        )?;
        Ok(())
    }
}

fn figures(
    state: &State,
    slug: &Slug,
    model: &'static Model,
) -> impl Iterator<Item = crate::projection::Why> {
    whys(state, slug, &Figure::ALL, model, &Filter::none()).into_iter()
}

fn index_of(page: &Page<'_>) -> String {
    format!("{}index.html", folder(page))
}

/// The links of a file that is no page: as seen from where it stands.
fn links_of_data(path: &str) -> Links {
    Links::Folder {
        depth: path.matches('/').count(),
    }
}

pub(super) fn head_words(head: &Head) -> String {
    format!("{} {}", head.size, head.root)
}

/// The facets that some claim has, each with the number of claims.
pub(super) fn facets(rows: &[CatalogueRow]) -> Vec<(Facet<'_>, usize)> {
    let mut found: BTreeMap<String, (Facet<'_>, usize)> = BTreeMap::new();
    let mut count = |key: String, facet| found.entry(key).or_insert((facet, 0)).1 += 1;
    for row in rows {
        count(
            format!("0 {}", row.lifecycle),
            Facet::Status(row.lifecycle.word()),
        );
        count(
            format!("1 {}", row.standing),
            Facet::Status(row.standing.word()),
        );
        for domain in &row.domains {
            let facet = Facet::Domain(&domain.name);
            count(format!("2 {}", place(facet)), facet);
        }
        for view in &row.views {
            if let Ok(verdict) = view.verdict.parse::<ViewVerdict>() {
                count(
                    format!("3 {} {}", view.view, view.verdict),
                    Facet::View(&view.view, Some(verdict)),
                );
            }
        }
    }
    found.into_values().collect()
}

/// The folder of a facet: of domains, one for all that differ in case only.
fn place(facet: Facet<'_>) -> String {
    folder(&Page::Claims(Listing::of(facet)))
}

/// Whether a claim is of a facet.
pub(super) fn is_of(row: &CatalogueRow, facet: &Facet<'_>) -> bool {
    match facet {
        Facet::Status(word) => row.lifecycle.word() == *word || row.standing.word() == *word,
        Facet::Domain(_) => {
            let wanted = place(*facet);
            let mut domains = row.domains.iter();
            domains.any(|one| place(Facet::Domain(&one.name)) == wanted)
        }
        Facet::View(view, verdict) => {
            let status = row.views.iter().find(|status| status.view == **view);
            status.is_some_and(|status| match verdict {
                Some(verdict) => status.verdict == verdict.word(),
                None => matches!(status.verdict.as_str(), "included" | "downweighted"),
            })
        }
    }
}

//! States: the ledger once more from its first entry, and every state that a claim was in on the
//! way. A state is named by the entry that made it; its page never changes again.

use std::collections::{BTreeMap, BTreeSet};

use crate::claim::{Data, EvidenceRelation, Recorded, State, Verdict};
use crate::projection::{
    Asked, ClaimPage, Filter, TimelineRow, claim_page, model_in_force, timeline,
};
use crate::trust::{Figures, Model};
use crate::value::{Index, Slug, Subject, Time};

/// A state that a claim was in.
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimState {
    /// The entry that made it.
    pub entry: Index,
    /// When that was recorded.
    pub recorded: Time,
    /// The claim's version.
    pub version: u64,
    /// Its figures, in ppm.
    pub figures: Figures,
    /// The events of the entry that bear on the claim; none where time alone moved it.
    pub events: Vec<TimelineRow>,
    /// Whether the entry brought evidence or an attestation against the claim.
    pub is_disputed: bool,
}

/// A claim in a state that it was in.
pub struct Visit<'v> {
    /// Which claim.
    pub claim: &'v Slug,
    /// What it was.
    pub page: &'v ClaimPage,
    /// Its states, the newest last: this one.
    pub states: &'v [ClaimState],
    /// What the ledger knew before the entry.
    pub before: &'v State,
    /// What it knew with it.
    pub state: &'v State,
    /// The model in force.
    pub model: &'static Model,
}

/// Every state of every claim, by slug.
pub type States = BTreeMap<Slug, Vec<ClaimState>>;

/// Goes through a ledger from its first entry and shows each claim whenever an entry changed
/// what its page says. Gives all states at the end.
///
/// # Errors
/// What the visitor says.
pub fn walk<E>(
    newest: &State,
    visit: &mut dyn FnMut(&Visit<'_>) -> Result<(), E>,
) -> Result<States, E> {
    let lost: BTreeSet<Index> = newest.lost().copied().collect();
    let mut walk = Walk::default();
    let mut state = State::new();
    for entry in newest.history() {
        let before = state.clone();
        if lost.contains(&entry.index) {
            state.evolve_without(entry.index, entry.commit);
            continue;
        }
        state.evolve(entry);
        if let Ok(model) = model_in_force(&state) {
            for claim in walk.touched(entry, &state) {
                walk.look(&claim, entry, &before, &state, model, visit)?;
            }
        }
    }
    Ok(walk.states)
}

#[derive(Default)]
struct Walk {
    states: States,
    pages: BTreeMap<Slug, ClaimPage>,
    /// On which claims the events of a subject bear.
    bears: BTreeMap<Subject, BTreeSet<Slug>>,
    /// Which claims change when an instant has passed, because an attestation expires.
    expires: BTreeMap<Time, BTreeSet<Slug>>,
}

impl Walk {
    /// The claims that an entry may have changed.
    fn touched(&mut self, entry: &Recorded, state: &State) -> BTreeSet<Slug> {
        let mut touched = BTreeSet::new();
        for event in &entry.events {
            match &event.data {
                Data::KeyRevoked(_)
                | Data::EventReaffirmed(_)
                | Data::ModelAdopted(_)
                | Data::ViewDefined(_)
                | Data::ViewChanged(_) => {
                    touched.extend(state.claims().map(|(slug, _)| slug.clone()));
                }
                Data::ClaimLinked(data) => touched.extend([data.target.0.clone()]),
                _ => {}
            }
            if let Some(slug) = event
                .subject
                .slug()
                .filter(|_| event.subject.kind() == crate::value::Kind::Claim)
            {
                touched.insert(slug.clone());
            }
            touched.extend(
                self.bears
                    .get(&event.subject)
                    .into_iter()
                    .flatten()
                    .cloned(),
            );
        }
        let later = self
            .expires
            .split_off(&Time::from_micros(entry.recorded.micros() + 1).unwrap_or(entry.recorded));
        let over = std::mem::replace(&mut self.expires, later);
        touched.extend(over.into_values().flatten());
        touched
    }

    fn look<E>(
        &mut self,
        claim: &Slug,
        entry: &Recorded,
        before: &State,
        state: &State,
        model: &'static Model,
        visit: &mut dyn FnMut(&Visit<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let Some(page) = claim_page(state, claim, model, &Filter::none()) else {
            self.pages.remove(claim);
            return Ok(());
        };
        if self
            .pages
            .get(claim)
            .is_some_and(|last| says_the_same(last, &page))
        {
            return Ok(());
        }
        self.remember(claim, &page);
        let made = ClaimState {
            entry: entry.index,
            recorded: entry.recorded,
            version: page.version,
            figures: page.profile.figures,
            events: self.events(claim, entry, state),
            is_disputed: disputes(claim, entry),
        };
        let states = self.states.entry(claim.clone()).or_default();
        states.push(made);
        let shown = Visit {
            claim,
            page: &page,
            states,
            before,
            state,
            model,
        };
        visit(&shown)?;
        self.pages.insert(claim.clone(), page);
        Ok(())
    }

    /// Keeps on what the claim depends from now on.
    fn remember(&mut self, claim: &Slug, page: &ClaimPage) {
        let near = &page.neighborhood;
        let artifacts = page.evidence.iter().chain(&page.withdrawn);
        let mut subjects: Vec<Subject> = artifacts
            .map(|edge| edge.artifact.subject.clone())
            .collect();
        subjects.extend(
            page.attestations
                .iter()
                .map(|made| Subject::agent(made.agent.clone())),
        );
        subjects.extend(near.contexts.iter().map(|context| context.subject.clone()));
        subjects.extend(
            near.outgoing
                .iter()
                .chain(&near.incoming)
                .map(|link| link.claim.clone()),
        );
        for subject in subjects {
            self.bears.entry(subject).or_default().insert(claim.clone());
        }
        let dated = page.attestations.iter().filter(|made| !made.expired);
        for end in dated.filter_map(|made| made.expires) {
            self.expires
                .entry(end.start())
                .or_default()
                .insert(claim.clone());
        }
    }

    fn events(&self, claim: &Slug, entry: &Recorded, state: &State) -> Vec<TimelineRow> {
        let own = Subject::claim(claim.clone());
        let bears = |row: &TimelineRow| {
            row.subject == own
                || self
                    .bears
                    .get(&row.subject)
                    .is_some_and(|claims| claims.contains(claim))
        };
        let asked = Asked::default();
        let mut rows: Vec<TimelineRow> = timeline(state, &asked).take(entry.events.len()).collect();
        rows.reverse();
        match rows.iter().any(bears) {
            true => rows.into_iter().filter(bears).collect(),
            false if entry.events.iter().any(|event| reaches_all(&event.data)) => rows,
            false => Vec::new(),
        }
    }
}

fn disputes(claim: &Slug, entry: &Recorded) -> bool {
    let own = entry
        .events
        .iter()
        .filter(|event| event.subject.slug() == Some(claim));
    own.map(|event| &event.data).any(|data| match data {
        Data::EvidenceAdded(data) => data.relation == EvidenceRelation::Disputes,
        Data::AttestationMade(data) => data.verdict == Verdict::Disputes,
        _ => false,
    })
}

fn reaches_all(data: &Data) -> bool {
    matches!(
        data,
        Data::KeyRevoked(_)
            | Data::EventReaffirmed(_)
            | Data::ModelAdopted(_)
            | Data::ViewDefined(_)
            | Data::ViewChanged(_)
    )
}

/// Whether two pages differ in nothing but how far the ledger has grown.
fn says_the_same(one: &ClaimPage, other: &ClaimPage) -> bool {
    let mut grown = one.clone();
    grown.custody.entries = other.custody.entries;
    grown.custody.recorded = other.custody.recorded;
    grown == *other
}

//! The walk from one state of a claim to another, event by event: which one moved which figure.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::claim::{Claim, Data, Event, Recorded, State, Stream};
use crate::trust::{Figure, Figures, Model};
use crate::value::{Address, Kind, Slug, Subject, Time};

use super::inputs::{Keep, holding};
use super::profile::{assess, figures};
use super::timeline::said;
use super::words::{Byline, Phrase};

/// What moved figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// An event was recorded.
    Recorded,
    /// An attestation expired as time went on.
    Expired,
    /// An event holds in the world from this instant on.
    Held,
}

/// A movement of one figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct Move {
    /// Which one.
    pub figure: Figure,
    /// Before, in ppm; none where not assessed.
    pub from: Option<u32>,
    /// After, in ppm; none where not assessed.
    pub to: Option<u32>,
    /// After less before, in ppm; none where either is not assessed.
    pub by: Option<i64>,
}

/// A step of the walk that moved at least one figure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct Step {
    /// What moved them.
    pub cause: Cause,
    /// The event: recorded, expired or holding.
    pub event: Byline,
    /// What it says happened.
    pub words: Phrase,
    /// Whether the walk goes back in time, so that the step undoes the event.
    pub undone: bool,
    /// The figures that it moved.
    pub moves: Vec<Move>,
}

/// A step before it is put into words.
pub(super) struct Footstep {
    pub(super) cause: Cause,
    pub(super) event: Arc<Event>,
    pub(super) before: Figures,
    pub(super) after: Figures,
}

impl Footstep {
    pub(super) fn shown(&self, state: &State, undone: bool) -> Step {
        Step {
            cause: self.cause,
            event: Byline::of(state, &self.event),
            words: said(state, &self.event),
            undone,
            moves: moves(&self.before, &self.after),
        }
    }

    pub(super) fn turned(self) -> Footstep {
        Footstep {
            before: self.after,
            after: self.before,
            ..self
        }
    }
}

/// The figures that differ.
pub(super) fn moves(before: &Figures, after: &Figures) -> Vec<Move> {
    let all = Figure::ALL.into_iter().map(|figure| {
        let (from, to) = (before.get(figure), after.get(figure));
        Move {
            figure,
            from,
            to,
            by: from
                .zip(to)
                .map(|(from, to)| i64::from(to) - i64::from(from)),
        }
    });
    all.filter(|one| one.from != one.to).collect()
}

/// What is walked: a claim under a model and a filter.
pub(super) struct Walk<'w> {
    pub(super) claim: &'w Slug,
    pub(super) model: &'w Model,
    pub(super) keep: &'w Keep,
}

impl Walk<'_> {
    pub(super) fn figures(&self, state: &State) -> Figures {
        figures(state, self.claim, self.model, self.keep)
    }

    /// The steps from an earlier state of a ledger to a later one, in order of record. They add up:
    /// each begins where the one before it ended.
    pub(super) fn by_record(&self, from: &State, to: &State) -> Vec<Footstep> {
        let bearing = Bearing::on(to, self.claim);
        let lost: BTreeSet<u64> = to.lost().copied().collect();
        let mut state = from.clone();
        let mut last = self.figures(from);
        let mut steps = Vec::new();
        let mut take = |cause, event: &Arc<Event>, after: Figures| {
            if after != last {
                steps.push(Footstep {
                    cause,
                    event: Arc::clone(event),
                    before: last,
                    after,
                });
                last = after;
            }
        };
        let begun = usize::try_from(from.size()).unwrap_or(usize::MAX);
        for entry in to.history().iter().skip(begun) {
            if lost.contains(&entry.index) {
                state.evolve_without(entry.index, entry.commit);
                continue;
            }
            self.expire(&state, entry.recorded, &mut take);
            let bearing = bearing.positions(entry);
            if bearing.is_empty() {
                state.evolve(entry);
                continue;
            }
            let mut next = state.clone();
            next.evolve(entry);
            for position in &bearing {
                let event = &entry.events[*position];
                if Some(position) == bearing.last() {
                    take(Cause::Recorded, event, self.figures(&next));
                } else {
                    let part = up_to(&state, entry, *position);
                    take(Cause::Recorded, event, self.figures(&part));
                }
            }
            state = next;
        }
        steps
    }

    /// Time goes on to an instant: attestations expire one after the other.
    fn expire(&self, state: &State, to: Time, take: &mut dyn FnMut(Cause, &Arc<Event>, Figures)) {
        let Some(from) = state.recorded() else {
            return;
        };
        let Some(claim) = state.claim(self.claim) else {
            return;
        };
        let mut due: Vec<(Time, &Arc<Event>)> = claim
            .live_attestations()
            .filter_map(|made| Some((made.expires?.start(), &made.made)))
            .filter(|(at, _)| from < *at && *at <= to)
            .collect();
        due.sort_by_key(|(at, event)| (*at, event.seq));
        for (at, event) in due {
            let assessed = assess(state, self.claim, self.model, self.keep);
            let Some(mut assessed) = assessed.filter(|found| found.missing.is_empty()) else {
                return;
            };
            assessed.inputs.at = at;
            let figures = (self.model.assess)(&assessed.inputs).figures;
            take(Cause::Expired, event, figures);
        }
    }

    /// The steps of the effective clock from one instant to another, in order of valid time; no
    /// instant means after everything.
    pub(super) fn by_validity(
        &self,
        state: &State,
        from: Option<Time>,
        to: Option<Time>,
    ) -> Vec<Footstep> {
        if after(from, to) {
            let steps = self.by_validity(state, to, from);
            return steps.into_iter().rev().map(Footstep::turned).collect();
        }
        let at = |valid| {
            let keep = Keep {
                valid,
                ..self.keep.clone()
            };
            figures(state, self.claim, self.model, &keep)
        };
        let mut last = at(from.map(end_of));
        let mut steps = Vec::new();
        for (holds, event) in Bearing::on(state, self.claim).held(state) {
            let in_between = from.is_some_and(|from| holds > from) && !after(Some(holds), to);
            if !in_between {
                continue;
            }
            let now = at(Some((holds, event.address)));
            if now != last {
                steps.push(Footstep {
                    cause: Cause::Held,
                    event,
                    before: last,
                    after: now,
                });
                last = now;
            }
        }
        steps
    }
}

fn end_of(instant: Time) -> (Time, Address) {
    let last = Address {
        entry: u64::MAX,
        position: u16::MAX,
    };
    (instant, last)
}

/// Whether an instant comes after another; none comes after all.
fn after(one: Option<Time>, other: Option<Time>) -> bool {
    match (one, other) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(one), Some(other)) => one > other,
    }
}

/// The state after the events of an entry up to one position.
fn up_to(before: &State, entry: &Arc<Recorded>, position: usize) -> State {
    let mut part = Recorded::clone(entry);
    part.events.truncate(position + 1);
    let mut state = before.clone();
    state.evolve(&Arc::new(part));
    state
}

/// The subjects whose events can move a claim's figures.
struct Bearing {
    claim: Subject,
    artifacts: BTreeSet<Subject>,
    agents: BTreeSet<Subject>,
}

impl Bearing {
    fn on(state: &State, slug: &Slug) -> Bearing {
        let none = Claim::default();
        let claim = state.claim(slug).map_or(&none, |claim| &**claim);
        let events = || claim.events.iter().map(|(event, _)| event);
        let artifacts = events().filter_map(|event| match &event.data {
            Data::EvidenceAdded(data) => Some(data.artifact.subject()),
            _ => None,
        });
        let agents = events().filter_map(|event| match &event.data {
            Data::AttestationMade(_) => Some(Subject::agent(event.author.clone())),
            _ => None,
        });
        Bearing {
            claim: Subject::claim(slug.clone()),
            artifacts: artifacts.collect(),
            agents: agents.collect(),
        }
    }

    /// The positions of the events of an entry that can move figures.
    fn positions(&self, entry: &Recorded) -> Vec<usize> {
        let bears = |event: &Event| {
            event.subject == self.claim
                || self.artifacts.contains(&event.subject)
                || self.agents.contains(&event.subject)
                || match &event.data {
                    Data::KeyRevoked(data) => data.since.is_some(),
                    Data::EventReaffirmed(_) | Data::LedgerCreated(_) => true,
                    _ => false,
                }
        };
        let events = entry.events.iter().enumerate();
        events
            .filter(|(_, event)| bears(event))
            .map(|(position, _)| position)
            .collect()
    }

    /// The events that a clock of valid time looks at, in its order.
    fn held(&self, state: &State) -> Vec<(Time, Arc<Event>)> {
        let claim = self.claim.slug().and_then(|slug| state.claim(slug));
        let mut held = claim.map_or_else(Vec::new, |claim| held(&claim.events));
        for artifact in &self.artifacts {
            if let Subject::Entity(Kind::Artifact, slug) = artifact
                && let Some(artifact) = state.artifact(slug)
            {
                held.extend(self::held(&artifact.events));
            }
        }
        held.sort_by_key(|(holds, event)| (*holds, event.address));
        held
    }
}

fn held(events: &Stream) -> Vec<(Time, Arc<Event>)> {
    let holds = holding(events);
    let timed = events
        .iter()
        .filter(|(event, _)| event.data.has_valid_time());
    timed
        .filter_map(|(event, _)| Some((*holds.get(&event.seq)?, Arc::clone(event))))
        .collect()
}

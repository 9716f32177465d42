//! States: the ledger once more from its first entry, and every state that a claim was in on the
//! way. A state is named by the entry that made it; its page never changes again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::claim::{Data, Event, EvidenceRelation, Past, Recorded, State, Verdict};
use crate::projection::{ClaimPage, Filter, TimelineRow, claim_page, model_in_force, timeline_row};
use crate::trust::{Figures, Model};
use crate::value::{Index, Kind, Slug, Subject, Time};

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
        let Ok(model) = model_in_force(&state) else {
            continue;
        };
        for claim in &walk.touched(entry, &state) {
            if walk.look(claim, entry, &state, model) {
                visit(&Visit {
                    claim,
                    page: &walk.pages[claim],
                    states: &walk.states[claim],
                    before: &before,
                    state: &state,
                    model,
                })?;
            }
        }
    }
    Ok(walk.states)
}

/// Every state that one claim was in, the newest last: what [`walk`] gives for it, found from the
/// streams that it depends on. A claim that was never in effect has none.
#[must_use]
pub fn claim_states(newest: &State, claim: &Slug) -> Vec<ClaimState> {
    let near = Near::of(newest, claim);
    let mut open: BTreeSet<Index> = near.entries(newest).collect();
    let mut past = Past::of(newest, &near.named(newest));
    let mut walk = Walk::default();
    while let Some(index) = open.pop_first() {
        let Some(entry) = newest.entry(index) else {
            continue;
        };
        let state = past.with(index);
        let Ok(model) = model_in_force(state) else {
            continue;
        };
        if walk.touched(entry, state).contains(claim) {
            walk.look(claim, entry, state, model);
            let ends = walk.expires.keys();
            open.extend(ends.filter_map(|end| first_at(newest, *end)));
        }
    }
    walk.states.remove(claim).unwrap_or_default()
}

/// The newest entry that may have moved a claim: as long as it stays the same, so do the claim's
/// states. None of a claim that was never named.
#[must_use]
pub fn last_bearing(newest: &State, claim: &Slug) -> Option<Index> {
    let near = Near::of(newest, claim);
    let heads = near.bearing.iter().filter_map(|one| newest.stream(one));
    let over = near.ends.iter().filter_map(|end| first_at(newest, *end));
    let newest_of_all = newest.sweeping().last().copied();
    let is_known = newest.stream(&Subject::claim(claim.clone())).is_some();
    heads
        .map(|head| head.entry)
        .chain(over)
        .chain(newest_of_all)
        .max()
        .filter(|_| is_known)
}

/// The newest entry after which a page of a claim may say something else: besides what may have moved
/// the claim, what may have changed a name on the page. As long as it stays the same, so does all
/// that is said of the claim, but for how far the ledger has grown. None of a claim that was never
/// named.
#[must_use]
pub fn last_told(newest: &State, claim: &Slug) -> Option<Index> {
    let named = Near::of(newest, claim).named(newest);
    let heads = named.iter().filter_map(|one| newest.stream(one));
    let bearing = last_bearing(newest, claim)?;
    heads.map(|head| head.entry).chain([bearing]).max()
}

/// What [`last_told`] of a claim depends on, so that a later state can be asked whether it is still
/// the same for a fraction of the work.
#[derive(Debug, Clone, Default)]
pub struct Watched {
    named: BTreeSet<Subject>,
    ends: BTreeSet<Time>,
}

impl Watched {
    /// What is to be watched for a claim from this state on.
    #[must_use]
    pub fn of(newest: &State, claim: &Slug) -> Watched {
        let near = Near::of(newest, claim);
        Watched {
            named: near.named(newest),
            ends: near.ends,
        }
    }

    /// Whether nothing that the entries from `size` on say, and no time that passed with them, can
    /// have told anything of the claim. A no may be a yes on a closer look.
    #[must_use]
    pub fn is_untold_since(&self, newest: &State, size: u64) -> bool {
        let before = size.checked_sub(1).and_then(|last| newest.entry(last));
        let (Some(before), Some(recorded)) = (before, newest.recorded()) else {
            return false;
        };
        let is_swept = newest.sweeping().last().is_some_and(|index| *index >= size);
        let passed = (
            std::ops::Bound::Excluded(before.recorded),
            std::ops::Bound::Included(recorded),
        );
        if is_swept || self.ends.range(passed).next().is_some() {
            return false;
        }
        let tells = |event: &Arc<Event>| {
            let mut names = event.data.named_by_claim().into_iter();
            self.named.contains(&event.subject) || names.any(|name| self.named.contains(&name))
        };
        (size..newest.size()).all(|index| {
            newest
                .entry(index)
                .is_some_and(|entry| !entry.events.iter().any(tells))
        })
    }
}

/// The first entry recorded at an instant or later.
fn first_at(newest: &State, instant: Time) -> Option<Index> {
    let history = newest.history();
    let (mut low, mut high) = (0, history.len());
    while low < high {
        let middle = low + (high - low) / 2;
        match history.get(middle)?.recorded < instant {
            true => low = middle + 1,
            false => high = middle,
        }
    }
    let mut rest = history.iter().skip(low);
    let lost: BTreeSet<Index> = newest.lost().copied().collect();
    rest.find(|entry| !lost.contains(&entry.index))
        .map(|entry| entry.index)
}

/// What stands around a claim, over its whole history.
struct Near {
    /// Subjects whose events may change what its page says, the claim among them.
    bearing: BTreeSet<Subject>,
    /// When attestations on it expire.
    ends: BTreeSet<Time>,
}

impl Near {
    fn of(newest: &State, claim: &Slug) -> Near {
        let own = Subject::claim(claim.clone());
        let mut bearing: BTreeSet<Subject> = newest
            .claims_naming(&own)
            .map(|naming| Subject::claim(naming.clone()))
            .collect();
        let mut ends = BTreeSet::new();
        for event in newest.events(&own) {
            bearing.extend(event.data.named_by_claim());
            if let Data::AttestationMade(data) = &event.data {
                bearing.insert(Subject::agent(event.author.clone()));
                ends.extend(data.expires.map(|end| end.start()));
            }
        }
        bearing.insert(own);
        Near { bearing, ends }
    }

    /// The entries that may have changed what its page says, but for those at which only time
    /// has passed.
    fn entries<'n>(&'n self, newest: &'n State) -> impl Iterator<Item = Index> + 'n {
        let events = self.bearing.iter().flat_map(|one| newest.events(one));
        events
            .map(|event| event.address.entry)
            .chain(newest.sweeping().iter().copied())
    }

    /// The subjects that its page, or what is said of these entries, can name.
    fn named(&self, newest: &State) -> BTreeSet<Subject> {
        let mut named = self.bearing.clone();
        let near = self.bearing.iter().flat_map(|one| newest.events(one));
        let sweeping = newest.sweeping().iter();
        let sweeping = sweeping.filter_map(|index| newest.entry(*index));
        for event in near.chain(sweeping.flat_map(|entry| &entry.events)) {
            named.insert(event.subject.clone());
            let referred = event.data.reference();
            let referred = referred.and_then(|seq| newest.event(&event.subject, seq));
            for event in [Some(event), referred].into_iter().flatten() {
                named.insert(Subject::agent(event.author.clone()));
                named.extend(event.data.named_by_claim());
                if let Data::StatusChanged(data) = &event.data {
                    named.extend(data.by.as_ref().map(|by| by.subject()));
                }
            }
        }
        // The log signs maps, which say nothing of a claim.
        named.remove(&Subject::log());
        named
    }
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
            if event.data.moves_every_claim() {
                touched.extend(state.claims().map(|(slug, _)| slug.clone()));
            }
            if let Data::ClaimLinked(data) = &event.data {
                touched.insert(data.target.0.clone());
            }
            if let Subject::Entity(Kind::Claim, slug) = &event.subject {
                touched.insert(slug.clone());
            }
            let bears = self.bears.get(&event.subject);
            touched.extend(bears.into_iter().flatten().cloned());
        }
        let later = self
            .expires
            .split_off(&Time::from_micros(entry.recorded.micros() + 1).unwrap_or(entry.recorded));
        let over = std::mem::replace(&mut self.expires, later);
        touched.extend(over.into_values().flatten());
        touched
    }

    /// Looks at a claim after an entry, and says whether its page says something else than before.
    fn look(
        &mut self,
        claim: &Slug,
        entry: &Recorded,
        state: &State,
        model: &'static Model,
    ) -> bool {
        let Some(mut page) = claim_page(state, claim, model, &Filter::none()) else {
            self.pages.remove(claim);
            return false;
        };
        if self
            .pages
            .get(claim)
            .is_some_and(|last| says_the_same(last, &mut page))
        {
            return false;
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
        self.states.entry(claim.clone()).or_default().push(made);
        self.pages.insert(claim.clone(), page);
        true
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

    /// The events of an entry that bear on a claim; all of one that sweeps over every claim.
    fn events(&self, claim: &Slug, entry: &Recorded, state: &State) -> Vec<TimelineRow> {
        let own = Subject::claim(claim.clone());
        let bears = |event: &&Arc<Event>| {
            event.subject == own
                || self
                    .bears
                    .get(&event.subject)
                    .is_some_and(|claims| claims.contains(claim))
        };
        let sweeps = |event: &Arc<Event>| event.data.moves_every_claim();
        let mut shown: Vec<&Arc<Event>> = entry.events.iter().filter(bears).collect();
        if shown.is_empty() && entry.events.iter().any(sweeps) {
            shown.extend(&entry.events);
        }
        let rows = shown.into_iter().map(|event| timeline_row(state, event));
        rows.collect()
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

/// Whether two pages differ in nothing but how far the ledger has grown.
fn says_the_same(last: &ClaimPage, page: &mut ClaimPage) -> bool {
    let grown = (page.custody.entries, page.custody.recorded);
    (page.custody.entries, page.custody.recorded) = (last.custody.entries, last.custody.recorded);
    let is_same = last == page;
    (page.custody.entries, page.custody.recorded) = grown;
    is_same
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::answer::Head;
    use super::super::links::{Format, Links};
    use super::super::served::{Place, Seen};
    use super::*;
    use crate::claim::tests::bed::Bed;
    use crate::claim::tests::histories::grow;
    use crate::ledger::{Custody, Ledger};
    use crate::projection::tests::ledger::{
        NEURONS, Recorder, Said, TOWARDS, key_id, keys, next, reference, said, since,
    };

    /// What one claim's states are by the walk over the whole ledger.
    fn agree_with_the_walk(state: &State) {
        let walked = walk::<()>(state, &mut |_| Ok(())).unwrap();
        for (slug, _) in state.claims() {
            let expected = walked.get(slug).cloned().unwrap_or_default();
            let found = claim_states(state, slug);
            assert_eq!(found, expected, "{slug}");
            let newest = expected.last().map(|state| state.entry);
            assert!(newest <= last_bearing(state, slug), "{slug}");
        }
    }

    /// What else may be said than of the reference ledger's own claim: names, other claims, views.
    fn more(choice: u8) -> (&'static str, Vec<Said>) {
        let other = "claim/other";
        let named = format!("Name {choice}");
        match choice % 16 {
            0 => (
                "ada",
                vec![said("agent/cur", "agent.changed", json!({"name": named}))],
            ),
            1 => (
                "ada",
                vec![said("agent/ada", "agent.changed", json!({"name": named}))],
            ),
            2 | 3 => (
                "cur",
                vec![said(
                    NEURONS,
                    "claim.linked",
                    json!({"relation": "supports", "target": other}),
                )],
            ),
            4 => (
                "cur",
                vec![said(
                    other,
                    "claim.linked",
                    json!({"relation": "refines", "target": NEURONS}),
                )],
            ),
            5 => (
                "cur",
                vec![said(
                    other,
                    "claim.revised",
                    json!({"statement": named, "reason": "Words"}),
                )],
            ),
            6 => (
                "ada",
                vec![
                    said(
                        "artifact/more",
                        "artifact.appraised",
                        json!({"credibility": "0.4"}),
                    ),
                    said(
                        other,
                        "evidence.added",
                        json!({
                            "relation": "supports", "artifact": "artifact/more", "note": "x", "strength": "0.3",
                        }),
                    ),
                ],
            ),
            7 => (
                "cur",
                vec![
                    said(
                        other,
                        "evidence.withdrawn",
                        json!({"ref": 2, "reason": "Wrong"}),
                    ),
                    said("agent/cur", "agent.changed", json!({"name": named})),
                ],
            ),
            8 => (
                "ada",
                vec![said(
                    "view/strict",
                    "view.changed",
                    json!({"name": "Strict", "description": "d", "otherwise": "included", "rules": [
                        {"when": "claim.version > 1", "verdict": "excluded", "reason": named},
                    ]}),
                )],
            ),
            9 => (
                "ada",
                vec![
                    said(
                        "agent/cur",
                        "agent.key_revoked",
                        json!({
                            "key": key_id("cur").to_string(), "reason": "compromised", "since": choice % 24,
                        }),
                    ),
                    said("agent/ada", "agent.changed", json!({"name": named})),
                ],
            ),
            10 => (
                "ada",
                vec![said(
                    NEURONS,
                    "event.reaffirmed",
                    json!({"ref": choice % 11 + 1, "reason": "Still"}),
                )],
            ),
            11 => (
                "cur",
                vec![since(
                    "2024",
                    said(
                        NEURONS,
                        "attestation.made",
                        json!({
                            "verdict": "disputes", "weight": "0.5", "version": 1, "expires": "2026-03-03",
                        }),
                    ),
                )],
            ),
            12 => (
                "ada",
                vec![said(
                    "artifact/more",
                    "artifact.standing_changed",
                    json!({
                        "standing": "superseded", "reason": "Newer", "by": TOWARDS,
                    }),
                )],
            ),
            13 => (
                "ada",
                vec![said(
                    other,
                    "claim.status_changed",
                    json!({
                        "lifecycle": "superseded", "by": NEURONS, "note": "n",
                    }),
                )],
            ),
            14 => (
                "ada",
                vec![said(
                    "artifact/idle",
                    "artifact.registered",
                    json!({"title": "Idle", "kind": "code"}),
                )],
            ),
            _ => (
                "cur",
                vec![said(
                    other,
                    "attestation.made",
                    json!({
                        "verdict": "endorses", "weight": "0.5", "version": 1, "expires": "2026-03-09",
                    }),
                )],
            ),
        }
    }

    fn furnished() -> Recorder {
        let mut ledger = reference();
        ledger.commit(
            "ada",
            vec![
                said("claim/other", "claim.asserted", json!({
                    "statement": "Other", "summary": "s", "nature": "empirical", "polarity": "positive",
                    "falsifiability": "falsifiable", "origin": "authored",
                    "domains": [{"name": "d", "weight": "1"}],
                })),
                said("artifact/more", "artifact.registered", json!({"title": "More", "kind": "paper"})),
                said("agent/eve", "agent.registered", json!({
                    "name": "Eve", "kind": "human", "roles": ["attester"], "keys": keys("eve"),
                })),
            ],
        );
        ledger
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

        #[test]
        fn the_states_of_one_claim_are_those_of_the_walk_over_the_whole_ledger(
            choices in prop::collection::vec((any::<u8>(), any::<bool>(), 1_u64..40), 0..24),
            lost in prop::collection::btree_set(3_usize..36, 0..3),
        ) {
            let mut ledger = furnished();
            let mut recorded = ledger.entries.last().unwrap().recorded;
            for (choice, more_of_it, hours) in choices {
                recorded = recorded.plus_micros(i64::try_from(hours).unwrap() * 3_600_000_000);
                let (author, said) = match more_of_it {
                    true => more(choice),
                    false => { let (author, said) = next(choice); (author, vec![said]) },
                };
                ledger.commit_at(author, recorded, said);
            }
            agree_with_the_walk(&ledger.state());
            let mut holed = State::new();
            for (place, entry) in ledger.entries.iter().enumerate() {
                match lost.contains(&place) {
                    true => holed.evolve_without(entry.index, entry.commit),
                    false => holed.evolve(entry),
                }
            }
            agree_with_the_walk(&holed);
        }
    }

    /// Everything that is said of a claim, but for how far the ledger has grown.
    fn said_of(state: &State, claim: &Slug, custody: &Custody) -> Vec<String> {
        let head = Head {
            origin: custody.checkpoint.origin.clone(),
            size: 77,
            root: "00".repeat(32),
            damages: 0,
            entries: 77,
            as_of: None,
            effective: None,
        };
        let Ok(model) = model_in_force(state) else {
            return Vec::new();
        };
        let seen = Seen {
            newest: state,
            state,
            filter: Filter::none(),
            model,
            head: &head,
            links: Links::Server,
            by_now: 77,
            recorded: None,
            custody,
            cosigned: &[],
            log_key: "a key",
            witnessed: None,
            states: &|slug| claim_states(state, slug),
        };
        let subject = Place::Subject(Subject::claim(claim.clone()));
        let places = [
            (subject.clone(), None),
            (subject.clone(), Some(Format::Json)),
            (subject.clone(), Some(Format::Jsonl)),
            (subject, Some(Format::Atom)),
            (Place::Why(claim.clone(), None), None),
            (Place::History(claim.clone()), None),
            (Place::History(claim.clone()), Some(Format::Json)),
            (Place::Blame(claim.clone()), None),
            (Place::Blame(claim.clone()), Some(Format::Json)),
        ];
        let drawn = |(place, format)| match seen.answer(&place, format) {
            Ok(text) => text,
            Err(refusal) => refusal.detail,
        };
        places.map(drawn).to_vec()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

        #[test]
        fn what_is_said_of_a_claim_changes_only_with_an_entry_that_told_something_of_it(
            choices in prop::collection::vec((any::<u8>(), any::<bool>(), 1_u64..40), 1..16),
        ) {
            let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("ledger");
            let custody = Ledger::open(&folder, None).unwrap().custody().clone();
            let mut ledger = furnished();
            let mut recorded = ledger.entries.last().unwrap().recorded;
            let claims: Vec<Slug> = ["claim/other", NEURONS]
                .iter()
                .map(|name| name.parse::<Subject>().unwrap().slug().unwrap().clone())
                .collect();
            let look = |state: &State| -> Vec<(Option<Index>, Vec<String>)> {
                let one = |slug| (last_told(state, slug), said_of(state, slug, &custody));
                claims.iter().map(one).collect()
            };
            let mut before = look(&ledger.state());
            for (choice, more_of_it, hours) in choices {
                recorded = recorded.plus_micros(i64::try_from(hours).unwrap() * 3_600_000_000);
                let (author, said) = match more_of_it {
                    true => more(choice),
                    false => { let (author, said) = next(choice); (author, vec![said]) },
                };
                ledger.commit_at(author, recorded, said);
                let now = look(&ledger.state());
                for ((told, said), (told_now, said_now)) in before.iter().zip(&now) {
                    if told == told_now {
                        prop_assert_eq!(said, said_now);
                    }
                }
                before = now;
            }
        }
    }

    #[test]
    fn the_states_of_one_claim_are_those_of_the_walk_under_every_rule_that_random_ledgers_reach() {
        let mut seen = 0;
        for seed in 0..24 {
            let bed: Bed = grow(seed, 50, |_, _, _| {});
            agree_with_the_walk(&bed.state);
            seen += bed
                .state
                .claims()
                .map(|(slug, _)| claim_states(&bed.state, slug).len())
                .sum::<usize>();
        }
        assert!(seen > 300, "{seen} states");
    }
}

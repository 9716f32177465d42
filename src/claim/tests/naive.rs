//! The rules once more, written naively from the model: nothing is kept but the list of entries
//! and who filled which rule; every question goes through all of them again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::super::{
    AgentKind, Alone, Code, Data, Event, Lifecycle, Policy, Recorded, Role, Rule, Signatures,
    Standing, Verdict,
};
use crate::hash::Hash;
use crate::value::{Address, KeyId, Kind, Seq, Slug, Subject};

/// One thing that must be signed for, and who did.
#[derive(Clone)]
pub(crate) struct Ask {
    need: u64,
    who: Vec<Slug>,
    author_in: bool,
    alone: bool,
    not_author: Option<Slug>,
    not_only: Option<Slug>,
}

impl Ask {
    fn met(&self, author: &Slug, there: &BTreeSet<Slug>) -> bool {
        if !there.contains(author) {
            return false;
        }
        let who: Vec<&Slug> = self
            .who
            .iter()
            .filter(|slug| there.contains(*slug))
            .collect();
        let others = self
            .not_only
            .as_ref()
            .is_none_or(|asserter| who.iter().any(|slug| *slug != asserter));
        let by_many = who.len() as u64 >= self.need
            && (!self.author_in || who.contains(&author))
            && self.not_author.as_ref() != Some(author)
            && others;
        self.alone || by_many
    }
}

#[derive(Default)]
pub(crate) struct Ledger {
    pub(crate) entries: Vec<Arc<Recorded>>,
    asks: Vec<Vec<Vec<Ask>>>,
}

/// All events up to one, and whether each is in effect.
struct World {
    events: Vec<(Arc<Event>, bool)>,
}

type Fault = (Code, Option<u16>);

pub(crate) fn is_first(data: &Data) -> bool {
    let name = data.name();
    [
        "ledger.created",
        "agent.registered",
        "artifact.registered",
        "context.defined",
        "claim.asserted",
        "view.defined",
    ]
    .contains(&name)
}

impl Ledger {
    pub(crate) fn judge(&mut self, commit: &Arc<Recorded>) -> Result<(), Fault> {
        if commit.at.micros() > commit.recorded.micros() + 600_000_000 {
            return Err((Code::Time, None));
        }
        if self
            .entries
            .last()
            .is_some_and(|last| commit.recorded < last.recorded)
        {
            return Err((Code::Time, None));
        }
        if !self.entries.is_empty() {
            self.anchor(commit)?;
        }
        let mut world = self.world();
        let mut asks = Vec::new();
        for (place, event) in commit.events.iter().enumerate() {
            let at = |code| (code, Some(u16::try_from(place).unwrap()));
            let asked = world.asks(commit, event);
            if !matches!(event.data, Data::LedgerCreated(_)) {
                world.event(commit, place, event, &asked).map_err(at)?;
            }
            asks.push(asked);
            world.events.push((Arc::clone(event), true));
        }
        self.entries.push(Arc::clone(commit));
        self.asks.push(asks);
        let verdict = self.world().able_enough(commit);
        if verdict.is_err() {
            self.entries.pop();
            self.asks.pop();
        }
        verdict
    }

    fn anchor(&self, commit: &Recorded) -> Result<(), Fault> {
        let size = commit.anchor.ok_or((Code::Anchor, None))?;
        if size < 1 || size > commit.index {
            return Err((Code::Anchor, None));
        }
        let mine = self
            .entries
            .iter()
            .filter(|entry| entry.author == commit.author);
        match mine.filter_map(|entry| entry.anchor).max() {
            Some(last) if size < last => Err((Code::Conflict, None)),
            _ => Ok(()),
        }
    }

    fn all(&self) -> impl Iterator<Item = &Arc<Event>> {
        self.entries.iter().flat_map(|entry| entry.events.iter())
    }

    fn world(&self) -> World {
        let aside = self.aside();
        let events = self
            .all()
            .map(|event| (Arc::clone(event), !aside.contains(&event.address)));
        World {
            events: events.collect(),
        }
    }

    /// What is set aside now: reaffirmations count as far as they stand without themselves.
    pub(crate) fn aside(&self) -> BTreeSet<Address> {
        let mut brought_back = BTreeSet::new();
        loop {
            let aside = self.aside_but(&brought_back);
            let mut now = BTreeSet::new();
            for event in self.all().filter(|event| !aside.contains(&event.address)) {
                if let Data::EventReaffirmed(data) = &event.data {
                    let target = self
                        .all()
                        .find(|other| other.subject == event.subject && other.seq == data.r#ref);
                    now.extend(target.map(|target| target.address));
                }
            }
            if now == brought_back {
                return aside;
            }
            brought_back = now;
        }
    }

    fn aside_but(&self, brought_back: &BTreeSet<Address>) -> BTreeSet<Address> {
        let mut lost: Vec<(KeyId, u64)> = Vec::new();
        for event in self.all() {
            if let Data::KeyRevoked(data) = &event.data {
                lost.extend(data.since.map(|since| (data.key, since)));
            }
        }
        let mut aside = BTreeSet::new();
        loop {
            let before = aside.len();
            for (entry, asks) in self.entries.iter().zip(&self.asks) {
                let good = |key: &KeyId| {
                    !lost
                        .iter()
                        .any(|(id, since)| id == key && *since <= entry.index)
                };
                let there = entry
                    .signers
                    .iter()
                    .filter(|s| good(&s.key))
                    .map(|s| s.agent.clone())
                    .collect();
                let met = asks
                    .iter()
                    .flatten()
                    .all(|ask| ask.met(&entry.author, &there));
                if met && there.contains(&entry.author) {
                    continue;
                }
                for event in &entry.events {
                    let never = matches!(
                        event.data.name(),
                        "ledger.created" | "ledger.mapped" | "agent.key_revoked"
                    );
                    if !never && !brought_back.contains(&event.address) {
                        aside.insert(event.address);
                        lost.extend(
                            registers(event)
                                .into_iter()
                                .map(|(_, key)| (key, entry.index)),
                        );
                    }
                }
            }
            if aside.len() == before {
                return aside;
            }
        }
    }

    pub(crate) fn seen(&self) -> BTreeMap<String, String> {
        self.world().seen()
    }
}

/// The keys that an event registers, and for whom.
fn registers(event: &Event) -> Vec<(Slug, KeyId)> {
    let own = || event.subject.slug().unwrap().clone();
    match &event.data {
        Data::LedgerCreated(data) => {
            let mut keys = Vec::new();
            for agent in &data.agents.0 {
                keys.extend(
                    agent
                        .keys
                        .0
                        .iter()
                        .map(|key| (agent.slug.clone(), key.key.id())),
                );
            }
            keys
        }
        Data::AgentRegistered(data) => data
            .keys
            .0
            .iter()
            .map(|key| (own(), key.key.id()))
            .collect(),
        Data::KeyAdded(data) => vec![(own(), data.key.id())],
        _ => Vec::new(),
    }
}

struct Profile {
    kind: AgentKind,
    roles: Vec<Role>,
    next: Option<Hash>,
    /// Key, the entry that registered it, and its revocations: with since or not.
    keys: Vec<(KeyId, u64, Vec<bool>)>,
}

struct Status {
    lifecycle: Lifecycle,
    standing: Standing,
    by: Option<Slug>,
}

impl World {
    fn stream(&self, on: &Subject) -> Vec<(&Arc<Event>, bool)> {
        let of = self.events.iter().filter(|(event, _)| event.subject == *on);
        of.map(|(event, effect)| (event, *effect)).collect()
    }

    /// The events of a subject that have effect: none while its first has none.
    fn in_effect(&self, on: &Subject) -> Vec<&Arc<Event>> {
        if !self.exists(on) {
            return Vec::new();
        }
        self.stream(on)
            .into_iter()
            .filter(|(_, effect)| *effect)
            .map(|(event, _)| event)
            .collect()
    }

    fn genesis(&self) -> Option<&super::super::LedgerCreated> {
        match &self.events.first()?.0.data {
            Data::LedgerCreated(data) => Some(data),
            _ => None,
        }
    }

    fn founder(&self, slug: &Slug) -> Option<&super::super::Founder> {
        self.genesis()?
            .agents
            .0
            .iter()
            .find(|agent| agent.slug == *slug)
    }

    fn exists(&self, on: &Subject) -> bool {
        match on {
            Subject::Ledger => true,
            Subject::Entity(Kind::Agent, slug)
                if slug.as_str() == "log" || self.founder(slug).is_some() =>
            {
                true
            }
            _ => self
                .stream(on)
                .first()
                .is_some_and(|(event, effect)| *effect && is_first(&event.data)),
        }
    }

    fn policy(&self) -> &Policy {
        let changes = self.events.iter().rev().filter(|(_, effect)| *effect);
        let newest = changes.filter_map(|(event, _)| match &event.data {
            Data::PolicyChanged(data) => Some(&data.policy),
            _ => None,
        });
        newest
            .chain(self.genesis().map(|data| &data.policy))
            .next()
            .unwrap()
    }

    fn profile(&self, slug: &Slug) -> Option<Profile> {
        let on = Subject::agent(slug.clone());
        let mut profile = self.founder(slug).map(|founder| Profile {
            kind: founder.kind,
            roles: founder.roles.0.clone(),
            next: founder.next,
            keys: founder
                .keys
                .0
                .iter()
                .map(|key| (key.key.id(), 0, vec![]))
                .collect(),
        });
        for event in self.in_effect(&on) {
            let entry = event.address.entry;
            match (&event.data, &mut profile) {
                (Data::AgentRegistered(data), None) => {
                    let keys = data
                        .keys
                        .0
                        .iter()
                        .map(|key| (key.key.id(), entry, vec![]))
                        .collect();
                    profile = Some(Profile {
                        kind: data.kind,
                        roles: data.roles.0.clone(),
                        next: data.next,
                        keys,
                    });
                }
                (Data::AgentChanged(data), Some(profile)) => {
                    if let Some(roles) = &data.roles {
                        profile.roles = roles.0.clone();
                    }
                }
                (Data::KeyAdded(data), Some(profile)) => {
                    profile.keys.push((data.key.id(), entry, vec![]));
                    profile.next = data.next;
                }
                (Data::KeyRevoked(data), Some(profile)) => {
                    for key in profile.keys.iter_mut().filter(|key| key.0 == data.key) {
                        key.2.push(data.since.is_some());
                    }
                }
                _ => {}
            }
        }
        profile
    }

    fn agents(&self) -> BTreeSet<Slug> {
        let founders = self
            .genesis()
            .into_iter()
            .flat_map(|data| data.agents.0.iter().map(|agent| agent.slug.clone()));
        let later = self
            .events
            .iter()
            .filter_map(|(event, _)| match &event.subject {
                Subject::Entity(Kind::Agent, slug) => Some(slug.clone()),
                _ => None,
            });
        founders.chain(later).collect()
    }

    fn able(&self) -> u64 {
        let able = |slug: &Slug| {
            self.profile(slug).is_some_and(|profile| {
                profile.roles.contains(&Role::Steward)
                    && profile.keys.iter().any(|key| key.2.is_empty())
            })
        };
        self.agents().iter().filter(|slug| able(slug)).count() as u64
    }

    fn status(&self, on: &Subject) -> Status {
        let mut status = Status {
            lifecycle: Lifecycle::Proposed,
            standing: Standing::Hypothesis,
            by: None,
        };
        for event in self.in_effect(on) {
            if let Data::StatusChanged(data) = &event.data {
                if let Some(lifecycle) = data.lifecycle {
                    status.lifecycle = lifecycle;
                    status.by = data.by.as_ref().map(|by| by.0.clone());
                }
                status.standing = data.standing.unwrap_or(status.standing);
            }
        }
        status
    }

    fn version(&self, on: &Subject) -> u64 {
        let mut number = 0;
        let mut current = 0;
        for (event, effect) in self.stream(on) {
            if matches!(event.data, Data::ClaimAsserted(_) | Data::ClaimRevised(_)) {
                number += 1;
                if effect && self.exists(on) {
                    current = number;
                }
            }
        }
        current
    }

    /// Events of a claim that are live: in effect and not taken back.
    fn live(&self, on: &Subject) -> Vec<&Arc<Event>> {
        let effect = self.in_effect(on);
        let taken_back: BTreeSet<Seq> = effect
            .iter()
            .filter(|event| {
                !matches!(
                    event.data,
                    Data::EvidenceRevised(_) | Data::EventReaffirmed(_)
                )
            })
            .filter_map(|event| event.data.reference())
            .collect();
        let version = self.version(on);
        effect
            .into_iter()
            .filter(|event| !taken_back.contains(&event.seq))
            .filter(|event| !matches!(&event.data, Data::AttestationMade(data) if data.version != version))
            .collect()
    }

    fn rule_names(&self, event: &Event) -> Vec<String> {
        let name = event.data.name();
        let outranks = |case: &str| format!("{name}/{case}");
        let mut names = Vec::new();
        match &event.data {
            Data::StatusChanged(data) => {
                if data.lifecycle == Some(Lifecycle::Retracted) {
                    names.push(outranks("retracted"));
                }
                let now = self.status(&event.subject).standing;
                if now == Standing::Contested && data.standing.is_some_and(|to| to != now) {
                    names.push(outranks("uncontested"));
                }
            }
            Data::ClaimRevised(_) => {
                let disputed = self.live(&event.subject).into_iter().any(
                    |live| matches!(&live.data, Data::AttestationMade(made) if made.verdict == Verdict::Disputes),
                );
                names.extend(disputed.then(|| outranks("disputed")));
            }
            Data::AgentRegistered(data) => {
                let high =
                    data.roles.0.contains(&Role::Steward) || data.roles.0.contains(&Role::Curator);
                names.extend((high || data.reliability.is_some()).then(|| outranks("power")));
            }
            Data::AgentChanged(data) => {
                names.extend(
                    (data.roles.is_some() || data.reliability.is_some()).then(|| outranks("power")),
                );
            }
            Data::KeyRevoked(data) => names.extend(data.since.map(|_| outranks("since"))),
            Data::EventReaffirmed(_) => {
                let power = matches!(
                    event.subject,
                    Subject::Ledger | Subject::Entity(Kind::Agent, _)
                );
                names.extend(power.then(|| outranks("power")));
            }
            _ => {}
        }
        if names.is_empty() {
            names.push(name.to_owned());
        }
        names
    }

    fn asks(&self, commit: &Recorded, event: &Event) -> Vec<Ask> {
        if matches!(event.data, Data::LedgerCreated(_) | Data::LedgerMapped(_)) {
            return Vec::new();
        }
        let signed: BTreeSet<Slug> = commit
            .signers
            .iter()
            .map(|signer| signer.agent.clone())
            .collect();
        let mut asks: Vec<Ask> = self
            .rule_names(event)
            .iter()
            .map(|name| match self.policy().rules.get(name) {
                Some(rule) => self.ask(rule, &signed, event),
                None => stewards_only(u64::MAX, Vec::new()),
            })
            .collect();
        let stewards = signed.into_iter().filter(|slug| {
            self.profile(slug)
                .is_some_and(|profile| profile.roles.contains(&Role::Steward))
        });
        match &event.data {
            Data::PolicyChanged(data) => {
                asks.push(stewards_only(
                    self.policy().stewards.max(data.policy.stewards),
                    stewards.collect(),
                ));
            }
            Data::KeyAdded(data) => {
                let own = event.subject.slug().unwrap();
                let next = self.profile(own).and_then(|profile| profile.next);
                if next.is_some_and(|next| next != Hash::of(&data.key.0)) {
                    let others = stewards.filter(|slug| slug != own).collect();
                    asks.push(stewards_only(self.policy().stewards, others));
                }
            }
            _ => {}
        }
        asks
    }

    fn ask(&self, rule: &Rule, signed: &BTreeSet<Slug>, event: &Event) -> Ask {
        let fits = |slug: &&Slug| {
            self.profile(slug).is_some_and(|profile| {
                profile.roles.iter().any(|role| rule.roles.0.contains(role))
                    && rule
                        .kinds
                        .as_ref()
                        .is_none_or(|kinds| kinds.0.contains(&profile.kind))
            })
        };
        let referred = event.data.reference().and_then(|seq| {
            let stream = self.stream(&event.subject);
            stream
                .into_iter()
                .find(|(other, _)| other.seq == seq)
                .map(|(other, _)| other.author.clone())
        });
        let alone = match rule.alone {
            None => false,
            Some(Alone::Anyone) => true,
            Some(Alone::Subject) => event.subject == Subject::agent(event.author.clone()),
            Some(Alone::Author) => referred.as_ref() == Some(&event.author),
        };
        let asserter = match &event.data {
            Data::ClaimAsserted(_) => Some(event.author.clone()),
            _ => self
                .stream(&event.subject)
                .first()
                .filter(|(first, _)| matches!(first.data, Data::ClaimAsserted(_)))
                .map(|(first, _)| first.author.clone()),
        };
        let asserter = asserter.filter(|_| rule.other_than.is_some());
        let attests = matches!(event.data, Data::AttestationMade(_));
        Ask {
            need: match rule.signatures {
                Signatures::Count(count) => count,
                Signatures::Threshold => self.policy().stewards,
            },
            who: signed.iter().filter(fits).cloned().collect(),
            author_in: true,
            alone,
            not_author: asserter.clone().filter(|_| attests),
            not_only: asserter.filter(|_| !attests),
        }
    }

    fn event(
        &self,
        commit: &Recorded,
        place: usize,
        event: &Event,
        asks: &[Ask],
    ) -> Result<(), Code> {
        let closed = self.events.iter().any(|(other, effect)| {
            *effect && matches!(other.data, Data::LedgerMoved(_) | Data::LedgerFrozen(_))
        });
        let map = matches!(event.data, Data::LedgerMapped(_));
        if closed && !map {
            return Err(Code::Closed);
        }
        self.map(commit, event)?;
        let there: BTreeSet<Slug> = commit
            .signers
            .iter()
            .map(|signer| signer.agent.clone())
            .collect();
        let of_rules = if matches!(event.data, Data::KeyAdded(_)) {
            1
        } else {
            asks.len()
        };
        if !asks[..of_rules.min(asks.len())]
            .iter()
            .all(|ask| ask.met(&commit.author, &there))
        {
            return Err(Code::Role);
        }
        let stream = self.stream(&event.subject);
        if is_first(&event.data) && (!stream.is_empty() || self.exists(&event.subject)) {
            return Err(Code::Exists);
        }
        let head = stream.last().map(|(last, _)| last.id);
        if event.seq != stream.len() as u64 + 1 || event.prev != head {
            return Err(Code::Conflict);
        }
        if !asks.iter().all(|ask| ask.met(&commit.author, &there)) && self.key(&event.data).is_ok()
        {
            return if self.exists(&event.subject) {
                Err(Code::Key)
            } else {
                Err(Code::Missing)
            };
        }
        self.names(commit, place, event)
    }

    fn map(&self, commit: &Recorded, event: &Event) -> Result<(), Code> {
        let log = Slug::log();
        let by_log = commit.signers.iter().any(|signer| signer.agent == log);
        let on_log = event.subject == Subject::log();
        let fits = match &event.data {
            Data::LedgerMapped(data) => {
                let subjects: BTreeSet<String> = self
                    .events
                    .iter()
                    .map(|(event, _)| event.subject.to_string())
                    .collect();
                by_log
                    && on_log
                    && commit.author == log
                    && commit.signers.len() == 1
                    && commit.events.len() == 1
                    && data.size == commit.index
                    && data.subjects == subjects.len() as u64
            }
            _ => !by_log && !on_log,
        };
        if fits { Ok(()) } else { Err(Code::Map) }
    }

    fn key(&self, data: &Data) -> Result<(), Code> {
        let new: Vec<KeyId> = match data {
            Data::AgentRegistered(data) => data.keys.0.iter().map(|key| key.key.id()).collect(),
            Data::KeyAdded(data) => vec![data.key.id()],
            _ => Vec::new(),
        };
        let distinct: BTreeSet<&KeyId> = new.iter().collect();
        let known = self
            .events
            .iter()
            .flat_map(|(event, _)| registers(event))
            .any(|(_, key)| new.contains(&key));
        if known || distinct.len() != new.len() {
            Err(Code::Key)
        } else {
            Ok(())
        }
    }

    fn there(&self, other: &Subject) -> Result<(), Code> {
        if self.exists(other) {
            Ok(())
        } else {
            Err(Code::Missing)
        }
    }

    fn another(&self, own: &Subject, other: &Subject) -> Result<(), Code> {
        if own == other {
            Err(Code::Self_)
        } else {
            self.there(other)
        }
    }

    fn names(&self, commit: &Recorded, place: usize, event: &Event) -> Result<(), Code> {
        let on = &event.subject;
        if let Data::EventReaffirmed(data) = &event.data {
            if self.stream(on).is_empty() && !self.exists(on) {
                return Err(Code::Missing);
            }
            let earlier = commit.events[..place].iter().any(|earlier| {
                earlier.subject == *on && matches!(&earlier.data, Data::EventReaffirmed(other) if other.r#ref == data.r#ref)
            });
            let aside = self
                .stream(on)
                .iter()
                .any(|(other, effect)| other.seq == data.r#ref && !effect);
            return if aside && !earlier {
                Ok(())
            } else {
                Err(Code::Ref)
            };
        }
        if !is_first(&event.data) {
            self.there(on)?;
        }
        let same = |same: &dyn Fn(&Data) -> bool| {
            if self.live(on).iter().any(|live| same(&live.data)) {
                Err(Code::Exists)
            } else {
                Ok(())
            }
        };
        let refers = |name: &str, seq: Seq| {
            let live = self
                .live(on)
                .iter()
                .any(|live| live.seq == seq && live.data.name() == name);
            if live { Ok(()) } else { Err(Code::Ref) }
        };
        match &event.data {
            Data::AgentRegistered(_) | Data::KeyAdded(_) => self.key(&event.data),
            Data::KeyRevoked(data) => {
                let profile = self.profile(on.slug().unwrap()).ok_or(Code::Missing)?;
                let key = profile
                    .keys
                    .iter()
                    .find(|key| key.0 == data.key)
                    .ok_or(Code::Key)?;
                let again = !key.2.is_empty() && (data.since.is_none() || key.2.contains(&true));
                if again {
                    return Err(Code::Key);
                }
                let Some(since) = data.since else {
                    return Ok(());
                };
                let signs = commit.signers.iter().any(|signer| signer.key == data.key);
                if signs || since < key.1 || since > commit.index {
                    Err(Code::Since)
                } else {
                    Ok(())
                }
            }
            Data::ArtifactRegistered(data) => {
                let taken = self.events.iter().any(|(other, effect)| {
                    *effect && matches!(&other.data, Data::ArtifactRegistered(other) if data.doi.is_some() && other.doi == data.doi)
                });
                if taken { Err(Code::Exists) } else { Ok(()) }
            }
            Data::ArtifactStandingChanged(data) => data
                .by
                .as_ref()
                .map_or(Ok(()), |by| self.another(on, &by.subject())),
            Data::StatusChanged(data) => {
                if let Some(by) = &data.by {
                    self.another(on, &by.subject())?;
                }
                let now = self.status(on);
                if let Some(to) = data.lifecycle {
                    let steps = [
                        "proposed active",
                        "proposed retracted",
                        "active superseded",
                        "active merged",
                        "active retracted",
                        "superseded active",
                        "merged active",
                    ];
                    if !steps.contains(&format!("{} {to}", now.lifecycle).as_str()) {
                        return Err(Code::Status);
                    }
                }
                let needs = data
                    .lifecycle
                    .is_some_and(|to| ["superseded", "merged"].contains(&to.word()));
                if data.standing == Some(now.standing) || needs != data.by.is_some() {
                    return Err(Code::Status);
                }
                let mut next = data.by.as_ref().map(|by| by.0.clone());
                let mut met = BTreeSet::new();
                while let Some(slug) = next.filter(|slug| met.insert(slug.clone())) {
                    if Some(&slug) == on.slug() {
                        return Err(Code::Self_);
                    }
                    next = self.status(&Subject::claim(slug)).by;
                }
                Ok(())
            }
            Data::ClaimScoped(data) => {
                self.there(&data.context.subject())?;
                same(
                    &|live| matches!(live, Data::ClaimScoped(old) if (old.relation, &old.context) == (data.relation, &data.context)),
                )
            }
            Data::ClaimLinked(data) => {
                self.another(on, &data.target.subject())?;
                same(
                    &|live| matches!(live, Data::ClaimLinked(old) if (old.relation, &old.target) == (data.relation, &data.target)),
                )
            }
            Data::EvidenceAdded(data) => {
                self.there(&data.artifact.subject())?;
                data.replicates
                    .as_ref()
                    .map_or(Ok(()), |other| self.there(&other.subject()))?;
                same(&|live| {
                    matches!(live, Data::EvidenceAdded(old)
                        if (old.relation, &old.artifact, &old.key) == (data.relation, &data.artifact, &data.key))
                })
            }
            Data::ClaimUnscoped(data) => refers("claim.scoped", data.r#ref),
            Data::ClaimUnlinked(data) => refers("claim.linked", data.r#ref),
            Data::EvidenceRevised(data) => refers("evidence.added", data.r#ref),
            Data::EvidenceWithdrawn(data) => refers("evidence.added", data.r#ref),
            Data::AttestationWithdrawn(data) => refers("attestation.made", data.r#ref),
            Data::AttestationMade(data) => {
                if data.version != self.version(on) {
                    return Err(Code::Version);
                }
                let mine = self.live(on).into_iter().any(|live| {
                    live.author == event.author && matches!(live.data, Data::AttestationMade(_))
                });
                if mine { Err(Code::Exists) } else { Ok(()) }
            }
            Data::NoteAdded(data) => match data.on {
                Some(seq) if self.stream(on).iter().all(|(other, _)| other.seq != seq) => {
                    Err(Code::Ref)
                }
                _ => Ok(()),
            },
            Data::ModelAdopted(data) => {
                let newest =
                    self.events.iter().rev().find(|(other, effect)| {
                        *effect && matches!(other.data, Data::ModelAdopted(_))
                    });
                match newest.map(|(event, _)| &event.data) {
                    Some(Data::ModelAdopted(last)) if last == data => Err(Code::Exists),
                    _ => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }

    fn able_enough(&self, commit: &Recorded) -> Result<(), Fault> {
        let names: BTreeSet<&str> = commit
            .events
            .iter()
            .map(|event| event.data.name())
            .collect();
        let new_policy =
            names.contains("ledger.policy_changed") || names.contains("ledger.created");
        let watched = ["agent.changed", "agent.key_revoked", "event.reaffirmed"];
        if !new_policy && !watched.iter().any(|name| names.contains(name)) {
            return Ok(());
        }
        let (policy, able) = (self.policy(), self.able());
        if able < policy.stewards {
            return Err((
                if new_policy {
                    Code::Policy
                } else {
                    Code::Stewards
                },
                None,
            ));
        }
        let lost = ["ledger.policy_changed", "agent.registered/power"]
            .iter()
            .any(|name| !policy.rules.contains_key(*name));
        let bad = policy.rules.values().any(|rule| {
            let needs = match rule.signatures {
                Signatures::Count(count) => count,
                Signatures::Threshold => policy.stewards,
            };
            let nobody = rule.roles.0.is_empty() && rule.alone.is_none();
            nobody || (rule.roles.0 == [Role::Steward] && needs > able)
        });
        if lost || bad {
            Err((Code::Policy, None))
        } else {
            Ok(())
        }
    }

    fn seen(&self) -> BTreeMap<String, String> {
        let mut seen = BTreeMap::new();
        seen.insert(
            "stewards".into(),
            format!("{} of {}", self.policy().stewards, self.able()),
        );
        let subjects: BTreeSet<&Subject> = self
            .events
            .iter()
            .map(|(event, _)| &event.subject)
            .collect();
        for slug in self.agents() {
            let profile = self.profile(&slug);
            let roles = profile.as_ref().map(|profile| profile.roles.clone());
            let keys: BTreeSet<KeyId> = profile
                .iter()
                .flat_map(|p| &p.keys)
                .filter(|key| key.2.is_empty())
                .map(|key| key.0)
                .collect();
            seen.insert(format!("agent/{slug}"), format!("{roles:?} {keys:?}"));
        }
        for on in subjects {
            match on {
                Subject::Entity(Kind::Claim, _) => {
                    let mut statement = None;
                    let mut strengths = BTreeMap::new();
                    for event in self.in_effect(on) {
                        match &event.data {
                            Data::ClaimAsserted(data) => {
                                statement = Some(data.statement.as_str().to_owned())
                            }
                            Data::ClaimRevised(data) => {
                                statement = data
                                    .statement
                                    .as_ref()
                                    .map(|line| line.as_str().to_owned())
                                    .or(statement);
                            }
                            Data::EvidenceRevised(data) => {
                                strengths.insert(data.r#ref, data.strength);
                            }
                            _ => {}
                        }
                    }
                    let status = self.status(on);
                    let live = |name: &str| -> Vec<Seq> {
                        self.live(on)
                            .iter()
                            .filter(|event| event.data.name() == name)
                            .map(|event| event.seq)
                            .collect()
                    };
                    let edges: Vec<_> = live("evidence.added")
                        .into_iter()
                        .map(|seq| (seq, strengths.get(&seq).copied().flatten()))
                        .collect();
                    seen.insert(on.to_string(), format!(
                        "{statement:?} v{} {} {} {:?} evidence {edges:?} attestations {:?} scopes {:?} links {:?}",
                        self.version(on), status.lifecycle, status.standing, status.by,
                        live("attestation.made"), live("claim.scoped"), live("claim.linked"),
                    ));
                }
                Subject::Entity(Kind::Agent, _) | Subject::Ledger => {}
                other => {
                    seen.insert(other.to_string(), self.exists(other).to_string());
                }
            }
        }
        seen
    }
}

fn stewards_only(need: u64, who: Vec<Slug>) -> Ask {
    Ask {
        need,
        who,
        author_in: false,
        alone: false,
        not_author: None,
        not_only: None,
    }
}

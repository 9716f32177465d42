//! Authority: which rules an event asks, who fills them, and what is left without a key.
//!
//! Authority is judged by position, in the state just before the entry, and remembered: a later
//! change of roles never un-admits history. Only a key revoked `since` an entry takes its own
//! signatures away again.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use imbl::{OrdSet, Vector};

use crate::value::{Address, Index, KeyId, Kind, Slug, Subject};

use super::event::{Data, Event, Recorded};
use super::policy::Rule;
use super::state::State;
use super::word::{Alone, Lifecycle, Role, Standing};

/// How one event's rules were filled when it was admitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Filled {
    /// Signatures that the rule asks for.
    pub(super) needed: u64,
    /// Agents that signed and fit the rule's roles and kinds.
    pub(super) counted: Vec<Slug>,
    /// Whether the author must be one of them.
    pub(super) author_among: bool,
    /// Whether the author's own signature is enough.
    pub(super) alone: bool,
    /// The agent that may not be the only one counted, or, for an attestation, not the author.
    pub(super) not_only: Option<Slug>,
    /// Whether `not_only` binds the author himself.
    pub(super) binds_author: bool,
}

/// How the rules of every event of an entry were filled.
pub(super) type Authority = Vec<Vec<Filled>>;

/// The names of the rules that an event asks, all of them at once.
pub(super) fn asked(state: &State, event: &Event) -> Vec<&'static str> {
    match &event.data {
        Data::StatusChanged(data) => {
            let was_contested = match claim_of(state, event) {
                Some(claim) => claim.status.standing == Standing::Contested,
                None => false,
            };
            let mut names = Vec::new();
            if data.lifecycle == Some(Lifecycle::Retracted) {
                names.push("claim.status_changed/retracted");
            }
            if was_contested && data.standing.is_some_and(|to| to != Standing::Contested) {
                names.push("claim.status_changed/uncontested");
            }
            if names.is_empty() {
                vec!["claim.status_changed"]
            } else {
                names
            }
        }
        Data::ClaimRevised(_)
            if claim_of(state, event).is_some_and(|claim| claim.is_disputed()) =>
        {
            vec!["claim.revised/disputed"]
        }
        Data::AgentRegistered(data)
            if data.reliability.is_some()
                || data
                    .roles
                    .0
                    .iter()
                    .any(|role| matches!(role, Role::Steward | Role::Curator)) =>
        {
            vec!["agent.registered/power"]
        }
        Data::AgentChanged(data) if data.roles.is_some() || data.reliability.is_some() => {
            vec!["agent.changed/power"]
        }
        Data::KeyRevoked(data) if data.since.is_some() => vec!["agent.key_revoked/since"],
        Data::EventReaffirmed(_) if matches!(event.subject.kind(), Kind::Ledger | Kind::Agent) => {
            vec!["event.reaffirmed/power"]
        }
        data => vec![data.name()],
    }
}

fn claim_of<'s>(state: &'s State, event: &Event) -> Option<&'s super::entity::Claim> {
    match &event.subject {
        Subject::Entity(Kind::Claim, slug) => state.claims.get(slug).map(|claim| &**claim),
        _ => None,
    }
}

/// How an event's rules are filled by those who signed; a name without a rule is filled by nobody.
pub(super) fn fill(state: &State, commit: &Recorded, event: &Event) -> Vec<Filled> {
    if matches!(event.data, Data::LedgerCreated(_) | Data::LedgerMapped(_)) {
        return Vec::new();
    }
    let policy = state.constitution().map(|facts| Arc::clone(&facts.policy));
    let of_rule = |name: &str| {
        let rule = policy.as_ref().and_then(|policy| policy.rules.get(name));
        match (rule, &policy) {
            (Some(rule), Some(policy)) => Filled {
                needed: policy.needed(rule),
                counted: counted(state, commit, rule),
                author_among: true,
                alone: alone(state, commit, event, rule),
                not_only: rule.other_than.and_then(|_| asserter(state, event)),
                binds_author: matches!(event.data, Data::AttestationMade(_)),
            },
            _ => Filled {
                needed: u64::MAX,
                counted: Vec::new(),
                author_among: true,
                alone: false,
                not_only: None,
                binds_author: false,
            },
        }
    };
    let rules = asked(state, event).into_iter().map(of_rule);
    rules.chain(stewards_asked(state, commit, event)).collect()
}

/// The stewards' threshold that an event asks beside its rules: a new policy that of the old and
/// of the new one, a key that was not announced that of the stewards without its agent.
pub(super) fn stewards_asked(state: &State, commit: &Recorded, event: &Event) -> Option<Filled> {
    let threshold = state.constitution()?.policy.stewards;
    let (needed, except) = match &event.data {
        Data::PolicyChanged(data) => (threshold.max(data.policy.stewards), None),
        Data::KeyAdded(data) if !state.may_follow(&event.subject, &data.key) => {
            (threshold, event.subject.slug())
        }
        _ => return None,
    };
    let signers: BTreeSet<&Slug> = commit.signers.iter().map(|signer| &signer.agent).collect();
    let is_steward = |slug: &Slug| {
        let agent = state.agents.get(slug);
        agent.is_some_and(|agent| agent.has_role(Role::Steward))
    };
    let counted = signers
        .into_iter()
        .filter(|slug| Some(*slug) != except && is_steward(slug))
        .cloned()
        .collect();
    Some(Filled {
        needed,
        counted,
        author_among: false,
        alone: false,
        not_only: None,
        binds_author: false,
    })
}

fn asserter(state: &State, event: &Event) -> Option<Slug> {
    if matches!(event.data, Data::ClaimAsserted(_)) {
        return Some(event.author.clone());
    }
    claim_of(state, event)?.asserter().cloned()
}

/// Agents that signed and fit the rule, each once however many keys.
fn counted(state: &State, commit: &Recorded, rule: &Rule) -> Vec<Slug> {
    let fits = |slug: &Slug| {
        let profile = state
            .agents
            .get(slug)
            .and_then(|agent| agent.profile.as_ref());
        profile.is_some_and(|profile| {
            profile
                .roles
                .0
                .iter()
                .any(|role| rule.roles.0.contains(role))
                && rule
                    .kinds
                    .as_ref()
                    .is_none_or(|kinds| kinds.0.contains(&profile.kind))
        })
    };
    let signers: BTreeSet<&Slug> = commit.signers.iter().map(|signer| &signer.agent).collect();
    signers
        .into_iter()
        .filter(|slug| fits(slug))
        .cloned()
        .collect()
}

fn alone(state: &State, commit: &Recorded, event: &Event, rule: &Rule) -> bool {
    match rule.alone {
        None => false,
        Some(Alone::Anyone) => true,
        Some(Alone::Subject) => event.subject == Subject::agent(commit.author.clone()),
        Some(Alone::Author) => event
            .data
            .reference()
            .and_then(|seq| state.event(&event.subject, seq))
            .is_some_and(|referred| referred.author == commit.author),
    }
}

impl Filled {
    /// Whether the rule is filled by these agents.
    pub(super) fn holds(&self, author: &Slug, present: &dyn Fn(&Slug) -> bool) -> bool {
        if !present(author) {
            return false;
        }
        if self.alone {
            return true;
        }
        let left: Vec<&Slug> = self.counted.iter().filter(|slug| present(slug)).collect();
        (!self.author_among || left.contains(&author))
            && left.len() as u64 >= self.needed
            && self.is_independent(author, &left)
    }

    fn is_independent(&self, author: &Slug, counted: &[&Slug]) -> bool {
        match &self.not_only {
            None => true,
            Some(asserter) if self.binds_author => asserter != author,
            Some(asserter) => counted.iter().any(|slug| *slug != asserter),
        }
    }
}

/// What no compromised key can take away: the beginning, the map, and revocations themselves.
fn is_never_set_aside(event: &Event) -> bool {
    matches!(
        event.data,
        Data::LedgerCreated(_) | Data::LedgerMapped(_) | Data::KeyRevoked(_)
    )
}

/// Which events are set aside, given all that was recorded.
///
/// A reaffirmation that is itself set aside reaffirms nothing. So the pass begins without any, and
/// is repeated with those that stand until no more do: each round can only set aside less, and the
/// rounds end. Beginning with all of them would let two uphold each other: one brings back the
/// event that registered the key that signed the other.
pub(super) fn set_aside(state: &State) -> OrdSet<Address> {
    let reaffirmations = reaffirmations(state);
    let mut standing = 0;
    let mut targets = HashSet::new();
    loop {
        let aside = pass(&state.history, &state.authorities, &targets);
        let stands = |(own, _): &&(Address, Address)| !aside.contains(own);
        let now = reaffirmations.iter().filter(stands).count();
        if now == standing {
            return aside;
        }
        standing = now;
        targets = reaffirmations
            .iter()
            .filter(stands)
            .map(|(_, target)| *target)
            .collect();
    }
}

/// Each reaffirmation's own address and the address of the event that it brings back.
fn reaffirmations(state: &State) -> Vec<(Address, Address)> {
    let events = state.history.iter().flat_map(|entry| entry.events.iter());
    events
        .filter_map(|event| match &event.data {
            Data::EventReaffirmed(data) => {
                let target = state.event(&event.subject, data.r#ref)?;
                Some((event.address, target.address))
            }
            _ => None,
        })
        .collect()
}

fn pass(
    history: &Vector<Arc<Recorded>>,
    authorities: &Vector<Arc<Authority>>,
    reaffirmed: &HashSet<Address>,
) -> OrdSet<Address> {
    let mut compromised = compromised_keys(history);
    let mut aside = OrdSet::new();
    for (entry, authority) in history.iter().zip(authorities.iter()) {
        if stands_without(entry, authority, &compromised) {
            continue;
        }
        for event in &entry.events {
            if is_never_set_aside(event) || reaffirmed.contains(&event.address) {
                continue;
            }
            aside.insert(event.address);
            for (_, key) in event.data.new_keys(&event.subject) {
                let since = compromised.entry(key.key.id()).or_insert(entry.index);
                *since = entry.index.min(*since);
            }
        }
    }
    aside
}

fn compromised_keys(history: &Vector<Arc<Recorded>>) -> HashMap<KeyId, Index> {
    let mut compromised = HashMap::new();
    for event in history.iter().flat_map(|entry| entry.events.iter()) {
        if let Data::KeyRevoked(data) = &event.data
            && let Some(since) = data.since
        {
            let first = compromised.entry(data.key).or_insert(since);
            *first = since.min(*first);
        }
    }
    compromised
}

/// Whether author and thresholds of an entry stand without the signatures of compromised keys.
fn stands_without(
    entry: &Recorded,
    authority: &Authority,
    compromised: &HashMap<KeyId, Index>,
) -> bool {
    let is_lost = |key: &KeyId| {
        compromised
            .get(key)
            .is_some_and(|since| *since <= entry.index)
    };
    if !entry.signers.iter().any(|signer| is_lost(&signer.key)) {
        return true;
    }
    let present = |slug: &Slug| {
        entry
            .signers
            .iter()
            .any(|signer| signer.agent == *slug && !is_lost(&signer.key))
    };
    present(&entry.author)
        && authority
            .iter()
            .flatten()
            .all(|filled| filled.holds(&entry.author, &present))
}

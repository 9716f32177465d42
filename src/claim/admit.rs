//! Admit: the rules. Pure: a state, a commit in the place it would take, and a verdict.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use crate::form::words;
use crate::value::{EventId, Kind, Seq, Slug, Subject, Time};

use super::authority::{Authority, Filled, asked, fill, stewards_asked};
use super::entity::Claim;
use super::event::{
    AttestationMade, ClaimLinked, ClaimScoped, Data, Event, EvidenceAdded, KeyClaim, KeyFaultKind,
    KeyRevoked, LedgerCreated, Recorded, StatusChanged,
};
use super::policy::Policy;
use super::state::State;
use super::word::{Lifecycle, Role};

words! {
    /// Why a commit is refused. The words are stable.
    pub enum Code {
        /// Not canonical JSON.
        Bytes = "bytes",
        /// Longer, larger or more than allowed.
        Limit = "limit",
        /// Not of the form that its type has.
        Schema = "schema",
        /// A time that is none, or too far from the log's clock.
        Time = "time",
        /// The first entry is not a genesis, or another one is.
        Genesis = "genesis",
        /// Signed for another ledger.
        Ledger = "ledger",
        /// A signature is missing, does not hold, or is by no valid key of its agent.
        Signature = "signature",
        /// The tree head that it names is not one of this ledger.
        Anchor = "anchor",
        /// The ledger was moved or frozen.
        Closed = "closed",
        /// The policy in force does not allow it to those who signed.
        Role = "role",
        /// The stream has moved on.
        Conflict = "conflict",
        /// It names something that does not exist.
        Missing = "missing",
        /// It names itself.
        Self_ = "self",
        /// It refers to an event that is not there, of another type, or no longer live.
        Ref = "ref",
        /// It speaks of a version that is not the current one.
        Version = "version",
        /// A step that the status may not take.
        Status = "status",
        /// It is there already.
        Exists = "exists",
        /// A key that may not be registered or revoked.
        Key = "key",
        /// A proof of possession does not hold.
        Possession = "possession",
        /// A policy that cannot be.
        Policy = "policy",
        /// Too few stewards would be left.
        Stewards = "stewards",
        /// A `since` outside the key's life.
        Since = "since",
        /// A map entry that is wrong, or the log key used for anything else.
        Map = "map",
    }
}

/// A commit that is not admitted: the first rule that it breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// Which rule, by its stable code.
    pub code: Code,
    /// Position of the event in the commit, from 0; none where the whole commit is meant.
    pub position: Option<u16>,
    /// What was found.
    pub found: String,
    /// What was expected.
    pub expected: String,
    /// The next step, where one is known.
    pub hint: Option<String>,
    /// With `conflict`, the head of the stream.
    pub head: Option<Box<(Subject, Seq, Option<EventId>)>>,
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(position) = self.position {
            write!(f, "event {position}: ")?;
        }
        write!(f, "found {}, expected {}", self.found, self.expected)
    }
}

impl std::error::Error for Rejection {}

/// How far an author's clock may be ahead of the log's, in microseconds: ten minutes.
pub const CLOCK_SLACK: i64 = 10 * 60 * 1_000_000;

impl Rejection {
    /// A refusal of the whole commit.
    pub fn new(code: Code, found: impl Into<String>, expected: impl Into<String>) -> Rejection {
        Rejection {
            code,
            position: None,
            found: found.into(),
            expected: expected.into(),
            hint: None,
            head: None,
        }
    }

    /// With the next step.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Rejection {
        self.hint = Some(hint.into());
        self
    }

    fn at(mut self, position: u16) -> Rejection {
        self.position = Some(position);
        self
    }
}

type Verdict = Result<(), Rejection>;

fn no<T>(
    code: Code,
    found: impl Into<String>,
    expected: impl Into<String>,
) -> Result<T, Rejection> {
    Err(Rejection::new(code, found, expected))
}

/// Whether the author's clock is at most ten minutes ahead of the log's.
///
/// # Errors
/// `time`.
pub fn on_time(at: Time, recorded: Time) -> Result<(), Rejection> {
    if at.micros() <= recorded.micros().saturating_add(CLOCK_SLACK) {
        return Ok(());
    }
    no(
        Code::Time,
        format!("at {}", at.seconds_text()),
        format!(
            "a time at most 10 minutes after {}",
            recorded.seconds_text()
        ),
    )
    .map_err(|rejection: Rejection| rejection.hint("check the clock of the machine that signed"))
}

impl State {
    /// Judges a commit in the place that it would take, and gives the state after it.
    ///
    /// # Errors
    /// The first rule that it breaks; this state is as it was.
    pub fn admit(&self, commit: &Arc<Recorded>) -> Result<State, Rejection> {
        self.in_time(commit)?;
        if self.constitution.is_none() {
            genesis(commit)?;
        } else {
            self.anchored(commit)?;
        }
        let mut trial = self.clone();
        let mut authority = Authority::new();
        for (position, event) in commit.events.iter().enumerate() {
            let filled = trial
                .admit_event(commit, position, event)
                .map_err(|rejection| rejection.at(event.address.position))?;
            authority.push(filled);
            trial.apply(event);
        }
        trial.close(commit, authority);
        trial.keeps_its_stewards(commit)?;
        Ok(trial)
    }

    fn in_time(&self, commit: &Recorded) -> Verdict {
        on_time(commit.at, commit.recorded)?;
        match self.recorded() {
            Some(last) if commit.recorded < last => no(
                Code::Time,
                format!("recorded {}", commit.recorded),
                format!("a time not before the last entry's, {last}"),
            ),
            _ => Ok(()),
        }
    }

    fn anchored(&self, commit: &Recorded) -> Verdict {
        let Some(size) = commit.anchor else {
            return no(Code::Anchor, "null", "an anchor; only genesis has none");
        };
        if !(1..=commit.index).contains(&size) {
            return no(
                Code::Anchor,
                format!("an anchor of size {size}"),
                format!("a size from 1 to {}, the entry's own index", commit.index),
            );
        }
        match self.last_anchor(&commit.author) {
            Some(last) if size < last => no(
                Code::Conflict,
                format!("an anchor of size {size}"),
                format!("a size of at least {last}, the anchor of the author's last commit"),
            )
            .map_err(|rejection: Rejection| {
                rejection.hint("anchor to the newest checkpoint and sign again")
            }),
            _ => Ok(()),
        }
    }

    fn admit_event(
        &self,
        commit: &Recorded,
        position: usize,
        event: &Arc<Event>,
    ) -> Result<Vec<Filled>, Rejection> {
        if let Data::LedgerCreated(data) = &event.data {
            self.founding(commit, data)?;
            return Ok(Vec::new());
        }
        self.is_open(event)?;
        self.log_keeps_to_the_map(commit, event)?;
        let filled = fill(self, commit, event);
        self.authorised(commit, event, &filled)?;
        self.follows(event)?;
        self.names_what_is_there(commit, position, event)?;
        key_faults(commit, event.address.position)?;
        Ok(filled)
    }

    fn is_open(&self, event: &Event) -> Verdict {
        let closed = self.constitution().and_then(|facts| facts.closed.as_ref());
        match closed {
            Some(closed) if !matches!(event.data, Data::LedgerMapped(_)) => no(
                Code::Closed,
                format!(
                    "a ledger closed by {} at {}",
                    closed.data.name(),
                    closed.address
                ),
                "an open ledger",
            )
            .map_err(|rejection: Rejection| match &closed.data {
                Data::LedgerMoved(data) => {
                    rejection.hint(format!("it goes on as {}", data.successor.origin))
                }
                _ => rejection,
            }),
            _ => Ok(()),
        }
    }

    fn log_keeps_to_the_map(&self, commit: &Recorded, event: &Event) -> Verdict {
        let by_log = commit
            .signers
            .iter()
            .any(|signer| signer.agent == Slug::log());
        let on_log = event.subject == Subject::log();
        let Data::LedgerMapped(data) = &event.data else {
            if by_log {
                return no(
                    Code::Map,
                    "a signature by the log key",
                    "the log key under ledger.mapped only",
                );
            }
            if on_log {
                return no(
                    Code::Map,
                    format!("{} on agent/log", event.data.name()),
                    "ledger.mapped only",
                );
            }
            return Ok(());
        };
        let is_alone = commit.events.len() == 1 && commit.signers.len() == 1;
        if !by_log || !on_log || !is_alone || commit.author != Slug::log() {
            return no(
                Code::Map,
                "ledger.mapped in other company",
                "ledger.mapped on agent/log, alone in its commit, by agent/log with one signature",
            );
        }
        if data.size != commit.index {
            return no(
                Code::Map,
                format!("a map of {} entries", data.size),
                format!("a map of the {} entries before it", commit.index),
            );
        }
        let subjects = self.streams.len() as u64;
        if data.subjects != subjects {
            return no(
                Code::Map,
                format!("{} subjects", data.subjects),
                format!("the {subjects} subjects that have streams"),
            );
        }
        Ok(())
    }

    fn authorised(&self, commit: &Recorded, event: &Event, filled: &[Filled]) -> Verdict {
        for (name, filled) in asked(self, event).into_iter().zip(filled) {
            if !holds(filled, commit) {
                return Err(self.unauthorised(commit, event, name, filled));
            }
        }
        if let Data::PolicyChanged(_) = &event.data {
            return self.stewards_agree(commit, event);
        }
        Ok(())
    }

    /// A new policy needs the stewards' threshold of both the old and the new, whatever its rule.
    fn stewards_agree(&self, commit: &Recorded, event: &Event) -> Verdict {
        match stewards_asked(self, commit, event) {
            Some(filled) if !holds(&filled, commit) => no(
                Code::Role,
                format!("{} stewards' signatures", filled.counted.len()),
                format!(
                    "{}, the threshold of both the old policy and the new",
                    filled.needed
                ),
            ),
            _ => Ok(()),
        }
    }

    fn unauthorised(
        &self,
        commit: &Recorded,
        event: &Event,
        name: &'static str,
        filled: &Filled,
    ) -> Rejection {
        let rule = self
            .constitution()
            .and_then(|facts| facts.policy.rules.get(name));
        let Some(rule) = rule else {
            return Rejection::new(
                Code::Role,
                name,
                "an act that the policy in force has a rule for",
            );
        };
        if filled.binds_author && filled.not_only.as_ref() == Some(&commit.author) {
            return Rejection::new(
                Code::Role,
                format!(
                    "an attestation by agent/{}, who asserted this claim",
                    commit.author
                ),
                "an attester who is not the asserter",
            )
            .hint("you asserted this claim; only others attest: grounds agent add");
        }
        let roles: Vec<&str> = rule.roles.0.iter().map(|role| role.word()).collect();
        let kinds = rule.kinds.as_ref().map(|kinds| {
            let words: Vec<&str> = kinds.0.iter().map(|kind| kind.word()).collect();
            format!(" of kind {}", words.join(" or "))
        });
        let other = match rule.other_than {
            Some(_) => ", one of them not the asserter",
            None => "",
        };
        let signed: Vec<String> = commit
            .signers
            .iter()
            .map(|signer| self.described(&signer.agent))
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        let rejection = Rejection::new(
            Code::Role,
            format!("{name} signed by {}", signed.join(", ")),
            format!(
                "{} signature{} by agents with role {}{}{other}, the author among them",
                filled.needed,
                if filled.needed == 1 { "" } else { "s" },
                if roles.is_empty() {
                    "none".to_owned()
                } else {
                    roles.join(" or ")
                },
                kinds.unwrap_or_default(),
            ),
        );
        if filled.needed > 1 && event.subject != Subject::Ledger {
            return rejection.hint("write it with --out FILE, have the others run grounds sign FILE, then grounds submit FILE");
        }
        if filled.needed > 1 {
            return rejection
                .hint("collect the signatures with grounds sign FILE, then grounds submit FILE");
        }
        rejection.hint("grounds show agent/… tells an agent's roles; a steward changes them with grounds agent change")
    }

    fn described(&self, slug: &Slug) -> String {
        let roles = self
            .agents
            .get(slug)
            .and_then(|agent| agent.profile.as_ref())
            .map(|profile| {
                let words: Vec<&str> = profile.roles.0.iter().map(|role| role.word()).collect();
                if words.is_empty() {
                    "no role".to_owned()
                } else {
                    words.join(", ")
                }
            });
        format!(
            "agent/{slug} ({})",
            roles.unwrap_or_else(|| "no role".to_owned())
        )
    }

    /// The hash chain of the stream.
    fn follows(&self, event: &Event) -> Verdict {
        let head = self.stream(&event.subject);
        let (seq, last) = head.map_or((0, None), |head| (head.seq, Some(head.last)));
        if creates(&event.data) && self.is_taken(&event.subject) {
            return no(
                Code::Exists,
                format!("{} again", event.subject),
                "a subject that is not there yet",
            )
            .map_err(|rejection: Rejection| rejection.hint("choose another slug"));
        }
        if event.seq == seq + 1 && event.prev == last {
            return Ok(());
        }
        let found = if event.seq == seq + 1 {
            let prev = event
                .prev
                .map_or_else(|| "null".to_owned(), |id| id.to_string());
            format!("{} at seq {} after {prev}", event.subject, event.seq)
        } else {
            format!("{} at seq {}", event.subject, event.seq)
        };
        let last_text = last.map_or_else(|| "null".to_owned(), |id| id.to_string());
        let mut rejection = Rejection::new(
            Code::Conflict,
            found,
            format!("seq {} after {last_text}", seq + 1),
        )
        .hint(format!(
            "grounds log {} -n 1, then sign again",
            event.subject
        ));
        rejection.head = Some(Box::new((event.subject.clone(), seq, last)));
        Err(rejection)
    }

    fn names_what_is_there(&self, commit: &Recorded, position: usize, event: &Event) -> Verdict {
        if let Data::EventReaffirmed(data) = &event.data {
            return self.may_reaffirm(&commit.events[..position], event, data.r#ref);
        }
        if !creates(&event.data) && !self.exists(&event.subject) {
            return missing(&event.subject);
        }
        match &event.data {
            Data::ModelAdopted(data) => {
                let models = self.constitution().map(|facts| facts.models.as_slice());
                let again = models.unwrap_or_default().last().is_some_and(
                    |event| matches!(&event.data, Data::ModelAdopted(last) if last == data),
                );
                if again {
                    exists(format!("{}@{}", data.model, data.version))
                } else {
                    Ok(())
                }
            }
            Data::AgentRegistered(data) => self.are_new_keys(&data.keys.0),
            Data::KeyAdded(data) => {
                self.is_new_key(&data.key)?;
                self.is_the_announced_key(commit, event, &data.key)
            }
            Data::KeyRevoked(data) => self.may_revoke(commit, event, data),
            Data::ArtifactRegistered(data) => match &data.doi {
                Some(doi) => match self.artifact_of_doi(doi) {
                    Some(slug) => exists(format!("the DOI {doi}, of artifact/{slug},")),
                    None => Ok(()),
                },
                None => Ok(()),
            },
            Data::ArtifactStandingChanged(data) => match &data.by {
                Some(by) => self.is_another(&event.subject, &by.subject()),
                None => Ok(()),
            },
            Data::NoteAdded(data) => match data.on {
                Some(seq) if self.event(&event.subject, seq).is_none() => {
                    not_referable(seq, "an event of this stream")
                }
                _ => Ok(()),
            },
            _ => match &event.subject {
                Subject::Entity(Kind::Claim, slug) => match self.claims.get(slug) {
                    Some(claim) => self.claim_allows(claim, event),
                    None => Ok(()),
                },
                _ => Ok(()),
            },
        }
    }

    /// The subject need not exist in effect: its creation may be what is brought back.
    fn may_reaffirm(&self, earlier: &[Arc<Event>], event: &Event, seq: Seq) -> Verdict {
        if !self.is_taken(&event.subject) {
            return missing(&event.subject);
        }
        let Some(referred) = self.event(&event.subject, seq) else {
            return not_referable(seq, "an event of this stream");
        };
        // What is set aside is found out at the end of a commit.
        let is_done = earlier.iter().any(|earlier| {
            earlier.subject == event.subject
                && matches!(&earlier.data, Data::EventReaffirmed(data) if data.r#ref == seq)
        });
        let is_aside = self.is_set_aside(referred.address) && !is_done;
        referable(is_aside, seq, "an event that is set aside now")
    }

    fn claim_allows(&self, claim: &Claim, event: &Event) -> Verdict {
        match &event.data {
            Data::StatusChanged(data) => self.status_may_step(claim, &event.subject, data),
            Data::ClaimScoped(data) => {
                self.is_there(&data.context.subject())?;
                scope_is_new(claim, data)
            }
            Data::ClaimUnscoped(data) => {
                let live = claim.live_scopes().any(|(made, _)| made.seq == data.r#ref);
                referable(live, data.r#ref, "a live claim.scoped of this claim")
            }
            Data::ClaimLinked(data) => {
                self.is_another(&event.subject, &data.target.subject())?;
                link_is_new(claim, data)
            }
            Data::ClaimUnlinked(data) => {
                let live = claim.live_links().any(|(made, _)| made.seq == data.r#ref);
                referable(live, data.r#ref, "a live claim.linked of this claim")
            }
            Data::EvidenceAdded(data) => {
                self.is_there(&data.artifact.subject())?;
                if let Some(original) = &data.replicates {
                    self.is_there(&original.subject())?;
                }
                edge_is_new(claim, data)
            }
            Data::EvidenceRevised(data) => edge_is_live(claim, data.r#ref),
            Data::EvidenceWithdrawn(data) => edge_is_live(claim, data.r#ref),
            Data::AttestationMade(data) => attestation_is_new(claim, event, data),
            Data::AttestationWithdrawn(data) => {
                let live = claim.live_attestation(data.r#ref).is_some();
                referable(
                    live,
                    data.r#ref,
                    "a live attestation.made on the current version",
                )
            }
            _ => Ok(()),
        }
    }

    fn is_there(&self, subject: &Subject) -> Verdict {
        if self.exists(subject) || !self.carries(subject) {
            Ok(())
        } else {
            missing(subject)
        }
    }

    fn is_another(&self, own: &Subject, other: &Subject) -> Verdict {
        if own == other {
            return no(
                Code::Self_,
                other.to_string(),
                "another subject than the event's own",
            );
        }
        self.is_there(other)
    }

    fn status_may_step(&self, claim: &Claim, own: &Subject, data: &StatusChanged) -> Verdict {
        let now = &claim.status;
        if let Some(by) = &data.by {
            self.is_another(own, &by.subject())?;
        }
        if let Some(to) = data.lifecycle
            && !lifecycle_may_step(now.lifecycle, to)
        {
            return no(
                Code::Status,
                format!("lifecycle {} → {to}", now.lifecycle),
                format!("one of: {}", steps_from(now.lifecycle)),
            );
        }
        if data.standing == Some(now.standing) {
            return no(
                Code::Status,
                format!("standing {}", now.standing),
                "a standing different from now",
            );
        }
        let needs_by = matches!(
            data.lifecycle,
            Some(Lifecycle::Superseded | Lifecycle::Merged)
        );
        match &data.by {
            None if needs_by => no(Code::Status, "no by", "by, the claim that takes its place"),
            Some(_) if !needs_by => no(
                Code::Status,
                "by without superseded or merged",
                "by only with superseded or merged",
            ),
            Some(by) => self.is_no_circle(own, &by.0),
            None => Ok(()),
        }
    }

    /// Following `by` from claim to claim must not come back.
    fn is_no_circle(&self, own: &Subject, first: &Slug) -> Verdict {
        let mut next = Some(first.clone());
        let mut steps = 0;
        while let Some(slug) = next.filter(|_| steps <= self.claims.len()) {
            if own.slug() == Some(&slug) {
                return no(
                    Code::Self_,
                    format!("claim/{first}, which leads back to {own}"),
                    "a claim that does not stand on this one",
                );
            }
            next = self
                .claims
                .get(&slug)
                .and_then(|claim| claim.status.by.clone());
            steps += 1;
        }
        Ok(())
    }

    fn are_new_keys(&self, keys: &[KeyClaim]) -> Verdict {
        let mut seen = BTreeSet::new();
        for claimed in keys {
            self.is_new_key(&claimed.key)?;
            if !seen.insert(claimed.key) {
                return no(
                    Code::Key,
                    format!("{} twice", claimed.key.id()),
                    "each key once in the ledger's life",
                );
            }
        }
        Ok(())
    }

    fn is_new_key(&self, key: &crate::value::PublicKey) -> Verdict {
        match self.keys.get(&key.id()) {
            None => Ok(()),
            Some(owner) => no(
                Code::Key,
                format!(
                    "{}, a key of agent/{} since @{}",
                    key.id(),
                    owner.agent,
                    owner.registered
                ),
                "a key that was never registered in this ledger",
            ),
        }
    }

    /// Pre-rotation: an announced key binds the agent's next one, unless enough other stewards sign.
    fn is_the_announced_key(
        &self,
        commit: &Recorded,
        event: &Event,
        key: &crate::value::PublicKey,
    ) -> Verdict {
        match stewards_asked(self, commit, event) {
            Some(filled) if !holds(&filled, commit) => no(
                Code::Key,
                format!("{}, which is not the announced key", key.id()),
                format!(
                    "the announced key, or the signatures of {} stewards other than {}",
                    filled.needed, event.subject
                ),
            ),
            _ => Ok(()),
        }
    }

    fn may_revoke(&self, commit: &Recorded, event: &Event, data: &KeyRevoked) -> Verdict {
        let held = event
            .subject
            .slug()
            .and_then(|slug| self.agent_key(slug, &data.key));
        let Some(held) = held else {
            return no(
                Code::Key,
                data.key.to_string(),
                format!("a key of {}", event.subject),
            );
        };
        let has_since = |event: &Arc<Event>| matches!(&event.data, Data::KeyRevoked(before) if before.since.is_some());
        let again =
            !held.is_valid() && (data.since.is_none() || held.revoked.iter().any(has_since));
        if again {
            return no(
                Code::Key,
                format!("{}, which is revoked already", data.key),
                "a valid key, or one revoked without since, to be revoked with it",
            );
        }
        let Some(since) = data.since else {
            return Ok(());
        };
        if commit.signers.iter().any(|signer| signer.key == data.key) {
            return no(
                Code::Since,
                "a signature by the revoked key itself",
                "a revocation with since that the revoked key does not sign",
            );
        }
        let registered = held.registered.address.entry;
        if (registered..=commit.index).contains(&since) {
            return Ok(());
        }
        no(
            Code::Since,
            format!("since {since}"),
            format!(
                "an entry from {registered}, where the key was registered, to {}",
                commit.index
            ),
        )
    }

    /// Judged at the end of the commit, after setting aside.
    fn keeps_its_stewards(&self, commit: &Recorded) -> Verdict {
        let moves = |event: &Arc<Event>| {
            matches!(
                event.data,
                Data::LedgerCreated(_)
                    | Data::PolicyChanged(_)
                    | Data::AgentChanged(_)
                    | Data::KeyRevoked(_)
                    | Data::EventReaffirmed(_)
            )
        };
        let Some(facts) = self.constitution() else {
            return Ok(());
        };
        // Of a part of the ledger nobody can tell how many stewards there are.
        if self.is_partial() || !commit.events.iter().any(moves) {
            return Ok(());
        }
        let able = self.able_stewards();
        if able < facts.policy.stewards {
            let changes_policy = commit
                .events
                .iter()
                .any(|event| matches!(event.data, Data::PolicyChanged(_) | Data::LedgerCreated(_)));
            let code = if changes_policy {
                Code::Policy
            } else {
                Code::Stewards
            };
            return no(
                code,
                format!("{able} stewards with a valid key"),
                format!(
                    "at least {}, the stewards' threshold",
                    facts.policy.stewards
                ),
            )
            .map_err(|rejection: Rejection| rejection.hint("add a key or a steward first"));
        }
        policy_can_be(&facts.policy, able)
    }

    fn founding(&self, commit: &Recorded, data: &LedgerCreated) -> Verdict {
        if self.constitution.is_some() {
            return no(
                Code::Genesis,
                "ledger.created again",
                "one genesis, in entry 0",
            );
        }
        key_faults(commit, 0)?;
        founders_are_distinct(data)
    }
}

/// Whether those who signed fill what was asked.
fn holds(filled: &Filled, commit: &Recorded) -> bool {
    let present = |slug: &Slug| commit.signers.iter().any(|signer| signer.agent == *slug);
    filled.holds(&commit.author, &present)
}

/// Whether an event of this type is the first of its subject.
fn creates(data: &Data) -> bool {
    matches!(
        data,
        Data::LedgerCreated(_)
            | Data::AgentRegistered(_)
            | Data::ArtifactRegistered(_)
            | Data::ContextDefined(_)
            | Data::ClaimAsserted(_)
            | Data::ViewDefined(_)
    )
}

/// The form of entry 0.
fn genesis(commit: &Recorded) -> Verdict {
    let is_first = commit.index == 0 && commit.anchor.is_none();
    let [event] = commit.events.as_slice() else {
        return no(
            Code::Genesis,
            format!("{} events", commit.events.len()),
            "one event, ledger.created",
        );
    };
    let Data::LedgerCreated(data) = &event.data else {
        return no(
            Code::Genesis,
            event.data.name(),
            "ledger.created as the first event of a ledger",
        );
    };
    if !is_first || event.seq != 1 || event.prev.is_some() {
        return no(
            Code::Genesis,
            format!(
                "entry {}, seq {}, anchor {:?}",
                commit.index, event.seq, commit.anchor
            ),
            "entry 0, seq 1, prev null, anchor null",
        );
    }
    let stewards: BTreeSet<&Slug> = data
        .agents
        .0
        .iter()
        .filter(|agent| agent.roles.0.contains(&Role::Steward))
        .map(|agent| &agent.slug)
        .collect();
    if !stewards.contains(&commit.author) {
        return no(
            Code::Genesis,
            format!("author agent/{}", commit.author),
            "a steward named in agents",
        );
    }
    let signed: BTreeSet<&Slug> = commit.signers.iter().map(|signer| &signer.agent).collect();
    if signed != stewards || commit.signers.len() != stewards.len() {
        return no(
            Code::Genesis,
            format!(
                "{} signatures by {} agents",
                commit.signers.len(),
                signed.len()
            ),
            format!(
                "exactly one signature by each of the {} stewards",
                stewards.len()
            ),
        );
    }
    if data.log_key.0.name() != data.origin.as_str() {
        return no(
            Code::Genesis,
            format!(
                "a log key named {}",
                crate::value::excerpt(data.log_key.0.name())
            ),
            format!("a log key named {}", data.origin),
        );
    }
    policy_can_be(&data.policy, stewards.len() as u64)
}

fn founders_are_distinct(data: &LedgerCreated) -> Verdict {
    let log_key = crate::value::PublicKey(data.log_key.0.public_key().to_bytes());
    let mut slugs = BTreeSet::from([Slug::log()]);
    let mut keys = BTreeSet::from([log_key]);
    for agent in &data.agents.0 {
        if !slugs.insert(agent.slug.clone()) {
            return no(
                Code::Genesis,
                format!("agent/{} twice or reserved", agent.slug),
                "distinct agents, none called log",
            );
        }
        for key in &agent.keys.0 {
            if !keys.insert(key.key) {
                return no(
                    Code::Key,
                    format!("{} twice", key.key.id()),
                    "each key once in the ledger's life",
                );
            }
        }
    }
    Ok(())
}

fn key_faults(commit: &Recorded, position: u16) -> Verdict {
    let fault = commit
        .key_faults
        .iter()
        .find(|fault| fault.position == position);
    match fault.map(|fault| (&fault.fault, fault.key.id())) {
        None => Ok(()),
        Some((KeyFaultKind::Unsound(why), id)) => no(
            Code::Key,
            format!("{id}, {why}"),
            "a canonical, torsion-free key that is not of small order",
        ),
        Some((KeyFaultKind::Possession, id)) => no(
            Code::Possession,
            format!("a proof that {id} did not sign"),
            "the key's signature over grounds/v1/possession, the origin, the agent and the key id",
        ),
    }
}

/// What a policy must have so that nobody is locked out.
fn policy_can_be(policy: &Policy, able: u64) -> Verdict {
    if policy.stewards > able {
        return no(
            Code::Policy,
            format!("a threshold of {}", policy.stewards),
            format!("at most {able}, the stewards with a valid key"),
        );
    }
    for name in ["ledger.policy_changed", "agent.registered/power"] {
        if !policy.rules.contains_key(name) {
            return no(
                Code::Policy,
                format!("no rule for {name}"),
                "a rule for it: nobody could change anything",
            );
        }
    }
    for (name, rule) in &policy.rules {
        if rule.roles.0.is_empty() && rule.alone.is_none() {
            return no(
                Code::Policy,
                format!("a rule for {name} without roles and alone"),
                "roles, or alone",
            );
        }
        if rule.roles.0 == [Role::Steward] && policy.needed(rule) > able {
            return no(
                Code::Policy,
                format!("{} signatures of stewards for {name}", policy.needed(rule)),
                format!("at most {able}, the stewards with a valid key"),
            );
        }
    }
    Ok(())
}

fn lifecycle_may_step(from: Lifecycle, to: Lifecycle) -> bool {
    use Lifecycle::{Active, Merged, Proposed, Retracted, Superseded};
    match from {
        Proposed => matches!(to, Active | Retracted),
        Active => matches!(to, Superseded | Merged | Retracted),
        Superseded | Merged => to == Active,
        Retracted => false,
    }
}

fn steps_from(from: Lifecycle) -> String {
    let steps: Vec<&str> = Lifecycle::ALL
        .iter()
        .filter(|to| lifecycle_may_step(from, **to))
        .map(|to| to.word())
        .collect();
    if steps.is_empty() {
        "none; this is final".to_owned()
    } else {
        steps.join(", ")
    }
}

fn missing<T>(subject: &Subject) -> Result<T, Rejection> {
    no(
        Code::Missing,
        format!("{subject}, which does not exist"),
        "a subject that exists in effect",
    )
}

fn exists(what: String) -> Verdict {
    no(
        Code::Exists,
        format!("{what} again"),
        "something that is not there already",
    )
}

fn not_referable(seq: Seq, expected: &str) -> Verdict {
    no(Code::Ref, format!("ref {seq}"), expected)
}

fn referable(live: bool, seq: Seq, expected: &str) -> Verdict {
    if live {
        Ok(())
    } else {
        not_referable(seq, expected)
    }
}

fn edge_is_live(claim: &Claim, seq: Seq) -> Verdict {
    referable(
        claim.live_edge(seq).is_some(),
        seq,
        "a live evidence.added of this claim",
    )
}

fn edge_is_new(claim: &Claim, data: &EvidenceAdded) -> Verdict {
    let same = claim.live_evidence().find(|edge| {
        edge.relation == data.relation && edge.artifact == data.artifact && edge.key == data.key
    });
    match same {
        None => Ok(()),
        Some(edge) => exists(format!(
            "{} by {} ({})",
            data.relation,
            data.artifact.subject(),
            edge.added.address
        )),
    }
}

fn scope_is_new(claim: &Claim, data: &ClaimScoped) -> Verdict {
    let same = |(_, live): &(&Arc<Event>, &ClaimScoped)| {
        live.relation == data.relation && live.context == data.context
    };
    match claim.live_scopes().find(same) {
        None => Ok(()),
        Some(_) => exists(format!("{} {}", data.relation, data.context.subject())),
    }
}

fn link_is_new(claim: &Claim, data: &ClaimLinked) -> Verdict {
    let same = |(_, live): &(&Arc<Event>, &ClaimLinked)| {
        live.relation == data.relation && live.target == data.target
    };
    match claim.live_links().find(same) {
        None => Ok(()),
        Some(_) => exists(format!("{} {}", data.relation, data.target.subject())),
    }
}

fn attestation_is_new(claim: &Claim, event: &Event, data: &AttestationMade) -> Verdict {
    let current = claim.version();
    if data.version != current {
        return no(
            Code::Version,
            format!("version {}", data.version),
            format!("v{current}, the current version"),
        )
        .map_err(|rejection: Rejection| {
            rejection.hint("read the claim as it is now, then attest to that")
        });
    }
    let same = claim
        .live_attestations()
        .find(|made| made.made.author == event.author);
    match same {
        None => Ok(()),
        Some(made) => exists(format!(
            "an attestation by agent/{} ({})",
            event.author, made.made.address
        ))
        .map_err(|rejection: Rejection| {
            rejection.hint("grounds attest withdraw, then attest again")
        }),
    }
}

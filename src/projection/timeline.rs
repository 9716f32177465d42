//! Timeline: every event in words, newest first.

use serde::{Deserialize, Serialize};

use crate::claim::{Data, Event, EvidenceRelation, Lifecycle, Standing, State};
use crate::value::{Address, Seq, Slug, Subject, Time};

use super::page::fields_given;
use super::words::{
    Byline, Phrase, agent_name, artifact_title, claim_statement, context_name, counted,
};

/// An event in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct TimelineRow {
    /// Who signed it, where it stands, when.
    pub by: Byline,
    /// What it changes.
    pub subject: Subject,
    /// Its position in the subject's stream.
    #[cfg_attr(feature = "net", schema(value_type = u64))]
    pub seq: Seq,
    /// Its type.
    pub r#type: String,
    /// What happened.
    pub words: Phrase,
    /// Whether it is set aside: a key that signed it was compromised.
    pub set_aside: bool,
}

/// Which events are asked for; none of a field means all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Asked {
    /// On this subject.
    pub subject: Option<Subject>,
    /// By this author.
    pub author: Option<Slug>,
    /// Of this type, or of the types that begin with this word and a dot (`evidence`).
    pub r#type: Option<String>,
    /// Recorded at this instant or later.
    pub since: Option<Time>,
    /// Recorded at this instant or earlier.
    pub until: Option<Time>,
    /// Before this one in the log: where an earlier answer ended.
    pub before: Option<Address>,
}

impl Asked {
    fn fits(&self, event: &Event) -> bool {
        let name = event.data.name();
        self.subject
            .as_ref()
            .is_none_or(|one| *one == event.subject)
            && self.author.as_ref().is_none_or(|one| *one == event.author)
            && self.r#type.as_ref().is_none_or(|one| {
                name.strip_prefix(one.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            })
            && self.since.is_none_or(|since| event.recorded >= since)
            && self.until.is_none_or(|until| event.recorded <= until)
            && self.before.is_none_or(|before| event.address < before)
    }
}

/// The events that are asked for, newest first; a row is made as it is taken.
pub fn timeline<'s>(state: &'s State, asked: &'s Asked) -> impl Iterator<Item = TimelineRow> + 's {
    let events = state.history().iter().rev();
    events
        .flat_map(|entry| entry.events.iter().rev())
        .filter(|event| asked.fits(event))
        .map(|event| row(state, event))
}

/// An event of a state in words.
#[must_use]
pub fn row(state: &State, event: &Event) -> TimelineRow {
    TimelineRow {
        by: Byline::of(state, event),
        subject: event.subject.clone(),
        seq: event.seq,
        r#type: event.data.name().to_owned(),
        words: said(state, event),
        set_aside: state.is_set_aside(event.address),
    }
}

/// What an event says happened.
pub(super) fn said(state: &State, event: &Event) -> Phrase {
    match &event.data {
        Data::LedgerCreated(_)
        | Data::PolicyChanged(_)
        | Data::ModelAdopted(_)
        | Data::LedgerMoved(_)
        | Data::LedgerFrozen(_)
        | Data::LedgerMapped(_) => of_ledger(event),
        Data::AgentRegistered(_)
        | Data::AgentChanged(_)
        | Data::KeyAdded(_)
        | Data::KeyRevoked(_) => of_agent(state, event),
        Data::ArtifactRegistered(_)
        | Data::ArtifactAppraised(_)
        | Data::ArtifactStandingChanged(_) => of_artifact(state, event),
        Data::EvidenceAdded(_) | Data::EvidenceRevised(_) | Data::EvidenceWithdrawn(_) => {
            of_evidence(state, event)
        }
        Data::AttestationMade(_) | Data::AttestationWithdrawn(_) => of_attestation(state, event),
        Data::ContextDefined(_)
        | Data::ViewDefined(_)
        | Data::ViewChanged(_)
        | Data::EventReaffirmed(_)
        | Data::NoteAdded(_) => of_others(state, event),
        Data::ClaimAsserted(_)
        | Data::ClaimRevised(_)
        | Data::StatusChanged(_)
        | Data::ClaimScoped(_)
        | Data::ClaimUnscoped(_)
        | Data::ClaimLinked(_)
        | Data::ClaimUnlinked(_) => of_claim(state, event),
    }
}

fn of_ledger(event: &Event) -> Phrase {
    match &event.data {
        Data::LedgerCreated(data) => Phrase::of("created the ledger")
            .ledger(&data.title)
            .ours(format!("with {}", counted(data.agents.0.len(), "agent"))),
        Data::PolicyChanged(data) => Phrase::of(format!(
            "changed the policy; the stewards' threshold is {}",
            data.policy.stewards
        )),
        Data::ModelAdopted(data) => {
            let as_default = if data.default {
                "as the default"
            } else {
                "beside the default"
            };
            Phrase::of("adopted the model")
                .ledger(&data.model)
                .ledger(&data.version)
                .ours(as_default)
        }
        Data::LedgerMoved(data) => Phrase::of("moved the ledger to")
            .ledger(&data.successor.origin)
            .ours("because")
            .ledger(&data.reason),
        Data::LedgerFrozen(data) => Phrase::of("froze the ledger because").ledger(&data.reason),
        Data::LedgerMapped(data) => Phrase::of(format!(
            "signed the map of {} over {}",
            counted(
                usize::try_from(data.subjects).unwrap_or(usize::MAX),
                "subject"
            ),
            match data.size {
                1 => "1 entry".to_owned(),
                more => format!("{more} entries"),
            }
        )),
        _ => Phrase::default(),
    }
}

fn of_agent(state: &State, event: &Event) -> Phrase {
    match &event.data {
        Data::AgentRegistered(data) => {
            Phrase::of(format!("registered the {}", data.kind)).ledger(&data.name)
        }
        Data::AgentChanged(data) => {
            let mut phrase = Phrase::of("changed");
            if let Some(name) = &data.name {
                phrase = phrase.ours("the name to").ledger(name);
            }
            if let Some(community) = &data.community {
                phrase = phrase.ours("the community to").ledger(community);
            }
            if let Some(reliability) = data.reliability {
                phrase = phrase.ours(format!("the reliability to {reliability}"));
            }
            if let Some(roles) = &data.roles {
                let words: Vec<&str> = roles.0.iter().map(|role| role.word()).collect();
                phrase = phrase.ours(match words.is_empty() {
                    true => "the roles to none".to_owned(),
                    false => format!("the roles to {}", words.join(", ")),
                });
            }
            phrase
                .ours("of")
                .ledger(subject_name(state, &event.subject))
        }
        Data::KeyAdded(data) => Phrase::of(format!("added the key {} to", data.key.id()))
            .ledger(subject_name(state, &event.subject)),
        Data::KeyRevoked(data) => {
            let since = data
                .since
                .map_or_else(String::new, |since| format!(" since entry {since}"));
            Phrase::of(format!(
                "revoked the key {} ({}{since}) of",
                data.key, data.reason
            ))
            .ledger(subject_name(state, &event.subject))
        }
        _ => Phrase::default(),
    }
}

fn of_artifact(state: &State, event: &Event) -> Phrase {
    match &event.data {
        Data::ArtifactRegistered(data) => {
            let phrase = Phrase::of("registered the artifact").ledger(&data.title);
            match &data.label {
                Some(label) => phrase.ours("·").ledger(label),
                None => phrase,
            }
        }
        Data::ArtifactAppraised(data) => {
            let given = [
                ("credibility", data.credibility),
                ("methodology", data.methodology),
                ("replication", data.replication),
            ];
            let given: Vec<String> = given
                .iter()
                .filter_map(|(name, value)| Some(format!("{name} {}", (*value)?)))
                .collect();
            Phrase::of("appraised")
                .ledger(subject_name(state, &event.subject))
                .ours(format!("with {}", given.join(", ")))
        }
        Data::ArtifactStandingChanged(data) => Phrase::of("changed the standing of")
            .ledger(subject_name(state, &event.subject))
            .ours(format!("to {} because", data.standing))
            .ledger(&data.reason),
        _ => Phrase::default(),
    }
}

fn of_claim(state: &State, event: &Event) -> Phrase {
    match &event.data {
        Data::ClaimAsserted(data) => Phrase::of("asserted the claim").ledger(&data.statement),
        Data::ClaimRevised(data) => {
            let fields = fields_given(&event.data).join(", ");
            let phrase = Phrase::of(format!("revised {fields}"));
            match &data.statement {
                Some(statement) => phrase.ours("to").ledger(statement),
                None => phrase.ours("because").ledger(&data.reason),
            }
        }
        Data::StatusChanged(data) => {
            let (lifecycle, standing) = status_before(state, event);
            let mut steps = Vec::new();
            steps.extend(
                data.lifecycle
                    .map(|to| format!("lifecycle {lifecycle} → {to}")),
            );
            steps.extend(
                data.standing
                    .map(|to| format!("standing {standing} → {to}")),
            );
            let phrase = Phrase::of(format!("changed {}", steps.join(", ")));
            match &data.by {
                Some(by) => phrase.ours("by").ledger(claim_statement(state, &by.0)),
                None => phrase,
            }
        }
        Data::ClaimScoped(data) => Phrase::of(match data.relation {
            crate::claim::ScopeRelation::HoldsIn => "said that it holds in",
            crate::claim::ScopeRelation::FailsIn => "said that it fails in",
        })
        .ledger(context_name(state, &data.context.0)),
        Data::ClaimUnscoped(data) => {
            match &state.event(&event.subject, data.r#ref).map(|e| &e.data) {
                Some(Data::ClaimScoped(scoped)) => {
                    Phrase::of("took back the scope").ledger(context_name(state, &scoped.context.0))
                }
                _ => Phrase::of(format!("took back the scope of event {}", data.r#ref)),
            }
        }
        Data::ClaimLinked(data) => Phrase::of(format!(
            "linked it: {}",
            data.relation.word().replace('_', " ")
        ))
        .ledger(claim_statement(state, &data.target.0)),
        Data::ClaimUnlinked(data) => {
            match &state.event(&event.subject, data.r#ref).map(|e| &e.data) {
                Some(Data::ClaimLinked(linked)) => Phrase::of("took back the link to")
                    .ledger(claim_statement(state, &linked.target.0)),
                _ => Phrase::of(format!("took back the link of event {}", data.r#ref)),
            }
        }
        _ => Phrase::default(),
    }
}

/// Where a claim was before a change of its status, by the changes in effect.
fn status_before(state: &State, event: &Event) -> (Lifecycle, Standing) {
    let mut status = (Lifecycle::Proposed, Standing::Hypothesis);
    let claim = event.subject.slug().and_then(|slug| state.claim(slug));
    let earlier = claim
        .into_iter()
        .flat_map(|claim| &claim.events)
        .take_while(|(one, _)| one.seq < event.seq);
    for (one, in_effect) in earlier {
        if let (Data::StatusChanged(data), true) = (&one.data, in_effect) {
            status = (
                data.lifecycle.unwrap_or(status.0),
                data.standing.unwrap_or(status.1),
            );
        }
    }
    status
}

fn of_evidence(state: &State, event: &Event) -> Phrase {
    let side = |relation: EvidenceRelation| match relation {
        EvidenceRelation::Supports => "supporting",
        EvidenceRelation::Disputes => "disputing",
    };
    let referred = |did: &str, seq: Seq| match state.event(&event.subject, seq).map(|e| &e.data) {
        Some(Data::EvidenceAdded(added)) => {
            Phrase::of(format!("{did} the {} evidence from", side(added.relation)))
                .ledger(artifact_title(state, &added.artifact.0))
        }
        _ => Phrase::of(format!("{did} the evidence of event {seq}")),
    };
    match &event.data {
        Data::EvidenceAdded(data) => {
            Phrase::of(format!("added {} evidence from", side(data.relation)))
                .ledger(artifact_title(state, &data.artifact.0))
        }
        Data::EvidenceRevised(data) => referred("revised", data.r#ref)
            .ours("because")
            .ledger(&data.reason),
        Data::EvidenceWithdrawn(data) => referred("withdrew", data.r#ref)
            .ours("because")
            .ledger(&data.reason),
        _ => Phrase::default(),
    }
}

fn of_attestation(state: &State, event: &Event) -> Phrase {
    match &event.data {
        Data::AttestationMade(data) => Phrase::of(format!(
            "attested: {} v{} with weight {}",
            data.verdict, data.version, data.weight
        )),
        Data::AttestationWithdrawn(data) => {
            let made = state.event(&event.subject, data.r#ref);
            let phrase = match made {
                Some(made) => Phrase::of("withdrew the attestation of").ledger(
                    agent_name(state, &made.author).unwrap_or_else(|| made.author.to_string()),
                ),
                None => Phrase::of(format!("withdrew the attestation of event {}", data.r#ref)),
            };
            phrase.ours("because").ledger(&data.reason)
        }
        _ => Phrase::default(),
    }
}

fn of_others(state: &State, event: &Event) -> Phrase {
    match &event.data {
        Data::ContextDefined(data) => Phrase::of("defined the context").ledger(&data.name),
        Data::ViewDefined(data) => Phrase::of("defined the view").ledger(&data.name),
        Data::ViewChanged(data) => Phrase::of("changed the view").ledger(&data.name),
        Data::EventReaffirmed(data) => {
            let target = state.event(&event.subject, data.r#ref);
            let phrase = match target {
                Some(target) => Phrase::of(format!(
                    "reaffirmed {} {}",
                    target.data.name(),
                    super::words::address_text(state, target.address)
                )),
                None => Phrase::of(format!("reaffirmed event {}", data.r#ref)),
            };
            phrase.ours("because").ledger(&data.reason)
        }
        Data::NoteAdded(data) => match data.on {
            Some(seq) => Phrase::of(format!("noted on event {seq}")),
            None => Phrase::of("noted"),
        }
        .ledger(&data.text),
        _ => Phrase::default(),
    }
}

/// A subject by its name, or its slug where none is known.
pub(super) fn subject_name(state: &State, subject: &Subject) -> String {
    use crate::value::Kind;
    let Subject::Entity(kind, slug) = subject else {
        return "ledger".to_owned();
    };
    match kind {
        Kind::Agent => agent_name(state, slug).unwrap_or_else(|| slug.to_string()),
        Kind::Artifact => artifact_title(state, slug),
        Kind::Context => context_name(state, slug),
        Kind::Claim => claim_statement(state, slug),
        Kind::View | Kind::Ledger => slug.to_string(),
    }
}

//! `grounds undo`: the signed event that takes an act back.

use std::sync::Arc;

use clap::Args;
use grounds::claim::{Act, ArtifactStanding, Claim, Data, Event, State};
use grounds::projection::address_text;
use grounds::value::{Kind, Subject};

use crate::acts::Body;
use crate::context::Context;
use crate::desk::{Desk, Signing};
use crate::error::{Exit, Failure};
use crate::names;

/// Take an act back: nothing is erased, a signed event is added
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  grounds undo @41 --dry-run\n  grounds undo @41.1 -m 'Cited on the wrong claim'"
)]
pub(crate) struct Undo {
    /// The event: its address (@41, @41.1) or the beginning of its id
    event: String,
    /// Why
    #[arg(short = 'm', long = "reason", value_name = "TEXT")]
    reason: Option<String>,
    #[command(flatten)]
    signing: Signing,
}

impl Undo {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let desk = Desk::open(context, &self.signing)?;
        let event = names::event_of(&desk.ledger, &self.event)?;
        let reason = match &self.reason {
            Some(text) => text.clone(),
            None => format!("undo of {}", address_text(desk.state(), event.address)),
        };
        let act = inverse(desk.state(), &event, &reason)?;
        context.say(&format!(
            "taking back {} {} on {} by {} on it",
            address_text(desk.state(), event.address),
            event.data.name(),
            event.subject,
            act.data.name()
        ));
        desk.record(&[act])
    }
}

/// The act that takes an event back.
fn inverse(state: &State, event: &Arc<Event>, reason: &str) -> Result<Act, Failure> {
    let refers = |kind: &str| {
        Body::new()
            .number("ref", event.seq)
            .with("reason", reason)
            .act(event.subject.clone(), kind, None)
    };
    match &event.data {
        Data::EvidenceAdded(_) => refers("evidence.withdrawn"),
        Data::ClaimScoped(_) => refers("claim.unscoped"),
        Data::ClaimLinked(_) => refers("claim.unlinked"),
        Data::AttestationMade(_) => refers("attestation.withdrawn"),
        Data::StatusChanged(_) => status_back(state, event, reason),
        Data::ArtifactStandingChanged(_) => standing_back(state, event, reason),
        data => Err(Failure::new(
            Exit::No,
            "undo",
            format!(
                "{} at {} cannot be taken back: {}",
                data.name(),
                address_text(state, event.address),
                why_not(data)
            ),
        )
        .hint(instead(data))),
    }
}

fn status_back(state: &State, event: &Arc<Event>, reason: &str) -> Result<Act, Failure> {
    let claim = event.subject.slug().and_then(|slug| state.claim(slug));
    let claim = claim.ok_or_else(|| Failure::not_found(format!("found no {}", event.subject)))?;
    is_newest(state, event, claim.status.changed.as_ref())?;
    let mut before = Claim::default();
    for (earlier, in_effect) in claim
        .events
        .iter()
        .take_while(|(earlier, _)| earlier.seq < event.seq)
    {
        before.fold(earlier, *in_effect);
    }
    let (was, now) = (&before.status, &claim.status);
    Body::new()
        .maybe(
            "lifecycle",
            (was.lifecycle != now.lifecycle).then_some(was.lifecycle),
        )
        .maybe(
            "standing",
            (was.standing != now.standing).then_some(was.standing),
        )
        .maybe(
            "by",
            was.by
                .clone()
                .filter(|_| was.lifecycle != now.lifecycle)
                .map(Subject::claim),
        )
        .with("note", reason)
        .act(event.subject.clone(), "claim.status_changed", None)
}

fn standing_back(state: &State, event: &Arc<Event>, reason: &str) -> Result<Act, Failure> {
    let artifact = event.subject.slug().and_then(|slug| state.artifact(slug));
    let artifact =
        artifact.ok_or_else(|| Failure::not_found(format!("found no {}", event.subject)))?;
    is_newest(state, event, artifact.standings.last())?;
    let earlier = artifact
        .standings
        .iter()
        .rev()
        .nth(1)
        .map(|event| &event.data);
    let (standing, notice, by) = match earlier {
        Some(Data::ArtifactStandingChanged(data)) => {
            (data.standing, data.notice.clone(), data.by.clone())
        }
        _ => (ArtifactStanding::Sound, None, None),
    };
    Body::new()
        .with("standing", standing)
        .maybe("notice", notice)
        .with("reason", reason)
        .maybe("by", by.map(|name| Subject::Entity(Kind::Artifact, name.0)))
        .act(event.subject.clone(), "artifact.standing_changed", None)
}

/// Only the newest change can be taken back: another one stands on it.
fn is_newest(state: &State, event: &Event, newest: Option<&Arc<Event>>) -> Result<(), Failure> {
    match newest {
        Some(newest) if newest.id != event.id => Err(Failure::new(
            Exit::No,
            "undo",
            format!(
                "{} was followed by {}, expected the newest change of {}",
                address_text(state, event.address),
                address_text(state, newest.address),
                event.subject
            ),
        )
        .hint(format!(
            "grounds undo {} first",
            address_text(state, newest.address)
        ))),
        Some(_) => Ok(()),
        None => Err(Failure::new(
            Exit::No,
            "undo",
            format!(
                "{} has no effect now: there is nothing to take back",
                address_text(state, event.address)
            ),
        )),
    }
}

fn why_not(data: &Data) -> &'static str {
    match data {
        Data::EvidenceWithdrawn(_)
        | Data::AttestationWithdrawn(_)
        | Data::ClaimUnscoped(_)
        | Data::ClaimUnlinked(_) => "it takes something back itself",
        Data::ClaimRevised(_)
        | Data::EvidenceRevised(_)
        | Data::ArtifactAppraised(_)
        | Data::ViewChanged(_) => "what was said after it rests on it",
        Data::ClaimAsserted(_)
        | Data::ArtifactRegistered(_)
        | Data::ContextDefined(_)
        | Data::ViewDefined(_)
        | Data::AgentRegistered(_)
        | Data::LedgerCreated(_) => "a name stays taken",
        Data::KeyAdded(_) | Data::KeyRevoked(_) => "a key is registered once and revoked for good",
        Data::AgentChanged(_) | Data::PolicyChanged(_) | Data::ModelAdopted(_) => {
            "what was recorded under it stays admitted"
        }
        Data::LedgerMoved(_) | Data::LedgerFrozen(_) => "a ledger that is closed stays closed",
        _ => "it says what was said",
    }
}

fn instead(data: &Data) -> &'static str {
    match data {
        Data::EvidenceWithdrawn(_) => "grounds evidence add cites it again",
        Data::AttestationWithdrawn(_) => "grounds attest makes a new one",
        Data::ClaimUnscoped(_) => "grounds claim scope sets it again",
        Data::ClaimUnlinked(_) => "grounds claim link sets it again",
        Data::ClaimRevised(_) => {
            "grounds claim revise makes the next version, with the earlier words if you like"
        }
        Data::EvidenceRevised(_) => "grounds evidence revise changes it again",
        Data::ArtifactAppraised(_) => "grounds artifact appraise says it anew",
        Data::ViewChanged(_) | Data::ViewDefined(_) => "grounds view change defines it anew",
        Data::ClaimAsserted(_) => "grounds claim status CLAIM --lifecycle retracted",
        Data::ArtifactRegistered(_) => "grounds artifact standing ARTIFACT withdrawn",
        Data::KeyAdded(_) => "grounds key revoke KEY --reason rotated",
        Data::KeyRevoked(_) => "grounds key add registers another key",
        Data::AgentChanged(_) | Data::AgentRegistered(_) => "grounds agent change changes it again",
        Data::PolicyChanged(_) => "grounds steward policy FILE sets another",
        Data::ModelAdopted(_) => "grounds steward adopt-model adopts another",
        _ => "grounds note says more about it",
    }
}

//! The pages of everything but claims: artifacts, agents, contexts, views, and the ledger itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::claim::{
    AgentKind, ArtifactStanding, Data, Event, EvidenceRelation, RevocationReason, Role,
    ScopeRelation, State, ViewVerdict,
};
use crate::hash::Hash;
use crate::trust::Model;
use crate::value::{Date, KeyId, Kind, Origin, PublicKey, Ratio, Slug, Subject, Time};

use super::inputs::{Filter, Keep, kept_artifact, kept_claim};
use super::page::{ArtifactCited, Custody, NoteShown, SetAside, aside_of, cited, custody, notes};
use super::profile::{assess, model_in_force, model_name};
use super::timeline::{TimelineRow, row};
use super::views::CompiledView;
use super::words::{Byline, claim_statement};

/// An artifact as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct ArtifactPage {
    /// What it was registered as, and how it stands.
    pub artifact: ArtifactCited,
    /// Its authors, in their order (ledger text).
    pub authors: Vec<String>,
    /// The community it comes from.
    pub community: Option<Slug>,
    /// SHA-256 of its bytes.
    pub sha256: Option<Hash>,
    /// The importer's own id for it (ledger text).
    pub key: Option<String>,
    /// Who registered it.
    pub registered: Byline,
    /// How its standing changed, oldest first.
    pub standings: Vec<StandingShown>,
    /// Its appraisals, oldest first.
    pub appraisals: Vec<AppraisalShown>,
    /// Claims whose live evidence cites it, by slug.
    pub cited_by: Vec<CitedBy>,
    /// Notes in effect.
    pub notes: Vec<NoteShown>,
    /// Events without effect, said where they would have shown.
    pub set_aside: Vec<SetAside>,
    /// What this copy of the ledger holds of it.
    pub custody: Custody,
}

/// A change of an artifact's standing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct StandingShown {
    /// How it stood from then on.
    pub standing: ArtifactStanding,
    /// The publisher's notice (ledger text).
    pub notice: Option<String>,
    /// Why (ledger text).
    pub reason: String,
    /// The artifact that took its place.
    pub replaced_by: Option<Subject>,
    /// Who said so.
    pub by: Byline,
}

/// An appraisal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct AppraisalShown {
    /// How far its source is to be believed.
    pub credibility: Option<Ratio>,
    /// How sound its method is.
    pub methodology: Option<Ratio>,
    /// How far its findings were replicated.
    pub replication: Option<Ratio>,
    /// Why (ledger text).
    pub rationale: Option<String>,
    /// Whether a newer one by the same agent gives all that it gives.
    pub superseded: bool,
    /// Who appraised it.
    pub by: Byline,
}

/// A claim that cites an artifact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct CitedBy {
    /// Which claim.
    pub claim: Slug,
    /// Its statement (ledger text).
    pub statement: String,
    /// What the artifact does to it.
    pub relation: EvidenceRelation,
    /// Who said so.
    pub by: Byline,
}

/// The page of an artifact; none where no such artifact is in effect.
#[must_use]
pub fn artifact_page(state: &State, slug: &Slug, filter: &Filter) -> Option<ArtifactPage> {
    let keep = Keep::from(filter);
    let artifact = kept_artifact(state, slug, &keep)?;
    let registration = artifact.registration()?;
    let registered = artifact.registered.as_ref()?;
    let subject = Subject::Entity(Kind::Artifact, slug.clone());
    let authors = registration.authors.as_ref();
    let noted: Vec<_> = effective_notes(&artifact.events);
    Some(ArtifactPage {
        artifact: cited(state, slug, &keep),
        authors: authors.map_or_else(Vec::new, |authors| {
            authors.0.iter().map(ToString::to_string).collect()
        }),
        community: registration.community.clone(),
        sha256: registration.sha256,
        key: registration.key.as_ref().map(ToString::to_string),
        registered: Byline::of(state, registered),
        standings: artifact
            .standings
            .iter()
            .filter_map(|event| standing(state, event))
            .collect(),
        appraisals: appraisals(state, &artifact.appraisals),
        cited_by: cited_by(state, slug, &keep),
        notes: notes(state, &noted),
        set_aside: aside_of(state, &artifact.events, |data| match data {
            Data::ArtifactStandingChanged(_) => "standings",
            Data::ArtifactAppraised(_) => "appraisals",
            _ => "notes",
        }),
        custody: custody(state, &subject, &artifact.events),
    })
}

fn effective_notes(events: &crate::claim::Stream) -> Vec<std::sync::Arc<Event>> {
    let in_effect = events.iter().filter(|(_, in_effect)| *in_effect);
    in_effect
        .map(|(event, _)| std::sync::Arc::clone(event))
        .collect()
}

fn standing(state: &State, event: &Event) -> Option<StandingShown> {
    let Data::ArtifactStandingChanged(data) = &event.data else {
        return None;
    };
    Some(StandingShown {
        standing: data.standing,
        notice: data.notice.as_ref().map(ToString::to_string),
        reason: data.reason.to_string(),
        replaced_by: data.by.as_ref().map(|artifact| artifact.subject()),
        by: Byline::of(state, event),
    })
}

fn appraisals(state: &State, events: &imbl::Vector<std::sync::Arc<Event>>) -> Vec<AppraisalShown> {
    let given = |event: &Event| match &event.data {
        Data::ArtifactAppraised(data) => [
            data.credibility.is_some(),
            data.methodology.is_some(),
            data.replication.is_some(),
        ],
        _ => [false; 3],
    };
    let shown = |(place, event): (usize, &std::sync::Arc<Event>)| {
        let Data::ArtifactAppraised(data) = &event.data else {
            return None;
        };
        let later = events
            .iter()
            .skip(place + 1)
            .filter(|later| later.author == event.author);
        let again = later.fold([false; 3], |again, later| {
            let gives = given(later);
            [0, 1, 2].map(|quality| again[quality] || gives[quality])
        });
        let superseded = given(event).iter().zip(again).all(|(had, has)| !had || has);
        Some(AppraisalShown {
            credibility: data.credibility,
            methodology: data.methodology,
            replication: data.replication,
            rationale: data.rationale.as_ref().map(ToString::to_string),
            superseded,
            by: Byline::of(state, event),
        })
    };
    events.iter().enumerate().filter_map(shown).collect()
}

fn cited_by(state: &State, slug: &Slug, keep: &Keep) -> Vec<CitedBy> {
    let mut citing = Vec::new();
    for claim_slug in state.claims_naming(&Subject::Entity(Kind::Artifact, slug.clone())) {
        let Some(claim) = kept_claim(state, claim_slug, keep) else {
            continue;
        };
        if claim.wording.is_none() {
            continue;
        }
        let edges = claim
            .live_evidence()
            .filter(|edge| edge.artifact.0 == *slug);
        citing.extend(edges.map(|edge| CitedBy {
            claim: claim_slug.clone(),
            statement: claim_statement(state, claim_slug),
            relation: edge.relation,
            by: Byline::of(state, &edge.added),
        }));
    }
    citing
}

/// An agent as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct AgentPage {
    /// Which one.
    pub subject: Subject,
    /// Its name (ledger text).
    pub name: String,
    /// What it is.
    pub kind: AgentKind,
    /// What it may do.
    pub roles: Vec<Role>,
    /// The community that its voice belongs to.
    pub community: Option<Slug>,
    /// How far its attestations count; none: they have no weight.
    pub reliability: Option<Ratio>,
    /// Its ORCID iD.
    pub orcid: Option<String>,
    /// Its page (ledger text).
    pub url: Option<String>,
    /// Who registered it.
    pub registered: Byline,
    /// Who changed it, oldest first.
    pub changed: Vec<TimelineRow>,
    /// Its keys, oldest first.
    pub keys: Vec<KeyShown>,
    /// How many events it signed as author, by type.
    pub events_by_type: BTreeMap<String, u64>,
    /// How many of them are set aside.
    pub events_set_aside: u64,
    /// Events of its own stream without effect, said where they would have shown.
    pub set_aside: Vec<SetAside>,
    /// What this copy of the ledger holds of its own stream.
    pub custody: Custody,
}

/// A key of an agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct KeyShown {
    /// Its OpenSSH fingerprint.
    pub id: KeyId,
    /// The key as OpenSSH spells it.
    pub key: PublicKey,
    /// Whether it was never revoked.
    pub valid: bool,
    /// Who registered it.
    pub registered: Byline,
    /// How it was revoked, oldest first.
    pub revoked: Vec<RevocationShown>,
}

/// A revocation of a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct RevocationShown {
    /// Why.
    pub reason: RevocationReason,
    /// The first entry at which it may have been in other hands.
    pub since: Option<u64>,
    /// Who revoked it.
    pub by: Byline,
}

/// The page of an agent; none where no such agent is in effect.
#[must_use]
pub fn agent_page(state: &State, slug: &Slug) -> Option<AgentPage> {
    let agent = state.agent(slug)?;
    let profile = agent.profile.as_ref()?;
    let subject = Subject::agent(slug.clone());
    let mut events_by_type = BTreeMap::<String, u64>::new();
    let mut events_set_aside = 0;
    let events = state.history().iter().flat_map(|entry| &entry.events);
    for event in events.filter(|event| event.author == *slug) {
        *events_by_type
            .entry(event.data.name().to_owned())
            .or_default() += 1;
        events_set_aside += u64::from(state.is_set_aside(event.address));
    }
    let url = match &profile.registered.data {
        Data::AgentRegistered(data) => data.url.as_ref().map(ToString::to_string),
        _ => None,
    };
    Some(AgentPage {
        name: profile.name.to_string(),
        kind: profile.kind,
        roles: profile.roles.0.clone(),
        community: profile.community.clone(),
        reliability: profile.reliability,
        orcid: profile
            .orcid
            .as_ref()
            .map(|orcid| orcid.as_str().to_owned()),
        url,
        registered: Byline::of(state, &profile.registered),
        changed: profile
            .changed
            .iter()
            .map(|event| row(state, event))
            .collect(),
        keys: agent.keys.iter().map(|key| key_shown(state, key)).collect(),
        events_by_type,
        events_set_aside,
        set_aside: aside_of(state, &agent.events, |data| match data {
            Data::AgentChanged(_) => "changed",
            Data::KeyAdded(_) => "keys",
            _ => "notes",
        }),
        custody: custody(state, &subject, &agent.events),
        subject,
    })
}

fn key_shown(state: &State, key: &crate::claim::AgentKey) -> KeyShown {
    let revoked = key.revoked.iter().filter_map(|event| match &event.data {
        Data::KeyRevoked(data) => Some(RevocationShown {
            reason: data.reason,
            since: data.since,
            by: Byline::of(state, event),
        }),
        _ => None,
    });
    KeyShown {
        id: key.id,
        key: key.key,
        valid: key.is_valid(),
        registered: Byline::of(state, &key.registered),
        revoked: revoked.collect(),
    }
}

/// A context as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct ContextPage {
    /// Which one.
    pub subject: Subject,
    /// Its name (ledger text).
    pub name: String,
    /// Its kind (ledger text).
    pub kind: String,
    /// Who defined it.
    pub defined: Byline,
    /// Claims that hold or fail in it, by slug.
    pub claims: Vec<ScopedClaim>,
    /// What this copy of the ledger holds of it.
    pub custody: Custody,
}

/// A claim that holds or fails in a context.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct ScopedClaim {
    /// Which claim.
    pub claim: Slug,
    /// Its statement (ledger text).
    pub statement: String,
    /// Whether it holds or fails there.
    pub relation: ScopeRelation,
    /// How much of what the claim speaks of the context covers.
    pub breadth: Ratio,
    /// Who said so.
    pub by: Byline,
}

/// The page of a context; none where no such context is in effect.
#[must_use]
pub fn context_page(state: &State, slug: &Slug, filter: &Filter) -> Option<ContextPage> {
    let keep = Keep::from(filter);
    let context = state.context(slug)?;
    let definition = context.definition()?;
    let subject = Subject::Entity(Kind::Context, slug.clone());
    let mut claims = Vec::new();
    for claim_slug in state.claims_naming(&subject) {
        let Some(claim) = kept_claim(state, claim_slug, &keep) else {
            continue;
        };
        let scopes = claim
            .live_scopes()
            .filter(|(_, data)| data.context.0 == *slug);
        claims.extend(scopes.map(|(event, data)| ScopedClaim {
            claim: claim_slug.clone(),
            statement: claim_statement(state, claim_slug),
            relation: data.relation,
            breadth: data.breadth,
            by: Byline::of(state, event),
        }));
    }
    Some(ContextPage {
        name: definition.name.to_string(),
        kind: definition.kind.to_string(),
        defined: Byline::of(state, context.defined.as_ref()?),
        claims,
        custody: custody(state, &subject, &context.events),
        subject,
    })
}

/// A view as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct ViewPage {
    /// Which one.
    pub subject: Subject,
    /// Its name (ledger text).
    pub name: String,
    /// What it is for (ledger text).
    pub description: String,
    /// Its rules; the first that is true decides.
    pub rules: Vec<RuleShown>,
    /// The verdict where none is.
    pub otherwise: ViewVerdict,
    /// Who defined it as it is.
    pub defined: Byline,
    /// Where each claim falls, by slug.
    pub claims: Vec<ViewedClaim>,
    /// What this copy of the ledger holds of it.
    pub custody: Custody,
}

/// A rule of a view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct RuleShown {
    /// The condition in CEL (ledger text).
    pub when: String,
    /// The verdict where it is true.
    pub verdict: ViewVerdict,
    /// Why (ledger text).
    pub reason: String,
    /// Why it can never be answered, in our words; none where it can.
    pub fault: Option<String>,
}

/// Where a claim falls in a view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct ViewedClaim {
    /// Which claim.
    pub claim: Slug,
    /// Its statement (ledger text).
    pub statement: String,
    /// `included`, `downweighted`, `excluded` or `undetermined`.
    pub verdict: String,
    /// The number of the rule that decided, from 1.
    pub rule: Option<u64>,
    /// Its reason (ledger text).
    pub reason: Option<String>,
    /// What was wrong with the rule, in our words.
    pub fault: Option<String>,
}

/// The page of a view; none where no such view is in effect.
#[must_use]
pub fn view_page(state: &State, slug: &Slug, model: &Model, filter: &Filter) -> Option<ViewPage> {
    let keep = Keep::from(filter);
    let view = state.view(slug)?;
    let definition = view.definition()?;
    let subject = Subject::Entity(Kind::View, slug.clone());
    let compiled = CompiledView::of(slug, definition);
    let viewed = |claim: &Slug| {
        let assessed = assess(state, claim, model, &keep)?;
        let counts = assessed.assessment.trace.summary.inputs;
        let status = compiled.judge(&assessed.claim, &assessed.assessment.figures, &counts)?;
        Some(ViewedClaim {
            claim: claim.clone(),
            statement: claim_statement(state, claim),
            verdict: status.verdict,
            rule: status.rule,
            reason: status.reason,
            fault: status.fault,
        })
    };
    let rules = definition.rules.0.iter().map(|rule| RuleShown {
        when: rule.when.to_string(),
        verdict: rule.verdict,
        reason: rule.reason.to_string(),
        fault: crate::trust::compile_check(rule.when.as_str())
            .err()
            .map(|fault| fault.to_string()),
    });
    Some(ViewPage {
        name: definition.name.to_string(),
        description: definition.description.to_string(),
        rules: rules.collect(),
        otherwise: definition.otherwise,
        defined: Byline::of(state, view.current.as_ref()?),
        claims: state
            .claims()
            .filter_map(|(claim, _)| viewed(claim))
            .collect(),
        custody: custody(state, &subject, &view.events),
        subject,
    })
}

/// The ledger as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct LedgerPage {
    /// Its name for ever.
    pub origin: Origin,
    /// Its title (ledger text).
    pub title: String,
    /// What it is for (ledger text).
    pub description: Option<String>,
    /// The key that signs its heads, as a C2SP vkey.
    pub log_key: String,
    /// The stewards' threshold k.
    pub threshold: u64,
    /// Agents with the role of steward.
    pub stewards: Vec<StewardShown>,
    /// The model in force as `name@version`; none where it cannot be run here.
    pub model: Option<String>,
    /// Why the model in force cannot be run here, in our words.
    pub model_fault: Option<String>,
    /// Models adopted, oldest first.
    pub models: Vec<AdoptedModel>,
    /// The event that moved or froze it.
    pub closed: Option<TimelineRow>,
    /// The ledger that this one continues, as its genesis says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predecessor: Option<PredecessorShown>,
    /// Entries folded: the size of the tree.
    pub entries: u64,
    /// Events in them.
    pub events: u64,
    /// Recorded time of genesis.
    pub first_recorded: Option<Time>,
    /// Recorded time of the newest entry.
    pub last_recorded: Option<Time>,
    /// How many of each there are in effect, by kind: `agents`, `artifacts`, `claims`, `contexts`,
    /// `views`.
    pub counts: BTreeMap<String, u64>,
    /// Entries that are missing from this copy.
    pub missing_entries: u64,
    /// Events that are set aside, in order of the log.
    pub set_aside: Vec<TimelineRow>,
}

/// A ledger that another continues.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct PredecessorShown {
    /// Its origin.
    pub origin: Origin,
    /// The key that signed its heads, as a C2SP vkey.
    pub vkey: String,
    /// Entries that the continuing ledger takes over.
    pub size: u64,
    /// Root hash of the tree of these.
    pub root: Hash,
}

/// A steward.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct StewardShown {
    /// Its slug.
    pub agent: Slug,
    /// Its name (ledger text).
    pub name: String,
    /// Whether it has a valid key.
    pub able: bool,
}

/// A model that the ledger adopted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct AdoptedModel {
    /// Its name (ledger text).
    pub model: String,
    /// Its version (ledger text).
    pub version: String,
    /// SHA-256 of its parameter document.
    pub spec: Hash,
    /// Whether it was adopted as the one shown.
    pub default: bool,
    /// Since when it is meant to hold.
    pub effective: Option<Date>,
    /// Who adopted it.
    pub by: Byline,
}

/// The page of the ledger; none before genesis.
#[must_use]
pub fn ledger_page(state: &State) -> Option<LedgerPage> {
    let facts = state.constitution()?;
    let genesis = facts.genesis();
    let (model, model_fault) = match model_in_force(state) {
        Ok(model) => (Some(model_name(model)), None),
        Err(fault) => (None, Some(fault.to_string())),
    };
    let events = || state.history().iter().flat_map(|entry| &entry.events);
    let aside = match state.set_aside().next() {
        None => Vec::new(),
        Some(_) => events()
            .filter(|event| state.is_set_aside(event.address))
            .map(|event| row(state, event))
            .collect(),
    };
    Some(LedgerPage {
        origin: genesis.origin.clone(),
        title: genesis.title.to_string(),
        description: genesis.description.as_ref().map(ToString::to_string),
        log_key: genesis.log_key.0.to_string(),
        threshold: facts.policy.stewards,
        stewards: stewards(state),
        model,
        model_fault,
        models: facts
            .models
            .iter()
            .filter_map(|event| adopted(state, event))
            .collect(),
        closed: facts.closed.as_ref().map(|event| row(state, event)),
        predecessor: genesis.predecessor.as_ref().map(|before| PredecessorShown {
            origin: before.origin.clone(),
            vkey: before.vkey.0.to_string(),
            size: before.size,
            root: before.root,
        }),
        entries: state.size(),
        events: events().count() as u64,
        first_recorded: state.history().front().map(|entry| entry.recorded),
        last_recorded: state.recorded(),
        counts: counts(state),
        missing_entries: state.lost().count() as u64,
        set_aside: aside,
    })
}

fn stewards(state: &State) -> Vec<StewardShown> {
    let shown = |(slug, agent): (&Slug, &std::sync::Arc<crate::claim::Agent>)| {
        let profile = agent.profile.as_ref()?;
        agent.has_role(Role::Steward).then(|| StewardShown {
            agent: slug.clone(),
            name: profile.name.to_string(),
            able: agent.is_able_steward(),
        })
    };
    state.agents().filter_map(shown).collect()
}

fn adopted(state: &State, event: &Event) -> Option<AdoptedModel> {
    let Data::ModelAdopted(data) = &event.data else {
        return None;
    };
    Some(AdoptedModel {
        model: data.model.to_string(),
        version: data.version.to_string(),
        spec: data.spec,
        default: data.default,
        effective: event.effective,
        by: Byline::of(state, event),
    })
}

fn counts(state: &State) -> BTreeMap<String, u64> {
    let agents = state.agents().filter(|(_, one)| one.profile.is_some());
    let artifacts = state
        .artifacts()
        .filter(|(_, one)| one.registered.is_some());
    let claims = state.claims().filter(|(_, one)| one.wording.is_some());
    let contexts = state.contexts().filter(|(_, one)| one.defined.is_some());
    let views = state.views().filter(|(_, one)| one.definition().is_some());
    [
        ("agents", agents.count()),
        ("artifacts", artifacts.count()),
        ("claims", claims.count()),
        ("contexts", contexts.count()),
        ("views", views.count()),
    ]
    .map(|(name, count)| (name.to_owned(), count as u64))
    .into()
}

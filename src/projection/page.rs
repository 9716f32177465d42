//! The claim page: everything that is shown of a claim, as one value.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::claim::{
    AgentKind, ArtifactKind, ArtifactStanding, Attestation, Claim, ClaimOrigin, Data, Edge, Event,
    EvidenceRelation, Falsifiability, Lifecycle, LinkRelation, Nature, Passage, Polarity,
    ScopeRelation, Standing, State, Verdict, Wording,
};
use crate::trust::{
    AttestationCounted, AttestationTrace, Counts, EdgeCounted, EdgeTrace, Model, Trace,
};
use crate::value::{Date, EventId, Index, Kind, Ratio, Slug, Subject, Time};

use super::inputs::{Filter, Keep, kept_artifact};
use super::profile::{Assessed, Profile, assess};
use super::timeline::said;
use super::views::{CompiledViews, ViewStatus};
use super::words::{
    Byline, Phrase, agent_name, claim_statement, context_name, counted, origin_words,
};

/// A claim as it is shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct ClaimPage {
    /// Which claim.
    pub subject: Subject,
    /// The claim in one line (ledger text).
    pub statement: String,
    /// Where it is in its life and how it stands.
    pub status: StatusShown,
    /// The version that is shown, from 1.
    pub version: u64,
    /// All versions, v1 first, those that have no effect too.
    pub versions: Vec<VersionShown>,
    /// How it came here.
    pub origin: ClaimOrigin,
    /// The same in words: "Cross-referenced from multiple sources".
    pub origin_words: String,
    /// What sort of statement it is.
    pub nature: Nature,
    /// That it is, or that it is not.
    pub polarity: Polarity,
    /// Whether it could be shown to be wrong.
    pub falsifiability: Falsifiability,
    /// The importer's own id for it (ledger text).
    pub key: Option<String>,
    /// In short (ledger text).
    pub summary: String,
    /// At length (ledger text).
    pub detail: Option<String>,
    /// Its figures.
    pub profile: Profile,
    /// How much went into them.
    pub counts: Counts,
    /// Live evidence in order of seq; of equal relation together when a renderer groups it.
    pub evidence: Vec<EvidenceShown>,
    /// Evidence that was withdrawn.
    pub withdrawn: Vec<EvidenceShown>,
    /// Where it holds and where it fails.
    pub scope: Vec<ScopeShown>,
    /// What it is linked to.
    pub neighborhood: Neighborhood,
    /// Live attestations on the version that is shown, expired ones among them.
    pub attestations: Vec<AttestationShown>,
    /// Live attestations on other versions, by version.
    pub older_attestations: Vec<OlderAttestations>,
    /// The fields it belongs to.
    pub domains: Vec<DomainShown>,
    /// What each view says of it, by slug of the view.
    pub views: Vec<ViewStatus>,
    /// Events without effect of the claim, of what it cites and of its attesters, each said where
    /// it would have shown.
    pub set_aside: Vec<SetAside>,
    /// Notes in effect.
    pub notes: Vec<NoteShown>,
    /// Every number between the inputs and the figures.
    pub trace: Trace,
    /// What this copy of the ledger holds of it.
    pub custody: Custody,
}

/// Where a claim is in its life and how it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct StatusShown {
    /// Where it is in its life.
    pub lifecycle: Lifecycle,
    /// How it stands.
    pub standing: Standing,
    /// The claim that took its place or took it in.
    pub by: Option<Slug>,
    /// The note of the newest change (ledger text).
    pub note: Option<String>,
    /// Who changed it last.
    pub changed: Option<Byline>,
}

/// A version of a claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct VersionShown {
    /// Its number, from 1.
    pub number: u64,
    /// Whether it has effect.
    pub in_effect: bool,
    /// Whether it is the one that is shown.
    pub current: bool,
    /// The fields that it gave or changed.
    pub fields: Vec<String>,
    /// Why (ledger text); none of the first.
    pub reason: Option<String>,
    /// Who made it.
    pub made: Byline,
}

/// An artifact where it is cited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct ArtifactCited {
    /// Which one.
    pub subject: Subject,
    /// Its title (ledger text); its slug where its registration has no effect.
    pub title: String,
    /// How it is cited in short (ledger text): "Anthropic, 2023".
    pub label: Option<String>,
    /// What it is; none where its registration has no effect.
    pub kind: Option<ArtifactKind>,
    /// The year it was published.
    pub year: Option<u16>,
    /// Its DOI (ledger text).
    pub doi: Option<String>,
    /// Its address (ledger text).
    pub url: Option<String>,
    /// How it stands.
    pub standing: ArtifactStanding,
    /// The publisher's notice (ledger text).
    pub notice: Option<String>,
    /// Why it stands so (ledger text).
    pub standing_reason: Option<String>,
}

/// A passage of an artifact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct PassageShown {
    /// What it shows (ledger text).
    pub label: String,
    /// How clearly.
    pub confidence: Option<Ratio>,
    /// Its words (ledger text).
    pub quote: Option<String>,
    /// Where it stands (ledger text).
    pub page: Option<String>,
}

/// A piece of evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct EvidenceShown {
    /// Its place in the claim's stream: what a revision or a withdrawal names.
    pub seq: u64,
    /// For or against.
    pub relation: EvidenceRelation,
    /// What it cites.
    pub artifact: ArtifactCited,
    /// What it shows (ledger text).
    pub note: String,
    /// Where it says so.
    pub passages: Vec<PassageShown>,
    /// How strongly it speaks, where said.
    pub strength: Option<Ratio>,
    /// The artifact whose finding it repeats.
    pub replicates: Option<Subject>,
    /// How far this finding was replicated, where said.
    pub replication: Option<Ratio>,
    /// What it weighs in the model, in ppm; none where it abstains or was withdrawn.
    pub weight: Option<u64>,
    /// Whether it counts; none where it was withdrawn.
    pub counted: Option<EdgeCounted>,
    /// Why it does not count, in our words; none where it does.
    pub why_not: Option<String>,
    /// Who added it.
    pub added: Byline,
    /// How it was revised, oldest first.
    pub revisions: Vec<Remark>,
    /// How it was withdrawn.
    pub withdrawn: Option<Remark>,
}

/// A later word on something: what was done, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct Remark {
    /// Who said it.
    pub by: Byline,
    /// Why (ledger text).
    pub reason: String,
}

/// Where a claim holds or fails.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct ScopeShown {
    /// Its place in the claim's stream.
    pub seq: u64,
    /// Whether it holds or fails there.
    pub relation: ScopeRelation,
    /// The condition.
    pub context: Subject,
    /// Its name (ledger text).
    pub name: String,
    /// Its kind (ledger text): `model_scale`.
    pub kind: Option<String>,
    /// How much of what the claim speaks of it covers.
    pub breadth: Ratio,
    /// In words (ledger text).
    pub note: Option<String>,
    /// Who said it.
    pub by: Byline,
}

/// What a claim is linked to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct Neighborhood {
    /// Links to other claims.
    pub outgoing: Vec<LinkShown>,
    /// Links from other claims.
    pub incoming: Vec<LinkShown>,
    /// Contexts in which it holds or fails.
    pub contexts: Vec<Neighbor>,
    /// Artifacts that its evidence cites.
    pub artifacts: Vec<Neighbor>,
}

/// A link between two claims.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct LinkShown {
    /// What the claim it starts from is to the other.
    pub relation: LinkRelation,
    /// The claim at the other end.
    pub claim: Subject,
    /// Its statement (ledger text).
    pub statement: String,
    /// How strongly.
    pub strength: Option<Ratio>,
    /// In words (ledger text).
    pub note: Option<String>,
    /// Who said it.
    pub by: Byline,
}

/// A context or an artifact next to a claim.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct Neighbor {
    /// The relation's word: `holds_in`, `supports` …
    pub relation: String,
    /// Which one.
    pub subject: Subject,
    /// Its name or title (ledger text).
    pub name: String,
}

/// What an attester said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct AttestationShown {
    /// Its place in the claim's stream.
    pub seq: u64,
    /// Who.
    pub agent: Slug,
    /// Its name (ledger text).
    pub name: Option<String>,
    /// What it is.
    pub kind: Option<AgentKind>,
    /// As what it speaks (ledger text): "Curator".
    pub role: Option<String>,
    /// The verdict.
    pub verdict: Verdict,
    /// How much of its word it puts into it.
    pub weight: Ratio,
    /// In words (ledger text).
    pub comment: Option<String>,
    /// Conflicts of interest (ledger text).
    pub interests: Option<String>,
    /// The version that it saw.
    pub version: u64,
    /// From when it no longer counts.
    pub expires: Option<Date>,
    /// Whether that is over at the newest entry.
    pub expired: bool,
    /// Its mass in the model, in ppm.
    pub mass: u64,
    /// Whether it counts.
    pub counted: AttestationCounted,
    /// Why it does not count in full, in our words; none where it does.
    pub why_not: Option<String>,
    /// Who made it, where and when.
    pub made: Byline,
}

/// Live attestations on another version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct OlderAttestations {
    /// The version.
    pub version: u64,
    /// How many.
    pub count: u64,
    /// How many of them dispute.
    pub disputes: u64,
    /// In words: "2 attestations on v1, 1 disputes".
    pub words: String,
}

/// A field that a claim belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct DomainShown {
    /// Its name (ledger text).
    pub name: String,
    /// How much of the claim lies in it.
    pub weight: Ratio,
}

/// An event without effect, said where it would have shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct SetAside {
    /// The part of the page where it would have shown. On a claim: `versions`, `status`,
    /// `evidence`, `scope`, `neighborhood`, `attestations`, `notes`; on an artifact: `standings`,
    /// `appraisals`, `notes`; on an agent: `changed`, `keys`, `notes`.
    pub place: String,
    /// Its type.
    pub r#type: String,
    /// What it said.
    pub words: Phrase,
    /// Who signed it.
    pub by: Byline,
}

/// A note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct NoteShown {
    /// The note (ledger text).
    pub text: String,
    /// The seq of the event that it is about.
    pub on: Option<u64>,
    /// Who wrote it.
    pub by: Byline,
}

/// What this copy of the ledger holds of a subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct Custody {
    /// The entry of its first event.
    #[cfg_attr(feature = "net", schema(value_type = Option<u64>))]
    pub first_entry: Option<Index>,
    /// The entry of its last event.
    #[cfg_attr(feature = "net", schema(value_type = Option<u64>))]
    pub last_entry: Option<Index>,
    /// Its last event.
    pub last_event: Option<EventId>,
    /// Events in its stream.
    pub events: u64,
    /// How many of them are set aside.
    pub set_aside: u64,
    /// Entries of the ledger that are folded: the size of the tree.
    pub entries: u64,
    /// Recorded time of the newest of them.
    pub recorded: Option<Time>,
    /// Whether an event of the stream is missing from this copy.
    pub has_gap: bool,
}

/// The page of a claim; none where no such claim is in effect (see [`absence`](super::absence)).
#[must_use]
pub fn claim_page(state: &State, slug: &Slug, model: &Model, filter: &Filter) -> Option<ClaimPage> {
    let keep = Keep::from(filter);
    let assessed = assess(state, slug, model, &keep)?;
    let claim = &*assessed.claim;
    let wording = claim.wording.as_ref()?;
    let profile = assessed.profile(model);
    let counts = assessed.assessment.trace.summary.inputs;
    let scope = scopes(state, claim);
    Some(ClaimPage {
        subject: Subject::claim(slug.clone()),
        statement: wording.statement.to_string(),
        status: status(state, claim),
        version: claim.version(),
        versions: versions(state, claim),
        origin: wording.origin,
        origin_words: origin_words(wording.origin).to_owned(),
        nature: wording.nature,
        polarity: wording.polarity,
        falsifiability: wording.falsifiability,
        key: wording.key.as_ref().map(ToString::to_string),
        summary: wording.summary.to_string(),
        detail: wording.detail.as_ref().map(ToString::to_string),
        counts,
        evidence: evidence(state, &assessed, &keep),
        withdrawn: withdrawn(state, claim, &keep),
        neighborhood: neighborhood(state, slug, claim, &scope, &keep),
        scope,
        attestations: attestations(state, &assessed),
        older_attestations: older_attestations(claim),
        domains: domains(wording),
        views: CompiledViews::of(state).judge(claim, &profile.figures, &counts),
        set_aside: set_aside(state, claim),
        notes: notes(state, &claim.notes),
        custody: custody(state, &Subject::claim(slug.clone()), &claim.events),
        profile,
        trace: assessed.assessment.trace.clone(),
    })
}

/// The last entry at which a version was the newest; none where there is no such version.
#[must_use]
pub fn last_entry_of_version(claim: &Claim, state: &State, number: u64) -> Option<Index> {
    let place = usize::try_from(number.checked_sub(1)?).ok()?;
    claim.versions.get(place)?;
    match claim.versions.get(place + 1) {
        Some(next) => next.event.address.entry.checked_sub(1),
        None => state.size().checked_sub(1),
    }
}

pub(super) fn status(state: &State, claim: &Claim) -> StatusShown {
    let changed = claim.status.changed.as_ref();
    StatusShown {
        lifecycle: claim.status.lifecycle,
        standing: claim.status.standing,
        by: claim.status.by.clone(),
        note: changed.and_then(|event| match &event.data {
            Data::StatusChanged(data) => Some(data.note.to_string()),
            _ => None,
        }),
        changed: changed.map(|event| Byline::of(state, event)),
    }
}

fn versions(state: &State, claim: &Claim) -> Vec<VersionShown> {
    let current = claim.version();
    let shown = |(number, version): (u64, &crate::claim::Version)| VersionShown {
        number,
        in_effect: version.in_effect,
        current: number == current,
        fields: fields_given(&version.event.data),
        reason: match &version.event.data {
            Data::ClaimRevised(data) => Some(data.reason.to_string()),
            _ => None,
        },
        made: Byline::of(state, &version.event),
    };
    (1..).zip(&claim.versions).map(shown).collect()
}

/// The fields of a claim that an event gives, by name.
pub(super) fn fields_given(data: &Data) -> Vec<String> {
    let given: Vec<(&str, bool)> = match data {
        Data::ClaimAsserted(data) => vec![
            ("statement", true),
            ("summary", true),
            ("detail", data.detail.is_some()),
            ("nature", true),
            ("polarity", true),
            ("falsifiability", true),
            ("origin", true),
            ("domains", true),
        ],
        Data::ClaimRevised(data) => vec![
            ("statement", data.statement.is_some()),
            ("summary", data.summary.is_some()),
            ("detail", data.detail.is_some()),
            ("nature", data.nature.is_some()),
            ("polarity", data.polarity.is_some()),
            ("falsifiability", data.falsifiability.is_some()),
            ("origin", data.origin.is_some()),
            ("domains", data.domains.is_some()),
        ],
        _ => Vec::new(),
    };
    let given = given.into_iter().filter(|(_, given)| *given);
    given.map(|(name, _)| name.to_owned()).collect()
}

/// An artifact where it is cited, as a filter leaves it.
pub(super) fn cited(state: &State, slug: &Slug, keep: &Keep) -> ArtifactCited {
    let artifact = kept_artifact(state, slug, keep);
    let registration = artifact.as_ref().and_then(|one| one.registration());
    let (standing, event) = artifact
        .as_ref()
        .map_or((ArtifactStanding::Sound, None), |one| one.standing());
    let change = event.and_then(|event| match &event.data {
        Data::ArtifactStandingChanged(data) => Some(data),
        _ => None,
    });
    ArtifactCited {
        subject: Subject::Entity(Kind::Artifact, slug.clone()),
        title: registration.map_or_else(|| slug.to_string(), |data| data.title.to_string()),
        label: registration.and_then(|data| data.label.as_ref().map(ToString::to_string)),
        kind: registration.map(|data| data.kind),
        year: registration.and_then(|data| data.year.map(|year| year.0)),
        doi: registration.and_then(|data| data.doi.as_ref().map(ToString::to_string)),
        url: registration.and_then(|data| data.url.as_ref().map(ToString::to_string)),
        standing,
        notice: change.and_then(|data| data.notice.as_ref().map(ToString::to_string)),
        standing_reason: change.map(|data| data.reason.to_string()),
    }
}

fn evidence(state: &State, assessed: &Assessed, keep: &Keep) -> Vec<EvidenceShown> {
    let traces = &assessed.assessment.trace.edges;
    let shown = |edge: &Edge| {
        let trace = traces.iter().find(|trace| trace.seq == edge.added.seq);
        evidence_shown(state, edge, trace, keep)
    };
    assessed.claim.live_evidence().map(shown).collect()
}

fn withdrawn(state: &State, claim: &Claim, keep: &Keep) -> Vec<EvidenceShown> {
    let withdrawn = claim
        .evidence
        .iter()
        .filter(|edge| edge.withdrawn.is_some());
    withdrawn
        .map(|edge| evidence_shown(state, edge, None, keep))
        .collect()
}

fn evidence_shown(
    state: &State,
    edge: &Edge,
    trace: Option<&EdgeTrace>,
    keep: &Keep,
) -> EvidenceShown {
    let counted = trace.map(|trace| trace.counted);
    EvidenceShown {
        seq: edge.added.seq,
        relation: edge.relation,
        artifact: cited(state, &edge.artifact.0, keep),
        note: edge.note.to_string(),
        passages: edge.passages.iter().map(passage).collect(),
        strength: edge.strength,
        replicates: edge.replicates.as_ref().map(|artifact| artifact.subject()),
        replication: edge.replication,
        weight: trace.and_then(|trace| trace.weight),
        counted,
        why_not: counted.and_then(why_not_counted).map(str::to_owned),
        added: Byline::of(state, &edge.added),
        revisions: edge
            .revised
            .iter()
            .filter_map(|event| remark(state, event))
            .collect(),
        withdrawn: edge
            .withdrawn
            .as_ref()
            .and_then(|event| remark(state, event)),
    }
}

fn why_not_counted(counted: EdgeCounted) -> Option<&'static str> {
    match counted {
        EdgeCounted::Counted => None,
        EdgeCounted::HeavierEdge => {
            Some("weighs nothing: heavier evidence of the same relation cites the same source")
        }
        EdgeCounted::Abstains => Some("abstains: nobody said how strongly it speaks"),
        EdgeCounted::SetAside => {
            Some("abstains: the registration of its source is set aside or missing")
        }
    }
}

fn passage(passage: &Passage) -> PassageShown {
    PassageShown {
        label: passage.label.to_string(),
        confidence: passage.confidence,
        quote: passage.quote.as_ref().map(ToString::to_string),
        page: passage.page.as_ref().map(ToString::to_string),
    }
}

/// A revision or a withdrawal.
fn remark(state: &State, event: &Event) -> Option<Remark> {
    let reason = match &event.data {
        Data::EvidenceRevised(data) => data.reason.to_string(),
        Data::EvidenceWithdrawn(data) => data.reason.to_string(),
        _ => return None,
    };
    Some(Remark {
        by: Byline::of(state, event),
        reason,
    })
}

fn scopes(state: &State, claim: &Claim) -> Vec<ScopeShown> {
    let scopes = claim.live_scopes();
    scopes
        .map(|(event, data)| {
            let context = state.context(&data.context.0);
            let definition = context.and_then(|context| context.definition());
            ScopeShown {
                seq: event.seq,
                relation: data.relation,
                context: data.context.subject(),
                name: context_name(state, &data.context.0),
                kind: definition.map(|definition| definition.kind.to_string()),
                breadth: data.breadth,
                note: data.note.as_ref().map(ToString::to_string),
                by: Byline::of(state, event),
            }
        })
        .collect()
}

fn neighborhood(
    state: &State,
    slug: &Slug,
    claim: &Claim,
    scope: &[ScopeShown],
    keep: &Keep,
) -> Neighborhood {
    let contexts = scope.iter().map(|scope| Neighbor {
        relation: scope.relation.word().to_owned(),
        subject: scope.context.clone(),
        name: scope.name.clone(),
    });
    let artifacts: BTreeSet<Neighbor> = claim
        .live_evidence()
        .map(|edge| {
            let artifact = cited(state, &edge.artifact.0, keep);
            Neighbor {
                relation: edge.relation.word().to_owned(),
                subject: artifact.subject,
                name: artifact.title,
            }
        })
        .collect();
    Neighborhood {
        outgoing: outgoing(state, claim),
        incoming: incoming(state, slug),
        contexts: contexts.collect(),
        artifacts: artifacts.into_iter().collect(),
    }
}

fn outgoing(state: &State, claim: &Claim) -> Vec<LinkShown> {
    let links = claim.live_links();
    links
        .map(|(event, data)| link(state, event, data, &data.target.0))
        .collect()
}

fn incoming(state: &State, slug: &Slug) -> Vec<LinkShown> {
    let naming = state.claims_naming(&Subject::claim(slug.clone()));
    naming
        .filter_map(|from| Some((from, state.claim(from)?)))
        .filter(|(_, claim)| claim.wording.is_some())
        .flat_map(|(from, claim)| {
            let links = claim.live_links();
            links
                .filter(|(_, data)| data.target.0 == *slug)
                .map(|(event, data)| link(state, event, data, from))
        })
        .collect()
}

fn link(state: &State, event: &Event, data: &crate::claim::ClaimLinked, other: &Slug) -> LinkShown {
    LinkShown {
        relation: data.relation,
        claim: Subject::claim(other.clone()),
        statement: claim_statement(state, other),
        strength: data.strength,
        note: data.note.as_ref().map(ToString::to_string),
        by: Byline::of(state, event),
    }
}

fn attestations(state: &State, assessed: &Assessed) -> Vec<AttestationShown> {
    let traces = &assessed.assessment.trace.attestations;
    let at = assessed.inputs.at;
    assessed
        .claim
        .live_attestations()
        .filter_map(|made| {
            let trace = traces.iter().find(|trace| trace.seq == made.made.seq)?;
            attestation(state, made, trace, at)
        })
        .collect()
}

fn attestation(
    state: &State,
    made: &Attestation,
    trace: &AttestationTrace,
    at: Time,
) -> Option<AttestationShown> {
    let Data::AttestationMade(data) = &made.made.data else {
        return None;
    };
    let author = &made.made.author;
    let profile = state.agent(author).and_then(|agent| agent.profile.as_ref());
    Some(AttestationShown {
        seq: made.made.seq,
        agent: author.clone(),
        name: agent_name(state, author),
        kind: profile.map(|profile| profile.kind),
        role: data.role.as_ref().map(ToString::to_string),
        verdict: made.verdict,
        weight: made.weight,
        comment: data.comment.as_ref().map(ToString::to_string),
        interests: data.interests.as_ref().map(ToString::to_string),
        version: made.version,
        expires: made.expires,
        expired: made.is_expired(at),
        mass: trace.mass,
        counted: trace.counted,
        why_not: match trace.counted {
            AttestationCounted::Counted => None,
            other => Some(other.to_string()),
        },
        made: Byline::of(state, &made.made),
    })
}

fn older_attestations(claim: &Claim) -> Vec<OlderAttestations> {
    let current = claim.version();
    let mut by_version = BTreeMap::<u64, (u64, u64)>::new();
    let others = claim
        .attestations
        .iter()
        .filter(|made| made.withdrawn.is_none() && made.version != current);
    for made in others {
        let (count, disputes) = by_version.entry(made.version).or_default();
        *count += 1;
        *disputes += u64::from(made.verdict == Verdict::Disputes);
    }
    let shown = |(version, (count, disputes)): (u64, (u64, u64))| {
        let many = counted(usize::try_from(count).unwrap_or(usize::MAX), "attestation");
        let words = match disputes {
            0 => format!("{many} on v{version}"),
            1 => format!("{many} on v{version}, 1 disputes"),
            more => format!("{many} on v{version}, {more} dispute"),
        };
        OlderAttestations {
            version,
            count,
            disputes,
            words,
        }
    };
    by_version.into_iter().map(shown).collect()
}

pub(super) fn domains(wording: &Wording) -> Vec<DomainShown> {
    let domains = wording.domains.0.iter();
    domains
        .map(|domain| DomainShown {
            name: domain.name.to_string(),
            weight: domain.weight,
        })
        .collect()
}

/// The events without effect of the claim, of what its live evidence cites and of its attesters.
fn set_aside(state: &State, claim: &Claim) -> Vec<SetAside> {
    if state.set_aside().next().is_none() {
        return Vec::new();
    }
    let artifacts: BTreeSet<&Slug> = claim.live_evidence().map(|edge| &edge.artifact.0).collect();
    let artifacts = artifacts
        .into_iter()
        .filter_map(|slug| state.artifact(slug));
    let attesters: BTreeSet<&Slug> = claim
        .live_attestations()
        .map(|made| &made.made.author)
        .collect();
    let attesters = attesters.into_iter().filter_map(|slug| state.agent(slug));
    let mut all = aside_of(state, &claim.events, place);
    all.extend(artifacts.flat_map(|one| aside_of(state, &one.events, |_| "evidence")));
    all.extend(attesters.flat_map(|one| aside_of(state, &one.events, |_| "attestations")));
    all
}

/// The events of a stream without effect.
pub(super) fn aside_of(
    state: &State,
    events: &crate::claim::Stream,
    place: fn(&Data) -> &'static str,
) -> Vec<SetAside> {
    let aside = events
        .iter()
        .filter(|(event, _)| state.is_set_aside(event.address));
    aside
        .map(|(event, _)| SetAside {
            place: place(&event.data).to_owned(),
            r#type: event.data.name().to_owned(),
            words: said(state, event),
            by: Byline::of(state, event),
        })
        .collect()
}

pub(super) fn place(data: &Data) -> &'static str {
    match data {
        Data::StatusChanged(_) => "status",
        Data::EvidenceAdded(_) | Data::EvidenceRevised(_) | Data::EvidenceWithdrawn(_) => {
            "evidence"
        }
        Data::ClaimScoped(_) | Data::ClaimUnscoped(_) => "scope",
        Data::ClaimLinked(_) | Data::ClaimUnlinked(_) => "neighborhood",
        Data::AttestationMade(_) | Data::AttestationWithdrawn(_) => "attestations",
        Data::NoteAdded(_) | Data::EventReaffirmed(_) => "notes",
        _ => "versions",
    }
}

pub(super) fn notes<'e>(
    state: &State,
    events: impl IntoIterator<Item = &'e std::sync::Arc<Event>>,
) -> Vec<NoteShown> {
    let note = |event: &std::sync::Arc<Event>| match &event.data {
        Data::NoteAdded(data) => Some(NoteShown {
            text: data.text.to_string(),
            on: data.on,
            by: Byline::of(state, event),
        }),
        _ => None,
    };
    events.into_iter().filter_map(note).collect()
}

/// What this copy holds of a subject.
pub(super) fn custody(state: &State, subject: &Subject, events: &crate::claim::Stream) -> Custody {
    let aside = events
        .iter()
        .filter(|(event, _)| state.is_set_aside(event.address));
    Custody {
        first_entry: events.front().map(|(event, _)| event.address.entry),
        last_entry: events.last().map(|(event, _)| event.address.entry),
        last_event: events.last().map(|(event, _)| event.id),
        events: events.len() as u64,
        set_aside: aside.count() as u64,
        entries: state.size(),
        recorded: state.recorded(),
        has_gap: state.has_gap(subject),
    }
}

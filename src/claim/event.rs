//! Events: what has happened. Every type, its fields and its form, declared once.

use std::sync::Arc;

use crate::form::{AnyList, AnySet, Field, Fields, Form, Keyed, List, Set, record};
use crate::hash::Hash;
use crate::json::Json;
use crate::tlog::VerifierKey;
use crate::value::{
    Address, CommitId, Date, Doi, EventId, EventRef, FormError, Index, KeyId, Kind, Line, Origin,
    PublicKey, Ratio, Seq, Slug, Subject, Text, Time, Url, excerpt,
};

use super::policy::Policy;
use super::word::{
    AgentKind, ArtifactKind, ArtifactName, ArtifactStanding, ClaimName, ClaimOrigin, ContextName,
    EvidenceRelation, Falsifiability, Lifecycle, LinkRelation, Nature, Polarity, RevocationReason,
    Role, ScopeRelation, Standing, Verdict, ViewVerdict,
};

record! {
    /// A new key and the proof that its owner has it.
    pub struct KeyClaim {
        /// The key.
        key: req PublicKey,
        /// Its signature over the possession message.
        proof: req [u8; 64],
    }
}

record! {
    /// An agent of the genesis.
    pub struct Founder {
        /// Its slug.
        slug: req Slug,
        /// Its name.
        name: req Line<200>,
        /// What it is.
        kind: req AgentKind,
        /// What it may do.
        roles: req AnySet<Role>,
        /// The community that its voice belongs to.
        community: opt Slug,
        /// How far its attestations count.
        reliability: opt Ratio,
        /// Its keys.
        keys: req List<KeyClaim>,
        /// SHA-256 of the raw key that may follow.
        next: opt Hash,
    }
}

record! {
    /// A ledger that this one continues.
    pub struct Predecessor {
        /// Its origin.
        origin: req Origin,
        /// Its log key.
        vkey: req LogKey,
        /// Its size when it ended.
        size: req u64,
        /// Its root at that size.
        root: req Hash,
    }
}

record! {
    /// A ledger that continues this one.
    pub struct Successor {
        /// Its origin.
        origin: req Origin,
        /// Its log key.
        vkey: req LogKey,
    }
}

record! {
    /// `ledger.created`: the one event of entry 0.
    pub struct LedgerCreated {
        /// The ledger's name for ever.
        origin: req Origin,
        /// Its title.
        title: req Line<200>,
        /// What it is for.
        description: opt Text<4000>,
        /// The key that signs its heads.
        log_key: req LogKey,
        /// Its first agents.
        agents: req List<Founder>,
        /// Its policy.
        policy: req Policy,
        /// The ledger before it.
        predecessor: opt Predecessor,
    }
}

record! {
    /// `ledger.policy_changed`
    pub struct PolicyChanged {
        /// The new policy.
        policy: req Policy,
    }
}

record! {
    /// `ledger.model_adopted`
    pub struct ModelAdopted {
        /// Name of the model.
        model: req Line<60>,
        /// Its version.
        version: req Line<20>,
        /// SHA-256 of its parameter document.
        spec: req Hash,
        /// Whether it is the one shown unless asked otherwise.
        default: req bool,
    }
}

record! {
    /// `ledger.moved`: another ledger continues this one.
    pub struct LedgerMoved {
        /// Which.
        successor: req Successor,
        /// Why.
        reason: req Text<1000>,
    }
}

record! {
    /// `ledger.frozen`: nothing is admitted any more.
    pub struct LedgerFrozen {
        /// Which ledger continues it, if any.
        successor: opt Successor,
        /// Why.
        reason: req Text<1000>,
    }
}

record! {
    /// `ledger.mapped`: the root of the map of all streams, signed by the log key.
    pub struct LedgerMapped {
        /// Entries that the map covers: all before this one.
        size: req u64,
        /// Root of the map.
        root: req Hash,
        /// Subjects in the map.
        subjects: req u64,
    }
}

record! {
    /// `agent.registered`
    pub struct AgentRegistered {
        /// Its name.
        name: req Line<200>,
        /// What it is.
        kind: req AgentKind,
        /// What it may do.
        roles: req AnySet<Role>,
        /// The community that its voice belongs to.
        community: opt Slug,
        /// How far its attestations count.
        reliability: opt Ratio,
        /// Its keys.
        keys: req List<KeyClaim>,
        /// SHA-256 of the raw key that may follow.
        next: opt Hash,
        /// Its ORCID iD, with its check digit.
        orcid: opt Orcid,
        /// Its page.
        url: opt Url,
    }
}

record! {
    /// `agent.changed`
    pub struct AgentChanged {
        /// Its new name.
        name: opt Line<200>,
        /// Its new community.
        community: opt Slug,
        /// How far its attestations count from now on.
        reliability: opt Ratio,
        /// What it may do from now on.
        roles: opt AnySet<Role>,
    }
}

record! {
    /// `agent.key_added`
    pub struct KeyAdded {
        /// The key.
        key: req PublicKey,
        /// Its signature over the possession message.
        proof: req [u8; 64],
        /// SHA-256 of the raw key that may follow.
        next: opt Hash,
    }
}

record! {
    /// `agent.key_revoked`
    pub struct KeyRevoked {
        /// The key.
        key: req KeyId,
        /// Why.
        reason: req RevocationReason,
        /// The first entry at which it may have been in other hands.
        since: opt u64,
    }
}

record! {
    /// `artifact.registered`
    pub struct ArtifactRegistered {
        /// Its title.
        title: req Line<1000>,
        /// What it is.
        kind: req ArtifactKind,
        /// How it is cited in short: "Anthropic, 2023".
        label: opt Line<200>,
        /// Its authors, in their order.
        authors: opt List<Text<200>>,
        /// The year it was published.
        year: opt Year,
        /// Its DOI, in lower case.
        doi: opt Doi,
        /// Its address.
        url: opt Url,
        /// The community it comes from.
        community: opt Slug,
        /// Digest of its bytes.
        sha256: opt Hash,
        /// The importer's own id for it.
        key: opt Line<200>,
    }
}

record! {
    /// `artifact.appraised`
    pub struct ArtifactAppraised {
        /// How far its source is to be believed.
        credibility: opt Ratio,
        /// How sound its method is.
        methodology: opt Ratio,
        /// How far its findings were replicated.
        replication: opt Ratio,
        /// Why.
        rationale: opt Text<2000>,
    }
}

record! {
    /// `artifact.standing_changed`
    pub struct ArtifactStandingChanged {
        /// How it stands now.
        standing: req ArtifactStanding,
        /// The publisher's notice.
        notice: opt Url,
        /// Why.
        reason: req Text<2000>,
        /// The artifact that took its place.
        by: opt ArtifactName,
    }
}

record! {
    /// `context.defined`
    pub struct ContextDefined {
        /// Its name.
        name: req Line<300>,
        /// Its kind: `model_scale`, `population`, …
        kind: req Line<60>,
    }
}

record! {
    /// A field of knowledge that a claim belongs to.
    pub struct Domain {
        /// Its name.
        name: req Line<120>,
        /// How much of the claim lies in it.
        weight: req Ratio,
    }
}

impl Keyed for Domain {
    fn set_key(&self) -> String {
        self.name.as_str().to_owned()
    }
}

record! {
    /// `claim.asserted`
    pub struct ClaimAsserted {
        /// The claim in one line.
        statement: req Line<1000>,
        /// What it says, in short.
        summary: req Text<4000>,
        /// What it says, at length.
        detail: opt Text<16000>,
        /// What sort of statement it is.
        nature: req Nature,
        /// That it is, or that it is not.
        polarity: req Polarity,
        /// Whether it could be shown to be wrong.
        falsifiability: req Falsifiability,
        /// How it came here.
        origin: req ClaimOrigin,
        /// The fields it belongs to.
        domains: req Set<Domain>,
        /// The importer's own id for it.
        key: opt Line<200>,
    }
}

record! {
    /// `claim.revised`
    pub struct ClaimRevised {
        /// The claim in one line.
        statement: opt Line<1000>,
        /// What it says, in short.
        summary: opt Text<4000>,
        /// What it says, at length.
        detail: opt Text<16000>,
        /// What sort of statement it is.
        nature: opt Nature,
        /// That it is, or that it is not.
        polarity: opt Polarity,
        /// Whether it could be shown to be wrong.
        falsifiability: opt Falsifiability,
        /// How it came here.
        origin: opt ClaimOrigin,
        /// The fields it belongs to.
        domains: opt Set<Domain>,
        /// Why.
        reason: req Text<2000>,
    }
}

record! {
    /// `claim.status_changed`
    pub struct StatusChanged {
        /// Where it is in its life now.
        lifecycle: opt Lifecycle,
        /// How it stands now.
        standing: opt Standing,
        /// Why.
        note: req Text<2000>,
        /// The claim that took its place or took it in.
        by: opt ClaimName,
    }
}

record! {
    /// `claim.scoped`
    pub struct ClaimScoped {
        /// Whether it holds or fails there.
        relation: req ScopeRelation,
        /// The condition.
        context: req ContextName,
        /// How much of what the claim speaks of the condition covers.
        breadth: req Ratio,
        /// In words.
        note: opt Text<2000>,
    }
}

record! {
    /// `claim.unscoped`
    pub struct ClaimUnscoped {
        /// The `claim.scoped` that is taken back.
        r#ref: req u64,
        /// Why.
        reason: req Text<2000>,
    }
}

record! {
    /// `claim.linked`
    pub struct ClaimLinked {
        /// What it is to the other.
        relation: req LinkRelation,
        /// The other.
        target: req ClaimName,
        /// How strongly.
        strength: opt Ratio,
        /// In words.
        note: opt Text<2000>,
    }
}

record! {
    /// `claim.unlinked`
    pub struct ClaimUnlinked {
        /// The `claim.linked` that is taken back.
        r#ref: req u64,
        /// Why.
        reason: req Text<2000>,
    }
}

record! {
    /// A passage of an artifact.
    pub struct Passage {
        /// What it shows.
        label: req Line<300>,
        /// How clearly.
        confidence: opt Ratio,
        /// Its words.
        quote: opt Text<4000>,
        /// Where it stands.
        page: opt Line<80>,
    }
}

record! {
    /// `evidence.added`
    pub struct EvidenceAdded {
        /// What it does to the claim.
        relation: req EvidenceRelation,
        /// Where it comes from.
        artifact: req ArtifactName,
        /// How strongly it speaks.
        strength: opt Ratio,
        /// Where it says so.
        passages: opt List<Passage>,
        /// What it shows, in words.
        note: req Text<4000>,
        /// The artifact whose finding it repeats.
        replicates: opt ArtifactName,
        /// How far this finding was replicated.
        replication: opt Ratio,
        /// The importer's own id for it.
        key: opt Line<200>,
    }
}

record! {
    /// `evidence.revised`
    pub struct EvidenceRevised {
        /// The `evidence.added` that it changes.
        r#ref: req u64,
        /// How strongly it speaks.
        strength: opt Ratio,
        /// Where it says so.
        passages: opt List<Passage>,
        /// What it shows, in words.
        note: opt Text<4000>,
        /// How far this finding was replicated.
        replication: opt Ratio,
        /// Why.
        reason: req Text<2000>,
    }
}

record! {
    /// `evidence.withdrawn`
    pub struct EvidenceWithdrawn {
        /// The `evidence.added` that is taken back.
        r#ref: req u64,
        /// Why.
        reason: req Text<2000>,
    }
}

record! {
    /// `attestation.made`
    pub struct AttestationMade {
        /// What the attester says.
        verdict: req Verdict,
        /// How much of his word he puts into it.
        weight: req Ratio,
        /// The version of the claim that he saw.
        version: req u64,
        /// In words.
        comment: opt Text<4000>,
        /// As what he speaks: "Curator".
        role: opt Line<60>,
        /// From when it no longer counts.
        expires: opt Date,
        /// His conflicts of interest, in his words.
        interests: opt Text<1000>,
    }
}

record! {
    /// `attestation.withdrawn`
    pub struct AttestationWithdrawn {
        /// The `attestation.made` that is taken back.
        r#ref: req u64,
        /// Why.
        reason: req Text<2000>,
    }
}

record! {
    /// A rule of a view.
    pub struct ViewRule {
        /// A CEL expression over the claim.
        when: req Text<1000>,
        /// What the view does where it is true.
        verdict: req ViewVerdict,
        /// Why.
        reason: req Text<300>,
    }
}

record! {
    /// `view.defined`, `view.changed`
    pub struct ViewDefined {
        /// Its name.
        name: req Line<120>,
        /// What it is for.
        description: req Text<2000>,
        /// Its rules; the first that is true decides.
        rules: req AnyList<ViewRule>,
        /// The verdict where none is.
        otherwise: req ViewVerdict,
    }
}

record! {
    /// `event.reaffirmed`
    pub struct EventReaffirmed {
        /// The event of this stream that has effect again.
        r#ref: req u64,
        /// Why.
        reason: req Text<1000>,
    }
}

record! {
    /// `note.added`
    pub struct NoteAdded {
        /// The note.
        text: req Text<4000>,
        /// The event of this stream that it is about.
        on: opt u64,
    }
}

/// An event type: its name, the kind of subject it may stand on, its fields.
#[derive(Debug, Clone, Copy)]
pub struct EventType {
    /// Its name in `type`.
    pub name: &'static str,
    /// The subjects it may stand on; empty for any.
    pub on: &'static [Kind],
    /// Its fields as `docs/FORMAT.md` lists them.
    pub fields: fn() -> Vec<Field>,
}

macro_rules! events {
    ($($variant:ident $record:ident $name:literal [$($kind:ident),*],)*) => {
        /// What has happened, by type.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Data {
            $(
                #[doc = concat!("`", $name, "`")]
                $variant(Box<$record>),
            )*
        }

        impl Data {
            /// Every event type.
            pub const TYPES: &'static [EventType] = &[
                $( EventType { name: $name, on: &[$(Kind::$kind),*], fields: $record::fields } ),*
            ];

            /// Reads the `data` of a type.
            ///
            /// # Errors
            /// `schema` for an unknown type; else the first field of another form.
            pub fn read(kind: &str, json: &Json<'_>) -> Result<Data, FormError> {
                let data = match kind {
                    $( $name => Data::$variant(Box::new(
                        $record::read(json).map_err(|error| error.inside("data"))?,
                    )), )*
                    _ => return Err(unknown_type(kind)),
                };
                data.agrees_with_itself().map_err(|error| error.inside("data"))?;
                Ok(data)
            }

            /// Its JSON form.
            #[must_use]
            pub fn write(&self) -> Json<'_> {
                match self { $( Data::$variant(data) => data.write() ),* }
            }

            /// Its type, as `type` names it.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self { $( Data::$variant(_) => $name ),* }
            }

            fn subjects(&self) -> &'static [Kind] {
                match self { $( Data::$variant(_) => &[$(Kind::$kind),*] ),* }
            }
        }
    };
}

events! {
    LedgerCreated LedgerCreated "ledger.created" [Ledger],
    PolicyChanged PolicyChanged "ledger.policy_changed" [Ledger],
    ModelAdopted ModelAdopted "ledger.model_adopted" [Ledger],
    LedgerMoved LedgerMoved "ledger.moved" [Ledger],
    LedgerFrozen LedgerFrozen "ledger.frozen" [Ledger],
    LedgerMapped LedgerMapped "ledger.mapped" [Agent],
    AgentRegistered AgentRegistered "agent.registered" [Agent],
    AgentChanged AgentChanged "agent.changed" [Agent],
    KeyAdded KeyAdded "agent.key_added" [Agent],
    KeyRevoked KeyRevoked "agent.key_revoked" [Agent],
    ArtifactRegistered ArtifactRegistered "artifact.registered" [Artifact],
    ArtifactAppraised ArtifactAppraised "artifact.appraised" [Artifact],
    ArtifactStandingChanged ArtifactStandingChanged "artifact.standing_changed" [Artifact],
    ContextDefined ContextDefined "context.defined" [Context],
    ClaimAsserted ClaimAsserted "claim.asserted" [Claim],
    ClaimRevised ClaimRevised "claim.revised" [Claim],
    StatusChanged StatusChanged "claim.status_changed" [Claim],
    ClaimScoped ClaimScoped "claim.scoped" [Claim],
    ClaimUnscoped ClaimUnscoped "claim.unscoped" [Claim],
    ClaimLinked ClaimLinked "claim.linked" [Claim],
    ClaimUnlinked ClaimUnlinked "claim.unlinked" [Claim],
    EvidenceAdded EvidenceAdded "evidence.added" [Claim],
    EvidenceRevised EvidenceRevised "evidence.revised" [Claim],
    EvidenceWithdrawn EvidenceWithdrawn "evidence.withdrawn" [Claim],
    AttestationMade AttestationMade "attestation.made" [Claim],
    AttestationWithdrawn AttestationWithdrawn "attestation.withdrawn" [Claim],
    ViewDefined ViewDefined "view.defined" [View],
    ViewChanged ViewDefined "view.changed" [View],
    EventReaffirmed EventReaffirmed "event.reaffirmed" [],
    NoteAdded NoteAdded "note.added" [],
}

fn unknown_type(kind: &str) -> FormError {
    FormError::schema(excerpt(kind), "one of the event types of docs/FORMAT.md").inside("type")
}

impl Data {
    /// Whether an event of this type may stand on this subject.
    ///
    /// # Errors
    /// `schema` with the kinds of subject that it may.
    pub fn stands_on(&self, subject: &Subject) -> Result<(), FormError> {
        let kinds = self.subjects();
        if kinds.is_empty() || kinds.contains(&subject.kind()) {
            return Ok(());
        }
        let expected: Vec<&str> = kinds.iter().map(|kind| kind.word()).collect();
        Err(FormError::schema(
            format!("{} on {}", self.name(), excerpt(&subject.to_string())),
            format!(
                "{} on a subject of kind {}",
                self.name(),
                expected.join(", ")
            ),
        )
        .inside("subject"))
    }

    /// What no single field can say.
    fn agrees_with_itself(&self) -> Result<(), FormError> {
        match self {
            Data::AgentChanged(data) => {
                let given = [
                    data.name.is_some(),
                    data.community.is_some(),
                    data.reliability.is_some(),
                    data.roles.is_some(),
                ];
                at_least_one(&given, "name, community, reliability, roles")
            }
            Data::ArtifactAppraised(data) => {
                let given = [
                    data.credibility.is_some(),
                    data.methodology.is_some(),
                    data.replication.is_some(),
                ];
                at_least_one(&given, "credibility, methodology, replication")
            }
            Data::ClaimRevised(data) => {
                let given = [
                    data.statement.is_some(),
                    data.summary.is_some(),
                    data.detail.is_some(),
                    data.nature.is_some(),
                    data.polarity.is_some(),
                    data.falsifiability.is_some(),
                    data.origin.is_some(),
                    data.domains.is_some(),
                ];
                at_least_one(&given, "the fields of claim.asserted but key")
            }
            Data::EvidenceRevised(data) => {
                let given = [
                    data.strength.is_some(),
                    data.passages.is_some(),
                    data.note.is_some(),
                    data.replication.is_some(),
                ];
                at_least_one(&given, "strength, passages, note, replication")
            }
            Data::StatusChanged(data) => at_least_one(
                &[data.lifecycle.is_some(), data.standing.is_some()],
                "lifecycle, standing",
            ),
            Data::KeyRevoked(data) if data.since.is_some() => match data.reason {
                RevocationReason::Compromised => Ok(()),
                other => Err(FormError::schema(
                    format!("since with reason {other}"),
                    "since only where the reason is compromised",
                )),
            },
            _ => Ok(()),
        }
    }

    /// The keys that the event registers, with their proofs and the agent each is for.
    #[must_use]
    pub fn new_keys(&self, subject: &Subject) -> Vec<(Slug, KeyClaim)> {
        let agent = subject.slug().cloned();
        match self {
            Data::LedgerCreated(data) => data
                .agents
                .0
                .iter()
                .flat_map(|founder| {
                    founder
                        .keys
                        .0
                        .iter()
                        .map(|key| (founder.slug.clone(), key.clone()))
                })
                .collect(),
            Data::AgentRegistered(data) => {
                let agent = agent.into_iter().cycle();
                agent.zip(data.keys.0.iter().cloned()).collect()
            }
            Data::KeyAdded(data) => agent
                .map(|agent| {
                    (
                        agent,
                        KeyClaim {
                            key: data.key,
                            proof: data.proof,
                        },
                    )
                })
                .into_iter()
                .collect(),
            _ => Vec::new(),
        }
    }

    /// The seq of the event that this one takes back or changes.
    #[must_use]
    pub fn reference(&self) -> Option<Seq> {
        match self {
            Data::ClaimUnscoped(data) => Some(data.r#ref),
            Data::ClaimUnlinked(data) => Some(data.r#ref),
            Data::EvidenceRevised(data) => Some(data.r#ref),
            Data::EvidenceWithdrawn(data) => Some(data.r#ref),
            Data::AttestationWithdrawn(data) => Some(data.r#ref),
            Data::EventReaffirmed(data) => Some(data.r#ref),
            _ => None,
        }
    }

    /// What a claim is tied to by this event of its own: the artifact of its evidence, the context
    /// of its scope, the claim at the other end of its link.
    #[must_use]
    pub fn named_by_claim(&self) -> Option<Subject> {
        match self {
            Data::EvidenceAdded(data) => Some(data.artifact.subject()),
            Data::ClaimScoped(data) => Some(data.context.subject()),
            Data::ClaimLinked(data) => Some(data.target.subject()),
            _ => None,
        }
    }

    /// Whether an event like this may move every claim, whatever its subject: it may set events
    /// aside or bring them back, or changes the model or a view.
    #[must_use]
    pub fn moves_every_claim(&self) -> bool {
        matches!(
            self,
            Data::KeyRevoked(_)
                | Data::EventReaffirmed(_)
                | Data::ModelAdopted(_)
                | Data::ViewDefined(_)
                | Data::ViewChanged(_)
        )
    }

    /// Whether `--effective` looks at events of this type.
    #[must_use]
    pub fn has_valid_time(&self) -> bool {
        let name = self.name();
        ["claim.", "evidence.", "attestation."]
            .iter()
            .any(|prefix| name.starts_with(prefix))
            || matches!(
                self,
                Data::ArtifactAppraised(_) | Data::ArtifactStandingChanged(_)
            )
    }
}

fn at_least_one(given: &[bool], names: &str) -> Result<(), FormError> {
    if given.contains(&true) {
        return Ok(());
    }
    Err(FormError::schema(
        "none of its fields",
        format!("at least one of {names}"),
    ))
}

/// The verifier key of a log, as a C2SP vkey of an Ed25519 key (type 0x01).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogKey(pub VerifierKey);

impl Form for LogKey {
    fn read(json: &Json<'_>) -> Result<Self, FormError> {
        let text = crate::form::text_of(json)?;
        let key = text
            .parse()
            .map_err(|error: crate::tlog::VerifierKeyError| {
                FormError::schema(
                    excerpt(text),
                    format!("a C2SP verifier key of an Ed25519 log ({error})"),
                )
            })?;
        Ok(LogKey(key))
    }

    fn write(&self) -> Json<'_> {
        Json::string(self.0.to_string())
    }

    fn describe() -> String {
        "vkey".into()
    }
}

/// A year, 1 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Year(pub u16);

impl Form for Year {
    fn read(json: &Json<'_>) -> Result<Self, FormError> {
        let number = u64::read(json)?;
        match u16::try_from(number) {
            Ok(year @ 1..=9999) => Ok(Year(year)),
            _ => Err(FormError::schema(
                number.to_string(),
                "a year from 1 to 9999",
            )),
        }
    }

    fn write(&self) -> Json<'_> {
        Json::Int(i64::from(self.0))
    }

    fn describe() -> String {
        "year".into()
    }
}

/// An ORCID iD: four groups of four, the last character a check digit (ISO 7064 MOD 11-2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Orcid(Arc<str>);

impl Orcid {
    /// Reads an iD.
    ///
    /// # Errors
    /// `schema` for another form or a wrong check digit.
    pub fn parse(text: &str) -> Result<Orcid, FormError> {
        if is_orcid(text) {
            return Ok(Orcid(text.into()));
        }
        Err(FormError::schema(
            excerpt(text),
            "an ORCID iD with its right check digit, such as 0000-0002-1825-0097",
        ))
    }

    /// The iD.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_orcid(text: &str) -> bool {
    let grouped = text.len() == 19
        && text.bytes().enumerate().all(|(place, byte)| match place {
            4 | 9 | 14 => byte == b'-',
            18 => byte.is_ascii_digit() || byte == b'X',
            _ => byte.is_ascii_digit(),
        });
    if !grouped {
        return false;
    }
    let digits = text.bytes().take(18).filter(u8::is_ascii_digit);
    let total = digits.fold(0_u32, |total, digit| (total + u32::from(digit - b'0')) * 2);
    let check = (12 - total % 11) % 11;
    let last = text.as_bytes()[18];
    if check == 10 {
        last == b'X'
    } else {
        u32::from(last.wrapping_sub(b'0')) == check
    }
}

impl Form for Orcid {
    fn read(json: &Json<'_>) -> Result<Self, FormError> {
        Orcid::parse(crate::form::text_of(json)?)
    }

    fn write(&self) -> Json<'_> {
        Json::string(&*self.0)
    }

    fn describe() -> String {
        "orcid".into()
    }
}

/// An event in its place: what has happened, by whom, and when it was said and recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Where it stands in the log.
    pub address: Address,
    /// Its id.
    pub id: EventId,
    /// What it changes.
    pub subject: Subject,
    /// Its position in the subject's stream.
    pub seq: Seq,
    /// The event before it in the stream.
    pub prev: Option<EventId>,
    /// Since when the fact holds in the world, where that is known.
    pub effective: Option<Date>,
    /// Who signed it as author.
    pub author: Slug,
    /// The author's clock.
    pub at: Time,
    /// The log's clock.
    pub recorded: Time,
    /// What has happened.
    pub data: Data,
}

impl Event {
    /// Enough to find it and to name it.
    #[must_use]
    pub fn reference(&self) -> EventRef {
        EventRef {
            address: self.address,
            id: self.id,
            author: self.author.clone(),
        }
    }

    /// Since when it holds in the world by its own word: `effective` if given, else `at`.
    #[must_use]
    pub fn holds_since(&self) -> Time {
        self.effective.map_or(self.at, Date::start)
    }
}

/// What an author wants to have happened: an event without a place in its stream yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// What it changes.
    pub subject: Subject,
    /// Since when the fact holds in the world, where that is known.
    pub effective: Option<Date>,
    /// What is to happen.
    pub data: Data,
}

impl Act {
    /// An act whose valid time is the time of signing.
    #[must_use]
    pub fn new(subject: Subject, data: Data) -> Act {
        Act {
            subject,
            effective: None,
            data,
        }
    }

    /// Reads `{"subject", "effective"?, "type", "data"}`: how people and programs write an act down.
    ///
    /// # Errors
    /// The field that is not of its form; `schema` where the type does not stand on the subject.
    pub fn read(json: &Json<'_>) -> Result<Act, FormError> {
        let mut fields = Fields::of(json)?;
        let subject: Subject = fields.required("subject")?;
        let effective: Option<Date> = fields.optional("effective")?;
        let missing = |form, name| FormError::schema("nothing", form).inside(name);
        let kind = fields
            .raw("type")
            .ok_or_else(|| missing("a string", "type"))?;
        let kind = crate::form::text_of(kind).map_err(|error| error.inside("type"))?;
        let data = fields
            .raw("data")
            .ok_or_else(|| missing("an object", "data"))?;
        fields.end()?;
        let data = Data::read(kind, data)?;
        data.stands_on(&subject)?;
        Ok(Act::new(subject, data).since(effective))
    }

    /// The same, holding in the world since a date.
    #[must_use]
    pub fn since(mut self, date: Option<Date>) -> Act {
        self.effective = date;
        self
    }
}

/// A key that signed a commit, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signer {
    /// The agent.
    pub agent: Slug,
    /// The key.
    pub key: KeyId,
}

/// What is wrong with a key that an event registers; found out by whoever knows about keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFault {
    /// Position of the event in its commit.
    pub position: u16,
    /// The key.
    pub key: PublicKey,
    /// Why it may not be registered.
    pub fault: KeyFaultKind,
}

/// The kinds of [`KeyFault`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyFaultKind {
    /// Its point is unsound; in words.
    Unsound(String),
    /// Its proof of possession does not hold.
    Possession,
}

/// A commit in its place in the log, with verified signers: what rules judge and folds take in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Index of its entry.
    pub index: Index,
    /// Id of the commit.
    pub commit: CommitId,
    /// The log's clock.
    pub recorded: Time,
    /// Who signed as author.
    pub author: Slug,
    /// The author's clock.
    pub at: Time,
    /// Size of the tree head that the author had seen; none in genesis.
    pub anchor: Option<u64>,
    /// All that signed, each with a key that was valid for it.
    pub signers: Vec<Signer>,
    /// Its events, in order.
    pub events: Vec<Arc<Event>>,
    /// What is wrong with keys that it registers.
    pub key_faults: Vec<KeyFault>,
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_orcid_has_the_right_check_digit() {
        for good in [
            "0000-0002-1825-0097",
            "0000-0001-5109-3700",
            "0000-0002-1694-233X",
        ] {
            assert!(Orcid::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "0000-0002-1825-0098",
            "0000-0002-1694-233x",
            "0000000218250097",
            "",
        ] {
            assert!(Orcid::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_array_null_or_unknown_field_is_no_record() {
        let read = |text: &str| {
            NoteAdded::read(&Json::parse(text.as_bytes()).unwrap()).map_err(|e| e.path)
        };
        assert!(read(r#"{"text":"x"}"#).is_ok());
        assert_eq!(read(r#"["x"]"#), Err(String::new()));
        assert_eq!(read(r#"{"on":null,"text":"x"}"#), Err("on".into()));
        assert_eq!(read(r#"{"extra":1,"text":"x"}"#), Err(String::new()));
        assert_eq!(read(r#"{}"#), Err("text".into()));
    }

    #[test]
    fn what_names_no_change_is_refused() {
        for (kind, text) in [
            ("claim.revised", r#"{"reason":"x"}"#),
            ("evidence.revised", r#"{"reason":"x","ref":1}"#),
            ("agent.changed", "{}"),
            ("artifact.appraised", r#"{"rationale":"x"}"#),
            ("claim.status_changed", r#"{"note":"x"}"#),
        ] {
            let json = Json::parse(text.as_bytes()).unwrap();
            let error = Data::read(kind, &json).unwrap_err();
            assert!(
                error.expected.starts_with("at least one of"),
                "{kind}: {error}"
            );
        }
    }
}

//! The trace: every number between the inputs and the figures, so that a reader can follow each
//! step with pencil and paper. All values are in ppm.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::value::{EventRef, Seq, Slug, Subject, Time};

use super::figure::Figure;
use super::inputs::{Relation, Standing, Verdict};

/// Every number between the inputs and the figures, in ppm; a missing one is null, never 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct Trace {
    /// The note and the counts.
    #[serde(flatten)]
    pub summary: Summary,
    /// Recorded time of the newest event that bears on the profile.
    pub computed_at: Option<Time>,
    /// Live evidence in order of seq.
    pub edges: Vec<EdgeTrace>,
    /// Live attestations on the current version in order of seq.
    pub attestations: Vec<AttestationTrace>,
    /// Communities that have a mass, by name.
    pub communities: Vec<CommunityTrace>,
    /// S: sum of the weights that support.
    pub supporting_weight: u64,
    /// D: sum of the weights that dispute.
    pub disputing_weight: u64,
    /// A⁺: sum of the attested masses for the claim, capped.
    pub attested_for: u64,
    /// A⁻: sum of the attested masses against it, capped.
    pub attested_against: u64,
    /// r = S + A⁺.
    pub mass_for: u64,
    /// d = D + A⁻.
    pub mass_against: u64,
    /// Figures that rest on the assumed quality of a source that nobody appraised.
    pub assumed: Vec<Figure>,
    /// How much of its parts each derived figure had.
    pub coverage: Coverages,
}

/// What the reference page prints of a trace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct Summary {
    /// The note of the newest change of status.
    pub note: Option<String>,
    /// How much went in.
    pub inputs: Counts,
}

/// How much went in. Numbers of things, not ppm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct Counts {
    /// Live edges without a strength or with an artifact that is set aside; they are among the
    /// supporting and disputing ones too. Left out of the JSON when there are none.
    #[serde(default, skip_serializing_if = "is_none")]
    pub abstaining_edges: u64,
    /// Distinct artifacts that live edges cite.
    pub artifacts: u64,
    /// Live attestations on the current version.
    pub attestations: u64,
    /// Live edges that dispute.
    pub disputing_edges: u64,
    /// Live edges that support.
    pub supporting_edges: u64,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // the form that serde asks for
fn is_none(count: &u64) -> bool {
    *count == 0
}

/// How one piece of evidence was weighed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct EdgeTrace {
    /// Its place in the claim's stream.
    #[cfg_attr(feature = "net", schema(value_type = u64))]
    pub seq: Seq,
    /// The event that added it.
    pub event: EventRef,
    /// For or against.
    pub relation: Relation,
    /// What it cites.
    pub artifact: Subject,
    /// s: its strength, else the mean of its passages' confidences.
    pub strength: Option<u64>,
    /// c: the artifact's credibility, mean over agents.
    pub credibility: Option<u64>,
    /// m: its methodology, mean over agents.
    pub methodology: Option<u64>,
    /// p: the finding's replication, else the artifact's, mean over agents.
    pub replication: Option<u64>,
    /// The artifact's standing.
    pub standing: Standing,
    /// κ: what the standing leaves of the weight.
    pub standing_factor: u64,
    /// q: mean of the known ones of m and c, else the assumed quality.
    pub quality: u64,
    /// Whether q is assumed.
    pub quality_assumed: bool,
    /// w: what it weighs, or would weigh if it counted; null when it abstains.
    pub weight: Option<u64>,
    /// Whether it counts.
    pub counted: EdgeCounted,
}

/// Whether a piece of evidence counts, or why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum EdgeCounted {
    /// It counts.
    Counted,
    /// A heavier edge of the same relation cites the same artifact (or one as heavy and earlier).
    HeavierEdge,
    /// It says no strength.
    Abstains,
    /// Its artifact is set aside.
    SetAside,
}

impl fmt::Display for EdgeCounted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            EdgeCounted::Counted => "counted",
            EdgeCounted::HeavierEdge => "a heavier edge cites the same artifact",
            EdgeCounted::Abstains => "abstains",
            EdgeCounted::SetAside => "set aside",
        })
    }
}

/// How one attestation was weighed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct AttestationTrace {
    /// Its place in the claim's stream.
    #[cfg_attr(feature = "net", schema(value_type = u64))]
    pub seq: Seq,
    /// The event that made it.
    pub event: EventRef,
    /// Who attested.
    pub agent: Slug,
    /// What it says.
    pub verdict: Verdict,
    /// μ before the cap.
    pub mass_before_cap: u64,
    /// μ as used.
    pub mass: u64,
    /// Whether it counts.
    pub counted: AttestationCounted,
}

/// Whether an attestation counts, or why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AttestationCounted {
    /// It counts in full.
    Counted,
    /// The cap of its side left it a part, or nothing.
    CutByCap,
    /// It gives no verdict.
    Abstains,
    /// Its time is over.
    Expired,
    /// Nobody said how reliable its agent is.
    ReliabilityMissing,
}

impl fmt::Display for AttestationCounted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            AttestationCounted::Counted => "counted",
            AttestationCounted::CutByCap => "cut by the cap on attestations",
            AttestationCounted::Abstains => "abstains",
            AttestationCounted::Expired => "expired",
            AttestationCounted::ReliabilityMissing => "the reliability of its agent is missing",
        })
    }
}

/// What one community contributes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct CommunityTrace {
    /// Its slug; `unknown` for all that name none.
    pub community: String,
    /// Weights of edges and masses of attestations together.
    pub mass: u64,
    /// Its share of the whole.
    pub share: u64,
}

/// How much of its parts each derived figure had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct Coverages {
    /// Of support.
    pub supp: Coverage,
    /// Of frontier.
    pub fron: Coverage,
    /// Of stability.
    pub stab: Coverage,
}

/// The weight of the parts that were assessed, of the whole weight; plain numbers, not ppm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct Coverage {
    /// Weight of the parts that were assessed.
    pub present: u32,
    /// Weight of all parts.
    pub whole: u32,
}

impl Coverage {
    /// Whether a part was missing.
    #[must_use]
    pub fn is_partial(self) -> bool {
        self.present < self.whole
    }
}

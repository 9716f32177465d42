//! The words of the model: every value that a field chooses from.

use crate::form::{Form, Keyed, words};
use crate::json::Json;
use crate::value::{FormError, Kind, Slug, Subject, excerpt};

words! {
    /// What an agent is.
    pub enum AgentKind {
        /// A person.
        Human = "human",
        /// A program.
        Software = "software",
        /// A body of people.
        Organization = "organization",
    }
}

words! {
    /// What an agent may do, by the policy in force.
    pub enum Role {
        /// Keeps the registry and the policy.
        Steward = "steward",
        /// Asserts, revises and judges claims.
        Curator = "curator",
        /// Brings artifacts and evidence.
        Contributor = "contributor",
        /// Attests to claims that others asserted.
        Attester = "attester",
    }
}

words! {
    /// What an artifact is.
    pub enum ArtifactKind {
        /// A publication.
        Paper = "paper",
        /// Data.
        Dataset = "dataset",
        /// A program.
        Code = "code",
        /// A report that no journal carries.
        Report = "report",
        /// A talk.
        Talk = "talk",
        /// A page of the web.
        Webpage = "webpage",
    }
}

words! {
    /// How an artifact stands with its publisher and its readers.
    pub enum ArtifactStanding {
        /// Nothing is known against it.
        Sound = "sound",
        /// Corrected, and still relied on.
        Corrected = "corrected",
        /// An expression of concern was published.
        Concern = "concern",
        /// Retracted by its publisher.
        Retracted = "retracted",
        /// Withdrawn by its authors.
        Withdrawn = "withdrawn",
        /// A newer one has taken its place.
        Superseded = "superseded",
        /// Not reviewed by peers.
        Preprint = "preprint",
    }
}

words! {
    /// What sort of statement a claim is.
    pub enum Nature {
        /// About what is observed.
        Empirical = "empirical",
        /// About what observations mean.
        Interpretive = "interpretive",
        /// About how to find out.
        Methodological = "methodological",
        /// Between fields.
        Bridging = "bridging",
        /// About what follows from a theory.
        Theoretical = "theoretical",
        /// About what ought to be.
        Normative = "normative",
    }
}

words! {
    /// Whether a claim says that something is, or that it is not.
    pub enum Polarity {
        /// That it is.
        Positive = "positive",
        /// That it is not.
        Negative = "negative",
    }
}

words! {
    /// Whether an observation could show the claim to be wrong.
    pub enum Falsifiability {
        /// It could.
        Falsifiable = "falsifiable",
        /// In part.
        PartiallyFalsifiable = "partially_falsifiable",
        /// None could.
        Unfalsifiable = "unfalsifiable",
    }
}

words! {
    /// How a claim came to be in the ledger.
    pub enum ClaimOrigin {
        /// Written for it.
        Authored = "authored",
        /// Taken from one source.
        Extracted = "extracted",
        /// Put together from several sources.
        CrossReferenced = "cross_referenced",
        /// Brought in from another collection.
        Imported = "imported",
    }
}

words! {
    /// Where a claim is in its life.
    pub enum Lifecycle {
        /// Asserted, not yet taken up.
        Proposed = "proposed",
        /// In use.
        Active = "active",
        /// Another claim has taken its place.
        Superseded = "superseded",
        /// It has become part of another claim.
        Merged = "merged",
        /// Taken back, for good.
        Retracted = "retracted",
    }
}

words! {
    /// How a claim stands with those who judge it.
    pub enum Standing {
        /// Not tested.
        Hypothesis = "hypothesis",
        /// Tested.
        Tested = "tested",
        /// Tested again by others, with the same outcome.
        Replicated = "replicated",
        /// Under dispute.
        Contested = "contested",
        /// Shown to be wrong.
        Refuted = "refuted",
        /// No longer in dispute.
        Settled = "settled",
    }
}

words! {
    /// What a piece of evidence does to a claim.
    pub enum EvidenceRelation {
        /// It speaks for the claim.
        Supports = "supports",
        /// It speaks against it.
        Disputes = "disputes",
    }
}

words! {
    /// What a context does to a claim.
    pub enum ScopeRelation {
        /// The claim holds under this condition.
        HoldsIn = "holds_in",
        /// It fails under this condition.
        FailsIn = "fails_in",
    }
}

words! {
    /// What a claim is to another.
    pub enum LinkRelation {
        /// It speaks for the other.
        Supports = "supports",
        /// Both cannot be true.
        Contradicts = "contradicts",
        /// It says the other more exactly.
        Refines = "refines",
        /// It says the other more broadly.
        Generalizes = "generalizes",
        /// It stands on the other.
        DependsOn = "depends_on",
        /// Both say the same.
        SameAs = "same_as",
        /// It states the other.
        Asserts = "asserts",
    }
}

words! {
    /// What an attester says of a claim.
    pub enum Verdict {
        /// Checked, and found right.
        Verifies = "verifies",
        /// Held to be right.
        Endorses = "endorses",
        /// Held to be wrong.
        Disputes = "disputes",
        /// Looked at without a verdict.
        Abstains = "abstains",
    }
}

words! {
    /// What a view does with a claim.
    pub enum ViewVerdict {
        /// It is in.
        Included = "included",
        /// It is in and counts for less.
        Downweighted = "downweighted",
        /// It is out.
        Excluded = "excluded",
    }
}

words! {
    /// Why a key is revoked.
    pub enum RevocationReason {
        /// Another key has taken its place.
        Rotated = "rotated",
        /// Nobody has it any more.
        Lost = "lost",
        /// Somebody else may have it.
        Compromised = "compromised",
    }
}

words! {
    /// Whose own signature is enough.
    pub enum Alone {
        /// The agent that the subject names.
        Subject = "subject",
        /// The author of the event at `ref`.
        Author = "author",
        /// Anybody registered.
        Anyone = "anyone",
    }
}

words! {
    /// Who may not be the only one.
    pub enum OtherThan {
        /// The author of `claim.asserted`.
        Asserter = "asserter",
    }
}

impl Keyed for Role {
    fn set_key(&self) -> String {
        self.word().to_owned()
    }
}

impl Keyed for AgentKind {
    fn set_key(&self) -> String {
        self.word().to_owned()
    }
}

macro_rules! names_of {
    ($($(#[$meta:meta])* $name:ident $kind:ident $word:literal;)*) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub Slug);

        impl $name {
            /// The whole subject.
            #[must_use]
            pub fn subject(&self) -> Subject {
                Subject::Entity(Kind::$kind, self.0.clone())
            }
        }

        impl Form for $name {
            fn read(json: &Json<'_>) -> Result<Self, FormError> {
                match Subject::read(json)? {
                    Subject::Entity(Kind::$kind, slug) => Ok($name(slug)),
                    other => Err(FormError::schema(
                        excerpt(&other.to_string()),
                        concat!($word, "/ and a slug"),
                    )),
                }
            }

            fn write(&self) -> Json<'_> {
                Json::string(self.subject().to_string())
            }

            fn describe() -> String {
                $word.into()
            }
        }
    )*};
}

names_of! {
    /// An artifact, named by its whole subject.
    ArtifactName Artifact "artifact";
    /// A context, named by its whole subject.
    ContextName Context "context";
    /// A claim, named by its whole subject.
    ClaimName Claim "claim";
}

//! Reading shown values back: what a cache stored or another program printed.

use serde::{Deserialize, Deserializer, de::Error};

use crate::claim::{
    AgentKind, ArtifactKind, ArtifactStanding, ClaimOrigin, EvidenceRelation, Falsifiability,
    Lifecycle, LinkRelation, Nature, Polarity, RevocationReason, Role, ScopeRelation, Standing,
    Verdict, ViewVerdict,
};
use crate::value::{
    Address, CommitId, Date, EventId, EventRef, KeyId, Origin, PublicKey, Slug, Subject, Time,
};

macro_rules! read_as_text {
    ($($name:ty),* $(,)?) => {$(
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(D::Error::custom)
            }
        }
    )*};
}

read_as_text!(
    AgentKind,
    ArtifactKind,
    ArtifactStanding,
    ClaimOrigin,
    CommitId,
    Date,
    EventId,
    EvidenceRelation,
    Falsifiability,
    KeyId,
    Lifecycle,
    LinkRelation,
    Nature,
    Origin,
    Polarity,
    PublicKey,
    RevocationReason,
    Role,
    ScopeRelation,
    Slug,
    Standing,
    Subject,
    Verdict,
    ViewVerdict,
);

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Time, D::Error> {
        let text = String::deserialize(deserializer)?;
        Time::parse_micros(&text).map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Address, D::Error> {
        let text = String::deserialize(deserializer)?;
        let parts = text
            .strip_prefix('@')
            .and_then(|rest| rest.split_once('.'))
            .and_then(|(entry, position)| {
                Some(Address {
                    entry: entry.parse().ok()?,
                    position: position.parse().ok()?,
                })
            });
        parts.ok_or_else(|| D::Error::custom("expected an address such as @41.0"))
    }
}

impl<'de> Deserialize<'de> for EventRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<EventRef, D::Error> {
        #[derive(Deserialize)]
        struct Parts {
            address: Address,
            id: EventId,
            author: Slug,
        }
        let Parts {
            address,
            id,
            author,
        } = Parts::deserialize(deserializer)?;
        Ok(EventRef {
            address,
            id,
            author,
        })
    }
}

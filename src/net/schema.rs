//! Schemas of the values that stand in answers as text: what the description of the API says of
//! them (JSON Schema 2020-12, as OpenAPI 3.1 has it).

use std::borrow::Cow;

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::claim::{
    AgentKind, ArtifactKind, ArtifactStanding, ClaimOrigin, EvidenceRelation, Falsifiability,
    Lifecycle, LinkRelation, Nature, Polarity, RevocationReason, Role, ScopeRelation, Standing,
    Verdict, ViewVerdict,
};
use crate::hash::Hash;
use crate::ledger::Receipt;
use crate::trust::Figure;
use crate::value::{
    Address, CommitId, Date, EventId, KeyId, Origin, PublicKey, Ratio, Slug, Subject, Time,
};

macro_rules! text {
    ($($name:ident: $what:literal, $pattern:literal;)*) => {$(
        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let text = ObjectBuilder::new().schema_type(Type::String);
                text.description(Some($what)).pattern(Some($pattern)).into()
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed(stringify!($name))
            }
        }
    )*};
}

text! {
    Address: "A place in the log: entry, and position in its commit", r"^@[0-9]+\.[0-9]+$";
    CommitId: "Id of a commit: SHA-256 of its canonical bytes, in hexadecimal", "^[0-9a-f]{64}$";
    Date: "A date: year, month or day", "^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$";
    EventId: "Id of an event: SHA-256 of its canonical bytes, in hexadecimal", "^[0-9a-f]{64}$";
    Hash: "SHA-256, in hexadecimal", "^[0-9a-f]{64}$";
    KeyId: "Id of a key", "^SHA256:[A-Za-z0-9+/]{43}$";
    Origin: "Name of a ledger", "^.+$";
    PublicKey: "An Ed25519 key as OpenSSH spells it", "^ssh-ed25519 [A-Za-z0-9+/]{68}$";
    Ratio: "A number from 0 to 1 as it was signed, with at most six decimals", r"^(0(\.[0-9]{1,6})?|1(\.0{1,6})?)$";
    Slug: "Name of a thing within its kind", "^[a-z0-9][a-z0-9-]{0,95}$";
    Subject: "Name of a thing: kind and slug; or ledger", "^(ledger|(agent|artifact|claim|context|view)/[a-z0-9][a-z0-9-]{0,95})$";
    Time: "A time in UTC, with microseconds", r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z$";
}

macro_rules! words {
    ($($name:ident: $what:literal;)*) => {$(
        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                one_of($what, $name::ALL.iter().map(|one| one.word()))
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed(stringify!($name))
            }
        }
    )*};
}

words! {
    AgentKind: "What an agent is";
    ArtifactKind: "What an artifact is";
    ArtifactStanding: "How an artifact stands";
    ClaimOrigin: "How a claim came here";
    EvidenceRelation: "For the claim or against it";
    Falsifiability: "Whether it could be shown to be wrong";
    Lifecycle: "Where a claim is in its life";
    LinkRelation: "How one claim bears on another";
    Nature: "What sort of statement a claim is";
    Polarity: "That it is, or that it is not";
    RevocationReason: "Why a key was revoked";
    Role: "What an agent may do";
    ScopeRelation: "Where a claim holds or fails";
    Standing: "How a claim stands";
    Verdict: "What an attestation says";
    ViewVerdict: "What a rule of a view says";
}

/// A receipt, as docs/FORMAT.md has it.
impl PartialSchema for Receipt {
    fn schema() -> RefOr<Schema> {
        let text = |what: &str| {
            let text = ObjectBuilder::new().schema_type(Type::String);
            text.description(Some(what))
        };
        ObjectBuilder::new()
            .description(Some("A receipt: with the log's key, whoever has it can check offline that the commit is recorded"))
            .property("origin", Origin::schema())
            .property("index", ObjectBuilder::new().schema_type(Type::Integer))
            .property("commit", CommitId::schema())
            .property("events", ArrayBuilder::new().items(EventId::schema()))
            .property("entry", text("The line of the log"))
            .property("proof", text("A tlog-proof of the line (C2SP)"))
            .required("origin")
            .required("index")
            .required("commit")
            .required("events")
            .required("entry")
            .required("proof")
            .into()
    }
}

impl ToSchema for Receipt {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Receipt")
    }
}

impl PartialSchema for Figure {
    fn schema() -> RefOr<Schema> {
        one_of(
            "A figure of a profile",
            Figure::ALL.map(Figure::short).into_iter(),
        )
    }
}

impl ToSchema for Figure {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Figure")
    }
}

fn one_of(what: &str, words: impl Iterator<Item = &'static str>) -> RefOr<Schema> {
    let text = ObjectBuilder::new().schema_type(Type::String);
    text.description(Some(what)).enum_values(Some(words)).into()
}

//! Claim: what it means. Events, the rules that admit them, and the state that they make.
//!
//! Pure: no bytes, no disk, no clock, no signatures. [`State::admit`] judges a commit in the place
//! it would take; [`State::evolve`] takes in what was recorded and refuses nothing.

mod admit;
mod authority;
mod entity;
mod event;
mod evolve;
mod past;
mod policy;
mod state;
mod word;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::print_stderr)]
pub(crate) mod tests;

pub use admit::{CLOCK_SLACK, Code, Rejection, on_time};
pub use entity::{
    Agent, AgentKey, AgentProfile, Artifact, Attestation, Claim, Context, Edge, Status, Stream,
    Tie, Version, View, Wording,
};
pub use event::*;
pub use past::Past;
pub use policy::{OUTRANKING, Policy, Rule, Signatures, rule_names};
pub use state::{Constitution, KeyOwner, State, StreamHead};
pub use word::*;

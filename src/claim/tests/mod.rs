//! The promises of this room, a file a promise.

mod accepted;
mod aside;
pub(crate) mod bed;
mod fold;
pub(crate) mod histories;
mod invariants;
mod naive;
mod refused;
mod thieves;

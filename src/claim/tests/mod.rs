//! The promises of this room, a file a promise.

mod accepted;
mod aside;
pub(crate) mod bed;
mod fold;
pub(crate) mod histories;
mod invariants;
mod known;
mod naive;
mod past;
mod refused;
mod thieves;

/// So many by default, so many in the full run.
fn times(default: u64, full: u64) -> u64 {
    match std::env::var_os("GROUNDS_FULL") {
        Some(_) => full,
        None => default,
    }
}

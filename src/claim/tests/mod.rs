//! The promises of this room, a file a promise.

mod accepted;
mod aside;
mod bed;
mod fold;
mod histories;
mod naive;
mod refused;

//! One test binary, a file a promise.
#![allow(clippy::unwrap_used)]

mod damage;
mod reference;

#![forbid(unsafe_code)]
//! `grounds`: the ledger of what a claim stands on.

pub mod hash;
pub mod value;

pub mod trust;

#![forbid(unsafe_code)]
//! `grounds`: the ledger of what a claim stands on.

pub mod claim;
pub mod envelope;
pub mod form;
pub mod hash;
#[cfg(feature = "import")]
pub mod import;
pub mod json;
pub mod tlog;
pub mod value;

#![forbid(unsafe_code)]
//! `grounds`: the ledger of what a claim stands on.

pub mod hash;
pub mod value;
pub mod json;
pub mod form;
pub mod envelope;
pub mod tlog;
pub mod store;
pub mod claim;
pub mod trust;
pub mod projection;
pub mod ledger;
#[cfg(feature = "import")]
pub mod import;
#[cfg(feature = "export")]
pub mod export;

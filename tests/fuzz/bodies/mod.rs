//! What each fuzz target does with its bytes: a function from bytes to nothing, which panics where
//! a promise does not hold. libFuzzer calls them, and so do the ordinary tests.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub)]

mod ground;
mod imported;

pub mod append;
pub mod bundle;
pub mod cel;
pub mod checkpoint;
pub mod commit;
pub mod entry;
pub mod import_csv;
pub mod import_fred;
pub mod import_jsonl;
pub mod json;
pub mod ledger;
pub mod mirror;
pub mod policy;
pub mod proof;
pub mod rewritten;
pub mod sealed;
pub mod seeds;
pub mod tiles;
pub mod values;

//! Claim bundles: one file with everything to check one claim offline.
//!
//! [`bundle`] makes one from a ledger, [`check`] reads one without any ledger. Both work out which
//! streams a claim depends on by the same closure, from what they have: the maker from the whole
//! ledger, the checker from the entries in the file alone. That nothing of these streams was left
//! out is what the map proofs say, and the map is what the log has signed. docs/FORMAT.md, section
//! 8, has the bytes and the order in which a check decides.

mod check;
mod closure;
mod figures;
mod form;
mod found;
mod make;
mod replay;
mod witnesses;

pub use check::{Asked, BoundClaim, BundleReport, check};
pub use form::{
    BundleFile, CarriedLine, CarriedStream, ClaimedProfile, CoverageForm, CoverageForms, MAX_FILE,
    MapAt, ProofForm, StreamLeaf, Verbatim,
};
pub use make::{Binder, Bundled, NotBundled, bundle, newest_map};

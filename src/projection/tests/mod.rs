//! What the projections promise, on the ledger of the reference page.

pub(crate) mod ledger;
mod promises;
mod properties;

//! What the projections promise, on the ledger of the reference page.

mod ledger;
mod promises;
mod properties;

//! Net: to machines. The pages of a ledger.

pub mod page;

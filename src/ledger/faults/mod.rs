//! What a ledger's folder comes to when the power goes or the disk fails, under everything that the
//! appender does: see docs/RELIABILITY.md, sections 1 and 2.

mod disk_errors;
mod power_cuts;
mod reopening;
mod script;

pub(super) use script::ledger_on_disk;

//! Export: to other formats, a file a format.

pub mod dsse;
pub mod jsonl;
pub mod linked;
pub mod prov;

//! Export: to other formats, a file a format.

pub mod jsonl;

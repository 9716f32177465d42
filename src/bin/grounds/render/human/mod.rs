//! For people, at a terminal.

pub(crate) mod audit;
pub(crate) mod import;
pub(crate) mod style;
pub(crate) mod written;

//! For people, at a terminal.

pub(crate) mod answers;
pub(crate) mod audit;
pub(crate) mod import;
pub(crate) mod changes;
pub(crate) mod claim;
pub(crate) mod entity;
pub(crate) mod figures;
pub(crate) mod layout;
pub(crate) mod rows;
pub(crate) mod style;
pub(crate) mod written;

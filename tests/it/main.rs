//! One test binary, a file a promise.
#![allow(clippy::unwrap_used)]

mod architecture;
#[cfg(feature = "cli")]
mod commands;
mod custody;
mod damage;
mod format_doc;
mod golden_commit;
mod hostile;
mod lab;
#[cfg(feature = "cli")]
mod publishing;
#[cfg(feature = "cli")]
mod reading;
#[cfg(feature = "cli")]
mod readme;
mod reference;
#[cfg(feature = "cli")]
mod writing;

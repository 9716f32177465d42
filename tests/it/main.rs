//! One test binary, a file a promise.
#![allow(clippy::unwrap_used)]

mod architecture;
#[cfg(feature = "cli")]
mod commands;
mod custody;
mod damage;
mod format_doc;
mod golden_commit;
#[cfg(feature = "cli")]
mod heads;
mod hostile;
mod lab;
mod mirror;
#[cfg(feature = "cli")]
mod reading;
#[cfg(feature = "cli")]
mod readme;
mod reference;
mod repair;
mod witnesses;
#[cfg(feature = "cli")]
mod writing;

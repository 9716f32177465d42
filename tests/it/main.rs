//! One test binary, a file a promise.
#![allow(clippy::unwrap_used)]

mod architecture;
mod chain;
#[cfg(feature = "cli")]
mod commands;
mod custody;
mod damage;
#[cfg(feature = "cli")]
mod desk;
#[cfg(feature = "cli")]
mod exports;
mod format_doc;
mod golden_commit;
mod hostile;
#[cfg(feature = "cli")]
mod keys;
mod lab;
#[cfg(feature = "net")]
mod listener;
#[cfg(feature = "cli")]
mod reading;
#[cfg(feature = "cli")]
mod readme;
mod reference;
mod witnesses;
#[cfg(feature = "cli")]
mod witness;
#[cfg(feature = "cli")]
mod writing;

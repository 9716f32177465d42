//! One test binary, a file a promise.
#![allow(clippy::unwrap_used)]

#[cfg(feature = "cli")]
mod api;
mod architecture;
#[cfg(feature = "cli")]
mod bits;
mod caches;
mod chain;
mod bundle;
#[cfg(feature = "cli")]
mod commands;
mod concurrency;
mod custody;
mod damage;
#[cfg(feature = "cli")]
mod desk;
#[cfg(feature = "cli")]
mod exports;
mod edges;
mod following;
mod format_doc;
#[cfg(all(feature = "import", feature = "zstd"))]
mod fuzz;
mod golden_commit;
#[cfg(feature = "cli")]
mod heads;
mod hostile;
#[allow(clippy::print_stderr)]
mod interleavings;
#[cfg(feature = "cli")]
mod hostile_doors;
#[cfg(feature = "cli")]
mod hostile_memory;
#[cfg(feature = "cli")]
mod http_hostile;
#[cfg(feature = "cli")]
mod keys;
mod lab;
#[cfg(feature = "mcp")]
mod mcp;
mod mirror;
#[cfg(feature = "net")]
mod listener;
#[cfg(feature = "cli")]
#[path = "../faults/http.rs"]
mod plain_http;
#[cfg(feature = "cli")]
mod publishing;
#[cfg(feature = "cli")]
mod reading;
#[cfg(feature = "cli")]
mod readme;
mod reference;
mod repair;
#[cfg(feature = "cli")]
mod serve;
#[cfg(feature = "cli")]
mod serving_writes;
#[cfg(feature = "cli")]
#[allow(dead_code)]
mod server_desk;
#[cfg(feature = "cli")]
mod serving_pages;
mod witnesses;
#[cfg(feature = "cli")]
mod witness;
mod writer;
#[cfg(feature = "cli")]
mod writing;

//! The promises that hold between rooms, a file a promise.

mod architecture;
mod format_doc;
mod golden_commit;
mod hostile;

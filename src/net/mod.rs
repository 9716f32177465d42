//! To and from machines: logs that others serve.

mod tiles;

pub use tiles::{BadUrl, UrlSource};

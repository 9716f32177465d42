//! Pages: what people read of a ledger, as HTML that is whole without script; and the same for
//! programs.
//!
//! Pure: values of the projection room in, text out; no socket, no disk, no clock. How an address is
//! spelled stands in [`Links`], so that one page serves a server and a folder of files alike.
//! [`site`](crate::net::page::site()) puts all pages of a ledger in order, with its tiles.
//!
//! Text of the ledger reaches a page through `ink` alone: maud escapes it, it is isolated from the
//! direction of our words, and only `http` and `https` addresses become links. No page has a script,
//! a style in an attribute or anything from elsewhere; [`CONTENT_SECURITY_POLICY`] says so.

mod answer;
mod audit;
mod claim;
mod custody;
mod evidence;
mod feed;
mod frame;
mod history;
mod ink;
mod links;
mod list;
mod log;
mod moved;
mod near;
mod profile;
mod site;
mod states;
mod subject;
mod why;

pub use answer::{Answer, Head, Listed, Logged, Replayed, Shown, Told, json, show};
pub use audit::audit;
pub use claim::{ClaimShown, claim};
pub use feed::{FeedShown, feed};
pub use frame::{CONTENT_SECURITY_POLICY, Frame, MARK, STYLE, style_file};
pub use history::{HistoryShown, blame, diff, history};
pub use links::{
    Facet, Format, LOG_CHUNK, Links, Listing, Page, data_file, folder, percent_encoded,
};
pub use list::{ListShown, ORDERS, PART, SubjectRow, list, subjects};
pub use log::{LogShown, log};
pub use site::{Shelf, SiteError, edition, site};
pub use states::{ClaimState, States, Visit, walk};
pub use subject::{absent, agent, artifact, context, view};
pub use why::why;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

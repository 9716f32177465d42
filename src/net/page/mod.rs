//! Pages: what people read of a ledger, as HTML that is whole without script; and the same for
//! programs.
//!
//! Pure: values of the projection room in, text out; no socket, no disk, no clock. How an address is
//! spelled stands in [`Links`], so that one page serves a server and a folder of files alike.
//! [`site`](crate::net::page::site()) puts all pages of a ledger in order, with its tiles.
//!
//! Text of the ledger reaches a page through `ink` alone: maud escapes it, it is isolated from the
//! direction of our words, and only `http` and `https` addresses become links. No page has a script
//! or a style in itself or anything from elsewhere; [`CONTENT_SECURITY_POLICY`] says so. A claim page
//! loads one script of ours ([`scripts`]), which adds its proof and takes nothing away.

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
mod refusal;
mod script;
mod served;
mod site;
mod states;
mod subject;
mod why;

pub use answer::{Answer, Head, Listed, Logged, Replayed, Shown, Told, json, show};
pub use audit::audit;
pub use claim::{Bundle, ClaimShown, claim};
pub use custody::witnessed;
pub use feed::{FeedShown, feed};
pub use frame::{CONTENT_SECURITY_HEADER, CONTENT_SECURITY_POLICY, Frame, MARK, STYLE, style_file};
pub use history::{DiffShown, HistoryShown, blame, diff, history};
pub use links::{
    Compared, Ends, Facet, Format, LOG_CHUNK, Links, Listing, Page, Within, bundle_file, data_file,
    folder, percent_encoded,
};
pub use list::{ListShown, ORDERS, PART, SubjectRow, list, subjects};
pub use log::{LogShown, log};
pub use refusal::{Refusal, refusal};
pub use script::{page_file, scripts};
pub use served::{Place, Seen};
pub use site::{Shelf, SiteError, edition, site};
pub use states::{ClaimState, States, Visit, Watched, claim_states, last_bearing, last_told, walk};
pub use subject::{absent, agent, artifact, context, view};
pub use why::why;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

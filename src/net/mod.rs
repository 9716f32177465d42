//! To and from machines: the listener that all routes stand behind, witnesses, those who ask them, and
//! logs that others serve.
//!
//! | file | what |
//! |---|---|
//! | `head` | which request heads mean one thing only |
//! | `guard` | the stream below hyper: it lets nothing else through |
//! | `listener` | connections, limits, time-outs, hosts, a stop that waits for answers |
//! | `answer` | answers, and refusals as problem+json (RFC 9457) |
//! | `folder` | files of a witness: replaced whole, durable on return |
//! | `witness` | a witness: what it trusts, what it has cosigned, evidence |
//! | `witness_routes` | its two routes |
//! | `ask`, `question` | a log asks its witnesses |
//! | `schema` | what the description of the API says of values that stand as text |
//! | `tiles` | reads a log that is served |
//! | `remote` | commits, sent to a ledger that others serve |
//! | `serve` | a ledger over HTTP |
//! | `page` | pages, pure; and a ledger as a site of files |
//!
//! `page/verify.mjs` is the audit a second time, in another language; nothing here uses it.

mod answer;
mod ask;
mod folder;
mod guard;
mod head;
mod listener;
pub mod page;
mod question;
mod remote;
mod serve;
mod schema;
mod tiles;
mod witness;
mod witness_routes;

pub use answer::{Answer, problem, text};
pub use ask::{AskError, Asked, WitnessAt, ask, ask_all};
pub use folder::FolderError;
pub use listener::{Limits, Listener, Peer, Routes};
pub use question::{Answers, Question, Told};
pub use remote::{Remote, RemoteError};
pub use serve::{Rate, ServeLimits, Server, Serving, Tell};
pub use tiles::{BadUrl, UrlSource};
pub use witness::{
    AddError, KeptEvidence, Seen, Witness, WitnessError, evidence_in, make_folder, trust,
};
pub use witness_routes::WitnessRoutes;

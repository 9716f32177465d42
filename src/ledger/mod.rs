//! Ledger: the one room that knows both wings. Bytes come in, are verified, judged, kept, proved.
//!
//! - [`Ledger`] reads: it opens a folder without a lock, folds what the newest checkpoint covers,
//!   and answers for any date.
//! - [`Appender`] writes: verify → admit → append → sign the head → acknowledge, in batches.
//!   [`Writer`] runs one on a thread of its own for callers that wait asynchronously.
//! - [`mirror()`] keeps a verified copy of a log, from its tiles alone.
//! - [`Repair`] heals a damaged ledger from a copy that is not believed.
//! - [`audit`] checks everything, and trusts nothing that is in the folder.

mod append;
mod arrange;
pub mod audit;
pub mod bundle;
mod cache;
mod checklist;
mod clock;
mod cosigned;
#[cfg(all(test, feature = "zstd"))]
#[allow(clippy::unwrap_used)]
mod faults;
mod follow;
mod heads;
mod leaves;
mod lines;
mod mirror;
mod place;
mod prepare;
mod preview;
mod prove;
mod read;
mod receipt;
mod refusal;
mod repair;
mod signer;
mod source;
mod times;
mod work;
mod writer;

pub use append::{Appender, Opened, Staged};
pub use cache::{Snapshot, newest_head};
pub use clock::{Clock, ClockError, SystemClock};
pub use cosigned::{Added, Cosignature, CosignedHead, LineFault, RefusedLine, policy_of, time_of};
pub use heads::{HeadError, SignedHead, prove_consistency, prove_fork};
pub use mirror::{MirrorError, Mirrored, Pin, mirror};
pub use place::Parsed;
pub use prepare::{genesis, prepare};
pub use preview::{Preview, preview, preview_unsigned};
pub use prove::{
    NotProved, ProofOf, Proved, Witnesses, check_cosignatures, check_proof, prove, prove_cosigned,
    prove_from_tiles,
};
pub use read::{AsOf, Custody, Ledger, NoSuchMoment};
pub use receipt::Receipt;
pub use refusal::{LedgerError, refused};
pub use repair::{Acknowledged, KeyFrom, Repair, RepairError};
pub use signer::{HeadSigner, SignerError, SignerState};
pub use source::{AnySource, FolderSource, SourceError, TreeSource};
pub use times::{Interval, Intervals, NotAfter, NotBefore};
pub use writer::{Answered, NoReceipt, Pace, Published, Waiting, Writer, WriterHandle};

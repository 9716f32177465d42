//! Ledger: the one room that knows both wings. Bytes come in, are verified, judged, kept, proved.
//!
//! - [`Ledger`] reads: it opens a folder without a lock, folds what the newest checkpoint covers,
//!   and answers for any date.
//! - [`Appender`] writes: verify → admit → append → sign the head → acknowledge, in batches.
//!   [`Writer`] runs one on a thread of its own for callers that wait asynchronously.
//! - [`audit`] checks everything, and trusts nothing that is in the folder.

mod append;
mod arrange;
pub mod audit;
mod cache;
mod clock;
mod cosigned;
mod leaves;
mod lines;
mod place;
mod prepare;
mod preview;
mod prove;
mod read;
mod receipt;
mod refusal;
mod signer;
mod times;
mod work;
mod writer;

pub use append::{Appender, Opened, Staged};
pub use cache::{Snapshot, newest_head};
pub use clock::{Clock, ClockError, SystemClock};
pub use cosigned::{Added, Cosignature, CosignedHead, LineFault, RefusedLine, policy_of, time_of};
pub use place::Parsed;
pub use prepare::{genesis, prepare};
pub use preview::{Preview, preview};
pub use prove::{
    NotProved, ProofOf, Proved, Witnesses, check_cosignatures, check_proof, prove, prove_cosigned,
};
pub use read::{AsOf, Custody, Ledger, NoSuchMoment};
pub use receipt::Receipt;
pub use refusal::{LedgerError, refused};
pub use signer::{HeadSigner, SignerError, SignerState};
pub use times::{Interval, Intervals, NotAfter, NotBefore};
pub use writer::Writer;

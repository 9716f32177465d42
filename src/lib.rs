#![forbid(unsafe_code)]
//! `grounds`: the ledger of what a claim stands on.
//!
//! A claim gathers evidence, scope, attestations and a status. Every change is an event that
//! somebody signed; replaying the events rebuilds the claim, its version and its trust profile, on
//! any past date. Nothing is believed that cannot be worked out again from signed bytes.
//!
//! # The tour
//!
//! The order of the `mod` lines below is the order of dependency: a room may use the rooms above it,
//! never one below. A test holds it.
//!
//! The **bricks**: [`hash`] (digests), [`value`] (words with one spelling each), [`json`] (the gate
//! for canonical bytes), [`form`] (how a record is read field by field).
//!
//! The **custody wing** knows bytes, order and signatures, and no meaning: [`envelope`] (who said
//! it), [`tlog`] (that it was said, in this order), [`store`] (keeps it).
//!
//! The **meaning wing** knows claims, and no bytes, disk or clock: [`claim`] (what it means: events,
//! rules, state), [`trust`] (how far to trust it: released models, views), [`projection`] (what can
//! be seen).
//!
//! The **hall**, [`ledger`], is the only room that knows both: verify → admit → append → sign the
//! head → acknowledge; reading; audit.
//!
//! The **doors**: [`import`] and [`export`] to other formats, [`net`] to machines and their readers,
//! and the program `grounds` to people.
//!
//! # A first look
//!
//! ```
//! use grounds::ledger::Ledger;
//! use grounds::projection::{Filter, model_in_force, profile};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("ledger");
//! let ledger = Ledger::open(&folder, None)?;
//! let claim = "individual-neurons-rarely-encode-single-concepts".parse()?;
//! let model = model_in_force(ledger.state())?;
//! let profile = profile(ledger.state(), &claim, model, &Filter::none()).ok_or("no such claim")?;
//! assert_eq!(profile.figures.supp, Some(596_213)); // millionths
//! # Ok(())
//! # }
//! ```

pub mod hash;
pub mod value;
pub mod json;
pub mod form;
pub mod envelope;
pub mod tlog;
pub mod store;
pub mod claim;
pub mod trust;
pub mod projection;
pub mod ledger;
#[cfg(feature = "import")]
pub mod import;
#[cfg(feature = "export")]
pub mod export;
#[cfg(feature = "net")]
pub mod net;

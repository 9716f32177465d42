//! Projection: what can be seen. From the folded state to the values that pages, terminals and
//! programs show: every word, figure and byline that a renderer prints stands in them.
//!
//! Pure: no bytes, no store, no clock. It refuses no event; what it cannot show it says. Text that
//! came out of the ledger stands in fields marked "ledger text" and in [`Piece::Ledger`]; all other
//! words are ours.

mod inputs;
mod moved;
mod page;
mod profile;
mod read;
mod timeline;
mod views;
mod words;

pub use inputs::{Filter, inputs};
pub use page::{
    ArtifactCited, AttestationShown, ClaimPage, Custody, DomainShown, EvidenceShown, LinkShown,
    Neighbor, Neighborhood, NoteShown, OlderAttestations, PassageShown, Remark, ScopeShown,
    SetAside, StatusShown, VersionShown, claim_page, last_entry_of_version,
};
pub use profile::{
    ModelFault, NotAssessed, Profile, model_asked, model_in_force, model_name, model_named, profile,
};
pub use timeline::{Asked, TimelineRow, timeline};
pub use views::ViewStatus;
pub use words::{Byline, Phrase, Piece, absence, address_text, decimal, origin_words};

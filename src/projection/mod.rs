//! Projection: what can be seen. From the folded state to the values that pages, terminals and
//! programs show: every word, figure and byline that a renderer prints stands in them.
//!
//! Pure: no bytes, no store, no clock. It refuses no event; what it cannot show it says. Text that
//! came out of the ledger stands in fields marked "ledger text" and in [`Piece::Ledger`]; all other
//! words are ours.

mod bisect;
mod blame;
mod catalogue;
mod cite;
mod difference;
mod effect;
mod history;
mod impact;
mod inputs;
mod moved;
mod page;
mod pages;
mod profile;
mod question;
mod read;
mod register;
mod search;
mod subjects;
mod timeline;
mod views;
mod walk;
mod why;
mod words;

pub use bisect::{Bisected, Predicate, PredicateError, bisect};
pub use blame::{Blame, FieldBlame, FigureBlame, blame};
pub use catalogue::{
    CatalogueRow, Order, Replay, ReplayedClaim, Wanted, catalogue, replay, replayed_claim,
};
pub use cite::{Citation, cite};
pub use difference::{Change, Difference, FieldChange, Point, PointShown, difference};
pub use effect::{FiguresMoved, figures_moved};
pub use history::{History, HistoryStep, history};
pub use impact::{ClaimImpact, Impact, Target, impact};
pub use inputs::{Filter, inputs};
pub use page::{
    ArtifactCited, AttestationShown, ClaimPage, Custody, DomainShown, EvidenceShown, LinkShown,
    Neighbor, Neighborhood, NoteShown, OlderAttestations, PassageShown, Remark, ScopeShown,
    SetAside, StatusShown, VersionShown, claim_page, last_entry_of_version,
};
pub use pages::{
    AdoptedModel, AgentPage, AppraisalShown, ArtifactPage, CitedBy, ContextPage, KeyShown,
    LedgerPage, PredecessorShown, RevocationShown, RuleShown, ScopedClaim, StandingShown,
    StewardShown, ViewPage, ViewedClaim, agent_page, artifact_page, context_page, ledger_page,
    view_page,
};
pub use profile::{
    ModelFault, NotAssessed, Profile, model_asked, model_in_force, model_name, model_named,
    name_in_force, profile,
};
pub use question::{
    BadQuestion, VERDICTS, figure_named, first_instant, last_instant, order_named, status_named,
    type_named, view_named,
};
pub use register::{
    AgentRow, ArtifactRow, ContextRow, ViewRow, agent_rows, artifact_rows, context_rows, view_rows,
};
pub use search::{Found, search};
pub use subjects::{nearest, subjects};
pub use timeline::{Asked, TimelineRow, row as timeline_row, timeline};
pub use views::ViewStatus;
pub use walk::{Cause, Move, Step};
pub use why::{Arithmetic, Ground, Why, why, whys};
pub use words::{
    Byline, Phrase, Piece, absence, absence_then, address_text, decimal, origin_words,
};

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) mod tests;

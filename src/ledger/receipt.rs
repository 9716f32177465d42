//! Receipt: an author's own evidence that his commit is in the log.

use crate::form::Form as _;
use crate::json::Json;
use crate::value::{CommitId, EventId, Index, Origin};

/// The acknowledgement of a commit. It is given out only when the commit is on disk and under a
/// signed head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The ledger.
    pub origin: Origin,
    /// Index of the entry.
    pub index: Index,
    /// Id of the commit.
    pub commit: CommitId,
    /// Ids of its events, in order.
    pub events: Vec<EventId>,
    /// The entry: its line, without the newline.
    pub entry: String,
    /// A C2SP tlog-proof of the entry at a signed head.
    pub proof: String,
    /// Whether the commit was in the log before it was submitted now.
    pub is_repeated: bool,
}

impl Receipt {
    /// Its JSON form.
    #[must_use]
    pub fn json(&self) -> Json<'_> {
        let events = self
            .events
            .iter()
            .map(|id| Json::string(id.to_string()))
            .collect();
        Json::object([
            ("commit", Json::string(self.commit.to_string())),
            ("entry", Json::string(&self.entry)),
            ("events", Json::Arr(events)),
            ("index", self.index.write()),
            ("origin", Json::string(self.origin.as_str())),
            ("proof", Json::string(&self.proof)),
        ])
    }
}

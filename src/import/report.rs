//! The report: what became of every row, and what was changed on the way.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::value::excerpt;

/// How many of one kind are new to the ledger, and how many were there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Tally {
    /// Planned.
    pub new: u64,
    /// In the ledger already.
    pub known: u64,
}

/// What became of the rows. The three add up to all rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct RowTally {
    /// Rows whose finding is planned.
    pub new: u64,
    /// Rows whose finding is in the ledger already.
    pub known: u64,
    /// Rows that are left out, wholly or in what they are mainly about; each is in
    /// [`Report::skipped`].
    pub skipped: u64,
}

/// How often a kind of clean-up was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Cleanup {
    /// Rows in which it was.
    pub rows: u64,
    /// Different texts that it met, told apart by their first 60 characters.
    pub values: u64,
}

/// A clean-up of one row.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Line {
    /// The row or line, from 1, without the header.
    pub row: u64,
    /// The file's own id of the row; empty where it has none.
    pub id: String,
    /// The kind of clean-up, one of [`KINDS`](super::KINDS).
    pub what: &'static str,
    /// What was found, shortened and in quotes.
    pub found: String,
}

/// Something that was not imported, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Skipped {
    /// The row or line, from 1, without the header.
    pub row: u64,
    /// The file's own id of the row; empty where it has none.
    pub id: String,
    /// What was left out.
    pub what: &'static str,
    /// Why.
    pub why: String,
}

/// What was read, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Report {
    /// Rows or lines read.
    pub rows: u64,
    /// What became of them.
    pub became: RowTally,
    /// Claims.
    pub claims: Tally,
    /// Artifacts.
    pub artifacts: Tally,
    /// Evidence edges.
    pub evidence: Tally,
    /// Notes.
    pub notes: Tally,
    /// Revisions of evidence that is in the ledger or in the plan.
    pub revised: u64,
    /// Acts planned that are none of the above.
    pub other: Tally,
    /// Clean-ups by kind.
    pub cleanups: BTreeMap<&'static str, Cleanup>,
    /// Clean-ups row by row.
    pub lines: Vec<Line>,
    /// What was not imported.
    pub skipped: Vec<Skipped>,
    /// Columns of the file that no act is made of.
    pub columns_unread: Vec<String>,
}

/// Where in the file something is: row and id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) row: u64,
    pub(super) id: String,
}

impl Report {
    pub(super) fn clean(&mut self, place: &Place, what: &'static str, found: &str) {
        self.lines.push(Line {
            row: place.row,
            id: place.id.clone(),
            what,
            found: excerpt(found),
        });
    }

    pub(super) fn skip(&mut self, place: &Place, what: &'static str, why: impl Into<String>) {
        self.skipped.push(Skipped {
            row: place.row,
            id: place.id.clone(),
            what,
            why: why.into(),
        });
    }

    /// Counts the clean-ups, and puts all in the order of the file.
    pub(super) fn close(mut self) -> Report {
        self.lines.sort();
        self.lines.dedup();
        self.skipped.sort();
        let mut rows: BTreeMap<&'static str, BTreeSet<u64>> = BTreeMap::new();
        let mut values: BTreeMap<&'static str, BTreeSet<&str>> = BTreeMap::new();
        for line in &self.lines {
            rows.entry(line.what).or_default().insert(line.row);
            values.entry(line.what).or_default().insert(&line.found);
        }
        self.cleanups = rows
            .into_iter()
            .map(|(what, rows)| {
                let cleanup = Cleanup {
                    rows: rows.len() as u64,
                    values: values.get(what).map_or(0, BTreeSet::len) as u64,
                };
                (what, cleanup)
            })
            .collect();
        self
    }
}

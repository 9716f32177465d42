//! Arrange: which stored line is which entry, in a folder that is damaged.
//!
//! The tiles of leaf hashes say what every entry was. Where they lead to the signed root they are
//! authentic, and each line finds its place by its own hash: one changed, removed, swapped or
//! doubled line is named, and every other entry can still be read.

use std::collections::HashMap;
use std::ops::ControlFlow;

use crate::hash::Hash;
use crate::store::segment::{Files, SegmentReader};
use crate::store::{BadLine, Damage, Line};
use crate::value::Index;

use super::leaves::RightEdge;
use super::lines::{leaf_of_line, lines_or_gaps, stored_leaves};
use super::refusal::LedgerError;

/// Where every entry stands.
pub(super) struct Arrangement {
    /// The leaf of each entry, authentic.
    pub(super) leaves: Vec<Hash>,
    /// The line that holds it, counted from the beginning of the log; none where it is lost.
    lines: Vec<Option<u64>>,
    /// How many bytes that line has, with its newline.
    lengths: Vec<u64>,
    /// What is not as it was.
    pub(super) damages: Vec<Damage>,
}

/// A line as it was met.
struct Met {
    line: u64,
    length: u64,
    file: String,
    line_in_file: u64,
    what: What,
}

enum What {
    Entry(Index),
    Foreign(String),
}

/// Finds every entry under a signed head; none where the tiles do not lead to its root.
///
/// # Errors
/// When the system fails.
pub(super) fn arrange(
    reader: &SegmentReader,
    size: u64,
    root: Hash,
) -> Result<Option<Arrangement>, LedgerError> {
    let Some(leaves) = stored_leaves(reader, size)
        .into_iter()
        .collect::<Option<Vec<Hash>>>()
    else {
        return Ok(None);
    };
    let mut edge = RightEdge::default();
    leaves.iter().for_each(|leaf| edge.push(*leaf));
    if edge.root() != root || leaves.len() as u64 != size {
        return Ok(None);
    }
    arrange_by(reader, leaves).map(Some)
}

/// Finds every entry whose leaf is given, by index.
///
/// # Errors
/// When the system fails.
pub(super) fn arrange_by<F: Files>(
    reader: &SegmentReader<F>,
    leaves: Vec<Hash>,
) -> Result<Arrangement, LedgerError> {
    let met = meet_lines(reader, &leaves)?;
    Ok(place(leaves, met))
}

fn meet_lines<F: Files>(
    reader: &SegmentReader<F>,
    leaves: &[Hash],
) -> Result<Vec<Met>, LedgerError> {
    let index_of: HashMap<Hash, Index> = leaves.iter().copied().zip(0..).collect();
    let mut met = Vec::new();
    reader.read(0, u64::MAX, &mut |line| {
        met.push(match line {
            Ok(line) => known(line, &index_of),
            Err(bad) => unknown(bad),
        });
        ControlFlow::Continue(())
    })?;
    Ok(met)
}

fn known(line: Line<'_>, index_of: &HashMap<Hash, Index>) -> Met {
    let leaf = leaf_of_line(line.bytes);
    let what = match index_of.get(&leaf) {
        Some(index) => What::Entry(*index),
        None => What::Foreign(format!("a line with leaf hash {leaf}")),
    };
    Met {
        line: line.index,
        length: line.bytes.len() as u64 + 1,
        file: line.file.to_owned(),
        line_in_file: line.line_in_file,
        what,
    }
}

fn unknown(bad: BadLine) -> Met {
    let what = What::Foreign(bad.found.to_string());
    Met {
        line: bad.index,
        length: 0,
        file: bad.file,
        line_in_file: bad.line_in_file,
        what,
    }
}

fn place(leaves: Vec<Hash>, met: Vec<Met>) -> Arrangement {
    let mut lines = vec![None; leaves.len()];
    let mut lengths = vec![0; leaves.len()];
    let mut damages = Vec::new();
    let mut foreign: Vec<Met> = Vec::new();
    let mut furthest = None;
    for met in met {
        let index = match met.what {
            What::Entry(index) => index,
            What::Foreign(_) => {
                foreign.push(met);
                continue;
            }
        };
        let place = usize::try_from(index).unwrap_or(usize::MAX);
        let Some(slot) = lines.get_mut(place) else {
            continue;
        };
        if slot.is_some() {
            damages.push(met.damage(
                index,
                format!("entry @{index} again"),
                "the next entry".to_owned(),
            ));
            continue;
        }
        if furthest.is_some_and(|furthest| index < furthest) {
            damages.push(met.damage(
                index,
                format!("entry @{index} out of order"),
                "entries in order".to_owned(),
            ));
        }
        furthest = furthest.max(Some(index));
        *slot = Some(met.line);
        lengths[place] = met.length;
    }
    damages.extend(lost(&leaves, &lines, &mut foreign));
    // Lines after the last entry were never acknowledged; between entries, they do not belong.
    let last = lines.iter().flatten().max().copied();
    for met in foreign {
        if last.is_some_and(|last| met.line < last) {
            let next = lines
                .iter()
                .position(|line| line.is_some_and(|line| line > met.line));
            let found = met.found();
            damages.push(met.damage(
                next.unwrap_or(0) as u64,
                found,
                "no line between these entries".to_owned(),
            ));
        }
    }
    damages.sort_by_key(|damage| damage.index);
    Arrangement {
        leaves,
        lines,
        lengths,
        damages,
    }
}

/// Entries without a line; a foreign line in the place of one is what was found there.
fn lost(leaves: &[Hash], lines: &[Option<u64>], foreign: &mut Vec<Met>) -> Vec<Damage> {
    let mut damages = Vec::new();
    let mut before = None;
    for (index, line) in lines.iter().enumerate() {
        if let Some(line) = line {
            before = Some(*line);
            continue;
        }
        let here = before.map_or(0, |line: u64| line + 1);
        let expected = format!("the line with leaf hash {}", leaves[index]);
        let standing = foreign.iter().position(|met| met.line == here);
        damages.push(match standing {
            Some(place) => {
                let met = foreign.remove(place);
                before = Some(here);
                let found = met.found();
                met.damage(index as u64, found, expected)
            }
            None => Damage {
                file: "events/".to_owned(),
                line: 0,
                index: index as u64,
                found: "no such line".to_owned(),
                expected,
            },
        });
    }
    damages
}

impl Met {
    fn found(&self) -> String {
        match &self.what {
            What::Entry(index) => format!("entry @{index}"),
            What::Foreign(found) => found.clone(),
        }
    }

    fn damage(&self, index: Index, found: String, expected: String) -> Damage {
        Damage {
            file: self.file.clone(),
            line: self.line_in_file,
            index,
            found,
            expected,
        }
    }
}

impl Arrangement {
    /// The line of an entry, counted from the beginning of the log; none where it is lost.
    pub(super) fn line_of(&self, index: Index) -> Option<u64> {
        self.lines
            .get(usize::try_from(index).ok()?)
            .copied()
            .flatten()
    }

    /// The line of an entry, and how many bytes it has with its newline; none where it is lost.
    pub(super) fn stored(&self, index: Index) -> Option<(u64, u64)> {
        let length = self.lengths.get(usize::try_from(index).ok()?)?;
        Some((self.line_of(index)?, *length))
    }

    /// The entries `from..to`, each from wherever it stands.
    ///
    /// # Errors
    /// When the system fails.
    pub(super) fn lines<F: Files>(
        &self,
        reader: &SegmentReader<F>,
        from: Index,
        to: Index,
    ) -> Result<Vec<Result<Vec<u8>, BadLine>>, LedgerError> {
        let mut lines = Vec::new();
        for index in from..to {
            let line = match self.line_of(index) {
                Some(line) => lines_or_gaps(reader, line, line + 1)?.pop(),
                None => None,
            };
            lines.push(line.unwrap_or_else(|| {
                Err(BadLine {
                    index,
                    file: "events/".to_owned(),
                    line_in_file: 0,
                    found: crate::store::Found::Missing { lines: 1 },
                })
            }));
        }
        Ok(lines)
    }
}

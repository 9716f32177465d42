//! Arrange: which stored line is which entry, in a folder that is damaged.
//!
//! The tiles of leaf hashes say what every entry was. Where they lead to the signed root they are
//! authentic, and each line finds its place by its own hash: one changed, removed, swapped or
//! doubled line is named, and every other entry can still be read.

use std::collections::HashMap;
use std::ops::ControlFlow;

use crate::hash::Hash;
use crate::store::segment::{Files, SegmentReader};
use crate::store::{BadLine, Damage, Found, Line, LineOfFile};
use crate::value::Index;

use super::leaves::RightEdge;
use super::lines::{leaf_of_line, stored_leaves};
use super::refusal::LedgerError;

/// Where every entry stands.
pub(super) struct Arrangement {
    /// The leaf of each entry, authentic.
    pub(super) leaves: Vec<Hash>,
    /// The line that holds it; none where it is lost.
    lines: Vec<Option<Stored>>,
    /// What is not as it was.
    pub(super) damages: Vec<Damage>,
}

/// Where an entry stands.
#[derive(Clone, Copy)]
struct Stored {
    line: LineOfFile,
    /// In bytes, with its newline.
    length: u64,
    /// The how manieth it was of all lines that were met.
    order: usize,
}

/// What was met, in the order of the files and of the lines in each.
struct Met {
    file: String,
    line_in_file: u64,
    what: What,
}

enum What {
    Entry(Index, LineOfFile, u64),
    Foreign(String),
    /// It goes on where the file of this entry begins.
    Inside(Index),
}

/// Finds every entry under a signed head; none where the tiles do not lead to its root.
///
/// # Errors
/// When the system fails.
pub(super) fn arrange<F: Files>(
    reader: &SegmentReader<F>,
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
    let mut done = Ok(());
    reader.read(0, u64::MAX, &mut |line| {
        let goes_on = match &line {
            Err(bad) if bad.found == Found::Surplus => Some(bad.of_file()),
            _ => None,
        };
        met.push(Met::of(line, &index_of));
        // Another file begins here, rightly or wrongly: what this one still has may be entries too.
        if let Some(LineOfFile { first, number }) = goes_on {
            done = reader.read_file(first, number..u64::MAX, &mut |line| {
                met.push(Met::of(line, &index_of));
                ControlFlow::Continue(())
            });
        }
        match done {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    })?;
    done?;
    Ok(met)
}

fn place(leaves: Vec<Hash>, met: Vec<Met>) -> Arrangement {
    let mut lines: Vec<Option<Stored>> = vec![None; leaves.len()];
    let mut damages = Vec::new();
    let mut foreign: Vec<(usize, Met)> = Vec::new();
    let mut furthest = None;
    for (order, met) in met.into_iter().enumerate() {
        let (index, line, length) = match met.what {
            What::Entry(index, line, length) => (index, line, length),
            What::Foreign(_) => {
                foreign.push((order, met));
                continue;
            }
            What::Inside(next) => {
                let expected = format!("the end of the file, as another begins with entry @{next}");
                damages.push(met.damage(next, met.found(), expected));
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
        *slot = Some(Stored {
            line,
            length,
            order,
        });
    }
    damages.extend(lost(&leaves, &lines, &mut foreign));
    // Lines after the last entry were never acknowledged; between entries, they do not belong.
    let last = lines.iter().flatten().map(|stored| stored.order).max();
    for (order, met) in foreign {
        if last.is_some_and(|last| order < last) {
            let next = lines
                .iter()
                .position(|line| line.is_some_and(|stored| stored.order > order));
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
        damages,
    }
}

/// Entries without a line; a foreign line in the place of one is what was found there.
fn lost(leaves: &[Hash], lines: &[Option<Stored>], foreign: &mut Vec<(usize, Met)>) -> Vec<Damage> {
    let mut damages = Vec::new();
    let mut before = None;
    for (index, line) in lines.iter().enumerate() {
        if let Some(stored) = line {
            before = Some(stored.order);
            continue;
        }
        let here = before.map_or(0, |order: usize| order + 1);
        let expected = format!("the line with leaf hash {}", leaves[index]);
        let standing = foreign.iter().position(|(order, _)| *order == here);
        damages.push(match standing {
            Some(place) => {
                let (_, met) = foreign.remove(place);
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
    fn of(line: Result<Line<'_>, BadLine>, index_of: &HashMap<Hash, Index>) -> Met {
        let (file, line_in_file, what) = match line {
            Ok(line) => {
                let leaf = leaf_of_line(line.bytes);
                let what = match index_of.get(&leaf) {
                    Some(index) => What::Entry(*index, line.of_file(), line.bytes.len() as u64 + 1),
                    None => What::Foreign(format!("a line with leaf hash {leaf}")),
                };
                (line.file.to_owned(), line.line_in_file, what)
            }
            Err(bad) => {
                let what = match bad.found {
                    Found::Surplus => What::Inside(bad.index),
                    found => What::Foreign(found.to_string()),
                };
                (bad.file, bad.line_in_file, what)
            }
        };
        Met {
            file,
            line_in_file,
            what,
        }
    }

    fn found(&self) -> String {
        match &self.what {
            What::Entry(index, ..) => format!("entry @{index}"),
            What::Foreign(found) => found.clone(),
            What::Inside(_) => Found::Surplus.to_string(),
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
    /// The line of an entry; none where it is lost.
    pub(super) fn line_of(&self, index: Index) -> Option<LineOfFile> {
        Some(self.stored(index)?.0)
    }

    /// The line of an entry, and how many bytes it has with its newline; none where it is lost.
    pub(super) fn stored(&self, index: Index) -> Option<(LineOfFile, u64)> {
        let stored = (*self.lines.get(usize::try_from(index).ok()?)?)?;
        Some((stored.line, stored.length))
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
            let mut found = Err(BadLine {
                index,
                file: "events/".to_owned(),
                line_in_file: 0,
                found: Found::Missing { lines: 1 },
            });
            if let Some(LineOfFile { first, number }) = self.line_of(index) {
                reader.read_file(first, number..number + 1, &mut |line| {
                    found = line.map(|line| line.bytes.to_vec());
                    ControlFlow::Break(())
                })?;
            }
            lines.push(found);
        }
        Ok(lines)
    }
}

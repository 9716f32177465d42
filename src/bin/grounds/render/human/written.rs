//! What was written, or would be.

use std::fmt::Write as _;
use std::path::Path;

use grounds::claim::State;
use grounds::envelope::Signed;
use grounds::ledger::{Preview, Receipt};
use grounds::projection::{
    Asked, FiguresMoved, Phrase, Piece, TimelineRow, figures_moved, timeline,
};
use grounds::trust::{Figure, Figures, percent};
use serde::Serialize;

use super::style::{GOOD, HEAD, SOFT, UNSURE, paint, safe};

/// What a signed commit would do.
#[derive(Debug, Serialize)]
pub(crate) struct DryRun {
    schema: &'static str,
    dry_run: bool,
    commit: String,
    author: String,
    signers: Vec<String>,
    events: Vec<TimelineRow>,
    figures: Vec<FiguresMoved>,
    /// The rule that it breaks as it is now.
    refused: Option<String>,
    /// The exact canonical bytes that are signed (in a DSSE envelope of their type).
    bytes: String,
}

impl DryRun {
    pub(crate) fn of(before: &State, signed: &Signed<'_>, previewed: &Preview) -> DryRun {
        let signer =
            |signer: &grounds::claim::Signer| format!("agent/{} with {}", signer.agent, signer.key);
        let events = &previewed.entry.events;
        DryRun {
            schema: "grounds.dry_run/1",
            dry_run: true,
            commit: signed.commit.id().to_string(),
            author: format!("agent/{}", signed.commit.author),
            signers: previewed.entry.signers.iter().map(signer).collect(),
            events: rows(&previewed.state, events.len()),
            figures: figures_moved(
                before,
                &previewed.state,
                events.iter().map(|event| &**event),
            ),
            refused: previewed.verdict.as_ref().err().map(ToString::to_string),
            bytes: String::from_utf8_lossy(&signed.commit.bytes).into_owned(),
        }
    }

    pub(crate) fn text(&self) -> String {
        let mut text = format!("{}\n", paint(UNSURE, "dry run: nothing is written"));
        said(&mut text, &self.events);
        moved(&mut text, &self.figures, true);
        let _ = writeln!(text, "  commit {}", self.commit);
        for signer in &self.signers {
            let _ = writeln!(text, "  signed by {signer}");
        }
        for row in &self.events {
            let _ = writeln!(text, "  event {} {}", row.by.address, row.by.id);
        }
        let _ = writeln!(
            text,
            "{}\n{}",
            paint(SOFT, "the bytes that are signed:"),
            safe(&self.bytes)
        );
        text
    }
}

/// What a commit says, an event a line.
pub(crate) fn in_words(after: &State, events: usize) -> String {
    let mut text = String::new();
    said(&mut text, &rows(after, events));
    text
}

/// What was recorded.
pub(crate) fn recorded(
    before: &State,
    after: &State,
    receipt: &Receipt,
    stored: Option<&Path>,
) -> String {
    let index = usize::try_from(receipt.index).unwrap_or(usize::MAX);
    let Some(entry) = after.history().get(index) else {
        return format!("recorded as @{}\n", receipt.index);
    };
    let mut text = format!(
        "{} recorded as {}\n",
        paint(GOOD, "✓"),
        paint(HEAD, &format!("@{}", receipt.index)),
    );
    said(&mut text, &rows_of(after, receipt.index));
    moved(
        &mut text,
        &figures_moved(before, after, entry.events.iter().map(|event| &**event)),
        false,
    );
    for signer in &entry.signers {
        let _ = writeln!(
            text,
            "  signed by agent/{} with {}",
            signer.agent, signer.key
        );
    }
    let _ = writeln!(text, "  commit {}", receipt.commit);
    if let Some(path) = stored {
        let _ = writeln!(
            text,
            "  {}",
            paint(SOFT, &format!("receipt {}", path.display()))
        );
    }
    text
}

fn rows(state: &State, events: usize) -> Vec<TimelineRow> {
    let mut rows: Vec<TimelineRow> = timeline(state, &Asked::default()).take(events).collect();
    rows.reverse();
    rows
}

/// The rows of one entry.
fn rows_of(state: &State, index: u64) -> Vec<TimelineRow> {
    let before: usize = state
        .history()
        .iter()
        .skip(usize::try_from(index).unwrap_or(usize::MAX) + 1)
        .map(|entry| entry.events.len())
        .sum();
    let own = state
        .history()
        .get(usize::try_from(index).unwrap_or(usize::MAX))
        .map_or(0, |entry| entry.events.len());
    let mut rows: Vec<TimelineRow> = timeline(state, &Asked::default())
        .skip(before)
        .take(own)
        .collect();
    rows.reverse();
    rows
}

fn said(text: &mut String, rows: &[TimelineRow]) {
    for row in rows {
        let _ = writeln!(
            text,
            "  {}: {}",
            paint(HEAD, &row.subject.to_string()),
            phrase(&row.words)
        );
    }
}

fn phrase(phrase: &Phrase) -> String {
    let words: Vec<String> = phrase
        .0
        .iter()
        .map(|piece| match piece {
            Piece::Ours(text) => text.clone(),
            Piece::Ledger(text) => safe(text),
        })
        .collect();
    words.join(" ")
}

fn moved(text: &mut String, figures: &[FiguresMoved], says_unmoved: bool) {
    for claim in figures {
        let get = |figures: &Option<Figures>, figure| {
            figures.as_ref().and_then(|figures| figures.get(figure))
        };
        let moves: Vec<String> = Figure::ALL
            .iter()
            .filter_map(|figure| {
                let (before, after) = (get(&claim.before, *figure), get(&claim.after, *figure));
                let (before, after) = (shown(before), shown(after));
                (before != after).then(|| format!("{} {before} → {after}", figure.short()))
            })
            .collect();
        if moves.is_empty() && says_unmoved {
            let _ = writeln!(text, "  figures of {}: unchanged", claim.claim);
        }
        if !moves.is_empty() {
            let _ = writeln!(text, "  figures of {}: {}", claim.claim, moves.join(" · "));
        }
    }
}

/// A figure in percent.
fn shown(ppm: Option<u32>) -> String {
    ppm.map_or_else(|| "—".to_owned(), |ppm| percent(ppm).to_string())
}

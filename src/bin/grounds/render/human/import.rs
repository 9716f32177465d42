//! What an import did.

use std::fmt::Write as _;

use grounds::import::Report;

use super::style::{HEAD, SOFT, UNSURE, paint, safe};
use crate::command::import::Imported;

/// The account of an import; with `rows`, every clean-up.
pub(crate) fn imported(imported: &Imported, rows: bool) -> String {
    let report = &imported.report;
    let mut text = String::new();
    let _ = writeln!(text, "{}", paint(HEAD, "rows"));
    let _ = writeln!(
        text,
        "  {} read: {} new, {} known already, {} skipped",
        report.rows, report.became.new, report.became.known, report.became.skipped
    );
    let _ = writeln!(text, "{}", paint(HEAD, "planned"));
    let tallies = [
        ("claims", &report.claims),
        ("artifacts", &report.artifacts),
        ("evidence", &report.evidence),
        ("notes", &report.notes),
        ("other", &report.other),
    ];
    for (name, tally) in tallies {
        if tally.new + tally.known > 0 {
            let _ = writeln!(
                text,
                "  {name:<10} {:>7} new {:>7} known",
                tally.new, tally.known
            );
        }
    }
    if report.revised > 0 {
        let _ = writeln!(
            text,
            "  {:<10} {:>7} of evidence",
            "revisions", report.revised
        );
    }
    clean_ups(report, rows, &mut text);
    for skipped in &report.skipped {
        let _ = writeln!(
            text,
            "{} row {} ({}): {} left out: {}",
            paint(UNSURE, "?"),
            skipped.row,
            safe(&skipped.id),
            skipped.what,
            safe(&skipped.why)
        );
    }
    if !report.columns_unread.is_empty() {
        let columns = report.columns_unread.join(", ");
        let _ = writeln!(
            text,
            "{}",
            paint(SOFT, &format!("columns not used: {}", safe(&columns)))
        );
    }
    let _ = writeln!(text, "{}", recorded(imported));
    text
}

fn clean_ups(report: &Report, rows: bool, text: &mut String) {
    if report.cleanups.is_empty() {
        return;
    }
    let _ = writeln!(text, "{}", paint(HEAD, "cleaned up"));
    for (kind, count) in &report.cleanups {
        let _ = writeln!(
            text,
            "  {:>7} {:<6} in {:>6} {:<4}  {kind}",
            count.values,
            if count.values == 1 { "value" } else { "values" },
            count.rows,
            if count.rows == 1 { "row" } else { "rows" },
        );
    }
    if rows {
        for line in &report.lines {
            let _ = writeln!(
                text,
                "    row {} ({}): {}: {}",
                line.row,
                safe(&line.id),
                line.what,
                safe(&line.found)
            );
        }
    } else {
        let _ = writeln!(text, "{}", paint(SOFT, "  --rows lists them one by one"));
    }
}

fn recorded(imported: &Imported) -> String {
    if imported.events == 0 {
        return "nothing new: the ledger has all of it".to_owned();
    }
    if imported.is_dry_run {
        let rows = &imported.would_become;
        let assessed = rows.iter().filter(|row| row.figures.supp.is_some()).count();
        return format!(
            "the figures of {} would change, support assessed for {assessed} of them (--json has all)\n{} in {} would be admitted; nothing was recorded",
            counted(rows.len() as u64, "claim"),
            counted(imported.events, "event"),
            counted(imported.commits, "commit")
        );
    }
    let seconds = imported.milliseconds as f64 / 1000.0;
    let rate = imported.events as f64 / seconds.max(0.001);
    format!(
        "{} in {} recorded from @{} on, signed and on disk, in {seconds:.1} s ({rate:.0} events a second); the ledger has {} entries",
        counted(imported.events, "event"),
        counted(imported.commits, "commit"),
        imported.first_entry.unwrap_or(0),
        imported.size
    )
}

fn counted(number: u64, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

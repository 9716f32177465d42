//! Rows: claims in a list, events in a log, the ledger at a date.

use anstyle::Style;
use grounds::ledger::{Interval, NotAfter};
use grounds::projection::{CatalogueRow, Phrase, Piece, Replay, TimelineRow};
use grounds::trust::{Figure, Figures};
use grounds::value::Subject;

use crate::seen::Head;
use grounds::net::page::Told;

use super::claim::{band, standing};
use super::figures::shown;
use super::layout::{Sheet, columns, cut, pad, right, wrap};
use super::style::{HEAD, SOFT, UNSURE, line, paint, safe};

const PLAIN: Style = Style::new();
/// Columns of a figure.
const FIGURE: usize = 7;
/// Columns of a standing with its shape.
const STANDING: usize = 13;

/// The figures of a row: as many as there is room for.
fn columns_shown(width: usize) -> &'static [Figure] {
    match width {
        0..=69 => &[Figure::Support, Figure::Contestation],
        70..=119 => &[Figure::Support, Figure::Contestation, Figure::Stability],
        _ => &Figure::ALL,
    }
}

/// Claims, a line each.
pub(crate) fn list(
    rows: &[CatalogueRow],
    count: usize,
    head: &Head,
    searched: &str,
    width: usize,
) -> String {
    let mut sheet = Sheet::new(width);
    band(&mut sheet, head);
    if count == 0 {
        let words = match searched {
            "" => "no claim".to_owned(),
            searched => format!("no claim; searched for {searched}"),
        };
        sheet.block(0, SOFT, &words);
        return sheet.finish();
    }
    let room = table_head(&mut sheet, width);
    for row in rows {
        claim(&mut sheet, room, &row.statement, row.standing, &row.figures);
        let mut beside = format!("{} · v{} · {}", row.claim, row.version, row.lifecycle);
        if let Some(updated) = row.updated {
            beside = format!("{beside} · {}", updated.day());
        }
        sheet.block(2, SOFT, &beside);
    }
    foot(&mut sheet, rows.len(), count);
    sheet.finish()
}

fn foot(sheet: &mut Sheet, shown: usize, count: usize) {
    let words = match (shown, count) {
        (1, 1) => "1 claim".to_owned(),
        (shown, count) if shown == count => format!("{count} claims"),
        (shown, count) => format!("{shown} of {count} claims"),
    };
    sheet.gap();
    sheet.block(0, SOFT, &words);
}

/// The names of the columns; gives the room for a statement.
fn table_head(sheet: &mut Sheet, width: usize) -> usize {
    let figures = columns_shown(width);
    let room = width.saturating_sub(STANDING + 2 + figures.len() * FIGURE);
    let names: String = figures
        .iter()
        .map(|figure| right(figure.short(), FIGURE))
        .collect();
    let head = format!(
        "{}  {}{names}",
        pad("claim", room),
        pad("standing", STANDING)
    );
    sheet.line(&paint(SOFT, &head));
    room
}

fn claim(
    sheet: &mut Sheet,
    room: usize,
    statement: &str,
    how: grounds::claim::Standing,
    figures: &Figures,
) {
    let (shape, style) = standing(how);
    let numbers: String = columns_shown(sheet.width())
        .iter()
        .map(|figure| right(&shown(figures.get(*figure)), FIGURE))
        .collect();
    let lines = wrap(&line(statement), room);
    for (place, part) in lines.iter().enumerate() {
        match place {
            0 => sheet.line(&format!(
                "{}  {}{numbers}",
                pad(&paint(HEAD, part), room),
                paint(style, &pad(&format!("{shape} {how}"), STANDING)),
            )),
            _ => sheet.line(&paint(HEAD, part)),
        }
    }
}

/// The whole ledger at a point.
pub(crate) fn replay(replay: &Replay, head: &Head, width: usize) -> String {
    let mut sheet = Sheet::new(width);
    band(&mut sheet, head);
    let origin = replay
        .origin
        .as_ref()
        .map_or("before genesis", |origin| origin.as_str());
    let recorded = replay
        .recorded
        .map(|time| format!(" · {}", time.minute_text()));
    let beside = format!("{} entries{}", replay.entries, recorded.unwrap_or_default());
    sheet.sides(0, (HEAD, origin), (SOFT, &beside));
    sheet.block(0, SOFT, &replay.model.replace('@', " "));
    sheet.gap();
    if replay.claims.is_empty() {
        sheet.block(0, SOFT, "no claim");
        return sheet.finish();
    }
    let room = table_head(&mut sheet, width);
    for row in &replay.claims {
        claim(
            &mut sheet,
            room,
            &row.statement,
            row.status.standing,
            &row.profile.figures,
        );
        let words = format!(
            "{} · v{} · {}",
            row.claim, row.version, row.status.lifecycle
        );
        sheet.block(2, SOFT, &words);
    }
    foot(&mut sheet, replay.claims.len(), replay.claims.len());
    sheet.finish()
}

/// Events in words, newest first.
pub(crate) fn log(rows: &[Told<'_>], only: Option<&Subject>, width: usize) -> String {
    let mut sheet = Sheet::new(width);
    if rows.is_empty() {
        sheet.block(0, SOFT, "nothing happened that was asked for");
    }
    let addresses = (rows.iter())
        .map(|told| columns(&told.row.by.address))
        .max();
    let address = addresses.unwrap_or_default();
    for told in rows {
        let inner = happened(&mut sheet, told.row, address, only.is_none());
        if let Some(times) = &told.times {
            for words in between(times) {
                sheet.block(inner, SOFT, &words);
            }
        }
    }
    sheet.finish()
}

/// Writes an event; gives the columns before its words.
fn happened(sheet: &mut Sheet, row: &TimelineRow, address: usize, with_subject: bool) -> usize {
    let by = &row.by;
    let name = by.author_name.as_deref().unwrap_or(by.author.as_str());
    let when = by.recorded.minute_text().replace(" UTC", "");
    let front = format!(
        "{}  {}  ",
        paint(HEAD, &pad(&by.address, address)),
        paint(SOFT, &when)
    );
    let inner = columns(&front);
    let room = sheet.width().saturating_sub(inner).max(20);
    let aside = if row.set_aside { "[set aside] " } else { "" };
    let words = format!("{aside}{} {}", line(name), phrase(&row.words));
    let style = if row.set_aside { UNSURE } else { PLAIN };
    for (place, part) in wrap(&words, room).iter().enumerate() {
        let front = if place == 0 {
            front.clone()
        } else {
            " ".repeat(inner)
        };
        sheet.line(&format!("{front}{}", paint_if(style, part)));
    }
    let effective = by.effective.map(|date| format!(" · holds since {date}"));
    let id = super::claim::short(&by.id.to_string()).to_owned();
    let effective = effective.unwrap_or_default();
    let beside = match with_subject {
        true => format!(
            "{} · {id}{effective}",
            cut(
                &row.subject.to_string(),
                room.saturating_sub(15 + columns(&effective)).max(20)
            )
        ),
        false => format!("{} · {id}{effective}", row.r#type),
    };
    sheet.block(inner, SOFT, &beside);
    inner
}

/// Between what an event was made, and who says so.
fn between(times: &Interval) -> [String; 2] {
    let before = match &times.not_before {
        None => "not before: its author had seen nothing".to_owned(),
        Some(before) => {
            let clock = before.recorded.map(|time| {
                let time = time.seconds_text();
                format!(", recorded {time} by the log's clock")
            });
            let there = (before.there_by.as_ref())
                .filter(|there| before.recorded.is_some_and(|time| there.time < time))
                .map(|there| {
                    let time = there.time.seconds_text();
                    format!(" (and there by {time}, {})", by(there))
                });
            format!(
                "not before @{}{}{}",
                before.entry,
                clock.unwrap_or_default(),
                there.unwrap_or_default()
            )
        }
    };
    let after = match &times.not_after {
        None => "not after: no witness".to_owned(),
        Some(after) => {
            let time = after.time.seconds_text();
            format!(
                "not after {time}, {}: the head of size {}",
                by(after),
                after.size
            )
        }
    };
    [before, after]
}

/// Whose word a time is.
fn by(after: &NotAfter) -> String {
    let names: Vec<String> = (after.witnesses.iter())
        .map(|one| line(&one.witness))
        .collect();
    format!("cosigned by {}", names.join(", "))
}

fn paint_if(style: Style, text: &str) -> String {
    if style == PLAIN {
        text.to_owned()
    } else {
        paint(style, text)
    }
}

/// A phrase with the ledger's text in quotes, so that it is never taken for ours.
pub(crate) fn phrase(phrase: &Phrase) -> String {
    let pieces: Vec<String> = phrase
        .0
        .iter()
        .map(|piece| match piece {
            Piece::Ours(text) => safe(text),
            Piece::Ledger(text) => format!("“{}”", line(text)),
        })
        .collect();
    pieces.join(" ")
}

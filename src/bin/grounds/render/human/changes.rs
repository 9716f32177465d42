//! What changed for a claim between two points.

use anstyle::Style;
use grounds::projection::{Difference, FieldChange, Move, PointShown};

use super::answers::{moved, step};
use super::claim::byline;
use super::layout::Sheet;
use super::rows::phrase;
use super::style::{BAD, GOOD, HEAD, SOFT, line};

const PLAIN: Style = Style::new();

/// Figure by figure, each movement with the entries that made it.
pub(crate) fn diff(difference: &Difference, width: usize) -> String {
    let mut sheet = Sheet::new(width);
    sheet.block(0, HEAD, &difference.subject.to_string());
    sheet.hang(0, "from  ", PLAIN, &point(&difference.from));
    sheet.hang(0, "to    ", PLAIN, &point(&difference.to));
    if is_nothing(difference) {
        sheet.gap();
        sheet.block(0, SOFT, "nothing changed");
        return sheet.finish();
    }
    figures(&mut sheet, difference);
    fields(&mut sheet, &difference.fields);
    if !difference.steps.is_empty() {
        sheet.head("what moved them");
        difference
            .steps
            .iter()
            .for_each(|one| step(&mut sheet, one));
    }
    changes(&mut sheet, difference);
    sheet.finish()
}

fn is_nothing(difference: &Difference) -> bool {
    difference.figures.is_empty()
        && difference.fields.is_empty()
        && difference.changes.is_empty()
        && difference.steps.is_empty()
}

fn point(point: &PointShown) -> String {
    let recorded = point
        .recorded
        .map(|time| format!(", the newest of {}", time.minute_text()));
    let effective = point
        .effective
        .map(|time| format!(" · what held by {}", time.minute_text()));
    let version = match point.exists {
        true => format!("v{}", point.version),
        false => "the claim was not there".to_owned(),
    };
    format!(
        "{version} · {} entries{}{} · {}",
        point.entries,
        recorded.unwrap_or_default(),
        effective.unwrap_or_default(),
        point.model.replace('@', " ")
    )
}

fn figures(sheet: &mut Sheet, difference: &Difference) {
    let part = |sheet: &mut Sheet, name: &str, moves: &[Move]| {
        if !moves.is_empty() {
            sheet.head(name);
            moves.iter().for_each(|one| moved(sheet, 2, one));
        }
    };
    if difference.model_change.is_empty() {
        return part(sheet, "figures", &difference.figures);
    }
    part(sheet, "figures, all in all", &difference.figures);
    part(
        sheet,
        "figures moved by evidence, under the old model",
        &difference.evidence_change,
    );
    part(
        sheet,
        "figures moved by the change of model",
        &difference.model_change,
    );
}

fn fields(sheet: &mut Sheet, fields: &[FieldChange]) {
    if fields.is_empty() {
        return;
    }
    sheet.head("fields");
    for field in fields {
        sheet.block(2, SOFT, &line(&field.field));
        if let Some(from) = &field.from {
            sheet.hang(4, "− ", BAD, from);
        }
        if let Some(to) = &field.to {
            sheet.hang(4, "+ ", GOOD, to);
        }
    }
}

fn changes(sheet: &mut Sheet, difference: &Difference) {
    if difference.changes.is_empty() {
        return;
    }
    sheet.head(&format!(
        "events with effect at one point only {}",
        difference.changes.len()
    ));
    for change in &difference.changes {
        let (mark, style) = if change.gained {
            ("+ ", GOOD)
        } else {
            ("− ", BAD)
        };
        sheet.hang(2, mark, style, &phrase(&change.words));
        sheet.block(
            4,
            SOFT,
            &format!("{} · {}", change.part, byline(&change.by)),
        );
    }
}

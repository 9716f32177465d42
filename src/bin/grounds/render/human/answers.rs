//! Answers: why, blame, impact and bisect.

use anstyle::Style;
use grounds::projection::{
    Bisected, Blame, Cause, ClaimImpact, FieldBlame, FigureBlame, Ground, Impact, Move, Step, Why,
};

use crate::seen::Head;

use super::claim::{band, byline};
use super::figures::{finely, points};
use super::layout::{Sheet, cut, pad, right};
use super::rows::phrase;
use super::style::{BAD, GOOD, HEAD, SOFT, UNSURE, line, paint};

const PLAIN: Style = Style::new();

/// Where a figure comes from, for somebody who has never heard of it.
pub(crate) fn why(why: &Why, head: &Head, width: usize) -> String {
    let mut sheet = Sheet::new(width);
    band(&mut sheet, head);
    let value = match (why.value, why.assumed) {
        (Some(_), true) => format!("≈ {}", finely(why.value)),
        (Some(_), false) => finely(why.value),
        (None, _) => "— not assessed".to_owned(),
    };
    sheet.sides(
        0,
        (HEAD, &format!("{} {value}", why.name)),
        (SOFT, &why.model.replace('@', " ")),
    );
    sheet.block(0, SOFT, &format!("of: {}", line(&why.statement)));
    sheet.gap();
    sheet.block(2, PLAIN, &why.meaning);
    if let Some(reason) = &why.not_assessed {
        let words = format!("not assessed: {reason}. That is not 0 %: nothing is known.");
        sheet.hang(2, "— ", UNSURE, &words);
    }
    if why.assumed {
        let words = "about: a source that nobody appraised is taken to be of 50 % quality; grounds artifact appraise says how good it is";
        sheet.hang(2, "≈ ", UNSURE, words);
    }
    if let Some(coverage) = why.coverage.filter(|coverage| coverage.is_partial()) {
        let words = format!(
            "from {} of {} parts: the rest is not assessed",
            coverage.present, coverage.whole
        );
        sheet.hang(2, "▒ ", UNSURE, &words);
    }
    sheet.head("how it is computed");
    sheet.block(2, PLAIN, &format!("{} = {}", why.name, why.formula));
    for (number, step) in (1..).zip(&why.steps) {
        sheet.hang(
            2,
            &right(&format!("{number}. "), 4),
            PLAIN,
            &phrase(&step.words),
        );
    }
    grounds(&mut sheet, why);
    sheet.finish()
}

fn grounds(sheet: &mut Sheet, why: &Why) {
    sheet.head(&format!(
        "signed entries it stands on {}",
        why.stands_on.len()
    ));
    if why.stands_on.is_empty() {
        return sheet.block(2, SOFT, "none");
    }
    let words = "each with what the figure would be without it, in percentage points; these do not add up to the figure";
    sheet.block(2, SOFT, words);
    why.stands_on
        .iter()
        .for_each(|ground| self::ground(sheet, ground));
}

fn ground(sheet: &mut Sheet, ground: &Ground) {
    let (change, style) = match ground.contribution {
        Some(by) => (points(by), tone(by)),
        None => ("all".to_owned(), UNSURE),
    };
    let mark = paint(style, &right(&change, 6));
    sheet.hang(2, &format!("{mark}  "), PLAIN, &phrase(&ground.words));
    let without = match (ground.without, ground.contribution) {
        (None, _) => "without it: not assessed".to_owned(),
        (Some(_), _) => format!("without it: {}", finely(ground.without)),
    };
    sheet.block(10, SOFT, &format!("{} · {without}", byline(&ground.by)));
}

/// The colour of a movement: up or down, which its sign says as well.
pub(crate) fn tone(by: i64) -> Style {
    match by {
        0 => SOFT,
        1.. => GOOD,
        _ => BAD,
    }
}

/// Every field and figure with the entry that last changed it.
pub(crate) fn blame(blame: &Blame, width: usize) -> String {
    let mut sheet = Sheet::new(width);
    sheet.block(0, HEAD, &blame.subject.to_string());
    sheet.head("fields");
    blame
        .fields
        .iter()
        .for_each(|field| blamed_field(&mut sheet, field));
    sheet.head("figures");
    blame
        .figures
        .iter()
        .for_each(|figure| blamed_figure(&mut sheet, figure));
    sheet.finish()
}

fn blamed_field(sheet: &mut Sheet, field: &FieldBlame) {
    let by = match &field.by {
        Some(by) => byline(by),
        None => "since it was asserted".to_owned(),
    };
    let name = paint(SOFT, &pad(&line(&field.field), 16));
    sheet.line(&format!(
        "  {name}{}",
        paint(SOFT, &cut(&by, sheet.width().saturating_sub(18)))
    ));
    sheet.block(18, PLAIN, &field.value);
}

fn blamed_figure(sheet: &mut Sheet, figure: &FigureBlame) {
    let change = match (figure.before, figure.value) {
        (None, None) => "—".to_owned(),
        (None, value) => finely(value),
        (before, value) => format!("{} → {}", finely(before), finely(value)),
    };
    let words = format!("{}{change}", pad(figure.figure.long(), 16));
    let by = figure
        .by
        .as_ref()
        .map_or_else(|| "never assessed".to_owned(), byline);
    sheet.sides(2, (PLAIN, &words), (SOFT, &by));
    if let Some(words) = &figure.words {
        let cause = figure.cause.map_or("", cause);
        sheet.block(18, SOFT, &format!("{cause}{}", phrase(words)));
    }
}

/// What moved figures, where it was no new entry.
pub(crate) fn cause(cause: Cause) -> &'static str {
    match cause {
        Cause::Recorded => "",
        Cause::Expired => "expired: ",
        Cause::Held => "holds from then on: ",
    }
}

/// What rests on an artifact, an agent or a key.
pub(crate) fn impact(impact: &Impact, width: usize) -> String {
    let mut sheet = Sheet::new(width);
    sheet.sides(0, (HEAD, &line(&impact.name)), (SOFT, &impact.target));
    sheet.block(
        0,
        PLAIN,
        &format!("{}: nothing is written", impact.supposed),
    );
    sheet.block(0, SOFT, &impact.model.replace('@', " "));
    if impact.set_aside > 0 {
        let words = format!("{} events would be set aside", impact.set_aside);
        sheet.hang(0, "▒ ", UNSURE, &words);
    }
    sheet.head(&format!("claims {}", impact.claims.len()));
    if impact.claims.is_empty() {
        sheet.block(2, SOFT, "no claim rests on it");
    }
    impact
        .claims
        .iter()
        .for_each(|claim| touched(&mut sheet, claim));
    sheet.finish()
}

fn touched(sheet: &mut Sheet, claim: &ClaimImpact) {
    let slug = format!("claim/{}", claim.claim);
    sheet.sides(2, (HEAD, &line(&claim.statement)), (SOFT, &slug));
    if !claim.stands {
        sheet.hang(4, "✗ ", BAD, "would no longer be in effect");
    }
    if claim.moves.is_empty() && claim.stands {
        sheet.block(4, SOFT, "no figure would move");
    }
    claim.moves.iter().for_each(|one| moved(sheet, 4, one));
}

/// A figure before and after, with an arrow.
pub(crate) fn moved(sheet: &mut Sheet, indent: usize, one: &Move) {
    let (arrow, change, style) = match one.by {
        Some(by) if by > 0 => ("↑", points(by), GOOD),
        Some(by) if by < 0 => ("↓", points(by), BAD),
        Some(_) => ("=", points(0), SOFT),
        None if one.to.is_none() => ("✗", "no longer assessed".to_owned(), UNSURE),
        None => ("+", "assessed now".to_owned(), UNSURE),
    };
    sheet.line(&format!(
        "{}{}{} → {}  {}",
        " ".repeat(indent),
        pad(one.figure.long(), 14),
        right(&finely(one.from), 7),
        right(&finely(one.to), 7),
        paint(style, &format!("{arrow} {change}"))
    ));
}

/// The event that made something true.
pub(crate) fn bisect(bisected: &Bisected, width: usize) -> String {
    let mut sheet = Sheet::new(width);
    sheet.sides(
        0,
        (HEAD, &bisected.predicate),
        (SOFT, &bisected.subject.to_string()),
    );
    let words = format!(
        "{}; {} of them moved a figure",
        bisected.how, bisected.steps
    );
    sheet.block(0, SOFT, &words);
    sheet.gap();
    match &bisected.found {
        Some(step) => {
            sheet.block(0, PLAIN, "first became true with");
            self::step(&mut sheet, step);
        }
        None => sheet.block(0, PLAIN, "no event made it true"),
    }
    let now = if bisected.holds_now {
        "it is true now"
    } else {
        "it is not true now"
    };
    sheet.block(0, PLAIN, now);
    sheet.finish()
}

/// A step of a walk: the event, and the figures that it moved.
pub(crate) fn step(sheet: &mut Sheet, step: &Step) {
    let undone = if step.undone { "undone: " } else { "" };
    let words = format!("{undone}{}{}", cause(step.cause), phrase(&step.words));
    sheet.hang(2, "· ", PLAIN, &words);
    let held = step
        .event
        .effective
        .map(|date| format!(" · holds since {date}"));
    sheet.block(
        4,
        SOFT,
        &format!("{}{}", byline(&step.event), held.unwrap_or_default()),
    );
    step.moves.iter().for_each(|one| moved(sheet, 4, one));
}

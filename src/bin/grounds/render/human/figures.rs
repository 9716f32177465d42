//! Figures: numbers and bars. A figure that is not assessed is a dash and a word, never an empty
//! bar, which would look like zero.

use grounds::projection::Profile;
use grounds::trust::{Coverage, Figure, percent};

use super::layout::{Sheet, pad, right};
use super::style::{HEAD, SOFT, UNSURE, paint};

const EIGHTHS: [char; 8] = ['·', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/// The trust profile: eight dimensions as bars, three derived figures beside them.
pub(crate) fn profile(sheet: &mut Sheet, profile: &Profile) {
    let is_wide = sheet.width() >= BESIDE;
    let bar = match is_wide {
        true => (sheet.width() - LABEL - NUMBER - GAP - 2 - DERIVED).min(28),
        false => 14.min(sheet.width().saturating_sub(LABEL + NUMBER + 2)),
    };
    let dimensions: Vec<String> = Figure::ALL
        .into_iter()
        .filter(|figure| !figure.is_derived())
        .map(|figure| dimension(profile, figure, bar))
        .collect();
    let derived: Vec<String> = Figure::ALL
        .into_iter()
        .filter(|figure| figure.is_derived())
        .map(|figure| derived(profile, figure))
        .collect();
    if !is_wide {
        sheet.line(&format!("  {}", paint(SOFT, "dimensions")));
        dimensions
            .iter()
            .for_each(|line| sheet.line(&format!("  {line}")));
        sheet.line(&format!("  {}", paint(SOFT, "derived scores")));
        derived
            .iter()
            .for_each(|line| sheet.line(&format!("  {line}")));
        return;
    }
    let left = 2 + LABEL + bar + NUMBER + GAP;
    let heads = format!("  {}{}", pad("dimensions", left - 2), "derived scores");
    sheet.line(&paint(SOFT, &heads));
    for (place, line) in dimensions.iter().enumerate() {
        let beside = derived.get(place).map_or("", String::as_str);
        sheet.line(&format!("  {}{beside}", pad(line, left - 2)));
    }
}

/// Columns of a dimension's names, of its number, and between it and a derived figure.
const LABEL: usize = 20;
const NUMBER: usize = 7;
const GAP: usize = 3;
/// Columns of a derived figure: `stab  stability ≈ 100 % of 2/4`.
const DERIVED: usize = 32;
/// Columns from which on both stand beside each other.
const BESIDE: usize = 78;

fn label(figure: Figure) -> String {
    format!(
        "{}{}",
        paint(HEAD, figure.short()),
        pad(&format!("  {}", figure.long()), LABEL - 4)
    )
}

fn dimension(profile: &Profile, figure: Figure, width: usize) -> String {
    match profile.figures.get(figure) {
        Some(ppm) => format!(
            "{}{}{}",
            label(figure),
            painted_bar(figure, ppm, width),
            right(&number(profile, figure), NUMBER)
        ),
        None => format!("{}{}", label(figure), paint(SOFT, "— not assessed")),
    }
}

fn derived(profile: &Profile, figure: Figure) -> String {
    let shown = match profile.figures.get(figure) {
        Some(_) => right(&number(profile, figure), 8),
        None => paint(SOFT, " — not assessed"),
    };
    let part = part(profile, figure);
    format!(
        "{}  {}{shown}{part}",
        paint(HEAD, figure.short()),
        pad(figure.long(), 9)
    )
}

/// " of 7/10" where a derived figure had a part of its parts only.
fn part(profile: &Profile, figure: Figure) -> String {
    match coverage(profile, figure) {
        Some(coverage) if coverage.is_partial() && profile.figures.get(figure).is_some() => {
            format!(" of {}/{}", coverage.present, coverage.whole)
        }
        _ => String::new(),
    }
}

/// How much of its parts a derived figure had.
fn coverage(profile: &Profile, figure: Figure) -> Option<Coverage> {
    match figure {
        Figure::Support => Some(profile.coverage.supp),
        Figure::Frontier => Some(profile.coverage.fron),
        Figure::Stability => Some(profile.coverage.stab),
        _ => None,
    }
}

/// A figure of a profile: `72 %`, `≈ 72 %` where it rests on an assumption.
fn number(profile: &Profile, figure: Figure) -> String {
    let about = if profile.assumed.contains(&figure) {
        "≈ "
    } else {
        ""
    };
    format!("{about}{}", shown(profile.figures.get(figure)))
}

/// `72 %`, or a dash.
pub(crate) fn shown(ppm: Option<u32>) -> String {
    ppm.map_or_else(|| "—".to_owned(), |ppm| format!("{} %", percent(ppm)))
}

/// A movement in percentage points with one digit: `+3.1`.
pub(crate) fn points(ppm: i64) -> String {
    let tenths = (ppm.abs() + 500) / 1000;
    let sign = match ppm {
        0 => "±",
        1.. => "+",
        _ => "−",
    };
    format!("{sign}{}.{}", tenths / 10, tenths % 10)
}

/// Percent with one digit, where movements are looked at: `59.6 %`.
pub(crate) fn finely(ppm: Option<u32>) -> String {
    ppm.map_or_else(
        || "—".to_owned(),
        |ppm| {
            let tenths = (ppm + 500) / 1000;
            format!("{}.{} %", tenths / 10, tenths % 10)
        },
    )
}

fn painted_bar(figure: Figure, ppm: u32, width: usize) -> String {
    if figure == Figure::Contestation {
        let filled = (u64::from(ppm) * width as u64 + 500_000) / 1_000_000;
        let filled = usize::try_from(filled).unwrap_or(width).min(width);
        return format!(
            "{}{}",
            paint(UNSURE, &"▒".repeat(filled)),
            paint(SOFT, &"·".repeat(width - filled))
        );
    }
    let eighths = (u64::from(ppm) * width as u64 * 8 + 500_000) / 1_000_000;
    let eighths = usize::try_from(eighths).unwrap_or(0).min(width * 8);
    let mut full = "█".repeat(eighths / 8);
    let mut rest = width - eighths / 8;
    if eighths % 8 > 0 {
        full.push(EIGHTHS[eighths % 8]);
        rest -= 1;
    }
    format!("{full}{}", paint(SOFT, &"·".repeat(rest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_as_wide_as_asked_and_hatched_where_contested() {
        for ppm in [0, 1, 4_999, 500_000, 999_999, 1_000_000] {
            for figure in [Figure::Evidence, Figure::Contestation] {
                let bar = painted_bar(figure, ppm, 20);
                assert_eq!(super::super::layout::columns(&bar), 20, "{ppm}");
            }
        }
        assert!(painted_bar(Figure::Contestation, 500_000, 4).contains("▒▒"));
        assert!(painted_bar(Figure::Evidence, 1_000_000, 4).contains("████"));
    }

    #[test]
    fn movements_have_a_sign_and_one_digit() {
        assert_eq!(points(31_400), "+3.1");
        assert_eq!(points(-50), "−0.0");
        assert_eq!(points(-31_450), "−3.1");
        assert_eq!(points(0), "±0.0");
        assert_eq!(finely(Some(596_213)), "59.6 %");
        assert_eq!(finely(None), "—");
    }
}

//! Moved: figures over time as step lines. Each step is an entry; the lines are labelled where they
//! end, one whole and one dashed, so that they are told apart without colour.

use maud::{Markup, html};

use crate::trust::Figure;
use crate::value::Index;

use super::ink::{day_words, whole};
use super::states::ClaimState;

/// The lines that are drawn, with the class that draws each.
const LINES: [(Figure, &str); 2] = [(Figure::Support, "whole"), (Figure::Contestation, "dashed")];

/// At most so many steps are drawn: the newest.
const STEPS: usize = 60;

/// A drawing of one width.
struct Plot<'p> {
    states: &'p [ClaimState],
    width: i64,
}

const HEIGHT: i64 = 196;
const TOP: i64 = 22;
const BOTTOM: i64 = 158;
const LEFT: i64 = 38;
/// Room for the labels at the ends of the lines.
const RIGHT: i64 = 104;

/// The drawing, wide and narrow; a reader's style sheet shows one of them.
pub(super) fn moved(states: &[ClaimState]) -> Markup {
    let is_assessed = |state: &ClaimState| {
        LINES
            .iter()
            .any(|(figure, _)| state.figures.get(*figure).is_some())
    };
    if !states.iter().any(is_assessed) {
        return html! { p.soft { "Nothing to draw yet: support and contestation were never assessed. Evidence with a strength would move them." } };
    }
    let first = states.len().saturating_sub(STEPS);
    let shown = &states[first..];
    html! {
        figure.moved {
            @for (class, width) in [("wide", 660), ("narrow", 340)] {
                (Plot { states: shown, width }.draw(class))
            }
            figcaption {
                "Each step is an entry, in the order of the log, not to the scale of time."
                @if first > 0 { " The newest " (shown.len()) " of " (states.len()) " states." }
            }
        }
    }
}

impl Plot<'_> {
    fn draw(&self, class: &str) -> Markup {
        let view = format!("0 0 {} {HEIGHT}", self.width);
        html! {
            svg class=(class) viewBox=(view) role="img" aria-label=(self.in_words()) focusable="false" {
                (self.scale())
                (self.entries())
                (self.disputes())
                @for (figure, class) in LINES {
                    @for path in self.paths(figure) { path class={ "line " (class) } d=(path) {} }
                }
                (self.names())
            }
        }
    }

    /// What somebody who does not see it is told.
    fn in_words(&self) -> String {
        let said = LINES.map(|(figure, _)| {
            let ends = [self.states.first(), self.states.last()]
                .map(|state| whole(state.and_then(|state| state.figures.get(figure))));
            format!("{} from {} to {}", figure.long(), ends[0], ends[1])
        });
        format!("{} over {} states", said.join(", "), self.states.len())
    }

    /// The left edge of a step; one past the last is the right edge of the last.
    fn x(&self, step: usize) -> i64 {
        let room = self.width - LEFT - RIGHT;
        let (step, steps) = (step as i64, self.states.len().max(1) as i64);
        LEFT + room * step / steps
    }

    fn scale(&self) -> Markup {
        let right = self.width - RIGHT;
        html! {
            @for percent in [0_u32, 25, 50, 75, 100] {
                @let y = y(percent * 10_000);
                line.grid x1=(LEFT) x2=(right) y1=(y) y2=(y) {}
                @if percent % 50 == 0 {
                    text.soft x=(LEFT - 6) y=(y + 4) text-anchor="end" { (percent) "%" }
                }
            }
        }
    }

    /// Entries below the steps, where there is room, and the days that begin there.
    fn entries(&self) -> Markup {
        let mut shown: Vec<(i64, Index)> = Vec::new();
        let mut days: Vec<(i64, String)> = Vec::new();
        let mut last_day = String::new();
        for (step, state) in self.states.iter().enumerate() {
            let x = self.x(step);
            if shown.last().is_none_or(|(last, _)| x - last >= 30) {
                shown.push((x, state.entry));
            }
            let day = day_words(&state.recorded.day());
            let has_room = days.last().is_none_or(|(last, _)| x - last >= 100);
            if day != last_day && has_room {
                days.push((x, day.clone()));
            }
            last_day = day;
        }
        html! {
            @for step in 0..self.states.len() {
                @let x = self.x(step);
                line.tick x1=(x) x2=(x) y1=(BOTTOM) y2=(BOTTOM + 4) {}
            }
            @for (x, entry) in &shown { text.soft x=(x) y=(BOTTOM + 16) { "@" (entry) } }
            @for (x, day) in &days { text.soft x=(x) y=(BOTTOM + 32) { (day) } }
        }
    }

    /// Where a dispute came in, said in a word, where there is room.
    fn disputes(&self) -> Markup {
        let mut shown: Vec<i64> = Vec::new();
        for (step, state) in self.states.iter().enumerate() {
            let x = self.x(step);
            let has_room = shown.last().is_none_or(|last| x - last >= 190);
            if state.is_disputed && has_room {
                shown.push(x);
            }
        }
        // Near the end of the lines the words stand before the step, so that their names have room.
        let end = self.width - RIGHT;
        let beside = |x: i64| {
            if end - x < 90 {
                (x - 4, "end")
            } else {
                (x + 4, "start")
            }
        };
        html! {
            @for x in &shown {
                @let (at, anchor) = beside(*x);
                line.dispute x1=(x) x2=(x) y1=(TOP - 12) y2=(BOTTOM) {}
                text.against x=(at) y=(TOP - 5) text-anchor=(anchor) { "↓ dispute added" }
            }
        }
    }

    /// The pieces of a line: it is interrupted where the figure is not assessed.
    fn paths(&self, figure: Figure) -> Vec<String> {
        let mut paths: Vec<String> = Vec::new();
        let mut is_drawn = false;
        for (step, state) in self.states.iter().enumerate() {
            let Some(ppm) = state.figures.get(figure) else {
                is_drawn = false;
                continue;
            };
            let (x, y, to) = (self.x(step), y(ppm), self.x(step + 1));
            match paths.last_mut().filter(|_| is_drawn) {
                Some(path) => path.push_str(&format!("V{y}H{to}")),
                None => paths.push(format!("M{x} {y}H{to}")),
            }
            is_drawn = true;
        }
        paths
    }

    /// The name and the value at the end of each line, kept apart.
    fn names(&self) -> Markup {
        let Some(last) = self.states.last() else {
            return html! {};
        };
        let mut names: Vec<(i64, Figure, &str)> = LINES
            .iter()
            .filter_map(|(figure, class)| Some((y(last.figures.get(*figure)?), *figure, *class)))
            .collect();
        names.sort_by_key(|(y, ..)| *y);
        for place in 1..names.len() {
            names[place].0 = names[place].0.max(names[place - 1].0 + 15);
        }
        html! {
            @for (y, figure, class) in &names {
                text class={ "name " (class) } x=(self.width - RIGHT + 5) y=(y + 4) {
                    (figure.long()) " " (whole(last.figures.get(*figure)))
                }
            }
        }
    }
}

fn y(ppm: u32) -> i64 {
    BOTTOM - (BOTTOM - TOP) * i64::from(ppm) / 1_000_000
}

//! Near: what a claim is linked to, drawn and as a list. Squares are artifacts, circles contexts,
//! discs claims; the style of a line says the relation, and a mark in the shape says it again.

use maud::{Markup, html};

use crate::projection::{LinkShown, Neighbor, Neighborhood};
use crate::value::{Slug, Subject};

use super::ink::{byline, prose, said, seen};
use super::links::{Links, Page};

/// At most so many neighbors are drawn; the list has all of them.
const DRAWN: usize = 12;
const WIDTH: usize = 340;
const ROW: usize = 42;
/// How wide a line of a label may be, in tenths of the letters' size, and lines of one.
const BREADTH: usize = 98;
const LINES: usize = 2;

/// A shape at the end of a line.
struct Node {
    shape: Shape,
    /// The class of its line and its shape: for, against, plain.
    class: &'static str,
    mark: &'static str,
    label: Vec<String>,
}

enum Shape {
    Square,
    Circle,
    Disc,
}

/// The drawing, and the list behind it.
pub(super) fn near(links: &Links, claim: &Slug, near: &Neighborhood) -> Markup {
    let nodes = nodes(near);
    if nodes.is_empty() {
        return html! { p.soft { "Nothing is linked to it yet." } };
    }
    html! {
        (drawing(&nodes))
        p.soft { "□ artifact · ○ context · ● claim · whole line: for · dashed: against" }
        @if nodes.len() > DRAWN { p.soft { (DRAWN) " of " (nodes.len()) " are drawn." } }
        details { summary { "As a list" } (list(links, claim, near)) }
    }
}

fn nodes(near: &Neighborhood) -> Vec<Node> {
    let neighbor = |shape: fn() -> Shape| {
        move |one: &Neighbor| {
            let (class, mark) = of_relation(&one.relation);
            Node {
                shape: shape(),
                class,
                mark,
                label: label(&one.name),
            }
        }
    };
    let link = |link: &LinkShown| {
        let (class, mark) = of_relation(link.relation.word());
        Node {
            shape: Shape::Disc,
            class,
            mark,
            label: label(&link.statement),
        }
    };
    let artifacts = near.artifacts.iter().map(neighbor(|| Shape::Square));
    let contexts = near.contexts.iter().map(neighbor(|| Shape::Circle));
    let claims = near.outgoing.iter().chain(&near.incoming).map(link);
    artifacts.chain(contexts).chain(claims).collect()
}

fn of_relation(word: &str) -> (&'static str, &'static str) {
    match word {
        "supports" | "holds_in" => ("for", "↑"),
        "disputes" | "contradicts" | "fails_in" => ("against", "↓"),
        _ => ("plain", ""),
    }
}

/// A name in at most two short lines.
fn label(name: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in seen(name).split_whitespace() {
        let is_full = |line: &String| breadth(line) + breadth(" ") + breadth(word) > BREADTH;
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if !is_full(line) => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    let is_cut = lines.len() > LINES;
    lines.truncate(LINES);
    for line in &mut lines {
        if breadth(line) > BREADTH {
            *line = cut(line);
        }
    }
    if let Some(last) = lines
        .last_mut()
        .filter(|last| is_cut && !last.ends_with('…'))
    {
        *last = cut(last);
    }
    lines
}

/// As much of a line as fits with the sign that there is more.
fn cut(line: &str) -> String {
    let mut left = BREADTH - breadth("…");
    let fits = |letter: &char| {
        let rest = left.checked_sub(breadth_of(*letter));
        left = rest.unwrap_or(0);
        rest.is_some()
    };
    let kept: String = line.chars().take_while(fits).collect();
    kept.trim_end_matches([' ', ',', ';', ':', '.', '–', '—'])
        .to_owned()
        + "…"
}

/// About how wide a line is in a sans-serif face, in tenths of the letters' size. Which face a reader
/// has is not known: rather too wide than too narrow.
fn breadth(line: &str) -> usize {
    line.chars().map(breadth_of).sum()
}

fn breadth_of(letter: char) -> usize {
    match letter {
        'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' => 3,
        ' ' | 'f' | 'r' | 't' | '(' | ')' | '-' | '"' => 4,
        'm' | 'w' | 'M' | 'W' | '@' | '%' | '…' => 10,
        'A'..='Z' => 7,
        '\u{1100}'.. => 11,
        _ => 6,
    }
}

fn drawing(nodes: &[Node]) -> Markup {
    let shown = &nodes[..nodes.len().min(DRAWN)];
    let rows = shown.len().div_ceil(2);
    let height = rows * ROW + 8;
    let (middle, center) = (WIDTH / 2, height / 2);
    let place = |number: usize| {
        let is_left = number < rows;
        let row = if is_left { number } else { number - rows };
        let in_column = if is_left { rows } else { shown.len() - rows };
        let top = (height - in_column * ROW) / 2;
        (is_left, top + row * ROW + ROW / 2)
    };
    let title = format!(
        "The claim and {} neighbors; the list below names them",
        nodes.len()
    );
    html! {
        svg.near viewBox=(format!("0 0 {WIDTH} {height}")) role="img" aria-label=(title) focusable="false" {
            @for (number, node) in shown.iter().enumerate() {
                @let (is_left, y) = place(number);
                @let x = if is_left { middle - 46 } else { middle + 46 };
                line class={ "edge " (node.class) } x1=(middle) y1=(center) x2=(x) y2=(y) {}
                (shape(node, x, y))
                (name(node, is_left, x, y))
            }
            circle.self cx=(middle) cy=(center) r="8" {}
        }
    }
}

fn shape(node: &Node, x: usize, y: usize) -> Markup {
    html! {
        @match node.shape {
            Shape::Square => rect class={ "node " (node.class) } x=(x - 8) y=(y - 8) width="16" height="16" {},
            Shape::Circle => circle class={ "node " (node.class) } cx=(x) cy=(y) r="8" {},
            Shape::Disc => circle class={ "node disc " (node.class) } cx=(x) cy=(y) r="8" {},
        }
        @if !node.mark.is_empty() {
            text class={ "mark " (node.class) } x=(x) y=(y + 4) text-anchor="middle" { (node.mark) }
        }
    }
}

fn name(node: &Node, is_left: bool, x: usize, y: usize) -> Markup {
    let (anchor, x) = match is_left {
        true => ("end", x - 14),
        false => ("start", x + 14),
    };
    let first = if node.label.len() > 1 { y - 3 } else { y + 4 };
    html! {
        @for (line, words) in node.label.iter().enumerate() {
            text.label x=(x) y=(first + line * 13) text-anchor=(anchor) { (words) }
        }
    }
}

fn list(links: &Links, claim: &Slug, near: &Neighborhood) -> Markup {
    html! {
        ul.plain {
            @for one in near.artifacts.iter().chain(&near.contexts) {
                li {
                    (one.relation.replace('_', " ")) " · " (one.subject.kind().word()) ": "
                    a href=(links.to(&Page::Subject(&one.subject))) { (said(&one.name)) }
                }
            }
            @for one in &near.outgoing {
                li { "this claim " (one.relation.word().replace('_', " ")) ": " (linked(links, one)) }
            }
            @for one in &near.incoming {
                li { (linked(links, one)) " " (one.relation.word().replace('_', " ")) " this claim" }
            }
        }
        p.soft { a href=(links.to(&Page::History(claim))) { "Who said so, and when" } }
    }
}

fn linked(links: &Links, link: &LinkShown) -> Markup {
    html! {
        a href=(to(links, &link.claim)) { (said(&link.statement)) }
        @if let Some(strength) = link.strength { ", strength " (strength) }
        span.soft { " (" (byline(links, &link.by)) ")" }
        @if let Some(note) = &link.note { (prose(note)) }
    }
}

fn to(links: &Links, claim: &Subject) -> String {
    links.to(&Page::Subject(claim))
}

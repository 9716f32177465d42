//! Custody: what this copy of the ledger holds of a subject, as a checklist in words, and how to
//! check it without the page. Never more is said than was checked.
//!
//! A claim page says here what proves it. Its script adds the button that does: it ticks these
//! lines again in the reader's browser. Each line has its part as `data-check`, each figure of the
//! page its millionths as `data-figure`, other things that a bundle shows have their name as
//! `data-fact`.

use maud::{Markup, html};

use crate::ledger::Cosignature;
use crate::projection::Custody;
use crate::value::Slug;

use super::claim::{Bundle, ClaimShown};
use super::frame::Frame;
use super::ink::{counted, seen};
use super::links::Links;

/// How a line came out.
enum Mark {
    Holds,
    Fails,
    Unknown,
}

impl Mark {
    fn shown(&self) -> (&'static str, &'static str, &'static str) {
        match self {
            Mark::Holds => ("for", "✓", "holds"),
            Mark::Fails => ("against", "✗", "fails"),
            Mark::Unknown => ("contested", "?", "cannot be told"),
        }
    }
}

/// What is held of a subject.
pub(super) fn custody(frame: &Frame<'_>, custody: &Custody) -> Markup {
    html! { (checks(frame, custody)) (by_hand(frame, None)) }
}

/// What is held of a claim, and what proves its page.
pub(super) fn proven(frame: &Frame<'_>, claim: &Slug, shown: &ClaimShown<'_>) -> Markup {
    let is_there = match shown.bundle {
        Bundle::CutAt(_) => true,
        Bundle::Asked => frame.links.answers(),
        Bundle::Absent | Bundle::Otherwise => false,
    };
    html! {
        (checks(frame, &shown.page.custody))
        (proof(frame, claim, shown))
        (by_hand(frame, is_there.then_some(claim)))
    }
}

fn checks(frame: &Frame<'_>, custody: &Custody) -> Markup {
    html! {
        ul.checks {
            @for (part, mark, words) in lines(frame, custody) { (line(part, &mark, &words)) }
        }
    }
}

/// Where the script of the page puts its button and its answer, and what it has to know. Without
/// script it says what the bundle covers, where that is less than the page.
fn proof(frame: &Frame<'_>, claim: &Slug, shown: &ClaimShown<'_>) -> Markup {
    let links = &frame.links;
    let is_provable = !matches!(shown.bundle, Bundle::Absent | Bundle::Otherwise);
    let bundle = is_provable.then(|| links.bundle(claim));
    // A state that was asked for by a date is that of its last entry.
    let last = shown.states.last().map(|state| state.entry);
    let as_of = shown.at.or(last.filter(|_| links.asked().is_some()));
    let can_write = *links == Links::Server && shown.at.is_none();
    html! {
        div.proof data-proof=(claim) data-bundle=[bundle] data-as-of=[as_of] data-api=[can_write.then_some("/api/v1/")] {
            @match shown.bundle {
                Bundle::Absent => p.soft {
                    "There is no bundle that proves this page: the log has signed no map that covers the claim."
                },
                Bundle::CutAt(map) if shown.at.is_none() && map + 1 < frame.head.size => p.soft {
                    @let newer = frame.head.size - map - 1;
                    "The bundle that proves this page is cut at entry @" (map) ": "
                    @if newer == 1 { "one newer entry is" } @else { (newer) " newer entries are" }
                    " not in it."
                },
                Bundle::Otherwise => p.soft {
                    "A bundle proves what the ledger knew, by the model in force; it cannot prove this page, which looks at it otherwise."
                },
                Bundle::CutAt(_) | Bundle::Asked => {},
            }
        }
    }
}

fn lines(frame: &Frame<'_>, custody: &Custody) -> Vec<(&'static str, Mark, String)> {
    let head = frame.head;
    let span = match (custody.first_entry, custody.last_entry) {
        (Some(first), Some(last)) if first == last => format!("entry {first} of {}", head.entries),
        (Some(first), Some(last)) => format!("entries {first}–{last} of {}", head.entries),
        _ => String::new(),
    };
    let words = match custody.events {
        0 => "in the log: registered with the ledger, no event of its own".to_owned(),
        events => format!("in the log: {}, {span}", counted(events, "event")),
    };
    let mut lines = vec![("chain", Mark::Holds, words)];
    if custody.has_gap {
        let words = "an entry of it is missing from this copy: expected every event, found a gap; the page is read from the rest";
        lines[0] = ("chain", Mark::Fails, words.to_owned());
    }
    if custody.set_aside > 0 {
        let words = format!(
            "{} set aside: a key that signed was compromised",
            counted(custody.set_aside, "event")
        );
        lines.push(("set-aside", Mark::Unknown, words));
    }
    lines.push(match head.damages {
        0 => {
            let words = format!(
                "its entries hash to the signed head of {} entries",
                head.size
            );
            let of_state = format!("its entries hash to the root of {} entries", head.size);
            let words = if head.as_of.is_some() {
                of_state
            } else {
                words
            };
            ("tree", Mark::Holds, words)
        }
        many => {
            let words = format!(
                "expected the entries that the head covers, found damage in {}",
                counted(many, "place")
            );
            ("tree", Mark::Fails, words)
        }
    });
    if head.as_of.is_none() {
        lines.push(("witnesses", Mark::Unknown, witnesses(frame)));
    }
    lines
}

/// Who cosigned the head. The ledger's own policy names them, which is no reason to trust them.
pub(super) fn witnesses(frame: &Frame<'_>) -> String {
    match frame.witnessed {
        Some(words) => words.to_owned(),
        None => witnessed(frame.cosigned, frame.unchecked),
    }
}

/// The same, of these cosignatures and so many that no key at hand can check.
#[must_use]
pub fn witnessed(cosigned: &[Cosignature], unchecked_lines: usize) -> String {
    let unchecked = format!(
        "{} below the head, not checked here",
        counted(unchecked_lines as u64, "signature")
    );
    let by = |one: &Cosignature| format!("{} ({})", seen(&one.witness), one.time.minute_text());
    let names: Vec<String> = cosigned.iter().map(by).collect();
    match (names.is_empty(), unchecked_lines) {
        (true, 0) => "witnesses: none asked".to_owned(),
        (true, _) => format!("witnesses: {unchecked}"),
        (false, 0) => format!(
            "witnesses: cosigned by {}; it is the ledger that names them",
            names.join(", ")
        ),
        (false, _) => format!(
            "witnesses: cosigned by {}; it is the ledger that names them; {unchecked}",
            names.join(", ")
        ),
    }
}

fn line(part: &str, mark: &Mark, words: &str) -> Markup {
    let (class, sign, spoken) = mark.shown();
    html! {
        li class=(class) data-check=(part) {
            span.sign aria-hidden="true" { (sign) } span.unseen { (spoken) ": " } " " span { (words) }
        }
    }
}

/// How to check without this page.
fn by_hand(frame: &Frame<'_>, bundle: Option<&Slug>) -> Markup {
    html! {
        details {
            summary { "Check it without this page" }
            @if let Some(claim) = bundle {
                p.soft {
                    "A page can lie, and so can the script that comes with it: whoever serves the one serves the other. Fetch "
                    a href=(frame.links.bundle(claim)) download { "the bundle of this claim" }
                    " and check it with a program that you have from somewhere else: "
                    code { "grounds check FILE --claim " (claim) " --vkey KEY" } ", or "
                    code { "node verify.mjs FILE --claim " (claim) " --vkey KEY" }
                    " with the verify.mjs of the source of grounds. A page saved with its proof checks itself from a disk, by the log key that your browser keeps for it; its scripts are those that it was saved with."
                }
            }
            p.soft {
                @if bundle.is_none() { "A page can lie. " } @else { "Or all of it: " }
                code { "grounds mirror" } ", given the address of this site, makes a copy of the ledger; in it " code { "grounds verify" } " checks every byte, signature, rule and figure, and "
                code { "grounds show" } " prints what stands here. The log's "
                a href=(frame.links.file("checkpoint")) { "checkpoint" }
                " and its tiles (C2SP tlog-tiles) are served beside these pages; hold them against a log key that you have from somewhere else. This one calls itself:"
            }
            p.soft { code.key data-fact="vkey" { (frame.log_key) } }
        }
    }
}

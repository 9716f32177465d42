//! The checklist of an audit.

use std::fmt::Write as _;

use grounds::ledger::audit::{Check, Fault, Outcome, Report, Verdict};
use grounds::ledger::bundle::{BoundClaim, BundleReport};
use grounds::trust::{Figure, percent};

use super::style::{BAD, GOOD, HEAD, SOFT, UNSURE, paint, safe};
use crate::command::check::Answer;
use crate::command::heads;

/// Faults shown before the rest is only counted.
const SHOWN: usize = 20;

/// The whole report.
pub(crate) fn report(report: &Report) -> String {
    let mut text = String::new();
    if report.is_own_key {
        let warning = "the log key was taken from the ledger itself, so a wholly rewritten ledger would pass; give yours with --vkey";
        let _ = writeln!(text, "{}", paint(UNSURE, warning));
    }
    let origin = report.origin.as_deref().unwrap_or("an unnamed ledger");
    let _ = writeln!(text, "{}", paint(HEAD, &safe(origin)));
    for check in &report.checks {
        let _ = writeln!(text, "  {}", line(check));
    }
    for fault in report.faults.iter().take(SHOWN) {
        let _ = writeln!(text, "{}", wrong(fault));
    }
    let hidden = report.fault_count.saturating_sub(SHOWN as u64);
    if hidden > 0 {
        let _ = writeln!(text, "… and {hidden} more; --json lists them");
    }
    let checked = [report.entries, report.events, report.signatures];
    let _ = writeln!(
        text,
        "{}",
        verdict(
            report.verdict,
            ["everything holds", unsure(report)],
            checked
        )
    );
    text
}

fn unsure(report: &Report) -> &'static str {
    match (report.withheld > 0, report.witnesses.cannot_tell) {
        (true, true) => "cannot tell: entries are withheld, witnesses are missing",
        (false, true) => "cannot tell: witnesses are missing",
        _ => "cannot tell: entries are withheld",
    }
}

fn line(check: &Check) -> String {
    let sign = match check.outcome {
        Outcome::Holds => paint(GOOD, "✓"),
        Outcome::Fails => paint(BAD, "✗"),
        Outcome::Unknown => paint(UNSURE, "?"),
    };
    format!("{sign} {:<11} {}", check.part.word(), safe(&check.detail))
}

fn wrong(fault: &Fault) -> String {
    let place = match (&fault.index, &fault.file) {
        (Some(index), Some(file)) => format!("@{index} ({file})"),
        (Some(index), None) => format!("@{index}"),
        (None, Some(file)) => file.clone(),
        (None, None) => "the bundle".to_owned(),
    };
    let code = fault
        .code
        .map(|code| format!("[{code}]"))
        .unwrap_or_default();
    format!(
        "{} {}{code}: found {}, expected {}",
        paint(BAD, "✗"),
        safe(&place),
        safe(&fault.found),
        safe(&fault.expected)
    )
}

/// What a bundle came to: what was asked, as of when, the checklist, and the claim that it binds.
pub(crate) fn bundle(report: &BundleReport) -> String {
    let asked = format!("{} in {}", report.asked, report.origin);
    let mut text = format!("{}\n", paint(HEAD, &safe(&asked)));
    if let (Some(map), Some(recorded), Some(size)) = (report.as_of, report.recorded, report.size) {
        let (newer, recorded) = (report.newer.unwrap_or(0), recorded.seconds_text());
        let rest = match newer {
            0 => "nothing under this head is newer".to_owned(),
            1 => "1 entry under this head is newer".to_owned(),
            _ => format!("{newer} entries under this head are newer"),
        };
        let _ = writeln!(
            text,
            "  as of @{map}, {recorded}, in a log of {size} entries; {rest}"
        );
    }
    for check in &report.checks {
        let _ = writeln!(text, "  {}", line(check));
    }
    for fault in report.faults.iter().take(SHOWN) {
        let _ = writeln!(text, "{}", wrong(fault));
    }
    if let Some(claim) = &report.bound {
        text.push_str(&bound(claim));
    }
    let checked = [report.entries, report.events, report.signatures];
    let _ = writeln!(
        text,
        "{}",
        verdict(
            report.verdict,
            [
                "all that a bundle can show holds",
                "cannot tell: see the lines with ?",
            ],
            checked
        )
    );
    text
}

fn bound(claim: &BoundClaim) -> String {
    let figures = Figure::ALL.map(|figure| {
        let value = claim.profile.figures.get(figure);
        let value = value.map_or_else(|| "—".to_owned(), |ppm| percent(ppm).to_string());
        format!("{} {value}", figure.short())
    });
    format!(
        "  {}\n  v{} · {} {} · {}\n",
        paint(HEAD, &safe(&claim.statement)),
        claim.version,
        claim.lifecycle,
        claim.standing,
        figures.join(" · ")
    )
}

fn verdict(
    verdict: Verdict,
    [holds, unsure]: [&str; 2],
    [entries, events, signatures]: [u64; 3],
) -> String {
    let checked = format!("{entries} entries, {events} events, {signatures} signatures checked");
    match verdict {
        Verdict::Holds => format!("{} · {}", paint(GOOD, holds), paint(SOFT, &checked)),
        Verdict::Fails => format!(
            "{} · {}",
            paint(BAD, "it does not hold"),
            paint(SOFT, &checked)
        ),
        Verdict::Damaged => format!("{} · {}", paint(BAD, "damaged"), paint(SOFT, &checked)),
        Verdict::CannotTell => {
            format!("{} · {}", paint(UNSURE, unsure), paint(SOFT, &checked))
        }
    }
}

/// What a proof came to.
pub(crate) fn proof(answer: &Answer) -> String {
    let Some(bound) = &answer.proved else {
        let why = answer.why_not.as_deref().unwrap_or("no reason given");
        let sign = match answer.cannot_tell {
            true => paint(UNSURE, "?"),
            false => paint(BAD, "✗"),
        };
        return format!("{sign} {}: {}\n", safe(&answer.asked), safe(why));
    };
    let mut text = format!("{} {}\n", paint(GOOD, "✓"), safe(&answer.asked));
    let facts = [
        ("entry", format!("@{} of {}", bound.index, bound.origin)),
        (
            "inclusion",
            format!("in the tree of {} entries, root {}", bound.size, bound.root),
        ),
        ("checkpoint", "signed by the key given".to_owned()),
        ("commit", bound.commit.clone()),
    ];
    for (name, fact) in facts {
        let _ = writeln!(text, "  {} {name:<11} {}", paint(GOOD, "✓"), safe(&fact));
    }
    for (id, subject) in &bound.events {
        let _ = writeln!(text, "    {:<11} {} {}", "event", safe(id), safe(subject));
    }
    for cosignature in &bound.cosignatures {
        let who = format!(
            "cosigned by {} at {}",
            safe(&cosignature.witness),
            cosignature.time.seconds_text()
        );
        let _ = writeln!(text, "  {} {:<11} {who}", paint(GOOD, "✓"), "witnesses");
    }
    if let Some(time) = bound.not_after {
        let what = format!(
            "recorded by {}, by the word of a quorum of your policy",
            time.seconds_text()
        );
        let _ = writeln!(text, "  {} {:<11} {what}", paint(GOOD, "✓"), "not after");
    }
    text += &unchecked(bound.unchecked);
    let _ = writeln!(
        text,
        "  {} {:<11} not checked: a proof of inclusion says that it was recorded, not that it was admitted rightly",
        paint(UNSURE, "?"),
        "rules"
    );
    text
}

/// The line about signature lines that say nothing to this reader, where there are any.
fn unchecked(lines: usize) -> String {
    if lines == 0 {
        return String::new();
    }
    let what = format!("{lines} more signature lines, which no key here can check");
    format!("  {} {:<11} {what}\n", paint(UNSURE, "?"), "witnesses")
}

/// What a proof about two heads came to.
pub(crate) fn heads(answer: &heads::Answer) -> String {
    let Some(bound) = &answer.proved else {
        let why = answer.why_not.as_deref().unwrap_or("no reason given");
        return format!(
            "{} {}: {}\n",
            paint(BAD, "✗"),
            safe(&answer.asked),
            safe(why)
        );
    };
    let mut text = format!("{} {}\n", paint(GOOD, "✓"), safe(&answer.asked));
    let at = |head: &heads::BoundHead| format!("{} entries, root {}", head.size, head.root);
    let mut facts = vec![
        ("log", bound.origin.clone()),
        (
            "older",
            format!("{}, signed by the key given", at(&bound.older)),
        ),
        (
            "newer",
            format!("{}, signed by the key given", at(&bound.newer)),
        ),
    ];
    match &bound.prefix {
        None => facts.push((
            "path",
            "the newer tree begins with the older one".to_owned(),
        )),
        Some(prefix) => facts.push((
            "path",
            format!(
                "at {} entries the newer tree had root {prefix}, another than the older",
                bound.older.size
            ),
        )),
    }
    for (name, fact) in facts {
        let _ = writeln!(text, "  {} {name:<11} {}", paint(GOOD, "✓"), safe(&fact));
    }
    if bound.prefix.is_some() {
        let verdict =
            "the log's key has signed two histories: neither copy alone is to be believed";
        let _ = writeln!(text, "{}", paint(BAD, verdict));
    }
    for cosignature in &bound.cosignatures {
        let who = format!(
            "cosigned by {} at {}",
            safe(&cosignature.witness),
            cosignature.time.seconds_text()
        );
        let _ = writeln!(text, "  {} {:<11} {who}", paint(GOOD, "✓"), "witnesses");
    }
    text += &unchecked(bound.unchecked);
    text
}

//! Pages of artifacts, agents, contexts, views and the ledger.

use anstyle::Style;
use grounds::claim::{ArtifactStanding, EvidenceRelation, ScopeRelation};
use grounds::projection::{
    AgentPage, AppraisalShown, ArtifactPage, ContextPage, KeyShown, LedgerPage, NoteShown,
    TimelineRow, ViewPage,
};
use grounds::trust::percent;

use crate::seen::Head;

use super::claim::{
    band, byline, cited, custody, is_retracted, kind_word, standing_style, standing_words, verdict,
};
use super::layout::Sheet;
use super::style::{BAD, GOOD, HEAD, SOFT, UNSURE, line};

const PLAIN: Style = Style::new();

fn top(sheet: &mut Sheet, head: &Head, title: &str, subject: &str) {
    band(sheet, head);
    sheet.sides(0, (HEAD, &line(title)), (SOFT, subject));
}

/// The page of an artifact.
pub(crate) fn artifact(page: &ArtifactPage, head: &Head, width: usize) -> String {
    let mut sheet = Sheet::new(width);
    let artifact = &page.artifact;
    top(
        &mut sheet,
        head,
        &cited(artifact),
        &artifact.subject.to_string(),
    );
    match artifact.standing {
        ArtifactStanding::Sound => sheet.block(0, GOOD, "● sound"),
        standing => {
            let mark = if is_retracted(standing) {
                "✗ "
            } else {
                "▒ "
            };
            sheet.hang(0, mark, standing_style(standing), &standing_words(artifact));
        }
    }
    sheet.gap();
    let mut field = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            sheet.field(name, &line(&value));
        }
    };
    field("kind", artifact.kind.map(|kind| kind.to_string()));
    field(
        "authors",
        (!page.authors.is_empty()).then(|| page.authors.join(", ")),
    );
    field("year", artifact.year.map(|year| year.to_string()));
    field("doi", artifact.doi.clone());
    field("url", artifact.url.clone());
    field(
        "community",
        page.community.as_ref().map(ToString::to_string),
    );
    field("sha256", page.sha256.map(|hash| hash.to_string()));
    field("key", page.key.clone());
    field("registered", Some(byline(&page.registered)));
    standings(&mut sheet, page);
    sheet.head(&format!("appraisals {}", page.appraisals.len()));
    if page.appraisals.is_empty() {
        sheet.block(
            2,
            SOFT,
            "nobody has appraised it: its quality is assumed to be 50 %",
        );
    }
    page.appraisals
        .iter()
        .for_each(|one| appraisal(&mut sheet, one));
    cited_by(&mut sheet, page);
    if !page.notes.is_empty() {
        sheet.head("notes");
        notes(&mut sheet, &page.notes);
    }
    custody(&mut sheet, &page.custody, head);
    sheet.finish()
}

fn standings(sheet: &mut Sheet, page: &ArtifactPage) {
    if page.standings.is_empty() {
        return;
    }
    sheet.head("standing");
    for change in &page.standings {
        let words = format!("{} — {}", change.standing, line(&change.reason));
        let style = standing_style(change.standing);
        sheet.sides(2, (style, &words), (SOFT, &byline(&change.by)));
        if let Some(notice) = &change.notice {
            sheet.block(4, SOFT, &format!("notice {}", line(notice)));
        }
        if let Some(by) = &change.replaced_by {
            sheet.block(4, SOFT, &format!("in its place: {by}"));
        }
    }
}

fn appraisal(sheet: &mut Sheet, appraisal: &AppraisalShown) {
    let given = [
        ("credibility", appraisal.credibility),
        ("methodology", appraisal.methodology),
        ("replication", appraisal.replication),
    ];
    let given: Vec<String> = given
        .iter()
        .filter_map(|(name, value)| Some(format!("{name} {} %", percent((*value)?.ppm()))))
        .collect();
    let old = if appraisal.superseded {
        " · replaced by a newer one"
    } else {
        ""
    };
    let words = format!("{}{old}", given.join(" · "));
    let style = if appraisal.superseded { SOFT } else { PLAIN };
    sheet.sides(2, (style, &words), (SOFT, &byline(&appraisal.by)));
    if let Some(rationale) = &appraisal.rationale {
        sheet.block(4, PLAIN, rationale);
    }
}

fn cited_by(sheet: &mut Sheet, page: &ArtifactPage) {
    sheet.head(&format!("cited by {}", page.cited_by.len()));
    for claim in &page.cited_by {
        let (mark, style) = match claim.relation {
            EvidenceRelation::Supports => ("↑", GOOD),
            EvidenceRelation::Disputes => ("↓", BAD),
        };
        let words = format!("{mark} {} {}", claim.relation, line(&claim.statement));
        sheet.sides(2, (style, &words), (SOFT, &byline(&claim.by)));
        sheet.block(4, SOFT, &format!("claim/{}", claim.claim));
    }
    if page.cited_by.is_empty() {
        sheet.block(2, SOFT, "no claim cites it");
    }
}

/// The page of an agent.
pub(crate) fn agent(page: &AgentPage, head: &Head, width: usize) -> String {
    let mut sheet = Sheet::new(width);
    let title = format!("{} ({})", line(&page.name), kind_word(page.kind));
    top(&mut sheet, head, &title, &page.subject.to_string());
    sheet.gap();
    let roles: Vec<&str> = page.roles.iter().map(|role| role.word()).collect();
    let roles = match roles.is_empty() {
        true => "none".to_owned(),
        false => roles.join(", "),
    };
    sheet.field("roles", &roles);
    let reliability = page.reliability.map_or_else(
        || "— not stated: its attestations have no weight".to_owned(),
        |ratio| format!("{} %", percent(ratio.ppm())),
    );
    sheet.field("reliability", &reliability);
    if let Some(community) = &page.community {
        sheet.field("community", community.as_str());
    }
    if let Some(orcid) = &page.orcid {
        sheet.field("orcid", orcid);
    }
    if let Some(url) = &page.url {
        sheet.field("url", &line(url));
    }
    sheet.field("registered", &byline(&page.registered));
    sheet.head(&format!("keys {}", page.keys.len()));
    page.keys.iter().for_each(|key| self::key(&mut sheet, key));
    signed(&mut sheet, page);
    if !page.changed.is_empty() {
        sheet.head("changed");
        page.changed
            .iter()
            .for_each(|row| happened(&mut sheet, row));
    }
    custody(&mut sheet, &page.custody, head);
    sheet.finish()
}

fn key(sheet: &mut Sheet, key: &KeyShown) {
    let (mark, style) = match key.valid {
        true => ("●", GOOD),
        false => ("✗", BAD),
    };
    let word = if key.valid { "valid" } else { "revoked" };
    let words = format!("{mark} {} {word}", key.id);
    sheet.sides(2, (style, &words), (SOFT, &byline(&key.registered)));
    sheet.block(4, SOFT, &key.key.to_string());
    for revocation in &key.revoked {
        let since = revocation
            .since
            .map(|entry| format!(" since entry {entry}"));
        let words = format!(
            "revoked: {}{} · {}",
            revocation.reason,
            since.unwrap_or_default(),
            byline(&revocation.by)
        );
        sheet.block(4, UNSURE, &words);
    }
}

fn signed(sheet: &mut Sheet, page: &AgentPage) {
    let total: u64 = page.events_by_type.values().sum();
    sheet.head(&format!("signed as author {total}"));
    for (kind, count) in &page.events_by_type {
        sheet.field(&count.to_string(), kind);
    }
    if page.events_set_aside > 0 {
        let words = format!("{} of them set aside", page.events_set_aside);
        sheet.block(2, UNSURE, &words);
    }
}

fn happened(sheet: &mut Sheet, row: &TimelineRow) {
    let words = line(&row.words.to_string());
    sheet.sides(2, (PLAIN, &words), (SOFT, &byline(&row.by)));
}

/// The page of a context.
pub(crate) fn context(page: &ContextPage, head: &Head, width: usize) -> String {
    let mut sheet = Sheet::new(width);
    top(&mut sheet, head, &page.name, &page.subject.to_string());
    sheet.gap();
    sheet.field("kind", &line(&page.kind));
    sheet.field("defined", &byline(&page.defined));
    sheet.head(&format!("claims {}", page.claims.len()));
    for claim in &page.claims {
        let style = match claim.relation {
            ScopeRelation::HoldsIn => GOOD,
            ScopeRelation::FailsIn => BAD,
        };
        let words = format!(
            "{} here: {}",
            claim.relation.word().trim_end_matches("_in"),
            line(&claim.statement)
        );
        let beside = format!("breadth {} · {}", claim.breadth, byline(&claim.by));
        sheet.sides(2, (style, &words), (SOFT, &beside));
        sheet.block(4, SOFT, &format!("claim/{}", claim.claim));
    }
    custody(&mut sheet, &page.custody, head);
    sheet.finish()
}

/// The page of a view.
pub(crate) fn view(page: &ViewPage, head: &Head, width: usize) -> String {
    let mut sheet = Sheet::new(width);
    top(&mut sheet, head, &page.name, &page.subject.to_string());
    sheet.block(0, SOFT, &byline(&page.defined));
    sheet.gap();
    sheet.block(2, PLAIN, &page.description);
    sheet.head(&format!(
        "rules {}, the first that is true decides",
        page.rules.len()
    ));
    for (number, rule) in (1..).zip(&page.rules) {
        let (mark, style) = verdict(rule.verdict.word());
        let words = format!("{mark} {} — {}", rule.verdict, line(&rule.reason));
        sheet.hang(2, &format!("{number}. "), style, &words);
        sheet.block(5, PLAIN, &line(&rule.when));
        if let Some(fault) = &rule.fault {
            sheet.hang(5, "? ", UNSURE, fault);
        }
    }
    sheet.block(2, SOFT, &format!("otherwise: {}", page.otherwise));
    sheet.head(&format!("claims {}", page.claims.len()));
    for claim in &page.claims {
        let (mark, style) = verdict(&claim.verdict);
        let words = format!("{mark} {} {}", claim.verdict, line(&claim.statement));
        let rule = claim
            .rule
            .map_or_else(|| "no rule".to_owned(), |rule| format!("rule {rule}"));
        sheet.sides(2, (style, &words), (SOFT, &rule));
        if let Some(fault) = &claim.fault {
            sheet.block(4, UNSURE, fault);
        }
    }
    custody(&mut sheet, &page.custody, head);
    sheet.finish()
}

/// The page of the ledger.
pub(crate) fn ledger(page: &LedgerPage, head: &Head, width: usize) -> String {
    let mut sheet = Sheet::new(width);
    top(&mut sheet, head, &page.title, page.origin.as_str());
    if let Some(description) = &page.description {
        sheet.gap();
        sheet.block(2, PLAIN, description);
    }
    if let Some(closed) = &page.closed {
        sheet.hang(
            0,
            "✗ ",
            BAD,
            &format!("closed: {}", line(&closed.words.to_string())),
        );
    }
    sheet.gap();
    sheet.field("log key", &page.log_key);
    if let Some(before) = &page.predecessor {
        let head = format!(
            "{} at {} entries, root {}, log key {}",
            before.origin, before.size, before.root, before.vkey
        );
        sheet.field("continues", &head);
    }
    let span = [page.first_recorded, page.last_recorded]
        .map(|time| time.map_or_else(String::new, |time| time.minute_text()));
    sheet.field(
        "entries",
        &format!(
            "{} with {} events, {} – {}",
            page.entries, page.events, span[0], span[1]
        ),
    );
    let counts: Vec<String> = page
        .counts
        .iter()
        .map(|(kind, count)| match count {
            1 => format!("1 {}", kind.trim_end_matches('s')),
            more => format!("{more} {kind}"),
        })
        .collect();
    sheet.field("holds", &counts.join(" · "));
    let model = page.model.as_ref().map(|model| model.replace('@', " "));
    sheet.field(
        "model",
        &model.or(page.model_fault.clone()).unwrap_or_default(),
    );
    sheet.head(&format!(
        "stewards {}, {} of them decide together",
        page.stewards.len(),
        page.threshold
    ));
    for steward in &page.stewards {
        let (mark, style) = if steward.able {
            ("●", GOOD)
        } else {
            ("✗", BAD)
        };
        let able = if steward.able {
            ""
        } else {
            " has no valid key"
        };
        let words = format!("{mark} {}{able}", line(&steward.name));
        let beside = format!("agent/{}", steward.agent);
        sheet.sides(2, (style, &words), (SOFT, &beside));
    }
    sheet.head(&format!("models adopted {}", page.models.len()));
    for model in &page.models {
        let default = if model.default { " as the default" } else { "" };
        let words = format!("{} {}{default}", line(&model.model), line(&model.version));
        sheet.sides(2, (PLAIN, &words), (SOFT, &byline(&model.by)));
        sheet.block(4, SOFT, &format!("spec {}", model.spec));
    }
    if !page.set_aside.is_empty() {
        sheet.head(&format!("set aside {}", page.set_aside.len()));
        page.set_aside
            .iter()
            .for_each(|row| happened(&mut sheet, row));
    }
    if page.missing_entries > 0 {
        let words = format!(
            "{} entries are missing from this copy",
            page.missing_entries
        );
        sheet.hang(0, "✗ ", BAD, &words);
    }
    of_ledger(&mut sheet, head);
    sheet.finish()
}

/// The ledger's own line of custody.
fn of_ledger(sheet: &mut Sheet, head: &Head) {
    sheet.head("custody");
    sheet.block(
        2,
        SOFT,
        &format!("checkpoint {} · root {}", head.size, head.root),
    );
    match head.damages {
        0 => sheet.hang(
            2,
            "✓ ",
            SOFT,
            "checked against the signed head; grounds verify checks signatures and rules",
        ),
        _ => sheet.hang(2, "✗ ", BAD, "damaged; grounds verify lists the places"),
    }
}

/// Notes, each with its author.
pub(crate) fn notes(sheet: &mut Sheet, notes: &[NoteShown]) {
    for note in notes {
        let on = note
            .on
            .map_or_else(String::new, |seq| format!("on event {seq} · "));
        sheet.block(2, SOFT, &format!("{on}{}", byline(&note.by)));
        sheet.block(4, PLAIN, &note.text);
    }
}

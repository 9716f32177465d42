//! The claim page, from top to bottom.

use anstyle::Style;
use grounds::claim::{
    AgentKind, ArtifactStanding, EvidenceRelation, LinkRelation, ScopeRelation, Standing, Verdict,
};
use grounds::projection::{
    ArtifactCited, AttestationShown, Byline, ClaimPage, Custody, EvidenceShown, LinkShown,
    PassageShown, ScopeShown, decimal,
};

use crate::seen::Head;

use super::figures::{self, profile};
use super::layout::Sheet;
use super::style::{BAD, GOOD, HEAD, SOFT, UNSURE, line, paint};

const PLAIN: Style = Style::new();
/// A retracted source.
const STRUCK: Style = Style::new().strikethrough();

/// The page of a claim.
pub(crate) fn page(page: &ClaimPage, head: &Head, with_trace: bool, width: usize) -> String {
    let mut sheet = Sheet::new(width);
    band(&mut sheet, head);
    title(&mut sheet, page);
    summary(&mut sheet, page);
    trust(&mut sheet, page);
    evidence(&mut sheet, page);
    scope(&mut sheet, page);
    neighborhood(&mut sheet, page);
    attestations(&mut sheet, page);
    domains(&mut sheet, page);
    views(&mut sheet, page);
    notes(&mut sheet, page);
    set_aside(&mut sheet, page);
    trace(&mut sheet, page, with_trace);
    custody(&mut sheet, &page.custody, head);
    sheet.finish()
}

/// What says that this is not the newest state.
pub(crate) fn band(sheet: &mut Sheet, head: &Head) {
    for words in &head.band {
        sheet.hang(0, &paint(UNSURE, "▌ "), UNSURE, words);
    }
    if !head.band.is_empty() {
        sheet.gap();
    }
}

fn title(sheet: &mut Sheet, page: &ClaimPage) {
    sheet.sides(
        0,
        (HEAD, &line(&page.statement)),
        (SOFT, &page.subject.to_string()),
    );
    let (shape, style) = standing(page.status.standing);
    let words = format!(
        "{} {} {} {} {}",
        page.status.lifecycle,
        page.status.standing,
        page.nature,
        page.polarity,
        page.falsifiability
    );
    sheet.hang(0, &format!("{} ", paint(style, shape)), style, &words);
    let mut origin = format!("v{} · {}", page.version, page.origin_words);
    if let Some(made) = page.versions.iter().find(|version| version.current) {
        origin = format!("{origin} · {}", byline(&made.made));
    }
    sheet.block(0, SOFT, &origin);
    if let Some(by) = &page.status.by {
        sheet.block(0, UNSURE, &format!("→ in its place: claim/{by}"));
    }
    for version in page.versions.iter().filter(|version| !version.in_effect) {
        let words = format!(
            "v{} is set aside · {}",
            version.number,
            byline(&version.made)
        );
        sheet.block(0, UNSURE, &words);
    }
    if let Some(note) = &page.status.note {
        sheet.hang(0, "status: ", SOFT, note);
    }
    if page.custody.has_gap {
        let words =
            "an entry of this claim is missing from this copy; what follows is read from the rest";
        sheet.hang(0, "✗ ", BAD, words);
    }
}

/// How a claim stands, as a shape and a colour.
pub(crate) fn standing(standing: Standing) -> (&'static str, Style) {
    match standing {
        Standing::Hypothesis => ("○", PLAIN),
        Standing::Tested => ("◔", PLAIN),
        Standing::Replicated => ("◕", GOOD),
        Standing::Contested => ("▒", UNSURE),
        Standing::Refuted => ("✗", BAD),
        Standing::Settled => ("●", GOOD),
    }
}

fn summary(sheet: &mut Sheet, page: &ClaimPage) {
    sheet.head("summary");
    sheet.block(2, PLAIN, &page.summary);
    if let Some(detail) = &page.detail {
        sheet.block(2, PLAIN, detail);
    }
}

fn trust(sheet: &mut Sheet, page: &ClaimPage) {
    sheet.head("trust profile");
    profile(sheet, &page.profile);
    let shown = &page.profile;
    let mut words = shown.model.replace('@', " ");
    if let Some(at) = shown.computed_at {
        words = format!("{words} · {}", at.minute_text());
    }
    let slug = page.subject.slug().map(ToString::to_string);
    let why = format!("why: grounds why {} contestation", slug.unwrap_or_default());
    match sheet.width() {
        120.. => sheet.sides(2, (SOFT, &words), (SOFT, &why)),
        _ => sheet.block(2, SOFT, &words),
    }
    if !shown.assumed.is_empty() {
        sheet.block(
            2,
            SOFT,
            "≈ rests on the assumed quality of a source that nobody appraised",
        );
    }
    for missing in &shown.not_assessed {
        let words = format!("{}: {}", missing.figure.long(), missing.reason);
        sheet.hang(2, "— ", SOFT, &words);
    }
}

fn evidence(sheet: &mut Sheet, page: &ClaimPage) {
    sheet.head(&format!("evidence {}", page.evidence.len()));
    if page.evidence.is_empty() {
        let slug = page.subject.slug().map(ToString::to_string);
        let words = format!(
            "none yet. A paper, data set or report that supports or disputes the claim would count: grounds evidence add {} --supports --doi … -m …",
            slug.unwrap_or_default()
        );
        sheet.block(2, SOFT, &words);
    }
    let sides = [
        (EvidenceRelation::Supports, "↑ supporting", GOOD),
        (EvidenceRelation::Disputes, "↓ disputing", BAD),
    ];
    for (relation, words, style) in sides {
        let side: Vec<&EvidenceShown> = page
            .evidence
            .iter()
            .filter(|edge| edge.relation == relation)
            .collect();
        if side.is_empty() {
            continue;
        }
        sheet.block(2, style, &format!("{words} {}", side.len()));
        side.iter().for_each(|edge| piece(sheet, edge, style));
    }
    if !page.withdrawn.is_empty() {
        sheet.block(2, SOFT, &format!("withdrawn {}", page.withdrawn.len()));
        page.withdrawn
            .iter()
            .for_each(|edge| piece(sheet, edge, SOFT));
    }
}

fn piece(sheet: &mut Sheet, edge: &EvidenceShown, style: Style) {
    let kind = edge.artifact.kind.map(|kind| format!(" · {kind}"));
    let head = format!("{} · artifact{}", edge.relation, kind.unwrap_or_default());
    sheet.sides(4, (style, &head), (SOFT, &byline(&edge.added)));
    source(sheet, &edge.artifact, edge.withdrawn.is_some());
    sheet.block(6, PLAIN, &edge.note);
    for passage in &edge.passages {
        self::passage(sheet, &edge.artifact, passage);
    }
    if let Some(replicates) = &edge.replicates {
        sheet.block(6, SOFT, &format!("replicates {replicates}"));
    }
    for revision in &edge.revisions {
        let words = format!("revised {} — {}", byline(&revision.by), revision.reason);
        sheet.block(6, SOFT, &words);
    }
    if let Some(withdrawn) = &edge.withdrawn {
        let words = format!("withdrawn {} — {}", byline(&withdrawn.by), withdrawn.reason);
        sheet.hang(6, "✗ ", UNSURE, &words);
        return;
    }
    sheet.block(6, SOFT, &weight(edge));
}

/// What a piece of evidence weighs, and why.
fn weight(edge: &EvidenceShown) -> String {
    let strength = edge
        .strength
        .map(|strength| format!(" · strength {strength}"));
    let replication = edge
        .replication
        .map(|ratio| format!(" · replication {ratio}"));
    let weight = match (edge.weight, &edge.why_not) {
        (_, Some(why)) => why.clone(),
        (Some(weight), None) => format!("weight {}", decimal(weight)),
        (None, None) => "weight —".to_owned(),
    };
    format!(
        "{weight}{}{}",
        strength.unwrap_or_default(),
        replication.unwrap_or_default()
    )
}

fn source(sheet: &mut Sheet, artifact: &ArtifactCited, is_withdrawn: bool) {
    let is_struck = is_withdrawn || is_retracted(artifact.standing);
    let style = if is_struck { STRUCK } else { HEAD };
    sheet.sides(
        6,
        (style, &cited(artifact)),
        (SOFT, &artifact.subject.to_string()),
    );
    if artifact.standing != ArtifactStanding::Sound {
        sheet.hang(
            6,
            "✗ ",
            standing_style(artifact.standing),
            &standing_words(artifact),
        );
    }
}

/// A source that weighs nothing any more.
pub(crate) fn is_retracted(standing: ArtifactStanding) -> bool {
    matches!(
        standing,
        ArtifactStanding::Retracted | ArtifactStanding::Withdrawn
    )
}

pub(crate) fn standing_style(standing: ArtifactStanding) -> Style {
    if is_retracted(standing) { BAD } else { UNSURE }
}

/// "retracted: reason · notice https://…".
pub(crate) fn standing_words(artifact: &ArtifactCited) -> String {
    let reason = artifact
        .standing_reason
        .as_ref()
        .map(|text| format!(": {}", line(text)));
    let notice = artifact
        .notice
        .as_ref()
        .map(|url| format!(" · notice {}", line(url)));
    format!(
        "{}{}{}",
        artifact.standing,
        reason.unwrap_or_default(),
        notice.unwrap_or_default()
    )
}

/// "Title (label)".
pub(crate) fn cited(artifact: &ArtifactCited) -> String {
    let label = artifact
        .label
        .as_ref()
        .map(|label| format!(" ({})", line(label)));
    format!("{}{}", line(&artifact.title), label.unwrap_or_default())
}

fn passage(sheet: &mut Sheet, artifact: &ArtifactCited, passage: &PassageShown) {
    let confidence = passage
        .confidence
        .map(|ratio| format!(" · {}", percent(ratio.ppm())));
    let page = passage
        .page
        .as_ref()
        .map(|page| format!(" · {}", line(page)));
    let words = format!(
        "{}{} — {}{}",
        cited(artifact),
        confidence.unwrap_or_default(),
        line(&passage.label),
        page.unwrap_or_default()
    );
    sheet.block(6, PLAIN, &words);
    if let Some(quote) = &passage.quote {
        sheet.hang(8, "“", SOFT, &format!("{quote}”"));
    }
}

fn percent(ppm: u32) -> String {
    figures::shown(Some(ppm))
}

fn scope(sheet: &mut Sheet, page: &ClaimPage) {
    sheet.head("scope");
    if page.scope.is_empty() {
        sheet.block(2, SOFT, "nobody said where it holds or fails");
    }
    for scope in &page.scope {
        self::bound(sheet, scope);
    }
}

fn bound(sheet: &mut Sheet, scope: &ScopeShown) {
    let style = match scope.relation {
        ScopeRelation::HoldsIn => GOOD,
        ScopeRelation::FailsIn => BAD,
    };
    let kind = scope.kind.as_ref().map(|kind| format!(" {}", line(kind)));
    let words = format!(
        "{} {}{}",
        scope.relation,
        line(&scope.name),
        kind.unwrap_or_default()
    );
    let breadth = format!("breadth {} · {}", scope.breadth, byline(&scope.by));
    sheet.sides(2, (style, &words), (SOFT, &breadth));
    if let Some(note) = &scope.note {
        sheet.block(4, PLAIN, note);
    }
}

fn neighborhood(sheet: &mut Sheet, page: &ClaimPage) {
    let near = &page.neighborhood;
    let count = near.contexts.len() + near.outgoing.len() + near.incoming.len();
    sheet.head(&format!("neighborhood {count}"));
    for context in &near.contexts {
        let words = format!("○ {} {} context", context.relation, line(&context.name));
        sheet.sides(2, (PLAIN, &words), (SOFT, &context.subject.to_string()));
    }
    near.outgoing
        .iter()
        .for_each(|link| self::link(sheet, "→", link));
    near.incoming
        .iter()
        .for_each(|link| self::link(sheet, "←", link));
    if count == 0 {
        sheet.block(2, SOFT, "nothing is linked to it");
    }
}

fn link(sheet: &mut Sheet, arrow: &str, link: &LinkShown) {
    let style = match link.relation {
        LinkRelation::Supports => GOOD,
        LinkRelation::Contradicts => BAD,
        _ => PLAIN,
    };
    let words = format!("{arrow} {} {} claim", link.relation, line(&link.statement));
    sheet.sides(2, (style, &words), (SOFT, &link.claim.to_string()));
    let strength = link
        .strength
        .map(|strength| format!("strength {strength} · "));
    let by = format!("{}{}", strength.unwrap_or_default(), byline(&link.by));
    sheet.block(4, SOFT, &by);
    if let Some(note) = &link.note {
        sheet.block(4, PLAIN, note);
    }
}

fn attestations(sheet: &mut Sheet, page: &ClaimPage) {
    sheet.head("attestations");
    if page.attestations.is_empty() && page.older_attestations.is_empty() {
        sheet.block(2, SOFT, "nobody has attested to it yet");
    }
    for attestation in &page.attestations {
        self::attestation(sheet, attestation);
    }
    for older in &page.older_attestations {
        sheet.block(2, SOFT, &older.words);
    }
}

fn attestation(sheet: &mut Sheet, made: &AttestationShown) {
    let (mark, style) = match made.verdict {
        Verdict::Verifies | Verdict::Endorses => ("✓ ", GOOD),
        Verdict::Disputes => ("✗ ", BAD),
        Verdict::Abstains => ("– ", SOFT),
    };
    let name = made.name.as_deref().unwrap_or(made.agent.as_str());
    let role = line(made.role.as_deref().unwrap_or(name));
    let kind = made.kind.map(|kind| format!(" ({})", kind_word(kind)));
    let words = format!(
        "{mark}{role}{} {} {}",
        kind.unwrap_or_default(),
        made.verdict,
        made.weight
    );
    sheet.sides(2, (style, &words), (SOFT, &byline(&made.made)));
    if let Some(comment) = &made.comment {
        sheet.block(4, PLAIN, comment);
    }
    if let Some(interests) = &made.interests {
        sheet.hang(4, "interests: ", SOFT, interests);
    }
    let expires = made.expires.map(|date| {
        let word = if made.expired { "expired" } else { "expires" };
        format!(" · {word} {date}")
    });
    let why = made.why_not.as_ref().map(|why| format!(" · {why}"));
    let words = format!(
        "agent/{} · mass {}{}{}",
        made.agent,
        decimal(made.mass),
        expires.unwrap_or_default(),
        why.unwrap_or_default()
    );
    sheet.block(4, SOFT, &words);
}

/// An agent's kind, as a reader sees it: `Human`.
pub(crate) fn kind_word(kind: AgentKind) -> &'static str {
    match kind {
        AgentKind::Human => "Human",
        AgentKind::Software => "Software",
        AgentKind::Organization => "Organization",
    }
}

fn domains(sheet: &mut Sheet, page: &ClaimPage) {
    sheet.head("domains");
    for domain in &page.domains {
        let words = format!("{} {}", line(&domain.name), percent(domain.weight.ppm()));
        sheet.block(2, PLAIN, &words);
    }
    if page.domains.is_empty() {
        sheet.block(2, SOFT, "none named");
    }
}

fn views(sheet: &mut Sheet, page: &ClaimPage) {
    sheet.head("view status");
    if page.views.is_empty() {
        sheet.block(2, SOFT, "the ledger has no view");
    }
    for view in &page.views {
        let (mark, style) = verdict(&view.verdict);
        let words = format!("{mark} {} {}", line(&view.name), view.verdict);
        let beside = format!("view/{}", view.view);
        sheet.sides(2, (style, &words), (SOFT, &beside));
        let rule = view.rule.map(|rule| format!("rule {rule}: "));
        let reason = view.fault.as_ref().or(view.reason.as_ref());
        if let Some(reason) = reason {
            let words = format!("{}{reason}", rule.unwrap_or_default());
            sheet.block(4, SOFT, &words);
        }
    }
}

/// A view's verdict as a mark and a colour.
pub(crate) fn verdict(word: &str) -> (&'static str, Style) {
    match word {
        "included" => ("✓", GOOD),
        "downweighted" => ("▒", UNSURE),
        "excluded" => ("✗", BAD),
        _ => ("?", UNSURE),
    }
}

fn notes(sheet: &mut Sheet, page: &ClaimPage) {
    if page.notes.is_empty() {
        return;
    }
    sheet.head("notes");
    super::entity::notes(sheet, &page.notes);
}

fn set_aside(sheet: &mut Sheet, page: &ClaimPage) {
    if page.set_aside.is_empty() {
        return;
    }
    sheet.head(&format!("set aside {}", page.set_aside.len()));
    sheet.block(
        2,
        SOFT,
        "signed with a key that was compromised: kept, and without effect",
    );
    for aside in &page.set_aside {
        let words = format!("{}: {}", aside.place, line(&aside.words.to_string()));
        sheet.sides(2, (UNSURE, &words), (SOFT, &byline(&aside.by)));
    }
}

fn trace(sheet: &mut Sheet, page: &ClaimPage, is_wanted: bool) {
    sheet.head("computation trace");
    if !is_wanted {
        let slug = page.subject.slug().map(ToString::to_string);
        let words = format!(
            "show raw trace data: grounds show {} --trace",
            slug.unwrap_or_default()
        );
        sheet.block(2, SOFT, &words);
        return;
    }
    sheet.block(2, SOFT, "show raw trace data");
    let Ok(json) = serde_json::to_string_pretty(&page.trace) else {
        return;
    };
    for row in json.lines() {
        let inner = row.len() - row.trim_start().len();
        sheet.hang(2, &" ".repeat(inner), PLAIN, row.trim_start());
    }
}

/// One line of custody: never more than was checked.
pub(crate) fn custody(sheet: &mut Sheet, custody: &Custody, head: &Head) {
    sheet.head("custody");
    let span = match (custody.first_entry, custody.last_entry) {
        (Some(first), Some(last)) if first == last => {
            format!("entry {first} of {}", custody.entries)
        }
        (Some(first), Some(last)) => format!("entries {first}–{last} of {}", custody.entries),
        _ => format!("no entry of its own of {}", custody.entries),
    };
    let last = custody
        .last_event
        .map(|id| format!(" · last event {}", short(&id.to_string())));
    let aside = match custody.set_aside {
        0 => String::new(),
        count => format!(" · {count} set aside"),
    };
    let words = format!(
        "{span} · {} event{}{}{aside} · checkpoint {}",
        custody.events,
        if custody.events == 1 { "" } else { "s" },
        last.unwrap_or_default(),
        head.size,
    );
    sheet.block(2, SOFT, &words);
    match head.damages {
        0 => sheet.hang(
            2,
            "✓ ",
            SOFT,
            "checked against the signed head; grounds verify checks signatures and rules",
        ),
        count => {
            let words = format!(
                "damaged in {count} place{}; grounds verify lists them",
                if count == 1 { "" } else { "s" }
            );
            sheet.hang(2, "✗ ", BAD, &words);
        }
    }
}

/// The first digits of an id: enough to name it.
pub(crate) fn short(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}

/// Where an event stands, whose it is, and its day.
pub(crate) fn byline(by: &Byline) -> String {
    let name = by.author_name.as_deref().unwrap_or(by.author.as_str());
    format!("{} {} · {}", by.address, by.recorded.day(), line(name))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::path::Path;

    use grounds::ledger::Ledger;
    use grounds::projection::{
        Filter, NoteShown, OlderAttestations, Phrase, Piece, Remark, SetAside, claim_page,
        model_in_force,
    };

    use super::super::layout::columns;
    use super::*;

    /// The reference ledger's page, and its head.
    fn reference() -> (ClaimPage, Head) {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("ledger");
        let ledger = Ledger::open(&dir, None).unwrap();
        let state = ledger.state();
        let (slug, _) = state.claims().next().unwrap();
        let model = model_in_force(state).unwrap();
        let page = claim_page(state, slug, model, &Filter::none()).unwrap();
        let head = grounds::net::page::Head {
            origin: "grounds.example/reference".to_owned(),
            size: 16,
            root: String::new(),
            damages: 2,
            entries: 16,
            as_of: None,
            effective: None,
        };
        (page, head.into())
    }

    /// A page on which everything that is rare has happened.
    fn eventful() -> (ClaimPage, Head) {
        let (mut shown, head) = reference();
        let by = shown.evidence[0].added.clone();
        let retracted = &mut shown.evidence[0];
        retracted.artifact.standing = ArtifactStanding::Retracted;
        retracted.artifact.standing_reason = Some("figures were made up".to_owned());
        retracted.artifact.notice = Some("https://example.org/notice".to_owned());
        retracted.weight = Some(0);
        let mut withdrawn = shown.evidence[1].clone();
        withdrawn.withdrawn = Some(Remark {
            by: by.clone(),
            reason: "cited by mistake".to_owned(),
        });
        shown.withdrawn.push(withdrawn);
        let words = "2 attestations on v1, 1 disputes".to_owned();
        shown.older_attestations.push(OlderAttestations {
            version: 1,
            count: 2,
            disputes: 1,
            words,
        });
        shown.notes.push(NoteShown {
            text: "first line\nsecond line".to_owned(),
            on: Some(3),
            by: by.clone(),
        });
        shown.set_aside.push(SetAside {
            place: "evidence".to_owned(),
            r#type: "evidence.added".to_owned(),
            words: Phrase(vec![Piece::Ours("added".to_owned())]),
            by,
        });
        (shown, head)
    }

    #[test]
    fn a_retracted_source_is_struck_says_its_notice_and_weighs_nothing() {
        let (shown, head) = eventful();
        let text = page(&shown, &head, false, 100);
        assert!(text.contains(&paint(STRUCK, "Towards Monosemanticity (Anthropic, 2023)")));
        let plain = anstream::adapter::strip_str(&text).to_string();
        for words in [
            "✗ retracted: figures were made up · notice https://example.org/notice",
            "weight 0\n",
            "withdrawn 1",
            "— cited by mistake",
            "2 attestations on v1, 1 disputes",
            "    first line\n    second line\n",
            "set aside 1",
            "✗ damaged in 2 places; grounds verify lists them",
        ] {
            assert!(plain.contains(words), "{words} in {plain}");
        }
        assert!(!plain.contains("checked against the signed head"));
    }

    #[test]
    fn text_of_the_ledger_cannot_act_on_the_terminal_nor_break_a_line() {
        let (mut shown, head) = eventful();
        let hostile = "\u{1b}]0;owned\u{7}\u{202e}\u{9b}31m 個々のニューロンが単一の概念を符号化することはまれである\u{8}e\u{301}";
        shown.statement = hostile.to_owned();
        shown.summary = hostile.repeat(4);
        shown.status.note = Some(hostile.to_owned());
        shown.domains[0].name = format!("one\ntwo{hostile}");
        shown.attestations[0].role = Some(format!("one\ntwo{hostile}"));
        shown.attestations[0].comment = Some(hostile.to_owned());
        shown.evidence[0].artifact.title = format!("one\ntwo{hostile}");
        shown.evidence[0].artifact.notice = Some(hostile.to_owned());
        shown.evidence[0].note = hostile.to_owned();
        shown.evidence[0].passages[0].label = format!("one\ntwo{hostile}");
        shown.evidence[0].added.author_name = Some(format!("one\ntwo{hostile}"));
        shown.scope[0].name = format!("one\ntwo{hostile}");
        shown.views[0].name = format!("one\ntwo{hostile}");
        shown.views[0].fault = Some(hostile.to_owned());
        shown.trace.summary.note = Some(hostile.to_owned());
        for width in [60, 80, 140] {
            let painted = page(&shown, &head, true, width);
            // Only our own colours are left: ESC [ digits m.
            for rest in painted.split('\u{1b}').skip(1) {
                let code = rest.strip_prefix('[').and_then(|rest| rest.split_once('m'));
                assert!(code.is_some_and(|(code, _)| code.bytes().all(|b| b.is_ascii_digit())));
            }
            let acts = |c: char| c != '\n' && c != '\u{1b}' && (c.is_control() || c == '\u{202e}');
            assert!(!painted.contains(acts));
            for row in painted.lines() {
                assert!(columns(row) <= width, "{width}: {row}");
                assert!(!row.starts_with("two"), "{row}");
            }
        }
    }
}

//! The pages, whatever a ledger's text is. Read with a foreign parser of HTML.

use std::marker::PhantomData;
use std::path::Path;

use scraper::{ElementRef, Html, Selector};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::*;
use crate::ledger::Ledger;
use crate::ledger::audit::{Report, Standard, audit as audited};
use crate::projection::{
    Asked, Citation, ClaimPage, Filter, Point, TimelineRow, Wanted, agent_page, artifact_page,
    catalogue, cite, claim_page, context_page, difference, ledger_page, model_in_force, timeline,
    view_page,
};
use crate::trust::Figure;
use crate::value::{Slug, Subject, forbidden_in_text};

/// Text that acts wherever a page takes it for more than text. No spaces where a name is wrapped,
/// so that harmless text of the same shape takes the same room.
const HOSTILE: [&str; 12] = [
    "\"><script>alert(1)</script>",
    "'onmouseover='alert(1)'x='",
    "\" autofocus onfocus=alert(1) \"",
    "<svg/onload=alert(1)>",
    "</bdi></title></style></svg><style>*{display:none}</style>",
    "<![CDATA[<img/src=x>]]>",
    "javascript:alert(1)",
    "x;background:url(//evil.example)",
    "<!--",
    "-->",
    "&lt;b&gt;&amp;",
    "<base href=//evil.example> {{7*7}} ${7*7}",
];

struct Desk {
    ledger: Ledger,
    report: Report,
    claim: Slug,
}

impl Desk {
    fn new() -> Desk {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("ledger");
        let ledger = Ledger::open(&dir, None).unwrap();
        let report = audited(&dir, &Standard::default(), &mut |_, _| {}).unwrap();
        let claim = ledger.state().claims().next().unwrap().0.clone();
        Desk {
            ledger,
            report,
            claim,
        }
    }

    fn page(&self) -> ClaimPage {
        let state = self.ledger.state();
        let model = model_in_force(state).unwrap();
        claim_page(state, &self.claim, model, &Filter::none()).unwrap()
    }

    fn states(&self) -> Vec<ClaimState> {
        let states = walk::<()>(self.ledger.state(), &mut |_| Ok(())).unwrap();
        states[&self.claim].clone()
    }

    fn rows(&self) -> Vec<TimelineRow> {
        timeline(self.ledger.state(), &Asked::default()).collect()
    }
}

fn head() -> Head {
    Head {
        origin: "grounds.example/reference".to_owned(),
        size: 16,
        root: "00".repeat(32),
        damages: 0,
        entries: 16,
        as_of: None,
        effective: None,
    }
}

fn frame<'f>(head: &'f Head, page: &Page<'_>) -> Frame<'f> {
    Frame {
        head,
        title: "A ledger",
        log_key: "a key",
        unchecked: 0,
        cosigned: &[],
        recorded: None,
        witnessed: None,
        by_now: None,
        links: Links::of_file(page),
    }
}

/// A value whose text can be replaced.
struct Rewriter<T> {
    json: Value,
    /// Where it takes any text: words with a fixed spelling (subjects, times, verdicts, …) stay.
    places: Vec<String>,
    of: PhantomData<T>,
}

impl<T: Serialize + DeserializeOwned> Rewriter<T> {
    fn of(value: &T) -> Rewriter<T> {
        let mut json = serde_json::to_value(value).unwrap();
        let mut all = Vec::new();
        strings(&json, &mut Vec::new(), &mut all);
        let pointers = all
            .iter()
            .map(|place| place.iter().map(|part| format!("/{part}")).collect());
        let places = pointers.filter(|pointer: &String| {
            let place = json.pointer_mut(pointer).unwrap();
            let old = std::mem::replace(place, Value::String("\"> any text".to_owned()));
            let is_free = T::deserialize(&json).is_ok();
            *json.pointer_mut(pointer).unwrap() = old;
            is_free
        });
        let places = places.collect();
        Rewriter {
            json,
            places,
            of: PhantomData,
        }
    }

    fn with(&self, text: &str) -> T {
        let mut json = self.json.clone();
        for place in &self.places {
            *json.pointer_mut(place).unwrap() = Value::String(text.to_owned());
        }
        serde_json::from_value(json).unwrap()
    }
}

fn rewritten<T: Serialize + DeserializeOwned>(value: &T, text: &str) -> T {
    Rewriter::of(value).with(text)
}

/// The page with text in the fields that are the ledger's; ours stay ours.
fn spoken(page: &ClaimPage, text: &str) -> ClaimPage {
    let mut spoken = rewritten(page, text);
    spoken.origin_words.clone_from(&page.origin_words);
    spoken.profile = page.profile.clone();
    for (one, ours) in spoken.versions.iter_mut().zip(&page.versions) {
        one.fields.clone_from(&ours.fields);
    }
    for (one, ours) in spoken.views.iter_mut().zip(&page.views) {
        one.verdict.clone_from(&ours.verdict);
    }
    for one in spoken.evidence.iter_mut() {
        one.added.address = "@5".to_owned();
    }
    let near = &mut spoken.neighborhood;
    let ours = page
        .neighborhood
        .artifacts
        .iter()
        .chain(&page.neighborhood.contexts);
    for (one, ours) in near
        .artifacts
        .iter_mut()
        .chain(&mut near.contexts)
        .zip(ours)
    {
        one.relation.clone_from(&ours.relation);
    }
    spoken.versions[0].made.address = "@4".to_owned();
    spoken.scope[0].by.address = "@13".to_owned();
    spoken.attestations[0].made.address = "@14".to_owned();
    if let Some(changed) = &mut spoken.status.changed {
        changed.address = "@12".to_owned();
    }
    spoken
}

fn strings(value: &Value, at: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    match value {
        Value::String(_) => found.push(at.clone()),
        Value::Array(items) => {
            for (place, item) in items.iter().enumerate() {
                at.push(place.to_string());
                strings(item, at, found);
                at.pop();
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                at.push(name.clone());
                strings(member, at, found);
                at.pop();
            }
        }
        _ => {}
    }
}

/// Every element with the names of its attributes, in order: what a page is but for its text.
fn skeleton(html: &str) -> Vec<String> {
    let document = Html::parse_document(html);
    let elements = document.root_element().descendent_elements();
    elements
        .map(|element| {
            let names: Vec<&str> = element.value().attrs().map(|(name, _)| name).collect();
            format!("{} {}", element.value().name(), names.join(" "))
        })
        .collect()
}

/// Nothing acts, whatever it is called.
fn is_inert(html: &str) {
    let document = Html::parse_document(html);
    assert_eq!(document.errors.len(), 0, "{:?}", document.errors);
    for element in document.root_element().descendent_elements() {
        let name = element.value().name();
        if name == "script" {
            assert!(element.attr("src").unwrap().ends_with(&page_file()));
            assert_eq!(element.text().collect::<String>(), "");
            continue;
        }
        let forbidden = [
            "style",
            "iframe",
            "object",
            "embed",
            "base",
            "img",
            "foreignObject",
        ];
        assert!(!forbidden.contains(&name), "{name}");
        for (attribute, value) in element.value().attrs() {
            assert!(!attribute.starts_with("on"), "{attribute}");
            assert_ne!(attribute, "style");
            if ["href", "src", "action"].contains(&attribute) {
                let scheme = value.split(['/', '?', '#']).next().unwrap_or_default();
                let is_relative = !scheme.contains(':');
                assert!(
                    is_relative || ["https:", "http:"].contains(&scheme),
                    "{value}"
                );
            }
        }
    }
}

/// Draws a page with hostile text and with harmless text of the same shape, and holds the two
/// against each other: they differ in text alone, and the text is there.
fn changes_text_alone<T: Serialize + DeserializeOwned>(value: &T, draw: impl Fn(&T) -> String) {
    let rewriter = Rewriter::of(value);
    for text in HOSTILE {
        let shape = |c: char| if c == ' ' { ' ' } else { 'x' };
        let harmless: String = text.chars().map(shape).collect();
        let with = draw(&rewriter.with(text));
        let without = draw(&rewriter.with(&harmless));
        is_inert(&with);
        assert_eq!(skeleton(&with), skeleton(&without), "{text}");
        let shown: String = Html::parse_document(&with).root_element().text().collect();
        assert!(shown.contains(text), "{text} in {shown}");
    }
}

#[test]
fn text_of_a_ledger_is_text_on_the_claim_page_and_nothing_else() {
    let (desk, head) = (Desk::new(), head());
    let states = desk.states();
    let citation = Citation {
        text: String::new(),
        bibtex: String::new(),
        csl_json: String::new(),
    };
    let subject = desk.claim.clone();
    for at in [None, Some(12)] {
        let here = Page::Claim(&subject, at);
        let frame = frame(&head, &here);
        changes_text_alone(&desk.page(), |page| {
            let origin = "grounds.example/reference".parse().unwrap();
            let citation = match at {
                None => &cite(page, &origin, "head"),
                Some(_) => &citation,
            };
            let shown = ClaimShown {
                page,
                states: &states,
                later: &[],
                citation,
                at,
                bundle: Bundle::Asked,
            };
            claim(&frame, &shown)
        });
    }
}

#[test]
fn text_of_a_ledger_is_text_on_the_pages_of_everything_else() {
    let (desk, head) = (Desk::new(), head());
    let state = desk.ledger.state();
    let model = model_in_force(state).unwrap();
    let (slug, _) = state.artifacts().next().unwrap();
    let subject = Subject::Entity(crate::value::Kind::Artifact, slug.clone());
    let frame = frame(&head, &Page::Subject(&subject));
    let page = artifact_page(state, slug, &Filter::none()).unwrap();
    changes_text_alone(&page, |page| artifact(&frame, page));
    let (slug, _) = state.agents().next().unwrap();
    changes_text_alone(&agent_page(state, slug).unwrap(), |page| {
        agent(&frame, page)
    });
    let (slug, _) = state.contexts().next().unwrap();
    let page = context_page(state, slug, &Filter::none()).unwrap();
    changes_text_alone(&page, |page| context(&frame, page));
    let (slug, _) = state.views().next().unwrap();
    let page = view_page(state, slug, model, &Filter::none()).unwrap();
    changes_text_alone(&page, |page| view(&frame, page));
    changes_text_alone(&ledger_page(state).unwrap(), |page| {
        audit(&frame, &desk.report, page)
    });
}

#[test]
fn text_of_a_ledger_is_text_in_lists_logs_reasons_and_differences() {
    let (desk, head) = (Desk::new(), head());
    let state = desk.ledger.state();
    let model = model_in_force(state).unwrap();
    let frame = frame(&head, &Page::Log(None));
    changes_text_alone(&desk.rows(), |rows| {
        let shown = LogShown {
            chunk: None,
            rows,
            entries: 16,
        };
        log(&frame, &shown)
    });
    let rows = catalogue(state, model, &Filter::none(), &Wanted::default());
    changes_text_alone(&rows, |rows| {
        let name = &rows[0].domains[0].name;
        let shown = ListShown {
            listing: Listing::all(),
            rows,
            count: rows.len(),
            description: Some(name),
            facets: &[(Facet::Domain(name), 1), (Facet::Status("active"), 1)],
        };
        list(&frame, &shown)
    });
    let whys: Vec<_> = [Figure::Scope, Figure::Contestation]
        .iter()
        .map(|figure| {
            crate::projection::why(state, &desk.claim, *figure, model, &Filter::none()).unwrap()
        })
        .collect();
    changes_text_alone(&whys, |whys| why(&frame, &desk.claim, None, None, whys));
    let point = |state| Point {
        state,
        effective: None,
        model,
    };
    let nothing = crate::claim::State::new();
    let found = difference(&desk.claim, point(&nothing), point(state)).unwrap();
    changes_text_alone(&found, |found| {
        let statement = found.fields[0].to.clone().unwrap_or_default();
        let shown = DiffShown {
            claim: &desk.claim,
            statement: &statement,
            ends: Ends::Entry(3),
            found: Some(found),
            states: &[],
        };
        diff(&frame, &shown)
    });
    let found = crate::projection::blame(state, &desk.claim, model).unwrap();
    changes_text_alone(&found, |found| {
        blame(&frame, &desk.claim, &found.fields[0].value, found)
    });
    let states = desk.states();
    changes_text_alone(&desk.rows(), |rows| {
        let mut states = states.clone();
        states[3].events = rows.clone();
        let shown = HistoryShown {
            claim: &desk.claim,
            statement: &rows[0].words.to_string(),
            events: rows,
            states: &states,
        };
        history(&frame, &shown)
    });
}

#[test]
fn what_turns_a_line_around_is_shown_by_its_code() {
    let (desk, head) = (Desk::new(), head());
    let here = Page::Claim(&desk.claim, None);
    let controls = "a\u{202e}b\u{2066}c\u{200f}d\u{2028}e\u{1b}f";
    let page = spoken(&desk.page(), controls);
    let shown = ClaimShown {
        page: &page,
        states: &desk.states(),
        later: &[],
        citation: &cite(&page, &"grounds.example/x".parse().unwrap(), "head"),
        at: None,
        bundle: Bundle::CutAt(12),
    };
    let html = claim(&frame(&head, &here), &shown);
    assert!(!html.contains(forbidden_in_text));
    assert!(html.contains("a⟨U+202E⟩b⟨U+2066⟩c⟨U+200F⟩d⟨U+2028⟩e⟨U+001B⟩f"));
}

#[test]
fn text_of_the_ledger_has_a_direction_of_its_own_wherever_it_stands() {
    let (desk, head) = (Desk::new(), head());
    let words = "שלום עולם";
    let page = spoken(&desk.page(), words);
    let shown = ClaimShown {
        page: &page,
        states: &[],
        later: &[],
        citation: &cite(&page, &"grounds.example/x".parse().unwrap(), "head"),
        at: None,
        bundle: Bundle::CutAt(12),
    };
    let here = Page::Claim(&desk.claim, None);
    let html = Html::parse_document(&claim(&frame(&head, &here), &shown));
    let mut found = 0;
    for node in html.tree.nodes().filter(|node| {
        node.value()
            .as_text()
            .is_some_and(|text| text.contains(words))
    }) {
        let mut parents = node.ancestors().filter_map(ElementRef::wrap);
        let is_own = parents.any(|element| {
            let name = element.value().name();
            let direction = element.value().attr("dir");
            ["bdi", "title", "text"].contains(&name) || direction.is_some()
        });
        assert!(is_own, "{:?}", node.value());
        found += 1;
    }
    assert!(found > 20, "{found}");
}

#[test]
fn a_retracted_source_is_struck_through_with_its_notice() {
    let (desk, head) = (Desk::new(), head());
    let mut page = desk.page();
    let source = &mut page.evidence[0];
    source.artifact.standing = crate::claim::ArtifactStanding::Retracted;
    source.artifact.standing_reason = Some("figures were made up".to_owned());
    source.artifact.notice = Some("https://example.org/notice".to_owned());
    source.weight = Some(0);
    let shown = ClaimShown {
        page: &page,
        states: &desk.states(),
        later: &[],
        citation: &cite(&page, &"grounds.example/x".parse().unwrap(), "head"),
        at: None,
        bundle: Bundle::CutAt(12),
    };
    let here = Page::Claim(&desk.claim, None);
    let html = Html::parse_document(&claim(&frame(&head, &here), &shown));
    let text = |selector: &str| -> String {
        let selector = Selector::parse(selector).unwrap();
        html.select(&selector)
            .flat_map(|found| found.text())
            .collect()
    };
    assert_eq!(text(".evidence s"), "Towards Monosemanticity");
    assert_eq!(
        text(".evidence .notice"),
        "✗ retracted: figures were made up · notice https://example.org/notice"
    );
    assert!(text(".evidence li:first-child .meta").contains("weight 0 "));
}

#[test]
fn a_figure_that_is_not_assessed_is_a_dash_and_a_word_never_an_empty_bar() {
    let (desk, head) = (Desk::new(), head());
    let mut page = desk.page();
    page.profile.figures.scop = None;
    page.profile.figures.supp = None;
    page.profile.assumed = vec![Figure::Credibility];
    page.profile.coverage.stab.present -= 1;
    let shown = ClaimShown {
        page: &page,
        states: &desk.states(),
        later: &[],
        citation: &cite(&page, &"grounds.example/x".parse().unwrap(), "head"),
        at: None,
        bundle: Bundle::CutAt(12),
    };
    let here = Page::Claim(&desk.claim, None);
    let html = claim(&frame(&head, &here), &shown);
    let document = Html::parse_document(&html);
    let rows = Selector::parse(".dimensions tbody tr").unwrap();
    let bars = Selector::parse("svg.bar").unwrap();
    let row = |name: &str| {
        let text = |row: &ElementRef<'_>| row.text().collect::<String>();
        document
            .select(&rows)
            .find(|row| text(row).starts_with(name))
            .unwrap()
    };
    assert_eq!(
        row("scope").text().collect::<String>(),
        "scopenot assessed— not assessed"
    );
    assert_eq!(row("scope").select(&bars).count(), 0);
    assert_eq!(
        row("credibility").text().collect::<String>(),
        "credibility≈ 82%"
    );
    assert_eq!(row("credibility").select(&bars).count(), 1);
    let derived = Selector::parse(".derived li").unwrap();
    let derived: Vec<String> = document
        .select(&derived)
        .map(|one| one.text().collect())
        .collect();
    assert_eq!(
        derived,
        [
            "— not assessed support",
            "44% frontier",
            "50% stability of 3/4"
        ]
    );
}

#[test]
fn a_claim_page_is_small_and_asks_for_nothing_from_elsewhere() {
    let (desk, head) = (Desk::new(), head());
    let page = desk.page();
    let shown = ClaimShown {
        page: &page,
        states: &desk.states(),
        later: &[],
        citation: &cite(&page, &"grounds.example/x".parse().unwrap(), "head"),
        at: None,
        bundle: Bundle::CutAt(12),
    };
    let here = Page::Claim(&desk.claim, None);
    let html = claim(&frame(&head, &here), &shown);
    // The promise is 50 KB compressed; it is kept before compression.
    assert!(
        html.len() + STYLE.len() < 50_000,
        "{} + {}",
        html.len(),
        STYLE.len()
    );
    assert!(
        !STYLE.contains("url(") || STYLE.matches("url(").count() == STYLE.matches("url(#").count()
    );
    assert!(!STYLE.contains("@import"));
    is_inert(&html);
}

#[test]
fn a_server_has_the_same_page_with_its_own_addresses_and_a_field_for_a_date() {
    let (desk, head) = (Desk::new(), head());
    let page = desk.page();
    let shown = ClaimShown {
        page: &page,
        states: &desk.states(),
        later: &[],
        citation: &cite(&page, &"grounds.example/x".parse().unwrap(), "head"),
        at: None,
        bundle: Bundle::CutAt(12),
    };
    let here = Page::Claim(&desk.claim, None);
    let in_folder = claim(&frame(&head, &here), &shown);
    let served = Frame {
        links: Links::Server,
        ..frame(&head, &here)
    };
    let on_server = claim(&served, &shown);
    let texts = |html: &str| -> String {
        let main = Selector::parse("main section").unwrap();
        let document = Html::parse_document(html);
        document
            .select(&main)
            .flat_map(|part| part.text().map(str::to_owned).collect::<Vec<_>>())
            .collect()
    };
    assert_eq!(texts(&in_folder), texts(&on_server));
    let document = Html::parse_document(&on_server);
    let linked = Selector::parse("[href], [action]").unwrap();
    for element in document.select(&linked) {
        let address = element.attr("href").or(element.attr("action")).unwrap();
        assert!(address.starts_with(['/', '#']), "{address}");
    }
    let date = Selector::parse("form[method=get] input[type=date][name=as-of]").unwrap();
    assert_eq!(document.select(&date).count(), 1);
    assert_eq!(Html::parse_document(&in_folder).select(&date).count(), 0);
}

//! The pages of a server: whole without script, in every state, saying what the commands say.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;

use grounds::claim::Act;
use grounds::trust::percent;
use scraper::{ElementRef, Html, Selector};
use serde_json::Value;

use super::desk::Desk;
use super::server_desk::{Reply, Server};
use crate::lab::{Lab, agent, attestation, claim, evidence, note, paper};
use crate::reference::{self, build::act};

const CLAIM: &str = "/claim/individual-neurons-rarely-encode-single-concepts";

/// A server of a ledger that nobody writes to here.
struct Pages {
    desk: Desk,
    server: Server,
    ledger: String,
}

impl Pages {
    fn of(ledger: &Path) -> Pages {
        let desk = Desk::empty();
        let ledger = ledger.to_str().unwrap().to_owned();
        let server = Server::start(&desk, &["--ledger", &ledger, "--read-only"]);
        Pages {
            desk,
            server,
            ledger,
        }
    }

    fn of_reference() -> Pages {
        Pages::of(&reference::folder())
    }

    fn get(&self, address: &str) -> Reply {
        self.server.get(address)
    }

    /// A page that is there.
    fn page(&self, address: &str) -> Html {
        let reply = self.get(address);
        assert_eq!(reply.status, 200, "{address}: {}", reply.text());
        assert_eq!(
            reply.header("content-type"),
            Some("text/html; charset=utf-8")
        );
        Html::parse_document(&reply.text())
    }

    /// What a command prints for programs.
    fn said(&self, words: &[&str]) -> String {
        let words = [words, &["--json", "--ledger", &self.ledger]].concat();
        self.desk.yes(&words).out
    }
}

fn all<'h>(page: &'h Html, selector: &str) -> Vec<ElementRef<'h>> {
    let selector = Selector::parse(selector).unwrap();
    page.select(&selector).collect()
}

fn text(page: &Html, selector: &str) -> String {
    let found: Vec<String> = all(page, selector)
        .iter()
        .map(|one| one.text().collect::<String>())
        .collect();
    found
        .join(" ")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

/// The value of a word in an address.
fn asked<'a>(address: &'a str, name: &str) -> Option<&'a str> {
    let (_, query) = address.split_once('?')?;
    let query = query.split('#').next().unwrap();
    query
        .split('&')
        .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

/// What every page is: named, inert, with forms and fields that somebody without script, sight or
/// mouse can use.
fn is_whole(address: &str, page: &Html) {
    assert_eq!(page.errors.len(), 0, "{address}: {:?}", page.errors);
    assert_eq!(all(page, "h1").len(), 1, "{address}");
    assert!(!text(page, "title").is_empty(), "{address}");
    for script in all(page, "script") {
        assert_eq!(script.attr("type"), Some("module"), "{address}");
        assert!(
            script.attr("src").unwrap().starts_with("/page-"),
            "{address}"
        );
        assert_eq!(script.text().collect::<String>(), "", "{address}");
    }
    for element in all(page, "*") {
        let mut names = element.value().attrs().map(|(name, _)| name);
        assert!(
            !names.any(|name| name.starts_with("on") || name == "style"),
            "{address}: {}",
            element.html()
        );
    }
    for form in all(page, "form") {
        assert_eq!(form.attr("method"), Some("get"), "{address}");
        let there = form.attr("action").unwrap();
        assert!(
            there.starts_with('/') && !there.contains('?'),
            "{address}: {there}"
        );
        let button = Selector::parse("button").unwrap();
        assert_eq!(form.select(&button).count(), 1, "{address}");
    }
    for field in all(page, "input:not([type=hidden]), select, textarea") {
        let mut label = field.ancestors().filter_map(ElementRef::wrap);
        let label = label.find(|one| one.value().name() == "label");
        let words: String = label
            .unwrap_or_else(|| panic!("{address}: {}", field.html()))
            .text()
            .collect();
        assert!(!words.trim().is_empty(), "{address}: {}", field.html());
    }
    let ids: Vec<&str> = all(page, "[id]")
        .iter()
        .filter_map(|one| one.attr("id"))
        .collect();
    assert_eq!(
        ids.iter().collect::<BTreeSet<_>>().len(),
        ids.len(),
        "{address}: an id twice"
    );
}

/// Goes along every link of a state, and looks whether those that lead to others are answered.
fn crawl(pages: &Pages, begin: &str, state: Option<&str>) -> usize {
    let mut open = VecDeque::from([begin.to_owned()]);
    let mut known: BTreeSet<String> = open.iter().cloned().collect();
    let mut places: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut fragments = Vec::new();
    while let Some(address) = open.pop_front() {
        let reply = pages.get(&address);
        assert_eq!(reply.status, 200, "{address}: {}", reply.text());
        let is_page = reply
            .header("content-type")
            .unwrap()
            .starts_with("text/html");
        let stays = asked(&address, "as-of") == state && !address.contains("/diff");
        if !is_page || !stays {
            continue;
        }
        let page = Html::parse_document(&reply.text());
        is_whole(&address, &page);
        let ids = all(&page, "[id]")
            .iter()
            .filter_map(|one| one.attr("id"))
            .map(str::to_owned)
            .collect();
        places.insert(address.clone(), ids);
        for link in all(&page, "[href], [src]") {
            let to = link.attr("href").or(link.attr("src")).unwrap();
            if to.starts_with("https://") || to.starts_with("http://") {
                continue;
            }
            let (path, fragment) = to.split_once('#').unwrap_or((to, ""));
            let path = if path.is_empty() { &address } else { path };
            assert!(path.starts_with('/'), "{address}: {to}");
            if !fragment.is_empty() {
                fragments.push((address.clone(), path.to_owned(), fragment.to_owned()));
            }
            if known.insert(path.to_owned()) {
                open.push_back(path.to_owned());
            }
        }
    }
    for (from, to, fragment) in fragments {
        if let Some(ids) = places.get(&to) {
            assert!(ids.contains(&fragment), "{from}: {to}#{fragment}");
        }
    }
    places.len()
}

#[test]
fn every_link_of_the_newest_and_of_a_past_state_is_answered() {
    let pages = Pages::of_reference();
    let newest = crawl(&pages, "/", None);
    assert!(newest > 45, "{newest} pages");
    let past = crawl(&pages, "/?as-of=@9", Some("@9"));
    assert!(past > 30, "{past} pages");
}

#[test]
fn everything_that_the_reference_page_says_is_on_the_page_of_a_server() {
    let pages = Pages::of_reference();
    let page = pages.page(CLAIM);
    let shown = text(&page, "main").to_lowercase();
    let figures = [
        "evid", "repl", "cons", "meth", "cred", "scop", "cont", "supp", "fron", "stab",
    ];
    for line in include_str!("../fixtures/claim-page.txt").lines() {
        let line = line.replace("holds_in", "holds in").to_lowercase();
        let line = line.trim();
        // What the page says in its own way.
        let ours = match line {
            "dimensions" => "the eight dimensions".to_owned(),
            "derived scores" => "support".to_owned(),
            "brdg" => "bridge".to_owned(),
            "evidence 3" => "evidence · 2 for, 1 against".to_owned(),
            "↑ supporting 2" => "↑".to_owned(),
            "↓ disputing 1" => "↓".to_owned(),
            "supports · artifact" => "supports".to_owned(),
            "disputes · artifact" => "disputes".to_owned(),
            "neighborhood 1" => "neighborhood".to_owned(),
            line if figures.contains(&line) => String::new(),
            line => line.to_owned(),
        };
        for part in ours.split([' ', '(', ')', ',']) {
            assert!(shown.contains(part), "{line}: {part}");
        }
    }
    for one in ["bibtex", "csl-json"] {
        assert!(text(&page, "details summary").to_lowercase().contains(one));
    }
}

#[test]
fn what_stands_beside_a_page_is_what_the_commands_print() {
    let pages = Pages::of_reference();
    let slug = CLAIM.trim_start_matches("/claim/");
    for (address, words) in [
        (format!("{CLAIM}.json"), vec!["show", slug]),
        (format!("{CLAIM}/blame.json"), vec!["blame", slug]),
        (format!("{CLAIM}/history.json"), vec!["log", slug]),
        (
            format!("{CLAIM}/why/support.json"),
            vec!["why", slug, "support"],
        ),
        (
            format!("{CLAIM}/diff.json?from=2026-03-05&to=2026-03-08"),
            vec!["diff", slug, "--from", "2026-03-05", "--to", "2026-03-08"],
        ),
        (
            format!("{CLAIM}/diff.json?from=2022&to=2024&clock=effective"),
            vec![
                "diff",
                slug,
                "--from",
                "2022",
                "--to",
                "2024",
                "--clock",
                "effective",
            ],
        ),
        ("/claims.json".to_owned(), vec!["list"]),
        (
            "/claims.json?as-of=@9".to_owned(),
            vec!["list", "--as-of", "@9"],
        ),
        ("/log.json".to_owned(), vec!["log"]),
        ("/ledger.json".to_owned(), vec!["show", "ledger"]),
        (
            "/artifact/toy-models-of-superposition.json".to_owned(),
            vec!["show", "artifact/toy"],
        ),
        (
            "/agent/curator.json".to_owned(),
            vec!["show", "agent/curator"],
        ),
        (
            "/context/small-toy-models.json".to_owned(),
            vec!["show", "context/small"],
        ),
        (
            "/view/strict-empirical.json".to_owned(),
            vec!["show", "view/strict"],
        ),
    ] {
        let reply = pages.get(&address);
        assert_eq!(reply.status, 200, "{address}");
        assert_eq!(reply.text(), pages.said(&words), "{address}");
        assert_eq!(reply.header("content-type"), Some("application/json"));
    }
    let lines = pages.get(&format!("{CLAIM}.jsonl"));
    let exported = pages
        .desk
        .yes(&["export", "jsonl", slug, "--ledger", &pages.ledger]);
    assert_eq!(lines.text(), exported.out);
    let linked = pages.get(&format!("{CLAIM}.jsonld"));
    assert_eq!(linked.header("content-type"), Some("application/ld+json"));
    assert_eq!(linked.json()["@graph"][0]["grounds:headSize"], 16);
    let feed = pages.get(&format!("{CLAIM}.atom")).text();
    assert!(
        feed.contains("<feed xmlns=\"http://www.w3.org/2005/Atom\">"),
        "{feed}"
    );
}

#[test]
fn a_past_page_says_what_the_command_says_of_that_state() {
    let pages = Pages::of_reference();
    let slug = CLAIM.trim_start_matches("/claim/");
    let log: Value = serde_json::from_str(&pages.said(&["log", slug])).unwrap();
    let id = log["events"][2]["by"]["id"].as_str().unwrap()[..12].to_owned();
    let states = [
        "@4",
        "@7.1",
        "@9",
        "@12",
        "2026-03-05",
        "2026-03-07T12:00:00Z",
        "2030",
        &id,
    ];
    let mut figures = 0;
    for state in states {
        let json = pages.get(&format!("{CLAIM}.json?as-of={state}")).text();
        assert_eq!(
            json,
            pages.said(&["show", slug, "--as-of", state]),
            "{state}"
        );
        let json: Value = serde_json::from_str(&json).unwrap();
        for address in [
            format!("{CLAIM}?as-of={state}"),
            format!("{CLAIM}/why?as-of={state}"),
        ] {
            let page = pages.page(&address);
            for shown in all(&page, "[data-figure]") {
                let name = shown.attr("data-figure").unwrap();
                let expected = json["profile"]["figures"][name].as_u64();
                let value = shown.attr("value").map(|ppm| ppm.parse::<u64>().unwrap());
                assert_eq!(value, expected, "{address}: {name}");
                let words: String = shown.text().collect();
                let whole = |ppm| format!("{}%", percent(u32::try_from(ppm).unwrap()));
                if !address.contains("/why") {
                    assert_eq!(
                        words,
                        expected.map_or("—".to_owned(), whole),
                        "{address}: {name}"
                    );
                }
                figures += 1;
            }
            let band = text(&page, ".band");
            let entries = json["head"]["entries"].as_u64().unwrap();
            assert!(
                band.contains(&format!("{entries} of 16 entries")),
                "{address}: {band}"
            );
        }
    }
    assert!(figures > 100, "{figures}");
    let address = format!("{CLAIM}.json?effective=2023&model=claim_support_vector@v1.0");
    let words = [
        "show",
        slug,
        "--effective",
        "2023",
        "--model",
        "claim_support_vector@v1.0",
    ];
    assert_eq!(pages.get(&address).text(), pages.said(&words));
    let page = pages.page(&address.replace(".json", ""));
    assert!(text(&page, ".band").contains("Only what held in the world by 2023"));
    for link in all(&page, "main a[href^='/claim/'], main a[href^='/artifact/']") {
        let to = link.attr("href").unwrap();
        let leads_on = to.contains("/diff") || to == CLAIM || to.contains(".claim.json");
        assert!(
            leads_on || to.contains("effective=2023&model=claim_support_vector@v1.0"),
            "{to}"
        );
    }
}

#[test]
fn the_slider_and_the_date_are_forms_that_lead_to_a_permanent_address() {
    let pages = Pages::of_reference();
    let page = pages.page(CLAIM);
    let slider = all(&page, "input[type=range]").remove(0);
    let states: usize = slider.attr("max").unwrap().parse().unwrap();
    assert_eq!(slider.attr("value"), slider.attr("max"));
    assert_eq!(all(&page, "#ticks option").len(), states);
    let led = |state: usize| {
        let reply = pages.get(&format!("{CLAIM}?state={state}"));
        assert_eq!(reply.status, 303, "{state}");
        reply.header("location").unwrap().to_owned()
    };
    assert_eq!(led(states), CLAIM);
    assert_eq!(led(1), format!("{CLAIM}?as-of=@4"));
    for state in 1..states {
        let past = pages.page(&led(state));
        let slider = all(&past, "input[type=range]").remove(0);
        assert_eq!(slider.attr("value"), Some(state.to_string().as_str()));
        assert_eq!(slider.attr("max"), Some(states.to_string().as_str()));
        let shown = format!("state {state} of {states}");
        assert!(text(&past, ".as-of").contains(&shown), "{shown}");
    }
    let kept = pages.get(&format!("{CLAIM}?state=2&effective=2026&as-of="));
    assert_eq!(
        kept.header("location"),
        Some(&*format!("{CLAIM}?as-of=@5&effective=2026"))
    );
    assert_eq!(pages.get(&format!("{CLAIM}?state=0")).status, 404);
    assert_eq!(pages.get(&format!("{CLAIM}?state=99")).status, 404);
    assert_eq!(pages.get(&format!("{CLAIM}?state=x")).status, 400);
    let date = all(&page, "input[type=date]").remove(0);
    assert_eq!(
        (date.attr("name"), date.attr("min")),
        (Some("as-of"), Some("2026-03-03"))
    );
    // A field that was left empty asks for nothing.
    assert_eq!(
        pages
            .get(&format!("{CLAIM}?as-of=&effective=&model="))
            .status,
        200
    );
}

#[test]
fn two_states_are_compared_and_each_movement_has_its_entry() {
    let pages = Pages::of_reference();
    let form = pages.page(&format!("{CLAIM}/diff"));
    for name in ["from", "to", "clock", "model", "model2"] {
        assert_eq!(
            all(&form, &format!("form.compare [name={name}]")).len(),
            1,
            "{name}"
        );
    }
    assert!(all(&form, "#states option").len() > 5);
    let address =
        format!("{CLAIM}/diff?from=2026-03-05&to=2026-03-08&model2=claim_support_vector@v1.0");
    let page = pages.page(&address);
    let json: Value =
        serde_json::from_str(&pages.get(&address.replace("/diff", "/diff.json")).text()).unwrap();
    let steps = json["steps"].as_array().unwrap();
    assert!(!steps.is_empty());
    let shown = text(&page, "#steps");
    for step in steps {
        let entry = step["event"]["address"].as_str().unwrap();
        assert!(shown.contains(entry), "{entry} in {shown}");
    }
    let from = all(&page, "input[name=from]").remove(0);
    assert_eq!(from.attr("value"), Some("2026-03-05"));
    assert_eq!(pages.get(&format!("{CLAIM}/diff.json")).status, 400);
    let bad = pages.get(&format!("{CLAIM}/diff?from=yesterday"));
    assert_eq!(bad.status, 400);
    assert!(bad.text().contains("from: "), "{}", bad.text());
}

/// Claims that differ in what they are picked and sorted by.
fn several() -> Lab {
    let lab = Lab::argued();
    let asserted = |name: &str, domain: &str, statement: &str| {
        act(
            &format!("claim/{name}"),
            "claim.asserted",
            None,
            &format!(
                r#"{{"statement":"{statement}","summary":"It was seen.","domains":[{{"name":"{domain}","weight":"1"}}],"nature":"empirical","polarity":"positive","falsifiability":"falsifiable","origin":"authored"}}"#
            ),
        )
    };
    lab.record(
        "ada",
        &[asserted("law", "R&D / law", "Σοφός & 100% <b>bold</b>")],
    );
    lab.record("ada", &[asserted("late", "Trials", "It came late")]);
    let changed = r#"{"lifecycle":"active","standing":"contested","note":"Two say otherwise."}"#;
    lab.record(
        "ada",
        &[act("claim/x", "claim.status_changed", None, changed)],
    );
    lab.record("bea", &[attestation("y", "disputes", "0.7")]);
    lab
}

#[test]
fn search_facets_and_order_pick_what_the_command_picks() {
    let lab = several();
    let pages = Pages::of(&lab.dir());
    let mut seen = 0;
    for (query, words) in [
        ("", vec![]),
        ("q=it+is", vec!["--search", "it is"]),
        ("q=LATE", vec!["--search", "late"]),
        (
            "q=%CF%83%CE%BF%CF%86%CF%8C%CF%82",
            vec!["--search", "σοφός"],
        ),
        ("q=nowhere", vec!["--search", "nowhere"]),
        ("status=contested", vec!["--status", "contested"]),
        (
            "status=active,contested",
            vec!["--status", "active,contested"],
        ),
        ("domain=trials", vec!["--domain", "trials"]),
        ("domain=R%26D+%2F+law", vec!["--domain", "R&D / law"]),
        ("sort=-slug", vec!["--sort=-slug"]),
        ("sort=updated", vec!["--sort", "updated"]),
        ("sort=cont", vec!["--sort", "cont"]),
        (
            "sort=-supp&domain=trials",
            vec!["--sort=-supp", "--domain", "trials"],
        ),
        (
            "q=it&status=active&domain=Trials&sort=supp",
            vec![
                "--search", "it", "--status", "active", "--domain", "Trials", "--sort", "supp",
            ],
        ),
    ] {
        let found = pages.get(&format!("/claims.json?{query}"));
        assert_eq!(
            found.text(),
            pages.said(&[&["list"], words.as_slice()].concat()),
            "{query}"
        );
        let json = found.json();
        let page = pages.page(&format!("/?{query}"));
        is_whole(query, &page);
        let shown: Vec<&str> = all(&page, "table.claims tbody th a")
            .iter()
            .map(|link| link.attr("href").unwrap().trim_start_matches("/claim/"))
            .collect();
        let expected: Vec<&str> = json["claims"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["claim"].as_str().unwrap())
            .collect();
        assert_eq!(shown, expected, "{query}");
        seen += shown.len();
        // A facet that is not taken says how many there are with it; taken, it leads back.
        for link in all(&page, "nav.facets[aria-label=Facets] a:not([aria-current])") {
            let count = link
                .next_sibling()
                .unwrap()
                .value()
                .as_text()
                .unwrap()
                .trim();
            let count: usize = count.trim_end_matches('·').trim().parse().unwrap();
            let there = pages.page(link.attr("href").unwrap());
            assert_eq!(
                all(&there, "table.claims tbody tr").len(),
                count,
                "{query}: {}",
                link.html()
            );
        }
    }
    assert!(seen > 20, "{seen}");
    let page = pages.page("/?q=nowhere&domain=Trials");
    let said = text(&page, "main");
    assert!(
        said.contains("No claim. Looked for: “nowhere”, domain Trials"),
        "{said}"
    );
    assert_eq!(
        all(&page, "input[name=q]").remove(0).attr("value"),
        Some("nowhere")
    );
    for wrong in [
        "sort=truth",
        "status=ready",
        "view=x:maybe",
        "part=x",
        "q=%00",
        "q=a&q=b",
    ] {
        assert_eq!(pages.get(&format!("/?{wrong}")).status, 400, "{wrong}");
        assert_eq!(
            pages.get(&format!("/claims.json?{wrong}")).code(),
            "usage",
            "{wrong}"
        );
    }
    assert_eq!(pages.get("/?view=nobody").status, 404);
}

#[test]
fn a_view_picks_by_its_verdict() {
    let pages = Pages::of_reference();
    for view in [
        "strict-empirical",
        "strict-empirical:included",
        "strict-empirical:excluded",
    ] {
        let found = pages.get(&format!("/claims.json?view={view}"));
        assert_eq!(
            found.text(),
            pages.said(&["list", "--view", view]),
            "{view}"
        );
    }
}

#[test]
fn what_is_not_there_is_said_on_a_page_or_to_a_program() {
    let pages = Pages::of_reference();
    let page = pages.get("/claim/individual-neurons-rarly");
    assert_eq!(
        (page.status, page.header("cache-control")),
        (404, Some("no-store"))
    );
    let shown = Html::parse_document(&page.text());
    is_whole("404", &shown);
    assert!(
        all(&shown, &format!("main a[href='{CLAIM}']")).len() == 1,
        "{}",
        page.text()
    );
    let problem = pages.get("/claim/individual-neurons-rarly.json");
    assert_eq!(
        (problem.status, problem.code().as_str()),
        (404, "not_found")
    );
    assert_eq!(
        problem.header("content-type"),
        Some("application/problem+json")
    );
    for (address, status) in [
        ("/claim/<script>alert(1)</script>", 404),
        ("/claim/x/nowhere", 404),
        ("/claim/x/why/truth", 404),
        ("/agent/nobody", 404),
        ("/log?part=99", 404),
        ("/log?part=-1", 400),
        ("/?as-of=@99", 404),
        ("/?as-of=yesterday", 400),
        ("/?effective=@3", 400),
        ("/?model=other@v9", 400),
        ("/?as-of=@1&as-of=@2", 400),
        ("/?as-of=%zz", 400),
    ] {
        let reply = pages.server.ask(
            "GET",
            &address.replace('<', "%3C").replace('>', "%3E"),
            &[],
            b"",
        );
        assert_eq!(reply.status, status, "{address}: {}", reply.text());
        let shown = Html::parse_document(&reply.text());
        is_whole(address, &shown);
        assert!(!reply.text().contains("<script>alert"), "{address}");
    }
    // It was not there yet: the page leads to where it is.
    let early = pages.get(&format!("{CLAIM}?as-of=@2"));
    assert_eq!(early.status, 404);
    let shown = Html::parse_document(&early.text());
    assert!(
        text(&shown, "main").contains("not there yet"),
        "{}",
        early.text()
    );
    assert_eq!(all(&shown, &format!("main a[href='{CLAIM}']")).len(), 1);
    let anywhere = pages
        .server
        .ask("GET", "/nowhere", &[("Accept", "text/html")], b"");
    assert_eq!(
        (anywhere.status, anywhere.text().contains("<h1>")),
        (404, true)
    );
    assert_eq!(pages.get("/nowhere").code(), "not_found");
}

#[test]
fn a_page_has_the_headers_that_keep_it_to_itself_and_a_tag_that_spares_it() {
    let pages = Pages::of_reference();
    let reply = pages.get(CLAIM);
    let policy = reply.header("content-security-policy").unwrap();
    assert!(
        policy.starts_with("default-src 'none'") && !policy.contains("unsafe"),
        "{policy}"
    );
    for (name, value) in [
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cache-control", "no-cache"),
    ] {
        assert_eq!(reply.header(name), Some(value), "{name}");
    }
    assert!(reply.header("permissions-policy").is_some());
    assert_eq!(reply.header("access-control-allow-origin"), None);
    let tag = reply.header("etag").unwrap();
    let again = pages
        .server
        .ask("GET", CLAIM, &[("If-None-Match", tag)], b"");
    assert_eq!((again.status, again.body.len()), (304, 0));
    // A browser takes the headers of a 304 over: one of another kind would forbid the page its style.
    assert_eq!(again.header("content-security-policy"), None);
    let head = pages.server.ask("HEAD", CLAIM, &[], b"");
    assert_eq!((head.status, head.body.len()), (200, 0));
}

/// What somebody says.
type Said = (String, Vec<Act>);

/// Something that is said, by lot; what nobody said before.
fn said_by_lot(lot: &mut u64, round: usize) -> Vec<Said> {
    *lot = lot
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    let name = format!("n{round}");
    let by_ada = |acts: Vec<Act>| vec![("ada".to_owned(), acts)];
    let by_a_new_one = |made: Act| {
        vec![
            ("ada".to_owned(), vec![agent(&name)]),
            (name.clone(), vec![made]),
        ]
    };
    match (*lot >> 33) % 11 {
        0 => by_ada(vec![note("claim/x", "Look once more.")]),
        1 => by_ada(vec![note("artifact/z", "A note on a source.")]),
        2 => by_ada(vec![paper(&name), evidence("y", &name, "disputes", "0.6")]),
        3 => by_ada(vec![act(
            "artifact/w",
            "artifact.standing_changed",
            None,
            &format!(r#"{{"standing":"corrected","reason":"Table {round} was wrong."}}"#),
        )]),
        4 => by_ada(vec![act(
            "agent/bea",
            "agent.changed",
            None,
            &format!(r#"{{"name":"Bea {round}"}}"#),
        )]),
        5 => by_a_new_one(attestation("x", "disputes", "0.5")),
        6 => by_ada(vec![
            claim(&name),
            act(
                &format!("claim/{name}"),
                "claim.linked",
                None,
                r#"{"relation":"supports","target":"claim/x","strength":"0.5"}"#,
            ),
        ]),
        7 => by_ada(vec![agent(&name)]),
        8 => by_ada(vec![claim(&name)]),
        9 => by_ada(vec![act(
            "artifact/z",
            "artifact.appraised",
            None,
            &format!(
                r#"{{"credibility":"0.{}","methodology":"0.6"}}"#,
                round % 9 + 1
            ),
        )]),
        // It ends within the run: six hours pass at each round.
        _ => by_a_new_one(act(
            "claim/y",
            "attestation.made",
            None,
            r#"{"verdict":"verifies","weight":"0.5","version":1,"expires":"2026-03-06"}"#,
        )),
    }
}

#[test]
fn a_page_that_was_kept_is_what_a_fresh_one_would_be_after_anything_that_is_said() {
    let lab = Lab::argued();
    let pages = Pages::of(&lab.dir());
    let addresses = [
        "/",
        "/claim/x",
        "/claim/y",
        "/claim/x.json",
        "/claim/y.json",
        "/claim/x.jsonl",
        "/claim/x.atom",
        "/claim/x.jsonld",
        "/claim/x/why",
        "/claim/x/why/support",
        "/claim/y/why/consensus.json",
        "/claim/x/history",
        "/claim/y/blame",
        "/claim/x?as-of=@5",
        "/claim/x.json?as-of=@5",
        "/claim/x?as-of=2030",
        "/claim/y/diff?from=@4",
        "/artifact/z",
        "/agent/bea",
        "/log",
    ];
    let mut lot = 7;
    for round in 0..24 {
        for address in addresses {
            pages.get(address);
        }
        let said = said_by_lot(&mut lot, round);
        lab.clock.pass(6 * 3600);
        for (author, acts) in &said {
            lab.record(author, acts);
        }
        let size = std::fs::read_to_string(lab.dir().join("checkpoint")).unwrap();
        let size: u64 = size.lines().nth(1).unwrap().parse().unwrap();
        pages.server.until("/checkpoint", |reply| {
            reply.text().lines().nth(1) == Some(size.to_string().as_str())
        });
        for address in addresses {
            let kept = pages.get(address).text();
            // An address that was never asked for is drawn afresh; no link on a page has its words.
            let mark = if address.contains('?') { '&' } else { '?' };
            let fresh = pages.get(&format!("{address}{mark}fresh={round}")).text();
            assert_eq!(kept, fresh, "{address} after {said:?}");
        }
        let page = pages.page("/claim/x");
        assert_eq!(text(&page, "[data-fact=size]"), size.to_string());
        let root = std::fs::read_to_string(lab.dir().join("checkpoint")).unwrap();
        assert_eq!(text(&page, "[data-fact=root]").len(), 64, "{root}");
        assert_eq!(
            pages.get("/claim/x.json").text(),
            pages.said(&["show", "claim/x"]),
            "what a program says that keeps nothing"
        );
    }
}

#[test]
fn text_of_a_ledger_is_text_on_the_pages_of_a_server() {
    let lab = Lab::argued();
    let hostile = [
        "\\\"><script>alert(1)</script>",
        "'onmouseover='alert(1)'x='",
        "<svg/onload=alert(1)>",
        "</bdi></title></style><style>*{display:none}</style>",
        "javascript:alert(1)",
        "<!-- &lt;b&gt; {{7*7}}",
    ];
    for (place, text) in hostile.iter().enumerate() {
        let name = format!("h{place}");
        let asserted = act(
            &format!("claim/{name}"),
            "claim.asserted",
            None,
            &format!(
                r#"{{"statement":"{text}","summary":"{text}","domains":[{{"name":"{text}","weight":"1"}}],"nature":"empirical","polarity":"positive","falsifiability":"falsifiable","origin":"authored"}}"#
            ),
        );
        lab.record("ada", &[asserted, note(&format!("claim/{name}"), text)]);
    }
    let pages = Pages::of(&lab.dir());
    let search = "?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E&domain=%3Csvg/onload=alert(1)%3E";
    let mut addresses = vec!["/".to_owned(), "/log".to_owned(), format!("/{search}")];
    for place in 0..hostile.len() {
        for page in [
            "",
            "/why",
            "/history",
            "/blame",
            "/diff?from=@3",
            "?as-of=@8",
        ] {
            addresses.push(format!("/claim/h{place}{page}"));
        }
    }
    for address in &addresses {
        let reply = pages.get(address);
        let page = Html::parse_document(&reply.text());
        is_whole(address, &page);
        assert!(
            all(&page, "main script, main style, svg [onload], main base").is_empty(),
            "{address}"
        );
        for link in all(&page, "a[href]") {
            let to = link.attr("href").unwrap();
            assert!(
                to.starts_with(['/', '#']) || to.starts_with("http"),
                "{address}: {to}"
            );
        }
    }
    let page = pages.page("/claim/h0");
    assert!(text(&page, "h1").contains("\"><script>alert(1)</script>"));
}

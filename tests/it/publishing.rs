//! Publishing: a ledger as files that any file server carries.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use grounds::trust::{Figure, percent};
use scraper::{Html, Selector};
use serde_json::Value;

use crate::lab::{EVENTS, Lab, agent, attestation, claim, evidence, note, paper};
use crate::reference;

const CLAIM: &str = "claim/individual-neurons-rarely-encode-single-concepts";

/// Files by their paths.
type Files = BTreeMap<String, Vec<u8>>;

fn run(ledger: &Path, arguments: &[&str]) -> Output {
    let home = tempfile::tempdir().unwrap();
    Command::new(env!("CARGO_BIN_EXE_grounds"))
        .args(arguments)
        .env_clear()
        .env("GROUNDS_LEDGER", ledger)
        .env("GROUNDS_CACHE", home.path().join("cache"))
        .env("GROUNDS_CONFIG", home.path().join("config"))
        .current_dir(home.path())
        .output()
        .unwrap()
}

fn publish(ledger: &Path, out: &Path) -> Value {
    let output = run(ledger, &["publish", out.to_str().unwrap(), "--json"]);
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn refused(ledger: &Path, out: &Path) -> (i32, String) {
    let output = run(ledger, &["publish", out.to_str().unwrap()]);
    let said = String::from_utf8(output.stderr).unwrap();
    (output.status.code().unwrap(), said)
}

/// The reference ledger's site, and the folder that holds it.
fn reference_site() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let site = folder.path().join("site");
    publish(&reference::folder(), &site);
    (folder, site)
}

fn files(dir: &Path) -> Files {
    let mut found = Files::new();
    let mut open = vec![dir.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
                continue;
            }
            let name = path.strip_prefix(dir).unwrap().to_str().unwrap();
            found.insert(name.to_owned(), std::fs::read(&path).unwrap());
        }
    }
    found
}

fn html(files: &Files, path: &str) -> Html {
    let text = std::str::from_utf8(&files[path]).unwrap();
    Html::parse_document(text)
}

fn json(files: &Files, path: &str) -> Value {
    serde_json::from_slice(&files[path]).unwrap()
}

fn pages(files: &Files) -> impl Iterator<Item = (&String, Html)> {
    let pages = files.iter().filter(|(path, _)| path.ends_with(".html"));
    pages.map(|(path, bytes)| {
        (
            path,
            Html::parse_document(std::str::from_utf8(bytes).unwrap()),
        )
    })
}

/// Where a relative address leads from a file: its path, a folder as its `index.html`; and the
/// fragment.
fn resolved(from: &str, address: &str) -> Option<(String, Option<String>)> {
    let (path, fragment) = match address.split_once('#') {
        Some((path, fragment)) => (path, Some(fragment.to_owned())),
        None => (address, None),
    };
    if path.is_empty() {
        return Some((from.to_owned(), fragment));
    }
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "." | "" => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    let mut file = parts.join("/");
    if path.ends_with('/') {
        file = if file.is_empty() {
            "index.html".to_owned()
        } else {
            format!("{file}/index.html")
        };
    }
    Some((file, fragment))
}

/// Holds that every link of every page leads to a file of the site, and to a place that is there.
fn holds_together(files: &Files) -> usize {
    let linked = Selector::parse("[href], [src], [action]").unwrap();
    let mut places: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut links = Vec::new();
    let named = Selector::parse("[id]").unwrap();
    for (path, page) in pages(files) {
        let ids: Vec<String> = page
            .select(&named)
            .map(|one| one.attr("id").unwrap().to_owned())
            .collect();
        let unique: BTreeSet<String> = ids.iter().cloned().collect();
        assert_eq!(ids.len(), unique.len(), "{path}: an id twice");
        places.insert(path.clone(), unique);
        for element in page.select(&linked) {
            let address = ["href", "src", "action"]
                .iter()
                .find_map(|name| element.attr(name));
            links.push((path.clone(), address.unwrap().to_owned()));
        }
    }
    let inside: Vec<_> = links
        .iter()
        .filter(|(_, address)| !address.starts_with("https://") && !address.starts_with("http://"))
        .collect();
    for (from, address) in &inside {
        let (file, fragment) =
            resolved(from, address).unwrap_or_else(|| panic!("{from}: {address} leads out"));
        assert!(
            files.contains_key(&file),
            "{from}: {address} leads to {file}, which is not there"
        );
        if let Some(fragment) = fragment {
            assert!(places[&file].contains(&fragment), "{from}: {address}");
        }
    }
    inside.len()
}

#[test]
fn every_link_leads_to_a_file_of_the_site() {
    let (_folder, site) = reference_site();
    assert!(holds_together(&files(&site)) > 1000);
}

#[test]
fn publishing_again_writes_nothing() {
    let (_folder, site) = reference_site();
    let before = files(&site);
    let again = publish(&reference::folder(), &site);
    assert_eq!(
        (&again["written"], &again["removed"]),
        (&0.into(), &0.into())
    );
    assert_eq!(files(&site), before);
}

#[test]
fn every_figure_on_a_page_is_the_one_in_its_json() {
    let (_folder, site) = reference_site();
    let files = files(&site);
    let shown = Selector::parse("[data-figure]").unwrap();
    let mut checked = 0;
    for (path, page) in pages(&files) {
        let beside = path.trim_end_matches("/index.html");
        let of_claim = beside.split("/why").next().unwrap();
        let Some(bytes) = files.get(&format!("{of_claim}.json")) else {
            continue;
        };
        let json: Value = serde_json::from_slice(bytes).unwrap();
        for element in page.select(&shown) {
            let name = element.attr("data-figure").unwrap();
            let expected = json["profile"]["figures"][name].as_u64();
            let text: String = element.text().collect();
            assert_eq!(
                element.attr("value").map(|ppm| ppm.parse().unwrap()),
                expected,
                "{path}: {name}"
            );
            if !path.contains("/why/") {
                let whole = |ppm| format!("{}%", percent(u32::try_from(ppm).unwrap()));
                assert_eq!(
                    text,
                    expected.map_or("—".to_owned(), whole),
                    "{path}: {name}"
                );
            }
            checked += 1;
        }
    }
    // Twelve claim pages with eleven figures each, and the pages that say why.
    assert!(checked > 300, "{checked}");
    assert_eq!(Figure::ALL.len(), 11);
}

#[test]
fn what_the_site_says_in_json_the_commands_say_as_well() {
    let (_folder, site) = reference_site();
    let files = files(&site);
    let said = |arguments: &[&str]| {
        let mut all = arguments.to_vec();
        all.push("--json");
        run(&reference::folder(), &all).stdout
    };
    for (path, arguments) in [
        (format!("{CLAIM}.json"), vec!["show", CLAIM]),
        (format!("{CLAIM}/blame.json"), vec!["blame", CLAIM]),
        (format!("{CLAIM}/history.json"), vec!["log", CLAIM]),
        (
            format!("{CLAIM}/why/support.json"),
            vec!["why", CLAIM, "support"],
        ),
        ("claims.json".to_owned(), vec!["list"]),
        ("log.json".to_owned(), vec!["log"]),
        ("ledger.json".to_owned(), vec!["show", "ledger"]),
        (
            "artifact/toy-models-of-superposition.json".to_owned(),
            vec!["show", "artifact/toy"],
        ),
        (
            "agent/curator.json".to_owned(),
            vec!["show", "agent/curator"],
        ),
        (
            "context/small-toy-models.json".to_owned(),
            vec!["show", "context/small"],
        ),
        (
            "view/strict-empirical.json".to_owned(),
            vec!["show", "view/strict"],
        ),
    ] {
        assert_eq!(
            String::from_utf8_lossy(&files[&path]),
            String::from_utf8_lossy(&said(&arguments)),
            "{path}"
        );
    }
    let lines = run(&reference::folder(), &["export", "jsonl", CLAIM]).stdout;
    assert_eq!(files[&format!("{CLAIM}.jsonl")], lines);
    // A past state says the same but for the head, which is its own.
    let mut past = json(&files, &format!("{CLAIM}/as-of/9.json"));
    let mut shown: Value =
        serde_json::from_slice(&said(&["show", CLAIM, "--as-of", "@9"])).unwrap();
    assert_eq!(past["head"]["size"], 10);
    for one in [&mut past, &mut shown] {
        one["head"].take();
    }
    assert_eq!(past, shown);
}

/// Words with single spaces, relations as they are read.
fn words(text: &str) -> String {
    let text = text.replace("holds_in", "holds in");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn everything_that_the_reference_page_says_is_on_the_claim_page() {
    let (_folder, site) = reference_site();
    let page = html(&files(&site), &format!("{CLAIM}/index.html"));
    let main = Selector::parse("main").unwrap();
    let text: Vec<&str> = page.select(&main).next().unwrap().text().collect();
    let shown = words(&text.join(" ")).to_lowercase();
    // What the page says in its own way: names of figures in full, marks, headings of lists.
    let ours = |line: &str| match line {
        "dimensions" => "the eight dimensions",
        "derived scores" => "support",
        "evid" | "repl" | "cons" | "meth" | "cred" | "scop" | "cont" | "supp" | "fron" | "stab" => {
            ""
        }
        "brdg" => "bridge",
        "evidence 3" => "evidence · 2 for, 1 against",
        "↑ supporting 2" => "↑",
        "↓ disputing 1" => "↓",
        "supports · artifact" => "supports",
        "disputes · artifact" => "disputes",
        "neighborhood 1" => "neighborhood",
        _ => "-",
    };
    for line in include_str!("../fixtures/claim-page.txt").lines() {
        let line = words(line).to_lowercase();
        let parts: Vec<String> = match ours(&line) {
            "-" => line
                .split([' ', '(', ')', ','])
                .map(str::to_owned)
                .collect(),
            given => vec![given.to_owned()],
        };
        for part in parts {
            assert!(shown.contains(&part), "{line}: {part}\nin {shown}");
        }
    }
}

#[test]
fn the_claim_page_is_as_it_was_looked_at() {
    let (_folder, site) = reference_site();
    let page = &files(&site)[&format!("{CLAIM}/index.html")];
    let text = String::from_utf8(page.clone()).unwrap();
    // An element a line, so that a change is seen where it is.
    let text = text.replace("><", ">\n<");
    let text = text.replace(&grounds::net::page::page_file(), "page-HASH.mjs");
    let text = text.replace(&grounds::net::page::style_file(), "style-HASH.css");
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("claim-page-html", text);
    });
}

/// A ledger in which much happens, and after which step.
fn steps(lab: &Lab, step: usize) {
    match step {
        0 => {
            lab.record("ada", &[note("claim/y", "Look again.")]);
        }
        1 => {
            lab.record("ada", &[claim("v"), paper("u"), evidence_of("v", "u")]);
            lab.record("bea", &[attestation("v", "disputes", "0.4")]);
        }
        _ => {
            let standing = reference::build::act(
                "artifact/z",
                "artifact.standing_changed",
                None,
                r#"{"standing":"retracted","reason":"Made up.","notice":"https://example.org/notice"}"#,
            );
            lab.record("ada", &[standing]);
            lab.record("ada", &[agent("cyd")]);
        }
    }
}

fn evidence_of(claim: &str, source: &str) -> grounds::claim::Act {
    evidence(claim, source, "supports", "0.6")
}

fn is_older_tile(path: &str, size: usize) -> bool {
    path.starts_with("tile/") && path.contains(".p/") && !path.ends_with(&format!("/{size}"))
}

#[test]
fn a_site_that_grew_is_the_one_that_is_made_from_scratch() {
    let lab = Lab::argued();
    let grown = lab.beside("grown");
    publish(&lab.dir(), &grown);
    for step in 0..3 {
        let before = files(&grown);
        steps(&lab, step);
        let answer = publish(&lab.dir(), &grown);
        let fresh = lab.beside(&format!("fresh-{step}"));
        publish(&lab.dir(), &fresh);
        let size = lab.lines().len();
        let mut found = files(&grown);
        let held = found.len();
        // Tiles of the heads before stay until they are whole.
        found.retain(|path, _| !is_older_tile(path, size) && path != ".grounds-site.json");
        let mut expected = files(&fresh);
        expected.remove(".grounds-site.json");
        assert_eq!(
            found.keys().collect::<Vec<_>>(),
            expected.keys().collect::<Vec<_>>()
        );
        for (path, bytes) in &expected {
            assert!(found[path] == *bytes, "{path}");
        }
        assert!(holds_together(&expected) > 100);
        // What is past is written once.
        let written = answer["written"].as_u64().unwrap();
        let changed = files(&grown)
            .iter()
            .filter(|(path, bytes)| before.get(*path) != Some(bytes))
            .count() as u64;
        assert_eq!(written + 1, changed, "all that changed, and the record");
        let past = |files: &Files| {
            files
                .iter()
                .filter(|(path, _)| path.contains("/as-of/"))
                .map(|(p, b)| (p.clone(), b.clone()))
                .collect::<Files>()
        };
        assert!(
            past(&before)
                .iter()
                .all(|(path, bytes)| past(&found).get(path) == Some(bytes))
        );
        assert!(held > before.len());
    }
    let page = files(&grown)["artifact/z/index.html"].clone();
    let page = Html::parse_document(std::str::from_utf8(&page).unwrap());
    let text: String = page.root_element().text().collect();
    assert!(
        text.contains("Claims that it touched") && text.contains("It is so: x"),
        "{text}"
    );
}

#[test]
fn what_somebody_else_put_there_stays() {
    let lab = Lab::argued();
    let site = lab.beside("site");
    std::fs::create_dir_all(&site).unwrap();
    std::fs::write(site.join("CNAME"), "claims.example").unwrap();
    publish(&lab.dir(), &site);
    std::fs::write(site.join("claim/x/index.html"), "rewritten by hand").unwrap();
    std::fs::write(site.join("claim/x/mine.txt"), "mine").unwrap();
    publish(&lab.dir(), &site);
    let found = files(&site);
    assert_eq!(found["CNAME"], b"claims.example");
    assert_eq!(found["claim/x/mine.txt"], b"mine");
    assert!(found["claim/x/index.html"].starts_with(b"<!DOCTYPE html>"));
}

#[test]
fn a_folder_of_somebody_elses_is_not_published_into() {
    let lab = Lab::argued();
    let site = lab.beside("site");
    std::fs::create_dir_all(&site).unwrap();
    std::fs::write(site.join("index.html"), "mine").unwrap();
    let (code, said) = refused(&lab.dir(), &site);
    assert_eq!(code, 1);
    assert!(
        said.contains("found index.html, which no publish wrote"),
        "{said}"
    );
    assert_eq!(files(&site).len(), 1);
    // Nor the ledger itself, nor the site of another ledger.
    let before = files(&lab.dir());
    assert_eq!(refused(&lab.dir(), &lab.dir()).0, 1);
    assert_eq!(files(&lab.dir()), before);
    let (_folder, other) = reference_site();
    let before = files(&other);
    assert_eq!(refused(&Lab::founded().dir(), &other).0, 1);
    assert_eq!(files(&other), before);
}

#[test]
fn whatever_a_site_has_at_its_top_is_not_written_over_where_it_is_somebody_elses() {
    let lab = Lab::argued();
    let (_folder, reference) = reference_site();
    let argued = lab.beside("argued");
    publish(&lab.dir(), &argued);
    let is_named_by_its_bytes = |name: &str| {
        ["style-", "verify-", "page-"]
            .iter()
            .any(|start| name.starts_with(start))
    };
    let mut tried = 0;
    for path in files(&reference).keys().chain(files(&argued).keys()) {
        let name = path.split('/').next().unwrap();
        let site = lab.beside(&format!("with-{name}"));
        if name.starts_with('.') || is_named_by_its_bytes(name) || site.exists() {
            continue;
        }
        std::fs::create_dir_all(&site).unwrap();
        std::fs::write(site.join(name), "mine").unwrap();
        let (code, said) = refused(&lab.dir(), &site);
        assert_eq!(code, 1, "{name}");
        assert!(
            said.contains(&format!("found {name}, which no publish wrote")),
            "{said}"
        );
        assert_eq!(
            files(&site),
            Files::from([(name.to_owned(), b"mine".to_vec())])
        );
        tried += 1;
    }
    assert!(tried > 15, "{tried}");
}

#[test]
fn a_ledger_that_was_rolled_back_is_not_published_over_its_site() {
    let lab = Lab::argued();
    let site = lab.beside("site");
    publish(&lab.dir(), &site);
    let before = files(&site);
    let lines = lab.lines();
    crate::lab::put_lines(&lab.dir(), &lines[..lines.len() - 1]);
    let (code, said) = refused(&lab.dir(), &site);
    assert_eq!(code, 1);
    assert!(said.starts_with("error[rollback]"), "{said}");
    assert_eq!(files(&site), before);
}

#[test]
fn a_damaged_ledger_is_not_published() {
    let lab = Lab::argued();
    let path = lab.dir().join(EVENTS);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replacen("It was seen.", "It was told.", 1)).unwrap();
    let site = lab.beside("site");
    let (code, said) = refused(&lab.dir(), &site);
    assert_eq!(code, 3);
    assert!(said.contains("nothing was published"), "{said}");
    assert!(!site.exists());
}

/// Puts the mark of a withheld entry in the place of one.
fn withhold(lab: &Lab, index: usize) {
    let mut all = lab.lines();
    let leaf = grounds::tlog::leaf_hash(all[index].as_bytes());
    all[index] = format!("{{\"leaf\":\"{leaf}\",\"withheld\":\"By order of a court\"}}");
    std::fs::write(lab.dir().join(EVENTS), all.join("\n") + "\n").unwrap();
    // Tiles of lines that are no longer there go with them.
    let _ = std::fs::remove_dir_all(lab.dir().join("tile/entries"));
}

#[test]
fn what_is_withheld_is_gone_from_a_site_that_is_published_again() {
    let lab = Lab::founded();
    lab.record("ada", &[claim("x"), paper("z")]);
    lab.record("ada", &[note("claim/x", "A slander of somebody.")]);
    let site = lab.beside("site");
    publish(&lab.dir(), &site);
    lab.record("ada", &[evidence_of("x", "z")]);
    publish(&lab.dir(), &site);
    let tells = |files: &Files| {
        let slander = "A slander of somebody.".as_bytes();
        let holds = |bytes: &[u8]| bytes.windows(slander.len()).any(|part| part == slander);
        files
            .iter()
            .filter(|(_, bytes)| holds(bytes))
            .map(|(path, _)| path.clone())
            .collect::<Vec<_>>()
    };
    let before = tells(&files(&site));
    assert!(
        before.iter().any(|path| path.starts_with("claim/x/as-of/")),
        "{before:?}"
    );
    withhold(&lab, 2);
    publish(&lab.dir(), &site);
    let found = files(&site);
    assert_eq!(tells(&found), Vec::<String>::new());
    holds_together(&found);
    let page = html(&found, "claim/x/index.html");
    let text: String = page.root_element().text().collect();
    assert!(
        text.contains("An entry of this claim is missing from this copy"),
        "{text}"
    );
    let again = publish(&lab.dir(), &site);
    assert_eq!(again["written"], 0);
}

#[test]
fn tiles_and_checkpoint_are_those_of_the_ledger() {
    let (_folder, site) = reference_site();
    let (site, ledger) = (files(&site), files(&reference::folder()));
    let served = ledger
        .iter()
        .filter(|(path, _)| path.starts_with("tile/") || *path == "checkpoint");
    let mut count = 0;
    for (path, bytes) in served {
        assert_eq!(&site[path], bytes, "{path}");
        count += 1;
    }
    assert_eq!(count, 3);
}

#[test]
fn what_proves_a_page_stands_beside_it_and_holds_without_the_site() {
    let (_folder, site) = reference_site();
    let files = files(&site);
    let bundle = format!("{CLAIM}.claim.json");
    let page = html(&files, &format!("{CLAIM}/index.html"));
    let place = Selector::parse("[data-proof]").unwrap();
    let place = page.select(&place).next().unwrap();
    let (leads, _) = resolved(
        &format!("{CLAIM}/index.html"),
        place.attr("data-bundle").unwrap(),
    )
    .unwrap();
    assert_eq!(leads, bundle);
    let genesis = std::fs::read_to_string(reference::folder().join("events/000000000000.jsonl"));
    let genesis: Value = serde_json::from_str(genesis.unwrap().lines().next().unwrap()).unwrap();
    let vkey = genesis["commit"]["events"][0]["data"]["log_key"].clone();
    let path = site.join(&bundle);
    let words = ["check", path.to_str().unwrap(), "--claim", CLAIM, "--vkey"];
    let words: Vec<&str> = words.into_iter().chain(vkey.as_str()).collect();
    let checked = run(&site, &words);
    assert!(checked.status.success(), "{checked:?}");
}

#[test]
fn scripts_are_files_named_by_their_bytes_and_only_claim_pages_load_one() {
    let (_folder, site) = reference_site();
    let files = files(&site);
    for (path, bytes) in files.iter().filter(|(path, _)| path.ends_with(".mjs")) {
        let hash = grounds::hash::Hash::of(bytes).to_string();
        assert!(path.contains(&hash[..16]), "{path}");
    }
    let scripts = Selector::parse("script").unwrap();
    for (path, page) in pages(&files) {
        let is_claim = Selector::parse("[data-proof]").unwrap();
        let count = page.select(&scripts).count();
        assert_eq!(count, page.select(&is_claim).count(), "{path}");
        for script in page.select(&scripts) {
            let (leads, _) = resolved(path, script.attr("src").unwrap()).unwrap();
            assert_eq!(leads, grounds::net::page::page_file());
        }
        let policy = Selector::parse("meta[http-equiv]").unwrap();
        let policy = page.select(&policy).next().unwrap().attr("content");
        assert!(policy.unwrap().contains("script-src 'self'; "), "{path}");
        assert!(!policy.unwrap().contains("unsafe"), "{path}");
    }
}

#[test]
fn a_claim_that_no_map_covers_says_that_nothing_proves_its_page() {
    let lab = Lab::argued();
    let site = lab.beside("site");
    publish(&lab.dir(), &site);
    let files = files(&site);
    assert!(!files.keys().any(|path| path.ends_with(".claim.json")));
    let page = html(&files, "claim/y/index.html");
    let text: String = page.root_element().text().collect();
    assert!(
        text.contains("There is no bundle that proves this page"),
        "{text}"
    );
}

#[test]
fn what_witnesses_signed_goes_with_the_site_and_the_pages_name_them() {
    let lab = crate::witnesses::witnessed();
    let site = lab.beside("site");
    publish(&lab.dir(), &site);
    let (site, ledger) = (files(&site), files(&lab.dir()));
    let of_witnesses = |path: &&String| path.starts_with("cosigned/") || *path == "policy";
    let expected: Vec<&String> = ledger.keys().filter(of_witnesses).collect();
    assert_eq!(expected, ["cosigned/000000000008", "policy"]);
    for path in &expected {
        assert_eq!(site[*path], ledger[*path], "{path}");
    }
    let said = |page: &str, line: &str| {
        let line = Selector::parse(line).unwrap();
        let page = html(&site, page);
        let found = page.select(&line).next().unwrap();
        found.text().collect::<String>()
    };
    // The log says who cosigned, and that it is the log that says so.
    let custody = said("claim/x/index.html", "#custody [data-check=witnesses]");
    let expected = "cosigned by w0.example (2026-03-02 09:16 UTC), w1.example (2026-03-02 09:17 UTC); it is the ledger that names them";
    assert!(custody.contains(expected), "{custody}");
    assert!(custody.starts_with('?'), "{custody}");
    let audit = said("audit/index.html", "[data-check=witnesses]");
    assert!(
        audit.contains("cosigned by a, b: named by the ledger's own policy"),
        "{audit}"
    );
}

/// Files in memory; the disk is full after so many.
struct Brittle {
    files: Files,
    left: usize,
}

impl grounds::net::page::Shelf for Brittle {
    type Error = String;

    fn has(&mut self, _: &str) -> Result<bool, String> {
        Ok(false)
    }

    fn put(&mut self, path: &str, bytes: &[u8]) -> Result<(), String> {
        self.left = self.left.checked_sub(1).ok_or("the disk is full")?;
        self.files.insert(path.to_owned(), bytes.to_vec());
        Ok(())
    }
}

#[test]
fn a_publish_that_stops_between_files_leaves_a_checkpoint_whose_entries_are_all_there() {
    let lab = Lab::argued();
    let on = |files: Files, left: usize| {
        let ledger = grounds::ledger::Ledger::open(&lab.dir(), None).unwrap();
        let report = crate::lab::examined(&lab.dir(), &grounds::ledger::audit::Standard::default());
        let mut shelf = Brittle { files, left };
        let done = grounds::net::page::site(&ledger, &report, &mut shelf).is_ok();
        (shelf.files, done)
    };
    let (old, done) = on(Files::new(), usize::MAX);
    assert!(done);
    steps(&lab, 1);
    let (new, _) = on(Files::new(), usize::MAX);
    let size = |files: &Files| {
        let note = std::str::from_utf8(&files["checkpoint"]).unwrap();
        note.lines().nth(1).unwrap().parse::<u64>().unwrap()
    };
    assert!(size(&old) < size(&new));
    for left in (0..new.len()).step_by(7).chain([new.len() - 1]) {
        let (torn, done) = on(old.clone(), left);
        assert!(!done);
        assert_eq!(torn["checkpoint"], old["checkpoint"], "after {left} files");
        for tile in grounds::tlog::tiles_for(size(&torn)) {
            assert!(
                torn.contains_key(&tile.path()),
                "{} after {left} files",
                tile.path()
            );
        }
        let bundle = grounds::tlog::partial_bundle(size(&torn)).unwrap();
        assert!(torn.contains_key(&bundle.path()), "after {left} files");
    }
    // Published again, it is the site that it would have been.
    let (torn, _) = on(old.clone(), new.len() / 2);
    let (healed, done) = on(torn, usize::MAX);
    assert!(done);
    for (path, bytes) in &new {
        assert!(healed[path] == *bytes, "{path}");
    }
}

#[test]
fn a_feed_names_its_events_by_tags_and_links_to_them() {
    let (_folder, site) = reference_site();
    let files = files(&site);
    for path in ["log.atom".to_owned(), format!("{CLAIM}.atom")] {
        let text = std::str::from_utf8(&files[&path]).unwrap();
        assert!(text.starts_with("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\">"));
        let links: Vec<&str> = text
            .split("href=\"")
            .skip(1)
            .map(|rest| rest.split('"').next().unwrap())
            .collect();
        for link in links {
            let (file, _) = resolved(&path, link).unwrap();
            assert!(files.contains_key(&file), "{path}: {link}");
        }
        let ids: Vec<&str> = text
            .split("<id>")
            .skip(1)
            .map(|rest| rest.split('<').next().unwrap())
            .collect();
        assert!(
            ids.iter()
                .all(|id| id.starts_with("tag:grounds.example,2026-03-02:reference/")),
            "{ids:?}"
        );
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
    }
}

#[test]
fn a_site_that_is_watched_follows_the_ledger() {
    let lab = Lab::argued();
    let site = lab.beside("site");
    let mut child = Command::new(env!("CARGO_BIN_EXE_grounds"))
        .args(["publish", site.to_str().unwrap(), "--watch"])
        .env_clear()
        .env("GROUNDS_LEDGER", lab.dir())
        .env("GROUNDS_CONFIG", lab.beside("config"))
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let follows = |what: &dyn Fn() -> bool| {
        (0..200).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(50));
            what()
        })
    };
    let begun = follows(&|| site.join("checkpoint").exists());
    lab.record("ada", &[claim("later")]);
    let head = std::fs::read(lab.dir().join("checkpoint")).unwrap();
    let followed =
        follows(&|| std::fs::read(site.join("checkpoint")).is_ok_and(|found| found == head));
    let is_there = site.join("claim/later/index.html").exists();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(
        begun && followed && is_there,
        "{begun} {followed} {is_there}"
    );
}

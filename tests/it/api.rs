//! The API: what it answers is what the command line prints; lists are walked whole, in one state;
//! what is asked wrongly is refused.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::desk::Desk;
use crate::reference;
use crate::server_desk::{Reply, Server};

const CLAIM: &str = "individual-neurons-rarely-encode-single-concepts";

/// A desk with a copy of the reference ledger, which nobody there can write to.
fn reference_desk() -> Desk {
    let desk = Desk::empty();
    let from = reference::folder();
    let mut open = vec![(from, desk.path("ledger"))];
    while let Some((from, to)) = open.pop() {
        std::fs::create_dir_all(&to).unwrap();
        for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
            let to = to.join(entry.file_name());
            match entry.path().is_dir() {
                true => open.push((entry.path(), to)),
                false => drop(std::fs::copy(entry.path(), to).unwrap()),
            }
        }
    }
    desk
}

/// A ledger with several claims, and a server that reads it while the command line writes.
fn busy() -> (Desk, Server) {
    let desk = Desk::argued();
    for name in [
        "Features are directions",
        "Neurons are rare",
        "Zebras are striped",
    ] {
        desk.yes(&["claim", "add", name]);
    }
    let server = Server::start(&desk, &["--read-only"]);
    (desk, server)
}

fn answered(reply: Reply) -> Value {
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.header("content-type"), Some("application/json"));
    reply.json()
}

#[test]
fn every_answer_is_byte_by_byte_what_the_command_line_prints() {
    let desk = reference_desk();
    let server = Server::start(&desk, &[]);
    let list = desk.say("list|--json").json();
    let artifact = desk.say("export jsonl").out;
    let artifact = artifact.lines().find_map(|line| {
        let event: Value = serde_json::from_str(line).unwrap();
        let subject = event["subject"].as_str().unwrap().to_owned();
        subject.strip_prefix("artifact/").map(str::to_owned)
    });
    let artifact = artifact.unwrap();
    let agent = list["head"]["origin"].as_str().map(|_| "curator").unwrap();
    for (path, line) in [
        ("claims".to_owned(), "list".to_owned()),
        (
            "claims?sort=-supp&limit=5".to_owned(),
            "list|--sort|-supp|-n|5".to_owned(),
        ),
        (
            "claims?q=neurons%20concept".to_owned(),
            "list|--search|neurons concept".to_owned(),
        ),
        (
            "claims?status=contested".to_owned(),
            "list|--status|contested".to_owned(),
        ),
        (format!("claims/{CLAIM}"), format!("show|claim/{CLAIM}")),
        (
            format!("claims/{CLAIM}/events"),
            format!("log|claim/{CLAIM}"),
        ),
        (
            format!("claims/{CLAIM}/events?type=evidence"),
            format!("log|claim/{CLAIM}|--type|evidence"),
        ),
        (
            format!("claims/{CLAIM}/why/support"),
            format!("why|claim/{CLAIM}|support"),
        ),
        (
            format!("claims/{CLAIM}/why/cont"),
            format!("why|claim/{CLAIM}|cont"),
        ),
        (
            format!("claims/{CLAIM}/blame"),
            format!("blame|claim/{CLAIM}"),
        ),
        (
            format!("claims/{CLAIM}/cite"),
            format!("cite|claim/{CLAIM}"),
        ),
        (
            format!("claims/{CLAIM}/diff?from=@6&to=@12"),
            format!("diff|claim/{CLAIM}|--from|@6|--to|@12"),
        ),
        (
            format!("claims/{CLAIM}/diff?clock=effective&from=2022&to=2024"),
            format!("diff|claim/{CLAIM}|--clock|effective|--from|2022|--to|2024"),
        ),
        (
            format!("artifacts/{artifact}"),
            format!("show|artifact/{artifact}"),
        ),
        (format!("agents/{agent}"), format!("show|agent/{agent}")),
        ("log".to_owned(), "log".to_owned()),
        (
            "log?author=curator&limit=3".to_owned(),
            "log|--author|curator|-n|3".to_owned(),
        ),
        ("ledger".to_owned(), "show|ledger".to_owned()),
    ] {
        let reply = server.get(&format!("/api/v1/{path}"));
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
        let printed = desk.say(&format!("{line}|--json")).out;
        let (mut said, mut printed): (Value, Value) = match path.contains("limit=3") {
            // Where there is more, a server says how to go on.
            true => (reply.json(), serde_json::from_str(&printed).unwrap()),
            false => {
                assert_eq!(reply.text(), printed, "{path}");
                continue;
            }
        };
        assert!(said["next"].take().is_string());
        said.as_object_mut().unwrap().remove("next");
        assert_eq!(said, printed.take(), "{path}");
    }
}

#[test]
fn a_past_state_is_told_as_the_command_line_tells_it() {
    let desk = reference_desk();
    let server = Server::start(&desk, &[]);
    for asked in [
        "as-of=@9",
        "as-of=@12",
        "effective=2023",
        "model=claim_support_vector",
    ] {
        let (name, value) = asked.split_once('=').unwrap();
        for (path, line) in [
            ("claims".to_owned(), "list".to_owned()),
            (format!("claims/{CLAIM}"), format!("show|claim/{CLAIM}")),
            (
                format!("claims/{CLAIM}/why/support"),
                format!("why|claim/{CLAIM}|support"),
            ),
            ("ledger".to_owned(), "show|ledger".to_owned()),
        ] {
            let reply = server.get(&format!("/api/v1/{path}?{asked}"));
            let printed = desk.run(
                &line
                    .split('|')
                    .chain([&*format!("--{name}"), value, "--json"])
                    .collect::<Vec<_>>(),
            );
            match printed.code {
                0 => assert_eq!(reply.text(), printed.out, "{path}?{asked}"),
                code => assert_eq!((reply.status, code), (404, 6), "{path}?{asked}"),
            }
        }
    }
    let replayed = desk.say("replay|--json|--as-of|@12").json();
    let profile = answered(server.get(&format!("/api/v1/claims/{CLAIM}/profile?as_of=@12")));
    assert_eq!(profile["schema"], "grounds.replay.claim/1");
    assert_eq!(profile["profile"], replayed["claims"][0]["profile"]);
    let bundle = server.get(&format!("/api/v1/claims/{CLAIM}/bundle"));
    match desk.run(&["bundle", CLAIM]).code {
        0 => assert_eq!(bundle.text(), desk.run(&["bundle", CLAIM]).out),
        _ => assert_eq!((bundle.status, bundle.code().as_str()), (404, "map")),
    }
    let proof = server.get("/api/v1/prove/@9");
    assert_eq!(proof.text(), desk.say("prove|@9").out);
    let head = desk.say("list|--json").json()["head"].clone();
    let steps = answered(server.get(&format!("/api/v1/claims/{CLAIM}/history")));
    let shown = desk.say(&format!("show|claim/{CLAIM}|--json")).json();
    let last = steps["steps"].as_array().unwrap().last().unwrap();
    assert_eq!(last["figures"], shown["profile"]["figures"]);
    assert_eq!(steps["head"], head);
}

/// All parts of a list, from the first on.
fn walked(server: &Server, path: &str, rows: &str, between: &mut dyn FnMut(usize)) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), None::<String>);
    for part in 0.. {
        let join = if path.contains('?') { '&' } else { '?' };
        let more = cursor.map_or_else(String::new, |cursor| format!("&cursor={cursor}"));
        let answer = answered(server.get(&format!("{path}{join}limit=2{more}")));
        all.extend(answer[rows].as_array().unwrap().iter().cloned());
        assert!(part < 1000);
        let Some(next) = answer["next"].as_str() else {
            break;
        };
        cursor = Some(next.to_owned());
        between(part);
    }
    all
}

#[test]
fn a_walk_sees_everything_once_in_each_order_also_while_the_log_grows() {
    let (desk, server) = busy();
    let mut number = 0;
    for (path, rows) in [
        ("/api/v1/claims", "claims"),
        ("/api/v1/claims?sort=-slug", "claims"),
        ("/api/v1/claims?sort=updated", "claims"),
        ("/api/v1/claims?sort=supp&reverse=true", "claims"),
        ("/api/v1/log", "events"),
        ("/api/v1/agents", "rows"),
        ("/api/v1/search?q=are", "found"),
    ] {
        let join = if path.contains('?') { '&' } else { '?' };
        let whole = answered(server.get(&format!("{path}{join}limit=500")))[rows].clone();
        let whole = whole.as_array().unwrap().clone();
        assert!(whole.len() > 1, "{path}");
        let size = server.size();
        let parts = walked(&server, path, rows, &mut |part| {
            if part == 0 {
                number += 1;
                desk.yes(&["claim", "add", &format!("Aardvarks are {number} animals")]);
                server.until("/checkpoint", |reply| {
                    reply.text().lines().nth(1).unwrap().parse::<u64>().unwrap() > size
                });
            }
        });
        assert_eq!(parts, whole, "{path}");
        let unique: BTreeSet<String> = parts.iter().map(Value::to_string).collect();
        assert_eq!(unique.len(), parts.len(), "{path}");
    }
}

#[test]
fn a_cursor_goes_on_at_its_own_head_and_nowhere_else() {
    let (desk, server) = busy();
    let first = answered(server.get("/api/v1/claims?limit=1"));
    let cursor = first["next"].as_str().unwrap().to_owned();
    let size = server.size();
    desk.yes(&["claim", "add", "Aardvarks are animals"]);
    server.until("/checkpoint", |_| server.size() > size);
    let second = answered(server.get(&format!("/api/v1/claims?limit=1&cursor={cursor}")));
    assert_eq!(second["count"], first["count"]);
    assert_eq!(second["head"]["entries"], size);
    assert_eq!(second["head"]["as_of"], format!("@{}", size - 1));
    let mut foreign = cursor.clone().into_bytes();
    foreign[12] = if foreign[12] == b'A' { b'B' } else { b'A' };
    let foreign = String::from_utf8(foreign).unwrap();
    for path in [
        format!("claims?cursor={cursor}&sort=updated"),
        format!("claims?cursor={cursor}&as-of=@3"),
        format!("claims?cursor={foreign}"),
        format!("artifacts?cursor={cursor}"),
        format!("log?cursor={cursor}"),
        "claims?cursor=next".to_owned(),
        "claims?cursor=%00".to_owned(),
        "claims?cursor=".to_owned(),
    ] {
        let reply = server.get(&format!("/api/v1/{path}"));
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (400, "cursor"),
            "{path}"
        );
    }
    // Another ledger has other heads.
    let (_other, elsewhere) = busy();
    let reply = elsewhere.get(&format!("/api/v1/claims?limit=1&cursor={cursor}"));
    assert_eq!((reply.status, reply.code().as_str()), (400, "cursor"));
}

#[test]
fn what_is_asked_wrongly_is_refused_with_its_code() {
    let desk = reference_desk();
    let server = Server::start(&desk, &[]);
    for (status, code, path) in [
        (400, "usage", "claims?limit=0"),
        (400, "usage", "claims?limit=-1"),
        (400, "usage", "claims?limit=1000000000"),
        (400, "usage", "claims?limit=99999999999999999999999"),
        (400, "usage", "claims?limit=ten"),
        (400, "usage", "claims?limit=5&limit=6"),
        (400, "usage", "claims?statsu=contested"),
        (400, "usage", "claims?status=ready"),
        (400, "usage", "claims?sort=truth"),
        (400, "usage", "claims?reverse=perhaps"),
        (400, "usage", "claims?view=a:maybe"),
        (400, "usage", "claims?q=%ff"),
        (400, "usage", "claims?as-of=yesterday"),
        (400, "usage", "claims?effective=@4"),
        (400, "usage", "claims?model=truth@v9"),
        (400, "usage", "log?type=opinion"),
        (400, "usage", "log?effective=2023"),
        (400, "usage", "search"),
        (400, "usage", "prove/2026-03"),
        (400, "usage", "prove/@x"),
        (400, "usage", &format!("claims/{CLAIM}/diff")),
        (
            400,
            "usage",
            &format!("claims/{CLAIM}/diff?from=@1&clock=sun"),
        ),
        (404, "not_found", "claims?view=no-such-view"),
        (404, "not_found", "claims?as-of=@100000"),
        (404, "not_found", "claims/no-such-claim"),
        (404, "not_found", "claims/No%20Slug"),
        (404, "not_found", "claims/individual-neurons"),
        (404, "not_found", &format!("claims/{CLAIM}?as-of=@0")),
        (404, "not_found", &format!("claims/{CLAIM}/why/truth")),
        (404, "not_found", &format!("claims/{CLAIM}/nothing")),
        (404, "not_found", "artifacts/no-such-artifact"),
        (404, "not_found", "prove/@100000"),
        (404, "not_found", "nothing"),
    ] {
        let reply = server.get(&format!("/api/v1/{path}"));
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (status, code),
            "{path}: {}",
            reply.text()
        );
        let kind = reply.header("content-type");
        assert_eq!(kind, Some("application/problem+json"), "{path}");
        assert_eq!(reply.json()["status"], status, "{path}");
    }
    let reply = server.ask("DELETE", "/api/v1/claims", &[], b"");
    assert_eq!((reply.status, reply.code().as_str()), (405, "method"));
    assert!(reply.header("allow").unwrap().contains("GET"));
}

#[test]
fn a_head_has_no_body_and_what_the_asker_has_is_not_sent_again() {
    let (desk, server) = busy();
    for path in [
        "/api/v1/claims",
        "/api/v1/log",
        "/api/v1/prove/@1",
        "/openapi.json",
    ] {
        let whole = server.get(path);
        let head = server.ask("HEAD", path, &[], b"");
        assert_eq!(head.status, 200, "{path}");
        assert!(head.body.is_empty(), "{path}");
        for name in ["etag", "content-type", "content-length", "cache-control"] {
            assert_eq!(head.header(name), whole.header(name), "{path} {name}");
        }
        let tag = whole.header("etag").unwrap();
        let again = server.ask("GET", path, &[("If-None-Match", tag)], b"");
        assert_eq!((again.status, again.body.len()), (304, 0), "{path}");
        assert_eq!(again.header("etag"), Some(tag), "{path}");
        let other = server.ask("GET", path, &[("If-None-Match", "\"other\"")], b"");
        assert_eq!(other.body, whole.body, "{path}");
    }
    let tag = server
        .get("/api/v1/claims")
        .header("etag")
        .unwrap()
        .to_owned();
    desk.yes(&["claim", "add", "Aardvarks are animals"]);
    server.until("/api/v1/claims", |reply| reply.header("etag") != Some(&tag));
    let newer = server.ask("GET", "/api/v1/claims", &[("If-None-Match", &tag)], b"");
    assert_eq!(newer.status, 200);
}

#[test]
fn what_is_no_claim_is_listed_with_how_often_claims_name_it() {
    let desk = Desk::argued();
    for line in [
        "claim add|Features are directions",
        "evidence add|features|--disputes|--artifact|toy-models|--strength|0.5|-m|Not all",
        "context add|Small models|--kind|model_scale",
        "context add|Large models|--kind|model_scale",
        "claim scope|neurons|--holds-in|small-models|--breadth|0.5",
    ] {
        desk.say(line);
    }
    let server = Server::start(&desk, &["--read-only"]);
    let rows = |path: &str| answered(server.get(&format!("/api/v1/{path}")))["rows"].clone();
    let artifacts = rows("artifacts");
    assert_eq!(artifacts[0]["subject"], "artifact/toy-models");
    assert_eq!(artifacts[0]["cited_by"], 2);
    assert_eq!(rows("artifacts?as-of=@2")[0]["cited_by"], 1);
    let contexts = rows("contexts");
    let named = |place: usize| (&contexts[place]["subject"], &contexts[place]["claims"]);
    assert_eq!(named(0), (&"context/large-models".into(), &0.into()));
    assert_eq!(named(1), (&"context/small-models".into(), &1.into()));
    let agents = rows("agents");
    assert_eq!(
        (&agents[0]["name"], &agents[1]["name"]),
        (&"Ada".into(), &"Bea".into())
    );
    assert_eq!(agents[1]["reliability"], "0.8");
    assert_eq!(rows("views"), Value::Array(Vec::new()));
}

#[test]
fn everything_is_found_by_its_words() {
    let (desk, server) = busy();
    desk.say("context add|Small models|--kind|model_scale");
    let found = |words: &str| -> Vec<String> {
        let answer = answered(server.get(&format!("/api/v1/search?q={words}")));
        let found = answer["found"].as_array().unwrap().clone();
        assert_eq!(answer["count"], found.len());
        let subject = |one: &Value| one["subject"].as_str().unwrap().to_owned();
        found.iter().map(subject).collect()
    };
    server.until("/api/v1/search?q=small", |reply| reply.json()["count"] == 1);
    assert_eq!(found("small%20models"), ["context/small-models"]);
    assert_eq!(found("ada"), ["agent/ada"]);
    assert_eq!(found("2209.10652"), ["artifact/toy-models"]);
    // The claim cites it; the artifact is called so.
    assert_eq!(
        found("TOY"),
        ["artifact/toy-models", "claim/neurons-are-polysemantic"]
    );
    assert_eq!(found("no-such-word"), [""; 0]);
}

#[test]
fn the_description_names_every_route_and_every_schema_that_it_refers_to() {
    let desk = reference_desk();
    let server = Server::start(&desk, &[]);
    let described = answered(server.get("/openapi.json"));
    assert!(described["openapi"].as_str().unwrap().starts_with("3.1"));
    let paths = described["paths"].as_object().unwrap();
    for path in [
        "/api/v1/claims",
        "/api/v1/claims/{slug}",
        "/api/v1/claims/{slug}/why/{figure}",
        "/api/v1/prove/{address}",
        "/api/v1/search",
    ] {
        assert!(paths.contains_key(path), "{path}");
        let responses = &paths[path]["get"]["responses"];
        assert!(responses["400"]["content"]["application/problem+json"].is_object());
    }
    fn refers(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    match value.as_str() {
                        Some(text) if name == "$ref" => drop(found.insert(text.to_owned())),
                        _ => refers(value, found),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| refers(item, found)),
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    refers(&described, &mut found);
    assert!(found.len() > 30);
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(described.pointer(pointer).is_some(), "{reference}");
    }
}

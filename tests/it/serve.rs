//! The server: it serves the newest head that it can stand for, never waits for who writes, and ends
//! as it should.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::desk::Desk;
use super::lab::{EVENTS, copy};
use super::server_desk::{Reply, Server};

/// A desk whose ledger somebody else may write while a server reads it.
fn read_only() -> (Desk, Server) {
    let desk = Desk::argued();
    let server = Server::start(&desk, &["--read-only"]);
    (desk, server)
}

fn note(desk: &Desk, text: &str) {
    desk.yes(&["note", "claim/neurons-are-polysemantic", "-m", text]);
}

fn files_below(dir: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap().map(Result::unwrap) {
        match entry.path().is_dir() {
            true => files_below(&entry.path(), into),
            false => into.push(entry.path()),
        }
    }
}

#[test]
fn a_server_says_where_it_listens_whether_it_can_write_and_ends_well() {
    let desk = Desk::argued();
    let server = Server::start(&desk, &[]);
    assert_eq!(server.get("/healthz").text(), "ok\n");
    assert_eq!(server.get("/readyz").status, 200);
    desk.refuse(
        4,
        "note|claim/neurons-are-polysemantic|-m|Not now",
        "locked",
    );
    let ended = server.stop();
    assert_eq!(ended.code, Some(0));
    assert!(ended.err.contains("takes commits"), "{}", ended.err);
    // The lock is let go, and what was published is whole.
    note(&desk, "Now");
    desk.holds();

    let server = Server::start(&desk, &["--read-only"]);
    assert_eq!(server.get("/readyz").status, 200);
    note(&desk, "Who reads is in nobody's way");
    let ended = server.stop();
    assert_eq!(ended.code, Some(0));
    assert!(ended.err.contains("takes no commits"), "{}", ended.err);

    std::fs::remove_file(desk.config().join("log.key")).unwrap();
    let server = Server::start(&desk, &[]);
    let ended = server.stop();
    assert!(ended.err.contains("the log key is not"), "{}", ended.err);
}

#[test]
fn what_is_served_follows_the_log_and_keeps_a_tag_for_as_long_as_it_is_the_same() {
    let (desk, server) = read_only();
    let size = server.size();
    let before = server.get("/checkpoint");
    let tag = before.header("etag").unwrap().to_owned();
    assert_eq!(before.header("cache-control"), Some("no-cache"));
    let again = server.ask("GET", "/checkpoint", &[("If-None-Match", &tag)], b"");
    assert_eq!((again.status, again.body.len()), (304, 0));
    // Its fields renew those of the answer that is kept: a page must not get another's policy.
    assert_eq!(again.header("content-security-policy"), None);
    assert_eq!(again.header("etag"), Some(tag.as_str()));
    let others = format!("\"x\", W/{tag}");
    let again = server.ask("GET", "/checkpoint", &[("If-None-Match", &others)], b"");
    assert_eq!(again.status, 304);
    let head = server.ask("HEAD", "/checkpoint", &[], b"");
    assert_eq!((head.status, head.body.len()), (200, 0));
    let length = before.body.len().to_string();
    assert_eq!(head.header("content-length"), Some(length.as_str()));

    note(&desk, "Later");
    let after = server.until("/checkpoint", |reply| reply.body != before.body);
    assert_eq!(server.size(), size + 1);
    assert_eq!(after.body, desk.read("ledger/checkpoint").into_bytes());
    let again = server.ask("GET", "/checkpoint", &[("If-None-Match", &tag)], b"");
    assert_eq!(again.status, 200);
}

/// The server goes on with the head that it has, says that it is not the newest, and is ready again
/// once the folder is as it should be.
fn stands_by_its_head(harm: impl Fn(&Desk), said: &str) {
    let (desk, server) = read_only();
    copy(&desk.path("ledger"), &desk.path("earlier"));
    note(&desk, "Seen");
    let newest = desk.read("ledger/checkpoint");
    server.until("/checkpoint", |reply| reply.text() == newest);
    let head = server.get("/checkpoint").body;
    let whole = desk.path("whole");
    copy(&desk.path("ledger"), &whole);
    harm(&desk);
    let reply = server.until("/readyz", |reply| reply.status == 503);
    assert_eq!(reply.code(), "damaged");
    let detail = reply.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains(said), "{detail}");
    assert_eq!(server.get("/checkpoint").body, head);
    assert_eq!(server.get("/healthz").status, 200);
    assert!(
        server
            .get("/metrics")
            .text()
            .contains("\ngrounds_ready 0\n")
    );
    copy(&whole, &desk.path("ledger"));
    server.until("/readyz", |reply| reply.status == 200);
    assert_eq!(server.stop().code, Some(0));
}

#[test]
fn a_checkpoint_that_is_gone_or_is_none_leaves_the_last_good_head() {
    stands_by_its_head(
        |desk| std::fs::remove_file(desk.path("ledger/checkpoint")).unwrap(),
        "no ledger",
    );
    stands_by_its_head(
        |desk| desk.write("ledger/checkpoint", "nonsense\n"),
        "checkpoint",
    );
}

#[test]
fn lines_that_a_new_head_covers_and_that_are_not_there_leave_the_last_good_head() {
    let cut = |desk: &Desk| {
        let events = desk.read(&format!("ledger/{EVENTS}"));
        note(desk, "Lost");
        desk.write(&format!("ledger/{EVENTS}"), events);
    };
    stands_by_its_head(cut, "damaged");
}

#[test]
fn a_folder_that_goes_back_leaves_the_last_good_head() {
    let back = |desk: &Desk| copy(&desk.path("earlier"), &desk.path("ledger"));
    stands_by_its_head(back, "expected one that extends");
}

#[test]
fn another_history_by_the_same_key_leaves_the_last_good_head() {
    let fork = |desk: &Desk| {
        copy(&desk.path("earlier"), &desk.path("ledger"));
        // A log that forgot what it signed.
        std::fs::remove_file(desk.config().join("log.state")).unwrap();
        note(desk, "Unseen");
        note(desk, "And more");
    };
    stands_by_its_head(fork, "another history");
}

#[test]
fn tiles_are_the_files_that_publish_writes_and_a_mirror_takes_them() {
    let (desk, server) = read_only();
    desk.yes(&["publish", "site"]);
    let published = desk.read("site/checkpoint");
    server.until("/checkpoint", |reply| reply.text() == published);
    let mut files = Vec::new();
    files_below(&desk.path("site/tile"), &mut files);
    assert!(files.len() >= 2, "{files:?}");
    for file in files {
        let name = file.strip_prefix(desk.path("site")).unwrap();
        let reply = server.get(&format!("/{}", name.display()));
        assert_eq!(reply.status, 200, "{name:?}");
        assert_eq!(reply.body, std::fs::read(&file).unwrap(), "{name:?}");
        let keep = reply.header("cache-control").unwrap();
        assert!(keep.contains("immutable"), "{keep}");
    }
    for absent in [
        "/tile/0/001",
        "/tile/0/000",
        "/tile/0/000.p/200",
        "/tile/0/0",
        "/tile/0/000.p/0",
        "/tile/entries/000.p/200",
        "/tile/entries/../../ledger/checkpoint",
        "/tile/64/000.p/1",
        "/cosigned/000000000001",
        "/cosigned/1",
        "/policy",
        "/log.key",
        "/events/000000000000.jsonl",
    ] {
        assert_eq!(server.get(absent).status, 404, "{absent}");
    }

    let url = server.url("/");
    desk.yes(&["mirror", &url, "copy"]);
    desk.yes(&["--ledger", "copy", "verify"]);
    let size = server.size();
    note(&desk, "Later");
    server.until("/checkpoint", |_| server.size() > size);
    desk.yes(&["mirror", &url, "copy"]);
    assert_eq!(desk.read("copy/checkpoint"), desk.read("ledger/checkpoint"));
    assert_eq!(
        desk.read(&format!("copy/{EVENTS}")),
        desk.read(&format!("ledger/{EVENTS}"))
    );
}

#[test]
fn a_policy_and_what_witnesses_signed_are_served_as_they_are_kept() {
    let desk = Desk::argued();
    desk.write("ledger/policy", "quorum none\n");
    let server = Server::start(&desk, &["--read-only"]);
    let reply = server.get("/policy");
    assert_eq!(reply.text(), "quorum none\n");
    assert!(reply.header("etag").is_some());
    std::fs::create_dir_all(desk.path("ledger/cosigned")).unwrap();
    desk.write("ledger/cosigned/000000000003", "a note\n");
    assert_eq!(server.get("/cosigned/000000000003").text(), "a note\n");
    assert_eq!(server.get("/cosigned/3").status, 404);
    assert_eq!(server.get("/cosigned/%2e%2e%2fcheckpoint").status, 404);
}

#[test]
fn refusals_are_problems_and_no_address_makes_it_fail() {
    let (_desk, server) = read_only();
    let reply = server.get("/nothing/here");
    assert_eq!((reply.status, reply.code().as_str()), (404, "not_found"));
    assert_eq!(
        reply.header("content-type"),
        Some("application/problem+json")
    );
    let reply = server.ask("DELETE", "/checkpoint", &[], b"");
    assert_eq!((reply.status, reply.code().as_str()), (405, "method"));
    assert!(reply.header("allow").unwrap().contains("GET"));
    for reply in [&reply, &server.get("/healthz")] {
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(reply.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(
            reply.header("cross-origin-resource-policy"),
            Some("same-origin")
        );
        assert!(reply.header("access-control-allow-origin").is_none());
    }
    let places = [
        "",
        "claim",
        "claim/x",
        "claim/neurons-are-polysemantic",
        "claim/x/why",
        "log",
        "audit",
        "agent/ada",
        "artifacts",
        "view/x",
        "tile/0",
        "tile/entries",
        "cosigned",
        "api/v1/claims",
        "api/v1/search",
        "api/v1/claims/neurons-are-polysemantic/diff",
        "api/v1",
        "openapi.json",
        "claim/%ff",
        "claim/%00",
        "claim/..%2f..",
        "%2e%2e/%2e%2e/etc/passwd",
        "claim/é".trim_end_matches('é'),
    ];
    let questions = [
        "",
        "?as-of=@18446744073709551615",
        "?as-of=@0.65535",
        "?as-of=%ff",
        "?as-of=%zz",
        "?as-of=a&as_of=b",
        "?effective=9999-12-31",
        "?effective=@1",
        "?model=none@v0",
        "?part=18446744073709551616&q=%00",
        "?limit=-1&cursor=zzzz",
        "?from=@0&to=@99999999999",
        "?as-of=0000",
        "?as-of=000000",
    ];
    for place in places {
        for question in questions {
            let reply = server.get(&format!("/{place}{question}"));
            assert!(reply.status < 500, "/{place}{question}: {reply:?}");
        }
    }
}

#[test]
fn metrics_are_in_the_text_format_and_count_what_was_asked() {
    let (_desk, server) = read_only();
    for _ in 0..3 {
        server.get("/checkpoint");
    }
    server.get("/nothing/here?x=1");
    server.get("/nothing/there");
    let reply = server.get("/metrics");
    let kind = reply.header("content-type").unwrap();
    assert!(kind.starts_with("application/openmetrics-text"), "{kind}");
    let text = reply.text();
    assert!(text.ends_with("# EOF\n"), "{text}");
    let mut typed = std::collections::BTreeSet::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# ") {
            if let Some(name) = rest.strip_prefix("TYPE ") {
                typed.insert(name.split(' ').next().unwrap().to_owned());
            }
            continue;
        }
        // name{label="value",…} number
        let (name, value) = line.rsplit_once(' ').unwrap();
        value.parse::<f64>().unwrap_or_else(|_| panic!("{line}"));
        let bare = name.split('{').next().unwrap();
        assert!(
            typed.iter().any(|typed| bare.starts_with(typed.as_str())),
            "{line}"
        );
    }
    let says = |line: &str| assert!(text.contains(line), "{line} in\n{text}");
    says("grounds_http_requests_total{route=\"checkpoint\",status=\"200\"} 3\n");
    // A stranger's addresses make no figures of their own.
    says("grounds_http_requests_total{route=\"other\",status=\"404\"} 2\n");
    says("grounds_ready 1\n");
    says(&format!("grounds_entries {}\n", server.size()));
    // The one that asks, and those before it that are just ending.
    says("\ngrounds_http_connections ");
    assert!(!text.contains("\ngrounds_http_connections 0\n"), "{text}");
}

#[test]
fn idle_connections_make_room_for_who_asks() {
    let desk = Desk::argued();
    let server = Server::start(&desk, &["--read-only", "--connections", "4"]);
    let idle: Vec<_> = (0..40).map(|_| server.connect()).collect();
    assert_eq!(server.get("/healthz").status, 200);
    let mut last = server.connect();
    last.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    last.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    drop(idle);
    assert_eq!(server.stop().code, Some(0));
}

#[test]
fn a_ledger_that_is_damaged_from_the_start_is_served_and_said_to_be() {
    let desk = Desk::argued();
    let lines = desk.read(&format!("ledger/{EVENTS}"));
    let changed = lines.replacen("Neurons are", "Neurons Are", 1);
    desk.write(&format!("ledger/{EVENTS}"), changed);
    let server = Server::start(&desk, &["--read-only"]);
    let reply: Reply = server.get("/readyz");
    assert_eq!((reply.status, reply.code().as_str()), (503, "damaged"));
    assert_eq!(
        server.get("/checkpoint").text(),
        desk.read("ledger/checkpoint")
    );
    // A damaged ledger is not written to.
    desk.refuse(3, "serve", "history was rewritten");
}

#[test]
fn a_commit_that_is_on_its_way_at_the_end_is_recorded_and_then_the_lock_is_let_go() {
    let desk = Desk::argued();
    desk.say("note|claim/neurons-are-polysemantic|-m|The last word|--out|commit.json");
    let server = Server::start(&desk, &[]);
    let body = desk.read("commit.json");
    let mut stream = server.connect();
    let head = format!(
        "POST /api/v1/commits HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut begun = [0; 25];
    stream.read_exact(&mut begun).unwrap();
    assert_eq!(&begun, b"HTTP/1.1 100 Continue\r\n\r\n");
    // The request has begun; now the server is told to end, and takes nobody else in.
    server.terminate();
    while TcpStream::connect(server.address).is_ok() {
        std::thread::sleep(Duration::from_millis(5));
    }
    stream.write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    assert_eq!(server.ended().code, Some(0));
    assert!(desk.yes(&["log"]).out.contains("The last word"));
    note(&desk, "Another");
    desk.holds();
}

#[test]
fn what_is_written_is_read_at_once_and_the_map_that_follows_is_the_map_of_all_streams() {
    let desk = Desk::argued();
    desk.say("note|claim/neurons-are-polysemantic|-m|Over the wire|--out|commit.json");
    let server = Server::start(&desk, &["--map-every", "1"]);
    // What was written before is mapped first.
    let bundle = "/claim/neurons-are-polysemantic.claim.json";
    server.until(bundle, |reply| reply.status == 200);
    let size = server.size();
    let kind = "application/json";
    let commit = desk.read("commit.json");
    let reply = server.post("/api/v1/commits", kind, commit.as_bytes());
    assert_eq!(reply.status, 201, "{reply:?}");
    server.until("/checkpoint", |_| server.size() > size);
    // The map is an entry of its own, recorded by the log a second later.
    server.until("/checkpoint", |_| server.size() == size + 2);
    let bundle = server.until(bundle, |reply| reply.status == 200);
    assert_eq!(server.stop().code, Some(0));
    desk.holds();
    desk.yes(&["bundle", "neurons-are-polysemantic", "-o", "own.claim.json"]);
    assert_eq!(desk.read("own.claim.json").into_bytes(), bundle.body);
}

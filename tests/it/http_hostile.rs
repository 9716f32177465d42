//! The catalogue of hostile HTTP, against the program as it is run: what may be read differently is
//! refused, what takes long is not waited for, nothing is written, others are served, and nothing
//! that a peer sends is answered with 5xx.
//!
//! The numbers are those of the catalogue. What the listener does by itself is tried more closely
//! in `listener.rs` and `src/net/head.rs`; here the whole program answers.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use base64ct::{Base64, Encoding as _};
use serde_json::Value;

use super::desk::Desk;
use super::reference;
use super::server_desk::{Reply, Server};

const CLAIM: &str = "individual-neurons-rarely-encode-single-concepts";

/// A server that only reads, of the reference ledger; the desk at which it runs.
fn reading() -> (Desk, Server) {
    let mut desk = Desk::empty();
    let folder = reference::folder().to_str().unwrap().to_owned();
    desk.env.push(("GROUNDS_LEDGER".to_owned(), folder));
    let server = Server::start(&desk, &["--read-only"]);
    (desk, server)
}

/// All that comes back until the connection ends. It may be refused before all of it is sent.
fn exchange(server: &Server, bytes: &[u8]) -> String {
    let mut stream = server.connect();
    let _ = stream.write_all(bytes);
    rest(&mut stream)
}

fn rest(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    // What was not read when the connection ended may turn its end into a reset.
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

fn get(path: &str, lines: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{lines}\r\n")
        .into_bytes()
}

fn post(lines: &str, body: &str) -> Vec<u8> {
    let line = "POST /api/v1/commits HTTP/1.1\r\nHost: localhost\r\nConnection: close";
    format!("{line}\r\nContent-Type: application/json\r\n{lines}\r\n{body}").into_bytes()
}

/// One answer, a problem of this status, and the end of the connection.
fn is_refused(server: &Server, name: &str, bytes: &[u8], status: u16) {
    let answer = exchange(server, bytes);
    assert!(
        answer.starts_with(&format!("HTTP/1.1 {status} ")),
        "{name}: {answer}"
    );
    assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{name}: {answer}");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("application/problem+json"), "{name}: {head}");
    let problem: Value = serde_json::from_str(body).unwrap_or_else(|_| panic!("{name}: {body}"));
    assert_eq!(problem["status"], status, "{name}");
    assert!(problem["code"].is_string(), "{name}: {problem}");
    assert_eq!(
        server.get("/healthz").status,
        200,
        "{name}: others are served"
    );
}

#[test]
fn http_173_to_177_a_body_whose_length_can_be_read_twice_is_refused() {
    let (_desk, server) = reading();
    let chunked = "Transfer-Encoding: chunked\r\n";
    for (name, lines, body) in [
        (
            "173 CL+TE",
            format!("Content-Length: 3\r\n{chunked}"),
            "0\r\n\r\n",
        ),
        (
            "173 TE+CL",
            format!("{chunked}Content-Length: 3\r\n"),
            "0\r\n\r\n",
        ),
        (
            "174 two equal CL",
            "Content-Length: 3\r\nContent-Length: 3\r\n".to_owned(),
            "abc",
        ),
        (
            "174 a list of equal CL",
            "Content-Length: 3, 3\r\n".to_owned(),
            "abc",
        ),
        (
            "175 differing CL",
            "Content-Length: 3\r\nContent-Length: 4\r\n".to_owned(),
            "abc",
        ),
        ("176 CL +3", "Content-Length: +3\r\n".to_owned(), "abc"),
        ("176 CL -1", "Content-Length: -1\r\n".to_owned(), ""),
        ("176 CL 0x3", "Content-Length: 0x3\r\n".to_owned(), "abc"),
        ("176 CL of nothing", "Content-Length: \r\n".to_owned(), ""),
        (
            "176 CL 10^22",
            "Content-Length: 10000000000000000000000\r\n".to_owned(),
            "",
        ),
        ("177 TE twice", format!("{chunked}{chunked}"), "0\r\n\r\n"),
        (
            "177 xchunked",
            "Transfer-Encoding: xchunked\r\n".to_owned(),
            "0\r\n\r\n",
        ),
        (
            "177 gzip, chunked",
            "Transfer-Encoding: gzip, chunked\r\n".to_owned(),
            "0\r\n\r\n",
        ),
        (
            "177 identity",
            "Transfer-Encoding: identity\r\n".to_owned(),
            "",
        ),
    ] {
        is_refused(&server, name, &post(&lines, body), 400);
    }
}

#[test]
fn http_178_to_183_a_head_that_is_not_of_its_form_is_refused() {
    let (_desk, server) = reading();
    for (name, bytes) in [
        (
            "178 space before colon",
            post("Content-Length : 3\r\n", "abc"),
        ),
        ("178 no name", post(": 3\r\n", "")),
        ("179 obs-fold", post("X: 1\r\n 2\r\n", "")),
        (
            "180 bare LF",
            b"GET / HTTP/1.1\nHost: localhost\n\n".to_vec(),
        ),
        (
            "180 one bare LF",
            b"GET / HTTP/1.1\r\nHost: localhost\nX: 1\r\n\r\n".to_vec(),
        ),
        (
            "180 bare CR",
            b"GET / HTTP/1.1\r\nHost: localhost\rX: 1\r\n\r\n".to_vec(),
        ),
        ("181 no Host", b"GET / HTTP/1.1\r\n\r\n".to_vec()),
        (
            "181 HTTP/1.0 without Host",
            b"GET / HTTP/1.0\r\n\r\n".to_vec(),
        ),
        ("182 two Hosts", get("/", "Host: localhost\r\n")),
        ("182 two other Hosts", get("/", "Host: evil.example\r\n")),
        ("183 NUL", get("/", "X: a\0b\r\n")),
        ("183 escape", get("/", "X: \x1b[2J\r\n")),
        ("183 DEL", get("/", "X: \x7f\r\n")),
    ] {
        is_refused(&server, name, &bytes, 400);
    }
}

#[test]
fn http_184_to_186_heads_and_chunks_beyond_their_limits_are_refused() {
    let (_desk, server) = reading();
    let lines = |count: usize| "X: 1\r\n".repeat(count);
    assert!(exchange(&server, &get("/healthz", &lines(98))).starts_with("HTTP/1.1 200 "));
    is_refused(&server, "184 101 headers", &get("/", &lines(99)), 431);
    let long = format!("X: {}\r\n", "a".repeat(500_000));
    is_refused(&server, "185 500 KB header", &get("/", &long), 431);
    for body in [
        "3\r\nabcd\r\n0\r\n\r\n",
        "zz\r\nabc\r\n",
        "-1\r\n",
        "0x3\r\nabc\r\n0\r\n\r\n",
        "3;x=y\r\nabc\r\n0\r\n\r\n",
        "3\nabc\n0\n\n",
        "ffffffffffffffffff\r\n",
        "0\r\nX: 1\r\n\r\n",
    ] {
        let name = format!("186 {body:?}");
        is_refused(
            &server,
            &name,
            &post("Transfer-Encoding: chunked\r\n", body),
            400,
        );
    }
    let huge = post("Content-Length: 2097152\r\n", &" ".repeat(2_097_152));
    is_refused(&server, "144 two MiB", &huge, 413);
    is_refused(
        &server,
        "144 announced, never sent",
        &post("Content-Length: 99999999999\r\n", ""),
        413,
    );
}

#[test]
fn http_187_and_188_slow_heads_and_bodies_are_not_waited_for() {
    let (_desk, server) = reading();
    let mut head = server.connect();
    head.write_all(b"GET / HTTP/1.1\r\nHost: loc").unwrap();
    let mut body = server.connect();
    body.write_all(&post("Content-Length: 5\r\n", "{")).unwrap();
    let mut chunk = server.connect();
    let begun = post("Transfer-Encoding: chunked\r\n", "5\r\n{");
    chunk.write_all(&begun).unwrap();
    // A peer that reads nothing of its answers: what he asked for is not kept for him.
    let mut deaf = server.connect();
    let page = format!("GET /claim/{CLAIM} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let _ = deaf.set_write_timeout(Some(std::time::Duration::from_millis(200)));
    for _ in 0..2_000 {
        if deaf.write_all(page.as_bytes()).is_err() {
            break;
        }
    }
    assert_eq!(server.get("/healthz").status, 200);
    // Reading ends when the server ends the connection; a test's patience is 30 s.
    for (name, stream) in [
        ("187", &mut head),
        ("188", &mut body),
        ("188 chunked", &mut chunk),
    ] {
        let answer = rest(stream);
        assert!(answer.starts_with("HTTP/1.1 408 "), "{name}: {answer}");
    }
    assert_eq!(server.get("/healthz").status, 200);
}

#[test]
fn http_189_ten_thousand_idle_connections_make_room_for_others() {
    let (_desk, server) = reading();
    let many = allowed_connections().min(10_000);
    if many < 10_000 {
        let _ = writeln!(std::io::stderr(), "189: only {many} may be open here");
    }
    let mut idle = Vec::with_capacity(many);
    for number in 0..many {
        let mut stream = server.connect();
        // Half of them have begun a request.
        if number % 2 == 0 {
            let _ = stream.write_all(b"GET / HTTP/1.1\r\nHo");
        }
        idle.push(stream);
        if number % 500 == 499 {
            assert_eq!(server.get("/healthz").status, 200, "after {number}");
        }
    }
    let page = server.get(&format!("/claim/{CLAIM}"));
    assert!(page.status < 500, "{page:?}");
    assert_eq!(server.get("/readyz").status, 200);
    drop(idle);
    assert_eq!(server.stop().code, Some(0));
}

/// How many connections this process may hold, after it has asked for as many as it may have; some
/// are left for the rest of the tests.
fn allowed_connections() -> usize {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    let _ = setrlimit(Resource::Nofile, limit);
    let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    usize::try_from(files)
        .unwrap_or(usize::MAX)
        .saturating_sub(512)
        .max(100)
}

#[test]
fn http_190_and_143_a_body_of_another_kind_or_coding_is_refused() {
    let desk = Desk::argued();
    let server = Server::start(&desk, &[]);
    for path in ["/api/v1/commits", "/api/v1/prepare"] {
        for kind in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data",
            "application/jsonp",
            "",
        ] {
            let reply = server.post(path, kind, b"{}");
            assert_eq!(reply.status, 415, "190 {path} {kind}: {}", reply.text());
        }
        for coding in ["gzip", "br", "zstd", "deflate", "identity, gzip"] {
            let headers = [
                ("Content-Type", "application/json"),
                ("Content-Encoding", coding),
            ];
            let reply = server.ask("POST", path, &headers, b"{}");
            assert_eq!(reply.status, 415, "143 {path} {coding}: {}", reply.text());
        }
        assert_eq!(
            server.ask("POST", path, &[], b"{}").status,
            415,
            "190 {path}: of no kind"
        );
    }
    assert_eq!(server.size(), 4);
}

#[test]
fn http_191_a_method_that_a_path_does_not_know_is_told_which_it_does() {
    let (_desk, server) = reading();
    for path in ["/checkpoint", "/healthz", "/readyz", "/metrics"] {
        for method in ["TRACE", "PUT", "DELETE", "PATCH", "POST", "get", "X"] {
            let reply = server.ask(method, path, &[], b"");
            assert_eq!(reply.status, 405, "{method} {path}");
            let allow = reply
                .header("allow")
                .unwrap_or_else(|| panic!("{method} {path}: {reply:?}"));
            assert!(
                allow.split(',').any(|one| one.trim() == "GET"),
                "{method} {path}: {allow}"
            );
            assert_eq!(reply.code(), "method");
        }
    }
    // TRACE gives nothing of the request back, and CONNECT and * lead nowhere.
    let traced = exchange(&server, b"TRACE /healthz HTTP/1.1\r\nHost: localhost\r\nCookie: s3cret\r\nConnection: close\r\n\r\n");
    assert!(!traced.contains("s3cret"), "{traced}");
    for line in [
        "CONNECT localhost:80",
        "OPTIONS *",
        "GET http://evil.example/",
    ] {
        let bytes = format!("{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        let answer = exchange(&server, bytes.as_bytes());
        assert!(answer.starts_with("HTTP/1.1 4"), "{line}: {answer}");
    }
}

#[test]
fn http_192_other_protocols_on_this_port_are_refused() {
    let (_desk, server) = reading();
    is_refused(
        &server,
        "192 h2 preface",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
        400,
    );
    is_refused(
        &server,
        "192 TLS hello",
        &[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3],
        400,
    );
    is_refused(&server, "192 HTTP/0.9", b"GET /\r\n\r\n", 400);
    is_refused(
        &server,
        "192 HTTP/1.2",
        b"GET / HTTP/1.2\r\nHost: localhost\r\n\r\n",
        400,
    );
    is_refused(&server, "192 SSH", b"SSH-2.0-OpenSSH_10.0\r\n\r\n", 400);
    // Nobody is switched to another protocol.
    let upgrade = "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n";
    let answer = exchange(&server, &get("/healthz", upgrade));
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[test]
fn http_193_paths_lead_nowhere_but_where_they_say() {
    let (_desk, server) = reading();
    let long = format!("/{}", "a".repeat(9_000));
    is_refused(&server, "193 overlong", &get(&long, ""), 414);
    for path in [
        "//",
        "//checkpoint",
        "/checkpoint/",
        "/./checkpoint",
        "/../checkpoint",
        "/tile/../checkpoint",
        "/tile/..%2fcheckpoint",
        "/tile/%2e%2e/checkpoint",
        "/tile/0/../../events/000000000000.jsonl",
        "/tile/0/..%2f..%2fevents%2f000000000000.jsonl",
        "/tile/0/%00",
        "/tile/0/000%00",
        "/tile/0/000.p/0",
        "/tile/0/000.p/256",
        "/tile/0/00000000000000000000000000",
        "/tile/64/000",
        "/tile/-1/000",
        "/tile/entries/../0",
        "/events/000000000000.jsonl",
        "/lock",
        "/torn/",
        "/log.key",
        "/etc/passwd",
        "/claim/%00",
        "/claim/..%2f..%2fetc%2fpasswd",
        "/claim/%2e%2e",
        "/claim/%ff%fe",
        "/claim/a%0d%0aX:%201",
        "/claim/%3Cscript%3E",
        "/CON",
        "/claim/con.",
        "/%",
        "/%2",
        "/%zz",
        "/cosigned/../checkpoint",
    ] {
        let answer = exchange(&server, &get(path, ""));
        assert!(answer.starts_with("HTTP/1.1 4"), "193 {path}: {answer}");
        assert!(!answer.contains("root:"), "193 {path}: {answer}");
        assert!(!answer.contains("<script>"), "193 {path}: {answer}");
        assert!(
            !answer.to_lowercase().contains("\r\nx: 1"),
            "193 {path}: {answer}"
        );
    }
    for query in [
        "?as-of=%00",
        "?as-of=@99999999999999999999",
        "?as-of=1&as-of=2",
        "?model=%ff",
        "?effective=-1",
    ] {
        for path in [
            "/",
            "/api/v1/claims",
            &format!("/claim/{CLAIM}"),
            &format!("/api/v1/claims/{CLAIM}"),
        ] {
            let answer = exchange(&server, &get(&format!("{path}{query}"), ""));
            assert!(
                answer.starts_with("HTTP/1.1 4"),
                "193 {path}{query}: {answer}"
            );
        }
    }
    let huge = format!("/api/v1/claims?q={}", "a".repeat(8_000));
    assert!(exchange(&server, &get(&huge, "")).starts_with("HTTP/1.1 "));
}

#[test]
fn http_194_a_range_never_makes_more_of_an_answer() {
    let (_desk, server) = reading();
    let whole = server.get("/checkpoint");
    let many = format!("bytes={}", vec!["0-0"; 1000].join(","));
    for range in [
        "bytes=0-0",
        "bytes=0-",
        "bytes=-1",
        "bytes=-0",
        "bytes=5-1",
        "bytes=99999999999999999999-",
        "bytes=0-18446744073709551615",
        "lines=1-2",
        "bytes=a-b",
        many.as_str(),
    ] {
        for path in [
            "/checkpoint".to_owned(),
            "/tile/0/000.p/16".to_owned(),
            format!("/claim/{CLAIM}"),
        ] {
            let reply = server.ask("GET", &path, &[("Range", range)], b"");
            assert!(
                [200, 206, 416].contains(&reply.status),
                "194 {path} {range}: {reply:?}"
            );
            if reply.status == 206 {
                assert!(
                    !reply
                        .header("content-type")
                        .unwrap()
                        .starts_with("multipart"),
                    "194 {range}"
                );
            }
        }
        let reply = server.ask("GET", "/checkpoint", &[("Range", range)], b"");
        assert!(reply.body.len() <= whole.body.len(), "194 {range}");
    }
}

#[test]
fn http_195_a_part_that_nobody_can_have_is_refused() {
    let (_desk, server) = reading();
    for query in [
        "limit=-1",
        "limit=0",
        "limit=501",
        "limit=1000000000",
        "limit=99999999999999999999999",
        "limit=1e1",
        "limit=",
        "limit=1&limit=2",
        "cursor=x",
        "cursor=",
        "cursor=AAAA",
        "cursor=%00",
        "cursor=eyJoZWFkIjoxfQ",
    ] {
        for path in ["/api/v1/claims", "/api/v1/artifacts", "/api/v1/agents"] {
            let reply = server.get(&format!("{path}?{query}"));
            assert_eq!(reply.status, 400, "195 {path}?{query}: {}", reply.text());
            assert!(!reply.code().is_empty());
        }
    }
    // A page says that there is no such part, and is no longer than one that is there.
    for path in ["/", "/log"] {
        for part in ["-1", "99999999999999999999", "x", "1e1", "%00"] {
            let reply = server.get(&format!("{path}?part={part}"));
            assert!(
                (400..500).contains(&reply.status),
                "195 {path}?part={part}: {}",
                reply.status
            );
        }
        let first = server.get(path);
        for part in ["0", "2", "1000000000", "18446744073709551615"] {
            let reply = server.get(&format!("{path}?part={part}"));
            assert!(
                reply.status < 500,
                "195 {path}?part={part}: {}",
                reply.status
            );
            assert!(
                reply.body.len() <= first.body.len() + 1000,
                "195 {path}?part={part}"
            );
        }
    }
}

#[test]
fn http_196_pages_of_others_can_neither_write_nor_read_through_a_name_of_their_own() {
    let desk = Desk::argued();
    let server = Server::start(&desk, &[]);
    let own = format!("http://{}", server.address);
    let with = |host: &str, origin: Option<&str>, method: &str, path: &str| {
        let mut lines =
            format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
        if let Some(origin) = origin {
            lines.push_str(&format!("Origin: {origin}\r\n"));
        }
        let body = "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
        lines.push_str(if method == "POST" { body } else { "\r\n" });
        let answer = exchange(&server, lines.as_bytes());
        let status: u16 = answer[9..12].parse().unwrap();
        (status, answer)
    };
    let host = server.address.to_string();
    for path in ["/api/v1/commits", "/api/v1/prepare"] {
        for origin in [
            "http://evil.example",
            "null",
            "file://",
            "http://localhost",
            "http://127.0.0.1:1",
        ] {
            let (status, answer) = with(&host, Some(origin), "POST", path);
            assert_eq!(status, 403, "{path} {origin}: {answer}");
            assert!(answer.contains("\"origin\""), "{answer}");
        }
        let (status, answer) = with(&host, Some(&own), "POST", path);
        assert_eq!(status, 400, "{path} from its own page: {answer}");
    }
    for name in [
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.",
        "0.0.0.0",
        "169.254.169.254",
    ] {
        for (method, path) in [
            ("GET", "/"),
            ("GET", "/api/v1/claims"),
            ("GET", "/checkpoint"),
            ("POST", "/api/v1/commits"),
        ] {
            let (status, answer) = with(name, None, method, path);
            assert_eq!(status, 421, "{name} {method} {path}: {answer}");
        }
    }
    // Nobody else's page is told that it may read.
    let preflight = [
        ("Origin", "http://evil.example"),
        ("Access-Control-Request-Method", "POST"),
    ];
    for (method, path) in [
        ("OPTIONS", "/api/v1/commits"),
        ("GET", "/api/v1/claims"),
        ("GET", "/checkpoint"),
    ] {
        let reply = server.ask(method, path, &preflight, b"");
        let cors = reply
            .headers
            .iter()
            .find(|(name, _)| name.starts_with("access-control-"));
        assert!(
            cors.is_none() && reply.status < 500,
            "{method} {path}: {reply:?}"
        );
    }
    assert_eq!(server.size(), 4);
}

#[test]
fn http_199_requests_sent_at_once_are_answered_in_their_order_and_none_hides_in_another() {
    let (_desk, server) = reading();
    let keep = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let all = [keep("/healthz"), keep("/nowhere"), keep("/checkpoint")].concat();
    let answer = exchange(&server, &[all.as_bytes(), &get("/healthz", "")].concat());
    let statuses: Vec<&str> = answer
        .split("HTTP/1.1 ")
        .skip(1)
        .map(|part| &part[..3])
        .collect();
    assert_eq!(statuses, ["200", "404", "200", "200"], "{answer}");
    // A body that looks like a request is a body; after a refusal nothing is answered.
    let inner = keep("/healthz");
    let smuggled = format!(
        "POST /api/v1/commits HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{inner}",
        inner.len()
    );
    let answer = exchange(
        &server,
        &[smuggled.as_bytes(), &get("/checkpoint", "")].concat(),
    );
    assert_eq!(answer.matches("HTTP/1.1 ").count(), 2, "{answer}");
    assert!(
        answer.starts_with("HTTP/1.1 4") && answer.contains("grounds.example/reference\n16\n"),
        "{answer}"
    );
    let twice = "GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n";
    let answer = exchange(
        &server,
        [keep("/healthz").as_str(), twice, &keep("/checkpoint")]
            .concat()
            .as_bytes(),
    );
    let statuses: Vec<&str> = answer
        .split("HTTP/1.1 ")
        .skip(1)
        .map(|part| &part[..3])
        .collect();
    assert_eq!(statuses, ["200", "400"], "{answer}");
}

#[test]
fn no_byte_of_a_request_can_be_changed_into_a_fault_of_the_server() {
    let (_desk, server) = reading();
    let good = post("Content-Length: 2\r\n", "{}");
    for place in 0..good.len() {
        for byte in [0, b'\n', b' ', 0xff] {
            let mut bytes = good.clone();
            bytes[place] = byte;
            let mut stream = server.connect();
            let _ = stream.write_all(&bytes);
            let _ = stream.shutdown(std::net::Shutdown::Write);
            let answer = rest(&mut stream);
            assert!(
                !answer.starts_with("HTTP/1.1 5"),
                "{place} {byte}: {answer}"
            );
        }
    }
    assert_eq!(server.get("/healthz").status, 200);
}

/// A case of the catalogue's bytes, at the door of one signed commit.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) body: Vec<u8>,
    pub(crate) code: Option<String>,
    /// What the message says of the place; none where the place is another at this door.
    pub(crate) place: Option<String>,
}

/// The cases at the doors of a commit and of a signed commit. A commit by itself gets a signature of
/// the right form, which nobody made.
pub(crate) fn cases() -> Vec<Case> {
    let cases = crate::hostile::catalogue();
    let at_our_door = cases.iter().filter_map(|(class, case)| {
        let bytes = crate::hostile::bytes_of(case);
        let bytes_len = bytes.len();
        let mut code = case["code"].as_str().map(str::to_owned);
        let mut place = case["at"]
            .as_str()
            .filter(|at| !at.is_empty())
            .map(str::to_owned);
        let body = match case["door"].as_str().unwrap() {
            // A level deeper than by itself.
            "commit" if crate::hostile::is_deep(&bytes) => {
                (code, place) = (Some("bytes".to_owned()), None);
                sealed(&bytes)
            }
            "commit" => {
                place = place.map(|at| inside(&at));
                sealed(&bytes)
            }
            // A file ends with a line end, and so may a body.
            "signed" if bytes.ends_with(b"\n") => return None,
            "signed" => bytes,
            _ => return None,
        };
        // What does not end inside a commit may go on with what follows it.
        let is_whole = |at: &str| at != format!("byte {}", br#"{"commit":"#.len() + bytes_len);
        let place = place.filter(|at| is_whole(at));
        Some(Case {
            place,
            name: format!("{class}: {}", case["name"].as_str().unwrap()),
            body,
            code,
        })
    });
    at_our_door.collect()
}

/// The place of a fault of a commit, inside a signed one.
fn inside(at: &str) -> String {
    match at.strip_prefix("byte ") {
        Some(offset) => {
            let offset: usize = offset.parse().unwrap();
            format!("byte {}", offset + br#"{"commit":"#.len())
        }
        None => at.to_owned(),
    }
}

/// Whether a message says where the fault of a case is.
pub(crate) fn is_told(case: &Case, said: &str) -> bool {
    let told = |place: &String| match place.starts_with("byte ") {
        true => said.contains(&format!("at {place},")),
        false => ["in commit.", "in "]
            .iter()
            .any(|before| said.contains(&format!("{before}{place},"))),
    };
    case.place.as_ref().is_none_or(told)
}

pub(crate) fn sealed(commit: &[u8]) -> Vec<u8> {
    let key = format!("SHA256:{}", "A".repeat(43));
    let sig = Base64::encode_string(&[0; 64]);
    let rest = format!(r#","signatures":[{{"key":"{key}","sig":"{sig}"}}]}}"#);
    [&b"{\"commit\":"[..], commit, rest.as_bytes()].concat()
}

#[test]
fn the_catalogue_of_hostile_bytes_gets_its_codes_over_http_and_nothing_is_written() {
    let desk = Desk::argued();
    // Strangers are slowed down otherwise: that is tried elsewhere. Nor does the log add a map.
    let words = [
        "--map-every",
        "0",
        "--rate",
        "1000000",
        "--burst",
        "1000000",
    ];
    let server = Server::start(&desk, &words);
    let head = server.get("/checkpoint").body;
    let before = crate::lab::everything(&desk.path("ledger"));
    let cases = cases();
    assert!(cases.len() >= 400, "only {} cases were found", cases.len());
    let mut wrong = Vec::new();
    for case in &cases {
        let reply = server.post("/api/v1/commits", "application/json", &case.body);
        if let Some(fault) = fault_of(case, &reply) {
            wrong.push(format!("{}: {fault}", case.name));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
    assert_eq!(server.get("/checkpoint").body, head);
    assert_eq!(
        crate::lab::everything(&desk.path("ledger"))
            .keys()
            .collect::<Vec<_>>(),
        before.keys().collect::<Vec<_>>()
    );
    assert_eq!(server.stop().code, Some(0));
    desk.holds();
}

/// Many commits in one body, a line each; and the route that takes ordinary JSON.
#[test]
fn hostile_bytes_in_lines_and_in_requests_to_prepare_are_refused_each_by_itself() {
    let desk = Desk::argued();
    let limits = [
        "--rate",
        "1000000",
        "--burst",
        "1000000",
        "--map-every",
        "3600",
    ];
    let server = Server::start(&desk, &limits);
    let is_line = |case: &&Case| {
        let is_short = (1..4_000).contains(&case.body.len());
        // Of white space nothing is left where lines are taken.
        is_short && !case.body.contains(&b'\n') && !case.body.trim_ascii().is_empty()
    };
    let cases = cases();
    let lines: Vec<&Case> = cases.iter().filter(is_line).collect();
    assert!(lines.len() >= 380, "{}", lines.len());
    let body: Vec<u8> = lines
        .iter()
        .flat_map(|case| [&case.body[..], b"\n"].concat())
        .collect();
    let reply = server.post("/api/v1/commits", "application/x-ndjson", &body);
    assert_eq!(reply.status, 200, "{}", reply.text());
    let text = reply.text();
    let answers: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(answers.len(), lines.len());
    let mut wrong = Vec::new();
    for (case, answer) in lines.iter().zip(&answers) {
        let found = answer["code"].as_str().unwrap_or("taken");
        let is_code = match case.code.as_deref() {
            Some(code) => found == code,
            None => ["ledger", "time"].contains(&found),
        };
        let is_no = answer["status"]
            .as_u64()
            .is_some_and(|status| (400..500).contains(&status));
        let said = answer["detail"].as_str().unwrap_or_default();
        if !is_code || !is_no || !is_told(case, said) {
            wrong.push(format!(
                "{}: expected {:?} at {:?}: {answer}",
                case.name, case.code, case.place
            ));
        }
    }
    for case in &cases {
        let reply = server.post("/api/v1/prepare", "application/json", &case.body);
        let is_no = (400..500).contains(&reply.status) && !reply.code().is_empty();
        if !is_no {
            wrong.push(format!(
                "prepare: {}: {} {}",
                case.name,
                reply.status,
                reply.text()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(server.size(), 4);
    assert_eq!(server.stop().code, Some(0));
    desk.holds();
}

/// What is wrong with an answer; none where it is as the catalogue says. What is of the right form
/// is a commit for another ledger here.
fn fault_of(case: &Case, reply: &Reply) -> Option<String> {
    let Ok(problem) = serde_json::from_slice::<Value>(&reply.body) else {
        return Some(format!("{} without a problem", reply.status));
    };
    let found = problem["code"].as_str().unwrap_or_default();
    let expected = case.code.as_deref();
    let is_status = match found {
        "bytes" | "schema" => reply.status == 400,
        "limit" => reply.status == 413,
        _ => reply.status == 422,
    };
    let is_code = expected.map_or(["ledger", "time"].contains(&found), |code| found == code);
    let said = problem["detail"].as_str().unwrap_or_default();
    let is_placed = is_told(case, said);
    (!is_status || !is_code || !is_placed).then(|| {
        let place = &case.place;
        format!(
            "expected {expected:?} at {place:?}, found {} {problem}",
            reply.status
        )
    })
}

#[test]
fn http_197_a_key_of_idempotency_belongs_to_one_body() {
    let desk = Desk::argued();
    let server = Server::start(&desk, &["--map-every", "0"]);
    let with = |key: &str, body: &[u8]| {
        let headers = [
            ("Content-Type", "application/json"),
            ("Idempotency-Key", key),
        ];
        server.ask("POST", "/api/v1/commits", &headers, body)
    };
    let first = signed(&desk, &server, "bea.key", "Once");
    let second = signed(&desk, &server, "bea.key", "Twice");
    let recorded = with("a", &first);
    assert_eq!(recorded.status, 201, "{}", recorded.text());
    let again = with("a", &first);
    assert_eq!((again.status, again.json()), (200, recorded.json()));
    let other = with("a", &second);
    assert_eq!(
        (other.status, other.code()),
        (409, "idempotency".to_owned())
    );
    assert_eq!(recorded.json()["index"], 4);
    // The other body was not recorded; its place is taken by now.
    let reply = server.post("/api/v1/commits", "application/json", &second);
    assert_eq!((reply.status, reply.code()), (409, "conflict".to_owned()));
    for key in ["", "\"", &"k".repeat(10_000)] {
        assert!(with(key, b"{}").status < 500, "{key}");
    }
}

#[test]
fn http_198_who_is_too_fast_is_told_when_to_come_back() {
    let desk = Desk::argued();
    // Strangers have a tenth of what a key has.
    let server = Server::start(&desk, &["--rate", "1", "--burst", "20"]);
    let statuses: Vec<u16> = (0..6)
        .map(|_| {
            let reply = server.post("/api/v1/commits", "application/json", b"{}");
            if reply.status == 429 {
                let seconds: u32 = reply.header("retry-after").unwrap().parse().unwrap();
                assert!((1..=60).contains(&seconds), "{seconds}");
                assert_eq!(reply.code(), "rate");
            }
            reply.status
        })
        .collect();
    assert_eq!(statuses[..2], [400, 400]);
    assert!(statuses[2..].contains(&429), "{statuses:?}");
    // Who reads is not slowed down by who writes, nor is a key by strangers.
    assert_eq!(server.get("/checkpoint").status, 200);
    let good = signed(&desk, &server, "bea.key", "Quietly");
    let reply = server.post("/api/v1/commits", "application/json", &good);
    assert_eq!(reply.status, 201, "{}", reply.text());
}

#[test]
fn http_200_what_became_of_a_commit_whose_sender_went_away_is_found_by_sending_it_again() {
    let desk = Desk::argued();
    let server = Server::start(&desk, &["--map-every", "3600"]);
    for number in 0..8 {
        let commit = signed(&desk, &server, "bea.key", &format!("Note {number}"));
        let text = String::from_utf8(commit.clone()).unwrap();
        let whole = post(&format!("Content-Length: {}\r\n", text.len()), &text);
        // Some go before the last byte of the body is sent, some after it, none waits.
        let sent = if number % 4 == 0 {
            whole.len() - 1
        } else {
            whole.len()
        };
        let mut stream = server.connect();
        stream.write_all(&whole[..sent]).unwrap();
        drop(stream);
        let again = server.post("/api/v1/commits", "application/json", &commit);
        assert!([200, 201].contains(&again.status), "{}", again.text());
        let receipt = again.json();
        let id = grounds::envelope::Signed::parse(&commit)
            .unwrap()
            .commit
            .id();
        assert_eq!(receipt["commit"], id.to_string());
        let entry = server.until("/checkpoint", |reply| {
            reply.text().lines().nth(1) == Some((5 + number).to_string().as_str())
        });
        assert_eq!(entry.status, 200);
    }
    assert_eq!(server.stop().code, Some(0));
    desk.holds();
}

/// A note by Bea, prepared by the server and signed here.
fn signed(desk: &Desk, server: &Server, key: &str, text: &str) -> Vec<u8> {
    let event = serde_json::json!({"subject": "claim/neurons-are-polysemantic", "type": "note.added", "data": {"text": text}});
    let wanted = serde_json::json!({"author": "bea", "events": [event]}).to_string();
    let reply = server.post("/api/v1/prepare", "application/json", wanted.as_bytes());
    assert_eq!(reply.status, 200, "{}", reply.text());
    let prepared = reply.json();
    let commit = prepared["commit"]["text"].as_str().unwrap();
    let commit = grounds::envelope::Commit::parse(commit.as_bytes()).unwrap();
    let key = ssh_key::PrivateKey::from_openssh(desk.read(key)).unwrap();
    let seed = key.key_data().ed25519().unwrap().private.to_bytes();
    let key = grounds::envelope::PrivateKey::from_seed(&seed);
    grounds::envelope::Signed::seal(commit, &key).to_bytes()
}

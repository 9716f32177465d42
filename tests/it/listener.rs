//! The listener: whatever bytes come, it answers what means one thing, refuses the rest with 4xx,
//! and goes on serving others.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use grounds::net::{Answer, Limits, Listener, Routes, text};

/// Answers with the path and the body, so that a test sees which requests were understood.
/// Says when it has begun with a slow one.
struct Echo {
    begun: std::sync::mpsc::Sender<()>,
}

impl Routes for Echo {
    fn body_limit(&self, head: &hyper::http::request::Parts) -> usize {
        if head.uri.path() == "/small" {
            4
        } else {
            1 << 20
        }
    }

    async fn answer(&self, request: hyper::Request<hyper::body::Bytes>) -> Answer {
        if request.uri().path() == "/slow" {
            let _ = self.begun.send(());
            tokio::time::sleep(Duration::from_millis(400)).await;
        }
        let path = request.uri().path().to_owned();
        let body = String::from_utf8_lossy(request.body()).into_owned();
        text(200, "text/plain", format!("[{path}|{body}]"))
    }
}

/// A listener on a thread of its own.
struct Served {
    address: SocketAddr,
    begun: std::sync::mpsc::Receiver<()>,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Served {
    fn with(limits: Limits, hosts: &[&str]) -> Served {
        let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
        let (told, address) = std::sync::mpsc::channel();
        let (begins, begun) = std::sync::mpsc::channel();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let any = "127.0.0.1:0".parse().unwrap();
                let listener = Listener::bind(any, &hosts, limits).await.unwrap();
                told.send(listener.address()).unwrap();
                let stop = async { drop(stopped.await) };
                listener.serve(Arc::new(Echo { begun: begins }), stop).await;
            });
        });
        Served {
            address: address.recv().unwrap(),
            begun,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    fn new() -> Served {
        Served::with(Limits::default(), &[])
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        stream
    }

    /// All that comes back for these bytes until the listener closes.
    fn answers(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect();
        // It may be refused before all of it is sent.
        let _ = stream.write_all(bytes);
        rest(&mut stream)
    }

    fn status(&self, bytes: &[u8]) -> u16 {
        let answer = self.answers(bytes);
        assert!(answer.starts_with("HTTP/1.1 "), "{answer:?}");
        answer[9..12].parse().unwrap()
    }

    fn stop(&mut self) {
        if let (Some(stop), Some(thread)) = (self.stop.take(), self.thread.take()) {
            let _ = stop.send(());
            thread.join().unwrap();
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.stop();
    }
}

fn rest(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8(answer).unwrap()
}

/// Reads one answer whose body ends with `]`.
fn one(stream: &mut TcpStream) -> String {
    let mut answer = String::new();
    let mut byte = [0];
    while !answer.ends_with(']') {
        assert_eq!(stream.read(&mut byte).unwrap(), 1, "{answer:?}");
        answer.push(char::from(byte[0]));
    }
    answer
}

fn post(lines: &str, body: &str) -> Vec<u8> {
    format!("POST /x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{lines}\r\n{body}")
        .into_bytes()
}

fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").into_bytes()
}

#[test]
fn whole_requests_are_answered() {
    let served = Served::new();
    assert!(served.answers(&get("/a")).ends_with("[/a|]"));
    assert!(
        served
            .answers(&post("Content-Length: 3\r\n", "abc"))
            .ends_with("[/x|abc]")
    );
    let chunked = served.answers(&post(
        "Transfer-Encoding: chunked\r\n",
        "3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n",
    ));
    assert!(chunked.ends_with("[/x|abcd]"), "{chunked}");
    assert!(
        chunked
            .to_lowercase()
            .contains("x-content-type-options: nosniff")
    );
    let big = "b".repeat(300_000);
    let answer = served.answers(&post(&format!("Content-Length: {}\r\n", big.len()), &big));
    assert!(answer.ends_with(&format!("[/x|{big}]")));
}

#[test]
fn what_is_ambiguous_is_refused_with_a_problem() {
    let served = Served::new();
    let cases: [(&str, Vec<u8>); 14] = [
        (
            "173 CL+TE",
            post(
                "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
                "0\r\n\r\n",
            ),
        ),
        (
            "174 two equal CL",
            post("Content-Length: 3\r\nContent-Length: 3\r\n", "abc"),
        ),
        (
            "175 differing CL",
            post("Content-Length: 3\r\nContent-Length: 4\r\n", "abc"),
        ),
        ("176 CL +3", post("Content-Length: +3\r\n", "abc")),
        ("176 CL -1", post("Content-Length: -1\r\n", "")),
        (
            "176 CL 10^22",
            post("Content-Length: 10000000000000000000000\r\n", ""),
        ),
        (
            "177 TE twice",
            post(
                "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
                "0\r\n\r\n",
            ),
        ),
        (
            "177 xchunked",
            post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"),
        ),
        (
            "178 space before colon",
            post("Content-Length : 3\r\n", "abc"),
        ),
        ("179 obs-fold", post("X: 1\r\n 2\r\n", "")),
        (
            "180 bare LF",
            b"GET / HTTP/1.1\nHost: localhost\n\n".to_vec(),
        ),
        ("181 no Host", b"GET / HTTP/1.1\r\n\r\n".to_vec()),
        ("182 two Hosts", post("Host: localhost\r\n", "")),
        ("183 NUL", post("X: a\0b\r\n", "")),
    ];
    for (name, bytes) in cases {
        let answer = served.answers(&bytes);
        assert!(answer.starts_with("HTTP/1.1 400 "), "{name}: {answer}");
        assert!(
            answer.contains("application/problem+json"),
            "{name}: {answer}"
        );
        let body = answer.split_once("\r\n\r\n").unwrap().1;
        let problem: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(problem["status"], 400, "{name}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{name}: {answer}");
    }
    assert_eq!(
        served.status(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        400,
        "192"
    );
    assert_eq!(
        served.status(&[0x16, 3, 1, 2, 0, 1, 0, 1]),
        400,
        "a TLS hello"
    );
    assert_eq!(served.status(&post(&"X: 1\r\n".repeat(98), "")), 200);
    assert_eq!(served.status(&post(&"X: 1\r\n".repeat(99), "")), 431, "184");
    assert_eq!(
        served.status(&post(&format!("X: {}\r\n", "a".repeat(500_000)), "")),
        431,
        "185"
    );
    let long = format!("/{}", "a".repeat(9_000));
    assert_eq!(served.status(&get(&long)), 414, "193");
    assert_eq!(
        served.status(&get("//")),
        200,
        "a path is the route's to judge"
    );
    assert!(
        served.answers(&get("/a")).ends_with("[/a|]"),
        "others are served"
    );
}

#[test]
fn a_bad_chunk_is_the_bodys_fault() {
    let served = Served::new();
    for body in [
        "3\r\nabcd\r\n0\r\n\r\n",
        "zz\r\n",
        "3;x=y\r\nabc\r\n0\r\n\r\n",
        "ffffffffffffffffff\r\n",
        "0\r\nX: 1\r\n\r\n",
    ] {
        let answer = served.answers(&post("Transfer-Encoding: chunked\r\n", body));
        assert!(answer.starts_with("HTTP/1.1 400 "), "{body:?}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
    }
}

#[test]
fn each_of_several_requests_on_a_connection_is_looked_at() {
    let served = Served::new();
    let keep = |path: &str, body: &str| {
        format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    // 199: sent at once; a body that looks like a request is a body.
    let inner = String::from_utf8(get("/inner")).unwrap();
    let all = [keep("/1", ""), keep("/2", &inner), keep("/3", "c")].concat();
    let answer = served.answers(&[all.as_bytes(), &get("/4")].concat());
    let places: Vec<usize> = ["[/1|]", "[/2|GET /inner", "[/3|c]", "[/4|]"]
        .iter()
        .map(|part| {
            answer
                .find(part)
                .unwrap_or_else(|| panic!("{part}: {answer}"))
        })
        .collect();
    assert!(places.is_sorted(), "{answer}");
    assert_eq!(answer.matches("HTTP/1.1 200").count(), 4, "{answer}");
    // One that is ambiguous is refused in its turn, and nothing after it is answered.
    let bad = "GET /bad HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n";
    let all = [keep("/1", "a"), bad.to_owned(), keep("/3", "c")].concat();
    let answer = served.answers(all.as_bytes());
    assert!(
        answer.find("[/1|a]").unwrap() < answer.find("HTTP/1.1 400").unwrap(),
        "{answer}"
    );
    assert_eq!(answer.matches("HTTP/1.1 ").count(), 2, "{answer}");
    assert!(!answer.contains("[/3"), "{answer}");
    // And one after the other.
    let mut stream = served.connect();
    for path in ["/a", "/b", "/c"] {
        stream.write_all(keep(path, "x").as_bytes()).unwrap();
        assert!(one(&mut stream).ends_with(&format!("[{path}|x]")));
    }
    stream.write_all(bad.as_bytes()).unwrap();
    assert!(rest(&mut stream).starts_with("HTTP/1.1 400 "));
}

#[test]
fn a_body_beyond_the_routes_limit_is_refused() {
    let served = Served::new();
    let small = |lines: &str, body: &str| {
        String::from_utf8(post(lines, body))
            .unwrap()
            .replace("/x", "/small")
            .into_bytes()
    };
    assert_eq!(served.status(&small("Content-Length: 4\r\n", "abcd")), 200);
    assert_eq!(served.status(&small("Content-Length: 5\r\n", "abcde")), 413);
    assert_eq!(
        served.status(&small(
            "Transfer-Encoding: chunked\r\n",
            "5\r\nabcde\r\n0\r\n\r\n"
        )),
        413
    );
    let huge = post("Content-Length: 2097152\r\n", &"a".repeat(2_097_152));
    assert_eq!(served.status(&huge), 413, "144");
    // Announced, never sent: refused at once.
    assert_eq!(
        served.status(&post("Content-Length: 99999999999\r\n", "")),
        413
    );
}

#[test]
fn slow_heads_and_bodies_are_not_waited_for() {
    let short = Duration::from_millis(200);
    let limits = Limits {
        head: short,
        body: short,
        ..Limits::default()
    };
    let served = Served::with(limits, &[]);
    // 187: half a head.
    let mut stream = served.connect();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: loc").unwrap();
    assert!(rest(&mut stream).starts_with("HTTP/1.1 408 "));
    // Nothing at all.
    assert_eq!(rest(&mut served.connect()), "");
    // 188: half a body.
    let mut stream = served.connect();
    stream
        .write_all(&post("Content-Length: 5\r\n", "ab"))
        .unwrap();
    assert!(rest(&mut stream).starts_with("HTTP/1.1 408 "));
    // An answer that takes longer than that is no fault of the one who waits for it.
    assert!(served.answers(&get("/slow")).ends_with("[/slow|]"));
}

#[test]
fn idle_connections_make_room_for_others() {
    let limits = Limits {
        connections: 8,
        ..Limits::default()
    };
    let served = Served::with(limits, &[]);
    let idle: Vec<TcpStream> = (0..40).map(|_| served.connect()).collect();
    let mut half = served.connect();
    half.write_all(b"GET / HTTP/1.1\r\nHo").unwrap();
    for _ in 0..20 {
        assert!(served.answers(&get("/a")).ends_with("[/a|]"));
    }
    drop(idle);
}

#[test]
fn a_request_that_is_being_answered_is_not_made_to_make_room() {
    let limits = Limits {
        connections: 2,
        ..Limits::default()
    };
    let served = Served::with(limits, &[]);
    let mut slow = served.connect();
    slow.write_all(&get("/slow")).unwrap();
    served.begun.recv().unwrap();
    let _idle: Vec<TcpStream> = (0..4).map(|_| served.connect()).collect();
    assert!(served.answers(&get("/a")).ends_with("[/a|]"));
    assert!(rest(&mut slow).ends_with("[/slow|]"));
}

#[test]
fn only_our_own_names_and_pages_are_answered() {
    let served = Served::with(Limits::default(), &["w1.example"]);
    let with = |host: &str, lines: &str| {
        served.status(
            format!("POST / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{lines}\r\n")
                .as_bytes(),
        )
    };
    let port = served.address.port();
    for host in [
        "localhost",
        "LOCALHOST:80",
        "127.0.0.1",
        "[::1]",
        "[::1]:7",
        "w1.example:443",
        &format!("127.0.0.1:{port}"),
    ] {
        assert_eq!(with(host, ""), 200, "{host}");
    }
    for host in [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "localhost:",
        "localhost:x",
        "evil@localhost",
        "0.0.0.0",
        ":80",
    ] {
        assert_eq!(with(host, ""), 421, "{host}");
    }
    assert_eq!(with("localhost:70", "Origin: http://localhost:70\r\n"), 200);
    for origin in [
        "http://evil.example",
        "null",
        "http://localhost:71",
        "http://localhost",
        "file://",
        "",
    ] {
        assert_eq!(
            with("localhost:70", &format!("Origin: {origin}\r\n")),
            403,
            "196 {origin}"
        );
    }
    let two = "Origin: http://localhost:70\r\nOrigin: http://evil.example\r\n";
    assert_eq!(with("localhost:70", two), 403);
}

#[test]
fn a_stop_waits_for_what_was_asked() {
    let mut served = Served::new();
    let mut idle = served.connect();
    let mut slow = served.connect();
    slow.write_all(&get("/slow")).unwrap();
    served.begun.recv().unwrap();
    // It is being answered once an answer on a later connection has come.
    served.answers(&get("/a"));
    served.stop();
    assert!(rest(&mut slow).ends_with("[/slow|]"));
    assert_eq!(rest(&mut idle), "");
    assert!(TcpStream::connect(served.address).is_err());
}

#[test]
fn no_bytes_are_answered_with_5xx() {
    let served = Served::new();
    let good = post("Content-Length: 3\r\nX: y\r\n", "abc");
    for place in 0..good.len() {
        for byte in [0, b'\n', b'\r', b' ', b':', b'A', 0xff] {
            let mut bytes = good.clone();
            bytes[place] = byte;
            let mut stream = served.connect();
            stream.write_all(&bytes).unwrap();
            stream.shutdown(std::net::Shutdown::Write).unwrap();
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer);
            let answer = String::from_utf8_lossy(&answer);
            assert!(
                !answer.starts_with("HTTP/1.1 5"),
                "{place} {byte}: {answer}"
            );
        }
    }
}

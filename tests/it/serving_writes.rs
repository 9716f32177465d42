//! Writing over HTTP: what is acknowledged is durable, every answer says what became of a commit, and
//! a client needs no more than Ed25519 and JSON. Nothing here signs or reads with the crate's own
//! code.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use base64ct::{Base64, Encoding as _};
use ed25519_dalek::{Signer as _, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::desk::Desk;
use super::lab::EVENTS;
use super::server_desk::{Reply, Server};

const JSON: &str = "application/json";
const LINES: &str = "application/x-ndjson";
const COMMITS: &str = "/api/v1/commits";
const CLAIM: &str = "claim/neurons-are-polysemantic";

/// An agent with a key.
struct Author {
    name: &'static str,
    /// The key's id, as OpenSSH prints it.
    id: String,
    key: SigningKey,
}

/// A ledger of Ada and Bea.
struct Office {
    desk: Desk,
    ada: Author,
    bea: Author,
}

impl Author {
    /// With the key in a file of OpenSSH's.
    fn of(name: &'static str, file: &std::path::Path) -> Author {
        let text = std::fs::read_to_string(file).unwrap();
        let key = ssh_key::PrivateKey::from_openssh(&text).unwrap();
        let seed = key.key_data().ed25519().unwrap().private.to_bytes();
        Author {
            name,
            id: key.fingerprint(ssh_key::HashAlg::Sha256).to_string(),
            key: SigningKey::from_bytes(&seed),
        }
    }
}

impl Office {
    fn new() -> Office {
        let desk = Desk::argued();
        let ada = Author::of("ada", &desk.config().join("author.key"));
        let bea = Author::of("bea", &desk.path("bea.key"));
        Office { desk, ada, bea }
    }

    /// Served, with no maps between what tests write.
    fn serve(&self, words: &[&str]) -> Server {
        Server::start(&self.desk, &[&["--map-every", "0"], words].concat())
    }

    fn vkey(&self) -> String {
        let shown = self.desk.yes(&["verify", "--json"]).json();
        shown["vkey"].as_str().unwrap().to_owned()
    }

    /// A claim of this name by Ada, signed.
    fn claim(&self, server: &Server, name: &str) -> Vec<u8> {
        signed(
            &prepared(server, &self.ada, json!([claim(name)])),
            &self.ada,
        )
    }

    /// Whether a receipt is one, by the command that checks them offline.
    fn check(&self, receipt: &Value, vkey: &str) {
        let commit = receipt["commit"].as_str().unwrap();
        let file = format!("{commit}.json");
        self.desk.write(&file, receipt.to_string());
        self.desk
            .yes(&["check", &file, "--commit", commit, "--vkey", vkey]);
    }

    fn lines(&self) -> Vec<String> {
        let text = self.desk.read(&format!("ledger/{EVENTS}"));
        // Space that a writer has reserved is no line.
        let lines = text.lines().filter(|line| !line.starts_with('\0'));
        lines.map(str::to_owned).collect()
    }
}

fn claim(name: &str) -> Value {
    json!({"subject": format!("claim/{name}"), "type": "claim.asserted", "data": {
        "statement": format!("It is so: {name}"), "summary": "It was seen.", "nature": "empirical",
        "polarity": "positive", "falsifiability": "falsifiable", "origin": "authored",
        "domains": [{"name": "Trials", "weight": "1"}]}})
}

fn note(text: &str) -> Value {
    json!({"subject": CLAIM, "type": "note.added", "data": {"text": text}})
}

fn attestation() -> Value {
    json!({"subject": CLAIM, "type": "attestation.made", "effective": "2026-03",
        "data": {"verdict": "verifies", "weight": "0.8", "version": 1, "role": "Attester"}})
}

fn prepare(server: &Server, wanted: &Value) -> Reply {
    server.post("/api/v1/prepare", JSON, wanted.to_string().as_bytes())
}

fn prepared(server: &Server, author: &Author, events: Value) -> Value {
    let wanted = json!({"author": author.name, "key": author.id, "events": events});
    let reply = prepare(server, &wanted);
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()
}

/// What a client does: sign the bytes, and put the signature where it belongs.
fn signed(prepared: &Value, author: &Author) -> Vec<u8> {
    let bytes = prepared["sign"]["bytes_base64"].as_str().unwrap();
    let signature = author.key.sign(&Base64::decode_vec(bytes).unwrap());
    let signature = Base64::encode_string(&signature.to_bytes());
    let pieces = prepared["submit"]["pieces"].as_array().unwrap();
    assert_eq!(pieces.len(), 2);
    let body = [
        pieces[0].as_str().unwrap(),
        &signature,
        pieces[1].as_str().unwrap(),
    ];
    body.concat().into_bytes()
}

fn post(server: &Server, body: &[u8]) -> Reply {
    server.post(COMMITS, JSON, body)
}

fn refused(reply: &Reply, status: u16, code: &str) {
    assert_eq!(reply.status, status, "{}", reply.text());
    assert_eq!(
        reply.header("content-type"),
        Some("application/problem+json")
    );
    assert_eq!(reply.code(), code, "{}", reply.text());
}

// --- one commit -----------------------------------------------------------------------------------

#[test]
fn a_client_with_ed25519_and_json_alone_writes_and_keeps_a_receipt_that_anybody_can_check() {
    let office = Office::new();
    let server = office.serve(&[]);
    let before = server.size();
    // He who has one key need not name it.
    let wanted = json!({"author": "agent/bea", "events": [attestation()]});
    let prepared = prepare(&server, &wanted).json();
    assert_eq!(prepared["schema"], "grounds.prepare/1");
    assert_eq!(server.size(), before, "nothing is recorded");

    // What it is asked to sign is what DSSE makes of the text that it is shown, and no more.
    let text = prepared["commit"]["text"].as_str().unwrap();
    let kind = "application/vnd.grounds.commit+json";
    let message = format!("DSSEv1 {} {kind} {} {text}", kind.len(), text.len());
    assert_eq!(prepared["sign"]["payload_type"], kind);
    assert_eq!(
        prepared["sign"]["bytes_base64"],
        Base64::encode_string(message.as_bytes())
    );
    assert_eq!(
        prepared["commit"]["base64"],
        Base64::encode_string(text.as_bytes())
    );
    let id: String = Sha256::digest(text)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(prepared["id"], id.as_str());
    let commit: Value = serde_json::from_str(text).unwrap();
    assert_eq!(commit["author"], "agent/bea");
    assert_eq!(commit["events"][0]["effective"], "2026-03");
    assert_eq!(commit["anchor"]["size"], before);
    assert!(prepared["events"][0]["words"].is_array());
    let moved = &prepared["figures"][0];
    assert_ne!(
        moved["before"], moved["after"],
        "an attestation moves figures"
    );

    let body = signed(&prepared, &office.bea);
    let reply = post(&server, &body);
    assert_eq!(reply.status, 201, "{}", reply.text());
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let place = reply.header("location").unwrap().to_owned();
    assert!(
        place.starts_with("/log") && place.ends_with(&format!("#e{before}")),
        "{place}"
    );
    let receipt = reply.json();
    assert_eq!(
        (&receipt["commit"], &receipt["index"]),
        (&json!(id), &json!(before))
    );
    // It was on disk before it was acknowledged.
    assert_eq!(
        office.lines()[before as usize],
        receipt["entry"].as_str().unwrap()
    );
    office.check(&receipt, &office.vkey());

    // The same again, with a line end: known, the same entry.
    let again = post(&server, &[&body[..], b"\n"].concat());
    assert_eq!(again.status, 200);
    assert_eq!(again.json()["entry"], receipt["entry"]);
    server.until("/checkpoint", |reply| {
        reply.text().lines().nth(1) == Some(&(before + 1).to_string())
    });
    assert_eq!(server.stop().code, Some(0));
    office.desk.holds();
    assert_eq!(office.lines().len() as u64, before + 1);
}

#[test]
fn what_would_be_refused_is_refused_before_it_is_signed() {
    let office = Office::new();
    let server = office.serve(&[]);
    let ask = |wanted: Value| prepare(&server, &wanted);
    refused(
        &ask(json!({"author": "ada", "key": office.ada.id, "events": [attestation()]})),
        422,
        "role",
    );
    refused(
        &ask(
            json!({"author": "ada", "key": office.ada.id, "events": [{"subject": CLAIM, "type": "note.added", "data": {}}]}),
        ),
        400,
        "schema",
    );
    refused(
        &ask(
            json!({"author": "ada", "key": office.ada.id, "events": [{"subject": "agent/ada", "type": "claim.linked", "data": {}}]}),
        ),
        400,
        "schema",
    );
    refused(
        &ask(json!({"author": "ada", "key": office.ada.id, "events": []})),
        413,
        "limit",
    );
    refused(
        &ask(json!({"author": "nobody", "events": [note("x")]})),
        422,
        "missing",
    );
    refused(
        &ask(json!({"author": "ada", "key": "SHA256:x", "events": [note("x")]})),
        422,
        "signature",
    );
    refused(
        &ask(
            json!({"author": "ada", "key": office.ada.id, "at": "2999-01-01T00:00:00Z", "events": [note("x")]}),
        ),
        422,
        "time",
    );
    refused(
        &ask(
            json!({"author": "ada", "key": office.ada.id, "at": "yesterday", "events": [note("x")]}),
        ),
        422,
        "time",
    );
    refused(
        &ask(json!({"author": "ada", "key": office.ada.id, "events": [note("x")], "more": 1})),
        400,
        "schema",
    );
    refused(&ask(json!({"author": "ada"})), 400, "schema");
    refused(&server.post("/api/v1/prepare", JSON, b"{"), 400, "bytes");
    refused(
        &server.post("/api/v1/prepare", LINES, b"{}"),
        415,
        "media_type",
    );
    let twice = br#"{"author":"ada","events":[{"subject":"claim/a","subject":"claim/b","type":"note.added","data":{}}]}"#;
    refused(&server.post("/api/v1/prepare", JSON, twice), 400, "schema");

    // She has a second key, kept offline: which one is hers to say.
    let which = ask(json!({"author": "ada", "events": [note("x")]}));
    refused(&which, 422, "signature");
    assert!(which.text().contains(&office.ada.id), "{}", which.text());

    // Two sign: the places for both are there, in the order of the keys.
    let both = ask(
        json!({"author": "ada", "key": office.ada.id, "with": ["bea"], "events": [note("We both say so.")]}),
    );
    let both = both.json();
    let keys = both["sign"]["keys"].as_array().unwrap();
    let pieces = both["submit"]["pieces"].as_array().unwrap();
    assert_eq!((keys.len(), pieces.len()), (2, 3));
    let message = Base64::decode_vec(both["sign"]["bytes_base64"].as_str().unwrap()).unwrap();
    let by = |author: &Author| Base64::encode_string(&author.key.sign(&message).to_bytes());
    let put = |first: &str, second: &str| {
        let piece = |place: usize| pieces[place].as_str().unwrap();
        [piece(0), first, piece(1), second, piece(2)].concat()
    };
    let (ada, bea) = (by(&office.ada), by(&office.bea));
    let tried = [put(&ada, &bea), put(&bea, &ada)];
    let tried = tried.map(|body| post(&server, body.as_bytes()).status);
    // Where the first order was the right one, the second names a commit that is recorded.
    assert!(matches!(tried, [201, 200] | [422, 201]), "{tried:?}");
    server.stop();
    office.desk.holds();
}

#[test]
fn every_refusal_has_its_status_and_its_code_and_records_nothing() {
    let office = Office::new();
    let server = office.serve(&[]);
    let before = server.size();
    let good = office.claim(&server, "good");
    refused(
        &server.post(COMMITS, "text/plain", &good),
        415,
        "media_type",
    );
    let gzip = [("Content-Type", JSON), ("Content-Encoding", "gzip")];
    refused(
        &server.ask("POST", COMMITS, &gzip, &good),
        415,
        "media_type",
    );
    refused(&post(&server, b"{}"), 400, "bytes");
    refused(
        &post(&server, br#"{"commit":{},"signatures":[]}"#),
        400,
        "schema",
    );
    let spaced = [b" ", &good[..]].concat();
    refused(&post(&server, &spaced), 400, "bytes");
    refused(&server.post(COMMITS, LINES, b"\n\n"), 400, "bytes");
    refused(
        &server.post(COMMITS, LINES, "{}\n".repeat(1001).as_bytes()),
        413,
        "limit",
    );
    refused(&post(&server, &vec![b' '; (1 << 20) + 1]), 413, "limit");
    let long = format!(
        "{{\"commit\":{{\"a\":\"{}\"}},\"signatures\":[]}}",
        "x".repeat(60_001)
    );
    refused(&post(&server, long.as_bytes()), 413, "limit");
    refused(
        &server.ask("PUT", COMMITS, &[("Content-Type", JSON)], &good),
        405,
        "method",
    );

    // Signed by somebody else than it says; of another place in the stream.
    let wanted = prepared(&server, &office.ada, json!([note("One")]));
    refused(
        &post(&server, &signed(&wanted, &office.bea)),
        422,
        "signature",
    );
    let stale = signed(
        &prepared(&server, &office.ada, json!([note("Two")])),
        &office.ada,
    );
    assert_eq!(post(&server, &signed(&wanted, &office.ada)).status, 201);
    let conflict = post(&server, &stale);
    refused(&conflict, 409, "conflict");
    assert_eq!(conflict.json()["position"], 0);
    // Against a rule: Bea may attest, but assert nothing.
    office
        .desk
        .write("act.json", json!([claim("of-bea")]).to_string());
    let words = [
        "act", "--from", "act.json", "--key", "bea.key", "--out", "own.json",
    ];
    office.desk.yes(&words);
    let own = office.desk.read("own.json");
    refused(&post(&server, own.as_bytes()), 422, "role");

    assert_eq!(office.lines().len() as u64, before + 1);
    server.stop();
    office.desk.holds();
    let server = office.serve(&["--read-only"]);
    refused(&post(&server, &good), 403, "read_only");
    // What to sign it says also where nothing is written: it may be written elsewhere.
    assert!(prepared(&server, &office.ada, json!([note("Three")]))["commit"]["text"].is_string());
}

#[test]
fn a_commit_whose_sender_went_away_is_recorded_and_found_by_submitting_it_again() {
    let office = Office::new();
    let server = office.serve(&[]);
    let before = server.size();
    let body = office.claim(&server, "left-behind");
    let head = format!(
        "POST {COMMITS} HTTP/1.1\r\nHost: {}\r\nContent-Type: {JSON}\r\nContent-Length: {}\r\n\r\n",
        server.address,
        body.len()
    );
    let mut stream = server.connect();
    stream
        .write_all(&[head.as_bytes(), &body].concat())
        .unwrap();
    drop(stream);
    server.until("/checkpoint", |reply| {
        reply.text().lines().nth(1) == Some(&(before + 1).to_string())
    });
    let found = post(&server, &body);
    assert_eq!(
        (found.status, &found.json()["index"]),
        (200, &json!(before))
    );
    office.check(&found.json(), &office.vkey());
}

#[test]
fn where_the_disk_fails_in_the_middle_the_outcome_is_unknown_and_nothing_more_is_taken() {
    let office = Office::new();
    let server = office.serve(&[]);
    let (body, next) = (
        office.claim(&server, "unsure"),
        office.claim(&server, "next"),
    );
    // The signer's new state cannot be written.
    let obstacle = office.desk.config().join("log.state.new");
    std::fs::create_dir(&obstacle).unwrap();
    let unknown = post(&server, &body);
    refused(&unknown, 500, "unknown_outcome");
    assert!(
        unknown.json()["hint"]
            .as_str()
            .unwrap()
            .contains("submit the same")
    );
    let stopped = post(&server, &next);
    refused(&stopped, 503, "stopping");
    assert!(stopped.header("retry-after").is_some());
    let ready = server.get("/readyz");
    assert_eq!(ready.status, 503, "{}", ready.text());
    assert_ne!(server.stop().code, Some(0));
    std::fs::remove_dir(&obstacle).unwrap();

    let server = office.serve(&[]);
    let settled = post(&server, &body);
    assert!(matches!(settled.status, 200 | 201), "{}", settled.text());
    office.check(&settled.json(), &office.vkey());
    assert_eq!(post(&server, &next).status, 201);
    server.stop();
    office.desk.holds();
}

// --- many -----------------------------------------------------------------------------------------

#[test]
fn sixty_four_at_once_each_get_a_receipt_that_holds() {
    let office = Office::new();
    let server = office.serve(&[]);
    let before = server.size();
    let bodies: Vec<Vec<u8>> = (0..64)
        .map(|number| office.claim(&server, &format!("c{number}")))
        .collect();
    let receipts: Vec<Value> = std::thread::scope(|scope| {
        let posting: Vec<_> = bodies
            .iter()
            .map(|body| scope.spawn(|| post(&server, body)))
            .collect();
        let replies = posting.into_iter().map(|thread| thread.join().unwrap());
        replies
            .map(|reply| {
                assert_eq!(reply.status, 201, "{}", reply.text());
                reply.json()
            })
            .collect()
    });
    let mut indexes: Vec<u64> = receipts
        .iter()
        .map(|one| one["index"].as_u64().unwrap())
        .collect();
    indexes.sort_unstable();
    assert_eq!(indexes, (before..before + 64).collect::<Vec<u64>>());
    server.stop();
    office.desk.holds();
    let (vkey, lines) = (office.vkey(), office.lines());
    for receipt in &receipts {
        office.check(receipt, &vkey);
        let index = receipt["index"].as_u64().unwrap() as usize;
        assert_eq!(lines[index], receipt["entry"].as_str().unwrap());
    }
}

#[test]
fn of_many_lines_each_has_its_answer_and_a_bad_one_keeps_none_out() {
    let office = Office::new();
    let server = office.serve(&[]);
    let before = server.size();
    let (one, two) = (office.claim(&server, "one"), office.claim(&server, "two"));
    let body = [&one[..], b"\n{}\n\n", &two, b"\n", &one, b"\n"].concat();
    let reply = server.post(COMMITS, LINES, &body);
    assert_eq!(
        (reply.status, reply.header("content-type")),
        (200, Some(LINES))
    );
    let text = reply.text();
    let answers: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let indexes: Vec<&Value> = answers.iter().map(|answer| &answer["index"]).collect();
    assert_eq!(
        indexes,
        [
            &json!(before),
            &Value::Null,
            &json!(before + 1),
            &json!(before)
        ]
    );
    let bad = &answers[1];
    assert_eq!(
        (&bad["line"], &bad["status"], &bad["code"]),
        (&json!(2), &json!(400), &json!("bytes"))
    );
    office.check(&answers[2], &office.vkey());
    let metrics = server.get("/metrics").text();
    for said in [
        "grounds_commits_total{outcome=\"recorded\"} 2",
        "grounds_commits_total{outcome=\"known\"} 1",
    ] {
        assert!(metrics.contains(said), "{metrics}");
    }
    server.stop();
    office.desk.holds();
}

#[test]
fn a_key_for_idempotency_belongs_to_the_body_that_was_recorded_with_it() {
    let office = Office::new();
    let server = office.serve(&[]);
    let (one, two) = (office.claim(&server, "one"), office.claim(&server, "two"));
    let with = |key: &str, body: &[u8]| {
        let headers = [("Content-Type", JSON), ("Idempotency-Key", key)];
        server.ask("POST", COMMITS, &headers, body)
    };
    assert_eq!(with("\"a\"", &one).status, 201);
    assert_eq!(with("\"a\"", &one).status, 200);
    refused(&with("\"a\"", &two), 409, "idempotency");
    // Nothing was recorded under this one: it is free for what was meant.
    refused(&with("\"b\"", b"{}"), 400, "bytes");
    assert_eq!(with("\"b\"", &two).status, 201);
    refused(&with(&"k".repeat(256), &two), 400, "usage");
}

#[test]
fn who_writes_too_fast_is_told_when_to_come_again_and_nobody_else_is() {
    let office = Office::new();
    let server = office.serve(&["--rate", "1", "--burst", "4"]);
    let before = server.size();
    let bodies: Vec<Vec<u8>> = (0..40)
        .map(|number| office.claim(&server, &format!("c{number}")))
        .collect();
    let text = [bodies.join(&b'\n'), b"\n".to_vec()].concat();
    let reply = server.post(COMMITS, LINES, &text);
    let answers = reply.text();
    let answers: Vec<Value> = answers
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let (yes, no): (Vec<&Value>, Vec<&Value>) =
        answers.iter().partition(|one| one["index"].is_u64());
    assert!(yes.len() >= 4 && !no.is_empty(), "{} recorded", yes.len());
    for answer in no {
        assert_eq!(
            (&answer["status"], &answer["code"]),
            (&json!(429), &json!("rate"))
        );
        assert!(answer["retry_after"].as_u64().unwrap() >= 1);
    }
    let late = post(&server, bodies.last().unwrap());
    if late.status != 201 {
        refused(&late, 429, "rate");
        assert!(late.header("retry-after").unwrap().parse::<u64>().unwrap() >= 1);
    }
    // Forged in Bea's name: her key pays nothing for it; the address does, and is refused in the end.
    let wanted = prepared(&server, &office.bea, json!([attestation()]));
    let forged = signed(&wanted, &office.ada);
    let codes: Vec<String> = (0..40).map(|_| post(&server, &forged).code()).collect();
    assert_eq!(codes[0], "signature");
    assert!(codes.contains(&"rate".to_owned()), "{codes:?}");
    // Who does sign is let in from the same address.
    assert_eq!(post(&server, &signed(&wanted, &office.bea)).status, 201);
    server.stop();
    office.desk.holds();
    assert!(office.lines().len() as u64 > before + 4);
}

#[test]
fn a_stop_in_the_middle_loses_nothing_that_was_acknowledged() {
    let office = Office::new();
    let server = office.serve(&["--rate", "100000", "--burst", "100000"]);
    let bodies: Vec<Vec<u8>> = (0..60)
        .map(|number| office.claim(&server, &format!("c{number}")))
        .collect();
    let (told, heard) = std::sync::mpsc::channel();
    let address = server.address;
    let posting: Vec<_> = bodies
        .chunks(15)
        .map(|own| {
            let (own, told) = (own.to_vec(), told.clone());
            std::thread::spawn(move || {
                for body in own {
                    let Some(entry) = posted(address, &body) else {
                        return;
                    };
                    told.send(entry).unwrap();
                }
            })
        })
        .collect();
    drop(told);
    let mut acknowledged: Vec<String> = heard.iter().take(10).collect();
    server.terminate();
    acknowledged.extend(heard.iter());
    posting
        .into_iter()
        .for_each(|thread| thread.join().unwrap());
    assert_eq!(server.ended().code, Some(0));
    let lines = office.lines();
    for entry in &acknowledged {
        assert!(lines.contains(entry), "{entry}");
    }
    office.desk.holds();
    // The lock is let go.
    office.desk.yes(&["note", CLAIM, "-m", "And on it goes."]);
}

/// The entry of a commit that was acknowledged; none where the server is going.
fn posted(address: std::net::SocketAddr, body: &[u8]) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    let head = format!(
        "POST {COMMITS} HTTP/1.1\r\nHost: {address}\r\nContent-Type: {JSON}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(&[head.as_bytes(), body].concat()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    if !head.starts_with("HTTP/1.1 201") {
        return None;
    }
    let receipt: Value = serde_json::from_str(body).ok()?;
    Some(receipt["entry"].as_str()?.to_owned())
}

// --- the stream -----------------------------------------------------------------------------------

/// A reader of the stream.
struct Events {
    stream: BufReader<TcpStream>,
    text: String,
}

impl Events {
    fn open(server: &Server, query: &str, last: Option<u64>) -> Events {
        let last = last.map_or_else(String::new, |last| format!("Last-Event-ID: {last}\r\n"));
        let mut stream = server.connect();
        let head = format!(
            "GET /api/v1/stream{query} HTTP/1.1\r\nHost: {}\r\n{last}\r\n",
            server.address
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut stream = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(stream.read_line(&mut head).unwrap() > 0, "{head}");
        }
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        assert!(
            head.to_ascii_lowercase()
                .contains("content-type: text/event-stream")
        );
        Events {
            stream,
            text: String::new(),
        }
    }

    /// The next piece of the body; none at its end.
    fn piece(&mut self) -> Option<()> {
        let mut line = String::new();
        self.stream.read_line(&mut line).unwrap();
        let size = usize::from_str_radix(line.trim(), 16)
            .ok()
            .filter(|size| *size > 0)?;
        let mut piece = vec![0; size + 2];
        self.stream.read_exact(&mut piece).unwrap();
        self.text
            .push_str(std::str::from_utf8(&piece[..size]).unwrap());
        Some(())
    }

    /// The next event: its id and its data; comments are passed over.
    fn next(&mut self) -> Option<(u64, String)> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.text = rest;
                let lines: Vec<&str> = event.lines().collect();
                if let [id, "event: entry", data] = lines.as_slice() {
                    let id = id.strip_prefix("id: ").unwrap().parse().unwrap();
                    return Some((id, data.strip_prefix("data: ").unwrap().to_owned()));
                }
                assert_eq!(event, ":");
                continue;
            }
            self.piece()?;
        }
    }

    fn take(&mut self, count: usize) -> Vec<(u64, String)> {
        (0..count).map(|_| self.next().unwrap()).collect()
    }
}

#[test]
fn the_stream_tells_every_entry_once_across_breaks_while_others_write_and_ends_at_the_stop() {
    let office = Office::new();
    let server = office.serve(&[]);
    let before = server.size();
    let bodies: Vec<Vec<u8>> = (0..30)
        .map(|number| office.claim(&server, &format!("c{number}")))
        .collect();
    // From the newest head on, where nothing is said.
    let mut newest = Events::open(&server, "", None);
    let mut heard = Events::open(&server, "?after=0", None).take(before as usize - 1);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for body in &bodies {
                assert_eq!(post(&server, body).status, 201);
            }
        });
        // Every few entries the connection breaks.
        while heard.len() < before as usize - 1 + 30 {
            let last = heard.last().unwrap().0;
            let mut events = Events::open(&server, "?after=1", Some(last));
            let missing = before as usize - 1 + 30 - heard.len();
            heard.extend(events.take(missing.min(7)));
        }
    });
    let lines = office.lines();
    let expected: Vec<(u64, String)> = (1..).zip(lines[1..].iter().cloned()).collect();
    assert_eq!(heard, expected, "no gap, nothing twice, the stored bytes");
    assert_eq!(newest.take(30), expected[before as usize - 1..]);

    let metrics = server.get("/metrics").text();
    assert!(metrics.contains("grounds_streams"), "{metrics}");
    server.terminate();
    assert_eq!(newest.next(), None, "it ends");
    assert_eq!(server.ended().code, Some(0));
}

#[test]
fn a_stream_begins_nowhere_that_is_not_there() {
    let office = Office::new();
    let server = office.serve(&[]);
    let size = server.size();
    refused(
        &server.get(&format!("/api/v1/stream?after={size}")),
        404,
        "not_found",
    );
    refused(&server.get("/api/v1/stream?after=-1"), 400, "usage");
    let headers = [("Last-Event-ID", "x")];
    refused(
        &server.ask("GET", "/api/v1/stream", &headers, b""),
        400,
        "usage",
    );
    refused(&server.post("/api/v1/stream", JSON, b"{}"), 405, "method");
    // At the newest entry there is only what comes.
    let mut events = Events::open(&server, &format!("?after={}", size - 1), None);
    let body = office.claim(&server, "comes");
    assert_eq!(post(&server, &body).status, 201);
    assert_eq!(events.next().unwrap().0, size);
}

// --- maps and witnesses ---------------------------------------------------------------------------

#[test]
fn a_map_follows_a_commit_by_itself() {
    let office = Office::new();
    let server = Server::start(&office.desk, &["--map-every", "1"]);
    let before = server.size();
    let body = office.claim(&server, "mapped");
    assert_eq!(post(&server, &body).status, 201);
    server.until("/checkpoint", |reply| {
        reply.text().lines().nth(1) == Some(&(before + 2).to_string())
    });
    server.stop();
    assert!(office.lines().last().unwrap().contains("ledger.mapped"));
    office.desk.holds();
}

#[test]
fn the_witnesses_of_the_policy_are_asked_about_what_came_over_http_and_a_server_is_one_itself() {
    // Bea's server is a witness of Ada's log, beside her own ledger.
    let (ada, bea) = (Office::new(), Office::new());
    let made = bea
        .desk
        .yes(&["witness", "init", "w1", "--name", "w1.example/w", "--json"])
        .json();
    bea.desk.yes(&["witness", "add", "w1", &ada.vkey()]);
    let witness = bea.serve(&["--witness", "w1"]);
    let origin: String = Sha256::digest("claims.example/lab")
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    refused(
        &witness.get(&format!("/{origin}/checkpoint")),
        404,
        "not_found",
    );
    refused(&witness.get("/add-checkpoint"), 405, "method");
    refused(
        &witness.post("/add-checkpoint", "text/plain", b"?"),
        400,
        "request",
    );

    let policy = format!(
        "witness w1 {} {}\nquorum w1\n",
        made["vkey"].as_str().unwrap(),
        witness.url("")
    );
    ada.desk.write("ledger/policy", policy);
    let server = ada.serve(&[]);
    let body = ada.claim(&server, "witnessed");
    assert_eq!(post(&server, &body).status, 201);
    let cosigned = server.until("/checkpoint", |reply| {
        reply.text().contains("— w1.example/w ")
    });
    let seen = witness.get(&format!("/{origin}/checkpoint")).text();
    assert_eq!(seen.lines().nth(1), cosigned.text().lines().nth(1));
    let ended = server.stop();
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    ada.desk.yes(&["verify", "--policy", "ledger/policy"]);
}

// --- the command ----------------------------------------------------------------------------------

#[test]
fn submit_sends_to_a_server_and_believes_no_receipt_that_it_cannot_check() {
    let office = Office::new();
    let (vkey, other) = (office.vkey(), Office::new().vkey());
    let server = office.serve(&[]);
    let url = server.url("");
    office
        .desk
        .yes(&["note", CLAIM, "-m", "From afar.", "--out", "note.json"]);
    let send = |file: &str, vkey: &str| {
        office
            .desk
            .run(&["submit", file, "--to", &url, "--vkey", vkey])
    };
    let first = send("note.json", &vkey);
    assert_eq!(first.code, 0, "{}", first.err);
    assert!(
        first.out.contains("note.json: recorded as @"),
        "{}",
        first.out
    );
    let again = send("note.json", &vkey);
    assert!(again.out.contains("was recorded before"), "{}", again.out);
    let wrong = send("note.json", &other);
    assert_eq!(wrong.code, 1, "{}", wrong.err);
    assert!(wrong.err.contains("error[receipt]"), "{}", wrong.err);

    // Of several, each has its answer; the first no is the exit code.
    let note = office.desk.read("note.json");
    let claim = String::from_utf8(office.claim(&server, "sent")).unwrap();
    let stale = office
        .desk
        .yes(&["note", CLAIM, "-m", "Late.", "--out", "late.json"]);
    drop(stale);
    let body = signed(
        &prepared(&server, &office.ada, json!([self::note("Earlier.")])),
        &office.ada,
    );
    assert_eq!(post(&server, &body).status, 201);
    let late = office.desk.read("late.json");
    office
        .desk
        .write("many.ndjson", format!("{note}{late}{claim}\n"));
    let many = office.desk.run(&["submit", "many.ndjson", "--to", &url]);
    assert_eq!(many.code, 5, "{}{}", many.out, many.err);
    assert!(
        many.err.contains("many.ndjson:2: error[conflict]"),
        "{}",
        many.err
    );
    assert_eq!(many.out.lines().count(), 2, "{}", many.out);
    let receipt = office
        .desk
        .yes(&["submit", "note.json", "--to", &url, "--json"])
        .json();
    office.check(&receipt, &vkey);

    // What answers there is no ledger.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let liar = format!("http://{}", listener.local_addr().unwrap());
    let answering = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        let (mut piece, mut asked) = ([0; 16 * 1024], Vec::new());
        while !asked.ends_with(b"]}") {
            let read = stream.read(&mut piece).unwrap();
            asked.extend(&piece[..read]);
        }
        let body = receipt.to_string();
        let answer = format!(
            "HTTP/1.1 201 Created\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(answer.as_bytes()).unwrap();
        // Until the other side has read it.
        let _ = stream.read(&mut piece);
    });
    office.desk.write("claim.json", claim);
    let lied = office.desk.run(&["submit", "claim.json", "--to", &liar]);
    answering.join().unwrap();
    assert_eq!(lied.code, 1, "{}", lied.err);
    assert!(
        lied.err.contains("expected a receipt of what was sent"),
        "{}",
        lied.err
    );
    office
        .desk
        .no(2, &["submit", "note.json", "--to", "ftp://x"], "--to");
}

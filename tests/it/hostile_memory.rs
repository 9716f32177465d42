//! Limits hold before memory is taken: whatever is handed in, a process stays within 64 MiB of what it
//! takes when nothing is.
//!
//! Each case is the program itself, as it is run; its peak is what the system says of it (VmHWM). The
//! files are sparse: a gibibyte of them takes no room on the disk. The default run has them 96 MiB
//! long, which is beyond the bound too; `GROUNDS_FULL` makes them whole.
#![cfg(target_os = "linux")]

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::desk::Desk;
use crate::lab::{EVENTS, copy};
use crate::server_desk::Server;

/// What may be taken above idle, in KiB.
const BOUND: u64 = 64 << 10;

fn is_full() -> bool {
    std::env::var_os("GROUNDS_FULL").is_some()
}

/// How long a line or a file of too much is, in bytes.
fn much() -> u64 {
    if is_full() { 1 << 30 } else { 96 << 20 }
}

/// The most that a process ever had in memory, in KiB; none once it has ended.
fn peak_of(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
}

/// How a command ended.
struct Ended {
    /// None where a signal ended it.
    code: Option<i32>,
    said: String,
    peak: u64,
}

/// Waits for a process and looks at its peak until then. It only ever grows: what is missed is what
/// it took within the last fraction of a millisecond.
fn watch(mut child: Child) -> (Option<i32>, u64) {
    let mut peak = 0;
    loop {
        peak = peak_of(child.id()).unwrap_or(0).max(peak);
        if let Some(status) = child.try_wait().unwrap() {
            return (status.code(), peak);
        }
        std::thread::sleep(Duration::from_micros(300));
    }
}

/// What writes to a command's standard input.
type Input = dyn Fn(&mut dyn std::io::Write) + Send;

fn measured(desk: &Desk, words: &[&str], input: Option<Box<Input>>) -> Ended {
    let said = desk.path("said");
    File::create(&said).unwrap();
    let mut command: Command = desk.command(words);
    command
        .stdin(if input.is_some() {
            Stdio::piped()
        } else {
            Stdio::null()
        })
        .stdout(File::options().append(true).open(&said).unwrap())
        .stderr(File::options().append(true).open(&said).unwrap());
    let mut child = command.spawn().unwrap();
    let writing = input
        .zip(child.stdin.take())
        .map(|(input, mut to)| std::thread::spawn(move || input(&mut to)));
    let (code, peak) = watch(child);
    if let Some(writing) = writing {
        writing.join().unwrap();
    }
    let mut text = Vec::new();
    File::open(&said)
        .unwrap()
        .take(100_000)
        .read_to_end(&mut text)
        .unwrap();
    Ended {
        code,
        said: String::from_utf8_lossy(&text).into_owned(),
        peak,
    }
}

/// A desk, and the peak of the same program when it has a small honest ledger to read.
fn idle() -> (Desk, u64) {
    let desk = Desk::argued();
    let idle = measured(&desk, &["verify"], None);
    assert_eq!(idle.code, Some(0), "{}", idle.said);
    assert!(idle.peak > 4 << 10, "{}", idle.peak);
    (desk, idle.peak)
}

/// What a ledger's folder records: lines, tiles, head.
fn recorded(desk: &Desk) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let dir = desk.path("ledger");
    let files = crate::lab::everything(&dir).into_iter();
    files
        .filter(|(path, _)| !path.starts_with(dir.join("cache")))
        .map(|(path, (_, bytes))| (path, bytes))
        .collect()
}

#[track_caller]
fn stays_small(idle: u64, name: &str, ended: &Ended, expected: &[i32], said: &str) {
    let taken = ended.peak.saturating_sub(idle);
    assert!(
        taken <= BOUND,
        "{name}: {taken} KiB above idle ({idle}): {}",
        ended.said
    );
    let code = ended
        .code
        .unwrap_or_else(|| panic!("{name}: ended by a signal: {}", ended.said));
    assert!(
        expected.contains(&code),
        "{name}: exit {code}: {}",
        ended.said
    );
    assert!(
        ended.said.contains(said),
        "{name}: expected {said:?} in {}",
        ended.said
    );
    assert!(!ended.said.contains("panicked"), "{name}: {}", ended.said);
}

/// `before`, then so many bytes that nobody wrote, then `after`.
fn sparse(path: &Path, before: &[u8], bytes: u64, after: &[u8]) {
    let file = File::create(path).unwrap();
    file.write_all_at(before, 0).unwrap();
    file.write_all_at(after, before.len() as u64 + bytes)
        .unwrap();
}

#[test]
fn a_file_of_a_gibibyte_is_refused_by_every_command_that_reads_one() {
    let (desk, idle) = idle();
    sparse(&desk.path("much"), b"{", much(), b"x\n");
    let vkey = desk.say("verify|--json").json()["vkey"]
        .as_str()
        .unwrap()
        .to_owned();
    let before = recorded(&desk);
    for (words, codes, said) in [
        ("submit much", &[1][..], "error[limit]"),
        ("submit much --dry-run", &[1], "error[limit]"),
        ("submit much --genesis --ledger new", &[1], "error[limit]"),
        ("sign much", &[1], "error[limit]"),
        ("import jsonl much", &[1], "error[import]"),
        ("import fred much", &[1], "error[import]"),
        ("import csv much --mapping much", &[1], "error[limit]"),
        ("import fred much --mapping much", &[1], "error[limit]"),
        ("verify --from much", &[1], "error[limit]"),
        ("verify --policy much", &[1], "error[limit]"),
        ("prove --from much -o out", &[1], "error[limit]"),
        ("prove --fork much -o out", &[1, 6], "much"),
        ("act --from much", &[1], "error[limit]"),
        ("key prove --agent ada --key much", &[7], "error[key_file]"),
        ("note ledger -m x --key much", &[7], "error[key_file]"),
        ("agent add cid --name Cid --proof much", &[1, 2], "much"),
        ("check much --entry @0 --vkey VKEY", &[1], "error[limit]"),
        ("check much --claim x --vkey VKEY", &[1], "error[limit]"),
        (
            "check much --fork claims.example/lab --vkey VKEY",
            &[1],
            "error[limit]",
        ),
        ("check much --entry @0 --policy much", &[1], "error[limit]"),
        ("mirror much copy", &[6], "much"),
        ("repair --from much", &[6, 4, 1], "much"),
    ] {
        let words = words.replace("VKEY", &vkey);
        let words: Vec<&str> = words.split(' ').collect();
        let ended = measured(&desk, &words, None);
        stays_small(idle, &words.join(" "), &ended, codes, said);
    }
    // What is only hashed may be as long as it likes.
    let words = [
        "artifact",
        "add",
        "T",
        "--kind",
        "dataset",
        "--file",
        "much",
        "--dry-run",
    ];
    stays_small(
        idle,
        "artifact add",
        &measured(&desk, &words, None),
        &[0],
        "dry run",
    );
    assert_eq!(recorded(&desk), before);
}

#[test]
fn small_values_in_great_number_are_refused_before_they_are_held() {
    let (desk, idle) = idle();
    let vkey = desk.say("verify|--json").json()["vkey"]
        .as_str()
        .unwrap()
        .to_owned();
    let filled = |head: &str, item: &str, tail: &str, bytes: usize| {
        let times = (bytes - head.len() - tail.len()) / item.len();
        format!("{head}{}{tail}", item.repeat(times))
    };
    let bundle = 8 << 20;
    for (name, text) in [
        ("numbers", filled("[", "0,", "0]", bundle)),
        ("lists", filled("{\"entries\":[", "[],", "[]]}", bundle)),
        ("objects", filled("[", "{},", "{}]", bundle)),
        ("deep", "[".repeat(bundle)),
        ("deep objects", "{\"a\":".repeat(bundle / 5)),
        (
            "a claim and a map",
            filled("{\"claim\":0,\"map\":[", "0,", "0]}", bundle),
        ),
    ] {
        if !is_full() && !["numbers", "deep"].contains(&name) {
            continue;
        }
        desk.write("x.claim.json", &text);
        let words = ["check", "x.claim.json", "--claim", "x", "--vkey", &vkey];
        stays_small(idle, name, &measured(&desk, &words, None), &[1], "claim/x");
        desk.write("x.json", &text[..(1 << 20).min(text.len())]);
        for words in [
            &["check", "x.json", "--entry", "@0", "--vkey", vkey.as_str()][..],
            &["act", "--from", "x.json"],
            &["import", "jsonl", "x.json"],
            &["submit", "x.json"],
        ] {
            let ended = measured(&desk, words, None);
            stays_small(idle, &format!("{name}: {}", words[0]), &ended, &[1, 2], "");
        }
    }
    // YAML that names itself again and again.
    let mut bomb = "a: &a [x,x,x,x,x,x,x,x]\n".to_owned();
    for (before, name) in "abcdefghi".chars().zip("bcdefghij".chars()) {
        bomb.push_str(&format!(
            "{name}: &{name} [{}*{before}]\n",
            format!("*{before},").repeat(8)
        ));
    }
    desk.write("bomb.yaml", bomb);
    for words in [
        &["act", "--from", "bomb.yaml"][..],
        &["import", "csv", "bomb.yaml", "--mapping", "bomb.yaml"],
    ] {
        stays_small(
            idle,
            "yaml",
            &measured(&desk, words, None),
            &[1, 2],
            "bomb.yaml",
        );
    }
}

/// Ten million subjects, 256 a commit, each by a key that nobody registered; a million lines of garbage
/// through the same door, ten million in a folder. The default run has a few: it shows that they are
/// refused, the full one that nothing of them stays.
#[test]
fn ten_million_subjects_come_in_and_nothing_of_them_is_held() {
    let (desk, idle) = idle();
    let size = desk.say("verify|--json").json()["size"].clone();
    let commits = if is_full() {
        10_000_000_u64.div_ceil(256)
    } else {
        40
    };
    let input = move |to: &mut dyn std::io::Write| {
        for commit in 0..commits {
            let events: Vec<String> = (0..256)
                .map(|number| {
                    format!(
                        r#"{{"data":{{"kind":"x","name":"x"}},"prev":null,"seq":1,"subject":"context/s{}","type":"context.defined"}}"#,
                        commit * 256 + number
                    )
                })
                .collect();
            let text = format!(
                r#"{{"commit":{{"anchor":{{"root":"{}","size":1}},"at":"2026-03-09T19:58:00Z","author":"agent/ada","events":[{}],"ledger":"{}","v":1}},"signatures":[{{"key":"SHA256:{}","sig":"{}=="}}]}}"#,
                "ab".repeat(32),
                events.join(","),
                crate::desk::ORIGIN,
                "A".repeat(43),
                "A".repeat(86)
            );
            if writeln!(to, "{text}").is_err() {
                return;
            }
        }
    };
    let ended = measured(&desk, &["submit", "-"], Some(Box::new(input)));
    stays_small(
        idle,
        "ten million subjects",
        &ended,
        &[1],
        "error[signature]",
    );
    let lines = if is_full() { 1_000_000 } else { 10_000 };
    let input = move |to: &mut dyn std::io::Write| {
        let part = "{\"commit\":{}}\n".repeat(1000);
        let _ = (0..lines / 1000).try_for_each(|_| to.write_all(part.as_bytes()));
    };
    let ended = measured(&desk, &["submit", "-"], Some(Box::new(input)));
    stays_small(idle, "garbage in lines", &ended, &[1], "error[");
    // As lines of a ledger's folder, behind what was acknowledged.
    let garbage = desk.path("garbage");
    copy(&desk.path("ledger"), &garbage);
    let mut events = File::options()
        .append(true)
        .open(garbage.join(EVENTS))
        .unwrap();
    let part = "{\"commit\":{}}\n".repeat(10_000);
    for _ in 0..if is_full() { 1000 } else { 5 } {
        events.write_all(part.as_bytes()).unwrap();
    }
    assert_eq!(desk.say("verify|--json").json()["size"], size);
    for words in [
        &["verify", "--ledger", "garbage"][..],
        &["log", "--ledger", "garbage"],
        &["note", "ledger", "-m", "x", "--ledger", "garbage"],
    ] {
        stays_small(idle, words[0], &measured(&desk, words, None), &[0, 3], "");
    }
}

#[test]
fn no_file_of_a_ledgers_folder_can_be_made_long_enough_to_fill_memory() {
    let (desk, idle) = idle();
    let honest = desk.path("ledger");
    let dir = desk.path("l");
    let events = std::fs::read(honest.join(EVENTS)).unwrap();
    let first = events.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    let much = much();
    type Case<'c> = (&'c str, Box<dyn Fn()>, &'c [i32]);
    let at = |name: &str| dir.join(name);
    let (e, f, d) = (events.clone(), events.clone(), dir.clone());
    let whole = |name: &'static str| {
        let path = at(name);
        Box::new(move || {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            sparse(&path, b"{", much, b"x\n");
        }) as Box<dyn Fn()>
    };
    let cases: Vec<Case<'_>> = vec![
        (
            "a line after the head",
            Box::new(move || sparse(&d.join(EVENTS), &e, much, b"x\n")),
            &[0],
        ),
        (
            "a line before it",
            {
                let d = dir.clone();
                Box::new(move || {
                    sparse(
                        &d.join(EVENTS),
                        &f[..first],
                        much,
                        &[b"x\n", &f[first..]].concat(),
                    )
                })
            },
            &[3],
        ),
        ("checkpoint", whole("checkpoint"), &[3]),
        ("policy", whole("policy"), &[0, 1, 3]),
        ("a tile", whole("tile/0/000.p/4"), &[3]),
        (
            "a cosigned head",
            whole("cosigned/000000000004"),
            &[0, 1, 3],
        ),
        ("a stray segment", whole("events/999999999999.jsonl"), &[3]),
        ("a cache", whole("cache/snapshot"), &[0]),
        ("a lock", whole("lock"), &[0]),
    ];
    let signed = std::fs::read(desk.config().join("log.state")).unwrap();
    // A long line is passed over a few times by each that reads: some of them in the full run alone.
    let is_long = |name: &str| ["a line before it", "a stray segment"].contains(&name);
    for (name, make, codes) in cases
        .into_iter()
        .filter(|(name, ..)| is_full() || !is_long(name))
    {
        copy(&honest, &dir);
        std::fs::write(desk.config().join("log.state"), &signed).unwrap();
        make();
        let ended = measured(&desk, &["verify", "--ledger", "l"], None);
        stays_small(idle, name, &ended, codes, "");
        for words in [
            &["log", "--ledger", "l"][..],
            &["note", "ledger", "-m", "x", "--ledger", "l"],
        ] {
            let is_long = is_full() && name == "a line after the head";
            if is_long || ["checkpoint", "policy", "a lock"].contains(&name) {
                let ended = measured(&desk, words, None);
                stays_small(
                    idle,
                    &format!("{name}: {}", words[0]),
                    &ended,
                    &[0, 1, 3, 4],
                    "",
                );
            }
        }
    }
    // The state of the log's signer.
    let state = desk.config().join("log.state");
    sparse(&state, b"{", much, b"x\n");
    stays_small(
        idle,
        "log.state",
        &measured(&desk, &["verify"], None),
        &[0],
        "log.state",
    );
    let ended = measured(&desk, &["note", "ledger", "-m", "x"], None);
    stays_small(idle, "log.state", &ended, &[4], "log.state");
}

/// A frame of Zstandard (RFC 8878, 3.1.1): its header with this window, then blocks of one byte
/// repeated, 128 KiB each.
fn frame(window: u8, blocks: usize, after: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x28, 0xb5, 0x2f, 0xfd, 0, window];
    for _ in 0..blocks {
        let header: u32 = (128 << 10) << 3 | 1 << 1;
        bytes.extend(&header.to_le_bytes()[..3]);
        bytes.push(b'a');
    }
    let header = u32::try_from(after.len()).unwrap() << 3 | 1;
    bytes.extend(&header.to_le_bytes()[..3]);
    bytes.extend(after);
    bytes
}

#[test]
fn a_sealed_segment_that_promises_gibibytes_is_held_to_what_can_be_read() {
    let (desk, idle) = idle();
    let honest = desk.path("ledger");
    let dir = desk.path("l");
    let blocks = usize::try_from(much() / (128 << 10)).unwrap();
    // One segment: the content's size in eight bytes, which is the window then.
    let promise = |size: u64| {
        let mut bytes = vec![0x28, 0xb5, 0x2f, 0xfd, 0xe0];
        bytes.extend(size.to_le_bytes());
        bytes.extend([1, 0, 0]);
        bytes
    };
    let single = |size: u64| {
        let mut bytes = promise(size);
        bytes.truncate(13);
        bytes.extend(&frame(0, blocks.min(1000), b"\n")[6..]);
        bytes
    };
    for (name, bytes) in [
        (
            "a line of a gibibyte in a few bytes",
            frame(13 << 3, blocks, b"\n"),
        ),
        (
            "a window of 128 MiB, filled",
            frame(17 << 3, blocks.min(1000), b"\n"),
        ),
        ("the largest window there is", frame(0xff, 4, b"\n")),
        ("a size of 4 GiB", promise(1 << 32)),
        ("a size of 100 MiB, filled", single(100 << 20)),
        ("a size of 2^63", promise(1 << 63)),
        (
            "a frame to skip of 4 GiB",
            vec![0x50, 0x2a, 0x4d, 0x18, 0xff, 0xff, 0xff, 0xff, 0],
        ),
        ("nothing but its name", vec![]),
    ] {
        copy(&honest, &dir);
        let events = std::fs::read(dir.join(EVENTS)).unwrap();
        std::fs::write(dir.join("events/000000000000.jsonl.zst"), &bytes).unwrap();
        std::fs::remove_file(dir.join(EVENTS)).unwrap();
        std::fs::write(dir.join("events/000000000004.jsonl"), events).unwrap();
        let ended = measured(&desk, &["verify", "--ledger", "l"], None);
        stays_small(idle, name, &ended, &[3], "");
    }
}

#[test]
fn a_server_takes_no_more_memory_for_whatever_is_sent_to_it() {
    let desk = Desk::argued();
    let server = Server::start(
        &desk,
        &[
            "--rate",
            "1000000",
            "--burst",
            "1000000",
            "--map-every",
            "3600",
        ],
    );
    for path in [
        "/",
        "/api/v1/claims",
        "/claim/neurons-are-polysemantic",
        "/audit",
    ] {
        assert!(server.get(path).status < 400, "{path}");
    }
    let idle = peak_of(server.id()).unwrap();
    let mib = 1 << 20;
    let head =
        "POST /api/v1/commits HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
    let json = |text: String| {
        format!(
            "{head}Connection: close\r\nContent-Length: {}\r\n\r\n{text}",
            text.len()
        )
    };
    let bodies = [
        (
            "4 GiB announced",
            format!("{head}Content-Length: 4294967296\r\n\r\n"),
            "a".repeat(mib),
            64,
        ),
        (
            "chunks without end",
            format!("{head}Transfer-Encoding: chunked\r\n\r\n"),
            format!("100000\r\n{}\r\n", "a".repeat(mib)),
            64,
        ),
        (
            "a chunk of 4 GiB",
            format!("{head}Transfer-Encoding: chunked\r\n\r\nffffffff\r\n"),
            "a".repeat(mib),
            64,
        ),
        (
            "a header line without end",
            "GET / HTTP/1.1\r\nX: ".to_owned(),
            "a".repeat(mib),
            64,
        ),
        (
            "headers without end",
            "GET / HTTP/1.1\r\n".to_owned(),
            "X: 1\r\n".repeat(mib / 6),
            64,
        ),
        (
            "an address without end",
            "GET /".to_owned(),
            "a".repeat(mib),
            64,
        ),
        ("deep JSON", json("[".repeat(mib - 1)), String::new(), 0),
        (
            "numbers",
            json(format!("[{}0]", "0,".repeat(mib / 2 - 2))),
            String::new(),
            0,
        ),
        (
            "members",
            json(format!("{{{}}}", "\"a\":0,".repeat(mib / 6 - 1))),
            String::new(),
            0,
        ),
    ];
    let mut kinds: Vec<(String, String, usize)> = Vec::new();
    for (name, first, more, times) in bodies {
        for path in ["/api/v1/commits", "/api/v1/prepare"] {
            let first = first.replace("/api/v1/commits", path);
            let lines = first.replace("application/json", "application/x-ndjson");
            kinds.push((format!("{name} {path}"), first, times));
            kinds.push((format!("{name} {path} in lines"), lines, times));
        }
        for (name, first, times) in kinds.drain(..) {
            let mut stream = server.connect();
            let sent = stream.write_all(first.as_bytes());
            if sent.is_ok() {
                let _ = (0..times).try_for_each(|_| stream.write_all(more.as_bytes()));
            }
            let _ = stream.shutdown(std::net::Shutdown::Write);
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer);
            let answer = String::from_utf8_lossy(&answer);
            let is_no = answer.starts_with("HTTP/1.1 4");
            let is_lines = name.ends_with("in lines")
                && answer.starts_with("HTTP/1.1 200")
                && !answer.contains("\"status\":5");
            assert!(answer.is_empty() || is_no || is_lines, "{name}: {answer}");
            let taken = peak_of(server.id()).unwrap().saturating_sub(idle);
            assert!(taken <= BOUND, "{name}: {taken} KiB above idle ({idle})");
        }
    }
    assert_eq!(server.size(), 4);
    assert_eq!(server.stop().code, Some(0));
    desk.holds();
}

/// A server that answers every request with so many bytes, announced or not.
fn endless(announced: Option<u64>, bytes: u64) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut asked = [0; 4096];
            let _ = stream.read(&mut asked);
            let length = announced
                .map(|length| format!("Content-Length: {length}\r\n"))
                .unwrap_or_default();
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{length}Connection: close\r\n\r\n"
            );
            let _ = stream.write_all(head.as_bytes());
            let part = vec![b'['; 1 << 20];
            let _ = (0..bytes >> 20).try_for_each(|_| stream.write_all(&part));
        }
    });
    format!("http://{address}")
}

#[test]
fn a_server_that_never_stops_talking_is_not_listened_to() {
    let (desk, idle) = idle();
    let vkey = desk.say("verify|--json").json()["vkey"]
        .as_str()
        .unwrap()
        .to_owned();
    desk.say("note|ledger|-m|x|--key|bea.key|--out|act.json");
    for announced in [None, Some(1 << 32), Some(1 << 63)] {
        // A submit asks five times, a second apart.
        let is_long = |words: &str| announced.is_some() || words.starts_with("submit");
        let url = endless(announced, much());
        for words in [
            "submit act.json --to URL --vkey VKEY",
            "mirror URL copy --vkey VKEY",
            "repair --from URL",
            "prove --fork URL -o out",
        ]
        .into_iter()
        .filter(|words| is_full() || !is_long(words))
        {
            let words = words.replace("URL", &url).replace("VKEY", &vkey);
            let words: Vec<&str> = words.split(' ').collect();
            let ended = measured(&desk, &words, None);
            stays_small(idle, &words.join(" "), &ended, &[1, 2, 3, 4, 6, 7], "");
        }
    }
    desk.holds();
}

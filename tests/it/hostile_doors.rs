//! The catalogue at the door of the command line, and what only that door has: arguments, paths,
//! terminals. What is signed and hostile all the same goes through all three doors here.
//!
//! Each refusal has its exit code, its stable word and what was found where; the ledger is as it was.

use std::collections::BTreeMap;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use grounds::claim::{Act, Code};
use grounds::envelope::{Anchor, Draft, Entry, Signature, Signed, possession_message};
use grounds::ledger::audit::Verdict;
use grounds::value::Time;
use serde_json::Value;

use crate::custody::bent;
use crate::desk::{Answer, Desk, mode};
use crate::lab::{
    EVENTS, Lab, act_of, agent, attestation, audited, claim, copy, evidence, note, paper, put_lines,
};
use crate::reference::build::{ORIGIN, act, key};
use crate::server_desk::Server;

fn is_full() -> bool {
    std::env::var_os("GROUNDS_FULL").is_some()
}

/// What a ledger's folder records, without the times and what recovery and caches keep.
fn recorded(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = crate::lab::everything(dir).into_iter();
    files
        .filter(|(path, _)| !path.starts_with(dir.join("cache")) && path.is_file())
        .map(|(path, (_, bytes))| {
            let end = bytes
                .iter()
                .rposition(|byte| *byte != 0)
                .map_or(0, |last| last + 1);
            (path, bytes[..end].to_vec())
        })
        .collect()
}

/// Nothing in it acts on a terminal: no control but line ends and tabs, nothing that turns a line
/// around; colours may be there where they were asked for.
#[track_caller]
fn is_calm(what: &str, text: &str) {
    let mut rest = text;
    while let Some(at) = rest.find('\u{1b}') {
        let after = rest[at..]
            .strip_prefix("\u{1b}[")
            .unwrap_or_else(|| panic!("{what}: {text:?}"));
        let end = after.find(|c: char| !c.is_ascii_digit() && c != ';');
        let end = end.unwrap_or(after.len());
        assert!(after[end..].starts_with('m'), "{what}: {text:?}");
        rest = &after[end + 1..];
    }
    let acts = |c: char| {
        !['\n', '\t', '\u{1b}'].contains(&c)
            && (c.is_control() || grounds::value::forbidden_in_text(c))
    };
    assert!(!text.contains(acts), "{what}: {text:?}");
}

// --- bytes -----------------------------------------------------------------------------------------

#[test]
fn the_catalogue_of_hostile_bytes_gets_its_codes_and_places_from_submit() {
    let desk = Desk::argued();
    let before = recorded(&desk.path("ledger"));
    let cases = crate::http_hostile::cases();
    // A line end or a NUL makes another file of it; each other one is a line of one file.
    let (odd, plain): (Vec<_>, Vec<_>) = cases
        .iter()
        .partition(|case| case.body.contains(&b'\n') || case.body.is_empty());
    assert!(
        plain.len() >= 400 && odd.len() >= 4,
        "{} and {}",
        plain.len(),
        odd.len()
    );
    let lines: Vec<u8> = plain
        .iter()
        .flat_map(|case| [&case.body[..], b"\n"].concat())
        .collect();
    desk.write("all.ndjson", lines);
    let answer = desk.run(&["submit", "all.ndjson", "--json"]);
    assert_eq!(answer.code, 1, "{}", answer.err);
    let answers: Vec<Value> = answer
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(answers.len(), plain.len());
    let mut wrong = Vec::new();
    for (case, answer) in plain.iter().zip(&answers) {
        let found = answer["error"]["code"].as_str().unwrap_or("taken");
        let said = answer["error"]["message"].as_str().unwrap_or_default();
        let expected = case.code.as_deref();
        let is_code = expected.map_or(["ledger", "time"].contains(&found), |code| found == code);
        // A line beyond what may be held is not looked into.
        let is_placed = crate::http_hostile::is_told(case, said) || case.body.len() > 128 << 10;
        if !is_code || !is_placed || said.is_empty() {
            wrong.push(format!(
                "{}: expected {expected:?} at {:?}, found {answer}",
                case.name, case.place
            ));
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
    let mut files = Vec::new();
    for (number, case) in odd.iter().enumerate() {
        files.push(format!("{number}.json"));
        desk.write(
            &files[number],
            if case.body.is_empty() {
                b"\n"
            } else {
                &case.body[..]
            },
        );
    }
    for file in &files {
        desk.no(1, &["submit", file], "error[");
    }
    assert_eq!(recorded(&desk.path("ledger")), before);
    desk.holds();
}

/// `sign` takes a commit before it is signed as well: each class once, in the full run each case.
#[test]
fn sign_refuses_each_class_of_hostile_bytes_and_leaves_the_file_as_it_is() {
    let desk = Desk::argued();
    let mut tried = 0;
    for (_, case) in crate::hostile::some_cases() {
        let (Some(code), Some(door)) = (case["code"].as_str(), case["door"].as_str()) else {
            continue;
        };
        let bytes = crate::hostile::bytes_of(&case);
        // What ends in white space ends as a file does.
        let is_ended = bytes.last().is_some_and(u8::is_ascii_whitespace);
        tried += 1;
        // A process each: a third of them in the default run.
        if !["commit", "signed"].contains(&door) || is_ended || !is_full() && tried % 3 > 0 {
            continue;
        }
        let name = case["name"].as_str().unwrap();
        desk.write("case.json", &bytes);
        let answer = desk.run(&["sign", "case.json"]);
        let expected = match bytes.len() as u64 > 128 << 10 {
            true => "limit",
            false => code,
        };
        assert!(
            (1..=2).contains(&answer.code),
            "{name}: {} {}",
            answer.code,
            answer.err
        );
        assert!(
            answer
                .err
                .contains(&format!("error[{expected}]: case.json: "))
                || bytes.is_empty(),
            "{name}: {}",
            answer.err
        );
        is_calm(name, &answer.err);
        assert_eq!(
            std::fs::read(desk.path("case.json")).unwrap(),
            bytes,
            "{name}"
        );
    }
}

#[test]
fn import_refuses_hostile_files_by_their_line_and_records_nothing() {
    let desk = Desk::argued();
    let before = recorded(&desk.path("ledger"));
    for (name, bytes) in [
        ("empty", &b""[..]),
        ("white space", b" \n\t\n"),
        ("a mark and nothing", b"\xef\xbb\xbf"),
        ("UTF-16", b"\xff\xfe{\0}\0"),
        ("NUL", b"{\"a\":\0}"),
        ("CR alone", b"a,b\rc,d\r"),
        ("no UTF-8", b"{\"subject\":\"\xc0\xaf\"}"),
        ("twice", br#"{"subject":"claim/a","subject":"claim/b","type":"note.added","data":{"text":"a"}}"#),
        ("another case", br#"{"Subject":"claim/a","type":"note.added","data":{"text":"a"}}"#),
        ("unknown field", br#"{"subject":"claim/a","type":"note.added","data":{"text":"a"},"x":1}"#),
        ("a float", br#"{"subject":"claim/a","type":"note.added","data":{"text":"a","on":1.5}}"#),
        ("two to the 53", br#"{"subject":"claim/a","type":"note.added","data":{"text":"a","on":9007199254740993}}"#),
        ("out of the folder", br#"{"subject":"claim/../../x","type":"note.added","data":{"text":"a"}}"#),
        ("escape", b"{\"subject\":\"claim/\\u001b[2J\",\"type\":\"note.added\",\"data\":{\"text\":\"a\"}}"),
        ("bidi", "{\"subject\":\"claim/a\u{202e}\",\"type\":\"note.added\",\"data\":{\"text\":\"a\"}}".as_bytes()),
        ("deep", &b"[".repeat(5000)),
        ("a quote that is never closed", b"\"a\n"),
    ] {
        desk.write("x", bytes);
        for format in ["jsonl", "fred"] {
            let answer = desk.run(&["import", format, "x", "--color", "always"]);
            assert_eq!(answer.code, 1, "{format}, {name}: {}", answer.err);
            assert!(answer.err.contains("error[import]: x: "), "{format}, {name}: {}", answer.err);
            is_calm(name, &answer.err);
        }
    }
    assert_eq!(recorded(&desk.path("ledger")), before);
    desk.holds();
}

// --- arguments -------------------------------------------------------------------------------------

#[test]
fn hostile_arguments_are_refused_with_their_code_and_quoted_so_that_they_cannot_act() {
    let desk = Desk::argued();
    let before = recorded(&desk.path("ledger"));
    let acting = "a\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}31m\u{202e}b\r\u{2028}";
    let words_of = |line: &str| -> Vec<String> {
        line.split('|')
            .map(|word| word.replace("ACT", acting))
            .collect()
    };
    // Exit codes: 1 no, 2 usage, 4 input/output, 6 not found, 7 cannot tell.
    let cases = [
        // Names that are none.
        "show|../../etc/passwd 6",
        "show|claim/.. 6",
        "show|/etc/passwd 6",
        "show|%2e%2e 6",
        "show| 6,2",
        "show|claim/NEURONS 6",
        "show|ACT 6",
        "show|claim/ACT 6",
        "show|ledger/x 6",
        "show|con. 6",
        "claim add|x|--slug|../x 2",
        "claim add|x|--slug|A 2",
        "claim add|x|--slug| 2",
        "claim add|ACT 1,2",
        "note|neurons|-m|ACT 1,2",
        "note|neurons|-m|  1,2",
        "evidence add|neurons|--supports|--artifact|ACT 6,2",
        "artifact add|T|--kind|paper|--url|javascript:alert(1) 1,2",
        "artifact add|T|--kind|paper|--doi|ACT 1,2",
        "artifact add|T|--kind|paper|--url|file:///etc/passwd 1,2",
        "artifact add|ACT|--kind|paper 1,2",
        "agent add|cid|--name|ACT|--new-key|cid.key 1,2",
        "agent add|ACT|--name|C|--new-key|c.key 2,1",
        // Moments and dates.
        "log|--until|2026-02-29 2,6",
        "log|--until|2026-13-01 2,6",
        "log|--until|0000 2,6",
        "log|--until|10000-01-01 2,6",
        "log|--until|2026-11-22T10:00:00 2,6",
        "log|--until|2016-12-31T23:59:60Z 2,6",
        "log|--until|@-1 2,6",
        "log|--until|@18446744073709551616 2,6",
        "log|--until|@99 2,6",
        "log|--until|ACT 2,6",
        "log|--until|@1.1.1 2,6",
        "show|neurons|--effective|2026-02-30 2,6",
        "show|neurons|--effective|ACT 2,6",
        "claim add|x|--effective|2026-00 2",
        // Shares.
        "attest|neurons|--verdict|endorses|--weight|1.0000001|--key|bea.key 1,2",
        "attest|neurons|--verdict|endorses|--weight|-0.1|--key|bea.key 1,2",
        "attest|neurons|--verdict|endorses|--weight|NaN|--key|bea.key 1,2",
        "attest|neurons|--verdict|endorses|--weight|1e-1|--key|bea.key 1,2",
        "attest|neurons|--verdict|endorses|--weight|ACT|--key|bea.key 1,2",
        "attest|neurons|--verdict|ACT|--weight|1|--key|bea.key 2",
        // Keys, files, addresses.
        "verify|--vkey|ACT 2",
        "verify|--vkey|x+00000000+AA== 2",
        "verify|--policy|ACT 4",
        "verify|--from|ACT 4",
        "verify|--max-age|-1s 2",
        "verify|--max-age|99999999999999999999d 2",
        "verify|--ledger|ACT 6",
        "submit|ACT 4",
        "sign|ACT 4",
        "import|jsonl|ACT 4",
        "import|ACT|x 2",
        "mirror|ACT|copy 6",
        "submit|/dev/null|--to|ACT 1,2",
        "check|ACT|--entry|@0 4,7",
        "check|x|--entry|ACT 2",
        "export|ACT 2",
        "export|jsonl|ACT 6",
        "export|csv 2",
        "ACT 2",
        "--ACT 2",
        "serve|--listen|ACT 2,4",
        "completions|ACT 2",
        "init|ACT|--origin|ACT|--name|A 2",
        "key list|--agent|ACT 6",
        "bisect|ACT 6,2",
        "blame|ACT 6,2",
        "why|ACT 6,2",
        "diff|ACT|ACT 2,6",
        "cite|ACT 6,2",
        "impact|ACT 6",
        "prove|ACT 2,6",
        "repair|--from|ACT 6,4",
        "list|--where|ACT 2",
        "view test|ACT 6,2,4",
        "note|neurons|-m|x|--as|ACT 6,2,7",
        "note|neurons|-m|x|--key|ACT 4,7",
    ];
    for (number, case) in cases.iter().enumerate() {
        let (line, codes) = case.rsplit_once(' ').unwrap();
        let codes: Vec<i32> = codes.split(',').map(|code| code.parse().unwrap()).collect();
        let (verb, rest) = line
            .split_once('|')
            .map_or((line, None), |(verb, rest)| (verb, Some(rest)));
        let mut words: Vec<String> = verb
            .split(' ')
            .map(|word| word.replace("ACT", acting))
            .collect();
        words.extend(rest.into_iter().flat_map(words_of));
        words.extend(["--color".into(), "always".into()]);
        // Every other one as JSON.
        if number % 2 == 1 {
            words.push("--json".into());
        }
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let answer = desk.run(&words);
        assert!(
            codes.contains(&answer.code),
            "{words:?}: exit {}: {}{}",
            answer.code,
            answer.out,
            answer.err
        );
        is_calm(line, &answer.err);
        is_calm(line, &answer.out);
        assert!(!answer.err.contains("panicked"), "{}", answer.err);
        let is_said = answer.err.contains("error") || answer.out.contains("error");
        assert!(is_said, "{words:?}: {}", answer.err);
    }
    // A moment before the genesis is none of a wrong form: there is just nothing yet.
    let early = desk.run(&["log", "--until", "1999-12-31"]);
    assert!(
        [0, 6].contains(&early.code),
        "83: {}{}",
        early.out,
        early.err
    );
    assert_eq!(recorded(&desk.path("ledger")), before);
    desk.holds();
}

// --- terminals -------------------------------------------------------------------------------------

/// Text that a ledger takes and that means something elsewhere: in pages, tables, shells, templates.
const INERT: &str = "=cmd|'/c calc'!A1 @SUM(1) +1 -1 </script><img src=x onerror=alert(1)> ]]> {{7*7}} [x](javascript:alert(1)) $(id) `id` %0a \\u001b[2J \u{200b}\u{200d}\u{feff}\u{2060}\u{e0041} e\u{301}\u{301}\u{301} p\u{0430}ypal";

#[test]
fn every_text_field_stays_text_in_every_command_that_reads() {
    let desk = Desk::argued();
    let inert = INERT;
    let say = |words: &[&str]| desk.yes(words);
    say(&[
        "claim",
        "add",
        &format!("A claim {inert}"),
        "--slug",
        "inert",
        "--summary",
        inert,
    ]);
    say(&[
        "artifact",
        "add",
        &format!("A title {inert}"),
        "--kind",
        "paper",
        "--slug",
        "inert",
        "--label",
        inert,
        "--author",
        inert,
    ]);
    say(&[
        "evidence",
        "add",
        "inert",
        "--supports",
        "--artifact",
        "inert",
        "--strength",
        "0.5",
        "-m",
        inert,
    ]);
    say(&[
        "note",
        "inert",
        "-m",
        &format!("{inert}\nsecond line\tand a tab"),
    ]);
    say(&[
        "attest",
        "inert",
        "--verdict",
        "disputes",
        "--weight",
        "0.5",
        "-m",
        inert,
        "--key",
        "bea.key",
    ]);
    desk.holds();
    let vkey = desk.say("verify|--json").json()["vkey"]
        .as_str()
        .unwrap()
        .to_owned();
    desk.say("bundle|inert|-o|inert.claim.json");
    let events = desk.say("export jsonl").out;
    assert!(events.contains("=cmd|"), "text is kept as it was written");
    for line in [
        "show inert",
        "show artifact/inert",
        "show agent/ada",
        "show ledger",
        "list",
        "log",
        "log inert",
        "why inert",
        "blame inert",
        "diff inert @4 @8",
        "impact artifact/inert",
        "impact agent/bea",
        "cite inert",
        "replay",
        "verify",
        "key list",
        "check inert.claim.json --claim inert --vkey VKEY",
        "bisect inert @4 @8",
    ] {
        for more in [&["--color", "always"][..], &["--json"]] {
            let line = line.replace("VKEY", &vkey);
            let words: Vec<&str> = line.split(' ').chain(more.iter().copied()).collect();
            let answer = desk.run(&words);
            assert!(
                [0, 1, 2, 6].contains(&answer.code),
                "{words:?}: {}",
                answer.err
            );
            assert!(
                !answer.err.contains("panicked"),
                "{words:?}: {}",
                answer.err
            );
            is_calm(&line, &answer.out);
            is_calm(&line, &answer.err);
        }
    }
    for export in ["jsonl", "dsse", "prov"] {
        is_calm(export, &desk.say(&format!("export {export}")).out);
    }
    // No table is ever exported, in which a text could be a formula.
    let formats = desk.no(2, &["export", "csv"], "possible values").err;
    assert!(
        formats.contains("[possible values: jsonl, dsse, prov]"),
        "157: {formats}"
    );
}

/// Names of files, words of servers and bytes of the folder get to a terminal as well.
#[test]
fn what_stands_in_names_notes_and_answers_cannot_act_on_a_terminal() {
    let desk = Desk::argued();
    let acting = "a\u{1b}[2J\u{9b}31m\u{202e}b\n";
    let dir = desk.path("l");
    type Bend = fn(&Path, &str);
    let cases: [(&str, Bend); 6] = [
        ("a stray tile", |dir, name| {
            std::fs::write(dir.join("tile").join(name), b"x").unwrap()
        }),
        ("a stray segment", |dir, name| {
            std::fs::write(dir.join("events").join(name), b"x").unwrap()
        }),
        ("a stray head", |dir, name| {
            std::fs::create_dir_all(dir.join("cosigned")).unwrap();
            std::fs::write(dir.join("cosigned").join(name), b"x").unwrap();
        }),
        ("a policy", |dir, text| {
            std::fs::write(dir.join("policy"), format!("witness {text}")).unwrap()
        }),
        ("a checkpoint", |dir, text| {
            std::fs::write(dir.join("checkpoint"), format!("{text}\n1\n{text}\n")).unwrap()
        }),
        ("a line", |dir, text| {
            let mut bytes = std::fs::read(dir.join(EVENTS)).unwrap();
            bytes.splice(0..0, text.bytes());
            std::fs::write(dir.join(EVENTS), bytes).unwrap();
        }),
    ];
    for (name, bend) in cases {
        copy(&desk.path("ledger"), &dir);
        bend(&dir, acting);
        for words in [
            &["verify", "--ledger", "l"][..],
            &["log", "--ledger", "l"],
            &["verify", "--ledger", "l", "--json"],
        ] {
            let answer = desk.run(&[words, &["--color", "always"]].concat());
            is_calm(name, &answer.out);
            is_calm(name, &answer.err);
            assert!(!answer.err.contains("panicked"), "{name}: {}", answer.err);
        }
    }
    // A server that refuses, and says so in colour.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        use std::io::{Read as _, Write as _};
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 8192]);
            let body = r#"{"type":"about:blank","title":"\u001b[2J\u202e","status":422,"code":"role\u001b[2J","detail":"\u001b]0;x\u0007\u009b31m","hint":"\u001b[2J"}"#;
            let head =
                "HTTP/1.1 422 No\r\nContent-Type: application/problem+json\r\nConnection: close";
            let _ = write!(
                stream,
                "{head}\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
        }
    });
    desk.say("note|ledger|-m|x|--key|bea.key|--out|act.json");
    for more in [&[][..], &["--json"]] {
        for words in [
            &["submit", "act.json", "--to", &url][..],
            &["mirror", &url, "copy"],
            &["repair", "--from", &url],
        ] {
            let answer = desk.run(&[words, more, &["--color", "always"]].concat());
            assert_ne!(answer.code, 0, "{words:?}");
            is_calm("a server", &answer.out);
            is_calm("a server", &answer.err);
        }
    }
    // Names of files that are made.
    let name = "out\u{1b}[2J\u{202e}";
    for words in [
        &["publish", name][..],
        &["export", "jsonl", "-o", name],
        &["replay", "--out", name],
        &["bundle", "neurons", "-o", name],
        &["key", "new", "k\u{1b}[2J"],
        &["mirror", "ledger", "m\u{1b}[2J", "--vkey", "x"],
        &["prove", "@0", "-o", "p\u{1b}[2J"],
    ] {
        let answer = desk.run(&[words, &["--color", "always"]].concat());
        is_calm(words[0], &answer.out);
        is_calm(words[0], &answer.err);
    }
}

// --- paths -----------------------------------------------------------------------------------------

/// 159 to 171: what stands at a path is what it should be, or it is said, at once, and nothing is
/// written through it.
#[test]
fn a_path_that_is_something_else_is_refused_at_once_and_nothing_is_written_through_it() {
    let desk = Desk::argued();
    let honest = desk.path("ledger");
    let elsewhere = desk.path("elsewhere");
    let dir = desk.path("l");
    let fifo = |path: &Path| {
        rustix::fs::mknodat(
            rustix::fs::CWD,
            path,
            rustix::fs::FileType::Fifo,
            0o600.into(),
            0,
        )
        .unwrap();
    };
    let state = std::fs::read(desk.config().join("log.state")).unwrap();
    // 163, 164, 165: one of the folder's own files is a link, a pipe, a device or a folder.
    for file in ["lock", EVENTS, "checkpoint", "policy"] {
        for kind in ["link", "pipe", "folder", "device", "loop"] {
            copy(&honest, &dir);
            std::fs::write(desk.config().join("log.state"), &state).unwrap();
            let path = dir.join(file);
            let _ = std::fs::remove_file(&path);
            std::fs::write(&elsewhere, b"somebody else's").unwrap();
            match kind {
                "link" => symlink(&elsewhere, &path).unwrap(),
                "pipe" => fifo(&path),
                "folder" => std::fs::create_dir(&path).unwrap(),
                "device" => symlink("/dev/zero", &path).unwrap(),
                _ => symlink(&path, &path).unwrap(),
            }
            let name = format!("{file} is a {kind}");
            let written = desk.run(&["note", "ledger", "-m", "x", "--ledger", "l"]);
            // Witnesses are asked after an act is recorded: it is, and that they were not is said.
            let codes = match file {
                "policy" => &[0, 1, 3, 4][..],
                _ => &[1, 3, 4],
            };
            let is_said = ["error[", "warning: recorded, but"]
                .iter()
                .any(|said| written.err.contains(said));
            assert!(
                codes.contains(&written.code) && is_said,
                "{name}: exit {}: {}",
                written.code,
                written.err
            );
            assert!(
                written.code > 0 || !written.err.contains("nothing was acknowledged"),
                "{name}: {}",
                written.err
            );
            if file != "lock" {
                let read = desk.run(&["verify", "--ledger", "l"]);
                assert!(
                    [1, 3, 4].contains(&read.code),
                    "{name}: exit {}: {}{}",
                    read.code,
                    read.out,
                    read.err
                );
            }
            assert_eq!(
                std::fs::read(&elsewhere).unwrap(),
                b"somebody else's",
                "{name}"
            );
        }
    }
    std::fs::write(desk.config().join("log.state"), &state).unwrap();
    // 163, 164, 165: the folder itself. A link to a folder is as good as the folder.
    symlink(&honest, desk.path("link")).unwrap();
    desk.yes(&["verify", "--ledger", "link"]);
    fifo(&desk.path("pipe"));
    for (name, codes) in [
        ("pipe", [4, 6]),
        ("/dev/null", [4, 6]),
        ("elsewhere", [4, 6]),
        ("bea.key", [4, 6]),
    ] {
        for words in [
            &["verify"][..],
            &["log"],
            &["note", "ledger", "-m", "x"],
            &["serve", "--listen", "127.0.0.1:0"],
        ] {
            let answer = desk.run(&[words, &["--ledger", name]].concat());
            assert!(
                codes.contains(&answer.code),
                "{name} {words:?}: {} {}",
                answer.code,
                answer.err
            );
        }
    }
    // 165: a folder where a file belongs.
    for words in [
        &["submit", "ledger"][..],
        &["sign", "ledger"],
        &["import", "jsonl", "ledger"],
        &["check", "ledger", "--entry", "@0", "--policy", "ledger"],
        &["verify", "--from", "ledger"],
        &["verify", "--policy", "ledger"],
        &["act", "--from", "ledger"],
    ] {
        let answer = desk.run(words);
        assert!(
            [1, 4].contains(&answer.code),
            "{words:?}: {} {}",
            answer.code,
            answer.err
        );
        assert!(answer.err.contains("ledger"), "{words:?}: {}", answer.err);
    }
    desk.no(
        7,
        &["note", "ledger", "-m", "x", "--key", "ledger"],
        "error[key_file]",
    );
    // 162: no system takes a NUL in a path, nor do we make one of it. 170: names that are too long.
    let long = "n".repeat(256);
    let deep = "d/".repeat(3000);
    for name in [long.as_str(), deep.as_str()] {
        for words in [
            &["verify", "--ledger", name][..],
            &["submit", name],
            &["mirror", "ledger", name, "--vkey", "x"],
            &["note", "ledger", "-m", "x", "--out", name],
            &["publish", name],
            &["init", name, "--origin", "a.example/b", "--name", "A"],
        ] {
            let answer = desk.run(words);
            assert!(
                [1, 2, 4, 6].contains(&answer.code),
                "{words:?}: {} {}",
                answer.code,
                answer.err
            );
        }
    }
    // 170: an origin may have 255 bytes; a folder for its keys has a name that is longer still.
    let origin = format!("a.example/{}", "p/".repeat(122) + "p");
    assert_eq!(origin.len(), 255);
    let long = desk.run(&["init", "long", "--origin", &origin, "--name", "A"]);
    assert!([0, 4].contains(&long.code), "{}", long.err);
    // 169, 171: names that other systems take for one, or for a device, are slugs like others; two that
    // differ in case alone cannot be, since none has a capital.
    desk.say("claim add|Reserved|--slug|con");
    desk.say("claim add|Reserved too|--slug|nul");
    desk.no(2, &["claim", "add", "x", "--slug", "Con"], "error");
    desk.no(2, &["claim", "add", "x", "--slug", "con."], "error");
    // 160, 161: a name leads nowhere.
    for name in ["../config", "/etc", "%2e%2e%2fconfig", "claim/../../config"] {
        desk.no(6, &["show", name], "error[not_found]");
    }
    desk.holds();
}

/// 166, 167: what may not be written or read is said with its path, and nothing is half done.
#[test]
fn a_folder_that_may_not_be_written_and_a_file_of_somebody_else_are_said_by_their_path() {
    let desk = Desk::argued();
    let is_root = rustix::process::geteuid().is_root();
    // Who is root may do everything: the program is run as nobody then.
    let nobody = |words: &[&str]| -> Option<Answer> {
        let program = env!("CARGO_BIN_EXE_grounds");
        let mut command = if is_root {
            let as_nobody = ["--reuid=65534", "--regid=65534", "--clear-groups", program];
            desk.program("setpriv", &[&as_nobody[..], words].concat())
        } else {
            desk.program(program, words)
        };
        command.output().ok().map(Answer::of)
    };
    let top = desk.path("");
    mode(&top, 0o755);
    if is_root && nobody(&["--version"]).is_none_or(|answer| answer.code != 0) {
        // Without setpriv, or where nobody may run the program, root has nothing to show.
        return;
    }
    for (name, closed, open) in [
        ("config", 0o000, 0o700),
        ("ledger/events", 0o000, 0o755),
        ("ledger/checkpoint", 0o000, 0o644),
    ] {
        mode(&desk.path(name), closed);
        let answer = nobody(&["note", "ledger", "-m", "x"]).unwrap();
        assert!(
            [4, 7].contains(&answer.code),
            "{name}: {} {}",
            answer.code,
            answer.err
        );
        assert!(answer.err.contains("error["), "{name}: {}", answer.err);
        mode(&desk.path(name), open);
    }
    let dir = desk.path("ledger");
    let before = recorded(&dir);
    mode(&dir, 0o555);
    mode(&dir.join("events"), 0o555);
    // Reading goes on.
    let cache = desk.path("cache-of-nobody");
    std::fs::create_dir(&cache).unwrap();
    mode(&cache, 0o777);
    let read = nobody(&["verify"]).unwrap();
    assert_eq!(read.code, 0, "{}", read.err);
    let submitted = nobody(&["note", "ledger", "-m", "x"]).unwrap();
    assert!(
        [4, 7].contains(&submitted.code),
        "{} {}",
        submitted.code,
        submitted.err
    );
    mode(&dir.join("events"), 0o755);
    mode(&dir, 0o755);
    assert_eq!(recorded(&dir), before);
    desk.holds();
}

// --- signed, and hostile all the same --------------------------------------------------------------

/// A desk at which the lab's ledger is kept, with its log key.
fn desk_of(lab: &Lab) -> Desk {
    let desk = Desk::empty();
    copy(&lab.dir(), &desk.path("ledger"));
    let config = desk.path("config").join(ORIGIN.replace('/', "%2F"));
    std::fs::create_dir_all(&config).unwrap();
    std::fs::write(
        config.join("log.key"),
        key("log").to_openssh("log").as_bytes(),
    )
    .unwrap();
    mode(&config.join("log.key"), 0o600);
    std::fs::copy(lab.state(), config.join("log.state")).unwrap();
    desk
}

fn handed_in(line: &str) -> Signed<'static> {
    let entry = Entry::parse(line.as_bytes()).unwrap();
    Signed {
        commit: entry.signed.commit.into_owned(),
        signatures: entry.signed.signatures,
    }
}

/// A hostile commit: what it is, its bytes, the code of the refusal.
type Case = (&'static str, Vec<u8>, Code);

fn signed_cases(lab: &Lab) -> Vec<Case> {
    let plain = |act: Act| handed_in(&bent(lab, "ada", act, |_| {}));
    let by = |author: &str, act: Act| handed_in(&bent(lab, author, act, |_| {})).to_bytes();
    let bend = |act: Act, change: &dyn Fn(&mut Draft)| {
        handed_in(&bent(lab, "ada", act, |draft| change(draft))).to_bytes()
    };
    let good = plain(note("claim/x", "good"));
    let message = good.commit.message();
    let ada = key("ada");
    let with = |sig: [u8; 64]| {
        let mut signed = good.clone();
        signed.add(Signature {
            key: ada.public().id(),
            sig,
        });
        signed.to_bytes()
    };
    let beside = |name: &str| {
        let mut signed = good.clone();
        signed.sign(&key(name));
        signed.to_bytes()
    };
    let sig = ada.sign(&message);
    let other = plain(note("claim/y", "another"));
    let mut replayed = other.clone();
    replayed.signatures = good.signatures.clone();
    let said = |subject: &str, kind: &str, data: &str| act(subject, kind, None, data);
    let own: grounds::value::Origin = ORIGIN.parse().unwrap();
    let possession = |private: &grounds::envelope::PrivateKey, origin: &str, agent: &str| {
        let origin = origin.parse().unwrap();
        private.sign(&possession_message(
            &origin,
            &agent.parse().unwrap(),
            &private.public(),
        ))
    };
    let new = key("new of ada");
    let key_added = |public: &grounds::value::PublicKey, proof: [u8; 64]| {
        let proof = grounds::form::Form::write(&proof).to_text();
        said(
            "agent/ada",
            "agent.key_added",
            &format!(r#"{{"key":"{public}","proof":{proof}}}"#),
        )
    };
    let root = lab.open().anchor().unwrap().root;
    let size = lab.lines().len() as u64;
    let _ = own;
    let mut list: Vec<Case> = vec![
        (
            "63 the last seq there is",
            bend(note("claim/x", "a"), &|d| d.events[0].seq = (1 << 53) - 1),
            Code::Conflict,
        ),
        (
            "80 eleven minutes ahead of the log's clock",
            bend(note("claim/x", "a"), &|d| {
                d.at = Time::parse_seconds("9998-12-31T00:00:00Z").unwrap()
            }),
            Code::Time,
        ),
        ("85 of other bytes", with(ada.sign(b"{}")), Code::Signature),
        ("92 all zero", with([0; 64]), Code::Signature),
        (
            "a flipped bit",
            with({
                let mut sig = sig;
                sig[3] ^= 4;
                sig
            }),
            Code::Signature,
        ),
        (
            "101 of another payload type",
            with(ada.sign(&grounds::envelope::pre_authentication(
                "application/vnd.in-toto+json",
                &good.commit.bytes,
            ))),
            Code::Signature,
        ),
        (
            "101 of the payload without its encoding",
            with(ada.sign(&good.commit.bytes)),
            Code::Signature,
        ),
        (
            "102 for another ledger",
            bend(note("claim/x", "a"), &|d| {
                d.ledger = "grounds.example/other".parse().unwrap()
            }),
            Code::Ledger,
        ),
        (
            "103 the signature of another commit",
            replayed.to_bytes(),
            Code::Signature,
        ),
        (
            "104 over bytes that are not canonical",
            with(ada.sign(&grounds::envelope::pre_authentication(
                grounds::envelope::TYPE,
                &[&b" "[..], &good.commit.bytes].concat(),
            ))),
            Code::Signature,
        ),
        (
            "105 by an unknown key beside a good one",
            beside("nobody"),
            Code::Signature,
        ),
        (
            "106 by a revoked key beside a good one",
            beside("carl"),
            Code::Signature,
        ),
        (
            "108 by a key without the role",
            by("dan", said("claim/new", "claim.asserted", CLAIM)),
            Code::Role,
        ),
        (
            "110 of another agent alone",
            {
                let mut signed = good.clone();
                signed.signatures.clear();
                signed.sign(&key("bea"));
                signed.to_bytes()
            },
            Code::Signature,
        ),
        (
            "99 a key of another agent",
            by(
                "ada",
                key_added(&key("bea").public(), possession(&key("bea"), ORIGIN, "ada")),
            ),
            Code::Key,
        ),
        (
            "111 no proof of possession",
            by("ada", key_added(&new.public(), [0; 64])),
            Code::Possession,
        ),
        (
            "112 possession for another agent",
            by(
                "ada",
                key_added(&new.public(), possession(&new, ORIGIN, "bea")),
            ),
            Code::Possession,
        ),
        (
            "112 possession for another ledger",
            by(
                "ada",
                key_added(
                    &new.public(),
                    possession(&new, "grounds.example/other", "ada"),
                ),
            ),
            Code::Possession,
        ),
        (
            "115 prev of no event",
            bend(note("claim/x", "a"), &|d| {
                d.events[0].prev = Some(grounds::value::EventId(grounds::hash::Hash::of(b"x")))
            }),
            Code::Conflict,
        ),
        (
            "117 a stream begun again",
            bend(note("claim/x", "a"), &|d| {
                (d.events[0].seq, d.events[0].prev) = (1, None)
            }),
            Code::Conflict,
        ),
        ("118 a second genesis", crate::lab::founding(), Code::Exists),
        (
            "120 a gap in seq",
            bend(note("claim/x", "a"), &|d| d.events[0].seq += 1),
            Code::Conflict,
        ),
        (
            "121 seq again",
            bend(note("claim/x", "a"), &|d| d.events[0].seq -= 1),
            Code::Conflict,
        ),
        (
            "an anchor of another ledger",
            bend(note("claim/x", "a"), &|d| {
                d.anchor = Some(Anchor {
                    size,
                    root: grounds::hash::Hash::of(b"other"),
                })
            }),
            Code::Anchor,
        ),
        (
            "an anchor beyond the head",
            bend(note("claim/x", "a"), &|d| {
                d.anchor = Some(Anchor {
                    size: size + 1,
                    root,
                })
            }),
            Code::Anchor,
        ),
        (
            "no anchor",
            bend(note("claim/x", "a"), &|d| d.anchor = None),
            Code::Anchor,
        ),
        (
            "201 a step that the status may not take",
            by(
                "ada",
                said(
                    "claim/gone",
                    "claim.status_changed",
                    r#"{"lifecycle":"active","note":"n"}"#,
                ),
            ),
            Code::Status,
        ),
        (
            "202 a status by who is no curator",
            by(
                "dan",
                said(
                    "claim/x",
                    "claim.status_changed",
                    r#"{"lifecycle":"active","note":"n"}"#,
                ),
            ),
            Code::Role,
        ),
        (
            "203 an edge to an unknown claim",
            by(
                "ada",
                said(
                    "claim/x",
                    "claim.linked",
                    r#"{"relation":"supports","target":"claim/none"}"#,
                ),
            ),
            Code::Missing,
        ),
        (
            "203 an unknown artifact",
            by("ada", evidence("x", "none", "supports", "0.5")),
            Code::Missing,
        ),
        (
            "204 an edge to itself",
            by(
                "ada",
                said(
                    "claim/x",
                    "claim.linked",
                    r#"{"relation":"supports","target":"claim/x"}"#,
                ),
            ),
            Code::Self_,
        ),
        (
            "205 the same evidence twice",
            by("ada", evidence("x", "z", "supports", "0.8")),
            Code::Exists,
        ),
        (
            "206 an attestation by who asserted the claim",
            by("ada", attestation("x", "endorses", "1")),
            Code::Role,
        ),
        (
            "207 of a version that is not the current one",
            by(
                "bea",
                said(
                    "claim/x",
                    "attestation.made",
                    r#"{"verdict":"endorses","weight":"1","version":2}"#,
                ),
            ),
            Code::Version,
        ),
        ("a claim that is there", by("ada", claim("x")), Code::Exists),
        (
            "a map by somebody",
            by(
                "ada",
                said(
                    "agent/log",
                    "ledger.mapped",
                    &format!(
                        r#"{{"size":{size},"root":"{}","subjects":1}}"#,
                        "ab".repeat(32)
                    ),
                ),
            ),
            Code::Map,
        ),
        (
            "a policy that locks everybody out",
            by(
                "ada",
                said(
                    "ledger",
                    "ledger.policy_changed",
                    r#"{"policy":{"rules":{},"stewards":1}}"#,
                ),
            ),
            Code::Policy,
        ),
        (
            "an attestation twice",
            by("bea", attestation("x", "verifies", "0.9")),
            Code::Exists,
        ),
        (
            "withdrawn, and not there",
            by(
                "ada",
                said("claim/x", "evidence.withdrawn", r#"{"ref":1,"reason":"r"}"#),
            ),
            Code::Ref,
        ),
        (
            "roles that one gives himself",
            by(
                "bea",
                said("agent/bea", "agent.changed", r#"{"roles":["steward"]}"#),
            ),
            Code::Role,
        ),
        (
            "since before its key",
            by(
                "ada",
                said(
                    "agent/bea",
                    "agent.key_revoked",
                    &format!(
                        r#"{{"key":"{}","reason":"compromised","since":0}}"#,
                        key("bea").public().id()
                    ),
                ),
            ),
            Code::Since,
        ),
    ];
    let mut weak = [0; 32];
    weak[0] = 1;
    list.push((
        "94 to 96 a key that may not be registered",
        by("ada", key_added(&grounds::value::PublicKey(weak), [0; 64])),
        Code::Key,
    ));
    list
}

const CLAIM: &str = r#"{"statement":"s","summary":"s","domains":[{"name":"T","weight":"1"}],"nature":"empirical","polarity":"positive","falsifiability":"falsifiable","origin":"authored"}"#;

#[test]
fn what_is_signed_and_breaks_a_rule_gets_its_code_at_all_three_doors() {
    let lab = Lab::argued();
    lab.record("ada", &[agent("carl"), act_of("dan", &["attester"])]);
    lab.record("ada", &[claim("gone")]);
    let revoked = key("carl").public().id();
    lab.record(
        "ada",
        &[act(
            "agent/carl",
            "agent.key_revoked",
            None,
            &format!(r#"{{"key":"{revoked}","reason":"lost"}}"#),
        )],
    );
    lab.record(
        "ada",
        &[act(
            "claim/gone",
            "claim.status_changed",
            None,
            r#"{"lifecycle":"retracted","note":"n"}"#,
        )],
    );
    lab.record("ada", &[paper("v")]);
    let cases = signed_cases(&lab);
    let honest = lab.lines();
    let desk = desk_of(&lab);
    let before = recorded(&desk.path("ledger"));
    let mut wrong = Vec::new();

    // The command line: all of them in one file.
    let lines: Vec<u8> = cases
        .iter()
        .flat_map(|(_, bytes, _)| [&bytes[..], b"\n"].concat())
        .collect();
    desk.write("all.ndjson", lines);
    let answer = desk.run(&["submit", "all.ndjson", "--json"]);
    assert_ne!(answer.code, 0, "{}", answer.err);
    let answers: Vec<Value> = answer
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(answers.len(), cases.len(), "{}", answer.err);
    for ((name, _, code), answer) in cases.iter().zip(&answers) {
        let said = answer["error"]["message"].as_str().unwrap_or_default();
        // The genesis is recorded already, and that is what is said of it.
        let is_known = name.starts_with("118") && answer["index"] == 0;
        let is_it = answer["error"]["code"] == code.word()
            && said.contains("found ")
            && said.contains("expected ");
        if !is_it && !is_known {
            wrong.push(format!("command line: {name}: expected {code:?}: {answer}"));
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(
        recorded(&desk.path("ledger")) == before,
        "something was recorded"
    );

    // HTTP.
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
    for (name, bytes, code) in &cases {
        let reply = server.post("/api/v1/commits", "application/json", bytes);
        let answer = reply.json();
        let is_known = name.starts_with("118") && reply.status == 200;
        let said = answer["detail"].as_str().unwrap_or_default();
        let is_it = (400..500).contains(&reply.status)
            && answer["code"] == code.word()
            && said.contains("found ");
        if !is_it && !is_known {
            wrong.push(format!(
                "HTTP: {name}: expected {code:?}: {} {answer}",
                reply.status
            ));
        }
    }
    assert_eq!(server.size(), honest.len() as u64);
    assert_eq!(server.stop().code, Some(0));

    // A folder whose log recorded it all the same.
    for (name, bytes, code) in &cases {
        let line = crate::lab::line(bytes, lab.clock.now());
        put_lines(&lab.dir(), &[&honest[..], &[line]].concat());
        let report = audited(&lab.dir());
        let first = report.faults.iter().filter_map(|fault| fault.index).min();
        let has = report
            .faults
            .iter()
            .any(|fault| fault.code == Some(code.word()));
        if report.verdict == Verdict::Holds || first != Some(honest.len() as u64) || !has {
            wrong.push(format!(
                "a folder: {name}: expected {code:?}: {:?}",
                report.faults
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        3 * cases.len(),
        wrong.join("\n")
    );
    desk.holds();
}

/// As the format has it: admission looks at a rule's length alone, whoever adds it at a desk is told,
/// and where one is recorded all the same it decides nothing and is named.
#[test]
fn a_rule_that_does_not_compile_is_refused_at_the_desk_and_named_where_it_is_recorded() {
    let lab = Lab::argued();
    let desk = desk_of(&lab);
    let rule = r#"{"name":"v","description":"d","rules":[{"when":"((","verdict":"included","reason":"r"}],"otherwise":"excluded"}"#;
    let line = bent(
        &lab,
        "ada",
        act("view/v", "view.defined", None, rule),
        |_| {},
    );
    desk.write("view.json", handed_in(&line).to_bytes());
    desk.yes(&["submit", "view.json"]);
    let shown = desk.run(&["show", "view/v", "--color", "always"]);
    assert_eq!(shown.code, 0, "{}", shown.err);
    assert!(shown.out.contains("(("), "{}", shown.out);
    is_calm("show view", &shown.out);
    desk.write("ada.key", key("ada").to_openssh("ada").as_bytes());
    mode(&desk.path("ada.key"), 0o600);
    let words = [
        "view",
        "add",
        "--name",
        "W",
        "--description",
        "d",
        "--rule",
        "(( => excluded: x",
        "--key",
        "ada.key",
    ];
    let refused = desk.run(&words);
    assert!(
        [1, 2].contains(&refused.code) && refused.err.contains("error["),
        "{} {}",
        refused.code,
        refused.err
    );
    desk.holds();
}

/// 79, as the format has it: an author's clock is claimed, and may be behind what was recorded before.
#[test]
fn an_authors_clock_may_be_behind_and_is_taken() {
    let lab = Lab::argued();
    let early = bent(
        &lab,
        "ada",
        note("claim/x", "written down long ago"),
        |draft| {
            draft.at = Time::parse_seconds("2001-01-01T00:00:00Z").unwrap();
        },
    );
    let desk = desk_of(&lab);
    desk.write("early.json", handed_in(&early).to_bytes());
    desk.yes(&["submit", "early.json"]);
    desk.holds();
}

//! Every call of one append fails: strace lets the Nth `write`, `fdatasync`, `rename`, `openat` … of
//! the program fail with EIO or ENOSPC, for each N at which it touches the ledger or its keys.
//!
//! However it ends, it says so with a code, and never acknowledges what is not there; afterwards the
//! folder holds, what was to be recorded is recorded once when it is asked for again, and the head
//! extends the one before.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::seen::lines;
use super::yard::Yard;
use super::{Asked, Skipped};

/// What may fail.
const CALLS: &str = "openat,write,pwrite64,fsync,fdatasync,ftruncate,rename,renameat2,linkat,unlink,mkdir,flock,fchmod,chmod";

/// With what. The second is not asked of calls that need no room.
const ERRORS: [&str; 2] = ["EIO", "ENOSPC"];

/// What is in the new entry, and nowhere else.
const MARK: &str = "a-mark-of-its-own";

/// A command that appends once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Act {
    Claim,
    Note,
    Submit,
}

/// The Nth such call of a thread.
#[derive(Debug, Clone)]
#[allow(dead_code)] // It is shown whole where something is not as promised.
struct Target {
    act: Act,
    call: String,
    number: usize,
    error: &'static str,
    /// What it did when it did not fail.
    shown: String,
}

pub(crate) fn run(asked: &Asked) -> Result<String, Skipped> {
    let folder = tempfile::tempdir().unwrap();
    let yard = Yard::make(
        &asked.grounds,
        &folder.path().join("base/ledger"),
        &folder.path().join("base/config"),
    );
    let (mut appender, _) = yard.open();
    let pen = yard.pen_at(appender.anchor().unwrap());
    for number in 0..4 {
        appender
            .stage(&pen.signed(&format!("a{number}"), 100))
            .unwrap();
        appender.flush().unwrap();
    }
    appender.close().unwrap();
    std::fs::write(
        folder.path().join("base/commit"),
        yard.pen().signed(MARK, 100),
    )
    .unwrap();

    let mut targets = Vec::new();
    for act in [Act::Claim, Act::Note, Act::Submit] {
        targets.extend(targets_of(asked, folder.path(), act)?);
    }
    let all = targets.len();
    let skip = usize::try_from(asked.seed).unwrap() % asked.every;
    let targets: Vec<Target> = targets
        .into_iter()
        .skip(skip)
        .step_by(asked.every)
        .collect();
    let (next, ends) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    std::thread::scope(|scope| {
        for lane in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            let (targets, next, ends, folder) = (&targets, &next, &ends, folder.path());
            scope.spawn(move || {
                while let Some(target) = targets.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let end = one(asked, folder, lane, target);
                    *ends.lock().unwrap().entry(end).or_insert(0) += 1;
                }
            });
        }
    });
    let ends = ends.into_inner().unwrap();
    let ends = ends.iter().map(|(end, count)| format!("{count} × {end}"));
    Ok(format!(
        "{} of {all} calls that fail: {}",
        targets.len(),
        ends.collect::<Vec<_>>().join(", ")
    ))
}

/// The same ledger again, in a folder of its own.
fn fresh(folder: &Path, name: &str) -> (PathBuf, Yard) {
    let own = folder.join(name);
    let _ = std::fs::remove_dir_all(&own);
    let copied = Command::new("cp")
        .arg("-a")
        .arg(folder.join("base"))
        .arg(&own)
        .status();
    assert!(copied.unwrap().success());
    let yard = Yard {
        dir: own.join("ledger"),
        config: own.join("config"),
    };
    (own, yard)
}

fn words(act: Act, own: &Path) -> Vec<String> {
    let commit = own.join("commit").to_str().unwrap().to_owned();
    match act {
        Act::Claim => ["claim", "add", MARK].map(str::to_owned).to_vec(),
        Act::Note => ["note", "claim/a1", "-m", MARK].map(str::to_owned).to_vec(),
        Act::Submit => ["submit".to_owned(), commit].to_vec(),
    }
}

fn traced(asked: &Asked, yard: &Yard, own: &Path, act: Act, options: &[&str]) -> Output {
    let mut command = Command::new("strace");
    command
        .args(["-f", "-y", "-s", "8", "-o"])
        .arg(own.join("trace"));
    command
        .args(options)
        .arg(&asked.grounds)
        .args(words(act, own));
    yard.at(command).output().unwrap()
}

/// Each call of this command that touches the ledger or its keys.
fn targets_of(asked: &Asked, folder: &Path, act: Act) -> Result<Vec<Target>, Skipped> {
    let (own, yard) = fresh(folder, "counted");
    let trace = format!("trace={CALLS}");
    let ended = traced(asked, &yard, &own, act, &["-e", &trace]);
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    if said.starts_with("strace: ") {
        return Err(Skipped(said.trim().to_owned()));
    }
    assert!(ended.status.success(), "{act:?}: {said}");
    let text = std::fs::read_to_string(own.join("trace")).unwrap();
    let ours = own.to_str().unwrap();
    let mut counts: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut targets = Vec::new();
    for line in text.lines() {
        let Some((thread, rest)) = line.split_once(' ') else {
            continue;
        };
        let rest = rest.trim_start();
        let Some((call, _)) = rest.split_once('(') else {
            continue;
        };
        let number = counts
            .entry((thread.to_owned(), call.to_owned()))
            .or_insert(0);
        *number += 1;
        let is_output =
            call == "write" && (rest.starts_with("write(1<") || rest.starts_with("write(2<"));
        if !rest.contains(ours) && !is_output {
            continue;
        }
        for error in ERRORS {
            let needs_room = !matches!(call, "fchmod" | "chmod" | "unlink" | "flock");
            if error == "EIO" || needs_room {
                targets.push(Target {
                    act,
                    call: call.to_owned(),
                    number: *number,
                    error,
                    shown: rest.replace(ours, ""),
                });
            }
        }
    }
    assert!(
        targets.len() > 40,
        "{} calls of {act:?}\n{text}",
        targets.len()
    );
    Ok(targets)
}

/// How it ended, in words.
fn one(asked: &Asked, folder: &Path, lane: usize, target: &Target) -> String {
    let (own, yard) = fresh(folder, &format!("lane-{lane}"));
    let from = own.join("from");
    std::fs::write(&from, yard.checkpoint()).unwrap();
    let Target {
        act,
        call,
        number,
        error,
        ..
    } = target;
    let trace = format!("trace={call}");
    let inject = format!("inject={call}:error={error}:when={number}");
    let ended = traced(asked, &yard, &own, *act, &["-e", &trace, "-e", &inject]);
    let trace = std::fs::read_to_string(own.join("trace")).unwrap();
    assert!(
        trace.contains("(INJECTED)"),
        "{target:?} was not reached\n{trace}"
    );
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    let when = format!("{target:?}\nended with {:?}: {said}", ended.status.code());
    assert!(!said.contains("panicked"), "{when}");
    let code = ended.status.code().unwrap_or_else(|| panic!("{when}"));

    let is_told = code == 0;
    match is_told {
        true => assert_eq!(marked(&yard), 1, "acknowledged and not there: {when}"),
        false => assert!(said.contains("error["), "{when}"),
    }
    let word = said
        .split("error[")
        .nth(1)
        .and_then(|rest| rest.split(']').next());
    let word = word.unwrap_or("").to_owned();
    assert!(
        matches!(
            (code, word.as_str()),
            (0, "") | (4, "io" | "unknown_outcome" | "locked") | (7, _) | (3, "damaged")
        ),
        "{when}"
    );
    // For whoever only reads, and after everything that was done next.
    yard.holds(&when);
    settle(asked, &yard, &own, *act, &said, is_told, &when);
    assert_eq!(marked(&yard), 1, "once: {when}");
    yard.holds(&when);
    let words = ["verify", "--from", from.to_str().unwrap()];
    let verified = yard.command(&asked.grounds, &words).output().unwrap();
    assert!(verified.status.success(), "{when}\nverify: {verified:?}");
    match is_told {
        true if said.contains("warning") => "0 with a warning".to_owned(),
        true => "0".to_owned(),
        false => format!("{code} {word}"),
    }
}

/// Does what the message says is to be done.
fn settle(asked: &Asked, yard: &Yard, own: &Path, act: Act, said: &str, is_told: bool, when: &str) {
    let kept = said
        .split("grounds submit ")
        .nth(1)
        .and_then(|rest| rest.split(';').next());
    let again = match (act, kept) {
        (Act::Submit, _) => words(act, own),
        (_, Some(file)) => vec!["submit".to_owned(), file.to_owned()],
        _ if is_told || said.contains("recorded as @") => return,
        _ => {
            assert!(
                !said.contains("unknown_outcome") || marked(yard) == 0,
                "{when}"
            );
            words(act, own)
        }
    };
    let again: Vec<&str> = again.iter().map(String::as_str).collect();
    let settled = yard.command(&asked.grounds, &again).output().unwrap();
    let answer = String::from_utf8_lossy(&settled.stderr).into_owned();
    assert!(settled.status.success(), "{when}\nagain: {answer}");
}

/// How many entries there are of what was to be recorded.
fn marked(yard: &Yard) -> usize {
    let is_ours = |line: &&Vec<u8>| String::from_utf8_lossy(line).contains(MARK);
    lines(&yard.dir).iter().filter(is_ours).count()
}

//! A disk that is full in the middle of a batch: the error says so, nothing is acknowledged, what
//! was there can be read and holds; when there is room again, the same commits are recorded, once.

use std::path::Path;
use std::process::Output;

use super::http;
use super::mounts::Mount;
use super::seen::{Seen, lines};
use super::writing::Running;
use super::yard::Yard;
use super::{Asked, Skipped};

/// Room for a ledger and what is beside it.
const DISK: u64 = 24 << 20;

/// What is left when the batch comes: from nothing to less than all of it. In bytes.
const ROOMS: [u64; 8] = [
    0,
    4 << 10,
    12 << 10,
    64 << 10,
    300 << 10,
    900 << 10,
    1200 << 10,
    1500 << 10,
];

/// Commits of a batch, and how long each is, in bytes: more than what is reserved ahead.
const BATCH: usize = 110;
const LENGTH: usize = 15_500;

pub(crate) fn run(asked: &Asked) -> Result<String, Skipped> {
    let mut refused = 0;
    for (number, room) in ROOMS.into_iter().enumerate() {
        refused += u64::from(batch(asked, room, number % 2 == 0)?);
    }
    assert!(refused >= 4, "the disk was full {refused} times only");
    let answered = serve(asked)?;
    Ok(format!(
        "{} disks with little room: a batch was refused on {refused} of them; grounds serve answered {answered} where there was none",
        ROOMS.len()
    ))
}

/// Whether the batch did not fit.
fn batch(asked: &Asked, room: u64, keys_elsewhere: bool) -> Result<bool, Skipped> {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().join("mounted");
    let mount = Mount::tmpfs(&at, DISK)?;
    let config = match keys_elsewhere {
        true => folder.path().join("config"),
        false => at.join("config"),
    };
    let yard = Yard::make(&asked.grounds, &at.join("ledger"), &config);
    let mut seen = Seen::of(yard.vkey());
    let few = written(folder.path(), "few", &yard, 5, 100);
    take(&mut seen, &done(submit(asked, &yard, &few)));
    let before = (lines(&yard.dir), yard.checkpoint());
    std::fs::write(folder.path().join("before"), &before.1).unwrap();
    let many = written(folder.path(), "many", &yard, BATCH, LENGTH);
    let ballast = at.join("ballast");
    fill(&mount, &ballast, room);

    let answer = submit(asked, &yard, &many);
    take(&mut seen, &answer);
    let is_refused = !answer.status.success();
    if is_refused {
        is_clear(&answer, room);
        assert!(answer.stdout.is_empty(), "acknowledged: {answer:?}");
    }
    // What was there is untouched, and can be read without room.
    let there = lines(&yard.dir);
    assert!(there.starts_with(&before.0), "room {room}");
    yard.holds(&format!("room {room}"));
    done(yard.command(&asked.grounds, &["verify"]).output().unwrap());
    // Nor does trying once more do harm.
    let answer = submit(asked, &yard, &many);
    take(&mut seen, &answer);
    if !answer.status.success() {
        is_clear(&answer, room);
    }

    std::fs::remove_file(&ballast).unwrap();
    take(&mut seen, &done(submit(asked, &yard, &many)));
    seen.is_in(&yard.dir, "with room again");
    yard.holds("with room again");
    let ours = |line: &&Vec<u8>| String::from_utf8_lossy(line).contains("\"claim/many-");
    assert_eq!(lines(&yard.dir).iter().filter(ours).count(), BATCH);
    let from = folder.path().join("before");
    let words = ["verify", "--from", from.to_str().unwrap()];
    done(yard.command(&asked.grounds, &words).output().unwrap());
    mount.end();
    Ok(is_refused)
}

/// What a server says when there is no room; it is asked for more than fits.
fn serve(asked: &Asked) -> Result<String, Skipped> {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().join("mounted");
    let mount = Mount::tmpfs(&at, DISK)?;
    let config = folder.path().join("config");
    let yard = Yard::make(&asked.grounds, &at.join("ledger"), &config);
    let mut seen = Seen::of(yard.vkey());
    let pen = yard.pen();
    let commits: Vec<Vec<u8>> = (0..BATCH)
        .map(|number| pen.signed(&format!("served-{number}"), LENGTH))
        .collect();
    let ballast = at.join("ballast");
    let words = ["serve", "--listen", "127.0.0.1:0", "--map-every", "0"];
    let start = || {
        let server = Running::start(yard.command(&asked.grounds, &words));
        let line = String::from_utf8(server.next().unwrap()).unwrap();
        let address = line.strip_prefix("listening on http://").unwrap();
        (server, address.parse().unwrap())
    };
    let (server, address) = start();
    fill(&mount, &ballast, 1200 << 10);
    let post = |address, commit: &[u8]| http::post(address, "/api/v1/commits", commit).unwrap();
    let mut said = None;
    for commit in &commits {
        let answer = post(address, commit);
        if answer.status != 201 {
            said = Some(answer);
            break;
        }
        seen.receipt(&answer.body);
    }
    let said = said.expect("the disk was full");
    let text = String::from_utf8_lossy(&said.body).into_owned();
    assert_eq!(said.status, 500, "{text}");
    assert!(text.contains("\"unknown_outcome\""), "{text}");
    assert!(text.contains("No space left"), "{text}");
    // It takes nothing more until it is started again, and can be read all the while.
    assert_eq!(post(address, &commits[BATCH - 1]).status, 503);
    let head = http::get(address, "/checkpoint").unwrap();
    assert_eq!(head.status, 200);
    seen.head(&head.body);
    server.kill();
    std::fs::remove_file(&ballast).unwrap();
    let (server, address) = start();
    for commit in &commits {
        let answer = post(address, commit);
        assert!(matches!(answer.status, 200 | 201), "{}", answer.status);
        seen.receipt(&answer.body);
    }
    server.kill();
    seen.is_in(&yard.dir, "with room again");
    yard.holds("with room again");
    let ours = |line: &&Vec<u8>| String::from_utf8_lossy(line).contains("\"claim/served-");
    assert_eq!(lines(&yard.dir).iter().filter(ours).count(), BATCH);
    mount.end();
    Ok("500 unknown_outcome, then 503".to_owned())
}

/// Signed commits in a file.
fn written(folder: &Path, name: &str, yard: &Yard, count: usize, length: usize) -> String {
    let pen = yard.pen();
    let commits = (0..count).map(|number| pen.signed(&format!("{name}-{number}"), length));
    let text: Vec<u8> = commits
        .flat_map(|commit| [commit, b"\n".to_vec()].concat())
        .collect();
    let path = folder.join(format!("{name}.ndjson"));
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn submit(asked: &Asked, yard: &Yard, file: &str) -> Output {
    let words = ["submit", file, "--json"];
    yard.command(&asked.grounds, &words).output().unwrap()
}

/// Every answer that is a receipt.
fn take(seen: &mut Seen, answer: &Output) {
    for line in answer
        .stdout
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
    {
        seen.receipt(line);
    }
}

fn done(output: Output) -> Output {
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

fn is_clear(answer: &Output, room: u64) {
    let said = String::from_utf8_lossy(&answer.stderr);
    assert_eq!(answer.status.code(), Some(4), "room {room}: {said}");
    assert!(
        said.contains("No space left on device"),
        "room {room}: {said}"
    );
}

/// Leaves so many bytes.
fn fill(mount: &Mount, ballast: &Path, room: u64) {
    let length = usize::try_from(mount.free() - room).unwrap();
    std::fs::write(ballast, vec![1; length]).unwrap();
}

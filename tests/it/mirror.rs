//! Mirrors: a copy is whole at every moment, extends itself and nothing else, and believes nobody.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use grounds::ledger::audit::{Standard, Verdict};
use grounds::ledger::{
    AnySource, FolderSource, HeadError, MirrorError, Mirrored, Pin, SignedHead, SourceError, mirror,
};
use grounds::tlog::{
    Checkpoint, ForkProof, TileSource, Tree, VerifierKey, encode_bundle, leaf_hash,
    new_full_bundles, partial_bundle, tiles_for,
};

use crate::lab::{EVENTS, Lab, copy, everything, examined, head, note, tree_of, vkey};
use crate::reference::build::ORIGIN;

/// A source that fails after so many files, and counts them.
pub(crate) struct Failing {
    folder: FolderSource,
    left: usize,
}

impl Failing {
    fn after(dir: &Path, left: usize) -> Failing {
        Failing {
            folder: FolderSource::new(dir),
            left,
        }
    }
}

impl TileSource for Failing {
    type Error = SourceError;

    fn fetch(&mut self, path: &str, max_bytes: usize) -> Result<Option<Vec<u8>>, SourceError> {
        let Some(left) = self.left.checked_sub(1) else {
            let why = "the line was cut".to_owned();
            return Err(SourceError {
                place: path.to_owned(),
                why,
            });
        };
        self.left = left;
        self.folder.fetch(path, max_bytes)
    }
}

/// Lines of a log that was kept by nobody: mirrors check no more than the tree.
pub(crate) fn synthetic(count: usize, kind: &str) -> Vec<String> {
    (0..count)
        .map(|number| format!("entry {number} {kind}"))
        .collect()
}

/// A folder as a log publishes it: lines, all tiles and bundles, a signed head.
pub(crate) fn publish(dir: &Path, lines: &[String]) -> Tree {
    let mut tree = Tree::new();
    lines
        .iter()
        .for_each(|line| tree.push(leaf_hash(line.as_bytes())));
    put(dir, EVENTS, (lines.join("\n") + "\n").as_bytes());
    for tile in tiles_for(tree.size()) {
        put(dir, &tile.path(), &tile.bytes(&tree).unwrap());
    }
    for bundle in new_full_bundles(0, tree.size())
        .into_iter()
        .chain(partial_bundle(tree.size()))
    {
        let (from, to) = (
            bundle.entries().start as usize,
            bundle.entries().end as usize,
        );
        let bytes = encode_bundle(lines[from..to].iter().map(String::as_bytes)).unwrap();
        put(dir, &bundle.path(), &bytes);
    }
    put(dir, "checkpoint", &head(&tree));
    tree
}

pub(crate) fn put(dir: &Path, name: &str, bytes: &[u8]) {
    let path = dir.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

pub(crate) fn run(source: &Path, dir: &Path) -> Result<Mirrored, MirrorError> {
    run_with(source, dir, Some(&vkey()))
}

fn run_with(
    source: &Path,
    dir: &Path,
    vkey: Option<&VerifierKey>,
) -> Result<Mirrored, MirrorError> {
    mirrored(&mut FolderSource::new(source), dir, vkey)
}

fn mirrored(
    source: &mut AnySource<'_>,
    dir: &Path,
    vkey: Option<&VerifierKey>,
) -> Result<Mirrored, MirrorError> {
    mirror(source, dir, vkey, &mut |_, _| {})
}

/// The bytes of the files that a mirror shares with its source.
pub(crate) fn shared(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let own = ["cache", "torn", "lock", "mirror.json", ".gitignore"];
    let files = everything(dir)
        .into_iter()
        .filter(|(path, _)| path.is_file());
    files
        .map(|(path, (_, bytes))| (path.strip_prefix(dir).unwrap().to_path_buf(), bytes))
        .filter(|(path, _)| !own.iter().any(|own| path.starts_with(own)))
        .map(|(path, bytes)| {
            let end = bytes
                .iter()
                .rposition(|byte| *byte != 0)
                .map_or(0, |last| last + 1);
            let is_events = path.starts_with("events");
            (
                path,
                if is_events {
                    bytes[..end].to_vec()
                } else {
                    bytes
                },
            )
        })
        .collect()
}

/// What holds wherever a run was ended: the head is one of the log's, and its entries are here.
fn is_whole(dir: &Path, lines: &[String]) -> u64 {
    let Ok(note) = std::fs::read(dir.join("checkpoint")) else {
        return 0;
    };
    let signed = SignedHead::open(&note, &vkey()).unwrap();
    let size = signed.head.size as usize;
    let text = std::fs::read(dir.join(EVENTS)).unwrap();
    let expected = lines[..size].join("\n") + "\n";
    assert!(
        text.starts_with(expected.as_bytes()),
        "the entries under the head of {size} are here"
    );
    let mut tree = Tree::new();
    lines[..size]
        .iter()
        .for_each(|line| tree.push(leaf_hash(line.as_bytes())));
    assert_eq!(tree.root(), signed.head.root);
    signed.head.size
}

#[test]
fn a_mirror_is_a_ledger_that_holds_and_goes_on_with_its_source() {
    let lab = Lab::argued();
    let dir = lab.beside("mirror");
    let first = run(&lab.dir(), &dir).unwrap();
    assert_eq!((first.before, first.now.size, first.fetched), (None, 8, 8));
    assert!(!first.is_first_use_key && first.is_newly_pinned);
    let trusted = vkey();
    let standard = Standard {
        vkey: Some(&trusted),
        ..Standard::default()
    };
    let report = examined(&dir, &standard);
    assert_eq!(report.verdict, Verdict::Holds, "{:?}", report.faults);

    let again = run_with(&lab.dir(), &dir, None).unwrap();
    assert_eq!((again.before.unwrap().size, again.fetched), (8, 0));
    lab.record("ada", &[note("claim/x", "Read a third time.")]);
    let more = run_with(&lab.dir(), &dir, None).unwrap();
    assert_eq!((more.now.size, more.fetched), (9, 1));
    let report = examined(&dir, &standard);
    assert_eq!(report.verdict, Verdict::Holds, "{:?}", report.faults);
    let (ours, theirs) = (shared(&dir), shared(&lab.dir()));
    for name in [
        EVENTS,
        "checkpoint",
        "tile/0/000.p/9",
        "tile/entries/000.p/9",
    ] {
        assert_eq!(ours[Path::new(name)], theirs[Path::new(name)], "{name}");
    }
    // The mirror of a mirror is a mirror.
    run(&dir, &lab.beside("second")).unwrap();
    assert_eq!(
        shared(&lab.beside("second"))[Path::new(EVENTS)],
        theirs[Path::new(EVENTS)]
    );
}

#[test]
fn a_run_that_is_ended_anywhere_leaves_a_whole_copy_and_the_next_one_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let (source, dir) = (folder.path().join("source"), folder.path().join("mirror"));
    let lines = synthetic(1_200, "of the log");
    let all = publish(&source, &lines);
    let old = publish(&folder.path().join("old"), &lines[..300]);
    let theirs = shared(&source);
    let mut ended = 0;
    for begun in [0, 300] {
        for left in 0.. {
            let _ = std::fs::remove_dir_all(&dir);
            if begun > 0 {
                run(&folder.path().join("old"), &dir).unwrap();
            }
            let mut failing = Failing::after(&source, left);
            let done = mirror(&mut failing, &dir, Some(&vkey()), &mut |_, _| {});
            if done.is_ok() {
                break;
            }
            ended += 1;
            let size = if dir.exists() {
                is_whole(&dir, &lines)
            } else {
                0
            };
            assert!(
                [begun, all.size()].contains(&size),
                "{size} after {left} files"
            );
            let now = run(&source, &dir).unwrap().now;
            assert_eq!((now.size, now.root), (all.size(), all.root()));
            is_whole(&dir, &lines);
            let ours = shared(&dir);
            for (name, bytes) in &theirs {
                assert_eq!(
                    ours.get(name),
                    Some(bytes),
                    "{} after {left} files",
                    name.display()
                );
            }
        }
    }
    assert!(ended > 20, "{ended} runs were ended");
    assert_ne!(old.root(), all.root());
}

#[test]
fn a_run_that_is_ended_again_and_again_comes_to_the_end_without_fetching_lines_twice() {
    let folder = tempfile::tempdir().unwrap();
    let (source, dir) = (folder.path().join("source"), folder.path().join("mirror"));
    // Long lines, so that each bundle is a write of its own.
    let lines: Vec<String> = (0..1_100)
        .map(|number| format!("{number} {}", "x".repeat(5_000)))
        .collect();
    publish(&source, &lines);
    let mut fetched = Vec::new();
    for _ in 0..40 {
        let done = mirror(
            &mut Failing::after(&source, 9),
            &dir,
            Some(&vkey()),
            &mut |_, _| {},
        );
        let have = std::fs::read(dir.join(EVENTS))
            .map_or(0, |text| text.iter().filter(|byte| **byte == b'\n').count());
        assert!(
            fetched.last().is_none_or(|before| have >= *before),
            "lines are kept"
        );
        fetched.push(have);
        if done.is_ok() {
            is_whole(&dir, &lines);
            assert!(fetched.len() > 1, "at least one run was ended");
            return;
        }
    }
    panic!("it never came to an end: {fetched:?}");
}

#[test]
fn lines_that_a_dead_run_left_torn_are_put_aside() {
    let folder = tempfile::tempdir().unwrap();
    let (source, dir) = (folder.path().join("source"), folder.path().join("mirror"));
    let lines = synthetic(20, "of the log");
    publish(&folder.path().join("old"), &lines[..9]);
    publish(&source, &lines);
    for tail in [
        "entry 9 of the log\nentr",
        "entry 9 of ",
        "junk\nmore\n",
        "entry 9 of the log\njunk\nentry 11 of the log\n",
    ] {
        let _ = std::fs::remove_dir_all(&dir);
        run(&folder.path().join("old"), &dir).unwrap();
        let mut text = std::fs::read(dir.join(EVENTS)).unwrap();
        text.extend_from_slice(tail.as_bytes());
        std::fs::write(dir.join(EVENTS), text).unwrap();
        let done = run(&source, &dir).unwrap();
        assert_eq!(is_whole(&dir, &lines), 20);
        let kept = u64::from(tail.starts_with("entry 9 of the log\n"));
        assert_eq!(done.fetched, 11 - kept, "{tail:?}");
        assert!(
            dir.join("torn").read_dir().unwrap().next().is_some(),
            "what was cut is kept"
        );
    }
}

#[test]
fn tiles_that_are_gone_from_the_copy_are_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let (source, dir) = (folder.path().join("source"), folder.path().join("mirror"));
    publish(&source, &synthetic(700, "of the log"));
    run(&source, &dir).unwrap();
    let whole = shared(&dir);
    std::fs::remove_dir_all(dir.join("tile")).unwrap();
    std::fs::create_dir_all(dir.join("tile/0")).unwrap();
    std::fs::write(dir.join("tile/0/001"), b"").unwrap();
    assert_eq!(run(&source, &dir).unwrap().fetched, 0);
    assert_eq!(shared(&dir), whole);
}

#[test]
fn a_line_of_the_copy_that_lost_a_bit_goes_into_no_bundle() {
    let folder = tempfile::tempdir().unwrap();
    let (source, dir) = (folder.path().join("source"), folder.path().join("mirror"));
    publish(&source, &synthetic(700, "of the log"));
    run(&source, &dir).unwrap();
    std::fs::remove_dir_all(dir.join("tile")).unwrap();
    let text = std::fs::read_to_string(dir.join(EVENTS)).unwrap();
    std::fs::write(dir.join(EVENTS), text.replace("entry 300 ", "entry 310 ")).unwrap();
    let error = run(&source, &dir).unwrap_err().to_string();
    assert!(error.contains("entry 300"), "{error}");
    assert!(!dir.join("tile/entries/001").exists());
}

#[test]
fn a_source_that_went_back_is_refused_and_the_copy_is_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let (source, old) = (folder.path().join("source"), folder.path().join("old"));
    let dir = folder.path().join("mirror");
    let lines = synthetic(600, "of the log");
    publish(&source, &lines);
    publish(&old, &lines[..400]);
    run(&source, &dir).unwrap();
    let before = everything(&dir);
    let error = run(&old, &dir).unwrap_err();
    assert!(matches!(error, MirrorError::RolledBack { .. }), "{error}");
    assert_eq!(everything(&dir), before);
    std::fs::remove_file(old.join("checkpoint")).unwrap();
    let error = run(&old, &dir).unwrap_err();
    assert!(
        matches!(error, MirrorError::Head(HeadError::NoCheckpoint)),
        "{error}"
    );
    assert_eq!(everything(&dir), before);
}

#[test]
fn a_source_of_another_history_gives_a_fork_proof_and_the_copy_is_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("mirror");
    let ours = synthetic(600, "as it was shown to us");
    let ours_in = folder.path().join("ours");
    publish(&ours_in, &ours);
    run(&ours_in, &dir).unwrap();
    let before = everything(&dir);
    for (size, from) in [
        (900, 599),
        (900, 0),
        (600, 300),
        (601, 257),
        (599, 7),
        (3, 2),
        (256, 0),
    ] {
        let theirs: Vec<String> = synthetic(size, "as it was shown to us")
            .into_iter()
            .zip(synthetic(size, "as it was shown to others"))
            .enumerate()
            .map(|(index, (same, other))| if index < from { same } else { other })
            .collect();
        let source = folder.path().join(format!("theirs-{size}-{from}"));
        publish(&source, &theirs);
        let proof = match run(&source, &dir) {
            Err(MirrorError::Forked(proof)) => proof,
            other => panic!("{size}, {from}: {other:?}"),
        };
        assert_eq!(everything(&dir), before, "{size}, {from}");
        let proof = ForkProof::parse(&proof.to_bytes()).unwrap();
        let proved = proof.verify(ORIGIN, &vkey()).unwrap();
        let sizes = (proved.older.size, proved.newer.size);
        assert_eq!(sizes, (600.min(size as u64), 600.max(size as u64)));
    }
    assert_eq!(
        run(&ours_in, &dir).unwrap().fetched,
        0,
        "it goes on with its own"
    );
}

/// Every file of the source changed in turn, one bit of it, at a place that moves.
#[test]
fn a_source_that_lies_anywhere_is_refused_and_nothing_of_it_is_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let (source, old) = (folder.path().join("source"), folder.path().join("old"));
    let lines = synthetic(800, "of the log");
    publish(&source, &lines);
    publish(&old, &lines[..300]);
    let files: Vec<PathBuf> = shared(&source)
        .into_keys()
        .filter(|path| !path.starts_with("events"))
        .collect();
    let mut refused = 0;
    for (number, name) in files.iter().enumerate() {
        let path = source.join(name);
        let right = std::fs::read(&path).unwrap();
        let step = if std::env::var_os("GROUNDS_FULL").is_some() {
            97
        } else {
            right.len() / 2 + 1
        };
        for place in (number % step..right.len()).step_by(step) {
            let mut wrong = right.clone();
            wrong[place] ^= 1 << (place % 8);
            std::fs::write(&path, &wrong).unwrap();
            let dir = folder.path().join("mirror");
            let _ = std::fs::remove_dir_all(&dir);
            run(&old, &dir).unwrap();
            let done = run(&source, &dir);
            let size = is_whole(&dir, &lines);
            match done {
                Err(error) => {
                    refused += 1;
                    assert_eq!(size, 300, "{error}");
                }
                // Bundles and tiles that the copy has already are not asked for.
                Ok(_) => assert!(
                    (name.ends_with("entries/000") || name.ends_with("0/000")) && size == 800,
                    "{}",
                    name.display()
                ),
            }
        }
        std::fs::write(&path, right).unwrap();
    }
    assert!(refused >= files.len(), "{refused}");
}

#[test]
fn the_key_is_pinned_on_first_use_and_no_other_is_taken_after() {
    let lab = Lab::argued();
    let dir = lab.beside("mirror");
    let first = run_with(&lab.dir(), &dir, None).unwrap();
    assert!(first.is_first_use_key && first.vkey == vkey());
    assert_eq!(
        Pin::of(&dir).unwrap().unwrap(),
        Pin {
            vkey: vkey(),
            is_first_use: true
        }
    );
    let other: VerifierKey = log_key_of(9);
    let error = run_with(&lab.dir(), &dir, Some(&other)).unwrap_err();
    assert!(matches!(error, MirrorError::OtherKey { .. }), "{error}");
    // Whoever gives the same key from elsewhere is no longer on first use.
    assert!(!run(&lab.dir(), &dir).unwrap().is_first_use_key);
    assert!(!run_with(&lab.dir(), &dir, None).unwrap().is_first_use_key);
    // A ledger that is no mirror is not made into one.
    let error = run(&dir, &lab.dir()).unwrap_err();
    assert!(matches!(error, MirrorError::NotAMirror(_)), "{error}");
    // Without an entry that names a key there is none to take.
    let nameless = lab.beside("nameless");
    publish(&nameless, &synthetic(3, "of nobody"));
    let error = run_with(&nameless, &lab.beside("copy"), None).unwrap_err();
    assert!(matches!(error, MirrorError::NoKey), "{error}");
    for pin in [
        "",
        "{}",
        r#"{"key":"given","v":1,"vkey":"x"}"#,
        r#"{"key":"found","v":1}"#,
    ] {
        std::fs::write(dir.join("mirror.json"), pin).unwrap();
        let error = run(&lab.dir(), &dir).unwrap_err();
        assert!(matches!(error, MirrorError::Pin { .. }), "{error}");
    }
}

fn log_key_of(seed: u8) -> VerifierKey {
    let key = ed25519_dalek::SigningKey::from_bytes(&[seed; 32]);
    let signer = grounds::tlog::NoteSigner::new(ORIGIN, key).unwrap();
    signer.verifier().clone()
}

#[test]
fn policy_and_cosigned_head_come_along_and_lines_that_nobody_can_check_do_not() {
    let lab = Lab::argued();
    let dir = lab.beside("mirror");
    let cosigner = |name, seed| {
        let key = ed25519_dalek::SigningKey::from_bytes(&[seed; 32]);
        grounds::tlog::Cosigner::new(name, key).unwrap()
    };
    let (named, stranger) = (cosigner("w.example", 7), cosigner("s.example", 8));
    let plain = std::fs::read(lab.dir().join("checkpoint")).unwrap();
    let body = Checkpoint::open(&plain, &vkey()).unwrap().checkpoint.body();
    let with = |lines: &[String]| [plain.clone(), lines.concat().into_bytes()].concat();
    let good = format!("{}\n", named.cosign(&body, 1_780_000_000));
    let foreign = format!("{}\n", stranger.cosign(&body, 1_780_000_000));
    let policy = format!("log {}\nwitness w {}\nquorum w\n", vkey(), named.verifier());
    let both = with(&[good.clone(), foreign.clone()]);
    put(&lab.dir(), "cosigned/000000000008", &both);
    std::fs::write(lab.dir().join("checkpoint"), &both).unwrap();

    // Without a policy nobody's lines can be checked.
    let done = run(&lab.dir(), &dir).unwrap();
    assert!(!done.has_policy && !done.has_cosigned);
    assert_eq!(std::fs::read(dir.join("checkpoint")).unwrap(), plain);
    // With one, those of its witnesses.
    put(&lab.dir(), "policy", policy.as_bytes());
    let done = run(&lab.dir(), &dir).unwrap();
    assert!(done.has_policy && done.has_cosigned);
    for name in ["checkpoint", "cosigned/000000000008"] {
        assert_eq!(
            std::fs::read(dir.join(name)).unwrap(),
            with(std::slice::from_ref(&good)),
            "{name}"
        );
    }
    let report = examined(&dir, &Standard::default());
    assert_eq!(report.verdict, Verdict::Holds, "{:?}", report.faults);
    // What the copy has of a head is not taken from it again, and a bad line is not taken in.
    let bad = format!("{}\n", named.cosign("another text\n", 1_770_000_000));
    for note in [
        with(std::slice::from_ref(&bad)),
        with(&[foreign]),
        plain.clone(),
        b"junk".to_vec(),
    ] {
        put(&lab.dir(), "cosigned/000000000008", &note);
        assert!(!run(&lab.dir(), &dir).unwrap().has_cosigned);
        assert_eq!(
            std::fs::read(dir.join("cosigned/000000000008")).unwrap(),
            with(std::slice::from_ref(&good))
        );
    }
    // Nor one of another head, or a policy that is none.
    let other = head(&tree_of(&lab.lines()[..5]));
    put(&lab.dir(), "cosigned/000000000008", &other);
    put(&lab.dir(), "policy", b"quorum nobody\n");
    let done = run(&lab.dir(), &lab.beside("second")).unwrap();
    assert!(!done.has_policy && !done.has_cosigned);
    assert!(!lab.beside("second").join("policy").exists());
}

#[test]
fn an_entry_that_the_source_withholds_is_mirrored_as_withheld() {
    let lab = Lab::argued();
    let path = lab.dir().join(EVENTS);
    let text = std::fs::read_to_string(&path).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let leaf = leaf_hash(lines[5].as_bytes());
    lines[5] = format!(r#"{{"leaf":"{leaf}","withheld":"By order of a court."}}"#);
    std::fs::write(&path, lines.join("\n") + "\n").unwrap();
    let bundle = encode_bundle(lines.iter().map(String::as_bytes)).unwrap();
    std::fs::write(lab.dir().join("tile/entries/000.p/8"), bundle).unwrap();
    let dir = lab.beside("mirror");
    let done = run(&lab.dir(), &dir).unwrap();
    assert_eq!(done.withheld, 1);
    copy(&dir, &lab.beside("copy"));
    let report = examined(&lab.beside("copy"), &Standard::default());
    assert_eq!(report.verdict, Verdict::CannotTell, "{:?}", report.faults);
}

/// A server that gives files of a folder and knows nothing else.
#[cfg(feature = "net")]
mod served {
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::net::{TcpListener, TcpStream};
    use std::path::{Path, PathBuf};

    /// Serves a folder until the test ends; gives the address.
    pub(super) fn folder(dir: &Path) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let dir = dir.to_path_buf();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let dir = dir.clone();
                std::thread::spawn(move || answer(stream.unwrap(), &dir));
            }
        });
        address
    }

    /// Answers what is asked on one connection, for as long as it is kept open.
    fn answer(stream: TcpStream, dir: &Path) {
        let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
        let mut stream = stream;
        while let Some(Ok(first)) = lines.next() {
            while lines
                .next()
                .is_some_and(|line| line.is_ok_and(|line| !line.is_empty()))
            {}
            let path = first
                .strip_prefix("GET /")
                .and_then(|rest| rest.split(' ').next());
            let path: PathBuf = path.unwrap_or("..").into();
            let file = std::fs::read(dir.join(&path))
                .ok()
                .filter(|_| !path.starts_with(".."));
            let (status, body) =
                file.map_or(("404 Not Found", Vec::new()), |body| ("200 OK", body));
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n",
                body.len()
            );
            if stream
                .write_all(&[head.as_bytes(), &body].concat())
                .is_err()
            {
                return;
            }
        }
    }
}

#[cfg(feature = "net")]
#[test]
fn a_ledger_folder_that_any_file_server_serves_is_mirrored_and_heals() {
    use grounds::ledger::Repair;
    use grounds::net::UrlSource;

    let folder = tempfile::tempdir().unwrap();
    let (source, dir) = (folder.path().join("source"), folder.path().join("mirror"));
    let lines = synthetic(1_000, "of the log");
    let old = synthetic(1_000, "of the log")[..700].to_vec();
    publish(&source, &old);
    let url = served::folder(&source);
    let fetch = |dir: &Path, vkey: Option<&VerifierKey>| {
        mirrored(&mut UrlSource::new(&url).unwrap(), dir, vkey)
    };
    let trusted = vkey();
    assert_eq!(fetch(&dir, Some(&trusted)).unwrap().fetched, 700);
    publish(&source, &lines);
    assert_eq!(fetch(&dir, None).unwrap().fetched, 300);
    let (ours, theirs) = (shared(&dir), shared(&source));
    for (name, bytes) in &theirs {
        let is_older = name.to_string_lossy().contains(".p/188");
        assert!(
            is_older || ours.get(name) == Some(bytes),
            "{}",
            name.display()
        );
    }
    // A reader may also be lied to on the way.
    std::fs::write(source.join("tile/0/001"), [7; 8192]).unwrap();
    let error = fetch(&folder.path().join("second"), Some(&trusted)).unwrap_err();
    assert!(error.to_string().contains("tile/0/001"), "{error}");
    publish(&source, &lines);
    let text = std::fs::read_to_string(dir.join(EVENTS)).unwrap();
    std::fs::write(
        dir.join(EVENTS),
        text.replace("entry 512 of", "entry 512 or"),
    )
    .unwrap();
    let mut over = UrlSource::new(&url).unwrap();
    let repair = Repair::plan(&mut over, &dir, None, &|_| None, &mut |_, _| {}).unwrap();
    assert_eq!(repair.entries, [512]);
    repair.carry_out(&dir).unwrap();
    assert_eq!(std::fs::read_to_string(dir.join(EVENTS)).unwrap(), text);
}

#[cfg(all(feature = "net", feature = "cli"))]
#[test]
fn a_person_mirrors_from_an_address_and_heals_from_it() {
    let lab = Lab::argued();
    let folder = lab.dir().parent().unwrap().to_path_buf();
    let url = served::folder(&folder);
    let says = |code: i32, words: &[&str], part: &str| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_grounds"))
            .args(words)
            .current_dir(&folder)
            .env("GROUNDS_CONFIG", folder.join("config"))
            .env("GROUNDS_CACHE", folder.join("cache"))
            .env_remove("GROUNDS_LEDGER")
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8(said).unwrap();
        assert_eq!(output.status.code(), Some(code), "{words:?}\n{said}");
        assert!(
            said.contains(part),
            "{words:?}: expected {part:?} in\n{said}"
        );
    };
    let (key, at) = (vkey().to_string(), format!("{url}/ledger/"));
    says(0, &["mirror", &at, "copy", "--vkey", &key], "8 entries");
    says(
        0,
        &["verify", "--ledger", "copy", "--vkey", &key],
        "everything holds",
    );
    says(2, &["mirror", "file:///etc", "copy"], "http://");
    says(
        6,
        &["mirror", &format!("{url}/nothing"), "copy"],
        "no checkpoint",
    );
    let from = ["repair", "--from", &at, "--ledger", "copy"];
    says(0, &from, "nothing is to be healed");
    let path = folder.join("copy").join(EVENTS);
    let whole = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, whole.replacen("It is so: y", "It is no: y", 1)).unwrap();
    std::fs::remove_file(folder.join("copy/checkpoint")).unwrap();
    says(3, &["verify", "--ledger", "copy"], "damaged");
    says(
        0,
        &[&from[..], &["--dry-run"]].concat(),
        "entry @3: would be taken from the copy",
    );
    says(3, &["verify", "--ledger", "copy"], "damaged");
    says(
        0,
        &[&from[..], &["--dry-run", "--json"]].concat(),
        r#""schema": "grounds.repair/1""#,
    );
    says(0, &from, "is kept in torn/healed-0001");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), whole);
    says(
        0,
        &["verify", "--ledger", "copy", "--vkey", &key],
        "everything holds",
    );
    // What the copy does not have is left, and said.
    std::fs::write(lab.dir().join("checkpoint"), b"nothing signed\n").unwrap();
    std::fs::remove_file(folder.join("copy/checkpoint")).unwrap();
    says(1, &from, "checkpoint");
}

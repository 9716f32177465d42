//! Every bit: each flip of a ledger's bytes goes through what the audit itself calls for one entry,
//! one tile file or one head, and is found and named; no reader is given a byte of it.
//!
//! Of the lines a window of two is judged at a time, by the reader of segments and the arrangement
//! under their leaves: a flip reaches its own line and, where it takes the newline, the next. The
//! root that the audit compares first is another whenever a leaf is (RFC 6962), so it is left out
//! here. Some flips go through the whole audit, and `tests/it/bits.rs` sends some through the
//! program; all are held to the same expectation, which is read off the bytes alone.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::*;
use crate::claim::{
    Act, AgentKind, ClaimAsserted, Founder, KeyClaim, LedgerCreated, LogKey, NoteAdded, Policy,
    Role,
};
use crate::envelope::{PrivateKey, Signed, possession_message};
use crate::form::{AnySet, Form as _, List};
use crate::json::Json;
use crate::ledger::arrange::arrange_by;
use crate::ledger::cosigned::HeadNote;
use crate::ledger::{Appender, Clock, HeadSigner, Ledger, genesis, prepare};
#[cfg(feature = "zstd")]
use crate::store::segment::seal;
use crate::store::segment::{Files, Kind, LockError, Mode, OpenFile};
use crate::tlog::{Cosigner, Note};
use crate::value::Time;

const ORIGIN: &str = "bits.example/log";
const START: &str = "2026-03-02T09:00:00Z";
const EVENTS: &str = "events/000000000000.jsonl";
#[cfg(feature = "zstd")]
const SEALED: &str = "events/000000000000.jsonl.zst";

/// Of how many bits one is flipped; with `GROUNDS_EVERY_BIT` every one, as the step `bits` of the full
/// run asks an optimised build.
fn one_in(many: usize) -> usize {
    match std::env::var_os("GROUNDS_EVERY_BIT") {
        Some(_) => 1,
        None => many,
    }
}

/// Every n-th bit of so many bytes.
fn bits(bytes: usize, one_in: usize) -> impl Iterator<Item = Bit> {
    let places = (one_in / 2..bytes * 8).step_by(one_in);
    places.map(|bit| Bit {
        byte: bit / 8,
        mask: 1 << (bit % 8),
    })
}

#[derive(Clone, Copy)]
struct Bit {
    byte: usize,
    mask: u8,
}

// --- a ledger of more than a mebibyte ------------------------------------------------------------

struct Fixed;

impl Clock for Fixed {
    fn wall(&self) -> Time {
        Time::parse_seconds(START).unwrap()
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

/// A ledger of notes, its newest head and one before it cosigned by two witnesses.
struct Made {
    folder: tempfile::TempDir,
    vkey: VerifierKey,
}

fn key(name: &str) -> PrivateKey {
    PrivateKey::from_seed(Hash::of(name.as_bytes()).as_bytes())
}

fn witness(name: &str) -> Cosigner {
    let seed = Hash::of(name.as_bytes());
    let key = ed25519_dalek::SigningKey::from_bytes(seed.as_bytes());
    Cosigner::new(&format!("{name}.example"), key).unwrap()
}

fn witnesses() -> TlogPolicy {
    let lines: String = ["w1", "w2"]
        .map(|name| format!("witness {name} {}\n", witness(name).verifier()))
        .concat();
    TlogPolicy::parse(format!("{lines}group all 2 w1 w2\nquorum all\n").as_bytes()).unwrap()
}

fn founding(log: &HeadSigner) -> Vec<u8> {
    let origin: Origin = ORIGIN.parse().unwrap();
    let slug: Slug = "ada".parse().unwrap();
    let own = key("ada");
    let proof = own.sign(&possession_message(&origin, &slug, &own.public()));
    let ada = Founder {
        slug: slug.clone(),
        name: crate::value::Line::parse("Ada").unwrap(),
        kind: AgentKind::Human,
        roles: AnySet(vec![Role::Contributor, Role::Curator, Role::Steward]),
        community: None,
        reliability: None,
        next: None,
        keys: List(vec![KeyClaim {
            key: own.public(),
            proof,
        }]),
    };
    let created = LedgerCreated {
        origin,
        title: crate::value::Line::parse("A ledger to flip bits in").unwrap(),
        description: None,
        log_key: LogKey(log.verifier().clone()),
        agents: List(vec![ada]),
        policy: Policy::solo(),
        predecessor: None,
    };
    let commit = genesis(created, &slug, Time::parse_seconds(START).unwrap()).unwrap();
    Signed::seal(commit, &own).to_bytes()
}

impl Made {
    /// With so many entries of about a kibibyte.
    fn of(entries: usize) -> Made {
        let folder = tempfile::tempdir().unwrap();
        let origin: Origin = ORIGIN.parse().unwrap();
        let signer = HeadSigner::open(&origin, key("log"), &folder.path().join("state")).unwrap();
        let vkey = signer.verifier().clone();
        let dir = folder.path().join("ledger");
        let (mut log, _) =
            Appender::create(&dir, &founding(&signer), signer, Box::new(Fixed)).unwrap();
        let text = r#"{"domains":[{"name":"Storage","weight":"1"}],"falsifiability":"falsifiable","nature":"empirical","origin":"authored","polarity":"positive","statement":"Disks forget","summary":"A bit at a time."}"#;
        let claim = ClaimAsserted::read(&Json::parse(text.as_bytes()).unwrap()).unwrap();
        record(&mut log, Data::ClaimAsserted(Box::new(claim)));
        for number in 2..entries {
            record(&mut log, Data::NoteAdded(Box::new(note(number))));
            // Here and there the batch ends, and one head is cosigned.
            if number % 100 == 0 {
                log.flush().unwrap();
            }
            if number == 300 {
                cosign(&mut log);
            }
        }
        log.flush().unwrap();
        std::fs::write(dir.join("policy"), policy_text()).unwrap();
        cosign(&mut log);
        log.publish().unwrap();
        log.close().unwrap();
        Made { folder, vkey }
    }

    fn dir(&self) -> PathBuf {
        self.folder.path().join("ledger")
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.dir().join(name)).unwrap()
    }

    /// An auditor that has read every entry, and the size of the head.
    fn audited(&self) -> (Auditor<Disk>, u64) {
        let mut auditor = self.auditor();
        let note = self.read("checkpoint");
        auditor.open_the_head(Ok(&Some(note)), &self.standard());
        let size = auditor.signed.as_ref().unwrap().checkpoint.size;
        auditor.read_entries(size, &mut |_, _| {}).unwrap();
        auditor.hold_against_head();
        assert_eq!(auditor.fault_count, 0, "{:?}", auditor.faults);
        (auditor, size)
    }

    fn auditor(&self) -> Auditor<Disk> {
        let reader = open_reader_on(Disk, &self.dir()).unwrap();
        Auditor::new(&self.dir(), reader, None)
    }

    fn standard(&self) -> Standard<'_> {
        Standard {
            vkey: Some(&self.vkey),
            ..Standard::default()
        }
    }
}

fn policy_text() -> String {
    let lines = ["w1", "w2"].map(|name| format!("witness {name} {}\n", witness(name).verifier()));
    lines.concat()
}

fn record(log: &mut Appender, data: Data) {
    let at = Time::parse_seconds(START).unwrap();
    let act = Act::new("claim/disks-forget".parse().unwrap(), data);
    let (origin, ada) = (ORIGIN.parse().unwrap(), "ada".parse().unwrap());
    let commit = prepare(log.state(), &origin, log.anchor(), &ada, at, &[act]).unwrap();
    log.stage(&Signed::seal(commit, &key("ada")).to_bytes())
        .unwrap();
}

/// Words that do not repeat: digests, so that no line is like another.
fn note(number: usize) -> NoteAdded {
    let words = (0..5).map(|part| Hash::of(format!("{number}.{part}").as_bytes()).to_string());
    let text = words.collect::<Vec<String>>().join(" ");
    let json = format!(r#"{{"text":"{text}"}}"#);
    NoteAdded::read(&Json::parse(json.as_bytes()).unwrap()).unwrap()
}

fn cosign(log: &mut Appender) {
    let text = Note::parse(log.checkpoint()).unwrap().text().to_owned();
    let lines = ["w1", "w2"].map(|name| witness(name).cosign(&text, 1_772_442_000));
    let added = log.add_cosignatures(&witnesses(), lines.to_vec()).unwrap();
    assert_eq!(added.refused, []);
}

// --- a few files in memory, one of which has a flipped bit ---------------------------------------

/// Folders that hold what is below `events/` and nothing else.
#[derive(Clone)]
struct Window(Arc<Vec<(String, Mutex<Vec<u8>>)>>);

struct OpenWindow(Window, usize);

impl Window {
    fn of(files: &[(&str, &[u8])]) -> Window {
        let own = |(name, bytes): &(&str, &[u8])| ((*name).to_owned(), Mutex::new(bytes.to_vec()));
        Window(Arc::new(files.iter().map(own).collect()))
    }

    fn reader(&self) -> SegmentReader<Window> {
        SegmentReader::open_on(self.clone(), Path::new("")).unwrap()
    }

    /// Flips a bit of the first file; again, and it is as it was.
    fn flip(&self, bit: Bit) {
        self.file(0)[bit.byte] ^= bit.mask;
    }

    fn file(&self, number: usize) -> std::sync::MutexGuard<'_, Vec<u8>> {
        self.0[number]
            .1
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn not_here<T>() -> io::Result<T> {
    Err(io::ErrorKind::PermissionDenied.into())
}

impl Files for Window {
    type File = OpenWindow;
    type Lock = ();

    fn open(&self, path: &Path, _: Mode) -> io::Result<OpenWindow> {
        let place = self.0.iter().position(|(name, _)| Path::new(name) == path);
        let place = place.ok_or(io::ErrorKind::NotFound)?;
        Ok(OpenWindow(self.clone(), place))
    }

    fn names(&self, _: &Path) -> io::Result<Vec<String>> {
        let names = self.0.iter().map(|(name, _)| name.replace("events/", ""));
        Ok(names.collect())
    }

    fn kind(&self, _: &Path) -> io::Result<Option<Kind>> {
        Ok(Some(Kind::Folder))
    }

    fn make_folder(&self, _: &Path) -> io::Result<()> {
        not_here()
    }

    fn rename(&self, _: &Path, _: &Path) -> io::Result<()> {
        not_here()
    }

    fn remove(&self, _: &Path) -> io::Result<()> {
        not_here()
    }

    fn sync_folder(&self, _: &Path) -> io::Result<()> {
        not_here()
    }

    fn lock(&self, _: &Path) -> Result<(), LockError> {
        not_here().map_err(LockError::Io)
    }
}

impl OpenFile for OpenWindow {
    fn length(&self) -> io::Result<u64> {
        Ok(self.0.file(self.1).len() as u64)
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        let bytes = self.0.file(self.1);
        let from = usize::try_from(offset)
            .unwrap_or(usize::MAX)
            .min(bytes.len());
        let count = into.len().min(bytes.len() - from);
        into[..count].copy_from_slice(&bytes[from..from + count]);
        Ok(count)
    }

    fn write_at(&self, _: &[u8], _: u64) -> io::Result<usize> {
        not_here()
    }

    fn truncate(&self, _: u64) -> io::Result<()> {
        not_here()
    }

    fn sync(&self) -> io::Result<()> {
        not_here()
    }
}

// --- the flips -----------------------------------------------------------------------------------

/// How many bits were flipped, in how much of what, and how long that took.
struct Tally {
    begun: Instant,
    flips: AtomicU64,
}

impl Tally {
    fn begin() -> Tally {
        Tally {
            begun: Instant::now(),
            flips: AtomicU64::new(0),
        }
    }

    fn count(&self) {
        self.flips.fetch_add(1, Ordering::Relaxed);
    }

    /// Shown with `--nocapture`.
    #[allow(clippy::print_stdout)]
    fn say(&self, what: &str, bytes: usize) {
        println!(
            "every bit: {what}: {} of {} bits flipped, every one found, {:.1} s",
            self.flips.load(Ordering::Relaxed),
            bytes * 8,
            self.begun.elapsed().as_secs_f64()
        );
    }
}

/// The lines of a text, each with its newline.
fn lines_of(text: &[u8]) -> Vec<&[u8]> {
    text.split_inclusive(|byte| *byte == b'\n').collect()
}

fn leaves_of(lines: &[&[u8]]) -> Vec<Hash> {
    let bare = lines.iter().map(|line| &line[..line.len() - 1]);
    bare.map(leaf_hash).collect()
}

/// Flips bits of one line, with the next behind it; each time exactly this entry is named, or with
/// its newline gone both, and neither is given out.
fn flip_line(lines: &[&[u8]], index: usize, step: usize, tally: &Tally) {
    let around = &lines[index..lines.len().min(index + 2)];
    let window = Window::of(&[(EVENTS, &around.concat())]);
    let reader = window.reader();
    let leaves = leaves_of(around);
    let newline = around[0].len() - 1;
    // A newline is one byte of a thousand: of each at least one bit.
    let of_newline = (step > 1).then_some(Bit {
        byte: newline,
        mask: 1 << (index % 8),
    });
    for bit in bits(around[0].len(), step).chain(of_newline) {
        window.flip(bit);
        let found = arrange_by(&reader, leaves.clone()).unwrap();
        let is_joined = bit.byte == newline;
        let at = || format!("entry {index} byte {} mask {:#04x}", bit.byte, bit.mask);
        let named: Vec<u64> = found.damages.iter().map(|damage| damage.index).collect();
        let expected: &[u64] = match is_joined && around.len() == 2 {
            true => &[0, 1],
            false => &[0],
        };
        // A byte that became a newline leaves half a line over, between this entry and the next.
        let rest = named.get(expected.len()..).unwrap_or_default();
        assert!(named.starts_with(expected), "{}: {named:?}", at());
        assert!(
            rest.len() <= 1 && rest.iter().all(|over| *over <= 1),
            "{}: {named:?}",
            at()
        );
        assert_eq!(
            (&*found.damages[0].file, found.damages[0].line),
            (EVENTS, 1),
            "{}",
            at()
        );
        assert_eq!(found.line_of(0), None, "{}", at());
        assert_eq!(
            found.line_of(1).is_some(),
            !is_joined && around.len() == 2,
            "{}",
            at()
        );
        window.flip(bit);
        tally.count();
    }
}

#[test]
fn every_bit_of_a_ledger_is_found_and_named_and_none_of_it_is_given_out() {
    let made = Made::of(1200);
    let text = made.read(EVENTS);
    assert!(text.len() >= 1 << 20, "{} bytes", text.len());
    let lines = lines_of(&text);
    let tally = Tally::begin();
    let step = one_in(1997);
    in_parallel(lines.len(), |index| flip_line(&lines, index, step, &tally));
    tally.say("events/", text.len());
    flip_files(&made);
    flip_heads(&made);
    flip_through_all(&made, &lines);
}

/// Files below `tile/`: each has one content, by the tree and the lines.
fn flip_files(made: &Made) {
    let (auditor, size) = made.audited();
    let mut names = Vec::new();
    walk(&Disk, &made.dir().join("tile"), "tile", &mut names);
    let (tally, mut all) = (Tally::begin(), 0);
    let files: Vec<(String, Vec<u8>)> = names
        .into_iter()
        .map(|name| (name.clone(), made.read(&name)))
        .collect();
    let levels = |level: &str| {
        files
            .iter()
            .filter(|(name, _)| name.starts_with(level))
            .count()
    };
    // Full and partial tiles of two levels, full and partial bundles.
    assert!(levels("tile/0/") >= 5 && levels("tile/1/") >= 1 && levels("tile/entries/") >= 5);
    for (name, bytes) in &files {
        all += bytes.len();
        let expected = auditor.expected_tile(name, size, bytes).unwrap();
        assert!(expected.is(bytes), "{name}");
        let step = one_in(if name.starts_with("tile/entries") {
            1999
        } else {
            13
        });
        let pieces = bytes.len().div_ceil(4096);
        in_parallel(pieces, |piece| {
            let mut flipped = bytes.clone();
            let from = piece * 4096;
            for bit in bits(4096.min(bytes.len() - from), step) {
                flipped[from + bit.byte] ^= bit.mask;
                assert!(!expected.is(&flipped), "{name} byte {}", from + bit.byte);
                flipped[from + bit.byte] ^= bit.mask;
                tally.count();
            }
        });
    }
    tally.say("tile/", all);
}

/// The newest head with its cosignatures, and the cosigned one that is kept.
fn flip_heads(made: &Made) {
    let (auditor, _) = made.audited();
    let tally = Tally::begin();
    let standard = made.standard();
    let keys = witnesses().witness_keys();
    let note = made.read("checkpoint");
    let whole = HeadNote::read(&note, &made.vkey, &keys).unwrap();
    assert_eq!(whole.good().len(), 2);
    for bit in bits(note.len(), one_in(23)) {
        let mut flipped = note.clone();
        flipped[bit.byte] ^= bit.mask;
        let mut fresh = made.auditor();
        fresh.open_the_head(Ok(&Some(flipped.clone())), &standard);
        fresh.look_at_witnesses(Some(&flipped), &[], &standard);
        let names = |fault: &Fault| fault.file.as_deref() == Some("checkpoint");
        assert!(
            fresh.faults.iter().any(names),
            "checkpoint byte {}",
            bit.byte
        );
        // A reader that opens it all the same has the head that was signed, and no line but those.
        if let Ok(read) = HeadNote::read(&flipped, &made.vkey, &keys) {
            assert_eq!(
                read.checkpoint, whole.checkpoint,
                "checkpoint byte {}",
                bit.byte
            );
            let own = whole.good();
            assert!(
                read.good().iter().all(|good| own.contains(good)),
                "byte {}",
                bit.byte
            );
        }
        tally.count();
    }
    let mut all = note.len();
    let mut names = Vec::new();
    walk(&Disk, &made.dir().join("cosigned"), "cosigned", &mut names);
    assert_eq!(names.len(), 2);
    for name in names {
        let whole = made.read(&name);
        assert!(auditor.look_at(&name, &made.vkey, &keys).1.is_empty());
        all += whole.len();
        for bit in bits(whole.len(), one_in(23)) {
            let mut flipped = whole.clone();
            flipped[bit.byte] ^= bit.mask;
            std::fs::write(made.dir().join(&name), &flipped).unwrap();
            let wrong = auditor.look_at(&name, &made.vkey, &keys).1;
            assert!(
                wrong.iter().any(|wrong| wrong.file == name),
                "{name} byte {}",
                bit.byte
            );
            tally.count();
        }
        std::fs::write(made.dir().join(&name), &whole).unwrap();
    }
    tally.say("checkpoint and cosigned/", all);
}

/// A few flips through the whole audit, and through whoever opens the folder for reading.
fn flip_through_all(made: &Made, lines: &[&[u8]]) {
    let tally = Tally::begin();
    let place = |index: usize, byte: usize| lines[..index].concat().len() + byte;
    let newline = |index: usize| place(index, lines[index].len() - 1);
    let full = "tile/entries/002";
    let flips: [(&str, usize, u8, Option<u64>); 9] = [
        // Of the genesis a letter of the title, and a digit of the log's key.
        (EVENTS, find(lines[0], b"flip"), 0x02, Some(0)),
        (EVENTS, find(lines[0], ORIGIN.as_bytes()), 0x01, Some(0)),
        (EVENTS, place(255, 300), 0x10, Some(255)),
        (EVENTS, newline(256), 0x01, Some(256)),
        (EVENTS, newline(1199), 0x80, Some(1199)),
        ("checkpoint", 30, 0x04, None),
        ("tile/0/001", 4000, 0x40, None),
        ("tile/1/000.p/4", 100, 0x01, None),
        (full, 77_777, 0x08, None),
    ];
    for (name, byte, mask, index) in flips {
        let whole = made.read(name);
        let mut flipped = whole.clone();
        flipped[byte] ^= mask;
        std::fs::write(made.dir().join(name), &flipped).unwrap();
        let report = audit(&made.dir(), &made.standard(), &mut |_, _| {}).unwrap();
        assert_eq!(report.verdict, Verdict::Damaged, "{name} byte {byte}");
        let first = report.faults.iter().filter_map(|fault| fault.index).min();
        assert_eq!(first, index, "{name} byte {byte}: {:?}", report.faults);
        let names = |fault: &Fault| {
            fault
                .file
                .as_deref()
                .is_some_and(|file| file.starts_with(name))
        };
        assert!(
            report.faults.iter().any(names),
            "{name}: {:?}",
            report.faults
        );
        if let Ok(ledger) = Ledger::open(&made.dir(), Some(&made.vkey)) {
            only_what_was_recorded(&ledger, lines, index);
        } else {
            assert_eq!(name, "checkpoint");
        }
        std::fs::write(made.dir().join(name), &whole).unwrap();
        tally.count();
    }
    tally.say("through the whole audit", made.read(EVENTS).len());
}

fn find(text: &[u8], word: &[u8]) -> usize {
    text.windows(word.len())
        .position(|window| window == word)
        .unwrap()
}

/// What is given out as an entry is that entry, and nothing but the damaged one is withheld.
fn only_what_was_recorded(ledger: &Ledger, lines: &[&[u8]], damaged: Option<u64>) {
    for (index, line) in (0..).zip(lines) {
        match ledger.line(index) {
            Ok(given) => assert_eq!(given, line[..line.len() - 1], "entry {index}"),
            Err(_) => assert!(
                damaged.is_some_and(|damaged| (damaged..=damaged + 1).contains(&index)),
                "entry {index} is not given"
            ),
        }
    }
    if let Some(damaged) = damaged {
        assert!(ledger.line(damaged).is_err(), "entry {damaged} is given");
        assert!(!ledger.custody().damages.is_empty());
    }
}

/// Compressed bytes have spare bits: where the text is the same, nothing is damaged.
#[cfg(feature = "zstd")]
#[test]
fn every_bit_of_a_sealed_segment_gives_the_entries_or_says_which_are_lost() {
    let made = Made::of(26);
    let text = made.read(EVENTS);
    let lines = lines_of(&text);
    let next = "events/000000000025.jsonl";
    let (first, last) = text.split_at(lines[..25].concat().len());
    std::fs::write(made.dir().join(EVENTS), first).unwrap();
    std::fs::write(made.dir().join(next), last).unwrap();
    seal(&made.dir(), 0).unwrap();
    let sealed = made.read(SEALED);
    let leaves = leaves_of(&lines);
    let (tally, same) = (Tally::begin(), AtomicU64::new(0));
    let step = one_in(211);
    let pieces = sealed.len().div_ceil(64);
    in_parallel(pieces, |piece| {
        let window = Window::of(&[(SEALED, &sealed), (next, last)]);
        let from = piece * 64;
        for bit in bits(
            64.min(sealed.len() - from),
            if from == 0 { 1 } else { step },
        ) {
            let bit = Bit {
                byte: from + bit.byte,
                ..bit
            };
            window.flip(bit);
            let reader = window.reader();
            let found = arrange_by(&reader, leaves.clone()).unwrap();
            let given = found.lines(&reader, 0, 26).unwrap();
            for (index, line) in given.iter().enumerate() {
                let is_named = found
                    .damages
                    .iter()
                    .any(|damage| damage.index == index as u64);
                match line {
                    Ok(line) => assert_eq!(line, &lines[index][..lines[index].len() - 1]),
                    Err(_) => assert!(is_named, "byte {}: entry {index} is lost", bit.byte),
                }
            }
            if found.damages.is_empty() {
                assert!(given.iter().all(Result::is_ok), "byte {}", bit.byte);
                same.fetch_add(1, Ordering::Relaxed);
            }
            window.flip(bit);
            tally.count();
        }
    });
    let same = same.into_inner();
    assert!(same * 100 < sealed.len() as u64 * 8, "{same} spare bits");
    tally.say(&format!("sealed segment ({same} spare bits)"), sealed.len());
}

//! A ledger on a recording file system, what is done to it, and what it says.

use std::path::Path;
use std::time::Duration;

use ed25519_dalek::SigningKey;

use crate::claim::{Act, Data, KeyClaim, LedgerCreated, LogKey, Policy};
use crate::envelope::{Anchor, PrivateKey, Signed, possession_message};
use crate::form::Form as _;
use crate::hash::Hash;
use crate::json::Json;
use crate::store::fault::{Dice, Fault, Sim, Trouble};
use crate::store::segment::{Files as _, Mode, OpenFile as _, Options, SegmentReader, seal_on};
use crate::tlog::{Checkpoint, Cosigner, Head, Note, TlogPolicy, VerifierKey, leaf_hash};
use crate::value::{Origin, Slug, Time};

use crate::ledger::append::{Appender, Opened, Staged};
use crate::ledger::clock::Clock;
use crate::ledger::cosigned::note_name;
use crate::ledger::prepare::{genesis, prepare};
use crate::ledger::read::Ledger;
use crate::ledger::receipt::Receipt;
use crate::ledger::refusal::LedgerError;
use crate::ledger::signer::HeadSigner;

/// A few lines fill a segment.
pub(super) const SMALL: Options = Options {
    segment_bytes: 3_000,
    reserve_bytes: 1_000,
};

pub(super) fn dir() -> &'static Path {
    Path::new("/ledger")
}

fn state() -> &'static Path {
    Path::new("/keys/log.state")
}

pub(super) fn origin() -> Origin {
    "claims.example/lab".parse().unwrap()
}

fn ada() -> Slug {
    "ada".parse().unwrap()
}

fn key() -> PrivateKey {
    PrivateKey::from_seed(&[1; 32])
}

fn log_key() -> PrivateKey {
    PrivateKey::from_seed(&[2; 32])
}

fn now() -> Time {
    Time::parse_seconds("2026-03-01T00:00:00Z").unwrap()
}

fn witness() -> Cosigner {
    Cosigner::new("w.example", SigningKey::from_bytes(&[3; 32])).unwrap()
}

fn policy() -> Vec<u8> {
    format!("witness w {}\nquorum w\n", witness().verifier()).into_bytes()
}

/// It stands still: what is recorded then rises by microseconds, the same in every run.
struct Still;

impl Clock for Still {
    fn wall(&self) -> Time {
        now()
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

pub(super) fn signer(sim: &Sim) -> Result<HeadSigner<Sim>, LedgerError> {
    Ok(HeadSigner::open_on(
        sim.clone(),
        &origin(),
        log_key(),
        state(),
    )?)
}

pub(super) fn vkey() -> VerifierKey {
    let folder = Sim::default();
    signer(&folder).unwrap().verifier().clone()
}

/// The ledger's first commit.
pub(super) fn founding() -> Vec<u8> {
    let claim = KeyClaim {
        key: key().public(),
        proof: key().sign(&possession_message(&origin(), &ada(), &key().public())),
    };
    let roles = ["contributor", "curator", "steward"].map(Json::string);
    let agent = Json::object([
        ("keys", Json::Arr(vec![claim.write()])),
        ("kind", Json::string("human")),
        ("name", Json::string("Ada")),
        ("roles", Json::Arr(roles.to_vec())),
        ("slug", Json::string("ada")),
    ]);
    let json = Json::object([
        ("agents", Json::Arr(vec![agent])),
        ("log_key", LogKey(vkey()).write().into_owned()),
        ("origin", Json::string("claims.example/lab")),
        ("policy", Policy::solo().write().into_owned()),
        ("title", Json::string("Lab")),
    ]);
    let created = LedgerCreated::read(&json).unwrap();
    Signed::seal(genesis(created, &ada(), now()).unwrap(), &key()).to_bytes()
}

pub(super) fn create(sim: &Sim) -> Result<(Appender<Sim>, Receipt), LedgerError> {
    let signer = signer(sim)?;
    Appender::create_on(
        sim.clone(),
        dir(),
        SMALL,
        &founding(),
        signer,
        Box::new(Still),
    )
}

pub(super) fn open(sim: &Sim) -> Result<(Appender<Sim>, Opened), LedgerError> {
    let signer = signer(sim)?;
    Appender::open_on(sim.clone(), dir(), SMALL, signer, Box::new(Still), false)
}

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    /// So many commits, staged and flushed together.
    Batch(u64),
    Publish,
    Sync,
    /// The oldest plain segment, where it is not the newest.
    Seal,
    Map,
    /// The newest head by a witness.
    Cosign,
    /// Closed and opened again.
    Reopen,
    /// The process ends as it is, and another opens.
    Kill,
    /// Two commits, and the process ends before that many calls were made; another opens and gets
    /// them again.
    Die(u64),
}

/// What each kind of deed is done for, once at least.
pub(super) const ALL: [Deed; 17] = [
    Deed::Batch(2),
    Deed::Batch(1),
    Deed::Sync,
    Deed::Batch(2),
    Deed::Publish,
    Deed::Batch(1),
    Deed::Seal,
    Deed::Kill,
    Deed::Batch(1),
    Deed::Cosign,
    Deed::Map,
    Deed::Batch(1),
    Deed::Reopen,
    Deed::Die(3),
    Deed::Batch(2),
    Deed::Seal,
    Deed::Batch(1),
];

/// So many deeds as the dice fall.
pub(super) fn deeds(count: u64, dice: &mut Dice) -> Vec<Deed> {
    let deed = |dice: &mut Dice| match dice.roll(18) {
        0..8 => Deed::Batch(1 + dice.roll(2)),
        8 => Deed::Publish,
        9 | 10 => Deed::Sync,
        11 => Deed::Seal,
        12 => Deed::Map,
        13 => Deed::Cosign,
        14 => Deed::Reopen,
        15 | 16 => Deed::Die(dice.roll(16)),
        _ => Deed::Kill,
    };
    (0..count).map(|_| deed(dice)).collect()
}

/// What somebody was told, all at once.
#[derive(Debug, Clone, Default)]
pub(super) struct Said {
    pub(super) head: Option<Head>,
    /// Index and leaf of each entry that there is a receipt of.
    pub(super) receipts: Vec<(u64, Hash)>,
    /// The size of a head whose cosignatures are kept.
    pub(super) cosigned: Option<u64>,
    /// How many batches are acknowledged with this.
    pub(super) batches: usize,
}

/// A ledger and all that was done to it and said by it.
pub(super) struct Run {
    pub(super) sim: Sim,
    pub(super) said: Vec<Said>,
    /// The commits of each batch; the last is prepared and not submitted.
    pub(super) batches: Vec<Vec<Vec<u8>>>,
    dice: Dice,
    /// How many of the batches were begun.
    begun: usize,
    /// How many of them are acknowledged.
    acknowledged: usize,
    anchor: Option<Anchor>,
    doing: Option<Deed>,
    appender: Option<Appender<Sim>>,
}

impl Run {
    /// A folder with a policy that names a witness, and nothing else yet. `batches` are known from a run of the same deeds, if there was one.
    pub(super) fn new(seed: u64, batches: Vec<Vec<Vec<u8>>>) -> Run {
        let sim = Sim::default();
        sim.make_folder(Path::new("/keys")).unwrap();
        sim.make_folder(dir()).unwrap();
        let file = sim.open(&dir().join("policy"), Mode::Create).unwrap();
        file.write_all_at(&policy(), 0).unwrap();
        Run {
            sim: Sim::over(sim.image()),
            said: Vec::new(),
            batches,
            dice: Dice(seed),
            begun: 0,
            acknowledged: 0,
            anchor: None,
            doing: None,
            appender: None,
        }
    }

    /// Does all of it, and prepares one batch more.
    pub(super) fn done(seed: u64, deeds: &[Deed]) -> Run {
        let mut run = Run::new(seed, Vec::new());
        run.go(deeds).expect("nothing fails");
        run.batch(2);
        run
    }

    /// Makes the ledger and does so to it, until something fails.
    pub(super) fn go(&mut self, deeds: &[Deed]) -> Result<(), LedgerError> {
        let (appender, receipt) = create(&self.sim)?;
        self.anchor = appender.anchor();
        self.appender = Some(appender);
        self.say(&[receipt]);
        deeds.iter().try_for_each(|deed| self.act(*deed))
    }

    pub(super) fn appender(&mut self) -> &mut Appender<Sim> {
        self.appender.as_mut().expect("the ledger is open")
    }

    /// The appender that was at work last; a segment is sealed beside it.
    pub(super) fn at_work(&mut self) -> Option<&mut Appender<Sim>> {
        self.appender
            .as_mut()
            .filter(|_| self.doing != Some(Deed::Seal))
    }

    pub(super) fn close(&mut self) -> Result<(), LedgerError> {
        self.appender.take().expect("the ledger is open").close()
    }

    /// The process ends.
    pub(super) fn kill(&mut self) {
        self.appender = None;
    }

    /// The batch that was begun and is not acknowledged.
    pub(super) fn in_flight(&self) -> Option<&[Vec<u8>]> {
        let batch = self.acknowledged..self.begun;
        Some(self.batches.get(batch)?.first()?)
    }

    pub(super) fn act(&mut self, deed: Deed) -> Result<(), LedgerError> {
        self.doing = Some(deed);
        match deed {
            Deed::Batch(count) => self.record(count)?,
            Deed::Publish => self.appender().publish()?,
            Deed::Sync => self.appender().sync_named()?,
            Deed::Seal => self.seal()?,
            Deed::Map => {
                let receipt = self.appender().record_map()?;
                self.say(&[receipt]);
            }
            Deed::Cosign => self.cosign()?,
            Deed::Reopen => {
                self.close()?;
                self.open()?;
            }
            Deed::Kill => {
                self.kill();
                self.open()?;
            }
            Deed::Die(calls) => self.die_after(calls)?,
        }
        Ok(())
    }

    fn die_after(&mut self, calls: u64) -> Result<(), LedgerError> {
        self.sim.trouble(Some(Fault {
            at: self.sim.calls() + usize::try_from(calls).unwrap(),
            trouble: Trouble::Killed,
            for_ever: true,
        }));
        let done = self.record(2);
        self.sim.trouble(None);
        if done.is_err() {
            self.kill();
            self.open()?;
            self.submit_again()?;
        }
        Ok(())
    }

    /// Submits what was under way: of each commit there is a receipt then.
    fn submit_again(&mut self) -> Result<(), LedgerError> {
        let batch = self.in_flight().expect("it was begun").to_vec();
        let mut known = Vec::new();
        for commit in &batch {
            if let Staged::Known(index) = self.appender().stage(commit)? {
                known.push(index);
            }
        }
        let mut receipts = self.appender().flush()?;
        for index in known {
            receipts.push(self.appender().receipt_of(index)?);
        }
        assert_eq!(receipts.len(), batch.len());
        self.acknowledged += 1;
        self.say(&receipts);
        Ok(())
    }

    pub(super) fn open(&mut self) -> Result<Opened, LedgerError> {
        let (appender, opened) = open(&self.sim)?;
        self.appender = Some(appender);
        self.say(&[]);
        Ok(opened)
    }

    fn record(&mut self, count: u64) -> Result<(), LedgerError> {
        let batch = self.batch(count);
        self.begun += 1;
        for commit in &batch {
            let staged = self.appender().stage(commit)?;
            assert!(matches!(staged, Staged::New(_)), "{staged:?}");
        }
        let receipts = self.appender().flush()?;
        assert_eq!(receipts.len(), batch.len());
        self.acknowledged += 1;
        self.say(&receipts);
        Ok(())
    }

    /// The next batch: as it is known, or made in this state.
    fn batch(&mut self, count: u64) -> Vec<Vec<u8>> {
        if let Some(batch) = self.batches.get(self.begun) {
            return batch.clone();
        }
        let mut state = self.appender().state().clone();
        let mut batch = Vec::new();
        for number in 0..count {
            let length = usize::try_from(self.dice.roll(400)).unwrap();
            let text = format!("{}.{number} {}", self.begun, "x".repeat(length));
            let act = match (self.begun, number) {
                (0, 0) => act("claim/x", "claim.asserted", &asserted()),
                _ => act("claim/x", "note.added", &noted(&text)),
            };
            let commit = prepare(
                &state,
                &origin(),
                self.anchor.clone(),
                &ada(),
                now(),
                &[act],
            )
            .unwrap();
            let signed = Signed::seal(commit, &key()).to_bytes();
            state = self.judged(&signed, &state);
            batch.push(signed);
        }
        self.batches.push(batch.clone());
        batch
    }

    /// The state after a commit.
    fn judged(&mut self, signed: &[u8], state: &crate::claim::State) -> crate::claim::State {
        let signed = Signed::parse(signed).unwrap();
        let tree = self.appender().tree().clone();
        let judged = crate::ledger::preview::preview(state, &tree, &origin(), &signed, now());
        judged.unwrap().state
    }

    fn seal(&mut self) -> Result<(), LedgerError> {
        let mut names = self.sim.names(&dir().join("events")).unwrap();
        names.sort();
        let plain = names.iter().find(|name| name.ends_with(".jsonl"));
        let first = plain.and_then(|name| name.strip_suffix(".jsonl")?.parse().ok());
        if let Some(first) = first.filter(|_| names.last() != plain) {
            seal_on(&self.sim, dir(), first)?;
        }
        Ok(())
    }

    fn cosign(&mut self) -> Result<(), LedgerError> {
        let note = self.appender().checkpoint().to_vec();
        let text = Note::parse(&note).unwrap().text().to_owned();
        let seconds = u64::try_from(now().micros() / 1_000_000).unwrap();
        let line = witness().cosign(&text, seconds);
        let policy = TlogPolicy::parse(&policy()).unwrap();
        let added = self.appender().add_cosignatures(&policy, vec![line])?;
        assert_eq!(added.refused, []);
        let cosigned = self.appender().tree().size();
        self.said.push(Said {
            cosigned: Some(cosigned),
            batches: self.acknowledged,
            ..Said::default()
        });
        self.sim.say();
        Ok(())
    }

    fn say(&mut self, receipts: &[Receipt]) {
        let head = head_of(self.appender().checkpoint());
        let leaves = receipts
            .iter()
            .map(|receipt| (receipt.index, leaf_hash(receipt.entry.as_bytes())));
        let said = Said {
            head: Some(head),
            receipts: leaves.collect(),
            cosigned: None,
            batches: self.acknowledged,
        };
        self.said.push(said);
        self.sim.say();
    }
}

/// What a note signed by the log says.
pub(super) fn head_of(note: &[u8]) -> Head {
    let open = Checkpoint::open(note, &vkey()).expect("a head signed by the log's key");
    Head {
        size: open.checkpoint.size,
        root: open.checkpoint.root,
    }
}

/// The bytes of a note of a cosigned head, as far as it is there.
pub(super) fn kept_note(sim: &Sim, size: u64) -> Option<Vec<u8>> {
    let reader = SegmentReader::open_on(sim.clone(), dir()).ok()?;
    reader.get(&note_name(size)).ok()?
}

fn act(subject: &str, kind: &str, json: &Json<'_>) -> Act {
    Act::new(subject.parse().unwrap(), Data::read(kind, json).unwrap())
}

fn noted(text: &str) -> Json<'static> {
    Json::object([("text", Json::string(text.trim_end().to_owned()))])
}

fn asserted() -> Json<'static> {
    let domain = [
        ("name", Json::string("Trials")),
        ("weight", Json::string("1")),
    ];
    Json::object([
        ("domains", Json::Arr(vec![Json::object(domain)])),
        ("falsifiability", Json::string("falsifiable")),
        ("nature", Json::string("empirical")),
        ("origin", Json::string("authored")),
        ("polarity", Json::string("positive")),
        ("statement", Json::string("It is so.")),
        ("summary", Json::string("It was seen.")),
    ])
}

/// A ledger of so many batches in a folder of the machine, closed, and read again.
pub(in crate::ledger) fn ledger_on_disk(batches: usize) -> (tempfile::TempDir, Ledger) {
    let mut run = Run::new(0, Vec::new());
    run.go(&vec![Deed::Batch(1); batches]).unwrap();
    run.close().unwrap();
    let at = tempfile::tempdir().unwrap();
    for (path, bytes) in run.sim.contents() {
        let path = at.path().join(path.strip_prefix("/").unwrap());
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let ledger = Ledger::open(&at.path().join("ledger"), None).unwrap();
    (at, ledger)
}

//! Small histories, all of them: two or three clients, one writer that commits in groups, readers,
//! crashes and restarts, unknown outcomes and the same commit submitted again.
//!
//! The protocol is modelled and every interleaving of it explored (stateright); each history of
//! invocations and answers must be linearizable against a log to which each commit is appended once.
//! What ties the model to the program: random runs of the model are replayed step by step on the
//! real appender and the real reader in a real folder, and every answer, every head and every
//! recovery must be what the model says.

use std::path::Path;

use stateright::semantics::{ConsistencyTester, LinearizabilityTester, SequentialSpec};
use stateright::{Checker, HasDiscoveries, Model, Property};

use grounds::claim::Code;
use grounds::ledger::{Appender, Ledger, LedgerError, Staged};
use grounds::value::CommitId;

use crate::lab::{EVENTS, Lab, copy, note, vkey};

/// A commit. 0 and 1 come after the same event, so that only one of them can be recorded; 2 is of
/// another stream, and two clients have it.
type Cid = u8;

fn rival(commit: Cid) -> Option<Cid> {
    match commit {
        0 => Some(1),
        1 => Some(0),
        _ => None,
    }
}

// --- what a log is -------------------------------------------------------------------------------

/// The log's own order, one operation at a time.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
struct Log(Vec<Cid>);

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
enum Op {
    Append(Cid),
    Read,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
enum Ret {
    /// It stands at this place.
    At(usize),
    /// Its rival stands there.
    Conflict,
    Seen(Vec<Cid>),
}

impl SequentialSpec for Log {
    type Op = Op;
    type Ret = Ret;

    fn invoke(&mut self, op: &Op) -> Ret {
        match op {
            Op::Read => Ret::Seen(self.0.clone()),
            Op::Append(commit) => append(&mut self.0, *commit),
        }
    }
}

fn append(log: &mut Vec<Cid>, commit: Cid) -> Ret {
    if let Some(place) = log.iter().position(|known| *known == commit) {
        return Ret::At(place);
    }
    if rival(commit).is_some_and(|rival| log.contains(&rival)) {
        return Ret::Conflict;
    }
    log.push(commit);
    Ret::At(log.len() - 1)
}

// --- the protocol ----------------------------------------------------------------------------------

/// One thing that happens.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
enum Step {
    /// A client submits its commit, or submits it again after an unknown outcome.
    Submit(usize),
    /// The writer takes all that wait and judges them, each in the state that those before make.
    Stage,
    /// Their lines are written and synced.
    Sync,
    /// A head over them is signed and put in place.
    Publish,
    /// A client hears its answer.
    Answer(usize),
    /// A client or a reader reads what the head covers.
    Read(usize),
    /// The process dies. Of lines that were being written so many are there.
    Crash(usize),
    /// The ledger is opened again: a head is put over all whole lines.
    Restart,
}

/// What a client does: its commit if it has one, then so many reads.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
enum Wish {
    Submit(Cid),
    Wait(Cid),
    /// The outcome is unknown: again.
    Again(Cid),
    Read(u8),
}

type Waiting = (usize, Cid);

#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
enum Phase {
    #[default]
    Idle,
    Staged,
    Synced,
}

/// Ids of operations are told apart by client and attempt.
type History = LinearizabilityTester<(usize, u8), Log>;

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
struct World {
    disk: Vec<Cid>,
    head: usize,
    is_up: bool,
    phase: Phase,
    queue: Vec<Waiting>,
    /// Lines that are staged.
    batch: Vec<Cid>,
    /// Answers that wait for the head.
    held: Vec<(usize, Ret)>,
    /// Answers on their way.
    mail: Vec<(usize, Ret)>,
    clients: Vec<(Wish, u8)>,
    crashes: u8,
    history: History,
}

#[derive(Clone, Debug)]
struct Protocol {
    wishes: Vec<Wish>,
    crashes: u8,
    /// Whether a refusal is told before what it rests on is durable.
    tells_early: bool,
    /// Whether acknowledging comes before the sync.
    acknowledges_early: bool,
}

impl Protocol {
    fn of(wishes: &[Wish], crashes: u8) -> Protocol {
        Protocol {
            wishes: wishes.to_vec(),
            crashes,
            tells_early: false,
            acknowledges_early: false,
        }
    }

    fn steps(&self, world: &World) -> Vec<Step> {
        let mut steps = Vec::new();
        for (client, (wish, _)) in world.clients.iter().enumerate() {
            match wish {
                Wish::Submit(_) | Wish::Again(_) if world.is_up => steps.push(Step::Submit(client)),
                Wish::Read(left) if *left > 0 => steps.push(Step::Read(client)),
                _ => {}
            }
        }
        steps.extend(world.mail.iter().map(|(client, _)| Step::Answer(*client)));
        if !world.is_up {
            steps.push(Step::Restart);
            return steps;
        }
        match world.phase {
            Phase::Idle if !world.queue.is_empty() => steps.push(Step::Stage),
            Phase::Idle => {}
            Phase::Staged => steps.push(Step::Sync),
            Phase::Synced => steps.push(Step::Publish),
        }
        if world.crashes < self.crashes {
            let torn = match world.phase {
                Phase::Staged => world.batch.len(),
                _ => 0,
            };
            steps.extend((0..=torn).map(Step::Crash));
        }
        steps
    }

    fn after(&self, world: &World, step: Step) -> World {
        let mut next = world.clone();
        match step {
            Step::Submit(client) => next.submit(client),
            Step::Stage => self.stage(&mut next),
            Step::Sync => {
                next.disk.append(&mut next.batch);
                next.phase = Phase::Synced;
            }
            Step::Publish => {
                next.head = next.disk.len();
                next.mail.append(&mut next.held);
                next.phase = Phase::Idle;
            }
            Step::Answer(client) => next.answer(client),
            Step::Read(client) => next.read(client),
            Step::Crash(kept) => next.crash(kept),
            Step::Restart => {
                next.is_up = true;
                next.head = next.disk.len();
            }
        }
        next
    }

    fn stage(&self, world: &mut World) {
        let mut log = world.disk.clone();
        for (client, commit) in std::mem::take(&mut world.queue) {
            let before = log.len();
            let ret = append(&mut log, commit);
            if log.len() > before {
                world.batch.push(commit);
            }
            let early = (self.tells_early && ret == Ret::Conflict) || self.acknowledges_early;
            let to = if early {
                &mut world.mail
            } else {
                &mut world.held
            };
            to.push((client, ret));
        }
        world.phase = Phase::Staged;
    }
}

impl World {
    fn submit(&mut self, client: usize) {
        let (wish, attempt) = &mut self.clients[client];
        let (Wish::Submit(commit) | Wish::Again(commit)) = *wish else {
            unreachable!("only who has a commit submits one");
        };
        *wish = Wish::Wait(commit);
        *attempt += 1;
        let id = (client, *attempt);
        self.history.on_invoke(id, Op::Append(commit)).unwrap();
        self.queue.push((client, commit));
    }

    fn answer(&mut self, client: usize) {
        let place = self.mail.iter().position(|(to, _)| *to == client).unwrap();
        let (_, ret) = self.mail.remove(place);
        let (wish, attempt) = &mut self.clients[client];
        self.history.on_return((client, *attempt), ret).unwrap();
        *wish = Wish::Read(1);
    }

    fn read(&mut self, client: usize) {
        let seen = Ret::Seen(self.disk[..self.head].to_vec());
        let (wish, attempt) = &mut self.clients[client];
        if let Wish::Read(left) = wish {
            *left -= 1;
        }
        self.history
            .on_invret((client, *attempt), Op::Read, seen)
            .unwrap();
    }

    fn crash(&mut self, kept: usize) {
        self.crashes += 1;
        self.is_up = false;
        self.disk.extend(self.batch.drain(..).take(kept));
        self.queue.clear();
        self.held.clear();
        self.mail.clear();
        self.phase = Phase::Idle;
        for (wish, _) in &mut self.clients {
            if let Wish::Wait(commit) = *wish {
                *wish = Wish::Again(commit);
            }
        }
    }

    fn first(protocol: &Protocol) -> World {
        World {
            disk: Vec::new(),
            head: 0,
            is_up: true,
            phase: Phase::Idle,
            queue: Vec::new(),
            batch: Vec::new(),
            held: Vec::new(),
            mail: Vec::new(),
            clients: protocol.wishes.iter().map(|wish| (*wish, 0)).collect(),
            crashes: 0,
            history: LinearizabilityTester::new(Log::default()),
        }
    }
}

impl Model for Protocol {
    type State = World;
    type Action = Step;

    fn init_states(&self) -> Vec<World> {
        vec![World::first(self)]
    }

    fn actions(&self, state: &World, actions: &mut Vec<Step>) {
        actions.extend(self.steps(state));
    }

    fn next_state(&self, last: &World, action: Step) -> Option<World> {
        Some(self.after(last, action))
    }

    fn properties(&self) -> Vec<Property<Protocol>> {
        vec![
            Property::always("linearizable", |_, world: &World| {
                world.history.serialized_history().is_some()
            }),
            Property::always("a head covers what is on disk", |_, world: &World| {
                world.head <= world.disk.len()
            }),
            Property::always("each commit once", |_, world: &World| {
                let mut once = world.disk.clone();
                once.sort_unstable();
                once.dedup();
                once.len() == world.disk.len()
            }),
            Property::sometimes(
                "settled by submitting again",
                |protocol: &Protocol, world: &World| {
                    let settled = |(wish, attempt): &(Wish, u8)| {
                        *attempt > 1 && matches!(wish, Wish::Read(_))
                    };
                    protocol.crashes == 0 || world.clients.iter().any(settled)
                },
            ),
        ]
    }
}

fn is_full() -> bool {
    std::env::var_os("GROUNDS_FULL").is_some()
}

/// Who takes part: two rivals and a reader; the same commit by two; two crashes. In the full run
/// more reads, three clients that write, and four that do either.
fn casts() -> Vec<Protocol> {
    use Wish::{Read, Submit};
    let mut casts = vec![
        Protocol::of(&[Submit(0), Submit(1), Read(1)], 1),
        Protocol::of(&[Submit(2), Submit(2)], 2),
        Protocol::of(&[Submit(0), Submit(2)], 2),
    ];
    if is_full() {
        casts.push(Protocol::of(&[Submit(0), Submit(1), Read(2)], 2));
        casts.push(Protocol::of(&[Submit(0), Submit(2), Read(2)], 2));
        casts.push(Protocol::of(&[Submit(2), Submit(2), Submit(0)], 1));
        casts.push(Protocol::of(&[Submit(0), Submit(1), Submit(2)], 1));
        casts.push(Protocol::of(&[Submit(0), Submit(1), Submit(2), Read(1)], 0));
    }
    casts
}

#[test]
fn every_interleaving_of_a_small_history_is_linearizable() {
    for protocol in casts() {
        let wishes = protocol.wishes.clone();
        let checker = protocol.checker().threads(2).spawn_bfs().join();
        checker.assert_properties();
        let states = checker.unique_state_count();
        eprintln!(
            "{wishes:?}: {states} states, {} steps",
            checker.state_count()
        );
        assert!(states > 300, "{wishes:?}: {states}");
    }
}

/// The checker sees what it is there to see.
#[test]
fn a_writer_that_tells_what_is_not_durable_yet_is_found_out() {
    use Wish::{Read, Submit};
    let good = Protocol::of(&[Submit(0), Submit(1), Read(2)], 1);
    let no = Protocol {
        tells_early: true,
        ..good.clone()
    };
    let yes = Protocol {
        acknowledges_early: true,
        ..good
    };
    for protocol in [no, yes] {
        let checker = protocol.checker().finish_when(HasDiscoveries::AnyFailures);
        let checker = checker.threads(2).spawn_bfs().join();
        assert!(checker.discovery("linearizable").is_some());
    }
}

// --- the same on the real thing --------------------------------------------------------------------

/// A ledger in a folder, taken through the steps of the model.
struct Real {
    lab: Lab,
    appender: Option<Appender>,
    /// Entries before the first step.
    base: usize,
    commits: Vec<Vec<u8>>,
}

impl Real {
    fn made() -> Real {
        let lab = Lab::argued();
        lab.clock.pass(60);
        let appender = lab.open();
        let notes = [
            ("claim/x", "one"),
            ("claim/x", "other"),
            ("claim/y", "third"),
        ];
        let commits = notes.map(|(on, text)| lab.signed(&appender, "ada", &[note(on, text)]));
        appender.close().unwrap();
        let base = lab.lines().len();
        let real = Real {
            lab,
            appender: None,
            base,
            commits: commits.to_vec(),
        };
        real.keep("pristine");
        real
    }

    fn keep(&self, name: &str) {
        copy(&self.lab.dir(), &self.lab.beside(name));
        let state = self.lab.beside(&format!("{name}.state"));
        std::fs::copy(self.lab.state(), state).unwrap();
    }

    fn put_back(&self, name: &str) {
        copy(&self.lab.beside(name), &self.lab.dir());
        let state = self.lab.beside(&format!("{name}.state"));
        std::fs::copy(state, self.lab.state()).unwrap();
    }

    fn begin(&mut self) {
        self.appender = None;
        self.put_back("pristine");
        self.appender = Some(self.lab.open());
    }

    fn up(&mut self) -> &mut Appender {
        self.appender
            .as_mut()
            .expect("the model says that it is up")
    }

    fn does(&mut self, step: Step, before: &World, after: &World) {
        match step {
            Step::Submit(_) | Step::Sync | Step::Answer(_) => {}
            Step::Stage => self.stage(before, after),
            Step::Publish => self.flush(after),
            Step::Read(_) => self.read(before),
            Step::Crash(kept) => self.crash(kept, before),
            Step::Restart => {
                self.appender = Some(self.lab.open());
                let size = self.base + after.disk.len();
                assert_eq!(self.up().tree().size(), size as u64);
            }
        }
    }

    /// Each is answered as the model says, in the order of the queue.
    fn stage(&mut self, before: &World, after: &World) {
        self.keep("staging");
        let base = self.base;
        for (client, commit) in &before.queue {
            let bytes = self.commits[usize::from(*commit)].clone();
            let staged = match self.up().stage(&bytes) {
                Ok(Staged::New(index) | Staged::Known(index)) => {
                    Ret::At(usize::try_from(index).unwrap() - base)
                }
                Err(LedgerError::Rejected(no)) if no.code == Code::Conflict => Ret::Conflict,
                Err(error) => panic!("{error}"),
            };
            let held = after.held.iter().find(|(to, _)| to == client);
            assert_eq!(Some(&staged), held.map(|(_, ret)| ret), "{before:?}");
        }
        assert_eq!(self.up().pending(), after.batch.len());
    }

    fn flush(&mut self, after: &World) {
        let base = self.base as u64;
        let receipts = self.up().flush().unwrap();
        let head = base + after.head as u64;
        let first = head - receipts.len() as u64;
        let indices: Vec<u64> = receipts.iter().map(|receipt| receipt.index).collect();
        assert_eq!(indices, (first..head).collect::<Vec<u64>>());
        assert_eq!(self.up().tree().size(), head);
    }

    fn read(&self, world: &World) {
        let ledger = Ledger::open(&self.lab.dir(), Some(&vkey())).unwrap();
        let history = ledger.state().history().iter().skip(self.base);
        let seen: Vec<CommitId> = history.map(|entry| entry.commit).collect();
        let id = |commit: &Cid| {
            let bytes = &self.commits[usize::from(*commit)];
            grounds::envelope::Signed::parse(bytes).unwrap().commit.id()
        };
        let expected: Vec<CommitId> = world.disk[..world.head].iter().map(id).collect();
        assert_eq!(seen, expected, "{world:?}");
    }

    /// The process dies: what it had not written is gone, what it had is there.
    fn crash(&mut self, kept: usize, before: &World) {
        let mut appender = self.appender.take().expect("it was up");
        let kept = match before.phase {
            Phase::Idle => return,
            Phase::Staged if kept == 0 => return,
            Phase::Staged => kept,
            Phase::Synced => appender.pending(),
        };
        appender.flush().unwrap();
        drop(appender);
        let written = std::fs::read(self.lab.dir().join(EVENTS)).unwrap();
        self.put_back("staging");
        let there = whole_lines(&self.lab.dir()) + kept;
        let ends = written.iter().enumerate();
        let mut ends = ends
            .filter(|(_, byte)| **byte == b'\n')
            .map(|(at, _)| at + 1);
        let end = ends.nth(there - 1).unwrap();
        std::fs::write(self.lab.dir().join(EVENTS), &written[..end]).unwrap();
    }
}

fn whole_lines(dir: &Path) -> usize {
    let bytes = std::fs::read(dir.join(EVENTS)).unwrap();
    bytes.iter().filter(|byte| **byte == b'\n').count()
}

/// Splitmix64 (Steele, Lea and Flood 2014).
fn roll(dice: &mut u64, sides: usize) -> usize {
    *dice = dice.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *dice;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    usize::try_from((z ^ (z >> 31)) % sides as u64).unwrap()
}

/// 40 runs by default, 2,000 in the full one; each to its end.
#[test]
fn the_real_writer_and_reader_do_what_the_model_does() {
    let runs = if is_full() { 2_000 } else { 40 };
    let mut real = Real::made();
    let mut dice = 7;
    let mut done: Vec<Step> = Vec::new();
    for run in 0..runs {
        let casts = casts();
        let protocol = &casts[run % casts.len()];
        let mut world = World::first(protocol);
        real.begin();
        loop {
            let steps = protocol.steps(&world);
            if steps.is_empty() {
                break;
            }
            let step = steps[roll(&mut dice, steps.len())];
            let next = protocol.after(&world, step);
            done.push(step);
            real.does(step, &world, &next);
            world = next;
        }
        assert!(world.history.serialized_history().is_some());
    }
    let crashes = |step: &&Step| matches!(step, Step::Crash(_));
    eprintln!(
        "{runs} runs, {} steps, {} crashes",
        done.len(),
        done.iter().filter(crashes).count()
    );
}

//! Every power cut under a run of the appender.

use std::collections::{HashMap, HashSet};
use std::io::Write as _;
use std::sync::Arc;

use crate::form::Fields;
use crate::hash::Hash;
use crate::json::Json;
use crate::store::fault::{Cut, Dice, Image, Sim, crashed};
use crate::store::segment::Files as _;
use crate::tlog::{Head, Tree};

use super::reopening::{Told, audited, full_files, holds, reopen};
use super::script::{ALL, Deed, Run, deeds, dir, open, signer, vkey};

/// So many runs are looked at side by side; the same on every machine, as the counts are said.
const ABREAST: u64 = 2;

/// How far the search goes.
#[derive(Clone, Copy)]
struct Depth {
    /// The most states that are tried of one moment: all of them, where there are no more.
    of_a_moment: u64,
    /// Of so many states one is cut off again while it is recovered and appended to.
    cut_again: u64,
    /// How often.
    times: u64,
}

const SHALLOW: Depth = Depth {
    of_a_moment: 128,
    cut_again: 16,
    times: 6,
};

const DEEP: Depth = Depth {
    of_a_moment: 1_024,
    cut_again: 12,
    times: 8,
};

/// States that were looked at.
#[derive(Default, Clone, Copy)]
struct Count {
    runs: u64,
    /// Moments that the power went at.
    moments: u64,
    /// Moments with all that they can leave tried.
    whole: u64,
    /// What was left at those moments, the same counted once for a moment.
    states: u64,
    /// Of these, what a cut in a recovery left.
    in_recovery: u64,
    /// The same counted once for a run, but for files under names that nobody reads: each of them
    /// was opened, audited and appended to.
    distinct: u64,
}

impl Count {
    fn add(&mut self, other: Count) {
        self.runs += other.runs;
        self.moments += other.moments;
        self.whole += other.whole;
        self.states += other.states;
        self.in_recovery += other.in_recovery;
        self.distinct += other.distinct;
    }
}

/// A run, and all that was found of what it can leave.
struct Search {
    seed: u64,
    run: Run,
    vkey: crate::tlog::VerifierKey,
    depth: Depth,
    dice: Dice,
    /// What each image came to, by the number of notes that it had to keep.
    found: HashMap<(Hash, usize), Arc<Tree>>,
    count: Count,
}

impl Search {
    fn through(seed: u64, depth: Depth) -> Result<Count, String> {
        let deeds = match seed {
            0 => ALL.to_vec(),
            _ => deeds(9, &mut Dice(seed)),
        };
        let mut search = Search {
            seed,
            run: Run::done(seed, &deeds),
            vkey: vkey(),
            depth,
            dice: Dice(!seed),
            found: HashMap::new(),
            count: Count {
                runs: 1,
                ..Count::default()
            },
        };
        let mut heads = Vec::new();
        for cut in search.run.sim.cuts() {
            heads.extend(cut.wrote.as_deref().and_then(signed_by));
            search.moment(&cut, &heads)?;
        }
        Ok(search.count)
    }

    fn moment(&mut self, cut: &Cut, heads: &[Head]) -> Result<(), String> {
        self.count.moments += 1;
        let (images, is_whole) = left(cut, self.depth.of_a_moment, &mut self.dice);
        self.count.whole += u64::from(is_whole);
        for (digest, image) in images {
            self.count.states += 1;
            let sim = self.look_at(cut, &digest, image, heads)?;
            if let Some(sim) = sim.filter(|_| self.dice.roll(self.depth.cut_again) == 0) {
                self.cut_again(cut, &sim, heads)?;
            }
        }
        Ok(())
    }

    /// Looks at one state; the file system with what was done to it, where it is one that was not
    /// looked at before.
    fn look_at(
        &mut self,
        cut: &Cut,
        digest: &Hash,
        image: Image,
        heads: &[Head],
    ) -> Result<Option<Sim>, String> {
        let told = self.told(cut.said, heads);
        let notes = told.said.iter().filter_map(|said| said.cosigned).count();
        if let Some(tree) = self.found.get(&(*digest, notes)) {
            return match holds(tree, &told) {
                Ok(()) => Ok(None),
                Err(why) => Err(self.complaint(cut, &why)),
            };
        }
        let sim = Sim::over(image);
        let tree = reopen(&sim, &told).map_err(|why| self.complaint(cut, &why))?;
        self.found.insert((*digest, notes), Arc::new(tree));
        self.count.distinct += 1;
        Ok(Some(sim))
    }

    /// The power goes again, while that was being recovered and appended to.
    fn cut_again(&mut self, cut: &Cut, sim: &Sim, heads: &[Head]) -> Result<(), String> {
        let mut heads = heads.to_vec();
        let moments: Vec<Cut> = sim.cuts().collect();
        let mut chosen: Vec<usize> = (0..self.depth.times)
            .map(|_| usize::try_from(self.dice.roll(moments.len() as u64)).unwrap_or(0))
            .collect();
        chosen.sort_unstable();
        for (number, again) in moments.iter().enumerate() {
            heads.extend(again.wrote.as_deref().and_then(signed_by));
            for _ in chosen.iter().filter(|chosen| **chosen == number) {
                let image = again.left(&mut |options| self.dice.roll(options));
                let (_, digest) = image.digests();
                self.count.states += 1;
                self.count.in_recovery += 1;
                let looked = self.look_at(cut, &digest, image, &heads);
                looked.map_err(|why| format!("{why}; cut again after {number}"))?;
            }
        }
        Ok(())
    }

    fn told<'s>(&'s self, said: usize, heads: &'s [Head]) -> Told<'s> {
        let said = &self.run.said[..said];
        let begun = said.last().map_or(0, |said| said.batches);
        let next = self.run.batches[begun..].iter().take(2);
        Told {
            vkey: &self.vkey,
            heads,
            said,
            // Before the genesis is acknowledged it is that which is begun again.
            next: match said {
                [] => Vec::new(),
                _ => next.map(Vec::as_slice).collect(),
            },
        }
    }

    fn complaint(&self, cut: &Cut, why: &str) -> String {
        format!(
            "seed {}, the power gone after {} things done: {why}\nto repeat: \
             GROUNDS_CRASH_SEED={} cargo test --lib ledger::faults::power_cuts",
            self.seed, cut.prefix, self.seed
        )
    }
}

/// The head that a state of the signer says: it was signed just before that was written.
fn signed_by(bytes: &[u8]) -> Option<Head> {
    let json = Json::parse(bytes.strip_suffix(b"\n")?).ok()?;
    let mut fields = Fields::of(&json).ok()?;
    let root = fields.required("root").ok()?;
    let size = fields.required("size").ok()?;
    fields.end().ok()?;
    Some(Head { size, root })
}

/// What a power cut then may leave, each once; and whether that is all.
fn left(cut: &Cut, most: u64, dice: &mut Dice) -> (Vec<(Hash, Image)>, bool) {
    let all = cut.states().filter(|states| *states <= most);
    let (mut images, mut seen) = (Vec::new(), HashSet::new());
    let mut take = |image: Image| {
        let (all, read) = image.digests();
        if seen.insert(all) {
            images.push((read, image));
        }
    };
    match all {
        Some(states) => {
            for state in 0..states {
                let mut rest = state;
                take(cut.left(&mut |options| {
                    let picked = rest % options;
                    rest /= options;
                    picked
                }));
            }
        }
        None => {
            // Nothing, everything, and then more or less of it.
            take(cut.left(&mut |_| 0));
            take(cut.left(&mut |options| options - 1));
            for number in 2..most {
                let odds = 15 + 70 * (number % 2);
                take(cut.left(&mut |options| {
                    let there = (1..options).take_while(|_| dice.roll(100) < odds);
                    there.count() as u64
                }));
            }
        }
    }
    (images, all.is_some())
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Runs side by side until so many states were looked at.
fn search(states: u64, depth: Depth) -> Count {
    let first = number("GROUNDS_CRASH_SEED");
    let mut total = Count::default();
    let mut seed = first.unwrap_or(0);
    while total.runs == 0 || (first.is_none() && total.states < states) {
        let seeds = seed..seed + first.map_or(ABREAST, |_| 1);
        let counts = std::thread::scope(|scope| {
            let threads = seeds.clone();
            let threads: Vec<_> = threads
                .map(|seed| scope.spawn(move || Search::through(seed, depth)))
                .collect();
            let ends = threads.into_iter().map(|thread| thread.join());
            ends.collect::<Vec<_>>()
        });
        for count in counts {
            match count.expect("a search does not panic") {
                Ok(count) => total.add(count),
                Err(why) => panic!("{why}"),
            }
        }
        seed = seeds.end;
    }
    total
}

/// What is published, or closed, is on disk as it is: whoever only reads needs no recovery.
#[test]
fn what_was_published_or_closed_is_whole_after_a_power_cut_for_those_who_only_read() {
    let vkey = vkey();
    for (seed, deeds) in [
        [Deed::Batch(2), Deed::Kill, Deed::Publish].as_slice(),
        &[Deed::Batch(2), Deed::Batch(1), Deed::Kill, Deed::Reopen],
        &[Deed::Die(8), Deed::Publish],
        &[Deed::Batch(3), Deed::Map, Deed::Publish],
    ]
    .into_iter()
    .enumerate()
    {
        let mut run = Run::new(seed as u64, Vec::new());
        if let [before @ .., Deed::Reopen] = deeds {
            run.go(before).unwrap();
            run.close().unwrap();
        } else {
            run.go(deeds).unwrap();
        }
        let told = Told {
            vkey: &vkey,
            heads: &[],
            said: &run.said,
            next: Vec::new(),
        };
        let cut = run.sim.cuts().last().unwrap();
        for odds in [0, 50, 100] {
            let left = crashed(&cut, odds, &mut Dice(seed as u64));
            let size = run
                .said
                .iter()
                .filter_map(|said| said.head)
                .next_back()
                .unwrap()
                .size;
            let kept = audited(&left, &told).and_then(|()| {
                let signed = signer(&left).map_err(|error| error.to_string())?.state();
                match signed.is_some_and(|signed| signed.size == size) {
                    true => Ok(()),
                    false => Err(format!("the signer knows {signed:?} of {size}")),
                }
            });
            kept.unwrap_or_else(|why| panic!("{deeds:?}, {odds} in 100: {why}"));
        }
    }
}

/// The process ends before each call of a batch that begins a segment, another goes on, and then the
/// power goes: with all that was not synced.
#[test]
fn what_a_process_left_unsynced_that_ended_is_synced_by_the_next() {
    let vkey = vkey();
    let before = [Deed::Batch(2), Deed::Batch(1)];
    for calls in 0..12 {
        let mut run = Run::new(0, Vec::new());
        run.go(&before).unwrap();
        let segments = |run: &Run| run.sim.names(&dir().join("events")).unwrap().len();
        let first = segments(&run);
        run.act(Deed::Die(calls)).unwrap();
        assert!(segments(&run) > first, "the batch begins a segment");
        let told = Told {
            vkey: &vkey,
            heads: &[],
            said: &run.said,
            next: Vec::new(),
        };
        let left = crashed(&run.sim.cuts().last().unwrap(), 0, &mut Dice(0));
        let kept = reopen(&left, &told);
        kept.unwrap_or_else(|why| panic!("ended before call {calls} of the batch: {why}"));
    }
}

/// A full tile is written when it is full, and not again: it must not be lost for good.
#[test]
fn full_tiles_and_bundles_are_there_whenever_the_power_went() {
    let mut run = Run::new(0, Vec::new());
    run.go(&[Deed::Batch(1), Deed::Batch(252)]).unwrap();
    let before = run.sim.done();
    run.act(Deed::Batch(3)).unwrap();
    assert_eq!(run.appender().tree().size(), 257);
    let mut seen = HashSet::new();
    let (mut opened, mut written) = (0, 0);
    for cut in run.sim.cuts().skip(before) {
        for odds in [0, 100] {
            let left = crashed(&cut, odds, &mut Dice(0));
            if !seen.insert(left.image().digests().1) {
                continue;
            }
            let was_there = full_files(&left, 256).is_ok();
            let (appender, _) = open(&left).unwrap();
            opened += 1;
            if appender.tree().size() >= 256 {
                full_files(&left, 256).unwrap();
                full_files(&crashed(&left.cuts().last().unwrap(), 0, &mut Dice(0)), 256).unwrap();
                written += u64::from(!was_there);
            }
        }
    }
    assert!(opened > 10 && written > 3, "{written} of {opened}");
}

#[test]
fn after_any_power_cut_every_receipt_and_every_signed_head_holds() {
    let states = number("GROUNDS_CRASH_STATES").unwrap_or(20_000);
    let Count {
        runs,
        moments,
        whole,
        states,
        in_recovery,
        distinct,
    } = search(states, if states > 100_000 { DEEP } else { SHALLOW });
    let _ = writeln!(
        std::io::stderr(),
        "power cuts: {states} states, {in_recovery} of them of a cut in a recovery, {distinct} \
         distinct, at {moments} moments ({whole} of them with every state there is) of {runs} \
         runs (seeds 0 to {})",
        runs - 1
    );
}

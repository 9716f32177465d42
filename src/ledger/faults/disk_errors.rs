//! Every failing call under a run of the appender.

use std::io::Write as _;

use crate::ledger::append::Staged;
use crate::ledger::refusal::LedgerError;
use crate::store::StoreError;
use crate::store::fault::{Dice, Fault, Sim, Trouble, crashed};

use super::reopening::{Told, audited, holds, reopen};
use super::script::{Deed, Run, create, vkey};

/// Every kind of call is among what these do.
const DEEDS: [Deed; 9] = [
    Deed::Batch(2),
    Deed::Sync,
    Deed::Batch(2),
    Deed::Publish,
    Deed::Seal,
    Deed::Kill,
    Deed::Batch(1),
    Deed::Cosign,
    Deed::Reopen,
];

const TROUBLES: [Trouble; 6] = [
    Trouble::Io,
    Trouble::Full,
    Trouble::Interrupted,
    Trouble::Short,
    Trouble::Persisted,
    Trouble::Killed,
];

/// What became of the runs.
#[derive(Default)]
struct Count {
    faults: u64,
    /// The caller was told that something failed.
    failed: u64,
    /// It was a sync that failed.
    syncs: u64,
    /// Whoever waited for receipts was told that the outcome is unknown.
    unknown: u64,
    /// What was submitted then was there when it was submitted again, and was not.
    was_there: u64,
    was_not: u64,
    /// Power cuts after the failure.
    states: u64,
}

/// One run with one fault.
struct Trial<'t> {
    fault: Fault,
    run: Run,
    vkey: &'t crate::tlog::VerifierKey,
    count: &'t mut Count,
}

impl Trial<'_> {
    fn go(mut self) {
        self.run.sim.trouble(Some(self.fault));
        self.count.faults += 1;
        let ended = self.run.go(&DEEDS);
        let syncs = self.run.sim.syncs_failed();
        match ended {
            Ok(()) => {
                assert_eq!(syncs, 0, "{:?}: a failed sync was passed over", self.fault);
                let harmless = matches!(self.fault.trouble, Trouble::Interrupted | Trouble::Short);
                assert!(harmless, "{:?}: nothing failed", self.fault);
            }
            Err(error) => {
                self.count.failed += 1;
                self.count.syncs += u64::from(syncs > 0);
                assert!(syncs <= 1, "{:?}: a sync after a failed one", self.fault);
                self.outcome(&error);
                self.nothing_more();
            }
        }
        self.after_a_power_cut();
        self.without_a_power_cut();
    }

    /// Nobody was told yes, and nobody was told no.
    fn outcome(&mut self, error: &LedgerError) {
        if self.run.in_flight().is_some() {
            self.count.unknown += 1;
            assert!(
                matches!(error, LedgerError::Unknown(_)),
                "{:?}: {error}",
                self.fault
            );
        }
    }

    /// The appender that failed takes nothing, answers nothing and touches nothing any more.
    fn nothing_more(&mut self) {
        let (fault, before) = (self.fault, self.run.sim.done());
        let batch = self.run.in_flight().map(<[Vec<u8>]>::to_vec);
        let Some(appender) = self.run.at_work() else {
            return;
        };
        assert!(appender.is_stopped(), "{fault:?}");
        let is_refused =
            |error: LedgerError| matches!(error, LedgerError::Store(StoreError::Poisoned));
        for commit in batch.iter().flatten() {
            assert!(appender.stage(commit).is_err_and(is_refused), "{fault:?}");
        }
        assert!(appender.flush().is_err_and(is_refused), "{fault:?}");
        assert!(appender.receipt_of(0).is_err_and(is_refused), "{fault:?}");
        assert!(appender.publish().is_err_and(is_refused), "{fault:?}");
        assert!(appender.sync_named().is_err_and(is_refused), "{fault:?}");
        assert_eq!(self.run.sim.done(), before, "{fault:?}: it goes on");
        self.run.kill();
        assert_eq!(self.run.sim.done(), before, "{fault:?}: it goes on");
    }

    /// The disk works again, and the power went meanwhile.
    fn after_a_power_cut(&mut self) {
        self.run.kill();
        self.run.sim.trouble(None);
        let mut dice = Dice(self.fault.at as u64);
        let cut = self.run.sim.cuts().last().expect("the last moment");
        for odds in [0, 50, 100] {
            self.count.states += 1;
            let left = crashed(&cut, odds, &mut dice);
            let found = reopen(&left, &self.told());
            found.unwrap_or_else(|why| panic!("{:?}, {odds} in 100: {why}", self.fault));
        }
    }

    /// The disk works again: the ledger is opened, what was submitted last is submitted again.
    fn without_a_power_cut(&mut self) {
        let (fault, sim) = (self.fault, self.run.sim.clone());
        let batch = self.run.in_flight().map(<[Vec<u8>]>::to_vec);
        if let Err(error) = self.run.open() {
            assert!(self.run.said.is_empty(), "{fault:?}: {error}");
            let (appender, _) = create(&sim).unwrap_or_else(|error| panic!("{fault:?}: {error}"));
            assert_eq!(appender.tree().size(), 1);
            return;
        }
        for commit in batch.iter().flatten() {
            match self.run.appender().stage(commit) {
                Ok(Staged::Known(_)) => self.count.was_there += 1,
                Ok(Staged::New(_)) => self.count.was_not += 1,
                Err(error) => panic!("{fault:?}: not taken again: {error}"),
            }
        }
        let appender = self.run.appender();
        appender
            .flush()
            .unwrap_or_else(|error| panic!("{fault:?}: {error}"));
        for commit in batch.iter().flatten() {
            let staged = appender.stage(commit).unwrap();
            let Staged::Known(index) = staged else {
                panic!("{fault:?}: recorded and not known")
            };
            let receipt = appender.receipt_of(index).unwrap();
            assert!(receipt.is_repeated && receipt.index == index, "{fault:?}");
        }
        let tree = appender.tree().clone();
        self.run.kill();
        let kept = holds(&tree, &self.told()).and_then(|()| audited(&sim, &self.told()));
        kept.unwrap_or_else(|why| panic!("{fault:?}: {why}"));
        // What was found then is on disk from then on.
        let off = crashed(&sim.cuts().last().unwrap(), 0, &mut Dice(0));
        let told = Told {
            next: batch.iter().map(Vec::as_slice).collect(),
            ..self.told()
        };
        let found = reopen(&off, &told)
            .unwrap_or_else(|why| panic!("{fault:?}: {why}\n{}", sim.told().join("\n")));
        assert_eq!(found.size(), tree.size(), "{fault:?}");
    }

    fn told(&self) -> Told<'_> {
        Told {
            vkey: self.vkey,
            heads: &[],
            said: &self.run.said,
            next: self.run.in_flight().into_iter().collect(),
        }
    }
}

/// Every call, or every so many.
fn step() -> usize {
    if std::env::var_os("GROUNDS_FULL").is_some()
        || std::env::var_os("GROUNDS_CRASH_STATES").is_some()
    {
        1
    } else {
        17
    }
}

#[test]
fn after_any_failing_call_the_writer_stops_and_the_same_event_submitted_again_settles_it() {
    let vkey = vkey();
    let whole = Run::done(0, &DEEDS);
    let calls = {
        let mut run = Run::new(0, whole.batches.clone());
        run.go(&DEEDS).unwrap();
        run.sim.calls()
    };
    let mut count = Count::default();
    let kinds = TROUBLES.into_iter().flat_map(|trouble| {
        [false, true].map(|for_ever| {
            move |at| Fault {
                at,
                trouble,
                for_ever,
            }
        })
    });
    for (number, fault) in kinds.enumerate() {
        for at in (number % step()..calls).step_by(step()) {
            let trial = Trial {
                fault: fault(at),
                run: Run::new(0, whole.batches.clone()),
                vkey: &vkey,
                count: &mut count,
            };
            trial.go();
        }
    }
    let Count {
        faults,
        failed,
        syncs,
        unknown,
        was_there,
        was_not,
        states,
    } = count;
    assert!(was_there > 0 && was_not > 0 && syncs > 0);
    let _ = writeln!(
        std::io::stderr(),
        "disk errors: {faults} faults at {calls} calls; {failed} were told, {syncs} of them of a \
         sync; {unknown} outcomes unknown: of what was submitted again {was_there} were there and \
         {was_not} were not; {states} power cuts after it"
    );
}

/// A ledger that is begun where a sync fails is begun again.
#[test]
fn a_ledger_that_could_not_be_begun_is_begun_again() {
    let sim: Sim = Run::new(0, Vec::new()).sim;
    sim.trouble(Some(Fault {
        at: 0,
        trouble: Trouble::Io,
        for_ever: true,
    }));
    assert!(create(&sim).is_err());
    sim.trouble(None);
    let (appender, receipt) = create(&sim).unwrap();
    assert_eq!((appender.tree().size(), receipt.index), (1, 0));
}

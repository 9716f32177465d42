//! What witnesses signed: every line by a key that is known, every head that is kept one of this
//! ledger; and by the reader's policy, whether they are enough (docs/FORMAT.md, "Witnesses").

use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use crate::hash::Hash;
use crate::ledger::cosigned::{
    Cosignature, FOLDER, HeadNote, LineFault, POLICY, policy_in, size_named, time_of,
};
use crate::ledger::refusal::LedgerError;
use crate::ledger::work::in_parallel;
use crate::store::segment::{Files, Kind};
use crate::tlog::{GoodSignature, TlogPolicy, VerifierKey};
use crate::value::Time;

use super::{Auditor, Outcome, Part, Standard, counted, unopened, walk};

/// A witness's clock this far ahead of the reader's, in microseconds: one of the two is wrong.
const AHEAD: i64 = 600_000_000;

/// How old the newest head may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Freshness {
    /// The longest time since enough witnesses saw nothing newer.
    pub max_age: Duration,
    /// The reader's clock.
    pub now: Time,
}

/// What witnesses say of the newest head, and of those before it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Witnessed {
    /// Whether they were held against a policy of the reader's. Without one they are those that the
    /// ledger's own policy names.
    pub by_policy: bool,
    /// The cosignatures of the newest head that hold, earliest first.
    pub cosignatures: Vec<Cosignature>,
    /// Whether they are enough; none without a policy.
    pub quorum: Option<bool>,
    /// What is missing, in words.
    pub missing: Option<String>,
    /// By when the newest head was there, by the word of a quorum.
    pub not_after: Option<Time>,
    /// As of when it was the newest, by the word of a quorum.
    pub newest_as_of: Option<Time>,
    /// Whether something that was asked for, a quorum or an age, cannot be told.
    pub cannot_tell: bool,
    /// How many cosigned heads are kept.
    pub kept: u64,
    /// The largest head that is kept and has a quorum.
    pub last_quorum: Option<QuorumHead>,
}

/// A head that enough witnesses have cosigned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct QuorumHead {
    /// How many entries it covers.
    pub size: u64,
    /// Their root.
    pub root: Hash,
    /// By when it was there, by the word of the quorum; none where nobody is asked for.
    pub not_after: Option<Time>,
}

/// What is wrong, before it is said.
pub(super) struct Wrong {
    pub(super) file: String,
    is_damage: bool,
    found: String,
    expected: String,
}

/// A head that is kept, as far as it is one.
pub(super) struct KeptHead {
    size: u64,
    root: Hash,
    good: Vec<GoodSignature>,
}

/// Every file below `cosigned/`, or what stands in the folder's place.
pub(super) fn files<F: Files>(on: &F, dir: &Path) -> Vec<String> {
    let folder = dir.join(FOLDER);
    if matches!(on.kind(&folder), Ok(Some(Kind::File | Kind::Other))) {
        return vec![FOLDER.to_owned()];
    }
    let mut files = Vec::new();
    walk(on, &folder, FOLDER, &mut files);
    files
}

impl<F: Files> Auditor<F> {
    pub(super) fn look_at_witnesses(
        &mut self,
        note: Option<&[u8]>,
        files: &[String],
        standard: &Standard<'_>,
    ) {
        let folder_policy = self.folder_policy();
        let mut known = standard.policy.map(TlogPolicy::witness_keys);
        let known = known.get_or_insert_default();
        known.extend(folder_policy.iter().flat_map(TlogPolicy::witness_keys));
        let Some(log) = self.head_key.clone().or_else(|| self.vkey.clone()) else {
            return;
        };
        let mut newest = self.newest_cosignatures(note, &log, known);
        let kept = self.kept_heads(files, &log, known);
        if let Some(open) = &self.signed {
            let head = (open.checkpoint.size, open.checkpoint.root);
            let same = kept.iter().filter(|kept| (kept.size, kept.root) == head);
            newest.extend(same.flat_map(|kept| kept.good.clone()));
        }
        match standard.policy {
            Some(policy) => self.hold_against_policy(policy, &newest, &kept),
            None => self.say_who_signed(folder_policy.as_ref(), &newest, &kept),
        }
        if let Some(freshness) = standard.freshness {
            self.hold_against_clock(freshness);
        }
    }

    /// The folder's policy names keys and is trusted in nothing else.
    fn folder_policy(&mut self) -> Option<TlogPolicy> {
        let found = match policy_in(&self.reader) {
            Ok(policy) => return policy,
            Err(LedgerError::Policy(error)) => error.to_string(),
            Err(_) => "a file that cannot be read".to_owned(),
        };
        let expected = "a tlog-policy that names the witnesses asked".to_owned();
        self.file_fault(Part::Witnesses, POLICY, found, expected);
        None
    }

    fn newest_cosignatures(
        &mut self,
        note: Option<&[u8]>,
        log: &VerifierKey,
        known: &[VerifierKey],
    ) -> Vec<GoodSignature> {
        // Where it cannot be opened, that was said before.
        let Some(Ok(note)) = note.map(|note| HeadNote::read(note, log, known)) else {
            return Vec::new();
        };
        self.all_wrong(wrong_lines("checkpoint", &note));
        note.good()
    }

    /// Every file below `cosigned/` is the note of a head of this ledger.
    fn kept_heads(
        &mut self,
        files: &[String],
        log: &VerifierKey,
        known: &[VerifierKey],
    ) -> Vec<KeptHead> {
        let looked = in_parallel(files.len(), |place| self.look_at(&files[place], log, known));
        let mut kept = Vec::new();
        for (head, wrong) in looked {
            self.all_wrong(wrong);
            kept.extend(head);
        }
        self.witnessed.kept = kept.len() as u64;
        kept
    }

    pub(super) fn look_at(
        &self,
        file: &str,
        log: &VerifierKey,
        known: &[VerifierKey],
    ) -> (Option<KeptHead>, Vec<Wrong>) {
        let wrong = |is_damage: bool, found: &str, expected: &str| Wrong {
            file: file.to_owned(),
            is_damage,
            found: found.to_owned(),
            expected: expected.to_owned(),
        };
        let name = file
            .strip_prefix(FOLDER)
            .and_then(|name| name.strip_prefix('/'));
        let Some(size) = name.and_then(size_named) else {
            let expected = "notes of cosigned heads only: 12 digits of size";
            return (None, vec![wrong(false, "a stray file", expected)]);
        };
        let note = match self.reader.get(file) {
            Ok(Some(bytes)) => HeadNote::read(&bytes, log, known),
            _ => {
                let found = "a file that cannot be read";
                return (None, vec![wrong(true, found, "a cosigned head")]);
            }
        };
        let note = match note {
            Ok(note) => note,
            Err(error) => {
                return (
                    None,
                    vec![wrong(true, &unopened(&error), "a cosigned head")],
                );
            }
        };
        if note.checkpoint.size != size {
            let found = format!("a head of {}", counted(note.checkpoint.size, "entry"));
            let expected = format!("the one of {size}, which the name says");
            return (None, vec![wrong(true, &found, &expected)]);
        }
        let mut all = wrong_lines(file, &note);
        if note.lines.is_empty() {
            let expected = "at least one by a witness";
            all.push(wrong(true, "no line but the log's", expected));
        }
        let here = self.tree.size();
        if size > here {
            let found = format!("{} in the ledger", counted(here, "entry"));
            let expected = format!("at least {size}, as in this cosigned head: it was rolled back");
            all.push(wrong(false, &found, &expected));
        } else if self.is_as_signed()
            && let Some(root) = self.tree.root_at(size)
            && root != note.checkpoint.root
        {
            let found = format!("root {root} at size {size}");
            let expected = format!(
                "root {}, as in this cosigned head: history was rewritten",
                note.checkpoint.root
            );
            all.push(wrong(false, &found, &expected));
        }
        let head = all.is_empty().then(|| KeptHead {
            size,
            root: note.checkpoint.root,
            good: note.good(),
        });
        (head, all)
    }

    /// Whether the entries have the root that the newest head names, as far as there is one.
    fn is_as_signed(&self) -> bool {
        let root = self.signed.as_ref().map(|open| open.checkpoint.root);
        root.is_none_or(|root| root == self.tree.root())
    }

    fn all_wrong(&mut self, wrong: Vec<Wrong>) {
        for wrong in wrong {
            self.is_damaged |= wrong.is_damage;
            self.file_fault(Part::Witnesses, &wrong.file, wrong.found, wrong.expected);
        }
    }

    fn hold_against_policy(
        &mut self,
        policy: &TlogPolicy,
        newest: &[GoodSignature],
        kept: &[KeptHead],
    ) {
        let own = |good: &&GoodSignature| policy.witness(&good.key).is_some();
        let newest: Vec<GoodSignature> = newest.iter().filter(own).cloned().collect();
        let is_met = self.signed.is_some() && policy.is_met_by(&newest);
        let last = (kept.iter().rev().filter(|_| policy.asks_for_witnesses()))
            .find(|kept| policy.is_met_by(&kept.good));
        let said = &mut self.witnessed;
        said.by_policy = true;
        said.cosignatures = Cosignature::all_of(&newest, Some(policy));
        said.quorum = Some(is_met);
        said.not_after = policy.not_after(&newest).map(time_of);
        said.newest_as_of = policy.newest_as_of(&newest).map(time_of);
        said.last_quorum = last.map(|kept| QuorumHead {
            size: kept.size,
            root: kept.root,
            not_after: policy.not_after(&kept.good).map(time_of),
        });
        if is_met {
            self.witness_line = (Outcome::Holds, met(policy, said));
            return;
        }
        let missing = match &self.signed {
            Some(_) => policy.shortfall(&newest),
            None => Some("found no newest head".to_owned()),
        };
        let older = match &said.last_quorum {
            Some(head) => format!(
                "the newest head with a quorum: size {}{}",
                head.size,
                by(head.not_after)
            ),
            None => "no head that is kept has a quorum".to_owned(),
        };
        let missing = missing.unwrap_or_default();
        self.witness_line = (Outcome::Unknown, format!("{missing}; {older}"));
        said.missing = Some(missing);
        said.cannot_tell = true;
    }

    /// Without a policy of the reader's: who signed, by the word of the ledger's own policy.
    fn say_who_signed(
        &mut self,
        own: Option<&TlogPolicy>,
        newest: &[GoodSignature],
        kept: &[KeptHead],
    ) {
        let said = &mut self.witnessed;
        said.cosignatures = Cosignature::all_of(newest, own);
        let last = kept.last().filter(|_| newest.is_empty());
        let (signed, size) = match last {
            Some(kept) => (Cosignature::all_of(&kept.good, own), Some(kept.size)),
            None => (said.cosignatures.clone(), None),
        };
        if signed.is_empty() {
            let words = match own.is_some_and(TlogPolicy::asks_for_witnesses) {
                true => "asked, and none has cosigned",
                false => "none asked",
            };
            self.witness_line.1 = words.to_owned();
            return;
        }
        let head = match size {
            Some(size) => format!("the newest head is not cosigned, that of size {size} is,"),
            None => "cosigned".to_owned(),
        };
        self.witness_line.1 = format!(
            "{head} by {}: named by the ledger's own policy; give yours with --policy",
            names(&signed)
        );
    }

    fn hold_against_clock(&mut self, Freshness { max_age, now }: Freshness) {
        let age = match self.witnessed.newest_as_of {
            Some(time) => now.micros().saturating_sub(time.micros()),
            None => {
                return self.cannot_tell_age(
                    "its age is known only by the word of a quorum of your --policy",
                );
            }
        };
        if age < -AHEAD {
            return self
                .cannot_tell_age("a witness's clock is more than ten minutes ahead of this one");
        }
        let age = Duration::from_micros(u64::try_from(age).unwrap_or(0));
        if age > max_age {
            let found = format!(
                "a newest head that a quorum saw {} ago{}",
                length(age),
                self.witnessed
                    .newest_as_of
                    .map(|time| format!(" ({})", time.seconds_text()))
                    .unwrap_or_default()
            );
            let expected = format!("{} at most: what is newer may be withheld", length(max_age));
            return self.file_fault(Part::Witnesses, "checkpoint", found, expected);
        }
        self.witness_line.1 = format!("{}, {} ago", self.witness_line.1, length(age));
    }

    fn cannot_tell_age(&mut self, why: &str) {
        self.witnessed.cannot_tell = true;
        self.witness_line = (Outcome::Unknown, format!("{}; {why}", self.witness_line.1));
    }
}

fn met(policy: &TlogPolicy, said: &Witnessed) -> String {
    if !policy.asks_for_witnesses() {
        return "the policy given asks for none".to_owned();
    }
    let seen = said
        .newest_as_of
        .map(|time| format!(", newest as of {}", time.seconds_text()));
    format!(
        "quorum: cosigned by {}{}{}",
        names(&said.cosignatures),
        by(said.not_after),
        seen.unwrap_or_default()
    )
}

fn by(time: Option<Time>) -> String {
    time.map(|time| format!(", there by {}", time.seconds_text()))
        .unwrap_or_default()
}

fn names(cosignatures: &[Cosignature]) -> String {
    let names: Vec<&str> = cosignatures
        .iter()
        .map(|one| one.witness.as_str())
        .collect();
    names.join(", ")
}

/// What is wrong with the lines of a note.
fn wrong_lines(file: &str, note: &HeadNote) -> Vec<Wrong> {
    let wrong = |(line, judged): &crate::ledger::cosigned::Judged| {
        let fault = judged.as_ref().err()?;
        let name = line.name();
        let (found, expected) = match fault {
            LineFault::Unknown => (
                format!("a signature line by {name} that no key here can check"),
                "lines of the log and of witnesses named in the policy",
            ),
            LineFault::Bad => (
                format!("a signature line by {name} that does not hold"),
                "a cosignature of this head",
            ),
            LineFault::Twice | LineFault::NoRoom => (
                format!("another signature line by {name}"),
                "one line a key",
            ),
        };
        Some(Wrong {
            file: file.to_owned(),
            is_damage: *fault != LineFault::Unknown,
            found,
            expected: expected.to_owned(),
        })
    };
    note.lines.iter().filter_map(wrong).collect()
}

/// A length of time in its largest whole units: `2 d 3 h`, `15 min`, `40 s`.
pub(in crate::ledger) fn length(time: Duration) -> String {
    let seconds = time.as_secs();
    let (days, hours) = (seconds / 86_400, seconds / 3_600 % 24);
    let minutes = seconds / 60 % 60;
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => match seconds % 60 {
            0 => format!("{minutes} min"),
            rest => format!("{minutes} min {rest} s"),
        },
        (0, hours, 0) => format!("{hours} h"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, 0, _) => format!("{days} d"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

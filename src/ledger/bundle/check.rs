//! Checking a bundle: bytes in, a checklist out, and the claim that it binds.
//!
//! The steps are those of docs/FORMAT.md, section 8, in their order; the first one that fails ends
//! the check. Nothing here looks at a ledger.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;

use super::closure::{Closure, closure};
use super::figures::differences;
use super::form::{BundleFile, StreamLeaf};
use super::found::Found;
use super::replay::{Replay, names_unseen};
use super::witnesses::{Heard, Words, age, hear};
use crate::claim::{Code, Data, Event, LedgerMapped, Rejection, State};
use crate::envelope::{Withheld, verify_one};
use crate::hash::Hash;
use crate::ledger::append::signed_by_valid_key;
use crate::ledger::audit::{Freshness, length};
use crate::ledger::checklist::{
    Check, Fault, Outcome, Part, Verdict, counted, counted_leaves, unopened, wrong,
};
use crate::ledger::cosigned::Cosignature;
use crate::ledger::follow::key_of;
use crate::ledger::place::{Depth, Parsed, key_faults, owner_of, parse_line};
use crate::ledger::refusal::refused;
use crate::projection::{
    Filter, ModelFault, Profile, model_in_force, model_name, name_in_force, profile,
};
use crate::tlog::{Checkpoint, OpenCheckpoint, TlogPolicy, VerifierKey, verify_inclusion};
use crate::value::{Index, KeyId, PublicKey, Slug, Subject, Time};

/// What a bundle is asked about, and what the reader brings along.
pub struct Asked<'a> {
    /// The claim.
    pub claim: &'a Slug,
    /// The log's key.
    pub vkey: &'a VerifierKey,
    /// Whose cosignatures the reader takes.
    pub policy: Option<&'a TlogPolicy>,
    /// How old the head may be, and what is shown.
    pub freshness: Option<Freshness>,
}

impl<'a> Asked<'a> {
    /// Asked about a claim with the log's key alone.
    #[must_use]
    pub fn about(claim: &'a Slug, vkey: &'a VerifierKey) -> Asked<'a> {
        Asked {
            claim,
            vkey,
            policy: None,
            freshness: None,
        }
    }
}

/// The claim that a bundle binds, worked out anew from its entries.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BoundClaim {
    /// The claim in one line.
    pub statement: String,
    /// Its version.
    pub version: u64,
    /// Where it is in its life.
    pub lifecycle: &'static str,
    /// How it stands.
    pub standing: &'static str,
    /// Its figures.
    pub profile: Profile,
}

/// What a check came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BundleReport {
    /// The claim that was asked about, as a subject.
    pub asked: String,
    /// The ledger's name, which is the key's.
    pub origin: String,
    /// The log's key that it was checked with.
    pub vkey: String,
    /// Index of the entry of the map, once it is shown to be the log's: the claim is as of it.
    pub as_of: Option<Index>,
    /// When that entry was recorded.
    pub recorded: Option<Time>,
    /// Size of the signed head.
    pub size: Option<u64>,
    /// Its root.
    pub root: Option<Hash>,
    /// Entries under the head that are newer than the map.
    pub newer: Option<u64>,
    /// Who of the policy given cosigned the head, earliest first.
    pub cosignatures: Vec<Cosignature>,
    /// By when the head was there, by the word of a quorum of that policy.
    pub not_after: Option<Time>,
    /// As of when it was the newest one, by the word of such a quorum.
    pub newest_as_of: Option<Time>,
    /// Entries carried.
    pub entries: u64,
    /// Events of the carried streams.
    pub events: u64,
    /// Signatures checked.
    pub signatures: u64,
    /// Distinct keys that made them.
    pub keys: u64,
    /// The claim as it is shown to be; only where everything holds.
    pub bound: Option<BoundClaim>,
    /// The checklist.
    pub checks: Vec<Check>,
    /// What is wrong.
    pub faults: Vec<Fault>,
    /// How many faults there are.
    pub fault_count: u64,
    /// What the whole comes to.
    pub verdict: Verdict,
}

/// Checks a bundle's bytes against what it is asked about. It answers for that claim, at the head
/// and as of the map that the report names, and for nothing else.
#[must_use]
pub fn check(file: &[u8], asked: &Asked<'_>) -> BundleReport {
    let mut checker = Checker::new(asked);
    let bound = checker.run(file).unwrap_or_default();
    checker.report(bound)
}

/// A step has failed, or nothing more can be judged.
struct Stop;

type Step<T> = Result<T, Stop>;

struct Checker<'a> {
    asked: &'a Asked<'a>,
    faults: Vec<Fault>,
    done: BTreeMap<Part, (Outcome, String)>,
    /// What stands in the line of a part that was not reached.
    rest: &'static str,
    cannot_tell: bool,
    head: Option<Checkpoint>,
    mapped: Option<(Index, Time)>,
    words: Words,
    entries: u64,
    events: u64,
    signatures: u64,
    keys: BTreeSet<KeyId>,
}

/// A carried entry.
enum Line {
    Entry(Box<Parsed>),
    Withheld(Hash),
}

impl Line {
    fn leaf(&self) -> Hash {
        match self {
            Line::Entry(parsed) => parsed.leaf,
            Line::Withheld(leaf) => *leaf,
        }
    }
}

/// A bundle whose form is right.
struct Read {
    file: BundleFile,
    lines: Vec<(Index, Line)>,
}

/// The entries before the map, and that of the map.
struct Carried {
    file: BundleFile,
    before: Vec<Parsed>,
    map: Parsed,
}

impl<'a> Checker<'a> {
    fn new(asked: &'a Asked<'a>) -> Checker<'a> {
        Checker {
            asked,
            faults: Vec::new(),
            done: BTreeMap::new(),
            rest: "not reached",
            cannot_tell: false,
            head: None,
            mapped: None,
            words: Words::default(),
            entries: 0,
            events: 0,
            signatures: 0,
            keys: BTreeSet::new(),
        }
    }

    fn run(&mut self, file: &[u8]) -> Step<Option<BoundClaim>> {
        let read = self.bytes(file)?;
        let head = self.checkpoint(&read)?;
        self.witnesses(&read, &head)?;
        self.tree(&read, &head.checkpoint)?;
        self.fresh()?;
        let carried = self.nothing_is_withheld(read)?;
        self.chains(&carried)?;
        let (file, state) = self.replay(carried, &head.checkpoint)?;
        self.scores(&file, &state)
    }

    // ── outcomes ──

    fn holds(&mut self, part: Part, detail: String) {
        self.done.insert(part, (Outcome::Holds, detail));
    }

    fn unknown(&mut self, part: Part, detail: impl Into<String>) {
        self.done.insert(part, (Outcome::Unknown, detail.into()));
    }

    fn fails<T>(
        &mut self,
        part: Part,
        index: Option<Index>,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) -> Step<T> {
        self.faults.push(Fault::of(part, index, found, expected));
        Err(Stop)
    }

    fn rejects<T>(&mut self, index: Index, rejection: &Rejection) -> Step<T> {
        self.faults.push(Fault::rejected(index, rejection));
        Err(Stop)
    }

    // ── 1. bytes ──

    fn bytes(&mut self, bytes: &[u8]) -> Step<Read> {
        let file = match BundleFile::parse(bytes) {
            Ok(file) => file,
            Err(error) => return self.refuses(None, &refused(&error)),
        };
        let mut lines = Vec::with_capacity(file.entries.0.len());
        for carried in &file.entries.0 {
            lines.push((
                carried.index,
                self.line(carried.index, carried.entry.0.as_bytes())?,
            ));
        }
        self.entries = lines.len() as u64;
        let asked = Subject::claim(self.asked.claim.clone());
        if file.claim != asked {
            let found = format!("a bundle of {}", file.claim);
            return self.fails(Part::Bytes, None, found, format!("one of {asked}"));
        }
        self.ends_with_its_map(&file)?;
        let all = counted(self.entries, "entry");
        self.holds(Part::Bytes, format!("{all}, canonical and within limits"));
        Ok(Read { file, lines })
    }

    fn line(&mut self, index: Index, line: &[u8]) -> Step<Line> {
        if let Some(withheld) = Withheld::parse(line) {
            return Ok(Line::Withheld(withheld.leaf));
        }
        match parse_line(index, line, Depth::Signatures) {
            Ok(parsed) => Ok(Line::Entry(Box::new(parsed))),
            Err(error) => self.refuses(Some(index), &refused(&error)),
        }
    }

    fn refuses<T>(&mut self, index: Option<Index>, refusal: &Rejection) -> Step<T> {
        self.faults.push(Fault {
            part: Part::Bytes,
            position: refusal.position,
            code: Some(refusal.code.word()),
            ..Fault::of(
                Part::Bytes,
                index,
                refusal.found.clone(),
                refusal.expected.clone(),
            )
        });
        Err(Stop)
    }

    fn ends_with_its_map(&mut self, file: &BundleFile) -> Step<()> {
        let map = file.map.index;
        let indices = || file.entries.0.iter().map(|line| line.index);
        if !indices().any(|index| index == map) {
            return self.fails(
                Part::Bytes,
                Some(map),
                format!("no entry @{map}"),
                "the entry that holds the map",
            );
        }
        match indices().find(|index| *index > map) {
            None => Ok(()),
            Some(above) => self.fails(
                Part::Bytes,
                Some(above),
                format!("entry @{above}"),
                format!("no entry after that of the map, @{map}"),
            ),
        }
    }

    // ── 2. checkpoint ──

    fn checkpoint(&mut self, read: &Read) -> Step<OpenCheckpoint> {
        let vkey = self.asked.vkey;
        if read.file.origin.as_str() != vkey.name() {
            let found = format!("a bundle of {}", read.file.origin);
            return self.fails(
                Part::Checkpoint,
                None,
                found,
                format!("one of {}", vkey.name()),
            );
        }
        let open = match Checkpoint::open(read.file.checkpoint.0.as_bytes(), vkey) {
            Ok(open) => open,
            Err(error) => {
                let expected = format!("a head signed by {vkey}");
                return self.fails(Part::Checkpoint, None, unopened(&error), expected);
            }
        };
        let (size, map) = (open.checkpoint.size, read.file.map.index);
        if size <= map {
            let found = format!("a head of size {size}");
            return self.fails(
                Part::Checkpoint,
                None,
                found,
                format!("one that covers the map in @{map}"),
            );
        }
        self.head = Some(open.checkpoint.clone());
        self.holds(
            Part::Checkpoint,
            format!("size {size}, signed by the log's key"),
        );
        Ok(open)
    }

    fn witnesses(&mut self, read: &Read, open: &OpenCheckpoint) -> Step<()> {
        let Asked {
            vkey,
            policy,
            freshness,
            ..
        } = self.asked;
        let note = read.file.checkpoint.0.as_bytes();
        let (heard, words) = hear(note, open, vkey, *policy, *freshness);
        self.words = words;
        match heard {
            Heard::NotAsked(detail) => self.unknown(Part::Witnesses, detail),
            Heard::Enough(detail) => self.holds(Part::Witnesses, detail),
            Heard::Missing(detail) => {
                self.cannot_tell = true;
                self.unknown(Part::Witnesses, detail);
            }
            Heard::Wrong { found, expected } => {
                return self.fails(Part::Witnesses, None, found, expected);
            }
        }
        Ok(())
    }

    // ── 3. tree ──

    fn tree(&mut self, read: &Read, head: &Checkpoint) -> Step<()> {
        for ((index, line), carried) in read.lines.iter().zip(&read.file.entries.0) {
            let proved =
                verify_inclusion(*index, head.size, &line.leaf(), &carried.path.0, &head.root);
            if let Err(error) = proved {
                return self.fails(
                    Part::Tree,
                    Some(*index),
                    format!("an entry that is not proved: {error}"),
                    format!("an inclusion path to the signed root {}", head.root),
                );
            }
        }
        let data = self.map_of_the_log(read)?;
        self.streams_are_in_the_map(read, &data)?;
        let leaves = counted_leaves(head.size);
        self.holds(
            Part::Tree,
            format!("{} of {leaves}, the map at @{}", self.entries, data.size),
        );
        Ok(())
    }

    /// The map that the log has signed, in the entry that the bundle names.
    fn map_of_the_log(&mut self, read: &Read) -> Step<LedgerMapped> {
        let index = read.file.map.index;
        let line = read.lines.iter().find(|(own, _)| *own == index);
        let Some((_, Line::Entry(entry))) = line else {
            return self.no_map(index, "a withheld line".to_owned());
        };
        let key = PublicKey(self.asked.vkey.public_key().to_bytes());
        let [event] = entry.events.as_slice() else {
            return self.no_map(index, counted(entry.events.len() as u64, "event"));
        };
        let Data::LedgerMapped(data) = &event.data else {
            return self.no_map(index, event.data.name().to_owned());
        };
        if event.subject != Subject::log() || entry.author != Slug::log() {
            let found = format!(
                "ledger.mapped on {} by agent/{}",
                event.subject, entry.author
            );
            return self.no_map(index, found);
        }
        if entry.ledger.as_str() != self.asked.vkey.name() {
            return self.no_map(index, format!("a map of {}", entry.ledger));
        }
        if data.size != index {
            return self.no_map(index, format!("a map of {} entries", data.size));
        }
        let [signature] = entry.signatures.as_slice() else {
            let signatures = counted(entry.signatures.len() as u64, "signature");
            return self.no_map(index, signatures);
        };
        if signature.key != key.id() {
            return self.no_map(index, format!("a signature by {}", signature.key));
        }
        if verify_one(&key, &entry.message, &signature.sig).is_err() {
            return self.no_map(index, "a signature that does not hold".to_owned());
        }
        self.signatures += 1;
        self.keys.insert(signature.key);
        self.mapped = Some((index, entry.recorded));
        Ok((**data).clone())
    }

    fn no_map<T>(&mut self, index: Index, found: String) -> Step<T> {
        let expected = format!(
            "ledger.mapped of the {index} entries before it, on agent/log, alone in its commit, signed by the log's key only"
        );
        self.rejects(index, &Rejection::new(Code::Map, found, expected))
    }

    fn streams_are_in_the_map(&mut self, read: &Read, data: &LedgerMapped) -> Step<()> {
        for stream in &read.file.streams.0 {
            let leaf = stream.leaf.as_ref().map(StreamLeaf::map_leaf);
            let key = key_of(&stream.subject);
            let proved = stream.proof.proof().verify(&key, leaf.as_ref(), &data.root);
            if let Err(error) = proved {
                let what = match &stream.leaf {
                    Some(leaf) => format!(
                        "{} as the head of {}",
                        counted(leaf.length, "event"),
                        stream.subject
                    ),
                    None => format!("{} as absent", stream.subject),
                };
                return self.fails(
                    Part::Tree,
                    None,
                    format!("{what}: {error}"),
                    format!("what the log's signed map in @{} says", data.size),
                );
            }
        }
        Ok(())
    }

    /// Where entries are newer, what is shown is as old as its map.
    fn fresh(&mut self) -> Step<()> {
        let (Some(Freshness { max_age, now }), Some((map, recorded)), Some(head)) =
            (self.asked.freshness, self.mapped, &self.head)
        else {
            return Ok(());
        };
        let newer = head.size.saturating_sub(map + 1);
        match age(recorded, now) {
            Some(age) if newer > 0 && age > max_age => {
                let found = format!(
                    "a claim as of @{map}, recorded {} ago, and {} under the head that {} newer",
                    length(age),
                    counted(newer, "entry"),
                    if newer == 1 { "is" } else { "are" },
                );
                let expected = format!("{} at most: ask for a newer bundle", length(max_age));
                self.fails(Part::Witnesses, None, found, expected)
            }
            _ => Ok(()),
        }
    }

    // ── 4. withheld ──

    fn nothing_is_withheld(&mut self, read: Read) -> Step<Carried> {
        let map = read.file.map.index;
        let (mut before, mut of_map) = (Vec::new(), None);
        for (index, line) in read.lines {
            match line {
                Line::Withheld(_) => {
                    self.rest = "not judged: an entry is withheld";
                    self.cannot_tell = true;
                    return Err(Stop);
                }
                Line::Entry(parsed) if index == map => of_map = Some(*parsed),
                Line::Entry(parsed) => before.push(*parsed),
            }
        }
        Ok(Carried {
            file: read.file,
            before,
            map: of_map.ok_or(Stop)?,
        })
    }

    // ── 5. chains ──

    fn chains(&mut self, carried: &Carried) -> Step<()> {
        let found = Found::of(&carried.before);
        let streams = &carried.file.streams.0;
        let map = carried.file.map.index;
        let faults = streams
            .iter()
            .filter_map(|stream| found.fault_in(stream, map));
        self.faults.extend(faults);
        if !self.faults.is_empty() {
            return Err(Stop);
        }
        let needed = closure(&found, self.asked.claim);
        self.carries_what_is_needed(carried, &needed)?;
        self.events = streams
            .iter()
            .filter_map(|stream| Some(stream.leaf.as_ref()?.length))
            .sum();
        self.holds(
            Part::Chains,
            format!(
                "{} in {}, all that the map at @{map} has of them",
                counted(self.events, "event"),
                counted(streams.len() as u64, "stream"),
            ),
        );
        Ok(())
    }

    fn carries_what_is_needed(&mut self, carried: &Carried, needed: &Closure) -> Step<()> {
        let streams = &carried.file.streams.0;
        let here: BTreeSet<&Subject> = streams.iter().map(|stream| &stream.subject).collect();
        let missing = needed.subjects.iter().filter(|one| !here.contains(one));
        if let Some(subject) = missing.map(ToString::to_string).min() {
            return self.fails(
                Part::Chains,
                None,
                format!("nothing of {subject}"),
                format!("its stream, which {} depends on", carried.file.claim),
            );
        }
        let idle = streams
            .iter()
            .find(|stream| !needed.subjects.contains(&stream.subject));
        if let Some(stream) = idle {
            return self.fails(
                Part::Chains,
                None,
                format!("the stream of {}", stream.subject),
                format!("only streams that {} depends on", carried.file.claim),
            );
        }
        let mut indices = carried.before.iter().map(|entry| entry.index);
        match indices.find(|index| !needed.entries.contains(index)) {
            None => Ok(()),
            Some(index) => self.fails(
                Part::Chains,
                Some(index),
                format!("entry @{index}"),
                "only entries that hold an event of these streams",
            ),
        }
    }

    // ── 6. signatures, anchors, rules ──

    fn replay(&mut self, carried: Carried, head: &Checkpoint) -> Step<(BundleFile, State)> {
        let streams = &carried.file.streams.0;
        let subjects = streams.iter().map(|stream| stream.subject.clone());
        let mut replay = Replay::of(subjects.collect(), &carried.before, head);
        for entry in carried.before {
            self.judge(&mut replay, entry)?;
        }
        let mut map = carried.map.placed(&replay.state, Vec::new());
        map.events.clear();
        replay.state.evolve(&Arc::new(map));
        self.say_what_was_judged(&replay);
        Ok((carried.file, replay.state))
    }

    fn judge(&mut self, replay: &mut Replay, entry: Parsed) -> Step<()> {
        let index = entry.index;
        let origin = self.asked.vkey.name();
        if entry.ledger.as_str() != origin {
            let found = entry.ledger.to_string();
            return self.rejects(index, &Rejection::new(Code::Ledger, found, origin));
        }
        if !replay.commits.insert(entry.commit) {
            let found = format!("commit {} again", entry.commit);
            return self.rejects(
                index,
                &Rejection::new(Code::Exists, found, "each commit once"),
            );
        }
        self.signed(&replay.state, &entry)?;
        self.anchored(replay, &entry)?;
        let is_genesis = replay.state.size() == 0;
        let carried: Vec<Arc<Event>> = (entry.events.iter())
            .filter(|event| replay.state.carries(&event.subject))
            .cloned()
            .collect();
        replay.of_others += (entry.events.len() - carried.len()) as u64;
        replay.unseen += carried
            .iter()
            .filter(|event| names_unseen(&replay.state, event))
            .count() as u64;
        let faults = key_faults(&entry.ledger, &carried);
        let mut recorded = entry.placed(&replay.state, faults);
        recorded.events = carried;
        match replay.state.admit(&Arc::new(recorded)) {
            Ok(next) => replay.state = next,
            Err(rejection) => return self.rejects(index, &rejection),
        }
        match is_genesis {
            true => self.founded_with_this_key(index, &replay.state),
            false => Ok(()),
        }
    }

    fn signed(&mut self, state: &State, entry: &Parsed) -> Step<()> {
        let mut by_author = false;
        let mut keys = Vec::new();
        for signature in &entry.signatures {
            if let Err(rejection) = signed_by_valid_key(state, &entry.events, &signature.key) {
                return self.rejects(entry.index, &rejection);
            }
            if let Some((agent, key)) = owner_of(state, &entry.events, &signature.key) {
                by_author |= agent == entry.author;
                keys.push((key, signature));
            }
        }
        if !by_author {
            let found = format!("no signature by agent/{}", entry.author);
            return self.rejects(
                entry.index,
                &Rejection::new(Code::Signature, found, "the author's"),
            );
        }
        for (key, signature) in keys {
            self.signatures += 1;
            self.keys.insert(signature.key);
            if verify_one(&key, &entry.message, &signature.sig).is_err() {
                let found = format!("a signature by {} that does not hold", signature.key);
                let expected = "an Ed25519 signature over the DSSE encoding of the commit";
                return self.rejects(
                    entry.index,
                    &Rejection::new(Code::Signature, found, expected),
                );
            }
        }
        Ok(())
    }

    fn anchored(&mut self, replay: &mut Replay, entry: &Parsed) -> Step<()> {
        let Some((size, root)) = entry.anchor else {
            return Ok(());
        };
        replay.anchors.1 += 1;
        // Sizes beyond the entry's own index are for the rules.
        if size > entry.index {
            return Ok(());
        }
        let Some(expected) = replay.roots.at(size) else {
            return Ok(());
        };
        replay.anchors.0 += 1;
        if expected == root {
            return Ok(());
        }
        let found = format!("root {root} at size {size}");
        self.rejects(
            entry.index,
            &Rejection::new(Code::Anchor, found, expected.to_string()),
        )
    }

    fn founded_with_this_key(&mut self, index: Index, state: &State) -> Step<()> {
        let named = state.constitution().map(|facts| &facts.genesis().log_key.0);
        match named {
            Some(named) if named != self.asked.vkey => {
                let found = format!("{named} as the log's key");
                let expected = self.asked.vkey.to_string();
                self.rejects(index, &Rejection::new(Code::Genesis, found, expected))
            }
            _ => Ok(()),
        }
    }

    fn say_what_was_judged(&mut self, replay: &Replay) {
        let by = counted(self.keys.len() as u64, "key");
        self.holds(
            Part::Signatures,
            format!("{} by {by}", counted(self.signatures, "signature")),
        );
        match replay.anchors {
            (1, 1) => self.holds(
                Part::Anchors,
                "1 anchor is a root of this log".to_owned(),
            ),
            (shown, all) if shown == all => {
                self.holds(Part::Anchors, format!("{all} anchors are roots of this log"));
            }
            (shown, all) => self.unknown(
                Part::Anchors,
                format!(
                    "{shown} of {all} anchors are roots of this log; the others need entries that are not carried"
                ),
            ),
        }
        let others = match replay.of_others {
            0 => String::new(),
            others => format!("; {others} of other subjects not judged"),
        };
        let judged = format!(
            "{} judged by the rules in force at each{others}",
            counted(self.events, "event")
        );
        match replay.unseen {
            0 => self.holds(Part::Rules, judged),
            1 => self.unknown(
                Part::Rules,
                format!("{judged}; 1 names a claim that is not carried"),
            ),
            some => self.unknown(
                Part::Rules,
                format!("{judged}; {some} name claims that are not carried"),
            ),
        }
    }

    // ── 7. scores ──

    fn scores(&mut self, file: &BundleFile, state: &State) -> Step<Option<BoundClaim>> {
        let slug = self.asked.claim;
        let in_force = name_in_force(state);
        if !state.exists(&Subject::claim(slug.clone())) {
            let found = format!("claim/{slug}, which is not in effect");
            return self.fails(Part::Scores, None, found, "a claim that is");
        }
        if file.profile.model.as_str() != in_force {
            let found = format!("figures by {}", file.profile.model.as_str());
            let expected = format!("by {in_force}, the model in force");
            return self.fails(Part::Scores, None, found, expected);
        }
        let model = match model_in_force(state) {
            Ok(model) => model,
            Err(fault @ ModelFault::Unknown(_)) => {
                self.cannot_tell = true;
                self.unknown(Part::Scores, fault.to_string());
                return Err(Stop);
            }
            Err(ModelFault::OtherParameters(name)) => {
                let found = format!("{name} adopted with other parameters");
                let expected = "the parameters of the released model";
                return self.fails(Part::Scores, None, found, expected);
            }
        };
        let Some(profile) = profile(state, slug, model, &Filter::none()) else {
            return self.fails(Part::Scores, None, "no figures", "a profile");
        };
        let faults = differences(&file.profile, &profile);
        if !faults.is_empty() {
            self.faults.extend(faults);
            return Err(Stop);
        }
        self.holds(
            Part::Scores,
            format!(
                "11 figures by {}, parameters {}",
                model_name(model),
                model.spec()
            ),
        );
        Ok(bound(state, slug, profile))
    }

    // ── report ──

    fn report(self, bound: Option<BoundClaim>) -> BundleReport {
        let verdict = if !self.faults.is_empty() {
            Verdict::Fails
        } else if self.cannot_tell {
            Verdict::CannotTell
        } else {
            Verdict::Holds
        };
        let checks = Part::ALL.into_iter().map(|part| self.line_of(part));
        let head = self.head.as_ref();
        let newer = head.zip(self.mapped);
        BundleReport {
            asked: Subject::claim(self.asked.claim.clone()).to_string(),
            origin: self.asked.vkey.name().to_owned(),
            vkey: self.asked.vkey.to_string(),
            as_of: self.mapped.map(|(index, _)| index),
            recorded: self.mapped.map(|(_, recorded)| recorded),
            size: head.map(|head| head.size),
            root: head.map(|head| head.root),
            newer: newer.map(|(head, (map, _))| head.size.saturating_sub(map + 1)),
            cosignatures: self.words.cosignatures.clone(),
            not_after: self.words.not_after,
            newest_as_of: self.words.newest_as_of,
            entries: self.entries,
            events: self.events,
            signatures: self.signatures,
            keys: self.keys.len() as u64,
            bound: bound.filter(|_| verdict == Verdict::Holds),
            checks: checks.collect(),
            fault_count: self.faults.len() as u64,
            faults: self.faults.clone(),
            verdict,
        }
    }

    fn line_of(&self, part: Part) -> Check {
        let count = self
            .faults
            .iter()
            .filter(|fault| fault.part == part)
            .count();
        if count > 0 {
            return wrong(part, count as u64, &self.faults);
        }
        let (outcome, detail) = match self.done.get(&part) {
            Some(done) => done.clone(),
            None => (Outcome::Unknown, self.rest.to_owned()),
        };
        Check {
            part,
            outcome,
            detail,
        }
    }
}

fn bound(state: &State, slug: &Slug, profile: Profile) -> Option<BoundClaim> {
    let claim = state.claim(slug)?;
    Some(BoundClaim {
        statement: claim.wording.as_ref()?.statement.as_str().to_owned(),
        version: claim.version(),
        lifecycle: claim.status.lifecycle.word(),
        standing: claim.status.standing.word(),
        profile,
    })
}

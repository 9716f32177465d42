//! Claim bundles: nothing that bears on a claim can be left out, and nothing changed.
//!
//! With `GROUNDS_KEEP_BUNDLES=DIR` every bundle that is checked here is kept there, with what was
//! asked and how the check ended, for the second implementation to be held to.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};

use grounds::claim::{Act, Data, LedgerMapped, State};
use grounds::envelope::{Signed, possession_message};
use grounds::form::{AnyList, Form as _};
use grounds::hash::Hash;
use grounds::json::Json;
use grounds::ledger::Ledger;
use grounds::ledger::audit::{Fault, Freshness, Outcome, Part, Verdict};
use grounds::ledger::bundle::{
    Asked, BundleFile, BundleReport, Bundled, ClaimedProfile, MAX_FILE, NotBundled, StreamLeaf,
    Verbatim, bundle, check,
};
use grounds::projection::{Filter, Profile, model_in_force, profile};
use grounds::tlog::{Checkpoint, Cosigner, MapLeaf, SubjectMap, TlogPolicy, VerifierKey};
use grounds::trust::{Figure, Figures};
use grounds::value::{Address, Subject};

use crate::lab::{
    Lab, attestation, audited, claim, copy, evidence, head, line, log_key, paper, prepared,
    put_lines, slug, tree_of, vkey,
};
use crate::reference::{
    self,
    build::{act, key, keys_json, time},
};

const REFERENCE: &str = "individual-neurons-rarely-encode-single-concepts";

// --- asking ---------------------------------------------------------------------------------------

fn asked(bytes: &[u8], claim: &str, vkey: &VerifierKey) -> BundleReport {
    let slug = slug(claim);
    let report = check(bytes, &Asked::about(&slug, vkey));
    keep(bytes, claim, vkey, &report);
    report
}

/// Keeps a bundle for the second implementation.
fn keep(bytes: &[u8], claim: &str, vkey: &VerifierKey, report: &BundleReport) {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let Some(dir) = std::env::var_os("GROUNDS_KEEP_BUNDLES").map(std::path::PathBuf::from) else {
        return;
    };
    let number = NUMBER.fetch_add(1, Ordering::SeqCst);
    let thread = std::thread::current();
    let name = thread.name().unwrap_or("bundle").rsplit("::").next();
    let name = format!(
        "{}-{number:05}-{}",
        std::process::id(),
        name.unwrap_or("bundle")
    );
    let exit = match report.verdict {
        Verdict::Holds => 0,
        Verdict::CannotTell => 7,
        Verdict::Fails | Verdict::Damaged => 1,
    };
    let asked = serde_json::json!({
        "claim": claim, "vkey": vkey.to_string(), "exit": exit, "index": first_index(report),
        "checks": report.checks,
    });
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::write(dir.join(format!("{name}.claim.json")), bytes).unwrap();
    let text = serde_json::to_string_pretty(&asked).unwrap();
    std::fs::write(dir.join(format!("{name}.asked.json")), text).unwrap();
}

fn first_index(report: &BundleReport) -> Option<u64> {
    report.faults.iter().filter_map(|fault| fault.index).min()
}

#[track_caller]
fn holds(bytes: &[u8], claim: &str) -> BundleReport {
    let report = asked(bytes, claim, &vkey());
    assert_eq!(report.verdict, Verdict::Holds, "{:#?}", report.faults);
    let bound = report.bound.as_ref().unwrap();
    assert!(!bound.statement.is_empty());
    assert_eq!(report.asked, format!("claim/{claim}"));
    assert!(report.as_of.is_some() && report.size.is_some() && report.recorded.is_some());
    report
}

/// The check fails in this part, and says nothing of any claim.
#[track_caller]
fn fails(bytes: &[u8], claim: &str, part: Part) -> Fault {
    let report = asked(bytes, claim, &vkey());
    assert_eq!(report.verdict, Verdict::Fails, "{:#?}", report.checks);
    assert_eq!(report.bound, None);
    let first = report.faults[0].clone();
    assert_eq!(first.part, part, "{:#?}", report.faults);
    let line = report.checks.iter().find(|check| check.part == part);
    assert_eq!(line.unwrap().outcome, Outcome::Fails);
    first
}

fn read(bytes: &[u8]) -> BundleFile {
    BundleFile::read(&Json::parse(bytes).unwrap()).unwrap()
}

fn bytes_of(file: &BundleFile) -> Vec<u8> {
    file.write().to_bytes()
}

fn changed(bytes: &[u8], change: impl FnOnce(&mut BundleFile)) -> Vec<u8> {
    let mut file = read(bytes);
    change(&mut file);
    bytes_of(&file)
}

fn made(lab: &Lab, claim: &str) -> Bundled {
    let ledger = Ledger::open(&lab.dir(), Some(&vkey())).unwrap();
    bundle(&ledger, &slug(claim), None).unwrap()
}

// --- a ledger with all that can be left out ---------------------------------------------------------

fn voice(name: &str, reliability: &str) -> Act {
    act(
        &format!("agent/{name}"),
        "agent.registered",
        None,
        &format!(
            r#"{{"name":"{name}","kind":"human","roles":["attester","contributor","curator"],"community":"{name}s","reliability":"{reliability}","keys":{}}}"#,
            keys_json(name)
        ),
    )
}

fn revoked(name: &str, rest: &str) -> Act {
    act(
        &format!("agent/{name}"),
        "agent.key_revoked",
        None,
        &format!(r#"{{"key":"{}",{rest}}}"#, key(name).public().id()),
    )
}

fn said(subject: &str, kind: &str, data: &str) -> Act {
    act(subject, kind, None, data)
}

fn appraised(paper: &str) -> Act {
    said(
        &format!("artifact/{paper}"),
        "artifact.appraised",
        r#"{"credibility":"0.8","methodology":"0.7","replication":"0.6"}"#,
    )
}

fn retracted(paper: &str, by: &str) -> Act {
    said(
        &format!("artifact/{paper}"),
        "artifact.standing_changed",
        &format!(
            r#"{{"standing":"retracted","reason":"Its data were made up.","by":"artifact/{by}"}}"#
        ),
    )
}

fn scoped(claim: &str) -> Act {
    said(
        &format!("claim/{claim}"),
        "claim.scoped",
        r#"{"relation":"holds_in","context":"context/small","breadth":"0.4"}"#,
    )
}

fn contexts() -> Act {
    said(
        "context/small",
        "context.defined",
        r#"{"name":"Small models","kind":"model_scale"}"#,
    )
}

/// Where the things stand that are left out.
struct Argued {
    lab: Lab,
    support: u64,
    dispute: u64,
    attestation: u64,
    retraction: u64,
    revocation: u64,
    newest: u64,
    map: u64,
}

/// The claim x with two papers for and one against, attested to, scoped, linked; one paper was
/// retracted, an attester's key revoked; much else that has nothing to do with it; then a map.
fn argued() -> Argued {
    let lab = Lab::founded();
    lab.record("ada", &[voice("bea", "0.8"), voice("cid", "0.6")]);
    lab.record("ada", &[voice("dot", "0.5")]);
    lab.record("ada", &[contexts(), claim("x"), claim("y")]);
    lab.record(
        "ada",
        &[paper("z"), paper("w"), paper("v"), paper("u"), paper("t")],
    );
    lab.record("bea", &[appraised("z"), appraised("w"), appraised("t")]);
    let support = lab
        .record("ada", &[evidence("x", "z", "supports", "0.8")])
        .index;
    let dispute = lab
        .record("cid", &[evidence("x", "w", "disputes", "0.7")])
        .index;
    lab.record("cid", &[evidence("x", "t", "supports", "0.5")]);
    lab.record(
        "cid",
        &[evidence("y", "u", "supports", "0.7"), appraised("u")],
    );
    let attestation = lab
        .record("bea", &[self::attestation("x", "disputes", "0.9")])
        .index;
    lab.record("cid", &[self::attestation("x", "verifies", "0.5")]);
    lab.record("ada", &[scoped("x")]);
    let link = r#"{"relation":"contradicts","target":"claim/y"}"#;
    lab.record("ada", &[said("claim/x", "claim.linked", link)]);
    let retraction = lab.record("bea", &[retracted("t", "v")]).index;
    let revocation = lab
        .record("ada", &[revoked("cid", r#""reason":"rotated""#)])
        .index;
    let newest = lab
        .record(
            "ada",
            &[said(
                "claim/x",
                "note.added",
                r#"{"text":"Read it twice."}"#,
            )],
        )
        .index;
    lab.record(
        "dot",
        &[said("claim/y", "note.added", r#"{"text":"Not so."}"#)],
    );
    let map = mapped(&lab);
    Argued {
        lab,
        support,
        dispute,
        attestation,
        retraction,
        revocation,
        newest,
        map,
    }
}

/// Records a map; its index.
pub(crate) fn mapped(lab: &Lab) -> u64 {
    lab.clock.pass(60);
    let mut appender = lab.open();
    let index = appender.record_map().unwrap().index;
    appender.close().unwrap();
    index
}

/// The bundle of a claim in which one entry is as these lines have it, under a head of all of them.
pub(crate) fn forged(lab: &Lab, claim: &str, lines: &[String], index: u64) -> BundleReport {
    let mut file = read(&made(lab, claim).bytes);
    let carried = file.entries.0.iter_mut().find(|line| line.index == index);
    let line = lines[usize::try_from(index).unwrap()].clone();
    carried.expect("the bundle carries it").entry = Verbatim(line);
    under_a_head_of(&mut file, lines);
    asked(&bytes_of(&file), claim, &vkey())
}

fn figures_of(lab: &Lab, claim: &str, filter: &Filter) -> Profile {
    let ledger = Ledger::open(&lab.dir(), Some(&vkey())).unwrap();
    let model = model_in_force(ledger.state()).unwrap();
    profile(ledger.state(), &slug(claim), model, filter).unwrap()
}

/// The profile as a liar would put it, who left out an event.
fn fitting(file: &mut BundleFile, lab: &Lab, index: u64) {
    let without = Filter::without(Address {
        entry: index,
        position: 0,
    });
    file.profile.figures = figures_of(lab, "x", &without).figures;
}

// --- what holds -------------------------------------------------------------------------------------

#[test]
fn the_reference_claim_fits_into_100_kb_and_is_checked_in_under_a_second() {
    let ledger = Ledger::open(&reference::folder(), None).unwrap();
    let made = bundle(&ledger, &slug(REFERENCE), None).unwrap();
    assert!(made.bytes.len() <= 100_000, "{} bytes", made.bytes.len());
    let started = std::time::Instant::now();
    let report = holds(&made.bytes, REFERENCE);
    assert!(
        started.elapsed().as_millis() < 1000,
        "{:?}",
        started.elapsed()
    );
    let unknown: Vec<Part> = (report.checks.iter())
        .filter(|check| check.outcome != Outcome::Holds)
        .map(|check| check.part)
        .collect();
    assert_eq!(unknown, [Part::Witnesses]);
    // The figures of the page (design, model.md 5).
    let figures = report.bound.unwrap().profile.figures;
    assert_eq!((figures.supp, figures.cont), (Some(596_213), Some(581_955)));
}

#[test]
fn a_bundle_holds_and_says_of_which_claim_at_which_head_as_of_when() {
    let argued = argued();
    let made = made(&argued.lab, "x");
    let report = holds(&made.bytes, "x");
    assert_eq!(report.as_of, Some(argued.map));
    assert_eq!(report.newer, Some(0));
    assert_eq!(report.size, Some(argued.map + 1));
    let bound = report.bound.unwrap();
    assert_eq!(bound.profile, figures_of(&argued.lab, "x", &Filter::none()));
    assert!(bound.profile.figures.cont.is_some());
    let carried = subjects(&made.bytes);
    // The paper that took the retracted one's place is there; the other claim and its paper, the
    // agent who only spoke of it, and the log's own stream are not.
    for there in [
        "artifact/t",
        "artifact/v",
        "context/small",
        "agent/ada",
        "agent/bea",
        "ledger",
    ] {
        assert!(carried.contains(there), "{there}: {carried:?}");
    }
    for not in ["claim/y", "artifact/u", "agent/dot", "agent/log"] {
        assert!(!carried.contains(not), "{not}: {carried:?}");
    }
    let rules = report
        .checks
        .iter()
        .find(|check| check.part == Part::Rules)
        .unwrap();
    assert_eq!(rules.outcome, Outcome::Unknown);
    assert!(
        rules
            .detail
            .ends_with("1 names a claim that is not carried"),
        "{}",
        rules.detail
    );
}

fn subjects(bytes: &[u8]) -> BTreeSet<String> {
    let streams = read(bytes).streams.0;
    streams
        .iter()
        .map(|stream| stream.subject.to_string())
        .collect()
}

#[test]
fn every_claim_at_every_map_has_a_bundle_that_shows_what_show_shows() {
    let argued = argued();
    argued
        .lab
        .record("ada", &[evidence("y", "v", "disputes", "0.3")]);
    argued
        .lab
        .record("bea", &[self::attestation("y", "verifies", "1")]);
    let second = mapped(&argued.lab);
    argued
        .lab
        .record("ada", &[evidence("x", "v", "supports", "0.9")]);
    let ledger = Ledger::open(&argued.lab.dir(), Some(&vkey())).unwrap();
    for (at, map) in [
        (argued.map, argued.map),
        (second, second),
        (second + 1, second),
    ] {
        let as_of = format!("@{at}").parse().unwrap();
        let then = format!("@{map}").parse().unwrap();
        let state = ledger.state_as_of(Some(&then)).unwrap();
        let model = model_in_force(&state).unwrap();
        for name in ["x", "y"] {
            let made = bundle(&ledger, &slug(name), Some(&as_of)).unwrap();
            let report = holds(&made.bytes, name);
            assert_eq!(report.as_of, Some(map));
            assert_eq!(report.newer, Some(second + 1 - map));
            let expected = profile(&state, &slug(name), model, &Filter::none());
            assert_eq!(report.bound.map(|bound| bound.profile), expected);
        }
    }
    let before = format!("@{}", argued.map - 1).parse().unwrap();
    let none = bundle(&ledger, &slug("x"), Some(&before));
    assert!(matches!(none, Err(NotBundled::NoMap { .. })));
}

#[test]
fn what_a_compromised_key_signed_is_set_aside_in_a_bundle_as_in_the_ledger() {
    let argued = argued();
    let lab = &argued.lab;
    // One entry of Dot's on two claims: whether it stands is judged by both.
    lab.record(
        "dot",
        &[
            self::attestation("x", "verifies", "1"),
            self::attestation("y", "disputes", "1"),
        ],
    );
    let since = lab
        .record("dot", &[evidence("x", "v", "disputes", "1")])
        .index;
    let before = figures_of(lab, "x", &Filter::none());
    let rest = format!(r#""reason":"compromised","since":{}"#, since - 1);
    lab.record("ada", &[revoked("dot", &rest)]);
    mapped(lab);
    let aside = figures_of(lab, "x", &Filter::none());
    assert_ne!(before.figures, aside.figures);
    let bytes = made(lab, "x").bytes;
    assert!(subjects(&bytes).contains("claim/y"));
    assert_eq!(holds(&bytes, "x").bound.unwrap().profile, aside);
    // The revocation left out, and the figures as they were before it.
    let revocation = lab.lines().len() as u64 - 2;
    let lie = changed(&bytes, |file| {
        file.entries.0.retain(|line| line.index != revocation);
        file.profile.figures = before.figures;
    });
    let fault = fails(&lie, "x", Part::Chains);
    assert_eq!(fault.index, Some(revocation));
    assert!(
        fault.found.contains("1 event of agent/dot"),
        "{}",
        fault.found
    );
    // Reaffirmed, it counts again.
    lab.record(
        "ada",
        &[said(
            "claim/x",
            "event.reaffirmed",
            r#"{"ref":11,"reason":"Dot said so again."}"#,
        )],
    );
    mapped(lab);
    let brought_back = figures_of(lab, "x", &Filter::none());
    assert_ne!(aside.figures, brought_back.figures);
    assert_eq!(
        holds(&made(lab, "x").bytes, "x").bound.unwrap().profile,
        brought_back
    );
}

/// Whatever happened in a ledger: what its streams alone show of a claim is what the whole shows.
#[test]
fn a_claims_streams_alone_show_what_the_whole_ledger_shows() {
    let seeds = if std::env::var_os("GROUNDS_FULL").is_some() {
        200
    } else {
        12
    };
    let mut aside = 0;
    for seed in 0..seeds {
        let lab = happened(seed);
        let ledger = Ledger::open(&lab.dir(), Some(&vkey())).unwrap();
        aside += ledger.state().set_aside().count();
        for name in ["x", "y"] {
            match bundle(&ledger, &slug(name), None) {
                Ok(made) => {
                    let report = holds(&made.bytes, name);
                    let whole = figures_of(&lab, name, &Filter::none());
                    assert_eq!(report.bound.unwrap().profile, whole, "seed {seed}, {name}");
                }
                // Its assertion is set aside.
                Err(error) => assert!(matches!(error, NotBundled::NoClaim { .. }), "{error}"),
            }
        }
    }
    assert!(aside > 5, "{aside} events were set aside in all");
}

/// A sequence of numbers that looks like chance and is the same every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[usize::try_from(self.below(of.len() as u64)).unwrap()]
    }
}

const VOICES: [&str; 3] = ["bea", "cid", "dot"];
const PAPERS: [&str; 4] = ["z", "w", "v", "u"];

/// An agent with two keys, named after it.
fn two_keys(name: &str) -> String {
    let claims = [name.to_owned(), format!("{name}-2")].map(|seed| {
        let own = key(&seed);
        let message = possession_message(&crate::lab::origin(), &slug(name), &own.public());
        let proof = own.sign(&message);
        grounds::claim::KeyClaim {
            key: own.public(),
            proof,
        }
        .write()
        .to_text()
    });
    format!("[{}]", claims.join(","))
}

fn happened(seed: u64) -> Lab {
    let lab = Lab::founded();
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) + 1);
    let voices = VOICES.map(|name| {
        let reliability = ["0.3", "0.6", "1"][usize::try_from(dice.below(3)).unwrap()];
        let data = format!(
            r#"{{"name":"{name}","kind":"human","roles":["attester","contributor","curator"],"reliability":"{reliability}","keys":{}}}"#,
            two_keys(name)
        );
        said(&format!("agent/{name}"), "agent.registered", &data)
    });
    lab.record("ada", &voices);
    lab.record("ada", &PAPERS.map(paper));
    lab.record("ada", &[contexts(), claim("x")]);
    lab.record("bea", &[claim("y")]);
    let mut appender = lab.open();
    for _ in 0..60 {
        lab.clock.pass(60);
        let author = dice.one(&["ada", "bea", "cid", "dot"]);
        let count = [1, 1, 1, 2, 3][usize::try_from(dice.below(5)).unwrap()];
        let acts: Vec<Act> = (0..count)
            .map(|_| acted(&mut dice, appender.state()))
            .collect();
        // Only the steward revokes.
        let revokes = |act: &Act| matches!(act.data, Data::KeyRevoked(_));
        let author = if acts.iter().any(revokes) {
            "ada"
        } else {
            author
        };
        let commit = lab.commit(&appender, author, &acts);
        let second = author != "ada" && dice.below(3) == 0;
        let own = if second {
            format!("{author}-2")
        } else {
            author.to_owned()
        };
        let mut signed = Signed::seal(commit, &key(&own));
        if dice.below(4) == 0 {
            let other = dice.one(&["ada", "bea", "cid-2", "dot"]);
            if other != own {
                signed.sign(&key(other));
            }
        }
        // Much of it is refused: that is not what is asked here.
        if appender.stage(&signed.to_bytes()).is_ok() {
            appender.flush().unwrap();
        }
    }
    lab.clock.pass(60);
    appender.record_map().unwrap();
    appender.close().unwrap();
    lab
}

fn acted(dice: &mut Dice, state: &State) -> Act {
    let claim_slug = dice.one(&["x", "y"]);
    let subject = format!("claim/{claim_slug}");
    let (on, length) = {
        let parsed: Subject = subject.parse().unwrap();
        (
            subject.as_str(),
            state.stream(&parsed).map_or(0, |head| head.seq),
        )
    };
    let seq = 1 + dice.below(length.max(1));
    let paper = dice.one(&PAPERS);
    let strength = dice.one(&["0.2", "0.7", "1"]);
    match dice.below(16) {
        0 => claim(claim_slug),
        1 | 2 => evidence(claim_slug, paper, "supports", strength),
        3 | 4 => evidence(claim_slug, paper, "disputes", strength),
        5 => self::attestation(claim_slug, dice.one(&["verifies", "disputes"]), strength),
        6 => appraised(paper),
        7 => match dice.one(&PAPERS) {
            by if by == paper => appraised(paper),
            by => retracted(paper, by),
        },
        8 => scoped(claim_slug),
        9 => said(
            on,
            "evidence.withdrawn",
            &format!(r#"{{"ref":{seq},"reason":"No."}}"#),
        ),
        10 => said(
            on,
            "attestation.withdrawn",
            &format!(r#"{{"ref":{seq},"reason":"No."}}"#),
        ),
        11 => said(
            on,
            "claim.revised",
            r#"{"summary":"Seen again.","reason":"Clearer."}"#,
        ),
        12 => said(on, "note.added", r#"{"text":"So it is."}"#),
        13 => said(
            on,
            "event.reaffirmed",
            &format!(r#"{{"ref":{seq},"reason":"It was so."}}"#),
        ),
        14 => {
            let who = dice.one(&VOICES);
            let which = if dice.below(2) == 0 {
                who.to_owned()
            } else {
                format!("{who}-2")
            };
            let since = dice.below(state.size() + 1);
            let id = key(&which).public().id();
            let data = format!(r#"{{"key":"{id}","reason":"compromised","since":{since}}}"#);
            said(&format!("agent/{who}"), "agent.key_revoked", &data)
        }
        _ => said(
            on,
            "claim.status_changed",
            r#"{"standing":"contested","note":"Two sides."}"#,
        ),
    }
}

// --- what is left out -------------------------------------------------------------------------------

#[test]
fn nothing_that_bears_on_a_claim_can_be_left_out() {
    let argued = argued();
    let lab = &argued.lab;
    let bytes = made(lab, "x").bytes;
    let left_out = [
        ("a dispute", argued.dispute, "claim/x"),
        ("an attestation", argued.attestation, "claim/x"),
        ("a retraction", argued.retraction, "artifact/t"),
        ("a key revocation", argued.revocation, "agent/cid"),
        ("the newest entry", argued.newest, "claim/x"),
        ("support", argued.support, "claim/x"),
    ];
    for (what, index, subject) in left_out {
        let without = |file: &mut BundleFile| file.entries.0.retain(|line| line.index != index);
        let plain = changed(&bytes, without);
        let fitted = changed(&bytes, |file| {
            without(file);
            fitting(file, lab, index);
        });
        for lie in [&plain, &fitted] {
            let fault = fails(lie, "x", Part::Chains);
            let message = format!("{what}: {}, {}", fault.found, fault.expected);
            assert!(fault.found.ends_with(&format!("of {subject}")), "{message}");
            let claimed = format!("the log's signed map in @{} says so", argued.map);
            assert!(fault.expected.contains(&claimed), "{message}");
            // Said: how many were found, how many are missing, and where.
            let stream = read(&bytes).streams.0.into_iter();
            let mut stream = stream.filter(|stream| stream.subject.to_string() == subject);
            let length = stream.next().unwrap().leaf.unwrap().length;
            assert!(
                fault.found.starts_with(&format!("{} event", length - 1)),
                "{message}"
            );
            assert!(fault.expected.starts_with(&length.to_string()), "{message}");
        }
        // The head of the stream adjusted too: that is not what the map says.
        let shortened = changed(&bytes, |file| {
            without(file);
            fitting(file, lab, index);
            for stream in &mut file.streams.0 {
                if stream.subject.to_string() == subject {
                    let leaf = stream.leaf.as_mut().unwrap();
                    leaf.length -= 1;
                }
            }
        });
        let fault = fails(&shortened, "x", Part::Tree);
        assert!(fault.found.contains(subject), "{what}: {}", fault.found);
        // And with a stream that ends before it: id and place of what would be its last event.
        let cut = changed(&bytes, |file| cut_off(file, lab, subject, index));
        assert!(
            [Part::Tree, Part::Chains].contains(&fails_somewhere(&cut)),
            "{what}"
        );
    }
}

#[track_caller]
fn fails_somewhere(bytes: &[u8]) -> Part {
    let report = asked(bytes, "x", &vkey());
    assert_eq!(report.verdict, Verdict::Fails);
    report.faults[0].part
}

/// Leaves an entry out and lets the stream end before it, as consistently as can be.
fn cut_off(file: &mut BundleFile, lab: &Lab, subject: &str, index: u64) {
    let ledger = Ledger::open(&lab.dir(), Some(&vkey())).unwrap();
    let subject: Subject = subject.parse().unwrap();
    let history = ledger.state().history().iter();
    let mut events = history.flat_map(|entry| entry.events.clone());
    let last = events.rfind(|event| event.subject == subject && event.address.entry < index);
    file.entries.0.retain(|line| line.index != index);
    for stream in &mut file.streams.0 {
        if stream.subject == subject {
            stream.leaf = last.as_ref().map(|event| StreamLeaf {
                entry: event.address.entry,
                last: event.id,
                length: event.seq,
            });
        }
    }
    fitting(file, lab, index);
}

#[test]
fn a_stream_that_is_needed_cannot_be_dropped_nor_one_be_added() {
    let argued = argued();
    let bytes = made(&argued.lab, "x").bytes;
    for subject in subjects(&bytes) {
        let lie = changed(&bytes, |file| {
            file.streams
                .0
                .retain(|stream| stream.subject.to_string() != subject);
        });
        let fault = fails(&lie, "x", Part::Chains);
        assert!(fault.found.contains(&subject), "{subject}: {}", fault.found);
    }
    // Another one, truly proved, with all its entries: more than was asked is not a bundle.
    let other = read(&made(&argued.lab, "y").bytes);
    let lie = changed(&bytes, |file| {
        for line in &other.entries.0 {
            if file.entries.0.iter().all(|own| own.index != line.index) {
                file.entries.0.push(line.clone());
            }
        }
        file.entries.0.sort_by_key(|line| line.index);
        let stream = other
            .streams
            .0
            .iter()
            .find(|stream| stream.subject.to_string() == "claim/y");
        file.streams.0.push(stream.unwrap().clone());
        file.streams
            .0
            .sort_by_key(|stream| stream.subject.to_string());
    });
    let fault = fails(&lie, "x", Part::Chains);
    assert!(fault.found.contains("claim/y"), "{}", fault.found);
}

#[test]
fn an_absent_stream_cannot_be_claimed_present_nor_a_present_one_absent() {
    let argued = argued();
    let bytes = made(&argued.lab, "x").bytes;
    let leaf = read(&bytes)
        .streams
        .0
        .iter()
        .find_map(|stream| stream.leaf.clone());
    // Ada is known from the genesis alone, and has no stream.
    let present = changed(&bytes, |file| {
        let stream = file
            .streams
            .0
            .iter_mut()
            .find(|stream| stream.leaf.is_none())
            .unwrap();
        assert_eq!(stream.subject.to_string(), "agent/ada");
        stream.leaf = leaf;
    });
    assert!(fails(&present, "x", Part::Tree).found.contains("agent/ada"));
    for (place, stream) in read(&bytes).streams.0.iter().enumerate() {
        if stream.leaf.is_some() {
            let absent = changed(&bytes, |file| file.streams.0[place].leaf = None);
            let fault = fails(&absent, "x", Part::Tree);
            assert!(
                fault
                    .found
                    .starts_with(&format!("{} as absent", stream.subject))
            );
        }
    }
}

#[test]
fn proofs_of_streams_cannot_be_swapped() {
    let argued = argued();
    let bytes = made(&argued.lab, "x").bytes;
    let count = read(&bytes).streams.0.len();
    for place in 1..count {
        let lie = changed(&bytes, |file| {
            let proof = file.streams.0[0].proof.clone();
            file.streams.0[0].proof = std::mem::replace(&mut file.streams.0[place].proof, proof);
        });
        fails(&lie, "x", Part::Tree);
    }
}

// --- what is changed --------------------------------------------------------------------------------

#[test]
fn every_figure_is_compared() {
    let argued = argued();
    let bytes = made(&argued.lab, "x").bytes;
    let json: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    let with = |path: &str, value: serde_json::Value| {
        let mut json = json.clone();
        *json.pointer_mut(path).unwrap() = value;
        canonical(&json)
    };
    assert_eq!(canonical(&json), bytes);
    for figure in Figure::ALL {
        let path = format!("/profile/figures/{}", figure.short());
        let ppm = json.pointer(&path).unwrap().as_u64();
        for other in [ppm.map(|ppm| ppm.abs_diff(1)), ppm.xor(Some(0))] {
            let fault = fails(&with(&path, other.into()), "x", Part::Scores);
            assert!(fault.found.starts_with(figure.short()), "{}", fault.found);
        }
    }
    for figure in ["supp", "fron", "stab"] {
        for part in ["present", "whole"] {
            let lie = with(&format!("/profile/coverage/{figure}/{part}"), 99.into());
            assert!(fails(&lie, "x", Part::Scores).found.contains(figure));
        }
    }
    let assumed = with("/profile/assumed", serde_json::json!(["evid"]));
    assert!(
        fails(&assumed, "x", Part::Scores)
            .found
            .contains("assumed evid")
    );
    let model = with("/profile/model", "claim_support_vector@v2.0".into());
    assert!(fails(&model, "x", Part::Scores).found.contains("v2.0"));
}

fn canonical(json: &serde_json::Value) -> Vec<u8> {
    // serde_json sorts the names of objects, and all of ours are ASCII.
    serde_json::to_vec(json).unwrap()
}

#[test]
fn a_bundle_of_another_claim_or_of_another_log_is_refused() {
    let argued = argued();
    let bytes = made(&argued.lab, "x").bytes;
    assert!(fails(&bytes, "y", Part::Bytes).found.contains("claim/x"));
    let renamed = changed(&bytes, |file| file.claim = "claim/y".parse().unwrap());
    fails(&renamed, "y", Part::Chains);
    let signer = |origin: &str, seed: &str| {
        let key = ed25519_dalek::SigningKey::from_bytes(&key(seed).seed());
        grounds::tlog::NoteSigner::new(origin, key)
            .unwrap()
            .verifier()
            .clone()
    };
    for other in [
        signer("grounds.example/other", "log"),
        signer(reference::build::ORIGIN, "ada"),
    ] {
        let report = asked(&bytes, "x", &other);
        assert_eq!(report.verdict, Verdict::Fails);
        assert_eq!(report.faults[0].part, Part::Checkpoint);
    }
    let other = changed(&bytes, |file| {
        file.origin = "grounds.example/other".parse().unwrap()
    });
    fails(&other, "x", Part::Checkpoint);
}

#[test]
fn an_old_bundle_says_that_it_is_old() {
    let argued = argued();
    let old = made(&argued.lab, "x").bytes;
    argued
        .lab
        .record("ada", &[evidence("x", "v", "disputes", "1")]);
    let newest = mapped(&argued.lab);
    // Under its own head nothing is newer: it holds, and says as of when.
    let report = holds(&old, "x");
    assert_eq!((report.as_of, report.newer), (Some(argued.map), Some(0)));
    // Cut at the old map under the newest head, it says how much is newer.
    let ledger = Ledger::open(&argued.lab.dir(), Some(&vkey())).unwrap();
    let as_of = format!("@{}", argued.map).parse().unwrap();
    let cut = bundle(&ledger, &slug("x"), Some(&as_of)).unwrap();
    assert_eq!(cut.newer(), newest - argued.map);
    assert_eq!(holds(&cut.bytes, "x").newer, Some(newest - argued.map));
    // The old entries with the new map: the map knows better.
    let new = read(&made(&argued.lab, "x").bytes);
    let lie = changed(&cut.bytes, |file| {
        file.map = new.map.clone();
        file.entries.0.pop();
        file.entries.0.push(new.entries.0.last().unwrap().clone());
        file.checkpoint = new.checkpoint.clone();
    });
    fails(&lie, "x", Part::Tree);
}

#[test]
fn the_map_is_the_one_that_the_log_signed_for_just_this_entry() {
    let argued = argued();
    let bytes = made(&argued.lab, "x").bytes;
    for index in [
        0,
        1,
        argued.dispute,
        argued.map - 1,
        argued.map + 1,
        1 << 40,
    ] {
        let lie = changed(&bytes, |file| file.map.index = index);
        assert!(fails(&lie, "x", Part::Bytes).index.is_some());
    }
    // An entry before it as the map, with nothing after it.
    let lie = changed(&bytes, |file| {
        file.map.index = argued.newest;
        file.entries.0.retain(|line| line.index <= argued.newest);
    });
    let fault = fails(&lie, "x", Part::Tree);
    assert_eq!(
        (fault.index, fault.code),
        (Some(argued.newest), Some("map"))
    );
}

/// A log can be made to hold a map that somebody else signed; a bundle of it proves nothing.
#[test]
fn a_map_that_another_key_signed_is_no_map() {
    let argued = argued();
    let lab = &argued.lab;
    let honest = made(lab, "x").bytes;
    let mut lines = lab.lines();
    let forged = lines.pop().unwrap();
    let entry = grounds::envelope::Entry::parse(forged.as_bytes()).unwrap();
    let mut signed = entry.signed.clone();
    signed.signatures.clear();
    signed.sign(&key("ada"));
    lines.push(line(&signed.to_bytes(), entry.recorded));
    let lie = changed(&honest, |file| {
        file.entries.0.last_mut().unwrap().entry = Verbatim(lines.last().unwrap().clone());
        under_a_head_of(file, &lines);
    });
    let fault = fails(&lie, "x", Part::Tree);
    assert_eq!((fault.index, fault.code), (Some(argued.map), Some("map")));
    assert!(fault.found.contains("a signature by"), "{}", fault.found);
}

/// Paths and checkpoint as a log has them that holds these lines.
fn under_a_head_of(file: &mut BundleFile, lines: &[String]) {
    let tree = tree_of(lines);
    file.checkpoint = Verbatim(String::from_utf8(head(&tree)).unwrap());
    for carried in &mut file.entries.0 {
        carried.path = AnyList(tree.inclusion(carried.index, tree.size()).unwrap());
    }
}

#[test]
fn entries_stand_once_in_order_and_with_their_own_paths() {
    let argued = argued();
    let bytes = made(&argued.lab, "x").bytes;
    let twice = changed(&bytes, |file| {
        let line = file.entries.0[3].clone();
        file.entries.0.insert(3, line);
    });
    fails(&twice, "x", Part::Bytes);
    let out_of_order = changed(&bytes, |file| file.entries.0.swap(2, 3));
    fails(&out_of_order, "x", Part::Bytes);
    let streams = changed(&bytes, |file| file.streams.0.swap(0, 1));
    fails(&streams, "x", Part::Bytes);
    let renumbered = changed(&bytes, |file| {
        let count = file.entries.0.len();
        let last = &mut file.entries.0[count - 2];
        last.index += 1;
    });
    fails(&renumbered, "x", Part::Tree);
    for place in 0..read(&bytes).entries.0.len() {
        let index = read(&bytes).entries.0[place].index;
        let longer = changed(&bytes, |file| file.entries.0[place].path.0.push(Hash::ZERO));
        assert_eq!(fails(&longer, "x", Part::Tree).index, Some(index));
        let shorter = changed(&bytes, |file| {
            file.entries.0[place].path.0.pop();
        });
        assert_eq!(fails(&shorter, "x", Part::Tree).index, Some(index));
        let none = changed(&bytes, |file| file.entries.0[place].path.0.clear());
        assert_eq!(fails(&none, "x", Part::Tree).index, Some(index));
    }
}

#[test]
fn an_entry_that_is_not_needed_is_refused() {
    let argued = argued();
    let lab = &argued.lab;
    let bytes = made(lab, "x").bytes;
    let carried: Vec<u64> = read(&bytes)
        .entries
        .0
        .iter()
        .map(|line| line.index)
        .collect();
    let lines = lab.lines();
    let idle = (0..argued.map)
        .find(|index| !carried.contains(index))
        .unwrap();
    let lie = changed(&bytes, |file| {
        let mut line = file.entries.0[0].clone();
        line.index = idle;
        line.entry = Verbatim(lines[usize::try_from(idle).unwrap()].clone());
        file.entries.0.push(line);
        file.entries.0.sort_by_key(|line| line.index);
        under_a_head_of(file, &lines);
    });
    let fault = fails(&lie, "x", Part::Chains);
    assert_eq!(fault.index, Some(idle));
}

#[test]
fn unknown_fields_and_numbers_out_of_range_are_refused() {
    let argued = argued();
    let bytes = made(&argued.lab, "x").bytes;
    let json: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    let objects = [
        "",
        "/map",
        "/entries/0",
        "/streams/0",
        "/streams/1/leaf",
        "/streams/0/proof",
        "/profile",
        "/profile/figures",
        "/profile/coverage",
        "/profile/coverage/supp",
    ];
    for path in objects {
        let mut json = json.clone();
        let object = json.pointer_mut(path).unwrap().as_object_mut().unwrap();
        object.insert("zz".to_owned(), 1.into());
        fails(&canonical(&json), "x", Part::Bytes);
    }
    let numbers = [
        ("/v", serde_json::json!(2)),
        ("/v", serde_json::json!("1")),
        ("/map/index", serde_json::json!(-1)),
        ("/map/index", serde_json::json!(9_007_199_254_740_992_u64)),
        ("/map/index", serde_json::json!(1.5)),
        ("/entries/0/index", serde_json::json!(u64::MAX)),
        ("/entries/0/index", serde_json::json!(null)),
        ("/streams/1/leaf/length", serde_json::json!(0)),
        ("/streams/1/leaf/entry", serde_json::json!(-5)),
        ("/streams/1/leaf", serde_json::json!(null)),
        ("/profile/figures/evid", serde_json::json!(1_000_001)),
        ("/profile/figures/evid", serde_json::json!(-1)),
        ("/profile/figures/evid", serde_json::json!(0.5)),
        ("/profile/figures", serde_json::json!([])),
        ("/streams/0/proof/bitmap", serde_json::json!("00")),
        ("/claim", serde_json::json!("view/x")),
        ("/origin", serde_json::json!("")),
        ("/entries", serde_json::json!([])),
        ("/streams", serde_json::json!([])),
    ];
    for (path, value) in numbers {
        let mut json = json.clone();
        *json.pointer_mut(path).unwrap() = value;
        fails(&canonical(&json), "x", Part::Bytes);
    }
    let mut spaced = bytes.clone();
    spaced.push(b'\n');
    fails(&spaced, "x", Part::Bytes);
    fails(b"", "x", Part::Bytes);
    fails(b"{}", "x", Part::Bytes);
}

#[test]
fn a_bundle_is_refused_by_its_length_before_it_is_read() {
    let junk = vec![b'['; 10_000_000];
    let started = std::time::Instant::now();
    let report = check(&junk, &Asked::about(&slug("x"), &vkey()));
    assert_eq!(report.faults[0].code, Some("limit"));
    assert!(report.faults[0].expected.contains(&MAX_FILE.to_string()));
    assert!(started.elapsed().as_millis() < 100);
}

/// Every 23rd byte by default, every one in the full run.
#[test]
fn no_byte_of_a_bundle_can_change_unseen() {
    let ledger = Ledger::open(&reference::folder(), None).unwrap();
    let bytes = bundle(&ledger, &slug(REFERENCE), None).unwrap().bytes;
    let step = if std::env::var_os("GROUNDS_FULL").is_some() {
        1
    } else {
        23
    };
    let (claim, vkey) = (slug(REFERENCE), vkey());
    let asked = Asked::about(&claim, &vkey);
    for place in (0..bytes.len()).step_by(step) {
        for change in [1, 0x20] {
            let mut lie = bytes.clone();
            lie[place] ^= change;
            let report = check(&lie, &asked);
            assert_eq!(
                report.verdict,
                Verdict::Fails,
                "byte {place}: {}",
                excerpt(&lie, place)
            );
            if place % 391 == 0 {
                keep(&lie, REFERENCE, &vkey, &report);
            }
        }
    }
    for cut in (0..bytes.len()).step_by(step * 13) {
        assert_eq!(check(&bytes[..cut], &asked).verdict, Verdict::Fails);
    }
}

fn excerpt(bytes: &[u8], place: usize) -> String {
    let around = place.saturating_sub(20)..(place + 20).min(bytes.len());
    String::from_utf8_lossy(&bytes[around]).into_owned()
}

// --- what it rests on ---------------------------------------------------------------------------------

/// A log that signs a false map can make a bundle pass that leaves something out; a full audit
/// names that map.
#[test]
fn a_false_map_passes_in_a_bundle_and_is_named_by_anybodys_audit() {
    let lab = Lab::argued();
    // What the log showed before the dispute: a copy with a map of its own.
    let before = Lab::argued();
    let map = mapped(&before);
    let honest = read(&made(&before, "x").bytes);
    let root = map_root(&before, map);
    // The dispute is recorded, and then a map that does not know it.
    let dispute = lab
        .record("ada", &[evidence("x", "w", "disputes", "1")])
        .index;
    assert_eq!(dispute, map);
    let appender = lab.open();
    let subjects = appender.state().streams().count() as u64;
    let data = Data::LedgerMapped(Box::new(LedgerMapped {
        size: map + 1,
        root,
        subjects,
    }));
    let act = Act::new(Subject::log(), data);
    let now = lab.clock.now();
    let commit = prepared(appender.state(), appender.anchor(), "log", now, &[act]);
    appender.close().unwrap();
    let mut lines = lab.lines();
    lines.push(line(&Signed::seal(commit, &key("log")).to_bytes(), now));
    let mut lie = honest.clone();
    lie.map.index = map + 1;
    let of_map = lie.entries.0.last_mut().unwrap();
    of_map.index = map + 1;
    of_map.entry = Verbatim(lines.last().unwrap().clone());
    under_a_head_of(&mut lie, &lines);
    let report = holds(&bytes_of(&lie), "x");
    assert_eq!(report.bound.unwrap().profile.figures.cont, Some(0));
    // The ledger itself shows it.
    put_lines(&lab.dir(), &lines);
    let audit = audited(&lab.dir());
    assert_eq!(audit.verdict, Verdict::Fails);
    assert_eq!(audit.faults[0].index, Some(map + 1));
    assert_eq!(audit.faults[0].code, Some("map"));
    // And an honest program makes no bundle of it.
    let ledger = Ledger::open(&lab.dir(), None).unwrap();
    let refused = bundle(&ledger, &slug("x"), None);
    assert!(matches!(refused, Err(NotBundled::FalseMap { map: at, .. }) if at == map + 1));
}

/// What an operator with the log's key can do to the map of a ledger: other leaves, another size,
/// a signature that does not hold. The bundle of x under it.
fn under_a_map(
    size: impl Fn(u64) -> u64,
    change: impl Fn(&Subject, MapLeaf) -> MapLeaf,
    is_signed: bool,
) -> (Vec<u8>, u64) {
    let (lab, honest) = (Lab::argued(), Lab::argued());
    let index = mapped(&honest);
    let mut lie = read(&made(&honest, "x").bytes);
    let appender = lab.open();
    let mut map = SubjectMap::new();
    let mut leaves = std::collections::HashMap::new();
    for (subject, head) in appender.state().streams() {
        let leaf = MapLeaf {
            stream_len: head.seq,
            last_event: head.last.0,
            entry: head.entry,
        };
        let leaf = change(subject, leaf);
        map.set(Hash::of(subject.to_string().as_bytes()), leaf);
        leaves.insert(subject.clone(), leaf);
    }
    let data = Data::LedgerMapped(Box::new(LedgerMapped {
        size: size(index),
        root: map.root(),
        subjects: map.len(),
    }));
    let now = lab.clock.now();
    let acts = [Act::new(Subject::log(), data)];
    let commit = prepared(appender.state(), appender.anchor(), "log", now, &acts);
    appender.close().unwrap();
    let mut signed = Signed::seal(commit, &key("log"));
    if !is_signed {
        signed.signatures[0].sig[3] ^= 1;
    }
    let mut lines = lab.lines();
    lines.push(line(&signed.to_bytes(), now));
    lie.entries.0.last_mut().unwrap().entry = Verbatim(lines.last().unwrap().clone());
    for stream in &mut lie.streams.0 {
        stream.proof = map
            .prove(&Hash::of(stream.subject.to_string().as_bytes()))
            .into();
        stream.leaf = leaves.get(&stream.subject).map(|leaf| StreamLeaf {
            entry: leaf.entry,
            last: grounds::value::EventId(leaf.last_event),
            length: leaf.stream_len,
        });
    }
    under_a_head_of(&mut lie, &lines);
    (bytes_of(&lie), index)
}

#[test]
fn a_map_must_be_signed_of_just_these_entries_and_true_of_those_that_are_carried() {
    let as_it_is = |_: &Subject, leaf: MapLeaf| leaf;
    let (honest, _) = under_a_map(|index| index, as_it_is, true);
    holds(&honest, "x");
    let (unsigned, index) = under_a_map(|index| index, as_it_is, false);
    let fault = fails(&unsigned, "x", Part::Tree);
    assert_eq!((fault.index, fault.code), (Some(index), Some("map")));
    let (of_fewer, index) = under_a_map(|index| index - 1, as_it_is, true);
    let fault = fails(&of_fewer, "x", Part::Tree);
    assert_eq!((fault.index, fault.code), (Some(index), Some("map")));
    type Change = fn(&mut MapLeaf);
    let changes: [Change; 4] = [
        |leaf| leaf.entry -= 1,
        |leaf| leaf.last_event = Hash::ZERO,
        |leaf| leaf.stream_len += 1,
        |leaf| leaf.stream_len -= 1,
    ];
    for change in changes {
        let of_the_claim = |subject: &Subject, mut leaf: MapLeaf| {
            if subject.to_string() == "claim/x" {
                change(&mut leaf);
            }
            leaf
        };
        let (lie, _) = under_a_map(|index| index, of_the_claim, true);
        let fault = fails(&lie, "x", Part::Chains);
        assert!(fault.index.is_some());
    }
}

fn map_root(lab: &Lab, index: u64) -> Hash {
    let ledger = Ledger::open(&lab.dir(), Some(&vkey())).unwrap();
    match &ledger.entry(index).unwrap().events[0].data {
        Data::LedgerMapped(data) => data.root,
        other => panic!("{}", other.name()),
    }
}

#[test]
fn a_withheld_entry_leaves_a_bundle_undecided() {
    let argued = argued();
    let bytes = made(&argued.lab, "x").bytes;
    let withheld = changed(&bytes, |file| {
        let dispute = file
            .entries
            .0
            .iter_mut()
            .find(|line| line.index == argued.dispute)
            .unwrap();
        let leaf = grounds::tlog::leaf_hash(dispute.entry.0.as_bytes());
        dispute.entry = Verbatim(format!(
            r#"{{"leaf":"{leaf}","withheld":"by order of a court"}}"#
        ));
    });
    let report = asked(&withheld, "x", &vkey());
    assert_eq!(report.verdict, Verdict::CannotTell, "{:#?}", report.faults);
    assert_eq!(report.bound, None);
    // That of another entry is not the one that stood there.
    let other = changed(&withheld, |file| {
        let line = &mut file.entries.0[1].entry;
        *line = Verbatim(format!(r#"{{"leaf":"{}","withheld":"so"}}"#, Hash::ZERO));
    });
    fails(&other, "x", Part::Tree);
}

/// What no honest log admits, under a head that the log's key signed all the same.
#[test]
fn a_bundle_of_a_dishonest_log_is_judged_by_the_rules() {
    let lab = Lab::argued();
    mapped(&lab);
    let honest = read(&made(&lab, "x").bytes);
    let lines = lab.lines();
    // Bea's attestation with a signature that is not hers: the tree is made to fit.
    let place = honest
        .entries
        .0
        .iter()
        .position(|line| line.entry.0.contains("attestation.made"));
    let place = place.unwrap();
    let index = honest.entries.0[place].index;
    let text = honest.entries.0[place].entry.0.clone();
    let at = text.find("\"sig\":\"").unwrap() + 12;
    let mut forged = text.into_bytes();
    forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
    let forged = String::from_utf8(forged).unwrap();
    let mut all = lines.clone();
    all[usize::try_from(index).unwrap()] = forged.clone();
    let mut lie = honest.clone();
    lie.entries.0[place].entry = Verbatim(forged);
    under_a_head_of(&mut lie, &all);
    let fault = fails(&bytes_of(&lie), "x", Part::Signatures);
    assert_eq!(fault.index, Some(index));
    // The head of another tree of the same log.
    let other = changed(&bytes_of(&honest), |file| {
        file.checkpoint = Verbatim(String::from_utf8(head(&tree_of(&all))).unwrap());
    });
    fails(&other, "x", Part::Tree);
    // A head that is too small to cover the map.
    let small = changed(&bytes_of(&honest), |file| {
        let few = tree_of(&lines[..lines.len() - 1]);
        file.checkpoint = Verbatim(String::from_utf8(head(&few)).unwrap());
    });
    fails(&small, "x", Part::Checkpoint);
}

#[test]
fn a_signature_line_that_no_key_can_check_proves_nothing_and_is_said() {
    let argued = argued();
    let bytes = made(&argued.lab, "x").bytes;
    let other = ed25519_dalek::SigningKey::from_bytes(&key("witness").seed());
    let other = grounds::tlog::NoteSigner::new("witness.example", other).unwrap();
    let cosigned = changed(&bytes, |file| {
        let text = file.checkpoint.0.clone();
        let body = text.split_once("\n\n").unwrap().0.to_owned() + "\n";
        let line = other.sign(&body);
        let own = log_key().sign(&body);
        let note = grounds::tlog::Note::new(&body, vec![own, line]).unwrap();
        file.checkpoint = Verbatim(String::from_utf8(note.to_bytes()).unwrap());
        Checkpoint::open(file.checkpoint.0.as_bytes(), &vkey()).unwrap();
    });
    let report = holds(&cosigned, "x");
    let line = report
        .checks
        .iter()
        .find(|check| check.part == Part::Witnesses)
        .unwrap();
    assert_eq!(line.outcome, Outcome::Unknown);
    assert!(
        line.detail
            .contains("1 signature line that no key here can check")
    );
}

/// Two folders that differ in nothing but the profile show that a bundle is compared whole.
#[test]
fn the_profile_of_another_claim_does_not_fit() {
    let argued = argued();
    let own = made(&argued.lab, "x").bytes;
    let other = read(&made(&argued.lab, "y").bytes).profile;
    let lie = changed(&own, |file| file.profile = other);
    fails(&lie, "x", Part::Scores);
    let empty = changed(&own, |file| {
        file.profile = ClaimedProfile {
            figures: Figures::default(),
            ..file.profile.clone()
        };
    });
    let report = asked(&empty, "x", &vkey());
    assert_eq!(report.fault_count, 11);
}

#[test]
fn a_ledger_that_is_copied_makes_the_same_bundle() {
    let argued = argued();
    let there = argued.lab.beside("copy");
    copy(&argued.lab.dir(), &there);
    let ledger = Ledger::open(&there, None).unwrap();
    let again = bundle(&ledger, &slug("x"), None).unwrap();
    assert_eq!(again, made(&argued.lab, "x"));
}

// --- witnesses and age ----------------------------------------------------------------------------------

fn witness() -> Cosigner {
    let key = ed25519_dalek::SigningKey::from_bytes(&key("witness").seed());
    Cosigner::new("witness.example", key).unwrap()
}

/// The bundle with its head cosigned at a time.
fn cosigned(bytes: &[u8], at: &str) -> Vec<u8> {
    changed(bytes, |file| {
        let (body, _) = file.checkpoint.0.split_once("\n\n").unwrap();
        let body = format!("{body}\n");
        let seconds = u64::try_from(time(at).micros() / 1_000_000).unwrap();
        let lines = vec![log_key().sign(&body), witness().cosign(&body, seconds)];
        let note = grounds::tlog::Note::new(&body, lines).unwrap();
        file.checkpoint = Verbatim(String::from_utf8(note.to_bytes()).unwrap());
    })
}

fn policy_of(key: &VerifierKey) -> TlogPolicy {
    TlogPolicy::parse(format!("witness w {key}\nquorum w\n").as_bytes()).unwrap()
}

#[test]
fn a_bundle_is_held_against_the_readers_own_policy() {
    let argued = argued();
    let bytes = made(&argued.lab, "x").bytes;
    let (claim, vkey) = (slug("x"), vkey());
    let policy = policy_of(witness().verifier());
    let ask = |bytes: &[u8], policy: &TlogPolicy, age: Option<u64>| {
        let freshness = age.map(|hours| Freshness {
            max_age: std::time::Duration::from_secs(hours * 3600),
            now: time("2026-03-02T20:00:00Z"),
        });
        let policy = Some(policy);
        let asked = Asked {
            policy,
            freshness,
            ..Asked::about(&claim, &vkey)
        };
        check(bytes, &asked)
    };
    // Nobody cosigned: that cannot be told, and nothing is bound.
    let report = ask(&bytes, &policy, None);
    assert_eq!(report.verdict, Verdict::CannotTell);
    assert_eq!(report.bound, None);
    // Cosigned at noon: there by noon, and eight hours old.
    let seen = cosigned(&bytes, "2026-03-02T12:00:00Z");
    let report = ask(&seen, &policy, Some(9));
    assert_eq!(report.verdict, Verdict::Holds, "{:#?}", report.checks);
    assert_eq!(report.not_after, Some(time("2026-03-02T12:00:00Z")));
    assert!(report.bound.is_some());
    let report = ask(&seen, &policy, Some(7));
    assert_eq!(report.verdict, Verdict::Fails);
    assert_eq!(report.faults[0].part, Part::Witnesses);
    assert!(
        report.faults[0].found.contains("8 h ago"),
        "{}",
        report.faults[0].found
    );
    // By a witness that the policy does not name.
    let other = policy_of(
        Cosigner::new(
            "other.example",
            ed25519_dalek::SigningKey::from_bytes(&[7; 32]),
        )
        .unwrap()
        .verifier(),
    );
    let report = ask(&seen, &other, None);
    assert_eq!(report.verdict, Verdict::Fails);
    assert_eq!(report.faults[0].part, Part::Witnesses);
    // A cosignature that does not hold.
    let forged = changed(&seen, |file| {
        let at = file.checkpoint.0.len() - 6;
        let swapped = if file.checkpoint.0.as_bytes()[at] == b'A' {
            "B"
        } else {
            "A"
        };
        file.checkpoint.0.replace_range(at..=at, swapped);
    });
    assert_eq!(ask(&forged, &policy, None).verdict, Verdict::Fails);
}

/// A fresh head does not make an old map fresh.
#[test]
fn what_is_shown_is_as_old_as_its_map_where_entries_are_newer() {
    let argued = argued();
    argued.lab.clock.pass(4 * 3600);
    argued
        .lab
        .record("ada", &[evidence("x", "v", "disputes", "1")]);
    let ledger = Ledger::open(&argued.lab.dir(), Some(&vkey())).unwrap();
    let old = bundle(&ledger, &slug("x"), None).unwrap();
    assert_eq!(old.newer(), 1);
    let now = argued.lab.clock.now();
    let seen = cosigned(&old.bytes, &now.seconds_text());
    let policy = policy_of(witness().verifier());
    let (claim, vkey) = (slug("x"), vkey());
    let ask = |hours: u64| {
        let freshness = Some(Freshness {
            max_age: std::time::Duration::from_secs(hours * 3600),
            now,
        });
        let policy = Some(&policy);
        let asked = Asked {
            policy,
            freshness,
            ..Asked::about(&claim, &vkey)
        };
        check(&seen, &asked)
    };
    assert_eq!(ask(5).verdict, Verdict::Holds);
    let report = ask(3);
    assert_eq!(report.verdict, Verdict::Fails);
    assert!(
        report.faults[0]
            .found
            .contains("1 entry under the head that is newer")
    );
}

// --- the command ----------------------------------------------------------------------------------------

#[cfg(feature = "cli")]
mod command {
    use std::process::{Command, Output, Stdio};

    use super::*;
    use crate::lab::everything;

    fn run(lab: &Lab, words: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_grounds"))
            .args(words)
            .current_dir(lab.dir().parent().unwrap())
            .env("GROUNDS_CONFIG", lab.beside("config"))
            .env("GROUNDS_CACHE", lab.beside("cache"))
            .env_remove("SSH_AUTH_SOCK")
            .env_remove("GROUNDS_LEDGER")
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    fn text(bytes: &[u8]) -> String {
        String::from_utf8_lossy(bytes).into_owned()
    }

    fn with_the_log_key(lab: &Lab) {
        use std::os::unix::fs::PermissionsExt;
        let folder = lab
            .beside("config")
            .join(reference::build::ORIGIN.replace('/', "%2F"));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("log.key");
        std::fs::write(&path, key("log").to_openssh("log").as_bytes()).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        std::fs::copy(lab.state(), folder.join("log.state")).unwrap();
    }

    #[test]
    fn a_bundle_is_made_and_checked_without_a_ledger() {
        let argued = argued();
        let before = everything(&argued.lab.dir());
        let made = run(&argued.lab, &["bundle", "x", "-o", "x.claim.json"]);
        assert_eq!(made.status.code(), Some(0), "{}", text(&made.stderr));
        assert_eq!(everything(&argued.lab.dir()), before, "nothing was written");
        let key = vkey().to_string();
        let ask = |words: &[&str]| {
            let words = [&["check", "x.claim.json", "--vkey", &key][..], words].concat();
            run(&argued.lab, &words)
        };
        std::fs::rename(argued.lab.dir(), argued.lab.beside("away")).unwrap();
        std::fs::create_dir(argued.lab.dir()).unwrap();
        let yes = ask(&["--claim", "x"]);
        assert_eq!(yes.status.code(), Some(0), "{}", text(&yes.stderr));
        let shown = text(&yes.stdout);
        for word in [
            "claim/x in grounds.example/reference",
            "as of @",
            "✓ chains",
            "? witnesses",
            "all that a bundle can show holds",
        ] {
            assert!(shown.contains(word), "{word}: {shown}");
        }
        assert_eq!(ask(&["--claim", "y"]).status.code(), Some(1));
        assert_eq!(ask(&["--entry", "@3"]).status.code(), Some(2));
        assert_eq!(
            ask(&["--claim", "x", "--max-age", "1h"]).status.code(),
            Some(7)
        );
        let json: serde_json::Value =
            serde_json::from_slice(&ask(&["--claim", "x", "--json"]).stdout).unwrap();
        assert_eq!(json["schema"], "grounds.check_bundle/1");
        assert_eq!(
            (&json["asked"], &json["verdict"]),
            (&"claim/x".into(), &"holds".into())
        );
        assert_eq!(json["checks"].as_array().unwrap().len(), 9);
        let no_key = run(&argued.lab, &["check", "x.claim.json", "--claim", "x"]);
        assert_eq!(no_key.status.code(), Some(7));
        std::fs::write(argued.lab.beside("x.claim.json"), vec![b'{'; 10_000_000]).unwrap();
        assert_eq!(ask(&["--claim", "x"]).status.code(), Some(1));
    }

    #[test]
    fn with_the_logs_key_the_newest_entries_are_mapped_first() {
        let argued = argued();
        let lab = &argued.lab;
        lab.record("ada", &[evidence("x", "v", "disputes", "1")]);
        let size = lab.lines().len();
        let without = run(lab, &["bundle", "x", "--json"]);
        let json: serde_json::Value = serde_json::from_slice(&without.stdout).unwrap();
        assert_eq!(
            (&json["as_of"], &json["newer"]),
            (&argued.map.into(), &1.into())
        );
        assert!(text(&without.stderr).contains("1 entry is newer"));
        assert_eq!(lab.lines().len(), size);
        with_the_log_key(lab);
        let with = run(lab, &["bundle", "x", "--json"]);
        let json: serde_json::Value = serde_json::from_slice(&with.stdout).unwrap();
        assert_eq!(
            (&json["as_of"], &json["newer"]),
            (&(size as u64).into(), &0.into()),
            "{}",
            text(&with.stderr)
        );
        holds(json["bundle"].as_str().unwrap().as_bytes(), "x");
        // Nothing is newer than that map: no other one is made.
        run(lab, &["bundle", "y"]);
        assert_eq!(lab.lines().len(), size + 1);
        // Nor for a bundle of the past.
        let past = format!("@{}", argued.map);
        let past = run(lab, &["bundle", "x", "--as-of", &past, "--json"]);
        let json: serde_json::Value = serde_json::from_slice(&past.stdout).unwrap();
        assert_eq!(json["as_of"], argued.map);
    }

    #[test]
    fn where_there_is_no_map_and_no_key_there_is_no_bundle() {
        let lab = Lab::argued();
        let answer = run(&lab, &["bundle", "x"]);
        assert_eq!(answer.status.code(), Some(7));
        assert!(text(&answer.stderr).contains("error[map]"));
    }
}

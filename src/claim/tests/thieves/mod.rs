//! Thieves: whoever holds fewer keys than the policy asks for gets nothing changed that it protects.
//!
//! A random policy is in force ([`law`]) over a ledger with things worth protecting ([`ground`]).
//! What a set of keys suffices for is worked out from the letter of the policy ([`may`]); what it
//! gets admitted is found by trying ([`search`]). The first is an upper bound of the second, and at
//! one step they are the same.

mod ground;
mod law;
mod may;
mod search;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::super::{Code, Data};
use super::bed::*;
use super::histories::Dice;
use super::times;
use crate::value::Subject;
use ground::{EX_KEY, Ground, Hand, commit};
use law::{Law, names_of};
use may::{About, Good, Reach, fills_now, stewards_among};
use search::{Search, Step, Tried, Watch};

/// `GROUNDS_SEED=N` looks at that ground alone.
fn seeds(first: u64, count: u64) -> std::ops::Range<u64> {
    let asked = std::env::var("GROUNDS_SEED").ok();
    match asked.and_then(|seed| seed.parse().ok()) {
        Some(seed) => seed..seed + 1,
        None => first..first + count,
    }
}

/// All subsets of a list.
fn subsets<T: Ord + Clone>(list: &[T]) -> impl Iterator<Item = BTreeSet<T>> {
    (0..1_u64 << list.len()).map(|bits| {
        let chosen = list.iter().enumerate();
        chosen
            .filter(|(place, _)| bits & (1 << place) != 0)
            .map(|(_, one)| one.clone())
            .collect()
    })
}

// --- one step: exactly those who suffice ---------------------------------------------------------

/// An act that nothing but authority can stop, the rules that it asks, and what they look at.
struct Case {
    rules: &'static [&'static str],
    about: About,
    on: Subject,
    data: Data,
}

fn cases(ground: &Ground) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut case = |rules, about, on: &str, data| {
        cases.push(Case {
            rules,
            about,
            on: subject(on),
            data,
        });
    };
    let no = About::default();
    let same = policy(ground.law.json());
    case(&["ledger.policy_changed"], no, "ledger", same);
    // One steward is able, whatever he asks for then: the old threshold counts, and the new.
    for k in [1, ground.stewards()] {
        let mut other = Law::none();
        other.k = k;
        let other = policy(other.json());
        case(&["ledger.policy_changed"], no, "ledger", other);
    }
    case(&["ledger.model_adopted"], no, "ledger", adopted());
    case(&["ledger.moved"], no, "ledger", moved());
    case(&["ledger.frozen"], no, "ledger", frozen());
    let plain = registered(&["attester"], &[100]);
    case(&["agent.registered"], no, "agent/s0", plain);
    let high = registered(&["curator"], &[100]);
    case(&["agent.registered/power"], no, "agent/s0", high);
    case(&["note.added"], no, "ledger", note());
    case(&["artifact.registered"], no, "artifact/n", artifact());
    case(&["context.defined"], no, "context/n", context());
    case(&["view.defined"], no, "view/n", view("view.defined"));
    case(&["view.changed"], no, "view/v", view("view.changed"));
    let appraised = data("artifact.appraised", json!({"credibility": "1"}));
    case(&["artifact.appraised"], no, "artifact/a", appraised);
    let fallen = json!({"standing": "concern", "reason": "r"});
    let fallen = data("artifact.standing_changed", fallen);
    case(&["artifact.standing_changed"], no, "artifact/a", fallen);
    for (place, member) in ground.members.iter().enumerate() {
        let about = About {
            subject: Some(place),
            ..no
        };
        let on = format!("agent/{}", member.name);
        let name = data("agent.changed", json!({"name": "other"}));
        case(&["agent.changed"], about, &on, name);
        let roles = json!({"roles": names_of(&law::ROLES, member.roles)});
        let roles = data("agent.changed", roles);
        case(&["agent.changed/power"], about, &on, roles);
        let added = ground::key_added(100, None);
        case(&["agent.key_added"], about, &on, added);
        // With a key to spare, so that no steward too few is left.
        if let [.., one, _] = ground.keys_of(place)[..] {
            case(&["agent.key_revoked"], about, &on, revoked(one));
            let since = compromised(one, ground.state.size());
            case(&["agent.key_revoked/since"], about, &on, since);
        }
    }
    cases.extend(cases_of_claims(ground));
    cases
}

fn cases_of_claims(ground: &Ground) -> Vec<Case> {
    let of = |claim: usize| About {
        asserter: Some(ground.asserters[claim]),
        ..About::default()
    };
    let by = |claim: usize, author: usize| About {
        referred: Some(author),
        ..of(claim)
    };
    let attests = About {
        attests: true,
        ..of(2)
    };
    let to = |json| status(json);
    let mut cases: Vec<(&'static [&'static str], About, &str, Data)> = vec![
        (&["claim.revised"], of(2), "claim/e", revised("other")),
        (
            &["claim.revised/disputed"],
            of(0),
            "claim/c",
            revised("other"),
        ),
        (
            &["claim.status_changed"],
            of(2),
            "claim/e",
            to(json!({"standing": "tested"})),
        ),
        (
            &["claim.status_changed/retracted"],
            of(2),
            "claim/e",
            to(json!({"lifecycle": "retracted"})),
        ),
        (
            &["claim.status_changed/uncontested"],
            of(1),
            "claim/d",
            to(json!({"standing": "tested"})),
        ),
        (
            &[
                "claim.status_changed/retracted",
                "claim.status_changed/uncontested",
            ],
            of(1),
            "claim/d",
            to(json!({"lifecycle": "retracted", "standing": "tested"})),
        ),
        (
            &["claim.scoped"],
            of(2),
            "claim/e",
            scoped("holds_in", "context/x"),
        ),
        (
            &["claim.linked"],
            of(2),
            "claim/e",
            linked("supports", "claim/d"),
        ),
        (
            &["evidence.added"],
            of(2),
            "claim/e",
            evidence("disputes", "artifact/b"),
        ),
        (
            &["evidence.revised"],
            by(2, ground.asserters[2]),
            "claim/e",
            with_ref("evidence.revised", 2),
        ),
        (
            &["evidence.withdrawn"],
            by(2, ground.asserters[2]),
            "claim/e",
            with_ref("evidence.withdrawn", 2),
        ),
        (
            &["attestation.made"],
            attests,
            "claim/e",
            attested("verifies", 1),
        ),
        (
            &["attestation.withdrawn"],
            by(0, ground.disputer),
            "claim/c",
            with_ref("attestation.withdrawn", 4),
        ),
    ];
    if let Some(robbed) = ground.robbed {
        let back = with_ref("event.reaffirmed", 4);
        cases.push((&["event.reaffirmed"], by(3, robbed), "claim/f", back));
        let about = About {
            referred: Some(robbed),
            ..About::default()
        };
        let back = with_ref("event.reaffirmed", 1);
        cases.push((&["event.reaffirmed/power"], about, "agent/ex", back));
    }
    let case = |(rules, about, on, data): (_, _, &str, _)| Case {
        rules,
        about,
        on: subject(on),
        data,
    };
    cases.into_iter().map(case).collect()
}

/// What must come of it: by the letter.
fn foreseen(
    ground: &Ground,
    case: &Case,
    author: usize,
    by: &[Hand],
    signed: &BTreeSet<usize>,
) -> Result<(), Code> {
    let fills = |name: &&str| fills_now(ground, name, case.about, author, signed);
    if !case.rules.iter().all(fills) {
        return Err(Code::Role);
    }
    let k = ground.law.k;
    match &case.data {
        Data::PolicyChanged(data) => {
            let both = k.max(data.policy.stewards);
            if stewards_among(ground, signed) < both {
                Err(Code::Role)
            } else {
                Ok(())
            }
        }
        Data::KeyAdded(_) => {
            let own = case.about.subject.unwrap();
            let mut others = signed.clone();
            others.remove(&own);
            let agreed = stewards_among(ground, &others) >= k;
            if ground.members[own].announced && !agreed {
                Err(Code::Key)
            } else {
                Ok(())
            }
        }
        Data::KeyRevoked(data) if data.since.is_some() => {
            let signs = by.iter().any(|(_, key)| ground::id_of(*key) == data.key);
            if signs { Err(Code::Since) } else { Ok(()) }
        }
        _ => Ok(()),
    }
}

/// Every subset of all keys, every act, every author; of the tries one in eight by default.
#[test]
fn those_who_fill_the_rules_of_an_act_get_it_admitted_and_nobody_else_does() {
    let share = times(8, 1);
    let (mut tries, mut admitted, mut sets) = (0, 0, 0_u64);
    for seed in seeds(7_000, times(24, 100)) {
        let mut dice = Dice(seed);
        let ground = Ground::random(&mut dice);
        let cases = cases(&ground);
        let hands = ground.hands();
        for by in subsets(&hands) {
            sets += 1;
            let by: Vec<Hand> = by.into_iter().collect();
            let signed: BTreeSet<usize> = by.iter().map(|hand| ground.place_of(hand)).collect();
            for case in &cases {
                for author in 0..ground.members.len() {
                    if !dice.one_in(share) {
                        continue;
                    }
                    let acts = [(case.on.clone(), case.data.clone())];
                    let entry = commit(&ground.state, &ground.slug(author), &by, &acts);
                    let verdict = ground.state.admit(&entry);
                    let verdict = verdict.map(|_| ()).map_err(|rejection| rejection.code);
                    let foreseen = foreseen(&ground, case, author, &by, &signed);
                    assert_eq!(
                        verdict,
                        foreseen,
                        "GROUNDS_SEED={seed}: {:?} on {} by m{author} with {by:?} under {}",
                        case.rules,
                        case.on,
                        ground.law.json()
                    );
                    tries += 1;
                    admitted += u64::from(verdict.is_ok());
                }
            }
        }
    }
    eprintln!("{sets} sets of keys, {tries} commits judged, {admitted} admitted");
    assert!(admitted * 20 > tries, "{admitted} of {tries} admitted");
}

// --- many steps: nothing that is protected moves ---------------------------------------------------

/// Of one ground: which sets of members the letter of the policy keeps from changing which good.
struct Kept {
    sets: Vec<(BTreeSet<usize>, Reach)>,
    goods: Vec<Good>,
}

impl Kept {
    fn of(ground: &Ground, watch: &Watch, ex: &BTreeSet<u8>) -> Kept {
        let places: Vec<usize> = (0..ground.members.len()).collect();
        let with_reach = |set: BTreeSet<usize>| {
            let reach = Reach::of(ground, &set, ex);
            (set, reach)
        };
        Kept {
            sets: subsets(&places).map(with_reach).collect(),
            goods: watch.goods(ground),
        }
    }

    /// The largest sets that may not change some good: what smaller ones do, they can do too.
    fn largest(&self, ground: &Ground) -> Vec<&(BTreeSet<usize>, Reach)> {
        let is_largest = |(set, reach): &&(BTreeSet<usize>, Reach)| {
            self.goods.iter().any(|good| {
                let keeps = |reach: &Reach| !reach.may(ground, *good);
                let more = |(other, reach): &(BTreeSet<usize>, Reach)| {
                    other.len() > set.len() && other.is_superset(set) && keeps(reach)
                };
                keeps(reach) && !self.sets.iter().any(more)
            })
        };
        self.sets.iter().filter(is_largest).collect()
    }

    /// Sets of keys times goods that are kept from them.
    fn pairs(&self, ground: &Ground) -> u64 {
        let of_keys = |set: &BTreeSet<usize>| -> u64 {
            let sets = set
                .iter()
                .map(|place| (1 << ground.keys_of(*place).len()) - 1);
            sets.product()
        };
        let kept = |(set, reach): &(BTreeSet<usize>, Reach)| {
            let goods = self.goods.iter().filter(|good| !reach.may(ground, **good));
            goods.count() as u64 * of_keys(set)
        };
        self.sets.iter().map(kept).sum()
    }
}

fn told(history: &[Step]) -> String {
    let step = |(author, by, acts): &Step| {
        let acts: Vec<String> = acts
            .iter()
            .map(|(on, data)| format!("{} on {on} {}", data.name(), data.write().to_text()))
            .collect();
        format!("by {author} with {by:?}: {}\n", acts.join("; "))
    };
    history.iter().map(step).collect()
}

/// All keys of these members, those that were revoked too, and that of the agent set aside.
fn keys_of(ground: &Ground, set: &BTreeSet<usize>) -> BTreeSet<u8> {
    let keys = set
        .iter()
        .flat_map(|place| ground.members[*place].keys.clone());
    keys.chain([EX_KEY]).collect()
}

#[derive(Default)]
struct Figures {
    grounds: u64,
    pairs: u64,
    searches: u64,
    tried: Tried,
    /// Good by good: how many searches may have changed it, and how many did.
    found: BTreeMap<&'static str, (u64, u64)>,
}

fn thieves_come(seed: u64, figures: &mut Figures) {
    let mut dice = Dice(seed);
    let ground = Ground::random(&mut dice);
    let watch = Watch::over(&ground);
    let kept = Kept::of(&ground, &watch, &BTreeSet::from([EX_KEY]));
    figures.grounds += 1;
    figures.pairs += kept.pairs(&ground);
    let goods = &kept.goods;
    for (set, reach) in kept.largest(&ground) {
        if set.is_empty() {
            continue;
        }
        let mut search = Search::new(&ground, &keys_of(&ground, set));
        let mut changed: BTreeSet<Good> = BTreeSet::new();
        let mut look = |state: &super::super::State, history: &[Step]| {
            for good in goods {
                if changed.contains(good) || !watch.is_changed(&ground, state, *good) {
                    continue;
                }
                assert!(
                    reach.may(&ground, *good),
                    "GROUNDS_SEED={seed}: members {set:?} changed {good:?} under {}\n{:?}\n{}",
                    ground.law.json(),
                    ground.members,
                    told(history)
                );
                changed.insert(*good);
            }
            false
        };
        search.breadth(times(3, 5) as usize, times(10, 40), &mut look);
        for _ in 0..times(1, 10) {
            search.walk(&mut dice, 40, &mut look);
        }
        figures.searches += 1;
        figures.tried += search.tried;
        for good in goods {
            let count = figures.found.entry(good.name()).or_default();
            count.0 += u64::from(reach.may(&ground, *good));
            count.1 += u64::from(changed.contains(good));
        }
    }
}

#[test]
fn thieves_below_the_threshold_change_nothing_that_the_policy_protects() {
    let mut figures = Figures::default();
    for seed in seeds(1, times(60, 250)) {
        thieves_come(seed, &mut figures);
    }
    eprintln!(
        "{} policies; {} sets of keys and goods kept from them; {} searches: {} states, {} commits judged, {} admitted",
        figures.grounds,
        figures.pairs,
        figures.searches,
        figures.tried.states,
        figures.tried.commits,
        figures.tried.admitted
    );
    for (good, (may, did)) in &figures.found {
        eprintln!("{good}: of {may} searches by thieves who may, {did} did");
    }
}

// --- the search is not blind -----------------------------------------------------------------------

/// Whether the letter of the policy says itself that they may: not only that it says nothing of what
/// comes after something else.
fn is_told(ground: &Ground, reach: &Reach, good: Good) -> bool {
    match good {
        Good::Policy => reach.policy,
        Good::Standing => reach.since,
        other => reach.may(ground, other) && !reach.since,
    }
}

/// The smallest sets of members that may change a good.
fn smallest<'k>(kept: &'k Kept, ground: &Ground, good: Good) -> Vec<&'k BTreeSet<usize>> {
    let may = |(_, reach): &&(BTreeSet<usize>, Reach)| is_told(ground, reach, good);
    let sets: Vec<&BTreeSet<usize>> = kept.sets.iter().filter(may).map(|(set, _)| set).collect();
    let fewer = |set: &BTreeSet<usize>| {
        let mut others = sets.iter();
        others.any(|other| other.len() < set.len() && set.is_superset(other))
    };
    sets.iter().copied().filter(|set| !fewer(set)).collect()
}

/// Where the letter of the policy lets them, the same search finds the way, however many steps it
/// has: what it does not find elsewhere was looked for.
#[test]
fn thieves_who_have_enough_find_their_way() {
    let mut figures: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    let mut longest = 0;
    for seed in seeds(50_000, times(16, 100)) {
        let mut dice = Dice(seed);
        let ground = Ground::random(&mut dice);
        let watch = Watch::over(&ground);
        let kept = Kept::of(&ground, &watch, &BTreeSet::from([EX_KEY]));
        for good in [
            Good::Policy,
            Good::Power,
            Good::Open,
            Good::Models,
            Good::Standing,
            Good::Kept(2),
            Good::Contested,
            Good::Disputed,
        ] {
            for set in smallest(&kept, &ground, good).into_iter().take(2) {
                let mut found = 0;
                let mut search = Search::new(&ground, &keys_of(&ground, set));
                search.breadth(5, times(25, 100), &mut |state, history| {
                    let is_changed = watch.is_changed(&ground, state, good);
                    found = if is_changed { history.len() } else { 0 };
                    is_changed
                });
                let count = figures.entry(good.name()).or_default();
                count.0 += 1;
                count.1 += u64::from(found > 0);
                longest = longest.max(found);
            }
        }
    }
    eprintln!("{figures:?}, in {longest} commits at most");
    let sum = |sum: (u64, u64), one: &(u64, u64)| (sum.0 + one.0, sum.1 + one.1);
    let (may, did) = figures.values().fold((0, 0), sum);
    assert!(did * 4 >= may * 3, "of {may} who may {did} found a way");
    assert!(figures.values().all(|(_, did)| *did > 0) && longest >= 3);
}

// --- what the default policies leave open ------------------------------------------------------------

/// Two acts in a row do what one act asks two curators for. It is what the shared policy says, since
/// a steward alone may withdraw an attestation; [`a_policy_can_close_both_ways`] says otherwise.
#[test]
fn under_the_shared_policy_who_is_steward_and_curator_ends_a_dispute_and_then_revises_alone() {
    let mut bed = Bed::furnished();
    let dispute = bed.ok("att", &["att"], &[("claim/d", attested("disputes", 1))]);
    assert_eq!(dispute, 2);
    bed.no(Code::Role, "bob", &["bob"], "claim/d", revised("other"));
    let ends = with_ref("attestation.withdrawn", 2);
    bed.no(Code::Role, "org", &["org"], "claim/d", ends.clone());
    bed.ok(
        "bob",
        &["bob"],
        &[("claim/d", ends), ("claim/d", revised("other"))],
    );
    assert_eq!(bed.claim("d").version(), 2);
}

/// What two curators retracted, and was set aside since one of their keys was stolen, comes back by
/// one curator's word: a reaffirmation asks its own rule, not that of what it brings back.
#[test]
fn under_the_shared_policy_one_curator_brings_back_what_two_were_asked_for() {
    let mut bed = Bed::furnished();
    let retracted = status(json!({"lifecycle": "retracted"}));
    bed.no(Code::Role, "org", &["org"], "claim/d", retracted.clone());
    let since = bed.ok("org", &["bob", "org"], &[("claim/d", retracted)]);
    bed.ok(
        "ann",
        &["ann", "cid"],
        &[("agent/bob", compromised(2, since))],
    );
    assert_eq!(bed.claim("d").status.lifecycle.word(), "proposed");
    let back = with_ref("event.reaffirmed", 2);
    bed.ok("org", &["org"], &[("claim/d", back)]);
    assert_eq!(bed.claim("d").status.lifecycle.word(), "retracted");
}

#[test]
fn a_policy_can_close_both_ways() {
    let mut closed = with_rule(
        "event.reaffirmed",
        json!({"roles": ["curator"], "signatures": 2, "other_than": "asserter"}),
    );
    closed["rules"]["attestation.withdrawn"] =
        json!({"roles": ["steward"], "signatures": "threshold", "alone": "author"});
    let mut bed = Bed::of(closed).furnish();
    bed.ok("att", &["att"], &[("claim/d", attested("disputes", 1))]);
    let ends = with_ref("attestation.withdrawn", 2);
    bed.no(Code::Role, "bob", &["bob"], "claim/d", ends);
    let retracted = status(json!({"lifecycle": "retracted"}));
    let since = bed.ok("org", &["bob", "org"], &[("claim/c", retracted)]);
    bed.ok(
        "ann",
        &["ann", "cid"],
        &[("agent/bob", compromised(2, since))],
    );
    let back = with_ref("event.reaffirmed", 2);
    bed.no(Code::Role, "org", &["org"], "claim/c", back);
}

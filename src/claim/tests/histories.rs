//! Random histories: the rules against the same rules written naively, and the fold against itself.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::{Value, json};

use super::super::{Code, Data, Recorded, State};
use super::bed::*;
use super::naive::Ledger;
use super::times;
use crate::hash::Hash;
use crate::value::{EventId, Kind, Subject, Time};

/// Splitmix64 (Steele, Lea and Flood 2014).
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }

    pub(super) fn one_in(&mut self, sides: u64) -> bool {
        self.roll(sides) == 0
    }

    pub(super) fn of<'t, T: Sized>(&mut self, list: &'t [T]) -> &'t T {
        &list[usize::try_from(self.roll(list.len() as u64)).unwrap()]
    }

    fn word<'t>(&mut self, words: &[&'t str]) -> &'t str {
        let word: &&'t str = self.of(words);
        word
    }

    /// Any but the last word, most of the time.
    fn mostly<'t>(&mut self, words: &[&'t str]) -> &'t str {
        let all = words.len();
        let spared = usize::from(!self.one_in(6));
        self.word(&words[..all - spared])
    }

    fn key(&mut self) -> u8 {
        20 + u8::try_from(self.roll(12)).unwrap()
    }
}

fn policies() -> Vec<Value> {
    let mut lax = shared_policy();
    lax["rules"]["agent.key_revoked/since"] = json!({"roles": ["steward"], "signatures": 1});
    lax["rules"]["agent.registered/power"] =
        json!({"roles": ["curator", "steward"], "signatures": 1});
    lax["rules"]["event.reaffirmed/power"] =
        json!({"roles": ["curator", "steward"], "signatures": 1});
    lax["rules"]["ledger.policy_changed"] = json!({"roles": ["curator"], "signatures": 1});
    let mut odd = lax.clone();
    odd["stewards"] = 1.into();
    odd["rules"]["claim.asserted"] =
        json!({"roles": ["curator"], "signatures": 1, "other_than": "asserter"});
    odd["rules"]["evidence.added"] =
        json!({"roles": ["curator"], "signatures": 2, "alone": "anyone"});
    odd["rules"]["claim.revised"] =
        json!({"roles": ["curator"], "signatures": 2, "other_than": "asserter"});
    odd["rules"]["event.reaffirmed"] =
        json!({"roles": ["curator"], "signatures": 2, "alone": "author"});
    odd["rules"].as_object_mut().unwrap().remove("view.changed");
    let mut high = shared_policy();
    high["stewards"] = 3.into();
    vec![
        high.clone(),
        shared_policy(),
        solo_policy(),
        lax.clone(),
        lax,
        odd.clone(),
        odd,
        high,
    ]
}

const CLAIMS: [&str; 4] = ["claim/c", "claim/d", "claim/e", "claim/f"];
const ARTIFACTS: [&str; 3] = ["artifact/a", "artifact/b", "artifact/e"];
const CONTEXTS: [&str; 3] = ["context/x", "context/y", "context/z"];
const AGENTS: [&str; 11] = [
    "ann", "bob", "cid", "con", "att", "bot", "org", "non", "xxx", "yyy", "log",
];

/// The seq of some event of a stream; of one of these types, if there is one, most of the time.
fn seq(dice: &mut Dice, state: &State, on: &str, kind: &str) -> u64 {
    let on = subject(on);
    let head = state.stream(&on).map_or(0, |head| head.seq);
    let fitting: Vec<u64> = (1..=head)
        .filter(|seq| {
            state
                .event(&on, *seq)
                .is_some_and(|event| event.data.name() == kind)
        })
        .collect();
    if fitting.is_empty() || dice.one_in(6) {
        dice.roll(head + 2)
    } else {
        *dice.of(&fitting)
    }
}

fn act(dice: &mut Dice, state: &State) -> (String, Data) {
    let claim = dice.mostly(&CLAIMS);
    let other = dice.mostly(&CLAIMS);
    let artifact_name = dice.mostly(&ARTIFACTS);
    let context_name = dice.mostly(&CONTEXTS);
    let few: &[&str] = &["bob", "cid", "org"];
    let some = if dice.one_in(2) { &AGENTS } else { few };
    let agent = format!("agent/{}", dice.word(some));
    let (on, data) = match dice.roll(40) {
        0 => (claim, asserted()),
        1..=3 => (claim, revised(&format!("statement {}", dice.roll(100)))),
        4..=7 => {
            let mut json = json!({});
            if dice.one_in(2) {
                let to = [
                    "active",
                    "active",
                    "superseded",
                    "merged",
                    "retracted",
                    "proposed",
                ];
                json["lifecycle"] = (*dice.of(&to)).into();
            }
            if json.get("lifecycle").is_none() || dice.one_in(3) {
                let to = [
                    "hypothesis",
                    "tested",
                    "contested",
                    "contested",
                    "refuted",
                    "settled",
                ];
                json["standing"] = (*dice.of(&to)).into();
            }
            let needs =
                ["superseded", "merged"].contains(&json["lifecycle"].as_str().unwrap_or(""));
            if needs != dice.one_in(8) {
                json["by"] = other.into();
            }
            (claim, status(json))
        }
        8 | 9 => (
            claim,
            scoped(dice.word(&["holds_in", "fails_in"]), context_name),
        ),
        10 => (
            claim,
            with_ref("claim.unscoped", seq(dice, state, claim, "claim.scoped")),
        ),
        11 | 12 => (claim, linked(dice.word(&["supports", "refines"]), other)),
        13 => (
            claim,
            with_ref("claim.unlinked", seq(dice, state, claim, "claim.linked")),
        ),
        14..=16 => (
            claim,
            evidence(dice.word(&["supports", "disputes"]), artifact_name),
        ),
        17 => (
            claim,
            with_ref(
                "evidence.revised",
                seq(dice, state, claim, "evidence.added"),
            ),
        ),
        18 => (
            claim,
            with_ref(
                "evidence.withdrawn",
                seq(dice, state, claim, "evidence.added"),
            ),
        ),
        19..=21 => {
            let current = state
                .claim(&slug(&claim[6..]))
                .map_or(1, |claim| claim.version());
            let version = if dice.one_in(6) {
                dice.roll(4)
            } else {
                current
            };
            (
                claim,
                attested(dice.word(&["verifies", "disputes", "disputes"]), version),
            )
        }
        22 => (
            claim,
            with_ref(
                "attestation.withdrawn",
                seq(dice, state, claim, "attestation.made"),
            ),
        ),
        23 => (
            artifact_name,
            match dice.roll(3) {
                0 => artifact(),
                1 => data(
                    "artifact.registered",
                    json!({"title": "t", "kind": "paper", "doi": "10.1234/x"}),
                ),
                _ => data("artifact.appraised", json!({"credibility": "0.5"})),
            },
        ),
        24 => (
            artifact_name,
            data(
                "artifact.standing_changed",
                json!({"standing": "superseded", "reason": "r", "by": *dice.of(&ARTIFACTS)}),
            ),
        ),
        25 => (context_name, context()),
        26 => ("view/v", view(dice.word(&["view.defined", "view.changed"]))),
        27 | 28 => {
            let roles: &[&str] = dice.of::<&[&str]>(&[
                &["curator"] as &[&str],
                &["contributor"],
                &["steward"],
                &["curator", "steward"],
            ]);
            let name = *dice.of(&["agent/xxx", "agent/yyy", "agent/con"]);
            let keys: Vec<u8> = (0..=dice.roll(2)).map(|_| dice.key()).collect();
            (name, registered(roles, &keys))
        }
        29 => {
            let roles: &[&str] =
                dice.of::<&[&str]>(&[&[] as &[&str], &["curator", "steward"], &["attester"]]);
            (
                agent.as_str(),
                data("agent.changed", json!({"roles": roles})),
            )
        }
        30 | 31 => {
            let (key, next) = (dice.key(), dice.key());
            (
                agent.as_str(),
                if dice.one_in(3) {
                    key_added_next(key, next)
                } else {
                    key_added(key)
                },
            )
        }
        32..=34 => return revocation(dice, state),
        35 | 36 => return reaffirmation(dice, state),
        37 => {
            let mut new = dice.of(&policies()).clone();
            if dice.one_in(3) {
                new["rules"]["ledger.frozen"] = json!({"roles": ["steward"], "signatures": 9});
            }
            ("ledger", policy(new))
        }
        38 if dice.one_in(30) => ("ledger", frozen()),
        38 => ("ledger", adopted()),
        _ => (claim, note()),
    };
    (on.to_owned(), data)
}

/// A revocation of a key that signed of late, mostly of all that it signed since.
fn revocation(dice: &mut Dice, state: &State) -> (String, Data) {
    let back = 1 + dice.roll(5).min(state.size() - 1);
    let entry = &state.history()[usize::try_from(state.size() - back).unwrap()];
    let signer = dice.of(&entry.signers);
    let since = match dice.roll(6) {
        0 => state.size() + 1,
        1 => entry.index.saturating_sub(4),
        _ => entry.index,
    };
    let number = (1..40).find(|number| key_id(*number) == signer.key);
    let number = number.unwrap_or(1);
    let data = if dice.one_in(6) {
        revoked(number)
    } else {
        compromised(number, since)
    };
    (format!("agent/{}", signer.agent), data)
}

fn reaffirmation(dice: &mut Dice, state: &State) -> (String, Data) {
    let aside: Vec<_> = state.set_aside().copied().collect();
    if aside.is_empty() || dice.one_in(8) {
        return (
            dice.of(&CLAIMS).to_string(),
            with_ref("event.reaffirmed", dice.roll(4)),
        );
    }
    let address = *dice.of(&aside);
    let entry = &state.history()[usize::try_from(address.entry).unwrap()];
    let event = &entry.events[usize::from(address.position)];
    (
        event.subject.to_string(),
        with_ref("event.reaffirmed", event.seq),
    )
}

/// Agents that can sign, each with one or two keys.
fn signers(dice: &mut Dice, state: &State, author: &str, many: bool) -> Vec<String> {
    let keys_of = |name: &str| -> Vec<String> {
        let agent = state.agent(&slug(name));
        let keys = agent.iter().flat_map(|agent| agent.keys.iter());
        keys.filter(|key| key.is_valid())
            .map(|key| format!("{name}:{}", key.key.0[0]))
            .collect()
    };
    let mut signers = Vec::new();
    for name in AGENTS {
        let keys = keys_of(name);
        let joins =
            name == author || (many && ["ann", "bob", "cid"].contains(&name)) || dice.one_in(9);
        if joins && !keys.is_empty() {
            signers.push(dice.of(&keys).clone());
            signers.extend(keys.into_iter().filter(|_| dice.one_in(6)));
        }
    }
    signers.sort();
    signers.dedup();
    signers
}

/// Who may well be the author of such an event, and whether stewards and curators join him.
fn suited(dice: &mut Dice, name: &str) -> (&'static str, bool) {
    if dice.one_in(6) {
        return (dice.word(&AGENTS[..10]), dice.one_in(3));
    }
    match name.split_once('.').unwrap_or_default() {
        ("attestation", _) => (dice.word(&["att", "bob"]), dice.one_in(8)),
        ("evidence", _) => (dice.word(&["con", "ann", "org"]), dice.one_in(8)),
        ("ledger" | "agent", _) => (dice.word(&["ann", "bob", "cid"]), !dice.one_in(4)),
        ("event", _) => (dice.word(&["ann", "bob", "org"]), dice.one_in(2)),
        ("claim", _) => (dice.word(&["ann", "bob", "org"]), dice.one_in(3)),
        _ => (dice.word(&["ann", "bob", "org"]), dice.one_in(8)),
    }
}

fn commit(dice: &mut Dice, bed: &Bed) -> Recorded {
    if dice.one_in(25) {
        let size = bed.index() + u64::from(dice.one_in(5));
        let subjects = bed.state.streams().count() as u64 + u64::from(dice.one_in(5));
        return bed.commit("log", &[("agent/log", mapped(size, subjects))]);
    }
    let count = if dice.one_in(3) { 1 + dice.roll(3) } else { 1 };
    let acts: Vec<(String, Data)> = (0..count).map(|_| act(dice, &bed.state)).collect();
    let acts: Vec<(&str, Data)> = acts
        .iter()
        .map(|(on, data)| (on.as_str(), data.clone()))
        .collect();
    let (author, many) = suited(dice, acts[0].1.name());
    let mut signers = signers(dice, &bed.state, author, many);
    if let (Data::KeyRevoked(revoked), false) = (&acts[0].1, dice.one_in(6)) {
        signers.retain(|text| signer(text).key != revoked.key);
    }
    let signers: Vec<&str> = signers.iter().map(String::as_str).collect();
    spoil(dice, bed.commit(author, &acts).by(&signers))
}

fn spoil(dice: &mut Dice, mut commit: Recorded) -> Recorded {
    match dice.roll(60) {
        0 => commit.change(0, |event| event.seq += 1),
        1 => commit.change(0, |event| event.prev = Some(EventId(Hash::of(b"other")))),
        2 => commit.anchored(None),
        3 => {
            let size = commit.index + 1;
            commit.anchored(Some(size))
        }
        4 | 5 => {
            let size = dice.roll(commit.index + 1);
            commit.anchored(Some(size))
        }
        6 => {
            commit.at = commit
                .recorded
                .plus_micros(600_000_000 + i64::from(dice.one_in(2)));
            commit
        }
        7 => {
            commit.recorded = Time::from_micros(commit.recorded.micros() - 1_500_000).unwrap();
            commit
        }
        _ => commit,
    }
}

/// What the state shows, in the words of the naive model.
fn seen(state: &State) -> BTreeMap<String, String> {
    let mut seen = BTreeMap::new();
    let policy = &state.constitution().unwrap().policy;
    seen.insert(
        "stewards".into(),
        format!("{} of {}", policy.stewards, state.able_stewards()),
    );
    for (name, agent) in state.agents() {
        let roles = agent
            .profile
            .as_ref()
            .map(|profile| profile.roles.0.clone());
        let keys: BTreeSet<_> = agent
            .keys
            .iter()
            .map(|key| key.id)
            .filter(|key| state.valid_key(key).is_some())
            .collect();
        seen.insert(format!("agent/{name}"), format!("{roles:?} {keys:?}"));
    }
    for (name, claim) in state.claims() {
        let statement = claim
            .wording
            .as_ref()
            .map(|wording| wording.statement.as_str().to_owned());
        let edges: Vec<_> = claim
            .live_evidence()
            .map(|edge| (edge.added.seq, edge.strength))
            .collect();
        let attestations: Vec<_> = claim
            .live_attestations()
            .map(|made| made.made.seq)
            .collect();
        let scopes: Vec<_> = claim.live_scopes().map(|(made, _)| made.seq).collect();
        let links: Vec<_> = claim.live_links().map(|(made, _)| made.seq).collect();
        let status = &claim.status;
        seen.insert(format!("claim/{name}"), format!(
            "{statement:?} v{} {} {} {:?} evidence {edges:?} attestations {attestations:?} scopes {scopes:?} links {links:?}",
            claim.version(), status.lifecycle, status.standing, status.by,
        ));
    }
    for (on, _) in state.streams() {
        if matches!(
            on,
            Subject::Entity(Kind::Artifact | Kind::Context | Kind::View, _)
        ) {
            seen.insert(on.to_string(), state.exists(on).to_string());
        }
    }
    seen
}

pub(crate) fn grow(
    seed: u64,
    commits: usize,
    mut each: impl FnMut(&Bed, &Recorded, Result<(), (Code, Option<u16>)>),
) -> Bed {
    let mut dice = Dice(seed);
    let mut bed = Bed::of(dice.of(&policies()).clone());
    let all = ["ann", "bob", "cid", "org"];
    let first = bed
        .commit(
            "ann",
            &[
                ("artifact/b", artifact()),
                ("context/y", context()),
                ("claim/e", asserted()),
                ("view/v", view("view.defined")),
                ("artifact/a", artifact()),
                ("context/x", context()),
                ("claim/c", asserted()),
                ("claim/d", asserted()),
            ],
        )
        .by(&all);
    let verdict = bed
        .admit(first.clone())
        .map_err(|rejection| (rejection.code, rejection.position));
    each(&bed, &first, verdict);
    for _ in 0..commits {
        let commit = commit(&mut dice, &bed);
        let verdict = bed
            .admit(commit.clone())
            .map_err(|rejection| (rejection.code, rejection.position));
        each(&bed, &commit, verdict);
    }
    bed
}

fn fixed(cases: u64) -> ProptestConfig {
    ProptestConfig {
        cases: u32::try_from(cases).unwrap(),
        rng_seed: RngSeed::Fixed(20),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(fixed(times(48, 960)))]

    #[test]
    fn random_histories_are_judged_and_folded_as_the_naive_rules_do(seed: u64) {
        let mut naive = Ledger::default();
        let bed = grow(seed, 60, |bed, commit, verdict| {
            if naive.entries.is_empty() {
                naive.judge(&bed.entries[0]).unwrap();
            }
            let expected = naive.judge(&Arc::new(commit.clone()));
            assert_eq!(verdict, expected, "{commit:#?}");
            assert_eq!(bed.state.set_aside().copied().collect::<BTreeSet<_>>(), naive.aside(), "{commit:#?}");
            let naively = naive.seen();
            for (what, shown) in seen(&bed.state) {
                assert_eq!(Some(&shown), naively.get(&what), "{what} {commit:#?}");
            }
        });
        assert_same(&bed.state, &bed.folded());
    }
}

#[test]
fn random_histories_reach_every_code_that_this_room_gives_and_set_much_aside() {
    let mut codes: BTreeMap<String, u32> = BTreeMap::new();
    let mut types: BTreeSet<&str> = BTreeSet::new();
    let mut under = 0;
    for seed in 0..120 {
        let bed = grow(seed, 60, |bed, _, verdict| {
            under += usize::from(bed.state.set_aside().next().is_some());
            let word = verdict.map_or_else(|(code, _)| code.word(), |()| "admitted");
            *codes.entry(word.to_owned()).or_default() += 1;
        });
        types.extend(
            bed.entries
                .iter()
                .flat_map(|entry| entry.events.iter())
                .map(|event| event.data.name()),
        );
    }
    for code in [
        "admitted", "time", "anchor", "closed", "role", "conflict", "missing", "self", "ref",
        "version", "status", "exists", "key", "policy", "stewards", "since", "map",
    ] {
        assert!(
            codes.get(code).is_some_and(|count| *count >= 3),
            "{code}: {codes:?}"
        );
    }
    assert!(codes["admitted"] > 2_000, "{codes:?}");
    assert!(
        under > 500,
        "{under} commits judged with something set aside"
    );
    let unseen: Vec<&str> = Data::TYPES
        .iter()
        .map(|row| row.name)
        .filter(|name| !types.contains(name))
        .collect();
    assert_eq!(unseen, ["ledger.moved"]);
}

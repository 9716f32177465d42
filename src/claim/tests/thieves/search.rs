//! The search: from a ground, all that thieves can get admitted, breadth first, states that are
//! alike in what matters looked at once, acts that give power first.

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Arc, OnceLock};

use serde_json::json;

use super::super::super::{Claim, Code, Data, Lifecycle, Policy, Role, Standing, State};
use super::super::bed::*;
use super::super::histories::Dice;
use super::ground::{self, EX, EX_KEY, Ground, Hand, commit, id_of};
use super::law::{Law, PLAIN, ROLES, names_of};
use super::may::Good;
use crate::value::{Address, KeyId, Slug, Subject};

/// Keys that the thieves make.
const FRESH: std::ops::Range<u8> = 100..106;
const NEW: [&str; 3] = ["s0", "s1", "s2"];
const CLAIMS: [&str; 4] = ["claim/c", "claim/d", "claim/e", "claim/f"];

pub(super) type Act = (Subject, Data);

/// What thieves do, as one commit: by whom, with which keys.
pub(super) type Step = (Slug, Vec<Hand>, Vec<Act>);

/// What is protected, as it stood when the thieves came.
pub(super) struct Watch {
    policy: Arc<Policy>,
    powers: BTreeMap<Slug, Vec<Role>>,
    keys: BTreeMap<usize, BTreeSet<KeyId>>,
    aside: BTreeSet<Address>,
    size: u64,
}

fn powers(state: &State) -> BTreeMap<Slug, Vec<Role>> {
    let has_power =
        |roles: &[Role]| roles.contains(&Role::Steward) || roles.contains(&Role::Curator);
    let mut powers = BTreeMap::new();
    for (name, agent) in state.agents() {
        let Some(profile) = &agent.profile else {
            continue;
        };
        let is_member = name.as_str().starts_with('m');
        if is_member || has_power(&profile.roles.0) {
            powers.insert(name.clone(), profile.roles.0.clone());
        }
    }
    powers
}

fn valid_keys(state: &State, name: &Slug) -> BTreeSet<KeyId> {
    let agent = state.agent(name);
    let keys = agent.iter().flat_map(|agent| agent.keys.iter());
    keys.filter(|key| key.is_valid())
        .map(|key| key.id)
        .collect()
}

fn status_of<'s>(state: &'s State, name: &str) -> &'s Claim {
    state.claim(&slug(&name[6..])).unwrap()
}

impl Watch {
    pub(super) fn over(ground: &Ground) -> Watch {
        let state = &ground.state;
        let keys =
            (0..ground.members.len()).map(|place| (place, valid_keys(state, &ground.slug(place))));
        Watch {
            policy: state.constitution().unwrap().policy.clone(),
            powers: powers(state),
            keys: keys.collect(),
            aside: state.set_aside().copied().collect(),
            size: state.size(),
        }
    }

    /// All that is protected here.
    pub(super) fn goods(&self, ground: &Ground) -> Vec<Good> {
        let keys = (0..ground.members.len()).map(Good::Keys);
        let claims = (0..CLAIMS.len()).map(Good::Kept);
        let rest = [
            Good::Policy,
            Good::Open,
            Good::Models,
            Good::Power,
            Good::Contested,
            Good::Disputed,
            Good::Standing,
            Good::Aside,
        ];
        rest.into_iter().chain(keys).chain(claims).collect()
    }

    pub(super) fn is_changed(&self, ground: &Ground, state: &State, good: Good) -> bool {
        let facts = state.constitution().unwrap();
        let aside = || -> BTreeSet<Address> { state.set_aside().copied().collect() };
        match good {
            Good::Policy => facts.policy != self.policy,
            Good::Open => facts.closed.is_some(),
            Good::Models => !facts.models.is_empty(),
            Good::Power => powers(state) != self.powers,
            Good::Keys(place) => valid_keys(state, &ground.slug(place)) != self.keys[&place],
            Good::Kept(claim) => {
                status_of(state, CLAIMS[claim]).status.lifecycle == Lifecycle::Retracted
            }
            Good::Contested => status_of(state, "claim/d").status.standing != Standing::Contested,
            Good::Disputed => status_of(state, "claim/c").version() != 1,
            Good::Standing => {
                let before = |address: &Address| address.entry < self.size;
                aside()
                    .iter()
                    .any(|address| before(address) && !self.aside.contains(address))
            }
            Good::Aside => !self.aside.is_subset(&aside()),
        }
    }
}

/// Acts that do not depend on what was done before.
fn fixed_acts(ground: &Ground) -> Vec<Act> {
    let mut acts = vec![
        (Subject::Ledger, policy(Law::none().json())),
        (Subject::Ledger, frozen()),
        (Subject::Ledger, adopted()),
        (Subject::Ledger, moved()),
        (Subject::log(), mapped(ground.state.size(), 1)),
    ];
    for name in NEW {
        let on = subject(&format!("agent/{name}"));
        acts.push((on.clone(), roles_given(0b1111)));
        acts.push((on, roles_given(0)));
    }
    for member in &ground.members {
        let on = subject(&format!("agent/{}", member.name));
        acts.push((on.clone(), roles_given(0b1111)));
        acts.push((on.clone(), roles_given(0)));
        for key in &member.keys {
            acts.push((on.clone(), revoked(*key)));
            acts.push((on.clone(), compromised(*key, 0)));
            acts.push((on.clone(), compromised(*key, ground.state.size() - 1)));
        }
    }
    for name in CLAIMS {
        let on = subject(name);
        acts.push((on.clone(), revised("theirs")));
        let other = if name == "claim/e" {
            "claim/d"
        } else {
            "claim/e"
        };
        for change in [
            json!({"lifecycle": "retracted"}),
            json!({"lifecycle": "active"}),
            json!({"lifecycle": "merged", "by": other}),
            json!({"lifecycle": "superseded", "by": other}),
            json!({"standing": "settled"}),
            json!({"standing": "contested"}),
            json!({"lifecycle": "retracted", "standing": "refuted"}),
        ] {
            acts.push((on.clone(), status(change)));
        }
    }
    acts
}

fn roles_given(bits: u8) -> Data {
    data("agent.changed", json!({"roles": names_of(&ROLES, bits)}))
}

fn registered_as(bits: u8, number: u8) -> Data {
    let roles = names_of(&ROLES, bits);
    let mut json = json!({"name": "n", "kind": "human", "keys": [proven(number)]});
    json["roles"] = roles;
    data("agent.registered", json)
}

/// Everything that thieves have tried, and what came of it.
#[derive(Default, Clone, Copy)]
pub(super) struct Tried {
    pub(super) states: u64,
    pub(super) commits: u64,
    pub(super) admitted: u64,
}

impl std::ops::AddAssign for Tried {
    fn add_assign(&mut self, other: Tried) {
        self.states += other.states;
        self.commits += other.commits;
        self.admitted += other.admitted;
    }
}

/// One search by thieves with these keys.
pub(super) struct Search<'g> {
    ground: &'g Ground,
    keys: BTreeSet<u8>,
    acts: Vec<Act>,
    pub(super) tried: Tried,
}

struct Node {
    state: State,
    history: Vec<Step>,
}

impl<'g> Search<'g> {
    pub(super) fn new(ground: &'g Ground, keys: &BTreeSet<u8>) -> Search<'g> {
        Search {
            ground,
            keys: keys.clone(),
            acts: fixed_acts(ground),
            tried: Tried::default(),
        }
    }

    /// Every state that these thieves reach in so many commits, so many states at most; `each` says
    /// whether it has seen enough.
    pub(super) fn breadth(
        &mut self,
        depth: usize,
        most: u64,
        each: &mut dyn FnMut(&State, &[Step]) -> bool,
    ) {
        let first = Node {
            state: self.ground.state.clone(),
            history: Vec::new(),
        };
        let mut seen = HashSet::from([self.likeness(&first.state)]);
        let mut queue = VecDeque::from([first]);
        while let Some(node) = queue.pop_front() {
            if self.tried.states >= most {
                return;
            }
            self.tried.states += 1;
            let hands = self.hands(&node.state);
            for act in self.acts_in(&node.state, &hands) {
                let Some((step, state)) = self.gets_in(&node.state, &hands, act) else {
                    continue;
                };
                if !seen.insert(self.likeness(&state)) {
                    continue;
                }
                let gives_power = step.2.iter().any(|(_, data)| gives_power(data));
                let mut history = node.history.clone();
                history.push(step);
                if each(&state, &history) {
                    return;
                }
                let next = Node { state, history };
                match next.history.len() < depth {
                    true if gives_power => queue.push_front(next),
                    true => queue.push_back(next),
                    false => {}
                }
            }
        }
    }

    /// Whatever comes to mind, by whoever signs, several events at a time.
    pub(super) fn walk(
        &mut self,
        dice: &mut Dice,
        length: usize,
        each: &mut dyn FnMut(&State, &[Step]) -> bool,
    ) {
        let mut state = self.ground.state.clone();
        let mut history = Vec::new();
        for _ in 0..length {
            let hands = self.hands(&state);
            if hands.is_empty() {
                return;
            }
            let mut acts = self.acts_in(&state, &hands);
            acts.extend(idle_acts(dice, &state));
            let count = if dice.one_in(3) { 1 + dice.roll(3) } else { 1 };
            let acts: Vec<Act> = (0..count).map(|_| dice.of(&acts).clone()).collect();
            let spared = dice.one_in(3);
            let by: Vec<Hand> = hands
                .iter()
                .filter(|_| !spared || !dice.one_in(3))
                .cloned()
                .collect();
            let author = dice.of(&hands).0.clone();
            let entry = commit(&state, &author, &by, &acts);
            self.tried.commits += 1;
            let Ok(next) = state.admit(&entry) else {
                continue;
            };
            self.tried.admitted += 1;
            state = next;
            history.push((author, by, acts));
            if each(&state, &history) {
                return;
            }
        }
        self.tried.states += history.len() as u64;
    }

    /// Keys that they have and that sign.
    fn hands(&self, state: &State) -> Vec<Hand> {
        let keys = self.keys.iter().copied().chain(FRESH);
        keys.filter_map(|number| {
            let owner = state.valid_key(&id_of(number))?;
            Some((owner.agent.clone(), number))
        })
        .collect()
    }

    fn acts_in(&self, state: &State, hands: &[Hand]) -> Vec<Act> {
        let mut acts = self.acts.clone();
        let fresh = FRESH
            .into_iter()
            .find(|number| state.key_owner(&id_of(*number)).is_none());
        if let Some(fresh) = fresh {
            acts.extend(self.acts_with_a_new_key(state, fresh));
        }
        for (agent, number) in hands.iter().filter(|(_, number)| *number >= FRESH.start) {
            let on = Subject::agent(agent.clone());
            acts.push((on.clone(), revoked(*number)));
            acts.push((on, compromised(*number, self.ground.state.size())));
        }
        for address in state.set_aside() {
            let entry = state.entry(address.entry).unwrap();
            let event = &entry.events[usize::from(address.position)];
            acts.push((
                event.subject.clone(),
                with_ref("event.reaffirmed", event.seq),
            ));
        }
        for name in CLAIMS {
            let claim = status_of(state, name);
            for made in claim.live_attestations() {
                let back = with_ref("attestation.withdrawn", made.made.seq);
                acts.push((subject(name), back));
            }
            acts.push((subject(name), attested("disputes", claim.version())));
        }
        acts
    }

    fn acts_with_a_new_key(&self, state: &State, fresh: u8) -> Vec<Act> {
        let mut acts = Vec::new();
        let free = NEW
            .iter()
            .map(|name| subject(&format!("agent/{name}")))
            .find(|on| !state.is_taken(on));
        for on in free.into_iter().chain([subject(&format!("agent/{EX}"))]) {
            acts.push((on.clone(), registered_as(0b1111, fresh)));
            acts.push((on, registered_as(PLAIN, fresh)));
        }
        for member in &self.ground.members {
            let on = subject(&format!("agent/{}", member.name));
            acts.push((on.clone(), ground::key_added(fresh, None)));
            acts.push((on, ground::key_added(fresh, Some(fresh + 1))));
        }
        acts
    }

    /// With all their signatures, by the first of them for whom it is admitted. A key that is
    /// revoked with `since` does not sign.
    fn gets_in(&mut self, state: &State, hands: &[Hand], act: Act) -> Option<(Step, State)> {
        let mut by = hands.to_vec();
        if let Data::KeyRevoked(data) = &act.1 {
            by.retain(|(_, number)| id_of(*number) != data.key);
        }
        let mut authors: Vec<Slug> = by.iter().map(|(agent, _)| agent.clone()).collect();
        authors.dedup();
        let acts = vec![act];
        for author in authors {
            let entry = commit(state, &author, &by, &acts);
            self.tried.commits += 1;
            match state.admit(&entry) {
                Ok(next) => {
                    self.tried.admitted += 1;
                    return Some(((author, by, acts), next));
                }
                Err(rejection) if rejection.code != Code::Role => return None,
                Err(_) => {}
            }
        }
        None
    }

    /// What makes two states different for thieves and for what is protected: numbers of entries,
    /// which of several keys of one agent they have, and more new agents of a kind than two do not.
    fn likeness(&self, state: &State) -> u64 {
        let mut hasher = DefaultHasher::new();
        let facts = state.constitution().unwrap();
        (facts.policy.stewards, facts.policy.rules.len()).hash(&mut hasher);
        (facts.closed.is_some(), facts.models.len()).hash(&mut hasher);
        let hands: BTreeSet<Slug> = self
            .hands(state)
            .into_iter()
            .map(|(agent, _)| agent)
            .collect();
        let mut alike = BTreeMap::new();
        for (name, agent) in state.agents() {
            let roles = agent.profile.as_ref().map(|profile| profile.roles.0.len());
            let theirs = hands.contains(name);
            if NEW.contains(&name.as_str()) {
                *alike.entry((roles, theirs)).or_insert(0) += 1;
                continue;
            }
            let others = agent.keys.iter().filter(|key| key.is_valid()).count() > 0;
            let own_news = agent.next.is_some();
            (name.as_str(), roles, theirs, others, own_news).hash(&mut hasher);
        }
        for (kind, count) in alike {
            (kind, std::cmp::min(count, 2)).hash(&mut hasher);
        }
        for name in CLAIMS {
            let claim = status_of(state, name);
            let status = &claim.status;
            (status.lifecycle.word(), status.standing.word()).hash(&mut hasher);
            (claim.version().min(2), claim.is_disputed()).hash(&mut hasher);
        }
        for address in state.set_aside() {
            (address.entry, address.position).hash(&mut hasher);
        }
        hasher.finish()
    }
}

/// Whether more may be possible after it.
fn gives_power(data: &Data) -> bool {
    let kinds = ["agent.", "attestation.", "event.", "ledger."];
    kinds.iter().any(|kind| data.name().starts_with(kind))
}

/// Acts of every other type, for walks.
fn idle_acts(dice: &mut Dice, state: &State) -> Vec<Act> {
    static PLAIN_ONES: OnceLock<Vec<Act>> = OnceLock::new();
    let plain = PLAIN_ONES.get_or_init(|| {
        let acts = [
            ("claim/new", asserted()),
            ("claim/e", evidence("disputes", "artifact/b")),
            ("claim/e", scoped("holds_in", "context/x")),
            ("claim/e", linked("supports", "claim/d")),
            ("claim/c", note()),
            ("artifact/new", artifact()),
            ("context/new", context()),
            ("view/v", view("view.changed")),
            ("view/new", view("view.defined")),
            (
                "artifact/a",
                data("artifact.appraised", json!({"credibility": "0"})),
            ),
            (
                "artifact/a",
                data(
                    "artifact.standing_changed",
                    json!({"standing": "withdrawn", "reason": "r"}),
                ),
            ),
            ("agent/m0", data("agent.changed", json!({"name": "other"}))),
            (
                "agent/m1",
                data("agent.changed", json!({"reliability": "1"})),
            ),
        ];
        acts.map(|(on, data)| (subject(on), data)).to_vec()
    });
    let mut acts = plain.clone();
    for kind in [
        "evidence.revised",
        "evidence.withdrawn",
        "claim.unscoped",
        "claim.unlinked",
        "event.reaffirmed",
    ] {
        let name = *dice.of(&CLAIMS);
        let head = state.stream(&subject(name)).map_or(1, |head| head.seq);
        acts.push((subject(name), with_ref(kind, 1 + dice.roll(head))));
    }
    let member = 10 * (1 + u8::try_from(dice.roll(3)).unwrap());
    let on = subject(&format!("agent/m{}", member / 10 - 1));
    acts.push((on, compromised(member + 1, dice.roll(state.size()))));
    acts.push((subject("agent/ex"), revoked(EX_KEY)));
    acts
}

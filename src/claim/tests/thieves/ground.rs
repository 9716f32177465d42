//! The ground that thieves come to: a ledger with a random policy in force, and what is worth
//! protecting in it. It is set up under a policy that allows everything, by admitted commits, and
//! then gets its own.

use std::sync::{Arc, OnceLock};

use serde_json::json;

use super::super::super::{Code, Data, Event, Recorded, Rejection, Signer, State};
use super::super::bed::{
    artifact, asserted, attested, compromised, context, created, data, evidence, founder, key_id,
    policy, proven, registered, slug, status, subject, view,
};
use super::super::histories::Dice;
use super::law::{KINDS, Law, ROLES, STEWARD, names_of};
use crate::hash::Hash;
use crate::value::{Address, CommitId, EventId, KeyId, Slug, Time};

/// The agent whose registration is set aside, and its key.
pub(super) const EX: &str = "ex";
pub(super) const EX_KEY: u8 = 90;

/// Who signs, each by one key.
pub(super) type Hand = (Slug, u8);

#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) name: String,
    /// Its place in [`KINDS`], as a bit.
    pub(super) kind: u8,
    pub(super) roles: u8,
    pub(super) keys: Vec<u8>,
    pub(super) announced: bool,
}

/// Members by their place.
pub(super) struct Ground {
    pub(super) law: Law,
    pub(super) members: Vec<Member>,
    /// Who asserted claim/c (under dispute), claim/d (contested), claim/e and claim/f.
    pub(super) asserters: [usize; 4],
    /// Who disputes claim/c.
    pub(super) disputer: usize,
    /// Whose first key was in other hands: it retracted claim/f and registered `ex`; both are set
    /// aside.
    pub(super) robbed: Option<usize>,
    pub(super) state: State,
}

pub(super) fn id_of(number: u8) -> KeyId {
    static IDS: OnceLock<Vec<KeyId>> = OnceLock::new();
    IDS.get_or_init(|| (0..=u8::MAX).map(key_id).collect())[usize::from(number)]
}

/// A commit in its place.
pub(super) fn commit(
    state: &State,
    author: &Slug,
    signers: &[Hand],
    acts: &[(crate::value::Subject, Data)],
) -> Arc<Recorded> {
    let index = state.size();
    let at = Time::from_micros(1_700_000_000_000_000 + i64::try_from(index).unwrap()).unwrap();
    let mut events: Vec<Arc<Event>> = Vec::new();
    for (position, (on, data)) in acts.iter().enumerate() {
        let head = state.stream(on).map(|head| (head.seq, head.last));
        let earlier = events.iter().rev().find(|event| event.subject == *on);
        let before = earlier.map(|event| (event.seq, event.id)).or(head);
        let position = u16::try_from(position).unwrap();
        let id = [index.to_be_bytes().as_slice(), &position.to_be_bytes()].concat();
        events.push(Arc::new(Event {
            address: Address {
                entry: index,
                position,
            },
            id: EventId(Hash::of(&id)),
            subject: on.clone(),
            seq: before.map_or(0, |(seq, _)| seq) + 1,
            prev: before.map(|(_, id)| id),
            effective: None,
            author: author.clone(),
            at,
            recorded: at,
            data: data.clone(),
        }));
    }
    let signer = |(agent, number): &Hand| Signer {
        agent: agent.clone(),
        key: id_of(*number),
    };
    Arc::new(Recorded {
        index,
        commit: CommitId(Hash::of(&index.to_be_bytes())),
        recorded: at,
        author: author.clone(),
        at,
        anchor: (index > 0).then_some(index),
        signers: signers.iter().map(signer).collect(),
        events,
        key_faults: Vec::new(),
    })
}

fn members(dice: &mut Dice) -> Vec<Member> {
    let count = 3 + dice.roll(3);
    let stewards = 1 + dice.roll(count.min(3));
    let member = |place: u64| {
        let number = 10 * u8::try_from(place + 1).unwrap();
        let mut roles = u8::try_from(dice.roll(8)).unwrap();
        if place < stewards {
            roles |= STEWARD;
        }
        Member {
            name: format!("m{place}"),
            kind: if dice.one_in(4) { 1 << dice.roll(3) } else { 1 },
            roles,
            keys: (1..=number_of_keys(dice)).map(|key| number + key).collect(),
            announced: dice.one_in(4),
        }
    };
    (0..count).map(member).collect()
}

fn number_of_keys(dice: &mut Dice) -> u8 {
    if dice.one_in(2) { 2 } else { 1 }
}

impl Ground {
    /// Until a policy is drawn that may be; each that may not is refused.
    pub(super) fn random(dice: &mut Dice) -> Ground {
        let members = members(dice);
        let place = |dice: &mut Dice| usize::try_from(dice.roll(members.len() as u64)).unwrap();
        let asserters = [(); 4].map(|()| place(dice));
        let disputer = place(dice);
        let robbed = Some(place(dice)).filter(|place| members[*place].keys.len() > 1);
        let mut ground = Ground {
            law: Law::none(),
            members,
            asserters,
            disputer,
            robbed: robbed.filter(|_| !dice.one_in(3)),
            state: State::new(),
        };
        ground.found();
        ground.furnish();
        ground.rob();
        loop {
            let law = Law::random(dice, ground.stewards());
            if ground.takes(&law) {
                return ground;
            }
        }
    }

    /// How many stewards can act: each has a key left.
    pub(super) fn stewards(&self) -> u64 {
        let stewards = self.members.iter();
        stewards
            .filter(|member| member.roles & STEWARD != 0)
            .count() as u64
    }

    pub(super) fn slug(&self, place: usize) -> Slug {
        slug(&self.members[place].name)
    }

    pub(super) fn place_of(&self, hand: &Hand) -> usize {
        let of_hand = |member: &Member| member.name == hand.0.as_str();
        self.members.iter().position(of_hand).unwrap()
    }

    /// The keys of a member that sign: all but the one that was revoked.
    pub(super) fn keys_of(&self, place: usize) -> Vec<u8> {
        let is_robbed = self.robbed == Some(place);
        self.members[place].keys[usize::from(is_robbed)..].to_vec()
    }

    /// All keys that sign.
    pub(super) fn hands(&self) -> Vec<Hand> {
        let keys = |place: usize| {
            let name = self.slug(place);
            let keys = self.keys_of(place).into_iter();
            keys.map(move |key| (name.clone(), key))
        };
        (0..self.members.len()).flat_map(keys).collect()
    }

    fn must(&mut self, author: usize, acts: &[(&str, Data)]) {
        let by = self.hands();
        self.does(author, &by, acts).unwrap();
    }

    fn does(&mut self, author: usize, by: &[Hand], acts: &[(&str, Data)]) -> Result<(), Rejection> {
        let acts: Vec<_> = acts
            .iter()
            .map(|(on, data)| (subject(on), data.clone()))
            .collect();
        let entry = commit(&self.state, &self.slug(author), by, &acts);
        self.state = self.state.admit(&entry)?;
        Ok(())
    }

    fn found(&mut self) {
        let of_member = |member: &Member| {
            let roles = names_of(&ROLES, member.roles);
            let kind = KINDS[member.kind.trailing_zeros() as usize];
            let mut json = founder(&member.name, kind, &[], &member.keys);
            json["roles"] = roles;
            if member.announced {
                let number = member.keys[0] + 5;
                json["next"] = Hash::of(&[number; 32]).to_string().into();
            }
            json
        };
        let agents: Vec<_> = self.members.iter().map(of_member).collect();
        let stewards = self.members.iter();
        let stewards = stewards.filter(|member| member.roles & STEWARD != 0);
        let by: Vec<Hand> = stewards
            .map(|member| (slug(&member.name), member.keys[0]))
            .collect();
        let genesis = created(&agents, Law::none().json());
        self.does(0, &by, &[("ledger", genesis)]).unwrap();
    }

    fn furnish(&mut self) {
        let things = [
            ("artifact/a", artifact()),
            ("artifact/b", artifact()),
            ("context/x", context()),
            ("view/v", view("view.defined")),
        ];
        self.must(0, &things);
        for (place, name) in ["claim/c", "claim/d", "claim/e", "claim/f"]
            .into_iter()
            .enumerate()
        {
            let acts = [
                (name, asserted()),
                (name, evidence("supports", "artifact/a")),
                (name, status(json!({"lifecycle": "active"}))),
            ];
            self.must(self.asserters[place], &acts);
        }
        self.must(self.disputer, &[("claim/c", attested("disputes", 1))]);
        self.must(0, &[("claim/d", status(json!({"standing": "contested"})))]);
    }

    fn rob(&mut self) {
        let Some(place) = self.robbed else { return };
        let stolen = self.members[place].keys[0];
        let since = self.state.size();
        let acts = [
            ("claim/f", status(json!({"lifecycle": "retracted"}))),
            ("agent/ex", registered(&ROLES, &[EX_KEY])),
        ];
        let by = [(self.slug(place), stolen)];
        self.does(place, &by, &acts).unwrap();
        let robbed = format!("agent/{}", self.members[place].name);
        self.must(place, &[(robbed.as_str(), compromised(stolen, since))]);
    }

    /// Takes a policy if it may be; if it may not, the ledger must say so, and why.
    fn takes(&mut self, law: &Law) -> bool {
        let by = self.hands();
        let able = self.stewards();
        let verdict = self.does(0, &by, &[("ledger", policy(law.json()))]);
        let code = verdict.as_ref().map_err(|rejection| rejection.code);
        let expected = match (law.may_be(able), law.k > able) {
            (true, _) => Ok(&()),
            // All stewards sign, and they are not enough for the new policy.
            (false, true) => Err(Code::Role),
            (false, false) => Err(Code::Policy),
        };
        assert_eq!(code, expected, "{}", law.json());
        self.law = law.clone();
        verdict.is_ok()
    }
}

/// A new key, with its proof, that may announce another.
pub(super) fn key_added(number: u8, announces: Option<u8>) -> Data {
    let mut json = proven(number);
    if let Some(next) = announces {
        json["next"] = Hash::of(&[next; 32]).to_string().into();
    }
    data("agent.key_added", json)
}

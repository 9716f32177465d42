//! What a set of thieves may do by the letter of the policy: at once, with the signatures that they
//! have, and in the end, with every agent that they can make, raise or take over on the way.

use std::collections::BTreeSet;

use super::ground::{EX_KEY, Ground};
use super::law::{ALL, Alone, PLAIN, Rule, STEWARD};

/// What an act is about, as far as rules look at it.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct About {
    /// Who asserted the claim.
    pub(super) asserter: Option<usize>,
    /// The agent that the subject is.
    pub(super) subject: Option<usize>,
    /// The author of the event that `ref` names.
    pub(super) referred: Option<usize>,
    /// An attestation: the author himself is not the asserter.
    pub(super) attests: bool,
}

fn fits(rule: &Rule, roles: u8, kind: u8) -> bool {
    rule.roles & roles != 0 && rule.kinds.is_none_or(|kinds| kinds & kind != 0)
}

/// Whether this author, with the signatures of these members, fills the rule of this name.
pub(super) fn fills_now(
    ground: &Ground,
    name: &str,
    about: About,
    author: usize,
    signed: &BTreeSet<usize>,
) -> bool {
    let Some(rule) = ground.law.rules.get(name) else {
        return false;
    };
    if !signed.contains(&author) {
        return false;
    }
    let by_himself = match rule.alone {
        None => false,
        Some(Alone::Anyone) => true,
        Some(Alone::Subject) => about.subject == Some(author),
        Some(Alone::Author) => about.referred == Some(author),
    };
    let counted: BTreeSet<usize> = signed
        .iter()
        .copied()
        .filter(|place| {
            let member = &ground.members[*place];
            fits(rule, member.roles, member.kind)
        })
        .collect();
    let another = match about.asserter.filter(|_| rule.other_than_asserter) {
        None => true,
        Some(asserter) if about.attests => author != asserter,
        Some(asserter) => counted.iter().any(|place| *place != asserter),
    };
    by_himself
        || (counted.contains(&author) && counted.len() as u64 >= ground.law.need(rule) && another)
}

/// How many of these members are stewards.
pub(super) fn stewards_among(ground: &Ground, signed: &BTreeSet<usize>) -> u64 {
    let is_steward = |place: &&usize| ground.members[**place].roles & STEWARD != 0;
    signed.iter().filter(is_steward).count() as u64
}

/// All that thieves may come to: an upper bound. It only grows, so it is worked out until it stays.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Reach {
    /// Members whose signature they can give.
    hands: BTreeSet<usize>,
    /// Of these, those whose roles they can choose.
    raised: BTreeSet<usize>,
    /// Any number of new agents without power.
    plain: bool,
    /// Any number of new agents with every role.
    powerful: bool,
    /// They may put another policy in force.
    pub(super) policy: bool,
    /// They may set aside what was signed by some key.
    pub(super) since: bool,
    /// They may bring back an agent with every role whose key is theirs.
    ex: bool,
}

/// What is protected.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Good {
    /// The policy in force.
    Policy,
    /// The ledger is open.
    Open,
    /// The models in force.
    Models,
    /// Who is steward or curator, and every member's roles.
    Power,
    /// The valid keys of a member that is none of the thieves.
    Keys(usize),
    /// That this claim is not retracted.
    Kept(usize),
    /// claim/d stays contested.
    Contested,
    /// claim/c, under dispute, says what it said.
    Disputed,
    /// Nothing from before the thieves is set aside besides what was.
    Standing,
    /// What was set aside stays so.
    Aside,
}

impl Good {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Good::Policy => "policy",
            Good::Open => "open",
            Good::Models => "models",
            Good::Power => "power",
            Good::Keys(_) => "keys of others",
            Good::Kept(_) => "not retracted",
            Good::Contested => "contested standing",
            Good::Disputed => "wording under dispute",
            Good::Standing => "nothing set aside",
            Good::Aside => "set aside stays",
        }
    }
}

impl Reach {
    /// Of thieves who hold keys of these members, and perhaps that of the agent set aside.
    pub(super) fn of(ground: &Ground, members: &BTreeSet<usize>, keys: &BTreeSet<u8>) -> Reach {
        let mut reach = Reach {
            hands: members.clone(),
            raised: BTreeSet::new(),
            plain: false,
            powerful: false,
            policy: false,
            since: false,
            ex: false,
        };
        loop {
            let before = reach.clone();
            reach.grow(ground, keys.contains(&EX_KEY));
            if reach == before {
                return reach;
            }
        }
    }

    fn grow(&mut self, ground: &Ground, has_ex: bool) {
        let law = &ground.law;
        let no = About::default();
        self.plain |= self.fills(ground, "agent.registered", no);
        self.powerful |= self.fills(ground, "agent.registered/power", no)
            || (self.plain && self.raises(ground, None));
        let ex = About {
            referred: ground.robbed,
            ..no
        };
        self.ex |=
            has_ex && ground.robbed.is_some() && self.fills(ground, "event.reaffirmed/power", ex);
        for place in 0..ground.members.len() {
            if self.raises(ground, Some(place)) {
                self.raised.insert(place);
            }
            if self.takes_over(ground, place) {
                self.hands.insert(place);
            }
            let about = About {
                subject: Some(place),
                ..no
            };
            self.since |= self.fills(ground, "agent.key_revoked/since", about);
        }
        // New agents whose keys they have are subjects too.
        let own = |name: &str| {
            let rule = law.rules.get(name);
            rule.is_some_and(|rule| rule.alone == Some(Alone::Subject))
        };
        self.since |= self.plain && own("agent.key_revoked/since");
        self.policy |=
            self.fills(ground, "ledger.policy_changed", no) && self.stewards(ground, None) >= law.k;
    }

    /// Whether they may give a member (or a new agent of theirs) roles.
    fn raises(&self, ground: &Ground, place: Option<usize>) -> bool {
        let about = About {
            subject: place,
            ..About::default()
        };
        let own = ground.law.rules.get("agent.changed/power");
        self.fills(ground, "agent.changed/power", about)
            || (place.is_none() && own.is_some_and(|rule| rule.alone == Some(Alone::Subject)))
    }

    /// Whether they may give a member a key of theirs. Where another key is announced, as many
    /// stewards as the threshold besides that member have to agree.
    fn takes_over(&self, ground: &Ground, place: usize) -> bool {
        let about = About {
            subject: Some(place),
            ..About::default()
        };
        let agreed =
            !ground.members[place].announced || self.stewards(ground, Some(place)) >= ground.law.k;
        agreed && self.fills(ground, "agent.key_added", about)
    }

    fn roles(&self, ground: &Ground, place: usize) -> u8 {
        if self.raised.contains(&place) {
            ALL
        } else {
            ground.members[place].roles
        }
    }

    fn stewards(&self, ground: &Ground, except: Option<usize>) -> u64 {
        if self.powerful {
            return u64::MAX;
        }
        let hands = self.hands.iter();
        let stewards = hands
            .filter(|place| Some(**place) != except && self.roles(ground, **place) & STEWARD != 0);
        stewards.count() as u64
    }

    /// Whether they can fill the rule of this name, some author among them.
    pub(super) fn fills(&self, ground: &Ground, name: &str, about: About) -> bool {
        let Some(rule) = ground.law.rules.get(name) else {
            return false;
        };
        let has = |place: Option<usize>| place.is_some_and(|place| self.hands.contains(&place));
        let alone = match rule.alone {
            None => false,
            Some(Alone::Subject) => has(about.subject),
            Some(Alone::Author) => has(about.referred),
            Some(Alone::Anyone) => !self.hands.is_empty(),
        };
        if alone {
            return true;
        }
        let new_roles = match (self.powerful, self.plain) {
            (true, _) => ALL,
            (false, true) => PLAIN,
            (false, false) => 0,
        };
        if !self.hands.is_empty() && rule.roles & new_roles != 0 {
            return true;
        }
        let counted: Vec<usize> = self
            .hands
            .iter()
            .copied()
            .filter(|place| {
                fits(
                    rule,
                    self.roles(ground, *place),
                    ground.members[*place].kind,
                )
            })
            .collect();
        let another = match about.asserter.filter(|_| rule.other_than_asserter) {
            None => true,
            Some(asserter) => counted.iter().any(|place| *place != asserter),
        };
        counted.len() as u64 >= ground.law.need(rule) && another
    }

    /// What comes after one of these depends on all that was ever signed: nothing is said of it.
    fn has_everything(&self) -> bool {
        self.policy || self.since || self.ex
    }

    /// Whether they may come to change this, by the letter.
    pub(super) fn may(&self, ground: &Ground, good: Good) -> bool {
        let fills = |name: &str| self.fills(ground, name, About::default());
        let by = |name: &str, claim: usize| {
            let about = About {
                asserter: Some(ground.asserters[claim]),
                ..About::default()
            };
            self.fills(ground, name, about)
        };
        self.has_everything()
            || match good {
                Good::Policy | Good::Standing => false,
                Good::Open => fills("ledger.frozen") || fills("ledger.moved"),
                Good::Models => fills("ledger.model_adopted"),
                Good::Power => {
                    self.powerful
                        || (0..ground.members.len()).any(|place| self.raises(ground, Some(place)))
                        || self.brings_back(ground, "event.reaffirmed/power")
                }
                Good::Keys(place) => self.touches_keys(ground, place),
                Good::Kept(claim) => {
                    by("claim.status_changed/retracted", claim)
                        || (claim == 3 && self.brings_back(ground, "event.reaffirmed"))
                }
                Good::Contested => by("claim.status_changed/uncontested", 1),
                Good::Disputed => {
                    by("claim.revised/disputed", 0)
                        || (self.ends_the_dispute(ground) && by("claim.revised", 0))
                }
                Good::Aside => {
                    self.brings_back(ground, "event.reaffirmed")
                        || self.brings_back(ground, "event.reaffirmed/power")
                }
            }
    }

    fn touches_keys(&self, ground: &Ground, place: usize) -> bool {
        let about = About {
            subject: Some(place),
            ..About::default()
        };
        self.hands.contains(&place)
            || self.takes_over(ground, place)
            || self.fills(ground, "agent.key_revoked", about)
    }

    fn brings_back(&self, ground: &Ground, name: &str) -> bool {
        let claim = (name == "event.reaffirmed").then(|| ground.asserters[3]);
        let about = About {
            asserter: claim,
            referred: ground.robbed,
            ..About::default()
        };
        ground.robbed.is_some() && self.fills(ground, name, about)
    }

    /// By the attester's own word, or by whoever may withdraw it for him.
    pub(super) fn ends_the_dispute(&self, ground: &Ground) -> bool {
        let about = About {
            asserter: Some(ground.asserters[0]),
            referred: Some(ground.disputer),
            ..About::default()
        };
        self.fills(ground, "attestation.withdrawn", about)
    }
}

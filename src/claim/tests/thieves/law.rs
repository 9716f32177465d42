//! A policy in the shape that is easiest to count in: sets of roles and kinds are bits. Written from
//! the model's text, without a line of the code that it is held against.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::super::rule_names;
use super::super::bed::shared_policy;
use super::super::histories::Dice;

pub(super) const ROLES: [&str; 4] = ["attester", "contributor", "curator", "steward"];
pub(super) const KINDS: [&str; 3] = ["human", "organization", "software"];
pub(super) const PLAIN: u8 = 0b0011;
pub(super) const STEWARD: u8 = 0b1000;
pub(super) const ALL: u8 = 0b1111;

/// The rules on which others rest.
const DELICATE: [&str; 11] = [
    "agent.changed/power",
    "agent.key_added",
    "agent.key_revoked",
    "agent.key_revoked/since",
    "agent.registered",
    "agent.registered/power",
    "attestation.withdrawn",
    "claim.revised",
    "event.reaffirmed",
    "event.reaffirmed/power",
    "ledger.policy_changed",
];

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Alone {
    Subject,
    Author,
    Anyone,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Rule {
    pub(super) roles: u8,
    /// None is the stewards' threshold.
    signatures: Option<u64>,
    pub(super) other_than_asserter: bool,
    /// None counts every kind.
    pub(super) kinds: Option<u8>,
    pub(super) alone: Option<Alone>,
}

#[derive(Clone, Debug)]
pub(super) struct Law {
    pub(super) k: u64,
    pub(super) rules: BTreeMap<String, Rule>,
}

pub(super) fn names_of(words: &[&str], bits: u8) -> Value {
    let named = words.iter().enumerate();
    let named = named.filter(|(place, _)| bits & (1 << place) != 0);
    named.map(|(_, word)| Value::from(*word)).collect()
}

fn bits_of(words: &[&str], names: &Value) -> u8 {
    let names = names.as_array().unwrap();
    let place = |name: &Value| words.iter().position(|word| name == word).unwrap();
    names.iter().map(|name| 1 << place(name)).sum()
}

impl Rule {
    fn of_json(json: &Value) -> Rule {
        Rule {
            roles: bits_of(&ROLES, &json["roles"]),
            signatures: json["signatures"].as_u64(),
            other_than_asserter: json.get("other_than").is_some(),
            kinds: json.get("kinds").map(|kinds| bits_of(&KINDS, kinds)),
            alone: json.get("alone").map(|alone| match alone.as_str() {
                Some("subject") => Alone::Subject,
                Some("author") => Alone::Author,
                _ => Alone::Anyone,
            }),
        }
    }

    fn json(&self) -> Value {
        let mut json = json!({"roles": names_of(&ROLES, self.roles)});
        json["signatures"] = match self.signatures {
            Some(count) => count.into(),
            None => "threshold".into(),
        };
        if self.other_than_asserter {
            json["other_than"] = "asserter".into();
        }
        if let Some(kinds) = self.kinds {
            json["kinds"] = names_of(&KINDS, kinds);
        }
        if let Some(alone) = self.alone {
            let words = ["subject", "author", "anyone"];
            json["alone"] = words[alone as usize].into();
        }
        json
    }

    fn random(dice: &mut Dice) -> Rule {
        let bits = |dice: &mut Dice, sides| u8::try_from(dice.roll(sides)).unwrap();
        let alone = [Alone::Subject, Alone::Author, Alone::Anyone];
        Rule {
            roles: bits(dice, 16),
            signatures: [Some(1), Some(1), Some(2), Some(2), Some(3), None, None]
                [usize::try_from(dice.roll(7)).unwrap()],
            other_than_asserter: dice.one_in(4),
            kinds: dice.one_in(5).then(|| 1 + bits(dice, 7)),
            alone: dice.one_in(7).then(|| *dice.of(&alone)),
        }
    }
}

impl Law {
    fn of_json(json: &Value) -> Law {
        let rules = json["rules"].as_object().unwrap().iter();
        Law {
            k: json["stewards"].as_u64().unwrap(),
            rules: rules
                .map(|(name, rule)| (name.clone(), Rule::of_json(rule)))
                .collect(),
        }
    }

    pub(super) fn json(&self) -> Value {
        let rules = self.rules.iter();
        let rules: serde_json::Map<String, Value> = rules
            .map(|(name, rule)| (name.clone(), rule.json()))
            .collect();
        json!({"stewards": self.k, "rules": rules})
    }

    /// Everybody alone may do everything.
    pub(super) fn none() -> Law {
        let anyone = Rule {
            roles: ALL,
            signatures: Some(1),
            other_than_asserter: false,
            kinds: None,
            alone: Some(Alone::Anyone),
        };
        Law {
            k: 1,
            rules: rule_names().map(|name| (name.to_owned(), anyone)).collect(),
        }
    }

    /// The shared policy with another threshold and some rules of chance; now and then nothing but
    /// chance.
    pub(super) fn random(dice: &mut Dice, stewards: u64) -> Law {
        let mut law = Law::of_json(&shared_policy());
        let too_many = u64::from(dice.one_in(6));
        law.k = 1 + dice.roll(stewards + too_many);
        let changed = match dice.roll(8) {
            0 => 0,
            1..=3 => 2,
            4..=6 => 6,
            _ => 40,
        };
        let names: Vec<&str> = rule_names().collect();
        for _ in 0..changed {
            let some = if dice.one_in(2) {
                &names[..]
            } else {
                &DELICATE
            };
            let name = (*dice.of(some)).to_owned();
            if dice.one_in(14) {
                law.rules.remove(&name);
            } else {
                law.rules.insert(name, Rule::random(dice));
            }
        }
        law
    }

    pub(super) fn need(&self, rule: &Rule) -> u64 {
        rule.signatures.unwrap_or(self.k)
    }

    /// Whether it may be, where so many stewards are able to act: nobody is locked out.
    pub(super) fn may_be(&self, able: u64) -> bool {
        let has = |name: &str| self.rules.contains_key(name);
        let can_be = |rule: &Rule| {
            (rule.roles != 0 || rule.alone.is_some())
                && (rule.roles != STEWARD || self.need(rule) <= able)
        };
        self.k <= able
            && has("ledger.policy_changed")
            && has("agent.registered/power")
            && self.rules.values().all(can_be)
    }
}

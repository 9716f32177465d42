//! Policy: who may do what, with how many signatures.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::form::{AnySet, Fields, Form, Set};
use crate::json::Json;
use crate::value::{FormError, excerpt};

use super::event::Data;
use super::word::{AgentKind, Alone, OtherThan, Role};

/// How many signatures a rule asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signatures {
    /// So many, 1 to 16.
    Count(u64),
    /// As many as the policy's `stewards`.
    Threshold,
}

/// Who may sign one type of event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Agents with one of these roles count.
    pub roles: AnySet<Role>,
    /// How many of them must sign.
    pub signatures: Signatures,
    /// At least one of those counted is not this one.
    pub other_than: Option<OtherThan>,
    /// Only agents of these kinds count.
    pub kinds: Option<Set<AgentKind>>,
    /// Whose own signature is enough.
    pub alone: Option<Alone>,
}

/// A ledger's policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The stewards' threshold k, 1 to 16.
    pub stewards: u64,
    /// A rule for each name in [`rule_names`] that is allowed at all.
    pub rules: BTreeMap<String, Rule>,
}

/// The cases that outrank the rule of their type.
pub const OUTRANKING: [&str; 7] = [
    "agent.changed/power",
    "agent.key_revoked/since",
    "agent.registered/power",
    "claim.revised/disputed",
    "claim.status_changed/retracted",
    "claim.status_changed/uncontested",
    "event.reaffirmed/power",
];

/// Every name a rule may have: the event types but `ledger.created` and `ledger.mapped`, and the
/// outranking cases.
pub fn rule_names() -> impl Iterator<Item = &'static str> {
    Data::TYPES
        .iter()
        .map(|row| row.name)
        .filter(|name| !matches!(*name, "ledger.created" | "ledger.mapped"))
        .chain(OUTRANKING)
}

impl Policy {
    /// One steward, one signature each.
    #[must_use]
    pub fn solo() -> Policy {
        Policy::of_document(include_str!("../../docs/policies/policy-solo.json"))
    }

    /// Two of three stewards; two curators for retracting, for ending a contested standing and for
    /// revising under dispute; software changes no status.
    #[must_use]
    pub fn shared() -> Policy {
        Policy::of_document(include_str!("../../docs/policies/policy-shared.json"))
    }

    fn of_document(text: &str) -> Policy {
        let json = Json::parse(text.as_bytes()).expect("the default policies are canonical");
        Policy::read(&json).expect("the default policies are policies")
    }

    /// How many signatures a rule asks for, under this policy.
    #[must_use]
    pub fn needed(&self, rule: &Rule) -> u64 {
        match rule.signatures {
            Signatures::Count(count) => count,
            Signatures::Threshold => self.stewards,
        }
    }
}

impl Form for Policy {
    fn read(json: &Json<'_>) -> Result<Self, FormError> {
        let mut fields = Fields::of(json)?;
        let stewards = fields.raw("stewards").map_or_else(
            || {
                Err(FormError::schema(
                    "nothing",
                    "the stewards' threshold, 1 to 16",
                ))
            },
            one_to_sixteen,
        );
        let stewards = stewards.map_err(|error| error.inside("stewards"))?;
        let rules = fields
            .raw("rules")
            .ok_or_else(|| FormError::schema("nothing", "the rules"))
            .and_then(read_rules)
            .map_err(|error| error.inside("rules"))?;
        fields.end()?;
        Ok(Policy { stewards, rules })
    }

    fn write(&self) -> Json<'_> {
        let rules = self
            .rules
            .iter()
            .map(|(name, rule)| (Cow::Borrowed(name.as_str()), rule.write()));
        Json::object([
            ("rules", Json::Obj(rules.collect())),
            ("stewards", self.stewards.write()),
        ])
    }

    fn describe() -> String {
        "policy".into()
    }
}

fn read_rules(json: &Json<'_>) -> Result<BTreeMap<String, Rule>, FormError> {
    let Json::Obj(members) = json else {
        return Err(FormError::schema(json.kind(), "an object of rules by name"));
    };
    let mut rules = BTreeMap::new();
    for (name, rule) in members {
        if !rule_names().any(|known| known == name) {
            return Err(FormError::schema(
                format!("the unknown rule {}", excerpt(name)),
                "event types and the outranking cases of docs/FORMAT.md",
            ));
        }
        let rule = Rule::read(rule).map_err(|error| error.inside(name))?;
        rules.insert(name.clone().into_owned(), rule);
    }
    Ok(rules)
}

fn one_to_sixteen(json: &Json<'_>) -> Result<u64, FormError> {
    match u64::read(json)? {
        number @ 1..=16 => Ok(number),
        other => Err(FormError::schema(
            other.to_string(),
            "an integer from 1 to 16",
        )),
    }
}

impl Form for Signatures {
    fn read(json: &Json<'_>) -> Result<Self, FormError> {
        match json {
            Json::Str(word) if word == "threshold" => Ok(Signatures::Threshold),
            Json::Int(_) => one_to_sixteen(json).map(Signatures::Count),
            other => Err(FormError::schema(
                other.kind(),
                "an integer from 1 to 16, or \"threshold\"",
            )),
        }
    }

    fn write(&self) -> Json<'_> {
        match self {
            Signatures::Count(count) => Json::Int(i64::try_from(*count).unwrap_or(16)),
            Signatures::Threshold => Json::string("threshold"),
        }
    }

    fn describe() -> String {
        "1 to 16, or threshold".into()
    }
}

impl Form for Rule {
    fn read(json: &Json<'_>) -> Result<Self, FormError> {
        let mut fields = Fields::of(json)?;
        let rule = Rule {
            roles: fields.required("roles")?,
            signatures: fields.required("signatures")?,
            other_than: fields.optional("other_than")?,
            kinds: fields.optional("kinds")?,
            alone: fields.optional("alone")?,
        };
        fields.end()?;
        Ok(rule)
    }

    fn write(&self) -> Json<'_> {
        let mut members: Vec<(Cow<'_, str>, Json<'_>)> = vec![
            ("roles".into(), self.roles.write()),
            ("signatures".into(), self.signatures.write()),
        ];
        members.extend(
            self.other_than
                .as_ref()
                .map(|other| ("other_than".into(), other.write())),
        );
        members.extend(
            self.kinds
                .as_ref()
                .map(|kinds| ("kinds".into(), kinds.write())),
        );
        members.extend(
            self.alone
                .as_ref()
                .map(|alone| ("alone".into(), alone.write())),
        );
        Json::Obj(members)
    }

    fn describe() -> String {
        "rule".into()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_default_policies_have_a_rule_for_every_name_and_keep_their_bytes() {
        for (policy, text) in [
            (
                Policy::solo(),
                include_str!("../../docs/policies/policy-solo.json"),
            ),
            (
                Policy::shared(),
                include_str!("../../docs/policies/policy-shared.json"),
            ),
        ] {
            assert_eq!(policy.write().to_text(), text);
            assert!(rule_names().all(|name| policy.rules.contains_key(name)));
            assert_eq!(policy.rules.len(), rule_names().count());
        }
        assert_eq!((Policy::solo().stewards, Policy::shared().stewards), (1, 2));
    }

    #[test]
    fn a_policy_with_an_unknown_rule_is_refused() {
        let text = r#"{"rules":{"claim.eaten":{"roles":[],"signatures":1}},"stewards":1}"#;
        let error = Policy::read(&Json::parse(text.as_bytes()).unwrap()).unwrap_err();
        assert_eq!(error.path, "rules");
        assert!(error.found.contains("claim.eaten"));
    }
}

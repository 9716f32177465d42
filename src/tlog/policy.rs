//! Policy files (c2sp.org/tlog-policy): which logs and witnesses somebody trusts, and which of the
//! witnesses together are enough.
//!
//! A policy is a matter of its reader: it says whose word he takes. Names in it mean nothing
//! outside of it; a witness is its public key.

use std::collections::{HashMap, HashSet};
use std::fmt;

use super::note::{GoodSignature, SignatureAlgorithm, VerifierKey};
use super::spelling::from_decimal;
use crate::value::excerpt;

/// The most bytes that a policy file may have.
const MOST_BYTES: usize = 1 << 20;
/// The name that is no witness and no group: a quorum that asks for nobody.
const NONE: &[u8] = b"none";
/// The most groups of which a shortfall speaks.
const MOST_TOLD: usize = 8;

/// A log that a policy trusts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyLog {
    /// Its key, named by its origin.
    pub key: VerifierKey,
    /// Where it is; what is not UTF-8 in it is replaced.
    pub url: Option<String>,
}

/// A witness that a policy names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyWitness {
    /// Its name in the policy, for people; what is not UTF-8 in it is replaced.
    pub name: String,
    /// Its key: a cosigner's (0x04).
    pub key: VerifierKey,
    /// Its submission prefix (c2sp.org/tlog-witness); what is not UTF-8 in it is replaced.
    pub url: Option<String>,
}

/// A policy: logs, witnesses, and the quorum of them that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlogPolicy {
    logs: Vec<PolicyLog>,
    witnesses: Vec<PolicyWitness>,
    /// Witnesses and groups in the order of their lines: members stand before their group.
    voices: Vec<Voice>,
    /// The place in `voices` of the one that must be heard; none where nobody need be.
    quorum: Option<usize>,
}

/// What can witness a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Voice {
    /// The place of a witness.
    Witness(usize),
    Group {
        name: String,
        /// How many members must be heard: from 1 to their number.
        needed: usize,
        /// Places of voices before this one.
        members: Vec<usize>,
    },
}

/// Why bytes are not a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TlogPolicyError {
    /// More bytes than a policy here may have.
    TooLong {
        /// The length in bytes.
        found: usize,
    },
    /// A line that may not stand where it stands.
    Line {
        /// The line's number, from 1.
        number: usize,
        /// What stands there.
        found: String,
        /// What was to stand there.
        expected: String,
    },
}

impl fmt::Display for TlogPolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TlogPolicyError::TooLong { found } => {
                write!(f, "policy of {found} bytes, expected at most {MOST_BYTES}")
            }
            TlogPolicyError::Line {
                number,
                found,
                expected,
            } => write!(
                f,
                "policy line {number}: found {found}, expected {expected}"
            ),
        }
    }
}

impl std::error::Error for TlogPolicyError {}

impl TlogPolicy {
    /// Parses a policy file. Items stand between spaces and tabs; empty lines, and lines that begin
    /// with `#`, are passed over.
    ///
    /// # Errors
    /// The first line that departs from c2sp.org/tlog-policy, or more than 1 MiB. Witnesses with
    /// keys other than 0x04 are refused, as their lines could not be checked here.
    pub fn parse(bytes: &[u8]) -> Result<TlogPolicy, TlogPolicyError> {
        if bytes.len() > MOST_BYTES {
            let found = bytes.len();
            return Err(TlogPolicyError::TooLong { found });
        }
        let mut reading = Reading::default();
        let mut lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
        let rest = lines.pop().unwrap_or_default();
        for (number, line) in (1..).zip(&lines) {
            reading.number = number;
            reading.take(line)?;
        }
        reading.number = lines.len() + 1;
        if !rest.is_empty() {
            return Err(reading.error(&spelled(rest), "a newline at the end of the line"));
        }
        match reading.quorum {
            Some(quorum) => Ok(TlogPolicy {
                logs: reading.logs,
                witnesses: reading.witnesses,
                voices: reading.voices,
                quorum,
            }),
            None => Err(reading.error("the end of the file", "a line quorum <name>|none")),
        }
    }

    /// The logs, in the order of their lines.
    #[must_use]
    pub fn logs(&self) -> &[PolicyLog] {
        &self.logs
    }

    /// The key of the first log of this origin.
    #[must_use]
    pub fn log_of(&self, origin: &str) -> Option<&VerifierKey> {
        let mut keys = self.logs.iter().map(|log| &log.key);
        keys.find(|key| key.name() == origin)
    }

    /// The witnesses, in the order of their lines.
    #[must_use]
    pub fn witnesses(&self) -> &[PolicyWitness] {
        &self.witnesses
    }

    /// The keys of the witnesses, in the order of their lines.
    #[must_use]
    pub fn witness_keys(&self) -> Vec<VerifierKey> {
        let witnesses = self.witnesses.iter();
        witnesses.map(|witness| witness.key.clone()).collect()
    }

    /// The witness with this key.
    #[must_use]
    pub fn witness(&self, key: &VerifierKey) -> Option<&PolicyWitness> {
        self.witnesses.iter().find(|witness| witness.key == *key)
    }

    /// Whether any witness is asked for at all.
    #[must_use]
    pub fn asks_for_witnesses(&self) -> bool {
        self.quorum.is_some()
    }

    /// Whether these cosignatures are enough. Signatures by other keys count for nothing, one key
    /// counts once.
    #[must_use]
    pub fn is_met_by(&self, cosignatures: &[GoodSignature]) -> bool {
        self.is_met(&|key| cosignatures.iter().any(|good| good.key == *key))
    }

    /// By when the head was there, by the word of a quorum: the earliest time, in seconds since
    /// 1970, by which enough witnesses had cosigned. None where they are not enough, or none is
    /// asked for.
    #[must_use]
    pub fn not_after(&self, cosignatures: &[GoodSignature]) -> Option<u64> {
        let times = self.times(cosignatures);
        let until = |time: u64| {
            let stamped = |good: &GoodSignature| good.time.is_some_and(|own| own <= time);
            self.is_met(&|key| {
                cosignatures
                    .iter()
                    .any(|good| good.key == *key && stamped(good))
            })
        };
        // The later the end, the more have signed: what is met stays met.
        let first = times.partition_point(|time| !until(*time));
        times.get(first).copied()
    }

    /// As of when the head was the newest one, by the word of a quorum: the latest time, in seconds
    /// since 1970, such that enough witnesses cosigned then or later. None where they are not
    /// enough, or none is asked for.
    #[must_use]
    pub fn newest_as_of(&self, cosignatures: &[GoodSignature]) -> Option<u64> {
        let times = self.times(cosignatures);
        let since = |time: u64| {
            let stamped = |good: &GoodSignature| good.time.is_some_and(|own| own >= time);
            self.is_met(&|key| {
                cosignatures
                    .iter()
                    .any(|good| good.key == *key && stamped(good))
            })
        };
        // The later the beginning, the fewer have signed: what is not met is never met again.
        let met = times.partition_point(|time| since(*time));
        times.get(met.checked_sub(1)?).copied()
    }

    /// What is missing, in words; none where these cosignatures are enough.
    #[must_use]
    pub fn shortfall(&self, cosignatures: &[GoodSignature]) -> Option<String> {
        let heard = self.heard(&|key| cosignatures.iter().any(|good| good.key == *key));
        let quorum = self.quorum.filter(|quorum| !heard[*quorum])?;
        let mut told = Vec::new();
        let mut asked = std::collections::VecDeque::from([quorum]);
        while let Some(place) = asked.pop_front().filter(|_| told.len() < MOST_TOLD) {
            told.push(self.lack(place, &heard));
            if let Voice::Group { members, .. } = &self.voices[place] {
                let lacking = members.iter().copied().filter(|member| {
                    !heard[*member] && matches!(self.voices[*member], Voice::Group { .. })
                });
                asked.extend(lacking);
            }
        }
        Some(told.join("; "))
    }

    /// What a witness or group that was not heard lacks.
    fn lack(&self, place: usize, heard: &[bool]) -> String {
        match &self.voices[place] {
            Voice::Witness(_) => format!("found no cosignature by witness {}", self.name(place)),
            Voice::Group {
                name,
                needed,
                members,
            } => {
                let (with, without): (Vec<usize>, Vec<usize>) =
                    members.iter().partition(|member| heard[**member]);
                let missing: Vec<&str> = (without.iter().take(MOST_TOLD))
                    .map(|member| self.name(*member))
                    .collect();
                let rest = match without.len().saturating_sub(MOST_TOLD) {
                    0 => String::new(),
                    more => format!(" and {more} more"),
                };
                let are_witnesses = (members.iter())
                    .all(|member| matches!(self.voices[*member], Voice::Witness(_)));
                let what = match (are_witnesses, needed) {
                    (true, 1) => "witness",
                    (true, _) => "witnesses",
                    (false, 1) => "member",
                    (false, _) => "members",
                };
                format!(
                    "found {} of {needed} {what} of group {name}, none of {}{rest}",
                    with.len(),
                    missing.join(", ")
                )
            }
        }
    }

    fn name(&self, place: usize) -> &str {
        match &self.voices[place] {
            Voice::Witness(witness) => &self.witnesses[*witness].name,
            Voice::Group { name, .. } => name,
        }
    }

    fn is_met(&self, has_signed: &dyn Fn(&VerifierKey) -> bool) -> bool {
        self.quorum
            .is_none_or(|quorum| self.heard(has_signed)[quorum])
    }

    /// Which voices are heard, each after its members: depth of nesting costs no stack.
    fn heard(&self, has_signed: &dyn Fn(&VerifierKey) -> bool) -> Vec<bool> {
        let mut heard = Vec::with_capacity(self.voices.len());
        for voice in &self.voices {
            let is_heard = match voice {
                Voice::Witness(witness) => has_signed(&self.witnesses[*witness].key),
                Voice::Group {
                    needed, members, ..
                } => members.iter().filter(|member| heard[**member]).count() >= *needed,
            };
            heard.push(is_heard);
        }
        heard
    }

    /// The times of the cosignatures by witnesses of this policy, each once, rising; none where no
    /// witness is asked for.
    fn times(&self, cosignatures: &[GoodSignature]) -> Vec<u64> {
        let own = |good: &&GoodSignature| self.witness(&good.key).is_some();
        let times = cosignatures.iter().filter(own).filter_map(|good| good.time);
        let mut times: Vec<u64> = times.filter(|_| self.quorum.is_some()).collect();
        times.sort_unstable();
        times.dedup();
        times
    }
}

/// A policy as far as it was read.
#[derive(Default)]
struct Reading<'a> {
    number: usize,
    logs: Vec<PolicyLog>,
    witnesses: Vec<PolicyWitness>,
    voices: Vec<Voice>,
    quorum: Option<Option<usize>>,
    /// Witnesses and groups share one space of names.
    places: HashMap<&'a [u8], usize>,
    /// Names that are members of a group.
    grouped: HashSet<usize>,
    log_keys: HashSet<[u8; 32]>,
    witness_keys: HashSet<[u8; 32]>,
}

impl<'a> Reading<'a> {
    fn take(&mut self, line: &'a [u8]) -> Result<(), TlogPolicyError> {
        let is_control = |byte: &&u8| (**byte < b' ' && **byte != b'\t') || **byte == 0x7f;
        if let Some(byte) = line.iter().find(is_control) {
            let found = format!("byte 0x{byte:02x}");
            return Err(self.error(&found, "no control character but tab and newline"));
        }
        let items: Vec<&[u8]> = line
            .split(|byte| matches!(byte, b' ' | b'\t'))
            .filter(|item| !item.is_empty())
            .collect();
        match items.as_slice() {
            [] => Ok(()),
            [first, ..] if first.starts_with(b"#") => Ok(()),
            [b"log", key] => self.log(key, None),
            [b"log", key, url] => self.log(key, Some(url)),
            [b"log", ..] => Err(self.error(&spelled(line), "log <vkey> [<url>]")),
            [b"witness", name, key] => self.witness(name, key, None),
            [b"witness", name, key, url] => self.witness(name, key, Some(url)),
            [b"witness", ..] => Err(self.error(&spelled(line), "witness <name> <vkey> [<url>]")),
            [b"group", name, threshold, members @ ..] if !members.is_empty() => {
                self.group(name, threshold, members)
            }
            [b"group", ..] => Err(self.error(&spelled(line), "group <name> all|any|<k> <member>…")),
            [b"quorum", name] => self.quorum(name),
            [b"quorum", ..] => Err(self.error(&spelled(line), "quorum <name>|none")),
            [other, ..] => Err(self.error(&spelled(other), "log, witness, group, quorum or #")),
        }
    }

    fn log(&mut self, key: &[u8], url: Option<&[u8]>) -> Result<(), TlogPolicyError> {
        let key = self.key(key, SignatureAlgorithm::Ed25519, "a log's vkey (0x01)")?;
        if !self.log_keys.insert(key.public_key().to_bytes()) {
            return Err(self.error(&key.to_string(), "each log's public key once"));
        }
        let url = url.map(lossy);
        self.logs.push(PolicyLog { key, url });
        Ok(())
    }

    fn witness(
        &mut self,
        name: &'a [u8],
        key: &[u8],
        url: Option<&[u8]>,
    ) -> Result<(), TlogPolicyError> {
        self.is_new(name)?;
        let key = self.key(
            key,
            SignatureAlgorithm::Cosignature,
            "a witness's vkey (0x04)",
        )?;
        if !self.witness_keys.insert(key.public_key().to_bytes()) {
            return Err(self.error(&key.to_string(), "each witness's public key once"));
        }
        self.places.insert(name, self.voices.len());
        self.voices.push(Voice::Witness(self.witnesses.len()));
        let (name, url) = (lossy(name), url.map(lossy));
        self.witnesses.push(PolicyWitness { name, key, url });
        Ok(())
    }

    fn group(
        &mut self,
        name: &'a [u8],
        threshold: &[u8],
        members: &[&[u8]],
    ) -> Result<(), TlogPolicyError> {
        self.is_new(name)?;
        let needed = self.threshold(threshold, members.len())?;
        let mut places = Vec::with_capacity(members.len());
        for member in members {
            let place = self.place(member, "a witness or group of a line above")?;
            if !self.grouped.insert(place) {
                return Err(self.error(&spelled(member), "each name in one group, once"));
            }
            places.push(place);
        }
        self.places.insert(name, self.voices.len());
        self.voices.push(Voice::Group {
            name: lossy(name),
            needed,
            members: places,
        });
        Ok(())
    }

    fn threshold(&self, text: &[u8], members: usize) -> Result<usize, TlogPolicyError> {
        let needed = match text {
            b"all" => Some(members),
            b"any" => Some(1),
            number => std::str::from_utf8(number)
                .ok()
                .and_then(from_decimal)
                .and_then(|k| usize::try_from(k).ok()),
        };
        needed
            .filter(|needed| (1..=members).contains(needed))
            .ok_or_else(|| {
                let expected = format!("all, any, or a number from 1 to {members}, its members");
                self.error(&spelled(text), &expected)
            })
    }

    fn quorum(&mut self, name: &[u8]) -> Result<(), TlogPolicyError> {
        if self.quorum.is_some() {
            return Err(self.error("a second quorum line", "exactly one"));
        }
        self.quorum = Some(match name {
            NONE => None,
            name => Some(self.place(name, "none, or a witness or group of a line above")?),
        });
        Ok(())
    }

    fn place(&self, name: &[u8], expected: &str) -> Result<usize, TlogPolicyError> {
        let place = self.places.get(name).copied();
        place.ok_or_else(|| self.error(&spelled(name), expected))
    }

    fn is_new(&self, name: &[u8]) -> Result<(), TlogPolicyError> {
        if name == NONE {
            return Err(self.error(
                "none",
                "another name: none is the quorum that asks for nobody",
            ));
        }
        if self.places.contains_key(name) {
            return Err(self.error(&spelled(name), "a name that no witness or group above has"));
        }
        Ok(())
    }

    fn key(
        &self,
        text: &[u8],
        algorithm: SignatureAlgorithm,
        expected: &str,
    ) -> Result<VerifierKey, TlogPolicyError> {
        let wrong = |why: &str| self.error(&format!("{} ({why})", spelled(text)), expected);
        let utf8 = std::str::from_utf8(text).map_err(|_| wrong("not UTF-8"))?;
        let key: VerifierKey = utf8.parse().map_err(|error| wrong(&format!("{error}")))?;
        if key.algorithm() == algorithm {
            Ok(key)
        } else {
            Err(wrong("a key of the other kind"))
        }
    }

    fn error(&self, found: &str, expected: &str) -> TlogPolicyError {
        TlogPolicyError::Line {
            number: self.number,
            found: found.to_owned(),
            expected: expected.to_owned(),
        }
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Bytes for a message: their beginning.
fn spelled(bytes: &[u8]) -> String {
    excerpt(&String::from_utf8_lossy(bytes))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::LazyLock;

    use ed25519_dalek::SigningKey;
    use proptest::prelude::*;

    use super::super::note::{Cosigner, Note, NoteSigner};
    use super::*;

    const TEXT: &str = "claims.example/l1\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";

    /// Witnesses w0, w1 …
    static KEYS: LazyLock<Vec<Cosigner>> = LazyLock::new(|| (0..40).map(cosigner).collect());

    fn cosigner(number: u8) -> Cosigner {
        let key = SigningKey::from_bytes(&[number + 1; 32]);
        Cosigner::new(&format!("w{number}.example"), key).unwrap()
    }

    fn log(origin: &str, seed: u8) -> NoteSigner {
        NoteSigner::new(origin, SigningKey::from_bytes(&[seed; 32])).unwrap()
    }

    fn good(number: usize, time: u64) -> GoodSignature {
        GoodSignature {
            key: KEYS[number].verifier().clone(),
            time: Some(time),
        }
    }

    fn witnesses(number: usize) -> String {
        (0..number)
            .map(|place| format!("witness w{place} {}\n", KEYS[place].verifier()))
            .collect()
    }

    fn parse(text: &str) -> TlogPolicy {
        TlogPolicy::parse(text.as_bytes()).unwrap()
    }

    /// A policy as a tree: what the file says, without its order.
    #[derive(Debug, Clone)]
    enum Rule {
        Witness(usize),
        Group(String, Vec<Rule>),
    }

    impl Rule {
        /// Renumbers its witnesses, so that each stands once.
        fn numbered(self, next: &mut usize) -> Rule {
            match self {
                Rule::Witness(_) => {
                    *next += 1;
                    Rule::Witness(*next - 1)
                }
                Rule::Group(threshold, rules) => {
                    let rules = rules.into_iter().map(|rule| rule.numbered(next));
                    Rule::Group(threshold, rules.collect())
                }
            }
        }

        /// Writes its groups, members first; gives its name.
        fn write(&self, lines: &mut Vec<String>) -> String {
            let (threshold, rules) = match self {
                Rule::Witness(number) => return format!("w{number}"),
                Rule::Group(threshold, rules) => (threshold, rules),
            };
            let members: Vec<String> = rules.iter().map(|rule| rule.write(lines)).collect();
            let name = format!("g{}", lines.len());
            lines.push(format!("group {name} {threshold} {}", members.join(" ")));
            name
        }

        fn is_met(&self, signed: &dyn Fn(usize) -> bool) -> bool {
            match self {
                Rule::Witness(number) => signed(*number),
                Rule::Group(threshold, rules) => {
                    let met = rules.iter().filter(|rule| rule.is_met(signed)).count();
                    match threshold.as_str() {
                        "all" => met == rules.len(),
                        "any" => met > 0,
                        k => met >= k.parse().unwrap(),
                    }
                }
            }
        }
    }

    fn rule() -> impl Strategy<Value = Rule> {
        let leaf = Just(Rule::Witness(0));
        let deep = leaf.prop_recursive(3, 12, 4, |inner| {
            (prop::collection::vec(inner, 1..4), 0usize..9).prop_map(|(rules, threshold)| {
                let threshold = match threshold {
                    0..=2 => "all".to_owned(),
                    3..=5 => "any".to_owned(),
                    other => (1 + other % rules.len()).to_string(),
                };
                Rule::Group(threshold, rules)
            })
        });
        deep.prop_map(|rule| rule.numbered(&mut 0))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn a_quorum_is_met_exactly_where_its_groups_say_so_and_its_times_are_those_of_enough(
            rule in rule(), stamps in prop::collection::vec((0usize..12, 0u64..6), 0..14)
        ) {
            let mut lines = Vec::new();
            let quorum = rule.write(&mut lines);
            let text = format!("{}{}\nquorum {quorum}\n", witnesses(12), lines.join("\n"));
            let policy = parse(&text);
            let cosignatures: Vec<GoodSignature> =
                stamps.iter().map(|(number, time)| good(*number, *time)).collect();
            let met = |keep: &dyn Fn(u64) -> bool| {
                rule.is_met(&|number| stamps.iter().any(|(own, time)| *own == number && keep(*time)))
            };
            prop_assert_eq!(policy.is_met_by(&cosignatures), met(&|_| true));
            prop_assert_eq!(policy.shortfall(&cosignatures).is_none(), met(&|_| true));
            let first = (0..6).find(|end| met(&|time| time <= *end));
            prop_assert_eq!(policy.not_after(&cosignatures), first);
            let last = (0..6).rev().find(|start| met(&|time| time >= *start));
            prop_assert_eq!(policy.newest_as_of(&cosignatures), last);
        }

        #[test]
        fn whatever_the_bytes_are_a_policy_is_read_or_refused_at_a_line(
            lines in prop::collection::vec(
                prop::sample::select(vec![
                    "witness a ", "witness b ", "log ", "group g 1 a", "group h all a b", "quorum g",
                    "quorum none", "quorum a", "# a", " \t", "KEY0", "KEY1", "LOG", "\n", "\n", "\n", "\u{e9}",
                ]),
                0..16,
            )
        ) {
            let text = lines.concat()
                .replace("KEY0", &KEYS[0].verifier().to_string())
                .replace("KEY1", &KEYS[1].verifier().to_string())
                .replace("LOG", &log("claims.example/l1", 9).verifier().to_string());
            match TlogPolicy::parse(text.as_bytes()) {
                Ok(_) => prop_assert_eq!(text.lines().filter(|line| line.contains("quorum")).count(), 1),
                Err(TlogPolicyError::Line { number, .. }) => {
                    prop_assert!((1..=text.lines().count() + 1).contains(&number));
                }
                Err(error) => prop_assert!(false, "{}", error),
            }
        }
    }

    #[test]
    fn the_example_of_the_specification_is_read_as_it_says() {
        let keys: Vec<String> = (0..6).map(|n| KEYS[n].verifier().to_string()).collect();
        let text = format!(
            "# who we trust\n\
             log {} https://claims.example/l1/\n\n\
             witness X1 {}\nwitness X2\t{}  https://x2.example/ \nwitness X3 {}\n\
             group X-witnesses 2 X1 X2 X3\n \t\n\
             witness Y1 {}\nwitness Y2 {}\nwitness Y3 {}\n\
             \t# a comment\n\
             group Y-witnesses any Y1 Y2 Y3\n\
             group X-and-Y all X-witnesses Y-witnesses\n\
             quorum X-and-Y\n",
            log("claims.example/l1", 9).verifier(),
            keys[0],
            keys[1],
            keys[2],
            keys[3],
            keys[4],
            keys[5]
        );
        let policy = parse(&text);
        assert_eq!(
            policy.logs()[0].url.as_deref(),
            Some("https://claims.example/l1/")
        );
        assert_eq!(
            policy.log_of("claims.example/l1"),
            Some(log("claims.example/l1", 9).verifier())
        );
        assert_eq!(policy.log_of("claims.example/l2"), None);
        assert_eq!(policy.witnesses()[1].name, "X2");
        assert_eq!(
            policy.witnesses()[1].url.as_deref(),
            Some("https://x2.example/")
        );
        assert_eq!(policy.witnesses()[2].url, None);
        assert_eq!(policy.witness_keys().len(), 6);
        assert!(policy.is_met_by(&[good(0, 1), good(2, 1), good(5, 1)]));
        assert!(!policy.is_met_by(&[good(0, 1), good(5, 1), good(4, 1)]));
        assert!(!policy.is_met_by(&[good(0, 1), good(1, 1), good(2, 1)]));
        assert_eq!(
            policy.shortfall(&[good(0, 1)]).unwrap(),
            "found 0 of 2 members of group X-and-Y, none of X-witnesses, Y-witnesses; \
             found 1 of 2 witnesses of group X-witnesses, none of X2, X3; \
             found 0 of 1 witness of group Y-witnesses, none of Y1, Y2, Y3"
        );
    }

    #[test]
    fn a_policy_may_ask_for_nobody_or_for_one() {
        let nobody = parse("quorum none\n");
        assert!(nobody.is_met_by(&[]) && !nobody.asks_for_witnesses());
        assert_eq!(nobody.shortfall(&[]), None);
        assert_eq!(nobody.not_after(&[good(0, 5)]), None);
        assert_eq!(nobody.newest_as_of(&[good(0, 5)]), None);
        let one = parse(&(witnesses(2) + "quorum w1\n"));
        assert!(one.is_met_by(&[good(1, 5)]) && one.asks_for_witnesses());
        assert_eq!(
            one.shortfall(&[good(0, 5)]).unwrap(),
            "found no cosignature by witness w1"
        );
    }

    #[test]
    fn a_time_is_that_by_which_enough_have_signed_not_the_best_of_them() {
        let policy = parse(&(witnesses(3) + "group all 2 w0 w1 w2\nquorum all\n"));
        let cosignatures = [good(0, 10), good(1, 50), good(2, 100)];
        assert_eq!(policy.not_after(&cosignatures), Some(50));
        assert_eq!(policy.newest_as_of(&cosignatures), Some(50));
        assert_eq!(policy.not_after(&cosignatures[1..]), Some(100));
        assert_eq!(policy.newest_as_of(&cosignatures[..2]), Some(10));
        // Twice the same witness is one witness, at its better time.
        let twice = [good(0, 10), good(0, 70), good(1, 50)];
        assert_eq!(policy.not_after(&twice), Some(50));
        assert_eq!(policy.newest_as_of(&twice), Some(50));
        assert_eq!(policy.not_after(&twice[..2]), None);
    }

    #[test]
    fn a_key_counts_that_the_policy_names_and_no_other() {
        let policy = parse(&(witnesses(1) + "quorum w0\n"));
        let renamed = Cosigner::new("other.example", SigningKey::from_bytes(&[1; 32])).unwrap();
        for key in [
            KEYS[1].verifier(),
            renamed.verifier(),
            log("w0.example", 1).verifier(),
        ] {
            let good = GoodSignature {
                key: key.clone(),
                time: Some(1),
            };
            assert!(!policy.is_met_by(&[good]), "{key}");
        }
        let line = KEYS[0].cosign(TEXT, 7);
        let note = Note::new(TEXT, vec![line]).unwrap();
        let keys = policy.witness_keys();
        let open = note.verify(&keys.iter().collect::<Vec<_>>()).unwrap();
        assert!(policy.is_met_by(&open.good));
        assert_eq!(policy.not_after(&open.good), Some(7));
    }

    #[test]
    fn at_least_thirty_two_of_each_and_deep_nesting_are_read() {
        let mut text: String = (0..32u8)
            .map(|place| {
                format!(
                    "log {}\n",
                    log(&format!("l{place}.example"), place + 100).verifier()
                )
            })
            .collect();
        text += &witnesses(32);
        text += "group g0 any w0\n";
        for place in 1..32 {
            text += &format!("group g{place} all g{} w{place}\n", place - 1);
        }
        text += "quorum g31\n";
        let policy = parse(&text);
        assert_eq!((policy.logs().len(), policy.witnesses().len()), (32, 32));
        let all: Vec<GoodSignature> = (0..32).map(|place| good(place, place as u64)).collect();
        assert!(policy.is_met_by(&all));
        assert!(!policy.is_met_by(&all[1..]));
        // Nested as deep as a megabyte allows.
        let mut text = witnesses(1) + "group g0 any w0\n";
        let mut place = 0;
        while text.len() < MOST_BYTES - 60 {
            place += 1;
            text += &format!("group g{place} any g{}\n", place - 1);
        }
        text += &format!("quorum g{place}\n");
        text += &("#".repeat(MOST_BYTES - text.len() - 1) + "\n");
        let policy = parse(&text);
        assert!(policy.is_met_by(&[good(0, 1)]));
        let told = policy.shortfall(&[]).unwrap();
        assert_eq!(told.split("; ").count(), MOST_TOLD, "{told}");
    }

    #[test]
    fn every_fault_is_refused_with_its_line_what_was_found_and_what_was_expected() {
        let (w0, w1) = (KEYS[0].verifier(), KEYS[1].verifier());
        let renamed = Cosigner::new("other.example", SigningKey::from_bytes(&[1; 32])).unwrap();
        let renamed = renamed.verifier();
        let log0 = log("claims.example/l1", 9);
        let log0 = log0.verifier();
        let again = log("claims.example/l2", 9);
        let again = again.verifier();
        let w = format!("witness a {w0}\nwitness b {w1}\n");
        let key = |text: &dyn fmt::Display| excerpt(&text.to_string());
        let cases: Vec<(String, usize, String, &str)> = vec![
            (
                String::new(),
                1,
                "the end of the file".into(),
                "a line quorum <name>|none",
            ),
            (
                w.clone(),
                3,
                "the end of the file".into(),
                "a line quorum <name>|none",
            ),
            (
                "quorum none".into(),
                1,
                r#""quorum none""#.into(),
                "a newline at the end of the line",
            ),
            (
                "quorum none\r\n".into(),
                1,
                "byte 0x0d".into(),
                "no control character but tab and newline",
            ),
            (
                "#\u{0}\n".into(),
                1,
                "byte 0x00".into(),
                "no control character but tab and newline",
            ),
            (
                "# \u{7f}\n".into(),
                1,
                "byte 0x7f".into(),
                "no control character but tab and newline",
            ),
            (
                "quorums none\n".into(),
                1,
                r#""quorums""#.into(),
                "log, witness, group, quorum or #",
            ),
            ("log\n".into(), 1, r#""log""#.into(), "log <vkey> [<url>]"),
            (
                format!("\nlog {log0} u v\n"),
                2,
                key(&format!("log {log0} u v")),
                "log <vkey> [<url>]",
            ),
            (
                format!("log {w0}\n"),
                1,
                format!("{} (a key of the other kind)", key(w0)),
                "a log's vkey (0x01)",
            ),
            (
                "log a+b+c\n".into(),
                1,
                r#""a+b+c" (verifier key: expected <name>+<key id>+<base64>)"#.into(),
                "a log's vkey (0x01)",
            ),
            (
                format!("log {log0}\nlog {again} u\n"),
                2,
                again.to_string(),
                "each log's public key once",
            ),
            (
                "witness a\n".into(),
                1,
                r#""witness a""#.into(),
                "witness <name> <vkey> [<url>]",
            ),
            (
                format!("witness a {w0} u v\n"),
                1,
                key(&format!("witness a {w0} u v")),
                "witness <name> <vkey> [<url>]",
            ),
            (
                format!("witness a {log0}\n"),
                1,
                format!("{} (a key of the other kind)", key(log0)),
                "a witness's vkey (0x04)",
            ),
            (
                format!("witness a {w0}\nwitness b {renamed}\n"),
                2,
                renamed.to_string(),
                "each witness's public key once",
            ),
            (
                format!("witness a {w0}\nwitness a {w1}\n"),
                2,
                r#""a""#.into(),
                "a name that no witness or group above has",
            ),
            (
                format!("{w}group a any b\n"),
                3,
                r#""a""#.into(),
                "a name that no witness or group above has",
            ),
            (
                format!("witness none {w0}\n"),
                1,
                "none".into(),
                "another name: none is the quorum that asks for nobody",
            ),
            (
                format!("{w}group none any b\n"),
                3,
                "none".into(),
                "another name: none is the quorum that asks for nobody",
            ),
            (
                format!("{w}group g any\n"),
                3,
                r#""group g any""#.into(),
                "group <name> all|any|<k> <member>…",
            ),
            (
                format!("{w}group g any none\n"),
                3,
                r#""none""#.into(),
                "a witness or group of a line above",
            ),
            (
                format!("{w}group g any g\n"),
                3,
                r#""g""#.into(),
                "a witness or group of a line above",
            ),
            (
                format!("group g any a\n{w}"),
                1,
                r#""a""#.into(),
                "a witness or group of a line above",
            ),
            (
                format!("{w}group g any a a\n"),
                3,
                r#""a""#.into(),
                "each name in one group, once",
            ),
            (
                format!("{w}group g any a\ngroup h any b a\n"),
                4,
                r#""a""#.into(),
                "each name in one group, once",
            ),
            (
                format!("{w}group g 0 a b\n"),
                3,
                r#""0""#.into(),
                "all, any, or a number from 1 to 2, its members",
            ),
            (
                format!("{w}group g 3 a b\n"),
                3,
                r#""3""#.into(),
                "all, any, or a number from 1 to 2, its members",
            ),
            (
                format!("{w}group g 01 a b\n"),
                3,
                r#""01""#.into(),
                "all, any, or a number from 1 to 2, its members",
            ),
            (
                format!("{w}group g +1 a b\n"),
                3,
                r#""+1""#.into(),
                "all, any, or a number from 1 to 2, its members",
            ),
            (
                format!("{w}group g ALL a b\n"),
                3,
                r#""ALL""#.into(),
                "all, any, or a number from 1 to 2, its members",
            ),
            (
                format!("{w}quorum\n"),
                3,
                r#""quorum""#.into(),
                "quorum <name>|none",
            ),
            (
                format!("{w}quorum a b\n"),
                3,
                r#""quorum a b""#.into(),
                "quorum <name>|none",
            ),
            (
                format!("{w}quorum c\n"),
                3,
                r#""c""#.into(),
                "none, or a witness or group of a line above",
            ),
            (
                format!("quorum a\n{w}"),
                1,
                r#""a""#.into(),
                "none, or a witness or group of a line above",
            ),
            (
                format!("{w}quorum a\nquorum a\n"),
                4,
                "a second quorum line".into(),
                "exactly one",
            ),
        ];
        for (text, number, found, expected) in cases {
            let refused = TlogPolicy::parse(text.as_bytes());
            let expected = expected.to_owned();
            assert_eq!(
                refused,
                Err(TlogPolicyError::Line {
                    number,
                    found,
                    expected
                }),
                "{text:?}"
            );
        }
        assert_eq!(
            TlogPolicy::parse(b"witness a \xff\n"),
            Err(TlogPolicyError::Line {
                number: 1,
                found: "\"\u{fffd}\" (not UTF-8)".to_owned(),
                expected: "a witness's vkey (0x04)".to_owned()
            })
        );
        let found = MOST_BYTES + 1;
        assert_eq!(
            TlogPolicy::parse(&vec![b'\n'; found]),
            Err(TlogPolicyError::TooLong { found })
        );
    }

    #[test]
    fn names_are_octets_and_no_text() {
        // A Kelvin sign is no K, and what is no UTF-8 is a name like any other.
        let (w0, w1, w2) = (KEYS[0].verifier(), KEYS[1].verifier(), KEYS[2].verifier());
        let text = [
            format!("witness K {w0}\nwitness \u{212a} {w1}\nwitness ").as_bytes(),
            b"\xff",
            format!(" {w2}\ngroup \u{a0}\u{3000} 2 K \u{212a} ").as_bytes(),
            b"\xff\nquorum \xc2\xa0\xe3\x80\x80\n",
        ]
        .concat();
        let policy = TlogPolicy::parse(&text).unwrap();
        assert_eq!(policy.witnesses()[2].name, "\u{fffd}");
        assert!(policy.is_met_by(&[good(0, 1), good(2, 1)]));
    }
}

//! `grounds check`: a proof file, checked offline against what it is asked about.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use grounds::ledger::audit::{Freshness, Verdict};
use grounds::ledger::bundle;
use grounds::ledger::{Cosignature, NotProved, ProofOf, Proved, check_proof};
use grounds::tlog::{TlogPolicy, VerifierKey};
use grounds::value::{CommitId, EventId, Index, Kind, Subject, Time};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::heads;
use super::verify::parse_vkey;
use crate::context::Context;
use crate::desk;
use crate::error::{Exit, Failure};
use crate::files;
use crate::policy_file;
use crate::render;

/// The largest proof file that is read, in bytes: an entry in base64, 64 hashes and a note.
const MAX_FILE: u64 = 1 << 20;

/// Check a proof file offline: it needs no ledger, and never says yes without saying of what.
#[derive(Debug, Args)]
#[command(after_help = "Example: grounds check a.tlog-proof --claim some-claim --vkey \"$VKEY\"")]
#[command(group = clap::ArgGroup::new("object").required(true))]
pub(crate) struct Check {
    /// A .tlog-proof, a receipt, a claim bundle, a .consistency.json, or a fork proof
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Is it an event of this claim, or the bundle of it?
    #[arg(long, value_name = "CLAIM", group = "object")]
    claim: Option<String>,
    /// Is it an event of this subject?
    #[arg(long, value_name = "SUBJECT", group = "object")]
    subject: Option<Subject>,
    /// Is it this event? (whole id)
    #[arg(long, value_name = "ID", group = "object")]
    event: Option<EventId>,
    /// Is it this commit? (whole id)
    #[arg(long, value_name = "ID", group = "object")]
    commit: Option<CommitId>,
    /// Is it this entry? (@41)
    #[arg(long, value_name = "@N", group = "object", value_parser = entry_index)]
    entry: Option<Index>,
    /// Does it prove that the log extended this signed checkpoint, which I have?
    #[arg(long, value_name = "CHECKPOINT", group = "object")]
    from: Option<PathBuf>,

    /// Does it prove that the log of this origin signed two histories?
    #[arg(
        long,
        value_name = "ORIGIN",
        group = "object",
        conflicts_with = "policy"
    )]
    fork: Option<String>,

    /// The log's key, as its operator handed it out
    #[arg(long, value_name = "VKEY")]
    vkey: Option<String>,
    /// Whose cosignatures you take, and how many are enough: a tlog-policy. It may give the log's key
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// A claim bundle must be no older, by the word of those witnesses: 90s, 15m, 1h, 2d
    #[arg(long, value_name = "AGE", value_parser = policy_file::age)]
    max_age: Option<Duration>,
}

/// What a bundle came to, as `--json` prints it.
#[derive(Debug, Serialize)]
struct BundleAnswer<'r> {
    schema: &'static str,
    #[serde(flatten)]
    report: &'r bundle::BundleReport,
}

/// What was found out, as `--json` prints it.
#[derive(Debug, Serialize)]
pub(crate) struct Answer {
    schema: &'static str,
    /// What was asked.
    pub(crate) asked: String,
    /// What the proof binds; none where it proves nothing of the kind.
    pub(crate) proved: Option<Bound>,
    /// Why not.
    pub(crate) why_not: Option<String>,
    /// Whether that is because something is missing, not because something is wrong.
    pub(crate) cannot_tell: bool,
}

/// The object that a proof binds.
#[derive(Debug, Serialize)]
pub(crate) struct Bound {
    pub(crate) origin: String,
    pub(crate) index: Index,
    pub(crate) size: u64,
    pub(crate) root: String,
    pub(crate) commit: String,
    pub(crate) events: Vec<(String, String)>,
    pub(crate) unchecked: usize,
    /// Who of the policy given cosigned the head, earliest first.
    pub(crate) cosignatures: Vec<Cosignature>,
    /// By when the entry was there, by the word of a quorum.
    pub(crate) not_after: Option<Time>,
}

impl Check {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let policy = self.policy.as_deref().map(policy_file::read).transpose()?;
        let Some(vkey) = self.log_key(policy.as_ref())? else {
            return Err(Failure::new(Exit::CannotTell, "vkey", "found no --vkey, expected the log's key")
                .hint("its operator hands it out (grounds init printed it); a key from the ledger itself would prove nothing"));
        };
        let file = self.read()?;
        let is_bundle = self.is_bundle(&file);
        if self.max_age.is_some() && !is_bundle {
            return Err(Failure::usage(
                "found --max-age with a proof, expected it with a claim bundle only",
            )
            .hint("grounds verify --max-age asks a ledger for its age"));
        }
        if let Some(mine) = &self.from {
            return heads::check_extension(context, &file, mine, &vkey, policy.as_ref());
        }
        if let Some(origin) = &self.fork {
            return heads::check_fork(context, &file, origin, &vkey);
        }
        let of = self.object()?;
        if is_bundle {
            return self.bundle(context, &file, &of, &vkey, policy.as_ref());
        }
        let (proof, entry) = unpack(&file);
        let checked = check_proof(&proof, &of, &vkey, entry.as_deref(), policy.as_ref());
        let answer = Answer::new(&of, checked);
        let exit = match (&answer.proved, answer.cannot_tell) {
            (Some(_), _) => Exit::Done,
            (None, true) => Exit::CannotTell,
            (None, false) => Exit::No,
        };
        match context.global.json {
            true => context.print_json(&answer)?,
            false => context.print(&render::human::audit::proof(&answer))?,
        }
        Ok(exit)
    }

    /// The log's key: the one given, which the policy must not contradict, else the policy's, where
    /// it names one log.
    fn log_key(&self, policy: Option<&TlogPolicy>) -> Result<Option<VerifierKey>, Failure> {
        let logs = policy.map(TlogPolicy::logs).unwrap_or_default();
        match (&self.vkey, logs) {
            (Some(vkey), _) => {
                let vkey = parse_vkey(vkey)?;
                policy.map_or(Ok(()), |policy| policy_file::names(policy, &vkey))?;
                Ok(Some(vkey))
            }
            (None, [log]) => Ok(Some(log.key.clone())),
            (None, []) => Ok(None),
            (None, several) => Err(Failure::usage(format!(
                "found no --vkey and {} logs in --policy, expected which of them it is",
                several.len()
            ))
            .hint("give that log's key with --vkey")),
        }
    }

    fn object(&self) -> Result<ProofOf, Failure> {
        if let Some(claim) = &self.claim {
            let whole = if claim.starts_with("claim/") {
                claim.clone()
            } else {
                format!("claim/{claim}")
            };
            return Ok(ProofOf::Subject(whole.parse()?));
        }
        let object = (self.subject.clone().map(ProofOf::Subject))
            .or(self.event.map(ProofOf::Event))
            .or(self.commit.map(ProofOf::Commit))
            .or(self.entry.map(ProofOf::Entry));
        object.ok_or_else(|| {
            Failure::usage("expected what the proof is asked about: --claim, --event, --entry …")
        })
    }

    fn read(&self) -> Result<Vec<u8>, Failure> {
        let file = files::read(&self.file, bundle::MAX_FILE as u64)?;
        if file.len() as u64 > MAX_FILE && !self.is_bundle(&file) {
            let (path, length) = (self.file.display(), file.len());
            let message = format!("{path}: found {length} bytes, expected at most {MAX_FILE}");
            return Err(Failure::new(Exit::No, "limit", message));
        }
        Ok(file)
    }

    /// By name, or a JSON object with a claim and a map.
    fn is_bundle(&self, file: &[u8]) -> bool {
        let is_named = || self.file.to_string_lossy().ends_with(".claim.json");
        let json: Option<Bundled> = serde_json::from_slice(file).ok();
        is_named() || json.is_some_and(|json| json.claim.is_some() && json.map.is_some())
    }

    fn bundle(
        &self,
        context: &Context,
        file: &[u8],
        of: &ProofOf,
        vkey: &VerifierKey,
        policy: Option<&TlogPolicy>,
    ) -> Result<Exit, Failure> {
        let ProofOf::Subject(Subject::Entity(Kind::Claim, claim)) = of else {
            return Err(Failure::usage(format!(
                "found a claim bundle and the question for {of}, expected --claim CLAIM"
            )));
        };
        let asked = bundle::Asked {
            claim,
            vkey,
            policy,
            freshness: self.max_age.map(|max_age| Freshness {
                max_age,
                now: desk::now(),
            }),
        };
        let report = bundle::check(file, &asked);
        match context.global.json {
            true => context.print_json(&BundleAnswer {
                schema: "grounds.check_bundle/1",
                report: &report,
            })?,
            false => context.print(&render::human::audit::bundle(&report))?,
        }
        Ok(match report.verdict {
            Verdict::Holds => Exit::Done,
            Verdict::CannotTell => Exit::CannotTell,
            Verdict::Fails | Verdict::Damaged => Exit::No,
        })
    }
}

/// What tells a claim bundle from other JSON; the rest of it is passed over, not held.
#[derive(Deserialize)]
struct Bundled {
    claim: Option<IgnoredAny>,
    map: Option<IgnoredAny>,
}

/// What of a receipt is a proof and what it is one of.
#[derive(Deserialize)]
struct Received {
    proof: String,
    entry: Option<String>,
}

/// A receipt holds proof and entry; anything else is a proof.
fn unpack(file: &[u8]) -> (Vec<u8>, Option<Vec<u8>>) {
    match serde_json::from_slice::<Received>(file) {
        Ok(receipt) => (receipt.proof.into(), receipt.entry.map(String::into_bytes)),
        Err(_) => (file.to_vec(), None),
    }
}

fn entry_index(text: &str) -> Result<Index, String> {
    let digits = text.strip_prefix('@').unwrap_or(text);
    digits
        .parse()
        .map_err(|_| format!("found {text}, expected an entry such as @41"))
}

impl Answer {
    fn new(of: &ProofOf, checked: Result<Proved, NotProved>) -> Answer {
        let cannot_tell = matches!(checked, Err(NotProved::NoEntry | NotProved::Quorum(_)));
        let (proved, why_not) = match checked {
            Ok(proved) => (Some(Bound::new(proved)), None),
            Err(error) => (None, Some(error.to_string())),
        };
        Answer {
            schema: "grounds.check/1",
            asked: of.to_string(),
            proved,
            why_not,
            cannot_tell,
        }
    }
}

impl Bound {
    fn new(proved: Proved) -> Bound {
        let events = proved.events.iter();
        Bound {
            events: events
                .map(|(id, subject)| (id.to_string(), subject.to_string()))
                .collect(),
            origin: proved.origin,
            index: proved.index,
            size: proved.size,
            root: proved.root.to_string(),
            commit: proved.commit.to_string(),
            unchecked: proved.unchecked,
            cosignatures: proved.cosignatures,
            not_after: proved.not_after,
        }
    }
}

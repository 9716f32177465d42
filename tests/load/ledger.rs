//! The ledger that is measured: claims, what they are argued with, and many who argue. Seeded, so
//! that two runs measure the same.

use std::path::{Path, PathBuf};
use std::process::Command;

use grounds::claim::{Act, AgentKind, AgentRegistered, Data, KeyClaim};
use grounds::envelope::{Anchor, PrivateKey, Signed, possession_message};
use grounds::form::{AnySet, List};
use grounds::json::Json;
use grounds::ledger::{Appender, HeadSigner, SystemClock, prepare};
use grounds::value::{Line, Origin, Slug, Time};

use super::drive::one_of;

const ORIGIN: &str = "load.example/ledger";

/// Who argues. Many, as a server has a limit for each.
const AUTHORS: usize = 64;

/// A view as ledgers have them: it is asked about every claim that is shown.
const VIEW: &str = r#"{"description":"Empirical claims that stand on evidence.","name":"Strict","otherwise":"included","rules":[{"reason":"not an empirical claim that could be shown to be wrong","verdict":"excluded","when":"claim.nature != \"empirical\" || claim.falsifiability == \"unfalsifiable\""},{"reason":"evidence below 50 % or not assessed","verdict":"downweighted","when":"profile.evid == null || profile.evid < 0.5"}]}"#;

/// A ledger that was made, and who can write to it.
pub(crate) struct Grown {
    folder: PathBuf,
    pub(crate) slugs: Vec<String>,
    pub(crate) entries: u64,
    authors: Vec<(Slug, PrivateKey)>,
    anchor: Option<Anchor>,
    now: Time,
}

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// Makes it: one event a commit, claims in turn at random, each argued with evidence, appraisals,
/// attestations, revisions and links, by authors in turn.
pub(crate) fn grow(grounds: &Path, folder: &Path, events: usize, claims: usize) -> Outcome<Grown> {
    let mut grown = Grown {
        folder: folder.to_owned(),
        slugs: (0..claims)
            .map(|number| format!("finding-{number}"))
            .collect(),
        entries: 0,
        authors: Vec::new(),
        anchor: None,
        now: Time::EPOCH,
    };
    let mut init = grown.command(grounds);
    init.args([
        "init",
        "--origin",
        ORIGIN,
        "--name",
        "Steward",
        "--agent-slug",
        "steward",
    ]);
    let made = init.output()?;
    if !made.status.success() {
        return Err(String::from_utf8_lossy(&made.stderr).into_owned().into());
    }
    let mut appender = grown.appender()?;
    let steward = grown.key("author.key")?;
    let origin: Origin = ORIGIN.parse()?;
    for number in 0..AUTHORS {
        let key = PrivateKey::from_seed(&[u8::try_from(number)? + 10; 32]);
        let name: Slug = format!("author-{number}").parse()?;
        let act = registered(&origin, &name, &key)?;
        append(&mut appender, &"steward".parse()?, &steward, &[act])?;
        grown.authors.push((name, key));
    }
    let view = act("view/strict", "view.defined", VIEW)?;
    append(&mut appender, &"steward".parse()?, &steward, &[view])?;
    appender.flush()?;
    let mut stories = vec![0; claims];
    for number in 0..events.saturating_sub(AUTHORS + 2) {
        let claim = if number < claims {
            number
        } else {
            one_of(number as u64, claims)
        };
        let author = match stories[claim] {
            // Whoever asserted a claim does not attest to it.
            0 => claim,
            step => claim + 1 + step % (AUTHORS - 1),
        };
        let (author, key) = &grown.authors[author % AUTHORS];
        let act = next(claim, stories[claim], claims)?;
        stories[claim] += 1;
        append(&mut appender, author, key, &[act])?;
        if appender.pending() >= 500 {
            appender.flush()?;
        }
    }
    appender.flush()?;
    appender.record_map()?;
    grown.entries = appender.state().size();
    grown.anchor = appender.anchor();
    grown.now = appender.now();
    appender.close()?;
    Ok(grown)
}

fn append(appender: &mut Appender, author: &Slug, key: &PrivateKey, acts: &[Act]) -> Outcome<()> {
    let origin = appender.origin().clone();
    let (anchor, now) = (appender.anchor(), appender.now());
    let commit = prepare(appender.state(), &origin, anchor, author, now, acts)?;
    appender.stage(&Signed::seal(commit, key).to_bytes())?;
    Ok(())
}

fn registered(origin: &Origin, name: &Slug, key: &PrivateKey) -> Outcome<Act> {
    let proof = key.sign(&possession_message(origin, name, &key.public()));
    let roles = ["attester", "contributor", "curator"].map(|role| role.parse().expect("a role"));
    let data = AgentRegistered {
        name: Line::parse(&format!("Author {name}"))?,
        kind: AgentKind::Human,
        roles: AnySet(roles.to_vec()),
        community: Some("readers".parse()?),
        reliability: Some("0.7".parse()?),
        keys: List(vec![KeyClaim {
            key: key.public(),
            proof,
        }]),
        next: None,
        orcid: None,
        url: None,
    };
    let subject = format!("agent/{name}").parse()?;
    Ok(Act::new(subject, Data::AgentRegistered(Box::new(data))))
}

/// What happens to a claim at a step of its story.
fn next(claim: usize, step: usize, claims: usize) -> Outcome<Act> {
    let own = format!("claim/finding-{claim}");
    let source = |step: usize| format!("artifact/study-{claim}-{}", step / 5);
    let words = "What the authors said of it, in their own words, at some length. ";
    if step == 0 {
        let summary = "An effect of one variable on another, in a sample of some size. ".repeat(4);
        return act(
            &own,
            "claim.asserted",
            &format!(
                r#"{{"domains":[{{"name":"Psychology","weight":"1"}}],"falsifiability":"falsifiable","nature":"empirical","origin":"imported","polarity":"positive","statement":"Effect {claim} holds","summary":"{summary}"}}"#
            ),
        );
    }
    match step % 5 {
        1 => act(
            &source(step),
            "artifact.registered",
            &format!(
                r#"{{"key":"doi:{claim}.{step}","kind":"paper","label":"Study {step}","title":"Study {step} of effect {claim}, which others looked at again","year":2001}}"#
            ),
        ),
        2 => act(
            &source(step),
            "artifact.appraised",
            &format!(
                r#"{{"credibility":"0.{}","methodology":"0.6","rationale":"{words}"}}"#,
                step % 9 + 1
            ),
        ),
        3 | 4 => act(
            &own,
            "evidence.added",
            &format!(
                r#"{{"artifact":"{}","key":"{step}","note":"{}","relation":"{}","strength":"0.{}"}}"#,
                source(step),
                words.repeat(4),
                if step % 4 == 3 {
                    "disputes"
                } else {
                    "supports"
                },
                step % 9 + 1
            ),
        ),
        _ if step % 25 == 10 => act(
            &own,
            "claim.linked",
            &format!(
                r#"{{"relation":"supports","target":"claim/finding-{}"}}"#,
                (claim + 1 + step % (claims - 1)) % claims
            ),
        ),
        _ if step % 25 == 20 => act(&own, "note.added", &format!(r#"{{"text":"{words}"}}"#)),
        _ => act(
            &own,
            "attestation.made",
            &format!(
                r#"{{"comment":"{words}","verdict":"{}","version":1,"weight":"0.8"}}"#,
                if step.is_multiple_of(2) {
                    "verifies"
                } else {
                    "disputes"
                }
            ),
        ),
    }
}

fn act(subject: &str, kind: &str, data: &str) -> Outcome<Act> {
    let data = Data::read(kind, &Json::parse(data.as_bytes())?)?;
    Ok(Act::new(subject.parse()?, data))
}

impl Grown {
    /// The program, at this ledger's desk.
    pub(crate) fn command(&self, grounds: &Path) -> Command {
        let mut command = Command::new(grounds);
        command
            .current_dir(&self.folder)
            .env("GROUNDS_CONFIG", self.folder.join("config"))
            .env("GROUNDS_CACHE", self.folder.join("cache"))
            .env_remove("GROUNDS_LEDGER")
            .env_remove("SSH_AUTH_SOCK");
        command
    }

    pub(crate) fn dir(&self) -> PathBuf {
        self.folder.join("ledger")
    }

    fn kept(&self, name: &str) -> PathBuf {
        let folder = ORIGIN.replace('/', "%2F");
        self.folder.join("config").join(folder).join(name)
    }

    fn key(&self, name: &str) -> Outcome<PrivateKey> {
        let text = std::fs::read_to_string(self.kept(name))?;
        Ok(PrivateKey::from_openssh(&text, None)?)
    }

    /// Takes the ledger's lock.
    pub(crate) fn appender(&self) -> Outcome<Appender> {
        let origin: Origin = ORIGIN.parse()?;
        let signer = HeadSigner::open(&origin, self.key("log.key")?, &self.kept("log.state"))?;
        let clock = Box::new(SystemClock::new());
        Ok(Appender::open(&self.dir(), signer, clock, false)?.0)
    }

    /// So many signed commits, each of one event of some 700 bytes, which can be appended in any
    /// order, by authors in turn.
    pub(crate) fn signed(&self, name: &str, count: usize) -> Vec<Vec<u8>> {
        let commit = |number: usize| {
            let (author, key) = &self.authors[number % AUTHORS];
            let title = "A study that somebody has read and thought worth naming here. ".repeat(5);
            let data = format!(
                r#"{{"kind":"paper","title":"{} {number}","year":2020}}"#,
                title.trim()
            );
            let act = act(
                &format!("artifact/{name}-{number}"),
                "artifact.registered",
                &data,
            );
            let act = act.expect("a registration");
            let origin: Origin = ORIGIN.parse().expect("an origin");
            let state = grounds::claim::State::new();
            let anchor = (self.anchor.as_ref()).map(|at| Anchor {
                size: at.size,
                root: at.root,
            });
            let commit = prepare(&state, &origin, anchor, author, self.now, &[act]);
            Signed::seal(commit.expect("a commit"), key).to_bytes()
        };
        (0..count).map(commit).collect()
    }
}

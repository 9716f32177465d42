//! What every import keeps, whatever the format.

use std::sync::LazyLock;

use grounds::claim::{Act, Founder, KeyClaim, LedgerCreated, LogKey, Policy, Rejection, State};
use grounds::claim::{AgentKind, Data, Role};
use grounds::envelope::{Commit, possession_message};
use grounds::form::{AnySet, List};
use grounds::import::{ImportError, Plan};
use grounds::json::Json;
use grounds::ledger::{genesis, prepare, preview_unsigned};
use grounds::tlog::{Tree, leaf_hash};
use grounds::value::{Line, Slug, Time};

use super::ground::{key, log_key, origin};

/// A ledger in memory, without bytes of its own: commits are judged as if ada had signed them.
#[derive(Clone)]
pub struct Desk {
    pub state: State,
    tree: Tree,
}

/// A ledger that has nothing but its genesis.
pub static EMPTY: LazyLock<Desk> = LazyLock::new(|| {
    let ada = key("ada");
    let slug: Slug = "ada".parse().unwrap();
    let proof = ada.sign(&possession_message(&origin(), &slug, &ada.public()));
    let created = LedgerCreated {
        origin: origin(),
        title: Line::parse("Imports").unwrap(),
        description: None,
        log_key: LogKey(log_key().verifier().clone()),
        agents: List(vec![Founder {
            slug: slug.clone(),
            name: Line::parse("Ada").unwrap(),
            kind: AgentKind::Human,
            roles: AnySet(vec![
                Role::Attester,
                Role::Contributor,
                Role::Curator,
                Role::Steward,
            ]),
            community: None,
            reliability: None,
            keys: List(vec![KeyClaim {
                key: ada.public(),
                proof,
            }]),
            next: None,
        }]),
        policy: Policy::solo(),
        predecessor: None,
    };
    let mut desk = Desk {
        state: State::new(),
        tree: Tree::new(),
    };
    desk.submit(genesis(created, &slug, now()).unwrap())
        .unwrap();
    desk
});

fn now() -> Time {
    Time::parse_seconds("2026-03-09T19:58:00Z").unwrap()
}

impl Desk {
    pub fn record(&mut self, acts: &[Act]) -> Result<(), Rejection> {
        let ada: Slug = "ada".parse().unwrap();
        let anchor = grounds::envelope::Anchor {
            size: self.tree.size(),
            root: self.tree.root(),
        };
        let commit = prepare(&self.state, &origin(), Some(anchor), &ada, now(), acts);
        self.submit(commit.expect("a commit within its limits"))
    }

    fn submit(&mut self, commit: Commit<'_>) -> Result<(), Rejection> {
        let keys = [key("ada").public().id()];
        let leaf = leaf_hash(&commit.bytes);
        let seen = preview_unsigned(&self.state, &self.tree, &origin(), commit, &keys, now())?;
        seen.verdict?;
        self.tree.push(leaf);
        self.state = seen.state;
        Ok(())
    }
}

/// - A plan's acts are acts: written down and read again they are the same.
/// - They are cut into commits within their limits, none left out.
/// - The same bytes give the same plan, and its counts are of what it holds.
pub fn planned(
    data: &[u8],
    state: &State,
    plan: impl Fn(&[u8], &State) -> Result<Plan, ImportError>,
) -> Option<Plan> {
    let found = match plan(data, state) {
        Err(error) => {
            assert!(
                error.to_string().len() < 4096,
                "a message of any length: {}",
                error.to_string().len()
            );
            return None;
        }
        Ok(found) => found,
    };
    assert_eq!(plan(data, state).ok().as_ref(), Some(&found), "two plans");
    for act in &found.acts {
        assert_eq!(Act::read(&written(act)).as_ref(), Ok(act));
    }
    for size in [1, 7, 256] {
        assert_eq!(found.commits(size).concat(), found.acts);
    }
    let report = &found.report;
    let became = report.became.new + report.became.known + report.became.skipped;
    assert_eq!(became, report.rows, "rows and what became of them");
    let new = [
        &report.claims,
        &report.artifacts,
        &report.evidence,
        &report.notes,
        &report.other,
    ];
    let new = new.iter().map(|tally| tally.new).sum::<u64>() + report.revised;
    assert_eq!(new, found.acts.len() as u64, "acts and their counts");
    Some(found)
}

pub fn written(act: &Act) -> Json<'_> {
    let mut members = vec![("subject".into(), Json::string(act.subject.to_string()))];
    if let Some(date) = act.effective {
        members.push(("effective".into(), Json::string(date.to_string())));
    }
    members.push(("type".into(), Json::string(act.data.name())));
    members.push(("data".into(), act.data.write()));
    Json::Obj(members)
}

/// What is planned is admitted, however it is cut; then there is nothing left to plan.
pub fn admitted(
    data: &[u8],
    found: &Plan,
    plan: impl Fn(&[u8], &State) -> Result<Plan, ImportError>,
) {
    for size in [1, 5, 256] {
        let mut desk = EMPTY.clone();
        for acts in found.commits(size) {
            if let Err(error) = desk.record(acts) {
                let place = usize::from(error.position.unwrap_or(0));
                panic!("planned and not admitted: {error}\n{:?}", acts.get(place));
            }
        }
        let again = plan(data, &desk.state).expect("it was planned before");
        assert_eq!(again.acts, [], "planned again");
    }
}

/// As many acts as are admitted one by one.
pub fn one_by_one(found: &Plan) -> (Desk, usize) {
    let mut desk = EMPTY.clone();
    let admitted = found
        .acts
        .iter()
        .filter(|act| desk.record(std::slice::from_ref(*act)).is_ok());
    let count = admitted.count();
    (desk, count)
}

/// Whether a plan leaves the act out where the ledger has it.
pub fn is_told_once(data: &Data) -> bool {
    matches!(
        data,
        Data::AgentRegistered(_)
            | Data::ArtifactRegistered(_)
            | Data::ContextDefined(_)
            | Data::ClaimAsserted(_)
            | Data::EvidenceAdded(_)
            | Data::ClaimScoped(_)
            | Data::ClaimLinked(_)
            | Data::NoteAdded(_)
    )
}

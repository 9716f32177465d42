//! A draft: what the ledger has already, what the plan adds, and which names are free.
//!
//! Identity is the import key (and the DOI or address of an artifact), never the slug. Only what is
//! in effect counts as there; what was set aside may be imported anew, under another slug.

use std::collections::{HashMap, HashSet};

use crate::claim::{Act, ArtifactName, Claim, ClaimAsserted, Data, State};
use crate::value::{Kind, Seq, Slug, Subject};

use super::Plan;
use super::clean;
use super::paper::{Paper, short_key};
use super::report::Report;

pub(super) struct Draft<'s> {
    pub(super) state: &'s State,
    pub(super) report: Report,
    acts: Vec<Act>,
    /// Acts planned on a subject.
    planned: HashMap<Subject, Seq>,
    claims: HashMap<String, Slug>,
    artifacts: HashMap<String, Slug>,
    /// What the ledger has and the file names too, so that each is counted once.
    met: HashSet<Subject>,
}

impl<'s> Draft<'s> {
    pub(super) fn of(state: &'s State) -> Draft<'s> {
        Draft {
            state,
            report: Report::default(),
            acts: Vec::new(),
            planned: HashMap::new(),
            claims: claims_by_key(state),
            artifacts: artifacts_by_identity(state),
            met: HashSet::new(),
        }
    }

    pub(super) fn close(self) -> Plan {
        Plan {
            acts: self.acts,
            report: self.report.close(),
        }
    }

    /// Adds an act; gives its position in its subject's stream.
    pub(super) fn push(&mut self, act: Act) -> Seq {
        let planned = self.planned.entry(act.subject.clone()).or_default();
        *planned += 1;
        let head = self.state.stream(&act.subject).map_or(0, |head| head.seq);
        let seq = head + *planned;
        self.acts.push(act);
        seq
    }

    pub(super) fn is_planned(&self, subject: &Subject) -> bool {
        self.planned.contains_key(subject)
    }

    /// The claim that has this import key, in the ledger or in the plan.
    pub(super) fn claim_slug(&self, key: &str) -> Option<&Slug> {
        self.claims.get(key)
    }

    /// The claim as the ledger has it.
    pub(super) fn claim(&self, slug: &Slug) -> Option<&'s Claim> {
        self.state.claim(slug).map(|claim| &**claim)
    }

    /// Asserts a claim that is not there, and counts it.
    pub(super) fn assert(
        &mut self,
        key: &str,
        data: ClaimAsserted,
        since: Option<crate::value::Date>,
    ) -> Slug {
        if let Some(slug) = self.claims.get(key) {
            let slug = slug.clone();
            self.meet(&Subject::claim(slug.clone()));
            return slug;
        }
        let slug = self.free_slug(Kind::Claim, data.statement.as_str(), key);
        self.claims.insert(key.to_owned(), slug.clone());
        self.report.claims.new += 1;
        let subject = Subject::claim(slug.clone());
        self.push(Act::new(subject, Data::ClaimAsserted(Box::new(data))).since(since));
        slug
    }

    /// The artifact of a paper: the ledger's, the plan's, or a new one.
    pub(super) fn artifact(&mut self, paper: &Paper, community: Option<Slug>) -> ArtifactName {
        if let Some(slug) = self.artifacts.get(&paper.identity) {
            let name = ArtifactName(slug.clone());
            self.meet(&name.subject());
            return name;
        }
        let slug = self.free_slug(Kind::Artifact, paper.title.as_str(), &paper.identity);
        self.artifacts.insert(paper.identity.clone(), slug.clone());
        self.report.artifacts.new += 1;
        let name = ArtifactName(slug);
        let data = Data::ArtifactRegistered(Box::new(paper.registration(community)));
        self.push(Act::new(name.subject(), data).since(paper.date()));
        name
    }

    /// Counts what is in the ledger already and not in the plan, once.
    pub(super) fn meet(&mut self, subject: &Subject) {
        let planned_anew = self.is_planned(subject) && !self.state.exists(subject);
        if planned_anew || !self.met.insert(subject.clone()) {
            return;
        }
        match subject.kind() {
            Kind::Claim => self.report.claims.known += 1,
            Kind::Artifact => self.report.artifacts.known += 1,
            _ => self.report.other.known += 1,
        }
    }

    /// Counts a paper's artifact where the ledger has it.
    pub(super) fn meet_paper(&mut self, paper: &Paper) {
        if let Some(slug) = self.artifacts.get(&paper.identity) {
            let name = ArtifactName(slug.clone());
            self.meet(&name.subject());
        }
    }

    /// The community that the ledger gives an artifact that is there.
    pub(super) fn community_there(&self, identity: &str) -> Option<Option<Slug>> {
        let slug = self.artifacts.get(identity)?;
        let artifact = self.state.artifact(slug)?;
        Some(artifact.registration()?.community.clone())
    }

    fn free_slug(&self, kind: Kind, words: &str, key: &str) -> Slug {
        clean::slug(words, key, |slug| {
            let subject = Subject::Entity(kind, slug.clone());
            self.state.is_taken(&subject) || self.is_planned(&subject)
        })
    }
}

fn claims_by_key(state: &State) -> HashMap<String, Slug> {
    state
        .claims()
        .filter_map(|(slug, claim)| {
            let key = claim.wording.as_ref()?.key.as_ref()?;
            Some((key.as_str().to_owned(), slug.clone()))
        })
        .collect()
}

/// By import key, by DOI, and by address where there is no DOI.
fn artifacts_by_identity(state: &State) -> HashMap<String, Slug> {
    let mut identities = HashMap::new();
    for (slug, artifact) in state.artifacts() {
        let Some(data) = artifact.registration() else {
            continue;
        };
        let by_key = data.key.as_ref().map(|key| key.as_str().to_owned());
        let by_place = match (&data.doi, &data.url) {
            (Some(doi), _) => Some(short_key("doi:", doi.as_str())),
            (None, Some(url)) => Some(short_key("url:", url.as_str())),
            (None, None) => None,
        };
        for identity in by_key.into_iter().chain(by_place) {
            identities.entry(identity).or_insert_with(|| slug.clone());
        }
    }
    identities
}

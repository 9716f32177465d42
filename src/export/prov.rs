//! PROV-O as JSON-LD (<https://www.w3.org/TR/prov-o/>, <https://www.w3.org/TR/json-ld11/>): who did
//! what, when, from what.
//!
//! A commit is an activity; what it recorded is an entity that it generated; agents are agents. The
//! context stands in the document, so that nothing has to be fetched to read it. The place of each
//! commit in the log, its leaf hash and the signed head stand beside the triples: a reader can go
//! from a triple back to its proof.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use crate::claim::{AgentKind, ArtifactStanding, Data, Event, Lifecycle, Orcid, Recorded, State};
use crate::form::Form as _;
use crate::hash::Hash;
use crate::json::Json;
use crate::tlog::{Checkpoint, VerifierKey};
use crate::value::{Date, EventId, Kind, Seq, Slug, Subject, Time, excerpt};

/// What the names of all things of a ledger begin with: an absolute IRI that ends in `/`, `#` or
/// `:`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base(String);

/// A text that is no [`Base`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoBase(String);

impl fmt::Display for NoBase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "found {}, expected an IRI that begins with https://, http://, urn: or tag: and ends in /, # or :",
            excerpt(&self.0)
        )
    }
}

impl std::error::Error for NoBase {}

impl Base {
    /// `urn:grounds:ORIGIN:`, for who has no address of his own.
    #[must_use]
    pub fn of_origin(origin: &str) -> Base {
        Base(format!("urn:grounds:{origin}:"))
    }

    /// Reads a base, in printable ASCII as RFC 3986 has it.
    ///
    /// # Errors
    /// [`NoBase`] where names could not be put after it.
    pub fn parse(text: &str) -> Result<Base, NoBase> {
        let begins = ["https://", "http://", "urn:", "tag:"]
            .iter()
            .any(|scheme| text.len() > scheme.len() + 1 && text.starts_with(scheme));
        let is_plain = text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !b"<>\"{}|\\^`%".contains(&byte));
        let has_one_fragment = !text[..text.len().saturating_sub(1)].contains('#');
        if begins && is_plain && has_one_fragment && text.ends_with(['/', '#', ':']) {
            Ok(Base(text.to_owned()))
        } else {
            Err(NoBase(text.to_owned()))
        }
    }

    pub(super) fn name(&self, rest: impl fmt::Display) -> String {
        format!("{}{rest}", self.0)
    }

    pub(super) fn subject(&self, subject: &Subject) -> String {
        self.name(subject)
    }

    pub(super) fn agent(&self, slug: &Slug) -> String {
        self.name(format_args!("agent/{slug}"))
    }

    pub(super) fn event(&self, id: EventId) -> String {
        self.name(format_args!("event/{id}"))
    }

    fn commit(&self, entry: &Recorded) -> String {
        self.name(format_args!("commit/{}", entry.commit))
    }

    fn version(&self, claim: &Slug, number: usize) -> String {
        self.name(format_args!("claim/{claim}/v{number}"))
    }
}

/// The log that the events stand in.
pub struct Log<'l> {
    /// The newest signed head.
    pub checkpoint: &'l Checkpoint,
    /// Its note, with its signature lines.
    pub note: &'l str,
    /// The key that it was checked with.
    pub vkey: &'l VerifierKey,
    /// The leaf hash of an entry.
    pub leaf: &'l dyn Fn(u64) -> Option<Hash>,
}

/// The provenance of one subject, or of all, as a JSON-LD document: one node a line, in an order
/// that depends on the ledger alone.
///
/// Of one subject: its own events, and those of the artifacts and contexts that they name. Every
/// name below `base` that is referred to is described in the document.
#[must_use]
pub fn document(state: &State, log: &Log<'_>, subject: Option<&Subject>, base: &Base) -> String {
    let streams = Streams::of(state);
    let scope = match subject {
        Some(subject) => streams.closure(subject),
        None => streams.all(),
    };
    let told = Told {
        state,
        log,
        base,
        streams,
        scope,
    };
    written(told.nodes(), base)
}

/// The nodes, and one more for each name that is only referred to.
fn written(nodes: Vec<Node>, base: &Base) -> String {
    let defined: BTreeSet<&str> = nodes.iter().map(|node| node.id.as_str()).collect();
    let absent: BTreeSet<&String> = nodes
        .iter()
        .flat_map(|node| &node.refers)
        .filter(|name| name.starts_with(&base.0) && !defined.contains(name.as_str()))
        .collect();
    let stubs: Vec<String> = absent
        .into_iter()
        .map(|name| stub(name, base).json().to_text())
        .collect();
    let lines: Vec<String> = nodes
        .into_iter()
        .map(|node| node.json().to_text())
        .collect();
    format!(
        "{{\"@context\":{},\n\"@graph\":[\n{}\n]}}\n",
        context().to_text(),
        [lines, stubs].concat().join(",\n")
    )
}

/// What stands in an entry that was withheld or is damaged.
fn stub(name: &str, base: &Base) -> Node {
    let is_agent = name.starts_with(&base.name("agent/"));
    let kind = if is_agent {
        "prov:Agent"
    } else {
        "prov:Entity"
    };
    Node::new(name.to_owned(), &[kind]).text("rdfs:comment", "withheld, or damaged in this copy")
}

/// Properties whose values are names.
const NAMES: [&str; 13] = [
    "grounds:author",
    "grounds:subject",
    "prov:hadPrimarySource",
    "prov:specializationOf",
    "prov:used",
    "prov:wasAssociatedWith",
    "prov:wasAttributedTo",
    "prov:wasDerivedFrom",
    "prov:wasGeneratedBy",
    "prov:wasInfluencedBy",
    "prov:wasInvalidatedBy",
    "prov:wasRevisionOf",
    "rdfs:seeAlso",
];

/// Properties whose values are times.
const TIMES: [&str; 6] = [
    "grounds:at",
    "grounds:recorded",
    "prov:endedAtTime",
    "prov:generatedAtTime",
    "prov:invalidatedAtTime",
    "prov:startedAtTime",
];

/// What prefixes stand for. The ledger's own terms end in `#`, which no origin holds.
const PREFIXES: [(&str, &str); 5] = [
    ("dcterms", "http://purl.org/dc/terms/"),
    ("grounds", "urn:grounds:term#"),
    ("prov", "http://www.w3.org/ns/prov#"),
    ("rdfs", "http://www.w3.org/2000/01/rdf-schema#"),
    ("xsd", "http://www.w3.org/2001/XMLSchema#"),
];

fn context() -> Json<'static> {
    let typed = |kind: &'static str| Json::object([("@type", Json::string(kind))]);
    let prefixes = PREFIXES.map(|(name, iri)| (name.into(), Json::string(iri)));
    let names = NAMES.map(|name| (name.into(), typed("@id")));
    let times = TIMES.map(|name| (name.into(), typed("xsd:dateTime")));
    Json::Obj(prefixes.into_iter().chain(names).chain(times).collect())
}

/// The events of each subject, in order.
struct Streams<'s>(BTreeMap<&'s Subject, Vec<&'s Arc<Event>>>);

impl<'s> Streams<'s> {
    fn of(state: &'s State) -> Streams<'s> {
        let mut streams: BTreeMap<&Subject, Vec<&Arc<Event>>> = BTreeMap::new();
        for event in state.history().iter().flat_map(|entry| &entry.events) {
            streams.entry(&event.subject).or_default().push(event);
        }
        Streams(streams)
    }

    fn all(&self) -> BTreeSet<Subject> {
        self.0.keys().map(|subject| (*subject).clone()).collect()
    }

    fn events(&self, subject: &Subject) -> &[&'s Arc<Event>] {
        self.0.get(subject).map_or(&[], Vec::as_slice)
    }

    fn at(&self, subject: &Subject, seq: Seq) -> Option<&'s Arc<Event>> {
        let events = self.events(subject);
        let place = events.binary_search_by_key(&seq, |event| event.seq).ok()?;
        events.get(place).copied()
    }

    /// A subject with the artifacts and contexts that its events name, and those that theirs name.
    fn closure(&self, subject: &Subject) -> BTreeSet<Subject> {
        let mut found = BTreeSet::from([subject.clone()]);
        let mut open = vec![subject.clone()];
        while let Some(subject) = open.pop() {
            let named = self.events(&subject).iter().flat_map(|event| named(event));
            for subject in named.filter(|subject| subject.kind() != Kind::Claim) {
                if found.insert(subject.clone()) {
                    open.push(subject);
                }
            }
        }
        found
    }
}

/// The artifacts, contexts and claims that an event names beside its own subject.
fn named(event: &Event) -> Vec<Subject> {
    match &event.data {
        Data::EvidenceAdded(data) => {
            let replicated = data.replicates.iter().map(|name| name.subject());
            [data.artifact.subject()]
                .into_iter()
                .chain(replicated)
                .collect()
        }
        Data::ArtifactStandingChanged(data) => data.by.iter().map(|name| name.subject()).collect(),
        Data::StatusChanged(data) => data.by.iter().map(|name| name.subject()).collect(),
        Data::ClaimScoped(data) => vec![data.context.subject()],
        Data::ClaimLinked(data) => vec![data.target.subject()],
        _ => Vec::new(),
    }
}

/// What is told, and from what.
struct Told<'s> {
    state: &'s State,
    log: &'s Log<'s>,
    base: &'s Base,
    streams: Streams<'s>,
    scope: BTreeSet<Subject>,
}

impl<'s> Told<'s> {
    fn nodes(&self) -> Vec<Node> {
        let entries: Vec<(&Arc<Recorded>, Vec<&Arc<Event>>)> = self.entries();
        let withdrawals = self.withdrawals();
        let mut nodes = vec![self.ledger(), self.head()];
        nodes.extend(self.agents(&entries).iter().map(|slug| self.agent(slug)));
        for subject in self.described() {
            nodes.extend(self.entity(&subject));
        }
        for (entry, events) in &entries {
            nodes.push(self.commit(entry, events));
            nodes.extend(
                events
                    .iter()
                    .map(|event| self.event(entry, event, &withdrawals)),
            );
        }
        nodes
    }

    /// The commits with an event in scope, and these events.
    fn entries(&self) -> Vec<(&'s Arc<Recorded>, Vec<&'s Arc<Event>>)> {
        let in_scope = |entry: &'s Arc<Recorded>| {
            let events = entry.events.iter();
            let events: Vec<_> = events
                .filter(|event| self.scope.contains(&event.subject))
                .collect();
            (!events.is_empty()).then_some((entry, events))
        };
        self.state.history().iter().filter_map(in_scope).collect()
    }

    /// Who signed, who is in scope, and the log.
    fn agents(&self, entries: &[(&Arc<Recorded>, Vec<&Arc<Event>>)]) -> BTreeSet<Slug> {
        let signed = entries.iter().flat_map(|(entry, _)| {
            let signers = entry.signers.iter().map(|signer| signer.agent.clone());
            signers.chain([entry.author.clone()])
        });
        let asked = self.scope.iter().filter(|name| name.kind() == Kind::Agent);
        let asked = asked.filter_map(|subject| subject.slug().cloned());
        signed.chain(asked).chain([Slug::log()]).collect()
    }

    /// Everything but agents and the ledger that has to be described: what is in scope, and the
    /// claims that it names.
    fn described(&self) -> BTreeSet<Subject> {
        let named = self
            .scope
            .iter()
            .flat_map(|subject| self.streams.events(subject))
            .flat_map(|event| named(event));
        self.scope
            .iter()
            .cloned()
            .chain(named)
            .filter(|subject| !matches!(subject.kind(), Kind::Agent | Kind::Ledger))
            .collect()
    }

    fn ledger(&self) -> Node {
        let node = Node::new(self.base.name("ledger"), &["prov:Entity", "grounds:Ledger"])
            .text("grounds:origin", &self.log.checkpoint.origin)
            .text("grounds:vkey", self.log.vkey.to_string());
        match self.state.constitution() {
            Some(facts) => node.text("rdfs:label", facts.genesis().title.as_str()),
            None => node,
        }
    }

    fn head(&self) -> Node {
        let head = self.log.checkpoint;
        let name = self.base.name(format_args!("head/{}", head.size));
        Node::new(name, &["prov:Entity", "grounds:Head"])
            .number("grounds:size", head.size)
            .text("grounds:root", head.root.to_string())
            .text("grounds:checkpoint", self.log.note)
            .name("grounds:subject", self.base.name("ledger"))
            .name("prov:wasAttributedTo", self.base.agent(&Slug::log()))
    }

    fn agent(&self, slug: &Slug) -> Node {
        let name = self.base.agent(slug);
        if *slug == Slug::log() {
            return Node::new(name, &["prov:Agent", "prov:SoftwareAgent"]).text(
                "rdfs:label",
                format!("the log of {}", self.log.checkpoint.origin),
            );
        }
        let agent = self.state.agent(slug);
        let Some((agent, profile)) = agent.and_then(|agent| Some((agent, agent.profile.as_ref()?)))
        else {
            let node = Node::new(name, &["prov:Agent"]);
            return match self.is_set_aside(&Subject::agent(slug.clone())) {
                true => node.flag("grounds:setAside"),
                false => node,
            };
        };
        let kind = match profile.kind {
            AgentKind::Human => "prov:Person",
            AgentKind::Software => "prov:SoftwareAgent",
            AgentKind::Organization => "prov:Organization",
        };
        let keys = agent.keys.iter().map(|key| key.id.to_string());
        let orcid = profile.orcid.as_ref().map(Orcid::as_str);
        Node::new(name, &["prov:Agent", kind])
            .text("rdfs:label", profile.name.as_str())
            .texts("grounds:key", keys)
            .names(
                "rdfs:seeAlso",
                orcid.map(|orcid| format!("https://orcid.org/{orcid}")),
            )
    }

    /// What a subject is, and for a claim each of its versions.
    fn entity(&self, subject: &Subject) -> Vec<Node> {
        let (kind, Some(slug)) = (subject.kind(), subject.slug()) else {
            return Vec::new();
        };
        let types = match kind {
            Kind::Claim => "grounds:Claim",
            Kind::Artifact => "grounds:Artifact",
            Kind::Context => "grounds:Context",
            _ => "grounds:View",
        };
        let mut node = Node::new(self.base.subject(subject), &["prov:Entity", types]);
        let is_told = self.scope.contains(subject);
        if let Some(first) = self.streams.events(subject).first().filter(|_| is_told) {
            node = self.generated(node, first);
        }
        if self.is_set_aside(subject) {
            node = node.flag("grounds:setAside");
        }
        match kind {
            Kind::Claim => self.claim(node, slug, is_told),
            Kind::Artifact => vec![self.artifact(node, slug)],
            Kind::Context => {
                let definition = self.state.context(slug).and_then(|it| it.definition());
                vec![node.label(definition.map(|data| data.name.as_str()))]
            }
            _ => {
                let definition = self.state.view(slug).and_then(|it| it.definition());
                vec![node.label(definition.map(|data| data.name.as_str()))]
            }
        }
    }

    /// Whether the event that made a subject is without effect.
    fn is_set_aside(&self, subject: &Subject) -> bool {
        let first = self.streams.events(subject).first();
        first.is_some_and(|first| self.state.is_set_aside(first.address))
    }

    fn generated(&self, node: Node, event: &Event) -> Node {
        let entry = self.entry_of(event);
        node.name("prov:wasGeneratedBy", self.base.commit(entry))
            .name("prov:wasAttributedTo", self.base.agent(&event.author))
            .time("prov:generatedAtTime", event.recorded.micros_text())
    }

    fn invalidated(&self, node: Node, event: &Event) -> Node {
        let entry = self.entry_of(event);
        node.name("prov:wasInvalidatedBy", self.base.commit(entry))
            .time("prov:invalidatedAtTime", event.recorded.micros_text())
    }

    fn entry_of(&self, event: &Event) -> &'s Recorded {
        let place = usize::try_from(event.address.entry).unwrap_or(usize::MAX);
        let entry = self.state.history().get(place);
        entry.expect("an event of a state stands in one of its entries")
    }

    fn claim(&self, node: Node, slug: &Slug, is_told: bool) -> Vec<Node> {
        let Some(claim) = self.state.claim(slug) else {
            return vec![node];
        };
        let statement = claim
            .wording
            .as_ref()
            .map(|wording| wording.statement.as_str());
        let mut node = node.label(statement);
        if !is_told {
            return vec![node];
        }
        let evidence = claim.live_evidence().map(|edge| edge.added.id);
        let attestations = claim.live_attestations().map(|made| made.made.id);
        let influences = evidence.chain(attestations).map(|id| self.base.event(id));
        node = node
            .text("grounds:lifecycle", claim.status.lifecycle.to_string())
            .text("grounds:standing", claim.status.standing.to_string())
            .names("prov:wasInfluencedBy", influences);
        if let Some(event) = self.retraction(&Subject::claim(slug.clone())) {
            node = self.invalidated(node, event);
        }
        let versions = (1..=claim.versions.len()).map(|number| self.version(slug, number));
        [node].into_iter().chain(versions).collect()
    }

    /// The event in effect that took a claim back.
    fn retraction(&self, claim: &Subject) -> Option<&'s Arc<Event>> {
        let mut events = self.streams.events(claim).iter().copied();
        events.find(|event| match &event.data {
            Data::StatusChanged(data) => {
                data.lifecycle == Some(Lifecycle::Retracted)
                    && !self.state.is_set_aside(event.address)
            }
            _ => false,
        })
    }

    fn version(&self, slug: &Slug, number: usize) -> Node {
        let name = self.base.version(slug, number);
        let node = Node::new(name, &["prov:Entity", "grounds:ClaimVersion"])
            .number("grounds:version", number as u64)
            .name(
                "prov:specializationOf",
                self.base.name(format_args!("claim/{slug}")),
            );
        let versions = self.state.claim(slug).map(|claim| &claim.versions);
        let (Some(versions), Some(version)) =
            (versions, versions.and_then(|all| all.get(number - 1)))
        else {
            return node;
        };
        let statement = match &version.event.data {
            Data::ClaimAsserted(data) => Some(data.statement.as_str()),
            Data::ClaimRevised(data) => data.statement.as_ref().map(|line| line.as_str()),
            _ => None,
        };
        let before = (1..number).rev().find(|before| {
            let version = versions.get(before - 1);
            version.is_some_and(|version| version.in_effect)
        });
        let node = self
            .generated(node, &version.event)
            .label(statement)
            .name("prov:wasDerivedFrom", self.base.event(version.event.id))
            .names(
                "prov:wasRevisionOf",
                before.map(|before| self.base.version(slug, before)),
            );
        match version.in_effect {
            true => node,
            false => node.flag("grounds:setAside"),
        }
    }

    fn artifact(&self, node: Node, slug: &Slug) -> Node {
        let Some(artifact) = self.state.artifact(slug) else {
            return node;
        };
        let (standing, event) = artifact.standing();
        let node = node.text("grounds:standing", standing.to_string());
        let node = match event {
            Some(event)
                if matches!(
                    standing,
                    ArtifactStanding::Retracted | ArtifactStanding::Withdrawn
                ) =>
            {
                self.invalidated(node, event)
            }
            _ => node,
        };
        let Some(data) = artifact.registration() else {
            return node;
        };
        let authors = data.authors.iter().flat_map(|authors| &authors.0);
        let node = node
            .text("rdfs:label", data.title.as_str())
            .text("grounds:kind", data.kind.to_string())
            .texts(
                "dcterms:creator",
                authors.map(|author| author.as_str().to_owned()),
            )
            .names(
                "prov:specializationOf",
                data.doi.as_ref().map(|doi| doi_iri(doi.as_str())),
            );
        match &data.url {
            Some(url) => node.typed("grounds:url", url.as_str(), "xsd:anyURI"),
            None => node,
        }
    }

    fn commit(&self, entry: &Recorded, events: &[&Arc<Event>]) -> Node {
        let signers: BTreeSet<String> = entry
            .signers
            .iter()
            .map(|signer| self.base.agent(&signer.agent))
            .collect();
        let keys = entry.signers.iter().map(|signer| signer.key.to_string());
        // An author's clock may be ahead of the log's; an activity does not end before it starts.
        let started = entry.at.min(entry.recorded);
        let node = Node::new(
            self.base.commit(entry),
            &["prov:Activity", "grounds:Commit"],
        )
        .number("grounds:entry", entry.index)
        .texts(
            "grounds:leaf",
            (self.log.leaf)(entry.index).map(|leaf| leaf.to_string()),
        )
        .numbers("grounds:anchorSize", entry.anchor)
        .time("grounds:at", entry.at.seconds_text())
        .time("grounds:recorded", entry.recorded.micros_text())
        .time("prov:startedAtTime", time_text(started))
        .time("prov:endedAtTime", entry.recorded.micros_text())
        .name("grounds:author", self.base.agent(&entry.author))
        .texts("grounds:key", keys)
        .names("prov:wasAssociatedWith", signers);
        node.names("prov:used", self.used(entry, events))
    }

    /// What a commit took from earlier ones.
    fn used(&self, entry: &Recorded, events: &[&Arc<Event>]) -> BTreeSet<String> {
        let is_own = |subject: &Subject| {
            let first = self.streams.events(subject).first();
            first.is_some_and(|first| first.address.entry == entry.index)
        };
        let own: BTreeSet<EventId> = entry.events.iter().map(|event| event.id).collect();
        let subjects = events.iter().flat_map(|event| named(event));
        let subjects = subjects.filter(|subject| !is_own(subject));
        let before = events.iter().filter_map(|event| event.prev);
        let before = before.filter(|id| !own.contains(id));
        subjects
            .map(|subject| self.base.subject(&subject))
            .chain(before.map(|id| self.base.event(id)))
            .collect()
    }

    fn event(&self, entry: &Recorded, event: &Event, withdrawals: &Withdrawals<'s>) -> Node {
        let mut node = Node::new(self.base.event(event.id), &["prov:Entity", "grounds:Event"])
            .text("grounds:type", event.data.name())
            .name("grounds:subject", self.base.subject(&event.subject))
            .number("grounds:seq", event.seq)
            .text("grounds:address", event.address.to_string())
            .text("grounds:data", event.data.write().to_text())
            .name("prov:wasGeneratedBy", self.base.commit(entry))
            .name("prov:wasAttributedTo", self.base.agent(&event.author))
            .time("prov:generatedAtTime", event.recorded.micros_text())
            .names("prov:wasDerivedFrom", self.sources(event))
            .names("prov:hadPrimarySource", self.primary_source(event))
            .names("prov:wasRevisionOf", self.revised(event));
        if let Some(date) = event.effective {
            node = node.typed("grounds:effective", &date.to_string(), date_type(date));
        }
        if self.state.is_set_aside(event.address) {
            node = node.flag("grounds:setAside");
        }
        match withdrawals.get(&(&event.subject, event.seq)) {
            Some(withdrawal) => self.invalidated(node, withdrawal),
            None => node,
        }
    }

    /// What an event stands on: the one before it, those it refers to, what it names.
    fn sources(&self, event: &Event) -> BTreeSet<String> {
        let version = match (&event.data, event.subject.slug()) {
            (Data::AttestationMade(data), Some(slug)) => usize::try_from(data.version)
                .ok()
                .map(|number| self.base.version(slug, number)),
            _ => None,
        };
        let referred = event
            .data
            .reference()
            .and_then(|seq| self.streams.at(&event.subject, seq))
            .map(|event| event.id);
        let named = named(event).into_iter();
        event
            .prev
            .into_iter()
            .chain(referred)
            .map(|id| self.base.event(id))
            .chain(named.map(|subject| self.base.subject(&subject)))
            .chain(version)
            .collect()
    }

    /// The paper itself, where evidence is drawn from one that has a DOI.
    fn primary_source(&self, event: &Event) -> Option<String> {
        let Data::EvidenceAdded(data) = &event.data else {
            return None;
        };
        let artifact = self.state.artifact(&data.artifact.0)?;
        let doi = artifact.registration()?.doi.as_ref();
        doi.map(|doi| doi_iri(doi.as_str()))
    }

    fn revised(&self, event: &Event) -> Option<String> {
        match &event.data {
            Data::EvidenceRevised(data) => {
                let revised = self.streams.at(&event.subject, data.r#ref)?;
                Some(self.base.event(revised.id))
            }
            Data::ViewChanged(_) => event.prev.map(|id| self.base.event(id)),
            _ => None,
        }
    }

    /// What was taken back in effect, and by which event.
    fn withdrawals(&self) -> Withdrawals<'s> {
        let mut found = BTreeMap::new();
        let events = self.streams.0.values().flatten();
        for event in events.filter(|event| !self.state.is_set_aside(event.address)) {
            let takes_back = matches!(
                event.data,
                Data::EvidenceWithdrawn(_)
                    | Data::AttestationWithdrawn(_)
                    | Data::ClaimUnscoped(_)
                    | Data::ClaimUnlinked(_)
            );
            if let Some(seq) = event.data.reference().filter(|_| takes_back) {
                found.entry((&event.subject, seq)).or_insert(*event);
            }
        }
        found
    }
}

/// By what was taken back: the event that did.
type Withdrawals<'s> = BTreeMap<(&'s Subject, Seq), &'s Arc<Event>>;

/// The address of a DOI at its resolver, with what RFC 3986 does not allow in a path percent-encoded.
pub(super) fn doi_iri(doi: &str) -> String {
    let mut iri = "https://doi.org/".to_owned();
    for byte in doi.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/".contains(&byte) {
            iri.push(char::from(byte));
        } else {
            iri.push_str(&format!("%{byte:02X}"));
        }
    }
    iri
}

/// A date is as precise as it is known.
fn date_type(date: Date) -> &'static str {
    match date.to_string().len() {
        4 => "xsd:gYear",
        7 => "xsd:gYearMonth",
        _ => "xsd:date",
    }
}

/// With a fraction where there is one.
fn time_text(time: Time) -> String {
    match time.micros().rem_euclid(1_000_000) {
        0 => time.seconds_text(),
        _ => time.micros_text(),
    }
}

/// A node of the graph.
struct Node {
    id: String,
    members: Vec<(&'static str, Json<'static>)>,
    refers: Vec<String>,
}

impl Node {
    fn new(id: String, types: &[&'static str]) -> Node {
        let types = types.iter().map(|name| Json::string(*name)).collect();
        Node {
            id,
            members: vec![("@type", Json::Arr(types))],
            refers: Vec::new(),
        }
    }

    fn with(mut self, property: &'static str, value: Json<'static>) -> Node {
        self.members.push((property, value));
        self
    }

    fn text(self, property: &'static str, text: impl Into<String>) -> Node {
        self.with(property, Json::string(text.into()))
    }

    fn label(self, text: Option<&str>) -> Node {
        self.texts("rdfs:label", text.map(str::to_owned))
    }

    fn texts(self, property: &'static str, texts: impl IntoIterator<Item = String>) -> Node {
        self.several(property, texts.into_iter().map(Json::string).collect())
    }

    fn typed(self, property: &'static str, text: &str, kind: &'static str) -> Node {
        let value = [
            ("@type", Json::string(kind)),
            ("@value", Json::string(text.to_owned())),
        ];
        self.with(property, Json::object(value))
    }

    fn number(self, property: &'static str, number: u64) -> Node {
        self.numbers(property, [number])
    }

    fn numbers(self, property: &'static str, numbers: impl IntoIterator<Item = u64>) -> Node {
        let numbers = numbers
            .into_iter()
            .map(|number| number.write().into_owned());
        self.several(property, numbers.collect())
    }

    fn flag(self, property: &'static str) -> Node {
        self.with(property, Json::Bool(true))
    }

    fn time(self, property: &'static str, text: String) -> Node {
        debug_assert!(
            TIMES.contains(&property),
            "{property} is no time in the context"
        );
        self.text(property, text)
    }

    fn name(self, property: &'static str, name: String) -> Node {
        self.names(property, [name])
    }

    fn names(mut self, property: &'static str, names: impl IntoIterator<Item = String>) -> Node {
        debug_assert!(
            NAMES.contains(&property),
            "{property} is no name in the context"
        );
        let names: Vec<String> = names.into_iter().collect();
        self.refers.extend(names.iter().cloned());
        self.several(property, names.into_iter().map(Json::string).collect())
    }

    fn several(self, property: &'static str, mut values: Vec<Json<'static>>) -> Node {
        match values.len() {
            0 => self,
            1 => self.with(property, values.remove(0)),
            _ => self.with(property, Json::Arr(values)),
        }
    }

    fn json(self) -> Json<'static> {
        let id = [("@id".into(), Json::string(self.id))];
        let members = self.members.into_iter();
        Json::Obj(
            id.into_iter()
                .chain(members.map(|(name, value)| (name.into(), value)))
                .collect(),
        )
    }
}

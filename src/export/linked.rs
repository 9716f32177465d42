//! Linked data of a claim: what its page says, as JSON-LD (<https://www.w3.org/TR/json-ld11/>) in the
//! terms of schema.org and PROV-O, for search engines and graphs.
//!
//! [`super::prov`] tells who did what; this tells how the claim stands: its wording, what speaks for
//! and against it, who attested, and its figures, each in ppm and as a decimal. The context stands in
//! the document, so that nothing has to be fetched to read it. Text of the ledger is only ever a
//! literal: it names nothing and is no address.

use crate::claim::AgentKind;
use crate::json::Json;
use crate::projection::{
    ArtifactCited, AttestationShown, Byline, ClaimPage, EvidenceShown, decimal,
};
use crate::trust::Figure;
use crate::value::{Slug, Subject};

use super::prov::{Base, doi_iri};

/// The head that the claim was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadFrom<'h> {
    /// Entries that it covers.
    pub size: u64,
    /// Its root hash.
    pub root: &'h str,
    /// Entries that were folded.
    pub entries: u64,
}

/// A claim as a JSON-LD document: one node a line, in an order that depends on the page alone.
#[must_use]
pub fn claim(page: &ClaimPage, head: &ReadFrom<'_>, base: &Base) -> String {
    let told = Told { page, base };
    let mut nodes = vec![told.claim(head)];
    nodes.extend(Figure::ALL.map(|figure| told.figure(figure)));
    for edge in &page.evidence {
        nodes.push(told.evidence(edge));
    }
    for made in &page.attestations {
        nodes.push(told.attestation(made));
    }
    nodes.extend(told.artifacts());
    nodes.extend(told.agents());
    let lines: Vec<String> = nodes.into_iter().map(Node::text).collect();
    format!(
        "{{\"@context\":{},\n\"@graph\":[\n{}\n]}}\n",
        context().to_text(),
        lines.join(",\n")
    )
}

/// What prefixes stand for.
const PREFIXES: [(&str, &str); 5] = [
    ("grounds", "urn:grounds:term#"),
    ("prov", "http://www.w3.org/ns/prov#"),
    ("rdfs", "http://www.w3.org/2000/01/rdf-schema#"),
    ("schema", "https://schema.org/"),
    ("xsd", "http://www.w3.org/2001/XMLSchema#"),
];

/// Properties whose values are names.
const NAMES: [&str; 9] = [
    "grounds:attestation",
    "grounds:evidence",
    "grounds:figure",
    "prov:wasAttributedTo",
    "prov:wasDerivedFrom",
    "schema:author",
    "schema:citation",
    "schema:itemReviewed",
    "schema:sameAs",
];

fn context() -> Json<'static> {
    let prefixes = PREFIXES.map(|(name, iri)| (name.into(), Json::string(iri)));
    let names = NAMES.map(|name| (name.into(), Json::object([("@type", Json::string("@id"))])));
    Json::Obj(prefixes.into_iter().chain(names).collect())
}

struct Told<'t> {
    page: &'t ClaimPage,
    base: &'t Base,
}

impl Told<'_> {
    fn claim(&self, head: &ReadFrom<'_>) -> Node {
        let (page, base) = (self.page, self.base);
        let figures = Figure::ALL.map(|figure| self.figure_name(figure));
        let evidence = || page.evidence.iter().map(|edge| base.event(edge.added.id));
        let attested = || page.attestations.iter().map(|one| base.event(one.made.id));
        let cited = page.evidence.iter().map(|edge| &edge.artifact.subject);
        let domains = page.domains.iter().map(|domain| domain.name.clone());
        let first = page.versions.first().map(|version| &version.made);
        let node = Node::new(
            base.subject(&page.subject),
            &["schema:Claim", "prov:Entity", "grounds:Claim"],
        )
        .plain("schema:text", &page.statement)
        .plain("schema:abstract", &page.summary)
        .plains("schema:description", page.detail.iter().cloned())
        .plains("schema:keywords", domains)
        .number("schema:version", page.version)
        .plain("grounds:lifecycle", page.status.lifecycle.word())
        .plain("grounds:standing", page.status.standing.word())
        .plain("grounds:nature", page.nature.word())
        .plain("grounds:polarity", page.polarity.word())
        .plain("grounds:falsifiability", page.falsifiability.word())
        .plain("grounds:model", &page.profile.model)
        .number("grounds:headSize", head.size)
        .plain("grounds:headRoot", head.root)
        .number("grounds:entries", head.entries)
        .names("grounds:figure", figures)
        .names("grounds:evidence", evidence())
        .names("grounds:attestation", attested())
        .names("prov:wasDerivedFrom", evidence().chain(attested()))
        .names(
            "schema:citation",
            unique(cited.map(|name| base.subject(name))),
        );
        let node = match page.profile.computed_at {
            Some(time) => node.typed("schema:dateModified", time.micros_text(), "xsd:dateTime"),
            None => node,
        };
        match first {
            Some(by) => self.made(node, by),
            None => node,
        }
    }

    fn made(&self, node: Node, by: &Byline) -> Node {
        let agent = self.base.agent(&by.author);
        node.names("prov:wasAttributedTo", [agent])
            .typed(
                "schema:dateCreated",
                by.recorded.micros_text(),
                "xsd:dateTime",
            )
            .plain("grounds:address", &by.address)
    }

    fn figure_name(&self, figure: Figure) -> String {
        let (claim, name) = (&self.page.subject, figure.long());
        self.base.name(format_args!("{claim}/figure/{name}"))
    }

    /// A figure: not assessed is no value and a reason, never 0.
    fn figure(&self, figure: Figure) -> Node {
        let profile = &self.page.profile;
        let reasons = profile.not_assessed.iter();
        let reason = reasons.filter(|one| one.figure == figure);
        let node = Node::new(
            self.figure_name(figure),
            &["schema:PropertyValue", "grounds:Figure"],
        )
        .plain("schema:propertyID", figure.short())
        .plain("schema:name", figure.long())
        .plain("schema:description", figure.meaning())
        .plains("grounds:notAssessed", reason.map(|one| one.reason.clone()))
        .flag("grounds:assumed", profile.assumed.contains(&figure));
        match profile.figures.get(figure) {
            Some(ppm) => node.number("grounds:ppm", u64::from(ppm)).typed(
                "schema:value",
                decimal(u64::from(ppm)),
                "xsd:decimal",
            ),
            None => node,
        }
    }

    fn evidence(&self, edge: &EvidenceShown) -> Node {
        let name = self.base.event(edge.added.id);
        let artifact = self.base.subject(&edge.artifact.subject);
        let node = Node::new(name, &["prov:Entity", "grounds:Evidence"])
            .plain("grounds:relation", edge.relation.word())
            .plain("schema:text", &edge.note)
            .names("schema:citation", [artifact])
            .numbers("grounds:weightPpm", edge.weight);
        let node = match edge.strength {
            Some(strength) => node.typed("grounds:strength", strength.to_string(), "xsd:decimal"),
            None => node,
        };
        self.made(node, &edge.added)
    }

    fn attestation(&self, made: &AttestationShown) -> Node {
        let name = self.base.event(made.made.id);
        let node = Node::new(
            name,
            &["schema:Review", "prov:Entity", "grounds:Attestation"],
        )
        .names(
            "schema:itemReviewed",
            [self.base.subject(&self.page.subject)],
        )
        .names("schema:author", [self.base.agent(&made.agent)])
        .plain("grounds:verdict", made.verdict.word())
        .typed("grounds:weight", made.weight.to_string(), "xsd:decimal")
        .plains("schema:reviewBody", made.comment.clone())
        .number("grounds:massPpm", made.mass)
        .number("grounds:version", made.version);
        self.made(node, &made.made)
    }

    fn artifacts(&self) -> Vec<Node> {
        let mut known: Vec<&Subject> = Vec::new();
        let mut nodes = Vec::new();
        for edge in &self.page.evidence {
            if !known.contains(&&edge.artifact.subject) {
                known.push(&edge.artifact.subject);
                nodes.push(self.artifact(&edge.artifact));
            }
        }
        nodes
    }

    fn artifact(&self, artifact: &ArtifactCited) -> Node {
        let name = self.base.subject(&artifact.subject);
        let node = Node::new(
            name,
            &["schema:CreativeWork", "prov:Entity", "grounds:Artifact"],
        )
        .plain("schema:name", &artifact.title)
        .plains("schema:alternateName", artifact.label.clone())
        .plains("schema:identifier", artifact.doi.clone())
        .names("schema:sameAs", artifact.doi.iter().map(|doi| doi_iri(doi)))
        .plains("grounds:kind", artifact.kind.map(|kind| kind.to_string()))
        .plain("grounds:standing", artifact.standing.word())
        .plains("grounds:standingReason", artifact.standing_reason.clone());
        let node = match &artifact.url {
            Some(url) => node.typed("schema:url", url.clone(), "xsd:anyURI"),
            None => node,
        };
        match artifact.year {
            Some(year) => node.typed("schema:datePublished", format!("{year:04}"), "xsd:gYear"),
            None => node,
        }
    }

    /// Everybody whom the other nodes name.
    fn agents(&self) -> Vec<Node> {
        let page = self.page;
        let first = page.versions.first().map(|version| &version.made);
        let bylines = first
            .into_iter()
            .chain(page.evidence.iter().map(|edge| &edge.added))
            .chain(page.attestations.iter().map(|one| &one.made));
        let mut known: Vec<&Slug> = Vec::new();
        let mut nodes = Vec::new();
        for by in bylines {
            if !known.contains(&&by.author) {
                known.push(&by.author);
                nodes.push(self.agent(by));
            }
        }
        nodes
    }

    fn agent(&self, by: &Byline) -> Node {
        let attested = self.page.attestations.iter();
        let kind = attested
            .filter(|made| made.agent == by.author)
            .find_map(|made| made.kind);
        let types: &[&str] = match kind {
            Some(AgentKind::Human) => &["prov:Agent", "prov:Person", "schema:Person"],
            Some(AgentKind::Organization) => {
                &["prov:Agent", "prov:Organization", "schema:Organization"]
            }
            Some(AgentKind::Software) => &[
                "prov:Agent",
                "prov:SoftwareAgent",
                "schema:SoftwareApplication",
            ],
            None => &["prov:Agent"],
        };
        Node::new(self.base.agent(&by.author), types).plains("schema:name", by.author_name.clone())
    }
}

/// Names in their order, each once.
fn unique(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut found = Vec::new();
    for name in names {
        if !found.contains(&name) {
            found.push(name);
        }
    }
    found
}

/// A node of the graph.
struct Node(Vec<(&'static str, Json<'static>)>);

impl Node {
    fn new(name: String, types: &[&'static str]) -> Node {
        let types = types.iter().map(|name| Json::string(*name)).collect();
        Node(vec![
            ("@id", Json::string(name)),
            ("@type", Json::Arr(types)),
        ])
    }

    fn several(mut self, property: &'static str, mut values: Vec<Json<'static>>) -> Node {
        match values.len() {
            0 => {}
            1 => self.0.push((property, values.remove(0))),
            _ => self.0.push((property, Json::Arr(values))),
        }
        self
    }

    fn plain(self, property: &'static str, text: &str) -> Node {
        self.plains(property, [text.to_owned()])
    }

    fn plains(self, property: &'static str, texts: impl IntoIterator<Item = String>) -> Node {
        self.several(property, texts.into_iter().map(Json::string).collect())
    }

    fn names(self, property: &'static str, names: impl IntoIterator<Item = String>) -> Node {
        debug_assert!(
            NAMES.contains(&property),
            "{property} is no name in the context"
        );
        self.several(property, names.into_iter().map(Json::string).collect())
    }

    fn number(self, property: &'static str, number: u64) -> Node {
        self.numbers(property, [number])
    }

    fn numbers(self, property: &'static str, numbers: impl IntoIterator<Item = u64>) -> Node {
        use crate::form::Form as _;
        let numbers = numbers.into_iter().map(|one| one.write().into_owned());
        self.several(property, numbers.collect())
    }

    fn typed(mut self, property: &'static str, text: String, kind: &'static str) -> Node {
        let value = [
            ("@type", Json::string(kind)),
            ("@value", Json::string(text)),
        ];
        self.0.push((property, Json::object(value)));
        self
    }

    fn flag(mut self, property: &'static str, is_set: bool) -> Node {
        if is_set {
            self.0.push((property, Json::Bool(true)));
        }
        self
    }

    fn text(self) -> String {
        let members = self.0.into_iter();
        Json::Obj(members.map(|(name, value)| (name.into(), value)).collect()).to_text()
    }
}

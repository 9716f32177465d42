//! Exports: what leaves the ledger is what is in it, and other people's tools can read it.

use std::collections::{BTreeMap, BTreeSet};

use base64ct::{Base64, Encoding};
use ed25519_dalek::{Signature, VerifyingKey};
use oxrdf::{NamedOrBlankNode, Term};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::desk::{Desk, ORIGIN};

/// A ledger in which things were revised, withdrawn, retracted and set aside.
fn eventful() -> Desk {
    let desk = Desk::argued();
    for line in [
        "attest|neurons|--verdict|verifies|--weight|0.75|--key|bea.key",
        "artifact add|Other Models|--doi|10.1000/a<b>#c%41|--kind|paper",
        "evidence add|neurons|--disputes|--artifact|other-models|--strength|0.3|-m|Not always",
        "evidence revise|neurons|toy|--strength|0.7|-m|Overstated",
        "claim revise|neurons|--statement|Most neurons are polysemantic|-m|Said more exactly",
        "context add|Small models|--kind|model_scale",
        "claim scope|neurons|--holds-in|small-models|--breadth|0.5",
        "claim add|Features are directions",
        "claim link|features|depends_on|neurons|--strength|1",
        "attest|features|--verdict|endorses|--weight|0.5|--key|bea.key",
        "attest withdraw|features|-m|Too early|--key|bea.key",
        "evidence withdraw|neurons|other|-m|It was misread",
        "artifact standing|other|retracted|-m|By its publisher",
        "claim status|features|--lifecycle|retracted|-m|It does not hold",
        "note|neurons|-m|In other hands|--key|bea.key",
    ] {
        desk.say(line);
    }
    let keys = desk.say("key list|--agent|bea|--json").json();
    let id = keys["keys"][0]["id"].as_str().unwrap().to_owned();
    let since = format!("@{}", lines(&desk).len() - 1);
    let revoke = [
        "key",
        "revoke",
        &id,
        "--reason",
        "compromised",
        "--since",
        &since,
    ];
    desk.yes(&revoke);
    desk
}

fn lines(desk: &Desk) -> Vec<String> {
    let text = desk.read("ledger/events/000000000000.jsonl");
    text.lines().map(str::to_owned).collect()
}

/// Every key that the ledger's own lines register: as `ssh-ed25519 AAAA…`, by its fingerprint.
fn keys_of(lines: &[String]) -> BTreeMap<String, VerifyingKey> {
    let mut found = BTreeMap::new();
    for text in lines.iter().flat_map(|line| line.split('"')) {
        let Some(blob) = text.strip_prefix("ssh-ed25519 ") else {
            continue;
        };
        let blob = Base64::decode_vec(blob).unwrap();
        let id = Base64::encode_string(&Sha256::digest(&blob));
        let key: [u8; 32] = blob[19..].try_into().unwrap();
        found.insert(
            format!("SHA256:{}", id.trim_end_matches('=')),
            VerifyingKey::from_bytes(&key).unwrap(),
        );
    }
    found
}

/// The pre-authentication encoding as the DSSE protocol page has it.
fn pae(kind: &str, payload: &[u8]) -> Vec<u8> {
    let mut bytes = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len()).into_bytes();
    bytes.extend(payload);
    bytes
}

fn holds(envelope: &Value, keys: &BTreeMap<String, VerifyingKey>) -> bool {
    let payload = Base64::decode_vec(envelope["payload"].as_str().unwrap()).unwrap();
    let message = pae(envelope["payloadType"].as_str().unwrap(), &payload);
    let signatures = envelope["signatures"].as_array().unwrap();
    !signatures.is_empty()
        && signatures.iter().all(|signature| {
            let sig = Base64::decode_vec(signature["sig"].as_str().unwrap()).unwrap();
            let sig = Signature::from_slice(&sig).unwrap();
            let key = keys[signature["keyid"].as_str().unwrap()];
            key.verify_strict(&message, &sig).is_ok()
        })
}

#[test]
fn every_commit_leaves_as_the_envelope_that_its_author_signed() {
    let desk = eventful();
    let lines = lines(&desk);
    let keys = keys_of(&lines);
    let exported = desk.say("export dsse").out;
    assert_eq!(exported.lines().count(), lines.len());
    for (number, (line, envelope)) in lines.iter().zip(exported.lines()).enumerate() {
        let parsed: Value = serde_json::from_str(envelope).unwrap();
        assert_eq!(parsed["payloadType"], "application/vnd.grounds.commit+json");
        let payload = Base64::decode_vec(parsed["payload"].as_str().unwrap()).unwrap();
        let payload = String::from_utf8(payload).unwrap();
        assert!(
            line.starts_with(&format!("{{\"commit\":{payload},\"recorded\":")),
            "{line}"
        );
        assert!(holds(&parsed, &keys), "@{number}");
        let alone = desk.say(&format!("export dsse|--entry|@{number}")).out;
        assert_eq!(alone, format!("{envelope}\n"));
        let mut forged = parsed.clone();
        forged["payload"] =
            Base64::encode_string(payload.replace("agent/", "agent/x").as_bytes()).into();
        assert!(!holds(&forged, &keys));
    }
}

#[test]
fn envelopes_of_one_subject_and_of_a_date_are_those_that_change_it() {
    let desk = eventful();
    let of_claim = desk.say("export dsse|features").out;
    let asserted = lines(&desk)
        .iter()
        .filter(|line| line.contains("\"subject\":\"claim/features-are-directions\""))
        .count();
    assert_eq!((of_claim.lines().count(), asserted), (5, 5));
    assert_eq!(desk.say("export dsse|--as-of|@3").out.lines().count(), 4);
    assert_eq!(desk.say("export jsonl|--as-of|@0").out.lines().count(), 1);
    desk.refuse(6, "export dsse|--entry|@99", "found no @99");
    desk.refuse(2, "export dsse|--entry|bea", "the address of a commit");
    desk.refuse(2, "export jsonl|--entry|@1", "--entry");
    desk.refuse(2, "export dsse|--base|urn:x:", "--base");
    desk.refuse(2, "export prov|--acts", "--acts");
    for base in [
        "here",
        "https://",
        "https://a.example/b",
        "https://a example/",
        "ftp://a.example/",
        "urn:a#b#",
    ] {
        desk.refuse(
            2,
            &format!("export prov|--base|{base}"),
            "an IRI that begins with",
        );
    }
    desk.refuse(
        6,
        "export prov|features|--as-of|@3",
        "found no event on claim/features",
    );
}

/// Every `@id` that a document defines, and every one that it refers to.
fn names(document: &Value) -> (BTreeSet<String>, BTreeSet<String>) {
    let context = document["@context"].as_object().unwrap();
    let is_name = |property: &str| {
        context
            .get(property)
            .is_some_and(|term| term["@type"] == "@id")
    };
    let mut defined = BTreeSet::new();
    let mut referred = BTreeSet::new();
    for node in document["@graph"].as_array().unwrap() {
        assert!(
            defined.insert(node["@id"].as_str().unwrap().to_owned()),
            "twice: {}",
            node["@id"]
        );
        for (_, value) in node
            .as_object()
            .unwrap()
            .iter()
            .filter(|(name, _)| is_name(name))
        {
            let several = value
                .as_array()
                .cloned()
                .unwrap_or_else(|| vec![value.clone()]);
            referred.extend(several.iter().map(|name| name.as_str().unwrap().to_owned()));
        }
    }
    (defined, referred)
}

#[test]
fn provenance_holds_every_event_and_refers_to_nothing_that_it_does_not_describe() {
    let desk = eventful();
    let text = desk.say("export prov").out;
    assert_eq!(
        text,
        desk.say("export prov").out,
        "the same ledger, the same bytes"
    );
    let document: Value = serde_json::from_str(&text).unwrap();
    let (defined, referred) = names(&document);
    for event in desk.say("export jsonl").out.lines() {
        let event: Value = serde_json::from_str(event).unwrap();
        let name = format!(
            "urn:grounds:{ORIGIN}:event/{}",
            event["id"].as_str().unwrap()
        );
        assert!(defined.contains(&name), "{event}");
    }
    for name in referred.difference(&defined) {
        assert!(name.starts_with("https://doi.org/10."), "{name}");
    }
    assert!(!text.contains("withheld, or damaged"));
    let time = |text: &str| {
        let parsed = chrono::DateTime::parse_from_rfc3339(text).unwrap();
        assert!(text.ends_with('Z') && text.as_bytes()[10] == b'T', "{text}");
        parsed
    };
    for node in document["@graph"].as_array().unwrap() {
        let activity = node["@type"]
            .as_array()
            .unwrap()
            .contains(&"prov:Activity".into());
        if activity {
            let (start, end) = (&node["prov:startedAtTime"], &node["prov:endedAtTime"]);
            assert!(
                time(start.as_str().unwrap()) <= time(end.as_str().unwrap()),
                "{node}"
            );
        }
        for name in ["prov:generatedAtTime", "prov:invalidatedAtTime"] {
            node.get(name).map(|text| time(text.as_str().unwrap()));
        }
    }
    let of_claim: Value = serde_json::from_str(&desk.say("export prov|neurons").out).unwrap();
    let (part, referred) = names(&of_claim);
    assert!(part.is_subset(&defined));
    assert!(
        referred
            .difference(&part)
            .all(|name| name.starts_with("https://doi.org/"))
    );
    for event in desk.say("export jsonl|neurons").out.lines() {
        let event: Value = serde_json::from_str(event).unwrap();
        let id = event["id"].as_str().unwrap();
        assert!(part.iter().any(|name| name.ends_with(id)), "{event}");
    }
    assert!(
        !part
            .iter()
            .any(|name| name.ends_with("claim/features-are-directions"))
    );
    let before: Value =
        serde_json::from_str(&desk.say("export prov|neurons|--as-of|@2").out).unwrap();
    let (before, _) = names(&before);
    assert!(before.len() < part.len() && before.is_subset(&part));
}

/// Triples as a library of others reads them: subject, predicate, object, in full.
struct Graph(Vec<(String, String, String)>);

impl Graph {
    fn read(text: &str) -> Graph {
        let triples = oxjsonld::JsonLdParser::new()
            .for_slice(text.as_bytes())
            .map(|quad| {
                let quad = quad.unwrap();
                let subject = match quad.subject {
                    NamedOrBlankNode::NamedNode(name) => name.into_string(),
                    NamedOrBlankNode::BlankNode(_) => panic!("everything has a name"),
                };
                let object = match quad.object {
                    Term::NamedNode(name) => name.into_string(),
                    Term::Literal(literal) => literal.to_string(),
                    Term::BlankNode(_) => panic!("everything has a name"),
                };
                (subject, quad.predicate.into_string(), object)
            });
        Graph(triples.collect())
    }

    /// The objects of a PROV property.
    fn objects(&self, subject: &str, property: &str) -> BTreeSet<String> {
        let property = format!("http://www.w3.org/ns/prov#{property}");
        let of = |(s, p, _): &&(String, String, String)| s == subject && *p == property;
        self.0
            .iter()
            .filter(of)
            .map(|(_, _, object)| object.clone())
            .collect()
    }

    fn the(&self, subject: &str, property: &str) -> String {
        let objects = self.objects(subject, property);
        assert_eq!(objects.len(), 1, "{subject} {property}: {objects:?}");
        objects.into_iter().next().unwrap()
    }

    fn own(&self, subject: &str, term: &str) -> String {
        let term = format!("urn:grounds:term#{term}");
        let found = self.0.iter().find(|(s, p, _)| s == subject && *p == term);
        found
            .unwrap_or_else(|| panic!("{subject} {term}"))
            .2
            .clone()
    }

    fn with(&self, term: &str, value: &str) -> String {
        let term = format!("urn:grounds:term#{term}");
        let found: Vec<_> = self
            .0
            .iter()
            .filter(|(_, p, o)| *p == term && o == value)
            .collect();
        assert_eq!(found.len(), 1, "{term} {value}: {found:?}");
        found[0].0.clone()
    }
}

#[test]
fn another_rdf_library_reads_the_provenance_and_leads_from_a_claim_to_its_paper_and_its_proof() {
    let desk = eventful();
    let base = "https://claims.example/lab/";
    let graph = Graph::read(&desk.say(&format!("export prov|--base|{base}")).out);
    let claim = format!("{base}claim/neurons-are-polysemantic");
    // From the claim to the paper, in words of PROV alone.
    let sources: BTreeSet<String> = graph
        .objects(&claim, "wasInfluencedBy")
        .iter()
        .flat_map(|event| graph.objects(event, "hadPrimarySource"))
        .collect();
    assert_eq!(
        sources,
        ["https://doi.org/10.48550/arxiv.2209.10652".to_owned()].into()
    );
    assert_eq!(
        graph.the(&format!("{claim}/v2"), "wasRevisionOf"),
        format!("{claim}/v1")
    );
    assert_eq!(graph.the(&format!("{claim}/v2"), "specializationOf"), claim);
    assert_eq!(
        graph.the(&claim, "wasAttributedTo"),
        format!("{base}agent/ada")
    );
    // What was taken back, and by which act.
    let taken_back = [
        (graph.with("address", "\"@6.0\""), "evidence.withdrawn"),
        (graph.with("address", "\"@13.0\""), "attestation.withdrawn"),
        (
            format!("{base}artifact/other-models"),
            "artifact.standing_changed",
        ),
        (
            format!("{base}claim/features-are-directions"),
            "claim.status_changed",
        ),
    ];
    for (entity, by) in taken_back {
        let commit = graph.the(&entity, "wasInvalidatedBy");
        let ended = graph.the(&commit, "endedAtTime");
        assert_eq!(graph.the(&entity, "invalidatedAtTime"), ended);
        assert!(
            ended.ends_with("^^<http://www.w3.org/2001/XMLSchema#dateTime>"),
            "{ended}"
        );
        let events = graph
            .0
            .iter()
            .filter(|(_, p, o)| p.ends_with("#wasGeneratedBy") && *o == commit);
        let types: Vec<String> = events
            .filter(|(s, _, _)| s.contains("/event/"))
            .map(|(s, _, _)| graph.own(s, "type"))
            .collect();
        assert_eq!(types, [format!("\"{by}\"")], "{entity}");
    }
    assert!(graph.objects(&claim, "wasInvalidatedBy").is_empty());
    // A DOI with characters that no IRI may hold.
    assert_eq!(
        graph.the(&format!("{base}artifact/other-models"), "specializationOf"),
        "https://doi.org/10.1000/a%3Cb%3E%23c%2541"
    );
    // From a triple back to its line: index, leaf hash (RFC 6962), head.
    let lines = lines(&desk);
    for (index, line) in lines.iter().enumerate() {
        let number = format!("\"{index}\"^^<http://www.w3.org/2001/XMLSchema#integer>");
        let commit = graph.with("entry", &number);
        let leaf = Sha256::new()
            .chain_update([0])
            .chain_update(line)
            .finalize();
        let leaf: String = leaf.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(graph.own(&commit, "leaf"), format!("\"{leaf}\""));
    }
    let checkpoint = graph.own(&format!("{base}head/{}", lines.len()), "checkpoint");
    let first = desk.read("ledger/checkpoint");
    assert!(
        checkpoint.contains(first.lines().nth(2).unwrap()),
        "{checkpoint}"
    );
    // Set aside: it stays in its place and says so.
    let note = graph.with("type", "\"note.added\"");
    assert!(graph.own(&note, "setAside").starts_with("\"true\""));
}

#[test]
fn a_withheld_entry_is_left_out_and_said_and_its_events_are_named_without_words() {
    let desk = eventful();
    let events = "ledger/events/000000000000.jsonl";
    let mut all = lines(&desk);
    let leaf = Sha256::new()
        .chain_update([0])
        .chain_update(&all[4])
        .finalize();
    let leaf: String = leaf.iter().map(|byte| format!("{byte:02x}")).collect();
    all[4] = format!("{{\"leaf\":\"{leaf}\",\"withheld\":\"a court's order\"}}");
    desk.write(events, all.join("\n") + "\n");
    let answer = desk.say("export dsse");
    assert_eq!(answer.out.lines().count(), all.len() - 1);
    assert!(
        answer.err.contains("left out: @4") && answer.err.contains("a court's order"),
        "{}",
        answer.err
    );
    desk.refuse(7, "export dsse|--entry|@4", "a court's order");
    let document: Value = serde_json::from_str(&desk.say("export prov").out).unwrap();
    let (defined, referred) = names(&document);
    assert!(
        referred
            .difference(&defined)
            .all(|name| name.starts_with("https://doi.org/"))
    );
    let is_stub = |node: &&Value| node["rdfs:comment"] == "withheld, or damaged in this copy";
    assert_eq!(
        document["@graph"]
            .as_array()
            .unwrap()
            .iter()
            .filter(is_stub)
            .count(),
        1
    );
}

#[test]
fn linked_data_of_a_claim_is_a_graph_with_its_figures_twice_and_nothing_that_is_only_referred_to() {
    let desk = eventful();
    desk.say("evidence revise|neurons|toy|--strength|0.7|-m|Overstated");
    let site = desk.path("site");
    desk.yes(&["publish", site.to_str().unwrap()]);
    let text = desk.read("site/claim/neurons-are-polysemantic.jsonld");
    let graph = Graph::read(&text);
    let base = format!("urn:grounds:{ORIGIN}:");
    let claim = format!("{base}claim/neurons-are-polysemantic");
    let page = desk.say("show|neurons|--json").json();
    let schema = |subject: &str, term: &str| -> Vec<String> {
        let term = format!("https://schema.org/{term}");
        let of = graph
            .0
            .iter()
            .filter(|(s, p, _)| s == subject && *p == term);
        of.map(|(_, _, object)| object.clone()).collect()
    };
    let statement = page["statement"].as_str().unwrap();
    assert_eq!(schema(&claim, "text"), [format!("\"{statement}\"")]);
    for figure in grounds::trust::Figure::ALL {
        let name = format!("{claim}/figure/{}", figure.long());
        let value = schema(&name, "value");
        match page["profile"]["figures"][figure.short()].as_u64() {
            Some(ppm) => {
                let integer = "<http://www.w3.org/2001/XMLSchema#integer>";
                assert_eq!(graph.own(&name, "ppm"), format!("\"{ppm}\"^^{integer}"));
                let value = value[0].trim_start_matches('"').split('"').next().unwrap();
                let millionths = (value.parse::<f64>().unwrap() * 1e6).round();
                assert_eq!(millionths, ppm as f64, "{name}");
            }
            None => {
                assert!(value.is_empty(), "{name}");
                assert!(graph.own(&name, "notAssessed").len() > 2);
            }
        }
    }
    // Everything that is named is told of; only a DOI leads out of the ledger.
    let told: BTreeSet<&String> = graph.0.iter().map(|(subject, _, _)| subject).collect();
    let names = graph.0.iter().filter(|(_, p, _)| !p.ends_with("#type"));
    for (_, _, object) in names.filter(|(_, _, object)| !object.starts_with('"')) {
        assert!(
            told.contains(object) || object.starts_with("https://doi.org/10."),
            "{object}"
        );
    }
    let evidence = page["evidence"].as_array().unwrap().len();
    let live = graph
        .0
        .iter()
        .filter(|(_, _, o)| o == "urn:grounds:term#Evidence");
    assert_eq!(live.count(), evidence);
}

#[test]
fn what_a_stranger_wrote_is_never_more_than_text_in_linked_data() {
    let desk = Desk::argued();
    let evil =
        r#""},{"@id":"https://evil.example/","@type":"</script><script>alert(1)</script> @context"#;
    desk.yes(&["claim", "add", evil, "--slug", "evil"]);
    desk.yes(&[
        "evidence",
        "add",
        "evil",
        "--supports",
        "--doi",
        "10.1000/a<b>#c%41",
        "--title",
        evil,
        "--strength",
        "0.5",
        "-m",
        "@id",
    ]);
    desk.yes(&[
        "attest",
        "evil",
        "--verdict",
        "disputes",
        "--weight",
        "0.5",
        "-m",
        evil,
        "--key",
        "bea.key",
    ]);
    let site = desk.path("site");
    desk.yes(&["publish", site.to_str().unwrap()]);
    let graph = Graph::read(&desk.read("site/claim/evil.jsonld"));
    let base = format!("urn:grounds:{ORIGIN}:");
    for (subject, predicate, object) in &graph.0 {
        assert!(subject.starts_with(&base), "{subject}");
        assert!(!predicate.contains("evil"), "{predicate}");
        let is_text = object.starts_with('"');
        assert!(is_text || !object.contains("evil.example"), "{object}");
    }
    let quoted = graph
        .0
        .iter()
        .filter(|(_, _, object)| object.contains("evil.example"));
    assert!(quoted.count() >= 3);
    let paper = graph
        .0
        .iter()
        .find(|(_, p, _)| p == "https://schema.org/sameAs")
        .unwrap();
    assert_eq!(paper.2, "https://doi.org/10.1000/a%3Cb%3E%23c%2541");
}

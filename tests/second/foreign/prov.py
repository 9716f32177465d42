"""Reads `grounds export prov` with rdflib, and holds the graph to the ledger's lines.

    python prov.py GROUNDS DOCUMENT LEDGER...

DOCUMENT is docs/EXPORT.md: its question in SPARQL is asked of the first ledger. Of the ledger only
the lines are read; what the graph must say follows from docs/FORMAT.md. Nothing is fetched.
"""

import json
import re
import socket
import subprocess
import sys

import rdflib
from rdflib import Graph, Literal, Namespace, URIRef
from rdflib.namespace import PROV, RDF, XSD

import entries
import shown

TERM = Namespace("urn:grounds:term#")
rdflib.NORMALIZE_LITERALS = False  # times are compared as they are written


class Wrong(Exception):
    """What the graph says and the ledger does not, or the other way round."""


def main():
    grounds, document, ledgers = sys.argv[1], sys.argv[2], sys.argv[3:]
    socket.socket.connect = no_network
    reader = shown.Verifier("rdflib")
    for ledger in ledgers:
        lines = entries.entries(ledger)
        whole = exported(grounds, ledger)
        print(reader.takes(ledger, read(whole, lines)))
        for claim in claims(lines):
            of_claim = closure(lines, claim)
            print(reader.takes(claim, read(exported(grounds, ledger, claim), lines, of_claim)))
        tampered(reader, whole, lines)
    answers(document, read_graph(exported(grounds, ledgers[0])))
    print(reader.summary())


def no_network(*_):
    raise Wrong("something is fetched: the context must stand in the document")


def exported(grounds, ledger, *subject):
    command = [grounds, "--ledger", ledger, "export", "prov", *subject]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def read_graph(text):
    graph = Graph()
    graph.parse(data=text, format="json-ld")
    return graph


def read(text, lines, subjects=None):
    try:
        graph = read_graph(text)
    except Wrong:
        raise
    except Exception as refusal:  # the library's parsers raise whatever theirs do
        return False, f"not read: {type(refusal).__name__}"
    try:
        return True, Told(graph, lines, subjects).hold()
    except Wrong as wrong:
        return False, str(wrong)


def claims(lines):
    return sorted({event["subject"] for entry in lines for _, event in entry.events()
                   if event["subject"].startswith("claim/")})


def closure(lines, subject):
    """A claim, and the artifacts and contexts that its events name, and what those name."""
    found, more = set(), {subject}
    while more:
        found |= more
        more = {
            name
            for entry in lines
            for _, event in entry.events()
            if event["subject"] in found
            for name in named(event["data"])
        } - found
    return found


def named(data):
    for value in data.values():
        if isinstance(value, str) and value.startswith(("artifact/", "context/")):
            yield value


class Told:
    """What a graph says of the events of some subjects; of all, where none are given."""

    def __init__(self, graph, lines, subjects):
        self.graph = graph
        self.lines = lines
        self.base = f"urn:grounds:{lines[0].commit['ledger']}:"
        self.events = {
            id: (event, entry)
            for entry in lines
            for id, event in entry.events()
            if subjects is None or event["subject"] in subjects
        }
        self.by_place = {(event["subject"], event["seq"]): id for id, (event, _) in self.events.items()}

    def hold(self):
        self.only_terms_of_prov()
        self.same(self.of_type(TERM.Event), {self.name("event", id) for id in self.events}, "events")
        commits = {entry.id: entry for _, entry in self.events.values()}
        self.same(self.of_type(TERM.Commit), {self.name("commit", id) for id in commits}, "commits")
        self.same(self.of_type(PROV.Activity), {self.name("commit", id) for id in commits}, "activities")
        for entry in commits.values():
            self.commit(entry)
        for id, (event, entry) in self.events.items():
            self.event(id, event, entry)
        self.no_circle()
        self.all_described()
        return f"{len(self.graph)} triples: {len(commits)} activities, {len(self.events)} events"

    def commit(self, entry):
        node = self.name("commit", entry.id)
        self.one(node, PROV.endedAtTime, self.time(entry.recorded))
        self.one(node, TERM.entry, Literal(entry.index))
        self.one(node, TERM.leaf, Literal(entry.leaf))
        self.one(node, TERM.author, self.agent(entry))
        self.same(
            set(self.graph.objects(node, TERM.key)),
            {Literal(each["key"]) for each in entry.signatures},
            f"keys of {node}",
        )
        if (node, PROV.wasAssociatedWith, self.agent(entry)) not in self.graph:
            raise Wrong(f"{node} is not associated with its author")

    def event(self, id, event, entry):
        node = self.name("event", id)
        self.one(node, PROV.wasGeneratedBy, self.name("commit", entry.id))
        self.one(node, PROV.wasAttributedTo, self.agent(entry))
        self.one(node, PROV.generatedAtTime, self.time(entry.recorded))
        self.same(
            {each for each in self.graph.objects(node, PROV.wasDerivedFrom) if "event/" in each},
            {self.name("event", each) for each in self.follows(event)},
            f"events that {node} is derived from",
        )
        if (node, RDF.type, PROV.Entity) not in self.graph:
            raise Wrong(f"{node} is no entity")
        again = self.identified(node, event["prev"])
        if again != id:
            raise Wrong(f"what the graph says of {node} has the id {again}")

    def follows(self, event):
        """The event before it in its stream, and the one that it refers to by its place there."""
        if event["prev"]:
            yield event["prev"]
        for field in ("ref", "on"):
            if field in event["data"]:
                yield self.by_place[event["subject"], event["data"][field]]

    def identified(self, node, prev):
        """The event's id, from its triples, its commit's and the event before it."""
        commit = self.value(node, PROV.wasGeneratedBy)
        event = {
            "data": json.loads(self.value(node, TERM.data)),
            "prev": prev,
            "seq": int(self.value(node, TERM.seq)),
            "subject": self.value(node, TERM.subject).removeprefix(self.base),
            "type": str(self.value(node, TERM.type)),
        }
        effective = self.graph.value(node, TERM.effective)
        if effective is not None:
            event["effective"] = str(effective)
        said = {
            "at": str(self.value(commit, TERM.at)),
            "author": self.value(commit, TERM.author).removeprefix(self.base),
            "ledger": self.lines[0].commit["ledger"],
            "v": 1,
        }
        return entries.event_id(event, said)

    def agent(self, entry):
        agent = URIRef(self.base + entry.commit["author"])
        if (agent, RDF.type, PROV.Agent) not in self.graph:
            raise Wrong(f"{agent} is no agent")
        return agent

    def only_terms_of_prov(self):
        used = {term for triple in self.graph for term in triple if str(term).startswith(str(PROV))}
        strange = {str(term) for term in used if term not in PROV}
        self.same(strange, set(), "words that PROV-O does not have")

    def no_circle(self):
        """Nothing is derived from what came after it."""
        derived = {node: set(self.graph.objects(node, PROV.wasDerivedFrom)) for node in self.of_type(TERM.Event)}
        order = {self.name("event", id): place for place, id in enumerate(self.events)}
        for node, sources in derived.items():
            if any(order.get(source, -1) >= order[node] for source in sources):
                raise Wrong(f"{node} is derived from what came after it")

    def all_described(self):
        """What is referred to below the ledger's name has a type."""
        for name in set(self.graph.objects()):
            if isinstance(name, URIRef) and name.startswith(self.base) and (name, RDF.type, None) not in self.graph:
                raise Wrong(f"{name} is referred to, and nothing is said of it")

    def of_type(self, kind):
        return set(self.graph.subjects(RDF.type, kind))

    def name(self, kind, id):
        return URIRef(f"{self.base}{kind}/{id}")

    def time(self, text):
        return Literal(text, datatype=XSD.dateTime)

    def value(self, node, predicate):
        values = list(self.graph.objects(node, predicate))
        if len(values) != 1:
            raise Wrong(f"{node} has {len(values)} of {predicate}")
        return values[0]

    def one(self, node, predicate, expected):
        found = self.value(node, predicate)
        if found != expected:
            raise Wrong(f"{predicate} of {node} is {found}, expected {expected}")

    def same(self, found, expected, what):
        if found != expected:
            raise Wrong(f"{what}: {len(found - expected)} too many, {len(expected - found)} too few")


def tampered(reader, text, lines):
    document = json.loads(text)
    place = next(i for i, node in enumerate(document["@graph"]) if node.get("grounds:seq") == 2)
    node = document["@graph"][place]
    other = next(each for each in document["@graph"] if each.get("grounds:seq") == 1)
    stranger = next(
        each["@id"]
        for each in document["@graph"]
        if "prov:Agent" in each["@type"] and each["@id"] != node["prov:wasAttributedTo"]
    )

    def refuses(what, change, because):
        copy = json.loads(text)
        change(copy, copy["@graph"][place])
        reader.refuses(what, read(json.dumps(copy), lines), because)

    def without(name):
        return lambda _, event: event.pop(name)

    def set_to(name, value):
        return lambda _, event: event.update({name: value})

    reader.refuses("half a document", read(text[: len(text) // 2], lines), ["not read"])
    refuses("no context", lambda copy, _: copy.pop("@context"), ["events: "])
    refuses("another meaning of a word", redefined("prov", "https://prov.example/"), ["activities: ", "has 0 of"])
    refuses("names that are read as text", redefined("prov:wasAttributedTo", None), ["wasAttributedTo"])
    refuses("no attribution", without("prov:wasAttributedTo"), ["has 0 of", "wasAttributedTo"])
    refuses("another's attribution", set_to("prov:wasAttributedTo", stranger), ["wasAttributedTo"])
    refuses("no derivation", without("prov:wasDerivedFrom"), ["is derived from"])
    wrong = next(each["@id"] for each in document["@graph"]
                 if each.get("grounds:seq") == 1 and each["@id"] not in json.dumps(node))
    refuses("another derivation", set_to("prov:wasDerivedFrom", wrong), ["is derived from"])
    refuses("no commit", without("prov:wasGeneratedBy"), ["has 0 of", "wasGeneratedBy"])
    refuses("another commit", set_to("prov:wasGeneratedBy", other["prov:wasGeneratedBy"]), ["wasGeneratedBy"])
    refuses("another time", set_to("prov:generatedAtTime", "2026-01-01T00:00:00.000000Z"), ["generatedAtTime"])
    refuses("other words", set_to("grounds:data", '{"text":"other"}'), ["has the id"])
    refuses("another subject", set_to("grounds:subject", other["grounds:subject"] + "x"), ["has the id"])
    refuses("an event too few", lambda copy, _: copy["@graph"].pop(place), ["events: 0 too many, 1 too few"])
    refuses(
        "an event too many",
        lambda copy, event: copy["@graph"].append(event | {"@id": event["@id"][:-4] + "0000"}),
        ["events: 1 too many"],
    )
    refuses("a word that PROV-O does not have", set_to("prov:wasInventedBy", "x"), ["PROV-O does not have"])


def redefined(word, meaning):
    def change(copy, _):
        if meaning is None:
            copy["@context"].pop(word)
        else:
            copy["@context"][word] = meaning

    return change


def answers(document, graph):
    """The question of the documents has an answer."""
    with open(document, encoding="utf-8") as file:
        question = re.search(r"```sparql\n(.*?)```", file.read(), re.DOTALL).group(1)
    rows = list(graph.query(question))
    if not rows or any(None in row for row in rows):
        raise SystemExit(f"the question of {document} has no answer: {rows}")
    print(f"the question of {document} has {len(rows)} answers")


if __name__ == "__main__":
    main()

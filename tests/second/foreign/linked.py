"""Reads the linked data beside claim pages with rdflib, and holds it to the command line.

    python linked.py GROUNDS LEDGER...

What a claim's `.jsonld` says must survive being written and read again by another library, and its
figures must be those of `grounds show --json`, as whole numbers in ppm and as decimals. Nothing is
fetched.
"""

import json
import pathlib
import socket
import subprocess
import sys
import tempfile
from decimal import Decimal

from rdflib import Graph, Literal, Namespace, URIRef
from rdflib.compare import isomorphic
from rdflib.namespace import RDF, XSD

SCHEMA = Namespace("https://schema.org/")
TERM = Namespace("urn:grounds:term#")


def main():
    grounds, ledgers = sys.argv[1], sys.argv[2:]
    socket.socket.connect = no_network
    for ledger in ledgers:
        with tempfile.TemporaryDirectory() as folder:
            run(grounds, ledger, "publish", folder)
            files = sorted(pathlib.Path(folder, "claim").glob("*.jsonld"))
            assert files, f"{ledger}: no claim has linked data"
            for file in files:
                page = json.loads(run(grounds, ledger, "show", f"claim/{file.stem}", "--json"))
                print(f"rdflib reads {file.name} of {ledger}: {held(file.read_text(), page)}")


def no_network(*_):
    raise SystemExit("something is fetched: the context must stand in the document")


def run(grounds, ledger, *words):
    command = [grounds, "--ledger", ledger, *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def held(text, page):
    graph = Graph().parse(data=text, format="json-ld")
    for form in ("json-ld", "nt", "turtle"):
        again = Graph().parse(data=graph.serialize(format=form), format=form)
        assert isomorphic(valued(graph), valued(again)), f"not the same after {form}"
    claim = URIRef(f"urn:grounds:{page['head']['origin']}:{page['subject']}")
    assert (claim, RDF.type, SCHEMA.Claim) in graph
    assert graph.value(claim, SCHEMA.text) == Literal(page["statement"])
    figures = {str(graph.value(node, SCHEMA.propertyID)): node
               for node in graph.objects(claim, TERM.figure)}
    assert figures.keys() == page["profile"]["figures"].keys()
    for name, ppm in page["profile"]["figures"].items():
        value, whole = (graph.value(figures[name], each) for each in (SCHEMA.value, TERM.ppm))
        if ppm is None:
            assert value is None and whole is None, f"{name}: not assessed, and {value}"
            assert graph.value(figures[name], TERM.notAssessed)
            continue
        assert whole.toPython() == ppm, f"{name}: {whole} is not {ppm}"
        assert value.datatype == XSD.decimal and Decimal(str(value)) * 1_000_000 == ppm, name
    evidence = {str(event).rsplit("/", 1)[1] for event in graph.objects(claim, TERM.evidence)}
    assert evidence == {edge["added"]["id"] for edge in page["evidence"]}
    attested = {str(event).rsplit("/", 1)[1] for event in graph.objects(claim, TERM.attestation)}
    assert attested == {made["made"]["id"] for made in page["attestations"]}
    return f"{len(graph)} triples, {len(figures)} figures, {len(evidence)} pieces of evidence"


def valued(graph):
    """The graph with each decimal by its value: rdflib's Turtle has 0.0 where the document has 0."""
    same = Graph()
    for subject, predicate, value in graph:
        if isinstance(value, Literal) and value.datatype == XSD.decimal:
            value = Literal(format(Decimal(str(value)).normalize(), "f"), datatype=XSD.decimal)
        same.add((subject, predicate, value))
    return same


if __name__ == "__main__":
    main()

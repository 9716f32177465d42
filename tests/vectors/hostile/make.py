"""Makes the catalogue of hostile bytes: tests/vectors/hostile/<class>.json.

    python3 make.py          writes the files beside this one
    python3 make.py --check  fails when they differ

A case has bytes for one door and the answer that docs/FORMAT.md asks for:

    door   commit, signed, entry: where the bytes are handed in; key: 32 bytes of a public key;
           verify: a key, a signature and a message in a row
    bytes  `text`, `hex`, or `pieces`: [text, how often] in a row
    code   the stable code of the refusal; null where the bytes must be taken
    at     where the message must say the fault is: "byte N", or a path into the JSON
    numbers  the entries of CATALOGUE.md that it is a case of

Codes and places are derived here from where the bad part was put in, never from a run of the crate.
"""

import hashlib
import json
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
FORMAT = HERE.parents[2] / "docs" / "FORMAT.md"
HOLE = "\x00"
ID = "ab" * 32
KEY_A = "SHA256:" + "A" * 43
KEY_ID = lambda n: "SHA256:" + "A" * 40 + chr(65 + n) + "AA"
SIG = "A" * 86 + "=="
PUBLIC = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea"


def event(**given):
    fields = {
        "data": '{"text":"a note"}', "effective": None, "prev": "null", "seq": "1",
        "subject": '"claim/x"', "type": '"note.added"',
    }
    fields.update(given)
    return "{" + ",".join(f'"{n}":{v}' for n, v in fields.items() if v is not None) + "}"


def commit(events=None, **given):
    fields = {
        "anchor": "null", "at": '"2026-03-09T19:58:00Z"', "author": '"agent/a"',
        "events": "[" + (events if events is not None else event()) + "]",
        "ledger": '"claims.example/a"', "v": "1",
    }
    fields.update(given)
    return "{" + ",".join(f'"{n}":{v}' for n, v in fields.items() if v is not None) + "}"


def signature(key=None, sig=None):
    return '{"key":' + (key or f'"{KEY_A}"') + ',"sig":' + (sig or f'"{SIG}"') + "}"


def signed(body=None, signatures=None):
    return '{"commit":' + (body or commit()) + ',"signatures":' + (signatures or f"[{signature()}]") + "}"


def entry(body=None, recorded='"2026-03-09T19:58:00.000000Z"', signatures=None):
    return ('{"commit":' + (body or commit()) + ',"recorded":' + recorded
            + ',"signatures":' + (signatures or f"[{signature()}]") + "}")


def data(kind, fields, subject="claim/x"):
    """A commit with one event of a type; `fields` is the JSON text of its data."""
    return commit(event(data=fields, type=f'"{kind}"', subject=f'"{subject}"'))


def encoded(body):
    """The pre-authentication encoding of DSSE, version 1."""
    kind = "application/vnd.grounds.commit+json"
    return f"DSSEv1 {len(kind)} {kind} {len(body.encode())} {body}".encode()


def named(what, name):
    """The numbers of the catalogue stand first."""
    number, _, rest = name.partition(" ")
    return f"{number} {what} {rest}" if number.isdigit() else f"{what} {name}"


def numbers_of(name):
    """The entries of CATALOGUE.md that a case belongs to: what its name begins with."""
    found = re.match(r"(\d+(?:-\d+)?(?:, \d+(?:-\d+)?)*) ", name)
    numbers = []
    for part in found[1].split(", ") if found else []:
        first, _, last = part.partition("-")
        numbers += range(int(first), int(last or first) + 1)
    return numbers


class Catalogue:
    def __init__(self):
        self.classes = {}

    def add(self, group, name, raw, code, at, door="commit"):
        case = {"name": name, "door": door}
        if isinstance(raw, list):
            case["pieces"] = raw
        elif isinstance(raw, bytes):
            try:
                case["text"] = raw.decode("utf-8")
            except UnicodeDecodeError:
                case["hex"] = raw.hex()
        else:
            case["text"] = raw
        case["code"] = code
        case["at"] = at
        self.classes.setdefault(group, []).append(case)

    def good(self, group, name, raw, door="commit"):
        self.add(group, name, raw, None, "", door)

    def bytes(self, group, name, template, bad, delta=0, door="commit"):
        """`bad` stands where the template has its hole; the fault is `delta` bytes into it."""
        before, after = template.split(HOLE)
        bad = bad.encode("utf-8") if isinstance(bad, str) else bad
        raw = before.encode("utf-8") + bad + after.encode("utf-8")
        at = f"byte {len(before.encode('utf-8')) + delta}"
        self.add(group, name, raw, "bytes", at, door)


NOTE = commit(event(data='{"text":"' + HOLE + '"}'))  # inside a string
SEQ = commit(event(seq=HOLE))
DATA = commit(event(data=HOLE))
AFTER = commit() + HOLE


def json_class(c):
    g = "json"
    c.good(g, "the commit that the others are made from", commit())
    c.good(g, "the signed commit that the others are made from", signed(), "signed")
    c.good(g, "the entry that the others are made from", entry(), "entry")
    c.bytes(g, "1 an empty file", HOLE, "")
    c.bytes(g, "2 white space only", HOLE, " \n")
    c.bytes(g, "3 a byte order mark first", HOLE + commit(), "\ufeff")
    c.add(g, "4 UTF-16, little end first, with its mark", b"\xff\xfe" + commit().encode("utf-16-le"), "bytes", "byte 0")
    c.add(g, "4 UTF-16, little end first", commit().encode("utf-16-le"), "bytes", "byte 1")
    c.add(g, "4 UTF-16, big end first", commit().encode("utf-16-be"), "bytes", "byte 0")
    c.bytes(g, "5 a comma before the end of an object", DATA, '{"text":"a",}', 12)
    c.bytes(g, "5 a comma before the end of an array", commit(anchor="[1,2," + HOLE + "]"), "")
    c.bytes(g, "6 bytes after the end", AFTER, "x")
    c.bytes(g, "7 two documents", AFTER, commit())
    c.bytes(g, "8 NUL after the end", AFTER, b"\x00")
    c.bytes(g, "9 a comment", DATA, '{"text":"a"/* why */}', 11)
    c.bytes(g, "9 a line comment", HOLE + commit(), "// why\n")
    c.bytes(g, "10 single quotes", DATA, "{'text':'a'}", 1)
    c.bytes(g, "18 a raw tab in a string", NOTE, "a\tb", 1)
    c.bytes(g, "18 a raw line end in a string", NOTE, "a\nb", 1)
    c.bytes(g, "18 a raw NUL in a string", NOTE, b"a\x00b", 1)
    c.bytes(g, "19 an escape with capital U", NOTE, r"\U0041", 1)
    c.bytes(g, "19 an escape in braces", NOTE, r"\u{41}")
    c.bytes(g, "19 an escape with x", NOTE, r"\x41", 1)
    c.bytes(g, "20, 148 a lone high surrogate", NOTE, r"\ud83e")
    c.bytes(g, "20, 148 a lone low surrogate", NOTE, r"\udd14")
    c.bytes(g, "21, 148 surrogates in reverse", NOTE, r"\udd14\ud83e")
    c.bytes(g, "21 a surrogate pair as escapes", NOTE, r"\ud83e\udd14")
    c.bytes(g, "22 overlong UTF-8", NOTE, b"\xc0\xaf")
    c.bytes(g, "22 overlong UTF-8 of three bytes", NOTE, b"\xe0\x80\xaf")
    c.bytes(g, "23 a surrogate in UTF-8", NOTE, b"\xed\xa0\x80")
    c.bytes(g, "24 beyond U+10FFFF", NOTE, b"\xf4\x90\x80\x80")
    c.bytes(g, "25 UTF-8 cut at the end", HOLE, '{"anchor":"é'.encode()[:-1], 11)
    c.bytes(g, "25 a lone continuation byte", NOTE, b"\x80")
    c.add(g, "26 depth 17", [["[", 17], ["]", 17]], "bytes", "byte 16")
    c.add(g, "26 depth 16 is no fault of bytes", [["[", 16], ["]", 16]], "schema", "")
    c.add(g, "26 depth 17 of objects", [['{"a":', 17], ["1", 1], ["}", 17]], "bytes", f"byte {16 * 5}")
    c.bytes(g, "26 depth 17 in data, which is at depth 4", DATA, "[" * 14 + "]" * 14, 13)
    c.add(g, "27 fifty thousand brackets", [["[", 50_000]], "bytes", "byte 16")
    c.add(g, "27 a hundred thousand brackets", [["[", 100_000]], "limit", "")
    c.bytes(g, "28 a name twice with one value", DATA, '{"text":"a","text":"a"}', 12)
    c.bytes(g, "29 a name twice with two values at the top", "{" + HOLE + commit()[1:].replace('"anchor":null,', ""),
            '"anchor":null,"anchor":1,', 14)
    c.bytes(g, "30 a name twice with two values in data", DATA, '{"text":"a","text":"b"}', 12)
    c.bytes(g, "31 a name twice by an escape", DATA, r'{"text":"a","\u0074ext":"b"}', 13)
    c.bytes(g, "32 an escape that is not needed", NOTE, r"\u0061")
    c.bytes(g, "32 an escape where a short one exists", NOTE, r"\u000a")
    c.bytes(g, "33 an escaped slash", NOTE, r"\/", 1)
    c.bytes(g, "34 an escape in capitals", NOTE, r"\u001F")
    c.bytes(g, "35 names out of order", DATA, '{"text":"a","on":1}', 12)
    c.bytes(g, "35 names out of order at the top", "{" + HOLE + commit()[1:].replace('"anchor":null,', ""),
            '"at":"2026-03-09T19:58:00Z","anchor":null,', 28)
    c.bytes(g, "35 names in the order of UTF-8 and not of UTF-16", DATA, '{"\ufb33":1,"\U0001f600":2}', 9)
    c.bytes(g, "36 a space after a colon", DATA, '{"text": "a"}', 8)
    c.bytes(g, "36 a space after a comma", DATA, '{"on":1, "text":"a"}', 8)
    c.bytes(g, "36 an indented line", "{" + HOLE + commit()[1:], "\n  ")
    c.bytes(g, "37 CRLF at the end", AFTER, "\r\n")
    c.bytes(g, "38 a line end at the end", AFTER, "\n")
    c.bytes(g, "48 names equal but for case", DATA, '{"Text":"a","text":"a"}', 12)
    c.bytes(g, "49 a vertical tab as white space", HOLE + commit(), "\x0b")
    c.bytes(g, "49 a no-break space as white space", HOLE + commit(), "\u00a0")
    c.bytes(g, "true in capitals", SEQ, "True")
    c.bytes(g, "a value cut short", commit(v=HOLE)[:-1], "", 0)
    c.bytes(g, "an object that does not end", HOLE, "{", 1)
    c.bytes(g, "a string that does not end", HOLE, '"abc', 4)
    c.bytes(g, "a commit whose outer object is unsorted", '{"signatures":[],"commit":' + commit() + "}" + HOLE, "",
            -len('{"signatures":[],"commit":' + commit() + "}"), "signed")
    for door, good in (("signed", signed()), ("entry", entry())):
        head, tail = good.split(',"signatures"')
        c.bytes(g, f"a field between, at the door {door}", head + HOLE + ',"signatures"' + tail, ',"o":1', 0, door)
        c.bytes(g, f"a field after, at the door {door}", good[:-1] + HOLE + "}", ',"z":1', 0, door)
        c.bytes(g, f"bytes after the end, at the door {door}", good + HOLE, "\n", 0, door)
        c.bytes(g, f"a space first, at the door {door}", HOLE + good, " ", 0, door)


def schema_class(c):
    g = "schema"
    c.add(g, "39 an array for the commit", "[]", "schema", "")
    c.add(g, "39 an array for an event", commit("[]"), "schema", "events[0]")
    c.add(g, "39 an array for data", commit(event(data='["a note"]')), "schema", "events[0].data")
    c.add(g, "39 an array for the anchor", commit(anchor=f'["{ID}",1]'), "schema", "anchor")
    c.add(g, "39 an object for the events", commit(events=None).replace("[{", "{").replace("}]", "}"), "schema", "events")
    c.add(g, "40 an unknown field of the commit", commit()[:-1] + ',"w":1}', "schema", "")
    c.add(g, "40 an unknown field of an event", commit(event()[:-1] + ',"when":1}'), "schema", "events[0]")
    c.add(g, "40 an unknown field of data", commit(event(data='{"text":"a","why":1}')), "schema", "events[0].data")
    c.add(g, "40 an unknown field of the anchor", commit(anchor=f'{{"root":"{ID}","size":1,"time":1}}'), "schema", "anchor")
    c.add(g, "40 an unknown field of a record in a list",
          data("evidence.added", '{"artifact":"artifact/a","note":"n","passages":[{"label":"l","line":1}],"relation":"supports"}'),
          "schema", "events[0].data.passages[0]")
    for name in ("anchor", "at", "author", "events", "ledger", "v"):
        raw = commit(**{name: None}) if name != "events" else \
            '{"anchor":null,"at":"2026-03-09T19:58:00Z","author":"agent/a","ledger":"claims.example/a","v":1}'
        c.add(g, f"41 without {name}", raw, "schema", name)
    for name in ("data", "prev", "seq", "subject", "type"):
        c.add(g, f"41 an event without {name}", commit(event(**{name: None})), "schema", f"events[0].{name}")
    c.add(g, "41 data without a field", commit(event(data="{}")), "schema", "events[0].data.text")
    c.add(g, "41 an anchor without size", commit(anchor=f'{{"root":"{ID}"}}'), "schema", "anchor.size")
    c.add(g, "42 null for an optional field of an event", commit(event(effective="null")), "schema", "events[0].effective")
    c.add(g, "42 null for an optional field of data", commit(event(data='{"on":null,"text":"a"}')), "schema", "events[0].data.on")
    c.add(g, "42 null for the ledger", commit(ledger="null"), "schema", "ledger")
    c.add(g, "43 a type in another case", commit(event(type='"Note.added"')), "schema", "events[0].type")
    c.add(g, "44 an unknown type", commit(event(type='"note.shouted"')), "schema", "events[0].type")
    c.add(g, "44 an empty type", commit(event(type='""')), "schema", "events[0].type")
    c.add(g, "44 a type on another kind of subject", data("claim.unscoped", '{"reason":"r","ref":1}', "view/v"), "schema", "events[0].subject")
    c.add(g, "45 version 2", commit(v="2"), "schema", "v")
    c.add(g, "45 version 0", commit(v="0"), "schema", "v")
    c.add(g, "45 version as text", commit(v='"1"'), "schema", "v")
    c.add(g, "46 text for a number", commit(event(seq='"1"')), "schema", "events[0].seq")
    c.add(g, "46 a number for text", commit(event(data='{"text":1}')), "schema", "events[0].data.text")
    c.add(g, "47 true for 1", commit(event(seq="true")), "schema", "events[0].seq")
    c.add(g, "47 1 for true", data("ledger.model_adopted", f'{{"default":1,"model":"m","spec":"{ID}","version":"v1.0"}}', "ledger"),
          "schema", "events[0].data.default")
    c.add(g, "48 a field named __proto__", commit(event(data='{"__proto__":{},"text":"a"}')), "schema", "events[0].data")
    c.add(g, "an empty list", data("evidence.added", '{"artifact":"artifact/a","note":"n","passages":[],"relation":"supports"}'),
          "schema", "events[0].data.passages")
    c.add(g, "a set out of order", data("agent.changed", '{"roles":["steward","curator"]}', "agent/b"), "schema", "events[0].data.roles")
    c.add(g, "a set with a repeat", data("agent.changed", '{"roles":["curator","curator"]}', "agent/b"), "schema", "events[0].data.roles")
    c.good(g, "a set that may be empty", data("agent.changed", '{"roles":[]}', "agent/b"))
    c.add(g, "any of, with none", data("agent.changed", "{}", "agent/b"), "schema", "events[0].data")
    c.add(g, "since without compromised", data("agent.key_revoked", f'{{"key":"{KEY_A}","reason":"lost","since":1}}', "agent/b"),
          "schema", "events[0].data")
    c.add(g, "a word that is none", data("claim.scoped", '{"breadth":"1","context":"context/c","relation":"holds"}'),
          "schema", "events[0].data.relation")
    c.add(g, "a word in another case", data("claim.scoped", '{"breadth":"1","context":"context/c","relation":"Holds_in"}'),
          "schema", "events[0].data.relation")
    c.add(g, "an unknown rule of a policy", data("ledger.policy_changed",
          '{"policy":{"rules":{"claim.eaten":{"roles":[],"signatures":1}},"stewards":1}}', "ledger"), "schema", "events[0].data.policy.rules")
    c.add(g, "the second event is at fault", commit(event() + "," + event(seq="0", subject='"claim/y"')), "schema", "events[1].seq")


def numbers_class(c):
    g = "numbers"
    for name, bad, delta in (
        ("11 NaN", "NaN", 0), ("12 Infinity", "Infinity", 0), ("12 -Infinity", "-Infinity", 1),
        ("13 a leading zero", "01", 0), ("14 a plus sign", "+1", 0), ("15 no digit before the point", ".5", 0),
        ("16 no digit after the point", "5.", 1), ("17 hexadecimal", "0x1", 1),
        ("50 a fraction of zero", "1.0", 1), ("50 an exponent of zero", "1e0", 1), ("50 a capital exponent", "1E0", 1),
        ("51 minus zero", "-0", 0), ("52 1e400", "1e400", 1), ("53 2^53", "9007199254740992", 0),
        ("53 2^53 + 1", "9007199254740993", 0), ("53 -2^53", "-9007199254740992", 0),
        ("54 2^64", "18446744073709551616", 0), ("54 forty digits", "9" * 40, 0), ("60 84e-2", "84e-2", 2),
        ("61 just above one", "1.000000000000000005", 1), ("62 full-width digits", "１", 0),
        ("63 the largest of 64 bits", "18446744073709551615", 0), ("a minus sign alone", "-", 1),
        ("digits in groups", "1_000", 1),
    ):
        c.bytes(g, name, SEQ, bad, delta)
    c.add(g, "55 a negative position", commit(event(seq="-1")), "schema", "events[0].seq")
    c.add(g, "position 0", commit(event(seq="0")), "schema", "events[0].seq")
    c.good(g, "53 2^53 - 1", commit(event(seq="9007199254740991", prev=f'"{ID}"')))
    c.add(g, "position 1 after an event", commit(event(prev=f'"{ID}"')), "schema", "events[0].prev")
    c.add(g, "position 2 after none", commit(event(seq="2")), "schema", "events[0].prev")
    c.add(g, "an anchor of no entries", commit(anchor=f'{{"root":"{ID}","size":0}}'), "schema", "anchor.size")
    c.add(g, "year 0", data("artifact.registered", '{"kind":"paper","title":"t","year":0}', "artifact/a"), "schema", "events[0].data.year")
    c.add(g, "year 10000", data("artifact.registered", '{"kind":"paper","title":"t","year":10000}', "artifact/a"), "schema", "events[0].data.year")
    c.good(g, "year 9999", data("artifact.registered", '{"kind":"paper","title":"t","year":9999}', "artifact/a"))
    c.add(g, "a threshold of 17", data("ledger.policy_changed", '{"policy":{"rules":{},"stewards":17}}', "ledger"), "schema", "events[0].data.policy.stewards")
    c.add(g, "a threshold of 0", data("ledger.policy_changed", '{"policy":{"rules":{},"stewards":0}}', "ledger"), "schema", "events[0].data.policy.stewards")


def ratios_class(c):
    g = "ratios"
    scoped = lambda ratio: data("claim.scoped", f'{{"breadth":{ratio},"context":"context/c","relation":"holds_in"}}')
    for text in ("0", "1", "0.75", "0.000001", "0.999999"):
        c.good(g, f"the ratio {text}", scoped(f'"{text}"'))
    for text in ("", "1.01", "1.0000001", "NaN", "0.50", ".5", "5.", "1e-1", "-0.1", "-0", "1.1", "+0.5", "Infinity",
                 "0.0", "1.0", "00", "0.", " 0.5", "0.5 ", "０.５", "0.1234567", "2", "0x1", "0,5", "50%", "1/2", "0.5\\n"):
        c.add(g, f"56-62 {text!r} is none", scoped(f'"{text}"'), "schema", "events[0].data.breadth")
    c.add(g, "a number is none", scoped("1"), "schema", "events[0].data.breadth")
    c.add(g, "null is none", scoped("null"), "schema", "events[0].data.breadth")
    c.bytes(g, "a fraction as a number", data("claim.scoped", '{"breadth":' + HOLE + ',"context":"context/c","relation":"holds_in"}'), "0.5", 1)


def time_class(c):
    g = "time"
    bad = {
        "64 a space for T": "2026-03-09 19:58:00Z", "65 t in lower case": "2026-03-09t19:58:00Z",
        "65 z in lower case": "2026-03-09T19:58:00z", "66 second 60": "2026-03-09T19:58:60Z",
        "67 a true leap second": "2016-12-31T23:59:60Z", "68 -00:00": "2026-03-09T19:58:00-00:00",
        "69 +00:00": "2026-03-09T19:58:00+00:00", "69 an offset": "2026-03-09T20:58:00+01:00",
        "no zone": "2026-03-09T19:58:00", "70 hour 24": "2026-03-09T24:00:00Z",
        "71 29 February of another year": "2026-02-29T00:00:00Z", "71 29 February 1900": "1900-02-29T00:00:00Z",
        "72 no seconds": "2026-03-09T19:58Z", "73 seven digits of a fraction": "2026-03-09T19:58:00.0000000Z",
        "73 three digits of a fraction": "2026-03-09T19:58:00.000Z",
        "74 a comma": "2026-03-09T19:58:00,000000Z", "75 year 0000": "0000-01-01T00:00:00Z",
        "76 a year of five digits": "12026-03-09T19:58:00Z", "76 a signed year": "+2026-03-09T19:58:00Z",
        "77 a negative year": "-0001-03-09T19:58:00Z", "81 a space first": " 2026-03-09T19:58:00Z",
        "81 a space last": "2026-03-09T19:58:00Z ", "month 13": "2026-13-01T00:00:00Z", "month 0": "2026-00-01T00:00:00Z",
        "day 0": "2026-03-00T00:00:00Z", "day 32": "2026-03-32T00:00:00Z", "the 31st of April": "2026-04-31T00:00:00Z",
        "minute 60": "2026-03-09T19:60:00Z", "nothing": "", "full-width digits": "２026-03-09T19:58:00Z",
        "the basic form": "20260309T195800Z", "a week date": "2026-W11-1T19:58:00Z", "seconds since 1970": "1773086280",
    }
    for name, text in bad.items():
        c.add(g, f"{name}, in a commit", commit(at=f'"{text}"'), "time", "at")
        c.add(g, f"{name}, in an entry", entry(recorded=f'"{text}"'), "time", "recorded", "entry")
    c.add(g, "microseconds in a commit", commit(at='"2026-03-09T19:58:00.000000Z"'), "time", "at")
    c.add(g, "whole seconds in an entry", entry(recorded='"2026-03-09T19:58:00Z"'), "time", "recorded", "entry")
    c.add(g, "82 a number, in a commit", commit(at="1773086280"), "schema", "at")
    c.add(g, "82 a number, in an entry", entry(recorded="1773086280"), "schema", "recorded", "entry")
    c.good(g, "78 the last second", commit(at='"9999-12-31T23:59:59Z"'))
    c.good(g, "the first second", commit(at='"0001-01-01T00:00:00Z"'))
    c.good(g, "the 29th of February of a leap year", commit(at='"2024-02-29T12:00:00Z"'))
    for text in ("2023", "2023-10", "2023-10-04", "0001", "9999-12-31"):
        c.good(g, f"the date {text}", commit(event(effective=f'"{text}"')))
    for text in ("", "23", "0000", "10000", "2023-00", "2023-13", "2023-1", "2023-10-00", "2023-02-29", "2023-10-4",
                 "2023-10-04T00:00:00Z", "2023/10", "-2023", "2023-", " 2023", "2023-10-32", "20231004"):
        c.add(g, f"the date {text!r}", commit(event(effective=f'"{text}"')), "time", "events[0].effective")


def ids_class(c):
    g = "ids"
    for text in ("", "claim", "claim/", "claim/-a", "claim/A", "claim/a/b", "ledger/x", "claim/../a", "Claim/a", "claim/a.b",
                 "claim/a_b", "claim/\u0430", "paper/a", "/claim/a", "claim//a", "claim/a ", "claim/%2e%2e", "claim/a\\u0000",
                 "claim\\\\a", "claim/\u200ba", "claim/" + "a" * 97, "http://169.254.169.254/"):
        c.add(g, f"151, 159-161 the subject {text[:24]!r}", commit(event(subject=f'"{text}"')), "schema", "events[0].subject")
    c.good(g, "a slug of 96", commit(event(subject='"claim/' + "a" * 96 + '"')))
    c.good(g, "169 a name that some systems reserve", commit(event(subject='"claim/con"')))
    for text in ("claim/a", "ledger", "a", "agent/", "agent/A"):
        c.add(g, f"the author {text!r}", commit(author=f'"{text}"'), "schema", "author")
    for text in ("", "https://claims.example", "Claims.example", "claims.example/", "a//b", "a b", "a+b", "a:", "a:x", ":1",
                 "a?b", "a#b", "\u0430.example", "a/../\\n", "a" * 256):
        c.add(g, f"the ledger {text[:24]!r}", commit(ledger=f'"{text}"'), "schema", "ledger")
    c.good(g, "a ledger of 255 bytes", commit(ledger='"' + "a" * 255 + '"'))
    for text in (ID.upper(), ID[:-1], ID + "a", "0x" + ID[2:], "", "g" * 64):
        c.add(g, f"116 prev {text[:12]!r} of {len(text)}", commit(event(seq="2", prev=f'"{text}"')), "schema", "events[0].prev")
        c.add(g, f"an anchor's root {text[:12]!r} of {len(text)}", commit(anchor=f'{{"root":"{text}","size":1}}'), "schema", "anchor.root")
    c.add(g, "prev as a number", commit(event(seq="2", prev="2")), "schema", "events[0].prev")
    named = lambda text: data("evidence.added", f'{{"artifact":"{text}","note":"n","relation":"supports"}}')
    c.add(g, "an artifact without its kind", named("a"), "schema", "events[0].data.artifact")
    c.add(g, "a claim where an artifact belongs", named("claim/a"), "schema", "events[0].data.artifact")
    art = lambda name, text: data("artifact.registered", f'{{{name}"kind":"paper","title":"t"{text}}}', "artifact/a")
    for text in ("10.1037/", "10.103/x", "10.1037/ABC", "10.1037/a b", "doi:10.1037/a", "10.1234567890/a", "https://doi.org/10.1037/a"):
        c.add(g, f"the DOI {text!r}", art(f'"doi":"{text}",', ""), "schema", "events[0].data.doi")
    for text in ("javascript:alert(1)", "file:///etc/passwd", "https://", "https://a b", "HTTP://x", "//x", "ftp://x", "data:text/html,x"):
        c.add(g, f"172 the address {text!r}", art("", f',"url":"{text}"'), "schema", "events[0].data.url")
    c.good(g, "172 an address that is never fetched", art("", ',"url":"http://169.254.169.254/latest"'))
    person = lambda orcid: data("agent.registered",
        f'{{"keys":[{{"key":"{PUBLIC}","proof":"{SIG}"}}],"kind":"human","name":"n","orcid":"{orcid}","roles":[]}}', "agent/b")
    c.good(g, "an ORCID iD of the documentation", person("0000-0002-1825-0097"))
    c.good(g, "an ORCID iD that ends in X", person("0000-0002-9079-593X"))
    for text in ("0000-0002-1825-0098", "0000000218250097", "0000-0002-9079-593x", "https://orcid.org/0000-0002-1825-0097"):
        c.add(g, f"the ORCID iD {text!r}", person(text), "schema", "events[0].data.orcid")


def text_class(c):
    g = "text"
    note = lambda text: commit(event(data='{"text":"' + text + '"}'))
    line = lambda text: data("context.defined", '{"kind":"model_scale","name":"' + text + '"}', "context/c")
    for point in [0x202A, 0x202B, 0x202C, 0x202D, 0x202E, 0x2066, 0x2067, 0x2068, 0x2069, 0x200E, 0x200F, 0x061C]:
        c.add(g, f"145 the bidirectional control U+{point:04X}", note("a" + chr(point) + "b"), "schema", "events[0].data.text")
    for point in list(range(0x20)):
        if point in (9, 10):
            continue
        short = {8: r"\b", 12: r"\f", 13: r"\r"}.get(point, f"\\u{point:04x}")
        c.add(g, f"146, 147, 156 the control U+{point:04X}", note("a" + short + "b"), "schema", "events[0].data.text")
    for point in [0x7F, 0x80, 0x85, 0x9B, 0x9F, 0x2028, 0x2029, 0xFDD0, 0xFDEF, 0xFFFE, 0xFFFF, 0x1FFFE, 0x1FFFF, 0x10FFFE, 0x10FFFF]:
        c.add(g, f"147, 152 U+{point:04X}", note("a" + chr(point) + "b"), "schema", "events[0].data.text")
    for name, text in (("nothing", ""), ("spaces", "   "), ("a line end", r"\n"), ("a no-break space", "\u00a0"), ("an ideographic space", "\u3000")):
        c.add(g, f"140 only {name}", note(text), "schema", "events[0].data.text")
    c.good(g, "line ends and tabs in a text", note(r"a\n\tb"))
    c.add(g, "158 a line end in one line", line(r"a\nb"), "schema", "events[0].data.name")
    c.add(g, "158 a tab in one line", line(r"a\tb"), "schema", "events[0].data.name")
    c.add(g, "140 a title of nothing", line(""), "schema", "events[0].data.name")
    for name, text in (
        ("149 zero-width characters", "a\u200bb\u200cc\u200dd\u2060e\ufefff"), ("150 tag characters", "a\U000e0041\U000e007f"),
        ("153 a letter that looks like another", "\u0430dmin"), ("154 four hundred combining marks", "a" + "\u0301" * 400),
        ("155 markup", "</script><img src=x onerror=alert(1)>]]>{{7*7}}[a](javascript:x)"),
        ("157 a formula", "=cmd|'/c calc'!A1"), ("decomposed letters stay as they are", "e\u0301"),
        ("right-to-left letters", "مرحبا"), ("letters beyond the first plane", "🧪𝒳"),
    ):
        c.good(g, name + ", kept as written", note(text))


def sizes_class(c):
    g = "sizes"
    def filled(kind, field, before, after, limit, subject, group=g):
        whole = commit(event(data=before + HOLE + after, type=f'"{kind}"', subject=f'"{subject}"'))
        head, tail = whole.split(HOLE)
        c.add(group, f"137 {kind} {field} of {limit}", [[head, 1], ["x", limit], [tail, 1]], None, "")
        c.add(group, f"137 {kind} {field} of {limit + 1}", [[head, 1], ["x", limit + 1], [tail, 1]], "limit", f"events[0].data.{field}")
        two = [[head, 1], ["é", limit // 2], ["x", 1 + limit % 2], [tail, 1]]
        c.add(group, f"137 {kind} {field} counts bytes, not characters", two, "limit", f"events[0].data.{field}")
    filled("note.added", "text", '{"text":"', '"}', 4000, "claim/x")
    filled("context.defined", "name", '{"kind":"k","name":"', '"}', 300, "context/c")
    filled("context.defined", "kind", '{"kind":"', '","name":"n"}', 60, "context/c")
    filled("artifact.registered", "title", '{"kind":"paper","title":"', '"}', 1000, "artifact/a")
    filled("artifact.registered", "label", '{"kind":"paper","label":"', '","title":"t"}', 200, "artifact/a")
    filled("artifact.registered", "key", '{"key":"', '","kind":"paper","title":"t"}', 200, "artifact/a")
    filled("evidence.added", "note", '{"artifact":"artifact/a","note":"', '","relation":"supports"}', 4000, "claim/x")
    filled("evidence.withdrawn", "reason", '{"reason":"', '","ref":1}', 2000, "claim/x")
    filled("claim.revised", "statement", '{"reason":"r","statement":"', '"}', 1000, "claim/x")
    filled("claim.revised", "summary", '{"reason":"r","summary":"', '"}', 4000, "claim/x")
    filled("claim.revised", "detail", '{"detail":"', '","reason":"r"}', 16000, "claim/x")
    filled("attestation.made", "interests", '{"interests":"', '","verdict":"abstains","version":1,"weight":"0"}', 1000, "claim/x")
    filled("attestation.made", "role", '{"role":"', '","verdict":"abstains","version":1,"weight":"0"}', 60, "claim/x")

    def many(count):
        first = event(subject='"claim/HERE"')
        head, tail = commit("", ).split("[]")
        return head + "[" + ",".join(first.replace("HERE", f"n{number}") for number in range(count)) + "]" + tail
    c.add(g, "no events", commit(""), "limit", "events")
    c.good(g, "as many as 256 events", many(256))
    c.add(g, "141 257 events", many(257), "limit", "events")

    details = [event(data='{"detail":"' + HOLE + '","reason":"r"}', subject=f'"claim/n{number}"', type='"claim.revised"') for number in range(4)]
    def of_size(total):
        pieces = commit(",".join(details)).split(HOLE)
        room = total - sum(len(piece) for piece in pieces)
        fill = [16000, 16000, 16000, room - 48000]
        assert 0 < fill[3] <= 16000
        out = []
        for piece, size in zip(pieces, fill + [0]):
            out += [[piece, 1], ["x", size]]
        return out[:-1]
    c.add(g, "136 a commit of 60,000 bytes", of_size(60_000), None, "")
    c.add(g, "136 a commit of 60,001 bytes", of_size(60_001), "limit", "")
    for door, good in (("signed", signed(HOLE)), ("entry", entry(HOLE))):
        head, tail = good.split(HOLE)
        c.add(g, f"136 a commit of 60,000 bytes, at the door {door}", [[head, 1]] + of_size(60_000) + [[tail, 1]], None, "", door)
        c.add(g, f"136 a commit of 60,001 bytes, at the door {door}", [[head, 1]] + of_size(60_001) + [[tail, 1]], "limit", "", door)
    c.add(g, "136 an entry of 65,536 bytes", [[entry(), 1], [" ", 65_536 - len(entry())]], "limit", "", "entry")
    c.add(g, "an entry of 65,535 bytes is read", [[entry(), 1], [" ", 65_535 - len(entry())]], "bytes", f"byte {len(entry())}", "entry")
    c.add(g, "139 a hundred thousand domains", [
        [data("claim.asserted", '{"domains":[' + HOLE).split(HOLE)[0], 1], ['{"name":"d","weight":"0"},', 100_000],
        ['{"name":"e","weight":"1"}]}}]}', 1]], "limit", "")
    c.add(g, "a text of a mebibyte", [[NOTE.split(HOLE)[0], 1], ["x", 1 << 20], [NOTE.split(HOLE)[1], 1]], "limit", "")


def signatures_class(c):
    g = "signatures"
    several = lambda count: "[" + ",".join(signature(key=f'"{KEY_ID(n)}"') for n in range(count)) + "]"
    for door, make in (("signed", signed), ("entry", entry)):
        c.add(g, f"none, at the door {door}", make(signatures="[]"), "limit", "signatures", door)
        c.good(g, f"as many as 16 of them, at the door {door}", make(signatures=several(16)), door)
        c.add(g, f"one more than 16 of them, at the door {door}", make(signatures=several(17)), "limit", "signatures", door)
        c.add(g, f"109 a key twice, at the door {door}", make(signatures=f"[{signature()},{signature()}]"), "schema", "signatures", door)
        c.add(g, f"keys out of order, at the door {door}",
              make(signatures="[" + signature(key=f'"{KEY_ID(1)}"') + "," + signature(key=f'"{KEY_ID(0)}"') + "]"), "schema", "signatures", door)
        c.add(g, f"an object for the list, at the door {door}", make(signatures=signature()), "schema", "signatures", door)
        c.add(g, f"an unknown field, at the door {door}", make(signatures="[" + signature()[:-1] + ',"time":1}]'), "schema", "signatures[0]", door)
        c.add(g, f"a fault of the commit says so, at the door {door}", make(body=commit(v="2")), "schema", "commit.v", door)
    for name, sig in (
        ("84 of 63 bytes", "A" * 84), ("84 of 65 bytes", "A" * 87 + "="), ("85 cut short", "A" * 80), ("86 with a line end", "A" * 43 + "\\n" + SIG[43:]),
        ("87 with padding bits", "A" * 85 + "B=="), ("88 without padding", "A" * 86), ("88 with too much padding", "A" * 86 + "==="),
        ("89 in the other alphabet", "-_" + SIG[2:]), ("90 as hexadecimal", "00" * 64), ("with a space", " " + SIG), ("of nothing", ""),
    ):
        c.add(g, named("a signature", name), signed(signatures="[" + signature(sig=f'"{sig}"') + "]"), "schema", "signatures[0].sig", "signed")
    c.add(g, "a signature as null", signed(signatures="[" + signature(sig="null") + "]"), "schema", "signatures[0].sig", "signed")
    c.add(g, "without a signature", signed(signatures='[{"key":"' + KEY_A + '"}]'), "schema", "signatures[0].sig", "signed")
    c.add(g, "without a key", signed(signatures='[{"sig":"' + SIG + '"}]'), "schema", "signatures[0].key", "signed")
    for name, key in (("of another hash", "MD5:" + "A" * 43), ("with padding", KEY_A + "="), ("cut short", KEY_A[:-1]), ("in lower case", KEY_A.lower()),
                      ("with padding bits", KEY_A[:-1] + "B"), ("of nothing", ""), ("as a whole key", PUBLIC)):
        c.add(g, f"a key id {name}", signed(signatures="[" + signature(key=f'"{key}"') + "]"), "schema", "signatures[0].key", "signed")


def keys_class(c):
    g = "keys"
    added = lambda key: data("agent.key_added", f'{{"key":"{key}","proof":"{SIG}"}}', "agent/b")
    c.good(g, "the key of RFC 8032, test 1", added(PUBLIC))
    wire = PUBLIC.split(" ")[1]
    for name, key in (
        ("of another type", "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC7"), ("with the type alone changed", "ssh-rsa " + wire),
        ("with a comment", PUBLIC + " me@example.org"), ("cut short", PUBLIC[:-4]), ("without its type", wire), ("as hexadecimal", "d7" * 32),
        ("113 as PEM", "-----BEGIN PUBLIC KEY-----"), ("with two spaces", PUBLIC.replace(" ", "  ")), ("of nothing", ""),
        ("100 that is a key pair of 64 bytes", "A" * 86 + "=="), ("100 that is a private key file", "-----BEGIN OPENSSH PRIVATE KEY-----"),
        ("in capitals", PUBLIC.upper()), ("with base64 that is none", PUBLIC.replace("AAAA", "AA!A", 1)),
    ):
        c.add(g, named("a key", name), added(key), "key", "events[0].data.key")
    c.add(g, "a key that is a number", added("x").replace('"x"', "1"), "schema", "events[0].data.key")
    raw = lambda name, key, code="key": c.classes[g].append({"name": name, "door": "key", "hex": key.hex(), "code": code, "at": ""})
    honest = Signer(b"\x01" * 32)
    raw("a key as it should be", honest.key, None)
    for order, point in zip((1, 8, 4, 8, 2, 8, 4, 8), TORSION):
        numbers = "94, 98" if packed(point) == bytes(32) else "94"
        raw(f"{numbers} a point of order {order}: {short(packed(point))}", packed(point))
    for order, point in list(zip((1, 8, 4, 8, 2, 8, 4, 8), TORSION))[1:]:
        raw(f"95 a point of mixed order, {order} times L: off by {short(packed(point))}", packed(plus(honest.point, point)))
    for low in range(19):
        for sign in (0, 1):
            raw(f"96 the spelling p + {low}" + (" with a sign" if sign else ""), ((P + low) | sign << 255).to_bytes(32, "little"))
    for name, y in (("1", 1), ("p - 1", P - 1)):
        raw(f"96 the spelling {name} with a sign, where x is 0", (y | 1 << 255).to_bytes(32, "little"))
    raw("97 y = 2, no point of the curve", (2).to_bytes(32, "little"))


# --- Ed25519, from RFC 8032, section 5.1: slow, and written for this file ---

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P


def recovered(y, sign):
    """The x of a point by its y; none where there is no such point."""
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    if x * x % P != square:
        return None
    return P - x if x & 1 != sign and x else x


def plus(one, other):
    (a, b), (x, y) = one, other
    product = D * a * b * x * y % P
    return ((a * y + b * x) * pow(1 + product, -1, P) % P, (b * y + a * x) * pow(1 - product, -1, P) % P)


def times(number, point):
    result = (0, 1)
    while number:
        if number & 1:
            result = plus(result, point)
        point, number = plus(point, point), number >> 1
    return result


def packed(point):
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


def short(raw):
    return f"{raw.hex()[:8]}...{raw.hex()[-2:]}"


BASE = (recovered(4 * pow(5, -1, P) % P, 0), 4 * pow(5, -1, P) % P)


def torsion():
    """The eight points of small order: the multiples of one of order 8, which L times some point is."""
    y = 2
    while True:
        x = recovered(y, 0)
        point = x is not None and times(L, (x, y))
        if point and times(4, point) != (0, 1):
            return [times(number, point) for number in range(8)]
        y += 1


TORSION = torsion()


def challenge(r, key, message):
    return int.from_bytes(hashlib.sha512(r + key + message).digest(), "little") % L


class Signer:
    def __init__(self, seed):
        digest = hashlib.sha512(seed).digest()
        self.scalar = int.from_bytes(digest[:32], "little") & (2**254 - 8) | 2**254
        self.prefix = digest[32:]
        self.point = times(self.scalar, BASE)
        self.key = packed(self.point)

    def sign(self, message, key=None, off=(0, 1)):
        """The signature; under another key's bytes, or with an R that is off by a point."""
        nonce = int.from_bytes(hashlib.sha512(self.prefix + message).digest(), "little") % L
        r = packed(plus(times(nonce, BASE), off))
        return r, (nonce + challenge(r, key or self.key, message) * self.scalar) % L


def verdicts_class(c):
    """Bytes of the door: 32 of the key, 64 of the signature, then the message."""
    g = "verdicts"
    signer, other = Signer(b"\x01" * 32), Signer(b"\x02" * 32)
    message = b"DSSEv1 35 application/vnd.grounds.commit+json 2 {}"

    def add(name, r, s, holds=False, key=signer.key, message=message):
        raw = key + r + s.to_bytes(32, "little") + message
        code = None if holds else "signature"
        c.classes.setdefault(g, []).append({"name": name, "door": "verify", "hex": raw.hex(), "code": code, "at": ""})

    r, s = signer.sign(message)
    add("a signature as it should be", r, s, True)
    ours = Signer(bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"))
    assert ours.key.hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "RFC 8032, 7.1, test 1"
    add("RFC 8032, section 7.1, test 1", *ours.sign(b""), True, ours.key, b"")
    for bit in (0, 7, 100, 254, 255):
        flip = lambda number: (int.from_bytes(number, "little") ^ 1 << bit).to_bytes(32, "little")
        add(f"a flipped bit of R: {bit}", flip(r), s)
        add(f"a flipped bit of S: {bit}", r, s ^ 1 << bit)
        if bit < 8 * len(message):
            add(f"a flipped bit of the message: {bit}", r, s, message=flip(message[:32]) + message[32:])
    add("by another key", r, s, key=other.key)
    add("of other bytes", *signer.sign(b"{}"))
    add("101 of another payload type", *signer.sign(message.replace(b"grounds", b"another")))
    add("of the payload without its encoding", *signer.sign(b"{}"), message=message)
    for name, signed, shown in (
        ("102 of the same commit in another ledger", commit(ledger='"claims.example/b"'), commit()),
        ("103 of the same event at another place of its stream", commit(event(prev=f'"{ID}"', seq="2")), commit(event(prev=f'"{ID}"', seq="3"))),
        ("104 of the same commit with a space in it", commit()[:1] + " " + commit()[1:], commit()),
    ):
        add(name, *signer.sign(encoded(signed)), message=encoded(shown))
    add("a whole commit as it should be", *signer.sign(encoded(commit())), True, message=encoded(commit()))
    for times_l in range(1, 16):
        if s + times_l * L < 2**256:
            add(f"91 S + {times_l} L", r, s + times_l * L)
    add("91 S = L", r, L)
    add("92 all zero", bytes(32), 0)
    add("R and S exchanged", s.to_bytes(32, "little"), int.from_bytes(r, "little"))
    add("the negative of R", r[:31] + bytes([r[31] ^ 128]), s)
    # R of small order with the S that makes the equation hold: libraries that only look at the equation take the first.
    spellings = {packed(point) for point in TORSION}
    spellings |= {(y + more | sign << 255).to_bytes(32, "little") for y in (0, 1, P - 1) for more in (0, P) for sign in (0, 1) if y + more < 2**255}
    listed = "\n".join(spelled.hex() for spelled in sorted(spellings))
    assert f"```\n{listed}\n```" in FORMAT.read_text(encoding="utf-8"), "docs/FORMAT.md lists other encodings"
    for spelled in sorted(spellings):
        holds = challenge(spelled, signer.key, message) * signer.scalar % L
        add(f"93 R of small order, spelled {short(spelled)}", spelled, holds)
    # R off by a point of small order: libraries that multiply by the cofactor take it.
    for point in TORSION[1:]:
        add(f"R off by {short(packed(point))}", *signer.sign(message, off=point))
    # Keys of small order: anybody can sign for them.
    for point in TORSION:
        key = packed(point)
        add(f"94 by a key of small order: {short(key)}", *forged(key, point, message), key=key)
    # A key of mixed order holds where the challenge is a multiple of 8, and only there. No such key is ever registered.
    key = packed(plus(signer.point, TORSION[1]))
    for wanted in (0, 1, 4):
        number = 0
        while challenge(signer.sign(b"%d" % number, key)[0], key, b"%d" % number) % 8 != wanted:
            number += 1
        add(f"95 by a key of mixed order, challenge {wanted} modulo 8", *signer.sign(b"%d" % number, key), wanted == 0, key, b"%d" % number)


def forged(key, point, message):
    """A signature by a key of small order, that nobody's secret went into."""
    nonce = 1
    while True:
        for off in TORSION:
            sum = plus(times(nonce, BASE), off)
            if plus(sum, times(challenge(packed(sum), key, message), point)) == times(nonce, BASE):
                return packed(sum), nonce
        nonce += 1


ABOUT = {
    "json": "bytes that are not canonical JSON",
    "schema": "canonical JSON of another form",
    "numbers": "numbers that are no plain integers within 2^53 - 1, or out of place",
    "ratios": "shares from 0 to 1",
    "time": "times and dates",
    "ids": "subjects, origins, ids and addresses",
    "text": "what people write, and what acts on who reads it",
    "sizes": "limits, each at n and n + 1",
    "signatures": "the list of signatures and how they are spelled",
    "keys": "public keys: their spelling, and the points that may not be registered",
    "verdicts": "which signatures hold: 32 bytes of the key, 64 of the signature, then the message",
}


def main():
    c = Catalogue()
    for make in (json_class, schema_class, numbers_class, ratios_class, time_class, ids_class, text_class, sizes_class, signatures_class, keys_class, verdicts_class):
        make(c)
    stale = []
    for group, cases in c.classes.items():
        names = [case["name"] + case["door"] for case in cases]
        assert len(names) == len(set(names)), f"{group}: a name twice"
        head = {"class": group, "about": ABOUT[group]}
        for case in cases:
            case["numbers"] = numbers_of(case["name"])
        lines = ",\n".join("  " + json.dumps(case, ensure_ascii=True) for case in cases)
        text = json.dumps(head)[:-1] + ', "cases": [\n' + lines + "\n]}\n"
        path = HERE / f"{group}.json"
        if "--check" in sys.argv:
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                stale.append(path.name)
        else:
            path.write_text(text, encoding="utf-8")
    total = sum(len(cases) for cases in c.classes.values())
    if stale:
        print("differ from what make.py makes: " + ", ".join(stale), file=sys.stderr)
        return 1
    print(f"{total} cases in {len(c.classes)} classes")
    return 0


if __name__ == "__main__":
    sys.exit(main())

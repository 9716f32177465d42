"""Makes commits of the ledger from plain data, without any code of the crate.

Follows docs/FORMAT.md with other people's parts: `rfc8785` for canonical JSON, `cryptography` for
Ed25519, `hashlib` for SHA-256. `tests/vectors/commit.json` is its output; the crate must make the
same bytes from the same data.

    python commit.py            prints the vectors
    python commit.py --check F  compares them with the file F
"""

import base64
import hashlib
import json
import sys

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

PAYLOAD_TYPE = b"application/vnd.grounds.commit+json"
ORIGIN = "claims.example/mech-interp"


def sha256(data):
    return hashlib.sha256(data).hexdigest()


class Key:
    """An Ed25519 key with a fixed seed, and its OpenSSH names."""

    def __init__(self, seed):
        self.seed = seed
        self.private = Ed25519PrivateKey.from_private_bytes(seed)
        self.raw = self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        openssh = self.private.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
        self.public = openssh.decode()
        wire = base64.b64decode(self.public.split(" ")[1])
        digest = base64.b64encode(hashlib.sha256(wire).digest()).decode().rstrip("=")
        self.id = "SHA256:" + digest

    def sign(self, message):
        return self.private.sign(message)


def event_id(commit, event):
    """SHA-256 of the event with the commit's at, author, ledger and v added."""
    full = dict(event)
    for name in ("at", "author", "ledger", "v"):
        full[name] = commit[name]
    return sha256(rfc8785.dumps(full))


def seal(draft):
    """The commit of a draft: `prev` is filled in where the stream grows within the commit."""
    commit = {
        "v": 1,
        "ledger": draft["ledger"],
        "anchor": draft["anchor"],
        "author": draft["author"],
        "at": draft["at"],
        "events": [],
    }
    last = {}
    ids = []
    for drafted in draft["events"]:
        event = dict(drafted)
        event["prev"] = last.get(event["subject"], drafted["prev"])
        ids.append(event_id(commit, event))
        last[event["subject"]] = ids[-1]
        commit["events"].append(event)
    return commit, ids


def pre_authentication(body):
    parts = [b"DSSEv1", str(len(PAYLOAD_TYPE)).encode(), PAYLOAD_TYPE, str(len(body)).encode(), body]
    return b" ".join(parts)


def vector(name, draft, keys, recorded):
    commit, ids = seal(draft)
    body = rfc8785.dumps(commit)
    message = pre_authentication(body)
    signatures = [
        {"key": key.id, "sig": base64.b64encode(key.sign(message)).decode()} for key in keys
    ]
    signatures.sort(key=lambda signature: signature["key"])
    entry = {"commit": commit, "recorded": recorded, "signatures": signatures}
    line = rfc8785.dumps(entry)
    return {
        "name": name,
        "draft": draft,
        "seeds": [key.seed.hex() for key in keys],
        "recorded": recorded,
        "commit": body.hex(),
        "commit_id": sha256(body),
        "event_ids": ids,
        "message": message.hex(),
        "signatures": signatures,
        "line": line.hex(),
        "leaf": sha256(b"\x00" + line),
    }


def possession(origin, agent, key):
    """What a new key signs to show that its owner has it."""
    message = "\n".join(["grounds/v1/possession", origin, "agent/" + agent, key.id]).encode()
    return {
        "seed": key.seed.hex(),
        "origin": origin,
        "agent": agent,
        "message": message.hex(),
        "proof": base64.b64encode(key.sign(message)).decode(),
    }


def vectors():
    one, two, three = (Key(bytes([number]) * 32) for number in (1, 2, 3))
    rfc8032 = Key(bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"))
    keys = [one, two, three, rfc8032]
    anchor = {"root": sha256(b"a root that the author had seen"), "size": 41}
    cited = {
        "ledger": ORIGIN,
        "anchor": anchor,
        "author": "agent/first-curator",
        "at": "2026-03-09T19:58:00Z",
        "events": [
            {
                "subject": "artifact/toy-models-of-superposition",
                "seq": 1,
                "prev": None,
                "effective": "2022-09",
                "type": "artifact.registered",
                "data": {
                    "title": "Toy Models of Superposition",
                    "kind": "paper",
                    "label": "Elhage et al., 2022",
                    "year": 2022,
                    "url": "https://transformer-circuits.pub/2022/toy_model/index.html",
                    "community": "anthropic",
                },
            },
            {
                "subject": "claim/neurons-are-polysemantic",
                "seq": 7,
                "prev": sha256(b"the sixth event"),
                "effective": "2022-09-14",
                "type": "evidence.added",
                "data": {
                    "relation": "supports",
                    "artifact": "artifact/toy-models-of-superposition",
                    "strength": "0.84",
                    "passages": [{"label": "Figure 1", "confidence": "0.75", "page": "§ 2"}],
                    "note": "One line,\n\tanother: \"quoted\" \\ – مرحبا, 概念, 🧪 and e\u0301.",
                },
            },
            {
                "subject": "claim/neurons-are-polysemantic",
                "seq": 8,
                "prev": None,
                "type": "note.added",
                "data": {"text": "Follows the event before it.", "on": 7},
            },
        ],
    }
    note = {
        "ledger": "localhost:8080",
        "anchor": None,
        "author": "agent/a",
        "at": "0001-01-01T00:00:00Z",
        "events": [
            {
                "subject": "ledger",
                "seq": 1,
                "prev": None,
                "type": "note.added",
                "data": {"text": "/"},
            }
        ],
    }
    return {
        "about": "Made by tests/second/commit.py from plain data and docs/FORMAT.md; no code of the crate.",
        "keys": [
            {"seed": key.seed.hex(), "raw": key.raw.hex(), "public": key.public, "id": key.id}
            for key in keys
        ],
        "commits": [
            vector("three events, two streams, three signatures", cited, [three, one, two],
                   "2026-03-09T19:58:00.000123Z"),
            vector("the smallest", note, [rfc8032], "9999-12-31T23:59:59.999999Z"),
        ],
        "possession": [possession(ORIGIN, "first-curator", one)],
    }


def main():
    text = json.dumps(vectors(), indent=1, ensure_ascii=True, sort_keys=True) + "\n"
    if sys.argv[1:2] != ["--check"]:
        sys.stdout.write(text)
        return 0
    with open(sys.argv[2], encoding="utf-8") as file:
        kept = file.read()
    if kept == text:
        print(f"{sys.argv[2]}: the same, byte for byte")
        return 0
    print(f"{sys.argv[2]} differs from what tests/second/commit.py makes", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())

"""Reads a ledger's lines, from docs/FORMAT.md alone: what the scripts here compare answers with."""

import base64
import hashlib
import json
import pathlib


class Entry:
    def __init__(self, index, line):
        self.index = index
        self.line = line
        value = json.loads(line)
        self.commit = value["commit"]
        self.recorded = value["recorded"]
        self.signatures = value["signatures"]
        self.body = canonical(self.commit)
        if line != canonical(value):
            raise SystemExit(f"entry {index} is not canonical")

    @property
    def id(self):
        return hashlib.sha256(self.body).hexdigest()

    @property
    def leaf(self):
        return hashlib.sha256(b"\0" + self.line).hexdigest()

    def events(self):
        """The events, each with its id."""
        for event in self.commit["events"]:
            yield event_id(event, self.commit), event


def canonical(value):
    """RFC 8785, for what a ledger holds: no fractions, and no names beyond the first plane."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def event_id(event, commit):
    full = event | {name: commit[name] for name in ("at", "author", "ledger", "v")}
    return hashlib.sha256(canonical(full)).hexdigest()


def entries(ledger):
    files = sorted((pathlib.Path(ledger) / "events").glob("*.jsonl"))
    lines = b"".join(file.read_bytes() for file in files).splitlines()
    return [Entry(index, line) for index, line in enumerate(lines)]


def keys(entries):
    """The keys that a ledger registers, and its log's, each as OpenSSH writes it."""
    for entry in entries:
        for _, event in entry.events():
            data = event["data"]
            for agent in data.get("agents", []):
                yield from (key["key"] for key in agent["keys"])
            yield from (key["key"] for key in data.get("keys", []))
            if event["type"] == "agent.key_added":
                yield data["key"]
    yield log_key(entries)


def log_key(entries):
    """The log's key, which the genesis has as a C2SP vkey."""
    vkey = entries[0].commit["events"][0]["data"]["log_key"]
    return openssh(base64.b64decode(vkey.split("+", 2)[2])[1:])


def openssh(raw):
    """An Ed25519 key in OpenSSH's form: two strings, each after its length."""
    parts = [b"ssh-ed25519", raw]
    wire = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    return "ssh-ed25519 " + base64.b64encode(wire).decode()


def raw(key):
    """The 32 bytes of a key that OpenSSH wrote."""
    return base64.b64decode(key.split(" ")[1])[-32:]


def fingerprint(key):
    digest = hashlib.sha256(base64.b64decode(key.split(" ")[1])).digest()
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")

#!/usr/bin/env python3
"""Attests to a claim on a `grounds serve`, and believes nothing that it can check.

    pip install cryptography
    python3 client.py http://127.0.0.1:7878 --vkey VKEY --key bea.key --author bea \
        attest neurons-are-polysemantic --verdict verifies --weight 0.9 --version 1 -m "I reran it."

It asks the server to prepare the bytes, checks that they say what was asked for and nothing else,
signs them with an OpenSSH ed25519 key that never leaves this machine, submits them, and checks the
receipt: that the entry holds this commit and this signature, that it is in the log's Merkle tree,
and that the log's key has signed that tree. VKEY is the log's key as its operator hands it out;
taken from the server itself it would prove nothing.
"""

import argparse
import base64
import datetime
import hashlib
import json
import sys
import urllib.error
import urllib.request

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

PAYLOAD_TYPE = b"application/vnd.grounds.commit+json"
CLOCK_SKEW = datetime.timedelta(minutes=10)


class Wrong(Exception):
    """Something is not what it should be; nothing more is done."""


def expect(holds, message):
    if not holds:
        raise Wrong(message)


def canonical(value):
    """RFC 8785 for what a ledger holds: no fractions, names in ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def unbase64(text):
    return base64.b64decode(text, validate=True)


# --- what is spoken --------------------------------------------------------------------------


def ask(url, path, body=None):
    """An answer's bytes; a problem+json answer ends the run with its code."""
    headers = {"Content-Type": "application/json"} if body is not None else {}
    request = urllib.request.Request(url + path, data=body, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.read()
    except urllib.error.HTTPError as error:
        problem = json.loads(error.read())
        hint = f"\nhint: {problem['hint']}" if "hint" in problem else ""
        raise Wrong(f"{error.code} {problem['code']}: {problem['detail']}{hint}") from None


# --- what is signed --------------------------------------------------------------------------


def says_what_was_asked(commit_bytes, origin, author, event, head):
    """Reads the commit that the server prepared, as strictly as if an enemy had written it."""
    commit = json.loads(commit_bytes)
    expect(canonical(commit) == commit_bytes, "the prepared commit is not canonical JSON")
    events = commit.pop("events")
    at = datetime.datetime.strptime(commit.pop("at"), "%Y-%m-%dT%H:%M:%S%z")
    expect(abs(datetime.datetime.now(datetime.UTC) - at) < CLOCK_SKEW, f"its time is {at}")
    # A signature vouches for the history before it: only for one that the log itself has signed.
    expected = {"v": 1, "ledger": origin, "author": f"agent/{author}", "anchor": head}
    expect(commit == expected, f"the prepared commit says {commit}, expected {expected}")
    expect(len(events) == 1, f"it holds {len(events)} events, expected 1")
    place = {name: events[0].pop(name) for name in ("seq", "prev")}
    expect(isinstance(place["seq"], int) and place["seq"] > 1, f"it stands at {place}")
    expect(events[0] == event, f"the prepared event says {events[0]}, expected {event}")


def pre_authentication(payload_type, body):
    """DSSE, version 1: what Ed25519 signs."""
    parts = (b"DSSEv1", b"%d" % len(payload_type), payload_type, b"%d" % len(body), body)
    return b" ".join(parts)


def key_id(public):
    """SHA256:…, as `ssh-keygen -l` prints it."""
    line = public.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    digest = hashlib.sha256(base64.b64decode(line.split()[1])).digest()
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


def private_key(path):
    with open(path, "rb") as file:
        key = serialization.load_ssh_private_key(file.read(), password=None)
    expect(isinstance(key, Ed25519PrivateKey), f"{path} is no ed25519 key")
    return key


# --- what is proved (C2SP signed-note, tlog-checkpoint, tlog-proof; RFC 6962) ------------------


class LogKey:
    """A vkey: name+8 hexadecimal digits+base64 of 0x01 and an Ed25519 public key."""

    def __init__(self, vkey):
        self.name, key_hash, key = vkey.split("+", 2)
        key = unbase64(key)
        digest = hashlib.sha256(self.name.encode() + b"\n" + key).digest()
        expect(key[0] == 1 and len(key) == 33 and digest[:4].hex() == key_hash, "this is no vkey")
        self.hash, self.key = digest[:4], Ed25519PublicKey.from_public_bytes(key[1:])

    def open(self, note):
        """The size and the root of a checkpoint that this key has signed."""
        text, _, signatures = note.rpartition("\n\n")
        text += "\n"
        for line in signatures.splitlines():
            dash, name, signature = line.split(" ")
            signature = unbase64(signature)
            if (dash, name, signature[:4]) != ("\N{EM DASH}", self.name, self.hash):
                continue  # a witness's
            self.key.verify(signature[4:], text.encode())
            origin, size, root, *_ = text.splitlines()
            expect(origin == self.name, f"the checkpoint is of {origin}")
            return int(size), unbase64(root)
        raise Wrong(f"the checkpoint has no signature by {self.name}")


def root_of(leaf, index, size, path):
    """The root that a leaf's inclusion path leads to: RFC 9162, section 2.1.3.2."""
    expect(index < size, f"entry {index} is beyond a tree of {size}")
    here, last = index, size - 1
    for sibling in path:
        expect(last > 0, "the path is too long")
        if here % 2 or here == last:
            leaf = hashlib.sha256(b"\x01" + sibling + leaf).digest()
            while here % 2 == 0 and here:
                here, last = here >> 1, last >> 1
        else:
            leaf = hashlib.sha256(b"\x01" + leaf + sibling).digest()
        here, last = here >> 1, last >> 1
    expect(last == 0, "the path is too short")
    return leaf


def is_recorded(receipt, signed, log):
    """Checks a receipt against what was submitted; gives the size of the head that proves it."""
    entry = receipt["entry"].encode()
    value = json.loads(entry)
    recorded = value.pop("recorded")
    expect(canonical(value) == signed, "the entry holds another commit, or another signature")
    expect(canonical(value | {"recorded": recorded}) == entry, "the entry is not canonical JSON")
    head, _, checkpoint = receipt["proof"].partition("\n\n")
    title, index, *path = head.splitlines()
    expect(title == "c2sp.org/tlog-proof@v1", "the proof is of another kind")
    expect(index == f"index {receipt['index']}", f"the proof is of {index}")
    size, root = log.open(checkpoint)
    leaf = hashlib.sha256(b"\x00" + entry).digest()
    found = root_of(leaf, receipt["index"], size, [unbase64(line) for line in path])
    expect(found == root, "the proof does not lead to the root that the log has signed")
    return size


# --- the attestation ---------------------------------------------------------------------------


def signed_head(url, log):
    """The newest head, as an anchor has it."""
    size, root = log.open(ask(url, "/checkpoint").decode())
    return {"size": size, "root": root.hex()}


def prepared(url, log, author, event):
    """The bytes of the commit, looked through; again where a newer head came in between."""
    for _ in range(5):
        asked = {"author": author, "events": [event]}
        answer = json.loads(ask(url, "/api/v1/prepare", canonical(asked)))
        commit = unbase64(answer["commit"]["base64"])
        head = signed_head(url, log)
        if json.loads(commit)["anchor"] == head:
            says_what_was_asked(commit, log.name, author, event, head)
            return commit
    raise Wrong("the prepared commit stands on no head that the log has signed")


def attest(url, log, key, author, event):
    commit = prepared(url, log, author, event)
    signature = base64.b64encode(key.sign(pre_authentication(PAYLOAD_TYPE, commit))).decode()
    signatures = [{"key": key_id(key.public_key()), "sig": signature}]
    signed = canonical({"commit": json.loads(commit), "signatures": signatures})
    receipt = json.loads(ask(url, "/api/v1/commits", signed))
    return receipt, is_recorded(receipt, signed, log)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("url")
    parser.add_argument("--vkey", required=True, help="the log's key, from somewhere you trust")
    parser.add_argument("--key", required=True, help="an OpenSSH ed25519 private key")
    parser.add_argument("--author", required=True, help="the agent whose key it is")
    parser.add_argument("--receipt", help="write the receipt to this file")
    act = parser.add_subparsers(dest="act", required=True).add_parser("attest")
    act.add_argument("claim")
    act.add_argument("--verdict", required=True, help="verifies, disputes, …")
    act.add_argument("--weight", required=True, help="0 to 1, as a decimal: 0.9")
    act.add_argument("--version", type=int, required=True, help="the version that you saw")
    act.add_argument("-m", "--comment")
    asked = parser.parse_args()
    data = {"verdict": asked.verdict, "weight": asked.weight, "version": asked.version}
    if asked.comment:
        data["comment"] = asked.comment
    event = {"subject": f"claim/{asked.claim}", "type": "attestation.made", "data": data}
    try:
        url, log = asked.url.rstrip("/"), LogKey(asked.vkey)
        receipt, size = attest(url, log, private_key(asked.key), asked.author, event)
    except (Wrong, InvalidSignature, OSError, ValueError, KeyError) as error:
        sys.exit(f"error: {error or 'a signature does not hold'}")
    if asked.receipt:
        with open(asked.receipt, "wb") as file:
            file.write(canonical(receipt) + b"\n")
    print(f"recorded as @{receipt['index']}, proved at a signed head of {size} entries")


if __name__ == "__main__":
    main()

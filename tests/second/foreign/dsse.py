"""Shows commits as `grounds export dsse` writes them, and tampered ones, to securesystemslib.

    python dsse.py GROUNDS LEDGER...
"""

import base64
import json
import subprocess
import sys

from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey

import entries
import shown

TYPE = "application/vnd.grounds.commit+json"


def main():
    library = shown.Verifier("securesystemslib")
    for ledger in sys.argv[2:]:
        lines = entries.entries(ledger)
        keys = [sslib(key) for key in entries.keys(lines)]
        exported = subprocess.run(
            [sys.argv[1], "--ledger", ledger, "export", "dsse"], check=True, capture_output=True
        ).stdout.splitlines()
        if len(exported) != len(lines):
            raise SystemExit(f"{ledger}: {len(exported)} envelopes of {len(lines)} entries")
        for line, entry in zip(exported, lines):
            is_of(json.loads(line), entry)
            library.takes(f"entry {entry.index}", verify(line, keys))
            tampered(library, line, entry, keys)
        print(f"{ledger}: {len(lines)} commits, signed by {len(keys)} keys")
    print(library.summary())


def sslib(key):
    return SSlibKey(entries.fingerprint(key), "ed25519", "ed25519", {"public": entries.raw(key).hex()})


def is_of(envelope, entry):
    """The envelope says what the line says: no other bytes, no signature more or less."""
    expected = {
        "payload": base64.b64encode(entry.body).decode(),
        "payloadType": TYPE,
        "signatures": [{"keyid": each["key"], "sig": each["sig"]} for each in entry.signatures],
    }
    if envelope != expected:
        raise SystemExit(f"entry {entry.index}: the envelope is not of its line")


def verify(line, keys, threshold=None):
    """All signatures count, unless it is said how many."""
    try:
        envelope = Envelope.from_dict(json.loads(line))
        accepted = envelope.verify(keys, threshold or len(envelope.signatures))
    except (VerificationError, ValueError) as refusal:
        return False, f"{type(refusal).__name__}: {refusal}"
    return True, f"{len(accepted)} signatures"


def tampered(library, line, entry, keys):
    def refuses(what, change, with_keys=keys, threshold=None):
        envelope = json.loads(line)
        change(envelope)
        answer = verify(json.dumps(envelope), with_keys, threshold)
        library.refuses(f"entry {entry.index} with {what}", answer, ["do not match threshold"])

    def set_to(name, value):
        return lambda envelope: envelope.update({name: value})

    other = entry.body.replace(b'"v":1}', b'"v":2}')
    refuses("another payload", set_to("payload", base64.b64encode(other).decode()))
    refuses("another payload type", set_to("payloadType", TYPE + "x"))
    refuses("no payload", set_to("payload", ""))
    for index, signature in enumerate(entry.signatures):
        for at in (0, 40):
            sig = base64.b64encode(shown.flip(at)(base64.b64decode(signature["sig"]))).decode()
            refuses("a flipped bit in a signature", lambda envelope: envelope["signatures"][index].update(sig=sig))
        strangers = [key for key in keys if key.keyid != signature["key"]]
        stand_in = SSlibKey(signature["key"], "ed25519", "ed25519", dict(strangers[0].keyval))
        refuses("another key of that id", lambda _: None, strangers + [stand_in])
        refuses(
            "a signature too few",
            lambda envelope: envelope["signatures"].pop(index),
            threshold=len(entry.signatures),
        )


if __name__ == "__main__":
    main()

"""What witness.py needs: a witness of two makes, the tree of RFC 6962, and a cosignature's bytes."""

import base64
import contextlib
import hashlib
import http.client
import json
import pathlib
import struct
import subprocess
import sys
import urllib.parse

from aics_tlog import parse_note, parse_vkey, verify_checkpoint
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


class Witness:
    """A program that serves C2SP tlog-witness on a free port of this machine."""

    @contextlib.contextmanager
    def serving(self):
        with subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:
            try:
                said = []
                for line in server.stdout:
                    said.append(line)
                    if "http://" in line:
                        self.url = "http://" + line.split("http://")[1].split()[0]
                        break
                else:
                    raise SystemExit(f"{self.command} does not start: " + "".join(said))
                yield self
            finally:
                server.terminate()
                server.communicate()

    def asked(self, method, path, body=None):
        where = urllib.parse.urlsplit(self.url)
        connection = http.client.HTTPConnection(where.hostname, where.port, timeout=30)
        connection.request(method, where.path + path, body)
        answer = connection.getresponse()
        found = answer.status, answer.getheader("Content-Type"), answer.read()
        connection.close()
        return found

    def add_checkpoint(self, old, proof, note):
        lines = [f"old {old}"] + [base64.b64encode(each).decode() for each in proof]
        return self.asked("POST", "/add-checkpoint", ("\n".join(lines) + "\n\n").encode() + note)

    def monitored(self, origin):
        return self.asked("GET", f"/{hashlib.sha256(origin.encode()).hexdigest()}/checkpoint")


class Aics(Witness):
    """aics-witness, with its state in a folder."""

    name = "witness.example/w1"

    def __init__(self, folder, vkey):
        self.bin = str(pathlib.Path(sys.executable).parent / "aics-witness")
        self.config = str(folder / "witness.json")
        self.vkey = self.does("init", "--name", self.name, "--listen", "127.0.0.1:0").strip()
        self.does("add-log", "--origin", vkey.split("+")[0], "--vkey", vkey)
        self.command = [self.bin, "serve", "--config", self.config]

    def does(self, verb, *words):
        command = [self.bin, verb, "--config", self.config, *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def evidence(self):
        return self.does("evidence")


class Ours(Witness):
    """grounds witness, the same."""

    name = "witness.example/w2"

    def __init__(self, grounds, folder, vkey):
        self.bin, self.folder = grounds, str(folder / "w2")
        self.vkey = json.loads(self.does("init", "--name", self.name, "--json"))["vkey"]
        self.does("add", vkey)
        self.command = [grounds, "witness", "serve", self.folder, "--listen", "127.0.0.1:0"]

    def does(self, verb, *words):
        command = [self.bin, "witness", verb, self.folder, *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def evidence(self):
        kept = json.loads(self.does("evidence", "--json"))["evidence"]
        return "".join(pathlib.Path(file).read_text() for each in kept for file in each["files"])


def leaves(ledger):
    """The leaf hashes that the tiles of level 0 hold, whole ones first and then the last."""
    folder = ledger / "tile/0"
    whole = sorted(path for path in folder.iterdir() if path.is_file())
    partial = folder / f"{len(whole):03}.p"
    widest = sorted(partial.iterdir(), key=lambda path: int(path.name))[-1:] if partial.exists() else []
    data = b"".join(path.read_bytes() for path in whole + widest)
    return [data[at : at + 32] for at in range(0, len(data), 32)]


def root(hashes):
    if len(hashes) == 1:
        return hashes[0]
    half = split(len(hashes))
    return hashlib.sha256(b"\1" + root(hashes[:half]) + root(hashes[half:])).digest()


def split(size):
    """The largest power of two below the size."""
    return 1 << ((size - 1).bit_length() - 1)


def consistency(old, hashes, is_old_root_known=True):
    """RFC 6962, 2.1.2: SUBPROOF(m, D[n], b)."""
    if old == len(hashes):
        return [] if is_old_root_known else [root(hashes)]
    half = split(len(hashes))
    if old <= half:
        return consistency(old, hashes[:half], is_old_root_known) + [root(hashes[half:])]
    return consistency(old - half, hashes[half:], False) + [root(hashes[:half])]


def proved(grounds, made, old, new):
    """The same by the program, from its tiles."""
    words = ["prove", "--from", made / "heads" / str(old), "--to", made / "heads" / str(new)]
    command = [grounds, "--ledger", made / "long", *words]
    proof = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return [bytes.fromhex(text) for text in proof["path"]]


def cosigned(answer, note, log_vkey, witness_vkey):
    """Is the note, with the line that came back, one that the witness cosigned?"""
    status, _, line = answer
    if status != 200:
        return False, f"{status} {line}"
    whole = note + line
    keys = parse_vkey(log_vkey), [parse_vkey(witness_vkey)]
    by_aics = verify_checkpoint(parse_note(whole), *keys, quorum=1, max_age_seconds=600)
    if not by_aics.ok:
        return False, by_aics.error
    return by_ed25519(line, note, witness_vkey)


def by_ed25519(line, note, witness_vkey):
    """cosignature/v1 from its specification: the time, then a signature over it and the note's text."""
    name, _, key = witness_vkey.split("+", 2)
    dash, signer, blob = line.decode().strip().split(" ")
    blob = base64.b64decode(blob, validate=True)
    key = base64.b64decode(key)
    if (dash, signer, len(blob), key[0]) != ("\u2014", name, 76, 4):
        return False, "not a cosignature line of this witness"
    if blob[:4] != hashlib.sha256(name.encode() + b"\n" + key).digest()[:4]:
        return False, "another key's id"
    time = struct.unpack(">Q", blob[4:12])[0]
    text = note.rsplit(b"\n\n", 1)[0] + b"\n"
    try:
        Ed25519PublicKey.from_public_bytes(key[1:]).verify(blob[12:], b"cosignature/v1\ntime %d\n%s" % (time, text))
    except InvalidSignature:
        return False, "the signature does not hold"
    return True, f"cosigned at {time}"

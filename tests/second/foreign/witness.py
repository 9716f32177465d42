"""Shows a log's heads, honest and not, to `aics-witness`, a C2SP witness from PyPI, on this machine.

    python witness.py GROUNDS LEDGERS REFERENCE

LEDGERS is what ledgers.sh made, REFERENCE a ledger of another origin. The requests are made here,
from the bytes of the specification (https://c2sp.org/tlog-witness); what comes back is checked by
aics-tlog, and by Ed25519 alone.
"""

import base64
import contextlib
import hashlib
import http.client
import json
import pathlib
import shutil
import struct
import subprocess
import sys
import urllib.parse

from aics_tlog import parse_checkpoint, parse_note, parse_vkey, verify_checkpoint
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

import shown

NAME = "witness.example/w1"


class Witness:
    """The program of aics-witness, on a free port, with its state in a folder."""

    def __init__(self, folder, logs):
        self.bin = str(pathlib.Path(sys.executable).parent / "aics-witness")
        self.config = str(folder / "witness.json")
        self.vkey = self.does("init", "--name", NAME, "--listen", "127.0.0.1:0").strip()
        for origin, vkey in logs:
            self.does("add-log", "--origin", origin, "--vkey", vkey)

    def does(self, verb, *words):
        command = [self.bin, verb, "--config", self.config, *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    @contextlib.contextmanager
    def serving(self):
        command = [self.bin, "serve", "--config", self.config]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
            try:
                said = []
                for line in server.stderr:
                    said.append(line)
                    if "listening on http://" in line:
                        self.url = line.split("listening on ")[1].split()[0]
                        break
                else:
                    raise SystemExit("aics-witness does not start: " + "".join(said))
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


def answered(answer, status):
    """Refused with this status: 404, 403, 400, 409 or 422."""
    return answer[0] == 200, f"{answer[0]} {answer[2][:80]}" if answer[0] != status else f"as expected, {status}"


def no_line(aics, line, heads, vkey, witness_vkey):
    """What came back for one head is refused on another, and with one bit changed, by both readers."""
    blob = base64.b64decode(line.split()[-1])
    flipped = b"\xe2\x80\x94 %s %s\n" % (NAME.encode(), base64.b64encode(shown.flip(20)(blob)))
    later = b"\xe2\x80\x94 %s %s\n" % (NAME.encode(), base64.b64encode(shown.flip(11)(blob)))
    for what, tampered, size in [
        ("of another head", line, 302),
        ("flipped", flipped, 257),
        ("of another time", later, 257),
    ]:
        answer = cosigned((200, None, tampered), heads[size], vkey, witness_vkey)
        aics.refuses(f"a line that is {what}", answer, ["failed verification"])
        aics.refuses(f"a line that is {what}", by_ed25519(tampered, heads[size], witness_vkey), ["does not hold"])


def ours_takes(grounds, made, vkey, witness_vkey, line, older_line):
    """The program holds the ledger, and a proof from it, against a policy that names this witness."""
    program = shown.Verifier("grounds")
    ledger = shown.copy(made / "long", made / "cosigned")
    policy, proof = made / "policy", made / "cosigned-proof"
    policy.write_text(f"log {vkey}\nwitness w1 {witness_vkey}\nquorum w1\n")
    uncosigned = made / "proofs/1302-1301"

    def says(*words):
        ran = subprocess.run([grounds, *map(str, words)], capture_output=True, text=True)
        return ran.returncode == 0, f"exit {ran.returncode}: {ran.stdout}{ran.stderr}"

    def verify():
        return says("--ledger", ledger, "verify", "--vkey", vkey, "--policy", policy, "--max-age", "10m")

    def check():
        return says("check", proof, "--entry", "@1301", "--vkey", vkey, "--policy", policy)

    def both(change):
        """The same change to the head of the ledger and of the proof."""
        proof.write_bytes(change(uncosigned.read_bytes()))
        with shown.changed(ledger / "checkpoint", change):
            return [("the ledger", verify()), ("the proof", check())]

    flipped = base64.b64encode(shown.flip(30)(base64.b64decode(line.split()[-1])))
    for what, answer in both(lambda note: note + line):
        program.takes(f"{what}, cosigned", answer)
    for what, lines, because in [
        ("with a flipped line", line.replace(line.split()[-1], flipped), ["exit 1", "exit 3"]),
        ("with the line of another head", older_line, ["exit 1", "exit 3"]),
        ("with the line twice", line + line, ["exit 1", "exit 3"]),
    ]:
        for which, answer in both(lambda note: note + lines):
            program.refuses(f"{which} {what}", answer, because)
    program.refuses("a ledger that nobody cosigned", verify(), ["exit 7"])
    proof.write_bytes(uncosigned.read_bytes())
    program.refuses("a proof that nobody cosigned", check(), ["exit 7"])
    print(program.summary())


def main():
    made, reference = pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    vkey = (made / "vkey").read_text().strip()
    origin = vkey.split("+")[0]
    heads = {int(path.name): path.read_bytes() for path in shown.numbered(made / "heads")}
    forks = {int(path.name): path.read_bytes() for path in shown.numbered(made / "forks")}
    ours, other = leaves(made / "long"), leaves(made / "forked")
    for size, note in heads.items():
        if parse_checkpoint(parse_note(note).text).root != root(ours[:size]):
            raise SystemExit(f"the tiles do not have the root of {size}")

    folder = made / "witness"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    aics = shown.Verifier("aics-witness")
    with Witness(folder, [(origin, vkey)]).serving() as witness:

        def asks(old, new, proof=None):
            if proof is None:
                proof = consistency(old, ours[:new]) if old else []
                if old and proof != proved(sys.argv[1], made, old, new):
                    raise SystemExit(f"the program proves the growth from {old} to {new} by another path")
            return witness.add_checkpoint(old, proof, heads[new])

        def refuses(what, answer, status):
            aics.refuses(what, answered(answer, status), ["as expected"])

        first = asks(0, 257)
        print("the first head:", aics.takes("the first head", cosigned(first, heads[257], vkey, witness.vkey)))
        refuses("a stale size", asks(0, 700), 409)
        stale = asks(256, 700)
        if stale[1:] != ("text/x.tlog.size", b"257\n"):
            raise SystemExit(f"a stale size is answered by {stale}")
        for old, new in [(257, 257), (257, 302), (302, 512), (512, 700)]:
            aics.takes(f"{old} to {new}", cosigned(asks(old, new), heads[new], vkey, witness.vkey))

        refuses("a rolled-back head", asks(700, 512, []), 400)
        refuses("a rolled-back head that is asked as if nothing was", asks(302, 512), 409)
        proof = consistency(700, ours)
        for at in range(len(proof)):
            tampered = proof[:at] + [shown.flip(at)(proof[at])] + proof[at + 1 :]
            refuses("a flipped bit in a proof", asks(700, 1302, tampered), 422)
        refuses("a proof without its last hash", asks(700, 1302, proof[:-1]), 422)
        refuses("no proof", asks(700, 1302, []), 422)
        forked = consistency(700, other), consistency(700, ours[:900])
        refuses("a forked head", witness.add_checkpoint(700, forked[0], forks[900]), 422)
        refuses("a forked head with our proof", witness.add_checkpoint(700, forked[1], forks[900]), 422)
        unsigned = shown.replace(b"\n1302\n", b"\n1301\n")(heads[1302])
        refuses("a head that its signature is not of", witness.add_checkpoint(700, proof, unsigned), 403)
        stranger = (reference / "checkpoint").read_bytes()
        refuses("a log that it does not know", witness.add_checkpoint(0, [], stranger), 404)

        last = asks(700, 1302)
        aics.takes("700 to 1302", cosigned(last, heads[1302], vkey, witness.vkey))
        no_line(aics, first[2], heads, vkey, witness.vkey)
        ours_takes(sys.argv[1], made, vkey, witness.vkey, last[2], first[2])
        status, _, note = witness.monitored(origin)
        text = heads[1302].rsplit(b"\n\n", 1)[0]
        if status != 200 or note.rsplit(b"\n\n", 1)[0] != text:
            raise SystemExit(f"it shows another head than it cosigned last: {note}")
        evidence = witness.does("evidence", "--origin", origin)
        if forks[900].split(b"\n")[2].decode() not in evidence:
            raise SystemExit("it keeps no evidence of the forked head")
    print(aics.summary())


if __name__ == "__main__":
    main()

"""Shows a log's heads, honest and not, to two C2SP witnesses on this machine: `aics-witness` of PyPI
and `grounds witness`. To every request both must give the same kind of answer.

    python witness.py GROUNDS LEDGERS REFERENCE

LEDGERS is what ledgers.sh made, REFERENCE a ledger of another origin. The requests are made here,
from the bytes of the specification (https://c2sp.org/tlog-witness), then by the client of
aics-witness, and by `grounds witness ask`; what comes back is checked by aics-tlog, by Ed25519 alone,
and by `grounds verify` and `check`.
"""

import base64
import logging
import os
import pathlib
import shutil
import subprocess
import sys

from aics_tlog import parse_checkpoint, parse_note
from aics_witness.feeder import WitnessAhead, WitnessClient, WitnessRejected

import cosigning
import entries
import shown
import tlog
from cosigning import by_ed25519, consistency, cosigned, leaves, proved, root


def main():
    grounds, made, reference = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    log = Log(grounds, made, (reference / "checkpoint").read_bytes())
    folder = made / "witnesses"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    with cosigning.Aics(folder, log.vkey).serving() as witness:
        aics = shown.Verifier("aics-witness")
        first, last = log.shown_to(aics, witness)
        ours_takes(grounds, made, log.vkey, witness.vkey, last, first)
        print(aics.summary())
    with cosigning.Ours(grounds, folder, log.vkey).serving() as witness:
        ours = shown.Verifier("grounds witness")
        log.shown_to(ours, witness)
        print(ours.summary())
    (folder / "again").mkdir()
    with cosigning.Ours(grounds, folder / "again", log.vkey).serving() as witness:
        log.fed_to(witness)
    asked(grounds, made)


class Log:
    """The long ledger's heads and leaves, and those of its fork."""

    def __init__(self, grounds, made, stranger):
        self.grounds, self.made, self.stranger = grounds, made, stranger
        self.vkey = (made / "vkey").read_text().strip()
        self.origin = self.vkey.split("+")[0]
        self.heads = {int(path.name): path.read_bytes() for path in shown.numbered(made / "heads")}
        self.forks = {int(path.name): path.read_bytes() for path in shown.numbered(made / "forks")}
        self.leaves, self.others = leaves(made / "long"), leaves(made / "forked")
        for size, note in self.heads.items():
            if parse_checkpoint(parse_note(note).text).root != root(self.leaves[:size]):
                raise SystemExit(f"the tiles do not have the root of {size}")

    def proof(self, old, new):
        if not old:
            return []
        proof = consistency(old, self.leaves[:new])
        if proof != proved(self.grounds, self.made, old, new):
            raise SystemExit(f"the program proves the growth from {old} to {new} by another path")
        return proof

    def shown_to(self, verifier, witness):
        """The lines that the witness gave for the first and for the last head."""

        def asks(old, new, proof=None):
            return witness.add_checkpoint(old, self.proof(old, new) if proof is None else proof, self.heads[new])

        def takes(old, new):
            answer = asks(old, new)
            verifier.takes(f"{old} to {new}", cosigned(answer, self.heads[new], self.vkey, witness.vkey))
            return answer[2]

        def refuses(what, answer, status):
            verifier.refuses(what, answered(answer, status), ["as expected"])

        first = takes(0, 257)
        refuses("a stale size", asks(0, 700), 409)
        stale = asks(256, 700)
        if stale[1:] != ("text/x.tlog.size", b"257\n"):
            raise SystemExit(f"{verifier.name} answers a stale size by {stale}")
        for old, new in [(257, 257), (257, 302), (302, 512), (512, 700)]:
            takes(old, new)

        refuses("a rolled-back head", asks(700, 512, []), 400)
        refuses("a rolled-back head that is asked as if nothing was", asks(302, 512), 409)
        proof = self.proof(700, 1302)
        for at in range(len(proof)):
            tampered = proof[:at] + [shown.flip(at)(proof[at])] + proof[at + 1 :]
            refuses("a flipped bit in a proof", asks(700, 1302, tampered), 422)
        refuses("a proof without its last hash", asks(700, 1302, proof[:-1]), 422)
        refuses("a hash too many", asks(700, 1302, proof + proof[:1]), 422)
        refuses("no proof", asks(700, 1302, []), 422)
        for path in [consistency(700, self.others), consistency(700, self.leaves[:900])]:
            refuses("a forked head", witness.add_checkpoint(700, path, self.forks[900]), 422)
        unsigned = shown.replace(b"\n1302\n", b"\n1301\n")(self.heads[1302])
        refuses("a head that its signature is not of", witness.add_checkpoint(700, proof, unsigned), 403)
        refuses("a log that it does not know", witness.add_checkpoint(0, [], self.stranger), 404)
        refuses("what is no request", witness.asked("POST", "/add-checkpoint", b"new 700\n\n" + self.heads[1302]), 400)

        last = takes(700, 1302)
        no_line(verifier, first, self.heads, self.vkey, witness)
        status, _, note = witness.monitored(self.origin)
        if status != 200 or note.rsplit(b"\n\n", 1)[0] != self.heads[1302].rsplit(b"\n\n", 1)[0]:
            raise SystemExit(f"{verifier.name} shows another head than it cosigned last: {note}")
        if self.forks[900].split(b"\n")[2].decode() not in witness.evidence():
            raise SystemExit(f"{verifier.name} keeps no evidence of the forked head")
        return first, last

    def fed_to(self, witness):
        """The same by the client of aics-witness, which learns the size from a 409."""
        client = shown.Verifier("the client of aics-witness")
        for size in [2, 302, 1302]:
            with WitnessClient(witness.url, witness.vkey) as feeder:
                line = feeder.submit(self.heads[size], self.proof).encode()
            client.takes(f"the head of {size}", cosigned((200, None, line), self.heads[size], self.vkey, witness.vkey))
        for what, note, leaves in [
            ("a rolled-back head", self.heads[700], self.leaves),
            ("a forked head", self.forks[900], self.others),
        ]:
            client.refuses(what, fed(witness, note, leaves), ["WitnessAhead"])
        print(client.summary())


def fed(witness, note, leaves):
    logging.disable()  # the client says on its own what it found
    with WitnessClient(witness.url, witness.vkey) as feeder:
        try:
            return True, feeder.submit(note, lambda old, new: consistency(old, leaves[:new]) if old else [])
        except (WitnessAhead, WitnessRejected) as refusal:
            return False, f"{type(refusal).__name__}: {refusal}"


def answered(answer, status):
    """Refused with this status: 404, 403, 400, 409 or 422."""
    return answer[0] == 200, f"{answer[0]} {answer[2][:80]}" if answer[0] != status else f"as expected, {status}"


def no_line(verifier, line, heads, vkey, witness):
    """What came back for one head is refused on another, and with one bit changed, by both readers."""
    blob = base64.b64decode(line.split()[-1])
    flipped = b"\xe2\x80\x94 %s %s\n" % (witness.name.encode(), base64.b64encode(shown.flip(20)(blob)))
    later = b"\xe2\x80\x94 %s %s\n" % (witness.name.encode(), base64.b64encode(shown.flip(11)(blob)))
    for what, tampered, size in [
        ("of another head", line, 302),
        ("flipped", flipped, 257),
        ("of another time", later, 257),
    ]:
        answer = cosigned((200, None, tampered), heads[size], vkey, witness.vkey)
        verifier.refuses(f"a line that is {what}", answer, ["failed verification"])
        verifier.refuses(f"a line that is {what}", by_ed25519(tampered, heads[size], witness.vkey), ["does not hold"])


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


class Desk:
    """A ledger with its keys, and the program on it."""

    def __init__(self, grounds, folder):
        self.grounds, self.folder = grounds, folder
        self.ledger = folder / "ledger"

    def copy(self, to):
        shutil.rmtree(to, ignore_errors=True)
        shutil.copytree(self.folder, to)
        return Desk(self.grounds, to)

    def says(self, *words):
        home = {"GROUNDS_CONFIG": str(self.folder / "config"), "GROUNDS_CACHE": str(self.folder / "cache")}
        command = [self.grounds, "--ledger", self.ledger, *words]
        ran = subprocess.run(command, env=os.environ | home, capture_output=True, text=True)
        return ran.returncode == 0, f"exit {ran.returncode}: {ran.stdout}{ran.stderr}"


def asked(grounds, made):
    """`grounds witness ask`, and every act after it, asks aics-witness and keeps what it gave."""
    folder = made / "asked"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    shutil.copytree(made / "config", folder / "mine/config")
    desk = Desk(grounds, folder / "mine")
    shown.copy(made / "claims", desk.ledger)
    vkey = entries.entries(desk.ledger)[0].commit["events"][0]["data"]["log_key"]
    program, reader = shown.Verifier("grounds witness ask"), folder / "policy"

    def verify(of):
        return of.says("verify", "--vkey", vkey, "--policy", reader, "--max-age", "10m")

    def both(what, of):
        program.takes(f"{what}, by grounds", verify(of))
        where = ["--tiles", of.ledger, "--log-key", vkey]
        by = ["--witness-key", witness.vkey, "--quorum", 1, "--max-age", 600]
        program.takes(f"{what}, by aics-tlog", tlog.command("verify-checkpoint", *where, *by))

    with cosigning.Aics(folder, vkey).serving() as witness:
        reader.write_text(f"log {vkey}\nwitness w1 {witness.vkey}\nquorum w1\n")
        policy = desk.ledger / "policy"
        policy.write_text(f"log {vkey}\nwitness w1 {witness.vkey} {witness.url}\nquorum w1\n")
        program.refuses("a head that nobody was asked about", verify(desk), ["exit 7"])
        program.takes("the head", desk.says("witness", "ask"))
        both("the cosigned head", desk)
        back, fork = desk.copy(folder / "back"), desk.copy(folder / "fork")

        program.takes("an act", desk.says("note", "rain", "-m", "The witness is asked after this."))
        both("the head after it", desk)
        program.refuses("an older copy", back.says("witness", "ask"), ["exit 7", "older"])
        for text in ["One history.", "Another one."]:
            fork.says("note", "rain", "-m", text)
        program.refuses("another history", fork.says("witness", "ask"), ["exit 7"])
        program.refuses("another history, by its reader", verify(fork), ["exit 7"])
        other = shown.replace(witness.vkey.encode(), stranger(folder, vkey).encode())
        with shown.changed(policy, other):
            program.refuses("a policy with another witness's key", desk.says("witness", "ask"), ["exit 7"])
    program.refuses("a witness that is gone", desk.says("witness", "ask"), ["exit 7"])
    print(program.summary())


def stranger(folder, vkey):
    """The key of a witness of the same name that nobody runs."""
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    return cosigning.Aics(elsewhere, vkey).vkey


if __name__ == "__main__":
    main()

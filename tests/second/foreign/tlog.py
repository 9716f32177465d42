"""Shows ledgers and tampered copies of them to `aics-tlog`, a client of C2SP tlog-tiles from PyPI.

    python tlog.py LEDGERS REFERENCE VKEY README

LEDGERS is what ledgers.sh made, REFERENCE a ledger with one head, VKEY its key. Everything goes
through the commands that a reader would type; they are called in this process to save the starts,
but for those that stand in README, which a shell runs.
"""

import base64
import contextlib
import functools
import http.server
import io
import json
import os
import pathlib
import re
import subprocess
import sys
import threading

from aics_tlog import FileSystemTileReader, audit_tiles, parse_checkpoint, parse_note
from aics_tlog.cli import main as aics_tlog

import shown

SIGNED = ["failed verification", "no tile source served a checkpoint that verifies"]
TILE = ["does not match", "do not match"]


def command(*words):
    """One command of aics-tlog: it prints one JSON object and exits 0 or 1."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        status = aics_tlog([str(word) for word in words])
    said = json.loads(printed.getvalue())
    if status not in (0, 1) or said["ok"] != (status == 0):
        raise SystemExit(f"aics-tlog {words[0]} breaks off with {status}: {said}")
    return status == 0, said.get("error", f"{words[0]} {said.get('size', said.get('new_size'))}")


def audit(folder, head):
    """The library's own walk over every tile and every bundle of a head."""
    checkpoint = parse_checkpoint(parse_note(head.read_bytes()).text)
    try:
        report = audit_tiles(FileSystemTileReader(folder), checkpoint.size, checkpoint.root)
    except (OSError, ValueError) as refusal:
        return False, str(refusal)
    return True, f"{report.tiles} tiles and {report.bundles} bundles of the head of {report.size}"


def audits(folder, heads):
    """The first refusal, else the last answer."""
    answers = [audit(folder, head) for head in heads]
    return next((answer for answer in answers if not answer[0]), answers[-1])


class Log:
    """A folder or URL, the key that its reader has, and the commands about it."""

    def __init__(self, tiles, vkey):
        self.where = ["--tiles", tiles, "--log-key", vkey, "--origin", vkey.split("+")[0]]

    def head(self, *more):
        return command("verify-checkpoint", *self.where, *more)

    def includes(self, index, lines, line=None, head=None):
        at = ["--checkpoint", head] if head else []
        leaf = ["--leaves-file", lines, "--leaf-line", (index if line is None else line) + 1]
        return command("verify-inclusion", *self.where, *at, *leaf, "--index", index)

    def serves(self, index):
        """The same, for the line that the entry bundle has."""
        return command("verify-inclusion", *self.where, "--index", index)

    def extends(self, head):
        return command("verify-consistency", *self.where, "--old-checkpoint", head)


def proof_file(proof, vkey, lines, index, scratch):
    """A .tlog-proof by the command that takes the path and the head as two files."""
    top, head = proof.split(b"\n\n", 1)
    (scratch / "path").write_bytes(b"\n".join(top.split(b"\n")[3:]))
    (scratch / "head").write_bytes(head)
    leaf = ["--leaves-file", lines, "--leaf-line", index + 1, "--index", index]
    given = ["--proof", scratch / "path", "--checkpoint", scratch / "head", "--log-key", vkey]
    return command("verify-inclusion", *leaf, *given)


def grown(proof, scratch):
    """A .consistency.json by the command that takes the path as a file, and sizes and roots."""
    file = json.loads(proof)
    older, newer = (parse_checkpoint(parse_note(file[name]).text) for name in ("older", "newer"))
    (scratch / "path").write_text("\n".join(file["path"]))
    words = ["--proof", scratch / "path"]
    for name, head in (("old", older), ("new", newer)):
        words += [f"--{name}-size", head.size, f"--{name}-root", base64.b64encode(head.root).decode()]
    return command("verify-consistency", *words)


@contextlib.contextmanager
def served(folder):
    """The folder as any static file server serves it, on this machine alone."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    handler = functools.partial(Quiet, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/"
        finally:
            server.shutdown()


def honest(aics, log, ledger, indexes, heads):
    lines = ledger / "events/000000000000.jsonl"
    aics.takes("the checkpoint", log.head())
    for index in indexes:
        aics.takes(f"entry {index}", log.includes(index, lines))
        aics.takes(f"entry {index} as the bundle has it", log.serves(index))
    for head in heads:
        size = int(head.name)
        aics.takes(f"the head of {size}", log.head("--note", head))
        aics.takes(f"the growth from {size}", log.extends(head))
        for index in {0, size // 2, size - 1}:
            aics.takes(f"entry {index} under the head of {size}", log.includes(index, lines, head=head))
        print(aics.takes(f"all tiles of the head of {size}", audit(ledger, head)))


def commands_of(readme, folder):
    """The block of the README that needs nothing of ours, run beside a copy of the ledger."""
    blocks = re.findall(r"```sh\n(.*?)```", readme.read_text(), re.DOTALL)
    block = next(block for block in blocks if "aics-tlog" in block)
    path = f"{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}"
    run = ["bash", "-euo", "pipefail", "-c", block]
    ran = subprocess.run(run, cwd=folder, env=os.environ | {"PATH": path}, capture_output=True, text=True)
    return ran.returncode == 0, ran.stdout + ran.stderr


def as_the_readme_says(aics, readme, reference, scratch):
    ledger = shown.copy(reference, scratch / "ledger")
    aics.takes("the README's commands", commands_of(readme, scratch))
    elsewise = shown.replace(b'"type":"attestation.made"', b'"type":"note.added"')
    for path, change, why in [
        ("tile/0/000.p/16", shown.flip(100), "do not match"),
        ("checkpoint", shown.flip(-20), "no tile source served a checkpoint that verifies"),
        ("events/000000000000.jsonl", elsewise, "not included"),
    ]:
        with shown.changed(ledger / path, change):
            aics.refuses(f"the README's commands after a change in {path}", commands_of(readme, scratch), [why])


def main():
    made, reference, readme = (pathlib.Path(sys.argv[at]) for at in (1, 2, 4))
    reference_vkey = sys.argv[3]
    vkey = (made / "vkey").read_text().strip()
    heads = shown.numbered(made / "heads")
    ends = [0, 1, 255, 256, 511, 512, 1023, 1024, 1279, 1280, 1301]
    aics = shown.Verifier("aics-tlog")

    honest(aics, Log(reference, reference_vkey), reference, range(16), [])
    aics.takes("all tiles of the reference ledger", audit(reference, reference / "checkpoint"))
    honest(aics, Log(made / "long", vkey), made / "long", ends, heads)
    with served(made / "long") as url:
        honest(aics, Log(url, vkey), made / "long", ends[:4], [])

    copy = shown.copy(made / "long", made / "tampered")
    log, lines, scratch = Log(copy, vkey), copy / "events/000000000000.jsonl", made
    for path in shown.tiles(copy):
        with shown.changed(copy / path, shown.flip((copy / path).stat().st_size // 2)):
            aics.refuses(f"a flipped bit in {path}", audits(copy, heads), TILE)
    with served(copy) as url:
        for path, index in [
            ("tile/0/001", 256),
            ("tile/0/005.p/22", 1301),
            ("tile/1/000.p/5", 0),
            ("tile/entries/002", 600),
        ]:
            with shown.changed(copy / path, shown.flip(-1)):
                for where in [log, Log(url, vkey)]:
                    aics.refuses(f"entry {index} with a flipped bit in {path}", where.serves(index), TILE)

    with shown.changed(lines, shown.replace(b"note 700", b"note 701")):
        aics.refuses("a changed line", log.includes(700, lines), ["not included"])
    aics.refuses("another line at an index", log.includes(700, lines, line=701), ["not included"])
    for fork in shown.numbered(made / "forks"):
        aics.refuses(f"the head of {fork.name} of another history", log.extends(fork), ["history was rewritten"])
    checkpoint = copy / "checkpoint"
    signed = checkpoint.read_bytes()
    for old, new in [
        (b"\n1302\n", b"\n1301\n"),
        (signed.split(b"\n")[2][:8], b"AAAAAAAA"),
        (signed.split(b" ")[-1][20:28], b"AAAAAAAA"),
        (b"foreign\n1302", b"forei9n\n1302"),
    ]:
        with shown.changed(checkpoint, shown.replace(old, new)):
            aics.refuses(f"a checkpoint with {new!r} for {old!r}", log.head(), SIGNED)
    aics.refuses("the ledger under another log's key", Log(copy, reference_vkey).head(), SIGNED)
    with shown.changed(checkpoint, lambda _: (made / "heads/700").read_bytes()):
        aics.refuses("a rolled-back head", log.extends(made / "heads/1302"), ["rollback"])

    for path in sorted((made / "proofs").iterdir()):
        size, index = map(int, path.name.split("-"))
        whole = path.read_bytes()
        check = functools.partial(proof_file, vkey=vkey, lines=lines, scratch=scratch)
        aics.takes(f"the proof {path.name}", check(whole, index=index))
        if size == 1:
            continue
        aics.refuses(f"the proof {path.name} of another entry", check(whole, index=index ^ 1), ["not verify"])
        for row in whole.split(b"\n\n")[0].split(b"\n")[3:]:
            other = base64.b64encode(shown.flip(0)(base64.b64decode(row)))
            tampered = whole.replace(b"\n" + row + b"\n", b"\n" + other + b"\n")
            aics.refuses(f"the proof {path.name} with another hash", check(tampered, index=index), ["not verify"])
        tampered = whole.replace(b"\n%d\n" % size, b"\n%d\n" % (size - 1))
        aics.refuses(f"the proof {path.name} under another head", check(tampered, index=index), SIGNED)
    for path in sorted((made / "grown").iterdir()):
        whole = json.loads(path.read_bytes())
        aics.takes(f"the growth {path.name}", grown(json.dumps(whole), scratch))
        for at, text in enumerate(whole["path"]):
            other = shown.flip(31)(bytes.fromhex(text)).hex()
            tampered = whole | {"path": whole["path"][:at] + [other] + whole["path"][at + 1 :]}
            answer = grown(json.dumps(tampered), scratch)
            aics.refuses(f"the growth {path.name} with another hash", answer, ["not verify"])
    honest(aics, Log(made / "mirror", vkey), made / "mirror", ends, [])
    aics.takes("all tiles of the mirror", audit(made / "mirror", made / "heads/1302"))
    as_the_readme_says(aics, readme, reference, made / "readme")
    print(aics.summary())


if __name__ == "__main__":
    main()

"""Shows ledgers and tampered copies of them to Go's own checksum-database code (sumdb.go).

    python sumdb.py CHECKER LEDGERS REFERENCE VKEY

CHECKER is sumdb.go built; LEDGERS what ledgers.sh made; REFERENCE a ledger with one head, and VKEY
its key.
"""

import base64
import json
import pathlib
import subprocess
import sys

import shown

NOTE = ["invalid signature for key", "note has no verifiable signatures", "malformed note"]
TILE = [
    "downloaded inconsistent tile",
    "has other bytes than the line",
    "ends within an entry",
    "of width",
    ", expected",
]
PROOF = ["invalid transparency proof", "invalid inputs in CheckTree"]


def path_of(proof):
    return proof.split(b"\n\n")[0].split(b"\n", 3)[3]


def main():
    checker, made, reference, reference_vkey = sys.argv[1:]
    made = pathlib.Path(made)
    vkey = (made / "vkey").read_text().strip()
    heads = shown.numbered(made / "heads")
    proofs = sorted((made / "proofs").iterdir())

    def check(ledger, key=vkey, heads=(), proofs=(), grown=(), forks=()):
        given = {"--head": heads, "--proof": proofs, "--grown": grown, "--fork": forks}
        options = [part for option, files in given.items() for file in files for part in (option, file)]
        ran = subprocess.run([checker, key, ledger, *options], capture_output=True, text=True)
        if ran.returncode not in (0, 1):
            raise SystemExit(f"{checker} breaks off: {ran.stderr}")
        return ran.returncode == 0, ran.stdout.strip()

    go = shown.Verifier("Go's sumdb note and tlog")
    print(go.takes("the reference ledger", check(reference, reference_vkey)))
    of_two = {"grown": sorted((made / "grown").iterdir()), "forks": [made / "fork"]}
    print(go.takes("the long ledger", check(made / "long", heads=heads, proofs=proofs, **of_two)))
    print(go.takes("its mirror", check(made / "mirror")))
    go.takes("the other history by itself", check(made / "forked", heads=heads[:6] + [made / "forks/512"]))

    copy = shown.copy(made / "long", made / "tampered")

    def refuses(what, because, **more):
        go.refuses(what, check(copy, **{"heads": heads, **more}), because)

    for path in shown.tiles(copy):
        size = (copy / path).stat().st_size
        for change, how in [(shown.flip(size // 2), "a flipped bit in"), (lambda data: data[:-1], "a short")]:
            with shown.changed(copy / path, change):
                refuses(f"{how} {path}", TILE)
    other = (copy / "tile/0/001").read_bytes()
    with shown.changed(copy / "tile/0/000", lambda _: other):
        refuses("tile/0/001 in the place of tile/0/000", TILE)
    for stray in ["tile/0/009", "tile/0/000.p/7"]:
        (copy / stray).write_bytes(other[: 7 * 32])
        refuses(f"a tile that no head has, {stray}", ["no head needs it"])
        (copy / stray).unlink()

    events = copy / "events/000000000000.jsonl"
    lines = events.read_bytes().splitlines(keepends=True)
    for change, what in [
        (shown.replace(b"note 700", b"note 701"), "a changed line"),
        (lambda data: b"".join(lines[:-1]), "a ledger without its last line"),
        (lambda data: b"".join(lines[:5] + [lines[6], lines[5]] + lines[7:]), "two lines in each other's place"),
    ]:
        with shown.changed(events, change):
            refuses(what, ["the lines build a tree of"])

    checkpoint = copy / "checkpoint"
    signed = checkpoint.read_bytes()
    for old, new, what in [
        (b"\n1302\n", b"\n1301\n", "another size"),
        (signed.split(b"\n")[2][:8], b"AAAAAAAA", "another root"),
        (signed.split(b" ")[-1][20:28], b"AAAAAAAA", "another signature"),
        (b"foreign\n1302", b"forei9n\n1302", "another origin"),
        (b"\n\n", b"\n", "no empty line"),
    ]:
        with shown.changed(checkpoint, shown.replace(old, new)):
            refuses(f"a checkpoint with {what}", NOTE)
    go.refuses("the ledger under another log's key", check(made / "long", reference_vkey), NOTE)
    for fork in shown.numbered(made / "forks"):
        refuses(f"the head of {fork.name} of another history", PROOF, heads=[fork])
    with shown.changed(checkpoint, lambda _: heads[-2].read_bytes()):
        refuses("an older head over newer lines", ["the lines build a tree of"])
    back = shown.copy(made / "forked", made / "tampered-fork")
    go.refuses("the other history to one who saw the first", check(back, heads=heads[:-1]), PROOF)

    proof = made / "tampered-proof"
    whole = (made / "proofs/1302-256").read_bytes()
    rows = whole.split(b"\n")
    for row in range(3, rows.index(b"")):
        other = base64.b64encode(shown.flip(0)(base64.b64decode(rows[row])))
        proof.write_bytes(b"\n".join(rows[:row] + [other] + rows[row + 1 :]))
        refuses(f"a proof with another hash in line {row + 1}", PROOF, proofs=[proof])
    head = whole.split(b"\n\n")[1]
    unsigned = (made / "heads/700").read_bytes().split(b"\n\n")[0]
    path = path_of(whole)
    for change, because, what in [
        (shown.replace(b"index 256\n", b"index 255\n"), ["not the line of entry 255"], "another index"),
        (shown.replace(rows[3] + b"\n", b""), PROOF, "a hash too few"),
        (shown.replace(b"\n\n", b"\n" + rows[3] + b"\n\n"), PROOF, "a hash too many"),
        (shown.replace(b"\n1302\n", b"\n1301\n"), NOTE, "another size"),
        (shown.replace(head, unsigned), NOTE, "a head that its signature is not of"),
        (shown.replace(path, path_of((made / "proofs/1302-255").read_bytes())), PROOF, "another entry's path"),
        (shown.replace(path, path_of((made / "proofs/302-256").read_bytes())), PROOF, "an older head's path"),
    ]:
        proof.write_bytes(change(whole))
        refuses(f"a proof with {what}", because, proofs=[proof])
    two_heads(made, refuses)
    mirror = shown.copy(made / "mirror", made / "tampered-mirror")
    for path in shown.tiles(mirror):
        with shown.changed(mirror / path, shown.flip(77)):
            go.refuses(f"a mirror with a flipped bit in {path}", check(mirror), TILE)
    print(go.summary())


def other_hash(text):
    return shown.flip(0)(bytes.fromhex(text)).hex()


def two_heads(made, refuses):
    """Proofs about two heads, each with every hash changed, and with heads that are not theirs."""
    file = made / "tampered-proof"
    for path, option in [
        (made / "grown/302-1302", "grown"),
        (made / "grown/302-700", "grown"),
        (made / "fork", "forks"),
    ]:
        whole = json.loads(path.read_bytes())

        def with_other(what, because, **changes):
            file.write_text(json.dumps(whole | changes))
            refuses(f"{path.name} with {what}", because, **{option: [file]})

        for at in range(len(whole["path"])):
            other = other_hash(whole["path"][at])
            with_other(f"another hash at {at}", PROOF, path=whole["path"][:at] + [other] + whole["path"][at + 1 :])
        with_other("a hash too few", PROOF, path=whole["path"][1:])
        with_other("a hash too many", PROOF, path=whole["path"] + whole["path"][:1])
        with_other("its heads in each other's place", PROOF, older=whole["newer"], newer=whole["older"])
        with_other("another older head", PROOF, older=(made / "heads/257").read_text())
        size = whole["newer"].split("\n")[1]
        unsigned = whole["newer"].replace(f"\n{size}\n", f"\n{size}1\n")
        with_other("a head that nobody signed", NOTE, newer=unsigned)
    forked = json.loads((made / "fork").read_bytes())
    file.write_text(json.dumps(forked | {"prefix": other_hash(forked["prefix"])}))
    refuses("a fork with another prefix", PROOF, forks=[file])
    grown = json.loads((made / "grown/302-1302").read_bytes())
    root = base64.b64decode(grown["older"].split("\n")[2]).hex()
    file.write_text(json.dumps(grown | {"prefix": root}))
    refuses("a fork of one history", ["both heads are of one history"], forks=[file])


if __name__ == "__main__":
    main()

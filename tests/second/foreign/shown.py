"""What the scripts of this folder share: a verifier is shown things, and takes or refuses each.

No verifier counts that takes everything, so each is also shown tampered copies; the script fails
where one of them is taken, or is refused for a reason that has nothing to do with what was done.
"""

import contextlib
import pathlib
import shutil


class Verifier:
    """Counts what a verifier took and refused. An answer is a pair: is it taken, and what is said."""

    def __init__(self, name):
        self.name = name
        self.taken = 0
        self.refused = 0

    def takes(self, what, answer):
        taken, said = answer
        if not taken:
            raise SystemExit(f"{self.name} refuses {what}: {said}")
        self.taken += 1
        return said

    def refuses(self, what, answer, because):
        """`because`: the beginnings, ends or middles of the answers that speak of what was done."""
        taken, said = answer
        if taken:
            raise SystemExit(f"{self.name} TAKES {what}: {said}")
        if not any(reason in said for reason in because):
            raise SystemExit(f"{self.name} refuses {what}, but says: {said}")
        self.refused += 1

    def summary(self):
        return f"{self.name}: {self.taken} taken, {self.refused} tampered copies refused"


def flip(at):
    """Changes the lowest bit of one byte."""

    def change(data):
        data = bytearray(data)
        data[at] ^= 1
        return bytes(data)

    return change


def replace(old, new):
    """Changes the first place where these bytes stand."""

    def change(data):
        if old not in data:
            raise SystemExit(f"nothing to tamper with: {old!r} is not there")
        return data.replace(old, new, 1)

    return change


@contextlib.contextmanager
def changed(path, change):
    """A file is other than it was, for as long as this is open."""
    path = pathlib.Path(path)
    kept = path.read_bytes()
    tampered = change(kept)
    if tampered == kept:
        raise SystemExit(f"{path}: nothing was tampered with")
    path.write_bytes(tampered)
    try:
        yield path
    finally:
        path.write_bytes(kept)


def copy(folder, to):
    """A fresh copy of a ledger's folder, to tamper with."""
    to = pathlib.Path(to)
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(folder, to, ignore=shutil.ignore_patterns("cache", "lock"))
    return to


def tiles(ledger):
    """The files under tile/, by their path in the ledger's folder."""
    ledger = pathlib.Path(ledger)
    return sorted(str(path.relative_to(ledger)) for path in (ledger / "tile").rglob("*") if path.is_file())


def numbered(folder):
    """The files of a folder that are named by a size, smallest first."""
    return sorted(pathlib.Path(folder).iterdir(), key=lambda path: int(path.name))

"""Holds the key ids of ledgers to what `ssh-keygen -l` prints, and shows it tampered keys.

    python keys.py GROUNDS LEDGER...
"""

import json
import subprocess
import sys

import entries
import shown


def printed(key):
    """The id that ssh-keygen prints."""
    command = ["ssh-keygen", "-l", "-E", "sha256", "-f", "-"]
    ran = subprocess.run(command, input=key + "\n", capture_output=True, text=True)
    return ran.stdout.split(" ")[1] if ran.returncode == 0 else f"refused: {ran.stderr.strip()}"


def listed(grounds, ledger):
    """The ids and keys that the program prints."""
    command = [grounds, "--ledger", ledger, "key", "list", "--json"]
    keys = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["keys"]
    return {each["key"]: each["id"] for each in keys}


def named(lines):
    """The ids that stand in the lines: of those who signed, and of revoked keys."""
    for entry in lines:
        yield from (signature["key"] for signature in entry.signatures)
        for _, event in entry.events():
            if event["type"] == "agent.key_revoked":
                yield event["data"]["key"]


def main():
    openssh = shown.Verifier("ssh-keygen")
    for ledger in sys.argv[2:]:
        lines = entries.entries(ledger)
        ids = {key: printed(key) for key in entries.keys(lines)}
        log_key = entries.log_key(lines)
        program = listed(sys.argv[1], ledger)
        if set(program) | {log_key} != set(ids):
            raise SystemExit(f"{ledger}: the program lists other keys than the lines register")
        for key, id in program.items():
            openssh.takes(f"{ledger}: {id}", (id == ids[key], ids[key]))
        strange = set(named(lines)) - set(ids.values())
        openssh.takes(f"{ledger}: ids in the lines", (not strange, f"of no key: {strange}"))
        for key, id in ids.items():
            for at in (0, 31):
                tampered = printed(entries.openssh(shown.flip(at)(entries.raw(key))))
                if not tampered.startswith("SHA256:"):
                    raise SystemExit(tampered)
                openssh.refuses(f"{id} for a key with a flipped bit", (tampered == id, tampered), ["SHA256:"])
            short = entries.openssh(entries.raw(key)[:-1])
            openssh.refuses(f"{id} for a key that is short", (printed(short) == id, printed(short)), ["refused"])
        print(f"{ledger}: {len(program)} keys of agents and the log's")
    print(openssh.summary())


if __name__ == "__main__":
    main()

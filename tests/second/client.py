"""Holds docs/examples/client.py to what it says: it writes to a real server, and it is not fooled.

    python client.py GROUNDS

The server is `grounds serve`; between it and the client stands a proxy that lies in one answer at a
time. The client must say so and, where it was asked to sign a lie, sign nothing.
"""

import base64
import http.server
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request

EXAMPLE = pathlib.Path(__file__).parents[2] / "docs" / "examples" / "client.py"


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


NAMES = [f"claim-{number}" for number in range(20)]


def asserted(name):
    data = {
        "statement": f"It is so: {name}",
        "summary": "It was seen.",
        "domains": [{"name": "Trials", "weight": "1"}],
        "nature": "empirical",
        "polarity": "positive",
        "falsifiability": "falsifiable",
        "origin": "authored",
    }
    return {"subject": f"claim/{name}", "type": "claim.asserted", "data": data}


class Desk:
    """A folder with a ledger of Ada's; Bea's key is in bea.key."""

    def __init__(self, grounds, folder):
        self.grounds, self.folder = os.path.abspath(grounds), folder
        config = {"GROUNDS_CONFIG": f"{folder}/config", "GROUNDS_CACHE": f"{folder}/cache"}
        self.env = {"PATH": os.environ["PATH"], **config}
        init = self.run("init", "--origin", "claims.example/lab", "--name", "Ada", "--agent-slug", "ada", "--json")
        genesis = json.loads(json.loads(init)["entry"])["commit"]["events"][0]
        self.vkey = genesis["data"]["log_key"]
        # Who has attested to a claim does so no second time: each try has a claim of its own.
        claims = [asserted(name) for name in NAMES]
        pathlib.Path(folder, "claims.json").write_text(json.dumps(claims))
        self.run("act", "--from", "claims.json")
        self.run("agent", "add", "bea", "--name", "Bea", "--new-key", "bea.key")
        self.run("agent", "add", "cid", "--name", "Cid", "--new-key", "cid.key")
        self.unused = iter(NAMES)

    def run(self, *words):
        done = subprocess.run([self.grounds, *words], cwd=self.folder, env=self.env, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"client.py: {words}: {done.stderr}")
        return done.stdout

    def attestations(self):
        """How many stand in the files. A head would also count the maps that the server records."""
        return len(self.run("log", "--type", "attestation.made", "--json").splitlines())

    def serve(self):
        words = [self.grounds, "serve", "--listen", "127.0.0.1:0"]
        server = subprocess.Popen(words, cwd=self.folder, env=self.env, stdout=subprocess.PIPE, text=True)
        line = server.stdout.readline()
        return server, line.strip().removeprefix("listening on ")


def proxy(url, lie):
    """Stands before a server; `lie` may change the body of each answer, and may see each request."""

    class Between(http.server.BaseHTTPRequestHandler):
        def answer(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))) or None
            headers = {"Content-Type": self.headers.get("Content-Type", "")} if body else {}
            request = urllib.request.Request(url + self.path, data=body, headers=headers)
            try:
                answer = urllib.request.urlopen(request)
            except urllib.error.HTTPError as error:
                answer = error
            with answer:
                whole = lie(self.path, answer.read())
                self.send_response(answer.status)
            self.send_header("Content-Length", str(len(whole)))
            self.end_headers()
            self.wfile.write(whole)

        do_GET = do_POST = answer

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Between)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def attest(desk, url, *more, vkey=None, key="bea.key"):
    words = [sys.executable, str(EXAMPLE), url, "--vkey", vkey or desk.vkey, "--key", key, "--author", "bea"]
    words += ["--receipt", "receipt.json", "attest", next(desk.unused), "--verdict", "verifies"]
    words += ["--weight", "0.9", "--version", "1", *more]
    return subprocess.run(words, cwd=desk.folder, env=desk.env, capture_output=True, text=True)


def in_commit(change):
    """A lie in the prepared commit, told consistently: all that is derived from it fits."""

    def lie(path, body):
        if path != "/api/v1/prepare":
            return body
        answer = json.loads(body)
        commit = json.loads(answer["commit"]["text"])
        change(commit)
        commit = canonical(commit)
        answer["commit"] = {"text": commit.decode(), "base64": base64.b64encode(commit).decode()}
        return canonical(answer)

    return lie


def in_receipt(change):
    def lie(path, body):
        if path != "/api/v1/commits":
            return body
        receipt = json.loads(body)
        change(receipt)
        return canonical(receipt)

    return lie


def other_entry(receipt):
    entry = json.loads(receipt["entry"])
    entry["recorded"] = "2020-01-01T00:00:00.000000Z"
    receipt["entry"] = canonical(entry).decode()


def other_signature(receipt):
    entry = json.loads(receipt["entry"])
    entry["signatures"][0]["sig"] = base64.b64encode(bytes(64)).decode()
    receipt["entry"] = canonical(entry).decode()


def shorter_path(receipt):
    lines = receipt["proof"].split("\n")
    receipt["proof"] = "\n".join(lines[:2] + lines[3:])


def other_signer(receipt):
    dash = receipt["proof"].rindex("\N{EM DASH}")
    receipt["proof"] = receipt["proof"][:dash] + receipt["proof"][dash:].replace("A", "B").replace("a", "b")


# What is told, and what the client is to say of it; whether something was signed before it knew.
LIES = [
    ("another weight", in_commit(lambda c: c["events"][0]["data"].update(weight="1")), "the prepared event says", False),
    ("another claim", in_commit(lambda c: c["events"][0].update(subject="claim/other")), "the prepared event says", False),
    ("an effective date", in_commit(lambda c: c["events"][0].update(effective="2020")), "the prepared event says", False),
    ("an event more", in_commit(lambda c: c["events"].append(c["events"][0])), "it holds 2 events", False),
    ("another author", in_commit(lambda c: c.update(author="agent/ada")), "the prepared commit says", False),
    ("another ledger", in_commit(lambda c: c.update(ledger="claims.example/other")), "the prepared commit says", False),
    ("another time", in_commit(lambda c: c.update(at="2020-01-01T00:00:00Z")), "its time is", False),
    ("a history of its own", in_commit(lambda c: c["anchor"].update(root="0" * 64)), "stands on no head", False),
    ("a field more", in_commit(lambda c: c.update(more=1)), "the prepared commit says", False),
    ("an entry of another time", in_receipt(other_entry), "does not lead to the root", True),
    ("an entry without the signature", in_receipt(other_signature), "another signature", True),
    ("a shorter path", in_receipt(shorter_path), "path", True),
    ("another index", in_receipt(lambda r: r.update(index=r["index"] - 1)), "the proof is of index", True),
    ("a head that nobody signed", in_receipt(other_signer), "error", True),
]


def main(grounds):
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(grounds, folder)
        server, url = desk.serve()
        try:
            wrong = tried(desk, url)
        finally:
            server.terminate()
            server.wait()
        wrong += [] if server.returncode == 0 else [f"the server ended with {server.returncode}"]
        if wrong:
            raise SystemExit("\n".join(wrong))
        desk.run("verify", "--vkey", desk.vkey)
    print(f"the example client attested, and saw through {len(LIES)} lies")


def tried(desk, url):
    wrong = []
    done = attest(desk, url, "-m", "I reran it: größer als 概念.")
    if done.returncode or "recorded as @4" not in done.stdout:
        return [f"an honest server: {done}"]
    receipt = json.loads(pathlib.Path(desk.folder, "receipt.json").read_text())
    desk.run("check", "receipt.json", "--event", receipt["events"][0], "--vkey", desk.vkey)
    for name, done in [
        ("another key of the log", attest(desk, url, vkey=desk.vkey[:-2] + "A=")),
        ("somebody else's key", attest(desk, url, key="cid.key")),
    ]:
        if done.returncode != 1 or not done.stderr.startswith("error: ") or "Traceback" in done.stderr:
            wrong.append(f"{name}: {done}")
    for name, lie, says, signs in LIES:
        before = desk.attestations()
        done = attest(desk, proxy(url, lie), "-m", name)
        if done.returncode != 1 or says not in done.stderr or "Traceback" in done.stderr:
            wrong.append(f"{name}: {done}")
        after = desk.attestations()
        if (after > before) != signs:
            wrong.append(f"{name}: {before} attestations before, {after} after")
    return wrong


if __name__ == "__main__":
    main(*sys.argv[1:])

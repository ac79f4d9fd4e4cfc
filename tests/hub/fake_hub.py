"""A server that speaks the Hugging Face Hub's protocol as huggingface_hub uses it, with faults: FOLDER [SECONDS]

    python tests/hub/fake_hub.py FOLDER      prints its address, then serves until it is ended

Repositories lie in FOLDER/models/org/name/COMMIT/ (or FOLDER/spaces/…), the branch's commit in FOLDER/…/name/main. A
repository with a file `GATED` or `PRIVATE` beside is refused without the token "good". POST /_faults takes a list of
{"part": text in the address, "kind": "status" | "cut" | "wrong" | "slow" | "held", "status", "times"}; the second half
of a held file is sent when the list is replaced. GET /_asked tells what was asked for since the last time.
"""

import base64
import hashlib
import json
import re
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

LARGE_BYTES = 10_000
"""Files from this size on are kept as large ones, with their sha256 for an etag."""

API = re.compile(
    r"/api/(?P<kind>models|spaces|datasets)/(?P<repo>[^/]+/[^/]+)(?:/(?P<what>revision|commit|preupload|paths-info|tree)/(?P<rest>.+))?"
)
FILE = re.compile(r"/(?:(?P<kind>spaces|datasets)/)?(?P<repo>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<file>.+)")
BATCH = re.compile(r"/(?:datasets/)?(?P<repo>[^/]+/[^/]+)\.git/info/lfs/objects/batch")


class Hub(ThreadingHTTPServer):
    """State that all requests share."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder = folder
        self.asked: list[str] = []
        self.faults: list[dict] = []
        self.uploads: dict[str, bytes] = {}
        self.lock = threading.Lock()
        self.address = f"http://127.0.0.1:{self.server_port}"

    def fault(self, path: str) -> dict:
        """The next fault for an address, {} if there is none."""
        with self.lock:
            for fault in self.faults:
                if fault["part"] in path and fault.get("times", 1) > 0:
                    fault["times"] = fault.get("times", 1) - 1
                    return fault
        return {}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Hub

    def log_message(self, *arguments) -> None:
        """Silent."""

    def do_HEAD(self) -> None:
        self.handle_any()

    def do_GET(self) -> None:
        self.handle_any()

    def do_POST(self) -> None:
        self.handle_any()

    def do_PUT(self) -> None:
        self.handle_any()

    def handle_any(self) -> None:
        path = unquote(urlsplit(self.path).path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if path == "/_faults":
            self.server.faults = json.loads(body)
            self.answer({})
        elif path == "/_asked":
            asked, self.server.asked = self.server.asked, []
            self.answer(asked)
        else:
            self.server.asked.append(f"{self.command} {path}")
            self.ask(path, body)

    def ask(self, path: str, body: bytes) -> None:
        fault = self.server.fault(f"{self.command} {path}")
        if fault.get("kind") == "status":
            self.answer({"error": "no"}, status=fault["status"])
        elif fault.get("kind") == "slow" and self.command != "GET":
            time.sleep(fault["seconds"])
            self.answer({"error": "too late"}, status=504)
        elif found := FILE.fullmatch(path):
            self.give(found, fault)
        elif found := API.fullmatch(path):
            self.api(found, body, fault)
        elif BATCH.fullmatch(path):
            self.batch(json.loads(body))
        elif path.startswith("/_upload/"):
            self.server.uploads[path.rsplit("/", 1)[-1]] = body
            self.answer({})
        elif path == "/api/validate-yaml":
            self.answer({"errors": [], "warnings": []})
        elif path == "/api/repos/create":
            self.create(json.loads(body))
        else:
            self.answer({"error": "no such address"}, status=404)

    def answer(self, value: object, *, status: int = 200, headers: dict[str, str] | None = None) -> None:
        content = b"" if self.command == "HEAD" else json.dumps(value).encode()
        self.send_response(status)
        for name, text in {
            "Content-Length": str(len(content)),
            "Content-Type": "application/json",
            **(headers or {}),
        }.items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(content)

    def refuse(self, status: int, code: str) -> None:
        self.answer({"error": code}, status=status, headers={"X-Error-Code": code, "X-Error-Message": code})

    def at(self, kind: str, repo: str, revision: str) -> Path | None:
        """The folder of a repository at a revision; None if the request has been refused."""
        home = self.server.folder / kind / repo
        token = self.headers.get("Authorization") == "Bearer good"
        if not home.is_dir() or ((home / "PRIVATE").exists() and not token):
            self.refuse(401, "RepoNotFound")
            return None
        if (home / "GATED").exists() and not token:
            self.refuse(403, "GatedRepo")
            return None
        commit = (home / revision).read_text() if (home / revision).is_file() else revision
        if not (home / commit).is_dir():
            self.refuse(404, "RevisionNotFound")
            return None
        return home / commit

    def api(self, found: re.Match, body: bytes, fault: dict) -> None:
        what, rest = found["what"], found["rest"]
        if fault.get("kind") == "slow":
            time.sleep(fault["seconds"])
        if what == "preupload":
            files = [
                {
                    "path": each["path"],
                    "uploadMode": "lfs" if each["size"] >= LARGE_BYTES else "regular",
                    "shouldIgnore": False,
                }
                for each in json.loads(body)["files"]
            ]
            self.answer({"files": files})
        elif what == "commit":
            self.commit(found["kind"], found["repo"], body)
        elif what in ("paths-info", "tree"):
            revision, _, below = rest.partition("/")
            if folder := self.at(found["kind"], found["repo"], revision):
                self.answer(self.listed(folder, what, below, body))
        elif folder := self.at(found["kind"], found["repo"], rest or "main"):
            files = [described(folder, file) for file in sorted(folder.rglob("*")) if file.is_file()]
            self.answer({"id": found["repo"], "sha": folder.name, "siblings": files, "private": False, "tags": []})

    def listed(self, folder: Path, what: str, below: str, body: bytes) -> list[dict]:
        """The files and folders of these paths, or those below a folder."""
        if what == "paths-info":
            places = [folder / each for each in parse_qs(body.decode())["paths"]]
        else:
            deep = parse_qs(urlsplit(self.path).query).get("recursive", [""])[0].lower() == "true"
            places = sorted((folder / below).rglob("*") if deep else (folder / below).glob("*"))
        return [entry_of(folder, place) for place in places if place.exists()]

    def give(self, found: re.Match, fault: dict) -> None:
        folder = self.at(found["kind"] or "models", found["repo"], found["revision"])
        if folder is None:
            return
        file = folder / found["file"]
        if not file.is_file():
            self.refuse(404, "EntryNotFound")
            return
        content = file.read_bytes()
        etag = hashlib.sha256(content).hexdigest()
        if fault.get("kind") == "wrong":
            content = bytes(reversed(content))
        start = int(re.search(r"\d+", self.headers.get("Range", "0"))[0])
        part = content[start:]
        self.send_response(206 if "Range" in self.headers else 200)
        self.send_header("Content-Length", str(len(part)))
        self.send_header("ETag", f'"{etag}"')
        self.send_header("X-Repo-Commit", folder.name)
        if "Range" in self.headers:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.end_headers()
        if self.command != "HEAD":
            self.send(part, fault)

    def send(self, part: bytes, fault: dict) -> None:
        if fault.get("kind") == "cut":
            self.wfile.write(part[: len(part) // 2])
            self.close_connection = True
            return
        if fault.get("kind") == "held":
            self.wfile.write(part[: len(part) // 2])
            self.wfile.flush()
            while fault in self.server.faults:
                time.sleep(0.05)
            part = part[len(part) // 2 :]
        for at in range(0, len(part), 1 << 16):
            self.wfile.write(part[at : at + (1 << 16)])
            if fault.get("kind") == "slow":
                time.sleep(fault["seconds"])

    def create(self, given: dict) -> None:
        kind = f"{given.get('type') or 'model'}s"
        home = self.server.folder / kind / f"{given.get('organization') or 'org'}/{given['name']}"
        (home / ("0" * 40)).mkdir(parents=True, exist_ok=True)
        if not (home / "main").exists():
            (home / "main").write_text("0" * 40)
        self.answer({"url": f"{self.server.address}/{home.parent.name}/{home.name}"})

    def batch(self, given: dict) -> None:
        objects = [
            {
                "oid": each["oid"],
                "size": each["size"],
                "actions": {"upload": {"href": f"{self.server.address}/_upload/{each['oid']}"}},
            }
            for each in given["objects"]
        ]
        self.answer({"transfer": "basic", "objects": objects})

    def commit(self, kind: str, repo: str, body: bytes) -> None:
        if self.headers.get("Authorization") != "Bearer good":
            self.answer({"error": "no write access"}, status=403)
            return
        home = self.server.folder / kind / repo
        last = home / (home / "main").read_text()
        commit = hashlib.sha1(last.name.encode() + body).hexdigest()
        (home / commit).mkdir()
        for file in last.rglob("*"):
            if file.is_file():
                copy = home / commit / file.relative_to(last)
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_bytes(file.read_bytes())
        for line in body.splitlines():
            entry = json.loads(line)
            value = entry["value"]
            if "path" in value:
                (home / commit / value["path"]).parent.mkdir(parents=True, exist_ok=True)
            if entry["key"] == "file":
                (home / commit / value["path"]).write_bytes(base64.b64decode(value["content"]))
            elif entry["key"] == "lfsFile":
                (home / commit / value["path"]).write_bytes(self.server.uploads[value["oid"]])
            elif entry["key"] == "deletedFile":
                (home / commit / value["path"]).unlink()
        (home / "main").write_text(commit)
        self.answer(
            {"commitUrl": f"{self.server.address}/{repo}/commit/{commit}", "commitOid": commit, "success": True}
        )


def entry_of(folder: Path, place: Path) -> dict:
    """A file or folder as the tree of a repository has it."""
    entry = {"path": str(place.relative_to(folder)), "oid": "0" * 40}
    if place.is_dir():
        return {"type": "directory", **entry}
    return {"type": "file", "size": place.stat().st_size, **entry}


def described(folder: Path, file: Path) -> dict:
    """A file as a listing has it."""
    content = file.read_bytes()
    entry = {"rfilename": str(file.relative_to(folder)), "size": len(content)}
    if len(content) >= LARGE_BYTES:
        entry["lfs"] = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 130}
    return entry


if __name__ == "__main__":
    hub = Hub(Path(sys.argv[1]))
    print(hub.address, flush=True)
    hub.serve_forever()

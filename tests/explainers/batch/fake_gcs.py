"""A server on loopback that speaks as much of Google Cloud Storage's JSON API as pyarrow uses. State is in memory."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

OBJECTS = re.compile(r"(?:/upload)?/storage/v1/b/(?P<bucket>[^/]+)(?:/o(?:/(?P<name>.+))?)?")


class Storage(ThreadingHTTPServer):
    """objects: {(bucket, name): (its metadata, its content)}."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.objects: dict[tuple[str, str], tuple[dict, bytes]] = {}
        self.sessions: dict[str, dict] = {}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Storage

    def log_message(self, *arguments) -> None:
        """Silent."""

    def do_GET(self) -> None:
        self.begin()
        if self.name is None:
            answer = self.listed() if "/o" in self.path else {"kind": "storage#bucket", "name": self.bucket}
            self.answer(answer)
        elif (self.bucket, self.name) not in self.server.objects:
            self.answer({"error": {"code": 404, "message": "no such object"}}, 404)
        elif self.query.get("alt") == "media":
            self.give(self.server.objects[self.bucket, self.name][1])
        else:
            self.answer(self.described(self.name))

    def do_POST(self) -> None:
        body = self.begin()
        if self.query["uploadType"] == "multipart":
            self.insert(body)
            return
        given = json.loads(body or b"{}")
        session = str(len(self.server.sessions))
        self.server.sessions[session] = {**given, "name": self.query.get("name") or given["name"], "content": b""}
        self.answer({}, headers={"Location": f"{self.address}{urlsplit(self.path).path}?upload_id={session}"})

    def insert(self, body: bytes) -> None:
        """A small object, such as the empty one that stands for a folder: its metadata, then its content."""
        boundary = self.headers["Content-Type"].partition("boundary=")[2].strip("'\"").encode()
        _, about, content, _ = body.split(b"--" + boundary)
        given = json.loads(about.partition(b"\r\n\r\n")[2])
        self.keep(given, content.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n"))

    def keep(self, given: dict, content: bytes) -> None:
        name = self.query.get("name") or given["name"]
        kept = {key: value for key, value in given.items() if key in ("metadata", "contentType")}
        self.server.objects[self.bucket, name] = kept, content
        self.answer(self.described(name))

    def do_PUT(self) -> None:
        """A piece of an upload; the last one says how many bytes there are."""
        body = self.begin()
        session = self.server.sessions[self.query["upload_id"]]
        session["content"] += body
        if self.headers.get("Content-Range", "").endswith("/*"):
            self.answer({}, 308, headers={"Range": f"bytes=0-{len(session['content']) - 1}"})
            return
        self.keep(session, session["content"])

    def do_DELETE(self) -> None:
        self.begin()
        found = self.server.objects.pop((self.bucket, self.name or ""), None)
        self.answer(b"" if found else {}, 204 if found else 404)

    def begin(self) -> bytes:
        """Read the request: bucket, name and query; returns its body."""
        split = urlsplit(self.path)
        self.query = {key: values[0] for key, values in parse_qs(split.query).items()}
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        found = OBJECTS.fullmatch(split.path)
        assert found, self.path
        self.bucket, self.name = found["bucket"], found["name"] and unquote(found["name"])
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def listed(self) -> dict:
        prefix = self.query.get("prefix", "")
        names = sorted(name for bucket, name in self.server.objects if bucket == self.bucket)
        return {"kind": "storage#objects", "items": [self.described(each) for each in names if each.startswith(prefix)]}

    def described(self, name: str) -> dict:
        kept, content = self.server.objects[self.bucket, name]
        return {
            "kind": "storage#object",
            "bucket": self.bucket,
            "name": name,
            "size": str(len(content)),
            "generation": "1",
            "timeCreated": "2020-01-01T00:00:00Z",
            "updated": "2020-01-01T00:00:00Z",
            **kept,
        }

    def give(self, content: bytes) -> None:
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", "bytes=0-"))
        assert wanted
        first, last = int(wanted[1]), min(int(wanted[2] or len(content)), len(content) - 1)
        headers = {"Content-Range": f"bytes {first}-{last}/{len(content)}"} if "Range" in self.headers else {}
        self.answer(content[first : last + 1], 206 if headers else 200, headers=headers)

    def answer(self, value: dict | bytes, status: int = 200, *, headers: dict[str, str] | None = None) -> None:
        content = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(status)
        for name, text in {"Content-Length": str(len(content)), **(headers or {})}.items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def running() -> Iterator[str]:
    """Its address, while it runs: in a process of its own, since pyarrow may hold Python's lock while it waits."""
    process = subprocess.Popen([sys.executable, __file__], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    with Storage() as storage:
        print(f"http://127.0.0.1:{storage.server_port}", flush=True)
        storage.serve_forever()

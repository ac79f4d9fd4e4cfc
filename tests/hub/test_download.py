"""What is asked of the Hub, and how its silence and its refusals are told. The Hub here is a server on loopback."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from huggingface_hub import constants

from hub import download as module
from hub.download import download
from hub.errors import SourceError

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub:
    """A server that answers as it is told: `answer(path)` gives (status, headers, JSON or None for silence)."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answer: Callable = lambda path: (404, {}, {})
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                hub.asked.append(self.path)
                status, headers, body = hub.answer(self.path)
                content = json.dumps(body).encode()
                self.send_response(status)
                for name, value in {"Content-Length": str(len(content)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *arguments) -> None:
                """The test's own output is enough."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def loopback(monkeypatch, tmp_path) -> Iterator[Hub]:
    """A Hub of one's own, with an empty cache."""
    hub = Hub()
    monkeypatch.setattr(constants, "ENDPOINT", hub.address)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    yield hub
    hub.server.shutdown()
    hub.server.server_close()


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (404, "RepoNotFound", ["no repository org/name", "HF_TOKEN"]),
        (401, "RepoNotFound", ["no repository org/name", "HF_TOKEN"]),
        (404, "RevisionNotFound", ["no revision 'v9'", "@"]),
        (403, "GatedRepo", ["gated", "HF_TOKEN"]),
        (500, "", ["refused org/name", "500"]),
        (429, "", ["refused org/name", "429"]),
    ],
)
def test_a_refusal_is_told_in_its_own_words(loopback, status, code, words):
    loopback.answer = lambda path: (status, {"X-Error-Code": code}, {"error": "no"})
    with pytest.raises(SourceError) as caught:
        download("org/name", "v9")
    assert all(word in str(caught.value) for word in words), str(caught.value)
    assert [path for path in loopback.asked if "org/name" in path] == ["/api/models/org/name/revision/v9"]


def test_silence_counts_as_unreachable_after_the_deadline(loopback, monkeypatch):
    enough = threading.Event()

    def silent(path):
        enough.wait(20)
        return 200, {}, {}

    loopback.answer = silent
    monkeypatch.setattr(module, "DEADLINE_S", 0.2)
    with pytest.raises(SourceError, match="could not be reached"):
        download("org/name", None)
    assert not enough.is_set()  # nobody waited for the answer
    enough.set()


def test_a_port_where_nobody_listens_is_told_at_once(monkeypatch):
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    with pytest.raises(SourceError, match=r"could not be reached.*'starter'"):
        download("org/name", None)


def test_offline_is_told_as_unreachable(monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(SourceError, match="could not be reached"):
        download("org/name", "main")


def test_a_commit_in_the_cache_needs_no_request(loopback, tmp_path):
    snapshot = tmp_path / "cache" / "models--org--name" / "snapshots" / COMMIT
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").write_text("{}")
    assert download("org/name", COMMIT) == (snapshot, COMMIT)
    assert loopback.asked == []

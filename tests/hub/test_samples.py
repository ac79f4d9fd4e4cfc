import hashlib
import json
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from huggingface_hub import constants

from hub.errors import SourceError
from hub.samples import LARGEST_BYTES, NIH, SampleFile, fetched, read_samples

CONTENT = bytes(range(256)) * 40


@pytest.fixture
def place(tmp_path, monkeypatch):
    """An empty cache, and a server that gives CONTENT, or 404; it counts what it was asked for."""
    monkeypatch.setattr(constants, "HF_HOME", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    asked = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(404 if "missing" in self.path else 200)
            self.end_headers()
            self.wfile.write(CONTENT)

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()


def sample(address: str) -> SampleFile:
    known = read_samples()["nih-00000001"]
    return replace(known, address=address, sha256=hashlib.sha256(CONTENT).hexdigest(), size=len(CONTENT))


def test_packaged_samples_are_pinned_credited_and_distinct():
    samples = read_samples().values()
    assert len({each.sha256 for each in samples}) == len({each.address for each in samples}) == len(samples) >= 2
    for each in samples:
        # forty hexadecimal digits: a commit, not a branch
        assert any(len(part) == 40 and set(part) <= set("0123456789abcdef") for part in each.address.split("/"))
        assert each.credit == NIH
        assert "acknowledgement of the NIH Clinical Center" in each.licence


def test_a_sample_is_fetched_once(place):
    address, asked = place
    one = sample(f"{address}/one.png")
    assert not one.place.exists()
    assert fetched(one) == fetched(one) == CONTENT
    assert asked == ["/one.png"]
    assert [each.name for each in one.place.parent.iterdir()] == [f"{one.sha256}.png"]


def test_what_was_altered_in_the_cache_is_fetched_again(place):
    address, asked = place
    one = sample(f"{address}/one.png")
    fetched(one)
    one.place.write_bytes(CONTENT[:-1])
    assert fetched(one) == CONTENT
    assert len(asked) == 2


@pytest.mark.parametrize("changed", [{"sha256": "0" * 64}, {"size": len(CONTENT) - 100}], ids=["hash", "too long"])
def test_another_file_at_the_address_is_not_shown(place, changed):
    one = replace(sample(f"{place[0]}/one.png"), **changed)
    if "size" in changed:
        one = replace(one, sha256=hashlib.sha256(CONTENT[:-100]).hexdigest())
    with pytest.raises(SourceError, match="another file"):
        fetched(one)
    assert not one.place.exists()


def test_what_can_not_be_fetched_is_said(place, monkeypatch):
    with pytest.raises(SourceError, match="answered 404"):
        fetched(sample(f"{place[0]}/missing.png"))
    with pytest.raises(SourceError, match="could not be fetched: try a synthetic one"):
        fetched(sample("http://127.0.0.1:9/one.png"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(SourceError, match="HF_HUB_OFFLINE"):
        fetched(sample(f"{place[0]}/one.png"))


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("address", '"http://example.org/a.png"', "https"),
        ("sha256", '"abc"', "sha256"),
        ("size", str(LARGEST_BYTES + 1), "size"),
        ("title", "3", "not text"),
        ("more", '"x"', "no others"),
    ],
)
def test_a_wrong_table_is_named(tmp_path, field, value, words):
    known = read_samples()["nih-00000001"]
    table = {name: json.dumps(each) for name, each in vars(known).items() if name != "name"} | {field: value}
    file = tmp_path / "own.toml"
    file.write_text("[own]\n" + "\n".join(f"{name} = {each}" for name, each in table.items()))
    with pytest.raises(SourceError, match=rf"own\.toml: \[own\] .*{words}"):
        read_samples(file)

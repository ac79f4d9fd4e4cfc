"""Limits of the operator: what one address, all uploads and a server that shuts down take."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from explainers.errors import OptionError
from explainers.page import visitor_limits as module
from explainers.page.limits import Limits
from explainers.page.private_folder import PrivateFolder
from explainers.page.visitor_limits import CallRates, VisitorLimits

FORM = (b"content-type", b"multipart/form-data; boundary=b")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    made = PrivateFolder()
    yield made
    made.remove()


def asked(folder, *, path="/gradio_api/call/predict", limits=None, stopping=False, headers=(), address="203.0.113.7"):
    """The code with which a call is refused, None if it passes; and the response's headers."""
    passed, sent = [], []

    async def app(scope, receive, send):
        passed.append(await receive())

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": path, "headers": list(headers), "client": (address, 1)}
    limited = VisitorLimits(app, limits or Limits(), folder, lambda: stopping)
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(limited(scope, receive, send))).result()
    if passed:
        return None, {}
    return json.loads(sent[1]["body"])["title"], dict(sent[0]["headers"])


def test_calls_of_one_address_are_counted_by_the_minute(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    rates = CallRates(2)
    assert [rates.allows("203.0.113.7") for _ in range(3)] == [True, True, False]
    assert rates.allows("203.0.113.8")
    now[0] = 61
    assert rates.allows("203.0.113.7")


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1"])
def test_programs_of_this_machine_are_not_counted(address):
    rates = CallRates(1)
    assert all(rates.allows(address) for _ in range(5))


def test_no_limit_of_calls_is_none():
    assert all(CallRates(0).allows("203.0.113.7") for _ in range(1000))


def test_only_the_addresses_that_called_last_are_remembered(monkeypatch):
    monkeypatch.setattr(module, "MOST_ADDRESSES", 2)
    rates = CallRates(1)
    assert [rates.allows(f"203.0.113.{each}") for each in (1, 2, 3)] == [True, True, True]
    assert [rates.allows(f"203.0.113.{each}") for each in (3, 1)] == [False, True]


def test_a_server_that_shuts_down_refuses_new_work_and_says_when_to_call_again(folder):
    for path in ("/gradio_api/call/predict", "/gradio_api/queue/join", "/gradio_api/upload"):
        code, headers = asked(folder, path=path, stopping=True, headers=[FORM])
        assert code == "STOPPING"
        assert int(headers[b"retry-after"]) > 0
    assert asked(folder, path="/gradio_api/cancel", stopping=True)[0] is None


def test_too_many_calls_are_refused_with_the_time_to_wait(folder, monkeypatch):
    monkeypatch.setattr(CallRates, "allows", lambda self, address: False)
    code, headers = asked(folder)
    assert code == "RATE"
    assert int(headers[b"retry-after"]) > 0


def test_uploads_that_lie_unread_have_a_quota(folder):
    limits = Limits(uploads_mb=1)
    (folder.uploads / "a").write_bytes(bytes(2**19))
    small, large = (b"content-length", b"1000"), (b"content-length", b"%d" % 2**20)
    assert asked(folder, path="/gradio_api/upload", limits=limits, headers=[FORM, small])[0] is None
    assert asked(folder, path="/gradio_api/upload", limits=limits, headers=[FORM, large])[0] == "BUSY"


@pytest.mark.parametrize(
    "kind",
    [
        b"",
        b"text/plain",
        b"multipart/form-data",
        b"multipart/form-data; boundary=",
        b"multipart/form-data; boundary=" + b"b" * 71,
    ],
)
def test_an_upload_that_is_no_form_is_refused(folder, kind):
    assert asked(folder, path="/gradio_api/upload", headers=[(b"content-type", kind)])[0] == "REQUEST"


def test_limits_are_read_from_words():
    limits = Limits.parse(["calls_a_minute=0", "upload_mb=16"])
    assert (limits.calls_a_minute, limits.upload_mb, limits.waiting) == (0, 16, Limits().waiting)


@pytest.mark.parametrize("word", ["upload=3", "upload_mb=0", "upload_mb=-1", "upload_mb", "upload_mb=x", "upload_mb=٣"])
def test_a_limit_that_is_none_is_refused(word):
    with pytest.raises(OptionError, match="limit"):
        Limits.parse([word])


def test_help_names_each_limit_with_its_default():
    assert all(name in Limits.help() for name in Limits.__dataclass_fields__)
    assert "explanation_s=300" in Limits.help()

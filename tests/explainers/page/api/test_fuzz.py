"""Calls made from a grammar of JSON and of raw requests: none of them is an internal error, and the server lives."""

import io
import json
import random
import socket
from urllib.parse import urlsplit

import httpx
import pytest
from PIL import Image

from explainers.page.api.codes import CODES
from explainers.page.api.registration import parameters

NAMES = sorted({name for names in parameters().values() for name in names})
NUMBERS = (0, -1, 1, 2**31, 2**64, -(10**400), 0.1, 1e308, -1e-320)
TEXTS = ("", "a", "Effusion", "grad_cam", "starter", "\x00", "\u202e", "é" * 300, "x" * 5000, "{}", "NaN")
ADDRESSES = ("../../x", "/etc/passwd", "http://127.0.0.1:1/a.png", "data:image/png;base64,AAAA")
LEAVES = (None, True, False, *NUMBERS, *TEXTS, *ADDRESSES)
KEYS = (*NAMES, "path", "url", "meta", "_type", "data", "__proto__", "grad_cam", "occlusion", "layer", "patch", "")
RAW = (
    b"NaN",
    b"-Infinity",
    b"1e999",
    b'"\\ud800"',
    b"{",
    b"]",
    b"\xff",
    b"\xef\xbb\xbf",
    b"9" * 5000,
    b"[" * 300,
    b"\x00",
)


def value(chance: random.Random, depth: int = 0) -> object:
    """A random JSON value."""
    kind = chance.random()
    if depth > 4 or kind < 0.6:
        return chance.choice(LEAVES)
    if kind < 0.8:
        return [value(chance, depth + 1) for _ in range(chance.randrange(5))]
    return {chance.choice(KEYS): value(chance, depth + 1) for _ in range(chance.randrange(5))}


def body(chance: random.Random, form: str) -> bytes:
    """A random body: well-formed most of the time, with a piece of garbage in it sometimes."""
    if form == "named":
        call = {chance.choice(NAMES): value(chance) for _ in range(chance.randrange(4))}
    elif form == "listed":
        call = {"data": [value(chance) for _ in range(chance.randrange(9))]}
    else:
        call = {
            "data": [value(chance) for _ in range(chance.randrange(4))],
            "fn_index": chance.choice([0, 1, 5, 20, 10**9, -1, None, "0"]),
            "session_hash": chance.choice(["fuzz", "", None, 7, "é", "x" * 99]),
            "event_data": value(chance),
        }
    sent = json.dumps(call).encode()
    if chance.random() < 0.15:
        at = chance.randrange(len(sent) + 1)
        sent = sent[:at] + chance.choice(RAW) + sent[at:]
    return sent


def end(http: httpx.Client, chance: random.Random) -> str:
    """How a random call ends: "complete", or the code of its error."""
    endpoint = chance.choice([*parameters(), "nothing"])
    form = chance.choice(["named", "named", "listed", "joined"])
    address = {
        "named": f"/gradio_api/call/v2/{endpoint}",
        "listed": f"/gradio_api/call/{endpoint}",
        "joined": chance.choice(["/gradio_api/queue/join", "/gradio_api/run/predict", "/gradio_api/cancel"]),
    }[form]
    posted = http.post(address, content=body(chance, form), headers={"Content-Type": "application/json"})
    if posted.status_code != 200:
        return posted.json()["title"]
    event = posted.json().get("event_id") if isinstance(posted.json(), dict) else None
    if not event or form == "joined":
        return "complete"
    said = http.get(f"/gradio_api/call/{endpoint}/{event}").text
    return "complete" if "event: complete" in said else json.loads(said.rsplit("data: ", 1)[-1])["title"]


def fuzzed(http: httpx.Client, seeds: range) -> None:
    for seed in seeds:
        code = end(http, random.Random(seed))
        assert code == "complete" or code in CODES, seed
        assert code not in ("INTERNAL", "EXPLAINER"), seed
    assert http.get("/health/live").json() == {"live": True}


def test_random_calls_are_answered_or_refused(http):
    fuzzed(http, range(150))


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_ten_thousand_random_calls_are_answered_or_refused(http):
    fuzzed(http, range(1000, 11_000))


MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "I", "F")
FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "GIF", "BMP", "PPM")


def picture(chance: random.Random) -> bytes:
    """A picture file of a random kind and size, damaged most of the time."""
    size = chance.choice([(1, 1), (63, 64), (64, 64), (200, 100), (3000, 2), (300, 300)])
    image = Image.new(chance.choice(MODES), size)
    if image.mode in ("L", "RGB"):
        image = Image.effect_noise(size, 80).convert(image.mode)
    target = io.BytesIO()
    try:
        image.save(target, chance.choice(FORMATS))
    except (OSError, ValueError, KeyError):  # this format has no such mode
        return chance.randbytes(chance.randrange(2000))
    content = bytearray(target.getvalue())
    for _ in range(chance.choice([0, 1, 3, 20])):
        content[chance.randrange(len(content))] = chance.randrange(256)
    return bytes(content[: chance.choice([len(content), len(content), chance.randrange(len(content))])])


def sent_pictures(http: httpx.Client, seeds: range) -> None:
    for seed in seeds:
        chance = random.Random(seed)
        name = chance.choice(
            ["a.png", "x" * 300 + ".png", "é" * 90, "..", "a/../b", "\u202egnp.exe", "a.svg", " ", "a\tb"]
        )
        uploaded = http.post("/gradio_api/upload", files={"files": (name, picture(chance), "image/png")})
        if uploaded.status_code != 200:
            assert uploaded.json()["title"] == "REQUEST", seed
            continue
        image = {"path": uploaded.json()[0], "meta": {"_type": "gradio.FileData"}}
        posted = http.post("/gradio_api/call/v2/predict", json={"image": image})
        text = http.get(f"/gradio_api/call/predict/{posted.json()['event_id']}").text
        refused = any(f'"title": "{code}"' in text for code in ("RADIOGRAPH", "UPLOAD"))
        assert "event: complete" in text or refused, (seed, text[:300])


def test_random_pictures_are_scored_or_refused(http):
    sent_pictures(http, range(60))


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_two_thousand_random_pictures_are_scored_or_refused(http):
    sent_pictures(http, range(1000, 3000))


def sent_raw(server: str, content: bytes) -> bytes:
    """The first bytes that come back for a raw request; b"" if the server only closes, or waits for the rest."""
    where = urlsplit(server)
    with socket.create_connection((where.hostname, where.port), timeout=2) as connection:
        connection.sendall(content)
        try:
            return connection.recv(200)
        except (TimeoutError, ConnectionResetError):
            return b""


@pytest.mark.parametrize(
    "content",
    [
        b"\x00\x01\x02\x03\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET  HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /gradio_api/call/predict HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /gradio_api/call/predict HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\nContent-Length: 8\r\n\r\n{}",
        b"POST /gradio_api/call/predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 20_000 + b"\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
    ids=lambda content: repr(content[:30]),
)
def test_what_is_no_http_does_no_harm(server, http, content):
    answer = sent_raw(server, content)
    assert b" 5" not in answer.split(b"\r\n")[0]
    assert http.get("/health/live").json() == {"live": True}

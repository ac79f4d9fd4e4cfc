"""Connections on which no request begins are closed; all others stay."""

import socket
import threading
import time

import pytest
import uvicorn

from explainers.page import request_heads
from explainers.page.request_heads import RequestHeads

ANSWER = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]}


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    monkeypatch.setattr(request_heads, "GRACE_S", 0.01)


@pytest.fixture
def served():
    """A small uvicorn server: gives its address, its looks at connections, and what lets its answers end."""
    answering, may_end = threading.Event(), threading.Event()

    async def app(scope, receive, send):
        import asyncio

        await send(ANSWER)
        answering.set()
        while not may_end.is_set():
            await asyncio.sleep(0.01)
        await send({"type": "http.response.body", "body": b"ok"})

    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    address = server.servers[0].sockets[0].getsockname()
    yield address, RequestHeads(lambda: server.server_state.connections), answering, may_end, server
    may_end.set()
    server.should_exit = True
    thread.join(30)


def connected(address, server, sent: bytes) -> socket.socket:
    """A connection that has sent something, which the server knows of."""
    before = len(server.server_state.connections)
    opened = socket.create_connection(address, timeout=30)
    opened.sendall(sent)
    while len(server.server_state.connections) == before:
        time.sleep(0.01)
    return opened


@pytest.mark.parametrize(
    "sent", [b"", b"G", b"GET / HTTP/1.1\r\nHost: a\r\nX: ", b"POST /gradio_api/upload HTTP/1.1\r\n"]
)
def test_half_a_head_is_closed_at_the_second_look(served, sent):
    address, heads, *_, server = served
    with connected(address, server, sent) as waiting:
        heads.sweep()
        waiting.setblocking(False)
        with pytest.raises(BlockingIOError):
            waiting.recv(1)
        waiting.settimeout(30)
        heads.sweep()
        assert waiting.recv(1) == b""


def test_an_answer_under_way_is_left_alone(served):
    address, heads, answering, may_end, server = served
    with connected(address, server, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n") as reading:
        assert answering.wait(30)
        for _ in range(3):
            heads.sweep()
        may_end.set()
        read = b""
        while not read.endswith(b"ok"):
            read += reading.recv(100)
        assert read.startswith(b"HTTP/1.1 200")

"""The server of the Model Context Protocol, with two clients: the SDK's, and plain HTTP."""

import asyncio
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

pytest.importorskip("mcp", reason="needs the extra mcp")

ROOT = Path(__file__).resolve().parents[4]


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "demo.py"), "--model", "starter", "--mcp"],
        env=os.environ | {"TMPDIR": str(tmp_path_factory.mktemp("server")), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    yield process.stdout.readline().split()[-1].rstrip("/")
    process.terminate()
    process.wait(60)


def in_session(address: str, use):
    """What `use(session)` gives, in the SDK's client; in a thread, since other tests keep a loop in this one."""
    from mcp import ClientSession
    from mcp.client.streamable_http import streamablehttp_client

    async def run():
        connection = streamablehttp_client(f"{address}/gradio_api/mcp/")
        async with connection as (read, write, _), ClientSession(read, write) as session:
            await session.initialize()
            return await use(session)

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(run())).result()


def test_the_sdks_client_lists_tools_and_gets_pictures(address):
    async def use(session):
        tools = (await session.list_tools()).tools
        listed = await session.call_tool("overview", {})
        image = next(iter(listed.structuredContent["samples"]))
        explained = await session.call_tool("explain_finding", {"image": image, "measures": ["completeness"]})
        return tools, listed, explained

    tools, listed, explained = in_session(address, use)
    assert [each.name for each in tools] == ["overview", "score_radiograph", "explain_finding"]
    assert not listed.isError
    assert not explained.isError
    assert [each.type for each in explained.content].count("image") == 3
    assert explained.structuredContent["maps"][0]["explainer"] == "grad_cam"


def test_a_refusal_is_an_error_with_its_code(address):
    async def use(session):
        return await session.call_tool("score_radiograph", {"image": "https://example.com/a.png"})

    answer = in_session(address, use)
    assert answer.isError
    assert answer.structuredContent["code"] == "RADIOGRAPH"


def test_an_upload_by_plain_http_is_scored(address, phantom_file):
    """The address is the one that Gradio's own upload helper for agents makes."""
    files = {"files": ("phantom.png", phantom_file.read_bytes(), "image/png")}
    (place,) = httpx.post(f"{address}/gradio_api/upload", files=files).json()
    call = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": "score_radiograph", "arguments": {"image": f"{address}/gradio_api/file={place}"}},
    }
    headers = {"Accept": "application/json, text/event-stream"}
    answer = httpx.post(f"{address}/gradio_api/mcp/", json=call, headers=headers, timeout=60).json()["result"]
    assert not answer["isError"], answer
    assert len(answer["structuredContent"]["findings"]) == 14


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"jsonrpc": "2.0"}', b"[" * 5000, b'{"id": "\\ud800"}'])
def test_what_is_no_message_is_refused(address, body):
    headers = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
    answer = httpx.post(f"{address}/gradio_api/mcp/", content=body, headers=headers, timeout=30)
    assert 400 <= answer.status_code < 500
    assert answer.json()["title"]

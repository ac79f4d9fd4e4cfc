"""Metrics: what the log says is counted, states are read when asked for, and nothing of what was sent is in them."""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

pytest.importorskip("prometheus_client", reason="needs the extra metrics")

from prometheus_client import generate_latest

from explainers.page.metrics import CountedResponses, Metrics

MARKER = "MARKER-77ab"


def text_of(metrics: Metrics) -> str:
    return generate_latest(metrics._registry).decode()


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        (
            {"endpoint": "predict", "milliseconds": 300, "outcome": "OK"},
            'cxr_lens_calls_total{endpoint="predict",outcome="OK"} 1.0',
        ),
        (
            {"endpoint": "explain", "milliseconds": 300, "outcome": "BUSY"},
            'cxr_lens_calls_total{endpoint="explain",outcome="BUSY"} 1.0',
        ),
        (
            {"endpoint": "predict", "milliseconds": 300, "outcome": "OK"},
            'cxr_lens_call_seconds_bucket{endpoint="predict",le="0.5"} 1.0',
        ),
        (
            {"endpoint": "predict", "milliseconds": 300, "outcome": "OK"},
            'cxr_lens_call_seconds_bucket{endpoint="predict",le="0.25"} 0.0',
        ),
        (
            {"explainer": "rise", "milliseconds": 7000, "outcome": "TOO_SLOW"},
            'cxr_lens_explanations_total{explainer="rise",outcome="TOO_SLOW"} 1.0',
        ),
        (
            {"explainer": "rise", "milliseconds": 7000, "outcome": "OK"},
            'cxr_lens_explanation_seconds_sum{explainer="rise"} 7.0',
        ),
    ],
)
def test_a_record_of_an_end_is_counted(fields, line):
    metrics = Metrics()
    metrics.emit(logging.makeLogRecord({"msg": "ended", **fields}))
    assert line in text_of(metrics).splitlines()


def test_other_records_are_not_counted():
    metrics, before = Metrics(), text_of(Metrics())
    metrics.emit(logging.makeLogRecord({"msg": MARKER}))
    names = [line.split(" ")[0] for line in before.splitlines() if "cxr_lens" in line]
    assert names == [line.split(" ")[0] for line in text_of(metrics).splitlines() if "cxr_lens" in line]


def test_a_gauge_is_read_when_it_is_asked_for():
    metrics, waiting = Metrics(), []
    metrics.gauge("waiting_calls", "Calls in the queue", lambda: len(waiting))
    assert "cxr_lens_waiting_calls 0.0" in text_of(metrics)
    waiting.extend("ab")
    assert "cxr_lens_waiting_calls 2.0" in text_of(metrics)


def test_responses_are_counted_by_status():
    metrics = Metrics()

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 429, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def ignored(message):
        pass

    with ThreadPoolExecutor() as thread:  # of its own: this one may have a running event loop, of a browser
        thread.submit(asyncio.run, CountedResponses(app, metrics)({"type": "http"}, ignored, ignored)).result()
    assert 'cxr_lens_http_responses_total{status="429"} 1.0' in text_of(metrics)


def counted(metrics: str, line: str) -> float:
    """The value of a metric, 0 before it is counted for the first time."""
    found = [each for each in httpx.get(metrics, timeout=60).text.splitlines() if each.startswith(line)]
    return float(found[0].rsplit(" ", 1)[1]) if found else 0.0


def test_the_page_serves_them_on_their_own_port(started_server, http):
    metrics = started_server.metrics
    ended = 'cxr_lens_calls_total{endpoint="health",outcome="OK"}'
    before = counted(metrics, ended)
    event = http.post("/gradio_api/call/v2/health", json={}).json()["event_id"]
    assert "complete" in http.get(f"/gradio_api/call/health/{event}").text
    http.post(f"/gradio_api/call/v2/{MARKER}", json={})
    assert http.get("/metrics").status_code == 404
    assert counted(metrics, ended) == before + 1
    assert counted(metrics, 'cxr_lens_http_responses_total{status="404"}') >= 1
    found = httpx.get(metrics, timeout=60).text
    for name in ("waiting_calls", "sessions", "streams", "picture_bytes", "upload_bytes", "ready"):
        assert f"cxr_lens_{name} " in found
    assert "process_resident_memory_bytes" in found
    assert MARKER not in found

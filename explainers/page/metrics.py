"""Metrics for Prometheus, on a port of their own. Needs the extra `metrics`.

Calls and explainers are counted from the records that the log gets: what is logged is counted, and nothing more is
known here of what a visitor sent.
"""

import logging
from collections.abc import Callable
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, start_http_server
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 120, 300)
"""Upper bounds of the histograms' buckets: from a cached score to the longest explanation."""


class Metrics(logging.Handler):
    """Counts what log records say; `respond` counts responses; `gauge` reads a state when it is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        kind: dict[str, Any] = {"namespace": "cxr_lens", "registry": self._registry}
        self._calls = Counter("calls", "Calls of endpoints", ["endpoint", "outcome"], **kind)
        self._call_seconds = Histogram("call_seconds", "Time that a call ran", ["endpoint"], buckets=SECONDS, **kind)
        self._runs = Counter("explanations", "Runs of explainers for endpoints", ["explainer", "outcome"], **kind)
        self._run_seconds = Histogram(
            "explanation_seconds", "Time that an explainer took", ["explainer"], buckets=SECONDS, **kind
        )
        self._responses = Counter("http_responses", "HTTP responses", ["status"], **kind)
        self._kind = kind

    def emit(self, record: logging.LogRecord) -> None:
        """Count a record that says how something ended."""
        outcome, milliseconds = getattr(record, "outcome", None), getattr(record, "milliseconds", None)
        if outcome is None or milliseconds is None:
            return
        if (endpoint := getattr(record, "endpoint", None)) is not None:
            self._calls.labels(endpoint, outcome).inc()
            self._call_seconds.labels(endpoint).observe(milliseconds / 1000)
        elif (explainer := getattr(record, "explainer", None)) is not None:
            self._runs.labels(explainer, outcome).inc()
            self._run_seconds.labels(explainer).observe(milliseconds / 1000)

    def gauge(self, name: str, meaning: str, value: Callable[[], float]) -> None:
        """A figure that is asked for at every reading of the metrics."""
        Gauge(name, meaning, **self._kind).set_function(value)

    def responded(self, status: int) -> None:
        """A response began."""
        self._responses.labels(str(status)).inc()

    def start(self, host: str, port: int) -> None:
        """Answer at http://HOST:PORT/metrics, until the process ends. Raises OSError if the port is taken."""
        start_http_server(port, addr=host, registry=self._registry)


class CountedResponses:
    """ASGI middleware that counts responses by their status; the outermost of this package."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app, self.metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.metrics.responded(message["status"])
            await send(message)

        await self.app(scope, receive, counted)

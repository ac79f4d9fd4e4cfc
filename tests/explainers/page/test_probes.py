"""Addresses for a supervisor."""

import json
from types import SimpleNamespace

import httpx
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from explainers.page.background_network import NetworkState
from explainers.page.probes import routes


def asked(state: str, *, stopping: bool = False):
    networks = SimpleNamespace(state=lambda *_: NetworkState(state), loaded=lambda: None, names=("starter",))
    app = Starlette(
        routes=routes(SimpleNamespace(networks=networks, stopping=SimpleNamespace(is_set=lambda: stopping)))
    )
    return TestClient(app)


@pytest.mark.parametrize(
    ("state", "stopping", "status"),
    [
        ("ready", False, 200),
        ("idle", False, 503),
        ("loading", False, 503),
        ("failed", False, 503),
        ("ready", True, 503),
    ],
)
def test_ready_means_that_visitors_can_be_sent(state, stopping, status):
    probe = asked(state, stopping=stopping)
    answer = probe.get("/health/ready")
    assert answer.status_code == status
    assert ("title" in answer.json()) == (status != 200)
    assert probe.get("/health/live").json() == {"live": True}


def test_both_answer_on_the_server(server):
    assert httpx.get(f"{server}/health/live").json() == {"live": True}
    answer = httpx.get(f"{server}/health/ready")
    assert answer.status_code in (200, 503)
    assert json.loads(answer.text)

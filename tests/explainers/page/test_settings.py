"""Whether others can reach the page, and what plugins may do then."""

import pytest

from explainers.page.limits import Limits
from explainers.page.settings import PageSettings
from explainers.running.isolation import Isolation

BEHIND = ("SPACE_ID", "GRADIO_ROOT_PATH", "FORWARDED_ALLOW_IPS")


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    for name in BEHIND:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("host", "public"),
    [
        ("127.0.0.1", False),
        ("127.0.0.2", False),
        ("::1", False),
        ("localhost", False),
        ("0.0.0.0", True),
        ("::", True),
        ("192.0.2.1", True),
        ("example.org", True),
    ],
)
def test_plugins_are_isolated_where_others_can_reach_the_page(host, public):
    settings = PageSettings(host=host, limits=Limits(explanation_s=40, plugin_mb=500))
    assert settings.is_public() == public
    assert settings.isolation() == (Isolation(40, 500) if public else None)


@pytest.mark.parametrize("name", BEHIND)
def test_a_page_behind_a_proxy_is_public_whatever_it_listens_on(monkeypatch, name):
    monkeypatch.setenv(name, "x")
    assert PageSettings().isolation() is not None


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_what_the_operator_chooses_holds_everywhere(host):
    assert PageSettings(host=host, isolate="off").isolation() is None
    assert PageSettings(host=host, isolate=7.0).isolation() == Isolation(7.0, Limits().plugin_mb)

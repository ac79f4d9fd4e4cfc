"""Who waits for a call, and what becomes of work that nobody waits for."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from gradio_client import handle_file

from explainers.page.api import listeners as module
from explainers.page.api.listeners import Listeners

SLOW = {"explainers": ["occlusion", "rise"], "options": {"occlusion": {"stride": 8}}, "finding": "Effusion"}
"""Minutes of work, so that only a cancelled one ends within the test."""


@pytest.fixture
def log(server, server_folder) -> Callable[[], str]:
    """What the server logged since this test began."""
    file: Path = server_folder.parent / "server.log"
    begin = file.stat().st_size
    return lambda: file.read_text()[begin:]


def appears(condition: Callable[[], object], *, within_s: float = 60) -> bool:
    """Whether something becomes true; the time is for machines that are busy, not what is tested."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


def test_a_caller_is_gone_once_its_stream_has_ended_and_not_before():
    listeners = Listeners()
    assert not listeners.gone("ada")
    listeners.joined("ada")
    assert listeners.is_unread("ada")
    assert not listeners.gone("ada")
    with listeners.reading("ada"):
        assert not listeners.gone("ada")
        assert not listeners.is_unread("ada")
        with listeners.reading("ada"):
            assert listeners.readers == 2
        assert not listeners.gone("ada")
    assert listeners.gone("ada")


def test_a_caller_that_calls_again_is_back():
    """Gradio's client closes its stream when nothing is pending, and opens another with the next call."""
    listeners = Listeners()
    listeners.joined("ada")
    with listeners.reading("ada"):
        pass
    listeners.joined("ada")
    assert not listeners.gone("ada")


def test_results_that_nobody_reads_are_not_waited_for_for_ever(monkeypatch):
    listeners = Listeners()
    listeners.joined("ada")
    monkeypatch.setattr(module, "UNREAD_S", -1)
    assert listeners.gone("ada")


def test_one_event_of_a_session_is_cancelled_alone():
    listeners = Listeners()
    listeners.joined("ada")
    listeners.cancel("e1")
    assert listeners.gone("ada", "e1")
    assert not listeners.gone("ada", "e2")


def test_what_is_remembered_is_bounded(monkeypatch):
    monkeypatch.setattr(module, "MOST_REMEMBERED", 3)
    listeners = Listeners()
    for number in range(9):
        listeners.joined(f"s{number}")
        listeners.cancel(f"e{number}")
    assert not listeners.is_unread("s5")
    assert listeners.is_unread("s6")
    assert not listeners.gone(None, "e5")
    assert listeners.gone(None, "e6")


@pytest.mark.parametrize("endpoint", ["explain", "compare"])
def test_a_client_that_leaves_in_mid_stream_ends_its_work(http, phantom_upload, log, endpoint):
    arguments = {"options": SLOW["options"]}
    arguments |= {"explainers": ["left_half", "occlusion"]} if endpoint == "compare" else {"explainer": "occlusion"}
    posted = http.post(f"/gradio_api/call/v2/{endpoint}", json=phantom_upload(endpoint) | arguments)
    address = f"/gradio_api/call/{endpoint}/{posted.json()['event_id']}"
    if endpoint == "compare":
        with http.stream("GET", address) as answer:
            next(line for line in answer.iter_lines() if "generating" in line)
    else:  # nothing is sent before the end
        with pytest.raises(httpx.ReadTimeout), http.stream("GET", address, timeout=0.8) as answer:
            list(answer.iter_lines())
    assert appears(lambda: "explainer=occlusion" in log())
    assert all("outcome=CANCELLED" in line for line in log().splitlines() if "explainer=occlusion" in line)


def test_a_job_that_gradios_client_cancels_ends(client, phantom_file, log):
    job = client.submit(image=handle_file(phantom_file), api_name="/compare", **SLOW)
    assert appears(lambda: job.status().progress_data)
    job.cancel()
    assert appears(lambda: "explainer=occlusion" in log() and "outcome=CANCELLED" in log())


def test_progress_of_explainers_reaches_gradios_client(client, phantom_file):
    job = client.submit(image=handle_file(phantom_file), api_name="/compare", **SLOW)
    assert appears(lambda: job.status().progress_data and job.status().progress_data[0].progress)
    assert "occlusion" in job.status().progress_data[0].desc
    job.cancel()


def test_the_log_tells_how_calls_ended_and_nothing_that_was_sent(http, phantom_file, log):
    marker = "MARKER-e7c1"
    files = {"files": (f"{marker}.png", phantom_file.read_bytes(), "image/png")}
    (place,) = http.post("/gradio_api/upload", files=files).json()
    image = {"path": place, "orig_name": marker, "meta": {"_type": "gradio.FileData"}}
    for arguments in (
        {"image": image},
        {"image": image, "model": marker},
        {"image": image, "window": marker},
        {"image": {"path": f"/etc/{marker}", "meta": {}}},
        {marker: 1},
    ):
        posted = http.post("/gradio_api/call/v2/predict", json=arguments)
        if posted.status_code == 200:
            http.get(f"/gradio_api/call/predict/{posted.json()['event_id']}")
    http.post(f"/gradio_api/call/{marker}", content=json.dumps({"data": [marker]}))
    http.get(f"/{marker}")
    assert appears(lambda: "endpoint=predict" in log() and "outcome=SOURCE" in log())
    assert marker not in log()
    assert "Traceback" not in log()

"""The networks behind the page: each loaded once, behind the server, and few of them at a time."""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from cxr.errors import Busy
from explainers.page import background_network as module
from explainers.page.background_network import BackgroundNetwork, public_name
from explainers.page.networks import Networks
from explainers.page.panels.header import networks_value
from explainers.registry import Registry
from hub.errors import CheckpointError, SourceError

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def loads(monkeypatch, tiny):
    """What was loaded, in order; every source gives the tiny network, and says what `notes` has for it."""
    loaded = []

    def load(self):
        loaded.append(self.source)
        if self.source == "broken":
            raise CheckpointError("'broken' holds no checkpoint.")
        self._state = module.NetworkState("ready", ("Something else is in use.",) if self.source == "fallen" else ())
        return tiny

    monkeypatch.setattr(BackgroundNetwork, "_loaded_and_warm", load)
    return loaded


def test_calls_wait_for_a_network_and_then_get_it(monkeypatch, tiny):
    go = threading.Event()

    def load(self):
        go.wait(10)
        return tiny

    monkeypatch.setattr(BackgroundNetwork, "_loaded_and_warm", load)
    networks = Networks(["starter"])
    assert networks.state().state == "idle"
    networks.begin()
    found = []
    caller = threading.Thread(target=lambda: found.append(networks.find()))
    caller.start()
    assert networks.state().state == "loading"
    assert networks.loaded() is None
    go.set()
    caller.join(10)
    assert found == [tiny]


def test_who_waits_too_long_is_told_to_come_back(monkeypatch):
    monkeypatch.setattr(module, "LONGEST_WAIT_S", 0.01)
    with pytest.raises(Busy, match="minute"):
        BackgroundNetwork("starter").wait()


def test_only_what_is_offered_can_be_asked_for(loads, tiny):
    networks = Networks(["starter", "medmae"])
    assert networks.find() is networks.find("starter") is networks.find("tiny") is tiny
    assert loads == ["starter"]
    with pytest.raises(SourceError, match=r"'medmea'.*Did you mean 'medmae'"):
        networks.find("medmea")
    with pytest.raises(SourceError):
        networks.find(7)


def test_a_network_is_loaded_when_it_is_first_asked_for_and_once(loads):
    networks = Networks(["a", "b"])
    networks.begin()
    networks.find("b")
    networks.find("b")
    networks.find("a")
    assert loads == ["a", "b"]


def test_two_are_kept_and_the_one_not_used_for_longest_goes(loads):
    networks = Networks(["a", "b", "c"])
    for name in ("a", "b", "a", "c"):
        networks.find(name)
    assert networks.loaded("b") is None
    assert networks.state("b").state == "idle"
    assert networks.loaded("a")
    networks.find("b")
    assert loads == ["a", "b", "c", "b"]


@pytest.fixture
def downloads(monkeypatch, tiny) -> threading.Event:
    """The source "hub" is downloaded until this is set; every other one is there at once."""
    arrived = threading.Event()

    def load(self):
        if self.source == "hub":
            self._downloaded(0.0)
            self._downloaded(0.5)
            arrived.wait(10)
        self._state = module.NetworkState("ready")
        return tiny

    monkeypatch.setattr(BackgroundNetwork, "_loaded_and_warm", load)
    return arrived


def until(condition) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_the_packaged_network_is_in_use_while_the_default_one_is_downloaded(downloads):
    networks = Networks(["hub", "local"])
    assert networks.in_use == "hub"
    networks.begin()
    until(lambda: networks.state("hub").progress == 0.5)
    until(lambda: networks.names == ("hub", "local", "starter"))
    assert networks.in_use == "starter"
    assert networks.find("starter") is not None
    downloads.set()
    networks.find("hub")
    assert networks.in_use == "hub"
    assert networks.names == ("hub", "local", "starter")


def test_nothing_stands_in_for_a_network_that_is_not_downloaded_or_not_the_default(downloads):
    networks = Networks(["local", "hub"])
    networks.find()
    networks.begin("hub")
    until(lambda: networks.state("hub").progress == 0.5)
    assert (networks.names, networks.in_use) == (("local", "hub"), "local")
    downloads.set()
    networks.find("hub")
    assert networks.names == ("local", "hub")


def test_what_is_being_downloaded_is_not_dropped_for_others(downloads):
    networks = Networks(["hub", "a", "b"])
    networks.begin()
    until(lambda: networks.in_use == "starter")
    for name in ("starter", "a", "b"):
        networks.find(name)
    assert networks.state("hub").state == "loading"
    assert networks.loaded("starter") is None
    downloads.set()
    assert networks.find("hub") is networks.loaded("hub")


def test_the_page_is_told_which_network_is_in_use_and_which_is_awaited(downloads):
    networks = Networks(["hub"])
    state = SimpleNamespace(networks=networks, registry=Registry())
    networks.begin()
    until(lambda: networks.in_use == "starter")
    networks.find("starter")
    value = networks_value(state)
    assert (value["chosen"], value["awaited"]) == ("starter", "hub")
    assert value["networks"]["hub"]["progress"] == 0.5
    # a visitor who wants the awaited one gets it, and waits
    assert (networks_value(state, "hub")["chosen"], networks_value(state, "hub")["awaited"]) == ("hub", "")
    downloads.set()
    networks.find("hub")
    assert (networks_value(state)["chosen"], networks_value(state)["awaited"]) == ("hub", "")


def test_what_failed_or_fell_back_can_be_tried_again_and_what_is_well_is_left(loads):
    networks = Networks(["a", "fallen"])
    networks.find("a")
    networks.find("fallen")
    for name in ("a", "fallen"):
        networks.retry(name)
        networks.find(name)
    assert loads == ["a", "fallen", "fallen"]
    assert networks.state("fallen").notes == ("Something else is in use.",)


def test_a_checkpoint_that_does_not_load_is_explained(loads):
    networks = Networks(["broken"])
    with pytest.raises(SourceError, match="'broken' holds no checkpoint"):
        networks.find()
    assert networks.state().state == "failed"
    networks.retry()
    with pytest.raises(SourceError):
        networks.find()
    assert loads == ["broken", "broken"]


def test_folders_are_offered_by_their_names(tmp_path, monkeypatch):
    (tmp_path / "net").mkdir()
    monkeypatch.chdir(tmp_path)
    assert public_name(str(tmp_path / "net")) == public_name("./net") == public_name("~/net") == "net"
    assert public_name("org/net") == "org/net"
    assert Networks([str(tmp_path / "net"), "starter"]).names == ("net", "starter")
    with pytest.raises(SourceError, match="same name"):
        Networks([str(tmp_path / "net"), "./net"])


def test_a_failure_is_told_without_the_folder(monkeypatch):
    def load(self):
        raise CheckpointError("'/home/somebody/nets/mine' holds no checkpoint.")

    monkeypatch.setattr(BackgroundNetwork, "_loaded_and_warm", load)
    networks = Networks(["/home/somebody/nets/mine"])
    with pytest.raises(SourceError) as caught:
        networks.find()
    assert "'mine' holds no checkpoint" in str(caught.value)
    assert "/home" not in str(caught.value)


ASK = """
import json, os, sys
from types import SimpleNamespace
from cxr.predictor import Predictor
from explainers.page.networks import Networks
from hub.errors import CxrLensError

def named(resolved, **_):
    # in place of a network: it has the name that its folder says, and computes nothing
    identity = SimpleNamespace(name=resolved.config["name"], source=resolved.source)
    return SimpleNamespace(identity=identity, predict=lambda radiograph: None, build=lambda: None)

Predictor.load = named

def end(networks, model):
    try:
        network = networks.answering(model)
        return {"answered": network.predictor.identity.name, "requested": network.requested, "why": network.fallback}
    except CxrLensError as error:
        return {"code": error.code, "sentence": str(error)}

offered = {name: Networks([name]) for name in sys.argv[1:]}
print(json.dumps({name: {model or "default": end(networks, model) for model in ("", name, "starter", "nobody")}
                  for name, networks in offered.items()}), flush=True)
os._exit(0)  # an engine is still imported in the background
"""


@pytest.fixture(scope="module")
def ends(tmp_path_factory) -> dict:
    """{repository: {the model that a call names: how it ends}} on a Hub that has one good repository and three bad."""
    folder = tmp_path_factory.mktemp("hub")
    for name, files in (("good", {}), ("wrong", {"model.safetensors": b"altered"}), ("gated", {"../GATED": b""})):
        place = folder / "models" / "org" / name / ("a" * 40)
        shutil.copytree(ROOT / "hub" / "starter", place)
        config = json.loads((place / "config.json").read_text())
        (place / "config.json").write_text(json.dumps(config | {"name": name}))
        (place.parent / "main").write_text("a" * 40)
        for file, content in files.items():
            (place / file).write_bytes(content)
    hub = subprocess.Popen(
        [sys.executable, str(ROOT / "tests/hub/fake_hub.py"), str(folder)], stdout=subprocess.PIPE, text=True
    )
    try:
        environment = {"HF_ENDPOINT": hub.stdout.readline().strip(), "HF_HOME": str(folder / "home"), "HF_TOKEN": ""}
        done = subprocess.run(
            [sys.executable, "-c", ASK, "org/good", "org/wrong", "org/gated", "org/missing"],
            env=os.environ | environment | {"HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1", "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
        )
    finally:
        hub.kill()
        hub.wait()
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_network_that_the_hub_has_answers_under_its_name(ends):
    for model in ("default", "org/good"):
        assert ends["org/good"][model] == {"answered": "good", "requested": "org/good", "why": ""}
    assert ends["org/good"]["nobody"]["code"] == "SOURCE"


@pytest.mark.parametrize("source", ["org/wrong", "org/gated", "org/missing"])
def test_in_place_of_one_that_it_has_not_the_default_gives_way_with_a_reason_and_a_name_is_refused(ends, source):
    default = ends[source]["default"]
    assert (default["answered"], default["requested"]) == ("starter", source)
    assert f"'{source}' could not be loaded, so the packaged starter is in use." in default["why"]
    assert ends[source][source]["code"] == "SOURCE"
    assert default["why"] in ends[source][source]["sentence"]
    # the packaged network is offered under its own name since the other's download began
    assert ends[source]["starter"] == {"answered": "starter", "requested": "starter", "why": ""}
    assert ends[source]["nobody"]["code"] == "SOURCE"

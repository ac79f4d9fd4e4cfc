"""The network behind the page: loaded once, behind the server, and named to those who ask for another."""

import threading

import pytest

from cxr.errors import Busy
from explainers.page import network as module
from explainers.page.network import BackgroundNetwork
from hub.errors import CheckpointError, SourceError


def settled(source: str, monkeypatch, load) -> BackgroundNetwork:
    network = BackgroundNetwork(source)
    monkeypatch.setattr(BackgroundNetwork, "_loaded_and_warm", load)
    network.start()
    network._settled.wait(10)
    return network


def test_calls_wait_for_the_network_and_then_get_it(monkeypatch, tiny):
    go = threading.Event()

    def load(self):
        go.wait(10)
        return tiny

    network = BackgroundNetwork("starter")
    monkeypatch.setattr(BackgroundNetwork, "_loaded_and_warm", load)
    network.start()
    found = []
    caller = threading.Thread(target=lambda: found.append(network.find()))
    caller.start()
    assert network.state.state == "loading"
    assert network.loaded is None
    go.set()
    caller.join(10)
    assert found == [tiny]


def test_who_waits_too_long_is_told_to_come_back(monkeypatch):
    monkeypatch.setattr(module, "LONGEST_WAIT_S", 0.01)
    with pytest.raises(Busy, match="minute"):
        BackgroundNetwork("starter").find()


def test_only_the_network_in_use_can_be_asked_for(monkeypatch, tiny):
    network = settled("starter", monkeypatch, lambda self: tiny)
    assert network.find() is network.find("tiny") is network.find("starter") is tiny
    with pytest.raises(SourceError, match=r"'tinny'.*tiny"):
        network.find("tinny")


def test_a_checkpoint_that_does_not_load_is_explained_without_its_folder(monkeypatch):
    def load(self):
        raise CheckpointError("'/home/somebody/nets/mine' holds no checkpoint.")

    network = settled("/home/somebody/nets/mine", monkeypatch, load)
    assert network.state.state == "failed"
    with pytest.raises(SourceError) as caught:
        network.find()
    assert "'mine' holds no checkpoint" in str(caught.value)
    assert "/home" not in str(caught.value)

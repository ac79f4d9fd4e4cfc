"""A plugin's network in a process of its own: the same answers, and what happens when it misbehaves."""

import gc
import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from cxr import read_radiograph
from cxr.errors import NotAvailable
from explainers import Registry, compare, load_network
from explainers.errors import PluginError, TooSlow
from explainers.running.comparison import Finished
from explainers.running.isolation import Isolation

NETWORKS = Path(__file__).parents[2] / "plugins" / "networks" / "small_networks.py"
GREY = np.repeat(np.repeat([[1.0, 0.25]], 64, axis=0), 32, axis=1).astype(np.float32)

MISDEEDS = """
import os, sys, time
import numpy as np
from explainers import Network, hookimpl


class Misbehaving(Network):
    \"\"\"Does what its input asks for: the value of the first pixel is a misdeed.\"\"\"

    name, labels, input = "misbehaving", ("Mass",), {"rule": "0..1", "size": 32}

    def forward(self, batch):
        asked = round(float(batch[0, 0, 0, 0]))
        if asked == 1:
            time.sleep(60)
        if asked == 2:
            os._exit(3)
        if asked == 3:
            sys.exit("enough")
        if asked == 4:
            raise KeyboardInterrupt
        if asked == 5:
            bytearray(3 * 2**30)
        return np.full((len(batch), 1), os.getpid())


@hookimpl
def cxr_lens_networks():
    return [Misbehaving]
"""


@pytest.fixture(scope="module")
def isolated():
    """The network `layered` of the small ones, in a process."""
    return load_network(f"{NETWORKS}:layered", Registry.standard(isolation=Isolation(20)))


@pytest.fixture(scope="module")
def misbehaving(tmp_path_factory):
    file = tmp_path_factory.mktemp("plugin") / "misbehaving.py"
    file.write_text(MISDEEDS)
    return load_network(str(file), Registry(isolation=Isolation(1.0, memory_mb=2048)))


def asking(misdeed: int) -> np.ndarray:
    return np.full((1, 32, 32, 3), misdeed, np.float32)


def test_all_that_it_gives_is_the_same_as_without_a_process(isolated):
    here = load_network(f"{NETWORKS}:layered")
    assert isolated.layers == here.layers
    assert isolated.capabilities == here.capabilities
    batch = np.random.default_rng(0).uniform(size=(3, 32, 32, 1)).astype(np.float32)
    for ask in (
        lambda on: on.forward(batch),
        lambda on: on.activations(batch, "cells"),
        lambda on: on.layer_gradient(batch, "cells", "Right"),
        lambda on: on.forward_from("cells", np.ones((2, 4, 4, 1), np.float32)),
        lambda on: on.input_gradient(batch, "Left"),
        lambda on: on.randomised(1).forward(batch),
        lambda on: on.randomised(2).forward(batch),
        lambda on: on.randomised(1).forward(batch),
    ):
        np.testing.assert_array_equal(ask(isolated), ask(here))
    with pytest.raises(NotAvailable):
        isolated.attentions(batch, "Left")


def test_it_prepares_scores_and_is_explained(isolated):
    radiograph = read_radiograph(GREY)
    assert [each.logit for each in isolated.predict(radiograph).findings] == pytest.approx([8, 2, -8])
    (made,) = [
        each.explanation
        for each in compare(isolated, radiograph, "Left", ["grad_cam"], registry=Registry.standard())
        if isinstance(each, Finished)
    ]
    np.testing.assert_allclose(made.map[:, :2], 0.5, atol=1e-6)


@pytest.mark.parametrize(("misdeed", "error", "words", "survives"), [
    (1, TooSlow, r"misbehaving\.forward took longer than 1 s, and its process was ended", False),
    (2, PluginError, r"misbehaving\.forward failed\. Its process ended without an answer, with exit status 3", False),
    (3, PluginError, r"misbehaving\.forward raised SystemExit: enough", True),
    (4, PluginError, r"misbehaving\.forward raised KeyboardInterrupt", True),
    (5, PluginError, r"misbehaving\.forward raised MemoryError", True),
], ids=["hangs", "ends its process", "exits", "interrupts", "takes memory"])  # fmt: skip
def test_a_misdeed_is_an_error_of_its_call_and_the_next_call_is_answered(misbehaving, misdeed, error, words, survives):
    if misdeed == 5 and os.name != "posix":
        pytest.skip("memory is limited on POSIX alone")
    before = misbehaving.forward(asking(0))
    with pytest.raises(error, match=words):
        misbehaving.forward(asking(misdeed))
    # a process that was ended is begun again
    assert np.array_equal(misbehaving.forward(asking(0)), before) == survives


def test_a_network_that_can_not_be_made_says_why(tmp_path):
    file = tmp_path / "broken.py"
    file.write_text(
        MISDEEDS.replace("    def forward", "    def __init__(self):\n        os._exit(4)\n\n    def forward")
    )
    with pytest.raises(PluginError, match=r"misbehaving\.__init__ failed\. Its process ended .* exit status 4"):
        load_network(str(file), Registry(isolation=Isolation(5)))


def test_a_process_that_ended_between_two_calls_is_begun_again(misbehaving):
    process = int(misbehaving.forward(asking(0))[0, 0])
    os.kill(process, signal.SIGKILL)
    for _ in range(100):
        if not Path(f"/proc/{process}").exists():
            break
        time.sleep(0.05)
    time.sleep(0.2)  # the message of its end follows
    assert int(misbehaving.forward(asking(0))[0, 0]) != process


def test_the_process_ends_with_the_network(tmp_path):
    (tmp_path / "misbehaving.py").write_text(MISDEEDS)
    gc.freeze()  # what other tests left need not be looked through: that takes half a minute
    try:
        predictor = load_network(str(tmp_path / "misbehaving.py"), Registry(isolation=Isolation(20)))
        process = int(predictor.forward(asking(0))[0, 0])
        assert process != os.getpid()
        os.kill(process, 0)
        del predictor
        gc.collect()
    finally:
        gc.unfreeze()
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)

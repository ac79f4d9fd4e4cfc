"""A plugin's network as a predictor: what it gives, what is derived, and what is said of the rest."""

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from cxr import read_radiograph
from cxr.errors import NotAvailable
from explainers import Registry, class_log_odds, compare, load_network, measure
from explainers.cam_sum import cam_sum
from explainers.errors import OptionError, PluginError
from explainers.running.comparison import Failed, Finished, Started
from hub.errors import SourceError

NETWORKS = Path(__file__).parents[1] / "plugins" / "networks" / "small_networks.py"
FIRST = "from explainers import Network, hookimpl\nimport numpy as np\n"


@pytest.fixture(scope="module")
def registry():
    return Registry.standard([str(NETWORKS)])


@pytest.fixture(scope="module")
def layered(registry):
    return load_network("layered", registry)


@pytest.fixture(scope="module")
def scorer(registry):
    return load_network("scorer", registry)


def half_bright() -> np.ndarray:
    """The left half at 1, the right half at 0.25."""
    return np.repeat(np.repeat([[1.0, 0.25]], 64, axis=0), 32, axis=1).astype(np.float32)


def written(folder: Path, body: str, name: str = "mine.py") -> str:
    hook = "\n@hookimpl\ndef cxr_lens_networks():\n    return [Mine]\n"
    (folder / name).write_text(FIRST + "class Mine(Network):\n" + body + hook)
    return str(folder / name)


def test_scores_go_by_the_labels_of_the_network(scorer):
    prediction = scorer.predict(read_radiograph(half_bright()))
    # 8 cells of mean 1 on the left, 8 of 0.25 on the right
    assert [each.logit for each in prediction.findings] == pytest.approx([8, 2, -8])
    assert [each.finding for each in prediction.findings] == ["Left", "Right", "Opposite"]
    assert prediction["Left"].above_threshold is True
    assert prediction["Right"].threshold is None
    assert scorer.config.describe("Left") == "Bright on the left."


def test_a_network_that_only_scores_is_explained_by_covering(scorer, registry):
    events = list(compare(scorer, read_radiograph(half_bright()), "Right", ["occlusion"], registry=registry,
                          options={"occlusion": {"patch": 8, "stride": 8, "fill": "black"}}))  # fmt: skip
    (made,) = [each.explanation for each in events if isinstance(each, Finished)]
    # covering a cell of the right half with the darkest value, 0.25, changes nothing; the left half has no weight
    np.testing.assert_allclose(made.map, 0, atol=1e-6)
    events = list(compare(scorer, read_radiograph(half_bright()), "Left", ["occlusion"], registry=registry,
                          options={"occlusion": {"patch": 8, "stride": 8, "fill": "black"}}))  # fmt: skip
    (made,) = [each.explanation for each in events if isinstance(each, Finished)]
    np.testing.assert_allclose(made.map[:, :2], 0.75, atol=1e-6)
    np.testing.assert_allclose(made.map[:, 2:], 0, atol=1e-6)


def test_layers_are_found_with_their_shapes(layered, scorer):
    assert layered.layers == {"cells": (4, 4, 1)}
    assert layered.target_layer == "cells"
    assert (scorer.layers, scorer.target_layer) == ({}, "")


def test_grad_cam_on_a_plugins_layer_is_its_formula(layered, registry):
    events = list(compare(layered, read_radiograph(half_bright()), "Left", ["grad_cam"], registry=registry))
    (made,) = [each.explanation for each in events if isinstance(each, Finished)]
    # the mean gradient of the channel is 1/2; activations are 1 on the left and 0.25 on the right
    np.testing.assert_allclose(made.map[:, :2], 0.5, atol=1e-6)
    np.testing.assert_allclose(made.map[:, 2:], 0.125, atol=1e-6)


def test_gradients_of_all_labels_are_derived_from_those_of_one(layered):
    batch = np.ones((2, 32, 32, 1), np.float32)
    found = layered.layer_gradient(batch, "cells")
    assert found.shape == (2, 3, 4, 4, 1)
    np.testing.assert_array_equal(found[:, 2], -found[:, 0])


@pytest.mark.parametrize("ask", [
    lambda on, batch: on.activations(batch, "cells"),
    lambda on, batch: on.layer_gradient(batch, "cells", "Left"),
    lambda on, batch: on.forward_from("cells", batch),
    lambda on, batch: on.input_gradient(batch, "Left"),
    lambda on, batch: on.attentions(batch, "Left"),
    lambda on, batch: on.randomised(0),
])  # fmt: skip
def test_what_a_network_lacks_is_said(scorer, ask):
    with pytest.raises(NotAvailable, match=r"needs .*, which this network does not give"):
        ask(scorer, np.ones((1, 32, 32, 1), np.float32))


def test_random_weights_are_the_networks_own(layered):
    batch = np.ones((1, 32, 32, 1), np.float32)
    assert not np.allclose(layered.randomised(1).forward(batch), layered.forward(batch))
    np.testing.assert_array_equal(layered.randomised(1).forward(batch), layered.randomised(1).forward(batch))


@pytest.mark.parametrize(("name", "code"), [("relevance_gain", ""), ("weight_sensitivity", "NOT_AVAILABLE")])
def test_measures_of_a_scorer_are_made_or_say_what_they_need(scorer, registry, name, code):
    radiograph = read_radiograph(half_bright())
    events = list(compare(scorer, radiograph, "Left", ["occlusion"], registry=registry,
                          options={"occlusion": {"patch": 8, "stride": 8}}))  # fmt: skip
    made = [each.explanation for each in events if isinstance(each, Finished)]
    *_, done = measure(scorer, radiograph, made, [name], registry=registry)
    assert done.code == code


def test_a_file_with_several_networks_asks_for_one_of_them():
    with pytest.raises(PluginError, match=r"several networks\. Add one of :scorer, :layered"):
        load_network(str(NETWORKS))
    assert load_network(f"{NETWORKS}:scorer").identity.name == "scorer"
    with pytest.raises(PluginError, match=r"no network 'scorre'\. Did you mean 'scorer'\?"):
        load_network(f"{NETWORKS}:scorre")


def test_a_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(PluginError, match=r"There is no file 'none\.py'\. Check the path after --model"):
        load_network(str(tmp_path / "none.py"))


def test_the_identity_has_the_files_name_and_digest_and_no_folder():
    identity = load_network(f"{NETWORKS}:scorer").identity
    assert identity.source == "small_networks.py:scorer"
    assert len(identity.sha256) == 64


def test_an_unknown_name_is_a_checkpoint_that_is_not_there(registry):
    with pytest.raises(SourceError, match="There is no checkpoint 'scorre'"):
        load_network("scorre", registry)


@pytest.mark.parametrize(("body", "sentence"), [
    ("    name, labels, input_shape = 'mine', ('A',), (8, 8, 1)\n    def forward(self, batch):\n        return batch\n",
     "has no input rule"),
    ("    name, labels, input = 'mine', (), {'rule': '0..1'}\n    def forward(self, batch):\n        return batch\n",
     "must be a list of 1 to 1000 different names"),
    ("    name, labels, input = 'mine', ('A', 'A'), {'rule': '0..1'}\n"
     "    def forward(self, batch):\n        return 0\n",
     "must be a list of 1 to 1000 different names"),
    ("    name, labels, input = 'mine', ('A',), {'rule': '0..1'}\n", "does not define forward"),
    ("    name, labels, input = 'Mine', ('A',), {'rule': '0..1'}\n    def forward(self, batch):\n        return 0\n",
     "in snake case"),
    ("    name, labels, input, thresholds = 'mine', ('A',), {'rule': '0..1'}, {'B': 0.5}\n"
     "    def forward(self, batch):\n        return 0\n", "thresholds of 'B', which is none of its labels"),
    ("    name, labels, input = 'mine', ('A',), {'rule': '0..1'}\n"
     "    def __init__(self):\n        open('/none/there')\n    def forward(self, batch):\n        return 0\n",
     r"mine\.__init__ raised FileNotFoundError"),
])  # fmt: skip
def test_a_wrong_class_is_refused_with_a_sentence(tmp_path, body, sentence):
    with pytest.raises(PluginError, match=sentence):
        load_network(written(tmp_path, body))


@pytest.mark.parametrize(("returned", "sentence"), [
    ("np.ones((len(batch), 3))", r"mine\.forward gives the shape \(1, 3\); \(1, 2\) was expected"),
    ("np.full((len(batch), 2), np.nan)", "not finite"),
    ("'two'", "gives str, not an array"),
    ("1 / 0", "raised ZeroDivisionError"),
])  # fmt: skip
def test_a_wrong_result_is_said_with_the_method(tmp_path, returned, sentence):
    body = "    name, labels, input = 'mine', ('A', 'B'), {'rule': '0..1', 'size': 32}\n"
    network = load_network(written(tmp_path, body + f"    def forward(self, batch):\n        return {returned}\n"))
    with pytest.raises(PluginError, match=sentence):
        network.predict(read_radiograph(half_bright()))


def test_an_explainer_whose_need_is_not_met_fails_alone(scorer, registry):
    events = list(compare(scorer, read_radiograph(half_bright()), "Left", ["grad_cam", "saliency", "edges"],
                          registry=registry))  # fmt: skip
    failed = {each.explainer: (each.code, each.reason) for each in events if isinstance(each, Failed)}
    assert set(failed) == {"grad_cam", "saliency"}
    assert {code for code, _ in failed.values()} == {"NOT_AVAILABLE"}
    assert failed["grad_cam"][1].startswith("Not available: needs inner layers and gradients at inner layers")
    assert failed["saliency"][1].startswith("Not available: needs gradients of the input")
    assert [each.explainer for each in events if isinstance(each, Finished)] == ["edges"]


def test_log_odds_are_those_of_the_softmax():
    logits = np.array([[2.0, 0.5, -1.0], [100.0, 0.0, 0.0]])
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    found = class_log_odds(logits)
    np.testing.assert_allclose(found[0], np.log(shares[0] / (1 - shares[0])), rtol=1e-5)
    # of a score that rounds to 1 the logit is still exact: 100 less log(2)
    assert found[1, 0] == pytest.approx(100 - np.log(2))


def test_options_of_an_explainer_that_is_not_available_are_checked_first(scorer, registry):
    with pytest.raises(OptionError):
        list(compare(scorer, read_radiograph(half_bright()), "Left", ["occlusion"], registry=registry,
                     options={"occlusion": {"patch": "x"}}))  # fmt: skip


def test_what_many_passes_cost_is_said_before(scorer, registry):
    radiograph = read_radiograph(half_bright())
    scorer.predict(radiograph)
    started = [each for each in compare(scorer, radiograph, "Left", ["occlusion", "edges"], registry=registry)
               if isinstance(each, Started)]  # fmt: skip
    said = {each.explainer: each.text for each in started}
    assert re.fullmatch(r"Up to 197 passes, about \d+ s", said["occlusion"])
    assert said["edges"] == ""


def test_a_cam_sum_is_made_where_the_network_ends_in_a_sum_and_else_refused(scorer, layered):
    radiograph = read_radiograph(half_bright())
    made = cam_sum(layered, layered.prepare(radiograph))
    # each of the left half's 8 cells adds its own mean, 1, to Left
    np.testing.assert_allclose(made.cells[0], [[1, 1, 0, 0]] * 4, atol=1e-6)
    with pytest.raises(NotAvailable, match="needs inner layers"):
        cam_sum(scorer, scorer.prepare(radiograph))


@pytest.mark.parametrize("raised", ["SystemExit('enough')", "KeyboardInterrupt"])
def test_a_network_that_would_end_the_program_fails_its_call_alone(tmp_path, raised):
    body = "    name, labels, input = 'mine', ('A',), {'rule': '0..1', 'size': 32}\n"
    network = load_network(written(tmp_path, body + f"    def forward(self, batch):\n        raise {raised}\n"))
    with ThreadPoolExecutor(1) as thread, pytest.raises(PluginError, match=rf"mine\.forward raised {raised[:9]}"):
        thread.submit(network.predict, read_radiograph(half_bright())).result()

"""The checks of networks: a right one passes all of them, and each wrong one is found by the check that is for it."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from cxr.quiet_import import quiet_import
from explainers import check_network
from explainers.errors import OptionError
from explainers.kit import network_check_names
from explainers.kit.new import new_project
from explainers.plugin_import import import_plugin

small = import_plugin(str(Path(__file__).parents[2] / "plugins" / "networks" / "small_networks.py"))
Scorer, Layered = small.Scorer, small.Layered


def outcomes(network, checks=None) -> dict[str, str]:
    return {each.check: each.outcome for each in check_network(network, checks).results}


def test_a_right_network_passes_every_check():
    report = check_network(Layered)
    assert report.passed, str(report)
    found = {each.check: each.outcome for each in report.results}
    assert found.pop("attentions") == "not applicable"
    assert set(found.values()) == {"passed"}


def test_a_network_that_only_scores_passes_what_applies():
    found = outcomes(Scorer)
    applies = {"preparation", "pictures", "determinism", "batch", "purity", "threads", "labels"}
    assert {name for name, outcome in found.items() if outcome == "passed"} == applies
    assert {outcome for name, outcome in found.items() if name not in applies} == {"not applicable"}


class Counted(Layered):
    """Counts how often the part after a layer is asked for whole pictures of the batch."""

    calls = 0

    def forward_from(self, layer, activations):
        Counted.calls += len(activations) == 2
        return super().forward_from(layer, activations)


def test_each_layer_is_tried_once_however_many_checks_go_on_from_it(monkeypatch):
    monkeypatch.setattr(Counted, "calls", 0)
    assert set(outcomes(Counted, ["forward_from", "layer_gradient"]).values()) == {"passed"}
    assert Counted.calls == len(Counted.layers)


class Steep(Layered):
    """Bends many times within a hundredth of its input's length, as trained networks do."""

    def _logits(self, cells):
        return 10 * np.sin(60 * super()._logits(cells))

    def _slope(self, cells, output):
        return 600 * np.cos(60 * super()._logits(cells)[:, output])[:, None, None, None]

    def input_gradient(self, batch, output):
        return self._slope(small.cell_means(batch), output) * super().input_gradient(batch, output)

    def layer_gradient(self, batch, layer, output):
        return self._slope(small.cell_means(batch), output) * super().layer_gradient(batch, layer, output)


def test_the_right_gradients_of_a_steep_network_pass():
    found = outcomes(Steep, ["input_gradient", "layer_gradient"])
    assert set(found.values()) == {"passed"}


class DependsOnTheBatch(Layered):
    def forward(self, batch):
        return super().forward(batch - batch.mean())


class Draws(Layered):
    def forward(self, batch):
        return super().forward(batch) + np.random.default_rng().normal()


class WritesIntoTheBatch(Layered):
    def activations(self, batch, layer):
        found = super().activations(batch, layer)
        batch *= 0.5
        return found


class SeedsTheWorld(Layered):
    def forward(self, batch):
        np.random.seed(0)
        return super().forward(batch)


class IsChangedByAGradient(Layered):
    def input_gradient(self, batch, output):
        self.weights = self.weights * 1.5
        return super().input_gradient(batch, output)


class GradientOfTheScore(Layered):
    def input_gradient(self, batch, output):
        score = 1 / (1 + np.exp(-self.forward(batch)[:, output]))
        return super().input_gradient(batch, output) * (score * (1 - score))[:, None, None, None]


class OutputsExchanged(Layered):
    def input_gradient(self, batch, output):
        return super().input_gradient(batch, (output + 2) % 3)


class OneColumnThreeTimes(Scorer):
    def forward(self, batch):
        return np.repeat(super().forward(batch)[:, :1], 3, axis=1)


class LosesItsBias(Layered):
    def forward(self, batch):
        return super().forward(batch) + 1


class LayerGradientOfTheMean(Layered):
    def layer_gradient(self, batch, layer, output):
        return super().layer_gradient(batch, layer, output) / 16


class ClaimsAnotherShape(Layered):
    layers = {"cells": (8, 8, 1)}  # noqa: RUF012


class SeesNothing(Scorer):
    def forward(self, batch):
        return np.tile(np.array([0.1, 0.2, 0.3], np.float32), (len(batch), 1))


class PreparesByChance(Layered):
    def prepare(self, radiograph):
        return super().prepare(radiograph) + np.float32(np.random.default_rng().normal())


class KeepsTheLastBatch(Layered):
    """Two threads get each other's logits: the lock is per call, so it must be one call that goes wrong."""

    last = None

    def forward(self, batch):
        before, self.last = self.last, batch
        return super().forward(batch if before is None or len(before) != len(batch) else before)


@pytest.mark.parametrize(("network", "check"), [
    (DependsOnTheBatch, "batch"),
    (Draws, "determinism"),
    (WritesIntoTheBatch, "purity"),
    (SeedsTheWorld, "purity"),
    (IsChangedByAGradient, "purity"),
    (GradientOfTheScore, "input_gradient"),
    (OutputsExchanged, "labels"),
    (OneColumnThreeTimes, "labels"),
    (LosesItsBias, "forward_from"),
    (LayerGradientOfTheMean, "layer_gradient"),
    (ClaimsAnotherShape, "layer_shapes"),
    (SeesNothing, "pictures"),
    (PreparesByChance, "preparation"),
    (KeepsTheLastBatch, "batch"),
])  # fmt: skip
def test_a_wrong_network_is_found_by_the_check_that_is_for_it(network, check):
    assert outcomes(network, [check]) == {check: "failed"}


def test_a_class_that_breaks_the_contract_gets_that_one_failure():
    class Nameless(Layered):
        name = ""

    (only,) = check_network(Nameless).results
    assert (only.check, only.outcome) == ("contract", "failed")
    assert "snake case" in only.sentence


def test_an_unknown_check_is_said():
    with pytest.raises(OptionError, match=r"no check 'gradient'"):
        check_network(Layered, ["gradient"])


def test_a_whole_keras_model_passes(tmp_path):
    from cxr import Predictor

    with quiet_import():
        import keras
    keras.utils.set_random_seed(4)
    parts = [keras.Input((48, 48, 3)), keras.layers.Conv2D(6, 5, strides=2, activation="relu", name="found")]
    parts += [keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(3, activation="softmax")]
    keras.Sequential(parts).save(tmp_path / "mine.keras")
    stated = {"labels": ["A", "B", "C"], "input": {"rule": "0..1"}}
    report = check_network(Predictor.load(tmp_path / "mine.keras", stated=stated))
    assert report.passed, str(report)


def test_the_template_is_a_network_that_passes(tmp_path):
    folder = new_project("bright_middle", tmp_path, kind="network")
    spec = importlib.util.spec_from_file_location("bright_middle", folder / "bright_middle.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["bright_middle"] = module
    spec.loader.exec_module(module)
    report = check_network(module.BrightMiddle)
    assert report.passed, str(report)
    assert 'bright_middle = "bright_middle"' in (folder / "pyproject.toml").read_text()
    assert "network=BrightMiddle" in (folder / "tests" / "test_bright_middle.py").read_text()


@pytest.mark.explains(network=Scorer)
def test_the_pytest_plugin_runs_one_check_a_test(network_check):
    network_check()


def test_every_check_has_a_sentence_of_its_own():
    from explainers.kit.network_checks import NETWORK_CHECKS

    assert list(NETWORK_CHECKS) == list(network_check_names())
    assert all(each.__doc__ and each.__doc__.endswith(".") for each in NETWORK_CHECKS.values())

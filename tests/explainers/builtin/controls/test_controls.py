import numpy as np
import pytest

from explainers import Registry
from explainers.builtin.controls.average_map import AverageMap
from explainers.builtin.controls.centred_gaussian import CentredGaussian
from explainers.builtin.controls.edges import Edges
from explainers.builtin.controls.eigen_cam import EigenCam
from explainers.builtin.controls.random_map import RandomMap
from explainers.errors import ExplainerError

CONTROLS = ["average_map", "centred_gaussian", "edges", "eigen_cam", "random_map"]


def test_controls_are_called_so_and_never_compared_unasked():
    registry = Registry.standard()
    assert sorted(name for name, each in registry.explainers.items() if each.control) == CONTROLS
    assert all(registry.explainers[name].title.startswith("Control: ") for name in CONTROLS)
    assert not set(CONTROLS) & set(registry.defaults)


def test_edges_of_a_ramp_are_its_slope(context_of, linear):
    # 3 a column and 4 a row: a slope of 5; at the border, where the picture is mirrored, one part is gone
    ramp = np.add.outer(4.0 * np.arange(5), 3.0 * np.arange(6))
    assert Edges().explain(context_of(linear(np.ones((5, 6))), ramp), "Effusion")[1:-1, 1:-1] == pytest.approx(
        np.full((3, 4), 5.0)
    )


def test_eigen_cam_is_the_same_for_every_finding_and_of_rank_one(context_of, pooled):
    context = context_of(pooled((1, 3), [[1.0, 2.0]], [[1, 0], [0, 1]]), [[1, 2, -1]])
    # relu: (1, 2), (2, 4), (0, 0), all along (1, 2) / √5: projections √5, 2 √5, 0
    found = EigenCam().explain(context, "Effusion", layer="relu")
    assert found == pytest.approx(np.sqrt(5) * np.array([[1, 2, 0]]))
    assert (EigenCam().explain(context, "Mass", layer="relu") == found).all()


def test_the_bell_stands_in_the_middle(context_of, linear):
    found = CentredGaussian().explain(context_of(linear(np.ones((40, 60))), np.zeros((40, 60))), "Effusion", width=0.25)
    assert found.shape == (19, 28)  # 28 along the longer side, cells as square as they come
    assert found == pytest.approx(found[::-1, ::-1])
    # an odd number of rows has one in the middle; across it is half a cell to it: exp(−(0.5 / 28)² / (2 · 0.25²))
    assert found.max() == pytest.approx(np.exp(-((0.5 / 28) ** 2) / 0.125))


def test_the_random_map_depends_on_the_seed_and_the_input_alone(context_of, linear):
    network = linear(np.ones((40, 60)))
    one = RandomMap().explain(context_of(network, np.zeros((40, 60)), seed=1), "Effusion")
    same = RandomMap().explain(context_of(linear(2 * np.ones((40, 60))), np.zeros((40, 60)), seed=1), "Mass")
    other_seed = RandomMap().explain(context_of(network, np.zeros((40, 60)), seed=2), "Effusion")
    other_picture = RandomMap().explain(context_of(network, np.ones((40, 60)), seed=1), "Effusion")
    assert (one == same).all()
    assert not (one == other_seed).any()
    assert not (one == other_picture).any()
    assert one.shape == (5, 7)  # seven along the longer side, cells as square as they come


def test_the_average_map_is_the_checkpoints_or_says_that_there_is_none(context_of, linear):
    context = context_of(linear(np.ones((4, 4))), np.zeros((4, 4)))
    with pytest.raises(ExplainerError, match="carries no average map of Effusion"):
        AverageMap().explain(context, "Effusion")
    context._predictor.average_maps = {"Effusion": np.eye(2, dtype=np.float32)}
    assert AverageMap().explain(context, "Effusion").tolist() == [[1, 0], [0, 1]]

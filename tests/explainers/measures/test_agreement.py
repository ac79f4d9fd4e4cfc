"""Which maps show the same."""

from dataclasses import replace

import numpy as np
import pytest

from explainers.agreement import agreement, shared_share
from tests.explainers.measures.planted_maps import explanations


def test_relatives_are_flagged_and_counted_once(planted, disc_picture):
    options = {"grad_cam": {"layer": "relu"}, "layer_cam": {"layer": "relu", "gradients": "signed"}}
    found = agreement(
        explanations(planted, disc_picture[0], "grad_cam", "layer_cam", "saliency", "edges", options=options)
    )
    assert found.names == ("grad_cam", "layer_cam", "saliency", "edges")
    assert found.spearman[0, 1] == pytest.approx(1, abs=1e-6)
    assert found.same == (("grad_cam", "layer_cam"),)
    assert found.counted == 2  # the two CAMs are one, and a control is no explanation
    assert found.map.max() == 1
    assert np.allclose(found.spearman, found.spearman.T)
    assert found.to_json()["same_by_algebra"] == [["grad_cam", "layer_cam"]]


def test_maps_share_the_part_of_their_hottest_tenth_that_lies_in_all(planted, disc_picture):
    """A tenth of 28 × 28 cells is 78. One map's are 0 to 77, another's 39 to 116, a third one's 58 to 135."""
    (one,) = explanations(planted, disc_picture[0], "saliency")

    def hot(first: int) -> np.ndarray:
        return np.isin(np.arange(784), np.arange(first, first + 78)).reshape(28, 28).astype(np.float32)

    maps = [replace(one, map=hot(first)) for first in (0, 39, 58)]
    found = agreement(maps)
    assert found.shared[0, 1] == found.shared[1, 0] == 39 / 78
    assert found.iou[0, 1] == 39 / 117
    assert shared_share(maps[:2]) == found.to_json()["shared_top_tenth"][0][1] == 0.5
    assert shared_share(maps) == round(20 / 78, 4)
    assert shared_share([one, one]) == 1
    assert shared_share([replace(one, map=-hot(0)), one]) == 0

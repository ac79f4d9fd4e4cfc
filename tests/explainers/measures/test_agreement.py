"""Which maps show the same."""

import numpy as np
import pytest

from explainers.agreement import agreement
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

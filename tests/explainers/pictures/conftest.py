"""A radiograph and explanations of it."""

import numpy as np
import pytest

from cxr import read_radiograph
from cxr.checkpoint import Identity
from cxr.frame import Frame
from explainers import Explanation


@pytest.fixture(scope="module")
def grey():
    """A radiograph of 400 × 500 pixels in a slow ramp, whose display is itself."""
    return read_radiograph(np.linspace(0.2, 0.8, 400 * 500, dtype=np.float32).reshape(400, 500))


@pytest.fixture
def explained(grey):
    """explained(map, crop=None, **fields): an explanation of that radiograph."""

    def build(cells, *, crop=None, **fields):
        frame = Frame((grey.height, grey.width), (224, 224), crop or (0.0, 0.0, float(grey.height), float(grey.width)))
        settled = {
            "finding": "Effusion",
            "explainer": "grad_cam",
            "title": "Grad-CAM",
            "options": {"layer": "relu"},
            "unit": "logit",
            "signed": True,
            "seed": 0,
            "seconds": 0.1,
            "passes": {"forward": 1, "backward": 1},
            "model": Identity("tiny", "tiny", None, ""),
            "input_digest": "",
        }
        return Explanation(map=np.array(cells, np.float32), frame=frame, **{**settled, **fields})

    return build

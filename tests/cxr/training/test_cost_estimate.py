"""What a run says of its cost before it starts."""

import re

import keras
import numpy as np
import pytest

from cxr.evaluation.labels import LabelTable
from cxr.training import cost_estimate
from cxr.training.cost_estimate import estimated
from cxr.training.pictures import Pictures
from cxr.training.recipe import Recipe, Stage
from cxr.training.teachers import Teacher


@pytest.fixture
def said(monkeypatch):
    """The sentences for teachers of some sizes, with a network that takes 0.1 s for a picture of 32 pixels."""
    monkeypatch.setattr(cost_estimate, "_seconds_of_a_pass", lambda model, size, batch: 0.1)
    picture = keras.Input((None, None, 3))
    pooled = keras.layers.GlobalAveragePooling2D()(picture)
    network = keras.Model(picture, keras.layers.Dense(1, name="predictions")(pooled))
    names = tuple(map(str, range(8)))
    table = LabelTable(names, names, ("Mass",), np.zeros((8, 1), np.float32), {})
    pictures = Pictures(np.zeros((8, 32, 32), np.uint16), table, {})
    recipe = Recipe((Stage(32, 2, 1e-3, batch=4),), size=32, detail=32)
    return lambda *sizes: estimated(
        network, recipe, pictures, 600, [Teacher(network, size, (0,), {"sha256": ""}) for size in sizes]
    )


@pytest.mark.parametrize(
    ("sizes", "minutes", "rate"),
    [
        ((), 7, "2.9"),  # 2 epochs of 600 pictures, 3.5 passes each: 1200 · 0.35 s
        ((32,), 9, "2.2"),  # and one pass of the teacher
        ((32, 64), 17, "1.2"),  # and four times as much for one of four times the pixels
    ],
)
def test_teachers_cost_a_pass_each_at_their_own_size(said, sizes, minutes, rate):
    text = said(*sizes)
    assert text.startswith(f"About {minutes} minutes")
    assert re.search(r"the network takes ([\d.]+)\.$", text)[1] == rate

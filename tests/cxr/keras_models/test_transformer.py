"""A Keras transformer's tokens as cells, on a network whose tokens can be worked out."""

import json
import runpy
from pathlib import Path

import numpy as np
import pytest

from cxr import Predictor
from cxr.errors import LayerError
from hub.errors import CheckpointError

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "networks" / "keras_vit.py"


def saved(folder, *, special, grid=(4, 4)):
    """A file whose tokens are patches of 8 pixels, after `special` copies of the first."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(1)
    pixels = keras.Input((32, 32, 3))
    tokens = layers.Reshape((16, 5), name="patches")(layers.Conv2D(5, 8, 8, name="convolution")(pixels))
    if special:
        first = layers.Cropping1D((0, 16 - special), name="first")(tokens)
        tokens = layers.Concatenate(axis=1, name="with_special")([first, tokens])
    mixed = layers.MultiHeadAttention(1, 5, name="attention")(tokens, tokens)
    mixed = layers.Add(name="block")([tokens, mixed])
    mean = layers.GlobalAveragePooling1D(name="mean")(mixed)
    folder.mkdir(exist_ok=True)
    keras.Model(pixels, layers.Dense(2, "sigmoid")(mean)).save(folder / "model.keras")
    described = {"labels": ["Mass", "Nodule"], "input": {"rule": "-1..1", "size": 32}}
    described |= {"token_grid": list(grid), "special_tokens": special}
    (folder / "cxr-lens.json").write_text(json.dumps(described))
    return Predictor.load(str(folder / "model.keras"))


@pytest.fixture
def batch():
    return np.random.default_rng(0).uniform(-1, 1, (2, 32, 32, 3)).astype(np.float32)


def test_tokens_are_cells_row_by_row(tmp_path, batch):
    predictor = saved(tmp_path / "a", special=0)
    assert predictor.layers["patches"] == predictor.layers["block"] == (4, 4, 5)
    # the convolution's own output is the same grid, without the reshaping
    assert predictor.activations(batch, "patches") == pytest.approx(predictor.activations(batch, "convolution"))


def test_what_follows_a_layer_of_tokens_gives_the_logits(tmp_path, batch):
    predictor = saved(tmp_path / "a", special=0)
    tokens = predictor.activations(batch, "patches")
    assert predictor.forward_from("patches", tokens) == pytest.approx(predictor.forward(batch), abs=1e-6)


@pytest.mark.parametrize("special", [0, 2])
def test_the_gradient_of_a_cell_is_the_difference_quotient(tmp_path, batch, special):
    predictor = saved(tmp_path / str(special), special=special)
    # at the last block each token has 1 / tokens of the mean, so its gradient is the head's row over their number
    gradient = predictor.layer_gradient(batch, "block", "Nodule")
    assert gradient.shape == (2, 4, 4, 5)
    assert np.ptp(gradient, axis=(1, 2)) == pytest.approx(np.zeros((2, 5)), abs=1e-7)
    step, place = 1e-2, predictor.activations(batch, "convolution")
    slope = predictor.layer_gradient(batch, "convolution", "Nodule")
    direction = np.random.default_rng(1).standard_normal(place.shape).astype(np.float32)
    ends = [predictor.forward_from("convolution", place + sign * step * direction)[:, 1] for sign in (1, -1)]
    assert (slope * direction).sum((1, 2, 3)) == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=1e-2, abs=1e-4)


def test_special_tokens_are_no_cells_and_lead_around_their_layers(tmp_path, batch):
    predictor = saved(tmp_path / "a", special=2)
    assert predictor.layers["block"] == (4, 4, 5)
    assert "patches" not in predictor.layers  # 16 tokens, without the special ones
    whole = predictor.activations(batch, "with_special")
    assert whole == pytest.approx(predictor.activations(batch, "convolution"))
    with pytest.raises(LayerError, match="special tokens"):
        predictor.forward_from("block", whole)


def test_a_grid_that_no_layer_has_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match="no layer of 15 tokens"):
        saved(tmp_path / "a", special=0, grid=(3, 5))


@pytest.mark.slow
def test_the_example_has_maps_of_14_by_14(tmp_path, phantom):
    runpy.run_path(str(EXAMPLE))["write"](tmp_path / "vit")
    predictor = Predictor.load(str(tmp_path / "vit" / "model.keras"))
    assert predictor.layers["block4_add"][:2] == (14, 14)
    prepared = predictor.prepare(phantom).array[None]
    assert predictor.layer_gradient(prepared, "block4_add", "Effusion").any()

"""DenseNet-121's variables, against the figures that are published of it and against Keras' own model."""

import math

import pytest

from hub.architecture import STEM, backbone_shapes, check_shapes, head_shapes
from hub.errors import CheckpointError


def test_the_backbone_has_as_many_parameters_as_is_published():
    shapes = backbone_shapes()
    statistics = sum(math.prod(shape) for name, shape in shapes.items() if "moving" in name)
    assert statistics == 83_648
    assert sum(map(math.prod, shapes.values())) - statistics == 6_953_856
    assert sum(name.endswith("kernel") for name in shapes) == 120
    assert sum(name.endswith("gamma") for name in shapes) == 121


@pytest.mark.slow  # by default, tests/cxr/engine compares the layers and what they compute
def test_names_and_shapes_are_those_of_keras_applications():
    keras = pytest.importorskip("keras")
    model = keras.applications.DenseNet121(include_top=False, weights=None, input_shape=(64, 64, 3))
    theirs = {variable.path: tuple(variable.shape) for variable in model.variables}
    assert theirs == backbone_shapes()


def test_hidden_layers_stand_between_pooling_and_output():
    assert head_shapes((512,), 14) == {
        "head_1/kernel": (1024, 512),
        "head_1/bias": (512,),
        "predictions/kernel": (512, 14),
        "predictions/bias": (14,),
    }


@pytest.mark.parametrize("channels", [1, 3])
def test_exactly_these_shapes_are_taken(channels):
    shapes = backbone_shapes(input_channels=channels) | head_shapes((), 14)
    check_shapes(shapes, head=(), labels=14)
    for wrong, words in (
        ({"bn/beta": (7,)}, "bn/beta"),
        ({"more/kernel": (1,)}, "too many"),
        ({STEM: (7, 7, 2, 64)}, "2"),
    ):
        with pytest.raises(CheckpointError, match=words):
            check_shapes(shapes | wrong, head=(), labels=14)

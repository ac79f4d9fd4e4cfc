"""DenseNet-121's variables, against the figures that are published of it and against Keras' own model."""

import math

import numpy as np
import pytest

from cxr.checkpoint.architecture import backbone_shapes, check_weights, head_shapes
from hub.errors import CheckpointError


def test_the_backbone_has_as_many_parameters_as_is_published():
    shapes = backbone_shapes()
    statistics = sum(math.prod(shape) for name, shape in shapes.items() if "moving" in name)
    assert statistics == 83_648
    assert sum(map(math.prod, shapes.values())) - statistics == 6_953_856
    assert sum(name.endswith("kernel") for name in shapes) == 120
    assert sum(name.endswith("gamma") for name in shapes) == 121


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


def test_infinite_values_are_refused_by_name():
    with pytest.raises(CheckpointError, match="b holds values that are not finite"):
        check_weights({"a": np.zeros(1), "b": np.array([np.inf])}, {"a": (1,), "b": (1,)})

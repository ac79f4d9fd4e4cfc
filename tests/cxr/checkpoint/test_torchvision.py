"""torchvision's names, axes and epsilon, on hand-made tensors."""

import numpy as np
import pytest

from cxr.checkpoint.torchvision import VARIABLES, from_torchvision, torch_module
from hub.architecture import backbone_shapes
from hub.errors import CheckpointError


def torch_shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    return (shape[3], shape[2], *shape[:2]) if len(shape) == 4 else shape


@pytest.fixture(scope="module")
def tensors() -> dict[str, np.ndarray]:
    """A state dict of zeros and ones by torchvision's names: ones in the norms' gammas and variances."""
    made = {}
    for name, shape in backbone_shapes().items():
        layer, variable = name.split("/")
        fill = np.ones if variable in ("gamma", "moving_variance") else np.zeros
        made[f"{torch_module(layer)}.{VARIABLES[variable]}"] = fill(torch_shape(shape), np.float32)
        if variable == "gamma":
            made[f"{torch_module(layer)}.num_batches_tracked"] = np.array(7)
    made["classifier.weight"] = np.arange(14 * 1024, dtype=np.float32).reshape(14, 1024)
    made["classifier.bias"] = np.arange(14, dtype=np.float32)
    return made


@pytest.mark.parametrize(
    ("keras", "torch"),
    [
        ("conv1_conv", "features.conv0"),
        ("conv1_bn", "features.norm0"),
        ("conv2_block1_0_bn", "features.denseblock1.denselayer1.norm1"),
        ("conv4_block24_1_conv", "features.denseblock3.denselayer24.conv1"),
        ("conv5_block16_1_bn", "features.denseblock4.denselayer16.norm2"),
        ("conv5_block16_2_conv", "features.denseblock4.denselayer16.conv2"),
        ("pool3_bn", "features.transition2.norm"),
        ("pool4_conv", "features.transition3.conv"),
        ("bn", "features.norm5"),
    ],
)
def test_names_are_translated(keras, torch):
    assert torch_module(keras) == torch


def test_kernels_change_their_axes(tensors):
    kernel = np.arange(64 * 3 * 49, dtype=np.float32).reshape(64, 3, 7, 7)
    weights = from_torchvision(tensors | {"features.conv0.weight": kernel})
    assert weights["conv1_conv/kernel"][2, 5, 1, 40] == kernel[40, 1, 2, 5]
    assert weights["predictions/kernel"][1000, 3] == tensors["classifier.weight"][3, 1000]
    assert weights.keys() == backbone_shapes().keys() | {"predictions/kernel", "predictions/bias"}


@pytest.mark.parametrize("variance", [0, 1e-6, 1.0])
def test_a_norm_s_output_is_the_same_under_keras_epsilon(tensors, variance):
    """γ·x/√(var + 1e-5) with torch's epsilon must be γ'·x/√(var + 1.001e-5) with Keras'."""
    norm = "features.norm5"
    given = {f"{norm}.weight": np.full(1024, 0.7), f"{norm}.running_var": np.full(1024, variance)}
    weights = from_torchvision(tensors | given)
    keras = weights["bn/gamma"][0] / np.sqrt(np.float64(weights["bn/moving_variance"][0]) + 1.001e-5)
    assert keras == pytest.approx(0.7 / np.sqrt(np.float32(variance) + 1e-5), rel=1e-6)


@pytest.mark.parametrize("prefix", ["module.", "densenet121.", "model.", "backbone.", "module.densenet121."])
def test_usual_prefixes_are_found(tensors, prefix):
    named = {prefix + key: tensor for key, tensor in tensors.items()}
    assert from_torchvision(named).keys() == from_torchvision(tensors).keys()


def test_names_with_dots_of_old_files_are_read(tensors):
    old = {
        key.replace("norm1.", "norm.1.").replace("conv2.", "conv.2.") if "denselayer" in key else key: tensor
        for key, tensor in tensors.items()
        if "num_batches" not in key
    }
    assert "features.denseblock1.denselayer1.norm.1.weight" in old
    assert from_torchvision(old).keys() == from_torchvision(tensors).keys()


def test_hidden_layers_come_in_the_file_s_order(tensors):
    head = {
        "classifier.0.weight": np.zeros((512, 1024)), "classifier.0.bias": np.zeros(512),
        "classifier.3.weight": np.zeros((14, 512)), "classifier.3.bias": np.zeros(14),
    }  # fmt: skip
    backbone = {key: tensor for key, tensor in tensors.items() if not key.startswith("classifier")}
    weights = from_torchvision(backbone | head)
    assert weights["head_1/kernel"].shape == (1024, 512)
    assert weights["predictions/kernel"].shape == (512, 14)


def test_torchxrayvision_s_operating_points_are_no_weights(tensors):
    assert from_torchvision(tensors | {"op_threshs": np.full(18, np.nan)}).keys() == from_torchvision(tensors).keys()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"features.norm5.bias": None}, "lacks 'features.norm5.bias'"),
        ({"classifier.bias": None}, "lacks 'classifier.bias'"),
        ({"decoder.mask": np.zeros(3)}, "has 'decoder.mask'"),
        ({"features.conv0.weight": None}, "has no 'features.conv0.weight'"),
        ({"features.conv0.weight": np.zeros((1, 2, 3))}, "does not belong to a DenseNet-121"),
        ({"features.norm5.running_var": np.full(1024, -1.0)}, "bn has negative variances"),
    ],
)
def test_what_does_not_fit_is_named(tensors, change, words):
    named = {key: tensor for key, tensor in (tensors | change).items() if tensor is not None}
    with pytest.raises(CheckpointError) as caught:
        from_torchvision(named)
    assert words in str(caught.value)

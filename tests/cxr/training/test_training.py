"""Training from the command line, with a real DenseNet-121 on synthetic chests."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from cxr.__main__ import main
from cxr.phantom import phantom
from cxr.training.errors import TrainingError
from cxr.training.recipe import Distillation, Recipe, Stage, default_recipe, shortened

DISTILLATION = Distillation(0.8, 2.0, 0.1)
RECIPE = {
    "stages": [{"size": 32, "epochs": 2, "learning_rate": 1e-3, "batch": 16}],
    "size": 32,
    "norm_pictures": 16,
    "heads": 3,
}


@pytest.fixture(scope="module")
def chests(tmp_path_factory) -> Path:
    """96 synthetic chests with their table: 64 to train on, 32 to validate; every other one has an effusion."""
    folder = tmp_path_factory.mktemp("chests")
    (folder / "images").mkdir()
    sources = [phantom(seed=at, size=256, effusion=bool(at % 2)).radiograph.grey for at in range(2)]
    rng = np.random.default_rng(0)
    rows = []
    for at in range(96):
        grey = cv2.resize(sources[at % 2], (64, 64), interpolation=cv2.INTER_AREA) + 0.05 * rng.standard_normal(
            (64, 64)
        )
        Image.fromarray((255 * np.clip(grey, 0, 1)).astype(np.uint8)).save(folder / "images" / f"{at}.png")
        part = "train" if at < 64 else "validation"
        rows.append({"image": f"{at}.png", "patient": at // 2, "part": part, "Effusion": at % 2, "Hernia": 0})
    with (folder / "labels.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    (folder / "recipe.json").write_text(json.dumps(RECIPE))
    return folder


def command(chests: Path, out: Path, *more: str) -> list[str]:
    return [
        *("train", "--labels", str(chests / "labels.csv")),
        *("--images", str(chests / "images"), "--out", str(out), "--recipe", str(chests / "recipe.json")),
        *("--order", "Effusion,Hernia", *more),
    ]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_run_that_is_killed_and_begun_again_ends_in_a_checkpoint_that_scores(chests, tmp_path, capsys):
    out = tmp_path / "net"
    arguments = [sys.executable, "-m", "cxr", *command(chests, out)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as first:
        said = ""
        for line in first.stdout:
            said += line
            if "epoch 1 of 2" in line:
                first.kill()
                break
        else:
            pytest.fail(said + first.stderr.read())
    assert "About" in said
    assert len(json.loads((out / "run" / "state.json").read_text())["history"]) == 1

    assert main(command(chests, out)) == 0
    second = capsys.readouterr()
    assert "epoch 1 of 2" not in second.out
    assert "epoch 2 of 2" in second.out
    assert "no positive of Hernia" in second.err

    config = json.loads((out / "config.json").read_text())
    assert set(config["thresholds"]) == {"Effusion"}  # nothing was learnt of Hernia, and nothing is claimed
    assert config["thresholds"]["Effusion"]["provisional"]
    assert config["training"]["pictures"] == {"train": 64, "validation": 32}
    assert config["training"]["recipe"]["stages"][0]["epochs"] == 2
    assert len((out / "run" / "history.csv").read_text().splitlines()) == 3

    from cxr import Predictor, read_radiograph

    predictor = Predictor.load(str(out))
    scores = predictor.predict(read_radiograph(chests / "images" / "1.png"))
    low, high = scores["Effusion"].interval
    assert low <= scores["Effusion"].score <= high
    assert scores["Hernia"].threshold is None


def test_another_recipe_does_not_go_on_with_the_same_folder(chests, tmp_path, capsys):
    from cxr.training.run_state import RunState

    work = tmp_path / "net" / "run"
    work.mkdir(parents=True)
    RunState({"recipe": "another"}).save(work)
    assert main(command(chests, tmp_path / "net")) == 1
    assert "holds a run that differs in" in capsys.readouterr().err


def test_a_patient_in_both_parts_stops_it_before_it_starts(chests, tmp_path, capsys):
    leaking = (chests / "labels.csv").read_text().replace("64.png,32,", "64.png,0,")
    (tmp_path / "labels.csv").write_text(leaking)
    arguments = command(chests, tmp_path / "net")
    arguments[arguments.index("--labels") + 1] = str(tmp_path / "labels.csv")
    assert main(arguments) == 1
    assert "1 patients are in 'training' and in 'validation': 0." in capsys.readouterr().err


def test_a_recipe_is_written_and_read_back():
    for recipe in (default_recipe(pretrained=True), Recipe((Stage(64, 1, 1e-3),), distillation=DISTILLATION)):
        assert Recipe.from_json(json.loads(json.dumps(recipe.to_json()))) == recipe
    with pytest.raises(TrainingError, match="not a recipe"):
        Recipe.from_json({"stages": [{"size": 64}]})
    with pytest.raises(TrainingError, match="is not a share"):
        Recipe.from_json({"stages": [{"size": 64, "epochs": 1, "learning_rate": 1e-3}], "without_finding": 1})
    with pytest.raises(TrainingError, match="can't be run"):
        Stage(16, 1, 1e-3)
    with pytest.raises(TrainingError, match="no precision 'half'"):
        Recipe((Stage(64, 1, 1e-3),), precision="half")


def test_wishes_are_spread_over_the_stages():
    recipe = shortened(Recipe((Stage(112, 6, 1e-3), Stage(224, 2, 1e-4))), epochs=4, size=128, batch=8)
    assert [(stage.size, stage.epochs, stage.batch) for stage in recipe.stages] == [(64, 3, 8), (128, 1, 8)]
    assert recipe.size == 128


def test_a_fold_takes_the_place_of_the_validation_part(tmp_path):
    from cxr.evaluation.splits import fold_of
    from cxr.training import run

    (tmp_path / "images").mkdir()
    parts = ("train", "validation", "test")
    for file, first in (("whole", 0), ("train", 300)):  # the second table has nothing to validate on
        lines = [
            f"{at}.png,{at},{parts[at % 3] if file == 'whole' else 'train'},0,1" for at in range(first, first + 300)
        ]
        (tmp_path / f"{file}.csv").write_text("\n".join(["image,patient,part,Effusion,Hernia", *lines]) + "\n")
    tables = [tmp_path / "whole.csv", tmp_path / "train.csv"]
    held_out = []
    for fold in (1, 2, 3):
        sources = run.Sources(tables, [tmp_path] * 2, ("Effusion", "Hernia"), fold=(fold, 3))
        pairs = [run._parts(table, sources, 0) for table in run._tables(sources)]
        trained, measured = ([at for part in each for at in part.patients] for each in zip(*pairs, strict=True))
        assert (fold_of(measured, 3) == fold).all()
        assert (fold_of(trained, 3) != fold).all()
        assert not len(pairs[1][1])
        held_out += measured
    assert sorted(map(int, held_out)) == [at for at in range(300) if at % 3 != 2]
    with pytest.raises(TrainingError, match="no fold 4 of 3"):
        run.Sources(tables, [tmp_path] * 2, fold=(4, 3))

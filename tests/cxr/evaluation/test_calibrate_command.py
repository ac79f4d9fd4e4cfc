"""`python -m cxr calibrate` on synthetic chests, with the packaged network."""

import csv
import io
import json
import shutil
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cxr.__main__ import main
from cxr.evaluation.claims import withheld
from cxr.phantom import phantom

ROOT = Path(__file__).resolve().parents[3]
pytestmark = pytest.mark.usefixtures("few_resamples")

PATIENTS = {"validation": 8, "test": 12}


@pytest.fixture(scope="module")
def chests(tmp_path_factory) -> Path:
    """20 patients' synthetic chests with their table, two parts; every other patient has an effusion."""
    folder = tmp_path_factory.mktemp("chests")
    (folder / "images").mkdir()
    sources = [phantom(seed=at, size=256, effusion=bool(at % 2)).radiograph.grey for at in range(2)]
    rng, rows = np.random.default_rng(0), []
    for part, count in PATIENTS.items():
        for at in range(count):
            grey = sources[at % 2] + 0.05 * rng.standard_normal((256, 256))
            Image.fromarray((255 * np.clip(grey, 0, 1)).astype(np.uint8)).save(folder / "images" / f"{part}{at}.png")
            rows.append({"image": f"{part}{at}.png", "patient": f"{part}{at}", "part": part, "view": "PA",
                         "Effusion": at % 2, "Hernia": 0})  # fmt: skip
    with (folder / "labels.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return folder


@pytest.fixture
def network(tmp_path) -> Path:
    return shutil.copytree(ROOT / "hub" / "starter", tmp_path / "net")


def calibrate(network: Path, chests: Path, *more: str) -> int:
    table = ["--labels", str(chests / "labels.csv"), "--images", str(chests / "images")]
    return main(["calibrate", str(network), *table, *more])


@pytest.fixture(scope="module")
def checked(chests, few_resamples, tmp_path_factory) -> Path:
    """A network that was calibrated on one part and checked on the other, and `said.txt`, what was printed."""
    place = shutil.copytree(ROOT / "hub" / "starter", tmp_path_factory.mktemp("checked") / "net")
    with redirect_stdout(io.StringIO()) as said:
        assert calibrate(place, chests, "--part", "validation", "--check", "test") == 0
    (place / "said.txt").write_text(said.getvalue())
    return place


def test_the_second_part_becomes_the_checkpoint_s_witness(checked):
    said = (checked / "said.txt").read_text()
    assert "On test: 12 pictures of 12 patients" in said
    assert "only 6 of the other patients have Effusion" in said
    config = json.loads((checked / "config.json").read_text())
    assert set(config["witness"]["findings"]) <= set(config["thresholds"]) == {"Effusion"}
    assert config["witness"]["healthy"]["patients"] == 6
    assert config["thresholds"]["Effusion"]["patients"] == 4

    from cxr import Predictor

    assert "only 6" in withheld("Effusion", Predictor.load(str(checked)).config)


def test_a_new_calibration_without_a_second_part_has_no_witness(checked, chests, tmp_path, capsys):
    network = shutil.copytree(checked, tmp_path / "net")
    assert "witness" in json.loads((network / "config.json").read_text())
    assert calibrate(network, chests, "--part", "validation", "--target-specificity", "0.75") == 0
    config = json.loads((network / "config.json").read_text())
    assert "witness" not in config
    assert config["thresholds"]["Effusion"]["rule"] == "specificity 0.75 on validation"
    assert "not checked on other patients" in capsys.readouterr().out


def test_a_view_gets_its_own_operating_point_and_radiographs_in_it_are_measured_by_that(network, chests, capsys):
    from dataclasses import replace

    from cxr import Predictor

    assert calibrate(network, chests, "--part", "validation", "--by-view") == 0
    assert "PA: " in capsys.readouterr().out
    file = network / "config.json"
    config = json.loads(file.read_text())
    (of_view,) = config["thresholds"]["Effusion"]["views"].items()
    assert of_view[0] == "PA"
    assert of_view[1]["rule"] == "youden on validation, PA"
    config["thresholds"]["Effusion"]["views"]["PA"]["score"] = 0.999  # so that the two can be told apart
    file.write_text(json.dumps(config))
    predictor, radiograph = Predictor.load(str(network)), phantom(seed=1, size=256).radiograph
    unknown, known = (predictor.predict(replace(radiograph, view=view))["Effusion"] for view in ("AP", "PA"))
    assert (unknown.threshold, unknown.view) == (config["thresholds"]["Effusion"]["score"], "")
    assert (known.threshold, known.above_threshold, known.view) == (0.999, False, "PA")


def test_a_table_without_views_has_no_operating_points_by_view(network, chests, tmp_path, capsys):
    table = tmp_path / "labels.csv"
    table.write_text((chests / "labels.csv").read_text().replace(",PA,", ",,"))
    arguments = ["--labels", str(table), "--images", str(chests / "images"), "--part", "validation", "--by-view"]
    assert main(["calibrate", str(network), *arguments]) == 1
    assert "no column `view` with AP or PA" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--check", "test"], ["--part", "test", "--check", "test"]])
def test_a_second_part_that_is_not_another_one_is_refused(network, chests, arguments, capsys):
    before = (network / "config.json").read_bytes()
    assert calibrate(network, chests, *arguments) == 1
    assert "--check needs --part" in capsys.readouterr().err
    assert (network / "config.json").read_bytes() == before


def test_patients_that_are_in_both_parts_are_refused(network, chests, tmp_path, capsys):
    table = tmp_path / "labels.csv"
    table.write_text((chests / "labels.csv").read_text().replace("test0.png,test0", "test0.png,validation0"))
    arguments = ["--labels", str(table), "--images", str(chests / "images"), "--part", "validation", "--check", "test"]
    assert main(["calibrate", str(network), *arguments]) == 1
    assert "1 patients are in 'validation' and in 'test'" in capsys.readouterr().err

"""python -m cxr, as a user runs it."""

import json

import numpy as np
import pytest
from PIL import Image

from cxr.__main__ import main


@pytest.fixture
def picture(tmp_path, phantom):
    file = tmp_path / "chest.png"
    Image.fromarray(phantom.display(256)).save(file)
    return str(file)


def test_json_is_the_documented_one(picture, capsys, predictor):
    assert main(["predict", picture, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["model"]["sha256"] == predictor.identity.sha256
    (result,) = answer["results"]
    assert [each["finding"] for each in result["findings"]] == list(predictor.labels)
    assert result["image"] == picture


def test_one_bad_image_does_not_stop_the_others(picture, tmp_path, capsys):
    bad = tmp_path / "notes.png"
    bad.write_text("no picture")
    assert main(["predict", str(bad), picture, "--json"]) == 1
    first, second = json.loads(capsys.readouterr().out)["results"]
    assert set(first) == {"image", "error"}
    assert "not an image" in first["error"]
    assert len(second["findings"]) == 14


def test_the_table_shows_each_score_with_its_threshold(picture, capsys, predictor):
    assert main(["predict", picture]) == 0
    out = capsys.readouterr().out
    row = next(line.split() for line in out.splitlines() if "Effusion" in line)
    low, to, high = row.pop(2), row.pop(2), row.pop(2)
    assert to == "to"
    assert float(low) <= float(row[1]) <= float(high)
    assert float(row[2]) == pytest.approx(predictor.config.thresholds["Effusion"].score, abs=0.005)
    assert row[3] in ("above", "below")


def test_a_finding_without_calibration_is_called_not_calibrated(picture, capsys):
    main(["predict", picture])
    out = capsys.readouterr().out
    assert next(line for line in out.splitlines() if "Pneumonia" in line).endswith("not calibrated")
    assert "`python -m cxr claims` says why" in out


def test_claims_are_printed_or_that_there_is_no_calibration(fixture_folder, capsys):
    assert main(["claims", str(fixture_folder / "keras2")]) == 0
    assert "There is no calibration, so no probability" in capsys.readouterr().out


def test_an_unknown_model_ends_with_a_sentence(picture, capsys):
    assert main(["predict", picture, "--model", "nothing"]) == 1
    assert "There is no checkpoint 'nothing'" in capsys.readouterr().err


def test_the_original_applications_folder_scores_as_its_reference(fixture_folder, shared, capsys):
    images = [str(shared / "checkpoints" / "images" / f"{name}.png") for name in ("00000001_000", "00009285_000")]
    assert main(["predict", *images, "--model", str(fixture_folder / "keras2"), "--json"]) == 0
    results = json.loads(capsys.readouterr().out)["results"]
    expected = np.load(shared / "checkpoints" / "expected.npz")
    for image, result in zip(images, results, strict=True):
        row = [str(name) for name in np.load(shared / "checkpoints" / "prepared.npz")["images"]].index(
            image.split("/")[-1]
        )
        scores = [each["score"] for each in result["findings"]]
        np.testing.assert_allclose(scores, expected["keras2_probabilities"][row], atol=1e-5)


def test_a_synthetic_radiograph_is_written_as_the_page_offers_it(tmp_path, capsys):
    from cxr import read_radiograph
    from cxr.phantom import phantom

    file = tmp_path / "radiograph.png"
    assert main(["phantom", str(file), "--size", "96", "--effusion"]) == 0
    assert "planted: Effusion" in capsys.readouterr().out
    expected = phantom(seed=1, size=96, effusion=True).radiograph.display(96)
    assert np.array_equal(np.asarray(Image.open(file)), expected)
    assert read_radiograph(file).grey.shape == (96, 96)
    assert main(["phantom", str(file), "--size", "1"]) == 1
    assert "64 to 4096" in capsys.readouterr().err

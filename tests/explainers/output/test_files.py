import io
import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from cxr.checkpoint import Identity
from cxr.frame import Frame
from cxr.input_check import InputStatistics
from cxr.prediction import FindingScore, Prediction
from explainers import Explanation
from explainers.errors import OptionError
from explainers.output.files import comparison_zip, explanation_files, write_files
from explainers.output.look import Look

CROP = (100.0, 0.0, 312.0, 512.0)


@pytest.fixture(scope="module")
def explanation():
    return Explanation(
        map=np.array([[0.5, -0.25], [0.0, 1.0]], np.float32),
        finding="Effusion",
        explainer="occlusion",
        title="Occlusion",
        options={"patch": 32, "stride": 16, "fill": "mean"},
        unit="logit",
        signed=True,
        seed=3,
        seconds=1.5,
        passes={"forward": 170, "backward": 0},
        model=Identity("tiny", "org/tiny", "abc", "def"),
        input_digest="0123",
        frame=Frame((512, 512), (224, 224), CROP),
        notes={"windows": 169, "table": np.zeros((2, 2))},
    )


@pytest.fixture(scope="module")
def prediction():
    score = FindingScore("Effusion", 0.4, 0.6, 0.3, True, None)
    statistics = InputStatistics(mean=0.0, std=1.0, minimum=-2.0, maximum=3.0, verdict="Fine.", ok=True)
    return Prediction((score,), ("a warning",), statistics, Identity("tiny", "org/tiny", "abc", "def"))


def test_three_files_are_written_under_the_explainer_s_name(explanation, phantom, tmp_path):
    paths = write_files(explanation, phantom, tmp_path / "new" / "folder")
    assert [path.name for path in paths] == ["occlusion.png", "occlusion.npz", "occlusion.json"]
    assert sorted((tmp_path / "new" / "folder").iterdir()) == sorted(paths)


def test_the_arrays_are_the_map_as_it_is_and_its_two_enlargements(explanation, phantom):
    with np.load(io.BytesIO(explanation_files(explanation, phantom)["occlusion.npz"]), allow_pickle=False) as arrays:
        assert set(arrays) == {"map", "input_map", "image_map"}
        assert all(arrays[name].dtype == np.float32 for name in arrays)
        assert np.array_equal(arrays["map"], explanation.map)
        assert np.array_equal(arrays["input_map"], explanation.on_input())
        assert arrays["image_map"].shape == (512, 512)
        # the crop starts at row 100 and ends at 412
        assert np.isnan(arrays["image_map"][99]).all()
        assert arrays["image_map"][100, 0] == pytest.approx(0.5)
        assert arrays["image_map"][411, 511] == pytest.approx(1.0)


def test_the_record_holds_what_is_needed_to_do_it_again(explanation, phantom):
    files = explanation_files(explanation, phantom, Look("signed", 0.3, "green_purple"))
    record = json.loads(files["occlusion.json"])
    assert record["explainer"] == "occlusion"
    assert record["options"] == {"patch": 32, "stride": 16, "fill": "mean"}
    assert record["seed"] == 3
    assert record["model"] == {"name": "tiny", "source": "org/tiny", "revision": "abc", "sha256": "def"}
    assert record["notes"] == {"windows": 169}
    assert record["picture"] == {"view": "signed", "opacity": 0.3, "colour_map": "green_purple"}


def test_the_picture_changes_with_view_and_opacity_and_the_arrays_do_not(explanation, phantom):
    base = explanation_files(explanation, phantom)
    for look in ({"view": "signed"}, {"opacity": 0.2}, {"colour_map": "amber"}):
        other = explanation_files(explanation, phantom, Look(**look))
        assert other["occlusion.png"] != base["occlusion.png"]
        assert other["occlusion.npz"] == base["occlusion.npz"]


def test_a_view_that_does_not_exist_writes_nothing(explanation, phantom, tmp_path):
    with pytest.raises(OptionError, match="'signed'"):
        write_files(explanation, phantom, tmp_path / "out", view="sign")
    assert not (tmp_path / "out").exists()


def test_an_archive_holds_everything_of_a_comparison(explanation, prediction, phantom):
    saliency = replace(explanation, explainer="saliency", title="Saliency")
    content = comparison_zip(prediction, [explanation, saliency], phantom)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert names == [
            "README.txt",
            "prediction.json",
            "comparison.png",
            *("occlusion.png", "occlusion.npz", "occlusion.json"),
            *("saliency.png", "saliency.npz", "saliency.json"),
        ]
        assert "Not a medical device" in archive.read("README.txt").decode()
        scores = json.loads(archive.read("prediction.json"))
        assert scores["findings"][0]["threshold"] == 0.3
        assert scores["input"]["verdict"] == "Fine."
        width, height = Image.open(io.BytesIO(archive.read("comparison.png"))).size
        # two radiographs of 512 pixels and a gap
        assert width > 2 * 512
        assert height > 512


def test_the_same_explainer_twice_is_numbered(explanation, prediction, phantom):
    content = comparison_zip(prediction, [explanation, explanation], phantom)
    names = zipfile.ZipFile(io.BytesIO(content)).namelist()
    assert {"occlusion.npz", "occlusion-2.npz"} <= set(names)
    assert len(names) == len(set(names))


def test_scores_alone_can_be_taken_along(prediction, phantom):
    names = zipfile.ZipFile(io.BytesIO(comparison_zip(prediction, [], phantom))).namelist()
    assert names == ["README.txt", "prediction.json"]


def test_the_same_comparison_gives_the_same_bytes(explanation, prediction, phantom):
    assert comparison_zip(prediction, [explanation], phantom) == comparison_zip(prediction, [explanation], phantom)


def test_what_json_lacks_is_refused_rather_than_written(explanation, phantom):
    with pytest.raises(ValueError, match="JSON"):
        explanation_files(replace(explanation, notes={"ratio": float("nan")}), phantom)

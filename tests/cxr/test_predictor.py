"""Predictor: scores, what they are compared with, and what one forward pass is shared by."""

import io
import json
import math
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from cxr import Predictor, read_radiograph
from cxr.checkpoint import Calibration, CheckpointConfig, Threshold
from cxr.checkpoint.witness import FindingWitness, Witness
from cxr.errors import FindingError
from cxr.pass_counts import count_passes
from cxr.prediction import finding_scores, sigmoid

SHARED = Path(__file__).resolve().parents[3] / "shared"

CLOSE = 5e-5
"""Means of 768 terms in float32, which processors add up in orders of their own."""


def scored(logits, **config):
    config = CheckpointConfig(name="n", labels=tuple(logits), input={"rule": "original"}, **config)
    return {each.finding: each for each in finding_scores(logits, config)}


def test_a_score_is_the_sigmoid_of_its_logit():
    # σ(ln 3) = 3 / 4
    assert scored({"Mass": math.log(3)})["Mass"].score == pytest.approx(0.75)


@pytest.mark.parametrize("every", [4, pytest.param(1, marks=pytest.mark.slow)])
def test_the_starter_does_not_see_how_sharp_its_source_was(predictor, phantom, request, every):
    """Sharpness gives NIH's sources away: scores must not hang on detail beyond 128 pixels."""
    radiographs = [phantom]
    if SHARED.is_dir():
        radiographs += map(read_radiograph, request.getfixturevalue("nih_full")[::every])
    for radiograph in radiographs:
        assert radiograph.width >= 512
        coarse = cv2.resize(radiograph.grey, (128, 128), interpolation=cv2.INTER_AREA)
        stream = io.BytesIO()
        Image.fromarray(np.rint(255 * coarse).astype(np.uint8)).save(stream, "PNG")
        scores = [
            np.array([each.score for each in predictor.predict(picture).findings])
            for picture in (radiograph, read_radiograph(stream.getvalue()))
        ]
        assert np.abs(scores[0] - scores[1]).max() < 0.01


@pytest.mark.parametrize("logit", [-1000.0, 1000.0])
def test_far_logits_do_not_overflow(logit):
    assert sigmoid(logit) == (logit > 0)


def test_a_score_at_its_threshold_counts_as_above():
    mass = scored({"Mass": 0.0}, thresholds={"Mass": Threshold(0.5)})["Mass"]
    assert (mass.threshold, mass.above_threshold) == (0.5, True)


def test_without_threshold_or_calibration_nothing_is_claimed():
    mass = scored({"Mass": 5.0})["Mass"]
    assert (mass.threshold, mass.above_threshold, mass.probability) == (None, None, None)


def test_a_probability_is_the_calibrated_one_where_other_patients_bear_it_out():
    # a·z + b + logit π = 2 · 0.5 − 1 + ln(0.2 / 0.8) = −ln 4, and σ(−ln 4) = 1 / 5
    found = FindingWitness(
        *(100, 40, 30), (1.0, 0.8, 1.2), (0.0, -0.1, 0.1), (1.0, 0.0), (0.01, 0.0, 0.01), (-2.0, 2.0), ()
    )
    calibration = {"Mass": Calibration(2.0, -1.0, 0.2)}
    checked = Witness("test", 100, 60, 0, {"Mass": found}, {})
    mass = scored({"Mass": 0.5}, calibration=calibration, witness=checked)["Mass"]
    assert mass.probability == pytest.approx(0.2)
    assert mass.probability_interval[0] < 0.2 < mass.probability_interval[1]
    assert mass.likelihood_ratio == 1
    assert mass.likelihood_ratio_interval == pytest.approx((math.exp(-0.196), math.exp(0.196)))
    assert mass.withheld == ""


def test_a_probability_that_nobody_checked_is_withheld_with_the_reason():
    mass = scored({"Mass": 0.5}, calibration={"Mass": Calibration(2.0, -1.0, 0.2)})["Mass"]
    assert (mass.probability, mass.probability_interval, mass.likelihood_ratio) == (None, None, None)
    assert "not checked on other patients" in mass.withheld


def test_the_finding_to_explain_is_the_one_farthest_above_its_threshold(tiny, phantom):
    prediction = tiny.predict(phantom)
    margins = {
        each.finding: each.logit - math.log(each.threshold / (1 - each.threshold)) for each in prediction.findings
    }
    assert prediction.default_finding() == max(margins, key=margins.get)


def test_scores_and_all_grad_cams_cost_one_forward_pass(tiny, phantom):
    batch = tiny.prepare(phantom).array[None] * np.float32(1.01)  # an input that no other test has scored
    with count_passes() as passes:
        tiny.forward_with(batch, tiny.target_layer)
        tiny.activations(batch, tiny.target_layer)
        tiny.layer_gradient(batch, tiny.target_layer)
    assert (passes.forward, passes.backward) == (1, 1)


def test_what_is_remembered_can_not_be_written_to(tiny, quadrants):
    with pytest.raises(ValueError, match="read-only"):
        tiny.activations(quadrants[None], tiny.target_layer)[:] = 0


def test_nested_counters_each_count_all_inside_them(tiny, quadrants):
    with count_passes() as outer:
        tiny.forward(quadrants[None])
        with count_passes() as inner:
            tiny.input_gradient(quadrants[None], "Nodule")
    assert (outer.forward, outer.backward, inner.forward, inner.backward) == (2, 1, 1, 1)


def test_occluding_a_quadrant_takes_its_part_of_the_logit(tiny, quadrants):
    windows = np.array([[0, 0, 16, 16], [16, 0, 16, 16], [16, 16, 16, 16]])
    # Effusion 6.5 loses 4 · 1 / 4, then 4 · 3 / 4, then nothing: the fourth quadrant is cut off by the ReLU
    # Nodule 0 gains 2 · 1 / 4, then 2 · 3 / 4; without the fourth it loses 8 · 2 / 4
    expected = [[5.5, 0.5], [3.5, 1.5], [6.5, -4.0]]
    np.testing.assert_allclose(tiny.occluded(quadrants, windows, 0.0), expected, atol=CLOSE)


def test_a_window_beyond_the_border_is_cut(tiny, quadrants):
    inside, beyond = [[0, 0, 16, 16]], [[-8, -8, 24, 24]]
    np.testing.assert_array_equal(tiny.occluded(quadrants, beyond, 0.0), tiny.occluded(quadrants, inside, 0.0))


def test_a_window_outside_changes_nothing(tiny, quadrants):
    np.testing.assert_allclose(tiny.occluded(quadrants, [[-40, 0, 8, 8]], 0.0), [[6.5, 0.0]], atol=CLOSE)


def test_covering_with_what_is_there_changes_nothing(tiny, quadrants):
    np.testing.assert_allclose(tiny.occluded(quadrants, [[3, 5, 20, 9]], quadrants), [[6.5, 0.0]], atol=CLOSE)


def test_occlusion_does_not_depend_on_the_batch(tiny, quadrants):
    windows = np.array([(top, left, 8, 8) for top in range(0, 32, 6) for left in range(0, 32, 6)])
    alone = np.concatenate([tiny.occluded(quadrants, window[None], 0.3) for window in windows])
    np.testing.assert_allclose(tiny.occluded(quadrants, windows, 0.3), alone, atol=CLOSE)


def test_an_unknown_finding_is_refused_with_the_closest_name(tiny, quadrants):
    with pytest.raises(FindingError, match="Did you mean 'Effusion'"):
        tiny.input_gradient(quadrants[None], "Efusion")


def test_a_batch_of_another_shape_is_refused(tiny):
    with pytest.raises(ValueError, match=r"\(N, 32, 32, 3\)"):
        tiny.forward(np.zeros((1, 32, 32, 1), np.float32))


def test_the_starter_scores_the_same_picture_the_same(predictor, phantom):
    assert predictor.predict(phantom) == predictor.predict(phantom)


def test_the_prediction_is_json_without_a_field_that_names_a_file(predictor, phantom):
    answer = json.loads(json.dumps(predictor.predict(phantom).to_json() | {"model": predictor.identity.to_json()}))
    assert set(answer) == {"findings", "warnings", "notes", "model"}
    assert set(answer["findings"][0]) == {
        "finding", "logit", "score", "threshold", "above_threshold", "probability", "interval",
        "probability_interval", "likelihood_ratio", "likelihood_ratio_interval", "view", "withheld",
    }  # fmt: skip


@pytest.fixture(scope="module")
def keras2(fixture_folder):
    return Predictor.load(str(fixture_folder / "keras2"))


@pytest.fixture(scope="module")
def reference(shared):
    kit = shared / "checkpoints"
    prepared = np.load(kit / "prepared.npz")
    return (
        np.repeat(prepared["original"], 3, axis=-1).astype(np.float32),
        np.load(kit / "expected.npz"),
        prepared["images"],
    )


def test_logits_of_the_original_layout_are_the_float64_references(keras2, reference):
    batch, expected, _ = reference
    assert keras2.labels == tuple(expected["keras2_labels"])
    np.testing.assert_allclose(keras2.forward(batch), expected["keras2_logits"], atol=2e-4)


def test_probabilities_from_files_are_the_float64_references(keras2, reference, shared):
    from cxr import read_radiograph

    _, expected, images = reference
    for row, image in enumerate(images):
        prediction = keras2.predict(read_radiograph(shared / "checkpoints" / "images" / str(image)))
        scores = [each.score for each in prediction.findings]
        tolerance = 1e-5 if str(image).endswith("png") else 2e-3  # decoders of JPEG differ by a grey level
        np.testing.assert_allclose(scores, expected["keras2_probabilities"][row], atol=tolerance)


def test_a_network_that_answers_in_another_s_place_says_so(tmp_path, phantom):
    from hub import resolve

    requested = str(tmp_path / "private" / "mine")
    predictor = Predictor.load(resolve(requested, fallback=True))
    assert predictor.identity.requested == "mine"
    assert predictor.identity.to_json()["requested"] == "mine"
    assert predictor.predict(phantom).warnings[0] == "'mine' was requested; 'starter' answers in its place."


def test_a_network_that_was_asked_for_warns_of_nothing(predictor, phantom):
    assert "requested" not in predictor.identity.to_json()
    assert not any("requested" in warning for warning in predictor.predict(phantom).warnings)

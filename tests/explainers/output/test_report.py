"""The report on one page, and the same by code: what they say is what was computed."""

import re
import shlex
from dataclasses import replace

import numpy as np
import pytest
from markupsafe import escape

from explainers import compare
from explainers.__main__ import main
from explainers.contract.measure import Measured
from explainers.output.look import Look
from explainers.output.report import report_html
from explainers.output.snippets import client_snippet, command_line, file_comment
from explainers.regions import regions_record
from explainers.running.comparison import Finished
from explainers.running.measuring import MeasureDone


@pytest.fixture(scope="module")
def made(predictor, phantom):
    options = {"grad_cam": {"layer": "relu"}}
    events = compare(predictor, phantom, "Effusion", ["grad_cam", "edges"], options=options, seed=3)
    return [event.explanation for event in events if isinstance(event, Finished)]


def test_the_report_stands_alone_with_every_score(made, predictor, phantom):
    prediction = predictor.predict(phantom)
    page = report_html(prediction, made, phantom, address="http://x", model="<script>")
    assert not re.search(r"(src|href)=.https?:|<script|@import|url\(", page)
    assert page.count("data:image/png;base64") == 3
    for each in prediction.findings:
        assert f">{each.score:.4f}</td>" in page
    assert str(escape(command_line(made))) in page
    # the fixture is a phantom, and nobody said where it comes from
    assert "The radiograph is synthetic: computed, not a patient." in page
    assert "radiograph.png is the file that you sent" in page
    assert "layer = relu" in page
    assert predictor.identity.sha256 in page


def test_the_radiograph_and_the_maps_come_first_and_identities_last(made, predictor, phantom):
    page = report_html(predictor.predict(phantom), made, phantom, regions={})
    order = ["<h1>", "data:image/png", ">Grad-CAM</h2>", ">Scores<", ">How the maps were computed<", ">Reproduce<",
             "Network and versions", predictor.identity.sha256, phantom.digest]  # fmt: skip
    places = [page.index(each) for each in order]
    assert places == sorted(places)
    assert page.count(predictor.identity.sha256) == page.count(phantom.digest) == 1


def test_the_score_stands_in_words_with_its_operating_point_and_what_it_is_not(made, predictor, phantom):
    prediction = predictor.predict(phantom)
    each = prediction["Effusion"]
    page = report_html(prediction, made, phantom)
    side = "above" if each.above_threshold else "below"
    assert f"Effusion: score {each.score:.3f}, {side} its operating point {each.threshold:.3f}" in page
    bare = replace(prediction, findings=tuple(replace(one, threshold=None, above_threshold=None, probability=None,
                   likelihood_ratio=None, withheld="") for one in prediction.findings))  # fmt: skip
    page = report_html(bare, made, phantom)
    assert "no operating point is known. It is not calibrated" in page
    assert "None of these scores is calibrated" in page
    assert "likelihood ratio" not in page


@pytest.mark.parametrize(("shift", "words"), [(0, "agree"), (3, "show different places")])
def test_how_far_maps_agree_is_said_of_explanations_that_are_no_controls(made, predictor, phantom, shift, words):
    rolled = replace(made[0], map=np.roll(made[0].map, shift, axis=1), title="Another")
    page = report_html(predictor.predict(phantom), [made[0], rolled, made[1]], phantom)
    assert f"The 2 explanations {words}: they share" in page
    assert "they share" not in report_html(predictor.predict(phantom), made, phantom)


def test_the_report_has_what_tests_found_below_each_map(made, predictor, phantom):
    prediction = predictor.predict(phantom)
    assert 'class="tests"' not in report_html(prediction, made, phantom)
    found = MeasureDone("edges", "spread", Measured(0.3, "A <tenth> holds -30 %.", "spread out"))
    silent = MeasureDone("edges", "sum", code="NOT_MEASURABLE", reason="It has no sum.")
    tested = {made[1]: {"Concentration": found, "Adds up": silent}}
    page = report_html(prediction, made, phantom, measured=tested)
    below = page[page.index(f"<h2>{made[1].title}") :]
    assert 'Concentration <span class="verdict">spread out</span></dt><dd>A &lt;tenth&gt; holds −30 %.</dd>' in below
    assert "Does not apply. Adds up: It has no sum." in below
    assert "Concentration" not in report_html(prediction, made[:1], phantom, measured=tested)


def test_regions_stand_beside_the_guess_and_the_cells_only_where_they_are_shown(made, predictor, phantom):
    prediction, look = predictor.predict(phantom), Look(regions=0.05)
    assert "Region 1" not in report_html(prediction, made, phantom)
    records = {each: regions_record(each, 0.05, predictor.average_maps) for each in made}
    page = report_html(prediction, made, phantom, look, regions=records)
    first = records[made[0]]["regions"][0]["box"]
    assert (
        f"Region 1: {first['width']:.0f} × {first['height']:.0f} px at {first['left']:.0f}, {first['top']:.0f}" in page
    )
    assert "In whole cells: " in page
    assert "Guess from other patients&#39; maps: " in page
    assert "They are no detection of a disease" in page
    assert "Outlined: the hottest 5.0 % of the image, which is no detection." in page
    bare = {each: regions_record(each, 0.05, {}) for each in made}
    assert "no guess to compare with" in report_html(prediction, made, phantom, look, regions=bare)


def test_the_command_line_makes_the_same_maps(made, phantom, tmp_path, monkeypatch):
    from PIL import Image

    from cxr import Predictor, read_radiograph

    Image.fromarray(phantom.display(512)).save(tmp_path / "radiograph.png")
    monkeypatch.chdir(tmp_path)
    assert main(shlex.split(command_line(made))[3:]) == 0
    events = compare(Predictor.load("starter"), read_radiograph("radiograph.png"), "Effusion", ["grad_cam"],
                     options={"grad_cam": {"layer": "relu"}}, seed=3)  # fmt: skip
    expected = list(events)[-1].explanation.map
    found = np.load(tmp_path / "maps" / "grad_cam.npz")["map"]
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_the_snippet_is_python_and_says_all_that_was_chosen(made):
    text = client_snippet(made, "http://127.0.0.1:7860", model="a'b")
    compile(text, "snippet", "exec")
    for said in ("'layer': 'relu'", "seed=3", "finding='Effusion'", "a'b"):
        assert said in text


def test_the_window_of_a_dicom_file_is_part_of_the_code(made):
    assert "window='window-2'," in client_snippet(made, "http://x", window="window-2")
    assert "explain radiograph.dcm" in command_line(made, window="window-2")
    assert "--window window-2" in command_line(made, window="window-2")
    assert "window" not in client_snippet(made, "http://x") + command_line(made)


@pytest.mark.parametrize("title", ["", "A", "x\n"])
@pytest.mark.parametrize("address", ["", "https://x/a b.png; rm"])
def test_where_the_file_comes_from_stays_a_comment(title, address):
    assert all(line.startswith("# ") for line in file_comment(title, address).splitlines())


def test_whatever_stands_in_a_name_is_text_and_never_markup(made, predictor, phantom):
    """Every value that a plugin, a checkpoint or a visitor chose: titles, units, options, origins, addresses."""
    mark = "<img src=x onerror=alert(1)>\"'"
    each = replace(made[1], title=mark, unit=mark, options={mark: mark}, model=replace(made[1].model, name=mark))
    found = MeasureDone("edges", "spread", Measured(0.3, mark, mark))
    page = report_html(
        predictor.predict(phantom), [each, made[0]], phantom, Look(origin=mark), file=f"# {mark}\n", address=mark,
        model=mark, measured={each: {mark: found}},
    )  # fmt: skip
    assert "onerror" in page
    assert "<img src=x" not in page
    assert "x onerror=alert(1)>" not in page
    assert page.count("<img ") == 3

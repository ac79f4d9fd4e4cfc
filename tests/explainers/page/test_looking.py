"""Looking closely, in a real browser: enlarged in step, other greys, values at a place, two findings, the list."""

import io
import re
import zipfile

import numpy as np
import pytest

from cxr import read_radiograph
from explainers import compare
from explainers.errors import OptionError
from explainers.map_statistics import on_grid, spearman
from explainers.page.panels.comparison.request import CompareRequest
from explainers.pictures.shading import number

browser = pytest.mark.browser

GREYS = """() => {
    const canvas = document.querySelector(".panel canvas");
    const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
    return Array.from({length: data.length / 4 / 97 | 0}, (_, at) => data[4 * 97 * at]);
}"""
"""Red of every 97th pixel of the first panel."""

SEEN = """() => [...document.querySelectorAll(".plate.filled .stage, .panel .stage")].map((stage) => {
    const whole = stage.getBoundingClientRect(), seen = stage.parentElement.getBoundingClientRect();
    return [(seen.top - whole.top) / whole.height, (seen.left - whole.left) / whole.width, whole.width / seen.width];
})"""
"""Of the radiograph and each panel: the corner of what is seen, in shares of the picture, and the magnification."""


COLOUR = """() => {
    const canvas = document.querySelector(".panel[data-explainer=left_half] canvas");
    const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
    let colour = 0;
    for (let at = 0; at < data.length; at += 4) colour += Math.abs(data[at] - data[at + 2]);
    return colour;
}"""
"""How colourful the left half's picture is: 0 for a grey one."""


def compare_these(page, file, *names: str) -> None:
    """Load a radiograph and wait until exactly these explainers are compared."""
    for chip in page.locator("#comparison .chip").all():
        chip.locator("input").set_checked(chip.inner_text().strip() in names)
    page.set_input_files("[data-invitation] [data-file]", str(file))
    compared(page)


def compared(page) -> None:
    """Wait until nothing is computed any more, and something was."""
    page.wait_for_selector(".panel[data-state=done]")
    page.wait_for_selector(".comparison[aria-busy=false]")
    page.wait_for_function("!document.querySelector('.panel:is([data-state=waiting], [data-state=running])')")


def point_at(page, y: float, x: float, panel: int = 0) -> None:
    """Move the mouse to a place in a panel's frame, in shares of the frame."""
    frame = page.locator(".panel .frame").nth(panel)
    frame.scroll_into_view_if_needed()
    box = frame.bounding_box()
    page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])


@browser
def test_all_pictures_are_enlarged_in_step_and_moved_and_whole_again(visit, phantom_file):
    page = visit()
    compare_these(page, phantom_file, "Left half", "Grad-CAM")
    point_at(page, 0.25, 0.75)
    page.mouse.wheel(0, 10)  # the wheel alone scrolls the page
    assert page.evaluate(SEEN) == pytest.approx(np.tile([0, 0, 1], (3, 1)), abs=0.01)
    point_at(page, 0.25, 0.75)
    page.keyboard.down("Control")
    page.mouse.wheel(0, -300)
    page.keyboard.up("Control")
    enlarged = np.array(page.evaluate(SEEN))
    assert len(enlarged) == 3
    factor = enlarged[0, 2]
    assert factor > 1.5
    # the place below the mouse stayed where it was, in every picture
    corner = np.array([0.25, 0.75]) * (1 - 1 / factor)
    assert enlarged == pytest.approx(np.tile([*corner, factor], (3, 1)), abs=0.01)
    assert page.locator(".zoomed").inner_text() == f"{round(100 * factor)} %"

    point_at(page, 0.4, 0.4)
    page.mouse.down()
    point_at(page, 0.6, 0.6)
    page.mouse.up()
    moved = np.array(page.evaluate(SEEN))
    assert moved[:, 1] == pytest.approx(enlarged[:, 1] - 0.2 / factor, abs=0.01)
    assert np.ptp(moved, axis=0) == pytest.approx(np.zeros(3), abs=0.01)

    page.locator(".panel .frame").last.focus()
    page.keyboard.press("-")
    assert page.evaluate(SEEN)[0][2] < factor
    page.get_by_role("button", name="Reset").click()
    assert page.evaluate(SEEN) == pytest.approx(np.tile([0, 0, 1], (3, 1)), abs=0.01)
    assert page.get_by_role("button", name="Zoom out").is_disabled()


@browser
def test_greys_follow_window_level_and_invert_and_maps_are_hidden(visit, phantom_file):
    page = visit()
    compare_these(page, phantom_file, "Left half")
    coloured = page.evaluate(COLOUR)
    assert coloured > 0
    page.locator(".panel .frame").focus()
    page.keyboard.press("h")
    assert page.evaluate(COLOUR) == 0
    plain = np.array(page.evaluate(GREYS))
    assert len(set(plain.tolist())) > 20

    page.get_by_role("button", name="Contrast").click()
    page.locator("[data-tone=window]").fill("50")
    page.locator("[data-tone=level]").fill("40")
    windowed = np.clip((plain / 255 - 0.4) / 0.5 + 0.5, 0, 1) * 255
    assert np.array(page.evaluate(GREYS)) == pytest.approx(windowed, abs=0.51)
    page.get_by_role("button", name="Invert").click()
    assert np.array(page.evaluate(GREYS)) == pytest.approx(255 - windowed, abs=0.51)
    page.get_by_role("button", name="Reset").click()
    assert page.evaluate(COLOUR) == coloured

    hide = page.get_by_role("button", name="Hide maps")
    hide.click()
    assert page.evaluate(COLOUR) == 0
    assert hide.get_attribute("aria-pressed") == "true"
    hide.click()
    assert page.evaluate(COLOUR) == coloured
    # held, it hides for as long as it is held
    hide.hover()
    page.mouse.down()
    assert page.evaluate(COLOUR) == 0
    page.wait_for_timeout(500)
    page.mouse.up()
    assert page.evaluate(COLOUR) == coloured
    page.locator(".panel .frame").focus()
    page.keyboard.press("Space")
    assert hide.get_attribute("aria-pressed") == "false"
    hide.focus()
    page.keyboard.press("Space")
    assert hide.get_attribute("aria-pressed") == "true"


@browser
def test_the_values_at_the_cross_hair_are_those_of_the_map(visit, phantom_file):
    page = visit()
    compare_these(page, phantom_file, "Grad-CAM", "Left half")
    with page.expect_download() as saved:
        page.click("[data-get='comparison.zip']")
    with zipfile.ZipFile(io.BytesIO(saved.value.path().read_bytes())) as archive:
        with np.load(io.BytesIO(archive.read("grad_cam.npz"))) as arrays:
            cells, smooth = arrays["map"], arrays["image_map"]
        with np.load(io.BytesIO(archive.read("left_half.npz"))) as arrays:
            halves, smooth_halves = arrays["map"], arrays["image_map"]
    readouts = page.locator(".panel .here")
    for raw in (False, True):
        page.locator("[data-cells]").set_checked(raw)
        for magnified in (False, True):
            if magnified:
                page.get_by_role("button", name="Zoom in").click()
            # the first panel reads what the second one is pointed at, and the other way round
            for at, (y, x) in enumerate([(0.31, 0.22), (0.7, 0.64), (0.52, 0.9)]):
                point_at(page, y, x, panel=at % 2)
                there = page.evaluate("cxrLens.page?.last('point')")
                expected = [
                    values[int(there["y"] * values.shape[0]), int(there["x"] * values.shape[1])]
                    for values in ((cells, halves) if raw else (smooth, smooth_halves))
                ]
                assert readouts.nth(0).inner_text() == f"{number(float(expected[0]))} logit"
                assert readouts.nth(1).inner_text() == f"{number(float(expected[1]))} mark"
                hair = page.locator(".panel .hair").nth(1 - at % 2).locator("i").first
                frame = page.locator(".panel .frame").nth(1 - at % 2).bounding_box()
                assert hair.bounding_box()["y"] - frame["y"] == pytest.approx(y * frame["height"], abs=1.5)
        page.get_by_role("button", name="Reset").click()


@browser
def test_fingers_read_values_and_enlarge(visit, phantom_file):
    page = visit(width=390, height=844)
    compare_these(page, phantom_file, "Left half", "Centre")
    frame = page.locator(".panel .frame").first
    frame.scroll_into_view_if_needed()
    box = frame.bounding_box()
    page.touchscreen.tap(box["x"] + 0.2 * box["width"], box["y"] + 0.5 * box["height"])
    assert page.locator(".panel[data-explainer=left_half] .here").inner_text() == "1.0 mark"
    assert all(page.locator(".panel .here").all_inner_texts())
    y, x = box["y"] + box["height"] / 2, box["x"] + box["width"] / 2
    fingers = page.context.new_cdp_session(page)
    for kind, apart in (("touchStart", 30), ("touchMove", 45), ("touchMove", 60), ("touchEnd", None)):
        points = [] if apart is None else [{"x": x - apart, "y": y, "id": 0}, {"x": x + apart, "y": y, "id": 1}]
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    page.wait_for_function("cxrLens.page.sight.zoom > 1.5")
    seen = np.array(page.evaluate(SEEN))
    assert np.ptp(seen, axis=0) == pytest.approx(np.zeros(3), abs=0.01)
    assert page.evaluate("window.visualViewport.scale") == 1


@browser
def test_two_findings_stand_side_by_side(visit, phantom_file, predictor):
    page = visit()
    compare_these(page, phantom_file, "Grad-CAM")
    page.select_option("[data-finding]", "Effusion")
    compared(page)
    beside = page.get_by_label("Beside")
    groups = beside.locator("optgroup").evaluate_all("groups => groups.map((each) => each.label)")
    assert groups == ["Another finding", "Another network"]
    assert beside.locator("option").first.inner_text() == "nothing"
    beside.select_option(label="Mass")
    page.wait_for_selector(".panel[data-second=Mass]")
    compared(page)
    radiograph = read_radiograph(phantom_file)
    effusion, mass = (
        list(compare(predictor, radiograph, finding, ["grad_cam"]))[-1].explanation.map
        for finding in ("Effusion", "Mass")
    )
    heads = [panel.locator(".panel-head").inner_text().split() for panel in page.locator(".panel").all()]
    assert heads == [["Grad-CAM", "Effusion"], ["Grad-CAM", "Mass"]]
    for panel, values in zip(page.locator(".panel").all(), (effusion, mass), strict=True):
        assert f"{number(float(values.max()))} logit" in panel.locator(".ticks").inner_text()
    said = page.locator(".panel[data-second=Mass] .correlation").inner_text()
    correlation = f"{spearman(on_grid(effusion), on_grid(mass)):.2f}".replace("-", "−")
    assert f"with the map of Effusion: {correlation}" in said
    assert "second=Mass" in page.url
    # what stands beside and is asked for changes places
    page.get_by_role("button", name="Mass", exact=True).click()
    page.wait_for_selector(".panel[data-second=Effusion]")
    compared(page)
    assert page.locator(".panel").first.locator(".side-name").inner_text() == "Mass"
    with page.expect_download() as saved:
        page.click("[data-get='report.html']")
    assert "Mass and Effusion: 2 explanations compared" in saved.value.path().read_text()
    beside.select_option("")
    page.wait_for_function("document.querySelectorAll('.panel').length === 1")
    compared(page)
    assert page.locator(".panel .side-name").inner_text() == ""


@browser
def test_each_finding_has_a_meter_in_words_and_the_first_five_come_first(visit, phantom_file, predictor):
    page = visit(width=390, height=844)
    compare_these(page, phantom_file, "Left half")
    scores = {each.finding: each for each in predictor.predict(read_radiograph(phantom_file)).findings}
    rows = page.locator(".findings li")
    assert rows.count() == 14
    above = []
    for row in rows.all():
        name = row.locator(".label").text_content().replace(" ", "_").replace("thickening", "Thickening")
        each, meter = scores[name], row.locator("[role=meter]")
        assert float(meter.get_attribute("aria-valuenow")) == pytest.approx(each.score, abs=1e-3)
        assert (meter.get_attribute("aria-valuemin"), meter.get_attribute("aria-valuemax")) == ("0", "1")
        words = meter.get_attribute("aria-valuetext")
        assert f"{'above' if each.above_threshold else 'below'} its operating point" in words
        assert re.search(r"95 % from 0\.\d+ to 0\.\d+", words)
        logit = lambda share: np.log(share / (1 - share))  # noqa: E731
        above.append(logit(each.score) - logit(each.threshold))
    assert above == sorted(above, reverse=True)
    assert page.locator(".none-above").is_hidden() == any(each > 0 for each in above)
    assert sum(row.is_visible() for row in rows.all()) == 5
    every = page.get_by_role("button", name="All 14 findings")
    every.click()
    assert sum(row.is_visible() for row in rows.all()) == 14
    # the bar with finding, view and opacity stays in sight
    page.locator(".panel .facts").first.scroll_into_view_if_needed()
    for control in ("[data-finding]", "[data-views]", "[data-opacity]"):
        top = page.locator(control).bounding_box()["y"]
        assert 0 <= top < 120


def test_a_finding_and_a_network_are_not_compared_with_together():
    request = {"run": 1, "finding": "Effusion", "explainers": ["grad_cam"]}
    assert CompareRequest.from_event({**request, "second": "Mass"}).beside == ("Mass",)
    assert CompareRequest.from_event({**request, "networks": ["a", "b"]}).beside == ("b",)
    assert CompareRequest.from_event(request).beside == ()
    with pytest.raises(OptionError, match="not with both"):
        CompareRequest.from_event({**request, "second": "Mass", "networks": ["a", "b"]})

"""Looking closely, in a real browser: enlarged in step, other greys, values at a place."""

import numpy as np
import pytest

from explainers.errors import OptionError
from explainers.page.panels.comparison.request import CompareRequest
from explainers.pictures.shading import number

SEEN = """() => [...document.querySelectorAll(".plate.filled .stage, .panel .stage")].map((stage) => {
    const whole = stage.getBoundingClientRect(), seen = stage.parentElement.getBoundingClientRect();
    return [(seen.top - whole.top) / whole.height, (seen.left - whole.left) / whole.width, whole.width / seen.width];
})"""
"""Of the radiograph and each panel: the corner of what is seen, in shares of the picture, and the magnification."""


def point_at(page, y: float, x: float, panel: int = 0) -> None:
    """Move the mouse to a place in a panel's frame, in shares of the frame."""
    box = page.locator(".panel .frame").nth(panel).bounding_box()
    page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])


@pytest.mark.browser
def test_all_pictures_are_enlarged_in_step_and_greys_follow_the_right_button(visit, steps):
    page = visit(query="?explainers=saliency,grad_cam")
    steps.compared(page)
    point_at(page, 0.25, 0.75)
    page.mouse.wheel(0, 10)  # the wheel alone scrolls the page
    assert page.evaluate("cxrLens.page.sight.zoom") == 1
    page.evaluate("scrollTo(0, 0)")
    page.locator(".panel .frame").first.dblclick(position={"x": 200, "y": 100})
    enlarged = np.array(page.evaluate(SEEN))
    assert len(enlarged) == 3
    assert enlarged[0, 2] == pytest.approx(2.5, abs=0.01)
    assert np.ptp(enlarged, axis=0) == pytest.approx(np.zeros(3), abs=0.01)
    page.locator(".panel .frame").first.dblclick(position={"x": 200, "y": 100})
    assert np.array(page.evaluate(SEEN)) == pytest.approx(np.tile([0, 0, 1], (3, 1)), abs=0.01)

    point_at(page, 0.5, 0.2)
    page.mouse.down(button="right")
    point_at(page, 0.5, 0.5)
    point_at(page, 0.5, 0.6)
    page.mouse.up(button="right")
    assert page.evaluate("cxrLens.page.sight.tone.window") < 1
    assert page.evaluate("cxrLens.page.last('region')") is None
    page.locator(".panel .frame").first.focus()
    page.keyboard.press("i")
    assert page.evaluate("cxrLens.page.sight.tone.invert")
    page.keyboard.press("h")
    assert not page.evaluate("cxrLens.page.sight.tone.maps")


@pytest.mark.browser
def test_the_values_at_the_cross_hair_are_those_of_the_raw_map(visit, steps):
    """The worked case's saliency is drawn smoothed; its numbers are not."""
    from explainers.page import worked_case

    (saliency,) = [each for each in worked_case.load().explanations if each.explainer == "saliency"]
    page = visit()
    steps.compared(page)
    image = saliency.on_image()
    for y, x in ((0.31, 0.22), (0.55, 0.72), (0.52, 0.9)):
        point_at(page, y, x, panel=0)
        there = page.evaluate("cxrLens.page.last('point')")
        expected = image[int(there["y"] * image.shape[0]), int(there["x"] * image.shape[1])]
        said = page.locator(".panel[data-explainer=saliency] .here").inner_text()
        assert said == f"{number(float(expected))} logit per input unit"


@pytest.mark.browser
@pytest.mark.slow
def test_fingers_read_values_and_enlarge(visit, steps):
    page = visit(width=390, height=844, query="?explainers=left_half,centred_gaussian")
    steps.compared(page)
    frame = page.locator(".panel .frame").first
    frame.scroll_into_view_if_needed()
    box = frame.bounding_box()
    page.touchscreen.tap(box["x"] + 0.2 * box["width"], box["y"] + 0.5 * box["height"])
    assert page.locator(".panel[data-explainer=left_half] .here").inner_text() == "1.0 mark"
    y, x = box["y"] + box["height"] / 2, box["x"] + box["width"] / 2
    fingers = page.context.new_cdp_session(page)
    for kind, apart in (("touchStart", 30), ("touchMove", 45), ("touchMove", 60), ("touchEnd", None)):
        points = [] if apart is None else [{"x": x - apart, "y": y, "id": 0}, {"x": x + apart, "y": y, "id": 1}]
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    page.wait_for_function("cxrLens.page.sight.zoom > 1.5")
    assert page.evaluate("window.visualViewport.scale") == 1


def test_a_finding_and_a_network_are_not_compared_with_together():
    request = {"run": 1, "finding": "Effusion", "explainers": ["grad_cam"]}
    assert CompareRequest.from_event({**request, "second": "Mass"}).beside == ("Mass",)
    assert CompareRequest.from_event({**request, "networks": ["a", "b"]}).beside == ("b",)
    assert CompareRequest.from_event(request).beside == ()
    with pytest.raises(OptionError, match="not with both"):
        CompareRequest.from_event({**request, "second": "Mass", "networks": ["a", "b"]})

"""axe looks at every state of the page, in both themes: no violation. And a region is marked by keyboard alone.

The states are reached one after another in one visit. test_arrival.py looks at the state on arrival.
"""

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

pytestmark = pytest.mark.browser

TABS = ("agreement", "measures", "region", "cam_sum", "probability", "export")
BOXES = {
    "image": "details[data-change]",
    "explainers": "details[data-explainers]",
    "more": "details[data-more]",
    "options": ".panel details.settings",
}
LIGHT_AND_DARK = ["light", pytest.param("dark", marks=pytest.mark.slow)]
QUICK = "?explainers=grad_cam,saliency"
"""Of the worked case, whose maps and test results are stored: nothing has to be computed."""


@pytest.fixture
def reach(steps, tmp_path) -> dict[str, Callable]:
    """{state: brings a page into it}, in an order in which a visitor can reach one after another."""

    def error(page):
        (tmp_path / "notes.txt").write_text("no picture at all")
        page.set_input_files("[data-file]", str(tmp_path / "notes.txt"))
        page.locator(".radiograph [data-error]:not([hidden])").wait_for()

    def cat(page):
        y, x = np.mgrid[:300, :400]
        disc = np.where((y - 150) ** 2 + (x - 200) ** 2 < 110**2, 200, 90).astype(np.uint8)
        Image.fromarray(disc).save(tmp_path / "cat.png")
        steps.load(page, tmp_path / "cat.png")
        steps.compared(page)
        page.locator("[data-banner]:not([hidden])").wait_for()

    def running(page):
        steps.choose(page, "RISE", "Grad-CAM")  # no map of RISE is stored
        page.locator(".panel[data-explainer=rise][data-state=running]").wait_for()

    def failed(page):
        steps.choose(page, "Raises", "Grad-CAM")
        steps.compared(page)

    def opened(selector):
        return lambda page: page.locator(f"{selector} > summary").first.click()

    def view(address, selector):
        def go(page):
            page.locator(f"nav a[href='{address}']").click()
            page.locator(selector).wait_for()

        return go

    return {
        **{f"{name} tab": lambda page, name=name: steps.tab(page, name) for name in TABS},
        **{f"{name} box": opened(selector) for name, selector in BOXES.items()},
        "error": error,
        "running": running,
        "failed": failed,
        "cat": cat,
        "about": view("#about", "#about-title"),
        "api": view("#about-api", "#about-api"),
        "your explainer": view("#your-explainer", "#your-explainer pre >> nth=0"),
        "server gone": lambda page: page.evaluate("cxrLens.page.publish('server', {up: false})"),
        "server restarted": lambda page: page.evaluate("cxrLens.page.publish('server', {up: true, restarted: true})"),
    }


@pytest.mark.parametrize("theme", LIGHT_AND_DARK)
@pytest.mark.parametrize(
    ("width", "states"),
    [(1440, None), (390, ("region tab", "explainers box", "options box", "cat", "about"))],
    ids=["wide", "telephone"],
)
def test_no_state_breaks_a_rule_of_accessibility(visit, steps, reach, accessible, width, states, theme):
    page = visit(theme=theme, width=width, height=844, query=QUICK)
    steps.compared(page)
    for state in states or reach:
        reach[state](page)
        name, _, kind = state.rpartition(" ")
        try:
            accessible(page, {"tab": f"#{name}", "box": BOXES.get(name)}.get(kind, "html"))
        except AssertionError as error:
            error.add_note(f"state: {state}")
            raise
        assert page.evaluate("document.documentElement.scrollWidth") <= width, state
        if state.endswith("box"):
            reach[state](page)  # closes it


def test_a_region_is_marked_by_keyboard_alone(visit, steps):
    page = visit(query=QUICK)
    steps.compared(page)
    page.locator("#tab-region").focus()
    page.keyboard.press("Enter")
    page.locator("[data-mark]").focus()
    page.keyboard.press("Enter")
    page.locator(".panel .frame").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    for _ in range(3):
        page.keyboard.press("Shift+ArrowRight")
        page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Enter")
    page.locator("[data-ranking] tbody tr").first.wait_for()
    assert "→" in page.locator(".panel .region-yours").first.inner_text()

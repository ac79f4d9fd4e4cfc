"""axe looks at every state of the page, in both themes: no violation. And a region is marked by keyboard alone."""

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
def reach(visit, steps, tmp_path) -> Callable:
    """reach(state, theme, width) -> the page in that state."""

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

    acts = {
        "arrival": lambda page: None,
        "running": running,
        "failed": failed,
        "error": error,
        "cat": cat,
        "about": view("#about", "#about-title"),
        "api": view("#about-api", "#about-api"),
        "your explainer": view("#your-explainer", "#your-explainer pre >> nth=0"),
        "server gone": lambda page: page.evaluate("cxrLens.page.publish('server', {up: false})"),
        "server restarted": lambda page: page.evaluate("cxrLens.page.publish('server', {up: true, restarted: true})"),
        **{f"{name} tab": lambda page, name=name: steps.tab(page, name) for name in TABS},
        **{f"{name} box": opened(selector) for name, selector in BOXES.items()},
    }

    def reached(state: str, theme: str, width: int = 1440, page=None):
        if page is None:
            page = visit(theme=theme, width=width, height=844, query="" if state == "arrival" else QUICK)
            steps.compared(page)
        acts[state](page)
        return page

    return reached


COMPUTED = ["arrival", "running", "failed", "error", "cat"]
"""States with work or pictures of their own."""

OPENED = [*(f"{name} tab" for name in TABS), *(f"{name} box" for name in BOXES), "about", "api", "your explainer",
          "server gone", "server restarted"]  # fmt: skip
"""States of one page, which a visitor opens one after another."""


@pytest.mark.parametrize("theme", LIGHT_AND_DARK)
@pytest.mark.parametrize("state", COMPUTED)
def test_no_rule_of_accessibility_is_broken(reach, accessible, state, theme):
    accessible(reach(state, theme))


@pytest.mark.parametrize("theme", LIGHT_AND_DARK)
@pytest.mark.parametrize(
    ("width", "states"),
    [(1440, OPENED), (390, ["region tab", "explainers box", "options box", "about"])],
    ids=["wide", "telephone"],
)
def test_no_rule_is_broken_by_anything_that_opens(reach, accessible, width, states, theme):
    page = None
    for state in states:
        page = reach(state, theme, width, page)
        try:
            accessible(page)
        except AssertionError as error:
            error.add_note(f"state: {state}")
            raise
        assert page.evaluate("document.documentElement.scrollWidth") <= width, state
        if state.endswith("box"):
            reach(state, theme, width, page)  # closes it


@pytest.mark.parametrize("theme", LIGHT_AND_DARK)
@pytest.mark.parametrize("state", ["arrival", pytest.param("cat", marks=pytest.mark.slow)])
def test_nor_on_a_telephone(reach, accessible, state, theme):
    page = reach(state, theme, 390)
    accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


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

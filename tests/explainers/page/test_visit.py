"""Whole visits in a real browser: by mouse and by touch, by keyboard alone, on narrow screens, with a second tab."""

import io
import time
import zipfile
from collections import Counter

import pytest

pytestmark = pytest.mark.browser

QUICK = ("Grad-CAM", "Left half")
"""Explainers that answer at once."""

WORK = "/gradio_api/queue/join"
"""Where the page asks for work."""

PIXELS = """name => {
    const canvas = document.querySelector(`.panel[data-explainer=${name}] canvas`);
    return canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data
        .reduce((sum, value, at) => (sum * 31 + value) % 1000003, 0);
}"""
"""A number that is another one once a pixel of a panel's picture is."""

FOCUS = """() => {
    const focused = document.activeElement, box = focused.getBoundingClientRect();
    const shown = [focused, focused.closest("label")].filter(Boolean).map((each) => getComputedStyle(each));
    return shown.some((each) => each.outlineStyle !== "none" && parseFloat(each.outlineWidth) >= 2)
        && box.bottom > 0 && box.top < innerHeight;
}"""
"""Whether the focused element, or the label that it stands in, has an outline and is in sight."""

NAMELESS = """() => [...document.querySelectorAll("img, canvas, svg")].filter((each) => {
    if (!each.checkVisibility() || each.closest("[aria-hidden=true]")) return false;
    const decorates = each.matches("img[alt='']") && each.closest("button")?.textContent.trim();
    return !decorates && !(each.getAttribute("alt") || each.getAttribute("aria-label"));
}).map((each) => each.outerHTML.slice(0, 200))"""
"""Pictures in sight without words for those who can't see them."""


def choose(page, *names: str) -> None:
    """Have exactly these explainers compared; what is added comes first, so that there is always one."""
    chips = [(chip.inner_text().strip(), chip.locator("input")) for chip in page.locator("#comparison .chip").all()]
    for name, box in sorted(chips, key=lambda chip: chip[0] not in names):
        box.set_checked(name in names)


def compared(page) -> None:
    """Wait until nothing is computed any more, and something was."""
    page.wait_for_selector(".panel:is([data-state=done], [data-state=failed])")
    page.wait_for_function(
        "!document.querySelector('.comparison[aria-busy=true], .panel:is([data-state=waiting], [data-state=running])')"
    )


def panel(page, name: str, model: str = ""):
    beside = f"[data-model='{model}']" if model else ":not([data-model])"
    return page.locator(f".panel[data-explainer={name}]{beside}")


def sampled(page, *names: str, sample: int = 0) -> None:
    """Load a sample and wait for its comparison."""
    choose(page, *(names or QUICK))
    page.locator(".sample").nth(sample).click()
    compared(page)


def mark_region(page) -> None:
    """Two corners on the first picture, at a quarter and at three quarters of it."""
    page.click("[data-mark]")
    frame = page.locator(".panel .frame").first
    frame.scroll_into_view_if_needed()
    box = frame.bounding_box()
    for share in (0.25, 0.75):
        frame.click(position={"x": box["width"] * share, "y": box["height"] * share})
    page.wait_for_selector(".region [data-answers]:not([hidden])")


@pytest.mark.parametrize(
    ("width", "theme"),
    [
        (1440, "light"),
        (390, "dark"),
        pytest.param(1440, "dark", marks=pytest.mark.slow),
        pytest.param(390, "light", marks=pytest.mark.slow),
    ],
)
def test_a_whole_visit(visit, accessible, tmp_path, width, theme):
    """From arrival to what is taken along; at its end most states of the page stand there at once, for axe."""
    page = visit(width=width, theme=theme)
    page.wait_for_function("cxrLens.page?.last('network')?.state === 'ready'")
    accessible(page)

    # one click: radiograph, scores, comparison
    sampled(page)
    finding = page.locator("[data-finding]").input_value()
    assert page.locator(".finding[aria-current=true]").count() == 1
    assert page.locator(".finding .value").count() == 2 * 14
    assert page.locator(".panel[data-state=done]").count() == len(QUICK)

    # drawn anew: other pixels, no call
    first = page.evaluate(PIXELS, "grad_cam")
    page.locator("[data-opacity]").fill("20")
    fainter = page.evaluate(PIXELS, "grad_cam")
    page.locator(".segments").get_by_text("Signed").click()
    assert len({first, fainter, page.evaluate(PIXELS, "grad_cam")}) == 3
    page.locator("[data-opacity]").fill("60")

    # an explainer's option
    options = panel(page, "left_half")
    options.locator(".settings summary").click()
    options.get_by_label("strength").fill("2")
    options.get_by_text("Explain again").click()
    page.wait_for_function(
        "document.querySelector('.panel[data-explainer=left_half] .ticks').textContent.includes('2.0')"
    )
    compared(page)

    # one that fails beside the others, and another network beside this one
    choose(page, *QUICK, "Raises")
    compared(page)
    assert "This explainer gave no map." in panel(page, "raises").inner_text()
    page.get_by_label("Beside").select_option("second")
    panel(page, "grad_cam", "second").locator(".facts", has_text="cells").wait_for()
    compared(page)
    assert panel(page, "grad_cam", "second").get_attribute("data-state") == "done"

    # what was left out is neither tested nor taken along
    page.locator(".chip", has_text="Left half").locator("input").uncheck()

    # how far to believe them, without the test that takes long
    page.locator("#measures .chip", has_text="Removal test").locator("input").uncheck()
    page.click("#measures [data-measure]")
    page.wait_for_function("document.querySelector('#measures [data-now]').textContent.startsWith('Tested')")
    assert panel(page, "grad_cam").locator(".found dt").count() > 0

    # without a region
    mark_region(page)
    assert page.locator("[data-scores] tbody tr").count() == 5
    assert "Without it the score of" in page.locator(".region [data-now]").inner_text()

    # a file that is none: what happened, what to do; the radiograph stays
    (tmp_path / "notes.txt").write_text("no picture at all")
    page.set_input_files("[data-another] [data-file]", str(tmp_path / "notes.txt"))
    refused = page.locator(".radiograph [data-error]")
    refused.wait_for()
    assert refused.inner_text().startswith("The given file is not an image. Give a radiograph as PNG, JPEG")
    assert page.locator("[data-picture]").is_visible()

    # About keeps the visit
    for folded in page.locator(":is(#about, #takeaway) summary").all():
        folded.click()
    page.locator(".to-about").click()
    assert page.evaluate("document.activeElement.id") == "about-title"
    assert page.locator("[data-finding]").input_value() == finding
    assert not page.evaluate(NAMELESS)
    accessible(page)

    # taken along
    with page.expect_download() as saved:
        page.click("[data-get='comparison.zip']")
    with zipfile.ZipFile(io.BytesIO(saved.value.path().read_bytes())) as archive:
        names = {name.split("/")[-1] for name in archive.namelist()}
    assert {"grad_cam.png", "grad_cam.npz", "report.html"} <= names
    assert "left_half.png" not in names
    with page.expect_download() as saved:
        page.click("[data-get='report.html']")
    report = page.context.new_page()
    report.set_content(saved.value.path().read_text(encoding="utf-8"))
    assert report.locator("figure img").count() == 2
    assert report.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    accessible(report)


def reach(page, selector: str, key: str = "Tab", most: int = 150) -> None:
    """Go on with Tab until an element has the focus; fails where the focus can't be seen on the way."""
    for _ in range(most):
        page.keyboard.press(key)
        if page.evaluate("document.activeElement === document.body"):
            continue
        where = page.evaluate("document.activeElement.outerHTML.slice(0, 120)")
        assert page.evaluate(FOCUS), f"the focus can't be seen on {where}"
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"{key} never came to {selector}")


def test_a_visit_by_keyboard_alone(visit):
    page = visit()
    choose(page, "Left half")
    page.evaluate("document.activeElement.blur()")

    reach(page, ".sample")
    page.keyboard.press("Enter")
    compared(page)
    reach(page, ".finding:not([aria-current=true])")
    other = page.evaluate("document.activeElement.querySelector('.label').textContent")
    page.keyboard.press("Space")
    page.wait_for_function("name => document.querySelector('.panel canvas').ariaLabel.includes(name)", arg=other)
    compared(page)

    before = page.evaluate(PIXELS, "left_half")
    reach(page, "input[name=lens-view]:checked")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.value") == "signed"
    assert page.evaluate(PIXELS, "left_half") != before
    reach(page, "[data-opacity]")
    page.keyboard.press("ArrowLeft")
    assert page.locator("[data-opacity-value]").inner_text() == "59 %"
    reach(page, ".chip input:not(:checked)")
    page.keyboard.press("Space")
    compared(page)
    assert page.locator(".panel[data-state=done]").count() == 2
    reach(page, "[data-compare]")
    page.keyboard.press("Enter")
    compared(page)

    reach(page, "[data-mark]")
    page.keyboard.press("Enter")
    reach(page, ".panel[data-explainer=left_half] .frame", "Shift+Tab")
    for keys in (["Shift+ArrowLeft"] * 2 + ["Enter"], ["Shift+ArrowRight", "Shift+ArrowDown", "Enter"]):
        for key in keys:
            page.keyboard.press(key)
    page.wait_for_selector(".region [data-answers]:not([hidden])")
    assert "Without it the score of" in page.locator(".region [data-now]").inner_text()

    reach(page, "[data-get='report.html']")
    with page.expect_download() as saved:
        page.keyboard.press("Enter")
    assert saved.value.suggested_filename == "cxr-lens-report.html"


def test_a_long_run_is_left_at_once_and_the_page_goes_on(visit, accessible):
    page = visit()
    choose(page, "RISE", "Left half")
    page.locator(".sample").first.click()
    page.wait_for_selector(".panel[data-explainer=rise][data-state=running]")
    accessible(page, "#comparison")
    # begun anew: on a slow machine axe may take longer than the run that it looked at
    page.get_by_role("button", name="Edema").click()
    page.wait_for_selector(".panel[data-explainer=rise][data-state=running]")
    began = time.monotonic()
    page.get_by_role("button", name="Stop").click()
    assert panel(page, "rise").get_attribute("data-state") == "cancelled"
    page.get_by_role("button", name="Consolidation").click()
    page.wait_for_selector(".panel[data-explainer=rise][data-state=running]")
    # left out while it works: what else was asked for is there, and nothing is waited for
    page.locator(".chip", has_text="RISE").locator("input").uncheck()
    compared(page)
    assert time.monotonic() - began < 30
    assert panel(page, "left_half").get_attribute("data-state") == "done"
    assert "Consolidation" in panel(page, "left_half").locator("canvas").first.get_attribute("aria-label")


def test_a_second_click_asks_for_nothing_twice(visit):
    page = visit()
    choose(page, "Left half")
    asked = []
    page.on("request", lambda request: asked.append(request.post_data_json) if WORK in request.url else None)

    def calls(doing) -> Counter:
        """How often each of the page's functions is called for it."""
        asked.clear()
        doing()
        compared(page)
        page.wait_for_timeout(200)
        return Counter(body["fn_index"] for body in asked)

    def press(selector: str) -> None:
        page.evaluate("selector => { for (let n = 0; n < 3; n++) document.querySelector(selector).click(); }", selector)

    for doing in (
        lambda: page.locator(".sample").first.dblclick(),
        lambda: page.locator(".finding:not([aria-current=true])").first.dblclick(),
        lambda: press("[data-compare]"),
        lambda: press("#measures [data-measure]"),
    ):
        assert set(calls(doing).values()) == {1}
    saved = []
    page.on("download", lambda download: saved.append(download))
    page.locator("[data-get='report.html']").dblclick()
    page.wait_for_function("document.querySelector(\"[data-get='report.html']\").textContent === 'Report'")
    page.wait_for_timeout(300)
    assert len(saved) == 1


def test_a_dicom_file_goes_the_same_way(visit, phantom_dicom):
    page = visit()
    choose(page, "Left half")
    page.set_input_files("[data-invitation] [data-file]", str(phantom_dicom))
    compared(page)
    caption = page.locator("[data-caption]").inner_text()
    assert caption.startswith("Your radiograph, 512 × 512 pixels.")
    assert "SECRET" not in page.content()
    assert "phantom" not in caption


def test_two_tabs_do_not_mix(visit):
    one, other = visit(), visit()
    sampled(one, "Left half", sample=0)
    sampled(other, "Left half", sample=3)
    one.reload()
    other.locator(".finding:not([aria-current=true])").first.click()
    compared(other)
    tokens = {page: page.evaluate("cxrLens.page?.last('radiograph')?.token") for page in (one, other)}
    # a page that was loaded again has nothing; the other has all it had
    assert tokens[one] is None
    assert tokens[other]
    assert one.locator(".finding .value").count() == 0
    assert "no sign" in other.locator("[data-caption]").inner_text()
    assert panel(other, "left_half").get_attribute("data-state") == "done"


def test_nothing_scrolls_sideways_at_any_width(visit):
    page = visit()
    sampled(page)
    mark_region(page)
    for width in (1440, 1001, 768, 390, 360):
        page.set_viewport_size({"width": width, "height": 800})
        for element in ("document.scrollingElement", "document.body"):
            assert page.evaluate(f"{element}.scrollWidth <= innerWidth"), (element, width)


@pytest.mark.parametrize("width", [1440, 390])
def test_nothing_jumps_while_panels_fill(visit, width):
    """Where the parts below stand, at each state of a comparison, and how high each panel is."""
    page = visit(width=width)
    choose(page, *QUICK)
    page.evaluate("""() => {
        window.seen = new Set();
        new MutationObserver(() => {
            const panels = [...document.querySelectorAll(".panel")];
            if (panels.some((each) => each.dataset.state === "idle")) return;
            window.seen.add(panels.map((each) => Math.round(each.getBoundingClientRect().height)).join());
        }).observe(document.querySelector(".panels"), {subtree: true, attributes: true, childList: true});
    }""")
    page.locator(".sample").first.click()
    compared(page)
    page.wait_for_function("document.querySelectorAll('.panel .bar:not([hidden])').length === 2")
    assert len(page.evaluate("[...seen]")) == 1


def test_nothing_moves_where_that_is_asked_for(visit):
    moving, still = visit(motion="no-preference"), visit()
    for page in (moving, still):
        page.evaluate("document.querySelector('.progress').hidden = false")
        page.evaluate("document.querySelector('.progress').classList.add('unknown')")
    counted = "document.getAnimations().filter((each) => each.effect.target.closest('.panel')).length"
    assert moving.evaluate(counted) >= 1  # the stripe, and its width's transition where a frame came between
    assert still.evaluate(counted) == 0

"""A client of the running page, and a real Chromium before it."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)

DEAR = ["relevance_gain", "verified"]
"""Measures that a page runs by itself after each comparison, and that cost hundreds of passes."""

FEW_TESTS = """document.addEventListener("readystatechange", () => {
    const measures = window.cxrLens?.settings.panels.measures.measures ?? [];
    for (const each of measures) each.quick &&= !DEAR.includes(each.name);
});"""
"""Has a page run the others only."""


@pytest.fixture(scope="session")
def http(server):
    """A plain HTTP client of the running page. One for all: each reads the machine's certificates when it is made."""
    import httpx

    # a connection for each call: the server closes those that wait
    with httpx.Client(base_url=server, timeout=60, limits=httpx.Limits(max_keepalive_connections=0)) as made:
        yield made


@pytest.fixture(scope="session")
def client(server):
    """gradio_client on the running page."""
    from gradio_client import Client

    return Client(server, verbose=False)


@pytest.fixture(scope="session")
def phantom_file(phantom, tmp_path_factory) -> Path:
    """The phantom as a PNG file of 512 pixels, named after nobody."""
    from PIL import Image

    file = tmp_path_factory.mktemp("phantom") / "phantom.png"
    Image.fromarray(phantom.display(512)).save(file)
    return file


@pytest.fixture
def phantom_upload(http, phantom_file) -> Callable[[str], dict]:
    """{"image": the phantom, uploaded} for endpoints that take a picture, {} for the others."""

    def uploaded(endpoint: str) -> dict:
        if endpoint not in ("predict", "explain", "compare"):
            return {}
        files = {"files": ("phantom.png", phantom_file.read_bytes(), "image/png")}
        (place,) = http.post("/gradio_api/upload", files=files).json()
        return {"image": {"path": place, "meta": {"_type": "gradio.FileData"}}}

    return uploaded


@pytest.fixture(scope="session")
def phantom_dicom(phantom, tmp_path_factory) -> Path:
    """The phantom as a DICOM file of 512 pixels and 12 bits; skips without the extra `dicom`."""
    pydicom = pytest.importorskip("pydicom", reason="needs the extra dicom")
    pixels = phantom.display(512).astype("uint16") * 16
    made = pydicom.dataset.FileDataset(None, {}, preamble=bytes(128))
    made.file_meta = pydicom.dataset.FileMetaDataset()
    made.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    made.SOPClassUID, made.SOPInstanceUID = pydicom.uid.DigitalXRayImageStorageForPresentation, "1.2.3.4"
    made.PatientName, made.Modality = "SECRET^JANE", "DX"
    made.Rows, made.Columns = pixels.shape
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    made.BitsAllocated, made.BitsStored, made.HighBit, made.PixelRepresentation = 16, 12, 11, 0
    made.PixelData = pixels.tobytes()
    made["PixelData"].VR = "OW"
    file = tmp_path_factory.mktemp("dicom") / "phantom.dcm"
    made.save_as(file, enforce_file_format=True)
    return file


@pytest.fixture(scope="session")
def chromium() -> Iterator:
    """An installed Chromium, driven by Playwright; skips without one."""
    from playwright.sync_api import sync_playwright

    executable = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if executable is None:
        pytest.skip("no Chromium is installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=QUIET)
        yield browser
        browser.close()


class Window:
    """A window of the browser, which one visit after another uses: each begins with nothing stored and no faults.

    faults  what the page of this visit wrote as errors, and what it asked another host for
    """

    def __init__(self, chromium, server: str, script: str, touch: bool) -> None:
        self.touch, self.faults = touch, []
        context = chromium.new_context(has_touch=touch, accept_downloads=True)
        context.add_init_script(script)
        self.page = context.new_page()
        self.page.set_default_timeout(120_000)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", lambda each: self.faults.append(text_of(each)) if each.type == "error" else None)
        self.page.on("request", lambda each: self.faults.append(each.url) if is_foreign(each.url, server) else None)

    def leave(self) -> list[str]:
        """End the visit; its faults."""
        found = list(self.faults)
        self.page.unroute_all()
        self.page.evaluate("localStorage.clear(); sessionStorage.clear()")
        self.page.context.clear_cookies()
        self.page.mouse.move(0, 0)
        self.page.goto("about:blank")  # Gradio writes an error when its streams end
        self.faults.clear()
        return found


@pytest.fixture(scope="session")
def few_tests() -> str:
    """A script of a page: of the measures that run by themselves after a comparison, those of hundreds of passes don't.

    What they find is tested by tests/explainers/measures/, and the stored results in test_measures_panel.py.
    """
    return FEW_TESTS.replace("DEAR", json.dumps(DEAR))


@pytest.fixture(scope="session")
def free_windows() -> list[Window]:
    """Windows that no test uses now. A page loads twice as fast in one that has shown it."""
    return []


@pytest.fixture
def visit(chromium, server, few_tests, free_windows) -> Iterator[Callable]:
    """Opens the page in a window; fails if the page wrote an error or asked another host for anything.

    Of the tests that run by themselves, the page runs those that cost few passes.
    """
    used = []

    def opened(*, width: int = 1440, height: int = 900, theme: str = "light", motion: str = "reduce", query=""):
        touch = width < 500
        window = next((each for each in free_windows if each.touch == touch), None)
        if window is None:
            window = Window(chromium, server, few_tests, touch)
        else:
            free_windows.remove(window)
        used.append(window)
        page = window.page
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=theme, reduced_motion=motion)
        page.goto(f"{server}/{query}")
        page.wait_for_selector(".masthead")
        return page

    yield opened
    faults = [fault for window in used for fault in window.leave()]
    free_windows.extend(used)
    assert not faults


AXE = """async (changed) => {
    const violations = async (part, rules) => (await axe.run(part, {resultTypes: ["violations"], ...rules})).violations;
    const others = await violations("html", {rules: {"color-contrast": {enabled: false}}});
    return [...others, ...await violations(changed, {runOnly: ["color-contrast"]})];
}"""
"""The violations of all rules: of contrast in a part of the page, of the others anywhere."""


class Steps:
    """What visitors do on the page, one step each."""

    def choose(self, page, *names: str) -> None:
        """Have exactly these explainers compared; what is added comes first, so that there is always one."""
        page.evaluate("document.querySelector('details[data-explainers]').open = true")
        chips = [
            (chip.inner_text().strip(), chip.locator("input")) for chip in page.locator("[data-chooser] .chip").all()
        ]
        for name, box in sorted(chips, key=lambda chip: chip[0] not in names):
            if box.is_checked() != (name in names):
                box.set_checked(name in names)
        page.evaluate("document.querySelector('details[data-explainers]').open = false")

    def load(self, page, file) -> None:
        """Upload a file, and wait until it is the radiograph."""
        before = page.evaluate("cxrLens.page?.last('radiograph')?.token")
        page.set_input_files("[data-file]", str(file))
        page.wait_for_function("token => (cxrLens.page?.last('radiograph')?.token ?? token) !== token", arg=before)

    def sample(self, page, name: str) -> None:
        """Open one of the samples, and wait until it is the radiograph."""
        before = page.evaluate("cxrLens.page?.last('radiograph')?.token")
        page.locator("details[data-change] > summary").click()
        page.locator(".sample", has_text=name).click()
        page.wait_for_function("token => (cxrLens.page?.last('radiograph')?.token ?? token) !== token", arg=before)

    def compared(self, page) -> None:
        """Wait until nothing is computed any more, and something was."""
        page.wait_for_function(ENDED)

    def tab(self, page, name: str) -> None:
        """Open a tab below the maps."""
        page.locator(f"#tab-{name}").click()


ENDED = """() => {
    const {last} = window.cxrLens?.page ?? {last: () => null}, comparison = last("comparison");
    const panels = [...document.querySelectorAll(".panel")];
    const ended = comparison && !comparison.running && comparison.token === last("radiograph")?.token;
    return last("scores")?.findings && ended
        && panels.some((each) => ["done", "failed", "cancelled"].includes(each.dataset.state))
        && !panels.some((each) => ["waiting", "running", "idle"].includes(each.dataset.state))
        && !document.querySelector(".panel[data-state=done]:not(.empty) .ticks:empty");
}"""
"""Whether a comparison of the radiograph on the screen has ended, and is drawn."""


@pytest.fixture(scope="session")
def steps() -> Steps:
    return Steps()


@pytest.fixture
def accessible() -> Callable:
    """Asks axe about the page as it is; any violation fails.

    The contrast of colours costs most: it may be looked at in the part alone that changed since the last time.
    """
    from axe_playwright_python.base import AXE_SCRIPT

    def check(page, changed: str = "html") -> None:
        if not page.evaluate("'axe' in window"):
            page.evaluate(AXE_SCRIPT)
        found = page.evaluate(AXE, changed)
        assert not [
            f"{each['id']}: {node['html'][:120]}, {node['failureSummary']}" for each in found for node in each["nodes"]
        ]

    return check


def text_of(message) -> str:
    return f"{message.text} {message.location.get('url', '')}"


def is_foreign(address: str, server: str) -> bool:
    return not address.startswith((server, server.replace("http", "ws", 1), "data:", "blob:"))

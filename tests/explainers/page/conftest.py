"""A client of the running page, and a real Chromium before it."""

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
def phantom_upload(server, phantom_file) -> Callable[[str], dict]:
    """{"image": the phantom, uploaded} for endpoints that take a picture, {} for the others."""
    import httpx

    def uploaded(endpoint: str) -> dict:
        if endpoint not in ("predict", "explain", "compare"):
            return {}
        files = {"files": ("phantom.png", phantom_file.read_bytes(), "image/png")}
        (place,) = httpx.post(f"{server}/gradio_api/upload", files=files).json()
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


@pytest.fixture
def visit(chromium, server) -> Iterator[Callable]:
    """Opens the page in a window of its own; fails if the page wrote an error or asked another host for anything."""
    contexts, faults = [], []

    def opened(*, width: int = 1440, height: int = 900, theme: str = "light", motion: str = "reduce", query=""):
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            color_scheme=theme,
            has_touch=width < 500,
            accept_downloads=True,
            reduced_motion=motion,
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(120_000)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda message: faults.append(text_of(message)) if message.type == "error" else None)
        page.on("request", lambda request: faults.append(request.url) if is_foreign(request.url, server) else None)
        page.goto(f"{server}/{query}")
        page.wait_for_selector(".masthead")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not faults


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
    """Asks axe about the page as it is, or a part of it; any violation fails."""
    from axe_playwright_python.base import AXE_SCRIPT

    def check(page, part: str = "html") -> None:
        if not page.evaluate("'axe' in window"):
            page.evaluate(AXE_SCRIPT)
        found = page.evaluate("part => axe.run(part, {resultTypes: ['violations']})", part)["violations"]
        assert not [
            f"{each['id']}: {node['html'][:120]}, {node['failureSummary']}" for each in found for node in each["nodes"]
        ]

    return check


def text_of(message) -> str:
    return f"{message.text} {message.location.get('url', '')}"


def is_foreign(address: str, server: str) -> bool:
    return not address.startswith((server, server.replace("http", "ws", 1), "data:", "blob:"))

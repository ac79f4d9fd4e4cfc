"""Nothing of a visit stays: planted words are on no disk and in no log afterwards, and no name was looked up."""

import io
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from explainers.client import Client

ROOT = Path(__file__).resolve().parents[3]

NAME, TEXT, TAG = "MARKERNAME5e1", "MARKERTEXT5e1", "MARKERTAG5E1"
"""In files' names, in a PNG's text, in a DICOM file's tags."""

MARKERS = tuple(each.encode() for each in (NAME, TEXT, TAG, TAG.lower()))

HOMES = ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "HF_HOME", "KERAS_HOME", "MPLCONFIGDIR")
"""Where this program and its libraries may write, besides the temporary folder."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def png(tmp_path_factory) -> Path:
    """A synthetic chest with a planted name and text."""
    from cxr.phantom import phantom

    about = PngImagePlugin.PngInfo()
    about.add_text("Description", TEXT)
    file = tmp_path_factory.mktemp("pictures") / f"{NAME}.png"
    Image.fromarray(phantom(seed=3, size=512, effusion=True).radiograph.display(512)).save(file, pnginfo=about)
    return file


@pytest.fixture(scope="module")
def dicom(png) -> Path:
    """The same as DICOM with planted tags."""
    pydicom = pytest.importorskip("pydicom", reason="needs the extra dicom")
    pixels = np.asarray(Image.open(png)).astype("uint16") * 16
    made = pydicom.dataset.FileDataset(None, {}, preamble=bytes(128))
    made.file_meta = pydicom.dataset.FileMetaDataset()
    made.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    made.SOPClassUID, made.SOPInstanceUID = pydicom.uid.DigitalXRayImageStorageForPresentation, "1.2.3.4"
    made.PatientName, made.PatientID, made.StudyDescription, made.Modality = f"{TAG}^A", TAG, TAG, "DX"
    made.Rows, made.Columns = pixels.shape
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    made.BitsAllocated, made.BitsStored, made.HighBit, made.PixelRepresentation = 16, 12, 11, 0
    made.PixelData = pixels.tobytes()
    made["PixelData"].VR = "OW"
    file = png.parent / f"{NAME}.dcm"
    made.save_as(file, enforce_file_format=True)
    return file


class Watched:
    """A server whose every folder lies below one, and whose connections are recorded where strace is there."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.calls = folder, folder.parent / f"{folder.name}.calls"
        for name in (*HOMES, "TMPDIR"):
            (folder / name).mkdir()
        try:
            import mcp  # noqa: F401

            self.mcp = ["--mcp"]
        except ModuleNotFoundError:
            self.mcp = []
        strace = shutil.which("strace")
        trace = [strace, "-f", "--seccomp-bpf", "-e", "trace=connect", "-o", str(self.calls)] if strace else []
        self.traced = bool(trace)
        self.process = subprocess.Popen(
            [*trace, sys.executable, str(ROOT / "demo.py"), "--model", "starter", *self.mcp],
            env=os.environ | {"PYTHONUNBUFFERED": "1"} | {name: str(folder / name) for name in (*HOMES, "TMPDIR")},
            stdout=subprocess.PIPE,
            stderr=(folder / "log").open("w"),
            text=True,
        )
        self.address = self.process.stdout.readline().split()[-1].rstrip("/")

    def end(self) -> None:
        # strace passes no signal on to what it runs
        for child in Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split():
            if self.traced:
                os.kill(int(child), 15)
        self.process.terminate()
        self.process.wait(120)


@pytest.fixture(scope="module")
def visited(tmp_path_factory, png, dicom, chromium, few_tests):
    """A server that was visited by page, API and agents, and has ended."""
    server = Watched(tmp_path_factory.mktemp("watched"))
    by_page(server.address, chromium, few_tests, png, dicom)
    by_client(server.address, png, dicom)
    if server.mcp:
        by_agent(server.address, png)
    server.end()
    return server


def by_page(address: str, chromium, script: str, *files: Path) -> None:
    page = chromium.new_page()
    page.add_init_script(script)
    page.set_default_timeout(240_000)
    page.goto(f"{address}/?explainers=grad_cam")
    page.wait_for_selector(".masthead")
    for file in files:
        before = page.evaluate("cxrLens.page?.last('radiograph')?.token")
        page.set_input_files("[data-file]", str(file))
        page.wait_for_function("token => (cxrLens.page?.last('radiograph')?.token ?? token) !== token", arg=before)
        page.wait_for_function("() => cxrLens.page.last('scores')?.findings")
    page.close()


def by_client(address: str, *files: Path) -> None:
    with Client(address) as client:
        for file in files:
            assert client.predict(file).findings
            assert client.explain(file, "Effusion", "grad_cam").map.size
    with httpx.Client(base_url=address, timeout=120) as http:
        # calls that fail: what they are about must not be logged either
        http.post(f"/gradio_api/call/v2/{NAME}", json={"image": TEXT})
        http.post("/gradio_api/upload", files={"files": (f"{NAME}.png", TEXT.encode(), "image/png")})
        http.get(f"/gradio_api/file={NAME}")


def by_agent(address: str, file: Path) -> None:
    import base64

    call = {
        "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {
            "name": "score_radiograph",
            "arguments": {"image": "data:image/png;base64," + base64.b64encode(file.read_bytes()).decode()},
        },
    }  # fmt: skip
    headers = {"Accept": "application/json, text/event-stream"}
    answer = httpx.post(f"{address}/gradio_api/mcp/", json=call, headers=headers, timeout=240).json()
    assert not answer["result"]["isError"], answer


def traces(folder: Path) -> list[str]:
    """Files whose name or content has a planted word."""
    found = []
    for file in folder.rglob("*"):
        if any(marker.decode() in str(file.relative_to(folder)) for marker in MARKERS):
            found.append(f"name: {file}")
        elif file.is_file() and any(marker in file.read_bytes() for marker in MARKERS):
            found.append(f"content: {file}")
    return found


def test_the_search_finds_what_lies_there(tmp_path, png):
    shutil.copy(png, tmp_path / "renamed.png")
    (tmp_path / NAME).write_text("")
    assert len(traces(tmp_path)) == 2


def test_nothing_of_a_visit_is_on_the_disk_or_in_the_log(visited):
    assert (visited.folder / "log").stat().st_size > 0
    assert not traces(visited.folder)
    assert not list((visited.folder / "TMPDIR").glob("cxr-lens-*"))


def test_pictures_are_in_no_cache(visited):
    """Neither as files that Pillow can read nor as NumPy's."""
    kept = [file for file in visited.folder.rglob("*") if file.is_file() and is_picture(file.read_bytes())]
    assert not kept


def is_picture(content: bytes) -> bool:
    if content.startswith(b"\x93NUMPY") or content[128:132] == b"DICM":
        return True
    try:
        Image.open(io.BytesIO(content)).verify()
    except (OSError, SyntaxError, ValueError):
        return False
    return True


def test_no_name_is_looked_up_and_no_host_is_connected_to(visited):
    if not visited.traced:
        pytest.skip("strace is not installed")
    connections = re.findall(r"connect\(\d+, \{(sa_family=AF_INET6?,.*?)\}", visited.calls.read_text())
    foreign = [each for each in connections if not re.search(r'"(127\.[\d.]+|::1|::ffff:127\.[\d.]+)"', each)]
    assert not foreign
    assert not [each for each in connections if "htons(53)" in each]

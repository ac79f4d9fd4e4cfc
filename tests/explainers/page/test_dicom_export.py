"""DICOM from the page: for those who run it on their own machine, and nobody else; the same as the command line's."""

import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import httpx
import numpy as np
import pytest

from explainers.page import local
from explainers.page.downloads import routes
from explainers.page.local import FORWARDED, listens_here_alone, offers_dicom
from explainers.page.networks import Networks
from explainers.page.panels.export import Export
from explainers.page.samples import Samples
from explainers.page.sessions import Sessions
from explainers.page.settings import PageSettings

pytest.importorskip("highdicom", reason="needs the extra dicom")
from pydicom import dcmread

ROOT = Path(__file__).resolve().parents[3]

HERE = ["127.0.0.1", "127.8.0.1", "localhost", "::1", "[::1]"]
BEYOND = ["0.0.0.0", "::", "192.168.1.5", "10.0.0.1", "example.org", "", "127.0.0.1.example.org"]


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch):
    for name in local.PUBLISHED:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("host", HERE)
def test_a_page_for_this_machine_alone_offers_it(host):
    assert offers_dicom(PageSettings(host=host))
    assert "data-dicom" in Export(SimpleNamespace(settings=PageSettings(host=host))).markup()


@pytest.mark.parametrize("host", BEYOND)
def test_a_page_that_listens_beyond_never_does(host):
    assert not offers_dicom(PageSettings(host=host))
    assert "dicom" not in Export(SimpleNamespace(settings=PageSettings(host=host))).markup().lower()


@pytest.mark.parametrize("name", local.PUBLISHED)
def test_neither_does_one_that_is_published_by_other_means(monkeypatch, name):
    monkeypatch.setenv(name, "x")
    assert not listens_here_alone(PageSettings())


def test_without_what_writes_dicom_nothing_is_offered(monkeypatch):
    monkeypatch.setattr(local, "can_write_dicom", lambda: False)
    assert not offers_dicom(PageSettings())
    assert "dicom" not in Export(SimpleNamespace(settings=PageSettings())).markup().lower()


def test_the_address_exists_only_where_it_is_offered():
    def paths(**settings) -> set[str]:
        return {each.path for each in routes(Sessions(), Samples(), Networks(("starter",)), **settings)}

    assert paths(dicom=True) - paths() == {"/sessions/{token}/dicom.zip"}


@pytest.mark.slow  # by default, the two tests above
def test_a_running_page_that_listens_beyond_has_neither_button_nor_address(tmp_path):
    words = [sys.executable, str(ROOT / "demo.py"), "--model", "starter", "--host", "0.0.0.0"]
    environment = os.environ | {"TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as run:
        try:
            port = run.stdout.readline().split()[-1].strip("/").rpartition(":")[2]
            http = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60)
            assert "data-get=" in http.get("/config").text
            assert "dicom.zip" not in http.get("/config").text
            assert http.get("/sessions/x/report.html").json()["code"] == "RADIOGRAPH"
            assert http.get("/sessions/x/dicom.zip").json()["code"] == "NOT_FOUND"
        finally:
            run.terminate()
            run.wait(30)


@pytest.fixture
def radiograph_file(phantom, tmp_path):
    """A DICOM file with a name in it, in a study that new objects can refer to."""
    from tests.cxr.reading.dicom_files import content, dataset

    made = dataset(np.rint(phantom.grey * 4095).astype(np.uint16), PatientBirthDate="19010203")
    made.StudyInstanceUID, made.SeriesInstanceUID, made.SOPInstanceUID = "1.2.3.5", "1.2.3.6", "1.2.3.7"
    file = tmp_path / "SECRET.dcm"
    file.write_bytes(content(made))
    return file


@pytest.mark.browser
@pytest.mark.slow  # by default, tests/explainers/output/test_dicom.py
def test_a_visitor_takes_the_objects_that_the_command_line_writes(
    visit, steps, radiograph_file, phantom_file, server, tmp_path
):
    from explainers.__main__ import main

    page = visit(query="?explainers=grad_cam&finding=Effusion")
    steps.compared(page)
    steps.tab(page, "export")
    button = page.locator("[data-get='dicom.zip']")
    assert not button.is_visible(), "the sample is no DICOM file"
    steps.load(page, radiograph_file)
    steps.compared(page)
    finding = page.evaluate("cxrLens.page.last('explained').finding")
    with page.expect_download() as saved:
        button.click()
    assert saved.value.suggested_filename == "cxr-lens-dicom.zip"
    archive = zipfile.ZipFile(io.BytesIO(saved.value.path().read_bytes()))
    made = {name: dcmread(io.BytesIO(archive.read(name))) for name in archive.namelist()}
    assert not any(b"SECRET" in archive.read(name) or b"19010203" in archive.read(name) for name in made)

    words = ["explain", str(radiograph_file), "--finding", finding, "--explainer", "grad_cam"]
    assert main([*words, "--out", str(tmp_path / "maps"), "--dicom", str(tmp_path / "dicom")]) == 0
    written = {each.name: dcmread(each) for each in (tmp_path / "dicom").iterdir()}
    assert set(made) == set(written) == {"grad_cam.overlay.dcm", "grad_cam.map.dcm", "scores.dcm"}
    for name, each in made.items():
        assert each.StudyInstanceUID == written[name].StudyInstanceUID == "1.2.3.5"
        assert set(each.dir()) == set(written[name].dir())
    for name in ("grad_cam.overlay.dcm", "grad_cam.map.dcm"):
        difference = made[name].pixel_array.astype(int) - written[name].pixel_array.astype(int)
        assert np.abs(difference).max() <= 1

    token = page.evaluate("cxrLens.page.last('radiograph').token")
    assert httpx.get(f"{server}/sessions/{token}/dicom.zip").status_code == 200
    for name in FORWARDED:
        refused = httpx.get(f"{server}/sessions/{token}/dicom.zip", headers={name: "10.0.0.7"})
        assert refused.status_code == 400
        assert "to this machine alone" in refused.json()["sentence"]

    steps.load(page, phantom_file)
    steps.compared(page)
    assert not button.is_visible()
    token = page.evaluate("cxrLens.page.last('radiograph').token")
    assert "no DICOM file" in httpx.get(f"{server}/sessions/{token}/dicom.zip").json()["sentence"]

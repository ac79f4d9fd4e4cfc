"""DICOM objects before tools of other projects: dciodvfy of dicom3tools validates them, DCMTK reads them."""

import re
import shutil
import subprocess

import numpy as np
import pytest

pytest.importorskip("highdicom", reason="needs the extra dicom")
from PIL import Image
from pydicom import dcmread

from cxr import read_radiograph
from explainers.output.dicom import DicomSettings, write_dicom
from explainers.running.comparison import Finished, compare
from tests.explainers.output.test_dicom import radiograph_file


def tool(name, package):
    """A mark that skips a test where a program is not installed."""
    return pytest.mark.skipif(not shutil.which(name), reason=f"needs {name} of the Debian package {package}")


def run(*words):
    done = subprocess.run([str(each) for each in words], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


SOURCES = {
    "digital, for presentation": {},
    "computed": {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.1", "Modality": "CR"},
    "inverted": {"PhotometricInterpretation": "MONOCHROME1"},
    "pixels that are not square": {"PixelSpacing": ["0.2", "0.1"]},
}


@pytest.fixture(scope="module")
def files(predictor, phantom, tmp_path_factory):
    """{(source, whether the identity was kept): paths of the objects}, with an explanation of every unit."""
    written = {}
    for name, tags in SOURCES.items():
        content = radiograph_file(phantom, **tags)
        radiograph = read_radiograph(content)
        names = ["grad_cam", "saliency"] if name == "computed" else ["grad_cam"]
        events = compare(predictor, radiograph, "Effusion", names)
        explanations = [event.explanation for event in events if isinstance(event, Finished)]
        prediction = predictor.predict(radiograph)
        for kept in (False, True):
            folder, settings = tmp_path_factory.mktemp("objects"), DicomSettings(keep_identity=kept, regions=0.05)
            written[name, kept] = write_dicom(explanations, prediction, radiograph, content, folder, settings)
    return written


KNOWN = re.compile(
    # the project's own codes, whose scheme each object identifies
    r"Warning - Unrecognized defined term <99CXRLENS> for value 1 of attribute <Coding Scheme Designator>"
    # the chest is not paired; without the empty tag this is an error
    r"|Warning - is only permitted to be empty when actually unknown; should be absent .* attribute <Laterality>"
)
NO_IDENTITY = re.compile(r"Warning - Missing attribute or value that would be needed to build DICOMDIR - .*")
"""Patient and study are left empty unless they are asked for."""


@tool("dciodvfy", "dicom3tools")
@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize("source", SOURCES)
def test_a_validator_finds_no_error_and_no_warning_without_a_known_reason(files, source, kept):
    found = []
    for file in files[source, kept]:
        code, said = run("dciodvfy", file)
        lines = [line for line in said.splitlines() if line.startswith(("Error", "Warning", "Abort"))]
        found += [line for line in lines if not KNOWN.fullmatch(line) and (kept or not NO_IDENTITY.fullmatch(line))]
        assert code == 0, said
    assert found == []


@tool("dciodvfy", "dicom3tools")
def test_the_validator_notices_what_is_wrong(files, tmp_path):
    made = dcmread(next(file for file in files["computed", False] if "overlay" in file.name))
    del made.ConversionType
    made.save_as(tmp_path / "broken.dcm")
    assert "Error" in run("dciodvfy", tmp_path / "broken.dcm")[1]


@tool("dcmftest", "dcmtk")
@pytest.mark.parametrize("source", SOURCES)
def test_dcmtk_knows_every_file_and_renders_the_report(files, source):
    for file in files[source, True]:
        assert run("dcmftest", file) == (0, f"yes: {file}\n")
    code, page = run("dsr2html", "+U8", files[source, True][-1])
    assert code == 0
    for words in ("Effusion", "Research only, not for diagnosis", "cxr-lens"):
        assert words in page


@tool("dcmj2pnm", "dcmtk")
def test_dcmtk_draws_the_overlay_and_the_map_that_were_written(files, tmp_path):
    by_kind = {file.name.split(".")[-2]: file for file in files["computed", False]}
    assert run("dcmj2pnm", "+on", by_kind["overlay"], tmp_path / "overlay.png")[0] == 0
    np.testing.assert_array_equal(Image.open(tmp_path / "overlay.png"), dcmread(by_kind["overlay"]).pixel_array)
    assert run("dcmj2pnm", "+on", by_kind["map"], tmp_path / "map.png")[0] == 0
    np.testing.assert_array_equal(Image.open(tmp_path / "map.png"), dcmread(by_kind["map"]).pixel_array[0])

"""Nothing that a file says in words leaves through any door: markers are planted wherever a file can hold text."""

import io
import json
import traceback
import warnings
import zipfile
from importlib.util import find_spec

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from cxr import Predictor, read_radiograph
from cxr.__main__ import main as scores
from cxr.errors import RadiographError
from explainers import compare
from explainers.__main__ import main as explains
from explainers.output.files import comparison_zip
from explainers.output.look import Look
from explainers.output.report import report_html
from explainers.regions import regions_record
from explainers.running.comparison import Finished

MARKER = "PLANTED7MARKER"

TEXT_VRS = ["AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UI", "UR", "UT", "UN"]

NEEDED = {"Rows", "Columns", "BitsAllocated", "PhotometricInterpretation", "TransferSyntaxUID", "SOPClassUID",
          "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "NumberOfFrames"}  # fmt: skip
"""Tags without which there is no picture, or nothing that new objects could refer to."""


def keywords(kind: str) -> list[str]:
    """Every tag of the standard with that type of value."""
    from pydicom.datadict import DicomDictionary

    return [each[4] for tag, each in DicomDictionary.items() if each[0] == kind and each[4] and tag >> 16 > 0x0007]


def planted(phantom, kinds):
    """A DICOM file with the marker in every text tag of these kinds, at the top, in a sequence, and in private tags."""
    from pydicom.dataelem import RawDataElement
    from pydicom.dataset import Dataset
    from pydicom.sequence import Sequence
    from pydicom.tag import Tag

    from tests.cxr.reading.dicom_files import content, dataset

    made = dataset(np.rint(phantom.grey[::2, ::2] * 4095).astype(np.uint16))
    made.SOPInstanceUID, made.StudyInstanceUID, made.SeriesInstanceUID = "1.2.3.7", "1.2.3.5", "1.2.3.6"
    value = MARKER.encode()
    nested = Dataset()
    for kind in kinds:
        for name in {"UN": ["PatientComments"]}.get(kind, keywords(kind)):
            if name in NEEDED:
                continue
            tag = Tag(name)
            for place in (made, nested):
                place[tag] = RawDataElement(tag, kind, len(value), value, 0, False, True)
        private = Tag(0x0099, 0x1000 + TEXT_VRS.index(kind))
        made[private] = RawDataElement(private, kind, len(value), value, 0, False, True)
    made.add_new((0x0099, 0x0010), "LO", MARKER)
    made.RequestAttributesSequence = Sequence([nested])
    return content(made)


def pictures(phantom):
    """{kind: a picture file with the marker wherever its format holds text}."""
    image = Image.fromarray(phantom.display(256))
    exif = Image.Exif()
    for tag in (270, 271, 272, 305, 315, 316, 33432):
        exif[tag] = MARKER
    text = PngImagePlugin.PngInfo()
    text.add_text("Title", MARKER)
    text.add_text(MARKER, "key", zip=True)
    text.add_itxt("Comment", MARKER, "en", MARKER)
    ways = {
        "PNG": {"pnginfo": text, "exif": exif},
        "JPEG": {"comment": MARKER.encode(), "exif": exif, "xmp": f"<x>{MARKER}</x>".encode()},
        "WEBP": {"exif": exif, "xmp": f"<x>{MARKER}</x>".encode(), "lossless": True},
        "TIFF": {"description": MARKER, "artist": MARKER, "software": MARKER, "copyright": MARKER},
    }
    made = {}
    for kind, settings in ways.items():
        buffer = io.BytesIO()
        image.save(buffer, kind, **settings)
        made[kind] = buffer.getvalue()
    return made


def told_nothing(*texts):
    for text in texts:
        assert MARKER not in text
        assert MARKER.lower() not in text.lower()


def everything_in(archive: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return "".join(each + opened.read(each).decode("latin-1") for each in opened.namelist())


def said_while_reading(content, capfd, caplog) -> str:
    """What reading says: the radiograph's sentences or the error's, warnings, log, output of the process."""
    capfd.readouterr()
    caplog.clear()  # pydicom warns of what is planted while the file is written
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            made = read_radiograph(content)
            said = [*made.warnings, *made.notes, made.kind, made.window, *map(str, made.windows)]
        except RadiographError as error:
            said = [*traceback.format_exception(error), str(error.hint)]
    return "\n".join([*said, *(str(each.message) for each in caught), *capfd.readouterr(), caplog.text])


@pytest.mark.parametrize("kind", TEXT_VRS)
def test_reading_repeats_no_text_of_any_type(phantom, kind, capfd, caplog):
    pytest.importorskip("pydicom", reason="needs the extra dicom")
    content = planted(phantom, [kind])
    assert MARKER.encode() in content
    told_nothing(said_while_reading(content, capfd, caplog))
    # cut short, so that the error path speaks
    told_nothing(said_while_reading(content[: len(content) // 2], capfd, caplog))
    told_nothing(said_while_reading(content[:-5000], capfd, caplog))


@pytest.mark.parametrize("name", sorted(NEEDED))
def test_an_error_about_a_needed_tag_does_not_repeat_it(phantom, name, capfd, caplog):
    pytest.importorskip("pydicom", reason="needs the extra dicom")
    from pydicom.dataelem import RawDataElement
    from pydicom.tag import Tag

    from tests.cxr.reading.dicom_files import content, dataset

    made = dataset()
    if name == "TransferSyntaxUID":
        made.file_meta.TransferSyntaxUID = MARKER
    else:
        tag = Tag(name)
        made[tag] = RawDataElement(tag, "LO", len(MARKER), MARKER.encode(), 0, False, True)
    settings = {"implicit_vr": False, "little_endian": True, "enforce_file_format": False}
    told_nothing(said_while_reading(content(made, **settings), capfd, caplog))


@pytest.fixture(scope="module")
def files(phantom):
    """{kind: (a file full of markers)}, DICOM among them where it can be read."""
    made = pictures(phantom)
    if find_spec("pydicom") is not None:
        made["DICOM"] = planted(phantom, TEXT_VRS)
    return made


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "DICOM"])
def test_commands_files_and_reports_repeat_nothing(files, kind, predictor, tmp_path, capsys, caplog, monkeypatch):
    if kind not in files:
        pytest.skip("needs the extra dicom")
    monkeypatch.setattr(Predictor, "load", lambda *_, **__: predictor)  # the run's own, loaded once
    assert MARKER.encode() in files[kind]
    file = tmp_path / f"{MARKER}.{kind.lower()}"
    file.write_bytes(files[kind])
    plain = tmp_path / f"radiograph.{kind.lower()}"  # `predict` repeats the path that it was given
    plain.write_bytes(files[kind])
    assert scores(["predict", str(plain), "--json"]) == 0
    more = ["--dicom", str(tmp_path / "dicom")] if kind == "DICOM" else []
    out = tmp_path / "out"
    words = ["explain", str(file), "--finding", "Effusion", "--explainer", "grad_cam", "--regions", "0.05"]
    assert explains([*words, "--out", str(out), *more]) == 0
    told_nothing(*capsys.readouterr(), caplog.text)
    written = [*out.iterdir(), *((tmp_path / "dicom").iterdir() if more else ())]
    assert len(written) >= 4
    for each in written:
        told_nothing(each.name, each.read_bytes().decode("latin-1"))

    radiograph = read_radiograph(file)
    events = compare(predictor, radiograph, "Effusion", ["grad_cam"])
    (made,) = [event.explanation for event in events if isinstance(event, Finished)]
    prediction, records = predictor.predict(radiograph), {made: regions_record(made, 0.05, predictor.average_maps)}
    report = report_html(prediction, [made], radiograph, Look(regions=0.05), regions=records)
    told_nothing(report, everything_in(comparison_zip(prediction, [made], radiograph)))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "DICOM"])
def test_the_page_s_endpoints_and_log_repeat_nothing(files, kind, server, server_folder):
    import httpx

    if kind not in files:
        pytest.skip("needs the extra dicom")
    name = f"{MARKER}.{kind.lower()}"
    http = httpx.Client(base_url=server, timeout=120)
    for content in (files[kind], files[kind][: len(files[kind]) // 2]):
        (place,) = http.post("/gradio_api/upload", files={"files": (name, content, "image/png")}).json()
        image = {"path": place, "meta": {"_type": "gradio.FileData"}}
        for endpoint, arguments in (("predict", {}), ("explain", {"explainer": "left_half", "regions": 0.05})):
            call = http.post(f"/gradio_api/call/v2/{endpoint}", json={"image": image} | arguments)
            events = http.get(f"/gradio_api/call/v2/{endpoint}/{call.json()['event_id']}")
            told_nothing(events.text, json.dumps(dict(events.headers)))
    told_nothing((server_folder.parent / "server.log").read_text())

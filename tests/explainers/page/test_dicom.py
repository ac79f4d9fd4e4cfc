"""DICOM on the page: read, shown through the window that is chosen, and nothing of its tags told to anybody."""

import io
import zipfile

import numpy as np
import pytest
from gradio_client import handle_file
from gradio_client.exceptions import AppError

from cxr import read_radiograph

pytest.importorskip("pydicom", reason="needs the extra dicom")

NAME, NUMBER, HOSPITAL, WORDS = "SECRETNAME", "SECRETNUMBER", "SECRETHOSPITAL", "SECRETWORDS"


@pytest.fixture(scope="session")
def dicom_file(phantom, tmp_path_factory):
    """The phantom as DICOM of twelve bits with two windows, full of names: in tags, in private ones, in its file's."""
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian

    pixels = np.rint(phantom.grey * 4095).astype(np.uint16)
    made = FileDataset(None, {}, preamble=bytes(128))
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.SOPClassUID, made.SOPInstanceUID = DigitalXRayImageStorageForPresentation, "1.2.3.4"
    made.PatientName, made.PatientID, made.InstitutionName = f"{NAME}^JANE", NUMBER, HOSPITAL
    made.Modality, made.StudyDescription, made.WindowCenterWidthExplanation = "DX", WORDS, ["NORMAL", WORDS]
    made.Rows, made.Columns = pixels.shape
    made.SamplesPerPixel, made.PhotometricInterpretation, made.PixelRepresentation = 1, "MONOCHROME1", 0
    made.BitsAllocated, made.BitsStored, made.HighBit = 16, 12, 11
    made.WindowCenter, made.WindowWidth = ["2048", "1500"], ["4096", "1000"]
    made.add_new((0x0009, 0x0010), "LO", "SECRETMAKER")
    made.add_new((0x0009, 0x1001), "LO", NAME)
    made.PixelData = pixels.tobytes()
    made["PixelData"].VR = "OW"
    file = tmp_path_factory.mktemp("dicom") / f"{NAME}_JANE.dcm"
    made.save_as(file, enforce_file_format=True)
    return file


def told_nothing(text: str) -> None:
    assert "SECRET" not in text
    assert "JANE" not in text


def test_an_endpoint_reads_it_as_the_library_does(client, predictor, dicom_file):
    answer = client.predict(image=handle_file(dicom_file), model="", api_name="/predict")
    here = predictor.predict(read_radiograph(dicom_file))
    assert [each["logit"] for each in answer["findings"]] == pytest.approx([e.logit for e in here.findings], abs=1e-4)
    assert [each["name"] for each in answer["windows"]] == ["window-1", "window-2", "range", "pixels"]
    assert answer["window"] == "window-1"
    told_nothing(repr(answer))


def test_an_endpoint_takes_the_window_that_is_asked_for(client, predictor, dicom_file):
    answer = client.predict(image=handle_file(dicom_file), window="range", api_name="/predict")
    here = predictor.predict(read_radiograph(dicom_file, window="range"))
    assert [each["logit"] for each in answer["findings"]] == pytest.approx([e.logit for e in here.findings], abs=1e-4)
    with pytest.raises(AppError, match="no window 'window-3'") as caught:
        client.predict(image=handle_file(dicom_file), window="window-3", api_name="/predict")
    assert caught.value.title == "RADIOGRAPH"


@pytest.mark.browser
def test_no_tag_is_told_wherever_a_visitor_looks(visit, steps, dicom_file, server_folder, predictor):
    programs = set(server_folder.rglob("*"))  # uploads of the tests above, which stay for a while
    page = visit(query="?explainers=grad_cam")
    steps.compared(page)
    answers = []
    page.on("response", lambda response: answers.append(response) if "/sessions/" not in response.url else None)
    steps.load(page, dicom_file)
    steps.compared(page)

    # its windows are offered, the file's first one is taken
    choice = page.locator("select[data-window]")
    assert choice.locator("option").all_inner_texts() == [
        "Window 1: normal", "Window 2", "Full range of the file's bits", "Range that its pixels use",
    ]  # fmt: skip
    assert choice.input_value() == "window-1"
    assert "doesn't say whether text is burned" in page.locator("[data-file-notes]").inner_text()
    before = page.evaluate("cxrLens.page?.last('radiograph').token")
    told_nothing(page.content())

    # a refused file in between changes nothing: the choice is still about the radiograph that is there
    page.set_input_files("[data-file]", {"name": "x", "mimeType": "text/plain", "buffer": b"no picture"})
    page.locator(".radiograph [data-error]:not([hidden])").wait_for()
    choice.select_option("window-2")
    page.wait_for_function("token => cxrLens.page?.last('radiograph').token !== token", arg=before)
    steps.compared(page)
    assert choice.input_value() == "window-2"
    shown = {each["finding"]: each["logit"] for each in page.evaluate("cxrLens.page?.last('scores').findings")}
    here = predictor.predict(read_radiograph(dicom_file, window="window-2"))
    assert [shown[each.finding] for each in here.findings] == pytest.approx([e.logit for e in here.findings], abs=1e-4)

    told_nothing(page.content())
    told_nothing(
        page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.title, location.href])")
    )
    steps.tab(page, "export")
    for name in ("comparison.zip", "report.html"):
        with page.expect_download() as saved:
            page.click(f"[data-get='{name}']")
        told_nothing(saved.value.suggested_filename)
        content = saved.value.path().read_bytes()
        if name.endswith(".zip"):
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                content = b"".join(each.encode() + archive.read(each) for each in archive.namelist())
        told_nothing(content.decode("latin-1"))
        assert b"window=&#39;window-2&#39;" in content
    for response in answers:
        told_nothing(response.url)
        told_nothing("\n".join(map(str, response.headers.items())))
    told_nothing((server_folder.parent / "server.log").read_text())
    for file in set(server_folder.rglob("*")) - programs:
        told_nothing(str(file))
        if file.is_file():
            told_nothing(file.read_bytes().decode("latin-1"))

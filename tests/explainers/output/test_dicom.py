"""Explanations as DICOM: what is written is read back to the same numbers, in the same study, without a name."""

import numpy as np
import pytest

pytest.importorskip("highdicom", reason="needs the extra dicom")
import highdicom
from pydicom import dcmread

from cxr import read_radiograph
from explainers.__main__ import main
from explainers.errors import OptionError
from explainers.output.dicom import DicomSettings, parts_of, source_of, write_dicom
from explainers.regions import regions_of
from explainers.running.comparison import Finished, compare
from tests.cxr.reading.dicom_files import content, dataset

PLANTED = {
    "PatientName": "PLANTED^MARKER", "PatientID": "PLANTED-4711", "PatientBirthDate": "19010203", "PatientSex": "F",
    "StudyDate": "20010203", "StudyTime": "010203", "AccessionNumber": "PLANTED-ACC", "StudyID": "PLANTED-ID",
    "ReferringPhysicianName": "PLANTED^DOCTOR", "InstitutionName": "PLANTED HOSPITAL", "SeriesDescription": "PLANTED",
    "StudyDescription": "PLANTED", "PatientComments": "PLANTED", "OperatorsName": "PLANTED^OPERATOR",
}  # fmt: skip


def radiograph_file(phantom, **tags):
    grey = phantom.grey[::2, ::2]
    made = dataset(np.rint(grey * 4095).astype(np.uint16), **PLANTED, **tags)
    made.SOPInstanceUID, made.StudyInstanceUID, made.SeriesInstanceUID = "1.2.3.7", "1.2.3.5", "1.2.3.6"
    return content(made)


@pytest.fixture(scope="module")
def explained(predictor, phantom):
    """(the radiograph's file, the radiograph, its prediction, explanations of it)."""
    file = radiograph_file(phantom)
    radiograph = read_radiograph(file)
    events = compare(predictor, radiograph, "Effusion", ["grad_cam", "saliency"])
    explanations = [event.explanation for event in events if isinstance(event, Finished)]
    return file, radiograph, predictor.predict(radiograph), explanations


@pytest.fixture(scope="module")
def written(explained, tmp_path_factory):
    file, radiograph, prediction, explanations = explained
    folder = tmp_path_factory.mktemp("dicom")
    files = write_dicom(explanations, prediction, radiograph, file, folder, DicomSettings(regions=0.05))
    return {each.name: dcmread(each) for each in files}


def test_an_overlay_and_a_map_are_written_for_each_explanation_and_one_report(written):
    assert sorted(written) == [
        "1-grad_cam.map.dcm", "1-grad_cam.overlay.dcm", "2-saliency.map.dcm", "2-saliency.overlay.dcm", "scores.dcm",
    ]  # fmt: skip


def test_all_are_in_the_study_of_the_radiograph_in_series_of_their_own(written):
    assert {str(each.StudyInstanceUID) for each in written.values()} == {"1.2.3.5"}
    series = [str(each.SeriesInstanceUID) for each in written.values()]
    assert len(set(series)) == len(series)
    assert "1.2.3.6" not in series


def test_maps_and_report_refer_to_the_radiograph(written):
    assert "1.2.3.7" in str(written["1-grad_cam.map.dcm"])
    assert "1.2.3.7" in str(written["scores.dcm"])


def test_nothing_that_identifies_the_patient_is_written_unless_asked_for(written):
    assert not [name for name, each in written.items() if "PLANTED" in str(each)]
    assert {str(each.PatientName) for each in written.values()} == {""}


def test_identity_is_kept_when_it_is_asked_for_and_free_text_never(explained, tmp_path):
    file, radiograph, prediction, explanations = explained
    for each in write_dicom(
        explanations[:1], prediction, radiograph, file, tmp_path, DicomSettings(keep_identity=True)
    ):
        made = dcmread(each)
        assert str(made.PatientName) == "PLANTED^MARKER"
        assert made.PatientID == "PLANTED-4711"
        assert not {"HOSPITAL", "OPERATOR"} & set(str(made).split())


def test_a_map_is_read_back_to_its_numbers(explained, written):
    explanation = explained[3][0]
    made = highdicom.seg.Segmentation.from_dataset(written["1-grad_cam.map.dcm"])
    read = made.get_pixels_by_source_instance(["1.2.3.7"], rescale_fractional=True)[0]
    parts = parts_of(explanation, (made.Rows, made.Columns))
    assert made.number_of_segments == len(parts)
    for at, (what, part, scale) in enumerate(parts):
        np.testing.assert_allclose(read[..., at] * scale, part * scale, atol=0.51 * scale / 255)
        label = made.get_segment_description(at + 1).segment_label
        assert what in label
        assert f"{scale:.6g}" in label
    signed = sum(sign * read[..., at] * parts[at][2] for at, sign in enumerate((1, -1)[: len(parts)]))
    expected = np.nan_to_num(explanation.on_image())
    np.testing.assert_allclose(signed, expected, atol=1.1 * np.abs(expected).max() / 255)


def test_the_report_is_read_back_to_scores_thresholds_and_regions(explained, written):
    _, _, prediction, explanations = explained
    report = highdicom.sr.ComprehensiveSR.from_dataset(written["scores.dcm"])
    groups = report.content.get_image_measurement_groups()
    read = {
        each.tracking_identifier: {m.name.meaning: float(m.value) for m in each.get_measurements()} for each in groups
    }
    for each in prediction.findings:
        assert read[each.finding]["Score"] == pytest.approx(each.score, rel=1e-5)
        assert read[each.finding]["Threshold"] == pytest.approx(each.threshold, rel=1e-5)
    drawn = report.content.get_planar_roi_measurement_groups()
    expected = sum(len(regions_of(each.map, each.frame, 0.05)) for each in explanations)
    assert len(drawn) == expected > 0
    assert "Research only" in str(written["scores.dcm"])


def test_an_overlay_is_the_picture_that_is_written_as_png(explained, written):
    from explainers.output.look import Look

    expected = np.asarray(Look().picture(explained[1], [explained[3][0]]).convert("RGB"))
    np.testing.assert_array_equal(written["1-grad_cam.overlay.dcm"].pixel_array, expected)
    assert written["1-grad_cam.overlay.dcm"].BurnedInAnnotation == "YES"


@pytest.mark.parametrize("spacing", [["0.2", "0.1"], ["0.1", "0.2"]])
def test_a_map_has_the_file_s_pixels_where_these_are_not_square(spacing, phantom, predictor, tmp_path):
    file = radiograph_file(phantom, PixelSpacing=spacing)
    radiograph = read_radiograph(file)
    (event,) = [each for each in compare(predictor, radiograph, "Effusion", ["grad_cam"]) if isinstance(each, Finished)]
    files = write_dicom([event.explanation], predictor.predict(radiograph), radiograph, file, tmp_path)
    made = dcmread(next(each for each in files if each.name.endswith("map.dcm")))
    assert (made.Rows, made.Columns) == radiograph.stored_size != (radiograph.height, radiograph.width)


@pytest.mark.parametrize("missing", ["StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "Rows"])
def test_a_file_that_nothing_can_refer_to_is_refused_without_a_name(phantom, missing):
    import io

    made = dcmread(io.BytesIO(radiograph_file(phantom)))
    delattr(made, missing)
    buffer = io.BytesIO()
    made.save_as(buffer, enforce_file_format=False)
    with pytest.raises(OptionError, match="nothing can refer to it") as caught:
        source_of(buffer.getvalue(), keep_identity=True)
    assert "PLANTED" not in str(caught.value)


def test_a_picture_is_refused_before_anything_is_computed(tmp_path, phantom, capsys):
    from PIL import Image

    Image.fromarray(np.rint(phantom.grey * 255).astype(np.uint8)).save(tmp_path / "a.png")
    words = ["explain", str(tmp_path / "a.png"), "--explainer", "grad_cam", "--out", str(tmp_path / "out")]
    assert main([*words, "--dicom", str(tmp_path / "dicom")]) != 0
    assert "--dicom needs the original DICOM file" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_the_command_writes_into_its_folder(tmp_path, phantom, capsys):
    (tmp_path / "a.dcm").write_bytes(radiograph_file(phantom))
    words = ["explain", str(tmp_path / "a.dcm"), "--finding", "Effusion", "--explainer", "grad_cam"]
    assert main([*words, "--out", str(tmp_path / "out"), "--dicom", str(tmp_path / "dicom")]) == 0
    names = ["grad_cam.map.dcm", "grad_cam.overlay.dcm", "scores.dcm"]
    assert sorted(each.name for each in (tmp_path / "dicom").iterdir()) == names
    assert "PLANTED" not in "".join(capsys.readouterr())


def test_every_code_has_one_meaning(written):
    """Codes are cut to sixteen characters: two that became equal would mean the same to a viewer."""
    meanings: dict[str, set[str]] = {}
    for made in written.values():
        for each in made.iterall():
            if each.keyword == "CodeMeaning":
                continue
            for item in each.value if each.VR == "SQ" else ():
                if item.get("CodingSchemeDesignator") == "99CXRLENS" and "CodeValue" in item:
                    meanings.setdefault(item.CodeValue, set()).add(item.CodeMeaning)
    assert len(meanings) > 20
    assert not {code: said for code, said in meanings.items() if len(said) > 1}

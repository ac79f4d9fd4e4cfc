"""Explanations as DICOM, for viewers of radiographs: overlay, map and scores, in the same study.

Three kinds of objects are written, each in a new series that refers to the radiograph: a secondary capture of the
overlay with its caption, a fractional segmentation whose values are the map on a stated scale, and a structured report
with scores, operating points and regions. highdicom builds them. What identifies the patient is left empty unless it
is asked for. All of them say that they are for research only.
"""

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from cxr.findings import display_name
from cxr.prediction import Prediction
from cxr.reading.dicom_tags import DAMAGE, quiet_pydicom
from cxr.reading.radiograph import Radiograph
from explainers.contract.explanation import Explanation
from explainers.errors import OptionError
from explainers.output.dicom_codes import MODEL, RESEARCH, SERIAL, code, identify_scheme, series
from explainers.output.dicom_report import scores_report
from explainers.output.files import ZIP_TIME
from explainers.output.look import Look

if TYPE_CHECKING:
    from pydicom import Dataset

LEVELS = 255
"""Steps of a fractional segmentation: a map is read back to half a step of its largest value."""

REFERENCES = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "Rows", "Columns")
IDENTITY = (
    *("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "AccessionNumber"),
    *("StudyID", "ReferringPhysicianName"),
)


@dataclass(frozen=True)
class DicomSettings:
    """keep_identity: whether name, number and dates of the patient are copied; regions: share of a map, or None."""

    keep_identity: bool = False
    regions: float | None = None


def source_of(content: bytes, *, keep_identity: bool) -> "Dataset":
    """What new objects need of the radiograph's file. Raises OptionError for a file that they can't refer to."""
    try:
        import highdicom  # noqa: F401 - only asked whether it is there
        from pydicom import Dataset, dcmread
    except ImportError:
        raise OptionError("What writes DICOM is not installed.", "pip install 'cxr-lens[dicom]'") from None
    source = Dataset()
    try:
        with quiet_pydicom():
            read = dcmread(io.BytesIO(content), force=True, specific_tags=[*REFERENCES, *IDENTITY])
            for name in REFERENCES:
                setattr(source, name, read[name].value)
            for name in IDENTITY:
                setattr(source, name, read.get(name, "") if keep_identity else "")
    except DAMAGE:
        # not chained: what pydicom says may quote a name
        raise OptionError(
            "The radiograph is no DICOM file with its identifiers, so nothing can refer to it.",
            "--dicom needs the original DICOM file.",
        ) from None
    return source


def can_write_dicom() -> bool:
    """Whether the packages that build the objects are installed."""
    return find_spec("highdicom") is not None and find_spec("pydicom") is not None


def dicom_objects(
    explanations: Sequence[Explanation],
    prediction: Prediction,
    radiograph: Radiograph,
    source: "Dataset",
    regions: float | None = None,
) -> "dict[str, Dataset]":
    """{file name: object}: `<explainer>.overlay.dcm` and `<explainer>.map.dcm` of each explanation, and `scores.dcm`.

    source   of the radiograph's file, by `source_of`
    regions  share of the picture whose regions the report lists; None for none
    """
    objects: dict[str, Dataset] = {}
    for number, explanation in enumerate(explanations, 1):
        stem = f"{number}-{explanation.explainer}" if len(explanations) > 1 else explanation.explainer
        objects[f"{stem}.overlay.dcm"] = _overlay(explanation, radiograph, source, number)
        if (segmentation := _segmentation(explanation, source, number)) is not None:
            objects[f"{stem}.map.dcm"] = segmentation
    objects["scores.dcm"] = scores_report(explanations, prediction, source, regions)
    for made in objects.values():
        identify_scheme(made)
    return objects


def write_dicom(
    explanations: Sequence[Explanation],
    prediction: Prediction,
    radiograph: Radiograph,
    content: bytes,
    directory: str | Path,
    settings: DicomSettings | None = None,
) -> list[Path]:
    """Write the objects of `dicom_objects` into a directory; their paths.

    content  the radiograph's own file

    Raises OptionError without the extra `dicom`, and for a radiograph that is no DICOM file.
    """
    settings = settings or DicomSettings()
    source = source_of(content, keep_identity=settings.keep_identity)
    objects = dicom_objects(explanations, prediction, radiograph, source, settings.regions)
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    for name, made in objects.items():
        made.save_as(directory / name)
    return [directory / name for name in objects]


def dicom_zip(objects: "Mapping[str, Dataset]") -> bytes:
    """The objects' files in one archive."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        for name, made in objects.items():
            file = io.BytesIO()
            made.save_as(file)
            target.writestr(zipfile.ZipInfo(name, ZIP_TIME), file.getvalue(), zipfile.ZIP_DEFLATED)
    return archive.getvalue()


def _overlay(explanation: Explanation, radiograph: Radiograph, source: "Dataset", number: int) -> "Dataset":
    """The picture that `explain` writes as PNG: its caption says unit, scale and what it is not."""
    from highdicom.sc import SCImage

    picture = np.asarray(Look().picture(radiograph, [explanation]).convert("RGB"))
    made = SCImage.from_ref_dataset(
        source,
        pixel_array=np.ascontiguousarray(picture),
        photometric_interpretation="RGB",
        bits_allocated=8,
        coordinate_system="PATIENT",
        patient_orientation=("L", "F"),
        **series(9000, number, f"{explanation.title}: overlay. {RESEARCH}"),
    )
    made.BurnedInAnnotation = "YES"
    made.ConversionType = "WSD"
    made.Laterality = ""  # the chest is not paired; validators miss the tag where no other tells
    return made


def parts_of(explanation: Explanation, size: tuple[int, int]) -> list[tuple[str, np.ndarray, float]]:
    """(what it is, (rows, columns) in [0, 1], the value of 1) of a map's positive and negative part, if there.

    size  (rows, columns) of the radiograph's file, whose pixels may not be square
    """
    values = np.nan_to_num(explanation.on_image())
    if values.shape != size:
        values = cv2.resize(values, (size[1], size[0]), interpolation=cv2.INTER_LINEAR)
    parts = [("for the finding", np.maximum(values, 0)), ("against the finding", np.maximum(-values, 0))]
    return [(what, part / part.max(), float(part.max())) for what, part in parts if part.max() > 0]


def _segmentation(explanation: Explanation, source: "Dataset", number: int) -> "Dataset | None":
    from highdicom import AlgorithmIdentificationSequence
    from highdicom.seg import Segmentation, SegmentDescription

    parts = parts_of(explanation, (source.Rows, source.Columns))
    if not parts:
        return None
    algorithm = AlgorithmIdentificationSequence(
        name=explanation.title[:64],
        family=code("explainer", "Explainer of a neural network"),
        version=explanation.model.sha256[:64],
        parameters={name: str(value) for name, value in explanation.options.items()} or None,
    )
    described = [
        SegmentDescription(
            segment_number=at,
            segment_label=f"{explanation.title} {what}: 1 is {scale:.6g} {explanation.unit}"[:64],
            segmented_property_category=_category(),
            segmented_property_type=code("map", "Map of an explainer"),
            algorithm_type="AUTOMATIC",
            algorithm_identification=algorithm,
        )
        for at, (what, _, scale) in enumerate(parts, 1)
    ]
    made = Segmentation(
        source_images=[source],
        pixel_array=np.stack([part for _, part, _ in parts], axis=-1)[None].astype(np.float32),
        segmentation_type="FRACTIONAL",
        fractional_type="OCCUPANCY",
        max_fractional_value=LEVELS,
        segment_descriptions=described,
        manufacturer_model_name=MODEL,
        software_versions=explanation.versions.get("cxr-lens", "unknown"),
        device_serial_number=SERIAL,
        content_label="EXPLANATION",
        content_description=f"{display_name(explanation.finding)}. {RESEARCH}"[:64],
        omit_empty_frames=False,
        **series(9001, number, f"{explanation.title}: map. {RESEARCH}"),
    )
    made.PatientOrientation = None  # a projection has no planes that would tell it
    return made


def _category() -> Any:
    from highdicom.sr import CodedConcept

    return CodedConcept("309825002", "SCT", "Spatial and Relational Concept")

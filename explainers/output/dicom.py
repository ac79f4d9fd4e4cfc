"""Explanations as DICOM, for viewers of radiographs: overlay, map and scores, in the same study.

Three kinds of objects are written, each in a new series that refers to the radiograph: a secondary capture of the
overlay with its caption, a fractional segmentation whose values are the map on a stated scale, and a structured report
with scores, operating points and regions. highdicom builds them. What identifies the patient is left empty unless it
is asked for. All of them say that they are for research only.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
from explainers.output.look import Look
from explainers.regions import Region, regions_of

if TYPE_CHECKING:
    from pydicom import Dataset

MAKER, MODEL, SERIAL = "cxr-lens", "cxr-lens", "none"
SCHEME = "99CXRLENS"
RESEARCH = "Research only, not for diagnosis"
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


def write_dicom(
    explanations: Sequence[Explanation],
    prediction: Prediction,
    radiograph: Radiograph,
    content: bytes,
    directory: str | Path,
    settings: DicomSettings | None = None,
) -> list[Path]:
    """Write `<explainer>.overlay.dcm`, `<explainer>.map.dcm` and `scores.dcm` into a directory; their paths.

    content  the radiograph's own file

    Raises OptionError without the extra `dicom`, and for a radiograph that is no DICOM file.
    """
    settings = settings or DicomSettings()
    source = source_of(content, keep_identity=settings.keep_identity)
    objects: dict[str, Dataset] = {}
    for number, explanation in enumerate(explanations, 1):
        stem = f"{number}-{explanation.explainer}" if len(explanations) > 1 else explanation.explainer
        objects[f"{stem}.overlay.dcm"] = _overlay(explanation, radiograph, source, number)
        if (segmentation := _segmentation(explanation, source, number)) is not None:
            objects[f"{stem}.map.dcm"] = segmentation
    objects["scores.dcm"] = _report(explanations, prediction, source, settings)
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    for name, made in objects.items():
        made.save_as(directory / name)
    return [directory / name for name in objects]


def _common(series: int, instance: int, description: str) -> dict[str, Any]:
    import highdicom

    return {
        "series_instance_uid": highdicom.UID(),
        "series_number": series,
        "sop_instance_uid": highdicom.UID(),
        "instance_number": instance,
        "manufacturer": MAKER,
        "series_description": description[:64],
    }


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
        **_common(9000, number, f"{explanation.title}: overlay. {RESEARCH}"),
    )
    made.BurnedInAnnotation = "YES"
    made.ConversionType = "WSD"
    made.Laterality = ""  # the chest is not paired; the standard wants the tag where no other tells
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
        family=_code("explainer", "Explainer of a neural network"),
        version=explanation.model.sha256[:64],
        parameters={name: str(value) for name, value in explanation.options.items()} or None,
    )
    described = [
        SegmentDescription(
            segment_number=at,
            segment_label=f"{explanation.title} {what}: 1 is {scale:.6g} {explanation.unit}"[:64],
            segmented_property_category=_category(),
            segmented_property_type=_code("map", "Map of an explainer"),
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
        **_common(9001, number, f"{explanation.title}: map. {RESEARCH}"),
    )
    made.PatientOrientation = None  # a projection has no planes that would tell it
    return made


def _report(
    explanations: Sequence[Explanation], prediction: Prediction, source: "Dataset", settings: DicomSettings
) -> "Dataset":
    from highdicom import UID, sr
    from pydicom.sr.codedict import codes

    groups = [_scores(each, prediction, source) for each in prediction.findings]
    if (share := settings.regions) is not None:
        for explanation in explanations:
            found = regions_of(explanation.map, explanation.frame, share)
            groups += [_region(explanation, region, source) for region in found]
    device = sr.ObserverContext(
        observer_type=codes.DCM.Device,
        observer_identifying_attributes=sr.DeviceObserverIdentifyingAttributes(
            uid=UID(), name=MODEL, manufacturer_name=MAKER
        ),
    )
    content = sr.MeasurementReport(
        observation_context=sr.ObservationContext(observer_device_context=device),
        procedure_reported=_code("chest-radiograph", "Chest radiograph"),
        imaging_measurements=groups,
    )
    return sr.ComprehensiveSR(
        evidence=[source], content=content[0], **_common(9002, 1, f"Scores and regions. {RESEARCH}")
    )


def _scores(each: Any, prediction: Prediction, source: "Dataset") -> Any:
    """One finding's logit, score, threshold and probability."""
    from highdicom import sr

    figures: Mapping[str, float | None] = {
        "Logit": each.logit,
        "Score": each.score,
        "Threshold": each.threshold,
        "Calibrated probability": each.probability,
        "Calibrated probability, 95 % from": each.probability_interval and each.probability_interval[0],
        "Calibrated probability, 95 % to": each.probability_interval and each.probability_interval[1],
    }
    identity = prediction.identity
    return sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(uid=_uid(), identifier=each.finding),
        finding_type=_code(each.finding, display_name(each.finding)),
        algorithm_id=sr.AlgorithmIdentification(name=identity.name[:64], version=identity.sha256[:64]),
        measurements=[_measurement(name, value) for name, value in figures.items() if value is not None],
        qualitative_evaluations=[_research()],
        source_images=[sr.SourceImageForMeasurementGroup(source.SOPClassUID, source.SOPInstanceUID)],
    )


def _region(explanation: Explanation, region: Region, source: "Dataset") -> Any:
    from highdicom import sr

    down, across = (
        size / shown for size, shown in zip((source.Rows, source.Columns), explanation.frame.image_size, strict=True)
    )
    corners = np.array([[x * across, y * down] for y, x in (*region.outline, region.outline[0])], np.float32)
    return sr.PlanarROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(uid=_uid(), identifier=f"{explanation.explainer} region"),
        referenced_region=sr.ImageRegion(
            graphic_type="POLYLINE",
            graphic_data=corners,
            source_image=sr.SourceImageForRegion(source.SOPClassUID, source.SOPInstanceUID),
        ),
        finding_type=_code("region", "Hottest region of a map, no detection"),
        measurements=[_measurement("Share of the picture", region.area), _measurement("Share of the map", region.mass)],
        qualitative_evaluations=[_research()],
    )


def _measurement(name: str, value: float) -> Any:
    from highdicom import sr
    from pydicom.sr.codedict import codes

    named = _code(name.lower().replace(" ", "-"), name)
    return sr.Measurement(name=named, value=float(value), unit=codes.UCUM.NoUnits)


def _research() -> Any:
    from highdicom import sr

    return sr.QualitativeEvaluation(name=_code("use", "Intended use"), value=_code("research", RESEARCH))


def _category() -> Any:
    from highdicom.sr import CodedConcept

    return CodedConcept("309825002", "SCT", "Spatial and Relational Concept")


def _code(value: str, meaning: str) -> Any:
    from highdicom.sr import CodedConcept

    return CodedConcept(value[:16], SCHEME, meaning[:64])


def _uid() -> Any:
    from highdicom import UID

    return UID()

"""The structured report of a comparison: scores, operating points and regions, which refer to the radiograph."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from cxr.findings import display_name
from cxr.prediction import Prediction
from explainers.contract.explanation import Explanation
from explainers.output.dicom_codes import MAKER, MODEL, RESEARCH, code, series, uid
from explainers.regions import Region, regions_of

if TYPE_CHECKING:
    from pydicom import Dataset


def scores_report(
    explanations: Sequence[Explanation], prediction: Prediction, source: "Dataset", share: float | None
) -> "Dataset":
    """A structured report with all scores and, for a share of the picture, the regions of each map."""
    from highdicom import sr
    from pydicom.sr.codedict import codes

    groups = [_scores(each, prediction, source) for each in prediction.findings]
    if share is not None:
        for explanation in explanations:
            found = regions_of(explanation.map, explanation.frame, share)
            groups += [_region(explanation, region, source) for region in found]
    device = sr.ObserverContext(
        observer_type=codes.DCM.Device,
        observer_identifying_attributes=sr.DeviceObserverIdentifyingAttributes(
            uid=uid(), name=MODEL, manufacturer_name=MAKER
        ),
    )
    content = sr.MeasurementReport(
        observation_context=sr.ObservationContext(observer_device_context=device),
        procedure_reported=code("chest-radiograph", "Chest radiograph"),
        imaging_measurements=groups,
    )
    return sr.ComprehensiveSR(
        evidence=[source], content=content[0], **series(9002, 1, f"Scores and regions. {RESEARCH}")
    )


def _scores(each: Any, prediction: Prediction, source: "Dataset") -> Any:
    """One finding's logit, score, threshold and probability."""
    from highdicom import sr

    low, high = each.probability_interval or (None, None)
    figures: Mapping[tuple[str, str], float | None] = {
        ("logit", "Logit"): each.logit,
        ("score", "Score"): each.score,
        ("threshold", "Threshold"): each.threshold,
        ("probability", "Calibrated probability"): each.probability,
        ("probability-low", "Calibrated probability, 95 % from"): low,
        ("probability-high", "Calibrated probability, 95 % to"): high,
    }
    identity = prediction.identity
    return sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(uid=uid(), identifier=each.finding),
        finding_type=code(each.finding, display_name(each.finding)),
        algorithm_id=sr.AlgorithmIdentification(name=identity.name[:64], version=identity.sha256[:64]),
        measurements=[_measurement(*name, value) for name, value in figures.items() if value is not None],
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
        tracking_identifier=sr.TrackingIdentifier(uid=uid(), identifier=f"{explanation.explainer} region"),
        referenced_region=sr.ImageRegion(
            graphic_type="POLYLINE",
            graphic_data=corners,
            source_image=sr.SourceImageForRegion(source.SOPClassUID, source.SOPInstanceUID),
        ),
        finding_type=code("region", "Hottest region of a map, no detection"),
        measurements=[
            _measurement("share-of-picture", "Share of the picture", region.area),
            _measurement("share-of-map", "Share of the map", region.mass),
        ],
        qualitative_evaluations=[_research()],
    )


def _measurement(value: str, meaning: str, figure: float) -> Any:
    """A number under a code, which tells apart from others what is measured."""
    from highdicom import sr
    from pydicom.sr.codedict import codes

    return sr.Measurement(name=code(value, meaning), value=float(figure), unit=codes.UCUM.NoUnits)


def _research() -> Any:
    from highdicom import sr

    return sr.QualitativeEvaluation(name=code("use", "Intended use"), value=code("research", RESEARCH))

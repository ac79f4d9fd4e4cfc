"""Results of the client's calls: the API's answers as dataclasses and arrays."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class FindingScore:
    """One finding: the logit, its score σ(logit), the operating point, and what other patients bear out.

    threshold, above_threshold and interval are None where the network has none for this finding; interval holds the
    scores within which the output layer's uncertainty leaves this one, 95 %. probability and likelihood_ratio have 95 %
    intervals from patients that the calibration was not fitted on; where those patients do not bear them out they are
    None, and withheld says why. view is "AP" or "PA" where the operating point is that view's.
    """

    finding: str
    logit: float
    score: float
    threshold: float | None
    above_threshold: bool | None
    probability: float | None
    interval: tuple[float, float] | None
    probability_interval: tuple[float, float] | None
    likelihood_ratio: float | None
    likelihood_ratio_interval: tuple[float, float] | None
    view: str
    withheld: str


@dataclass(frozen=True)
class Prediction:
    """Scores of a radiograph.

    findings  in the network's order
    warnings  what speaks against trusting the scores
    record    the whole answer: which network, input statistics, windows of a DICOM file
    """

    findings: tuple[FindingScore, ...]
    warnings: tuple[str, ...]
    record: Mapping[str, Any]

    def __getitem__(self, finding: str) -> FindingScore:
        """The score of one finding. Raises KeyError for a finding that the network doesn't score."""
        for each in self.findings:
            if each.finding == finding:
                return each
        raise KeyError(finding)


@dataclass(frozen=True, eq=False)
class Explanation:
    """One explainer's map of one finding.

    map        (y, x) float32, signed, in the unit of the record, on the explainer's own grid of cells
    input_map  (height, width) float32, enlarged to the network's input
    image_map  (height, width) float32, on the upright radiograph; NaN outside what the network saw
    overlay    contents of a PNG file: the map on the radiograph
    record     everything needed to make the map again; `measures` where some were asked for
    """

    explainer: str
    finding: str
    map: np.ndarray
    input_map: np.ndarray
    image_map: np.ndarray
    overlay: bytes
    record: Mapping[str, Any]


@dataclass(frozen=True)
class FailedExplainer:
    """An explainer that gave no map, with a code and a sentence."""

    explainer: str
    code: str
    reason: str


@dataclass(frozen=True, eq=False)
class Comparison:
    """Several explainers' maps of one finding.

    explanations  in the order in which they finished
    failed        explainers that gave none; the others went on
    agreement     how far the maps agree, where measures were asked for
    record        the whole answer
    """

    finding: str
    explanations: tuple[Explanation, ...]
    failed: tuple[FailedExplainer, ...]
    agreement: Mapping[str, Any] | None
    record: Mapping[str, Any]

    def __getitem__(self, explainer: str) -> Explanation:
        """One explainer's map. Raises KeyError for one that was not compared, or failed."""
        for each in self.explanations:
            if each.explainer == explainer:
                return each
        raise KeyError(explainer)


def file_name(file: Any) -> str:
    """The name of a downloaded file, which Gradio's client may give alone or in a dictionary."""
    return file if isinstance(file, str) else file["path"]


def arrays_of(file: Any) -> dict[str, np.ndarray]:
    """The arrays of a downloaded .npz file."""
    with np.load(file_name(file), allow_pickle=False) as arrays:
        return dict(arrays)


def score_of(found: Mapping[str, Any]) -> FindingScore:
    """A finding's score from its JSON."""
    return FindingScore(
        finding=found["finding"],
        logit=found["logit"],
        score=found["score"],
        threshold=found["threshold"],
        above_threshold=found["above_threshold"],
        probability=found["probability"],
        interval=_pair(found["interval"]),
        probability_interval=_pair(found["probability_interval"]),
        likelihood_ratio=found["likelihood_ratio"],
        likelihood_ratio_interval=_pair(found["likelihood_ratio_interval"]),
        view=found["view"],
        withheld=found["withheld"],
    )


def _pair(values: Sequence[float] | None) -> tuple[float, float] | None:
    return None if values is None else (values[0], values[1])


def explanation_of(
    record: Mapping[str, Any], arrays: Mapping[str, np.ndarray], prefix: str, overlay: bytes
) -> Explanation:
    return Explanation(
        explainer=record["explainer"],
        finding=record["finding"],
        map=arrays[f"{prefix}map"],
        input_map=arrays[f"{prefix}input_map"],
        image_map=arrays[f"{prefix}image_map"],
        overlay=overlay,
        record=record,
    )


def comparison_of(record: Mapping[str, Any], arrays: Mapping[str, np.ndarray], overlays: Sequence[bytes]) -> Comparison:
    """A comparison from its record, the arrays of all maps, and overlays in the order of the maps."""
    made = [result for result in record["results"] if "code" not in result]
    failed = [result for result in record["results"] if "code" in result]
    return Comparison(
        finding=record["finding"],
        explanations=tuple(
            explanation_of(result, arrays, f"{result['explainer']}/", overlay)
            for result, overlay in zip(made, overlays, strict=True)
        ),
        failed=tuple(FailedExplainer(each["explainer"], each["code"], each["reason"]) for each in failed),
        agreement=record.get("agreement"),
        record=record,
    )

"""A comparison as one page of HTML that needs nothing else: pictures, scores, settings, how to get it again."""

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from cxr.findings import display_name
from cxr.prediction import Prediction
from cxr.reading.radiograph import Radiograph
from explainers.contract.explanation import Explanation
from explainers.output.files import png_bytes
from explainers.output.look import Look
from explainers.output.rendering import render
from explainers.output.snippets import client_snippet, command_line, file_comment
from explainers.pictures import NOTICE, SIDES, origin_of
from explainers.pictures.shading import number
from explainers.running.measuring import MeasureDone

DEFAULT_LOOK = Look()


@dataclass(frozen=True)
class Table:
    """Texts in rows below headings; `marked` are the numbers of rows that stand out."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    marked: Sequence[int] = ()


def report_html(
    prediction: Prediction,
    explanations: Sequence[Explanation],
    radiograph: Radiograph,
    look: Look = DEFAULT_LOOK,
    *,
    file: str = "",
    address: str = "http://127.0.0.1:7860",
    model: str = "",
    measured: Mapping[Explanation, Mapping[str, MeasureDone]] = MappingProxyType({}),
) -> str:
    """The page.

    file            the comment on the radiograph's file above the code; see `file_comment`
    address, model  as `client_snippet`'s
    measured        {explanation: {a measure's title: its end}}, of those that were measured

    Raises OptionError for a view, opacity or colour map that does not exist.
    """
    findings = list(dict.fromkeys(each.finding for each in explanations)) or [prediction.default_finding()]
    subject = " and ".join(map(display_name, findings))
    own = [each for each in explanations if each.model == prediction.identity and each.finding == findings[0]]
    window = radiograph.window
    return render(
        "report.html.j2",
        title=f"{subject}: {len(explanations)} explanations compared",
        notice=NOTICE,
        sides=SIDES,
        warnings=prediction.warnings,
        origin=origin_of(radiograph, look.origin) or "A file that was uploaded. Its name is not stored.",
        radiograph=_radiograph(radiograph),
        scores=_scores(prediction),
        notes=_notes(prediction, findings),
        subject=subject,
        pictures=[_picture(radiograph, each, look) for each in explanations],
        maps=_maps(explanations),
        measures=_measures(explanations, measured),
        settings=_settings(explanations),
        network=_network(prediction, explanations),
        code=_code(own, file or file_comment(window=window), address, model, window),
    )


def _radiograph(radiograph: Radiograph) -> str:
    size = f"{radiograph.width:,} × {radiograph.height:,} pixels, SHA-256 of size and pixels {radiograph.digest}"
    return f"{size}, shown through its window “{radiograph.window}”." if radiograph.window else f"{size}."


def _picture(radiograph: Radiograph, each: Explanation, look: Look) -> dict[str, str]:
    control = ", a control" if each.control else ""
    synthetic = " on a synthetic radiograph" if radiograph.kind == "phantom" else ""
    subject = f"{each.title}{control}, {display_name(each.finding)}{synthetic}"
    return {
        "png": base64.b64encode(png_bytes(look.picture(radiograph, [each]))).decode(),
        "caption": f"{subject}: {look.view} view, {number(each.seconds)} s; unit: {each.unit}",
    }


def _scores(prediction: Prediction) -> Table:
    found = sorted(prediction.findings, key=lambda each: -each.score)
    rows = [
        [
            display_name(each.finding),
            f"{each.score:.4f}",
            "none" if each.threshold is None else f"{each.threshold:.4f}{f' ({each.view})' if each.view else ''}",
            {True: "above", False: "below", None: ""}[each.above_threshold],
            _with_interval(each.probability, each.probability_interval, scale=100, unit=" %"),
            _with_interval(each.likelihood_ratio, each.likelihood_ratio_interval),
            f"{each.interval[0]:.3f} to {each.interval[1]:.3f}" if each.interval else "",
        ]
        for each in found
    ]
    heads = ["finding", "score", "operating point", "is", "probability", "likelihood ratio", "95 % of the last layer"]
    return Table(heads, rows, [number for number, each in enumerate(found) if each.above_threshold])


def _with_interval(
    value: float | None, interval: tuple[float, float] | None, *, scale: float = 1, unit: str = ""
) -> str:
    """A figure with its 95 % interval; where there is none, that it is not calibrated."""
    if value is None or interval is None:
        return "not calibrated"
    low, high = (number(scale * each) for each in interval)
    return f"{number(scale * value)}{unit} ({low} to {high})"


def _notes(prediction: Prediction, findings: Sequence[str]) -> list[str]:
    """What other patients say of the network, and why the explained findings have no probability."""
    return [*prediction.notes, *(prediction[each].withheld for each in findings if prediction[each].withheld)]


def _maps(explanations: Sequence[Explanation]) -> Table:
    """The range of each map, as the page shows it under its picture."""
    rows = [
        [
            each.title,
            display_name(each.finding),
            number(float(each.map.min())),
            number(float(each.map.max())),
            each.unit,
            " × ".join(map(str, each.map.shape)),
            each.model.name,
        ]
        for each in explanations
    ]
    return Table(["explainer", "finding", "lowest", "highest", "unit", "cells", "network"], rows)


def _measures(explanations: Sequence[Explanation], measured: Mapping[Explanation, Mapping[str, MeasureDone]]) -> Table:
    """What measures found of each map, in the page's words."""
    rows = [
        [
            each.title,
            display_name(each.finding),
            title,
            (end.measured.verdict or "done") if end.measured else "not measured",
            _with_true_minus(end.measured.sentence if end.measured else end.reason),
            each.model.name,
        ]
        for each in explanations
        for title, end in measured.get(each, {}).items()
    ]
    return Table(["explainer", "finding", "test", "verdict", "what it found", "network"], rows)


def _with_true_minus(sentence: str) -> str:
    """As the page writes it: a minus before a number is no hyphen."""
    return re.sub(r"(^|[\s(\[])-(?=\d)", r"\1−", sentence)


def _settings(explanations: Sequence[Explanation]) -> Table:
    rows = [
        [
            each.title,
            display_name(each.finding),
            ", ".join(f"{name} = {value}" for name, value in each.options.items()) or "none",
            str(each.seed),
            f"{each.passes.get('forward', 0)} forward, {each.passes.get('backward', 0)} backward",
            each.model.name,
        ]
        for each in explanations
    ]
    return Table(["explainer", "finding", "options", "seed", "passes", "network"], rows)


def _network(prediction: Prediction, explanations: Sequence[Explanation]) -> Table:
    """The network of the scores; and, of the explanations, the input's digest and the software's versions."""
    known = {**prediction.identity.to_json()}
    for each in explanations[:1]:
        known |= {"input's digest": each.input_digest, **each.versions}
    return Table(["what", "value"], [[name, str(value)] for name, value in known.items() if value is not None])


def _code(explanations: Sequence[Explanation], file: str, address: str, model: str, window: str) -> dict[str, str]:
    """Python and a command that compute the same; empty where there is nothing to compute."""
    if not explanations:
        return {}
    snippet = client_snippet(explanations, address, model=model, window=window)
    return {"python": file + snippet, "command": command_line(explanations, window=window)}

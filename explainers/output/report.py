"""A comparison as one page of HTML that needs nothing else: the radiograph, the maps, scores, how to get it again.

It reads from what matters to what identifies: pictures, what tests found of them, scores, settings, code, versions.
"""

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from PIL import Image

from cxr.findings import display_name
from cxr.prediction import FindingScore, Prediction
from cxr.reading.radiograph import Radiograph
from explainers.agreement import shared_share
from explainers.contract.explanation import Explanation
from explainers.output.files import png_bytes
from explainers.output.look import Look
from explainers.output.rendering import render
from explainers.output.snippets import client_snippet, command_line, file_comment
from explainers.pictures import NOTICE, SIDES, captioned, displayed, origin_of
from explainers.pictures.shading import number
from explainers.regions import NOTICE as REGIONS_NOTICE
from explainers.running.measuring import MeasureDone

DEFAULT_LOOK = Look()

PICTURE_PX = 640
"""Longest side of the report's pictures: 200 dots an inch where two stand side by side on paper."""

UNCALIBRATED = "not calibrated"

MOST_REGIONS = 3
"""Named of a map; a map of pixels has many small ones, which the JSON record lists."""

OVERLAP, AGREEMENT = 0.15, 0.5
"""Share of the hottest tenth in common from which maps overlap in part, and agree."""


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
    regions: Mapping[Explanation, Mapping] = MappingProxyType({}),
) -> str:
    """The page.

    file            the comment on the radiograph's file above the code; see `file_comment`
    address, model  as `client_snippet`'s
    measured        {explanation: {a measure's title: its end}}, of those that were measured
    regions         {explanation: its regions}, by `regions_record`, where some are shown

    Raises OptionError for a view, opacity or colour map that does not exist.
    """
    findings = list(dict.fromkeys(each.finding for each in explanations)) or [prediction.default_finding()]
    subject = " and ".join(map(display_name, findings))
    own = [each for each in explanations if each.model == prediction.identity and each.finding == findings[0]]
    window = radiograph.window
    return render(
        "report.html.j2",
        title=_title(subject, explanations),
        notice=NOTICE,
        sides=SIDES,
        lead=[*(_in_words(prediction[each]) for each in findings), *_agreement(own)],
        warnings=prediction.warnings,
        radiograph=_radiograph(radiograph, look),
        pictures=[_picture(radiograph, each, look, measured.get(each, {}), regions.get(each)) for each in explanations],
        regions_notice=REGIONS_NOTICE if regions else "",
        scores=_scores(prediction),
        notes=[
            *_notes(prediction),
            *(f"{display_name(each)}: {prediction[each].withheld}" for each in findings if prediction[each].withheld),
        ],
        settings=_settings(explanations),
        code=_code(own, file or file_comment(window=window), address, model, window),
        network=_network(prediction, explanations, radiograph),
    )


UNKNOWN = "It is not calibrated, so there is no probability."


def _title(subject: str, explanations: Sequence[Explanation]) -> str:
    count = len(explanations)
    return f"{subject}: {count} explanations compared" if count > 1 else f"{subject}, explained"


def _in_words(each: FindingScore) -> str:
    """A score with its operating point, and its probability or why there is none."""
    name = display_name(each.finding)
    if each.threshold is None:
        place = "no operating point is known"
    else:
        side = "above" if each.above_threshold else "below"
        place = f"{side} its operating point {each.threshold:.3f}{f' of {each.view} views' if each.view else ''}"
    if each.probability is None:
        chance = "Not calibrated: see the note below the scores." if each.withheld else UNKNOWN
    else:
        chance = f"Estimated probability {_probability(each)}."
    return f"{name}: score {each.score:.3f}, {place}. {chance}"


def _agreement(explanations: Sequence[Explanation]) -> list[str]:
    """How far the maps of one finding agree, controls left out; nothing of fewer than two."""
    counted = [each for each in explanations if not each.control]
    if len(counted) < 2:
        return []
    shared = shared_share(counted)
    degree = "show different places" if shared < OVERLAP else "overlap in part" if shared < AGREEMENT else "agree"
    return [f"The {len(counted)} explanations {degree}: they share {number(100 * shared)} % of their hottest tenth."]


def _radiograph(radiograph: Radiograph, look: Look) -> dict[str, str]:
    origin = origin_of(radiograph, look.origin) or "A file that was uploaded. Its name is not stored."
    window = f", shown through its window “{radiograph.window}”" if radiograph.window else ""
    return {
        "png": _encoded(Image.fromarray(displayed(radiograph, PICTURE_PX))),
        "title": "Radiograph",
        "caption": f"{origin} {radiograph.width:,} × {radiograph.height:,} pixels{window}.",
    }


def _picture(
    radiograph: Radiograph,
    each: Explanation,
    look: Look,
    tests: Mapping[str, MeasureDone],
    regions: Mapping | None,
) -> dict:
    """A map with its words, what tests found of it, and its regions."""
    drawn, how = captioned(
        radiograph,
        each,
        view=look.view,
        opacity=look.opacity,
        colour_map=look.colour_map,
        longest=PICTURE_PX,
        regions=look.regions,
        smooth=look.smooth,
        clip=look.clip,
    )
    synthetic = " on a synthetic radiograph" if radiograph.kind == "phantom" else ""
    return {
        "png": _encoded(drawn),
        "title": each.title,
        "subject": f"{'Control. ' if each.control else ''}{display_name(each.finding)}{synthetic}, {each.model.name}.",
        "range": _range(each),
        "cells": f"{each.map.shape[1]} × {each.map.shape[0]} cells, {number(each.seconds)} s.",
        "how": how,
        "tests": [_test(title, end) for title, end in tests.items() if end.measured],
        "silent": [f"{title}: {_with_true_minus(end.reason)}" for title, end in tests.items() if not end.measured],
        "regions": _regions(regions) if regions else [],
    }


def _encoded(picture: Image.Image) -> str:
    return base64.b64encode(png_bytes(picture)).decode()


def _range(each: Explanation) -> str:
    """The range of a map's values: from the least to the largest, which the page shows beside its colour bar."""
    unit = "" if each.unit == "none" else f" {each.unit}"
    return f"{number(float(each.map.min()))} to {number(float(each.map.max()))}{unit}"


def _test(title: str, end: MeasureDone) -> dict[str, str]:
    """A test's verdict and what it found, in the page's words."""
    assert end.measured is not None, "only of a test that found something"
    return {"title": title, "verdict": end.measured.verdict, "sentence": _with_true_minus(end.measured.sentence)}


def _with_true_minus(sentence: str) -> str:
    """As the page writes it: a minus before a number is no hyphen."""
    return re.sub(r"(^|[\s(\[])-(?=\d)", r"\1−", sentence)


def _regions(record: Mapping) -> list[str]:
    """Regions of a map, the best that its cells could do, and the guess from other patients, in sentences."""
    found = [
        f"Region {at}: {_box(each['box'])}, {number(100 * each['area'])} % of the image, "
        f"{number(100 * each['mass'])} % of the positive map. In whole cells: {_box(each['whole_cells'])}."
        for at, each in enumerate(record["regions"][:MOST_REGIONS], 1)
    ]
    more = len(record["regions"]) - MOST_REGIONS
    found += [f"{more} smaller regions."] if more > 0 else []
    guess = "; ".join(_box(each["box"]) for each in record["guess"])
    no_guess = "The network has no average map of this finding, so there is no guess to compare with."
    return [
        *(found or ["The map has no positive value, so no region."]),
        f"Guess from other patients' maps: {guess}." if guess else no_guess,
    ]


def _box(box: Mapping[str, float]) -> str:
    left, top, width, height = (f"{round(box[name]):,}" for name in ("left", "top", "width", "height"))
    return f"{width} × {height} px at {left}, {top}"


def _scores(prediction: Prediction) -> Table:
    """All findings; columns that say nothing of any finding are left out."""
    found = sorted(prediction.findings, key=lambda each: -each.score)
    rows = [
        [
            display_name(each.finding),
            f"{each.score:.4f}",
            {True: "above", False: "below", None: ""}[each.above_threshold],
            "none" if each.threshold is None else f"{each.threshold:.4f}{f' ({each.view})' if each.view else ''}",
            _probability(each),
            _with_interval(each.likelihood_ratio, each.likelihood_ratio_interval),
            f"{each.interval[0]:.3f} to {each.interval[1]:.3f}" if each.interval else "",
        ]
        for each in found
    ]
    heads = ["finding", "score", "is", "operating point", "probability", "likelihood ratio", "95 % of the last layer"]
    kept = [at for at in range(len(heads)) if at < 4 or {row[at] for row in rows} - {"", UNCALIBRATED}]
    marked = [number for number, each in enumerate(found) if each.above_threshold]
    return Table([heads[at] for at in kept], [[row[at] for at in kept] for row in rows], marked)


def _notes(prediction: Prediction) -> list[str]:
    """What a reader of the scores must know."""
    calibrated = any(each.probability is not None for each in prediction.findings)
    none = "None of these scores is calibrated, so there are no probabilities."
    return ["A score is not a probability." if calibrated else none, *prediction.notes]


def _probability(each: FindingScore) -> str:
    return _with_interval(each.probability, each.probability_interval, scale=100, unit=" %")


def _with_interval(
    value: float | None, interval: tuple[float, float] | None, *, scale: float = 1, unit: str = ""
) -> str:
    """A figure with its 95 % interval; where there is none, that it is not calibrated."""
    if value is None or interval is None:
        return UNCALIBRATED
    low, high = (number(scale * each) for each in interval)
    return f"{number(scale * value)}{unit} ({low} to {high})"


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


def _network(prediction: Prediction, explanations: Sequence[Explanation], radiograph: Radiograph) -> Table:
    """The network of the scores, digests of the radiograph and of the input, and the software's versions."""
    known = {**prediction.identity.to_json(), "SHA-256 of the radiograph's size and pixels": radiograph.digest}
    for each in explanations[:1]:
        known |= {"input's digest": each.input_digest, **each.versions}
    return Table(["what", "value"], [[name, str(value)] for name, value in known.items() if value is not None])


def _code(explanations: Sequence[Explanation], file: str, address: str, model: str, window: str) -> dict[str, str]:
    """Python and a command that compute the same; empty where there is nothing to compute."""
    if not explanations:
        return {}
    snippet = client_snippet(explanations, address, model=model, window=window)
    return {"python": file + snippet, "command": command_line(explanations, window=window)}

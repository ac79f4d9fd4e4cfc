"""A comparison as one page of HTML that needs nothing else: pictures, scores, settings, how to get it again."""

import base64
import html
import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from types import MappingProxyType

from cxr.findings import display_name
from cxr.prediction import Prediction
from cxr.reading.radiograph import Radiograph
from explainers.contract.explanation import Explanation
from explainers.output.files import png_bytes
from explainers.output.snippets import client_snippet, command_line, the_same_file
from explainers.pictures import NOTICE, SIDES, figure, origin_of
from explainers.pictures.shading import number
from explainers.running.measuring import MeasureDone


def report_html(
    prediction: Prediction,
    explanations: Sequence[Explanation],
    radiograph: Radiograph,
    *,
    view: str = "positive",
    opacity: float = 0.6,
    colour_map: str | None = None,
    origin: str = "",
    file: str = "",
    address: str = "http://127.0.0.1:7860",
    model: str = "",
    tested: Mapping[Explanation, Mapping[str, MeasureDone]] = MappingProxyType({}),
) -> str:
    """The page. Arguments as `comparison_zip`'s; `address` and `model` as `client_snippet`'s.

    file    what is said of the radiograph's file where the code stands; see `the_same_file`
    tested  {explanation: {a test's title: its end}}, of those that were tested

    Raises OptionError for a view, opacity or colour map that does not exist.
    """
    look = {"view": view, "opacity": opacity, "colour_map": colour_map, "origin": origin}
    style = files("explainers.output").joinpath("templates", "report.css").read_text(encoding="utf-8")
    findings = list(dict.fromkeys(each.finding for each in explanations)) or [prediction.default_finding()]
    subject = " and ".join(map(display_name, findings))
    title = f"{subject}: {len(explanations)} explanations compared"
    pictures = "".join(_figure(radiograph, each, look) for each in explanations)
    own = [each for each in explanations if each.model == prediction.identity and each.finding == findings[0]]
    window = radiograph.window
    return (
        "<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>{_text(title)}</title><style>{style}</style></head><body><main>"
        f"<p class=quiet>cxr-lens</p><h1>{_text(title)}</h1>"
        f"<p>{_text(NOTICE)} Not for diagnosis.</p><p class=quiet>A map says what raises or lowers a network's score. "
        f"It does not show disease. {_text(SIDES)}</p>{_warnings(prediction)}"
        f"<h2>Radiograph</h2>{_radiograph(radiograph, origin)}<h2>Scores</h2>{_scores(prediction)}"
        f"<h2>Explanations of {_text(subject)}</h2><div class=pictures>{pictures}</div>"
        f"<h2>Maps</h2>{_maps(explanations)}{_tests(explanations, tested)}<h2>Settings</h2>{_settings(explanations)}"
        f"<h2>Network and versions</h2>{_network(prediction, explanations)}"
        f"{_by_code(own, file or the_same_file(window=window), address, model, window)}</main></body></html>\n"
    )


def _text(value: object) -> str:
    return html.escape(str(value))


def _warnings(prediction: Prediction) -> str:
    return "".join(f"<p><strong>{_text(sentence)}</strong></p>" for sentence in prediction.warnings)


def _radiograph(radiograph: Radiograph, origin: str) -> str:
    said = origin_of(radiograph, origin) or "A file that was uploaded. Its name is not kept."
    size = f"{radiograph.width:,} × {radiograph.height:,} pixels, SHA-256 of size and pixels {radiograph.digest}"
    window = f", shown through its window “{_text(radiograph.window)}”" if radiograph.window else ""
    return f"<p>{_text(said)}</p><p class=quiet>{size}{window}.</p>"


def _figure(radiograph: Radiograph, each: Explanation, look: dict) -> str:
    picture = base64.b64encode(png_bytes(figure(radiograph, [each], **look))).decode()
    control = ", a control" if each.control else ""
    synthetic = " on a synthetic radiograph" if radiograph.kind == "phantom" else ""
    of = f"{each.title}{control}, {display_name(each.finding)}{synthetic}"
    said = f"{of}: {look['view']} view, {number(each.seconds)} s; unit: {each.unit}"
    image = f'<img alt="{_text(said)}" src="data:image/png;base64,{picture}">'
    return f"<figure>{image}<figcaption>{_text(said)}</figcaption></figure>"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], marked: Sequence[bool] = ()) -> str:
    head = "".join(f"<th scope=col>{_text(each)}</th>" for each in heads)
    body = "".join(
        f"<tr{' class=above' if mark else ''}>" + "".join(f"<td>{_text(cell)}</td>" for cell in row) + "</tr>"
        for row, mark in zip(rows, marked or [False] * len(rows), strict=True)
    )
    # it scrolls where it is wider than the page, so that the keyboard must reach it
    name = _text("Table: " + ", ".join(heads[:3]))
    return (
        f'<div class=wide tabindex=0 role=region aria-label="{name}">'
        + f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _scores(prediction: Prediction) -> str:
    found = sorted(prediction.findings, key=lambda each: -each.score)
    rows = [
        [
            display_name(each.finding),
            f"{each.score:.4f}",
            "none" if each.threshold is None else f"{each.threshold:.4f}",
            {True: "above", False: "below", None: ""}[each.above_threshold],
            "uncalibrated" if each.probability is None else f"{100 * each.probability:.1f} %",
            f"{each.interval[0]:.3f} to {each.interval[1]:.3f}" if each.interval else "",
        ]
        for each in found
    ]
    heads = ["finding", "score", "operating point", "is", "calibrated probability", "95 % of the last layer"]
    return _table(heads, rows, [bool(each.above_threshold) for each in found])


def _maps(explanations: Sequence[Explanation]) -> str:
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
    return _table(["explainer", "finding", "lowest", "highest", "unit", "cells", "network"], rows)


def _tests(explanations: Sequence[Explanation], tested: Mapping[Explanation, Mapping[str, MeasureDone]]) -> str:
    """What tests found of each map, in the page's words; nothing where none was run."""
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
        for title, end in tested.get(each, {}).items()
    ]
    if not rows:
        return ""
    heads = ["explainer", "finding", "test", "verdict", "what it found", "network"]
    return f"<h2>How far to believe the maps</h2>{_table(heads, rows)}"


def _with_true_minus(sentence: str) -> str:
    """As the page writes it: a minus before a number is no hyphen."""
    return re.sub(r"(^|[\s(\[])-(?=\d)", r"\1−", sentence)


def _settings(explanations: Sequence[Explanation]) -> str:
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
    return _table(["explainer", "finding", "options", "seed", "passes", "network"], rows)


def _network(prediction: Prediction, explanations: Sequence[Explanation]) -> str:
    """Whose scores these are; and, of the explanations, the input's digest and the versions that made them."""
    known = {**prediction.identity.to_json()}
    for each in explanations[:1]:
        known |= {"input's digest": each.input_digest, **each.versions}
    return _table(["what", "value"], [[name, str(value)] for name, value in known.items() if value is not None])


def _by_code(explanations: Sequence[Explanation], file: str, address: str, model: str, window: str) -> str:
    if not explanations:
        return ""
    snippet = client_snippet(explanations, address, model=model, window=window)
    return (
        f"<h2>The same by code</h2><pre>{_text(file + snippet)}</pre><p class=quiet>Or without a page:</p>"
        f"<pre>{_text(command_line(explanations, window=window))}</pre>"
    )

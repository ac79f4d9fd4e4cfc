"""What a run leaves behind: a summary, a table, and one page that opens anywhere."""

import base64
import html
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from cxr.findings import display_name
from explainers.benchmark.run import ROWS, Bench
from hub.errors import CheckpointError
from hub.files import sha256_of

if TYPE_CHECKING:
    from explainers.contract.explanation import Explanation

SUMMARY, TABLE, REPORT = "summary.json", "table.md", "report.html"
FIELD, FILE = "benchmark", "benchmark.json"

SHOWN = {
    "pointing": "pointing",
    "pointing_tolerant": "within 3 %",
    "iou_equal_area": "IoU, equal area",
    "cap_iou": "IoU, best cells",
    "mass": "mass in box",
    "pixel_auc": "pixel AUC",
    "relevance_gain": "removal, logit",
    "stability": "stability",
}
"""Columns of the table: figure and heading."""

EXAMPLES, EXAMPLE_EXPLAINERS = 3, 4

SAID = (
    "Macro means over findings, with 95 % intervals by patient. Pointing: the maximum lies in the box; to abstain is "
    "to miss. IoU: overlap of the box with the hottest part of its own size. Removal: symmetric relevance gain. The "
    "prior is where other patients' boxes of the finding lie: it asks no network. Only what beats it on both headline "
    "figures, corrected for the number of comparisons, may be called localising. Boxes name one finding; labels were "
    "mined from reports."
)


def write(out: Path, found: Mapping, bench: Bench) -> list[Path]:
    """Write summary, table and report; their paths, the rows' first."""
    (out / SUMMARY).write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    (out / TABLE).write_text(table(found), encoding="utf-8")
    (out / REPORT).write_text(page(found, list(_examples(bench))), encoding="utf-8")
    return [out / name for name in (ROWS, SUMMARY, TABLE, REPORT)]


def attach(directory: Path, found: Mapping) -> Path:
    """Put the summary into a native checkpoint's folder and name it in its config.json."""
    from cxr.checkpoint.writing import write_config

    config = directory / "config.json"
    if not config.is_file():
        raise CheckpointError(f"{directory.name!r} is no native checkpoint: it has no config.json.")
    (directory / FILE).write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    raw = json.loads(config.read_text(encoding="utf-8"))
    raw[FIELD] = {"file": FILE, "sha256": sha256_of(directory / FILE)}
    write_config(directory, raw)
    return directory / FILE


def table(found: Mapping) -> str:
    """Markdown: a row an explainer, its figures with intervals, and whether it beats the prior."""
    heads = _heads(found)
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    lines += [f"| {' | '.join(cells)} |" for cells in table_rows(found)]
    return "\n".join(lines) + "\n"


def _heads(found: Mapping) -> list[str]:
    versus = [f"beats {found['versus']['name']}"] if "versus" in found else []
    return ["explainer", "boxes", *SHOWN.values(), "beats the prior", *versus, "seconds"]


def table_rows(found: Mapping) -> Iterator[list[str]]:
    """The table's cells, row by row."""
    for each in found["explainers"]:
        figures = each.get("macro", {})
        cells = [_figure(figures.get(name)) for name in SHOWN]
        verdicts = ["beats_prior", "beats_other"] if "versus" in found else ["beats_prior"]
        said = [{True: "yes", False: "no", None: ""}[each.get(name)] for name in verdicts]
        seconds = _seconds(each["costs"]["seconds"]) if "costs" in each else ""
        failed = f" ({each['failed']} failed)" if each["failed"] else ""
        yield [each["label"], f"{each['boxes']}{failed}", *cells, *said, seconds]


def _seconds(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.2g}"


def _figure(value: list[float] | None) -> str:
    return f"{value[0]:.2f} [{value[1]:.2f}–{value[2]:.2f}]" if value else ""


def page(found: Mapping, examples: list[tuple[str, bytes]]) -> str:
    """HTML with everything in it: nothing is fetched when it is opened."""
    heads = "".join(f"<th>{html.escape(head)}</th>" for head in _heads(found))
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells) + "</tr>" for cells in table_rows(found)
    )
    plots = "".join(
        f"<figure><figcaption>{html.escape(SHOWN[name])}</figcaption>{_plot(found, name)}</figure>"
        for name in ("pointing", "iou_equal_area", "relevance_gain")
    )
    pictures = "".join(
        f'<figure><img alt="{html.escape(said)}" src="data:image/png;base64,{base64.b64encode(png).decode()}">'
        f"<figcaption>{html.escape(said)}</figcaption></figure>"
        for said, png in examples
    )
    by_finding = "".join(_finding_table(found, name) for name in ("pointing", "iou_equal_area"))
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>Benchmark of explainers</title><style>{STYLE}</style><main><h1>Benchmark of explainers</h1>"
        f"<p>{found['boxes']} boxes on {found['images']} radiographs of {found['patients']} patients; network "
        f"{html.escape(str(found['model']['name']))}, sha256 {html.escape(str(found['model']['sha256'])[:12])}…; "
        f"protocol {found['version']}, {found['protocol'][:12]}….</p><p>{html.escape(SAID)}</p>"
        f"<div class=wide><table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>"
        f"<h2>Figures</h2>{plots}<h2>By finding</h2>{by_finding}<h2>Examples</h2><p>The first radiographs of the data "
        f"set in the drawn order, not chosen.</p>{pictures}<p>Research and teaching only, not for diagnosis.</p></main>"
        "</html>"
    )


STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;margin:0;color:#1c2430;background:#fff}main{max-width:72rem;margin:auto;"
    "padding:2rem 1rem}table{border-collapse:collapse;font-size:.85rem;font-variant-numeric:tabular-nums}td,th{padding:"
    ".3rem .6rem;text-align:left;border-bottom:1px solid #d5dae1;white-space:nowrap}.wide{overflow-x:auto}figure{"
    "margin:1.5rem 0}figcaption{color:#566}img,svg{max-width:100%;height:auto}@media(prefers-color-scheme:dark){body{"
    "color:#dfe5ee;background:#12161c}td,th{border-color:#333c48}figcaption{color:#9aa6b5}}"
)


def _plot(found: Mapping, name: str) -> str:
    """Dots with intervals, one an explainer; a line where the prior stands."""
    points = [(each["label"], each["macro"][name]) for each in found["explainers"] if name in each.get("macro", {})]
    if not points:
        return "<p>Not measured.</p>"
    low, high = min(0.0, *(value[1] for _, value in points)), max(value[2] for _, value in points)
    left, width, step = 230, 480, 24

    def across(value: float) -> float:
        return left + (value - low) / max(high - low, 1e-9) * width

    marks = []
    for row, (label, (value, least, most)) in enumerate(points):
        y = row * step + 16
        marks.append(
            f'<text x="{left - 10}" y="{y + 4}" text-anchor="end">{html.escape(label)}</text>'
            f'<line x1="{across(least):.1f}" x2="{across(most):.1f}" y1="{y}" y2="{y}"/>'
            f'<circle cx="{across(value):.1f}" cy="{y}" r="4"/>'
            f'<text x="{across(most) + 8:.1f}" y="{y + 4}">{value:.2f}</text>'
        )
    prior = next((value for label, value in points if label == found["prior"]), None)
    tall = len(points) * step + 8
    line = ""
    if prior:
        line = f'<line class="prior" x1="{across(prior[0]):.1f}" x2="{across(prior[0]):.1f}" y1="0" y2="{tall}"/>'
    return (
        f'<svg viewBox="0 0 {left + width + 60} {tall}" width="{left + width + 60}" role="img" '
        f'aria-label="{html.escape(SHOWN[name])} of each explainer with its interval"><style>text{{font:13px system-ui;'
        "fill:currentColor}line{stroke:currentColor;stroke-width:1.5}circle{fill:#2f6fb3}.prior{stroke:#b3542f;"
        f"stroke-dasharray:4 3}}</style>{line}{''.join(marks)}</svg>"
    )


def _finding_table(found: Mapping, name: str) -> str:
    heads = "".join(f"<th>{html.escape(display_name(finding))}</th>" for finding in found["findings"])
    body = ""
    for each in found["explainers"]:
        if "by_finding" not in each:
            continue
        cells = "".join(f"<td>{_figure(each['by_finding'][finding].get(name))}</td>" for finding in found["findings"])
        body += f"<tr><td>{html.escape(each['label'])}</td>{cells}</tr>"
    return (
        f"<h3>{html.escape(SHOWN[name])}</h3><div class=wide><table><thead><tr><th>explainer</th>{heads}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )


def _examples(bench: Bench) -> Iterator[tuple[str, bytes]]:
    """(caption, PNG) of the first pictures under the first explainers that cost little."""
    from cxr.reading.radiograph import read_radiograph
    from explainers.output.files import png_bytes
    from explainers.pictures import figure
    from explainers.running.comparison import Finished, compare

    names = [
        entry.name for entry in bench.protocol.entries if entry.name in bench.registry.explainers and not entry.boxes
    ]
    names = list(dict.fromkeys(name for name in names if not bench.registry.explainers[name].control))
    seen: list[str] = []
    for boxed in bench.data.boxes:
        if len(seen) == EXAMPLES or not names:
            return
        if boxed.image in seen:
            continue
        seen.append(boxed.image)
        radiograph = read_radiograph(bench.data.folder / boxed.image)
        events = compare(
            bench.predictor, radiograph, boxed.finding, names[:EXAMPLE_EXPLAINERS], registry=bench.registry
        )
        made: list[Explanation] = [event.explanation for event in events if isinstance(event, Finished)]
        if made:
            top, left, height, width = (round(100 * share) for share in boxed.box)
            said = f"{display_name(boxed.finding)}; its box: {left} % from the left, {top} % down, {width} × {height} %"
            yield said, png_bytes(figure(radiograph, made))

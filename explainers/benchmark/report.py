"""The files of a run: a summary, a table, and a self-contained HTML page."""

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cxr.findings import display_name
from explainers.benchmark.rows import Row
from explainers.benchmark.statistics import tables_of
from explainers.output.rendering import render
from explainers.removal import FILLS

if TYPE_CHECKING:
    from explainers.benchmark.run import Benchmark
    from explainers.contract.explanation import Explanation

SUMMARY, TABLE, REPORT = "summary.json", "table.md", "report.html"

COLUMNS = {
    "pointing": "pointing",
    "pointing_tolerant": "within 3 %",
    "iou_equal_area": "IoU, equal area",
    "cap_iou": "IoU, best cells",
    "mass": "mass in box",
    "pixel_auc": "pixel AUC",
    "relevance_gain": "removal, logit",
    "stability": "stability",
    "confirmed": "claims confirmed",
    "false_claims": "false claims",
}
"""Columns of the table: {figure: heading}."""

EXAMPLES, EXAMPLE_EXPLAINERS = 3, 4

PLACES = (2, 3, 4)
"""Decimal places of figures: the first are enough but for intervals as narrow as 0.001 to 0.004."""

PLOT_LEFT_PX, PLOT_WIDTH_PX, PLOT_ROW_PX = 230, 480, 24

EXPLANATION = (
    "A target is all boxes of one finding on one radiograph. Means weigh each finding the same and leave out findings "
    "with fewer than two patients. Intervals are 95 %, by patient: bootstrap, or bootstrap-t or Student's t with few "
    "patients; exact where fewer than ten patients are on one side of a share. Pointing: share of targets whose box "
    "contains the map's maximum; a map without a positive value misses. IoU: overlap of the box with the hottest area "
    "of the same size. Removal: symmetric relevance gain, median over four fills. Claims confirmed: of what the 12 "
    "strongest cells claim, the share that covering each of them confirms under every fill. False claims: the share "
    "that no fill confirms. Prior: the places where other patients' boxes of the finding lie, without any network. An "
    "explainer is called localising only if it beats the prior by both headline figures, corrected for the number of "
    "comparisons. Boxes name one finding; labels were mined from reports."
)


def write(out: Path, found: Mapping, benchmark: "Benchmark") -> list[Path]:
    """Write summary, table and report; their paths."""
    (out / SUMMARY).write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    (out / TABLE).write_text(table(found), encoding="utf-8")
    (out / REPORT).write_text(page(found, list(_examples(benchmark))), encoding="utf-8")
    return [out / name for name in (SUMMARY, TABLE, REPORT)]


def attach(directory: Path, found: Mapping, rows: Sequence[Row]) -> list[Path]:
    """Put summary and rows into a native checkpoint's folder and name them in its config.json; their paths."""
    from cxr.checkpoint.companions import BENCHMARK, BENCHMARK_ROWS, write_companion
    from explainers.benchmark.storing import packed

    return [
        write_companion(directory, BENCHMARK, found),
        write_companion(directory, BENCHMARK_ROWS, packed(rows), rows=len(rows)),
    ]


def table(found: Mapping) -> str:
    """Markdown: what can be concluded, then a row for each explainer with its figures, by the number of targets."""
    removal = {"title": "Removal by what fills the squares", **_removal(found)}
    tables = [*_tables(found), *([removal] if removal["rows"] else [])]
    return render("table.md.txt.j2", concluded=found["concluded"], tables=tables)


def _tables(found: Mapping) -> list[dict]:
    return [
        {"title": table_title(each), "heads": heads(found), "rows": list(table_rows(each, versus="versus" in found))}
        for each in tables_of(found)
    ]


def heads(found: Mapping) -> list[str]:
    """Headings of the tables' columns."""
    versus = [f"beats {found['versus']['name']}"] if "versus" in found else []
    return ["explainer", "targets", *COLUMNS.values(), "beats the prior", *versus, "seconds"]


def table_title(table: Mapping) -> str:
    """Which targets a table is on, and which findings its means are over, where some figures' differ."""
    count = table["targets"] if "targets" in table else table["boxes"]
    targets = f"{count} targets on {table['images']} radiographs of {table['patients']} patients"
    of = table.get("mean_findings")
    if of is None:
        # of a checkpoint whose benchmark was run by protocol 1
        return targets
    headline = of.get("pointing", [])
    others = {COLUMNS[name]: names for name, names in of.items() if name in COLUMNS and names != headline}
    means = f"means over {_listed(headline)}" if headline else "no finding has enough patients for a mean"
    return targets + "; " + means + "".join(f"; {name} over {_listed(names)}" for name, names in others.items())


def _listed(findings: Sequence[str]) -> str:
    return ", ".join(map(display_name, findings))


def _removal(found: Mapping) -> dict:
    return {"heads": ["explainer", *FILLS], "rows": list(_removal_rows(found))}


def _removal_rows(found: Mapping) -> Iterator[list[str]]:
    """Each explainer's removal gain by what filled the squares, on the most targets that it was measured on."""
    seen: set[str] = set()
    for table in tables_of(found):
        for each in table["explainers"]:
            figures = [each.get("macro", {}).get(f"removal_{fill}") for fill in FILLS]
            if all(figures) and each["label"] not in seen:
                seen.add(each["label"])
                yield [each["label"], *map(_figure, figures)]


def table_rows(found: Mapping, *, versus: bool = False) -> Iterator[list[str]]:
    """A table's cells, row by row."""
    for each in found["explainers"]:
        figures = each.get("macro", {})
        cells = [_figure(figures.get(name)) for name in COLUMNS]
        verdicts = ["beats_prior", "beats_other"] if versus else ["beats_prior"]
        beats = [{True: "yes", False: "no", None: ""}[each.get(name)] for name in verdicts]
        seconds = _seconds(each["costs"]["seconds"]) if "costs" in each else ""
        failed = f" ({each['failed']} failed)" if each["failed"] else ""
        yield [each["label"], f"{each['boxes']}{failed}", *cells, *beats, seconds]


def _seconds(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.2g}"


def _figure(value: Sequence[float] | None) -> str:
    """A figure with its interval, with so many places that the interval's limits differ; alone if they do not."""
    if not value:
        return ""
    middle, low, high = value
    places = next((count for count in PLACES if f"{low:.{count}f}" != f"{high:.{count}f}"), None)
    if places is None:
        return f"{middle:.{PLACES[0]}f} (no interval)"
    return f"{middle:.{places}f} [{low:.{places}f}–{high:.{places}f}]"


def page(found: Mapping, examples: list[tuple[str, bytes]]) -> str:
    """Self-contained HTML: nothing is fetched when it is opened."""
    model = found["model"]
    return render(
        "benchmark.html.j2",
        concluded=found["concluded"],
        subject=f"{found['boxes']} boxes, {found['targets']} targets, on {found['images']} radiographs of "
        f"{found['patients']} patients; network {model['name']}, sha256 {str(model['sha256'])[:12]}…; "
        f"protocol {found['version']}, {found['protocol'][:12]}….",
        explanation=EXPLANATION,
        tables=_tables(found),
        removal=_removal(found),
        plots=[_plot(found, name) for name in ("pointing", "iou_equal_area", "relevance_gain")],
        by_finding=[_finding_table(found, name) for name in ("pointing", "iou_equal_area")],
        examples=[{"caption": caption, "png": base64.b64encode(png).decode()} for caption, png in examples],
    )


def _plot(found: Mapping, name: str) -> dict:
    """Where dots with intervals stand, one for each explainer, and the line of the prior, in pixels."""
    points = [(each["label"], each["macro"][name]) for each in found["explainers"] if name in each.get("macro", {})]
    low = min([0.0, *(value[1] for _, value in points)])
    high = max([0.0, *(value[2] for _, value in points)])

    def across(value: float) -> float:
        return round(PLOT_LEFT_PX + (value - low) / max(high - low, 1e-9) * PLOT_WIDTH_PX, 1)

    prior = next((value[0] for label, value in points if label == found["prior"]), None)
    return {
        "title": COLUMNS[name],
        "left": PLOT_LEFT_PX,
        "width": PLOT_LEFT_PX + PLOT_WIDTH_PX + 60,
        "height": len(points) * PLOT_ROW_PX + 8,
        "prior": None if prior is None else across(prior),
        "points": [
            {"label": label, "y": row * PLOT_ROW_PX + 16, "x": across(value), "low": across(least),
             "high": across(most), "after": across(most) + 8, "value": f"{value:.2f}"}
            for row, (label, (value, least, most)) in enumerate(points)
        ],
    }  # fmt: skip


def _finding_table(found: Mapping, name: str) -> dict:
    rows = [
        [each["label"], *(_figure(each["by_finding"][finding].get(name)) for finding in found["findings"])]
        for each in found["explainers"]
        if "by_finding" in each
    ]
    return {"title": COLUMNS[name], "heads": ["explainer", *map(display_name, found["findings"])], "rows": rows}


def _examples(benchmark: "Benchmark") -> Iterator[tuple[str, bytes]]:
    """(caption, PNG) of the first pictures under the first explainers that cost little."""
    from cxr.reading.radiograph import read_radiograph
    from explainers.output.files import png_bytes
    from explainers.pictures import figure
    from explainers.running.comparison import Finished, compare

    names = [
        entry.name
        for entry in benchmark.protocol.entries
        if entry.name in benchmark.registry.explainers and not entry.boxes
    ]
    names = list(dict.fromkeys(name for name in names if not benchmark.registry.explainers[name].control))
    seen: list[str] = []
    for boxed in benchmark.data.boxes:
        if len(seen) == EXAMPLES or not names:
            return
        if boxed.image in seen:
            continue
        seen.append(boxed.image)
        radiograph = read_radiograph(benchmark.data.picture(boxed))
        events = compare(
            benchmark.predictor, radiograph, boxed.finding, names[:EXAMPLE_EXPLAINERS], registry=benchmark.registry
        )
        made: list[Explanation] = [event.explanation for event in events if isinstance(event, Finished)]
        if made:
            places = [[round(100 * share) for share in box] for box in boxed.boxes]
            said = ", and ".join(
                f"{left} % from the left, {top} % down, {width} × {height} %" for top, left, height, width in places
            )
            caption = f"{display_name(boxed.finding)}; its box: {said}"
            yield caption, png_bytes(figure(radiograph, made))

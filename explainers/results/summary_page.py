"""A run's summary as one HTML file that opens anywhere. Patients' pictures are in it only where asked for."""

import base64
from collections.abc import Iterator

import cv2
import numpy as np
import pyarrow.compute as pc
from PIL import Image

from cxr.evaluation.bootstrap import RESAMPLES
from cxr.findings import display_name
from explainers.batch.sources import Reader
from explainers.output.files import png_bytes
from explainers.output.rendering import render
from explainers.pictures import NOTICE, blended, colour_maps, figure, levels, lookup_table, shaded
from explainers.results.reading import Results
from explainers.results.summary import (
    BINS,
    LEAST_PATIENTS,
    QUANTILES,
    Cost,
    FindingFigures,
    MapFigures,
    costs,
    errors,
    finding_figures,
    map_figures,
)

MEAN_MAP_PX = 112
EXAMPLES = 3
"""Radiographs that are shown where that is asked for."""

BAR_PX, PLOT_HEIGHT_PX = 12, 48


def summary_page(results: Results, *, pictures: str = "", resamples: int = RESAMPLES) -> str:
    """HTML: distributions of scores, AUC, agreement, mean maps, costs and failures.

    pictures  folder of the radiographs, some of which are then shown under their maps; "" for none
    """
    maps = map_figures(results) if results.explainers else None
    figures = finding_figures(results, resamples=resamples)
    return render(
        "summary.html.j2",
        notice=NOTICE,
        subject=_subject(results),
        command=results.about["command"],
        scores={"heads": _score_heads(), "rows": [_score_row(each) for each in figures]},
        histograms=[_histogram(each) for each in figures],
        agreement=_agreement(results, maps) if maps and len(results.explainers) > 1 else None,
        mean_maps=list(_mean_maps(results, maps)) if maps else [],
        averaged=maps.radiographs if maps else 0,
        least=LEAST_PATIENTS,
        costs={"heads": COST_HEADS, "rows": [_cost_row(each) for each in costs(results)]},
        errors=[[table, code, str(count), sentence] for table, code, count, sentence in errors(results)],
        examples=list(_examples(results, pictures)) if pictures else [],
    )


def _subject(results: Results) -> str:
    images = len(pc.unique(results.scores["image"]))
    patients = len(pc.unique(pc.coalesce(results.scores["patient"], results.scores["image"])))
    model = results.about["model"]
    return f"{images} radiographs of {patients} patients; network {model['name']}, sha256 {model['sha256'][:12]}…"


def _score_heads() -> list[str]:
    return ["finding", *(f"{each} %" for each in QUANTILES), "above threshold", "AUC", "labelled 1", "labelled"]


def _score_row(each: FindingFigures) -> list[str]:
    above = "" if each.above is None else f"{each.above:.1%}"
    auc = "" if each.auc is None else "{:.3f} [{:.3f}–{:.3f}]".format(*each.auc)
    counts = [str(each.positives), str(each.labelled)] if each.labelled else ["", ""]
    return [display_name(each.finding), *(f"{value:.3f}" for value in each.quantiles), above, auc, *counts]


def _histogram(each: FindingFigures) -> dict:
    """Bars in pixels."""
    highest = max(1, int(each.counts.max()))
    return {
        "title": display_name(each.finding),
        "width": BINS * BAR_PX,
        "height": PLOT_HEIGHT_PX,
        "bars": [
            {"x": at * BAR_PX, "y": PLOT_HEIGHT_PX - (tall := round(PLOT_HEIGHT_PX * count / highest)), "tall": tall}
            for at, count in enumerate(map(int, each.counts))
        ],
        "bar": BAR_PX - 1,
        "label": f"Scores of {display_name(each.finding)} from 0 to 1; the middle one is {each.quantiles[2]:.2f}",
    }


def _agreement(results: Results, maps: MapFigures) -> dict:
    titles = [results.about["explainers"][name]["title"] for name in results.explainers]
    rows = [
        [title, *("" if np.isnan(value) else f"{value:.2f}" for value in row)]
        for title, row in zip(titles, maps.correlation, strict=True)
    ]
    return {"heads": ["", *titles], "rows": rows}


def _mean_maps(results: Results, maps: MapFigures) -> Iterator[dict]:
    """One row of pictures an explainer, all of them on one scale."""
    for name in results.explainers:
        found = {
            finding: mean
            for finding in results.labels
            if (one := maps.means.get((finding, name))) and (mean := one.mean) is not None
        }
        if not found:
            continue
        about = results.about["explainers"][name]
        scale = max(float(np.abs(mean).max()) for mean in found.values()) or 1.0
        yield {
            "title": about["title"],
            "scale": f"{scale:.3g} {about['unit']}",
            "pictures": [
                {"caption": display_name(finding), "png": _drawn(mean, signed=about["signed"], scale=scale)}
                for finding, mean in found.items()
            ],
        }


def _drawn(mean: np.ndarray, *, signed: bool, scale: float) -> str:
    """The map alone, as PNG in base64."""
    view = "signed" if signed else "positive"
    larger = max(mean.shape) < MEAN_MAP_PX
    method = cv2.INTER_NEAREST if larger else cv2.INTER_AREA
    cells = cv2.resize(mean, (MEAN_MAP_PX, MEAN_MAP_PX), interpolation=method)
    shading = shaded(cells, view, scale=scale)
    table = lookup_table(colour_maps(view)[0])
    coloured = blended(np.zeros(cells.shape, np.uint8), levels(shading), table, 1.0)
    return _base64(Image.fromarray(coloured))


COST_HEADS = ("explainer", "radiographs", "maps each", "passes each", "seconds each", "cells of a map")


def _cost_row(each: Cost) -> list[str]:
    numbers = (f"{each.maps:.1f}", f"{each.passes:.1f}", f"{each.seconds:.3f}", str(each.cells))
    return [each.explainer, str(each.radiographs), *numbers]


def _examples(results: Results, root: str) -> Iterator[dict]:
    """The first radiographs that have maps, each with those of one finding."""
    reader, seen = Reader(root), set[str]()
    for (image, finding, _), _explanation in results.keyed_explanations():
        if image in seen:
            continue
        seen.add(image)
        group = list(results.explanations(image=image, finding=finding))
        yield {"caption": f"{image}: {display_name(finding)}", "png": _base64(figure(reader.read(image), group))}
        if len(seen) == EXAMPLES:
            return


def _base64(picture: Image.Image) -> str:
    return base64.b64encode(png_bytes(picture)).decode()

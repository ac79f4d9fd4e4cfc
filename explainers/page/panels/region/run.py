"""Scoring a radiograph with a region covered."""

from collections.abc import Iterator

import numpy as np

from cxr.fills import logits_without
from cxr.findings import check_finding, display_name
from cxr.frame import Box
from cxr.prediction import sigmoid
from explainers.box_scores import box_scores, sample_with_box
from explainers.page.panels.region.ranking import box_in_pixels, ranked, regions
from explainers.page.panels.region.request import RegionRequest
from explainers.page.sessions import Session
from explainers.page.state import AppState


def score_without(state: AppState, session: Session, request: RegionRequest) -> Iterator[dict]:
    """What the maps on the screen say of the region, and the scores with it covered."""
    predictor = state.networks.find(state.networks.name_of(request.model))
    radiograph = session.radiograph
    box = box_in_pixels(request.box_inside, radiograph)
    after = logits_without(predictor, radiograph, box, fill=request.fill, frozen=request.frozen)
    before = {each.finding: each for each in predictor.predict(radiograph).findings}
    answer = {
        "run": request.run,
        "token": session.token,
        "ranking": None,
        "findings": [
            {
                "finding": finding,
                "title": display_name(finding),
                "before": before[finding].score,
                "after": sigmoid(float(logit)),
                "logit": float(logit) - before[finding].logit,
                "threshold": before[finding].threshold,
            }
            for finding, logit in zip(predictor.labels, after, strict=True)
        ],
        "panels": {name: _map_against(each.on_image(), box) for name, each in dict(session.shown).items()},
    }
    yield answer
    if request.finding:
        finding = check_finding(request.finding, predictor.labels)
        boxes = list(regions(state, session, predictor, finding, request.box_inside))
        ranking = ranked(predictor, radiograph, finding, boxes, request.fill, frozen=request.frozen)
        yield answer | {"ranking": ranking, "finding": finding}


def _map_against(values: np.ndarray, box: Box) -> dict:
    """What a map says of the box, as JSON."""
    found = box_scores(*sample_with_box(values, box))
    return {name: round(float(found[name]), 4) for name in ("mass", "area", "iou_equal_area")} | {
        "pointing": bool(found["pointing"]),
        "abstains": bool(found["abstains"]),
    }

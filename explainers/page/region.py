"""A region that the visitor marks: what each explainer says of it, and how the scores move when it is covered."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import gradio as gr
import numpy as np

from cxr.fills import logits_without
from cxr.findings import display_name
from cxr.frame import Box
from cxr.prediction import sigmoid
from explainers.box_scores import box_scores, sample_with_box
from explainers.errors import OptionError
from explainers.page.component import asset, component
from explainers.page.error_boundary import ErrorMessage
from explainers.page.sessions import Session
from explainers.page.state import AppState

FILLS = ("mean", "surroundings")

LEAST_SHARE = 0.005
"""Of a side: a smaller region is a slip of the hand."""


def build() -> gr.HTML:
    """The component; its value is what `asked` yields. It triggers `ask`."""
    return component("region", asset("region.html"), asset("region.js"))


@dataclass(frozen=True)
class Wish:
    """A region in shares of the picture's sides (top, left, height, width), and how it is covered."""

    number: int
    box: Box
    fill: str
    frozen: bool
    model: str

    @classmethod
    def from_event(cls, given: object) -> "Wish":
        """From what a browser sent, which may be anything; OptionError says what is wrong with it."""
        if not isinstance(given, Mapping):
            raise OptionError("The region did not arrive.", "Mark it again.")
        number, box, fill = given.get("run", 0), given.get("box"), given.get("fill", "mean")
        frozen, model = given.get("frozen", True), given.get("model", "")
        numbers = isinstance(box, list) and len(box) == 4 and all(isinstance(each, int | float) for each in box)
        if not numbers or not np.isfinite(box).all() or not isinstance(number, int) or not isinstance(model, str):
            raise OptionError("The region is not of the expected form.", "Mark it again.")
        if fill not in FILLS or not isinstance(frozen, bool):
            raise OptionError(f"A region is filled with {' or '.join(FILLS)}.", "Load the page again.")
        top, left = (min(1.0, max(0.0, float(each))) for each in box[:2])
        height, width = min(float(box[2]), 1 - top), min(float(box[3]), 1 - left)
        if min(height, width) < LEAST_SHARE:
            raise OptionError("The region is too small to say anything of.", "Mark a larger one.")
        return cls(number, (top, left, height, width), fill, frozen, model)


def asked(state: AppState, session: Session, wish: Wish) -> Iterator[dict]:
    """What the maps on the screen say of the region, and the scores with it covered."""
    predictor = state.networks.find(state.networks.name_of(wish.model))
    radiograph = session.radiograph
    sides = (radiograph.height, radiograph.width)
    box = tuple(share * sides[axis % 2] for axis, share in enumerate(wish.box))
    after = logits_without(predictor, radiograph, box, fill=wish.fill, frozen=wish.frozen)
    before = {each.finding: each for each in predictor.predict(radiograph).findings}
    yield {
        "run": wish.number,
        "token": session.token,
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
        "panels": {name: _against(each.on_image(), box) for name, each in dict(session.shown).items()},
    }


def _against(values: np.ndarray, box: Box) -> dict:
    """What a map says of the box, as JSON."""
    found = box_scores(*sample_with_box(values, box))
    return {name: round(float(found[name]), 4) for name in ("mass", "area", "iou_equal_area")} | {
        "pointing": bool(found["pointing"]),
        "abstains": bool(found["abstains"]),
    }


def refused(said: ErrorMessage) -> dict:
    """What is shown when a region can't be asked about."""
    return {"error": said.to_json()}

"""Score-CAM as a plugin: a layer's channels, each weighted by the logit of the picture seen through it."""

from typing import Annotated

import cv2
import numpy as np

from explainers import Explainer, Layer, Range, hookimpl

LayerName, Channels = Annotated[str, Layer()], Annotated[int, Range(2, 256)]
WHY = "Its soft masks blur the small discs that the planted network answers to; it has but two channels."


class ScoreCam(Explainer):
    """Channels, weighted by how far the input seen through each lifts the logit above a blank one's (no softmax)."""

    name, title, unit = "score_cam", "Score-CAM", "logit × activation"
    reference = "Wang et al. 2020, arXiv 1910.01279"
    expected_failures = dict.fromkeys(("frame", "sign", "finding", "options", "planted"), WHY)

    def explain(self, context, finding, *, layer: LayerName = "relu", channels: Channels = 64):
        place, shape = context.labels.index(finding), context.input.shape[:2]
        maps = np.moveaxis(context.activations(layer), -1, 0).astype(np.float32)
        maps = maps[np.argsort(-maps.std(axis=(1, 2)))[:channels]]
        blank, total = context.forward(np.zeros_like(context.input)[None])[0, place], 0.0
        for at in range(0, len(maps), 16):
            large = np.stack([cv2.resize(each, shape[::-1]) for each in maps[at : at + 16]])
            low, high = (each(axis=(1, 2), keepdims=True) for each in (large.min, large.max))
            masks = (large - low) / np.maximum(high - low, 1e-9)
            weights = context.forward(masks[..., None] * context.input)[:, place] - blank
            total = total + np.tensordot(weights, maps[at : at + 16], 1)
            context.progress(min(1.0, (at + 16) / len(maps)), preview=total)
        return total


@hookimpl
def cxr_lens_explainers():
    return [ScoreCam]

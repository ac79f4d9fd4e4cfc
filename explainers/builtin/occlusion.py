"""What the logit loses when a part of the radiograph is hidden."""

from collections.abc import Sequence
from math import gcd
from typing import Annotated, Literal

import cv2
import numpy as np

from explainers import Context, Explainer, Range, hookimpl

Patch = Annotated[int, Range(8, 112, step=8)]
Stride = Annotated[int, Range(4, 112, step=4)]
Fill = Literal["mean", "black", "blur"]


class Occlusion(Explainer):
    """How far the logit falls when the network can't see a square, averaged over the squares that cover a place.

    Method:
        Square windows of `patch` pixels every `stride` pixels, the last one shifted so that it ends at the border:
        every pixel is covered, and all windows hide equally much. With z the finding's logit and x_w the input with
        window w filled, m(p) = mean over the windows w that cover p of z(x) − z(x_w).
    Map:
        The coarsest even grid on which the averages are exact: 14 × 14 for 32 every 16 on an input of 224, from 169
        windows. In logits. Positive: hiding this lowers the logit, so what is there raises it. Negative: hiding this
        raises the logit. Zero: no effect.
    Departs from paper:
        The paper slides a grey square and shows the score of the class; here it is the fall of the logit, divided by
        how often a place was covered: with plain sums the middle would look four times as important as the corners.
        The prepared input is filled and not standardised again, so nothing outside the window changes.
    Fails when:
        A filled square is like nothing that the network was trained on: a change may be its answer to the square.
        Evidence that is there twice, in both lungs say, shows nothing, since hiding one leaves the other. Findings
        much smaller than the patch are smeared over it.
    Cost:
        One forward pass for the radiograph and one for each window; all findings come from the same passes.
    Options:
        patch: side of the window in pixels of the input; at most the input's own sides
        stride: distance between windows in pixels of the input; at most the patch, so that no pixel is left out
        fill: what hides the window: the input's mean, the darkest value in it (collimation and air look like that), or
            the input itself, blurred with a σ of half the patch
    Source:
        Zeiler, Fergus, Visualizing and Understanding Convolutional Networks, ECCV 2014; arXiv 1311.2901.
    """

    name, title, unit = "occlusion", "Occlusion", "logit"
    reference = "Zeiler, Fergus 2014, arXiv 1311.2901"

    def explain(
        self, context: Context, finding: str, *, patch: Patch = 32, stride: Stride = 16, fill: Fill = "mean"
    ) -> np.ndarray:
        """The map `(y, x)` of one finding, on the coarsest even grid on which it is exact."""
        return self.explain_findings(context, [finding], patch=patch, stride=stride, fill=fill)[0]

    def explain_findings(
        self,
        context: Context,
        findings: Sequence[str],
        *,
        patch: Patch = 32,
        stride: Stride = 16,
        fill: Fill = "mean",
    ) -> np.ndarray:
        """The maps `(len(findings), y, x)`, from the same passes."""
        rows, columns = (_starts(side, patch, stride) for side in context.input.shape[:2])
        height, width = (min(patch, side) for side in context.input.shape[:2])
        windows = np.array([(top, left, height, width) for top in rows for left in columns])
        falls = context.logits - context.occluded(windows, _filling(context.input, patch, fill))
        context.note(windows=len(windows))
        places = [context.labels.index(finding) for finding in findings]
        grids = falls[:, places].T.reshape(-1, len(rows), len(columns))
        over_rows = _averaging(context.input.shape[0], rows, height)
        over_columns = _averaging(context.input.shape[1], columns, width)
        return np.einsum("yr,frc,xc->fyx", over_rows, grids, over_columns).astype(np.float32)


def _starts(side: int, patch: int, stride: int) -> list[int]:
    """Where the windows start along a side: every stride, and one that ends at the border."""
    last = max(0, side - patch)
    return [*range(0, last, min(stride, patch)), last]


def _averaging(side: int, starts: Sequence[int], patch: int) -> np.ndarray:
    """(cells, windows) along one side: each cell's equal shares of the windows that cover it.

    Windows are products of two intervals, so the average over those that cover a cell is the product of two. A cell is
    the greatest common divisor of the starts, the patch and the side: no window's edge runs through one.
    """
    cell = gcd(side, patch, *starts)
    edges = np.arange(0, side, cell)[:, None]
    covers = (edges >= np.array(starts)) & (edges < np.array(starts) + patch)
    return covers / covers.sum(axis=1, keepdims=True)


def _filling(network_input: np.ndarray, patch: int, fill: str) -> np.ndarray:
    """What stands in a window: broadcasts to `(h, w, c)`."""
    if fill == "mean":
        return network_input.mean(axis=(0, 1))
    if fill == "black":
        return network_input.min(axis=(0, 1))
    blurred = cv2.GaussianBlur(network_input, (0, 0), sigmaX=patch / 2, borderType=cv2.BORDER_REFLECT)
    return blurred.reshape(network_input.shape)


@hookimpl
def cxr_lens_explainers() -> list[type[Explainer]]:
    return [Occlusion]

"""What the logit loses when a part of the radiograph is hidden."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd
from typing import Annotated, Literal

import cv2
import numpy as np

from explainers import Context, Explainer, Range, hookimpl

WINDOWS_A_STEP = 16
"""Windows between two reports of progress, each a chance to cancel: as many as the network takes in one batch."""

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
        One forward pass for each window, 169 by default, beside the one that scored the radiograph. All findings come
        from the same passes.
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
        windows = _Windows.over(context.input.shape[:2], patch, stride)
        context.note(windows=len(windows.boxes))
        places = [context.labels.index(finding) for finding in findings]
        falls = _falls(context, windows, _filling(context.input, patch, fill), places)
        return windows.averaged(falls, len(windows.boxes)).astype(np.float32)


def _falls(context: Context, windows: "_Windows", filling: np.ndarray, places: Sequence[int]) -> np.ndarray:
    """How far each finding's logit falls under each window, `(findings, windows)`; the first one's map is previewed."""
    count = len(windows.boxes)
    falls, logits = np.zeros((len(places), count)), context.logits
    for at in range(0, count, WINDOWS_A_STEP):
        done = min(at + WINDOWS_A_STEP, count)
        falls[:, at:done] = (logits - context.occluded(windows.boxes[at:done], filling))[:, places].T
        context.progress(done / count, f"{done} of {count} windows", windows.averaged(falls[:1], done)[0])
    return falls


@dataclass(frozen=True)
class _Windows:
    """Windows at every pair of a row's and a column's start, and the cells between their edges.

    boxes    (windows, 4) int: top, left, height, width, row after row
    rows     (cells, starts) float: 1 where the windows of a start cover a cell of that row
    columns  the same across
    """

    boxes: np.ndarray
    rows: np.ndarray
    columns: np.ndarray

    @classmethod
    def over(cls, size: tuple[int, int], patch: int, stride: int) -> "_Windows":
        height, width = (min(patch, side) for side in size)
        tops, lefts = (_starts(side, patch, stride) for side in size)
        boxes = np.array([(top, left, height, width) for top in tops for left in lefts])
        return cls(boxes, _cover(size[0], tops, height), _cover(size[1], lefts, width))

    def averaged(self, falls: np.ndarray, done: int) -> np.ndarray:
        """(findings, y, x): mean over the first `done` windows that cover a cell of `falls` (findings, windows).

        Later falls must be 0; so is a cell that none of the windows covers.
        """
        grid = self.rows.shape[1], self.columns.shape[1]
        known = (np.arange(len(self.boxes)) < done).astype(float)
        sums, counts = (self.rows @ each.reshape(-1, *grid) @ self.columns.T for each in (falls, known))
        return sums / np.maximum(counts, 1)


def _starts(side: int, patch: int, stride: int) -> list[int]:
    """Where the windows start along a side: every stride, and one that ends at the border."""
    last = max(0, side - patch)
    return [*range(0, last, min(stride, patch)), last]


def _cover(side: int, starts: Sequence[int], patch: int) -> np.ndarray:
    """(cells, starts): a cell is the greatest common divisor of all edges, so that no edge runs through one."""
    firsts = np.arange(0, side, gcd(side, patch, *starts))[:, None]
    return ((firsts >= np.array(starts)) & (firsts < np.array(starts) + patch)).astype(float)


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

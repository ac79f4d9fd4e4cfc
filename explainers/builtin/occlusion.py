"""What the logit loses when a part of the radiograph is hidden."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import gcd
from typing import Annotated, Any, Literal

import numpy as np

from cxr.fills import fill_values
from explainers import Context, Explainer, Range, hookimpl

WINDOWS_A_STEP = 8
"""Windows, at least, between two reports of progress."""

MOST_KRIGED = 96
"""Computed windows, at most, from which a preview fills in the others: a larger system is solved on several cores, and
waits for those that compute."""

MOST_PREVIEWED = 400
"""Windows up to which the map is filled in at every step; with thousands that would take longer than the network."""

CORRELATED = 3.0
"""Strides over which falls resemble each other, for filling in windows that aren't computed: with 2 or 5 the filled in
maps of 13 radiographs were no closer to the full ones. Nor were they with covariances learned from other radiographs or
with gradient × (input − fill), integrated gradients or Grad-CAM's map as covariates. Windows chosen by the falls so far
gained one radiograph at 45 %. Falls of the input at half its size rank as these by 0.1 to 0.6, and cost 0.4 of them."""

NUGGET = 1e-3
"""Share of a fall's variance that its neighbours say nothing of."""

Patch = Annotated[int, Range(8, 112, step=8)]
Stride = Annotated[int, Range(4, 112, step=4)]
Fill = Literal["mean", "black", "blur"]
Share = Annotated[int, Range(30, 100, step=5)]


class Occlusion(Explainer):
    """Fall of the logit when a square is covered, averaged over the squares that contain a place.

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
        One forward pass for each window, 169 by default, beside the one that scored the radiograph; about half of one
        where the first two blocks are computed only as far as the window reaches. All findings come from the same
        passes. Windows are computed coarse to fine, and the map is shown while it is refined.
    Options:
        patch: side of the window in pixels of the input; at most the input's own sides
        stride: distance between windows in pixels of the input; at most the patch, so that no pixel is left out
        fill: what hides the window: the input's mean, the darkest value in it (collimation and air look like that), or
            the input itself, blurred with a σ of half the patch
        share: percent of the windows that are computed, evenly spread; between them the falls are interpolated. With
            the packaged network, the ranks of the highest finding's map correlated with the full map's by 0.95 or more
            on 13 of 13 radiographs at 50, on 10 at 45, on 7 at 40 and on 2 at 30
    Source:
        Zeiler, Fergus, Visualizing and Understanding Convolutional Networks, ECCV 2014; arXiv 1311.2901.
    """

    name, title, unit = "occlusion", "Occlusion", "logit"
    reference = "Zeiler, Fergus 2014, arXiv 1311.2901"
    # at most (side / stride)² windows, and the picture as it is
    most_passes = 197

    def explain(
        self,
        context: Context,
        finding: str,
        *,
        patch: Patch = 32,
        stride: Stride = 16,
        fill: Fill = "mean",
        share: Share = 100,
    ) -> np.ndarray:
        """The map `(y, x)` of one finding, on the coarsest even grid on which it is exact."""
        return self.explain_findings(context, [finding], patch=patch, stride=stride, fill=fill, share=share)[0]

    def explain_findings(
        self,
        context: Context,
        findings: Sequence[str],
        *,
        patch: Patch = 32,
        stride: Stride = 16,
        fill: Fill = "mean",
        share: Share = 100,
    ) -> np.ndarray:
        """The maps `(len(findings), y, x)`, from the same passes."""
        windows = _Windows.over(context.input.shape[:2], patch, stride)
        order = windows.coarse_to_fine()
        order = order[: max(1, -(-len(order) * share // 100))]
        context.note(windows=len(windows.boxes), computed=len(order))
        places = [context.labels.index(finding) for finding in findings]
        filled = fill_values(context.input, fill, sigma_px=patch / 2)
        return windows.averaged(_falls(context, windows, order, filled, places))

    @classmethod
    def options_in_effect(cls, options: Mapping[str, Any], input_size: Sequence[int]) -> dict[str, Any]:
        """A patch is at most as long as the input's longer side, and a stride at most as long as the patch."""
        patch = min(options["patch"], max(input_size))
        return {**options, "patch": patch, "stride": min(options["stride"], patch)}


def _falls(
    context: Context, windows: "_Windows", order: np.ndarray, filling: np.ndarray, places: Sequence[int]
) -> np.ndarray:
    """How far each finding's logit falls under each window, `(findings, windows)`, those in `order` computed.

    The first finding's map is previewed as it is refined.
    """
    logits, falls, reported = context.logits[places], np.empty((len(places), 0)), 0
    for found in context.occluded_in_steps(windows.boxes[order], filling):
        falls = np.concatenate([falls, (logits - found[:, places]).T], axis=1)
        done = falls.shape[1]
        if done < min(reported + WINDOWS_A_STEP, len(order)):
            continue
        reported = done
        small = len(windows.boxes) <= MOST_PREVIEWED
        filled = windows.completed(falls[:1], order[:done], most=MOST_KRIGED) if small else None
        preview = None if filled is None else windows.averaged(filled)[0]
        context.progress(done / len(order), f"refining: {done} of {len(order)} windows", preview)
    return windows.completed(falls, order)


@dataclass(frozen=True, eq=False)
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

    def averaged(self, falls: np.ndarray) -> np.ndarray:
        """(findings, y, x) float32: mean over the windows that cover a cell, of `falls` (findings, windows)."""
        grid = self.rows.shape[1], self.columns.shape[1]
        counts = np.outer(self.rows.sum(axis=1), self.columns.sum(axis=1))
        sums = self.rows @ falls.reshape(-1, *grid) @ self.columns.T
        return (sums / counts).astype(np.float32)

    @cached_property
    def covariance(self) -> np.ndarray:
        """(windows, windows): Matérn's of order 3/2, over the windows' rows and columns."""
        places = np.stack(np.divmod(np.arange(len(self.boxes)), self.columns.shape[1]), axis=1)
        apart = np.sqrt(3) * np.linalg.norm(places[:, None] - places[None], axis=-1) / CORRELATED
        return (1 + apart) * np.exp(-apart)

    def coarse_to_fine(self) -> np.ndarray:
        """(windows,) their numbers: every fourth down and across, every second, every other one, the rest.

        Within each, in an order that leaves no part of the picture for last.
        """
        row, column = np.divmod(np.arange(len(self.boxes)), self.columns.shape[1])
        levels = [(row % 4 == 0) & (column % 4 == 0), (row % 2 == 0) & (column % 2 == 0), (row + column) % 2 == 0]
        level = np.select(levels, range(len(levels)), len(levels))
        return np.lexsort((np.random.default_rng(0).permutation(len(self.boxes)), level))

    def completed(self, falls: np.ndarray, computed: np.ndarray, *, most: int | None = None) -> np.ndarray:
        """(findings, windows) from the falls `(findings, len(computed))` of some: the others by kriging.

        most  computed windows from which the others are filled in, the first ones; None for all
        """
        count = len(self.boxes)
        if len(computed) == count:
            whole = np.empty((len(falls), count))
            whole[:, computed] = falls
            return whole
        known = computed[:most]
        covariance = self.covariance[:, known]
        middle = falls.mean(axis=1, keepdims=True)
        weights = np.linalg.solve(covariance[known] + NUGGET * np.eye(len(known)), (falls[:, :most] - middle).T)
        whole = middle + (covariance @ weights).T
        whole[:, computed] = falls
        return whole


def _starts(side: int, patch: int, stride: int) -> list[int]:
    """Where the windows start along a side: every stride, and one that ends at the border."""
    last = max(0, side - patch)
    return [*range(0, last, min(stride, patch)), last]


def _cover(side: int, starts: Sequence[int], patch: int) -> np.ndarray:
    """(cells, starts): a cell is the greatest common divisor of all edges, so that no edge runs through one."""
    firsts = np.arange(0, side, gcd(side, patch, *starts))[:, None]
    return ((firsts >= np.array(starts)) & (firsts < np.array(starts) + patch)).astype(float)


@hookimpl
def cxr_lens_explainers() -> list[type[Explainer]]:
    return [Occlusion]

"""The CAM sum: a logit as an exact sum over the cells of the last layer, and the same squares in pixels.

Where the last layer with a map is averaged before one dense layer, a logit is

    z = bias + Σ over cells of c,      c = Σ over channels k of w_k · A_k / cells

(Zhou et al. 2016, CAM): nothing is approximated. Taking a cell's features out of that mean, which is still divided by
the number of all cells, leaves exactly z − c. Covering the cell's square of pixels is another experiment: a cell's
features draw on pixels far outside its square, and these pixels feed other cells' features.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from cxr.capabilities import FORWARD_FROM, LAYER_GRADIENT, LAYERS, not_available
from cxr.errors import LayerError
from cxr.fills import fill_values
from cxr.frame import Frame
from cxr.predictor import Predictor
from cxr.preparation import Prepared
from explainers.map_statistics import spearman

TOLERANCE = 1e-4
"""Of the sum of the cells' sizes, at least 1 logit: float32's error stays a hundred times below it."""


@dataclass(frozen=True, eq=False)
class CamSum:
    """The sums of one input, for all findings at once. Axis n goes by `labels`.

    labels   the findings
    layer    the layer whose cells are summed
    cells    (n, y, x) float64, in logits: what the features of each cell add
    bias     (n,) float64, in logits: what is left without any features
    logits   (n,) float64, in logits: what the network gave, which is the bias plus all cells
    frame    the way from the input, which the cells tile evenly, to the radiograph
    """

    labels: tuple[str, ...]
    layer: str
    cells: np.ndarray
    bias: np.ndarray
    logits: np.ndarray
    frame: Frame

    @property
    def without(self) -> np.ndarray:
        """(n, y, x) float64: each logit with one cell's features taken out of the mean."""
        return self.logits[:, None, None] - self.cells

    @property
    def windows(self) -> np.ndarray:
        """(y · x, 4) int: top, left, height and width in input pixels of each cell's square, row by row."""
        (tops, heights), (lefts, widths) = (
            _edges(side, count) for side, count in zip(self.frame.input_size, self.cells.shape[1:], strict=True)
        )
        return np.stack(
            [np.repeat(tops, len(lefts)), np.tile(lefts, len(tops)),
             np.repeat(heights, len(lefts)), np.tile(widths, len(tops))], axis=1,
        )  # fmt: skip


def cam_sum(predictor: Predictor, prepared: Prepared) -> CamSum:
    """The CAM sum of a prepared input: no forward pass beside the one that scored it.

    Raises NotAvailable for a network without inner layers, and LayerError where its end is not a mean and one dense
    layer, so that no such sum is exact. That is checked: each cell's features are taken out, and every logit must fall
    by just the cell's value.
    """
    if missing := {LAYERS, LAYER_GRADIENT, FORWARD_FROM} - predictor.capabilities:
        raise not_available(missing)
    if predictor.config.head:
        raise LayerError("This network has a hidden layer after its pooling: its logit is no sum over cells.")
    layer = list(predictor.layers)[-1]
    batch = prepared.array[None]
    logits, activations = predictor.forward_with(batch, layer)
    features = activations[0].astype(np.float64)
    gradients = predictor.layer_gradient(batch, layer)[0]
    made = CamSum(
        labels=predictor.labels,
        layer=layer,
        # in float64, since thousands of terms of both signs cancel
        cells=np.stack([np.einsum("yxk,yxk->yx", features, each, dtype=np.float64) for each in gradients]),
        bias=predictor.forward_from(layer, 0 * activations)[0].astype(np.float64),
        logits=logits[0].astype(np.float64),
        frame=prepared.frame,
    )
    _check(predictor, made, activations)
    return made


def logits_covered(
    predictor: Predictor, prepared: Prepared, windows: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Logits with one window of pixels after the other filled with the input's mean, some at a time.

    windows  (m, 4) int, as `CamSum.windows` has them
    yields   (rows, logits): which of the windows, and their (len(rows), n) float32 logits
    """
    done = 0
    for found in predictor.occluded_in_steps(prepared.array, windows, fill_values(prepared.array)):
        yield np.arange(done, done + len(found)), found
        done += len(found)


def rank_correlations(made: CamSum, covered: np.ndarray) -> dict[str, float]:
    """{finding: Spearman's ρ} between what cells add and what covering them takes away, `covered` (y · x, n) logits."""
    falls = made.logits - covered
    return {
        finding: spearman(made.cells[place], falls[:, place].reshape(made.cells.shape[1:]))
        for place, finding in enumerate(made.labels)
    }


def _edges(side: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """First pixel and length of each of `count` cells along a side."""
    ends = np.rint(np.linspace(0, side, count + 1)).astype(int)
    return ends[:-1], np.diff(ends)


def _check(predictor: Predictor, made: CamSum, activations: np.ndarray) -> None:
    """Raises LayerError unless the sum is exact, cell by cell and as a whole."""
    allowed = TOLERANCE * np.maximum(1.0, np.abs(made.cells).sum(axis=(1, 2)))
    exact = (np.abs(made.bias + made.cells.sum(axis=(1, 2)) - made.logits) <= allowed).all()
    columns = np.arange(made.cells.shape[2])
    for row in range(made.cells.shape[1]):
        removed = np.repeat(activations, len(columns), axis=0)
        removed[columns, row, columns] = 0
        left = predictor.forward_from(made.layer, removed)
        exact = exact and (np.abs(left - made.without[:, row].T) <= allowed).all()
    if not exact:
        raise LayerError("This network doesn't average its last layer's cells: its logit is no exact sum over them.")

"""How the logit goes with what random masks leave visible."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import cv2
import numpy as np

from cxr.fills import fill_values
from explainers import Context, Explainer, Range, hookimpl
from explainers.map_statistics import spearman

AT_ONCE = 16
"""Masked pictures in one batch; after each the run can be cancelled."""

VISIBLE = 0.5
"""Share of a mask's cells that leave the picture visible."""

LOOKS_EVERY = 128
"""Masks between two looks at whether the halves agree."""

COMPARED = (28, 28)
"""Grid on which the halves are compared: as fine as masks of at most 16 cells a side can tell."""


class Rise(Explainer):
    """Difference of the logit between randomly covered images in which a place is visible and in which it is not.

    Method:
        Masks M of cells that are open with probability 1/2, enlarged bilinearly, each shifted by its own random part of
        a cell. Hidden parts are filled with the input's mean. With z the finding's logit of the masked input,
        m(p) = cov(z, M(p)) / var(M(p)): the slope of the logit on what is visible of p.
    Map:
        The input's own grid, as smooth as the masks' cells, in logits from hidden to visible. Zero: no influence that
        could be seen. It is an estimate: its standard error is noted as an array.
    Departs from paper:
        Centred: the paper averages masks weighted by scores, which leaves the mean score in every pixel and no sign.
        Masks are added until the maps of two halves correlate (Spearman) by `agreement`, or `most` is reached, instead
        of a fixed number; a mask is filled with the mean, not with black; the logit, not a score.
    Fails when:
        Half of the picture is hidden at a time: the network answers for pictures that it never saw. Evidence that is
        there twice counts half. Few masks: trust no structure smaller than the standard error.
    Cost:
        One forward pass for each mask: 256 to 1024 by default.
    Options:
        cells: cells of a mask along a side; more make finer maps that need more masks
        agreement: correlation between the maps of two halves of the masks at which it stops
        most: masks after which it stops in any case
    Source:
        Petsiuk, Das, Saenko, RISE: Randomized Input Sampling for Explanation of Black-box Models, BMVC 2018; arXiv
        1806.07421.
    """

    name, title, unit, stochastic = "rise", "RISE", "logit", True
    expected_failures: ClassVar = {
        "options": "on a small network two halves of the masks agree by 0.745 at once, so a lower limit ends no earlier"
    }
    reference = "Petsiuk et al. 2018, arXiv 1806.07421"
    by_default = False
    most_passes = 1024

    def explain(
        self,
        context: Context,
        finding: str,
        *,
        cells: Annotated[int, Range(4, 16, step=1)] = 7,
        agreement: Annotated[float, Range(0.5, 0.99, step=0.01)] = 0.9,
        most: Annotated[int, Range(256, 4096, step=256)] = 1024,
    ) -> np.ndarray:
        """The map `(h, w)` of one finding, on the input's grid."""
        size, place = context.input.shape[:2], context.labels.index(finding)
        fill = fill_values(context.input)
        halves = _Slope(size), _Slope(size)
        drawn, reached = 0, float("nan")
        while drawn < most and not reached >= agreement:
            masks = _masks(context.rng, AT_ONCE, cells, size)
            seen = fill + masks[..., None] * (context.input - fill)
            halves[drawn // AT_ONCE % 2].add(masks, context.forward(seen.astype(np.float32))[:, place])
            drawn += AT_ONCE
            if drawn % LOOKS_EVERY == 0 and drawn >= 2 * LOOKS_EVERY:
                reached = _agreement(halves[0].map(), halves[1].map())
            text = f"{drawn} masks" + ("" if np.isnan(reached) else f", halves agree by {reached:.2f}")
            context.progress(drawn / most, text, (halves[0] + halves[1]).map() if drawn % 64 == 0 else None)
        whole = halves[0] + halves[1]
        context.note(masks=drawn, agreement_of_halves=round(reached, 4), standard_error=whole.standard_error())
        context.progress(1.0, f"{drawn} masks, halves agree by {reached:.2f}")
        return whole.map()


@dataclass
class _Slope:
    """Sums from which the slope of the logit on each pixel's visibility follows."""

    size: tuple[int, int]

    def __post_init__(self) -> None:
        self.count = 0
        self.sums = np.zeros((2, 1, 1))  # of z, z²
        self.fields = np.zeros((5, *self.size))  # of M, M², zM, zM², z²M² centred later
        self.third = np.zeros(self.size)  # of z²M

    def add(self, masks: np.ndarray, logits: np.ndarray) -> None:
        """Masks `(N, h, w)` and the logits `(N,)` under them."""
        logits = logits.astype(np.float64)
        self.count += len(masks)
        self.sums += np.array([logits.sum(), (logits**2).sum()])[:, None, None]
        squares = masks**2
        once = np.tensordot(np.stack([np.ones_like(logits), logits, logits**2]), masks, 1)
        twice = np.tensordot(np.stack([np.ones_like(logits), logits, logits**2]), squares, 1)
        self.fields += np.stack([once[0], twice[0], once[1], twice[1], twice[2]])
        self.third += once[2]

    def __add__(self, other: "_Slope") -> "_Slope":
        total = _Slope(self.size)
        total.count = self.count + other.count
        total.sums, total.fields = self.sums + other.sums, self.fields + other.fields
        total.third = self.third + other.third
        return total

    def map(self) -> np.ndarray:
        """(h, w): covariance over variance."""
        means, (z, _) = self.fields / self.count, self.sums / self.count
        variance = means[1] - means[0] ** 2
        return (means[2] - z * means[0]) / np.maximum(variance, 1e-9)

    def standard_error(self) -> np.ndarray:
        """(h, w) float32, of `map`: from the products of both deviations, which need not spread evenly."""
        (m, mm, zm, zmm, zzmm), (z, zz) = self.fields / self.count, self.sums / self.count
        zzm = self.third / self.count
        # E[(z − z̄)² (M − M̄)²], written out
        fourth = zzmm - 2 * m * zzm + m**2 * zz - 2 * z * (zmm - 2 * m * zm + m**2 * z) + z**2 * (mm - m**2)
        slope, variance = self.map(), np.maximum(mm - m**2, 1e-9)
        products = np.maximum(fourth - (slope * variance) ** 2, 0)
        return (np.sqrt(products / self.count) / variance).astype(np.float32)


def _masks(rng: np.random.Generator, count: int, cells: int, size: tuple[int, int]) -> np.ndarray:
    """(count, h, w) float64 from 0 (hidden) to 1 (visible), each with a shift of its own."""
    height, width = size
    step = -(-height // cells), -(-width // cells)
    grids = (rng.uniform(size=(count, cells + 1, cells + 1)) < VISIBLE).astype(np.float32)
    tops, lefts = rng.integers(step[0], size=count), rng.integers(step[1], size=count)
    large = ((cells + 1) * step[1], (cells + 1) * step[0])
    masks = [
        cv2.resize(grid, large, interpolation=cv2.INTER_LINEAR)[top : top + height, left : left + width]
        for grid, top, left in zip(grids, tops, lefts, strict=True)
    ]
    return np.stack(masks).astype(np.float64)


def _agreement(one: np.ndarray, other: np.ndarray) -> float:
    """Spearman's correlation of two maps on a coarse grid."""
    return spearman(*(cv2.resize(each, COMPARED[::-1], interpolation=cv2.INTER_AREA) for each in (one, other)))


@hookimpl
def cxr_lens_explainers() -> list[type[Explainer]]:
    return [Rise]

"""Whether the map stays the same when the picture changes imperceptibly."""

from collections.abc import Iterator
from types import MappingProxyType

import cv2
import numpy as np

from explainers import Measure, Measured, Subject, hookimpl
from explainers.map_statistics import on_grid, spearman
from explainers.perturbation import with_noise

NOISES = 2
"""Number of independent noises."""

STABLE, PARTLY = 0.9, 0.5
"""Rank correlations from which a map is called stable, and partly stable."""

WHOLLY = 0.999
"""Share of a cell that must lie in both pictures for it to be compared."""

SHIFT_PX = 2
TURN_DEGREES = 1.0


class Stability(Measure):
    """Lowest rank correlation of the map with maps of slightly changed copies of the image.

    Changes: even noise of at most 0.02 input units, a shift by 2 pixels, a turn by 1°; the maps are moved back before
    they are compared. An explanation should move when the score moves: the change of the logit stands beside. A map
    that never changes, whatever the picture, is as stable as can be: stability alone speaks for nothing.
    Source: after max-sensitivity, Yeh et al., NeurIPS 2019.
    """

    name, title, unit, bounds, better = "stability", "Stable under small changes", "rank correlation", (-1, 1), "higher"
    reference = "Yeh et al. 2019, arXiv 1901.09392"
    verdicts = ("stable", "partly stable", "unstable")
    expected_failures = MappingProxyType(
        dict.fromkeys(("planted", "crop"), "A map that knows nothing of the picture is stable, too.")
    )

    def measure(self, subject: Subject) -> Measured:
        """The least correlation over the changes."""
        own, size = subject.explanation, subject.context.input.shape[:2]
        place = subject.context.labels.index(own.finding)
        logit = float(subject.context.logits[place])
        found, moved = {}, {}
        changes = list(_changes(subject.context.input, subject.rng))
        for number, (name, array, back) in enumerate(changes):
            subject.progress(number / len(changes), name)
            values = cv2.resize(_large(subject.again(array=array), size), size[::-1])
            unmoved, inside_both = _moved(values, back), _moved(np.ones(size, np.float32), back) > WHOLLY
            inside = on_grid(inside_both.astype(np.float32)) > WHOLLY
            found[name] = spearman(on_grid(_large(own.map, size))[inside], on_grid(unmoved)[inside])
            moved[name] = float(subject.context.forward(array[None])[0, place]) - logit
        least = min(found.values())
        farthest = max(map(abs, moved.values()))
        sentence = (
            f"After changes that nobody would notice, the rank correlation with this map is at least {least:.2f} (the "
            f"same map: 1), and the logit changes by at most {farthest:.2g}."
        )
        figures = {
            "changes": {name: round(value, 4) for name, value in found.items()},
            "logit_changes": {name: round(value, 4) for name, value in moved.items()},
        }
        verdict = "stable" if least >= STABLE else "partly stable" if least >= PARTLY else "unstable"
        return Measured(least, sentence, verdict, figures, compared_with="same map: 1")


def _changes(picture: np.ndarray, rng: np.random.Generator) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """(name, changed input, 2 × 3 matrix that moves a map of it back)."""
    still = np.array([[1, 0, 0], [0, 1, 0]], np.float32)
    for number in range(NOISES):
        yield f"noise {number + 1}", with_noise(picture, rng), still
    shift = np.array([[1, 0, SHIFT_PX], [0, 1, SHIFT_PX]], np.float32)
    yield "shift", _moved(picture, shift), np.array([[1, 0, -SHIFT_PX], [0, 1, -SHIFT_PX]], np.float32)
    height, width = picture.shape[:2]
    middle = ((width - 1) / 2, (height - 1) / 2)
    turn, back = (cv2.getRotationMatrix2D(middle, way * TURN_DEGREES, 1.0) for way in (1, -1))
    yield "turn", _moved(picture, turn), back


def _moved(values: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """An array moved by a matrix; beyond the border, pictures (h, w, c) repeat it, and maps and masks are zero."""
    border = cv2.BORDER_CONSTANT if values.ndim == 2 else cv2.BORDER_REPLICATE
    moved = cv2.warpAffine(values, matrix, values.shape[1::-1], flags=cv2.INTER_LINEAR, borderMode=border)
    return moved.reshape(values.shape)


def _large(values: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    from cxr.frame import Frame

    return Frame(size, size, (0.0, 0.0, float(size[0]), float(size[1]))).map_to_input(values)


@hookimpl
def cxr_lens_measures() -> list[type[Measure]]:
    return [Stability]

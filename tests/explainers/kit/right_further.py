"""Explainers and measures of unusual style, with which nothing is wrong."""

import threading
import weakref
from typing import Annotated, ClassVar

import numpy as np

from explainers import Explainer, Layer, Measure, Measured, NotMeasurable, Range


def _explain(self, context, finding):
    """Nested lists of Python numbers."""
    layer = list(context.layers)[-1]
    weights = context.layer_gradient(layer, finding).mean((0, 1))
    cells = context.activations(layer)
    return [[float(sum(a * w for a, w in zip(cell, weights, strict=True))) for cell in row] for row in cells]


# made without a class statement
Lists = type(
    "Lists",
    (Explainer,),
    {"__doc__": "CAM in plain Python.", "name": "lists", "title": "Lists", "unit": "logit", "explain": _explain},
)


class Share(Explainer):
    """A share of the map's sum on coarse cells, of all findings at once, as a tuple from a generator."""

    name, title, unit, signed = "share_of_magnitude", "Share", "share of the map", False

    def explain(self, context, finding):
        (only,) = self.explain_findings(context, [finding])
        return only

    def explain_findings(self, context, findings, **_):
        return tuple(self._maps(context, findings))

    def _maps(self, context, findings):
        for finding in findings:
            product = ((context.input - context.input.mean()) * context.input_gradient(finding)).sum(-1)
            rows, columns = (side // 8 for side in product.shape)
            cells = np.maximum(product, 0).reshape(rows, 8, columns, 8).sum((1, 3))
            yield cells / cells.sum() if cells.any() else cells


class KeptWell(Explainer):
    """Keeps a context's activations in a table that forgets them with it, behind a lock."""

    name, title, unit = "kept_well", "Kept well", "logit"
    lock: ClassVar = threading.Lock()
    kept: ClassVar = weakref.WeakKeyDictionary()

    def explain(self, context, finding, *, layer: Annotated[str, Layer()] = "relu"):
        with self.lock:
            kept = self.kept.setdefault(context, {})
        if layer not in kept:
            kept[layer] = context.activations(layer), context.layer_gradient(layer)
        activations, gradients = kept[layer]
        return np.tensordot(activations, gradients[context.labels.index(finding)].mean((0, 1)), 1)


class Contrast(Measure):
    """How much higher the hottest tenth is than the rest, in deviations of the map: no value speaks for a map."""

    name, title, unit = "contrast", "Contrast", "standard deviations"

    def measure(self, subject):
        values = np.sort(subject.explanation.map.astype(np.float64).ravel())
        if values.size < 10 or not values.std() > 0:
            raise NotMeasurable("The map is flat, or has fewer than ten cells.")
        tenth = len(values) // 10
        contrast = float((values[-tenth:].mean() - values[:-tenth].mean()) / values.std())
        return Measured(contrast, f"The hottest tenth is {contrast:.1f} deviations above the rest.")


class Quadtree(Explainer):
    """Occlusion of quarters, and of quarters of those whose covering changes the logit most."""

    name, title, unit, most_passes = "quadtree", "Quadtree", "logit", 400

    def explain(self, context, finding, *, depth: Annotated[int, Range(2, 5)] = 4):
        place, total = context.labels.index(finding), np.zeros(context.input.shape[:2])
        windows = [(0, 0, *total.shape)]
        for level in range(depth):
            quarters = [each for window in windows for each in _quarters(*window)]
            found = []
            for logits in context.occluded_in_steps(np.array(quarters), float(context.input.mean())):
                found.extend(np.asarray(logits).reshape(-1, len(context.labels))[:, place])
                context.progress((level + len(found) / len(quarters)) / depth)
            falls = context.logits[place] - np.array(found)
            for (top, left, height, width), fall in zip(quarters, falls, strict=True):
                total[top : top + height, left : left + width] = fall
            windows = [quarters[at] for at in np.argsort(-np.abs(falls), kind="stable")[:16]]
        return total


def _quarters(top, left, height, width):
    for down, rows in ((0, height // 2), (height // 2, height - height // 2)):
        for across, columns in ((0, width // 2), (width // 2, width - width // 2)):
            yield top + down, left + across, rows, columns


class LinearFit(Explainer):
    """Ridge regression of the logit on which squares are covered, as LIME and KernelSHAP fit one."""

    name, title, unit, stochastic, most_passes = "linear_fit", "Linear fit", "logit", True, 1200

    def explain(self, context, finding, *, draws: Annotated[int, Range(500, 1000, step=100)] = 700):
        place, size = context.labels.index(finding), context.input.shape[:2]
        shape = tuple(8 * side // min(size) for side in size)
        rows, columns = (np.arange(side) * count // side for side, count in zip(size, shape, strict=True))
        seen = context.rng.random((draws, shape[0] * shape[1])) < 0.8
        found = []
        for at in range(0, draws, 20):
            masks = seen[at : at + 20].reshape(-1, *shape)[:, rows][:, :, columns, None]
            covered = np.where(masks, context.input, context.input.mean()).astype(np.float32)
            found.append(context.forward(covered)[:, place])
            context.progress(min(1.0, (at + 20) / draws))
        design, logits = seen - seen.mean(axis=0), np.concatenate(found).astype(np.float64)
        kernel = design.T @ design + 1e-3 * np.eye(design.shape[1])
        return np.linalg.solve(kernel, design.T @ (logits - logits.mean())).reshape(shape)


QUICK = (Lists, Share, KeptWell, Contrast)
COSTLY = (Quadtree, LinearFit)
"""Whose checks need thousands of passes."""

"""Explainers and measures with one plausible mistake each, which a whole run of the kit once passed."""

import time
from typing import Annotated, ClassVar

import numpy as np

from explainers import Explainer, Measure, Measured, NotMeasurable, Range
from explainers.box_scores import box_scores, sample_with_box
from explainers.builtin.smoothgrad import SmoothGrad
from explainers.map_statistics import on_grid, spearman
from explainers.perturbation import with_noise


def cam(context, finding):
    """The exact map of the kit's networks."""
    layer = list(context.layers)[-1]
    return context.activations(layer) @ context.layer_gradient(layer, finding).mean((0, 1))


def noisy(context, finding, count):
    """The sum of `count` gradients of noisy copies."""
    noise = context.rng.normal(scale=0.15 * np.ptp(context.input), size=(count, *context.input.shape[:2], 1))
    return context.input_gradient(finding, (context.input + noise).astype(np.float32)).sum((0, -1))


class LargestIsTheFall(Explainer):
    """Rescales the map so that its largest cell is what the whole picture is worth."""

    name, title, unit = "largest_is_the_fall", "Rescaled", "logit"

    def explain(self, context, finding):
        values, place = cam(context, finding), context.labels.index(finding)
        empty = np.full(context.input.shape, context.input.mean(), np.float32)
        fall = abs(context.logits[place] - context.forward(empty[None])[0, place])
        return values / max(np.abs(values).max(), 1e-12) * fall


class Clipped(Explainer):
    """Clips the map at its 95th percentile."""

    name, title, unit = "clipped", "Clipped", "logit"

    def explain(self, context, finding):
        values = cam(context, finding)
        return np.clip(values, *np.percentile(values, (5, 95)))


class KeptPlaces(Explainer):
    """Looks the findings' places up once, for all networks."""

    name, title, unit = "kept_places", "Kept places", "logit"
    places: ClassVar[dict] = {}

    def explain(self, context, finding):
        place = self.places.setdefault(finding, context.labels.index(finding))
        layer = list(context.layers)[-1]
        return context.activations(layer) @ context.layer_gradient(layer)[place].mean((0, 1))


class WallClock(Explainer):
    """Stops after a second and a half."""

    name, title, unit, stochastic = "wall_clock", "Wall clock", "logit per input unit", True

    def explain(self, context, finding):
        begin, total, done = time.perf_counter(), 0.0, 0
        while done < 24 and (not done or time.perf_counter() - begin < 1.5):
            total, done = total + noisy(context, finding, 8), done + 8
        return total / done


class LastBatch(Explainer):
    """Forgets the last, incomplete batch."""

    name, title, unit, stochastic = "last_batch", "Last batch", "logit per input unit", True

    def explain(self, context, finding, *, samples: Annotated[int, Range(8, 64)] = 24):
        count = samples // 7
        return sum(noisy(context, finding, 7) for _ in range(count)) / (7 * count)


class ByPosition(SmoothGrad):
    """Draws, and returns maps in the network's order, whatever was asked for."""

    name, title = "by_position", "By position"

    def explain_findings(self, context, findings, **options):
        return np.stack([self.explain(context, each, **options) for each in context.labels if each in findings])


class Threshold(Explainer):
    """Sets what is below a hundredth of a logit to zero."""

    name, title, unit = "threshold", "Threshold", "logit"

    def explain(self, context, finding):
        values = cam(context, finding)
        return np.where(np.abs(values) < 0.01, 0, values)


class OwnDeviation(Explainer):
    """Divides by the picture's standard deviation, and multiplies by it."""

    name, title, unit = "own_deviation", "Own deviation", "logit"

    def explain(self, context, finding):
        with np.errstate(invalid="ignore"):
            standard = (context.input - context.input.mean()) / context.input.std()
        return (standard * context.input_gradient(finding)).sum(-1) * context.input.std()


class SignedByTheCall(Explainer):
    """Positive where the map agrees with whether the finding is called present."""

    name, title, unit = "signed_by_the_call", "Signed by the call", "logit"

    def explain(self, context, finding):
        values = cam(context, finding)
        return values * np.sign(values.sum()) * np.sign(context.logits[context.labels.index(finding)])


class FirstBox(Measure):
    """Takes the first of the boxes for all."""

    name, title, unit, bounds, better, needs_box = "first_box", "First box", "share", (0, 1), "higher", True

    def measure(self, subject):
        if subject.box is None:
            raise NotMeasurable("There is no box.")
        mass = box_scores(*sample_with_box(subject.explanation.on_image(), subject.box))["mass"]
        return Measured(mass, f"{mass:.0%} of the map lies in the box.")


class Percent(Measure):
    """Says 50 for a half."""

    name, title, unit, better, needs_box = "percent", "Percent", "share of the map", "higher", True

    def measure(self, subject):
        if subject.box is None:
            raise NotMeasurable("There is no box.")
        inside = sample_with_box(subject.explanation.on_image(), subject.box, *subject.more_boxes)
        mass = 100 * box_scores(*inside)["mass"]
        return Measured(mass, f"{mass:.0f} % of the map lies in the box.")


class DefaultOptions(Measure):
    """Compares the map with one that has the explainer's default options."""

    name, title, unit, bounds, better = "default_options", "Stable", "rank correlation", (-1, 1), "higher"

    def measure(self, subject):
        own, explainer = subject.explanation, subject.explainer()
        array = with_noise(subject.context.input, subject.rng)
        context = subject.context
        context.input = array
        found = spearman(on_grid(own.map), on_grid(np.asarray(explainer.explain(context, own.finding))))
        return Measured(found, f"The correlation with a noisy picture's map is {found:.2f}.")


MISTAKES = [
    (LargestIsTheFall, "local", "Scale nothing to the map's largest value"),
    (Clipped, "frame", "is flat. It must show where the evidence is"),
    (KeptPlaces, "names", "findings are in another order"),
    (WallClock, "determinism", "Let no clock decide"),
    (LastBatch, "options", "the same map at 24 and at 22"),
    (ByPosition, "batch", "gives Effusion the map of Mass"),
    (Threshold, "unit", "Round nothing, and compare with no fixed number"),
    (OwnDeviation, "finite", "On a picture that is grey all over"),
    (SignedByTheCall, "unit", "its level, its sign"),
    (FirstBox, "boxes", "take subject.box and subject.more_boxes"),
    (Percent, "bounds", "return 0.5 for a half"),
    (DefaultOptions, "again", "asks for another with the defaults"),
]
"""(class, the check that must find it, a part of its sentence)."""

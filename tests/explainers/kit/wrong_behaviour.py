"""Explainers with one fault each in what they do, for the check that is meant to find it."""

from typing import Annotated, Literal

import numpy as np

from explainers import Range
from tests.explainers.kit.wrong import Right


class Remembers(Right):
    """Normalises by the largest value of any picture so far."""

    name, largest = "remembers", 0.0

    def explain(self, context, finding):
        values = super().explain(context, finding)
        Remembers.largest = max(Remembers.largest, float(np.abs(values).max()))
        return values / max(Remembers.largest, 1e-9)


class BatchMates(Right):
    """Standardises over all findings that are asked for together."""

    name = "batch_mates"

    def explain_findings(self, context, findings):
        maps = np.stack([self.explain(context, finding) for finding in findings])
        return maps / max(np.abs(maps).sum(), 1e-9)


class Writes(Right):
    """Multiplies the input where it stands."""

    name = "writes"

    def explain(self, context, finding):
        gradient = context.input_gradient(finding)
        context.input.setflags(write=True)
        context.input[...] *= gradient
        return context.input.sum(-1)


class Unseeded(Right):
    """Noise from a generator of its own."""

    name = "unseeded"

    def explain(self, context, finding):
        noise = np.random.default_rng().normal(size=context.input.shape[:2])
        return super().explain(context, finding) + 1e-3 * noise


class GlobalSeed(Right):
    """Noise from numpy's global generator, seeded for everybody."""

    name = "global_seed"

    def explain(self, context, finding):
        np.random.seed(0)
        return super().explain(context, finding) + 1e-9 * np.random.normal(size=context.input.shape[:2])


class OneSeedForAll(Right):
    """Noise that the run's seed decides, and not the picture."""

    name, stochastic = "one_seed_for_all", True

    def explain(self, context, finding):
        noise = np.random.default_rng(context.seed).normal(size=context.input.shape[:2])
        return super().explain(context, finding) + 1e-3 * noise


class Silent(Right):
    """Hides eighty windows and never says how far it is."""

    name = "silent"
    cost = 80

    def explain(self, context, finding):
        place = context.labels.index(finding)
        for _ in range(self.cost // 16):
            context.forward(np.repeat(context.input[None], 16, axis=0))[:, place]
        return super().explain(context, finding)


class Deaf(Silent):
    """Says how far it is, and doesn't stop when told to."""

    name = "deaf"

    def explain(self, context, finding):
        from explainers.errors import Cancelled

        for step in range(5):
            context.forward(np.repeat(context.input[None], 16, axis=0))
            try:
                context.progress((step + 1) / 5)
            except Cancelled:
                continue
        return Right().explain(context, finding)


class Costly(Silent):
    """Makes more passes than it says."""

    name, most_passes = "costly", 40


class IdleOption(Right):
    """Has an option that it doesn't use."""

    name = "idle"

    def explain(self, context, finding, *, power: Annotated[int, Range(1, 3)] = 1, side: Literal["a", "b"] = "a"):
        return super().explain(context, finding) * (2 if side == "a" else 1)


class SharedState(Right):
    """Keeps the call's picture on the class, where other threads find it."""

    name = "shared_state"

    def explain(self, context, finding):
        SharedState.input = context.input
        gradient = context.input_gradient(finding)
        return (SharedState.input * gradient).sum(-1)


class NormalisesWhenAsked(Right):
    """Says that it is in logits, and divides by the maximum with one of its choices."""

    name = "normalises_when_asked"

    def explain(self, context, finding, *, level: Literal["as it is", "to one"] = "as it is"):
        values = super().explain(context, finding)
        return values if level == "as it is" else values / max(np.abs(values).max(), 1e-9)


class PreviewsTheSum(Right):
    """Shows the sum of what was found so far while it works, and the mean in the end."""

    name = "previews_the_sum"

    def explain(self, context, finding):
        values = super().explain(context, finding)
        for step in range(4):
            context.progress((step + 1) / 4, "", values * (step + 1))
        return values


FAULTS = {
    "settings": NormalisesWhenAsked,
    "previews": PreviewsTheSum,
    "batch": Remembers,
    "purity": Writes,
    "determinism": Unseeded,
    "progress": Silent,
    "cancel": Deaf,
    "time": Costly,
    "options": IdleOption,
    "threads": SharedState,
}
"""The check that must find it, and the explainer."""

"""Explainers with one fault each, for the check that is meant to find it."""

from typing import Annotated, Literal

import numpy as np

from explainers import Explainer, Layer, Range


class Right(Explainer):
    """Gradient times input: nothing is wrong with it."""

    name, title, unit = "right", "Right", "logit"

    def explain(self, context, finding):
        return (context.input * context.input_gradient(finding)).sum(-1)


class WrongShape(Right):
    """Rows and columns exchanged."""

    name = "wrong_shape"

    def explain(self, context, finding):
        return super().explain(context, finding).T


class Transposed(Right):
    """Rows and columns exchanged inside a grid of the right proportions."""

    name = "transposed"

    def explain(self, context, finding):
        values = super().explain(context, finding)
        square = values.reshape(8, 8, 12, 8).mean((1, 3))
        turned = np.zeros_like(square)
        turned[:, :8] = square[:, :8].T
        return turned


class NotANumber(Right):
    """Divides by what may be zero."""

    name = "not_a_number"

    def explain(self, context, finding):
        values = super().explain(context, finding)
        with np.errstate(invalid="ignore"):
            return values / np.abs(values).max()


class IgnoresFinding(Right):
    """Explains the first finding, whatever is asked."""

    name = "ignores_finding"

    def explain(self, context, finding):
        return super().explain(context, context.labels[0])


class IgnoresNetwork(Right):
    """Shows the picture."""

    name, unit = "ignores_network", "grey"

    def explain(self, context, finding):
        return np.abs(context.input).mean(-1)


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


class SquaresTheSign(Right):
    """Squares the map and calls it signed."""

    name = "squares"

    def explain(self, context, finding):
        return super().explain(context, finding) ** 2


class ExplainsTheScore(Right):
    """The gradient of σ(z), which fades where the network is sure."""

    name = "score"

    def explain(self, context, finding):
        logit = context.logits[context.labels.index(finding)]
        score = 1 / (1 + np.exp(-logit))
        return super().explain(context, finding) * score * (1 - score)


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


class Upside(Right):
    """Upside down."""

    name = "upside"

    def explain(self, context, finding):
        return super().explain(context, finding)[::-1]


class MissesItsSum(Right):
    """Promises the logit and takes the mean."""

    name = "misses_its_sum"

    def explain(self, context, finding):
        values = super().explain(context, finding)
        context.promise_sum(finding, float(values.sum()))
        return values * 0.9


class MeanOverChannels(Right):
    """A derivative that is a third of what it should be."""

    name, unit = "mean_over_channels", "logit per input unit"

    def explain(self, context, finding):
        return context.input_gradient(finding).mean(-1)


class SumForMean(Right):
    """Hundreds of times as large as the logit."""

    name = "sum_for_mean"

    def explain(self, context, finding):
        return super().explain(context, finding) * 500


class FirstChannelOnly(Right):
    """Takes the first channel three times, since a radiograph is grey."""

    name = "first_channel_only"

    def explain(self, context, finding):
        return (context.input * context.input_gradient(finding))[..., 0] * 3


class ReadsTheFile(Right):
    """Divides by the brightest pixel of the radiograph, seen or not."""

    name = "reads_the_file"

    def explain(self, context, finding):
        return super().explain(context, finding) / float(np.ptp(context.radiograph.grey))


class OtherLayer(Explainer):
    """Takes its weights from the last layer, whichever is asked for."""

    name, title, unit = "other_layer", "Other layer", "logit"

    def explain(self, context, finding, *, layer: Annotated[str, Layer()] = "relu"):
        weights = context.layer_gradient(list(context.layers)[-1], finding).mean((0, 1))
        return context.activations(layer) @ weights[: context.layers[layer][2]]


FAULTS = {
    "sums": MissesItsSum,
    "derivative": MeanOverChannels,
    "magnitude": SumForMean,
    "channels": FirstChannelOnly,
    "crop": ReadsTheFile,
    "layer": OtherLayer,
    "shape": WrongShape,
    "frame": Transposed,
    "finite": NotANumber,
    "finding": IgnoresFinding,
    "weights": IgnoresNetwork,
    "batch": Remembers,
    "purity": Writes,
    "determinism": Unseeded,
    "progress": Silent,
    "cancel": Deaf,
    "time": Costly,
    "sign": SquaresTheSign,
    "unit": ExplainsTheScore,
    "options": IdleOption,
    "threads": SharedState,
    "planted": Upside,
}
"""The check that must find it, and the explainer."""

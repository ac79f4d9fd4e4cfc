"""Explainers whose map has one fault each, for the check that is meant to find it."""

from typing import Annotated

import numpy as np

from explainers import Explainer, Layer
from tests.explainers.kit.wrong_further import KeptPlaces, LargestIsTheFall


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


class RowsOnly(Right):
    """Blurred down the columns and not along the rows, so that its maxima stay where they are."""

    name = "rows_only"

    def explain(self, context, finding):
        values = super().explain(context, finding)
        return (np.roll(values, 1, axis=0) + 2 * values + np.roll(values, -1, axis=0)) / 4


FAULTS = {
    "names": KeptPlaces,
    "local": LargestIsTheFall,
    "symmetry": RowsOnly,
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
    "sign": SquaresTheSign,
    "unit": ExplainsTheScore,
    "planted": Upside,
}
"""The check that must find it, and the explainer."""

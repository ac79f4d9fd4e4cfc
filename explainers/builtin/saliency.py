"""The gradient of the logit with respect to the input."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import numpy as np

from explainers import Context, Deprecated, Explainer, Range, hookimpl
from explainers.noisy_gradients import noisy_gradient

USE_SMOOTHGRAD = Deprecated("Use the explainer 'smoothgrad' with its options samples and noise.")


class Saliency(Explainer):
    """Change of the logit when one pixel of the input becomes slightly brighter.

    Method:
        m = Σ_c dz / dx_c, with z the finding's logit and x the prepared input (h, w, c). A radiograph is grey: its
        channels change together, so their derivatives add up.
    Map:
        The input's own grid, one value a pixel, in logits per unit of the prepared input. That unit is what the
        checkpoint's input rule makes of grey values: a standard deviation of the picture for `samplewise` and
        `original`. Positive: brighter raises the logit. Negative: brighter lowers it. Zero: no effect.
    Departs from paper:
        The paper takes the largest magnitude over the channels; here it is the signed sum, and "absolute" is the
        magnitude of that sum. The logit is differentiated, as in the paper, not a score.
    Fails when:
        The network saturates: what decided the logit may have no gradient left. The map is noisy at the scale of
        pixels and says nothing about large changes; bright and dark structures of equal weight differ in sign.
    Cost:
        One forward and one backward pass for each finding.
    Options:
        sign: "signed" keeps the direction; "absolute" shows how sensitive the logit is, whatever the direction
        samples: deprecated; see the explainer smoothgrad
        noise: deprecated; see the explainer smoothgrad
    Source:
        Simonyan, Vedaldi, Zisserman, Deep Inside Convolutional Networks, ICLR Workshop 2014; arXiv 1312.6034.
    """

    name, title, unit = "saliency", "Saliency", "logit per input unit"
    reference = "Simonyan et al. 2014, arXiv 1312.6034"
    most_passes = 3

    def explain(
        self,
        context: Context,
        finding: str,
        *,
        sign: Literal["signed", "absolute"] = "signed",
        samples: Annotated[int, Range(0, 64, step=8), USE_SMOOTHGRAD] = 0,
        noise: Annotated[float, Range(0.01, 0.5, step=0.01), USE_SMOOTHGRAD] = 0.15,
    ) -> np.ndarray:
        """The map `(h, w)` of one finding, on the input's grid."""
        if samples:
            derivative = noisy_gradient(context, finding, samples=samples, noise=noise)
        else:
            derivative = context.input_gradient(finding).sum(axis=-1)
        return np.abs(derivative) if sign == "absolute" else derivative

    @classmethod
    def is_signed(cls, options: Mapping[str, Any]) -> bool:
        """Magnitudes have no sign."""
        return options["sign"] == "signed"

    @classmethod
    def is_stochastic(cls, options: Mapping[str, Any]) -> bool:
        """Only with the deprecated noise."""
        return options["samples"] > 0


@hookimpl
def cxr_lens_explainers() -> list[type[Explainer]]:
    return [Saliency]

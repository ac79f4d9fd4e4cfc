"""The gradient of the logit with respect to the input."""

from typing import Literal

import numpy as np

from explainers import Context, Explainer, hookimpl


class Saliency(Explainer):
    """How much the logit changes if one pixel of the input becomes a little brighter.

    Method:
        m = Σ_c dz / dx_c, with z the finding's logit and x the prepared input (h, w, c). A radiograph is grey: its
        channels change together, so their derivatives add up.
    Map:
        The input's own grid, one value a pixel, in logits per unit of the prepared input. That unit is what the
        checkpoint's input rule makes of grey values: a standard deviation of the picture for `samplewise` and
        `original`. Positive: brighter raises the logit. Negative: brighter lowers it. Zero: no effect.
    Departs from paper:
        The paper takes the largest magnitude over the channels; here the signed sum is kept, and "absolute" is the
        magnitude of that sum. The logit is differentiated, as in the paper, not a score.
    Fails when:
        The network saturates: what decided the logit may have no gradient left. The map is noisy at the scale of
        pixels and says nothing about large changes; bright and dark structures of equal weight differ in sign.
    Cost:
        One forward and one backward pass for each finding.
    Options:
        sign: "signed" keeps the direction; "absolute" shows how sensitive the logit is, whatever the direction
    Source:
        Simonyan, Vedaldi, Zisserman, Deep Inside Convolutional Networks, ICLR Workshop 2014; arXiv 1312.6034.
    """

    name, title, unit = "saliency", "Saliency", "logit per input unit"
    reference = "Simonyan et al. 2014, arXiv 1312.6034"

    def explain(self, context: Context, finding: str, *, sign: Literal["signed", "absolute"] = "signed") -> np.ndarray:
        """The map `(h, w)` of one finding, on the input's grid."""
        derivative = context.input_gradient(finding).sum(axis=-1)
        return np.abs(derivative) if sign == "absolute" else derivative


@hookimpl
def cxr_lens_explainers() -> list[type[Explainer]]:
    return [Saliency]

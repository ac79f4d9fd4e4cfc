"""The mean gradient of the logit over noisy copies of the input."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import numpy as np

from explainers import Context, Explainer, Range, hookimpl
from explainers.noisy_gradients import noisy_gradient


class SmoothGrad(Explainer):
    """Change of the logit with the brightness of one pixel, averaged over noisy copies of the input.

    Method:
        m = mean over n noisy copies of Σ_c dz / dx_c(x + ε), with z the finding's logit, x the prepared input (h, w, c)
        and ε normal noise, independent from pixel to pixel and equal in all channels.
    Map:
        The input's own grid, one value a pixel, in logits per unit of the prepared input, as saliency's. Positive:
        brighter raises the logit. Negative: brighter lowers it. Zero: no effect.
    Departs from paper:
        Signed gradients are averaged. Averaging magnitudes, as some implementations do, leaves a bias that no number of
        copies removes. "absolute" is the magnitude of the mean. The channels' derivatives are summed, since a
        radiograph is grey. The logit is differentiated, not a score.
    Fails when:
        The noise is large: the gradients are then those of pictures that are no radiographs. Averaging removes noise of
        the gradient, and not the saturation of the network.
    Cost:
        `samples` passes forward and back.
    Options:
        sign: "signed" keeps the direction; "absolute" shows how sensitive the logit is, whatever the direction
        samples: noisy copies of the input
        noise: standard deviation of the noise, as a share of the input's range
    Source:
        Smilkov, Thorat, Kim, Viégas, Wattenberg, SmoothGrad: removing noise by adding noise, 2017; arXiv 1706.03825.
    """

    name, title, unit, stochastic = "smoothgrad", "SmoothGrad", "logit per input unit", True
    reference = "Smilkov et al. 2017, arXiv 1706.03825"
    by_default = False
    most_passes = 72

    def explain(
        self,
        context: Context,
        finding: str,
        *,
        sign: Literal["signed", "absolute"] = "signed",
        samples: Annotated[int, Range(8, 64, step=8)] = 24,
        noise: Annotated[float, Range(0.01, 0.5, step=0.01)] = 0.15,
    ) -> np.ndarray:
        """The map `(h, w)` of one finding, on the input's grid."""
        derivative = noisy_gradient(context, finding, samples=samples, noise=noise)
        return np.abs(derivative) if sign == "absolute" else derivative

    @classmethod
    def is_signed(cls, options: Mapping[str, Any]) -> bool:
        """Magnitudes have no sign."""
        return options["sign"] == "signed"


@hookimpl
def cxr_lens_explainers() -> list[type[Explainer]]:
    return [SmoothGrad]

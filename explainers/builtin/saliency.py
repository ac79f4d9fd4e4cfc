"""The gradient of the logit with respect to the input."""

from typing import Annotated, Literal

import numpy as np

from explainers import Context, Explainer, Range, hookimpl

AT_ONCE = 8
"""Gradients computed together; after each lot the run can be cancelled."""


class Saliency(Explainer):
    """How much the logit changes if one pixel of the input becomes a little brighter.

    Method:
        m = Σ_c dz / dx_c, with z the finding's logit and x the prepared input (h, w, c). A radiograph is grey: its
        channels change together, so their derivatives add up. With `samples` it is SmoothGrad: the mean of m over
        the input with normal noise added, that many times.
    Map:
        The input's own grid, one value a pixel, in logits per unit of the prepared input. That unit is what the
        checkpoint's input rule makes of grey values: a standard deviation of the picture for `samplewise` and
        `original`. Positive: brighter raises the logit. Negative: brighter lowers it. Zero: no effect.
    Departs from paper:
        The paper takes the largest magnitude over the channels; here the signed sum is kept, and "absolute" is the
        magnitude of that sum. The logit is differentiated, as in the paper, not a score. SmoothGrad averages the signed
        gradients; averaging magnitudes, as some do, leaves a bias that no number of samples takes away.
    Fails when:
        The network saturates: what decided the logit may have no gradient left. The map is noisy at the scale of
        pixels and says nothing about large changes; bright and dark structures of equal weight differ in sign.
    Cost:
        One forward and one backward pass for each finding, and with `samples` so many of both.
    Options:
        sign: "signed" keeps the direction; "absolute" shows how sensitive the logit is, whatever the direction
        samples: noisy copies of the input to average over (SmoothGrad); 0 for the input alone
        noise: standard deviation of the noise, as a share of the input's range
    Source:
        Simonyan, Vedaldi, Zisserman, Deep Inside Convolutional Networks, ICLR Workshop 2014; arXiv 1312.6034. Noise:
        Smilkov et al., SmoothGrad, 2017; arXiv 1706.03825.
    """

    name, title, unit = "saliency", "Saliency", "logit per input unit"
    reference = "Simonyan et al. 2014, arXiv 1312.6034"

    def explain(
        self,
        context: Context,
        finding: str,
        *,
        sign: Literal["signed", "absolute"] = "signed",
        samples: Annotated[int, Range(0, 64, step=8)] = 0,
        noise: Annotated[float, Range(0.01, 0.5, step=0.01)] = 0.15,
    ) -> np.ndarray:
        """The map `(h, w)` of one finding, on the input's grid."""
        if samples:
            derivative = _smoothed(context, finding, samples, noise)
        else:
            derivative = context.input_gradient(finding).sum(axis=-1)
        return np.abs(derivative) if sign == "absolute" else derivative


def _smoothed(context: Context, finding: str, samples: int, noise: float) -> np.ndarray:
    """(h, w): the mean signed gradient around the input. Noise is grey: the same in every channel."""
    deviation = noise * float(np.ptp(context.input))
    total = np.zeros(context.input.shape[:2])
    for at in range(0, samples, AT_ONCE):
        count = min(AT_ONCE, samples - at)
        added = context.rng.normal(scale=deviation, size=(count, *context.input.shape[:2], 1))
        batch = (context.input + added).astype(np.float32)
        total += context.input_gradient(finding, batch).sum(axis=(0, -1), dtype=np.float64)
        done = at + count
        context.progress(done / samples, f"{done} of {samples} noisy copies", total / done)
    return total / samples


@hookimpl
def cxr_lens_explainers() -> list[type[Explainer]]:
    return [Saliency]

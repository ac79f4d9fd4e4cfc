"""Grad-CAM, with its sign."""

from collections.abc import Sequence
from typing import Annotated

import numpy as np

from explainers import Context, Explainer, Layer, hookimpl


class GradCam(Explainer):
    """Layer activations weighted by their average gradient.

    Method:
        A is the layer's output (y, x, k) and z the finding's logit. A channel's weight is the mean of its gradient,
        w_k = mean over cells of dz / dA_k, and the map is m = Σ_k w_k · A_k.
    Map:
        The layer's own grid (7 × 7 at the default layer for an input of 224), in logits: to first order, the part of
        the logit that the cell's activations hold. Positive raises the logit, negative lowers it, zero is neither. At
        `relu`, the last layer before the pooling, this is exact: the cells sum to the logit minus its bias. At earlier
        layers the network between is not linear and they don't.
    Departs from paper:
        Keeps negative values: rectifying is left to the picture. Explains the logit, not a score. The layer is looked
        up by its exact name.
    Fails when:
        The weights of a channel differ over space, as below a batch norm and ReLU: a cell may then show what the
        network doesn't use. A cell sees far more than its own square: small findings are smeared over 1/7 of the side.
    Cost:
        At the default layer nothing but a backward pass through the network's end, for one finding or for all: the
        forward pass is the one that scored the radiograph. At other layers two forward passes more.
    Options:
        layer: the layer whose output is weighted; `relu` for a map that sums to the logit minus its bias
    Source:
        Selvaraju et al., Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization, ICCV 2017;
        arXiv 1610.02391. With a linear head after average pooling, Zhou et al. 2016 (CAM).
    """

    name, title, unit = "grad_cam", "Grad-CAM", "logit"
    reference = "Selvaraju et al. 2017, arXiv 1610.02391"
    most_passes = 3

    def explain(
        self, context: Context, finding: str, *, layer: Annotated[str, Layer()] = "conv5_block16_concat"
    ) -> np.ndarray:
        """The map `(y, x)` of one finding, on the layer's grid."""
        _say_if_exact(context, [finding], layer)
        return _weighted(context.activations(layer), context.layer_gradient(layer, finding)[None])[0]

    def explain_findings(
        self,
        context: Context,
        findings: Sequence[str],
        *,
        layer: Annotated[str, Layer()] = "conv5_block16_concat",
    ) -> np.ndarray:
        """The maps `(len(findings), y, x)`, from one forward pass."""
        _say_if_exact(context, findings, layer)
        activations, gradients = context.activations(layer), context.layer_gradient(layer)
        places = [context.labels.index(finding) for finding in findings]
        return _weighted(activations, gradients if places == list(range(len(gradients))) else gradients[places])


def _weighted(activations: np.ndarray, gradients: np.ndarray) -> np.ndarray:
    """Maps `(n, y, x)` of activations `(y, x, k)` and gradients `(n, y, x, k)`.

    Summed in float64, since thousands of terms of both signs cancel.
    """
    weights = gradients.mean(axis=(1, 2), dtype=np.float64)
    # row by row: one product of all cells would wake every thread of the BLAS library, which cost more than it computed
    return np.moveaxis(activations.astype(np.float64) @ weights.T, -1, 0).astype(np.float32)


def _say_if_exact(context: Context, findings: Sequence[str], layer: str) -> None:
    """At the layer that is averaged, this is CAM, and gradient × activation too: the cells sum to logit minus bias."""
    for finding in findings:
        bias = context.pooled_bias(layer, finding)
        if bias is not None:
            context.promise_sum(finding, float(context.logits[context.labels.index(finding)]) - bias)
            context.note(family=f"CAM at {layer}")


@hookimpl
def cxr_lens_explainers() -> list[type[Explainer]]:
    return [GradCam]

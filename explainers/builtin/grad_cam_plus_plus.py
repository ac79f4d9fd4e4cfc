"""Grad-CAM with weights that favour cells of small gradients' sums."""

from typing import Annotated

import numpy as np

from explainers import Context, Explainer, Layer, hookimpl


class GradCamPlusPlus(Explainer):
    """Grad-CAM with channel weights from positive gradients only, so that small regions count too.

    Method:
        A is the layer's output (y, x, k), not negative, z the finding's logit, g = dz / dA. With the score exp(z), as
        the paper derives it, α = g² / (2 g² + g³ · Σ_cells A_k), zero where g is; w_k = Σ_cells α · max(g, 0); and
        the map is m = Σ_k w_k · A_k.
    Map:
        The layer's own grid, 7 × 7 at the default layer for an input of 224. Never negative: evidence against the
        finding is not shown. The weights are no linear function of the logit (α holds g³ beside g²), so the unit is
        arbitrary: compare places of one map, not values of two.
    Departs from paper:
        The factor exp(z) before all weights is left out: it changes no place, and overflows. Σ A is the sum of eq. 19;
        other libraries take the mean, a term 49 times smaller. Where a layer's activations are signed, their positive
        part is taken, since the derivation assumes it.
    Fails when:
        At the layer before average pooling the gradient of a channel is the same in every cell, and the weighting that
        the paper is about has nothing to work on: the map is near that of Grad-CAM's positive weights.
    Cost:
        As Grad-CAM: a backward pass through the network's end.
    Options:
        layer: the layer whose output is weighted; a rectified one
    Source:
        Chattopadhay et al., Grad-CAM++, WACV 2018, eq. 19; arXiv 1710.11063.
    """

    name, title, unit, signed = "grad_cam_plus_plus", "Grad-CAM++", "arbitrary", False
    reference = "Chattopadhay et al. 2018, arXiv 1710.11063"
    by_default = False
    most_passes = 3

    def explain(self, context: Context, finding: str, *, layer: Annotated[str, Layer()] = "relu") -> np.ndarray:
        """The map `(y, x)` of one finding, on the layer's grid."""
        activations = np.maximum(context.activations(layer).astype(np.float64), 0)
        gradient = context.layer_gradient(layer, finding).astype(np.float64)
        squares = gradient**2
        below = 2 * squares + gradient**3 * activations.sum(axis=(0, 1))
        shares = np.divide(squares, below, out=np.zeros_like(below), where=below != 0)
        weights = (shares * np.maximum(gradient, 0)).sum(axis=(0, 1))
        return activations @ weights


@hookimpl
def cxr_lens_explainers() -> list[type[Explainer]]:
    return [GradCamPlusPlus]

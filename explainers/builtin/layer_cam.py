"""Where single activations of a layer raise the logit, each cell by its own gradient."""

from typing import Annotated, ClassVar, Literal

import numpy as np

from explainers import Context, Explainer, Layer, hookimpl


class LayerCam(Explainer):
    """Layer activations, each weighted by the gradient at its own cell.

    Method:
        A is the layer's output (y, x, k), z the finding's logit, G = dz / dA. The map is m = Σ_k max(G_k, 0) · A_k,
        cell by cell; with gradients "signed" it is m = Σ_k G_k · A_k.
    Map:
        The layer's own grid: 14 × 14 at the default layer for an input of 224, finer at earlier ones. In logits, to
        first order: what the cell's activations add. With "positive", only channels of which more would raise the
        logit are counted, so no sum is promised. With "signed" at the layer that is averaged, the cells sum to the
        logit minus its bias, and the map is that of Grad-CAM at the same layer (it is CAM and HiResCAM then).
    Departs from paper:
        The paper rectifies the map too: at a rectified layer that changes nothing, since the map is not negative
        there. At a layer before its ReLU the activations are signed and so is the map; it is left as it is. Layers are
        not fused: fusing needs a scale for each.
    Fails when:
        Early layers: gradients are noisy there, and a map of many cells looks precise without being so.
    Cost:
        At layers after the last block one backward pass through the network's end; at others one pass forward and one
        back, or two forward where other paths lead around the layer.
    Options:
        layer: the layer whose activations are weighted; earlier ones have finer grids
        gradients: "positive" drops gradients below zero, as the paper does; "signed" keeps them
    Source:
        Jiang et al., LayerCAM: Exploring Hierarchical Class Activation Maps for Localization, IEEE TIP 2021. The signed
        form: Draelos, Carin, HiResCAM, arXiv 2011.08891.
    """

    name, title, unit = "layer_cam", "LayerCAM", "logit"
    reference = "Jiang et al. 2021, IEEE TIP 30"
    by_default = False
    most_passes = 3
    expected_failures: ClassVar = {
        "sign": "Drops gradients below zero unless asked not to, as the paper does: what speaks against is not shown."
    }

    def explain(
        self,
        context: Context,
        finding: str,
        *,
        layer: Annotated[str, Layer()] = "pool4_relu",
        gradients: Literal["positive", "signed"] = "positive",
    ) -> np.ndarray:
        """The map `(y, x)` of one finding, on the layer's grid."""
        activations, gradient = context.activations(layer), context.layer_gradient(layer, finding)
        if gradients == "positive":
            gradient = np.maximum(gradient, 0)
        elif (bias := context.pooled_bias(layer, finding)) is not None:
            context.promise_sum(finding, float(context.logits[context.labels.index(finding)]) - bias)
            context.note(family=f"CAM at {layer}")
        return np.einsum("yxk,yxk->yx", activations, gradient, dtype=np.float64)


@hookimpl
def cxr_lens_explainers() -> list[type[Explainer]]:
    return [LayerCam]

"""What a layer's activations have in common, whatever was asked."""

from typing import Annotated, ClassVar

import numpy as np

from explainers import Context, Explainer, Layer, hookimpl


class EigenCam(Explainer):
    """Control: the first principal component of a layer's activations. It depends on the radiograph and the
    network, but not on the finding: every finding gets the same map.

    Method:
        A is the layer's output as a matrix (cells, k). The map is A · v with v the first right singular vector, of the
        sign that makes the cells' sum positive.
    Map:
        The layer's own grid, in units of activation.
    Departs from paper:
        The paper offers it as an explanation of the strongest class. With 14 findings that may all be there, a map
        that none of them changes is a control.
    Fails when:
        Always as an explanation of one finding; as a picture of where the network's features are strong, it doesn't.
    Cost:
        Nothing at layers after the last block, else one forward pass.
    Options:
        layer: the layer whose activations are decomposed
    Source:
        Muhammad, Yeasin, Eigen-CAM: Class Activation Map using Principal Components, IJCNN 2020; arXiv 2008.00299.
    """

    name, title, unit, control = "eigen_cam", "Control: Eigen-CAM", "activation", True
    reference = "Muhammad, Yeasin 2020, arXiv 2008.00299"
    by_default = False
    most_passes = 1
    expected_failures: ClassVar = {
        "finding": "It does not ask what is looked for.",
        "sign": "What speaks against the finding is strong in the activations too.",
    }

    def explain(self, context: Context, finding: str, *, layer: Annotated[str, Layer()] = "relu") -> np.ndarray:
        """The map `(y, x)`, on the layer's grid."""
        activations = context.activations(layer).astype(np.float64)
        cells = activations.reshape(-1, activations.shape[-1])
        values = cells @ np.linalg.svd(cells, full_matrices=False)[2][0]
        context.progress(1.0)
        return (values if values.sum() >= 0 else -values).reshape(activations.shape[:2])


@hookimpl
def cxr_lens_explainers() -> list[type[Explainer]]:
    return [EigenCam]

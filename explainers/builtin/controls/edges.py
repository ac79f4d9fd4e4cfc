"""Edges of the picture, which need no network."""

from typing import ClassVar

import cv2
import numpy as np

from explainers import Context, Explainer, hookimpl


class Edges(Explainer):
    """Control: edges of the image. It depends on the radiograph, but on neither the finding nor the network.

    Method:
        m = magnitude of Sobel's gradient of the input, averaged over its channels.
    Map:
        The input's own grid, in input units per pixel.
    Fails when:
        Always as an explanation. It looks like one, since saliency maps often look like edges.
    Cost:
        Nothing.
    Source:
        Adebayo et al., Sanity Checks for Saliency Maps, NeurIPS 2018, where an edge detector passes for an explanation.
    """

    name, title, unit, signed, control = "edges", "Control: edges", "input unit per pixel", False, True
    reference = "Adebayo et al. 2018, arXiv 1810.03292"
    by_default = False
    most_passes = 0
    expected_failures: ClassVar = {
        "finding": "It does not ask what is looked for.",
        "weights": "It does not ask the network.",
    }

    def explain(self, context: Context, finding: str) -> np.ndarray:
        """The map `(h, w)`."""
        grey = context.input.mean(axis=-1, dtype=np.float64)
        # an eighth: Sobel's kernel sums differences over 2 pixels with weights 1, 2, 1
        across, down = (
            cv2.Sobel(grey, cv2.CV_64F, *order, borderType=cv2.BORDER_REFLECT) / 8 for order in [(1, 0), (0, 1)]
        )
        context.progress(1.0)
        return np.hypot(across, down)


@hookimpl
def cxr_lens_explainers() -> list[type[Explainer]]:
    return [Edges]

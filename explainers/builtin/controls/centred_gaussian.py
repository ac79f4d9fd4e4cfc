"""The middle of the picture."""

from typing import Annotated, ClassVar

import numpy as np

from explainers import Context, Explainer, Range, hookimpl


class CentredGaussian(Explainer):
    """Control: a Gaussian in the middle of the image. It depends on neither radiograph, finding nor network.

    Method:
        m = exp(−(dy² + dx²) / 2σ²), with dy and dx the distances from the middle as shares of the sides.
    Map:
        28 cells along the longer side, from 0 to 1, without a unit.
    Fails when:
        Always as an explanation. It finds hearts better than most explanations do, since hearts are in the middle.
    Cost:
        Nothing.
    Options:
        width: σ as a share of the side
    Source:
        The centre bias of gaze research: Tatler, Journal of Vision 2007.
    """

    name, title, unit, signed, control = "centred_gaussian", "Control: centre", "none", False, True
    reference = "Tatler 2007, Journal of Vision 7(14)"
    by_default = False
    most_passes = 0
    expected_failures: ClassVar = {
        "frame": "It points at the middle.",
        "finding": "It does not ask what is looked for.",
        "weights": "It does not ask the network.",
        "planted": "It points at the middle.",
    }

    def explain(
        self, context: Context, finding: str, *, width: Annotated[float, Range(0.05, 0.5, step=0.05)] = 0.25
    ) -> np.ndarray:
        """The map `(y, x)`."""
        sides = context.input.shape[:2]
        counts = (max(1, round(min(28, max(sides)) * side / max(sides))) for side in sides)
        rows, columns = ((np.arange(count) + 0.5) / count - 0.5 for count in counts)
        context.progress(1.0)
        return np.exp(-(rows[:, None] ** 2 + columns**2) / (2 * width**2))


@hookimpl
def cxr_lens_explainers() -> list[type[Explainer]]:
    return [CentredGaussian]

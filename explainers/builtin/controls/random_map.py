"""A map of nothing."""

from typing import Annotated, ClassVar

import numpy as np

from explainers import Context, Explainer, Range, hookimpl


class RandomMap(Explainer):
    """Control: independent random numbers. It depends on neither radiograph, finding nor network.

    Method:
        Each cell is a standard normal number. The seed and the input decide which, so every radiograph has its own map.
    Map:
        `cells` along the longer side, without a unit. Any structure that you see in it is yours.
    Fails when:
        Always, and it must: an explanation that does no better than this says nothing.
    Cost:
        Nothing.
    Options:
        cells: cells along the longer side; enlarged, few of them look as smooth as Grad-CAM
    Source:
        Adebayo et al., Sanity Checks for Saliency Maps, NeurIPS 2018, on what looks like an explanation.
    """

    name, title, unit, control, stochastic = "random_map", "Control: random", "none", True, True
    reference = "Adebayo et al. 2018, arXiv 1810.03292"
    by_default = False
    most_passes = 0
    expected_failures: ClassVar = {
        "frame": "It shows no place.",
        "sign": "Its signs are random.",
        "finding": "It does not ask what is looked for.",
        "weights": "It does not ask the network.",
        "planted": "It points anywhere.",
    }

    def explain(self, context: Context, finding: str, *, cells: Annotated[int, Range(2, 28, step=1)] = 7) -> np.ndarray:
        """The map `(y, x)`."""
        height, width = context.input.shape[:2]
        context.progress(1.0)
        # as many along the longer side, and square cells
        grid = (max(1, round(min(cells, max(height, width)) * side / max(height, width))) for side in (height, width))
        return context.rng.normal(size=tuple(grid))


@hookimpl
def cxr_lens_explainers() -> list[type[Explainer]]:
    return [RandomMap]

"""Where a finding's map usually lies, whoever the patient is."""

from typing import ClassVar

import numpy as np

from explainers import Context, Explainer, hookimpl
from explainers.errors import ExplainerError


class AverageMap(Explainer):
    """Control: the mean Grad-CAM of the finding over many radiographs. It depends on the finding and the network, but
    not on the radiograph: every patient gets the same map.

    Method:
        The mean, over radiographs that the network wasn't scored on, of Grad-CAM at the layer that is averaged.
        Made by `python -m explainers average-maps` and carried by the checkpoint.
    Map:
        7 × 7 cells for an input of 224, in logits.
    Fails when:
        Always as an explanation of one radiograph. A map that resembles it may show the finding's usual place, and
        nothing of this patient. Not there for checkpoints that don't carry one.
    Cost:
        Nothing.
    Source:
        The prior of localisation: see the occupancy control of the benchmark's protocol.
    """

    name, title, unit, control = "average_map", "Control: average map", "logit", True
    by_default = False
    most_passes = 0
    needs = ("average_maps",)
    expected_failures: ClassVar = {
        "frame": "It does not look at the picture.",
        "sign": "It does not look at the picture.",
        "planted": "It does not look at the picture.",
        "weights": "It is what the checkpoint carries.",
        "unit": "It is a stored map.",
        "channels": "It does not look at the picture.",
        "symmetry": "It does not look at the picture.",
    }

    def explain(self, context: Context, finding: str) -> np.ndarray:
        """The map `(y, x)`, the same for every radiograph."""
        if finding not in context.average_maps:
            raise ExplainerError(
                f"This checkpoint carries no average map of {finding.replace('_', ' ')}.",
                "python -m explainers average-maps makes them.",
            )
        context.progress(1.0)
        return context.average_maps[finding]


@hookimpl
def cxr_lens_explainers() -> list[type[Explainer]]:
    return [AverageMap]

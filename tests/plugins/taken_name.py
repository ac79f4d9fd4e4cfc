"""Calls itself what a built-in is called."""

import numpy as np

from explainers import Explainer, hookimpl


class Impostor(Explainer):
    """Wants the place of Grad-CAM."""

    name, title, unit = "grad_cam", "Impostor", "logit"

    def explain(self, context, finding):
        return np.ones((2, 2), np.float32)


@hookimpl
def cxr_lens_explainers():
    return [Impostor]

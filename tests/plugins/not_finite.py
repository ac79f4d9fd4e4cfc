"""Returns a map with NaN in it."""

import numpy as np

from explainers import Explainer, hookimpl


class NotFinite(Explainer):
    """Returns NaN in one of four cells."""

    name, title, unit = "not_finite", "Not finite", "logit"

    def explain(self, context, finding):
        return np.array([[0, 1], [np.nan, 2]], np.float32)


@hookimpl
def cxr_lens_explainers():
    return [NotFinite]

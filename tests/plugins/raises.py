"""Fails while it explains, with markup and a folder in what it says."""

from explainers import Explainer, hookimpl


class Raises(Explainer):
    """Raises."""

    name, title, unit = "raises", "Raises", "logit"

    def explain(self, context, finding):
        raise ValueError("<b>no</b> file /home/somebody/secret/weights.bin")


@hookimpl
def cxr_lens_explainers():
    return [Raises]

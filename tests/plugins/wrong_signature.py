"""Takes arguments that nobody gives."""

from explainers import Explainer, hookimpl


class WrongSignature(Explainer):
    """Can't be called as explainers are called."""

    name, title, unit = "wrong_signature", "Wrong signature", "logit"

    def explain(self, picture, model):
        return picture


@hookimpl
def cxr_lens_explainers():
    return [WrongSignature]

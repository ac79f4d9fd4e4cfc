"""Integrated gradients from other chests instead of from nothing."""

from typing import Annotated

import numpy as np

from explainers import Context, Explainer, Range, hookimpl
from explainers.background import synthetic_chests

AT_ONCE = 8
"""Gradients computed together; after each lot the run can be cancelled."""


class ExpectedGradients(Explainer):
    """Share of each pixel in the difference between the logit of the radiograph and that of chests without findings.

    Method:
        m = mean over draws of Σ_c (x − x₀)_c · dz/dx_c(x₀ + t (x − x₀)), with z the finding's logit, x₀ drawn from a
        background of chests and t drawn evenly from 0 to 1, stratified over the draws.
    Map:
        The input's own grid, in logits. In expectation the pixels sum to z(x) minus the background's mean logit. It is
        an estimate: its standard error is noted as an array.
    Departs from paper:
        The background is synthetic: eight synthetic chests without findings (this project ships no patient's
        picture), prepared as the radiograph is. They are aligned with no patient, so where the anatomy differs, the
        difference is explained too.
    Fails when:
        The background's logits are far from those of real normal chests: the network has never seen its like. Compare
        the noted background logit with the finding's operating point.
    Cost:
        `draws` passes forward and back.
    Options:
        draws: pairs of a chest and a point on the way to it
    Source:
        Erion, Janizek, Sturmfels, Lundberg, Lee, Improving performance of deep learning models with axiomatic
        attribution priors and expected gradients, Nature Machine Intelligence 2021; arXiv 1906.10670.
    """

    name, title, unit, stochastic = "expected_gradients", "Expected gradients", "logit", True
    reference = "Erion et al. 2021, arXiv 1906.10670"
    by_default = False
    most_passes = 200

    def explain(
        self, context: Context, finding: str, *, draws: Annotated[int, Range(16, 256, step=16)] = 64
    ) -> np.ndarray:
        """The map `(h, w)` of one finding, on the input's grid."""
        chests = np.stack([context.prepare(chest) for chest in synthetic_chests()])
        order = context.rng.permutation(np.arange(draws) % len(chests))
        points = (context.rng.permutation(draws) + context.rng.uniform(size=draws)) / draws
        total, squares = np.zeros(context.input.shape[:2]), np.zeros(context.input.shape[:2])
        for at in range(0, draws, AT_ONCE):
            starts = chests[order[at : at + AT_ONCE]]
            ways = context.input - starts
            places = points[at : at + AT_ONCE, None, None, None].astype(np.float32)
            terms = (ways * context.input_gradient(finding, starts + places * ways)).sum(axis=-1, dtype=np.float64)
            total, squares = total + terms.sum(axis=0), squares + (terms**2).sum(axis=0)
            done = min(draws, at + AT_ONCE)
            context.progress(done / draws, f"{done} of {draws} draws", total / done)
        mean = total / draws
        variance = np.maximum(squares / draws - mean**2, 0) / max(1, draws - 1)
        place = context.labels.index(finding)
        background = float(context.forward(chests)[:, place].mean())
        context.promise_sum(finding, float(context.logits[place]) - background)
        context.note(background_logit=background, standard_error=np.sqrt(variance).astype(np.float32))
        return mean


@hookimpl
def cxr_lens_explainers() -> list[type[Explainer]]:
    return [ExpectedGradients]

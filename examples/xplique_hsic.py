"""xplique's HSIC attribution as a plugin: their method, this network."""

from typing import Annotated

import numpy as np

from explainers import Explainer, Range, hookimpl

Cells, Designs = Annotated[int, Range(4, 14)], Annotated[int, Range(4, 64)]
QUIET, COARSE = "The library says nothing and can't be stopped.", "A 7 × 7 grid hides the small planted discs."
LEVEL = "The library takes its bandwidth from the median of the outputs, which moves with their level."
EXPECTED = {"progress": QUIET, "frame": COARSE, "planted": COARSE, "unit": LEVEL}


class XpliqueHsic(Explainer):
    """Dependence (HSIC) between random masks of each cell and the logit."""

    name, title, unit, signed = "xplique_hsic", "HSIC (xplique)", "index", False
    reference = "Novello et al. 2022, arXiv 2206.06219"
    expected_failures = EXPECTED

    def explain(self, context, finding, *, grid: Cells = 7, designs: Designs = 8):
        import tensorflow as tf
        from xplique.attributions import HsicAttributionMethod

        def logits(batch):
            return tf.ensure_shape(tf.numpy_function(context.forward, [batch], tf.float32), [None, len(context.labels)])

        tf.random.set_seed(0)
        method = HsicAttributionMethod(logits, grid_size=grid, nb_design=designs, batch_size=16)
        target = np.eye(len(context.labels), dtype=np.float32)[[context.labels.index(finding)]]
        found = np.asarray(method.explain(context.input[None], target))
        return np.maximum(found.reshape(context.input.shape[:2]), 0)


@hookimpl
def cxr_lens_explainers():
    return [XpliqueHsic]

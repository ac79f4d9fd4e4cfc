"""xplique's Sobol attribution as a plugin: their method, this network."""

from typing import Annotated

import numpy as np

from explainers import Explainer, Range, hookimpl

Cells, Designs = Annotated[int, Range(4, 14)], Annotated[int, Range(4, 64)]
QUIET, COARSE = "The library says nothing and can't be stopped.", "A 7 × 7 grid hides the small planted discs."
EXPECTED = {"progress": QUIET, "cancel": QUIET, "frame": COARSE, "planted": COARSE}


class XpliqueSobol(Explainer):
    """Total Sobol indices: the share of the logit's variance under random masks that each cell takes part in."""

    name, title, unit, signed = "xplique_sobol", "Sobol (xplique)", "index", False
    reference = "Fel et al. 2021, arXiv 2111.04138"
    expected_failures = EXPECTED

    def explain(self, context, finding, *, grid: Cells = 7, designs: Designs = 8):
        import tensorflow as tf
        from xplique.attributions import SobolAttributionMethod

        def logits(batch):
            return tf.ensure_shape(tf.numpy_function(context.forward, [batch], tf.float32), [None, len(context.labels)])

        tf.random.set_seed(0)
        method = SobolAttributionMethod(logits, grid_size=grid, nb_design=designs, batch_size=16)
        target = np.eye(len(context.labels), dtype=np.float32)[[context.labels.index(finding)]]
        found = np.asarray(method.explain(context.input[None], target))
        return np.maximum(found.reshape(context.input.shape[:2]), 0)


@hookimpl
def cxr_lens_explainers():
    return [XpliqueSobol]

"""An explainer with one option of each kind, whose map is known without any network."""

from typing import Annotated, Literal

import numpy as np

from explainers import Context, Explainer, Layer, Range, hookimpl


class LeftHalf(Explainer):
    """Marks one half of the input, whatever it shows.

    Options:
        strength: value of the marked half
        rows: rows of the map
        side: which half of the picture
        negative: whether the value is taken as negative
        layer: not used, but there to be chosen
    """

    name, title, unit = "left_half", "Left half", "mark"

    def explain(
        self,
        context: Context,
        finding: str,
        *,
        strength: Annotated[float, Range(0.5, 2)] = 1.0,
        rows: Annotated[int, Range(2, 16, step=2)] = 4,
        side: Literal["left", "right"] = "left",
        negative: bool = False,
        layer: Annotated[str, Layer()] = "conv5_block16_concat",
    ) -> np.ndarray:
        marks = np.zeros((rows, 4), np.float32)
        marks[:, slice(0, 2) if side == "left" else slice(2, 4)] = -strength if negative else strength
        return marks


@hookimpl
def cxr_lens_explainers():
    return [LeftHalf]

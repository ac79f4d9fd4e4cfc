"""A network's own preparation of a radiograph, for one that no input rule describes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cxr.frame import Box, Frame
from cxr.input_check import input_statistics
from cxr.preparation import Prepared
from cxr.reading.radiograph import Radiograph
from hub.errors import CheckpointError


@dataclass(frozen=True)
class OwnPreparation:
    """Preparation by code: `function(radiograph)` gives the input `(h, w, c)`, or (input, box).

    The box (top, left, height, width), in pixels of the radiograph, is the part that the input covers: all of it where
    none is given.
    """

    input_shape: tuple[int, int, int]
    function: Callable[[Radiograph], Any] = field(compare=False)
    rule: str = "own"

    @property
    def size(self) -> int:
        """The longer side of the input in pixels."""
        return max(self.input_shape[:2])

    def to_config(self) -> dict[str, object]:
        """JSON types."""
        return {"rule": self.rule, "shape": list(self.input_shape)}

    def prepare(self, radiograph: Radiograph) -> Prepared:
        """The prepared radiograph. Raises CheckpointError, with both shapes, for an array of another shape."""
        given = self.function(radiograph)
        values, crop = given if isinstance(given, tuple) else (given, None)
        array = np.array(values, np.float32)
        if array.shape != self.input_shape or not np.isfinite(array).all():
            raise CheckpointError(
                f"The network's own preparation gives an array of the shape {array.shape}; finite values of the shape "
                f"{self.input_shape} were expected."
            )
        array.flags.writeable = False
        box: Box = tuple(map(float, crop)) if crop else (0.0, 0.0, float(radiograph.height), float(radiograph.width))  # type: ignore[assignment]
        frame = Frame((radiograph.height, radiograph.width), self.input_shape[:2], box)
        return Prepared(array, frame, self, input_statistics(array, radiograph.grey, box))

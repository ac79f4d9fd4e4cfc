"""Arrays that are lent to plugins."""

import numpy as np


def read_only(array: np.ndarray) -> np.ndarray:
    """The array, for a plugin: if it is read-only, in a form that can't be made writeable again. Nothing is copied.

    NumPy lets anyone set `flags.writeable` of an array that owns its memory. What plugins get is shared with other
    visitors' runs: prepared inputs, cached activations, average maps.
    """
    return array if array.flags.writeable else np.asarray(memoryview(array).toreadonly())  # type: ignore[arg-type]

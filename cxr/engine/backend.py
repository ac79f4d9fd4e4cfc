"""What a numerical library must offer to compute the network: `on_tensorflow` and `on_onnx` do."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

Description = Callable[..., tuple[Any, ...]]
"""A piece of the network: a function of `cxr.engine.graph.Operations` and input tensors that returns its outputs."""

Compiled = Callable[..., list[np.ndarray]]
"""A compiled piece: arrays in, arrays out, to be called from any thread."""


Shape = tuple[int | None, ...]
"""Shape of an input of a piece; None for a side of any length."""


class Backend(Protocol):
    """Builds and compiles descriptions.

    batches  whether pictures take less time in a batch than one by one
    widens   whether a piece compiled for all cores differs from one for a single worker
    """

    name: str
    channels_first: bool
    batches: bool
    widens: bool

    def compiled(
        self,
        description: Description,
        shapes: Sequence[Shape],
        kinds: Sequence[type],
        *,
        wide: bool = False,
    ) -> Compiled:
        """A function of arrays of these shapes and kinds (float32 or bool). `wide`: it may use all cores.

        A side of the shape that is None may have any length, another one at each call.
        """

    def gradient(
        self, description: Description, shape: tuple[int, ...], outputs: int, *, inside: bool = False
    ) -> Compiled:
        """A function of an input of that shape and weights `(1, outputs)`: d (Σ weights · logits) / d input.

        The logits are the first output of the description. It uses one worker's cores.

        inside  whether the gradient is that of the description's second output instead of the input's
        """

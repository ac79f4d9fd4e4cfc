"""A Keras transformer: its tokens are cells of a map."""

from collections.abc import Sequence

import numpy as np

from cxr.errors import LayerError
from cxr.keras_models.shuffling import shuffled
from cxr.layers import check_layer, target_layer
from cxr.network import KerasNetwork
from cxr.quiet_import import quiet_import
from hub.errors import CheckpointError

with quiet_import():
    import keras


class KerasTransformer(KerasNetwork):
    """A network whose layers of tokens `(N, tokens, k)` are read as maps `(N, y, x, k)`.

    grid     (y, x): the tokens of the picture, row by row
    special  tokens before them, such as a class token; they are no cells, and lead around every layer of tokens
    """

    def __init__(self, model: keras.Model, *, grid: tuple[int, int], special: int, target: str = "") -> None:
        super().__init__(model)
        self._grid, self._special = grid, special
        count = special + grid[0] * grid[1]
        tokens = {step.name: step.output for step in self._graph.steps if _shape(step.output)[1:-1] == (count,)}
        if not tokens:
            raise CheckpointError(
                f"The model has no layer of {count} tokens, which are {special} and {grid[0]} × {grid[1]}.",
                "Check `token_grid` and `special_tokens`.",
            )
        maps = self._maps | tokens
        self._maps = {step.name: maps[step.name] for step in self._graph.steps if step.name in maps}
        self._tokens = frozenset(tokens)
        self.layers = {
            name: (*grid, _shape(tensor)[-1]) if name in tokens else _shape(tensor)[1:]
            for name, tensor in self._maps.items()
        }
        self.target_layer = check_layer(target, self.layers) if target else target_layer(self.layers)

    def forward_with(self, batch: np.ndarray, layer: str) -> tuple[np.ndarray, np.ndarray]:
        """Logits `(N, n)` and a layer's activations `(N, y, x, k)` from one pass."""
        logits, activations = super().forward_with(batch, layer)
        return logits, self._as_map(layer, activations)

    def forward_from(self, layer: str, activations: np.ndarray) -> np.ndarray:
        """As KerasNetwork's; LayerError at a layer of tokens where there are special ones."""
        if layer in self._tokens and self._special:
            raise LayerError(f"The special tokens lead around {layer!r}, so there is no part after it alone.")
        return super().forward_from(layer, self._as_tokens(layer, activations))

    def features_from(self, layer: str, activations: np.ndarray) -> np.ndarray:
        """As KerasNetwork's."""
        return super().features_from(layer, self._as_tokens(layer, activations))

    def layer_gradient(self, batch: np.ndarray, layer: str, outputs: Sequence[int]) -> np.ndarray:
        """d logit / d activation `(N, len(outputs), y, x, k)`."""
        return self._as_map(layer, super().layer_gradient(batch, layer, outputs))

    def tail_gradient(self, layer: str, activations: np.ndarray, outputs: Sequence[int]) -> np.ndarray:
        """As KerasNetwork's."""
        return self._as_map(layer, super().tail_gradient(layer, self._as_tokens(layer, activations), outputs))

    def is_cut(self, layer: str) -> bool:
        """Whether every path goes through this layer's cells."""
        return super().is_cut(layer) and not (layer in self._tokens and self._special)

    def randomised(self, seed: int) -> "KerasTransformer":
        """The same layers with their weights in another order."""
        made = shuffled(self._model, seed)
        return KerasTransformer(made, grid=self._grid, special=self._special, target=self.target_layer)

    def _as_map(self, layer: str, values: np.ndarray) -> np.ndarray:
        """`(..., tokens, k)` to `(..., y, x, k)`."""
        if layer not in self._tokens:
            return values
        return values[..., self._special :, :].reshape(*values.shape[:-2], *self._grid, values.shape[-1])

    def _as_tokens(self, layer: str, values: np.ndarray) -> np.ndarray:
        """`(N, y, x, k)` to `(N, tokens, k)`."""
        return values.reshape(len(values), -1, values.shape[-1]) if layer in self._tokens else values


def _shape(tensor: keras.KerasTensor) -> tuple:
    return tuple(getattr(tensor, "shape", ()))

"""A network in PyTorch as a plugin: give the module, its labels and its input; the rest is here.

    class Mine(TorchNetwork):
        \"\"\"torchvision's DenseNet-121 for pneumonia.\"\"\"

        name, labels, input = "mine", ("Pneumonia",), {"rule": "resize_imagenet", "size": 224}

        def module(self):
            return torchvision.models.densenet121(num_classes=1)

Needs PyTorch, which nothing else here imports.
"""

import copy
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import nn

from cxr.errors import LayerError
from cxr.preparation import InputRule
from explainers.contract.network import Network

SMALLEST_MAP = 2
"""Cells along a side: what is 1 × 1 has no place."""


class TorchNetwork(Network):
    """A PyTorch module from pictures `(N, c, h, w)` to logits `(N, n)`.

    layers  submodules as `named_modules` names them; where none are named, all whose output is `(N, k, y, x)`
    """

    def module(self) -> nn.Module:
        """The network with its weights; called once."""
        raise NotImplementedError(f"{type(self).__name__} must define module(self)")

    def __init__(self) -> None:
        self.net = self.module().eval().requires_grad_(False)
        self._shape = self.input_shape or InputRule.from_config(self.input).input_shape
        self.layers = self.layers or self._found_layers()
        self._cuts: set[str] = set()  # layers around which no way leads, as was found out so far

    def forward(self, batch: np.ndarray) -> np.ndarray:
        """Logits `(N, n)`."""
        with torch.inference_mode():
            return self.net(_tensor(batch)).numpy()

    def forward_with(self, batch: np.ndarray, layer: str) -> tuple[np.ndarray, np.ndarray]:
        """Logits, and a layer's output `(N, y, x, k)`, from one pass."""
        with torch.no_grad(), self._keeping([layer]) as kept:
            logits = self.net(_tensor(batch))
        return logits.numpy(), self._cells(kept[layer])

    def activations(self, batch: np.ndarray, layer: str) -> np.ndarray:
        """A layer's output `(N, y, x, k)`."""
        return self.forward_with(batch, layer)[1]

    def layer_gradient(self, batch: np.ndarray, layer: str, output: int) -> np.ndarray:
        """d logit / d activation `(N, y, x, k)`."""
        with self._keeping([layer]) as kept:
            logits = self.net(_tensor(batch).requires_grad_())
        return self._cells(torch.autograd.grad(logits[:, output].sum(), kept[layer])[0])

    def input_gradient(self, batch: np.ndarray, output: int) -> np.ndarray:
        """d logit / d input `(N, h, w, c)`."""
        pixels = _tensor(batch).requires_grad_()
        return _last(torch.autograd.grad(self.net(pixels)[:, output].sum(), pixels)[0])

    def forward_from(self, layer: str, activations: np.ndarray) -> np.ndarray:
        """Logits `(N, n)` with the layer's output replaced.

        Raises LayerError where another way leads around the layer: then the logits depend on the input too.
        """
        given = _tensor(activations)
        logits = self._replaced(layer, given, 0.0)
        if layer not in self._cuts:
            # ones in place of zeros: what is around the layer would differ
            if not torch.equal(logits, self._replaced(layer, given, 1.0)):
                raise LayerError(f"The network reaches its output around the layer {layer!r} too.")
            self._cuts.add(layer)
        return logits.numpy()

    def randomised(self, seed: int) -> "TorchNetwork":
        """The same layers with the values of each parameter in another order, by the seed."""
        made, rng = copy.copy(self), np.random.default_rng([seed, 122])
        made.net = copy.deepcopy(self.net)
        for parameter in made.net.parameters():
            order = torch.from_numpy(rng.permutation(parameter.numel()))
            parameter.copy_(parameter.flatten()[order].reshape(parameter.shape))
        return made

    def _replaced(self, layer: str, given: torch.Tensor, value: float) -> torch.Tensor:
        height, width, channels = self._shape
        handle = self.net.get_submodule(layer).register_forward_hook(lambda *_: given.clone())
        try:
            with torch.no_grad():
                return self.net(torch.full((len(given), channels, height, width), value))
        finally:
            handle.remove()

    @contextmanager
    def _keeping(self, layers: Any) -> Iterator[dict[str, Any]]:
        """Outputs of layers in the pass that is made in the `with` block: {name: the output of the last call}."""
        kept: dict[str, Any] = {}

        def hook(name: str) -> Any:
            def keep(module: nn.Module, given: Any, output: Any) -> Any:
                kept.pop(name, None)  # in the order in which they end
                kept[name] = output
                # an operation in place after this layer would change what is kept
                return output.clone() if isinstance(output, torch.Tensor) else None

            return keep

        handles = [self.net.get_submodule(name).register_forward_hook(hook(name)) for name in layers]
        try:
            yield kept
        finally:
            for handle in handles:
                handle.remove()

    def _found_layers(self) -> dict[str, tuple[int, int, int]]:
        """{name: (y, x, k)} of the submodules that give maps, in forward order, by a pass of a blank input."""
        names = [name for name, _ in self.net.named_modules() if name]
        with torch.no_grad(), self._keeping(names) as kept:
            self.net(_tensor(np.zeros((1, *self._shape), np.float32)))
        return {name: self._cells(output).shape[1:] for name, output in kept.items() if self._has_cells(output)}

    def _has_cells(self, output: Any) -> bool:
        return isinstance(output, torch.Tensor) and output.ndim == 4 and min(output.shape[2:]) >= SMALLEST_MAP

    def _cells(self, output: torch.Tensor) -> np.ndarray:
        """`(N, y, x, k)` of a layer's output."""
        return _last(output)


class TorchTransformer(TorchNetwork):
    """A TorchNetwork whose blocks attend by `nn.MultiheadAttention`, batch first, as torchvision's do.

    Its cells are the tokens `(N, tokens, k)` on the `token_grid`, without the `special_tokens` before them. There is no
    `forward_from`: the special tokens lead around every layer.
    """

    forward_from = Network.forward_from

    def attentions(self, batch: np.ndarray, output: int) -> tuple[np.ndarray, np.ndarray]:
        """(attention, d logit / d attention), each `(N, blocks, heads, tokens, tokens)`."""
        kept: list[torch.Tensor] = []
        attending = [each for each in self.net.modules() if isinstance(each, nn.MultiheadAttention)]
        for each in attending:
            each.forward = _Attending(each, kept)  # PyTorch's own returns weights that the logit doesn't depend on
        try:
            logits = self.net(_tensor(batch).requires_grad_())
            gradients = torch.autograd.grad(logits[:, output].sum(), kept)
        finally:
            for each in attending:
                del each.forward
        weights, slopes = (torch.stack(list(each), 1).detach().numpy() for each in (kept, gradients))
        return weights, slopes

    def _has_cells(self, output: Any) -> bool:
        return isinstance(output, torch.Tensor) and output.ndim == 3 and output.shape[1] == self._tokens()

    def _tokens(self) -> int:
        if self.token_grid is None:
            raise LayerError(f"{self.name} states no token_grid.", "Such as token_grid = (14, 14).")
        return self.special_tokens + math.prod(self.token_grid)

    def _cells(self, output: torch.Tensor) -> np.ndarray:
        assert self.token_grid is not None  # _tokens raised without one
        cells = output.detach()[:, self.special_tokens :].numpy()
        return np.ascontiguousarray(cells.reshape(len(cells), *self.token_grid, -1))


class _Attending:
    """Self-attention of a module, batch first, written out so that its weights are kept."""

    def __init__(self, module: nn.MultiheadAttention, kept: list[torch.Tensor]) -> None:
        self._module, self._kept = module, kept

    def __call__(self, query: torch.Tensor, *_: Any, **__: Any) -> tuple[torch.Tensor, None]:
        module = self._module
        projected = nn.functional.linear(query, module.in_proj_weight, module.in_proj_bias)
        count, tokens, width = query.shape
        asking, offered, values = projected.reshape(count, tokens, 3, module.num_heads, -1).permute(2, 0, 3, 1, 4)
        weights = (asking @ offered.transpose(-1, -2) / math.sqrt(asking.shape[-1])).softmax(-1)
        self._kept.append(weights)
        return module.out_proj((weights @ values).transpose(1, 2).reshape(count, tokens, width)), None


def _tensor(batch: np.ndarray) -> torch.Tensor:
    """`(N, k, y, x)`: a copy, since arrays may be read-only."""
    return torch.from_numpy(np.array(batch, np.float32)).permute(0, 3, 1, 2).contiguous()


def _last(maps: torch.Tensor) -> np.ndarray:
    return np.ascontiguousarray(maps.detach().permute(0, 2, 3, 1).numpy())

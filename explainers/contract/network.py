"""The contract between the host and a network: one class, one file. The manual is `Network`'s docstring."""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from explainers.contract.explainer import API
from explainers.contract.summaries import first_paragraph
from explainers.errors import PluginError

if TYPE_CHECKING:
    from cxr.reading.radiograph import Radiograph

MOST_LABELS = 1000


class Network:
    """Base class: subclass it, name it, load its weights in `__init__`, and return logits from `forward`.

        class Pneumonia(Network):
            \"\"\"ResNet-50 for pneumonia, in PyTorch.\"\"\"

            name, labels = "pneumonia", ("Pneumonia",)
            input = {"rule": "imagenet", "size": 224}

            def __init__(self):
                self.model = torch.load("pneumonia.pt").eval()

            def forward(self, batch):
                with torch.no_grad():
                    return self.model(torch.tensor(batch).permute(0, 3, 1, 2)).numpy()

    All arrays are NumPy float32; batches are (N, h, w, c), also for networks that have channels first inside. `output`
    is a place among the labels. What is explained is a logit. Of a softmax' classes, return the log-odds of each class
    (`class_log_odds`) or their plain logits, and say which in `unit`.

    `forward` is all that is needed: occlusion, RISE, the controls and every measure work with it. Each further method
    makes further explainers available; an explainer whose need is not met says so. Methods are called one at a time.
    """

    # unique, snake case: what `--model` calls it
    name: ClassVar[str]
    # of each output, in the order of the logits; NIH's findings as NIH spells them
    labels: ClassVar[Sequence[str]]
    # an input rule of `cxr.preparation`, such as {"rule": "imagenet", "size": 224}; or `input_shape` and `prepare`
    input: ClassVar[Mapping[str, Any]] = MappingProxyType({})
    # (h, w, c), for a network with a `prepare` of its own
    input_shape: ClassVar[tuple[int, int, int] | None] = None
    # of one step of a logit, as maps state it
    unit: ClassVar[str] = "logit"
    # {label: a sentence on it}; {label: operating point on the score, 0 to 1}
    descriptions: ClassVar[Mapping[str, str]] = MappingProxyType({})
    thresholds: ClassVar[Mapping[str, float]] = MappingProxyType({})
    # {name: (y, x, k)} in forward order, or the names alone; the layer that is explained by default, "" for the last
    layers: Mapping[str, tuple[int, int, int]] | Sequence[str] = ()
    target_layer: str = ""
    # of a transformer: (y, x) tokens of the picture, and how many tokens come before them (class token, registers)
    token_grid: ClassVar[tuple[int, int] | None] = None
    special_tokens: ClassVar[int] = 1
    # version of the contract that it was written for
    api: ClassVar[int] = API

    def prepare(self, radiograph: "Radiograph") -> Any:
        """The input `(h, w, c)`; or (input, box), where it shows only the box (top, left, height, width) of it."""
        raise NotImplementedError

    def forward(self, batch: np.ndarray) -> np.ndarray:
        """Logits `(N, n)` of a prepared batch `(N, h, w, c)`, one column for each label."""
        raise NotImplementedError(f"{type(self).__name__} must define forward(self, batch)")

    def activations(self, batch: np.ndarray, layer: str) -> np.ndarray:
        """A layer's output `(N, y, x, k)`. Needs `layers`."""
        raise NotImplementedError

    def forward_with(self, batch: np.ndarray, layer: str) -> tuple[np.ndarray, np.ndarray]:
        """Logits and a layer's output from one pass. Where it is not defined, it takes two."""
        raise NotImplementedError

    def layer_gradient(self, batch: np.ndarray, layer: str, output: int) -> np.ndarray:
        """d logit / d activation `(N, y, x, k)` of one output, each input by itself."""
        raise NotImplementedError

    def forward_from(self, layer: str, activations: np.ndarray) -> np.ndarray:
        """Logits `(N, n)` of a layer's activations `(N, y, x, k)`, through the part after it alone."""
        raise NotImplementedError

    def input_gradient(self, batch: np.ndarray, output: int) -> np.ndarray:
        """d logit / d input `(N, h, w, c)` of one output, each input by itself."""
        raise NotImplementedError

    def attentions(self, batch: np.ndarray, output: int) -> tuple[np.ndarray, np.ndarray]:
        """(attention after its softmax, d logit / d attention), each `(N, blocks, heads, tokens, tokens)`."""
        raise NotImplementedError

    def randomised(self, seed: int) -> "Network":
        """A network of the same layers with random weights, by the seed."""
        raise NotImplementedError

    @classmethod
    def defines(cls, method: str) -> bool:
        """Whether the class has a method of its own."""
        return getattr(cls, method) is not getattr(Network, method)

    @classmethod
    def summary(cls) -> str:
        """The docstring's first paragraph, on one line."""
        return first_paragraph(cls.__doc__)


def class_log_odds(logits: np.ndarray) -> np.ndarray:
    """`(N, n)` logits of a softmax' classes to each class' logit less the log-sum-exp of the others.

    Its sigmoid is the softmax score. With two classes the two columns are each other's negative.
    """
    from scipy.special import logsumexp

    logits = np.asarray(logits, np.float64)
    classes = range(logits.shape[-1])
    others = [logsumexp(np.delete(logits, each, axis=-1), axis=-1) for each in classes]
    return (logits - np.stack(others, axis=-1)).astype(np.float32)


def check_network_class(network: object) -> type[Network]:
    """The class, if it keeps the contract; PluginError says what doesn't."""
    if not isinstance(network, type) or not issubclass(network, Network):
        kind = "an instance" if isinstance(network, Network) else type(network).__name__
        raise PluginError(f"The hook returned {kind}, not a subclass of Network.", "Return the class itself.")
    name = getattr(network, "name", None)
    if not isinstance(name, str) or not re.fullmatch(r"[a-z][a-z0-9_]{0,63}", name):
        raise PluginError(f"{network.__name__} has the name {name!r}.", "Set name = '…' in snake case in the class.")
    if network.api != API:
        raise PluginError(f"{name!r} was written for contract {network.api!r}; this is contract {API}.")
    if not network.defines("forward"):
        raise PluginError(f"{name!r} does not define forward.", "def forward(self, batch): …")
    _check_labels(network)
    _check_input(network)
    return network


def _check_labels(network: type[Network]) -> None:
    labels: Any = getattr(network, "labels", None)
    if not _are_names(labels):
        raise PluginError(
            f"{network.name!r} has labels = {labels!r:.80}.",
            f"It must be a list of 1 to {MOST_LABELS} different names.",
        )
    for attribute in ("descriptions", "thresholds"):
        if foreign := sorted(set(getattr(network, attribute)) - set(labels)):
            raise PluginError(f"{network.name!r} has {attribute} of {foreign[0]!r}, which is none of its labels.")


def _are_names(labels: Any) -> bool:
    if not isinstance(labels, list | tuple) or not 1 <= len(labels) <= MOST_LABELS:
        return False
    return all(isinstance(label, str) and label.strip() for label in labels) and len(set(labels)) == len(labels)


def _check_input(network: type[Network]) -> None:
    """Either a rule, or a preparation of its own with its shape."""
    shape = network.input_shape
    if network.defines("prepare"):
        fits = (
            isinstance(shape, tuple) and len(shape) == 3 and all(isinstance(side, int) and side > 0 for side in shape)
        )
        if not fits:
            raise PluginError(f"{network.name!r} prepares radiographs itself, but has input_shape = {shape!r}.",
                              "It must be (height, width, channels).")  # fmt: skip
    elif not isinstance(network.input, Mapping) or "rule" not in network.input:
        raise PluginError(f"{network.name!r} has no input rule.", 'Such as input = {"rule": "imagenet", "size": 224}.')

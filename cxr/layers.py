"""Names of a network's layers with a map: looked up exactly, or an error."""

from collections.abc import Mapping

from cxr.capabilities import LAYERS, not_available
from cxr.errors import LayerError
from hub.errors import names_hint

TARGET_LAYER = "conv5_block16_concat"
"""Where Grad-CAM explains by default: the last dense block's output, before its batch norm."""


def check_layer(name: str, layers: Mapping[str, tuple[int, int, int]]) -> str:
    """The name, if a layer with a map has exactly that name; LayerError otherwise, NotAvailable if there are none."""
    if not layers:
        raise not_available({LAYERS})
    if name not in layers:
        raise LayerError(
            f"The network has no layer {name!r} with a map.",
            names_hint(name, layers, list_all="`python -m explainers layers`"),
        )
    return name


def target_layer(layers: Mapping[str, tuple[int, int, int]]) -> str:
    """The layer that Grad-CAM explains by default: `conv5_block16_concat`, else the last one with a map, else ""."""
    return TARGET_LAYER if TARGET_LAYER in layers else next(iter(reversed(list(layers))), "")

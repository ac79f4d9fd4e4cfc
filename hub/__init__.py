"""From a source string to a verified local checkpoint directory. Knows files, hashes and headers; no TensorFlow."""

from hub.lazy_imports import lazy_attributes

_LAZY_IMPORTS = {"resolve": "hub.sources", "Resolved": "hub.directory"}

__all__ = sorted(_LAZY_IMPORTS)
__getattr__ = lazy_attributes(__name__, _LAZY_IMPORTS)

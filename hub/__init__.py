"""From a source string to a verified local checkpoint directory. Knows files, hashes and headers; no TensorFlow."""

from importlib import import_module

_LAZY_IMPORTS = {"resolve": "hub.sources", "Resolved": "hub.directory"}

__all__ = sorted(_LAZY_IMPORTS)


def __getattr__(name: str):
    if name not in _LAZY_IMPORTS:
        raise AttributeError(f"module 'hub' has no attribute {name!r}")
    return getattr(import_module(_LAZY_IMPORTS[name]), name)

"""From a source string to a verified local checkpoint directory. Knows files, hashes and headers; no TensorFlow."""

from importlib import import_module

_HOMES = {"resolve": "hub.sources", "Resolved": "hub.directory"}

__all__ = sorted(_HOMES)


def __getattr__(name: str):
    if name not in _HOMES:
        raise AttributeError(f"module 'hub' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)

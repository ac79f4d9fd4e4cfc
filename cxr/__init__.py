"""From a chest radiograph to the scores of a DenseNet-121. Names are loaded when they are first used."""

from importlib import import_module

_HOMES = {
    "Predictor": "cxr.predictor",
    "Radiograph": "cxr.radiograph",
    "prepare": "cxr.preparation",
    "read_radiograph": "cxr.radiograph",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str):
    if name not in _HOMES:
        raise AttributeError(f"module 'cxr' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)

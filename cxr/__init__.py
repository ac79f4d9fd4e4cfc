"""From a chest radiograph to the scores of a DenseNet-121. Names are loaded when they are first used."""

from importlib import import_module

_LAZY_IMPORTS = {
    "Predictor": "cxr.predictor",
    "Radiograph": "cxr.reading.radiograph",
    "prepare": "cxr.preparation",
    "read_radiograph": "cxr.reading.radiograph",
}

__all__ = sorted(_LAZY_IMPORTS)


def __getattr__(name: str):
    if name not in _LAZY_IMPORTS:
        raise AttributeError(f"module 'cxr' has no attribute {name!r}")
    return getattr(import_module(_LAZY_IMPORTS[name]), name)

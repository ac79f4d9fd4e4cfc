"""From a chest radiograph to the scores of a DenseNet-121. Names are loaded when they are first used."""

from hub.lazy_imports import lazy_attributes

_LAZY_IMPORTS = {
    "Predictor": "cxr.predictor",
    "Radiograph": "cxr.reading.radiograph",
    "prepare": "cxr.preparation",
    "read_radiograph": "cxr.reading.radiograph",
}

__all__ = sorted(_LAZY_IMPORTS)
__getattr__ = lazy_attributes(__name__, _LAZY_IMPORTS)

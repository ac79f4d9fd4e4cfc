"""Results of whole data sets read back: tables, maps as explanations, differences between runs, a summary page."""

from hub.lazy_imports import lazy_attributes

_LAZY_IMPORTS = {
    "Results": "explainers.results.reading",
    "compare": "explainers.results.comparing",
    "open": "explainers.results.reading",
}

__all__ = sorted(_LAZY_IMPORTS)
__getattr__ = lazy_attributes(__name__, _LAZY_IMPORTS)

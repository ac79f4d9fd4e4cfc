"""Results of whole data sets read back: tables, maps as explanations, differences between runs, a summary page."""

from importlib import import_module

_LAZY_IMPORTS = {
    "Results": "explainers.results.reading",
    "compare": "explainers.results.comparing",
    "open": "explainers.results.reading",
}

__all__ = sorted(_LAZY_IMPORTS)


def __getattr__(name: str):
    if name not in _LAZY_IMPORTS:
        raise AttributeError(f"module 'explainers.results' has no attribute {name!r}")
    return getattr(import_module(_LAZY_IMPORTS[name]), name)

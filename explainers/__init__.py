"""What a plugin author imports. Light: neither TensorFlow nor Gradio is loaded from here."""

from importlib import import_module

_HOMES = {
    "Context": "explainers.context",
    "Explainer": "explainers.contract",
    "Explanation": "explainers.contract",
    "Layer": "explainers.options",
    "Measure": "explainers.measuring",
    "Measured": "explainers.measuring",
    "Range": "explainers.options",
    "Registry": "explainers.registry",
    "check_explainer": "explainers.kit",
    "check_measure": "explainers.kit",
    "compare": "explainers.comparison",
    "hookimpl": "explainers.hookspecs",
    "measure": "explainers.measuring",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str):
    if name not in _HOMES:
        raise AttributeError(f"module 'explainers' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
